//! Pictures of the window, by the real program, without a display.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SIZE: [usize; 2] = [960, 600];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs `stepwell shot` in an environment without a display.
fn shot(out: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stepwell"))
        .arg("shot")
        .arg("--out")
        .arg(out)
        .args(["--size", "960x600"])
        .args(words)
        .current_dir(root())
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .expect("it starts")
}

/// The pixels of the picture that these words make.
fn picture(words: &[&str]) -> Vec<[u8; 4]> {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("window.png");
    let output = shot(&out, words);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words:?}: {errors}");
    let file = std::io::BufReader::new(std::fs::File::open(out).expect("a picture"));
    let mut reader = png::Decoder::new(file).read_info().expect("a PNG file");
    let mut rgba = vec![0; reader.output_buffer_size().expect("it fits")];
    let info = reader.next_frame(&mut rgba).expect("its pixels");
    assert_eq!([info.width as usize, info.height as usize], SIZE);
    rgba.as_chunks().0.to_vec()
}

/// How many pixels differ.
fn difference(one: &[[u8; 4]], other: &[[u8; 4]]) -> usize {
    one.iter().zip(other).filter(|(a, b)| a != b).count()
}

const LIST: &str = "assets/guests/list/list.wasm";

#[test]
fn a_stop_is_drawn_and_drawn_the_same_again() {
    let opened = picture(&[LIST]);
    let words = [LIST, "--script", "screenshots/stopped.dbg"];
    let stopped = picture(&words);
    assert_eq!(
        difference(&stopped, &picture(&words)),
        0,
        "the same script, other pixels"
    );
    // Variables, call stack, operands and memory are there now.
    assert!(difference(&opened, &stopped) > 5000);
}

#[test]
fn a_fault_looks_like_none_of_the_others() {
    let faulted = picture(&[LIST, "--script", "screenshots/faulted.dbg", "--", "fault"]);
    let ended = picture(&[LIST, "--script", "screenshots/faulted.dbg"]);
    assert!(difference(&faulted, &ended) > 5000);
}

#[test]
fn a_module_without_debug_info_is_drawn() {
    let module = "assets/guests/nodebug/stripped.wasm";
    let opened = picture(&[module]);
    let stepped = picture(&[module, "--script", "screenshots/nodebug.dbg"]);
    assert!(difference(&opened, &stepped) > 3000);
}

#[test]
fn a_theme_changes_nearly_every_pixel() {
    let dark = picture(&[LIST]);
    let light = picture(&[LIST, "--theme", "light"]);
    assert!(difference(&dark, &light) > dark.len() * 9 / 10);
}

#[test]
fn what_cannot_be_done_is_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("wrong.dbg");
    std::fs::write(&script, "break nowhere_at_all\nrun\nfly\n").expect("written");
    let script = script.to_string_lossy().into_owned();
    let out = folder.path().join("never.png");
    for words in [
        &["no/such/file.wasm"][..],
        &["README.md"],
        &[LIST, "--script", "no/such/script"],
        &[LIST, "--script", &script],
    ] {
        let output = shot(&out, words);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{words:?}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
        assert!(errors.starts_with("error: "), "{errors}");
        assert!(!out.exists());
    }
}
