//! The command line: words to one subcommand, and its end to an exit code.
//!
//! # Invariants
//! - An error is one line on standard error, `error: FILE: message`, and exit code [`Exit::FAILURE`].
//! - Exit codes: the guest's own from `run` (of codes above 255 the system keeps the low eight bits, as for every
//!   process); 134 after a trap; 1 for an error; 2 for wrong words, and for a window that cannot open.
//! - A closed pipe ends the output, and is no error.
//!
//! Must not know: how anything is done; subcommands do not know each other.

mod debug;
mod inspect;
pub mod player;
pub mod print;
mod run;
pub mod script;
mod shot;

use crate::gui::{self, AppOptions, preflight};
use crate::launch::{self, Grants};
use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;
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
    open: OpenArgs,
}

/// Arguments of the window.
#[derive(Debug, Args)]
struct OpenArgs {
    #[command(flatten)]
    grants: Grants,
    /// The module to open
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The guest's arguments
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<String>,
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
    let cli = Cli::parse();
    let result = match cli.command {
        None => open(cli.open),
        Some(Command::Run(args)) => run::run(args),
        Some(Command::Debug(args)) => debug::debug(args),
        Some(Command::Inspect(args)) => inspect::inspect(&args),
        Some(Command::Shot(args)) => shot::shot(args),
        Some(Command::Dap) => crate::dap::serve().map(|()| Exit::SUCCESS),
        Some(Command::Version) => {
            write_out(concat!("stepwell ", env!("CARGO_PKG_VERSION"), "\n")).map(|()| Exit::SUCCESS)
        }
    };
    let exit = result.unwrap_or_else(|error| {
        report(&one_line(&error));
        Exit::FAILURE
    });
    // Unlike `ExitCode`, this takes the whole code and leaves it to the system to keep its low bits.
    std::process::exit(exit.0)
}

/// Opens the window.
fn open(args: OpenArgs) -> Result<Exit> {
    let config: SessionConfig = match &args.file {
        Some(file) => launch::config(file, &args.grants, args.args)?,
        None => SessionConfig {
            args: args.args,
            env: args.grants.env,
            dirs: args.grants.dirs,
            ..launch::sample()
        },
    };
    if let Err(problem) = preflight::check() {
        report(&problem);
        return Ok(Exit::NO_WINDOW);
    }
    gui::run(AppOptions {
        config: Some(config),
        ..AppOptions::default()
    })?;
    Ok(Exit::SUCCESS)
}

/// An error with its causes, on one line.
fn one_line(error: &anyhow::Error) -> String {
    let text: Vec<String> = error.chain().map(ToString::to_string).collect();
    text.join(": ").replace('\n', " ")
}

/// Tells of an error.
fn report(error: &dyn Display) {
    // There is nobody left to tell if standard error is closed.
    let _ = writeln!(std::io::stderr(), "error: {error}");
}

/// Writes to standard output. A reader that has gone away is no error.
fn write_out(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
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
