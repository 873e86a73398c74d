//! The parts of the module file that debug information needs: function bodies, names, custom sections; and the
//! custom sections of the files beside it.
//!
//! Reading stops at the first byte that cannot be decoded; what came before it is kept. Knows the binary
//! format (through `wasmparser`), not DWARF.

use crate::{CodeOffset, CodeSection, Diagnostic, ModuleOffset};
use gimli::{EndianReader, LittleEndian};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use wasmparser::{Chunk, ExternalKind, KnownCustom, Name, Parser, Payload, TypeRef};

/// Entries of the `producers` section that are kept.
const PRODUCER_LIMIT: usize = 64;

/// The one reader type: a window into the shared bytes of the module.
pub(crate) type Reader = EndianReader<LittleEndian, Arc<[u8]>>;

/// One function body, in code addresses; starts at its local declarations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body {
    pub start: u64,
    pub end: u64,
}

/// The custom sections of one file in the wasm container format: a module, or what a compiler put beside it.
#[derive(Debug)]
pub(crate) struct Container {
    bytes: Arc<[u8]>,
    custom: HashMap<String, Range<usize>>,
    code_len: Option<u64>,
}

impl Container {
    fn new(bytes: Arc<[u8]>) -> Container {
        Container {
            bytes,
            custom: HashMap::new(),
            code_len: None,
        }
    }

    /// Reads the custom sections of a file. A file that is no wasm container has none.
    pub fn read(bytes: Arc<[u8]>) -> Container {
        let mut container = Container::new(bytes.clone());
        let mut parser = Parser::new(0);
        let mut rest = &bytes[..];
        // Other sections are skipped unread: such a file may repeat them in any state.
        while let Ok(Chunk::Parsed { consumed, payload }) = parser.parse(rest, true) {
            rest = rest.get(consumed..).unwrap_or(&[]);
            match payload {
                Payload::CustomSection(section) => container.add(&section),
                Payload::CodeSectionStart {
                    unchecked_range,
                    size,
                    ..
                } => {
                    container.code_len = Some(unchecked_range.end.saturating_sub(unchecked_range.start));
                    parser.skip_section();
                    rest = rest.get(size as usize..).unwrap_or(&[]);
                }
                Payload::End(_) => break,
                _ => {}
            }
        }
        container
    }

    fn add(&mut self, section: &wasmparser::CustomSectionReader<'_>) {
        let range = section.data_range();
        if let (Ok(start), Ok(end)) = (usize::try_from(range.start), usize::try_from(range.end)) {
            self.custom
                .entry(section.name().to_string())
                .or_insert(start..end);
        }
    }

    /// Size of the whole file.
    pub fn len_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// A reader over a custom section; empty if there is none of that name.
    pub fn section(&self, name: &str) -> Reader {
        let range = self.custom.get(name).cloned().unwrap_or(0..0);
        let whole = EndianReader::new(self.bytes.clone(), LittleEndian);
        if range.start <= range.end && range.end <= self.bytes.len() {
            whole.range(range)
        } else {
            whole.range(0..0)
        }
    }

    /// Whether there is a custom section of that name.
    pub fn has(&self, name: &str) -> bool {
        self.custom.contains_key(name)
    }

    /// What the linker calls this build; two files of one build have the same.
    pub fn build_id(&self) -> Option<Vec<u8>> {
        let section = self.section("build_id");
        let mut reader = wasmparser::BinaryReader::new(section.bytes(), 0);
        let len = reader.read_var_u32().ok()?;
        Some(reader.read_bytes(len as usize).ok()?.to_vec())
    }
}

/// What a module file says outside DWARF.
#[derive(Debug)]
pub(crate) struct ModuleMap {
    own: Container,
    /// The file that `external_debug_info` names, if it was read and belongs to this module.
    external: Option<Container>,
    code: Option<CodeSection>,
    /// Bodies in order; element `i` is function `imported_functions.len() + i`.
    pub bodies: Vec<Body>,
    /// Parameters and results of each type; `None` for those that are no functions.
    pub types: Vec<Option<(u32, u32)>>,
    /// Function index to type index.
    pub function_types: Vec<u32>,
    /// `module.name` of each imported function.
    pub imported_functions: Vec<String>,
    /// Function index to the first name it is exported by.
    pub exports: HashMap<u32, String>,
    /// Function index to its entry in the `name` section.
    pub names: HashMap<u32, String>,
    /// Global index to its entry in the `name` section.
    pub global_names: HashMap<u32, String>,
    /// Why the file with the debug information is not used, if it was found.
    pub external_foreign: Option<&'static str>,
    /// Where the debug information lies if it is not in this file.
    pub external_debug_info: Option<String>,
    /// Where the source map lies.
    pub source_map: Option<String>,
    /// What the `producers` section says of languages and tools: `field: name version`.
    pub producers: Vec<String>,
}

