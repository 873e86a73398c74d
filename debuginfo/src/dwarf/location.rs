//! Where a variable is: DWARF location expressions over WebAssembly locals, globals and operands.
//!
//! # Invariants
//! - `DW_OP_WASM_location` pushes the slot; with `DW_OP_stack_value` that is the value itself, without it
//!   the slot holds an address of linear memory.
//! - Every way of not knowing has its own [`Availability`]; none becomes a value.
//! - Evaluation ends: operations are counted, and so are pointers that lead to other variables.
//! - Numbers are as wide as addresses, unless what is computed is wider: then all bits count.
//! - A local is read only if it still holds what it did when the location came into force: compilers reuse locals and go
//!   on naming them. Where that cannot be told, it is not read.
//!
//! # What cannot be told
//! Whether bytes of a frame, or a global, still belong to the variable: there a location is taken at its word.

use super::pieces::{self, Whole};
use super::units::{Unit, Units};
use super::unmarked::{Meaning, meaning};
use super::{DieId, Value};
use crate::reaching::Held;
use crate::sections::Reader;
use crate::{Availability, Language, Place, Target, WasmValue};
use gimli::{EvaluationResult, Location, Operation, Reader as _};
use std::ops::Range;

/// Operations one expression may run.
const OPERATION_LIMIT: u32 = 4096;
/// Bytes of memory that one piece of a value may have.
const PIECE_LIMIT: u64 = 1 << 12;
/// Pointers that were optimized out and lead to each other.
pub(crate) const POINTER_DEPTH: usize = 4;

/// The stopped frame that expressions are evaluated in.
pub(crate) struct Frame<'a> {
    pub units: &'a Units,
    pub target: &'a dyn Target,
    /// The address that location lists are asked for.
    pub at: u32,
    /// The function (not an inlined call) the frame runs; it has the frame base.
    pub function: Option<DieId>,
    /// First address at which the local that holds the frame base has been set.
    pub base_set_at: &'a dyn Fn(u32) -> u32,
    /// First address at which a parameter, handed over in a local, has been stored to the frame: by the local that
    /// holds the frame base, and the bytes behind it.
    pub stored_at: &'a dyn Fn(u32, Range<u64>) -> u32,
    /// Whether the function writes to a local anywhere; one that it does not holds what it held at entry.
    pub writes: &'a dyn Fn(u32) -> bool,
    /// What a local holds, in terms of what it held at an address.
    pub held: &'a dyn Fn(u32, u32) -> Held,
    /// Whether the operand that was the topmost at an address is still there.
    pub operand_holds_since: &'a dyn Fn(u32) -> bool,
    /// Where a variable begins that is in a scope around the frame's address: a parameter of the function at entry,
    /// others with the scope, past the prologue.
    pub begins_at: &'a dyn Fn(DieId) -> Option<u32>,
    /// Where the location that is being evaluated came into force.
    pub since: Option<u32>,
    /// The global that holds where the thread's storage begins.
    pub tls_base: Option<u32>,
    /// How many pointers that were optimized out may still be followed.
    pub depth: usize,
}

