//! Bare names as the languages look for them: from the function outwards. What lies elsewhere is not meant.
//!
//! # Invariants
//! - A bare name never means a method, static member or enumerator of a type that the function does not lie in.
//! - In Rust and Zig it means nothing of other modules either; in C++ it can, by a `using`, if nothing is nearer.
//!
//! Must not know: what lies in memory.

use super::Eval;
use super::ast::Tag;
use super::error::{Failure, Span, wrong};
use super::names::{compact, is_name, names};
use super::operand::Operand;
use super::scope::Found;
use crate::Language;
use crate::dwarf::DieId;
use crate::dwarf::types::Shape;

/// Functions of one name that are looked at.
const SAME_NAME_LIMIT: usize = 4096;
/// Base classes of a scope, and classes that are asked for theirs.
const BASE_LIMIT: usize = 64;

impl Eval<'_> {
    /// A variable with static storage, by name or path.
    pub fn global(&self, path: &str) -> Option<Found> {
        let found = self.scope.global(path);
        if let Some(path) = path.strip_prefix("::") {
            return found.filter(|found| self.full_name(found).is_some_and(|name| is_name(&name, path)));
        }
        if path.contains("::") || !matches!(self.language(), Language::Rust | Language::Cpp) {
            return found;
        }
        if found.as_ref().is_some_and(|found| self.is_parameter(found)) {
            return found;
        }
        let around = self.around();
        let enumerator = self.enumerator_around(path, &around).map(|(rank, _)| rank);
        let nearest = around.iter().find_map(|scope| {
            let path = format!("{scope}::{path}");
            let found = self.scope.global(&path)?;
            is_name(&self.full_name(&found)?, &path).then_some(found)
        });
        // An enumerator further in is what is meant.
        if let Some(enumerator) = enumerator {
            let of = nearest.as_ref().and_then(|found| self.full_name(found));
            let rank = of.and_then(|name| {
                let scope = parts(&name, "::").scope();
                around.iter().position(|around| *around == scope)
            });
            if rank.is_none_or(|rank| enumerator < rank) {
                return None;
            }
        }
        nearest.or_else(|| {
            found.filter(|found| {
                let name = self.full_name(found).unwrap_or_default();
                let scope = parts(&name, "::").scope();
                let of_namespace =
                    || self.language() == Language::Cpp && !self.values.units.is_in_class(found.die);
                scope.is_empty() || around.contains(&scope) || of_namespace()
            })
        })
    }

    /// A type by name or path. In C++ what lies around the function comes first, the innermost before the others.
    pub fn type_named(&self, tag: Option<Tag>, path: &str) -> Option<DieId> {
        let found = self.scope.type_named(tag, path)?;
        let units = self.values.units;
        let last = |path: &str| parts(path, "::").parts.pop().map(compact);
        let own = units.name(found).unwrap_or_default();
        // A parameter of the template that the function is made from stands for a type of any name.
        let parameter = !names(&own, &last(path).unwrap_or_default());
        if self.language() != Language::Cpp || parameter || path.starts_with("::") {
            return Some(found);
        }
        let around = self.around();
        let nearest = around.iter().find_map(|scope| {
            let path = format!("{scope}::{path}");
            let found = self.scope.type_named(tag, &path)?;
            is_name(&self.values.type_name(found), &path).then_some(found)
        });
        nearest.or(Some(found))
    }

    /// An enumerator by name or path: its enumeration and number. In C++ as types are.
    pub fn enumerator(&self, path: &str) -> Option<(DieId, i64)> {
        if !path.starts_with("::")
            && let Some((_, found)) = self.enumerator_around(path, &self.around())
        {
            return Some(found);
        }
        self.scope.enumerator(path)
    }

    /// An enumerator of C++ that lies around the function, and in which of the scopes.
    fn enumerator_around(&self, path: &str, around: &[String]) -> Option<(usize, (DieId, i64))> {
        if self.language() != Language::Cpp {
            return None;
        }
        around.iter().enumerate().find_map(|(rank, scope)| {
            let path = format!("{scope}::{path}");
            let found = self.scope.enumerator(&path)?;
            let units = self.values.units;
            let plain = path.rsplit("::").next()?;
            // Beside its enumeration, or in it.
            let beside = || units.qualified(found.0, plain);
            let within = || format!("{}::{plain}", self.values.type_name(found.0));
            (is_name(&beside(), &path) || is_name(&within(), &path)).then_some((rank, found))
        })
    }

    fn full_name(&self, found: &Found) -> Option<String> {
        let units = self.values.units;
        Some(units.qualified(found.die, &units.name(found.die)?))
    }

    /// Whether what was found is a parameter of a template.
    fn is_parameter(&self, found: &Found) -> bool {
        let entry = self.values.units.entry(found.die);
        entry.is_some_and(|(_, entry)| entry.tag() == gimli::DW_TAG_template_value_parameter)
    }

    /// What a bare name is looked for in, inner first: modules and functions of Rust, classes and namespaces of C++,
    /// containers of Zig. The outermost has no name and is left out.
    fn around(&self) -> Vec<String> {
        let function = self.scope.function().unwrap_or_default();
        let mut around = parts(&function, self.separator()).scopes();
        match self.language() {
            // What is in a type needs its name before it.
            Language::Rust => around.retain(|scope| self.scope.type_named(None, scope).is_none()),
            Language::Cpp => {
                for class in self.classes_of_this() {
                    let name = self.values.type_name(class.id);
                    let more = parts(&format!("{name}::"), "::").scopes();
                    around.extend(more);
                }
                around = around
                    .into_iter()
                    .flat_map(|scope| self.with_bases(scope))
                    .collect();
                let mut seen = std::collections::HashSet::new();
                around.retain(|scope| seen.insert(scope.clone()));
            }
            _ => {}
        }
        around
    }

    /// A scope and, if it is a class, its base classes.
    fn with_bases(&self, scope: String) -> Vec<String> {
        let class = self.scope.type_named(None, &scope);
        let class = class.filter(|&class| is_name(&self.values.type_name(class), &scope));
        let mut scopes = vec![scope];
        let mut open: Vec<DieId> = class.into_iter().collect();
        let mut looked = 0usize;
        while let Some(class) = open.pop()
            && looked < BASE_LIMIT
        {
            looked = looked.saturating_add(1);
            let Some(full) = self.values.strip(class) else {
                continue;
            };
            if let Shape::Record { members, .. } = &full.shape {
                let left = BASE_LIMIT.saturating_sub(scopes.len());
                for base in members.iter().filter(|member| member.base).take(left) {
                    scopes.push(self.values.type_name(base.ty));
                    open.push(base.ty);
                }
            }
        }
        scopes
    }

    fn separator(&self) -> &'static str {
        match self.language() {
            Language::Zig => ".",
            _ => "::",
        }
    }

    /// The function of a name or path; `None` if there is none.
    pub fn function_named(&self, name: &str, span: Span) -> Option<Result<Operand, Failure>> {
        // C++'s `::f`
        if let Some(path) = name.strip_prefix("::") {
            let last = path.rsplit("::").next().unwrap_or(path);
            let found = self.scope.functions(last).into_iter().take(SAME_NAME_LIMIT);
            let mut found = found.filter(|&function| is_name(&(self.values.function_name)(function), path));
            let function = found.next()?;
            return Some(match found.next() {
                None => Ok(Operand::Function(function)),
                Some(_) => wrong(span, format!("there are several functions named '{name}'")),
            });
        }
        let mut found = self.scope.functions(name);
        let separator = self.separator();
        let scoped = matches!(self.language(), Language::Rust | Language::Cpp | Language::Zig);
        if scoped && !name.contains(separator) && !found.is_empty() {
            let around = self.around();
            // The outermost is the last; what a `using` can bring comes after it.
            let outermost = around.len();
            let rank = |function: u32| {
                let name = (self.values.function_name)(function);
                let scope = parts(&name, separator).scope();
                match around.iter().position(|around| *around == scope) {
                    Some(rank) => Some(rank),
                    None if scope.is_empty() => Some(outermost),
                    None => (self.language() == Language::Cpp
                        && self.scope.type_named(None, &scope).is_none())
                    .then_some(outermost.saturating_add(1)),
                }
            };
            let ranked = found.iter().take(SAME_NAME_LIMIT);
            let ranked: Vec<_> = ranked.filter_map(|&f| Some((rank(f)?, f))).collect();
            let best = ranked.iter().map(|(rank, _)| *rank).min();
            let nearest = ranked.iter().filter(|(rank, _)| Some(*rank) == best);
            found = nearest.map(|(_, function)| *function).collect();
        }
        // The end of a path is enough, as for variables and types.
        if found.is_empty()
            && let Some((_, last)) = name.rsplit_once(separator)
        {
            let wanted = compact(name);
            found = self.scope.functions(last);
            found.truncate(SAME_NAME_LIMIT);
            found.retain(|&function| names(&(self.values.function_name)(function), &wanted));
        }
        match found.as_slice() {
            [] => None,
            [function] => Some(Ok(Operand::Function(*function))),
            several => Some(wrong(
                span,
                format!("there are {} functions named '{name}'", several.len()),
            )),
        }
    }
}

