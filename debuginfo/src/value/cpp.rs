//! C++: types of the standard library (libc++) that are more than their members.
//!
//! Found by the names of members, in the layouts of libc++ 14 to 22; `None` for any other layout. Nodes of lists,
//! trees and hash tables have no type in the debug information, so their values are found by alignment.

use super::read::Located;
use super::{Item, Items, Values, View, c, table, wide};
use crate::dwarf::DieId;
use crate::dwarf::types::{Shape, Type, typedef_in};
use crate::{Availability, Place};

/// Levels of a balanced tree; more than any that fits into memory has.
const TREE_DEPTH: usize = 128;

/// An iterator behind the last element, or one whose element is gone.
const NO_ELEMENT: &str = "(at no element)";

/// Bits of a set that are looked at.
const BITS_SHOWN: u64 = 1024;

impl Values<'_> {
    /// A pointer to a member on one line: to data the offset, to a function what the table has or the place in the
    /// virtual table (Itanium ABI, 2.3; on 32-bit ARM and wasm the lowest bit of the adjustment tells which).
    pub(super) fn member_pointer(
        &self,
        to: Option<DieId>,
        of: Option<DieId>,
        place: &Place,
    ) -> Result<String, Availability> {
        let word = of.or(to).map_or(4, |ty| self.word_len(ty));
        let first = self.number(place, 0, word)?;
        let target = to.and_then(|to| self.strip(to));
        if !target.is_some_and(|target| matches!(target.shape, Shape::Function { .. })) {
            return Ok(match c::extend(first, word, true) {
                -1 => "nullptr".to_string(),
                offset => format!("at offset {offset}"),
            });
        }
        let adjustment = self.number(place, word, word)?;
        Ok(match (first, adjustment & 1) {
            (0, 0) => "nullptr".to_string(),
            (offset, 1) => format!("virtual, at offset {offset} of the table"),
            (index, _) => match self.target.table_function(index) {
                Some(function) => (self.function_name)(function),
                None => format!("{index:#x} (no function in the table)"),
            },
        })
    }
}

/// The number that is the last argument of a template, as compilers write it: `3UL`.
fn last_number(ty: &Type) -> Option<u64> {
    let (_, last) = ty.name.as_deref()?.rsplit_once(['<', ' '])?;
    let digits = last.trim_end_matches('>').trim_end_matches(['U', 'L']);
    digits.parse().ok()
}

pub(crate) fn string<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let unit = values.size(ty.argument(0)?)?;
    let (short, short_place) = values.find_place(ty.id, place, "__s")?;
    let (long, long_place) = values.find_place(ty.id, place, "__l")?;
    // Only layouts with a flag of its own are known; whether size or data come first, the members tell.
    if values.find_number(short, &short_place, "__is_long_")? == 1 {
        let address = values.word(long, &long_place, &["__data_"])?;
        let len = values.find_number(long, &long_place, "__size_")?;
        return characters(values, Place::Memory(address), unit, len);
    }
    let (array, data) = values.find_place(short, &short_place, "__data_")?;
    let len = values.find_number(short, &short_place, "__size_")?;
    let room = values.size(array)?.checked_div(unit)?;
    if len >= room {
        let why = format!("claims {len} characters in a room for {}", room.saturating_sub(1));
        return Some(View::Broken(why));
    }
    characters(values, data, unit, len)
}

pub(crate) fn string_view<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let (element, address) = values.find_pointer(ty.id, place)?;
    let len = values.word(ty.id, place, &["__size_", "__size"])?;
    characters(values, Place::Memory(address), values.size(element)?, len)
}

/// Text of `len` characters of `unit` bytes.
fn characters<'a>(values: &Values<'a>, place: Place, unit: u64, len: u64) -> Option<View<'a>> {
    match (&place, unit) {
        (Place::Memory(address), 1) => return Some(values.text(*address, len)),
        (Place::Memory(address), 2 | 4) => {
            if let Err(why) = values.claim(unit, *address, len, "characters") {
                return Some(View::Broken(why));
            }
        }
        (Place::Bytes(_) | Place::Partial { .. }, 1 | 2 | 4) => {}
        _ => return None,
    }
    let shown = len.min(c::TEXT_LIMIT as u64);
    let mut codes = Vec::new();
    for index in 0..shown {
        codes.push(values.number(&place, index.checked_mul(unit)?, unit).ok()?);
    }
    Some(View::Word(c::quoted(&wide::text(&codes, unit), shown < len)))
}

