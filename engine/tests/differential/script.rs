//! A run as a script (`.wast`), so that a third engine can judge it: `wasmtime wast` when it is on PATH.

use super::generate::HOST;
use super::{Outcome, Run, State};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use stepwell_engine::module::{ExportKind, Module, decode};
use stepwell_engine::types::{Val, ValType};

/// The third engine's opinion of a script.
pub enum Verdict {
    /// Everything is as the script says.
    Agrees,
    /// Something is not; its words.
    Differs(String),
    /// It is not here.
    Absent,
}

/// Lets the third engine judge.
pub fn judge(script: &Path) -> Verdict {
    let mut command = Command::new("wasmtime");
    command
        .args(["wast", "-W", "relaxed-simd-deterministic=y", "-W", "exceptions=y"])
        // NaNs as here: a module can look at their bits.
        .args(["-W", "nan-canonicalization=y"])
        // As deep as calls go here.
        .args(["-W", "max-wasm-stack=6291456"])
        .arg(script);
    match command.output() {
        Err(_) => Verdict::Absent,
        Ok(output) if output.status.success() => Verdict::Agrees,
        Ok(output) => Verdict::Differs(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// The text: the module, every call with what came of it, and what was to be seen after it.
pub fn write(bytes: &[u8], run: &Run) -> String {
    let mut text = format!("{HOST}\n(register \"host\" $host)\n");
    let module = format!("(module $m binary {})", quoted(bytes));
    match run.refused {
        Some("trapped") => _ = writeln!(text, "(assert_trap {module} \"\")"),
        Some(_) => _ = writeln!(text, "(assert_unlinkable {module} \"\")"),
        None => _ = writeln!(text, "{module}\n(register \"m\" $m)"),
    }
    let decoded = decode(bytes.into()).expect("it ran");
    if run.refused.is_none() {
        probes(&mut text, &decoded);
    }
    for call in &run.calls {
        // The third engine's scripts cannot give one.
        if call.args.iter().any(|arg| matches!(arg, Val::ExnRef(_))) {
            return text;
        }
        let args: Vec<String> = call.args.iter().map(|arg| constant(*arg)).collect();
        let name = quoted(call.name.as_bytes());
        let invoke = format!("(invoke $m {name} {})", args.join(" "));
        match &call.outcome {
            Outcome::Returned(vals) => {
                let vals: Vec<String> = vals.iter().map(|val| expected(*val)).collect();
                let _ = writeln!(text, "(assert_return {invoke} {})", vals.join(" "));
            }
            Outcome::Trapped("exception") => _ = writeln!(text, "(assert_exception {invoke})"),
            Outcome::Trapped(name) => {
                let _ = writeln!(text, "(assert_trap {invoke} \"{}\")", spec_words(name));
            }
            // What was done before that differs between engines.
            Outcome::Exhausted => return text,
        }
        state(&mut text, &decoded, &call.state);
    }
    text
}

fn spec_words(name: &str) -> &'static str {
    match name {
        "unreachable" => "unreachable",
        "memory" => "out of bounds memory access",
        "null" => "uninitialized element",
        "type" => "indirect call type mismatch",
        "zero" => "integer divide by zero",
        "overflow" => "integer overflow",
        "conversion" => "invalid conversion to integer",
        // Two of the spec's traps have one name here.
        _ => "",
    }
}

/// Modules that look into exported memories and tables, named by the export's number.
fn probes(text: &mut String, module: &Module) {
    for (number, export) in module.exports.iter().enumerate() {
        let name = quoted(export.name.as_bytes());
        match export.kind {
            ExportKind::Memory(index) => {
                let Some(ty) = module.memories.get(index as usize) else {
                    continue;
                };
                let index = if ty.memory64 { "i64" } else { "i32" };
                let (min, max) = (ty.min, ty.max.map_or_else(String::new, |max| max.to_string()));
                let _ = writeln!(
                    text,
                    r#"(module $p{number} (import "m" {name} (memory {index} {min} {max}))
  (func (export "size") (result {index}) (memory.size))
  (func (export "sum") (result i64) (local $at {index}) (local $sum i64)
    (local.set $sum (i64.const 0xcbf29ce484222325))
    (block $end (loop $next
      (br_if $end ({index}.ge_u (local.get $at) ({index}.shl (memory.size) ({index}.const 16))))
      (local.set $sum (i64.mul (i64.xor (local.get $sum) (i64.load (local.get $at))) (i64.const 0x100000001b3)))
      (local.set $at ({index}.add (local.get $at) ({index}.const 8)))
      (br $next)))
    (local.get $sum)))"#
                );
            }
            ExportKind::Table(index) => {
                let Some(ty) = module.tables.get(index as usize) else {
                    continue;
                };
                let index = if ty.table64 { "i64" } else { "i32" };
                let (min, max) = (ty.min, ty.max.map_or_else(String::new, |max| max.to_string()));
                let element = match ty.element {
                    ValType::ExternRef => "externref",
                    ValType::ExnRef => "exnref",
                    _ => "funcref",
                };
                let _ = writeln!(
                    text,
                    r#"(module $p{number} (import "m" {name} (table {index} {min} {max} {element}))
  (func (export "size") (result {index}) (table.size))
  (func (export "sum") (result i64) (local $at {index}) (local $sum i64)
    (block $end (loop $next
      (br_if $end ({index}.ge_u (local.get $at) (table.size)))
      (local.set $sum (i64.mul
        (i64.add (local.get $sum) (i64.extend_i32_u (ref.is_null (table.get (local.get $at)))))
        (i64.const 0x100000001b3)))
      (local.set $at ({index}.add (local.get $at) ({index}.const 1)))
      (br $next)))
    (local.get $sum)))"#
                );
            }
            _ => {}
        }
    }
}

