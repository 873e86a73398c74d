//! The units of a module and an index over them: which DIE describes which function body, in which
//! namespaces and classes names lie, which variables are static.
//!
//! # Invariants
//! - One walk over all DIEs at parse; it reads attributes only of those it indexes. A unit that breaks off
//!   keeps what was found before.
//! - An address is believed only if a function body contains it: tombstones (0, -1, -2 at the unit's address
//!   size) never do.
//! - Strings are read when asked for and no longer than [`NAME_LIMIT`].

use super::{DieId, Entry, Value};
use crate::sections::{ModuleMap, Reader};
use crate::{CodeOffset, Diagnostic, Language, UnitSummary};
use gimli::{Reader as _, Section as _, UnitOffset, UnitSectionOffset};
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;

/// Longest string that is taken from the debug sections.
pub(crate) const NAME_LIMIT: usize = 4096;
/// More units than this are not looked at.
const UNIT_LIMIT: usize = 1 << 16;
/// Bytes of abbreviation tables that are read before giving up.
const ABBREVIATION_BUDGET: usize = 256 << 20;
/// Deepest chain of references from DIE to DIE that is followed.
const CHAIN_LIMIT: usize = 16;

/// One unit.
#[derive(Debug)]
pub(crate) struct Unit {
    /// Header, abbreviations and bases.
    pub dwarf: gimli::Unit<Reader>,
    /// Offset of its header in `.debug_info`.
    pub start: usize,
    /// First offset past it.
    pub end: usize,
    /// What it says of itself.
    pub summary: UnitSummary,
    /// Where its line program is.
    pub lines: Option<gimli::DebugLineOffset>,
    /// Variables with static storage, those inside functions too.
    pub statics: Vec<DieId>,
    /// File numbers that inlined calls name.
    pub call_files: HashSet<u64>,
}

/// A namespace or type that names lie in.
#[derive(Clone, Copy, Debug)]
struct NameScope {
    parent: u32,
    die: DieId,
}

/// All units.
#[derive(Debug)]
pub(crate) struct Units {
    /// The sections.
    pub dwarf: gimli::Dwarf<Reader>,
    /// The units, by offset.
    pub units: Vec<Unit>,
    /// For each function body, the subprogram that describes it, and whether it ends where the body does.
    functions: Vec<Option<(DieId, bool)>>,
    /// Element 0 stands for "no namespace".
    scopes: Vec<NameScope>,
    scope_of: HashMap<DieId, u32>,
    signatures: HashMap<u64, DieId>,
}

/// Says so if the sections that hold names hold something else.
fn check_strings(map: &ModuleMap, diagnostics: &mut Vec<Diagnostic>) {
    for name in [".debug_str", ".debug_line_str"] {
        let reader = map.section(name);
        let bytes: &[u8] = reader.bytes();
        let broken_at = match std::str::from_utf8(bytes) {
            Err(error) => error.valid_up_to(),
            Ok(text) if text.is_empty() || text.ends_with('\0') => continue,
            Ok(text) => text.rfind('\0').map_or(0, |last| last + 1),
        };
        diagnostics.push(Diagnostic {
            section: name.to_string(),
            offset: Some(broken_at as u64),
            message: "Names are damaged: the section is not text that ends in a zero byte.".to_string(),
        });
    }
}

impl Units {
    /// Indexes the debug sections of a module.
    pub fn index(map: &ModuleMap, diagnostics: &mut Vec<Diagnostic>) -> Units {
        let load = |id: gimli::SectionId| Ok::<Reader, Infallible>(map.section(id.name()));
        let dwarf = match gimli::Dwarf::load(load) {
            Ok(dwarf) => dwarf,
            Err(never) => match never {},
        };
        let mut units = Units {
            dwarf,
            units: Vec::new(),
            functions: vec![None; map.bodies.len()],
            scopes: vec![NameScope {
                parent: 0,
                die: DieId(0),
            }],
            scope_of: HashMap::new(),
            signatures: HashMap::new(),
        };
        check_strings(map, diagnostics);
        units.read_headers(diagnostics);
        for index in 0..units.units.len() {
            if let Err(error) = units.walk(index, map) {
                let Some(unit) = units.units.get(index) else {
                    continue;
                };
                diagnostics.push(Diagnostic {
                    section: ".debug_info".to_string(),
                    offset: Some(unit.start as u64),
                    message: format!(
                        "Functions or types of {} are missing: {error}.",
                        unit.summary.name
                    ),
                });
            }
        }
        units
    }

