//! Conditions that variants compute themselves: they say no exactly where the evaluator does, and leave no trace.

mod programs;

use std::sync::Arc;
use stepwell_debuginfo::{CodeOffset, DebugInfo, FrameTypes, SlotType, Target, WasmValue};
use stepwell_engine::compile::{self, Condition, Stop, Stops};
use stepwell_engine::module::text::operator_offsets;
use stepwell_engine::module::{Module, decode};
use stepwell_engine::runtime::paused::{Frame, Paused, Resume, StopCause, StopHandler, TickAction};
use stepwell_engine::runtime::store::{Backend, CallOutcome, Extern, Store};
use stepwell_engine::types::{Val, ValType};

/// The innermost frame as the evaluator sees it.
struct World<'a> {
    store: &'a Store,
    frame: Frame,
}

impl World<'_> {
    fn value(val: &Val) -> WasmValue {
        match *val {
            Val::I32(value) => WasmValue::I32(value as u32),
            Val::I64(value) => WasmValue::I64(value as u64),
            Val::F32(bits) => WasmValue::F32(bits),
            Val::F64(bits) => WasmValue::F64(bits),
            Val::V128(bits) => WasmValue::V128(bits),
            Val::FuncRef(bits) | Val::ExternRef(bits) | Val::ExnRef(bits) => WasmValue::OtherRef(bits),
        }
    }
}

impl Target for World<'_> {
    fn read_memory(&self, address: u64, out: &mut [u8]) -> bool {
        let memory = self.store.memory(self.frame.head.instance, 0).unwrap_or_default();
        let start = usize::try_from(address).unwrap_or(usize::MAX);
        let bytes = start
            .checked_add(out.len())
            .and_then(|end| memory.get(start..end));
        if let Some(bytes) = bytes {
            out.copy_from_slice(bytes);
        }
        bytes.is_some()
    }

    fn local(&self, index: u32) -> Option<WasmValue> {
        self.frame.locals.get(index as usize).map(World::value)
    }

    fn global(&self, index: u32) -> Option<WasmValue> {
        self.store
            .global(self.frame.head.instance, index)
            .as_ref()
            .map(World::value)
    }

    fn operand(&self, index: u32) -> Option<WasmValue> {
        self.frame.operands.get(index as usize).map(World::value)
    }

    fn table_function(&self, index: u64) -> Option<u32> {
        let bits = *self
            .store
            .table(self.frame.head.instance, 0)?
            .get(usize::try_from(index).ok()?)?;
        Some(self.store.func_of_ref(bits)?.1)
    }
}

fn slot_type(ty: ValType) -> SlotType {
    match ty {
        ValType::I32 => SlotType::I32,
        ValType::I64 => SlotType::I64,
        ValType::F32 => SlotType::F32,
        ValType::F64 => SlotType::F64,
        _ => SlotType::Other,
    }
}

/// What is known of all frames before the instruction at `offset`.
fn frame_types(module: &Module, func: u32, offset: u64) -> FrameTypes {
    let compiled = compile::compile(module, &module.vm_layout(), func, &Stops::None).expect("compiles");
    let number = (compiled.frame_map.boundaries()).position(|(at, _)| at == offset);
    let point = compiled.frame_map.boundary(number.expect("a boundary") as u32);
    let body = module.body(func).expect("a body");
    let locals = body.locals.iter();
    FrameTypes {
        locals: locals
            .flat_map(|&(count, ty)| std::iter::repeat_n(slot_type(ty), count as usize))
            .collect(),
        globals: module.globals.iter().map(|global| slot_type(global.ty)).collect(),
        operands: (point.expect("a point").operands.iter())
            .map(|operand| slot_type(operand.ty))
            .collect(),
    }
}

fn code_offset(module: &Module, offset: u64) -> CodeOffset {
    let code = module.code.as_ref().expect("code");
    code.code_offset_from_module(stepwell_debuginfo::ModuleOffset(offset))
        .expect("in the code")
}

struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// The first instance gives it a global.
const GUEST_INSTANCE: u32 = 1;

