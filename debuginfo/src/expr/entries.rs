//! Elements of what is no array: slices of containers that have to be walked, bits of a set of bits, code units of wide
//! strings.
//!
//! # Invariants
//! - What is read is bounded; an index or slice outside is an error.

use super::Eval;
use super::access::{ENTRY_LIMIT, Elements, outside};
use super::error::{Failure, Span, wrong};
use super::number::Number;
use super::operand::Operand;
use super::types::{Form, Ty};
use crate::dwarf::types::Type;
use crate::value::View;
use crate::{Availability, Language, Place};
use std::sync::Arc;

/// Bytes that a slice of elements in several places has at most.
const SLICE_LIMIT: usize = 1 << 16;

impl Eval<'_> {
    /// `a[first..end]` of a container whose elements have to be walked to; `None` if it is none.
    pub fn slice_of_entries(
        &self,
        operand: &Operand,
        (first, end): (i128, Option<i128>),
        of: Span,
        span: Span,
    ) -> Result<Option<Operand>, Failure> {
        let Operand::Object { ty, place } = operand else {
            return Ok(None);
        };
        let Form::Record(full) = self.form(ty) else {
            return Ok(None);
        };
        let items = match self.view(&full, place) {
            Some(Ok(View::Entries { items, .. })) => items,
            _ => return Ok(None),
        };
        let bound = |bound: i128| usize::try_from(bound).ok().filter(|&bound| bound <= ENTRY_LIMIT);
        let (Some(start), Some(stop)) = (bound(first), end.map_or(Some(ENTRY_LIMIT), bound)) else {
            return wrong(
                span,
                format!("only the first {ENTRY_LIMIT} entries are walked to"),
            );
        };
        if stop < start {
            return wrong(
                span,
                format!("the slice ends at {stop}, before its start at {start}"),
            );
        }
        let mut element: Option<Ty> = None;
        let mut places = Vec::new();
        let mut seen = 0usize;
        for item in items.take(stop) {
            let item = match item {
                Ok(item) => item,
                Err(why) => return Err(Failure::Absent(of, Availability::NotReadable(why))),
            };
            if item.key.is_some() {
                return wrong(span, "the entries of a map are found by their keys");
            }
            let (ty, place) = item.value;
            element.get_or_insert(Ty::Die(ty));
            if seen >= start {
                places.push(place);
            }
            seen = seen.saturating_add(1);
        }
        if start > seen || end.is_some() && stop > seen {
            return wrong(span, format!("{start}..{stop} is outside the {seen} elements"));
        }
        let sized = element.and_then(|ty| Some((self.size(&ty)?, ty)));
        let Some((size, element)) = sized else {
            return wrong(span, "there are no elements");
        };
        let len = places.len() as u64;
        let place = self.together(&places, size, of)?;
        let Some(place) = place else {
            return wrong(
                span,
                format!("the slice has more than {SLICE_LIMIT} bytes in several places"),
            );
        };
        Ok(Some(Operand::Object {
            ty: Ty::Array(Arc::new(element), len),
            place,
        }))
    }

    /// One place for elements: where they lie, if that is one after the other, else what they hold.
    fn together(&self, places: &[Place], size: u64, of: Span) -> Result<Option<Place>, Failure> {
        let first = places.first().and_then(Place::address);
        let follows = |(at, place): (u64, &Place)| {
            let address = at.checked_mul(size).and_then(|more| first?.checked_add(more));
            address.is_some() && address == place.address()
        };
        if let Some(first) = first
            && (0..).zip(places).all(follows)
        {
            return Ok(Some(Place::Memory(first)));
        }
        let mut bytes = Vec::new();
        for place in places {
            if (bytes.len() as u64).saturating_add(size) > SLICE_LIMIT as u64 {
                return Ok(None);
            }
            match self.values.bytes(place, 0, size) {
                Ok(more) => bytes.extend(more),
                Err(why) => return Err(Failure::Absent(of, why)),
            }
        }
        Ok(Some(Place::Bytes(bytes)))
    }

    /// A bit of a `std::bitset`; `None` if it is none.
    pub fn bit(
        &self,
        operand: &Operand,
        span: Span,
        index: i128,
        index_span: Span,
    ) -> Result<Option<Operand>, Failure> {
        let Operand::Object { ty, place } = self.with_elements(operand.clone(), span)? else {
            return Ok(None);
        };
        let Form::Record(full) = self.form(&ty) else {
            return Ok(None);
        };
        if full.language != Language::Cpp {
            return Ok(None);
        }
        let name = self.values.type_name(full.id);
        let count = name.strip_prefix("std::bitset<").and_then(|rest| {
            let digits = rest.strip_suffix('>')?.trim_end_matches(['U', 'L']);
            digits.parse::<u64>().ok()
        });
        let Some(count) = count else { return Ok(None) };
        let Some(inside) = u64::try_from(index).ok().filter(|&index| index < count) else {
            return wrong(index_span, outside(index, Some(count)));
        };
        match self.values.number(&place, inside / 8, 1) {
            Ok(byte) => Ok(Some(self.result(Number::bool(byte >> (inside % 8) & 1 == 1)))),
            Err(why) => Err(Failure::Absent(span, why)),
        }
    }

    /// The code units of a wide string of C++; `None` if it is none.
    pub fn code_units(&self, full: &Type, place: &Place) -> Option<Elements> {
        let name = self.values.type_name(full.id);
        if full.language != Language::Cpp || !name.starts_with("std::basic_string") {
            return None;
        }
        let element = full.argument(0)?;
        let values = self.values;
        // The view was asked first: what its members say holds.
        let (place, len) = match name.starts_with("std::basic_string_view<") {
            true => {
                let (_, address) = values.find_pointer(full.id, place)?;
                let len = values.word(full.id, place, &["__size_", "__size"])?;
                (Place::Memory(address), len)
            }
            false => {
                let (short, short_place) = values.find_place(full.id, place, "__s")?;
                if values.find_number(short, &short_place, "__is_long_")? == 1 {
                    let (long, long_place) = values.find_place(full.id, place, "__l")?;
                    let address = values.word(long, &long_place, &["__data_"])?;
                    let len = values.find_number(long, &long_place, "__size_")?;
                    (Place::Memory(address), len)
                } else {
                    let (_, data) = values.find_place(short, &short_place, "__data_")?;
                    (data, values.find_number(short, &short_place, "__size_")?)
                }
            }
        };
        Some(Elements {
            element: Ty::Die(element),
            place,
            count: Some(len),
            pointer: None,
        })
    }
}
