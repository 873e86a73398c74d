//! What opens over the panes: the command palette, and the dialog that opens a module by a typed path (the
//! desktop's own dialog is offered, but not every desktop has one).

use super::actions::{Action, Cx};
use super::commands::COMMANDS;
use super::run_with::RunWith;
use super::theme;
use super::widgets::parts;
use crate::launch;
use egui::{Context, Id, Key, Modal, Modifiers, RichText, ScrollArea, Ui};
use lucide_icons::Icon;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

/// A folder with more entries is shown in part.
const MOST_ENTRIES: usize = 2000;

/// A dialog that is open.
#[derive(Debug)]
pub enum Dialog {
    /// Search all commands.
    Palette(Palette),
    /// Open a module.
    Open(OpenModule),
    /// Choose what is run.
    RunWith(RunWith),
}

impl Dialog {
    /// Draws it; `false` once it is done.
    pub fn show(&mut self, cx: &mut Cx<'_>, ctx: &Context) -> bool {
        let done = match self {
            Dialog::Palette(palette) => palette.show(cx, ctx),
            Dialog::Open(open) => open.show(cx, ctx),
            Dialog::RunWith(run_with) => run_with.show(cx, ctx),
        };
        !done
    }
}

pub(super) fn modal(id: &str, cx: &Cx<'_>) -> Modal {
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
        if let Some(line) = self
            .text
            .trim()
            .strip_prefix(':')
            .and_then(|line| line.parse().ok())
        {
            offers.push(Offer {
                icon: Some(Icon::CornerDownRight),
                title: format!("Go to line {line}"),
                keys: String::new(),
                action: Action::GoToLine(line),
                enabled: true,
            });
        }
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
                .hint_text("Type a command, a function or :line")
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

/// A folder or a module in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    path: PathBuf,
    name: String,
    folder: bool,
}

/// What is in a folder.
type Entries = Result<Vec<Entry>, String>;

/// A folder being listed, or listed.
#[derive(Debug)]
struct Listing {
    folder: PathBuf,
    entries: Option<Entries>,
    coming: mpsc::Receiver<Entries>,
}

impl Listing {
    /// Begins to list a folder, on a thread of its own: it may lie on a disk that is slow or gone.
    fn begin(folder: &Path, ctx: &Context) -> Listing {
        let (sender, coming) = mpsc::channel();
        let (place, wake) = (folder.to_path_buf(), ctx.clone());
        std::thread::spawn(move || {
            // A dialog that has gone needs no list.
            if sender.send(list(&place)).is_ok() {
                wake.request_repaint();
            }
        });
        Listing {
            folder: folder.to_path_buf(),
            entries: None,
            coming,
        }
    }

    /// What is known of the folder.
    fn entries(&mut self) -> Option<&Entries> {
        if self.entries.is_none() {
            self.entries = self.coming.try_recv().ok();
        }
        self.entries.as_ref()
    }
}

/// The folders and modules of a folder, folders first; the folder above at the top.
fn list(folder: &Path) -> Entries {
    let entry = |path: PathBuf| -> Option<Entry> {
        let name = path.file_name()?.to_string_lossy().into_owned();
        let folder = path.is_dir();
        let module = (path.extension()).is_some_and(|extension| extension == "wasm" || extension == "wat");
        (!name.starts_with('.') && (module || folder)).then_some(Entry { path, name, folder })
    };
    let read = std::fs::read_dir(folder).map_err(|error| launch::io_words(&error))?;
    let mut entries: Vec<Entry> = (read.flatten())
        .filter_map(|found| entry(found.path()))
        .take(MOST_ENTRIES)
        .collect();
    entries.sort_by(|a, b| (!a.folder, &a.name).cmp(&(!b.folder, &b.name)));
    if let Some(above) = folder.parent() {
        let above = Entry {
            path: above.to_path_buf(),
            name: "..".to_owned(),
            folder: true,
        };
        entries.insert(0, above);
    }
    Ok(entries)
}

/// The dialog that opens a module.
#[derive(Debug)]
pub struct OpenModule {
    text: String,
    listing: Option<Listing>,
    begun: bool,
    complaint: Option<String>,
}

impl OpenModule {
    /// A dialog that begins in a folder.
    pub fn new(folder: &Path) -> OpenModule {
        OpenModule {
            text: as_folder(folder),
            listing: None,
            begun: false,
            complaint: None,
        }
    }

    /// The same, with what went wrong before.
    pub fn complaining(folder: &Path, complaint: String) -> OpenModule {
        OpenModule {
            complaint: Some(complaint),
            ..OpenModule::new(folder)
        }
    }

