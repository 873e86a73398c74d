//! Native text of compiled code, for panes and golden tests.
//!
//! Must not know: how the code came to be.

use super::Compiled;
use crate::layout::vmctx;
use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};

/// One native instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativeRow {
    /// Offset in the function's code.
    pub native: u32,
    /// File offset of the wasm instruction it belongs to, if one begins at it.
    pub offset: Option<u64>,
    /// Its text.
    pub text: String,
}

/// The rows of a compiled function. The constants behind the last instruction are not decoded.
pub fn native_rows(compiled: &Compiled) -> Vec<NativeRow> {
    let mut boundaries = compiled.frame_map.boundaries().peekable();
    let mut decoder = Decoder::with_ip(64, &compiled.code, 0, DecoderOptions::NONE);
    let mut formatter = IntelFormatter::new();
    formatter.options_mut().set_space_after_operand_separator(true);
    formatter.options_mut().set_hex_prefix("0x");
    formatter.options_mut().set_hex_suffix("");
    let mut rows = Vec::new();
    while decoder.can_decode() {
        let instruction = decoder.decode();
        if instruction.is_invalid() {
            break;
        }
        let native = instruction.ip() as u32;
        let mut text = String::new();
        formatter.format(&instruction, &mut text);
        if let Some(stub) = stub_name(&instruction) {
            text.push_str("  ; ");
            text.push_str(stub);
        }
        // Instructions that emit nothing share their native offset with the next; the last one owns the code.
        let mut offset = None;
        while let Some(&(wasm, _)) = boundaries.peek().filter(|(_, at)| *at <= native) {
            offset = Some(wasm);
            boundaries.next();
        }
        rows.push(NativeRow { native, offset, text });
    }
    rows
}

fn stub_name(instruction: &iced_x86::Instruction) -> Option<&'static str> {
    use iced_x86::{Mnemonic, Register};
    if instruction.mnemonic() != Mnemonic::Call || instruction.memory_base() != Register::R14 {
        return None;
    }
    match instruction.memory_displacement64() as i32 {
        vmctx::STOP_STUB => Some("stop"),
        vmctx::TRAP_STUB => Some("trap"),
        vmctx::TICK_STUB => Some("tick"),
        vmctx::LIBCALL_STUB => Some("libcall"),
        vmctx::WATCH_STUB => Some("watch"),
        _ => None,
    }
}
