//! What compiled code asks the runtime to do: see [`Libcall`].
//!
//! # Invariants
//! - A libcall that traps has changed nothing.
//!
//! Must not know: where registers come from.

use super::store::Store;
use crate::error::TrapKind;
use crate::layout::Libcall;
use crate::types::ValType;

/// What compiled code has for a refused growth: -1 as an address or index of the type.
fn refused_growth(ty: Option<ValType>) -> u64 {
    match ty {
        Some(ValType::I64) => u64::MAX,
        _ => u64::from(u32::MAX),
    }
}

impl Store {
    fn address_type(&self, instance: u32, memory: u32) -> Option<ValType> {
        let memory = self.module(instance)?.memories.get(memory as usize)?;
        Some(memory.address_type())
    }

    fn index_type(&self, instance: u32, table: u32) -> Option<ValType> {
        Some(self.module(instance)?.tables.get(table as usize)?.index_type())
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
                .map_or_else(|| refused_growth(self.address_type(instance, a)), u64::from)),
            Libcall::MemoryCopy => unit(self.memory_copy(instance, (a, b), operands)),
            Libcall::MemoryFill => unit(self.memory_fill(instance, a, operands)),
            Libcall::MemoryInit => unit(self.memory_init(instance, a, b, operands)),
            Libcall::DataDrop => {
                self.data_drop(instance, a);
                Ok(x)
            }
            // Pushed: the value, then the number of elements.
            Libcall::TableGrow => Ok(self
                .table_grow(instance, a, y, x)
                .map_or_else(|| refused_growth(self.index_type(instance, a)), u64::from)),
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
