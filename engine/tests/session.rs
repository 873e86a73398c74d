//! The session as a front end sees it: guests that never end are paused, questions go stale, breakpoints bind
//! before the first instruction, a trapped guest stays inspectable.

mod session_support;

use session_support::Client;
use std::time::{Duration, Instant};
use stepwell_engine::debugger::{
    BreakpointId, BreakpointSpec, Command, Event, HitRule, Outcome, Query, QueryError, Reply, StepKind,
    StepUnit, StopId, StopReason, StopRule, WriteTarget,
};

#[test]
fn guests_that_never_end_are_paused_looked_at_and_stopped() {
    for guest in [
        "tight",
        "tree_calls",
        "loop",
        "tree",
        "printer",
        "sleeper",
        "allocator",
    ] {
        for interpreter in [false, true] {
            let mut client = Client::open(&format!("spin/{guest}.wasm"), interpreter, &[]);
            client.session.send(Command::Start);
            client.wait(|event| matches!(event, Event::Running).then_some(()));
            for _ in 0..3 {
                std::thread::sleep(Duration::from_millis(20));
                let asked = Instant::now();
                client.session.send(Command::Pause);
                let snapshot = client.stopped();
                println!(
                    "{guest}, interpreter {interpreter}: paused in {:?}",
                    asked.elapsed()
                );
                assert_eq!(snapshot.reason, StopReason::Pause, "{guest}");
                let frame = client.ask(Query::Frame {
                    stop: snapshot.stop,
                    frame: 0,
                });
                assert!(matches!(frame, Ok(Reply::Frame(_))), "{guest}: {frame:?}");
                client.session.send(Command::Continue);
            }
            client.session.send(Command::Stop);
            assert_eq!(client.ended(), Outcome::Stopped, "{guest}");
        }
    }
}

#[test]
fn a_question_about_another_stop_is_stale_and_a_running_guest_tells_nothing() {
    let mut client = Client::open("list/list.wasm", false, &[]);
    client.session.send(Command::Restart { stop_on_entry: true });
    let first = client.stopped();
    assert_eq!(first.reason, StopReason::Entry);
    client.session.send(Command::Step {
        kind: StepKind::In,
        unit: StepUnit::Instruction,
        frame: 0,
    });
    let second = client.stopped();
    let about = |stop| Query::Globals { stop };
    assert_eq!(client.ask(about(first.stop)), Err(QueryError::Stale));
    assert!(matches!(client.ask(about(second.stop)), Ok(Reply::Globals(_))));
    client.session.send(Command::Continue);
    assert_eq!(client.ended(), Outcome::Exited { code: 0 });
    assert_eq!(client.ask(about(second.stop)), Err(QueryError::Running));
}

#[test]
fn a_breakpoint_set_at_once_binds_before_the_first_instruction_and_survives_a_restart() {
    let mut client = Client::open("list/list.wasm", false, &["fault"]);
    client.session.send(Command::SetBreakpoint {
        id: BreakpointId(1),
        spec: BreakpointSpec::Function { name: "push".into() },
        enabled: true,
        rule: StopRule::default(),
    });
    client.session.send(Command::Start);
    for _ in 0..2 {
        let snapshot = client.stopped();
        assert_eq!(snapshot.reason, StopReason::Breakpoint(vec![BreakpointId(1)]));
        assert_eq!(snapshot.frames.first().expect("a frame").function, "push");
        client.session.send(Command::Restart { stop_on_entry: false });
        assert_eq!(client.ended(), Outcome::Stopped);
    }
    client.stopped();
    client
        .session
        .send(Command::RemoveBreakpoint { id: BreakpointId(1) });
    client.session.send(Command::Continue);
    let trapped = client.stopped();
    let StopReason::Trap(trap) = &trapped.reason else {
        panic!("{:?}", trapped.reason);
    };
    let access = trap.access.as_ref().expect("a memory fault");
    assert_eq!(
        access.address,
        u128::from(access.base) + u128::from(access.offset)
    );
    assert!(access.address + u128::from(access.len_bytes) > u128::from(access.memory_len_bytes));
    let frame = client.ask(Query::Frame {
        stop: trapped.stop,
        frame: 1,
    });
    let Ok(Reply::Frame(frame)) = frame else {
        panic!("{frame:?}")
    };
    assert!(frame.variables.iter().any(|variable| variable.name == "longest"));
    client.session.send(Command::Continue);
    assert!(matches!(client.ended(), Outcome::Trapped { .. }));
}

#[test]
fn output_that_nobody_takes_holds_the_guest_back() {
    let mut client = Client::open("spin/printer.wasm", false, &[]);
    client.session.send(Command::Start);
    client.wait(|event| matches!(event, Event::Running).then_some(()));
    std::thread::sleep(Duration::from_millis(500));
    client.session.send(Command::Pause);
    client.stopped();
    let (len_bytes, pieces) = (client.output_len_bytes, client.outputs);
    assert!(len_bytes <= 1 << 19, "{len_bytes} bytes waited");
    // A front end that is slow for each piece hears of the stop soon all the same.
    assert!(pieces <= 5000, "{pieces} pieces waited");
}

