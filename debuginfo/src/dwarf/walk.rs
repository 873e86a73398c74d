//! The walk over all DIEs of one unit: which DIE describes which function body, in which namespaces and classes
//! names lie, which variables are static; and a second one, for types that are only declared where they are used.
//!
//! # Invariants
//! - A walk reads attributes only of the DIEs it notes. A unit that breaks off keeps what was found before.
//! - Walks know nothing of each other, so that they can go side by side; [`take`] puts their findings together in
//!   the order of the units, whatever order they were made in.

use super::units::{NameScope, Unit, Units, string};
use super::{DieId, Value};
use crate::sections::ModuleMap;
use crate::{CodeOffset, Diagnostic};
use gimli::{Operation, UnitOffset};
use smallvec::SmallVec;
use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Namespaces and types, and names in them, that are remembered.
const SCOPE_LIMIT: usize = 1 << 20;
/// Scopes inside each other; deeper ones count to the last of these.
const DEPTH_LIMIT: usize = 256;
/// Names of types that are remembered, and types of one name.
const DEFINITION_LIMIT: usize = 1 << 20;
const SAME_NAME_LIMIT: usize = 64;

/// What a walk found in one unit.
#[derive(Debug, Default)]
pub(crate) struct Dies {
    /// Function body, subprogram, and whether it ends where the body does.
    functions: Vec<(usize, DieId, bool)>,
    /// Positions count from 1 within the unit; 0 is outside all.
    scopes: Vec<NameScope>,
    scope_of: Vec<(u32, u32)>,
    statics: Vec<DieId>,
    inner_statics: Vec<DieId>,
    constants: Vec<DieId>,
    call_files: BTreeSet<u64>,
    /// Whether variables are described, if there are any.
    typed: bool,
    error: Option<gimli::Error>,
}

/// Walks over a unit.
pub(crate) fn walk(unit: &Unit, map: &ModuleMap) -> Dies {
    let mut found = Dies::default();
    if let Err(error) = found.walk(unit, map) {
        found.error = Some(error);
    }
    found
}

/// Takes in what a walk over the unit at position `index` found.
pub(super) fn take(units: &mut Units, index: usize, dies: Dies, diagnostics: &mut Vec<Diagnostic>) {
    let first = units.scopes.len().saturating_sub(1);
    let renumber = |position: u32| match position {
        0 => 0,
        own => u32::try_from(first)
            .ok()
            .and_then(|first| first.checked_add(own))
            .filter(|&own| (own as usize) < SCOPE_LIMIT)
            .unwrap_or(0),
    };
    let room = SCOPE_LIMIT.saturating_sub(units.scopes.len());
    units
        .scopes
        .extend(dies.scopes.into_iter().take(room).map(|scope| NameScope {
            parent: renumber(scope.parent),
            ..scope
        }));
    for (body, die, exact) in dies.functions {
        // Of several descriptions (all copies of an inline function point at the one that was kept) the one that
        // ends with the body describes it.
        match units.functions.get_mut(body) {
            Some(slot) if slot.is_none() => *slot = Some((die, exact)),
            Some(slot) if exact && slot.is_some_and(|(_, exact)| !exact) => *slot = Some((die, true)),
            _ => {}
        }
    }
    let Some(unit) = units.units.get_mut(index) else {
        return;
    };
    unit.summary.has_variables = dies.typed;
    unit.statics = dies.statics;
    unit.inner_statics = dies.inner_statics;
    unit.constants = dies.constants;
    unit.scope_of = dies.scope_of;
    for (_, scope) in &mut unit.scope_of {
        *scope = renumber(*scope);
    }
    unit.scope_of.retain(|&(_, scope)| scope != 0);
    unit.scope_of.shrink_to_fit();
    if let Some(error) = dies.error {
        diagnostics.push(Diagnostic {
            section: ".debug_info".to_string(),
            offset: Some(unit.start.saturating_sub(unit.base) as u64),
            message: format!(
                "Functions or types of {} are missing: {error}.",
                unit.summary.name
            ),
        });
    }
    let files_of = unit.files_of;
    if let Some(named_by) = units.units.get_mut(files_of) {
        named_by.call_files.extend(dies.call_files);
    }
}

