//! Wasm text, an instruction a row.

use wasmparser::Operator;

/// The name of an operator in the text format: `i32.load8_s`, `br_if`, `memory.copy`.
pub fn operator_name(operator: &Operator<'_>) -> String {
    let visit = visit_name(operator);
    let name = visit.strip_prefix("visit_").unwrap_or(visit);
    // The one operator whose visitor has another name.
    if name == "typed_select" {
        return "select".into();
    }
    let Some((head, rest)) = name.split_once('_') else {
        return name.into();
    };
    const SPACES: [&str; 20] = [
        "i32", "i64", "f32", "f64", "v128", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2", "local",
        "global", "table", "memory", "data", "elem", "ref", "struct", "array",
    ];
    if !SPACES.contains(&head) {
        return name.into();
    }
    match rest.strip_prefix("atomic_") {
        None => format!("{head}.{rest}"),
        Some(atomic) => match atomic.strip_prefix("rmw").and_then(|rmw| rmw.split_once('_')) {
            None => format!("{head}.atomic.{atomic}"),
            Some((width, operation)) => format!("{head}.atomic.rmw{width}.{operation}"),
        },
    }
}

/// The visitor's method for an operator.
fn visit_name(operator: &Operator<'_>) -> &'static str {
    macro_rules! arms {
        ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            match operator {
                $(Operator::$op { .. } => stringify!($visit),)*
                _ => "unknown",
            }
        };
    }
    wasmparser::for_each_operator!(arms)
}
