//! What opens over the panes: the command palette, and the dialog that opens a module by a typed path (the
//! desktop's own dialog is offered, but not every desktop has one).

use super::actions::{Action, Cx};
use super::commands::COMMANDS;
use super::theme;
use super::widgets::parts;
use egui::{Context, Id, Key, Modal, Modifiers, RichText, ScrollArea, Ui};
use lucide_icons::Icon;
use std::path::{Path, PathBuf};

/// A dialog that is open.
#[derive(Debug)]
pub enum Dialog {
    /// Search all commands.
    Palette(Palette),
    /// Open a module.
    Open(OpenModule),
}

impl Dialog {
    /// Draws it; `false` once it is done.
    pub fn show(&mut self, cx: &mut Cx<'_>, ctx: &Context) -> bool {
        let done = match self {
            Dialog::Palette(palette) => palette.show(cx, ctx),
            Dialog::Open(open) => open.show(cx, ctx),
        };
        !done
    }
}

fn modal(id: &str, cx: &Cx<'_>) -> Modal {
    let area = Modal::default_area(Id::unique(id)).anchor(egui::Align2::CENTER_TOP, [0.0, 96.0]);
    Modal::new(Id::unique(id))
        .area(area)
        .backdrop_color(cx.t.backdrop.gamma_multiply(0.7))
}

/// The command palette.
#[derive(Debug, Default)]
pub struct Palette {
    text: String,
    chosen: usize,
}

/// What the palette offers: a title, its keys, what it does, whether it can.
struct Offer {
    icon: Option<Icon>,
    title: String,
    keys: String,
    action: Action,
    enabled: bool,
}

/// Whether the letters of `wanted` stand in `text` in order.
fn matches_in_order(text: &str, wanted: &str) -> bool {
    let mut letters = text.chars().flat_map(char::to_lowercase);
    wanted
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .flat_map(char::to_lowercase)
        .all(|letter| letters.any(|other| other == letter))
}

impl Palette {
    fn offers(&self, cx: &Cx<'_>, ctx: &Context) -> Vec<Offer> {
        let mut offers: Vec<Offer> = COMMANDS
            .iter()
            .map(|row| Offer {
                icon: row.icon,
                title: row.title_now(cx.model).to_owned(),
                keys: row
                    .shortcuts
                    .first()
                    .map_or(String::new(), |keys| ctx.format_shortcut(keys)),
                action: Action::Do(row.id),
                enabled: (row.enabled_when)(cx.model),
            })
            .filter(|offer| matches_in_order(&offer.title, &self.text))
            .collect();
        offers.sort_by_key(|offer| !offer.enabled);
        if self.text.trim().len() >= 2
            && let Some(module) = &cx.model.module
        {
            let wanted = self.text.trim().to_lowercase();
            let functions = module.functions.iter().filter_map(|function| {
                let name = cx.model.function_name(function.index);
                name.to_lowercase().contains(&wanted).then(|| Offer {
                    icon: Some(Icon::SquareFunction),
                    title: name,
                    keys: format!("func {}", function.index),
                    action: Action::ShowFunction(function.index),
                    enabled: true,
                })
            });
            offers.extend(functions.take(50));
        }
        offers
    }

    fn show(&mut self, cx: &mut Cx<'_>, ctx: &Context) -> bool {
        let t = cx.t;
        let response = modal("palette", cx).show(ctx, |ui| {
            ui.set_width(520.0);
            let (up, down, enter) = ui.input_mut(|input| {
                let mut key = |key| input.consume_key(Modifiers::NONE, key);
                (key(Key::ArrowUp), key(Key::ArrowDown), key(Key::Enter))
            });
            let edit = egui::TextEdit::singleline(&mut self.text)
                .hint_text("Type a command or a function")
                .desired_width(f32::INFINITY)
                .margin(egui::Margin::symmetric(8, 6));
            let field = ui.add(edit);
            field.request_focus();
            if field.changed() {
                self.chosen = 0;
            }
            let offers = self.offers(cx, ctx);
            let last = offers.len().saturating_sub(1);
            self.chosen = self.chosen.min(last);
            if down {
                self.chosen = (self.chosen + 1).min(last);
            }
            if up {
                self.chosen = self.chosen.saturating_sub(1);
            }
            let mut picked = enter.then_some(self.chosen);
            ui.add_space(4.0);
            ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 1.0;
                for (index, offer) in offers.iter().enumerate() {
                    let chosen = index == self.chosen;
                    let icon = offer.icon.unwrap_or(Icon::ChevronRight);
                    let title =
                        RichText::new(&offer.title).color(if offer.enabled { t.text } else { t.faint });
                    let button =
                        egui::Button::selectable(chosen, (theme::icon(icon, 14.0).color(t.weak), title))
                            .shortcut_text(&offer.keys)
                            .min_size(egui::vec2(ui.available_width(), 26.0));
                    let response = ui.add_enabled(offer.enabled, button);
                    let name = format!("palette: {}", offer.title);
                    response.widget_info(|| {
                        egui::WidgetInfo::selected(egui::Role::Button, offer.enabled, chosen, &name)
                    });
                    if chosen && (up || down) {
                        response.scroll_to_me(None);
                    }
                    if response.clicked() {
                        picked = Some(index);
                    }
                }
                if offers.is_empty() {
                    ui.label(RichText::new("Nothing matches").color(t.faint));
                }
            });
            picked
                .and_then(|index| offers.get(index))
                .filter(|offer| offer.enabled)
                .map(|offer| offer.action.clone())
        });
        let close = response.should_close();
        match response.inner {
            Some(action) => {
                cx.push(action);
                true
            }
            None => close,
        }
    }
}

