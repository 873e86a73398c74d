//! Numbers of a width and a sign, and the arithmetic on them: C's conversions, or exact ones for Rust and Zig.
//!
//! # Invariants
//! - `bits` holds no more than the width; what a language leaves undefined (division by zero, a shift by too
//!   much, a float that fits no integer) is an error, never a number.
//!
//! Must not know: names, memory, the text of the expression.

use super::ast::Binary;

/// What kind of number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Signed,
    Unsigned,
    Float,
    Bool,
    /// A character by its code (Rust's `char`).
    Char,
    /// An integer as written, of any type that can hold it.
    Literal,
    /// A float as written.
    FloatLiteral,
}

/// The type of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scalar {
    pub kind: Kind,
    /// Bits that count.
    pub width: u32,
    /// Bytes it takes in memory.
    pub size: u64,
    /// Whether C calls it `long`: of types of one width it matters to their common type's name.
    pub long: bool,
}

/// Which rules arithmetic follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    /// C's: small integers become `int`, mixed signs become unsigned, results wrap.
    C { cpp: bool },
    /// Those of Rust and Zig, which leave it to the program to convert: mixed types meet in one that holds both,
    /// and what does not fit is an error.
    Exact,
}

/// A number of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    pub scalar: Scalar,
    pub bits: u128,
}

const fn of(kind: Kind, width: u32) -> Scalar {
    Scalar {
        kind,
        width,
        size: (width / 8) as u64,
        long: false,
    }
}

impl Scalar {
    pub const INT: Scalar = of(Kind::Signed, 32);
    pub const BOOL: Scalar = Scalar {
        kind: Kind::Bool,
        width: 1,
        size: 1,
        long: false,
    };
    pub const CHAR: Scalar = of(Kind::Char, 32);
    pub const LITERAL: Scalar = of(Kind::Literal, 128);
    pub const FLOAT_LITERAL: Scalar = of(Kind::FloatLiteral, 64);
    pub const DOUBLE: Scalar = of(Kind::Float, 64);

    pub const fn signed(width: u32) -> Scalar {
        of(Kind::Signed, width)
    }

    pub const fn unsigned(width: u32) -> Scalar {
        of(Kind::Unsigned, width)
    }

    pub const fn float(width: u32) -> Scalar {
        of(Kind::Float, width)
    }

    pub const fn long(self) -> Scalar {
        Scalar { long: true, ..self }
    }

    pub fn is_float(self) -> bool {
        matches!(self.kind, Kind::Float | Kind::FloatLiteral)
    }

    pub fn is_signed(self) -> bool {
        matches!(self.kind, Kind::Signed | Kind::Literal)
    }

    /// Smallest and largest value; of the widest unsigned type, as far as `i128` goes.
    fn range(self) -> (i128, i128) {
        let width = self.width.min(128);
        match self.is_signed() {
            true => (i128::MIN >> (128 - width), i128::MAX >> (128 - width)),
            false if width >= 127 => (0, i128::MAX),
            false => (0, (1i128 << width) - 1),
        }
    }

    /// Whether each number of another integer type is one of this type, too.
    pub fn holds(self, other: Scalar) -> bool {
        match (self.is_signed(), other.is_signed()) {
            (false, true) => false,
            (true, false) => self.width > other.width,
            _ => self.width >= other.width,
        }
    }

    /// Whether such numbers are shifted and have their bits inverted.
    pub fn has_bits(self, rules: Rules) -> bool {
        match self.kind {
            Kind::Float | Kind::FloatLiteral => false,
            Kind::Bool | Kind::Char => rules != Rules::Exact,
            Kind::Signed | Kind::Unsigned | Kind::Literal => true,
        }
    }

    /// C's integer promotion.
    pub fn promoted(self) -> Scalar {
        match self.kind {
            Kind::Bool | Kind::Char => Scalar::INT,
            Kind::Signed | Kind::Unsigned if self.width < 32 => Scalar::INT,
            _ => self,
        }
    }
}

