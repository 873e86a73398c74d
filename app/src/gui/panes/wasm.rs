//! A function's wasm text, an instruction a row, with the instruction where the guest stands; or the machine
//! code it was compiled to, row by row beside the same offsets.

use crate::gui::actions::{Action, Cx};
use crate::gui::layout::Pane;
use crate::gui::model::Phase;
use crate::gui::queries::Answer;
use crate::gui::theme;
use crate::gui::widgets::code_view::{CodeEvent, CodeRow, CodeView, Stand};
use crate::gui::widgets::mark::Mark;
use crate::gui::widgets::{parts, syntax};
use egui::{RichText, Ui};
use lucide_icons::Icon;
use std::collections::HashMap;
use stepwell_debuginfo::ModuleOffset;
use stepwell_engine::debugger::{BreakpointSpec, FunctionText, Query, Reply};

/// The pane's own state.
#[derive(Debug, Default)]
pub struct WasmView {
    func: Option<u32>,
    caret: Option<ModuleOffset>,
    reveal: Option<ModuleOffset>,
    columns: Option<(u32, bool, usize)>,
    native: bool,
}

impl WasmView {
    /// Shows a function, at an instruction if given.
    pub fn go(&mut self, func: u32, offset: Option<ModuleOffset>) {
        self.func = Some(func);
        if offset.is_some() {
            self.caret = offset;
            self.reveal = offset;
        }
    }

    /// The instruction with the caret.
    pub fn caret(&self) -> Option<ModuleOffset> {
        self.caret
    }
}

/// Draws the pane.
pub fn show(cx: &mut Cx<'_>, view: &mut WasmView, ui: &mut Ui) {
    let Some(module) = &cx.model.module else {
        let (title, hint) = match cx.model.phase {
            Phase::Loading => ("Loading…", ""),
            Phase::Failed(_) => ("No wasm text", "The module could not be loaded."),
            _ => ("No wasm text", "Open a module first."),
        };
        parts::empty_state(ui, cx.t, Icon::Binary, title, hint);
        return;
    };
    let Some(func) = view.func else {
        let hint = "Shown for the function where the guest stops, or for one chosen in the Module pane.";
        parts::empty_state(ui, cx.t, Icon::Binary, "No function chosen", hint);
        return;
    };
    let index = usize::try_from(func).unwrap_or(usize::MAX);
    let imported = module
        .functions
        .get(index)
        .is_some_and(|function| function.imported);
    let t = cx.t;
    parts::pane_bar(ui, t, |ui| {
        ui.label(
            RichText::new(format!("func {func}"))
                .color(t.faint)
                .font(theme::code_font()),
        );
        let name = cx.model.function_name(func);
        let label = egui::Label::new(RichText::new(&name).color(t.function).font(theme::code_font()));
        ui.add(label.truncate().selectable(false)).on_hover_text(&name);
        let elsewhere = cx.model.frame().filter(|frame| frame.func != func);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if !imported && module.compiled {
                let name = if view.native {
                    "Show wasm text"
                } else {
                    "Show machine code"
                };
                if parts::icon_button(ui, Icon::Cpu, name, true).clicked() {
                    view.native = !view.native;
                    view.reveal = view.caret;
                }
            }
            if let Some(frame) = elsewhere
                && parts::icon_button(ui, Icon::LocateFixed, "Go to the selected frame", true).clicked()
            {
                cx.push(Action::ShowFunction(frame.func));
                cx.push(Action::ShowOffset(frame.pc));
            }
        });
    });
    if imported {
        let hint = "The host provides it, so there is no wasm text to show.";
        parts::empty_state(ui, t, Icon::PackageOpen, "An imported function", hint);
        return;
    }
    view.native &= module.compiled;
    let query = if view.native {
        Query::Native { func }
    } else {
        Query::WasmText { func }
    };
    match cx.ask(query) {
        Answer::Ready(Reply::WasmText(text) | Reply::Native(text)) => rows(cx, view, ui, text),
        Answer::Ready(_) | Answer::Waiting(_) => {
            parts::empty_state(ui, t, Icon::Hourglass, "Reading…", "");
        }
        Answer::Failed(error) => {
            parts::empty_state(ui, t, Icon::TriangleAlert, "No text", &error.to_string());
        }
    }
}

