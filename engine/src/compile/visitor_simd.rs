//! Dispatch of the vector operators, relaxed ones included, and nothing else.
//!
//! Must not know: how anything is done.

use super::compiler::Compiler;
use super::masm::Masm;
use super::masm::Size::{S32, S64};
use super::masm_simd::Half::{High, Low};
use super::masm_simd::Lane::{I8, I16, I32, I64};
use super::masm_simd::{VecFloatCmp as Cmp, VecFloatOp as Float, VecLoad, VecOp, VecShift, VecUnary};
use wasmparser::Operator;

/// A two-operand instruction, and whether its operands come in the other order.
fn binary(operator: &Operator<'_>) -> Option<(VecOp, bool)> {
    let straight = |op| Some((op, false));
    let swapped = |op| Some((op, true));
    match operator {
        Operator::V128And => straight(VecOp::And),
        Operator::V128AndNot => straight(VecOp::AndNot),
        Operator::V128Or => straight(VecOp::Or),
        Operator::V128Xor => straight(VecOp::Xor),
        Operator::I8x16Swizzle | Operator::I8x16RelaxedSwizzle => straight(VecOp::Swizzle),

        Operator::I8x16Add => straight(VecOp::Add(I8)),
        Operator::I16x8Add => straight(VecOp::Add(I16)),
        Operator::I32x4Add => straight(VecOp::Add(I32)),
        Operator::I64x2Add => straight(VecOp::Add(I64)),
        Operator::I8x16Sub => straight(VecOp::Sub(I8)),
        Operator::I16x8Sub => straight(VecOp::Sub(I16)),
        Operator::I32x4Sub => straight(VecOp::Sub(I32)),
        Operator::I64x2Sub => straight(VecOp::Sub(I64)),
        Operator::I16x8Mul => straight(VecOp::Mul(I16)),
        Operator::I32x4Mul => straight(VecOp::Mul(I32)),
        Operator::I64x2Mul => straight(VecOp::Mul(I64)),
        Operator::I8x16AddSatS => straight(VecOp::AddSat(I8, true)),
        Operator::I8x16AddSatU => straight(VecOp::AddSat(I8, false)),
        Operator::I16x8AddSatS => straight(VecOp::AddSat(I16, true)),
        Operator::I16x8AddSatU => straight(VecOp::AddSat(I16, false)),
        Operator::I8x16SubSatS => straight(VecOp::SubSat(I8, true)),
        Operator::I8x16SubSatU => straight(VecOp::SubSat(I8, false)),
        Operator::I16x8SubSatS => straight(VecOp::SubSat(I16, true)),
        Operator::I16x8SubSatU => straight(VecOp::SubSat(I16, false)),
        Operator::I8x16MinS => straight(VecOp::Min(I8, true)),
        Operator::I8x16MinU => straight(VecOp::Min(I8, false)),
        Operator::I16x8MinS => straight(VecOp::Min(I16, true)),
        Operator::I16x8MinU => straight(VecOp::Min(I16, false)),
        Operator::I32x4MinS => straight(VecOp::Min(I32, true)),
        Operator::I32x4MinU => straight(VecOp::Min(I32, false)),
        Operator::I8x16MaxS => straight(VecOp::Max(I8, true)),
        Operator::I8x16MaxU => straight(VecOp::Max(I8, false)),
        Operator::I16x8MaxS => straight(VecOp::Max(I16, true)),
        Operator::I16x8MaxU => straight(VecOp::Max(I16, false)),
        Operator::I32x4MaxS => straight(VecOp::Max(I32, true)),
        Operator::I32x4MaxU => straight(VecOp::Max(I32, false)),
        Operator::I8x16AvgrU => straight(VecOp::Average(I8)),
        Operator::I16x8AvgrU => straight(VecOp::Average(I16)),

        Operator::I8x16Eq => straight(VecOp::Eq(I8)),
        Operator::I16x8Eq => straight(VecOp::Eq(I16)),
        Operator::I32x4Eq => straight(VecOp::Eq(I32)),
        Operator::I64x2Eq => straight(VecOp::Eq(I64)),
        Operator::I8x16Ne => straight(VecOp::Ne(I8)),
        Operator::I16x8Ne => straight(VecOp::Ne(I16)),
        Operator::I32x4Ne => straight(VecOp::Ne(I32)),
        Operator::I64x2Ne => straight(VecOp::Ne(I64)),
        Operator::I8x16GtS => straight(VecOp::Gt(I8, true)),
        Operator::I8x16GtU => straight(VecOp::Gt(I8, false)),
        Operator::I16x8GtS => straight(VecOp::Gt(I16, true)),
        Operator::I16x8GtU => straight(VecOp::Gt(I16, false)),
        Operator::I32x4GtS => straight(VecOp::Gt(I32, true)),
        Operator::I32x4GtU => straight(VecOp::Gt(I32, false)),
        Operator::I64x2GtS => straight(VecOp::Gt(I64, true)),
        Operator::I8x16LtS => swapped(VecOp::Gt(I8, true)),
        Operator::I8x16LtU => swapped(VecOp::Gt(I8, false)),
        Operator::I16x8LtS => swapped(VecOp::Gt(I16, true)),
        Operator::I16x8LtU => swapped(VecOp::Gt(I16, false)),
        Operator::I32x4LtS => swapped(VecOp::Gt(I32, true)),
        Operator::I32x4LtU => swapped(VecOp::Gt(I32, false)),
        Operator::I64x2LtS => swapped(VecOp::Gt(I64, true)),
        Operator::I8x16GeS => straight(VecOp::Ge(I8, true)),
        Operator::I8x16GeU => straight(VecOp::Ge(I8, false)),
        Operator::I16x8GeS => straight(VecOp::Ge(I16, true)),
        Operator::I16x8GeU => straight(VecOp::Ge(I16, false)),
        Operator::I32x4GeS => straight(VecOp::Ge(I32, true)),
        Operator::I32x4GeU => straight(VecOp::Ge(I32, false)),
        Operator::I64x2GeS => straight(VecOp::Ge(I64, true)),
        Operator::I8x16LeS => swapped(VecOp::Ge(I8, true)),
        Operator::I8x16LeU => swapped(VecOp::Ge(I8, false)),
        Operator::I16x8LeS => swapped(VecOp::Ge(I16, true)),
        Operator::I16x8LeU => swapped(VecOp::Ge(I16, false)),
        Operator::I32x4LeS => swapped(VecOp::Ge(I32, true)),
        Operator::I32x4LeU => swapped(VecOp::Ge(I32, false)),
        Operator::I64x2LeS => swapped(VecOp::Ge(I64, true)),

        Operator::I8x16NarrowI16x8S => straight(VecOp::Narrow(I16, true)),
        Operator::I8x16NarrowI16x8U => straight(VecOp::Narrow(I16, false)),
        Operator::I16x8NarrowI32x4S => straight(VecOp::Narrow(I32, true)),
        Operator::I16x8NarrowI32x4U => straight(VecOp::Narrow(I32, false)),
        Operator::I16x8ExtMulLowI8x16S => straight(VecOp::ExtMul(I8, true, Low)),
        Operator::I16x8ExtMulLowI8x16U => straight(VecOp::ExtMul(I8, false, Low)),
        Operator::I16x8ExtMulHighI8x16S => straight(VecOp::ExtMul(I8, true, High)),
        Operator::I16x8ExtMulHighI8x16U => straight(VecOp::ExtMul(I8, false, High)),
        Operator::I32x4ExtMulLowI16x8S => straight(VecOp::ExtMul(I16, true, Low)),
        Operator::I32x4ExtMulLowI16x8U => straight(VecOp::ExtMul(I16, false, Low)),
        Operator::I32x4ExtMulHighI16x8S => straight(VecOp::ExtMul(I16, true, High)),
        Operator::I32x4ExtMulHighI16x8U => straight(VecOp::ExtMul(I16, false, High)),
        Operator::I64x2ExtMulLowI32x4S => straight(VecOp::ExtMul(I32, true, Low)),
        Operator::I64x2ExtMulLowI32x4U => straight(VecOp::ExtMul(I32, false, Low)),
        Operator::I64x2ExtMulHighI32x4S => straight(VecOp::ExtMul(I32, true, High)),
        Operator::I64x2ExtMulHighI32x4U => straight(VecOp::ExtMul(I32, false, High)),
        Operator::I32x4DotI16x8S => straight(VecOp::Dot),
        Operator::I16x8Q15MulrSatS | Operator::I16x8RelaxedQ15mulrS => straight(VecOp::Q15MulrSat),

        Operator::F32x4Add => straight(VecOp::Float(Float::Add, S32)),
        Operator::F64x2Add => straight(VecOp::Float(Float::Add, S64)),
        Operator::F32x4Sub => straight(VecOp::Float(Float::Sub, S32)),
        Operator::F64x2Sub => straight(VecOp::Float(Float::Sub, S64)),
        Operator::F32x4Mul => straight(VecOp::Float(Float::Mul, S32)),
        Operator::F64x2Mul => straight(VecOp::Float(Float::Mul, S64)),
        Operator::F32x4Div => straight(VecOp::Float(Float::Div, S32)),
        Operator::F64x2Div => straight(VecOp::Float(Float::Div, S64)),
        Operator::F32x4Min | Operator::F32x4RelaxedMin => straight(VecOp::Float(Float::Min, S32)),
        Operator::F64x2Min | Operator::F64x2RelaxedMin => straight(VecOp::Float(Float::Min, S64)),
        Operator::F32x4Max | Operator::F32x4RelaxedMax => straight(VecOp::Float(Float::Max, S32)),
        Operator::F64x2Max | Operator::F64x2RelaxedMax => straight(VecOp::Float(Float::Max, S64)),
        Operator::F32x4PMin => straight(VecOp::Float(Float::PMin, S32)),
        Operator::F64x2PMin => straight(VecOp::Float(Float::PMin, S64)),
        Operator::F32x4PMax => straight(VecOp::Float(Float::PMax, S32)),
        Operator::F64x2PMax => straight(VecOp::Float(Float::PMax, S64)),
        Operator::F32x4Eq => straight(VecOp::FloatCmp(Cmp::Eq, S32)),
        Operator::F64x2Eq => straight(VecOp::FloatCmp(Cmp::Eq, S64)),
        Operator::F32x4Ne => straight(VecOp::FloatCmp(Cmp::Ne, S32)),
        Operator::F64x2Ne => straight(VecOp::FloatCmp(Cmp::Ne, S64)),
        Operator::F32x4Lt => straight(VecOp::FloatCmp(Cmp::Lt, S32)),
        Operator::F64x2Lt => straight(VecOp::FloatCmp(Cmp::Lt, S64)),
        Operator::F32x4Le => straight(VecOp::FloatCmp(Cmp::Le, S32)),
        Operator::F64x2Le => straight(VecOp::FloatCmp(Cmp::Le, S64)),
        Operator::F32x4Gt => swapped(VecOp::FloatCmp(Cmp::Lt, S32)),
        Operator::F64x2Gt => swapped(VecOp::FloatCmp(Cmp::Lt, S64)),
        Operator::F32x4Ge => swapped(VecOp::FloatCmp(Cmp::Le, S32)),
        Operator::F64x2Ge => swapped(VecOp::FloatCmp(Cmp::Le, S64)),
        _ => None,
    }
}

