//! `stepwell run`: a module at full speed, with this process's own streams.
//!
//! # Invariants
//! - Nothing but the guest writes to standard output, except the results of `--invoke`.
//! - A trap is told with its source-level backtrace on standard error, and ends with [`EXIT_TRAP`].
//!
//! Must not know: the debugger session.

use super::{Exit, report, write_out};
use crate::launch::{self, Grants};
use anyhow::{Context, Result};
use clap::Args;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use stepwell_engine::api::{Ending, Program, val_from_text};
use stepwell_engine::error::Error;
use stepwell_engine::types::Val;
use stepwell_engine::wasi::{Input, Output, WasiCtx, host_funcs};

/// Exit code after a trap: what a shell shows for a program that aborted.
pub const EXIT_TRAP: i32 = 134;

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(override_usage = "stepwell run [OPTIONS] FILE [ARGS]...")]
pub struct RunArgs {
    #[command(flatten)]
    grants: Grants,
    /// The module, then its arguments: everything after FILE goes to the guest untouched
    #[arg(required = true, num_args = 1.., trailing_var_arg = true, value_names = ["FILE", "ARGS"])]
    command: Vec<OsString>,
}

/// Runs it.
pub fn run(args: RunArgs) -> Result<Exit> {
    let mut words = args.command.into_iter();
    let file = PathBuf::from(words.next().unwrap_or_default());
    let words: Vec<OsString> = words.collect();
    let bytes = launch::read_module(&file)?;
    let name = file.display().to_string();
    let mut program = if args.grants.interpreter {
        Program::interpreted(bytes)
    } else {
        Program::new(bytes)
    }
    .with_context(|| name.clone())?;

    // Without an entry there is nothing to set a world up for.
    let call = match &args.grants.invoke {
        Some(function) => Some((
            function,
            typed_arguments(&program, function, &words).context(name.clone())?,
        )),
        None if program.is_command() => None,
        None => {
            return Err(Error::Usage(no_entry())).context(name);
        }
    };
    let guest_words: &[OsString] = if call.is_some() { &[] } else { &words };
    program.provide(host_funcs(world(&file, &args.grants, guest_words)?));
    let ending = match call {
        Some((function, values)) => program.call(function, &values),
        None => program.run(),
    }
    .context(name)?;
    Ok(match ending {
        Ending::Returned(values) => {
            let lines: String = values.iter().map(|value| format!("{value}\n")).collect();
            write_out(&lines)?;
            Exit::SUCCESS
        }
        Ending::Exited(code) => Exit(code as i32),
        Ending::Trapped(trap) => {
            report(&trap);
            Exit(EXIT_TRAP)
        }
    })
}

/// What to say of a module that nothing can be run of.
pub fn no_entry() -> String {
    "there is no exported function \"_start\" to run; name another with --invoke FUNCTION".to_string()
}

/// The guest's world: our streams, and what was granted.
fn world(file: &Path, grants: &Grants, args: &[OsString]) -> Result<WasiCtx> {
    let own_name = file.file_name().unwrap_or(file.as_os_str());
    let mut builder = WasiCtx::builder()
        .arg(own_name.as_bytes())
        .args(args.iter().map(|arg| arg.as_bytes()))
        .stdin(Input::inherited().unwrap_or_else(|_| Input::empty()))
        .stdout(Output::inherited_stdout().unwrap_or_else(|_| Output::discard()))
        .stderr(Output::inherited_stderr().unwrap_or_else(|_| Output::discard()));
    for (name, value) in &grants.env {
        builder = builder.env(name.as_str(), value.as_str());
    }
    for (host, guest) in &grants.dirs {
        builder = builder.preopened_dir(host, guest.as_str());
    }
    Ok(builder.build()?)
}

/// The arguments of `--invoke`, by the function's type.
fn typed_arguments(program: &Program, function: &str, words: &[OsString]) -> Result<Vec<Val>, Error> {
    let ty = program.export_type(function)?;
    if ty.params.len() != words.len() {
        let (wanted, given) = (ty.params.len(), words.len());
        let plural = if wanted == 1 { "" } else { "s" };
        return Err(Error::Usage(format!(
            "{function:?} has type {ty}: it takes {wanted} argument{plural}, and {given} were given"
        )));
    }
    let pairs = ty.params.iter().zip(words);
    pairs
        .map(|(&ty, word)| val_from_text(ty, &word.to_string_lossy()))
        .collect()
}
