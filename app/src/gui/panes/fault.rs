//! A fault, explained: what happened, at which instruction, where in memory, and where to look first.

use crate::gui::actions::{Action, Cx};
use crate::gui::model::place_text;
use crate::gui::theme::{self, Tokens};
use crate::gui::widgets::{parts, syntax};
use egui::{Pos2, Rect, RichText, Role, Sense, Ui, WidgetInfo, vec2};
use lucide_icons::Icon;
use stepwell_debuginfo::{Availability, Language};
use stepwell_engine::debugger::{FaultAccess, FrameInfo, Query, Reply, TrapInfo};

/// The banner's own state.
#[derive(Debug, Default)]
pub struct FaultView {
    folded: bool,
    height: f32,
}

/// Draws the banner over the panes, if the guest stands at a fault.
pub fn show(cx: &mut Cx<'_>, view: &mut FaultView, ui: &mut Ui) {
    let t = cx.t;
    let Some(trap) = cx.model.trap().cloned() else {
        return;
    };
    let frame = cx
        .model
        .snapshot
        .as_ref()
        .and_then(|snapshot| snapshot.frames.first())
        .cloned();
    let back = egui::Frame::new()
        .fill(t.error_bg)
        .inner_margin(egui::Margin::symmetric(14, 9));
    let panel = egui::Panel::top("fault").frame(back).resizable(false);
    let shown = panel.show_separator_line(false).show(ui, |ui| {
        head(cx, view, ui, &trap, frame.as_ref());
        if view.folded {
            return;
        }
        ui.add_space(4.0);
        let wide = ui.available_width();
        ui.horizontal_top(|ui| {
            let left = if trap.access.is_some() { wide * 0.46 } else { 0.0 };
            if let Some(access) = &trap.access {
                ui.allocate_ui(vec2(left - 20.0, 0.0), |ui| {
                    ui.vertical(|ui| arithmetic(cx, ui, access));
                });
                ui.add_space(12.0);
            }
            ui.vertical(|ui| {
                ui.set_max_width((wide - left - 12.0).min(820.0));
                if let Some(frame) = &frame {
                    expression(cx, ui, frame);
                }
                for sentence in &trap.explanation {
                    ui.label(RichText::new(sentence).color(t.text));
                }
            });
        });
    });
    let rect = shown.response.rect;
    if (rect.height() - view.height).abs() > 0.5 {
        // A panel learns its height by drawing: draw once more with the height known.
        view.height = rect.height();
        ui.ctx().request_discard("the fault banner has another height");
    }
    let stripe = Rect::from_min_max(rect.min, Pos2::new(rect.left() + 4.0, rect.bottom()));
    ui.painter().rect_filled(stripe, 0.0, t.error);
}

fn head(cx: &mut Cx<'_>, view: &mut FaultView, ui: &mut Ui, trap: &TrapInfo, frame: Option<&FrameInfo>) {
    let t = cx.t;
    ui.horizontal(|ui| {
        ui.label(theme::icon(Icon::Zap, 18.0).color(t.error));
        let title = capital(&trap.kind.to_string());
        ui.label(RichText::new(title).font(theme::strong_font(15.0)).color(t.error));
        if !trap.instruction.is_empty() {
            let code = RichText::new(&trap.instruction)
                .font(theme::code_font())
                .color(t.text);
            let chip = egui::Frame::new()
                .fill(t.canvas)
                .corner_radius(4)
                .inner_margin(egui::Margin::symmetric(7, 2));
            chip.show(ui, |ui| ui.label(code));
        }
        if let Some(frame) = frame {
            ui.label(RichText::new("in").color(t.weak));
            ui.label(
                RichText::new(&frame.function)
                    .font(theme::code_font())
                    .color(t.function),
            );
            let place = RichText::new(place_text(frame))
                .font(theme::code_font())
                .color(t.accent);
            let link = egui::Button::new(place).frame(false);
            if ui.add(link).on_hover_text("Show where it happened").clicked() {
                cx.push(Action::SelectFrame(0));
            }
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let (picture, name) = if view.folded {
                (Icon::ChevronDown, "Explain the fault")
            } else {
                (Icon::ChevronUp, "Fold the explanation")
            };
            if parts::icon_button(ui, picture, name, true).clicked() {
                view.folded = !view.folded;
            }
        });
    });
}

