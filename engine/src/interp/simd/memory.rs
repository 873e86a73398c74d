//! Loads and stores of one lane. Those of whole vectors stand among the other loads and stores.
//!
//! # Invariants
//! - As in [`access`](crate::interp::access): an access that is not wholly inside touches nothing, and bits pass
//!   unchanged.
//! - Lane numbers are validated: they name a lane.
//!
//! Must not know: frames, control, the store.

use crate::interp::value::Value;
use wasmparser::{MemArg, Operator};

macro_rules! lane_accesses {
    ($($load:ident $store:ident ($lane:ty, $lanes:ty))*) => {
        /// A load of one lane, by its operator's name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(clippy::enum_variant_names)]
        pub(in crate::interp) enum LaneLoad {
            $($load),*
        }

        /// A store of one lane, by its operator's name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(clippy::enum_variant_names)]
        pub(in crate::interp) enum LaneStore {
            $($store),*
        }

        impl LaneLoad {
            /// The load and lane an operator is, if it is one of these.
            pub(in crate::interp) fn from_operator(operator: &Operator<'_>) -> Option<(LaneLoad, u8, MemArg)> {
                match *operator {
                    $(Operator::$load { memarg, lane } => Some((LaneLoad::$load, lane, memarg)),)*
                    _ => None,
                }
            }

            /// The vector with the lane at an address; `None` if that is not wholly inside.
            pub(in crate::interp) fn read(self, memory: &[u8], address: u64, vector: u128, lane: u8) -> Option<u128> {
                let tail = memory.get(usize::try_from(address).ok()?..)?;
                match self {
                    $(LaneLoad::$load => {
                        let mut lanes = <$lanes>::take(vector);
                        lanes[usize::from(lane)] = <$lane>::from_le_bytes(*tail.first_chunk()?);
                        Some(lanes.give())
                    })*
                }
            }
        }

        impl LaneStore {
            /// The store and lane an operator is, if it is one of these.
            pub(in crate::interp) fn from_operator(operator: &Operator<'_>) -> Option<(LaneStore, u8, MemArg)> {
                match *operator {
                    $(Operator::$store { memarg, lane } => Some((LaneStore::$store, lane, memarg)),)*
                    _ => None,
                }
            }

            /// Writes a lane; `None` if it is not wholly inside.
            pub(in crate::interp) fn write(self, memory: &mut [u8], address: u64, vector: u128, lane: u8) -> Option<()> {
                let tail = memory.get_mut(usize::try_from(address).ok()?..)?;
                match self {
                    $(LaneStore::$store => {
                        let value: $lane = <$lanes>::take(vector)[usize::from(lane)];
                        *tail.first_chunk_mut()? = value.to_le_bytes();
                    })*
                }
                Some(())
            }
        }
    };
}

lane_accesses! {
    V128Load8Lane V128Store8Lane (u8, [u8; 16])
    V128Load16Lane V128Store16Lane (u16, [u16; 8])
    V128Load32Lane V128Store32Lane (u32, [u32; 4])
    V128Load64Lane V128Store64Lane (u64, [u64; 2])
}
