//! What the machine promises beyond the spec: what a step is, what is seen between steps, and what may be changed.

mod support;

use stepwell_engine::error::TrapKind;
use stepwell_engine::interp::{HostStop, MAX_FRAMES, MAX_VALUES, Machine, Step, World};
use stepwell_engine::module::text::operator_text;
use stepwell_engine::types::{FuncType, ValType};
use support::Store;

/// An instance of text, and a machine at rest.
fn load(text: &str) -> (Store, Machine, u32) {
    let (mut store, mut machine) = (Store::with_spectest(), Machine::new());
    let instance = store.instantiate_text(&mut machine, text);
    (store, Machine::new(), instance)
}

/// The instruction about to run in a frame.
fn at(store: &Store, machine: &Machine, frame: usize) -> String {
    let view = machine.frame(frame).expect("a frame");
    operator_text(store.module(view.instance), view.pc).expect("an operator")
}

fn bits(slots: &[(ValType, u128)]) -> Vec<u128> {
    slots.iter().map(|(_, bits)| *bits).collect()
}

fn operands(machine: &Machine, frame: usize) -> Vec<u128> {
    bits(machine.frame(frame).expect("a frame").operands)
}

/// Calls function 0 and steps to the end: before each step, `tick: instruction [operands]`.
fn trace(text: &str, args: &[u128]) -> (Vec<String>, Vec<u128>) {
    let (mut store, mut machine, instance) = load(text);
    let mut rows = Vec::new();
    let mut step = machine.invoke(&mut store, instance, 0, args);
    while step == Step::Continue {
        let row = format!(
            "{}: {} {:?}",
            machine.ticks(),
            at(&store, &machine, 0),
            operands(&machine, 0)
        );
        rows.push(row);
        step = machine.step(&mut store);
    }
    assert_eq!((step, machine.depth()), (Step::Done, 0));
    (rows, machine.results().to_vec())
}

#[test]
fn if_and_else() {
    let text = "(module (func (param i32) (result i32)
        local.get 0 (if (result i32) (then i32.const 5) (else i32.const 6)) nop))";
    let (rows, results) = trace(text, &[1]);
    let first = [
        "1: local.get 0 []",
        "1: if (result i32) [1]",
        "1: i32.const 5 []",
        "1: else [5]",
    ];
    assert_eq!(rows, [&first[..], &["1: nop [5]", "1: end [5]"]].concat());
    assert_eq!(results, [5]);
    let (rows, results) = trace(text, &[0]);
    let second = [
        "1: local.get 0 []",
        "1: if (result i32) [0]",
        "1: i32.const 6 []",
        "1: end [6]",
    ];
    assert_eq!(rows, [&second[..], &["1: nop [6]", "1: end [6]"]].concat());
    assert_eq!(results, [6]);
}

#[test]
fn if_without_else_continues_after_its_end() {
    let text = "(module (func (param i32) local.get 0 (if (then nop))))";
    assert_eq!(
        trace(text, &[0]).0,
        ["1: local.get 0 []", "1: if [0]", "1: end []"]
    );
    let taken = [
        "1: local.get 0 []",
        "1: if [1]",
        "1: nop []",
        "1: end []",
        "1: end []",
    ];
    assert_eq!(trace(text, &[1]).0, taken);
}

#[test]
fn loops_tick_at_each_entry_of_their_body_and_branches_cut_operands() {
    let (rows, results) = trace(
        "(module (func (param i32) (result i32)
            (block (result i32)
              (loop (param) (result i32)
                i32.const 77
                (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))
                br_if 0
                i32.const 9
                br 1)
              unreachable)))",
        &[2],
    );
    let expected = [
        "1: block (result i32) []",
        "1: loop (result i32) []",
        "2: i32.const 77 []",
        "2: local.get 0 [77]",
        "2: i32.const 1 [77, 2]",
        "2: i32.sub [77, 2, 1]",
        "2: local.tee 0 [77, 1]",
        "2: br_if 0 [77, 1]",
        "3: i32.const 77 []",
        "3: local.get 0 [77]",
        "3: i32.const 1 [77, 1]",
        "3: i32.sub [77, 1, 1]",
        "3: local.tee 0 [77, 0]",
        "3: br_if 0 [77, 0]",
        "3: i32.const 9 [77]",
        "3: br 1 [77, 9]",
        "3: end [9]",
    ];
    assert_eq!(rows, expected);
    assert_eq!(results, [9]);
}

