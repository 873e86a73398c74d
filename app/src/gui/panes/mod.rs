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
use super::model::Breakpoint;
use super::queries::Answer;
use super::widgets::mark::Mark;
use super::widgets::parts;
use egui::{ScrollArea, Ui};
use lucide_icons::Icon;
use stepwell_engine::debugger::{FrameDetail, Query, Reply, StopId};

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
fn needs_stop(cx: &Cx<'_>, ui: &mut Ui, icon: Icon, what: &str) -> bool {
    use super::model::Phase;
    let (title, hint) = match &cx.model.phase {
        Phase::Stopped => return true,
        Phase::Empty => (format!("No {what}"), "Open a module first."),
        Phase::Loading => ("Loading…".to_owned(), ""),
        Phase::Failed(_) => (format!("No {what}"), "The module could not be loaded."),
        Phase::Ready => (format!("No {what} yet"), "Shown whenever the guest stops."),
        Phase::Running => ("Running".to_owned(), "Pause (F6) to look inside."),
        Phase::Ended(_) => (format!("No {what}"), "The run is over."),
    };
    parts::empty_state(ui, cx.t, icon, &title, hint);
    false
}

/// The answer to a pane's question, or while that is on its way the one of the stop before, and whether it is of this
/// stop. A pane whose question cannot be answered says why.
fn answered<'a>(cx: &mut Cx<'a>, ui: &mut Ui, query: &Query) -> Option<(&'a Reply, bool)> {
    let answer = cx.ask(query.clone());
    if let Answer::Failed(error) = answer {
        parts::empty_state(ui, cx.t, Icon::TriangleAlert, "Not readable", &error.to_string());
    }
    answer.latest()
}

/// The selected frame, as panes show it.
struct Selected<'a> {
    stop: StopId,
    frame: u32,
    detail: &'a FrameDetail,
    /// The same frame at the stop before, if the two can be compared.
    before: Option<&'a FrameDetail>,
    /// Whether `detail` is of this stop.
    fresh: bool,
}

/// The selected frame of the stopped guest.
fn selected<'a>(cx: &mut Cx<'a>, ui: &mut Ui) -> Option<Selected<'a>> {
    let (stop, frame) = (cx.model.stop()?, cx.model.selected_frame);
    let query = Query::Frame { stop, frame };
    let (Reply::Frame(detail), fresh) = answered(cx, ui, &query)? else {
        return None;
    };
    let before = match cx.model.previous_answer(&query) {
        Some(Reply::Frame(before)) if cx.model.comparable() => Some(before),
        _ => None,
    };
    Some(Selected {
        stop,
        frame,
        detail,
        before,
        fresh,
    })
}

/// Rows without gaps, which scroll.
fn rows(ui: &mut Ui, salt: &str, add: impl FnOnce(&mut Ui)) {
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.add_space(3.0);
    ScrollArea::vertical()
        .id_salt(salt)
        .auto_shrink(false)
        .show(ui, add);
}

/// The mark of a breakpoint.
fn mark(breakpoint: &Breakpoint) -> Mark {
    let state = &breakpoint.state;
    match (state.enabled, breakpoint.is_bound(), &state.rule.log) {
        (false, ..) => Mark::Disabled,
        (true, false, _) => Mark::Unbound,
        (true, true, None) => Mark::Bound,
        (true, true, Some(_)) => Mark::Says,
    }
}
