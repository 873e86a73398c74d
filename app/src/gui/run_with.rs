//! The dialog that chooses what a module runs: its program with words of arguments, or one exported function with
//! arguments of its types.
//!
//! # Invariants
//! - What it asks for can be run: every argument has been read as a value of its type.

use super::actions::{Action, Cx};
use super::theme;
use super::widgets::parts;
use egui::{Context, Key, RichText, ScrollArea, Ui, vec2};
use lucide_icons::Icon;
use stepwell_engine::api::val_from_text;
use stepwell_engine::debugger::ModuleInfo;
use stepwell_engine::types::FuncType;

/// Exported functions that are offered; more are found by typing.
const MOST_SHOWN: usize = 500;

/// The field that is to have the keyboard asks for it in this many frames: the click that chose a function, and a frame
/// that is laid out twice, take it away once more.
const SETTLING_FRAMES: u8 = 4;

/// The dialog.
#[derive(Debug, Default)]
pub struct RunWith {
    wanted: String,
    /// The export chosen; `None` for the program.
    export: Option<String>,
    /// One a parameter, or one line of words.
    args: Vec<String>,
    complaint: Option<String>,
    /// Frames for which the first field still asks for the keyboard.
    settling: u8,
}

/// What a module can run.
struct Entry<'a> {
    /// The export; `None` for the program.
    export: Option<&'a str>,
    title: &'a str,
    ty: &'a FuncType,
}

/// Exported functions, the program first. `_initialize` and what is not there are run by the session itself.
fn entries(module: &ModuleInfo) -> Vec<Entry<'_>> {
    let functions = module.exports.iter().filter(|export| export.kind == "func");
    let mut entries: Vec<Entry<'_>> = functions
        .filter_map(|export| {
            let function = module.functions.get(usize::try_from(export.index).ok()?)?;
            let program = export.name == "_start";
            Some(Entry {
                export: (!program).then_some(export.name.as_str()),
                title: if program {
                    "the program (_start)"
                } else {
                    &export.name
                },
                ty: &function.ty,
            })
        })
        .collect();
    entries.sort_by_key(|entry| entry.export.is_some());
    entries
}

