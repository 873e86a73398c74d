//! Names for people: demangling, and taking a name apart.
//!
//! Knows the manglings of C++ (Itanium) and Rust (both of its own); nothing of DWARF or modules.

/// Longest mangled name that is demangled; longer ones are shown as they are.
const MANGLED_LIMIT: usize = 4096;
/// Longest demangled name; what would be longer is shown as it is.
const DEMANGLED_LIMIT: usize = 1 << 16;

/// The demangled form of a linkage name, without Rust's hash and without parameters; `None` if it is not
/// a mangled name.
pub(crate) fn demangle(linkage: &str) -> Option<String> {
    if linkage.len() > MANGLED_LIMIT {
        return None;
    }
    if let Ok(name) = rustc_demangle::try_demangle(linkage) {
        return Some(format!("{name:#}"));
    }
    if !(linkage.starts_with("_Z") || linkage.starts_with("__Z")) {
        return None;
    }
    match thunk(linkage) {
        Some((kind, function)) => Some(format!("{kind} to {}", cpp(&format!("_Z{function}"))?)),
        None => cpp(linkage),
    }
}

/// What kind of thunk a C++ name is of, if of any, and the function that it leads to (Itanium ABI, 5.1.4.4: `Th`, `Tv` and
/// `Tc`, each with the offsets by which it moves the object).
fn thunk(linkage: &str) -> Option<(&'static str, &str)> {
    let name = linkage.trim_start_matches('_').strip_prefix("ZT")?;
    let number = |name: &'_ str| {
        let digits = name.strip_prefix('n').unwrap_or(name);
        let rest = digits.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.strip_prefix('_')
            .map(|rest| name.len().saturating_sub(rest.len()))
    };
    let moved = |name: &'_ str| {
        let numbers = match name.chars().next()? {
            'h' => 1,
            'v' => 2,
            _ => return None,
        };
        (0..numbers).try_fold(1usize, |at, _| Some(at.saturating_add(number(name.get(at..)?)?)))
    };
    let kind = match name.chars().next()? {
        'h' => "non-virtual thunk",
        'v' => "virtual thunk",
        'c' => {
            let first = name.get(1..)?;
            let second = first.get(moved(first)?..)?;
            return Some(("covariant return thunk", second.get(moved(second)?..)?));
        }
        _ => return None,
    };
    Some((kind, name.get(moved(name)?..)?))
}

/// The class that a C++ type description names, as it stands in the guest's memory.
pub(crate) fn described_class(name: &str) -> Option<String> {
    if name.len() > MANGLED_LIMIT {
        return None;
    }
    let text = cpp(&format!("_ZTS{name}"))?;
    text.strip_prefix("typeinfo name for ").map(simplified)
}

fn cpp(linkage: &str) -> Option<String> {
    let parse = cpp_demangle::ParseOptions::default().recursion_limit(96);
    let symbol = cpp_demangle::Symbol::new_with_options(linkage, &parse).ok()?;
    let options = cpp_demangle::DemangleOptions::new()
        .no_params()
        .no_return_type()
        .recursion_limit(96);
    let mut out = Bounded(String::new());
    symbol.structured_demangle(&mut out, &options).ok()?;
    Some(out.0)
}

/// Text that ends with an error where it gets too long: substitutions can double a name again and again.
struct Bounded(String);

impl std::fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        if self.0.len().saturating_add(text.len()) > DEMANGLED_LIMIT {
            return Err(std::fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// A name as people write it: demangled if it can be.
pub(crate) fn readable(name: &str) -> String {
    demangle(name).unwrap_or_else(|| name.to_string())
}

/// The last component of a qualified name, without generic arguments: `push` of `a::B<C>::push`, of
/// `stack.Stack.push`, of `<a::B as c::D>::push`, of AssemblyScript's `file/Stack#push`.
pub(crate) fn last_component(name: &str) -> &str {
    let mut depth = 0usize;
    let mut start = 0;
    let mut end = name.len();
    let mut previous = ' ';
    for (at, c) in name.char_indices() {
        match c {
            '<' | '(' | '[' | '{' => {
                if depth == 0 && at > start {
                    end = end.min(at);
                }
                depth = depth.saturating_add(1);
            }
            '>' if previous == '-' => {}
            '>' | ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ':' | '.' if depth == 0 => {
                start = at.saturating_add(1);
                end = name.len();
            }
            // `operator/` is a whole name.
            '/' | '#' if depth == 0 && name.get(at.saturating_add(1)..).is_some_and(starts_a_word) => {
                start = at.saturating_add(1);
                end = name.len();
            }
            _ => {}
        }
        previous = c;
    }
    name.get(start..end).unwrap_or(name)
}

fn starts_a_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '~')
}

