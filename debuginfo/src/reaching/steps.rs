//! A function body as steps: what its operators are to one local, and where they lead.
//!
//! # Invariants
//! - An operator is a step if it reads or writes the local, or if another than the next may come after it; calls only
//!   behind the first block that catches exceptions.
//! - The steps of a body have a limit. Its writes are counted to the end.
//!
//! Must not know: which values the writes make.

use super::Question;
use crate::sections::ModuleMap;
use wasmparser::{Catch, Operator};

/// Steps of one body.
pub(super) const STEP_LIMIT: usize = 1 << 20;

/// Whether an operator writes to a local.
pub(crate) fn writes_to(operator: &Operator<'_>, local: u32) -> bool {
    matches!(operator, Operator::LocalSet { local_index } | Operator::LocalTee { local_index } if *local_index == local)
}

/// What an operator is to one local: a read or write, or where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Read,
    Write,
    Block,
    Loop,
    If,
    Else,
    /// A block that catches by clauses of its own, and one of them: whether it takes every exception.
    Try,
    Catch(bool),
    /// The end of such a block that leaves its exceptions to one around it.
    Delegate(u32),
    /// A block of which exceptions lead to these labels: whether one takes every exception.
    TryTable(Labels, bool),
    End,
    Jump(u32),
    JumpIf(u32),
    JumpTo(Labels),
    /// Goes on, or ends in an exception.
    Call,
    Throw,
    /// Does not go on.
    Leave,
}

/// A range of [`Steps::labels`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Labels {
    start: u32,
    len: u32,
}

/// A body, as far as one local is concerned.
#[derive(Debug, Default)]
pub(super) struct Steps {
    pub all: Vec<Step>,
    /// Labels of branches with several, and of clauses that catch.
    pub labels: Vec<u32>,
    /// Writes to the local, and whether every way to the two operators leads through the first of them.
    pub writes: usize,
    pub led_through: [bool; 2],
    pub loops: usize,
    /// The first steps that are not before the two operators.
    pub then: usize,
    pub now: usize,
    /// Whether the whole body was read, and all its steps are here, each of a kind that is known.
    pub ended: bool,
    pub known: bool,
}

impl Steps {
    pub fn read(map: &ModuleMap, question: Question) -> Steps {
        let mut steps = Steps::default();
        let end = map.bodies.get(question.body).map(|body| body.end);
        steps.known = true;
        let mut catches = false;
        // How deep in blocks this is, and the first write, as long as its block is open.
        let (mut depth, mut written) = (0usize, None);
        map.each_operator(question.body, |offset, operator| {
            // Of what comes behind it only the number of writes counts.
            let full = steps.all.len() >= STEP_LIMIT || steps.labels.len() >= STEP_LIMIT;
            steps.known &= !full;
            if offset <= question.at {
                steps.now = steps.all.len();
            }
            for (led_through, place) in steps.led_through.iter_mut().zip([question.since, question.at]) {
                if offset <= place {
                    *led_through = written.is_some();
                }
            }
            let step = match full {
                true => Ok(None),
                false => steps.step(operator, question.local),
            };
            match operator {
                Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::Try { .. }
                | Operator::TryTable { .. } => depth = depth.saturating_add(1),
                Operator::Else | Operator::Catch { .. } | Operator::CatchAll => {
                    written = written.filter(|&at| at < depth);
                }
                Operator::End | Operator::Delegate { .. } => {
                    depth = depth.saturating_sub(1);
                    written = written.filter(|&at| at <= depth);
                }
                operator if writes_to(operator, question.local) => {
                    if steps.writes == 0 {
                        written = Some(depth);
                    }
                    steps.writes = steps.writes.saturating_add(1);
                }
                _ => {}
            }
            steps.ended = matches!(operator, Operator::End) && end == u64::from(offset).checked_add(1);
            match step {
                Ok(None) => {}
                // Calls count where something may catch.
                Ok(Some(Step::Call)) if !catches => {}
                Ok(Some(step)) => {
                    catches |= matches!(step, Step::Try | Step::TryTable(..));
                    steps.loops = steps.loops.saturating_add(usize::from(step == Step::Loop));
                    steps.all.push(step);
                }
                Err(()) => steps.known = false,
            }
            if offset < question.since {
                steps.then = steps.all.len();
            }
            true
        });
        steps
    }

    /// The step that an operator is, if it is one; an error for one whose ways are not known.
    fn step(&mut self, operator: &Operator<'_>, local: u32) -> Result<Option<Step>, ()> {
        Ok(Some(match operator {
            Operator::LocalGet { local_index } if *local_index == local => Step::Read,
            operator if writes_to(operator, local) => Step::Write,
            Operator::Block { .. } => Step::Block,
            Operator::Loop { .. } => Step::Loop,
            Operator::If { .. } => Step::If,
            Operator::Else => Step::Else,
            Operator::End => Step::End,
            Operator::Try { .. } => Step::Try,
            Operator::Catch { .. } => Step::Catch(false),
            Operator::CatchAll => Step::Catch(true),
            Operator::Delegate { relative_depth } => Step::Delegate(*relative_depth),
            Operator::TryTable { try_table } => {
                let label = |catch: &Catch| match *catch {
                    Catch::One { label, .. }
                    | Catch::OneRef { label, .. }
                    | Catch::All { label }
                    | Catch::AllRef { label } => label,
                };
                let all = |catch: &Catch| matches!(catch, Catch::All { .. } | Catch::AllRef { .. });
                let labels = self.label(try_table.catches.iter().map(label))?;
                Step::TryTable(labels, try_table.catches.iter().any(all))
            }
            Operator::Br { relative_depth } => Step::Jump(*relative_depth),
            Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. }
            | Operator::BrOnCastDescEq { relative_depth, .. }
            | Operator::BrOnCastDescEqFail { relative_depth, .. } => Step::JumpIf(*relative_depth),
            Operator::BrTable { targets } => {
                let all = targets.targets().chain([Ok(targets.default())]);
                Step::JumpTo(self.label(all.flatten())?)
            }
            Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::Suspend { .. } => Step::Call,
            Operator::Throw { .. } | Operator::ThrowRef | Operator::Rethrow { .. } => Step::Throw,
            Operator::Return
            | Operator::Unreachable
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. } => Step::Leave,
            Operator::Resume { .. }
            | Operator::ResumeThrow { .. }
            | Operator::ResumeThrowRef { .. }
            | Operator::Switch { .. } => return Err(()),
            _ => return Ok(None),
        }))
    }

    fn label(&mut self, labels: impl Iterator<Item = u32>) -> Result<Labels, ()> {
        let start = u32::try_from(self.labels.len()).map_err(drop)?;
        self.labels.extend(labels);
        let end = u32::try_from(self.labels.len()).map_err(drop)?;
        let len = end.saturating_sub(start);
        Ok(Labels { start, len })
    }

    pub fn labels(&self, labels: Labels) -> &[u32] {
        let start = labels.start as usize;
        let labels = self.labels.get(start..start.saturating_add(labels.len as usize));
        labels.unwrap_or(&[])
    }
}
