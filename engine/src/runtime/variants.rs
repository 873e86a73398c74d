//! Compiled code by function and address, and the moving of live frames between variants.
//!
//! # Invariants
//! - A function's reference points at the lazy stub or at the variant that is wanted now.
//! - Who asks for stops waits for the compiling of what is small or stands on the stack; a long function gets its variant
//!   when it is called next.
//! - A frame moves only between equal points: a boundary, or a site by its number.
//! - Clean code and the variant with all stops are kept for the life of the store; a variant with some stops goes
//!   when others are wanted and no frame stands in it, so that a long session does not fill code memory.
//!
//! Must not know: why stops are wanted.

use super::native::Native;
use super::store::Store;
use super::unwind::RawFrame;
use crate::compile::{
    self, CalleeSaved, Code, Cursor, FrameMap, Handlers, Instrumentation, PointKind, Stops,
};
use crate::error::Error;
use crate::module::Module;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use wasmparser::{BinaryReader, Operator, OperatorsReader};

/// The longest body that is compiled while somebody waits for a breakpoint: of ordinary code, in about half a millisecond.
const SHORT_BODY_BYTES: usize = 16 << 10;

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
    /// Where its frames save callers' registers.
    pub callee_saved: CalleeSaved,
    /// What it throws and catches, if anything.
    handlers: Option<Box<Handlers>>,
    /// Where everything is: made when it is asked for, if not before.
    frame_map: OnceCell<Box<(FrameMap, RefCell<Cursor>)>>,
    /// What it was compiled from.
    module: Arc<Module>,
    with: Instrumentation,
}

impl Block {
    /// Where everything is. Clean code is compiled again for it when somebody looks at its frames for the first time.
    #[inline]
    pub fn frame_map(&self) -> &FrameMap {
        &self.frame_map_and_cursor().0
    }

    /// Everything's place, and where that was read last.
    #[inline]
    pub fn frame_map_and_cursor(&self) -> &(FrameMap, RefCell<Cursor>) {
        match self.frame_map.get() {
            Some(map) => map,
            None => self.make_frame_map(),
        }
    }

    #[cold]
    fn make_frame_map(&self) -> &(FrameMap, RefCell<Cursor>) {
        self.frame_map.get_or_init(|| {
            let layout = self.module.vm_layout();
            let map = match compile::compile(&self.module, &layout, self.func, self.with.clone()) {
                Ok(compiled) if compiled.code.len() as u64 == self.len => compiled.frame_map,
                // Cannot be; a map without points is found out by who looks for one.
                _ => FrameMap::default(),
            };
            Box::new((map, RefCell::default()))
        })
    }

    /// What it throws and catches, if anything.
    pub fn handlers(&self) -> Option<&Handlers> {
        self.handlers.as_deref()
    }

    /// An address as an offset in the block.
    pub fn offset_of(&self, address: u64) -> Option<u32> {
        u32::try_from(address.checked_sub(self.start)?).ok()
    }
}

/// All published variants.
#[derive(Debug, Default)]
pub struct Variants {
    /// By address.
    blocks: BTreeMap<u64, Block>,
    /// Addresses of a function's variants; few.
    by_func: HashMap<(u32, u32), Vec<(Instrumentation, u64)>>,
    /// Functions whose reference points at a variant.
    linked: BTreeSet<(u32, u32)>,
}

impl Variants {
    /// The block that a return address belongs to: the one that contains the byte before it.
    pub fn block_at(&self, address: u64) -> Option<&Block> {
        let address = address.checked_sub(1)?;
        let (start, block) = self.blocks.range(..=address).next_back()?;
        (address - start < block.len).then_some(block)
    }

    /// The block that begins at an address.
    pub fn block(&self, start: u64) -> Option<&Block> {
        self.blocks.get(&start)
    }

    fn get(&self, instance: u32, func: u32, with: &Instrumentation) -> Option<u64> {
        let variants = self.by_func.get(&(instance, func))?;
        let found = variants.iter().find(|(other, _)| other == with)?;
        Some(found.1)
    }

