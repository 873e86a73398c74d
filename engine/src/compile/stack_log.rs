//! The operand stack of every moment of a compile, as a log of its changes: what the
//! [`FrameMap`](super::frame_map) reads stacks from.
//!
//! The log is a string of bytes: an entry was pushed, some were popped, one was moved, a boundary was passed. Its
//! length is proportional to the number of changes, however deep the stack. At checkpoints the whole stack is
//! written down, no more often than the log has grown by a multiple of that, so that reading one moment costs
//! little and all checkpoints together stay proportional to the log.
//!
//! # Encoding
//! | first byte | meaning | then |
//! |---|---|---|
//! | `1ooo nnnn` | boundary; file offset `+ooo`, native offset `+nnnn` | varint instead of `ooo` = 0, of `nnnn` = 15 |
//! | `0x00..=0x1e` | this many plus one were popped | |
//! | `0x1f` | many were popped | varint |
//! | `0x20..=0x6f` | pushed: `0x20 + 7 * type + place` | the place's number: zigzag varint |
//! | `0x7e` | moved | varint index, then as pushed |
//! | `0x7f` | the last boundary has a probe | varint length of its code |
//!
//! Must not know: what points are for, registers' roles.

use super::frame_map::{Loc, Operand};
use super::value_stack::ValueStack;
use crate::types::ValType;

const POP_MANY: u8 = 0x1f;
const PUSH: u8 = 0x20;
const MOVE: u8 = 0x7e;
const PROBE: u8 = 0x7f;
const BOUNDARY: u8 = 0x80;

/// Places in the order of their codes.
const PLACES: u8 = 7;

/// The least growth of the log between two checkpoints.
const CHECKPOINT_BYTES: usize = 128;

/// A cursor reads on to what is no further away in the code than this.
const NEAR_BYTES: u32 = 256;

/// A moment of the compile: a length of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u32);

/// A boundary: before a wasm instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Boundary {
    /// Its number, in order.
    pub number: u32,
    /// File offset of the instruction.
    pub offset: u32,
    /// Where its code begins, its probe included.
    pub native: u32,
    /// Where it goes on after its probe; `native` without one.
    pub resume: u32,
}

#[derive(Clone, Copy, Debug)]
struct Checkpoint {
    /// Where in the log.
    log: u32,
    /// Where its stack begins in `stacks`.
    stack: u32,
    /// Height of its stack.
    height: u32,
    /// The boundary before it, with the number that the next one gets.
    before: Boundary,
}

/// The log.
#[derive(Clone, Debug, Default)]
pub struct StackLog {
    log: Vec<u8>,
    stacks: Vec<u8>,
    checkpoints: Vec<Checkpoint>,
    /// Before the log is so long, there is no need for another.
    next_checkpoint: usize,
    /// The last boundary, with the number that the next one gets.
    last: Boundary,
    /// Height of the stack as logged.
    height: usize,
}

/// Recording.
impl StackLog {
    /// Logs what has changed since the last time; the moment that this is.
    pub fn note(&mut self, stack: &mut ValueStack) -> Moment {
        let unchanged = stack.take_unchanged();
        match self.height.saturating_sub(unchanged) {
            0 => {}
            few @ 1..=31 => self.log.push(few as u8 - 1),
            many => {
                self.log.push(POP_MANY);
                write_number(&mut self.log, many as u64);
            }
        }
        if stack.any_moved() {
            for (index, entry) in stack.take_moved(unchanged) {
                self.log.push(MOVE);
                write_number(&mut self.log, u64::from(index));
                write_operand(&mut self.log, entry);
            }
        }
        for entry in stack.entries_from(unchanged) {
            write_operand(&mut self.log, entry);
        }
        self.height = stack.len();
        Moment(self.log.len() as u32)
    }

    /// Logs a boundary with the stack as it is there.
    pub fn boundary(&mut self, offset: u32, native: u32, stack: &mut ValueStack) {
        self.note(stack);
        if self.log.len() >= self.next_checkpoint {
            self.checkpoint(stack);
        }
        let by = offset.wrapping_sub(self.last.offset);
        let native_by = native.wrapping_sub(self.last.native);
        let short = if by <= 7 { by as u8 } else { 0 };
        let native_short = native_by.min(15) as u8;
        self.log.push(BOUNDARY | short << 4 | native_short);
        if short == 0 {
            write_number(&mut self.log, u64::from(by));
        }
        if native_short == 15 {
            write_number(&mut self.log, u64::from(native_by));
        }
        self.last = Boundary {
            number: self.last.number + 1,
            offset,
            native,
            resume: native,
        };
    }

    /// Says that the last boundary has a probe that ends here.
    pub fn probe_ends(&mut self, native: u32) {
        self.log.push(PROBE);
        write_number(&mut self.log, u64::from(native.wrapping_sub(self.last.native)));
        self.last.resume = native;
    }

