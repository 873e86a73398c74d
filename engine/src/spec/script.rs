//! A script under way: its directives, one after the other.
//!
//! # Invariants
//! - A directive holds or gives the reason why it does not; none is skipped.
//!
//! Must not know: files, who reads the reasons.

use super::Options;
use super::store::{Failure, SpecStore};
use super::values::{argument, check, written};
use crate::error::{Error, TrapKind};
use crate::module::{Features, Module, decode_with};
use crate::types::{Val, ValType};
use std::collections::HashMap;
use std::sync::Arc;
use wast::token::Id;
use wast::{QuoteWat, WastDirective, WastExecute, WastInvoke};

/// A script under way.
pub(super) struct Script {
    store: SpecStore,
    features: Features,
    current: Option<u32>,
    instances: HashMap<String, u32>,
    definitions: HashMap<String, Arc<Module>>,
    last_definition: Option<Arc<Module>>,
}

impl Script {
    /// Before its first directive.
    pub fn new(options: Options) -> Result<Script, Error> {
        Ok(Script {
            store: SpecStore::new(options.mode)?,
            features: options.features,
            current: None,
            instances: HashMap::new(),
            definitions: HashMap::new(),
            last_definition: None,
        })
    }

    /// Watched stores that were stopped at so far.
    pub fn stores(&self) -> u64 {
        self.store.stores
    }

    /// Carries out a directive; its name, if it holds.
    pub fn directive(&mut self, directive: WastDirective<'_>) -> Result<&'static str, String> {
        match directive {
            WastDirective::Module(mut wat) => {
                let module = self.decoded(&mut wat)?;
                let instance = self.store.instantiate(module);
                self.made(wat.name(), instance)?;
                Ok("module")
            }
            WastDirective::ModuleDefinition(mut wat) => {
                let module = self.decoded(&mut wat)?;
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
                match module
                    .encode()
                    .map(|bytes| decode_with(bytes.into(), self.features))
                {
                    Err(_) | Ok(Err(_)) => Ok("assert_malformed"),
                    Ok(Ok(_)) => Err(format!("accepted, but {message}")),
                }
            }
            WastDirective::AssertInvalid {
                mut module, message, ..
            } => {
                let bytes = module.encode().map_err(|error| error.message())?;
                match decode_with(bytes.into(), self.features) {
                    Err(Error::Invalid { .. } | Error::Unsupported { .. }) => Ok("assert_invalid"),
                    Err(other) => Err(format!("refused with {other}, but {message}")),
                    Ok(_) => Err(format!("accepted, but {message}")),
                }
            }
            WastDirective::AssertUnlinkable { module, message, .. } => {
                let module = self.decoded(&mut QuoteWat::Wat(module))?;
                match self.store.instantiate(module) {
                    // All imports that are missing are named at once.
                    Err(Failure::Link(words))
                        if agree(&words, message)
                            || message == "unknown import" && words.contains("unknown imports: ") =>
                    {
                        Ok("assert_unlinkable")
                    }
                    Ok(_) => Err(format!("linked, but {message}")),
                    Err(failure) => Err(format!("{failure} instead of {message}")),
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
                    check(*value, expected)?;
                }
                Ok("assert_return")
            }
            WastDirective::AssertMalformedCustom {
                mut module, message, ..
            }
            | WastDirective::AssertInvalidCustom {
                mut module, message, ..
            } => match module.encode() {
                Err(_) => Ok("assert_malformed_custom"),
                Ok(_) => Err(format!("accepted, but {message}")),
            },
            WastDirective::AssertException { exec, .. } => match self.execute(exec)? {
                Err(TrapKind::UncaughtException) => Ok("assert_exception"),
                other => Err(format!("{} instead of an exception", ended(&other))),
            },
            WastDirective::AssertSuspension { .. }
            | WastDirective::Thread(_)
            | WastDirective::Wait { .. } => Err("this directive is not supported".into()),
        }
    }

    fn decoded(&self, wat: &mut QuoteWat<'_>) -> Result<Arc<Module>, String> {
        let bytes = wat.encode().map_err(|error| error.message())?;
        decode_with(bytes.into(), self.features).map_err(|error| error.to_string())
    }

    fn made(&mut self, name: Option<Id<'_>>, made: Result<u32, Failure>) -> Result<(), String> {
        let instance = made.map_err(|failure| failure.to_string())?;
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
                let module = self.decoded(&mut QuoteWat::Wat(wat))?;
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
        // A null's type is not said.
        let fits =
            |(arg, ty): (&Val, &ValType)| arg.ty() == ty.erased() || arg.ty().is_ref() && arg.bits() == 0;
        if args.len() != ty.params.len() || !args.iter().zip(&ty.params).all(fits) {
            return Err(format!("{} is called with {}", invoke.name, written(&args)));
        }
        let args = args.iter().zip(&ty.params);
        let args: Vec<Val> = args.map(|(arg, ty)| Val::from_bits(*ty, arg.bits())).collect();
        self.store.call(func, &args)
    }
}

fn expect_trap(outcome: Result<Vec<Val>, TrapKind>, message: &str) -> Result<(), String> {
    match outcome {
        Err(trap) if agree(&trap.to_string(), message) => Ok(()),
        other => Err(format!("{} instead of a trap: {message}", ended(&other))),
    }
}

/// How a call ended.
fn ended(outcome: &Result<Vec<Val>, TrapKind>) -> String {
    match outcome {
        Ok(values) => format!("returned {}", written(values)),
        Err(trap) => format!("trapped: {trap}"),
    }
}

/// The scripts' words may say more ("uninitialized element 2") or less ("undefined") than ours.
fn agree(ours: &str, theirs: &str) -> bool {
    ours.starts_with(theirs) || theirs.starts_with(ours)
}
