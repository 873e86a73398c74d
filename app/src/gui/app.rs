//! The eframe shell: drains the session's events, lays out the window, carries out what panes asked for.
//!
//! # Invariants
//! - A frame drains events for a few milliseconds at most: a guest that prints for ever leaves time to draw.
//! - State changes in [`App::pump`] and after the panes are drawn, nowhere else.
//! - Nothing here blocks: files are read and desktop dialogs are run on threads of their own.

use super::actions::{Action, Cx};
use super::bars;
use super::commands::{self, CommandId};
use super::dialogs::{Dialog, OpenModule, Palette};
use super::layout::{self, Pane};
use super::model::{Breakpoint, Model, Phase, file_name};
use super::panes::{self, Views};
use super::settings::Settings;
use super::shell::Shell;
use super::theme::{self, ThemeChoice, Tokens};
use crate::launch;
use crate::source_cache::SourceCache;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use stepwell_engine::debugger::{
    BreakpointId, BreakpointSpec, BreakpointState, Command, Event, Query, Session, SessionConfig, StepKind,
    StepUnit, StopReason,
};

/// How long a frame may drain events.
const DRAIN: Duration = Duration::from_millis(4);
/// A guest that stops again within this time is not shown as running: panes do not flicker at every step.
const LINGER: Duration = Duration::from_millis(150);
/// Larger files are no modules.
const MAX_MODULE_BYTES: u64 = 1 << 30;
/// The sample's sources, by the path its debug info records.
const SAMPLE_SOURCES: &[(&str, &str)] = &[(
    "/stepwell/guests/list/list.c",
    include_str!("../../../assets/guests/list/list.c"),
)];

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
    Read(PathBuf, Result<SessionConfig, String>),
    Picked(Option<PathBuf>),
}

