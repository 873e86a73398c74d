//! The embedding API: a module's bytes to a finished run, in a few calls.
//!
//! ```no_run
//! use stepwell_engine::api::{Ending, Program};
//! use stepwell_engine::wasi::{Output, WasiCtx, host_funcs};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut program = Program::new(std::fs::read("hello.wasm")?.into())?;
//! let ctx = WasiCtx::builder().arg("hello").stdout(Output::inherited_stdout()?).build()?;
//! program.provide(host_funcs(ctx));
//! match program.run()? {
//!     Ending::Exited(code) => println!("exit code {code}"),
//!     Ending::Returned(_) => println!("returned"),
//!     Ending::Trapped(report) => println!("{report}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Invariants
//! - A [`Program`] is instantiated at most once, by the first call; its start function runs then, and so does
//!   `_initialize` of a module that is no command (one without `_start`). If one of these does not return, or a
//!   segment does not fit, nothing of the half-made instance is ever called.
//! - A trap is an [`Ending`], not an error: its report is taken while the guest is still parked.
//! - Where compiled code cannot run, the interpreter does; [`Program::backend`] says which it is.
//!
//! Must not know: front ends, the debugger session, WASI.

pub mod order;
mod report;

pub use crate::module::{Feature, Features, SpecVersion};
pub use report::{TraceFrame, TrapReport, error_in_text};

use crate::error::Error;
use crate::module::{Module, decode_with};
use crate::runtime::host::HostFunc;
use crate::runtime::paused::{Paused, Resume, StopCause, StopHandler, TickAction};
use crate::runtime::store::{Backend, CallOutcome, Extern, Store};
use crate::types::{FuncType, Val, ValType};
use order::COMMAND_ENTRY;
use std::sync::Arc;

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// The function returned these values.
    Returned(Vec<Val>),
    /// The guest ended itself with this code (`proc_exit`).
    Exited(u32),
    /// The guest trapped.
    Trapped(TrapReport),
}

/// What a program may use, and what it runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Config {
    features: Features,
    interpreter: bool,
    compile_threads: Option<usize>,
}

impl Config {
    /// The defaults: every finished proposal, and compiled code where this machine can run it.
    pub fn new() -> Config {
        Config::default()
    }

    /// What modules may use; one that uses anything else is [`Error::Unsupported`].
    #[must_use]
    pub fn features(self, features: Features) -> Config {
        Config { features, ..self }
    }

    /// Whether to run on the reference interpreter in any case.
    #[must_use]
    pub fn interpreter(self, interpreter: bool) -> Config {
        Config { interpreter, ..self }
    }

    /// Compiles all functions before the first call, on so many threads (0: as many as the machine runs at once). By
    /// default each is compiled when it is called first. What the program does is the same.
    #[must_use]
    pub fn compile_ahead(self, threads: usize) -> Config {
        let compile_threads = Some(threads);
        Config {
            compile_threads,
            ..self
        }
    }
}

/// A module with the world it is to run in.
#[derive(Debug)]
pub struct Program {
    module: Arc<Module>,
    store: Store,
    compile_threads: Option<usize>,
    life: Life,
}

/// How far a program has come.
#[derive(Clone, Copy, Debug)]
enum Life {
    /// Not instantiated.
    Unborn,
    /// This instance can be called.
    Ready(u32),
    /// It did not come to be ready.
    Failed,
}

impl Program {
    /// A program from a module's bytes, as [`Config::new`] says.
    pub fn new(bytes: Arc<[u8]>) -> Result<Program, Error> {
        Program::with_config(bytes, Config::new())
    }

    /// A program that runs on the reference interpreter.
    pub fn interpreted(bytes: Arc<[u8]>) -> Result<Program, Error> {
        Program::with_config(bytes, Config::new().interpreter(true))
    }

    /// A program from a module's bytes.
    pub fn with_config(bytes: Arc<[u8]>, config: Config) -> Result<Program, Error> {
        let module = decode_with(bytes, config.features)?;
        let store = if config.interpreter {
            Store::new(Backend::Interpreter)?
        } else {
            Store::new(Backend::Compiled).or_else(|_| Store::new(Backend::Interpreter))?
        };
        Ok(Program {
            module,
            store,
            compile_threads: config.compile_threads,
            life: Life::Unborn,
        })
    }

