//! The application: drains the session's events, lays out the window, carries out what panes asked for.
//!
//! # Invariants
//! - A frame drains events for a few milliseconds at most: a guest that prints for ever leaves time to draw.
//! - State changes in [`App::pump`] and after the panes are drawn, nowhere else.
//! - Nothing here blocks: files are read and desktop dialogs are run on threads of their own.

mod carry_out;
mod window;

pub use window::run;

use super::actions::{Action, Cx};
use super::bars;
use super::commands;
use super::dialogs::{Dialog, OpenModule};
use super::layout::{self, Pane};
use super::model::{Breakpoint, Model, Phase, file_name};
use super::panes::locals::LocalsView;
use super::panes::{self, Views};
use super::settings::Settings;
use super::shell::Shell;
use super::sources::{self, Sources};
use super::theme::{self, ThemeChoice, Tokens};
use super::wishes::Wishes;
use crate::launch;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use stepwell_engine::debugger::{
    BreakpointId, BreakpointSpec, BreakpointState, Command, Event, Session, SessionConfig, StopReason,
};

/// How long a frame may drain events.
const DRAIN: Duration = Duration::from_millis(4);
/// A guest that stops again within this time is not shown as running: panes do not flicker at every step.
const LINGER: Duration = Duration::from_millis(150);
/// A dialog that ends without a file within this time was never shown.
const NOBODY_CANCELS_WITHIN: Duration = Duration::from_millis(250);
const NO_SYSTEM_DIALOG: &str = "This desktop has no file dialog to offer. Type a path or choose below, or drop a file \
                                on the window. To get one: sudo apt-get install -y zenity";
/// How a window is opened.
#[derive(Clone, Debug, Default)]
pub struct AppOptions {
    /// The module to debug; `None` opens the welcome page.
    pub config: Option<SessionConfig>,
    /// Theme; `None` takes the one a person chose before.
    pub theme: Option<ThemeChoice>,
    /// Start the guest as soon as its debug info is known (a `stop_on_entry` configuration starts by itself).
    pub start: bool,
    /// For pictures and tests: nothing persists, nothing moves by itself, no caret blinks.
    pub headless: bool,
}

/// Where commands go.
enum Link {
    None,
    Session(Session),
    /// For tests: keeps what was sent.
    Recorder(Vec<Command>),
}

/// What a thread of the window brings back.
enum Job {
    Read(PathBuf, anyhow::Result<SessionConfig>),
    Picked(Result<Option<PathBuf>, String>),
}

/// The window.
pub struct App {
    options: AppOptions,
    link: Link,
    config: Option<SessionConfig>,
    model: Model,
    sources: Sources,
    views: Views,
    settings: Settings,
    focused: Pane,
    dialog: Option<Dialog>,
    actions: Vec<Action>,
    jobs: (mpsc::Sender<Job>, mpsc::Receiver<Job>),
    jobs_running: usize,
    start_when_known: bool,
    /// Whether the stop at the entry, when it comes, is only on the way to `main`.
    on_to_main: bool,
    running_since: Option<Instant>,
    dirty: bool,
    title: String,
}

impl App {
    /// Installs fonts and theme and spawns the session, if there is a module.
    pub fn new(ctx: &egui::Context, options: AppOptions) -> App {
        App::with_settings(ctx, options, Settings::default())
    }

    fn with_settings(ctx: &egui::Context, options: AppOptions, mut settings: Settings) -> App {
        if let Some(choice) = options.theme {
            settings.theme = choice;
        }
        theme::install(ctx, settings.theme, options.headless);
        let config = options.config.clone();
        let start = options.start;
        let mut app = App {
            options,
            link: Link::None,
            config: None,
            model: Model::default(),
            sources: Sources::none(),
            views: Views::default(),
            settings,
            focused: Pane::Source,
            dialog: None,
            actions: Vec::new(),
            jobs: mpsc::channel(),
            jobs_running: 0,
            start_when_known: false,
            on_to_main: false,
            running_since: None,
            dirty: true,
            title: String::new(),
        };
        if let Some(config) = config {
            app.load(ctx, config, start);
        }
        app
    }

