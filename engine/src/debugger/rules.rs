//! What a breakpoint does when the guest reaches it: its condition, its count of hits, its words.
//!
//! # Invariants
//! - Without a rule it stops. Where the condition has no answer it stops too, and says why.
//! - Hits are counted where the condition holds, anew in each run.
//!
//! Must not know: how the guest is made to look in, who listens.

use super::command::BreakpointId;
use super::event::BreakpointState;
use super::log_text::{Piece, pieces};
use super::symbols::Symbols;
use super::target::FrameTarget;
use crate::runtime::paused::Paused;
use std::collections::BTreeMap;
use stepwell_debuginfo::CodeOffset;

/// Longest text of a logpoint.
const MOST_LOG_LEN_BYTES: usize = 16 << 10;

/// What comes of reaching a breakpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Nothing: the guest goes on.
    Passes,
    /// It says this, and the guest goes on.
    Says(String),
    /// The guest stops.
    Stops,
    /// The guest stops: the condition has no answer, and why.
    Unanswered(String),
}

/// Counts of hits in one run.
#[derive(Debug, Default)]
pub struct Hits(BTreeMap<BreakpointId, u64>);

impl Hits {
    /// What comes of the innermost frame having reached this breakpoint.
    pub fn reach(&mut self, state: &BreakpointState, paused: &Paused<'_>, symbols: &Symbols) -> Reached {
        if let Some(condition) = &state.rule.condition {
            match in_frame(paused, symbols, |debug, at, target| {
                debug
                    .holds(condition, at, 0, target)
                    .map_err(|error| format!("{condition}: {error}"))
            }) {
                Ok(true) => {}
                Ok(false) => return Reached::Passes,
                Err(why) => return Reached::Unanswered(why),
            }
        }
        let hit = self.0.entry(state.id).or_default();
        *hit = hit.saturating_add(1);
        if state.rule.hits.is_some_and(|rule| !rule.counts(*hit)) {
            return Reached::Passes;
        }
        match &state.rule.log {
            Some(text) => Reached::Says(said(text, paused, symbols)),
            None => Reached::Stops,
        }
    }
}

/// A log text with its values; what has none says why in its place.
fn said(text: &str, paused: &Paused<'_>, symbols: &Symbols) -> String {
    // What is wrong with the text was told when it was set.
    let Ok(pieces) = pieces(text) else {
        return text.to_string();
    };
    let mut line = String::new();
    for piece in pieces {
        match piece {
            Piece::Words(words) => line.push_str(words),
            Piece::Expression(expression) => {
                let value = in_frame(paused, symbols, |debug, at, target| {
                    let node = debug.evaluate(expression, at, 0, target);
                    node.map(|node| node.text).map_err(|error| error.message)
                });
                match value {
                    Ok(value) => line.push_str(&value),
                    Err(why) => line.push_str(&format!("<{why}>")),
                }
            }
        }
        if line.len() > MOST_LOG_LEN_BYTES {
            let end = line.floor_char_boundary(MOST_LOG_LEN_BYTES);
            line.truncate(end);
            line.push_str("...");
            break;
        }
    }
    line
}

/// Asks the debug info about the innermost frame.
fn in_frame<T>(
    paused: &Paused<'_>,
    symbols: &Symbols,
    ask: impl FnOnce(&stepwell_debuginfo::DebugInfo, CodeOffset, &FrameTarget<'_>) -> Result<T, String>,
) -> Result<T, String> {
    let debug = symbols
        .debug()
        .ok_or("the debug information is still being read")?;
    let frame = paused.frame(0).ok_or("the values of this frame cannot be read")?;
    let at = symbols
        .code_offset(frame.head.pc)
        .ok_or("the frame stands outside the code")?;
    let target = FrameTarget {
        store: paused.store(),
        frame: &frame,
    };
    ask(debug, at, &target)
}