impl Frame<'_> {
    /// Where a variable is; `len` is its size.
    pub fn locate(&self, variable: DieId, len: Option<u64>) -> Result<Place, Availability> {
        if let Some((unit, value)) = self.units.inherited(variable, gimli::DW_AT_location) {
            let (expression, since) = match value {
                Value::Exprloc(expression) => {
                    let since = self.in_force_from(unit, variable, &expression);
                    (expression, since)
                }
                list => self.in_list(unit, list)?,
            };
            if self.is_still_handed_over(unit, variable, &expression, len) {
                return Err(Availability::NotYetSet);
            }
            let frame = Frame { since, ..*self };
            let encoding = unit.dwarf.encoding();
            return match meaning(&expression, encoding, Some((self.units, variable)), len) {
                Meaning::AsWritten => frame.place(unit, expression, len),
                Meaning::Slot => {
                    let slot = alone(&expression, unit).ok_or_else(|| Meaning::unsupported(encoding))?;
                    fit(wasm_bytes(frame.slot(slot)?)?, len)
                }
                Meaning::Constant(value) => fit(value.to_le_bytes().to_vec(), len),
                Meaning::Either => Err(Meaning::unsupported(encoding)),
            };
        }
        match self.units.inherited(variable, gimli::DW_AT_const_value) {
            Some((unit, value)) => constant(self.units, unit, value, len),
            None => Err(Availability::OptimizedOut),
        }
    }

    /// Where a variable is that one slot leads to; `None` for places that are found in other ways. Whether there is a
    /// value [`locate`](Self::locate) says.
    pub fn site(&self, variable: DieId) -> Option<Site> {
        let (unit, value) = self.units.inherited(variable, gimli::DW_AT_location)?;
        let (expression, since) = match value {
            Value::Exprloc(expression) => {
                let since = self.in_force_from(unit, variable, &expression);
                (expression, since)
            }
            list => self.in_list(unit, list).ok()?,
        };
        if meaning(&expression, unit.dwarf.encoding(), None, None) != Meaning::AsWritten {
            return None;
        }
        let keeps = |slot| Frame { since, ..*self }.keeps(slot).is_ok();
        if let Some(slot) = whole_slot(&expression, unit) {
            return keeps(slot).then_some(Site::Slot(slot));
        }
        let mut operations = expression.operations(unit.dwarf.encoding());
        let (slot, offset) = match operations.next().ok()?? {
            Operation::FrameOffset { offset } => (self.base_slot()?, u64::try_from(offset).ok()?),
            Operation::WasmLocal { index } => (Slot::Local(index), 0),
            Operation::WasmGlobal { index } => (Slot::Global(index), 0),
            Operation::WasmStack { index } => (Slot::Operand(index), 0),
            _ => return None,
        };
        if !keeps(slot) {
            return None;
        }
        let more = match operations.next().ok()? {
            None => return Some(Site::Behind(slot, offset)),
            Some(Operation::PlusConstant { value }) => value,
            Some(_) => return None,
        };
        let last = operations.next().ok()?.is_none();
        last.then_some(Site::Behind(slot, offset.checked_add(more)?))
    }

    /// The slot that holds the frame base, if one does and has been set.
    fn base_slot(&self) -> Option<Slot> {
        let (unit, value) = self.units.inherited(self.function?, gimli::DW_AT_frame_base)?;
        let Value::Exprloc(expression) = value else {
            return None;
        };
        let slot = address_slot(&expression, unit)?;
        self.base_keeps(slot).ok()?;
        Some(slot)
    }

    /// Whether the slot that holds the frame base has been set, and still holds it.
    fn base_keeps(&self, slot: Slot) -> Result<(), Availability> {
        let Slot::Local(index) = slot else { return Ok(()) };
        let since = (self.base_set_at)(index);
        if self.at < since {
            return Err(Availability::NotYetSet);
        }
        let since = Some(since);
        Frame { since, ..*self }.keeps(slot)
    }

    /// Where a variable's only location came into force. It is not asked of one that no local leads to, nor in the text
    /// format, where locals are the variables.
    fn in_force_from(
        &self,
        unit: &Unit,
        variable: DieId,
        expression: &gimli::Expression<Reader>,
    ) -> Option<u32> {
        let mut operations = expression.clone().operations(unit.dwarf.encoding());
        let leads = |operation| matches!(operation, Operation::WasmLocal { .. } | Operation::Call { .. });
        while !leads(operations.next().ok()??) {}
        match unit.summary.language {
            Language::Wat => None,
            _ => (self.begins_at)(variable),
        }
    }

    /// Whether a parameter has its place in the frame, but has not been stored there yet: some compilers let the
    /// prologue end before.
    fn is_still_handed_over(
        &self,
        unit: &Unit,
        variable: DieId,
        expression: &gimli::Expression<Reader>,
        len: Option<u64>,
    ) -> bool {
        let mut operations = expression.clone().operations(unit.dwarf.encoding());
        let (Ok(Some(Operation::FrameOffset { offset })), Ok(None)) = (operations.next(), operations.next())
        else {
            return false;
        };
        let (Some(len), Ok(offset)) = (len, u64::try_from(offset)) else {
            return false;
        };
        let base = (self.function)
            .and_then(|function| self.units.inherited(function, gimli::DW_AT_frame_base))
            .and_then(|(unit, value)| match value {
                Value::Exprloc(expression) => address_slot(&expression, unit),
                _ => None,
            });
        match base {
            Some(Slot::Local(local)) if self.units.is_parameter(variable) => {
                self.at < (self.stored_at)(local, offset..offset.saturating_add(len))
            }
            _ => false,
        }
    }

    /// The entry of a location list that covers the frame's address, and where it begins.
    fn in_list(
        &self,
        unit: &Unit,
        list: Value,
    ) -> Result<(gimli::Expression<Reader>, Option<u32>), Availability> {
        let broken =
            |error: gimli::Error| Availability::NotReadable(format!("its location list is broken: {error}"));
        let list = unit
            .dwarf
            .sections
            .attr_locations(&unit.dwarf, list)
            .map_err(broken)?;
        let mut list = list.ok_or_else(|| Availability::Unsupported("this form of location".to_string()))?;
        let at = u64::from(self.at);
        while let Some(entry) = list.next().map_err(broken)? {
            if entry.range.begin <= at && at < entry.range.end {
                return Ok((entry.data, u32::try_from(entry.range.begin).ok()));
            }
        }
        Err(Availability::OptimizedOut)
    }

    /// The place that an expression gives a value of `len` bytes.
    fn place(
        &self,
        unit: &Unit,
        expression: gimli::Expression<Reader>,
        len: Option<u64>,
    ) -> Result<Place, Availability> {
        let pieces = pieces::cut(&expression, unit.dwarf.encoding()).map_err(failed)?;
        if pieces.is_empty() {
            return match self.undivided(unit, expression, len)? {
                Place::Bytes(bytes) => fit(bytes, len),
                place => Ok(place),
            };
        }
        let mut whole = Whole::default();
        let mut lost = None;
        for piece in &pieces {
            let needed = piece.needed_bytes();
            let encoding = unit.dwarf.encoding();
            let found = match meaning(&piece.expression, encoding, None, Some(needed)) {
                _ if piece.expression.0.is_empty() => Err(Availability::OptimizedOut),
                Meaning::Either => Err(Meaning::unsupported(encoding)),
                _ => self
                    .undivided(unit, piece.expression.clone(), Some(needed))
                    .and_then(|place| self.copied(place, needed)),
            };
            whole.add(piece, found.as_deref().ok())?;
            lost = lost.or(found.err());
        }
        // Of a value without a single bit the first reason is told.
        whole.place(len).map_err(|why| match why {
            Availability::OptimizedOut => lost.unwrap_or(why),
            why => why,
        })
    }

    /// The bytes of a piece.
    fn copied(&self, place: Place, len: u64) -> Result<Vec<u8>, Availability> {
        match place {
            Place::Bytes(bytes) => Ok(bytes),
            Place::Memory(address) => {
                let mut bytes = vec![0; usize::try_from(len.min(PIECE_LIMIT)).unwrap_or(0)];
                match self.target.read_memory(address, &mut bytes) {
                    true => Ok(bytes),
                    false => Err(outside(address)),
                }
            }
            Place::Partial { .. } | Place::Target(_) => {
                Err(Availability::Unsupported("a pointer in pieces".to_string()))
            }
        }
    }

    /// The place that an expression without pieces gives a value that needs `len` bytes, or what it computes.
    fn undivided(
        &self,
        unit: &Unit,
        expression: gimli::Expression<Reader>,
        len: Option<u64>,
    ) -> Result<Place, Availability> {
        if let Some(slot) = whole_slot(&expression, unit) {
            // Of a global that is not there the value is no number: only what is added to it is.
            if matches!(slot, Slot::Global(NO_GLOBAL)) {
                return Err(Availability::OptimizedOut);
            }
            return wasm_bytes(self.slot(slot)?).map(Place::Bytes);
        }
        self.stays_in_memory(unit, &expression)?;
        let result = self.evaluate(unit, expression, len)?;
        let Some(piece) = result.first() else {
            return Err(Availability::OptimizedOut);
        };
        match &piece.location {
            Location::Empty => Err(Availability::OptimizedOut),
            Location::Register { .. } => Err(Availability::Unsupported("a machine register".to_string())),
            Location::Address { address } => self.memory(unit, *address),
            Location::Value { value } => Ok(Place::Bytes(value_bytes(*value))),
            Location::Bytes { value } => {
                let bytes = value
                    .to_slice()
                    .map_err(|error| Availability::NotReadable(error.to_string()))?;
                Ok(Place::Bytes(bytes.into_owned()))
            }
            Location::ImplicitPointer { value, byte_offset } => {
                self.pointed_to(unit, Value::DebugInfoRef(*value), *byte_offset)
            }
        }
    }

    /// Of a pointer that was optimized out, where the variable is that it points to.
    fn pointed_to(&self, unit: &Unit, reference: Value, offset: i64) -> Result<Place, Availability> {
        let gone = || Availability::Unsupported("a pointer to something that was optimized out".to_string());
        let variable = self.units.reference(unit, reference).ok_or_else(gone)?;
        let depth = self.depth.checked_sub(1).ok_or_else(gone)?;
        let place = Frame { depth, ..*self }.locate(variable, None)?;
        let offset = u64::try_from(offset).map_err(|_| gone())?;
        let place = match place {
            // Then the pointer has a value.
            Place::Memory(address) => {
                let address = address.checked_add(offset).ok_or_else(gone)?;
                let len = usize::from(unit.dwarf.header.address_size()).min(8);
                let bytes = address.to_le_bytes();
                return Ok(Place::Bytes(bytes.get(..len).unwrap_or(&bytes).to_vec()));
            }
            Place::Bytes(bytes) => {
                let start = usize::try_from(offset).map_err(|_| gone())?;
                Place::Bytes(bytes.get(start..).ok_or_else(gone)?.to_vec())
            }
            Place::Partial { bytes, kept } => {
                let start = usize::try_from(offset).map_err(|_| gone())?;
                let rest = |bytes: &[u8]| Ok(bytes.get(start..).ok_or_else(gone)?.to_vec());
                Place::of_bits(rest(&bytes)?, rest(&kept)?)?
            }
            target if offset == 0 => target,
            _ => return Err(gone()),
        };
        Ok(Place::Target(Box::new(place)))
    }

    /// Refuses an expression whose address would pass the end of the address space: DWARF arithmetic wraps
    /// there, and bytes of low memory would stand for the value. Sums are followed; what a program computes in
    /// other ways, or as a value (where wrapping is right), is not judged.
    fn stays_in_memory(
        &self,
        unit: &Unit,
        expression: &gimli::Expression<Reader>,
    ) -> Result<(), Availability> {
        let end = 1i128 << (8 * u32::from(unit.dwarf.header.address_size().clamp(1, 8)));
        let mut operations = expression.clone().operations(unit.dwarf.encoding());
        // What stands on the stack, where that is a sum.
        let mut stack: Vec<Option<i128>> = Vec::new();
        let check = |address: Option<&Option<i128>>| match address {
            Some(Some(address)) if !(0..end).contains(address) => Err(Availability::NotReadable(format!(
                "its address, {}{:#x}, is outside the address space",
                if *address < 0 { "-" } else { "" },
                address.unsigned_abs()
            ))),
            _ => Ok(()),
        };
        for _ in 0..OPERATION_LIMIT {
            // A broken operation is the evaluation's to report.
            let Ok(Some(operation)) = operations.next() else {
                break;
            };
            let slot = |slot| match self.slot(slot) {
                Ok(WasmValue::I32(bits)) => Some(i128::from(bits)),
                Ok(WasmValue::I64(bits)) => Some(i128::from(bits)),
                _ => None,
            };
            match operation {
                Operation::FrameOffset { offset } => {
                    stack.push(Some(i128::from(self.base()?).saturating_add(i128::from(offset))))
                }
                Operation::WasmLocal { index } => stack.push(slot(Slot::Local(index))),
                Operation::WasmGlobal { index } => stack.push(slot(Slot::Global(index))),
                Operation::WasmStack { index } => stack.push(slot(Slot::Operand(index))),
                Operation::Address { address } => stack.push(Some(i128::from(address))),
                // The negative numbers of the address size may be written without a sign.
                Operation::UnsignedConstant { value } => {
                    let value = i128::from(value);
                    let negative = value >= end / 2 && value < end;
                    stack.push(Some(if negative { value - end } else { value }));
                }
                Operation::SignedConstant { value } => stack.push(Some(i128::from(value))),
                Operation::PlusConstant { value } => {
                    let sum = stack.pop().flatten();
                    stack.push(sum.map(|sum| sum.saturating_add(i128::from(value))));
                }
                Operation::Plus => {
                    let (right, left) = (stack.pop().flatten(), stack.pop().flatten());
                    stack.push(left.zip(right).map(|(left, right)| left.saturating_add(right)));
                }
                Operation::Deref { .. } => {
                    check(stack.last())?;
                    stack.pop();
                    stack.push(None);
                }
                Operation::Piece { .. } => {
                    check(stack.last())?;
                    stack.clear();
                }
                Operation::Nop => {}
                Operation::StackValue => stack.clear(),
                _ => return Ok(()),
            }
        }
        check(stack.last())
    }

    fn memory(&self, unit: &Unit, address: u64) -> Result<Place, Availability> {
        if unit.dwarf.header.is_tombstone_address(address) {
            return Err(Availability::OptimizedOut);
        }
        Ok(Place::Memory(address))
    }

    /// Whether a slot has not been given to another value since the location came into force.
    fn keeps(&self, slot: Slot) -> Result<(), Availability> {
        let Some(since) = self.since else {
            return Ok(());
        };
        let held = match slot {
            Slot::Local(index) => (self.held)(index, since),
            Slot::Operand(_) if (self.operand_holds_since)(since) => Held::Same,
            Slot::Operand(_) => Held::Other,
            Slot::Global(_) => Held::Same,
        };
        match (held, slot) {
            (Held::Same, _) => Ok(()),
            (Held::Other, _) if self.at < since => Err(Availability::NotYetSet),
            (Held::Unknown, Slot::Local(index)) => {
                let why = format!("local {index}, which may hold another value by now");
                Err(Availability::Unsupported(why))
            }
            _ => Err(Availability::OptimizedOut),
        }
    }

    fn slot(&self, slot: Slot) -> Result<WasmValue, Availability> {
        self.keeps(slot)?;
        let (value, what, index) = match slot {
            Slot::Local(index) => (self.target.local(index), "local", index),
            // What the linker writes for a base that it has not made: the program has one thread, and its thread
            // storage lies among the other data, at the address that the location adds.
            Slot::Global(NO_GLOBAL) => (Some(WasmValue::I32(0)), "global", NO_GLOBAL),
            Slot::Global(index) => (self.target.global(index), "global", index),
            Slot::Operand(index) => (self.target.operand(index), "operand", index),
        };
        value.ok_or_else(|| Availability::NotReadable(format!("{what} {index} is not there")))
    }

    /// The frame base of the function: an address of linear memory.
    fn base(&self) -> Result<u64, Availability> {
        let missing = || Availability::Unsupported("a frame without a base".to_string());
        let function = self.function.ok_or_else(missing)?;
        let (unit, value) = self
            .units
            .inherited(function, gimli::DW_AT_frame_base)
            .ok_or_else(missing)?;
        let Value::Exprloc(expression) = value else {
            return Err(missing());
        };
        if let Some(slot) = address_slot(&expression, unit) {
            self.base_keeps(slot)?;
        }
        // A base in terms of the base has no end, and one in terms of another location may come back to it.
        let mut operations = expression.clone().operations(unit.dwarf.encoding());
        while let Ok(Some(operation)) = operations.next() {
            if matches!(operation, Operation::FrameOffset { .. } | Operation::Call { .. }) {
                return Err(Availability::Unsupported(
                    "a frame base in terms of others".to_string(),
                ));
            }
        }
        // That has been asked; the variable's location is another.
        match (Frame { since: None, ..*self }).place(unit, expression, None)? {
            Place::Memory(address) => Ok(address),
            Place::Bytes(bytes) => {
                let mut wide = [0; 8];
                let from = bytes.get(..bytes.len().min(8)).unwrap_or(&[]);
                wide.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
                Ok(u64::from_le_bytes(wide))
            }
            Place::Partial { .. } | Place::Target(_) => Err(missing()),
        }
    }

    /// Whether an expression counts with all 64 bits: it computes a value (no address), and one that is as wide or made
    /// of such. Narrower ones count with the bits that addresses have.
    fn is_wide(&self, unit: &Unit, expression: &gimli::Expression<Reader>, len: Option<u64>) -> bool {
        let mut wide = len.is_some_and(|len| len > 4);
        let mut operations = expression.clone().operations(unit.dwarf.encoding());
        let mut last_is_value = false;
        while let Ok(Some(operation)) = operations.next() {
            let slot = match operation {
                Operation::WasmLocal { index } => Some(Slot::Local(index)),
                Operation::WasmGlobal { index } => Some(Slot::Global(index)),
                Operation::WasmStack { index } => Some(Slot::Operand(index)),
                // What these take from the expression or from memory has the size of an address.
                Operation::Address { .. } | Operation::Deref { .. } | Operation::Call { .. } => return false,
                _ => None,
            };
            wide |= slot.is_some_and(|slot| matches!(self.slot(slot), Ok(WasmValue::I64(_))));
            last_is_value = matches!(operation, Operation::StackValue);
        }
        wide && last_is_value
    }

    fn evaluate(
        &self,
        unit: &Unit,
        expression: gimli::Expression<Reader>,
        len: Option<u64>,
    ) -> Result<Vec<gimli::Piece<Reader>>, Availability> {
        let unsupported = |what: &str| Err(Availability::Unsupported(what.to_string()));
        let mut encoding = unit.dwarf.encoding();
        if self.is_wide(unit, &expression, len) {
            encoding.address_size = 8;
        }
        let stack_value = |value| stack_value(value, encoding.address_size);
        let mut evaluation = expression.evaluation(encoding);
        evaluation.set_max_iterations(OPERATION_LIMIT);
        let mut state = evaluation.evaluate().map_err(failed)?;
        loop {
            state = match state {
                EvaluationResult::Complete => return Ok(evaluation.result()),
                EvaluationResult::RequiresMemory {
                    address,
                    size,
                    base_type,
                    ..
                } => {
                    let mut bytes = [0u8; 8];
                    let Some(part) = bytes.get_mut(..usize::from(size)) else {
                        return unsupported("a wide memory read");
                    };
                    if !self.target.read_memory(address, part) {
                        return Err(outside(address));
                    }
                    let kind = self.base_type(unit, base_type);
                    let value = gimli::Value::from_u64(kind, u64::from_le_bytes(bytes)).map_err(failed)?;
                    evaluation.resume_with_memory(value).map_err(failed)?
                }
                EvaluationResult::RequiresWasmLocal { index } => evaluation
                    .resume_with_wasm_value(stack_value(self.slot(Slot::Local(index))?)?)
                    .map_err(failed)?,
                EvaluationResult::RequiresWasmGlobal { index } => evaluation
                    .resume_with_wasm_value(stack_value(self.slot(Slot::Global(index))?)?)
                    .map_err(failed)?,
                EvaluationResult::RequiresWasmStack { index } => evaluation
                    .resume_with_wasm_value(stack_value(self.slot(Slot::Operand(index))?)?)
                    .map_err(failed)?,
                EvaluationResult::RequiresFrameBase => {
                    evaluation.resume_with_frame_base(self.base()?).map_err(failed)?
                }
                EvaluationResult::RequiresRelocatedAddress(address) => {
                    self.memory(unit, address)?;
                    evaluation
                        .resume_with_relocated_address(address)
                        .map_err(failed)?
                }
                EvaluationResult::RequiresIndexedAddress { index, .. } => {
                    let address = unit.dwarf.sections.address(&unit.dwarf, index).map_err(failed)?;
                    self.memory(unit, address)?;
                    evaluation.resume_with_indexed_address(address).map_err(failed)?
                }
                EvaluationResult::RequiresBaseType(offset) => {
                    let kind = self.base_type(unit, offset);
                    evaluation.resume_with_base_type(kind).map_err(failed)?
                }
                EvaluationResult::RequiresRegister { .. } => {
                    return unsupported("a machine register");
                }
                EvaluationResult::RequiresTls(offset) => {
                    let Some(global) = self.tls_base else {
                        return unsupported(
                            "a thread-local variable, of which the module does not say where (no global is named __tls_base)",
                        );
                    };
                    let base = stack_value(self.slot(Slot::Global(global))?)?;
                    let base = base.to_u64(u64::MAX).map_err(failed)?;
                    evaluation
                        .resume_with_tls(base.wrapping_add(offset))
                        .map_err(failed)?
                }
                EvaluationResult::RequiresCallFrameCfa => {
                    return unsupported("a call frame address");
                }
                EvaluationResult::RequiresAtLocation(reference) => {
                    let empty = || Reader::new(std::sync::Arc::from([]), gimli::LittleEndian);
                    let value = match reference {
                        gimli::DieReference::UnitRef(offset) => Value::UnitRef(offset),
                        gimli::DieReference::DebugInfoRef(offset) => Value::DebugInfoRef(offset),
                    };
                    let found = (self.units.reference(unit, value))
                        .and_then(|die| self.units.inherited(die, gimli::DW_AT_location));
                    let bytes = match found {
                        Some((_, Value::Exprloc(expression))) => expression.0,
                        Some(_) => return unsupported("a location in terms of another that moves"),
                        None => empty(),
                    };
                    evaluation.resume_with_at_location(bytes).map_err(failed)?
                }
                EvaluationResult::RequiresEntryValue(expression) => {
                    let value = self.entry_value(unit, expression, encoding.address_size)?;
                    evaluation.resume_with_entry_value(value).map_err(failed)?
                }
                EvaluationResult::RequiresParameterRef(_) => {
                    return unsupported("a value that the caller passed, which is gone");
                }
            };
        }
    }

    /// What a local held when the function was entered: known as long as nothing in the function writes to it.
    fn entry_value(
        &self,
        unit: &Unit,
        expression: gimli::Expression<Reader>,
        address_size: u8,
    ) -> Result<gimli::Value, Availability> {
        let gone =
            || Availability::Unsupported("a value from the function's entry, which is gone".to_string());
        let mut operations = expression.operations(unit.dwarf.encoding());
        match (operations.next(), operations.next()) {
            (Ok(Some(Operation::WasmLocal { index })), Ok(None | Some(Operation::StackValue)))
                if !(self.writes)(index) =>
            {
                stack_value(self.slot(Slot::Local(index))?, address_size)
            }
            _ => Err(gone()),
        }
    }

    fn base_type(&self, unit: &Unit, offset: gimli::UnitOffset) -> gimli::ValueType {
        let entry = (offset.0 != 0).then(|| unit.dwarf.entry(offset).ok()).flatten();
        let kind = entry.and_then(|entry| gimli::ValueType::from_entry(&entry).ok().flatten());
        kind.unwrap_or(gimli::ValueType::Generic)
    }
}