pub(crate) fn vector<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let element = ty.argument(0)?;
    let begin = values.word(ty.id, place, &["__begin_"])?;
    let end = values.word(ty.id, place, &["__end_"])?;
    let room_end = values.word(ty.id, place, &["__cap_", "__end_cap_"])?;
    let size = values.size(element).filter(|&size| size > 0)?;
    let Some(bytes) = end.checked_sub(begin) else {
        return Some(View::Broken(format!(
            "its end {end:#x} lies before its beginning {begin:#x}"
        )));
    };
    if bytes % size != 0 {
        return Some(View::Broken(format!(
            "its {bytes} bytes are no whole number of elements"
        )));
    }
    if end > room_end {
        return Some(View::Broken(format!(
            "its end {end:#x} lies past its room, which ends at {room_end:#x}"
        )));
    }
    Some(values.sequence(element, begin, bytes.checked_div(size)?))
}

pub(crate) fn vector_of_bool<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let truth = ty.argument(0)?;
    let begin = values.word(ty.id, place, &["__begin_"])?;
    let len = values.word(ty.id, place, &["__size_"])?;
    if let Err(why) = values.claim(1, begin, len.div_ceil(8), "bytes of truth values") {
        return Some(View::Broken(why));
    }
    let values = *values;
    let bit = move |index: u64| {
        let byte = values.memory_number(begin.saturating_add(index / 8), 1);
        let byte = byte.ok_or_else(|| "its bits cannot be read".to_string())?;
        let bit = (byte >> (index % 8)) as u8 & 1;
        Ok(Item::element(truth, Place::Bytes(vec![bit])))
    };
    Some(View::Entries {
        len: Some(len),
        braces: true,
        items: Box::new((0..len).map(bit)),
    })
}

/// Bits by their numbers of those that are set, as sets of numbers are shown.
pub(crate) fn bitset<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let len = last_number(ty)?;
    let mut set = Vec::new();
    for index in 0..len.min(BITS_SHOWN) {
        let byte = values.number(place, index / 8, 1).ok()?;
        if byte >> (index % 8) & 1 == 1 {
            set.push(index.to_string());
        }
    }
    let more = if len > BITS_SHOWN { ", ..." } else { "" };
    Some(View::Word(format!("bitset({len}) {{{}{more}}}", set.join(", "))))
}

pub(crate) fn array<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    if last_number(ty) == Some(0) {
        return Some(View::Word("{}".to_string()));
    }
    let (ty, place) = values.find_place(ty.id, place, "__elems_")?;
    Some(View::Same { ty, place })
}

pub(crate) fn span<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let address = values.word(ty.id, place, &["__data_"])?;
    let len = match values.word(ty.id, place, &["__size_"]) {
        Some(len) => len,
        // The length is part of the type.
        None => last_number(ty)?,
    };
    Some(values.sequence(ty.argument(0)?, address, len))
}

pub(crate) fn initializer_list<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let address = values.word(ty.id, place, &["__begin_"])?;
    let len = values.word(ty.id, place, &["__size_"])?;
    Some(values.sequence(ty.argument(0)?, address, len))
}

pub(crate) fn deque<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let element = ty.argument(0)?;
    let size = values.size(element).filter(|&size| size > 0)?;
    let word = values.word_len(ty.id);
    let (map, map_place) = values.find_place(ty.id, place, "__map_")?;
    let blocks = values.word(map, &map_place, &["__begin_"])?;
    let blocks_end = values.word(map, &map_place, &["__end_"])?;
    let start = values.word(ty.id, place, &["__start_"])?;
    let len = values.word(ty.id, place, &["__size_"])?;
    let per_block = if size < 256 { 4096 / size } else { 16 };
    let room = blocks_end
        .checked_sub(blocks)
        .map(|bytes| bytes / word * per_block);
    if start
        .checked_add(len)
        .is_none_or(|end| room.is_none_or(|room| end > room))
    {
        return Some(View::Broken(format!(
            "claims {len} elements from {start} on, in room for {}",
            room.unwrap_or(0)
        )));
    }
    let values = *values;
    let at = move |index: u64| {
        let index = start.checked_add(index)?;
        let block =
            values.memory_number(blocks.checked_add((index / per_block).checked_mul(word)?)?, word)?;
        let at = block.checked_add((index % per_block).checked_mul(size)?)?;
        Some(Item::element(element, Place::Memory(at)))
    };
    let item = move |index| at(index).ok_or_else(|| format!("the block of element {index} cannot be read"));
    Some(View::Entries {
        len: Some(len),
        braces: true,
        items: Box::new((0..len).map(item)),
    })
}

