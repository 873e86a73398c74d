//! What persists from one run of the window to the next: the tree of panes, the theme and recent files.
//! Nothing else: scroll offsets and the like belong to a session.

use super::layout::{self, Pane};
use super::theme::ThemeChoice;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const KEY: &str = "settings";
const MAX_RECENT: usize = 10;

/// What persists.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Which theme.
    pub theme: ThemeChoice,
    /// Modules opened lately, latest first.
    pub recent: Vec<PathBuf>,
    /// The panes.
    pub tree: egui_tiles::Tree<Pane>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            theme: ThemeChoice::default(),
            recent: Vec::new(),
            tree: layout::default_tree(),
        }
    }
}

impl Settings {
    /// What was stored; defaults for what was not, or no longer fits.
    pub fn load(storage: Option<&dyn eframe::Storage>) -> Settings {
        let stored = storage.and_then(|storage| storage.get_string(KEY));
        let mut settings: Settings = stored
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        if !layout::is_whole(&settings.tree) {
            settings.tree = layout::default_tree();
        }
        settings.recent.truncate(MAX_RECENT);
        settings
    }

    /// Stores them.
    pub fn save(&self, storage: &mut dyn eframe::Storage) {
        if let Ok(text) = serde_json::to_string(self) {
            storage.set_string(KEY, text);
        }
    }

    /// Puts a file at the head of the recent ones.
    pub fn remember(&mut self, path: &Path) {
        self.recent.retain(|known| known != path);
        self.recent.insert(0, path.to_path_buf());
        self.recent.truncate(MAX_RECENT);
    }
}