/// A one-operand instruction.
fn unary(operator: &Operator<'_>) -> Option<VecUnary> {
    Some(match operator {
        Operator::V128Not => VecUnary::Not,
        Operator::I8x16Neg => VecUnary::Neg(I8),
        Operator::I16x8Neg => VecUnary::Neg(I16),
        Operator::I32x4Neg => VecUnary::Neg(I32),
        Operator::I64x2Neg => VecUnary::Neg(I64),
        Operator::I8x16Abs => VecUnary::Abs(I8),
        Operator::I16x8Abs => VecUnary::Abs(I16),
        Operator::I32x4Abs => VecUnary::Abs(I32),
        Operator::I64x2Abs => VecUnary::Abs(I64),
        Operator::I8x16Popcnt => VecUnary::Popcnt,
        Operator::I16x8ExtendLowI8x16S => VecUnary::Extend(I8, true, Low),
        Operator::I16x8ExtendLowI8x16U => VecUnary::Extend(I8, false, Low),
        Operator::I16x8ExtendHighI8x16S => VecUnary::Extend(I8, true, High),
        Operator::I16x8ExtendHighI8x16U => VecUnary::Extend(I8, false, High),
        Operator::I32x4ExtendLowI16x8S => VecUnary::Extend(I16, true, Low),
        Operator::I32x4ExtendLowI16x8U => VecUnary::Extend(I16, false, Low),
        Operator::I32x4ExtendHighI16x8S => VecUnary::Extend(I16, true, High),
        Operator::I32x4ExtendHighI16x8U => VecUnary::Extend(I16, false, High),
        Operator::I64x2ExtendLowI32x4S => VecUnary::Extend(I32, true, Low),
        Operator::I64x2ExtendLowI32x4U => VecUnary::Extend(I32, false, Low),
        Operator::I64x2ExtendHighI32x4S => VecUnary::Extend(I32, true, High),
        Operator::I64x2ExtendHighI32x4U => VecUnary::Extend(I32, false, High),
        Operator::I16x8ExtAddPairwiseI8x16S => VecUnary::ExtAddPairwise(I8, true),
        Operator::I16x8ExtAddPairwiseI8x16U => VecUnary::ExtAddPairwise(I8, false),
        Operator::I32x4ExtAddPairwiseI16x8S => VecUnary::ExtAddPairwise(I16, true),
        Operator::I32x4ExtAddPairwiseI16x8U => VecUnary::ExtAddPairwise(I16, false),
        Operator::F32x4Abs => VecUnary::FloatAbs(S32),
        Operator::F64x2Abs => VecUnary::FloatAbs(S64),
        Operator::F32x4Neg => VecUnary::FloatNeg(S32),
        Operator::F64x2Neg => VecUnary::FloatNeg(S64),
        Operator::F32x4Sqrt => VecUnary::Sqrt(S32),
        Operator::F64x2Sqrt => VecUnary::Sqrt(S64),
        Operator::F32x4Ceil => VecUnary::Ceil(S32),
        Operator::F64x2Ceil => VecUnary::Ceil(S64),
        Operator::F32x4Floor => VecUnary::Floor(S32),
        Operator::F64x2Floor => VecUnary::Floor(S64),
        Operator::F32x4Trunc => VecUnary::Trunc(S32),
        Operator::F64x2Trunc => VecUnary::Trunc(S64),
        Operator::F32x4Nearest => VecUnary::Nearest(S32),
        Operator::F64x2Nearest => VecUnary::Nearest(S64),
        Operator::F32x4ConvertI32x4S => VecUnary::Convert(true, S32),
        Operator::F32x4ConvertI32x4U => VecUnary::Convert(false, S32),
        Operator::F64x2ConvertLowI32x4S => VecUnary::Convert(true, S64),
        Operator::F64x2ConvertLowI32x4U => VecUnary::Convert(false, S64),
        Operator::I32x4TruncSatF32x4S | Operator::I32x4RelaxedTruncF32x4S => VecUnary::TruncSat(S32, true),
        Operator::I32x4TruncSatF32x4U | Operator::I32x4RelaxedTruncF32x4U => VecUnary::TruncSat(S32, false),
        Operator::I32x4TruncSatF64x2SZero | Operator::I32x4RelaxedTruncF64x2SZero => {
            VecUnary::TruncSat(S64, true)
        }
        Operator::I32x4TruncSatF64x2UZero | Operator::I32x4RelaxedTruncF64x2UZero => {
            VecUnary::TruncSat(S64, false)
        }
        Operator::F32x4DemoteF64x2Zero => VecUnary::Demote,
        Operator::F64x2PromoteLowF32x4 => VecUnary::Promote,
        _ => return None,
    })
}

