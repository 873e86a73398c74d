//! Places of variables in forms that samples have by chance only: pieces of which some are lost, bits, pointers without an
//! address, arithmetic of 64 bits, values
//! that an old version has no mark for.

#[path = "../fuzz/src/lib.rs"]
#[allow(dead_code, unused_imports)]
mod fuzz;

use fuzz::{Kind, module, module_of};
use stepwell_debuginfo::{Availability, CodeOffset, DebugInfo, Target, ValueNode, WasmValue};

/// Locals 0, an address; 1, 7; 2, -5; 3, 64 bits. Memory is empty but for a 9 at 0x20.
struct Frame;

impl Target for Frame {
    fn read_memory(&self, address: u64, out: &mut [u8]) -> bool {
        for (at, byte) in (address..).zip(out.iter_mut()) {
            *byte = if at == 0x20 { 9 } else { 0 };
        }
        address + (out.len() as u64) < 0x1000
    }

    fn local(&self, index: u32) -> Option<WasmValue> {
        let locals = [
            WasmValue::I32(0x10),
            WasmValue::I32(7),
            WasmValue::I32(-5i32 as u32),
            WasmValue::I64(1 << 40),
        ];
        locals.get(index as usize).copied()
    }

    fn global(&self, _: u32) -> Option<WasmValue> {
        None
    }

    fn operand(&self, _: u32) -> Option<WasmValue> {
        None
    }

    fn table_function(&self, _: u64) -> Option<u32> {
        None
    }
}

fn only((info, at, _): &(DebugInfo, CodeOffset, Vec<u32>)) -> ValueNode {
    let mut variables = info.variables(*at, 0, &Frame);
    assert_eq!(variables.len(), 1);
    variables.remove(0)
}

/// A variable with this place.
fn shown(kind: Kind, expression: &[u8]) -> String {
    let module = module(&[(b'v', kind, expression)]);
    let node = only(&module);
    assert_eq!(
        module.0.evaluate("v", module.1, 0, &Frame).map(|node| node.text),
        Ok(node.text.clone())
    );
    node.text
}

/// Pieces of the record, each with its bytes.
const SEVEN: [u8; 4] = [0xed, 0, 1, 0x9f];

#[test]
fn members_that_were_kept_are_shown() {
    // a in a local, b lost, c a constant.
    let expression = [&SEVEN[..], &[0x93, 4, 0x93, 8, 0x33, 0x9f, 0x93, 4]].concat();
    let (info, at, _) = module(&[(b'v', Kind::Record, &expression)]);
    let node = only(&(info, at, Vec::new()));
    assert_eq!(node.text, "{a = 7, b = optimized out, c = 3}");
    assert_eq!(node.availability, Availability::Available);
    let (info, at, _) = module(&[(b'v', Kind::Record, &expression)]);
    let children = info.children(&node.expand.expect("members"), &Frame);
    let states: Vec<(&str, bool)> = (children.iter())
        .map(|child| (child.text.as_str(), child.availability == Availability::Available))
        .collect();
    assert_eq!(states, [("7", true), ("optimized out", false), ("3", true)]);
    let value = |text: &str| info.evaluate(text, at, 0, &Frame).map(|node| node.text);
    assert_eq!(value("v.a + v.c"), Ok("10".to_string()));
    assert_eq!(value("v.a + v.b"), Ok("optimized out: v.b".to_string()));
}

#[test]
fn what_no_piece_covers_is_lost() {
    assert_eq!(
        shown(Kind::Record, &[&SEVEN[..], &[0x93, 4]].concat()),
        "{a = 7, b = optimized out, c = optimized out}"
    );
    // 32 bits of a local are no 64 bits.
    assert_eq!(
        shown(Kind::LongLong, &[&SEVEN[..], &[0x93, 8]].concat()),
        "optimized out"
    );
    assert_eq!(shown(Kind::Record, &[0x93, 16]), "optimized out");
    // What one piece is in does not exist: the rest does.
    let global = [0xed, 1, 0, 0x9f, 0x93, 12];
    let found = shown(Kind::Record, &[&global[..], &SEVEN, &[0x93, 4]].concat());
    assert_eq!(found, "{a = optimized out, b = optimized out, c = 7}");
}

#[test]
fn pieces_of_bits() {
    // Four bits of 7, four from the fifth of a byte in memory (9 at 0x20), the rest zeros of a constant.
    let memory = [0x08, 0x20, 0x9d, 4, 0];
    let expression = [&SEVEN[..], &[0x9d, 4, 0], &memory, &[0x30, 0x9f, 0x9d, 24, 0]].concat();
    assert_eq!(shown(Kind::Int, &expression), (0x97).to_string());
}

