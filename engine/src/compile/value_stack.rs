//! The virtual operand stack: what each entry is and where, known at compile time.
//!
//! # Invariants
//! - A temporary register holds at most one entry.
//! - An entry in a slot is in its canonical slot, nowhere else. Slots lie one upon the other like the entries; a
//!   vector's takes two words of 8 bytes.
//! - `unchanged` entries at the bottom were there when it was last asked; those of them that have been moved since
//!   are in `moved`.
//!
//! Must not know: how code is emitted.

use super::frame_map::{Loc, Operand};
use super::regs::{Gpr, Xmm};
use crate::layout::slot_len_bytes;
use crate::types::ValType;

/// Words of 8 bytes that a value of a type takes.
pub fn slot_words(ty: ValType) -> u32 {
    slot_len_bytes(ty) / 8
}

/// No entry.
const NONE: u32 = u32::MAX;

/// An entry with what the stack knows of it.
#[derive(Clone, Copy, Debug)]
struct Entry {
    operand: Operand,
    /// Words below its slot.
    start: u32,
    /// The entries before and behind it that stand for the same local, if it stands for one.
    before: u32,
    behind: u32,
}

/// The stack.
#[derive(Debug, Default)]
pub struct ValueStack {
    entries: Vec<Entry>,
    /// Words of all slots.
    words: u32,
    gprs: [Option<u32>; 16],
    xmms: [Option<u32>; 16],
    /// For each local the last entry that stands for it.
    last_alias: Vec<u32>,
    /// So many entries at the bottom are constants or in their slots.
    settled: usize,
    unchanged: usize,
    moved: Vec<u32>,
    max_words: u32,
}

impl ValueStack {
    /// An empty stack of a function with so many locals.
    pub fn new(locals: usize) -> ValueStack {
        ValueStack {
            last_alias: vec![NONE; locals],
            ..ValueStack::default()
        }
    }

    /// Its height.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The most words its slots had.
    pub fn max_words(&self) -> u32 {
        self.max_words
    }

    /// How many words lie below the slot of the entry at an index, or of the next one to be pushed.
    pub fn words_below(&self, index: usize) -> u32 {
        self.entries.get(index).map_or(self.words, |entry| entry.start)
    }

    /// The entries from an index up.
    pub fn entries_from(&self, index: usize) -> impl Iterator<Item = &Operand> {
        let entries = self.entries.get(index..).unwrap_or_default();
        entries.iter().map(|entry| &entry.operand)
    }

    /// How many entries at the bottom were there when this was asked last. From now on all are.
    pub fn take_unchanged(&mut self) -> usize {
        std::mem::replace(&mut self.unchanged, self.entries.len())
    }

    /// Whether entries that were there then have been moved since.
    pub fn any_moved(&self) -> bool {
        !self.moved.is_empty()
    }

    /// Those that have been moved since this was asked last, if they are below a height: with their indices.
    pub fn take_moved(&mut self, height: usize) -> impl Iterator<Item = (u32, &Operand)> {
        let entries = self.entries.get(..height).unwrap_or_default();
        let moved = self.moved.drain(..);
        moved.filter_map(|index| Some((index, &entries.get(index as usize)?.operand)))
    }

    /// Pushes.
    // Inline, so that the place is written where it stays: reading a value that was just written in parts is slow.
    #[inline(always)]
    pub fn push(&mut self, ty: ValType, loc: Loc) {
        let index = self.entries.len();
        self.entries.push(Entry {
            operand: Operand { ty, loc },
            start: self.words,
            before: NONE,
            behind: NONE,
        });
        self.hold(index, loc);
        self.words += slot_words(ty);
        self.max_words = self.max_words.max(self.words);
    }

    /// Pops; `None` only if the module were not valid.
    #[inline]
    pub fn pop(&mut self) -> Option<Operand> {
        let entry = self.entries.pop()?;
        self.words = entry.start;
        self.release(&entry);
        self.settled = self.settled.min(self.entries.len());
        self.unchanged = self.unchanged.min(self.entries.len());
        Some(entry.operand)
    }

    /// Drops entries down to a height.
    pub fn truncate(&mut self, height: usize) {
        while self.entries.len() > height {
            self.pop();
        }
    }

    /// The entry at an index.
    pub fn get(&self, index: usize) -> Option<Operand> {
        self.entries.get(index).map(|entry| entry.operand)
    }

    /// Says that an entry has been moved.
    pub fn relocate(&mut self, index: usize, loc: Loc) {
        let Some(&old) = self.entries.get(index) else {
            return;
        };
        self.release(&old);
        if let Some(entry) = self.entries.get_mut(index) {
            entry.operand.loc = loc;
        }
        self.hold(index, loc);
        if index < self.unchanged {
            self.moved.push(index as u32);
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

    /// An entry that stands for a local.
    pub fn alias(&self, local: u32) -> Option<usize> {
        let &last = self.last_alias.get(local as usize)?;
        (last != NONE).then_some(last as usize)
    }

    /// How many entries at the bottom are known to be constants or in their slots.
    pub fn settled(&self) -> usize {
        self.settled
    }

    /// Says that all entries are constants or in their slots.
    pub fn all_settled(&mut self) {
        self.settled = self.entries.len();
    }

    fn hold(&mut self, index: usize, loc: Loc) {
        match loc {
            Loc::Gpr(reg) => self.gprs[usize::from(reg & 15)] = Some(index as u32),
            Loc::Xmm(reg) | Loc::Arith(reg) => self.xmms[usize::from(reg & 15)] = Some(index as u32),
            Loc::Local(local) => self.link_alias(index as u32, local),
            Loc::Const(_) | Loc::Slot(_) | Loc::Flags(_) => {}
        }
    }

    fn release(&mut self, entry: &Entry) {
        match entry.operand.loc {
            Loc::Gpr(reg) => self.gprs[usize::from(reg & 15)] = None,
            Loc::Xmm(reg) | Loc::Arith(reg) => self.xmms[usize::from(reg & 15)] = None,
            Loc::Local(local) => self.unlink_alias(entry, local),
            Loc::Const(_) | Loc::Slot(_) | Loc::Flags(_) => {}
        }
    }

    fn link_alias(&mut self, index: u32, local: u32) {
        let Some(last) = self.last_alias.get_mut(local as usize) else {
            return;
        };
        let before = std::mem::replace(last, index);
        if let Some(entry) = self.entries.get_mut(before as usize) {
            entry.behind = index;
        }
        if let Some(entry) = self.entries.get_mut(index as usize) {
            (entry.before, entry.behind) = (before, NONE);
        }
    }

    fn unlink_alias(&mut self, entry: &Entry, local: u32) {
        let &Entry { before, behind, .. } = entry;
        if let Some(entry) = self.entries.get_mut(before as usize) {
            entry.behind = behind;
        }
        match self.entries.get_mut(behind as usize) {
            Some(entry) => entry.before = before,
            None => {
                if let Some(last) = self.last_alias.get_mut(local as usize) {
                    *last = before;
                }
            }
        }
    }
}
