//! The panes, one file each: a function of a context to read and push to, the pane's own view state, and a
//! place to draw. A pane never knows another pane; what concerns another goes through an action.

pub mod breakpoints;
pub mod fault;
pub mod globals;
pub mod locals;
pub mod memory;
pub mod modules;
pub mod operands;
pub mod output;
pub mod source;
pub mod stack;
pub mod tables;
pub mod wasm;

use super::actions::Cx;
use super::layout::Pane;
use egui::Ui;

/// What the panes keep for themselves: carets, scroll positions, text being typed.
#[derive(Debug, Default)]
pub struct Views {
    /// Source text.
    pub source: source::SourceView,
    /// Wasm text.
    pub wasm: wasm::WasmView,
    /// Variables.
    pub locals: locals::LocalsView,
    /// Globals.
    pub globals: globals::GlobalsView,
    /// Operand stack.
    pub operands: operands::OperandsView,
    /// Memory.
    pub memory: memory::MemoryView,
    /// Tables.
    pub tables: tables::TablesView,
    /// Breakpoints.
    pub breakpoints: breakpoints::BreakpointsView,
    /// The module.
    pub modules: modules::ModulesView,
    /// The guest's output.
    pub output: output::OutputView,
    /// The fault.
    pub fault: fault::FaultView,
}

impl Views {
    /// Draws one pane.
    pub fn show(&mut self, pane: Pane, cx: &mut Cx<'_>, ui: &mut Ui) {
        match pane {
            Pane::Source => source::show(cx, &mut self.source, ui),
            Pane::Wasm => wasm::show(cx, &mut self.wasm, ui),
            Pane::Locals => locals::show(cx, &mut self.locals, ui),
            Pane::Globals => globals::show(cx, &mut self.globals, ui),
            Pane::Stack => stack::show(cx, ui),
            Pane::Operands => operands::show(cx, &mut self.operands, ui),
            Pane::Memory => memory::show(cx, &mut self.memory, ui),
            Pane::Tables => tables::show(cx, &mut self.tables, ui),
            Pane::Breakpoints => breakpoints::show(cx, &mut self.breakpoints, ui),
            Pane::Modules => modules::show(cx, &mut self.modules, ui),
            Pane::Output => output::show(cx, &mut self.output, ui),
        }
    }
}

/// What a pane about the stopped guest says while there is none. `true` if there is a stop to show.
fn needs_stop(cx: &Cx<'_>, ui: &mut Ui, icon: lucide_icons::Icon, what: &str) -> bool {
    use super::model::Phase;
    use super::widgets::parts::empty_state;
    let (title, hint) = match &cx.model.phase {
        Phase::Stopped => return true,
        Phase::Empty => (format!("No {what}"), "Open a module first."),
        Phase::Loading => ("Loading…".to_owned(), ""),
        Phase::Failed(_) => (format!("No {what}"), "The module could not be loaded."),
        Phase::Ready => (
            format!("No {what} yet"),
            "Shown when the guest stops: at a breakpoint, a step or a fault.",
        ),
        Phase::Running => ("Running".to_owned(), "Pause (F6) to look inside."),
        Phase::Ended(_) => (format!("No {what}"), "The run is over."),
    };
    empty_state(ui, cx.t, icon, &title, hint);
    false
}
