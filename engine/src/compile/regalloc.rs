//! Before the walk: which locals get a register for the whole function.
//!
//! A local's weight is the number of its uses, each times 8 for every loop around it. A read counts for more than
//! others where no temporary is likely to hold the value any more (see [`copies`](super::copies)): a local that is
//! only read right behind where it was written needs no home but its slot. The heaviest get homes: registers that
//! callees preserve first where there are calls; registers that callers save only where the uses outweigh what the
//! calls cost.
//!
//! Must not know: instrumentation (homes must be equal in all variants).

use super::frame_map::{Home, Loc};
use super::regs::{FLOAT_HOMES, Gpr, SAVED_HOMES, UNSAVED_HOMES};
use crate::layout::slot_len_bytes;
use crate::types::ValType;
use wasmparser::{
    OperatorsReader, VisitOperator, VisitSimdOperator, for_each_visit_operator, for_each_visit_simd_operator,
};

/// What the pre-pass found.
#[derive(Debug)]
pub struct Prepass {
    weights: Vec<u64>,
    /// How often the code reads each local.
    pub reads: Vec<u32>,
    calls: u64,
}

/// Loops nested deeper than this weigh no more.
const MAX_LOOP_DEPTH: u32 = 5;

/// So many operators after a local was used, a temporary is likely to hold its value still.
const COPY_LASTS: u32 = 16;

/// How much heavier a use is that needs the home.
const FAR: u64 = 4;

/// The weight from which on a register is worth saving and restoring.
const WORTH_SAVING: u64 = 24;

/// The weight of saving a register around a call, and taking it back.
const COST_OF_CALL: u64 = 8;

impl Prepass {
    /// Walks a body once.
    pub fn new(mut reader: OperatorsReader<'_>, locals: usize) -> wasmparser::Result<Prepass> {
        let mut walk = Walk {
            found: Prepass {
                weights: vec![0; locals],
                reads: vec![0; locals],
                calls: 0,
            },
            is_loop: Vec::new(),
            depth: 0,
            weight: 1,
            at: 0,
            met: 0,
            last_uses: vec![0; locals],
        };
        while !reader.eof() {
            reader.visit_operator(&mut walk)?;
        }
        Ok(walk.found)
    }
}

/// The pre-pass on its way.
struct Walk {
    found: Prepass,
    /// Of the control frames that are open.
    is_loop: Vec<bool>,
    /// Loops among them.
    depth: u32,
    /// What a use weighs here.
    weight: u64,
    /// Numbers of operators: the one at hand, the last where paths met, and the last use of each local.
    at: u32,
    met: u32,
    last_uses: Vec<u32>,
}

impl Walk {
    fn open(&mut self, is_loop: bool) {
        self.is_loop.push(is_loop);
        self.deepen(self.depth + u32::from(is_loop));
        if is_loop {
            self.meet();
        }
    }

    fn close(&mut self) {
        let was_loop = self.is_loop.pop() == Some(true);
        self.deepen(self.depth - u32::from(was_loop));
        self.meet();
    }

    fn meet(&mut self) {
        self.met = self.at;
    }

    fn deepen(&mut self, depth: u32) {
        self.depth = depth;
        self.weight = 1 << (3 * depth.min(MAX_LOOP_DEPTH));
    }

    fn read(&mut self, index: u32) {
        let last = self.last_uses.get(index as usize).copied().unwrap_or(0);
        let near = last > self.met && self.at - last <= COPY_LASTS;
        self.used(index, if near { self.weight } else { FAR * self.weight });
        if let Some(reads) = self.found.reads.get_mut(index as usize) {
            *reads += 1;
        }
    }

    fn write(&mut self, index: u32) {
        self.used(index, self.weight);
    }

    fn used(&mut self, index: u32, weight: u64) {
        let uses = self.found.weights.get_mut(index as usize);
        if let (Some(uses), Some(last)) = (uses, self.last_uses.get_mut(index as usize)) {
            *uses = uses.saturating_add(weight);
            *last = self.at;
        }
    }