fn rows(cx: &mut Cx<'_>, view: &mut WasmView, ui: &mut Ui, text: &FunctionText) {
    let mut stands: HashMap<ModuleOffset, Stand> = HashMap::new();
    if let Some(snapshot) = &cx.model.snapshot {
        for frame in snapshot
            .frames
            .iter()
            .rev()
            .filter(|frame| frame.func == text.func)
        {
            let stand = match (frame.wasm_frame, cx.model.trap().is_some()) {
                (0, true) => Stand::Faulted,
                (0, false) => Stand::Current,
                _ => Stand::Caller,
            };
            stands.insert(frame.pc, stand);
        }
    }
    let mut marks: HashMap<ModuleOffset, Mark> = HashMap::new();
    for breakpoint in cx.model.breakpoints.values() {
        for location in &breakpoint.state.locations {
            marks.insert(location.offset, super::mark(breakpoint));
        }
        if let BreakpointSpec::Offset { offset } = breakpoint.state.spec {
            marks.entry(offset).or_insert(Mark::Unbound);
        }
    }
    let row_of = |offset: ModuleOffset| {
        let at = text
            .rows
            .iter()
            .filter_map(|row| row.offset)
            .filter(|at| *at <= offset)
            .max();
        // One wasm instruction may be many of the machine's: the first of them.
        let first = text
            .rows
            .iter()
            .position(|row| row.offset.is_some() && row.offset == at);
        first.unwrap_or(0)
    };
    let columns = match view.columns {
        Some((func, native, columns)) if func == text.func && native == view.native => columns,
        _ => {
            let widths = text.rows.iter().map(|row| {
                let indent = usize::try_from(row.indent).unwrap_or_default().min(40);
                row.text.chars().count().saturating_add(indent * 2)
            });
            let columns = widths.max().unwrap_or_default();
            view.columns = Some((text.func, view.native, columns));
            columns
        }
    };
    let last = text.rows.iter().rev().find_map(|row| row.offset);
    let label_columns = format!("{:x}", last.map_or(0, |offset| offset.0)).len();
    let code = CodeView {
        id: egui::Id::unique(("wasm", text.func, view.native)),
        rows: text.rows.len(),
        label_columns: label_columns.max(4),
        text_columns: columns,
        caret: view.caret.map(row_of),
        reveal: view.reveal.take().map(row_of),
        keys: cx.focused == Pane::Wasm,
    };
    let (t, native) = (cx.t, view.native);
    let blank = || CodeRow {
        label: String::new(),
        job: egui::text::LayoutJob::default(),
        has_code: false,
        mark: None,
        stand: None,
        name: String::new(),
    };
    let make = |index: usize| {
        let Some(row) = text.rows.get(index) else {
            return blank();
        };
        let above = index.checked_sub(1).and_then(|above| text.rows.get(above));
        let begins = above.is_none_or(|above| above.offset != row.offset);
        let offset = row.offset.filter(|_| begins);
        let label = offset.map_or(String::new(), |offset| format!("{:x}", offset.0));
        CodeRow {
            job: if native {
                syntax::highlight_native(&row.text, t)
            } else {
                syntax::highlight_wasm(&row.text, row.indent, t)
            },
            has_code: offset.is_some(),
            mark: offset.and_then(|offset| marks.get(&offset).copied()),
            stand: row.offset.and_then(|offset| stands.get(&offset).copied()),
            name: format!("{label} {}", row.text),
            label,
        }
    };
    let event = code.show(ui, t, make, |_, _| None);
    let offset_of = |index: usize| text.rows.get(index).and_then(|row| row.offset);
    match event {
        Some(CodeEvent::Caret(index)) => {
            if let Some(offset) = offset_of(index) {
                view.caret = Some(offset);
            }
        }
        Some(CodeEvent::Move(index)) => {
            if let Some(offset) = offset_of(index) {
                view.go(text.func, Some(offset));
                ui.ctx().request_repaint();
            }
        }
        Some(CodeEvent::Breakpoint(index)) => {
            if let Some(offset) = offset_of(index) {
                cx.push(Action::ToggleBreakpoint(BreakpointSpec::Offset { offset }));
            }
        }
        Some(CodeEvent::RunTo(index)) => {
            if let Some(offset) = offset_of(index) {
                cx.push(Action::RunTo(BreakpointSpec::Offset { offset }));
            }
        }
        None => {}
    }
}
