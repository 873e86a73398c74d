//! Integer and float arithmetic, comparisons, conversions, `select`.

use super::super::compiler::Compiler;
use super::super::frame_map::{Loc, Operand};
use super::super::masm::{
    Cond, DivOp, FloatOp, FloatSrc, FloatUnary, IntOp, IntSrc, IntUnary, Masm, ShiftOp, Size, TruncOp,
    TruncTraps,
};
use crate::error::TrapKind;
use crate::types::ValType;
use wasmparser::Operator;

/// The integer type of a width.
pub fn int_type(size: Size) -> ValType {
    if size == Size::S32 {
        ValType::I32
    } else {
        ValType::I64
    }
}

/// The float type of a width.
pub fn float_type(size: Size) -> ValType {
    if size == Size::S32 {
        ValType::F32
    } else {
        ValType::F64
    }
}

/// Whether an operator leaves entries as they are but for those it pops, and makes room by making them canonical.
pub fn takes_arith(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::LocalGet { .. }
            | Operator::LocalSet { .. }
            | Operator::LocalTee { .. }
            | Operator::I32Const { .. }
            | Operator::I64Const { .. }
            | Operator::F32Const { .. }
            | Operator::F64Const { .. }
            | Operator::I32Add
            | Operator::I32Sub
            | Operator::I32Mul
            | Operator::I32Shl
            | Operator::I64Add
            | Operator::I32Load { .. }
            | Operator::I32Store { .. }
            | Operator::F32Load { .. }
            | Operator::F64Load { .. }
            | Operator::F32Store { .. }
            | Operator::F64Store { .. }
            | Operator::F32Add
            | Operator::F32Sub
            | Operator::F32Mul
            | Operator::F32Div
            | Operator::F32Sqrt
            | Operator::F32DemoteF64
            | Operator::F64Add
            | Operator::F64Sub
            | Operator::F64Mul
            | Operator::F64Div
            | Operator::F64Sqrt
            | Operator::F64PromoteF32
            | Operator::F64Lt
            | Operator::F64Gt
            | Operator::F64Le
            | Operator::F64Ge
            | Operator::I32TruncSatF64S
            | Operator::I32TruncF64S
            | Operator::F64ConvertI32S
            | Operator::F64ConvertI32U
    )
}

