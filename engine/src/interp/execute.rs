//! What each instruction does.
//!
//! # Invariants
//! - An instruction that traps, or calls a host function that does not return, changes nothing of the machine.
//! - Validated code is trusted: an operand that must be there is there.
//!
//! Must not know: how the store keeps things.

use super::code::{Op, Place};
use super::machine::{Label, Machine};
use super::simd::shuffle;
use super::{Callee, Step, World};
use crate::error::TrapKind;
use crate::types::ValType;
use std::ops::Range;

const PAGE_BYTES: usize = 65_536;

/// What to execute after an instruction.
pub(super) enum Next {
    /// The one after it.
    Following,
    /// The one at an index of the same function.
    At(u32),
    /// A call or return has settled it.
    Settled(Step),
}

/// How a function is called.
#[derive(Clone, Copy)]
enum Way {
    /// On top of its caller.
    Nested,
    /// In place of its caller.
    Tail,
}

impl Machine {
    /// Executes one instruction of the innermost frame. At rest it is [`Step::Done`], and nothing happens.
    pub fn step(&mut self, world: &mut dyn World) -> Step {
        let Some(frame) = self.frames.last() else {
            return Step::Done;
        };
        let (op, instance) = (frame.code.ops[frame.pc], frame.instance);
        match self.execute(world, instance, op) {
            Ok(Next::Settled(step)) => return step,
            Ok(Next::Following) => self.top().pc += 1,
            Ok(Next::At(target)) => self.top().pc = target as usize,
            Err(trap) => return Step::Trap(trap),
        }
        Step::Continue
    }

