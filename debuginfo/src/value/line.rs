//! A value on one line.
//!
//! # Invariants
//! - A line is bounded in length, depth and reads, whatever the guest claims.

use super::read::Located;
use super::{Item, Piece, Values, View, reason};
use crate::dwarf::DieId;
use crate::dwarf::types::{Member, Shape, Type, VariantPart};
use crate::{Availability, Language, Place};

/// Length at which a line stops taking more members.
const LINE_LIMIT: usize = 100;
/// Bytes of a line, whatever is on it.
const TEXT_BYTES: usize = 4000;
/// Records inside each other on one line.
pub(crate) const LINE_DEPTH: usize = 4;
/// Classes above each other.
const BASE_DEPTH: usize = 32;
/// Base classes that are looked at.
const BASE_LIMIT: usize = 512;
/// Elements of an array on one line.
const LINE_ELEMENTS: u64 = 16;

impl<'a> Values<'a> {
    /// A value on one line.
    pub fn line(&self, ty: DieId, place: &Place, depth: usize) -> Result<String, Availability> {
        let full = self.strip(ty).ok_or_else(unknown_type)?;
        let deeper = depth.checked_sub(1);
        if let (Shape::Pointer { to: Some(to), .. }, Place::Target(target), Some(deeper)) =
            (&full.shape, place, deeper)
        {
            return match self.is_transparent(&full) {
                true => self.object_line(*to, target, deeper),
                false => Ok(format!("-> {}", self.line(*to, target, deeper)?)),
            };
        }
        if let Some(unit) = self.wide_character(ty) {
            return self.wide_line(unit, self.is_signed(ty), place);
        }
        if let Some(line) = self.scalar(&full, place) {
            return line;
        }
        let Some(deeper) = deeper else {
            return Ok(self.leaf(&full, place).unwrap_or_else(|| "{...}".to_string()));
        };
        if let Some((label, view)) = self.rendered(&full, place) {
            let written = matches!(view, View::Written(_));
            let line = self.view_line(label, view, full.language, depth);
            // Where a part cannot be read, the members say which.
            if !(written && line.is_err()) {
                return line;
            }
        }
        match &full.shape {
            Shape::Pointer { to, .. } => {
                let address = self.number(place, 0, full.size.unwrap_or(4))?;
                match to {
                    Some(_) if address == 0 => {
                        Err(Availability::NotReadable("it refers to address 0".to_string()))
                    }
                    Some(to) if self.is_transparent(&full) => {
                        self.object_line(*to, &Place::Memory(address), deeper)
                    }
                    _ => Ok(format!("{address:#x}")),
                }
            }
            Shape::Record {
                members,
                variants,
                complete,
                ..
            } => {
                if !complete {
                    return Ok("(its members are not known here)".to_string());
                }
                if let Some(part) = variants {
                    let view = self.variant(part, place)?;
                    return self.view_line("", view, full.language, depth);
                }
                self.members_line(members, place, full.language, deeper)
            }
            Shape::Array { element, dimensions } => {
                self.array_line(*element, dimensions, place, full.language, deeper)
            }
            Shape::Function { .. } => Ok("a function".to_string()),
            Shape::MemberPointer { to, of } => self.member_pointer(*to, *of, place),
            Shape::Opaque => Ok(match place.address() {
                // C++'s `nullptr_t` has but one value.
                _ if full.name.as_deref().is_some_and(|name| name.contains("nullptr")) => {
                    "nullptr".to_string()
                }
                Some(address) => format!("at {address:#x}"),
                None => "{...}".to_string(),
            }),
            Shape::Base { .. } | Shape::Enum { .. } | Shape::Alias { .. } => Err(unknown_type()),
        }
    }

