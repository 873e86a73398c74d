//! The module's shape: sections, functions, imports, exports, and what its debug info says of itself.

use crate::gui::actions::{Action, Cx};
use crate::gui::theme::{self, Tokens};
use crate::gui::widgets::parts;
use egui::{Color32, Pos2, Rect, RichText, ScrollArea, Ui};
use lucide_icons::Icon;
use std::rc::Rc;
use std::sync::Arc;
use stepwell_debuginfo::{Finding, SourceState, source_findings};
use stepwell_engine::debugger::{DebugSummary, ModuleInfo};

/// What is shown of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    Sections,
    #[default]
    Functions,
    Imports,
    Exports,
    Debug,
}

const PARTS: [(Part, &str); 5] = [
    (Part::Functions, "Functions"),
    (Part::Sections, "Sections"),
    (Part::Imports, "Imports"),
    (Part::Exports, "Exports"),
    (Part::Debug, "Debug info"),
];

/// The pane's own state.
#[derive(Debug, Default)]
pub struct ModulesView {
    part: Part,
    filter: String,
    listed: Option<(Key, Rc<Vec<Entry>>)>,
    checked: Checked,
}

/// What a list was made from; it is made anew when one of these changes.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    part: Part,
    filter: String,
    module: usize,
    named: bool,
    dark: bool,
}

/// A row: three columns and what a click does.
#[derive(Debug)]
struct Entry {
    left: String,
    middle: String,
    right: String,
    color: Color32,
    action: Option<Action>,
}

/// Draws the pane.
pub fn show(cx: &mut Cx<'_>, view: &mut ModulesView, ui: &mut Ui) {
    let t = cx.t;
    let Some(module) = cx.model.module.clone() else {
        parts::empty_state(
            ui,
            t,
            Icon::Package,
            "No module",
            "Open one, or drop a file here.",
        );
        return;
    };
    parts::pane_bar(ui, t, |ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        ui.spacing_mut().button_padding.x = 6.0;
        for (part, name) in PARTS {
            let selected = view.part == part;
            let color = if selected { t.text } else { t.weak };
            let text = RichText::new(name).color(color).size(12.0);
            if ui.add(egui::Button::selectable(selected, text)).clicked() {
                view.part = part;
            }
        }
    });
    if view.part == Part::Debug {
        debug(cx, &mut view.checked, ui);
        return;
    }
    ui.add_space(5.0);
    ui.horizontal(|ui| {
        ui.add_space(8.0);
        let edit = egui::TextEdit::singleline(&mut view.filter)
            .hint_text("Filter")
            .desired_width(ui.available_width() - 24.0);
        ui.add(edit);
    });
    ui.add_space(3.0);
    let entries = listed(cx, view, &module, ui.visuals().dark_mode);
    if entries.is_empty() {
        let title = if view.filter.is_empty() {
            "None"
        } else {
            "Nothing matches"
        };
        parts::empty_state(ui, t, Icon::Package, title, "");
        return;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    let area = ScrollArea::vertical()
        .id_salt(("module", view.part as u8))
        .auto_shrink(false);
    area.show_rows(ui, theme::ROW_HEIGHT + 1.0, entries.len(), |ui, range| {
        for entry in entries.get(range).unwrap_or_default() {
            let name = format!("{} {} {}", entry.left, entry.middle, entry.right);
            let (rect, response) = parts::row(ui, t, false, &name);
            let cell = |from: f32, to: f32| {
                Rect::from_min_max(Pos2::new(from, rect.top()), Pos2::new(to, rect.bottom()))
            };
            let number = cell(rect.left(), rect.left() + 58.0);
            parts::line_right(ui, number, &entry.left, theme::code_font(), t.faint);
            let middle = rect.left() + 68.0;
            let split = (middle + (rect.right() - middle) * 0.56).max(middle);
            parts::line(
                ui,
                cell(middle, split - 8.0),
                &entry.middle,
                theme::code_font(),
                entry.color,
            );
            parts::line(
                ui,
                cell(split, rect.right() - 8.0),
                &entry.right,
                theme::code_font(),
                t.weak,
            );
            let response = response.on_hover_ui_at_pointer(|ui| {
                ui.label(RichText::new(&entry.middle).font(theme::code_font()));
                ui.label(RichText::new(&entry.right).font(theme::code_font()).color(t.weak));
            });
            if response.clicked()
                && let Some(action) = &entry.action
            {
                cx.push(action.clone());
            }
        }
    });
}

/// The rows that pass the filter. A module may have ten thousand functions, so they are kept.
fn listed(cx: &Cx<'_>, view: &mut ModulesView, module: &Arc<ModuleInfo>, dark: bool) -> Rc<Vec<Entry>> {
    let key = Key {
        part: view.part,
        filter: view.filter.to_lowercase(),
        module: Arc::as_ptr(module).addr(),
        named: cx.model.debug.is_some(),
        dark,
    };
    if let Some((made_from, entries)) = &view.listed
        && *made_from == key
    {
        return Rc::clone(entries);
    }
    let mut entries = entries(cx, view.part, module);
    let has = |text: &str| text.to_lowercase().contains(&key.filter);
    entries.retain(|entry| key.filter.is_empty() || has(&entry.middle) || has(&entry.right));
    let entries = Rc::new(entries);
    view.listed = Some((key, Rc::clone(&entries)));
    entries
}

