//! Rows of names, values and types in three columns, with a triangle where there is more inside.

use super::parts;
use crate::gui::theme::{self, Tokens};
use egui::{Pos2, Rect, Role, Sense, Ui, WidgetInfo, vec2};
use lucide_icons::Icon;

/// One row.
#[derive(Clone, Debug, Default)]
pub struct ValueRow<'a> {
    /// How deep it lies.
    pub depth: usize,
    /// Its name.
    pub name: &'a str,
    /// Its value, or the reason why there is none.
    pub value: &'a str,
    /// Its type.
    pub type_name: &'a str,
    /// Whether it is open; `None` for leaves.
    pub open: Option<bool>,
    /// Whether `value` is a value.
    pub available: bool,
    /// Whether it changed since the last stop.
    pub changed: bool,
    /// Whether it is of this stop; drawn pale if not.
    pub fresh: bool,
    /// Its address in linear memory.
    pub address: Option<u64>,
    /// Whether it is a pointer to somewhere.
    pub points: bool,
    /// Whether a double click may change it.
    pub editable: bool,
    /// Whether it can be taken off the list.
    pub removable: bool,
    /// Whether the column of names is wide.
    pub long_name: bool,
    /// A line under the name that points at a part of it.
    pub caret: &'a str,
}

/// What a person did to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueEvent {
    /// Open or close it.
    Toggle,
    /// Show its memory.
    Memory,
    /// Show the memory it points to.
    Pointee,
    /// Change it.
    Edit,
    /// Put its value on the clipboard.
    Copy,
    /// Take it off the list.
    Remove,
}

/// Where the columns of a row begin: value and type.
pub fn columns(rect: Rect, long_name: bool) -> (f32, f32) {
    let share = if long_name { 0.5 } else { 0.38 };
    let value = rect.left() + rect.width() * share;
    let type_name = rect.left() + rect.width() * 0.74;
    (value, type_name)
}

impl ValueRow<'_> {
    /// Draws it; also gives the rectangle of its value, for an editor to stand in.
    pub fn show(&self, ui: &mut Ui, t: &Tokens) -> (Option<ValueEvent>, Rect) {
        let size = vec2(ui.available_width(), theme::ROW_HEIGHT + 1.0);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        response.widget_info(|| {
            WidgetInfo::labeled(Role::TreeItem, true, format!("{} = {}", self.name, self.value))
        });
        if response.hovered() {
            ui.painter().rect_filled(rect, 0.0, t.raised);
        }
        let mut event = None;
        let (x_value, x_type) = columns(rect, self.long_name);
        let indent = self.depth.min(24) as f32 * 13.0;
        let x_name = rect.left() + 6.0 + indent;
        let triangle = Rect::from_min_size(Pos2::new(x_name, rect.top()), vec2(14.0, rect.height()));
        if let Some(open) = self.open {
            let picture = if open {
                Icon::ChevronDown
            } else {
                Icon::ChevronRight
            };
            parts::paint_icon(ui, triangle, picture, 12.0, t.weak);
        }
        let pale = |color: egui::Color32| parts::aged(color, self.fresh);
        let cell = |from: f32, to: f32| {
            Rect::from_min_max(Pos2::new(from, rect.top()), Pos2::new(to, rect.bottom()))
        };
        let name_cell = cell(triangle.right() + 2.0, x_value - 6.0);
        parts::line(ui, name_cell, self.name, theme::code_font(), pale(t.accent));
        let value_cell = cell(x_value.max(name_cell.left() + 20.0), x_type - 6.0);
        let color = if !self.available {
            t.faint
        } else if self.changed {
            t.changed
        } else {
            t.text
        };
        if self.changed {
            let bar = Rect::from_min_max(rect.min, Pos2::new(rect.left() + 2.5, rect.bottom()));
            ui.painter().rect_filled(bar, 0.0, t.changed);
        }
        let font = if self.available {
            theme::code_font()
        } else {
            egui::FontId::proportional(theme::CODE_SIZE - 0.5)
        };
        parts::line(ui, value_cell, self.value, font, pale(color));
        let mut right = rect.right() - 6.0;
        if let Some(address) = self.address {
            let spot = Rect::from_center_size(
                Pos2::new(rect.right() - 14.0, rect.center().y),
                vec2(20.0, rect.height()),
            );
            let jump = ui.interact(spot, response.id.with("memory"), Sense::click());
            jump.widget_info(|| {
                WidgetInfo::labeled(Role::Button, true, format!("Show {} in memory", self.name))
            });
            let strength = if jump.hovered() { t.accent } else { t.faint };
            if response.hovered() || jump.hovered() {
                right = spot.left();
                parts::paint_icon(ui, spot, Icon::MemoryStick, 13.0, strength);
            }
            if jump
                .on_hover_text(format!("Show in memory at 0x{address:x}"))
                .clicked()
            {
                event = Some(ValueEvent::Memory);
            }
        }
        if self.removable {
            let spot = Rect::from_center_size(
                Pos2::new(rect.right() - 34.0, rect.center().y),
                vec2(18.0, rect.height()),
            );
            let remove = ui.interact(spot, response.id.with("remove"), Sense::click());
            let name = format!("Stop watching {}", self.name);
            remove.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
            if response.hovered() || remove.hovered() {
                right = spot.left();
                let color = if remove.hovered() { t.error } else { t.faint };
                parts::paint_icon(ui, spot, Icon::X, 13.0, color);
            }
            if remove.on_hover_text(name).clicked() {
                event = Some(ValueEvent::Remove);
            }
        }
        parts::line(
            ui,
            cell(x_type, right),
            self.type_name,
            theme::code_font(),
            pale(t.faint),
        );
        if response.double_clicked() && self.editable {
            event = Some(ValueEvent::Edit);
        } else if response.clicked() && self.open.is_some() {
            event = Some(ValueEvent::Toggle);
        }
        response.context_menu(|ui| {
            if ui.button("Copy value").clicked() {
                event = Some(ValueEvent::Copy);
            }
            if self.address.is_some() && ui.button("Show in memory").clicked() {
                event = Some(ValueEvent::Memory);
            }
            if self.points && ui.button("Show what it points to").clicked() {
                event = Some(ValueEvent::Pointee);
            }
            if self.removable && ui.button("Stop watching").clicked() {
                event = Some(ValueEvent::Remove);
            }
            if self.editable && ui.button("Change value…").clicked() {
                event = Some(ValueEvent::Edit);
            }
        });
        response.on_hover_ui_at_pointer(|ui| {
            let text = if self.caret.is_empty() {
                format!("{}: {}\n{}", self.name, self.type_name, self.value)
            } else {
                format!("{}\n{}\n{}", self.name, self.caret, self.value)
            };
            ui.label(egui::RichText::new(text).font(theme::code_font()));
            if let Some(address) = self.address {
                ui.label(egui::RichText::new(format!("at 0x{address:x}")).color(t.weak));
            }
        });
        (event, value_cell)
    }
}
