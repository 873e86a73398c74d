//! The bars around the panes: menus and toolbar above, the state of the run below. Both only read the model
//! and the command table.

use super::actions::{Action, Cx};
use super::commands::{self, COMMANDS, CommandId, CommandRow, Menu};
use super::model::{Phase, file_name, place_text};
use super::panes::breakpoints::spec_text;
use super::panes::output::outcome_text;
use super::theme::{self, Tokens};
use super::widgets::parts;
use egui::{Align, Color32, Layout, Margin, RichText, Sense, Ui, vec2};
use stepwell_engine::debugger::{Snapshot, StopReason};

/// The bar above: menus, then the toolbar, then the module's name.
pub fn top(cx: &mut Cx<'_>, ui: &mut Ui) {
    let t = cx.t;
    let frame = egui::Frame::new()
        .fill(t.chrome)
        .inner_margin(Margin::symmetric(8, 5));
    egui::Panel::top("top")
        .frame(frame)
        .resizable(false)
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 2.0;
                egui::MenuBar::new().ui(ui, |ui| {
                    ui.spacing_mut().button_padding = vec2(7.0, 3.0);
                    for (menu, name) in Menu::ALL {
                        ui.menu_button(name, |ui| {
                            ui.set_min_width(250.0);
                            entries(cx, ui, menu);
                        });
                    }
                    toolbar(cx, ui);
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        right(cx, ui);
                    });
                });
            });
        });
}

fn entries(cx: &mut Cx<'_>, ui: &mut Ui, menu: Menu) {
    let mut group = None;
    for row in COMMANDS.iter().filter(|row| row.menu == menu) {
        if group.replace(row.group).is_some_and(|last| last != row.group) {
            ui.separator();
        }
        if entry(cx, ui, row) {
            cx.push(Action::Do(row.id));
            ui.close();
        }
        if row.id == CommandId::OpenSample && !cx.recent.is_empty() {
            ui.menu_button(
                (theme::icon(lucide_icons::Icon::History, 14.0), "Open recent"),
                |ui| {
                    for path in cx.recent {
                        if ui.button(path.display().to_string()).clicked() {
                            cx.push(Action::Open(path.clone()));
                            ui.close();
                        }
                    }
                },
            );
        }
    }
}

fn entry(cx: &Cx<'_>, ui: &mut Ui, row: &CommandRow) -> bool {
    let enabled = (row.enabled_when)(cx.model);
    let title = row.title_now(cx.model);
    let mut button = match row.icon {
        Some(icon) => egui::Button::new((theme::icon(icon, 14.0).color(cx.t.weak), title)),
        None => egui::Button::new(title),
    };
    if let Some(shortcut) = row.shortcuts.first() {
        button = button.shortcut_text(ui.ctx().format_shortcut(shortcut));
    }
    let response = ui.add_enabled(enabled, button);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, enabled, title));
    response.clicked()
}

fn toolbar(cx: &mut Cx<'_>, ui: &mut Ui) {
    let t = cx.t;
    let mut group = None;
    for row in COMMANDS.iter().filter(|row| row.toolbar) {
        if group.replace(row.group) != Some(row.group) {
            divider(ui, t);
        }
        let Some(icon) = row.icon else { continue };
        let enabled = (row.enabled_when)(cx.model);
        let title = row.title_now(cx.model);
        let color = match row.id {
            CommandId::Go => Some(t.good),
            CommandId::Stop => Some(t.error),
            CommandId::Pause => Some(t.current),
            _ => None,
        };
        let response = parts::icon_button_in(ui, icon, title, enabled, color);
        let response = match row.shortcuts.first() {
            Some(shortcut) => {
                let keys = ui.ctx().format_shortcut(shortcut);
                response.on_hover_text(RichText::new(keys).color(t.weak))
            }
            None => response,
        };
        if response.clicked() {
            cx.push(Action::Do(row.id));
        }
    }
}

fn divider(ui: &mut Ui, t: &Tokens) {
    let (rect, _) = ui.allocate_exact_size(vec2(13.0, 22.0), Sense::hover());
    ui.painter().vline(
        rect.center().x,
        rect.shrink2(vec2(0.0, 2.0)).y_range(),
        egui::Stroke::new(1.0, t.border),
    );
}

fn right(cx: &mut Cx<'_>, ui: &mut Ui) {
    let t = cx.t;
    for id in [CommandId::ToggleTheme, CommandId::Palette] {
        if let Some(row) = commands::row_of(id)
            && let Some(icon) = row.icon
            && parts::icon_button(ui, icon, row.title, true).clicked()
        {
            cx.push(Action::Do(id));
        }
    }
    if !cx.model.name.is_empty() {
        ui.add_space(8.0);
        let name = file_name(&cx.model.name);
        let label = egui::Label::new(RichText::new(name).color(t.weak))
            .truncate()
            .selectable(false);
        ui.add(label).on_hover_text(&cx.model.name);
    }
}

