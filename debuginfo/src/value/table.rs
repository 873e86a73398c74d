//! THE TABLE of renderers: which types are more than their members, and what shows them.
//!
//! A pattern is a qualified type name; `%` stands for anything, but one that is not at the end for nothing with a `<`.
//! Inline namespaces (`std::__1`) are not written.
//! The first line that matches wins. A renderer answers `None` for a layout that it does not know: then the plain
//! members are shown. The label stands before the number of elements.

use super::{Values, View, cpp, cpp_wrappers, rust, rust_iterators, rust_locks, zig};
use crate::dwarf::types::Type;
use crate::{Language, Place};

/// How values of some types are shown.
pub(crate) struct Renderer {
    pub language: Language,
    pub pattern: &'static str,
    pub label: &'static str,
    pub view: for<'a> fn(&Values<'a>, &Type, &Place) -> Option<View<'a>>,
}

/// One line of the table.
macro_rules! row {
    ($language:ident, $pattern:literal, $label:literal, $view:path) => {
        Renderer {
            language: Language::$language,
            pattern: $pattern,
            label: $label,
            view: $view,
        }
    };
}

/// All renderers.
pub(crate) const TABLE: &[Renderer] = &[
    row!(Cpp, "std::basic_string<%", "", cpp::string),
    row!(Cpp, "std::basic_string_view<%", "", cpp::string_view),
    row!(Cpp, "std::vector<bool, %", "vector", cpp::vector_of_bool),
    row!(Cpp, "std::vector<%", "vector", cpp::vector),
    row!(Cpp, "std::array<%", "", cpp::array),
    row!(Cpp, "std::span<%", "span", cpp::span),
    row!(
        Cpp,
        "std::initializer_list<%",
        "initializer_list",
        cpp::initializer_list
    ),
    row!(Cpp, "std::deque<%", "deque", cpp::deque),
    row!(Cpp, "std::list<%", "list", cpp::list),
    row!(Cpp, "std::forward_list<%", "forward_list", cpp::forward_list),
    row!(Cpp, "std::map<%", "map", cpp::map),
    row!(Cpp, "std::multimap<%", "multimap", cpp::map),
    row!(Cpp, "std::set<%", "set", cpp::set),
    row!(Cpp, "std::multiset<%", "multiset", cpp::set),
    row!(Cpp, "std::unordered_map<%", "unordered_map", cpp::unordered_map),
    row!(
        Cpp,
        "std::unordered_multimap<%",
        "unordered_multimap",
        cpp::unordered_map
    ),
    row!(Cpp, "std::unordered_set<%", "unordered_set", cpp::unordered_set),
    row!(
        Cpp,
        "std::unordered_multiset<%",
        "unordered_multiset",
        cpp::unordered_set
    ),
    row!(Cpp, "std::optional<%", "", cpp::optional),
    row!(Cpp, "std::variant<%", "", cpp::variant),
    row!(Cpp, "std::pair<%", "", cpp::pair),
    row!(Cpp, "std::tuple<%", "", cpp::tuple),
    row!(Cpp, "std::unique_ptr<%", "", cpp::unique_ptr),
    row!(Cpp, "std::shared_ptr<%", "", cpp::shared_ptr),
    row!(Cpp, "std::weak_ptr<%", "", cpp::weak_ptr),
    row!(Cpp, "std::bitset<%", "", cpp::bitset),
    row!(Cpp, "std::reference_wrapper<%", "", cpp::reference_wrapper),
    row!(Cpp, "std::atomic<%", "", cpp::atomic),
    row!(Cpp, "std::stack<%", "", cpp_wrappers::adapter),
    row!(Cpp, "std::queue<%", "", cpp_wrappers::adapter),
    row!(Cpp, "std::priority_queue<%", "", cpp_wrappers::adapter),
    row!(Cpp, "std::filesystem::path", "", cpp_wrappers::path),
    row!(Cpp, "std::complex<%", "", cpp_wrappers::complex),
    row!(Cpp, "std::chrono::duration<%", "", cpp_wrappers::duration),
    row!(Cpp, "std::chrono::time_point<%", "", cpp_wrappers::time_point),
    row!(Cpp, "std::expected<%", "", cpp_wrappers::expected),
    row!(Cpp, "std::function<%", "", cpp_wrappers::function),
    row!(Cpp, "std::any", "", cpp_wrappers::any),
    row!(Cpp, "std::__wrap_iter<%", "", cpp_wrappers::wrapped_pointer),
    row!(Cpp, "std::__deque_iterator<%", "", cpp_wrappers::wrapped_pointer),
    row!(Cpp, "std::__tree_iterator<%", "", cpp::tree_iterator),
    row!(Cpp, "std::__tree_const_iterator<%", "", cpp::tree_iterator),
    row!(Cpp, "std::__hash_iterator<%", "", cpp::hash_iterator),
    row!(Cpp, "std::__hash_const_iterator<%", "", cpp::hash_iterator),
    row!(Cpp, "std::__hash_map_iterator<%", "", cpp_wrappers::iterator),
    row!(
        Cpp,
        "std::__hash_map_const_iterator<%",
        "",
        cpp_wrappers::iterator
    ),
    row!(Cpp, "std::__map_iterator<%", "", cpp_wrappers::iterator),
    row!(Cpp, "std::__map_const_iterator<%", "", cpp_wrappers::iterator),
    row!(Rust, "&str", "", rust::text),
    row!(Rust, "&mut str", "", rust::text),
    row!(Rust, "alloc::boxed::Box<str, %", "", rust::text),
    row!(Rust, "alloc::boxed::Box<str>", "", rust::text),
    row!(Rust, "alloc::boxed::Box<[%", "", rust::slice),
    row!(Rust, "&[%", "", rust::slice),
    row!(Rust, "&mut [%", "", rust::slice),
    row!(Rust, "*const [%", "", rust::slice),
    row!(Rust, "*mut [%", "", rust::slice),
    row!(Rust, "*const str", "", rust::text),
    row!(Rust, "*mut str", "", rust::text),
    row!(Rust, "*const dyn %", "", rust::dynamic),
    row!(Rust, "*mut dyn %", "", rust::dynamic),
    row!(Rust, "&dyn %", "", rust::dynamic),
    row!(Rust, "&mut dyn %", "", rust::dynamic),
    row!(Rust, "alloc::boxed::Box<dyn %", "", rust::dynamic),
    row!(Rust, "*const (dyn %", "", rust::dynamic),
    row!(Rust, "*mut (dyn %", "", rust::dynamic),
    row!(Rust, "&(dyn %", "", rust::dynamic),
    row!(Rust, "&mut (dyn %", "", rust::dynamic),
    row!(Rust, "alloc::boxed::Box<(dyn %", "", rust::dynamic),
    row!(Rust, "&std::path::Path", "", rust::text),
    row!(Rust, "&std::ffi::os_str::OsStr", "", rust::text),
    row!(Rust, "&core::ffi::c_str::CStr", "", rust::c_text),
    row!(Rust, "alloc::ffi::c_str::CString", "", rust::c_text),
    row!(Rust, "alloc::string::String", "", rust::string),
    row!(Rust, "std::ffi::os_str::OsString", "", rust::string),
    row!(Rust, "std::path::PathBuf", "", rust::string),
    row!(Rust, "alloc::vec::Vec<%", "Vec", rust::vec),
    row!(
        Rust,
        "alloc::collections::vec_deque::VecDeque<%",
        "VecDeque",
        rust::vec_deque
    ),
    row!(
        Rust,
        "std::collections::hash::map::HashMap<%",
        "HashMap",
        rust::hash_map
    ),
    row!(
        Rust,
        "std::collections::hash::set::HashSet<%",
        "HashSet",
        rust::hash_set
    ),
    row!(Rust, "hashbrown::map::HashMap<%", "HashMap", rust::hash_map),
    row!(Rust, "hashbrown::set::HashSet<%", "HashSet", rust::hash_set),
    row!(
        Rust,
        "alloc::collections::btree::map::BTreeMap<%",
        "BTreeMap",
        rust::btree_map
    ),
    row!(
        Rust,
        "alloc::collections::btree::set::BTreeSet<%",
        "BTreeSet",
        rust::btree_set
    ),
    row!(
        Rust,
        "alloc::collections::linked_list::LinkedList<%",
        "LinkedList",
        rust::linked_list
    ),
    row!(
        Rust,
        "alloc::collections::binary_heap::BinaryHeap<%",
        "BinaryHeap",
        rust::data
    ),
    row!(
        Rust,
        "core::slice::iter::Iter<%",
        "Iter",
        rust_iterators::remaining
    ),
    row!(
        Rust,
        "core::slice::iter::IterMut<%",
        "IterMut",
        rust_iterators::remaining
    ),
    row!(
        Rust,
        "alloc::vec::into_iter::IntoIter<%",
        "IntoIter",
        rust_iterators::remaining
    ),
    row!(Rust, "core::str::iter::Chars", "", rust_iterators::remaining_text),
    row!(Rust, "core::time::Duration", "", rust::duration),
    row!(Rust, "core::ops::range::Range%", "", rust_iterators::range),
    row!(
        Rust,
        "std::sync::once_lock::OnceLock<%",
        "",
        rust_locks::once_lock
    ),
    row!(
        Rust,
        "std::sync::lazy_lock::LazyLock<%",
        "",
        rust_locks::lazy_lock
    ),
    row!(Rust, "core::cell::lazy::LazyCell<%", "", rust::only),
    row!(Rust, "std::sync::%MutexGuard<%", "", rust_locks::guarded),
    row!(Rust, "std::sync::%RwLockReadGuard<%", "", rust_locks::guarded),
    row!(Rust, "std::sync::%RwLockWriteGuard<%", "", rust_locks::guarded),
    row!(Rust, "alloc::rc::Rc<%", "", rust::shared),
    row!(Rust, "alloc::rc::Weak<%", "", rust::weak),
    row!(Rust, "alloc::sync::Arc<%", "", rust::shared),
    row!(Rust, "alloc::sync::Weak<%", "", rust::weak),
    row!(Rust, "core::cell::RefCell<%", "", rust::value),
    row!(Rust, "core::cell::Ref<%", "", rust::borrowed),
    row!(Rust, "core::cell::RefMut<%", "", rust::borrowed),
    row!(Rust, "core::cell::once::OnceCell<%", "", rust::only),
    row!(Rust, "core::pin::Pin<%", "", rust::only),
    row!(Rust, "std::sync::%Mutex<%", "", rust::data),
    row!(Rust, "std::sync::%RwLock<%", "", rust::data),
    row!(Rust, "core::cell::Cell<%", "", rust::only),
    row!(Rust, "core::cell::UnsafeCell<%", "", rust::only),
    row!(Rust, "core::mem::manually_drop::ManuallyDrop<%", "", rust::only),
    row!(Rust, "core::mem::maybe_dangling::MaybeDangling<%", "", rust::only),
    row!(Rust, "core::ptr::non_null::NonNull<%", "", rust::only),
    row!(Rust, "core::ptr::unique::Unique<%", "", rust::only),
    row!(Rust, "core::num::nonzero::NonZero<%", "", rust::only),
    row!(Rust, "core::num::niche_types::%", "", rust::only),
    row!(Rust, "core::sync::atomic::AtomicBool", "", rust::atomic_bool),
    row!(Rust, "core::sync::atomic::Atomic%", "", rust::only),
    row!(Zig, "[]%", "", zig::slice),
    row!(Zig, "[:%", "", zig::slice),
    row!(Zig, "hash_map.HashMap(%", "HashMap", zig::hash_map),
    row!(Zig, "hash_map.Custom(%", "HashMap", zig::hash_map),
    row!(Zig, "?%", "", zig::optional),
    row!(Zig, "%!%", "", zig::error_union),
    row!(Zig, "%", "", zig::tagged_union),
];

