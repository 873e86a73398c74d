//! Broken input: damaged sections give partial answers and a diagnostic, and every question comes back.

mod common;

use common::*;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stepwell_debuginfo::*;
use wasmparser::{Parser, Payload};

/// Asks every question there is; returns how many answers came.
fn ask_everything(info: &DebugInfo) -> usize {
    let mut fake = Fake::new(0x2000);
    for (index, byte) in fake.memory.iter_mut().enumerate() {
        *byte = (index * 7 % 251) as u8;
    }
    for index in 0..16 {
        fake.locals.insert(index, WasmValue::I32(0x1000));
        fake.globals.insert(index, WasmValue::I64(0x1000));
        fake.operands.insert(index, WasmValue::F64(0x4009_21fb_5444_2d18));
    }
    let mut answers = info.diagnostics().len() + info.units().len();
    for file in info.files().iter().take(8) {
        answers += info.files_matching(&file.path).len();
        for line in info.lines_with_code(file.id).into_iter().take(20) {
            answers += info
                .binding_from_line(file.id, line.saturating_sub(1))
                .map_or(0, |b| b.locations.len());
        }
    }
    for at in (0..0x4000).step_by(307).map(CodeOffset) {
        answers += usize::from(info.location_from_code_offset(at).is_some());
        answers += usize::from(info.is_statement_start(at)) + usize::from(info.prologue_end(at).is_some());
        answers += info.step_ranges(at).len();
        let frames = info.frames_at(at);
        assert!(!frames.is_empty(), "a frame at least");
        for depth in 0..frames.len().min(3) {
            answers += info.inline_ranges(at, depth).len();
            let variables = info.variables(at, depth, &fake);
            answers += grow(info, &fake, &variables, 2);
            for variable in variables.iter().take(4) {
                for path in ["", "->next", ".x", "[1]"] {
                    let text = format!("{}{path}", variable.name);
                    answers += usize::from(info.evaluate(&text, at, depth, &fake).is_ok());
                }
            }
        }
    }
    for at in [0x400, 0x900, 0x2000].map(CodeOffset) {
        answers += grow(info, &fake, &info.statics(at, &fake), 2);
    }
    for name in ["push", "main", "malloc", "func[3]", ""] {
        answers += info.functions_named(name).len();
    }
    answers
}

fn grow(info: &DebugInfo, fake: &Fake, nodes: &[ValueNode], depth: usize) -> usize {
    let mut count = nodes.len();
    for node in nodes.iter().take(12) {
        assert!(node.text.len() < 20_000, "a line is bounded: {}", node.name);
        if let (Some(expand), true) = (&node.expand, depth > 0) {
            count += grow(info, fake, &info.children(expand, fake), depth - 1);
        }
    }
    count
}

fn debug_sections(module: &[u8]) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        let Ok(Payload::CustomSection(section)) = payload else {
            continue;
        };
        if section.name().starts_with(".debug") || section.name() == "name" {
            let range = section.data_range();
            found.push((
                section.name().to_string(),
                range.start as usize..range.end as usize,
            ));
        }
    }
    found
}

fn check(name: &str, module: Vec<u8>) {
    let start = Instant::now();
    ask_everything(&DebugInfo::parse(Arc::from(module)));
    let took = start.elapsed();
    assert!(took < Duration::from_secs(20), "{name} took {took:?}");
}

/// Numbers without order that are the same in every run.
fn scatter(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6364136223846793005)
        .wrapping_add(1442695040888963407);
    *state >> 33
}

/// The sample that is damaged; `GUEST` names another.
fn module() -> Vec<u8> {
    bytes(&std::env::var("GUEST").unwrap_or("list/list.wasm".to_string()))
}

fn rounds() -> usize {
    std::env::var("ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(6)
}

#[test]
fn whole_sample_answers() {
    // The questions mean something: the undamaged module answers thousands of them.
    assert!(ask_everything(&DebugInfo::parse(Arc::from(module()))) > 1500);
}

#[test]
fn flipped_bytes() {
    let module = module();
    let sections = debug_sections(&module);
    assert!(sections.iter().any(|(name, _)| name == ".debug_info"));
    let mut state = 1;
    for round in 0..rounds() {
        for (name, range) in &sections {
            let mut damaged = module.clone();
            // One byte in the front part (headers), one anywhere, one that becomes large.
            let len = range.len() as u64;
            let front = range.start + (scatter(&mut state) % len.min(64)) as usize;
            let anywhere = range.start + (scatter(&mut state) % len) as usize;
            match round % 3 {
                0 => damaged[front] ^= 1 << (scatter(&mut state) % 8),
                1 => damaged[anywhere] = scatter(&mut state) as u8,
                _ => (damaged[front], damaged[anywhere]) = (0xff, 0xff),
            }
            check(&format!("{name} round {round}"), damaged);
        }
    }
}

#[test]
fn cut_short() {
    let module = module();
    let sections = debug_sections(&module);
    let mut state = 7;
    for round in 0..rounds() / 4 {
        for (name, range) in &sections {
            // The rest of the section is zeros, then 0xff, then the file ends there.
            let cut = range.start + (scatter(&mut state) % range.len() as u64) as usize;
            for fill in [0, 0xff] {
                let mut damaged = module.clone();
                damaged[cut..range.end].fill(fill);
                check(&format!("{name} filled with {fill} round {round}"), damaged);
            }
            check(&format!("{name} ends round {round}"), module[..cut].to_vec());
        }
    }
}

#[test]
fn committed_samples_say_what_is_broken() {
    for (path, section) in [
        ("broken/dwarf_abbrev.wasm", ".debug_info"),
        ("broken/dwarf_info.wasm", ".debug_info"),
        ("broken/dwarf_info_length.wasm", ".debug_info"),
        ("broken/dwarf_line.wasm", ".debug_line"),
        ("broken/dwarf_line_length.wasm", ".debug_line"),
        ("broken/truncated.wasm", "module"),
    ] {
        let info = parse(path);
        let diagnostics = info.diagnostics();
        assert!(
            diagnostics.iter().any(|diagnostic| diagnostic.section == section),
            "{path}: {diagnostics:?}"
        );
        ask_everything(&info);
    }
}

#[test]
fn what_is_not_a_module() {
    for bytes in [
        &b""[..],
        b"\0asm",
        b"\0asm\x01\0\0\0",
        b"\0asm\x0d\0\x01\0",
        b"hello",
        &[0xff; 100],
    ] {
        let info = DebugInfo::parse(Arc::from(bytes));
        assert!(!info.has_lines());
        assert_eq!(info.function_name(3), "func[3]");
        assert_eq!(info.frames_at(CodeOffset(5)).len(), 1);
        ask_everything(&info);
    }
}
