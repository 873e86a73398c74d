//! Hardware faults of compiled code become traps.
//!
//! # Invariants
//! - The handler is async-signal-safe: it reads plain data of its own thread and writes the fiber.
//! - It claims a fault only if the program counter is in published code while this thread runs a guest, and the
//!   address lies in the reservation of one of the guest's memories or in its stack guard. Everything else goes
//!   to the handler that was there before.
//! - Signals serve nothing else.
//!
//! Must not know: which instruction faulted, what a trap leads to.
#![allow(unsafe_code)]

use super::entry::Fiber;
use crate::error::Error;
use std::cell::Cell;
use std::ops::Range;
use std::sync::OnceLock;

/// What a guest may fault in, while it runs on this thread.
pub struct Claim<'a> {
    /// Published code.
    pub code: Range<usize>,
    /// Reservations of its memories.
    pub memories: &'a [Range<usize>],
    /// Guard of its stack.
    pub stack_guard: Range<usize>,
    /// Its fiber.
    pub fiber: *mut Fiber,
    /// Where to go on after a fault.
    pub fault_stub: u64,
}

thread_local! {
    /// The claim of the guest that runs on this thread. No destructor, so a signal handler may read it.
    static CLAIM: Cell<*const Claim<'static>> = const { Cell::new(std::ptr::null()) };
}

const SIGNALS: [libc::c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];
static PREVIOUS: OnceLock<[libc::sigaction; 2]> = OnceLock::new();

/// Runs `body` (which runs the guest) with faults of the guest claimed.
pub fn with_claim<T>(claim: &Claim<'_>, body: impl FnOnce() -> T) -> T {
    let outer = CLAIM.replace(std::ptr::from_ref(claim).cast());
    let result = body();
    CLAIM.set(outer);
    result
}

/// Installs the handler (once a process) and makes sure that this thread has a stack for signals.
pub fn prepare_thread() -> Result<(), Error> {
    let mut failed = false;
    PREVIOUS.get_or_init(|| {
        // SAFETY: `sigaction` structures are plain data, for which zeros are valid.
        let mut previous: [libc::sigaction; 2] = unsafe { std::mem::zeroed() };
        for (signal, previous) in SIGNALS.iter().zip(&mut previous) {
            // SAFETY: asks for the present action only.
            failed |= unsafe { libc::sigaction(*signal, std::ptr::null(), previous) } != 0;
        }
        previous
    });
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    // The previous actions are known before the handler can run and need them.
    let installed = *INSTALLED.get_or_init(|| {
        SIGNALS.iter().all(|&signal| {
            // SAFETY: zeros are valid; the fields that matter are set.
            let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
            action.sa_sigaction = handle as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
            // SAFETY: `action` names a handler with the signature that SA_SIGINFO asks for.
            unsafe {
                libc::sigemptyset(&mut action.sa_mask);
                libc::sigaction(signal, &action, std::ptr::null_mut()) == 0
            }
        })
    });
    if failed || !installed || !SignalStack::ensure() {
        return Err(Error::Host(format!(
            "cannot handle memory faults: {}",
            std::io::Error::last_os_error()
        )));
    }
    Ok(())
}

/// A stack for signal handlers, for threads that have none.
struct SignalStack(Vec<u8>);

impl SignalStack {
    fn ensure() -> bool {
        thread_local! {
            static OWN: std::cell::RefCell<Option<SignalStack>> = const { std::cell::RefCell::new(None) };
        }
        // SAFETY: zeros are valid for a `stack_t`; only the present state is asked for.
        let present = unsafe {
            let mut present: libc::stack_t = std::mem::zeroed();
            if libc::sigaltstack(std::ptr::null(), &mut present) != 0 {
                return false;
            }
            present
        };
        if present.ss_flags & libc::SS_DISABLE == 0 {
            return true;
        }
        let mut memory = vec![0u8; 64 * 1024];
        let stack = libc::stack_t {
            ss_sp: memory.as_mut_ptr().cast(),
            ss_flags: 0,
            ss_size: memory.len(),
        };
        // SAFETY: the memory lives until the thread ends, where `drop` takes it out of use first.
        let set = unsafe { libc::sigaltstack(&stack, std::ptr::null_mut()) } == 0;
        OWN.with(|own| *own.borrow_mut() = Some(SignalStack(memory)));
        set
    }
}

impl Drop for SignalStack {
    fn drop(&mut self) {
        let none = libc::stack_t {
            ss_sp: std::ptr::null_mut(),
            ss_flags: libc::SS_DISABLE,
            ss_size: self.0.len(),
        };
        // SAFETY: takes this thread's signal stack out of use; no handler runs on it now.
        unsafe {
            libc::sigaltstack(&none, std::ptr::null_mut());
        }
    }
}

/// The handler of both signals.
///
/// # Safety
/// Called by the system only.
unsafe extern "C" fn handle(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the system hands over valid structures. The claim, if set, points into the frame of `with_claim`
    // on this very thread, which is suspended in the guest.
    unsafe {
        let claim = CLAIM.get();
        let registers = &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs;
        if !claim.is_null() {
            let claim = &*claim;
            let pc = registers[libc::REG_RIP as usize] as usize;
            let address = (*info).si_addr() as usize;
            let inside = claim.stack_guard.contains(&address)
                || claim.memories.iter().any(|memory| memory.contains(&address));
            if claim.code.contains(&pc) && inside {
                let guest = &raw mut (*claim.fiber).context;
                (*guest).rip = pc as u64;
                (*guest).rflags = registers[libc::REG_EFL as usize] as u64;
                registers[libc::REG_RIP as usize] = claim.fault_stub as i64;
                return;
            }
        }
        chain(signal, info, context);
    }
}

/// Hands a signal to whoever handled it before.
///
/// # Safety
/// As for [`handle`].
unsafe fn chain(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let previous = PREVIOUS.get().and_then(|previous| {
        SIGNALS
            .iter()
            .position(|&known| known == signal)
            .and_then(|index| previous.get(index))
    });
    // SAFETY: the previous action was valid when it was installed; its flags say which signature it has.
    unsafe {
        match previous {
            Some(action) if action.sa_sigaction != libc::SIG_DFL && action.sa_sigaction != libc::SIG_IGN => {
                if action.sa_flags & libc::SA_SIGINFO != 0 {
                    let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
                        std::mem::transmute(action.sa_sigaction);
                    handler(signal, info, context);
                } else {
                    let handler: extern "C" fn(libc::c_int) = std::mem::transmute(action.sa_sigaction);
                    handler(signal);
                }
            }
            // Nobody: back to the default, which ends the process when the instruction faults again.
            _ => {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
    }
}
