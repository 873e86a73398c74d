//! The line tables of modules that were written as text: every instruction's place, in texts of any shape.

use std::path::Path;
use std::sync::Arc;
use stepwell_engine::api::error_in_text;
use stepwell_engine::error::Error;
use stepwell_engine::module::{assemble, decode};
use wast::Wat;
use wast::core::{EncodeOptions, GenerateDwarf};
use wast::parser::{ParseBuffer, parse};

/// The places of functions' first and last instructions in the text, as its line table gives them.
fn places(bytes: Vec<u8>) -> Vec<[(usize, usize); 2]> {
    let bytes: Arc<[u8]> = bytes.into();
    let module = decode(bytes.clone()).expect("valid");
    let place = |offset: usize| {
        let error = Error::Invalid {
            message: String::new(),
            offset: offset as u64,
        };
        match error_in_text(error, &bytes) {
            Error::Text { line, column, .. } => (line, column),
            _ => (0, 0),
        }
    };
    let bodies = module.bodies.iter();
    // The last of an instruction of one byte, before `end`.
    bodies
        .map(|body| [place(body.first_op), place(body.range.end - 2)])
        .collect()
}

#[test]
fn every_instruction_has_its_line_and_column() {
    let text = "\n(module\r\n (func nop\n\n  (drop\n (i32.const 1))) ;; ü\n(;ü;)(func (;ü;)nop unreachable))";
    let bytes = assemble(text, Path::new("a.wat")).expect("text");
    let mut buffer = ParseBuffer::new(text).expect("tokens");
    buffer.track_instr_spans(true);
    let mut module = parse::<Wat<'_>>(&buffer).expect("a module");
    let on_the_text = EncodeOptions::new()
        .dwarf(Path::new("a.wat"), text, GenerateDwarf::Lines)
        .encode_wat(&mut module);
    assert_eq!(bytes, on_the_text.expect("resolved"));
    let places = places(bytes);
    assert_eq!(places, [[(3, 8), (5, 4)], [(7, 19), (7, 23)]]);
}

#[test]
fn long_lines_are_gone_through_once() {
    let begun = std::time::Instant::now();
    let nops = "nop ".repeat(100_000);
    let blank = " ".repeat(usize::from(u16::MAX));
    let text = format!("(module (func nop {nops}nop)\n(func nop {blank}{nops}nop)\n(func nop drop))");
    let text = text.replace("nop drop", "i32.const 1 drop");
    let places = places(assemble(&text, Path::new("a.wat")).expect("text"));
    // A row has no room for a column that is so far out: it is not said.
    let far = 0;
    assert_eq!(
        places,
        [[(1, 15), (1, far)], [(2, 7), (2, far)], [(3, 7), (3, 19)]]
    );
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn folded_instructions_do_not_lead_to_and_fro_for_ever() {
    let folded = |depth: usize| {
        let (open, close) = ("(i32.add\n".repeat(depth), "(i32.const 1))\n".repeat(depth));
        format!("(module (func (result i32)\n{open}(i32.const 1)\n{close}))")
    };
    let has_lines = |text: &str| {
        let bytes = assemble(text, Path::new("a.wat")).expect("text");
        bytes.windows(11).any(|window| window == b".debug_line")
    };
    assert!(has_lines(&folded(100)));
    let begun = std::time::Instant::now();
    assert!(!has_lines(&folded(40_000)));
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}
