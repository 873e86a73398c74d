//! What the compiler asks of a machine for vectors of 128 bits: lanes, kinds, and the trait [`SimdMasm`].
//!
//! # Invariants
//! - As for the other parts of [`masm`](super::masm): no register but those given, and the scratch vector register.
//! - A destination may be any of the sources, but never a temporary.
//! - Float results that the spec leaves open are canonical NaNs, lane by lane; what the relaxed instructions leave
//!   open is as in the deterministic profile (Core 3.0, appendix A.1).
//!
//! Must not know: wasm operators, the value stack, one machine's encodings.

use super::masm::{Address, Cond, IntSrc, Size};
use super::regs::{Gpr, Xmm};

/// An integer lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// One of 16 lanes of 8 bits.
    I8,
    /// One of 8 lanes of 16 bits.
    I16,
    /// One of 4 lanes of 32 bits.
    I32,
    /// One of 2 lanes of 64 bits.
    I64,
}

impl Lane {
    /// Its width.
    pub fn bits(self) -> u8 {
        match self {
            Lane::I8 => 8,
            Lane::I16 => 16,
            Lane::I32 => 32,
            Lane::I64 => 64,
        }
    }
}

/// Which half of the source's lanes an instruction takes that widens them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// The lower lanes.
    Low,
    /// The upper lanes.
    High,
}

/// Two-operand float arithmetic by lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VecFloatOp {
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
    /// `rhs < lhs ? rhs : lhs`, bits unchanged.
    PMin,
    /// `lhs < rhs ? rhs : lhs`, bits unchanged.
    PMax,
}

/// A float comparison by lane; the others are these with their operands exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VecFloatCmp {
    /// Equal, false for NaN.
    Eq,
    /// Not equal, true for NaN.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
}

/// Two-operand instructions. A truth is all ones in its lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VecOp {
    /// Bitwise and.
    And,
    /// `lhs` and not `rhs`.
    AndNot,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// Addition.
    Add(Lane),
    /// Subtraction.
    Sub(Lane),
    /// Multiplication (16 bits and more).
    Mul(Lane),
    /// Saturating addition (8 and 16 bits): lane, signed.
    AddSat(Lane, bool),
    /// Saturating subtraction (8 and 16 bits): lane, signed.
    SubSat(Lane, bool),
    /// Minimum (up to 32 bits): lane, signed.
    Min(Lane, bool),
    /// Maximum (up to 32 bits): lane, signed.
    Max(Lane, bool),
    /// Unsigned average, rounded up (8 and 16 bits).
    Average(Lane),
    /// Equal.
    Eq(Lane),
    /// Not equal.
    Ne(Lane),
    /// Greater (64 bits: signed only): lane, signed.
    Gt(Lane, bool),
    /// Greater or equal (64 bits: signed only): lane, signed.
    Ge(Lane, bool),
    /// Both operands' lanes (16 or 32 bits, signed) saturated to half the width: source lane, result signed.
    Narrow(Lane, bool),
    /// Products of twice the width: source lane (up to 32 bits), signed, half.
    ExtMul(Lane, bool, Half),
    /// Sums of neighbouring products of signed 16-bit lanes.
    Dot,
    /// `(lhs * rhs + 2^14) >> 15` of signed 16-bit lanes, saturated.
    Q15MulrSat,
    /// Bytes of `lhs` at the indices `rhs`, 0 for indices over 15.
    Swizzle,
    /// Float arithmetic.
    Float(VecFloatOp, Size),
    /// Float comparison.
    FloatCmp(VecFloatCmp, Size),
}

/// One-operand instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VecUnary {
    /// Bitwise not.
    Not,
    /// Negation.
    Neg(Lane),
    /// Absolute value, wrapping.
    Abs(Lane),
    /// Ones in each byte.
    Popcnt,
    /// Lanes of twice the width: source lane (up to 32 bits), signed, half.
    Extend(Lane, bool, Half),
    /// Sums of neighbouring lanes (8 or 16 bits) in lanes of twice the width: source lane, signed.
    ExtAddPairwise(Lane, bool),
    /// Clears the signs.
    FloatAbs(Size),
    /// Flips the signs.
    FloatNeg(Size),
    /// Square root.
    Sqrt(Size),
    /// Round up.
    Ceil(Size),
    /// Round down.
    Floor(Size),
    /// Round to zero.
    Trunc(Size),
    /// Round to nearest, ties to even.
    Nearest(Size),
    /// 32-bit integers to floats (to 64 bits: the lower two): signed, result.
    Convert(bool, Size),
    /// Floats to 32-bit integers, saturating (from 64 bits: the upper two become 0): source, signed.
    TruncSat(Size, bool),
    /// Two `f64` to `f32`; the upper two become 0.
    Demote,
    /// The lower two `f32` to `f64`.
    Promote,
}

/// Shifts by lane; the count is taken modulo the lane's width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VecShift {
    /// Left.
    Shl,
    /// Right, signed.
    ShrS,
    /// Right, unsigned.
    ShrU,
}

/// Registers that an instruction may use beside its operands.
#[derive(Clone, Copy, Debug)]
pub struct VecTemps {
    /// An integer register.
    pub gpr: Gpr,
    /// A vector register.
    pub xmm: Xmm,
}

