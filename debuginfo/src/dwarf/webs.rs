//! Whether a WebAssembly local still holds what it held before.
//!
//! Optimizing compilers give one local to several values whose lives do not overlap, and go on saying in location
//! lists that the first is there. What a program writes to a local and what it reads from it tell them apart: writes
//! that one read can see make one value (a counter, and the counter increased), others do not.
//!
//! The writes of one such value are a *web*, as compilers call them.
//!
//! # Invariants
//! - Where a body cannot be followed to its end (broken, exceptions, too many writes) the answer is that it holds.
//! - What is done is bounded: by the writes that are told apart, by the passes over a body and, for those who ask, by
//!   what they allow.
//!
//! Must not know: DWARF, variables, the live guest.

use crate::sections::ModuleMap;
use std::cell::Cell;
use wasmparser::Operator;

/// Writes to one local that are told apart.
const WRITE_LIMIT: usize = 1024;
/// Passes over a body; each carries writes around loops once more.
const PASS_LIMIT: usize = 16;
/// Blocks inside each other.
const DEPTH_LIMIT: usize = 4096;

/// Whether what a local holds before the operator at `at`, as a value, was already there before the one at `since`.
/// `None` if nothing is `left` of the bytes of code that may be walked over.
pub(crate) fn holds_since(
    map: &ModuleMap,
    (body, local, since, at): (usize, u32, u32, u32),
    left: &Cell<u64>,
) -> Option<bool> {
    let range = map.bodies.get(body);
    let len = range.map_or(0, |range| range.end.saturating_sub(range.start));
    let walk = || {
        left.set(left.get().checked_sub(len)?);
        Some(())
    };
    walk()?;
    let mut writes = 0usize;
    map.each_operator(body, |_, operator| {
        writes = writes.saturating_add(usize::from(writes_to(operator, local)));
        writes <= WRITE_LIMIT
    });
    if writes == 0 || writes > WRITE_LIMIT || at <= since {
        return Some(true);
    }
    let mut webs = Webs {
        parents: (0..=writes).collect(),
        united: Writes::default(),
        headers: Vec::new(),
    };
    for _ in 0..PASS_LIMIT {
        walk()?;
        match webs.pass(map, body, local, since, at) {
            None => return Some(true),
            Some(Seen { changed: true, .. }) => {}
            Some(Seen { then, now, .. }) => {
                let (Some(then), Some(now)) = (then, now) else {
                    return Some(true);
                };
                let known: Vec<usize> = then.members().map(|write| webs.root(write)).collect();
                let is_known = |webs: &mut Webs, write| known.contains(&webs.root(write));
                // What the local held at entry is no value of a variable where others come there, too, unless
                // something reads it.
                let mut others = now.members().filter(|&write| write != 0).peekable();
                return Some(match others.peek() {
                    Some(_) => others.all(|write| is_known(&mut webs, write)),
                    None => is_known(&mut webs, 0),
                });
            }
        }
    }
    Some(true)
}

/// Whether an operator writes to a local.
pub(crate) fn writes_to(operator: &Operator<'_>, local: u32) -> bool {
    matches!(operator, Operator::LocalSet { local_index } | Operator::LocalTee { local_index } if *local_index == local)
}

/// A set of writes by their numbers; 0 is what the local held at entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Writes(Vec<u64>);

impl Writes {
    fn of(write: usize) -> Writes {
        let mut words = vec![0; write / 64 + 1];
        if let Some(word) = words.last_mut() {
            *word = 1 << (write % 64);
        }
        Writes(words)
    }

    fn members(&self) -> impl Iterator<Item = usize> {
        let words = self.0.iter().enumerate();
        let words = words.filter(|&(_, &word)| word != 0);
        words.flat_map(|(index, &word)| {
            let bits = (0..64usize).filter(move |bit| word >> bit & 1 == 1);
            bits.map(move |bit| index.saturating_mul(64).saturating_add(bit))
        })
    }

    /// Adds others; whether there were new ones.
    fn add(&mut self, other: &Writes) -> bool {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        let mut grown = false;
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            grown |= *other & !*word != 0;
            *word |= other;
        }
        grown
    }
}

/// Adds the writes that come along one more way; `None` is a place that nothing leads to.
fn join(into: &mut Option<Writes>, from: Option<&Writes>) -> bool {
    match (into, from) {
        (_, None) => false,
        (Some(into), Some(from)) => into.add(from),
        (into, Some(from)) => {
            *into = Some(from.clone());
            true
        }
    }
}

/// A block that is open.
enum Open {
    Block {
        end: Option<Writes>,
    },
    Loop(usize),
    /// With what reaches the other branch, as long as none has begun.
    If {
        end: Option<Writes>,
        other: Option<Writes>,
    },
}

