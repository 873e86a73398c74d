//! The elements of the module's tables.

use super::{answered, needs_stop};
use crate::gui::actions::Cx;
use crate::gui::theme;
use crate::gui::widgets::parts;
use egui::{Pos2, Rect, RichText, ScrollArea, Ui};
use lucide_icons::Icon;
use stepwell_engine::debugger::{Query, Reply};

/// Elements are asked for in pieces of this size.
const PAGE: u32 = 512;

/// The pane's own state.
#[derive(Debug, Default)]
pub struct TablesView {
    table: u32,
}

/// Draws the pane.
pub fn show(cx: &mut Cx<'_>, view: &mut TablesView, ui: &mut Ui) {
    if !needs_stop(cx, ui, Icon::Table2, "tables") {
        return;
    }
    let (Some(stop), Some(module)) = (cx.model.stop(), &cx.model.module) else {
        return;
    };
    let t = cx.t;
    let Some((ty, _, _)) = module.tables.get(usize::try_from(view.table).unwrap_or_default()) else {
        parts::empty_state(ui, t, Icon::Table2, "The module has no tables", "");
        return;
    };
    let page = |first: u32| Query::Table {
        stop,
        table: view.table,
        first,
        count: PAGE,
    };
    let Some((Reply::Table(rows), _)) = answered(cx, ui, &page(0)) else {
        return;
    };
    let len = rows.len;
    let mut chosen = None;
    parts::pane_bar(ui, t, |ui| {
        for index in 0..module.tables.len().min(32) {
            let index = u32::try_from(index).unwrap_or_default();
            if ui
                .selectable_label(index == view.table, format!("table {index}"))
                .clicked()
            {
                chosen = Some(index);
            }
        }
        let text = format!("{ty} · {len} elements");
        ui.label(RichText::new(text).color(t.faint).size(12.0));
    });
    ui.spacing_mut().item_spacing.y = 0.0;
    let total = usize::try_from(len).unwrap_or_default();
    let area = ScrollArea::vertical()
        .id_salt(("table", view.table))
        .auto_shrink(false);
    area.show_rows(ui, theme::ROW_HEIGHT + 1.0, total, |ui, range| {
        for index in range {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            let first = index - index % PAGE;
            let (text, fresh) = match cx.ask(page(first)).latest() {
                Some((Reply::Table(rows), fresh)) => {
                    let at = usize::try_from(index.saturating_sub(rows.first)).unwrap_or_default();
                    (rows.rows.get(at).map_or("", String::as_str), fresh)
                }
                _ => ("", false),
            };
            let (rect, _) = parts::row(ui, t, false, &format!("element {index} {text}"));
            let number = Rect::from_min_max(rect.min, Pos2::new(rect.left() + 56.0, rect.bottom()));
            parts::line_right(ui, number, &index.to_string(), theme::code_font(), t.faint);
            let cell = Rect::from_min_max(Pos2::new(number.right() + 12.0, rect.top()), rect.max);
            let color = if text == "null" { t.faint } else { t.function };
            parts::line(ui, cell, text, theme::code_font(), parts::aged(color, fresh));
        }
    });
    if let Some(table) = chosen {
        view.table = table;
    }
}