/// What the first renderer that knows the value makes of it, with the label.
pub(crate) fn view<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<(&'static str, View<'a>)> {
    fitting(values, ty).find_map(|renderer| Some((renderer.label, (renderer.view)(values, ty, place)?)))
}

/// What stands before the number of elements of a container; nothing for any other value.
pub(crate) fn label(values: &Values<'_>, ty: &Type) -> &'static str {
    fitting(values, ty).next().map_or("", |renderer| renderer.label)
}

/// The renderers for a type.
fn fitting<'t>(values: &'t Values<'_>, ty: &'t Type) -> impl Iterator<Item = &'static Renderer> + 't {
    // The plain name decides for most types that none applies; only then is the qualified one made.
    let mut qualified = None;
    TABLE.iter().filter(move |renderer| {
        let name = ty.name.as_deref().unwrap_or("");
        renderer.language == ty.language && ty.name.is_some() && may_match(renderer.pattern, name) && {
            let full = qualified.get_or_insert_with(|| values.units.qualified(ty.id, name));
            matches(renderer.pattern, full)
        }
    })
}

/// Whether the plain name can belong to a qualified one that matches.
fn may_match(pattern: &str, name: &str) -> bool {
    let last = pattern.rsplit("::").next().unwrap_or(pattern);
    matches(last, name) || matches(pattern, name)
}

