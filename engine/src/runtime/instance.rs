//! An instance: a module's indices resolved to store numbers, and the VmCtx that compiled code sees.
//!
//! # Invariants
//! - The index vectors are as long as the module's index spaces, so validated indices never miss.
//! - A dropped segment is empty.
//!
//! Must not know: linking, execution.

use super::vm_record::VmRecord;
use crate::layout::{VmLayout, func_ref, vmctx};
use crate::module::Module;
use std::sync::Arc;

/// An instance.
pub struct Instance {
    /// Its module.
    pub module: Arc<Module>,
    /// Offsets in its VmCtx.
    pub layout: VmLayout,
    /// Its VmCtx.
    pub vmctx: VmRecord,
    /// Store numbers of its functions.
    pub funcs: Vec<u32>,
    /// Store numbers of its tables.
    pub tables: Vec<u32>,
    /// Store numbers of its memories.
    pub memories: Vec<u32>,
    /// Store numbers of its globals.
    pub globals: Vec<u32>,
    /// Store numbers of its tags.
    pub tags: Vec<u32>,
    /// Data segments; empty once dropped.
    pub data: Vec<Arc<[u8]>>,
    /// Element segments; empty once dropped.
    pub elements: Vec<Arc<[u64]>>,
}

/// Addresses that go into the fixed part of every VmCtx; zeros where no compiled code runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct FixedPart {
    /// The fiber.
    pub fiber: u64,
    /// Lowest `rsp`.
    pub stack_limit: u64,
    /// Stub that a probe calls.
    pub stop_stub: u64,
    /// Stub that a trap calls.
    pub trap_stub: u64,
    /// Stub that an expired slice calls.
    pub tick_stub: u64,
    /// Stub that a libcall calls.
    pub libcall_stub: u64,
    /// Stub that a watched store calls.
    pub watch_stub: u64,
    /// First code of every defined function.
    pub lazy_stub: u64,
}

impl FixedPart {
    /// Fills the fixed part of a VmCtx.
    pub fn write(&self, record: &mut VmRecord, instance: u32) {
        record.put_u64(vmctx::FIBER as u32, self.fiber);
        record.put_u64(vmctx::STACK_LIMIT as u32, self.stack_limit);
        record.put_u64(vmctx::STOP_STUB as u32, self.stop_stub);
        record.put_u64(vmctx::TRAP_STUB as u32, self.trap_stub);
        record.put_u64(vmctx::TICK_STUB as u32, self.tick_stub);
        record.put_u64(vmctx::LIBCALL_STUB as u32, self.libcall_stub);
        record.put_u64(vmctx::WATCH_STUB as u32, self.watch_stub);
        record.put_u32(vmctx::INSTANCE as u32, instance);
    }
}

impl Instance {
    /// Offset in the VmCtx of a defined function's reference record; `None` for imports.
    pub fn func_ref_offset(&self, func: u32) -> Option<u32> {
        let defined = func.checked_sub(self.module.imported_funcs)?;
        ((defined as usize) < self.module.bodies.len())
            .then(|| self.layout.func_refs + defined * func_ref::SIZE)
    }

    /// Points a defined function's reference at other code.
    pub fn set_code(&mut self, func: u32, code: u64) {
        if let Some(offset) = self.func_ref_offset(func) {
            self.vmctx.put_u64(offset + func_ref::CODE as u32, code);
        }
    }

    /// The code a defined function's reference points at.
    pub fn code(&self, func: u32) -> Option<u64> {
        Some(
            self.vmctx
                .get_u64(self.func_ref_offset(func)? + func_ref::CODE as u32),
        )
    }
}
