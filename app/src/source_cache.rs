//! Source files by the paths that debug info records, read once.
//!
//! A recorded path rarely exists on the machine that debugs; [`SourceSearch`] says where to look. After it come the
//! text that the debug info itself holds, and, for the bundled sample alone, the program. What was not found is
//! remembered with every place tried, so that a front end can say so plainly.
//!
//! # Invariants
//! - Only regular files of bounded size are read: a recorded path is as hostile as its module.
//! - A text that is not, or may not be, what was compiled is never shown without saying so ([`SourceText::stale`]).
//!
//! Must not know: any front end.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stepwell_debuginfo::{
    Finding, SourceFile, SourceSearch, SourceState, Toolchain, UnitSummary, source_findings,
};

/// Larger files are refused: nobody reads them, and a hostile path might name one.
const MAX_LEN_BYTES: u64 = 32 << 20;
/// Prefixes that are remembered for a person.
const MAX_MAPPINGS: usize = 32;

/// A source file, cut into lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceText {
    /// Where it was read; `None` if it is part of the debug info or bundled with the program.
    pub path: Option<PathBuf>,
    /// Its lines without line ends, tabs as they are.
    pub lines: Vec<String>,
    /// Why it may not be what was compiled, in one sentence.
    pub stale: Option<&'static str>,
}

const CHANGED: &str = "This file has changed since it was compiled: its checksum is not the recorded one.";
const OTHER_VERSION: &str =
    "This file is of an installed toolchain, perhaps of another version than what was compiled.";

impl SourceText {
    fn new(path: Option<PathBuf>, bytes: &[u8]) -> SourceText {
        let text = String::from_utf8_lossy(bytes);
        SourceText {
            path,
            lines: text.lines().map(str::to_owned).collect(),
            stale: None,
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
    search: SourceSearch,
    /// Recorded checksums by path.
    checksums: HashMap<String, [u8; 16]>,
    bundled: &'static [(&'static str, &'static str)],
    entries: HashMap<String, Lookup>,
    generation: u64,
}

impl SourceCache {
    /// A cache for a module read from `module`: its folder, the working directory and the toolchains that are
    /// installed are searched.
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
            search: SourceSearch {
                map: Vec::new(),
                roots,
                toolchains: toolchains(),
            },
            ..SourceCache::default()
        }
    }

    /// Adds files that live inside the program: (recorded path, text). They are looked at last.
    pub fn with_bundled(mut self, files: &'static [(&'static str, &'static str)]) -> SourceCache {
        self.bundled = files;
        self
    }

    /// Takes recorded prefixes and the folders that stand for them.
    pub fn with_map(mut self, map: &[(String, PathBuf)]) -> SourceCache {
        self.search.map = map.to_vec();
        self
    }

    /// Changes whenever a file may be found that was not before, or the other way round.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The prefixes in use: those given, and those learned from folders that were added.
    pub fn map(&self) -> &[(String, PathBuf)] {
        &self.search.map
    }

    /// Learns what the debug info says of its files.
    pub fn learn(&mut self, files: &[SourceFile]) {
        let recorded = files
            .iter()
            .filter_map(|file| Some((file.path.clone(), file.md5?)));
        self.checksums = recorded.collect();
        self.reload();
    }

    /// Takes the text of a file that the debug info holds, for when it is found nowhere else.
    pub fn embed(&mut self, recorded: &str, text: &str) {
        if self.text(recorded).is_none() {
            let text = Arc::new(SourceText::new(None, text.as_bytes()));
            self.entries.insert(recorded.to_owned(), Lookup::Found(text));
        }
    }

    /// Adds a folder to search, before the others, and forgets what was missing. What is found there teaches where
    /// the rest of its tree lies.
    pub fn add_root(&mut self, root: PathBuf) {
        let missing: Vec<String> = (self.entries.iter())
            .filter(|(_, lookup)| matches!(lookup, Lookup::Missing { .. }))
            .map(|(recorded, _)| recorded.clone())
            .collect();
        self.search.roots.retain(|known| *known != root);
        self.search.roots.insert(0, root);
        self.retry_missing();
        for recorded in missing {
            let found = self.text(&recorded).and_then(|text| text.path.clone());
            let mapping = found.and_then(|path| SourceSearch::mapping(&recorded, &path));
            if let Some((from, to)) = mapping {
                self.search.map.retain(|(known, _)| *known != from);
                self.search.map.insert(0, (from, to));
                self.search.map.truncate(MAX_MAPPINGS);
            }
        }
        self.retry_missing();
    }

