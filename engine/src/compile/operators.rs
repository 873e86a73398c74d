//! The operators of a body one after another, with a look at the next.
//!
//! wasmparser calls a method for each operator; this keeps the operator where it is until it is replaced. Operators
//! are large, and moving one just after it was written costs more than reading it.
//!
//! Must not know: what operators do.

use wasmparser::{
    BinaryReader, Operator, OperatorsReader, VisitOperator, VisitSimdOperator, for_each_visit_operator,
    for_each_visit_simd_operator,
};

/// A reader of a validated body.
pub struct Operators<'a> {
    code: &'a [u8],
    /// File offset of the first operator.
    start: u64,
    reader: OperatorsReader<'a>,
    kept: Kept<'a>,
    at: u64,
}

impl<'a> Operators<'a> {
    /// The operators that `code` consists of, the first at a file offset.
    pub fn new(code: &'a [u8], start: u64) -> Operators<'a> {
        Operators {
            code,
            start,
            reader: OperatorsReader::new(BinaryReader::new(code, start)),
            kept: Kept(Operator::Nop),
            at: start,
        }
    }

    /// Reads the next operator; whether there was one.
    pub fn advance(&mut self) -> wasmparser::Result<bool> {
        if self.reader.eof() {
            return Ok(false);
        }
        self.at = self.reader.original_position();
        self.reader.visit_operator(&mut self.kept)?;
        Ok(true)
    }

    /// The operator read last.
    pub fn operator(&self) -> &Operator<'a> {
        &self.kept.0
    }

    /// File offset of it.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// File offset of what comes after it.
    pub fn next_at(&self) -> u64 {
        self.reader.original_position()
    }

    /// Whether the next operator takes an `i32` condition, which may come in the flags; maybe by its lowest bit.
    pub fn next_takes_condition(&self) -> bool {
        const IF: u8 = 0x04;
        const BR_IF: u8 = 0x0d;
        const SELECT: u8 = 0x1b;
        const TYPED_SELECT: u8 = 0x1c;
        const I32_EQZ: u8 = 0x45;
        /// `i32.const 1`, `i32.and`: what debug builds do with every condition. It changes nothing of a truth.
        const LOWEST_BIT: &[u8] = &[0x41, 0x01, 0x71];
        let next = self.code.get((self.next_at() - self.start) as usize..);
        let next = next.map(|next| next.strip_prefix(LOWEST_BIT).unwrap_or(next));
        matches!(
            next.and_then(<[u8]>::first),
            Some(&(IF | BR_IF | SELECT | TYPED_SELECT | I32_EQZ))
        )
    }
}

struct Kept<'a>(Operator<'a>);

macro_rules! keep {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(fn $visit(&mut self $($(, $arg: $argty)*)?) {
            self.0 = Operator::$op $({ $($arg),* })?;
        })*
    };
}

impl<'a> VisitOperator<'a> for Kept<'a> {
    type Output = ();

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = ()>> {
        Some(self)
    }

    for_each_visit_operator!(keep);
}

impl<'a> VisitSimdOperator<'a> for Kept<'a> {
    for_each_visit_simd_operator!(keep);
}
