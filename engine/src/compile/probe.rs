//! Probes: the call of the stop stub at a boundary, and the conditions that may pass it.
//!
//! # Invariants
//! - Registers and flags that anything lives in are as they were when the guest goes on, and when it stops.
//! - What cannot be computed at a boundary makes a stop without a condition there: a condition may save a stop that
//!   the handler would pass, and does nothing else.
//!
//! Must not know: source languages, what stops are for.

use super::compiler::Compiler;
use super::condition::{Condition, FloatCond, Kind, operators, results};
use super::frame_map::Loc;
use super::masm::{
    Address, Cond, DivOp, FloatOp, FloatSrc, FloatUnary, IntOp, IntSrc, Masm, Size, TruncTraps, Width,
};
use super::operands::float_size;
use super::regs::{FLOAT_TEMPS, Gpr, Xmm};
use crate::layout::{condition as layout, memory, vmctx};
use crate::types::ValType;
use wasmparser::Operator;

/// Registers for intermediate values, temporaries first; the last two are those that a division takes for itself.
pub(super) const POOL: [Gpr; 8] = [Gpr(6), Gpr(7), Gpr(1), Gpr(9), Gpr(10), Gpr(8), Gpr(2), Gpr(0)];
pub(super) const POOL_WITH_DIVISION: usize = 6;

/// Where something that a condition reads is at the boundary.
#[derive(Clone, Copy)]
enum Source {
    Place(Loc, ValType),
    Temporary(u32),
}

/// An intermediate value: a constant, or in the pool's register of its height.
#[derive(Clone, Copy)]
enum Entry {
    Const(u64),
    Register,
}

/// An open block.
struct Open<L> {
    height: usize,
    results: usize,
    otherwise: L,
    end: L,
}

/// Conditions being compiled at a boundary.
struct Emitter<'e, 'a, M: Masm> {
    compiler: &'e mut Compiler<'a, M>,
    /// Registers of the pool that the guest's values were saved from, and where.
    saved: Vec<(Gpr, u32)>,
    floats: [Xmm; 2],
    stack: Vec<Entry>,
    open: Vec<Open<M::Label>>,
    /// Where nothing can be decided.
    stop: M::Label,
}

impl<M: Masm> Compiler<'_, M> {
    /// Emits the call of the stop stub, behind its conditions if there are any (it is called if one of them holds);
    /// where the guest goes on.
    pub fn probe(&mut self, conditions: &[Condition]) -> u32 {
        let computable =
            !conditions.is_empty() && conditions.iter().all(|condition| self.computes(condition));
        if !computable {
            return self.masm.call_vmctx(vmctx::STOP_STUB);
        }
        let used = conditions
            .iter()
            .map(|condition| condition.registers)
            .max()
            .unwrap_or(0);
        let divides = conditions.iter().any(|condition| condition.divides);
        let saved = (POOL.iter().enumerate())
            .filter(|&(index, &reg)| {
                let taken = index < used || divides && index >= POOL_WITH_DIVISION;
                let home = || {
                    self.homes
                        .iter()
                        .any(|home| home.register == Some(Loc::Gpr(reg.0)))
                };
                let copy = || self.known.copies.in_register(Loc::Gpr(reg.0)).is_some();
                taken && (self.stack.in_gpr(reg).is_some() || home() || copy())
            })
            .map(|(index, &reg)| (reg, self.layout.condition + layout::SAVED + 8 * index as u32))
            .collect();
        let flags = self.flags_are_live();
        let kept_flags = self.layout.condition + layout::FLAGS;
        let (stop, resume) = (self.masm.label(), self.masm.label());
        let floats = {
            let mut free = self.unused_floats();
            [free.next(), free.next()]
        };
        let floats = floats.map(|reg| reg.unwrap_or(FLOAT_TEMPS[0]));
        let mut emitter = Emitter {
            compiler: self,
            saved,
            floats,
            stack: Vec::new(),
            open: Vec::new(),
            stop,
        };
        if flags {
            emitter.masm().save_flags(kept_flags);
        }
        emitter.save();
        for condition in conditions {
            emitter.condition(condition);
        }
        emitter.restore(flags);
        emitter.masm().jump(resume);
        emitter.compiler.masm.bind(stop);
        emitter.restore(flags);
        let native = self.masm.call_vmctx(vmctx::STOP_STUB);
        self.masm.bind(resume);
        native
    }

    fn flags_are_live(&self) -> bool {
        // On top, or below what a truth is masked with.
        let height = self.stack.len();
        (height.saturating_sub(2)..height)
            .filter_map(|index| self.stack.get(index))
            .any(|entry| matches!(entry.loc, Loc::Flags(_)))
    }

    /// Float temporaries that hold nothing.
    fn unused_floats(&self) -> impl Iterator<Item = Xmm> + '_ {
        let unused = |reg: &Xmm| {
            self.stack.in_xmm(*reg).is_none() && self.known.copies.in_register(Loc::Xmm(reg.0)).is_none()
        };
        FLOAT_TEMPS.into_iter().filter(unused)
    }

    /// Whether a condition can be computed at the boundary at hand.
    fn computes(&self, condition: &Condition) -> bool {
        let memory = self.module.memories.first();
        let readable = |operator: Option<Operator<'_>>| match operator.as_ref().and_then(Kind::of) {
            Some(Kind::Get(index)) => self.source(index).is_some(),
            Some(Kind::Set(index) | Kind::Tee(index)) => {
                matches!(self.source(index), Some(Source::Temporary(_)))
            }
            Some(Kind::Global(index)) => {
                (self.module.globals.get(index as usize)).is_some_and(|global| is_number(global.ty))
            }
            _ => true,
        };
        (!condition.floats || self.unused_floats().count() >= 2)
            && (!condition.loads || memory.is_some_and(|memory| !memory.memory64))
            && operators(&condition.code).all(readable)
    }

    /// Where the local of a condition is; `None` if it cannot be read.
    fn source(&self, index: u32) -> Option<Source> {
        let index = index as usize;
        if let Some(home) = self.homes.get(index) {
            return is_number(home.ty).then(|| Source::Place(self.local_place(index as u32), home.ty));
        }
        let temporary = index.checked_sub(self.homes.len())?;
        let Some(operand) = temporary.checked_sub(layout::TEMPORARIES) else {
            let at = self.layout.condition + layout::FIRST_TEMPORARY + 8 * temporary as u32;
            return Some(Source::Temporary(at));
        };
        let entry = self.stack.get(operand)?;
        let place = self.place(entry);
        let readable = is_number(entry.ty) && !matches!(place, Loc::Flags(_) | Loc::Arith(_));
        readable.then_some(Source::Place(place, entry.ty))
    }
}

