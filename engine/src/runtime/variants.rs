//! Compiled code by function and address, and the moving of live frames between variants.
//!
//! # Invariants
//! - A function's reference points at the lazy stub or at the variant that is wanted now.
//! - A frame moves only between equal points: a boundary, or a site by its number.
//! - Variants are kept for the life of the store (a stack frame, or a step that comes back, may need any of them):
//!   what bounds them is the size of code memory.
//!
//! Must not know: why stops are wanted.

use super::native::Native;
use super::store::Store;
use crate::compile::{self, Compiled, FrameMap, PointKind, Stops};
use crate::error::Error;
use std::collections::HashMap;

/// A published variant.
#[derive(Debug)]
pub struct Block {
    /// Address of its code.
    pub start: u64,
    /// Length of its code.
    len: u64,
    /// Its instance.
    pub instance: u32,
    /// Its function there.
    pub func: u32,
    /// Where everything is.
    pub frame_map: FrameMap,
}

impl Block {
    /// An address as an offset in the block.
    pub fn offset_of(&self, address: u64) -> Option<u32> {
        u32::try_from(address.checked_sub(self.start)?).ok()
    }
}

/// All published variants.
#[derive(Debug, Default)]
pub struct Variants {
    /// By address, ascending.
    blocks: Vec<Block>,
    by_func: HashMap<(u32, u32), HashMap<Stops, usize>>,
    /// Functions whose reference points at a variant.
    linked: Vec<(u32, u32)>,
}

impl Variants {
    /// The block that a return address belongs to: the one that contains the byte before it.
    pub fn block_at(&self, address: u64) -> Option<&Block> {
        let address = address.checked_sub(1)?;
        let after = self.blocks.partition_point(|block| block.start <= address);
        let block = self.blocks.get(after.checked_sub(1)?)?;
        (address - block.start < block.len).then_some(block)
    }

    fn get(&self, instance: u32, func: u32, stops: &Stops) -> Option<usize> {
        self.by_func.get(&(instance, func))?.get(stops).copied()
    }

    fn add(&mut self, block: Block, stops: Stops) -> usize {
        let index = self.blocks.len();
        self.by_func
            .entry((block.instance, block.func))
            .or_default()
            .insert(stops, index);
        self.blocks.push(block);
        index
    }
}

impl Native {
    /// Moves frames of an activation: `target` names the block for a frame of (instance, function), if it is to
    /// move.
    fn move_frames(&mut self, activation: usize, target: &HashMap<(u32, u32), usize>) -> Result<(), Error> {
        self.move_first_frame(activation, target)?;
        // A recursion has few distinct return addresses.
        let mut moved: HashMap<u64, Option<u64>> = HashMap::new();
        let mut frame = self.first_frame(activation);
        while let Some(caller) = frame.and_then(|frame| self.caller(&frame)) {
            let to = match moved.get(&caller.pc) {
                Some(&to) => to,
                None => {
                    let to = self.moved_return_address(caller.pc, target)?;
                    moved.insert(caller.pc, to);
                    to
                }
            };
            let mut caller = caller;
            if let Some(to) = to {
                self.stack_mut().write(caller.pc_slot, to);
                caller.pc = to;
            }
            frame = Some(caller);
        }
        Ok(())
    }

    /// Where a caller's return address moves to.
    fn moved_return_address(
        &self,
        address: u64,
        target: &HashMap<(u32, u32), usize>,
    ) -> Result<Option<u64>, Error> {
        let Some(block) = self.variants.block_at(address) else {
            return Ok(None);
        };
        let Some(to) = target
            .get(&(block.instance, block.func))
            .and_then(|&to| self.variants.blocks.get(to))
        else {
            return Ok(None);
        };
        if to.start == block.start {
            return Ok(None);
        }
        let point = block
            .offset_of(address)
            .and_then(|offset| block.frame_map.point(offset, false));
        let native = match point.map(|point| point.kind) {
            Some(PointKind::CallSite(site)) => to.frame_map.native_from_site(site),
            _ => None,
        };
        let native = native.ok_or_else(|| no_such_point(block))?;
        Ok(Some(to.start + u64::from(native)))
    }

    /// Moves frame 0 of an activation, unless it cannot go on anyway.
    fn move_first_frame(
        &mut self,
        activation: usize,
        target: &HashMap<(u32, u32), usize>,
    ) -> Result<(), Error> {
        let state = self.activations().get(activation);
        if state.is_none_or(|state| state.faulted || state.trapped) {
            return Ok(());
        }
        let Some(rip) = self.context_of(activation).map(|context| context.rip) else {
            return Ok(());
        };
        let Some(block) = self.variants.block_at(rip) else {
            return Ok(());
        };
        let Some(to) = target
            .get(&(block.instance, block.func))
            .and_then(|&to| self.variants.blocks.get(to))
        else {
            return Ok(());
        };
        if to.start == block.start {
            return Ok(());
        }
        // Asked for before moving: the new address alone may not tell.
        let native = match self.first_point(activation).map(|point| point.kind) {
            Some(PointKind::Boundary(boundary)) => to.frame_map.native_from_boundary(boundary),
            Some(PointKind::CallSite(site) | PointKind::LibcallSite(site) | PointKind::TickSite(site)) => {
                to.frame_map.native_from_site(site)
            }
            Some(PointKind::Trap(_)) => return Ok(()),
            None => None,
        };
        let rip = to.start + u64::from(native.ok_or_else(|| no_such_point(block))?);
        self.set_rip_of(activation, rip);
        Ok(())
    }