impl<M: Masm> Compiler<'_, M> {
    /// Compiles a vector operator; `false` if it is none.
    pub fn vector_operator(&mut self, operator: &Operator<'_>) -> bool {
        if let Some((op, swapped)) = binary(operator) {
            self.vec_binary(op, swapped);
            return true;
        }
        if let Some(op) = unary(operator) {
            self.vec_unary(op);
            return true;
        }
        match operator {
            Operator::V128Const { value } => self.vec_const(u128::from_le_bytes(*value.bytes())),
            Operator::V128Bitselect
            | Operator::I8x16RelaxedLaneselect
            | Operator::I16x8RelaxedLaneselect
            | Operator::I32x4RelaxedLaneselect
            | Operator::I64x2RelaxedLaneselect => self.vec_select(),
            Operator::I8x16Shuffle { lanes } => self.vec_shuffle(*lanes),
            Operator::F32x4RelaxedMadd => self.vec_madd(false, S32),
            Operator::F64x2RelaxedMadd => self.vec_madd(false, S64),
            Operator::F32x4RelaxedNmadd => self.vec_madd(true, S32),
            Operator::F64x2RelaxedNmadd => self.vec_madd(true, S64),
            Operator::I16x8RelaxedDotI8x16I7x16S => self.vec_dot_bytes(),
            Operator::I32x4RelaxedDotI8x16I7x16AddS => self.vec_dot_bytes_add(),

            Operator::V128AnyTrue => self.vec_any_true(),
            Operator::I8x16AllTrue => self.vec_all_true(I8),
            Operator::I16x8AllTrue => self.vec_all_true(I16),
            Operator::I32x4AllTrue => self.vec_all_true(I32),
            Operator::I64x2AllTrue => self.vec_all_true(I64),
            Operator::I8x16Bitmask => self.vec_bitmask(I8),
            Operator::I16x8Bitmask => self.vec_bitmask(I16),
            Operator::I32x4Bitmask => self.vec_bitmask(I32),
            Operator::I64x2Bitmask => self.vec_bitmask(I64),

            Operator::I8x16Shl => self.vec_shift(VecShift::Shl, I8),
            Operator::I8x16ShrS => self.vec_shift(VecShift::ShrS, I8),
            Operator::I8x16ShrU => self.vec_shift(VecShift::ShrU, I8),
            Operator::I16x8Shl => self.vec_shift(VecShift::Shl, I16),
            Operator::I16x8ShrS => self.vec_shift(VecShift::ShrS, I16),
            Operator::I16x8ShrU => self.vec_shift(VecShift::ShrU, I16),
            Operator::I32x4Shl => self.vec_shift(VecShift::Shl, I32),
            Operator::I32x4ShrS => self.vec_shift(VecShift::ShrS, I32),
            Operator::I32x4ShrU => self.vec_shift(VecShift::ShrU, I32),
            Operator::I64x2Shl => self.vec_shift(VecShift::Shl, I64),
            Operator::I64x2ShrS => self.vec_shift(VecShift::ShrS, I64),
            Operator::I64x2ShrU => self.vec_shift(VecShift::ShrU, I64),

            Operator::I8x16Splat => self.vec_splat(I8),
            Operator::I16x8Splat => self.vec_splat(I16),
            Operator::I32x4Splat => self.vec_splat(I32),
            Operator::I64x2Splat => self.vec_splat(I64),
            Operator::F32x4Splat => self.vec_fsplat(S32),
            Operator::F64x2Splat => self.vec_fsplat(S64),
            Operator::I8x16ExtractLaneS { lane } => self.vec_extract(I8, *lane, true),
            Operator::I8x16ExtractLaneU { lane } => self.vec_extract(I8, *lane, false),
            Operator::I16x8ExtractLaneS { lane } => self.vec_extract(I16, *lane, true),
            Operator::I16x8ExtractLaneU { lane } => self.vec_extract(I16, *lane, false),
            Operator::I32x4ExtractLane { lane } => self.vec_extract(I32, *lane, false),
            Operator::I64x2ExtractLane { lane } => self.vec_extract(I64, *lane, false),
            Operator::F32x4ExtractLane { lane } => self.vec_fextract(S32, *lane),
            Operator::F64x2ExtractLane { lane } => self.vec_fextract(S64, *lane),
            Operator::I8x16ReplaceLane { lane } => self.vec_replace(I8, *lane),
            Operator::I16x8ReplaceLane { lane } => self.vec_replace(I16, *lane),
            Operator::I32x4ReplaceLane { lane } => self.vec_replace(I32, *lane),
            Operator::I64x2ReplaceLane { lane } => self.vec_replace(I64, *lane),
            Operator::F32x4ReplaceLane { lane } => self.vec_freplace(S32, *lane),
            Operator::F64x2ReplaceLane { lane } => self.vec_freplace(S64, *lane),

            Operator::V128Load { memarg } => self.vec_load(VecLoad::Whole, memarg),
            Operator::V128Load8x8S { memarg } => self.vec_load(VecLoad::Extend(I8, true), memarg),
            Operator::V128Load8x8U { memarg } => self.vec_load(VecLoad::Extend(I8, false), memarg),
            Operator::V128Load16x4S { memarg } => self.vec_load(VecLoad::Extend(I16, true), memarg),
            Operator::V128Load16x4U { memarg } => self.vec_load(VecLoad::Extend(I16, false), memarg),
            Operator::V128Load32x2S { memarg } => self.vec_load(VecLoad::Extend(I32, true), memarg),
            Operator::V128Load32x2U { memarg } => self.vec_load(VecLoad::Extend(I32, false), memarg),
            Operator::V128Load8Splat { memarg } => self.vec_load(VecLoad::Splat(I8), memarg),
            Operator::V128Load16Splat { memarg } => self.vec_load(VecLoad::Splat(I16), memarg),
            Operator::V128Load32Splat { memarg } => self.vec_load(VecLoad::Splat(I32), memarg),
            Operator::V128Load64Splat { memarg } => self.vec_load(VecLoad::Splat(I64), memarg),
            Operator::V128Load32Zero { memarg } => self.vec_load(VecLoad::Zero(S32), memarg),
            Operator::V128Load64Zero { memarg } => self.vec_load(VecLoad::Zero(S64), memarg),
            Operator::V128Store { memarg } => self.vec_store(memarg),
            Operator::V128Load8Lane { memarg, lane } => self.vec_load_lane(I8, *lane, memarg),
            Operator::V128Load16Lane { memarg, lane } => self.vec_load_lane(I16, *lane, memarg),
            Operator::V128Load32Lane { memarg, lane } => self.vec_load_lane(I32, *lane, memarg),
            Operator::V128Load64Lane { memarg, lane } => self.vec_load_lane(I64, *lane, memarg),
            Operator::V128Store8Lane { memarg, lane } => self.vec_store_lane(I8, *lane, memarg),
            Operator::V128Store16Lane { memarg, lane } => self.vec_store_lane(I16, *lane, memarg),
            Operator::V128Store32Lane { memarg, lane } => self.vec_store_lane(I32, *lane, memarg),
            Operator::V128Store64Lane { memarg, lane } => self.vec_store_lane(I64, *lane, memarg),
            _ => return false,
        }
        true
    }
}
