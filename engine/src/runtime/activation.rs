//! One call of compiled code: resume the guest, see why it left, serve it, resume it again.
//!
//! # Invariants
//! - The handler is called with the guest parked; whatever it changes is what the guest goes on with.
//! - A pause stops at the next boundary: the one frame that comes to it runs on in its variant with all stops, until it is
//!   reached.
//!
//! Must not know: how the switch works, how frames are read.

use super::entry::{Exit, R8, R15, RAX, RCX, RDI, RDX, RSI};
use super::host::HostError;
use super::native::{Activation, Entry};
use super::paused::{Guest, Paused, Resume, StopCause, StopHandler, TickAction, Trap};
use super::store::{CallOutcome, Store};
use super::trap;
use super::unwind::NativeFrames;
use super::watch::{Stored, stored_by_libcall};
use crate::compile::PointKind;
use crate::error::{Error, TrapKind};
use crate::interp::Callee;
use crate::layout::{CallLayout, vmctx};
use crate::types::{FuncType, Val};

/// Calls a wasm function.
pub fn call(
    store: &mut Store,
    func: u32,
    ty: &FuncType,
    args: &[Val],
    handler: &mut dyn StopHandler,
) -> Result<CallOutcome, Error> {
    trap::prepare_thread()?;
    let layout = CallLayout::new(ty);
    let entered = enter(store, func, &layout, args)?;
    if !entered {
        return Ok(trapped_before_entry(store, handler));
    }
    let outcome = Call {
        layout: &layout,
        ty,
        pending: Vec::new(),
    }
    .run(store, handler);
    if let Some(native) = &mut store.native {
        native.end();
    }
    outcome
}

/// Sets a guest up at the entry of a function; `false` if its stack has no room.
fn enter(store: &mut Store, func: u32, layout: &CallLayout, args: &[Val]) -> Result<bool, Error> {
    let callee = store
        .funcs
        .get(func as usize)
        .map(|func| (func.callee, func.reference));
    let Some((Callee::Wasm { instance, func }, reference)) = callee else {
        return Err(Error::Usage(format!("function {func} is not a wasm function")));
    };
    let code = store.link_code(instance, func)?;
    let interrupted = store.interrupt.is_raised();
    let (Some(native), Some(of)) = (&mut store.native, store.instances.get(instance as usize)) else {
        return Err(broken("no compiled code"));
    };
    let entry = Entry {
        code,
        reference,
        vmctx: of.vmctx.address(),
        memory_base: of.vmctx.get_u64(vmctx::MEMORY0_BASE as u32),
        slice: if interrupted { 0 } else { native.slice.first() },
        layout,
    };
    Ok(native.begin(&entry, args))
}

/// A call made while a guest waits, with no room left on the stack.
fn trapped_before_entry(store: &mut Store, handler: &mut dyn StopHandler) -> CallOutcome {
    let trap = Trap {
        kind: TrapKind::StackExhausted,
        message: None,
    };
    handler.on_stop(
        &mut Paused::new(store, Guest::None),
        &StopCause::Trap(trap.clone()),
    );
    CallOutcome::Trapped(trap)
}

/// The compiler and the runtime disagree.
fn broken(what: &str) -> Error {
    Error::Host(format!("compiled code and its runtime disagree: {what}"))
}

/// A call in progress.
struct Call<'a> {
    layout: &'a CallLayout,
    ty: &'a FuncType,
    /// What the handler is told at the next boundary, which the guest is on its way to.
    pending: Vec<StopCause>,
}

/// What serving an exit leads to.
enum Next {
    Resume,
    End(CallOutcome),
}

