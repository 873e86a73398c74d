//! The interpreter as a backend: the store as its world, stops looked up before each instruction.
//!
//! # Invariants
//! - The store keeps a machine (with its decoded code) between calls; a call made while a guest is parked gets a
//!   machine of its own.
//! - A boundary is reported at most once before its instruction executes.
//!
//! Must not know: compiled code.

use super::host::HostError;
use super::paused::{
    Frame, FrameHead, FrameState, FrameToken, Guest, Paused, Resume, StopCause, StopHandler, TickAction,
    Trap, Written,
};
use super::store::{CallOutcome, Store};
use super::watch::{Stored, stored_by};
use crate::error::{Error, TrapKind};
use crate::interp::{Callee, Exception, FrameView, HostStop, Machine, Step, World};
use crate::module::Module;
use crate::types::{FuncType, Val};
use std::sync::Arc;
use stepwell_debuginfo::ModuleOffset;

/// What the interpreter keeps between calls.
#[derive(Debug, Default)]
pub struct Rest {
    /// A machine no call uses.
    machine: Option<Machine>,
    /// Frames of the activations that wait for a call made by their handler.
    waiting_frames: u64,
}

/// A guest the interpreter runs.
pub struct Activation {
    machine: Machine,
    /// How frame 0 stands.
    state: FrameState,
    /// Operands of frame 0 that a host call in progress has taken over.
    handed_over: usize,
    /// Frames of the activations around this one.
    frames_below: u64,
    /// Ticks of the machine when this began.
    first_tick: u64,
}

/// The store as the machine sees it.
struct StoreWorld<'a> {
    store: &'a mut Store,
    /// Why a host function did not return.
    host_end: Option<HostError>,
    /// How many arguments the last host call had.
    host_args: usize,
}

/// Calls a wasm function.
pub fn call(
    store: &mut Store,
    func: u32,
    ty: &FuncType,
    args: &[Val],
    handler: &mut dyn StopHandler,
) -> Result<CallOutcome, Error> {
    let callee = store.funcs.get(func as usize).map(|func| func.callee);
    let Some(Callee::Wasm { instance, func }) = callee else {
        return Err(Error::Usage(format!("function {func} is not a wasm function")));
    };
    let args: Vec<u128> = args.iter().map(|arg| arg.bits()).collect();
    let machine = store.rest.machine.take().unwrap_or_default();
    let mut activation = Activation {
        first_tick: machine.ticks(),
        machine,
        state: FrameState::Boundary,
        handed_over: 0,
        frames_below: store.rest.waiting_frames,
    };
    let outcome = activation.run(store, (instance, func, &args), ty, handler);
    store.ticks = store.ticks.wrapping_add(activation.ticks());
    activation.machine.abandon();
    store.rest.machine = Some(activation.machine);
    outcome
}

