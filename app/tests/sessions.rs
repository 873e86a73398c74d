//! Debugger scripts and the transcripts they must give: `tests/sessions/NAME.dbg` beside `NAME.txt`.
//!
//! The first line of a script is a comment that names the guest and its arguments: `# guest: list/list.wasm fault`.
//! `BLESS=1 cargo test -p stepwell --test sessions` writes the transcripts anew; read the difference before it is kept.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Scripts with their guests' words.
fn scripts() -> Vec<(PathBuf, Vec<String>)> {
    let mut scripts: Vec<(PathBuf, Vec<String>)> = std::fs::read_dir(root().join("tests/sessions"))
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "dbg"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("text");
            let guest = text
                .lines()
                .next()
                .and_then(|line| line.strip_prefix("# guest: "));
            let words = guest.unwrap_or_else(|| panic!("{}: no `# guest: ` line", path.display()));
            let words = words.split_whitespace().map(str::to_string).collect();
            (path, words)
        })
        .collect();
    scripts.sort();
    scripts
}

fn debug(script: &Path, words: &[String], more: &[&str]) -> Output {
    let (file, args) = words.split_first().expect("a guest");
    Command::new(env!("CARGO_BIN_EXE_stepwell"))
        .args(["debug", "--script"])
        .arg(script)
        .args(more)
        .arg(root().join("../assets/guests").join(file))
        .args(args)
        .stdin(Stdio::null())
        .output()
        .expect("it starts")
}

/// The transcript, and behind it how the program ended if that was not well.
fn transcript(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.code() != Some(0) {
        let error = String::from_utf8_lossy(&output.stderr);
        let sessions = format!("{}/", root().join("tests/sessions").display());
        text += &format!(
            "[exit code {:?}] {}",
            output.status.code(),
            error.replace(&sessions, "")
        );
    }
    text
}

#[test]
fn transcripts_are_as_recorded() {
    let bless = std::env::var_os("BLESS").is_some();
    let scripts = scripts();
    assert!(scripts.len() >= 8, "only {} scripts", scripts.len());
    let mut wrong = Vec::new();
    for (script, words) in &scripts {
        let text = transcript(&debug(script, words, &[]));
        let golden = script.with_extension("txt");
        if bless {
            std::fs::write(&golden, &text).expect("written");
        }
        let wanted = std::fs::read_to_string(&golden).unwrap_or_default();
        if text != wanted {
            wrong.push(format!("--- {}\n{text}", script.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_interpreter_gives_the_same_transcripts() {
    for (script, words) in &scripts() {
        let text = transcript(&debug(script, words, &["--interpreter"]));
        let wanted = std::fs::read_to_string(script.with_extension("txt")).expect("recorded");
        assert_eq!(text, wanted, "{}", script.display());
    }
}

#[test]
fn commands_come_from_standard_input_as_well() {
    use std::io::Write;
    let mut child = Command::new(env!("CARGO_BIN_EXE_stepwell"))
        .arg("debug")
        .arg(root().join("../assets/guests/list/list.wasm"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"break push\nrun\nfly\nrun\n").expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("stopped: breakpoint 1 in push at list.c:"),
        "{text}"
    );
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        error.starts_with("error: standard input:3: unknown command `fly`"),
        "{error}"
    );
    assert_eq!(output.status.code(), Some(1));
}