/// The source line that faulted, and the variables it names with their values.
fn expression(cx: &mut Cx<'_>, ui: &mut Ui, frame: &FrameInfo) {
    let t = cx.t;
    let Some(place) = &frame.source else { return };
    let language = cx
        .model
        .file(place.file)
        .map_or(Language::Other, |file| file.language);
    let text = cx.sources.text(&place.path);
    let Some(line) = text.as_ref().and_then(|text| text.line(place.line)) else {
        return;
    };
    let mut job = syntax::highlight(line.trim(), language, false, t);
    job.wrap = egui::text::TextWrapping::truncate_at_width(ui.available_width());
    ui.label(job);
    let Some(stop) = cx.model.stop() else { return };
    let query = Query::Frame { stop, frame: 0 };
    let Some((Reply::Frame(detail), true)) = cx.ask(query).latest() else {
        return;
    };
    let named = |name: &str| {
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.any(|word| word == name)
    };
    let variables = detail.variables.iter();
    let shown: Vec<_> = variables
        .filter(|node| node.availability == Availability::Available && named(&node.name))
        .take(6)
        .collect();
    if shown.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        for node in shown {
            let code = |text: &str| RichText::new(text.to_owned()).font(theme::code_font());
            ui.label(code(&node.name).color(t.accent));
            ui.label(code("=").color(t.faint));
            let value: String = node.text.chars().take(60).collect();
            ui.label(code(&value).color(t.text));
            ui.add_space(9.0);
        }
    });
    ui.add_space(2.0);
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// `base + offset = address`, against the size of the memory, in numbers and drawn.
fn arithmetic(cx: &mut Cx<'_>, ui: &mut Ui, access: &FaultAccess) {
    let t = cx.t;
    let verb = if access.write { "store" } else { "load" };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let code = |text: String| RichText::new(text).font(theme::code_font());
        let note = |text: &str| RichText::new(text.to_owned()).color(t.weak).size(12.0);
        ui.label(note("address"));
        ui.label(code(format!("0x{:x}", access.base)).color(t.text));
        ui.label(note("+ offset"));
        ui.label(code(access.offset.to_string()).color(t.text));
        ui.label(note("="));
        ui.label(code(format!("0x{:x}", access.address)).color(t.error));
    });
    bar(ui, t, access);
    // How far outside it lies is said in the explanation.
    let bytes = if access.len_bytes == 1 { "byte" } else { "bytes" };
    let text = format!(
        "a {verb} of {} {bytes} · memory {} has {}",
        access.len_bytes,
        access.memory,
        parts::size_text(access.memory_len_bytes),
    );
    ui.label(RichText::new(text).color(t.weak).size(12.0));
}

/// The memory as a bar, and where the access lies. Far ones are drawn at the far end of a cut scale.
fn bar(ui: &mut Ui, t: &Tokens, access: &FaultAccess) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 30.0), Sense::hover());
    let size = access.memory_len_bytes.max(1) as f64;
    let address = access.address as f64;
    response.widget_info(|| {
        let text = format!("access at 0x{:x} beside the memory", access.address);
        WidgetInfo::labeled(Role::Image, true, text)
    });
    let track = Rect::from_min_max(
        Pos2::new(rect.left(), rect.top() + 13.0),
        Pos2::new(rect.right(), rect.top() + 23.0),
    );
    let painter = ui.painter();
    let inside = 0.62f32;
    let split = track.left() + track.width() * inside;
    let memory = Rect::from_min_max(track.min, Pos2::new(split, track.bottom()));
    painter.rect_filled(track, 3.0, t.raised);
    painter.rect_filled(memory, 3.0, t.accent_bg);
    painter.rect_stroke(
        memory,
        3.0,
        egui::Stroke::new(1.0, t.accent),
        egui::StrokeKind::Inside,
    );
    // Past the end the scale is logarithmic: one byte past and four gigabytes past both show.
    let x = if address < size {
        track.left() + memory.width() * (address / size) as f32
    } else {
        let past = ((address - size + 1.0).ln() / 2f64.powi(33).ln()).clamp(0.02, 1.0) as f32;
        split + (track.right() - split - 5.0) * past
    };
    painter.vline(
        x,
        rect.top() + 10.0..=track.bottom() + 3.0,
        egui::Stroke::new(2.5, t.error),
    );
    let tip = Pos2::new(x, rect.top() + 11.0);
    let triangle = vec![tip, tip + vec2(-4.5, -7.0), tip + vec2(4.5, -7.0)];
    painter.add(egui::Shape::convex_polygon(triangle, t.error, egui::Stroke::NONE));
    let font = theme::small_font();
    painter.text(
        memory.left_top() - vec2(0.0, 1.0),
        egui::Align2::LEFT_BOTTOM,
        "0",
        font.clone(),
        t.weak,
    );
    let end = format!("0x{:x}", access.memory_len_bytes);
    painter.text(
        memory.right_top() - vec2(0.0, 1.0),
        egui::Align2::RIGHT_BOTTOM,
        end,
        font,
        t.weak,
    );
}
