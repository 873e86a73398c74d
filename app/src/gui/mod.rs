//! The window: a client of one debugging session.
//!
//! # Map
//! - [`app`]: the eframe shell; drains events, carries out actions, lays the window out.
//! - [`model`]: what the session has told so far. [`queries`]: its answers, dropped when stale.
//! - [`sources`]: source files, read on a thread.
//! - [`commands`]: THE TABLE; menus, toolbar, shortcuts and palette read it.
//! - [`panes`]: one function each: it reads the model and pushes [`actions`]. [`widgets`]: what panes draw with.
//!   `slots`, `welcome`: what several panes, or none yet, show.
//! - [`preflight`]: whether a window can be opened here. [`headless`]: the window without a display, drawn by
//!   [`raster`].
//! - [`layout`]: the tree of panes, drawn through `shell`. [`settings`]: what persists; `wishes` of it: breakpoints and watches. [`theme`]: the only file with colours.
//!
//! # Invariants
//! - The window never waits: everything goes through `Command` and `Event`.
//! - State changes once, between frames, when [`app`] carries out the actions. A pane knows no other pane.

pub mod actions;
pub mod app;
mod bars;
pub mod commands;
mod dialogs;
pub mod headless;
pub mod layout;
pub mod model;
pub mod panes;
pub mod preflight;
pub mod queries;
pub mod raster;
mod run_with;
mod settings;
mod shell;
mod slots;
pub mod sources;
pub mod theme;
mod welcome;
mod widgets;
mod wishes;

pub use app::{App, AppOptions, run};
pub use theme::ThemeChoice;
