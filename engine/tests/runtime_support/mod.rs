//! What the runtime's tests share: stores of every backend, modules from text, handlers from closures.
#![allow(dead_code)]

use std::sync::Arc;
use stepwell_engine::module::{Module, decode};
use stepwell_engine::runtime::host::{HostCall, HostError, HostFunc};
use stepwell_engine::runtime::paused::{Paused, Resume, StopCause, StopHandler, TickAction};
use stepwell_engine::runtime::store::{Backend, CallOutcome, Extern, Store};
use stepwell_engine::types::{FuncType, Val, ValType};

/// A fresh store of each backend; where none of compiled code can run, says so and leaves it out.
pub fn backends() -> impl Iterator<Item = Store> {
    [Backend::Interpreter, Backend::Compiled]
        .into_iter()
        .filter_map(|backend| {
            if backend == Backend::Compiled
                && let Err(why) = stepwell_engine::compile::supported()
            {
                eprintln!("compiled backend left out: {why}");
                return None;
            }
            Some(Store::new(backend).expect("a store"))
        })
}

/// A module from text.
pub fn module(wat: &str) -> Arc<Module> {
    decode(wat::parse_str(wat).expect("text").into()).expect("valid")
}

/// Instantiates a module from text.
pub fn instance(store: &mut Store, wat: &str) -> u32 {
    store.instantiate(module(wat)).expect("links").expect("no trap")
}

/// A store with an instance.
pub fn store_with(mut store: Store, wat: &str) -> Store {
    instance(&mut store, wat);
    store
}

/// The exported function of the last instance.
pub fn number(store: &Store, name: &str) -> u32 {
    match store.export(store.instances() - 1, name) {
        Some(Extern::Func(func)) => func,
        other => panic!("{name}: {other:?}"),
    }
}

/// Calls an exported function of the last instance.
pub fn call(store: &mut Store, name: &str, args: &[Val]) -> CallOutcome {
    store
        .call(number(store, name), args, &mut Watcher::default())
        .expect("a call")
}

/// The number in an `i32`.
pub fn val_of(val: Val) -> i32 {
    match val {
        Val::I32(value) => value,
        other => panic!("{other:?} is no i32"),
    }
}

/// A host function from a closure over its arguments.
pub fn host(
    module: &str,
    field: &str,
    params: &[ValType],
    results: &[ValType],
    code: impl Fn(&[Val], &mut HostCall<'_>) -> Result<(), HostError> + Send + 'static,
) -> HostFunc {
    HostFunc {
        module: module.to_string(),
        field: field.to_string(),
        ty: FuncType {
            params: params.to_vec(),
            results: results.to_vec(),
        },
        code: Box::new(move |call| {
            let args = call.args;
            code(args, call)
        }),
    }
}

type OnStop<'a> = Box<dyn FnMut(&mut Paused<'_>, &StopCause) -> Resume + 'a>;
type OnInterrupt<'a> = Box<dyn FnMut(&mut Paused<'_>) -> TickAction + 'a>;

/// A handler from closures.
pub struct Watcher<'a> {
    on_stop: OnStop<'a>,
    on_interrupt: OnInterrupt<'a>,
}

impl Default for Watcher<'_> {
    fn default() -> Self {
        Watcher::new(|_, _| Resume::Continue, |_| TickAction::Continue)
    }
}

impl<'a> Watcher<'a> {
    /// Both.
    pub fn new(
        on_stop: impl FnMut(&mut Paused<'_>, &StopCause) -> Resume + 'a,
        on_interrupt: impl FnMut(&mut Paused<'_>) -> TickAction + 'a,
    ) -> Watcher<'a> {
        Watcher {
            on_stop: Box::new(on_stop),
            on_interrupt: Box::new(on_interrupt),
        }
    }

    /// Stops only.
    pub fn on_stop(on_stop: impl FnMut(&mut Paused<'_>, &StopCause) -> Resume + 'a) -> Watcher<'a> {
        Watcher::new(on_stop, |_| TickAction::Continue)
    }
}

impl StopHandler for Watcher<'_> {
    fn on_stop(&mut self, paused: &mut Paused<'_>, cause: &StopCause) -> Resume {
        (self.on_stop)(paused, cause)
    }

    fn on_interrupt(&mut self, paused: &mut Paused<'_>) -> TickAction {
        (self.on_interrupt)(paused)
    }
}
