//! Calls of host functions: the same for compiled code, the interpreter and callers outside.
//!
//! # Invariants
//! - Results have the declared types; NaNs among them are canonical, function references known.
//!
//! Must not know: how guests run.

use super::host::{GuestMemory, HostCall, HostError};
use super::paused::{Guest, Paused, Resume, StopCause, StopHandler, TickAction, Trap};
use super::store::{CallOutcome, Store};
use crate::error::{Error, TrapKind};
use crate::types::Val;

/// The quiet NaN with no payload.
const CANONICAL_NAN_F32: u32 = 0x7fc0_0000;
const CANONICAL_NAN_F64: u64 = 0x7ff8_0000_0000_0000;

impl Store {
    /// Calls a host function on behalf of an instance (whose memory 0 it sees).
    pub(super) fn call_host(
        &mut self,
        caller: Option<u32>,
        host: u32,
        args: &[Val],
    ) -> Result<Vec<Val>, HostError> {
        let memory = (caller.and_then(|caller| self.instances.get(caller as usize)))
            .and_then(|instance| instance.memories.first())
            .and_then(|&memory| self.memories.get_mut(memory as usize));
        let Some(host) = self.hosts.get_mut(host as usize) else {
            return Err(HostError::Trap(format!("there is no host function {host}")));
        };
        let types = &host.func.ty.results;
        let mut results: Vec<Val> = types.iter().map(|&ty| Val::zero(ty)).collect();
        let mut written = Vec::new();
        let mut call = HostCall {
            args,
            results: &mut results,
            memory: memory.map(|memory| GuestMemory::new(memory.bytes_mut(), &mut written)),
        };
        let called = (host.func.code)(&mut call);
        // Of a call that fails nobody is told: the guest traps there.
        self.host_stores = match called.is_ok() && self.watches.any() {
            true => written
                .iter()
                .map(|bytes| bytes.start as u64..bytes.end as u64)
                .collect(),
            false => Vec::new(),
        };
        called?;
        let (types, field) = (types.clone(), host.func.field.clone());
        let fits = (results.iter().zip(types))
            .all(|(result, ty)| result.ty() == ty.erased() && self.is_value(ty, result.bits()));
        if !fits {
            self.host_stores.clear();
            let message = format!("{field} returned a value that does not fit its type");
            return Err(HostError::Trap(message));
        }
        results.iter_mut().for_each(canonicalize);
        Ok(results)
    }
}

/// Calls a host function from outside, with no guest around it.
pub(super) fn call_directly(
    store: &mut Store,
    host: u32,
    args: &[Val],
    handler: &mut dyn StopHandler,
) -> Result<CallOutcome, Error> {
    loop {
        let trap = match store.call_host(None, host, args) {
            Ok(results) => return Ok(CallOutcome::Returned(results)),
            Err(HostError::Exit(code)) => return Ok(CallOutcome::Exited(code)),
            Err(HostError::Trap(message)) => Trap {
                kind: TrapKind::Host,
                message: Some(message),
            },
            Err(HostError::Interrupted) => {
                store.interrupt.clear();
                let mut paused = Paused::new(store, Guest::None);
                let resume = match handler.on_interrupt(&mut paused) {
                    TickAction::Continue => Resume::Continue,
                    TickAction::Pause => handler.on_stop(&mut paused, &StopCause::Pause),
                    TickAction::Abandon => Resume::Abandon,
                };
                match resume {
                    Resume::Continue => continue,
                    Resume::Abandon => return Ok(CallOutcome::Abandoned),
                }
            }
        };
        let mut paused = Paused::new(store, Guest::None);
        handler.on_stop(&mut paused, &StopCause::Trap(trap.clone()));
        return Ok(CallOutcome::Trapped(trap));
    }
}

pub(super) fn canonicalize(val: &mut Val) {
    match val {
        Val::F32(bits) if f32::from_bits(*bits).is_nan() => *bits = CANONICAL_NAN_F32,
        Val::F64(bits) if f64::from_bits(*bits).is_nan() => *bits = CANONICAL_NAN_F64,
        _ => {}
    }
}
