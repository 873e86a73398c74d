//! Wasm-level values (locals, operands, globals) as rows, changed in place by a double click.

use crate::gui::actions::{Action, Cx};
use crate::gui::theme::{self, Tokens};
use crate::gui::widgets::parts;
use crate::gui::widgets::value_tree::{ValueEvent, ValueRow};
use egui::{Key, Pos2, Rect, Role, Sense, Ui, WidgetInfo, vec2};
use lucide_icons::Icon;
use stepwell_engine::debugger::WasmSlot;
use stepwell_engine::types::ValType;

/// A value being changed.
#[derive(Debug, Default)]
pub struct SlotEdit {
    open: Option<(String, u32, String)>,
    begun: bool,
}

/// Draws the rows; gives the index and bits of one that was changed. `space` names where they are.
pub fn show(
    cx: &mut Cx<'_>,
    edit: &mut SlotEdit,
    ui: &mut Ui,
    slots: &[WasmSlot],
    before: Option<&[WasmSlot]>,
    space: &str,
    fresh: bool,
) -> Option<(u32, u64)> {
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
            ..ValueRow::default()
        };
        let (event, cell) = row.show(ui, cx.t);
        match event {
            Some(ValueEvent::Edit) => {
                edit.open = Some((space.to_owned(), slot.index, slot.text.clone()));
                edit.begun = true;
            }
            Some(ValueEvent::Copy) => cx.push(Action::Copy(slot.text.clone())),
            _ => {}
        }
        if let Some(bits) = editor(edit, ui, slot, space, cell) {
            written = Some((slot.index, bits));
        }
    }
    written
}

/// The editor over a value's cell; gives the new bits when they are entered.
fn editor(edit: &mut SlotEdit, ui: &mut Ui, slot: &WasmSlot, space: &str, cell: Rect) -> Option<u64> {
    let (_, _, text) = edit
        .open
        .as_mut()
        .filter(|(open_space, index, _)| open_space == space && *index == slot.index)?;
    let field = egui::TextEdit::singleline(text)
        .font(theme::code_font())
        .margin(egui::Margin::symmetric(3, 1))
        .hint_text("new value");
    let response = ui.put(cell, field);
    if std::mem::take(&mut edit.begun) {
        response.request_focus();
    }
    if response.lost_focus() {
        let entered = ui.input(|input| input.key_pressed(Key::Enter));
        let bits = parse_bits(slot.ty, text);
        edit.open = None;
        return bits.filter(|_| entered);
    }
    None
}

/// A value of a type from what a person typed: decimal, hexadecimal, or a float.
pub fn parse_bits(ty: ValType, text: &str) -> Option<u64> {
    let text = text.trim().replace('_', "");
    let integer = |text: &str| -> Option<i128> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let value = match digits.strip_prefix("0x") {
            Some(hex) => i128::from(u64::from_str_radix(hex, 16).ok()?),
            None => i128::from(digits.parse::<u64>().ok()?),
        };
        Some(if negative { -value } else { value })
    };
    let within = |value: i128, bits: u32| {
        let limit = 1i128 << bits;
        (value >= -(limit / 2) && value < limit)
            .then(|| value.rem_euclid(limit))
            .and_then(|value| u64::try_from(value).ok())
    };
    match ty {
        ValType::I32 => within(integer(&text)?, 32),
        ValType::I64 => within(integer(&text)?, 64),
        ValType::F32 => Some(u64::from(text.parse::<f32>().ok()?.to_bits())),
        ValType::F64 => Some(text.parse::<f64>().ok()?.to_bits()),
        ValType::V128 | ValType::FuncRef | ValType::ExternRef => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_values_become_bits() {
        assert_eq!(parse_bits(ValType::I32, "-1"), Some(0xffff_ffff));
        assert_eq!(parse_bits(ValType::I32, "0xffffffff"), Some(0xffff_ffff));
        assert_eq!(parse_bits(ValType::I32, "4294967296"), None);
        assert_eq!(parse_bits(ValType::I64, "-1"), Some(u64::MAX));
        assert_eq!(parse_bits(ValType::F64, "1.5"), Some(1.5f64.to_bits()));
        assert_eq!(parse_bits(ValType::F32, "x"), None);
    }
}