/// Where a variable is in all frames that stand at one place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Site {
    /// It is what this slot holds.
    Slot(Slot),
    /// In memory, so many bytes behind the address that this slot holds.
    Behind(Slot, u64),
}

/// The number of no global.
const NO_GLOBAL: u32 = u32::MAX;

/// A WebAssembly value's home.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Slot {
    Local(u32),
    Global(u32),
    Operand(u32),
}

/// The slot of an expression that is exactly "this slot is the value".
fn whole_slot(expression: &gimli::Expression<Reader>, unit: &Unit) -> Option<Slot> {
    match first_slot(expression, unit)? {
        (slot, [Some(Operation::StackValue), None]) => Some(slot),
        _ => None,
    }
}

/// The slot of an expression that is nothing else.
fn alone(expression: &gimli::Expression<Reader>, unit: &Unit) -> Option<Slot> {
    match first_slot(expression, unit)? {
        (slot, [None, None]) => Some(slot),
        _ => None,
    }
}

/// The slot that holds a frame base, which is an address whether it is said to be a value or not.
fn address_slot(expression: &gimli::Expression<Reader>, unit: &Unit) -> Option<Slot> {
    whole_slot(expression, unit).or_else(|| alone(expression, unit))
}

/// The slot that an expression begins with, and the two operations behind it.
fn first_slot(
    expression: &gimli::Expression<Reader>,
    unit: &Unit,
) -> Option<(Slot, [Option<Operation<Reader>>; 2])> {
    let mut operations = expression.clone().operations(unit.dwarf.encoding());
    let slot = match operations.next().ok()?? {
        Operation::WasmLocal { index } => Slot::Local(index),
        Operation::WasmGlobal { index } => Slot::Global(index),
        Operation::WasmStack { index } => Slot::Operand(index),
        _ => return None,
    };
    Some((slot, [operations.next().ok()?, operations.next().ok()?]))
}