/// Six values wait on the operand stack at the two `nop`s of `f`; the flags hold the truth that the `if` of `g` takes.
const GUEST: &str = r#"(module
    (import "env" "given" (global i32))
    (memory 1)
    (data (i32.const 8) "\01\80\ff\7f\00\00\80\bf\00\00\00\00\00\00\f8\7f\2a\00\00\00\fe\ff\ff\ff\ff\ff\ff\ff\9a\99\99\99\99\99\b9\3f")
    (global (mut i32) (i32.const -5))
    (global (mut i64) (i64.const 0x8000000000000001))
    (global (mut f32) (f32.const 2.5))
    (global f64 (f64.const -0.125))
    (func (export "f") (param i32 i64 f32 f64 i32) (result i64) (local i32 f64 i64)
        (local.set 5 (i32.sub (local.get 0) (local.get 4)))
        (local.set 6 (f64.mul (local.get 3) (f64.const 3)))
        (local.set 7 (i64.add (local.get 1) (i64.const 77)))
        (loop
            (local.set 5 (i32.add (local.get 5) (i32.const 1)))
            (local.set 6 (f64.add (local.get 6) (f64.const 0.5)))
            (br_if 0 (i32.and (local.get 5) (i32.const 3))))
        (i32.add (local.get 0) (i32.const 3))
        (i64.mul (local.get 1) (i64.const 5))
        (f64.add (local.get 3) (f64.const 1))
        (f32.mul (local.get 2) (f32.const -2))
        (i32.xor (local.get 4) (i32.const 7))
        (i64.sub (local.get 7) (i64.const 9))
        nop nop
        (i64.add (i64.extend_i32_u (local.get 5)))
        (local.set 7)
        (local.set 5)
        (f64.promote_f32)
        (f64.add)
        (local.set 6)
        (local.set 1)
        (i64.extend_i32_u)
        (i64.add (local.get 1))
        (i64.add (local.get 7))
        (i64.add (i64.reinterpret_f64 (local.get 6)))
        (i64.add (i64.extend_i32_u (local.get 5))))
    (func (export "g") (param i32 i64 f32 f64 i32) (result i64)
        nop
        (if (result i64) (i32.lt_s (local.get 0) (local.get 4))
            (then (local.get 1)) (else (i64.const 0)))))"#;

/// A random expression by the rules of C, over everything that frame has.
fn expression(random: &mut Random, depth: usize, operands: bool) -> String {
    if depth == 0 {
        return match random.below(12) {
            0..=2 => format!("$local{}", random.below(if operands { 8 } else { 5 })),
            3 => format!("$global{}", random.below(5)),
            4 | 5 if operands => format!("$stack{}", random.below(6)),
            6 => {
                let space = random.of(&[
                    "mem8", "mem16", "mem32", "mem64", "memi8", "memi16", "memi32", "memi64", "memf32",
                    "memf64",
                ]);
                let address = random.of(&["8", "12", "16", "$local0 & 31", "$local0", "$local4", "65533"]);
                format!("{space}[{address}]")
            }
            7 => format!("((short *)8)[$local0 & {}]", random.below(8)),
            8 => format!(
                "*(int *)({})",
                random.of(&["$local0 & 63", "$local4", "8", "24", "$global0"])
            ),
            9 => random.of(&["1.5", "2.5f", "0.0", "-7.25", "1e300"]).to_string(),
            _ => random
                .of(&[
                    "0",
                    "1",
                    "-1",
                    "2",
                    "3",
                    "7",
                    "31",
                    "32",
                    "63",
                    "100",
                    "255",
                    "0x7fffffff",
                    "0x80000000",
                    "0xffffffffu",
                    "0x7fffffffffffffff",
                    "0x8000000000000000",
                    "5ull",
                    "'a'",
                ])
                .to_string(),
        };
    }
    let inner = |random: &mut Random| {
        let depth = random.below(depth);
        format!("({})", expression(random, depth, operands))
    };
    match random.below(12) {
        0 => format!("{}{}", random.of(&["-", "~", "!", "+"]), inner(random)),
        1 | 2 => {
            let ty = random.of(&[
                "char",
                "unsigned char",
                "short",
                "unsigned short",
                "int",
                "unsigned",
                "long",
                "long long",
                "unsigned long long",
                "float",
                "double",
                "_Bool",
                "char *",
            ]);
            format!("({ty}){}", inner(random))
        }
        3 => format!("(char *){} + {}", inner(random), inner(random)),
        4 | 5 => {
            let logic = random.of(&["&&", "||"]);
            format!("{} {logic} {}", inner(random), inner(random))
        }
        _ => {
            let operator = random.of(&[
                "+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^", "==", "!=", "<", "<=", ">", ">=",
            ]);
            format!("{} {operator} {}", inner(random), inner(random))
        }
    }
}

/// Evaluates at one instruction; notes whether the guest looked in at the other.
struct Witness<'a> {
    debug: &'a DebugInfo,
    at: CodeOffset,
    condition: &'a str,
    first: u64,
    answer: Option<Result<bool, String>>,
    stopped: bool,
}

impl StopHandler for Witness<'_> {
    fn on_stop(&mut self, paused: &mut Paused<'_>, cause: &StopCause) -> Resume {
        assert_eq!(*cause, StopCause::Probe);
        let frame = paused.frame(0).expect("a frame");
        let view = paused.view(0).expect("a frame");
        assert_eq!(view.head(), Some(frame.head));
        let locals = (0..).map_while(|index| view.local(index));
        let operands = (0..).map_while(|index| view.operand(index));
        assert!(locals.eq(frame.locals.iter().copied()) && operands.eq(frame.operands.iter().copied()));
        if frame.head.pc.0 == self.first {
            let world = World {
                store: paused.store(),
                frame,
            };
            let answer = self.debug.holds(self.condition, self.at, 0, &world);
            self.answer = Some(answer.map_err(|error| error.to_string()));
        } else {
            self.stopped = true;
        }
        Resume::Continue
    }

    fn on_interrupt(&mut self, _: &mut Paused<'_>) -> TickAction {
        TickAction::Continue
    }
}

