//! The script player against events made by hand: what it sends, what it waits for, what it writes.

use stepwell::cli::player::Player;
use stepwell::cli::script::{Await, parse_line};
use stepwell_debuginfo::{Availability, FileId, ModuleOffset, Part, Place, ValueNode, ValueRef};
use stepwell_engine::debugger::{
    BreakpointId, BreakpointLocation, BreakpointState, Command, DebugSummary, Event, FrameDetail, FrameInfo,
    Outcome, OutputStream, Query, QueryError, QueryId, Reply, Snapshot, SourcePlace, StopId, StopReason,
    WasmSlot, WriteTarget,
};
use stepwell_engine::types::ValType;

fn begin(player: &mut Player, text: &str) -> anyhow::Result<Vec<Command>> {
    let action = parse_line(text).expect("parses").expect("says something");
    player.begin(&action)
}

fn place(line: u32) -> SourcePlace {
    SourcePlace {
        file: FileId(0),
        path: "/src/list.c".to_string(),
        line,
        column: 5,
    }
}

fn stop(number: u64, reason: StopReason) -> Event {
    Event::Stopped(Box::new(Snapshot {
        stop: StopId(number),
        reason,
        frames: vec![FrameInfo {
            index: 0,
            wasm_frame: 0,
            func: 3,
            function: "push".to_string(),
            pc: ModuleOffset(0x40),
            source: Some(place(43)),
            inlined: false,
        }],
        frames_total: 1,
        tick: 9,
        memories_len_bytes: vec![65536],
    }))
}

/// A player whose module is loaded.
fn loaded() -> Player {
    let mut player = Player::default();
    assert_eq!(player.awaits(), Await::Load);
    let summary = DebugSummary {
        has_lines: true,
        files: Vec::new(),
        units: Vec::new(),
        diagnostics: Vec::new(),
        findings: Vec::new(),
        function_names: Vec::new(),
        main: None,
    };
    player.event(&Event::DebugInfo(Box::new(summary))).expect("taken");
    assert_eq!(player.awaits(), Await::Nothing);
    player
}

/// A player whose guest stands at a stop.
fn stopped() -> Player {
    let mut player = loaded();
    let commands = begin(&mut player, "run").expect("runs");
    assert!(matches!(commands[..], [Command::Start]));
    assert_eq!(player.awaits(), Await::Stop);
    player.event(&Event::Running).expect("taken");
    player.event(&stop(1, StopReason::Step)).expect("taken");
    assert_eq!(player.awaits(), Await::Nothing);
    player.take_output();
    player
}

/// The one question among the commands.
fn question(commands: Vec<Command>) -> (QueryId, Query) {
    match <[Command; 1]>::try_from(commands) {
        Ok([Command::Query { id, query }]) => (id, query),
        other => panic!("{other:?}"),
    }
}

fn state(id: u32, offsets: &[u64], message: Option<&str>) -> Event {
    Event::BreakpointChanged(BreakpointState {
        id: BreakpointId(id),
        spec: stepwell_engine::debugger::BreakpointSpec::Function {
            name: "push".to_string(),
        },
        enabled: true,
        rule: Default::default(),
        locations: (offsets.iter())
            .map(|&offset| BreakpointLocation {
                offset: ModuleOffset(offset),
                func: 3,
                source: Some(place(33)),
            })
            .collect(),
        message: message.map(str::to_string),
    })
}

#[test]
fn a_breakpoint_is_waited_for_until_it_binds() {
    let mut player = loaded();
    let commands = begin(&mut player, "break push").expect("sets");
    assert!(matches!(
        &commands[..],
        [Command::SetBreakpoint {
            id: BreakpointId(1),
            enabled: true,
            ..
        }]
    ));
    player.event(&state(7, &[1], None)).expect("somebody else's");
    assert_eq!(player.awaits(), Await::Breakpoint);
    player.event(&state(1, &[], None)).expect("pending");
    assert_eq!(player.awaits(), Await::Breakpoint);
    player.event(&state(1, &[0x30], None)).expect("bound");
    assert_eq!(player.awaits(), Await::Nothing);
    assert_eq!(player.take_output(), ["breakpoint 1: list.c:33 [0x30]"]);

    begin(&mut player, "break nowhere").expect("asks");
    let error = player.event(&state(2, &[], Some("no function is named nowhere")));
    assert_eq!(
        error.expect_err("unbound").to_string(),
        "no function is named nowhere"
    );
    assert!(begin(&mut loaded(), "delete 1").is_err(), "there is none");
}

