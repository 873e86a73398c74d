//! The house rules, held by a test: which part may know which, where `unsafe` and colours may be written, how a
//! file begins, how long it may be, and what lies at the top of the repository.
//!
//! Each rule is a function from one source file to what is wrong with it. The first test applies all rules to all
//! files; each rule has a test of its own that a violating snippet is caught and a good one is not.

#[path = "tidy/source.rs"]
mod source;

use source::Source;
use std::path::{Path, PathBuf};

/// A rule: what is wrong with a file, one line each.
type Rule = fn(&Source) -> Vec<String>;

const RULES: [Rule; 10] = [
    begins_with_a_header,
    is_not_too_long,
    keeps_to_its_crate,
    points_downward_in_the_engine,
    reads_debug_info_only_in_the_debugger,
    knows_no_instruction_set_in_ops,
    keeps_front_ends_apart,
    keeps_panes_apart,
    is_safe_outside_the_runtime,
    leaves_colours_to_the_theme,
];

/// The top of the repository, beside dotfiles and build output.
const TOP: [&str; 9] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "app",
    "assets",
    "debuginfo",
    "engine",
    "screenshots",
];

/// Lines a file may have without giving a reason.
const LONG: usize = 800;

const LONG_REASON: &str = "Over 800 lines because";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

// ---- the rules -------------------------------------------------------------------------------------------------

fn begins_with_a_header(source: &Source) -> Vec<String> {
    if source.text.starts_with("//!") {
        return Vec::new();
    }
    vec!["does not begin with a `//!` header".to_owned()]
}

fn is_not_too_long(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let mut header = source.text.lines().take_while(|line| line.starts_with("//!"));
    if lines <= LONG || header.any(|line| line.contains(LONG_REASON)) {
        return Vec::new();
    }
    vec![format!(
        "has {lines} lines; its header does not say \"{LONG_REASON} ...\""
    )]
}

/// `app → engine → debuginfo`, and no front end's library below the app.
fn keeps_to_its_crate(source: &Source) -> Vec<String> {
    let forbidden: &[&str] = match source.krate() {
        "engine" => &["egui", "eframe", "egui_tiles", "clap", "dap", "stepwell"],
        "debuginfo" => &[
            "egui",
            "eframe",
            "egui_tiles",
            "clap",
            "stepwell",
            "stepwell_engine",
        ],
        _ => &[],
    };
    let mut wrong: Vec<String> = source
        .paths()
        .filter(|path| {
            path.first()
                .is_some_and(|first| forbidden.contains(&first.as_str()))
        })
        .map(|path| format!("names {}", path.join("::")))
        .collect();
    if source.path.starts_with("debuginfo/src/") {
        for io in ["fs", "net", "thread", "process"] {
            wrong.extend(names(source, &["std", io]));
        }
    }
    wrong
}

/// Height of the engine's parts; a part may name itself and what is lower. The lowest ones share a floor. The API
/// offers WASI to embedders, so that it stands above it; scripts stand beside it.
fn floor(part: &str) -> Option<u8> {
    Some(match part {
        "debugger" => 6,
        "api" | "spec" => 5,
        "wasi" | "replay" => 4,
        "runtime" => 3,
        "compile" | "interp" => 2,
        "module" => 1,
        "layout" | "types" | "position" | "error" | "parallel" => 0,
        _ => return None,
    })
}

fn points_downward_in_the_engine(source: &Source) -> Vec<String> {
    let Some(here) = source.part("engine/src/") else {
        return Vec::new();
    };
    if here == "lib" {
        return Vec::new();
    }
    let Some(height) = floor(here) else {
        return vec![format!("`{here}` is not a part of the engine that DESIGN knows")];
    };
    let down = |part: &str| {
        part == here || floor(part).is_none_or(|other| other < height || (other == 0 && height == 0))
    };
    source
        .own_paths()
        .filter(|path| path.first().is_some_and(|part| !down(part)))
        .map(|path| format!("`{here}` names crate::{}", path.join("::")))
        .collect()
}

/// Below the debugger, and beside the API's backtraces, debug info is known for its plain addresses only.
fn reads_debug_info_only_in_the_debugger(source: &Source) -> Vec<String> {
    match source.part("engine/src/") {
        None | Some("debugger" | "api" | "lib") => return Vec::new(),
        Some(_) => {}
    }
    let addresses = ["ModuleOffset", "CodeOffset", "CodeSection"];
    source
        .paths()
        .filter(|path| path[0] == "stepwell_debuginfo")
        .filter(|path| path.get(1).is_none_or(|name| !addresses.contains(&name.as_str())))
        .map(|path| format!("names {}", path.join("::")))
        .collect()
}

