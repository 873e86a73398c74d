//! The tree of inlined calls and blocks in one function, with the variables of each.
//!
//! # Invariants
//! - Scope 0 is the function; parents come before their children.
//! - A variable that only the original of an inlined or copied function has is listed too: the copy has lost it,
//!   and that is what is to be said.
//! - Ranges are live: tombstones and empty ranges are left out, so a dead scope contains no address.

use super::regions::Regions;
use super::units::{Unit, Units};
use super::{DieId, Entry, Value};
use gimli::UnitOffset;
use smallvec::SmallVec;
use std::collections::{HashMap, HashSet};

/// Scopes, and variables of one scope, that are read of a function.
const SCOPE_LIMIT: usize = 1 << 16;
/// Ranges that all scopes of a function have together: a few bytes can name a long list again and again.
const RANGE_LIMIT: usize = 1 << 18;
/// DIEs of originals that are looked at for what the copies in one function have lost.
const LOST_LIMIT: usize = 1 << 20;
/// Scopes inside each other; what lies deeper is not looked at.
const DEPTH_LIMIT: usize = 1024;

/// What a scope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScopeKind {
    Function,
    Inlined,
    Block,
}

/// A variable's DIE.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variable {
    pub die: DieId,
    pub parameter: bool,
    /// What it is a copy of.
    origin: Option<DieId>,
}

/// File number, line and column of an inlined call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub file: u64,
    pub line: u32,
    pub column: u32,
}

/// One scope.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub parent: usize,
    pub kind: ScopeKind,
    pub die: DieId,
    pub ranges: SmallVec<[(u32, u32); 1]>,
    pub call: Option<Call>,
    pub variables: Vec<Variable>,
    /// What it is a copy of.
    origin: Option<DieId>,
}

impl Scope {
    /// Its first address.
    pub fn start(&self) -> Option<u32> {
        self.ranges.iter().map(|&(start, _)| start).min()
    }
}

/// The scopes of one function.
#[derive(Clone, Debug)]
pub(crate) struct Scopes {
    pub scopes: Vec<Scope>,
    regions: Regions,
}

impl Scopes {
    /// Reads the tree under a subprogram.
    pub fn read(units: &Units, function: DieId) -> Option<Scopes> {
        let unit = units.unit_of(function)?;
        let offset = UnitOffset(function.0.checked_sub(unit.start)?);
        let mut entries = unit.dwarf.entries_raw(Some(offset)).ok()?;
        let mut scopes: Vec<Scope> = Vec::new();
        // The scope each open DIE belongs to; `None` in parts that are not looked at.
        let mut around: Vec<(isize, Option<usize>)> = Vec::new();
        let mut entry = Entry::null();
        let mut ranges_left = RANGE_LIMIT;
        // DIEs of originals that have a copy here.
        let mut copied: HashSet<DieId> = HashSet::new();
        // What breaks off keeps the scopes before.
        while !entries.is_empty() && entries.read_entry(&mut entry).is_ok() {
            if entry.is_null() {
                if entries.next_depth() <= 0 {
                    break;
                }
                continue;
            }
            let depth = entry.depth();
            if depth <= 0 && !scopes.is_empty() {
                break;
            }
            while around.last().is_some_and(|&(outer, _)| outer >= depth) {
                around.pop();
            }
            let inside = around.last().map_or(Some(0), |&(_, scope)| scope);
            let die = unit.die(entry.offset());
            let origin = entry
                .attr_value(gimli::DW_AT_abstract_origin)
                .and_then(|origin| units.reference(unit, origin));
            copied.extend(origin);
            let kind = match entry.tag() {
                gimli::DW_TAG_subprogram if scopes.is_empty() => Some(ScopeKind::Function),
                gimli::DW_TAG_inlined_subroutine => Some(ScopeKind::Inlined),
                gimli::DW_TAG_lexical_block | gimli::DW_TAG_try_block | gimli::DW_TAG_catch_block => {
                    Some(ScopeKind::Block)
                }
                _ => None,
            };
            let own = match (kind, inside) {
                (Some(kind), Some(parent)) if scopes.len() < SCOPE_LIMIT => {
                    let ranges = match ranges_left {
                        0 => SmallVec::new(),
                        _ => ranges(unit, &entry),
                    };
                    ranges_left = ranges_left.saturating_sub(ranges.len());
                    let call = (kind == ScopeKind::Inlined).then(|| call(&entry)).flatten();
                    scopes.push(Scope {
                        parent,
                        kind,
                        die,
                        ranges,
                        call,
                        variables: Vec::new(),
                        origin,
                    });
                    scopes.len().checked_sub(1)
                }
                _ => None,
            };
            let parameter = entry.tag() == gimli::DW_TAG_formal_parameter;
            if (parameter || entry.tag() == gimli::DW_TAG_variable)
                && let Some(scope) = inside.and_then(|scope| scopes.get_mut(scope))
                && scope.variables.len() < SCOPE_LIMIT
            {
                scope.variables.push(Variable {
                    die,
                    parameter,
                    origin,
                });
            }
            if entry.has_children() {
                if around.len() >= DEPTH_LIMIT {
                    break;
                }
                around.push((depth, own));
            } else if scopes.len() == 1 && depth == 0 {
                break;
            }
        }
        let mut room = LOST_LIMIT;
        for scope in &mut scopes {
            if let Some(origin) = scope.origin {
                add_lost(units, scope, origin, &copied, &mut room);
            }
        }
        let regions = Regions::new(scopes.iter().map(|scope| (scope.parent, &scope.ranges[..])));
        (!scopes.is_empty()).then_some(Scopes { scopes, regions })
    }

