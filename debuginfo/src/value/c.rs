//! Scalars, pointers and enumerations in C's clothes (other languages differ in details they pass in).

use super::Values;
use super::read::Located;
use crate::dwarf::DieId;
use crate::dwarf::types::{PointerKind, Shape, Type};
use crate::{Availability, Language, Place};

/// Characters of a text in memory that are shown.
pub(crate) const TEXT_LIMIT: usize = 200;

impl Values<'_> {
    /// A scalar on one line; `None` if the type is not one.
    pub fn scalar(&self, ty: &Type, place: &Place) -> Option<Result<String, Availability>> {
        Some(match &ty.shape {
            Shape::Base { encoding } => self.base(ty, *encoding, place),
            Shape::Pointer {
                to,
                kind: PointerKind::Pointer,
            } if !self.is_transparent(ty) => {
                let len = ty.size.unwrap_or(4);
                // What is a function by its type has no bytes in Rust; it is described as a pointer, but lies anywhere.
                let astray = place
                    .address()
                    .is_some_and(|address| !address.is_multiple_of(len.max(1)));
                if ty.language == Language::Rust && astray && self.is_function(*to) {
                    return Some(Ok("a function".to_string()));
                }
                // Zig says in a pointer's type that a zero byte ends what it points to.
                let ended = ty.name.as_deref().is_some_and(|name| name.starts_with("[*:0]"))
                    && to.is_some_and(|to| self.size(to) == Some(1));
                self.number(place, 0, len)
                    .map(|address| match ended && address != 0 {
                        true => self.text_pointer(address, false),
                        false => self.pointer(*to, address, ty.language),
                    })
            }
            Shape::Enum { enumerators, .. } => {
                let len = self.size(ty.id).unwrap_or(4);
                let signed = self.is_signed(ty.id);
                self.number(place, 0, len)
                    .map(|bits| enumerator(ty, enumerators, extend(bits, len, signed)))
            }
            _ => return None,
        })
    }

    /// A bit-field's value.
    pub fn bits(&self, ty: DieId, value: u64) -> String {
        let Some(ty) = self.strip(ty) else {
            return value.to_string();
        };
        match &ty.shape {
            Shape::Enum { enumerators, .. } => enumerator(&ty, enumerators, value as i64),
            Shape::Base {
                encoding: gimli::DW_ATE_boolean,
            } => truth(value),
            _ if self.is_signed(ty.id) => (value as i64).to_string(),
            _ => value.to_string(),
        }
    }

    fn base(&self, ty: &Type, encoding: gimli::DwAte, place: &Place) -> Result<String, Availability> {
        let len = ty.size.unwrap_or(0);
        if len == 0 {
            // The one value of a type without bytes.
            return Ok(match (ty.language, ty.name.as_deref()) {
                (Language::Rust, Some("()")) => "()".to_string(),
                (Language::Zig, Some("void")) => "{}".to_string(),
                _ => String::new(),
            });
        }
        if encoding == gimli::DW_ATE_complex_float && matches!(len, 8 | 16) {
            let part = |offset| {
                let bits = self.number(place, offset, len / 2)?;
                Ok::<String, Availability>(match len {
                    8 => float(f32::from_bits(bits as u32)),
                    _ => float(f64::from_bits(bits)),
                })
            };
            let imaginary = part(len / 2)?;
            return Ok(match imaginary.strip_prefix('-') {
                Some(size) => format!("{} - {size}i", part(0)?),
                None => format!("{} + {imaginary}i", part(0)?),
            });
        }
        if len == 10 && encoding == gimli::DW_ATE_float {
            let low = self.number(place, 0, 8)?;
            let high = self.number(place, 8, 2)?;
            return Ok(wide_float(high >> 15 == 1, high & 0x7fff, u128::from(low), 63));
        }
        if len == 16 {
            let bytes: [u8; 16] = self.bytes(place, 0, 16)?.try_into().unwrap_or_default();
            let bits = u128::from_le_bytes(bytes);
            return Ok(match encoding {
                gimli::DW_ATE_float => number_of_quad(bits),
                gimli::DW_ATE_signed => (bits as i128).to_string(),
                gimli::DW_ATE_unsigned => bits.to_string(),
                _ => format!("{bits:#x}"),
            });
        }
        let bits = self.number(place, 0, len)?;
        Ok(match encoding {
            gimli::DW_ATE_boolean => truth(bits),
            gimli::DW_ATE_signed_char | gimli::DW_ATE_unsigned_char => {
                let value = extend(bits, len, encoding == gimli::DW_ATE_signed_char);
                if plain_char(ty) {
                    character(bits as u8, value)
                } else {
                    small_number(bits as u8, value)
                }
            }
            gimli::DW_ATE_UTF => match char::from_u32(bits as u32) {
                Some(c) if ty.language == Language::Rust => format!("{c:?}"),
                Some(c) => format!("{c:?} ({bits})"),
                None => bits.to_string(),
            },
            gimli::DW_ATE_signed => extend(bits, len, true).to_string(),
            gimli::DW_ATE_unsigned | gimli::DW_ATE_address => bits.to_string(),
            gimli::DW_ATE_float if len == 2 => float(half(bits as u16)),
            gimli::DW_ATE_float if len == 4 => float(f32::from_bits(bits as u32)),
            gimli::DW_ATE_float if len == 8 => float(f64::from_bits(bits)),
            _ => format!("{bits:#x}"),
        })
    }

    fn is_function(&self, ty: Option<DieId>) -> bool {
        let target = ty.and_then(|ty| self.strip(ty));
        target.is_some_and(|target| matches!(target.shape, Shape::Function { .. }))
    }

    fn pointer(&self, to: Option<DieId>, address: u64, language: Language) -> String {
        if address == 0 {
            return match language {
                Language::Cpp => "nullptr",
                Language::Rust | Language::Zig => "null",
                _ => "NULL",
            }
            .to_string();
        }
        let target = to.and_then(|to| self.strip(to));
        match target.as_ref().map(|target| &target.shape) {
            Some(Shape::Function { .. }) => match self.target.table_function(address) {
                Some(function) => (self.function_name)(function),
                None => format!("{address:#x} (no function in the table)"),
            },
            Some(Shape::Base { .. }) if target.as_ref().is_some_and(|target| byte_wide(target)) => {
                let plain = target.as_ref().is_some_and(|target| plain_char(target));
                self.text_pointer(address, plain)
            }
            _ if let Some(unit) = to.and_then(|to| self.wide_character(to)) => {
                self.wide_pointer(unit, address)
            }
            _ => match to.and_then(|to| self.dynamic_class(to, address)) {
                Some((name, _)) => format!("{address:#x} ({name})"),
                None => format!("{address:#x}"),
            },
        }
    }

    /// A pointer to text that a zero byte ends; `plain` if what it points to is nothing but text.
    fn text_pointer(&self, address: u64, plain: bool) -> String {
        match self.c_text(address, TEXT_LIMIT) {
            Some((text, ended)) if plain || ended && readable(&text) => {
                format!("{address:#x} {}", quoted(&text, !ended))
            }
            Some(_) => format!("{address:#x}"),
            None => format!("{address:#x} (outside memory)"),
        }
    }

    /// An array of characters on one line: as text up to the zeros at its end, or to what is no text. Of `unsigned char` and `signed char`
    /// it may be text or numbers; `None` if it does not look like text.
    pub fn char_array(
        &self,
        element: DieId,
        place: &Place,
        count: u64,
    ) -> Result<Option<String>, Availability> {
        let want = count.min(TEXT_LIMIT as u64);
        let bytes = match place {
            Place::Memory(address) => {
                let mut bytes = vec![0; usize::try_from(want).unwrap_or(0)];
                if !self.target.read_memory(*address, &mut bytes) {
                    return Err(crate::dwarf::location::outside(*address));
                }
                bytes
            }
            Place::Bytes(bytes) => bytes
                .get(..bytes.len().min(want as usize))
                .unwrap_or(&[])
                .to_vec(),
            // Each character for itself.
            Place::Partial { .. } | Place::Target(_) => return Ok(None),
        };
        let plain = self.strip(element).is_some_and(|element| plain_char(&element));
        let shown = without_padding(&bytes);
        let left_out = bytes.get(shown.len()..).unwrap_or_default();
        let text = plain || readable(shown) && left_out.iter().all(|&byte| byte == 0);
        // Where the characters that are looked at are all shown, more may follow.
        Ok(text.then(|| quoted(shown, shown.len() == bytes.len() && want < count)))
    }

    /// Whether values of this type are C characters (`char`, or one of its signed and unsigned sisters).
    pub fn is_char(&self, ty: DieId) -> bool {
        self.strip(ty).is_some_and(|ty| byte_wide(&ty))
    }

    /// Whether values of this type are `char`, which is for text alone.
    pub fn is_plain_char(&self, ty: DieId) -> bool {
        self.strip(ty).is_some_and(|ty| plain_char(&ty))
    }

    /// A member's value as text, where it is a scalar.
    pub fn located_number(&self, located: Located, ty: DieId) -> Option<u64> {
        match located {
            Located::Bits(value) => Some(value),
            Located::Place(place) => self.number(&place, 0, self.size(ty)?).ok(),
        }
    }
}