/// All bits of a width.
fn mask(width: u32) -> u128 {
    if width >= 128 {
        u128::MAX
    } else {
        (1u128 << width) - 1
    }
}

type Answer = Result<Number, String>;

impl Number {
    /// The number with these low bits.
    pub fn new(scalar: Scalar, bits: u128) -> Number {
        let bits = bits & mask(scalar.width);
        Number { scalar, bits }
    }

    /// The number that lies in memory so.
    pub fn of_bytes(scalar: Scalar, bytes: &[u8]) -> Number {
        let mut wide = [0u8; 16];
        wide.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Number::new(scalar, u128::from_le_bytes(wide))
    }

    pub fn int(scalar: Scalar, value: i128) -> Number {
        Number::new(scalar, value as u128)
    }

    pub fn bool(value: bool) -> Number {
        Number::new(Scalar::BOOL, u128::from(value))
    }

    pub fn float(scalar: Scalar, value: f64) -> Number {
        match scalar.width {
            32 => Number::new(scalar, u128::from((value as f32).to_bits())),
            _ => Number::new(scalar, u128::from(value.to_bits())),
        }
    }

    /// The value of an integer (of 128-bit unsigned ones, modulo its width).
    pub fn value(self) -> i128 {
        let unused = 128u32.saturating_sub(self.scalar.width.min(128));
        if self.scalar.is_signed() && unused < 128 {
            ((self.bits << unused) as i128) >> unused
        } else {
            self.bits as i128
        }
    }

    /// The nearest float.
    pub fn as_float(self) -> f64 {
        match (self.scalar.is_float(), self.scalar.width) {
            (true, 32) => f64::from(f32::from_bits(self.bits as u32)),
            (true, _) => f64::from_bits(self.bits as u64),
            (false, _) if self.scalar.is_signed() => self.value() as f64,
            (false, _) => self.bits as f64,
        }
    }

    /// Whether it is not zero.
    pub fn truth(self) -> bool {
        // The zeros of floats differ in their sign.
        let sign = u32::from(self.scalar.is_float());
        self.bits & (mask(self.scalar.width) >> sign) != 0
    }

    /// Its bytes in memory.
    pub fn bytes(self) -> Vec<u8> {
        let bits = if self.scalar.is_signed() {
            self.value() as u128
        } else {
            self.bits
        };
        let bytes = bits.to_le_bytes();
        let len = usize::try_from(self.scalar.size).unwrap_or(16).min(16);
        bytes.get(..len).unwrap_or(&bytes).to_vec()
    }

    /// In words for messages.
    pub fn text(self) -> String {
        if self.scalar.is_float() {
            return format!("{:?}", self.as_float());
        }
        if self.scalar.is_signed() {
            self.value().to_string()
        } else {
            self.bits.to_string()
        }
    }

    /// Checks that arithmetic on its width is known.
    fn usable(self) -> Result<(), String> {
        match (self.scalar.is_float(), self.scalar.width) {
            (true, 32 | 64) | (false, 1..=128) => Ok(()),
            (_, width) => Err(format!("arithmetic on floats of {width} bits is not supported")),
        }
    }

    /// Converted to another type: integers wrap, floats are rounded; a float that no value of an integer type is
    /// near to is an error in C, and becomes the nearest value in Rust and Zig.
    pub fn convert(self, to: Scalar, rules: Rules) -> Answer {
        self.usable()?;
        Number { scalar: to, bits: 0 }.usable()?;
        if to.kind == Kind::Bool {
            return Ok(Number::bool(self.truth()));
        }
        if to.is_float() {
            let wide = match (self.scalar.is_float(), to.width) {
                (true, _) => self.as_float(),
                // An integer is rounded once.
                (false, 32) if self.scalar.is_signed() => f64::from(self.value() as f32),
                (false, 32) => f64::from(self.bits as f32),
                (false, _) => self.as_float(),
            };
            return Ok(Number::float(to, wide));
        }
        if !self.scalar.is_float() {
            return Ok(Number::int(to, self.value()));
        }
        let (value, signed) = (self.as_float(), to.is_signed());
        let end = 2f64.powi(to.width.saturating_sub(u32::from(signed)).min(128) as i32);
        let whole = value.trunc();
        let fits = whole < end && whole >= if signed { -end } else { 0.0 };
        match rules {
            _ if fits && whole < 0.0 => Ok(Number::int(to, whole as i128)),
            _ if fits => Ok(Number::new(to, whole as u128)),
            Rules::Exact if value.is_nan() => Ok(Number::new(to, 0)),
            Rules::Exact if value > 0.0 => Ok(Number::new(to, mask(to.width) >> u32::from(signed))),
            Rules::Exact if signed => Ok(Number::int(to, to.range().0)),
            Rules::Exact => Ok(Number::new(to, 0)),
            Rules::C { .. } => Err(format!("{value:?} fits no integer of {} bits", to.width)),
        }
    }