impl<M: Masm> Compiler<'_, M> {
    pub fn int_binary(&mut self, op: IntOp, size: Size) {
        let (mut rhs, mut lhs) = (self.pop(), self.pop());
        let owned = |entry: Operand| matches!(entry.loc, Loc::Gpr(_));
        let constant = |entry: Operand| matches!(entry.loc, Loc::Const(_));
        if op.commutes() && (constant(lhs) || (owned(rhs) && !owned(lhs) && !constant(rhs))) {
            std::mem::swap(&mut lhs, &mut rhs);
        }
        if op == IntOp::And && size == Size::S32 && rhs.loc == Loc::Const(1) {
            // A truth: it may stay in the flags.
            match self.place(lhs) {
                Loc::Flags(code) => return self.push_cond(Cond::from_code(code)),
                _ if self.flags_wanted => {
                    let lhs = self.in_gpr(lhs);
                    self.masm.test_lowest_bit(lhs);
                    return self.push_cond(Cond::NotEqual);
                }
                _ => {}
            }
        }
        let lhs = self.in_gpr(lhs);
        let rhs = self.int_src(size, rhs);
        let dst = self.result_gpr(lhs);
        self.masm.int_op(op, size, dst, lhs, rhs);
        self.push_gpr(int_type(size), dst);
    }

    pub fn shift(&mut self, op: ShiftOp, size: Size) {
        let count = self.stack.get(self.stack.len().saturating_sub(1));
        let rotation = matches!(op, ShiftOp::Rotl | ShiftOp::Rotr);
        let constant = matches!(
            count,
            Some(Operand {
                loc: Loc::Const(_),
                ..
            })
        );
        if rotation && !constant {
            // The count in its register first, so that nothing else is taken there.
            if count.map(|entry| entry.loc) != Some(Loc::Gpr(M::ROTATE_COUNT.0)) {
                self.vacate(M::ROTATE_COUNT);
            }
            let count = self.pop();
            self.load_gpr(M::ROTATE_COUNT, count);
            let value = self.pop();
            let dst = self.in_temp(value);
            self.masm.shift(op, size, dst, dst, IntSrc::Reg(M::ROTATE_COUNT));
            self.push_gpr(int_type(size), dst);
            return;
        }
        let (count, value) = (self.pop(), self.pop());
        let src = self.in_gpr(value);
        let count = match count.loc {
            Loc::Const(bits) => IntSrc::Imm((bits & 63) as i32),
            _ => IntSrc::Reg(self.in_gpr(count)),
        };
        let dst = self.result_gpr(src);
        self.masm.shift(op, size, dst, src, count);
        self.push_gpr(int_type(size), dst);
    }

    pub fn int_unary(&mut self, op: IntUnary, size: Size, result: ValType) {
        let value = self.pop();
        let src = self.in_gpr(value);
        let dst = self.result_gpr(src);
        self.masm.int_unary(op, size, dst, src);
        self.push_gpr(result, dst);
    }

    pub fn divide(&mut self, op: DivOp, size: Size) {
        let height = self.stack.len();
        let in_dividend =
            |entry: Option<Operand>| entry.map(|entry| entry.loc) == Some(Loc::Gpr(M::DIVIDEND.0));
        self.vacate(M::REMAINDER);
        if in_dividend(height.checked_sub(2).and_then(|index| self.stack.get(index))) {
            self.pinned.add(M::DIVIDEND);
            self.known.copies.forget(Loc::Gpr(M::DIVIDEND.0));
        } else {
            self.vacate(M::DIVIDEND);
        }
        self.need_gprs(1);
        self.settle();
        let (rhs, lhs) = (self.pop(), self.pop());
        let divisor = self.in_gpr(rhs);
        self.load_gpr(M::DIVIDEND, lhs);
        let by_zero = self.trap(TrapKind::IntegerDivideByZero);
        let overflow = if op.signed && !op.rem {
            self.trap(TrapKind::IntegerOverflow)
        } else {
            by_zero
        };
        self.masm.div(op, size, divisor, by_zero, overflow);
        self.push_gpr(int_type(size), if op.rem { M::REMAINDER } else { M::DIVIDEND });
    }

    pub fn eqz(&mut self, size: Size) {
        let value = self.pop();
        match self.place(value) {
            Loc::Flags(code) => self.push_cond(Cond::from_code(code).inverted()),
            Loc::Slot(slot) => {
                self.masm.compare_slot(size, slot, 0);
                self.push_cond(Cond::Equal);
            }
            _ => {
                let reg = self.in_gpr(value);
                self.masm.test(size, reg);
                self.push_cond(Cond::Equal);
            }
        }
    }

    pub fn compare(&mut self, cond: Cond, size: Size) {
        let (mut rhs, mut lhs, mut cond) = (self.pop(), self.pop(), cond);
        if matches!(lhs.loc, Loc::Const(_)) {
            std::mem::swap(&mut lhs, &mut rhs);
            cond = cond.swapped();
        }
        let rhs = self.int_src(size, rhs);
        match (self.place(lhs), rhs) {
            (Loc::Slot(slot), IntSrc::Imm(imm)) => self.masm.compare_slot(size, slot, imm),
            _ => {
                let lhs = self.in_gpr(lhs);
                self.masm.compare(size, lhs, rhs);
            }
        }
        self.push_cond(cond);
    }

    /// `lhs cond rhs` for `Above` and `AboveEqual`; `swapped` for less-than.
    pub fn float_compare(&mut self, cond: Cond, size: Size, swapped: bool) {
        let (mut rhs, mut lhs) = (self.pop_arith(), self.pop_arith());
        if swapped {
            std::mem::swap(&mut lhs, &mut rhs);
        }
        let lhs = self.in_xmm(lhs);
        let rhs = self.float_src(rhs);
        self.masm.fcompare(size, lhs, rhs);
        self.push_cond(cond);
    }

    pub fn float_equal(&mut self, size: Size, negated: bool) {
        let (rhs, lhs) = (self.pop_arith(), self.pop_arith());
        let lhs = self.in_xmm(lhs);
        let rhs = self.float_src(rhs);
        let dst = self.take_gpr();
        self.masm.fequal(size, dst, lhs, rhs, negated);
        self.push_gpr(ValType::I32, dst);
    }

    pub fn float_binary(&mut self, op: FloatOp, size: Size) {
        if op == FloatOp::Copysign {
            let (rhs, lhs) = (self.pop(), self.pop());
            let (lhs, rhs) = (self.in_xmm(lhs), self.in_xmm(rhs));
            let dst = self.result_xmm(lhs);
            self.masm.float_op(op, size, dst, lhs, FloatSrc::Reg(rhs));
            return self.push_xmm(float_type(size), dst);
        }
        let (rhs, lhs) = (self.pop_arith(), self.pop_arith());
        let lhs = self.in_xmm(lhs);
        let rhs = self.float_src(rhs);
        let dst = self.result_xmm(lhs);
        self.masm.float_op(op, size, dst, lhs, rhs);
        self.push_arith(float_type(size), dst);
    }

    pub fn float_unary(&mut self, op: FloatUnary, size: Size) {
        let of_bits = matches!(op, FloatUnary::Abs | FloatUnary::Neg);
        let value = if of_bits { self.pop() } else { self.pop_arith() };
        let src = self.in_xmm(value);
        let dst = self.result_xmm(src);
        self.masm.float_unary(op, size, dst, src);
        if of_bits {
            self.push_xmm(float_type(size), dst);
        } else {
            self.push_arith(float_type(size), dst);
        }
    }

    pub fn convert(&mut self, from: Size, signed: bool, to: Size) {
        let value = self.pop();
        let src = self.in_gpr(value);
        let (dst, temp) = (self.take_xmm(), self.take_gpr());
        self.masm.convert(from, signed, to, dst, src, temp);
        self.push_xmm(float_type(to), dst);
    }

    pub fn trunc(&mut self, op: TruncOp) {
        self.need_gprs(2);
        self.need_xmms(1);
        self.settle();
        let value = self.pop_arith();
        let src = self.in_xmm(value);
        let (dst, temp) = (self.take_gpr(), self.take_gpr());
        let traps = TruncTraps {
            nan: self.trap(TrapKind::BadConversionToInteger),
            overflow: self.trap(TrapKind::IntegerOverflow),
        };
        self.masm.trunc(op, dst, src, temp, traps);
        self.push_gpr(int_type(op.to), dst);
    }

    pub fn trunc_sat(&mut self, op: TruncOp) {
        let value = self.pop_arith();
        let src = self.in_xmm(value);
        let (dst, temp) = (self.take_gpr(), self.take_gpr());
        self.masm.trunc_sat(op, dst, src, temp);
        self.push_gpr(int_type(op.to), dst);
    }

    pub fn demote(&mut self) {
        let value = self.pop_arith();
        let src = self.in_xmm(value);
        let dst = self.result_xmm(src);
        self.masm.demote(dst, src);
        self.push_arith(ValType::F32, dst);
    }

    pub fn promote(&mut self) {
        let value = self.pop_arith();
        let src = self.in_xmm(value);
        let dst = self.result_xmm(src);
        self.masm.promote(dst, src);
        self.push_arith(ValType::F64, dst);
    }

    pub fn reinterpret(&mut self, to: ValType) {
        let value = self.pop();
        if let Loc::Const(bits) = value.loc {
            self.stack.push(to, Loc::Const(bits));
        } else if to.is_float() {
            let src = self.in_gpr(value);
            let dst = self.take_xmm();
            self.masm
                .float_from_bits(super::super::operands::float_size(to), dst, src);
            self.push_xmm(to, dst);
        } else {
            let src = self.in_xmm(value);
            let dst = self.take_gpr();
            self.masm
                .bits_from_float(super::super::operands::float_size(value.ty), dst, src);
            self.push_gpr(to, dst);
        }
    }

    pub fn select(&mut self) {
        let (cond, if_false, if_true) = (self.pop(), self.pop(), self.pop());
        // Operands are loaded by moves, which leave the flags alone.
        let cond = self.condition(cond);
        if if_true.ty.is_float() {
            let dst = self.in_float_temp(if_true);
            let keep = self.masm.label();
            self.masm.jump_if(cond, keep);
            self.load_xmm(dst, if_false);
            self.masm.bind(keep);
            self.push_xmm(if_true.ty, dst);
        } else {
            let dst = self.in_temp(if_true);
            let other = match self.place(if_false) {
                Loc::Slot(slot) => IntSrc::Slot(slot),
                _ => IntSrc::Reg(self.in_gpr(if_false)),
            };
            self.masm.mov_cond(cond.inverted(), dst, other);
            self.push_gpr(if_true.ty, dst);
        }
    }

    /// The condition that a popped `i32` is not zero, in the flags.
    pub fn condition(&mut self, value: Operand) -> Cond {
        match self.place(value) {
            Loc::Flags(code) => Cond::from_code(code),
            Loc::Slot(slot) => {
                self.masm.compare_slot(Size::S32, slot, 0);
                Cond::NotEqual
            }
            _ => {
                let reg = self.in_gpr(value);
                self.masm.test(Size::S32, reg);
                Cond::NotEqual
            }
        }
    }
}
