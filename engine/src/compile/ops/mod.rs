//! What each group of operators does, in terms of the machine's small traits.

pub(super) mod call;
pub(super) mod control;
mod exception;
pub(super) mod memory;
pub(super) mod numeric;
pub(super) mod simd;
pub(super) mod table;
pub(super) mod tail_call;
pub(super) mod variable;
pub use numeric::takes_arith;