fn entries(cx: &Cx<'_>, part: Part, module: &ModuleInfo) -> Vec<Entry> {
    let t = cx.t;
    match part {
        Part::Sections => module
            .sections
            .iter()
            .map(|section| {
                let count = section.count.map_or(String::new(), parts::grouped);
                Entry {
                    left: format!("{:x}", section.offset.0),
                    middle: section.name.clone(),
                    right: format!("{:<10} {count}", parts::size_text(section.len_bytes)),
                    color: if section.custom { t.weak } else { t.accent },
                    action: None,
                }
            })
            .collect(),
        Part::Functions => module
            .functions
            .iter()
            .map(|function| Entry {
                left: function.index.to_string(),
                middle: cx.model.function_name(function.index),
                right: function.ty.to_string(),
                color: if function.imported { t.weak } else { t.function },
                action: Some(Action::ShowFunction(function.index)),
            })
            .collect(),
        Part::Imports => module
            .imports
            .iter()
            .enumerate()
            .map(|(index, import)| Entry {
                left: index.to_string(),
                middle: format!("{}.{}", import.module, import.field),
                right: import.ty.clone(),
                color: t.text,
                action: None,
            })
            .collect(),
        Part::Exports => module
            .exports
            .iter()
            .map(|export| Entry {
                left: export.index.to_string(),
                middle: export.name.clone(),
                right: export.kind.clone(),
                color: t.text,
                action: (export.kind == "func").then_some(Action::ShowFunction(export.index)),
            })
            .collect(),
        Part::Debug => Vec::new(),
    }
}

/// Source files that are asked for in one frame.
const CHECKED_A_FRAME: usize = 16;

/// Source files and what became of them, as far as they were looked for.
#[derive(Debug, Default)]
struct Checked {
    of: Option<(usize, u64)>,
    states: Vec<SourceState>,
    findings: Vec<Finding>,
}

impl Checked {
    /// Looks for some more of the files.
    fn go_on(&mut self, cx: &mut Cx<'_>, debug: &Arc<DebugSummary>, ui: &Ui) {
        let of = (Arc::as_ptr(debug).addr(), cx.sources.generation());
        if self.of != Some(of) {
            *self = Checked {
                of: Some(of),
                ..Checked::default()
            };
        }
        let left = debug.files.get(self.states.len()..).unwrap_or_default();
        if left.is_empty() {
            return;
        }
        let more: Vec<_> = (left.iter().take(CHECKED_A_FRAME))
            .map(|file| cx.sources.state(file))
            .collect();
        self.states.extend(more.into_iter().map_while(|state| state));
        let known = debug.files.iter().map(|file| file.path.as_str());
        self.findings = source_findings(known.zip(self.states.iter().copied()));
        ui.ctx().request_repaint();
    }
}

fn debug(cx: &mut Cx<'_>, checked: &mut Checked, ui: &mut Ui) {
    let t = cx.t;
    let Some(debug) = cx.model.debug.clone() else {
        parts::empty_state(ui, t, Icon::Hourglass, "Reading debug info…", "");
        return;
    };
    checked.go_on(cx, &debug, ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical()
        .id_salt("debug")
        .auto_shrink(false)
        .show(ui, |ui| {
            let findings = || debug.findings.iter().chain(&checked.findings);
            let count = findings().count();
            if count > 0 {
                parts::heading(ui, t, &format!("Findings ({count})"));
                for finding in findings().take(200) {
                    self::finding(ui, t, finding);
                }
            }
            if debug.units.is_empty() {
                return;
            }
            parts::heading(ui, t, &format!("Units ({})", debug.units.len()));
            for unit in debug.units.iter().take(2000) {
                let (rect, response) = parts::row(ui, t, false, &format!("unit {}", unit.name));
                let cell = |from: f32, to: f32| {
                    Rect::from_min_max(Pos2::new(from, rect.top()), Pos2::new(to, rect.bottom()))
                };
                let kind = format!("{} · DWARF {}", unit.language.name(), unit.version);
                let right = rect.right() - 8.0;
                let width = parts::line_right(
                    ui,
                    cell(rect.left() + rect.width() * 0.5, right),
                    &kind,
                    egui::FontId::proportional(12.0),
                    t.faint,
                );
                let name = cell(rect.left() + 8.0, right - width - 10.0);
                parts::line(ui, name, &unit.name, theme::code_font(), t.text);
                response.on_hover_text(format!(
                    "{}\n{}\n{}\n{}",
                    unit.name,
                    unit.directory,
                    unit.producer,
                    unit.contents()
                ));
            }
        });
}

/// What is the matter, and under it what to do about it.
fn finding(ui: &mut Ui, t: &Tokens, finding: &Finding) {
    ui.horizontal_top(|ui| {
        ui.add_space(8.0);
        ui.label(theme::icon(Icon::TriangleAlert, 13.0).color(t.warning));
        ui.vertical(|ui| {
            ui.label(RichText::new(&finding.message).color(t.text));
            ui.label(RichText::new(&finding.advice).color(t.weak));
            ui.add_space(4.0);
        });
    });
}