    /// What it runs on.
    pub fn backend(&self) -> Backend {
        self.store.backend()
    }

    /// The module.
    pub fn module(&self) -> &Arc<Module> {
        &self.module
    }

    /// Gives it host functions, such as [WASI's](crate::wasi::host_funcs). Later ones replace earlier ones of the
    /// same name.
    pub fn provide(&mut self, funcs: impl IntoIterator<Item = HostFunc>) {
        for func in funcs {
            self.store.define_host(func);
        }
    }

    /// Whether it is a command: has a `_start` to run.
    pub fn is_command(&self) -> bool {
        order::exported_func(&self.module, COMMAND_ENTRY).is_ok()
    }

    /// The type of an exported function; the error names what there is instead.
    pub fn export_type(&self, name: &str) -> Result<&FuncType, Error> {
        Ok(self.module.func_type(order::exported_func(&self.module, name)?))
    }

    /// Runs a command: calls `_start`. Returning from it counts as exit code 0.
    pub fn run(&mut self) -> Result<Ending, Error> {
        Ok(match self.call(COMMAND_ENTRY, &[])? {
            Ending::Returned(_) => Ending::Exited(0),
            other => other,
        })
    }

    /// Calls an exported function. May be repeated: the instance stays.
    pub fn call(&mut self, name: &str, args: &[Val]) -> Result<Ending, Error> {
        let mut calls = order::calls(&self.module, name)?;
        let entry = calls.pop();
        let instance = match self.life {
            Life::Ready(instance) => instance,
            Life::Unborn => match self.instantiate(&calls)? {
                Ok(instance) => instance,
                Err(ending) => return Ok(ending),
            },
            Life::Failed => {
                return Err(Error::Usage(
                    "the module ended while it was made ready: it cannot be called".to_string(),
                ));
            }
        };
        match entry.and_then(|entry| self.store.func(instance, entry)) {
            Some(Extern::Func(func)) => self.call_func(func, args),
            _ => Err(Error::Usage(format!("there is no exported function {name:?}"))),
        }
    }

    /// Instantiates and makes ready by calling `first`; the inner error is how it ended before there was anything to
    /// call.
    fn instantiate(&mut self, first: &[u32]) -> Result<Result<u32, Ending>, Error> {
        // Until the end of this, so that an error on the way is remembered.
        self.life = Life::Failed;
        let instance = match self.store.instantiate(self.module.clone()) {
            Ok(Ok(instance)) => instance,
            Ok(Err(trap)) => return Ok(Err(Ending::Trapped(TrapReport::without_frames(&trap)))),
            Err(error) => {
                // Imports may still be provided.
                self.life = Life::Unborn;
                return Err(error);
            }
        };
        if let Some(threads) = self.compile_threads {
            self.store.compile_all(instance, threads)?;
        }
        for &func in first {
            if let Some(Extern::Func(func)) = self.store.func(instance, func) {
                match self.call_func(func, &[])? {
                    Ending::Returned(_) => {}
                    other => return Ok(Err(other)),
                }
            }
        }
        self.life = Life::Ready(instance);
        Ok(Ok(instance))
    }

    fn call_func(&mut self, func: u32, args: &[Val]) -> Result<Ending, Error> {
        let mut witness = Witness { report: None };
        Ok(match self.store.call(func, args, &mut witness)? {
            CallOutcome::Returned(values) => Ending::Returned(values),
            CallOutcome::Exited(code) => Ending::Exited(code),
            CallOutcome::Trapped(trap) => {
                Ending::Trapped((witness.report).unwrap_or_else(|| TrapReport::without_frames(&trap)))
            }
            CallOutcome::Abandoned => {
                return Err(Error::Host("the run was interrupted".to_string()));
            }
        })
    }
}

/// Looks at a guest that trapped, and lets everything else go on.
struct Witness {
    report: Option<TrapReport>,
}

impl StopHandler for Witness {
    fn on_stop(&mut self, paused: &mut Paused<'_>, cause: &StopCause) -> Resume {
        match cause {
            StopCause::Trap(trap) => {
                self.report = Some(TrapReport::of_parked(paused, trap));
                Resume::Abandon
            }
            StopCause::Probe | StopCause::Pause | StopCause::Watch(_) => Resume::Continue,
        }
    }