/// A name, taken apart.
struct Parts<'a> {
    parts: Vec<&'a str>,
    separator: &'a str,
}

/// Takes a function's name apart. Of `<a::T as b::Trait>::f`, which is Rust's, it is `a::T::f`.
fn parts<'a>(name: &'a str, separator: &'a str) -> Parts<'a> {
    let mut found = Parts {
        parts: Vec::new(),
        separator,
    };
    let mut rest = name;
    if let Some(inside) = name.strip_prefix('<')
        && let Some(end) = closing(inside)
    {
        let own = inside.get(..end).unwrap_or("");
        let own = own.split(" as ").next().unwrap_or(own);
        found.add(own);
        let behind = inside.get(end..).unwrap_or("");
        rest = behind.strip_prefix('>').unwrap_or(behind);
        rest = rest.strip_prefix(separator).unwrap_or(rest);
    }
    found.add(rest);
    found
}

/// Where the bracket that is open before a text is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1usize;
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth = depth.saturating_add(1),
            '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

impl<'a> Parts<'a> {
    fn add(&mut self, name: &'a str) {
        let (mut depth, mut start, mut at) = (0usize, 0usize, 0usize);
        let mut keep = |part: Option<&'a str>| {
            // Rust writes the arguments of a function behind `::`; what has no name stands around all of its file.
            let part = part.filter(|part| !part.starts_with('<') && *part != "(anonymous namespace)");
            self.parts.extend(part);
        };
        while let Some(rest) = name.get(at..).filter(|rest| !rest.is_empty()) {
            if depth == 0 && rest.starts_with(self.separator) {
                keep(name.get(start..at));
                at = at.saturating_add(self.separator.len());
                start = at;
                continue;
            }
            let c = rest.chars().next().unwrap_or(' ');
            match c {
                '<' | '(' | '{' | '[' => depth = depth.saturating_add(1),
                '>' | ')' | '}' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            at = at.saturating_add(c.len_utf8());
        }
        keep(name.get(start..));
    }

