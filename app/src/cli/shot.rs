//! `stepwell shot`: a picture of the window, without a display, a GPU or a driver.
//!
//! It is the very window (`gui::App`) over a real session: a script is played through that session, and when nothing
//! is under way any more the window is drawn on the CPU.
//!
//! # Invariants
//! - The same module, script, size and theme give the same bytes.
//! - The script and the window see the same events, in the same order.
//!
//! Must not know: what commands do (the player), how the window looks.

use super::Exit;
use super::player::Player;
use super::script::{Await, Script};
use crate::gui::headless::{self, Headless};
use crate::gui::layout::Pane;
use crate::gui::model::Phase;
use crate::gui::{App, AppOptions, ThemeChoice};
use crate::launch::Opened;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use stepwell_engine::debugger::{Command, Event, Session};

/// Pictures larger than this on one side are a slip of the hand.
const MAX_SIDE: usize = 8192;

/// How long to wait for an event before a frame is drawn all the same.
const PATIENCE: Duration = Duration::from_millis(20);

/// Arguments of `shot`.
#[derive(Debug, Args)]
#[command(override_usage = "stepwell shot [OPTIONS] --out FILE.png [FILE] [-- ARGS...]")]
pub struct ShotArgs {
    /// Play these commands first (as for `debug`); without it the window shows the module as it opens
    #[arg(long, value_name = "SCRIPT")]
    script: Option<PathBuf>,
    /// Where to write the picture
    #[arg(long, value_name = "FILE.png")]
    out: PathBuf,
    /// Size in pixels
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "1280x800", value_parser = parse_size)]
    size: [usize; 2],
    /// Pixels per point
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = parse_scale)]
    scale: f32,
    /// Colours
    #[arg(long, value_enum, default_value = "dark")]
    theme: Theme,
    /// Bring this pane to the front of its tabs (repeatable): its title, with `-` for spaces
    #[arg(long = "pane", value_name = "PANE", value_parser = parse_pane)]
    panes: Vec<Pane>,
    /// How many seconds one command may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
    #[command(flatten)]
    opened: Opened,
}

/// A theme by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Theme {
    Dark,
    Light,
}

/// `WIDTHxHEIGHT`.
fn parse_size(text: &str) -> Result<[usize; 2], String> {
    let side = |text: &str| {
        let side: usize = text.parse().ok()?;
        (64..=MAX_SIDE).contains(&side).then_some(side)
    };
    text.split_once('x')
        .and_then(|(width, height)| Some([side(width)?, side(height)?]))
        .ok_or_else(|| format!("write WIDTHxHEIGHT, each from 64 to {MAX_SIDE}"))
}

/// From half to four times.
fn parse_scale(text: &str) -> Result<f32, String> {
    text.parse()
        .ok()
        .filter(|scale| (0.5..=4.0).contains(scale))
        .ok_or_else(|| "write a number from 0.5 to 4".to_owned())
}

/// A pane by its title.
fn parse_pane(text: &str) -> Result<Pane, String> {
    let name = |pane: &Pane| pane.title().to_lowercase().replace(' ', "-");
    let found = Pane::ALL
        .iter()
        .find(|pane| name(pane).eq_ignore_ascii_case(text));
    found.copied().ok_or_else(|| {
        let names: Vec<String> = Pane::ALL.iter().map(name).collect();
        format!("there are: {}", names.join(", "))
    })
}

/// Draws the window.
pub fn shot(args: ShotArgs) -> Result<Exit> {
    let script = args.script.as_deref().map(Script::read).transpose()?;
    // The script says when to start.
    let config = args.opened.config()?;
    let name = config.name.clone();
    let theme = match args.theme {
        Theme::Dark => ThemeChoice::Dark,
        Theme::Light => ThemeChoice::Light,
    };
    let context = egui::Context::default();
    let options = AppOptions {
        config: Some(config),
        theme: Some(theme),
        headless: true,
        ..AppOptions::default()
    };
    let app = App::new(&context, options);
    let mut stage = Stage {
        app,
        window: Headless::new(context, args.size, args.scale),
        player: Player::default(),
        timeout: Duration::from_secs(args.timeout),
    };
    if let Some(script) = script {
        stage.wait().context(name)?;
        stage.play(&script)?;
    }
    for pane in args.panes {
        stage.app.bring_forward(pane);
    }
    stage.settle()?;
    headless::write_png(&args.out, &stage.window.picture())?;
    Ok(Exit::SUCCESS)
}

/// The window and the one who plays on its session.
struct Stage {
    app: App,
    window: Headless,
    player: Player,
    timeout: Duration,
}

impl Stage {
    fn play(&mut self, script: &Script) -> Result<()> {
        for line in &script.lines {
            let place = || format!("{}:{}", script.name, line.number);
            let commands = self.player.begin(&line.action).with_context(place)?;
            if self.player.has_quit() {
                break;
            }
            self.send(commands);
            self.wait().with_context(place)?;
            if self.app.model().phase == Phase::Stopped {
                // As on a screen: what is seen at one stop tells what has changed at the next.
                self.settle().with_context(place)?;
            }
        }
        self.app.select_frame(self.player.frame());
        Ok(())
    }

    fn send(&mut self, commands: Vec<Command>) {
        for command in commands {
            self.app.send(command);
        }
    }

    /// Waits for what the player awaits.
    fn wait(&mut self) -> Result<()> {
        let start = Instant::now();
        loop {
            let event = match self.player.awaits() {
                Await::Nothing => self.session().and_then(Session::try_event),
                _ => {
                    let left = self.timeout.saturating_sub(start.elapsed());
                    let event = self.session().and_then(|session| session.wait_event(left));
                    if event.is_none() {
                        bail!("nothing happened for {} seconds", self.timeout.as_secs());
                    }
                    event
                }
            };
            let Some(event) = event else { return Ok(()) };
            self.take(event)?;
        }
    }

    /// Tells the script and the window of an event.
    fn take(&mut self, event: Event) -> Result<()> {
        let commands = self.player.event(&event);
        self.app.tell(event);
        self.send(commands?);
        Ok(())
    }

    fn session(&self) -> Option<&Session> {
        self.app.session()
    }

    /// Draws until nothing is under way: every question the panes ask is answered and drawn.
    fn settle(&mut self) -> Result<()> {
        let start = Instant::now();
        loop {
            let mut event = self.session().and_then(Session::try_event);
            while let Some(next) = event {
                self.take(next)?;
                event = self.session().and_then(Session::try_event);
            }
            self.app.pump(self.window.context());
            let app = &mut self.app;
            self.window.draw(|ui| app.show(ui));
            if self.app.is_settled() || start.elapsed() > self.timeout {
                return Ok(());
            }
            if let Some(event) = self.session().and_then(|session| session.wait_event(PATIENCE)) {
                self.take(event)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_scales_are_checked() {
        assert_eq!(parse_size("640x480"), Ok([640, 480]));
        for wrong in ["640", "640x", "0x480", "640x99999", "-640x480", "640 x 480"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_scale("1.5"), Ok(1.5));
        for wrong in ["0", "9", "inf", "NaN", "two"] {
            assert!(parse_scale(wrong).is_err(), "{wrong}");
        }
    }
}
