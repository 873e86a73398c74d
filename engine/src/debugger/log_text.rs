//! The text of a logpoint: words, and expressions in braces. `{{` and `}}` stand for a brace.
//!
//! Must not know: how expressions are evaluated.

/// A piece of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Words.
    Words(&'a str),
    /// An expression.
    Expression(&'a str),
}

/// Takes a text apart; the error says in one line what is wrong with it.
pub fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (words, behind) = rest.split_at(at);
        let brace = behind.get(..1).unwrap_or_default();
        let after = behind.get(1..).unwrap_or_default();
        if after.starts_with(brace) {
            // Twice: itself.
            pieces.push(Piece::Words(words));
            pieces.push(Piece::Words(brace));
            rest = after.get(1..).unwrap_or_default();
            continue;
        }
        let column = text.len().saturating_sub(behind.len());
        let column = text.get(..column).unwrap_or_default().chars().count() + 1;
        if brace == "}" {
            return Err(format!(
                "the '}}' at column {column} of the log text closes nothing"
            ));
        }
        let Some(end) = after.find('}') else {
            return Err(format!(
                "the '{{' at column {column} of the log text is not closed"
            ));
        };
        pieces.push(Piece::Words(words));
        pieces.push(Piece::Expression(after.get(..end).unwrap_or_default()));
        rest = after.get(end + 1..).unwrap_or_default();
    }
    pieces.push(Piece::Words(rest));
    pieces.retain(|piece| *piece != Piece::Words(""));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_apart() {
        use Piece::{Expression, Words};
        assert_eq!(
            pieces("n={n}, {a->b[1]}"),
            Ok(vec![
                Words("n="),
                Expression("n"),
                Words(", "),
                Expression("a->b[1]")
            ])
        );
        assert_eq!(pieces("{{n}}"), Ok(vec![Words("{"), Words("n"), Words("}")]));
        assert_eq!(pieces("plain"), Ok(vec![Words("plain")]));
        assert_eq!(pieces(""), Ok(vec![]));
        assert_eq!(
            pieces("ä {n").unwrap_err(),
            "the '{' at column 3 of the log text is not closed"
        );
        assert_eq!(
            pieces("n}").unwrap_err(),
            "the '}' at column 2 of the log text closes nothing"
        );
    }
}