/// What the nodes of a linked structure hold.
enum Content {
    Element(DieId),
    Pair(DieId, DieId),
}

impl Content {
    fn of(ty: &Type, pairs: bool) -> Option<Content> {
        Some(match pairs {
            true => Content::Pair(ty.argument(0)?, ty.argument(1)?),
            false => Content::Element(ty.argument(0)?),
        })
    }

    /// Offset of the content in a node whose links end at `links`, and its size.
    fn layout(&self, values: &Values<'_>, links: u64) -> Option<(u64, u64)> {
        match self {
            Content::Element(ty) => Some((values.aligned(links, *ty)?, values.size(*ty)?)),
            Content::Pair(key, value) => {
                let most = values.alignment(*key)?.max(values.alignment(*value)?);
                let end = values.aligned(values.size(*key)?, *value)?;
                let size = end.checked_add(values.size(*value)?)?;
                Some((links.checked_next_multiple_of(most)?, size))
            }
        }
    }

    fn item(&self, values: &Values<'_>, at: u64) -> Option<Item> {
        match self {
            Content::Element(ty) => Some(Item::element(*ty, Place::Memory(at))),
            Content::Pair(key, value) => {
                let second = at.checked_add(values.aligned(values.size(*key)?, *value)?)?;
                Some(Item {
                    key: Some((*key, Place::Memory(at))),
                    value: (*value, Place::Memory(second)),
                })
            }
        }
    }
}

/// Nodes that are followed from one to the next, `len` of them if that is known.
fn linked<'a>(
    values: &Values<'a>,
    content: Content,
    links: u64,
    first: u64,
    len: Option<u64>,
    next: impl Fn(u64) -> Option<u64> + 'a,
) -> Option<View<'a>> {
    let (offset, size) = content.layout(values, links)?;
    if let Some(len) = len
        && let Err(why) = values.claim(offset.checked_add(size)?, 0, len, "elements")
    {
        return Some(View::Broken(why));
    }
    let values = *values;
    let (mut node, mut index) = (Some(first), 0u64);
    let items: Items<'a> = Box::new(std::iter::from_fn(move || {
        if len.is_some_and(|len| index >= len) || len.is_none() && node == Some(0) {
            return None;
        }
        let at = node?;
        let lost = || format!("element {index} is lost: its node {at:#x} is none");
        let whole = at.checked_add(offset).filter(|_| at != 0).and_then(|start| {
            values
                .target
                .read_memory(start.checked_add(size)?.checked_sub(1)?, &mut [0])
                .then_some(start)
        });
        let item = whole
            .and_then(|start| content.item(&values, start))
            .ok_or_else(lost);
        node = if item.is_ok() { next(at) } else { None };
        // What comes after the last need not be a node.
        if item.is_ok() && node.is_none() && len.is_none_or(|len| index.saturating_add(1) < len) {
            node = Some(0);
        }
        index = index.saturating_add(1);
        Some(item)
    }));
    Some(View::Entries {
        len,
        braces: true,
        items,
    })
}

pub(crate) fn list<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let word = values.word_len(ty.id);
    let (end, end_place) = values.find_place(ty.id, place, "__end_")?;
    let first = values.word(end, &end_place, &["__next_"])?;
    let len = values.word(ty.id, place, &["__size_", "__size_alloc_"])?;
    let reader = *values;
    let next = move |node: u64| reader.memory_number(node.checked_add(word)?, word);
    linked(values, Content::of(ty, false)?, word * 2, first, Some(len), next)
}

pub(crate) fn forward_list<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let word = values.word_len(ty.id);
    let first = values.word(ty.id, place, &["__before_begin_"])?;
    let reader = *values;
    let next = move |node: u64| reader.memory_number(node, word);
    linked(values, Content::of(ty, false)?, word, first, None, next)
}

pub(crate) fn map<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    tree(values, ty, place, true)
}

pub(crate) fn set<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    tree(values, ty, place, false)
}

/// A balanced tree; its nodes are left, right, parent and a colour of one byte, then the value.
fn tree<'a>(values: &Values<'a>, ty: &Type, place: &Place, pairs: bool) -> Option<View<'a>> {
    let word = values.word_len(ty.id);
    let (tree, tree_place) = values.find_place(ty.id, place, "__tree_")?;
    let first = values.word(tree, &tree_place, &["__begin_node_"])?;
    let len = values.word(tree, &tree_place, &["__size_", "__pair3_"])?;
    let reader = *values;
    let link = move |node: u64, index: u64| {
        let at = node.checked_add(word.checked_mul(index)?)?;
        reader.memory_number(at, word)
    };
    let next = move |node: u64| {
        let mut at = link(node, 1)?;
        if at != 0 {
            for _ in 0..TREE_DEPTH {
                match link(at, 0)? {
                    0 => return Some(at),
                    left => at = left,
                }
            }
            return None;
        }
        at = node;
        for _ in 0..TREE_DEPTH {
            let parent = link(at, 2)?;
            if link(parent, 0)? == at {
                return Some(parent);
            }
            at = parent;
        }
        None
    };
    let links = word.checked_mul(3)?.checked_add(1)?;
    linked(values, Content::of(ty, pairs)?, links, first, Some(len), next)
}

