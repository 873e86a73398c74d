//! Source text: breakpoints in the gutter, lines that have code, the line where the guest stands and the
//! lines its callers wait at.

use crate::gui::actions::{Action, Cx};
use crate::gui::commands::CommandId;
use crate::gui::layout::Pane;
use crate::gui::model::{Breakpoint, file_name};
use crate::gui::queries::Answer;
use crate::gui::sources::{Known, Prepared};
use crate::gui::theme;
use crate::gui::welcome;
use crate::gui::widgets::code_view::{CodeEvent, CodeRow, CodeView, Stand};
use crate::gui::widgets::mark::Mark;
use crate::gui::widgets::{parts, syntax};
use crate::source_cache::SourceText;
use egui::{RichText, ScrollArea, Ui};
use lucide_icons::Icon;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use stepwell_debuginfo::{Availability, FileId, SourceFile};
use stepwell_engine::debugger::{BreakpointSpec, Query, QueryError, Reply};

const MAX_TABS: usize = 8;

/// The pane's own state.
#[derive(Debug, Default)]
pub struct SourceView {
    open: Vec<FileId>,
    active: Option<FileId>,
    carets: HashMap<FileId, u32>,
    reveal: Option<u32>,
    filter: String,
    folder: String,
    sought: String,
    focus_search: bool,
    /// The text of the file that was drawn last.
    drawn: Option<(FileId, Arc<Prepared>)>,
}

impl SourceView {
    /// Shows a file, at a line if given.
    pub fn go(&mut self, file: FileId, line: Option<u32>) {
        if !self.open.contains(&file) {
            if self.open.len() >= MAX_TABS {
                self.open.remove(0);
            }
            self.open.push(file);
        }
        self.active = Some(file);
        if let Some(line) = line {
            self.carets.insert(file, line);
            self.reveal = Some(line);
        }
    }

    /// Shows a line of the file in front.
    pub fn go_to_line(&mut self, line: u32) {
        if let Some(file) = self.active {
            self.go(file, Some(line));
        }
    }

    /// Puts the keyboard into the search field.
    pub fn search(&mut self) {
        self.focus_search = true;
    }

    /// The caret goes to the next line (or the one before) with the text that is sought, round the end.
    fn seek(&mut self, back: bool) {
        let Some(file) = self.active else { return };
        let Some((_, prepared)) = self.drawn.as_ref().filter(|(id, _)| *id == file) else {
            return;
        };
        let wanted = self.sought.to_lowercase();
        let lines = &prepared.text.lines;
        let caret = self.carets.get(&file).copied().unwrap_or(1);
        let from = usize::try_from(caret.saturating_sub(1)).unwrap_or_default();
        let found = (1..=lines.len()).find_map(|step| {
            let step = if back {
                lines.len().saturating_sub(step)
            } else {
                step
            };
            let index = from.saturating_add(step) % lines.len();
            let has = lines.get(index)?.to_lowercase().contains(&wanted);
            has.then_some(index)
        });
        if let Some(index) = found {
            let line = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
            self.go(file, Some(line));
        }
    }

    /// The file and line with the caret.
    pub fn caret(&self) -> Option<(FileId, u32)> {
        let file = self.active?;
        Some((file, *self.carets.get(&file)?))
    }

    /// The guest stands in code without source lines: no file is in front.
    pub fn leave(&mut self) {
        self.active = None;
    }
}

