//! What names and casts mean in the languages: of the tests' own modules, with frames laid out by hand.

mod common;

use common::*;
use std::sync::Arc;
use stepwell_debuginfo::*;

/// A module of the tests, and a frame whose every local (so the frame base too) is an address.
fn framed(module: &str) -> (DebugInfo, Fake) {
    let bytes = own(module);
    let mut fake = Fake {
        memory: initial_memory(&bytes, 0x20000),
        ..Fake::default()
    };
    fake.locals
        .extend((0..32).map(|local| (local, WasmValue::I32(0x18000))));
    (DebugInfo::parse(Arc::from(bytes)), fake)
}

/// Where a function stops by its whole name.
fn in_function(info: &DebugInfo, name: &str) -> CodeOffset {
    let last = name.rsplit(':').next().unwrap();
    let mut found = info.functions_named(last).into_iter();
    let found = found.find(|function| function.name == name);
    found.unwrap_or_else(|| panic!("{name}")).stop_at.unwrap()
}

#[test]
fn bare_names_of_rust_are_those_of_the_modules_around() {
    let (info, fake) = framed("scopes_rust.wasm");
    let none = |name: &str| format!("! there is no variable '{name}' here");
    let (lonely, doubled) = (none("lonely"), none("doubled"));
    let (helper, deep) = (none("helper"), none("DEEP"));
    let outer = [
        ("total", "function scopes::total"),
        ("lonely", lonely.as_str()),
        ("doubled", doubled.as_str()),
        ("helper", helper.as_str()),
        ("inner::helper", "function scopes::inner::helper"),
        ("Counter::total", "function scopes::Counter::total"),
        ("LIMIT", "u32 5"),
        ("inner::LIMIT", "u32 6"),
        ("ROOT", "u32 50"),
        ("DEEP", deep.as_str()),
    ];
    for function in ["scopes::total", "scopes::entry"] {
        answers(&info, in_function(&info, function), &fake, &outer);
    }
    // A method is in the module of its type, not in the type.
    answers(&info, in_function(&info, "scopes::Counter::total"), &fake, &outer);
    answers(
        &info,
        in_function(&info, "<scopes::Counter as scopes::Doubled>::doubled"),
        &fake,
        &outer,
    );
    answers(
        &info,
        in_function(&info, "scopes::inner::helper"),
        &fake,
        &[
            ("total", "function scopes::inner::total"),
            ("helper", "function scopes::inner::helper"),
            ("lonely", lonely.as_str()),
            ("LIMIT", "u32 6"),
            ("DEEP", "u32 7"),
            ("ROOT", "u32 50"),
        ],
    );
}

#[test]
fn bare_names_of_cpp_are_those_of_the_scopes_around() {
    let (info, fake) = framed("scopes_cpp.wasm");
    let at = in_function(&info, "entry");
    answers(
        &info,
        at,
        &fake,
        &[
            ("limit", "int 5"),
            ("shop::limit", "int 6"),
            ("count", "! there is no variable 'count' here"),
            ("kept", "! there is no variable 'kept' here"),
            // As if a `using` had brought it: nothing is nearer. A method is never meant.
            ("total", "function shop::total"),
            ("run", "! there is no variable 'run' here"),
            ("used", "! there is no variable 'used' here"),
        ],
    );
    answers(
        &info,
        in_function(&info, "shop::total"),
        &fake,
        &[
            ("limit", "int 6"),
            ("deep::limit", "int 7"),
            ("total", "function shop::total"),
        ],
    );
    answers(
        &info,
        in_function(&info, "Other::total"),
        &fake,
        &[
            ("total", "function Other::total"),
            ("limit", "int 5"),
            ("count", "int 11"),
        ],
    );
}

