//! Offsets and conventions shared by the compiler (which emits them) and the runtime (which lays them out).
//!
//! # Registers of compiled code (x86-64)
//! | register | holds |
//! |---|---|
//! | `rbx` | base address of memory 0 (never moves; 0 without memory) |
//! | `r14` | the instance's VmCtx |
//! | `r15` | ticks left in this slice; `sub r15, 1` with a borrow enters the runtime |
//! | `rbp` | frame pointer; `[rbp]` caller's `rbp`, `[rbp+8]` return address, `[rbp-8]` this frame's VmCtx |
//! | `rsp` | guest stack |
//! | `r11 r12 r13` | homes of locals, preserved by callees |
//! | `r8 r9 r10`, `xmm6`..`xmm14` | homes of locals, saved by callers around wasm and host calls |
//! | `xmm15` | scratch within an instruction |
//! | `rax rcx rdx rsi rdi`, `xmm0`..`xmm5` | temporaries, arguments, results |
//!
//! # Calls between functions
//! `r8` holds the callee's [`VmFuncRef`](func_ref), `r14` the callee's VmCtx, `rbx` the callee's memory (a caller whose
//! call may leave the instance sets both, and puts its own back after it). Integer and reference arguments go in
//! [`INT_ARGS`], floats and vectors in [`FLOAT_ARGS`]; the first result comes in `rax` or `xmm0`. Further results and the
//! rest of the arguments lie on the stack, in this order, from `[rsp]` before the call instruction (`[rbp+16]` for the
//! callee), 8 bytes each, vectors 16 bytes aligned to 16, the arguments from the next multiple of 16. Results come first,
//! so that a function and the one it tail-calls have them at the same place; and there is room for some arguments at
//! every call, so that a function that has none on the stack can tail-call one that has. See [`CallLayout`]. `i32`
//! values are zero-extended to 64 bits wherever they lie in a register or slot.
//!
//! Must not know: the compiler, the runtime.

use crate::types::{FuncType, ValType};

/// Hardware numbers of the integer argument registers: rax, rcx, rdx, rsi, rdi.
pub const INT_ARGS: [u8; 5] = [0, 1, 2, 6, 7];
/// Hardware numbers of the float argument registers: xmm0..xmm5.
pub const FLOAT_ARGS: [u8; 6] = [0, 1, 2, 3, 4, 5];
/// Registers that callees preserve.
pub const CALLEE_SAVED: [u8; 3] = [11, 12, 13];
/// Room that must stay free below the stack limit: the largest frame (1 MiB), which is made before the limit is
/// checked, and what the exit stubs push.
pub const STACK_SLACK: u32 = (1 << 20) + 64 * 1024;

/// Fixed part of a VmCtx: byte offsets from `r14`.
pub mod vmctx {
    /// Pointer to the store's fiber (its current guest context is the fiber's first field).
    pub const FIBER: i32 = 0x00;
    /// Lowest `rsp` a function may have after its prologue.
    pub const STACK_LIMIT: i32 = 0x08;
    /// Base of memory 0 (copy; never changes).
    pub const MEMORY0_BASE: i32 = 0x10;
    /// Pointer to memory 0's [`memory`](super::memory) record.
    pub const MEMORY0: i32 = 0x18;
    /// Scratch for the exit stubs and for the checks of watched stores.
    pub const SCRATCH: i32 = 0x20;
    /// Address of the stub that a probe calls.
    pub const STOP_STUB: i32 = 0x28;
    /// Address of the stub that an explicit trap calls.
    pub const TRAP_STUB: i32 = 0x30;
    /// Address of the stub that an expired tick slice calls.
    pub const TICK_STUB: i32 = 0x38;
    /// Address of the stub that enters the runtime for a [`Libcall`](super::Libcall).
    pub const LIBCALL_STUB: i32 = 0x40;
    /// Instance number (u32).
    pub const INSTANCE: i32 = 0x48;
    /// First watched address, from the base of memory 0 (u64).
    pub const WATCH_FROM: i32 = 0x50;
    /// For stores of 1, 2, 4, 8 and 16 bytes (u64 each): how many addresses of a store's last byte, from `WATCH_FROM`
    /// on, belong to a store that meets what is watched; zeros where nothing is.
    pub const WATCH_REACH: i32 = 0x58;
    /// Address of the store that met it, from the base of memory 0 (u64).
    pub const WATCH_ADDRESS: i32 = 0x80;
    /// Bytes it stored (u64).
    pub const WATCH_LEN_BYTES: i32 = 0x88;
    /// Address of the stub that a store calls then.
    pub const WATCH_STUB: i32 = 0x90;
    /// Scratch for the exit stubs.
    pub const SCRATCH2: i32 = 0x98;
    /// How many of [`WATCH_RANGES`] are set (u64); with none of them, a store that the filter lets through leaves
    /// for the runtime.
    pub const WATCH_LISTED: i32 = 0xa0;
    /// What is watched, each as its first address, from the base of memory 0, and its length in bytes (u64 each).
    pub const WATCH_RANGES: i32 = 0xa8;
    /// Room in [`WATCH_RANGES`].
    pub const WATCH_RANGES_MAX: usize = 8;
    /// First byte after the fixed part; 16-byte aligned.
    pub const FIXED_END: u32 = 0x130;
}

