//! Variables and statics of a stopped frame.

use super::Index;
use crate::dwarf::DieId;
use crate::dwarf::lines::narrow;
use crate::dwarf::location::{Frame, POINTER_DEPTH};
use crate::dwarf::types::{Shape, computed_lengths};
use crate::reaching::{self, Held, Question};
use crate::value::Values;
use crate::{Availability, CodeOffset, Target, ValueNode, ValueRef, VariableKind};
use std::cell::{Cell, OnceCell};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::PoisonError;

/// Variables that are listed of one frame or unit.
const VARIABLE_LIMIT: usize = 4096;

/// Answers of [`Index::held`] that are kept.
const HELD_LIMIT: usize = 1 << 16;

/// A variable in scope.
pub(super) struct Seen {
    pub name: String,
    pub die: DieId,
    kind: VariableKind,
}

/// Bytes of code, and steps in it, that are followed for one look at a frame.
const FOLLOWED: u64 = 64 << 20;

impl Index {
    pub fn variables(&self, at: CodeOffset, inline_depth: usize, target: &dyn Target) -> Vec<ValueNode> {
        let seen = self.in_scope(at, inline_depth);
        self.with_frame(at, target, |frame, values| {
            let node = |seen: Seen| self.variable(frame, values, seen.name, seen.die, Some(seen.kind));
            let written = seen.into_iter().filter(|seen| !self.is_made(seen));
            written.filter_map(node).collect()
        })
    }

    pub fn statics(&self, at: CodeOffset, target: &dyn Target) -> Vec<ValueNode> {
        let statics = self.statics_of(at);
        self.with_frame(at, target, |frame, values| {
            let node = |die: DieId| {
                // Tables that a compiler made are no variables of the source.
                let plain = self.units.name(die).filter(|name| !name.ends_with("{vtable}"))?;
                self.variable(
                    frame,
                    values,
                    self.static_name(die, &plain),
                    die,
                    Some(VariableKind::Static),
                )
            };
            let nodes = statics.iter().filter_map(|&die| node(die));
            // The linker dropped those without a place.
            nodes
                .filter(|node| node.availability != Availability::OptimizedOut)
                .collect()
        })
    }

    pub fn children(&self, value: &ValueRef, target: &dyn Target) -> Vec<ValueNode> {
        self.values(target, &|func| self.function_name(func))
            .children(value)
    }

    /// Parameters, then locals of the blocks around `at`, outer first; the inner of two with one name.
    pub(super) fn in_scope(&self, at: CodeOffset, inline_depth: usize) -> Vec<Seen> {
        let Some(scopes) = self.map.body_at(at).and_then(|body| self.scopes(body)) else {
            return Vec::new();
        };
        let (mut parameters, mut locals): (Vec<Seen>, Vec<Seen>) = (Vec::new(), Vec::new());
        for index in scopes.frame(narrow(at), inline_depth).into_iter().rev() {
            let Some(scope) = scopes.scopes.get(index) else {
                continue;
            };
            for variable in scope.variables.iter().take(VARIABLE_LIMIT) {
                let Some(name) = self.units.name(variable.die).filter(|name| !name.is_empty()) else {
                    continue;
                };
                if name.starts_with("__vla_expr") {
                    continue;
                }
                let kind = match variable.parameter {
                    true => VariableKind::Parameter,
                    false if self.is_static(variable.die) => VariableKind::Static,
                    false => VariableKind::Local,
                };
                parameters.retain(|seen| seen.name != name);
                locals.retain(|seen| seen.name != name);
                let list = if variable.parameter {
                    &mut parameters
                } else {
                    &mut locals
                };
                list.push(Seen {
                    name,
                    die: variable.die,
                    kind,
                });
            }
        }
        parameters.append(&mut locals);
        parameters
    }

    /// Whether the compiler made a variable for itself, as `__range1`; structured bindings count as artificial, too.
    fn is_made(&self, seen: &Seen) -> bool {
        let artificial = || self.units.inherited(seen.die, gimli::DW_AT_artificial);
        seen.kind == VariableKind::Local && seen.name.starts_with("__") && artificial().is_some()
    }

    fn is_static(&self, die: DieId) -> bool {
        self.units
            .unit_of(die)
            .is_some_and(|unit| unit.statics.binary_search(&die).is_ok())
    }

