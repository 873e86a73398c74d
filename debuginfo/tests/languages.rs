//! C++, Rust and optimized code: objects laid out by hand, read through the samples' debug information.

mod common;

use common::*;
use stepwell_debuginfo::*;

fn line_of(path: &str, text: &str) -> u32 {
    let source = std::fs::read_to_string(guest(path)).unwrap();
    let position = source.lines().position(|line| line.contains(text));
    1 + position.unwrap_or_else(|| panic!("{text}")) as u32
}

/// Puts a value where a variable is.
fn place(info: &DebugInfo, fake: &mut Fake, at: CodeOffset, variable: &str, bytes: &[u8]) {
    let nodes = info.variables(at, 0, fake);
    let node = nodes
        .iter()
        .find(|node| node.name == variable)
        .unwrap_or_else(|| panic!("{variable}: {nodes:?}"));
    fake.put(node.address.unwrap(), bytes);
}

const OBJECT: u64 = 0x150000;

/// A `geometry::Circle`: virtual table, name, place, colour, radius.
fn put_circle(fake: &mut Fake, at: u64, name: &str, x: f64, radius: f64) {
    fake.put_u32(at, 0x400);
    // A short string keeps its length in its last byte, a long one its address, length and capacity.
    if name.len() < 11 {
        fake.put(at + 4, name.as_bytes());
        fake.put(at + 4 + 11, &[name.len() as u8]);
    } else {
        fake.put(at + 0x800, name.as_bytes());
        fake.put_u32(at + 4, at as u32 + 0x800);
        fake.put_u32(at + 8, name.len() as u32);
        fake.put_u32(at + 12, 0x8000_0020);
    }
    fake.put(at + 0x10, &x.to_le_bytes());
    fake.put(at + 0x18, &2.0f64.to_le_bytes());
    fake.put(at + 0x20, &[1]);
    fake.put(at + 0x28, &radius.to_le_bytes());
}

#[test]
fn objects_of_cpp() {
    let path = "shapes/shapes.wasm";
    let info = parse(path);
    assert!(info.diagnostics().is_empty(), "{:?}", info.diagnostics());
    let at = stop(
        &info,
        "shapes.cpp",
        line_of("shapes/shapes.cpp", "3.14159265358979"),
    );
    let frames = info.frames_at(at);
    assert_eq!(frames[0].function, "geometry::Circle::area");
    let mut fake = frame_of(path, 0x100000);
    place(&info, &mut fake, at, "this", &(OBJECT as u32).to_le_bytes());
    put_circle(&mut fake, OBJECT, "circle", 1.5, 3.0);
    golden(
        "cpp_circle.txt",
        &show(&info, &fake, &info.variables(at, 0, &fake), 3),
    );
    let value = |text: &str, fake: &Fake| {
        let node = info.evaluate(text, at, 0, fake);
        node.map(|node| node.text).map_err(|error| error.message)
    };
    // Members of base classes are members.
    assert_eq!(value("this->name_", &fake).as_deref(), Ok("\"circle\""));
    assert_eq!(value("this->at_.x", &fake).as_deref(), Ok("1.5"));
    assert_eq!(value("this->colour_", &fake).as_deref(), Ok("Red"));
    assert_eq!(value("geometry::Shape::made", &fake).as_deref(), Ok("0"));
    put_circle(&mut fake, OBJECT, "a circle with a long name", 1.5, 3.0);
    assert_eq!(
        value("this->name_", &fake).as_deref(),
        Ok("\"a circle with a long name\"")
    );
}

