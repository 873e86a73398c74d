//! Before the walk: which locals get a register for the whole function.
//!
//! A local's weight is the number of its uses, each times 8 for every loop around it. The heaviest get homes:
//! registers that callees preserve first where there are calls; registers that callers save only where the uses
//! outweigh what the calls cost.
//!
//! Must not know: instrumentation (homes must be equal in all variants).

use super::frame_map::{Home, Loc};
use super::regs::{FLOAT_HOMES, Gpr, SAVED_HOMES, UNSAVED_HOMES};
use crate::layout::slot_len_bytes;
use crate::types::ValType;
use wasmparser::{Operator, OperatorsReader};

/// What the pre-pass found.
#[derive(Debug)]
pub struct Prepass {
    weights: Vec<u64>,
    calls: u64,
}

/// Loops nested deeper than this weigh no more.
const MAX_LOOP_DEPTH: u32 = 5;

impl Prepass {
    /// Walks a body once.
    pub fn new(mut reader: OperatorsReader<'_>, locals: usize) -> wasmparser::Result<Prepass> {
        let mut prepass = Prepass {
            weights: vec![0; locals],
            calls: 0,
        };
        let mut is_loop = Vec::new();
        let mut depth = 0u32;
        while !reader.eof() {
            let weight = 1u64 << (3 * depth.min(MAX_LOOP_DEPTH));
            match reader.read()? {
                Operator::Block { .. } | Operator::If { .. } => is_loop.push(false),
                Operator::Loop { .. } => {
                    is_loop.push(true);
                    depth += 1;
                }
                Operator::End => depth -= u32::from(is_loop.pop() == Some(true)),
                Operator::LocalGet { local_index }
                | Operator::LocalSet { local_index }
                | Operator::LocalTee { local_index } => {
                    if let Some(uses) = prepass.weights.get_mut(local_index as usize) {
                        *uses = uses.saturating_add(weight);
                    }
                }
                // A tail call of this module needs no home saved, others do.
                Operator::Call { .. }
                | Operator::CallIndirect { .. }
                | Operator::CallRef { .. }
                | Operator::ReturnCallIndirect { .. }
                | Operator::ReturnCallRef { .. } => {
                    prepass.calls = prepass.calls.saturating_add(weight);
                }
                _ => {}
            }
        }
        Ok(prepass)
    }
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

    let saving = |weight: u64| weight >= 4;
    let spilling = |weight: u64| weight > prepass.calls.saturating_mul(2);
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