fn is_number(ty: ValType) -> bool {
    matches!(ty, ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64)
}

impl<M: Masm> Emitter<'_, '_, M> {
    fn masm(&mut self) -> &mut M {
        &mut self.compiler.masm
    }

    fn save(&mut self) {
        for (reg, at) in self.saved.clone() {
            self.masm().store_vmctx(at, reg);
        }
    }

    fn restore(&mut self, flags: bool) {
        if flags {
            let kept = self.compiler.layout.condition + layout::FLAGS;
            self.masm().restore_flags(kept);
        }
        for (reg, at) in self.saved.clone() {
            self.masm().load_vmctx(reg, at);
        }
    }

    /// Goes to `stop` if the condition holds; falls through if it does not.
    fn condition(&mut self, condition: &Condition) {
        let end = self.masm().label();
        self.open.push(Open {
            height: 0,
            results: 1,
            otherwise: end,
            end,
        });
        for operator in operators(&condition.code) {
            match operator {
                Some(operator) => self.operator(&operator),
                None => self.compiler.broken = Some("a condition that was not checked"),
            }
        }
        let result = self.register();
        let stop = self.stop;
        self.masm().test(Size::S32, result);
        self.masm().jump_if(Cond::NotEqual, stop);
        self.stack.clear();
    }

