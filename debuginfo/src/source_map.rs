//! Source Map v3 as line information: what AssemblyScript, Kotlin and others write instead of DWARF.
//!
//! In a map of a wasm file the generated "line" is always the first, and the "column" is a byte offset from the
//! start of the module (<https://tc39.es/ecma426/>). Becomes a [`Program`], so that lines have one form whatever
//! they were read from.
//!
//! # Invariants
//! - A mapping outside every function body is dropped. What breaks off keeps the mappings before.

use crate::dwarf::line_program::{NamedFile, PathRoom, Program, join};
use crate::dwarf::lines::Row;
use crate::dwarf::units::NAME_LIMIT;
use crate::sections::ModuleMap;
use crate::{FileId, Language, ModuleOffset};
use gimli::{EndianReader, LittleEndian};
use serde::Deserialize;
use std::sync::Arc;

/// Mappings that are kept.
const ROW_LIMIT: usize = 8 << 20;
/// Maps inside each other.
const DEPTH_LIMIT: usize = 4;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Map {
    version: u32,
    #[serde(rename = "sourceRoot")]
    root: Option<String>,
    sources: Vec<Option<String>>,
    #[serde(rename = "sourcesContent")]
    contents: Vec<Option<String>>,
    mappings: String,
    /// Parts of an index map.
    sections: Vec<Section>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Section {
    offset: Offset,
    map: Option<Map>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Offset {
    line: u64,
    column: u64,
}

/// The lines that a source map tells of a module; partial ones with [`Program::error`].
pub(crate) fn read(bytes: &[u8], module: &ModuleMap, room: &PathRoom) -> Program {
    let mut program = Program::default();
    // Some servers want a first line that is no JSON.
    let bytes = bytes.strip_prefix(b")]}'").unwrap_or(bytes);
    let map: Map = match serde_json::from_slice(bytes) {
        Ok(map) => map,
        Err(error) => {
            program.error = Some(format!("it is not a source map ({error})"));
            return program;
        }
    };
    if map.version != 3 {
        program.error = Some(format!("its version is {} and not 3", map.version));
        return program;
    }
    let mut rows = Vec::new();
    let mut decoding = Decoding {
        module,
        room,
        program: &mut program,
        rows: &mut rows,
    };
    program.error = decoding.decode(&map, 0, DEPTH_LIMIT).err();
    // The order is the writer's promise, not ours.
    rows.sort_by_key(|row| row.address);
    place(rows, module, &mut program);
    program
}

/// The map in a `data:` URL; `None` if the URL leads elsewhere.
pub(crate) fn inline(url: &str) -> Option<Vec<u8>> {
    let (kind, data) = url.strip_prefix("data:")?.split_once(',')?;
    if !kind.ends_with(";base64") {
        return Some(data.as_bytes().to_vec());
    }
    let mut bytes = Vec::with_capacity(data.len());
    let (mut bits, mut held) = (0u32, 0u32);
    for digit in data.bytes().map_while(digit) {
        bits = (bits << 6 | u32::from(digit)) & 0xfff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Some(bytes)
}

/// A map while it is decoded.
struct Decoding<'a> {
    module: &'a ModuleMap,
    room: &'a PathRoom,
    program: &'a mut Program,
    rows: &'a mut Vec<Row>,
}

impl Decoding<'_> {
    fn decode(&mut self, map: &Map, base: u64, depth: usize) -> Result<(), String> {
        let depth = depth
            .checked_sub(1)
            .ok_or("its parts lie too deep inside each other")?;
        for section in &map.sections {
            if let (Some(part), 0) = (&section.map, section.offset.line) {
                let base = base.saturating_add(section.offset.column);
                self.decode(part, base, depth)?;
            }
        }
        // It stands before each of the sources.
        let root = map.root.as_deref().unwrap_or("");
        if root.len() > NAME_LIMIT {
            return Err("its root is too long".to_string());
        }
        let files: Vec<Option<FileId>> = (map.sources.iter().enumerate())
            .map(|(index, source)| {
                let path = join(root, plain(source.as_deref()?));
                let content = map.contents.get(index).cloned().flatten();
                let file = NamedFile {
                    language: Language::Other.of_file(&path),
                    path,
                    md5: None,
                    text: content.map(|text| EndianReader::new(Arc::from(text.into_bytes()), LittleEndian)),
                };
                self.program.add_file(file, self.room)
            })
            .collect();
        // Column, source, source line, source column, name: each counts from the one before.
        let mut state = [0i64; 5];
        let first_line = map.mappings.split(';').next().unwrap_or("");
        for segment in first_line.split(',').filter(|segment| !segment.is_empty()) {
            let fields = numbers(segment, &mut state)?;
            let [column, source, line, source_column, _] = state;
            let offset = u64::try_from(column)
                .ok()
                .and_then(|column| base.checked_add(column));
            let Some(at) = offset.and_then(|offset| self.module.code_offset(ModuleOffset(offset))) else {
                continue;
            };
            let file = (fields >= 4)
                .then(|| files.get(usize::try_from(source).ok()?).copied().flatten())
                .flatten();
            let one_up = |value: i64| value.checked_add(1).filter(|&value| value > 0);
            let line = file.and_then(|_| u32::try_from(one_up(line)?).ok());
            if self.rows.len() >= ROW_LIMIT {
                return Err("it has too many mappings".to_string());
            }
            self.rows.push(Row {
                address: u32::try_from(at.0).unwrap_or(u32::MAX),
                file: file.unwrap_or(FileId(u32::MAX)),
                line: line.unwrap_or(0),
                column: one_up(source_column)
                    .and_then(|column| u16::try_from(column).ok())
                    .unwrap_or(0),
                is_stmt: true,
                prologue_end: false,
            });
        }
        Ok(())
    }
}

/// Cuts rows into one sequence a function. Writers of source maps make no prologue: a function can be stopped in at
/// its first row.
fn place(rows: Vec<Row>, module: &ModuleMap, program: &mut Program) {
    let mut rows = rows.into_iter().peekable();
    for body in &module.bodies {
        let first = program.rows.len();
        let mut opened = false;
        while let Some(mut row) = rows.next_if(|row| u64::from(row.address) < body.end) {
            row.prologue_end = !opened && row.line != 0;
            opened |= row.prologue_end;
            program.rows.push(row);
        }
        program.close(module, first, u32::try_from(body.end).ok());
    }
}

/// Adds the numbers of one segment to the state; returns how many there were.
fn numbers(segment: &str, state: &mut [i64; 5]) -> Result<usize, String> {
    let mut digits = segment.bytes();
    let mut fields = 0;
    for slot in state {
        let (mut value, mut shift) = (0i64, 0u32);
        loop {
            let Some(byte) = digits.next() else {
                return match (shift, fields) {
                    (0, 1 | 4 | 5) => Ok(fields),
                    _ => Err(format!("a mapping breaks off: {segment:?}")),
                };
            };
            let digit = digit(byte).ok_or_else(|| format!("{:?} in a mapping", char::from(byte)))?;
            let part = i64::from(digit & 0x1f).checked_shl(shift).filter(|_| shift < 60);
            value |= part.ok_or("a number in a mapping is too large")?;
            shift += 5;
            if digit & 0x20 == 0 {
                break;
            }
        }
        let magnitude = value >> 1;
        let change = if value & 1 == 0 { magnitude } else { -magnitude };
        *slot = slot.saturating_add(change);
        fields += 1;
    }
    if digits.next().is_some() {
        return Err(format!("a mapping has too many numbers: {segment:?}"));
    }
    Ok(fields)
}

/// The value of a base64 digit.
fn digit(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// A source's URL as a path.
fn plain(source: &str) -> &str {
    source.strip_prefix("file://").unwrap_or(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_segments() {
        let mut state = [0; 5];
        assert_eq!(numbers("AAgBCA", &mut state), Ok(5));
        assert_eq!(state, [0, 0, 16, 1, 0]);
        assert_eq!(numbers("D", &mut state), Ok(1));
        assert_eq!(state[0], -1);
        for broken in ["A?", "AA", "g", "gggggggggggggggA", "AAAAAA"] {
            assert!(numbers(broken, &mut [0; 5]).is_err(), "{broken}");
        }
    }

    #[test]
    fn inline_maps() {
        assert_eq!(
            inline("data:application/json;base64,e30=").as_deref(),
            Some(&b"{}"[..])
        );
        assert_eq!(inline("data:application/json,{}").as_deref(), Some(&b"{}"[..]));
        assert_eq!(inline("./x.map"), None);
    }
}