    /// Forgets what was missing, so that it is looked for again.
    pub fn retry_missing(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        self.entries
            .retain(|_, lookup| matches!(lookup, Lookup::Found(_)));
    }

    /// Forgets everything: files may have changed.
    pub fn reload(&mut self) {
        self.generation = self.generation.wrapping_add(1);
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

    /// Whether a file is there, and is what was compiled. Keeps no text that was not asked for.
    pub fn state(&self, file: &SourceFile) -> SourceState {
        let known = self.entries.get(&file.path).cloned();
        match known.unwrap_or_else(|| self.look(&file.path)) {
            Lookup::Found(text) if text.stale.is_some() => SourceState::Stale,
            Lookup::Found(_) => SourceState::Found,
            Lookup::Missing { .. } if file.embedded => SourceState::Found,
            Lookup::Missing { .. } => SourceState::Missing,
        }
    }

    /// What became of a unit's own source file; `None` if it has no code.
    pub fn state_of_unit(&self, unit: &UnitSummary, files: &[SourceFile]) -> Option<SourceState> {
        let path = unit.source_path();
        let file = files.iter().find(|file| file.path == path)?;
        Some(self.state(file))
    }

    /// What is to be said about these files.
    pub fn findings(&self, files: &[SourceFile]) -> Vec<Finding> {
        source_findings(files.iter().map(|file| (file.path.as_str(), self.state(file))))
    }

    fn look(&self, recorded: &str) -> Lookup {
        let mut tried = Vec::new();
        let mut stale: Option<SourceText> = None;
        for candidate in self.search.candidates(recorded) {
            if tried.contains(&candidate.path) {
                continue;
            }
            if let Some(bytes) = read_regular(&candidate.path) {
                let mut text = SourceText::new(Some(candidate.path.clone()), &bytes);
                text.stale = match self.checksums.get(recorded) {
                    Some(recorded) if md5::compute(&bytes).0 != *recorded => Some(CHANGED),
                    None if candidate.doubtful => Some(OTHER_VERSION),
                    _ => None,
                };
                if text.stale.is_none() {
                    return Lookup::Found(Arc::new(text));
                }
                // A later place may have the very text.
                stale.get_or_insert(text);
            }
            tried.push(candidate.path);
        }
        let bundled = self.bundled.iter().find(|(path, _)| *path == recorded);
        match (bundled, stale) {
            (Some((_, text)), _) => Lookup::Found(Arc::new(SourceText::new(None, text.as_bytes()))),
            (None, Some(text)) => Lookup::Found(Arc::new(text)),
            (None, None) => Lookup::Missing { tried },
        }
    }
}

fn read_regular(path: &Path) -> Option<Vec<u8>> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_LEN_BYTES {
        return None;
    }
    std::fs::read(path).ok()
}

/// The toolchains that are installed here with the sources of their libraries.
fn toolchains() -> Vec<Toolchain> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let rustup = std::env::var_os("RUSTUP_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(home.as_ref()?.join(".rustup")));
    let mut found = Vec::new();
    for toolchain in rustup
        .iter()
        .flat_map(|rustup| folders(&rustup.join("toolchains")))
    {
        let lib = toolchain.join("lib/rustlib");
        let root = lib.join("src/rust");
        if root.join("library").is_dir() {
            found.push(Toolchain::Rust {
                root,
                commit: rust_commit(&lib.join("multirust-channel-manifest.toml")),
            });
        }
    }
    let packaged = folders(Path::new("/usr/src"))
        .into_iter()
        .chain([PathBuf::from("/usr/lib/rustlib/src/rust")]);
    found.extend(
        packaged
            .filter(|root| root.join("library").is_dir())
            .map(|root| Toolchain::Rust { root, commit: None }),
    );
    let path = std::env::var_os("PATH").unwrap_or_default();
    let beside_zig = std::env::split_paths(&path).filter_map(|folder| {
        let program = std::fs::canonicalize(folder.join("zig")).ok()?;
        let folder = program.parent()?.to_path_buf();
        Some([
            folder.join("lib"),
            folder.join("../lib/zig"),
            folder.join("lib/zig"),
        ])
    });
    let zig = beside_zig
        .flatten()
        .filter(|root| root.join("std/std.zig").is_file());
    found.extend(zig.map(|root| Toolchain::Zig { root }));
    found.dedup();
    found
}

