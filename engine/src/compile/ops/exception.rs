//! Throwing and catching.
//!
//! A `try` has no code of its own: nothing is done where nothing is thrown. What throws traps, with the operands where
//! the frame map says they are; the runtime finds the clause that catches in the [`Handlers`](super::super::handlers),
//! puts what it takes into the canonical slots of its label and goes on there, with homes as they are in that frame.
//!
//! Must not know: how frames are found and given up.

use super::super::compiler::{Compiler, ControlKind, Pad};
use super::super::handlers::{Clause, Thrown};
use super::super::masm::Masm;
use crate::error::TrapKind;
use wasmparser::{BlockType, Catch, TryTable};

impl<'a, M: Masm> Compiler<'a, M> {
    /// The `try` in whose body the operator at hand lies.
    pub fn covering(&self) -> Option<u32> {
        self.control.last().and_then(|control| control.covered)
    }

    pub fn throw(&mut self, tag: u32) {
        self.throws(Thrown::New(tag));
    }

    pub fn throw_ref(&mut self) {
        self.throws(Thrown::Referred);
    }

    /// Of the arm so many constructs out.
    pub fn rethrow(&mut self, depth: u32) {
        let level = self.control.len().checked_sub(1 + depth as usize);
        let kind = level.and_then(|level| self.control.get(level)).map(|c| c.kind);
        let (Some(level), Some(ControlKind::Arm(clause))) = (level, kind) else {
            self.broken = Some("an exception thrown again outside of an arm");
            return;
        };
        self.handlers.keep(clause, level as u32);
        self.throws(Thrown::Caught(level as u32));
    }

    fn throws(&mut self, thrown: Thrown) {
        self.settle();
        let label = self.trap_exit(TrapKind::UncaughtException, Some(thrown));
        self.masm.jump(label);
        self.reachable = false;
    }

    pub fn try_table(&mut self, try_table: &TryTable) {
        let ty = self.block_type(try_table.ty);
        self.flush(0);
        let covering = self.covering();
        let number = self.handlers.open(self.at, covering);
        for catch in &try_table.catches {
            self.clause(number, catch);
        }
        self.open(ControlKind::TryTable(number), ty, None);
        self.cover(Some(number));
    }

    /// A clause that branches.
    fn clause(&mut self, number: u32, catch: &Catch) {
        let (tag, with_reference, depth) = match *catch {
            Catch::One { tag, label } => (Some(tag), false, label),
            Catch::OneRef { tag, label } => (Some(tag), true, label),
            Catch::All { label } => (None, false, label),
            Catch::AllRef { label } => (None, true, label),
        };
        let Some(index) = self.control.len().checked_sub(1 + depth as usize) else {
            self.broken = Some("a clause of no label");
            return;
        };
        let Some(target) = self.control.get_mut(index) else {
            return;
        };
        target.branched = true;
        let (height, to) = (
            target.height,
            (target.kind != ControlKind::Func).then_some(target.label),
        );
        let top = self.first_free_slot(height);
        let clause = Clause {
            tag,
            with_values: tag.is_some(),
            with_reference,
            keeps: None,
            native: 0,
            top,
        };
        if let Some(clause) = self.handlers.add_clause(number, clause) {
            self.pads.push(Pad { clause, to });
        }
    }

    /// The slot of a value of 8 bytes that lies upon so many entries.
    fn first_free_slot(&self, height: usize) -> i32 {
        self.first_slot - 8 * self.stack.words_below(height) as i32
    }

    /// Says which `try` covers the control frame just opened.
    fn cover(&mut self, number: Option<u32>) {
        if let Some(control) = self.control.last_mut() {
            control.covered = number;
        }
    }

    pub fn try_(&mut self, ty: BlockType) {
        let ty = self.block_type(ty);
        self.flush(0);
        let covering = self.covering();
        let number = self.handlers.open(self.at, covering);
        self.open(ControlKind::Try(number), ty, None);
        self.cover(Some(number));
    }

    /// Begins an arm, for a tag or for everything.
    pub fn catch(&mut self, tag: Option<u32>) {
        let Some(mut control) = self.control.pop() else {
            return;
        };
        self.leave_arm(&mut control);
        let number = match control.kind {
            ControlKind::Try(number) => {
                self.handlers.end_body(number, self.at);
                number
            }
            ControlKind::Arm(clause) => clause.of(),
            _ => {
                self.broken = Some("an arm of no try");
                return;
            }
        };
        let module = self.module;
        let values = tag
            .and_then(|tag| module.tags.get(tag as usize))
            .and_then(|&ty| module.types.get(ty as usize))
            .map_or(&[][..], |ty| &ty.params);
        self.restore_stack(control.height, values);
        let clause = Clause {
            tag,
            with_values: tag.is_some(),
            with_reference: false,
            keeps: None,
            native: self.masm.offset(),
            top: self.first_free_slot(control.height),
        };
        self.reachable = true;
        self.known.forget();
        if let Some(clause) = self.handlers.add_clause(number, clause) {
            control.kind = ControlKind::Arm(clause);
        }
        control.covered = self.covering();
        self.control.push(control);
    }

    /// Ends an old `try` whose exceptions are as if thrown at a label so many constructs out.
    pub fn delegate(&mut self, depth: u32) {
        if let Some(ControlKind::Try(number)) = self.control.last().map(|control| control.kind) {
            let index = self.control.len().checked_sub(2 + depth as usize);
            let next = index
                .and_then(|index| self.control.get(index))
                .and_then(|control| control.covered);
            self.handlers.delegate(number, next);
        }
        self.end();
    }

    /// Emits, out of line, what leads from the runtime to the labels of clauses.
    pub fn emit_pads(&mut self) {
        let mut returning = None;
        for Pad { clause, to } in std::mem::take(&mut self.pads) {
            let native = match (to, returning) {
                (None, Some(native)) => native,
                _ => self.masm.offset(),
            };
            self.handlers.lands_at(clause, native);
            match to {
                Some(label) => self.masm.jump(label),
                None if returning.is_some() => {}
                None => {
                    returning = Some(native);
                    self.return_what_was_caught();
                }
            }
        }
    }

    /// Returns values that lie in the lowest slots.
    fn return_what_was_caught(&mut self) {
        let results = self.own_results;
        self.restore_stack(0, results);
        self.known.forget();
        self.leave();
    }
}