    fn operator(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::If { blockty } => {
                let condition = self.register();
                self.stack.pop();
                let (otherwise, end) = (self.masm().label(), self.masm().label());
                self.masm().test(Size::S32, condition);
                self.masm().jump_if(Cond::Equal, otherwise);
                self.open.push(Open {
                    height: self.stack.len(),
                    results: results(*blockty).unwrap_or(0),
                    otherwise,
                    end,
                });
            }
            Operator::Else => {
                self.settle();
                if let Some(open) = self.open.last() {
                    let (otherwise, end, height) = (open.otherwise, open.end, open.height);
                    self.stack.truncate(height);
                    self.masm().jump(end);
                    self.masm().bind(otherwise);
                    let unused = self.masm().label();
                    if let Some(open) = self.open.last_mut() {
                        open.otherwise = unused;
                    }
                }
            }
            Operator::End => {
                self.settle();
                if let Some(open) = self.open.pop()
                    && !self.open.is_empty()
                {
                    self.masm().bind(open.otherwise);
                    self.masm().bind(open.end);
                }
            }
            Operator::Unreachable => {
                let stop = self.stop;
                self.masm().jump(stop);
            }
            operator => match Kind::of(operator) {
                Some(kind) => self.kind(kind),
                None => self.compiler.broken = Some("a condition that was not checked"),
            },
        }
    }

    /// Puts a block's result in its register, where both ways meet.
    fn settle(&mut self) {
        if self.open.last().is_some_and(|open| open.results > 0) {
            self.register();
        }
    }

    /// The register of an entry by distance from the top, with its value in it.
    fn register_of(&mut self, from_top: usize) -> Gpr {
        let index = self.stack.len().saturating_sub(1 + from_top);
        let reg = POOL.get(index).copied().unwrap_or(POOL[0]);
        if let Some(Entry::Const(bits)) = self.stack.get(index).copied() {
            self.masm().mov_imm(reg, bits);
            if let Some(entry) = self.stack.get_mut(index) {
                *entry = Entry::Register;
            }
        }
        reg
    }

    fn register(&mut self) -> Gpr {
        self.register_of(0)
    }

    /// The register above the top: free.
    fn spare(&self) -> Gpr {
        POOL.get(self.stack.len()).copied().unwrap_or(POOL[0])
    }

    /// The top as the right-hand side of an operation.
    fn right(&mut self, size: Size) -> IntSrc {
        if let Some(Entry::Const(bits)) = self.stack.last().copied() {
            let imm = match size {
                Size::S32 => Some(bits as u32 as i32),
                Size::S64 => i32::try_from(bits as i64).ok(),
            };
            if let Some(imm) = imm {
                return IntSrc::Imm(imm);
            }
        }
        IntSrc::Reg(self.register())
    }

    /// The float on top, in one of the two float registers.
    fn float(&mut self, size: Size, which: usize) -> Xmm {
        let reg = self.register();
        let [first, second] = self.floats;
        let xmm = if which == 0 { first } else { second };
        self.masm().float_from_bits(size, xmm, reg);
        xmm
    }

    fn kind(&mut self, kind: Kind) {
        match kind {
            Kind::Const(bits) => self.stack.push(Entry::Const(bits)),
            Kind::Get(index) => self.get(index),
            Kind::Set(index) | Kind::Tee(index) => {
                let reg = self.register();
                if let Some(Source::Temporary(at)) = self.compiler.source(index) {
                    self.masm().store_vmctx(at, reg);
                }
                if matches!(kind, Kind::Set(_)) {
                    self.stack.pop();
                }
            }
            Kind::Global(index) => self.global(index),
            Kind::Load(width, offset) => self.load(width, offset),
            Kind::Unary(op, size) => {
                let reg = self.register();
                self.masm().int_unary(op, size, reg, reg);
            }
            Kind::Test(size) => {
                let reg = self.register();
                self.masm().test(size, reg);
                self.masm().set_cond(Cond::Equal, reg);
            }
            Kind::Int(op, size) => {
                let right = self.right(size);
                let left = self.register_of(1);
                self.masm().int_op(op, size, left, left, right);
                self.stack.pop();
            }
            Kind::Shift(op, size) => {
                let count = self.right(size);
                let left = self.register_of(1);
                self.masm().shift(op, size, left, left, count);
                self.stack.pop();
            }
            Kind::Divide(op, size) => self.divide(op, size),
            Kind::Compare(cond, size) => {
                let right = self.right(size);
                let left = self.register_of(1);
                self.masm().compare(size, left, right);
                self.masm().set_cond(cond, left);
                self.stack.pop();
            }
            Kind::Float(op, size) => {
                let right = self.float(size, 1);
                self.stack.pop();
                let left = self.float(size, 0);
                self.masm().float_op(op, size, left, left, FloatSrc::Reg(right));
                if op != FloatOp::Copysign {
                    self.masm().make_canonical(size, left);
                }
                self.give_float(size, left);
            }
            Kind::FloatUnary(op, size) => {
                let of = self.float(size, 0);
                self.masm().float_unary(op, size, of, of);
                if !matches!(op, FloatUnary::Abs | FloatUnary::Neg) {
                    self.masm().make_canonical(size, of);
                }
                self.give_float(size, of);
            }
            Kind::FloatCompare(cond, size) => self.compare_floats(cond, size),
            Kind::Resize(to) => {
                let from = if to == Size::S32 { Size::S64 } else { Size::S32 };
                let of = self.float(from, 0);
                match to {
                    Size::S32 => self.masm().demote(of, of),
                    Size::S64 => self.masm().promote(of, of),
                }
                self.masm().make_canonical(to, of);
                self.give_float(to, of);
            }
            Kind::Convert { signed, from, to } => {
                let (reg, spare, [dst, _]) = (self.register(), self.spare(), self.floats);
                self.masm().convert(from, signed, to, dst, reg, spare);
                self.give_float(to, dst);
            }
            Kind::Trunc(op) => {
                let of = self.float(op.from, 0);
                let (reg, spare, stop) = (self.register(), self.spare(), self.stop);
                let traps = TruncTraps {
                    nan: stop,
                    overflow: stop,
                };
                self.masm().trunc(op, reg, of, spare, traps);
            }
        }
    }

    /// The top is this float.
    fn give_float(&mut self, size: Size, xmm: Xmm) {
        let reg = self.register();
        self.masm().bits_from_float(size, reg, xmm);
    }

    fn get(&mut self, index: u32) {
        let dst = self.spare();
        let entry = match self.compiler.source(index) {
            Some(Source::Temporary(at)) => {
                self.masm().load_vmctx(dst, at);
                Entry::Register
            }
            Some(Source::Place(Loc::Const(bits), _)) => Entry::Const(bits),
            Some(Source::Place(place, ty)) => {
                match place {
                    Loc::Gpr(reg) => match self.saved.iter().find(|saved| saved.0 == Gpr(reg)).copied() {
                        Some((_, at)) => self.masm().load_vmctx(dst, at),
                        None => self.masm().mov(dst, Gpr(reg)),
                    },
                    Loc::Xmm(reg) => self.masm().bits_from_float(float_size(ty), dst, Xmm(reg)),
                    Loc::Slot(slot) => self.masm().load_slot(dst, slot),
                    Loc::Const(_) | Loc::Local(_) | Loc::Flags(_) | Loc::Arith(_) => {}
                }
                Entry::Register
            }
            None => Entry::Const(0),
        };
        self.stack.push(entry);
    }

    fn global(&mut self, index: u32) {
        let dst = self.spare();
        let imported = self.compiler.module.imported_globals;
        match index.checked_sub(imported) {
            Some(defined) => {
                let cell = self.compiler.layout.globals + 16 * defined;
                self.masm().load_vmctx(dst, cell);
            }
            None => {
                let pointer = self.compiler.layout.imported_globals + 8 * index;
                self.masm().load_vmctx(dst, pointer);
                self.masm().load_field(dst, dst, 0);
            }
        }
        self.stack.push(Entry::Register);
    }

    fn load(&mut self, width: Width, offset: u32) {
        let address = self.register();
        let (last, stop) = (self.spare(), self.stop);
        // The last address that it may have, if there is any.
        self.masm().load_vmctx(last, vmctx::MEMORY0 as u32);
        self.masm().load_field(last, last, memory::LEN_BYTES);
        let reach = IntSrc::Imm(offset as i32 + i32::from(width.len_bytes));
        self.masm().compare(Size::S64, last, reach);
        self.masm().jump_if(Cond::Below, stop);
        self.masm().int_op(IntOp::Sub, Size::S64, last, last, reach);
        self.masm().compare(Size::S64, address, IntSrc::Reg(last));
        self.masm().jump_if(Cond::Above, stop);
        let at = Address {
            index: Some(address),
            offset: offset as i32,
        };
        self.masm().load(width, address, at);
    }

    fn divide(&mut self, op: DivOp, size: Size) {
        let divisor = self.register();
        let (left, stop) = (self.register_of(1), self.stop);
        self.masm().mov(M::DIVIDEND, left);
        self.masm().div(op, size, divisor, stop, stop);
        let result = if op.rem { M::REMAINDER } else { M::DIVIDEND };
        self.masm().mov(left, result);
        self.stack.pop();
    }

    fn compare_floats(&mut self, cond: FloatCond, size: Size) {
        let right = self.float(size, 1);
        self.stack.pop();
        let left = self.float(size, 0);
        let reg = self.register();
        // An order with what is no number is no order: so the greater one comes first.
        let (first, second, holds) = match cond {
            FloatCond::Equal | FloatCond::NotEqual => {
                let negated = cond == FloatCond::NotEqual;
                let right = FloatSrc::Reg(right);
                return self.masm().fequal(size, reg, left, right, negated);
            }
            FloatCond::Less => (right, left, Cond::Above),
            FloatCond::LessEqual => (right, left, Cond::AboveEqual),
            FloatCond::Greater => (left, right, Cond::Above),
            FloatCond::GreaterEqual => (left, right, Cond::AboveEqual),
        };
        self.masm().fcompare(size, first, FloatSrc::Reg(second));
        self.masm().set_cond(holds, reg);
    }
}