    fn on_interrupt(&mut self, _paused: &mut Paused<'_>) -> TickAction {
        TickAction::Continue
    }
}

/// A value from its text, as a person writes it: integers in decimal or hexadecimal, signed or unsigned; floats
/// as Rust reads them (`1.5`, `-0`, `1e9`, `inf`, `nan`); references only `null`.
pub fn val_from_text(ty: ValType, text: &str) -> Result<Val, Error> {
    let wrong = || Error::Usage(format!("{text:?} is not a value of type {ty}"));
    match ty {
        ValType::I32 => integer(text)
            .filter(|&value| (i128::from(i32::MIN)..=i128::from(u32::MAX)).contains(&value))
            .map(|value| Val::I32(value as i32))
            .ok_or_else(wrong),
        ValType::I64 => integer(text)
            .filter(|&value| (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value))
            .map(|value| Val::I64(value as i64))
            .ok_or_else(wrong),
        ValType::F32 => text
            .parse::<f32>()
            .map(|value| Val::F32(value.to_bits()))
            .map_err(|_| wrong()),
        ValType::F64 => text
            .parse::<f64>()
            .map(|value| Val::F64(value.to_bits()))
            .map_err(|_| wrong()),
        ValType::V128 => text
            .strip_prefix("0x")
            .and_then(|digits| u128::from_str_radix(digits, 16).ok())
            .map(Val::V128)
            .ok_or_else(wrong),
        ValType::FuncRef | ValType::ExternRef | ValType::ExnRef | ValType::Ref(_) => {
            let nullable = ty.as_ref().is_some_and(|ty| ty.nullable);
            if nullable && text == "null" {
                Ok(Val::zero(ty))
            } else {
                Err(wrong())
            }
        }
    }
}

/// An integer of any width that a value type has.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let magnitude = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok()?,
        None => digits.parse::<u64>().ok()?,
    };
    // Both parsers accept a sign of their own, which would make "--1" a number.
    let signed_twice = digits.contains(['+', '-']);
    let value = i128::from(magnitude);
    (!signed_twice).then_some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_what_the_config_says() {
        // (module (func (drop (v128.const i64x2 0 0))))
        let mut bytes =
            b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x17\x01\x15\0\xfd\x0c".to_vec();
        bytes.extend([0; 16]);
        bytes.extend([0x1a, 0x0b]);
        let bytes: Arc<[u8]> = bytes.into();
        assert!(Program::new(bytes.clone()).is_ok());
        let config = Config::new().features(Features::default().with(Feature::Simd, false));
        let refused = Program::with_config(bytes, config).expect_err("without SIMD");
        assert_eq!(
            refused.to_string(),
            "unsupported: v128.const (simd), in func 0 (at offset 0x17)"
        );
    }

    #[test]
    fn values_are_read_by_their_type() {
        let read = |ty, text| val_from_text(ty, text).ok();
        assert_eq!(read(ValType::I32, "-1"), Some(Val::I32(-1)));
        assert_eq!(read(ValType::I32, "0xffffffff"), Some(Val::I32(-1)));
        assert_eq!(read(ValType::I32, "4294967295"), Some(Val::I32(-1)));
        assert_eq!(read(ValType::I32, "4294967296"), None);
        assert_eq!(read(ValType::I32, "-2147483649"), None);
        assert_eq!(read(ValType::I32, "--1"), None);
        assert_eq!(read(ValType::I32, "0x-1"), None);
        assert_eq!(read(ValType::I32, ""), None);
        assert_eq!(read(ValType::I64, "-0x10"), Some(Val::I64(-16)));
        assert_eq!(read(ValType::I64, "18446744073709551615"), Some(Val::I64(-1)));
        assert_eq!(read(ValType::I64, "18446744073709551616"), None);
        assert_eq!(read(ValType::F32, "1.5"), Some(Val::F32(1.5f32.to_bits())));
        assert_eq!(
            read(ValType::F64, "-inf"),
            Some(Val::F64(f64::NEG_INFINITY.to_bits()))
        );
        assert_eq!(read(ValType::F64, "one"), None);
        assert_eq!(read(ValType::FuncRef, "null"), Some(Val::FuncRef(0)));
        assert_eq!(read(ValType::FuncRef, "1"), None);
    }
}
