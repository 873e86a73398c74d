//! A function prepared for execution: its operators decoded once, with the ends of control constructs matched.
//!
//! # Invariants
//! - `ops[i]` is the operator at file offset `offset(i)`; no operator is left out, added or reordered.
//! - The size is bounded by a constant times the body's bytes (local declarations stay run-length encoded).
//!
//! Must not know: values, the stack.

use super::access::{Load, Store};
use super::numeric::Numeric;
use super::simd::{Extract, Floats, LaneLoad, LaneStore, Lanes, Replace};
use crate::error::Error;
use crate::module::{Body, Module, reference_to, text};
use crate::types::ValType;
use wasmparser::{BinaryReader, BlockType, MemArg, MemArgTarget, Operator, OperatorsReader};

/// An instruction.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    Unreachable,
    Nop,
    /// `end` is the index of the matching `end`.
    Block {
        end: u32,
        params: u16,
        results: u16,
    },
    Loop {
        params: u16,
    },
    /// `otherwise` is the index of the matching `else`, or `end` if there is none.
    If {
        otherwise: u32,
        end: u32,
        params: u16,
        results: u16,
    },
    Else,
    End,
    Br(u32),
    BrIf(u32),
    /// Labels `first..first + count` of the function's list, and the default after them.
    BrTable {
        first: u32,
        count: u32,
    },
    /// `return`, and the function's own `end`.
    Return,
    Call(u32),
    CallIndirect {
        type_index: u32,
        table: u32,
    },
    /// The operand is the function.
    CallRef(u32),
    ReturnCall(u32),
    ReturnCallIndirect {
        type_index: u32,
        table: u32,
    },
    ReturnCallRef(u32),
    /// `try_table` and the old `try`, with the index of its handler in the function's list.
    Try {
        end: u32,
        params: u16,
        results: u16,
        handler: u32,
    },
    Throw(u32),
    ThrowRef,
    Rethrow(u32),
    Drop,
    Select,
    LocalGet(u32),
    LocalSet(u32),
    LocalTee(u32),
    GlobalGet(u32, ValType),
    GlobalSet(u32),
    Load(Load, Place),
    Store(Store, Place),
    LoadLane(LaneLoad, u8, Place),
    StoreLane(LaneStore, u8, Place),
    /// The type is that of the memory's addresses.
    MemorySize(u32, ValType),
    MemoryGrow(u32, ValType),
    MemoryCopy {
        to: u32,
        from: u32,
    },
    MemoryFill(u32),
    MemoryInit {
        memory: u32,
        segment: u32,
    },
    DataDrop(u32),
    /// Also `ref.null`.
    Const(ValType, u64),
    RefIsNull,
    RefAsNonNull,
    BrOnNull(u32),
    BrOnNonNull(u32),
    RefFunc(u32),
    TableGet(u32, ValType),
    TableSet(u32),
    /// The type is that of the table's indices.
    TableSize(u32, ValType),
    TableGrow(u32, ValType),
    TableFill(u32),
    TableCopy {
        to: u32,
        from: u32,
    },
    TableInit {
        table: u32,
        segment: u32,
    },
    ElemDrop(u32),
    Numeric(Numeric),
    Lanes(Lanes),
    Floats(Floats),
    Extract(Extract, u8),
    Replace(Replace, u8),
    /// A vector of the function's list.
    Vector(u32),
    /// The indexes are a vector of the function's list.
    Shuffle(u32),
    /// A valid operator that is not interpreted; see [`check_supported`].
    Unsupported,
}

/// What an access adds to its address, and in which memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) memory: u32,
    pub(super) offset: u64,
}

impl From<MemArg> for Place {
    fn from(memarg: MemArg) -> Place {
        Place {
            memory: match memarg.target {
                MemArgTarget::Memory(memory) => memory,
                // Only with a proposal that is never on; no memory has this index.
                MemArgTarget::Array(_) => u32::MAX,
            },
            offset: memarg.offset,
        }
    }
}

