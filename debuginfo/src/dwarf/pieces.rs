//! Values in pieces: an expression cut where its pieces end, and the value that they make together.
//!
//! # Invariants
//! - A piece that cannot be had makes its own bits unknown, and so does every bit that no piece covers.
//! - A value in pieces has bounded size, whatever the pieces say.
//!
//! Must not know: how a piece is found.

use crate::sections::Reader;
use crate::{Availability, Place};
use gimli::{Expression, Operation, Reader as _};

/// Bytes a value in pieces may have.
const BYTES_LIMIT: u64 = 1 << 12;

/// One piece: where it is, how many bits of that count, and how many before them do not.
pub(super) struct Piece {
    pub expression: Expression<Reader>,
    pub len_bits: u64,
    pub skipped_bits: u64,
}

impl Piece {
    /// How many bytes its place must have.
    pub fn needed_bytes(&self) -> u64 {
        self.skipped_bits.saturating_add(self.len_bits).div_ceil(8)
    }
}

/// The pieces of an expression; none if it says where a value lies as a whole.
pub(super) fn cut(expression: &Expression<Reader>, encoding: gimli::Encoding) -> gimli::Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut operations = expression.clone().operations(encoding);
    let (mut start, mut before) = (0, 0);
    while let Some(operation) = operations.next()? {
        let after = operations.offset_from(expression);
        if let Operation::Piece {
            size_in_bits,
            bit_offset,
        } = operation
        {
            let mut reader = expression.0.clone();
            reader.skip(start)?;
            reader.truncate(before - start)?;
            pieces.push(Piece {
                expression: Expression(reader),
                len_bits: size_in_bits,
                skipped_bits: bit_offset.unwrap_or(0),
            });
            start = after;
        }
        before = after;
    }
    Ok(pieces)
}

/// A value while it is put together.
#[derive(Default)]
pub(super) struct Whole {
    bytes: Vec<u8>,
    kept: Vec<u8>,
    len_bits: u64,
}

impl Whole {
    /// Adds a piece; of `found` what its place has, `None` if it is lost. Bits past the end of `found` are, too.
    pub fn add(&mut self, piece: &Piece, found: Option<&[u8]>) -> Result<(), Availability> {
        let end = self.len_bits.checked_add(piece.len_bits);
        let end = end.filter(|&end| end <= BYTES_LIMIT * 8).ok_or_else(too_large)?;
        let bit = |at: u64| {
            let byte = found?.get(usize::try_from(at / 8).ok()?)?;
            Some(byte >> (at % 8) & 1)
        };
        for (at, from) in (self.len_bits..end).zip(piece.skipped_bits..) {
            if at % 8 == 0 {
                self.bytes.push(0);
                self.kept.push(0);
            }
            if let (Some(bit), Some(byte), Some(kept)) =
                (bit(from), self.bytes.last_mut(), self.kept.last_mut())
            {
                *byte |= bit << (at % 8);
                *kept |= 1 << (at % 8);
            }
        }
        self.len_bits = end;
        Ok(())
    }

    /// The value, cut or filled with unknown bits to its size.
    pub fn place(mut self, len_bytes: Option<u64>) -> Result<Place, Availability> {
        if let Some(len) = len_bytes {
            let len = usize::try_from(len).ok().filter(|_| len <= BYTES_LIMIT);
            let len = len.ok_or_else(too_large)?;
            self.bytes.resize(len, 0);
            self.kept.resize(len, 0);
        }
        Place::of_bits(self.bytes, self.kept)
    }
}

fn too_large() -> Availability {
    Availability::Unsupported("a value in pieces of that size".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(len_bits: u64, skipped_bits: u64) -> Piece {
        Piece {
            expression: Expression(Reader::new(std::sync::Arc::from([]), gimli::LittleEndian)),
            len_bits,
            skipped_bits,
        }
    }

    fn whole(pieces: &[(u64, u64, Option<&[u8]>)], len_bytes: Option<u64>) -> Result<Place, Availability> {
        let mut whole = Whole::default();
        for &(len_bits, skipped_bits, found) in pieces {
            whole.add(&piece(len_bits, skipped_bits), found)?;
        }
        whole.place(len_bytes)
    }

    #[test]
    fn bits_are_laid_end_to_end() {
        let found = whole(&[(4, 0, Some(&[0x0a])), (12, 4, Some(&[0xb0, 0x0c]))], Some(2));
        assert_eq!(found, Ok(Place::Bytes(vec![0xba, 0x0c])));
    }

    #[test]
    fn what_is_lost_is_not_zero() {
        let partial = |bytes: &[u8], kept: &[u8]| {
            Ok(Place::Partial {
                bytes: bytes.to_vec(),
                kept: kept.to_vec(),
            })
        };
        let lost = whole(&[(8, 0, Some(&[7])), (8, 0, None)], Some(2));
        assert_eq!(lost, partial(&[7, 0], &[0xff, 0]));
        // A place of fewer bytes than the piece, and a size that no piece reaches.
        let short = whole(&[(16, 0, Some(&[7]))], Some(4));
        assert_eq!(short, partial(&[7, 0, 0, 0], &[0xff, 0, 0, 0]));
        assert_eq!(whole(&[(16, 0, None)], Some(2)), Err(Availability::OptimizedOut));
        assert!(matches!(
            whole(&[(u64::MAX, 0, None)], None),
            Err(Availability::Unsupported(_))
        ));
    }
}