    /// Number of boundaries so far.
    pub fn boundaries(&self) -> u32 {
        self.last.number
    }

    /// Bytes that it takes.
    pub fn len_bytes(&self) -> usize {
        self.log.len() + self.stacks.len() + self.checkpoints.len() * size_of::<Checkpoint>()
    }

    fn checkpoint(&mut self, stack: &ValueStack) {
        // Where the stack is deep, the log has to grow more for it to be written down.
        if self.log.len() < self.next_checkpoint + 4 * stack.len() {
            return;
        }
        self.next_checkpoint = self.log.len() + CHECKPOINT_BYTES;
        self.checkpoints.push(Checkpoint {
            log: self.log.len() as u32,
            stack: self.stacks.len() as u32,
            height: stack.len() as u32,
            before: self.last,
        });
        for entry in stack.entries_from(0) {
            write_operand(&mut self.stacks, entry);
        }
    }
}

/// Reading.
impl StackLog {
    /// All boundaries, in order.
    pub fn all(&self) -> impl Iterator<Item = Boundary> + '_ {
        let mut reader = self.reader(0, Boundary::default());
        std::iter::from_fn(move || reader.boundary(None))
    }

    /// The boundary of a number.
    pub fn by_number(&self, number: u32) -> Option<Boundary> {
        let mut reader = self.reader_at(|checkpoint| checkpoint.before.number <= number);
        loop {
            let boundary = reader.boundary(None)?;
            if boundary.number == number {
                return Some(boundary);
            }
        }
    }

    /// The first boundary that goes on at a native offset or behind.
    pub fn by_resume(&self, native: u32) -> Option<Boundary> {
        let mut reader =
            self.reader_at(|checkpoint| checkpoint.before.number == 0 || checkpoint.before.resume < native);
        loop {
            let boundary = reader.boundary(None)?;
            if boundary.resume >= native {
                return Some(boundary);
            }
        }
    }

    /// The last boundary whose code begins at a native offset or before.
    pub fn by_native(&self, native: u32) -> Option<Boundary> {
        let mut reader =
            self.reader_at(|checkpoint| checkpoint.before.number == 0 || checkpoint.before.native <= native);
        let mut found = None;
        // The boundary may lie before the checkpoint: then none behind it begins early enough.
        let before = reader.before();
        while let Some(boundary) = reader.boundary(None).filter(|boundary| boundary.native <= native) {
            found = Some(boundary);
        }
        found.or(before)
    }

    /// The boundary of a number, and the stack there.
    pub fn at_boundary(&self, number: u32) -> Option<(Boundary, Vec<Operand>)> {
        let checkpoint = self.checkpoint_at(|checkpoint| checkpoint.before.number <= number)?;
        let mut stack = self.stack_of(checkpoint)?;
        let mut reader = self.reader(checkpoint.log as usize, checkpoint.before);
        loop {
            let boundary = reader.boundary(Some(&mut stack))?;
            if boundary.number == number {
                return Some((boundary, stack));
            }
        }
    }

    /// The stack at a moment.
    pub fn stack_at(&self, moment: Moment) -> Option<Vec<Operand>> {
        let checkpoint = self.checkpoint_at(|checkpoint| checkpoint.log <= moment.0)?;
        let mut stack = self.stack_of(checkpoint)?;
        let mut reader = self.reader(checkpoint.log as usize, checkpoint.before);
        while reader.at < moment.0 as usize {
            reader.event(Some(&mut stack))?;
        }
        Some(stack)
    }

    /// Moves a cursor to the first boundary that goes on at a native offset or behind: forward from where it is, if that
    /// is near.
    pub fn seek(&self, cursor: &mut Cursor, native: u32) -> Option<Boundary> {
        let far = match cursor.boundary() {
            Some(boundary) if boundary.resume == native => return Some(boundary),
            Some(boundary) => native.wrapping_sub(boundary.resume) > NEAR_BYTES,
            None => true,
        };
        if far {
            let is_before =
                |checkpoint: &Checkpoint| checkpoint.before.number == 0 || checkpoint.before.resume < native;
            let checkpoint = self.checkpoint_at(is_before)?;
            cursor.stack.clear();
            let mut at = checkpoint.stack as usize;
            for _ in 0..checkpoint.height {
                cursor.stack.push(read_operand(&self.stacks, &mut at)?);
            }
            (cursor.at, cursor.last) = (checkpoint.log as usize, checkpoint.before);
        }
        let mut reader = self.reader(cursor.at, cursor.last);
        loop {
            let boundary = reader.boundary(Some(&mut cursor.stack));
            // Where nothing follows, the cursor is nowhere.
            (cursor.at, cursor.last) = boundary.map_or_else(Default::default, |_| (reader.at, reader.last));
            let boundary = boundary?;
            if boundary.resume >= native {
                return Some(boundary);
            }
        }
    }

    fn checkpoint_at(&self, is_before: impl Fn(&Checkpoint) -> bool) -> Option<Checkpoint> {
        let after = self.checkpoints.partition_point(is_before);
        self.checkpoints.get(after.checked_sub(1)?).copied()
    }

    fn stack_of(&self, checkpoint: Checkpoint) -> Option<Vec<Operand>> {
        let mut at = checkpoint.stack as usize;
        (0..checkpoint.height)
            .map(|_| read_operand(&self.stacks, &mut at))
            .collect()
    }

    fn reader_at(&self, is_before: impl Fn(&Checkpoint) -> bool) -> Reader<'_> {
        match self.checkpoint_at(is_before) {
            Some(checkpoint) => self.reader(checkpoint.log as usize, checkpoint.before),
            None => self.reader(0, Boundary::default()),
        }
    }

    fn reader(&self, at: usize, last: Boundary) -> Reader<'_> {
        Reader {
            log: &self.log,
            at,
            last,
        }
    }
}

