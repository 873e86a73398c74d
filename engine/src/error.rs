//! What can go wrong before a guest runs ([`Error`]) and what a guest can do wrong ([`TrapKind`], an outcome
//! and not an error).

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a module cannot be loaded, linked or called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are not a valid module.
    #[error("{message} (at offset 0x{offset:x})")]
    Invalid {
        /// The validator's words.
        message: String,
        /// File offset.
        offset: u64,
    },
    /// The text is not a module in the text format.
    #[error("{message} (at line {line}, column {column})")]
    Text {
        /// What is wrong.
        message: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// Valid, but uses something that is not supported.
    #[error("unsupported: {what} (at offset 0x{offset:x})")]
    Unsupported {
        /// Name of the feature or instruction.
        what: String,
        /// File offset.
        offset: u64,
    },
    /// Imports that nothing provides, or with another type.
    #[error("{0}")]
    Link(String),
    /// Wrong call: no such export, wrong argument types, and so on.
    #[error("{0}")]
    Usage(String),
    /// The machine refused something (memory, executable pages).
    #[error("{0}")]
    Host(String),
}

/// The ways a guest can trap, by the spec's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum TrapKind {
    /// `unreachable` was executed.
    Unreachable = 0,
    /// A memory access outside the memory.
    MemoryOutOfBounds = 1,
    /// A table access outside the table.
    TableOutOfBounds = 2,
    /// `call_indirect` on a null element.
    IndirectCallToNull = 3,
    /// `call_indirect` on a function of another type.
    IndirectCallTypeMismatch = 4,
    /// Integer division or remainder by zero.
    IntegerDivideByZero = 5,
    /// Signed division overflow, or a float too large to convert.
    IntegerOverflow = 6,
    /// NaN converted to an integer.
    BadConversionToInteger = 7,
    /// The guest stack is used up.
    StackExhausted = 8,
    /// `call_indirect` index outside the table ("undefined element").
    UndefinedElement = 9,
    /// A host function refused.
    Host = 10,
    /// A null where the instruction takes none.
    NullReference = 11,
    /// `call_ref` of null.
    NullFunctionReference = 12,
    /// `throw_ref` of null.
    NullExceptionReference = 13,
    /// An exception that nothing catches.
    UncaughtException = 14,
    /// More exceptions are referred to than an engine keeps.
    TooManyExceptions = 15,
}

impl TrapKind {
    /// All kinds, by their number.
    pub const ALL: [TrapKind; 16] = [
        TrapKind::Unreachable,
        TrapKind::MemoryOutOfBounds,
        TrapKind::TableOutOfBounds,
        TrapKind::IndirectCallToNull,
        TrapKind::IndirectCallTypeMismatch,
        TrapKind::IntegerDivideByZero,
        TrapKind::IntegerOverflow,
        TrapKind::BadConversionToInteger,
        TrapKind::StackExhausted,
        TrapKind::UndefinedElement,
        TrapKind::Host,
        TrapKind::NullReference,
        TrapKind::NullFunctionReference,
        TrapKind::NullExceptionReference,
        TrapKind::UncaughtException,
        TrapKind::TooManyExceptions,
    ];
}

/// The spec test suite's words.
impl fmt::Display for TrapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrapKind::Unreachable => "unreachable",
            TrapKind::MemoryOutOfBounds => "out of bounds memory access",
            TrapKind::TableOutOfBounds => "out of bounds table access",
            TrapKind::IndirectCallToNull => "uninitialized element",
            TrapKind::IndirectCallTypeMismatch => "indirect call type mismatch",
            TrapKind::IntegerDivideByZero => "integer divide by zero",
            TrapKind::IntegerOverflow => "integer overflow",
            TrapKind::BadConversionToInteger => "invalid conversion to integer",
            TrapKind::StackExhausted => "call stack exhausted",
            TrapKind::UndefinedElement => "undefined element",
            TrapKind::Host => "host function failed",
            TrapKind::NullReference => "null reference",
            TrapKind::NullFunctionReference => "null function reference",
            TrapKind::NullExceptionReference => "null exception reference",
            TrapKind::UncaughtException => "uncaught exception",
            TrapKind::TooManyExceptions => "too many exceptions",
        })
    }
}
