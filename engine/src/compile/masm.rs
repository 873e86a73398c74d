//! What the compiler asks of a machine: small traits that take kinds and places, never wasm operators.
//!
//! # Invariants
//! - No method touches a register it is not given, except the machine's own scratch vector register (which never
//!   holds a value between methods) and, where a method says so, the flags.
//! - Methods marked *keeps flags* may stand between a comparison and its consumer.
//!
//! Must not know: wasm operators, the value stack, one machine's encodings.

use super::masm_simd::SimdMasm;
use super::regs::{Gpr, Xmm};

/// Operand width. 32-bit results are zero-extended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// 32 bits.
    S32,
    /// 64 bits.
    S64,
}

/// A condition over the flags of the last comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cond {
    /// Below (unsigned).
    Below = 2,
    /// Above or equal (unsigned).
    AboveEqual = 3,
    /// Equal.
    Equal = 4,
    /// Not equal.
    NotEqual = 5,
    /// Below or equal (unsigned).
    BelowEqual = 6,
    /// Above (unsigned).
    Above = 7,
    /// Parity: a float comparison was unordered.
    Unordered = 10,
    /// Negation of `Unordered`.
    Ordered = 11,
    /// Less (signed).
    Less = 12,
    /// Greater or equal (signed).
    GreaterEqual = 13,
    /// Less or equal (signed).
    LessEqual = 14,
    /// Greater (signed).
    Greater = 15,
}

impl Cond {
    /// The condition that holds when this one does not.
    pub fn inverted(self) -> Cond {
        match self {
            Cond::Below => Cond::AboveEqual,
            Cond::AboveEqual => Cond::Below,
            Cond::Equal => Cond::NotEqual,
            Cond::NotEqual => Cond::Equal,
            Cond::BelowEqual => Cond::Above,
            Cond::Above => Cond::BelowEqual,
            Cond::Unordered => Cond::Ordered,
            Cond::Ordered => Cond::Unordered,
            Cond::Less => Cond::GreaterEqual,
            Cond::GreaterEqual => Cond::Less,
            Cond::LessEqual => Cond::Greater,
            Cond::Greater => Cond::LessEqual,
        }
    }

    /// The condition that holds when the operands are exchanged.
    pub fn swapped(self) -> Cond {
        match self {
            Cond::Below => Cond::Above,
            Cond::Above => Cond::Below,
            Cond::AboveEqual => Cond::BelowEqual,
            Cond::BelowEqual => Cond::AboveEqual,
            Cond::Less => Cond::Greater,
            Cond::Greater => Cond::Less,
            Cond::LessEqual => Cond::GreaterEqual,
            Cond::GreaterEqual => Cond::LessEqual,
            same => same,
        }
    }

    /// The number the frame map records.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The condition of a recorded number.
    pub fn from_code(code: u8) -> Cond {
        match code {
            2 => Cond::Below,
            3 => Cond::AboveEqual,
            4 => Cond::Equal,
            6 => Cond::BelowEqual,
            7 => Cond::Above,
            10 => Cond::Unordered,
            11 => Cond::Ordered,
            12 => Cond::Less,
            13 => Cond::GreaterEqual,
            14 => Cond::LessEqual,
            15 => Cond::Greater,
            _ => Cond::NotEqual,
        }
    }
}

/// Right-hand side of an integer operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntSrc {
    /// A register.
    Reg(Gpr),
    /// A frame slot.
    Slot(i32),
    /// A constant, sign-extended.
    Imm(i32),
}

/// Right-hand side of a float operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatSrc {
    /// A register.
    Reg(Xmm),
    /// A frame slot.
    Slot(i32),
    /// A constant's bits.
    Bits(u64),
}

/// Two-operand integer arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntOp {
    /// Addition.
    Add,
    /// Subtraction.
    Sub,
    /// Multiplication.
    Mul,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
}

impl IntOp {
    /// Whether the operands may be exchanged.
    pub fn commutes(self) -> bool {
        self != IntOp::Sub
    }
}