/// What a `try` does with an exception from its inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Handler {
    /// `try_table`: branches out of it.
    Branches(Vec<Catch>),
    /// The old `try`: goes on in one of its own arms.
    Arms(Vec<Arm>),
    /// The old `delegate`: as if thrown at the label so many constructs out of this one.
    Delegate(u32),
}

/// An arm of the old `try`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arm {
    /// Which exceptions; `None` is every tag.
    pub(super) tag: Option<u32>,
    /// Index of its `catch`.
    pub(super) at: u32,
    /// Whether a `rethrow` in it may throw again what it has caught.
    pub(super) rethrows: bool,
}

/// A clause of `try_table`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Catch {
    /// Which exceptions; `None` is every tag.
    pub(super) tag: Option<u32>,
    /// Whether the label also takes the exception itself.
    pub(super) with_reference: bool,
    /// The label, counted from outside the `try_table`.
    pub(super) label: u32,
}

/// A prepared function.
#[derive(Debug)]
pub(super) struct Code {
    /// The operators, in file order.
    pub(super) ops: Vec<Op>,
    /// Where each operator lies, from the start of the body.
    offsets: Vec<u32>,
    start: u64,
    /// The label lists of all `br_table`s, one after the other, each with its default last.
    pub(super) labels: Vec<u32>,
    /// The constants and shuffle indexes of vector instructions.
    pub(super) vectors: Vec<u128>,
    /// What each `try` does.
    pub(super) handlers: Vec<Handler>,
    /// How many locals are parameters.
    pub(super) params: usize,
    /// How many results it has.
    pub(super) results: usize,
    /// The locals that are not parameters, run-length.
    pub(super) declared: Vec<(u32, ValType)>,
}

impl Code {
    fn empty() -> Code {
        Code {
            ops: Vec::new(),
            offsets: Vec::new(),
            start: 0,
            labels: Vec::new(),
            vectors: Vec::new(),
            handlers: Vec::new(),
            params: 0,
            results: 0,
            declared: Vec::new(),
        }
    }

    /// The file offset of an operator.
    pub(super) fn offset(&self, index: usize) -> u64 {
        self.offsets
            .get(index)
            .map_or(self.start, |offset| self.start.saturating_add(u64::from(*offset)))
    }
}

/// Decodes a defined function.
pub(super) fn prepare(module: &Module, func: u32, body: &Body) -> Code {
    let ty = module.func_type(func);
    let mut code = Code {
        start: body.range.start as u64,
        params: ty.params.len(),
        results: ty.results.len(),
        declared: declared_locals(body, ty.params.len()),
        ..Code::empty()
    };
    // The control constructs that are open: index of the opening instruction, and of the `else` once there is one.
    let mut open: Vec<(usize, Option<usize>)> = Vec::new();
    for (operator, offset) in operators(module, body) {
        let index = code.ops.len();
        let mut op = lower(module, &operator, &mut code);
        add_arm(&mut code, &operator, open.last().map(|(opener, _)| *opener));
        if let Op::Rethrow(depth) = op {
            let level = open.len().checked_sub(1 + depth as usize);
            mark_rethrown(
                &mut code,
                level.and_then(|level| open.get(level)).map(|(opener, _)| *opener),
            );
        }
        match op {
            Op::Block { .. } | Op::Loop { .. } | Op::If { .. } | Op::Try { .. } => open.push((index, None)),
            Op::Else => {
                if let Some((_, otherwise)) = open.last_mut() {
                    *otherwise = Some(index);
                }
            }
            Op::End => match open.pop() {
                Some((opener, otherwise)) => match &mut code.ops[opener] {
                    Op::Block { end, .. } | Op::Try { end, .. } => *end = index as u32,
                    Op::If {
                        otherwise: target,
                        end,
                        ..
                    } => {
                        *target = otherwise.unwrap_or(index) as u32;
                        *end = index as u32;
                    }
                    _ => {}
                },
                None => op = Op::Return,
            },
            _ => {}
        }
        code.ops.push(op);
        code.offsets.push(offset.saturating_sub(code.start) as u32);
    }
    code
}