    /// The listing of the folder that is typed.
    fn listing(&mut self, ctx: &Context) -> &mut Listing {
        let typed = PathBuf::from(self.text.trim());
        let folder = if self.text.ends_with('/') {
            typed
        } else {
            typed.parent().map(Path::to_path_buf).unwrap_or_default()
        };
        let listed = self.listing.take().filter(|listing| listing.folder == folder);
        self.listing
            .insert(listed.unwrap_or_else(|| Listing::begin(&folder, ctx)))
    }

    /// The path that is typed: a folder to go to, or a file to open.
    fn typed(&mut self, ctx: &Context) -> Entry {
        let path = PathBuf::from(self.text.trim());
        let slash = self.text.trim().ends_with('/');
        let entries = self.listing(ctx).entries();
        let known =
            entries.and_then(|entries| entries.as_ref().ok()?.iter().find(|entry| entry.path == path));
        Entry {
            folder: slash || known.is_some_and(|entry| entry.folder),
            name: String::new(),
            path,
        }
    }

    fn show(&mut self, cx: &mut Cx<'_>, ctx: &Context) -> bool {
        let t = cx.t;
        let response = modal("open", cx).show(ctx, |ui| {
            ui.set_width(560.0);
            ui.label(RichText::new("Open module").font(theme::strong_font(15.0)));
            ui.add_space(2.0);
            if let Some(complaint) = &self.complaint {
                ui.label(RichText::new(complaint).color(t.warning));
                ui.add_space(2.0);
            }
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
            let mut chosen = entered.then(|| self.typed(ctx));
            ui.add_space(4.0);
            if let Some(entry) = self.list(ui, t) {
                chosen = Some(entry);
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
                        chosen = Some(self.typed(ctx));
                    }
                    cancelled |= ui.button("Cancel").clicked();
                });
            });
            (chosen, cancelled)
        });
        let close = response.should_close();
        let (chosen, cancelled) = response.inner;
        match chosen {
            Some(Entry {
                path, folder: true, ..
            }) => {
                self.text = as_folder(&path);
                self.begun = false;
                false
            }
            Some(entry) => {
                cx.push(Action::Open(entry.path));
                true
            }
            None => close || cancelled,
        }
    }

    fn list(&mut self, ui: &mut Ui, t: &theme::Tokens) -> Option<Entry> {
        let ctx = ui.ctx().clone();
        let listing = self.listing(&ctx);
        let mut chosen = None;
        let frame = egui::Frame::new().fill(t.canvas).corner_radius(5);
        frame.show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.set_min_height(260.0);
            let said = |ui: &mut Ui, text: &str| {
                ui.add_space(8.0);
                ui.label(RichText::new(format!("  {text}")).color(t.faint));
            };
            let entries = match listing.entries() {
                None => return said(ui, "Reading the folder…"),
                Some(Err(why)) => return said(ui, &format!("This folder cannot be listed: {why}")),
                Some(Ok(entries)) => entries,
            };
            let area = ScrollArea::vertical()
                .max_height(260.0)
                .min_scrolled_height(260.0);
            let height = theme::ROW_HEIGHT + 1.0;
            area.auto_shrink([false, true])
                .show_rows(ui, height, entries.len(), |ui, range| {
                    for entry in entries.get(range).unwrap_or_default() {
                        let (rect, response) = parts::row(ui, t, false, &entry.name);
                        let (icon, color) = match (entry.folder, entry.name.as_str()) {
                            (true, "..") => (Icon::CornerLeftUp, t.weak),
                            (true, _) => (Icon::Folder, t.weak),
                            (false, _) => (Icon::FileCode, t.accent),
                        };
                        let spot = egui::Rect::from_min_size(rect.min, egui::vec2(28.0, rect.height()));
                        parts::paint_icon(ui, spot, icon, 13.0, color);
                        let cell = egui::Rect::from_min_max(egui::pos2(spot.right(), rect.top()), rect.max);
                        parts::line(ui, cell, &entry.name, theme::text_font(), t.text);
                        if response.clicked() {
                            chosen = Some(entry.clone());
                        }
                    }
                });
            if !entries.iter().any(|entry| !entry.folder) {
                said(ui, "No .wasm or .wat files in this folder");
            }
        });
        chosen
    }
}

/// A folder's path as it is typed, with a slash at its end.
fn as_folder(folder: &Path) -> String {
    let mut text = folder.display().to_string();
    if !text.ends_with('/') {
        text.push('/');
    }
    text
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

    #[test]
    fn folders_are_listed_above_modules_below_the_way_up() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["b.wasm", "a.wasm", "notes.txt", ".hidden.wasm"] {
            std::fs::write(folder.path().join(name), "").expect("written");
        }
        std::fs::create_dir(folder.path().join("z")).expect("made");
        let entries = list(folder.path()).expect("it is there");
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["..", "z", "a.wasm", "b.wasm"]);
        assert_eq!(
            list(&folder.path().join("nowhere")),
            Err("no such file".to_owned())
        );
    }
}