    fn execute(&mut self, world: &mut dyn World, instance: u32, op: Op) -> Result<Next, TrapKind> {
        match op {
            Op::Numeric(numeric) => numeric.apply(&mut self.values)?,
            Op::LocalGet(local) => {
                let at = self.local(local);
                let slot = self.values[at];
                self.values.push(slot);
            }
            Op::LocalSet(local) => {
                let at = self.local(local);
                self.values[at].1 = self.pop();
            }
            Op::LocalTee(local) => {
                let at = self.local(local);
                self.values[at].1 = self.peek(0);
            }
            Op::Const(ty, bits) => self.push(ty, u128::from(bits)),
            Op::Lanes(lanes) => lanes.apply(&mut self.values)?,
            Op::Floats(floats) => floats.apply(&mut self.values)?,
            Op::Extract(extract, lane) => {
                let vector = self.pop();
                self.values.push(extract.apply(vector, lane));
            }
            Op::Replace(replace, lane) => {
                let (bits, vector) = (self.pop(), self.pop());
                self.push(ValType::V128, replace.apply(vector, lane, bits));
            }
            Op::Vector(index) => {
                let bits = self.top().code.vectors[index as usize];
                self.push(ValType::V128, bits);
            }
            Op::Shuffle(index) => {
                let indexes = self.top().code.vectors[index as usize];
                let (b, a) = (self.pop(), self.pop());
                self.push(ValType::V128, shuffle(a, b, indexes));
            }

            Op::Load(load, place) => {
                let address = self.address(0, place);
                let value = address.and_then(|at| load.read(world.memory(instance, place.memory), at));
                let value = value.ok_or(TrapKind::MemoryOutOfBounds)?;
                self.pop();
                self.values.push(value);
            }
            Op::Store(store, place) => {
                let (address, bits) = (self.address(1, place), self.peek(0));
                let written =
                    address.and_then(|at| store.write(world.memory(instance, place.memory), at, bits));
                written.ok_or(TrapKind::MemoryOutOfBounds)?;
                self.drop_values(2);
            }
            Op::LoadLane(load, lane, place) => {
                let (address, vector) = (self.address(1, place), self.peek(0));
                let loaded =
                    address.and_then(|at| load.read(world.memory(instance, place.memory), at, vector, lane));
                let loaded = loaded.ok_or(TrapKind::MemoryOutOfBounds)?;
                self.drop_values(2);
                self.push(ValType::V128, loaded);
            }
            Op::StoreLane(store, lane, place) => {
                let (address, vector) = (self.address(1, place), self.peek(0));
                let written = address
                    .and_then(|at| store.write(world.memory(instance, place.memory), at, vector, lane));
                written.ok_or(TrapKind::MemoryOutOfBounds)?;
                self.drop_values(2);
            }

            Op::Nop => {}
            Op::Unreachable => return Err(TrapKind::Unreachable),
            Op::Block { end, params, results } => self.push_block(end, params, results, None),
            Op::Try {
                end,
                params,
                results,
                handler,
            } => self.push_block(end, params, results, Some(handler)),
            Op::Throw(tag) => return self.throw(world, instance, tag),
            Op::ThrowRef => {
                let exception = world.exception(self.peek(0) as u64);
                return self.raise(world, exception.ok_or(TrapKind::NullExceptionReference)?);
            }
            Op::Rethrow(depth) => return self.rethrow(world, depth),
            Op::Loop { params } => {
                let continuation = self.top().pc as u32 + 1;
                let arity = usize::from(params);
                let height = self.values.len() - arity;
                self.labels.push(Label {
                    continuation,
                    height,
                    arity,
                    is_loop: true,
                    handler: None,
                });
                self.ticks += 1;
            }
            Op::If {
                otherwise,
                end,
                params,
                results,
            } => {
                let condition = self.pop() != 0;
                if condition || otherwise != end {
                    self.push_block(end, params, results, None);
                }
                if !condition {
                    return Ok(Next::At(otherwise + 1));
                }
            }
            // Reached from the first arm: over the second one.
            Op::Else => return Ok(self.branch(0)),
            Op::End => {
                self.labels.pop();
            }
            Op::Br(depth) => return Ok(self.branch(depth)),
            Op::BrIf(depth) => {
                if self.pop() != 0 {
                    return Ok(self.branch(depth));
                }
            }
            Op::BrTable { first, count } => {
                let index = (self.pop() as u32).min(count);
                let depth = self.top().code.labels[(first + index) as usize];
                return Ok(self.branch(depth));
            }
            Op::Return => return Ok(Next::Settled(self.leave())),
            Op::Call(func) => {
                let callee = world.callee(instance, func);
                let type_index = world.module(instance).func_types[func as usize];
                return self.call(world, instance, callee, type_index, Way::Nested);
            }
            Op::ReturnCall(func) => {
                let callee = world.callee(instance, func);
                let type_index = world.module(instance).func_types[func as usize];
                return self.call(world, instance, callee, type_index, Way::Tail);
            }
            Op::CallIndirect { type_index, table } => {
                let callee = self.table_callee(world, instance, type_index, table)?;
                return self.call_popping(world, instance, callee, type_index, Way::Nested);
            }
            Op::ReturnCallIndirect { type_index, table } => {
                let callee = self.table_callee(world, instance, type_index, table)?;
                return self.call_popping(world, instance, callee, type_index, Way::Tail);
            }
            Op::CallRef(type_index) => {
                let callee = self.referred_callee(world)?;
                return self.call_popping(world, instance, callee, type_index, Way::Nested);
            }
            Op::ReturnCallRef(type_index) => {
                let callee = self.referred_callee(world)?;
                return self.call_popping(world, instance, callee, type_index, Way::Tail);
            }

            Op::Drop => self.drop_values(1),
            Op::Select => {
                let condition = self.pop() != 0;
                let second = self.pop();
                if !condition && let Some((_, chosen)) = self.values.last_mut() {
                    *chosen = second;
                }
            }
            Op::GlobalGet(global, ty) => self.push(ty, world.global_get(instance, global)),
            Op::GlobalSet(global) => world.global_set(instance, global, self.pop()),
            Op::RefIsNull => {
                let is_null = self.pop() == 0;
                self.push(ValType::I32, u128::from(is_null));
            }
            Op::RefAsNonNull => {
                if self.peek(0) == 0 {
                    return Err(TrapKind::NullReference);
                }
            }
            Op::BrOnNull(depth) => {
                if self.peek(0) == 0 {
                    self.drop_values(1);
                    return Ok(self.branch(depth));
                }
            }
            Op::BrOnNonNull(depth) => {
                if self.peek(0) != 0 {
                    return Ok(self.branch(depth));
                }
                self.drop_values(1);
            }
            Op::RefFunc(func) => self.push(ValType::FuncRef, u128::from(world.func_ref(instance, func))),

            Op::MemorySize(memory, ty) => {
                let pages = world.memory(instance, memory).len() / PAGE_BYTES;
                self.push(ty, pages as u128);
            }
            Op::MemoryGrow(memory, ty) => {
                let old = world.memory_grow(instance, memory, self.pop() as u64);
                self.push(ty, old_size(old, ty));
            }
            Op::MemoryCopy {
                to: to_memory,
                from: from_memory,
            } => {
                let (to, from, len) = (self.peek(2), self.peek(1), self.peek(0));
                let source = world.memory(instance, from_memory);
                let from = within(from, len, source.len()).ok_or(TrapKind::MemoryOutOfBounds)?;
                let source = source.as_ptr();
                let target = world.memory(instance, to_memory);
                let to = within(to, len, target.len()).ok_or(TrapKind::MemoryOutOfBounds)?;
                // Two indices may be of one memory.
                if target.as_ptr() == source {
                    world.memory(instance, to_memory).copy_within(from, to.start);
                } else {
                    in_parts(from, to, |from, to| {
                        let mut part = [0; PART];
                        let part = &mut part[..from.len()];
                        part.copy_from_slice(&world.memory(instance, from_memory)[from]);
                        world.memory(instance, to_memory)[to].copy_from_slice(part);
                    });
                }
                self.drop_values(3);
            }
            Op::MemoryFill(memory) => {
                let (to, byte, len) = (self.peek(2), self.peek(1), self.peek(0));
                let memory = world.memory(instance, memory);
                let to = within(to, len, memory.len()).ok_or(TrapKind::MemoryOutOfBounds)?;
                memory[to].fill(byte as u8);
                self.drop_values(3);
            }
            Op::MemoryInit { memory, segment } => {
                let (to, from, len) = (self.peek(2), self.peek(1), self.peek(0));
                let data = world.data(instance, segment);
                let memory = world.memory(instance, memory);
                let to = within(to, len, memory.len()).ok_or(TrapKind::MemoryOutOfBounds)?;
                let from = within(from, len, data.len()).ok_or(TrapKind::MemoryOutOfBounds)?;
                memory[to].copy_from_slice(&data[from]);
                self.drop_values(3);
            }
            Op::DataDrop(segment) => world.data_drop(instance, segment),

            Op::TableGet(table, ty) => {
                let index = self.peek(0) as usize;
                let reference = *world
                    .table(instance, table)
                    .get(index)
                    .ok_or(TrapKind::TableOutOfBounds)?;
                self.pop();
                self.push(ty, u128::from(reference));
            }
            Op::TableSet(table) => {
                let (index, reference) = (self.peek(1) as usize, self.peek(0) as u64);
                let slot = world.table(instance, table).get_mut(index);
                *slot.ok_or(TrapKind::TableOutOfBounds)? = reference;
                self.drop_values(2);
            }
            Op::TableSize(table, ty) => {
                let len = world.table(instance, table).len();
                self.push(ty, len as u128);
            }
            Op::TableGrow(table, ty) => {
                let (delta, init) = (self.pop() as u64, self.pop() as u64);
                let old = world.table_grow(instance, table, delta, init);
                self.push(ty, old_size(old, ty));
            }
            Op::TableFill(table) => {
                let (to, reference, len) = (self.peek(2), self.peek(1), self.peek(0));
                let table = world.table(instance, table);
                let to = within(to, len, table.len()).ok_or(TrapKind::TableOutOfBounds)?;
                table[to].fill(reference as u64);
                self.drop_values(3);
            }
            Op::TableCopy {
                to: to_table,
                from: from_table,
            } => {
                let (to, from, len) = (self.peek(2), self.peek(1), self.peek(0));
                let source = world.table(instance, from_table);
                let from = within(from, len, source.len()).ok_or(TrapKind::TableOutOfBounds)?;
                let source = source.as_ptr();
                let target = world.table(instance, to_table);
                let to = within(to, len, target.len()).ok_or(TrapKind::TableOutOfBounds)?;
                if target.as_ptr() == source {
                    target.copy_within(from, to.start);
                } else {
                    in_parts(from, to, |from, to| {
                        let mut part = [0; PART];
                        let part = &mut part[..from.len()];
                        part.copy_from_slice(&world.table(instance, from_table)[from]);
                        world.table(instance, to_table)[to].copy_from_slice(part);
                    });
                }
                self.drop_values(3);
            }
            Op::TableInit { table, segment } => {
                let (to, from, len) = (self.peek(2), self.peek(1), self.peek(0));
                let elements = world.elements(instance, segment);
                let table = world.table(instance, table);
                let to = within(to, len, table.len()).ok_or(TrapKind::TableOutOfBounds)?;
                let from = within(from, len, elements.len()).ok_or(TrapKind::TableOutOfBounds)?;
                table[to].copy_from_slice(&elements[from]);
                self.drop_values(3);
            }
            Op::ElemDrop(segment) => world.elements_drop(instance, segment),

            // Whoever instantiates a module has refused it by name before (`check_supported`).
            Op::Unsupported => return Err(TrapKind::Host),
        }
        Ok(Next::Following)
    }

