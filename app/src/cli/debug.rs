//! `stepwell debug`: the debugger by commands, from a script or from standard input.
//!
//! # Invariants
//! - The transcript is stable: the same script over the same module gives the same text.
//! - In a script, and in input that is not typed by a person, the first error ends it; a person gets another try.
//!
//! Must not know: what commands do (the player), how answers read (the printer).

use super::player::Player;
use super::script::{self, Await, Line, Script};
use super::{Exit, report, write_out};
use crate::launch::{self, Grants};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use stepwell_engine::debugger::{Command, Session};

/// How long events that nothing waits for are taken in.
const DRAIN: Duration = Duration::from_millis(50);

/// Arguments of `debug`.
#[derive(Debug, Args)]
#[command(override_usage = "stepwell debug [OPTIONS] FILE [ARGS]...", after_help = after_help())]
pub struct DebugArgs {
    /// Take the commands from this file, instead of standard input
    #[arg(long, value_name = "SCRIPT")]
    script: Option<PathBuf>,
    /// How many seconds one command may take before the script fails
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
    #[command(flatten)]
    grants: Grants,
    /// The module, then its arguments: everything after FILE goes to the guest untouched
    #[arg(required = true, num_args = 1.., trailing_var_arg = true, value_names = ["FILE", "ARGS"])]
    command: Vec<String>,
}

fn after_help() -> String {
    format!("Commands, one a line (# begins a comment):\n{}", script::help())
}

/// Runs the commands.
pub fn debug(args: DebugArgs) -> Result<Exit> {
    let mut words = args.command.into_iter();
    let file = PathBuf::from(words.next().unwrap_or_default());
    let script = args.script.as_deref().map(Script::read).transpose()?;
    let config = launch::config(&file, &args.grants, words.collect())?;
    let mut driver = Driver {
        session: Session::spawn(config, || {}),
        player: Player::default(),
        timeout: Duration::from_secs(args.timeout),
    };
    driver.wait().with_context(|| file.display().to_string())?;
    match script {
        Some(script) => {
            for line in &script.lines {
                driver
                    .play(line)
                    .with_context(|| format!("{}:{}", script.name, line.number))?;
                if driver.player.has_quit() {
                    break;
                }
            }
        }
        None => driver.converse()?,
    }
    Ok(Exit::SUCCESS)
}

/// A session played by a script, waiting after each command.
struct Driver {
    session: Session,
    player: Player,
    timeout: Duration,
}

impl Driver {
    /// Carries out one line and writes what came of it.
    fn play(&mut self, line: &Line) -> Result<()> {
        write_out(&format!("> {}\n", line.text))?;
        self.carry_out(line)
    }

    fn carry_out(&mut self, line: &Line) -> Result<()> {
        let commands = self.player.begin(&line.action);
        self.show()?;
        self.send(commands?);
        self.wait()
    }

    fn send(&self, commands: Vec<Command>) {
        for command in commands {
            self.session.send(command);
        }
    }

    fn show(&mut self) -> Result<()> {
        let lines = self.player.take_output();
        if lines.is_empty() {
            return Ok(());
        }
        write_out(&(lines.join("\n") + "\n"))
    }

    /// Waits for what the player awaits.
    fn wait(&mut self) -> Result<()> {
        let start = Instant::now();
        loop {
            let event = match self.player.awaits() {
                // What is there already is taken in as well, so that output shows in its place; but a guest that
                // never stops talking holds nothing up.
                Await::Nothing if start.elapsed() > DRAIN => None,
                Await::Nothing => self.session.try_event(),
                _ => {
                    let left = self.timeout.saturating_sub(start.elapsed());
                    let event = (!left.is_zero()).then(|| self.session.wait_event(left)).flatten();
                    if event.is_none() {
                        bail!("not done after {} seconds", self.timeout.as_secs());
                    }
                    event
                }
            };
            let Some(event) = event else { return Ok(()) };
            let commands = self.player.event(&event);
            self.show()?;
            self.send(commands?);
        }
    }

    /// Takes lines from standard input.
    fn converse(&mut self) -> Result<()> {
        let person = std::io::stdin().is_terminal();
        let mut number = 0;
        loop {
            if person {
                write_out("(stepwell) ")?;
            }
            let mut text = String::new();
            if std::io::stdin().lock().read_line(&mut text)? == 0 {
                return Ok(());
            }
            number += 1;
            let text = text.trim();
            if person && text == "help" {
                write_out(&script::help())?;
                continue;
            }
            let result = script::parse_line(text).and_then(|action| match action {
                None => Ok(()),
                Some(action) => {
                    let line = Line {
                        number,
                        text: text.to_string(),
                        action,
                    };
                    if person {
                        self.carry_out(&line)
                    } else {
                        self.play(&line)
                    }
                }
            });
            match result {
                Err(error) if person => report(&error),
                other => other.with_context(|| format!("standard input:{number}"))?,
            }
            if self.player.has_quit() {
                return Ok(());
            }
        }
    }
}