    /// What a reference leads to, on one line: the whole object, with its class if that is another than the type says.
    pub(super) fn object_line(&self, ty: DieId, place: &Place, depth: usize) -> Result<String, Availability> {
        let address = place.address();
        match address.and_then(|address| self.dynamic_class(ty, address)) {
            Some((name, Some((class, object)))) => {
                Ok(classed(&name, &self.line(class, &Place::Memory(object), depth)?))
            }
            // Only what the type says of it is known.
            Some((name, None)) => Ok(format!("{} ({name})", self.line(ty, place, depth)?)),
            None => self.line(ty, place, depth),
        }
    }

    /// Text on one line, `limit` bytes of it.
    pub(super) fn text_line(&self, address: u64, len: u64, limit: usize) -> Result<String, Availability> {
        let want = len.min(limit as u64);
        let mut bytes = vec![0; usize::try_from(want).unwrap_or(0)];
        if len > 0 && !self.target.read_memory(address, &mut bytes) {
            return Err(crate::dwarf::location::outside(address));
        }
        Ok(super::c::quoted(&bytes, want < len))
    }

    /// The members of a record on one line.
    pub(super) fn members_line(
        &self,
        members: &[Member],
        place: &Place,
        language: Language,
        depth: usize,
    ) -> Result<String, Availability> {
        let mut parts = List::new();
        // Virtual tables are the compiler's; they stand among the children.
        let shown = members.iter().filter(|member| !is_vtable(member));
        for member in shown.take(LINE_LIMIT) {
            let value = match self.member(place, member) {
                Ok(Located::Place(place)) => self.line(member.ty, &place, depth),
                Ok(Located::Bits(bits)) => Ok(self.bits(member.ty, bits)),
                Err(error) => Err(error),
            };
            let named = |value: String| match &member.name {
                Some(name) if language == Language::Rust && tuple_field(name) => value,
                Some(name) if language == Language::Rust => format!("{}: {value}", captured(name)),
                // Zig's tuples have numbers for names.
                Some(name) if language == Language::Zig && name.parse::<u32>().is_ok() => value,
                Some(name) if language == Language::Zig => format!(".{name} = {value}"),
                Some(name) => format!("{name} = {value}"),
                None => value,
            };
            // What takes too much room is only hinted at: those after it may fit.
            let value = match value {
                Ok(value) if !parts.has_room(&named(value.clone())) => Ok(outline(&value).unwrap_or(value)),
                value => value,
            };
            if !parts.add_named(value, named) {
                break;
            }
        }
        let tuple = language == Language::Rust
            && !members.is_empty()
            && members
                .iter()
                .all(|member| member.name.as_deref().is_some_and(tuple_field));
        match tuple {
            true => parts.close("(", ")"),
            false => parts.close("{", "}"),
        }
    }

    /// An array on one line.
    pub(super) fn array_line(
        &self,
        element: DieId,
        dimensions: &[Option<u64>],
        place: &Place,
        language: Language,
        depth: usize,
    ) -> Result<String, Availability> {
        let Some((first, inner)) = dimensions.split_first() else {
            return Ok("[]".to_string());
        };
        let Some(count) = *first else {
            return Ok("(its length is not known)".to_string());
        };
        if inner.is_empty() {
            if self.is_char(element)
                && let Some(text) = self.char_array(element, place, count)?
            {
                return Ok(text);
            }
            if let (Some(unit), false) = (
                self.wide_character(element),
                matches!(place, Place::Partial { .. }),
            ) {
                return self.wide_array(unit, place, count);
            }
            return self.elements_line(element, place, count, language, depth);
        }
        let size = self.row_size(element, inner).ok_or_else(unknown_type)?;
        let mut parts = List::new();
        for index in 0..count.min(LINE_ELEMENTS) {
            let row = self.part(place, index.saturating_mul(size), Some(size))?;
            if !parts.add(self.array_line(element, inner, &row, language, depth)) {
                break;
            }
        }
        parts.more |= count > LINE_ELEMENTS;
        brackets(parts, language)
    }

