//! Locals that optimizing compilers gave to more than one variable: of a variable that has lost its own, another's value
//! is not shown.

mod common;

use common::*;
use std::sync::Arc;
use stepwell_debuginfo::*;

/// What is shown of a variable where a line of a file stops, at each of its places and in each frame there that has the
/// variable; every local holds its own number and 1000.
fn shown(info: &DebugInfo, name: &str, line: u32, variable: &str) -> Vec<String> {
    let mut fake = Fake::new(0x1000);
    for local in 0..64 {
        fake.locals.insert(local, WasmValue::I32(1000 + local));
        fake.operands.insert(local, WasmValue::I32(0));
    }
    let id = file(info, name);
    let binding = info.binding_from_line(id, line).unwrap();
    assert_eq!(binding.line, line, "{name}");
    let frames = binding.locations.iter().flat_map(|&at| {
        let depths = 0..info.frames_at(at).len();
        depths.map(move |depth| (at, depth))
    });
    let found = frames.flat_map(|(at, depth)| info.variables(at, depth, &fake));
    let found = found.filter(|node| node.name == variable);
    found.map(|node| node.text).collect()
}

#[test]
fn behind_a_block_that_catches() {
    let info = DebugInfo::parse(Arc::from(own("thrown.wasm")));
    let of = |line, variable| shown(&info, "thrown.cpp", line, variable);
    assert_eq!(of(19, "count"), ["1000"]);
    // Now the local is the other's.
    assert_eq!(of(21, "third"), ["1000"]);
    assert_eq!(of(21, "count"), ["optimized out"]);
}

#[test]
fn of_a_location_for_the_whole_scope() {
    // The parameter of a call that was inlined; its local takes the lesser of it and what there is.
    let info = parse("values/cpp_o2.wasm");
    let lines = |line| shown(&info, "/usr/include/wasm32-wasi/c++/v1/string_view", line, "__n");
    assert!(lines(312).contains(&"1003".to_string()), "{:?}", lines(312));
    let after = lines(311);
    assert!(after.contains(&"optimized out".to_string()), "{after:?}");
    assert!(!after.contains(&"1003".to_string()), "{after:?}");
}

#[test]
fn of_a_location_that_begins_behind_a_jump() {
    let info = parse("shapes/shapes_o2.wasm");
    for line in [817, 819, 820, 821, 824] {
        let shown = shown(&info, "sort.h", line, "__len");
        assert!(!shown.contains(&"1008".to_string()), "{line}: {shown:?}");
    }
}
