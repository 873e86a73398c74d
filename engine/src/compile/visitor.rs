//! Operator dispatch, and nothing else.
//!
//! Must not know: how anything is done.

use super::compiler::Compiler;
use super::frame_map::Loc;
use super::masm::Size::{S32, S64};
use super::masm::{Cond, DivOp, FloatOp, FloatUnary, IntOp, IntUnary, Masm, ShiftOp, Size, TruncOp, Width};
use crate::error::Error;
use crate::layout::Libcall;
use crate::module::reference_to;
use crate::module::text::operator_name;
use crate::types::ValType::{self, F32, F64, I32, I64};
use wasmparser::Operator;

fn width(len_bytes: u8, signed: bool, size: Size) -> Width {
    Width {
        len_bytes,
        signed,
        size,
    }
}

impl<M: Masm> Compiler<'_, M> {
    /// Compiles one operator, or skips it where it cannot be reached.
    pub fn operator(&mut self, operator: &Operator<'_>) -> Result<(), Error> {
        if !self.reachable {
            match operator {
                Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::TryTable { .. }
                | Operator::Try { .. } => self.skipped += 1,
                Operator::End | Operator::Delegate { .. } if self.skipped > 0 => self.skipped -= 1,
                _ if self.skipped > 0 => {}
                Operator::End => self.end(),
                Operator::Else => self.else_(),
                Operator::Catch { tag_index } => self.catch(Some(*tag_index)),
                Operator::CatchAll => self.catch(None),
                Operator::Delegate { relative_depth } => self.delegate(*relative_depth),
                _ => {}
            }
            return Ok(());
        }
        match operator {
            Operator::Nop => {}
            Operator::Unreachable => self.unreachable(),
            Operator::Block { blockty } => self.block(*blockty),
            Operator::Loop { blockty } => self.loop_(*blockty),
            Operator::If { blockty } => self.if_(*blockty),
            Operator::Else => self.else_(),
            Operator::End => self.end(),
            Operator::Br { relative_depth } => self.br(*relative_depth),
            Operator::BrIf { relative_depth } => self.br_if(*relative_depth),
            Operator::BrTable { targets } => self.br_table(targets),
            Operator::Return => self.return_(),
            Operator::Call { function_index } => self.call(*function_index),
            Operator::CallIndirect {
                type_index,
                table_index,
            } => self.call_indirect(*type_index, *table_index),
            Operator::CallRef { type_index } => self.call_ref(*type_index),
            Operator::ReturnCall { function_index } => self.return_call(*function_index),
            Operator::ReturnCallIndirect {
                type_index,
                table_index,
            } => self.return_call_indirect(*type_index, *table_index),
            Operator::ReturnCallRef { type_index } => self.return_call_ref(*type_index),
            Operator::Throw { tag_index } => self.throw(*tag_index),
            Operator::ThrowRef => self.throw_ref(),
            Operator::Rethrow { relative_depth } => self.rethrow(*relative_depth),
            Operator::TryTable { try_table } => self.try_table(try_table),
            Operator::Try { blockty } => self.try_(*blockty),
            Operator::Catch { tag_index } => self.catch(Some(*tag_index)),
            Operator::CatchAll => self.catch(None),
            Operator::Delegate { relative_depth } => self.delegate(*relative_depth),
            Operator::Drop => {
                self.pop();
            }
            Operator::Select | Operator::TypedSelect { .. } => self.select(),

            Operator::LocalGet { local_index } => self.local_get(*local_index),
            Operator::LocalSet { local_index } => self.local_set(*local_index),
            Operator::LocalTee { local_index } => self.local_tee(*local_index),
            Operator::GlobalGet { global_index } => self.global_get(*global_index),
            Operator::GlobalSet { global_index } => self.global_set(*global_index),

            Operator::I32Const { value } => self.stack.push(I32, Loc::Const(u64::from(*value as u32))),
            Operator::I64Const { value } => self.stack.push(I64, Loc::Const(*value as u64)),
            Operator::F32Const { value } => self.stack.push(F32, Loc::Const(u64::from(value.bits()))),
            Operator::F64Const { value } => self.stack.push(F64, Loc::Const(value.bits())),

            Operator::I32Add => self.int_binary(IntOp::Add, S32),
            Operator::I32Sub => self.int_binary(IntOp::Sub, S32),
            Operator::I32Mul => self.int_binary(IntOp::Mul, S32),
            Operator::I32And => self.int_binary(IntOp::And, S32),
            Operator::I32Or => self.int_binary(IntOp::Or, S32),
            Operator::I32Xor => self.int_binary(IntOp::Xor, S32),
            Operator::I32Shl => self.shift(ShiftOp::Shl, S32),
            Operator::I32ShrS => self.shift(ShiftOp::ShrS, S32),
            Operator::I32ShrU => self.shift(ShiftOp::ShrU, S32),
            Operator::I32Rotl => self.shift(ShiftOp::Rotl, S32),
            Operator::I32Rotr => self.shift(ShiftOp::Rotr, S32),
            Operator::I32DivS => self.divide(
                DivOp {
                    signed: true,
                    rem: false,
                },
                S32,
            ),
            Operator::I32DivU => self.divide(
                DivOp {
                    signed: false,
                    rem: false,
                },
                S32,
            ),
            Operator::I32RemS => self.divide(
                DivOp {
                    signed: true,
                    rem: true,
                },
                S32,
            ),
            Operator::I32RemU => self.divide(
                DivOp {
                    signed: false,
                    rem: true,
                },
                S32,
            ),
            Operator::I32Clz => self.int_unary(IntUnary::Clz, S32, I32),
            Operator::I32Ctz => self.int_unary(IntUnary::Ctz, S32, I32),
            Operator::I32Popcnt => self.int_unary(IntUnary::Popcnt, S32, I32),
            Operator::I32Eq => self.compare(Cond::Equal, S32),
            Operator::I32Ne => self.compare(Cond::NotEqual, S32),
            Operator::I32LtS => self.compare(Cond::Less, S32),
            Operator::I32LtU => self.compare(Cond::Below, S32),
            Operator::I32GtS => self.compare(Cond::Greater, S32),
            Operator::I32GtU => self.compare(Cond::Above, S32),
            Operator::I32LeS => self.compare(Cond::LessEqual, S32),
            Operator::I32LeU => self.compare(Cond::BelowEqual, S32),
            Operator::I32GeS => self.compare(Cond::GreaterEqual, S32),
            Operator::I32GeU => self.compare(Cond::AboveEqual, S32),
            Operator::I32Eqz => self.eqz(S32),
            Operator::I32Extend8S => self.int_unary(IntUnary::Extend8, S32, I32),
            Operator::I32Extend16S => self.int_unary(IntUnary::Extend16, S32, I32),
            Operator::I64Add => self.int_binary(IntOp::Add, S64),
            Operator::I64Sub => self.int_binary(IntOp::Sub, S64),
            Operator::I64Mul => self.int_binary(IntOp::Mul, S64),
            Operator::I64And => self.int_binary(IntOp::And, S64),
            Operator::I64Or => self.int_binary(IntOp::Or, S64),
            Operator::I64Xor => self.int_binary(IntOp::Xor, S64),
            Operator::I64Shl => self.shift(ShiftOp::Shl, S64),
            Operator::I64ShrS => self.shift(ShiftOp::ShrS, S64),
            Operator::I64ShrU => self.shift(ShiftOp::ShrU, S64),
            Operator::I64Rotl => self.shift(ShiftOp::Rotl, S64),
            Operator::I64Rotr => self.shift(ShiftOp::Rotr, S64),
            Operator::I64DivS => self.divide(
                DivOp {
                    signed: true,
                    rem: false,
                },
                S64,
            ),
            Operator::I64DivU => self.divide(
                DivOp {
                    signed: false,
                    rem: false,
                },
                S64,
            ),
            Operator::I64RemS => self.divide(
                DivOp {
                    signed: true,
                    rem: true,
                },
                S64,
            ),
            Operator::I64RemU => self.divide(
                DivOp {
                    signed: false,
                    rem: true,
                },
                S64,
            ),
            Operator::I64Clz => self.int_unary(IntUnary::Clz, S64, I64),
            Operator::I64Ctz => self.int_unary(IntUnary::Ctz, S64, I64),
            Operator::I64Popcnt => self.int_unary(IntUnary::Popcnt, S64, I64),
            Operator::I64Eq => self.compare(Cond::Equal, S64),
            Operator::I64Ne => self.compare(Cond::NotEqual, S64),
            Operator::I64LtS => self.compare(Cond::Less, S64),
            Operator::I64LtU => self.compare(Cond::Below, S64),
            Operator::I64GtS => self.compare(Cond::Greater, S64),
            Operator::I64GtU => self.compare(Cond::Above, S64),
            Operator::I64LeS => self.compare(Cond::LessEqual, S64),
            Operator::I64LeU => self.compare(Cond::BelowEqual, S64),
            Operator::I64GeS => self.compare(Cond::GreaterEqual, S64),
            Operator::I64GeU => self.compare(Cond::AboveEqual, S64),
            Operator::I64Eqz => self.eqz(S64),
            Operator::I64Extend8S => self.int_unary(IntUnary::Extend8, S64, I64),
            Operator::I64Extend16S => self.int_unary(IntUnary::Extend16, S64, I64),
            Operator::I64Extend32S => self.int_unary(IntUnary::Extend32, S64, I64),
            Operator::I32WrapI64 => self.int_unary(IntUnary::Wrap, S32, I32),
            Operator::I64ExtendI32U => self.int_unary(IntUnary::Wrap, S64, I64),
            Operator::I64ExtendI32S => self.int_unary(IntUnary::Extend32, S64, I64),
            Operator::F32Add => self.float_binary(FloatOp::Add, S32),
            Operator::F32Sub => self.float_binary(FloatOp::Sub, S32),
            Operator::F32Mul => self.float_binary(FloatOp::Mul, S32),
            Operator::F32Div => self.float_binary(FloatOp::Div, S32),
            Operator::F32Min => self.float_binary(FloatOp::Min, S32),
            Operator::F32Max => self.float_binary(FloatOp::Max, S32),
            Operator::F32Copysign => self.float_binary(FloatOp::Copysign, S32),
            Operator::F32Abs => self.float_unary(FloatUnary::Abs, S32),
            Operator::F32Neg => self.float_unary(FloatUnary::Neg, S32),
            Operator::F32Sqrt => self.float_unary(FloatUnary::Sqrt, S32),
            Operator::F32Ceil => self.float_unary(FloatUnary::Ceil, S32),
            Operator::F32Floor => self.float_unary(FloatUnary::Floor, S32),
            Operator::F32Trunc => self.float_unary(FloatUnary::Trunc, S32),
            Operator::F32Nearest => self.float_unary(FloatUnary::Nearest, S32),
            Operator::F32Eq => self.float_equal(S32, false),
            Operator::F32Ne => self.float_equal(S32, true),
            Operator::F32Lt => self.float_compare(Cond::Above, S32, true),
            Operator::F32Gt => self.float_compare(Cond::Above, S32, false),
            Operator::F32Le => self.float_compare(Cond::AboveEqual, S32, true),
            Operator::F32Ge => self.float_compare(Cond::AboveEqual, S32, false),
            Operator::F32ConvertI32S => self.convert(S32, true, S32),
            Operator::I32TruncF32S => self.trunc(TruncOp {
                from: S32,
                to: S32,
                signed: true,
            }),
            Operator::I32TruncSatF32S => self.trunc_sat(TruncOp {
                from: S32,
                to: S32,
                signed: true,
            }),
            Operator::F32ConvertI32U => self.convert(S32, false, S32),
            Operator::I32TruncF32U => self.trunc(TruncOp {
                from: S32,
                to: S32,
                signed: false,
            }),
            Operator::I32TruncSatF32U => self.trunc_sat(TruncOp {
                from: S32,
                to: S32,
                signed: false,
            }),
            Operator::F32ConvertI64S => self.convert(S64, true, S32),
            Operator::I64TruncF32S => self.trunc(TruncOp {
                from: S32,
                to: S64,
                signed: true,
            }),
            Operator::I64TruncSatF32S => self.trunc_sat(TruncOp {
                from: S32,
                to: S64,
                signed: true,
            }),
            Operator::F32ConvertI64U => self.convert(S64, false, S32),
            Operator::I64TruncF32U => self.trunc(TruncOp {
                from: S32,
                to: S64,
                signed: false,
            }),
            Operator::I64TruncSatF32U => self.trunc_sat(TruncOp {
                from: S32,
                to: S64,
                signed: false,
            }),
            Operator::F64Add => self.float_binary(FloatOp::Add, S64),
            Operator::F64Sub => self.float_binary(FloatOp::Sub, S64),
            Operator::F64Mul => self.float_binary(FloatOp::Mul, S64),
            Operator::F64Div => self.float_binary(FloatOp::Div, S64),
            Operator::F64Min => self.float_binary(FloatOp::Min, S64),
            Operator::F64Max => self.float_binary(FloatOp::Max, S64),
            Operator::F64Copysign => self.float_binary(FloatOp::Copysign, S64),
            Operator::F64Abs => self.float_unary(FloatUnary::Abs, S64),
            Operator::F64Neg => self.float_unary(FloatUnary::Neg, S64),
            Operator::F64Sqrt => self.float_unary(FloatUnary::Sqrt, S64),
            Operator::F64Ceil => self.float_unary(FloatUnary::Ceil, S64),
            Operator::F64Floor => self.float_unary(FloatUnary::Floor, S64),
            Operator::F64Trunc => self.float_unary(FloatUnary::Trunc, S64),
            Operator::F64Nearest => self.float_unary(FloatUnary::Nearest, S64),
            Operator::F64Eq => self.float_equal(S64, false),
            Operator::F64Ne => self.float_equal(S64, true),
            Operator::F64Lt => self.float_compare(Cond::Above, S64, true),
            Operator::F64Gt => self.float_compare(Cond::Above, S64, false),
            Operator::F64Le => self.float_compare(Cond::AboveEqual, S64, true),
            Operator::F64Ge => self.float_compare(Cond::AboveEqual, S64, false),
            Operator::F64ConvertI32S => self.convert(S32, true, S64),
            Operator::I32TruncF64S => self.trunc(TruncOp {
                from: S64,
                to: S32,
                signed: true,
            }),
            Operator::I32TruncSatF64S => self.trunc_sat(TruncOp {
                from: S64,
                to: S32,
                signed: true,
            }),
            Operator::F64ConvertI32U => self.convert(S32, false, S64),
            Operator::I32TruncF64U => self.trunc(TruncOp {
                from: S64,
                to: S32,
                signed: false,
            }),
            Operator::I32TruncSatF64U => self.trunc_sat(TruncOp {
                from: S64,
                to: S32,
                signed: false,
            }),
            Operator::F64ConvertI64S => self.convert(S64, true, S64),
            Operator::I64TruncF64S => self.trunc(TruncOp {
                from: S64,
                to: S64,
                signed: true,
            }),
            Operator::I64TruncSatF64S => self.trunc_sat(TruncOp {
                from: S64,
                to: S64,
                signed: true,
            }),
            Operator::F64ConvertI64U => self.convert(S64, false, S64),
            Operator::I64TruncF64U => self.trunc(TruncOp {
                from: S64,
                to: S64,
                signed: false,
            }),
            Operator::I64TruncSatF64U => self.trunc_sat(TruncOp {
                from: S64,
                to: S64,
                signed: false,
            }),
            Operator::F32DemoteF64 => self.demote(),
            Operator::F64PromoteF32 => self.promote(),
            Operator::I32ReinterpretF32 => self.reinterpret(I32),
            Operator::I64ReinterpretF64 => self.reinterpret(I64),
            Operator::F32ReinterpretI32 => self.reinterpret(F32),
            Operator::F64ReinterpretI64 => self.reinterpret(F64),

            Operator::I32Load { memarg } => self.load(width(4, false, S32), memarg),
            Operator::I32Store { memarg } => self.store(width(4, false, S32), memarg),
            Operator::I32Load8S { memarg } => self.load(width(1, true, S32), memarg),
            Operator::I32Load8U { memarg } => self.load(width(1, false, S32), memarg),
            Operator::I32Store8 { memarg } => self.store(width(1, false, S32), memarg),
            Operator::I32Load16S { memarg } => self.load(width(2, true, S32), memarg),
            Operator::I32Load16U { memarg } => self.load(width(2, false, S32), memarg),
            Operator::I32Store16 { memarg } => self.store(width(2, false, S32), memarg),
            Operator::I64Load { memarg } => self.load(width(8, false, S64), memarg),
            Operator::I64Store { memarg } => self.store(width(8, false, S64), memarg),
            Operator::I64Load8S { memarg } => self.load(width(1, true, S64), memarg),
            Operator::I64Load8U { memarg } => self.load(width(1, false, S64), memarg),
            Operator::I64Store8 { memarg } => self.store(width(1, false, S64), memarg),
            Operator::I64Load16S { memarg } => self.load(width(2, true, S64), memarg),
            Operator::I64Load16U { memarg } => self.load(width(2, false, S64), memarg),
            Operator::I64Store16 { memarg } => self.store(width(2, false, S64), memarg),
            Operator::I64Load32S { memarg } => self.load(width(4, true, S64), memarg),
            Operator::I64Load32U { memarg } => self.load(width(4, false, S64), memarg),
            Operator::I64Store32 { memarg } => self.store(width(4, false, S64), memarg),
            Operator::F32Load { memarg } => self.float_load(S32, memarg),
            Operator::F32Store { memarg } => self.float_store(S32, memarg),
            Operator::F64Load { memarg } => self.float_load(S64, memarg),
            Operator::F64Store { memarg } => self.float_store(S64, memarg),
            Operator::MemorySize { mem } => self.memory_size(*mem),
            Operator::MemoryGrow { mem } => {
                let ty = self.address_type(*mem);
                self.libcall(Libcall::MemoryGrow, *mem, 0, 1, Some(ty));
            }
            Operator::MemoryCopy { dst_mem, src_mem } => {
                self.libcall(Libcall::MemoryCopy, *dst_mem, *src_mem, 3, None);
            }
            Operator::MemoryFill { mem } => self.libcall(Libcall::MemoryFill, *mem, 0, 3, None),
            Operator::MemoryInit { data_index, mem } => {
                self.libcall(Libcall::MemoryInit, *mem, *data_index, 3, None);
            }
            Operator::DataDrop { data_index } => self.libcall(Libcall::DataDrop, *data_index, 0, 0, None),

            Operator::TableGet { table } => self.table_get(*table),
            Operator::TableSet { table } => self.table_set(*table),
            Operator::TableSize { table } => self.table_size(*table),
            Operator::TableGrow { table } => {
                let ty = self.index_type(*table);
                self.libcall(Libcall::TableGrow, *table, 0, 2, Some(ty));
            }
            Operator::TableFill { table } => self.libcall(Libcall::TableFill, *table, 0, 3, None),
            Operator::TableCopy { dst_table, src_table } => {
                self.libcall(Libcall::TableCopy, *dst_table, *src_table, 3, None);
            }
            Operator::TableInit { elem_index, table } => {
                self.libcall(Libcall::TableInit, *table, *elem_index, 3, None);
            }
            Operator::ElemDrop { elem_index } => self.libcall(Libcall::ElemDrop, *elem_index, 0, 0, None),
            // The decoder has accepted the type, so that there is one.
            Operator::RefNull { hty } => {
                let ty = reference_to(*hty, true).unwrap_or(ValType::FuncRef);
                self.stack.push(ty, Loc::Const(0));
            }
            Operator::RefIsNull => self.ref_is_null(),
            Operator::RefAsNonNull => self.ref_as_non_null(),
            Operator::BrOnNull { relative_depth } => self.br_on_null(*relative_depth),
            Operator::BrOnNonNull { relative_depth } => self.br_on_non_null(*relative_depth),
            Operator::RefFunc { function_index } => self.ref_func(*function_index),

            other if self.vector_operator(other) => {}
            other => {
                let what = format!("{} in compiled code", operator_name(other));
                return Err(Error::Unsupported {
                    what,
                    offset: self.at,
                });
            }
        }
        Ok(())
    }
}
