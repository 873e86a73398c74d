//! What a stop costs whose handler goes on at once.

use super::timed;
use stepwell_engine::compile::Stops;
use stepwell_engine::module::decode;
use stepwell_engine::runtime::paused::{Paused, Resume, StopCause, StopHandler, TickAction};
use stepwell_engine::runtime::store::{Backend, CallOutcome, Extern, Store};
use stepwell_engine::types::Val;

/// A function called in a loop: eight operators in it, eleven around it.
const GUEST: &str = r#"(module
    (func $work (param i32 i32) (result i32) (local i32)
        local.get 0 local.get 1 i32.add i32.const 7 i32.xor local.tee 2 i32.const 3 i32.mul)
    (func (export "run") (param i32) (result i32) (local i32 i32)
        loop
            local.get 1 local.get 2 call $work local.set 2
            local.get 1 i32.const 1 i32.add local.tee 1
            local.get 0 i32.lt_u br_if 0
        end
        local.get 2))"#;

/// What the handler looks at.
#[derive(Clone, Copy, PartialEq)]
enum Look {
    Nothing,
    Place,
    Values,
}

struct Handler {
    look: Look,
    stops: u64,
    seen: u64,
}

impl StopHandler for Handler {
    fn on_stop(&mut self, paused: &mut Paused<'_>, _cause: &StopCause) -> Resume {
        self.stops += 1;
        match self.look {
            Look::Nothing => {}
            Look::Place => self.seen += paused.head(0).map_or(0, |head| u64::from(head.func)),
            Look::Values => self.seen += paused.frame(0).map_or(0, |frame| frame.locals.len() as u64),
        }
        Resume::Continue
    }

    fn on_interrupt(&mut self, _paused: &mut Paused<'_>) -> TickAction {
        TickAction::Continue
    }
}

/// Nanoseconds a stop, beyond what the same run takes without any.
fn cost(look: Look, calls: i32, prepare: impl Fn(&mut Store, u32)) -> (f64, u64) {
    let run = |stopping: bool| {
        let module = decode(wat::parse_str(GUEST).expect("text").into()).expect("valid");
        let mut store = Store::new(Backend::Compiled).expect("a store");
        let instance = store.instantiate(module).expect("links").expect("no trap");
        if stopping {
            prepare(&mut store, instance);
        }
        let Some(Extern::Func(func)) = store.export(instance, "run") else {
            panic!("no function");
        };
        let mut handler = Handler {
            look,
            stops: 0,
            seen: 0,
        };
        let (seconds, outcome) = timed(|| store.call(func, &[Val::I32(calls)], &mut handler));
        assert!(matches!(outcome, Ok(CallOutcome::Returned(_))));
        assert!(!stopping || look == Look::Nothing || handler.seen > 0 || handler.stops > 0);
        (seconds, handler.stops)
    };
    let (without, _) = run(false);
    let (with, stops) = run(true);
    ((with - without) * 1e9 / stops as f64, stops)
}

fn print(what: &str, (nanoseconds, stops): (f64, u64)) {
    println!(
        "- {what}: {nanoseconds:.0} ns a stop, {:.1} million a second ({stops} stops)",
        1e3 / nanoseconds
    );
}

/// One instruction of the hot function.
pub fn breakpoint() {
    let at_first = |store: &mut Store, instance: u32| {
        let first = store
            .module(instance)
            .and_then(|module| module.body(0))
            .map(|body| body.first_op as u64);
        let stops = Stops::at(first);
        store.set_stops(instance, 0, stops).expect("stops");
    };
    print(
        "handler that looks at nothing",
        cost(Look::Nothing, 2_000_000, at_first),
    );
    print(
        "handler that asks where it is",
        cost(Look::Place, 2_000_000, at_first),
    );
    print(
        "handler that reads all values of the frame",
        cost(Look::Values, 1_000_000, at_first),
    );
}

/// Every instruction.
pub fn step() {
    let flood = |store: &mut Store, _: u32| store.set_flood(true).expect("flood");
    print(
        "handler that looks at nothing",
        cost(Look::Nothing, 300_000, flood),
    );
    print("handler that asks where it is", cost(Look::Place, 300_000, flood));
    print(
        "handler that reads all values of the frame",
        cost(Look::Values, 100_000, flood),
    );
}
