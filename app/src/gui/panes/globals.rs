//! The globals of the module's instance.

use super::{answered, needs_stop, rows};
use crate::gui::actions::{Action, Cx};
use crate::gui::slots::{self, SlotEdit};
use crate::gui::widgets::parts;
use egui::Ui;
use lucide_icons::Icon;
use stepwell_engine::debugger::{Query, Reply, WriteTarget};

/// The pane's own state.
#[derive(Debug, Default)]
pub struct GlobalsView {
    edit: SlotEdit,
}

/// Draws the pane.
pub fn show(cx: &mut Cx<'_>, view: &mut GlobalsView, ui: &mut Ui) {
    if !needs_stop(cx, ui, Icon::Globe, "globals") {
        return;
    }
    let Some(stop) = cx.model.stop() else { return };
    let query = Query::Globals { stop };
    let Some((Reply::Globals(globals), fresh)) = answered(cx, ui, &query) else {
        return;
    };
    if globals.is_empty() {
        parts::empty_state(ui, cx.t, Icon::Globe, "The module has no globals", "");
        return;
    }
    let before = match cx.model.previous_answer(&query) {
        Some(Reply::Globals(before)) => Some(before.as_slice()),
        _ => None,
    };
    rows(ui, "globals", |ui| {
        let written = slots::show(
            cx,
            &mut view.edit,
            ui,
            globals,
            before,
            slots::Space::Globals,
            fresh,
        );
        if let Some((index, bits)) = written {
            cx.push(Action::Write(WriteTarget::Global { index, bits }));
        }
    });
}
