//! Small files that ask for endless work: each question comes back all the same.

mod common;
#[path = "../fuzz/src/framed.rs"]
#[allow(dead_code)]
mod framed;

use common::own;
use common::questions::{ask_frame, grow};
use framed::{MARK, framed, length};
use std::sync::Arc;
use std::time::{Duration, Instant};
use stepwell_debuginfo::{CodeOffset, DebugInfo, FrameTypes};

/// A module with this unit (DWARF 4, C++; behind its header) and these abbreviations; where its function stops.
fn module(abbreviations: &[u8], dies: impl Fn(CodeOffset) -> Vec<u8>) -> (DebugInfo, CodeOffset) {
    let base = own("beside/forms.wasm");
    let sound = DebugInfo::parse(Arc::from(base.clone()));
    let at = sound.functions_named("forms")[0].stop_at.expect("a stop");
    let mut unit = vec![4, 0, 0, 0, 0, 0, 4];
    unit.extend(dies(at));
    let mut input = [MARK, b".debug_abbrev\n", abbreviations].concat();
    input.extend(MARK);
    input.extend(b".debug_info\n");
    input.extend((unit.len() as u32).to_le_bytes());
    input.extend(unit);
    let bytes = framed(&base, &input, &[".debug_info", ".debug_abbrev"]);
    (DebugInfo::parse(Arc::from(bytes)), at)
}

fn within_seconds(what: &str, start: Instant) {
    let took = start.elapsed();
    assert!(took < Duration::from_secs(20), "{what} took {took:?}");
}

/// The unit (child: language) and a function with children at a stop (from, length, frame base in local 0).
const UNIT: &[u8] = &[1, 0x11, 1, 0x13, 0x0b, 0, 0];
const FUNCTION: &[u8] = &[2, 0x2e, 1, 0x11, 0x01, 0x12, 0x06, 0x40, 0x18, 0, 0];

fn function(at: CodeOffset) -> Vec<u8> {
    let mut die = vec![1, 0x04, 2];
    die.extend((at.0 as u32).to_le_bytes());
    die.extend([8, 0, 0, 0, 4, 0xed, 0, 0, 0x9f]);
    die
}

/// A function that takes 32 functions of its own type.
#[test]
fn names_of_types_end() {
    let start = Instant::now();
    // Variable: name, type, place; function type; parameter: type.
    let more: &[u8] = &[
        3, 0x34, 0, 0x03, 0x08, 0x49, 0x13, 0x02, 0x18, 0, 0, 4, 0x15, 1, 0, 0, 5, 0x05, 0, 0x49, 0x13, 0, 0,
        0,
    ];
    let abbreviations = [UNIT, FUNCTION, more].concat();
    let (info, at) = module(&abbreviations, |at| {
        let mut dies = function(at);
        // Behind the header of the unit, the variable of 10 bytes and the end of the function.
        let ty = 11 + dies.len() as u32 + 11;
        dies.extend([3, b'v', 0]);
        dies.extend(ty.to_le_bytes());
        dies.extend([2, 0x91, 0]);
        dies.push(0);
        dies.push(4);
        for _ in 0..32 {
            dies.push(5);
            dies.extend(ty.to_le_bytes());
        }
        dies.extend([0, 0]);
        dies
    });
    let variables = info.variables(at, 0, &common::senseless());
    assert_eq!(variables.len(), 1);
    assert!(
        variables[0].type_name.contains("..."),
        "{}",
        variables[0].type_name
    );
    within_seconds("a type of itself", start);
}

/// Thousands of empty DIEs with thousands of empty attributes.
#[test]
fn attributes_without_bytes() {
    let start = Instant::now();
    let mut wide = vec![3, 0x34, 0];
    for _ in 0..20_000 {
        wide.extend([0x3f, 0x19]);
    }
    wide.extend([0, 0, 0]);
    let abbreviations = [UNIT, FUNCTION, &wide].concat();
    let (info, at) = module(&abbreviations, |at| {
        let mut dies = function(at);
        dies.extend([3].repeat(50_000));
        dies.extend([0, 0]);
        dies
    });
    ask_frame(&info, at, 0, &common::senseless());
    let said = info.diagnostics();
    assert!(
        said.iter().any(|problem| problem.message.contains("attributes")),
        "{said:?}"
    );
    within_seconds("attributes without bytes", start);
}

