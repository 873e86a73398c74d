//! Command-line words to a session's configuration, and the sample that opens when no file is named.
//!
//! # Invariants
//! - Every error is one line that names the file.
//! - The sample is part of the binary, so that the binary works alone.
//!
//! Must not know: any front end.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stepwell_engine::api::error_in_text;
use stepwell_engine::debugger::SessionConfig;
use stepwell_engine::module::{assemble, decode, is_text};

/// Larger files are no modules: no section's length reaches further.
const MAX_MODULE_LEN_BYTES: u64 = u32::MAX as u64;
/// The bundled sample: a shopping list in C.
const SAMPLE_NAME: &str = "list.wasm";
const SAMPLE_MODULE: &[u8] = include_bytes!("../../assets/guests/list/list.wasm");

/// The sample's sources, by the path its debug info records.
pub const SAMPLE_SOURCES: &[(&str, &str)] = &[(
    "/stepwell/guests/list/list.c",
    include_str!("../../assets/guests/list/list.c"),
)];

/// The bundled sample.
pub fn sample() -> SessionConfig {
    SessionConfig {
        module: Arc::from(SAMPLE_MODULE),
        name: SAMPLE_NAME.to_string(),
        ..SessionConfig::default()
    }
}

/// What is granted to a guest, in command-line words.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Grants {
    /// Give the guest a directory (repeatable); without ::GUEST it has the same path inside
    ///
    /// The guest sees it under the path after `::`. Nothing outside of it can be reached, not by `..` and not by
    /// symbolic links.
    #[arg(long = "dir", value_name = "HOST[::GUEST]", value_parser = parse_dir)]
    pub dirs: Vec<(PathBuf, String)>,
    /// Set an environment variable of the guest (repeatable); it inherits none
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = parse_env)]
    pub env: Vec<(String, String)>,
    /// Call this exported function instead of _start, with ARGS as its arguments by its type
    ///
    /// Integers are decimal or hexadecimal (0x...), signed or unsigned; floats are like 1.5, -2e3, inf, nan. The results
    /// are printed, one a line.
    #[arg(long, value_name = "FUNCTION")]
    pub invoke: Option<String>,
    /// Run on the reference interpreter instead of compiled code
    #[arg(long)]
    pub interpreter: bool,
}

/// What the window is opened on.
#[derive(Clone, Debug, clap::Args)]
pub struct Opened {
    #[command(flatten)]
    grants: Grants,
    /// The module; without one, a small sample program
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The guest's arguments
    #[arg(last = true, value_name = "ARGS")]
    pub args: Vec<String>,
}

impl Opened {
    /// Its session's configuration.
    pub fn config(self) -> Result<SessionConfig> {
        let Some(file) = &self.file else {
            return Ok(SessionConfig {
                args: self.args,
                env: self.grants.env,
                dirs: self.grants.dirs,
                invoke: self.grants.invoke,
                interpreter: self.grants.interpreter,
                ..sample()
            });
        };
        config(file, &self.grants, self.args)
    }
}

/// A session's configuration from a file and what is granted to it.
pub fn config(file: &Path, grants: &Grants, args: Vec<String>) -> Result<SessionConfig> {
    Ok(SessionConfig {
        module: read_module(file)?,
        name: file.display().to_string(),
        path: Some(file.to_path_buf()),
        args,
        env: grants.env.clone(),
        dirs: grants.dirs.clone(),
        invoke: grants.invoke.clone(),
        stop_on_entry: false,
        interpreter: grants.interpreter,
    })
}