    fn elements_line(
        &self,
        element: DieId,
        place: &Place,
        count: u64,
        language: Language,
        depth: usize,
    ) -> Result<String, Availability> {
        let size = self.size(element).ok_or_else(unknown_type)?;
        let mut parts = List::new();
        for index in 0..count.min(LINE_ELEMENTS) {
            let part = self.part(place, index.saturating_mul(size), Some(size))?;
            if !parts.add(self.line(element, &part, depth)) {
                break;
            }
        }
        parts.more |= count > LINE_ELEMENTS;
        brackets(parts, language)
    }

    fn view_line(
        &self,
        label: &str,
        view: View<'a>,
        language: Language,
        depth: usize,
    ) -> Result<String, Availability> {
        let Some(deeper) = depth.checked_sub(1) else {
            return Ok("{...}".to_string());
        };
        match view {
            View::Word(word) => Ok(word),
            View::Written(pieces) => {
                let mut line = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Word(word) => line.push_str(&word),
                        Piece::Value(ty, place) => line.push_str(&self.line(ty, &place, deeper)?),
                    }
                }
                Ok(shortened(line))
            }
            View::Broken(why) => Err(Availability::NotReadable(why)),
            View::Text { address, len } => self.text_line(address, len, super::c::TEXT_LIMIT),
            View::Sequence {
                element,
                address,
                len,
            } => {
                let items = self.elements_line(element, &Place::Memory(address), len, language, deeper)?;
                Ok(match label {
                    "" if len > LINE_ELEMENTS => format!("{items} ({len})"),
                    "" => items,
                    _ => format!("{label}({len}) {items}"),
                })
            }
            View::Entries { len, braces, items } => {
                let items = self.items_line(items, braces || language != Language::Rust, deeper)?;
                Ok(match len {
                    Some(len) => format!("{label}({len}) {items}"),
                    None => format!("{label} {items}"),
                })
            }
            View::Same { ty, place } => self.line(ty, &place, deeper),
            View::Shared { view, strong, weak } => {
                let line = self.view_line(label, *view, language, depth)?;
                Ok(format!("{line} (strong {strong}, weak {weak})"))
            }
            View::Dynamic { ty, place } => Ok(classed(&self.type_name(ty), &self.line(ty, &place, deeper)?)),
            View::Tuple(parts) => {
                let mut list = List::new();
                for (ty, place) in &parts {
                    if !list.add(self.line(*ty, place, deeper)) {
                        break;
                    }
                }
                list.close("{", "}")
            }
            View::Variant { name, members, place } => {
                let [only] = members.as_slice() else {
                    return self.fields_line(name, &members, &place, language, deeper);
                };
                match (language, self.member(&place, only)?) {
                    (Language::Zig, Located::Place(place)) => {
                        Ok(format!("{name} = {}", self.line(only.ty, &place, deeper)?))
                    }
                    _ => self.fields_line(name, &members, &place, language, deeper),
                }
            }
        }
    }

    /// The content of an alternative after its name.
    fn fields_line(
        &self,
        name: String,
        members: &[Member],
        place: &Place,
        language: Language,
        depth: usize,
    ) -> Result<String, Availability> {
        if members.is_empty() {
            return Ok(name);
        }
        let inner = self.members_line(members, place, language, depth)?;
        Ok(if inner.starts_with('(') {
            format!("{name}{inner}")
        } else {
            format!("{name} {inner}")
        })
    }

    fn items_line(
        &self,
        items: super::Items<'a>,
        braces: bool,
        depth: usize,
    ) -> Result<String, Availability> {
        let mut parts = List::new();
        for (index, item) in (0u64..).zip(items) {
            if index >= LINE_ELEMENTS {
                parts.more = true;
                break;
            }
            let part = match item {
                Ok(Item { key, value }) => {
                    let value = self.line(value.0, &value.1, depth);
                    match key {
                        Some((ty, place)) => self
                            .line(ty, &place, depth)
                            .and_then(|key| Ok(format!("{key}: {}", value?))),
                        None => value,
                    }
                }
                Err(why) if index == 0 => return Err(Availability::NotReadable(why)),
                Err(why) => Ok(format!("({why})")),
            };
            if !parts.add(part) {
                break;
            }
        }
        match braces {
            true => parts.close("{", "}"),
            false => parts.close("[", "]"),
        }
    }

    /// The alternative of a tagged union that its tag selects.
    pub fn variant(&self, part: &VariantPart, place: &Place) -> Result<View<'a>, Availability> {
        let chosen = match &part.tag {
            Some(tag) => {
                let len = self.size(tag.ty).unwrap_or(8);
                let number = match self.member(place, tag)? {
                    Located::Place(place) => self.number(&place, 0, len)?,
                    Located::Bits(bits) => bits,
                };
                let mask = if len >= 8 {
                    u64::MAX
                } else {
                    (1u64 << len.saturating_mul(8)) - 1
                };
                let named = part
                    .variants
                    .iter()
                    .find(|variant| variant.tag.is_some_and(|tag| tag & mask == number & mask));
                named.or_else(|| part.variants.iter().find(|variant| variant.tag.is_none()))
            }
            None => part.variants.first(),
        };
        let chosen = chosen.and_then(|variant| variant.members.first());
        let member =
            chosen.ok_or_else(|| Availability::NotReadable("its tag selects no variant".to_string()))?;
        let Located::Place(inner) = self.member(place, member)? else {
            return Err(unknown_type());
        };
        let members = match self.strip(member.ty).map(|ty| ty.shape.clone()) {
            Some(Shape::Record { members, .. }) => members,
            _ => vec![member.clone()],
        };
        // The states of what can be suspended are numbered; their types have names.
        let mut name = member.name.clone().unwrap_or_default();
        if name.bytes().all(|byte| byte.is_ascii_digit())
            && let Some(named) = self.strip(member.ty).and_then(|ty| ty.name.clone())
        {
            name = named;
        }
        Ok(View::Variant {
            name,
            members,
            place: inner,
        })
    }

    /// As [`whole_object`](Self::whole_object), if that is of another class than the type.
    pub(super) fn dynamic_class(&self, ty: DieId, address: u64) -> Option<(String, Option<(DieId, u64)>)> {
        let (name, whole) = self.whole_object(ty, address)?;
        let same = match whole {
            Some((class, _)) => self.is_same(class, self.strip(ty)?.id),
            None => name == self.type_name(self.strip(ty)?.id),
        };
        (!same).then_some((name, whole))
    }

    /// The class of the whole object that one at an address is part of, by the name that its virtual table tells: the
    /// name, and the class with the object's own address, if the debug information has it. `None` if the type has no
    /// such table.
    pub(crate) fn whole_object(&self, ty: DieId, address: u64) -> Option<(String, Option<(DieId, u64)>)> {
        let full = self.strip(ty)?;
        if full.language != Language::Cpp || !self.is_polymorphic(&full, LINE_DEPTH) {
            return None;
        }
        let word = self.word_len(ty);
        let table = self.memory_number(address, word)?;
        // Before the entries lie the type's description, and before that the distance to the whole object.
        let described = self.memory_number(table.checked_sub(word)?, word)?;
        let distance = self.memory_number(table.checked_sub(word.checked_mul(2)?)?, word)?;
        let distance = super::c::extend(distance, word, true);
        let name = self.memory_number(described.checked_add(word)?, word)?;
        if described == 0 || name == 0 || distance > 0 {
            return None;
        }
        let (name, true) = self.c_text(name, TEXT_BYTES)? else {
            return None;
        };
        let name = String::from_utf8(name).ok()?;
        let name = crate::names::described_class(&name)?;
        let class = self.types.class(self.units, &name);
        let name = class.map_or(name, |class| self.type_name(class));
        let object = address.checked_add_signed(distance)?;
        Some((name, class.map(|class| (class, object))))
    }

    /// The whole object that one at an address is a base of, if that is of a class that the type is a base of: then
    /// the type was that of a pointer or reference. An object that is being made is not yet of its own class.
    pub(super) fn derived_object(&self, ty: DieId, address: u64) -> Option<(DieId, u64)> {
        let (_, Some((class, object))) = self.dynamic_class(ty, address)? else {
            return None;
        };
        let base = self.strip(ty)?.id;
        self.derives(class, base, BASE_DEPTH, &mut BASE_LIMIT.clone())
            .then_some((class, object))
    }

    /// Whether a class has another among its bases and theirs.
    fn derives(&self, class: DieId, base: DieId, depth: usize, left: &mut usize) -> bool {
        let (Some(full), Some(depth)) = (self.strip(class), depth.checked_sub(1)) else {
            return false;
        };
        let Shape::Record { members, .. } = &full.shape else {
            return false;
        };
        members.iter().filter(|member| member.base).any(|member| {
            let Some(rest) = left.checked_sub(1) else {
                return false;
            };
            *left = rest;
            let inner = self.strip(member.ty);
            inner.is_some_and(|inner| {
                self.is_same(inner.id, base) || self.derives(inner.id, base, depth, left)
            })
        })
    }

    /// Whether two classes are one, described in two units.
    pub(crate) fn is_same(&self, one: DieId, other: DieId) -> bool {
        one == other || self.type_name(one) == self.type_name(other)
    }

    /// Whether a class has a virtual table of its own or of its first base.
    fn is_polymorphic(&self, ty: &Type, depth: usize) -> bool {
        let (Shape::Record { members, .. }, Some(depth)) = (&ty.shape, depth.checked_sub(1)) else {
            return false;
        };
        members.iter().any(is_vtable)
            || members.iter().filter(|member| member.base).take(1).any(|base| {
                matches!(base.place, crate::dwarf::types::MemberPlace::Bytes(0))
                    && self
                        .strip(base.ty)
                        .is_some_and(|base| self.is_polymorphic(&base, depth))
            })
    }
}

