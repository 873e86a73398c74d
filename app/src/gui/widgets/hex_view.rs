//! Bytes as hexadecimal and text, of memories of any size.
//!
//! The scroll position is a row number in 64 bits of its own: `f32` offsets lose count after some million
//! rows, and a memory can have more. Bytes come in chunks, which the caller asks for as they come into view.

use crate::gui::theme::{self, Tokens};
use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, Key, Pos2, Rect, Role, Sense, Ui, WidgetInfo, vec2};

/// Bytes are asked for in pieces of this size.
pub const CHUNK: u64 = 4096;

/// Where the view stands.
#[derive(Clone, Debug, Default)]
pub struct HexState {
    /// Row at the top.
    top_row: u64,
    /// Part of a row scrolled past it, in rows.
    fraction: f32,
    /// Marked bytes: first address and how many.
    pub mark: Option<(u64, u64)>,
    /// An address to bring into view.
    pub reveal: Option<u64>,
    /// Whether it was ever scrolled by hand.
    pub scrolled: bool,
    /// Bytes a row, lately.
    columns: u64,
}

/// Bytes that have come.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// The bytes, from the chunk's first address.
    pub bytes: &'a [u8],
    /// Addresses that changed since the last stop, ascending; `None` if that is not known.
    pub changed: Option<&'a [u64]>,
    /// Whether they are of this stop.
    pub fresh: bool,
}

