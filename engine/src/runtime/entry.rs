//! The way into the guest and back: a coroutine switch and the stubs that leave compiled code.
//!
//! # Invariants
//! - Every exit leaves all registers and flags of the guest in its [`GuestContext`], and `rsp` as it was before
//!   the call instruction that left; resuming loads all of them. So whatever a handler reads or writes there is
//!   what the guest has.
//! - Stubs that compiled code calls find the fiber through `r14`, whichever VmCtx of the store that is.
//! - The host's stack holds nothing of the guest.
//!
//! Must not know: what an exit means.
#![allow(unsafe_code)]
// `dynasm!` converts every register number it is given, also those of the right type.
#![allow(clippy::useless_conversion)]

use super::code_memory::CodeMemory;
use crate::error::Error;
use crate::layout::vmctx;
use dynasmrt::x64::X64Relocation;
use dynasmrt::{DynasmApi, DynasmLabelApi, VecAssembler, dynasm};
use std::mem::offset_of;

/// Hardware numbers of registers the runtime names.
pub const RAX: usize = 0;
/// See [`RAX`].
pub const RCX: usize = 1;
/// See [`RAX`].
pub const RDX: usize = 2;
/// See [`RAX`].
pub const RBX: usize = 3;
/// See [`RAX`].
pub const RSP: usize = 4;
/// See [`RAX`].
pub const RBP: usize = 5;
/// See [`RAX`].
pub const RSI: usize = 6;
/// See [`RAX`].
pub const RDI: usize = 7;
/// See [`RAX`].
pub const R8: usize = 8;
/// See [`RAX`].
pub const R14: usize = 14;
/// See [`RAX`].
pub const R15: usize = 15;

/// Flags a guest starts with: interrupts on, nothing set.
const START_FLAGS: u64 = 0x202;

/// Everything of the guest that is in the processor while it runs.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
pub struct GuestContext {
    /// Integer registers by hardware number.
    pub gpr: [u64; 16],
    /// Program counter.
    pub rip: u64,
    /// Flags.
    pub rflags: u64,
    /// Vector registers.
    pub xmm: [u128; 16],
}

impl Default for GuestContext {
    fn default() -> GuestContext {
        GuestContext {
            gpr: [0; 16],
            rip: 0,
            rflags: START_FLAGS,
            xmm: [0; 16],
        }
    }
}

/// A guest and the place of the host that resumed it.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
pub struct Fiber {
    /// The guest.
    pub context: GuestContext,
    host_rsp: u64,
    exit: u64,
}

impl Fiber {
    /// A fiber with no guest.
    pub fn new() -> Fiber {
        Fiber {
            context: GuestContext::default(),
            host_rsp: 0,
            exit: 0,
        }
    }
}

/// Why the guest left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The outermost function returned.
    Done = 0,
    /// A probe.
    Stop = 1,
    /// An explicit trap.
    Trap = 2,
    /// The tick slice is used up.
    Tick = 3,
    /// A libcall.
    Libcall = 4,
    /// A call of a function without code; the return address is still on the stack.
    Lazy = 5,
    /// A call of a host function.
    Host = 6,
    /// A hardware fault.
    Fault = 7,
    /// A store that may have met what is watched.
    Watch = 8,
}

impl Exit {
    const ALL: [Exit; 9] = [
        Exit::Done,
        Exit::Stop,
        Exit::Trap,
        Exit::Tick,
        Exit::Libcall,
        Exit::Lazy,
        Exit::Host,
        Exit::Fault,
        Exit::Watch,
    ];

    /// Whether the stub is called, with a return address that is where the guest stands.
    fn is_called(self) -> bool {
        matches!(
            self,
            Exit::Stop | Exit::Trap | Exit::Tick | Exit::Libcall | Exit::Host | Exit::Watch
        )
    }
}

/// Addresses of the stubs.
#[derive(Clone, Copy, Debug)]
pub struct Stubs {
    resume: u64,
    exits: [u64; 9],
}