    fn call(&mut self) {
        self.found.calls = self.found.calls.saturating_add(self.weight);
    }
}

/// What an operator is to the pre-pass; to most it is nothing.
macro_rules! walk {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(fn $visit(&mut self $($(, $arg: $argty)*)?) {
            self.at += 1;
            walk!($op self $($($arg)*)?);
        })*
    };
    (Block $self:ident $ty:ident) => { $self.open(false) };
    (If $self:ident $ty:ident) => { $self.open(false) };
    (Loop $self:ident $ty:ident) => { $self.open(true) };
    (Try $self:ident $ty:ident) => { $self.open(false) };
    (TryTable $self:ident $table:ident) => { $self.open(false) };
    (Else $self:ident) => { $self.meet() };
    (Delegate $self:ident $depth:ident) => { $self.close() };
    (End $self:ident) => { $self.close() };
    (LocalGet $self:ident $index:ident) => { $self.read($index) };
    (LocalSet $self:ident $index:ident) => { $self.write($index) };
    (LocalTee $self:ident $index:ident) => { $self.write($index) };
    (Call $self:ident $index:ident) => { $self.call() };
    (CallIndirect $self:ident $ty:ident $table:ident) => { $self.call() };
    (CallRef $self:ident $ty:ident) => { $self.call() };
    // A tail call of this module needs no home saved, others do.
    (ReturnCallIndirect $self:ident $ty:ident $table:ident) => { $self.call() };
    (ReturnCallRef $self:ident $ty:ident) => { $self.call() };
    ($other:ident $self:ident $($arg:ident)*) => {};
}

// Most operators' immediates are nothing to it.
#[allow(unused_variables)]
impl<'a> VisitOperator<'a> for Walk {
    type Output = ();

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = ()>> {
        Some(self)
    }

    for_each_visit_operator!(walk);
}

#[allow(unused_variables)]
impl VisitSimdOperator<'_> for Walk {
    for_each_visit_simd_operator!(walk);
}

/// Gives homes to locals, whose slots lie below `top` one after the other.
pub fn assign_homes(prepass: &Prepass, types: &[ValType], top: i32) -> Vec<Home> {
    let mut slot = top;
    let mut homes: Vec<Home> = (types.iter())
        .map(|&ty| {
            slot -= slot_len_bytes(ty) as i32;
            Home {
                ty,
                register: None,
                slot,
            }
        })
        .collect();
    let mut order: Vec<usize> = (0..types.len())
        .filter(|&index| prepass.weights.get(index) > Some(&0))
        .collect();
    // Stable, so that equal weights keep the order of the locals.
    order.sort_by_key(|&index| std::cmp::Reverse(prepass.weights.get(index).copied().unwrap_or(0)));

    let saving = |weight: u64| weight >= WORTH_SAVING;
    let spilling = |weight: u64| weight > prepass.calls.saturating_mul(COST_OF_CALL);
    type Worth<'a> = &'a dyn Fn(u64) -> bool;
    let (saved, unsaved) = (
        SAVED_HOMES.map(|reg| (reg, true)),
        UNSAVED_HOMES.map(|reg| (reg, false)),
    );
    let ints: Vec<(Gpr, bool)> = if prepass.calls == 0 {
        [unsaved, saved].concat()
    } else {
        [saved, unsaved].concat()
    };
    let mut ints = ints.into_iter().peekable();
    let mut floats = FLOAT_HOMES.iter().peekable();
    for index in order {
        let (Some(home), Some(&weight)) = (homes.get_mut(index), prepass.weights.get(index)) else {
            continue;
        };
        match home.ty {
            ty if ty.is_float() => {
                if spilling(weight) {
                    home.register = floats.next().map(|reg| Loc::Xmm(reg.0));
                }
            }
            _ => {
                if let Some(&(reg, callees_save)) = ints.peek() {
                    let worth: Worth<'_> = if callees_save { &saving } else { &spilling };
                    if worth(weight) {
                        home.register = Some(Loc::Gpr(reg.0));
                        ints.next();
                    }
                }
            }
        }
    }
    homes
}