#[test]
fn a_branch_to_the_function_returns() {
    let text = "(module (func (param i32) (result i32)
        i32.const 4 (block (result i32) i32.const 8 (br_if 1 (local.get 0))) return))";
    let (rows, results) = trace(text, &[1]);
    assert_eq!(rows.last().map(String::as_str), Some("1: br_if 1 [4, 8, 1]"));
    assert_eq!(results, [8]);
    let (rows, _) = trace(text, &[0]);
    assert_eq!(rows.last().map(String::as_str), Some("1: return [4, 8]"));
}

#[test]
fn callers_show_what_is_beneath_the_arguments() {
    let (mut store, mut machine, instance) = load(
        "(module (table funcref (elem $callee))
           (func (result i32) (local $x i32)
             i32.const 1 i32.const 2 i32.const 3 i32.const 0 (call_indirect (param i32 i32) (result i32))
             drop local.get $x i32.add)
           (func $callee (param i32 i32) (result i32) (local i64) i32.const 40))",
    );
    assert_eq!(machine.invoke(&mut store, instance, 0, &[]), Step::Continue);
    for _ in 0..4 {
        assert_eq!(machine.step(&mut store), Step::Continue);
    }
    assert_eq!(operands(&machine, 0), [1, 2, 3, 0]);
    assert_eq!(machine.step(&mut store), Step::Continue);
    assert_eq!((machine.depth(), machine.ticks()), (2, 2));
    let callee = machine.frame(0).expect("a frame");
    assert_eq!((callee.instance, callee.func), (instance, 1));
    assert_eq!(
        callee.locals,
        [(ValType::I32, 2), (ValType::I32, 3), (ValType::I64, 0)]
    );
    assert_eq!(at(&store, &machine, 0), "i32.const 40");
    let caller = at(&store, &machine, 1);
    assert_eq!(caller, "call_indirect (type 1) (param i32 i32) (result i32)");
    assert_eq!(operands(&machine, 1), [1]);
    // What a debugger writes is what the caller goes on with; types and widths stay.
    assert!(machine.set_local(1, 0, (1 << 40) + 100));
    assert!(machine.set_operand(1, 0, 7));
    assert!(!machine.set_operand(1, 1, 7) && !machine.set_local(1, 1, 7) && !machine.set_local(2, 0, 7));
    assert!(machine.frame(2).is_none());
    assert_eq!(machine.frame(1).expect("a frame").locals, [(ValType::I32, 100)]);
    while machine.step(&mut store) == Step::Continue {}
    assert_eq!(machine.results(), [107]);
}

#[test]
fn a_trap_leaves_everything_and_a_mended_operand_goes_on() {
    let (mut store, mut machine, instance) =
        load("(module (func (result i32) i32.const 9 i32.const 10 i32.const 0 i32.div_u i32.add))");
    machine.invoke(&mut store, instance, 0, &[]);
    for _ in 0..2 {
        assert_eq!(
            machine.run(&mut store, u64::MAX),
            Step::Trap(TrapKind::IntegerDivideByZero)
        );
        assert_eq!(at(&store, &machine, 0), "i32.div_u");
        assert_eq!(operands(&machine, 0), [9, 10, 0]);
    }
    assert!(machine.set_operand(0, 2, 5));
    assert_eq!(machine.run(&mut store, u64::MAX), Step::Done);
    assert_eq!(machine.results(), [11]);
}