    fn add(&mut self, block: Block, with: Instrumentation) -> u64 {
        let start = block.start;
        self.by_func
            .entry((block.instance, block.func))
            .or_default()
            .push((with, start));
        self.blocks.insert(start, block);
        start
    }

    /// Takes out a function's variants with some stops, but for the wanted ones and those that `stands_in` names.
    fn take_unwanted(
        &mut self,
        instance: u32,
        func: u32,
        wanted: &Instrumentation,
        stands_in: impl Fn(u64) -> bool,
    ) -> Vec<Block> {
        let Some(variants) = self.by_func.get_mut(&(instance, func)) else {
            return Vec::new();
        };
        let unwanted = variants.extract_if(.., |(with, start)| {
            matches!(with.stops, Stops::At(_)) && with != wanted && !stands_in(*start)
        });
        (unwanted.filter_map(|(_, start)| self.blocks.remove(&start))).collect()
    }
}

impl Native {
    /// Moves frames of an activation: `target` names the block for a frame of (instance, function), if it is to
    /// move.
    fn move_frames(&mut self, activation: usize, target: &HashMap<(u32, u32), u64>) -> Result<(), Error> {
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
        target: &HashMap<(u32, u32), u64>,
    ) -> Result<Option<u64>, Error> {
        let Some(block) = self.variants.block_at(address) else {
            return Ok(None);
        };
        let Some(to) = target
            .get(&(block.instance, block.func))
            .and_then(|to| self.variants.blocks.get(to))
        else {
            return Ok(None);
        };
        if to.start == block.start {
            return Ok(None);
        }
        let point = block
            .offset_of(address)
            .and_then(|offset| block.frame_map().point(offset, false));
        let native = match point.map(|point| point.kind) {
            Some(PointKind::CallSite(site)) => to.frame_map().native_from_site(site),
            _ => None,
        };
        let native = native.ok_or_else(|| no_such_point(block))?;
        Ok(Some(to.start + u64::from(native)))
    }

    /// Moves frame 0 of an activation, unless it cannot go on anyway.
    fn move_first_frame(
        &mut self,
        activation: usize,
        target: &HashMap<(u32, u32), u64>,
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
            .and_then(|to| self.variants.blocks.get(to))
        else {
            return Ok(());
        };
        if to.start == block.start {
            return Ok(());
        }
        // Asked for before moving: the new address alone may not tell.
        let native = match self.first_point(activation).map(|point| point.kind) {
            Some(PointKind::Boundary(boundary)) => to.frame_map().native_from_boundary(boundary),
            Some(PointKind::CallSite(site) | PointKind::LibcallSite(site) | PointKind::TickSite(site)) => {
                to.frame_map().native_from_site(site)
            }
            Some(PointKind::AfterStore(boundary)) => to.frame_map().native_before_boundary(boundary),
            Some(PointKind::Trap(_)) => return Ok(()),
            None => None,
        };
        let rip = to.start + u64::from(native.ok_or_else(|| no_such_point(block))?);
        self.set_rip_of(activation, rip);
        Ok(())
    }

    /// The frame in which the innermost guest comes to its next boundary: frame 0, or a caller of it where the frames
    /// further in return as soon as their calls do.
    fn next_at_boundary(&self) -> Option<(RawFrame, &Block)> {
        let innermost = self.activations().len().checked_sub(1)?;
        let mut frame = self.first_frame(innermost)?;
        let mut block = self.block_of_first_frame(innermost)?;
        let mut call = match self.first_point(innermost)? {
            point if matches!(point.kind, PointKind::CallSite(_)) => Some(point.offset),
            _ => None,
        };
        while call.is_some_and(|offset| is_tail_call(&block.module, offset)) {
            frame = self.caller(&frame)?;
            block = self.variants.block_at(frame.pc)?;
            call = block.frame_map().call_before(block.offset_of(frame.pc)?);
        }
        Some((frame, block))
    }

