//! Typed questions and their answers. A question about a stop names its [`StopId`]; when the guest has
//! moved on the answer is [`QueryError::Stale`], never a value of another moment.

use super::snapshot::StopId;
use crate::types::ValType;
use serde::{Deserialize, Serialize};
use stepwell_debuginfo::{ExpressionError, FileId, ModuleOffset, ValueNode, ValueRef};

/// A question's number, chosen by the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct QueryId(pub u64);

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Query {
    /// Locals, operand stack and source variables of a frame (display index in the snapshot).
    Frame {
        /// The stop it is about.
        stop: StopId,
        /// Display frame.
        frame: u32,
    },
    /// Children of an expandable value.
    Children {
        /// The stop it is about.
        stop: StopId,
        /// Display frame the value was read in.
        frame: u32,
        /// The value.
        value: ValueRef,
    },
    /// An expression in the language of the frame (`list->head.value + 1`), or of raw forms (`$local3`, `$global1`,
    /// `$stack0`, `mem32[0x10]`, `func[3]`), which need no debug info.
    Evaluate {
        /// The stop it is about.
        stop: StopId,
        /// Display frame.
        frame: u32,
        /// The expression.
        expression: String,
    },
    /// Bytes of a memory. The answer may be shorter than asked where the memory ends.
    Memory {
        /// The stop it is about.
        stop: StopId,
        /// Memory index.
        memory: u32,
        /// First address.
        address: u64,
        /// How many bytes (at most 1 MiB).
        len_bytes: u64,
    },
    /// All globals of the module's instance.
    Globals {
        /// The stop it is about.
        stop: StopId,
    },
    /// Elements of a table.
    Table {
        /// The stop it is about.
        stop: StopId,
        /// Table index.
        table: u32,
        /// First element.
        first: u32,
        /// How many (at most 65 536).
        count: u32,
    },
    /// Writes a local, operand, global or memory bytes at the stop.
    Write {
        /// The stop it is about.
        stop: StopId,
        /// Display frame.
        frame: u32,
        /// What to write.
        target: WriteTarget,
    },
    /// The wasm text of one function, a row an instruction. Needs no stop.
    WasmText {
        /// Function index (imports first).
        func: u32,
    },
    /// The lines of a source file that have code. Needs no stop.
    LinesWithCode {
        /// The file.
        file: FileId,
    },
    /// The text of a source file that the debug info itself holds. Needs no stop.
    EmbeddedSource {
        /// The file.
        file: FileId,
    },
    /// Native code of a function's clean version, with wasm offsets. Needs no stop.
    Native {
        /// Function index.
        func: u32,
    },
}

impl Query {
    /// The stop it is about; `None` if it needs none.
    pub fn stop_mut(&mut self) -> Option<&mut StopId> {
        match self {
            Query::Frame { stop, .. }
            | Query::Children { stop, .. }
            | Query::Evaluate { stop, .. }
            | Query::Memory { stop, .. }
            | Query::Globals { stop }
            | Query::Table { stop, .. }
            | Query::Write { stop, .. } => Some(stop),
            Query::WasmText { .. }
            | Query::LinesWithCode { .. }
            | Query::EmbeddedSource { .. }
            | Query::Native { .. } => None,
        }
    }
}

/// A place to write, with the raw bits of the new value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WriteTarget {
    /// A wasm local of the frame.
    Local {
        /// Its index.
        index: u32,
        /// New bits.
        bits: u128,
    },
    /// An operand-stack entry, from the bottom.
    Operand {
        /// Its index.
        index: u32,
        /// New bits.
        bits: u128,
    },
    /// A mutable global.
    Global {
        /// Its index.
        index: u32,
        /// New bits.
        bits: u128,
    },
    /// Bytes of a memory.
    Memory {
        /// Memory index.
        memory: u32,
        /// First address.
        address: u64,
        /// New bytes.
        bytes: Vec<u8>,
    },
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// To `Frame`.
    Frame(FrameDetail),
    /// To `Children`.
    Children(Vec<ValueNode>),
    /// To `Evaluate`.
    Value(ValueNode),
    /// To `Memory`.
    Memory(MemoryBytes),
    /// To `Globals`.
    Globals(Vec<WasmSlot>),
    /// To `Table`.
    Table(TableRows),
    /// To `Write`.
    Written,
    /// To `WasmText`.
    WasmText(FunctionText),
    /// To `LinesWithCode`.
    Lines(Vec<u32>),
    /// To `EmbeddedSource`.
    Source(String),
    /// To `Native`.
    Native(FunctionText),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum QueryError {
    /// The guest has moved since that stop.
    #[error("the guest has moved on since this was asked")]
    Stale,
    /// The guest is running, so there is nothing to read.
    #[error("the guest is running")]
    Running,
    /// The question makes no sense here; says why.
    #[error("{0}")]
    Invalid(String),
    /// The expression is wrong, or has no value here; says where.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
}

/// One wasm-level value: a local, a global or an operand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WasmSlot {
    /// Index in its space (operands: from the bottom).
    pub index: u32,
    /// Name from the `name` section or export, if any.
    pub name: Option<String>,
    /// Type.
    pub ty: ValType,
    /// Raw bits, zero-extended.
    pub bits: u128,
    /// Rendered for people.
    pub text: String,
    /// Whether it may be written (globals: `mut`).
    pub mutable: bool,
}

/// Everything about one frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrameDetail {
    /// Display frame it describes.
    pub frame: u32,
    /// Wasm locals, parameters first.
    pub locals: Vec<WasmSlot>,
    /// Operand stack, bottom first.
    pub operands: Vec<WasmSlot>,
    /// Source variables: parameters, then locals.
    pub variables: Vec<ValueNode>,
    /// Static variables of the unit.
    pub statics: Vec<ValueNode>,
}

/// Bytes of a memory, with what changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryBytes {
    /// Which memory.
    pub memory: u32,
    /// Address of the first byte.
    pub address: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Addresses that differ from the stop before this one, ascending; `None` if that is not known of these bytes
    /// (at the first stop, or of a part of a large memory that nobody looked at then).
    pub changed: Option<Vec<u64>>,
    /// Size of the whole memory.
    pub memory_len_bytes: u64,
}

/// Part of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRows {
    /// Which table.
    pub table: u32,
    /// Index of the first row.
    pub first: u32,
    /// Rows: the function it refers to, `null`, or an opaque reference.
    pub rows: Vec<String>,
    /// Size of the whole table.
    pub len: u32,
}

/// A function's text, one row an instruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionText {
    /// Function index.
    pub func: u32,
    /// Its name.
    pub name: String,
    /// Rows in order of offset.
    pub rows: Vec<TextRow>,
}

/// One row of text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextRow {
    /// Place in the module, where the row is an instruction; `None` for headers and braces.
    pub offset: Option<ModuleOffset>,
    /// Nesting depth, for indentation.
    pub indent: u32,
    /// The text without indentation.
    pub text: String,
}
