//! What a front end may ask of a session. Plain data: serializable, no callbacks, no references.
//!
//! Must not know: egui, DAP, the command line.

use super::query::{Query, QueryId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use stepwell_debuginfo::ModuleOffset;

/// How a guest is launched. Relaunching with the same value repeats the run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SessionConfig {
    /// The module's bytes.
    pub module: Arc<[u8]>,
    /// Name for messages: usually the file's path.
    pub name: String,
    /// Where the module was read from: sources are looked for beside it.
    pub path: Option<PathBuf>,
    /// Guest arguments after `argv[0]`, which is the file name of `name`.
    pub args: Vec<String>,
    /// Guest environment.
    pub env: Vec<(String, String)>,
    /// Preopened directories: (host path, guest path).
    pub dirs: Vec<(PathBuf, String)>,
    /// Export to call instead of `_start`, with its arguments in `args`.
    pub invoke: Option<String>,
    /// Stop before the first instruction of the entry function.
    pub stop_on_entry: bool,
    /// Run on the reference interpreter instead of compiled code.
    pub interpreter: bool,
}

/// A breakpoint's number, chosen by the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BreakpointId(pub u32);

/// The wish: where to stop, in the person's words.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BreakpointSpec {
    /// A source line. The path matches recorded paths by longest common suffix.
    Line {
        /// Path or file name.
        path: String,
        /// Line from 1.
        line: u32,
    },
    /// A function by name (plain, qualified, linkage, export or `func[n]`).
    Function {
        /// The name.
        name: String,
    },
    /// A wasm instruction by file offset.
    Offset {
        /// Offset from the start of the module.
        offset: ModuleOffset,
    },
}

/// What is to happen when a breakpoint's location is reached; nothing said: the guest stops.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StopRule {
    /// An expression in the language of the frame: where it does not hold, the location counts as not reached.
    pub condition: Option<String>,
    /// Which of the times it is reached count.
    pub hits: Option<HitRule>,
    /// Words to say instead of stopping, with expressions in braces: `n={n}`.
    pub log: Option<String>,
}

/// Which hits of a breakpoint count, numbered from 1 in each run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum HitRule {
    /// This one alone.
    Exactly(u64),
    /// This one and all after it.
    AtLeast(u64),
    /// All up to this one.
    AtMost(u64),
    /// This one, twice as many, and so on.
    Every(u64),
}

impl HitRule {
    /// Reads `3` or `== 3`, `>= 3`, `> 3`, `<= 3`, `< 3`, `% 3`.
    pub fn parse(text: &str) -> Option<HitRule> {
        let text = text.trim();
        let digits = text.trim_start_matches(['=', '<', '>', '%']);
        let sign = text.strip_suffix(digits)?;
        let number: u64 = digits.trim().parse().ok()?;
        Some(match sign {
            "" | "=" | "==" => HitRule::Exactly(number),
            ">=" => HitRule::AtLeast(number),
            ">" => HitRule::AtLeast(number.checked_add(1)?),
            "<=" => HitRule::AtMost(number),
            "<" => HitRule::AtMost(number.checked_sub(1)?),
            "%" if number > 0 => HitRule::Every(number),
            _ => return None,
        })
    }

    /// Whether hit `number` counts.
    pub fn counts(self, number: u64) -> bool {
        match self {
            HitRule::Exactly(wanted) => number == wanted,
            HitRule::AtLeast(least) => number >= least,
            HitRule::AtMost(most) => number <= most,
            HitRule::Every(step) => number.checked_rem(step) == Some(0),
        }
    }
}

/// As [`HitRule::parse`] reads it.
impl fmt::Display for HitRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HitRule::Exactly(number) => write!(f, "{number}"),
            HitRule::AtLeast(number) => write!(f, ">= {number}"),
            HitRule::AtMost(number) => write!(f, "<= {number}"),
            HitRule::Every(number) => write!(f, "% {number}"),
        }
    }
}

/// Which way to step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StepKind {
    /// Into calls.
    In,
    /// Over calls.
    Over,
    /// Until the selected frame returns.
    Out,
}

/// What one step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StepUnit {
    /// A source line (an instruction where there is no line information).
    Line,
    /// A wasm instruction.
    Instruction,
}

/// What a front end asks. Commands are carried out in order; each answer is an [`Event`](super::Event).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Command {
    /// Adds a breakpoint, or replaces the one with this id. Answered by `BreakpointChanged`.
    SetBreakpoint {
        /// The client's number for it.
        id: BreakpointId,
        /// Where.
        spec: BreakpointSpec,
        /// Disabled breakpoints stay bound but do not stop.
        enabled: bool,
        /// When it stops, or what it says instead.
        rule: StopRule,
    },
    /// Removes a breakpoint.
    RemoveBreakpoint {
        /// Which.
        id: BreakpointId,
    },
    /// Starts the guest from its beginning (once after `Loaded`; later, use `Restart`).
    Start,
    /// Lets a stopped guest run.
    Continue,
    /// Asks a running guest to stop at the next instruction boundary.
    Pause,
    /// Steps a stopped guest.
    Step {
        /// Into, over or out.
        kind: StepKind,
        /// Line or instruction.
        unit: StepUnit,
        /// Display frame (index in the snapshot) that `Out` leaves and `Over` keeps to; 0 is usual.
        frame: u32,
    },
    /// Runs until a place is reached (or another stop happens).
    RunTo {
        /// Where.
        spec: BreakpointSpec,
    },
    /// Ends the guest, running or stopped. Answered by `Ended`.
    Stop,
    /// Ends the guest and starts it anew; breakpoints stay.
    Restart {
        /// Whether to stop on entry this time.
        stop_on_entry: bool,
    },
    /// Bytes for the guest's standard input.
    Stdin(Vec<u8>),
    /// End of file on the guest's standard input.
    CloseStdin,
    /// A question; answered by `Reply` with the same id.
    Query {
        /// The client's number for it.
        id: QueryId,
        /// The question.
        query: Query,
    },
    /// Ends the session and its thread.
    Quit,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hit_rules_read_and_count() {
        for (text, counted) in [
            ("3", [false, false, true, false]),
            ("== 2", [false, true, false, false]),
            (">=2", [false, true, true, true]),
            ("> 2", [false, false, true, true]),
            ("<= 2", [true, true, false, false]),
            ("< 2", [true, false, false, false]),
            ("% 2", [false, true, false, true]),
        ] {
            let rule = HitRule::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!([1, 2, 3, 4].map(|hit| rule.counts(hit)), counted, "{text}");
            assert_eq!(HitRule::parse(&rule.to_string()), Some(rule), "{text}");
        }
        for text in ["", "x", "% 0", "< 0", "=> 3", "3 4", "-1"] {
            assert_eq!(HitRule::parse(text), None, "{text}");
        }
    }
}