    /// What it lies in.
    fn scope(&self) -> String {
        let len = self.parts.len().saturating_sub(1);
        self.parts.get(..len).unwrap_or(&[]).join(self.separator)
    }

    /// All that it lies in, inner first.
    fn scopes(&self) -> Vec<String> {
        let inner = (1..self.parts.len()).rev();
        inner
            .filter_map(|len| Some(self.parts.get(..len)?.join(self.separator)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lie_in_what_is_around_them() {
        let scopes = |name: &str, separator: &str| parts(name, separator).scopes().join(" ");
        assert_eq!(scopes("main", "::"), "");
        assert_eq!(scopes("a::b::f", "::"), "a::b a");
        assert_eq!(scopes("a::B<c::D>::f<e::G>", "::"), "a::B<c::D> a");
        assert_eq!(scopes("a::f::<b::C>", "::"), "a");
        assert_eq!(scopes("<a::b::T>::f", "::"), "a::b::T a::b a");
        assert_eq!(scopes("<a::T<b::U> as c::Trait>::f", "::"), "a::T<b::U> a");
        assert_eq!(scopes("a::f::{closure#0}", "::"), "a::f a");
        assert_eq!(scopes("(anonymous namespace)::f", "::"), "");
        assert_eq!(scopes("a::operator()", "::"), "a");
        assert_eq!(scopes("a::operator<<", "::"), "a");
        assert_eq!(scopes("stack.Stack(f64,8).push", "."), "stack.Stack(f64,8) stack");
        assert_eq!(scopes("<", "::"), "");
        assert_eq!(scopes("", "::"), "");
        assert_eq!(parts("a::b::f", "::").scope(), "a::b");
    }
}