/// The dialog that opens a module.
#[derive(Debug)]
pub struct OpenModule {
    text: String,
    listed: Option<(PathBuf, Vec<PathBuf>)>,
    begun: bool,
}

impl OpenModule {
    /// A dialog that begins in a folder.
    pub fn new(folder: &Path) -> OpenModule {
        let mut text = folder.display().to_string();
        if !text.ends_with('/') {
            text.push('/');
        }
        OpenModule {
            text,
            listed: None,
            begun: false,
        }
    }

    /// The folders and modules in the folder that is typed, read when the folder changes.
    fn entries(&mut self) -> Vec<PathBuf> {
        let typed = PathBuf::from(self.text.trim());
        let folder = if self.text.ends_with('/') {
            typed
        } else {
            typed.parent().map(Path::to_path_buf).unwrap_or_default()
        };
        if let Some((listed, entries)) = &self.listed
            && *listed == folder
        {
            return entries.clone();
        }
        let mut entries: Vec<PathBuf> = std::fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| {
                let hidden = path
                    .file_name()
                    .is_some_and(|n| n.to_string_lossy().starts_with('.'));
                let module = path.extension().is_some_and(|extension| extension == "wasm");
                !hidden && (module || path.is_dir())
            })
            .take(2000)
            .collect();
        entries.sort_by_key(|path| (path.is_file(), path.clone()));
        self.listed = Some((folder, entries.clone()));
        entries
    }

    fn show(&mut self, cx: &mut Cx<'_>, ctx: &Context) -> bool {
        let t = cx.t;
        let response = modal("open", cx).show(ctx, |ui| {
            ui.set_width(560.0);
            ui.label(RichText::new("Open module").font(theme::strong_font(15.0)));
            ui.add_space(2.0);
            let edit = egui::TextEdit::singleline(&mut self.text)
                .hint_text("Path of a .wasm file")
                .font(theme::code_font())
                .desired_width(f32::INFINITY)
                .cursor_at_end(true)
                .margin(egui::Margin::symmetric(8, 6));
            let field = ui.add(edit);
            if !std::mem::replace(&mut self.begun, true) {
                field.request_focus();
            }
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            let mut opened = entered.then(|| PathBuf::from(self.text.trim()));
            ui.add_space(4.0);
            if let Some(path) = self.list(ui, t) {
                opened = Some(path);
            }
            ui.add_space(6.0);
            let mut cancelled = false;
            ui.horizontal(|ui| {
                if ui.button("System dialog…").clicked() {
                    cx.push(Action::SystemDialog);
                    cancelled = true;
                }
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if ui.button("Open").clicked() {
                        opened = Some(PathBuf::from(self.text.trim()));
                    }
                    cancelled |= ui.button("Cancel").clicked();
                });
            });
            (opened, cancelled)
        });
        let close = response.should_close();
        let (opened, cancelled) = response.inner;
        if let Some(path) = opened {
            if path.is_dir() {
                *self = OpenModule::new(&path);
                return false;
            }
            cx.push(Action::Open(path));
            return true;
        }
        close || cancelled
    }

    fn list(&mut self, ui: &mut Ui, t: &theme::Tokens) -> Option<PathBuf> {
        let mut opened = None;
        let entries = self.entries();
        let frame = egui::Frame::new().fill(t.canvas).corner_radius(5);
        frame.show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let area = ScrollArea::vertical()
                .max_height(260.0)
                .min_scrolled_height(260.0);
            let height = theme::ROW_HEIGHT + 1.0;
            area.auto_shrink(false)
                .show_rows(ui, height, entries.len(), |ui, range| {
                    for path in entries.get(range).unwrap_or_default() {
                        let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
                        let name = name.unwrap_or_default();
                        let (rect, response) = parts::row(ui, t, false, &name);
                        let folder = path.extension().is_none_or(|extension| extension != "wasm");
                        let (icon, color) = if folder {
                            (Icon::Folder, t.weak)
                        } else {
                            (Icon::FileCode, t.accent)
                        };
                        let spot = egui::Rect::from_min_size(rect.min, egui::vec2(28.0, rect.height()));
                        parts::paint_icon(ui, spot, icon, 13.0, color);
                        let cell = egui::Rect::from_min_max(egui::pos2(spot.right(), rect.top()), rect.max);
                        parts::line(ui, cell, &name, theme::text_font(), t.text);
                        if response.clicked() {
                            if folder {
                                let begun = self.begun;
                                *self = OpenModule::new(path);
                                self.begun = begun;
                            } else {
                                opened = Some(path.clone());
                            }
                        }
                    }
                });
        });
        opened
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_palette_matches_letters_in_order() {
        assert!(matches_in_order("Step over", "so"));
        assert!(matches_in_order("Step over", "st ov"));
        assert!(!matches_in_order("Step over", "os"));
        assert!(matches_in_order("Anything", ""));
    }
}
