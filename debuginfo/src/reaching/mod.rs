//! Reaching definitions: whether a WebAssembly local still holds the value that it held at another operator; and whether a
//! place on the operand stack does ([`operands`]).
//!
//! Optimizing compilers give one local to several values whose lives do not overlap, and go on saying that the first is
//! there. What a program writes to a local and what it reads from it tell them apart: writes that one read can see make
//! one value (a counter, and the counter increased), others do not. The writes of one such value are a *web*, as
//! compilers call them.
//!
//! # Invariants
//! - All ways are followed that the structure of a body allows, those of exceptions too: from every call and throw in a
//!   block to what catches them there.
//! - Where a body cannot be followed to its end (broken, stack switching, too much of it) the answer is that it is not
//!   known, unless both operators come behind the local's only write, in the block that this lies in.
//! - What is done is bounded: by the writes that are told apart, by the steps of a body and the passes over them and, for
//!   those who ask, by what they allow.
//!
//! # What cannot be told
//! - Whether a write that no read joins to those before is another variable or a new value of the same: it counts as
//!   another.
//! - Whether a read that sees two writes can do so in a run of the program: they count as one value.
//! - What becomes of values in memory and in globals is not followed.
//!
//! Must not know: DWARF, variables, the live guest.

mod operands;
mod steps;
#[cfg(test)]
mod walks;

use crate::sections::ModuleMap;
use std::cell::Cell;
use steps::{Labels, Step, Steps};

pub(crate) use operands::holds_since as operand_holds_since;
pub(crate) use steps::writes_to;

/// Writes to one local that are told apart.
const WRITE_LIMIT: usize = 4096;
/// Words of the sets of writes that reach the heads of loops.
const HEADER_LIMIT: usize = 1 << 20;
/// Passes over a body; each carries writes around loops once more.
const PASS_LIMIT: usize = 64;
/// Blocks inside each other.
const DEPTH_LIMIT: usize = 4096;

/// A local of a function body, and two operators of that: at the first it held the value that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub body: usize,
    pub local: u32,
    pub since: u32,
    pub at: u32,
}

/// What a local holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// The value that it held before, or what became of that.
    Same,
    /// Another one.
    Other,
    /// It cannot be told.
    Unknown,
}

