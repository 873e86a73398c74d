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

#[test]
fn arithmetic_is_that_of_clang() {
    let (info, fake, at) = at_rest("arithmetic.wasm");
    let source = String::from_utf8(own("arithmetic.c")).unwrap();
    let mut wrong = Vec::new();
    let mut checked = 0;
    for line in source.lines() {
        let Some(rest) = line.strip_prefix("CHECK(") else {
            continue;
        };
        let (name, text) = rest.strip_suffix(')').unwrap().split_once(", ").unwrap();
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
        let same = info.evaluate(&format!("{name} == ({text})"), at, 0, &fake);
        if !text.contains("(void *)") && same.map(|node| node.text).as_deref() != Ok("1") {
            wrong.push(format!("{name} == ({text}) is not true"));
        }
    }
    assert!(checked > 90, "{checked}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
