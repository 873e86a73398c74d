//! Why an expression has no value: it is wrong at a place, or an operand is not there.

use crate::Availability;
use serde::{Deserialize, Serialize};

/// What is wrong with an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message} (column {column})")]
pub struct ExpressionError {
    /// One sentence without its place.
    pub message: String,
    /// The first character that is meant, from 1.
    pub column: u32,
    /// How many characters are meant; 0 at the end of the text.
    pub len: u32,
}

impl ExpressionError {
    /// A line to show under the expression: `^` at the column, `~` under the rest of what is meant.
    pub fn caret(&self) -> String {
        let before = self.column.saturating_sub(1) as usize;
        let rest = self.len.saturating_sub(1) as usize;
        format!("{}^{}", " ".repeat(before), "~".repeat(rest))
    }
}

/// A part of the text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    /// From the start of one to the end of another.
    pub fn to(self, last: Span) -> Span {
        Span {
            start: self.start,
            end: last.end.max(self.start),
        }
    }

    /// The part itself.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or("")
    }
}

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The expression makes no sense here.
    Wrong(Span, String),
    /// It makes sense, but this operand has no value at this moment.
    Absent(Span, Availability),
}

/// Something wrong at a place.
pub(crate) fn wrong<T>(span: Span, message: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Wrong(span, message.into()))
}

/// The place of a part of `text` as people count.
pub(crate) fn located(text: &str, span: Span, message: String) -> ExpressionError {
    let count = |part: Option<&str>| {
        let characters = part.unwrap_or("").chars().count();
        u32::try_from(characters).unwrap_or(u32::MAX)
    };
    ExpressionError {
        message,
        column: count(text.get(..span.start)).saturating_add(1),
        len: count(text.get(span.start..span.end)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters() {
        let text = "grün + x";
        let start = text.find('x').unwrap();
        let error = located(
            text,
            Span {
                start,
                end: text.len(),
            },
            "no x".to_string(),
        );
        assert_eq!((error.column, error.len), (8, 1));
        assert_eq!(error.caret(), "       ^");
        assert_eq!(error.to_string(), "no x (column 8)");
        let whole = located(text, Span { start: 0, end: 5 }, String::new());
        assert_eq!(whole.caret(), "^~~~");
    }
}
