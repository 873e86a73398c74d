//! Every question there is about a module: what broken input must leave answered.

use stepwell_debuginfo::{CodeOffset, DebugInfo, Target, ValueNode};

/// Asks everything, at these addresses; returns how many answers came.
pub fn ask(info: &DebugInfo, places: impl Iterator<Item = CodeOffset>, target: &dyn Target) -> usize {
    let mut answers = info.diagnostics().len() + info.units().len() + info.findings().len();
    for file in info.files().iter().take(8) {
        answers += info.files_matching(&file.path).len();
        answers += info.embedded_source(file.id).map_or(0, |text| text.len().min(1));
        for line in info.lines_with_code(file.id).into_iter().take(20) {
            answers += info
                .binding_from_line(file.id, line.saturating_sub(1))
                .map_or(0, |binding| binding.locations.len());
        }
    }
    for at in places {
        answers += usize::from(info.location_from_code_offset(at).is_some());
        answers += usize::from(info.is_statement_start(at)) + usize::from(info.prologue_end(at).is_some());
        answers += info.step_ranges(at).len();
        let frames = info.frames_at(at);
        assert!(!frames.is_empty(), "a frame at least");
        for depth in 0..frames.len().min(3) {
            answers += info.inline_ranges(at, depth).len();
            answers += ask_frame(info, at, depth, target);
        }
    }
    for at in [0x20, 0x400, 0x900, 0x2000].map(CodeOffset) {
        answers += grow(info, target, &info.statics(at, target), 2);
    }
    for name in ["push", "main", "malloc", "func[3]", ""] {
        answers += info.functions_named(name).len();
    }
    answers
}

/// Asks what a frame holds.
pub fn ask_frame(info: &DebugInfo, at: CodeOffset, depth: usize, target: &dyn Target) -> usize {
    let variables = info.variables(at, depth, target);
    let mut answers = grow(info, target, &variables, 2);
    for variable in variables.iter().take(4) {
        for path in ["", "->next", ".x", "[1]"] {
            let text = format!("{}{path}", variable.name);
            answers += usize::from(info.evaluate(&text, at, depth, target).is_ok());
        }
    }
    answers
}

/// Looks into nodes; returns how many there are.
pub fn grow(info: &DebugInfo, target: &dyn Target, nodes: &[ValueNode], depth: usize) -> usize {
    let mut count = nodes.len();
    for node in nodes.iter().take(12) {
        assert!(node.text.len() < 20_000, "a line is bounded: {}", node.name);
        if let (Some(expand), true) = (&node.expand, depth > 0) {
            count += grow(info, target, &info.children(expand, target), depth - 1);
        }
    }
    count
}
