//! Types and enumerators by name, over all units.
//!
//! # Invariants
//! - Built once, when first asked; a few bytes an entry: names are read again to be compared, not kept.
//! - The number of entries is bounded.
//!
//! Must not know: frames, the live guest.

use super::Tag;
use crate::Language;
use crate::dwarf::DieId;
use crate::dwarf::types::{Shape, Types};
use crate::dwarf::units::{Unit, Units};
use crate::names::simplified;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Types and enumerators that are indexed.
const ENTRY_LIMIT: usize = 1 << 21;
/// Types or enumerators of one name that are looked at.
const SAME_NAME_LIMIT: usize = 4096;
/// Enumerations inside other types, at most; deeper ones belong to nobody.
const DEPTH_LIMIT: usize = 256;

/// A name's hash with what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    hash: u32,
    die: u32,
}

/// The index.
#[derive(Debug, Default)]
pub(crate) struct NameTable {
    types: Vec<Entry>,
    /// Enumerations by the names of their enumerators.
    enumerators: Vec<Entry>,
    /// What typedefs lie in that have a scope around them: pairs of both, by the first.
    typedefs: Vec<(u32, u32)>,
}

/// The last part of a path, without what stands in brackets behind it.
fn last_part(path: &str) -> &str {
    let plain = path.split(['<', '(']).next().unwrap_or(path);
    let plain = plain.rsplit("::").next().unwrap_or(plain);
    plain.rsplit('.').next().unwrap_or(plain)
}

pub(crate) fn hash(name: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    last_part(name).hash(&mut hasher);
    hasher.finish() as u32
}

/// A name as it is compared: without blanks.
pub(crate) fn compact(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).collect()
}

impl NameTable {
    /// Reads the names of all types.
    pub fn build(units: &Units) -> NameTable {
        let mut table = NameTable::default();
        for unit in &units.units {
            // A unit that breaks off keeps what came before.
            let _ = table.walk(units, unit);
        }
        table.types.sort_unstable();
        table.enumerators.sort_unstable();
        table.enumerators.dedup();
        table.typedefs.sort_unstable();
        table
    }

    /// The whole name of a type.
    fn qualified(&self, units: &Units, die: DieId, name: &str) -> String {
        let key = u32::try_from(die.0).unwrap_or(0);
        let found = self.typedefs.binary_search_by_key(&key, |&(typedef, _)| typedef);
        let scope = found.ok().and_then(|at| self.typedefs.get(at));
        let Some(scope) = scope.map(|&(_, scope)| DieId(scope as usize)) else {
            return units.qualified(die, name);
        };
        let inline = units
            .entry(scope)
            .is_some_and(|(_, entry)| entry.attr(gimli::DW_AT_export_symbols).is_some());
        match units.name(scope) {
            Some(own) if !inline => units.qualified(scope, &format!("{own}::{name}")),
            _ => units.qualified(scope, name),
        }
    }