/// An array of characters up to the zeros that fill it: text behind a zero in it is part of the value. What is no text
/// there was never written, and is left out.
fn without_padding(bytes: &[u8]) -> &[u8] {
    let first_zero = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let (shown, rest) = bytes.split_at(first_zero);
    let mut parts = rest.split(|&byte| byte == 0).filter(|part| !part.is_empty());
    if !parts.all(readable) {
        return shown;
    }
    let end = bytes.iter().rposition(|&byte| byte != 0);
    bytes
        .get(..end.map_or(0, |last| last.saturating_add(1)))
        .unwrap_or(bytes)
}

/// Extends `len` bytes to 64 bits.
pub(crate) fn extend(bits: u64, len: u64, signed: bool) -> i64 {
    let unused = match len {
        1..=8 if signed => 64 - 8 * len,
        _ => 0,
    };
    ((bits << unused) as i64) >> unused
}

fn truth(bits: u64) -> String {
    match bits {
        0 => "false".to_string(),
        1 => "true".to_string(),
        other => format!("true ({other})"),
    }
}

fn byte_wide(ty: &Type) -> bool {
    let encoding = match ty.shape {
        Shape::Base { encoding } => encoding,
        _ => return false,
    };
    matches!(encoding, gimli::DW_ATE_signed_char | gimli::DW_ATE_unsigned_char) && ty.size == Some(1)
}

