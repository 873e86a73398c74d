//! The virtual operand stack: what each entry is and where, known at compile time.
//!
//! # Invariants
//! - A temporary register holds at most one entry.
//! - An entry in a slot is in the canonical slot of its index, nowhere else.
//! - `unchanged` entries at the bottom are as they were when it was last asked.
//! - `flushed` entries at the bottom are constants or in their slots.
//!
//! Must not know: how code is emitted.

use super::frame_map::{Loc, Operand};
use super::regs::{Gpr, Xmm};
use crate::types::ValType;

/// The stack.
#[derive(Debug, Default)]
pub struct ValueStack {
    entries: Vec<Operand>,
    gprs: [Option<u32>; 16],
    xmms: [Option<u32>; 16],
    /// Entries that stand for each local.
    aliases: Vec<u32>,
    unchanged: usize,
    flushed: usize,
    max: usize,
}

impl ValueStack {
    /// An empty stack of a function with so many locals.
    pub fn new(locals: usize) -> ValueStack {
        ValueStack {
            aliases: vec![0; locals],
            ..ValueStack::default()
        }
    }

    /// Its height.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The greatest height it had.
    pub fn max(&self) -> usize {
        self.max
    }

    /// All entries, bottom first.
    pub fn entries(&self) -> &[Operand] {
        &self.entries
    }

    /// How many entries at the bottom are as at the last call.
    pub fn take_unchanged(&mut self) -> usize {
        std::mem::replace(&mut self.unchanged, self.entries.len())
    }

    /// How many entries at the bottom are as they were at the last call of [`ValueStack::take_unchanged`].
    pub fn unchanged(&self) -> usize {
        self.unchanged
    }

    /// How many entries at the bottom are known to be constants or in their slots.
    pub fn flushed(&self) -> usize {
        self.flushed
    }

    /// Says that all entries are constants or in their slots.
    pub fn all_flushed(&mut self) {
        self.flushed = self.entries.len();
    }

    /// Pushes.
    pub fn push(&mut self, ty: ValType, loc: Loc) {
        let index = self.entries.len();
        self.hold(index, loc);
        self.entries.push(Operand { ty, loc });
        self.max = self.max.max(self.entries.len());
    }

    /// Pops; `None` only if the module were not valid.
    pub fn pop(&mut self) -> Option<Operand> {
        let entry = self.entries.pop()?;
        self.release(entry.loc);
        self.unchanged = self.unchanged.min(self.entries.len());
        self.flushed = self.flushed.min(self.entries.len());
        Some(entry)
    }

    /// Drops entries down to a height.
    pub fn truncate(&mut self, height: usize) {
        while self.entries.len() > height {
            self.pop();
        }
    }

    /// The entry at an index.
    pub fn get(&self, index: usize) -> Option<Operand> {
        self.entries.get(index).copied()
    }

    /// Says that an entry has been moved.
    pub fn relocate(&mut self, index: usize, loc: Loc) {
        let Some(old) = self.entries.get(index).map(|entry| entry.loc) else {
            return;
        };
        self.release(old);
        self.hold(index, loc);
        if let Some(entry) = self.entries.get_mut(index) {
            entry.loc = loc;
        }
        self.unchanged = self.unchanged.min(index);
        if !matches!(loc, Loc::Const(_) | Loc::Slot(_)) {
            self.flushed = self.flushed.min(index);
        }
    }

    /// The entry in an integer register.
    pub fn in_gpr(&self, reg: Gpr) -> Option<usize> {
        self.gprs
            .get(usize::from(reg.0))
            .copied()
            .flatten()
            .map(|index| index as usize)
    }

    /// The entry in a vector register.
    pub fn in_xmm(&self, reg: Xmm) -> Option<usize> {
        self.xmms
            .get(usize::from(reg.0))
            .copied()
            .flatten()
            .map(|index| index as usize)
    }

    /// How many entries stand for a local.
    pub fn aliases(&self, local: u32) -> u32 {
        self.aliases.get(local as usize).copied().unwrap_or(0)
    }

    fn hold(&mut self, index: usize, loc: Loc) {
        match loc {
            Loc::Gpr(reg) => self.gprs[usize::from(reg & 15)] = Some(index as u32),
            Loc::Xmm(reg) => self.xmms[usize::from(reg & 15)] = Some(index as u32),
            Loc::Local(local) => {
                if let Some(count) = self.aliases.get_mut(local as usize) {
                    *count += 1;
                }
            }
            Loc::Const(_) | Loc::Slot(_) | Loc::Flags(_) => {}
        }
    }

    fn release(&mut self, loc: Loc) {
        match loc {
            Loc::Gpr(reg) => self.gprs[usize::from(reg & 15)] = None,
            Loc::Xmm(reg) => self.xmms[usize::from(reg & 15)] = None,
            Loc::Local(local) => {
                if let Some(count) = self.aliases.get_mut(local as usize) {
                    *count -= 1;
                }
            }
            Loc::Const(_) | Loc::Slot(_) | Loc::Flags(_) => {}
        }
    }
}