/// Many copies of one function with many parts, of which they have none.
#[test]
fn copies_that_lost_everything() {
    let start = Instant::now();
    // Original: a function without a place; a part of it: a block; a copy: its origin.
    let more: &[u8] = &[
        3, 0x2e, 1, 0, 0, 4, 0x0b, 1, 0, 0, 5, 0x1d, 0, 0x31, 0x13, 0, 0, 6, 0x2e, 0, 0, 0, 0,
    ];
    let abbreviations = [UNIT, FUNCTION, more].concat();
    let (info, at) = module(&abbreviations, |at| {
        let mut dies = vec![1, 0x04, 3];
        let original = 11 + 2u32;
        // A function in the function is not looked into.
        dies.push(3);
        dies.extend([6].repeat(100_000));
        dies.extend([0, 0]);
        dies.extend(&function(at)[2..]);
        for _ in 0..30_000 {
            dies.push(5);
            dies.extend(original.to_le_bytes());
        }
        dies.extend([0, 0]);
        dies
    });
    let nodes = info.variables(at, 0, &common::senseless());
    grow(&info, &common::senseless(), &nodes, 1);
    within_seconds("copies", start);
}

/// The languages and patterns of all renderers.
fn renderers() -> Vec<(u8, String)> {
    let table = include_str!("../src/value/table.rs");
    let rows = table.split("row!(").skip(1);
    let row = |row: &str| {
        let language = match row.trim_start().split_once(',')?.0 {
            "Cpp" => 0x04,
            "Rust" => 0x1c,
            "Zig" => 0x27,
            _ => return None,
        };
        Some((language, row.split('"').nth(1)?.to_string()))
    };
    rows.filter_map(row).collect()
}

/// What renderers look for in records, and in them as a number.
const SOUGHT: &[&str] = &[
    "start",
    "end",
    "__re_",
    "__im_",
    "__rep_",
    "__unex_",
    "__val_",
    "unmanaged",
    "c",
    "data",
    "value",
    "__value_",
    "__pn_",
    "__d_",
    "__i_",
    "__ptr_",
    "__f_",
    "__call_",
    "__h_",
    "__data_",
    "__begin_",
    "__l",
    "__s",
    "__table_",
    "__tree_",
    "__map_",
    "first",
    "second",
    "iter",
    "head",
    "lock",
    "once",
    "state",
    "map",
    "table",
    "root",
    "payload",
    "error",
    "tag",
    "metadata",
    "element",
    "next",
    "ptr",
    "pointer",
];
const SOUGHT_NUMBERS: &[&str] = &[
    "__has_val_",
    "__engaged_",
    "__index",
    "__size_",
    "__is_long_",
    "exhausted",
    "some",
    "len",
    "length",
    "size",
    "cap",
    "bucket_mask",
    "items",
    "ctrl",
    "secs",
    "nanos",
    "end_or_len",
    "vtable",
];

