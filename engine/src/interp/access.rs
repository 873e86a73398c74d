//! Loads and stores: one row each. Those of a single lane stand with the vector instructions.
//!
//! # Invariants
//! - An access that is not wholly inside touches nothing.
//! - Bits pass unchanged (a loaded NaN keeps its payload).
//!
//! Must not know: frames, control, the store.

use super::value::{Bits32, Bits64, Slot, Value};
use wasmparser::{MemArg, Operator};

macro_rules! loads {
    ($($op:ident ($raw:ty) -> $result:ty { $value:expr })*) => {
        /// A load instruction, by its operator's name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(clippy::enum_variant_names)]
        pub(super) enum Load {
            $($op),*
        }

        impl Load {
            /// The load an operator is, if it is one.
            pub(super) fn from_operator(operator: &Operator<'_>) -> Option<(Load, MemArg)> {
                match operator {
                    $(Operator::$op { memarg } => Some((Load::$op, *memarg)),)*
                    _ => None,
                }
            }

            /// The value at an address; `None` if it is not wholly inside.
            pub(super) fn read(self, memory: &[u8], address: u64) -> Option<Slot> {
                let tail = memory.get(usize::try_from(address).ok()?..)?;
                match self {
                    $(Load::$op => {
                        let raw = <$raw>::from_le_bytes(*tail.first_chunk()?);
                        let convert: fn($raw) -> $result = $value;
                        Some((<$result>::TYPE, convert(raw).give()))
                    })*
                }
            }
        }
    };
}

loads! {
    I32Load(u32) -> u32 { |raw| raw }
    I64Load(u64) -> u64 { |raw| raw }
    F32Load(u32) -> Bits32 { Bits32 }
    F64Load(u64) -> Bits64 { Bits64 }
    I32Load8S(i8) -> i32 { i32::from }
    I32Load8U(u8) -> u32 { u32::from }
    I32Load16S(i16) -> i32 { i32::from }
    I32Load16U(u16) -> u32 { u32::from }
    I64Load8S(i8) -> i64 { i64::from }
    I64Load8U(u8) -> u64 { u64::from }
    I64Load16S(i16) -> i64 { i64::from }
    I64Load16U(u16) -> u64 { u64::from }
    I64Load32S(i32) -> i64 { i64::from }
    I64Load32U(u32) -> u64 { u64::from }
    V128Load(u128) -> u128 { |raw| raw }
    V128Load8x8S(u64) -> [i16; 8] { |raw| raw.to_le_bytes().map(|lane| i16::from(lane as i8)) }
    V128Load8x8U(u64) -> [u16; 8] { |raw| raw.to_le_bytes().map(u16::from) }
    V128Load16x4S(u64) -> [i32; 4] { |raw| <[i16; 4]>::take(raw.into()).map(i32::from) }
    V128Load16x4U(u64) -> [u32; 4] { |raw| <[u16; 4]>::take(raw.into()).map(u32::from) }
    V128Load32x2S(u64) -> [i64; 2] { |raw| <[i32; 2]>::take(raw.into()).map(i64::from) }
    V128Load32x2U(u64) -> [u64; 2] { |raw| <[u32; 2]>::take(raw.into()).map(u64::from) }
    V128Load8Splat(u8) -> [u8; 16] { |raw| [raw; 16] }
    V128Load16Splat(u16) -> [u16; 8] { |raw| [raw; 8] }
    V128Load32Splat(u32) -> [u32; 4] { |raw| [raw; 4] }
    V128Load64Splat(u64) -> [u64; 2] { |raw| [raw; 2] }
    V128Load32Zero(u32) -> u128 { u128::from }
    V128Load64Zero(u64) -> u128 { u128::from }
}

macro_rules! stores {
    ($($op:ident ($raw:ty))*) => {
        /// A store instruction, by its operator's name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(clippy::enum_variant_names)]
        pub(super) enum Store {
            $($op),*
        }

        impl Store {
            /// The store an operator is, if it is one.
            pub(super) fn from_operator(operator: &Operator<'_>) -> Option<(Store, MemArg)> {
                match operator {
                    $(Operator::$op { memarg } => Some((Store::$op, *memarg)),)*
                    _ => None,
                }
            }

            /// Writes the low bytes of `bits`; `None` if they are not wholly inside.
            pub(super) fn write(self, memory: &mut [u8], address: u64, bits: u128) -> Option<()> {
                let tail = memory.get_mut(usize::try_from(address).ok()?..)?;
                match self {
                    $(Store::$op => *tail.first_chunk_mut()? = (bits as $raw).to_le_bytes(),)*
                }
                Some(())
            }
        }
    };
}

stores! {
    I32Store(u32)
    I64Store(u64)
    F32Store(u32)
    F64Store(u64)
    I32Store8(u8)
    I32Store16(u16)
    I64Store8(u8)
    I64Store16(u16)
    I64Store32(u32)
    V128Store(u128)
}
