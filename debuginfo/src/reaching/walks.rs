//! Random bodies, walked through at random: whatever write the local holds at an operator then is one that is said to
//! reach it.

use super::steps::Steps;
use super::{PASS_LIMIT, Question, Seen, Webs, Writes};
use crate::sections::ModuleMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use wasm_encoder::Instruction::{self, *};
use wasm_encoder::{BlockType, Catch as Clause, CodeSection, Function, FunctionSection, Module, TypeSection};

/// A small generator of numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 0
    }

    /// Operators in `depth` blocks. They need not be valid in any other way.
    fn operators(&mut self, depth: usize, out: &mut Vec<Instruction<'static>>) {
        let empty = BlockType::Empty;
        for _ in 0..self.below(6) {
            let label = self.below(depth + 1) as u32;
            let leaf = depth > 5 || self.below(3) > 0;
            match self.below(if leaf { 9 } else { 15 }) {
                0 | 1 => out.push(LocalSet(1)),
                2 => out.push(LocalGet(1)),
                3 | 4 => out.push(Call(0)),
                5 => out.push(BrIf(label)),
                6 if self.flip() => out.push(Br(label)),
                7 if self.flip() => out.push(Throw(0)),
                8 => out.push(BrTable(vec![label].into(), self.below(depth + 1) as u32)),
                9 => self.block(Block(empty), depth, out),
                10 => self.block(Loop(empty), depth, out),
                11 => {
                    out.push(If(empty));
                    self.operators(depth + 1, out);
                    if self.flip() {
                        out.push(Else);
                        self.operators(depth + 1, out);
                    }
                    out.push(End);
                }
                12 | 13 => {
                    out.push(Try(empty));
                    self.operators(depth + 1, out);
                    let mut caught = false;
                    for clause in [Catch(0), CatchAll] {
                        if self.flip() {
                            caught = true;
                            out.push(clause);
                            self.operators(depth + 1, out);
                        }
                    }
                    out.push(if caught || self.flip() {
                        End
                    } else {
                        Delegate(label)
                    });
                }
                14 => {
                    let mut clauses = Vec::new();
                    for _ in 0..self.below(3) {
                        let label = self.below(depth + 1) as u32;
                        clauses.push(match self.flip() {
                            true => Clause::One { tag: 0, label },
                            false => Clause::All { label },
                        });
                    }
                    self.block(TryTable(empty, clauses.into()), depth, out);
                }
                _ => {}
            }
        }
    }

    fn block(&mut self, start: Instruction<'static>, depth: usize, out: &mut Vec<Instruction<'static>>) {
        out.push(start);
        self.operators(depth + 1, out);
        out.push(End);
    }
}

/// A block of a body: where it starts, its clauses or other branch, and where it ends.
#[derive(Clone, Debug)]
struct Extent {
    start: usize,
    parts: Vec<usize>,
    end: usize,
}

fn extents(body: &[Instruction<'_>]) -> Vec<Option<Extent>> {
    let mut found: Vec<Option<Extent>> = vec![None; body.len()];
    let mut open: Vec<Extent> = Vec::new();
    for (at, operator) in body.iter().enumerate() {
        match operator {
            Block(_) | Loop(_) | If(_) | Try(_) | TryTable(..) => open.push(Extent {
                start: at,
                parts: Vec::new(),
                end: at,
            }),
            Else | Catch(_) | CatchAll => open.last_mut().unwrap().parts.push(at),
            End | Delegate(_) => {
                if let Some(block) = open.pop() {
                    let start = block.start;
                    found[start] = Some(Extent { end: at, ..block });
                }
            }
            _ => {}
        }
    }
    found
}

/// A walk through a body.
struct Walk<'a> {
    body: &'a [Instruction<'static>],
    extents: &'a [Option<Extent>],
    numbers: &'a mut Numbers,
    /// The blocks around, and whether one has come to its clauses.
    open: Vec<(usize, bool)>,
}

