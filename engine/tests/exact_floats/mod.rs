//! A program of floats, as text: chains of arithmetic on ordinary numbers, zeros, infinities and NaNs of every kind, whose
//! intermediate results lie on the operand stack, and every way such a result is used.

use std::fmt::Write as _;

/// What arithmetic tells apart, but for payloads of NaNs.
const VALUES: [&str; 9] = ["1.5", "-0.25", "0", "-0", "1e38", "inf", "-inf", "nan", "-nan"];
/// Quiet and signaling NaNs with payloads.
const NANS_32: [&str; 2] = ["nan:0x400001", "-nan:0x200001"];
const NANS_64: [&str; 2] = ["nan:0x8000000000001", "-nan:0x2000000000001"];

const OPS: [&str; 6] = ["add", "sub", "mul", "div", "min", "max"];
const UNARY: [&str; 5] = ["sqrt", "ceil", "floor", "trunc", "nearest"];

/// Uses of a value of a type on top of the stack.
fn uses(ty: &str, bits: &str, other: &str) -> Vec<String> {
    vec![
        "drop".into(),
        "local.set $kept".into(),
        "local.tee $kept drop".into(),
        "global.set $global".into(),
        "call $same drop".into(),
        format!("{bits}.reinterpret_{ty} drop"),
        format!("{ty}.neg {bits}.reinterpret_{ty} drop"),
        format!("{ty}.abs local.set $kept"),
        format!("{ty}.const -1 {ty}.copysign local.set $kept"),
        format!("{ty}.const 2 local.get $kept {ty}.copysign {ty}.lt drop"),
        format!("{ty}.const 0 {ty}.lt if nop end"),
        format!("local.get $kept {ty}.const 1 local.get $kept {ty}.ge select drop"),
        format!("block (param {ty}) (result {ty}) i32.const 1 br_if 0 end drop"),
        format!("local.get $kept {ty}.eq if nop else nop end"),
        format!("i32.trunc_sat_{ty}_s drop"),
        format!("{other} local.set $wide"),
        // More than there are temporaries.
        format!(
            "{0} {0} {0} {0} {0} {0} {1} {1} {1} {1} {1} {1} drop",
            format_args!("local.get $kept local.get $kept {ty}.sub"),
            format_args!("{ty}.add")
        ),
    ]
}

fn function(out: &mut String, ty: &str, bits: &str, other: &str, wide: &str) {
    let uses = uses(ty, bits, other);
    let params = format!("(param $a {ty}) (param $b {ty})");
    write!(
        out,
        "(global $global_{ty} (mut {ty}) ({ty}.const 0))
         (func $same_{ty} (param {ty}) (result {ty}) local.get 0)
         (func $chain_{ty} {params} (local $kept {ty}) (local $wide {wide})\n"
    )
    .expect("text");
    let mut number = 0;
    for first in OPS {
        for second in OPS.into_iter().chain(UNARY) {
            let then = match UNARY.contains(&second) {
                true => format!("{ty}.{second}"),
                false => format!("local.get $b {ty}.{second}"),
            };
            let used = &uses[number % uses.len()];
            number += 1;
            let used = used
                .replace("$same", &format!("$same_{ty}"))
                .replace("$global", &format!("$global_{ty}"));
            writeln!(out, "local.get $a local.get $b {ty}.{first} {then} {used}").expect("text");
            writeln!(
                out,
                "i32.const 8 local.get $b local.get $a {ty}.{first} {ty}.store i32.const 8 {ty}.load drop"
            )
            .expect("text");
        }
    }
    out.push_str(")\n");
}

/// The program, as a WASI command.
pub fn program() -> String {
    let mut out = String::from("(module (memory (export \"memory\") 1)\n");
    function(&mut out, "f32", "i32", "f64.promote_f32", "f64");
    function(&mut out, "f64", "i64", "f32.demote_f64", "f32");
    out.push_str("(func (export \"_start\")\n");
    for (ty, nans) in [("f32", NANS_32), ("f64", NANS_64)] {
        let values = || VALUES.into_iter().chain(nans);
        for (a, b) in values().flat_map(|a| values().map(move |b| (a, b))) {
            writeln!(out, "{ty}.const {a} {ty}.const {b} call $chain_{ty}").expect("text");
        }
    }
    out.push_str("))");
    out
}
