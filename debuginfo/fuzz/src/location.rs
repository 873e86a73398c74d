//! DWARF expressions as the places of variables of several types, in a frame that lies.

use super::common::Fake;
use super::common::questions::ask_frame;
use super::framed::{framed, length};
use std::sync::{Arc, OnceLock};
use stepwell_debuginfo::{CodeOffset, DebugInfo, WasmValue};

const MODULE: &[u8] = include_bytes!("../../tests/guests/beside/forms.wasm");
/// The types that variables may have.
#[derive(Clone, Copy)]
pub enum Kind {
    Int,
    LongLong,
    Double,
    LongDouble,
    /// `{ int a; double b at 4; int c at 12; }`
    Record,
    /// To `Int`.
    Pointer,
    /// To `Record`.
    Reference,
}

/// Where the function of the module stops first.
fn function() -> CodeOffset {
    static FUNCTION: OnceLock<CodeOffset> = OnceLock::new();
    *FUNCTION.get_or_init(|| {
        let info = DebugInfo::parse(Arc::from(MODULE));
        let found = info.functions_named("forms");
        found
            .first()
            .and_then(|found| found.stop_at)
            .expect("its function")
    })
}

/// A module with one function whose variables are where these expressions say, and where it stops; the places of the
/// variables in the unit, for expressions that name others.
pub fn module(variables: &[(u8, Kind, &[u8])]) -> (DebugInfo, CodeOffset, Vec<u32>) {
    module_of(4, variables)
}

/// The same in a unit of this version.
pub fn module_of(version: u8, variables: &[(u8, Kind, &[u8])]) -> (DebugInfo, CodeOffset, Vec<u32>) {
    let at = function();
    let (sections, places) = sections(version, variables, at);
    let module = framed(MODULE, &sections, &[".debug_info", ".debug_abbrev"]);
    (DebugInfo::parse(Arc::from(module)), at, places)
}

/// The input: the length of the expression, the expression, then the frame.
pub fn location(data: &[u8]) {
    let Some((&len, rest)) = data.split_first() else {
        return;
    };
    let (expression, memory) = rest.split_at(rest.len().min(usize::from(len)));
    let (info, at, _) = module(&[
        (b'u', Kind::Int, expression),
        (b'v', Kind::LongLong, expression),
        (b'w', Kind::Record, expression),
        (b'x', Kind::Pointer, expression),
        (b'y', Kind::LongDouble, expression),
        (b'z', Kind::Reference, expression),
        (b'd', Kind::Double, expression),
    ]);
    let mut fake = Fake::new(0x1000);
    for (index, byte) in fake.memory.iter_mut().enumerate() {
        *byte = memory.get(index % memory.len().max(1)).copied().unwrap_or(0);
    }
    let mut words = memory.chunks(8).map(|chunk| {
        let mut wide = [0; 8];
        wide[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(wide)
    });
    for index in 0..4 {
        let mut word = || words.next().unwrap_or(0x100);
        fake.locals.insert(index, WasmValue::I32(word() as u32));
        fake.globals.insert(index, WasmValue::I64(word()));
        fake.operands.insert(index, WasmValue::F64(word()));
    }
    fake.operands.insert(1, WasmValue::V128(0x1234));
    fake.operands.insert(2, WasmValue::NullRef);
    ask_frame(&info, at, 0, &fake);
}

/// Its unit and abbreviations, and the places of the variables.
fn sections(version: u8, variables: &[(u8, Kind, &[u8])], at: CodeOffset) -> (Vec<u8>, Vec<u32>) {
    let abbreviations: [&[u8]; 7] = [
        // Unit: language.
        &[1, 0x11, 1, 0x13, 0x0b, 0, 0],
        // Function: from, length, frame base.
        &[2, 0x2e, 1, 0x03, 0x08, 0x11, 0x01, 0x12, 0x06, 0x40, 0x18, 0, 0],
        // Variable: name, type, place.
        &[3, 0x34, 0, 0x03, 0x08, 0x49, 0x13, 0x02, 0x18, 0, 0],
        // Base type: name, size, encoding.
        &[4, 0x24, 0, 0x03, 0x08, 0x0b, 0x0b, 0x3e, 0x0b, 0, 0],
        // Record: name, size.
        &[5, 0x13, 1, 0x03, 0x08, 0x0b, 0x0b, 0, 0],
        // Member: name, type, offset.
        &[6, 0x0d, 0, 0x03, 0x08, 0x49, 0x13, 0x38, 0x0b, 0, 0],
        // Pointer; reference.
        &[7, 0x0f, 0, 0x49, 0x13, 0, 0, 8, 0x10, 0, 0x49, 0x13, 0, 0, 0],
    ];
    let mut info = vec![version, 0, 0, 0, 0, 0, 4, 1, 0x0c];
    // The length of the unit stands before these bytes.
    let place = |info: &Vec<u8>| info.len() as u32 + 4;
    let mut types = [0u32; 7];
    for (kind, name, size, encoding) in [
        (Kind::Int, b'i', 4, 5),
        (Kind::LongLong, b'l', 8, 5),
        (Kind::Double, b'd', 8, 4),
        (Kind::LongDouble, b'D', 16, 4),
    ] {
        types[kind as usize] = place(&info);
        info.extend([4, name, 0, size, encoding]);
    }
    types[Kind::Record as usize] = place(&info);
    info.extend([5, b'R', 0, 16]);
    for (name, kind, offset) in [
        (b'a', Kind::Int, 0),
        (b'b', Kind::Double, 4),
        (b'c', Kind::Int, 12),
    ] {
        info.extend([6, name, 0]);
        info.extend(types[kind as usize].to_le_bytes());
        info.push(offset);
    }
    info.push(0);
    for (kind, to, code) in [(Kind::Pointer, Kind::Int, 7), (Kind::Reference, Kind::Record, 8)] {
        types[kind as usize] = place(&info);
        info.push(code);
        info.extend(types[to as usize].to_le_bytes());
    }
    info.extend([2, b'f', 0]);
    info.extend((at.0 as u32).to_le_bytes());
    info.extend(8u32.to_le_bytes());
    info.extend([4, 0xed, 0x00, 0x00, 0x9f]);
    let mut places = Vec::new();
    for &(name, kind, expression) in variables {
        places.push(place(&info));
        info.extend([3, name, 0]);
        info.extend(types[kind as usize].to_le_bytes());
        length(&mut info, expression.len());
        info.extend(expression);
    }
    info.extend([0, 0]);
    let mut out = b"\xf5\xf6.debug_abbrev\n".to_vec();
    out.extend(abbreviations.concat());
    out.extend(b"\xf5\xf6.debug_info\n");
    out.extend((info.len() as u32).to_le_bytes());
    out.extend(info);
    (out, places)
}