/// Whether all of a module's functions can be interpreted: the first operator that cannot is the error.
pub fn check_supported(module: &Module) -> Result<(), Error> {
    let mut code = Code::empty();
    for body in &module.bodies {
        for (operator, offset) in operators(module, body) {
            if matches!(lower(module, &operator, &mut code), Op::Unsupported) {
                return Err(Error::Unsupported {
                    what: text::operator_name(&operator),
                    offset,
                });
            }
        }
    }
    Ok(())
}

fn operators<'a>(module: &'a Module, body: &Body) -> impl Iterator<Item = (Operator<'a>, u64)> {
    let bytes = module
        .bytes
        .get(body.first_op..body.range.end)
        .unwrap_or_default();
    let reader = OperatorsReader::new(BinaryReader::new(bytes, body.first_op as u64));
    reader.into_iter_with_offsets().map_while(Result::ok)
}

fn declared_locals(body: &Body, params: usize) -> Vec<(u32, ValType)> {
    let mut skip = params as u32;
    let runs = body.locals.iter().map(|(count, ty)| {
        let skipped = skip.min(*count);
        skip -= skipped;
        (count - skipped, *ty)
    });
    runs.filter(|(count, _)| *count > 0).collect()
}

/// An operator without its context: the ends of control constructs are still zero.
fn lower(module: &Module, operator: &Operator<'_>, code: &mut Code) -> Op {
    if let Some(numeric) = Numeric::from_operator(operator) {
        return Op::Numeric(numeric);
    }
    if let Some((load, memarg)) = Load::from_operator(operator) {
        return Op::Load(load, memarg.into());
    }
    if let Some((store, memarg)) = Store::from_operator(operator) {
        return Op::Store(store, memarg.into());
    }
    if let Some(vector) = lower_vector(operator, &mut code.vectors) {
        return vector;
    }
    match *operator {
        Operator::Unreachable => Op::Unreachable,
        Operator::Nop => Op::Nop,
        Operator::Block { blockty } => {
            let (params, results) = arity(module, blockty);
            Op::Block {
                end: 0,
                params,
                results,
            }
        }
        Operator::Loop { blockty } => Op::Loop {
            params: arity(module, blockty).0,
        },
        Operator::If { blockty } => {
            let (params, results) = arity(module, blockty);
            Op::If {
                otherwise: 0,
                end: 0,
                params,
                results,
            }
        }
        Operator::Else => Op::Else,
        Operator::End => Op::End,
        Operator::Br { relative_depth } => Op::Br(relative_depth),
        Operator::BrIf { relative_depth } => Op::BrIf(relative_depth),
        Operator::BrTable { ref targets } => {
            let labels = &mut code.labels;
            let first = labels.len() as u32;
            labels.extend(targets.targets().map_while(Result::ok));
            let count = labels.len() as u32 - first;
            labels.push(targets.default());
            Op::BrTable { first, count }
        }
        Operator::Return => Op::Return,
        Operator::Call { function_index } => Op::Call(function_index),
        Operator::CallIndirect {
            type_index,
            table_index,
        } => Op::CallIndirect {
            type_index,
            table: table_index,
        },
        Operator::CallRef { type_index } => Op::CallRef(type_index),
        Operator::ReturnCall { function_index } => Op::ReturnCall(function_index),
        Operator::ReturnCallIndirect {
            type_index,
            table_index,
        } => Op::ReturnCallIndirect {
            type_index,
            table: table_index,
        },
        Operator::ReturnCallRef { type_index } => Op::ReturnCallRef(type_index),
        Operator::TryTable { ref try_table } => {
            let catches = try_table.catches.iter().map(Catch::from).collect();
            open_try(module, try_table.ty, Handler::Branches(catches), code)
        }
        Operator::Try { blockty } => open_try(module, blockty, Handler::Arms(Vec::new()), code),
        // Reached from the arm before: over the others.
        Operator::Catch { .. } | Operator::CatchAll => Op::Else,
        Operator::Delegate { .. } => Op::End,
        Operator::Throw { tag_index } => Op::Throw(tag_index),
        Operator::ThrowRef => Op::ThrowRef,
        Operator::Rethrow { relative_depth } => Op::Rethrow(relative_depth),
        Operator::Drop => Op::Drop,
        Operator::Select | Operator::TypedSelect { .. } => Op::Select,
        Operator::LocalGet { local_index } => Op::LocalGet(local_index),
        Operator::LocalSet { local_index } => Op::LocalSet(local_index),
        Operator::LocalTee { local_index } => Op::LocalTee(local_index),
        Operator::GlobalGet { global_index } => {
            Op::GlobalGet(global_index, module.globals[global_index as usize].ty)
        }
        Operator::GlobalSet { global_index } => Op::GlobalSet(global_index),
        Operator::MemorySize { mem } => Op::MemorySize(mem, address_type(module, mem)),
        Operator::MemoryGrow { mem } => Op::MemoryGrow(mem, address_type(module, mem)),
        Operator::MemoryCopy { dst_mem, src_mem } => Op::MemoryCopy {
            to: dst_mem,
            from: src_mem,
        },
        Operator::MemoryFill { mem } => Op::MemoryFill(mem),
        Operator::MemoryInit { data_index, mem } => Op::MemoryInit {
            memory: mem,
            segment: data_index,
        },
        Operator::DataDrop { data_index } => Op::DataDrop(data_index),
        Operator::I32Const { value } => Op::Const(ValType::I32, u64::from(value as u32)),
        Operator::I64Const { value } => Op::Const(ValType::I64, value as u64),
        Operator::F32Const { value } => Op::Const(ValType::F32, u64::from(value.bits())),
        Operator::F64Const { value } => Op::Const(ValType::F64, value.bits()),
        // The decoder has accepted the type, so that there is one.
        Operator::RefNull { hty } => Op::Const(reference_to(hty, true).unwrap_or(ValType::FuncRef), 0),
        Operator::RefAsNonNull => Op::RefAsNonNull,
        Operator::BrOnNull { relative_depth } => Op::BrOnNull(relative_depth),
        Operator::BrOnNonNull { relative_depth } => Op::BrOnNonNull(relative_depth),
        Operator::RefIsNull => Op::RefIsNull,
        Operator::RefFunc { function_index } => Op::RefFunc(function_index),
        Operator::TableGet { table } => Op::TableGet(table, module.tables[table as usize].element),
        Operator::TableSet { table } => Op::TableSet(table),
        Operator::TableSize { table } => Op::TableSize(table, index_type(module, table)),
        Operator::TableGrow { table } => Op::TableGrow(table, index_type(module, table)),
        Operator::TableFill { table } => Op::TableFill(table),
        Operator::TableCopy { dst_table, src_table } => Op::TableCopy {
            to: dst_table,
            from: src_table,
        },
        Operator::TableInit { elem_index, table } => Op::TableInit {
            table,
            segment: elem_index,
        },
        Operator::ElemDrop { elem_index } => Op::ElemDrop(elem_index),
        _ => Op::Unsupported,
    }
}