#[test]
fn containers_of_cpp() {
    let path = "shapes/shapes.wasm";
    let info = parse(path);
    let at = stop(&info, "shapes.cpp", line_of("shapes/shapes.cpp", "shape->move("));
    let mut fake = frame_of(path, 0x100000);
    put_circle(&mut fake, OBJECT, "one", 1.0, 1.0);
    put_circle(&mut fake, OBJECT + 0x100, "two", 2.0, 2.0);
    let vector = 0x160000u32;
    fake.put_u32(u64::from(vector), OBJECT as u32);
    fake.put_u32(u64::from(vector) + 4, OBJECT as u32 + 0x100);
    let words = [vector, vector + 8, vector + 16].map(u32::to_le_bytes).concat();
    place(&info, &mut fake, at, "shapes", &words);
    place(&info, &mut fake, at, "shape", &(vector + 4).to_le_bytes());
    let nodes = info.variables(at, 0, &fake);
    let node = |name: &str| nodes.iter().find(|node| node.name == name).unwrap();
    let shapes = node("shapes");
    assert_eq!(shapes.type_name, "std::vector<std::unique_ptr<geometry::Shape>>");
    assert_eq!(shapes.text, "vector(2) {0x150000, 0x150100}");
    let items = info.children(shapes.expand.as_ref().unwrap(), &fake);
    let names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["[0]", "[1]", "[raw]"]);
    let second = info.children(items[1].expand.as_ref().unwrap(), &fake);
    assert!(
        second
            .iter()
            .any(|member| member.name == "name_" && member.text == "\"two\""),
        "{second:?}"
    );
    // A reference is what it refers to.
    assert_eq!(node("shape").text, "0x150100");
    let value = |text: &str| {
        let node = info.evaluate(text, at, 0, &fake);
        node.map(|node| node.text).map_err(|error| error.message)
    };
    assert_eq!(value("shape->name_").as_deref(), Ok("\"two\""));
    assert_eq!(value("shapes[0]->at_.x").as_deref(), Ok("1.0"));
    assert_eq!(
        value("shapes[2]"),
        Err("index 2 is outside the 2 elements".to_string())
    );
}

#[test]
fn inlined_calls_of_optimized_code() {
    let path = "shapes/shapes_o2.wasm";
    let info = parse(path);
    assert!(info.diagnostics().is_empty(), "{:?}", info.diagnostics());
    let source = "shapes/shapes.cpp";
    let file = file(&info, "shapes.cpp");
    // The constructor of `Shape` was inlined three times, into three others, into main.
    let line = line_of(source, "Shape(std::string name, Point at");
    let binding = info.binding_from_line(file, line).unwrap();
    assert_eq!((binding.line, binding.locations.len()), (line, 3));
    let called_from = |text: &str| line_of(source, text);
    for (at, constructors, call) in [
        (
            binding.locations[0],
            &["geometry::Shape::Shape", "geometry::Circle::Circle"][..],
            "std::make_unique<Circle>",
        ),
        (
            binding.locations[1],
            &["geometry::Shape::Shape", "geometry::Box::Box"][..],
            "std::make_unique<Box>",
        ),
        (
            binding.locations[2],
            &[
                "geometry::Shape::Shape",
                "geometry::Box::Box",
                "geometry::Square::Square",
            ][..],
            "std::make_unique<Square>",
        ),
    ] {
        let frames = info.frames_at(at);
        let names: Vec<&str> = frames.iter().map(|frame| frame.function.as_str()).collect();
        assert_eq!(&names[..constructors.len()], constructors);
        assert!(names[constructors.len()].starts_with("std::make_unique<geometry::"));
        let outer = frames.last().unwrap();
        assert_eq!((outer.function.as_str(), outer.inlined), ("main", false));
        assert!(frames[..frames.len() - 1].iter().all(|frame| frame.inlined));
        assert_eq!(outer.location.unwrap().line, called_from(call));
        // Each frame's range lies in that of the frame around it.
        for depth in 0..frames.len() {
            assert!(
                info.inline_ranges(at, depth)
                    .iter()
                    .any(|range| range.contains(at)),
                "{depth}"
            );
        }
        // The variables of each frame are its own.
        let fake = frame_of(path, 0x100000);
        let named = |depth: usize| -> Vec<String> {
            info.variables(at, depth, &fake)
                .into_iter()
                .map(|node| node.name)
                .collect()
        };
        assert!(named(0).contains(&"colour".to_string()), "{:?}", named(0));
        assert!(named(frames.len() - 1).contains(&"argc".to_string()));
        assert!(named(frames.len()).is_empty());
    }
}

