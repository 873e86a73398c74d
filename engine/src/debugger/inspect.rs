//! Reading (and writing) a parked guest: what queries ask for.
//!
//! # Invariants
//! - Values come from the runtime's frames, which come from the frame map; what cannot be told is refused.
//!
//! Must not know: when a guest stops, who asks.

use super::memory_before::MemoryBefore;
use super::query::{FrameDetail, MemoryBytes, Query, QueryError, Reply, TableRows, WasmSlot, WriteTarget};
use super::snapshot::{FrameInfo, Snapshot};
use super::symbols::Symbols;
use super::target::FrameTarget;
use crate::module::Module;
use crate::runtime::paused::Paused;
use crate::types::{Val, ValType};
use stepwell_debuginfo::{CodeOffset, ValueNode};

/// The longest answer to a memory question.
const MOST_MEMORY_LEN_BYTES: u64 = 1 << 20;
/// The most rows of a table question.
const MOST_TABLE_ROWS: u32 = 65_536;

/// A stopped guest with what is needed to answer about it.
pub struct Inspector<'a, 'p> {
    /// The guest.
    pub paused: &'a mut Paused<'p>,
    /// Names and places.
    pub symbols: &'a Symbols,
    /// The stop that questions are about.
    pub snapshot: &'a Snapshot,
    /// The memories at the stop before this one.
    pub before: &'a mut MemoryBefore,
}

impl Inspector<'_, '_> {
    /// Answers a question about this stop.
    pub fn answer(&mut self, query: &Query) -> Result<Reply, QueryError> {
        match query {
            Query::Frame { frame, .. } => self.frame_detail(*frame).map(Reply::Frame),
            Query::Children { frame, value, .. } => self.with_target(*frame, |symbols, _, _, target| {
                let debug = symbols
                    .debug()
                    .ok_or_else(|| invalid("there is no debug information"))?;
                Ok(Reply::Children(debug.children(value, target)))
            }),
            Query::Evaluate {
                frame, expression, ..
            } => self.evaluate(*frame, expression).map(Reply::Value),
            Query::Memory {
                memory,
                address,
                len_bytes,
                ..
            } => self.memory(*memory, *address, *len_bytes).map(Reply::Memory),
            Query::Globals { .. } => Ok(Reply::Globals(self.globals())),
            Query::Table {
                table, first, count, ..
            } => self.table(*table, *first, *count).map(Reply::Table),
            Query::Write { frame, target, .. } => self.write(*frame, target).map(|()| Reply::Written),
            Query::WasmText { .. }
            | Query::LinesWithCode { .. }
            | Query::EmbeddedSource { .. }
            | Query::Native { .. } => Err(invalid("this question is not about a stop")),
        }
    }

    fn row(&self, frame: u32) -> Result<&FrameInfo, QueryError> {
        (self.snapshot.frames.get(frame as usize))
            .ok_or_else(|| invalid(&format!("there is no frame {frame}")))
    }