    /// Frees a function's variants that nothing needs, after its live frames have moved to the wanted one.
    fn release_unwanted(&mut self, instance: u32, func: u32, wanted: &Instrumentation) {
        // Frames that cannot go on have stayed where they were.
        let standing: Vec<u64> = (0..self.activations().len())
            .filter_map(|activation| self.block_of_first_frame(activation))
            .map(|block| block.start)
            .collect();
        let blocks = (self.variants).take_unwanted(instance, func, wanted, |start| standing.contains(&start));
        for block in blocks {
            self.release(block.start, block.len as usize);
        }
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

/// Whether the instruction at a file offset is a call in tail position, which in a frame that is still there is a call and
/// a return without a boundary between them.
fn is_tail_call(module: &Module, offset: u64) -> bool {
    let code = usize::try_from(offset).ok().and_then(|at| module.bytes.get(at..));
    let operator = code.and_then(|code| {
        let mut reader = OperatorsReader::new(BinaryReader::new(code, offset));
        reader.read().ok()
    });
    matches!(
        operator,
        Some(
            Operator::ReturnCall { .. }
                | Operator::ReturnCallIndirect { .. }
                | Operator::ReturnCallRef { .. }
        )
    )
}

fn no_such_instance(instance: u32) -> Error {
    Error::Usage(format!("there is no compiled instance {instance}"))
}

/// The compiler and the runtime disagree.
fn no_such_point(block: &Block) -> Error {
    Error::Host(format!(
        "function {} of instance {} stands where its frame map has no point",
        block.func, block.instance
    ))
}

impl Store {
    /// The address of the variant of a function with given instrumentation, compiled if it is not there yet.
    pub(super) fn variant(&mut self, instance: u32, func: u32, with: &Instrumentation) -> Result<u64, Error> {
        let (Some(native), Some(of)) = (&self.native, self.instances.get(instance as usize)) else {
            return Err(no_such_instance(instance));
        };
        if let Some(start) = native.variants.get(instance, func, with) {
            return Ok(start);
        }
        let frame_map = OnceCell::new();
        // Twins are there to be looked at.
        let code = if with.stops == Stops::None {
            compile::compile_code(&of.module, &of.layout, func, with.clone())?
        } else {
            let compiled = compile::compile(&of.module, &of.layout, func, with.clone())?;
            frame_map.get_or_init(|| Box::new((compiled.frame_map, RefCell::default())));
            Code {
                bytes: compiled.code,
                callee_saved: compiled.callee_saved,
                handlers: compiled.handlers,
            }
        };
        self.add_variant(instance, func, with, code, frame_map)
    }

    /// Publishes a variant that is not there yet; its address.
    fn add_variant(
        &mut self,
        instance: u32,
        func: u32,
        with: &Instrumentation,
        code: Code,
        frame_map: OnceCell<Box<(FrameMap, RefCell<Cursor>)>>,
    ) -> Result<u64, Error> {
        let (Some(native), Some(of)) = (&mut self.native, self.instances.get(instance as usize)) else {
            return Err(no_such_instance(instance));
        };
        let block = Block {
            start: native.publish(&code.bytes)?,
            len: code.bytes.len() as u64,
            instance,
            func,
            callee_saved: code.callee_saved,
            handlers: (!code.handlers.is_empty()).then(|| Box::new(code.handlers)),
            frame_map,
            module: of.module.clone(),
            with: with.clone(),
        };
        Ok(native.variants.add(block, with.clone()))
    }

    /// Compiles all functions of an instance on so many threads (0: as many as the machine runs at once), instead of each
    /// when it is called first. A function that cannot be compiled says so when it is called, as ever. Nothing happens
    /// where the interpreter runs.
    pub fn compile_all(&mut self, instance: u32, threads: usize) -> Result<(), Error> {
        if self.native.is_none() {
            return Ok(());
        }
        let Some(of) = self.instances.get(instance as usize) else {
            return Err(no_such_instance(instance));
        };
        let (module, layout) = (of.module.clone(), of.layout.clone());
        let clean = Instrumentation::from(&Stops::None);
        let mut full = false;
        // In the order of the functions, so that their addresses do not depend on the threads either.
        let outcome = compile::compile_all(&module, &layout, threads, |func, code| {
            let Ok(code) = code else { return Ok(()) };
            let there = (self.native.as_ref()).and_then(|native| native.variants.get(instance, func, &clean));
            if there.is_none() {
                self.add_variant(instance, func, &clean, code, OnceCell::new())
                    .inspect_err(|_| full = true)?;
            }
            if self.stops.instrumentation(instance, func, None) == clean {
                self.link_code(instance, func)?;
            }
            Ok(())
        });
        // What there is no room for may never be called.
        if full { Ok(()) } else { outcome }
    }

    /// Compiles the variant of a function that is wanted now and points its reference at it; its address.
    pub(super) fn link_code(&mut self, instance: u32, func: u32) -> Result<u64, Error> {
        let with = self.stops.instrumentation(instance, func, None);
        let code = self.variant(instance, func, &with)?;
        let Some(native) = &mut self.native else {
            return Err(Error::Usage("nothing is compiled in this store".to_string()));
        };
        if let Some(of) = self.instances.get_mut(instance as usize) {
            if of.code(func) == Some(native.lazy_stub()) {
                native.variants.linked.insert((instance, func));
            }
            of.set_code(func, code);
        }
        Ok(code)
    }

    /// Has the wanted variant of a function compiled when it is called next.
    fn unlink_code(&mut self, instance: u32, func: u32) {
        if let (Some(native), Some(of)) = (&mut self.native, self.instances.get_mut(instance as usize))
            && native.variants.linked.remove(&(instance, func))
        {
            of.set_code(func, native.lazy_stub());
        }
    }

    /// Whether what is wanted of a function can wait until it is called: that takes long, cannot fail for a frame that is
    /// too large, of which who asks for stops is told at once, and no frame of it is there to be moved.
    fn can_wait(&self, instance: u32, func: u32) -> bool {
        let (Some(native), Some(of)) = (&self.native, self.instances.get(instance as usize)) else {
            return false;
        };
        let len_bytes = of.module.body(func).map_or(0, |body| body.range.len());
        len_bytes > SHORT_BODY_BYTES
            && compile::frame_surely_fits(&of.module, func)
            && !native.live_funcs().contains(&(instance, func))
    }

    /// Makes compiled code do what is wanted of a function: compiles, links, moves its live frames.
    pub(super) fn apply_stops(&mut self, instance: u32, func: u32) -> Result<(), Error> {
        if self.native.is_none() {
            return Ok(());
        }
        if self.can_wait(instance, func) {
            self.unlink_code(instance, func);
        } else {
            self.link_code(instance, func)?;
            self.move_live_frames(&[(instance, func)])?;
        }
        let wanted = self.stops.instrumentation(instance, func, None);
        if let Some(native) = &mut self.native {
            native.release_unwanted(instance, func, &wanted);
        }
        Ok(())
    }

    /// Makes compiled code follow a change of flood, or of whether stores are watched: functions get their variant when
    /// they are called next, live frames now.
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
            let with = self.stops.instrumentation(instance, func, None);
            target.insert((instance, func), self.variant(instance, func, &with)?);
        }
        if let Some(native) = &mut self.native {
            for activation in 0..active {
                native.move_frames(activation, &target)?;
            }
        }
        Ok(())
    }

