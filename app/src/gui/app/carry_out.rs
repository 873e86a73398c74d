//! What each action and each row of the command table does.
//!
//! Must not know: how anything is drawn.

use super::App;
use crate::gui::actions::Action;
use crate::gui::commands::CommandId;
use crate::gui::dialogs::{Dialog, OpenModule, Palette};
use crate::gui::layout::{self, Pane};
use crate::gui::model::Phase;
use crate::gui::run_with::RunWith;
use crate::gui::theme::ThemeChoice;
use crate::launch;
use std::path::{Path, PathBuf};
use stepwell_engine::debugger::{
    BreakpointId, BreakpointSpec, Command, Query, SessionConfig, StepKind, StepUnit, StopRule,
};

impl App {
    /// Carries out what a pane asked for.
    pub(super) fn carry_out(&mut self, ctx: &egui::Context, action: Action) {
        match action {
            Action::Do(id) => self.do_command(ctx, id),
            Action::Ask(query) => {
                if let Some(id) = self.model.queries.want(&query) {
                    self.send(Command::Query { id, query });
                }
            }
            Action::RunWith {
                invoke,
                args,
                stop_on_entry,
            } => {
                if let Some(config) = self.config.clone() {
                    let config = SessionConfig {
                        invoke,
                        args,
                        stop_on_entry,
                        ..config
                    };
                    self.load(ctx, config, true);
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
            Action::GoToLine(line) => self.views.source.go_to_line(line),
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
                    let (spec, rule) = (breakpoint.state.spec.clone(), breakpoint.state.rule.clone());
                    self.send(Command::SetBreakpoint {
                        id,
                        spec,
                        enabled,
                        rule,
                    });
                }
            }
            Action::RuleBreakpoint(id, rule) => {
                if let Some(breakpoint) = self.model.breakpoints.get(&id) {
                    let (spec, enabled) = (breakpoint.state.spec.clone(), breakpoint.state.enabled);
                    self.send(Command::SetBreakpoint {
                        id,
                        spec,
                        enabled,
                        rule,
                    });
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
            Action::RetrySources => self.sources.reload(),
            Action::AddSourceRoot(folder) => {
                self.sources.add_root(folder);
                self.settings.source_map = self.sources.map().to_vec();
            }
            Action::Copy(text) => ctx.copy_text(text),
        }
    }

    fn do_command(&mut self, ctx: &egui::Context, id: CommandId) {
        let line = match self.focused {
            Pane::Wasm => StepUnit::Instruction,
            _ => StepUnit::Line,
        };
        match id {
            CommandId::Open => self.dialog = Some(Dialog::Open(OpenModule::new(&self.folder()))),
            CommandId::OpenSample => {
                self.load(ctx, launch::sample(), false);
            }
            CommandId::RunWith => {
                if let Some(config) = &self.config {
                    let dialog = RunWith::new(config.invoke.as_deref(), &config.args);
                    self.dialog = Some(Dialog::RunWith(dialog));
                }
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
            CommandId::Find => {
                layout::focus(&mut self.settings.tree, Pane::Source);
                self.views.source.search();
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

    /// Where a module to open is looked for at first.
    pub(super) fn folder(&self) -> PathBuf {
        self.config
            .as_ref()
            .and_then(|config| config.path.as_deref()?.parent().map(Path::to_path_buf))
            .filter(|folder| !folder.as_os_str().is_empty())
            .or_else(|| std::env::current_dir().ok())
            .unwrap_or_default()
    }

    fn restart(&mut self, stop_on_entry: bool) {
        self.on_to_main = false;
        self.send(Command::Restart { stop_on_entry });
    }

    /// A step; before the start and after the end of a run it goes to the first line of `main`, or by instructions to
    /// the entry.
    fn step(&mut self, kind: StepKind, unit: StepUnit) {
        match self.model.phase {
            Phase::Stopped => {
                let frame = match kind {
                    StepKind::Out | StepKind::Over => self.model.selected_frame,
                    StepKind::In => 0,
                };
                self.send(Command::Step { kind, unit, frame });
            }
            Phase::Ready | Phase::Ended(_) => {
                self.restart(true);
                self.on_to_main = unit == StepUnit::Line;
            }
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
        self.send(Command::SetBreakpoint {
            id,
            spec,
            enabled: true,
            rule: StopRule::default(),
        });
    }
}
