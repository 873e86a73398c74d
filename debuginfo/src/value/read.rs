//! Getting at the bytes of values: scalars, members, bit-fields, text in memory.
//!
//! # Invariants
//! - Only as many bytes are read as are shown; sizes from the file never become allocations unchecked.

use super::Values;
use crate::dwarf::DieId;
use crate::dwarf::location::outside;
use crate::dwarf::types::{Member, MemberPlace, Shape, Type};
use crate::{Availability, Place};

/// Other names of a type that are followed.
pub(super) const ALIAS_LIMIT: usize = 32;
/// Largest value that is read whole.
const SCALAR_LIMIT: u64 = 64;

/// A member's value: a place of its own, or bits that were taken out.
pub(crate) enum Located {
    Place(Place),
    Bits(u64),
}

impl Values<'_> {
    /// `len` bytes at `offset` of a place.
    pub fn bytes(&self, place: &Place, offset: u64, len: u64) -> Result<Vec<u8>, Availability> {
        let want = usize::try_from(len).ok().filter(|_| len <= SCALAR_LIMIT);
        let want = want.ok_or_else(|| Availability::Unsupported(format!("a single value of {len} bytes")))?;
        match place {
            Place::Memory(address) => {
                let address = address.wrapping_add(offset);
                let mut bytes = vec![0; want];
                if self.target.read_memory(address, &mut bytes) {
                    Ok(bytes)
                } else {
                    Err(outside(address))
                }
            }
            Place::Bytes(bytes) => {
                let start = usize::try_from(offset).ok();
                let part = start.and_then(|start| bytes.get(start..start.checked_add(want)?));
                part.map(<[u8]>::to_vec).ok_or(Availability::OptimizedOut)
            }
            Place::Partial { .. } => match self.part(place, offset, Some(len))? {
                Place::Bytes(bytes) => Ok(bytes),
                _ => Err(Availability::OptimizedOut),
            },
            Place::Target(_) => Err(no_address()),
        }
    }

    /// Where a pointer of this type and place points to.
    pub fn target_of(&self, pointer: &Type, place: &Place) -> Result<Place, Availability> {
        match place {
            Place::Target(target) => Ok((**target).clone()),
            place => self
                .number(place, 0, pointer.size.unwrap_or(4))
                .map(Place::Memory),
        }
    }

    /// An unsigned number of `len` bytes (8 at most).
    pub fn number(&self, place: &Place, offset: u64, len: u64) -> Result<u64, Availability> {
        if len > 8 {
            return Err(Availability::Unsupported(format!("a number of {len} bytes here")));
        }
        let mut wide = [0u8; 8];
        let bytes = self.bytes(place, offset, len)?;
        wide.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        Ok(u64::from_le_bytes(wide))
    }

    /// The part of a place from `offset` on, `len` bytes if known.
    pub fn part(&self, place: &Place, offset: u64, len: Option<u64>) -> Result<Place, Availability> {
        match place {
            Place::Memory(address) => Ok(Place::Memory(address.wrapping_add(offset))),
            Place::Bytes(bytes) => cut(bytes, offset, len).map(Place::Bytes),
            // What is lost as a whole has a place, too: that of nothing else.
            Place::Partial { bytes, kept } => {
                let (bytes, kept) = (cut(bytes, offset, len)?, cut(kept, offset, len)?);
                Ok(match kept.iter().all(|&bits| bits == 0xff) {
                    true => Place::Bytes(bytes),
                    false => Place::Partial { bytes, kept },
                })
            }
            Place::Target(_) => Err(no_address()),
        }
    }

    /// Where a member of a record at `place` is.
    pub fn member(&self, place: &Place, member: &Member) -> Result<Located, Availability> {
        match member.place {
            MemberPlace::Bytes(offset) => self.part(place, offset, self.size(member.ty)).map(Located::Place),
            MemberPlace::Bits { first, len } => {
                if len == 0 || len > 64 {
                    return Err(Availability::Unsupported(format!("a bit-field of {len} bits")));
                }
                let shift = first % 8;
                let count = shift.saturating_add(len).div_ceil(8);
                // Compilers keep track of the words that bit-fields share, but not of who wrote to which of the bits:
                // in pieces they may be those of before.
                if matches!(place, Place::Partial { .. }) {
                    let why = "a bit-field of a value that is kept in pieces";
                    return Err(Availability::Unsupported(why.to_string()));
                }
                let bytes = self.bytes(place, first / 8, count)?;
                let mut wide = [0u8; 16];
                wide.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
                let bits = u128::from_le_bytes(wide) >> shift;
                let mask = (1u128 << len) - 1;
                let mut value = (bits & mask) as u64;
                if self.is_signed(member.ty) && len < 64 && value >> (len - 1) & 1 == 1 {
                    value |= u64::MAX << len;
                }
                Ok(Located::Bits(value))
            }
            MemberPlace::VirtualBase { before } => {
                let Place::Memory(object) = *place else {
                    return Err(Availability::Unsupported(
                        "a virtual base class of an object that is not in memory".to_string(),
                    ));
                };
                let word = self.word_len(member.ty);
                let table = self.number(place, 0, word)?;
                let at = table.checked_sub(before).ok_or_else(|| outside(table))?;
                let distance = super::c::extend(self.number(&Place::Memory(at), 0, word)?, word, true);
                let base = object.checked_add_signed(distance);
                base.map(|base| Located::Place(Place::Memory(base)))
                    .ok_or_else(|| outside(object))
            }
            MemberPlace::Computed => Err(Availability::Unsupported(
                "a member at a place that is computed".to_string(),
            )),
        }
    }

    /// Whether numbers of this type have a sign.
    pub fn is_signed(&self, ty: DieId) -> bool {
        let mut next = Some(ty);
        // An enumeration's underlying type is no further enumeration in sound input.
        for _ in 0..2 {
            match next.and_then(|ty| self.strip(ty)).map(|ty| ty.shape.clone()) {
                Some(Shape::Base { encoding }) => {
                    return matches!(encoding, gimli::DW_ATE_signed | gimli::DW_ATE_signed_char);
                }
                Some(Shape::Enum {
                    underlying: None,
                    enumerators,
                    ..
                }) => {
                    return enumerators.iter().any(|(_, value)| *value < 0);
                }
                Some(Shape::Enum { underlying, .. }) => next = underlying,
                _ => return false,
            }
        }
        false
    }

    /// Bytes of memory up to a NUL or `limit`; whether the NUL was found. `None` if the first is not readable.
    pub fn c_text(&self, address: u64, limit: usize) -> Option<(Vec<u8>, bool)> {
        let mut text = Vec::new();
        while text.len() < limit {
            let mut chunk = [0u8; 32];
            let at = address.checked_add(text.len() as u64)?;
            // Near the end of memory a chunk may not fit; then byte by byte.
            let read: &[u8] = if self.target.read_memory(at, &mut chunk) {
                &chunk
            } else {
                let mut one = [0u8; 1];
                if !self.target.read_memory(at, &mut one) {
                    return (!text.is_empty()).then_some((text, false));
                }
                chunk = [one[0]; 32];
                chunk.get(..1)?
            };
            for &byte in read {
                if byte == 0 {
                    return Some((text, true));
                }
                if text.len() >= limit {
                    break;
                }
                text.push(byte);
            }
        }
        Some((text, false))
    }
}