/// The type of a memory's addresses.
fn address_type(module: &Module, memory: u32) -> ValType {
    module.memories[memory as usize].address_type()
}

/// The type of a table's indices.
fn index_type(module: &Module, table: u32) -> ValType {
    module.tables[table as usize].index_type()
}

/// A `try` of either kind, its handler in the function's list.
fn open_try(module: &Module, ty: BlockType, handler: Handler, code: &mut Code) -> Op {
    let (params, results) = arity(module, ty);
    code.handlers.push(handler);
    Op::Try {
        end: 0,
        params,
        results,
        handler: code.handlers.len() as u32 - 1,
    }
}

impl From<&wasmparser::Catch> for Catch {
    fn from(catch: &wasmparser::Catch) -> Catch {
        let (tag, with_reference, label) = match *catch {
            wasmparser::Catch::One { tag, label } => (Some(tag), false, label),
            wasmparser::Catch::OneRef { tag, label } => (Some(tag), true, label),
            wasmparser::Catch::All { label } => (None, false, label),
            wasmparser::Catch::AllRef { label } => (None, true, label),
        };
        Catch {
            tag,
            with_reference,
            label,
        }
    }
}

/// Adds an arm to the old `try` at `opener`, or makes it delegate. The operator is about to be pushed.
fn add_arm(code: &mut Code, operator: &Operator<'_>, opener: Option<usize>) {
    let at = code.ops.len() as u32;
    let Some(handler) = handler_of(code, opener) else {
        return;
    };
    let tag = match *operator {
        Operator::Catch { tag_index } => Some(tag_index),
        Operator::CatchAll => None,
        Operator::Delegate { relative_depth } => {
            *handler = Handler::Delegate(relative_depth);
            return;
        }
        _ => return,
    };
    if let Handler::Arms(arms) = handler {
        arms.push(Arm {
            tag,
            at,
            rethrows: false,
        });
    }
}

