//! Decoding: what a module becomes, and the words for what cannot become one.

use std::sync::Arc;
use stepwell_engine::error::Error;
use stepwell_engine::module::{
    ConstOp, ElementItem, ExportKind, Feature, Features, Module, SegmentMode, SpecVersion, decode,
    decode_with,
};
use stepwell_engine::types::{Val, ValType};

fn module(text: &str) -> Arc<Module> {
    decode(bytes(text)).expect("a valid module")
}

fn bytes(text: &str) -> Arc<[u8]> {
    wat::parse_str(text).expect("text that assembles").into()
}

fn refusal(bytes: Arc<[u8]>) -> Error {
    decode(bytes).expect_err("a module that is refused")
}

/// The words and offset of an `Unsupported`.
fn unsupported(text: &str) -> (String, u64) {
    match refusal(bytes(text)) {
        Error::Unsupported { what, offset } => (what, offset),
        other => panic!("{other}"),
    }
}

#[test]
fn all_parts_of_a_module() {
    let module = module(
        r#"(module $m
          (import "env" "f" (func $f (param i32 i64) (result f32)))
          (import "env" "t" (table 1 2 funcref))
          (import "env" "g" (global i32))
          (import "env" "m" (memory 1 3))
          (table $own 4 externref)
          (global $mutable (mut i64) (i64.add (i64.const 40) (i64.const 2)))
          (func $g (export "g") (param $p i32) (param i32) (local i32 f64) (local $last f64) nop)
          (func $h (result i32) i32.const 7)
          (start $s)
          (func $s)
          (elem (i32.const 0) $g $h)
          (elem declare func $s)
          (elem funcref (ref.null func) (ref.func $h))
          (data (global.get 0) "abc")
          (data "passive"))"#,
    );
    assert_eq!(module.types.len(), 4);
    assert_eq!((module.imported_funcs, module.func_types.len()), (1, 4));
    assert_eq!(module.func_type(0).to_string(), "(i32 i64) -> (f32)");
    assert!(module.body(0).is_none());
    let body = module.body(1).expect("a body");
    assert_eq!(body.locals, [(3, ValType::I32), (2, ValType::F64)]);
    assert_eq!(module.bytes[body.first_op], 0x01, "the first operator is nop");
    assert_eq!(module.func_at(body.first_op as u64), Some(1));
    assert_eq!(module.func_at(body.range.end as u64 - 1), Some(1));
    assert_eq!(module.func_at(0), None);
    assert_eq!((module.imported_tables, module.tables.len()), (1, 2));
    assert_eq!(
        (
            module.tables[0].min,
            module.tables[0].max,
            module.tables[1].element
        ),
        (1, Some(2), ValType::ExternRef)
    );
    assert_eq!(
        (
            module.imported_memories,
            module.memories[0].min,
            module.memories[0].max
        ),
        (1, 1, Some(3))
    );
    assert_eq!(module.imported_globals, 1);
    assert!(module.globals[1].mutable);
    let init = [
        ConstOp::Const(Val::I64(40)),
        ConstOp::Const(Val::I64(2)),
        ConstOp::I64Add,
    ];
    assert_eq!(module.global_inits, vec![init.to_vec()]);
    assert_eq!(
        module.export("g").map(|export| export.kind),
        Some(ExportKind::Func(1))
    );
    assert_eq!(module.start, Some(3));
    assert_eq!(
        module.elements[0].items,
        vec![ElementItem::Func(1), ElementItem::Func(2)]
    );
    assert!(matches!(module.elements[1].mode, SegmentMode::Declared));
    assert_eq!(module.elements[2].items[0], ElementItem::Null);
    assert!(
        matches!(&module.data[0].mode, SegmentMode::Active { index: 0, offset } if *offset == [ConstOp::GlobalGet(0)])
    );
    assert_eq!(&module.bytes[module.data[1].range.clone()], b"passive");
    let code = module.code.expect("a code section");
    let section = module
        .sections
        .iter()
        .find(|section| section.name == "code")
        .expect("listed");
    assert_eq!(
        (code.start.0 as usize, section.count),
        (section.range.start, Some(3))
    );
    assert_eq!(code.len_bytes as usize, section.range.len());
    assert_eq!(module.names.module.as_deref(), Some("m"));
    assert_eq!(module.names.funcs.get(&2).map(String::as_str), Some("h"));
    assert_eq!(module.names.locals.get(&(1, 4)).map(String::as_str), Some("last"));
    assert_eq!(module.names.globals.get(&1).map(String::as_str), Some("mutable"));
    assert!(
        module
            .sections
            .iter()
            .any(|section| section.custom && section.name == "name")
    );
}