    fn push_block(&mut self, end: u32, params: u16, results: u16, handler: Option<u32>) {
        let height = self.values.len() - usize::from(params);
        let label = Label {
            continuation: end + 1,
            height,
            arity: usize::from(results),
            is_loop: false,
            handler,
        };
        self.labels.push(label);
    }

    /// Branches to the label `depth` constructs out; the outermost is the function's own.
    pub(super) fn branch(&mut self, depth: u32) -> Next {
        let entered = self.labels.len() - self.top().labels;
        let Some(outer) = entered.checked_sub(depth as usize + 1) else {
            return Next::Settled(self.leave());
        };
        let index = self.top().labels + outer;
        let label = self.labels[index];
        self.labels
            .truncate(if label.is_loop { index + 1 } else { index });
        let carried = self.values.len() - label.arity;
        if carried > label.height {
            self.values.drain(label.height..carried);
        }
        if label.is_loop {
            self.ticks += 1;
        }
        Next::At(label.continuation)
    }

    /// Calls with the arguments on top of the values.
    fn call(
        &mut self,
        world: &mut dyn World,
        caller: u32,
        callee: Callee,
        type_index: u32,
        way: Way,
    ) -> Result<Next, TrapKind> {
        let module = world.module(caller).clone();
        let ty = &module.types[type_index as usize];
        let host = match callee {
            Callee::Wasm { instance, func } => {
                match way {
                    Way::Nested => self.enter(world, instance, func)?,
                    Way::Tail => self.replace(world, instance, func, ty.params.len())?,
                }
                return Ok(Next::Settled(Step::Continue));
            }
            Callee::Host { host } => host,
        };
        let args_at = self.values.len() - ty.params.len();
        let args: Vec<u128> = self.values[args_at..].iter().map(|(_, bits)| *bits).collect();
        let Ok(results) = world.call_host(caller, host, &args) else {
            return Ok(Next::Settled(Step::Host));
        };
        self.values.truncate(args_at);
        self.values.extend(ty.results.iter().copied().zip(results));
        Ok(match way {
            Way::Nested => Next::Following,
            Way::Tail => Next::Settled(self.leave()),
        })
    }