fn wasm_bytes(value: WasmValue) -> Result<Vec<u8>, Availability> {
    match value {
        WasmValue::I32(bits) | WasmValue::F32(bits) => Ok(bits.to_le_bytes().to_vec()),
        WasmValue::I64(bits) | WasmValue::F64(bits) => Ok(bits.to_le_bytes().to_vec()),
        WasmValue::V128(bits) => Ok(bits.to_le_bytes().to_vec()),
        WasmValue::NullRef | WasmValue::FuncRef(_) | WasmValue::OtherRef(_) => Err(reference()),
    }
}

fn failed(error: gimli::Error) -> Availability {
    Availability::Unsupported(format!("its location: {error}"))
}

fn reference() -> Availability {
    Availability::Unsupported("a reference has no bytes".to_string())
}

/// A slot's value as expressions count with it, in numbers of `address_size` bytes.
fn stack_value(value: WasmValue, address_size: u8) -> Result<gimli::Value, Availability> {
    match value {
        WasmValue::I32(bits) => Ok(gimli::Value::Generic(u64::from(bits))),
        WasmValue::I64(bits) if address_size == 8 => Ok(gimli::Value::Generic(bits)),
        WasmValue::I64(bits) => Ok(gimli::Value::U64(bits)),
        WasmValue::F32(bits) => Ok(gimli::Value::F32(f32::from_bits(bits))),
        WasmValue::F64(bits) => Ok(gimli::Value::F64(f64::from_bits(bits))),
        WasmValue::V128(_) => Err(Availability::Unsupported("arithmetic on a vector".to_string())),
        WasmValue::NullRef | WasmValue::FuncRef(_) | WasmValue::OtherRef(_) => Err(reference()),
    }
}