#[test]
fn broken_bytes_keep_the_validators_words_and_offset() {
    let error = refusal(b"#!/bin/sh".as_slice().into()).to_string();
    assert!(
        error.contains("magic header not detected") && error.contains("0x0"),
        "{error}"
    );
    assert!(matches!(refusal(Arc::from([])), Error::Invalid { offset: 0, .. }));
    let whole = bytes("(module (func (result i32) i32.const 1))");
    for len in 0..whole.len() {
        // A cut right after a section can leave a module, but never a function without its body.
        if let Ok(module) = decode(whole[..len].into()) {
            assert!(
                module.bodies.is_empty() && module.func_types.is_empty(),
                "cut at {len}"
            );
        }
    }
    let wrong = bytes("(module (func (result i32) i64.const 1))");
    let Error::Invalid { message, offset } = refusal(wrong.clone()) else {
        panic!("not invalid")
    };
    assert!(
        message.contains("type mismatch: expected i32, found i64"),
        "{message}"
    );
    assert_eq!(offset, wrong.len() as u64 - 1, "of the `end`");
}

#[test]
fn what_is_not_supported_is_named_with_its_offset() {
    let (what, _) = unsupported("(component)");
    assert!(what.starts_with("a component, not a module: "), "{what}");
    let (what, offset) =
        unsupported("(module (memory 1 1 shared) (func (drop (i32.atomic.load (i32.const 0)))))");
    assert!(what.contains("threads") && offset > 8, "{what}");
    let (what, _) = unsupported("(module (type (struct)))");
    assert!(what.contains("gc"), "{what}");
}

#[test]
fn an_older_engine_names_what_it_does_not_have() {
    let module = bytes("(module (func return_call 0))");
    let refused = |bytes, features| match decode_with(bytes, features) {
        Err(Error::Unsupported { what, offset }) => (what, offset),
        other => panic!("{other:?}"),
    };
    let (what, offset) = refused(module.clone(), Features::of(SpecVersion::V2));
    assert_eq!(what, "return_call (tail-call), in func 0");
    assert_eq!(module[offset as usize], 0x12);
    for (text, feature) in [
        ("(module (memory i64 1))", "memory64"),
        ("(module (memory 1) (memory 1))", "memor"),
        ("(module (tag))", "exceptions"),
        ("(module (func (param (ref 0))))", "reference"),
        (
            "(module (func (drop (i8x16.relaxed_swizzle (v128.const i64x2 0 0) (v128.const i64x2 0 0)))))",
            "relaxed",
        ),
    ] {
        let (what, _) = refused(bytes(text), Features::of(SpecVersion::V2));
        assert!(what.contains(feature), "{text}: {what}");
    }
    let (what, _) = refused(
        bytes("(module (func (result i32 i32) i32.const 1 i32.const 2))"),
        Features::of(SpecVersion::V1),
    );
    assert!(what.contains("multi-value"), "{what}");
    let without_simd = Features::default().with(Feature::Simd, false);
    let (what, _) = refused(bytes("(module (func (param v128)))"), without_simd);
    assert!(what.contains("simd"), "{what}");
}

#[test]
fn simd_and_extended_constants_decode() {
    module("(module (func (result v128) (i8x16.splat (i32.const 1))))");
    module("(module (global i32 (i32.mul (i32.const 2) (i32.sub (i32.const 5) (i32.const 1)))))");
}

/// Appends a custom section called `name`.
fn with_names(content: &[u8]) -> Arc<[u8]> {
    let mut all = wat::parse_str("(module (func) (func))").expect("text that assembles");
    all.extend([0, content.len() as u8 + 5, 4]);
    all.extend(b"name");
    all.extend(content);
    all.into()
}

#[test]
fn broken_names_never_fail_a_module() {
    // Functions 1 and 0, out of order, then a subsection cut short.
    let module = decode(with_names(&[1, 7, 2, 1, 1, b'b', 0, 1, b'a', 2, 99, 1])).expect("a valid module");
    assert_eq!(module.names.funcs.in_order(), [(0, "a"), (1, "b")]);
    // A name that is not UTF-8 ends its map; the next subsection is still read.
    let module = decode(with_names(&[
        1, 7, 2, 0, 1, b'a', 1, 1, 0xff, 7, 4, 1, 0, 1, b'g',
    ]))
    .expect("a valid module");
    assert_eq!(module.names.funcs.in_order(), [(0, "a")]);
    assert_eq!(module.names.globals.in_order(), [(0, "g")]);
    for len in 0..20 {
        decode(with_names(&vec![0xff; len])).expect("garbage for names");
    }
}

trait Sorted {
    fn in_order(&self) -> Vec<(u32, &str)>;
}

impl Sorted for std::collections::BTreeMap<u32, String> {
    fn in_order(&self) -> Vec<(u32, &str)> {
        self.iter().map(|(index, name)| (*index, name.as_str())).collect()
    }
}