impl Dies {
    fn walk(&mut self, unit: &Unit, map: &ModuleMap) -> gimli::Result<()> {
        let mut entries = unit.dwarf.entries_raw(None)?;
        // Scopes around the current entry: depth, name scope, and whether they are in a function.
        let mut around: Vec<(isize, u32, bool)> = Vec::new();
        while !entries.is_empty() {
            let offset = entries.next_offset();
            let depth = entries.next_depth();
            let Some(abbreviation) = entries.read_abbreviation()? else {
                continue;
            };
            while around.last().is_some_and(|&(outer, ..)| outer >= depth) {
                around.pop();
            }
            let (scope, in_function) =
                (around.last()).map_or((0, false), |&(_, scope, in_function)| (scope, in_function));
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
                    self.remember(offset, scope);
                    if abbreviation.has_children()
                        && self.scopes.len() < SCOPE_LIMIT
                        && around.len() < DEPTH_LIMIT
                    {
                        let die = unit.die(offset);
                        self.scopes.push(NameScope {
                            parent: scope,
                            die,
                            local: in_function,
                        });
                        let own = u32::try_from(self.scopes.len()).unwrap_or(0);
                        around.push((depth, own, in_function));
                    }
                }
                gimli::DW_TAG_subprogram => {
                    self.remember(offset, scope);
                    let (mut low, mut high, mut ranges) = (None, None, None);
                    for &spec in attributes {
                        let attribute = entries.read_attribute(spec)?;
                        match attribute.name() {
                            gimli::DW_AT_low_pc => low = Some(attribute.value()),
                            gimli::DW_AT_high_pc => high = Some(attribute.value()),
                            gimli::DW_AT_ranges => ranges = Some(attribute.value()),
                            // Written for every function, unless line tables alone are asked for.
                            gimli::DW_AT_frame_base => self.typed = true,
                            _ => {}
                        }
                    }
                    self.function(unit, map, unit.die(offset), (low, high, ranges));
                    if around.len() < DEPTH_LIMIT {
                        around.push((depth, scope, true));
                    }
                }
                gimli::DW_TAG_variable => {
                    self.typed = true;
                    self.remember(offset, scope);
                    let (mut located, mut constant) = (false, false);
                    for &spec in attributes {
                        let attribute = entries.read_attribute(spec)?;
                        match attribute.name() {
                            gimli::DW_AT_location => {
                                located = true;
                                if is_static(&attribute.value(), unit.dwarf.encoding()) {
                                    self.statics.push(unit.die(offset));
                                    self.inner_statics.extend(in_function.then(|| unit.die(offset)));
                                }
                            }
                            gimli::DW_AT_const_value => constant = true,
                            _ => {}
                        }
                    }
                    if constant && !located && !in_function {
                        self.constants.push(unit.die(offset));
                    }
                }
                gimli::DW_TAG_member => {
                    self.remember(offset, scope);
                    if attributes
                        .iter()
                        .any(|spec| spec.name() == gimli::DW_AT_const_value)
                    {
                        self.constants.push(unit.die(offset));
                    }
                    entries.skip_attributes(attributes)?;
                }
                gimli::DW_TAG_inlined_subroutine => {
                    for &spec in attributes {
                        let attribute = entries.read_attribute(spec)?;
                        if attribute.name() == gimli::DW_AT_call_file {
                            self.call_files.extend(attribute.udata_value());
                        }
                    }
                }
                tag => {
                    self.typed |= matches!(tag, gimli::DW_TAG_base_type | gimli::DW_TAG_formal_parameter);
                    entries.skip_attributes(attributes)?;
                }
            }
        }
        Ok(())
    }

    /// Notes the bodies that a subprogram describes.
    fn function(
        &mut self,
        unit: &Unit,
        map: &ModuleMap,
        die: DieId,
        (low, high, ranges): (Option<Value>, Option<Value>, Option<Value>),
    ) {
        let mut found: Vec<(u64, Option<u64>)> = Vec::new();
        if let Some(low) = low.and_then(|low| unit.dwarf.address(low)) {
            let end = match high {
                Some(Value::Udata(len)) => low.checked_add(len),
                Some(high) => unit.dwarf.address(high),
                None => None,
            };
            found.push((low, end));
        }
        if let Some(ranges) = ranges
            && let Ok(Some(mut list)) = unit.dwarf.sections.attr_ranges(&unit.dwarf, ranges)
        {
            while let (true, Ok(Some(range))) = (found.len() < 64, list.next()) {
                found.push((range.begin, Some(range.end)));
            }
        }
        for (start, end) in found {
            if let Some(body) = map.body_at(CodeOffset(start)) {
                let exact = map.bodies.get(body).is_some_and(|body| Some(body.end) == end);
                self.functions.push((body, die, exact));
            }
        }
    }

    /// Notes the scope of a DIE, unless it has none or there are too many.
    fn remember(&mut self, offset: UnitOffset, scope: u32) {
        if let Ok(offset) = u32::try_from(offset.0)
            && scope != 0
            && self.scope_of.len() < SCOPE_LIMIT
        {
            self.scope_of.push((offset, scope));
        }
    }
}

