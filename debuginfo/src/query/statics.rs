//! Static variables by name or path, as they are seen from a function.
//!
//! # Invariants
//! - What the scopes around the function have comes first, the innermost of them before the others; an unnamed namespace
//!   is the one around it. What is named in another namespace or function counts if there is one only and nothing is
//!   nearer; what is named in another class does not.
//! - Of another unit only what it gives to others is seen.
//! - If two different variables are equally near, none is meant.
//!
//! Must not know: frames, the live guest.

use super::Index;
use crate::Language;
use crate::dwarf::DieId;
use crate::dwarf::functions::display_name;
use crate::dwarf::units::{Unit, Units};
use crate::expr::names::{compact, hash, names};

/// Variables of one name that are looked at.
const SAME_NAME_LIMIT: usize = 4096;

/// The variables with static storage or a constant of all units, by the hash of their name.
#[derive(Debug, Default)]
pub(super) struct StaticNames(Vec<(u32, DieId, bool)>);

impl StaticNames {
    fn build(units: &Units) -> StaticNames {
        let mut found = Vec::new();
        for unit in &units.units {
            let stored = unit.statics.iter().map(|&die| (die, true));
            for (die, stored) in stored.chain(unit.constants.iter().map(|&die| (die, false))) {
                found.extend(units.name(die).map(|name| (hash(&name), die, stored)));
            }
        }
        found.sort_unstable_by_key(|&(hash, die, _)| (hash, die));
        StaticNames(found)
    }

    /// What may be called so, and whether it has storage.
    fn of(&self, name: &str) -> impl Iterator<Item = (DieId, bool)> {
        let wanted = hash(name);
        let first = self.0.partition_point(|&(hash, ..)| hash < wanted);
        let same = self.0.get(first..).unwrap_or(&[]).iter();
        same.take_while(move |(hash, ..)| *hash == wanted)
            .take(SAME_NAME_LIMIT)
            .map(|&(_, die, stored)| (die, stored))
    }
}

/// A name, and where it is asked.
struct Asked<'a> {
    /// As it was written, without blanks.
    path: String,
    /// Whether it is a name alone.
    alone: bool,
    /// The whole name of the function.
    around: String,
    /// Whether the function lies in a class, or is a lambda, in another function.
    local: bool,
    unit: Option<&'a Unit>,
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
    /// In a function, asked for in one that lies in a function: in that or in another.
    PerhapsAround,
}

impl Index {
    /// A static variable's whole name. Zig writes that for the linker.
    pub(super) fn static_name(&self, die: DieId, own: &str) -> String {
        let zig = (self.units.unit_of(die)).is_some_and(|unit| unit.summary.language == Language::Zig);
        let linked = zig.then(|| self.units.linkage_name(die)).flatten();
        let linked = linked.filter(|name| name.ends_with(own));
        linked.unwrap_or_else(|| self.units.qualified(die, own))
    }

    /// A static variable by name or path, seen from a function of a unit.
    pub(super) fn static_named(
        &self,
        unit: Option<&Unit>,
        function: Option<DieId>,
        path: &str,
    ) -> Option<DieId> {
        let plain = path.rsplit([':', '.']).next().unwrap_or(path);
        let around = function.and_then(|function| display_name(&self.units, function));
        let asked = Asked {
            path: compact(path),
            alone: plain == path,
            around: transparent(&compact(&around.unwrap_or_default())),
            local: function.is_some_and(|function| self.units.is_local(function)),
            unit,
            language: unit.map_or(Language::Other, |unit| unit.summary.language),
        };
        let known = self.static_names.get_or_init(|| StaticNames::build(&self.units));
        let mut best: Option<((Near, bool, bool), DieId, String)> = None;
        let mut ambiguous = false;
        for (die, stored) in known.of(plain) {
            let Some((near, own, full)) = self.nearness(die, &asked) else {
                continue;
            };
            let rank = (near, stored, own);
            match &best {
                // It is not told which function: not nearer than another for certain.
                Some((known, ..)) if known.0 == Near::PerhapsAround && near != known.0 => ambiguous = true,
                Some((known, ..)) if *known > rank => {}
                Some(_)
                    if near == Near::PerhapsAround && best.as_ref().is_some_and(|best| best.0.0 != near) =>
                {
                    (best, ambiguous) = (Some((rank, die, full)), true);
                }
                // Of what many units describe there is one; functions have variables of their own.
                Some((known, other, name)) if *known == rank => {
                    let inner = matches!(near, Near::Inside | Near::PerhapsAround);
                    ambiguous |= *name != full || inner && *other != die;
                }
                _ => (best, ambiguous) = (Some((rank, die, full)), false),
            }
        }
        best.filter(|_| !ambiguous).map(|(_, die, _)| die)
    }

    /// How near a variable is, whether it is of the unit, and its whole name; `None` if it is not meant.
    fn nearness(&self, die: DieId, asked: &Asked<'_>) -> Option<(Near, bool, String)> {
        let full = self.static_name(die, &self.units.name(die)?);
        if !names(&full, &asked.path) || !self.is_constant_or_stored(die) {
            return None;
        }
        let own = (asked.unit).is_some_and(|unit| (unit.start..unit.end).contains(&die.0));
        let shared = || match asked.language {
            Language::Rust | Language::Zig => true,
            _ => self.units.inherited(die, gimli::DW_AT_external).is_some(),
        };
        if asked.unit.is_some() && !own && !shared() {
            return None;
        }
        let near = if self.is_in_function(die) {
            // A path leads to none of them.
            match (asked.alone && own, asked.local) {
                (false, _) => return None,
                (true, true) => Near::PerhapsAround,
                (true, false) => Near::Inside,
            }
        } else {
            let full = transparent(&compact(&full));
            let container = full.strip_suffix(&asked.path).unwrap_or("");
            let scoped = matches!(asked.language, Language::Cpp | Language::Rust | Language::Zig);
            match () {
                () if container.is_empty() || asked.around.starts_with(container) => {
                    Near::Around(container.len())
                }
                () if !asked.alone => Near::Elsewhere,
                () if asked.language == Language::Zig => return None,
                // Static members of another class, an instance of the same template among them.
                () if asked.language == Language::Cpp && self.units.is_in_class(die) => return None,
                // A name alone means nothing in a namespace of another unit.
                () if scoped && !own => return None,
                () => Near::Elsewhere,
            }
        };
        Some((near, own, full))
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

/// A name without the namespaces that have none.
fn transparent(name: &str) -> String {
    name.replace("(anonymousnamespace)::", "")
}
