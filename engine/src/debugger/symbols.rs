//! Names and places of one module: its debug info where there is any, its own names where not.
//!
//! # Invariants
//! - Every code address that leaves is an instruction of a defined function.
//!
//! Must not know: running guests, who asks.

use super::command::BreakpointSpec;
use super::describe::{global_names, plain_function_names};
use super::event::{BreakpointLocation, DebugSummary};
use super::snapshot::{FrameInfo, SourcePlace};
use crate::module::Module;
use crate::module::text::operators_from;
use crate::runtime::paused::FrameHead;
use std::sync::Arc;
use stepwell_debuginfo::{CodeOffset, DebugInfo, ModuleOffset, SourceLocation};

/// A module's names and places.
pub struct Symbols {
    module: Arc<Module>,
    debug: Option<Arc<DebugInfo>>,
    names: Vec<String>,
    globals: Vec<Option<String>>,
}

impl Symbols {
    /// Those of the module alone; the debug info is on its way.
    pub fn new(module: Arc<Module>) -> Symbols {
        Symbols {
            names: plain_function_names(&module),
            globals: global_names(&module),
            module,
            debug: None,
        }
    }

    /// Takes the debug info in.
    pub fn complete(&mut self, debug: Arc<DebugInfo>) {
        self.names = (0..self.module.func_types.len() as u32)
            .map(|func| debug.function_name(func))
            .collect();
        self.debug = Some(debug);
    }

    /// The debug info, once it is there.
    pub fn debug(&self) -> Option<&DebugInfo> {
        self.debug.as_deref()
    }

    /// The module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// Function names by index.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Global names by index.
    pub fn global_names(&self) -> &[Option<String>] {
        &self.globals
    }

    /// The name of a function.
    pub fn name(&self, func: u32) -> String {
        (self.names.get(func as usize).cloned()).unwrap_or_else(|| format!("func[{func}]"))
    }

    /// A file offset as DWARF counts.
    pub fn code_offset(&self, offset: ModuleOffset) -> Option<CodeOffset> {
        self.module.code.as_ref()?.code_offset_from_module(offset)
    }

    fn module_offset(&self, offset: CodeOffset) -> Option<ModuleOffset> {
        self.module.code.as_ref()?.module_offset_from_code(offset)
    }

    /// A source location with its file's path.
    pub fn place(&self, location: SourceLocation) -> Option<SourcePlace> {
        let file = (self.debug()?.files().iter()).find(|file| file.id == location.file)?;
        Some(SourcePlace {
            file: file.id,
            path: file.path.clone(),
            line: location.line,
            column: location.column,
        })
    }

    /// The source place of an instruction.
    pub fn source(&self, offset: ModuleOffset) -> Option<SourcePlace> {
        let location = self
            .debug()?
            .location_from_code_offset(self.code_offset(offset)?)?;
        self.place(location)
    }

    /// The first instruction of a function at or behind an address.
    fn snap(&self, offset: ModuleOffset) -> Option<BreakpointLocation> {
        self.snap_all(vec![offset]).into_iter().next()
    }

    /// For each of some addresses, the first instruction of its function there or behind; ascending, each once.
    fn snap_all(&self, mut offsets: Vec<ModuleOffset>) -> Vec<BreakpointLocation> {
        offsets.sort_unstable();
        let mut locations: Vec<BreakpointLocation> = Vec::new();
        for of_func in offsets.chunk_by(|one, next| self.module.func_at(one.0) == self.module.func_at(next.0))
        {
            let func = of_func.first().and_then(|offset| self.module.func_at(offset.0));
            let Some(func) = func else { continue };
            let wanted: Vec<u64> = of_func.iter().map(|offset| offset.0).collect();
            for at in operators_from(&self.module, func, &wanted) {
                let offset = ModuleOffset(at);
                if locations.last().is_none_or(|last| last.offset != offset) {
                    let source = self.source(offset);
                    locations.push(BreakpointLocation { offset, func, source });
                }
            }
        }
        locations
    }

    /// Where a wish binds, and why not or what to know; neither while the debug info is on its way.
    pub fn resolve(&self, spec: &BreakpointSpec) -> (Vec<BreakpointLocation>, Option<String>) {
        match spec {
            BreakpointSpec::Offset { offset } => match self.snap(*offset) {
                Some(location) => {
                    let note = (location.offset != *offset)
                        .then(|| format!("moved to the instruction at {}", location.offset));
                    (vec![location], note)
                }
                None => (
                    Vec::new(),
                    Some(format!(
                        "there is no instruction at or after {offset} in any function"
                    )),
                ),
            },
            BreakpointSpec::Function { name } => self.resolve_function(name),
            BreakpointSpec::Line { path, line } => self.resolve_line(path, *line),
        }
    }

