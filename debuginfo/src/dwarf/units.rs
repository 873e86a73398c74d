//! The units of a module and questions about their DIEs: what a DIE is called, what it was made from, which one
//! describes which function body.
//!
//! # Invariants
//! - A [`DieId`] counts through all sections that hold DIEs, laid end to end: `.debug_info`, `.debug_types`, and
//!   those of the split parts (`base` of a unit is where its section begins there). So one number names a DIE
//!   whatever file it came from.
//! - An address is believed only if a function body contains it: tombstones (0, -1, -2 at the unit's address
//!   size) never do.
//! - Strings are read when asked for and no longer than [`NAME_LIMIT`].

use super::walk::{Definitions, Dies};
use super::{DieId, Entry, Value};
use crate::sections::{ModuleMap, Reader};
use crate::{Diagnostic, SideFile, UnitSummary};
use gimli::{Reader as _, Section as _, UnitOffset};
use std::collections::{BTreeSet, HashMap};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// Longest string that is taken from the debug sections.
pub(crate) const NAME_LIMIT: usize = 4096;
/// Deepest chain of references from DIE to DIE that is followed.
const CHAIN_LIMIT: usize = 16;

/// A unit's header, abbreviations and bases, with the sections they count in. Reads as the former.
#[derive(Debug)]
pub(crate) struct UnitDwarf {
    unit: gimli::Unit<Reader>,
    /// The sections of the file that the unit lies in.
    pub sections: Arc<gimli::Dwarf<Reader>>,
    /// How far its addresses lie before the places they mean.
    pub bias: u64,
}

impl UnitDwarf {
    pub fn new(unit: gimli::Unit<Reader>, sections: Arc<gimli::Dwarf<Reader>>) -> UnitDwarf {
        UnitDwarf {
            unit,
            sections,
            bias: 0,
        }
    }

    /// The address an attribute holds.
    pub fn address(&self, value: Value) -> Option<u64> {
        let address = self.sections.attr_address(&self.unit, value).ok()??;
        Some(self.placed(address))
    }

    /// The code address that an address of this unit means.
    pub fn placed(&self, address: u64) -> u64 {
        address.saturating_add(self.bias)
    }

    /// Takes over what only the skeleton in the module knows.
    pub fn complete_from(&mut self, skeleton: &UnitDwarf) {
        self.unit.copy_relocated_attributes(&skeleton.unit);
    }
}

impl Deref for UnitDwarf {
    type Target = gimli::Unit<Reader>;

    fn deref(&self) -> &Self::Target {
        &self.unit
    }
}

/// One unit.
#[derive(Debug)]
pub(crate) struct Unit {
    /// Header, abbreviations and bases.
    pub dwarf: UnitDwarf,
    /// Where its section begins, as [`DieId`] counts.
    pub base: usize,
    /// Where its header is, as [`DieId`] counts.
    pub start: usize,
    /// First offset past it.
    pub end: usize,
    /// What it says of itself.
    pub summary: UnitSummary,
    /// Where its line program is.
    pub lines: Option<gimli::DebugLineOffset>,
    /// Position of the unit whose line program names this one's files: itself, or its skeleton.
    pub files_of: usize,
    /// Whether it stands for another (a skeleton whose split part was found, a type unit).
    pub hidden: bool,
    /// Variables with static storage, those inside functions too.
    pub statics: Vec<DieId>,
    /// Those of them that lie inside functions, ascending.
    pub inner_statics: Vec<DieId>,
    /// Variables outside functions, and static members, of which a constant is told; some of the latter have storage
    /// all the same.
    pub constants: Vec<DieId>,
    /// Entries in a namespace or type, ascending: (offset in the unit, position in the scopes).
    pub scope_of: Vec<(u32, u32)>,
    /// File numbers that inlined calls name.
    pub call_files: BTreeSet<u64>,
}

impl Unit {
    /// The DIE at an offset of the unit.
    pub fn die(&self, offset: UnitOffset) -> DieId {
        DieId(self.start.saturating_add(offset.0))
    }
}

/// A namespace or type that names lie in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NameScope {
    pub parent: u32,
    pub die: DieId,
    /// Whether it lies in a function.
    pub local: bool,
}

/// All units.
#[derive(Debug)]
pub(crate) struct Units {
    /// The units, by offset.
    pub units: Vec<Unit>,
    /// For each function body, the subprogram that describes it, and whether it ends where the body does.
    pub(super) functions: Vec<Option<(DieId, bool)>>,
    /// Element 0 stands for "no namespace".
    pub(super) scopes: Vec<NameScope>,
    pub(super) signatures: HashMap<u64, DieId>,
    definitions: OnceLock<Definitions>,
}