    fn read_headers(&mut self, diagnostics: &mut Vec<Diagnostic>) {
        let mut problem = |offset: usize, message: String| {
            let (section, offset) = (".debug_info".to_string(), Some(offset as u64));
            diagnostics.push(Diagnostic {
                section,
                offset,
                message,
            });
        };
        let mut budget = ABBREVIATION_BUDGET;
        let mut headers = self.dwarf.units();
        let mut next = 0;
        loop {
            let header = match headers.next() {
                Ok(Some(header)) => header,
                Ok(None) => return,
                Err(error) => {
                    return problem(next, format!("The units after this one are lost: {error}."));
                }
            };
            let UnitSectionOffset(start) = header.offset();
            next = start.saturating_add(header.length_including_self());
            if self.units.len() >= UNIT_LIMIT {
                return problem(start, format!("Only the first {UNIT_LIMIT} units are read."));
            }
            budget = budget.saturating_sub(self.abbreviations_len(header.debug_abbrev_offset().0, budget));
            if budget == 0 {
                return problem(
                    start,
                    "The abbreviation tables are too large; the units from here are not read.".into(),
                );
            }
            let signature = match header.type_() {
                gimli::UnitType::Type {
                    type_signature,
                    type_offset,
                }
                | gimli::UnitType::SplitType {
                    type_signature,
                    type_offset,
                } => Some((type_signature, type_offset)),
                _ => None,
            };
            match self.open(header, start, next) {
                Ok((unit, elsewhere)) => {
                    if let Some((signature, offset)) = signature {
                        self.signatures
                            .insert(signature.0, DieId(start.saturating_add(offset.0)));
                    }
                    if let Some(file) = elsewhere {
                        problem(
                            start,
                            format!("Variables and types are in {file}, which is not part of the module."),
                        );
                    }
                    self.units.push(unit);
                }
                Err(error) => problem(start, format!("A unit cannot be read: {error}.")),
            }
        }
    }

