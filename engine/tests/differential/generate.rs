//! A module from a number, arguments from a number and a type.

use stepwell_engine::types::{Val, ValType};
use wasm_smith::{Config, Module};

/// How often a module's loops and functions may begin; then it traps.
const FUEL: u32 = 5_000;

/// What the module may import.
pub const HOST: &str = include_str!("host.wat");

/// The same for the generator, which reads imports only.
const HOST_TYPES: &str = r#"(module
    (import "host" "a" (func (param i32) (result i32)))
    (import "host" "b" (func (param i64 f32) (result f64)))
    (import "host" "c" (func (param f64 f64 i32) (result i64 f32)))
    (import "host" "d" (func))
    (import "host" "e" (func (param i32 i32 i32 i32 i32 i32 i32 f32 f64) (result i32 i32 i32))))"#;

/// SplitMix64 (Steele, Lea, Flood 2014): a fixed stream of numbers from a seed.
pub struct Numbers(u64);

impl Numbers {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Numbers {
        Numbers(seed)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Which extensions of 2.0 a module may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extensions {
    /// Those that the peer has: tail calls, multiple memories, 64-bit memories and tables, relaxed vectors.
    OfThePeer,
    /// Exceptions as well.
    Exceptions,
}

/// The module of a seed; `None` for the few whose numbers do not suffice for one.
pub fn module(seed: u64, extensions: Extensions) -> Option<Vec<u8>> {
    let mut numbers = Numbers::new(seed);
    let shape = numbers.next();
    let flag = |bit: u32| shape >> bit & 1 == 1;
    let len = 256 + (numbers.next() % 12_000) as usize;
    let bytes: Vec<u8> = (0..len.div_ceil(8))
        .flat_map(|_| numbers.next().to_le_bytes())
        .collect();
    let disallow_traps = !flag(1) || flag(2);
    let config = Config {
        available_imports: flag(0).then(|| wat::parse_str(HOST_TYPES).expect("text")),
        // Modules that cannot trap get far; those that can try the traps.
        disallow_traps,
        // Where traps are allowed segments lie anywhere, and nearly every module with one is refused.
        max_data_segments: if disallow_traps || flag(13) { 100 } else { 0 },
        max_element_segments: if disallow_traps || flag(13) { 100 } else { 0 },
        max_imports: if flag(0) { 6 } else { 0 },
        min_funcs: 2,
        max_funcs: if flag(3) { 4 } else { 20 },
        max_instructions: if flag(4) { 100 } else { 600 },
        min_memories: 1,
        max_memories: if flag(9) { 3 } else { 1 },
        max_memory32_bytes: 4 << 16,
        max_memory64_bytes: 4 << 16,
        min_tables: u32::from(flag(5)),
        max_tables: 3,
        max_table_elements: 200,
        max_globals: 12,
        max_type_size: 200,
        table_max_size_required: true,
        memory_max_size_required: true,
        export_everything: true,
        canonicalize_nans: true,
        allow_start_export: flag(6),
        extended_const_enabled: true,
        simd_enabled: flag(7),
        relaxed_simd_enabled: flag(7) && flag(8),
        memory64_enabled: flag(10) && flag(11),
        tail_call_enabled: flag(12),
        exceptions_enabled: extensions == Extensions::Exceptions,
        // Not in this engine.
        gc_enabled: false,
        compact_imports_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    };
    let mut unstructured = arbitrary::Unstructured::new(&bytes);
    let mut module = Module::new(config, &mut unstructured).ok()?;
    module.ensure_termination(FUEL).ok()?;
    Some(module.to_bytes())
}

/// Arguments for a call: the corners of each type as often as any other number.
pub fn args(types: &[ValType], numbers: &mut Numbers) -> Vec<Val> {
    const CORNERS: [u64; 8] = [
        0,
        1,
        u64::MAX,
        0x7fff_ffff,
        0x8000_0000,
        i64::MIN as u64,
        0x7f80_0000,
        0x7ff0_0000_0000_0000,
    ];
    types
        .iter()
        .map(|&ty| {
            let choice = numbers.next();
            let low = match CORNERS.get((choice % 16) as usize) {
                Some(&corner) => corner,
                None => numbers.next(),
            };
            let bits = match ty {
                ValType::FuncRef | ValType::ExternRef | ValType::ExnRef => 0,
                ValType::V128 => u128::from(low) | u128::from(numbers.next()) << 64,
                _ => u128::from(low),
            };
            canonical(Val::from_bits(ty, bits))
        })
        .collect()
}

/// The value with its NaN made the canonical one.
fn canonical(val: Val) -> Val {
    match val {
        Val::F32(bits) if f32::from_bits(bits).is_nan() => Val::F32(0x7fc0_0000),
        Val::F64(bits) if f64::from_bits(bits).is_nan() => Val::F64(0x7ff8_0000_0000_0000),
        other => other,
    }
}

/// FNV-1a over words: a checksum of a memory.
pub fn checksum(bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(0xcbf2_9ce4_8422_2325, |sum, chunk| {
        let word = chunk
            .iter()
            .rev()
            .fold(0u64, |word, &byte| word << 8 | u64::from(byte));
        (sum ^ word).wrapping_mul(0x100_0000_01b3)
    })
}