/// Draws the pane.
pub fn show(cx: &mut Cx<'_>, view: &mut SourceView, ui: &mut Ui) {
    if welcome::show(cx, ui) {
        return;
    }
    let Some(debug) = &cx.model.debug else {
        parts::empty_state(ui, cx.t, Icon::Hourglass, "Reading debug info…", "");
        return;
    };
    if debug.files.is_empty() {
        no_sources(cx, ui);
        return;
    }
    bar(cx, view, ui, &debug.files);
    let Some(file) = view.active.and_then(|id| cx.model.file(id)) else {
        let hint = "The guest stands in code without source lines, or has not started. Choose a file above.";
        parts::empty_state(ui, cx.t, Icon::FileCode, "No source here", hint);
        return;
    };
    match cx.sources.get(&file.path) {
        Known::Found(prepared) => {
            view.drawn = Some((file.id, Arc::clone(&prepared)));
            if let Some(why) = prepared.text.stale {
                ui.horizontal(|ui| {
                    ui.add_space(8.0);
                    ui.label(theme::icon(Icon::TriangleAlert, 13.0).color(cx.t.warning));
                    ui.label(RichText::new(why).color(cx.t.warning));
                });
            }
            text(cx, view, ui, file, &prepared);
        }
        Known::Missing(tried) => {
            let embedded = Query::EmbeddedSource { file: file.id };
            if file.embedded
                && let Answer::Ready(Reply::Source(text)) = cx.ask(embedded)
            {
                cx.sources.embed(&file.path, text);
                ui.ctx().request_repaint();
            } else {
                missing(cx, view, ui, file, &tried);
            }
        }
        Known::Reading => parts::empty_state(ui, cx.t, Icon::Hourglass, "Reading the source…", &file.path),
    }
}

fn no_sources(cx: &mut Cx<'_>, ui: &mut Ui) {
    let height = ui.available_height();
    ui.vertical_centered(|ui| {
        ui.add_space((height * 0.5 - 90.0).clamp(6.0, 220.0));
        ui.label(theme::icon(Icon::FileQuestion, 26.0).color(cx.t.faint));
        let title = RichText::new("This module carries no debug info");
        ui.label(title.font(theme::strong_font(14.0)).color(cx.t.text));
        let hint = "Step through its wasm text instead: locals, operands and memory are all there. \
                    For sources, build it with -g and do not strip it.";
        parts::centred(ui, hint, theme::text_font(), cx.t.weak);
        ui.add_space(8.0);
        if ui.button("Show wasm text").clicked() {
            cx.push(Action::Do(CommandId::Show(Pane::Wasm)));
        }
    });
}

fn bar(cx: &mut Cx<'_>, view: &mut SourceView, ui: &mut Ui, files: &[SourceFile]) {
    let t = cx.t;
    parts::pane_bar(ui, t, |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let button = egui::Button::new((theme::icon(Icon::Files, 14.0), "Files"));
        egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
            ui.set_min_width(360.0);
            let hint = format!("Filter {} files", files.len());
            ui.add(
                egui::TextEdit::singleline(&mut view.filter)
                    .hint_text(hint)
                    .desired_width(f32::INFINITY),
            );
            let wanted = view.filter.to_lowercase();
            let found: Vec<&SourceFile> = files
                .iter()
                .filter(|file| file.path.to_lowercase().contains(&wanted))
                .collect();
            let height = theme::ROW_HEIGHT + 4.0;
            let area = ScrollArea::vertical()
                .max_height(320.0)
                .auto_shrink([false, true]);
            area.show_rows(ui, height, found.len(), |ui, range| {
                for file in found.get(range).unwrap_or_default() {
                    let text = RichText::new(&file.path).font(theme::code_font());
                    let entry = egui::Button::new(text).frame_when_inactive(false).truncate();
                    if ui.add(entry).on_hover_text(&file.path).clicked() {
                        cx.push(Action::ShowSource(file.id, None));
                        ui.close();
                    }
                }
            });
        });
        ui.separator();
        let mut close = None;
        for id in view.open.clone() {
            let Some(file) = files.iter().find(|file| file.id == id) else {
                continue;
            };
            let selected = view.active == Some(id);
            let color = if selected { t.text } else { t.weak };
            let text = RichText::new(file_name(&file.path)).color(color);
            let tab = egui::Button::selectable(selected, text);
            let response = ui.add(tab).on_hover_text(&file.path);
            if response.clicked() {
                view.active = Some(id);
            }
            if response.middle_clicked() {
                close = Some(id);
            }
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.available_width() > 110.0 || view.focus_search {
                search_field(view, ui);
            }
        });
        if let Some(id) = close {
            view.open.retain(|open| *open != id);
            if view.active == Some(id) {
                view.active = view.open.last().copied();
            }
        }
    });
}

