//! What a step is waiting for, decided at each instruction where the guest looks in.
//!
//! # Invariants
//! - Frames are told apart by their tokens: a callee's is smaller than its caller's.
//! - Stepping by lines never ends in a function without line information, unless it began in one.
//!
//! Must not know: breakpoints, how the guest is made to look in.

use super::command::{StepKind, StepUnit};
use super::symbols::Symbols;
use crate::runtime::paused::{FrameHead, FrameToken};
use stepwell_debuginfo::{CodeOffset, CodeRange};

/// A step in progress.
#[derive(Debug)]
pub struct StepPlan {
    kind: StepKind,
    unit: StepUnit,
    /// The frame it began in (or has returned to).
    token: FrameToken,
    /// What a line step must leave.
    ranges: Vec<CodeRange>,
    /// Source frames, inlined calls among them, that the step keeps to (over) or leaves (out).
    inline_frames: usize,
    /// The function a step into has come to, and where its prologue ends (`None`: no lines, pass through).
    entered: Option<(FrameToken, Option<CodeOffset>)>,
}

impl StepPlan {
    /// A step from where frame 0 (or, for out and over, another frame) stands; `inlined` counts the inlined calls
    /// further in than the frame meant.
    pub fn new(
        kind: StepKind,
        unit: StepUnit,
        (token, inlined): (FrameToken, usize),
        head: &FrameHead,
        symbols: &Symbols,
    ) -> StepPlan {
        let ranges = (symbols.debug())
            .zip(symbols.code_offset(head.pc))
            .map(|(debug, at)| debug.step_ranges(at))
            .unwrap_or_default();
        // Without lines, an instruction is all that can be stepped.
        let unit = if ranges.is_empty() {
            StepUnit::Instruction
        } else {
            unit
        };
        StepPlan {
            kind,
            unit,
            token,
            ranges,
            inline_frames: inline_frames(head, symbols).saturating_sub(inlined),
            entered: None,
        }
    }

    /// Whether every function has to look in, and not only those on the stack.
    pub fn enters_calls(&self) -> bool {
        self.kind == StepKind::In
    }

    /// Whether the step may end in a frame, if it does not enter calls.
    pub fn may_end_in(&self, token: FrameToken) -> bool {
        token >= self.token
    }

    /// Whether the step ends before the instruction at which frame 0 stands.
    pub fn ends_at(&mut self, head: &FrameHead, token: FrameToken, symbols: &Symbols) -> bool {
        if self.kind == StepKind::Out {
            if token == self.token && self.inline_frames > 1 {
                // Out of an inlined call: its caller has the same frame.
                let frames = inline_frames(head, symbols);
                return frames > 0 && frames < self.inline_frames;
            }
            return token > self.token && (self.unit == StepUnit::Instruction || has_line(head, symbols));
        }
        if token < self.token {
            return self.kind == StepKind::In && self.ends_in_callee(head, token, symbols);
        }
        if self.unit == StepUnit::Instruction {
            return true;
        }
        let Some((debug, at)) = symbols.debug().zip(symbols.code_offset(head.pc)) else {
            return false;
        };
        if token > self.token {
            // Returned: the caller stands inside the line that called.
            return has_line(head, symbols);
        }
        self.entered = None;
        if self.kind == StepKind::Over && inline_frames(head, symbols) > self.inline_frames {
            return false;
        }
        !self.ranges.iter().any(|range| range.contains(at)) && debug.is_statement_start(at)
    }

    /// A step into has met a deeper frame.
    fn ends_in_callee(&mut self, head: &FrameHead, token: FrameToken, symbols: &Symbols) -> bool {
        if self.unit == StepUnit::Instruction {
            return true;
        }
        let Some((debug, at)) = symbols.debug().zip(symbols.code_offset(head.pc)) else {
            return false;
        };
        let end = match self.entered {
            Some((entered, end)) if entered == token => end,
            _ => {
                let end = (debug.location_from_code_offset(at)).and_then(|_| debug.prologue_end(at));
                self.entered = Some((token, end));
                end
            }
        };
        end.is_some_and(|end| at >= end)
    }
}

/// Source frames at an instruction: one, and one more for each inlined call around it; 0 without debug info.
fn inline_frames(head: &FrameHead, symbols: &Symbols) -> usize {
    (symbols.debug())
        .zip(symbols.code_offset(head.pc))
        .map_or(0, |(debug, at)| debug.frames_at(at).len())
}

/// Whether an instruction belongs to a source line.
fn has_line(head: &FrameHead, symbols: &Symbols) -> bool {
    (symbols.debug())
        .zip(symbols.code_offset(head.pc))
        .is_some_and(|(debug, at)| debug.location_from_code_offset(at).is_some())
}