/// What a pass over a body found.
struct Seen {
    /// Writes that reach the two places.
    then: Option<Writes>,
    now: Option<Writes>,
    /// Whether more came around a loop than before.
    changed: bool,
}

struct Webs {
    /// Each write's representative, or one nearer to it.
    parents: Vec<usize>,
    /// What was united last: reads in a row see the same.
    united: Writes,
    /// Writes that reach the heads of loops, in their order.
    headers: Vec<Option<Writes>>,
}

impl Webs {
    fn root(&mut self, write: usize) -> usize {
        let mut root = write;
        while let Some(&parent) = self.parents.get(root)
            && parent != root
        {
            root = parent;
        }
        // So that the way is short for who comes next.
        let mut along = write;
        while let Some(parent) = self.parents.get_mut(along)
            && *parent != root
        {
            along = std::mem::replace(parent, root);
        }
        root
    }

    /// Writes that one read sees are one value.
    fn unite(&mut self, writes: &Writes) {
        if *writes == self.united {
            return;
        }
        self.united.clone_from(writes);
        let mut members = writes.members();
        let Some(first) = members.next().map(|first| self.root(first)) else {
            return;
        };
        for other in members {
            let root = self.root(other);
            if let Some(parent) = self.parents.get_mut(root) {
                *parent = first;
            }
        }
    }

    /// Follows the writes once through a body; `None` if that cannot be done.
    fn pass(&mut self, map: &ModuleMap, body: usize, local: u32, since: u32, at: u32) -> Option<Seen> {
        let mut seen = Seen {
            then: None,
            now: None,
            changed: false,
        };
        let mut state = Some(Writes::of(0));
        let (mut writes, mut loops, mut passed) = (0usize, 0usize, false);
        let mut open: Vec<Open> = Vec::new();
        let (mut sound, mut ended) = (true, false);
        map.each_operator(body, |offset, operator| {
            if offset >= since && !passed {
                (seen.then, passed) = (state.clone(), true);
            }
            if offset <= at {
                seen.now = state.clone();
            }
            sound = open.len() < DEPTH_LIMIT;
            match operator {
                Operator::LocalGet { local_index } if *local_index == local => {
                    if let Some(state) = &state {
                        self.unite(state);
                    }
                }
                operator if writes_to(operator, local) => {
                    writes = writes.saturating_add(1);
                    state = state.take().map(|_| Writes::of(writes));
                }
                Operator::Block { .. } => open.push(Open::Block { end: None }),
                Operator::Loop { .. } => {
                    if self.headers.len() <= loops {
                        self.headers.push(None);
                    }
                    if let Some(header) = self.headers.get_mut(loops) {
                        join(header, state.as_ref());
                        state = header.clone();
                    }
                    open.push(Open::Loop(loops));
                    loops = loops.saturating_add(1);
                }
                Operator::If { .. } => open.push(Open::If {
                    end: None,
                    other: state.clone(),
                }),
                Operator::Else => match open.last_mut() {
                    Some(Open::If { end, other }) => {
                        join(end, state.as_ref());
                        state = other.take();
                    }
                    _ => sound = false,
                },
                Operator::End => match open.pop() {
                    Some(Open::Block { end }) => {
                        join(&mut state, end.as_ref());
                    }
                    Some(Open::If { end, other }) => {
                        join(&mut state, end.as_ref());
                        join(&mut state, other.as_ref());
                    }
                    Some(Open::Loop(_)) => {}
                    None => ended = true,
                },
                Operator::Br { relative_depth } => {
                    seen.changed |= self.jump(&mut open, *relative_depth, state.take().as_ref());
                }
                Operator::BrIf { relative_depth }
                | Operator::BrOnNull { relative_depth }
                | Operator::BrOnNonNull { relative_depth } => {
                    seen.changed |= self.jump(&mut open, *relative_depth, state.as_ref());
                }
                Operator::BrTable { targets } => {
                    let state = state.take();
                    let all = targets.targets().chain([Ok(targets.default())]);
                    for target in all.flatten() {
                        seen.changed |= self.jump(&mut open, target, state.as_ref());
                    }
                }
                Operator::Return
                | Operator::Unreachable
                | Operator::ReturnCall { .. }
                | Operator::ReturnCallIndirect { .. }
                | Operator::ReturnCallRef { .. }
                | Operator::Throw { .. }
                | Operator::ThrowRef => state = None,
                // Whence these are reached is not followed.
                Operator::Try { .. }
                | Operator::TryTable { .. }
                | Operator::BrOnCast { .. }
                | Operator::BrOnCastFail { .. } => sound = false,
                _ => {}
            }
            sound
        });
        (sound && ended).then_some(seen)
    }

