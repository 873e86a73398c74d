//! Conditions of breakpoints as the compiler takes them: made where the debug info has code for them.
//!
//! # Invariants
//! - A condition without code is evaluated at each hit, and so is one whose code stops the guest: what code says no to
//!   is passed, and nothing else follows from it.
//!
//! Must not know: running guests.

use super::event::BreakpointLocation;
use super::symbols::Symbols;
use crate::compile::{self, Condition, Stops};
use crate::layout::condition;
use crate::module::Module;
use crate::types::ValType;
use stepwell_debuginfo::{CONDITION_TEMPORARIES, FrameTypes, SlotType};

const _: () = assert!(CONDITION_TEMPORARIES as usize == condition::TEMPORARIES);

/// A condition at a place, if it can be compiled.
pub fn compiled(condition: &str, location: &BreakpointLocation, symbols: &Symbols) -> Option<Condition> {
    let debug = symbols.debug()?;
    let module = symbols.module();
    let at = symbols.code_offset(location.offset)?;
    let body = module.body(location.func)?;
    let locals = (body.locals.iter())
        .flat_map(|&(count, ty)| std::iter::repeat_n(slot_type(ty), count as usize))
        .collect();
    let mut types = FrameTypes {
        locals,
        globals: module.globals.iter().map(|global| slot_type(global.ty)).collect(),
        operands: Vec::new(),
    };
    let code = debug.condition_code(condition, at, 0, &types).or_else(|| {
        // The types of operands cost a compile, and few conditions read any.
        types.operands = operands(module, location)?;
        debug.condition_code(condition, at, 0, &types)
    })?;
    Condition::new(&code)
}

/// The types on the operand stack before an instruction; `None` if there are none.
fn operands(module: &Module, location: &BreakpointLocation) -> Option<Vec<SlotType>> {
    let compiled = compile::compile(module, &module.vm_layout(), location.func, &Stops::None).ok()?;
    let number = (compiled.frame_map.boundaries()).position(|(offset, _)| offset == location.offset.0)?;
    let point = compiled.frame_map.boundary(u32::try_from(number).ok()?)?;
    let types: Vec<_> = (point.operands.iter())
        .map(|operand| slot_type(operand.ty))
        .collect();
    (!types.is_empty()).then_some(types)
}

fn slot_type(ty: ValType) -> SlotType {
    match ty {
        ValType::I32 => SlotType::I32,
        ValType::I64 => SlotType::I64,
        ValType::F32 => SlotType::F32,
        ValType::F64 => SlotType::F64,
        _ => SlotType::Other,
    }
}
