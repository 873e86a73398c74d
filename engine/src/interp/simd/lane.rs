//! Instructions on one lane that an immediate names, and `shuffle`.
//!
//! # Invariants
//! - Lane numbers are validated: they name a lane.
//! - Bits pass unchanged (a NaN keeps its payload).
//!
//! Must not know: frames, control, the store.

use crate::interp::value::{Bits32, Bits64, Slot, Value};
use wasmparser::Operator;

macro_rules! extracts {
    ($($op:ident ($lanes:ty) -> $result:ty { $value:expr })*) => {
        /// An instruction that reads one lane, by its operator's name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::interp) enum Extract {
            $($op),*
        }

        impl Extract {
            /// The instruction and lane an operator is, if it is one of these.
            pub(in crate::interp) fn from_operator(operator: &Operator<'_>) -> Option<(Extract, u8)> {
                match *operator {
                    $(Operator::$op { lane } => Some((Extract::$op, lane)),)*
                    _ => None,
                }
            }

            /// The lane's value.
            pub(in crate::interp) fn apply(self, vector: u128, lane: u8) -> Slot {
                match self {
                    $(Extract::$op => {
                        let lanes = <$lanes>::take(vector);
                        let value: $result = ($value)(lanes[usize::from(lane)]);
                        (<$result>::TYPE, value.give())
                    })*
                }
            }
        }
    };
}

extracts! {
    I8x16ExtractLaneS([i8; 16]) -> i32 { i32::from }
    I8x16ExtractLaneU([u8; 16]) -> u32 { u32::from }
    I16x8ExtractLaneS([i16; 8]) -> i32 { i32::from }
    I16x8ExtractLaneU([u16; 8]) -> u32 { u32::from }
    I32x4ExtractLane([u32; 4]) -> u32 { u32::from }
    I64x2ExtractLane([u64; 2]) -> u64 { u64::from }
    F32x4ExtractLane([u32; 4]) -> Bits32 { Bits32 }
    F64x2ExtractLane([u64; 2]) -> Bits64 { Bits64 }
}

macro_rules! replaces {
    ($($op:ident ($lanes:ty))*) => {
        /// An instruction that replaces one lane, by its operator's name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(clippy::enum_variant_names)]
        pub(in crate::interp) enum Replace {
            $($op),*
        }

        impl Replace {
            /// The instruction and lane an operator is, if it is one of these.
            pub(in crate::interp) fn from_operator(operator: &Operator<'_>) -> Option<(Replace, u8)> {
                match *operator {
                    $(Operator::$op { lane } => Some((Replace::$op, lane)),)*
                    _ => None,
                }
            }

            /// The vector with the low bits of `bits` in a lane.
            pub(in crate::interp) fn apply(self, vector: u128, lane: u8, bits: u128) -> u128 {
                match self {
                    $(Replace::$op => {
                        let mut lanes = <$lanes>::take(vector);
                        lanes[usize::from(lane)] = <$lanes>::take(bits)[0];
                        lanes.give()
                    })*
                }
            }
        }
    };
}

replaces! {
    I8x16ReplaceLane([u8; 16])
    I16x8ReplaceLane([u16; 8])
    I32x4ReplaceLane([u32; 4])
    I64x2ReplaceLane([u64; 2])
    F32x4ReplaceLane([u32; 4])
    F64x2ReplaceLane([u64; 2])
}

/// The lanes that the indexes name, of both vectors one after the other.
pub(in crate::interp) fn shuffle(a: u128, b: u128, indexes: u128) -> u128 {
    let (a, b) = (<[u8; 16]>::take(a), <[u8; 16]>::take(b));
    let indexes = <[u8; 16]>::take(indexes).map(usize::from);
    indexes
        .map(|index| if index < 16 { a[index] } else { b[index - 16] })
        .give()
}