    /// Calls `read` with a frame's address, its place in the inlined calls there (0 is innermost), and its world.
    fn with_target<T>(
        &self,
        frame: u32,
        read: impl FnOnce(&Symbols, CodeOffset, usize, &FrameTarget<'_>) -> Result<T, QueryError>,
    ) -> Result<T, QueryError> {
        let row = self.row(frame)?;
        let first = (self.snapshot.frames.iter()).position(|other| other.wasm_frame == row.wasm_frame);
        let depth = (frame as usize).saturating_sub(first.unwrap_or(0));
        let at =
            (self.symbols.code_offset(row.pc)).ok_or_else(|| invalid("the frame stands outside the code"))?;
        let values = (self.paused.frame(row.wasm_frame))
            .ok_or_else(|| invalid("the values of this frame cannot be read"))?;
        let target = FrameTarget {
            store: self.paused.store(),
            frame: &values,
        };
        read(self.symbols, at, depth, &target)
    }

    fn module(&self, row: &FrameInfo) -> Option<&Module> {
        let instance = self.paused.head(row.wasm_frame)?.instance;
        self.paused.store().module(instance).map(|module| &**module)
    }

    fn frame_detail(&self, frame: u32) -> Result<FrameDetail, QueryError> {
        let row = self.row(frame)?;
        let module = self
            .module(row)
            .ok_or_else(|| invalid("the frame belongs to no module"))?;
        self.with_target(frame, |symbols, at, depth, target| {
            let (variables, statics) = match symbols.debug() {
                Some(debug) => (debug.variables(at, depth, target), debug.statics(at, target)),
                None => (Vec::new(), Vec::new()),
            };
            let local_name = |index| module.names.locals.get(&(row.func, index)).cloned();
            Ok(FrameDetail {
                frame,
                locals: (target.frame.locals.iter().zip(0..))
                    .map(|(&val, index)| self.slot(index, local_name(index), val, true))
                    .collect(),
                operands: (target.frame.operands.iter().zip(0..))
                    .map(|(&val, index)| self.slot(index, None, val, true))
                    .collect(),
                variables,
                statics,
            })
        })
    }

    fn slot(&self, index: u32, name: Option<String>, val: Val, mutable: bool) -> WasmSlot {
        WasmSlot {
            index,
            name,
            ty: val.ty(),
            bits: val.bits(),
            text: self.val_text(val),
            mutable,
        }
    }

    fn val_text(&self, val: Val) -> String {
        match val {
            Val::FuncRef(bits) if bits != 0 => self.reference_text(bits),
            other => other.to_string(),
        }
    }

    fn reference_text(&self, bits: u64) -> String {
        match self.paused.store().func_of_ref(bits) {
            _ if bits == 0 => "null".to_string(),
            Some((_, func)) => self.symbols.name(func),
            None => format!("host function 0x{bits:x}"),
        }
    }

    fn globals(&self) -> Vec<WasmSlot> {
        let Some(module) = self.paused.store().module(0) else {
            return Vec::new();
        };
        (module.globals.iter().zip(self.symbols.global_names()).zip(0..))
            .filter_map(|((global, name), index)| {
                let val = self.paused.store().global(0, index)?;
                Some(self.slot(index, name.clone(), val, global.mutable))
            })
            .collect()
    }

    fn memory(&mut self, memory: u32, address: u64, len_bytes: u64) -> Result<MemoryBytes, QueryError> {
        let all = (self.paused.store().memory(0, memory))
            .ok_or_else(|| invalid(&format!("there is no memory {memory}")))?;
        let len = len_bytes.min(MOST_MEMORY_LEN_BYTES);
        let start = usize::try_from(address).unwrap_or(usize::MAX).min(all.len());
        let end = start.saturating_add(len as usize).min(all.len());
        let bytes = all.get(start..end).unwrap_or_default();
        let changed = self.before.changed(memory, start, bytes);
        self.before.look(memory, start, end - start);
        Ok(MemoryBytes {
            memory,
            address,
            bytes: bytes.to_vec(),
            changed,
            memory_len_bytes: all.len() as u64,
        })
    }

    fn table(&self, table: u32, first: u32, count: u32) -> Result<TableRows, QueryError> {
        let all = (self.paused.store().table(0, table))
            .ok_or_else(|| invalid(&format!("there is no table {table}")))?;
        let element = (self.paused.store().module(0))
            .and_then(|module| module.tables.get(table as usize))
            .map(|table| table.element);
        let start = (first as usize).min(all.len());
        let end = start
            .saturating_add(count.min(MOST_TABLE_ROWS) as usize)
            .min(all.len());
        let rows = (all.get(start..end).unwrap_or_default().iter())
            .map(|&bits| match element {
                Some(ty) if bits != 0 && ty.erased() == ValType::ExternRef => format!("externref 0x{bits:x}"),
                Some(ty) if ty.erased() == ValType::ExnRef => Val::ExnRef(bits).to_string(),
                _ => self.reference_text(bits),
            })
            .collect();
        Ok(TableRows {
            table,
            first,
            rows,
            len: all.len() as u32,
        })
    }

    fn evaluate(&self, frame: u32, expression: &str) -> Result<ValueNode, QueryError> {
        self.with_target(frame, |symbols, at, depth, target| {
            let debug = symbols
                .debug()
                .ok_or_else(|| invalid("the debug information is still being read"))?;
            Ok(debug.evaluate(expression, at, depth, target)?)
        })
    }

    fn write(&mut self, frame: u32, target: &WriteTarget) -> Result<(), QueryError> {
        let wasm_frame = self.row(frame)?.wasm_frame;
        let written = match target {
            WriteTarget::Local { index, bits } => self.paused.set_local(wasm_frame, *index, *bits),
            WriteTarget::Operand { index, bits } => self.paused.set_operand(wasm_frame, *index, *bits),
            WriteTarget::Global { index, bits } => {
                let mutable = (self.paused.store().module(0))
                    .and_then(|module| module.globals.get(*index as usize))
                    .is_some_and(|global| global.mutable);
                if !mutable {
                    return Err(invalid("this global is constant"));
                }
                self.paused.store_mut().set_global(0, *index, *bits)
            }
            WriteTarget::Memory {
                memory,
                address,
                bytes,
            } => {
                let place = (self.paused.store_mut().memory_mut(0, *memory)).and_then(|all| {
                    let start = usize::try_from(*address).ok()?;
                    all.get_mut(start..start.checked_add(bytes.len())?)
                });
                match place {
                    Some(place) => {
                        place.copy_from_slice(bytes);
                        true
                    }
                    None => false,
                }
            }
        };
        if written {
            Ok(())
        } else {
            Err(invalid(
                "this cannot be written here: it does not exist, or compiled code keeps no place of its own for it",
            ))
        }
    }
}

fn invalid(message: &str) -> QueryError {
    QueryError::Invalid(message.to_string())
}
