//! Small parts shared by panes: icon buttons, empty states, section headings, one-line text.

use crate::gui::theme::{self, Tokens};
use egui::{Align, Align2, Color32, FontId, Layout, Pos2, Rect, Response, Role, Sense, Ui, WidgetInfo, vec2};
use lucide_icons::Icon;

/// A button that is a picture; `name` is what it is called, and its tooltip.
pub fn icon_button(ui: &mut Ui, picture: Icon, name: &str, enabled: bool) -> Response {
    icon_button_in(ui, picture, name, enabled, None)
}

/// The same, in a colour of its own while enabled.
pub fn icon_button_in(
    ui: &mut Ui,
    picture: Icon,
    name: &str,
    enabled: bool,
    color: Option<Color32>,
) -> Response {
    let mut text = theme::icon(picture, 15.0);
    if let Some(color) = color.filter(|_| enabled) {
        text = text.color(color);
    }
    let button = egui::Button::new(text)
        .frame_when_inactive(false)
        .min_size(vec2(26.0, 24.0));
    let response = ui.add_enabled(enabled, button);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
    response.on_hover_text(name).on_disabled_hover_text(name)
}

/// What an empty pane says: a picture, a line, and what to do about it.
pub fn empty_state(ui: &mut Ui, t: &Tokens, picture: Icon, title: &str, hint: &str) {
    let height = ui.available_height();
    ui.vertical_centered(|ui| {
        ui.add_space((height * 0.5 - 52.0).clamp(6.0, 220.0));
        if height > 110.0 {
            ui.label(theme::icon(picture, 26.0).color(t.faint));
            ui.add_space(2.0);
        }
        ui.label(
            egui::RichText::new(title)
                .color(t.weak)
                .font(theme::strong_font(13.5)),
        );
        if !hint.is_empty() {
            centred(ui, hint, FontId::proportional(12.0), t.faint);
        }
    });
}

/// Text in the middle, wrapped well before the edges.
pub fn centred(ui: &mut Ui, text: &str, font: FontId, color: Color32) {
    let mut job = egui::text::LayoutJob::simple(text.to_owned(), font, color, 0.0);
    job.wrap.max_width = (ui.available_width() - 40.0).clamp(40.0, 440.0);
    job.halign = Align::Center;
    let galley = ui.painter().layout_job(job);
    let size = vec2(ui.available_width(), galley.size().y);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    ui.painter().galley(rect.center_top(), galley, color);
}

/// The colour of something known: pale while it is of another stop than this one.
pub fn aged(color: Color32, fresh: bool) -> Color32 {
    if fresh { color } else { color.gamma_multiply(0.6) }
}

/// A caption over a group of rows.
pub fn heading(ui: &mut Ui, t: &Tokens, text: &str) {
    let (rect, response) = ui.allocate_exact_size(
        vec2(ui.available_width(), theme::ROW_HEIGHT + 1.0),
        Sense::hover(),
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    line(
        ui,
        rect.shrink2(vec2(8.0, 0.0)),
        text,
        theme::strong_font(theme::SMALL_SIZE),
        t.weak,
    );
}

/// Text on one line, cut with "…" at the rectangle's right edge. Returns its width.
pub fn line(ui: &Ui, rect: Rect, text: &str, font: FontId, color: Color32) -> f32 {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width().max(0.0));
    let galley = ui.painter().layout_job(job);
    let width = galley.size().x;
    let y = rect.center().y - galley.size().y * 0.5;
    ui.painter().galley(Pos2::new(rect.left(), y), galley, color);
    width
}

/// Text on one line that ends at the rectangle's right edge. Returns its width.
pub fn line_right(ui: &Ui, rect: Rect, text: &str, font: FontId, color: Color32) -> f32 {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), font, color);
    let width = galley.size().x;
    let pos = Pos2::new(
        (rect.right() - width).max(rect.left()),
        rect.center().y - galley.size().y * 0.5,
    );
    ui.painter()
        .with_clip_rect(rect.intersect(ui.clip_rect()))
        .galley(pos, galley, color);
    width
}

/// An icon centred in a rectangle.
pub fn paint_icon(ui: &Ui, rect: Rect, picture: Icon, size: f32, color: Color32) {
    ui.painter().text(
        rect.center(),
        Align2::CENTER_CENTER,
        char::from(picture),
        theme::icon_font(size),
        color,
    );
}

/// A row as wide as the pane that can be clicked; paints its background. `name` is for screen readers.
pub fn row(ui: &mut Ui, t: &Tokens, selected: bool, name: &str) -> (Rect, Response) {
    let size = vec2(ui.available_width(), theme::ROW_HEIGHT + 1.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, name));
    if selected {
        ui.painter().rect_filled(rect, 0.0, t.accent_bg);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, t.raised);
    }
    (rect, response)
}

/// Height of the bar at the top of a pane.
const BAR_HEIGHT: f32 = 33.0;

/// A bar at the top of a pane for its own controls.
pub fn pane_bar<R>(ui: &mut Ui, t: &Tokens, add: impl FnOnce(&mut Ui) -> R) -> R {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), BAR_HEIGHT), Sense::hover());
    ui.painter().hline(
        rect.x_range(),
        rect.bottom() - 0.5,
        egui::Stroke::new(1.0, t.border),
    );
    let inner = rect.shrink2(vec2(8.0, 2.0));
    let builder = egui::UiBuilder::new()
        .max_rect(inner)
        .layout(Layout::left_to_right(Align::Center));
    ui.scope_builder(builder, add).inner
}

/// A number grouped in thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size for people: "147 kB" style, in powers of 1024.
pub fn size_text(len_bytes: u64) -> String {
    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;
    match len_bytes {
        0..KIB => format!("{len_bytes} B"),
        KIB..MIB => format!("{:.1} KiB", len_bytes as f64 / KIB as f64),
        MIB..GIB => format!("{:.1} MiB", len_bytes as f64 / MIB as f64),
        _ => format!("{:.2} GiB", len_bytes as f64 / GIB as f64),
    }
}