/// A boundary in a log and the stack there, to go on from.
#[derive(Debug, Default)]
pub struct Cursor {
    at: usize,
    last: Boundary,
    stack: Vec<Operand>,
}

impl Cursor {
    /// Where it is.
    fn boundary(&self) -> Option<Boundary> {
        let number = self.last.number.checked_sub(1)?;
        Some(Boundary { number, ..self.last })
    }

    /// The operand stack there, bottom first.
    pub fn stack(&self) -> &[Operand] {
        &self.stack
    }
}

struct Reader<'a> {
    log: &'a [u8],
    at: usize,
    last: Boundary,
}

impl Reader<'_> {
    /// The boundary before where it reads.
    fn before(&self) -> Option<Boundary> {
        let number = self.last.number.checked_sub(1)?;
        Some(Boundary { number, ..self.last })
    }

    /// The next boundary, carrying out on the stack what comes before it.
    fn boundary(&mut self, mut stack: Option<&mut Vec<Operand>>) -> Option<Boundary> {
        while !self.event(stack.as_deref_mut())? {}
        if self.log.get(self.at) == Some(&PROBE) {
            self.event(None)?;
        }
        self.before()
    }

    /// Reads one event; whether it was a boundary.
    fn event(&mut self, stack: Option<&mut Vec<Operand>>) -> Option<bool> {
        let tag = *self.log.get(self.at)?;
        self.at += 1;
        if tag >= BOUNDARY {
            let (short, native_short) = (tag >> 4 & 7, tag & 15);
            let by = match short {
                0 => read_number(self.log, &mut self.at)? as u32,
                short => u32::from(short),
            };
            let native_by = match native_short {
                15 => read_number(self.log, &mut self.at)? as u32,
                short => u32::from(short),
            };
            let native = self.last.native.wrapping_add(native_by);
            self.last = Boundary {
                number: self.last.number + 1,
                offset: self.last.offset.wrapping_add(by),
                native,
                resume: native,
            };
            return Some(true);
        }
        match tag {
            PROBE => {
                let len = read_number(self.log, &mut self.at)? as u32;
                self.last.resume = self.last.native.wrapping_add(len);
            }
            MOVE => {
                let index = read_number(self.log, &mut self.at)? as usize;
                let entry = read_operand(self.log, &mut self.at)?;
                if let Some(moved) = stack.and_then(|stack| stack.get_mut(index)) {
                    *moved = entry;
                }
            }
            PUSH.. => {
                self.at -= 1;
                let entry = read_operand(self.log, &mut self.at)?;
                if let Some(stack) = stack {
                    stack.push(entry);
                }
            }
            _ => {
                let popped = match tag {
                    POP_MANY => read_number(self.log, &mut self.at)? as usize,
                    few => usize::from(few) + 1,
                };
                if let Some(stack) = stack {
                    stack.truncate(stack.len().saturating_sub(popped));
                }
            }
        }
        Some(false)
    }
}

/// Value types in the order of their codes.
const TYPES: [ValType; 8] = [
    ValType::I32,
    ValType::I64,
    ValType::F32,
    ValType::F64,
    ValType::V128,
    ValType::FuncRef,
    ValType::ExternRef,
    ValType::ExnRef,
];

fn type_code(ty: &ValType) -> u8 {
    match ty {
        ValType::I32 => 0,
        ValType::I64 => 1,
        ValType::F32 => 2,
        ValType::F64 => 3,
        ValType::V128 => 4,
        ValType::FuncRef => 5,
        ValType::ExternRef => 6,
        ValType::ExnRef => 7,
        ValType::Ref(_) => type_code(&ty.erased()),
    }
}

