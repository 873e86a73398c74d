//! What a store needs to run compiled code: code memory, stubs, a guest stack and a fiber.
//!
//! # Invariants
//! - The fiber holds the context of the innermost activation; those around it wait in `activations`.
//! - Addresses of the fiber and of the host's VmCtx never change: every VmCtx holds them.
//!
//! Must not know: modules, what exits mean.
#![allow(unsafe_code)]

use super::caught::CaughtByArms;
use super::code_memory::CodeMemory;
use super::entry::{Exit, Fiber, GuestContext, R8, R14, R15, RBX, RSP, Stubs};
use super::guest_stack::GuestStack;
use super::instance::FixedPart;
use super::slice::Slice;
use super::trap::{self, Claim};
use super::variants::Variants;
use super::vm_record::VmRecord;
use crate::compile::Point;
use crate::error::Error;
use crate::layout::{ArgPlace, CallLayout, vmctx};
use crate::types::{Val, ValType};
use std::ops::Range;

/// A guest in progress.
pub struct Activation {
    /// Its context, while an activation it waits for runs.
    waiting: Option<GuestContext>,
    /// Whether frame 0 stands at an instruction that faulted.
    pub faulted: bool,
    /// Whether frame 0 cannot go on.
    pub trapped: bool,
    /// Whether frame 0 stands behind the call of a probe that has just been made.
    pub probed: bool,
    /// Where frame 0 stands, once known. In another variant its program counter alone may not say.
    pub point: std::cell::OnceCell<Option<Point>>,
}

/// What runs compiled code.
pub struct Native {
    code: CodeMemory,
    stubs: Stubs,
    stubs_end: usize,
    stack: GuestStack,
    fiber: Box<std::cell::UnsafeCell<Fiber>>,
    host_vmctx: VmRecord,
    memories: Vec<Range<usize>>,
    activations: Vec<Activation>,
    /// Compiled code by function.
    pub variants: Variants,
    /// What arms of old `try`s have caught.
    pub caught: CaughtByArms,
    /// Ticks between two looks at the interrupt flag.
    pub slice: Slice,
}

// SAFETY: the fiber is reached only through the store that owns it, and by the guest while the store runs it.
unsafe impl Send for Native {}

impl Native {
    /// Maps code memory and a guest stack.
    pub fn new() -> Result<Native, Error> {
        let mut code = CodeMemory::new()?;
        let stubs = Stubs::new(&mut code)?;
        let fiber = Fiber::new();
        let mut native = Native {
            stubs_end: code.published().end,
            code,
            stubs,
            stack: GuestStack::new()?,
            fiber: Box::new(std::cell::UnsafeCell::new(fiber)),
            host_vmctx: VmRecord::new(vmctx::FIXED_END),
            memories: Vec::new(),
            activations: Vec::new(),
            variants: Variants::default(),
            caught: CaughtByArms::default(),
            slice: Slice::new(),
        };
        let fixed = native.fixed_part();
        fixed.write(&mut native.host_vmctx, u32::MAX);
        Ok(native)
    }

    /// What goes into the fixed part of a VmCtx.
    pub fn fixed_part(&self) -> FixedPart {
        FixedPart {
            fiber: self.fiber.get() as u64,
            stack_limit: self.stack.limit(),
            stop_stub: self.stubs.exit(Exit::Stop),
            trap_stub: self.stubs.exit(Exit::Trap),
            tick_stub: self.stubs.exit(Exit::Tick),
            libcall_stub: self.stubs.exit(Exit::Libcall),
            watch_stub: self.stubs.exit(Exit::Watch),
            lazy_stub: self.lazy_stub(),
        }
    }

    /// Code of functions that are not compiled.
    pub fn lazy_stub(&self) -> u64 {
        self.stubs.exit(Exit::Lazy)
    }

    /// Code of host functions.
    pub fn host_stub(&self) -> u64 {
        self.stubs.exit(Exit::Host)
    }