/// Shifts and rotations; counts are taken modulo the width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShiftOp {
    /// Left.
    Shl,
    /// Right, signed.
    ShrS,
    /// Right, unsigned.
    ShrU,
    /// Rotate left.
    Rotl,
    /// Rotate right.
    Rotr,
}

/// One-operand integer arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntUnary {
    /// Leading zeros.
    Clz,
    /// Trailing zeros.
    Ctz,
    /// Ones.
    Popcnt,
    /// Sign-extend the low 8 bits.
    Extend8,
    /// Sign-extend the low 16 bits.
    Extend16,
    /// Sign-extend the low 32 bits.
    Extend32,
    /// Zero-extend the low 32 bits.
    Wrap,
}

/// Division and remainder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DivOp {
    /// Signed.
    pub signed: bool,
    /// Remainder instead of quotient.
    pub rem: bool,
}

/// Two-operand float arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatOp {
    /// Addition.
    Add,
    /// Subtraction.
    Sub,
    /// Multiplication.
    Mul,
    /// Division.
    Div,
    /// The spec's `fmin`.
    Min,
    /// The spec's `fmax`.
    Max,
    /// Magnitude of the first, sign of the second.
    Copysign,
}

/// One-operand float arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatUnary {
    /// Clears the sign.
    Abs,
    /// Flips the sign.
    Neg,
    /// Square root.
    Sqrt,
    /// Round up.
    Ceil,
    /// Round down.
    Floor,
    /// Round to zero.
    Trunc,
    /// Round to nearest, ties to even.
    Nearest,
}

/// Float to integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TruncOp {
    /// Width of the float.
    pub from: Size,
    /// Width of the integer.
    pub to: Size,
    /// Whether the integer is signed.
    pub signed: bool,
}

/// Where a trapping truncation goes.
#[derive(Clone, Copy, Debug)]
pub struct TruncTraps<L> {
    /// For NaN.
    pub nan: L,
    /// For values out of range.
    pub overflow: L,
}

/// A guest memory address: base of memory 0, plus register, plus offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// Zero-extended 32-bit index; `None` for a constant address.
    pub index: Option<Gpr>,
    /// Non-negative displacement that fits an `i32`.
    pub offset: i32,
}

/// What a memory access moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width {
    /// 1, 2, 4 or 8.
    pub len_bytes: u8,
    /// Loads: sign-extend to `size`.
    pub signed: bool,
    /// Width of the register value.
    pub size: Size,
}

