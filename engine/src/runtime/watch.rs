//! Watched memory: which stores the handler is told of, whoever makes them: the guest's instructions, whatever runs
//! them, and host functions.
//!
//! # Invariants
//! - A store is told of after it was made, with the guest before its next instruction: in the same frame, unless a host
//!   function that was called in tail position stored; of one that the guest ends with, nobody is told.
//! - What compiled code looks at is the one range that is watched, or a filter for several and, behind it, those
//!   themselves if they are few, as addresses from the base of memory 0; what meets that is looked up here.
//!
//! Must not know: why memory is watched.

use super::paused::Written;
use super::store::Store;
use super::vm_record::VmRecord;
use crate::compile::StoreCheck;
use crate::error::Error;
use crate::layout::{Libcall, vmctx, watch_filter};
use crate::module::Module;
use crate::types::ValType;
use std::collections::BTreeMap;
use std::ops::Range;
use stepwell_debuginfo::ModuleOffset;
use wasmparser::{BinaryReader, MemArg, MemArgTarget, Operator, OperatorsReader};

/// What is watched, by number of the memory.
#[derive(Debug, Default)]
pub struct Watches {
    by_memory: BTreeMap<usize, Vec<Range<u64>>>,
}

impl Watches {
    /// Whether anything is.
    pub fn any(&self) -> bool {
        !self.by_memory.is_empty()
    }

    /// Watches ranges of a memory in place of those before, which are the answer.
    fn set(&mut self, memory: usize, ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
        let before = match ranges.is_empty() {
            true => self.by_memory.remove(&memory),
            false => self.by_memory.insert(memory, ranges),
        };
        before.unwrap_or_default()
    }

    /// How compiled code is to look whether a store is.
    fn check(&self) -> StoreCheck {
        match self.by_memory.values().map(Vec::len).sum::<usize>() {
            0 => StoreCheck::None,
            1 => StoreCheck::Range,
            _ => StoreCheck::Filter,
        }
    }

    /// Whether bytes of a memory are.
    fn meets(&self, memory: usize, bytes: &Range<u64>) -> bool {
        (self.by_memory.get(&memory)).is_some_and(|ranges| {
            ranges
                .iter()
                .any(|range| range.start < bytes.end && bytes.start < range.end)
        })
    }
}

/// Sets the bits of a [filter](watch_filter) for stores of two to the `power` bytes that meet some addresses.
fn mark(vmctx: &mut VmRecord, filter: u32, start: i128, end: i128, power: u32) {
    let word = |address: i128| address >> watch_filter::WORD_BITS;
    // Where the last byte of such a store lies.
    let (first, last) = (word(start), word(end - 1 + (1 << power) - 1));
    for word in first..=last.min(first + i128::from(watch_filter::SIZE) - 1) {
        let at = filter + (word & i128::from(watch_filter::SIZE - 1)) as u32;
        let (cell, shift) = (at & !7, 8 * (at & 7));
        vmctx.put_u64(cell, vmctx.get_u64(cell) | 1 << power << shift);
    }
}

/// Bytes that an instruction is about to store: memory index, addresses.
pub type Stored = (u32, Range<u64>);

fn bytes(memory: u32, address: u128, len_bytes: u128) -> Option<Stored> {
    let address = u64::try_from(address).ok()?;
    let end = address.checked_add(u64::try_from(len_bytes).ok()?)?;
    (end > address).then_some((memory, address..end))
}

/// What the instruction at a file offset stores, if it does; `operands` are its frame's.
pub fn stored_by(module: &Module, offset: u64, operands: &[(ValType, u128)]) -> Option<Stored> {
    let code = module.bytes.get(usize::try_from(offset).ok()?..)?;
    let operator = OperatorsReader::new(BinaryReader::new(code, offset))
        .read()
        .ok()?;
    let operand = |from_top: usize| Some(operands.get(operands.len().checked_sub(from_top)?)?.1);
    let at = |memarg: MemArg, len_bytes: u128| {
        let MemArgTarget::Memory(memory) = memarg.target else {
            return None;
        };
        bytes(
            memory,
            operand(2)?.checked_add(u128::from(memarg.offset))?,
            len_bytes,
        )
    };
    match operator {
        Operator::I32Store8 { memarg }
        | Operator::I64Store8 { memarg }
        | Operator::V128Store8Lane { memarg, .. } => at(memarg, 1),
        Operator::I32Store16 { memarg }
        | Operator::I64Store16 { memarg }
        | Operator::V128Store16Lane { memarg, .. } => at(memarg, 2),
        Operator::I32Store { memarg }
        | Operator::I64Store32 { memarg }
        | Operator::F32Store { memarg }
        | Operator::V128Store32Lane { memarg, .. } => at(memarg, 4),
        Operator::I64Store { memarg }
        | Operator::F64Store { memarg }
        | Operator::V128Store64Lane { memarg, .. } => at(memarg, 8),
        Operator::V128Store { memarg } => at(memarg, 16),
        Operator::MemoryFill { mem } | Operator::MemoryInit { mem, .. } => {
            bytes(mem, operand(3)?, operand(1)?)
        }
        Operator::MemoryCopy { dst_mem, .. } => bytes(dst_mem, operand(3)?, operand(1)?),
        _ => None,
    }
}

