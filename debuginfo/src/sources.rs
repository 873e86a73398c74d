//! Where files that debug info names may lie on the machine that debugs. Paths only: whoever asks opens them.
//!
//! # Invariants
//! - A path that is joined to a folder never climbs (`..`) out of it.

use crate::SideFile;
use std::path::{Component, Path, PathBuf};

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