const GPR: i32 = offset_of!(GuestContext, gpr) as i32;
const RIP_OFFSET: i32 = offset_of!(GuestContext, rip) as i32;
const RFLAGS: i32 = offset_of!(GuestContext, rflags) as i32;
const XMM: i32 = offset_of!(GuestContext, xmm) as i32;
const HOST_RSP: i32 = offset_of!(Fiber, host_rsp) as i32;
const EXIT: i32 = offset_of!(Fiber, exit) as i32;

impl Stubs {
    /// Publishes the stubs.
    pub fn new(code: &mut CodeMemory) -> Result<Stubs, Error> {
        let mut ops = VecAssembler::<X64Relocation>::new(0);
        emit_resume(&mut ops);
        let mut offsets = [0; 9];
        for (offset, exit) in offsets.iter_mut().zip(Exit::ALL) {
            *offset = ops.offset().0 as u64;
            if exit == Exit::Watch {
                emit_watched(&mut ops);
            }
            emit_exit(&mut ops, exit);
        }
        emit_leave(&mut ops);
        let bytes = (ops.finalize()).map_err(|error| Error::Host(format!("entry stubs: {error}")))?;
        let start = code.publish(&bytes)?;
        Ok(Stubs {
            resume: start,
            exits: offsets.map(|offset| start + offset),
        })
    }

    /// The address of an exit's stub.
    pub fn exit(&self, exit: Exit) -> u64 {
        self.exits[exit as usize]
    }

    /// Runs the guest until it leaves.
    ///
    /// # Safety
    /// The fiber's context must be one that an exit left, moved to another variant at the same point, or the start
    /// of a compiled function with all registers of the calling convention set; the code it stands in must have
    /// come from the compiler for the VmCtx in `r14`, and all that the VmCtx points at must be alive.
    pub unsafe fn resume(&self, fiber: *mut Fiber) -> Option<Exit> {
        // SAFETY: the address is that of `emit_resume`'s code, published for the life of the store.
        let resume: extern "sysv64" fn(*mut Fiber) = unsafe { std::mem::transmute(self.resume as usize) };
        resume(fiber);
        // SAFETY: the fiber is alive and the guest has left it.
        Exit::ALL.get(unsafe { (*fiber).exit } as usize).copied()
    }
}

/// `resume(fiber in rdi)`: saves what the host's convention preserves, loads the guest.
fn emit_resume(ops: &mut VecAssembler<X64Relocation>) {
    dynasm!(ops
        ; .arch x64
        ; push rbx
        ; push rbp
        ; push r12
        ; push r13
        ; push r14
        ; push r15
        ; mov [rdi + HOST_RSP], rsp
    );
    for register in 0..16u8 {
        dynasm!(ops ; .arch x64 ; movaps Rx(register), [rdi + XMM + 16 * i32::from(register)]);
    }
    // The program counter travels below the guest's stack pointer, which is free (`STACK_SLACK`): with a jump, for the
    // processor would foretell a return to the host. The overflow flag is had from an addition, the others from `ah`,
    // which takes a fifth of the time of `popfq`; nothing behind changes flags.
    dynasm!(ops
        ; .arch x64
        ; mov rsp, [rdi + GPR + 8 * RSP as i32]
        ; mov rax, [rdi + RIP_OFFSET]
        ; mov [rsp - 8], rax
        ; mov ecx, [rdi + RFLAGS]
        ; mov eax, ecx
        ; shl eax, 8
        ; shr ecx, 11
        ; and ecx, 1
        ; mov al, cl
        ; add al, 0x7f
        ; sahf
    );
    for register in (0..16u8).filter(|&register| usize::from(register) != RSP && usize::from(register) != RDI)
    {
        dynasm!(ops ; .arch x64 ; mov Rq(register), [rdi + GPR + 8 * i32::from(register)]);
    }
    dynasm!(ops
        ; .arch x64
        ; mov rdi, [rdi + GPR + 8 * RDI as i32]
        ; jmp QWORD [rsp - 8]
    );
}

