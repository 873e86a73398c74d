//! What the tests share: sample modules, a frame made by hand, golden files.

#![allow(dead_code)]

pub mod questions;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use stepwell_debuginfo::{CodeOffset, DebugInfo, FileId, FrameTypes, SlotType, Target, ValueNode, WasmValue};

pub fn guest(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../assets/guests")
        .join(path)
}

pub fn bytes(path: &str) -> Vec<u8> {
    std::fs::read(guest(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A module made for these tests.
pub fn own(path: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/guests")
        .join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn parse(path: &str) -> DebugInfo {
    DebugInfo::parse(Arc::from(bytes(path)))
}

/// A stopped frame made by hand: memory from address 0, and the slots that were set.
#[derive(Default)]
pub struct Fake {
    pub memory: Vec<u8>,
    pub locals: HashMap<u32, WasmValue>,
    pub globals: HashMap<u32, WasmValue>,
    pub operands: HashMap<u32, WasmValue>,
    pub table: HashMap<u64, u32>,
}

impl Fake {
    pub fn new(len: usize) -> Fake {
        Fake {
            memory: vec![0; len],
            ..Fake::default()
        }
    }

    pub fn put(&mut self, address: u64, bytes: &[u8]) {
        let at = address as usize;
        self.memory[at..at + bytes.len()].copy_from_slice(bytes);
    }

    pub fn put_u32(&mut self, address: u64, value: u32) {
        self.put(address, &value.to_le_bytes());
    }
}

impl Target for Fake {
    fn read_memory(&self, address: u64, out: &mut [u8]) -> bool {
        let Ok(at) = usize::try_from(address) else {
            return false;
        };
        let Some(bytes) = at.checked_add(out.len()).and_then(|end| self.memory.get(at..end)) else {
            return false;
        };
        out.copy_from_slice(bytes);
        true
    }

    fn local(&self, index: u32) -> Option<WasmValue> {
        self.locals.get(&index).copied()
    }

    fn global(&self, index: u32) -> Option<WasmValue> {
        self.globals.get(&index).copied()
    }

    fn operand(&self, index: u32) -> Option<WasmValue> {
        self.operands.get(&index).copied()
    }

    fn table_function(&self, index: u64) -> Option<u32> {
        self.table.get(&index).copied()
    }
}

/// A stopped frame that makes little sense.
pub fn senseless() -> Fake {
    let mut fake = Fake::new(0x2000);
    for (index, byte) in fake.memory.iter_mut().enumerate() {
        *byte = (index * 7 % 251) as u8;
    }
    for index in 0..16 {
        fake.locals.insert(index, WasmValue::I32(0x1000));
        fake.globals.insert(index, WasmValue::I64(0x1000));
        fake.operands.insert(index, WasmValue::F64(0x4009_21fb_5444_2d18));
    }
    fake
}

/// Memory as the module's active data segments fill it; `len` bytes at least.
pub fn initial_memory(module: &[u8], len: usize) -> Vec<u8> {
    let mut memory = vec![0; len];
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        let Ok(wasmparser::Payload::DataSection(reader)) = payload else {
            continue;
        };
        for data in reader {
            let data = data.unwrap();
            if let wasmparser::DataKind::Active { offset_expr, .. } = data.kind {
                let mut reader = offset_expr.get_operators_reader();
                let at = match reader.read() {
                    Ok(wasmparser::Operator::I32Const { value }) => usize::try_from(value).ok(),
                    Ok(wasmparser::Operator::I64Const { value }) => usize::try_from(value).ok(),
                    _ => None,
                };
                if let Some(at) = at {
                    memory.resize(memory.len().max(at + data.data.len()), 0);
                    memory[at..at + data.data.len()].copy_from_slice(data.data);
                }
            }
        }
    }
    memory
}

/// A frame whose every local (so the frame base too) is `base`, in memory with the module's data.
pub fn frame_of(path: &str, base: u64) -> Fake {
    let mut fake = Fake {
        memory: initial_memory(&bytes(path), 0x200000),
        ..Fake::default()
    };
    for local in 0..32 {
        fake.locals.insert(local, WasmValue::I32(base as u32));
    }
    fake
}

/// The only file that ends in `name`.
pub fn file(info: &DebugInfo, name: &str) -> FileId {
    let files = info.files_matching(name);
    assert_eq!(files.len(), 1, "{name}");
    files[0]
}

/// Where a breakpoint on a line of a file stops.
pub fn stop(info: &DebugInfo, name: &str, line: u32) -> CodeOffset {
    let binding = info
        .binding_from_line(file(info, name), line)
        .unwrap_or_else(|| panic!("{name}:{line}"));
    binding.locations[0]
}

/// Nodes as text, with the children of each down to `depth`.
pub fn show(info: &DebugInfo, target: &dyn Target, nodes: &[ValueNode], depth: usize) -> String {
    let mut out = String::new();
    write(info, target, nodes, depth, 0, &mut out);
    out
}

fn write(
    info: &DebugInfo,
    target: &dyn Target,
    nodes: &[ValueNode],
    depth: usize,
    indent: usize,
    out: &mut String,
) {
    for node in nodes {
        let kind = node.kind.map_or(String::new(), |kind| format!(" [{kind:?}]"));
        out.push_str(&format!(
            "{:indent$}{}: {} = {}{kind}\n",
            "", node.name, node.type_name, node.text
        ));
        if let (Some(expand), true) = (&node.expand, depth > 0) {
            write(
                info,
                target,
                &info.children(expand, target),
                depth - 1,
                indent + 2,
                out,
            );
        }
    }
}

/// Compares with a file beside the tests; `BLESS=1` writes it instead.
pub fn golden(name: &str, actual: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, actual).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "{name}: BLESS=1 writes the new text");
}

/// What expressions give in a language: the text, or `!` and what is wrong.
pub fn answers(info: &DebugInfo, at: CodeOffset, fake: &Fake, expected: &[(&str, &str)]) {
    for (text, expected) in expected {
        let found = match info.evaluate(text, at, 0, fake) {
            Ok(node) => format!("{} {}", node.type_name, node.text),
            Err(error) => format!("! {}", error.message),
        };
        assert_eq!(found, *expected, "{text}");
        // Where there is code, it is a truth that there is.
        if info.condition_code(text, at, 0, &FrameTypes::default()).is_some() {
            assert!(info.holds(text, at, 0, fake).is_ok(), "{text}");
        }
    }
}

/// What a frame of only 32-bit slots has.
pub fn words() -> FrameTypes {
    FrameTypes {
        locals: vec![SlotType::I32; 32],
        globals: vec![SlotType::I32; 4],
        ..FrameTypes::default()
    }
}