/// What a libcall has stored.
pub fn stored_by_libcall(request: u64, [at, _, len_bytes, _]: [u64; 4]) -> Option<Stored> {
    match Libcall::from_request(request)? {
        (Libcall::MemoryCopy | Libcall::MemoryFill | Libcall::MemoryInit, memory, _) => {
            bytes(memory, u128::from(at), u128::from(len_bytes))
        }
        _ => None,
    }
}

impl Store {
    /// Has the handler called after each store that meets these addresses of a memory, in place of what was watched
    /// of it before, which stays if that cannot be compiled; nothing is watched if there are none. Before or between
    /// calls; while a guest is parked, use [`Paused::watch`](super::paused::Paused::watch).
    pub fn watch(&mut self, instance: u32, memory: u32, ranges: &[Range<u64>]) -> Result<(), Error> {
        let number = self
            .memory_number(instance, memory)
            .ok_or_else(|| Error::Usage(format!("instance {instance} has no memory {memory} to watch")))?;
        let ranges: Vec<Range<u64>> = ranges.iter().filter(|range| !range.is_empty()).cloned().collect();
        let before = self.watches.set(number, ranges);
        self.follow_watches().inspect_err(|_| {
            self.watches.set(number, before);
            // The variants that there were are there.
            let _ = self.follow_watches();
        })
    }

    /// Makes compiled code look for what is watched.
    fn follow_watches(&mut self) -> Result<(), Error> {
        for instance in 0..self.instances() {
            self.tell_watched(instance);
        }
        match self.stops.set_watched_stores(self.watches.check()) {
            true => self.apply_flood(),
            false => Ok(()),
        }
    }

    /// Tells compiled code of an instance what to compare with.
    pub(super) fn tell_watched(&mut self, instance: u32) {
        let Some(of) = self.instances.get_mut(instance as usize) else {
            return;
        };
        let base = |memory: usize| {
            self.memories
                .get(memory)
                .map_or(0, |memory| i128::from(memory.base()))
        };
        let first = of.memories.first().map_or(0, |&memory| base(memory as usize));
        let ranges = of.memories.iter().flat_map(|&memory| {
            let away = base(memory as usize) - first;
            let ranges = self
                .watches
                .by_memory
                .get(&(memory as usize))
                .into_iter()
                .flatten();
            ranges.map(move |range| (away + i128::from(range.start), away + i128::from(range.end)))
        });
        let ranges: Vec<(i128, i128)> = ranges.collect();
        for at in 0..watch_filter::SIZE / 8 {
            of.vmctx.put_u64(of.layout.watch_filter + 8 * at, 0);
        }
        for &(start, end) in &ranges {
            for power in 0..5 {
                mark(&mut of.vmctx, of.layout.watch_filter, start, end, power);
            }
        }
        let listed = ranges.len() <= vmctx::WATCH_RANGES_MAX;
        let listed = if listed { &ranges[..] } else { &[] };
        of.vmctx.put_u64(vmctx::WATCH_LISTED as u32, listed.len() as u64);
        for (at, &(start, end)) in (vmctx::WATCH_RANGES as u32..).step_by(16).zip(listed) {
            of.vmctx.put_u64(at, start as u64);
            // The stub adds up to 15 bytes.
            of.vmctx
                .put_u64(at + 8, ((end - start) as u64).min(u64::MAX - 15));
        }
        let hull = (ranges.into_iter()).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let (from, len) = hull.map_or((0, 0), |(start, end)| (start as u64, (end - start) as u64));
        of.vmctx.put_u64(vmctx::WATCH_FROM as u32, from);
        for power in 0..5 {
            let reach = match len {
                0 => 0,
                len => len.saturating_add((1 << power) - 1),
            };
            of.vmctx.put_u64(vmctx::WATCH_REACH as u32 + 8 * power, reach);
        }
    }

    /// The memory and the address there of an address from the base of an instance's memory 0.
    pub(super) fn place_from_base(&self, instance: u32, address: u64) -> Option<(u32, u64)> {
        let memories = &self.instance(instance)?.memories;
        let memory = |number: &u32| self.memories.get(*number as usize);
        let first = memory(memories.first()?)?.base();
        (0..).zip(memories).find_map(|(index, number)| {
            let memory = memory(number)?;
            let there = first.wrapping_add(address).wrapping_sub(memory.base());
            (there < memory.bytes().len() as u64).then_some((index, there))
        })
    }

    /// What to tell the handler of a store that was made, if it is watched.
    pub(super) fn written(&self, instance: u32, pc: u64, (memory, bytes): Stored) -> Option<Written> {
        let number = self.memory_number(instance, memory)?;
        self.watches.meets(number, &bytes).then_some(Written {
            pc: ModuleOffset(pc),
            instance,
            memory,
            bytes,
        })
    }
}