/// Words as a shell cuts them: spaces separate, quotes of either kind keep together.
fn words(line: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in line.chars() {
        match (quote, character) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    match quote {
        Some(open) => Err(format!("a {open} is not closed")),
        None => {
            words.extend(word);
            Ok(words)
        }
    }
}

impl RunWith {
    /// Begins with what ran last: an export or the program, and its arguments.
    pub fn new(invoke: Option<&str>, args: &[String]) -> RunWith {
        let quoted = |arg: &String| match arg.contains(char::is_whitespace) || arg.is_empty() {
            true => format!("\"{arg}\""),
            false => arg.clone(),
        };
        RunWith {
            export: invoke.map(str::to_owned),
            args: match invoke {
                Some(_) => args.to_vec(),
                None => vec![args.iter().map(quoted).collect::<Vec<_>>().join(" ")],
            },
            settling: SETTLING_FRAMES,
            ..RunWith::default()
        }
    }

    fn choose(&mut self, entry: &Entry<'_>) {
        self.export = entry.export.map(str::to_owned);
        self.args = match entry.export {
            Some(_) => entry.ty.params.iter().map(|_| "0".to_owned()).collect(),
            None => vec![String::new()],
        };
        self.complaint = None;
        self.settling = SETTLING_FRAMES;
    }

    /// What to run, or what is wrong with it.
    fn asked(&self, entry: &Entry<'_>, stop_on_entry: bool) -> Result<Action, String> {
        let args = match entry.export {
            None => words(self.args.first().map_or("", String::as_str))?,
            Some(_) => {
                for (number, (text, ty)) in self.args.iter().zip(&entry.ty.params).enumerate() {
                    val_from_text(*ty, text.trim())
                        .map_err(|error| format!("argument {}: {error}", number + 1))?;
                }
                self.args.iter().map(|text| text.trim().to_owned()).collect()
            }
        };
        Ok(Action::RunWith {
            invoke: entry.export.map(str::to_owned),
            args,
            stop_on_entry,
        })
    }

    /// Draws it; `true` once it is done.
    pub fn show(&mut self, cx: &mut Cx<'_>, ctx: &Context) -> bool {
        let Some(module) = cx.model.module.clone() else {
            return true;
        };
        let entries = entries(&module);
        let chosen = |view: &RunWith, entry: &Entry<'_>| view.export.as_deref() == entry.export;
        if !entries.iter().any(|entry| chosen(self, entry))
            && let Some(first) = entries.first()
        {
            self.choose(first);
        }
        let response = super::dialogs::modal("run with", cx).show(ctx, |ui| {
            ui.set_width(480.0);
            ui.label(
                RichText::new("Run with…")
                    .font(theme::strong_font(15.0))
                    .color(cx.t.text),
            );
            ui.add_space(4.0);
            if entries.is_empty() {
                ui.label(RichText::new("The module exports no functions.").color(cx.t.weak));
                return ui.button("Close").clicked();
            }
            self.list(cx, ui, &entries);
            ui.add_space(6.0);
            let Some(entry) = entries.iter().find(|entry| chosen(self, entry)) else {
                return false;
            };
            let entered = self.fields(cx, ui, entry);
            if let Some(complaint) = &self.complaint {
                ui.label(RichText::new(complaint).color(cx.t.error));
            }
            ui.add_space(6.0);
            let mut done = false;
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let run = ui.button("Run").clicked() || entered;
                let stop_on_entry = ui.button("Run and stop at entry").clicked();
                if run || stop_on_entry {
                    match self.asked(entry, stop_on_entry) {
                        Ok(action) => {
                            cx.push(action);
                            done = true;
                        }
                        Err(complaint) => self.complaint = Some(complaint),
                    }
                }
                done |= ui.button("Cancel").clicked();
            });
            done
        });
        response.should_close() || response.inner
    }

    fn list(&mut self, cx: &Cx<'_>, ui: &mut Ui, entries: &[Entry<'_>]) {
        let t = cx.t;
        if entries.len() > 8 {
            let edit = egui::TextEdit::singleline(&mut self.wanted)
                .hint_text("Filter")
                .desired_width(f32::INFINITY);
            ui.add(edit);
            ui.add_space(4.0);
        }
        let wanted = self.wanted.trim().to_lowercase();
        let shown: Vec<&Entry<'_>> = (entries.iter())
            .filter(|entry| entry.title.to_lowercase().contains(&wanted))
            .take(MOST_SHOWN)
            .collect();
        let frame = egui::Frame::new().fill(t.canvas).corner_radius(5);
        frame.show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let height = theme::ROW_HEIGHT + 1.0;
            ScrollArea::vertical()
                .max_height(height * 8.0)
                .auto_shrink([false, true])
                .show_rows(ui, height, shown.len(), |ui, range| {
                    for entry in shown.get(range).unwrap_or_default() {
                        let selected = self.export.as_deref() == entry.export;
                        let (rect, response) = parts::row(ui, t, selected, entry.title);
                        let spot = egui::Rect::from_min_size(rect.min, vec2(28.0, rect.height()));
                        let icon = match entry.export {
                            Some(_) => Icon::SquareFunction,
                            None => Icon::Play,
                        };
                        parts::paint_icon(ui, spot, icon, 13.0, t.accent);
                        let middle = rect.left() + rect.width() * 0.55;
                        let name = egui::Rect::from_min_max(
                            egui::pos2(spot.right(), rect.top()),
                            egui::pos2(middle - 6.0, rect.bottom()),
                        );
                        parts::line(ui, name, entry.title, theme::code_font(), t.text);
                        let ty = egui::Rect::from_min_max(egui::pos2(middle, rect.top()), rect.max);
                        if entry.export.is_some() {
                            parts::line(ui, ty, &entry.ty.to_string(), theme::code_font(), t.weak);
                        }
                        if response.clicked() {
                            self.choose(entry);
                        }
                    }
                });
        });
    }

    /// The fields for the arguments; `true` if Enter was pressed in one.
    fn fields(&mut self, cx: &Cx<'_>, ui: &mut Ui, entry: &Entry<'_>) -> bool {
        let t = cx.t;
        let labels: Vec<String> = match entry.export {
            None => vec!["arguments".to_owned()],
            Some(_) => entry.ty.params.iter().map(ToString::to_string).collect(),
        };
        self.args.resize(labels.len(), String::new());
        let mut entered = false;
        for (number, (label, text)) in labels.iter().zip(&mut self.args).enumerate() {
            ui.horizontal(|ui| {
                let color = if entry.export.is_some() {
                    t.type_name
                } else {
                    t.weak
                };
                let name = ui.add_sized(
                    vec2(72.0, theme::ROW_HEIGHT),
                    egui::Label::new(RichText::new(label).color(color)),
                );
                let edit = egui::TextEdit::singleline(text)
                    .font(theme::code_font())
                    .desired_width(f32::INFINITY);
                let mut shown = edit.show(ui);
                let field = shown.response.response.labelled_by(name.id);
                if number == 0 && self.settling > 0 {
                    self.settling -= 1;
                    field.request_focus();
                    let all = egui::text::CCursorRange::select_all(&shown.galley);
                    shown.state.cursor.set_char_range(Some(all));
                    shown.state.clone().store(ui.ctx(), field.id);
                    ui.ctx().request_repaint();
                }
                if field.changed() {
                    self.complaint = None;
                }
                entered |= field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            });
        }
        entered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stepwell_engine::types::ValType;

    #[test]
    fn words_are_cut_as_by_a_shell() {
        let cut = |line| words(line).map(|words| words.join("|"));
        assert_eq!(cut(""), Ok(String::new()));
        assert_eq!(cut("  a  b "), Ok("a|b".to_owned()));
        assert_eq!(cut("a 'b c' d\"e f\"g \"\""), Ok("a|b c|de fg|".to_owned()));
        assert!(cut("a 'b").is_err());
    }

    #[test]
    fn arguments_are_read_by_their_types() {
        let ty = FuncType {
            params: vec![ValType::I32, ValType::F64],
            results: Vec::new(),
        };
        let entry = Entry {
            export: Some("f"),
            title: "f",
            ty: &ty,
        };
        let mut dialog = RunWith::new(Some("f"), &["7".to_owned(), " 1.5".to_owned()]);
        assert_eq!(
            dialog.asked(&entry, true),
            Ok(Action::RunWith {
                invoke: Some("f".to_owned()),
                args: vec!["7".to_owned(), "1.5".to_owned()],
                stop_on_entry: true,
            })
        );
        dialog.args = vec!["7".to_owned(), "x".to_owned()];
        assert_eq!(
            dialog.asked(&entry, true),
            Err("argument 2: \"x\" is not a value of type f64".to_owned())
        );
        let program = RunWith::new(None, &["a b".to_owned(), "c".to_owned()]);
        assert_eq!(program.args, ["\"a b\" c"]);
    }
}
