//! THE TABLE: everything a person can tell the window to do, one row each. Menus, toolbar, shortcuts and the
//! command palette read it; nothing else names a shortcut or a title.
//!
//! Must not know: how a command is carried out.

use super::layout::Pane;
use super::model::{Model, Phase};
use egui::{Key, KeyboardShortcut, Modifiers};
use lucide_icons::Icon;

/// Names a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommandId {
    /// Open a module.
    Open,
    /// Open the bundled sample.
    OpenSample,
    /// Read the module again and load it.
    Reload,
    /// Close the window.
    Quit,
    /// Start, continue or run again.
    Go,
    /// Choose what to run and its arguments.
    RunWith,
    /// Stop a running guest where it is.
    Pause,
    /// End the run.
    Stop,
    /// End the run and start anew.
    Restart,
    /// End the run, start anew, stop before the first instruction.
    RestartAtEntry,
    /// Step over a line (an instruction while the wasm pane has the attention).
    StepOver,
    /// Step into.
    StepIn,
    /// Step out.
    StepOut,
    /// Step over one instruction.
    StepOverInstruction,
    /// Step into by one instruction.
    StepInInstruction,
    /// Run to the caret.
    RunToCursor,
    /// Set or remove a breakpoint at the caret.
    ToggleBreakpoint,
    /// Remove all breakpoints.
    RemoveBreakpoints,
    /// Find text in the source file in front.
    Find,
    /// Search all commands.
    Palette,
    /// Dark or light.
    ToggleTheme,
    /// The panes as they were at first.
    ResetLayout,
    /// Bring a pane to the front.
    Show(Pane),
}

/// Which menu a row is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Menu {
    /// Modules.
    File,
    /// The guest.
    Run,
    /// Breakpoints.
    Breakpoints,
    /// The window.
    View,
}

impl Menu {
    /// All menus, in order.
    pub const ALL: [(Menu, &'static str); 4] = [
        (Menu::File, "File"),
        (Menu::Run, "Run"),
        (Menu::Breakpoints, "Breakpoints"),
        (Menu::View, "View"),
    ];
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct CommandRow {
    /// Its name.
    pub id: CommandId,
    /// What people read; "…" at the end where it asks for more.
    pub title: &'static str,
    /// Keys, the first shown in menus.
    pub shortcuts: &'static [KeyboardShortcut],
    /// Picture.
    pub icon: Option<Icon>,
    /// Menu.
    pub menu: Menu,
    /// Group: a line stands between groups, in menus and on the toolbar.
    pub group: u8,
    /// Whether it is on the toolbar.
    pub toolbar: bool,
    /// Whether it can be done now.
    pub enabled_when: fn(&Model) -> bool,
}

impl CommandRow {
    /// The title as things stand: one row can mean start, continue or run again.
    pub fn title_now(&self, model: &Model) -> &'static str {
        match (self.id, &model.phase) {
            (CommandId::Go, Phase::Ready | Phase::Empty | Phase::Loading) => "Start",
            (CommandId::Go, Phase::Ended(_)) => "Run again",
            _ => self.title,
        }
    }
}

const fn key(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}
const fn shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::SHIFT, key)
}
const fn alt(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::ALT, key)
}
const fn command(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}
const fn command_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key)
}

fn always(_: &Model) -> bool {
    true
}
fn loaded(model: &Model) -> bool {
    matches!(
        model.phase,
        Phase::Ready | Phase::Running | Phase::Stopped | Phase::Ended(_)
    )
}
fn known(model: &Model) -> bool {
    model.phase != Phase::Empty && model.phase != Phase::Loading
}
fn runs_something(model: &Model) -> bool {
    known(model) && model.module.is_some()
}
fn running(model: &Model) -> bool {
    model.phase == Phase::Running
}
fn alive(model: &Model) -> bool {
    matches!(model.phase, Phase::Running | Phase::Stopped)
}
fn begun(model: &Model) -> bool {
    alive(model) || matches!(model.phase, Phase::Ended(_))
}
/// A trapped guest stands still but cannot go on.
fn can_step(model: &Model) -> bool {
    model.phase == Phase::Stopped && model.trap().is_none() && !model.awaiting_motion
}
fn can_step_in(model: &Model) -> bool {
    can_step(model) || (matches!(model.phase, Phase::Ready | Phase::Ended(_)) && !model.awaiting_motion)
}
fn can_go(model: &Model) -> bool {
    can_step_in(model)
}
fn has_sources(model: &Model) -> bool {
    model.debug.as_ref().is_some_and(|debug| !debug.files.is_empty())
}
fn has_breakpoints(model: &Model) -> bool {
    !model.breakpoints.is_empty()
}

const fn row(
    id: CommandId,
    title: &'static str,
    shortcuts: &'static [KeyboardShortcut],
    icon: Option<Icon>,
    menu: Menu,
    (group, toolbar): (u8, bool),
    enabled_when: fn(&Model) -> bool,
) -> CommandRow {
    CommandRow {
        id,
        title,
        shortcuts,
        icon,
        menu,
        group,
        toolbar,
        enabled_when,
    }
}

const fn show(pane: Pane, title: &'static str, icon: Icon) -> CommandRow {
    row(
        CommandId::Show(pane),
        title,
        &[],
        Some(icon),
        Menu::View,
        (9, false),
        always,
    )
}

