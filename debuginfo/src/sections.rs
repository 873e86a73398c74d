//! The parts of the module file that debug information needs: function bodies, names, custom sections.
//!
//! Reading stops at the first byte that cannot be decoded; what came before it is kept. Knows the binary
//! format (through `wasmparser`), not DWARF.

use crate::{CodeOffset, CodeSection, Diagnostic, ModuleOffset};
use gimli::{EndianReader, LittleEndian};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use wasmparser::{ExternalKind, KnownCustom, Name, Parser, Payload, TypeRef};

/// The one reader type: a window into the shared bytes of the module.
pub(crate) type Reader = EndianReader<LittleEndian, Arc<[u8]>>;

/// One function body, in code addresses; starts at its local declarations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body {
    pub start: u64,
    pub end: u64,
}

/// What a module file says outside DWARF.
#[derive(Debug)]
pub(crate) struct ModuleMap {
    bytes: Arc<[u8]>,
    code: Option<CodeSection>,
    /// Bodies in order; element `i` is function `imported_functions.len() + i`.
    pub bodies: Vec<Body>,
    /// `module.name` of each imported function.
    pub imported_functions: Vec<String>,
    /// Function index to the first name it is exported by.
    pub exports: HashMap<u32, String>,
    /// Function index to its entry in the `name` section.
    pub names: HashMap<u32, String>,
    /// Where the debug information lies if it is not in this file.
    pub external_debug_info: Option<String>,
    custom: HashMap<String, Range<usize>>,
}

impl ModuleMap {
    /// Reads what can be read.
    pub fn read(bytes: Arc<[u8]>, diagnostics: &mut Vec<Diagnostic>) -> ModuleMap {
        let mut map = ModuleMap {
            bytes: bytes.clone(),
            code: None,
            bodies: Vec::new(),
            imported_functions: Vec::new(),
            exports: HashMap::new(),
            names: HashMap::new(),
            external_debug_info: None,
            custom: HashMap::new(),
        };
        for payload in Parser::new(0).parse_all(&bytes) {
            let read = payload.and_then(|payload| map.take(payload, diagnostics));
            if let Err(error) = read {
                diagnostics.push(Diagnostic {
                    section: "module".to_string(),
                    offset: Some(error.offset()),
                    message: format!("The module cannot be read further: {}.", error.message()),
                });
                break;
            }
        }
        map
    }

    fn take(&mut self, payload: Payload<'_>, diagnostics: &mut Vec<Diagnostic>) -> wasmparser::Result<()> {
        match payload {
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    let import = import?;
                    if matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)) {
                        self.imported_functions
                            .push(format!("{}.{}", import.module, import.name));
                    }
                }
            }
            Payload::ExportSection(reader) => {
                for export in reader {
                    let export = export?;
                    if matches!(export.kind, ExternalKind::Func | ExternalKind::FuncExact) {
                        self.exports
                            .entry(export.index)
                            .or_insert_with(|| export.name.to_string());
                    }
                }
            }
            Payload::CodeSectionStart { unchecked_range, .. } => {
                self.code = Some(CodeSection {
                    start: ModuleOffset(unchecked_range.start),
                    len_bytes: unchecked_range.end.saturating_sub(unchecked_range.start),
                });
            }
            Payload::CodeSectionEntry(body) => {
                if let Some(code) = self.code {
                    let range = body.range();
                    self.bodies.push(Body {
                        start: range.start.saturating_sub(code.start.0),
                        end: range.end.saturating_sub(code.start.0),
                    });
                }
            }
            Payload::CustomSection(section) => {
                match section.as_known() {
                    KnownCustom::Name(reader) => self.read_names(reader, diagnostics),
                    _ if section.name() == "external_debug_info" => {
                        self.external_debug_info = external_path(section.data());
                    }
                    _ => {}
                }
                let range = section.data_range();
                if let (Ok(start), Ok(end)) = (usize::try_from(range.start), usize::try_from(range.end)) {
                    self.custom
                        .entry(section.name().to_string())
                        .or_insert(start..end);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn read_names(&mut self, reader: wasmparser::NameSectionReader<'_>, diagnostics: &mut Vec<Diagnostic>) {
        let mut read = || -> wasmparser::Result<()> {
            for name in reader.clone() {
                if let Name::Function(map) = name? {
                    for naming in map {
                        let naming = naming?;
                        if !naming.name.is_empty() {
                            self.names.insert(naming.index, naming.name.to_string());
                        }
                    }
                }
            }
            Ok(())
        };
        if let Err(error) = read() {
            diagnostics.push(Diagnostic {
                section: "name".to_string(),
                offset: Some(error.offset()),
                message: format!("Some function names are lost: {}.", error.message()),
            });
        }
    }

    /// A reader over a custom section; empty if the module has none of that name.
    pub fn section(&self, name: &str) -> Reader {
        let range = self.custom.get(name).cloned().unwrap_or(0..0);
        let whole = EndianReader::new(self.bytes.clone(), LittleEndian);
        if range.start <= range.end && range.end <= self.bytes.len() {
            whole.range(range)
        } else {
            whole.range(0..0)
        }
    }

    /// Whether the module has a custom section of that name.
    pub fn has_section(&self, name: &str) -> bool {
        self.custom.contains_key(name)
    }

    /// Position in [`bodies`](Self::bodies) of the body that contains `at`.
    pub fn body_at(&self, at: CodeOffset) -> Option<usize> {
        let index = self
            .bodies
            .partition_point(|body| body.start <= at.0)
            .checked_sub(1)?;
        (at.0 < self.bodies.get(index)?.end).then_some(index)
    }

    /// Function index of a body.
    pub fn func_index(&self, body: usize) -> u32 {
        u32::try_from(self.imported_functions.len().saturating_add(body)).unwrap_or(u32::MAX)
    }

    /// The body of a function; `None` for an import.
    pub fn body_of(&self, func_index: u32) -> Option<usize> {
        let body = (func_index as usize).checked_sub(self.imported_functions.len())?;
        (body < self.bodies.len()).then_some(body)
    }

    /// Addresses of the operators of a body, ascending. Ends early where it cannot be decoded.
    pub fn operators(&self, body: usize) -> Vec<u32> {
        let mut offsets = Vec::new();
        self.each_operator(body, |offset, _| {
            offsets.push(offset);
            true
        });
        offsets
    }

    /// Calls `see` with each operator of a body and its address, until it returns false.
    pub fn each_operator(&self, body: usize, mut see: impl FnMut(u32, &wasmparser::Operator<'_>) -> bool) {
        let (Some(body), Some(code)) = (self.bodies.get(body), self.code) else {
            return;
        };
        let (Ok(start), Ok(end)) = (
            usize::try_from(code.start.0.saturating_add(body.start)),
            usize::try_from(code.start.0.saturating_add(body.end)),
        ) else {
            return;
        };
        let Some(bytes) = self.bytes.get(start..end) else {
            return;
        };
        let reader = wasmparser::FunctionBody::new(wasmparser::BinaryReader::new(bytes, body.start));
        let Ok(mut operators) = reader.get_operators_reader() else {
            return;
        };
        while let Ok((operator, offset)) = operators.read_with_offset() {
            let Ok(offset) = u32::try_from(offset) else {
                return;
            };
            if !see(offset, &operator) || operators.eof() {
                return;
            }
        }
    }
}

/// The path in an `external_debug_info` section: a length and that many bytes.
fn external_path(data: &[u8]) -> Option<String> {
    let mut reader = wasmparser::BinaryReader::new(data, 0);
    reader.read_string().ok().map(str::to_string)
}
