//! Values as instructions compute with them, and the macro that makes a table of instructions of plain functions.
//!
//! # Invariants
//! - A float that is given back has a canonical NaN or is no NaN, as a scalar and as a lane. Instructions that only
//!   move bits ([`Bits32`], [`Bits64`], lanes of integers) keep every payload.
//! - Vectors are arrays of lanes, lane 0 in the lowest bits.
//!
//! Must not know: frames, control, the store.

use crate::types::ValType;

/// A value with its type, as it lies on the stack. Bits above the type's width are zero.
pub(super) type Slot = (ValType, u128);

/// A Rust type that an instruction computes with.
pub(super) trait Value {
    /// The value type it stands for.
    const TYPE: ValType;
    /// Reads a slot's bits.
    fn take(bits: u128) -> Self;
    /// Back to bits, zero-extended.
    fn give(self) -> u128;
}

macro_rules! value {
    ($($ty:ty, $val_type:ident, |$bits:ident| $from:expr, |$value:ident| $to:expr;)*) => {
        $(impl Value for $ty {
            const TYPE: ValType = ValType::$val_type;
            fn take($bits: u128) -> Self {
                $from
            }
            fn give(self) -> u128 {
                let $value = self;
                u128::from($to)
            }
        })*
    };
}

/// `f32` as bits, for instructions that are not arithmetic.
pub(super) struct Bits32(pub u32);
/// `f64` as bits, for instructions that are not arithmetic.
pub(super) struct Bits64(pub u64);

const CANONICAL_NAN_32: u32 = 0x7fc0_0000;
const CANONICAL_NAN_64: u64 = 0x7ff8_0000_0000_0000;

value! {
    i32, I32, |bits| bits as i32, |value| value as u32;
    u32, I32, |bits| bits as u32, |value| value;
    bool, I32, |bits| bits as u32 != 0, |value| value;
    i64, I64, |bits| bits as i64, |value| value as u64;
    u64, I64, |bits| bits as u64, |value| value;
    f32, F32, |bits| f32::from_bits(bits as u32), |value| if value.is_nan() { CANONICAL_NAN_32 } else { value.to_bits() };
    f64, F64, |bits| f64::from_bits(bits as u64), |value| if value.is_nan() { CANONICAL_NAN_64 } else { value.to_bits() };
    Bits32, F32, |bits| Bits32(bits as u32), |value| value.0;
    Bits64, F64, |bits| Bits64(bits as u64), |value| value.0;
    u128, V128, |bits| bits, |value| value;
}

/// A type of which vectors are made.
pub(super) trait Lane: Copy {
    /// Its width.
    const WIDTH_BITS: usize;
    /// Reads the low bits.
    fn take_lane(bits: u128) -> Self;
    /// Back to bits, zero-extended.
    fn give_lane(self) -> u128;
}

macro_rules! lane {
    ($($ty:ty, $unsigned:ty, |$value:ident| $to:expr;)*) => {
        $(impl Lane for $ty {
            const WIDTH_BITS: usize = 8 * size_of::<$ty>();
            fn take_lane(bits: u128) -> Self {
                Self::from_le_bytes((bits as $unsigned).to_le_bytes())
            }
            fn give_lane(self) -> u128 {
                let $value = self;
                u128::from($to)
            }
        })*
    };
}

lane! {
    i8, u8, |value| value as u8;
    u8, u8, |value| value;
    i16, u16, |value| value as u16;
    u16, u16, |value| value;
    i32, u32, |value| value as u32;
    u32, u32, |value| value;
    i64, u64, |value| value as u64;
    u64, u64, |value| value;
    f32, u32, |value| value.give();
    f64, u64, |value| value.give();
}

impl<T: Lane, const N: usize> Value for [T; N] {
    const TYPE: ValType = ValType::V128;
    fn take(bits: u128) -> Self {
        std::array::from_fn(|lane| T::take_lane(bits >> (lane * T::WIDTH_BITS)))
    }
    fn give(self) -> u128 {
        let lanes = self.into_iter().enumerate();
        lanes.fold(0, |bits, (lane, value)| {
            bits | value.give_lane() << (lane * T::WIDTH_BITS)
        })
    }
}

/// Makes an enum of instructions that have no immediates: each takes its operands, leaves one result or traps, and
/// touches nothing else.
macro_rules! instructions {
    (
        $(#[$doc:meta])*
        enum $name:ident;
        $($op:ident ($($arg:ident: $ty:ty),+) -> $result:ty $body:block)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::interp) enum $name {
            $($op),*
        }

        impl $name {
            /// The instruction an operator is, if it is one of these.
            pub(in crate::interp) fn from_operator(operator: &wasmparser::Operator<'_>) -> Option<$name> {
                match operator {
                    $(wasmparser::Operator::$op => Some($name::$op),)*
                    _ => None,
                }
            }

            /// Replaces the operands on top of the stack by the result.
            pub(in crate::interp) fn apply(self, stack: &mut Vec<Slot>) -> Result<(), TrapKind> {
                match self {
                    $($name::$op => {
                        let [.., $((_, $arg)),+] = stack.as_slice() else {
                            unreachable!("validated code has its operands");
                        };
                        $(let $arg = <$ty>::take(*$arg);)+
                        let result: $result = $body;
                        $(let _ = stringify!($arg); stack.pop();)+
                        stack.push((<$result>::TYPE, result.give()));
                    })*
                }
                Ok(())
            }
        }
    };
}
pub(super) use instructions;
