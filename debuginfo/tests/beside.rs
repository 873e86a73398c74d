//! Debug info that does not lie in the module's own DWARF sections, as compilers wrote it: split parts, a package,
//! a container of its own, source maps, type units, embedded sources.

mod common;

use common::*;
use std::sync::Arc;
use stepwell_debuginfo::*;

/// Reads a module of the folder `beside`, with those of its side files that `names` allows.
fn read(module: &str, names: &[&str]) -> DebugInfo {
    let bytes = own(&format!("beside/{module}"));
    DebugInfo::parse_with(Arc::from(bytes), &|wanted| {
        let candidates = wanted.candidates(std::path::Path::new(module));
        let found = candidates.iter().find_map(|path| {
            let name = path.to_str()?;
            names.contains(&name).then(|| own(&format!("beside/{name}")))
        })?;
        Some(Arc::from(found))
    })
}

fn kinds(info: &DebugInfo) -> Vec<FindingKind> {
    info.findings().into_iter().map(|finding| finding.kind).collect()
}

/// A frame of a -O0 function: the frame base at 0x400, and what lies around it.
fn frame() -> Fake {
    let mut fake = Fake::new(0x1000);
    for local in 0..12 {
        fake.locals.insert(local, WasmValue::I32(0x400));
    }
    fake.globals.insert(0, WasmValue::I32(0x400));
    fake
}

fn check_split(info: &DebugInfo, version: u16) {
    assert_eq!(kinds(info), [], "{:?}", info.findings());
    let units = info.units();
    assert_eq!(units.len(), 2, "{units:?}");
    assert_eq!(units[0].name, "pair.c");
    assert_eq!(units[0].directory, "/build");
    assert_eq!(units[0].version, version);
    assert_eq!(units[0].functions, 2);
    let at = stop(info, "pair.c", 23);
    let mut fake = frame();
    // n, p = {7, 8}, h = &one at 0x800.
    fake.put_u32(0x40c, 7);
    fake.put_u32(0x404, 7);
    fake.put_u32(0x408, 8);
    fake.put_u32(0x400, 0x800);
    fake.put_u32(0x800, 42);
    fake.put_u32(0x804, 0x900);
    fake.put(0x900, b"one\0");
    let shown = show(info, &fake, &info.variables(at, 0, &fake), 2);
    assert!(shown.contains("n: int = 7 [Parameter]"), "{shown}");
    assert!(shown.contains("left: int = 7"), "{shown}");
    // The type of `h` is described in the other unit only.
    assert!(shown.contains("secret: int = 42"), "{shown}");
    assert!(shown.contains("\"one\""), "{shown}");
    assert_eq!(info.functions_named("twice").len(), 1);
}

#[test]
fn split_parts_in_files_of_their_own() {
    check_split(&read("split4.wasm", &["pair4.dwo", "hidden4.dwo"]), 4);
    check_split(&read("split5.wasm", &["pair5.dwo", "hidden5.dwo"]), 5);
}

#[test]
fn split_parts_in_a_package() {
    check_split(&read("split4.wasm", &["split4.dwp"]), 4);
    check_split(&read("split5.wasm", &["split5.dwp"]), 5);
}

#[test]
fn a_part_of_another_build_is_not_used() {
    // The parts in exchange: each has another number than its skeleton asks for.
    let info = DebugInfo::parse_with(Arc::from(own("beside/split5.wasm")), &|wanted| match wanted {
        SideFile::Split { name, .. } if name == "pair5.dwo" => Some(Arc::from(own("beside/hidden5.dwo"))),
        _ => None,
    });
    assert!(
        kinds(&info).contains(&FindingKind::PartMissing),
        "{:?}",
        info.findings()
    );
    assert!(
        kinds(&info).contains(&FindingKind::Broken),
        "{:?}",
        info.findings()
    );
    let at = stop(&info, "pair.c", 23);
    assert!(info.variables(at, 0, &frame()).is_empty());
}