    /// `+x`, `-x`, `~x`.
    pub fn negated(self, rules: Rules) -> Answer {
        self.usable()?;
        if self.scalar.is_float() {
            return Ok(Number::float(self.scalar, -self.as_float()));
        }
        let number = self.widened(rules);
        match rules {
            Rules::C { .. } => Ok(Number::int(number.scalar, number.value().wrapping_neg())),
            Rules::Exact => fitting(number.scalar, number.value().checked_neg(), || {
                format!("-({})", self.text())
            }),
        }
    }

    pub fn inverted(self, rules: Rules) -> Answer {
        self.usable()?;
        if !self.scalar.has_bits(rules) {
            return Err("only the bits of an integer are inverted".to_string());
        }
        // The bits above those that were written depend on a type that nothing tells.
        if self.scalar.kind == Kind::Literal {
            return Err("the bits of a literal are not known without a type".to_string());
        }
        let number = self.widened(rules);
        Ok(Number::new(number.scalar, !number.bits))
    }

    pub fn plus(self, rules: Rules) -> Answer {
        self.usable()?;
        Ok(self.widened(rules))
    }

    fn widened(self, rules: Rules) -> Number {
        match rules {
            Rules::C { .. } => Number::int(self.scalar.promoted(), self.value()),
            Rules::Exact => self,
        }
    }
}

/// A result that must fit its type.
fn fitting(scalar: Scalar, value: Option<i128>, what: impl Fn() -> String) -> Answer {
    let (low, high) = scalar.range();
    let fits = value.filter(|value| (low..=high).contains(value));
    match fits {
        Some(value) => Ok(Number::int(scalar, value)),
        None => Err(format!("{} does not fit its {} bits", what(), scalar.width)),
    }
}

/// The type in which two numbers meet.
pub(super) fn common(a: Number, b: Number, rules: Rules) -> Result<Scalar, String> {
    let (x, y) = (a.scalar, b.scalar);
    if x.is_float() || y.is_float() {
        return Ok(match (x.kind, y.kind) {
            (Kind::FloatLiteral | Kind::Literal, Kind::Float) => y,
            (Kind::Float, Kind::FloatLiteral | Kind::Literal) => x,
            (Kind::FloatLiteral, Kind::FloatLiteral | Kind::Literal)
            | (Kind::Literal, Kind::FloatLiteral) => Scalar::FLOAT_LITERAL,
            // A literal float beside an integer.
            (Kind::FloatLiteral, _) | (_, Kind::FloatLiteral) => Scalar::DOUBLE,
            (Kind::Float, Kind::Float) if y.width > x.width => y,
            (Kind::Float, _) => x,
            _ => y,
        });
    }
    match rules {
        Rules::C { .. } => {
            let (x, y) = (x.promoted(), y.promoted());
            let width = x.width.max(y.width);
            let unsigned = |s: Scalar| s.kind == Kind::Unsigned && s.width == width;
            let long = match width {
                32 => x.long || y.long,
                _ => [x, y].iter().all(|s| s.width < width || s.long),
            };
            Ok(Scalar {
                kind: if unsigned(x) || unsigned(y) {
                    Kind::Unsigned
                } else {
                    Kind::Signed
                },
                width,
                size: u64::from(width / 8),
                long,
            })
        }
        Rules::Exact => {
            let literal = |literal: Number, other: Scalar| {
                let (low, high) = other.range();
                (low..=high).contains(&literal.value()).then_some(other)
            };
            let found = match (x.kind, y.kind) {
                (Kind::Literal, Kind::Literal) => Some(x),
                (Kind::Literal, _) => literal(a, y),
                (_, Kind::Literal) => literal(b, x),
                _ if x.holds(y) => Some(x),
                _ if y.holds(x) => Some(y),
                _ => None,
            };
            match found {
                Some(Scalar { kind: Kind::Bool, .. }) => Err("truth values are not added up".to_string()),
                Some(scalar) if scalar.kind == Kind::Char => Ok(Scalar::unsigned(32)),
                Some(scalar) => Ok(scalar),
                // One is signed, the other not: the next wider signed type holds both.
                None => {
                    let wider = Scalar::signed(x.width.max(y.width).saturating_mul(2).min(128));
                    let holds = wider.holds(x) && wider.holds(y);
                    holds
                        .then_some(wider)
                        .ok_or_else(|| "no type holds both numbers".to_string())
                }
            }
        }
    }
}