#[test]
fn every_trap_keeps_its_operands() {
    for (code, operand_count, trap) in [
        ("(i32.load (i32.const 65533))", 1, TrapKind::MemoryOutOfBounds),
        (
            "(i32.load offset=4294967295 (i32.const -1))",
            1,
            TrapKind::MemoryOutOfBounds,
        ),
        (
            "(i64.store (i32.const 65529) (i64.const -1)) i32.const 0",
            2,
            TrapKind::MemoryOutOfBounds,
        ),
        (
            "(memory.fill (i32.const 65535) (i32.const 1) (i32.const 2)) i32.const 0",
            3,
            TrapKind::MemoryOutOfBounds,
        ),
        (
            "(memory.copy (i32.const 0) (i32.const 65535) (i32.const 2)) i32.const 0",
            3,
            TrapKind::MemoryOutOfBounds,
        ),
        (
            "(memory.init 0 (i32.const 65535) (i32.const 0) (i32.const 2)) i32.const 0",
            3,
            TrapKind::MemoryOutOfBounds,
        ),
        (
            "(memory.init 0 (i32.const 0) (i32.const 3) (i32.const 1)) i32.const 0",
            3,
            TrapKind::MemoryOutOfBounds,
        ),
        (
            "(table.get (i32.const 3)) drop i32.const 0",
            1,
            TrapKind::TableOutOfBounds,
        ),
        (
            "(table.set (i32.const 3) (ref.null func)) i32.const 0",
            2,
            TrapKind::TableOutOfBounds,
        ),
        (
            "(table.fill (i32.const 2) (ref.null func) (i32.const 2)) i32.const 0",
            3,
            TrapKind::TableOutOfBounds,
        ),
        (
            "(table.copy (i32.const 2) (i32.const 0) (i32.const 2)) i32.const 0",
            3,
            TrapKind::TableOutOfBounds,
        ),
        (
            "(table.init 0 (i32.const 0) (i32.const 0) (i32.const 2)) i32.const 0",
            3,
            TrapKind::TableOutOfBounds,
        ),
        (
            "(call_indirect (result i32) (i32.const 3))",
            1,
            TrapKind::UndefinedElement,
        ),
        (
            "(call_indirect (result i32) (i32.const 2))",
            1,
            TrapKind::IndirectCallToNull,
        ),
        (
            "(call_indirect (result i32) (i32.const 0))",
            1,
            TrapKind::IndirectCallTypeMismatch,
        ),
        (
            "(i32.div_s (i32.const 0x80000000) (i32.const -1))",
            2,
            TrapKind::IntegerOverflow,
        ),
        (
            "(i32.rem_u (i32.const 1) (i32.const 0))",
            2,
            TrapKind::IntegerDivideByZero,
        ),
        ("(i32.trunc_f64_u (f64.const -1))", 1, TrapKind::IntegerOverflow),
        (
            "(i32.trunc_f32_s (f32.const nan))",
            1,
            TrapKind::BadConversionToInteger,
        ),
        ("unreachable i32.const 0", 0, TrapKind::Unreachable),
    ] {
        let text = format!(
            "(module (memory 1 1) (table 3 funcref) (data \"abc\")
               (elem func $other) (elem (table 0) (i32.const 0) func $other)
               (func (result i32) i32.const 99 {code} i32.add) (func $other))"
        );
        let (mut store, mut machine, instance) = load(&text);
        machine.invoke(&mut store, instance, 0, &[]);
        assert_eq!(machine.run(&mut store, u64::MAX), Step::Trap(trap), "{code}");
        assert_eq!(operands(&machine, 0).len(), operand_count + 1, "{code}");
        assert_eq!(operands(&machine, 0)[0], 99, "{code}");
        assert_eq!((machine.depth(), machine.ticks()), (1, 1), "{code}");
        assert!(
            store.memory(instance, 0).iter().all(|byte| *byte == 0),
            "{code}: memory was written"
        );
        assert_eq!(
            store.table(instance, 0)[1..],
            [0, 0],
            "{code}: the table was written"
        );
        machine.abandon();
        assert_eq!(machine.depth(), 0);
        assert_eq!(machine.step(&mut store), Step::Done, "at rest");
    }
}

