//! The selected frame's variables, as a tree that is read as it is opened, and its wasm locals.

use super::{Selected, needs_stop, rows, selected};
use crate::gui::actions::{Action, Cx};
use crate::gui::queries::Answer;
use crate::gui::slots::{self, SlotEdit};
use crate::gui::theme;
use crate::gui::widgets::parts;
use crate::gui::widgets::value_tree::{ValueEvent, ValueRow};
use egui::{Key, Ui};
use lucide_icons::Icon;
use std::collections::HashSet;
use stepwell_debuginfo::{Availability, ValueNode};
use stepwell_engine::debugger::{FrameDetail, Query, QueryError, Reply, StopId, WriteTarget};

/// Deeper than anyone opens by hand; keeps a cycle of pointers from being followed for ever.
const MAX_DEPTH: usize = 64;

/// The pane's own state.
#[derive(Debug, Default)]
pub struct LocalsView {
    open: HashSet<String>,
    hide_wasm: bool,
    show_statics: bool,
    edit: SlotEdit,
    watches: Vec<String>,
    expression: String,
}

impl LocalsView {
    /// A view with these expressions watched.
    pub fn watching(watches: Vec<String>) -> LocalsView {
        LocalsView {
            watches,
            ..LocalsView::default()
        }
    }

    /// The watched expressions.
    pub fn watches(&self) -> &[String] {
        &self.watches
    }

    /// What stays when the module is read again: what is watched and what is open.
    pub fn reloaded(self) -> LocalsView {
        LocalsView {
            edit: SlotEdit::default(),
            ..self
        }
    }
}

/// Draws the pane.
pub fn show(cx: &mut Cx<'_>, view: &mut LocalsView, ui: &mut Ui) {
    if !needs_stop(cx, ui, Icon::Braces, "variables") {
        return;
    }
    watch_bar(cx, view, ui);
    let Some(shown) = selected(cx, ui) else { return };
    let Selected {
        detail,
        before,
        fresh,
        ..
    } = shown;
    rows(ui, "locals", |ui| {
        let place = At {
            stop: shown.stop,
            frame: shown.frame,
            fresh,
        };
        watches(cx, view, ui, place);
        if detail.variables.is_empty() {
            let none = if cx.model.lacks_lines() {
                "No source variables: the module has no debug info"
            } else {
                "No source variables here"
            };
            parts::heading(ui, cx.t, none);
        }
        let old = before.map(|before| before.variables.as_slice());
        nodes(cx, view, ui, place, &detail.variables, old, "", OUTER);
        if !detail.statics.is_empty() {
            let title = format!("Static variables ({})", detail.statics.len());
            if slots::fold_heading(ui, cx.t, &title, view.show_statics) {
                view.show_statics = !view.show_statics;
            }
            if view.show_statics {
                let old = before.map(|before| before.statics.as_slice());
                nodes(cx, view, ui, place, &detail.statics, old, "static ", OUTER);
            }
        }
        wasm_locals(cx, view, ui, detail, before, fresh);
    });
}

/// Where an expression to watch is typed.
fn watch_bar(cx: &Cx<'_>, view: &mut LocalsView, ui: &mut Ui) {
    parts::pane_bar(ui, cx.t, |ui| {
        let edit = egui::TextEdit::singleline(&mut view.expression)
            .hint_text("Watch an expression: list->next")
            .font(theme::code_font())
            .desired_width(f32::INFINITY);
        let response = ui.add(edit);
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let expression = view.expression.trim().to_owned();
        if entered && !expression.is_empty() {
            view.expression.clear();
            if !view.watches.contains(&expression) {
                view.watches.push(expression);
            }
            response.request_focus();
        }
    });
    ui.add_space(3.0);
}

/// The watched expressions, evaluated in the selected frame.
fn watches(cx: &mut Cx<'_>, view: &mut LocalsView, ui: &mut Ui, at: At) {
    if view.watches.is_empty() {
        return;
    }
    parts::heading(ui, cx.t, "Watched");
    let mut removed = None;
    for (index, expression) in view.watches.clone().into_iter().enumerate() {
        let query = Query::Evaluate {
            stop: at.stop,
            frame: at.frame,
            expression: expression.clone(),
        };
        let answer = cx.ask(query.clone());
        let (node, fresh) = match (answer, answer.latest()) {
            (_, Some((Reply::Value(node), fresh))) => (node.clone(), fresh),
            (Answer::Failed(error), _) => {
                if wrong(cx, ui, &expression, error) {
                    removed = Some(index);
                }
                continue;
            }
            _ => {
                let row = ValueRow {
                    name: &expression,
                    value: "…",
                    ..ValueRow::default()
                };
                row.show(ui, cx.t);
                continue;
            }
        };
        let node = ValueNode {
            name: expression,
            ..node
        };
        let before = match cx.model.previous_answer(&query) {
            Some(Reply::Value(before)) => Some(before),
            _ => None,
        };
        let at = At { fresh, ..at };
        let key = format!("watch {index} {}", node.name);
        if one(cx, view, ui, at, &node, before, key, WATCHED) {
            removed = Some(index);
        }
    }
    if let Some(index) = removed {
        view.watches.remove(index);
    }
    ui.add_space(4.0);
    parts::heading(ui, cx.t, "Variables");
}

/// The row of a watched expression that has no value: why, and in the tooltip where. `true` if it is to go.
fn wrong(cx: &Cx<'_>, ui: &mut Ui, expression: &str, why: &QueryError) -> bool {
    let caret = match why {
        QueryError::Expression(error) => error.caret(),
        _ => String::new(),
    };
    let row = ValueRow {
        name: expression,
        value: &why.to_string(),
        caret: &caret,
        fresh: true,
        removable: true,
        ..ValueRow::default()
    };
    row.show(ui, cx.t).0 == Some(ValueEvent::Remove)
}