fn plain_char(ty: &Type) -> bool {
    byte_wide(ty) && ty.name.as_deref() == Some("char")
}

/// Whether memory holds text that a person would call text; only what would be shown of it is looked at.
pub(crate) fn is_text(values: &Values<'_>, address: u64, len: u64) -> bool {
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(TEXT_LIMIT).min(TEXT_LIMIT)];
    if len == 0 || !values.target.read_memory(address, &mut bytes) {
        return len == 0;
    }
    if len > TEXT_LIMIT as u64 {
        // The cut may go through a character.
        let end = std::str::from_utf8(&bytes).map_or_else(|error| error.valid_up_to(), str::len);
        bytes.truncate(end.max(TEXT_LIMIT.saturating_sub(3)));
    }
    readable(&bytes)
}

/// Whether bytes are text that a person would call text.
fn readable(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes).unwrap_or("");
    !text.is_empty()
        && text
            .chars()
            .all(|c| !c.is_control() || matches!(c, '\n' | '\t' | '\r'))
}

/// A number that may be a character.
fn small_number(byte: u8, value: i64) -> String {
    match byte {
        0x20..=0x7e => format!("{value} '{}'", escaped(byte, '\'')),
        _ => value.to_string(),
    }
}

fn character(byte: u8, value: i64) -> String {
    match byte {
        0x20..=0x7e | b'\n' | b'\t' | b'\r' | 0 => format!("'{}' ({value})", escaped(byte, '\'')),
        _ => format!("'\\x{byte:02x}' ({value})"),
    }
}

fn escaped(byte: u8, quote: char) -> String {
    match byte {
        0 => "\\0".to_string(),
        b'\n' => "\\n".to_string(),
        b'\t' => "\\t".to_string(),
        b'\r' => "\\r".to_string(),
        b'\\' => "\\\\".to_string(),
        byte if char::from(byte) == quote => format!("\\{quote}"),
        0x20..=0x7e => char::from(byte).to_string(),
        byte => format!("\\x{byte:02x}"),
    }
}

/// Text in quotes; bytes that are not UTF-8 are escaped; `more` adds dots after it.
pub(crate) fn quoted(bytes: &[u8], more: bool) -> String {
    let mut out = String::from("\"");
    let mut rest = bytes;
    loop {
        let (good, bad) = match std::str::from_utf8(rest) {
            Ok(text) => (text, None),
            Err(error) => {
                let (good, bad) = rest.split_at(error.valid_up_to());
                (std::str::from_utf8(good).unwrap_or(""), Some(bad))
            }
        };
        let mut chars = good.chars();
        while let Some(c) = chars.next() {
            match u8::try_from(c) {
                // Not to be read as one number with the digit.
                Ok(0) if chars.as_str().starts_with(|next: char| next.is_ascii_digit()) => {
                    out.push_str("\\x00");
                }
                Ok(byte) if c.is_ascii() => out.push_str(&escaped(byte, '"')),
                _ if c.is_control() => out.extend(c.escape_unicode()),
                _ => out.push(c),
            }
        }
        match bad.and_then(<[u8]>::split_first) {
            // The end of a cut text may split a character.
            Some((_, after)) if more && after.len() < 3 => break,
            Some((&byte, after)) => {
                out.push_str(&format!("\\x{byte:02x}"));
                rest = after;
            }
            None => break,
        }
    }
    out.push('"');
    if more {
        out.push_str("...");
    }
    out
}

