//! Text of C's and C++'s characters that are not `char`: `wchar_t`, `char8_t`, `char16_t`, `char32_t`.
//!
//! In C these are other names of numbers, so that a type is asked before its other names are taken off.

use super::c::{TEXT_LIMIT, extend, quoted};
use super::{Values, read};
use crate::dwarf::DieId;
use crate::dwarf::types::Shape;
use crate::{Availability, Language, Place};

/// The names of such types.
pub(crate) const NAMES: [&str; 4] = ["wchar_t", "char8_t", "char16_t", "char32_t"];

impl Values<'_> {
    /// Bytes of a character, if the type is one.
    pub fn wide_character(&self, ty: DieId) -> Option<u64> {
        let mut next = self.get(ty);
        for _ in 0..read::ALIAS_LIMIT {
            let ty = next?;
            let named = ty.name.as_deref().is_some_and(|name| NAMES.contains(&name));
            if named && matches!(ty.language, Language::C | Language::Cpp) {
                return self.size(ty.id).filter(|size| matches!(size, 1 | 2 | 4));
            }
            next = match &ty.shape {
                Shape::Alias { to, .. } => to.and_then(|to| self.get(to)),
                _ => return None,
            };
        }
        None
    }

    /// A character on one line; a code that is none is a number, with a sign if the type has one (`wchar_t` does here).
    pub fn wide_line(&self, unit: u64, signed: bool, place: &Place) -> Result<String, Availability> {
        let code = self.number(place, 0, unit)?;
        Ok(match u32::try_from(code).ok().and_then(char::from_u32) {
            Some(c) if unit > 1 || c.is_ascii() => format!("{c:?} ({code})"),
            _ if signed => extend(code, unit, true).to_string(),
            _ => code.to_string(),
        })
    }

    /// An array of characters as text up to its first zero.
    pub(super) fn wide_array(&self, unit: u64, place: &Place, count: u64) -> Result<String, Availability> {
        let (codes, ended) = self.codes(unit, place, count)?;
        Ok(quoted(
            &text(&codes, unit),
            !ended && (codes.len() as u64) < count,
        ))
    }

    /// A pointer to text that a zero ends.
    pub(super) fn wide_pointer(&self, unit: u64, address: u64) -> String {
        match self.codes(unit, &Place::Memory(address), u64::MAX) {
            Ok((codes, ended)) => format!("{address:#x} {}", quoted(&text(&codes, unit), !ended)),
            Err(_) => format!("{address:#x} (outside memory)"),
        }
    }

    /// Codes up to a zero, `count` or as many as are shown; whether there was the zero.
    fn codes(&self, unit: u64, place: &Place, count: u64) -> Result<(Vec<u64>, bool), Availability> {
        let mut codes = Vec::new();
        for index in 0..count.min(TEXT_LIMIT as u64) {
            match self.number(place, index.saturating_mul(unit), unit) {
                Ok(0) => return Ok((codes, true)),
                Ok(code) => codes.push(code),
                Err(why) if index == 0 => return Err(why),
                Err(_) => break,
            }
        }
        Ok((codes, false))
    }
}

/// Text of characters of `unit` bytes; what is none is replaced.
pub(super) fn text(codes: &[u64], unit: u64) -> Vec<u8> {
    match unit {
        1 => codes.iter().map(|&code| code as u8).collect(),
        2 => {
            let decoded = char::decode_utf16(codes.iter().map(|&code| code as u16));
            let text: String = decoded
                .map(|code| code.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect();
            text.into_bytes()
        }
        _ => {
            let code = |code: &u64| char::from_u32(*code as u32).unwrap_or(char::REPLACEMENT_CHARACTER);
            codes.iter().map(code).collect::<String>().into_bytes()
        }
    }
}