/// What a local holds before the operator at `at`, in terms of what it held before the one at `since`. `None` if nothing
/// is `left` of the bytes and steps that may be gone over.
pub(crate) fn held(map: &ModuleMap, question: Question, left: &Cell<u64>) -> Option<Held> {
    if question.at == question.since {
        return Some(Held::Same);
    }
    let spend = |work: u64| {
        left.set(left.get().checked_sub(work)?);
        Some(())
    };
    let body = map.bodies.get(question.body);
    spend(body.map_or(0, |body| body.end.saturating_sub(body.start)))?;
    let steps = Steps::read(map, question);
    if steps.ended && (steps.writes == 0 || steps.writes == 1 && steps.led_through == [true; 2]) {
        return Some(Held::Same);
    }
    let words = steps.writes / 64 + 1;
    if !steps.ended
        || !steps.known
        || steps.writes > WRITE_LIMIT
        || steps.loops.saturating_mul(words) > HEADER_LIMIT
    {
        return Some(Held::Unknown);
    }
    let mut webs = Webs {
        parents: (0..=steps.writes).collect(),
        united: Writes::default(),
        headers: vec![None; steps.loops],
    };
    for _ in 0..PASS_LIMIT {
        let work = steps.all.len().saturating_add(steps.labels.len());
        spend(work.saturating_mul(words) as u64)?;
        match webs.pass(&steps) {
            None => return Some(Held::Unknown),
            Some(Seen { changed: true, .. }) => {}
            Some(Seen { then, now, .. }) => {
                let (Some(then), Some(now)) = (then, now) else {
                    return Some(Held::Unknown);
                };
                return Some(match webs.is_same(&then, &now) {
                    true => Held::Same,
                    false => Held::Other,
                });
            }
        }
    }
    Some(Held::Unknown)
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

/// A block that is open, with the writes that reach its end by branches.
enum Open {
    Block {
        end: Option<Writes>,
    },
    /// By its position among the loops.
    Loop(usize),
    /// With what reaches the other branch, as long as none has begun.
    If {
        end: Option<Writes>,
        other: Option<Writes>,
    },
    /// With what exceptions bring, and whether a clause takes all of them.
    Try {
        end: Option<Writes>,
        thrown: Option<Writes>,
        all: bool,
    },
    TryTable {
        end: Option<Writes>,
        thrown: Option<Writes>,
        labels: Labels,
        all: bool,
    },
}

/// What a pass over a body found.
#[derive(Default)]
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

    /// Whether what the second writes put into the local is what the first did.
    fn is_same(&mut self, then: &Writes, now: &Writes) -> bool {
        let known: Vec<usize> = then.members().map(|write| self.root(write)).collect();
        let is_known = |webs: &mut Webs, write| known.contains(&webs.root(write));
        // What the local held at entry is no value of a variable where others come there, too, unless something reads
        // it.
        let mut others = now.members().filter(|&write| write != 0).peekable();
        match others.peek() {
            Some(_) => others.all(|write| is_known(self, write)),
            None => is_known(self, 0),
        }
    }

    /// Follows the writes once through a body; `None` if that cannot be done.
    fn pass(&mut self, steps: &Steps) -> Option<Seen> {
        let mut seen = Seen::default();
        let mut state = Some(Writes::of(0));
        let (mut writes, mut loops) = (0usize, 0usize);
        let mut open: Vec<Open> = Vec::new();
        // Positions in it of blocks that catch what is thrown here.
        let mut catching: Vec<usize> = Vec::new();
        for (position, &step) in steps.all.iter().enumerate() {
            // Nothing is at a place that nothing leads to: the next one counts.
            if position >= steps.then && seen.then.is_none() {
                seen.then.clone_from(&state);
            }
            if position == steps.now {
                seen.now.clone_from(&state);
            }
            if open.len() >= DEPTH_LIMIT {
                return None;
            }
            match step {
                Step::Read => {
                    if let Some(state) = &state {
                        self.unite(state);
                    }
                }
                Step::Write => {
                    writes = writes.saturating_add(1);
                    state = state.take().map(|_| Writes::of(writes));
                }
                Step::Block => open.push(Open::Block { end: None }),
                Step::Loop => {
                    if let Some(header) = self.headers.get_mut(loops) {
                        join(header, state.as_ref());
                        state.clone_from(header);
                    }
                    open.push(Open::Loop(loops));
                    loops = loops.saturating_add(1);
                }
                Step::If => open.push(Open::If {
                    end: None,
                    other: state.clone(),
                }),
                Step::Else => match open.last_mut() {
                    Some(Open::If { end, other }) => {
                        join(end, state.as_ref());
                        state = other.take();
                    }
                    _ => return None,
                },
                Step::Try => {
                    catching.push(open.len());
                    open.push(Open::Try {
                        end: None,
                        thrown: None,
                        all: false,
                    });
                }
                Step::Catch(takes_all) => match open.last_mut() {
                    Some(Open::Try { end, thrown, all }) => {
                        join(end, state.as_ref());
                        state.clone_from(thrown);
                        *all |= takes_all;
                        catching.pop_if(|&mut at| at.checked_add(1) == Some(open.len()));
                    }
                    _ => return None,
                },
                Step::Delegate(depth) => match open.pop() {
                    Some(Open::Try { end, thrown, .. }) => {
                        join(&mut state, end.as_ref());
                        catching.pop_if(|&mut at| at == open.len());
                        let around = open.len().saturating_sub(depth as usize);
                        let outer = catching.partition_point(|&at| at < around);
                        raise(&mut open, catching.get(..outer), thrown.as_ref());
                    }
                    _ => return None,
                },
                Step::TryTable(labels, all) => {
                    catching.push(open.len());
                    open.push(Open::TryTable {
                        end: None,
                        thrown: None,
                        labels,
                        all,
                    });
                }
                Step::End => match open.pop() {
                    Some(Open::Block { end }) => {
                        join(&mut state, end.as_ref());
                    }
                    Some(Open::If { end, other }) => {
                        join(&mut state, end.as_ref());
                        join(&mut state, other.as_ref());
                    }
                    Some(Open::Loop(_)) => {}
                    Some(Open::Try { end, thrown, all }) => {
                        join(&mut state, end.as_ref());
                        catching.pop_if(|&mut at| at == open.len());
                        if !all {
                            raise(&mut open, Some(&catching), thrown.as_ref());
                        }
                    }
                    Some(Open::TryTable {
                        end,
                        thrown,
                        labels,
                        all,
                    }) => {
                        join(&mut state, end.as_ref());
                        catching.pop();
                        for &label in steps.labels(labels) {
                            seen.changed |= self.jump(&mut open, label, thrown.as_ref());
                        }
                        if !all {
                            raise(&mut open, Some(&catching), thrown.as_ref());
                        }
                    }
                    // The function's own.
                    None => return Some(seen),
                },
                Step::Jump(depth) => {
                    seen.changed |= self.jump(&mut open, depth, state.take().as_ref());
                }
                Step::JumpIf(depth) => {
                    seen.changed |= self.jump(&mut open, depth, state.as_ref());
                }
                Step::JumpTo(labels) => {
                    let state = state.take();
                    for &label in steps.labels(labels) {
                        seen.changed |= self.jump(&mut open, label, state.as_ref());
                    }
                }
                Step::Call => raise(&mut open, Some(&catching), state.as_ref()),
                Step::Throw => raise(&mut open, Some(&catching), state.take().as_ref()),
                Step::Leave => state = None,
            }
        }
        None
    }

    /// Carries writes to where a branch leads; whether more come around a loop.
    fn jump(&mut self, open: &mut [Open], depth: u32, state: Option<&Writes>) -> bool {
        let at = open
            .len()
            .checked_sub(usize::try_from(depth).unwrap_or(usize::MAX).saturating_add(1));
        match at.and_then(|at| open.get_mut(at)) {
            Some(
                Open::Block { end }
                | Open::If { end, .. }
                | Open::Try { end, .. }
                | Open::TryTable { end, .. },
            ) => {
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

/// Carries writes to the innermost of the blocks that catch; what that does not take goes on at its end.
fn raise(open: &mut [Open], catching: Option<&[usize]>, state: Option<&Writes>) {
    let innermost = catching.and_then(<[usize]>::last);
    if let Some(Open::Try { thrown, .. } | Open::TryTable { thrown, .. }) =
        innermost.and_then(|&at| open.get_mut(at))
    {
        join(thrown, state);
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
        local_held(1, body, since, at) == Held::Same
    }

    fn local_held(local: u32, body: &[Instruction<'_>], since: usize, at: usize) -> Held {
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
        let question = Question {
            body: 0,
            local,
            since: operators[since],
            at: operators[at],
        };
        if since != at {
            assert_eq!(held(&map, question, &Cell::new(0)), None);
        }
        held(&map, question, &Cell::new(1 << 30)).expect("enough")
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
        assert_eq!(local_held(0, &given_away, 0, 3), Held::Same);
        assert_eq!(local_held(0, &given_away, 0, 4), Held::Other);
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
    }

    /// A local that is 1 before a block that catches, 2 and then 3 in it; the handler reads it only if told so.
    fn caught(call: bool, reads: bool) -> [Vec<Instruction<'static>>; 2] {
        use Instruction::*;
        let throws = if call { Call(0) } else { Nop };
        let set = |value| [I32Const(value), LocalSet(1)];
        let body = [
            &set(2)[..],
            &[LocalGet(0), throws.clone()],
            &set(3),
            &[LocalGet(0), throws],
        ];
        let read = match reads {
            true => [LocalGet(1), Drop],
            false => [Nop, Nop],
        };
        let old = [
            &set(1)[..],
            &[Try(BlockType::Empty)],
            &body.concat(),
            &[CatchAll],
            &read,
            &[End, End],
        ];
        let catches = std::borrow::Cow::Borrowed(&[wasm_encoder::Catch::All { label: 0 }][..]);
        let new = [
            &set(1)[..],
            &[Block(BlockType::Empty), TryTable(BlockType::Empty, catches)],
            &body.concat(),
            &[Return, End, Unreachable, End],
            &read,
            &[End],
        ];
        [old.concat(), new.concat()]
    }

    #[test]
    fn exceptions_lead_from_calls_to_handlers() {
        for (operators, handler, second, third) in [(0, 12, 5, 9), (1, 16, 6, 10)] {
            let of = |call, reads| caught(call, reads)[operators].clone();
            let asked = |call, reads, since, at| local_held(1, &of(call, reads), since, at);
            // Each of the calls may throw, so the handler sees either write, and not the one before them.
            assert_eq!(asked(true, false, 2, handler), Held::Other);
            assert_eq!(asked(true, false, second, handler), Held::Other);
            assert_eq!(asked(true, false, third, handler), Held::Other);
            // If it reads the local, the two are one value.
            assert_eq!(asked(true, true, second, handler), Held::Same);
            assert_eq!(asked(true, true, third, handler), Held::Same);
            assert_eq!(asked(true, true, 2, handler), Held::Other);
            // Nothing throws, so nothing is known of the handler.
            assert_eq!(asked(false, true, second, handler), Held::Unknown);
        }
    }

    #[test]
    fn exceptions_go_on_where_they_are_not_taken() {
        use Instruction::*;
        // Set to 1, then in the inner block to 2, where a call throws what only the outer block takes.
        let within = |end: &[Instruction<'static>]| {
            let start = [
                I32Const(1),
                LocalSet(1),
                Try(BlockType::Empty),
                Block(BlockType::Empty),
                Try(BlockType::Empty),
                I32Const(2),
                LocalSet(1),
                LocalGet(0),
                Call(0),
            ];
            let rest = [End, Return, CatchAll, Nop, End, End];
            [&start[..], end, &rest].concat()
        };
        let at_handler = |end: &[Instruction<'static>], since| {
            let body = within(end);
            let at = body.len() - 3;
            local_held(1, &body, since, at)
        };
        for end in [&[Catch(0), End][..], &[Delegate(1)], &[Delegate(0)]] {
            assert_eq!(at_handler(end, 2), Held::Other);
            assert_eq!(at_handler(end, 7), Held::Same);
        }
        // Taken within, thrown again there, or left to the caller.
        assert_eq!(at_handler(&[CatchAll, End], 7), Held::Unknown);
        assert_eq!(at_handler(&[CatchAll, Rethrow(0), End], 7), Held::Same);
        assert_eq!(at_handler(&[Delegate(2)], 7), Held::Unknown);
    }

    #[test]
    fn too_much_is_not_known() {
        use Instruction::*;
        let write = [I32Const(9), LocalSet(1)];
        let repeat = |operators: &[Instruction<'static>], count| {
            let copies = std::iter::repeat_n(operators, count);
            copies.flatten().cloned().collect::<Vec<_>>()
        };
        let many = |count| [repeat(&write, count), vec![Nop, Nop, End]].concat();
        let two = many(2);
        assert_eq!(local_held(1, &two, 4, 5), Held::Same);
        assert_eq!(local_held(1, &two, 2, 5), Held::Other);
        let count = WRITE_LIMIT + 1;
        assert_eq!(
            local_held(1, &many(count), count * 2, count * 2 + 1),
            Held::Unknown
        );
        // One write is told from none, however long the body.
        let blocks = repeat(&[Block(BlockType::Empty), End], steps::STEP_LIMIT);
        let long = [write.to_vec(), blocks, vec![End]].concat();
        assert_eq!(local_held(1, &long, 2, long.len() - 1), Held::Same);
        assert_eq!(local_held(0, &long, 2, long.len() - 1), Held::Same);
        assert_eq!(local_held(1, &long, 0, long.len() - 1), Held::Unknown);
    }
}
