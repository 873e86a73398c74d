//! Linear memory as bytes and text; a byte that is clicked is shown as numbers of every size.

use super::needs_stop;
use crate::gui::actions::Cx;
use crate::gui::queries::Answer;
use crate::gui::theme;
use crate::gui::widgets::hex_view::{CHUNK, Chunk, HexState};
use crate::gui::widgets::parts;
use egui::{Key, RichText, Ui, vec2};
use lucide_icons::Icon;
use stepwell_engine::debugger::{Query, Reply, StopId, WasmSlot};
use stepwell_engine::types::ValType;

/// The pane's own state.
#[derive(Debug, Default)]
pub struct MemoryView {
    memory: u32,
    hex: HexState,
    address: String,
    complaint: Option<String>,
    /// An expression whose address is wanted.
    sought: Option<String>,
    selected: Option<u64>,
    /// Whether a person chose what is in view.
    placed: bool,
    /// Whether it is not known of all bytes in view, lately, what changed.
    unsure: bool,
}

impl MemoryView {
    /// Shows an address and marks so many bytes.
    pub fn go(&mut self, memory: u32, address: u64, len_bytes: u64) {
        self.memory = memory;
        self.hex.mark = Some((address, len_bytes));
        self.hex.reveal = Some(address);
        self.selected = Some(address);
        self.placed = true;
    }
}

/// An address as typed: `0x…`, or with hexadecimal letters, or decimal.
pub fn parse_address(text: &str) -> Option<u64> {
    let text = text.trim().replace('_', "");
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        None => u64::from_str_radix(&text, 16).ok(),
    }
}

/// Draws the pane.
pub fn show(cx: &mut Cx<'_>, view: &mut MemoryView, ui: &mut Ui) {
    if !needs_stop(cx, ui, Icon::MemoryStick, "memory") {
        return;
    }
    let Some(snapshot) = cx.model.snapshot.clone() else {
        return;
    };
    let memories = &snapshot.memories_len_bytes;
    let index = usize::try_from(view.memory).unwrap_or_default();
    let Some(len_bytes) = memories.get(index).copied() else {
        parts::empty_state(ui, cx.t, Icon::MemoryStick, "The module has no memory", "");
        return;
    };
    bar(cx, view, ui, memories, len_bytes);
    if len_bytes == 0 {
        parts::empty_state(
            ui,
            cx.t,
            Icon::MemoryStick,
            "The memory is empty",
            "It has zero pages.",
        );
        return;
    }
    let stop = snapshot.stop;
    seek(cx, view, stop, len_bytes);
    follow(cx, view, stop, len_bytes);
    let footer = view.selected.map_or(0.0, |_| 26.0);
    let size = vec2(ui.available_width(), (ui.available_height() - footer).max(10.0));
    let t = cx.t;
    let memory = view.memory;
    let mut unsure = false;
    let clicked = ui
        .allocate_ui(size, |ui| {
            view.hex.show(ui, t, len_bytes, |address| {
                let chunk = chunk(cx, stop, memory, address);
                unsure |= chunk.is_some_and(|chunk| chunk.fresh && chunk.changed.is_none());
                chunk
            })
        })
        .inner;
    unsure &= cx.model.previous.is_some();
    if std::mem::replace(&mut view.unsure, unsure) != unsure {
        // The bar above is drawn already.
        ui.ctx().request_repaint();
    }
    view.placed |= view.hex.scrolled;
    if let Some(address) = clicked {
        view.placed = true;
        view.selected = Some(address);
        view.hex.mark = Some((address, 1));
    }
    if let Some(address) = view.selected {
        inspector(cx, ui, stop, memory, address);
    }
}

/// Goes to where an expression points, or to where it lies, once the session has told.
fn seek(cx: &mut Cx<'_>, view: &mut MemoryView, stop: StopId, len_bytes: u64) {
    let Some(expression) = view.sought.clone() else {
        return;
    };
    let frame = cx.model.selected_frame;
    let query = Query::Evaluate {
        stop,
        frame,
        expression: expression.clone(),
    };
    let node = match cx.ask(query) {
        Answer::Waiting(_) => return,
        Answer::Ready(Reply::Value(node)) => Ok(node),
        Answer::Ready(_) => Err("it has no value".to_owned()),
        Answer::Failed(error) => Err(error.to_string()),
    };
    view.sought = None;
    let place = node.and_then(|node| {
        // A wasm value has no place, but may be one.
        let raw = || parse_address(&node.text).filter(|_| expression.starts_with('$'));
        let place = node.points_to().or(node.address).or_else(raw);
        place.ok_or_else(|| "it has no address".to_owned())
    });
    match place {
        Ok(address) => visit(view, address, len_bytes),
        Err(why) => view.complaint = Some(why),
    }
}

/// Goes to an address that a person asked for.
fn visit(view: &mut MemoryView, address: u64, len_bytes: u64) {
    if address < len_bytes {
        view.go(view.memory, address, 1);
    } else {
        view.complaint = Some(format!("0x{address:x} is past the end"));
    }
}

