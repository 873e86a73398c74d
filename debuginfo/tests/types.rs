//! Every kind of C type, in DWARF 4 and 5, from the data segments of a module that never runs.

mod common;

use common::*;
use std::sync::Arc;
use stepwell_debuginfo::*;

fn module(name: &str) -> (DebugInfo, Fake, CodeOffset) {
    let bytes = own(name);
    let memory = initial_memory(&bytes, 0x20000);
    let info = DebugInfo::parse(Arc::from(bytes));
    let mut fake = Fake {
        memory,
        ..Fake::default()
    };
    let add = info.functions_named("add")[0].func_index;
    fake.table.insert(1, add);
    let at = info.functions_named("counted")[0].stop_at.unwrap();
    (info, fake, at)
}

#[test]
fn statics_of_both_versions() {
    for name in ["types4.wasm", "types5.wasm"] {
        let (info, fake, at) = module(name);
        assert_eq!(info.diagnostics(), []);
        let version = if name == "types4.wasm" { 4 } else { 5 };
        assert_eq!(info.units()[0].version, version);
        let statics = info.statics(at, &fake);
        assert!(
            statics
                .iter()
                .all(|node| node.availability == Availability::Available)
        );
        assert!(statics.iter().all(|node| node.kind == Some(VariableKind::Static)));
        // The same text for both versions, except where addresses differ: they do not.
        let short: Vec<ValueNode> = statics.into_iter().filter(|node| node.name != "many").collect();
        golden("types.txt", &show(&info, &fake, &short, 2));
    }
}

#[test]
fn paths_of_expressions() {
    let (info, fake, at) = module("types5.wasm");
    let value = |text: &str| match info.evaluate(text, at, 0, &fake) {
        Ok(node) => node.text,
        Err(error) => format!("! {}", error.message),
    };
    for (text, expected) in [
        ("grid[1][2]", "6"),
        ("grid[1]", "{4, 5, 6}"),
        ("cube[1][0]", "{5, 6}"),
        ("cube[1][0][1]", "6"),
        ("*pointer", "-3"),
        ("**twice", "-3"),
        ("at->y", "4.0"),
        ("at[0].x", "3.0"),
        ("(*of_row)[4]", "5"),
        ("*row", "1"),
        ("row[2]", "3"),
        ("pointer[0]", "-3"),
        ("ld && 1", "1"),
        ("!ld", "0"),
        ("outer.part", "1.5"),
        ("outer.right", "3"),
        ("outer.next->at.x", "4.0"),
        ("outer.next->next == &outer", "1"),
        ("bits.c", "78187493530"),
        ("string[0]", "'w' (119)"),
        ("*nothing", "! the pointer is null"),
        (
            "*untyped",
            "! it points to void: cast it to the type that is there",
        ),
        ("*i", "! 'int' is not a pointer"),
        ("i.x", "! there is no member 'x': 'int' is a number"),
        ("outer.nope", "! 'struct outer' has no member 'nope'"),
        ("row[5]", "! index 5 is outside the 5 elements"),
        ("row[-1]", "! index -1 is outside the 5 elements"),
        ("grid[2]", "! index 2 is outside the 2 elements"),
        ("&bits.a", "! it has no address in memory"),
        ("missing", "! there is no variable 'missing' here"),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
    let address = info.evaluate("&i", at, 0, &fake).unwrap();
    assert_eq!(address.type_name, "int *");
    assert_eq!(
        Some(address.text),
        info.evaluate("i", at, 0, &fake)
            .unwrap()
            .address
            .map(|at| format!("{at:#x}"))
    );
}

#[test]
fn long_arrays_come_in_ranges() {
    let (info, fake, at) = module("types5.wasm");
    let many = info.evaluate("many", at, 0, &fake).unwrap();
    assert_eq!(
        many.text,
        "{10, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...}"
    );
    let ranges = info.children(&many.expand.unwrap(), &fake);
    let names: Vec<&str> = ranges.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["[0..99]", "[100..199]", "[200..249]"]);
    let last = info.children(ranges[2].expand.as_ref().unwrap(), &fake);
    assert_eq!(last.len(), 50);
    assert_eq!((last[49].name.as_str(), last[49].text.as_str()), ("[249]", "99"));
    assert_eq!(last[0].address.unwrap(), many.address.unwrap() + 200 * 4);
}