fn call(store: &mut Store, name: &str, args: &[Val], handler: &mut dyn StopHandler) -> Vec<Val> {
    let Some(Extern::Func(func)) = store.export(GUEST_INSTANCE, name) else {
        panic!("no {name}")
    };
    match store.call(func, args, handler).expect("runs") {
        CallOutcome::Returned(values) => values,
        other => panic!("{other:?}"),
    }
}

/// A handler that is never called.
struct Nobody;

impl StopHandler for Nobody {
    fn on_stop(&mut self, _: &mut Paused<'_>, cause: &StopCause) -> Resume {
        panic!("{cause:?}")
    }

    fn on_interrupt(&mut self, _: &mut Paused<'_>) -> TickAction {
        TickAction::Continue
    }
}

fn guest_store() -> (Arc<Module>, DebugInfo, Store) {
    let given = decode(
        wat::parse_str("(module (global (export \"given\") i32 (i32.const 24)))")
            .expect("text")
            .into(),
    );
    let bytes: Arc<[u8]> = wat::parse_str(GUEST).expect("text").into();
    let module = decode(bytes.clone()).expect("valid");
    let mut store = Store::new(Backend::Compiled).expect("a store");
    let global = store
        .instantiate(given.expect("valid"))
        .expect("links")
        .expect("no trap");
    let what = store.export(global, "given").expect("a global");
    store.define("env", "given", what);
    store
        .instantiate(module.clone())
        .expect("links")
        .expect("no trap");
    (module, DebugInfo::parse(bytes), store)
}

#[test]
fn computed_and_evaluated_answers_agree() {
    if compile::supported().is_err() {
        return;
    }
    let mut random = Random(7);
    let (mut computed, mut passed, mut undecided) = (0, 0, 0);
    let (module, debug, mut store) = guest_store();
    let (_, _, mut plain) = guest_store();
    for (name, func) in [("f", 0u32), ("g", 1)] {
        let offsets = operator_offsets(&module, func);
        let operators: Vec<u8> = offsets
            .iter()
            .map(|&offset| module.bytes[offset as usize])
            .collect();
        let first = offsets[operators.iter().position(|&code| code == 0x01).expect("a nop")];
        let second = match name {
            "f" => first + 1,
            _ => offsets[operators.iter().position(|&code| code == 0x04).expect("an if")],
        };
        let types = frame_types(&module, func, second);
        let at = code_offset(&module, second);
        for _ in 0..3_000 {
            let depth = 1 + random.below(4);
            let condition = expression(&mut random, depth, name == "f");
            let Some(code) = debug.condition_code(&condition, at, 0, &types) else {
                continue;
            };
            let Some(compiled) = Condition::new(&code) else {
                continue;
            };
            computed += 1;
            let stop = Stop {
                offset: second,
                only_if: vec![compiled],
            };
            let stops = Stops::At(vec![Stop::always(first), stop]);
            store.set_stops(GUEST_INSTANCE, func, stops).expect("compiles");
            for _ in 0..3 {
                let bits = [8u64, 0, u64::MAX, 1 << 31, 0x7fff_ffff_ffff_ffff, 24, 3, 1 << 63];
                let bits =
                    |random: &mut Random| bits[random.below(bits.len())].wrapping_add(random.below(4) as u64);
                let args = [
                    Val::I32(bits(&mut random) as i32),
                    Val::I64(bits(&mut random) as i64),
                    Val::F32((bits(&mut random) as f32 - 3.5).to_bits()),
                    Val::F64((bits(&mut random) as i64 as f64 / 3.0).to_bits()),
                    Val::I32(bits(&mut random) as i32),
                ];
                let mut witness = Witness {
                    debug: &debug,
                    at,
                    condition: &condition,
                    first,
                    answer: None,
                    stopped: false,
                };
                let results = call(&mut store, name, &args, &mut witness);
                assert_eq!(results, call(&mut plain, name, &args, &mut Nobody), "{condition}");
                let answer = witness.answer.expect("evaluated");
                assert_eq!(
                    witness.stopped,
                    answer != Ok(false),
                    "{condition} of {args:?}: {answer:?}"
                );
                passed += usize::from(!witness.stopped);
                undecided += usize::from(answer.is_err());
            }
        }
    }
    println!("{computed} conditions computed, {passed} times no, {undecided} undecided");
    assert!(computed > 1_500 && passed > 1_000 && undecided > 100);
}
