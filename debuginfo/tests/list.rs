//! C at -O0: the list sample, its lines, frames and variables, checked against its source.

mod common;

use common::*;
use stepwell_debuginfo::*;

/// Where the frame of `push` lies in the memory made here, and its two nodes.
const FRAME: u64 = 0x11000;
const NODE: u64 = 0x12000;
const NEXT: u64 = 0x12100;

/// The number of the first line of list.c that contains `text`.
fn line(text: &str) -> u32 {
    let source = std::fs::read_to_string(guest("list/list.c")).unwrap();
    let position = source.lines().position(|line| line.contains(text));
    1 + position.unwrap_or_else(|| panic!("{text}")) as u32
}

fn at(info: &DebugInfo, text: &str) -> CodeOffset {
    stop(info, "list.c", line(text))
}

/// `push` stopped on its marked line: `apple` was pushed in front of `rye`. Its frame base is local 7.
fn in_push() -> Fake {
    let mut fake = Fake {
        memory: initial_memory(&bytes("list/list.wasm"), 0x20000),
        ..Fake::default()
    };
    fake.locals.insert(7, WasmValue::I32(FRAME as u32));
    fake.put(0x13000, b"apple\0");
    let frame = [
        (28, NEXT as u32),
        (24, 0x13000),
        (20, 0),
        (16, 3),
        (12, 45),
        (8, NODE as u32),
        (4, 3),
    ];
    for (offset, value) in frame {
        fake.put_u32(FRAME + offset, value);
    }
    for (node, name, kind, bits, price, next) in [
        (NODE, "apple", 0, 1 | 3 << 1, 45, NEXT as u32),
        (NEXT, "rye", 1, 1 << 1, 320, 0),
    ] {
        fake.put(node, name.as_bytes());
        fake.put_u32(node + 12, kind);
        fake.put_u32(node + 16, bits);
        for index in 0..3 {
            fake.put_u32(node + 20 + 4 * index, price - 5 * index as u32);
        }
        fake.put_u32(node + 32, next);
    }
    fake
}

#[test]
fn lines_bind_where_they_have_code() {
    let info = parse("list/list.wasm");
    assert!(info.diagnostics().is_empty());
    assert!(info.has_lines());
    let file = file(&info, "list.c");
    for (wished, bound) in [
        ("here = (int)list->count", Some("here = (int)list->count")),
        ("static struct node *push", Some("static struct node *push")),
        // A blank line inside a function slides to the next statement.
        ("print(\"as pushed", Some("print(\"as pushed")),
        // Between functions, in declarations and comments there is no code.
        ("#include <stdio.h>", None),
        ("enum kind {", None),
        ("static int nodes_made", None),
        ("// Turn the list round", None),
    ] {
        let binding = info.binding_from_line(file, line(wished));
        assert_eq!(
            binding.as_ref().map(|binding| binding.line),
            bound.map(line),
            "{wished}"
        );
        // One place each, also for the line of a `for`.
        assert!(
            binding.is_none_or(|binding| binding.locations.len() == 1),
            "{wished}"
        );
    }
    let blank = line("print(\"as pushed") - 1;
    assert_eq!(info.binding_from_line(file, blank).unwrap().line, blank + 1);
    assert_eq!(info.binding_from_line(file, 100_000), None);
    assert_eq!(info.binding_from_line(FileId(9999), 1), None);
}

#[test]
fn both_ways_agree() {
    let info = parse("list/list.wasm");
    let file = file(&info, "list.c");
    let lines = info.lines_with_code(file);
    assert!(lines.len() > 60 && lines.windows(2).all(|pair| pair[0] < pair[1]));
    let source = std::fs::read_to_string(guest("list/list.c")).unwrap();
    let source: Vec<&str> = source.lines().collect();
    for line in lines {
        let binding = info.binding_from_line(file, line).unwrap();
        assert_eq!(binding.line, line);
        for at in binding.locations {
            let place = info.location_from_code_offset(at).unwrap();
            assert!(info.is_statement_start(at));
            // An opening line stops past the prologue: on the first statement, which is on a later line.
            let opening =
                source[line as usize - 1].ends_with('{') && !source[line as usize - 1].starts_with(' ');
            assert!(
                place.line == line || opening && place.line == line + 1,
                "{line} {place:?}"
            );
            assert_eq!(place.file, file);
            let ranges = info.step_ranges(at);
            assert!(ranges.iter().any(|range| range.contains(at)), "{line}");
            for range in ranges {
                assert_eq!(
                    info.location_from_code_offset(range.start).unwrap().line,
                    place.line
                );
            }
        }
    }
}