fn search_field(view: &mut SourceView, ui: &mut Ui) {
    let edit = egui::TextEdit::singleline(&mut view.sought)
        .hint_text("Find")
        .desired_width(ui.available_width().clamp(60.0, 150.0) - 16.0);
    let response = ui.add(edit);
    if std::mem::take(&mut view.focus_search) {
        response.request_focus();
    }
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    if entered && !view.sought.is_empty() {
        view.seek(ui.input(|input| input.modifiers.shift));
        response.request_focus();
    }
}

fn text(cx: &mut Cx<'_>, view: &mut SourceView, ui: &mut Ui, file: &SourceFile, prepared: &Prepared) {
    let query = Query::LinesWithCode { file: file.id };
    let lines: &[u32] = match cx.ask(query) {
        Answer::Ready(Reply::Lines(lines)) => lines,
        _ => &[],
    };
    let mut stands: HashMap<u32, Stand> = HashMap::new();
    if let Some(snapshot) = &cx.model.snapshot {
        for frame in snapshot.frames.iter().rev() {
            if let Some(place) = frame.source.as_ref().filter(|place| place.file == file.id) {
                let stand = match (frame.index, cx.model.trap().is_some()) {
                    (0, true) => Stand::Faulted,
                    (0, false) => Stand::Current,
                    _ => Stand::Caller,
                };
                stands.insert(place.line, stand);
            }
        }
    }
    let mut marks: HashMap<u32, Mark> = HashMap::new();
    for breakpoint in cx.model.breakpoints.values() {
        if let Some(line) = breakpoint_line(breakpoint, file) {
            marks.insert(line, super::mark(breakpoint));
        }
    }
    let total = prepared.text.lines.len();
    let index_of = |line: u32| usize::try_from(line).ok().and_then(|line| line.checked_sub(1));
    let code = CodeView {
        id: egui::Id::unique(("source", file.id.0)),
        rows: total,
        label_columns: total.to_string().len().max(3),
        text_columns: prepared.columns,
        caret: view.carets.get(&file.id).copied().and_then(index_of),
        reveal: view.reveal.take().and_then(index_of),
        keys: cx.focused == Pane::Source,
    };
    let t = cx.t;
    let beside = values_beside(cx, file, &prepared.text);
    let make = |index: usize| {
        let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        let line = prepared.text.line(number).unwrap_or_default();
        let inside = prepared.comments.get(index).copied().unwrap_or_default();
        let mut job = syntax::highlight(line, file.language, inside, t);
        if let Some((_, values)) = beside.as_ref().filter(|(line, _)| *line == number) {
            syntax::note(&mut job, values, t);
        }
        CodeRow {
            label: number.to_string(),
            job,
            has_code: lines.binary_search(&number).is_ok(),
            mark: marks.get(&number).copied(),
            stand: stands.get(&number).copied(),
            name: format!("line {number}"),
        }
    };
    let stopped_here = cx
        .model
        .frame()
        .is_some_and(|frame| frame.source.as_ref().is_some_and(|place| place.file == file.id));
    let event = code.show(ui, t, make, |row, column| {
        let line = prepared.text.lines.get(row)?;
        let expression = expression_at(line, column).filter(|_| stopped_here)?;
        let stop = cx.model.stop()?;
        let frame = cx.model.selected_frame;
        let query = Query::Evaluate {
            stop,
            frame,
            expression: expression.clone(),
        };
        match cx.ask(query) {
            Answer::Ready(Reply::Value(node)) if node.availability == Availability::Available => {
                Some(format!("{expression} = {}\n{}", node.text, node.type_name))
            }
            Answer::Ready(Reply::Value(node)) => Some(format!("{expression} is {}", node.text)),
            // A word that is no value (a keyword, a type) is nothing to talk of; a path that fails is.
            Answer::Failed(QueryError::Expression(error))
                if !identifiers(&expression).any(|(_, word)| word == expression) =>
            {
                Some(format!("{expression}\n{}\n{}", error.caret(), error.message))
            }
            _ => None,
        }
    });
    let spec = |index: usize| BreakpointSpec::Line {
        path: file.path.clone(),
        line: u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1),
    };
    match event {
        Some(CodeEvent::Caret(index)) => {
            let line = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
            view.carets.insert(file.id, line);
        }
        Some(CodeEvent::Move(index)) => {
            let line = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
            view.go(file.id, Some(line));
            ui.ctx().request_repaint();
        }
        Some(CodeEvent::Breakpoint(index)) => cx.push(Action::ToggleBreakpoint(spec(index))),
        Some(CodeEvent::RunTo(index)) => cx.push(Action::RunTo(spec(index))),
        None => {}
    }
}