/// Says so if the sections that hold names hold something else.
fn check_strings(map: &ModuleMap, diagnostics: &mut Vec<Diagnostic>) {
    for name in [".debug_str", ".debug_line_str"] {
        let reader = map.dwarf().section(name);
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
    /// Reads the headers of all units, those of split parts too.
    pub fn open(
        map: &ModuleMap,
        files: &dyn Fn(&SideFile) -> Option<Arc<[u8]>>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Units {
        check_strings(map, diagnostics);
        let (units, signatures) = super::open::all(map, files, diagnostics);
        Units {
            units,
            functions: vec![None; map.bodies.len()],
            scopes: vec![NameScope {
                parent: 0,
                die: DieId(0),
                local: false,
            }],
            signatures,
            definitions: OnceLock::new(),
        }
    }

    /// Takes in what a walk over unit `index` found.
    pub fn take(&mut self, index: usize, dies: Dies, diagnostics: &mut Vec<Diagnostic>) {
        super::walk::take(self, index, dies, diagnostics);
    }

    /// Completes what each unit says of itself; `has_lines` goes by position.
    pub fn sum_up(&mut self, has_lines: &[bool]) {
        let described: Vec<DieId> = self.functions.iter().flatten().map(|&(die, _)| die).collect();
        for die in described {
            let position = self.units.partition_point(|unit| unit.start <= die.0);
            if let Some(unit) = position.checked_sub(1).and_then(|at| self.units.get_mut(at)) {
                unit.summary.functions = unit.summary.functions.saturating_add(1);
            }
        }
        for unit in &mut self.units {
            unit.summary.has_lines = has_lines.get(unit.files_of).copied().unwrap_or(false);
        }
    }

    /// How many function bodies a subprogram describes, and of how many it ends where the body does.
    pub fn described(&self) -> (usize, usize) {
        let described = self.functions.iter().flatten();
        let exact = described.clone().filter(|&&(_, exact)| exact).count();
        (described.count(), exact)
    }

    /// The full description of a type that is only declared at `die`: in the type unit whose signature it gives,
    /// or in any unit under the same qualified name.
    pub fn definition(&self, die: DieId) -> Option<DieId> {
        let (unit, entry) = self.entry(die)?;
        if let Some(signature) = entry.attr_value(gimli::DW_AT_signature) {
            return self.reference(unit, signature);
        }
        entry.attr(gimli::DW_AT_declaration)?;
        let definitions = self.definitions.get_or_init(|| Definitions::collect(self));
        definitions.find(self, die)
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
            Value::DebugInfoRef(offset) => Some(DieId(unit.base.checked_add(offset.0)?)),
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

    /// Whether a DIE is a parameter.
    pub fn is_parameter(&self, die: DieId) -> bool {
        let entry = self.origins(die).next();
        entry.is_some_and(|(_, entry)| entry.tag() == gimli::DW_TAG_formal_parameter)
    }

    /// A string attribute.
    pub fn string(&self, unit: &UnitDwarf, value: Value) -> Option<String> {
        string(unit, value)
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

    /// `name` with the namespaces and types around the DIE before it; `name` alone at the top. Inline namespaces
    /// (`std::__1`) are left out.
    pub fn qualified(&self, die: DieId, name: &str) -> String {
        self.within(die, name, true)
    }

    /// As [`qualified`](Self::qualified), with inline namespaces.
    pub fn fully_qualified(&self, die: DieId, name: &str) -> String {
        self.within(die, name, false)
    }

    /// The namespace or type that a DIE lies in.
    pub fn scope_around(&self, die: DieId) -> Option<DieId> {
        Some(self.scopes.get(self.declared_in(die) as usize)?.die).filter(|die| die.0 != 0)
    }

    /// Whether a DIE lies in a type that lies in a function.
    pub fn is_local(&self, die: DieId) -> bool {
        let around = self.scopes.get(self.declared_in(die) as usize);
        around.is_some_and(|around| around.local)
    }

    /// Whether a DIE lies directly in a type.
    pub fn is_in_class(&self, die: DieId) -> bool {
        let around = self.scope_around(die).and_then(|around| self.entry(around));
        around
            .is_some_and(|(_, entry)| !matches!(entry.tag(), gimli::DW_TAG_namespace | gimli::DW_TAG_module))
    }

    fn declared_in(&self, die: DieId) -> u32 {
        // The declaration says where a name lies; a definition can stand further out.
        let declared = self
            .origins(die)
            .filter_map(|(unit, entry)| self.scope_at(unit, entry.offset()))
            .last();
        declared.unwrap_or(0)
    }

    fn within(&self, die: DieId, name: &str, without_inline: bool) -> String {
        let mut parts = vec![name.to_string()];
        let mut scope = self.declared_in(die);
        while scope != 0 && parts.len() < CHAIN_LIMIT {
            let Some(found) = self.scopes.get(scope as usize) else {
                break;
            };
            if let Some((unit, entry)) = self.entry(found.die) {
                let inline = without_inline && entry.attr(gimli::DW_AT_export_symbols).is_some();
                let own = entry
                    .attr_value(gimli::DW_AT_name)
                    .and_then(|value| self.string(&unit.dwarf, value));
                match own {
                    Some(_) if inline => {}
                    // Names of Zig have those of what is around them in them.
                    Some(own) if contains(&own, parts.last()) => {}
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

    fn scope_at(&self, unit: &Unit, offset: UnitOffset) -> Option<u32> {
        let offset = u32::try_from(offset.0).ok()?;
        let at = unit
            .scope_of
            .binary_search_by_key(&offset, |&(offset, _)| offset)
            .ok()?;
        Some(unit.scope_of.get(at)?.1)
    }
}

/// Whether a name begins with another and a dot.
fn contains(outer: &str, inner: Option<&String>) -> bool {
    let rest = inner.and_then(|inner| inner.strip_prefix(outer));
    rest.is_some_and(|rest| rest.starts_with('.'))
}

/// A string attribute of a unit.
pub(super) fn string(unit: &UnitDwarf, value: Value) -> Option<String> {
    let section = |section: &Reader, offset: usize| {
        let mut reader = section.clone();
        reader.skip(offset).ok()?;
        text(reader)
    };
    let sections = &unit.sections;
    match value {
        Value::String(reader) => text(reader),
        Value::DebugStrRef(offset) => section(sections.debug_str.reader(), offset.0),
        Value::DebugLineStrRef(offset) => section(sections.debug_line_str.reader(), offset.0),
        Value::DebugStrOffsetsIndex(index) => {
            let offset = sections.string_offset(unit, index).ok()?;
            section(sections.debug_str.reader(), offset.0)
        }
        _ => None,
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
