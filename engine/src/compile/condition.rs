//! Conditions of stops: what a variant computes itself at a boundary, to go straight on where it does not hold.
//!
//! A condition is a WebAssembly expression with one `i32` result. It reads the guest and changes nothing of it:
//! constants, locals, globals, loads from memory 0, arithmetic, comparisons, conversions, and `if`. Its locals are
//! those of the function, behind them [temporaries](crate::layout::condition) of its own, and behind those the operand
//! stack's entries at the boundary, bottom first. The guest stops where the result is not zero, and also where the
//! expression traps: then nothing was decided, and whoever is called decides.
//!
//! # Invariants
//! - What is a condition has been checked: its blocks are whole, and it takes no more than there is.
//!
//! Must not know: where values are, how code is emitted, source languages.

use super::masm::{Cond, DivOp, FloatOp, FloatUnary, IntOp, IntUnary, ShiftOp, Size, TruncOp, Width};
use super::probe::{POOL, POOL_WITH_DIVISION};
use std::sync::Arc;
use wasmparser::{BinaryReader, BlockType, MemArg, MemArgTarget, Operator, OperatorsReader};

/// The most operators of a condition.
const MOST_OPERATORS: usize = 2000;

/// A condition that a variant can compute.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    pub(super) code: Arc<[u8]>,
    /// Registers that it takes at a time.
    pub(super) registers: usize,
    pub(super) divides: bool,
    pub(super) floats: bool,
    pub(super) loads: bool,
}

impl Condition {
    /// The condition of an expression's code, `end` included; `None` if it is none, or none that is compiled.
    pub fn new(code: &[u8]) -> Option<Condition> {
        let mut condition = Condition {
            code: code.into(),
            registers: 0,
            divides: false,
            floats: false,
            loads: false,
        };
        // Of the open blocks: height below, number of results, whether an `else` must come.
        let mut open: Vec<(usize, usize, bool)> = vec![(0, 1, false)];
        let mut height = 0usize;
        for (count, operator) in operators(code).enumerate() {
            let operator = operator?;
            if count > MOST_OPERATORS || open.is_empty() {
                return None;
            }
            match operator {
                Operator::If { blockty } => {
                    height = height.checked_sub(1)?;
                    let results = results(blockty)?;
                    open.push((height, results, results > 0));
                }
                Operator::Else | Operator::End => {
                    let (base, results, half) = open.pop()?;
                    let is_end = matches!(operator, Operator::End);
                    if height != base.checked_add(results)? || is_end && half {
                        return None;
                    }
                    if !is_end {
                        open.push((base, results, false));
                        height = base;
                    }
                }
                // Only in blocks without results, which it may end.
                Operator::Unreachable => {}
                operator => {
                    let need = need(&operator)?;
                    if height < open.last()?.0.checked_add(need.pops)? {
                        return None;
                    }
                    condition.divides |= need.divides;
                    condition.floats |= need.floats;
                    condition.loads |= need.loads;
                    let used = height.max(height.checked_sub(need.pops)?.checked_add(need.registers)?);
                    condition.registers = condition.registers.max(used);
                    height = height.checked_sub(need.pops)?.checked_add(need.pushes)?;
                }
            }
        }
        let room = if condition.divides {
            POOL_WITH_DIVISION
        } else {
            POOL.len()
        };
        (open.is_empty() && condition.registers <= room).then_some(condition)
    }
}

pub(super) fn operators(code: &[u8]) -> impl Iterator<Item = Option<Operator<'_>>> {
    let mut reader = OperatorsReader::new(BinaryReader::new(code, 0));
    std::iter::from_fn(move || (!reader.eof()).then(|| reader.read().ok()))
}

pub(super) fn results(ty: BlockType) -> Option<usize> {
    match ty {
        BlockType::Empty => Some(0),
        BlockType::Type(_) => Some(1),
        BlockType::FuncType(_) => None,
    }
}

/// What an operator takes.
struct Need {
    pops: usize,
    pushes: usize,
    /// Registers from its lowest operand on.
    registers: usize,
    divides: bool,
    floats: bool,
    loads: bool,
}

/// What an operator takes; `None` for those that no condition has.
fn need(operator: &Operator<'_>) -> Option<Need> {
    let of = |pops: usize, pushes: usize, more: usize| Need {
        pops,
        pushes,
        registers: pops.max(pushes) + more,
        divides: false,
        floats: false,
        loads: false,
    };
    Some(match Kind::of(operator)? {
        Kind::Const(_) | Kind::Get(_) | Kind::Global(_) => of(0, 1, 0),
        Kind::Set(_) => of(1, 0, 0),
        Kind::Tee(_) | Kind::Unary(..) | Kind::Test(_) => of(1, 1, 0),
        Kind::Load(..) => Need {
            loads: true,
            ..of(1, 1, 1)
        },
        Kind::Int(..) | Kind::Shift(..) | Kind::Compare(..) => of(2, 1, 0),
        Kind::Divide(..) => Need {
            divides: true,
            ..of(2, 1, 0)
        },
        Kind::Float(..) | Kind::FloatCompare(..) => Need {
            floats: true,
            ..of(2, 1, 0)
        },
        Kind::FloatUnary(..) | Kind::Resize(_) => Need {
            floats: true,
            ..of(1, 1, 0)
        },
        Kind::Convert { .. } | Kind::Trunc(_) => Need {
            floats: true,
            ..of(1, 1, 1)
        },
    })
}

