//! The call stack, innermost first; inlined calls have rows of their own.

use super::needs_stop;
use crate::gui::actions::{Action, Cx};
use crate::gui::model::place_text;
use crate::gui::theme;
use crate::gui::widgets::parts;
use egui::{Pos2, Rect, ScrollArea, Ui};
use lucide_icons::Icon;

/// Draws the pane.
pub fn show(cx: &mut Cx<'_>, ui: &mut Ui) {
    if !needs_stop(cx, ui, Icon::Layers, "call stack") {
        return;
    }
    let Some(snapshot) = cx.model.snapshot.clone() else {
        return;
    };
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.add_space(3.0);
    let shown = snapshot.frames.len();
    let more = snapshot.frames_total.saturating_sub(shown as u64);
    let rows = shown + usize::from(more > 0);
    let t = cx.t;
    ScrollArea::vertical()
        .id_salt("stack")
        .auto_shrink(false)
        .show_rows(ui, theme::ROW_HEIGHT + 1.0, rows, |ui, range| {
            for index in range {
                let Some(frame) = snapshot.frames.get(index) else {
                    let text = format!("and {} more", parts::grouped(more));
                    parts::heading(ui, t, &text);
                    continue;
                };
                let place = place_text(frame);
                let selected = frame.index == cx.model.selected_frame;
                let name = format!("frame {} {} {place}", frame.index, frame.function);
                let (rect, response) = parts::row(ui, t, selected, &name);
                let cell = |from: f32, to: f32| {
                    Rect::from_min_max(Pos2::new(from, rect.top()), Pos2::new(to, rect.bottom()))
                };
                let number = cell(rect.left() + 4.0, rect.left() + 30.0);
                parts::line_right(ui, number, &frame.index.to_string(), theme::code_font(), t.faint);
                let right = rect.right() - 8.0;
                let color = if frame.source.is_some() { t.weak } else { t.faint };
                let width = parts::line_right(
                    ui,
                    cell(rect.left() + rect.width() * 0.5, right),
                    &place,
                    theme::code_font(),
                    color,
                );
                let mut end = right - width.min(rect.width() * 0.5) - 8.0;
                if frame.inlined {
                    let note = cell(end - 46.0, end);
                    parts::line_right(ui, note, "inlined", theme::small_font(), t.attribute);
                    end -= 52.0;
                }
                let color = if frame.index == 0 { t.text } else { t.weak };
                let color = if selected { t.accent } else { color };
                let name = cell(number.right() + 8.0, end.max(number.right() + 40.0));
                parts::line(ui, name, &frame.function, theme::code_font(), color);
                if response.on_hover_text(&frame.function).clicked() {
                    cx.push(Action::SelectFrame(frame.index));
                }
            }
        });
}
