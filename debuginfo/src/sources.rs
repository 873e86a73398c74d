//! Where files that debug info names may lie on the machine that debugs. Paths only: whoever asks opens them.
//!
//! # Invariants
//! - A path that is joined to a folder never climbs (`..`) out of it.
//! - Which of two places wins depends on the search alone, not on what is on the disk.

use crate::SideFile;
use std::path::{Component, Path, PathBuf};

/// Where source files are looked for, best first: as recorded, where the map leads, in an installed toolchain, then
/// by the longest suffix of the recorded path under one folder after the other.
#[derive(Clone, Debug, Default)]
pub struct SourceSearch {
    /// A recorded prefix, and the folder that stands for it here.
    pub map: Vec<(String, PathBuf)>,
    /// Folders.
    pub roots: Vec<PathBuf>,
    /// Sources of languages' own libraries.
    pub toolchains: Vec<Toolchain>,
}

/// A toolchain that is installed here with the sources of its library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// Rust: the folder that has `library/`; recorded paths begin with `/rustc/` and the compiler's commit.
    Rust {
        /// The folder.
        root: PathBuf,
        /// The commit it was made from, if known.
        commit: Option<String>,
    },
    /// Zig: the folder that has `std/`.
    Zig {
        /// The folder.
        root: PathBuf,
    },
}

/// Folders of a recorded path, counted from the file, that are looked for under others: a path of broken debug
/// information can have any number.
const SUFFIX_LIMIT: usize = 64;

/// One place to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its path.
    pub path: PathBuf,
    /// Whether it may be of another version than what was compiled.
    pub doubtful: bool,
}

impl SourceSearch {
    /// The places to look at for a recorded path.
    pub fn candidates(&self, recorded: &str) -> Vec<Candidate> {
        let unified = recorded.replace('\\', "/");
        let sure = |path: PathBuf| Candidate {
            path,
            doubtful: false,
        };
        let mut found = vec![sure(PathBuf::from(&unified))];
        let climbs = Path::new(&unified)
            .components()
            .any(|part| part == Component::ParentDir);
        if climbs {
            return found;
        }
        for (prefix, folder) in &self.map {
            found.extend(rest_after(&unified, prefix).map(|rest| sure(under(folder, rest))));
        }
        found.extend(
            self.toolchains
                .iter()
                .filter_map(|toolchain| toolchain.candidate(&unified)),
        );
        let names: Vec<&str> = unified
            .split('/')
            .filter(|name| !name.is_empty() && *name != ".")
            .collect();
        for root in &self.roots {
            let starts = names.len().saturating_sub(SUFFIX_LIMIT)..names.len();
            let suffixes = starts.map(|start| names.iter().skip(start).collect::<PathBuf>());
            found.extend(suffixes.map(|suffix| sure(root.join(suffix))));
        }
        found
    }

    /// What a file found at `path` says of others: the recorded prefix, and the folder here, that differ before the
    /// parts both have in common. `None` if they do not differ.
    pub fn mapping(recorded: &str, path: &Path) -> Option<(String, PathBuf)> {
        let unified = recorded.replace('\\', "/");
        let mut from: Vec<&str> = unified.split('/').collect();
        let mut to = path.to_path_buf();
        while from.len() > 1
            && to
                .file_name()
                .is_some_and(|name| Some(&&*name.to_string_lossy()) == from.last())
        {
            from.pop();
            to.pop();
        }
        let from = from.join("/");
        (!from.is_empty() && Path::new(&from) != to).then_some((from, to))
    }
}

impl Toolchain {
    fn candidate(&self, recorded: &str) -> Option<Candidate> {
        match self {
            Toolchain::Rust { root, commit } => {
                let (recorded_commit, rest) = recorded.strip_prefix("/rustc/")?.split_once('/')?;
                Some(Candidate {
                    path: under(root, rest),
                    doubtful: commit.as_deref() != Some(recorded_commit),
                })
            }
            Toolchain::Zig { root } => {
                let (_, rest) = recorded.split_once("/lib/")?;
                let rest = rest.strip_prefix("zig/").unwrap_or(rest);
                let own = [
                    "std/",
                    "compiler_rt",
                    "libc/",
                    "libcxx/",
                    "libcxxabi/",
                    "libunwind/",
                    "c/",
                    "c.zig",
                ];
                own.iter().any(|own| rest.starts_with(own)).then(|| Candidate {
                    path: under(root, rest),
                    doubtful: true,
                })
            }
        }
    }
}

/// A path in a folder, whatever the path begins with.
fn under(folder: &Path, path: &str) -> PathBuf {
    folder.join(path.trim_start_matches('/'))
}

/// What follows a prefix that ends at a `/`.
fn rest_after<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix.trim_end_matches('/'))?;
    rest.strip_prefix('/')
}

impl SideFile {
    /// The paths to look at for this file of the module at `module`, best first.
    pub fn candidates(&self, module: &Path) -> Vec<PathBuf> {
        let folder = module.parent().unwrap_or(Path::new(""));
        let mut found: Vec<PathBuf> = Vec::new();
        match self {
            SideFile::External { path } => found.extend(beside(folder, path)),
            SideFile::SourceMap { url } => {
                found.extend(beside(folder, url));
                found.push(with_ending(module, "map"));
            }
            SideFile::Package => {
                found.push(with_ending(module, "dwp"));
                found.push(module.with_extension("dwp"));
            }
            SideFile::Split { name, directory } => {
                found.push(Path::new(directory).join(name));
                found.extend(beside(folder, name));
            }
        }
        let mut seen = Vec::new();
        found.retain(|path| {
            let new = !seen.contains(path);
            seen.push(path.clone());
            new
        });
        found
    }
}