fn float<F: std::fmt::Debug + Into<f64> + Copy>(value: F) -> String {
    let wide: f64 = value.into();
    if wide.is_nan() {
        return "nan".to_string();
    }
    if wide.is_infinite() {
        return if wide > 0.0 { "inf" } else { "-inf" }.to_string();
    }
    format!("{value:?}")
}

/// A 16-bit float.
fn half(bits: u16) -> f32 {
    let (sign, exponent, fraction) = (bits >> 15, bits >> 10 & 0x1f, bits & 0x3ff);
    let size = match exponent {
        0 => f32::from(fraction) * 2f32.powi(-24),
        0x1f if fraction == 0 => f32::INFINITY,
        0x1f => f32::NAN,
        _ => f32::from(fraction | 0x400) * 2f32.powi(i32::from(exponent) - 25),
    };
    if sign == 1 { -size } else { size }
}

/// A 128-bit float.
fn number_of_quad(bits: u128) -> String {
    let (exponent, fraction) = ((bits >> 112) as u64 & 0x7fff, bits & ((1 << 112) - 1));
    let one = if exponent == 0 { 0 } else { 1 << 112 };
    wide_float(bits >> 127 == 1, exponent, fraction | one, 112)
}

/// A float of 15 bits of exponent, as near as a 64-bit one can say it; `scale` bits of the mantissa are its fraction.
fn wide_float(negative: bool, exponent: u64, mantissa: u128, scale: i32) -> String {
    let fraction = mantissa & !(1 << scale);
    let power = i32::try_from(exponent.max(1)).unwrap_or(0) - 16383 - scale;
    let size = match exponent {
        0x7fff if fraction == 0 => f64::INFINITY,
        0x7fff => f64::NAN,
        // In two steps: one factor alone can be too small.
        _ => mantissa as f64 * 2f64.powi(power / 2) * 2f64.powi(power - power / 2),
    };
    let sign = if negative { "-" } else { "" };
    if exponent != 0x7fff && (size.is_infinite() || size == 0.0 && mantissa != 0) {
        return format!("{sign}{mantissa:#x}p{power}");
    }
    float(if negative { -size } else { size })
}

/// The name of an enumeration's value, or names of its bits, or the number.
fn enumerator(ty: &Type, enumerators: &[(String, i64)], value: i64) -> String {
    let prefix = match (ty.language, &ty.name) {
        (Language::Rust, Some(name)) => format!("{name}::"),
        (Language::Zig, Some(name)) if name == "anyerror" => String::new(),
        (Language::Zig, _) => ".".to_string(),
        _ => String::new(),
    };
    if let Some((name, _)) = enumerators.iter().find(|(_, of)| *of == value) {
        return format!("{prefix}{name}");
    }
    if let Some(names) = flag_names(enumerators, value) {
        return format!("{} ({value})", names.join(" | "));
    }
    // `std::byte` and the like are numbers that are not to be mistaken for others.
    if enumerators.is_empty() {
        return value.to_string();
    }
    format!("{value} (no name)")
}