    /// VmCtx of host functions.
    pub fn host_vmctx(&self) -> u64 {
        self.host_vmctx.address()
    }

    /// Return address of outermost frames.
    pub fn done_stub(&self) -> u64 {
        self.stubs.exit(Exit::Done)
    }

    /// Publishes code.
    pub fn publish(&mut self, code: &[u8]) -> Result<u64, Error> {
        self.code.publish(code)
    }

    /// Frees code that nothing stands in or points at.
    pub fn release(&mut self, start: u64, len: usize) {
        self.code.release(start, len);
    }

    /// Where published code ends.
    #[cfg(test)]
    pub fn code_end(&self) -> usize {
        self.code.published().end
    }

    /// Says which addresses faults are claimed in.
    pub fn set_memories(&mut self, memories: Vec<Range<usize>>) {
        self.memories = memories;
    }

    /// The guest stack.
    pub fn stack(&self) -> &GuestStack {
        &self.stack
    }

    /// The guest stack, to write.
    pub fn stack_mut(&mut self) -> &mut GuestStack {
        &mut self.stack
    }

    /// The innermost guest's context.
    pub fn context(&self) -> &GuestContext {
        // SAFETY: no guest runs while `self` is borrowed; writes from here need `&mut self`.
        unsafe { &(*self.fiber.get()).context }
    }

    /// The innermost guest's context, to write.
    pub fn context_mut(&mut self) -> &mut GuestContext {
        &mut self.fiber.get_mut().context
    }

    /// Activations in progress, outermost first.
    pub fn activations(&self) -> &[Activation] {
        &self.activations
    }

    /// The innermost activation.
    pub fn activation(&self) -> Option<&Activation> {
        self.activations.last()
    }

    /// The innermost activation, to write.
    pub fn activation_mut(&mut self) -> Option<&mut Activation> {
        self.activations.last_mut()
    }

    /// The context of an activation by number.
    pub fn context_of(&self, activation: usize) -> Option<&GuestContext> {
        let waiting = self.activations.get(activation)?.waiting.as_ref();
        Some(waiting.unwrap_or(self.context()))
    }

    /// Moves frame 0 of an activation to another address.
    pub fn set_rip_of(&mut self, activation: usize, rip: u64) {
        let Some(activation) = self.activations.get_mut(activation) else {
            return;
        };
        activation.probed = false;
        match &mut activation.waiting {
            Some(waiting) => waiting.rip = rip,
            None => self.context_mut().rip = rip,
        }
    }

    /// Sets up a guest at the entry of a function, below the one that waits for it. `false` if the stack has no
    /// room.
    pub fn begin(&mut self, entry: &Entry<'_>, args: &[Val]) -> bool {
        let waiting = self.context();
        let top = if self.activations.is_empty() {
            self.stack.top()
        } else {
            // Below what the waiting guest may still use when its exit resumes it.
            (waiting.gpr[RSP] & !15).saturating_sub(256)
        };
        let Some(rsp) = top
            .checked_sub(u64::from(entry.layout.stack_bytes))
            .filter(|&rsp| rsp > self.stack.limit())
        else {
            return false;
        };
        let mut context = GuestContext {
            rip: entry.code,
            ..GuestContext::default()
        };
        for (arg, place) in args.iter().zip(&entry.layout.params) {
            match *place {
                ArgPlace::Gpr(register) => context.gpr[usize::from(register & 15)] = arg.bits() as u64,
                ArgPlace::Xmm(register) => context.xmm[usize::from(register & 15)] = arg.bits(),
                ArgPlace::Stack(offset) => {
                    let address = rsp + u64::from(offset);
                    self.stack
                        .write_val(address, arg.ty() == ValType::V128, arg.bits());
                }
            }
        }
        self.stack.write(rsp - 8, self.done_stub());
        context.gpr[RSP] = rsp - 8;
        context.gpr[R8] = entry.reference;
        context.gpr[R14] = entry.vmctx;
        context.gpr[RBX] = entry.memory_base;
        context.gpr[R15] = entry.slice;
        let waiting = std::mem::replace(self.context_mut(), context);
        if let Some(outer) = self.activations.last_mut() {
            outer.waiting = Some(waiting);
        }
        self.activations.push(Activation {
            waiting: None,
            faulted: false,
            trapped: false,
            probed: false,
            point: std::cell::OnceCell::new(),
        });
        true
    }