    /// Functions with live frames.
    fn live_funcs(&self) -> Vec<(u32, u32)> {
        let mut funcs = std::collections::HashSet::new();
        for activation in 0..self.activations().len() {
            let mut frame = self.first_frame(activation);
            while let Some(present) = frame {
                if let Some(block) = self.variants.block_at(present.pc) {
                    funcs.insert((block.instance, block.func));
                }
                frame = self.caller(&present);
            }
        }
        funcs.into_iter().collect()
    }
}

/// The compiler and the runtime disagree.
fn no_such_point(block: &Block) -> Error {
    Error::Host(format!(
        "function {} of instance {} stands where its frame map has no point",
        block.func, block.instance
    ))
}

impl Store {
    /// The variant of a function with given stops, compiled if it is not there yet.
    fn variant(&mut self, instance: u32, func: u32, stops: &Stops) -> Result<usize, Error> {
        let (Some(native), Some(of)) = (&mut self.native, self.instances.get(instance as usize)) else {
            return Err(Error::Usage(format!("there is no compiled instance {instance}")));
        };
        if let Some(index) = native.variants.get(instance, func, stops) {
            return Ok(index);
        }
        let Compiled { code, frame_map } = compile::compile(&of.module, &of.layout, func, stops)?;
        let block = Block {
            start: native.publish(&code)?,
            len: code.len() as u64,
            instance,
            func,
            frame_map,
        };
        Ok(native.variants.add(block, stops.clone()))
    }

    /// Compiles the variant of a function that is wanted now and points its reference at it; its address.
    pub(super) fn link_code(&mut self, instance: u32, func: u32) -> Result<u64, Error> {
        let stops = self.stops.of(instance, func).clone();
        let index = self.variant(instance, func, &stops)?;
        let Some(native) = &mut self.native else {
            return Err(Error::Usage("nothing is compiled in this store".to_string()));
        };
        let code = native.variants.blocks.get(index).map_or(0, |block| block.start);
        if let Some(of) = self.instances.get_mut(instance as usize) {
            if of.code(func) == Some(native.lazy_stub()) {
                native.variants.linked.push((instance, func));
            }
            of.set_code(func, code);
        }
        Ok(code)
    }

    /// Makes compiled code do what is wanted of a function: compiles, links, moves its live frames.
    pub(super) fn apply_stops(&mut self, instance: u32, func: u32) -> Result<(), Error> {
        if self.native.is_none() {
            return Ok(());
        }
        self.link_code(instance, func)?;
        self.move_live_frames(&[(instance, func)])
    }

    /// Makes compiled code follow a change of flood: functions get their variant when they are called next, live
    /// frames now.
    pub(super) fn apply_flood(&mut self) -> Result<(), Error> {
        let Some(native) = &mut self.native else {
            return Ok(());
        };
        let lazy = native.lazy_stub();
        for (instance, func) in std::mem::take(&mut native.variants.linked) {
            if let Some(of) = self.instances.get_mut(instance as usize) {
                of.set_code(func, lazy);
            }
        }
        let live = native.live_funcs();
        self.move_live_frames(&live)
    }

    /// Moves all live frames of some functions to the variants wanted now.
    fn move_live_frames(&mut self, funcs: &[(u32, u32)]) -> Result<(), Error> {
        let active = self
            .native
            .as_ref()
            .map_or(0, |native| native.activations().len());
        if active == 0 {
            return Ok(());
        }
        let mut target = HashMap::new();
        for &(instance, func) in funcs {
            let stops = self.stops.of(instance, func).clone();
            target.insert((instance, func), self.variant(instance, func, &stops)?);
        }
        if let Some(native) = &mut self.native {
            for activation in 0..active {
                native.move_frames(activation, &target)?;
            }
        }
        Ok(())
    }

    /// Moves frame 0 of the innermost guest to its variant with the given stops, or (`None`) to the one wanted.
    pub(super) fn move_innermost(&mut self, stops: Option<&Stops>) -> Result<(), Error> {
        let Some(native) = &self.native else { return Ok(()) };
        let Some(innermost) = native.activations().len().checked_sub(1) else {
            return Ok(());
        };
        let Some(block) = native.variants.block_at(native.context().rip) else {
            return Ok(());
        };
        let (instance, func) = (block.instance, block.func);
        let stops = stops.unwrap_or(self.stops.of(instance, func)).clone();
        let to = self.variant(instance, func, &stops)?;
        match &mut self.native {
            Some(native) => native.move_first_frame(innermost, &HashMap::from([((instance, func), to)])),
            None => Ok(()),
        }
    }
}
