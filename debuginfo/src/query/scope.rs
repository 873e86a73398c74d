//! What names mean in a frame: the evaluator's questions, answered from the index.

use super::Index;
use super::variables::Seen;
use crate::dwarf::DieId;
use crate::dwarf::functions;
use crate::dwarf::location::{Frame, Site};
use crate::dwarf::template;
use crate::dwarf::units::Unit;
use crate::expr::names::{NameTable, names};
use crate::expr::scope::{Found, Scope};
use crate::expr::{self, Tag};
use crate::target::FrameTypes;
use crate::value::Values;
use crate::{CodeOffset, ExpressionError, Language, Target, ValueNode};

/// The names in and around a frame.
struct FrameScope<'a> {
    index: &'a Index,
    frame: &'a Frame<'a>,
    values: &'a Values<'a>,
    unit: Option<&'a Unit>,
    seen: Vec<Seen>,
}

impl Index {
    pub fn evaluate(
        &self,
        expression: &str,
        at: CodeOffset,
        inline_depth: usize,
        target: &dyn Target,
    ) -> Result<ValueNode, ExpressionError> {
        // A variable by itself is what the list of variables shows.
        let name = expression.trim();
        let mut seen = self.in_scope(at, inline_depth).into_iter();
        if let Some(seen) = seen.find(|seen| seen.name == name) {
            let node = self.with_frame(at, target, |frame, values| {
                self.variable(frame, values, name.to_string(), seen.die, None)
            });
            if let Some(node) = node {
                return Ok(node);
            }
        }
        self.in_frame(at, inline_depth, target, |values, scope| {
            expr::evaluate(values, scope, expression)
        })
    }

    pub fn holds(
        &self,
        condition: &str,
        at: CodeOffset,
        inline_depth: usize,
        target: &dyn Target,
    ) -> Result<bool, ExpressionError> {
        self.in_frame(at, inline_depth, target, |values, scope| {
            expr::holds(values, scope, condition)
        })
    }

    pub fn condition_code(
        &self,
        condition: &str,
        at: CodeOffset,
        inline_depth: usize,
        types: &FrameTypes,
    ) -> Option<Vec<u8>> {
        self.in_frame(at, inline_depth, &expr::Nowhere, |values, scope| {
            expr::code(values, scope, condition, types)
        })
    }

    fn in_frame<T>(
        &self,
        at: CodeOffset,
        inline_depth: usize,
        target: &dyn Target,
        answer: impl FnOnce(&Values<'_>, &dyn Scope) -> T,
    ) -> T {
        let seen = self.in_scope(at, inline_depth);
        self.with_frame(at, target, |frame, values| {
            let scope = FrameScope {
                index: self,
                frame,
                values,
                unit: frame.function.and_then(|die| self.units.unit_of(die)),
                seen,
            };
            answer(values, &scope)
        })
    }

    fn names(&self) -> &NameTable {
        self.type_names.get_or_init(|| NameTable::build(&self.units))
    }

    /// A static variable's whole name. Zig writes that for the linker.
    pub(super) fn static_name(&self, die: DieId, own: &str) -> String {
        let zig = (self.units.unit_of(die)).is_some_and(|unit| unit.summary.language == Language::Zig);
        let linked = zig.then(|| self.units.linkage_name(die)).flatten();
        let linked = linked.filter(|name| name.ends_with(own));
        linked.unwrap_or_else(|| self.units.qualified(die, own))
    }

    /// A static variable by name or path: of the unit if it has one, else of any.
    ///
    /// A path means every variable whose name ends in it. A name alone means the unit's; of another unit only
    /// what lies in no namespace; in Zig, whose units are whole programs, what lies around the function.
    fn static_named(&self, unit: Option<&Unit>, function: Option<DieId>, path: &str) -> Option<DieId> {
        let plain = path.rsplit([':', '.']).next().unwrap_or(path);
        let zig_unit = unit.is_some_and(|unit| unit.summary.language == Language::Zig);
        let full = |die: DieId| {
            let own = self.units.name(die).filter(|own| own.ends_with(plain))?;
            let full = self.static_name(die, &own);
            names(&full, path).then_some(full)
        };
        let alone = plain == path;
        let zig = alone && zig_unit;
        let around = match function {
            Some(function) if zig => functions::display_name(&self.units, function).unwrap_or_default(),
            _ => String::new(),
        };
        let visible = |full: &str| match full.strip_suffix(plain) {
            Some("") | None => true,
            Some(container) if zig => around.starts_with(container),
            Some(_) => true,
        };
        let own = unit.and_then(|unit| {
            let mut statics = unit.statics.iter().copied();
            statics.find(|&die| full(die).is_some_and(|full| visible(&full)))
        });
        let everywhere = || self.units.units.iter().flat_map(|unit| &unit.statics).copied();
        let c_like = unit.is_none_or(|unit| {
            matches!(
                unit.summary.language,
                Language::C | Language::Wat | Language::Other
            )
        });
        let elsewhere = |&die: &DieId| full(die).is_some_and(|full| c_like || !alone || full == path);
        own.or_else(|| everywhere().find(elsewhere)).or_else(|| {
            let own = unit.and_then(|unit| {
                let mut constants = unit.constants.iter().copied();
                constants.find(|&die| full(die).is_some_and(|full| visible(&full)) && self.is_constant(die))
            });
            let mut everywhere = self.units.units.iter().flat_map(|unit| &unit.constants).copied();
            own.or_else(|| everywhere.find(|die| elsewhere(die) && self.is_constant(*die)))
        })
    }

    /// Whether what has a constant is that for ever: a variable is; a static member that is not `const` only begins so.
    fn is_constant(&self, die: DieId) -> bool {
        let Some((_, entry)) = self.units.entry(die) else {
            return false;
        };
        entry.tag() == gimli::DW_TAG_variable
            || self
                .type_of(die)
                .is_some_and(|ty| self.types.is_const(&self.units, ty))
    }
}

impl FrameScope<'_> {
    fn variable(&self, die: DieId) -> Option<Found> {
        let ty = self.index.type_of(die)?;
        let place = self.frame.locate(die, self.values.size(ty));
        let lengths = self.index.known_lengths(self.frame, self.values, ty);
        Some(Found { ty, place, lengths })
    }
}

