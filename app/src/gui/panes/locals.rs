//! The selected frame's variables, as a tree that is read as it is opened, and its wasm locals.

use super::needs_stop;
use crate::gui::actions::{Action, Cx};
use crate::gui::queries::Answer;
use crate::gui::slots::{self, SlotEdit};
use crate::gui::widgets::parts;
use crate::gui::widgets::value_tree::{ValueEvent, ValueRow};
use egui::{ScrollArea, Ui};
use lucide_icons::Icon;
use std::collections::HashSet;
use stepwell_debuginfo::{Availability, ValueNode};
use stepwell_engine::debugger::{FrameDetail, Query, Reply, StopId, WriteTarget};

/// Deeper than anyone opens by hand; keeps a cycle of pointers from being followed for ever.
const MAX_DEPTH: usize = 64;

/// The pane's own state.
#[derive(Debug, Default)]
pub struct LocalsView {
    open: HashSet<String>,
    hide_wasm: bool,
    show_statics: bool,
    edit: SlotEdit,
}

/// Draws the pane.
pub fn show(cx: &mut Cx<'_>, view: &mut LocalsView, ui: &mut Ui) {
    if !needs_stop(cx, ui, Icon::Braces, "variables") {
        return;
    }
    let Some(stop) = cx.model.stop() else { return };
    let frame = cx.model.selected_frame;
    let query = Query::Frame { stop, frame };
    let answer = cx.ask(query.clone());
    if let Answer::Failed(error) = answer {
        parts::empty_state(ui, cx.t, Icon::TriangleAlert, "Not readable", &error.to_string());
        return;
    }
    let Some((Reply::Frame(detail), fresh)) = answer.latest() else {
        return;
    };
    let before = match cx.model.previous_answer(&query) {
        Some(Reply::Frame(before)) if cx.model.comparable() => Some(before),
        _ => None,
    };
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.add_space(3.0);
    ScrollArea::vertical()
        .id_salt("locals")
        .auto_shrink(false)
        .show(ui, |ui| {
            let place = At { stop, frame, fresh };
            if detail.variables.is_empty() {
                let none = if cx.model.lacks_lines() {
                    "No source variables: the module has no debug info"
                } else {
                    "No source variables here"
                };
                parts::heading(ui, cx.t, none);
            }
            let old = before.map(|before| before.variables.as_slice());
            nodes(cx, view, ui, place, &detail.variables, old, "", 0);
            if !detail.statics.is_empty() {
                let title = format!("Static variables ({})", detail.statics.len());
                if slots::fold_heading(ui, cx.t, &title, view.show_statics) {
                    view.show_statics = !view.show_statics;
                }
                if view.show_statics {
                    let old = before.map(|before| before.statics.as_slice());
                    nodes(cx, view, ui, place, &detail.statics, old, "static ", 0);
                }
            }
            wasm_locals(cx, view, ui, detail, before, fresh);
        });
}

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
    depth: usize,
) {
    for (index, node) in nodes.iter().enumerate() {
        let key = format!("{path}/{}#{index}", node.name);
        let old = before.and_then(|before| before.iter().find(|old| old.name == node.name));
        one(cx, view, ui, at, node, old, key, depth);
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
    depth: usize,
) {
    let open = view.open.contains(&key);
    let available = node.availability == Availability::Available;
    let changed = old
        .is_some_and(|old| available && old.availability == Availability::Available && old.text != node.text);
    let words = words(node);
    let row = ValueRow {
        depth,
        name: &node.name,
        value: &words,
        type_name: &node.type_name,
        open: node.expand.as_ref().map(|_| open),
        available,
        changed,
        fresh: at.fresh,
        address: node.address,
        editable: false,
    };
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
        Some(ValueEvent::Copy) => cx.push(Action::Copy(node.text.clone())),
        Some(ValueEvent::Edit) | None => {}
    }
    let Some(value) = node.expand.clone().filter(|_| open && depth < MAX_DEPTH) else {
        return;
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
            depth: depth + 1,
            value: &text,
            fresh: true,
            ..ValueRow::default()
        };
        row.show(ui, cx.t);
        return;
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
        nodes(cx, view, ui, at, children, before, &key, depth + 1);
    }
}

/// The value, or in words why there is none.
fn words(node: &ValueNode) -> String {
    match &node.availability {
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
    let written = slots::show(cx, &mut view.edit, ui, &detail.locals, old, "local", fresh);
    if let Some((index, bits)) = written {
        cx.push(Action::Write(WriteTarget::Local { index, bits }));
    }
}
