//! Locals that optimizing compilers gave to more than one variable: of a variable that has lost its own, another's value
//! is not shown.

mod common;

use common::*;
use std::sync::Arc;
use stepwell_debuginfo::*;
use wasm_encoder::Instruction::{Drop, End, I32Const, LocalGet, LocalSet, Nop};
use wasm_encoder::{CodeSection, CustomSection, Function, FunctionSection, Instruction, Module, TypeSection};

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

/// What is shown before the operators, from one on, of a function whose variable is in local 1, as its unit says for the
/// whole scope.
fn shown_in(producer: &str, body: &[Instruction<'_>], from: usize) -> Vec<String> {
    let (mut types, mut functions, mut code) =
        (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([wasm_encoder::ValType::I32], []);
    functions.function(0);
    let mut function = Function::new([(1, wasm_encoder::ValType::I32)]);
    for instruction in body {
        function.instruction(instruction);
    }
    code.function(&function);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    // Where the function and its operators lie.
    let bare = module.clone().finish();
    let (mut start, mut range, mut operators) = (0, 0..0, Vec::new());
    for payload in wasmparser::Parser::new(0).parse_all(&bare) {
        match payload.unwrap() {
            wasmparser::Payload::CodeSectionStart { unchecked_range, .. } => start = unchecked_range.start,
            wasmparser::Payload::CodeSectionEntry(body) => {
                range = body.range().start - start..body.range().end - start;
                let read = body.get_operators_reader().unwrap().into_iter_with_offsets();
                operators.extend(read.map(|operator| CodeOffset(operator.unwrap().1 - start)));
            }
            _ => {}
        }
    }
    // Unit: producer, language. Function: from, length. Variable: name, type, place. Type: name, encoding, size.
    let abbreviations = [
        1, 0x11, 1, 0x25, 0x08, 0x13, 0x0b, 0, 0, 2, 0x2e, 1, 0x11, 0x01, 0x12, 0x06, 0, 0, 3, 0x34, 0, 0x03,
        0x08, 0x49, 0x13, 0x02, 0x18, 0, 0, 4, 0x24, 0, 0x03, 0x08, 0x3e, 0x0b, 0x0b, 0x0b, 0, 0, 0,
    ];
    let mut unit = vec![4, 0, 0, 0, 0, 0, 4, 1];
    unit.extend(producer.as_bytes());
    unit.extend([0, 0x0c, 2]);
    unit.extend((range.start as u32).to_le_bytes());
    unit.extend(((range.end - range.start) as u32).to_le_bytes());
    unit.extend([3, b'v', 0]);
    // Behind the length, the rest of the variable and the end of the function.
    let ty = 4 + unit.len() as u32 + 4 + 5 + 1;
    unit.extend(ty.to_le_bytes());
    unit.extend([4, 0xed, 0, 1, 0x9f, 0]);
    unit.extend([4, b'i', b'n', b't', 0, 5, 4, 0]);
    let info = [&(unit.len() as u32).to_le_bytes()[..], &unit].concat();
    for (name, data) in [(".debug_abbrev", &abbreviations[..]), (".debug_info", &info)] {
        module.section(&CustomSection {
            name: name.into(),
            data: data.into(),
        });
    }
    let info = DebugInfo::parse(Arc::from(module.finish()));
    let mut fake = Fake::default();
    fake.locals.insert(1, WasmValue::I32(1001));
    let shown = operators.into_iter().skip(from).map(|at| {
        let variables = info.variables(at, 0, &fake);
        assert_eq!(variables.len(), 1, "{:?}", info.diagnostics());
        variables[0].text.clone()
    });
    shown.collect()
}

/// Two values in a local, each with a reader.
const TWO_VALUES: [Instruction<'_>; 9] = [
    LocalGet(1),
    Drop,
    I32Const(2),
    LocalSet(1),
    Nop,
    LocalGet(1),
    Drop,
    Nop,
    End,
];

#[test]
fn a_local_that_is_written_to_again_in_the_scope() {
    let shown = shown_in("a compiler", &TWO_VALUES, 0);
    assert_eq!(shown[..4], ["1001"; 4]);
    assert_eq!(shown[4..], ["optimized out"; 5]);
}

#[test]
fn locals_of_the_text_format_are_the_variables() {
    assert_eq!(shown_in("wast 1", &TWO_VALUES, 0), ["1001"; 9]);
}

#[test]
fn more_writes_than_are_told_apart() {
    let writes = (0..5000).flat_map(|_| [I32Const(2), LocalSet(1)]);
    let body: Vec<Instruction<'_>> = writes.chain([Nop, End]).collect();
    let why = "not supported: local 1, which may hold another value by now";
    assert_eq!(shown_in("a compiler", &body, 10_000), [why; 2]);
}
