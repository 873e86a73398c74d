//! Engine words to the protocol's and back: paths, addresses, values, base64.
//!
//! Must not know: requests, sessions.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use stepwell_debuginfo::{FileId, SourceFile, ValueNode};
use stepwell_engine::debugger::{BreakpointState, SourcePlace, WasmSlot};

/// How far above the module sources are looked for.
const PARENTS_SEARCHED: usize = 3;

/// Where sources are on this machine.
#[derive(Debug, Default)]
pub struct Sources {
    /// Recorded prefix, and what stands for it here.
    pub map: Vec<(String, String)>,
    /// Where the module lies.
    pub module_dir: Option<PathBuf>,
    /// What the debug info names.
    pub files: Vec<SourceFile>,
}

impl Sources {
    /// The path on this machine of a recorded one: as the map says, else where it was recorded, else the file beside
    /// the module (or a few directories above) that shares most of its end.
    pub fn local(&self, recorded: &str) -> String {
        if let Some(mapped) = replace_prefix(recorded, self.map.iter().map(|(from, to)| (from, to))) {
            return mapped;
        }
        if Path::new(recorded).is_file() {
            return recorded.to_string();
        }
        self.near_module(recorded)
            .map_or_else(|| recorded.to_string(), |path| path.display().to_string())
    }

    fn near_module(&self, recorded: &str) -> Option<PathBuf> {
        let dir = self.module_dir.as_deref()?;
        let parts: Vec<&str> = recorded.split('/').filter(|part| !part.is_empty()).collect();
        for skipped in 0..parts.len() {
            let tail: PathBuf = parts.iter().skip(skipped).collect();
            for base in dir.ancestors().take(1 + PARENTS_SEARCHED) {
                let candidate = base.join(&tail);
                if candidate.is_file() {
                    return Some(candidate);
                }
            }
        }
        None
    }

    /// The recorded path that an editor's path means: as the map says, else the one with the longest common end.
    pub fn recorded(&self, local: &str) -> String {
        if let Some(mapped) = replace_prefix(local, self.map.iter().map(|(from, to)| (to, from))) {
            return mapped;
        }
        let common = |path: &str| {
            let pairs = path.rsplit('/').zip(local.rsplit('/'));
            pairs.take_while(|(a, b)| a == b).count()
        };
        let best = (self.files.iter())
            .map(|file| (common(&file.path), file))
            // Of equals the first.
            .rev()
            .max_by_key(|(common, _)| *common);
        match best {
            Some((common, file)) if common > 0 => file.path.clone(),
            _ => local.to_string(),
        }
    }

    /// A place's source object.
    pub fn source(&self, place: &SourcePlace) -> Value {
        let path = self.local(&place.path);
        let mut source = json!({ "name": file_name(&path), "path": path });
        let file = self.files.iter().find(|file| file.id == place.file);
        if let Some(md5) = file.and_then(|file| file.md5) {
            let checksum: String = md5.iter().map(|byte| format!("{byte:02x}")).collect();
            source["checksums"] = json!([{ "algorithm": "MD5", "checksum": checksum }]);
        }
        if let Some(file) = file.filter(|file| file.embedded && !Path::new(&path).is_file()) {
            source["sourceReference"] = json!(u64::from(file.id.0) + 1);
        }
        source
    }

    /// The file of a source reference.
    pub fn referred(reference: u64) -> Option<FileId> {
        Some(FileId(u32::try_from(reference.checked_sub(1)?).ok()?))
    }
}

/// The text with the first prefix that fits (at a `/`) replaced.
fn replace_prefix<'a>(text: &str, pairs: impl Iterator<Item = (&'a String, &'a String)>) -> Option<String> {
    for (from, to) in pairs {
        let from = from.trim_end_matches('/');
        if let Some(rest) = text.strip_prefix(from)
            && (rest.is_empty() || rest.starts_with('/'))
        {
            return Some(format!("{}{rest}", to.trim_end_matches('/')));
        }
    }
    None
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A breakpoint's state, as far as it stands.
pub fn breakpoint(state: &BreakpointState, sources: &Sources) -> Value {
    let mut breakpoint = json!({ "id": state.id.0, "verified": !state.locations.is_empty() });
    if let Some(message) = &state.message {
        breakpoint["message"] = json!(message);
    }
    if let Some(location) = state.locations.first() {
        breakpoint["instructionReference"] = json!(location.offset.to_string());
        if let Some(place) = &location.source {
            breakpoint["source"] = sources.source(place);
            breakpoint["line"] = json!(place.line);
        }
    }
    breakpoint
}

/// A source value; `reference` opens its children.
pub fn variable(node: &ValueNode, reference: u64) -> Value {
    let mut variable = json!({
        "name": node.name,
        "value": node.text,
        "type": node.type_name,
        "variablesReference": reference,
    });
    // The protocol wants of a pointer the memory it points to.
    if let Some(address) = node.points_to().or(node.address) {
        variable["memoryReference"] = json!(format!("0x{address:x}"));
    }
    // Top-level names can be typed into a watch; members would need their path.
    if node.kind.is_some() {
        variable["evaluateName"] = json!(node.name);
    }
    variable
}

