//! Expressions of the watch pane: names and paths of members, indices and pointers.

pub(crate) mod eval;
pub(crate) mod parse;