/// The names of the bits that are set in a value without a name of its own, if all have one and the enumeration is a set
/// of flags: each of its values a combination of those with one bit.
fn flag_names(enumerators: &[(String, i64)], value: i64) -> Option<Vec<&str>> {
    let is_bit = |of: &i64| of.count_ones() == 1;
    let bits = enumerators.iter().filter(|(_, of)| is_bit(of));
    let known = bits.clone().fold(0, |all, (_, of)| all | of);
    let combined = enumerators.iter().any(|(_, of)| *of != 0 && !is_bit(of));
    // States that are numbered through are no combinations, though 3 has the bits of 1 and 2.
    let steps = enumerators.iter().zip(enumerators.iter().skip(1));
    let counted = steps
        .clone()
        .all(|((_, of), (_, next))| of.checked_add(1) == Some(*next));
    let flags =
        enumerators.len() > 1 && enumerators.iter().all(|(_, of)| of & !known == 0) && !(combined && counted);
    if !flags || value == 0 || value & !known != 0 {
        return None;
    }
    let mut named = 0;
    let fresh = bits.filter(|(_, of)| {
        let fresh = of & value & !named != 0;
        named |= of;
        fresh
    });
    Some(fresh.map(|(name, _)| name.as_str()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_of_flags() {
        let of = |enumerators: &[(&str, i64)], value| {
            let named = enumerators.iter().map(|(name, of)| (name.to_string(), *of));
            let named: Vec<_> = named.collect();
            flag_names(&named, value).map(|names| names.join(" | "))
        };
        let modes = [
            ("NONE", 0),
            ("READ", 1),
            ("WRITE", 2),
            ("EXEC", 4),
            ("RW", 3),
            ("ALL", 7),
        ];
        assert_eq!(of(&modes, 5).as_deref(), Some("READ | EXEC"));
        assert_eq!(of(&modes, 6).as_deref(), Some("WRITE | EXEC"));
        assert_eq!(of(&modes, 8), None);
        assert_eq!(of(&modes, 13), None);
        assert_eq!(of(&modes, -1), None);
        // Two names for one bit; a value with a bit that has no name.
        assert_eq!(of(&[("A", 1), ("B", 2), ("C", 1)], 3).as_deref(), Some("A | B"));
        assert_eq!(of(&[("A", 1), ("B", 2), ("ODD", 12)], 3), None);
        let states = [("IDLE", 0), ("READY", 1), ("BUSY", 2), ("DONE", 3), ("LOST", 4)];
        assert_eq!(of(&states, 5), None);
        assert_eq!(of(&[], 1), None);
    }

    #[test]
    fn arrays_of_characters() {
        let shown = |bytes: &[u8]| quoted(without_padding(bytes), false);
        assert_eq!(shown(b"ab\0c\0\0"), "\"ab\\0c\"");
        assert_eq!(shown(b"ab\0\0\0\0"), "\"ab\"");
        assert_eq!(shown(b"\0\x002"), "\"\\0\\x002\"");
        assert_eq!(shown(b"\0\0"), "\"\"");
        assert_eq!(shown(b"full"), "\"full\"");
        // Of a buffer that was written in part.
        assert_eq!(shown(b"ab\0c\0\xf0\x01\0"), "\"ab\"");
    }

    #[test]
    fn characters_and_texts() {
        assert_eq!(character(b'a', 97), "'a' (97)");
        assert_eq!(character(0, 0), "'\\0' (0)");
        assert_eq!(character(0xff, -1), "'\\xff' (-1)");
        assert_eq!(quoted(b"a\"b\n", false), "\"a\\\"b\\n\"");
        assert_eq!(quoted("grün".as_bytes(), false), "\"grün\"");
        assert_eq!(quoted(&[b'a', 0xff, b'b', b'c', b'd'], false), "\"a\\xffbcd\"");
        assert_eq!(quoted(b"abc", true), "\"abc\"...");
    }

    #[test]
    fn signs_are_extended_from_any_width() {
        assert_eq!(extend(0xff, 1, true), -1);
        assert_eq!(extend(0xff_fffe, 3, true), -2);
        assert_eq!(extend(0x7f_ffff, 3, true), 0x7f_ffff);
        assert_eq!(extend(0xff_ffff, 3, false), 0xff_ffff);
        assert_eq!(extend(u64::MAX, 8, true), -1);
    }

    #[test]
    fn floats() {
        assert_eq!(float(1.0f32), "1.0");
        assert_eq!(float(0.1f32), "0.1");
        assert_eq!(float(f64::NAN), "nan");
        assert_eq!(number_of_quad(0x3fff_8000_0000_0000_0000_0000_0000_0000), "1.5");
        assert_eq!(number_of_quad(0xc000_0000_0000_0000_0000_0000_0000_0000), "-2.0");
        // 0.1: the nearest 64-bit number, not the one below.
        assert_eq!(number_of_quad(0x3ffb_9999_9999_9999_9999_9999_9999_999a), "0.1");
        assert_eq!(number_of_quad(0), "0.0");
        assert_eq!(number_of_quad(0x7fff << 112), "inf");
        assert_eq!(
            number_of_quad(0x7ffe << 112),
            "0x10000000000000000000000000000p16271"
        );
        assert_eq!(half(0x3e00), 1.5);
        assert_eq!(half(0x8001), -2f32.powi(-24));
        assert_eq!(half(0xfc00), f32::NEG_INFINITY);
        assert_eq!(wide_float(false, 0x4000, 0xa000_0000_0000_0000, 63), "2.5");
    }
}
