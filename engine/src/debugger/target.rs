//! The world of one frame as debug info reads it: memory, locals, globals, operands, the function table.
//!
//! Must not know: what is read for whom.

use crate::runtime::paused::Frame;
use crate::runtime::store::Store;
use crate::types::Val;
use stepwell_debuginfo::{Target, WasmValue};

/// The world of one frame, for location expressions.
pub struct FrameTarget<'a> {
    /// Where the frame's instance lives.
    pub store: &'a Store,
    /// The frame.
    pub frame: &'a Frame,
}

impl Target for FrameTarget<'_> {
    fn read_memory(&self, address: u64, out: &mut [u8]) -> bool {
        let memory = self.store.memory(self.frame.head.instance, 0).unwrap_or_default();
        let bytes = usize::try_from(address)
            .ok()
            .and_then(|start| memory.get(start..start.checked_add(out.len())?));
        if let Some(bytes) = bytes {
            out.copy_from_slice(bytes);
        }
        bytes.is_some()
    }

    fn local(&self, index: u32) -> Option<WasmValue> {
        Some(self.value(*self.frame.locals.get(index as usize)?))
    }

    fn global(&self, index: u32) -> Option<WasmValue> {
        Some(self.value(self.store.global(self.frame.head.instance, index)?))
    }

    fn operand(&self, index: u32) -> Option<WasmValue> {
        Some(self.value(*self.frame.operands.get(index as usize)?))
    }

    fn named(&self, name: &str) -> Option<WasmValue> {
        let head = &self.frame.head;
        let names = &self.store.module(head.instance)?.names;
        let locals = names.locals.range((head.func, 0)..=(head.func, u32::MAX));
        let local = locals.into_iter().find(|(_, known)| known.as_str() == name);
        if let Some((&(_, index), _)) = local {
            return self.local(index);
        }
        let (&index, _) = names.globals.iter().find(|(_, known)| known.as_str() == name)?;
        self.global(index)
    }

    fn table_function(&self, index: u64) -> Option<u32> {
        let table = self.store.table(self.frame.head.instance, 0)?;
        let bits = *table.get(usize::try_from(index).ok()?)?;
        let (instance, func) = self.store.func_of_ref(bits)?;
        (instance == self.frame.head.instance).then_some(func)
    }
}

impl FrameTarget<'_> {
    fn value(&self, val: Val) -> WasmValue {
        match val {
            Val::I32(value) => WasmValue::I32(value as u32),
            Val::I64(value) => WasmValue::I64(value as u64),
            Val::F32(bits) => WasmValue::F32(bits),
            Val::F64(bits) => WasmValue::F64(bits),
            Val::V128(bits) => WasmValue::V128(bits),
            Val::FuncRef(0) | Val::ExternRef(0) | Val::ExnRef(0) => WasmValue::NullRef,
            Val::FuncRef(bits) => match self.store.func_of_ref(bits) {
                Some((instance, func)) if instance == self.frame.head.instance => WasmValue::FuncRef(func),
                _ => WasmValue::OtherRef(bits),
            },
            Val::ExternRef(bits) | Val::ExnRef(bits) => WasmValue::OtherRef(bits),
        }
    }
}
