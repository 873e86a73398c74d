//! Commands of every kind in every order, at guests in every state: the session must answer on, and never fail.

mod session_support;

use session_support::Client;
use stepwell_engine::debugger::{
    BreakpointId, BreakpointSpec, Command, Event, Query, QueryId, StepKind, StepUnit, StopId, StopRule,
    WriteTarget,
};
use stepwell_engine::module::decode;
use stepwell_engine::module::text::operator_offsets;
use stepwell_engine::position::ModuleOffset;

/// Commands sent to each guest.
const COMMANDS: usize = 400;

/// SplitMix64: the same cases every time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

fn spec(numbers: &mut Numbers, offsets: &[u64]) -> BreakpointSpec {
    match numbers.below(4) {
        0 => BreakpointSpec::Function {
            name: numbers.of(&["main", "push", "fib", "nothing"]).to_string(),
        },
        1 => BreakpointSpec::Line {
            path: numbers.of(&["list.c", "nothing.c"]).to_string(),
            line: numbers.below(80) as u32,
        },
        2 => BreakpointSpec::Offset {
            offset: ModuleOffset(numbers.next() >> numbers.below(60)),
        },
        _ => BreakpointSpec::Offset {
            offset: ModuleOffset(numbers.of(offsets)),
        },
    }
}

fn query(numbers: &mut Numbers, stop: StopId) -> Query {
    let frame = numbers.below(4) as u32;
    let index = numbers.below(6) as u32;
    let (bits, address) = (
        u128::from(numbers.below(100)),
        numbers.next() >> numbers.below(64),
    );
    let write = |target| Query::Write { stop, frame, target };
    match numbers.below(9) {
        0 => Query::Frame { stop, frame },
        1 => Query::Evaluate {
            stop,
            frame,
            expression: numbers
                .of(&["argc", "$local0", "$stack0", "list->head", "((((", "1 +"])
                .to_string(),
        },
        2 => Query::Memory {
            stop,
            memory: frame,
            address,
            len_bytes: numbers.next(),
        },
        3 => Query::Globals { stop },
        4 => Query::Table {
            stop,
            table: frame,
            first: index,
            count: u32::MAX,
        },
        5 => write(WriteTarget::Local { index, bits }),
        6 => write(WriteTarget::Operand { index, bits }),
        7 => write(WriteTarget::Memory {
            memory: 0,
            address,
            bytes: vec![1, 2, 3],
        }),
        _ => Query::WasmText { func: index * 7 },
    }
}

fn command(numbers: &mut Numbers, offsets: &[u64], stop: StopId, id: &mut u64) -> Command {
    match numbers.below(40) {
        0 => Command::Start,
        1 => Command::Restart {
            stop_on_entry: numbers.below(2) == 0,
        },
        2 if numbers.below(3) == 0 => Command::Stop,
        2..=8 => Command::Continue,
        9..=11 => Command::Pause,
        12..=24 => Command::Step {
            kind: numbers.of(&[StepKind::In, StepKind::Over, StepKind::Out]),
            unit: numbers.of(&[StepUnit::Line, StepUnit::Instruction]),
            frame: numbers.below(4) as u32,
        },
        25 | 26 => Command::RunTo {
            spec: spec(numbers, offsets),
        },
        27..=30 => Command::SetBreakpoint {
            id: BreakpointId(numbers.below(5) as u32),
            spec: spec(numbers, offsets),
            enabled: numbers.below(4) > 0,
            rule: StopRule::default(),
        },
        31 => Command::RemoveBreakpoint {
            id: BreakpointId(numbers.below(6) as u32),
        },
        32 => Command::Stdin(b"text\n".to_vec()),
        _ => {
            *id += 1;
            let stop = StopId(stop.0.saturating_sub(numbers.below(2)));
            Command::Query {
                id: QueryId(*id),
                query: query(numbers, stop),
            }
        }
    }
}

/// Sends commands, half of them without waiting for what comes of them, and asks at the end; how often it stopped.
fn torment(guest: &str, interpreter: bool, seed: u64) -> u32 {
    let path = format!("{}/../assets/guests/{guest}", env!("CARGO_MANIFEST_DIR"));
    let module = decode(std::fs::read(path).expect("a sample").into()).expect("valid");
    let offsets: Vec<u64> = (0..module.func_types.len() as u32)
        .flat_map(|func| operator_offsets(&module, func))
        .collect();
    let mut client = Client::open(guest, interpreter, &["fault"]);
    let mut numbers = Numbers(seed);
    let (mut stop, mut stops, mut id) = (StopId(0), 0, 0);
    let mut take = |event: Event| match event {
        Event::LoadFailed { message } => panic!("{guest}, seed {seed}: {message}"),
        Event::Stopped(snapshot) => {
            assert!(snapshot.stop > stop, "{guest}, seed {seed}: {snapshot:?}");
            stop = snapshot.stop;
            stops += 1;
        }
        _ => {}
    };
    let mut last_stop = StopId(0);
    for _ in 0..COMMANDS {
        let next = command(&mut numbers, &offsets, last_stop, &mut id);
        client.session.send(next);
        if numbers.below(4) > 0 {
            std::thread::sleep(std::time::Duration::from_millis(numbers.below(4)));
            while let Some(event) = client.session.try_event() {
                if let Event::Stopped(snapshot) = &event {
                    last_stop = snapshot.stop;
                }
                take(event);
            }
        }
    }
    client.session.send(Command::Query {
        id: QueryId(u64::MAX),
        query: Query::WasmText { func: 0 },
    });
    client.wait(|event| match event {
        Event::Reply {
            id: QueryId(u64::MAX),
            ..
        } => Some(()),
        other => {
            take(other);
            None
        }
    });
    println!("{guest}, interpreter {interpreter}, seed {seed}: {stops} stops");
    stops
}

#[test]
fn commands_in_any_order_never_break_a_session() {
    let mut stops = 0;
    for (seed, guest) in (0..).zip([
        "list/list.wasm",
        "spin/tree.wasm",
        "spin/sleeper.wasm",
        "spin/printer.wasm",
        "faults/recursion.wasm",
        "shapes/shapes_o2.wasm",
    ]) {
        for interpreter in [false, true] {
            stops += torment(guest, interpreter, seed * 2 + u64::from(interpreter));
        }
    }
    assert!(stops > 30, "only {stops} stops");
}
