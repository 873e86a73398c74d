//! Source files by the paths that debug info records, read once.
//!
//! A recorded path rarely exists on the machine that debugs, so a file is looked for in this order: as
//! recorded; by the longest suffix of the recorded path that exists under the module's folder, then under the
//! working directory; and, for the bundled sample alone, inside the program. What was not found is remembered
//! with every place tried, so that a front end can say so plainly.
//!
//! # Invariants
//! - Only regular files of bounded size are read: a recorded path is as hostile as its module.
//! - A suffix never climbs (`..`) out of the folder it is joined to.
//!
//! Must not know: any front end.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Larger files are refused: nobody reads them, and a hostile path might name one.
const MAX_LEN_BYTES: u64 = 32 << 20;

/// A source file, cut into lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceText {
    /// Where it was read; `None` if it is bundled with the program.
    pub path: Option<PathBuf>,
    /// Its lines without line ends, tabs as they are.
    pub lines: Vec<String>,
}

impl SourceText {
    fn new(path: Option<PathBuf>, bytes: &[u8]) -> SourceText {
        let text = String::from_utf8_lossy(bytes);
        SourceText {
            path,
            lines: text.lines().map(str::to_owned).collect(),
        }
    }

    /// A line by number from 1.
    pub fn line(&self, number: u32) -> Option<&str> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.lines.get(index).map(String::as_str)
    }
}

/// What came of looking for a file.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// Found.
    Found(Arc<SourceText>),
    /// Not found; every place looked at, in order.
    Missing {
        /// The paths tried.
        tried: Vec<PathBuf>,
    },
}

/// Source files of one session.
#[derive(Debug, Default)]
pub struct SourceCache {
    roots: Vec<PathBuf>,
    bundled: &'static [(&'static str, &'static str)],
    entries: HashMap<String, Lookup>,
}

impl SourceCache {
    /// A cache for a module read from `module`: its folder and the working directory are searched.
    pub fn new(module: Option<&Path>) -> SourceCache {
        let folder = module.and_then(Path::parent).map(|folder| {
            if folder.as_os_str().is_empty() {
                PathBuf::from(".")
            } else {
                folder.to_path_buf()
            }
        });
        let mut roots: Vec<PathBuf> = folder.into_iter().collect();
        if let Ok(cwd) = std::env::current_dir() {
            roots.push(cwd);
        }
        roots.dedup();
        SourceCache {
            roots,
            ..SourceCache::default()
        }
    }

    /// Adds files that live inside the program: (recorded path, text). They are looked at last.
    pub fn with_bundled(mut self, files: &'static [(&'static str, &'static str)]) -> SourceCache {
        self.bundled = files;
        self
    }

    /// Adds a folder to search, before the others, and forgets what was missing.
    pub fn add_root(&mut self, root: PathBuf) {
        self.roots.retain(|known| *known != root);
        self.roots.insert(0, root);
        self.retry_missing();
    }

    /// Forgets what was missing, so that it is looked for again.
    pub fn retry_missing(&mut self) {
        self.entries
            .retain(|_, lookup| matches!(lookup, Lookup::Found(_)));
    }

    /// Forgets everything: files may have changed.
    pub fn reload(&mut self) {
        self.entries.clear();
    }

    /// The file that debug info records as `recorded`; read the first time it is asked for.
    pub fn get(&mut self, recorded: &str) -> &Lookup {
        if !self.entries.contains_key(recorded) {
            let lookup = self.look(recorded);
            self.entries.insert(recorded.to_owned(), lookup);
        }
        self.entries
            .entry(recorded.to_owned())
            .or_insert(Lookup::Missing { tried: Vec::new() })
    }

    /// The text of a file, if it was found.
    pub fn text(&mut self, recorded: &str) -> Option<Arc<SourceText>> {
        match self.get(recorded) {
            Lookup::Found(text) => Some(Arc::clone(text)),
            Lookup::Missing { .. } => None,
        }
    }

    fn look(&self, recorded: &str) -> Lookup {
        let mut tried = Vec::new();
        for candidate in self.candidates(recorded) {
            if let Some(bytes) = read_regular(&candidate) {
                return Lookup::Found(Arc::new(SourceText::new(Some(candidate), &bytes)));
            }
            tried.push(candidate);
        }
        let bundled = self.bundled.iter().find(|(path, _)| *path == recorded);
        match bundled {
            Some((_, text)) => Lookup::Found(Arc::new(SourceText::new(None, text.as_bytes()))),
            None => Lookup::Missing { tried },
        }
    }

    /// Where a recorded path may be, best first.
    fn candidates(&self, recorded: &str) -> Vec<PathBuf> {
        let unified = recorded.replace('\\', "/");
        let path = Path::new(&unified);
        let mut candidates = vec![path.to_path_buf()];
        let names: Vec<_> = path
            .components()
            .filter_map(|component| match component {
                Component::Normal(name) => Some(name),
                _ => None,
            })
            .collect();
        if path.components().any(|c| c == Component::ParentDir) {
            return candidates;
        }
        for root in &self.roots {
            for start in 0..names.len() {
                let suffix: PathBuf = names.iter().skip(start).collect();
                candidates.push(root.join(suffix));
            }
        }
        candidates
    }
}

fn read_regular(path: &Path) -> Option<Vec<u8>> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_LEN_BYTES {
        return None;
    }
    std::fs::read(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longest_suffix_under_the_module_folder_wins() {
        let dir = tempfile::tempdir().expect("temporary folder");
        std::fs::create_dir_all(dir.path().join("src")).expect("folder");
        std::fs::write(dir.path().join("a.c"), "short\n").expect("file");
        std::fs::write(dir.path().join("src/a.c"), "long\n").expect("file");
        let mut cache = SourceCache::new(Some(&dir.path().join("m.wasm")));
        let text = cache.text("/build/nowhere/src/a.c").expect("found");
        assert_eq!(text.line(1), Some("long"));
        assert_eq!(text.line(0), None);
        assert_eq!(text.line(2), None);
    }

    #[test]
    fn missing_files_name_every_place_and_are_found_later() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let mut cache = SourceCache::new(Some(&dir.path().join("m.wasm")));
        let Lookup::Missing { tried } = cache.get("/nowhere/z.c").clone() else {
            panic!("there is no such file");
        };
        assert_eq!(tried.first(), Some(&PathBuf::from("/nowhere/z.c")));
        assert!(tried.contains(&dir.path().join("z.c")));
        std::fs::write(dir.path().join("z.c"), "now\n").expect("file");
        assert!(cache.text("/nowhere/z.c").is_none());
        cache.retry_missing();
        assert!(cache.text("/nowhere/z.c").is_some());
    }

    #[test]
    fn devices_and_climbing_paths_are_not_read() {
        let mut cache = SourceCache::new(None);
        assert!(cache.text("/dev/zero").is_none());
        assert_eq!(cache.candidates("../../etc/passwd").len(), 1);
    }

    #[test]
    fn bundled_files_need_the_exact_path() {
        let mut cache = SourceCache::default().with_bundled(&[("/no/such/folder/list.c", "int x;\n")]);
        assert!(cache.text("/no/such/folder/list.c").is_some());
        assert!(cache.text("/other/list.c").is_none());
    }
}
