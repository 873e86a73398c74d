//! Finding all units: those of the module, its type units, and the split parts that a compiler put into `.dwo`
//! files or a linker into one `.dwp`.
//!
//! # Invariants
//! - Headers and root DIEs only; nothing below a root is read here.
//! - Abbreviation tables are read once each, within a budget.
//! - All units together are no longer than the files they come from, though the index of a package may say that
//!   parts overlap.
//! - A split part is believed only if it carries the number (`dwo_id`) that its skeleton asks for.

use super::units::{Unit, UnitDwarf, string};
use super::{DieId, Value};
use crate::sections::{Container, ModuleMap, Reader};
use crate::{Diagnostic, Language, SideFile, UnitSummary};
use gimli::{DwarfFileType, DwoId, Reader as _, Section as _, UnitSectionOffset, UnitType};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;

/// More units than this are not looked at.
const UNIT_LIMIT: usize = 1 << 16;
/// Bytes of abbreviation tables that are read before giving up.
const ABBREVIATION_BUDGET: usize = 256 << 20;
/// Attributes of one DIE; in broken files thousands have no bytes, and of such DIEs there are many.
const ATTRIBUTE_LIMIT: usize = 256;
/// Bytes of line programs that are run.
const LINE_BUDGET: usize = 64 << 20;
/// Files with split parts that are asked for.
const SPLIT_LIMIT: usize = 1 << 14;

type Sections = Arc<gimli::Dwarf<Reader>>;

/// All units, ascending, and the type units by signature.
pub(super) fn all(
    map: &ModuleMap,
    files: &dyn Fn(&SideFile) -> Option<Arc<[u8]>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Vec<Unit>, HashMap<u64, DieId>) {
    let main = map.dwarf();
    let room = main.len_bytes();
    let load = |id: gimli::SectionId| Ok::<Reader, Infallible>(main.section(id.name()));
    let main = match gimli::Dwarf::load(load) {
        Ok(sections) => Arc::new(sections),
        Err(never) => match never {},
    };
    let mut opening = Opening {
        units: Vec::new(),
        signatures: HashMap::new(),
        abbreviations: HashMap::new(),
        budget: ABBREVIATION_BUDGET,
        end: 0,
        room,
        // Seven bits a byte.
        count_len: (u64::from(usize::BITS - map.bodies.len().leading_zeros()))
            .div_ceil(7)
            .max(1),
        code_len: map.code_len(),
        diagnostics,
    };
    opening.file(&main, None);
    opening.share_lines();
    opening.split_parts(&main, files);
    (opening.units, opening.signatures)
}

/// A skeleton that waits for its split part.
struct Skeleton {
    position: usize,
    id: DwoId,
    name: String,
}