fn with_host(host: support::Host, text: &str) -> (Store, Machine, u32) {
    let mut store = Store::default();
    let ty = FuncType {
        params: vec![ValType::I32, ValType::I64],
        results: vec![ValType::I64],
    };
    store.define_host("env", "host", ty, host);
    let mut machine = Machine::new();
    let instance = store.instantiate_text(&mut machine, text);
    (store, machine, instance)
}

const CALLS_HOST: &str = r#"(module
    (import "env" "host" (func $host (param i32 i64) (result i64)))
    (memory 1)
    (func (export "f") (result i64)
      i64.const 5 i32.const 1 i64.const 2 call $host i64.add i32.const 0 i64.load8_u i64.add))"#;

#[test]
fn host_calls_take_one_step() {
    let host = Box::new(|memory: &mut [u8], args: &[u128]| {
        assert_eq!(args, [1, 2]);
        memory[0] = 100;
        Ok(vec![30])
    });
    let (mut store, mut machine, instance) = with_host(host, CALLS_HOST);
    machine.invoke(&mut store, instance, 1, &[]);
    for _ in 0..4 {
        machine.step(&mut store);
    }
    assert_eq!(
        (at(&store, &machine, 0), operands(&machine, 0)),
        ("i64.add".into(), vec![5, 30])
    );
    assert_eq!(machine.ticks(), 1);
    assert_eq!(machine.run(&mut store, u64::MAX), Step::Done);
    assert_eq!(machine.results(), [135]);
    // Called from the host, a host function needs no frame.
    assert_eq!(machine.invoke(&mut store, instance, 0, &[1, 2]), Step::Done);
    assert_eq!((machine.results(), machine.depth()), (&[30][..], 0));
}

#[test]
fn a_host_function_that_does_not_return_leaves_the_frame_at_the_call() {
    let (mut store, mut machine, instance) = with_host(Box::new(|_, _| Err(HostStop)), CALLS_HOST);
    machine.invoke(&mut store, instance, 1, &[]);
    assert_eq!(machine.run(&mut store, u64::MAX), Step::Host);
    assert!(at(&store, &machine, 0).starts_with("call "));
    assert_eq!(operands(&machine, 0), [5, 1, 2]);
    machine.abandon();
    assert_eq!(machine.invoke(&mut store, instance, 0, &[1, 2]), Step::Host);
    assert_eq!(machine.depth(), 0);
}

#[test]
fn activations_nest() {
    let (mut store, mut machine, instance) = load(
        "(module (func (result i32) i32.const 1 i32.const 2 i32.add)
           (func (param i32) (result i32) i32.const 10 local.get 0 i32.mul)
           (func unreachable))",
    );
    machine.invoke(&mut store, instance, 0, &[]);
    machine.step(&mut store);
    machine.step(&mut store);
    assert_eq!(
        machine.invoke(&mut store, instance, 1, &[(7 << 32) + 4]),
        Step::Continue
    );
    assert_eq!(machine.depth(), 2);
    assert_eq!(
        operands(&machine, 1),
        [1, 2],
        "the parked frame keeps its operands"
    );
    assert_eq!(machine.frame(0).expect("a frame").locals, [(ValType::I32, 4)]);
    assert_eq!(machine.run(&mut store, u64::MAX), Step::Done);
    assert_eq!((machine.results(), machine.depth()), (&[40][..], 1));
    machine.invoke(&mut store, instance, 2, &[]);
    assert_eq!(
        machine.run(&mut store, u64::MAX),
        Step::Trap(TrapKind::Unreachable)
    );
    machine.abandon();
    assert_eq!(operands(&machine, 0), [1, 2]);
    assert_eq!(machine.run(&mut store, u64::MAX), Step::Done);
    assert_eq!(machine.results(), [3]);
}

