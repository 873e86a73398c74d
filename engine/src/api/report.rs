//! What a trap looked like, in source words, taken while the guest was still parked; and what is wrong with a module that
//! was made of text.
//!
//! # Invariants
//! - Deep recursion costs a bounded report: the innermost frames and the outermost ones, with a count between.
//! - Without debug info a frame still has a name (`func[n]` at worst) and a file offset.
//!
//! Must not know: who prints it.

use crate::error::Error;
use crate::position::ModuleOffset;
use crate::runtime::paused::{Paused, Trap};
use std::fmt;
use std::sync::Arc;
use stepwell_debuginfo::DebugInfo;

/// Wasm frames reported from the inner end of the stack.
const INNERMOST: u32 = 40;
/// Wasm frames reported from its outer end.
const OUTERMOST: u32 = 10;

/// A trap with its backtrace. Displays as the text of an error message, frames on lines of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrapReport {
    /// The trap.
    pub trap: Trap,
    /// Source frames, innermost first.
    pub frames: Vec<TraceFrame>,
    /// How many wasm frames were left out, and before which of `frames`.
    pub left_out: Option<(u32, usize)>,
}

/// One source frame of a backtrace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceFrame {
    /// Function name for people.
    pub function: String,
    /// The instruction: the trapping one, or the call in progress.
    pub offset: ModuleOffset,
    /// Source path, line and column (0: not said), if known.
    pub location: Option<(String, u32, u32)>,
    /// Whether it is an inlined copy.
    pub inlined: bool,
}

/// The error of a module that was [made of text](crate::module::assemble), by the place where that is written. What is
/// wrong outside of functions keeps its offset.
pub fn error_in_text(error: Error, module: &Arc<[u8]>) -> Error {
    let Error::Invalid { message, offset } = error else {
        return error;
    };
    match DebugInfo::parse(module.clone()).location_from_module_offset(ModuleOffset(offset)) {
        Some(location) => Error::Text {
            message,
            line: location.line as usize,
            column: location.column as usize,
        },
        None => Error::Invalid { message, offset },
    }
}

impl TrapReport {
    /// The report of a trap that no frame belongs to.
    pub(super) fn without_frames(trap: &Trap) -> TrapReport {
        TrapReport {
            trap: trap.clone(),
            frames: Vec::new(),
            left_out: None,
        }
    }

    /// The report of a guest that has just trapped.
    pub(super) fn of_parked(paused: &Paused<'_>, trap: &Trap) -> TrapReport {
        let mut report = TrapReport::without_frames(trap);
        // One program has one module; its debug info is read only when there is something to explain.
        let debug = (paused.head(0))
            .and_then(|head| paused.store().module(head.instance))
            .map(|module| DebugInfo::parse(module.bytes.clone()));
        let Some(debug) = debug else {
            return report;
        };
        let depth = paused.depth();
        let shown_outer = depth.saturating_sub(OUTERMOST).max(INNERMOST);
        for number in (0..depth.min(INNERMOST)).chain(shown_outer..depth) {
            if number == shown_outer && shown_outer > INNERMOST {
                report.left_out = Some((shown_outer - INNERMOST, report.frames.len()));
            }
            report.add(paused, &debug, number);
        }
        report
    }

    /// Adds the source frames of one wasm frame.
    fn add(&mut self, paused: &Paused<'_>, debug: &DebugInfo, number: u32) {
        let Some(head) = paused.head(number) else {
            return;
        };
        let code = (paused.store().module(head.instance))
            .and_then(|module| module.code)
            .and_then(|code| code.code_offset_from_module(head.pc));
        let frames = code.map(|at| debug.frames_at(at)).unwrap_or_default();
        if frames.is_empty() {
            self.frames.push(TraceFrame {
                function: debug.function_name(head.func),
                offset: head.pc,
                location: None,
                inlined: false,
            });
        }
        for frame in frames {
            let location = frame.location.and_then(|at| {
                let file = debug.files().iter().find(|file| file.id == at.file)?;
                Some((file.path.clone(), at.line, at.column))
            });
            self.frames.push(TraceFrame {
                function: frame.function,
                offset: head.pc,
                location,
                inlined: frame.inlined,
            });
        }
    }
}

impl fmt::Display for TrapReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.trap.message {
            Some(message) => write!(f, "{}: {message}", self.trap.kind)?,
            None => write!(f, "{}", self.trap.kind)?,
        }
        let mut skipped = 0u32;
        for (index, frame) in self.frames.iter().enumerate() {
            if let Some((count, before)) = self.left_out
                && before == index
            {
                write!(f, "\n       ... {count} frames ...")?;
                skipped = count;
            }
            let number = index as u64 + u64::from(skipped);
            write!(f, "\n  {number:>3}: {frame}")?;
        }
        Ok(())
    }
}

impl fmt::Display for TraceFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.function)?;
        match &self.location {
            Some((path, line, 0)) => write!(f, " at {path}:{line}")?,
            Some((path, line, column)) => write!(f, " at {path}:{line}:{column}")?,
            None => write!(f, " at offset {}", self.offset)?,
        }
        if self.inlined {
            write!(f, " (inlined)")?;
        }
        Ok(())
    }
}
