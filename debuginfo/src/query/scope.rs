//! What names mean in a frame: the evaluator's questions, answered from the index.

use super::Index;
use super::variables::Seen;
use crate::dwarf::DieId;
use crate::dwarf::lines::narrow;
use crate::dwarf::location::{Frame, Site};
use crate::dwarf::units::Unit;
use crate::expr::names::{NameTable, is_name};
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
    /// The function, or the inlined call of one, whose frame it is.
    function: Option<DieId>,
    seen: Vec<Seen>,
    at: CodeOffset,
    inline_depth: usize,
}

impl Index {
    pub fn evaluate(
        &self,
        expression: &str,
        at: CodeOffset,
        inline_depth: usize,
        target: &dyn Target,
    ) -> Result<ValueNode, ExpressionError> {
        // A variable by itself is what the list of variables shows. In a lambda, `this` is what it captured.
        let name = expression.trim();
        let mut seen = self.in_scope(at, inline_depth).into_iter();
        if let Some(seen) = seen.find(|seen| seen.name == name && name != "this") {
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
        let inlined = self.instance_at(at, inline_depth);
        self.with_frame(at, target, |frame, values| {
            let scope = FrameScope {
                index: self,
                frame,
                values,
                unit: frame.function.and_then(|die| self.units.unit_of(die)),
                function: inlined.or(frame.function),
                seen,
                at,
                inline_depth,
            };
            answer(values, &scope)
        })
    }

    /// The function or inlined call at an address that is so many calls out.
    fn instance_at(&self, at: CodeOffset, inline_depth: usize) -> Option<DieId> {
        let scopes = self.scopes(self.map.body_at(at)?)?;
        let instance = *scopes.instances(narrow(at)).get(inline_depth)?;
        Some(scopes.scopes.get(instance)?.die)
    }

    fn names(&self) -> &NameTable {
        self.type_names.get_or_init(|| NameTable::build(&self.units))
    }
}

impl FrameScope<'_> {
    fn variable(&self, die: DieId) -> Option<Found> {
        let ty = self.index.type_of(die)?;
        let place = self.frame.locate(die, self.values.size(ty));
        let lengths = self.index.known_lengths(self.frame, self.values, ty);
        Some(Found {
            die,
            ty,
            place,
            lengths,
        })
    }
}

impl FrameScope<'_> {
    /// A parameter of the C++ template that the function was made from, or lies in.
    fn template_parameter(&self, tag: gimli::DwTag, name: &str) -> Option<DieId> {
        if self.language() != Language::Cpp || name.contains("::") {
            return None;
        }
        self.index
            .template_parameters
            .find(&self.index.units, self.function?, tag, name)
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

    fn function(&self) -> Option<String> {
        let frames = self.index.frames(self.at).into_iter();
        frames.map(|frame| frame.function).nth(self.inline_depth)
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
        let variable = || match path.strip_prefix("::") {
            // As from a function that nothing is around.
            Some(path) => (self.index).static_named(self.unit, None, path),
            None => (self.index).static_named(self.unit, self.function, path),
        };
        self.variable(parameter().or_else(variable)?)
    }

    fn enumerator(&self, path: &str) -> Option<(DieId, i64)> {
        let index = self.index;
        // Only in C and C++ do enumerators stand without their type.
        let bare = !path.contains("::") && !path.contains('.');
        if bare && matches!(self.language(), Language::Rust | Language::Zig) {
            return None;
        }
        let of_all = path.strip_prefix("::");
        let wanted = of_all.unwrap_or(path);
        let (ty, value) = index
            .names()
            .enumerator(&index.units, &index.types, self.unit, wanted)?;
        // Beside its enumeration, or in it.
        let is_whole = |wanted: &str| {
            let plain = wanted.rsplit("::").next().unwrap_or(wanted);
            let within = format!("{}::{plain}", self.values.type_name(ty));
            is_name(&index.units.qualified(ty, plain), wanted) || is_name(&within, wanted)
        };
        of_all.is_none_or(is_whole).then_some((ty, value))
    }

    fn type_named(&self, tag: Option<Tag>, path: &str) -> Option<DieId> {
        let index = self.index;
        if let (None, Some(parameter)) = (
            tag,
            self.template_parameter(gimli::DW_TAG_template_type_parameter, path),
        ) {
            return index.type_of(parameter);
        }
        let of_all = path.strip_prefix("::");
        let wanted = of_all.unwrap_or(path);
        let found = index
            .names()
            .type_named(&index.units, &index.types, self.unit, tag, wanted)?;
        let is_whole = |wanted: &str| {
            let own = index.units.name(found).unwrap_or_default();
            is_name(&index.units.qualified(found, &own), wanted)
                || is_name(&self.values.type_name(found), wanted)
        };
        of_all.is_none_or(is_whole).then_some(found)
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