/// Room of conditions: byte offsets from [`VmLayout::condition`].
pub mod condition {
    /// The flags that it found (u64).
    pub const FLAGS: u32 = 0;
    /// What it found in registers (8 of u64).
    pub const SAVED: u32 = 8;
    /// Its temporaries ([`TEMPORARIES`] of u64).
    pub const FIRST_TEMPORARY: u32 = 0x48;
    /// How many temporaries it may have.
    pub const TEMPORARIES: usize = 9;
    /// Size.
    pub const SIZE: u32 = 0x90;
}

/// What stores are looked up in where several ranges are watched, before they leave for the runtime: a byte for the
/// word of 8 bytes where its last byte lies, words that are [`SIZE`](watch_filter::SIZE) apart sharing one. In the byte
/// is a bit for stores of 1, 2, 4, 8 and 16 bytes each, set if such a store may meet what is watched.
pub mod watch_filter {
    /// Bytes of a word, as a power of two.
    pub const WORD_BITS: u8 = 3;
    /// Size: a power of two.
    pub const SIZE: u32 = 4096;
}

/// A function reference as compiled code sees it: 32 bytes. A `funcref` value is its address, 0 for null.
pub mod func_ref {
    /// Code to call: compiled code, or a stub that compiles it or calls the host.
    pub const CODE: i32 = 0;
    /// VmCtx to call it with (host functions: 0).
    pub const VMCTX: i32 = 8;
    /// Store-wide type number (u32).
    pub const TYPE: i32 = 16;
    /// Instance number (u32); `u32::MAX` for host functions.
    pub const INSTANCE: i32 = 20;
    /// Function index in the instance, or host function number (u32).
    pub const FUNC: i32 = 24;
    /// Size.
    pub const SIZE: u32 = 32;
}

/// A memory record.
pub mod memory {
    /// Base address.
    pub const BASE: i32 = 0;
    /// Current length in bytes (u64).
    pub const LEN_BYTES: i32 = 8;
    /// Size.
    pub const SIZE: u32 = 16;
}

/// A table record. Elements are 8 bytes: reference bits, 0 for null.
pub mod table {
    /// Address of element 0.
    pub const BASE: i32 = 0;
    /// Number of elements (u64).
    pub const LEN: i32 = 8;
    /// Size.
    pub const SIZE: u32 = 16;
}

/// What compiled code asks the runtime to do. Arguments come in `rax rcx rdx rsi` (in the order the operands
/// were pushed), the request in `rdi`: see [`Libcall::request`]. The result comes in `rax`. Every other register
/// is preserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Libcall {
    /// `memory.grow` (a: memory).
    MemoryGrow = 0,
    /// `memory.copy` (a: destination memory, b: source memory).
    MemoryCopy = 1,
    /// `memory.fill` (a: memory).
    MemoryFill = 2,
    /// `memory.init` (a: memory, b: segment).
    MemoryInit = 3,
    /// `data.drop` (a: segment).
    DataDrop = 4,
    /// `table.grow` (a: table).
    TableGrow = 5,
    /// `table.fill` (a: table).
    TableFill = 6,
    /// `table.copy` (a: destination table, b: source table).
    TableCopy = 7,
    /// `table.init` (a: table, b: segment).
    TableInit = 8,
    /// `elem.drop` (a: segment).
    ElemDrop = 9,
}

impl Libcall {
    /// All, by number.
    pub const ALL: [Libcall; 10] = [
        Libcall::MemoryGrow,
        Libcall::MemoryCopy,
        Libcall::MemoryFill,
        Libcall::MemoryInit,
        Libcall::DataDrop,
        Libcall::TableGrow,
        Libcall::TableFill,
        Libcall::TableCopy,
        Libcall::TableInit,
        Libcall::ElemDrop,
    ];

    /// The request word: number in bits 0..8, `a` in bits 8..36, `b` in bits 36..64.
    pub fn request(self, a: u32, b: u32) -> u64 {
        u64::from(self as u8) | u64::from(a & 0xfff_ffff) << 8 | u64::from(b & 0xfff_ffff) << 36
    }

    /// The parts of a request word.
    pub fn from_request(request: u64) -> Option<(Libcall, u32, u32)> {
        let call = *Libcall::ALL.get((request & 0xff) as usize)?;
        Some((
            call,
            (request >> 8) as u32 & 0xfff_ffff,
            (request >> 36) as u32 & 0xfff_ffff,
        ))
    }
}

