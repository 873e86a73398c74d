//! Conditions as code: the walk of [`eval`](super::eval) over what will be known only when the guest is there.
//!
//! Plain things are compiled: numbers, pointers, enumerations and truths in wasm locals, globals, operands and memory;
//! members at fixed places, elements, arithmetic, comparisons, logic, casts. What no frame changes is evaluated as
//! ever. All else has no code, and is evaluated at each stop.
//!
//! # Invariants
//! - The code says what the evaluator would say, or traps: where the evaluator fails it traps always.
//! - Nothing of a frame is read: what is asked of one now is not there.

use super::Eval;
use super::access::dotted;
use super::ast::{Binary, Expr, ExprKind, TypeName, Unary};
use super::code::{Code, Coder, Later, TEMPORARIES, normal};
use super::number::{Kind, Number, Rules, Scalar};
use super::operand::{Operand, WRAPPER_LIMIT};
use super::raw::Raw;
use super::scope::Found;
use super::types::{Form, Ty};
use crate::dwarf::location::{Site, Slot};
use crate::dwarf::types::{Member, MemberPlace, Shape};
use crate::target::{FrameTypes, SlotType, Target};
use crate::{Availability, Language, Place, WasmValue};
use wasm_encoder::{MemArg, MemArgTarget};

/// What is added to an address is less than this.
const OFFSET_LIMIT: u64 = 1 << 31;

/// A frame that is not there.
pub(crate) struct Nowhere;

impl Target for Nowhere {
    fn read_memory(&self, _: u64, _: &mut [u8]) -> bool {
        false
    }

    fn local(&self, _: u32) -> Option<WasmValue> {
        None
    }

    fn global(&self, _: u32) -> Option<WasmValue> {
        None
    }

    fn operand(&self, _: u32) -> Option<WasmValue> {
        None
    }

    fn table_function(&self, _: u64) -> Option<u32> {
        None
    }
}

/// Where an object will be.
#[derive(Clone, Debug)]
enum At {
    /// In memory, at an address (an `i32`; none is 0) and so many bytes on.
    Memory(Option<Code>, u64),
    Slot(Slot),
}

/// A pointer that will be read: its address, and what is there.
#[derive(Clone, Debug)]
struct Pointed {
    address: Code,
    to: Option<Ty>,
}

/// What an expression will stand for.
#[derive(Clone, Debug)]
enum Sym {
    Object(Ty, At),
    Number(Later),
    /// An `i32` that is 0 or 1.
    Truth(Code),
    Pointer(Pointed),
    Null,
}

/// What a name among members is.
enum Named {
    Member(Sym),
    Nothing,
}

pub(super) struct Compiler<'e> {
    eval: &'e Eval<'e>,
    types: &'e FrameTypes,
    coder: Coder,
}