fn write_operand(to: &mut Vec<u8>, entry: &Operand) {
    let (place, number) = match entry.loc {
        Loc::Const(bits) => (0, bits as i64),
        Loc::Gpr(register) => (1, i64::from(register)),
        Loc::Xmm(register) => (2, i64::from(register)),
        Loc::Slot(slot) => (3, i64::from(slot)),
        Loc::Local(local) => (4, i64::from(local)),
        Loc::Flags(code) => (5, i64::from(code)),
        Loc::Arith(register) => (6, i64::from(register)),
    };
    let code = PUSH + PLACES * type_code(&entry.ty) + place;
    match (number << 1 ^ number >> 63) as u64 {
        short @ ..0x80 => to.extend_from_slice(&[code, short as u8]),
        long => {
            to.push(code);
            write_number(to, long);
        }
    }
}

fn read_operand(from: &[u8], at: &mut usize) -> Option<Operand> {
    let code = from.get(*at)?.checked_sub(PUSH)?;
    *at += 1;
    let ty = *TYPES.get(usize::from(code / PLACES))?;
    let zigzag = read_number(from, at)?;
    let number = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
    let loc = match code % PLACES {
        0 => Loc::Const(number as u64),
        1 => Loc::Gpr(number as u8),
        2 => Loc::Xmm(number as u8),
        3 => Loc::Slot(number as i32),
        4 => Loc::Local(number as u32),
        6 => Loc::Arith(number as u8),
        _ => Loc::Flags(number as u8),
    };
    Some(Operand { ty, loc })
}

fn write_number(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

fn read_number(from: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *from.get(*at)?;
        *at += 1;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every change of a stack, and what it was at each boundary and each moment.
    #[test]
    fn every_moment_reads_as_it_was() {
        let mut stack = ValueStack::new(4);
        let mut log = StackLog::default();
        let (mut boundaries, mut moments) = (Vec::new(), Vec::new());
        let mut numbers = 1u32;
        let mut native = 0;
        for step in 0..5_000u32 {
            numbers = numbers.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let kind = numbers >> 16;
            match kind % 6 {
                0..=2 => stack.push(TYPES[(kind % 7) as usize], Loc::Slot(-8 * step as i32)),
                3 if stack.len() > 0 => {
                    stack.relocate(kind as usize % stack.len(), Loc::Const(u64::from(numbers) << 33));
                }
                4 => stack.truncate(stack.len().saturating_sub(kind as usize % 50)),
                _ => stack.push(ValType::I32, Loc::Local(kind % 4)),
            }
            if kind.is_multiple_of(5) {
                moments.push((
                    log.note(&mut stack),
                    stack.entries_from(0).copied().collect::<Vec<_>>(),
                ));
            }
            native += kind % 40;
            log.boundary(step * 3, native, &mut stack);
            let mut boundary = Boundary {
                number: step,
                offset: step * 3,
                native,
                resume: native,
            };
            if kind.is_multiple_of(7) {
                native += 7;
                log.probe_ends(native);
                boundary.resume = native;
            }
            boundaries.push((boundary, stack.entries_from(0).copied().collect::<Vec<_>>()));
        }
        assert!(log.all().eq(boundaries.iter().map(|(boundary, _)| *boundary)));
        let mut onward = Cursor::default();
        for (boundary, entries) in &boundaries {
            assert_eq!(log.by_number(boundary.number), Some(*boundary));
            assert_eq!(
                log.at_boundary(boundary.number),
                Some((*boundary, entries.clone()))
            );
            let first = boundaries
                .iter()
                .find(|(other, _)| other.resume >= boundary.resume);
            assert_eq!(log.by_resume(boundary.resume), first.map(|(first, _)| *first));
            assert_eq!(
                log.seek(&mut onward, boundary.resume),
                first.map(|(first, _)| *first)
            );
            assert_eq!(Some(onward.stack()), first.map(|(_, entries)| &entries[..]));
            let last = boundaries
                .iter()
                .rfind(|(other, _)| other.native <= boundary.native + 1);
            assert_eq!(log.by_native(boundary.native + 1), last.map(|(last, _)| *last));
        }
        // Here and there.
        for turn in 0..5_000usize {
            let (boundary, _) = &boundaries[turn * 7_919 % boundaries.len()];
            let found = log.seek(&mut onward, boundary.resume).expect("a boundary");
            assert_eq!(Some(found), log.by_resume(boundary.resume));
            assert_eq!(onward.stack(), boundaries[found.number as usize].1);
        }
        assert_eq!(log.seek(&mut onward, native + 1), None);
        for (moment, entries) in &moments {
            assert_eq!(log.stack_at(*moment).as_ref(), Some(entries));
        }
        assert_eq!(log.by_number(5_000), None);
        assert_eq!(log.by_resume(native + 1), None);
    }
}