#[test]
fn blocks_and_computed_lengths() {
    for name in ["types4.wasm", "types5.wasm"] {
        let (info, mut fake, _) = module(name);
        let file = file(&info, "types.c");
        let at = |marker: &str| {
            let source = String::from_utf8(own("types.c")).unwrap();
            let line = 1 + source.lines().position(|line| line.contains(marker)).unwrap() as u32;
            let binding = info.binding_from_line(file, line).unwrap();
            assert_eq!((binding.line, binding.locations.len()), (line, 1), "{marker}");
            binding.locations[0]
        };
        let names = |marker: &str, fake: &Fake| -> Vec<String> {
            info.variables(at(marker), 0, fake)
                .into_iter()
                .map(|node| node.name)
                .collect()
        };
        // Outer first; `i_squared` and `i` only in their blocks; an inner `sum` in place of the outer one.
        assert_eq!(
            names("room[i] = i_squared", &fake),
            ["n", "calls", "sum", "room", "i", "i_squared"]
        );
        assert_eq!(names("calls++", &fake), ["n", "calls", "sum", "room"]);
        assert_eq!(names("f = sum", &fake), ["n", "calls", "room", "sum"]);
        let sum = |marker: &str, fake: &Fake| info.evaluate("sum", at(marker), 0, fake).unwrap().type_name;
        assert_eq!(sum("calls++", &fake), "int");
        assert_eq!(sum("f = sum", &fake), "float");
        // The frame base is a local; any will do here.
        for local in 0..40 {
            fake.locals.insert(local, WasmValue::I32(0x8000));
        }
        // The length of `room` is kept in the frame: 3, wherever it lies.
        for slot in (0x8000..0x8040).step_by(4) {
            fake.put_u32(slot, 3);
        }
        fake.put_u32(0x8040, 0);
        let variables = info.variables(at("calls++"), 0, &fake);
        let room = variables.iter().find(|node| node.name == "room").unwrap();
        assert_eq!(room.type_name, "int [3]");
        assert_eq!(info.children(room.expand.as_ref().unwrap(), &fake).len(), 3);
        let calls = variables.iter().find(|node| node.name == "calls").unwrap();
        assert_eq!(
            (calls.text.as_str(), calls.kind),
            ("41", Some(VariableKind::Static))
        );
    }
}

#[test]
fn split_units_are_said_to_be_elsewhere() {
    let info = DebugInfo::parse(Arc::from(own("split.wasm")));
    let findings = info.findings();
    let missing: Vec<_> = (findings.iter())
        .filter(|finding| finding.kind == FindingKind::PartMissing)
        .collect();
    assert_eq!(missing.len(), 1, "{findings:?}");
    assert!(
        missing[0].message.contains(".dwo, which was not found"),
        "{findings:?}"
    );
    assert!(missing[0].advice.contains("llvm-dwp"), "{findings:?}");
    // The lines are here all the same.
    assert!(info.has_lines());
    let file = file(&info, "types.c");
    assert!(info.lines_with_code(file).len() > 8);
}

#[test]
fn external_debug_info_is_named() {
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    let name = b"external_debug_info";
    let url = b"app.debug.wasm";
    module.push(0);
    module.push((2 + name.len() + url.len()) as u8);
    module.push(name.len() as u8);
    module.extend(name);
    module.push(url.len() as u8);
    module.extend(url);
    let findings = DebugInfo::parse(Arc::from(module)).findings();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].kind, FindingKind::ExternalMissing);
    assert!(findings[0].message.contains("app.debug.wasm"), "{findings:?}");
}
