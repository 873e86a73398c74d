;; Two indices may name one memory or table: what is copied between them overlaps.
(module $owner
  (memory (export "memory") 1)
  (memory (export "other") 1)
  (table (export "table") 10000 funcref)
  (table (export "second") 10000 funcref)
  (func (export "set") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func (export "get") (param i32) (result i32) (i32.load8_u (local.get 0))))
(register "owner" $owner)
(module $copier
  (memory $a (import "owner" "memory") 1)
  (memory $b (import "owner" "memory") 1)
  (memory $other (import "owner" "other") 1)
  (table $t (import "owner" "table") 10000 funcref)
  (table $u (import "owner" "table") 10000 funcref)
  (table $second (import "owner" "second") 10000 funcref)
  (func $f (export "f") (result i32) (i32.const 7))
  (elem declare func $f)
  ;; Bytes that are all different from their neighbours.
  (func (export "number") (param $len i32) (local $at i32)
    (loop $again
      (i32.store8 $a (local.get $at) (i32.mul (local.get $at) (i32.const 7)))
      (br_if $again
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $len)))))
  ;; How many are where they belong, moved by so many.
  (func (export "moved") (param $by i32) (param $len i32) (result i32) (local $at i32) (local $right i32)
    (loop $again
      (local.set $right (i32.add (local.get $right)
        (i32.eq (i32.load8_u $b (i32.add (local.get $at) (local.get $by)))
                (i32.and (i32.mul (local.get $at) (i32.const 7)) (i32.const 255)))))
      (br_if $again
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $len))))
    (local.get $right))
  (func (export "copy") (param i32 i32 i32)
    (memory.copy $a $b (local.get 0) (local.get 1) (local.get 2)))
  (func (export "there and back") (param $len i32)
    (memory.copy $other $a (i32.const 5) (i32.const 0) (local.get $len))
    (memory.fill $a (i32.const 0) (i32.const 0) (local.get $len))
    (memory.copy $b $other (i32.const 0) (i32.const 5) (local.get $len)))
  (func (export "references") (param $to i32) (result i32) (local $at i32) (local $some i32)
    (table.fill $t (i32.const 0) (ref.func $f) (i32.const 5000))
    (table.copy $t $u (local.get $to) (i32.const 0) (i32.const 5000))
    (table.copy $second $u (i32.const 0) (i32.const 0) (i32.const 10000))
    (loop $again
      (local.set $some
        (i32.add (local.get $some) (i32.eqz (ref.is_null (table.get $second (local.get $at))))))
      (br_if $again
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 10000))))
    (local.get $some)))
(invoke "number" (i32.const 9000))
(invoke "copy" (i32.const 3) (i32.const 0) (i32.const 9000))
(assert_return (invoke "moved" (i32.const 3) (i32.const 9000)) (i32.const 9000))
(invoke "copy" (i32.const 0) (i32.const 3) (i32.const 9000))
(assert_return (invoke "moved" (i32.const 0) (i32.const 9000)) (i32.const 9000))
(invoke "there and back" (i32.const 9000))
(assert_return (invoke "moved" (i32.const 0) (i32.const 9000)) (i32.const 9000))
(assert_return (invoke "references" (i32.const 4000)) (i32.const 9000))
(assert_trap (invoke "copy" (i32.const 60000) (i32.const 0) (i32.const 9000)) "out of bounds memory access")
