//! Locations of before DWARF 4, in which nothing marks what is computed as the value itself.
//!
//! Compilers leave out the `DW_OP_stack_value` that a later version has, so that a number may be the value or its
//! address. The type decides where it leaves one reading; elsewhere the location is not understood.
//!
//! # Invariants
//! - What may be read in two ways is no value.
//!
//! Must not know: how an expression is evaluated.

use super::DieId;
use super::units::Units;
use crate::Availability;
use crate::sections::Reader;
use gimli::{Encoding, Expression, Operation};

/// Types on the way to the one that has the bytes.
const CHAIN_LIMIT: usize = 16;
/// Bytes that a slot or a constant holds.
const SLOT_BYTES: u64 = 8;

/// What an expression gives.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// What it says: of other versions always.
    AsWritten,
    /// The value that the one slot holds.
    Slot,
    /// This value.
    Constant(u64),
    /// The value or its address.
    Either,
}

impl Meaning {
    pub fn unsupported(encoding: Encoding) -> Availability {
        Availability::Unsupported(format!(
            "DWARF {} does not say whether this is its place or its value",
            encoding.version
        ))
    }
}

/// What an expression gives a variable of `len` bytes, or a part of one if `whole` is none.
pub(super) fn meaning(
    expression: &Expression<Reader>,
    encoding: Encoding,
    whole: Option<(&Units, DieId)>,
    len: Option<u64>,
) -> Meaning {
    if encoding.version >= 4 {
        return Meaning::AsWritten;
    }
    let mut operations = expression.clone().operations(encoding);
    let (first, second) = match (operations.next(), operations.next()) {
        (Ok(Some(first)), Ok(second)) => (first, second),
        _ => return Meaning::AsWritten,
    };
    let number = match first {
        Operation::WasmLocal { .. } | Operation::WasmGlobal { .. } | Operation::WasmStack { .. } => None,
        Operation::UnsignedConstant { value } => Some(value),
        Operation::SignedConstant { value } => Some(value as u64),
        _ => return Meaning::AsWritten,
    };
    let marked = matches!(second, Some(Operation::StackValue))
        || std::iter::from_fn(|| operations.next().ok().flatten())
            .any(|operation| matches!(operation, Operation::StackValue | Operation::TLS));
    if marked || matches!(second, Some(Operation::TLS)) {
        return Meaning::AsWritten;
    }
    let fits = len.is_some_and(|len| len <= SLOT_BYTES);
    match (number, second) {
        // No slot holds as much.
        (None, _) if !fits && len.is_some() && whole.is_some() => Meaning::AsWritten,
        (None, None) if fits && whole.is_some_and(|(units, die)| is_scalar(units, die)) => Meaning::Slot,
        (Some(value), None) if fits && whole.is_some_and(|(units, die)| is_scalar(units, die)) => {
            Meaning::Constant(value)
        }
        _ => Meaning::Either,
    }
}

/// Whether a variable's type has no parts: such a value is never handed over by its address.
fn is_scalar(units: &Units, variable: DieId) -> bool {
    let mut of = variable;
    for _ in 0..CHAIN_LIMIT {
        let Some((unit, ty)) = units.inherited(of, gimli::DW_AT_type) else {
            return false;
        };
        let Some(id) = units.reference(unit, ty) else {
            return false;
        };
        match units.entry(id).map(|(_, entry)| entry.tag()) {
            Some(
                gimli::DW_TAG_typedef
                | gimli::DW_TAG_const_type
                | gimli::DW_TAG_volatile_type
                | gimli::DW_TAG_restrict_type,
            ) => of = id,
            Some(
                gimli::DW_TAG_base_type
                | gimli::DW_TAG_pointer_type
                | gimli::DW_TAG_reference_type
                | gimli::DW_TAG_rvalue_reference_type
                | gimli::DW_TAG_enumeration_type,
            ) => return true,
            _ => return false,
        }
    }
    false
}