#[test]
fn this_in_a_lambda_is_what_it_captured() {
    let (info, mut fake) = framed("scopes_cpp.wasm");
    let entry = in_function(&info, "entry");
    let leaf = info.evaluate("&leaf", entry, 0, &fake).unwrap().text;
    let leaf = u64::from_str_radix(leaf.trim_start_matches("0x"), 16).unwrap();
    // The closures of `counted`, `copied`, and of the one in `nested`: the pointer, the object, the pointer and 1.
    let object = fake.memory[leaf as usize..leaf as usize + 20].to_vec();
    fake.put_u32(0x1a000, leaf as u32);
    fake.put_u32(0x1a004, 1);
    fake.put(0x1a100, &object);
    let lambdas: Vec<CodeOffset> = info
        .functions_named("operator()")
        .iter()
        .map(|function| function.stop_at.unwrap())
        .collect();
    assert_eq!(lambdas.len(), 4);
    let mut seen = 0;
    for at in lambdas {
        // The frame's `this` leads to the closure; its own type tells whether that holds an object.
        for closure in [0x1a000u32, 0x1a100] {
            let slot = info.variables(at, 0, &fake);
            let slot = slot
                .iter()
                .find(|node| node.name == "this")
                .unwrap()
                .address
                .unwrap();
            fake.put_u32(slot, closure);
            let this = info.evaluate("this", at, 0, &fake).unwrap();
            let copied = this.text == "0x1a100";
            if !copied && this.text != format!("{leaf:#x}") {
                continue;
            }
            seen += 1;
            assert!(this.type_name.contains("Leaf *"), "{}", this.type_name);
            answers(
                &info,
                at,
                &fake,
                &[
                    ("leaf", "int 200"),
                    ("this->leaf", "int 200"),
                    ("this->leaf + leaf == 400", "bool true"),
                    ("(*this).leaf", "int 200"),
                    ("base", "int 201"),
                    ("shared", "int 3"),
                    ("kMax", "const int 10"),
                    ("missing", "! there is no variable 'missing' here"),
                ],
            );
            assert!(
                info.condition_code("this->leaf == 200", at, 0, &words())
                    .is_none()
            );
        }
    }
    assert_eq!(seen, 4);
}

#[test]
fn variants_of_rust_are_compared_by_name_and_content() {
    let (info, mut fake) = framed("scopes_rust.wasm");
    let source = String::from_utf8(own("scopes.rs")).unwrap();
    let line = source
        .lines()
        .position(|line| line.contains("match event {"))
        .unwrap();
    let at = stop(&info, "scopes.rs", line as u32 + 1);
    let address = |name: &str, fake: &Fake| {
        let nodes = info.variables(at, 0, fake);
        nodes
            .iter()
            .find(|node| node.name == name)
            .unwrap()
            .address
            .unwrap()
    };
    let put = |name: &str, bytes: &[u8], fake: &mut Fake| {
        let address = address(name, fake);
        fake.put(address, bytes);
    };
    put("event", &[1, 7, 0xd4, 0xfe], &mut fake);
    put("some", &[1, 0, 0, 0, 9, 0, 0, 0], &mut fake);
    put("none", &[0; 8], &mut fake);
    put("niche", &[100], &mut fake);
    put("level", &[3], &mut fake);
    put("reference", &[0; 4], &mut fake);
    fake.put(0x1c000, b"bad");
    let known = |text: &str| info.evaluate(text, at, 0, &fake).unwrap().text;
    assert_eq!(known("event"), "Moved(7, -300)");
    assert_eq!(known("some"), "Some(9)");
    assert_eq!(known("niche"), "Some(Level::High)");
    let holds = [
        ("event == Event::Moved", "bool true"),
        ("event == Moved", "bool true"),
        ("event != Event::Moved", "bool false"),
        ("event == scopes::Event::Moved(7, -300)", "bool true"),
        ("event == Event::Moved(7, 300)", "bool false"),
        ("event == Event::Moved(7, -300) && some == Some(9)", "bool true"),
        ("Event::Idle == event", "bool false"),
        ("event == Event::Named", "bool false"),
        ("none == None", "bool true"),
        ("none != None", "bool false"),
        ("some == None", "bool false"),
        ("some == Some(9)", "bool true"),
        ("some == Some(4 + 4)", "bool false"),
        ("some == Some", "bool true"),
        ("niche == Some(Level::High)", "bool true"),
        ("niche == Some(Level::Low)", "bool false"),
        ("niche == None", "bool false"),
        ("level == Level::Low", "bool true"),
        ("reference == None", "bool true"),
        (
            "event == Event::Gone",
            "! 'scopes::Event' has no variant 'Event::Gone'",
        ),
        (
            "event == Other::Moved",
            "! 'scopes::Event' has no variant 'Other::Moved'",
        ),
        (
            "event == Event::Moved(7)",
            "! 'Event::Moved' holds 2 values, not 1",
        ),
        ("number == MISSING", "! there is no variable 'MISSING' here"),
        ("number == Some(1)", "! 'u32' is no enumeration"),
        (
            "Some(1)",
            "! 'Some(...)' is compared with a value of its enumeration, and nothing else",
        ),
        (
            "total(1)",
            "! functions are not called: an expression only looks at the guest",
        ),
    ];
    answers(&info, at, &fake, &holds);
    for (text, _) in holds {
        let code = info.condition_code(text, at, 0, &words());
        assert!(code.is_none() || text == "level == Level::Low", "{text}");
    }
    put("event", &[3, 100], &mut fake);
    answers(
        &info,
        at,
        &fake,
        &[
            ("event == Event::Nested(Some(Level::High))", "bool true"),
            ("event == Event::Nested(None)", "bool false"),
            ("event == Event::Moved(1, 2)", "bool false"),
        ],
    );
    put("event", &[2, 0, 0, 0, 0, 0xc0, 1, 0, 3, 0, 0, 0], &mut fake);
    answers(&info, at, &fake, &[("event == Named(\"bad\")", "bool true")]);
}