/// `len` bytes from `offset` on, or all.
fn cut(bytes: &[u8], offset: u64, len: Option<u64>) -> Result<Vec<u8>, Availability> {
    let rest = usize::try_from(offset).ok().and_then(|start| bytes.get(start..));
    let part = rest.and_then(|rest| match len {
        Some(len) => rest.get(..usize::try_from(len).ok()?),
        None => Some(rest),
    });
    part.map(<[u8]>::to_vec).ok_or(Availability::OptimizedOut)
}

fn no_address() -> Availability {
    Availability::Unsupported("a pointer that was optimized out; only what it points to was kept".to_string())
}

/// Records inside each other that a search goes into.
const SEARCH_DEPTH: usize = 64;
/// Members that a search looks at: types of broken debug information can lie in themselves, many times.
const SEARCH_LIMIT: usize = 512;
/// Members that an alignment is made of.
const ALIGNMENT_LIMIT: usize = 4096;

impl Values<'_> {
    /// The first member named `name` in a record or the records in it (each looked at before those inside it).
    pub fn find(&self, ty: DieId, place: &Place, name: &str) -> Option<(DieId, Located)> {
        self.find_within(ty, place, name, SEARCH_DEPTH, &mut SEARCH_LIMIT.clone())
    }

    fn find_within(
        &self,
        ty: DieId,
        place: &Place,
        name: &str,
        depth: usize,
        left: &mut usize,
    ) -> Option<(DieId, Located)> {
        let depth = depth.checked_sub(1)?;
        let full = self.strip(ty)?;
        let Shape::Record { members, .. } = &full.shape else {
            return None;
        };
        if let Some(member) = members.iter().find(|member| member.name.as_deref() == Some(name)) {
            return Some((member.ty, self.member(place, member).ok()?));
        }
        members.iter().find_map(|member| {
            *left = left.checked_sub(1)?;
            match self.member(place, member).ok()? {
                Located::Place(inner) => self.find_within(member.ty, &inner, name, depth, left),
                Located::Bits(_) => None,
            }
        })
    }

    /// The value of a numeric member found as [`find`](Self::find) does.
    pub fn find_number(&self, ty: DieId, place: &Place, name: &str) -> Option<u64> {
        let (ty, located) = self.find(ty, place, name)?;
        self.located_number(located, ty)
    }

    /// The first pointer in a record or the records in it: the type of its target, and where it points.
    pub fn find_pointer(&self, ty: DieId, place: &Place) -> Option<(DieId, u64)> {
        let (to, place, len) = self.pointer_within(ty, place, SEARCH_DEPTH, &mut SEARCH_LIMIT.clone())?;
        Some((to, self.number(&place, 0, len).ok()?))
    }

    /// The first pointer by its type, whether it can be read or not: another must not take its place.
    fn pointer_within(
        &self,
        ty: DieId,
        place: &Place,
        depth: usize,
        left: &mut usize,
    ) -> Option<(DieId, Place, u64)> {
        let depth = depth.checked_sub(1)?;
        let full = self.strip(ty)?;
        match &full.shape {
            Shape::Pointer { to, .. } => Some(((*to)?, place.clone(), full.size?)),
            Shape::Record { members, .. } => members.iter().find_map(|member| {
                *left = left.checked_sub(1)?;
                match self.member(place, member).ok()? {
                    Located::Place(inner) => self.pointer_within(member.ty, &inner, depth, left),
                    Located::Bits(_) => None,
                }
            }),
            _ => None,
        }
    }
}