/// Until a person chooses what to look at, the view keeps to what the stopped function works on: the lowest of its
/// variables in memory, or else where its stack pointer stands.
fn follow(cx: &mut Cx<'_>, view: &mut MemoryView, stop: StopId, len_bytes: u64) {
    if view.placed {
        return;
    }
    let frame = cx.model.selected_frame;
    let Some((Reply::Frame(detail), true)) = cx.ask(Query::Frame { stop, frame }).latest() else {
        return;
    };
    let variables = detail.variables.iter().filter_map(|node| node.address);
    let mut place = variables.filter(|address| *address < len_bytes).min();
    if place.is_none()
        && let Some((Reply::Globals(globals), true)) = cx.ask(Query::Globals { stop }).latest()
    {
        let named = |slot: &&WasmSlot| slot.name.as_deref() == Some("__stack_pointer");
        // Without names: toolchains make it the first that can change.
        let first = |slot: &&WasmSlot| slot.mutable && slot.ty == ValType::I32;
        let pointer = (globals.iter().find(named)).or_else(|| globals.iter().find(first));
        place = pointer.and_then(|slot| u64::try_from(slot.bits).ok());
    }
    view.hex.reveal = place.filter(|address| *address < len_bytes);
}

fn chunk<'a>(cx: &mut Cx<'a>, stop: StopId, memory: u32, address: u64) -> Option<Chunk<'a>> {
    let query = Query::Memory {
        stop,
        memory,
        address,
        len_bytes: CHUNK,
    };
    match cx.ask(query).latest() {
        Some((Reply::Memory(bytes), fresh)) => Some(Chunk {
            bytes: &bytes.bytes,
            changed: bytes.changed.as_deref().filter(|_| fresh),
            fresh,
        }),
        _ => None,
    }
}

fn bar(cx: &mut Cx<'_>, view: &mut MemoryView, ui: &mut Ui, memories: &[u64], len_bytes: u64) {
    let t = cx.t;
    parts::pane_bar(ui, t, |ui| {
        if memories.len() > 1 {
            for (index, _) in memories.iter().enumerate() {
                let index = u32::try_from(index).unwrap_or(u32::MAX);
                let text = format!("memory {index}");
                if ui.selectable_label(view.memory == index, text).clicked() {
                    view.go(index, 0, 0);
                    view.selected = None;
                }
            }
        }
        let edit = egui::TextEdit::singleline(&mut view.address)
            .hint_text("Address or pointer")
            .font(theme::code_font())
            .desired_width(130.0);
        let response = ui.add(edit);
        if response.changed() {
            view.complaint = None;
        }
        if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
            response.request_focus();
            match parse_address(&view.address) {
                Some(address) => visit(view, address, len_bytes),
                None => view.sought = Some(view.address.trim().to_owned()).filter(|text| !text.is_empty()),
            }
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let pages = len_bytes / 65536;
            let noun = if pages == 1 { "page" } else { "pages" };
            let text = format!("{pages} {noun} · {}", parts::size_text(len_bytes));
            ui.label(RichText::new(text).color(t.faint).size(12.0));
            let said = match &view.complaint {
                Some(complaint) => Some((complaint.as_str(), t.error)),
                None => view.unsure.then_some(("changes here are not known", t.faint)),
            };
            if let Some((said, color)) = said {
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    let label = egui::Label::new(RichText::new(said).color(color).size(12.0));
                    ui.add(label.truncate()).on_hover_text(said);
                });
            }
        });
    });
}

/// The numbers that begin at an address.
fn inspector(cx: &mut Cx<'_>, ui: &mut Ui, stop: StopId, memory: u32, address: u64) {
    let t = cx.t;
    let mut bytes = [0u8; 8];
    let mut have = 0usize;
    for (offset, slot) in bytes.iter_mut().enumerate() {
        let at = address.saturating_add(offset as u64);
        let byte = chunk(cx, stop, memory, at - at % CHUNK)
            .and_then(|chunk| chunk.bytes.get(usize::try_from(at % CHUNK).ok()?));
        let Some(byte) = byte else { break };
        *slot = *byte;
        have = offset + 1;
    }
    let [a, b, c, d, ..] = bytes;
    let mut parts_of: Vec<(&str, String)> = Vec::new();
    if have >= 1 {
        parts_of.push(("u8", a.to_string()));
    }
    if have >= 2 {
        parts_of.push(("u16", u16::from_le_bytes([a, b]).to_string()));
    }
    if have >= 4 {
        let word = u32::from_le_bytes([a, b, c, d]);
        parts_of.push(("i32", word.cast_signed().to_string()));
        parts_of.push(("u32", format!("0x{word:x}")));
        parts_of.push(("f32", format!("{:?}", f32::from_bits(word))));
    }
    if have == 8 {
        let word = u64::from_le_bytes(bytes);
        parts_of.push(("i64", word.cast_signed().to_string()));
        parts_of.push(("f64", format!("{:?}", f64::from_bits(word))));
    }
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 26.0), egui::Sense::hover());
    ui.painter().rect_filled(rect, 0.0, t.chrome);
    let mut x = rect.left() + 8.0;
    let mut put = |text: &str, color: egui::Color32, gap: f32| {
        let cell = egui::Rect::from_min_max(egui::pos2(x, rect.top()), rect.max);
        x += parts::line(ui, cell, text, theme::code_font(), color) + gap;
    };
    put(&format!("0x{address:08x}"), t.accent, 14.0);
    for (name, value) in parts_of {
        put(name, t.faint, 5.0);
        put(&value, t.text, 12.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        assert_eq!(parse_address("0x10"), Some(16));
        assert_eq!(parse_address(" 1024 "), Some(1024));
        assert_eq!(parse_address("ff"), Some(255));
        assert_eq!(parse_address("1_0000"), Some(10000));
        assert_eq!(parse_address("0x1_0000_0000"), Some(1 << 32));
        assert_eq!(parse_address(""), None);
        assert_eq!(parse_address("list"), None);
    }
}