/// Notes that what the arm under way of the old `try` at `opener` has caught may be thrown again.
fn mark_rethrown(code: &mut Code, opener: Option<usize>) {
    if let Some(Handler::Arms(arms)) = handler_of(code, opener)
        && let Some(arm) = arms.last_mut()
    {
        arm.rethrows = true;
    }
}

/// What the `try` at `opener` does.
fn handler_of(code: &mut Code, opener: Option<usize>) -> Option<&mut Handler> {
    let Some(Op::Try { handler, .. }) = code.ops.get(opener?) else {
        return None;
    };
    code.handlers.get_mut(*handler as usize)
}

/// A vector instruction, if it is one. Those that load and store whole vectors are loads and stores.
fn lower_vector(operator: &Operator<'_>, vectors: &mut Vec<u128>) -> Option<Op> {
    if let Some(lanes) = Lanes::from_operator(operator) {
        return Some(Op::Lanes(lanes));
    }
    if let Some(floats) = Floats::from_operator(operator) {
        return Some(Op::Floats(floats));
    }
    if let Some((extract, lane)) = Extract::from_operator(operator) {
        return Some(Op::Extract(extract, lane));
    }
    if let Some((replace, lane)) = Replace::from_operator(operator) {
        return Some(Op::Replace(replace, lane));
    }
    if let Some((load, lane, memarg)) = LaneLoad::from_operator(operator) {
        return Some(Op::LoadLane(load, lane, memarg.into()));
    }
    if let Some((store, lane, memarg)) = LaneStore::from_operator(operator) {
        return Some(Op::StoreLane(store, lane, memarg.into()));
    }
    let index = vectors.len() as u32;
    match operator {
        Operator::V128Const { value } => {
            vectors.push(u128::from_le_bytes(*value.bytes()));
            Some(Op::Vector(index))
        }
        Operator::I8x16Shuffle { lanes } => {
            vectors.push(u128::from_le_bytes(*lanes));
            Some(Op::Shuffle(index))
        }
        _ => None,
    }
}

/// How many parameters and results a block has; the validator allows a thousand of each.
fn arity(module: &Module, ty: BlockType) -> (u16, u16) {
    match ty {
        BlockType::Empty => (0, 0),
        BlockType::Type(_) => (0, 1),
        BlockType::FuncType(index) => {
            let ty = &module.types[index as usize];
            (ty.params.len() as u16, ty.results.len() as u16)
        }
    }
}