/// A record that is its own member, under every name, and is called like one that is searched.
#[test]
fn records_that_hold_themselves() {
    // Variable: name, type, place; namespace: name; record: name, size; members: name, type, offset; argument: type;
    // base type: name, encoding, size.
    let more: &[u8] = &[
        3, 0x34, 0, 0x03, 0x08, 0x49, 0x13, 0x02, 0x18, 0, 0, 4, 0x39, 1, 0x03, 0x08, 0, 0, 5, 0x13, 1, 0x03,
        0x08, 0x0b, 0x0b, 0, 0, 6, 0x0d, 0, 0x03, 0x08, 0x49, 0x13, 0x38, 0x0b, 0, 0, 7, 0x2f, 0, 0x49, 0x13,
        0, 0, 8, 0x24, 0, 0x03, 0x08, 0x3e, 0x0b, 0x0b, 0x0b, 0, 0, 0,
    ];
    let abbreviations = [UNIT, FUNCTION, more].concat();
    let renderers = renderers();
    assert!(renderers.len() > 100, "{}", renderers.len());
    let mut zeros = common::senseless();
    zeros.memory.fill(0);
    for (language, pattern) in renderers {
        let start = Instant::now();
        let name = pattern.replace('%', "x");
        let (space, name) = name.rsplit_once("::").unwrap_or(("", &name));
        let (info, at) = module(&abbreviations, |at| {
            let mut dies = function(at);
            dies[1] = language;
            let at_type = |dies: &Vec<u8>| (dies.len() as u32 + 11).to_le_bytes();
            let variable = dies.len();
            dies.extend([3, b'v', 0, 0, 0, 0, 0, 2, 0x91, 0, 0]);
            let number = at_type(&dies);
            dies.extend([8, b'n', 0, 7, 4]);
            if !space.is_empty() {
                dies.push(4);
                dies.extend(space.as_bytes());
                dies.push(0);
            }
            let ty = at_type(&dies);
            dies[variable + 3..variable + 7].copy_from_slice(&ty);
            dies.push(5);
            dies.extend(name.as_bytes());
            dies.extend([0, 16]);
            let selves = SOUGHT.iter().map(|name| (name, ty));
            let numbers = SOUGHT_NUMBERS.iter().map(|name| (name, number));
            for (name, ty) in selves.chain(numbers) {
                dies.push(6);
                dies.extend(name.as_bytes());
                dies.push(0);
                dies.extend(ty);
                dies.push(0);
            }
            for _ in 0..2 {
                dies.push(7);
                dies.extend(ty);
            }
            dies.extend([0, 0, 0]);
            dies
        });
        // Its line, and what it leads to.
        assert_eq!(info.variables(at, 0, &common::senseless()).len(), 1);
        let variables = info.variables(at, 0, &zeros);
        assert_eq!(variables.len(), 1);
        grow(&info, &zeros, &variables, 1);
        within_seconds(&pattern, start);
    }
}

/// A class that is its own base, many times: a name that it has not is looked for in all of them.
#[test]
fn classes_that_are_their_own_bases() {
    let start = Instant::now();
    // Variable; class: name, size; base: type, offset.
    let more: &[u8] = &[
        3, 0x34, 0, 0x03, 0x08, 0x49, 0x13, 0x02, 0x18, 0, 0, 5, 0x13, 1, 0x03, 0x08, 0x0b, 0x0b, 0, 0, 6,
        0x1c, 0, 0x49, 0x13, 0x38, 0x0b, 0, 0, 0,
    ];
    let abbreviations = [UNIT, FUNCTION, more].concat();
    let (info, at) = module(&abbreviations, |at| {
        let mut dies = function(at);
        let ty = (dies.len() as u32 + 11 + 11).to_le_bytes();
        dies.extend([3, b'v', 0]);
        dies.extend(ty);
        dies.extend([2, 0x91, 0]);
        dies.push(0);
        dies.extend([5, b'c', 0, 16]);
        for _ in 0..200 {
            dies.push(6);
            dies.extend(ty);
            dies.push(0);
        }
        dies.extend([0, 0]);
        dies
    });
    let error = info.evaluate("v.nope", at, 0, &common::senseless()).unwrap_err();
    assert_eq!(error.message, "'c' has no member 'nope'");
    assert_eq!(info.condition_code("v.nope", at, 0, &FrameTypes::default()), None);
    within_seconds("a class of itself", start);
}

/// A source map whose sources are few bytes each, and have a long root.
#[test]
fn roots_of_source_maps() {
    let start = Instant::now();
    let mut base = common::bytes("nodebug/stripped.wasm");
    let url = b"x.map";
    base.extend([0, 1 + 16 + 1 + url.len() as u8, 16]);
    base.extend(b"sourceMappingURL");
    base.push(url.len() as u8);
    base.extend(url);
    let sources: Vec<String> = (0..40_000).map(|index| format!("\"{index}\"")).collect();
    for (root, error) in [(4000, None), (1 << 20, Some("its root is too long"))] {
        let map = format!(
            r#"{{"version":3,"sourceRoot":"{}","sources":[{}],"mappings":"{}"}}"#,
            "r".repeat(root),
            sources.join(","),
            "gBAAA,".repeat(100)
        );
        let map: Arc<[u8]> = Arc::from(map.into_bytes());
        let info = DebugInfo::parse_with(Arc::from(base.clone()), &|_| Some(map.clone()));
        let bytes: usize = info.files().iter().map(|file| file.path.len()).sum();
        assert!(bytes <= 64 << 20, "{bytes}");
        assert_eq!(info.has_lines(), error.is_none());
        let said = info.diagnostics();
        let found = said.first().map(|problem| problem.message.as_str());
        assert_eq!(found.is_some(), error.is_some(), "{found:?}");
        assert!(
            error.is_none_or(|error| found.unwrap_or("").contains(error)),
            "{found:?}"
        );
    }
    within_seconds("a source map", start);
}

