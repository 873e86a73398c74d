//! A trap, explained: the instruction, the address it computed, and sentences for a person.
//!
//! Must not know: how a trap is caught, source lines.

use super::snapshot::{FaultAccess, TrapInfo};
use crate::error::TrapKind;
use crate::module::text::operator_text;
use crate::runtime::paused::{Paused, Trap};
use crate::types::Val;

/// Explains the trap a parked guest stands at.
pub fn explain(paused: &Paused<'_>, trap: &Trap) -> TrapInfo {
    let head = paused.head(0);
    let instruction = head
        .and_then(|head| operator_text(paused.store().module(head.instance)?, head.pc.0))
        .unwrap_or_default();
    let access = match trap.kind {
        TrapKind::MemoryOutOfBounds => access(paused, &instruction),
        _ => None,
    };
    let message = match &trap.message {
        Some(message) => message.clone(),
        None => trap.kind.to_string(),
    };
    TrapInfo {
        kind: trap.kind,
        message,
        explanation: sentences(trap, &instruction, access.as_ref()),
        instruction,
        access: access.map(|(access, _)| access),
    }
}

/// What a load or store wanted, from its text and its operands; and its base as a signed number.
fn access(paused: &Paused<'_>, instruction: &str) -> Option<(FaultAccess, i64)> {
    let name = instruction.split_whitespace().next()?;
    let (ty, operation) = name.split_once('.')?;
    let write = operation.starts_with("store");
    let rest = operation
        .strip_prefix("load")
        .or_else(|| operation.strip_prefix("store"))?;
    let bits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let lane = rest.ends_with("_lane");
    let len_bytes = match (bits.parse::<u64>(), ty) {
        // Several lanes, such as in `load8x8_s`: half a vector.
        (Ok(_), _) if rest[bits.len()..].starts_with('x') => 8,
        (Ok(bits), _) => bits / 8,
        (Err(_), "i32" | "f32") => 4,
        (Err(_), "i64" | "f64") => 8,
        (Err(_), "v128") => 16,
        _ => return None,
    };
    let offset = (instruction.split_whitespace())
        .find_map(|word| word.strip_prefix("offset="))
        .map_or(Some(0), |digits| digits.parse().ok())?;
    // The memory, if it is not memory 0; a lane is the last word.
    let mut numbers: Vec<u32> = (instruction.split_whitespace().skip(1))
        .filter_map(|word| word.parse().ok())
        .collect();
    if lane {
        numbers.pop();
    }
    let memory = numbers.first().copied().unwrap_or(0);
    let frame = paused.frame(0)?;
    let from_top = if write || lane { 2 } else { 1 };
    let (base, signed) = match *frame.operands.get(frame.operands.len().checked_sub(from_top)?)? {
        Val::I32(base) => (u64::from(base as u32), i64::from(base)),
        Val::I64(base) => (base as u64, base),
        _ => return None,
    };
    let memory_len_bytes = paused.store().memory(frame.head.instance, memory)?.len() as u64;
    let access = FaultAccess {
        memory,
        base,
        offset,
        address: u128::from(base) + u128::from(offset),
        len_bytes,
        write,
        memory_len_bytes,
    };
    Some((access, signed))
}

fn sentences(trap: &Trap, instruction: &str, access: Option<&(FaultAccess, i64)>) -> Vec<String> {
    let mut lines = Vec::new();
    match trap.kind {
        TrapKind::MemoryOutOfBounds => match access {
            Some((access, signed)) => memory_sentences(access, *signed, &mut lines),
            None => lines.push(format!(
                "`{instruction}` reaches past the end of the memory; none of it was done."
            )),
        },
        TrapKind::Unreachable => {
            lines
                .push("The program reached `unreachable`: a point its compiler holds for impossible.".into());
            lines.push(
                "Usual causes: abort(), a failed assertion, a panic, __builtin_trap or undefined behaviour."
                    .into(),
            );
        }
        TrapKind::IntegerDivideByZero => lines.push("An integer was divided by zero.".into()),
        TrapKind::IntegerOverflow => {
            lines.push("The result does not fit: the smallest integer divided by -1, or a float too large to convert.".into());
        }
        TrapKind::BadConversionToInteger => {
            lines.push("A float that is not a number was converted to an integer.".into())
        }
        TrapKind::StackExhausted => {
            lines.push("Calls are nested too deep for the guest's stack.".into());
            lines.push("Look for a function that calls itself without end in the call stack.".into());
        }
        TrapKind::IndirectCallToNull => {
            lines.push("A call through a function pointer found an empty table element.".into());
            lines.push("The pointer is usually null or was never set.".into());
        }
        TrapKind::IndirectCallTypeMismatch => {
            lines.push("A call through a function pointer found a function of another type.".into());
            lines.push("The pointer was cast, or the memory that holds it was overwritten.".into());
        }
        TrapKind::UndefinedElement | TrapKind::TableOutOfBounds => {
            lines.push("A table was read outside its bounds.".into());
            lines.push(
                "A function pointer that is no function pointer: it was overwritten or never set.".into(),
            );
        }
        TrapKind::Host => lines.push("A function of the host refused the call.".into()),
        TrapKind::NullReference | TrapKind::NullFunctionReference | TrapKind::NullExceptionReference => {
            lines.push("A reference is null where something was expected.".into());
        }
        TrapKind::UncaughtException => {
            lines.push("An exception was thrown that no function on the call stack catches.".into());
        }
        TrapKind::TooManyExceptions => {
            lines.push("The program refers to more exceptions than the engine keeps.".into());
            lines.push("Look for a list of exceptions that grows without end.".into());
        }
    }
    lines
}

fn memory_sentences(access: &FaultAccess, signed: i64, lines: &mut Vec<String>) {
    let verb = if access.write { "writes" } else { "reads" };
    let size = u128::from(access.memory_len_bytes);
    let past = (access.address + u128::from(access.len_bytes)).saturating_sub(size);
    lines.push(format!(
        "The instruction {verb} {} at 0x{:x} (base 0x{:x} + offset 0x{:x}), which ends {} past \
         the memory's {size} bytes.",
        bytes(access.len_bytes.into()),
        access.address,
        access.base,
        access.offset,
        bytes(past),
    ));
    if (-0x1_0000..0).contains(&signed) {
        lines.push(format!(
            "As a signed number the base is {signed}: a negative index or a null pointer minus something."
        ));
    } else if access.base < 4096 && access.offset > 0 {
        lines.push("The base is close to zero: a null pointer, with a member or index added.".into());
    } else {
        lines.push(
            "Look at the pointer or index that gave the base: it was overwritten, freed or never set.".into(),
        );
    }
}

fn bytes(count: u128) -> String {
    if count == 1 {
        "1 byte".to_string()
    } else {
        format!("{count} bytes")
    }
}