    /// What the element of a table calls that the operand on top names.
    fn table_callee(
        &self,
        world: &mut dyn World,
        instance: u32,
        type_index: u32,
        table: u32,
    ) -> Result<Callee, TrapKind> {
        let index = usize::try_from(self.peek(0)).map_err(|_| TrapKind::UndefinedElement)?;
        let element = world.table(instance, table).get(index).copied();
        let reference = element.ok_or(TrapKind::UndefinedElement)?;
        if reference == 0 {
            return Err(TrapKind::IndirectCallToNull);
        }
        let (callee, type_number) = world.callee_of_ref(reference);
        if type_number != world.type_number(instance, type_index) {
            return Err(TrapKind::IndirectCallTypeMismatch);
        }
        Ok(callee)
    }

    /// What the reference on top calls.
    fn referred_callee(&self, world: &dyn World) -> Result<Callee, TrapKind> {
        match self.peek(0) as u64 {
            0 => Err(TrapKind::NullFunctionReference),
            reference => Ok(world.callee_of_ref(reference).0),
        }
    }

    /// Calls what the operand on top named. If there is no call, the operand stays.
    fn call_popping(
        &mut self,
        world: &mut dyn World,
        instance: u32,
        callee: Callee,
        type_index: u32,
        way: Way,
    ) -> Result<Next, TrapKind> {
        let Some(named) = self.values.pop() else {
            unreachable!("validated code has its operands");
        };
        let next = self.call(world, instance, callee, type_index, way);
        if let Err(_) | Ok(Next::Settled(Step::Host)) = next {
            self.values.push(named);
        }
        next
    }

