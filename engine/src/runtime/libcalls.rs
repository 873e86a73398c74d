//! What compiled code asks the runtime to do: see [`Libcall`].
//!
//! # Invariants
//! - A libcall that traps has changed nothing.
//!
//! Must not know: where registers come from.

use super::store::Store;
use crate::error::TrapKind;
use crate::layout::Libcall;

/// What compiled code has for a refused growth: -1 as an `i32`.
const REFUSED: u64 = 0xffff_ffff;

impl Store {
    /// -1 as an address of a memory.
    fn refused_growth(&self, instance: u32, memory: u32) -> u64 {
        let module = self.module(instance);
        let ty = module.and_then(|module| module.memories.get(memory as usize));
        if ty.is_some_and(|ty| ty.memory64) {
            u64::MAX
        } else {
            REFUSED
        }
    }

    /// Does a libcall of an instance; what goes to `rax`. `None` for a request that does not exist.
    pub(super) fn libcall(
        &mut self,
        instance: u32,
        request: u64,
        args: [u64; 4],
    ) -> Option<Result<u64, TrapKind>> {
        let (call, a, b) = Libcall::from_request(request)?;
        let [x, y, z, _] = args;
        // An `i32` in a register is zero-extended.
        let operands = (x, y, z);
        let unit = |result: Result<(), TrapKind>| result.map(|()| x);
        Some(match call {
            Libcall::MemoryGrow => Ok(self
                .memory_grow(instance, a, x)
                .map_or_else(|| self.refused_growth(instance, a), u64::from)),
            Libcall::MemoryCopy => unit(self.memory_copy(instance, (a, b), operands)),
            Libcall::MemoryFill => unit(self.memory_fill(instance, a, operands)),
            Libcall::MemoryInit => unit(self.memory_init(instance, a, b, operands)),
            Libcall::DataDrop => {
                self.data_drop(instance, a);
                Ok(x)
            }
            // Pushed: the value, then the number of elements.
            Libcall::TableGrow => Ok(self.table_grow(instance, a, y, x).map_or(REFUSED, u64::from)),
            // Pushed: where, the value, the number of elements.
            Libcall::TableFill => unit(self.table_fill(instance, a, (x, z), y)),
            Libcall::TableCopy => unit(self.table_copy(instance, (a, b), operands)),
            Libcall::TableInit => unit(self.table_init(instance, a, b, operands)),
            Libcall::ElemDrop => {
                self.elem_drop(instance, a);
                Ok(x)
            }
        })
    }
}
