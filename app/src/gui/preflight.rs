//! Whether this machine can open a window, asked before it is tried: windowing libraries are loaded at run time,
//! and a missing one would end the program with a message about the library alone, after the module was loaded.
//!
//! # Invariants
//! - Nothing is loaded: library files are looked for where the dynamic linker would look.
//! - [`examine`] is a pure function of the environment and of which files exist.
//!
//! Must not know: the window.

use std::fmt;
use std::path::{Path, PathBuf};

/// The kind of display a library belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Display {
    X11,
    Wayland,
}

/// A library loaded at run time.
struct Library {
    file: &'static str,
    package: &'static str,
    displays: &'static [Display],
}

use Display::{Wayland, X11};

/// What the window loads, with the Debian packages that bring it.
const LIBRARIES: [Library; 8] = [
    library("libX11.so.6", "libx11-6", &[X11]),
    library("libX11-xcb.so.1", "libx11-xcb1", &[X11]),
    library("libXcursor.so.1", "libxcursor1", &[X11]),
    library("libXi.so.6", "libxi6", &[X11]),
    library("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", &[X11]),
    library("libxkbcommon.so.0", "libxkbcommon0", &[X11, Wayland]),
    library("libwayland-client.so.0", "libwayland-client0", &[Wayland]),
    library("libwayland-egl.so.1", "libwayland-egl1", &[Wayland]),
];

/// OpenGL: EGL on Wayland; on X11 either will do.
const EGL: Library = library("libEGL.so.1", "libegl1", &[X11, Wayland]);
const GLX: Library = library("libGL.so.1", "libgl1", &[X11]);

/// The line that installs everything for a window on X11.
pub const APT_LINE: &str =
    "sudo apt-get install -y libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libegl1 libgl1";

const fn library(file: &'static str, package: &'static str, displays: &'static [Display]) -> Library {
    Library {
        file,
        package,
        displays,
    }
}

