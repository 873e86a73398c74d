//! Debugger answers as lines of a transcript.
//!
//! # Invariants
//! - The same answer gives the same lines: no times, no machine's paths (sources by file name).
//!
//! Must not know: sessions, where the lines go.

use stepwell_debuginfo::{Availability, ModuleOffset, ValueNode};
use stepwell_engine::debugger::{
    BreakpointState, FrameInfo, FunctionText, MemoryBytes, Outcome, Snapshot, SourcePlace, StopReason,
    WasmSlot,
};

/// Children of a printed value that are shown.
const CHILDREN_SHOWN: usize = 32;
/// Rows of text shown on either side of the current one.
const TEXT_ROWS: usize = 6;
/// Frames of a backtrace shown from its inner end.
const FRAMES_SHOWN: usize = 30;
/// Bytes in a row of memory.
const MEMORY_ROW: usize = 16;

/// `list.c:40`.
fn place(source: &SourcePlace) -> String {
    let name = source.path.rsplit('/').next().unwrap_or(&source.path);
    format!("{name}:{}", source.line)
}

/// `push at list.c:40 [0x1f3]`.
pub fn frame(frame: &FrameInfo) -> String {
    let at = frame
        .source
        .as_ref()
        .map(|source| format!(" at {}", place(source)));
    let inlined = if frame.inlined { " (inlined)" } else { "" };
    format!(
        "{}{} [{}]{inlined}",
        frame.function,
        at.unwrap_or_default(),
        frame.pc
    )
}

/// A stop: why and where, and for a trap what it means.
pub fn stop(snapshot: &Snapshot) -> Vec<String> {
    let why = match &snapshot.reason {
        StopReason::Entry => "entry".to_string(),
        StopReason::Breakpoint(ids) => {
            let ids: Vec<String> = ids.iter().map(|id| id.0.to_string()).collect();
            format!("breakpoint {}", ids.join(", "))
        }
        StopReason::Condition { id, .. } => format!("breakpoint {}", id.0),
        StopReason::Step => "step".to_string(),
        StopReason::RunTo => "reached".to_string(),
        StopReason::Pause => "pause".to_string(),
        StopReason::Trap(trap) => format!("trap: {}", trap.message),
    };
    let at = snapshot.frames.first().map(|top| format!(" in {}", frame(top)));
    let mut lines = vec![format!("stopped: {why}{}", at.unwrap_or_default())];
    if let StopReason::Condition { message, .. } = &snapshot.reason {
        lines.push(format!("  its condition has no answer: {message}"));
    }
    if let StopReason::Trap(trap) = &snapshot.reason {
        lines.push(format!("  {}", trap.instruction));
        lines.extend(trap.explanation.iter().map(|sentence| format!("  {sentence}")));
    }
    lines
}

/// How a run ended.
pub fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Exited { code } => format!("exited with code {code}"),
        Outcome::Returned { values } if values.is_empty() => "returned".to_string(),
        Outcome::Returned { values } => format!("returned {}", values.join(", ")),
        Outcome::Trapped { message } => format!("ended by a trap: {message}"),
        Outcome::Stopped => "ended on request".to_string(),
    }
}

/// The call stack; the selected frame is marked.
pub fn backtrace(snapshot: &Snapshot, selected: u32) -> Vec<String> {
    let shown = snapshot.frames.iter().take(FRAMES_SHOWN);
    let mut lines: Vec<String> = shown
        .map(|row| {
            let mark = if row.index == selected { '>' } else { ' ' };
            format!("{mark} #{} {}", row.index, frame(row))
        })
        .collect();
    let rest = snapshot.frames_total.saturating_sub(lines.len() as u64);
    if rest > 0 {
        lines.push(format!("  ... {rest} frames more"));
    }
    lines
}

/// Where a breakpoint stands.
pub fn breakpoint(state: &BreakpointState) -> Vec<String> {
    let mut lines: Vec<String> = (state.locations.iter())
        .map(|location| {
            let source = location
                .source
                .as_ref()
                .map(|source| format!(" {}", place(source)));
            format!(
                "breakpoint {}:{} [{}]",
                state.id.0,
                source.unwrap_or_default(),
                location.offset
            )
        })
        .collect();
    if let Some(message) = &state.message {
        lines.push(format!("breakpoint {}: {message}", state.id.0));
    }
    lines
}

/// `list: struct node * = 0x12345`, or the reason why there is no value.
pub fn value(node: &ValueNode) -> String {
    let equals = match node.availability {
        Availability::Available => "=",
        _ => "is",
    };
    if node.type_name.is_empty() {
        format!("{} {equals} {}", node.name, node.text)
    } else {
        format!("{}: {} {equals} {}", node.name, node.type_name, node.text)
    }
}

/// Children of a value, a step further in.
pub fn children(nodes: &[ValueNode]) -> Vec<String> {
    let mut lines: Vec<String> = (nodes.iter().take(CHILDREN_SHOWN))
        .map(|node| format!("  {}", value(node)))
        .collect();
    if nodes.len() > CHILDREN_SHOWN {
        lines.push(format!("  ... {} more", nodes.len() - CHILDREN_SHOWN));
    }
    lines
}

/// Variables of a frame.
pub fn values(nodes: &[ValueNode], none: &str) -> Vec<String> {
    if nodes.is_empty() {
        return vec![none.to_string()];
    }
    nodes.iter().map(value).collect()
}

/// Wasm locals, operands or globals.
pub fn slots(slots: &[WasmSlot], sigil: &str, none: &str) -> Vec<String> {
    if slots.is_empty() {
        return vec![none.to_string()];
    }
    (slots.iter())
        .map(|slot| {
            let name = slot.name.as_ref().map(|name| format!(" {name}"));
            let name = name.unwrap_or_default();
            format!("${sigil}{}{name}: {} = {}", slot.index, slot.ty, slot.text)
        })
        .collect()
}

/// Bytes of a memory, sixteen a row.
pub fn memory(answer: &MemoryBytes) -> Vec<String> {
    let rows = answer.bytes.chunks(MEMORY_ROW).enumerate();
    let mut lines: Vec<String> = rows
        .map(|(row, bytes)| {
            let address = answer.address.saturating_add((row * MEMORY_ROW) as u64);
            let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let text: String = (bytes.iter())
                .map(|&byte| {
                    if (0x20..0x7f).contains(&byte) {
                        char::from(byte)
                    } else {
                        '.'
                    }
                })
                .collect();
            format!("0x{address:08x}  {:<47}  {text}", hex.join(" "))
        })
        .collect();
    if lines.is_empty() {
        lines.push(format!(
            "nothing at 0x{:x}: the memory has {} bytes",
            answer.address, answer.memory_len_bytes
        ));
    }
    lines
}

/// The wasm text around an instruction.
pub fn text(function: &FunctionText, pc: ModuleOffset) -> Vec<String> {
    let current = function.rows.iter().position(|row| row.offset == Some(pc));
    let first = current.unwrap_or(0).saturating_sub(TEXT_ROWS);
    let rows = function
        .rows
        .iter()
        .enumerate()
        .skip(first)
        .take(2 * TEXT_ROWS + 1);
    rows.map(|(index, row)| {
        let mark = if Some(index) == current { "=>" } else { "  " };
        let offset = row.offset.map(|offset| offset.to_string()).unwrap_or_default();
        let indent = "  ".repeat(row.indent as usize);
        format!("{mark} {offset:<8} {indent}{}", row.text)
            .trim_end()
            .to_string()
    })
    .collect()
}