impl Activation {
    fn run(
        &mut self,
        store: &mut Store,
        (instance, func, args): (u32, u32, &[u128]),
        ty: &FuncType,
        handler: &mut dyn StopHandler,
    ) -> Result<CallOutcome, Error> {
        if let Step::Trap(kind) = self
            .machine
            .invoke(&mut StoreWorld::new(store), instance, func, args)
        {
            return Ok(self.trapped(store, Trap { kind, message: None }, handler));
        }
        let mut pausing = false;
        // Stores of the last instruction that are watched.
        let mut written: Vec<Written> = Vec::new();
        // The instruction was interrupted in its host function: its boundary is behind.
        let mut repeated = false;
        loop {
            if store.interrupt.is_raised() {
                store.interrupt.clear();
                match self.parked(store, |paused| handler.on_interrupt(paused)) {
                    TickAction::Continue => {}
                    TickAction::Pause => pausing = true,
                    TickAction::Abandon => return Ok(CallOutcome::Abandoned),
                }
            }
            for written in written.drain(..) {
                match self.parked(store, |paused| {
                    handler.on_stop(paused, &StopCause::Watch(written))
                }) {
                    Resume::Continue => {}
                    Resume::Abandon => return Ok(CallOutcome::Abandoned),
                }
            }
            if !std::mem::take(&mut repeated)
                && let Some(cause) = self.cause_at_boundary(store, pausing)
            {
                pausing = false;
                match self.parked(store, |paused| handler.on_stop(paused, &cause)) {
                    Resume::Continue => {}
                    Resume::Abandon => return Ok(CallOutcome::Abandoned),
                }
            }
            if store.stops.any()
                && let Some(frame) = self.machine.catching_frame(&StoreWorld::new(store))
            {
                self.parked(store, |paused| handler.on_catch(paused, frame as u32));
            }
            let watching = store.watches.any().then(|| self.about_to_store(store)).flatten();
            let mut world = StoreWorld::new(store);
            let step = self.machine.step(&mut world);
            let (host_end, host_args) = (world.host_end.take(), world.host_args);
            // Whatever comes of the step: the next one's would be taken for more.
            let by_host = std::mem::take(&mut store.host_stores);
            if let (Step::Continue, Some((instance, pc, stored))) = (step, watching) {
                let by_host = by_host.into_iter().map(|bytes| (0, bytes));
                let stores = stored.into_iter().chain(by_host);
                written.extend(stores.filter_map(|stored| store.written(instance, pc, stored)));
            }
            let trap = match (step, host_end) {
                (Step::Continue, _) => continue,
                (Step::Done, _) => {
                    let results = ty.results.iter().zip(self.machine.results());
                    return Ok(CallOutcome::Returned(
                        results.map(|(&ty, &bits)| Val::from_bits(ty, bits)).collect(),
                    ));
                }
                (Step::Trap(kind), _) => Trap { kind, message: None },
                (Step::Host, Some(HostError::Exit(code))) => return Ok(CallOutcome::Exited(code)),
                (Step::Host, Some(HostError::Interrupted)) => {
                    (self.state, self.handed_over) = (FrameState::InCall, host_args);
                    let resume = self.interrupted_in_host(store, handler);
                    (self.state, self.handed_over) = (FrameState::Boundary, 0);
                    match resume {
                        Resume::Continue => {
                            repeated = true;
                            continue;
                        }
                        Resume::Abandon => return Ok(CallOutcome::Abandoned),
                    }
                }
                (Step::Host, end) => {
                    self.handed_over = host_args;
                    Trap {
                        kind: TrapKind::Host,
                        message: match end {
                            Some(HostError::Trap(message)) => Some(message),
                            _ => None,
                        },
                    }
                }
            };
            return Ok(self.trapped(store, trap, handler));
        }
    }

    /// Shows the handler a guest that cannot go on.
    fn trapped(&mut self, store: &mut Store, trap: Trap, handler: &mut dyn StopHandler) -> CallOutcome {
        self.state = match trap.kind {
            TrapKind::Host => FrameState::InCall,
            _ => FrameState::Trapped,
        };
        let cause = StopCause::Trap(trap.clone());
        self.parked(store, |paused| handler.on_stop(paused, &cause));
        CallOutcome::Trapped(trap)
    }

    /// A host function waited and was interrupted.
    fn interrupted_in_host(&mut self, store: &mut Store, handler: &mut dyn StopHandler) -> Resume {
        store.interrupt.clear();
        match self.parked(store, |paused| handler.on_interrupt(paused)) {
            TickAction::Continue => Resume::Continue,
            TickAction::Pause => self.parked(store, |paused| handler.on_stop(paused, &StopCause::Pause)),
            TickAction::Abandon => Resume::Abandon,
        }
    }

    /// Where the guest stands, and what the instruction there stores.
    fn about_to_store(&self, store: &Store) -> Option<(u32, u64, Option<Stored>)> {
        let frame = self.machine.frame(0)?;
        let stored = stored_by(store.module(frame.instance)?, frame.pc, frame.operands);
        Some((frame.instance, frame.pc, stored))
    }

    /// Why the handler is to be called before the next instruction.
    fn cause_at_boundary(&self, store: &Store, pausing: bool) -> Option<StopCause> {
        if pausing {
            return Some(StopCause::Pause);
        }
        if !store.stops.any() {
            return None;
        }
        let frame = self.machine.frame(0)?;
        (store.stops.wants(frame.instance, frame.func, frame.pc)).then_some(StopCause::Probe)
    }

