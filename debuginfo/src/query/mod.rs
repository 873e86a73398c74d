//! The index behind the facade, and the questions it answers: `source` about lines and frames, `variables`
//! about values, `scope` about names in expressions.
//!
//! # Invariants
//! - Everything is computed once: at parse what a list of files and functions needs, the rest on first use.
//! - `Index` is `Send + Sync`; what fills up later sits in locks of its own.

mod scope;
mod source;
mod variables;

use crate::dwarf::functions::{self, NameIndex};
use crate::dwarf::lines::Lines;
use crate::dwarf::scopes::Scopes;
use crate::dwarf::types::Types;
use crate::dwarf::units::Units;
use crate::expr::names::NameTable;
use crate::sections::ModuleMap;
use crate::{Diagnostic, FunctionMatch};
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
    pub diagnostics: Vec<Diagnostic>,
    types: Types,
    scopes: Vec<OnceLock<Option<Arc<Scopes>>>>,
    function_names: Vec<OnceLock<String>>,
    names: OnceLock<NameIndex>,
    type_names: OnceLock<NameTable>,
    /// Body and local to the first address at which the local has been set.
    base_set_at: Mutex<HashMap<(usize, u32), u32>>,
}

impl Index {
    pub fn new(module: Arc<[u8]>) -> Index {
        let mut diagnostics = Vec::new();
        let map = ModuleMap::read(module, &mut diagnostics);
        let units = Units::index(&map, &mut diagnostics);
        let lines = Lines::read(&map, &units, &mut diagnostics);
        if !map.has_section(".debug_info")
            && let Some(path) = &map.external_debug_info
        {
            diagnostics.push(Diagnostic {
                section: "external_debug_info".to_string(),
                offset: None,
                message: format!("The debug information is in another file, {path}, which was not read."),
            });
        }
        diagnostics.truncate(DIAGNOSTIC_LIMIT);
        let functions = map.imported_functions.len().saturating_add(map.bodies.len());
        Index {
            scopes: map.bodies.iter().map(|_| OnceLock::new()).collect(),
            function_names: (0..functions).map(|_| OnceLock::new()).collect(),
            names: OnceLock::new(),
            type_names: OnceLock::new(),
            types: Types::default(),
            base_set_at: Mutex::default(),
            map,
            units,
            lines,
            diagnostics,
        }
    }

    /// The scopes of a body; `None` without DWARF for it.
    fn scopes(&self, body: usize) -> Option<Arc<Scopes>> {
        let function = self.units.function(body)?;
        let slot = self.scopes.get(body)?;
        slot.get_or_init(|| Scopes::read(&self.units, function).map(Arc::new))
            .clone()
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
}