/// How a load fills a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VecLoad {
    /// 16 bytes.
    Whole,
    /// 8 bytes, as lanes extended to twice their width: lane (up to 32 bits), signed.
    Extend(Lane, bool),
    /// One lane, repeated.
    Splat(Lane),
    /// One lane of this width; the rest becomes 0.
    Zero(Size),
}

/// Vectors of 128 bits.
pub trait SimdMasm {
    /// Constant bits. *Keeps flags.*
    fn vconst(&mut self, dst: Xmm, bits: u128);
    /// Slot (16 bytes from its offset upward) to register. *Keeps flags.*
    fn vload_slot(&mut self, dst: Xmm, slot: i32);
    /// Register to slot. *Keeps flags.*
    fn vstore_slot(&mut self, slot: i32, src: Xmm);
    /// Slot to slot. *Keeps flags.*
    fn vcopy_slot(&mut self, dst: i32, src: i32);
    /// Vector from `[base + offset]`; `None` is the VmCtx. *Keeps flags.*
    fn vload_field(&mut self, dst: Xmm, base: Option<Gpr>, offset: i32);
    /// Vector to `[base + offset]`; `None` is the VmCtx. *Keeps flags.*
    fn vstore_field(&mut self, base: Option<Gpr>, offset: i32, src: Xmm);
    /// Register to the outgoing stack area. *Keeps flags.*
    fn vstore_outgoing(&mut self, offset: u32, src: Xmm);
    /// Slot to the outgoing stack area. *Keeps flags.*
    fn vcopy_to_outgoing(&mut self, offset: u32, slot: i32);
    /// Outgoing stack area to a slot. *Keeps flags.*
    fn vcopy_from_outgoing(&mut self, slot: i32, offset: u32);

    /// Loads from guest memory. Returns the native offset of the instruction that may fault.
    fn vload(&mut self, load: VecLoad, dst: Xmm, at: Address) -> u32;
    /// Stores 16 bytes to guest memory: all or, if that faults, none. The address must leave room for 15 more in
    /// its offset. Clobbers flags.
    fn vstore(&mut self, at: Address, src: Xmm) -> u32;
    /// Loads one lane from guest memory; the others are those of `src`.
    fn vload_lane(&mut self, lane: Lane, index: u8, dst: Xmm, src: Xmm, at: Address) -> u32;
    /// Stores one lane to guest memory.
    fn vstore_lane(&mut self, lane: Lane, index: u8, at: Address, src: Xmm) -> u32;

    /// `dst = lhs op rhs`. Clobbers flags.
    fn vec_op(&mut self, op: VecOp, dst: Xmm, lhs: Xmm, rhs: Xmm);
    /// `dst = op src`. Clobbers flags and `temp`.
    fn vec_unary(&mut self, op: VecUnary, dst: Xmm, src: Xmm, temp: Xmm);
    /// `dst = src shift count`; `count` is a register or a constant. Clobbers flags and the temporaries.
    fn vec_shift(&mut self, op: VecShift, lane: Lane, dst: Xmm, src: Xmm, count: IntSrc, temps: VecTemps);
    /// Bits of `ones` where the mask has ones, of `zeros` where it has zeros.
    fn vec_select(&mut self, dst: Xmm, ones: Xmm, zeros: Xmm, mask: Xmm);
    /// Bytes of `lhs` (indices from 0) and `rhs` (from 16).
    fn shuffle(&mut self, dst: Xmm, lhs: Xmm, rhs: Xmm, indices: [u8; 16]);
    /// `a * b + c`, or (`negated`) `-(a * b) + c`, rounded twice. Clobbers flags.
    fn vec_madd(&mut self, negated: bool, size: Size, dst: Xmm, factors: (Xmm, Xmm), c: Xmm);
    /// Saturated sums of neighbouring products of signed bytes in 16-bit lanes. Clobbers `temp`.
    fn vec_dot_bytes(&mut self, dst: Xmm, lhs: Xmm, rhs: Xmm, temp: Xmm);

    /// Sets the flags; the condition under which any bit is set.
    fn any_true(&mut self, src: Xmm) -> Cond;
    /// Sets the flags; the condition under which no lane is 0.
    fn all_true(&mut self, lane: Lane, src: Xmm) -> Cond;
    /// The highest bits of the lanes. Clobbers flags.
    fn bitmask(&mut self, lane: Lane, dst: Gpr, src: Xmm);
    /// All lanes from an integer.
    fn splat(&mut self, lane: Lane, dst: Xmm, src: Gpr);
    /// All lanes from a float.
    fn fsplat(&mut self, size: Size, dst: Xmm, src: Xmm);
    /// One lane, extended to 32 bits if it is narrower.
    fn extract(&mut self, lane: Lane, index: u8, signed: bool, dst: Gpr, src: Xmm);
    /// One float lane.
    fn fextract(&mut self, size: Size, index: u8, dst: Xmm, src: Xmm);
    /// `src` with one lane replaced.
    fn replace(&mut self, lane: Lane, index: u8, dst: Xmm, src: Xmm, value: Gpr);
    /// `src` with one float lane replaced.
    fn freplace(&mut self, size: Size, index: u8, dst: Xmm, src: Xmm, value: Xmm);
}