/// Moves and integer arithmetic.
pub trait IntMasm {
    /// Constant. *Keeps flags.*
    fn mov_imm(&mut self, dst: Gpr, bits: u64);
    /// All 64 bits. *Keeps flags.*
    fn mov(&mut self, dst: Gpr, src: Gpr);
    /// Exchange. *Keeps flags.*
    fn xchg(&mut self, a: Gpr, b: Gpr);
    /// Slot to register, 64 bits. *Keeps flags.*
    fn load_slot(&mut self, dst: Gpr, slot: i32);
    /// Register to slot, 64 bits. *Keeps flags.*
    fn store_slot(&mut self, slot: i32, src: Gpr);
    /// Constant to slot, 64 bits. *Keeps flags.*
    fn store_slot_imm(&mut self, slot: i32, bits: u64);
    /// Slot to slot, 64 bits. *Keeps flags.*
    fn copy_slot(&mut self, dst: i32, src: i32);
    /// `dst = lhs op rhs`; `rhs` is not `dst` unless `lhs` is as well. Clobbers flags.
    fn int_op(&mut self, op: IntOp, size: Size, dst: Gpr, lhs: Gpr, rhs: IntSrc);
    /// `dst = src shift count`. A rotation by a register wants the count in [`Self::ROTATE_COUNT`]. Clobbers flags.
    fn shift(&mut self, op: ShiftOp, size: Size, dst: Gpr, src: Gpr, count: IntSrc);
    /// Register a variable rotation count must be in.
    const ROTATE_COUNT: Gpr;
    /// Clobbers flags.
    fn int_unary(&mut self, op: IntUnary, size: Size, dst: Gpr, src: Gpr);
    /// Divides [`Self::DIVIDEND`] by `divisor` (neither of the two fixed registers); the quotient comes in
    /// `DIVIDEND`, the remainder in [`Self::REMAINDER`]. The traps are taken before anything is changed.
    fn div<L: Copy>(&mut self, op: DivOp, size: Size, divisor: Gpr, by_zero: L, overflow: L)
    where
        Self: FlowMasm<Label = L>;
    /// Register a dividend must be in.
    const DIVIDEND: Gpr;
    /// Register the remainder comes in.
    const REMAINDER: Gpr;
    /// Sets the flags for `lhs` against `rhs`.
    fn compare(&mut self, size: Size, lhs: Gpr, rhs: IntSrc);
    /// Sets the flags for a slot against a constant.
    fn compare_slot(&mut self, size: Size, slot: i32, rhs: i32);
    /// Sets the flags for `reg` against zero.
    fn test(&mut self, size: Size, reg: Gpr);
    /// Sets the flags so that `NotEqual` means that the lowest bit is set.
    fn test_lowest_bit(&mut self, reg: Gpr);
    /// `dst` = 1 if `cond`, else 0. *Keeps flags.*
    fn set_cond(&mut self, cond: Cond, dst: Gpr);
    /// `dst = src` if `cond` (64 bits; `src` not `Imm`). *Keeps flags.*
    fn mov_cond(&mut self, cond: Cond, dst: Gpr, src: IntSrc);
}

/// Floats.
pub trait FloatMasm: FlowMasm {
    /// *Keeps flags.*
    fn fmov(&mut self, dst: Xmm, src: Xmm);
    /// Exchange. *Keeps flags.*
    fn fswap(&mut self, a: Xmm, b: Xmm);
    /// Constant bits. *Keeps flags.*
    fn fconst(&mut self, size: Size, dst: Xmm, bits: u64);
    /// Slot to register, 64 bits. *Keeps flags.*
    fn fload_slot(&mut self, dst: Xmm, slot: i32);
    /// Register to slot, 64 bits. *Keeps flags.*
    fn fstore_slot(&mut self, slot: i32, src: Xmm);
    /// Makes a NaN in `reg` the canonical one. Clobbers flags.
    fn make_canonical(&mut self, size: Size, reg: Xmm);
    /// `dst = lhs op rhs`; a NaN is any (copysign: bits only). Clobbers flags.
    fn float_op(&mut self, op: FloatOp, size: Size, dst: Xmm, lhs: Xmm, rhs: FloatSrc);
    /// `dst = op src`; a NaN is any (abs, neg: bits only). Clobbers flags.
    fn float_unary(&mut self, op: FloatUnary, size: Size, dst: Xmm, src: Xmm);
    /// Sets the flags so that `Above` and `AboveEqual` mean `lhs > rhs`, `lhs >= rhs`, false when unordered.
    fn fcompare(&mut self, size: Size, lhs: Xmm, rhs: FloatSrc);
    /// `dst` = 1 if equal (or, `negated`, if not equal or unordered), else 0. Clobbers flags.
    fn fequal(&mut self, size: Size, dst: Gpr, lhs: Xmm, rhs: FloatSrc, negated: bool);
    /// Bits to an integer register. *Keeps flags.*
    fn bits_from_float(&mut self, size: Size, dst: Gpr, src: Xmm);
    /// Bits from an integer register. *Keeps flags.*
    fn float_from_bits(&mut self, size: Size, dst: Xmm, src: Gpr);
    /// Integer to float. `temp` is clobbered (used for unsigned 64-bit only). Clobbers flags.
    fn convert(&mut self, from: Size, signed: bool, to: Size, dst: Xmm, src: Gpr, temp: Gpr);
    /// Trapping truncation; the traps are taken with `src` unchanged. `temp` is clobbered. Clobbers flags.
    fn trunc(&mut self, op: TruncOp, dst: Gpr, src: Xmm, temp: Gpr, traps: TruncTraps<Self::Label>);
    /// Saturating truncation. `temp` is clobbered. Clobbers flags.
    fn trunc_sat(&mut self, op: TruncOp, dst: Gpr, src: Xmm, temp: Gpr);
    /// `f64` to `f32`; a NaN is any.
    fn demote(&mut self, dst: Xmm, src: Xmm);
    /// `f32` to `f64`; a NaN is any.
    fn promote(&mut self, dst: Xmm, src: Xmm);
}