/// A wasm value under its raw name.
pub fn slot(slot: &WasmSlot, sigil: &str) -> Value {
    json!({
        "name": slot_name(slot, sigil),
        "value": slot.text,
        "type": slot.ty.to_string(),
        "variablesReference": 0,
        "evaluateName": format!("${sigil}{}", slot.index),
    })
}

/// `$local3`, with the module's own name for it if it has one.
pub fn slot_name(slot: &WasmSlot, sigil: &str) -> String {
    match &slot.name {
        Some(name) => format!("${sigil}{} {name}", slot.index),
        None => format!("${sigil}{}", slot.index),
    }
}

/// A memory or code reference with an offset.
pub fn address(reference: &str, offset: i64) -> Result<u64> {
    let base = match reference.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => reference.parse().ok(),
    };
    base.and_then(|base| base.checked_add_signed(offset))
        .with_context(|| format!("{reference:?} is not an address"))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0u32, |word, index| {
            word << 8 | u32::from(chunk.get(index).copied().unwrap_or(0))
        });
        for index in 0..4 {
            if index <= chunk.len() {
                let digit = word >> (18 - 6 * index) & 63;
                text.push(ALPHABET.get(digit as usize).copied().map_or('=', char::from));
            } else {
                text.push('=');
            }
        }
    }
    text
}

/// The bytes of base64 with padding.
pub fn from_base64(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if !text.len().is_multiple_of(4) {
        bail!("the data is not base64");
    }
    for chunk in text.trim_end_matches('=').as_bytes().chunks(4) {
        let mut word = 0u32;
        for &byte in chunk {
            let digit = ALPHABET.iter().position(|&known| known == byte);
            word = word << 6 | digit.context("the data is not base64")? as u32;
        }
        word <<= 6 * (4 - chunk.len());
        let [_, a, b, c] = word.to_be_bytes();
        bytes.extend([a, b, c].into_iter().take(chunk.len() * 3 / 4));
    }
    Ok(bytes)
}

/// Bytes of a stream as text, where a character may be cut by the end of a piece.
#[derive(Debug, Default)]
pub struct TextStream(Vec<u8>);

impl TextStream {
    /// The text so far; the beginning of a character waits for its end.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.0.extend_from_slice(bytes);
        let cut = match std::str::from_utf8(&self.0) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(error) => {
                // Broken in the middle: all but what may still be a beginning at the very end.
                let tail = self.0.get(error.valid_up_to()..).unwrap_or_default();
                let open = tail.utf8_chunks().last().map_or(0, |chunk| {
                    let invalid = chunk.invalid();
                    let cut = std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
                    if cut { invalid.len() } else { 0 }
                });
                self.0.len() - open
            }
            Ok(_) => self.0.len(),
        };
        let rest = self.0.split_off(cut);
        let whole = std::mem::replace(&mut self.0, rest);
        String::from_utf8_lossy(&whole).into_owned()
    }

    /// What is left at the end of the stream.
    pub fn finish(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.0)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stepwell_debuginfo::Language;

    #[test]
    fn base64_both_ways() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg=="),
            (b"fo", "Zm8="),
            (b"foo", "Zm9v"),
            (b"\xff\xfe\xfd\xfc", "//79/A=="),
        ] {
            assert_eq!(base64(bytes), text);
            assert_eq!(from_base64(text).ok().as_deref(), Some(bytes));
        }
        assert!(from_base64("Zg=").is_err());
        assert!(from_base64("Z!==").is_err());
    }

    #[test]
    fn characters_cut_in_two_come_out_whole() {
        let mut stream = TextStream::default();
        assert_eq!(stream.push(b"a\xc3"), "a");
        assert_eq!(stream.push(b"\xa4b"), "äb");
        assert_eq!(stream.push(b"x\xffy\xe2\x82"), "x\u{fffd}y");
        assert_eq!(stream.push(b"\xac"), "€");
        assert_eq!(stream.push(b"\xe2"), "");
        assert_eq!(stream.finish(), "\u{fffd}");
    }

    #[test]
    fn paths_by_map_and_by_common_end() {
        let file = |id, path: &str| SourceFile {
            id: FileId(id),
            path: path.to_string(),
            language: Language::C,
            md5: None,
            embedded: false,
        };
        let sources = Sources {
            map: vec![("/rec/src/".to_string(), "/home/me".to_string())],
            module_dir: None,
            files: vec![file(0, "/b/x/list.c"), file(1, "/b/y/list.c")],
        };
        assert_eq!(sources.local("/rec/src/a.c"), "/home/me/a.c");
        assert_eq!(sources.local("/rec/srcs/a.c"), "/rec/srcs/a.c");
        assert_eq!(sources.recorded("/home/me/a.c"), "/rec/src/a.c");
        assert_eq!(sources.recorded("/other/y/list.c"), "/b/y/list.c");
        assert_eq!(sources.recorded("/other/z/list.c"), "/b/x/list.c");
        assert_eq!(sources.recorded("/other/z/none.c"), "/other/z/none.c");
    }

    #[test]
    fn addresses_with_offsets() {
        assert_eq!(address("0x10", -1).ok(), Some(15));
        assert_eq!(address("16", 1).ok(), Some(17));
        assert!(address("0x0", -1).is_err());
        assert!(address("x", 0).is_err());
    }
}