#[test]
fn errors_and_tags_of_zig() {
    let path = "values/zig_Debug.wasm";
    let info = parse(path);
    let source = std::fs::read_to_string(guest("values/values.zig")).unwrap();
    let stop_at = |mark: &str| {
        let line = source.lines().position(|line| line.ends_with(mark)).unwrap();
        stop(&info, "values.zig", line as u32 + 1)
    };
    let at = stop_at("// stop: failures");
    let mut fake = frame_of(path, 0x100000);
    let address = |name: &str, at: CodeOffset, fake: &Fake| {
        let nodes = info.variables(at, 0, fake);
        nodes
            .iter()
            .find(|node| node.name == name)
            .unwrap()
            .address
            .unwrap()
    };
    let any = address("any", at, &fake);
    let code = (1..200u8).find(|&code| {
        fake.put(any, &[code, 0]);
        info.evaluate("any", at, 0, &fake)
            .unwrap()
            .text
            .ends_with("TooLarge")
    });
    let code = code.unwrap();
    // An error lies behind a payload that is aligned as strictly.
    let small = address("small", at, &fake);
    fake.put(small, &[9, 0, 0, 0, code, 0]);
    let fine = address("fine", at, &fake);
    fake.put(fine, &[42, 0, 0, 0, 0, 0]);
    let expected = [
        ("any == error.TooLarge", "bool true"),
        ("any == error.TooSmall", "bool false"),
        ("error.TooSmall != any", "bool true"),
        ("any == error.Missing", "! 'anyerror' has no 'error.Missing'"),
        ("small == error.TooLarge", "bool true"),
        ("small == error.TooSmall", "bool false"),
        ("fine == error.TooLarge", "bool false"),
        ("nothing == error.TooSmall", "bool false"),
        ("n == error.TooSmall", "! this is of no enumeration"),
        (
            "error.TooSmall + 1",
            "! 'error.TooSmall' needs a value of its enumeration beside it",
        ),
    ];
    answers(&info, at, &fake, &expected);
    for (text, _) in expected {
        assert!(info.condition_code(text, at, 0, &words()).is_none(), "{text}");
    }
    let at = stop_at("// stop: unions");
    let mut fake = frame_of(path, 0x100000);
    let circle = address("circle", at, &fake);
    fake.put(circle + 8, &[1]);
    assert_eq!(
        info.evaluate("circle", at, 0, &fake).unwrap().text,
        ".circle = 0.0"
    );
    answers(
        &info,
        at,
        &fake,
        &[
            ("circle == .circle", "bool true"),
            ("circle != .circle", "bool false"),
            ("circle == .nothing", "bool false"),
            ("nothing == .nothing", "bool true"),
            ("nothing == .oval", "! 'values.Shape' has no 'oval'"),
        ],
    );
}