    /// Reads the root of a unit. The second answer is the file that holds the rest of it, if that is another.
    ///
    /// `gimli` can do this, but would give up on the whole unit for a broken line table, and read that table
    /// once for each unit that shares it.
    fn open(
        &self,
        header: gimli::UnitHeader<Reader>,
        start: usize,
        end: usize,
    ) -> gimli::Result<(Unit, Option<String>)> {
        let (encoding, kind) = (header.encoding(), self.dwarf.file_type);
        let mut unit = gimli::Unit {
            abbreviations: self.dwarf.abbreviations(&header)?,
            name: None,
            comp_dir: None,
            low_pc: 0,
            str_offsets_base: gimli::DebugStrOffsetsBase::default_for_encoding_and_file(encoding, kind),
            addr_base: gimli::DebugAddrBase(0),
            loclists_base: gimli::DebugLocListsBase::default_for_encoding_and_file(encoding, kind),
            rnglists_base: gimli::DebugRngListsBase::default_for_encoding_and_file(encoding, kind),
            line_program: None,
            dwo_id: None,
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
                _ => {}
            }
        }
        if let Some(low) = root.attr_value(gimli::DW_AT_low_pc) {
            unit.low_pc = self.dwarf.attr_address(&unit, low)?.unwrap_or(0);
        }
        let string = |name| root.attr_value(name).and_then(|value| self.string(&unit, value));
        let elsewhere = string(gimli::DW_AT_dwo_name).or_else(|| string(gimli::DW_AT_GNU_dwo_name));
        let mut summary = UnitSummary {
            name: string(gimli::DW_AT_name)
                .or_else(|| elsewhere.clone())
                .unwrap_or_default(),
            directory: string(gimli::DW_AT_comp_dir).unwrap_or_default(),
            producer: string(gimli::DW_AT_producer).unwrap_or_default(),
            language: match root.attr_value(gimli::DW_AT_language) {
                Some(Value::Language(language)) => language_of(language),
                _ => Language::Other,
            },
            version: encoding.version,
        };
        // Zig's own units call themselves C99.
        if summary.producer.starts_with("zig ") {
            summary.language = Language::Zig;
        }
        let lines = match root.attr_value(gimli::DW_AT_stmt_list) {
            Some(Value::DebugLineRef(offset)) => Some(offset),
            _ => None,
        };
        let (statics, call_files) = (Vec::new(), HashSet::new());
        Ok((
            Unit {
                dwarf: unit,
                start,
                end,
                summary,
                lines,
                statics,
                call_files,
            },
            elsewhere,
        ))
    }

    /// Length of one abbreviation table, at most `limit`.
    fn abbreviations_len(&self, offset: usize, limit: usize) -> usize {
        let mut reader = self.dwarf.debug_abbrev.reader().clone();
        if reader.skip(offset).is_err() {
            return 0;
        }
        let before = reader.len();
        let mut scan = || -> gimli::Result<()> {
            while before - reader.len() < limit && reader.read_uleb128()? != 0 {
                reader.read_uleb128()?;
                reader.read_u8()?;
                loop {
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
        before - reader.len()
    }

    fn walk(&mut self, index: usize, map: &ModuleMap) -> gimli::Result<()> {
        let Some(unit) = self.units.get_mut(index) else {
            return Ok(());
        };
        let mut entries = unit.dwarf.entries_raw(None)?;
        // Scopes around the current entry: depth, name scope, whether inside a function.
        let mut around: Vec<(isize, u32, bool)> = Vec::new();
        while !entries.is_empty() {
            let die = DieId(unit.start.saturating_add(entries.next_offset().0));
            let depth = entries.next_depth();
            let Some(abbreviation) = entries.read_abbreviation()? else {
                continue;
            };
            while around.last().is_some_and(|&(outer, _, _)| outer >= depth) {
                around.pop();
            }
            let (scope, in_function) = around
                .last()
                .map_or((0, false), |&(_, scope, inside)| (scope, inside));
            let attributes = abbreviation.attributes();
            match abbreviation.tag() {
                gimli::DW_TAG_namespace
                | gimli::DW_TAG_module
                | gimli::DW_TAG_class_type
                | gimli::DW_TAG_structure_type
                | gimli::DW_TAG_union_type
                | gimli::DW_TAG_enumeration_type => {
                    entries.skip_attributes(attributes)?;
                    // Types remember their scope too, for qualified type names.
                    if scope != 0 {
                        self.scope_of.insert(die, scope);
                    }
                    if abbreviation.has_children() {
                        let id = u32::try_from(self.scopes.len()).unwrap_or(0);
                        self.scopes.push(NameScope { parent: scope, die });
                        around.push((depth, id, in_function));
                    }
                }
                gimli::DW_TAG_subprogram => {
                    if scope != 0 {
                        self.scope_of.insert(die, scope);
                    }
                    let (mut low, mut high, mut ranges) = (None, None, None);
                    for &spec in attributes {
                        let attribute = entries.read_attribute(spec)?;
                        match attribute.name() {
                            gimli::DW_AT_low_pc => low = Some(attribute.value()),
                            gimli::DW_AT_high_pc => high = Some(attribute.value()),
                            gimli::DW_AT_ranges => ranges = Some(attribute.value()),
                            _ => {}
                        }
                    }
                    let address = |value| self.dwarf.attr_address(&unit.dwarf, value).ok().flatten();
                    let mut found: Vec<(u64, Option<u64>)> = Vec::new();
                    if let Some(low) = low.and_then(address) {
                        let end = match high {
                            Some(Value::Udata(len)) => low.checked_add(len),
                            Some(high) => address(high),
                            None => None,
                        };
                        found.push((low, end));
                    }
                    if let Some(ranges) = ranges
                        && let Ok(Some(mut list)) = self.dwarf.attr_ranges(&unit.dwarf, ranges)
                    {
                        while let (true, Ok(Some(range))) = (found.len() < 64, list.next()) {
                            found.push((range.begin, Some(range.end)));
                        }
                    }
                    for (start, end) in found {
                        let Some(body) = map.body_at(CodeOffset(start)) else {
                            continue;
                        };
                        // Of several descriptions (all copies of an inline function point at the one that was
                        // kept) the one that ends with the body describes it.
                        let exact = map.bodies.get(body).is_some_and(|body| Some(body.end) == end);
                        match self.functions.get_mut(body) {
                            Some(slot) if slot.is_none() => *slot = Some((die, exact)),
                            Some(slot) if exact && slot.is_some_and(|(_, exact)| !exact) => {
                                *slot = Some((die, true))
                            }
                            _ => {}
                        }
                    }
                    around.push((depth, scope, true));
                }
                gimli::DW_TAG_variable => {
                    if scope != 0 {
                        self.scope_of.insert(die, scope);
                    }
                    for &spec in attributes {
                        let attribute = entries.read_attribute(spec)?;
                        if attribute.name() == gimli::DW_AT_location && is_static(&attribute.value()) {
                            unit.statics.push(die);
                        }
                    }
                }
                gimli::DW_TAG_member if scope != 0 => {
                    self.scope_of.insert(die, scope);
                    entries.skip_attributes(attributes)?;
                }
                gimli::DW_TAG_inlined_subroutine => {
                    for &spec in attributes {
                        let attribute = entries.read_attribute(spec)?;
                        if attribute.name() == gimli::DW_AT_call_file {
                            unit.call_files.extend(attribute.udata_value());
                        }
                    }
                }
                _ => entries.skip_attributes(attributes)?,
            }
        }
        Ok(())
    }

    /// The subprogram that describes a body.
    pub fn function(&self, body: usize) -> Option<DieId> {
        Some(self.functions.get(body).copied().flatten()?.0)
    }

    /// The unit a DIE lies in.
    pub fn unit_of(&self, die: DieId) -> Option<&Unit> {
        let index = self
            .units
            .partition_point(|unit| unit.start <= die.0)
            .checked_sub(1)?;
        self.units.get(index).filter(|unit| die.0 < unit.end)
    }

    /// The DIE with its unit.
    pub fn entry(&self, die: DieId) -> Option<(&Unit, Entry)> {
        let unit = self.unit_of(die)?;
        let entry = unit
            .dwarf
            .entry(UnitOffset(die.0.checked_sub(unit.start)?))
            .ok()?;
        Some((unit, entry))
    }

    /// The DIE a reference attribute names.
    pub fn reference(&self, unit: &Unit, value: Value) -> Option<DieId> {
        match value {
            Value::UnitRef(offset) => Some(DieId(unit.start.checked_add(offset.0)?)),
            Value::DebugInfoRef(offset) => Some(DieId(offset.0)),
            Value::DebugTypesRef(signature) => self.signatures.get(&signature.0).copied(),
            _ => None,
        }
    }

    /// The value of `name` at `die`, or at what it was made from (its specification or abstract origin).
    pub fn inherited(&self, die: DieId, name: gimli::DwAt) -> Option<(&Unit, Value)> {
        self.origins(die)
            .find_map(|(unit, entry)| Some((unit, entry.attr_value(name)?)))
    }

    /// A DIE and those it was made from, nearest first.
    pub fn origins(&self, die: DieId) -> impl Iterator<Item = (&Unit, Entry)> {
        let mut next = Some(die);
        std::iter::from_fn(move || {
            let (unit, entry) = self.entry(next?)?;
            let origin = entry
                .attr_value(gimli::DW_AT_abstract_origin)
                .or_else(|| entry.attr_value(gimli::DW_AT_specification));
            next = origin.and_then(|value| self.reference(unit, value));
            Some((unit, entry))
        })
        .take(CHAIN_LIMIT)
    }

    /// A string attribute.
    pub fn string(&self, unit: &gimli::Unit<Reader>, value: Value) -> Option<String> {
        let section = |section: &Reader, offset: usize| {
            let mut reader = section.clone();
            reader.skip(offset).ok()?;
            text(reader)
        };
        match value {
            Value::String(reader) => text(reader),
            Value::DebugStrRef(offset) => section(self.dwarf.debug_str.reader(), offset.0),
            Value::DebugLineStrRef(offset) => section(self.dwarf.debug_line_str.reader(), offset.0),
            Value::DebugStrOffsetsIndex(index) => {
                let offset = self.dwarf.string_offset(unit, index).ok()?;
                section(self.dwarf.debug_str.reader(), offset.0)
            }
            _ => None,
        }
    }

    /// The name a DIE carries or inherits.
    pub fn name(&self, die: DieId) -> Option<String> {
        let (unit, value) = self.inherited(die, gimli::DW_AT_name)?;
        self.string(&unit.dwarf, value)
    }

    /// The mangled name a DIE carries or inherits.
    pub fn linkage_name(&self, die: DieId) -> Option<String> {
        let (unit, value) = self
            .inherited(die, gimli::DW_AT_linkage_name)
            .or_else(|| self.inherited(die, gimli::DW_AT_MIPS_linkage_name))?;
        self.string(&unit.dwarf, value)
    }

    /// `name` with the namespaces and types around the DIE before it; `name` alone at the top.
    pub fn qualified(&self, die: DieId, name: &str) -> String {
        // The declaration says where a name lies; a definition can stand further out.
        let declared = self
            .origins(die)
            .filter_map(|(unit, entry)| {
                self.scope_of
                    .get(&DieId(unit.start.saturating_add(entry.offset().0)))
            })
            .last();
        let mut parts = vec![name.to_string()];
        let mut scope = declared.copied().unwrap_or(0);
        while scope != 0 && parts.len() < CHAIN_LIMIT {
            let Some(found) = self.scopes.get(scope as usize) else {
                break;
            };
            if let Some((unit, entry)) = self.entry(found.die) {
                // Inline namespaces (`std::__1`) are not written.
                let inline = entry.attr(gimli::DW_AT_export_symbols).is_some();
                let own = entry
                    .attr_value(gimli::DW_AT_name)
                    .and_then(|value| self.string(&unit.dwarf, value));
                match own {
                    Some(_) if inline => {}
                    Some(own) => parts.push(own),
                    None if entry.tag() == gimli::DW_TAG_namespace => {
                        parts.push("(anonymous namespace)".to_string())
                    }
                    None => {}
                }
            }
            scope = found.parent;
        }
        parts.reverse();
        parts.join("::")
    }
}

/// The text in a reader up to its end or first NUL, no longer than [`NAME_LIMIT`].
fn text(mut reader: Reader) -> Option<String> {
    reader.truncate(reader.len().min(NAME_LIMIT)).ok()?;
    if let Ok(end) = reader.find(0) {
        reader.truncate(end).ok()?;
    }
    Some(reader.to_string_lossy().ok()?.into_owned())
}

/// Whether a location is a fixed address (and not a location list or a stack slot).
fn is_static(value: &Value) -> bool {
    let Value::Exprloc(expression) = value else {
        return false;
    };
    let mut reader = expression.0.clone();
    let first = reader.read_u8().map(gimli::DwOp);
    matches!(
        first,
        Ok(gimli::DW_OP_addr | gimli::DW_OP_addrx | gimli::DW_OP_GNU_addr_index)
    )
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