impl ModuleMap {
    /// Reads what can be read.
    pub fn read(bytes: Arc<[u8]>, diagnostics: &mut Vec<Diagnostic>) -> ModuleMap {
        let mut map = ModuleMap {
            own: Container::new(bytes.clone()),
            external: None,
            code: None,
            bodies: Vec::new(),
            types: Vec::new(),
            function_types: Vec::new(),
            imported_functions: Vec::new(),
            exports: HashMap::new(),
            names: HashMap::new(),
            global_names: HashMap::new(),
            external_foreign: None,
            external_debug_info: None,
            source_map: None,
            producers: Vec::new(),
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
            Payload::TypeSection(reader) => {
                for group in reader {
                    self.types.extend(group?.types().map(arity));
                }
            }
            Payload::FunctionSection(reader) => {
                for function in reader {
                    self.function_types.push(function?);
                }
            }
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    let import = import?;
                    if let TypeRef::Func(ty) | TypeRef::FuncExact(ty) = import.ty {
                        self.function_types.push(ty);
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
                    KnownCustom::Producers(reader) => self.read_producers(reader),
                    _ if section.name() == "external_debug_info" => {
                        self.external_debug_info = path_in(section.data());
                    }
                    _ if section.name() == "sourceMappingURL" => {
                        self.source_map = path_in(section.data());
                    }
                    _ => {}
                }
                self.own.add(&section);
            }
            _ => {}
        }
        Ok(())
    }

    fn read_names(&mut self, reader: wasmparser::NameSectionReader<'_>, diagnostics: &mut Vec<Diagnostic>) {
        let mut read = || -> wasmparser::Result<()> {
            for name in reader.clone() {
                let (map, names) = match name? {
                    Name::Function(map) => (map, &mut self.names),
                    Name::Global(map) => (map, &mut self.global_names),
                    _ => continue,
                };
                for naming in map {
                    let naming = naming?;
                    if !naming.name.is_empty() {
                        names.insert(naming.index, naming.name.to_string());
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

    fn read_producers(&mut self, reader: wasmparser::ProducersSectionReader<'_>) {
        // Only shown to people: what breaks off is left out.
        for field in reader.into_iter().flatten() {
            for value in field.values.into_iter().flatten() {
                if self.producers.len() < PRODUCER_LIMIT {
                    let line = format!("{}: {} {}", field.name, value.name, value.version);
                    self.producers.push(line.trim_end().to_string());
                }
            }
        }
    }

    /// Takes in the file that `external_debug_info` names, unless it is of another build.
    pub fn attach(&mut self, external: Container) {
        let of_other_build = match (self.own.build_id(), external.build_id()) {
            (Some(ours), Some(theirs)) => ours != theirs,
            _ => false,
        };
        let of_other_code = match (self.code, external.code_len) {
            (Some(ours), Some(len)) => ours.len_bytes != len,
            _ => false,
        };
        if of_other_build {
            self.external_foreign = Some("it is of another build (its build_id differs)");
        } else if of_other_code {
            self.external_foreign = Some("it is of other code (its code section has another size)");
        } else if !external.has(".debug_info") {
            self.external_foreign = Some("it holds no debug info");
        } else {
            self.external = Some(external);
        }
    }

    /// The file that holds the DWARF sections.
    pub fn dwarf(&self) -> &Container {
        match &self.external {
            Some(external) if !self.own.has(".debug_info") => external,
            _ => &self.own,
        }
    }

    /// Whether `external_debug_info` was read.
    pub fn has_external(&self) -> bool {
        self.external.is_some()
    }

    /// Whether the module itself has a custom section of that name.
    pub fn has_section(&self, name: &str) -> bool {
        self.own.has(name)
    }

    /// The DWARF address of a file offset.
    pub fn code_offset(&self, offset: ModuleOffset) -> Option<CodeOffset> {
        self.code?.code_offset_from_module(offset)
    }

    /// The global that the `name` section calls so.
    pub fn global_named(&self, name: &str) -> Option<u32> {
        let found = self.global_names.iter().filter(|(_, own)| *own == name);
        found.map(|(&index, _)| index).min()
    }

    /// Length of the code section.
    pub fn code_len(&self) -> u64 {
        self.code.map_or(0, |code| code.len_bytes)
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
        self.operators_and_jumps(body).0
    }

    /// As [`operators`](Self::operators), with the positions of those that only lead elsewhere: they count nothing,
    /// touch nothing and decide nothing.
    pub fn operators_and_jumps(&self, body: usize) -> (Vec<u32>, Vec<bool>) {
        use wasmparser::Operator;
        let (mut offsets, mut jumps) = (Vec::new(), Vec::new());
        self.each_operator(body, |offset, operator| {
            offsets.push(offset);
            jumps.push(matches!(
                operator,
                Operator::Br { .. }
                    | Operator::Block { .. }
                    | Operator::Loop { .. }
                    | Operator::Else
                    | Operator::End
                    | Operator::Nop
            ));
            true
        });
        (offsets, jumps)
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
        let Some(bytes) = self.own.bytes.get(start..end) else {
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

/// Parameters and results of a function's type.
fn arity(ty: &wasmparser::SubType) -> Option<(u32, u32)> {
    let wasmparser::CompositeInnerType::Func(function) = &ty.composite_type.inner else {
        return None;
    };
    let count = |types: &[wasmparser::ValType]| u32::try_from(types.len()).ok();
    Some((count(function.params())?, count(function.results())?))
}

/// The path in an `external_debug_info` or `sourceMappingURL` section: a length and that many bytes.
fn path_in(data: &[u8]) -> Option<String> {
    let mut reader = wasmparser::BinaryReader::new(data, 0);
    reader.read_string().ok().map(str::to_string)
}