    /// A window without a session, for tests: it keeps the commands it sends, and is told events by
    /// [`App::tell`].
    #[doc(hidden)]
    pub fn recorded(ctx: &egui::Context, theme: ThemeChoice) -> App {
        let options = AppOptions {
            theme: Some(theme),
            headless: true,
            ..AppOptions::default()
        };
        let mut app = App::new(ctx, options);
        app.link = Link::Recorder(Vec::new());
        app
    }

    /// For tests: the commands sent since last asked.
    #[doc(hidden)]
    pub fn take_sent(&mut self) -> Vec<Command> {
        match &mut self.link {
            Link::Recorder(sent) => std::mem::take(sent),
            _ => Vec::new(),
        }
    }

    /// An event of the session, from someone who takes them out of it to see them too.
    pub fn tell(&mut self, event: Event) {
        self.fold(event);
    }

    /// The session, while there is one.
    pub fn session(&self) -> Option<&Session> {
        match &self.link {
            Link::Session(session) => Some(session),
            _ => None,
        }
    }

    /// What the session has told.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Shows a pane, if another tab lies over it.
    pub fn bring_forward(&mut self, pane: Pane) {
        layout::focus(&mut self.settings.tree, pane);
    }

    /// Selects a frame of the stopped guest, as a click on the call stack does.
    pub fn select_frame(&mut self, frame: u32) {
        if self.model.selected_frame != frame {
            self.actions.push(Action::SelectFrame(frame));
        }
    }

    /// Whether the picture is stable: nothing asked, sent or being read waits for an answer, and what has
    /// come has been drawn. A running guest is not settled unless it waits for input.
    pub fn is_settled(&self) -> bool {
        let held = self.running_since.is_some() || !self.actions.is_empty();
        let reading = self.jobs_running > 0 || !self.sources.is_settled();
        !self.dirty && !held && !reading && self.model.is_settled()
    }

    /// Sends a command to the session.
    pub fn send(&mut self, command: Command) {
        match &command {
            Command::Start | Command::Restart { .. } => {
                self.model.awaiting_motion = true;
                self.model.run_begins = true;
            }
            // Not `Pause`: one that comes too late is answered by nothing.
            Command::Continue | Command::Step { .. } | Command::RunTo { .. } | Command::Stop => {
                self.model.awaiting_motion = true;
            }
            Command::SetBreakpoint {
                id,
                spec,
                enabled,
                rule,
            } => {
                let (id, enabled) = (*id, *enabled);
                let awaited = BreakpointState {
                    id,
                    spec: spec.clone(),
                    enabled,
                    rule: rule.clone(),
                    locations: Vec::new(),
                    message: None,
                };
                let entry = self.model.breakpoints.entry(id);
                let entry = entry.or_insert(Breakpoint {
                    state: awaited,
                    awaited: true,
                });
                entry.awaited = true;
                entry.state.enabled = enabled;
                entry.state.rule = rule.clone();
            }
            Command::RemoveBreakpoint { id } => {
                self.model.breakpoints.remove(id);
            }
            _ => {}
        }
        match &mut self.link {
            Link::None => {}
            Link::Session(session) => session.send(command),
            Link::Recorder(sent) => sent.push(command),
        }
    }