/// The selected frame's line in this file, with the values of the variables it names.
fn values_beside(cx: &mut Cx<'_>, file: &SourceFile, text: &SourceText) -> Option<(u32, String)> {
    let frame = cx.model.frame()?;
    let place = frame.source.as_ref().filter(|place| place.file == file.id)?;
    let (line, stop, frame) = (place.line, cx.model.stop()?, frame.index);
    let words = text.line(line)?;
    let Some((Reply::Frame(detail), true)) = cx.ask(Query::Frame { stop, frame }).latest() else {
        return None;
    };
    let named = |name: &str| identifiers(words).any(|(_, word)| word == name);
    let values: Vec<String> = detail
        .variables
        .iter()
        .filter(|node| node.availability == Availability::Available && named(&node.name))
        .take(4)
        .map(|node| {
            let cut: String = node.text.chars().take(32).collect();
            let more = if cut.len() < node.text.len() { "…" } else { "" };
            format!("{} = {cut}{more}", node.name)
        })
        .collect();
    (!values.is_empty()).then(|| (line, values.join("   ")))
}

/// The names in a line, with the byte where each begins.
fn identifiers(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    line.split(move |c: char| !inside(c))
        .filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_'))
        .map(move |word| (word.as_ptr().addr().saturating_sub(line.as_ptr().addr()), word))
}

/// The variable or path under a column of the line as shown: `list->head[1]` under `head`, without what follows it.
fn expression_at(line: &str, column: usize) -> Option<String> {
    let mut shown = 0usize;
    let mut at = None;
    for (byte, character) in line.char_indices() {
        let mut after = shown;
        syntax::visible(character.encode_utf8(&mut [0; 4]), &mut after);
        if (shown..after).contains(&column) {
            at = Some(byte);
        }
        shown = after;
    }
    let at = at?;
    let (start, word) = identifiers(line).find(|(start, word)| (*start..start + word.len()).contains(&at))?;
    let mut begin = start;
    loop {
        let before = line.get(..begin)?;
        // `0..n` is no path.
        let owner = ["->", ".", "::"]
            .iter()
            .find_map(|sign| before.strip_suffix(sign));
        let owner = owner.filter(|_| !before.ends_with(".."));
        let Some(mut owner) = owner else { break };
        // Elements on the way; what a call returns is not there to be seen.
        while owner.ends_with(']') {
            owner = owner.get(..opening(owner)?)?;
        }
        let (start, _) = identifiers(owner)
            .last()
            .filter(|(start, word)| start + word.len() == owner.len())?;
        begin = start;
    }
    line.get(begin..start + word.len()).map(str::to_owned)
}

