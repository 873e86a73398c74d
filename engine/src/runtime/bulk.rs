//! Bulk operations on memories and tables: what instantiation and the libcalls of compiled code share.
//!
//! # Invariants
//! - Bounds come first: an operation that traps has changed nothing.
//! - A segment that does not fit its use is out of bounds, whichever end is the wrong one.
//!
//! Must not know: where operands come from.

use super::instance::Instance;
use super::memory::Memory;
use super::store::Store;
use super::table::{MAX_ELEMENTS_OF_STORE, Table};
use crate::error::TrapKind;
use std::ops::Range;
use std::sync::Arc;

/// Destination, source or value, and length of an operation.
pub type Operands = (u64, u64, u64);

/// `len` elements at `start`; one that nothing has where there is no such number.
fn span(start: u64, len: u64) -> Range<usize> {
    let end = start.checked_add(len).and_then(|end| usize::try_from(end).ok());
    match (usize::try_from(start), end) {
        (Ok(start), Some(end)) => start..end,
        _ => usize::MAX..usize::MAX,
    }
}

impl Store {
    fn instance_memory(&mut self, instance: u32, memory: u32) -> Option<&mut Memory> {
        let number = *self.instance(instance)?.memories.get(memory as usize)?;
        self.memories.get_mut(number as usize)
    }

    fn instance_table(&mut self, instance: u32, table: u32) -> Option<&mut Table> {
        let number = *self.instance(instance)?.tables.get(table as usize)?;
        self.tables.get_mut(number as usize)
    }

    fn instance_mut(&mut self, instance: u32) -> Option<&mut Instance> {
        self.instances.get_mut(instance as usize)
    }

    /// `memory.grow`: the old length in pages, or `None` if refused.
    pub(super) fn memory_grow(&mut self, instance: u32, memory: u32, delta: u64) -> Option<u32> {
        self.instance_memory(instance, memory)?.grow(delta)
    }

    /// `table.grow`: the old length, or `None` if refused.
    pub(super) fn table_grow(&mut self, instance: u32, table: u32, delta: u64, init: u64) -> Option<u32> {
        if self.table_elements().saturating_add(delta) > MAX_ELEMENTS_OF_STORE {
            return None;
        }
        self.instance_table(instance, table)?.grow(delta, init)
    }

    /// Elements of all tables together.
    pub(super) fn table_elements(&self) -> u64 {
        self.tables.iter().map(|table| u64::from(table.len())).sum()
    }

    /// `memory.fill` with a byte.
    pub(super) fn memory_fill(
        &mut self,
        instance: u32,
        memory: u32,
        (at, value, len): Operands,
    ) -> Result<(), TrapKind> {
        (self.memory_mut(instance, memory))
            .and_then(|bytes| bytes.get_mut(span(at, len)))
            .ok_or(TrapKind::MemoryOutOfBounds)?
            .fill(value as u8);
        Ok(())
    }

    /// `memory.copy`; memories are (destination, source).
    pub(super) fn memory_copy(
        &mut self,
        instance: u32,
        (to, from): (u32, u32),
        (at, source, len): Operands,
    ) -> Result<(), TrapKind> {
        self.try_memory_copy(instance, (to, from), span(at, len), span(source, len))
            .ok_or(TrapKind::MemoryOutOfBounds)
    }

    fn try_memory_copy(
        &mut self,
        instance: u32,
        (to, from): (u32, u32),
        target: Range<usize>,
        source: Range<usize>,
    ) -> Option<()> {
        let memories = &self.instance(instance)?.memories;
        let (to, from) = (
            *memories.get(to as usize)? as usize,
            *memories.get(from as usize)? as usize,
        );
        if to == from {
            let bytes = self.memories.get_mut(to)?.bytes_mut();
            bytes.get(source.clone())?;
            bytes.get(target.clone())?;
            bytes.copy_within(source, target.start);
            return Some(());
        }
        let [to, from] = self.memories.get_disjoint_mut([to, from]).ok()?;
        let source = from.bytes().get(source)?;
        to.bytes_mut().get_mut(target)?.copy_from_slice(source);
        Some(())
    }

