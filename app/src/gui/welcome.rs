//! What stands where the source will be, before there is any: no module, loading, failed.

use crate::gui::actions::{Action, Cx};
use crate::gui::commands::CommandId;
use crate::gui::model::{Phase, file_name};
use crate::gui::theme;
use crate::gui::widgets::parts;
use egui::{RichText, Ui, vec2};
use lucide_icons::Icon;

/// Draws it if there is no module to show; `true` if it did.
pub fn show(cx: &mut Cx<'_>, ui: &mut Ui) -> bool {
    match &cx.model.phase {
        Phase::Empty => empty(cx, ui),
        Phase::Loading => {
            let title = format!("Loading {}…", file_name(&cx.model.name));
            parts::empty_state(ui, cx.t, Icon::Hourglass, &title, "Reading, validating, linking.");
        }
        Phase::Failed(message) => failed(cx, ui, message),
        _ => return false,
    }
    true
}

fn big_button(ui: &mut Ui, icon: Icon, text: &str) -> bool {
    let button = egui::Button::new((theme::icon(icon, 15.0), text)).min_size(vec2(230.0, 32.0));
    let response = ui.add(button);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, text));
    response.clicked()
}

fn empty(cx: &mut Cx<'_>, ui: &mut Ui) {
    let t = cx.t;
    let height = ui.available_height();
    ui.vertical_centered(|ui| {
        ui.add_space((height * 0.5 - 150.0).clamp(10.0, 260.0));
        ui.label(
            RichText::new("Stepwell")
                .font(theme::strong_font(30.0))
                .color(t.text),
        );
        ui.label(
            RichText::new("Walk through WebAssembly, step by step.")
                .color(t.weak)
                .size(14.0),
        );
        ui.add_space(16.0);
        if big_button(ui, Icon::FolderOpen, "Open module…") {
            cx.push(Action::Do(CommandId::Open));
        }
        ui.add_space(2.0);
        if big_button(ui, Icon::BookOpen, "Open sample") {
            cx.push(Action::Do(CommandId::OpenSample));
        }
        ui.add_space(8.0);
        ui.label(RichText::new("or drop a .wasm or .wat file here").color(t.faint));
        let recent: Vec<_> = cx.recent.iter().take(5).cloned().collect();
        if !recent.is_empty() {
            ui.add_space(14.0);
            ui.label(
                RichText::new("Recent")
                    .font(theme::strong_font(12.0))
                    .color(t.weak),
            );
        }
        for path in recent {
            let text = path.display().to_string();
            let link = egui::Button::new(RichText::new(&text).color(t.accent))
                .frame(false)
                .truncate();
            if ui.add(link).on_hover_text(&text).clicked() {
                cx.push(Action::Open(path));
            }
        }
    });
}

fn failed(cx: &mut Cx<'_>, ui: &mut Ui, message: &str) {
    let t = cx.t;
    let height = ui.available_height();
    ui.vertical_centered(|ui| {
        ui.add_space((height * 0.5 - 100.0).clamp(10.0, 260.0));
        ui.label(theme::icon(Icon::FileX2, 28.0).color(t.error));
        let title = format!("{} cannot be run", file_name(&cx.model.name));
        ui.label(RichText::new(title).font(theme::strong_font(16.0)).color(t.text));
        ui.add_space(6.0);
        let width = (ui.available_width() - 80.0).clamp(80.0, 560.0);
        egui::Frame::new()
            .fill(t.error_bg)
            .corner_radius(6)
            .inner_margin(egui::Margin::symmetric(12, 8))
            .show(ui, |ui| {
                ui.set_max_width(width);
                ui.label(RichText::new(message).font(theme::code_font()).color(t.error));
            });
        ui.add_space(10.0);
        if cx.model.module.is_some() {
            let hint = "It decoded, so its sections, imports and functions are in the Module pane.";
            parts::centred(ui, hint, theme::text_font(), t.weak);
            ui.add_space(6.0);
        }
        let exports = (cx.model.module.iter()).flat_map(|module| &module.exports);
        if exports.into_iter().any(|export| export.kind == "func") {
            if big_button(ui, Icon::SquareFunction, "Run a function of it…") {
                cx.push(Action::Do(CommandId::RunWith));
            }
            ui.add_space(2.0);
        }
        if big_button(ui, Icon::RefreshCw, "Reload module") {
            cx.push(Action::Do(CommandId::Reload));
        }
        ui.add_space(2.0);
        if big_button(ui, Icon::FolderOpen, "Open another module…") {
            cx.push(Action::Do(CommandId::Open));
        }
    });
}