/// `module.wasm` to `module.wasm.ENDING`.
fn with_ending(module: &Path, ending: &str) -> PathBuf {
    let mut path = module.as_os_str().to_owned();
    path.push(".");
    path.push(ending);
    PathBuf::from(path)
}

/// A recorded path or URL: as it is, under the folder, and in the folder itself.
fn beside(folder: &Path, recorded: &str) -> Vec<PathBuf> {
    let recorded = recorded.strip_prefix("file://").unwrap_or(recorded);
    // What lies on a server is not fetched, but a copy of it may lie here.
    let remote = recorded.contains("://");
    let path = Path::new(recorded);
    let mut found = Vec::new();
    if !remote && path.is_absolute() {
        found.push(path.to_path_buf());
    } else if !remote && !path.components().any(|part| part == Component::ParentDir) {
        found.push(folder.join(path));
    }
    found.extend(path.file_name().map(|name| folder.join(name)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_looked_for_in_order() {
        let commit = "59807616e1fa2540724bfbac14d7976d7e4a3860".to_string();
        let search = SourceSearch {
            map: vec![("/build/src/".to_string(), PathBuf::from("/home/me/p"))],
            roots: vec![PathBuf::from("/m")],
            toolchains: vec![
                Toolchain::Rust {
                    root: PathBuf::from("/rust"),
                    commit: Some(commit.clone()),
                },
                Toolchain::Zig {
                    root: PathBuf::from("/zig"),
                },
            ],
        };
        let of = |recorded: &str| -> Vec<String> {
            let found = search.candidates(recorded).into_iter();
            let show = |found: Candidate| {
                format!(
                    "{}{}",
                    found.path.display(),
                    if found.doubtful { "?" } else { "" }
                )
            };
            found.map(show).collect()
        };
        assert_eq!(
            of("/build/src/a.c"),
            [
                "/build/src/a.c",
                "/home/me/p/a.c",
                "/m/build/src/a.c",
                "/m/src/a.c",
                "/m/a.c"
            ]
        );
        // A prefix ends where a name does.
        assert_eq!(of("/build/srcs/a.c")[1], "/m/build/srcs/a.c");
        let library = format!("/rustc/{commit}/library/core/src/fmt/mod.rs");
        assert_eq!(of(&library)[1], "/rust/library/core/src/fmt/mod.rs");
        assert_eq!(of("/rustc/0123/library/a.rs")[1], "/rust/library/a.rs?");
        assert_eq!(of("/opt/ziglang/lib/std/fmt.zig")[1], "/zig/std/fmt.zig?");
        assert_eq!(
            of("/usr/lib/zig/compiler_rt/mulo.zig")[1],
            "/zig/compiler_rt/mulo.zig?"
        );
        assert_eq!(of("/build/lib/mine.c")[1], "/m/build/lib/mine.c");
        // A second slash does not lead out of a folder.
        assert_eq!(of(&format!("/rustc/{commit}//etc/passwd"))[1], "/rust/etc/passwd");
        assert_eq!(of("/build/src//etc/passwd")[1], "/home/me/p/etc/passwd");
        assert_eq!(of(&"/a".repeat(1 << 20)).len(), 65);
        assert_eq!(of("../../etc/passwd"), ["../../etc/passwd"]);
        assert_eq!(
            of("C:\\w\\a.c"),
            ["C:/w/a.c", "/m/C:/w/a.c", "/m/w/a.c", "/m/a.c"]
        );
    }

    #[test]
    fn a_found_file_maps_others() {
        let mapping = |recorded, path| SourceSearch::mapping(recorded, Path::new(path));
        let pair = |from: &str, to: &str| Some((from.to_string(), PathBuf::from(to)));
        assert_eq!(
            mapping("/build/src/a.c", "/home/me/p/src/a.c"),
            pair("/build", "/home/me/p")
        );
        assert_eq!(
            mapping("/build/src/a.c", "/home/me/a.c"),
            pair("/build/src", "/home/me")
        );
        assert_eq!(mapping("/build/a.c", "/build/a.c"), None);
        assert_eq!(mapping("/a/b.c", "/x/c.c"), pair("/a/b.c", "/x/c.c"));
    }

    #[test]
    fn candidates_lie_beside_the_module() {
        let of = |file: SideFile| -> Vec<String> {
            let found = file.candidates(Path::new("/m/app.wasm"));
            found.iter().map(|path| path.display().to_string()).collect()
        };
        let (path, url) = (
            "d/app.debug.wasm".to_string(),
            "http://h/x/app.wasm.map".to_string(),
        );
        assert_eq!(
            of(SideFile::External { path }),
            ["/m/d/app.debug.wasm", "/m/app.debug.wasm"]
        );
        assert_eq!(of(SideFile::SourceMap { url }), ["/m/app.wasm.map"]);
        assert_eq!(of(SideFile::Package), ["/m/app.wasm.dwp", "/m/app.dwp"]);
        let (name, directory) = ("o/a.dwo".to_string(), "/build".to_string());
        assert_eq!(
            of(SideFile::Split { name, directory }),
            ["/build/o/a.dwo", "/m/o/a.dwo", "/m/a.dwo"]
        );
        let path = "../../etc/passwd".to_string();
        assert_eq!(of(SideFile::External { path }), ["/m/passwd"]);
    }
}
