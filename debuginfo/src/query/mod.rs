//! The index behind the facade, and the questions it answers: `source` about lines and frames, `variables`
//! about values, `scope` about names in expressions.
//!
//! # Invariants
//! - Everything is computed once: at parse what a list of files and functions needs, the rest on first use.
//! - `Index` is `Send + Sync`; what fills up later sits in locks of its own.

mod scope;
mod source;
mod statics;
mod variables;

use crate::dwarf::functions::{self, NameIndex};
use crate::dwarf::inlined::InlinedCalls;
use crate::dwarf::line_program::{self, PathRoom, Program};
use crate::dwarf::lines::Lines;
use crate::dwarf::scopes::Scopes;
use crate::dwarf::template::TemplateParameters;
use crate::dwarf::types::Types;
use crate::dwarf::units::Units;
use crate::dwarf::walk::{self, Dies};
use crate::expr::names::NameTable;
use crate::findings::{self, Evidence, Finding};
use crate::reaching::{Held, Question};
use crate::sections::{Container, ModuleMap};
use crate::{CodeOffset, Diagnostic, FunctionMatch, SideFile, UnitSummary, source_map};
use statics::StaticNames;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

/// Diagnostics that are kept.
const DIAGNOSTIC_LIMIT: usize = 200;

/// What is known of a module.
#[derive(Debug)]
pub(crate) struct Index {
    pub map: ModuleMap,
    pub units: Units,
    pub lines: Lines,
    /// Whether the lines come from a source map.
    pub mapped: bool,
    source_map_missing: bool,
    pub diagnostics: Vec<Diagnostic>,
    types: Types,
    scopes: Vec<OnceLock<Option<Arc<Scopes>>>>,
    function_names: Vec<OnceLock<String>>,
    names: OnceLock<NameIndex>,
    inlined: OnceLock<InlinedCalls>,
    type_names: OnceLock<NameTable>,
    static_names: OnceLock<StaticNames>,
    template_parameters: TemplateParameters,
    /// Body and local to the first address at which the local has been set.
    base_set_at: Mutex<HashMap<(usize, u32), u32>>,
    /// What locals hold, where that has been asked.
    held: Mutex<HashMap<Question, Held>>,
}

/// The index while it is being made: headers are read, and the jobs that remain know nothing of each other.
#[derive(Debug)]
pub(crate) struct Making {
    map: ModuleMap,
    units: Units,
    source_map: Option<Arc<[u8]>>,
    paths: PathRoom,
    diagnostics: Vec<Diagnostic>,
}

/// What came of one job.
#[derive(Debug)]
pub(crate) enum Made {
    Dies(usize, Dies),
    Lines(usize, Box<Program>),
}

impl Making {
    pub fn new(module: Arc<[u8]>, files: &dyn Fn(&SideFile) -> Option<Arc<[u8]>>) -> Making {
        let mut diagnostics = Vec::new();
        let mut map = ModuleMap::read(module, &mut diagnostics);
        if !map.has_section(".debug_info")
            && let Some(path) = map.external_debug_info.clone()
        {
            let external = files(&SideFile::External { path });
            if let Some(bytes) = external {
                map.attach(Container::read(bytes));
            }
        }
        let units = Units::open(&map, files, &mut diagnostics);
        let source_map = map
            .source_map
            .as_ref()
            .and_then(|url| match source_map::inline(url) {
                Some(map) => Some(Arc::from(map)),
                None => files(&SideFile::SourceMap { url: url.clone() }),
            });
        Making {
            map,
            units,
            source_map,
            paths: PathRoom::default(),
            diagnostics,
        }
    }

    /// How many jobs there are: the walk over each unit and the line program of each.
    pub fn jobs(&self) -> usize {
        self.units.units.len().saturating_mul(2)
    }

    pub fn run(&self, job: usize) -> Option<Made> {
        let position = job / 2;
        let unit = self.units.units.get(position)?;
        Some(match job % 2 {
            0 => Made::Dies(position, walk::walk(unit, &self.map)),
            _ => Made::Lines(
                position,
                Box::new(line_program::run(unit, &self.map, &self.paths)),
            ),
        })
    }