#[test]
fn pointers_without_an_address_are_followed() {
    let pointer = |to: u32| [&[0xa0][..], &to.to_le_bytes(), &[0]].concat();
    let target: &[u8] = &SEVEN;
    let places = module(&[(b't', Kind::Int, target), (b'p', Kind::Pointer, &pointer(0))]).2;
    let (info, at, _) = module(&[
        (b't', Kind::Int, target),
        (b'p', Kind::Pointer, &pointer(places[0])),
    ]);
    let variables = info.variables(at, 0, &Frame);
    assert_eq!(variables[1].text, "-> 7");
    let children = info.children(variables[1].expand.as_ref().expect("its target"), &Frame);
    assert_eq!(children[0].text, "7");
    let value = |text: &str| info.evaluate(text, at, 0, &Frame).map(|node| node.text);
    assert_eq!(value("*p + 1"), Ok("8".to_string()));
    assert!(value("p + 1").unwrap().contains("optimized out"));
    // Of what lies in memory the address is known.
    let in_memory: &[u8] = &[0x08, 0x20];
    let (info, at, _) = module(&[
        (b't', Kind::Int, in_memory),
        (b'p', Kind::Pointer, &pointer(places[0])),
    ]);
    let variables = info.variables(at, 0, &Frame);
    assert_eq!(variables[1].text, "0x20");
    // Members are read behind one, too.
    let record = [&SEVEN[..], &[0x93, 4]].concat();
    let (info, at, _) = module(&[
        (b't', Kind::Record, &record),
        (b'r', Kind::Reference, &pointer(places[0])),
    ]);
    let value = |text: &str| info.evaluate(text, at, 0, &Frame).map(|node| node.text);
    assert_eq!(value("r.a + 1"), Ok("8".to_string()));
    assert_eq!(value("r.c"), Ok("optimized out".to_string()));
    // One that leads to itself ends.
    let own = module(&[(b'p', Kind::Pointer, &pointer(0))]).2;
    let text = shown(Kind::Pointer, &pointer(own[0]));
    assert!(text.starts_with("not supported"), "{text}");
}

#[test]
fn arithmetic_is_as_wide_as_the_value() {
    // A sign is extended from 32 to 64 bits: x | (x >> 31) * ~0 << 32.
    let negative = [0xed, 0, 2];
    let extend = [0x12, 0x10, 31, 0x25, 0x30, 0x20, 0x1e, 0x10, 32, 0x24, 0x21, 0x9f];
    assert_eq!(shown(Kind::LongLong, &[&negative[..], &extend].concat()), "-5");
    // Of 32 bits the sign is where 32 bits have it: x >> 1.
    assert_eq!(
        shown(Kind::Int, &[&negative[..], &[0x31, 0x26, 0x9f]].concat()),
        "-3"
    );
    // A local of 64 bits and a constant.
    let sum = [0xed, 0, 3, 0x23, 2, 0x9f];
    assert_eq!(shown(Kind::LongLong, &sum), ((1u64 << 40) + 2).to_string());
    let subtracted = [0xed, 0, 3, 0x31, 0x1c, 0x9f];
    assert_eq!(shown(Kind::LongLong, &subtracted), ((1u64 << 40) - 1).to_string());
    // Pieces count each for themselves.
    let whole = [
        &negative[..],
        &[0x31, 0x26, 0x9f, 0x93, 4],
        &[0x93, 8],
        &negative,
        &[0x31, 0x26, 0x9f, 0x93, 4],
    ];
    assert_eq!(
        shown(Kind::Record, &whole.concat()),
        "{a = -3, b = optimized out, c = -3}"
    );
}

#[test]
fn before_dwarf_4_the_type_says_what_a_number_is() {
    let shown = |version: u8, kind: Kind, expression: &[u8]| {
        let module = module_of(version, &[(b'v', kind, expression)]);
        let node = only(&module);
        let evaluated = module.0.evaluate("v", module.1, 0, &Frame);
        if node.availability == Availability::Available {
            assert_eq!(evaluated.map(|node| node.text), Ok(node.text.clone()));
        }
        node.text
    };
    let local = |index: u8| [0xed, 0, index];
    let unclear = "not supported: DWARF 3 does not say whether this is its place or its value";
    for version in [2, 3] {
        assert_eq!(shown(version, Kind::Int, &local(1)), "7");
        assert_eq!(
            shown(version, Kind::LongLong, &local(3)),
            (1u64 << 40).to_string()
        );
        assert_eq!(shown(version, Kind::Pointer, &local(0)), "0x10");
        // Constants, with the sign they have.
        assert_eq!(shown(version, Kind::Int, &[0x08, 0x20]), "32");
        assert_eq!(shown(version, Kind::LongLong, &[0x11, 0x7b]), "-5");
        // No local holds a record of 16 bytes; this is where it lies, and so is what the frame says.
        assert_eq!(shown(version, Kind::Record, &local(0)), "{a = 0, b = 0.0, c = 0}");
        assert_eq!(shown(version, Kind::Int, &[0x91, 0x10]), "9");
        assert_eq!(shown(version, Kind::Int, &[0x03, 0x20, 0, 0, 0]), "9");
        // Who marks it all the same is believed.
        assert_eq!(shown(version, Kind::Int, &SEVEN), "7");
    }
    // A sum may be the number or its place, and a piece may be in a slot or where it says.
    assert_eq!(shown(3, Kind::Int, &[0xed, 0, 0, 0x23, 0x10]), unclear);
    assert_eq!(shown(4, Kind::Int, &[0xed, 0, 0, 0x23, 0x10]), "9");
    let piece = [&local(1)[..], &[0x93, 4]].concat();
    assert_eq!(shown(3, Kind::Int, &piece), unclear);
    assert_eq!(shown(4, Kind::Int, &local(0)), "0");
    // More than a slot holds.
    assert_eq!(shown(3, Kind::Record, &[0x08, 0x20]), unclear);
}