/// The table. Of rows that share a shortcut the first enabled one wins.
#[rustfmt::skip]
pub static COMMANDS: &[CommandRow] = {
    use CommandId::*;
    use Menu::*;
    &[
        row(Open, "Open module…", &[command(Key::O)], Some(Icon::FolderOpen), File, (0, true), always),
        row(OpenSample, "Open sample", &[], Some(Icon::BookOpen), File, (0, false), always),
        row(Reload, "Reload module", &[command(Key::R)], Some(Icon::RefreshCw), File, (0, false), known),
        row(Quit, "Quit", &[command(Key::Q)], Some(Icon::LogOut), File, (8, false), always),
        row(Go, "Continue", &[key(Key::F5)], Some(Icon::Play), Run, (1, true), can_go),
        row(RunWith, "Run with…", &[], Some(Icon::SquareFunction), Run, (1, false), runs_something),
        row(Pause, "Pause", &[key(Key::F6)], Some(Icon::Pause), Run, (1, true), running),
        row(StepOver, "Step over", &[key(Key::F10)], Some(Icon::RedoDot), Run, (2, true), can_step_in),
        row(StepIn, "Step into", &[key(Key::F11)], Some(Icon::ArrowDownToDot), Run, (2, true), can_step_in),
        row(StepOut, "Step out", &[shift(Key::F11)], Some(Icon::ArrowUpFromDot), Run, (2, true), can_step),
        row(StepOverInstruction, "Step over instruction", &[alt(Key::F10)], Some(Icon::Redo2), Run, (2, false), can_step_in),
        row(StepInInstruction, "Step one instruction", &[alt(Key::F11)], Some(Icon::StepForward), Run, (2, true), can_step_in),
        row(RunToCursor, "Run to cursor", &[command(Key::F10)], Some(Icon::TextCursor), Run, (2, true), can_step),
        row(Restart, "Restart", &[command_shift(Key::F5)], Some(Icon::RotateCcw), Run, (3, true), begun),
        row(RestartAtEntry, "Restart and stop at entry", &[], Some(Icon::ListRestart), Run, (3, false), loaded),
        row(Stop, "Stop", &[shift(Key::F5)], Some(Icon::Square), Run, (3, true), alive),
        row(ToggleBreakpoint, "Toggle breakpoint", &[key(Key::F9)], Some(Icon::CircleDot), Breakpoints, (4, false), loaded),
        row(RemoveBreakpoints, "Remove all breakpoints", &[], Some(Icon::CircleOff), Breakpoints, (4, false), has_breakpoints),
        row(Find, "Find in source…", &[command(Key::F)], Some(Icon::TextSearch), View, (5, false), has_sources),
        row(Palette, "Command palette…", &[command(Key::P), command_shift(Key::P)], Some(Icon::Search), View, (5, false), always),
        row(ToggleTheme, "Switch dark and light", &[], Some(Icon::SunMoon), View, (6, false), always),
        row(ResetLayout, "Reset layout", &[], Some(Icon::LayoutDashboard), View, (6, false), always),
        show(Pane::Source, "Show source", Icon::FileCode),
        show(Pane::Wasm, "Show wasm text", Icon::Binary),
        show(Pane::Locals, "Show variables", Icon::Braces),
        show(Pane::Globals, "Show globals", Icon::Globe),
        show(Pane::Stack, "Show call stack", Icon::Layers),
        show(Pane::Operands, "Show operand stack", Icon::AlignVerticalJustifyEnd),
        show(Pane::Memory, "Show memory", Icon::MemoryStick),
        show(Pane::Tables, "Show tables", Icon::Table2),
        show(Pane::Breakpoints, "Show breakpoints", Icon::CircleDot),
        show(Pane::Modules, "Show module", Icon::Package),
        show(Pane::Output, "Show output", Icon::Terminal),
    ]
};

/// The row of a command.
pub fn row_of(id: CommandId) -> Option<&'static CommandRow> {
    COMMANDS.iter().find(|row| row.id == id)
}

/// Takes pressed shortcuts out of the input, before any widget sees them. Rows with more modifiers go first,
/// since a shortcut without Shift matches with Shift held too.
pub fn pressed(input: &mut egui::InputState, model: &Model) -> Vec<CommandId> {
    let weight = |shortcut: &KeyboardShortcut| {
        let m = shortcut.modifiers;
        u8::from(m.alt) + u8::from(m.shift) + u8::from(m.ctrl || m.command)
    };
    let mut bindings: Vec<(KeyboardShortcut, &CommandRow)> = COMMANDS
        .iter()
        .flat_map(|row| row.shortcuts.iter().map(move |shortcut| (*shortcut, row)))
        .collect();
    bindings.sort_by_key(|(shortcut, _)| std::cmp::Reverse(weight(shortcut)));
    let mut ids = Vec::new();
    for (shortcut, row) in bindings {
        if input.consume_shortcut(&shortcut) && (row.enabled_when)(model) {
            ids.push(row.id);
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn rows_and_shortcuts_are_unique() {
        let mut ids = HashSet::new();
        let mut keys = HashSet::new();
        for row in COMMANDS {
            assert!(ids.insert(row.id), "{:?} twice", row.id);
            for shortcut in row.shortcuts {
                assert!(keys.insert(format!("{shortcut:?}")), "{shortcut:?} twice");
            }
        }
    }

    #[test]
    fn nothing_runs_without_a_module() {
        let model = Model::default();
        for row in COMMANDS.iter().filter(|row| row.menu == Menu::Run) {
            assert!(!(row.enabled_when)(&model), "{}", row.title);
        }
    }
}