    pub fn finish(self, made: Vec<Made>) -> Index {
        let Making {
            map,
            mut units,
            source_map,
            paths,
            mut diagnostics,
        } = self;
        let mut dies: Vec<Option<Dies>> = units.units.iter().map(|_| None).collect();
        let mut programs: Vec<Program> = units.units.iter().map(|_| Program::default()).collect();
        for made in made {
            match made {
                Made::Dies(position, found) => {
                    if let Some(slot) = dies.get_mut(position) {
                        *slot = Some(found);
                    }
                }
                Made::Lines(position, found) => {
                    if let Some(slot) = programs.get_mut(position) {
                        *slot = *found;
                    }
                }
            }
        }
        let has_lines: Vec<bool> = programs.iter().map(|program| !program.rows.is_empty()).collect();
        for (position, dies) in dies.into_iter().enumerate() {
            units.take(position, dies.unwrap_or_default(), &mut diagnostics);
        }
        let mut lines = Lines::assemble(&map, &units, programs, &paths, &mut diagnostics);
        units.sum_up(&has_lines);
        let mut mapped = false;
        let source_map_missing = map.source_map.is_some() && source_map.is_none() && !lines.any();
        if let Some(bytes) = source_map.filter(|_| !lines.any()) {
            let program = source_map::read(&bytes, &map, &paths);
            if let Some(error) = &program.error {
                diagnostics.push(Diagnostic {
                    section: "sourceMappingURL".to_string(),
                    offset: None,
                    message: format!("The source map cannot be read in full: {error}."),
                });
            }
            let of_map = Lines::assemble(&map, &units, vec![program], &paths, &mut diagnostics);
            mapped = of_map.any();
            if mapped {
                lines = of_map;
            }
        }
        diagnostics.truncate(DIAGNOSTIC_LIMIT);
        let functions = map.imported_functions.len().saturating_add(map.bodies.len());
        Index {
            scopes: map.bodies.iter().map(|_| OnceLock::new()).collect(),
            function_names: (0..functions).map(|_| OnceLock::new()).collect(),
            names: OnceLock::new(),
            inlined: OnceLock::new(),
            type_names: OnceLock::new(),
            static_names: OnceLock::new(),
            template_parameters: TemplateParameters::default(),
            types: Types::default(),
            base_set_at: Mutex::default(),
            held: Mutex::default(),
            map,
            units,
            lines,
            mapped,
            source_map_missing,
            diagnostics,
        }
    }
}

impl Index {
    /// What each unit says of itself.
    pub fn summaries(&self) -> Vec<UnitSummary> {
        let shown = self.units.units.iter().filter(|unit| !unit.hidden);
        shown.map(|unit| unit.summary.clone()).collect()
    }

    pub fn findings(&self) -> Vec<Finding> {
        findings::findings(&Evidence {
            map: &self.map,
            units: &self.units,
            lines: &self.lines,
            summaries: &self.summaries(),
            mapped: self.mapped,
            source_map_missing: self.source_map_missing,
            diagnostics: &self.diagnostics,
        })
    }

    /// The scopes of a body; `None` without DWARF for it.
    fn scopes(&self, body: usize) -> Option<Arc<Scopes>> {
        let function = self.units.function(body)?;
        let slot = self.scopes.get(body)?;
        slot.get_or_init(|| Scopes::read(&self.units, function).map(Arc::new))
            .clone()
    }

    pub fn function_count(&self) -> u32 {
        u32::try_from(self.function_names.len()).unwrap_or(u32::MAX)
    }

    pub fn function_name(&self, func_index: u32) -> String {
        match self.function_names.get(func_index as usize) {
            Some(slot) => slot
                .get_or_init(|| functions::function_name(&self.units, &self.map, func_index))
                .clone(),
            None => format!("func[{func_index}]"),
        }
    }

    pub fn functions_named(&self, name: &str) -> Vec<FunctionMatch> {
        let names = self
            .names
            .get_or_init(|| NameIndex::build(&self.units, &self.map));
        let found = names.find(name).iter().map(|&func_index| FunctionMatch {
            func_index,
            name: self.function_name(func_index),
            stop_at: self
                .map
                .body_of(func_index)
                .and_then(|body| self.prologue_end(body)),
        });
        found.collect()
    }

    /// Where the functions of a name begin that were inlined into others, at their first line there.
    pub fn inlined_calls_named(&self, name: &str) -> Vec<CodeOffset> {
        let calls = self
            .inlined
            .get_or_init(|| InlinedCalls::build(&self.units, &self.map));
        let begins = calls.named(&self.units, name);
        let places = begins.into_iter().map(|begins| {
            let begins = CodeOffset(u64::from(begins));
            self.first_line_in(begins).unwrap_or(begins)
        });
        places.collect()
    }
}