/// How deep a row lies, and whether it heads a watched expression.
#[derive(Clone, Copy)]
struct Level {
    depth: usize,
    watched: bool,
}

const OUTER: Level = Level {
    depth: 0,
    watched: false,
};
const WATCHED: Level = Level {
    depth: 0,
    watched: true,
};

/// What the values on show belong to.
#[derive(Clone, Copy)]
struct At {
    stop: StopId,
    frame: u32,
    fresh: bool,
}

#[expect(
    clippy::too_many_arguments,
    reason = "a walk down the tree carries its place with it"
)]
fn nodes(
    cx: &mut Cx<'_>,
    view: &mut LocalsView,
    ui: &mut Ui,
    at: At,
    nodes: &[ValueNode],
    before: Option<&[ValueNode]>,
    path: &str,
    level: Level,
) {
    for (index, node) in nodes.iter().enumerate() {
        let key = format!("{path}/{}#{index}", node.name);
        let old = before.and_then(|before| before.iter().find(|old| old.name == node.name));
        one(cx, view, ui, at, node, old, key, level);
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "a walk down the tree carries its place with it"
)]
fn one(
    cx: &mut Cx<'_>,
    view: &mut LocalsView,
    ui: &mut Ui,
    at: At,
    node: &ValueNode,
    old: Option<&ValueNode>,
    key: String,
    level: Level,
) -> bool {
    let open = view.open.contains(&key);
    let available = node.availability == Availability::Available;
    let changed = old
        .is_some_and(|old| available && old.availability == Availability::Available && old.text != node.text);
    let row = ValueRow {
        depth: level.depth,
        name: &node.name,
        value: &words(node),
        type_name: &node.type_name,
        open: node.expand.as_ref().map(|_| open),
        available,
        changed,
        fresh: at.fresh,
        address: node.address,
        points: available && node.points_to().is_some(),
        editable: false,
        removable: level.watched,
        long_name: false,
        caret: "",
    };
    let mut removed = false;
    match row.show(ui, cx.t).0 {
        Some(ValueEvent::Toggle) if open => {
            view.open.remove(&key);
        }
        Some(ValueEvent::Toggle) => {
            view.open.insert(key.clone());
        }
        Some(ValueEvent::Memory) => {
            if let Some(address) = node.address {
                cx.push(Action::ShowMemory {
                    memory: 0,
                    address,
                    len_bytes: node.len_bytes.unwrap_or(1),
                });
            }
        }
        Some(ValueEvent::Pointee) => {
            if let Some(address) = node.points_to() {
                cx.push(Action::ShowMemory {
                    memory: 0,
                    address,
                    len_bytes: 1,
                });
            }
        }
        Some(ValueEvent::Copy) => cx.push(Action::Copy(node.text.clone())),
        Some(ValueEvent::Remove) => removed = true,
        Some(ValueEvent::Edit) | None => {}
    }
    let Some(value) = node.expand.clone().filter(|_| open && level.depth < MAX_DEPTH) else {
        return removed;
    };
    let query = Query::Children {
        stop: at.stop,
        frame: at.frame,
        value,
    };
    let answer = cx.ask(query.clone());
    if let Answer::Failed(error) = answer {
        let text = error.to_string();
        let row = ValueRow {
            depth: level.depth + 1,
            value: &text,
            fresh: true,
            ..ValueRow::default()
        };
        row.show(ui, cx.t);
        return removed;
    }
    if let Some((Reply::Children(children), fresh)) = answer.latest() {
        let before = match cx.model.previous_answer(&query) {
            Some(Reply::Children(before)) if cx.model.comparable() => Some(before.as_slice()),
            _ => None,
        };
        let at = At {
            fresh: at.fresh && fresh,
            ..at
        };
        let level = Level {
            depth: level.depth + 1,
            watched: false,
        };
        nodes(cx, view, ui, at, children, before, &key, level);
    }
    removed
}

/// The value, or in words why there is none; of an expression, which operand it is that is not there.
fn words(node: &ValueNode) -> String {
    match &node.availability {
        Availability::OptimizedOut | Availability::NotYetSet if node.text.contains(':') => node.text.clone(),
        Availability::Available => node.text.clone(),
        Availability::OptimizedOut => "optimized out here".to_owned(),
        Availability::NotYetSet => "not set up yet".to_owned(),
        Availability::NotReadable(why) => format!("not readable: {why}"),
        Availability::Unsupported(what) => format!("not supported: {what}"),
    }
}

fn wasm_locals(
    cx: &mut Cx<'_>,
    view: &mut LocalsView,
    ui: &mut Ui,
    detail: &FrameDetail,
    before: Option<&FrameDetail>,
    fresh: bool,
) {
    if detail.locals.is_empty() {
        return;
    }
    ui.add_space(4.0);
    let title = format!("Wasm locals ({})", detail.locals.len());
    if slots::fold_heading(ui, cx.t, &title, !view.hide_wasm) {
        view.hide_wasm = !view.hide_wasm;
    }
    if view.hide_wasm {
        return;
    }
    let old = before.map(|before| before.locals.as_slice());
    let written = slots::show(
        cx,
        &mut view.edit,
        ui,
        &detail.locals,
        old,
        slots::Space::Locals,
        fresh,
    );
    if let Some((index, bits)) = written {
        cx.push(Action::Write(WriteTarget::Local { index, bits }));
    }
}