/// A number as of the type in which it meets another.
pub(crate) fn met(number: Number, other: Number, rules: Rules) -> Answer {
    number.usable()?;
    other.usable()?;
    number.convert(common(number, other, rules)?, rules)
}

/// An operator on two numbers. (`&&` and `||` are the evaluator's, which leaves out what is not needed.)
pub(crate) fn binary(operator: Binary, a: Number, b: Number, rules: Rules) -> Answer {
    a.usable()?;
    b.usable()?;
    match operator {
        Binary::Equal
        | Binary::NotEqual
        | Binary::Less
        | Binary::LessEqual
        | Binary::Greater
        | Binary::GreaterEqual => {
            let order = order(a, b, rules)?;
            let truth = match operator {
                Binary::Equal => order.is_some_and(|order| order.is_eq()),
                Binary::NotEqual => order.is_none_or(|order| order.is_ne()),
                Binary::Less => order.is_some_and(|order| order.is_lt()),
                Binary::LessEqual => order.is_some_and(|order| order.is_le()),
                Binary::Greater => order.is_some_and(|order| order.is_gt()),
                _ => order.is_some_and(|order| order.is_ge()),
            };
            Ok(truth_value(truth, rules))
        }
        Binary::ShiftLeft | Binary::ShiftRight => shift(operator == Binary::ShiftLeft, a, b, rules),
        Binary::Both => Ok(truth_value(a.truth() && b.truth(), rules)),
        Binary::Either => Ok(truth_value(a.truth() || b.truth(), rules)),
        _ => arithmetic(operator, a, b, rules),
    }
}

/// A truth value as the language has it.
pub(crate) fn truth_value(truth: bool, rules: Rules) -> Number {
    match rules {
        Rules::C { cpp: false } => Number::int(Scalar::INT, i128::from(truth)),
        _ => Number::bool(truth),
    }
}

/// How two numbers compare; `None` if one is not a number.
fn order(a: Number, b: Number, rules: Rules) -> Result<Option<std::cmp::Ordering>, String> {
    if a.scalar.is_float() || b.scalar.is_float() {
        let to = common(a, b, rules)?;
        let (a, b) = (a.convert(to, rules)?, b.convert(to, rules)?);
        return Ok(a.as_float().partial_cmp(&b.as_float()));
    }
    if let Rules::C { .. } = rules {
        let to = common(a, b, rules)?;
        let (a, b) = (Number::int(to, a.value()), Number::int(to, b.value()));
        return Ok(Some(if to.is_signed() {
            a.value().cmp(&b.value())
        } else {
            a.bits.cmp(&b.bits)
        }));
    }
    // Exact: by value, whatever the types.
    let negative = |n: Number| n.scalar.is_signed() && n.value() < 0;
    Ok(Some(match (negative(a), negative(b)) {
        (true, false) => std::cmp::Ordering::Less,
        (false, true) => std::cmp::Ordering::Greater,
        (true, true) => a.value().cmp(&b.value()),
        (false, false) => a.bits.cmp(&b.bits),
    }))
}