/// How two floats compare.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FloatCond {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// An operator of a condition.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Const(u64),
    Get(u32),
    Set(u32),
    Tee(u32),
    Global(u32),
    Load(Width, u32),
    Unary(IntUnary, Size),
    /// Whether it is zero.
    Test(Size),
    Int(IntOp, Size),
    Shift(ShiftOp, Size),
    Divide(DivOp, Size),
    Compare(Cond, Size),
    Float(FloatOp, Size),
    FloatUnary(FloatUnary, Size),
    FloatCompare(FloatCond, Size),
    /// To a float of this size, from one of the other.
    Resize(Size),
    Convert {
        signed: bool,
        from: Size,
        to: Size,
    },
    Trunc(TruncOp),
}

impl Kind {
    pub fn of(operator: &Operator<'_>) -> Option<Kind> {
        use Operator as O;
        use Size::{S32, S64};
        let load = |len_bytes: u8, signed: bool, size: Size, memarg: &MemArg| {
            let offset = u32::try_from(memarg.offset).ok()?;
            // What the processor adds is signed.
            i32::try_from(offset).ok()?.checked_add(8)?;
            let width = Width {
                len_bytes,
                signed,
                size,
            };
            (memarg.target == MemArgTarget::Memory(0)).then_some(Kind::Load(width, offset))
        };
        let divide = |signed, rem, size| Kind::Divide(DivOp { signed, rem }, size);
        Some(match operator {
            O::I32Const { value } => Kind::Const(u64::from(*value as u32)),
            O::I64Const { value } => Kind::Const(*value as u64),
            O::F32Const { value } => Kind::Const(u64::from(value.bits())),
            O::F64Const { value } => Kind::Const(value.bits()),
            O::LocalGet { local_index } => Kind::Get(*local_index),
            O::LocalSet { local_index } => Kind::Set(*local_index),
            O::LocalTee { local_index } => Kind::Tee(*local_index),
            O::GlobalGet { global_index } => Kind::Global(*global_index),
            O::I32Load { memarg } | O::F32Load { memarg } => return load(4, false, S32, memarg),
            O::I64Load { memarg } | O::F64Load { memarg } => return load(8, false, S64, memarg),
            O::I64Load8S { memarg } => return load(1, true, S64, memarg),
            O::I64Load8U { memarg } => return load(1, false, S64, memarg),
            O::I64Load16S { memarg } => return load(2, true, S64, memarg),
            O::I64Load16U { memarg } => return load(2, false, S64, memarg),
            O::I64Load32S { memarg } => return load(4, true, S64, memarg),
            O::I64Load32U { memarg } => return load(4, false, S64, memarg),
            O::I32WrapI64 | O::I64ExtendI32U => Kind::Unary(IntUnary::Wrap, S64),
            O::I64ExtendI32S | O::I64Extend32S => Kind::Unary(IntUnary::Extend32, S64),
            O::I64Extend8S => Kind::Unary(IntUnary::Extend8, S64),
            O::I64Extend16S => Kind::Unary(IntUnary::Extend16, S64),
            O::I32Eqz => Kind::Test(S32),
            O::I64Eqz => Kind::Test(S64),
            O::I32Add => Kind::Int(IntOp::Add, S32),
            O::I64Add => Kind::Int(IntOp::Add, S64),
            O::I32Sub => Kind::Int(IntOp::Sub, S32),
            O::I64Sub => Kind::Int(IntOp::Sub, S64),
            O::I32Mul => Kind::Int(IntOp::Mul, S32),
            O::I64Mul => Kind::Int(IntOp::Mul, S64),
            O::I32And => Kind::Int(IntOp::And, S32),
            O::I64And => Kind::Int(IntOp::And, S64),
            O::I32Or => Kind::Int(IntOp::Or, S32),
            O::I64Or => Kind::Int(IntOp::Or, S64),
            O::I32Xor => Kind::Int(IntOp::Xor, S32),
            O::I64Xor => Kind::Int(IntOp::Xor, S64),
            O::I64Shl => Kind::Shift(ShiftOp::Shl, S64),
            O::I64ShrS => Kind::Shift(ShiftOp::ShrS, S64),
            O::I64ShrU => Kind::Shift(ShiftOp::ShrU, S64),
            O::I32DivS => divide(true, false, S32),
            O::I32RemS => divide(true, true, S32),
            O::I64DivS => divide(true, false, S64),
            O::I64DivU => divide(false, false, S64),
            O::I64RemS => divide(true, true, S64),
            O::I64RemU => divide(false, true, S64),
            O::I32Eq => Kind::Compare(Cond::Equal, S32),
            O::I64Eq => Kind::Compare(Cond::Equal, S64),
            O::I32Ne => Kind::Compare(Cond::NotEqual, S32),
            O::I64Ne => Kind::Compare(Cond::NotEqual, S64),
            O::I64LtS => Kind::Compare(Cond::Less, S64),
            O::I64LtU => Kind::Compare(Cond::Below, S64),
            O::I64LeS => Kind::Compare(Cond::LessEqual, S64),
            O::I64LeU => Kind::Compare(Cond::BelowEqual, S64),
            O::I64GtS => Kind::Compare(Cond::Greater, S64),
            O::I64GtU => Kind::Compare(Cond::Above, S64),
            O::I64GeS => Kind::Compare(Cond::GreaterEqual, S64),
            O::I64GeU => Kind::Compare(Cond::AboveEqual, S64),
            O::F32Add => Kind::Float(FloatOp::Add, S32),
            O::F64Add => Kind::Float(FloatOp::Add, S64),
            O::F32Sub => Kind::Float(FloatOp::Sub, S32),
            O::F64Sub => Kind::Float(FloatOp::Sub, S64),
            O::F32Mul => Kind::Float(FloatOp::Mul, S32),
            O::F64Mul => Kind::Float(FloatOp::Mul, S64),
            O::F32Div => Kind::Float(FloatOp::Div, S32),
            O::F64Div => Kind::Float(FloatOp::Div, S64),
            O::F32Neg => Kind::FloatUnary(FloatUnary::Neg, S32),
            O::F64Neg => Kind::FloatUnary(FloatUnary::Neg, S64),
            O::F32Eq => Kind::FloatCompare(FloatCond::Equal, S32),
            O::F64Eq => Kind::FloatCompare(FloatCond::Equal, S64),
            O::F32Ne => Kind::FloatCompare(FloatCond::NotEqual, S32),
            O::F64Ne => Kind::FloatCompare(FloatCond::NotEqual, S64),
            O::F32Lt => Kind::FloatCompare(FloatCond::Less, S32),
            O::F64Lt => Kind::FloatCompare(FloatCond::Less, S64),
            O::F32Le => Kind::FloatCompare(FloatCond::LessEqual, S32),
            O::F64Le => Kind::FloatCompare(FloatCond::LessEqual, S64),
            O::F32Gt => Kind::FloatCompare(FloatCond::Greater, S32),
            O::F64Gt => Kind::FloatCompare(FloatCond::Greater, S64),
            O::F32Ge => Kind::FloatCompare(FloatCond::GreaterEqual, S32),
            O::F64Ge => Kind::FloatCompare(FloatCond::GreaterEqual, S64),
            O::F32DemoteF64 => Kind::Resize(S32),
            O::F64PromoteF32 => Kind::Resize(S64),
            O::F32ConvertI64S => convert(true, S32),
            O::F32ConvertI64U => convert(false, S32),
            O::F64ConvertI64S => convert(true, S64),
            O::F64ConvertI64U => convert(false, S64),
            O::I64TruncF64S => Kind::Trunc(TruncOp {
                from: S64,
                to: S64,
                signed: true,
            }),
            O::I64TruncF64U => Kind::Trunc(TruncOp {
                from: S64,
                to: S64,
                signed: false,
            }),
            _ => return None,
        })
    }
}