    /// `memory.init` from a data segment.
    pub(super) fn memory_init(
        &mut self,
        instance: u32,
        memory: u32,
        segment: u32,
        (at, source, len): Operands,
    ) -> Result<(), TrapKind> {
        let data = self.data(instance, segment);
        let source = data.get(span(source, len)).ok_or(TrapKind::MemoryOutOfBounds)?;
        (self.memory_mut(instance, memory))
            .and_then(|bytes| bytes.get_mut(span(at, len)))
            .ok_or(TrapKind::MemoryOutOfBounds)?
            .copy_from_slice(source);
        Ok(())
    }

    /// A data segment (empty once dropped).
    pub(super) fn data(&self, instance: u32, segment: u32) -> Arc<[u8]> {
        let segment = self
            .instance(instance)
            .and_then(|instance| instance.data.get(segment as usize));
        segment.cloned().unwrap_or_default()
    }

    /// `data.drop`.
    pub(super) fn data_drop(&mut self, instance: u32, segment: u32) {
        if let Some(segment) = (self.instance_mut(instance)).and_then(|i| i.data.get_mut(segment as usize)) {
            *segment = Arc::default();
        }
    }

    /// `table.fill` with a reference.
    pub(super) fn table_fill(
        &mut self,
        instance: u32,
        table: u32,
        (at, len): (u64, u64),
        value: u64,
    ) -> Result<(), TrapKind> {
        (self.instance_table(instance, table))
            .and_then(|table| table.elements_mut().get_mut(span(at, len)))
            .ok_or(TrapKind::TableOutOfBounds)?
            .fill(value);
        Ok(())
    }

    /// `table.copy`; tables are (destination, source).
    pub(super) fn table_copy(
        &mut self,
        instance: u32,
        (to, from): (u32, u32),
        (at, source, len): Operands,
    ) -> Result<(), TrapKind> {
        self.try_table_copy(instance, (to, from), span(at, len), span(source, len))
            .ok_or(TrapKind::TableOutOfBounds)
    }

    fn try_table_copy(
        &mut self,
        instance: u32,
        (to, from): (u32, u32),
        target: Range<usize>,
        source: Range<usize>,
    ) -> Option<()> {
        let tables = &self.instance(instance)?.tables;
        let (to, from) = (
            *tables.get(to as usize)? as usize,
            *tables.get(from as usize)? as usize,
        );
        if to == from {
            let elements = self.tables.get_mut(to)?.elements_mut();
            elements.get(source.clone())?;
            elements.get(target.clone())?;
            elements.copy_within(source, target.start);
            return Some(());
        }
        let [to, from] = self.tables.get_disjoint_mut([to, from]).ok()?;
        let source = from.elements().get(source)?;
        to.elements_mut().get_mut(target)?.copy_from_slice(source);
        Some(())
    }

    /// `table.init` from an element segment.
    pub(super) fn table_init(
        &mut self,
        instance: u32,
        table: u32,
        segment: u32,
        (at, source, len): Operands,
    ) -> Result<(), TrapKind> {
        let elements = self.elements(instance, segment);
        let source = elements
            .get(span(source, len))
            .ok_or(TrapKind::TableOutOfBounds)?;
        (self.instance_table(instance, table))
            .and_then(|table| table.elements_mut().get_mut(span(at, len)))
            .ok_or(TrapKind::TableOutOfBounds)?
            .copy_from_slice(source);
        Ok(())
    }

    /// An element segment (empty once dropped).
    pub(super) fn elements(&self, instance: u32, segment: u32) -> Arc<[u64]> {
        let segment = self
            .instance(instance)
            .and_then(|instance| instance.elements.get(segment as usize));
        segment.cloned().unwrap_or_default()
    }

    /// `elem.drop`.
    pub(super) fn elem_drop(&mut self, instance: u32, segment: u32) {
        if let Some(segment) =
            (self.instance_mut(instance)).and_then(|i| i.elements.get_mut(segment as usize))
        {
            *segment = Arc::default();
        }
    }
}