fn shift(left: bool, a: Number, b: Number, rules: Rules) -> Answer {
    if !a.scalar.has_bits(rules) || !b.scalar.has_bits(rules) {
        return Err("only an integer is shifted, by an integer".to_string());
    }
    let a = a.widened(rules);
    let count = u32::try_from(b.value())
        .ok()
        .filter(|&count| count < a.scalar.width);
    let count = count.ok_or_else(|| format!("a shift by {} of {} bits", b.text(), a.scalar.width))?;
    if !left {
        return Ok(if a.scalar.is_signed() {
            Number::int(a.scalar, a.value() >> count)
        } else {
            Number::new(a.scalar, a.bits >> count)
        });
    }
    if a.scalar.kind == Kind::Literal {
        let power = 1i128.checked_shl(count).filter(|&power| power > 0);
        let shifted = power.and_then(|power| a.value().checked_mul(power));
        return fitting(a.scalar, shifted, || format!("{} << {count}", a.text()));
    }
    Ok(Number::new(a.scalar, a.bits << count))
}

fn arithmetic(operator: Binary, a: Number, b: Number, rules: Rules) -> Answer {
    let both_bool = a.scalar.kind == Kind::Bool && b.scalar.kind == Kind::Bool;
    if rules == Rules::Exact && both_bool {
        return match operator {
            Binary::And => Ok(Number::bool(a.truth() & b.truth())),
            Binary::Or => Ok(Number::bool(a.truth() | b.truth())),
            Binary::Xor => Ok(Number::bool(a.truth() ^ b.truth())),
            _ => Err("truth values are not added up".to_string()),
        };
    }
    let to = common(a, b, rules)?;
    let (x, y) = (a.convert(to, rules)?, b.convert(to, rules)?);
    if to.is_float() {
        return float_arithmetic(operator, x, y, rules);
    }
    let what = || format!("{} {} {}", a.text(), operator.sign(), b.text());
    if matches!(operator, Binary::Divide | Binary::Remainder) && y.bits == 0 {
        return Err(format!("{}: division by zero", what()));
    }
    match operator {
        Binary::And => return Ok(Number::new(to, x.bits & y.bits)),
        Binary::Or => return Ok(Number::new(to, x.bits | y.bits)),
        Binary::Xor => return Ok(Number::new(to, x.bits ^ y.bits)),
        _ => {}
    }
    if to.kind == Kind::Unsigned && to.width == 128 {
        return wide(operator, x, y, rules, what);
    }
    let (p, q) = (x.value(), y.value());
    let value = match operator {
        Binary::Add => p.checked_add(q),
        Binary::Subtract => p.checked_sub(q),
        Binary::Multiply => p.checked_mul(q),
        // The least number divided by -1 has no result in any of the languages.
        Binary::Divide => return fitting(to, p.checked_div(q), what),
        _ => return fitting(to, if q == -1 { Some(0) } else { p.checked_rem(q) }, what),
    };
    match rules {
        Rules::C { .. } => Ok(Number::int(
            to,
            value.unwrap_or_else(|| match operator {
                Binary::Add => p.wrapping_add(q),
                Binary::Subtract => p.wrapping_sub(q),
                _ => p.wrapping_mul(q),
            }),
        )),
        Rules::Exact => fitting(to, value, what),
    }
}