    fn statics_of(&self, at: CodeOffset) -> &[DieId] {
        let function = self.map.body_at(at).and_then(|body| self.units.function(body));
        let statics = function
            .and_then(|die| self.units.unit_of(die))
            .map_or(&[][..], |unit| &unit.statics);
        statics.get(..statics.len().min(VARIABLE_LIMIT)).unwrap_or(&[])
    }

    pub(super) fn type_of(&self, variable: DieId) -> Option<DieId> {
        let (unit, value) = self.units.inherited(variable, gimli::DW_AT_type)?;
        self.units.reference(unit, value)
    }

    pub(super) fn variable(
        &self,
        frame: &Frame<'_>,
        values: &Values<'_>,
        name: String,
        die: DieId,
        kind: Option<VariableKind>,
    ) -> Option<ValueNode> {
        let ty = self.type_of(die)?;
        let place = frame.locate(die, values.size(ty));
        let array = values.strip(ty)?;
        Some(match self.lengths(frame, values, ty) {
            Some(lengths) => values.computed_array(name, &array, &lengths, place, kind),
            None => values.node(name, ty, place, kind),
        })
    }

    /// The lengths of an array, if the program computed some and all are known.
    pub(super) fn known_lengths(
        &self,
        frame: &Frame<'_>,
        values: &Values<'_>,
        ty: DieId,
    ) -> Option<Vec<u64>> {
        self.lengths(frame, values, ty)?.into_iter().collect()
    }

    /// The lengths of an array of which the program computed at least one, from the variables that hold them.
    fn lengths(&self, frame: &Frame<'_>, values: &Values<'_>, ty: DieId) -> Option<Vec<Option<u64>>> {
        let array = values.strip(ty)?;
        let Shape::Array { dimensions, .. } = &array.shape else {
            return None;
        };
        dimensions.contains(&None).then_some(())?;
        let holders = computed_lengths(&self.units, array.id);
        holders.iter().any(Option::is_some).then_some(())?;
        let held = |holder: DieId| {
            let len = values.size(self.type_of(holder)?)?;
            values.number(&frame.locate(holder, Some(len)).ok()?, 0, len).ok()
        };
        let lengths = dimensions.iter().zip(holders);
        Some(
            lengths
                .map(|(known, holder)| known.or_else(|| held(holder?)))
                .collect(),
        )
    }