    fn walk(&mut self, units: &Units, unit: &Unit) -> gimli::Result<()> {
        let mut entries = unit.dwarf.entries_raw(None)?;
        // What is open, by depth: enumerations and other scopes of names; of a function, what it lies in has none.
        let mut around: Vec<(isize, u32, bool)> = Vec::new();
        while !entries.is_empty() {
            let offset = unit.start.saturating_add(entries.next_offset().0);
            let depth = entries.next_depth();
            let Some(abbreviation) = entries.read_abbreviation()? else {
                continue;
            };
            while around.last().is_some_and(|&(outer, ..)| outer >= depth) {
                around.pop();
            }
            let tag = abbreviation.tag();
            let is_type = matches!(
                tag,
                gimli::DW_TAG_base_type
                    | gimli::DW_TAG_typedef
                    | gimli::DW_TAG_template_alias
                    | gimli::DW_TAG_structure_type
                    | gimli::DW_TAG_class_type
                    | gimli::DW_TAG_union_type
                    | gimli::DW_TAG_enumeration_type
            );
            let enumerator = tag == gimli::DW_TAG_enumerator;
            let Ok(die) = u32::try_from(offset) else {
                return Ok(());
            };
            let scope = match tag {
                gimli::DW_TAG_namespace
                | gimli::DW_TAG_structure_type
                | gimli::DW_TAG_class_type
                | gimli::DW_TAG_union_type
                | gimli::DW_TAG_enumeration_type => Some(die),
                gimli::DW_TAG_subprogram => Some(0),
                _ => None,
            };
            let inside = around.last().copied();
            if let Some(scope) = scope
                && around.len() < DEPTH_LIMIT
            {
                around.push((depth, scope, tag == gimli::DW_TAG_enumeration_type));
            }
            if !is_type && !enumerator {
                entries.skip_attributes(abbreviation.attributes())?;
                continue;
            }
            let (mut name, mut declared) = (None, false);
            for &spec in abbreviation.attributes() {
                let attribute = entries.read_attribute(spec)?;
                match attribute.name() {
                    gimli::DW_AT_name => name = units.string(&unit.dwarf, attribute.value()),
                    gimli::DW_AT_declaration => declared = true,
                    _ => {}
                }
            }
            let Some(name) = name.filter(|name| !name.is_empty()) else {
                continue;
            };
            let hash = hash(&name);
            if is_type && !declared && self.types.len() < ENTRY_LIMIT {
                self.types.push(Entry { hash, die });
                if let (gimli::DW_TAG_typedef, Some((_, scope @ 1.., _))) = (tag, inside) {
                    self.typedefs.push((die, scope));
                }
            }
            if let (true, Some((_, owner, true))) = (enumerator, inside)
                && self.enumerators.len() < ENTRY_LIMIT
            {
                self.enumerators.push(Entry { hash, die: owner });
            }
        }
        Ok(())
    }