/// A sample's frame at a mark in its source.
fn marked(module: &str, source: &str, mark: &str) -> (DebugInfo, Fake, CodeOffset) {
    let info = parse(module);
    let text = std::fs::read_to_string(guest(source)).unwrap();
    let line = text.lines().position(|line| line.ends_with(mark)).unwrap();
    let at = stop(&info, source.rsplit('/').next().unwrap(), line as u32 + 1);
    (info, frame_of(module, 0x100000), at)
}

fn address(info: &DebugInfo, at: CodeOffset, fake: &Fake, name: &str) -> u64 {
    let nodes = info.variables(at, 0, fake);
    let node = nodes.iter().find(|node| node.name == name);
    node.unwrap_or_else(|| panic!("{name}")).address.unwrap()
}

#[test]
fn what_a_tree_shows_an_expression_reaches() {
    let cpp = ("values/cpp_o0.wasm", "values/values.cpp");
    let (info, mut fake, at) = marked(cpp.0, cpp.1, "// stop: sequences");
    // The elements -1, 2, 3, 4 of a deque: the last two of a block, the first two of the next.
    let deque = address(&info, at, &fake, "deque");
    for (word, at) in [0x150000u32, 0x150000, 0x150008, 0x150008, 1022, 4]
        .into_iter()
        .zip((deque..).step_by(4))
    {
        fake.put_u32(at, word);
    }
    fake.put_u32(0x150000, 0x151000);
    fake.put_u32(0x150004, 0x153000);
    for (at, value) in [
        (0x151000 + 4088, -1i32),
        (0x151000 + 4092, 2),
        (0x153000, 3),
        (0x153004, 4),
    ] {
        fake.put(at, &value.to_le_bytes());
    }
    answers(
        &info,
        at,
        &fake,
        &[
            ("deque[3]", "int 4"),
            ("deque[1..3]", "int [2] {2, 3}"),
            ("deque[2..]", "int [2] {3, 4}"),
            ("deque[..2]", "int [2] {-1, 2}"),
            ("deque[1..3][1]", "int 3"),
            ("deque[4..]", "int [0] {}"),
            ("deque[3..5]", "! 3..5 is outside the 4 elements"),
            ("deque[3..1]", "! the slice ends at 1, before its start at 3"),
        ],
    );
    let (info, mut fake, at) = marked(cpp.0, cpp.1, "// stop: rare");
    let bits = address(&info, at, &fake, "bits");
    fake.put(bits, &[5, 0, 0, 0, 0, 0, 0, 0, 0x20]);
    answers(
        &info,
        at,
        &fake,
        &[
            ("bits[0]", "bool true"),
            ("bits[1]", "bool false"),
            ("bits[69] && !bits[68]", "bool true"),
            ("bits[70]", "! index 70 is outside the 70 elements"),
        ],
    );
    assert!(info.condition_code("bits[0]", at, 0, &words()).is_none());
    let (info, mut fake, at) = marked(cpp.0, cpp.1, "// stop: wide");
    let narrower = address(&info, at, &fake, "narrower");
    fake.put(narrower, &[8, 0, b'w', 0, b'i', 0, b'd', 0, b'e', 0, 0, 0]);
    if info.evaluate("narrower", at, 0, &fake).unwrap().text != "\"wide\"" {
        fake.put(narrower, &[b'w', 0, b'i', 0, b'd', 0, b'e', 0, 0, 0, 0, 4]);
    }
    answers(
        &info,
        at,
        &fake,
        &[
            ("narrower", "u16string \"wide\""),
            ("narrower[1]", "char16_t 'i' (105)"),
            ("narrower[1] == u'i'", "bool true"),
            ("narrower[4]", "! index 4 is outside the 4 elements"),
        ],
    );
    let (info, mut fake, at) = marked("values/rust_o0.wasm", "values/values.rs", "// stop: closures");
    let closure = address(&info, at, &fake, "by_reference");
    for (word, at) in [0x150000u32, 0x150000].into_iter().zip((closure..).step_by(4)) {
        fake.put_u32(at, word);
    }
    fake.put_u32(0x150000, 77);
    answers(
        &info,
        at,
        &fake,
        &[
            ("by_reference.scale", "&i32 77"),
            ("by_reference.scale + 1", "i32 78"),
        ],
    );
}