    fn values<'a>(&'a self, target: &'a dyn Target, function_name: &'a dyn Fn(u32) -> String) -> Values<'a> {
        Values {
            units: &self.units,
            types: &self.types,
            target,
            function_name,
        }
    }

    pub(super) fn with_frame<T>(
        &self,
        at: CodeOffset,
        target: &dyn Target,
        answer: impl FnOnce(&Frame<'_>, &Values<'_>) -> T,
    ) -> T {
        let body = self.map.body_at(at);
        let base_set_at = |local: u32| body.map_or(0, |body| self.base_set_at(body, local));
        let left = Cell::new(FOLLOWED);
        let held = |local: u32, since: u32| {
            let question = |body| Question {
                body,
                local,
                since,
                at: narrow(at),
            };
            body.map_or(Held::Same, |body| self.held(&left, question(body)))
        };
        let beginnings = OnceCell::new();
        let begins_at = |variable: DieId| {
            let beginnings = beginnings.get_or_init(|| self.beginnings(at));
            beginnings.get(&variable).copied()
        };
        let frame = Frame {
            units: &self.units,
            target,
            at: narrow(at),
            function: body.and_then(|body| self.units.function(body)),
            base_set_at: &base_set_at,
            stored_at: &|local, bytes| body.map_or(0, |body| self.stored_at(body, local, bytes)),
            writes: &|local| body.is_none_or(|body| self.writes(body, local)),
            held: &held,
            operand_holds_since: &|since| {
                body.is_none_or(|body| {
                    reaching::operand_holds_since(&self.map, (body, since, narrow(at)), &left)
                })
            },
            begins_at: &begins_at,
            since: None,
            tls_base: self.map.global_named("__tls_base"),
            depth: POINTER_DEPTH,
        };
        let function_name = |func: u32| self.function_name(func);
        answer(&frame, &self.values(target, &function_name))
    }

    /// Where the variables begin that are in scopes around an address: the function's parameters at entry, others with
    /// their scope, past the prologue.
    fn beginnings(&self, at: CodeOffset) -> HashMap<DieId, u32> {
        let body = self.map.body_at(at);
        let Some((body, scopes)) = body.and_then(|body| Some((body, self.scopes(body)?))) else {
            return HashMap::new();
        };
        let prologue_end = self.prologue_end(body).map_or(0, narrow);
        let around = scopes.outward(scopes.innermost(narrow(at)));
        let beginnings = around.flat_map(|(index, scope)| {
            let start = scope.start().unwrap_or(0).max(prologue_end);
            let begins = move |parameter| if index == 0 && parameter { 0 } else { start };
            let variables = scope.variables.iter();
            variables.map(move |variable| (variable.die, begins(variable.parameter)))
        });
        beginnings.collect()
    }

    /// What a local of a body holds: every answer takes walks over the function, and many variables ask the same, at each
    /// stop there. It is not known if there is not enough `left` to tell.
    fn held(&self, left: &Cell<u64>, question: Question) -> Held {
        let held = || self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&known) = held().get(&question) {
            return known;
        }
        let Some(found) = reaching::held(&self.map, question, left) else {
            return Held::Unknown;
        };
        let mut held = held();
        if held.len() >= HELD_LIMIT {
            held.clear();
        }
        held.insert(question, found);
        found
    }

    /// Whether a body writes to a local anywhere. One that cannot be decoded in full may.
    fn writes(&self, body: usize, local: u32) -> bool {
        let (mut written, mut end) = (false, false);
        self.map.each_operator(body, |offset, operator| {
            use wasmparser::Operator::End;
            written |= reaching::writes_to(operator, local);
            let next = u64::from(offset).checked_add(1);
            end = matches!(operator, End) && self.map.bodies.get(body).map(|body| body.end) == next;
            !written
        });
        written || !end
    }

    /// The first address at which everything is stored that the beginning of a body stores to `bytes` behind the
    /// local `base` from a local as it was handed over; 0 if it stores nothing there.
    fn stored_at(&self, body: usize, base: u32, bytes: Range<u64>) -> u32 {
        use wasmparser::Operator::{
            Block, Br, BrIf, BrTable, Call, CallIndirect, End, F32Store, F64Store, I32Store, I32Store8,
            I32Store16, I64Store, If, LocalGet, LocalSet, LocalTee, Loop, Return, Unreachable, V128Store,
        };
        let (mut written, mut stored) = (HashSet::new(), HashSet::new());
        // The locals that the last two operators read.
        let mut read = (None, None);
        let (mut at, mut just_stored) = (0, false);
        self.map.each_operator(body, |offset, operator| {
            if std::mem::take(&mut just_stored) {
                at = offset;
            }
            let before = std::mem::take(&mut read);
            match operator {
                LocalGet { local_index } => read = (before.1, Some(*local_index)),
                LocalSet { local_index } | LocalTee { local_index } => {
                    written.insert(*local_index);
                }
                I32Store { memarg }
                | I32Store8 { memarg }
                | I32Store16 { memarg }
                | I64Store { memarg }
                | F32Store { memarg }
                | F64Store { memarg }
                | V128Store { memarg } => {
                    just_stored = before.0 == Some(base)
                        && before.1.is_some_and(|local| !written.contains(&local))
                        && bytes.contains(&memarg.offset)
                        // What is stored again later has a value by then.
                        && stored.insert(memarg.offset);
                }
                Block { .. }
                | Loop { .. }
                | If { .. }
                | Br { .. }
                | BrIf { .. }
                | BrTable { .. }
                | Return
                | Unreachable
                | Call { .. }
                | CallIndirect { .. }
                | End => return false,
                _ => {}
            }
            true
        });
        at
    }

    /// The first address at which memory behind a frame base in `local` can be trusted: past the prologue and
    /// past the first write to that local.
    fn base_set_at(&self, body: usize, local: u32) -> u32 {
        let known = self
            .base_set_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&(body, local))
            .copied();
        if let Some(known) = known {
            return known;
        }
        let mut found = None;
        let mut written = false;
        self.map.each_operator(body, |offset, operator| {
            if written {
                found = Some(offset);
                return false;
            }
            written = reaching::writes_to(operator, local);
            true
        });
        let prologue = self.prologue_end(body).map_or(0, narrow);
        let set = found.unwrap_or(0).max(prologue);
        self.base_set_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((body, local), set);
        set
    }
}
