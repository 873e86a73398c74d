//! What persists from one run of the window to the next: the tree of panes, the theme, recent files, where
//! sources lie, and what was set for each module.
//! Nothing else: scroll offsets and the like belong to a session.

use super::layout::{self, Pane};
use super::theme::ThemeChoice;
use super::wishes::WishBook;
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
    /// Recorded prefixes of source paths, and the folders that stand for them here.
    pub source_map: Vec<(String, PathBuf)>,
    /// Breakpoints and watched expressions.
    pub wishes: WishBook,
    /// The panes.
    pub tree: egui_tiles::Tree<Pane>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            theme: ThemeChoice::default(),
            recent: Vec::new(),
            source_map: Vec::new(),
            wishes: WishBook::default(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[derive(Default)]
    struct Store(HashMap<String, String>);

    impl eframe::Storage for Store {
        fn get_string(&self, key: &str) -> Option<String> {
            self.0.get(key).cloned()
        }
        fn set_string(&mut self, key: &str, value: String) {
            self.0.insert(key.to_owned(), value);
        }
        fn remove_string(&mut self, key: &str) {
            self.0.remove(key);
        }
        fn flush(&mut self) {}
    }

    #[test]
    fn settings_come_back_and_broken_ones_do_not() {
        let mut store = Store::default();
        let mut settings = Settings {
            theme: ThemeChoice::Light,
            ..Settings::default()
        };
        for number in 0..20 {
            settings.remember(Path::new(&format!("{number}.wasm")));
        }
        settings.remember(Path::new("19.wasm"));
        settings.save(&mut store);
        let back = Settings::load(Some(&store));
        assert_eq!(back.theme, ThemeChoice::Light);
        assert_eq!(back.recent.len(), MAX_RECENT);
        assert_eq!(back.recent.first(), Some(&PathBuf::from("19.wasm")));
        eframe::Storage::set_string(&mut store, KEY, "{\"theme\":7".to_owned());
        assert_eq!(Settings::load(Some(&store)).theme, ThemeChoice::default());
        assert!(layout::is_whole(&Settings::load(None).tree));
    }
}