    /// The innermost frame.
    fn top(&mut self) -> &mut super::machine::Frame {
        match self.frames.last_mut() {
            Some(frame) => frame,
            None => unreachable!("an instruction executes in a frame"),
        }
    }

    /// The effective address of an access whose address operand lies `depth` below the top; `None` if there is no
    /// such number. (Bits above the width of an address are zero.)
    fn address(&self, depth: usize, place: Place) -> Option<u64> {
        (self.peek(depth) as u64).checked_add(place.offset)
    }

    /// Where a local of the innermost frame lies.
    fn local(&mut self, index: u32) -> usize {
        self.top().base + index as usize
    }

    fn push(&mut self, ty: ValType, bits: u128) {
        self.values.push((ty, bits));
    }

    fn pop(&mut self) -> u128 {
        match self.values.pop() {
            Some((_, bits)) => bits,
            None => unreachable!("validated code has its operands"),
        }
    }

    /// The bits of the operand `depth` below the top.
    fn peek(&self, depth: usize) -> u128 {
        self.values[self.values.len() - 1 - depth].1
    }

    fn drop_values(&mut self, count: usize) {
        self.values.truncate(self.values.len() - count);
    }
}

/// `len` items from `start`, if they lie within `total`.
fn within(start: u128, len: u128, total: usize) -> Option<Range<usize>> {
    let (start, len) = (usize::try_from(start).ok()?, usize::try_from(len).ok()?);
    let end = start.checked_add(len)?;
    (end <= total).then_some(start..end)
}

/// Bytes or references that are copied at a time from one memory or table to another.
const PART: usize = 4096;

/// Copies from one range to another of its length, a part at a time.
fn in_parts(from: Range<usize>, to: Range<usize>, mut copy: impl FnMut(Range<usize>, Range<usize>)) {
    let starts = from.clone().step_by(PART).zip(to.step_by(PART));
    for (source, target) in starts {
        let len = PART.min(from.end - source);
        copy(source..source + len, target..target + len);
    }
}

/// What a growth leaves: the old size, or -1 if it was refused.
fn old_size(old: Option<u32>, ty: ValType) -> u128 {
    match (old, ty) {
        (Some(old), _) => u128::from(old),
        (None, ValType::I64) => u128::from(u64::MAX),
        (None, _) => u128::from(u32::MAX),
    }
}