fn state(text: &mut String, module: &Module, state: &State) {
    let number = |name: &str| module.exports.iter().position(|export| export.name == name);
    for (name, val) in &state.globals {
        let name = quoted(name.as_bytes());
        let _ = writeln!(text, "(assert_return (get $m {name}) {})", expected(*val));
    }
    for (name, _, sum) in &state.memories {
        if let Some(number) = number(name) {
            let _ = writeln!(
                text,
                "(assert_return (invoke $p{number} \"sum\") (i64.const {sum}))"
            );
        }
    }
    for (name, nulls) in &state.tables {
        if let Some(number) = number(name) {
            let sum = nulls.iter().fold(0u64, |sum, null| {
                sum.wrapping_add(u64::from(*null)).wrapping_mul(0x100_0000_01b3)
            });
            let _ = writeln!(
                text,
                "(assert_return (invoke $p{number} \"sum\") (i64.const {sum}))"
            );
        }
    }
}

fn constant(val: Val) -> String {
    match val {
        Val::I32(v) => format!("(i32.const {v})"),
        Val::I64(v) => format!("(i64.const {v})"),
        Val::F32(bits) => format!("(f32.const {})", float32(bits)),
        Val::F64(bits) => format!("(f64.const {})", float64(bits)),
        Val::V128(v) => format!("(v128.const i64x2 {} {})", v as u64, (v >> 64) as u64),
        Val::FuncRef(_) => "(ref.null func)".to_string(),
        Val::ExternRef(_) => "(ref.null extern)".to_string(),
        Val::ExnRef(_) => "(ref.null exn)".to_string(),
    }
}

fn expected(val: Val) -> String {
    match val {
        Val::FuncRef(bits) if bits != 0 => "(ref.func)".to_string(),
        Val::ExternRef(bits) if bits != 0 => "(ref.extern)".to_string(),
        Val::ExnRef(bits) if bits != 0 => "(ref.exn)".to_string(),
        other => constant(other),
    }
}

fn float32(bits: u32) -> String {
    let sign = if bits >> 31 == 1 { "-" } else { "" };
    let (exponent, fraction) = (bits >> 23 & 0xff, bits & 0x7f_ffff);
    match exponent {
        0xff if fraction == 0 => format!("{sign}inf"),
        0xff => format!("{sign}nan:{fraction:#x}"),
        // The fraction has 23 bits; one more makes whole hexadecimal digits.
        0 => format!("{sign}0x0.{:06x}p-126", fraction << 1),
        _ => format!("{sign}0x1.{:06x}p{}", fraction << 1, exponent as i32 - 127),
    }
}

fn float64(bits: u64) -> String {
    let sign = if bits >> 63 == 1 { "-" } else { "" };
    let (exponent, fraction) = (bits >> 52 & 0x7ff, bits & 0xf_ffff_ffff_ffff);
    match exponent {
        0x7ff if fraction == 0 => format!("{sign}inf"),
        0x7ff => format!("{sign}nan:{fraction:#x}"),
        0 => format!("{sign}0x0.{fraction:013x}p-1022"),
        _ => format!("{sign}0x1.{fraction:013x}p{}", exponent as i32 - 1023),
    }
}

/// Bytes as a string of the text format.
fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for byte in bytes {
        let _ = write!(text, "\\{byte:02x}");
    }
    text.push('"');
    text
}