/// Lists with lengths of LEB128, where sections hold more than 127 bytes.
#[test]
fn lengths_are_written() {
    let mut out = Vec::new();
    length(&mut out, 300);
    assert_eq!(out, [0xac, 2]);
}

/// A function of many lines that are all of calls inlined there, and of another function than the wished line.
#[test]
fn many_lines_in_many_calls() {
    use wasm_encoder::{
        CodeSection, CustomSection, Function, FunctionSection, Instruction, Module, TypeSection,
    };
    const LINES: u32 = 60_000;
    const CALLS: u32 = 20_000;
    // Behind the number of functions, the length of this one and its locals.
    const START: u32 = 1 + 3 + 1;
    let start = Instant::now();
    let (mut types, mut functions, mut code) =
        (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([], []);
    functions.function(0);
    let mut function = Function::new([]);
    for _ in 0..LINES {
        function.instruction(&Instruction::Nop);
    }
    function.instruction(&Instruction::End);
    code.function(&function);
    // Unit: lines, language. Function: from, length, file, line. Original: file, line. Call: original, from, length.
    let abbreviations: &[u8] = &[
        1, 0x11, 1, 0x10, 0x17, 0x13, 0x0b, 0, 0, 2, 0x2e, 1, 0x11, 0x01, 0x12, 0x06, 0x3a, 0x0b, 0x3b, 0x06,
        0, 0, 3, 0x2e, 0, 0x3a, 0x0b, 0x3b, 0x06, 0, 0, 4, 0x1d, 0, 0x31, 0x13, 0x11, 0x01, 0x12, 0x06, 0, 0,
        0,
    ];
    let mut unit = vec![4, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0x0c];
    let original = 4 + unit.len() as u32;
    unit.extend([3, 1]);
    unit.extend((10 * LINES).to_le_bytes());
    unit.push(2);
    unit.extend((START - 1).to_le_bytes());
    unit.extend((LINES + 2).to_le_bytes());
    unit.push(1);
    unit.extend(1u32.to_le_bytes());
    for call in 0..CALLS {
        unit.push(4);
        unit.extend(original.to_le_bytes());
        unit.extend((START + call * (LINES / CALLS)).to_le_bytes());
        unit.extend((LINES / CALLS).to_le_bytes());
    }
    unit.extend([0, 0]);
    // One file; each special opcode is one address and one line further.
    let mut header = vec![1, 1, 1, 1, 2, 10, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0];
    header.extend(b"a.c\0\0\0\0\0");
    let mut lines = vec![4, 0];
    lines.extend((header.len() as u32).to_le_bytes());
    lines.extend(header);
    lines.extend([0, 5, 2]);
    lines.extend((START - 1).to_le_bytes());
    lines.extend([3, 9]);
    lines.extend([12].repeat(LINES as usize));
    lines.extend([2, 2, 0, 1, 1]);
    let sized = |bytes: &[u8]| [&(bytes.len() as u32).to_le_bytes()[..], bytes].concat();
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    for (name, data) in [
        (".debug_abbrev", abbreviations.to_vec()),
        (".debug_info", sized(&unit)),
        (".debug_line", sized(&lines)),
    ] {
        module.section(&CustomSection {
            name: name.into(),
            data: (&data[..]).into(),
        });
    }
    let info = DebugInfo::parse(Arc::from(module.finish()));
    let file = common::file(&info, "a.c");
    assert_eq!(info.lines_with_code(file).len(), LINES as usize);
    // Every line is there, in its own call; and none for a line before them, which is none of the original.
    let at = |line| {
        info.binding_from_line(file, line)
            .map(|bound| (bound.line, bound.locations))
    };
    for line in [11, LINES / 2, LINES + 10] {
        let place = CodeOffset(u64::from(START + line - 11));
        assert_eq!(at(line), Some((line, vec![place])));
        assert_eq!(info.frames_at(place).len(), 2);
    }
    assert_eq!(at(5), None);
    within_seconds("lines in calls", start);
}