struct Opening<'a> {
    units: Vec<Unit>,
    signatures: HashMap<u64, DieId>,
    /// Tables that were read, by the section they lie in (its place in the order of [`DieId`]s) and offset.
    abbreviations: HashMap<(usize, usize), Arc<gimli::Abbreviations>>,
    budget: usize,
    /// Where the next section begins, as [`DieId`] counts.
    end: usize,
    /// Bytes of units that may still be opened.
    room: usize,
    /// Bytes of the number of functions at the start of the code section.
    count_len: u64,
    code_len: u64,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Opening<'_> {
    fn problem(&mut self, section: &str, offset: usize, message: String) {
        self.diagnostics.push(Diagnostic {
            section: section.to_string(),
            offset: Some(offset as u64),
            message,
        });
    }

    /// Reads the units of one file; `skeleton` is the position of the unit that asked for it. Returns whether
    /// the part with the skeleton's number was among them.
    fn file(&mut self, sections: &Sections, skeleton: Option<(usize, DwoId)>) -> bool {
        let base = self.end;
        let info_len = sections.debug_info.reader().len();
        let types = base.saturating_add(info_len);
        let mut found = false;
        let mut next = 0;
        let mut headers = sections.units();
        loop {
            match headers.next() {
                Ok(Some(header)) => {
                    let UnitSectionOffset(start) = header.offset();
                    next = start.saturating_add(header.length_including_self());
                    match self.unit(sections, header, base, base, skeleton) {
                        Some(is_part) => found |= is_part,
                        None => break,
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    let message = format!("The units after this one are lost: {error}.");
                    self.problem(".debug_info", next, message);
                    break;
                }
            }
        }
        let mut headers = sections.type_units();
        // The same loop over another type of iterator.
        loop {
            match headers.next() {
                Ok(Some(header)) => {
                    if self.unit(sections, header, base, types, skeleton).is_none() {
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    let message = format!("The type units from some point are lost: {error}.");
                    self.problem(".debug_types", 0, message);
                    break;
                }
            }
        }
        self.end = types.saturating_add(sections.debug_types.reader().len());
        found
    }

    /// Reads one unit; `None` if no more should be read, else whether it is the part the skeleton asked for.
    fn unit(
        &mut self,
        sections: &Sections,
        header: gimli::UnitHeader<Reader>,
        base: usize,
        section: usize,
        skeleton: Option<(usize, DwoId)>,
    ) -> Option<bool> {
        let UnitSectionOffset(start) = header.offset();
        let name = if section == base {
            ".debug_info"
        } else {
            ".debug_types"
        };
        if self.units.len() >= UNIT_LIMIT {
            let message = format!("Only the first {UNIT_LIMIT} units are read.");
            self.problem(name, start, message);
            return None;
        }
        let Some(room) = self.room.checked_sub(header.length_including_self()) else {
            let message = "The parts of the package overlap; the units from here are not read.";
            self.problem(name, start, message.to_string());
            return None;
        };
        self.room = room;
        let abbreviations = match self.table(sections, &header, base) {
            Ok(Some(table)) => table,
            Ok(None) => {
                let message = "The abbreviation tables are too large; the units from here are not read.";
                self.problem(name, start, message.to_string());
                return None;
            }
            Err(error) => {
                self.problem(name, start, format!("A unit cannot be read: {error}."));
                return Some(false);
            }
        };
        let signature = match header.type_() {
            UnitType::Type {
                type_signature,
                type_offset,
            }
            | UnitType::SplitType {
                type_signature,
                type_offset,
            } => Some((type_signature.0, type_offset.0)),
            _ => None,
        };
        let (start, len) = (section.saturating_add(start), header.length_including_self());
        let compiles = signature.is_none();
        let wanted = skeleton.filter(|_| compiles);
        match self.open(sections, header, abbreviations, wanted) {
            Ok(mut unit) => {
                if let Some((_, id)) = wanted
                    && unit.dwarf.dwo_id != Some(id)
                {
                    return Some(false);
                }
                (unit.base, unit.start, unit.end) = (base, start, start.saturating_add(len));
                unit.files_of = wanted.map_or(self.units.len(), |(position, _)| position);
                unit.hidden = !compiles;
                if let Some((signature, offset)) = signature {
                    self.signatures
                        .entry(signature)
                        .or_insert(DieId(start.saturating_add(offset)));
                }
                self.units.push(unit);
                Some(wanted.is_some())
            }
            Err(error) => {
                let message = format!("A unit cannot be read: {error}.");
                self.problem(name, start.saturating_sub(section), message);
                Some(false)
            }
        }
    }

    /// The abbreviation table of a unit; `None` if all together are too large.
    fn table(
        &mut self,
        sections: &Sections,
        header: &gimli::UnitHeader<Reader>,
        base: usize,
    ) -> Result<Option<Arc<gimli::Abbreviations>>, String> {
        let offset = header.debug_abbrev_offset().0;
        if let Some(known) = self.abbreviations.get(&(base, offset)) {
            return Ok(Some(known.clone()));
        }
        let (len, attributes) = table_size(sections, offset, self.budget);
        self.budget = self.budget.saturating_sub(len);
        if self.budget == 0 {
            return Ok(None);
        }
        if attributes > ATTRIBUTE_LIMIT {
            return Err(format!("its entries have {attributes} attributes"));
        }
        let table = sections
            .abbreviations(header)
            .map_err(|error| error.to_string())?;
        self.abbreviations.insert((base, offset), table.clone());
        Ok(Some(table))
    }

    /// Reads the root of a unit.
    ///
    /// `gimli` can do this, but would give up on the whole unit for a broken line table, and read that table
    /// once for each unit that shares it.
    fn open(
        &self,
        sections: &Sections,
        header: gimli::UnitHeader<Reader>,
        abbreviations: Arc<gimli::Abbreviations>,
        skeleton: Option<(usize, DwoId)>,
    ) -> gimli::Result<Unit> {
        let (encoding, kind) = (header.encoding(), sections.file_type);
        let dwo_id = match header.type_() {
            UnitType::Skeleton(id) | UnitType::SplitCompilation(id) => Some(id),
            _ => None,
        };
        let mut unit = gimli::Unit {
            abbreviations,
            name: None,
            comp_dir: None,
            low_pc: 0,
            str_offsets_base: gimli::DebugStrOffsetsBase::default_for_encoding_and_file(encoding, kind),
            addr_base: gimli::DebugAddrBase(0),
            loclists_base: gimli::DebugLocListsBase::default_for_encoding_and_file(encoding, kind),
            rnglists_base: gimli::DebugRngListsBase::default_for_encoding_and_file(encoding, kind),
            line_program: None,
            dwo_id,
            header,
        };
        let root = unit.entry(unit.header.root_offset())?;
        // The bases come first: strings and addresses depend on them.
        for attribute in root.attrs() {
            match attribute.value() {
                Value::DebugStrOffsetsBase(base) => unit.str_offsets_base = base,
                Value::DebugAddrBase(base) => unit.addr_base = base,
                Value::DebugLocListsBase(base) => unit.loclists_base = base,
                Value::DebugRngListsBase(base) => unit.rnglists_base = base,
                Value::DwoId(id) => unit.dwo_id = Some(id),
                _ => {}
            }
        }
        if let Some(low) = root.attr_value(gimli::DW_AT_low_pc) {
            unit.low_pc = sections.attr_address(&unit, low)?.unwrap_or(0);
        }
        let mut dwarf = UnitDwarf::new(unit, sections.clone());
        let skeleton = skeleton.and_then(|(position, _)| self.units.get(position));
        if let Some(skeleton) = skeleton {
            dwarf.complete_from(&skeleton.dwarf);
        }
        let string = |name| root.attr_value(name).and_then(|value| string(&dwarf, value));
        let is_part = kind == DwarfFileType::Dwo;
        let elsewhere = string(gimli::DW_AT_dwo_name)
            .or_else(|| string(gimli::DW_AT_GNU_dwo_name))
            .filter(|_| !is_part);
        let mut summary = UnitSummary {
            name: string(gimli::DW_AT_name)
                .or_else(|| elsewhere.clone())
                .unwrap_or_default(),
            directory: string(gimli::DW_AT_comp_dir)
                .or_else(|| skeleton.map(|unit| unit.summary.directory.clone()))
                .unwrap_or_default(),
            producer: string(gimli::DW_AT_producer).unwrap_or_default(),
            language: match root.attr_value(gimli::DW_AT_language) {
                Some(Value::Language(language)) => language_of(language),
                _ => Language::Other,
            },
            version: encoding.version,
            missing_part: elsewhere,
            functions: 0,
            has_lines: false,
            has_variables: false,
            assembly: matches!(
                root.attr_value(gimli::DW_AT_language),
                Some(Value::Language(gimli::DW_LANG_Mips_Assembler))
            ),
        };
        // The encoder of wasm text counts from behind the number of functions, not from before it; its unit ends
        // that much too early.
        let end = root.attr(gimli::DW_AT_high_pc).and_then(|end| end.udata_value());
        if summary.producer.starts_with("wast ")
            && end.and_then(|end| end.checked_add(self.count_len)) == Some(self.code_len)
        {
            dwarf.bias = self.count_len;
        }
        // There is no number for the text format: its units call themselves C.
        if summary.producer.starts_with("wast ") {
            summary.language = Language::Wat;
            summary.assembly = true;
        }
        // Zig's own units call themselves C99.
        if summary.producer.starts_with("zig ") {
            summary.language = Language::Zig;
        }
        let lines = match root.attr_value(gimli::DW_AT_stmt_list) {
            Some(Value::DebugLineRef(offset)) if !is_part => Some(offset),
            _ => None,
        };
        Ok(Unit {
            dwarf,
            base: 0,
            start: 0,
            end: 0,
            summary,
            lines,
            files_of: 0,
            hidden: false,
            statics: Vec::new(),
            inner_statics: Vec::new(),
            constants: Vec::new(),
            scope_of: Vec::new(),
            call_files: BTreeSet::new(),
        })
    }

    /// Lets each line program run once, for the first unit that refers to it, and none past the budget.
    fn share_lines(&mut self) {
        let mut first_of: HashMap<usize, usize> = HashMap::new();
        let mut budget = LINE_BUDGET;
        for position in 0..self.units.len() {
            let Some(unit) = self.units.get_mut(position) else {
                return;
            };
            let Some(gimli::DebugLineOffset(offset)) = unit.lines else {
                continue;
            };
            if let Some(&first) = first_of.get(&offset) {
                (unit.lines, unit.files_of) = (None, first);
                continue;
            }
            first_of.insert(offset, position);
            let mut reader = unit.dwarf.sections.debug_line.reader().clone();
            let len = (reader.skip(offset).and_then(|()| reader.read_initial_length()))
                .map_or(0, |(len, _)| len.min(reader.len()));
            match budget.checked_sub(len) {
                Some(left) => budget = left,
                None => {
                    unit.lines = None;
                    let message = format!("Lines of {} are not read: there are too many.", unit.summary.name);
                    self.problem(".debug_line", offset, message);
                }
            }
        }
    }

    /// Looks for the other halves of all skeletons: in the package beside the module, then one file each.
    fn split_parts(&mut self, main: &Sections, files: &dyn Fn(&SideFile) -> Option<Arc<[u8]>>) {
        let skeletons: Vec<Skeleton> = (self.units.iter().enumerate())
            .filter_map(|(position, unit)| {
                Some(Skeleton {
                    position,
                    id: unit.dwarf.dwo_id?,
                    name: unit.summary.missing_part.clone()?,
                })
            })
            .collect();
        if skeletons.is_empty() {
            return;
        }
        let package = files(&SideFile::Package).and_then(|bytes| self.package(bytes));
        let mut opened: HashSet<u64> = HashSet::new();
        for skeleton in skeletons.into_iter().take(SPLIT_LIMIT) {
            if !opened.insert(skeleton.id.0) {
                let message = "Two units ask for the same part; it is read for the first.";
                let offset = self.units.get(skeleton.position).map_or(0, |unit| unit.start);
                self.problem(".debug_info", offset, message.to_string());
                continue;
            }
            let wanted = Some((skeleton.position, skeleton.id));
            let mut found = false;
            if let Some(package) = &package
                && let Ok(Some(sections)) = package.find_cu(skeleton.id, main)
            {
                found = self.file(&Arc::new(sections), wanted);
            }
            if !found {
                let directory = self.units.get(skeleton.position);
                let bytes = files(&SideFile::Split {
                    name: skeleton.name.clone(),
                    directory: directory.map_or(String::new(), |unit| unit.summary.directory.clone()),
                });
                if let Some(bytes) = bytes {
                    let file = Container::read(bytes);
                    self.room = self.room.saturating_add(file.len_bytes());
                    let mut sections = match dwo(&file) {
                        Ok(sections) => sections,
                        Err(never) => match never {},
                    };
                    sections.make_dwo(main);
                    found = self.file(&Arc::new(sections), wanted);
                    if !found {
                        let message = format!(
                            "{} is of another build: it does not hold the part that the module asks for.",
                            skeleton.name
                        );
                        let offset = self.units.get(skeleton.position).map_or(0, |unit| unit.start);
                        self.problem(".debug_info", offset, message);
                    }
                }
            }
            if let Some(unit) = self.units.get_mut(skeleton.position) {
                unit.hidden = found;
                if found {
                    unit.summary.missing_part = None;
                }
            }
        }
        if let Some(package) = package {
            self.package_types(&package, main);
        }
    }

    fn package(&mut self, bytes: Arc<[u8]>) -> Option<gimli::DwarfPackage<Reader>> {
        let file = Container::read(bytes);
        self.room = self.room.saturating_add(file.len_bytes());
        let load = |id: gimli::SectionId| {
            // The two indices have one name everywhere.
            let name = id.dwo_name().unwrap_or(id.name());
            Ok::<Reader, gimli::Error>(file.section(name))
        };
        match gimli::DwarfPackage::load(load, file.section("")) {
            Ok(package) => Some(package),
            Err(error) => {
                let message = format!("The package of split debug information cannot be read: {error}.");
                self.problem(".debug_cu_index", 0, message);
                None
            }
        }
    }

    fn package_types(&mut self, package: &gimli::DwarfPackage<Reader>, main: &Sections) {
        for index in 1..=package.tu_index.unit_count() {
            if self.units.len() >= UNIT_LIMIT {
                return;
            }
            if let Ok(sections) = package.tu_sections(index, main) {
                // Type units ask for no skeleton: file names in them are not resolved.
                self.file(&Arc::new(sections), None);
            }
        }
    }
}

fn dwo(file: &Container) -> Result<gimli::Dwarf<Reader>, Infallible> {
    gimli::Dwarf::load(|id: gimli::SectionId| {
        Ok(match id.dwo_name() {
            Some(name) => file.section(name),
            None => file.section(""),
        })
    })
}

/// Length of one abbreviation table, at most `limit`, and how many attributes an entry of it has at most.
fn table_size(sections: &Sections, offset: usize, limit: usize) -> (usize, usize) {
    let mut reader = sections.debug_abbrev.reader().clone();
    if reader.skip(offset).is_err() {
        return (0, 0);
    }
    let before = reader.len();
    let mut most = 0usize;
    let mut scan = || -> gimli::Result<()> {
        while before - reader.len() < limit && reader.read_uleb128()? != 0 {
            reader.read_uleb128()?;
            reader.read_u8()?;
            for count in 0.. {
                most = most.max(count);
                let (name, form) = (reader.read_uleb128()?, reader.read_uleb128()?);
                if form == u64::from(gimli::DW_FORM_implicit_const.0) {
                    reader.read_sleb128()?;
                }
                if name == 0 && form == 0 {
                    break;
                }
            }
        }
        Ok(())
    };
    // A table that breaks off is an error of the unit, reported when that is read.
    let _ = scan();
    (before - reader.len(), most)
}

fn language_of(language: gimli::DwLang) -> Language {
    match language {
        gimli::DW_LANG_C
        | gimli::DW_LANG_C89
        | gimli::DW_LANG_C99
        | gimli::DW_LANG_C11
        | gimli::DW_LANG_C17 => Language::C,
        gimli::DW_LANG_C_plus_plus
        | gimli::DW_LANG_C_plus_plus_03
        | gimli::DW_LANG_C_plus_plus_11
        | gimli::DW_LANG_C_plus_plus_14
        | gimli::DW_LANG_C_plus_plus_17
        | gimli::DW_LANG_C_plus_plus_20 => Language::Cpp,
        gimli::DW_LANG_Rust => Language::Rust,
        gimli::DW_LANG_Zig => Language::Zig,
        _ => Language::Other,
    }
}