    /// Lets the handler look at the guest.
    fn parked<T>(&mut self, store: &mut Store, ask: impl FnOnce(&mut Paused<'_>) -> T) -> T {
        let frames = u64::from(self.depth());
        store.rest.waiting_frames += frames;
        let answer = ask(&mut Paused::new(store, Guest::Interpreted(self)));
        store.rest.waiting_frames -= frames;
        answer
    }

    /// Frames of this activation.
    pub fn depth(&self) -> u32 {
        self.machine.depth() as u32
    }

    /// Ticks of this activation.
    pub fn ticks(&self) -> u64 {
        self.machine.ticks().wrapping_sub(self.first_tick)
    }

    fn view(&self, frame: u32) -> Option<FrameView<'_>> {
        self.machine.frame(frame as usize)
    }

    /// Where a frame stands.
    pub fn head(&self, frame: u32) -> Option<FrameHead> {
        let view = self.view(frame)?;
        Some(FrameHead {
            instance: view.instance,
            func: view.func,
            pc: ModuleOffset(view.pc),
            state: if frame == 0 {
                self.state
            } else {
                FrameState::InCall
            },
        })
    }

    /// A frame's identity: how many frames are below it, counted down.
    pub fn token(&self, frame: u32) -> Option<FrameToken> {
        let below = self.depth().checked_sub(frame)?.checked_sub(1)?;
        Some(FrameToken(u64::MAX - self.frames_below - u64::from(below)))
    }

    /// A frame with its values.
    pub fn frame(&self, frame: u32) -> Option<Frame> {
        let view = self.view(frame)?;
        let handed_over = if frame == 0 { self.handed_over } else { 0 };
        let left = view.operands.len().saturating_sub(handed_over);
        let vals = |entries: &[_]| {
            entries
                .iter()
                .map(|&(ty, bits)| Val::from_bits(ty, bits))
                .collect()
        };
        Some(Frame {
            head: self.head(frame)?,
            locals: vals(view.locals),
            operands: vals(view.operands.get(..left)?),
        })
    }

    /// The value of a local.
    pub fn local(&self, frame: u32, index: u32) -> Option<Val> {
        let &(ty, bits) = self.view(frame)?.locals.get(index as usize)?;
        Some(Val::from_bits(ty, bits))
    }

    /// The value of an operand.
    pub fn operand(&self, frame: u32, index: u32) -> Option<Val> {
        let handed_over = if frame == 0 { self.handed_over } else { 0 };
        let operands = self.view(frame)?.operands;
        let left = operands.len().saturating_sub(handed_over);
        let &(ty, bits) = operands.get(..left)?.get(index as usize)?;
        Some(Val::from_bits(ty, bits))
    }

    /// Writes a local.
    pub fn set_local(&mut self, store: &Store, frame: u32, index: u32, bits: u128) -> bool {
        // As it was declared: an argument is there with the type that it had as an operand.
        let ty = self.view(frame).and_then(|view| {
            let body = store.module(view.instance)?.body(view.func)?;
            body.local_type(index)
        });
        let Some(bits) = ty.and_then(|ty| store.checked_bits(ty, bits)) else {
            return false;
        };
        self.machine.set_local(frame as usize, index as usize, bits)
    }

    /// Writes an operand.
    pub fn set_operand(&mut self, store: &Store, frame: u32, index: u32, bits: u128) -> bool {
        let handed_over = if frame == 0 { self.handed_over } else { 0 };
        let entry = self.view(frame).and_then(|view| {
            let left = view.operands.len().saturating_sub(handed_over);
            view.operands.get(..left)?.get(index as usize).copied()
        });
        let Some(bits) = entry.and_then(|(ty, there)| store.checked_operand(ty, there, bits)) else {
            return false;
        };
        self.machine.set_operand(frame as usize, index as usize, bits)
    }
}