#[test]
fn files_by_path() {
    let info = parse("list/list.wasm");
    let list = file(&info, "list.c");
    let path = "/stepwell/guests/list/list.c";
    let file = info.files().iter().find(|file| file.id == list).unwrap();
    assert_eq!((file.path.as_str(), file.language), (path, Language::C));
    for wish in [
        path,
        "list/list.c",
        "guests/list/list.c",
        "/home/me/list/list.c",
        "./list.c",
    ] {
        assert_eq!(info.files_matching(wish), [list], "{wish}");
    }
    assert!(info.files_matching("ist.c").is_empty());
    let malloc = info.files_matching("malloc.c");
    assert!(
        malloc.len() == 1
            && info.files()[malloc[0].0 as usize]
                .path
                .ends_with("dlmalloc/src/malloc.c")
    );
}

#[test]
fn functions_by_name() {
    let info = parse("list/list.wasm");
    let push = &info.functions_named("push")[0];
    assert_eq!(push.name, "push");
    assert_eq!(push.stop_at, Some(at(&info, "static struct node *push")));
    assert_eq!(
        info.functions_named(&format!("func[{}]", push.func_index))[0].func_index,
        push.func_index
    );
    assert_eq!(info.function_name(push.func_index), "push");
    // Imports have no code.
    let import = &info.functions_named("func[0]")[0];
    assert_eq!((import.func_index, import.stop_at), (0, None));
    assert!(
        info.function_name(0).contains("wasi"),
        "{}",
        info.function_name(0)
    );
    assert!(info.functions_named("nothing of the kind").is_empty());
    assert_eq!(info.function_name(100_000), "func[100000]");
}

#[test]
fn one_frame_where_nothing_is_inlined() {
    let info = parse("list/list.wasm");
    let at = at(&info, "node->next = list;");
    let frames = info.frames_at(at);
    assert_eq!(frames.len(), 1);
    assert_eq!((frames[0].function.as_str(), frames[0].inlined), ("push", false));
    assert_eq!(frames[0].location.unwrap().line, line("node->next = list;"));
    let ranges = info.inline_ranges(at, 0);
    assert_eq!(ranges.len(), 1);
    assert!(ranges[0].contains(at) && ranges[0].contains(info.prologue_end(at).unwrap()));
    assert!(info.inline_ranges(at, 1).is_empty());
    // Outside all functions there is a frame too, but no place.
    let outside = info.frames_at(CodeOffset(1 << 40));
    assert_eq!((outside.len(), outside[0].location), (1, None));
}

#[test]
fn variables_of_push() {
    let info = parse("list/list.wasm");
    let at = at(&info, "node->next = list;");
    let fake = in_push();
    let variables = info.variables(at, 0, &fake);
    let shown = show(&info, &fake, &variables, 2);
    golden(
        "list_push.txt",
        &format!(
            "{shown}-- statics\n{}",
            show(&info, &fake, &info.statics(at, &fake), 1)
        ),
    );
    // The golden text aside, what the source says:
    let texts: Vec<(&str, &str)> = variables
        .iter()
        .map(|node| (node.name.as_str(), node.text.as_str()))
        .collect();
    assert_eq!(
        texts,
        [
            ("list", "0x12100"),
            ("name", "0x13000 \"apple\""),
            ("kind", "FRUIT"),
            ("count", "3"),
            ("price", "45"),
            ("node", "0x12000"),
        ]
    );
    assert_eq!(variables[0].kind, Some(VariableKind::Parameter));
    assert_eq!(variables[5].kind, Some(VariableKind::Local));
    assert_eq!(variables[4].address, Some(FRAME + 12));
    assert_eq!(variables[4].len_bytes, Some(4));
    // The loop variable is there inside the loop only.
    let inside: Vec<String> = info
        .variables(self::at(&info, "node->prices[i]"), 0, &fake)
        .into_iter()
        .map(|node| node.name)
        .collect();
    assert_eq!(inside.last().map(String::as_str), Some("i"));
}