/// Bytes that a value of a type takes in a frame or among stack arguments.
pub fn slot_len_bytes(ty: ValType) -> u32 {
    if ty == ValType::V128 { 16 } else { 8 }
}

/// Where one argument or result travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgPlace {
    /// Integer register by hardware number.
    Gpr(u8),
    /// Vector register by hardware number.
    Xmm(u8),
    /// Byte offset from the caller's `rsp` at the call (callee: from `rbp + 16`).
    Stack(u32),
}

/// Where the arguments and results of a function type travel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallLayout {
    /// One place a parameter.
    pub params: Vec<ArgPlace>,
    /// One place a result.
    pub results: Vec<ArgPlace>,
    /// Bytes of stack the caller provides, a multiple of 16.
    pub stack_bytes: u32,
}

impl CallLayout {
    /// Bytes of stack at every call, for results and arguments, whether the callee needs them or not.
    pub const LEAST_STACK_BYTES: u32 = 64;

    /// The layout of a type.
    pub fn new(ty: &FuncType) -> CallLayout {
        let (mut ints, mut floats, mut offset) = (INT_ARGS.iter(), FLOAT_ARGS.iter(), 0u32);
        let place_on_stack = |ty: ValType, offset: &mut u32| {
            let size = slot_len_bytes(ty);
            *offset = offset.next_multiple_of(size);
            let place = ArgPlace::Stack(*offset);
            *offset += size;
            place
        };
        let results = (ty.results.iter().enumerate())
            .map(|(index, &result)| match (index, result.is_float()) {
                (0, false) => ArgPlace::Gpr(0),
                (0, true) => ArgPlace::Xmm(0),
                _ => place_on_stack(result, &mut offset),
            })
            .collect();
        offset = offset.next_multiple_of(16);
        let params = (ty.params.iter())
            .map(|&param| {
                let register = if param.is_float() {
                    floats.next().map(|&register| ArgPlace::Xmm(register))
                } else {
                    ints.next().map(|&register| ArgPlace::Gpr(register))
                };
                register.unwrap_or_else(|| place_on_stack(param, &mut offset))
            })
            .collect();
        CallLayout {
            params,
            results,
            stack_bytes: offset.next_multiple_of(16).max(CallLayout::LEAST_STACK_BYTES),
        }
    }
}

/// Where the variable parts of one module's VmCtx lie: byte offsets from `r14`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmLayout {
    /// [`func_ref`] records of the defined functions.
    pub func_refs: u32,
    /// Pointers to the [`func_ref`] records of imported functions.
    pub imported_funcs: u32,
    /// Cells of the defined globals, 16 bytes each.
    pub globals: u32,
    /// Pointers to the cells of imported globals.
    pub imported_globals: u32,
    /// Pointers to the [`table`] records of all tables.
    pub tables: u32,
    /// Pointers to the [`memory`] records of all memories.
    pub memories: u32,
    /// Store-wide type numbers by type index (u32 each).
    pub type_ids: u32,
    /// Room of [`condition`]s.
    pub condition: u32,
    /// What stores are looked up in: see [`watch_filter`].
    pub watch_filter: u32,
    /// Size of the whole VmCtx, a multiple of 16.
    pub size: u32,
}

/// How many of each variable part a module has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VmCounts {
    /// Defined functions.
    pub funcs: usize,
    /// Imported functions.
    pub imported_funcs: usize,
    /// Defined globals.
    pub globals: usize,
    /// Imported globals.
    pub imported_globals: usize,
    /// All tables.
    pub tables: usize,
    /// All memories.
    pub memories: usize,
    /// Types.
    pub types: usize,
}

impl VmLayout {
    /// The layout for a module with so many of each.
    pub fn new(counts: VmCounts) -> VmLayout {
        let mut end = vmctx::FIXED_END;
        let mut take = |count: usize, size: u32| {
            let start = end;
            // The validator's limits (a million of anything) keep this far below 4 GiB.
            end = (end + count as u32 * size).next_multiple_of(16);
            start
        };
        let globals = take(counts.globals, 16);
        let imported_globals = take(counts.imported_globals, 8);
        let tables = take(counts.tables, 8);
        let memories = take(counts.memories, 8);
        let imported_funcs = take(counts.imported_funcs, 8);
        let type_ids = take(counts.types, 4);
        let func_refs = take(counts.funcs, func_ref::SIZE);
        let condition = take(1, condition::SIZE);
        let watch_filter = take(1, watch_filter::SIZE);
        VmLayout {
            func_refs,
            imported_funcs,
            globals,
            imported_globals,
            tables,
            memories,
            type_ids,
            condition,
            watch_filter,
            size: end,
        }
    }
}