/// Whether `name` is what `pattern` says; `%` stands for anything, and before something else for what has no `<`.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, mut rest)) = pattern.split_once('%') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(head) else {
        return false;
    };
    while let Some((part, after)) = rest.split_once('%') {
        let Some(at) = name.find(part) else {
            return false;
        };
        // What stands before the arguments of a type is not in them.
        if name.get(..at).is_none_or(|passed| passed.contains('<')) {
            return false;
        }
        name = name.get(at.saturating_add(part.len())..).unwrap_or("");
        rest = after;
    }
    name.ends_with(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        assert!(matches("std::vector<%", "std::vector<int, std::allocator<int> >"));
        assert!(!matches("std::vector<%", "std::vector"));
        assert!(matches(
            "std::sync::%Mutex<%",
            "std::sync::poison::mutex::Mutex<i32>"
        ));
        let cell = "std::sync::once_lock::OnceLock<std::sync::poison::mutex::Mutex<Config>>";
        assert!(!matches("std::sync::%Mutex<%", cell));
        assert!(matches("&str", "&str") && !matches("&str", "&strange"));
        assert!(matches("%!%", "error{A,B}!u32") && !matches("%!%", "u32"));
        assert!(may_match("std::vector<%", "vector<int>") && !may_match("std::vector<%", "list<int>"));
        assert!(may_match("std::sync::%Mutex<%", "Mutex<i32>"));
        assert!(matches("*const [%", "*const [u8]") && !matches("*const [%", "Vec<*const [u8]>"));
    }
}