/// The folders in a folder, by name.
fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

/// The commit that a toolchain's manifest says its compiler was built from.
fn rust_commit(manifest: &Path) -> Option<String> {
    let text = String::from_utf8(read_regular(manifest)?).ok()?;
    let (_, of_rustc) = text.split_once("[pkg.rustc]")?;
    let (_, rest) = of_rustc.split_once("git_commit_hash = \"")?;
    Some(rest.split('"').next()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use stepwell_debuginfo::{FileId, FindingKind, Language};

    fn recorded(path: &str, md5: Option<[u8; 16]>) -> SourceFile {
        SourceFile {
            id: FileId(0),
            path: path.to_owned(),
            language: Language::C,
            md5,
            embedded: false,
        }
    }

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
        assert!(cache.text("../../etc/passwd").is_none());
        let Lookup::Missing { tried } = cache.get("../../etc/passwd") else {
            panic!("not read");
        };
        assert_eq!(tried.len(), 1);
    }

    #[test]
    fn bundled_files_need_the_exact_path() {
        let mut cache = SourceCache::default().with_bundled(&[("/no/such/folder/list.c", "int x;\n")]);
        assert!(cache.text("/no/such/folder/list.c").is_some());
        assert!(cache.text("/other/list.c").is_none());
    }

    #[test]
    fn a_changed_file_is_said_to_be_stale_and_one_that_fits_wins() {
        let dir = tempfile::tempdir().expect("temporary folder");
        std::fs::create_dir_all(dir.path().join("src")).expect("folder");
        std::fs::write(dir.path().join("src/a.c"), "changed\n").expect("file");
        let file = recorded("/build/src/a.c", Some(md5::compute("compiled\n").0));
        let mut cache = SourceCache::new(Some(&dir.path().join("m.wasm")));
        cache.learn(std::slice::from_ref(&file));
        assert_eq!(cache.state(&file), SourceState::Stale);
        let text = cache.text(&file.path).expect("shown all the same");
        assert_eq!((text.line(1), text.stale), (Some("changed"), Some(CHANGED)));
        assert_eq!(
            cache.findings(std::slice::from_ref(&file))[0].kind,
            FindingKind::SourcesStale
        );
        std::fs::write(dir.path().join("a.c"), "compiled\n").expect("file");
        cache.reload();
        assert_eq!(cache.text(&file.path).expect("found").line(1), Some("compiled"));
        assert_eq!(cache.state(&file), SourceState::Found);
    }

    #[test]
    fn an_added_folder_teaches_where_its_tree_lies() {
        let dir = tempfile::tempdir().expect("temporary folder");
        std::fs::create_dir_all(dir.path().join("project/src/deep")).expect("folders");
        std::fs::write(dir.path().join("project/src/deep/a.c"), "a\n").expect("file");
        std::fs::write(dir.path().join("project/b.c"), "b\n").expect("file");
        let mut cache = SourceCache::default();
        assert!(cache.text("/build/src/deep/a.c").is_none());
        cache.add_root(dir.path().join("project/src"));
        assert!(cache.text("/build/src/deep/a.c").is_some());
        let learned = [("/build".to_string(), dir.path().join("project"))];
        assert_eq!(cache.map(), learned);
        // In another session, the map alone is enough.
        let mut cache = SourceCache::default().with_map(&learned);
        assert_eq!(cache.text("/build/b.c").expect("found").line(1), Some("b"));
    }

    #[test]
    fn embedded_texts_come_last() {
        let mut cache = SourceCache::default();
        let mut file = recorded("/no/such/a.c", None);
        assert_eq!(cache.state(&file), SourceState::Missing);
        assert_eq!(
            cache.findings(std::slice::from_ref(&file))[0].kind,
            FindingKind::SourcesMissing
        );
        file.embedded = true;
        assert_eq!(cache.state(&file), SourceState::Found);
        cache.embed(&file.path, "inside\n");
        assert_eq!(cache.text(&file.path).expect("found").line(1), Some("inside"));
    }
}
