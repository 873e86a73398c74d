//! DWARF, read on demand: units are indexed once, everything else when somebody asks.
//!
//! A DIE is named by [`DieId`], its offset in `.debug_info`: that is what crosses unit borders, and what a
//! [`ValueRef`](crate::ValueRef) carries. Nothing here knows values, rendering or the live guest.

pub(crate) mod functions;
pub(crate) mod lines;
pub(crate) mod location;
pub(crate) mod scopes;
pub(crate) mod types;
pub(crate) mod units;

use crate::sections::Reader;

/// Offset of a DIE in `.debug_info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DieId(pub usize);

pub(crate) type Entry = gimli::DebuggingInformationEntry<Reader>;
pub(crate) type Value = gimli::AttributeValue<Reader>;