/// The bytes of a file that is meant to be a module; one in the text format is translated.
pub fn read_module(file: &Path) -> Result<Arc<[u8]>> {
    let name = file.display();
    let failed = |error: std::io::Error| anyhow::anyhow!("{name}: {}", io_words(&error));
    let metadata = std::fs::metadata(file).map_err(failed)?;
    if metadata.is_dir() {
        bail!("{name}: is a directory, not a WebAssembly module");
    }
    if metadata.len() > MAX_MODULE_LEN_BYTES {
        bail!("{name}: is too large to be a WebAssembly module");
    }
    let bytes = std::fs::read(file).map_err(failed)?;
    if let Ok(text) = std::str::from_utf8(&bytes)
        && is_text(&bytes)
    {
        // Found again from anywhere: its debug info names the text by its whole path.
        let path = std::path::absolute(file).map_err(failed)?;
        let module: Arc<[u8]> = assemble(text, &path).with_context(|| name.to_string())?.into();
        if let Err(error) = decode(module.clone()) {
            return Err(error_in_text(error, &module)).with_context(|| name.to_string());
        }
        return Ok(module);
    }
    check_header(&bytes).with_context(|| name.to_string())?;
    Ok(bytes.into())
}

/// Says what a file is that cannot be a module, before a validator says it in its own words.
fn check_header(bytes: &[u8]) -> Result<()> {
    match (bytes.get(..4), bytes.get(4..8)) {
        (None, _) if bytes.is_empty() => {
            bail!("the file is empty, not a WebAssembly module (at offset 0x0)")
        }
        (Some(b"\0asm"), Some([0x0d, 0, 1, 0])) => bail!(
            "this is a WebAssembly component, which is not supported; only core modules are (at offset 0x4)"
        ),
        (Some(b"\0asm"), Some([1, 0, 0, 0])) => Ok(()),
        (Some(b"\0asm"), Some(version)) => bail!(
            "unknown WebAssembly version {}; only version 1 is supported (at offset 0x4)",
            version
                .iter()
                .rev()
                .fold(0u32, |all, &byte| all << 8 | u32::from(byte))
        ),
        (Some(b"\0asm"), None) => {
            bail!("the file ends in the middle of its header (at offset 0x4)")
        }
        _ => bail!("not a WebAssembly module: it does not begin with \\0asm (at offset 0x0)"),
    }
}

/// An I/O error without the system's error number.
pub fn io_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_string(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_string(),
        _ => error.to_string(),
    }
}

/// `HOST` or `HOST::GUEST`.
pub fn parse_dir(text: &str) -> Result<(PathBuf, String), String> {
    let (host, guest) = text.split_once("::").unwrap_or((text, text));
    if host.is_empty() || guest.is_empty() {
        return Err("write HOST or HOST::GUEST".to_string());
    }
    Ok((PathBuf::from(host), guest.to_string()))
}

/// `NAME=VALUE`.
fn parse_env(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_string(), value.to_string())),
        _ => Err("write NAME=VALUE".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_a_module_and_is_granted_what_a_file_is() {
        let opened = Opened {
            grants: Grants {
                interpreter: true,
                ..Grants::default()
            },
            file: None,
            args: vec!["fault".to_string()],
        };
        let sample = opened.config().expect("the sample");
        assert!(check_header(&sample.module).is_ok());
        assert!(sample.interpreter);
        assert_eq!(sample.args, ["fault"]);
    }

    #[test]
    fn a_text_that_is_not_valid_is_told_by_its_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = |text: &str| {
            let file = folder.path().join("bad.wat");
            std::fs::write(&file, text).expect("written");
            format!("{:#}", read_module(&file).expect_err("not valid"))
        };
        let add = error("(module\n  (func $f (result i32)\n    i32.const 0\n    f32.const 1\n    i32.add))");
        assert!(
            add.ends_with(
                "bad.wat: type mismatch: expected i32, found f32, in func 0 (f) (at line 5, column 5)"
            ),
            "{add}"
        );
        let twice = error("(module (memory 1) (export \"a\" (memory 0)) (export \"a\" (memory 0)))");
        assert!(twice.contains("(at offset 0x"), "{twice}");
    }

    #[test]
    fn directories_and_variables_are_taken_apart() {
        assert_eq!(parse_dir("a/b"), Ok(("a/b".into(), "a/b".to_string())));
        assert_eq!(parse_dir("a/b::/"), Ok(("a/b".into(), "/".to_string())));
        assert!(parse_dir("::x").is_err());
        assert_eq!(parse_env("A=b=c"), Ok(("A".to_string(), "b=c".to_string())));
        assert!(parse_env("A").is_err());
        assert!(parse_env("=x").is_err());
    }
}