#[test]
fn optimized_variables_say_where_they_are_not() {
    let path = "shapes/shapes_o2.wasm";
    let info = parse(path);
    let file = file(&info, "shapes.cpp");
    let fake = frame_of(path, 0x100000);
    let mut seen = [0usize; 2];
    for line in info.lines_with_code(file) {
        for at in info.binding_from_line(file, line).unwrap().locations {
            for node in info.variables(at, 0, &fake) {
                match node.availability {
                    Availability::Available => seen[0] += 1,
                    Availability::OptimizedOut => {
                        assert!(node.expand.is_none() && node.text == "optimized out");
                        seen[1] += 1;
                    }
                    _ => {}
                }
            }
        }
    }
    assert!(seen[0] > 20 && seen[1] > 20, "{seen:?}");
    // `argc` of main is in local 0 on entry: a plain value without an address.
    let stop_at = info.functions_named("main")[0].stop_at.unwrap();
    let argc = info
        .variables(stop_at, 0, &fake)
        .into_iter()
        .find(|node| node.name == "argc")
        .unwrap();
    assert_eq!((argc.text.as_str(), argc.address), ("1048576", None));
}

#[test]
fn values_of_rust() {
    let path = "rust/bank.wasm";
    let info = parse(path);
    assert!(info.diagnostics().is_empty(), "{:?}", info.diagnostics());
    let at = stop(&info, "bank.rs", line_of("rust/bank.rs", "match order {"));
    assert_eq!(info.frames_at(at)[0].function, "bank::Bank::carry_out");
    let mut fake = frame_of(path, 0x100000);
    place(&info, &mut fake, at, "order", &(OBJECT as u32).to_le_bytes());
    let value = |text: &str, fake: &Fake| {
        let node = info.evaluate(text, at, 0, fake);
        node.map(|node| node.text).map_err(|error| error.message)
    };
    // Order::Pay(1, 10000): the tag, then the fields.
    fake.put_u32(OBJECT, 1);
    fake.put_u32(OBJECT + 4, 1);
    fake.put(OBJECT + 8, &10_000i64.to_le_bytes());
    assert_eq!(value("*order", &fake).as_deref(), Ok("Pay(1, 10000)"));
    assert_eq!(value("order.1", &fake).as_deref(), Ok("10000"));
    // Order::Move { from: 2, to: 3, cents: -5 }
    fake.put_u32(OBJECT, 2);
    fake.put_u32(OBJECT + 4, 2);
    fake.put_u32(OBJECT + 8, 3);
    fake.put(OBJECT + 16, &(-5i64).to_le_bytes());
    assert_eq!(
        value("*order", &fake).as_deref(),
        Ok("Move {from: 2, to: 3, cents: -5}")
    );
    assert_eq!(value("order.cents", &fake).as_deref(), Ok("-5"));
    // Order::Open { owner: "Ada" }: a String is capacity, pointer, length in an order the library chooses; all
    // three words that could be the pointer are one.
    fake.put_u32(OBJECT, 0);
    fake.put(0x170000, "Ädä".as_bytes());
    fake.put_u32(OBJECT + 4, 5);
    fake.put_u32(OBJECT + 8, 0x170000);
    fake.put_u32(OBJECT + 12, 5);
    assert_eq!(value("*order", &fake).as_deref(), Ok("Open {owner: \"Ädä\"}"));
    let order = info
        .variables(at, 0, &fake)
        .into_iter()
        .find(|node| node.name == "order")
        .unwrap();
    assert_eq!(order.type_name, "&bank::Order");
    let fields = info.children(&order.expand.unwrap(), &fake);
    assert_eq!(fields.len(), 1);
    assert_eq!(
        (fields[0].name.as_str(), fields[0].text.as_str()),
        ("owner", "\"Ädä\"")
    );
    // A tag that no variant has.
    fake.put_u32(OBJECT, 77);
    assert!(
        value("*order", &fake)
            .unwrap()
            .contains("its tag selects no variant")
    );
}

#[test]
fn sequences_of_rust() {
    let path = "rust/bank.wasm";
    let info = parse(path);
    let at = stop(&info, "bank.rs", line_of("rust/bank.rs", "balances[n]"));
    let mut fake = frame_of(path, 0x100000);
    for (index, value) in [7i64, -8, 9].into_iter().enumerate() {
        fake.put(OBJECT + 8 * index as u64, &value.to_le_bytes());
    }
    let slice = [OBJECT as u32, 3].map(u32::to_le_bytes).concat();
    place(&info, &mut fake, at, "balances", &slice);
    let balances = info.evaluate("balances", at, 0, &fake).unwrap();
    assert_eq!(
        (balances.type_name.as_str(), balances.text.as_str()),
        ("&[i64]", "[7, -8, 9]")
    );
    let items = info.children(&balances.expand.unwrap(), &fake);
    assert_eq!(
        items.iter().map(|item| item.text.as_str()).collect::<Vec<_>>(),
        ["7", "-8", "9", "{data_ptr: 0x150000, length: 3}"]
    );
    assert_eq!(items[3].name, "[raw]");
    assert_eq!(info.evaluate("balances[1]", at, 0, &fake).unwrap().text, "-8");
    // A vector of them, in main.
    let at = stop(&info, "bank.rs", line_of("rust/bank.rs", "println!(\"together"));
    let words = [3, OBJECT as u32, 3].map(u32::to_le_bytes).concat();
    place(&info, &mut fake, at, "balances", &words);
    let balances = info.evaluate("balances", at, 0, &fake).unwrap();
    assert_eq!(
        (balances.type_name.as_str(), balances.text.as_str()),
        ("alloc::vec::Vec<i64>", "Vec(3) [7, -8, 9]")
    );
}

