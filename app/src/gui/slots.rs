//! Wasm-level values (locals, operands, globals) as rows, changed in place by a double click.

use crate::gui::actions::{Action, Cx};
use crate::gui::theme::{self, Tokens};
use crate::gui::widgets::parts;
use crate::gui::widgets::value_tree::{ValueEvent, ValueRow};
use egui::{Key, Pos2, Rect, Role, Sense, Ui, WidgetInfo, vec2};
use lucide_icons::Icon;
use stepwell_engine::api::val_from_text;
use stepwell_engine::debugger::WasmSlot;
use stepwell_engine::types::ValType;

/// Where values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// The module's globals.
    Globals,
    /// A frame's locals.
    Locals,
    /// A frame's operand stack.
    Operands,
}

/// A value being changed.
#[derive(Debug, Default)]
pub struct SlotEdit {
    open: Option<Editing>,
}

#[derive(Debug)]
struct Editing {
    space: Space,
    index: u32,
    text: String,
    /// Whether the field was drawn before: the first time it takes the keyboard, its text selected.
    begun: bool,
    /// Why the text was not taken.
    complaint: Option<String>,
}

/// Draws the rows; gives the index and bits of one that was changed.
pub fn show(
    cx: &mut Cx<'_>,
    edit: &mut SlotEdit,
    ui: &mut Ui,
    slots: &[WasmSlot],
    before: Option<&[WasmSlot]>,
    space: Space,
    fresh: bool,
) -> Option<(u32, u128)> {
    let mut written = None;
    for slot in slots {
        let old = before.and_then(|before| before.iter().find(|old| old.index == slot.index));
        let name = match &slot.name {
            Some(name) => format!("{}  {name}", slot.index),
            None => slot.index.to_string(),
        };
        let editable = slot.mutable && fresh && !slot.ty.is_ref() && slot.ty != ValType::V128;
        let row = ValueRow {
            name: &name,
            value: &slot.text,
            type_name: &slot.ty.to_string(),
            available: true,
            changed: old.is_some_and(|old| old.bits != slot.bits),
            fresh,
            address: None,
            editable,
            // `__stack_pointer` is in every C module.
            long_name: space == Space::Globals,
            ..ValueRow::default()
        };
        let (event, cell) = row.show(ui, cx.t);
        match event {
            Some(ValueEvent::Edit) => {
                edit.open = Some(Editing {
                    space,
                    index: slot.index,
                    text: slot.text.clone(),
                    begun: false,
                    complaint: None,
                });
            }
            Some(ValueEvent::Copy) => cx.push(Action::Copy(slot.text.clone())),
            _ => {}
        }
        if let Some(bits) = editor(edit, ui, cx.t, slot, space, cell) {
            written = Some((slot.index, bits));
        }
    }
    written
}

/// The editor over a value's cell; gives the new bits when they are entered. What is no value of the type stays to
/// be mended; leaving the field leaves the value as it was.
fn editor(
    edit: &mut SlotEdit,
    ui: &mut Ui,
    t: &Tokens,
    slot: &WasmSlot,
    space: Space,
    cell: Rect,
) -> Option<u128> {
    let editing = edit
        .open
        .as_mut()
        .filter(|editing| editing.space == space && editing.index == slot.index)?;
    let wrong = editing.complaint.is_some();
    let field = egui::TextEdit::singleline(&mut editing.text)
        .font(theme::code_font())
        .text_color(if wrong { t.error } else { t.text })
        .margin(egui::Margin::symmetric(3, 0))
        .desired_width(cell.width())
        .hint_text("new value");
    // Over the row, which keeps its height.
    let mut over = ui.new_child(egui::UiBuilder::new().max_rect(cell));
    let mut shown = field.show(&mut over);
    let response = &shown.response.response;
    if !std::mem::replace(&mut editing.begun, true) {
        response.request_focus();
        let all = egui::text::CCursorRange::select_all(&shown.galley);
        shown.state.cursor.set_char_range(Some(all));
        shown.state.clone().store(ui.ctx(), response.id);
    }
    if response.changed() {
        editing.complaint = None;
    }
    if let Some(complaint) = &editing.complaint {
        response.show_tooltip_text(complaint);
    }
    if !response.lost_focus() {
        return None;
    }
    if !ui.input(|input| input.key_pressed(Key::Enter)) {
        edit.open = None;
        return None;
    }
    match val_from_text(slot.ty, editing.text.trim()) {
        Ok(value) => {
            edit.open = None;
            Some(value.bits())
        }
        Err(error) => {
            editing.complaint = Some(error.to_string());
            response.request_focus();
            None
        }
    }
}

/// A heading with a triangle; `true` if it was clicked.
pub fn fold_heading(ui: &mut Ui, t: &Tokens, text: &str, open: bool) -> bool {
    let size = vec2(ui.available_width(), theme::ROW_HEIGHT + 3.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::DisclosureTriangle, true, open, text));
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, t.raised);
    }
    let spot = Rect::from_min_size(
        Pos2::new(rect.left() + 6.0, rect.top()),
        vec2(14.0, rect.height()),
    );
    let picture = if open {
        Icon::ChevronDown
    } else {
        Icon::ChevronRight
    };
    parts::paint_icon(ui, spot, picture, 12.0, t.weak);
    let words = Rect::from_min_max(Pos2::new(spot.right() + 2.0, rect.top()), rect.max);
    parts::line(ui, words, text, theme::strong_font(theme::SMALL_SIZE), t.weak);
    response.clicked()
}