#[test]
fn one_of_two_parts_is_missing() {
    let info = read("split5.wasm", &["pair5.dwo"]);
    assert_eq!(kinds(&info), [FindingKind::PartMissing]);
    let shown = info.units();
    assert_eq!(shown.len(), 2);
    assert!(
        shown
            .iter()
            .any(|unit| unit.missing_part.as_deref() == Some("hidden5.dwo"))
    );
    // What is only declared stays closed.
    let at = stop(&info, "pair.c", 23);
    let variables = info.variables(at, 0, &frame());
    let hidden = variables.iter().find(|node| node.name == "h").unwrap();
    let inside = hidden
        .expand
        .as_ref()
        .map_or(vec![], |value| info.children(value, &frame()));
    assert!(inside.iter().all(|node| node.name != "secret"), "{inside:?}");
}

/// Custom sections with a name that `keep` likes, behind a module header; and the rest of the module.
fn torn(module: &[u8], debug: impl Fn(&str) -> bool) -> (Vec<u8>, Vec<u8>) {
    let (mut taken, mut left) = (module[..8].to_vec(), module[..8].to_vec());
    let mut end = 8;
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        let payload = payload.unwrap();
        let Some((_, range)) = payload.as_section() else {
            continue;
        };
        let section = &module[end..range.end as usize];
        end = range.end as usize;
        match &payload {
            wasmparser::Payload::CustomSection(custom) if debug(custom.name()) => taken.extend(section),
            _ => left.extend(section),
        }
    }
    (taken, left)
}

fn custom(name: &str, content: &[u8]) -> Vec<u8> {
    let mut section = vec![0, (2 + name.len() + content.len()) as u8, name.len() as u8];
    section.extend(name.as_bytes());
    section.push(content.len() as u8);
    section.extend(content);
    section
}

#[test]
fn debug_info_in_a_container_of_its_own() {
    let whole = own("types5.wasm");
    let (mut debug, mut module) = torn(&whole, |name| name.starts_with(".debug"));
    module.extend(custom("external_debug_info", b"types.debug.wasm"));
    let parse = |module: &[u8], debug: Option<&[u8]>| {
        DebugInfo::parse_with(Arc::from(module), &|wanted| match wanted {
            SideFile::External { path } if path == "types.debug.wasm" => debug.map(Arc::from),
            _ => None,
        })
    };
    let info = parse(&module, Some(&debug));
    assert_eq!(kinds(&info), kinds(&DebugInfo::parse(Arc::from(whole))));
    assert!(info.has_lines());
    assert!(info.units()[0].functions > 0);
    assert_eq!(kinds(&parse(&module, None)), [FindingKind::ExternalMissing]);
    // The same number in both is the same build; another is another.
    module.extend(custom("build_id", b"build one"));
    let mut other = debug.clone();
    debug.extend(custom("build_id", b"build one"));
    other.extend(custom("build_id", b"build two"));
    assert!(parse(&module, Some(&debug)).has_lines());
    let foreign = parse(&module, Some(&other));
    assert!(!foreign.has_lines());
    assert_eq!(kinds(&foreign), [FindingKind::ExternalForeign]);
    assert!(foreign.findings()[0].message.contains("build_id"));
    let empty = parse(&module, Some(b"no container"));
    assert_eq!(kinds(&empty), [FindingKind::ExternalForeign]);
}

#[test]
fn code_of_another_size_is_another_build() {
    let whole = own("types5.wasm");
    let (_, mut module) = torn(&whole, |name| name.starts_with(".debug"));
    module.extend(custom("external_debug_info", b"x"));
    // The debug file repeats all sections of the module, but of another module.
    let other = own("types4.wasm");
    let of = |debug: Vec<u8>| {
        DebugInfo::parse_with(Arc::from(module.clone()), &|_| Some(Arc::from(debug.clone())))
    };
    assert!(of(whole.clone()).has_lines());
    let same_code = of(other.clone()).has_lines();
    let len = |module: &[u8]| {
        wasmparser::Parser::new(0)
            .parse_all(module)
            .find_map(|payload| match payload {
                Ok(wasmparser::Payload::CodeSectionStart { size, .. }) => Some(size),
                _ => None,
            })
    };
    assert_eq!(same_code, len(&whole) == len(&other));
    assert!(!of(own("beside/split5.wasm")).has_lines());
}