/// Before the exit of a store that the filter let through: returns to the store if it meets none of the ranges that are
/// listed. The flags are nobody's behind a store that is looked at.
fn emit_watched(ops: &mut VecAssembler<X64Relocation>) {
    dynasm!(ops
        ; .arch x64
        ; mov [r14 + vmctx::SCRATCH], rax
        ; mov [r14 + vmctx::SCRATCH2], rcx
        ; push rdx
        ; mov rcx, [r14 + vmctx::WATCH_LISTED]
        ; shl rcx, 4
        ; jz >met
        ; next:
        ; sub rcx, 16
        ; mov rdx, [r14 + vmctx::WATCH_LEN_BYTES]
        ; sub rdx, 1
        ; mov rax, [r14 + vmctx::WATCH_ADDRESS]
        ; add rax, rdx
        ; sub rax, [r14 + rcx + vmctx::WATCH_RANGES]
        ; add rdx, [r14 + rcx + vmctx::WATCH_RANGES + 8]
        ; cmp rax, rdx
        ; jb >met
        ; test rcx, rcx
        ; jnz <next
        ; pop rdx
        ; mov rcx, [r14 + vmctx::SCRATCH2]
        ; mov rax, [r14 + vmctx::SCRATCH]
        ; ret
        ; met:
        ; pop rdx
        ; mov rcx, [r14 + vmctx::SCRATCH2]
        ; mov rax, [r14 + vmctx::SCRATCH]
    );
}

/// An exit: frees `rax` and `rcx`, notes the kind, saves the rest. Nothing changes the flags before they are saved.
fn emit_exit(ops: &mut VecAssembler<X64Relocation>, exit: Exit) {
    dynasm!(ops
        ; .arch x64
        ; mov [r14 + vmctx::SCRATCH], rax
        ; mov [r14 + vmctx::SCRATCH2], rcx
    );
    if exit != Exit::Fault {
        // As `pushfq` has them, the undefined ones aside.
        dynasm!(ops
            ; .arch x64
            ; lahf
            ; seto al
            ; movzx ecx, al
            ; movzx eax, ah
            ; shl ecx, 11
            ; or ecx, eax
        );
    }
    dynasm!(ops
        ; .arch x64
        ; mov rax, [r14 + vmctx::FIBER]
        ; mov DWORD [rax + EXIT], exit as i32
    );
    if exit.is_called() {
        dynasm!(ops ; .arch x64 ; pop QWORD [rax + RIP_OFFSET]);
    }
    if exit == Exit::Fault {
        // The signal handler has saved the flags and the program counter: the stack may be the one thing that
        // cannot be touched.
        dynasm!(ops ; .arch x64 ; mov [rax + GPR + 8 * RSP as i32], rsp ; jmp ->leave);
    } else {
        dynasm!(ops
            ; .arch x64
            ; mov [rax + GPR + 8 * RSP as i32], rsp
            ; mov [rax + RFLAGS], rcx
            ; jmp ->leave
        );
    }
}

/// The common rest of the exits: saves the other registers and returns from `resume`. The guest's call of the stub is
/// what the processor foretells the first return from; with a return of its own for that one, it foretells the second
/// rightly, and all the host's behind.
fn emit_leave(ops: &mut VecAssembler<X64Relocation>) {
    dynasm!(ops ; .arch x64 ; ->leave:);
    for register in (2..16u8).filter(|&register| usize::from(register) != RSP) {
        dynasm!(ops ; .arch x64 ; mov [rax + GPR + 8 * i32::from(register)], Rq(register));
    }
    dynasm!(ops
        ; .arch x64
        ; mov rcx, [r14 + vmctx::SCRATCH]
        ; mov [rax + GPR], rcx
        ; mov rcx, [r14 + vmctx::SCRATCH2]
        ; mov [rax + GPR + 8 * RCX as i32], rcx
    );
    for register in 0..16u8 {
        dynasm!(ops ; .arch x64 ; movaps [rax + XMM + 16 * i32::from(register)], Rx(register));
    }
    dynasm!(ops
        ; .arch x64
        ; mov rsp, [rax + HOST_RSP]
        ; pop r15
        ; pop r14
        ; pop r13
        ; pop r12
        ; pop rbp
        ; pop rbx
        ; lea rcx, [->outside]
        ; push rcx
        ; ret
        ; ->outside:
        ; ret
    );
}
