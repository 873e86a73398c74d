//! What the guest printed, and a line to answer it with.

use crate::gui::actions::{Action, Cx};
use crate::gui::model::{Phase, Voice};
use crate::gui::theme;
use crate::gui::widgets::parts;
use egui::text::{LayoutJob, TextFormat};
use egui::{Key, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};
use lucide_icons::Icon;
use stepwell_engine::debugger::{Outcome, OutputStream};

const STDERR: Voice = Voice::Guest(OutputStream::Stderr);

/// The pane's own state.
#[derive(Debug, Default)]
pub struct OutputView {
    line: String,
}

/// How a run ended, in words.
pub fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Exited { code } => format!("Exited with code {code}"),
        Outcome::Returned { values } if values.is_empty() => "Returned".to_owned(),
        Outcome::Returned { values } => format!("Returned {}", values.join(", ")),
        Outcome::Trapped { message } => format!("Trapped: {message}"),
        Outcome::Stopped => "Stopped on request".to_owned(),
    }
}

/// Draws the pane.
pub fn show(cx: &mut Cx<'_>, view: &mut OutputView, ui: &mut Ui) {
    let t = cx.t;
    let alive = matches!(cx.model.phase, Phase::Running | Phase::Stopped);
    let output = &cx.model.output;
    if output.lines().is_empty() && !alive && !matches!(cx.model.phase, Phase::Ended(_)) {
        let hint = "What the guest writes to standard output and error shows here.";
        parts::empty_state(ui, t, Icon::Terminal, "No output", hint);
        return;
    }
    let input_height = if alive { 34.0 } else { 0.0 };
    let size = vec2(
        ui.available_width(),
        (ui.available_height() - input_height).max(10.0),
    );
    ui.allocate_ui(size, |ui| {
        ui.set_min_size(size);
        ui.spacing_mut().item_spacing.y = 0.0;
        let ended = match &cx.model.phase {
            Phase::Ended(outcome) => Some(outcome_text(outcome)),
            _ => None,
        };
        if output.lines().is_empty() && ended.is_none() {
            ui.add_space(6.0);
            ui.label(
                RichText::new("   Nothing has been printed yet")
                    .color(t.faint)
                    .size(12.0),
            );
            return;
        }
        let extra_top = usize::from(output.is_truncated());
        let lines = output.lines().len();
        let total = extra_top + lines + usize::from(ended.is_some());
        let height = theme::ROW_HEIGHT - 1.0;
        let area = ScrollArea::both()
            .id_salt("output")
            .auto_shrink(false)
            .stick_to_bottom(true);
        area.show_rows(ui, height, total, |ui, range| {
            for row in range {
                let line = row
                    .checked_sub(extra_top)
                    .and_then(|index| output.lines().get(index));
                let (text, color) = match line {
                    Some(line) if line.voice == STDERR => (line.text.as_str(), t.warning),
                    Some(line) if line.voice == Voice::Log => (line.text.as_str(), t.accent),
                    Some(line) => (line.text.as_str(), t.text),
                    None if row < extra_top => ("(older lines were let go)", t.faint),
                    None => (ended.as_deref().unwrap_or_default(), t.weak),
                };
                let format = TextFormat::simple(theme::code_font(), color);
                let galley = ui
                    .painter()
                    .layout_job(LayoutJob::single_section(text.to_owned(), format));
                let size = vec2(galley.size().x + 24.0, height);
                let (rect, response) = ui.allocate_exact_size(size, Sense::click());
                response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
                response.context_menu(|ui| {
                    if ui.button("Copy line").clicked() {
                        cx.push(Action::Copy(text.to_owned()));
                    }
                    if ui.button("Copy all output").clicked() {
                        cx.push(Action::Copy(output.text()));
                    }
                });
                let pos = rect.left_center() + vec2(8.0, -galley.size().y * 0.5);
                let mark = match line.map(|line| line.voice) {
                    Some(STDERR) => Some(t.warning),
                    Some(Voice::Log) => Some(t.accent),
                    _ => None,
                };
                if let Some(mark) = mark {
                    let bar = egui::Rect::from_min_size(rect.min, vec2(2.5, height));
                    ui.painter().rect_filled(bar, 0.0, mark);
                }
                ui.painter().galley(pos, galley, color);
            }
        });
    });
    if alive {
        input(cx, view, ui);
    }
}

fn input(cx: &mut Cx<'_>, view: &mut OutputView, ui: &mut Ui) {
    let t = cx.t;
    let waiting = cx.model.waiting_for_input;
    let open = !cx.model.stdin_closed;
    let frame = egui::Frame::new()
        .fill(if waiting { t.accent_bg } else { t.chrome })
        .inner_margin(egui::Margin::symmetric(8, 4));
    let width = ui.available_width();
    frame.show(ui, |ui| {
        ui.set_min_width(width - 16.0);
        ui.horizontal(|ui| {
            ui.label(theme::icon(Icon::ChevronRight, 14.0).color(if waiting { t.accent } else { t.faint }));
            let hint = match (open, waiting) {
                (false, _) => "End of input was sent",
                (true, true) => "The guest waits for a line of input",
                (true, false) => "Standard input",
            };
            let edit = egui::TextEdit::singleline(&mut view.line)
                .hint_text(hint)
                .font(theme::code_font())
                .desired_width((ui.available_width() - 116.0).max(60.0));
            let response = ui.add_enabled(open, edit);
            let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            let clicked = ui.add_enabled(open, egui::Button::new("Send")).clicked();
            if open && (entered || clicked) {
                cx.push(Action::Stdin(std::mem::take(&mut view.line)));
                response.request_focus();
            }
            let eof = egui::Button::new(RichText::new("EOF"));
            if ui
                .add_enabled(open, eof)
                .on_hover_text("End of standard input")
                .clicked()
            {
                cx.push(Action::CloseStdin);
            }
        });
    });
}