impl Call<'_> {
    fn run(&mut self, store: &mut Store, handler: &mut dyn StopHandler) -> Result<CallOutcome, Error> {
        loop {
            if let Some(failure) = store.failure.take() {
                return Err(failure);
            }
            // Not before: the handler may have moved all frames to the variants that are wanted.
            if !self.pending.is_empty() {
                store.stop_at_next_boundary()?;
            }
            let native = store.native.as_mut().ok_or_else(|| broken("no compiled code"))?;
            let (exit, ticks) = native.resume();
            store.ticks = store.ticks.wrapping_add(ticks);
            let next = match exit.ok_or_else(|| broken("no such exit"))? {
                Exit::Done => Next::End(self.results(store)?),
                Exit::Stop => self.stop(store, handler)?,
                Exit::Tick => {
                    if let Some(native) = &mut store.native {
                        native.context_mut().gpr[R15] = native.slice.next();
                    }
                    self.interrupt(store, handler)?
                }
                Exit::Lazy => {
                    self.compile(store)?;
                    Next::Resume
                }
                Exit::Host => self.host(store, handler)?,
                Exit::Libcall => self.libcall(store, handler)?,
                Exit::Trap | Exit::Fault => self.trap_here(store, handler)?,
                Exit::Watch => self.watch(store, handler)?,
            };
            if let Next::End(outcome) = next {
                return Ok(outcome);
            }
        }
    }

    fn results(&self, store: &Store) -> Result<CallOutcome, Error> {
        let results = (store.native.as_ref())
            .and_then(|native| native.read_vals(&self.layout.results, &self.ty.results))
            .ok_or_else(|| broken("results are not on the stack"))?;
        Ok(CallOutcome::Returned(results))
    }

    fn stop(&mut self, store: &mut Store, handler: &mut dyn StopHandler) -> Result<Next, Error> {
        let pending = std::mem::take(&mut self.pending);
        if pending.is_empty() {
            return Ok(on_stop(store, handler, &StopCause::Probe));
        }
        store.move_innermost()?;
        for cause in &pending {
            if let Next::End(outcome) = on_stop(store, handler, cause) {
                return Ok(Next::End(outcome));
            }
        }
        // A pause stands for a stop that was asked for here; a watched store does not.
        let head = NativeFrames::default().head(store, 0);
        let wanted = head.is_some_and(|head| store.stops.wants(head.instance, head.func, head.pc.0));
        if wanted && !pending.contains(&StopCause::Pause) {
            return Ok(on_stop(store, handler, &StopCause::Probe));
        }
        Ok(Next::Resume)
    }

    /// A store may have met what is watched: compiled code compares with a range around it.
    fn watch(&mut self, store: &mut Store, handler: &mut dyn StopHandler) -> Result<Next, Error> {
        let native = store.native.as_ref().ok_or_else(|| broken("no compiled code"))?;
        let rip = native.context().rip;
        let block = native.variants.block_at(rip);
        let stored = block.and_then(|block| {
            let pc = block.frame_map().store_before(block.offset_of(rip)?)?;
            let vmctx = &store.instances.get(block.instance as usize)?.vmctx;
            let address = vmctx.get_u64(vmctx::WATCH_ADDRESS as u32);
            let (memory, address) = store.place_from_base(block.instance, address)?;
            let end = address.checked_add(vmctx.get_u64(vmctx::WATCH_LEN_BYTES as u32))?;
            Some((block.instance, pc, (memory, address..end)))
        });
        let (instance, pc, stored) = stored.ok_or_else(|| broken("a watched store of no known function"))?;
        Ok(match store.written(instance, pc, stored) {
            Some(written) => on_stop(store, handler, &StopCause::Watch(written)),
            None => Next::Resume,
        })
    }

    /// Tells the handler of stores made outside compiled code by the instruction where frame 0 stands.
    fn stored_outside(&mut self, store: &mut Store, instance: u32, stored: Vec<Stored>) -> Result<(), Error> {
        let native = store.native.as_ref().ok_or_else(|| broken("no compiled code"))?;
        let innermost = native.activations().len().saturating_sub(1);
        let pc = native.first_point(innermost).map(|point| point.offset);
        let pc = pc.ok_or_else(|| broken("a call from no known place"))?;
        let written = (stored.into_iter()).filter_map(|stored| store.written(instance, pc, stored));
        self.pending.extend(written.map(StopCause::Watch));
        Ok(())
    }

    /// Looks at the interrupt flag.
    fn interrupt(&mut self, store: &mut Store, handler: &mut dyn StopHandler) -> Result<Next, Error> {
        if !store.interrupt.is_raised() {
            return Ok(Next::Resume);
        }
        store.interrupt.clear();
        Ok(
            match handler.on_interrupt(&mut Paused::new(store, Guest::Native(NativeFrames::default()))) {
                TickAction::Continue => Next::Resume,
                TickAction::Pause => {
                    self.pending.push(StopCause::Pause);
                    Next::Resume
                }
                TickAction::Abandon => Next::End(CallOutcome::Abandoned),
            },
        )
    }

    /// Compiles the function that was called and enters it.
    fn compile(&self, store: &mut Store) -> Result<(), Error> {
        let reference = store.native.as_ref().map_or(0, |native| native.context().gpr[R8]);
        let (instance, func) = store
            .func_of_ref(reference)
            .ok_or_else(|| broken("a call of no known function"))?;
        let code = store.link_code(instance, func)?;
        if let Some(native) = &mut store.native {
            native.context_mut().rip = code;
        }
        Ok(())
    }

    /// The instance of frame 0.
    fn instance(&self, store: &Store) -> Result<u32, Error> {
        (store.native.as_ref())
            .and_then(|native| Some(native.variants.block_at(native.context().rip)?.instance))
            .ok_or_else(|| broken("a call from no known function"))
    }

    fn host(&mut self, store: &mut Store, handler: &mut dyn StopHandler) -> Result<Next, Error> {
        let native = store.native.as_ref().ok_or_else(|| broken("no compiled code"))?;
        let number = store.func_by_ref.get(&native.context().gpr[R8]);
        let callee = number
            .and_then(|&number| store.funcs.get(number as usize))
            .map(|func| func.callee);
        let Some(Callee::Host { host }) = callee else {
            return Err(broken("a call of no known host function"));
        };
        let of = store
            .hosts
            .get(host as usize)
            .ok_or_else(|| broken("no such host function"))?;
        let layout = of.layout.clone();
        let args = (native.read_vals(&layout.params, &of.func.ty.params))
            .ok_or_else(|| broken("arguments are not on the stack"))?;
        let caller = self.instance(store)?;
        loop {
            match store.call_host(Some(caller), host, &args) {
                Ok(results) => {
                    if let Some(native) = &mut store.native {
                        native.write_vals(&layout.results, &results);
                    }
                    let stored = std::mem::take(&mut store.host_stores);
                    if !stored.is_empty() {
                        let stored = stored.into_iter().map(|bytes| (0, bytes)).collect();
                        self.stored_outside(store, caller, stored)?;
                    }
                    return self.interrupt(store, handler);
                }
                Err(HostError::Exit(code)) => return Ok(Next::End(CallOutcome::Exited(code))),
                Err(HostError::Trap(message)) => {
                    return Ok(self.trap(store, handler, TrapKind::Host, Some(message)));
                }
                Err(HostError::Interrupted) => {
                    store.interrupt.clear();
                    let mut paused = Paused::new(store, Guest::Native(NativeFrames::default()));
                    let resume = match handler.on_interrupt(&mut paused) {
                        TickAction::Continue => Resume::Continue,
                        TickAction::Pause => handler.on_stop(&mut paused, &StopCause::Pause),
                        TickAction::Abandon => Resume::Abandon,
                    };
                    if resume == Resume::Abandon {
                        return Ok(Next::End(CallOutcome::Abandoned));
                    }
                }
            }
        }
    }

    fn libcall(&mut self, store: &mut Store, handler: &mut dyn StopHandler) -> Result<Next, Error> {
        // Before anything is done, so that the guest stands where its frame says it does.
        if let Next::End(outcome) = self.interrupt(store, handler)? {
            return Ok(Next::End(outcome));
        }
        let instance = self.instance(store)?;
        let native = store.native.as_ref().ok_or_else(|| broken("no compiled code"))?;
        let gpr = native.context().gpr;
        let args = [gpr[RAX], gpr[RCX], gpr[RDX], gpr[RSI]];
        match store
            .libcall(instance, gpr[RDI], args)
            .ok_or_else(|| broken("no such libcall"))?
        {
            Ok(result) => {
                if let Some(native) = &mut store.native {
                    native.context_mut().gpr[RAX] = result;
                }
                if store.watches.any()
                    && let Some(stored) = stored_by_libcall(gpr[RDI], args)
                {
                    self.stored_outside(store, instance, vec![stored])?;
                }
                Ok(Next::Resume)
            }
            Err(kind) => Ok(self.trap(store, handler, kind, None)),
        }
    }

    /// An explicit trap or a fault: the frame map says which.
    fn trap_here(&mut self, store: &mut Store, handler: &mut dyn StopHandler) -> Result<Next, Error> {
        let native = store.native.as_ref().ok_or_else(|| broken("no compiled code"))?;
        let innermost = native.activations().len().saturating_sub(1);
        match native.first_point(innermost).map(|point| point.kind) {
            Some(PointKind::Trap(TrapKind::UncaughtException)) => match store.throw(handler)? {
                Ok(()) => Ok(Next::Resume),
                Err(kind) => Ok(self.trap(store, handler, kind, None)),
            },
            Some(PointKind::Trap(kind)) => Ok(self.trap(store, handler, kind, None)),
            _ => Err(broken(&format!(
                "a trap at 0x{:x}, which is no trap point",
                native.context().rip
            ))),
        }
    }

    fn trap(
        &mut self,
        store: &mut Store,
        handler: &mut dyn StopHandler,
        kind: TrapKind,
        message: Option<String>,
    ) -> Next {
        if let Some(activation) = store.native.as_mut().and_then(|native| native.activation_mut()) {
            mark_trapped(activation);
        }
        let trap = Trap { kind, message };
        on_stop(store, handler, &StopCause::Trap(trap.clone()));
        Next::End(CallOutcome::Trapped(trap))
    }
}

fn mark_trapped(activation: &mut Activation) {
    activation.trapped = true;
}

/// Lets the handler look at the guest.
fn on_stop(store: &mut Store, handler: &mut dyn StopHandler, cause: &StopCause) -> Next {
    let mut paused = Paused::new(store, Guest::Native(NativeFrames::default()));
    match handler.on_stop(&mut paused, cause) {
        Resume::Continue => Next::Resume,
        Resume::Abandon => Next::End(CallOutcome::Abandoned),
    }
}