    /// The innermost scope at `at` (the function, if no other).
    pub fn innermost(&self, at: u32) -> usize {
        self.regions.at(at)
    }

    /// A scope and those around it, inner first.
    pub fn outward(&self, from: usize) -> impl Iterator<Item = (usize, &Scope)> {
        let mut next = Some(from);
        std::iter::from_fn(move || {
            let index = next?;
            let scope = self.scopes.get(index)?;
            next = (index != 0).then_some(scope.parent);
            Some((index, scope))
        })
    }

    /// The inlined call, or else the function, that `at` lies in.
    pub fn instance(&self, at: u32) -> usize {
        let found = self
            .outward(self.innermost(at))
            .find(|(_, scope)| scope.kind != ScopeKind::Block);
        found.map_or(0, |(index, _)| index)
    }

    /// The instances at `at`, innermost first; the function last.
    pub fn instances(&self, at: u32) -> Vec<usize> {
        let around = self.outward(self.innermost(at));
        around
            .filter(|(_, scope)| scope.kind != ScopeKind::Block)
            .map(|(index, _)| index)
            .collect()
    }

    /// The scopes at `at` that belong to frame `inline_depth` (0 = innermost), inner first: its blocks, then
    /// its instance.
    pub fn frame(&self, at: u32, inline_depth: usize) -> Vec<usize> {
        let mut depth = 0usize;
        let mut frame = Vec::new();
        for (index, scope) in self.outward(self.innermost(at)) {
            if depth == inline_depth {
                frame.push(index);
            }
            if scope.kind != ScopeKind::Block {
                depth = depth.saturating_add(1);
            }
        }
        frame
    }
}

