//! Vector instructions, by subject: bits and integers, floats, single lanes, and memory.
//!
//! # Invariants
//! - A vector is an array of lanes while an instruction computes, and a `u128` everywhere else.
//!
//! Must not know: frames, control, the store.

mod float;
mod lane;
mod lanes;
mod memory;

pub(super) use float::Floats;
pub(super) use lane::{Extract, Replace, shuffle};
pub(super) use lanes::Lanes;
pub(super) use memory::{LaneLoad, LaneStore};

/// A function of two lanes, lane by lane.
fn zip<T: Copy, U: Copy, R, const N: usize>(a: [T; N], b: [U; N], combine: impl Fn(T, U) -> R) -> [R; N] {
    std::array::from_fn(|lane| combine(a[lane], b[lane]))
}

/// A function of lanes 0 and 1, then of 2 and 3, and so on.
fn pairs<T: Copy, R, const N: usize, const HALF: usize>(a: [T; N], combine: impl Fn(T, T) -> R) -> [R; HALF] {
    std::array::from_fn(|pair| combine(a[2 * pair], a[2 * pair + 1]))
}

/// The lower half.
fn low<T: Copy, const N: usize, const HALF: usize>(a: [T; N]) -> [T; HALF] {
    std::array::from_fn(|lane| a[lane])
}

/// The upper half.
fn high<T: Copy, const N: usize, const HALF: usize>(a: [T; N]) -> [T; HALF] {
    std::array::from_fn(|lane| a[HALF + lane])
}