    /// Takes in what has come from the session and from the window's own threads, without drawing. `true` if
    /// anything came.
    pub fn pump(&mut self, ctx: &egui::Context) -> bool {
        let mut any = false;
        while let Ok(job) = self.jobs.1.try_recv() {
            any = true;
            self.jobs_running = self.jobs_running.saturating_sub(1);
            match job {
                Job::Read(path, Ok(config)) => {
                    self.settings.remember(&path);
                    self.load(ctx, config, false);
                }
                Job::Read(_, Err(error)) => {
                    let message = format!("{error:#}");
                    self.model.problem(message.clone());
                    if self.model.phase == Phase::Loading {
                        self.model.phase = Phase::Failed(message);
                    }
                }
                Job::Picked(Ok(Some(path))) => self.open(ctx, path),
                Job::Picked(Ok(None)) => {}
                Job::Picked(Err(why)) => {
                    let dialog = OpenModule::complaining(&self.folder(), why);
                    self.dialog = Some(Dialog::Open(dialog));
                }
            }
        }
        if self.sources.take_in() {
            any = true;
            self.dirty = true;
            self.settings.source_map = self.sources.map().to_vec();
            let reason = self.model.snapshot.as_ref().map(|snapshot| &snapshot.reason);
            if matches!(reason, Some(StopReason::Entry)) && self.model.selected_frame == 0 {
                // Whether the entry is shown depends on whether its source is there.
                self.show_frame();
            }
        }
        let begun = Instant::now();
        while let Link::Session(session) = &self.link {
            let Some(event) = session.try_event() else {
                break;
            };
            any = true;
            if event == Event::Running && self.model.phase == Phase::Stopped && !self.options.headless {
                self.running_since = Some(begun);
                ctx.request_repaint_after(LINGER);
                continue;
            }
            self.fold(event);
            if begun.elapsed() > DRAIN {
                ctx.request_repaint();
                break;
            }
        }
        if self.running_since.is_some_and(|since| since.elapsed() >= LINGER) {
            self.run_on();
            any = true;
        }
        any
    }

    /// Takes in the `Running` that was held back.
    fn run_on(&mut self) {
        if self.running_since.take().is_some() {
            self.dirty = true;
            self.model.fold(Event::Running);
        }
    }

    fn fold(&mut self, event: Event) {
        // Replies and output may come first; what moves the guest takes `Running` in before it.
        if matches!(
            event,
            Event::Stopped(_) | Event::Ended(_) | Event::WaitingForInput
        ) {
            self.run_on();
        }
        self.dirty = true;
        let known = matches!(event, Event::DebugInfo(_));
        let stopped = matches!(event, Event::Stopped(_));
        self.model.fold(event);
        if stopped && !self.goes_on_to_main() {
            self.show_frame();
        }
        if known {
            if let Some(debug) = &self.model.debug {
                self.sources.learn(&debug.files);
            }
            self.debug_info_came();
        }
    }

    /// Whether the guest, stopped at its entry on the way to `main`, is sent on there. The entry is the C library's:
    /// a person who starts a program to step through it wants the first line of its own.
    fn goes_on_to_main(&mut self) -> bool {
        let wanted = std::mem::take(&mut self.on_to_main);
        let reason = self.model.snapshot.as_ref().map(|snapshot| &snapshot.reason);
        let main = self.model.debug.as_ref().and_then(|debug| debug.main.clone());
        let Some(main) = main.filter(|_| wanted && matches!(reason, Some(StopReason::Entry))) else {
            return false;
        };
        let spec = BreakpointSpec::Line {
            path: main.path,
            line: main.line,
        };
        self.send(Command::RunTo { spec });
        true
    }

    /// Sources are known: show where the program begins, bind breakpoints, and start if that was asked.
    fn debug_info_came(&mut self) {
        let Some(debug) = self.model.debug.clone() else {
            return;
        };
        if self.model.phase != Phase::Stopped
            && let Some(main) = &debug.main
        {
            self.views.source.go(main.file, Some(main.line));
        }
        if let Some(module) = &self.model.module {
            let named = debug.function_names.iter().position(|name| name == "main");
            let main = named.and_then(|index| u32::try_from(index).ok());
            let export = |wanted: fn(&str) -> bool| {
                let mut exports = module.exports.iter().filter(|export| export.kind == "func");
                exports
                    .find(|export| wanted(&export.name))
                    .map(|export| export.index)
            };
            let entry = export(|name| name == "_start").or_else(|| export(|_| true));
            if let Some(func) = main.or(module.start).or(entry) {
                self.views.wasm.go(func, None);
            }
        }
        let wishes: Vec<_> = self
            .model
            .breakpoints
            .values()
            .map(|breakpoint| breakpoint.state.clone())
            .collect();
        for wish in wishes {
            self.send(Command::SetBreakpoint {
                id: wish.id,
                spec: wish.spec,
                enabled: wish.enabled,
                rule: wish.rule,
            });
        }
        let ready = self.model.phase == Phase::Ready;
        if std::mem::take(&mut self.start_when_known) && ready {
            self.on_to_main = self.config.as_ref().is_some_and(|config| config.stop_on_entry);
            self.send(Command::Start);
        }
    }