impl<'e> Compiler<'e> {
    pub fn new(eval: &'e Eval<'e>, types: &'e FrameTypes) -> Option<Compiler<'e>> {
        Some(Compiler {
            eval,
            types,
            coder: Coder {
                rules: eval.rules(),
                first_temporary: u32::try_from(types.locals.len()).ok()?,
                temporaries: 0.into(),
            },
        })
    }

    /// Whether an expression holds, as an `i32`; `None` if that is not compiled.
    pub fn condition(&self, expr: &Expr) -> Option<Code> {
        let sym = self.walk(expr)?;
        self.truth(sym)
    }

    fn walk(&self, expr: &Expr) -> Option<Sym> {
        match &expr.kind {
            ExprKind::Name(name) => self.name(name, expr),
            ExprKind::Member(of, name, _) => self.member_of(of, name, expr),
            ExprKind::Index(of, index) => self.index(of, index),
            ExprKind::Unary(operator, operand) => self.unary(*operator, operand),
            ExprKind::Binary(Binary::Both, left, right) => {
                let (left, right) = (self.condition(left)?, self.condition(right)?);
                Some(Sym::Truth(self.coder.choice(left, right, constant(0))))
            }
            ExprKind::Binary(Binary::Either, left, right) => {
                let (left, right) = (self.condition(left)?, self.condition(right)?);
                Some(Sym::Truth(self.coder.choice(left, constant(1), right)))
            }
            ExprKind::Binary(operator, left, right) => {
                self.binary(*operator, self.walk(left)?, self.walk(right)?)
            }
            ExprKind::Cast(ty, operand) => self.cast(ty, self.walk(operand)?),
            ExprKind::Literal(_) | ExprKind::SizeOf(_) | ExprKind::SizeOfType(_) => {
                self.known(self.eval.walk(expr).ok()?)
            }
            ExprKind::Text(_)
            | ExprKind::Enumerator(_)
            | ExprKind::Made(..)
            | ExprKind::Slice(..)
            | ExprKind::Choice(..)
            | ExprKind::ReferenceCast(..)
            | ExprKind::DynamicCast(..) => None,
        }
    }

    /// What the evaluator found without a frame.
    fn known(&self, operand: Operand) -> Option<Sym> {
        match operand {
            Operand::Literal(number) => Some(Sym::Number(Later::Known(number))),
            Operand::Null => Some(Sym::Null),
            Operand::Object {
                ty,
                place: Place::Memory(address),
            } => Some(Sym::Object(ty, At::Memory(None, address))),
            Operand::Object { ty, place } => match self.eval.form(&ty) {
                Form::Number(scalar) | Form::Enum(scalar) => {
                    let bytes = self.eval.values.bytes(&place, 0, scalar.size).ok()?;
                    Some(Sym::Number(Later::Known(Number::of_bytes(scalar, &bytes))))
                }
                _ => None,
            },
            Operand::Text(_) | Operand::Function(_) | Operand::Reference(_) | Operand::Enumerator(_) => None,
        }
    }

    fn name(&self, name: &str, expr: &Expr) -> Option<Sym> {
        if let Some(slot) = name.strip_prefix('$').and_then(raw_slot) {
            let ty = match self.slot_type(slot)? {
                SlotType::I32 => Ty::Scalar(Scalar::signed(32), "i32"),
                SlotType::I64 => Ty::Scalar(Scalar::signed(64), "i64"),
                SlotType::F32 => Ty::Scalar(Scalar::float(32), "f32"),
                SlotType::F64 => Ty::Scalar(Scalar::float(64), "f64"),
                SlotType::Other => return None,
            };
            return Some(Sym::Object(ty, At::Slot(slot)));
        }
        let scope = self.eval.scope;
        if name == "this" && self.eval.this_is_captured() {
            return None;
        }
        if let Some(local) = scope.local(name) {
            return self.variable(local, name);
        }
        if self.eval.language() == Language::Cpp
            && !name.contains("::")
            && let Some(this) = scope.local("this")
        {
            let this = self.variable(this, "this")?;
            if let Named::Member(member) = self.member(this, name)? {
                return Some(member);
            }
            // A static member, or one of what a lambda captured.
            if self.eval.member_of_this(name, expr.span).is_some() {
                return None;
            }
        }
        if name.contains("::") && self.eval.qualified_member(name, expr.span).is_some() {
            return None;
        }
        if let Some(global) = self.eval.global(name) {
            let place = global.place.ok()?;
            return match global.lengths {
                None => self.known(Operand::Object {
                    ty: Ty::Die(global.ty),
                    place,
                }),
                Some(_) => None,
            };
        }
        let lasting = || self.eval.lasting(name, expr.span);
        let found = self.eval.static_of_class(name, expr.span).or_else(lasting);
        self.known(found?.ok()?)
    }

    fn variable(&self, found: Found, name: &str) -> Option<Sym> {
        let ty = Ty::Die(found.ty);
        match found.place {
            Ok(_) if found.lengths.is_some() => None,
            Ok(place) => self.known(Operand::Object { ty, place }),
            Err(Availability::NotReadable(_)) => Some(match self.eval.scope.site(name)? {
                Site::Slot(slot) => Sym::Object(ty, At::Slot(slot)),
                Site::Behind(slot, offset) => {
                    Sym::Object(ty, At::Memory(Some(self.address_in(slot)?), offset))
                }
            }),
            Err(_) => None,
        }
    }

    fn slot_type(&self, slot: Slot) -> Option<SlotType> {
        let (types, index) = match slot {
            Slot::Local(index) => (&self.types.locals, index),
            Slot::Global(index) => (&self.types.globals, index),
            Slot::Operand(index) => (&self.types.operands, index),
        };
        types.get(index as usize).copied()
    }

    fn slot(&self, slot: Slot) -> Option<Code> {
        Some(match slot {
            Slot::Local(index) => Code::of(|sink| {
                sink.local_get(index);
            }),
            Slot::Global(index) => Code::of(|sink| {
                sink.global_get(index);
            }),
            Slot::Operand(index) => {
                let first = self.coder.first_temporary.checked_add(TEMPORARIES)?;
                let index = first.checked_add(index)?;
                Code::of(|sink| {
                    sink.local_get(index);
                })
            }
        })
    }

    /// The address that a slot holds.
    fn address_in(&self, slot: Slot) -> Option<Code> {
        (self.slot_type(slot)? == SlotType::I32).then(|| self.slot(slot))?
    }

    /// The address of a place in memory.
    fn address(&self, base: Option<Code>, offset: u64) -> Option<Code> {
        match base {
            None => Some(constant(u32::try_from(offset).ok()?)),
            Some(base) if offset == 0 => Some(base),
            Some(base) => {
                let offset = i64::try_from(offset).ok().filter(|&offset| offset < 1 << 32)?;
                self.coder.address(base.then(|sink| {
                    sink.i64_extend_i32_u().i64_const(offset).i64_add();
                }))
            }
        }
    }

    /// What is read as a number of a type.
    fn number_at(&self, scalar: Scalar, at: At) -> Option<Later> {
        let whole = scalar.size.checked_mul(8) == Some(u64::from(scalar.width));
        let signed = scalar.kind == Kind::Signed;
        let code = match at {
            At::Memory(base, offset) => {
                let base = base.unwrap_or_else(|| constant(0));
                let at = access(offset)?;
                let mut known = true;
                let code = base.then(|sink| {
                    match (scalar.kind, scalar.size, signed) {
                        (Kind::Float, 4, _) => sink.f32_load(at),
                        (Kind::Float, 8, _) => sink.f64_load(at),
                        (Kind::Literal | Kind::FloatLiteral | Kind::Float, ..) => {
                            known = false;
                            sink
                        }
                        (_, 1, true) => sink.i64_load8_s(at),
                        (_, 1, false) => sink.i64_load8_u(at),
                        (_, 2, true) => sink.i64_load16_s(at),
                        (_, 2, false) => sink.i64_load16_u(at),
                        (_, 4, true) => sink.i64_load32_s(at),
                        (_, 4, false) => sink.i64_load32_u(at),
                        (_, 8, _) => sink.i64_load(at),
                        _ => {
                            known = false;
                            sink
                        }
                    };
                });
                let code = known.then_some(code)?;
                if whole { code } else { normal(code, scalar) }
            }
            At::Slot(slot) => {
                let code = self.slot(slot)?;
                match (scalar.kind, scalar.size, self.slot_type(slot)?) {
                    (Kind::Float, 4, SlotType::F32) | (Kind::Float, 8, SlotType::F64) => code,
                    (Kind::Float | Kind::Literal | Kind::FloatLiteral, ..) => return None,
                    (_, 1 | 2 | 4, SlotType::I32) => {
                        let wide = code.then(|sink| {
                            match signed {
                                true => sink.i64_extend_i32_s(),
                                false => sink.i64_extend_i32_u(),
                            };
                        });
                        if scalar.width == 32 {
                            wide
                        } else {
                            normal(wide, scalar)
                        }
                    }
                    (_, 1 | 2 | 4 | 8, SlotType::I64) => normal(code, scalar),
                    _ => return None,
                }
            }
        };
        Some(Later::Computed(scalar, code))
    }

    /// The address in a pointer or reference.
    fn pointer_at(&self, ty: &Ty, at: At) -> Option<Code> {
        if self.eval.size(ty)? != 4 {
            return None;
        }
        match at {
            At::Memory(base, offset) => {
                let base = base.unwrap_or_else(|| constant(0));
                let at = access(offset)?;
                Some(base.then(|sink| {
                    sink.i32_load(at);
                }))
            }
            At::Slot(slot) => self.address_in(slot),
        }
    }

    /// What a reference refers to; else the thing itself.
    fn referred(&self, sym: Sym) -> Option<Sym> {
        let Sym::Object(ty, at) = sym else {
            return Some(sym);
        };
        match self.eval.form(&ty) {
            Form::Reference(to) => {
                let address = self.pointer_at(&ty, at)?;
                Some(Sym::Object(to, At::Memory(Some(address), 0)))
            }
            _ => Some(Sym::Object(ty, at)),
        }
    }

    /// What references lead to; nothing where a view may be looked through.
    fn behind(&self, mut sym: Sym) -> Option<Sym> {
        for _ in 0..WRAPPER_LIMIT {
            let Sym::Object(ty, _) = &sym else {
                return Some(sym);
            };
            match self.eval.form(ty) {
                Form::Reference(_) => sym = self.referred(sym)?,
                Form::Record(_) => return None,
                _ => return Some(sym),
            }
        }
        None
    }

    /// The thing as a pointer; the inner `None` if it is none.
    fn pointer(&self, sym: &Sym) -> Option<Option<Pointed>> {
        match self.behind(sym.clone())? {
            Sym::Pointer(pointed) => Some(Some(pointed)),
            Sym::Object(ty, at) => match (self.eval.form(&ty), at) {
                (Form::Pointer(to), at) => {
                    let address = self.pointer_at(&ty, at)?;
                    Some(Some(Pointed { address, to }))
                }
                (Form::Array { element, .. }, At::Memory(base, offset)) => Some(Some(Pointed {
                    address: self.address(base, offset)?,
                    to: Some(element),
                })),
                (Form::Array { .. } | Form::Function | Form::Other, _) => None,
                _ => Some(None),
            },
            Sym::Number(_) | Sym::Truth(_) | Sym::Null => Some(None),
        }
    }

    fn number(&self, sym: Sym) -> Option<Later> {
        match self.behind(sym)? {
            Sym::Number(number) => Some(number),
            Sym::Truth(code) => Some(self.coder.truth_value(code)),
            Sym::Null => Some(Later::Known(Number::int(Scalar::LITERAL, 0))),
            Sym::Pointer(pointed) => Some(address_number(pointed.address)),
            Sym::Object(ty, at) => match self.eval.form(&ty) {
                Form::Number(scalar) | Form::Enum(scalar) => self.number_at(scalar, at),
                Form::Pointer(_) => Some(address_number(self.pointer_at(&ty, at)?)),
                _ => None,
            },
        }
    }

    fn truth(&self, sym: Sym) -> Option<Code> {
        match sym {
            Sym::Truth(code) => Some(code),
            Sym::Null => Some(constant(0)),
            sym => match self.pointer(&sym)? {
                Some(pointed) => Some(pointed.address.then(|sink| {
                    sink.i32_const(0).i32_ne();
                })),
                None => self.coder.truth(self.number(sym)?),
            },
        }
    }

    fn unary(&self, operator: Unary, operand: &Expr) -> Option<Sym> {
        let sym = self.walk(operand)?;
        match operator {
            Unary::Plus => self.coder.plus(self.number(sym)?).map(Sym::Number),
            Unary::Minus => self.coder.negated(self.number(sym)?).map(Sym::Number),
            Unary::Invert => self.coder.inverted(self.number(sym)?).map(Sym::Number),
            Unary::Not if self.eval.language() == Language::Rust && self.pointer(&sym)?.is_none() => {
                let number = self.number(sym)?;
                match number.scalar().kind {
                    Kind::Bool => Some(Sym::Truth(not(self.coder.truth(number)?))),
                    _ => self.coder.inverted(number).map(Sym::Number),
                }
            }
            Unary::Not => Some(Sym::Truth(not(self.truth(sym)?))),
            Unary::Deref => {
                if let Sym::Object(ty, _) = &sym
                    && self.eval.language() == Language::Rust
                    && let Form::Reference(_) = self.eval.form(ty)
                {
                    return self.referred(sym);
                }
                let pointed = self.pointer(&sym)??;
                let to = self.data(pointed.to)?;
                let address = self.coder.not_null(pointed.address)?;
                Some(Sym::Object(to, At::Memory(Some(address), 0)))
            }
            Unary::AddressOf => match self.referred(sym)? {
                Sym::Object(ty, At::Memory(base, offset)) if !matches!(ty, Ty::Array(..)) => {
                    Some(Sym::Pointer(Pointed {
                        address: self.address(base, offset)?,
                        to: Some(ty),
                    }))
                }
                _ => None,
            },
            Unary::Unwrap => None,
        }
    }

    /// What a pointer points to, if that is data.
    fn data(&self, to: Option<Ty>) -> Option<Ty> {
        to.filter(|to| !matches!(self.eval.form(to), Form::Function))
    }

    fn binary(&self, operator: Binary, a: Sym, b: Sym) -> Option<Sym> {
        if matches!(operator, Binary::Equal | Binary::NotEqual) {
            let null = match (&a, &b) {
                (Sym::Null, Sym::Null) => Some(constant(1)),
                (Sym::Null, other) | (other, Sym::Null) => {
                    self.pointer(other)?.map(|pointed| not(pointed.address))
                }
                _ => None,
            };
            if let Some(equal) = null {
                let truth = if operator == Binary::Equal {
                    equal
                } else {
                    not(equal)
                };
                return Some(Sym::Truth(truth));
            }
        }
        let (p, q) = (self.pointer(&a)?, self.pointer(&b)?);
        match (operator, p, q) {
            (Binary::Add, Some(p), None) => self.moved(p, self.number(b)?, false),
            (Binary::Add, None, Some(q)) => self.moved(q, self.number(a)?, false),
            (Binary::Subtract, Some(p), None) => self.moved(p, self.number(b)?, true),
            (Binary::Add | Binary::Subtract, Some(_), Some(_)) => None,
            // One of them is moved to the class of the other first.
            (_, Some(p), Some(q)) if self.eval.classes(p.to.as_ref(), q.to.as_ref()).is_some() => None,
            (operator, p, q) => {
                let side = |pointed: Option<Pointed>, sym: Sym| match pointed {
                    Some(pointed) => Some(address_number(pointed.address)),
                    None => self.number(sym),
                };
                let result = self.coder.binary(operator, side(p, a)?, side(q, b)?)?;
                Some(Sym::Number(result))
            }
        }
    }

    /// A pointer so many elements on, or back.
    fn moved(&self, pointed: Pointed, count: Later, back: bool) -> Option<Sym> {
        let address = self.element_address(pointed.address, &pointed.to, count, back)?;
        Some(Sym::Pointer(Pointed {
            address,
            to: pointed.to,
        }))
    }

    fn element_address(&self, address: Code, to: &Option<Ty>, count: Later, back: bool) -> Option<Code> {
        let stride = match to {
            None => 1,
            Some(to) => {
                self.data(Some(to.clone()))?;
                self.eval.size(to)?
            }
        };
        let stride = u32::try_from(stride).ok()?;
        let bytes = match count {
            _ if count.scalar().is_float() => return None,
            Later::Known(number) => {
                let bytes = number.value().wrapping_mul(i128::from(stride));
                constant(bytes as u32)
            }
            Later::Computed(..) => self.coder.code(count)?.then(|sink| {
                sink.i32_wrap_i64().i32_const(stride as i32).i32_mul();
            }),
        };
        Some(address.and(bytes).then(|sink| {
            match back {
                true => sink.i32_sub(),
                false => sink.i32_add(),
            };
        }))
    }

    fn member_of(&self, of: &Expr, name: &str, expr: &Expr) -> Option<Sym> {
        if self.eval.language() == Language::Zig
            && let Some(path) = dotted(of)
        {
            let root = path.split('.').next().unwrap_or("");
            if self.eval.scope.local(root).is_none()
                && let Some(found) = self.eval.known(&format!("{path}.{name}"), expr.span)
            {
                return self.known(found.ok()?);
            }
        }
        let sym = self.walk(of)?;
        match self.member(sym, name)? {
            Named::Member(member) => Some(member),
            Named::Nothing => None,
        }
    }

    /// A member of an object, or of what it points to.
    fn member(&self, mut sym: Sym, name: &str) -> Option<Named> {
        for _ in 0..WRAPPER_LIMIT {
            sym = match sym {
                Sym::Pointer(Pointed {
                    address,
                    to: Some(to),
                }) => {
                    let address = self.coder.not_null(address)?;
                    Sym::Object(to, At::Memory(Some(address), 0))
                }
                Sym::Object(ty, at) => match (self.eval.form(&ty), at) {
                    (Form::Record(full), At::Memory(base, offset)) => {
                        let Shape::Record {
                            members, variants, ..
                        } = &full.shape
                        else {
                            return None;
                        };
                        let found = self.in_members(members, base, offset, name)?;
                        return match found {
                            Named::Nothing if variants.is_some() => None,
                            found => Some(found),
                        };
                    }
                    (Form::Pointer(Some(to)), at) => {
                        let address = self.coder.not_null(self.pointer_at(&ty, at)?)?;
                        Sym::Object(to, At::Memory(Some(address), 0))
                    }
                    (Form::Reference(_), at) => self.referred(Sym::Object(ty, at))?,
                    _ => return None,
                },
                _ => return None,
            };
        }
        None
    }

    fn in_members(&self, members: &[Member], base: Option<Code>, offset: u64, name: &str) -> Option<Named> {
        let Some((around, member)) = self.eval.way_to(members, name) else {
            return Some(Named::Nothing);
        };
        let mut at = offset;
        for member in around.iter().chain([&member]) {
            match member.place {
                MemberPlace::Bytes(more) => at = at.checked_add(more)?,
                _ => return None,
            }
        }
        Some(Named::Member(Sym::Object(
            Ty::Die(member.ty),
            At::Memory(base, at),
        )))
    }

    fn index(&self, of: &Expr, index: &Expr) -> Option<Sym> {
        match self.eval.raw_space(of) {
            Some(Raw::Memory(scalar, name)) => {
                let address = self.raw_address(index)?;
                return Some(Sym::Object(Ty::Scalar(scalar, name), address));
            }
            Some(Raw::Functions) => return None,
            None => {}
        }
        let of = self.behind(self.walk(of)?)?;
        let index = self.number(self.walk(index)?)?;
        if index.scalar().is_float() {
            return None;
        }
        if matches!(&of, Sym::Object(ty, _) if self.eval.indexed_as(ty).is_some()) {
            return None;
        }
        // Pointers that the expression makes are indexed so, too.
        if let Sym::Pointer(Pointed { to: Some(to), .. }) = &of
            && self.eval.language() == Language::Zig
            && matches!(self.eval.form(to), Form::Array { .. } | Form::Record(_))
        {
            return None;
        }
        let Sym::Object(ty, At::Memory(base, offset)) = &of else {
            return self.element(self.pointer(&of)??, index);
        };
        let Form::Array { element, count } = self.eval.form(ty) else {
            return self.element(self.pointer(&of)??, index);
        };
        let count = count.filter(|&count| count > 0)?;
        let size = self.eval.size(&element)?;
        let end = count.checked_mul(size).filter(|&end| end < OFFSET_LIMIT)?;
        let at = match index {
            Later::Known(number) => {
                let index = u64::try_from(number.value())
                    .ok()
                    .filter(|&index| index < count)?;
                At::Memory(base.clone(), offset.checked_add(index.checked_mul(size)?)?)
            }
            Later::Computed(..) => {
                let (count, size) = (i64::try_from(count).ok()?, i64::try_from(size).ok()?);
                i64::try_from(end).ok()?;
                let index = self.coder.checked(self.coder.code(index)?, |sink, it| {
                    sink.local_get(it).i64_const(count).i64_ge_u();
                })?;
                let bytes = index.then(|sink| {
                    sink.i64_const(size).i64_mul();
                });
                let address = match base {
                    None => bytes.then(|sink| {
                        sink.i32_wrap_i64();
                    }),
                    Some(base) => {
                        let base = base.clone().then(|sink| {
                            sink.i64_extend_i32_u();
                        });
                        self.coder.address(base.and(bytes).then(|sink| {
                            sink.i64_add();
                        }))?
                    }
                };
                At::Memory(Some(address), *offset)
            }
        };
        Some(Sym::Object(element, at))
    }

    /// An element from a pointer on.
    fn element(&self, pointed: Pointed, index: Later) -> Option<Sym> {
        let to = self.data(pointed.to)?;
        let address = self.coder.not_null(pointed.address)?;
        let address = self.element_address(address, &Some(to.clone()), index, false)?;
        Some(Sym::Object(to, At::Memory(Some(address), 0)))
    }

    /// An address of raw memory.
    fn raw_address(&self, index: &Expr) -> Option<At> {
        let sym = self.walk(index)?;
        if let Some(pointed) = self.pointer(&sym)? {
            return Some(At::Memory(Some(pointed.address), 0));
        }
        match self.number(sym)? {
            number if number.scalar().is_float() => None,
            Later::Known(number) => {
                let value = number.value();
                let address = match i32::try_from(value) {
                    Ok(small) if small < 0 => u64::from(small as u32),
                    _ => u64::try_from(value).ok()?,
                };
                Some(At::Memory(None, address))
            }
            Later::Computed(scalar, code) if scalar.width <= 32 => {
                let address = code.then(|sink| {
                    sink.i32_wrap_i64();
                });
                Some(At::Memory(Some(address), 0))
            }
            Later::Computed(..) => None,
        }
    }

    fn cast(&self, ty: &TypeName, sym: Sym) -> Option<Sym> {
        let to = self.eval.resolve(ty).ok()??;
        if matches!(&sym, Sym::Object(ty, _) if self.eval.is_reference_to_pointer(ty, &to)) {
            return None;
        }
        let sym = self.referred(sym)?;
        match self.eval.form(&to) {
            Form::Number(scalar) | Form::Enum(scalar) => {
                if scalar.kind == Kind::Char && self.coder.rules == Rules::Exact {
                    return None;
                }
                let number = self.number(sym)?;
                let from = number.scalar();
                if self.eval.keeps_value(scalar) && (from.is_float() || !scalar.holds(from)) {
                    return None;
                }
                self.coder.convert(number, scalar).map(Sym::Number)
            }
            Form::Pointer(to) => {
                let address = match self.pointer(&sym)? {
                    Some(pointed) if self.eval.classes(pointed.to.as_ref(), to.as_ref()).is_some() => {
                        return None;
                    }
                    Some(pointed) => pointed.address,
                    None => match self.number(sym)? {
                        number if number.scalar().is_float() => return None,
                        Later::Known(number) => constant(number.value() as u32),
                        Later::Computed(_, code) => code.then(|sink| {
                            sink.i32_wrap_i64();
                        }),
                    },
                };
                Some(Sym::Pointer(Pointed { address, to }))
            }
            _ => None,
        }
    }
}

fn constant(value: u32) -> Code {
    Code::of(|sink| {
        sink.i32_const(value as i32);
    })
}

/// An access so many bytes on.
fn access(offset: u64) -> Option<MemArg> {
    (offset < OFFSET_LIMIT).then_some(MemArg {
        offset,
        align: 0,
        target: MemArgTarget::Memory(0),
        ordering: None,
    })
}

fn not(truth: Code) -> Code {
    truth.then(|sink| {
        sink.i32_eqz();
    })
}

fn address_number(address: Code) -> Later {
    Later::Computed(
        Scalar::unsigned(32),
        address.then(|sink| {
            sink.i64_extend_i32_u();
        }),
    )
}

/// `local3`, `global1`, `stack0`.
fn raw_slot(raw: &str) -> Option<Slot> {
    let digits = raw.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let index: u32 = digits.parse().ok()?;
    match raw.strip_suffix(digits)? {
        "local" => Some(Slot::Local(index)),
        "global" => Some(Slot::Global(index)),
        "stack" => Some(Slot::Operand(index)),
        _ => None,
    }
}
