//! The operand stack of the selected frame, its top first.

use super::{needs_stop, rows, selected};
use crate::gui::actions::{Action, Cx};
use crate::gui::slots::{self, SlotEdit};
use crate::gui::widgets::parts;
use egui::Ui;
use lucide_icons::Icon;
use stepwell_engine::debugger::{WasmSlot, WriteTarget};

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
    let Some(frame) = selected(cx, ui) else { return };
    if frame.detail.operands.is_empty() {
        let hint = "Nothing is being computed at this instruction.";
        parts::empty_state(ui, cx.t, icon, "Empty", hint);
        return;
    }
    let before = frame.before.map(|before| before.operands.as_slice());
    let mut slots: Vec<WasmSlot> = frame.detail.operands.iter().rev().cloned().collect();
    if let Some(top) = slots.first_mut() {
        top.name = Some("top".to_owned());
    }
    rows(ui, "operands", |ui| {
        let written = slots::show(
            cx,
            &mut view.edit,
            ui,
            &slots,
            before,
            slots::Space::Operands,
            frame.fresh,
        );
        if let Some((index, bits)) = written {
            cx.push(Action::Write(WriteTarget::Operand { index, bits }));
        }
    });
}
