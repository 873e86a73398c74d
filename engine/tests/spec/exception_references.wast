;; More references to exceptions than are ever kept: those in use stay, wherever they are.

(module
  (tag $number (param i32))
  (global $kept (mut exnref) (ref.null exn))
  (table $kept 1 exnref)

  (func $caught (param i32) (result exnref) (local $reference exnref)
    (block $handler (result i32 exnref)
      (try_table (catch_ref $number $handler) (throw $number (local.get 0)))
      unreachable)
    (local.set $reference)
    (drop)
    (local.get $reference))

  (func $number_of (param exnref) (result i32)
    (block $handler (result i32)
      (try_table (catch $number $handler) (throw_ref (local.get 0)))
      unreachable))

  (func (export "many") (param i32) (result i32 i32 i32) (local $mine exnref)
    (global.set $kept (call $caught (i32.const 1)))
    (table.set $kept (i32.const 0) (call $caught (i32.const 2)))
    (local.set $mine (call $caught (i32.const 3)))
    (loop $again
      (drop (call $caught (local.get 0)))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (call $number_of (global.get $kept))
    (call $number_of (table.get $kept (i32.const 0)))
    (call $number_of (local.get $mine)))

  (func (export "null") (throw_ref (ref.null exn)))
)

(assert_return (invoke "many" (i32.const 5000)) (i32.const 1) (i32.const 2) (i32.const 3))
(assert_trap (invoke "null") "null exception reference")
