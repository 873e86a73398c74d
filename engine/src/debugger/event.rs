//! What a session tells its front end. Plain data, in the order it happened.

use super::command::{BreakpointId, BreakpointSpec, StopRule};
use super::query::{QueryError, QueryId, Reply};
use super::snapshot::{Snapshot, SourcePlace};
use crate::types::{FuncType, ValType};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use stepwell_debuginfo::{Diagnostic, Finding, ModuleOffset, SourceFile, UnitSummary};

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The module decoded and validated; the guest has not started.
    Loaded(Box<ModuleInfo>),
    /// The module cannot be run (bad bytes, unknown imports, no entry); the session stays usable for
    /// nothing but `Quit`. If it decoded, `Loaded` came first, so that its sections can be shown.
    LoadFailed {
        /// One line with the place.
        message: String,
    },
    /// The debug info was indexed (comes after `Loaded`, always, even if there is none).
    DebugInfo(Box<DebugSummary>),
    /// A breakpoint was set, bound, moved or found impossible.
    BreakpointChanged(BreakpointState),
    /// The guest runs.
    Running,
    /// The guest stands still.
    Stopped(Box<Snapshot>),
    /// The guest wrote to a standard stream.
    Output {
        /// Which.
        stream: OutputStream,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A logpoint was reached; the guest runs on.
    Log {
        /// Which.
        id: BreakpointId,
        /// Its words, with the values in place.
        text: String,
    },
    /// The guest waits for standard input (once per wait).
    WaitingForInput,
    /// The run is over.
    Ended(Outcome),
    /// Answer to a question.
    Reply {
        /// Its number.
        id: QueryId,
        /// The answer.
        result: Result<Reply, QueryError>,
    },
    /// A command could not be carried out; one line.
    Problem {
        /// Why.
        message: String,
    },
}

/// A guest output stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutputStream {
    /// Descriptor 1.
    Stdout,
    /// Descriptor 2.
    Stderr,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// `_start` returned (code 0) or `proc_exit` was called.
    Exited {
        /// Exit code.
        code: u32,
    },
    /// The invoked export returned these values, rendered.
    Returned {
        /// The values.
        values: Vec<String>,
    },
    /// The guest was let go of after a trap; the message is the trap's.
    Trapped {
        /// One line.
        message: String,
    },
    /// It was stopped on request.
    Stopped,
}

/// A breakpoint as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakpointState {
    /// The client's number.
    pub id: BreakpointId,
    /// The wish.
    pub spec: BreakpointSpec,
    /// Whether it stops.
    pub enabled: bool,
    /// When it stops, or what it says instead.
    pub rule: StopRule,
    /// Where it bound; empty while pending or impossible.
    pub locations: Vec<BreakpointLocation>,
    /// Why it did not bind, or a note (such as the line it moved to).
    pub message: Option<String>,
}

/// One place where a breakpoint bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakpointLocation {
    /// The instruction.
    pub offset: ModuleOffset,
    /// Its function.
    pub func: u32,
    /// Its source place, if known.
    pub source: Option<SourcePlace>,
}

/// The module's static shape, for the module pane and for naming things.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModuleInfo {
    /// Name for messages.
    pub name: String,
    /// Size of the file.
    pub len_bytes: u64,
    /// Sections in file order.
    pub sections: Vec<SectionInfo>,
    /// Types.
    pub types: Vec<Arc<FuncType>>,
    /// Functions, imports first.
    pub functions: Vec<FunctionInfo>,
    /// Imports.
    pub imports: Vec<ImportInfo>,
    /// Exports.
    pub exports: Vec<ExportInfo>,
    /// Globals, imports first: type and mutability.
    pub globals: Vec<GlobalInfo>,
    /// Memories, imports first: (minimum pages, maximum pages).
    pub memories: Vec<(u64, Option<u64>)>,
    /// Tables, imports first: (element type, minimum, maximum).
    pub tables: Vec<(ValType, u64, Option<u64>)>,
    /// Data segments: (offset in file, length).
    pub data: Vec<(ModuleOffset, u64)>,
    /// Element segments: number of elements.
    pub elements: Vec<u64>,
    /// Start function.
    pub start: Option<u32>,
    /// Whether the session runs on compiled code (`false`: interpreter), and why not if unasked.
    pub compiled: bool,
}

/// A section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionInfo {
    /// `type`, `code`, ...; custom sections by their own name.
    pub name: String,
    /// Whether it is a custom section.
    pub custom: bool,
    /// First byte of its payload.
    pub offset: ModuleOffset,
    /// Length of its payload.
    pub len_bytes: u64,
    /// Number of entries, for sections that are vectors.
    pub count: Option<u64>,
}

/// A function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionInfo {
    /// Index.
    pub index: u32,
    /// Name for people: final once `DebugInfo` has come.
    pub name: String,
    /// Its type.
    pub ty: Arc<FuncType>,
    /// Whether it is imported.
    pub imported: bool,
    /// Body range in the file (start of locals to past the end); zero length for imports.
    pub body: (ModuleOffset, u64),
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportInfo {
    /// Module name.
    pub module: String,
    /// Field name.
    pub field: String,
    /// `func (i32) -> i32`, `memory 1..2`, ...
    pub ty: String,
}

/// An export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportInfo {
    /// Name.
    pub name: String,
    /// `func`, `memory`, `global` or `table`.
    pub kind: String,
    /// Index in that space.
    pub index: u32,
}

/// A global's declaration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlobalInfo {
    /// Name, if any.
    pub name: Option<String>,
    /// Type.
    pub ty: ValType,
    /// Mutability.
    pub mutable: bool,
}

/// What the debug info offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DebugSummary {
    /// Whether there are source lines.
    pub has_lines: bool,
    /// Source files with the ids used elsewhere.
    pub files: Vec<SourceFile>,
    /// Units.
    pub units: Vec<UnitSummary>,
    /// What is broken.
    pub diagnostics: Vec<Diagnostic>,
    /// What is lacking, what is broken, and what to do about it.
    pub findings: Vec<Finding>,
    /// Names for all functions, by index.
    pub function_names: Vec<String>,
    /// Where execution begins in the sources (the user's `main` if it can be found, else the entry).
    pub main: Option<SourcePlace>,
}