/// Types that are described in full, by name: what a declaration in another unit stands for.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    /// The hash of the plain name to the types of that name.
    by_name: HashMap<u64, SmallVec<[DieId; 1]>>,
}

impl Definitions {
    /// Walks over all units. What breaks off counts as far as it goes.
    pub fn collect(units: &Units) -> Definitions {
        let mut found = Definitions::default();
        for unit in &units.units {
            let _ = found.collect_unit(unit);
        }
        found
    }

    fn collect_unit(&mut self, unit: &Unit) -> gimli::Result<()> {
        let mut entries = unit.dwarf.entries_raw(None)?;
        while !entries.is_empty() && self.by_name.len() < DEFINITION_LIMIT {
            let offset = entries.next_offset();
            let Some(abbreviation) = entries.read_abbreviation()? else {
                continue;
            };
            let attributes = abbreviation.attributes();
            if !is_named_type(abbreviation.tag()) {
                entries.skip_attributes(attributes)?;
                continue;
            }
            let (mut name, mut declared) = (None, false);
            for &spec in attributes {
                let attribute = entries.read_attribute(spec)?;
                match attribute.name() {
                    gimli::DW_AT_name => name = string(&unit.dwarf, attribute.value()),
                    gimli::DW_AT_declaration | gimli::DW_AT_signature => declared = true,
                    _ => {}
                }
            }
            if let Some(name) = name.filter(|_| !declared) {
                let same = self.by_name.entry(hash(&name)).or_default();
                if same.len() < SAME_NAME_LIMIT {
                    same.push(unit.die(offset));
                }
            }
        }
        Ok(())
    }

    /// The full description of the type that is declared at `die`.
    pub fn find(&self, units: &Units, die: DieId) -> Option<DieId> {
        let (unit, declared) = units.entry(die)?;
        if !is_named_type(declared.tag()) {
            return None;
        }
        let name = string(&unit.dwarf, declared.attr_value(gimli::DW_AT_name)?)?;
        let qualified = units.qualified(die, &name);
        let mut full = None;
        for &other in self.by_name.get(&hash(&name))? {
            let Some((_, entry)) = units.entry(other) else {
                continue;
            };
            let same = kind(entry.tag()) == kind(declared.tag())
                && units.name(other).as_ref() == Some(&name)
                && units.qualified(other, &name) == qualified;
            if !same {
                continue;
            }
            let number = |name| entry.attr(name).and_then(|attribute| attribute.udata_value());
            let shape = (number(gimli::DW_AT_byte_size), number(gimli::DW_AT_decl_line));
            match full {
                None => full = Some((other, shape)),
                // Two files of C may each have a struct of that name: which one is meant nobody knows.
                Some((_, first)) if first != shape => return None,
                Some(_) => {}
            }
        }
        full.map(|(die, _)| die)
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

fn is_named_type(tag: gimli::DwTag) -> bool {
    kind(tag) != tag
        || matches!(
            tag,
            gimli::DW_TAG_structure_type | gimli::DW_TAG_union_type | gimli::DW_TAG_enumeration_type
        )
}

/// `class` and `struct` may stand for each other.
fn kind(tag: gimli::DwTag) -> gimli::DwTag {
    match tag {
        gimli::DW_TAG_class_type => gimli::DW_TAG_structure_type,
        tag => tag,
    }
}

/// Whether a location is a fixed address or a place in a thread's storage (and not a location list or a stack
/// slot).
fn is_static(value: &Value, encoding: gimli::Encoding) -> bool {
    let Value::Exprloc(expression) = value else {
        return false;
    };
    let mut operations = expression.clone().operations(encoding);
    let mut next = || operations.next().ok().flatten();
    match next() {
        Some(Operation::Address { .. } | Operation::AddressIndex { .. }) => true,
        Some(Operation::UnsignedConstant { .. } | Operation::ConstantIndex { .. }) => {
            matches!(next(), Some(Operation::TLS))
        }
        // How LLVM writes thread storage, and data of position-independent code: a base in a global, and an offset.
        Some(Operation::WasmGlobal { .. }) => matches!(
            next(),
            Some(Operation::Address { .. } | Operation::AddressIndex { .. })
        ),
        _ => false,
    }
}