    /// Shows the selected frame's place in sources and wasm text.
    fn show_frame(&mut self) {
        let Some(frame) = self.model.frame().cloned() else {
            return;
        };
        self.views.wasm.go(frame.func, Some(frame.pc));
        // The entry is the C library's, whose sources are rarely there: what was in front stays.
        let reason = self.model.snapshot.as_ref().map(|snapshot| &snapshot.reason);
        let entry = matches!(reason, Some(StopReason::Entry));
        match &frame.source {
            Some(place) if !entry || self.sources.text(&place.path).is_some() => {
                self.views.source.go(place.file, Some(place.line));
            }
            _ if entry => {}
            _ => self.views.source.leave(),
        }
        let access = self.model.trap().and_then(|trap| trap.access.clone());
        if let Some(access) = access
            && let Ok(address) = u64::try_from(access.address)
            && address < access.memory_len_bytes
        {
            self.views.memory.go(access.memory, address, access.len_bytes);
        }
    }

    /// Begins a session of a module.
    fn load(&mut self, ctx: &egui::Context, config: SessionConfig, start: bool) {
        let same = self
            .config
            .as_ref()
            .is_some_and(|last| last.path == config.path && last.name == config.name);
        self.note_wishes();
        let wishes =
            (config.path.as_deref()).map_or_else(Wishes::default, |path| self.settings.wishes.of(path));
        let breakpoints = if same {
            unbound(std::mem::take(&mut self.model.breakpoints))
        } else {
            wishes.breakpoints(config.module.len())
        };
        self.model = Model::loading(&config.name, breakpoints);
        let cache = sources::cache_for(config.path.as_deref(), &self.settings.source_map);
        self.sources = if self.options.headless {
            Sources::at_once(cache)
        } else {
            let wake = ctx.clone();
            Sources::by_thread(cache, move || wake.request_repaint())
        };
        let old = std::mem::take(&mut self.views);
        if same {
            self.views.locals = old.locals.reloaded();
        } else {
            self.views.locals = LocalsView::watching(wishes.watches);
        }
        self.running_since = None;
        self.on_to_main = false;
        self.start_when_known = start || config.stop_on_entry;
        self.config = Some(config.clone());
        self.dirty = true;
        if let Link::Recorder(_) = self.link {
            return;
        }
        let wake = ctx.clone();
        let session = Session::spawn(config, move || wake.request_repaint());
        let old = std::mem::replace(&mut self.link, Link::Session(session));
        if let Link::Session(old) = old {
            old.send(Command::Quit);
            // Ending a guest may take a moment; the window does not wait for it.
            std::thread::spawn(move || drop(old));
        }
        ctx.request_repaint();
    }

    /// Notes what is set for the module that is open.
    fn note_wishes(&mut self) {
        if let Some(config) = &self.config
            && let Some(path) = &config.path
        {
            let watches = self.views.locals.watches();
            let wishes = Wishes::of(&self.model.breakpoints, watches, config.module.len());
            self.settings.wishes.note(path, wishes);
        }
    }

    /// Reads a module on a thread of its own.
    fn open(&mut self, ctx: &egui::Context, path: PathBuf) {
        if self.model.phase == Phase::Empty {
            self.model.phase = Phase::Loading;
            self.model.name = path.display().to_string();
        }
        let (sender, wake) = (self.jobs.0.clone(), ctx.clone());
        let base = self
            .config
            .clone()
            .filter(|config| config.path.as_deref() == Some(&path));
        self.jobs_running = self.jobs_running.saturating_add(1);
        std::thread::spawn(move || {
            let config = read_module(&path, base);
            sender.send(Job::Read(path, config)).ok();
            wake.request_repaint();
        });
    }

    fn system_dialog(&mut self, ctx: &egui::Context) {
        let (sender, wake) = (self.jobs.0.clone(), ctx.clone());
        self.jobs_running = self.jobs_running.saturating_add(1);
        std::thread::spawn(move || {
            sender.send(Job::Picked(pick_file())).ok();
            wake.request_repaint();
        });
    }

