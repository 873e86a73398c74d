//! Sessions with modules and guests that mean ill.

mod session_support;

use session_support::Client;
use std::time::{Duration, Instant};
use stepwell_engine::debugger::{
    BreakpointId, BreakpointSpec, Command, Event, Outcome, Query, QueryId, StopReason, StopRule,
};

#[test]
fn a_module_of_very_many_exports_opens() {
    const COUNT: usize = 30_000;
    let mut wat = String::from("(module (func (export \"_start\"))");
    for index in 0..COUNT {
        wat += &format!(
            "(func)(export \"e{index}\" (func 0))(global i32 (i32.const 0))(export \"g{index}\" (global 0))"
        );
    }
    let mut client = Client::of_text(&(wat + ")"), false);
    let info = client.wait(|event| match event {
        Event::Loaded(info) => Some(info),
        _ => None,
    });
    assert_eq!(info.functions.len(), COUNT + 1);
    assert_eq!(info.functions[0].name, "_start");
    assert_eq!(info.functions[1].name, "func[1]");
    assert_eq!(info.globals[0].name.as_deref(), Some("g0"));
    client.session.send(Command::Start);
    assert_eq!(client.ended(), Outcome::Exited { code: 0 });
}

#[test]
fn a_run_that_waits_for_its_debug_info_answers_and_can_be_called_off() {
    let mut client = Client::open("sqlite/sqlite.wasm", false, &[]);
    client.session.send(Command::Start);
    client.session.send(Command::Query {
        id: QueryId(1),
        query: Query::WasmText { func: 100 },
    });
    client.session.send(Command::Stop);
    let mut seen = Vec::new();
    client.wait(|event| {
        match event {
            Event::Reply { result: Ok(_), .. } => seen.push("reply"),
            Event::Ended(Outcome::Stopped) => seen.push("ended"),
            Event::Running => seen.push("running"),
            Event::DebugInfo(_) => return Some(()),
            _ => {}
        }
        None
    });
    assert_eq!(seen, ["reply", "ended"]);
    client.session.send(Command::Restart { stop_on_entry: true });
    client.stopped();
}

/// Polls standard input and a clock of 50 µs, for ever.
const POLLS: &str = r#"(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory 1)
  (func (export "_start")
    (i32.store8 (i32.const 8) (i32.const 1))
    (i32.store (i32.const 64) (i32.const 1))
    (i64.store (i32.const 72) (i64.const 50000))
    (loop (drop (call $poll (i32.const 0) (i32.const 256) (i32.const 2) (i32.const 512))) (br 0))))"#;

#[test]
fn waits_for_input_that_nobody_hears_of_do_not_pile_up() {
    let mut client = Client::of_text(POLLS, false);
    client.session.send(Command::Start);
    client.wait(|event| matches!(event, Event::Running).then_some(()));
    std::thread::sleep(Duration::from_millis(300));
    client.session.send(Command::Pause);
    let mut waits = 0;
    client.wait(|event| {
        waits += usize::from(event == Event::WaitingForInput);
        matches!(event, Event::Stopped(_)).then_some(())
    });
    // One before the first was taken; while they are taken, new ones come.
    assert!((1..20).contains(&waits), "{waits}");
}

#[test]
fn a_breakpoint_where_nothing_can_be_compiled_keeps_no_guest_from_running() {
    const TALL: usize = 140_000;
    let wat = format!(
        "(module (func $small (export \"small\")) (func $tall {} {}) (func (export \"_start\") (call $small)))",
        "i32.const 0 ".repeat(TALL),
        "drop ".repeat(TALL)
    );
    let mut client = Client::of_text(&wat, false);
    for (id, name) in [(1, "tall"), (2, "small")] {
        client.session.send(Command::SetBreakpoint {
            id: BreakpointId(id),
            spec: BreakpointSpec::Function { name: name.into() },
            enabled: true,
            rule: StopRule::default(),
        });
    }
    client.session.send(Command::Start);
    let mut problems = Vec::new();
    client.wait(|event| match event {
        Event::Problem { message } => {
            problems.push(message);
            None
        }
        Event::Stopped(_) => Some(()),
        _ => None,
    });
    let [problem] = &problems[..] else {
        panic!("{problems:?}")
    };
    assert!(
        problem.starts_with("tall cannot be stopped in: unsupported"),
        "{problem}"
    );
    client.session.send(Command::Continue);
    assert_eq!(client.ended(), Outcome::Exited { code: 0 });
}

#[test]
fn a_loop_with_a_very_long_body_is_paused_soon() {
    let wat = format!(
        "(module (func (export \"_start\") (local f64) (local.set 0 (f64.const 2)) (loop {} (br 0))))",
        "local.get 0 f64.sqrt local.set 0 ".repeat(50_000)
    );
    let mut client = Client::of_text(&wat, false);
    client.session.send(Command::Start);
    client.wait(|event| matches!(event, Event::Running).then_some(()));
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(300));
        let asked = Instant::now();
        client.session.send(Command::Pause);
        client.stopped();
        let took = asked.elapsed();
        println!("paused in {took:?}");
        client.session.send(Command::Continue);
    }
    // Long after the function was compiled, whatever else this machine is doing.
    std::thread::sleep(Duration::from_millis(300));
    let asked = Instant::now();
    client.session.send(Command::Pause);
    client.stopped();
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
}

#[test]
fn what_comes_right_behind_a_restart_is_heard() {
    let mut client = Client::open("spin/tight.wasm", false, &[]);
    client.session.send(Command::Start);
    client.wait(|event| matches!(event, Event::Running).then_some(()));
    for round in 0..20 {
        client.session.send(Command::Restart { stop_on_entry: false });
        client.session.send(Command::Query {
            id: QueryId(round),
            query: Query::WasmText { func: 0 },
        });
        client.wait(|event| matches!(event, Event::Reply { id, .. } if id == QueryId(round)).then_some(()));
    }
}

/// The base of a memory of 64 bits may look like a negative number of 32.
#[test]
fn a_fault_is_explained_by_the_width_of_its_address() {
    let explained = |base: &str, address: &str| {
        let wat = format!(
            "(module (memory {address} 1) (func (export \"_start\") (drop (i32.load ({address}.const {base})))))"
        );
        let mut client = Client::of_text(&wat, false);
        client.session.send(Command::Start);
        match client.stopped().reason {
            StopReason::Trap(trap) => trap.explanation.join(" "),
            other => panic!("{other:?}"),
        }
    };
    let negative = "As a signed number the base is ";
    assert!(explained("-5", "i32").contains(&format!("{negative}-5:")));
    assert!(explained("-5", "i64").contains(&format!("{negative}-5:")));
    for base in ["0x100000005", "0xfffffff8", "0x7fffffffffff0005"] {
        let words = explained(base, "i64");
        assert!(!words.contains(negative), "{base}: {words}");
    }
}