pub(super) fn is_vtable(member: &Member) -> bool {
    member
        .name
        .as_deref()
        .is_some_and(|name| name.starts_with("_vptr"))
}

/// A member's name as a closure's code writes it: captures by reference are marked in theirs.
pub(crate) fn captured(name: &str) -> &str {
    name.strip_prefix("_ref__").unwrap_or(name)
}

/// Whether a member name is a position (`__0`).
pub(crate) fn tuple_field(name: &str) -> bool {
    name.strip_prefix("__")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A value after the name of its type.
fn classed(name: &str, line: &str) -> String {
    match line.starts_with('(') {
        true => format!("{name}{line}"),
        false => format!("{name} {line}"),
    }
}

fn brackets(parts: List, language: Language) -> Result<String, Availability> {
    if language == Language::Rust {
        parts.close("[", "]")
    } else {
        parts.close("{", "}")
    }
}

/// A line of bounded length; only names that are longer than any source would have them reach the bound.
pub(super) fn shortened(mut line: String) -> String {
    if line.len() > TEXT_BYTES {
        let end = (0..=TEXT_BYTES)
            .rev()
            .find(|&end| line.is_char_boundary(end))
            .unwrap_or(0);
        line.truncate(end);
        line.push_str("...");
    }
    line
}

pub(super) fn unknown_type() -> Availability {
    Availability::Unsupported("its type is missing in the debug information".to_string())
}

/// A value without what is in it: `Vec(2) [...]`, `Pair {...}`.
fn outline(line: &str) -> Option<String> {
    let counted = line.find(") ").map_or(0, |at| at.saturating_add(2));
    let is_label = |label: &&str| {
        let inner = label.trim_end_matches(") ").split_once('(');
        inner.is_some_and(|(name, count)| {
            name.chars().all(|c| c.is_alphanumeric() || c == '_') && count.parse::<u64>().is_ok()
        })
    };
    let label = line.get(..counted).filter(is_label).unwrap_or("");
    let rest = line.get(label.len()..)?;
    // Those of a type's arguments are part of its name.
    let mut angles = 0usize;
    let outside = rest.char_indices().find(|(_, c)| {
        match c {
            '<' => angles = angles.saturating_add(1),
            '>' => angles = angles.saturating_sub(1),
            _ => {}
        }
        angles == 0 && matches!(c, '{' | '[' | '(')
    });
    let (at, _) = outside?;
    let (name, inside) = rest.split_at_checked(at)?;
    // Brackets in a text are no such.
    if name.contains(['"', '\'']) {
        return None;
    }
    let dots = match inside.chars().next()? {
        '{' => "{...}",
        '[' => "[...]",
        // A remark: `0x40 (Circle)`.
        _ if name.ends_with(' ') => return None,
        _ => "(...)",
    };
    let outline = format!("{label}{name}{dots}");
    (outline.len() < line.len()).then_some(outline)
}

/// Parts of a line, until it is long enough. One that is not there gives its reason; if none is, that is the line's.
struct List {
    text: String,
    more: bool,
    any: bool,
    missing: Option<Availability>,
}

impl List {
    fn new() -> List {
        List {
            text: String::new(),
            more: false,
            any: false,
            missing: None,
        }
    }

    /// Adds a part, or dots if there is no room; whether there was.
    fn add(&mut self, part: Result<String, Availability>) -> bool {
        self.add_named(part, |part| part)
    }

    /// As [`add`](Self::add), with what is written around a value or the reason for its absence.
    fn add_named(
        &mut self,
        part: Result<String, Availability>,
        named: impl FnOnce(String) -> String,
    ) -> bool {
        let part = match part {
            Ok(part) => {
                self.any = true;
                named(part)
            }
            Err(why) => {
                let part = named(reason(&why));
                self.missing.get_or_insert(why);
                part
            }
        };
        if !self.has_room(&part) {
            self.more = true;
            return false;
        }
        if !self.text.is_empty() {
            self.text.push_str(", ");
        }
        self.text.push_str(&part);
        true
    }

    /// Whether a part fits; the first always does.
    fn has_room(&self, part: &str) -> bool {
        self.text.is_empty() || self.text.len().saturating_add(part.len()) <= LINE_LIMIT
    }

    fn close(self, open: &str, end: &str) -> Result<String, Availability> {
        if let (Some(why), false) = (self.missing, self.any) {
            return Err(why);
        }
        let more = match (self.more, self.text.is_empty()) {
            (false, _) => "",
            (true, true) => "...",
            (true, false) => ", ...",
        };
        Ok(format!("{open}{}{more}{end}", self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines() {
        let of = |line: &str| outline(line).unwrap_or_default();
        assert_eq!(of("{x = 1, y = 2}"), "{...}");
        assert_eq!(of("Vec(2) [Vec(1) [1], 2]"), "Vec(2) [...]");
        assert_eq!(of("map(1) {1: {2, 3}}"), "map(1) {...}");
        assert_eq!(of("Pair {op: '+', sides: (1, 2)}"), "Pair {...}");
        assert_eq!(of("Grid<int [3]> {rows = 1}"), "Grid<int [3]> {...}");
        assert_eq!(of("'<' (60)"), "");
        assert_eq!(of("Some(Vec(1) [1000000])"), "Some(...)");
        assert_eq!(of(".copy = {.bytes = 51}"), ".copy = {...}");
        assert_eq!(of("\"a (b) {c}\""), "");
        assert_eq!(of("0x764 \"bolt (40) and so on\""), "");
        assert_eq!(of("0x764 (shapes::Circle)"), "");
        assert_eq!(of("12345678"), "");
        assert_eq!(of("{1}"), "");
    }
}
