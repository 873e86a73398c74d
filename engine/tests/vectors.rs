//! Vectors of parked guests, over both backends: every local, operand and global can be read and written with all its
//! 128 bits, in the innermost frame and in its callers; host functions take and give them; a store that traps stores
//! nothing.

mod runtime_support;

use runtime_support::{Watcher, backends, call, host, instance, number};
use std::sync::{Arc, Mutex};
use stepwell_engine::error::TrapKind;
use stepwell_engine::runtime::paused::{FrameState, Resume, StopCause, Stops};
use stepwell_engine::runtime::store::CallOutcome;
use stepwell_engine::types::{Val, ValType};

const A: u128 = 0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100;
const B: u128 = 0xffff_fffe_fffd_fffc_fffb_fffa_fff9_fff8;

#[test]
fn a_parked_guest_has_its_vectors_readable_and_writable() {
    let wat = r#"(module
      (global $g (mut v128) (v128.const i64x2 1 2))
      (func $inner (param $x v128) (param $n i32) (result v128)
        (local.get $x)
        (v128.not (local.get $x))
        (global.get $g)
        (nop)
        (v128.xor)
        (v128.xor))
      (func (export "f") (param $x v128) (param $i i64) (result v128) (local $y v128) (local $n i32)
        (local.set $y (i64x2.splat (local.get $i)))
        (loop $again
          (local.set $y (v128.xor (call $inner (local.get $x) (local.get $n)) (local.get $y)))
          (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 3))))
        (v128.xor (local.get $y) (local.get $x))))"#;
    for mut store in backends() {
        let it = instance(&mut store, wat);
        let module = store.module(it).expect("module").clone();
        let body = module.body(0).expect("body");
        let nop = (body.first_op..body.range.end)
            .find(|&at| module.bytes[at] == 0x01)
            .expect("nop") as u64;
        store.set_stops(it, 0, Stops::at([nop])).expect("compiles");
        let mut stops = 0;
        let mut watcher = Watcher::on_stop(|paused, cause| {
            assert_eq!(*cause, StopCause::Probe);
            let (frame, caller) = (paused.frame(0).expect("frame"), paused.frame(1).expect("caller"));
            if stops == 0 {
                let x = Val::V128(A);
                let one = Val::V128(2 << 64 | 1);
                assert_eq!(frame.locals, [x, Val::I32(0)]);
                assert_eq!(frame.operands, [x, Val::V128(!A), one]);
                let y = Val::V128(7 << 64 | 7);
                assert_eq!(caller.locals, [x, Val::I64(7), y, Val::I32(0)]);
                assert_eq!(caller.operands, []);
                assert!(paused.set_operand(0, 1, B));
                assert!(paused.set_local(1, 2, 99));
                assert!(paused.set_local(1, 0, B));
                assert!(paused.store_mut().set_global(it, 0, A));
                let (frame, caller) = (paused.frame(0).expect("frame"), paused.frame(1).expect("caller"));
                assert_eq!(frame.operands, [x, Val::V128(B), one]);
                assert_eq!(caller.locals[0], Val::V128(B));
            } else {
                assert_eq!(frame.locals[0], Val::V128(B));
                assert_eq!(frame.operands, [Val::V128(B), Val::V128(!B), Val::V128(A)]);
            }
            stops += 1;
            Resume::Continue
        });
        let outcome = store.call(number(&store, "f"), &[Val::V128(A), Val::I64(7)], &mut watcher);
        drop(watcher);
        assert_eq!(stops, 3);
        let (first, others) = (A ^ B ^ (2 << 64 | 1), !0 ^ A);
        let result = Val::V128(99 ^ first ^ others ^ others ^ B);
        assert_eq!(outcome, Ok(CallOutcome::Returned(vec![result])));
    }
}

#[test]
fn host_functions_take_and_give_vectors() {
    let params = [
        ValType::V128,
        ValType::I32,
        ValType::V128,
        ValType::V128,
        ValType::F32,
        ValType::V128,
        ValType::V128,
        ValType::I64,
        ValType::V128,
        ValType::V128,
    ];
    for mut store in backends() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = seen.clone();
        let results = [ValType::V128, ValType::I32, ValType::V128];
        store.define_host(host("env", "f", &params, &results, move |args, call| {
            sink.lock().expect("unpoisoned").extend_from_slice(args);
            call.results[0] = Val::V128(A);
            call.results[1] = Val::I32(-1);
            call.results[2] = Val::V128(B);
            Ok(())
        }));
        let params: String = params.iter().map(|ty| format!(" {ty}")).collect();
        let gets: String = (0..10).map(|local| format!("(local.get {local})")).collect();
        instance(
            &mut store,
            &format!(
                r#"(module (import "env" "f" (func $f (param {params}) (result v128 i32 v128)))
                  (func (export "g") (param {params}) (result v128 i32 v128) (call $f {gets})))"#
            ),
        );
        let args: Vec<Val> = (params.split_whitespace().zip(1u64..))
            .map(|(ty, n)| match ty {
                "i32" => Val::I32(n as i32),
                "i64" => Val::I64(n as i64),
                "f32" => Val::F32(n as u32),
                _ => Val::V128(u128::from(n) << 64 | u128::from(!n)),
            })
            .collect();
        assert_eq!(
            call(&mut store, "g", &args),
            CallOutcome::Returned(vec![Val::V128(A), Val::I32(-1), Val::V128(B)])
        );
        assert_eq!(*seen.lock().expect("unpoisoned"), args);
    }
}

#[test]
fn a_store_that_traps_stores_nothing_and_leaves_its_operands() {
    let wat = r#"(module (memory (export "memory") 1)
      (func (export "store") (param $at i32) (param $x v128)
        (v128.store offset=16 (local.get $at) (v128.not (local.get $x))))
      (func (export "far") (param $at i32) (param $x v128)
        (v128.store offset=0x7ffffff8 (local.get $at) (local.get $x)))
      (func (export "lane") (param $at i32) (param $x v128)
        (v128.store64_lane offset=16 1 (local.get $at) (local.get $x))))"#;
    for mut store in backends() {
        let it = instance(&mut store, wat);
        for (name, at, operand) in [
            ("store", 65536 - 17, !A),
            ("store", 65536 - 31, !A),
            ("lane", 65536 - 17, A),
            ("far", 0, A),
            ("far", i32::MIN, A),
            ("far", -1, A),
        ] {
            let mut parked = None;
            let mut watcher = Watcher::on_stop(|paused, _| {
                parked = paused.frame(0);
                Resume::Continue
            });
            let args = [Val::I32(at), Val::V128(A)];
            let outcome = store.call(number(&store, name), &args, &mut watcher);
            drop(watcher);
            assert!(
                matches!(&outcome, Ok(CallOutcome::Trapped(trap)) if trap.kind == TrapKind::MemoryOutOfBounds),
                "{name} {at}: {outcome:?}"
            );
            let frame = parked.expect("parked");
            assert_eq!(frame.head.state, FrameState::Trapped);
            assert_eq!(frame.operands, [Val::I32(at), Val::V128(operand)], "{name} {at}");
            let memory = store.memory(it, 0).expect("memory");
            assert!(
                memory.iter().all(|&byte| byte == 0),
                "{name} {at} stored something"
            );
        }
        let args = [Val::I32(65536 - 32), Val::V128(A)];
        assert_eq!(call(&mut store, "store", &args), CallOutcome::Returned(vec![]));
        assert_eq!(
            store.memory(it, 0).expect("memory")[65536 - 16..],
            (!A).to_le_bytes()
        );
    }
}