    /// Drops the innermost guest; the one that waited for it is the innermost again.
    pub fn end(&mut self) {
        self.activations.pop();
        let waiting = self.activations.last_mut().and_then(|outer| outer.waiting.take());
        if let Some(waiting) = waiting {
            *self.context_mut() = waiting;
        }
        if self.activations.is_empty() {
            self.caught.clear();
        }
    }

    /// Runs the innermost guest until it leaves; how, and how many ticks that took.
    pub fn resume(&mut self) -> (Option<Exit>, u64) {
        let before = self.context().gpr[R15];
        if let Some(activation) = self.activations.last_mut() {
            activation.faulted = false;
            activation.probed = false;
            activation.point.take();
        }
        let claim = Claim {
            code: self.stubs_end..self.code.published().end,
            memories: &self.memories,
            stack_guard: self.stack.guard(),
            fiber: self.fiber.get(),
            fault_stub: self.stubs.exit(Exit::Fault),
        };
        // SAFETY: the context comes from `begin` or the last exit; the store moves frames between variants by
        // equal points only. Code and VmCtxs live as long as the store.
        let exit = trap::with_claim(&claim, || unsafe { self.stubs.resume(self.fiber.get()) });
        if let Some(activation) = self.activations.last_mut() {
            activation.faulted = exit == Some(Exit::Fault);
            activation.probed = exit == Some(Exit::Stop);
        }
        (exit, before.wrapping_sub(self.context().gpr[R15]))
    }

    /// Reads values where a call left them: arguments, or results of the innermost guest.
    pub fn read_vals(&self, places: &[ArgPlace], types: &[ValType]) -> Option<Vec<Val>> {
        let context = self.context();
        (places.iter().zip(types))
            .map(|(place, &ty)| {
                let bits = match *place {
                    ArgPlace::Gpr(register) => u128::from(*context.gpr.get(usize::from(register))?),
                    ArgPlace::Xmm(register) => *context.xmm.get(usize::from(register))?,
                    ArgPlace::Stack(offset) => {
                        let address = context.gpr[RSP].checked_add(u64::from(offset))?;
                        self.stack.read_val(address, ty == ValType::V128)?
                    }
                };
                Some(Val::from_bits(ty, bits))
            })
            .collect()
    }

    /// Puts results where the innermost guest's call expects them.
    pub fn write_vals(&mut self, places: &[ArgPlace], vals: &[Val]) {
        for (place, val) in places.iter().zip(vals) {
            match *place {
                ArgPlace::Gpr(register) => {
                    self.context_mut().gpr[usize::from(register & 15)] = val.bits() as u64;
                }
                ArgPlace::Xmm(register) => self.context_mut().xmm[usize::from(register & 15)] = val.bits(),
                ArgPlace::Stack(offset) => {
                    let address = self.context().gpr[RSP].wrapping_add(u64::from(offset));
                    self.stack
                        .write_val(address, val.ty() == ValType::V128, val.bits());
                }
            }
        }
    }
}

/// How to enter a function.
pub struct Entry<'a> {
    /// Its code.
    pub code: u64,
    /// Its reference record.
    pub reference: u64,
    /// Its VmCtx.
    pub vmctx: u64,
    /// Base of its memory 0.
    pub memory_base: u64,
    /// Ticks until the first look at the interrupt flag.
    pub slice: u64,
    /// Where arguments go.
    pub layout: &'a CallLayout,
}