impl Walk<'_> {
    /// Goes through the body, and notes which write the local holds before each operator.
    fn go(&mut self, held: &mut [BTreeSet<usize>]) {
        let sets: Vec<usize> = (0..self.body.len())
            .filter(|&at| matches!(self.body[at], LocalSet(_)))
            .collect();
        let (mut next, mut write) = (Some(0), 0);
        for _ in 0..200 {
            let Some(at) = next.filter(|&at| at < self.body.len()) else {
                return;
            };
            held[at].insert(write);
            next = Some(at + 1);
            match &self.body[at] {
                LocalSet(_) => write = 1 + sets.binary_search(&at).unwrap(),
                Block(_) | Loop(_) | Try(_) | TryTable(..) => self.open.push((at, false)),
                If(_) => {
                    let block = self.extents[at].as_ref().unwrap();
                    let other = self.numbers.flip().then(|| block.parts.first().copied());
                    self.open.push((at, false));
                    match other {
                        None => {}
                        Some(Some(other)) => next = Some(other + 1),
                        // To the end, which closes it.
                        Some(None) => next = Some(block.end),
                    }
                }
                // What runs into another part is done with the block.
                Else | Catch(_) | CatchAll => {
                    let (start, _) = self.open.pop().unwrap();
                    next = Some(self.extents[start].as_ref().unwrap().end + 1);
                }
                End | Delegate(_) => {
                    self.open.pop();
                }
                Br(label) => next = self.branch(*label),
                BrIf(label) if self.numbers.flip() => next = self.branch(*label),
                BrTable(labels, label) => {
                    let label = if self.numbers.flip() { labels[0] } else { *label };
                    next = self.branch(label);
                }
                Throw(_) => next = self.raise(),
                Call(_) if self.numbers.below(3) == 0 => next = self.raise(),
                _ => {}
            }
        }
    }

    fn branch(&mut self, label: u32) -> Option<usize> {
        let at = self.open.len().checked_sub(1 + label as usize)?;
        let (start, _) = self.open[at];
        let repeats = matches!(self.body[start], Loop(_));
        self.open.truncate(if repeats { at + 1 } else { at });
        let end = self.extents[start].as_ref().unwrap().end;
        Some(if repeats { start + 1 } else { end + 1 })
    }

    fn raise(&mut self) -> Option<usize> {
        // Of one tag or another.
        let known = self.numbers.flip();
        while let Some((start, catching)) = self.open.pop() {
            let block = self.extents[start].as_ref().unwrap();
            match &self.body[start] {
                Try(_) if !catching => {
                    let takes = |&&at: &&usize| known || matches!(self.body[at], CatchAll);
                    if let Some(&clause) = block.parts.iter().find(takes) {
                        self.open.push((start, true));
                        return Some(clause + 1);
                    }
                    if let Delegate(label) = self.body[block.end] {
                        let left = self.open.len().checked_sub(label as usize)?;
                        self.open.truncate(left);
                    }
                }
                TryTable(_, clauses) => {
                    let label = clauses.iter().find_map(|clause| match *clause {
                        Clause::One { label, .. } => known.then_some(label),
                        Clause::All { label } => Some(label),
                        _ => None,
                    });
                    if let Some(label) = label {
                        return self.branch(label);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

/// A body as steps to an operator.
fn steps(map: &ModuleMap, at: u32) -> Steps {
    let question = Question {
        body: 0,
        local: 1,
        since: at,
        at,
    };
    let steps = Steps::read(map, question);
    assert!(steps.ended && steps.known);
    steps
}

/// The writes that are said to reach the operator.
fn reaching(steps: &Steps) -> Option<Writes> {
    let mut webs = Webs {
        parents: (0..=steps.writes).collect(),
        united: Writes::default(),
        headers: vec![None; steps.loops],
    };
    for _ in 0..PASS_LIMIT {
        let Seen { now, changed, .. } = webs.pass(steps).expect("a sound body");
        if !changed {
            return now;
        }
    }
    panic!("as many passes as loops in each other are enough");
}

#[test]
fn every_write_that_a_walk_leaves_reaches() {
    let mut numbers = Numbers(7);
    let (mut thrown, mut led) = (0, 0);
    for _ in 0..2000 {
        let mut body = Vec::new();
        while body.len() < 12 {
            numbers.operators(0, &mut body);
        }
        body.push(End);
        let (mut types, mut functions, mut code) =
            (TypeSection::new(), FunctionSection::new(), CodeSection::new());
        types.ty().function([], []);
        functions.function(0);
        let mut function = Function::new([(2, wasm_encoder::ValType::I32)]);
        body.iter().for_each(|operator| {
            function.instruction(operator);
        });
        code.function(&function);
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&code);
        let map = ModuleMap::read(Arc::from(module.finish()), &mut Vec::new());
        let operators = map.operators(0);
        assert_eq!(operators.len(), body.len());
        let extents = extents(&body);
        let mut held = vec![BTreeSet::new(); body.len()];
        for _ in 0..40 {
            Walk {
                body: &body,
                extents: &extents,
                numbers: &mut numbers,
                open: Vec::new(),
            }
            .go(&mut held);
        }
        for (at, held) in held.iter().enumerate() {
            // In another part than the first, what is before the operator of the part itself does not count.
            if held.is_empty() || matches!(body[at], End | Else | Catch(_) | CatchAll | Delegate(_)) {
                continue;
            }
            let steps = steps(&map, operators[at]);
            let said = reaching(&steps);
            let said: BTreeSet<usize> = said.iter().flat_map(Writes::members).collect();
            assert!(
                held.is_subset(&said),
                "{held:?} at {at}, said {said:?}: {body:#?}"
            );
            if steps.led_through[1] {
                assert!(!held.contains(&0), "{held:?} at {at}: {body:#?}");
                led += 1;
            }
            thrown += usize::from(at > 0 && matches!(body[at - 1], Catch(_) | CatchAll));
        }
    }
    assert!(thrown > 100 && led > 100, "{thrown} {led}");
}