impl HexState {
    /// Draws the rows in view of a memory of `len_bytes`. `chunk` gives bytes from an address that is a
    /// multiple of [`CHUNK`]. Returns a byte that was clicked.
    pub fn show<'c>(
        &mut self,
        ui: &mut Ui,
        t: &Tokens,
        len_bytes: u64,
        mut chunk: impl FnMut(u64) -> Option<Chunk<'c>>,
    ) -> Option<u64> {
        let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
        let font = theme::hex_font();
        let column = ui.fonts_mut(|fonts| fonts.glyph_width(&font, '0'));
        let height = theme::ROW_HEIGHT;
        let digits = if len_bytes > 1 << 32 { 12 } else { 8 };
        let fixed = column * (digits as f32 + 2.0) + 20.0;
        // A byte takes three columns as a number, one as a character; every eighth another half.
        let columns: u64 = if fixed + column * (16.0 * 4.0 + 2.0) <= rect.width() {
            16
        } else {
            8
        };
        if self.columns != columns {
            let address = self.top_row.saturating_mul(self.columns.max(1));
            self.top_row = address / columns;
            self.columns = columns;
        }
        let rows_total = len_bytes.div_ceil(columns);
        let rows_shown = (rect.height() / height).floor().max(1.0) as u64;
        let last_top = rows_total.saturating_sub(rows_shown);
        if let Some(address) = self.reveal.take() {
            let row = address / columns;
            if row < self.top_row || row >= self.top_row.saturating_add(rows_shown) {
                self.top_row = row.saturating_sub(rows_shown / 3);
                self.fraction = 0.0;
            }
        }
        let bar = Rect::from_min_max(Pos2::new(rect.right() - 10.0, rect.top()), rect.max);
        let before = (self.top_row, self.fraction);
        self.scroll(ui, &response, bar, rows_shown, rows_total, height);
        self.scrolled |= before != (self.top_row, self.fraction);
        if self.top_row >= last_top {
            self.top_row = last_top;
            self.fraction = 0.0;
        }

        let top = self.top_row.saturating_mul(columns);
        response.widget_info(|| {
            WidgetInfo::labeled(Role::ScrollView, true, format!("memory bytes from 0x{top:x}"))
        });
        let painter = ui.painter_at(rect);
        let x_hex = rect.left() + 8.0 + column * (digits as f32 + 2.0);
        let x_text = x_hex + column * (columns as f32 * 3.0 + columns as f32 / 8.0);
        let mut clicked = None;
        for shown in 0..=rows_shown {
            let row = self.top_row.saturating_add(shown);
            if row >= rows_total {
                break;
            }
            let address = row.saturating_mul(columns);
            let y = rect.top() + (shown as f32 - self.fraction) * height;
            let base = address - address % CHUNK;
            let data = chunk(base);
            let label = format!("{address:0digits$x}");
            painter.text(
                Pos2::new(rect.left() + 8.0, y + height * 0.5),
                egui::Align2::LEFT_CENTER,
                label,
                font.clone(),
                t.faint,
            );
            let (hex, text) = self.row_jobs(t, address, columns, len_bytes, data);
            for (x, job) in [(x_hex, hex), (x_text, text)] {
                let galley = painter.layout_job(job);
                let pos = Pos2::new(x, y + (height - galley.size().y) * 0.5);
                painter.galley(pos, galley, t.text);
            }
            let line = Rect::from_min_size(Pos2::new(x_hex, y), vec2(x_text - x_hex, height));
            if let Some(pos) = response
                .interact_pointer_pos()
                .filter(|pos| response.clicked() && line.contains(*pos))
            {
                let cell = ((pos.x - x_hex) / column).max(0.0);
                let index = (0..columns).take_while(|i| cell_start(*i) <= cell).last();
                clicked = Some(address.saturating_add(index.unwrap_or(0)));
            }
        }
        self.paint_bar(ui, t, bar, rows_shown, rows_total);
        clicked
    }

    /// The numbers and the characters of one row.
    fn row_jobs(
        &self,
        t: &Tokens,
        address: u64,
        columns: u64,
        len_bytes: u64,
        data: Option<Chunk<'_>>,
    ) -> (LayoutJob, LayoutJob) {
        let mut hex = LayoutJob::default();
        let mut text = LayoutJob::default();
        let plain = |color: Color32| TextFormat::simple(theme::hex_font(), color);
        for index in 0..columns {
            let at = address.saturating_add(index);
            if at >= len_bytes {
                break;
            }
            let space = if index + 1 == columns {
                ""
            } else if index % 8 == 7 {
                "  "
            } else {
                " "
            };
            let byte = data.and_then(|data| {
                let offset = usize::try_from(at % CHUNK).ok()?;
                data.bytes.get(offset).copied()
            });
            let (Some(byte), Some(data)) = (byte, data) else {
                hex.append("··", 0.0, plain(t.faint));
                hex.append(space, 0.0, plain(t.faint));
                text.append("·", 0.0, plain(t.faint));
                continue;
            };
            let changed = data
                .changed
                .is_some_and(|changed| changed.binary_search(&at).is_ok());
            let marked = self
                .mark
                .is_some_and(|(first, len)| at >= first && at - first < len.max(1));
            let mut format = plain(if changed {
                t.changed
            } else if byte == 0 || !data.fresh {
                t.faint
            } else {
                t.text
            });
            if changed {
                format.background = t.changed_bg;
            }
            if marked {
                format.background = t.accent_bg;
                format.underline = egui::Stroke::new(1.5, t.accent);
            }
            hex.append(&format!("{byte:02x}"), 0.0, format.clone());
            hex.append(space, 0.0, plain(t.faint));
            let printable = byte.is_ascii_graphic() || byte == b' ';
            let shown = if printable { char::from(byte) } else { '·' };
            if !printable && !changed {
                format.color = t.faint;
            }
            text.append(shown.encode_utf8(&mut [0; 4]), 0.0, format);
        }
        (hex, text)
    }

    fn scroll(
        &mut self,
        ui: &Ui,
        response: &egui::Response,
        bar: Rect,
        rows_shown: u64,
        rows_total: u64,
        height: f32,
    ) {
        let mut delta = 0.0f64;
        if response.contains_pointer() {
            delta -= f64::from(ui.input(|input| input.smooth_scroll_delta().y) / height);
        }
        if response.clicked() {
            response.request_focus();
        }
        if response.has_focus() {
            let page = rows_shown.saturating_sub(1) as f64;
            ui.input_mut(|input| {
                let mut keys = |key| input.consume_key(egui::Modifiers::NONE, key);
                for (key, rows) in [
                    (Key::PageDown, page),
                    (Key::PageUp, -page),
                    (Key::ArrowDown, 1.0),
                    (Key::ArrowUp, -1.0),
                    (Key::Home, -1e18),
                    (Key::End, 1e18),
                ] {
                    if keys(key) {
                        delta += rows;
                    }
                }
            });
        }
        if response.dragged()
            && let Some(pos) = response.interact_pointer_pos()
            && ui
                .input(|input| input.pointer.press_origin())
                .is_some_and(|at| bar.contains(at))
        {
            let part = f64::from(((pos.y - bar.top()) / bar.height()).clamp(0.0, 1.0));
            self.top_row = (part * rows_total.saturating_sub(rows_shown) as f64) as u64;
            self.fraction = 0.0;
        }
        if delta != 0.0 {
            let whole = f64::from(self.fraction) + delta;
            let rows = whole.floor();
            self.fraction = (whole - rows) as f32;
            if rows >= 0.0 {
                self.top_row = self.top_row.saturating_add(rows as u64);
            } else if self.top_row < (-rows) as u64 {
                self.top_row = 0;
                self.fraction = 0.0;
            } else {
                self.top_row -= (-rows) as u64;
            }
        }
    }

    fn paint_bar(&self, ui: &Ui, t: &Tokens, bar: Rect, rows_shown: u64, rows_total: u64) {
        if rows_total <= rows_shown {
            return;
        }
        let part = self.top_row as f64 / rows_total.saturating_sub(rows_shown).max(1) as f64;
        let share = (rows_shown as f64 / rows_total as f64) as f32;
        let length = (bar.height() * share).max(18.0);
        let top = bar.top() + (bar.height() - length) * part as f32;
        let handle = Rect::from_min_size(Pos2::new(bar.left() + 2.0, top), vec2(5.0, length));
        ui.painter().rect_filled(handle, 3.0, t.hover);
    }
}

/// First column of a byte's number in its row.
fn cell_start(index: u64) -> f32 {
    index as f32 * 3.0 + (index / 8) as f32
}
