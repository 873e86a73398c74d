//! Forms that need no debug information: `$local3`, `$global1`, `$stack0`, `$name` of the module's `name` section,
//! `mem32[0x1000]`, `func[12]`.
//!
//! # Invariants
//! - A variable of the program with such a name wins; with `$` before it, the raw form is meant.

use super::Eval;
use super::ast::{Expr, ExprKind};
use super::error::{Failure, Span, wrong};
use super::number::{Number, Scalar};
use super::operand::Operand;
use crate::WasmValue;

/// The type of a vector, which is shown by its bits.
pub(crate) const VECTOR: &str = "v128";

/// What a raw word can be indexed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Raw {
    /// Linear memory as numbers of a type.
    Memory(Scalar, &'static str),
    Functions,
}

/// The views of memory: unsigned, signed, floating point.
const MEMORY: &[(&str, Scalar, &str)] = &[
    ("mem8", Scalar::unsigned(8), "u8"),
    ("mem16", Scalar::unsigned(16), "u16"),
    ("mem32", Scalar::unsigned(32), "u32"),
    ("mem64", Scalar::unsigned(64), "u64"),
    ("memi8", Scalar::signed(8), "i8"),
    ("memi16", Scalar::signed(16), "i16"),
    ("memi32", Scalar::signed(32), "i32"),
    ("memi64", Scalar::signed(64), "i64"),
    ("memf32", Scalar::float(32), "f32"),
    ("memf64", Scalar::float(64), "f64"),
];

impl Eval<'_> {
    /// The raw word that is indexed, if it is one.
    pub fn raw_space(&self, of: &Expr) -> Option<Raw> {
        let ExprKind::Name(name) = &of.kind else {
            return None;
        };
        let word = match name.strip_prefix('$') {
            Some(word) => word,
            None => name.as_str(),
        };
        let raw = match word {
            "func" => Raw::Functions,
            _ => {
                let (_, scalar, name) = MEMORY.iter().find(|(known, _, _)| *known == word)?;
                Raw::Memory(*scalar, name)
            }
        };
        let shadowed = word.len() == name.len()
            && (self.scope.local(name).is_some() || self.scope.global(name).is_some());
        (!shadowed).then_some(raw)
    }

    /// A pointer, an array or a number as an address; negative numbers are those of the bits of an address.
    pub fn raw_address(&self, expr: &Expr) -> Result<u64, Failure> {
        let span = expr.span;
        let operand = self.walk(expr)?;
        if let Some(pointer) = self.pointer(&operand, span)? {
            return Ok(pointer.address);
        }
        let number = self.number(&operand, span)?;
        if number.scalar.is_float() {
            return wrong(span, "a float is not an address");
        }
        let number = number.value();
        let address = match i32::try_from(number) {
            Ok(small) if small < 0 => Some(self.wrapped(i64::from(small) as u64)),
            _ => u64::try_from(number).ok(),
        };
        match address {
            Some(address) => Ok(address),
            None => wrong(span, format!("{number} is no address")),
        }
    }

    /// `local3`, `global1`, `stack0`, or what the module calls so; `None` if it is none of them.
    pub fn raw_slot(&self, raw: &str, span: Span) -> Option<Result<Operand, Failure>> {
        self.numbered_slot(raw, span)
            .or_else(|| Some(Ok(self.wasm(self.values.target.named(raw)?))))
    }

    fn numbered_slot(&self, raw: &str, span: Span) -> Option<Result<Operand, Failure>> {
        let digits = raw.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let index: u32 = digits.parse().ok()?;
        let target = self.values.target;
        let (found, what) = match raw.strip_suffix(digits)? {
            "local" => (target.local(index), "wasm local"),
            "global" => (target.global(index), "wasm global"),
            "stack" => (target.operand(index), "operand"),
            _ => return None,
        };
        Some(match found {
            Some(value) => Ok(self.wasm(value)),
            None => wrong(span, format!("there is no {what} {index} here")),
        })
    }

    fn wasm(&self, value: WasmValue) -> Operand {
        let number = |scalar, bits: u64, name| self.typed(Number::new(scalar, u128::from(bits)), name);
        match value {
            WasmValue::I32(bits) => number(Scalar::signed(32), u64::from(bits), "i32"),
            WasmValue::I64(bits) => number(Scalar::signed(64), bits, "i64"),
            WasmValue::F32(bits) => number(Scalar::float(32), u64::from(bits), "f32"),
            WasmValue::F64(bits) => number(Scalar::float(64), bits, "f64"),
            WasmValue::V128(bits) => self.typed(Number::new(Scalar::unsigned(128), bits), VECTOR),
            WasmValue::NullRef => Operand::Null,
            WasmValue::FuncRef(function) => Operand::Function(function),
            WasmValue::OtherRef(bits) => Operand::Reference(bits),
        }
    }
}
