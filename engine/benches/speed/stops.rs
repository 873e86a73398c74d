//! What a stop costs whose handler goes on at once, and what one does that a condition passes.

use super::{median, timed};
use stepwell_debuginfo::{CodeOffset, DebugInfo, FrameTypes, SlotType};
use stepwell_engine::compile::{Condition, Stop, Stops};
use stepwell_engine::module::decode;
use stepwell_engine::runtime::paused::{Frame, Paused, Resume, StopCause, StopHandler, TickAction};
use stepwell_engine::runtime::store::{Backend, CallOutcome, Extern, Store};
use stepwell_engine::types::Val;

/// A function called in a loop: eight operators in it, eleven around it.
const GUEST: &str = r#"(module
    (memory 1)
    (func $work (param i32 i32) (result i32) (local i32)
        local.get 0 local.get 1 i32.add i32.const 7 i32.xor local.tee 2 i32.const 3 i32.mul)
    (func (export "run") (param i32) (result i32) (local i32 i32)
        loop
            local.get 1 local.get 2 call $work local.set 2
            local.get 1 i32.const 1 i32.add local.tee 1
            local.get 0 i32.lt_u br_if 0
        end
        local.get 2))"#;

/// Runs of which the middle one counts.
const ROUNDS: usize = 5;

/// What the handler looks at.
#[derive(Clone, Copy, PartialEq)]
enum Look {
    Nothing,
    Place,
    Three,
    Values,
    /// Into a frame that it keeps.
    Kept,
}

struct Handler {
    look: Look,
    stops: u64,
    seen: u64,
    kept: Frame,
}

impl StopHandler for Handler {
    fn on_stop(&mut self, paused: &mut Paused<'_>, _cause: &StopCause) -> Resume {
        self.stops += 1;
        self.seen += match self.look {
            Look::Nothing => 1,
            Look::Place => paused.head(0).map_or(0, |head| head.pc.0),
            Look::Three => paused.view(0).map_or(0, |frame| {
                (0..3).filter(|&local| frame.local(local).is_some()).count() as u64
            }),
            Look::Values => paused.frame(0).map_or(0, |frame| frame.locals.len() as u64),
            Look::Kept => u64::from(paused.read_frame(0, &mut self.kept)),
        };
        Resume::Continue
    }

    fn on_interrupt(&mut self, _paused: &mut Paused<'_>) -> TickAction {
        TickAction::Continue
    }
}

/// Seconds that so many calls take, and how often the handler was called.
fn run(look: Look, calls: i32, prepare: impl Fn(&mut Store, u32)) -> (f64, u64) {
    let module = decode(wat::parse_str(GUEST).expect("text").into()).expect("valid");
    let mut store = Store::new(Backend::Compiled).expect("a store");
    let instance = store.instantiate(module).expect("links").expect("no trap");
    prepare(&mut store, instance);
    let Some(Extern::Func(func)) = store.export(instance, "run") else {
        panic!("no function");
    };
    let mut handler = Handler {
        look,
        stops: 0,
        seen: 0,
        kept: Frame::default(),
    };
    let (seconds, outcome) = timed(|| store.call(func, &[Val::I32(calls)], &mut handler));
    assert!(matches!(outcome, Ok(CallOutcome::Returned(_))));
    assert!(handler.stops == 0 || handler.seen > 0);
    (seconds, handler.stops)
}

/// Prints the nanoseconds a stop, beyond what the same run takes without any; of `hits` where there are no stops.
fn print(what: &str, look: Look, calls: i32, hits: Option<u64>, prepare: impl Fn(&mut Store, u32)) {
    let mut stops = 0;
    let costs = (0..ROUNDS).map(|_| {
        let (without, _) = run(Look::Nothing, calls, |_, _| {});
        let (with, found) = run(look, calls, &prepare);
        assert!(hits.is_none() || found == 0);
        stops = hits.unwrap_or(found);
        (with - without) * 1e9 / stops as f64
    });
    let cost = median(costs.collect());
    println!(
        "- {what}: {cost:.1} ns, {:.1} million a second ({stops} times)",
        1e3 / cost
    );
}

/// Where the hot function begins.
fn first_op(store: &Store, instance: u32) -> u64 {
    let body = store.module(instance).and_then(|module| module.body(0));
    body.expect("a body").first_op as u64
}

/// One instruction of the hot function.
pub fn breakpoint() {
    let always = |store: &mut Store, instance: u32| {
        let stops = Stops::at([first_op(store, instance)]);
        store.set_stops(instance, 0, stops).expect("stops");
    };
    let calls = 2_000_000;
    print(
        "handler that looks at nothing",
        Look::Nothing,
        calls,
        None,
        always,
    );
    print("handler that asks where it is", Look::Place, calls, None, always);
    print(
        "handler that reads three values",
        Look::Three,
        calls,
        None,
        always,
    );
    print(
        "handler that reads all values into a frame it keeps",
        Look::Kept,
        calls,
        None,
        always,
    );
    print(
        "handler that reads all values into a new frame",
        Look::Values,
        calls,
        None,
        always,
    );
    for condition in [
        "$local0 == -1",
        "$local0 > 1000000000 && $local1 % 2 == 0",
        "mem32[$local0 & 0xfff] == 7",
        "$local1 / 3 + (unsigned char)$local0 * 2.5 < -1e12",
    ] {
        let prepare = |store: &mut Store, instance: u32| {
            let module = store.module(instance).expect("a module").clone();
            let types = FrameTypes {
                locals: vec![SlotType::I32; 3],
                ..FrameTypes::default()
            };
            let debug = DebugInfo::parse(module.bytes.clone());
            let code = debug
                .condition_code(condition, CodeOffset(0), 0, &types)
                .expect("plain");
            let stop = Stop {
                offset: first_op(store, instance),
                only_if: vec![Condition::new(&code).expect("compiled")],
            };
            store
                .set_stops(instance, 0, Stops::At(vec![stop]))
                .expect("stops");
        };
        let what = format!("false condition `{condition}`");
        print(&what, Look::Nothing, 10 * calls, Some(10 * calls as u64), prepare);
    }
}

/// Every instruction.
pub fn step() {
    let flood = |store: &mut Store, _: u32| store.set_flood(true).expect("flood");
    let calls = 200_000;
    print("handler that looks at nothing", Look::Nothing, calls, None, flood);
    print("handler that asks where it is", Look::Place, calls, None, flood);
    print("handler that reads three values", Look::Three, calls, None, flood);
    print(
        "handler that reads all values into a frame it keeps",
        Look::Kept,
        calls,
        None,
        flood,
    );
    print(
        "handler that reads all values into a new frame",
        Look::Values,
        calls,
        None,
        flood,
    );
}