fn convert(signed: bool, to: Size) -> Kind {
    Kind::Convert {
        signed,
        from: Size::S64,
        to,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_expressions_are_conditions() {
        let end = 0x0b;
        let one = [0x41, 1];
        let condition = |code: &[&[u8]]| Condition::new(&code.concat()).is_some();
        assert!(condition(&[&one, &[end]]));
        assert!(condition(&[
            &one,
            &[0x04, 0x7f],
            &one,
            &[0x05],
            &one,
            &[end, end]
        ]));
        assert!(condition(&[&one, &[0x04, 0x40, 0x00, end], &one, &[end]]));
        // Nothing, no result, two of them, no end, something behind it.
        assert!(!condition(&[]));
        assert!(!condition(&[&[end]]));
        assert!(!condition(&[&one, &one, &[end]]));
        assert!(!condition(&[&one]));
        assert!(!condition(&[&one, &[end], &one]));
        // An `if` with a result and no `else`, one that takes what lies below it, an operand that is not there.
        assert!(!condition(&[&one, &[0x04, 0x7f], &one, &[end, end]]));
        assert!(!condition(&[
            &one,
            &one,
            &[0x04, 0x40, 0x21, 0, end],
            &one,
            &[end]
        ]));
        assert!(!condition(&[&one, &[0x6a, end]]));
        // Changes of the guest, calls, more registers than there are.
        assert!(!condition(&[&one, &one, &[0x36, 2, 0], &one, &[end]]));
        assert!(!condition(&[&[0x10, 0, end]]));
        let deep = [one; 9].concat();
        assert!(!condition(&[&deep, &[0x6a; 8], &[end]]));
        assert!(condition(&[&deep[..16], &[0x6a; 7], &[end]]));
    }
}
