//! The live world as the evaluator sees it: one stopped frame and its instance.
//!
//! Implemented by the engine's inspector and faked by tests. Every answer may be "no": the evaluator
//! turns a refusal into an [`Availability`](crate::Availability), never into a guess.

/// A WebAssembly value as raw bits, tagged with its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WasmValue {
    /// An `i32`.
    I32(u32),
    /// An `i64`.
    I64(u64),
    /// An `f32`, as bits.
    F32(u32),
    /// An `f64`, as bits.
    F64(u64),
    /// A `v128`, little endian.
    V128(u128),
    /// A null reference of any type.
    NullRef,
    /// A function of the frame's own instance, by index.
    FuncRef(u32),
    /// A reference to something else: opaque bits.
    OtherRef(u64),
}

/// The type of a slot of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotType {
    /// An `i32`.
    I32,
    /// An `i64`.
    I64,
    /// An `f32`.
    F32,
    /// An `f64`.
    F64,
    /// A vector or a reference.
    Other,
}

/// What is known of all frames that stand at one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameTypes {
    /// Types of the locals, parameters first.
    pub locals: Vec<SlotType>,
    /// Types of the instance's globals.
    pub globals: Vec<SlotType>,
    /// Types of the operand stack's entries, bottom first.
    pub operands: Vec<SlotType>,
}

/// What location expressions may ask of a stopped frame.
pub trait Target {
    /// Fills `out` from linear memory 0 at `address`; `false` if any byte lies outside it.
    fn read_memory(&self, address: u64, out: &mut [u8]) -> bool;
    /// Local `index` of the frame.
    fn local(&self, index: u32) -> Option<WasmValue>;
    /// Global `index` of the frame's instance.
    fn global(&self, index: u32) -> Option<WasmValue>;
    /// Operand-stack entry `index` of the frame, counted from the bottom (0 = pushed first).
    fn operand(&self, index: u32) -> Option<WasmValue>;
    /// The frame's local, or else the global, that the module's `name` section calls so.
    fn named(&self, _name: &str) -> Option<WasmValue> {
        None
    }
    /// The function index stored at `index` of table 0, for naming function pointers.
    fn table_function(&self, index: u64) -> Option<u32>;
}
