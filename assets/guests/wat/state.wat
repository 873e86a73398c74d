;; Globals, a table, bulk memory, memory.grow, and a start function, without WASI.
(module
  (memory $memory (export "memory") 1 4)
  (global $count (export "count") (mut i32) (i32.const 0))
  (global $step (export "step") i32 (i32.const 3))
  (global $sum (mut f64) (f64.const 0.5))
  (type $unary (func (param i32) (result i32)))
  (table $table (export "table") 4 8 funcref)
  (elem (i32.const 0) $double $square)
  (elem $later func $negate)
  (data (i32.const 16) "stepwell")
  (data $late "passive data")

  (func $double (param $n i32) (result i32) (i32.shl (local.get $n) (i32.const 1)))
  (func $square (param $n i32) (result i32) (i32.mul (local.get $n) (local.get $n)))
  (func $negate (param $n i32) (result i32) (i32.sub (i32.const 0) (local.get $n)))

  (func $begin
    (global.set $count (i32.const 40)))
  (start $begin)

  ;; one further at each call: 43 first, since the start function has put 40
  (func (export "tick") (result i32)
    (global.set $count (i32.add (global.get $count) (global.get $step)))
    (global.set $sum (f64.add (global.get $sum) (f64.convert_i32_s (global.get $count))))
    (global.get $count))

  ;; call through the table; element 2 is empty and 9 is outside
  (func (export "apply") (param $which i32) (param $n i32) (result i32)
    (call_indirect (type $unary) (local.get $n) (local.get $which)))

  ;; put $negate at element 3 and call it
  (func (export "late") (param $n i32) (result i32)
    (table.init $later (i32.const 3) (i32.const 0) (i32.const 1))
    (elem.drop $later)
    (call_indirect (type $unary) (local.get $n) (i32.const 3)))

  ;; bulk memory: init, copy over itself, fill; the bytes are then added up
  (func (export "bulk") (result i32)
    (local $at i32) (local $total i32)
    (memory.init $late (i32.const 100) (i32.const 0) (i32.const 12))
    (data.drop $late)
    (memory.copy (i32.const 104) (i32.const 100) (i32.const 12))
    (memory.fill (i32.const 120) (i32.const 7) (i32.const 10))
    (local.set $at (i32.const 100))
    (loop $next
      (local.set $total (i32.add (local.get $total) (i32.load8_u (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 130))))
    (local.get $total))

  ;; the old size at each step, -1 when the limit of four pages is reached
  (func (export "grow") (param $pages i32) (result i32 i32)
    (memory.grow (local.get $pages))
    (memory.size))

  (func (export "peek") (param $at i32) (result i32)
    (i32.load (local.get $at)))

  (func (export "table_grow") (param $by i32) (result i32 i32)
    (table.grow $table (ref.null func) (local.get $by))
    (table.size $table))

  (func (export "fill_outside")
    (memory.fill (i32.const 65530) (i32.const 1) (i32.const 10))))