/// A guest that writes a byte near, a byte far, grows its memory by a page and writes a byte there.
fn writer(pages: u64, far: u64) -> Client {
    let grown = pages * 65_536 + 5;
    let client = Client::of_text(
        &format!(
            "(module (memory {pages}) (func (export \"_start\")
            (i32.store8 (i32.const 5) (i32.const 1))
            (i32.store8 (i32.const {far}) (i32.const 2))
            (drop (memory.grow (i32.const 1)))
            (i32.store8 (i32.const {grown}) (i32.const 4))))"
        ),
        false,
    );
    client.session.send(Command::Restart { stop_on_entry: true });
    client
}

/// Steps by so many instructions, looking at 16 bytes at each stop; what is told of them at the last.
fn changed(client: &mut Client, steps: usize, address: u64) -> Option<Vec<u64>> {
    let mut told = None;
    for _ in 0..steps {
        client.session.send(Command::Step {
            kind: StepKind::Over,
            unit: StepUnit::Instruction,
            frame: 0,
        });
        let stop = client.stopped().stop;
        told = looked_at(client, stop, address);
    }
    told
}

fn looked_at(client: &mut Client, stop: StopId, address: u64) -> Option<Vec<u64>> {
    let (memory, len_bytes) = (0, 16);
    let query = Query::Memory {
        stop,
        memory,
        address,
        len_bytes,
    };
    match client.ask(query) {
        Ok(Reply::Memory(bytes)) => bytes.changed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn changed_bytes_are_told_of_a_whole_small_memory() {
    let mut client = writer(1, 60_000);
    let stop = client.stopped().stop;
    assert_eq!(looked_at(&mut client, stop, 0), None, "there was no stop before");
    assert_eq!(changed(&mut client, 2, 0), Some(Vec::new()));
    assert_eq!(changed(&mut client, 1, 0), Some(vec![5]));
    assert_eq!(changed(&mut client, 2, 0), Some(Vec::new()));
    assert_eq!(changed(&mut client, 1, 60_000), Some(vec![60_000]));
    // Grown since, from zeros.
    assert_eq!(changed(&mut client, 6, 65_536), Some(vec![65_541]));
}

#[test]
fn changed_bytes_of_a_large_memory_are_told_where_someone_looked() {
    let far = 100_000_000;
    let mut client = writer(2000, far);
    let stop = client.stopped().stop;
    assert_eq!(looked_at(&mut client, stop, 0), None, "there was no stop before");
    assert_eq!(changed(&mut client, 3, 0), Some(vec![5]));
    assert_eq!(changed(&mut client, 2, 0), Some(Vec::new()));
    assert_eq!(changed(&mut client, 1, far), None, "nobody looked there");
    assert_eq!(changed(&mut client, 1, far), Some(Vec::new()));
}

/// A breakpoint on a source line of a guest, with a rule.
fn line(id: u32, path: &str, line: u32, rule: StopRule) -> Command {
    Command::SetBreakpoint {
        id: BreakpointId(id),
        spec: BreakpointSpec::Line {
            path: path.into(),
            line,
        },
        enabled: true,
        rule,
    }
}

fn when(condition: &str) -> StopRule {
    StopRule {
        condition: Some(condition.to_string()),
        ..StopRule::default()
    }
}

#[test]
fn a_condition_stops_where_it_holds_or_has_no_answer() {
    for interpreter in [false, true] {
        let mut client = Client::open("list/list.wasm", interpreter, &[]);
        client
            .session
            .send(line(1, "list.c", 43, when("count == 1 && name == \"rye\"")));
        client.session.send(Command::Start);
        let evaluate = |client: &mut Client, stop, expression: &str| {
            let expression = expression.to_string();
            client.ask(Query::Evaluate {
                stop,
                frame: 0,
                expression,
            })
        };
        let snapshot = client.stopped();
        assert_eq!(snapshot.reason, StopReason::Breakpoint(vec![BreakpointId(1)]));
        match evaluate(&mut client, snapshot.stop, "count") {
            Ok(Reply::Value(node)) => assert_eq!(node.text, "1"),
            other => panic!("{other:?}"),
        }
        match evaluate(&mut client, snapshot.stop, "count + nope") {
            Err(QueryError::Expression(error)) => assert_eq!((error.column, error.len), (9, 4)),
            other => panic!("{other:?}"),
        }
        client
            .session
            .send(line(1, "list.c", 43, when("count / (count - 2)")));
        client.session.send(Command::Continue);
        let snapshot = client.stopped();
        let message = "count / (count - 2): 2 / 0: division by zero (column 1)".to_string();
        let id = BreakpointId(1);
        assert_eq!(snapshot.reason, StopReason::Condition { id, message });
        // No two hits are left in this run; the next counts its own.
        let rule = StopRule {
            hits: Some(HitRule::AtLeast(2)),
            ..when("nodes_made < 3")
        };
        client.session.send(line(2, "list.c", 44, rule));
        client.session.send(Command::RemoveBreakpoint { id });
        client.session.send(Command::Continue);
        assert_eq!(client.ended(), Outcome::Exited { code: 0 });
        client.session.send(Command::Restart { stop_on_entry: false });
        let snapshot = client.stopped();
        match evaluate(&mut client, snapshot.stop, "nodes_made") {
            Ok(Reply::Value(node)) => assert_eq!(node.text, "2"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_logpoint_speaks_and_lets_run() {
    let mut client = Client::open("list/list.wasm", false, &[]);
    let rule = StopRule {
        log: Some("{name} {{x{count}}} {nope}".to_string()),
        ..StopRule::default()
    };
    client.session.send(line(3, "list.c", 43, rule));
    client.session.send(Command::Start);
    let mut said = Vec::new();
    let outcome = client.wait(|event| match event {
        Event::Log { id, text } => {
            assert_eq!(id, BreakpointId(3));
            said.push(text);
            None
        }
        Event::Ended(outcome) => Some(outcome),
        Event::Stopped(snapshot) => panic!("{snapshot:?}"),
        _ => None,
    });
    assert_eq!(outcome, Outcome::Exited { code: 0 });
    assert_eq!(said.len(), 4);
    assert_eq!(
        said.first().map(String::as_str),
        Some("0x447 \"apple\" {x3} <there is no variable 'nope' here>")
    );
    let rule = StopRule {
        log: Some("open {name".to_string()),
        ..StopRule::default()
    };
    client.session.send(line(3, "list.c", 43, rule));
    let message = client.wait(|event| match event {
        Event::BreakpointChanged(state) => Some(state.message),
        _ => None,
    });
    assert_eq!(
        message.as_deref(),
        Some("the '{' at column 6 of the log text is not closed")
    );
}

#[test]
fn a_logpoint_in_a_loop_without_end_is_paused_and_bounded() {
    let mut client = Client::open("spin/tree.wasm", false, &[]);
    client.session.send(Command::SetBreakpoint {
        id: BreakpointId(1),
        spec: BreakpointSpec::Function { name: "fib".into() },
        enabled: true,
        rule: StopRule {
            log: Some("depth {n}".to_string()),
            ..StopRule::default()
        },
    });
    client.session.send(Command::Start);
    // Nobody listens for a while.
    std::thread::sleep(Duration::from_millis(1500));
    client.session.send(Command::Pause);
    let mut said = 0;
    client.wait(|event| match event {
        Event::Log { text, .. } => {
            assert!(text.starts_with("depth "), "{text}");
            said += 1;
            None
        }
        Event::Stopped(snapshot) => {
            assert_eq!(snapshot.reason, StopReason::Pause);
            Some(())
        }
        _ => None,
    });
    assert!(said > 100 && said < 10_000, "{said}");
    client.session.send(Command::Stop);
}

#[test]
fn vectors_are_written_whole_and_their_faults_told_right() {
    for (instruction, base, len_bytes) in [
        ("v128.load8_lane 3 (i32.const 65536) (local.get 0)", 65536, 1),
        ("v128.load16x4_u (i32.const 65530)", 65530, 8),
        ("v128.load32_splat (i32.const 65533)", 65533, 4),
        ("v128.load (i32.const 65521)", 65521, 16),
    ] {
        let wat = format!(
            r#"(module (memory 1) (func (export "_start") (local v128)
              nop (i64.store (i32.const 0) (i64x2.extract_lane 1 (local.get 0))) (drop ({instruction}))))"#
        );
        let mut client = Client::of_text(&wat, false);
        client.session.send(Command::Restart { stop_on_entry: true });
        let stop = client.stopped().stop;
        let bits = 0x0123_4567_89ab_cdef << 64 | 7;
        let target = WriteTarget::Local { index: 0, bits };
        assert_eq!(
            client.ask(Query::Write {
                stop,
                frame: 0,
                target
            }),
            Ok(Reply::Written)
        );
        client.session.send(Command::Continue);
        let trapped = client.stopped();
        let StopReason::Trap(trap) = &trapped.reason else {
            panic!("{:?}", trapped.reason);
        };
        let access = trap.access.as_ref().expect("a memory fault");
        assert_eq!(
            (access.base, access.len_bytes),
            (base, len_bytes),
            "{instruction}"
        );
        let memory = client.ask(Query::Memory {
            stop: trapped.stop,
            memory: 0,
            address: 0,
            len_bytes: 8,
        });
        let Ok(Reply::Memory(memory)) = memory else {
            panic!("{memory:?}")
        };
        assert_eq!(memory.bytes, 0x0123_4567_89ab_cdef_u64.to_le_bytes());
    }
}
