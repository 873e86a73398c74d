;; What generated modules import. Results come from the arguments and from how often the host was called, so a lost,
;; doubled or reordered call shows. Results are no NaNs: their bits would be the engine's choice.
(module $host
  (global $calls (mut i64) (i64.const 7))

  (func $mix (param i64) (result i64)
    (global.set $calls
      (i64.mul
        (i64.xor (global.get $calls) (local.get 0))
        (i64.const 0x100000001b3)))
    (i64.xor (global.get $calls) (i64.shr_u (global.get $calls) (i64.const 29))))

  (func (export "a") (param i32) (result i32)
    (i32.wrap_i64 (call $mix (i64.extend_i32_u (local.get 0)))))

  (func (export "b") (param i64 f32) (result f64)
    (drop (call $mix (local.get 0)))
    (f64.convert_i64_s (call $mix (i64.extend_i32_u (i32.reinterpret_f32 (local.get 1))))))

  (func (export "c") (param f64 f64 i32) (result i64 f32)
    (drop (call $mix (i64.reinterpret_f64 (local.get 0))))
    (drop (call $mix (i64.reinterpret_f64 (local.get 1))))
    (call $mix (i64.extend_i32_u (local.get 2)))
    (f32.convert_i64_s (global.get $calls)))

  (func (export "d")
    (drop (call $mix (i64.const 1))))

  (func (export "e") (param i32 i32 i32 i32 i32 i32 i32 f32 f64) (result i32 i32 i32)
    (drop (call $mix (i64.extend_i32_u (local.get 0))))
    (drop (call $mix (i64.extend_i32_u (local.get 1))))
    (drop (call $mix (i64.extend_i32_u (local.get 2))))
    (drop (call $mix (i64.extend_i32_u (local.get 3))))
    (drop (call $mix (i64.extend_i32_u (local.get 4))))
    (drop (call $mix (i64.extend_i32_u (local.get 5))))
    (drop (call $mix (i64.extend_i32_u (local.get 6))))
    (drop (call $mix (i64.extend_i32_u (i32.reinterpret_f32 (local.get 7)))))
    (i32.wrap_i64 (call $mix (i64.reinterpret_f64 (local.get 8))))
    (i32.wrap_i64 (global.get $calls))
    (local.get 3)))