    /// Carries writes to where a branch leads; whether more come around a loop.
    fn jump(&mut self, open: &mut [Open], depth: u32, state: Option<&Writes>) -> bool {
        let at = open
            .len()
            .checked_sub(usize::try_from(depth).unwrap_or(usize::MAX).saturating_add(1));
        match at.and_then(|at| open.get_mut(at)) {
            Some(Open::Block { end } | Open::If { end, .. }) => {
                join(end, state);
                false
            }
            Some(Open::Loop(index)) => match self.headers.get_mut(*index) {
                Some(header) => join(header, state),
                None => false,
            },
            // Out of the function.
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use wasm_encoder::{
        BlockType, CodeSection, Function, FunctionSection, Instruction, Module, TypeSection, ValType,
    };

    /// Whether local 1 holds at operator `at` what it held at operator `since`.
    fn holds(body: &[Instruction<'_>], since: usize, at: usize) -> bool {
        local_holds(1, body, since, at)
    }

    fn local_holds(local: u32, body: &[Instruction<'_>], since: usize, at: usize) -> bool {
        let (mut types, mut functions, mut code) =
            (TypeSection::new(), FunctionSection::new(), CodeSection::new());
        types.ty().function([ValType::I32], []);
        functions.function(0);
        let mut function = Function::new([(1, ValType::I32)]);
        for instruction in body {
            function.instruction(instruction);
        }
        code.function(&function);
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&code);
        let map = ModuleMap::read(Arc::from(module.finish()), &mut Vec::new());
        let operators = map.operators(0);
        assert_eq!(operators.len(), body.len());
        let question = (0, local, operators[since], operators[at]);
        assert_eq!(holds_since(&map, question, &Cell::new(0)), None);
        holds_since(&map, question, &Cell::new(1 << 20)).expect("enough")
    }

    #[test]
    fn another_value_is_told_from_the_same_one_changed() {
        use Instruction::*;
        let reused = [
            LocalGet(0),
            LocalSet(1),
            LocalGet(1),
            Drop,
            I32Const(9),
            LocalSet(1),
            LocalGet(1),
            Drop,
            End,
        ];
        assert!(holds(&reused, 2, 5));
        assert!(!holds(&reused, 2, 6));
        assert!(holds(&reused, 6, 8));
        let counter = [
            LocalGet(0),
            LocalSet(1),
            Loop(BlockType::Empty),
            LocalGet(1),
            I32Const(1),
            I32Sub,
            LocalTee(1),
            BrIf(0),
            End,
            LocalGet(1),
            Drop,
            End,
        ];
        assert!(holds(&counter, 2, 10));
        // In the next round the local is a counter again, whatever it was at the end of this one.
        let within = [
            LocalGet(0),
            LocalSet(1),
            Loop(BlockType::Empty),
            LocalGet(0),
            LocalSet(1),
            LocalGet(1),
            Drop,
            I32Const(7),
            LocalSet(1),
            LocalGet(1),
            BrIf(0),
            End,
            End,
        ];
        assert!(holds(&within, 5, 7));
        assert!(!holds(&within, 5, 9));
        assert!(holds(&within, 9, 10));
        // One of two branches writes what both go on to read.
        let joined = [
            LocalGet(0),
            LocalSet(1),
            LocalGet(0),
            If(BlockType::Empty),
            I32Const(3),
            LocalSet(1),
            End,
            LocalGet(1),
            Drop,
            End,
        ];
        assert!(holds(&joined, 2, 7));
        // A parameter's local is given away by the only write to it.
        let given_away = [
            LocalGet(0),
            I32Const(1),
            I32Add,
            LocalSet(0),
            LocalGet(0),
            Drop,
            End,
        ];
        assert!(local_holds(0, &given_away, 0, 3));
        assert!(!local_holds(0, &given_away, 0, 4));
        // In the other branch there is only what was there at entry.
        let in_one_branch = [
            LocalGet(0),
            If(BlockType::Empty),
            I32Const(3),
            LocalSet(1),
            LocalGet(1),
            Drop,
            Else,
            Nop,
            End,
            End,
        ];
        assert!(holds(&in_one_branch, 4, 5));
        assert!(!holds(&in_one_branch, 4, 7));
        // What cannot be followed holds.
        let caught = [
            LocalGet(0),
            LocalSet(1),
            Try(BlockType::Empty),
            I32Const(3),
            LocalSet(1),
            End,
            LocalGet(0),
            Drop,
            End,
        ];
        assert!(holds(&caught, 2, 6));
    }
}