fn value_bytes(value: gimli::Value) -> Vec<u8> {
    match value {
        // Constants keep all 64 bits here, whatever the address size.
        gimli::Value::Generic(value) | gimli::Value::U64(value) => value.to_le_bytes().to_vec(),
        gimli::Value::I64(value) => value.to_le_bytes().to_vec(),
        gimli::Value::I32(value) => value.to_le_bytes().to_vec(),
        gimli::Value::U32(value) => value.to_le_bytes().to_vec(),
        gimli::Value::I16(value) => value.to_le_bytes().to_vec(),
        gimli::Value::U16(value) => value.to_le_bytes().to_vec(),
        gimli::Value::I8(value) => value.to_le_bytes().to_vec(),
        gimli::Value::U8(value) => value.to_le_bytes().to_vec(),
        gimli::Value::F32(value) => value.to_bits().to_le_bytes().to_vec(),
        gimli::Value::F64(value) => value.to_bits().to_le_bytes().to_vec(),
    }
}

/// Cuts computed bytes to the size of the variable; too few are not a value.
fn fit(mut bytes: Vec<u8>, len: Option<u64>) -> Result<Place, Availability> {
    if let Some(len) = len {
        match usize::try_from(len) {
            Ok(len) if len <= bytes.len() => bytes.truncate(len),
            _ => {
                return Err(Availability::Unsupported(format!(
                    "{len} bytes, of which only {} are kept",
                    bytes.len()
                )));
            }
        }
    }
    Ok(Place::Bytes(bytes))
}

fn constant(units: &Units, unit: &Unit, value: Value, len: Option<u64>) -> Result<Place, Availability> {
    let bytes = match value {
        Value::Block(reader) => {
            let bytes = reader
                .to_slice()
                .map_err(|error| Availability::NotReadable(error.to_string()))?;
            return fit(bytes.into_owned(), len);
        }
        Value::Sdata(value) => i128::from(value).to_le_bytes(),
        Value::Data16(value) => value.to_le_bytes(),
        Value::String(_)
        | Value::DebugStrRef(_)
        | Value::DebugLineStrRef(_)
        | Value::DebugStrOffsetsIndex(_) => {
            let text = units.string(&unit.dwarf, value).unwrap_or_default();
            let mut bytes = text.into_bytes();
            bytes.push(0);
            return fit(bytes, len);
        }
        other => match other.udata_value() {
            Some(value) => u128::from(value).to_le_bytes(),
            None => {
                return Err(Availability::Unsupported("this form of constant".to_string()));
            }
        },
    };
    fit(bytes.to_vec(), len)
}

/// The reason when memory at an address cannot be read.
pub(crate) fn outside(address: u64) -> Availability {
    Availability::NotReadable(format!("address {address:#x} is outside memory"))
}
