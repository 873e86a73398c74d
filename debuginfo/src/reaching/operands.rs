//! Whether a place on WebAssembly's operand stack still holds what it held before.
//!
//! LLVM keeps a value on the operand stack from where it is computed to the one operator that takes it, and no longer
//! than a block of straight code. Its location lists go on naming the place: what comes to lie there next was shown as
//! the variable.
//!
//! # Invariants
//! - A value is taken to be the topmost when its location begins: it then is where LLVM puts it. If others lie above it,
//!   the answer may be that it is gone though it is not; never the other way round.
//! - Code is followed in a line. Where it branches, or an operator is not known, the value is gone.
//! - What is done is bounded by what those who ask allow.
//!
//! Must not know: DWARF, variables, the live guest.

use crate::sections::ModuleMap;
use std::cell::Cell;
use wasmparser::{BlockType, ContType, FrameKind, FuncType, ModuleArity, Operator, RefType, SubType};

/// Whether the operand that was the topmost before the operator at `since` is still there before the one at `at`; not, if
/// nothing is `left` of the bytes of code that may be walked over.
pub(crate) fn holds_since(map: &ModuleMap, (body, since, at): (usize, u32, u32), left: &Cell<u64>) -> bool {
    let start = map.bodies.get(body).map_or(0, |body| body.start);
    let Some(rest) = left.get().checked_sub(u64::from(at).saturating_sub(start)) else {
        return false;
    };
    left.set(rest);
    // What lies above it.
    let mut above = 0u32;
    let (mut begun, mut held) = (since == at, true);
    map.each_operator(body, |offset, operator| {
        if offset >= at || !held {
            return false;
        }
        if offset >= since {
            begun |= offset == since;
            let rest =
                arity(map, operator).and_then(|(taken, put)| above.checked_sub(taken)?.checked_add(put));
            held = rest.is_some();
            above = rest.unwrap_or(0);
        }
        held
    });
    held && begun
}

/// How many operands an operator takes and puts there; `None` where code does not go on behind it alone.
fn arity(map: &ModuleMap, operator: &Operator<'_>) -> Option<(u32, u32)> {
    let of_type = |index: u32| *map.types.get(usize::try_from(index).ok()?)?;
    match operator {
        Operator::Call { function_index } => {
            let index = usize::try_from(*function_index).ok()?;
            of_type(*map.function_types.get(index)?)
        }
        Operator::CallIndirect { type_index, .. } | Operator::CallRef { type_index } => {
            let (taken, put) = of_type(*type_index)?;
            Some((taken.checked_add(1)?, put))
        }
        Operator::Unreachable
        | Operator::Block { .. }
        | Operator::Loop { .. }
        | Operator::If { .. }
        | Operator::Else
        | Operator::End
        | Operator::Br { .. }
        | Operator::BrIf { .. }
        | Operator::BrTable { .. }
        | Operator::Return => None,
        other => other.operator_arity(&Plain),
    }
}

/// A module of which no types are known: operators that depend on some have no arity.
struct Plain;

impl ModuleArity for Plain {
    fn sub_type_at(&self, _: u32) -> Option<&SubType> {
        None
    }

    fn tag_type_arity(&self, _: u32) -> Option<(u32, u32)> {
        None
    }

    fn type_index_of_function(&self, _: u32) -> Option<u32> {
        None
    }

    fn func_type_of_cont_type(&self, _: &ContType) -> Option<&FuncType> {
        None
    }

    fn sub_type_of_ref_type(&self, _: &RefType) -> Option<&SubType> {
        None
    }

    fn control_stack_height(&self) -> u32 {
        0
    }

    fn label_block(&self, _: u32) -> Option<(BlockType, FrameKind)> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use wasm_encoder::{
        BlockType, CodeSection, EntityType, Function, FunctionSection, ImportSection, Instruction, Module,
        TypeSection, ValType,
    };

    /// Whether what is the topmost operand before operator `since` is there before operator `at`.
    fn holds(body: &[Instruction<'_>], since: usize, at: usize) -> bool {
        let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
        types.ty().function([ValType::I32, ValType::I32], [ValType::I32]);
        types.ty().function([], []);
        imports.import("env", "add", EntityType::Function(0));
        let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
        functions.function(1);
        let mut function = Function::new([(2, ValType::I32)]);
        for instruction in body {
            function.instruction(instruction);
        }
        code.function(&function);
        let mut module = Module::new();
        module
            .section(&types)
            .section(&imports)
            .section(&functions)
            .section(&code);
        let map = ModuleMap::read(Arc::from(module.finish()), &mut Vec::new());
        let operators = map.operators(0);
        assert_eq!(operators.len(), body.len());
        assert!(!holds_since(
            &map,
            (0, operators[since], operators[at]),
            &Cell::new(0)
        ));
        holds_since(&map, (0, operators[since], operators[at]), &Cell::new(1 << 20))
    }

    #[test]
    fn an_operand_is_there_until_it_is_taken() {
        use Instruction::*;
        let body = [
            I32Const(64),
            I32Const(1),
            I32Const(2),
            Call(0),
            I32Add,
            Drop,
            I32Const(7),
            I32Const(8),
            I32Add,
            Drop,
            Block(BlockType::Empty),
            End,
            End,
        ];
        // The first lies under the call and what is handed over to it.
        assert!(holds(&body, 1, 1) && holds(&body, 1, 3) && holds(&body, 1, 4));
        assert!(!holds(&body, 1, 5));
        // Others lie there now.
        assert!(!holds(&body, 1, 7) && !holds(&body, 1, 8));
        // What a call takes is gone behind it, though what it gives lies at the same place.
        assert!(holds(&body, 2, 3));
        assert!(!holds(&body, 2, 4));
        assert!(!holds(&body, 7, 12));
    }

    #[test]
    fn code_that_branches_is_not_followed() {
        use Instruction::*;
        let body = [I32Const(1), Block(BlockType::Empty), Nop, End, Drop, End];
        assert!(holds(&body, 1, 1));
        assert!(!holds(&body, 1, 2) && !holds(&body, 1, 4));
    }
}
