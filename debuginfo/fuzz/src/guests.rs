//! Sound modules of each language, opened once, whose frames and memory are made up: what the guest holds is the input.

use super::common::questions::{ask_frame, grow};
use super::common::{Fake, initial_memory};
use std::sync::{Arc, OnceLock};
use stepwell_debuginfo::{CodeOffset, DebugInfo, WasmValue};

/// Room behind the module's own data.
const ROOM: usize = 0x4000;

/// A guest by the letter that chooses it, its module, and its source.
const GUESTS: [(u8, &[u8], &str); 4] = [
    (
        b'c',
        include_bytes!("../../../assets/guests/values/c_o0.wasm"),
        "values.c",
    ),
    (
        b'+',
        include_bytes!("../../../assets/guests/values/cpp_o0.wasm"),
        "values.cpp",
    ),
    (
        b'r',
        include_bytes!("../../../assets/guests/values/rust_o0.wasm"),
        "values.rs",
    ),
    (
        b'z',
        include_bytes!("../../../assets/guests/values/zig_Debug.wasm"),
        "values.zig",
    ),
];

struct Guest {
    info: DebugInfo,
    /// Where its lines have code.
    stops: Vec<CodeOffset>,
    memory: Vec<u8>,
}

fn guest(letter: u8) -> Option<&'static Guest> {
    static OPEN: [OnceLock<Guest>; 4] = [const { OnceLock::new() }; 4];
    let index = GUESTS.iter().position(|(own, ..)| *own == letter)?;
    let (_, module, source) = GUESTS[index];
    Some(OPEN[index].get_or_init(|| {
        let info = DebugInfo::parse(Arc::from(module));
        let file = *info.files_matching(source).first().expect("its source");
        let bindings =
            (info.lines_with_code(file).into_iter()).filter_map(|line| info.binding_from_line(file, line));
        let stops = bindings
            .filter_map(|found| found.locations.last().copied())
            .collect();
        let memory = initial_memory(module, 0);
        Guest { info, stops, memory }
    }))
}

/// A frame in a guest: its base lies behind the module's data, and what is there, again and again, is the input.
fn stopped(guest: &Guest, frame: &[u8]) -> Fake {
    let base = guest.memory.len().next_multiple_of(16);
    let mut fake = Fake {
        memory: guest.memory.clone(),
        ..Fake::default()
    };
    fake.memory.resize(base + ROOM, 0);
    if !frame.is_empty() {
        for (byte, from) in fake.memory[base..].iter_mut().zip(frame.iter().cycle()) {
            *byte = *from;
        }
    }
    for index in 0..64 {
        fake.locals.insert(index, WasmValue::I32(base as u32));
    }
    for index in 0..4 {
        fake.globals.insert(index, WasmValue::I32(base as u32));
    }
    fake
}

/// The guest, where it stops, and the rest of an input.
fn chosen(data: &[u8]) -> Option<(&'static Guest, CodeOffset, &[u8])> {
    let [letter, low, high, rest @ ..] = data else {
        return None;
    };
    let guest = guest(*letter)?;
    let stop = usize::from(*low - low.min(&b' ')) + 95 * usize::from(*high - high.min(&b' '));
    Some((guest, guest.stops[stop % guest.stops.len()], rest))
}

/// A frame that lies.
pub fn values(data: &[u8]) {
    let Some((guest, at, frame)) = chosen(data) else {
        return;
    };
    let fake = stopped(guest, frame);
    ask_frame(&guest.info, at, 0, &fake);
    if frame.len().is_multiple_of(8) {
        grow(&guest.info, &fake, &guest.info.statics(at, &fake), 2);
    }
}

/// An expression.
pub fn expressions(data: &[u8]) {
    let Some((guest, at, rest)) = chosen(data) else {
        return;
    };
    let end = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
    let (text, frame) = rest.split_at(end);
    let text = String::from_utf8_lossy(text);
    let fake = stopped(guest, frame.get(1..).unwrap_or(&[]));
    if let Ok(node) = guest.info.evaluate(&text, at, 0, &fake) {
        grow(&guest.info, &fake, &[node], 2);
    }
    let _ = guest.info.holds(&text, at, 0, &fake);
}