#[test]
fn names_of_rust_and_cpp() {
    let info = parse("rust/bank.wasm");
    for name in ["bank::main", "bank::Bank::pay", "pay"] {
        let found = info.functions_named(name);
        assert_eq!(found.len(), 1, "{name}");
        assert!(!found[0].name.contains("::h"), "no hash: {}", found[0].name);
        assert!(found[0].stop_at.is_some());
    }
    assert_eq!(info.functions_named("pay")[0].name, "bank::Bank::pay");
    assert!(
        info.functions_named("fmt")
            .iter()
            .any(|f| f.name == "<bank::Refusal as core::fmt::Display>::fmt")
    );
    let info = parse("shapes/shapes.wasm");
    for name in [
        "geometry::Shape::move",
        "move",
        "_ZN8geometry5Shape4moveERKNS_5PointE",
    ] {
        let found = info.functions_named(name);
        assert_eq!(
            found.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(),
            ["geometry::Shape::move"],
            "{name}"
        );
    }
    assert_eq!(info.functions_named("area").len(), 2, "of Circle and Box");
}

#[test]
fn names_without_dwarf() {
    let info = parse("nodebug/names.wasm");
    assert!(!info.has_lines() && info.files().is_empty() && info.diagnostics().is_empty());
    let attacked = &info.functions_named("attacked")[0];
    assert_eq!((attacked.name.as_str(), attacked.stop_at), ("attacked", None));
    let fake = Fake::new(16);
    let at = CodeOffset(0x100);
    assert_eq!(info.frames_at(at).len(), 1);
    assert!(info.variables(at, 0, &fake).is_empty() && info.statics(at, &fake).is_empty());
    assert!(info.step_ranges(at).is_empty() && info.location_from_code_offset(at).is_none());
    assert!(info.evaluate("x", at, 0, &fake).is_err());
    let info = parse("nodebug/stripped.wasm");
    let start = &info.functions_named("_start")[0];
    assert_eq!(info.function_name(start.func_index), "_start");
    assert_eq!(
        info.function_name(start.func_index + 1),
        format!("func[{}]", start.func_index + 1)
    );
}

#[test]
fn a_large_module() {
    let info = parse("sqlite/sqlite.wasm");
    assert!(info.diagnostics().is_empty(), "{:?}", info.diagnostics());
    let file = file(&info, "sqlite3.c");
    let lines = info.lines_with_code(file);
    assert!(lines.len() > 30_000, "{}", lines.len());
    let source = std::fs::read(guest("sqlite/sqlite3.c")).unwrap();
    let source = String::from_utf8_lossy(&source);
    let line = 1 + source
        .lines()
        .position(|line| line.starts_with("SQLITE_API int sqlite3_step(") && line.ends_with('{'))
        .unwrap() as u32;
    let binding = info.binding_from_line(file, line).unwrap();
    let step = &info.functions_named("sqlite3_step")[0];
    assert_eq!(binding.locations, [step.stop_at.unwrap()]);
    // A bit-field and a nested pointer of a large structure.
    let at = step.stop_at.unwrap();
    let mut fake = frame_of("sqlite/sqlite.wasm", 0x100000);
    place(&info, &mut fake, at, "pStmt", &(OBJECT as u32).to_le_bytes());
    assert_eq!(info.evaluate("pStmt", at, 0, &fake).unwrap().text, "0x150000");
    assert_eq!(
        info.evaluate("sqlite3UpperToLower[65]", at, 0, &fake)
            .unwrap()
            .text,
        "97 'a'"
    );
}