/// Guest memory and the VmCtx.
pub trait MemMasm {
    /// Loads from guest memory. Returns the native offset of the instruction that may fault.
    fn load(&mut self, width: Width, dst: Gpr, at: Address) -> u32;
    /// Stores to guest memory.
    fn store(&mut self, width: Width, at: Address, src: Gpr) -> u32;
    /// Stores a constant to guest memory.
    fn store_imm(&mut self, width: Width, at: Address, imm: i32) -> u32;
    /// Loads a float from guest memory.
    fn fload(&mut self, size: Size, dst: Xmm, at: Address) -> u32;
    /// Stores a float to guest memory.
    fn fstore(&mut self, size: Size, at: Address, src: Xmm) -> u32;
    /// After a store to memory 0: jumps to `hit` if it may have met what is watched. `unused` holds nothing and is
    /// not the index; without one, the VmCtx's scratch is used. Clobbers flags.
    fn check_watch(
        &mut self,
        at: Address,
        len_bytes: u8,
        unused: Option<Gpr>,
        hit: <Self as FlowMasm>::Label,
    ) where
        Self: FlowMasm;
    /// As [`check_watch`](Self::check_watch), by the [filter](crate::layout::watch_filter) at an offset in the VmCtx.
    fn filter_watch(
        &mut self,
        at: Address,
        len_bytes: u8,
        unused: Option<Gpr>,
        filter: u32,
        hit: <Self as FlowMasm>::Label,
    ) where
        Self: FlowMasm;
    /// Says in the VmCtx which store it was, and calls the watch stub. Returns the return address.
    fn call_watch(&mut self, at: Address, len_bytes: u8) -> u32;
    /// `dst = [VmCtx + offset]`, 64 bits. *Keeps flags.*
    fn load_vmctx(&mut self, dst: Gpr, offset: u32);
    /// `dst = [VmCtx + offset]`, 32 bits zero-extended. *Keeps flags.*
    fn load_vmctx32(&mut self, dst: Gpr, offset: u32);
    /// `[VmCtx + offset] = src`, 64 bits. *Keeps flags.*
    fn store_vmctx(&mut self, offset: u32, src: Gpr);
    /// `dst = VmCtx + offset`. *Keeps flags.*
    fn vmctx_address(&mut self, dst: Gpr, offset: u32);
    /// `dst = [base + offset]`, 64 bits. *Keeps flags.*
    fn load_field(&mut self, dst: Gpr, base: Gpr, offset: i32);
    /// `[base + offset] = src`, 64 bits. *Keeps flags.*
    fn store_field(&mut self, base: Gpr, offset: i32, src: Gpr);
    /// Float from `[base + offset]`; `None` is the VmCtx. *Keeps flags.*
    fn fload_field(&mut self, dst: Xmm, base: Option<Gpr>, offset: i32);
    /// Float to `[base + offset]`; `None` is the VmCtx. *Keeps flags.*
    fn fstore_field(&mut self, base: Option<Gpr>, offset: i32, src: Xmm);
    /// `dst = base + index * 8`. *Keeps flags.*
    fn element_address(&mut self, dst: Gpr, base: Gpr, index: Gpr);
    /// Sets the flags for a 64-bit register against the field `[base + offset]`.
    fn compare_field(&mut self, size: Size, lhs: Gpr, base: Gpr, offset: i32);
    /// Makes 4 GiB of what is more. Clobbers flags.
    fn clamp_to_4_gib(&mut self, reg: Gpr);
    /// From an offset in a memory with base `base` to one from the base of memory 0. Clobbers flags.
    fn rebase(&mut self, at: Gpr, base: Gpr);
    /// Sets the flags for the VmCtx's address against the field `[base + offset]`.
    fn compare_vmctx(&mut self, base: Gpr, offset: i32);
    /// `dst += imm`. Clobbers flags.
    fn add_imm(&mut self, dst: Gpr, imm: u64, scratch: Option<Gpr>);
}