/// Where the bracket opens that closes at the end of a text.
fn opening(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, character) in text.char_indices().rev() {
        match character {
            ']' => depth = depth.saturating_add(1),
            '[' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The line of `file` that a breakpoint's mark stands on.
fn breakpoint_line(breakpoint: &Breakpoint, file: &SourceFile) -> Option<u32> {
    crate::gui::model::breakpoint_line(breakpoint, &file.path)
}

fn missing(cx: &mut Cx<'_>, view: &mut SourceView, ui: &mut Ui, file: &SourceFile, tried: &[PathBuf]) {
    let t = cx.t;
    ScrollArea::vertical()
        .id_salt("missing")
        .auto_shrink(false)
        .show(ui, |ui| {
            ui.add_space(18.0);
            ui.horizontal(|ui| {
                ui.add_space(18.0);
                ui.vertical(|ui| {
                    ui.set_max_width((ui.available_width() - 18.0).min(560.0));
                    ui.label(theme::icon(Icon::FileX2, 24.0).color(t.warning));
                    let title = format!("{} is not on this machine", file_name(&file.path));
                    ui.label(RichText::new(title).font(theme::strong_font(15.0)).color(t.text));
                    ui.add_space(4.0);
                    ui.label(RichText::new("The debug info records it as").color(t.weak));
                    ui.label(RichText::new(&file.path).font(theme::code_font()).color(t.accent));
                    if let Some((_, line)) = view.caret() {
                        ui.label(
                            RichText::new(format!("and the guest's place is line {line}.")).color(t.weak),
                        );
                    }
                    ui.add_space(10.0);
                    ui.label(RichText::new("Look for it in another folder").color(t.text));
                    ui.horizontal(|ui| {
                        let edit = egui::TextEdit::singleline(&mut view.folder)
                            .hint_text("Folder with the sources")
                            .desired_width(300.0);
                        let response = ui.add(edit);
                        let entered =
                            response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
                        if (ui.button("Search there").clicked() || entered) && !view.folder.is_empty() {
                            cx.push(Action::AddSourceRoot(PathBuf::from(view.folder.trim())));
                        }
                    });
                    ui.horizontal(|ui| {
                        if ui.button("Look again").clicked() {
                            cx.push(Action::RetrySources);
                        }
                        if ui.button("Show wasm text").clicked() {
                            cx.push(Action::Do(CommandId::Show(Pane::Wasm)));
                        }
                    });
                    ui.add_space(10.0);
                    ui.label(
                        RichText::new("Tried")
                            .font(theme::strong_font(11.0))
                            .color(t.weak),
                    );
                    for path in tried {
                        let text = path.display().to_string();
                        ui.label(RichText::new(text).font(theme::code_font()).color(t.faint));
                    }
                });
            });
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_under_the_pointer_is_an_expression() {
        let line = "\tint here = list->head.count * x[i];";
        let at = |text: &str| line.find(text).map(|byte| byte + 3);
        assert_eq!(
            expression_at(line, at("list").expect("there")),
            Some("list".to_owned())
        );
        let count = expression_at(line, at("count").expect("there"));
        assert_eq!(count, Some("list->head.count".to_owned()));
        assert_eq!(
            expression_at(line, at("x[").expect("there")),
            Some("x".to_owned())
        );
        assert_eq!(expression_at(line, at("*").expect("there")), None);
        let line = "a.b[f[1]].c + g(1).d + n::m + x->y";
        let at = |text: &str| line.find(text).expect("there");
        assert_eq!(expression_at(line, at(".c") + 1), Some("a.b[f[1]].c".to_owned()));
        assert_eq!(expression_at(line, at("[f") + 1), Some("f".to_owned()));
        // What is behind a call has no name of its own.
        assert_eq!(expression_at(line, at(".d") + 1), None);
        assert_eq!(expression_at(line, at("::m") + 2), Some("n::m".to_owned()));
        assert_eq!(expression_at(line, at("x->")), Some("x".to_owned()));
        assert_eq!(expression_at("0..n", 3), Some("n".to_owned()));
        assert_eq!(expression_at(line, 500), None);
    }
}
