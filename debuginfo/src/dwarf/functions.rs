//! Names of functions, from every source there is, and finding functions by them.
//!
//! Order of trust: DWARF, `name` section, export, `func[n]`.

use super::DieId;
use super::units::Units;
use crate::Language;
use crate::names::{demangle, last_component, readable, simplified};
use crate::sections::ModuleMap;
use std::collections::HashMap;

/// The name of a subprogram as its language writes it, with namespaces.
pub(crate) fn display_name(units: &Units, die: DieId) -> Option<String> {
    let language = units
        .unit_of(die)
        .map_or(Language::Other, |unit| unit.summary.language);
    let linkage = || units.linkage_name(die);
    match language {
        // A method of a trait has no scope that names the type; its linkage name has.
        Language::Rust => linkage()
            .and_then(|linkage| demangle(&linkage))
            .or_else(|| scoped_name(units, die)),
        // Zig's linkage names are the qualified names.
        Language::Zig => linkage()
            .filter(|name| name.contains('.'))
            .or_else(|| scoped_name(units, die)),
        // For a function without a name its units say `wasm-function[3]`; an export may know better.
        Language::Wat => units.name(die).filter(|name| !name.starts_with("wasm-function[")),
        _ => scoped_name(units, die).or_else(|| linkage().map(|linkage| readable(&linkage))),
    }
}

fn scoped_name(units: &Units, die: DieId) -> Option<String> {
    let name = units.name(die)?;
    Some(simplified(&units.qualified(die, &name)))
}

/// The name of a function for people.
pub(crate) fn function_name(units: &Units, map: &ModuleMap, func_index: u32) -> String {
    let of_dwarf = map.body_of(func_index).and_then(|body| units.function(body));
    if let Some(name) = of_dwarf.and_then(|die| display_name(units, die)) {
        return name;
    }
    if let Some(name) = map.names.get(&func_index) {
        return readable(name);
    }
    if let Some(import) = map.imported_functions.get(func_index as usize) {
        return import.clone();
    }
    map.exports
        .get(&func_index)
        .map_or_else(|| format!("func[{func_index}]"), |name| readable(name))
}

/// Bytes that the names in the index may have together.
const INDEX_LIMIT: usize = 256 << 20;

/// Functions by all their names.
#[derive(Debug, Default)]
pub(crate) struct NameIndex {
    exact: HashMap<String, Vec<u32>>,
    last: HashMap<String, Vec<u32>>,
}

impl NameIndex {
    /// Collects the names of all functions.
    pub fn build(units: &Units, map: &ModuleMap) -> NameIndex {
        let mut index = NameIndex::default();
        let mut bytes_left = INDEX_LIMIT;
        let count = map.imported_functions.len().saturating_add(map.bodies.len());
        for func in 0..u32::try_from(count).unwrap_or(u32::MAX) {
            let shown = function_name(units, map, func);
            index.add_last(last_component(&shown), func);
            let mut names = vec![shown, format!("func[{func}]")];
            if let Some(die) = map.body_of(func).and_then(|body| units.function(body)) {
                names.extend(scoped_name(units, die));
                if let Some(name) = units.name(die) {
                    index.add_last(last_component(&name), func);
                    names.push(name);
                }
                if let Some(linkage) = units.linkage_name(die) {
                    names.extend(demangle(&linkage));
                    names.push(linkage);
                }
            }
            for name in [map.names.get(&func), map.exports.get(&func)]
                .into_iter()
                .flatten()
            {
                names.extend(demangle(name));
                names.push(name.clone());
            }
            for name in names {
                bytes_left = bytes_left.saturating_sub(name.len());
                add(&mut index.exact, name, func);
            }
            if bytes_left == 0 {
                break;
            }
        }
        index
    }

    fn add_last(&mut self, name: &str, func: u32) {
        add(&mut self.last, name.to_string(), func);
    }

    /// The functions of a name, ascending.
    pub fn find(&self, name: &str) -> &[u32] {
        let name = name.trim();
        self.exact
            .get(name)
            .or_else(|| self.last.get(name))
            .map_or(&[], Vec::as_slice)
    }
}

fn add(index: &mut HashMap<String, Vec<u32>>, name: String, func: u32) {
    let functions = index.entry(name).or_default();
    if functions.last() != Some(&func) {
        functions.push(func);
    }
}
