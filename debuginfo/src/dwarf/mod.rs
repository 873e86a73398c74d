//! DWARF, read on demand: units are indexed once, everything else when somebody asks.
//!
//! A DIE is named by [`DieId`], one number through all files: that is what crosses unit borders, and what a
//! [`ValueRef`](crate::ValueRef) carries. Nothing here knows values, rendering or the live guest.

pub(crate) mod dynamic;
pub(crate) mod functions;
pub(crate) mod inlined;
pub(crate) mod line_program;
pub(crate) mod lines;
pub(crate) mod location;
mod open;
mod pieces;
mod regions;
pub(crate) mod scopes;
pub(crate) mod template;
pub(crate) mod types;
pub(crate) mod units;
mod unmarked;
pub(crate) mod walk;

use crate::sections::Reader;

/// Place of a DIE, counted through all sections that hold DIEs (see [`units`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DieId(pub usize);

pub(crate) type Entry = gimli::DebuggingInformationEntry<Reader>;
pub(crate) type Value = gimli::AttributeValue<Reader>;