#[test]
fn lines_of_assemblyscript() {
    let info = read("sum.wasm", &["sum.wasm.map"]);
    assert_eq!(kinds(&info), [FindingKind::SourceMap]);
    let id = file(&info, "sum.ts");
    assert_eq!(info.lines_with_code(id), [3, 7, 8, 9, 11]);
    let binding = info.binding_from_line(id, 9).unwrap();
    assert_eq!(
        info.location_from_code_offset(binding.locations[0]).unwrap().line,
        9
    );
    let square = info.functions_named("square");
    assert_eq!(
        info.location_from_code_offset(square[0].stop_at.unwrap())
            .unwrap()
            .line,
        3
    );
    let text = info.embedded_source(id).unwrap();
    assert!(text.lines().nth(2).unwrap().contains("return value * value"));
    assert_eq!(kinds(&read("sum.wasm", &[])), [FindingKind::SourceMapMissing]);
}

#[test]
fn lines_of_wasm_text() {
    let info = read("add.wasm", &[]);
    let id = file(&info, "add.wat");
    assert_eq!(info.lines_with_code(id), [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    let at = stop(&info, "add.wat", 8);
    let mut fake = frame();
    for (local, value) in [(0, 5), (1, 3), (2, 9)] {
        fake.locals.insert(local, WasmValue::I32(value));
    }
    let shown = show(&info, &fake, &info.variables(at, 0, &fake), 0);
    assert!(
        shown.contains("= 5") && shown.contains("= 3") && shown.contains("= 9"),
        "{shown}"
    );
}

#[test]
fn types_in_type_units() {
    for (module, version) in [("signature4.wasm", 4), ("signature5.wasm", 5)] {
        let info = read(module, &[]);
        assert_eq!(kinds(&info), [], "{:?}", info.findings());
        assert_eq!(info.units().len(), 1, "type units are no units of the source");
        assert_eq!(info.units()[0].version, version);
        let at = stop(&info, "shapes.cpp", 16);
        let mut fake = frame();
        fake.put_u32(0x404, 3);
        fake.put_u32(0x408, 6);
        let shown = show(&info, &fake, &info.variables(at, 0, &fake), 1);
        assert!(shown.contains("point: geometry::Point"), "{module}: {shown}");
        assert!(
            shown.contains("x: int = 3") && shown.contains("y: int = 6"),
            "{module}: {shown}"
        );
    }
}

#[test]
fn sources_in_the_line_table() {
    let info = read("embedded.wasm", &[]);
    let id = file(&info, "shapes.cpp");
    let recorded = &info.files()[id.0 as usize];
    assert!(recorded.embedded);
    let text = info.embedded_source(id).unwrap();
    assert_eq!(text.into_bytes(), own("beside/shapes.cpp"));
    assert!(!read("signature5.wasm", &[]).files()[0].embedded);
    assert!(read("signature5.wasm", &[]).files()[0].md5.is_some());
}

#[test]
fn rare_forms_of_locations() {
    let info = read("forms.wasm", &[]);
    let at = stop(&info, "forms.c", 9);
    let mut fake = frame();
    fake.locals.insert(0, WasmValue::I32(0x1122_3344));
    // The frame base is local 4; `pieces` has its upper half at offset 24.
    fake.put_u32(0x418, 1);
    let variables = info.variables(at, 0, &fake);
    let of = |name: &str| {
        let node = variables.iter().find(|node| node.name == name).unwrap();
        (node.availability.clone(), node.text.clone())
    };
    let value = |value: i64| (Availability::Available, value.to_string());
    assert_eq!(of("entry_kept"), value(0x1122_3344));
    assert_eq!(of("implicit_value"), value(0x1234_5678));
    assert_eq!(of("pieces"), value(0x1_1122_3344));
    assert_eq!(of("called"), value(0x1122_3344));
    for (name, why) in [
        ("entry_lost", "gone"),
        ("implicit_pointer", "optimized out"),
        ("thread", "__tls_base"),
    ] {
        let (availability, text) = of(name);
        assert!(
            matches!(availability, Availability::Unsupported(_)),
            "{name}: {text}"
        );
        assert!(text.contains(why), "{name}: {text}");
    }
}

#[test]
fn variables_of_a_thread() {
    let info = read("thread.wasm", &[]);
    let at = stop(&info, "thread.c", 5);
    let mut fake = frame();
    fake.globals.insert(1, WasmValue::I32(0x600));
    fake.put_u32(0x600, 5);
    fake.put_u32(0x604, 77);
    let shown = show(&info, &fake, &info.statics(at, &fake), 0);
    assert!(shown.contains("counter: int = 5 [Static]"), "{shown}");
    assert!(shown.contains("zero: int = 77 [Static]"), "{shown}");
}

#[test]
fn variables_that_an_inlined_call_lost_are_listed() {
    let info = read("lost.wasm", &[]);
    let at = (0..0x100)
        .map(CodeOffset)
        .find(|&at| info.frames_at(at).len() == 2)
        .expect("an inlined call");
    let variables = info.variables(at, 0, &frame());
    let names: Vec<&str> = variables.iter().map(|node| node.name.as_str()).collect();
    // In the order of the source; what has a copy stands once.
    assert_eq!(names, ["a", "unused", "b", "twice", "dead", "i"]);
    for name in ["unused", "dead", "i"] {
        let node = variables.iter().find(|node| node.name == name).unwrap();
        assert_eq!(node.availability, Availability::OptimizedOut, "{name}");
    }
    assert_eq!(variables[1].kind, Some(VariableKind::Parameter));
}

#[test]
fn line_tables_alone_are_said_to_be_that() {
    let info = read("only.wasm", &[]);
    assert!(info.has_lines());
    assert_eq!(kinds(&info), [FindingKind::LinesOnly], "{:?}", info.findings());
    assert!(info.findings()[0].advice.contains("-gline-tables-only"));
    assert!(info.units()[0].contents().ends_with("lines, no variables"));
}

#[test]
fn rows_between_instructions_are_said_to_be_of_rewritten_code() {
    let module = own("types4.wasm");
    assert!(!kinds(&DebugInfo::parse(Arc::from(module.clone()))).contains(&FindingKind::Rewritten));
    // Lines one byte further, as if a tool had made an operand longer: they no longer begin where operators do.
    let mut rewritten = module.clone();
    let set_address = [0, 5, 2];
    let mut moved = 0;
    for at in 0..module.len() - 3 {
        if module[at..at + 3] == set_address {
            rewritten[at + 3] += 1;
            moved += 1;
        }
    }
    assert!(moved > 0);
    let info = DebugInfo::parse(Arc::from(rewritten));
    assert!(
        kinds(&info).contains(&FindingKind::Rewritten),
        "{:?}",
        info.findings()
    );
}

#[test]
fn jobs_of_the_index_can_be_done_in_any_order() {
    let module: Arc<[u8]> = Arc::from(bytes("shapes/shapes.wasm"));
    let whole = DebugInfo::parse(module.clone());
    let indexing = Indexing::start(module, &|_| None);
    assert!(indexing.jobs() > 8);
    let parts = (0..indexing.jobs()).rev().map(|job| indexing.run(job)).collect();
    let info = indexing.finish(parts);
    assert_eq!(info.files(), whole.files());
    assert_eq!(info.units(), whole.units());
    assert_eq!(info.findings(), whole.findings());
    for func in 0..whole.function_count() {
        assert_eq!(info.function_name(func), whole.function_name(func));
    }
    for at in (0..0x20000).step_by(0x91).map(CodeOffset) {
        assert_eq!(
            info.location_from_code_offset(at),
            whole.location_from_code_offset(at)
        );
        assert_eq!(info.frames_at(at), whole.frames_at(at));
    }
}

#[test]
fn go_is_said_to_write_none() {
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    let producers = b"\x01\x08language\x01\x02Go\x08go1.27.3";
    module.extend([0, (1 + 9 + producers.len()) as u8, 9]);
    module.extend(b"producers");
    module.extend(producers);
    let info = DebugInfo::parse(Arc::from(module));
    assert_eq!(kinds(&info), [FindingKind::Go]);
    assert!(info.findings()[0].advice.contains("TinyGo"));
}