    /// Draws the whole window, then carries out what was asked.
    pub fn show(&mut self, ui: &mut egui::Ui) {
        self.dirty = false;
        let ctx = ui.ctx().clone();
        let pressed = ctx.input_mut(|input| commands::pressed(input, &self.model));
        self.actions.extend(pressed.into_iter().map(Action::Do));
        for file in ctx.input(|input| input.raw.dropped_files.clone()) {
            self.actions.push(Action::Open(file.path().to_path_buf()));
        }
        let t = Tokens::of(&ctx);
        let mut actions = std::mem::take(&mut self.actions);
        let mut cx = Cx::new(
            &self.model,
            &mut self.sources,
            t,
            (self.focused, &self.settings.recent),
            &mut actions,
        );
        bars::top(&mut cx, ui);
        bars::bottom(&mut cx, ui);
        panes::fault::show(&mut cx, &mut self.views.fault, ui);
        let mut focused = self.focused;
        egui::CentralPanel::no_frame()
            .frame(egui::Frame::new().fill(t.chrome))
            .show(ui, |ui| {
                let mut shell = Shell {
                    cx: &mut cx,
                    views: &mut self.views,
                    focused: &mut focused,
                };
                self.settings.tree.ui(&mut shell, ui);
            });
        if let Some(dialog) = &mut self.dialog
            && !dialog.show(&mut cx, &ctx)
        {
            self.dialog = None;
        }
        if ctx.input(|input| !input.raw.hovered_files.is_empty()) {
            drop_hint(&ctx, t);
        }
        self.focused = focused;
        let mut changed = false;
        for action in actions {
            changed |= !matches!(action, Action::Ask(_));
            self.carry_out(&ctx, action);
        }
        if changed {
            self.dirty = true;
            ctx.request_repaint();
        }
        self.retitle(&ctx);
    }

    fn retitle(&mut self, ctx: &egui::Context) {
        let title = match self.model.name.as_str() {
            "" => "Stepwell".to_owned(),
            name => format!("{} — Stepwell", file_name(name)),
        };
        if !self.options.headless && title != self.title {
            self.title = title.clone();
            ctx.send_viewport_cmd(egui::ViewportCommand::Title(title));
        }
    }
}

/// Breakpoints as wishes again, for a module that is loaded anew.
fn unbound(mut breakpoints: BTreeMap<BreakpointId, Breakpoint>) -> BTreeMap<BreakpointId, Breakpoint> {
    for breakpoint in breakpoints.values_mut() {
        breakpoint.state.locations.clear();
        breakpoint.state.message = None;
        breakpoint.awaited = true;
    }
    breakpoints
}

/// A module's bytes with the configuration it had before, or a plain one.
fn read_module(path: &Path, base: Option<SessionConfig>) -> anyhow::Result<SessionConfig> {
    Ok(SessionConfig {
        module: launch::read_module(path)?,
        name: path.display().to_string(),
        path: Some(path.to_path_buf()),
        ..base.unwrap_or_default()
    })
}

/// Asks the desktop for a file. Its answer to a person who cancels is the same as that of a desktop without dialogs,
/// but nobody cancels this fast.
fn pick_file() -> Result<Option<PathBuf>, String> {
    let begun = Instant::now();
    let picked = rfd::FileDialog::new()
        .add_filter("WebAssembly", &["wasm", "wat"])
        .pick_file();
    if picked.is_none() && begun.elapsed() < NOBODY_CANCELS_WITHIN {
        return Err(NO_SYSTEM_DIALOG.to_owned());
    }
    Ok(picked)
}

fn drop_hint(ctx: &egui::Context, t: &Tokens) {
    let painter = ctx.layer_painter(egui::LayerId::new(
        egui::Order::Foreground,
        egui::Id::unique("drop"),
    ));
    let rect = ctx.content_rect();
    painter.rect_filled(rect, 0.0, t.backdrop);
    painter.text(
        rect.center(),
        egui::Align2::CENTER_CENTER,
        "Drop to open",
        theme::strong_font(22.0),
        t.accent,
    );
}
