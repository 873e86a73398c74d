//! Texts of the guest: what `==` with a text as written compares.

use super::Eval;
use super::error::{Failure, Span, wrong};
use super::operand::Operand;
use super::types::{Form, Ty};
use crate::dwarf::location::outside;
use crate::value::View;
use crate::{Availability, Place};

/// Bytes that are compared at a time.
const CHUNK: usize = 4096;

impl Eval<'_> {
    /// The first `limit` bytes of a text: of a C string up to its NUL, of an array of characters, of a string of
    /// the language's library.
    pub fn text(&self, operand: &Operand, span: Span, limit: usize) -> Result<Vec<u8>, Failure> {
        let operand = self.behind(operand.clone(), span)?;
        let Operand::Object { ty, place } = &operand else {
            return match operand {
                Operand::Text(mut text) => {
                    text.truncate(limit);
                    Ok(text)
                }
                _ => wrong(span, "a text is compared with a text"),
            };
        };
        let no_text = || {
            wrong(
                span,
                format!(
                    "a text is compared with a text, and this is '{}'",
                    self.type_name(ty)
                ),
            )
        };
        match self.form(ty) {
            Form::Record(full) => match self.view(&full, place) {
                Some(Ok(View::Text { address, len })) => {
                    let len = usize::try_from(len).unwrap_or(usize::MAX).min(limit);
                    self.memory(address, len, span)
                }
                Some(Err(why)) => Err(Failure::Absent(span, why)),
                _ => no_text(),
            },
            Form::Array { element, count } if self.is_character(&element) => {
                let count = count
                    .and_then(|count| usize::try_from(count).ok())
                    .unwrap_or(limit);
                let mut text = match place {
                    Place::Memory(address) => self.memory(*address, count.min(limit), span)?,
                    Place::Bytes(bytes) => bytes.clone(),
                    Place::Partial { .. } | Place::Target(_) => {
                        return Err(Failure::Absent(span, Availability::OptimizedOut));
                    }
                };
                let end = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
                text.truncate(end.min(limit));
                Ok(text)
            }
            Form::Pointer(Some(to)) if self.is_character(&to) => {
                let address = self.address(ty, place, span)?;
                if address == 0 {
                    return wrong(span, "the pointer is null");
                }
                match self.values.c_text(address, limit) {
                    Some((text, _)) => Ok(text),
                    None => Err(Failure::Absent(span, outside(address))),
                }
            }
            _ => no_text(),
        }
    }

    /// Where a string of the language's library has its bytes, and how many; `None` if it is no string.
    pub fn string(&self, operand: &Operand, span: Span) -> Result<Option<(u64, u64)>, Failure> {
        let operand = self.behind(operand.clone(), span)?;
        let Operand::Object { ty, place } = &operand else {
            return Ok(None);
        };
        match self.form(ty) {
            Form::Record(full) => match self.view(&full, place) {
                Some(Ok(View::Text { address, len })) => Ok(Some((address, len))),
                Some(Err(why)) => Err(Failure::Absent(span, why)),
                _ => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// Whether the bytes of a string are also at another address.
    pub fn bytes_are(&self, (address, len): (u64, u64), other: u64, span: Span) -> Result<bool, Failure> {
        let mut done = 0;
        while done < len {
            let part = usize::try_from(len.saturating_sub(done))
                .unwrap_or(CHUNK)
                .min(CHUNK);
            let a = self.memory(address.saturating_add(done), part, span)?;
            if a != self.memory(other.saturating_add(done), part, span)? {
                return Ok(false);
            }
            done = done.saturating_add(part as u64);
        }
        Ok(true)
    }

    fn memory(&self, address: u64, len: usize, span: Span) -> Result<Vec<u8>, Failure> {
        let mut bytes = vec![0; len];
        if len == 0 || self.values.target.read_memory(address, &mut bytes) {
            Ok(bytes)
        } else {
            Err(Failure::Absent(span, outside(address)))
        }
    }

    /// Whether a type is a character of one byte.
    fn is_character(&self, ty: &Ty) -> bool {
        matches!(self.form(ty), Form::Number(scalar) if scalar.width == 8 && !scalar.is_float())
    }
}