#[test]
fn run_stops_right_after_a_tick() {
    let (mut store, mut machine, instance) = load("(module (func (loop (call $f) (br 0))) (func $f nop))");
    machine.invoke(&mut store, instance, 0, &[]);
    for tick in 1..100 {
        assert_eq!(machine.run(&mut store, tick), Step::Continue);
        assert_eq!(machine.ticks(), tick);
        let here = at(&store, &machine, 0);
        let expected = match tick {
            1 => "loop",
            tick if tick % 2 == 0 => "call $f",
            _ => "nop",
        };
        assert_eq!(here, expected, "at {tick}");
    }
}

#[test]
fn deep_recursion_is_a_trap_of_the_call() {
    let (mut store, mut machine, instance) = load("(module (func (param i32) local.get 0 call 0))");
    machine.invoke(&mut store, instance, 0, &[6]);
    assert_eq!(
        machine.run(&mut store, u64::MAX),
        Step::Trap(TrapKind::StackExhausted)
    );
    assert_eq!(
        (machine.depth(), machine.ticks()),
        (MAX_FRAMES, MAX_FRAMES as u64)
    );
    assert_eq!(
        (at(&store, &machine, 0), operands(&machine, 0)),
        ("call 0".into(), vec![6])
    );
    assert_eq!(
        machine.invoke(&mut store, instance, 0, &[6]),
        Step::Trap(TrapKind::StackExhausted)
    );
    assert_eq!(machine.depth(), MAX_FRAMES, "no activation was pushed");
    machine.abandon();
    assert_eq!(machine.depth(), 0);
    // Fewer frames fit if they are large.
    let locals = "i64 ".repeat(40_000);
    let (mut store, mut machine, instance) = load(&format!("(module (func (local {locals}) call 0))"));
    machine.invoke(&mut store, instance, 0, &[]);
    assert_eq!(
        machine.run(&mut store, u64::MAX),
        Step::Trap(TrapKind::StackExhausted)
    );
    assert!(machine.depth() <= MAX_VALUES / 40_000 + 1, "{}", machine.depth());
}

#[test]
fn nans_of_arithmetic_are_canonical_and_others_keep_their_bits() {
    let signalling = 0x7fa0_1234u128;
    let negative_signalling = 0xffa0_1234u128;
    for (code, expected) in [
        ("f32.add", 0x7fc0_0000),
        ("f32.sub", 0x7fc0_0000),
        ("f32.mul", 0x7fc0_0000),
        ("f32.div", 0x7fc0_0000),
        ("f32.min", 0x7fc0_0000),
        ("f32.max", 0x7fc0_0000),
        ("f32.copysign", negative_signalling),
        ("drop f32.neg", negative_signalling),
        ("drop f32.abs", signalling),
        ("f32.neg f32.copysign", signalling),
        ("drop f32.sqrt", 0x7fc0_0000),
        ("drop f32.ceil", 0x7fc0_0000),
        ("drop f32.nearest", 0x7fc0_0000),
        ("drop f64.promote_f32 f32.demote_f64", 0x7fc0_0000),
        ("drop i32.reinterpret_f32 f32.reinterpret_i32", signalling),
        (
            "drop local.set 0 (f32.store (i32.const 3) (local.get 0)) (f32.load (i32.const 3))",
            signalling,
        ),
        ("i32.const 0 select", negative_signalling),
    ] {
        let text =
            format!("(module (memory 1) (func (param f32 f32) (result f32) local.get 0 local.get 1 {code}))");
        let (mut store, mut machine, instance) = load(&text);
        let results = store.call(&mut machine, instance, 0, &[signalling, negative_signalling]);
        assert_eq!(results, Ok(vec![expected]), "{code}");
    }
}

#[test]
fn vectors_are_values_like_others() {
    let (mut store, mut machine, instance) =
        load("(module (func (param v128) (result v128 v128) (local v128) local.get 0 local.get 1))");
    assert_eq!(
        store.call(&mut machine, instance, 0, &[u128::MAX]),
        Ok(vec![u128::MAX, 0])
    );
}
