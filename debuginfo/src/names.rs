//! Names for people: demangling, and taking a name apart.
//!
//! Knows the manglings of C++ (Itanium) and Rust (both of its own); nothing of DWARF or modules.

/// Longest mangled name that is demangled; longer ones are shown as they are.
const MANGLED_LIMIT: usize = 4096;

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
    let parse = cpp_demangle::ParseOptions::default().recursion_limit(96);
    let symbol = cpp_demangle::Symbol::new_with_options(linkage, &parse).ok()?;
    let options = cpp_demangle::DemangleOptions::new()
        .no_params()
        .no_return_type()
        .recursion_limit(96);
    symbol.demangle_with_options(&options).ok()
}

/// A name as people write it: demangled if it can be.
pub(crate) fn readable(name: &str) -> String {
    demangle(name).unwrap_or_else(|| name.to_string())
}

/// The last component of a qualified name, without generic arguments: `push` of `a::B<C>::push`, of
/// `stack.Stack.push`, of `<a::B as c::D>::push`.
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
            _ => {}
        }
        previous = c;
    }
    name.get(start..end).unwrap_or(name)
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
        ] {
            assert_eq!(last_component(name), last, "{name}");
        }
    }

    #[test]
    fn demangles_without_hash_or_parameters() {
        for (linkage, name) in [
            ("_ZN4bank4Bank3pay17h0123456789abcdefE", "bank::Bank::pay"),
            ("_ZN8geometry5Shape4moveERKNS_5PointE", "geometry::Shape::move"),
            ("_RNvCs1234_7mycrate3foo", "mycrate::foo"),
        ] {
            assert_eq!(demangle(linkage).as_deref(), Some(name));
        }
        assert_eq!(demangle("push"), None);
        assert_eq!(demangle("_Z"), None);
    }
}