impl<'a> StoreWorld<'a> {
    fn new(store: &'a mut Store) -> StoreWorld<'a> {
        StoreWorld {
            store,
            host_end: None,
            host_args: 0,
        }
    }

    fn instance(&self, instance: u32) -> &super::instance::Instance {
        // Instance numbers come from the store itself, and instances are never removed.
        &self.store.instances[instance as usize]
    }
}

impl World for StoreWorld<'_> {
    fn module(&self, instance: u32) -> &Arc<Module> {
        &self.instance(instance).module
    }

    fn memory(&mut self, instance: u32, memory: u32) -> &mut [u8] {
        self.store.memory_mut(instance, memory).unwrap_or_default()
    }

    fn memory_grow(&mut self, instance: u32, memory: u32, delta_pages: u64) -> Option<u32> {
        self.store.memory_grow(instance, memory, delta_pages)
    }

    fn global_get(&self, instance: u32, global: u32) -> u128 {
        self.store
            .global_record(instance, global)
            .map_or(0, |global| global.cell.get())
    }

    fn global_set(&mut self, instance: u32, global: u32, bits: u128) {
        if let Some(global) = self.store.global_record(instance, global) {
            global.cell.set(bits);
        }
    }

    fn table(&mut self, instance: u32, table: u32) -> &mut [u64] {
        let number = self.instance(instance).tables.get(table as usize).copied();
        let table = number.and_then(|number| self.store.tables.get_mut(number as usize));
        table.map_or(&mut [], |table| table.elements_mut())
    }

    fn table_grow(&mut self, instance: u32, table: u32, delta: u64, init: u64) -> Option<u32> {
        self.store.table_grow(instance, table, delta, init)
    }

    fn data(&self, instance: u32, segment: u32) -> Arc<[u8]> {
        self.store.data(instance, segment)
    }

    fn data_drop(&mut self, instance: u32, segment: u32) {
        self.store.data_drop(instance, segment);
    }

    fn elements(&self, instance: u32, segment: u32) -> Arc<[u64]> {
        self.store.elements(instance, segment)
    }

    fn elements_drop(&mut self, instance: u32, segment: u32) {
        self.store.elem_drop(instance, segment);
    }

    fn func_ref(&self, instance: u32, func: u32) -> u64 {
        self.store.reference(instance, func)
    }

    fn callee(&self, instance: u32, func: u32) -> Callee {
        // Function indices are validated, store numbers are the store's own.
        self.store.funcs[self.instance(instance).funcs[func as usize] as usize].callee
    }

    fn callee_of_ref(&self, reference: u64) -> (Callee, u32) {
        // References are known: those written from outside were checked.
        let func = &self.store.funcs[self.store.func_by_ref[&reference] as usize];
        (func.callee, func.type_number)
    }

    fn type_number(&self, instance: u32, type_index: u32) -> u32 {
        let of = self.instance(instance);
        of.vmctx.get_u32(of.layout.type_ids + 4 * type_index)
    }

    fn tag(&self, instance: u32, tag: u32) -> u32 {
        // Tag indices are validated.
        self.instance(instance).tags[tag as usize]
    }

    fn add_exception(&mut self, exception: &Exception, held: &mut dyn Iterator<Item = u64>) -> Option<u64> {
        // While a handler has called back, machines that wait hold references that nobody here can list.
        if self.store.exceptions.is_due() && self.store.rest.waiting_frames == 0 {
            let held = held.chain(exception.references()).collect();
            self.store.keep_exceptions(held, 0);
        }
        self.store.exceptions.add(exception.clone())
    }

    fn exception(&self, reference: u64) -> Option<Exception> {
        self.store.exceptions.get(reference).cloned()
    }

    fn call_host(&mut self, instance: u32, host: u32, args: &[u128]) -> Result<Vec<u128>, HostStop> {
        let types = self
            .store
            .hosts
            .get(host as usize)
            .map(|host| host.func.ty.params.clone());
        let args: Vec<Val> = (types.unwrap_or_default().into_iter().zip(args))
            .map(|(ty, &bits)| Val::from_bits(ty, bits))
            .collect();
        self.host_args = args.len();
        match self.store.call_host(Some(instance), host, &args) {
            Ok(results) => Ok(results.into_iter().map(|val| val.bits()).collect()),
            Err(end) => {
                self.host_end = Some(end);
                Err(HostStop)
            }
        }
    }
}
