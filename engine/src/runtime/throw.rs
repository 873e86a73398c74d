//! What compiled code throws: looking for what catches it, giving up the frames in between, and going on there.
//!
//! # Invariants
//! - Two phases: the clause is found before anything is changed, so that an exception that nothing catches is a trap with
//!   every frame in place.
//! - The search ends at the activation: an exception does not cross the host.
//! - The frame that goes on has its locals in their homes and what lies below the clause's values in place; callee-saved
//!   registers are taken from where the frames that are given up have saved them.
//!
//! # Who owns what
//! An exception's values are copied out of the frame that throws, and into the frame that catches. It is kept by the
//! store only if the clause takes a reference to it ([`Exceptions`](super::exceptions)), or is an arm that may throw it
//! again ([`Caught`](super::caught)).
//!
//! Must not know: what the handler is for.

use super::caught::ArmPlace;
use super::entry::{R14, RBP, RBX, RSP};
use super::native::Native;
use super::paused::{Guest, Paused, StopHandler};
use super::store::Store;
use super::unwind::{NativeFrames, RawFrame};
use crate::compile::{Clause, ClauseId, Home, Loc, Thrown};
use crate::error::{Error, TrapKind};
use crate::interp::Exception;
use crate::layout::{CALLEE_SAVED, slot_len_bytes, vmctx};
use crate::types::ValType;

/// What catches an exception.
struct Handling {
    /// The frame that goes on, and how many are further in.
    frame: RawFrame,
    index: u32,
    instance: u32,
    func: u32,
    /// Address of the code it stands in.
    code: u64,
    clause: ClauseId,
}

/// The compiler and the runtime disagree.
fn broken(what: &str) -> Error {
    Error::Host(format!("compiled code and its runtime disagree: {what}"))
}

impl Store {
    /// Throws what the instruction where the innermost guest stands throws. The inner error is the trap that it is
    /// instead.
    pub(super) fn throw(&mut self, handler: &mut dyn StopHandler) -> Result<Result<(), TrapKind>, Error> {
        let exception = match self.thrown()? {
            Ok(exception) => exception,
            Err(trap) => return Ok(Err(trap)),
        };
        let Some(handling) = self.find_handling(&exception) else {
            return Ok(Err(TrapKind::UncaughtException));
        };
        let clause = self.clause(handling.code, handling.clause)?;
        if let (Some(level), Some(native)) = (clause.keeps, &mut self.native)
            && !(native.caught).makes_room(ArmPlace::new(handling.frame.rbp, level), &exception)
        {
            return Ok(Err(TrapKind::TooManyExceptions));
        }
        let reference = match clause.with_reference {
            true => match self.refer_to(&exception) {
                Some(reference) => Some(reference),
                None => return Ok(Err(TrapKind::TooManyExceptions)),
            },
            false => None,
        };
        let code = match self.stops.any() {
            true => {
                let mut paused = Paused::new(self, Guest::Native(NativeFrames::default()));
                handler.on_catch(&mut paused, handling.index);
                // Live frames are in the variants that are wanted now, but for one at an instruction that throws.
                let Handling { instance, func, .. } = handling;
                let with = self.stops.instrumentation(instance, func, None);
                self.variant(instance, func, &with)?
            }
            false => handling.code,
        };
        self.land(&handling, code, exception, reference)?;
        Ok(Ok(()))
    }

    /// The exception that the instruction throws where the innermost guest stands.
    fn thrown(&self) -> Result<Result<Exception, TrapKind>, Error> {
        let found = || {
            let native = self.native.as_ref()?;
            let innermost = native.activations().len().checked_sub(1)?;
            let block = native.block_of_first_frame(innermost)?;
            let frame = native.first_frame(innermost)?;
            Some(match block.handlers()?.thrown(block.offset_of(frame.pc)?)? {
                Thrown::New(tag) => {
                    let of = self.instance(block.instance)?;
                    let number = *of.tags.get(tag as usize)?;
                    let ty = self.types.get(*self.tags.get(number as usize)?)?;
                    let values = native.operands_on_top(ty.params.len())?;
                    Ok(Exception::new(number, values.into()))
                }
                Thrown::Referred => match *native.operands_on_top(1)?.first()? {
                    (_, 0) => Err(TrapKind::NullExceptionReference),
                    (_, reference) => Ok(self.exceptions.get(reference as u64)?.clone()),
                },
                Thrown::Caught(level) => {
                    let place = ArmPlace::new(frame.rbp, level);
                    Ok(native.caught.get(place)?.clone())
                }
            })
        };
        found().ok_or_else(|| broken("what is thrown is not to be found"))
    }

