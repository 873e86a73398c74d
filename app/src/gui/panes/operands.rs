//! The operand stack of the selected frame, its top first.

use super::needs_stop;
use crate::gui::actions::{Action, Cx};
use crate::gui::queries::Answer;
use crate::gui::slots::{self, SlotEdit};
use crate::gui::widgets::parts;
use egui::{ScrollArea, Ui};
use lucide_icons::Icon;
use stepwell_engine::debugger::{Query, Reply, WasmSlot, WriteTarget};

/// The pane's own state.
#[derive(Debug, Default)]
pub struct OperandsView {
    edit: SlotEdit,
}

/// Draws the pane.
pub fn show(cx: &mut Cx<'_>, view: &mut OperandsView, ui: &mut Ui) {
    let icon = Icon::AlignVerticalJustifyEnd;
    if !needs_stop(cx, ui, icon, "operands") {
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
    if detail.operands.is_empty() {
        let hint = "Nothing is being computed at this instruction.";
        parts::empty_state(ui, cx.t, icon, "Empty", hint);
        return;
    }
    let before = match cx.model.previous_answer(&query) {
        Some(Reply::Frame(before)) if cx.model.comparable() => Some(before.operands.as_slice()),
        _ => None,
    };
    let mut slots: Vec<WasmSlot> = detail.operands.iter().rev().cloned().collect();
    if let Some(top) = slots.first_mut() {
        top.name = Some("top".to_owned());
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.add_space(3.0);
    ScrollArea::vertical()
        .id_salt("operands")
        .auto_shrink(false)
        .show(ui, |ui| {
            let written = slots::show(cx, &mut view.edit, ui, &slots, before, "operand", fresh);
            if let Some((index, bits)) = written {
                cx.push(Action::Write(WriteTarget::Operand { index, bits }));
            }
        });
}
