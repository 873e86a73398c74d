//! What names stand for, as seen from a frame: asked by the evaluator, answered by the index.

use super::ast::Tag;
use crate::dwarf::DieId;
use crate::dwarf::location::Site;
use crate::{Availability, Language, Place};

/// A variable found by name.
pub(crate) struct Found {
    pub die: DieId,
    pub ty: DieId,
    pub place: Result<Place, Availability>,
    /// The lengths of all dimensions, if it is an array of which the program computes some.
    pub lengths: Option<Vec<u64>>,
}

/// Names in and around a frame.
pub(crate) trait Scope {
    /// The language of the function.
    fn language(&self) -> Language;
    /// Bytes of an address.
    fn address_size(&self) -> u64;
    /// The whole name of the function.
    fn function(&self) -> Option<String>;
    /// A variable of the frame, the innermost of that name.
    fn local(&self, name: &str) -> Option<Found>;
    /// Where a variable of the frame is, for those who read it in many frames.
    fn site(&self, name: &str) -> Option<Site>;
    /// A variable with static storage, by name or path.
    fn global(&self, path: &str) -> Option<Found>;
    /// An enumerator by name or path: its enumeration and number.
    fn enumerator(&self, path: &str) -> Option<(DieId, i64)>;
    /// A type by name or path.
    fn type_named(&self, tag: Option<Tag>, path: &str) -> Option<DieId>;
    /// The functions of a name, by index.
    fn functions(&self, path: &str) -> Vec<u32>;
    /// How many functions the module has, imports included.
    fn function_count(&self) -> u32;
}
