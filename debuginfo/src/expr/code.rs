//! Arithmetic to be done later: WebAssembly code that does what [`number`](super::number) does now.
//!
//! An integer of at most 64 bits is an `i64` that holds its value, extended by its sign; a float is an `f32` or `f64`.
//!
//! # Invariants
//! - The code gives the number that `number` would give, or traps where `number` gives an error. What can do neither
//!   is not made: then there is no code.
//!
//! Must not know: names, types of the debug information, where values lie.

use super::ast::Binary;
use super::number::{self, Kind, Number, Rules, Scalar};
use std::cell::Cell;
use wasm_encoder::{BlockType, InstructionSink, ValType};

/// Temporaries that code may have: locals behind those of the frame.
pub const TEMPORARIES: u32 = 9;

/// Code that leaves one value on the stack.
#[derive(Clone, Debug, Default)]
pub(crate) struct Code(Vec<u8>);

impl Code {
    /// Code of these instructions.
    pub fn of(emit: impl FnOnce(&mut InstructionSink<'_>)) -> Code {
        Code::default().then(emit)
    }

    /// This code and instructions behind it.
    pub fn then(mut self, emit: impl FnOnce(&mut InstructionSink<'_>)) -> Code {
        emit(&mut InstructionSink::new(&mut self.0));
        self
    }

    /// This code and other code behind it.
    pub fn and(mut self, other: Code) -> Code {
        self.0.extend(other.0);
        self
    }

    /// The bytes of an expression.
    pub fn finish(self) -> Vec<u8> {
        self.then(|sink| {
            sink.end();
        })
        .0
    }
}

/// A number: known now, or computed later.
#[derive(Clone, Debug)]
pub(crate) enum Later {
    Known(Number),
    Computed(Scalar, Code),
}

impl Later {
    pub fn scalar(&self) -> Scalar {
        match self {
            Later::Known(number) => number.scalar,
            Later::Computed(scalar, _) => *scalar,
        }
    }

    /// A number of its type; of one that is a literal, whose value has a say in types, itself.
    fn sample(&self) -> Number {
        match self {
            Later::Known(number) => *number,
            Later::Computed(scalar, _) => Number::new(*scalar, 0),
        }
    }
}

/// Makes code under the rules of a language.
pub(crate) struct Coder {
    pub rules: Rules,
    /// The first local that is a temporary.
    pub first_temporary: u32,
    pub temporaries: Cell<u32>,
}

impl Coder {
    /// A temporary of its own.
    pub fn temporary(&self) -> Option<u32> {
        let taken = self.temporaries.get();
        self.temporaries.set(taken.checked_add(1)?);
        (taken < TEMPORARIES).then(|| self.first_temporary.checked_add(taken))?
    }

    /// The value of `code`, after a trap unless `wrong` (of it in the local it is given) is zero.
    pub fn checked(&self, code: Code, wrong: impl FnOnce(&mut InstructionSink<'_>, u32)) -> Option<Code> {
        let temporary = self.temporary()?;
        Some(code.then(|sink| {
            sink.local_set(temporary);
            wrong(sink, temporary);
            sink.if_(BlockType::Empty).unreachable().end();
            sink.local_get(temporary);
        }))
    }

    /// The value of an address that is not null.
    pub fn not_null(&self, address: Code) -> Option<Code> {
        self.checked(address, |sink, it| {
            sink.local_get(it).i32_eqz();
        })
    }

    /// A sum of addresses as an address, unless it lies outside the address space.
    pub fn address(&self, sum: Code) -> Option<Code> {
        let checked = self.checked(sum, |sink, it| {
            sink.local_get(it).i64_const(1 << 32).i64_ge_u();
        })?;
        Some(checked.then(|sink| {
            sink.i32_wrap_i64();
        }))
    }

    /// The code of a number.
    pub fn code(&self, number: Later) -> Option<Code> {
        match number {
            Later::Computed(_, code) => Some(code),
            Later::Known(number) if number.scalar.is_float() => Some(match number.scalar.width {
                32 => Code::of(|sink| {
                    sink.f32_const(wasm_encoder::Ieee32::new(number.bits as u32));
                }),
                64 => Code::of(|sink| {
                    sink.f64_const(wasm_encoder::Ieee64::new(number.bits as u64));
                }),
                _ => return None,
            }),
            Later::Known(number) => {
                let value = number.value();
                let bits = match i64::try_from(value) {
                    Ok(value) => value,
                    Err(_) => u64::try_from(value).ok()? as i64,
                };
                Some(Code::of(|sink| {
                    sink.i64_const(bits);
                }))
            }
        }
    }

    /// Whether a number is not zero, as an `i32`.
    pub fn truth(&self, number: Later) -> Option<Code> {
        if let Later::Known(number) = number {
            let truth = i32::from(number.truth());
            return Some(Code::of(|sink| {
                sink.i32_const(truth);
            }));
        }
        let scalar = usable(number.scalar())?;
        let code = self.code(number)?;
        Some(code.then(|sink| {
            match (scalar.is_float(), scalar.width) {
                (true, 32) => sink.f32_const(0.0f32.into()).f32_ne(),
                (true, _) => sink.f64_const(0.0f64.into()).f64_ne(),
                (false, _) => sink.i64_const(0).i64_ne(),
            };
        }))
    }

    /// A truth (an `i32`) as the language's number.
    pub fn truth_value(&self, truth: Code) -> Later {
        let scalar = number::truth_value(true, self.rules).scalar;
        Later::Computed(
            scalar,
            truth.then(|sink| {
                sink.i64_extend_i32_u();
            }),
        )
    }

    /// `if condition { yes } else { no }` of truths.
    pub fn choice(&self, condition: Code, yes: Code, no: Code) -> Code {
        let condition = condition.then(|sink| {
            sink.if_(BlockType::Result(ValType::I32));
        });
        let yes = yes.then(|sink| {
            sink.else_();
        });
        condition.and(yes).and(no).then(|sink| {
            sink.end();
        })
    }

    pub fn convert(&self, number: Later, to: Scalar) -> Option<Later> {
        let (from, code) = match number {
            Later::Known(number) => return number.convert(to, self.rules).ok().map(Later::Known),
            Later::Computed(from, code) => (usable(from)?, code),
        };
        usable(to)?;
        if to.kind == Kind::Bool {
            let truth = self.truth(Later::Computed(from, code))?;
            return Some(Later::Computed(
                Scalar::BOOL,
                truth.then(|sink| {
                    sink.i64_extend_i32_u();
                }),
            ));
        }
        let code = match (from.is_float(), to.is_float()) {
            (true, true) => code.then(|sink| {
                match (from.width, to.width) {
                    (32, 64) => sink.f64_promote_f32(),
                    (64, 32) => sink.f32_demote_f64(),
                    _ => sink,
                };
            }),
            (false, true) => code.then(|sink| {
                match (from.is_signed(), to.width) {
                    (true, 32) => sink.f32_convert_i64_s(),
                    (true, _) => sink.f64_convert_i64_s(),
                    (false, 32) => sink.f32_convert_i64_u(),
                    (false, _) => sink.f64_convert_i64_u(),
                };
            }),
            (true, false) => {
                if self.rules == Rules::Exact {
                    return None;
                }
                let wide = code.then(|sink| {
                    if from.width == 32 {
                        sink.f64_promote_f32();
                    }
                    match to.is_signed() || to.width < 64 {
                        true => sink.i64_trunc_f64_s(),
                        false => sink.i64_trunc_f64_u(),
                    };
                });
                self.fitting(wide, to)?
            }
            (false, false) if holds(to, from) => code,
            (false, false) => normal(code, to),
        };
        Some(Later::Computed(to, code))
    }

    /// The value of `code` (exact, of less than 64 bits), if it is one of a type.
    fn fitting(&self, code: Code, to: Scalar) -> Option<Code> {
        if to.width == 64 {
            return Some(code);
        }
        self.checked(code, |sink, it| {
            sink.local_get(it);
            normalize(sink, to);
            sink.local_get(it).i64_ne();
        })
    }

    /// `+x`
    pub fn plus(&self, number: Later) -> Option<Later> {
        if let Later::Known(number) = number {
            return number.plus(self.rules).ok().map(Later::Known);
        }
        let scalar = self.widened(usable(number.scalar())?);
        Some(Later::Computed(scalar, self.code(number)?))
    }

    fn widened(&self, scalar: Scalar) -> Scalar {
        match self.rules {
            Rules::C { .. } => scalar.promoted(),
            Rules::Exact => scalar,
        }
    }

    /// `-x`
    pub fn negated(&self, number: Later) -> Option<Later> {
        if let Later::Known(number) = number {
            return number.negated(self.rules).ok().map(Later::Known);
        }
        let from = usable(number.scalar())?;
        let code = self.code(number)?;
        if from.is_float() {
            let negated = code.then(|sink| {
                match from.width {
                    32 => sink.f32_neg(),
                    _ => sink.f64_neg(),
                };
            });
            return Some(Later::Computed(from, negated));
        }
        let to = self.widened(from);
        let zero = Code::of(|sink| {
            sink.i64_const(0);
        });
        let negated = zero.and(code).then(|sink| {
            sink.i64_sub();
        });
        Some(Later::Computed(to, self.wrapped_or_fitting(negated, to)?))
    }

    /// `~x`
    pub fn inverted(&self, number: Later) -> Option<Later> {
        if let Later::Known(number) = number {
            return number.inverted(self.rules).ok().map(Later::Known);
        }
        let from = usable(number.scalar())?;
        if !from.has_bits(self.rules) {
            return None;
        }
        let to = self.widened(from);
        let code = self.code(number)?.then(|sink| {
            sink.i64_const(-1).i64_xor();
        });
        Some(Later::Computed(to, normal(code, to)))
    }

    /// A result as the language's rules have it: wrapped, or one that fits.
    fn wrapped_or_fitting(&self, code: Code, to: Scalar) -> Option<Code> {
        match self.rules {
            Rules::C { .. } => Some(normal(code, to)),
            Rules::Exact if to.width == 64 => None,
            Rules::Exact => self.fitting(code, to),
        }
    }

    pub fn binary(&self, operator: Binary, a: Later, b: Later) -> Option<Later> {
        if let (Later::Known(a), Later::Known(b)) = (&a, &b) {
            return number::binary(operator, *a, *b, self.rules)
                .ok()
                .map(Later::Known);
        }
        match operator {
            Binary::Equal
            | Binary::NotEqual
            | Binary::Less
            | Binary::LessEqual
            | Binary::Greater
            | Binary::GreaterEqual => Some(self.truth_value(self.compared(operator, a, b)?)),
            Binary::ShiftLeft | Binary::ShiftRight => self.shift(operator == Binary::ShiftLeft, a, b),
            Binary::Both | Binary::Either => None,
            _ => self.arithmetic(operator, a, b),
        }
    }

    fn compared(&self, operator: Binary, a: Later, b: Later) -> Option<Code> {
        let exact = self.rules == Rules::Exact;
        let is_float = a.scalar().is_float() || b.scalar().is_float();
        if is_float || !exact {
            let to = usable(number::common(a.sample(), b.sample(), self.rules).ok()?)?;
            let (a, b) = (self.convert(a, to)?, self.convert(b, to)?);
            let code = self.code(a)?.and(self.code(b)?);
            return Some(code.then(|sink| {
                match (to.is_float(), to.width) {
                    (true, 32) => compare_f32(sink, operator),
                    (true, _) => compare_f64(sink, operator),
                    (false, _) => compare_i64(sink, operator, to.is_signed()),
                };
            }));
        }
        // By value, whatever the types.
        let widest = |number: &Later| match number {
            Later::Known(number) => i64::try_from(number.value()).is_err(),
            Later::Computed(scalar, _) => !scalar.is_signed() && scalar.width == 64,
        };
        let never_negative = |number: &Later| match number {
            Later::Known(number) => number.value() >= 0,
            Later::Computed(scalar, _) => !scalar.is_signed(),
        };
        usable(a.scalar()).or_else(|| is_known(&a))?;
        usable(b.scalar()).or_else(|| is_known(&b))?;
        let unsigned = widest(&a) || widest(&b);
        if unsigned && !(never_negative(&a) && never_negative(&b)) {
            return None;
        }
        let code = self.code(a)?.and(self.code(b)?);
        Some(code.then(|sink| compare_i64(sink, operator, !unsigned)))
    }

    fn shift(&self, left: bool, a: Later, count: Later) -> Option<Later> {
        let has_bits = |number: &Later| number.scalar().has_bits(self.rules);
        if a.scalar().kind == Kind::Literal || !has_bits(&a) || !has_bits(&count) {
            return None;
        }
        let a = self.plus(a)?;
        let to = usable(a.scalar())?;
        let count = match count {
            Later::Known(number) => {
                let fits = (0..i128::from(to.width)).contains(&number.value());
                self.code(fits.then_some(Later::Known(number))?)?
            }
            Later::Computed(scalar, code) => {
                usable(scalar)?;
                self.checked(code, |sink, it| {
                    sink.local_get(it).i64_const(i64::from(to.width)).i64_ge_u();
                })?
            }
        };
        let code = self.code(a)?.and(count).then(|sink| {
            match (left, to.is_signed()) {
                (true, _) => sink.i64_shl(),
                (false, true) => sink.i64_shr_s(),
                (false, false) => sink.i64_shr_u(),
            };
        });
        Some(Later::Computed(to, if left { normal(code, to) } else { code }))
    }

    fn arithmetic(&self, operator: Binary, a: Later, b: Later) -> Option<Later> {
        let bitwise = matches!(operator, Binary::And | Binary::Or | Binary::Xor);
        let both_bool = a.scalar().kind == Kind::Bool && b.scalar().kind == Kind::Bool;
        if self.rules == Rules::Exact && both_bool {
            let (a, b) = (self.truth(a)?, self.truth(b)?);
            let code = a.and(b).then(|sink| {
                match operator {
                    Binary::And => sink.i32_and(),
                    Binary::Or => sink.i32_or(),
                    _ => sink.i32_xor(),
                };
            });
            return bitwise.then(|| self.truth_value(code));
        }
        let to = usable(number::common(a.sample(), b.sample(), self.rules).ok()?)?;
        let (a, b) = (self.code(self.convert(a, to)?)?, self.code(self.convert(b, to)?)?);
        if to.is_float() {
            let narrow = to.width == 32;
            let mut known = true;
            let code = a.and(b).then(|sink| {
                match (operator, narrow) {
                    (Binary::Add, true) => sink.f32_add(),
                    (Binary::Add, false) => sink.f64_add(),
                    (Binary::Subtract, true) => sink.f32_sub(),
                    (Binary::Subtract, false) => sink.f64_sub(),
                    (Binary::Multiply, true) => sink.f32_mul(),
                    (Binary::Multiply, false) => sink.f64_mul(),
                    (Binary::Divide, true) => sink.f32_div(),
                    (Binary::Divide, false) => sink.f64_div(),
                    _ => {
                        known = false;
                        sink
                    }
                };
            });
            return known.then_some(Later::Computed(to, code));
        }
        let signed = to.is_signed();
        let code = a.and(b).then(|sink| {
            match operator {
                Binary::And => sink.i64_and(),
                Binary::Or => sink.i64_or(),
                Binary::Xor => sink.i64_xor(),
                Binary::Add => sink.i64_add(),
                Binary::Subtract => sink.i64_sub(),
                Binary::Multiply => sink.i64_mul(),
                Binary::Divide if signed => sink.i64_div_s(),
                Binary::Divide => sink.i64_div_u(),
                _ if signed => sink.i64_rem_s(),
                _ => sink.i64_rem_u(),
            };
        });
        let code = match operator {
            Binary::And | Binary::Or | Binary::Xor | Binary::Remainder => code,
            // The least number divided by -1 fits its type in no language.
            Binary::Divide => self.fitting(code, to)?,
            // A product of two numbers of 33 to 63 bits may not fit 64 bits either.
            Binary::Multiply if self.rules == Rules::Exact && to.width > 32 => return None,
            _ => self.wrapped_or_fitting(code, to)?,
        };
        Some(Later::Computed(to, code))
    }
}

fn is_known(number: &Later) -> Option<Scalar> {
    matches!(number, Later::Known(_)).then(|| number.scalar())
}

/// A type whose numbers code can hold.
fn usable(scalar: Scalar) -> Option<Scalar> {
    let known = match (scalar.is_float(), scalar.width) {
        (true, 32 | 64) => scalar.kind == Kind::Float,
        (false, 1..=64) => scalar.kind != Kind::Literal,
        _ => false,
    };
    known.then_some(scalar)
}

/// Whether each number of one integer type is, as 64 bits, one of another.
fn holds(to: Scalar, from: Scalar) -> bool {
    to.width == 64 || to.holds(from)
}

/// The low bits of an `i64` as a number of a type.
pub(crate) fn normal(code: Code, to: Scalar) -> Code {
    code.then(|sink| normalize(sink, to))
}

fn normalize(sink: &mut InstructionSink<'_>, to: Scalar) {
    match (to.is_signed(), to.width) {
        (_, 64..) => sink,
        (true, 8) => sink.i64_extend8_s(),
        (true, 16) => sink.i64_extend16_s(),
        (true, 32) => sink.i64_extend32_s(),
        (true, width) => {
            let unused = i64::from(64u32.saturating_sub(width));
            sink.i64_const(unused).i64_shl().i64_const(unused).i64_shr_s()
        }
        (false, 32) => sink.i32_wrap_i64().i64_extend_i32_u(),
        (false, width) => sink.i64_const((1i64 << width) - 1).i64_and(),
    };
}

fn compare_i64(sink: &mut InstructionSink<'_>, operator: Binary, signed: bool) {
    match (operator, signed) {
        (Binary::Equal, _) => sink.i64_eq(),
        (Binary::NotEqual, _) => sink.i64_ne(),
        (Binary::Less, true) => sink.i64_lt_s(),
        (Binary::Less, false) => sink.i64_lt_u(),
        (Binary::LessEqual, true) => sink.i64_le_s(),
        (Binary::LessEqual, false) => sink.i64_le_u(),
        (Binary::Greater, true) => sink.i64_gt_s(),
        (Binary::Greater, false) => sink.i64_gt_u(),
        (_, true) => sink.i64_ge_s(),
        (_, false) => sink.i64_ge_u(),
    };
}

fn compare_f32(sink: &mut InstructionSink<'_>, operator: Binary) {
    match operator {
        Binary::Equal => sink.f32_eq(),
        Binary::NotEqual => sink.f32_ne(),
        Binary::Less => sink.f32_lt(),
        Binary::LessEqual => sink.f32_le(),
        Binary::Greater => sink.f32_gt(),
        _ => sink.f32_ge(),
    };
}

fn compare_f64(sink: &mut InstructionSink<'_>, operator: Binary) {
    match operator {
        Binary::Equal => sink.f64_eq(),
        Binary::NotEqual => sink.f64_ne(),
        Binary::Less => sink.f64_lt(),
        Binary::LessEqual => sink.f64_le(),
        Binary::Greater => sink.f64_gt(),
        _ => sink.f64_ge(),
    };
}