/// Labels, jumps, calls and frames.
pub trait FlowMasm {
    /// A place in the code.
    type Label: Copy;
    /// Next native offset.
    fn offset(&self) -> u32;
    /// A new unbound label.
    fn label(&mut self) -> Self::Label;
    /// Binds a label here.
    fn bind(&mut self, label: Self::Label);
    /// Jumps.
    fn jump(&mut self, to: Self::Label);
    /// Jumps if.
    fn jump_if(&mut self, cond: Cond, to: Self::Label);
    /// Jumps to `targets[index]`, or the last where `index` is larger; clobbers `index`, `temp` and flags.
    fn jump_table(&mut self, index: Gpr, temp: Gpr, targets: &[Self::Label]);
    /// Pushes the caller's frame pointer and makes a frame; its size is set by [`finish`](Self::finish).
    fn enter(&mut self);
    /// Leaves the frame and returns.
    fn leave(&mut self);
    /// Leaves the frame, and enters the code of the [`func_ref`](crate::layout::func_ref) in the callee register as if
    /// the caller had called it.
    fn leave_to_callee(&mut self);
    /// Zeroes a run of 8-byte slots: `count` of them from `lowest` upward. Whether that clobbered argument registers.
    fn zero_slots(&mut self, lowest: i32, count: u32) -> bool;
    /// Jumps if the stack is used up.
    fn check_stack(&mut self, exhausted: Self::Label);
    /// Counts a tick; jumps to `expired` at the end of the slice.
    fn tick(&mut self, expired: Self::Label);
    /// Calls through a VmCtx field. Returns the return address.
    fn call_vmctx(&mut self, offset: i32) -> u32;
    /// The flags to a VmCtx field. *Keeps flags.*
    fn save_flags(&mut self, offset: u32);
    /// The flags from a VmCtx field.
    fn restore_flags(&mut self, offset: u32);
    /// Calls the code of the [`func_ref`](crate::layout::func_ref) in the callee register, switching to its
    /// VmCtx and memory first if `other_instance`. Returns the return address.
    fn call_ref(&mut self, other_instance: bool) -> u32;
    /// Takes the frame's own VmCtx and memory base back.
    fn restore_instance(&mut self, memory: bool);
    /// Register to the outgoing stack area at an offset. *Keeps flags.*
    fn store_outgoing(&mut self, offset: u32, src: Gpr);
    /// Constant to the outgoing stack area. *Keeps flags.*
    fn store_outgoing_imm(&mut self, offset: u32, bits: u64);
    /// Slot to the outgoing stack area. *Keeps flags.*
    fn copy_to_outgoing(&mut self, offset: u32, slot: i32);
    /// Outgoing stack area to a slot. *Keeps flags.*
    fn copy_from_outgoing(&mut self, slot: i32, offset: u32);
    /// Float register to the outgoing stack area. *Keeps flags.*
    fn fstore_outgoing(&mut self, offset: u32, src: Xmm);
    /// Ends the function: emits what was put off, sets the frame size, and gives the bytes.
    fn finish(&mut self, frame_bytes: u32) -> Result<Vec<u8>, String>;
}

/// A machine.
pub trait Masm: IntMasm + FloatMasm + MemMasm + FlowMasm + SimdMasm {
    /// An empty function that is expected to have so many bytes of code.
    fn new(usual_bytes: usize) -> Self;
}