/// Arguments that C++ and Rust fill in by themselves, and nobody writes.
const DEFAULT_ARGUMENTS: [&str; 8] = [
    ", std::allocator<",
    ", std::char_traits<",
    ", std::default_delete<",
    ", std::less<",
    ", std::hash<",
    ", std::equal_to<",
    ", alloc::alloc::Global",
    ", std::hash::random::RandomState",
];

/// A type's or function's name without what nobody writes: the version namespaces of the C++ library and
/// default arguments of its and Rust's templates.
pub(crate) fn simplified(name: &str) -> String {
    let name = name.replace("std::__1::", "std::").replace("std::__2::", "std::");
    let name = without_defaults(&name).replace(" >", ">");
    name.replace("std::basic_string<char>", "std::string")
        .replace("std::basic_string_view<char>", "std::string_view")
}

/// A name without default arguments: one pass, since names are as long as broken files have them.
fn without_defaults(name: &str) -> String {
    let mut kept = String::with_capacity(name.len());
    let mut at = 0usize;
    while let Some(next) = name.get(at..).and_then(|rest| rest.find(", ")) {
        let comma = at.saturating_add(next);
        let rest = name.get(comma..).unwrap_or("");
        let default = DEFAULT_ARGUMENTS.iter().any(|default| rest.starts_with(default));
        let end = match default {
            true => match argument_end(name, comma.saturating_add(2)) {
                Some(end) => end,
                // No bracket closes it: then none closes what follows.
                None => break,
            },
            false => comma,
        };
        kept.push_str(name.get(at..comma).unwrap_or(""));
        if !default {
            kept.push_str(", ");
        }
        at = if default { end } else { comma.saturating_add(2) };
    }
    kept.push_str(name.get(at..).unwrap_or(""));
    kept
}

/// Where the template argument that begins at `start` ends: before the next comma or closing bracket.
fn argument_end(name: &str, start: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in name.get(start..)?.char_indices() {
        match c {
            '<' => depth = depth.saturating_add(1),
            '>' | ',' if depth == 0 => {
                let end = start.saturating_add(at);
                let spaces = name
                    .get(..end)?
                    .len()
                    .saturating_sub(name.get(..end)?.trim_end().len());
                return Some(end.saturating_sub(spaces));
            }
            '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_components() {
        for (name, last) in [
            ("push", "push"),
            ("a::B<C::D>::push", "push"),
            ("push<a::b>", "push"),
            ("stack.Stack.push", "push"),
            ("<a::B as c::D>::fmt", "fmt"),
            ("ns::(anonymous namespace)::f", "f"),
            ("assembly/index/Stack#push", "push"),
            ("a::operator/", "operator/"),
        ] {
            assert_eq!(last_component(name), last, "{name}");
        }
    }

    #[test]
    fn simplified_names() {
        for (name, simple) in [
            ("std::vector<int, std::__2::allocator<int> >", "std::vector<int>"),
            (
                "basic_string<char, std::__1::char_traits<char>, std::__1::allocator<char> >",
                "basic_string<char>",
            ),
            (
                "std::vector<std::__2::unique_ptr<A, std::__2::default_delete<A> >, \
                 std::__2::allocator<std::__2::unique_ptr<A, std::__2::default_delete<A> > > >",
                "std::vector<std::unique_ptr<A>>",
            ),
            ("alloc::vec::Vec<u8, alloc::alloc::Global>", "alloc::vec::Vec<u8>"),
            ("operator<", "operator<"),
            ("broken<a, std::allocator<", "broken<a, std::allocator<"),
        ] {
            assert_eq!(simplified(name), simple);
        }
    }

    #[test]
    fn demangles_without_hash_or_parameters() {
        for (linkage, name) in [
            ("_ZN4bank4Bank3pay17h0123456789abcdefE", "bank::Bank::pay"),
            ("_ZN8geometry5Shape4moveERKNS_5PointE", "geometry::Shape::move"),
            ("_RNvCs1234_7mycrate3foo", "mycrate::foo"),
            (
                "_ZThn32_NK5build7Program4signEy",
                "non-virtual thunk to build::Program::sign",
            ),
            ("_ZTv0_n12_N1B1fEv", "virtual thunk to B::f"),
            ("_ZTch0_v0_n16_N1B5cloneEv", "covariant return thunk to B::clone"),
            ("_ZTV1B", "{vtable(B)}"),
        ] {
            assert_eq!(demangle(linkage).as_deref(), Some(name));
        }
        assert_eq!(described_class("N3zoo3CatE").as_deref(), Some("zoo::Cat"));
        assert_eq!(described_class("no class"), None);
        assert_eq!(demangle("push"), None);
        assert_eq!(demangle("_Z"), None);
        assert_eq!(demangle("_ZThn32_"), None);
    }
}