    /// From the innermost frame of the innermost activation outwards.
    fn find_handling(&self, exception: &Exception) -> Option<Handling> {
        let native = self.native.as_ref()?;
        let innermost = native.activations().len().checked_sub(1)?;
        let mut block = native.block_of_first_frame(innermost)?;
        let mut frame = native.first_frame(innermost)?;
        let mut index = 0;
        loop {
            // Nobody looks at the frames of a function that catches nothing.
            if let Some(handlers) = block.handlers()
                && handlers.catches()
            {
                let offset = match index {
                    0 => native.first_point(innermost)?.offset,
                    _ => block.frame_map().call_before(block.offset_of(frame.pc)?)?,
                };
                let tags = &self.instance(block.instance)?.tags;
                let catches = |tag: Option<u32>| {
                    tag.is_none_or(|tag| tags.get(tag as usize).copied() == Some(exception.tag()))
                };
                if let Some(clause) = handlers.find(offset, catches) {
                    return Some(Handling {
                        frame,
                        index,
                        instance: block.instance,
                        func: block.func,
                        code: block.start,
                        clause,
                    });
                }
            }
            frame = native.caller(&frame)?;
            index += 1;
            block = native.variants.block_at(frame.pc)?;
        }
    }

    /// A clause as the variant at an address has it.
    fn clause(&self, code: u64, clause: ClauseId) -> Result<Clause, Error> {
        let clause = (self.native.as_ref())
            .and_then(|native| native.variants.block(code))
            .and_then(|block| block.handlers()?.clause(clause));
        clause
            .copied()
            .ok_or_else(|| broken("a clause that is not there"))
    }

    /// A new reference to an exception; `None` if there are too many.
    fn refer_to(&mut self, exception: &Exception) -> Option<u64> {
        if self.exceptions.is_due()
            && let Some(native) = &self.native
            // While a handler has called back, the guests that wait hold references on their way to the host.
            && native.activations().len() == 1
            && let Some((mut references, frames)) = native.exception_references()
        {
            references.extend(native.caught.references());
            references.extend(exception.references());
            let places = frames + native.caught.len();
            self.keep_exceptions(references, places);
        }
        self.exceptions.add(exception.clone())
    }

    /// Has a frame go on at a clause, in the variant of its function that begins at `code`.
    fn land(
        &mut self,
        handling: &Handling,
        code: u64,
        exception: Exception,
        reference: Option<u64>,
    ) -> Result<(), Error> {
        let clause = self.clause(code, handling.clause)?;
        let vmctx = self.instance(handling.instance).map(|of| {
            let memory = of.vmctx.get_u64(vmctx::MEMORY0_BASE as u32);
            (of.vmctx.address(), memory)
        });
        let place = || broken("a frame that cannot be gone back to");
        let (address, memory) = vmctx.ok_or_else(place)?;
        let native = self.native.as_mut().ok_or_else(place)?;
        if handling.index > 0 {
            native.go_back_to(&handling.frame, code).ok_or_else(place)?;
        }
        let values = (exception.values().iter().copied()).filter(|_| clause.with_values);
        let reference = reference.map(|reference| (ValType::ExnRef, u128::from(reference)));
        let mut below = handling.frame.rbp.wrapping_add_signed(i64::from(clause.top) + 8);
        for (ty, bits) in values.chain(reference) {
            below = below.wrapping_sub(u64::from(slot_len_bytes(ty)));
            if !native.stack_mut().write_val(below, ty == ValType::V128, bits) {
                return Err(place());
            }
        }
        let context = native.context_mut();
        context.gpr[R14] = address;
        context.gpr[RBX] = memory;
        context.rip = code + u64::from(clause.native);
        if let Some(level) = clause.keeps {
            let place = ArmPlace::new(handling.frame.rbp, level);
            native.caught.keep(place, exception);
        }
        Ok(())
    }
}

impl Native {
    /// Gives up the frames further in than one that stands in a call, and fills the registers as they are there before
    /// the call returns, homes of locals included. `code` is the address of its function's code.
    fn go_back_to(&mut self, frame: &RawFrame, code: u64) -> Option<()> {
        let stack = self.stack();
        let mut context = *self.context();
        for (&register, &saved) in CALLEE_SAVED.iter().zip(&frame.saved) {
            if saved != 0 {
                *context.gpr.get_mut(usize::from(register))? = stack.read(saved)?;
            }
        }
        for &Home { ty, register, slot } in self.variants.block(code)?.frame_map().homes() {
            let place = frame.rbp.wrapping_add_signed(i64::from(slot));
            match register {
                Some(Loc::Gpr(register)) if !CALLEE_SAVED.contains(&register) => {
                    *context.gpr.get_mut(usize::from(register))? = stack.read(place)?;
                }
                Some(Loc::Xmm(register)) => {
                    *context.xmm.get_mut(usize::from(register))? =
                        stack.read_val(place, ty == ValType::V128)?;
                }
                _ => {}
            }
        }
        *context.gpr.get_mut(RBP)? = frame.rbp;
        *context.gpr.get_mut(RSP)? = frame.pc_slot.checked_add(8)?;
        *self.context_mut() = context;
        Some(())
    }
}
