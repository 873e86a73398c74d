//! `stepwell wast`: the specification's test scripts, run on this engine.
//!
//! # Invariants
//! - A line that does not hold is `FILE:LINE: reason` on standard output; the last line is `N passed, M failed`, where
//!   each directive of a script counts once.
//! - The exit code is 1 if anything failed, or if a file cannot be read; the other files are run all the same.
//!
//! Must not know: what directives mean.

use super::{Exit, report, write_out};
use anyhow::Result;
use clap::Args;
use std::path::{Path, PathBuf};
use stepwell_engine::module::{Features, SpecVersion};
use stepwell_engine::spec::{self, Mode, Options};

/// Arguments of `wast`.
#[derive(Debug, Args)]
pub struct WastArgs {
    /// What modules may use: everything of this version of the specification (1.0, 2.0 or 3.0)
    #[arg(long, value_name = "VERSION", default_value = "3.0")]
    spec: SpecVersion,
    /// Execute on the interpreter instead of compiled code
    #[arg(long)]
    interpreter: bool,
    /// The scripts
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Runs them.
pub fn wast(args: &WastArgs) -> Result<Exit> {
    let compiled = !args.interpreter && Mode::Clean.available();
    let options = Options {
        mode: if compiled { Mode::Clean } else { Mode::Interpreter },
        features: features(args.spec),
    };
    let (mut passed, mut failed, mut unread) = (0, 0, 0);
    for file in &args.files {
        match run_file(file, options) {
            Ok(outcome) => {
                passed += outcome.passed.values().sum::<usize>();
                failed += outcome.failed.len();
                for line in outcome.failed {
                    write_out(&format!("{}:{}: {}\n", file.display(), line.line, line.reason))?;
                }
            }
            Err(error) => {
                unread += 1;
                report(&format!("{}: {error}", file.display()));
            }
        }
    }
    write_out(&format!("{passed} passed, {failed} failed\n"))?;
    Ok(if failed == 0 && unread == 0 {
        Exit::SUCCESS
    } else {
        Exit::FAILURE
    })
}

/// The newest version includes what is on without being asked for.
fn features(version: SpecVersion) -> Features {
    match version {
        SpecVersion::V3 => Features::default(),
        older => Features::of(older),
    }
}

fn run_file(file: &Path, options: Options) -> Result<spec::Report> {
    Ok(spec::run(&std::fs::read_to_string(file)?, options)?)
}