#[test]
fn output_shows_before_the_stop_that_follows_it() {
    let mut player = stopped();
    begin(&mut player, "continue").expect("runs");
    let write = |stream, bytes: &[u8]| Event::Output {
        stream,
        bytes: bytes.to_vec(),
    };
    player
        .event(&write(OutputStream::Stdout, b"one\ntw"))
        .expect("taken");
    assert_eq!(player.take_output(), ["| one"]);
    player
        .event(&write(OutputStream::Stderr, b"oh\n"))
        .expect("taken");
    player
        .event(&write(OutputStream::Stdout, b"o\nthr"))
        .expect("taken");
    player
        .event(&stop(2, StopReason::Breakpoint(vec![BreakpointId(1)])))
        .expect("taken");
    assert_eq!(
        player.take_output(),
        [
            "! oh",
            "| two",
            "| thr",
            "stopped: breakpoint 1 in push at list.c:43 [0x40]"
        ]
    );
    begin(&mut player, "continue").expect("runs");
    player
        .event(&Event::Ended(Outcome::Exited { code: 3 }))
        .expect("taken");
    assert_eq!(player.awaits(), Await::Nothing);
    assert_eq!(player.take_output(), ["exited with code 3"]);
    assert!(begin(&mut player, "locals").is_err(), "it has ended");
    assert!(matches!(
        begin(&mut player, "run").expect("again")[..],
        [Command::Restart { stop_on_entry: false }]
    ));
}

#[test]
fn print_opens_a_value_one_step() {
    let mut player = stopped();
    let node = |name: &str, expand| ValueNode {
        name: name.to_string(),
        type_name: "int".to_string(),
        kind: None,
        text: "5".to_string(),
        availability: Availability::Available,
        address: None,
        len_bytes: Some(4),
        expand,
    };
    let value = ValueRef {
        type_offset: 1,
        place: Place::Memory(8),
        part: Part::Whole,
    };
    let (id, query) = question(begin(&mut player, "print node->next").expect("asks"));
    assert!(
        matches!(query, Query::Evaluate { stop: StopId(1), frame: 0, expression } if expression == "node->next")
    );
    let foreign = Event::Reply {
        id: QueryId(5),
        result: Err(QueryError::Running),
    };
    player.event(&foreign).expect("somebody else's");
    let reply = Event::Reply {
        id,
        result: Ok(Reply::Value(node("node->next", Some(value)))),
    };
    let (id, query) = question(player.event(&reply).expect("taken"));
    assert!(matches!(query, Query::Children { .. }));
    assert_eq!(player.awaits(), Await::Reply);
    let reply = Event::Reply {
        id,
        result: Ok(Reply::Children(vec![node("count", None)])),
    };
    player.event(&reply).expect("taken");
    assert_eq!(player.awaits(), Await::Nothing);
    assert_eq!(player.take_output(), ["node->next: int = 5", "  count: int = 5"]);

    let (id, _) = question(begin(&mut player, "print nothing").expect("asks"));
    let result = Err(QueryError::Invalid("no variable is named nothing".to_string()));
    let error = player.event(&Event::Reply { id, result }).expect_err("refused");
    assert_eq!(error.to_string(), "no variable is named nothing");
}

#[test]
fn a_value_is_written_by_the_type_it_has() {
    let mut player = stopped();
    let slot = |index, ty| WasmSlot {
        index,
        name: None,
        ty,
        bits: 0,
        text: "0".to_string(),
        mutable: true,
    };
    let detail = FrameDetail {
        frame: 0,
        locals: vec![slot(0, ValType::F32), slot(1, ValType::I32)],
        operands: Vec::new(),
        variables: Vec::new(),
        statics: Vec::new(),
    };
    for (text, index, bits) in [
        ("set local 0 1.5", 0, 0x3fc0_0000),
        ("set local 1 -1", 1, 0xffff_ffff),
    ] {
        let (id, _) = question(begin(&mut player, text).expect("asks"));
        let result = Ok(Reply::Frame(detail.clone()));
        let (id, query) = question(player.event(&Event::Reply { id, result }).expect("taken"));
        let target = WriteTarget::Local { index, bits };
        assert_eq!(
            query,
            Query::Write {
                stop: StopId(1),
                frame: 0,
                target
            }
        );
        let result = Ok(Reply::Written);
        player.event(&Event::Reply { id, result }).expect("taken");
        assert_eq!(player.take_output(), ["written"]);
    }
    let (id, _) = question(begin(&mut player, "set local 9 1").expect("asks"));
    let result = Ok(Reply::Frame(detail));
    assert!(player.event(&Event::Reply { id, result }).is_err());
}

#[test]
fn a_guest_that_waits_for_input_goes_on_with_it() {
    let mut player = loaded();
    assert!(begin(&mut player, "step").is_err(), "not started");
    begin(&mut player, "run").expect("runs");
    player.event(&Event::WaitingForInput).expect("taken");
    assert_eq!(player.awaits(), Await::Nothing);
    assert_eq!(player.take_output(), ["waiting for input"]);
    assert!(begin(&mut player, "step").is_err(), "it runs");
    let commands = begin(&mut player, "input two words").expect("sends");
    assert!(matches!(&commands[..], [Command::Stdin(bytes)] if bytes == b"two words\n"));
    assert_eq!(player.awaits(), Await::Stop);
    // Input for a guest that does not wait is kept for it.
    let mut player = stopped();
    begin(&mut player, "input x").expect("sends");
    assert_eq!(player.awaits(), Await::Nothing);
}