/// The window.
pub struct App {
    options: AppOptions,
    link: Link,
    config: Option<SessionConfig>,
    model: Model,
    sources: SourceCache,
    views: Views,
    settings: Settings,
    focused: Pane,
    dialog: Option<Dialog>,
    actions: Vec<Action>,
    jobs: (mpsc::Sender<Job>, mpsc::Receiver<Job>),
    jobs_running: usize,
    start_when_known: bool,
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
            sources: SourceCache::new(None),
            views: Views::default(),
            settings,
            focused: Pane::Source,
            dialog: None,
            actions: Vec::new(),
            jobs: mpsc::channel(),
            jobs_running: 0,
            start_when_known: false,
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
        !self.dirty && !held && self.jobs_running == 0 && self.model.is_settled()
    }

    /// Sends a command to the session.
    pub fn send(&mut self, command: Command) {
        match &command {
            Command::Start
            | Command::Continue
            | Command::Pause
            | Command::Step { .. }
            | Command::RunTo { .. }
            | Command::Stop
            | Command::Restart { .. } => self.model.awaiting_motion = true,
            Command::SetBreakpoint { id, spec, enabled } => {
                let (id, spec, enabled) = (*id, spec.clone(), *enabled);
                let awaited = BreakpointState {
                    id,
                    spec,
                    enabled,
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
                Job::Read(path, Err(message)) => {
                    self.model.problem(format!("{}: {message}", path.display()));
                    if self.model.phase == Phase::Loading {
                        self.model.phase = Phase::Failed(message);
                    }
                }
                Job::Picked(Some(path)) => self.open(ctx, path),
                Job::Picked(None) => {}
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
        if stopped {
            self.show_frame();
        }
        if known {
            self.debug_info_came();
        }
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
            });
        }
        let ready = self.model.phase == Phase::Ready;
        if std::mem::take(&mut self.start_when_known) && ready {
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
        let breakpoints = if same {
            unbound(std::mem::take(&mut self.model.breakpoints))
        } else {
            BTreeMap::new()
        };
        self.model = Model::loading(&config.name, breakpoints);
        self.sources = SourceCache::new(config.path.as_deref()).with_bundled(SAMPLE_SOURCES);
        self.views = Views::default();
        self.running_since = None;
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
            let picked = rfd::FileDialog::new()
                .add_filter("WebAssembly", &["wasm"])
                .pick_file();
            sender.send(Job::Picked(picked)).ok();
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

    fn carry_out(&mut self, ctx: &egui::Context, action: Action) {
        match action {
            Action::Do(id) => self.do_command(ctx, id),
            Action::Ask(query) => {
                if let Some(id) = self.model.queries.want(&query) {
                    self.send(Command::Query { id, query });
                }
            }
            Action::SelectFrame(frame) => {
                self.model.selected_frame = frame;
                self.show_frame();
            }
            Action::ShowSource(file, line) => {
                self.views.source.go(file, line);
                layout::focus(&mut self.settings.tree, Pane::Source);
            }
            Action::ShowFunction(func) => {
                self.views.wasm.go(func, None);
                layout::focus(&mut self.settings.tree, Pane::Wasm);
            }
            Action::ShowOffset(offset) => {
                if let Some(func) = self.model.function_at(offset) {
                    self.views.wasm.go(func, Some(offset));
                }
            }
            Action::ShowMemory {
                memory,
                address,
                len_bytes,
            } => {
                self.views.memory.go(memory, address, len_bytes);
                layout::focus(&mut self.settings.tree, Pane::Memory);
            }
            Action::ToggleBreakpoint(spec) => self.toggle(spec),
            Action::AddBreakpoint(spec) => self.add_breakpoint(spec),
            Action::EnableBreakpoint(id, enabled) => {
                if let Some(breakpoint) = self.model.breakpoints.get(&id) {
                    let spec = breakpoint.state.spec.clone();
                    self.send(Command::SetBreakpoint { id, spec, enabled });
                }
            }
            Action::RemoveBreakpoint(id) => self.send(Command::RemoveBreakpoint { id }),
            Action::RunTo(spec) => {
                if self.model.phase == Phase::Stopped {
                    self.send(Command::RunTo { spec });
                }
            }
            Action::Write(target) => {
                if let Some(stop) = self.model.stop() {
                    let frame = self.model.selected_frame;
                    let query = Query::Write { stop, frame, target };
                    let id = self.model.queries.fresh_id();
                    self.send(Command::Query { id, query });
                }
            }
            Action::Stdin(mut line) => {
                line.push('\n');
                self.model.waiting_for_input = false;
                self.send(Command::Stdin(line.into_bytes()));
            }
            Action::CloseStdin => {
                self.model.stdin_closed = true;
                self.model.waiting_for_input = false;
                self.send(Command::CloseStdin);
            }
            Action::Open(path) => self.open(ctx, path),
            Action::SystemDialog => self.system_dialog(ctx),
            Action::RetrySources => {
                self.sources.retry_missing();
                self.views.source.forget_text();
            }
            Action::AddSourceRoot(folder) => self.sources.add_root(folder),
            Action::Copy(text) => ctx.copy_text(text),
        }
    }

    fn do_command(&mut self, ctx: &egui::Context, id: CommandId) {
        let line = match self.focused {
            Pane::Wasm => StepUnit::Instruction,
            _ => StepUnit::Line,
        };
        match id {
            CommandId::Open => {
                let folder = self
                    .config
                    .as_ref()
                    .and_then(|config| config.path.as_deref()?.parent().map(Path::to_path_buf))
                    .filter(|folder| !folder.as_os_str().is_empty())
                    .or_else(|| std::env::current_dir().ok())
                    .unwrap_or_default();
                self.dialog = Some(Dialog::Open(OpenModule::new(&folder)));
            }
            CommandId::OpenSample => {
                let config = SessionConfig {
                    stop_on_entry: false,
                    ..launch::sample()
                };
                self.load(ctx, config, false);
            }
            CommandId::Reload => {
                if let Some(config) = self.config.clone() {
                    match config.path.clone() {
                        Some(path) => self.open(ctx, path),
                        None => self.load(ctx, config, false),
                    }
                }
            }
            CommandId::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
            CommandId::Go => match self.model.phase {
                Phase::Ready => self.send(Command::Start),
                Phase::Stopped => self.send(Command::Continue),
                Phase::Ended(_) => self.restart(false),
                _ => {}
            },
            CommandId::Pause => self.send(Command::Pause),
            CommandId::Stop => self.send(Command::Stop),
            CommandId::Restart => self.restart(false),
            CommandId::RestartAtEntry => self.restart(true),
            CommandId::StepOver => self.step(StepKind::Over, line),
            CommandId::StepIn => self.step(StepKind::In, line),
            CommandId::StepOut => self.step(StepKind::Out, line),
            CommandId::StepOverInstruction => self.step(StepKind::Over, StepUnit::Instruction),
            CommandId::StepInInstruction => self.step(StepKind::In, StepUnit::Instruction),
            CommandId::RunToCursor => {
                if let Some(spec) = self.at_caret() {
                    self.send(Command::RunTo { spec });
                }
            }
            CommandId::ToggleBreakpoint => {
                if let Some(spec) = self.at_caret() {
                    self.toggle(spec);
                }
            }
            CommandId::RemoveBreakpoints => {
                let ids: Vec<BreakpointId> = self.model.breakpoints.keys().copied().collect();
                for id in ids {
                    self.send(Command::RemoveBreakpoint { id });
                }
            }
            CommandId::Palette => self.dialog = Some(Dialog::Palette(Palette::default())),
            CommandId::ToggleTheme => {
                self.settings.theme = match ctx.theme() {
                    egui::Theme::Dark => ThemeChoice::Light,
                    egui::Theme::Light => ThemeChoice::Dark,
                };
                ctx.set_theme(egui::ThemePreference::from(self.settings.theme));
            }
            CommandId::ResetLayout => self.settings.tree = layout::default_tree(),
            CommandId::Show(pane) => {
                layout::focus(&mut self.settings.tree, pane);
                self.focused = pane;
            }
        }
    }

    fn restart(&mut self, stop_on_entry: bool) {
        self.send(Command::Restart { stop_on_entry });
    }

    /// A step; before the start and after the end of a run it goes to the entry.
    fn step(&mut self, kind: StepKind, unit: StepUnit) {
        match self.model.phase {
            Phase::Stopped => {
                let frame = match kind {
                    StepKind::Out | StepKind::Over => self.model.selected_frame,
                    StepKind::In => 0,
                };
                self.send(Command::Step { kind, unit, frame });
            }
            Phase::Ready | Phase::Ended(_) => self.restart(true),
            _ => {}
        }
    }

    /// The place with the caret, in the pane that has the attention.
    fn at_caret(&self) -> Option<BreakpointSpec> {
        let wasm = || {
            let offset = self.views.wasm.caret()?;
            Some(BreakpointSpec::Offset { offset })
        };
        let source = || {
            let (file, line) = self.views.source.caret()?;
            let path = self.model.file(file)?.path.clone();
            Some(BreakpointSpec::Line { path, line })
        };
        match self.focused {
            Pane::Wasm => wasm().or_else(source),
            _ => source().or_else(wasm),
        }
    }

    fn toggle(&mut self, spec: BreakpointSpec) {
        let there = match &spec {
            BreakpointSpec::Line { path, line } => self.model.breakpoint_at_line(path, *line),
            BreakpointSpec::Offset { offset } => self.model.breakpoint_at_offset(*offset),
            BreakpointSpec::Function { .. } => None,
        };
        match there.map(|breakpoint| breakpoint.state.id) {
            Some(id) => self.send(Command::RemoveBreakpoint { id }),
            None => self.add_breakpoint(spec),
        }
    }

    fn add_breakpoint(&mut self, spec: BreakpointSpec) {
        let id = self.model.fresh_breakpoint();
        let enabled = true;
        self.send(Command::SetBreakpoint { id, spec, enabled });
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
fn read_module(path: &Path, base: Option<SessionConfig>) -> Result<SessionConfig, String> {
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("not a file".to_owned());
    }
    if metadata.len() > MAX_MODULE_BYTES {
        return Err("too large to be a module".to_owned());
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    Ok(SessionConfig {
        module: bytes.into(),
        name: path.display().to_string(),
        path: Some(path.to_path_buf()),
        ..base.unwrap_or_default()
    })
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

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _: &mut eframe::Frame) {
        self.pump(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        self.show(ui);
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        if !self.options.headless {
            self.settings.save(storage);
        }
    }

    fn persist_egui_memory(&self) -> bool {
        false
    }
}

/// Opens the window and returns when it is closed.
pub fn run(options: AppOptions) -> anyhow::Result<()> {
    let mut viewport = egui::ViewportBuilder::default()
        .with_title("Stepwell")
        .with_app_id("stepwell")
        .with_inner_size([1280.0, 800.0])
        .with_min_inner_size([760.0, 480.0]);
    if let Some(icon) = window_icon() {
        viewport = viewport.with_icon(icon);
    }
    let native = eframe::NativeOptions {
        viewport,
        ..eframe::NativeOptions::default()
    };
    let create = move |cc: &eframe::CreationContext<'_>| -> Result<Box<dyn eframe::App>, _> {
        let settings = Settings::load(cc.storage);
        Ok(Box::new(App::with_settings(&cc.egui_ctx, options, settings)) as Box<dyn eframe::App>)
    };
    eframe::run_native("stepwell", native, Box::new(create))
        .map_err(|error| anyhow::anyhow!("cannot open a window: {error}"))
}

fn window_icon() -> Option<egui::IconData> {
    let bytes: &[u8] = include_bytes!("../../../assets/icons/stepwell.png");
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().ok()?;
    let mut rgba = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut rgba).ok()?;
    Some(egui::IconData {
        rgba,
        width: info.width,
        height: info.height,
    })
}