/// Arithmetic on the widest unsigned integers.
fn wide(operator: Binary, x: Number, y: Number, rules: Rules, what: impl Fn() -> String) -> Answer {
    let (p, q) = (x.bits, y.bits);
    let (exact, wrapped) = match operator {
        Binary::Add => (p.checked_add(q), p.wrapping_add(q)),
        Binary::Subtract => (p.checked_sub(q), p.wrapping_sub(q)),
        Binary::Multiply => (p.checked_mul(q), p.wrapping_mul(q)),
        Binary::Divide => (p.checked_div(q), 0),
        _ => (p.checked_rem(q), 0),
    };
    match (exact, rules) {
        (Some(bits), _) => Ok(Number::new(x.scalar, bits)),
        (None, Rules::C { .. }) => Ok(Number::new(x.scalar, wrapped)),
        (None, Rules::Exact) => Err(format!("{} does not fit its 128 bits", what())),
    }
}

fn float_arithmetic(operator: Binary, x: Number, y: Number, rules: Rules) -> Answer {
    let (p, q) = (x.as_float(), y.as_float());
    // Rounded to 32 bits afterwards, `f64` gives exactly what `f32` would for these operations.
    let value = match operator {
        Binary::Add => p + q,
        Binary::Subtract => p - q,
        Binary::Multiply => p * q,
        Binary::Divide => p / q,
        Binary::Remainder if rules == Rules::Exact => p % q,
        _ => return Err(format!("'{}' is not for floats", operator.sign())),
    };
    Ok(Number::float(x.scalar, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const C: Rules = Rules::C { cpp: false };

    fn n(scalar: Scalar, value: i128) -> Number {
        Number::int(scalar, value)
    }

    fn c(operator: Binary, a: Number, b: Number) -> (Scalar, i128) {
        let result = binary(operator, a, b, C).unwrap();
        (result.scalar, result.value())
    }

    #[test]
    fn conversions_of_c() {
        let (u8_, i32_, u32_, i64_) = (
            Scalar::unsigned(8),
            Scalar::INT,
            Scalar::unsigned(32),
            Scalar::signed(64),
        );
        assert_eq!(c(Binary::Add, n(u8_, 200), n(u8_, 100)), (i32_, 300));
        assert_eq!(
            c(Binary::Add, n(i32_, i128::from(i32::MAX)), n(i32_, 1)),
            (i32_, i128::from(i32::MIN))
        );
        assert_eq!(
            c(Binary::Subtract, n(u32_, 0), n(i32_, 1)),
            (u32_, i128::from(u32::MAX))
        );
        assert_eq!(c(Binary::Less, n(i32_, -1), n(u32_, 0)), (i32_, 0));
        assert_eq!(c(Binary::Less, n(i64_, -1), n(u32_, 0)), (i32_, 1));
        assert_eq!(c(Binary::Divide, n(i32_, -7), n(i32_, 2)), (i32_, -3));
        assert_eq!(c(Binary::Remainder, n(i32_, -7), n(i32_, 2)), (i32_, -1));
        assert_eq!(c(Binary::ShiftRight, n(i32_, -8), n(i32_, 1)), (i32_, -4));
        assert_eq!(c(Binary::ShiftLeft, n(u8_, 255), n(i32_, 4)), (i32_, 4080));
        assert_eq!(
            c(Binary::Add, n(Scalar::INT.long(), 1), n(u32_, 1)),
            (Scalar::unsigned(32).long(), 2)
        );
    }

    #[test]
    fn what_has_no_result() {
        let fails = |operator, a, b, rules| binary(operator, a, b, rules).unwrap_err();
        let i = |value| n(Scalar::INT, value);
        assert_eq!(fails(Binary::Divide, i(1), i(0), C), "1 / 0: division by zero");
        assert_eq!(fails(Binary::Remainder, i(1), i(0), C), "1 % 0: division by zero");
        let least = i(i128::from(i32::MIN));
        assert_eq!(
            fails(Binary::Divide, least, i(-1), C),
            "-2147483648 / -1 does not fit its 32 bits"
        );
        assert_eq!(
            fails(Binary::ShiftLeft, i(1), i(32), C),
            "a shift by 32 of 32 bits"
        );
        assert_eq!(
            fails(Binary::ShiftLeft, i(1), i(-1), C),
            "a shift by -1 of 32 bits"
        );
        let byte = n(Scalar::unsigned(8), 255);
        let one = n(Scalar::LITERAL, 1);
        assert_eq!(
            fails(Binary::Add, byte, one, Rules::Exact),
            "255 + 1 does not fit its 8 bits"
        );
        let quad = Number::new(Scalar::float(128), 0);
        assert_eq!(
            fails(Binary::Add, quad, i(1), C),
            "arithmetic on floats of 128 bits is not supported"
        );
        let wide = |value| Number::float(Scalar::DOUBLE, value).convert(Scalar::unsigned(128), Rules::Exact);
        assert_eq!(wide(3e38).unwrap().bits, 3e38f64 as u128);
        assert_eq!(wide(1e39).unwrap().bits, u128::MAX);
        assert_eq!(wide(-1.0).unwrap().bits, 0);
        let huge = Number::float(Scalar::DOUBLE, 1e20);
        assert!(huge.convert(Scalar::INT, C).is_err());
        assert_eq!(
            huge.convert(Scalar::INT, Rules::Exact).unwrap().value(),
            i128::from(i32::MAX)
        );
    }

    #[test]
    fn exact_rules_hold_both() {
        let exact = |operator, a, b| {
            let result = binary(operator, a, b, Rules::Exact).unwrap();
            (result.scalar, result.value())
        };
        let (u8_, i32_, u32_) = (Scalar::unsigned(8), Scalar::INT, Scalar::unsigned(32));
        assert_eq!(
            exact(Binary::Add, n(u8_, 200), n(Scalar::LITERAL, 55)),
            (u8_, 255)
        );
        assert_eq!(exact(Binary::Add, n(u8_, 200), n(i32_, 100)), (i32_, 300));
        assert_eq!(
            exact(Binary::Subtract, n(u32_, 0), n(i32_, 1)),
            (Scalar::signed(64), -1)
        );
        assert_eq!(exact(Binary::Less, n(i32_, -1), n(u32_, 0)), (Scalar::BOOL, 1));
        let most = Number::new(Scalar::unsigned(128), u128::MAX);
        for other in [n(Scalar::signed(128), 1), n(i32_, -1), n(Scalar::LITERAL, -1)] {
            assert!(binary(Binary::Subtract, most, other, Rules::Exact).is_err());
        }
        let one = n(Scalar::LITERAL, 1);
        assert!(binary(Binary::ShiftLeft, one, n(i32_, 127), Rules::Exact).is_err());
        assert_eq!(exact(Binary::Greater, most, n(i32_, -1)), (Scalar::BOOL, 1));
        assert!(binary(Binary::Add, most, n(Scalar::unsigned(128), 1), Rules::Exact).is_err());
    }

    #[test]
    fn floats_keep_their_width() {
        let float = |width, value| Number::float(Scalar::float(width), value);
        let sum = binary(Binary::Add, float(32, 0.1), float(32, 0.2), C).unwrap();
        assert_eq!(sum.bits, u128::from((0.1f32 + 0.2f32).to_bits()));
        let mixed = binary(Binary::Multiply, float(32, 0.1), float(64, 3.0), C).unwrap();
        assert_eq!(
            (mixed.scalar.width, mixed.as_float()),
            (64, f64::from(0.1f32) * 3.0)
        );
        // 1.0 of 128 bits: the low 64 are zero.
        let quad = |bits| Number::new(Scalar::float(128), bits).truth();
        assert!(quad(0x3fff << 112) && !quad(0) && !quad(1 << 127));
        let nan = float(64, f64::NAN);
        assert!(nan.truth() && !float(32, -0.0).truth() && float(32, 1e-45).truth());
        assert_eq!(c(Binary::Equal, nan, nan).1, 0);
        assert_eq!(c(Binary::NotEqual, nan, nan).1, 1);
        assert!(binary(Binary::Remainder, nan, nan, C).is_err());
        let big = n(Scalar::signed(64), 0x7fff_ffbf_ffff_ffff);
        assert_eq!(
            big.convert(Scalar::float(32), C).unwrap().bits,
            u128::from((0x7fff_ffbf_ffff_ffffi64 as f32).to_bits())
        );
    }
}