/// Where an iterator of a tree stands: at a value, or behind the last, where no node is. A node is what another of
/// the tree leads to.
pub(crate) fn tree_iterator<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let word = values.word_len(ty.id);
    let node = values.word(ty.id, place, &["__ptr_"])?;
    let link = |node: u64, index: u64| {
        let at = node.checked_add(word.checked_mul(index)?)?;
        values.memory_number(at, word)
    };
    let colour = values.memory_number(node.checked_add(word.checked_mul(3)?)?, 1);
    let known = |parent| link(parent, 0) == Some(node) || link(parent, 1) == Some(node);
    if node == 0 || colour.is_none_or(|black| black > 1) || !link(node, 2).is_some_and(known) {
        return Some(View::Word(NO_ELEMENT.to_string()));
    }
    let links = word.checked_mul(3)?.checked_add(1)?;
    held(values, ty, node, links)
}

/// Where an iterator of a hash table stands: at a value, or behind the last.
pub(crate) fn hash_iterator<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    match values.word(ty.id, place, &["__node_"])? {
        0 => Some(View::Word(NO_ELEMENT.to_string())),
        node => held(values, ty, node, values.word_len(ty.id).checked_mul(2)?),
    }
}

/// What an iterator gives a reference to, in a node whose links end at `links`. Of some the type is only named.
fn held<'a>(values: &Values<'a>, iterator: &Type, node: u64, links: u64) -> Option<View<'a>> {
    let reference = values.strip(typedef_in(values.units, iterator.id, "reference")?)?;
    let Shape::Pointer { to: Some(to), .. } = reference.shape else {
        return None;
    };
    let held = values.strip(to)?;
    if matches!(held.shape, Shape::Record { complete: false, .. }) {
        return None;
    }
    let place = Place::Memory(node.checked_add(values.aligned(links, held.id)?)?);
    // Older libraries keep the pair in a record of its own.
    let pair = values.own_place(held.id, &place, "__cc_");
    let (ty, place) = pair.unwrap_or((held.id, place));
    Some(View::Same { ty, place })
}

pub(crate) fn unordered_map<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    hash(values, ty, place, true)
}

pub(crate) fn unordered_set<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    hash(values, ty, place, false)
}

/// A hash table; its nodes are one list: next, hash, then the value.
fn hash<'a>(values: &Values<'a>, ty: &Type, place: &Place, pairs: bool) -> Option<View<'a>> {
    let word = values.word_len(ty.id);
    let (table, table_place) = values.find_place(ty.id, place, "__table_")?;
    let first = values.word(table, &table_place, &["__first_node_", "__p1_"])?;
    // The buckets have a size, too, in a member of their own.
    let len = match values.find_place(table, &table_place, "__p2_") {
        Some((_, place)) => values.number(&place, 0, word).ok()?,
        None => own_size(values, table, &table_place)?,
    };
    let reader = *values;
    let next = move |node: u64| reader.memory_number(node, word);
    linked(values, Content::of(ty, pairs)?, word * 2, first, Some(len), next)
}

/// The `__size_` among a record's own members, also those of unnamed members.
fn own_size(values: &Values<'_>, ty: DieId, place: &Place) -> Option<u64> {
    let full = values.strip(ty)?;
    let Shape::Record { members, .. } = &full.shape else {
        return None;
    };
    let unnamed = members.iter().filter(|member| member.name.is_none());
    let mut sizes = unnamed.filter_map(|member| match values.member(place, member).ok()? {
        Located::Place(inner) => values.word(member.ty, &inner, &["__size_"]),
        Located::Bits(_) => None,
    });
    sizes.next()
}

pub(crate) fn optional<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    match values.find_number(ty.id, place, "__engaged_")? {
        0 => Some(View::Word("nullopt".to_string())),
        1 => {
            let (ty, place) = values.find_place(ty.id, place, "__val_")?;
            Some(View::Same { ty, place })
        }
        other => Some(View::Broken(format!("whether it has a value is {other}"))),
    }
}

