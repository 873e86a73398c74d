//! Static variables by name or path, as they are seen from a function.
//!
//! # Invariants
//! - What the scopes around the function have comes first, the innermost of them before the others. What is named in
//!   another namespace or function counts if there is one only; what is named in another class does not.
//!
//! Must not know: frames, the live guest.

use super::Index;
use crate::Language;
use crate::dwarf::DieId;
use crate::dwarf::functions::display_name;
use crate::dwarf::units::Unit;
use crate::expr::names::{compact, names};

/// A name, and where it is asked.
struct Asked<'a> {
    /// As it was written, without blanks.
    path: String,
    /// Its last part.
    plain: &'a str,
    /// The whole name of the function.
    around: String,
    language: Language,
}

/// How near a variable is; of two, the greater is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Near {
    /// In another function.
    Inside,
    /// In another namespace.
    Elsewhere,
    /// In no namespace, or one around the function, by the length of its name.
    Around(usize),
}

impl Index {
    /// A static variable's whole name. Zig writes that for the linker.
    pub(super) fn static_name(&self, die: DieId, own: &str) -> String {
        let zig = (self.units.unit_of(die)).is_some_and(|unit| unit.summary.language == Language::Zig);
        let linked = zig.then(|| self.units.linkage_name(die)).flatten();
        let linked = linked.filter(|name| name.ends_with(own));
        linked.unwrap_or_else(|| self.units.qualified(die, own))
    }

    /// A static variable by name or path, seen from a function of a unit: of the unit if it has one, else of any. What has
    /// a constant and no storage comes last.
    ///
    /// A path means every variable whose name ends in it. A name alone means the unit's; of another unit only what lies
    /// in no namespace; in Zig, whose units are whole programs, what lies around the function.
    pub(super) fn static_named(
        &self,
        unit: Option<&Unit>,
        function: Option<DieId>,
        path: &str,
    ) -> Option<DieId> {
        let asked = Asked {
            path: compact(path),
            plain: path.rsplit([':', '.']).next().unwrap_or(path),
            around: (function.and_then(|function| display_name(&self.units, function))).unwrap_or_default(),
            language: unit.map_or(Language::Other, |unit| unit.summary.language),
        };
        let in_unit = |of: fn(&Unit) -> &[DieId]| {
            let dies = unit.map_or(&[][..], of);
            self.nearest(dies.iter().copied(), &asked)
        };
        let elsewhere = |of: fn(&Unit) -> &[DieId]| {
            let mut dies = self.units.units.iter().flat_map(of).copied();
            dies.find(|&die| self.is_meant_elsewhere(die, &asked))
        };
        let statics: fn(&Unit) -> &[DieId] = |unit| &unit.statics;
        let constants: fn(&Unit) -> &[DieId] = |unit| &unit.constants;
        (in_unit(statics))
            .or_else(|| elsewhere(statics))
            .or_else(|| in_unit(constants))
            .or_else(|| elsewhere(constants))
    }

    /// The whole name of a variable, if it may be what is asked for.
    fn asked_name(&self, die: DieId, asked: &Asked<'_>) -> Option<String> {
        let own = self.units.name(die).filter(|own| own.ends_with(asked.plain))?;
        let full = self.static_name(die, &own);
        (names(&full, &asked.path) && self.is_constant_or_stored(die)).then_some(full)
    }

    /// The nearest of some variables of the unit.
    fn nearest(&self, dies: impl Iterator<Item = DieId>, asked: &Asked<'_>) -> Option<DieId> {
        let mut best: Option<(Near, DieId, String)> = None;
        let mut ambiguous = false;
        for die in dies {
            let Some((full, near)) = self
                .asked_name(die, asked)
                .and_then(|full| self.nearness(die, &full, asked).map(|near| (full, near)))
            else {
                continue;
            };
            match &best {
                Some((known, ..)) if *known > near => {}
                Some((known, _, name)) if *known == near => ambiguous |= *name != full,
                _ => (best, ambiguous) = (Some((near, die, full)), false),
            }
        }
        best.filter(|_| !ambiguous).map(|(_, die, _)| die)
    }

    /// How near a variable of the unit is; `None` if it is not seen.
    fn nearness(&self, die: DieId, full: &str, asked: &Asked<'_>) -> Option<Near> {
        let full = compact(full);
        let container = full.strip_suffix(&asked.path).unwrap_or("");
        let around = compact(&asked.around);
        if self.is_in_function(die) && asked.path == asked.plain {
            return Some(Near::Inside);
        }
        if container.is_empty() || around.starts_with(container) {
            return Some(Near::Around(container.len()));
        }
        if asked.path != asked.plain {
            return Some(Near::Elsewhere);
        }
        match asked.language {
            Language::Zig => None,
            // Static members of another class, an instance of the same template among them.
            Language::Cpp if self.units.is_in_class(die) => None,
            _ => Some(Near::Elsewhere),
        }
    }

    /// Whether a variable of any unit is what is asked for in one that has none.
    fn is_meant_elsewhere(&self, die: DieId, asked: &Asked<'_>) -> bool {
        let c_like = matches!(asked.language, Language::C | Language::Wat | Language::Other);
        let path = asked.path != asked.plain;
        self.asked_name(die, asked).is_some_and(|full| {
            let inner = !path && self.is_in_function(die);
            !inner && (c_like || path || full == asked.path)
        })
    }

    /// Whether a variable lies in a function, which sees it by itself.
    fn is_in_function(&self, die: DieId) -> bool {
        let unit = self.units.unit_of(die);
        unit.is_some_and(|unit| unit.inner_statics.binary_search(&die).is_ok())
    }

    /// Whether a variable has storage, or a constant for ever: a variable that has one has; a static member that is not
    /// `const` only begins so.
    fn is_constant_or_stored(&self, die: DieId) -> bool {
        let Some((_, entry)) = self.units.entry(die) else {
            return false;
        };
        entry.tag() == gimli::DW_TAG_variable
            || self
                .type_of(die)
                .is_some_and(|ty| self.types.is_const(&self.units, ty))
    }
}