/// Why no window can be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Neither `WAYLAND_DISPLAY` nor `DISPLAY` is set.
    pub no_display: bool,
    /// Files of the libraries that were not found.
    pub missing: Vec<&'static str>,
    /// Packages that [`APT_LINE`] does not hold.
    further_packages: Vec<&'static str>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot open a window:")?;
        if self.no_display {
            f.write_str(
                "\n  no display: neither DISPLAY nor WAYLAND_DISPLAY is set; `stepwell debug` and `stepwell shot` need \
                 none,\n  and xvfb-run makes one that nobody sees: sudo apt-get install -y xvfb xauth",
            )?;
        }
        for file in &self.missing {
            write!(f, "\n  missing library: {file}")?;
        }
        if !self.missing.is_empty() {
            write!(f, "\non Debian and Ubuntu: {APT_LINE}")?;
            for package in &self.further_packages {
                write!(f, " {package}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

/// Whether this machine can open a window.
pub fn check() -> Result<(), Problem> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let environment = |name: &str| std::env::var(name).ok();
    let directories = directories(environment("LD_LIBRARY_PATH").as_deref());
    examine(environment, |file| {
        directories.iter().any(|dir| dir.join(file).exists())
    })
}

/// Whether a window can be opened where these variables are set and these library files are found.
pub fn examine(
    environment: impl Fn(&str) -> Option<String>,
    found: impl Fn(&str) -> bool,
) -> Result<(), Problem> {
    let set = |name| environment(name).is_some_and(|value| !value.is_empty());
    let wayland = set("WAYLAND_DISPLAY") || set("WAYLAND_SOCKET");
    let no_display = !wayland && !set("DISPLAY");
    let display = if wayland { Wayland } else { X11 };

    let mut missing: Vec<&Library> = LIBRARIES
        .iter()
        .filter(|library| library.displays.contains(&display) && !found(library.file))
        .collect();
    let graphics: Vec<&Library> = [&EGL, &GLX]
        .into_iter()
        .filter(|library| library.displays.contains(&display))
        .collect();
    if !graphics.iter().any(|library| found(library.file)) {
        missing.extend(graphics);
    }
    if !no_display && missing.is_empty() {
        return Ok(());
    }
    let in_line = |library: &Library| APT_LINE.split(' ').any(|word| word == library.package);
    Err(Problem {
        no_display,
        further_packages: missing
            .iter()
            .filter(|library| !in_line(library))
            .map(|library| library.package)
            .collect(),
        missing: missing.iter().map(|library| library.file).collect(),
    })
}

/// Where the dynamic linker looks: the search path, the configured directories, the standard ones.
fn directories(search_path: Option<&str>) -> Vec<PathBuf> {
    let mut directories: Vec<PathBuf> = search_path
        .unwrap_or_default()
        .split([':', ';'])
        .filter(|dir| !dir.is_empty())
        .map(PathBuf::from)
        .collect();
    let mut files = vec![PathBuf::from("/etc/ld.so.conf")];
    if let Ok(entries) = std::fs::read_dir("/etc/ld.so.conf.d") {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    for file in files {
        directories.extend(configured(&std::fs::read_to_string(file).unwrap_or_default()));
    }
    for root in ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib"] {
        directories.push(PathBuf::from(root));
        let multiarch = format!("{}-linux-gnu", std::env::consts::ARCH);
        directories.push(Path::new(root).join(multiarch));
    }
    directories
}

/// The directories a linker configuration file names.
fn configured(text: &str) -> impl Iterator<Item = PathBuf> {
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| line.starts_with('/'))
        .map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdict where these variables are set and all libraries but these are there.
    fn with(variables: &[(&str, &str)], absent: &[&str]) -> Result<(), Problem> {
        examine(
            |name| {
                let (_, value) = variables.iter().find(|(key, _)| *key == name)?;
                Some((*value).to_owned())
            },
            |file| !absent.contains(&file),
        )
    }

    const ON_X11: [(&str, &str); 1] = [("DISPLAY", ":0")];
    const ON_WAYLAND: [(&str, &str); 2] = [("DISPLAY", ":0"), ("WAYLAND_DISPLAY", "wayland-0")];

    #[test]
    fn a_complete_machine_passes() {
        assert_eq!(with(&ON_X11, &["libwayland-client.so.0"]), Ok(()));
        assert_eq!(with(&ON_WAYLAND, &["libX11.so.6", "libGL.so.1"]), Ok(()));
        assert_eq!(with(&[("WAYLAND_SOCKET", "5")], &[]), Ok(()));
    }

    #[test]
    fn no_display_is_said() {
        for variables in [&[][..], &[("DISPLAY", ""), ("WAYLAND_DISPLAY", "")]] {
            let problem = with(variables, &[]).unwrap_err();
            assert!(problem.no_display);
            let text = problem.to_string();
            assert!(text.contains("neither DISPLAY nor WAYLAND_DISPLAY"), "{text}");
            assert!(text.contains("apt-get install -y xvfb xauth"), "{text}");
            assert!(!text.contains("libx11-6"), "nothing is missing: {text}");
        }
    }

    #[test]
    fn each_missing_library_is_named_with_one_line_to_install_all() {
        let absent = ["libXi.so.6", "libXcursor.so.1"];
        let text = with(&ON_X11, &absent).unwrap_err().to_string();
        assert_eq!(
            text,
            "cannot open a window:\n  missing library: libXcursor.so.1\n  missing library: libXi.so.6\n\
             on Debian and Ubuntu: sudo apt-get install -y libx11-6 libx11-xcb1 libxcursor1 libxi6 \
             libxkbcommon-x11-0 libegl1 libgl1"
        );
    }

    #[test]
    fn every_library_of_the_display_is_needed() {
        let needed = |display| {
            LIBRARIES
                .iter()
                .filter(move |library| library.displays.contains(&display))
        };
        for library in needed(X11) {
            let problem = with(&ON_X11, &[library.file]).unwrap_err();
            assert_eq!(problem.missing, [library.file]);
        }
        for library in needed(Wayland) {
            let text = with(&ON_WAYLAND, &[library.file]).unwrap_err().to_string();
            assert!(text.contains(library.file) && text.contains(library.package));
        }
    }

    #[test]
    fn one_way_to_opengl_is_enough_on_x11() {
        assert_eq!(with(&ON_X11, &["libGL.so.1"]), Ok(()));
        assert_eq!(with(&ON_X11, &["libEGL.so.1"]), Ok(()));
        let problem = with(&ON_X11, &["libGL.so.1", "libEGL.so.1"]).unwrap_err();
        assert_eq!(problem.missing, ["libEGL.so.1", "libGL.so.1"]);
        let problem = with(&ON_WAYLAND, &["libEGL.so.1"]).unwrap_err();
        assert_eq!(problem.missing, ["libEGL.so.1"]);
    }

    #[test]
    fn linker_configuration_is_read_line_by_line() {
        let text = "# comment\n/usr/local/lib\ninclude /etc/ld.so.conf.d/*.conf\n\n  /opt/gl/lib # driver\n";
        let found: Vec<PathBuf> = configured(text).collect();
        assert_eq!(
            found,
            [PathBuf::from("/usr/local/lib"), PathBuf::from("/opt/gl/lib")]
        );
    }

    #[test]
    fn the_search_path_comes_first() {
        let directories = directories(Some("/a::/b"));
        assert_eq!(directories[..2], [PathBuf::from("/a"), PathBuf::from("/b")]);
        assert!(directories.contains(&PathBuf::from("/usr/lib")));
    }
}
