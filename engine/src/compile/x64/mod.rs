//! x86-64 (with AVX, BMI1, BMI2, LZCNT and POPCNT) through dynasm.
//!
//! # Invariants
//! - `xmm15` is scratch inside one method and holds nothing between methods.
//! - Guest memory is touched only by the instructions of [`mem`] that report their offset.
//!
//! Must not know: wasm operators, the value stack.

// `dynasm!` converts every register number it is given, also those of the right type.
#![allow(clippy::useless_conversion)]

mod float;
mod flow;
mod int;
mod mem;
mod simd;
mod simd_float;
mod simd_lane;

use super::masm::{Masm, Size};
use super::regs::Xmm;
use dynasmrt::{DynamicLabel, VecAssembler, x64::X64Relocation};
use std::collections::HashMap;

/// Emits `op before [rbp + disp] after` with the short displacement where it fits.
macro_rules! with_slot {
    ($self:ident, $disp:expr, [$($before:tt)*] [$($after:tt)*]) => {{
        let disp: i32 = $disp;
        if let Ok(short) = i8::try_from(disp) {
            dynasmrt::dynasm!($self.asm ; .arch x64 ; $($before)* [BYTE rbp + short] $($after)*)
        } else {
            dynasmrt::dynasm!($self.asm ; .arch x64 ; $($before)* [rbp + disp] $($after)*)
        }
    }};
}
pub(super) use with_slot;

/// Scratch within one method.
const SCRATCH: Xmm = Xmm(15);

/// An assembler for one function.
pub struct X64 {
    asm: VecAssembler<X64Relocation>,
    /// Constants after the code: (bits, label).
    pool: Vec<(u64, DynamicLabel)>,
    pooled: HashMap<u64, DynamicLabel>,
    /// Constants of 16 bytes behind those.
    vector_pool: Vec<(u128, DynamicLabel)>,
    pooled_vectors: HashMap<u128, DynamicLabel>,
    /// NaN results to make canonical, out of line.
    nans: Vec<NanFix>,
    /// Where the frame size is written at the end.
    frame_size_at: usize,
}

/// Which NaNs a register may hold.
enum NanKind {
    /// One float.
    Scalar(Size),
    /// Lanes; the scratch has ones where they are NaNs.
    Lanes(Size),
}

struct NanFix {
    kind: NanKind,
    reg: Xmm,
    label: DynamicLabel,
    back: DynamicLabel,
}

/// The quiet NaN without a payload.
fn canonical_nan(size: Size) -> u64 {
    match size {
        Size::S32 => 0x7fc0_0000,
        Size::S64 => 0x7ff8_0000_0000_0000,
    }
}

impl X64 {
    /// The label of a constant in the pool.
    fn pooled(&mut self, bits: u64) -> DynamicLabel {
        if let Some(&label) = self.pooled.get(&bits) {
            return label;
        }
        let label = self.asm.new_dynamic_label();
        self.pool.push((bits, label));
        self.pooled.insert(bits, label);
        label
    }
}

impl Masm for X64 {
    fn new(usual_bytes: usize) -> X64 {
        let jumps = usual_bytes / 16;
        X64 {
            asm: VecAssembler::new_with_capacity(0, usual_bytes, 0, 0, jumps, 0, jumps),
            pool: Vec::new(),
            pooled: HashMap::new(),
            vector_pool: Vec::new(),
            pooled_vectors: HashMap::new(),
            nans: Vec::new(),
            frame_size_at: 0,
        }
    }
}

/// Whether this processor has what the compiler emits; the error names what is missing. AVX brings all SSE, which is
/// enough for vectors.
pub fn supported() -> Result<(), String> {
    let features = [
        ("avx", std::arch::is_x86_feature_detected!("avx")),
        ("bmi1", std::arch::is_x86_feature_detected!("bmi1")),
        ("bmi2", std::arch::is_x86_feature_detected!("bmi2")),
        ("lzcnt", std::arch::is_x86_feature_detected!("lzcnt")),
        ("popcnt", std::arch::is_x86_feature_detected!("popcnt")),
    ];
    let missing: Vec<&str> = features
        .iter()
        .filter(|(_, has)| !has)
        .map(|(name, _)| *name)
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!("this processor has no {}", missing.join(", ")))
    }
}