fn knows_no_instruction_set_in_ops(source: &Source) -> Vec<String> {
    if !source.path.starts_with("engine/src/compile/ops/") {
        return Vec::new();
    }
    ["x64", "aarch64", "dynasm", "dynasmrt"]
        .iter()
        .filter(|word| source.has_word(word))
        .map(|word| format!("names `{word}`"))
        .collect()
}

/// Window, command line and debug adapter do not know each other; `cli` may start them and draw the window.
fn keeps_front_ends_apart(source: &Source) -> Vec<String> {
    let Some(here) = source.part("app/src/") else {
        return Vec::new();
    };
    let allowed: &[&str] = match (here, source.path.as_str()) {
        ("lib" | "main", _) | (_, "app/src/cli/mod.rs") => return Vec::new(),
        (_, "app/src/cli/shot.rs") => &["cli", "gui"],
        ("gui", _) => &["gui"],
        ("cli", _) => &["cli"],
        ("dap", _) => &["dap"],
        _ => &[],
    };
    source
        .own_paths()
        .filter(|path| {
            path.first().is_some_and(|part| {
                ["gui", "cli", "dap"].contains(&part.as_str()) && !allowed.contains(&part.as_str())
            })
        })
        .map(|path| format!("names crate::{}", path.join("::")))
        .collect()
}

fn keeps_panes_apart(source: &Source) -> Vec<String> {
    let Some(rest) = source.path.strip_prefix("app/src/gui/panes/") else {
        return Vec::new();
    };
    let here = rest.split(['/', '.']).next().unwrap_or_default();
    if here == "mod" {
        return Vec::new();
    }
    let panes = source.siblings();
    source
        .own_paths()
        .filter(|path| path.len() > 2 && path[0] == "gui" && path[1] == "panes")
        .filter(|path| path[2] != here && panes.contains(&path[2]))
        .map(|path| format!("pane `{here}` names crate::{}", path.join("::")))
        .collect()
}

fn is_safe_outside_the_runtime(source: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    let lines: Vec<&str> = source.text.lines().collect();
    for line in source.lines_of("unsafe") {
        if !source.path.starts_with("engine/src/runtime/") {
            wrong.push(format!("line {line}: `unsafe`"));
            continue;
        }
        // The reason stands on the line or in the comment and attributes right above its statement.
        let reason = lines[..line.min(lines.len())]
            .iter()
            .rev()
            .take(12)
            .any(|line| line.contains("SAFETY:") || line.contains("# Safety"));
        if !reason {
            wrong.push(format!("line {line}: `unsafe` without `SAFETY:`"));
        }
    }
    wrong
}

fn leaves_colours_to_the_theme(source: &Source) -> Vec<String> {
    let draws = ["app/src/gui/theme.rs", "app/src/gui/raster.rs"];
    if !source.path.starts_with("app/src/")
        || draws.contains(&source.path.as_str())
        || source.path.starts_with("app/src/gui/raster/")
    {
        return Vec::new();
    }
    source
        .paths()
        .filter(|path| {
            path.windows(2)
                .any(|pair| pair[0] == "Color32" && pair[1].starts_with("from_"))
        })
        .map(|path| format!("makes a colour with {}", path.join("::")))
        .collect()
}

/// Paths that begin with these segments.
fn names(source: &Source, start: &[&str]) -> Vec<String> {
    source
        .paths()
        .filter(|path| path.len() >= start.len() && path.iter().zip(start).all(|(a, b)| a == b))
        .map(|path| format!("names {}", path.join("::")))
        .collect()
}

/// What lies at the top that should not, and what should and does not.
fn top_entries(found: &[String]) -> Vec<String> {
    let known = |name: &str| TOP.contains(&name) || name.starts_with('.') || name == "target";
    let strange = found
        .iter()
        .filter(|name| !known(name))
        .map(|name| format!("{name} does not belong at the top"));
    let missing = TOP
        .iter()
        .filter(|name| !found.iter().any(|found| found == *name))
        .map(|name| format!("{name} is missing at the top"));
    strange.chain(missing).collect()
}