#[test]
fn expressions_in_push() {
    let info = parse("list/list.wasm");
    let at = at(&info, "node->next = list;");
    let fake = in_push();
    for (expression, text) in [
        ("price", "45"),
        ("node->name", "\"apple\""),
        ("node->name[1]", "'p' (112)"),
        ("node->count", "3"),
        ("node.count", "3"),
        ("node->next->prices[2]", "310"),
        ("node->next->next", "NULL"),
        ("&node->prices[1]", "0x12018"),
        ("kind_names[node->next->kind]", "0x454 \"bread\""),
        ("nodes_made", "0"),
        (
            "*node",
            "{name = \"apple\", kind = FRUIT, bought = 1, count = 3, prices = {45, 40, 35}, next = 0x12100}",
        ),
    ] {
        assert_eq!(
            info.evaluate(expression, at, 0, &fake)
                .map(|node| node.text)
                .as_deref(),
            Ok(text)
        );
    }
    for (expression, error) in [
        ("node->prices[3]", "index 3 is outside the 3 elements (column 14)"),
        ("lengths", "there is no variable 'lengths' here (column 1)"),
        ("node->next->next->count", "the pointer is null (column 1)"),
        ("node->", "a member's name is missing at the end (column 7)"),
    ] {
        let found = info.evaluate(expression, at, 0, &fake).unwrap_err();
        assert_eq!(found.to_string(), error);
    }
}

#[test]
fn nothing_is_shown_that_may_be_wrong() {
    let info = parse("list/list.wasm");
    let stop = info.functions_named("push")[0].stop_at.unwrap();
    let start = info.inline_ranges(stop, 0)[0].start;
    let mut fake = in_push();
    // Before the prologue has set the frame base every variable says so.
    let early = info.variables(start, 0, &fake);
    assert_eq!(early.len(), 6);
    for node in early {
        assert_eq!(
            (node.availability, node.text.as_str()),
            (Availability::NotYetSet, "not set yet")
        );
        assert!(node.expand.is_none());
    }
    assert!(
        info.variables(stop, 0, &fake)
            .iter()
            .all(|node| node.availability == Availability::Available)
    );
    // A frame base that points nowhere.
    fake.locals.insert(7, WasmValue::I32(0xffff_0000));
    for node in info.variables(stop, 0, &fake) {
        assert!(
            matches!(node.availability, Availability::NotReadable(_)),
            "{node:?}"
        );
        assert!(node.text.starts_with("not readable: address 0x"), "{node:?}");
    }
    // One so near the end of the address space that offsets from it would come round to low memory.
    for base in [0xffff_fff0u32, 0xffff_ffff] {
        fake.locals.insert(7, WasmValue::I32(base));
        fake.put(0, &[0x5a; 64]);
        for node in info.variables(stop, 0, &fake) {
            assert!(
                matches!(node.availability, Availability::NotReadable(_)),
                "{node:?}"
            );
            assert!(node.expand.is_none() && node.address.is_none_or(|at| at >= 0xffff_0000));
        }
        let count = info.variables(stop, 0, &fake).remove(0).text;
        assert!(
            count.ends_with("is outside the address space") && count.contains("0x1000000"),
            "{count}"
        );
    }
    // A pointer that points nowhere: itself readable, its members not.
    let mut fake = in_push();
    fake.put_u32(FRAME + 8, 0xffff_fff0);
    let at = at(&info, "node->next = list;");
    let node = info.evaluate("node", at, 0, &fake).unwrap();
    assert_eq!(node.text, "0xfffffff0");
    for member in info.children(&node.expand.unwrap(), &fake) {
        assert!(
            matches!(member.availability, Availability::NotReadable(_)),
            "{member:?}"
        );
    }
}

#[test]
fn answers_are_shared_between_threads() {
    fn check<T: Send + Sync>(_: &T) {}
    check(&parse("list/list.wasm"));
}