/// Why the guest stands still, in words.
fn reason_text(cx: &Cx<'_>, snapshot: &Snapshot) -> String {
    match &snapshot.reason {
        StopReason::Entry => "at entry".to_owned(),
        StopReason::Breakpoint(ids) => {
            let wish = ids
                .first()
                .and_then(|id| cx.model.breakpoints.get(id))
                .map(|breakpoint| spec_text(&breakpoint.state.spec));
            match wish {
                Some(wish) => format!("breakpoint {wish}"),
                None => "breakpoint".to_owned(),
            }
        }
        StopReason::Condition { message, .. } => format!("no answer to {message}"),
        StopReason::Step => "step".to_owned(),
        StopReason::RunTo => "reached".to_owned(),
        StopReason::Pause => "paused".to_owned(),
        StopReason::Trap(trap) => trap.message.clone(),
    }
}

fn state(cx: &Cx<'_>) -> (Color32, &'static str, String) {
    let t = cx.t;
    match &cx.model.phase {
        Phase::Empty => (t.faint, "No module", String::new()),
        Phase::Loading => (t.weak, "Loading", file_name(&cx.model.name).to_owned()),
        Phase::Failed(message) => (t.error, "Not loaded", message.clone()),
        Phase::Ready if cx.model.debug.is_none() => (t.weak, "Loading", "debug info".to_owned()),
        Phase::Ready => {
            let main = cx.model.debug.as_ref().is_some_and(|debug| debug.main.is_some());
            let hint = match main {
                true => "set breakpoints, then press F5; F10 stops at the first line of main",
                false => "set breakpoints, then press F5; F10 stops at the entry",
            };
            (t.accent, "Ready", hint.to_owned())
        }
        Phase::Running if cx.model.waiting_for_input => (t.accent, "Waiting for input", String::new()),
        Phase::Running => (t.good, "Running", String::new()),
        Phase::Stopped => {
            let Some(snapshot) = &cx.model.snapshot else {
                return (t.current, "Stopped", String::new());
            };
            match &snapshot.reason {
                StopReason::Trap(_) => (t.error, "Fault", reason_text(cx, snapshot)),
                _ => (t.current, "Stopped", reason_text(cx, snapshot)),
            }
        }
        Phase::Ended(outcome) => (t.weak, "Ended", outcome_text(outcome)),
    }
}

/// The bar below: state, reason, place; at the right what the session is.
pub fn bottom(cx: &mut Cx<'_>, ui: &mut Ui) {
    let t = cx.t;
    let frame = egui::Frame::new()
        .fill(t.chrome)
        .inner_margin(Margin::symmetric(10, 3));
    egui::Panel::bottom("status")
        .frame(frame)
        .resizable(false)
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.set_height(20.0);
                ui.spacing_mut().item_spacing.x = 8.0;
                let small = |text: &str| RichText::new(text.to_owned()).size(12.0);
                let (color, word, detail) = state(cx);
                let (dot, _) = ui.allocate_exact_size(vec2(9.0, 9.0), Sense::hover());
                ui.painter().circle_filled(dot.center(), 4.0, color);
                let word = RichText::new(word).font(theme::strong_font(12.0)).color(color);
                ui.add(egui::Label::new(word).selectable(false));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    session(cx, ui);
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        if let Some(problem) = &cx.model.notice {
                            ui.label(theme::icon(lucide_icons::Icon::TriangleAlert, 13.0).color(t.warning));
                            let label = egui::Label::new(small(problem).color(t.warning));
                            ui.add(label.truncate()).on_hover_text(problem);
                        }
                        if !detail.is_empty() {
                            let label = egui::Label::new(small(&detail).color(t.text));
                            ui.add(label.truncate()).on_hover_text(&detail);
                        }
                        if let Some(frame) = cx.model.frame() {
                            let place = format!("{} · {}", frame.function, place_text(frame));
                            let label = egui::Label::new(small(&place).color(t.weak));
                            ui.add(label.truncate());
                        }
                    });
                });
            });
        });
}

fn session(cx: &Cx<'_>, ui: &mut Ui) {
    let t = cx.t;
    let small =
        |text: String| egui::Label::new(RichText::new(text).size(12.0).color(t.faint)).selectable(false);
    if let Some(module) = &cx.model.module {
        let engine = if module.compiled {
            "compiled"
        } else {
            "interpreted"
        };
        ui.add(small(engine.to_owned()));
    }
    if let Some(debug) = &cx.model.debug {
        let text = match (debug.has_lines, debug.diagnostics.len()) {
            (true, 0) => "debug info".to_owned(),
            (true, 1) => "debug info, 1 problem".to_owned(),
            (true, count) => format!("debug info, {count} problems"),
            (false, 0) => "no debug info".to_owned(),
            (false, 1) => "debug info broken".to_owned(),
            (false, count) => format!("debug info broken: {count} problems"),
        };
        ui.add(small(text));
    }
    if let Some(snapshot) = &cx.model.snapshot {
        ui.add(small(format!("tick {}", parts::grouped(snapshot.tick))))
            .on_hover_text("Function entries and loop heads passed since the guest began");
        ui.add(small(format!(
            "at {}",
            snapshot
                .frames
                .first()
                .map_or("?".to_owned(), |f| f.pc.to_string())
        )));
    }
}