impl Values<'_> {
    /// Bytes of an address in the unit of a type.
    pub fn word_len(&self, ty: DieId) -> u64 {
        let unit = self.units.unit_of(ty);
        unit.map_or(4, |unit| u64::from(unit.dwarf.header.address_size()))
    }

    /// An unsigned number of `len` bytes in memory.
    pub fn memory_number(&self, address: u64, len: u64) -> Option<u64> {
        self.number(&Place::Memory(address), 0, len).ok()
    }

    /// The address or size that the first of these members holds, or begins with if it is a record.
    pub fn word(&self, ty: DieId, place: &Place, names: &[&str]) -> Option<u64> {
        let (_, located) = names.iter().find_map(|name| self.find(ty, place, name))?;
        match located {
            Located::Place(place) => self.number(&place, 0, self.word_len(ty)).ok(),
            Located::Bits(bits) => Some(bits),
        }
    }

    /// A member found as [`find`](Self::find) does, if it has a place.
    pub fn find_place(&self, ty: DieId, place: &Place, name: &str) -> Option<(DieId, Place)> {
        match self.find(ty, place, name)? {
            (ty, Located::Place(place)) => Some((ty, place)),
            _ => None,
        }
    }

    /// A member of the record itself, if it has a place.
    pub fn own_place(&self, ty: DieId, place: &Place, name: &str) -> Option<(DieId, Place)> {
        let full = self.strip(ty)?;
        let Shape::Record { members, .. } = &full.shape else {
            return None;
        };
        let member = members
            .iter()
            .find(|member| member.name.as_deref() == Some(name))?;
        match self.member(place, member).ok()? {
            Located::Place(place) => Some((member.ty, place)),
            Located::Bits(_) => None,
        }
    }

    /// The alignment of a type: its own, or that of its strictest part.
    pub fn alignment(&self, ty: DieId) -> Option<u64> {
        self.alignment_within(ty, SEARCH_DEPTH, &mut ALIGNMENT_LIMIT.clone())
    }

    fn alignment_within(&self, ty: DieId, depth: usize, left: &mut usize) -> Option<u64> {
        let depth = depth.checked_sub(1)?;
        *left = left.checked_sub(1)?;
        let full = self.strip(ty)?;
        if full.alignment.is_some() {
            return full.alignment;
        }
        match &full.shape {
            Shape::Record {
                members, variants, ..
            } => {
                let variants = variants.iter().flat_map(|part| &part.variants);
                let members = members
                    .iter()
                    .chain(variants.flat_map(|variant| &variant.members));
                let mut most = 1;
                for member in members {
                    most = most.max(self.alignment_within(member.ty, depth, left)?);
                }
                Some(most)
            }
            Shape::Array { element, .. } => self.alignment_within(*element, depth, left),
            _ => self.size(full.id).map(|size| size.clamp(1, 16)),
        }
    }

    /// `offset` rounded up to where a value of this type may lie.
    pub fn aligned(&self, offset: u64, ty: DieId) -> Option<u64> {
        offset.checked_next_multiple_of(self.alignment(ty)?.max(1))
    }
}