impl FrameScope<'_> {
    /// A parameter of the C++ template that the function was made from, or lies in.
    fn template_parameter(&self, tag: gimli::DwTag, name: &str) -> Option<DieId> {
        if self.language() != Language::Cpp || name.contains("::") {
            return None;
        }
        template::parameter(&self.index.units, self.frame.function?, tag, name)
    }
}

impl Scope for FrameScope<'_> {
    fn language(&self) -> Language {
        self.unit.map_or(Language::Other, |unit| unit.summary.language)
    }

    fn address_size(&self) -> u64 {
        let size = self.unit.map_or(4, |unit| unit.dwarf.header.address_size());
        if size == 8 { 8 } else { 4 }
    }

    fn local(&self, name: &str) -> Option<Found> {
        let seen = self.seen.iter().find(|seen| seen.name == name)?;
        self.variable(seen.die)
    }

    fn site(&self, name: &str) -> Option<Site> {
        let seen = self.seen.iter().find(|seen| seen.name == name)?;
        self.frame.site(seen.die)
    }

    fn global(&self, path: &str) -> Option<Found> {
        let parameter = || self.template_parameter(gimli::DW_TAG_template_value_parameter, path);
        let variable = || (self.index).static_named(self.unit, self.frame.function, path);
        self.variable(parameter().or_else(variable)?)
    }

    fn enumerator(&self, path: &str) -> Option<(DieId, i64)> {
        let index = self.index;
        // Only in C and C++ do enumerators stand without their type.
        let bare = !path.contains("::") && !path.contains('.');
        if bare && matches!(self.language(), Language::Rust | Language::Zig) {
            return None;
        }
        index
            .names()
            .enumerator(&index.units, &index.types, self.unit, path)
    }

    fn type_named(&self, tag: Option<Tag>, path: &str) -> Option<DieId> {
        let index = self.index;
        if let (None, Some(parameter)) = (
            tag,
            self.template_parameter(gimli::DW_TAG_template_type_parameter, path),
        ) {
            return index.type_of(parameter);
        }
        index
            .names()
            .type_named(&index.units, &index.types, self.unit, tag, path)
    }

    fn functions(&self, path: &str) -> Vec<u32> {
        let found = self.index.functions_named(path);
        found.into_iter().map(|function| function.func_index).collect()
    }

    fn function_count(&self) -> u32 {
        let map = &self.index.map;
        let count = map.imported_functions.len().saturating_add(map.bodies.len());
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}