#[test]
fn casts_to_references_and_casts_like_calls() {
    let (info, fake) = framed("scopes_cpp.wasm");
    let at = in_function(&info, "entry");
    let refused = "! the object is not of this class: dynamic_cast gives the null pointer";
    answers(
        &info,
        at,
        &fake,
        &[
            ("dynamic_cast<shop::Leaf &>(as_base).leaf", "int 200"),
            ("static_cast<shop::Leaf &>(as_base).leaf", "int 200"),
            ("((shop::Leaf &)as_base).leaf", "int 200"),
            ("static_cast<const shop::Leaf &>(as_base).leaf + 1", "int 201"),
            ("&static_cast<shop::Base &>(leaf) == &as_base", "bool true"),
            ("reinterpret_cast<unsigned short &>(limit)", "unsigned short 5"),
            ("dynamic_cast<shop::Leaf &>(plain).leaf", refused),
            ("(int &)5", "! it has no address in memory"),
            ("int(small)", "int -2"),
            ("unsigned(small)", "unsigned int 4294967294"),
            ("(int(small) + 1)", "int -1"),
            ("shop::Cents(small) * 2", "long long -4"),
            ("bool(limit)", "bool true"),
            (
                "shop::Leaf(small)",
                "! nothing can be cast to 'shop::Leaf'; a pointer to it can be followed",
            ),
            (
                "shop::total(1)",
                "! functions are not called: an expression only looks at the guest",
            ),
        ],
    );
    let code = |text: &str| info.condition_code(text, at, 0, &words()).is_some();
    assert!(code("int(small) == -2"));
    assert!(code("(unsigned short &)limit == 5"));
    assert!(!code("static_cast<shop::Leaf &>(as_base).leaf == 200"));
}

#[test]
fn paths_of_cpp_lead_to_members() {
    let (info, mut fake) = framed("scopes_cpp.wasm");
    let at = in_function(&info, "entry");
    answers(
        &info,
        at,
        &fake,
        &[
            // The compiler wrote no value of it.
            ("shop::Ring<int, 3>::cap", " optimized out"),
            ("shop::Ring<int, 3>::used + 1", "int 7"),
            ("shop::Ring<char,2>::used", "int 4"),
            ("Ring<int, 3>::used < 7", "bool true"),
            ("limit < 6", "bool true"),
            ("shop::Leaf::kMax", "const int 10"),
            ("shop::Leaf::shared", "int 3"),
            ("Leaf::B", "enum {...} B"),
            ("leaf.kind == shop::Leaf::B", "bool true"),
            (
                "shop::Leaf::base",
                "! there is no variable 'shop::Leaf::base' here",
            ),
        ],
    );
    for text in ["shop::Base::label", "shop::Leaf::label", "leaf.label"] {
        let node = info.evaluate(text, at, 0, &fake).unwrap();
        assert_eq!(
            (node.text.as_str(), node.availability),
            ("optimized out", Availability::OptimizedOut)
        );
    }
    // In a method, a member of this class or of a base class.
    let leaf = info.evaluate("&leaf", at, 0, &fake).unwrap().text;
    let leaf = u32::from_str_radix(leaf.trim_start_matches("0x"), 16).unwrap();
    let id = in_function(&info, "shop::Leaf::id");
    let slot = address(&info, id, &fake, "this");
    fake.put_u32(slot, leaf);
    answers(
        &info,
        id,
        &fake,
        &[
            ("Leaf::leaf", "int 200"),
            ("Leaf::base", "int 201"),
            ("Base::base", "int 100"),
            ("shop::Base::base + base", "int 301"),
            ("Base::leaf", "! there is no variable 'Base::leaf' here"),
            ("Base::shared", "int 3"),
        ],
    );
    assert!(
        info.condition_code("Base::base == 100", id, 0, &words())
            .is_none()
    );
    fake.put_u32(slot, 0);
    answers(&info, id, &fake, &[("Base::base", "! the pointer is null")]);
}

