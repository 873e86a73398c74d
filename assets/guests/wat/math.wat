;; Exported functions for `--invoke`: plain arithmetic, recursion, a loop, several results.
(module
  (func $add (export "add") (param $a i32) (param $b i32) (result i32)
    (i32.add (local.get $a) (local.get $b)))

  ;; n! by recursion
  (func $fac (export "fac") (param $n i64) (result i64)
    (if (result i64) (i64.lt_s (local.get $n) (i64.const 2))
      (then (i64.const 1))
      (else (i64.mul (local.get $n) (call $fac (i64.sub (local.get $n) (i64.const 1)))))))

  ;; n! by a loop whose parameters are the running values
  (func $fac_loop (export "fac_loop") (param $n i64) (result i64)
    (i64.const 1)
    (loop $next (param i64) (result i64)
      (i64.mul (local.get $n))
      (local.set $n (i64.sub (local.get $n) (i64.const 1)))
      (br_if $next (i64.gt_s (local.get $n) (i64.const 1)))))

  ;; quotient and remainder: two results
  (func $div_rem (export "div_rem") (param $a i32) (param $b i32) (result i32 i32)
    (i32.div_s (local.get $a) (local.get $b))
    (i32.rem_s (local.get $a) (local.get $b)))

  ;; the two results of a call, turned round by a block with parameters
  (func $swapped (export "swapped") (param $a i32) (param $b i32) (result i32 i32)
    (local $q i32)
    (call $div_rem (local.get $a) (local.get $b))
    (block (param i32 i32) (result i32 i32)
      (local.set $q)
      (local.set $b)
      (local.get $q)
      (local.get $b)))

  (func $hypot (export "hypot") (param $x f64) (param $y f64) (result f64)
    (f64.sqrt (f64.add (f64.mul (local.get $x) (local.get $x)) (f64.mul (local.get $y) (local.get $y)))))

  (func $halve (export "halve") (param $x f32) (result f32)
    (f32.mul (local.get $x) (f32.const 0.5)))

  (func $pick (export "pick") (param $n i32) (result i32)
    (block $default
      (block $two
        (block $one
          (block $zero
            (br_table $zero $one $two $default (local.get $n)))
          (return (i32.const 100)))
        (return (i32.const 101)))
      (return (i32.const 102)))
    (i32.const -1))

  ;; signed and narrow: sign extension and saturating conversion
  (func $narrow (export "narrow") (param $n i32) (result i32)
    (i32.extend8_s (local.get $n)))
  (func $saturate (export "saturate") (param $x f64) (result i32)
    (i32.trunc_sat_f64_s (local.get $x)))
  (func $bits (export "bits") (param $n i64) (result i64)
    (i64.add (i64.mul (i64.clz (local.get $n)) (i64.const 10000))
      (i64.add (i64.mul (i64.ctz (local.get $n)) (i64.const 100)) (i64.popcnt (local.get $n))))))
