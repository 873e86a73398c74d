//! Vectors of 128 bits.

use super::super::compiler::Compiler;
use super::super::frame_map::Loc;
use super::super::masm::{IntSrc, Masm, Size};
use super::super::masm_simd::{Lane, VecLoad, VecOp, VecShift, VecTemps, VecUnary};
use super::super::regs::{FLOAT_TEMPS, Xmm};
use super::numeric::{float_type, int_type};
use crate::types::ValType;
use wasmparser::MemArg;

/// The type of a lane outside its vector.
fn lane_type(lane: Lane) -> ValType {
    int_type(if lane == Lane::I64 { Size::S64 } else { Size::S32 })
}

impl<M: Masm> Compiler<'_, M> {
    /// A register for a result of these operands: the first that is a temporary, or a new one.
    fn vec_result(&mut self, operands: &[Xmm]) -> Xmm {
        match operands.iter().find(|operand| FLOAT_TEMPS.contains(operand)) {
            Some(&reg) => {
                self.known.copies.forget(Loc::Xmm(reg.0));
                reg
            }
            None => self.take_xmm(),
        }
    }

    fn push_vec(&mut self, reg: Xmm) {
        self.push_xmm(ValType::V128, reg);
    }

    pub fn vec_const(&mut self, bits: u128) {
        // A stack entry's constant has 64 bits, which are zero-extended; others are loaded.
        match u64::try_from(bits) {
            Ok(bits) => self.stack.push(ValType::V128, Loc::Const(bits)),
            Err(_) => {
                let dst = self.take_xmm();
                self.masm.vconst(dst, bits);
                self.push_vec(dst);
            }
        }
    }

    pub fn vec_binary(&mut self, op: VecOp, swapped: bool) {
        let (mut rhs, mut lhs) = (self.pop(), self.pop());
        if swapped {
            std::mem::swap(&mut lhs, &mut rhs);
        }
        let (lhs, rhs) = (self.in_xmm(lhs), self.in_xmm(rhs));
        let dst = self.vec_result(&[lhs, rhs]);
        self.masm.vec_op(op, dst, lhs, rhs);
        self.push_vec(dst);
    }

    pub fn vec_unary(&mut self, op: VecUnary) {
        let value = self.pop();
        let src = self.in_xmm(value);
        let (dst, temp) = (self.result_xmm(src), self.take_xmm());
        self.masm.vec_unary(op, dst, src, temp);
        self.push_vec(dst);
    }

    pub fn vec_shift(&mut self, op: VecShift, lane: Lane) {
        let (count, value) = (self.pop(), self.pop());
        let src = self.in_xmm(value);
        let count = match count.loc {
            Loc::Const(bits) => IntSrc::Imm((bits & u64::from(lane.bits() - 1)) as i32),
            _ => IntSrc::Reg(self.in_gpr(count)),
        };
        let dst = self.result_xmm(src);
        let temps = VecTemps {
            gpr: self.take_gpr(),
            xmm: self.take_xmm(),
        };
        self.masm.vec_shift(op, lane, dst, src, count, temps);
        self.push_vec(dst);
    }

    pub fn vec_select(&mut self) {
        let (mask, zeros, ones) = (self.pop(), self.pop(), self.pop());
        let (ones, zeros, mask) = (self.in_xmm(ones), self.in_xmm(zeros), self.in_xmm(mask));
        let dst = self.vec_result(&[ones, zeros, mask]);
        self.masm.vec_select(dst, ones, zeros, mask);
        self.push_vec(dst);
    }

    pub fn vec_shuffle(&mut self, indices: [u8; 16]) {
        let (rhs, lhs) = (self.pop(), self.pop());
        let (lhs, rhs) = (self.in_xmm(lhs), self.in_xmm(rhs));
        let dst = self.vec_result(&[lhs, rhs]);
        self.masm.shuffle(dst, lhs, rhs, indices);
        self.push_vec(dst);
    }

    pub fn vec_madd(&mut self, negated: bool, size: Size) {
        let (c, b, a) = (self.pop(), self.pop(), self.pop());
        let (a, b, c) = (self.in_xmm(a), self.in_xmm(b), self.in_xmm(c));
        let dst = self.vec_result(&[a, b, c]);
        self.masm.vec_madd(negated, size, dst, (a, b), c);
        self.push_vec(dst);
    }

    pub fn vec_dot_bytes(&mut self) {
        let (rhs, lhs) = (self.pop(), self.pop());
        let (lhs, rhs) = (self.in_xmm(lhs), self.in_xmm(rhs));
        let (dst, temp) = (self.vec_result(&[lhs, rhs]), self.take_xmm());
        self.masm.vec_dot_bytes(dst, lhs, rhs, temp);
        self.push_vec(dst);
    }

    pub fn vec_dot_bytes_add(&mut self) {
        let sum = self.pop();
        self.vec_dot_bytes();
        self.vec_unary(VecUnary::ExtAddPairwise(Lane::I16, true));
        let products = self.pop();
        let (products, sum) = (self.in_xmm(products), self.in_xmm(sum));
        let dst = self.vec_result(&[products, sum]);
        self.masm.vec_op(VecOp::Add(Lane::I32), dst, products, sum);
        self.push_vec(dst);
    }

    pub fn vec_any_true(&mut self) {
        let value = self.pop();
        let src = self.in_xmm(value);
        let cond = self.masm.any_true(src);
        self.push_cond(cond);
    }

    pub fn vec_all_true(&mut self, lane: Lane) {
        let value = self.pop();
        let src = self.in_xmm(value);
        let cond = self.masm.all_true(lane, src);
        self.push_cond(cond);
    }

    pub fn vec_bitmask(&mut self, lane: Lane) {
        let value = self.pop();
        let src = self.in_xmm(value);
        let dst = self.take_gpr();
        self.masm.bitmask(lane, dst, src);
        self.push_gpr(ValType::I32, dst);
    }

    pub fn vec_splat(&mut self, lane: Lane) {
        let value = self.pop();
        let src = self.in_gpr(value);
        let dst = self.take_xmm();
        self.masm.splat(lane, dst, src);
        self.push_vec(dst);
    }

    pub fn vec_fsplat(&mut self, size: Size) {
        let value = self.pop();
        let src = self.in_xmm(value);
        let dst = self.result_xmm(src);
        self.masm.fsplat(size, dst, src);
        self.push_vec(dst);
    }

    pub fn vec_extract(&mut self, lane: Lane, index: u8, signed: bool) {
        let value = self.pop();
        let src = self.in_xmm(value);
        let dst = self.take_gpr();
        self.masm.extract(lane, index, signed, dst, src);
        self.push_gpr(lane_type(lane), dst);
    }

    pub fn vec_fextract(&mut self, size: Size, index: u8) {
        let value = self.pop();
        let src = self.in_xmm(value);
        let dst = self.result_xmm(src);
        self.masm.fextract(size, index, dst, src);
        self.push_xmm(float_type(size), dst);
    }

    pub fn vec_replace(&mut self, lane: Lane, index: u8) {
        let (value, vector) = (self.pop(), self.pop());
        let src = self.in_xmm(vector);
        let value = self.in_gpr(value);
        let dst = self.result_xmm(src);
        self.masm.replace(lane, index, dst, src, value);
        self.push_vec(dst);
    }

    pub fn vec_freplace(&mut self, size: Size, index: u8) {
        let (value, vector) = (self.pop(), self.pop());
        let (src, value) = (self.in_xmm(vector), self.in_xmm(value));
        let dst = self.vec_result(&[src, value]);
        self.masm.freplace(size, index, dst, src, value);
        self.push_vec(dst);
    }

    pub fn vec_load(&mut self, load: VecLoad, memarg: &MemArg) {
        self.need_for_access(1, memarg);
        self.need_xmms(1);
        self.settle();
        let base = self.pop();
        let at = self.address(base, memarg, 0);
        let dst = self.take_xmm();
        let native = self.masm.vload(load, dst, at);
        self.may_fault(native);
        self.push_vec(dst);
    }

    pub fn vec_store(&mut self, memarg: &MemArg) {
        self.need_for_access(1, memarg);
        self.need_xmms(1);
        self.settle();
        let (value, base) = (self.pop(), self.pop());
        let at = self.address(base, memarg, 15);
        let src = self.in_xmm(value);
        let native = self.masm.vstore(at, src);
        self.may_fault(native);
        self.stored(at, 16);
    }

    pub fn vec_load_lane(&mut self, lane: Lane, index: u8, memarg: &MemArg) {
        self.need_for_access(1, memarg);
        self.need_xmms(2);
        self.settle();
        let (vector, base) = (self.pop(), self.pop());
        let at = self.address(base, memarg, 0);
        let src = self.in_xmm(vector);
        let dst = self.result_xmm(src);
        let native = self.masm.vload_lane(lane, index, dst, src, at);
        self.may_fault(native);
        self.push_vec(dst);
    }

    pub fn vec_store_lane(&mut self, lane: Lane, index: u8, memarg: &MemArg) {
        self.need_for_access(1, memarg);
        self.need_xmms(1);
        self.settle();
        let (vector, base) = (self.pop(), self.pop());
        let at = self.address(base, memarg, 0);
        let src = self.in_xmm(vector);
        let native = self.masm.vstore_lane(lane, index, at, src);
        self.may_fault(native);
        self.stored(at, lane.bits() / 8);
    }
}
