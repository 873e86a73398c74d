//! C++: wrappers around one value, or around what is called; numbers with a meaning (times, complex numbers).
//!
//! As in [`cpp`](super::cpp): found by the names of members, in the layouts of libc++ 14 to 22.

use super::{Piece, Values, View};
use crate::Place;
use crate::dwarf::types::Type;

/// The container behind a stack or a queue.
pub(crate) fn adapter<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    same(values, ty, place, "c")
}

pub(crate) fn path<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    same(values, ty, place, "__pn_")
}

pub(crate) fn time_point<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    same(values, ty, place, "__d_")
}

/// An iterator that is a pointer.
pub(crate) fn wrapped_pointer<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    same(values, ty, place, "__i_").or_else(|| same(values, ty, place, "__ptr_"))
}

/// An iterator around another.
pub(crate) fn iterator<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    same(values, ty, place, "__i_")
}

fn same<'a>(values: &Values<'a>, ty: &Type, place: &Place, name: &str) -> Option<View<'a>> {
    let (ty, place) = values.own_place(ty.id, place, name)?;
    Some(View::Same { ty, place })
}

/// A member that is a number, as it is written.
fn number(values: &Values<'_>, ty: &Type, place: &Place, name: &str) -> Option<String> {
    let (ty, place) = values.own_place(ty.id, place, name)?;
    values.scalar(values.strip(ty)?.as_ref(), &place)?.ok()
}

pub(crate) fn complex<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let (re, im) = (
        number(values, ty, place, "__re_")?,
        number(values, ty, place, "__im_")?,
    );
    Some(View::Word(match im.strip_prefix('-') {
        Some(im) => format!("{re} - {im}i"),
        None => format!("{re} + {im}i"),
    }))
}

/// A time with its unit, as C++ prints it.
pub(crate) fn duration<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let count = number(values, ty, place, "__rep_")?;
    let period = values.type_name(ty.arguments.get(1)?.1);
    let numbers = period.strip_prefix("std::ratio<")?.strip_suffix('>')?;
    let mut numbers = numbers
        .split(',')
        .map(|number| number.trim().trim_end_matches('L'));
    let unit = match (numbers.next()?, numbers.next()?) {
        ("1", "1000000000") => "ns",
        ("1", "1000000") => "µs",
        ("1", "1000") => "ms",
        ("1", "1") => "s",
        ("60", "1") => "min",
        ("3600", "1") => "h",
        ("86400", "1") => "d",
        (many, "1") => return Some(View::Word(format!("{count} · {many} s"))),
        (many, part) => return Some(View::Word(format!("{count} · {many}/{part} s"))),
    };
    Some(View::Word(format!("{count} {unit}")))
}

pub(crate) fn expected<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    match values.find_number(ty.id, place, "__has_val_")? {
        1 => {
            let (ty, place) = values.find_place(ty.id, place, "__val_")?;
            Some(View::Same { ty, place })
        }
        0 => {
            let (ty, place) = values.find_place(ty.id, place, "__unex_")?;
            Some(View::Written(vec![
                Piece::Word("unexpected(".to_string()),
                Piece::Value(ty, place),
                Piece::Word(")".to_string()),
            ]))
        }
        other => Some(View::Broken(format!("whether it has a value is {other}"))),
    }
}

/// What stands in the angle brackets behind `start`, up to the comma or bracket that closes it.
fn first_argument<'n>(name: &'n str, start: &str) -> Option<&'n str> {
    let (_, rest) = name.split_once(start)?;
    let mut depth = 0usize;
    for (at, c) in rest.char_indices() {
        match c {
            '<' | '(' | '[' | '{' => depth = depth.saturating_add(1),
            '>' | ',' if depth == 0 => return rest.get(..at).map(str::trim),
            '>' | ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// The function in the table that a member holds; the inner `None` is the null pointer.
fn function_in(values: &Values<'_>, ty: &Type, place: &Place, name: &str) -> Option<Option<String>> {
    match values.word(ty.id, place, &[name])? {
        0 => Some(None),
        index => {
            let function = values.target.table_function(u32::try_from(index).ok()?.into())?;
            Some(Some((values.function_name)(function)))
        }
    }
}

/// What a function object calls. Of which type that is only the name of the function that calls it tells.
pub(crate) fn function<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let empty = || Some(View::Word("(empty)".to_string()));
    if let Some(Some(caller)) = function_in(values, ty, place, "__call_") {
        if caller.contains("__call_empty") {
            return empty();
        }
        let called = first_argument(&caller, "__default_alloc_func<")?.to_string();
        let at = values.find_place(ty.id, place, "__small");
        return callee(values, called, at.map(|(_, place)| place));
    }
    // A virtual table instead: of a class that has the type in its name.
    let (holder, place) = values.own_place(ty.id, place, "__f_")?;
    let (base, at) = values.own_place(holder, &place, "__f_")?;
    let address = values.number(&at, 0, values.word_len(ty.id)).ok()?;
    if address == 0 {
        return empty();
    }
    let (base, _) = values.find_pointer(base, &at)?;
    let (class, _) = values.dynamic_class(base, address)?;
    let called = first_argument(&class, "__func<")?.to_string();
    let behind_table = address.checked_add(values.word_len(ty.id))?;
    callee(values, called, Some(Place::Memory(behind_table)))
}

/// Whether a type is a pointer to a function: nothing but what it returns stands before the star.
fn is_function_pointer(name: &str) -> bool {
    let Some((returned, _)) = name.split_once("(*)") else {
        return false;
    };
    let mut depth = 0usize;
    for c in returned.chars() {
        match c {
            '<' => depth = depth.saturating_add(1),
            '>' => depth = depth.saturating_sub(1),
            // A closure's type, or a type in a function.
            '{' | '(' | '\'' => return false,
            _ => {}
        }
    }
    depth == 0
}

/// A function by its name, anything else by its type.
fn callee<'a>(values: &Values<'a>, called: String, place: Option<Place>) -> Option<View<'a>> {
    if let (true, Some(place)) = (is_function_pointer(&called), place) {
        let index = values.number(&place, 0, 4).ok()?;
        let function = values.target.table_function(index)?;
        return Some(View::Word((values.function_name)(function)));
    }
    Some(View::Word(called))
}

/// The type of what is held, by the name of the function that handles it.
pub(crate) fn any<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let Some(handler) = function_in(values, ty, place, "__h_")? else {
        return Some(View::Word("(empty)".to_string()));
    };
    let held = first_argument(&handler, "Handler<")?;
    Some(View::Word(format!("any of {held}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_to_functions() {
        assert!(is_function_pointer("int (*)(int)"));
        assert!(is_function_pointer("std::vector<int> (*)(int)"));
        assert!(!is_function_pointer("Bound<int (*)(int), int>"));
        assert!(!is_function_pointer("main::{lambda(int (*)(int))#1}"));
        assert!(!is_function_pointer("f(int (*)(int))::'lambda'(int)"));
        assert!(!is_function_pointer("f()::'lambda'(int (*)(int))"));
        assert!(!is_function_pointer("Plain"));
    }

    #[test]
    fn arguments_end_where_they_are_closed() {
        let caller = "std::f::__call_impl<std::f::__default_alloc_func<std::pair<int, A>, int (int)>>";
        assert_eq!(
            first_argument(caller, "__default_alloc_func<"),
            Some("std::pair<int, A>")
        );
        assert_eq!(
            first_argument("_SmallHandler<int>::__handle", "Handler<"),
            Some("int")
        );
        assert_eq!(first_argument("_SmallHandler<int", "Handler<"), None);
        assert_eq!(first_argument("main", "Handler<"), None);
    }
}
