//! The command line: words to one subcommand, and its end to an exit code.
//!
//! # Invariants
//! - An error is one line on standard error, `error: FILE: message`, and exit code [`Exit::FAILURE`].
//! - Exit codes: the guest's own from `run` (of codes above 255 the system keeps the low eight bits, as for every
//!   process); 134 after a trap; 1 for an error, wrong words among them; 2 for a window that cannot open.
//! - A closed pipe ends the output, and is no error.
//! - What a module names reaches a terminal as text and never as a command to it. The output of a guest that runs is
//!   its own.
//!
//! Must not know: how anything is done; subcommands do not know each other.

mod debug;
mod inspect;
pub mod player;
pub mod print;
mod run;
pub mod script;
mod shot;
mod wast;

use crate::gui::{self, AppOptions, preflight};
use crate::launch::Opened;
use anyhow::Result;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use std::borrow::Cow;
use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use stepwell_engine::debugger::SessionConfig;

/// Debug WebAssembly modules: step through their source, look at every value, find out why they trap.
///
/// Without a subcommand, opens the window: on FILE, or on a small sample program if no file is named. Words after `--`
/// are the guest's arguments.
#[derive(Debug, Parser)]
#[command(name = "stepwell", version, args_conflicts_with_subcommands = true)]
#[command(override_usage = "stepwell [OPTIONS] [FILE] [-- ARGS...]\n       stepwell <COMMAND>")]
#[command(after_help = "A file that is named like a command opens as ./NAME.")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    open: Opened,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a module at full speed, with this terminal's input and output
    ///
    /// The exit code is the guest's (the system keeps its low eight bits), 134 after a trap, 1 if it cannot be run.
    Run(run::RunArgs),
    /// Debug a module by commands: from a script, or line by line from standard input
    Debug(debug::DebugArgs),
    /// Show what is in a module: sections, imports, exports, and the state of its debug info
    Inspect(inspect::InspectArgs),
    /// Draw the window into a PNG file, without a display
    Shot(shot::ShotArgs),
    /// Run test scripts of the WebAssembly specification (.wast)
    ///
    /// Prints each line that does not hold, then how many do and do not. The exit code is 1 if any does not.
    Wast(wast::WastArgs),
    /// Serve an editor: the Debug Adapter Protocol on standard input and output
    Dap,
    /// Print the version
    Version,
}

/// An exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub i32);

impl Exit {
    /// All went well.
    pub const SUCCESS: Exit = Exit(0);
    /// One line on standard error says what went wrong.
    pub const FAILURE: Exit = Exit(1);
    /// No window can be opened here.
    pub const NO_WINDOW: Exit = Exit(2);
}

/// The whole program.
pub fn main() -> ExitCode {
    let result = match Cli::try_parse() {
        Err(error) => Ok(refuse(&error)),
        Ok(cli) => carry_out(cli),
    };
    let exit = result.unwrap_or_else(|error| {
        report(&one_line(&error));
        Exit::FAILURE
    });
    // Unlike `ExitCode`, this takes the whole code and leaves it to the system to keep its low bits.
    std::process::exit(exit.0)
}

fn carry_out(cli: Cli) -> Result<Exit> {
    match cli.command {
        None => open(cli.open),
        Some(Command::Run(args)) => run::run(args),
        Some(Command::Debug(args)) => debug::debug(args),
        Some(Command::Inspect(args)) => inspect::inspect(&args),
        Some(Command::Shot(args)) => shot::shot(args),
        Some(Command::Wast(args)) => wast::wast(&args),
        Some(Command::Dap) => crate::dap::serve().map(|()| Exit::SUCCESS),
        Some(Command::Version) => {
            write_out(concat!("stepwell ", env!("CARGO_PKG_VERSION"), "\n")).map(|()| Exit::SUCCESS)
        }
    }
}

/// Opens the window.
fn open(opened: Opened) -> Result<Exit> {
    // A file waits for its breakpoints; the sample is there to be stepped through.
    let stop_on_entry = opened.file.is_none();
    let config = SessionConfig {
        stop_on_entry,
        ..opened.config()?
    };
    let options = AppOptions {
        config: Some(config),
        ..AppOptions::default()
    };
    let shown = match preflight::check() {
        Ok(()) => gui::run(options),
        Err(problem) => Err(problem.into()),
    };
    Ok(match shown {
        Ok(()) => Exit::SUCCESS,
        Err(error) => {
            report(&error);
            Exit::NO_WINDOW
        }
    })
}

/// Tells of words that are no command line. What was asked for, such as help, is told in full, a mistake in one line.
fn refuse(error: &clap::Error) -> Exit {
    if !error.use_stderr() {
        // A reader that has gone away is no error.
        let _ = error.print();
        return Exit::SUCCESS;
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    report(&mistake(error, &words));
    Exit::FAILURE
}

/// A mistake in the words of a command line, and where to read about it.
fn mistake(error: &clap::Error, words: &[String]) -> String {
    let first = words.first().map(String::as_str).unwrap_or_default();
    let command = Cli::command()
        .find_subcommand(first)
        .map(clap::Command::get_name)
        .map(str::to_string);
    let is_name = !first.is_empty() && !first.starts_with('-');
    if command.is_none() && is_name && error.kind() == ErrorKind::UnknownArgument {
        return if Path::new(first).exists() {
            format!("the arguments of {first} go after `--`; see `stepwell --help`")
        } else {
            format!("there is no file and no command {first:?}; see `stepwell --help`")
        };
    }
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    // What is wrong is the first paragraph; the rest is advice and usage.
    let lines: Vec<&str> = (text.lines().map(str::trim))
        .take_while(|line| !line.is_empty())
        .collect();
    let command = command.map_or(String::new(), |command| format!(" {command}"));
    format!("{}; see `stepwell{command} --help`", lines.join(" "))
}

/// An error with its causes, on one line.
fn one_line(error: &anyhow::Error) -> String {
    let text: Vec<String> = error.chain().map(ToString::to_string).collect();
    text.join(": ").replace('\n', " ")
}

/// Tells of an error.
fn report(error: &dyn Display) {
    // There is nobody left to tell if standard error is closed.
    let _ = writeln!(std::io::stderr(), "error: {}", visible(&error.to_string()));
}

/// Text with its control characters (but for ends of lines and tabs) written out: names come from files that anybody
/// may have made.
fn visible(text: &str) -> Cow<'_, str> {
    let is_command = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(is_command) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_command(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Writes to standard output. A reader that has gone away is no error.
fn write_out(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(visible(text).as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn names_are_no_commands_to_a_terminal() {
        assert_eq!(visible("a\tb\nc \u{e9}"), "a\tb\nc \u{e9}");
        assert_eq!(visible("\u{1b}[31mred\u{7}\u{9b}"), "\\u{1b}[31mred\\u{7}\\u{9b}");
    }

    #[test]
    fn a_file_needs_no_subcommand() {
        let cli = Cli::parse_from(["stepwell", "a.wasm", "--", "--flag", "x"]);
        assert_eq!(cli.open.file.as_deref(), Some(std::path::Path::new("a.wasm")));
        assert_eq!(cli.open.args, ["--flag", "x"]);
        assert!(cli.command.is_none());
        assert!(Cli::try_parse_from(["stepwell"]).is_ok_and(|cli| cli.open.file.is_none()));
    }
}