/// Adds the variables of a scope's original that have no copy: before the others, so that one that does have a copy
/// wins over a lost one of its name; parameters in their order among the others.
fn add_lost(units: &Units, scope: &mut Scope, origin: DieId, copied: &HashSet<DieId>, room: &mut usize) {
    let Some(unit) = units.unit_of(origin) else { return };
    let Some(offset) = origin.0.checked_sub(unit.start).map(UnitOffset) else {
        return;
    };
    let Ok(mut entries) = unit.dwarf.entries_raw(Some(offset)) else {
        return;
    };
    let mut lost = Vec::new();
    let mut kept: Vec<Option<Variable>> = scope.variables.drain(..).map(Some).collect();
    let copies: HashMap<DieId, usize> = (0..)
        .zip(&kept)
        .filter_map(|(at, variable)| Some((variable.as_ref()?.origin?, at)))
        .collect();
    let mut parameters = Vec::new();
    let mut entry = Entry::null();
    // Depth of a part that is not looked at: one that has its own scope here, or a function in the function.
    let mut skipped: Option<isize> = None;
    let mut first = true;
    while *room > 0 && !entries.is_empty() && entries.read_entry(&mut entry).is_ok() {
        *room -= 1;
        if entry.is_null() {
            if entries.next_depth() <= 0 {
                break;
            }
            continue;
        }
        let depth = entry.depth();
        if std::mem::take(&mut first) {
            if !entry.has_children() {
                break;
            }
            continue;
        }
        if depth <= 0 {
            break;
        }
        if skipped.is_some_and(|from| depth > from) {
            continue;
        }
        let die = unit.die(entry.offset());
        let has_copy = copied.contains(&die);
        skipped = match entry.tag() {
            gimli::DW_TAG_lexical_block if !has_copy => None,
            _ => Some(depth),
        };
        match entry.tag() {
            // Of the parameters the originals come in order.
            gimli::DW_TAG_formal_parameter if depth == 1 => {
                let copy = copies.get(&die).and_then(|&at| kept.get_mut(at)?.take());
                parameters.push(copy.unwrap_or(Variable {
                    die,
                    parameter: true,
                    origin: None,
                }));
            }
            gimli::DW_TAG_variable if !has_copy => lost.push(Variable {
                die,
                parameter: false,
                origin: None,
            }),
            _ => {}
        }
    }
    scope.variables = parameters;
    scope.variables.extend(lost);
    scope.variables.extend(kept.into_iter().flatten());
}

fn call(entry: &Entry) -> Option<Call> {
    let number = |name| entry.attr(name).and_then(|attribute| attribute.udata_value());
    let line = u32::try_from(number(gimli::DW_AT_call_line)?).ok()?;
    let column = number(gimli::DW_AT_call_column)
        .and_then(|column| u32::try_from(column).ok())
        .unwrap_or(0);
    Some(Call {
        file: number(gimli::DW_AT_call_file)?,
        line,
        column,
    })
}

/// The live address ranges of a DIE.
pub(crate) fn ranges(unit: &Unit, entry: &Entry) -> SmallVec<[(u32, u32); 1]> {
    let mut ranges = SmallVec::new();
    let mut add = |start: u64, end: u64| {
        if let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end))
            && start > 0
            && start < end
            && !unit.dwarf.header.is_tombstone_address(u64::from(start))
        {
            ranges.push((start, end));
        }
    };
    if let Some(list) = entry.attr_value(gimli::DW_AT_ranges) {
        if let Ok(Some(mut list)) = unit.dwarf.sections.attr_ranges(&unit.dwarf, list) {
            let mut left = 4096;
            while let (true, Ok(Some(range))) = (left > 0, list.next()) {
                add(range.begin, range.end);
                left -= 1;
            }
        }
        return ranges;
    }
    let low = entry
        .attr_value(gimli::DW_AT_low_pc)
        .and_then(|low| unit.dwarf.address(low));
    let Some(low) = low.filter(|&low| !unit.dwarf.header.is_tombstone_address(low)) else {
        return ranges;
    };
    match entry.attr_value(gimli::DW_AT_high_pc) {
        Some(Value::Udata(len)) => add(low, low.saturating_add(len)),
        Some(high) => {
            if let Some(high) = unit.dwarf.address(high) {
                add(low, high);
            }
        }
        None => {}
    }
    ranges
}
