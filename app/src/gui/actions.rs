//! What panes ask for. A pane reads the model, draws, and pushes actions; the application carries them out
//! between frames.

use super::commands::CommandId;
use super::layout::Pane;
use super::model::Model;
use super::queries::Answer;
use super::sources::Sources;
use super::theme::Tokens;
use std::path::PathBuf;
use stepwell_debuginfo::{FileId, ModuleOffset};
use stepwell_engine::debugger::{BreakpointId, BreakpointSpec, Query, StopRule, WriteTarget};

/// One thing asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A row of the command table.
    Do(CommandId),
    /// A question to the session, if it was not asked before.
    Ask(Query),
    /// Run the program, or an exported function, with these arguments.
    RunWith {
        /// The exported function; `None` for the program.
        invoke: Option<String>,
        /// Words, or values by the function's types.
        args: Vec<String>,
        /// Whether it stops before its first instruction.
        stop_on_entry: bool,
    },
    /// Show another frame.
    SelectFrame(u32),
    /// Show a source file, at a line if given.
    ShowSource(FileId, Option<u32>),
    /// Show a line of the source file in front.
    GoToLine(u32),
    /// Show a function's wasm text.
    ShowFunction(u32),
    /// Show an instruction in the wasm text.
    ShowOffset(ModuleOffset),
    /// Show a memory address and mark so many bytes.
    ShowMemory {
        /// Which memory.
        memory: u32,
        /// First address.
        address: u64,
        /// Bytes to mark.
        len_bytes: u64,
    },
    /// Set a breakpoint here, or remove the one that is here.
    ToggleBreakpoint(BreakpointSpec),
    /// Set a new breakpoint.
    AddBreakpoint(BreakpointSpec),
    /// Enable or disable.
    EnableBreakpoint(BreakpointId, bool),
    /// Change when it stops, or what it says instead.
    RuleBreakpoint(BreakpointId, StopRule),
    /// Remove.
    RemoveBreakpoint(BreakpointId),
    /// Run to a place.
    RunTo(BreakpointSpec),
    /// Write to the guest.
    Write(WriteTarget),
    /// A line for the guest's standard input.
    Stdin(String),
    /// End of the guest's standard input.
    CloseStdin,
    /// Open a module.
    Open(PathBuf),
    /// Ask the desktop for a file.
    SystemDialog,
    /// Look again for source files that were missing.
    RetrySources,
    /// Search this folder for source files as well.
    AddSourceRoot(PathBuf),
    /// Put text on the clipboard.
    Copy(String),
}

/// What a pane gets besides its own state: the model to read, and where to push actions.
pub struct Cx<'a> {
    /// What the session has told.
    pub model: &'a Model,
    /// Source files.
    pub sources: &'a mut Sources,
    /// Colours.
    pub t: &'static Tokens,
    /// The pane that has the person's attention.
    pub focused: Pane,
    /// Modules opened lately.
    pub recent: &'a [PathBuf],
    actions: &'a mut Vec<Action>,
}

impl<'a> Cx<'a> {
    /// A context that pushes to `actions`.
    pub fn new(
        model: &'a Model,
        sources: &'a mut Sources,
        t: &'static Tokens,
        (focused, recent): (Pane, &'a [PathBuf]),
        actions: &'a mut Vec<Action>,
    ) -> Cx<'a> {
        Cx {
            model,
            sources,
            t,
            focused,
            recent,
            actions,
        }
    }

    /// Asks for something.
    pub fn push(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Asks a question; shows what is known of it now.
    pub fn ask(&mut self, query: Query) -> Answer<'a> {
        let answer = self.model.answer(&query);
        self.actions.push(Action::Ask(query));
        answer
    }
}