pub(crate) fn variant<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let (index_ty, index_place) = values.find_place(ty.id, place, "__index")?;
    let len = values.size(index_ty)?;
    let index = values.number(&index_place, 0, len).ok()?;
    if index.count_ones() == u32::try_from(len.checked_mul(8)?).ok()? {
        return Some(View::Word("valueless".to_string()));
    }
    let Some(chosen) = ty.argument(usize::try_from(index).ok()?) else {
        let why = format!("claims alternative {index} of {}", ty.arguments.len());
        return Some(View::Broken(why));
    };
    let (_, place) = values.find_place(ty.id, place, "__data")?;
    let full = values.strip(chosen)?;
    let template = |id| values.type_name(id).split('<').next().map(str::to_string);
    let alike = |chosen| {
        let same = |(_, other): &&(String, DieId)| template(*other) == chosen;
        ty.arguments.iter().filter(same).count()
    };
    // A container says what it is, unless another alternative says the same.
    let says = !table::label(values, &full).is_empty() && alike(template(chosen)) == 1;
    Some(match says {
        true => View::Same { ty: chosen, place },
        false => View::Dynamic { ty: chosen, place },
    })
}

pub(crate) fn pair<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let parts = ["first", "second"].map(|name| values.find_place(ty.id, place, name));
    let [Some(first), Some(second)] = parts else {
        return None;
    };
    Some(View::Tuple(vec![first, second]))
}

pub(crate) fn tuple<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    if ty.arguments.is_empty() {
        return None;
    }
    let (base, base_place) = values.find_place(ty.id, place, "__base_")?;
    let full = values.strip(base)?;
    let Shape::Record { members, .. } = &full.shape else {
        return None;
    };
    let mut parts = Vec::new();
    for (member, (_, argument)) in members.iter().filter(|member| member.base).zip(&ty.arguments) {
        let Located::Place(leaf) = values.member(&base_place, member).ok()? else {
            return None;
        };
        // A leaf without a value of its own is an empty class.
        parts.push(
            values
                .find_place(member.ty, &leaf, "__value_")
                .unwrap_or((*argument, leaf)),
        );
    }
    (parts.len() == ty.arguments.len()).then_some(View::Tuple(parts))
}

/// The pointer in a smart pointer, which older libraries keep in a pair.
fn stored_pointer(values: &Values<'_>, ty: &Type, place: &Place) -> Option<(DieId, Place)> {
    let (found, inner) = values.find_place(ty.id, place, "__ptr_")?;
    match values.strip(found)?.shape {
        Shape::Pointer { .. } => Some((found, inner)),
        _ => values.find_place(found, &inner, "__value_"),
    }
}

pub(crate) fn unique_ptr<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let (ty, place) = stored_pointer(values, ty, place)?;
    Some(View::Same { ty, place })
}

pub(crate) fn shared_ptr<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let (pointer, pointer_place) = stored_pointer(values, ty, place)?;
    let word = values.word_len(ty.id);
    let counts = values.word(ty.id, place, &["__cntrl_"])?;
    let same = View::Same {
        ty: pointer,
        place: pointer_place,
    };
    if counts == 0 {
        return Some(same);
    }
    // A virtual table, then owners less one, then observers.
    let count = |index: u64| values.memory_number(counts.checked_add(word.checked_mul(index)?)?, word);
    let (Some(strong), Some(weak)) = (count(1), count(2)) else {
        let why = format!("its counts at {counts:#x} are outside memory");
        return Some(View::Broken(why));
    };
    let mask = u64::MAX >> (64 - 8 * word.clamp(1, 8));
    Some(View::Shared {
        view: Box::new(same),
        strong: strong.wrapping_add(1) & mask,
        weak,
    })
}

pub(crate) fn weak_ptr<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    match shared_ptr(values, ty, place)? {
        View::Shared { strong: 0, .. } => Some(View::Word("(its value was destroyed)".to_string())),
        view => Some(view),
    }
}

pub(crate) fn reference_wrapper<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let address = values.word(ty.id, place, &["__f_"])?;
    let target = ty.argument(0)?;
    let function = matches!(values.strip(target)?.shape, Shape::Function { .. });
    (!function).then_some(View::Same {
        ty: target,
        place: Place::Memory(address),
    })
}

pub(crate) fn atomic<'a>(values: &Values<'a>, ty: &Type, place: &Place) -> Option<View<'a>> {
    let (ty, place) = values.find_place(ty.id, place, "__a_value")?;
    Some(View::Same { ty, place })
}