    /// Moves frame 0 of the innermost guest to the variant that is wanted.
    pub(super) fn move_innermost(&mut self) -> Result<(), Error> {
        let Some(native) = &self.native else { return Ok(()) };
        let Some(block) = native.variants.block_at(native.context().rip) else {
            return Ok(());
        };
        let func = (block.instance, block.func);
        self.move_one(None, func, None)
    }

    /// Moves the frame in which the innermost guest comes to its next boundary to the variant with all stops. Where no
    /// frame does, the guest is about to end.
    pub(super) fn stop_at_next_boundary(&mut self) -> Result<(), Error> {
        let Some((frame, block)) = self.native.as_ref().and_then(Native::next_at_boundary) else {
            return Ok(());
        };
        let func = (block.instance, block.func);
        self.move_one(Some(frame), func, Some(&Stops::All))
    }

    /// Moves a frame of the innermost guest (`None`: frame 0) to the variant of its function with the given stops, or
    /// (`None`) to the one wanted.
    fn move_one(
        &mut self,
        frame: Option<RawFrame>,
        (instance, func): (u32, u32),
        stops: Option<&Stops>,
    ) -> Result<(), Error> {
        let with = self.stops.instrumentation(instance, func, stops);
        let target = HashMap::from([((instance, func), self.variant(instance, func, &with)?)]);
        let Some(native) = &mut self.native else {
            return Ok(());
        };
        match frame.filter(|frame| frame.pc_slot != 0) {
            Some(caller) => {
                if let Some(to) = native.moved_return_address(caller.pc, &target)? {
                    native.stack_mut().write(caller.pc_slot, to);
                }
                Ok(())
            }
            None => match native.activations().len().checked_sub(1) {
                Some(innermost) => native.move_first_frame(innermost, &target),
                None => Ok(()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::decode;
    use crate::runtime::paused::{Paused, Resume, StopCause, StopHandler, TickAction};
    use crate::runtime::store::{Backend, CallOutcome, Extern};
    use crate::types::Val;

    const FIB: &str = r#"(module (func $fib (export "fib") (param i32) (result i32)
        (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
          (then (local.get 0))
          (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                         (call $fib (i32.sub (local.get 0) (i32.const 2))))))))"#;

    /// Wants other stops at each stop.
    struct Restless {
        offsets: Vec<u64>,
        stops: usize,
        most_blocks: usize,
        end: usize,
    }

    impl StopHandler for Restless {
        fn on_stop(&mut self, paused: &mut Paused<'_>, _: &StopCause) -> Resume {
            self.stops += 1;
            let depth = paused.depth();
            let other = self.offsets[self.stops % self.offsets.len()];
            let stops = Stops::at([self.offsets[0], other]);
            paused.set_stops(0, 0, stops).expect("compiles");
            assert_eq!(paused.depth(), depth);
            assert!((0..depth).all(|frame| paused.frame(frame).is_some()));
            let native = paused.store().native.as_ref().expect("compiled");
            self.most_blocks = self.most_blocks.max(native.variants.blocks.len());
            self.end = native.code_end();
            Resume::Continue
        }

        fn on_interrupt(&mut self, _: &mut Paused<'_>) -> TickAction {
            TickAction::Continue
        }
    }

    #[test]
    fn stops_that_change_for_ever_take_no_more_room() {
        let Ok(mut store) = Store::new(Backend::Compiled) else {
            return;
        };
        let module = decode(wat::parse_str(FIB).expect("text").into()).expect("valid");
        let offsets = crate::module::text::operator_offsets(&module, 0);
        store.instantiate(module).expect("links").expect("no trap");
        let Some(Extern::Func(fib)) = store.export(0, "fib") else {
            panic!("no fib")
        };
        store.set_stops(0, 0, Stops::at([offsets[0]])).expect("compiles");
        let mut restless = Restless {
            offsets,
            stops: 0,
            most_blocks: 0,
            end: 0,
        };
        let mut ends = Vec::new();
        for _ in 0..3 {
            let outcome = store.call(fib, &[Val::I32(12)], &mut restless);
            assert_eq!(outcome, Ok(CallOutcome::Returned(vec![Val::I32(144)])));
            ends.push(restless.end);
        }
        assert!(restless.stops > 1000, "{}", restless.stops);
        assert!(restless.most_blocks <= 2, "{}", restless.most_blocks);
        assert_eq!(ends[0], ends[2]);
    }
}