/// Words of the place where the code was written instead of what it is about. Spelt in halves: this file is read too.
fn foreign_words(text: &str) -> Vec<String> {
    const WORDS: [&str; 10] = [
        concat!("/wo", "rk/shared"),
        concat!("/wo", "rk/main"),
        concat!("/tmp", "/wt"),
        concat!("cla", "ude"),
        concat!("anth", "ropic"),
        concat!("chat", "gpt"),
        concat!("open", "ai"),
        concat!("language ", "model"),
        concat!("sub", "agent"),
        concat!("co-authored", "-by"),
    ];
    let mut wrong = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.to_lowercase();
        for word in WORDS {
            if line.contains(word) {
                wrong.push(format!("line {}: \"{word}\"", at + 1));
            }
        }
    }
    wrong
}

// ---- the repository --------------------------------------------------------------------------------------------

#[test]
fn every_file_keeps_every_rule() {
    let sources = Source::all(&root(), &["app", "engine", "debuginfo"]);
    assert!(sources.len() > 80, "only {} files found", sources.len());
    let mut wrong = Vec::new();
    for source in &sources {
        for rule in RULES {
            wrong.extend(
                rule(source)
                    .into_iter()
                    .map(|what| format!("{}: {what}", source.path)),
            );
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn the_top_holds_what_it_should() {
    let found: Vec<String> = std::fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let wrong = top_entries(&found);
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn dependencies_follow_the_arrows() {
    let manifest = |krate: &str| std::fs::read_to_string(root().join(krate).join("Cargo.toml")).unwrap();
    let depends = |text: &str, name: &str| {
        text.lines()
            .any(|line| line.split(['=', ' ', '.']).next() == Some(name))
    };
    assert!(
        depends(&manifest("app"), "stepwell-engine"),
        "the check reads manifests"
    );
    for name in ["egui", "eframe", "clap", "stepwell"] {
        assert!(!depends(&manifest("engine"), name), "engine depends on {name}");
        assert!(
            !depends(&manifest("debuginfo"), name),
            "debuginfo depends on {name}"
        );
    }
    for name in ["stepwell-engine", "libc", "rustix", "cap-std"] {
        assert!(
            !depends(&manifest("debuginfo"), name),
            "debuginfo depends on {name}"
        );
    }
}

/// Keys of the window that a text does not name.
fn unnamed_keys(readme: &str) -> Vec<String> {
    let rows = stepwell::gui::commands::COMMANDS.iter();
    rows.filter_map(|row| Some((row, row.shortcuts.first()?)))
        .map(|(row, shortcut)| (row, shortcut.format(&egui::ModifierNames::NAMES, false)))
        .filter(|(_, keys)| {
            // Whole words: `F5` is not named by `Shift+F5`.
            !readme
                .split(|c: char| !(c.is_alphanumeric() || c == '+'))
                .any(|word| word == keys)
        })
        .map(|(row, keys)| format!("{keys}: {}", row.title))
        .collect()
}

#[test]
fn the_readme_names_every_key() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    assert_eq!(unnamed_keys(&readme), Vec::<String>::new());
    let without = readme.replace("Shift+F11", "");
    assert_eq!(unnamed_keys(&without), ["Shift+F11: Step out"]);
}

#[test]
fn the_readme_shows_pictures_that_are_there() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let mut pictures: Vec<&str> = readme
        .split(['(', ')'])
        .filter(|word| word.ends_with(".png") && !word.contains(' '))
        .collect();
    pictures.sort_unstable();
    pictures.dedup();
    assert!(pictures.len() >= 4, "{pictures:?}");
    for picture in pictures {
        assert!(root().join(picture).is_file(), "{picture} is missing");
    }
}

#[test]
fn the_product_speaks_of_itself() {
    let kinds = [
        "rs", "md", "toml", "sh", "py", "yml", "json", "txt", "c", "cpp", "zig", "wat",
    ];
    let mut wrong = Vec::new();
    let mut count = 0;
    for top in TOP.iter().chain(&[".ci", ".cargo"]) {
        for (path, text) in source::texts(&root(), top, &kinds) {
            count += 1;
            // The amalgamation of another project.
            if path.ends_with("sqlite3.c") || path.ends_with("sqlite3.h") {
                continue;
            }
            wrong.extend(
                foreign_words(&text)
                    .into_iter()
                    .map(|what| format!("{path}: {what}")),
            );
        }
    }
    assert!(count > 100, "only {count} files found");
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

// ---- each rule catches what it forbids -------------------------------------------------------------------------

/// Asserts that a rule objects to a snippet in a file of this path, and not to a good one.
#[track_caller]
fn catches(rule: Rule, path: &str, bad: &str, good: &str) {
    let verdict = |text: &str| rule(&Source::new(path, text));
    assert!(!verdict(bad).is_empty(), "not caught in {path}: {bad}");
    assert_eq!(verdict(good), Vec::<String>::new(), "in {path}: {good}");
}

/// Asserts that a rule lets a snippet pass.
#[track_caller]
fn passes(rule: Rule, path: &str, text: &str) {
    assert_eq!(
        rule(&Source::new(path, text)),
        Vec::<String>::new(),
        "in {path}: {text}"
    );
}

#[test]
fn a_missing_header_is_caught() {
    catches(
        begins_with_a_header,
        "app/src/a.rs",
        "use b;\n//! Late.",
        "//! A.\n",
    );
}

#[test]
fn a_long_file_is_caught() {
    let body = "fn f() {}\n".repeat(LONG);
    let reason = format!("//! Parses.\n//! {LONG_REASON} the grammar is one table.\n{body}");
    let unsaid = format!("//! Parses.\n// {LONG_REASON} ...\n{body}");
    catches(is_not_too_long, "app/src/a.rs", &unsaid, &reason);
    passes(is_not_too_long, "app/src/a.rs", &body);
}

#[test]
fn a_crate_that_looks_up_is_caught() {
    let rule = keeps_to_its_crate;
    catches(
        rule,
        "engine/src/a.rs",
        "use egui::Ui;",
        "use std::fmt; // egui::Ui",
    );
    catches(
        rule,
        "engine/src/a.rs",
        "fn f(x: stepwell::Launch) {}",
        "fn f() { \"clap::Parser\"; }",
    );
    catches(
        rule,
        "debuginfo/src/a.rs",
        "use stepwell_engine::{types};",
        "use gimli::Reader;",
    );
    catches(
        rule,
        "debuginfo/src/a.rs",
        "use std::{fmt, fs::File};",
        "use std::{fmt, sync::Arc};",
    );
    passes(rule, "app/src/a.rs", "use stepwell_engine::types; use egui::Ui;");
}

#[test]
fn an_upward_arrow_in_the_engine_is_caught() {
    let rule = points_downward_in_the_engine;
    for (path, bad, good) in [
        (
            "engine/src/runtime/a.rs",
            "use crate::wasi::Ctx;",
            "use crate::compile::masm;",
        ),
        (
            "engine/src/runtime/a.rs",
            "use crate::{types::Val, api::Config};",
            "use crate::{types::Val};",
        ),
        (
            "engine/src/wasi/fd.rs",
            "use crate::replay::Log;",
            "use crate::runtime::host;",
        ),
        (
            "engine/src/wasi/fd.rs",
            "use crate::api::Config;",
            "use crate::wasi::errno;",
        ),
        (
            "engine/src/compile/ops/call.rs",
            "use super::super::super::interp::M;",
            "use super::super::masm::M;",
        ),
        (
            "engine/src/interp/mod.rs",
            "use crate::compile;",
            "use super::module::Module;",
        ),
        (
            "engine/src/module/mod.rs",
            "fn f() -> crate::runtime::Store {}",
            "fn f() -> crate::error::Error {}",
        ),
        (
            "engine/src/types.rs",
            "use crate::module::Module;",
            "use crate::error::Error;",
        ),
        (
            "engine/src/types.rs",
            "mod m { fn f() { super::super::module::g() } }",
            "mod m { use super::module; }",
        ),
        ("engine/src/newcomer.rs", "", "//! Never good.\n"),
    ] {
        if path == "engine/src/newcomer.rs" {
            assert!(!rule(&Source::new(path, bad)).is_empty());
            continue;
        }
        catches(rule, path, bad, good);
    }
    passes(rule, "engine/src/lib.rs", "pub use crate::debugger::Session;");
}

#[test]
fn debug_info_below_the_debugger_is_caught() {
    let rule = reads_debug_info_only_in_the_debugger;
    let path = "engine/src/runtime/a.rs";
    catches(
        rule,
        path,
        "use stepwell_debuginfo::{ModuleOffset, DebugInfo};",
        "use stepwell_debuginfo::{ModuleOffset, CodeOffset};",
    );
    catches(rule, path, "use stepwell_debuginfo as debug;", "fn f() {}");
    passes(
        rule,
        "engine/src/debugger/a.rs",
        "use stepwell_debuginfo::DebugInfo;",
    );
    passes(rule, "engine/src/api/a.rs", "use stepwell_debuginfo::DebugInfo;");
}

#[test]
fn an_instruction_set_in_ops_is_caught() {
    let path = "engine/src/compile/ops/numeric.rs";
    catches(
        knows_no_instruction_set_in_ops,
        path,
        "use super::super::x64::Masm;",
        "// not x64\n",
    );
    passes(
        knows_no_instruction_set_in_ops,
        "engine/src/compile/x64/int.rs",
        "use super::x64;",
    );
}

#[test]
fn a_front_end_that_knows_another_is_caught() {
    let rule = keeps_front_ends_apart;
    catches(
        rule,
        "app/src/gui/app.rs",
        "use crate::cli::script;",
        "use crate::launch::Launch;",
    );
    catches(
        rule,
        "app/src/dap/server.rs",
        "use super::super::gui::App;",
        "use super::convert;",
    );
    catches(
        rule,
        "app/src/cli/debug.rs",
        "fn f() { crate::gui::run() }",
        "fn f() { super::script::run() }",
    );
    catches(
        rule,
        "app/src/launch.rs",
        "use crate::cli;",
        "use crate::source_cache;",
    );
    catches(
        rule,
        "app/src/cli/shot.rs",
        "use crate::dap;",
        "use crate::gui::App;",
    );
    passes(rule, "app/src/cli/mod.rs", "use crate::{dap, gui};");
}

#[test]
fn a_pane_that_knows_another_is_caught() {
    let rule = keeps_panes_apart;
    let catch = |bad: &str, good: &str| {
        let verdict = |text: &str| {
            let mut source = Source::new("app/src/gui/panes/memory.rs", text);
            source.set_siblings(&["memory", "stack"]);
            rule(&source)
        };
        assert!(!verdict(bad).is_empty(), "not caught: {bad}");
        assert_eq!(verdict(good), Vec::<String>::new(), "{good}");
    };
    catch("use super::stack::StackPane;", "use super::{Pane, PaneContext};");
    catch(
        "use crate::gui::panes::{Pane, stack};",
        "use crate::gui::widgets::hex_view;",
    );
    catch(
        "mod tests { use super::super::stack; }",
        "mod tests { use super::*; }",
    );
    passes(rule, "app/src/gui/panes/mod.rs", "use stack::StackPane;");
}

#[test]
fn unsafe_code_is_caught() {
    let rule = is_safe_outside_the_runtime;
    let block = "fn f() { unsafe { g() } }";
    catches(
        rule,
        "engine/src/wasi/fd.rs",
        block,
        "#![deny(unsafe_code)] // unsafe",
    );
    catches(
        rule,
        "engine/src/runtime/memory.rs",
        block,
        "fn f() {\n // SAFETY: g is fine.\n unsafe { g() }\n}",
    );
    catches(
        rule,
        "app/src/main.rs",
        "unsafe extern \"C\" {}",
        "fn f() { \"unsafe\"; r#\"unsafe\"#; }",
    );
}

#[test]
fn a_colour_outside_the_theme_is_caught() {
    let rule = leaves_colours_to_the_theme;
    let path = "app/src/gui/panes/stack.rs";
    catches(
        rule,
        path,
        "let red = egui::Color32::from_rgb(255, 0, 0);",
        "let red = theme.fault;",
    );
    passes(
        rule,
        "app/src/gui/theme.rs",
        "const A: Color32 = Color32::from_gray(3);",
    );
}

#[test]
fn strange_and_missing_top_entries_are_caught() {
    let top = |more: &[&str], without: &str| {
        let names: Vec<String> = TOP
            .iter()
            .chain(more)
            .filter(|name| **name != without)
            .map(|name| (*name).to_owned())
            .collect();
        top_entries(&names)
    };
    assert!(top(&[".git", ".ci", "target"], "").is_empty());
    assert_eq!(top(&["notes.txt"], "").len(), 1);
    assert_eq!(top(&[], "LICENSE").len(), 1);
}

#[test]
fn foreign_words_are_caught() {
    let path = concat!("see /wo", "rk/shared");
    assert_eq!(foreign_words(path).len(), 1);
    assert!(foreign_words("a framework/runtime; sessions and workers").is_empty());
}
