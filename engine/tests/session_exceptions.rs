//! Steps of a debugged guest that throws, over both backends: a step ends where the exception is caught, however far
//! out that is, and one that nothing catches is a stop where it is thrown.

mod session_support;

use session_support::Client;
use stepwell_engine::debugger::{
    BreakpointId, BreakpointSpec, Command, Outcome, Query, Reply, Snapshot, StepKind, StepUnit, StopReason,
    StopRule,
};
use stepwell_engine::error::TrapKind;
use stepwell_engine::module::{decode, text};

/// A hundred calls lie between what throws and what catches: more than a step watches.
const FAR: &str = r#"(module (tag $t (param i32))
  (func $deep (param $n i32)
    (if (i32.eqz (local.get $n)) (then (call $throws (i32.const 5))))
    (call $deep (i32.sub (local.get $n) (i32.const 1))))
  (func $throws (param $x i32)
    (throw $t (local.get $x)))
  (func $catches (param $n i32) (result i32)
    (block $h (result i32)
      (try_table (catch $t $h) (call $deep (local.get $n)))
      (i32.const 0))
    i32.clz)
  (func $old (param $n i32) (result i32)
    try (result i32)
      (call $deep (local.get $n)) (i32.const 0)
    catch $t
      i32.ctz
    end)
  ;; The label is the function's own: it returns what was caught.
  (func $returns (param $n i32) (result i32)
    (try_table (result i32) (catch $t 0) (call $deep (local.get $n)) (i32.const 0)))
  (func (export "_start")
    (drop (call $catches (i32.const 100)))
    (drop (call $old (i32.const 100)))
    (drop (call $returns (i32.const 100)))
    (call $deep (i32.const 3))))"#;

/// Where a stopped guest is.
#[derive(Debug, PartialEq)]
struct Place {
    func: u32,
    instruction: String,
    operands: Vec<u128>,
}

fn place(client: &mut Client, snapshot: &Snapshot) -> Place {
    let module = decode(wat::parse_str(FAR).expect("text").into()).expect("valid");
    let row = snapshot.frames.first().expect("a frame");
    let (stop, frame) = (snapshot.stop, 0);
    let operands = match client.ask(Query::Frame { stop, frame }) {
        Ok(Reply::Frame(detail)) => detail.operands.iter().map(|slot| slot.bits).collect(),
        other => panic!("{other:?}"),
    };
    Place {
        func: row.func,
        instruction: text::operator_text(&module, row.pc.0).expect("an instruction"),
        operands,
    }
}

fn step(client: &mut Client, kind: StepKind) -> Place {
    client.session.send(Command::Step {
        kind,
        unit: StepUnit::Instruction,
        frame: 0,
    });
    let snapshot = client.stopped();
    assert_eq!(snapshot.reason, StopReason::Step);
    place(client, &snapshot)
}

/// A guest that stands at the first instruction of a function.
fn stopped_in(func: u32, interpreter: bool) -> (Client, Place) {
    let mut client = Client::of_text(FAR, interpreter);
    client.session.send(Command::SetBreakpoint {
        id: BreakpointId(1),
        spec: BreakpointSpec::Function {
            name: format!("func[{func}]"),
        },
        enabled: true,
        rule: StopRule::default(),
    });
    client.session.send(Command::Start);
    let snapshot = client.stopped();
    let place = place(&mut client, &snapshot);
    assert_eq!(place.func, func);
    (client, place)
}

/// The functions that catch, with the instruction that comes first then, and what lies on the stack.
const HANDLERS: [(u32, u32, &str, u128); 3] = [(2, 2, "i32.clz", 5), (3, 3, "i32.ctz", 5), (4, 5, "drop", 5)];

#[test]
fn a_step_over_a_call_that_throws_ends_where_it_is_caught() {
    for interpreter in [false, true] {
        for (func, lands_in, instruction, thrown) in HANDLERS {
            let (mut client, mut at) = stopped_in(func, interpreter);
            while !at.instruction.starts_with("call") {
                at = step(&mut client, StepKind::Over);
                assert_eq!(at.func, func);
            }
            let landed = step(&mut client, StepKind::Over);
            let expected = Place {
                func: lands_in,
                instruction: instruction.to_string(),
                operands: vec![thrown],
            };
            assert_eq!(landed, expected, "interpreter {interpreter}");
        }
    }
}

#[test]
fn a_step_out_of_or_from_what_throws_ends_where_it_is_caught() {
    for interpreter in [false, true] {
        for kind in [StepKind::Out, StepKind::Over, StepKind::In] {
            // The first instruction is a `local.get`, the second one throws.
            let (mut client, _) = stopped_in(1, interpreter);
            for (_, lands_in, instruction, thrown) in HANDLERS {
                if kind != StepKind::Out {
                    assert!(step(&mut client, kind).instruction.starts_with("throw"));
                }
                let expected = Place {
                    func: lands_in,
                    instruction: instruction.to_string(),
                    operands: vec![thrown],
                };
                assert_eq!(step(&mut client, kind), expected, "{kind:?}, {interpreter}");
                client.session.send(Command::Continue);
                client.stopped();
            }
        }
    }
}

#[test]
fn a_step_over_a_frame_in_between_ends_where_it_is_caught() {
    for interpreter in [false, true] {
        // The outermost of the hundred; none of them catches.
        let (mut client, mut at) = stopped_in(0, interpreter);
        client
            .session
            .send(Command::RemoveBreakpoint { id: BreakpointId(1) });
        while !at.instruction.starts_with("call") {
            at = step(&mut client, StepKind::Over);
        }
        let landed = step(&mut client, StepKind::Over);
        assert_eq!((landed.func, landed.instruction.as_str()), (2, "i32.clz"));
    }
}

#[test]
fn an_exception_that_nothing_catches_is_a_stop_where_it_is_thrown() {
    for interpreter in [false, true] {
        let mut client = Client::of_text(FAR, interpreter);
        client.session.send(Command::Start);
        let snapshot = client.stopped();
        let StopReason::Trap(trap) = &snapshot.reason else {
            panic!("{:?}", snapshot.reason);
        };
        assert_eq!(trap.kind, TrapKind::UncaughtException);
        let expected = Place {
            func: 1,
            instruction: "throw 0".to_string(),
            operands: vec![5],
        };
        assert_eq!(place(&mut client, &snapshot), expected);
        assert_eq!(snapshot.frames.len(), 6);
        client.session.send(Command::Continue);
        assert!(matches!(client.ended(), Outcome::Trapped { .. }));
    }
}
