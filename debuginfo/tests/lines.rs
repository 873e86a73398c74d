//! Lines and breakpoints of optimized code.

mod common;

use common::*;
use std::sync::Arc;
use stepwell_debuginfo::*;

#[test]
fn a_line_stops_in_every_inlined_call_that_has_some_of_it() {
    let info = DebugInfo::parse(Arc::from(own("twice.wasm")));
    let at = |line| {
        let binding = info.binding_from_line(file(&info, "twice.c"), line).unwrap();
        assert_eq!(binding.line, line);
        binding.locations
    };
    let callers = |locations: &[CodeOffset]| -> Vec<u32> {
        let frames = locations.iter().map(|&location| info.frames_at(location));
        let outer = frames.map(|frames| frames[1].location.unwrap().line);
        outer.collect()
    };
    // One call has no more of the line than a jump.
    let stops = at(14);
    assert_eq!(callers(&stops), [23, 24]);
    assert_eq!(callers(&at(13)), [23, 24]);
    // To a step, it is what follows the line before.
    let steps: Vec<bool> = stops.iter().map(|&stop| info.is_statement_start(stop)).collect();
    assert_eq!(steps, [false, true]);
}