    /// What may be called so, in the order of the units: those from `from` on.
    fn of<'a>(entries: &'a [Entry], name: &str, from: usize) -> impl Iterator<Item = DieId> + use<'a> {
        let hash = hash(name);
        let first = entries.partition_point(|entry| (entry.hash, entry.die as usize) < (hash, from));
        entries
            .get(first..)
            .unwrap_or(&[])
            .iter()
            .take_while(move |entry| entry.hash == hash)
            .take(SAME_NAME_LIMIT)
            .map(|entry| DieId(entry.die as usize))
    }

    /// A type by name or path: of the unit `near` if it has one, else the first of any.
    pub fn type_named(
        &self,
        units: &Units,
        types: &Types,
        near: Option<&Unit>,
        tag: Option<Tag>,
        path: &str,
    ) -> Option<DieId> {
        let wanted = compact(path);
        let fits = |die: &DieId| {
            let Some(ty) = types.get(units, *die) else {
                return false;
            };
            let tagged = match (&ty.shape, tag) {
                (_, None) => true,
                (Shape::Record { kind, .. }, Some(Tag::Struct)) => {
                    *kind != crate::dwarf::types::RecordKind::Union
                }
                (Shape::Record { kind, .. }, Some(Tag::Union)) => {
                    *kind == crate::dwarf::types::RecordKind::Union
                }
                (Shape::Enum { .. }, Some(Tag::Enum)) => true,
                _ => false,
            };
            tagged
                && ty
                    .name
                    .as_deref()
                    .is_some_and(|name| names(&self.qualified(units, *die, name), &wanted))
        };
        let whole = |die: &DieId| {
            let name = units.name(*die).map(|name| self.qualified(units, *die, &name));
            name.is_some_and(|name| compact(&name) == wanted) && fits(die)
        };
        // In a unit, a name is that of a type in no namespace before it is the end of another's.
        let own = near.and_then(|unit| NameTable::near(&self.types, unit, path, whole));
        own.or_else(|| self.nearest(&self.types, near, path, fits))
    }

    /// An enumerator by name or path: its enumeration and number.
    pub fn enumerator(
        &self,
        units: &Units,
        types: &Types,
        near: Option<&Unit>,
        path: &str,
    ) -> Option<(DieId, i64)> {
        let wanted = compact(path);
        let plain = last_part(path);
        let value = |die: DieId| {
            let ty = types.get(units, die)?;
            let Shape::Enum {
                enumerators, scoped, ..
            } = &ty.shape
            else {
                return None;
            };
            let (_, value) = enumerators.iter().find(|(name, _)| name == plain)?;
            // In the enumeration, and (where that is no scope of its own) beside it.
            let open = !scoped && !matches!(ty.language, Language::Rust | Language::Zig);
            let within = |name: &str| {
                let separator = if ty.language == Language::Zig { "." } else { "::" };
                let full = format!("{}{separator}{plain}", units.qualified(die, name));
                wanted.len() > plain.len() && names(&full, &wanted)
            };
            let named = open && names(&units.qualified(die, plain), &wanted)
                || ty.name.as_deref().is_some_and(within);
            named.then_some(*value)
        };
        let whole = |die: &DieId| {
            let beside = compact(&units.qualified(*die, plain)) == wanted;
            beside && value(*die).is_some()
        };
        let bare = wanted.len() == plain.len();
        // A name alone means none of a class of C++: whoever lies in that asks with its name.
        let of_cpp = |die: DieId| {
            types
                .get(units, die)
                .is_some_and(|ty| ty.language == Language::Cpp)
        };
        let hidden = |die: DieId| bare && of_cpp(die) && units.is_in_class(die);
        let seen = |die: &DieId| value(*die).is_some() && !hidden(*die);
        let own = near.and_then(|unit| NameTable::near(&self.enumerators, unit, path, whole));
        let die = own.or_else(|| self.nearest(&self.enumerators, near, path, seen))?;
        Some((die, value(die)?))
    }

    /// The first that fits of a unit.
    fn near(entries: &[Entry], unit: &Unit, path: &str, fits: impl Fn(&DieId) -> bool) -> Option<DieId> {
        let own = NameTable::of(entries, path, unit.start);
        own.take_while(|die| die.0 < unit.end).find(fits)
    }

    fn nearest(
        &self,
        entries: &[Entry],
        near: Option<&Unit>,
        path: &str,
        fits: impl Fn(&DieId) -> bool,
    ) -> Option<DieId> {
        let near = near.and_then(|unit| NameTable::near(entries, unit, path, &fits));
        near.or_else(|| NameTable::of(entries, path, 0).find(&fits))
    }
}

/// Whether a full name is `wanted`, and no more than that.
pub(crate) fn is_name(full: &str, wanted: &str) -> bool {
    let wanted = compact(wanted);
    compact(full) == wanted || compact(&simplified(full)) == wanted
}

/// Whether a full name is what `wanted` (without blanks) means: all of it, or its last parts.
pub(crate) fn names(full: &str, wanted: &str) -> bool {
    let ends = |full: &str| {
        full.strip_suffix(wanted)
            .is_some_and(|before| before.is_empty() || before.ends_with("::") || before.ends_with('.'))
    };
    ends(&compact(full)) || ends(&compact(&simplified(full)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_by_whole_parts() {
        assert!(names("geometry::Shape::made", "made"));
        assert!(names("geometry::Shape::made", "Shape::made"));
        assert!(names("geometry::Shape::made", "geometry::Shape::made"));
        assert!(!names("my_geometry::made", "geometry::made"));
        assert!(!names("remade", "made"));
        assert!(names("stack.Op", "Op"));
        assert!(names("Vec<i32, Global>", "Vec<i32,Global>"));
        assert_eq!(last_part("std::vector<a::b>"), "vector");
        assert_eq!(last_part("stack.Op"), "Op");
    }
}