    fn resolve_function(&self, name: &str) -> (Vec<BreakpointLocation>, Option<String>) {
        let Some(debug) = self.debug() else {
            return (Vec::new(), None);
        };
        let matches = debug.functions_named(name);
        let inlined = debug.inlined_calls_named(name);
        if matches.is_empty() && inlined.is_empty() {
            return (Vec::new(), Some(format!("there is no function named \"{name}\"")));
        }
        let mut offsets: Vec<ModuleOffset> = (matches.iter())
            .filter_map(|found| {
                let body = self.module.body(found.func_index)?;
                let at = found.stop_at.and_then(|at| self.module_offset(at));
                Some(at.unwrap_or(ModuleOffset(body.first_op as u64)))
            })
            .collect();
        offsets.extend(inlined.into_iter().filter_map(|at| self.module_offset(at)));
        let locations = self.snap_all(offsets);
        let message = (locations.is_empty())
            .then(|| format!("\"{name}\" is imported: the host runs it, there is nothing to stop in"));
        (locations, message)
    }

    fn resolve_line(&self, path: &str, line: u32) -> (Vec<BreakpointLocation>, Option<String>) {
        let Some(debug) = self.debug() else {
            return (Vec::new(), None);
        };
        if !debug.has_lines() {
            let why = "the module has no line information: build it with -g".to_string();
            return (Vec::new(), Some(why));
        }
        let files = debug.files_matching(path);
        if files.is_empty() {
            let why = format!("no source file of the module is named \"{path}\"");
            return (Vec::new(), Some(why));
        }
        let bindings: Vec<_> = (files.iter())
            .filter_map(|&file| debug.binding_from_line(file, line))
            .collect();
        // Files that have the very line win over those where it would move.
        let exact = bindings.iter().any(|binding| binding.line == line);
        let offsets = (bindings.iter())
            .filter(|binding| !exact || binding.line == line)
            .flat_map(|binding| &binding.locations)
            .filter_map(|&at| Some(self.arm(self.module_offset(at)?)))
            .collect();
        let locations = self.snap_all(offsets);
        let message = if locations.is_empty() {
            Some(format!(
                "line {line} of \"{path}\" has no code, nor has any line after it in its function"
            ))
        } else if exact {
            None
        } else {
            (bindings.first()).map(|binding| format!("moved to line {}, the next with code", binding.line))
        };
        (locations, message)
    }

    /// Where a line begins that begins with an `else` or `catch_all`: at the instruction after it. It ends the arm above,
    /// and whoever enters the arm below jumps over it.
    fn arm(&self, at: ModuleOffset) -> ModuleOffset {
        const ELSE: u8 = 0x05;
        const CATCH_ALL: u8 = 0x19;
        let byte = usize::try_from(at.0)
            .ok()
            .and_then(|at| self.module.bytes.get(at));
        match byte {
            Some(&(ELSE | CATCH_ALL)) => ModuleOffset(at.0 + 1),
            _ => at,
        }
    }

    /// The rows of one wasm frame, innermost first.
    pub fn frame_rows(&self, head: &FrameHead, wasm_frame: u32, rows: &mut Vec<FrameInfo>) {
        let frames = (self.debug())
            .zip(self.code_offset(head.pc))
            .map(|(debug, at)| debug.frames_at(at))
            .unwrap_or_default();
        if frames.is_empty() {
            rows.push(FrameInfo {
                index: rows.len() as u32,
                wasm_frame,
                func: head.func,
                function: self.name(head.func),
                pc: head.pc,
                source: self.source(head.pc),
                inlined: false,
            });
        }
        for frame in frames {
            rows.push(FrameInfo {
                index: rows.len() as u32,
                wasm_frame,
                func: head.func,
                function: frame.function,
                pc: head.pc,
                source: frame.location.and_then(|location| self.place(location)),
                inlined: frame.inlined,
            });
        }
    }

    /// What the debug info offers; `None` while it is on its way.
    pub fn summary(&self, entry: Option<u32>) -> Option<DebugSummary> {
        let debug = self.debug()?;
        let main = (debug.functions_named("main").first())
            .and_then(|found| self.source(self.module_offset(found.stop_at?)?))
            .or_else(|| self.source(ModuleOffset(self.module.body(entry?)?.first_op as u64)));
        Some(DebugSummary {
            has_lines: debug.has_lines(),
            files: debug.files().to_vec(),
            units: debug.units(),
            diagnostics: debug.diagnostics(),
            findings: debug.findings(),
            function_names: self.names.clone(),
            main,
        })
    }
}