#[test]
fn sizes_are_those_of_types_wherever_they_are() {
    let (info, fake) = framed("scopes_cpp.wasm");
    let at = in_function(&info, "entry");
    answers(
        &info,
        at,
        &fake,
        &[
            ("sizeof(shop::Cents)", "unsigned long 8"),
            ("sizeof(shop::Leaf)", "unsigned long 20"),
            ("sizeof(shop::Leaf &)", "unsigned long 20"),
            ("sizeof(three.cells)", "unsigned long 12"),
            ("sizeof three.cells[1]", "unsigned long 4"),
            ("sizeof ((shop::Leaf *)0)->leaf", "unsigned long 4"),
        ],
    );
    for (text, column, len, message) in [
        (
            "sizeof(shop::Gone)",
            8,
            10,
            "there is no variable or type 'shop::Gone' here",
        ),
        (
            "1 + sizeof(gone)",
            12,
            4,
            "there is no variable or type 'gone' here",
        ),
        ("1 + (gone)", 6, 4, "there is no variable 'gone' here"),
    ] {
        let error = info.evaluate(text, at, 0, &fake).unwrap_err();
        assert_eq!(
            (error.column, error.len, error.message.as_str()),
            (column, len, message),
            "{text}"
        );
    }
    let (info, fake, at) = marked("values/cpp_o0.wasm", "values/values.cpp", "// stop: texts");
    answers(&info, at, &fake, &[("sizeof(std::string)", "unsigned long 12")]);
    // What is optimized out has its type.
    let info = parse("shapes/shapes_o2.wasm");
    let fake = frame_of("shapes/shapes_o2.wasm", 0x100000);
    let mut seen = 0;
    for line in info.lines_with_code(file(&info, "shapes.cpp")) {
        for at in info
            .binding_from_line(file(&info, "shapes.cpp"), line)
            .unwrap()
            .locations
        {
            for node in info.variables(at, 0, &fake) {
                if node.availability == Availability::OptimizedOut && node.type_name.contains("Point") {
                    let text = format!("sizeof {}.x", node.name);
                    assert_eq!(info.evaluate(&text, at, 0, &fake).unwrap().text, "8", "{text}");
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 0);
}

#[test]
fn members_of_cpp_have_the_names_that_are_written() {
    let (info, mut fake) = framed("scopes_cpp.wasm");
    let at = in_function(&info, "entry");
    answers(
        &info,
        at,
        &fake,
        &[
            ("padded.len", "int 2"),
            ("padded.__len", "int 1"),
            ("padded.zed", "! 'Padded' has no member 'zed'"),
        ],
    );
    let padded = info.evaluate("&padded", at, 0, &fake).unwrap().text;
    let padded = u32::from_str_radix(padded.trim_start_matches("0x"), 16).unwrap();
    let sum = in_function(&info, "Padded::sum");
    let slot = address(&info, sum, &fake, "this");
    fake.put_u32(slot, padded);
    answers(
        &info,
        sum,
        &fake,
        &[
            ("len", "int 2"),
            ("zed", "int 9"),
            ("__zed", "int 3"),
            ("len + zed == 11", "bool true"),
        ],
    );
    assert!(info.condition_code("len + zed == 11", sum, 0, &words()).is_some());
}

#[test]
fn references_to_numbers_of_another_type_are_to_values() {
    let (info, fake) = framed("scopes_cpp.wasm");
    let at = in_function(&info, "entry");
    let refused = "! a reference to 'double' is none to 'int': reinterpret_cast reads its bytes";
    answers(
        &info,
        at,
        &fake,
        &[
            ("static_cast<const double &>(limit)", "double 5.0"),
            ("static_cast<double const &>(limit)", "double 5.0"),
            ("(const float &)limit", "float 5.0"),
            ("(double &&)limit", "double 5.0"),
            ("static_cast<const int &>(2.5)", "int 2"),
            ("static_cast<const long long &>(small)", "long long -2"),
            ("static_cast<const shop::Cents &>(small)", "Cents -2"),
            ("static_cast<double &>(limit)", refused),
            ("const_cast<double &>(limit)", refused),
            ("static_cast<int &>(limit)", "int 5"),
            ("&static_cast<const int &>(limit) == &limit", "bool true"),
            ("&static_cast<shop::Cents &>(cents) == &cents", "bool true"),
            // The types say nothing in these.
            ("(float &)limit", "float 7e-45"),
            ("reinterpret_cast<const float &>(limit)", "float 7e-45"),
            ("(shop::Cents &)cents", "Cents 7"),
        ],
    );
    assert!(
        info.condition_code("static_cast<const double &>(limit) == 5", at, 0, &words())
            .is_none()
    );
}

#[test]
fn bare_types_and_enumerators_of_cpp_are_those_of_the_scopes_around() {
    let (info, mut fake) = framed("scopes_cpp.wasm");
    let at = in_function(&info, "entry");
    answers(
        &info,
        at,
        &fake,
        &[
            ("(int)A", "int 7"),
            ("grade == C", "bool true"),
            ("(int)RED", "int 1"),
            ("(int)Painted::RED", "int 50"),
            ("(int)house::RED", "int 60"),
            ("(int)house::Color::RED", "int 60"),
            // Only in a class that the function does not lie in.
            ("(int)B", "! there is no variable 'B' here"),
            ("sizeof(Room)", "unsigned long 3"),
            ("sizeof(house::Room)", "unsigned long 12"),
            ("sizeof(Inner)", "unsigned long 2"),
            ("sizeof(Painted::Inner)", "unsigned long 7"),
            ("sizeof(room)", "unsigned long 3"),
        ],
    );
    answers(
        &info,
        in_function(&info, "house::enter"),
        &fake,
        &[
            ("(int)RED", "int 60"),
            ("color == RED", "bool true"),
            ("(int)GREEN", "int 2"),
            ("sizeof(Room)", "unsigned long 12"),
            ("sizeof(struct Room)", "unsigned long 12"),
            ("sizeof(room)", "unsigned long 12"),
            ("sizeof room", "unsigned long 12"),
            ("sizeof(Inner)", "unsigned long 2"),
        ],
    );
    let painted = info.evaluate("&painted", at, 0, &fake).unwrap().text;
    let painted = u32::from_str_radix(painted.trim_start_matches("0x"), 16).unwrap();
    let paint = in_function(&info, "Painted::paint");
    let slot = address(&info, paint, &fake, "this");
    fake.put_u32(slot, painted);
    answers(
        &info,
        paint,
        &fake,
        &[
            ("(int)RED", "int 50"),
            ("of == RED", "bool true"),
            ("(int)GREEN", "int 2"),
            ("sizeof(Inner)", "unsigned long 7"),
            ("sizeof(inner)", "unsigned long 7"),
        ],
    );
    let id = in_function(&info, "shop::Leaf::id");
    answers(&info, id, &fake, &[("(int)A", "int 4"), ("(int)C", "int 8")]);
}

#[test]
fn a_path_of_cpp_from_its_beginning_is_a_whole_one() {
    let (info, fake) = framed("scopes_cpp.wasm");
    answers(
        &info,
        in_function(&info, "house::enter"),
        &fake,
        &[
            ("shop::limit", "int 8"),
            ("::shop::limit", "int 6"),
            ("::house::shop::limit", "int 8"),
            ("::limit + 1", "int 6"),
            ("sizeof(::Room)", "unsigned long 3"),
            ("sizeof(::house::Room)", "unsigned long 12"),
            ("sizeof(::room)", "unsigned long 3"),
            ("(int)::RED", "int 1"),
            ("(int)::house::RED", "int 60"),
            ("((::Room *)&room)->room", "char [3] \"\""),
            ("::shop::total", "function shop::total"),
            ("::total", "! there is no variable '::total' here"),
            ("::deep::limit", "! there is no variable '::deep::limit' here"),
            ("::Other::count", "int 11"),
        ],
    );
    let total = in_function(&info, "shop::total");
    answers(&info, total, &fake, &[("limit", "int 6"), ("::limit", "int 5")]);
}
