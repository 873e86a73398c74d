//! Expressions: against what clang makes of the same text, and the transcripts of what the samples answer.

mod common;

use common::*;
use std::sync::Arc;
use stepwell_debuginfo::*;

/// A module that never runs, with memory as its data segments fill it, and its only function.
fn at_rest(name: &str) -> (DebugInfo, Fake, CodeOffset) {
    let bytes = own(name);
    let fake = Fake {
        memory: initial_memory(&bytes, 0x20000),
        ..Fake::default()
    };
    let info = DebugInfo::parse(Arc::from(bytes));
    let at = info.functions_named("entry")[0].stop_at.unwrap();
    (info, fake, at)
}

/// Checks all `CHECK` of a source against what its module holds; how many there are.
fn checks(source: &str, module: &str) -> usize {
    let (info, fake, at) = at_rest(module);
    let source = String::from_utf8(own(source)).unwrap();
    let mut wrong = Vec::new();
    let mut checked = 0;
    for line in source.lines() {
        let Some((kind, rest)) = line.split_once('(').filter(|(kind, _)| kind.starts_with("CHECK")) else {
            continue;
        };
        let (name, rest) = rest.strip_suffix(')').unwrap().split_once(", ").unwrap();
        let text = match kind {
            "CHECK_AS" => rest.split_once(", ").unwrap().1,
            _ => rest,
        };
        checked += 1;
        let value = |text: &str| {
            let node = info.evaluate(text, at, 0, &fake);
            node.map(|node| (node.type_name, node.text))
                .map_err(|error| error.to_string())
        };
        let (found, expected) = (value(text), value(name));
        // `size_t` and `ptrdiff_t` are `unsigned long` and `long` of 32 bits; clang's own names come out the same.
        if found != expected {
            wrong.push(format!("{name}: {text}: {found:?}, and clang says {expected:?}"));
        }
        let same = info.holds(&format!("{name} == ({text})"), at, 0, &fake);
        if !text.contains("(void *)") && same != Ok(true) {
            wrong.push(format!("{name} == ({text}) is not true"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    checked
}

#[test]
fn arithmetic_is_that_of_clang() {
    assert!(checks("arithmetic.c", "arithmetic.wasm") > 140);
    assert!(checks("arithmetic.cpp", "arithmetic_cpp.wasm") > 30);
    // `long` and addresses of 64 bits.
    assert!(checks("arithmetic.c", "arithmetic64.wasm") > 140);
}

#[test]
fn numbers_of_rust() {
    let bytes = own("kinds_rust.wasm");
    let info = DebugInfo::parse(Arc::from(bytes));
    let at = info.functions_named("kinds")[0].stop_at.unwrap();
    let mut fake = Fake::new(0x10000);
    fake.locals
        .extend((0..32).map(|local| (local, WasmValue::I32(0x8000))));
    let expected = [
        (
            "340282366920938463463374607431768211455",
            "u128 340282366920938463463374607431768211455",
        ),
        (
            "340282366920938463463374607431768211455u128 - 1",
            "u128 340282366920938463463374607431768211454",
        ),
        (
            "340282366920938463463374607431768211455u128 + 1i128",
            "! no type holds both numbers",
        ),
        ("3e38 as u128", "u128 300000000000000012135895401846682943488"),
        ("1e39 as u128", "u128 340282366920938463463374607431768211455"),
        ("-1.5 as i128", "i128 -1"),
        ("-1e39 as i128", "i128 -170141183460469231731687303715884105728"),
        ("1 << 127", "! 1 << 127 does not fit its 128 bits"),
        ("-128i8", "i8 -128"),
        ("-128i8 - 1", "! -128 - 1 does not fit its 8 bits"),
        ("-129i8", "! -129 does not fit 'i8'"),
        ("128i8", "! 128 does not fit 'i8'"),
        ("-1u8", "! -1 does not fit 'u8'"),
        (
            "-170141183460469231731687303715884105728i128",
            "i128 -170141183460469231731687303715884105728",
        ),
        ("0b1f32", "! 'f32' is no suffix of a number here"),
        ("1bool", "! 'bool' is no suffix of a number here"),
        ("-1.5f32", "f32 -1.5"),
        ("!0u8", "u8 255"),
        ("!true", "bool false"),
        (
            "255u8 == !0",
            "! the bits of a literal are not known without a type",
        ),
        ("!'a'", "! only the bits of an integer are inverted"),
        ("'a' << 1", "! only an integer is shifted, by an integer"),
        ("1 << true", "! only an integer is shifted, by an integer"),
        ("200u8 << 1", "u8 144"),
        ("-1.0 as u8", "u8 0"),
        ("1e3 as u8", "u8 255"),
        ("-1e3 as i8", "i8 -128"),
        ("1e3 as i8", "i8 127"),
        ("300 as u8", "u8 44"),
        ("-1 as u32", "u32 4294967295"),
    ];
    answers(&info, at, &fake, &expected);
}

#[test]
fn numbers_of_zig() {
    let path = "values/zig_Debug.wasm";
    let info = parse(path);
    let source = std::fs::read_to_string(guest("values/values.zig")).unwrap();
    let line = 1 + source
        .lines()
        .position(|line| line.ends_with("// stop: enums"))
        .unwrap();
    let at = stop(&info, "values.zig", line as u32);
    let mut fake = frame_of(path, 0x100000);
    let order = info.evaluate("order", at, 0, &fake).unwrap();
    fake.put(order.address.unwrap(), &[2]);
    let expected = [
        ("order", "math.Order .eq"),
        ("@intFromEnum(order)", "u8 2"),
        ("@intFromEnum(order) + 254", "! 2 + 254 does not fit its 8 bits"),
        ("@intFromBool(true)", "usize 1"),
        ("1 | 2 & 4", "i32 0"),
        ("@as(u8, 255)", "u8 255"),
        ("@as(u8, 256)", "! 256 is no value of 'u8'"),
        ("@as(i8, -128)", "i8 -128"),
        ("@as(u32, -1)", "! -1 is no value of 'u32'"),
        ("@as(i32, 2.0)", "i32 2"),
        ("@as(i32, 2.5)", "! 2.5 is no value of 'i32'"),
        ("@as(u64, @as(u32, 7))", "u64 7"),
        ("@as(f32, 0.1)", "f32 0.1"),
        ("@as(u8, 200) + 100", "! 200 + 100 does not fit its 8 bits"),
        ("0x10 - 'a'", "i32 -81"),
    ];
    answers(&info, at, &fake, &expected);
}

#[test]
fn keys_compare_as_numbers() {
    let path = "values/cpp_zig_o0.wasm";
    let info = parse(path);
    let source = std::fs::read_to_string(guest("values/values.cpp")).unwrap();
    let line = 1 + source
        .lines()
        .position(|line| line.ends_with("// stop: trees"))
        .unwrap();
    let at = stop(&info, "values.cpp", line as u32);
    let mut fake = frame_of(path, 0x100000);
    // A tree of one node: 1 leads to 7.
    let many = info.evaluate("many", at, 0, &fake).unwrap().address.unwrap();
    for (word, at) in [0x150000, 0x150000, 1].into_iter().zip((many..).step_by(4)) {
        fake.put_u32(at, word);
    }
    for (word, at) in [0, 0, many as u32 + 4, 0, 1, 7]
        .into_iter()
        .zip((0x150000..).step_by(4))
    {
        fake.put_u32(at, word);
    }
    let expected = [
        ("many", "std::map<int, int> map(1) {1: 7}"),
        ("many[1]", "int 7"),
        ("many[1.0]", "int 7"),
        ("many['\\1']", "int 7"),
        ("many[0x3ff0000000000000]", "! there is no such entry"),
        ("many[1.5]", "! there is no such entry"),
    ];
    answers(&info, at, &fake, &expected);
}

/// What expressions answer, each with its children, or what is wrong with them and where.
fn transcript(info: &DebugInfo, fake: &Fake, at: CodeOffset, expressions: &str) -> String {
    let mut out = String::new();
    for text in expressions.lines().map(str::trim).filter(|line| !line.is_empty()) {
        out.push_str(&format!("> {text}\n"));
        match info.evaluate(text, at, 0, fake) {
            Err(error) => out.push_str(&format!("  {}\n  {}\n", error.caret(), error.message)),
            Ok(node) => {
                let equals = match node.availability {
                    Availability::Available => "=",
                    _ => "is",
                };
                out.push_str(&format!("  {} {equals} {}\n", node.type_name, node.text));
                if let Some(expand) = &node.expand {
                    for child in info.children(expand, fake).iter().take(6) {
                        out.push_str(&format!(
                            "    {}: {} = {}\n",
                            child.name, child.type_name, child.text
                        ));
                    }
                }
            }
        }
    }
    out
}

#[test]
fn of_c() {
    for name in ["types4.wasm", "types5.wasm"] {
        let bytes = own(name);
        let mut fake = Fake {
            memory: initial_memory(&bytes, 0x20000),
            ..Fake::default()
        };
        let info = DebugInfo::parse(Arc::from(bytes));
        fake.table.insert(1, info.functions_named("add")[0].func_index);
        let at = info.functions_named("counted")[0].stop_at.unwrap();
        golden(
            "expressions_c.txt",
            &transcript(&info, &fake, at, include_str!("golden/expressions_c.in")),
        );
    }
}

#[test]
fn without_debug_info() {
    let info = parse("nodebug/stripped.wasm");
    let mut fake = Fake::new(0x100);
    fake.put_u32(0x10, 0x8000_0001);
    fake.put(0x20, &1.5f64.to_le_bytes());
    fake.locals.insert(0, WasmValue::I32(0x10));
    fake.locals.insert(1, WasmValue::I64(u64::MAX));
    fake.locals.insert(2, WasmValue::F32(1.5f32.to_bits()));
    fake.locals.insert(3, WasmValue::V128(0x0102));
    fake.locals.insert(4, WasmValue::NullRef);
    fake.locals.insert(5, WasmValue::FuncRef(2));
    fake.locals.insert(6, WasmValue::OtherRef(99));
    fake.locals.insert(7, WasmValue::I32(-16i32 as u32));
    fake.globals.insert(1, WasmValue::I32(7));
    fake.operands.insert(0, WasmValue::F64(2.5f64.to_bits()));
    golden(
        "expressions_raw.txt",
        &transcript(
            &info,
            &fake,
            CodeOffset(0x100),
            include_str!("golden/expressions_raw.in"),
        ),
    );
}

#[test]
fn hostile_texts_are_answered() {
    let (info, fake, at) = at_rest("arithmetic.wasm");
    for piece in [
        "(",
        "*",
        "&",
        "-",
        "a01+",
        "grid[",
        "(int)",
        "sizeof ",
        "1?",
        "nodes[0].",
        "::",
        "<",
        "\"",
        "'",
        "é",
        "\u{0}",
    ] {
        for count in [1, 60, 150, 2000, 200_000] {
            let _ = info.evaluate(&piece.repeat(count), at, 0, &fake);
            let _ = info.holds(&piece.repeat(count), at, 0, &fake);
            let _ = info.condition_code(&piece.repeat(count), at, 0, &FrameTypes::default());
        }
    }
    // On a small stack, at the deepest that is accepted.
    let deepest = format!("{}a01{}", "-(".repeat(28), ")".repeat(28));
    let chain = format!("a01{}", " + a01".repeat(98));
    std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(move || {
            assert!(info.evaluate(&deepest, at, 0, &fake).is_ok());
            assert!(info.evaluate(&chain, at, 0, &fake).is_ok());
            for text in [&deepest, &chain] {
                let code = info.condition_code(text, at, 0, &FrameTypes::default());
                assert!(code.is_some_and(|code| code.len() < 100_000));
            }
        })
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn indices_behind_indices_are_quick() {
    let (info, mut fake, at) = at_rest("arithmetic.wasm");
    let nodes = info.evaluate("nodes", at, 0, &fake).unwrap().address.unwrap();
    // Each node is its own successor.
    fake.put_u32(nodes, nodes as u32);
    let text = format!("nodes[0]{}.values[2]", ".next[0]".repeat(45));
    let start = std::time::Instant::now();
    assert_eq!(info.evaluate(&text, at, 0, &fake).unwrap().text, "3");
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn raw_addresses_are_as_wide_as_the_memory() {
    for (name, address) in [
        ("arithmetic.wasm", "0xffffffff"),
        ("arithmetic64.wasm", "0xffffffffffffffff"),
    ] {
        let (info, fake, at) = at_rest(name);
        let why = format!("not readable: address {address} is outside memory");
        assert_eq!(info.evaluate("mem8[-1]", at, 0, &fake).unwrap().text, why);
        let same = info.holds(
            "mem32[&nodes[1].values[0]] == 4 && mem8[(long)&nodes] == mem8[nodes]",
            at,
            0,
            &fake,
        );
        assert_eq!(same, Ok(true));
    }
}

#[test]
fn rows_come_in_ranges() {
    let (info, fake, at) = at_rest("arithmetic.wasm");
    let children = |node: &ValueNode| info.children(node.expand.as_ref().unwrap(), &fake);
    let names = |nodes: &[ValueNode]| nodes.iter().map(|node| node.name.clone()).collect::<Vec<_>>();
    let tall = info.evaluate("tall", at, 0, &fake).unwrap();
    let ranges = children(&tall);
    assert_eq!(names(&ranges), ["[0..99]", "[100..199]", "[200..249]"]);
    assert_eq!(ranges[2].address, Some(tall.address.unwrap() + 200 * 8));
    let rows = children(&ranges[2]);
    assert_eq!((rows.len(), rows[49].name.as_str()), (50, "[249]"));
    assert_eq!(
        (rows[49].type_name.as_str(), rows[49].text.as_str()),
        ("int [2]", "{5, 6}")
    );
    let last = children(&rows[49]);
    assert_eq!(
        (names(&last), last[1].text.as_str()),
        (vec!["[0]".into(), "[1]".into()], "6")
    );
}

#[test]
fn conditions_hold_or_say_why_not() {
    let (info, fake, at) = at_rest("arithmetic.wasm");
    let holds = |text: &str| info.holds(text, at, 0, &fake).map_err(|error| error.to_string());
    assert_eq!(holds("a01 == 300"), Ok(true));
    assert_eq!(holds("a01 > 300"), Ok(false));
    assert_eq!(holds("nodes[1].next"), Ok(false));
    assert_eq!(holds("&nodes[0]"), Ok(true));
    assert_eq!(holds("0.5"), Ok(true));
    assert_eq!(holds("one"), Err("'pair' is not a number (column 1)".to_string()));
    // An array that goes on behind its record has a beginning.
    assert_eq!(holds("flexible.items[0..2][1] == 8"), Ok(true));
    for text in ["flexible.items[-1]", "flexible.items[-1..2]"] {
        let error = info.evaluate(text, at, 0, &fake).unwrap_err();
        assert!(error.message.contains("is outside the array"), "{text}: {error}");
    }
    // Brackets are not the name's.
    for text in ["one.nope", "(one.nope)", "((one.nope)) + 1", "( one . nope )"] {
        let column = text.find("nope").unwrap() + 1;
        let why = format!("'pair' has no member 'nope' (column {column})");
        assert_eq!(holds(text), Err(why));
    }
    assert_eq!(
        holds("1 && *(int *)0x7fffffff"),
        Err("not readable: address 0x7fffffff is outside memory: *(int *)0x7fffffff (column 6)".to_string())
    );
}

#[test]
fn optimized_code_names_the_operand_that_is_gone() {
    let path = "shapes/shapes_o2.wasm";
    let info = parse(path);
    let fake = frame_of(path, 0x100000);
    let file = file(&info, "shapes.cpp");
    // Any place where one variable of `main` is there and another is not.
    let lines = info.lines_with_code(file).into_iter();
    let places = lines.flat_map(|line| info.binding_from_line(file, line).unwrap().locations);
    let mut seen = 0;
    for at in places {
        let variables = info.variables(at, 0, &fake);
        let is_number = |node: &&ValueNode| node.type_name == "int";
        let gone =
            (variables.iter().filter(is_number)).find(|node| node.availability == Availability::OptimizedOut);
        let Some(gone) = gone else { continue };
        seen += 1;
        let evaluate = |text: &str| info.evaluate(text, at, 0, &fake);
        let name = &gone.name;
        // Alone it is what it is; in an expression it is named; where it is not needed it does no harm.
        let alone = evaluate(name).unwrap();
        assert_eq!(
            (alone.text.as_str(), alone.type_name.as_str(), &alone.availability),
            ("optimized out", "int", &Availability::OptimizedOut)
        );
        for text in [
            format!("{name} + 1"),
            format!("1 + -{name} * 2"),
            format!("({name}) == 0 || 1"),
            format!("(long long){name}"),
            format!("{name} ? 1 : 2"),
            format!("argc == argc && {name}"),
        ] {
            let node = evaluate(&text).unwrap();
            assert_eq!(node.availability, Availability::OptimizedOut, "{text}");
            assert!(
                node.text.starts_with("optimized out: ") && node.text.contains(name),
                "{text}"
            );
            assert!(node.expand.is_none());
        }
        assert_eq!(evaluate(&format!("1 || {name}")).unwrap().text, "true");
        assert_eq!(evaluate(&format!("sizeof {name}")).unwrap().text, "4");
        let error = info.holds(&format!("{name} > 3"), at, 0, &fake).unwrap_err();
        assert_eq!(error.to_string(), format!("optimized out: {name} (column 1)"));
    }
    assert!(seen > 3, "{seen}");
}

#[test]
fn pointers_to_arrays_of_zig_are_indexed_as_those() {
    let path = "values/zig_Debug.wasm";
    let info = parse(path);
    let source = std::fs::read_to_string(guest("values/values.zig")).unwrap();
    let line = 1 + source
        .lines()
        .position(|line| line.ends_with("// stop: arrays"))
        .unwrap();
    let at = stop(&info, "values.zig", line as u32);
    let code = |text: &str| info.condition_code(text, at, 0, &words()).is_some();
    assert!(code("numbers[1] == 2"));
    assert!(!code("(&numbers)[1] == 2"));
    assert!(!code("@as(*[4]u8, &numbers)[1] == 2"));
}

#[test]
fn pointers_to_classes_meet_at_their_base() {
    let path = "values/cpp_zig_o0.wasm";
    let info = parse(path);
    let source = std::fs::read_to_string(guest("values/values.cpp")).unwrap();
    let line = 1 + source
        .lines()
        .position(|line| line.ends_with("// stop: classes"))
        .unwrap();
    let at = stop(&info, "values.cpp", line as u32);
    let mut fake = frame_of(path, 0x100000);
    let address = |name: &str, fake: &Fake| {
        let node = info.evaluate(name, at, 0, fake).unwrap();
        node.address.unwrap()
    };
    let tom = address("tom", &fake);
    let inside = info
        .evaluate(
            "(int)(void *)(zoo::Tagged *)&tom - (int)(void *)&tom",
            at,
            0,
            &fake,
        )
        .unwrap();
    let inside: u64 = inside.text.parse().unwrap();
    assert!(inside > 0);
    let (tagged, animal) = (address("tagged", &fake), address("animal", &fake));
    fake.put_u32(tagged, (tom + inside) as u32);
    let owl = address("owl", &fake);
    fake.put_u32(animal, owl as u32);
    // What `animal` points to was never made.
    let refused = "! there is no object of 'zoo::Animal' with a virtual table";
    answers(
        &info,
        at,
        &fake,
        &[
            ("tagged == &tom", "bool true"),
            ("&tom == tagged", "bool true"),
            ("&tom != tagged", "bool false"),
            ("tagged <= &tom", "bool true"),
            ("(void *)tagged == (void *)&tom", "bool false"),
            ("dynamic_cast<zoo::Tagged *>(&tom) == tagged", "bool true"),
            ("dynamic_cast<zoo::Cat *>(&tom) == &tom", "bool true"),
            ("dynamic_cast<zoo::Cat *>(animal)", refused),
            ("dynamic_cast<zoo::Cat *>(animal) != 0", refused),
            ("dynamic_cast<void *>(animal)", refused),
        ],
    );
    let code = |text: &str| info.condition_code(text, at, 0, &words()).is_some();
    assert!(code("(void *)tagged == (void *)&tom"));
    assert!(!code("tagged == &tom"));
    assert!(!code("dynamic_cast<zoo::Animal *>(animal) != 0"));
}

#[test]
fn objects_are_asked_what_they_are() {
    let (info, mut fake, at) = at_rest("members_cpp.wasm");
    let twice = "! the object has more than one part that is a 'Dog'";
    answers(
        &info,
        at,
        &fake,
        &[
            ("dynamic_cast<Dog *>(animals[1]) == &puppy", "bool true"),
            ("dynamic_cast<Puppy *>(animals[1])->puppy", "int 40"),
            ("dynamic_cast<Puppy *>(sized)->puppy", "int 40"),
            ("dynamic_cast<Puppy *>(sized) == &puppy", "bool true"),
            ("dynamic_cast<Dog *>(sized)->dog", "int 30"),
            ("dynamic_cast<Sized *>(animals[1])->sized", "int 20"),
            (
                "dynamic_cast<void *>(sized) == dynamic_cast<void *>(animals[1])",
                "bool true",
            ),
            ("dynamic_cast<Dog *>(animals[0])", "Dog * nullptr"),
            ("dynamic_cast<Sized *>(animals[0]) == nullptr", "bool true"),
            ("dynamic_cast<Puppy *>(animals[2]) == 0", "bool true"),
            ("dynamic_cast<OtherDog *>(twice)->other", "int 60"),
            ("dynamic_cast<OtherDog *>(twice) == other", "bool true"),
            ("dynamic_cast<Dog *>(animals[2])", twice),
            (
                "dynamic_cast<int *>(sized)",
                "! dynamic_cast is evaluated for classes only",
            ),
            // Static members, of a class and of an object; what of them is constant lies nowhere.
            ("Dog::count", "int 5"),
            ("puppy.count", "int 5"),
            ("other->count + 1", "int 6"),
            ("Dog::legs * 2", "unsigned int 8"),
            ("puppy.legs", "const unsigned int 4"),
            ("WIDTH + 1", "int 13"),
            ("puppy.tail", "! 'Puppy' has no member 'tail'"),
            ("Dog::tail", "! there is no variable 'Dog::tail' here"),
            ("N", "int 99"),
        ],
    );
    // What begins with a constant is what it is now.
    assert_eq!(info.evaluate("Dog::rate", at, 0, &fake).unwrap().text, "2.5");
    let rate = info.evaluate("Dog::rate", at, 0, &fake).unwrap().address.unwrap();
    fake.put(rate, &7.5f64.to_le_bytes());
    assert_eq!(info.evaluate("puppy.rate", at, 0, &fake).unwrap().text, "7.5");
    // In what is made from templates, their parameters are seen, before other names.
    let in_function = |name: &str| info.functions_named(name)[0].stop_at.unwrap();
    answers(
        &info,
        in_function("length"),
        &fake,
        &[("N", "int 3"), ("sizeof(T)", "unsigned long 2")],
    );
    // Static members of the instance around, and of no other.
    let length = |class: &str| {
        let mut found = info.functions_named("length").into_iter();
        found
            .find(|function| function.name.contains(class))
            .unwrap()
            .stop_at
            .unwrap()
    };
    let (of_three, of_five) = (length("Row<3"), length("Row<5"));
    assert_eq!(info.evaluate("made", of_three, 0, &fake).unwrap().text, "3");
    assert_eq!(info.evaluate("made", of_five, 0, &fake).unwrap().text, "5");
    answers(
        &info,
        at,
        &fake,
        &[
            ("other_row.made", "int 5"),
            ("made", "! there is no variable 'made' here"),
        ],
    );
    // Namespaces around a function, and what lies in another function.
    let in_class = |name: &str| {
        let mut found = info.functions_named("bump").into_iter();
        found
            .find(|function| function.name.contains(name))
            .unwrap()
            .stop_at
            .unwrap()
    };
    answers(
        &info,
        in_class("left"),
        &fake,
        &[("counter", "int 1"), ("right::counter", "int 2")],
    );
    answers(&info, in_class("right"), &fake, &[("counter", "int 2")]);
    let two = "! there is no variable 'counter' here";
    answers(
        &info,
        at,
        &fake,
        &[("counter", two), ("left::counter", "int 1"), ("number", "int 7")],
    );
    answers(&info, in_function("calls"), &fake, &[("number", "int 7")]);
    // What a function keeps to itself is not the namespace's; whose it is, is not told to a lambda.
    answers(
        &info,
        in_function("shaded"),
        &fake,
        &[("shade", "int 1"), ("shadows::shade", "int 1")],
    );
    answers(&info, in_function("shading"), &fake, &[("shade", "int 2")]);
    let lambda = info.functions_named("operator()")[0].stop_at.unwrap();
    let none = "! there is no variable 'kept' here";
    answers(&info, lambda, &fake, &[("kept", none)]);
    let widened = in_function("widened<long long>");
    answers(
        &info,
        widened,
        &fake,
        &[("N", "int 99"), ("(T)-1", "long long -1")],
    );
}

#[test]
fn what_is_seen_of_a_class_is_not_read_from_nowhere() {
    let info = DebugInfo::parse(Arc::from(own("kinds_cpp.wasm")));
    let mut fake = Fake::new(0x10000);
    fake.locals
        .extend((0..32).map(|local| (local, WasmValue::I32(0x8000))));
    // What lies at address 0 tells nothing of where a base class is.
    fake.put_u32(0, 0x100);
    let at = info.functions_named("kinds")[0].stop_at.unwrap();
    let error = info
        .evaluate("(outer::Both *)(outer::Base *)0x4000", at, 0, &fake)
        .unwrap_err();
    assert_eq!(error.message, "'outer::Base' is a virtual base class");
    // A member of no object is still that member.
    let of_both = |at: &CodeOffset| {
        let this = info.evaluate("this", *at, 0, &fake);
        this.is_ok_and(|this| this.type_name.contains("Both"))
    };
    let area = info
        .functions_named("area")
        .into_iter()
        .find_map(|function| function.stop_at.filter(of_both))
        .unwrap();
    let error = info.evaluate("both", area, 0, &fake).unwrap_err();
    assert_eq!(error.message, "the pointer is null");
}
