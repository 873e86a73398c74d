;; Exceptions as they were before their proposal was finished: try, catch, catch_all, delegate and rethrow.

(module $tags
  (tag (export "number") (param i32))
  (tag $pair (param i32 i64))
  (func (export "throw_pair") (throw $pair (i32.const 1) (i64.const 2))))
(register "tags")

(module
  (tag $number (import "tags" "number") (param i32))
  (func $throw_pair (import "tags" "throw_pair"))
  (tag $empty)

  (func $throw (param i32) (throw $number (local.get 0)))
  (func $throw_if (param i32) (if (local.get 0) (then (throw $number (local.get 0)))))

  (func (export "uncaught") (throw $empty))

  (func (export "falls_through") (result i32)
    try (result i32) i32.const 1 catch_all i32.const 2 end)

  (func (export "by_tag") (param i32) (result i32)
    try (result i32)
      (call $throw_if (local.get 0))
      i32.const -1
    catch $empty
      i32.const -2
    catch $number
    end)

  ;; A tag of another module that this one cannot name is still caught by catch_all.
  (func (export "by_all") (result i32)
    try (result i32) call $throw_pair i32.const 1 catch $number drop i32.const 2 catch_all i32.const 3 end)

  ;; What an arm throws is not for its own try.
  (func (export "thrown_in_arm") (result i32)
    try (result i32)
      try (result i32)
        (call $throw (i32.const 1)) i32.const 0
      catch $number
        drop (call $throw (i32.const 2)) i32.const 3
      end
    catch $number
    end)

  ;; A branch out of an arm, operands beneath the try untouched.
  (func (export "branches_out") (result i32)
    i32.const 100
    block (result i32)
      try
        (call $throw (i32.const 7))
      catch $number
        br 1
      end
      i32.const -1
    end
    i32.add)

  ;; The outer one of two exceptions that are under way.
  (func (export "rethrows_outer") (result i32)
    try (result i32)
      try (result i32)
        (call $throw (i32.const 10)) i32.const 0
      catch $number
        drop
        try (result i32)
          (call $throw (i32.const 20)) i32.const 0
        catch $number
          drop
          rethrow 1
        end
      end
    catch $number
    end)

  ;; Past the try in between, to the one named.
  (func (export "delegates") (result i32)
    try $outer (result i32)
      try (result i32)
        try (result i32)
          (call $throw (i32.const 5)) i32.const 0
        delegate $outer
      catch $number
        i32.const 1000 i32.add
      end
    catch $number
    end)

  (func $delegates_to_caller (result i32)
    try (result i32)
      try (result i32)
        (call $throw (i32.const 6)) i32.const 0
      delegate 1
    catch_all
      i32.const -1
    end)
  (func (export "delegates_to_caller") (result i32)
    try (result i32) call $delegates_to_caller catch $number end)

  ;; To the try in whose arm it stands, which is over: past it.
  (func (export "delegates_from_arm") (result i32)
    try (result i32)
      try (result i32)
        (call $throw (i32.const 3)) i32.const 0
      catch $number
        drop
        try (result i32)
          (call $throw (i32.const 4)) i32.const 0
        delegate 0
      catch_all
        i32.const -1
      end
    catch $number
    end)

  ;; A function that has given way to another one catches nothing any more.
  (func $throws (result i32) (call $throw (i32.const 9)) (i32.const 0))
  (func (export "tail_calls") (result i32)
    try (result i32) (return_call $throws) catch_all i32.const 1 end)
  (func (export "tail_calls_import")
    try try (return_call $throw_pair) delegate 0 catch_all end)

  ;; A hundred frames are given up at once, and the loop goes on.
  (func $deep (param i32)
    (if (i32.eqz (local.get 0)) (then (throw $number (i32.const 1))))
    (call $deep (i32.sub (local.get 0) (i32.const 1))))
  (func (export "unwinds") (result i32) (local $left i32) (local $sum i32)
    (local.set $left (i32.const 50))
    (loop $again
      try
        (call $deep (i32.const 100))
      catch $number
        (local.set $sum (i32.add (local.get $sum)))
      end
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.get $sum))
)

(assert_exception (invoke "uncaught"))
(assert_return (invoke "falls_through") (i32.const 1))
(assert_return (invoke "by_tag" (i32.const 0)) (i32.const -1))
(assert_return (invoke "by_tag" (i32.const 9)) (i32.const 9))
(assert_return (invoke "by_all") (i32.const 3))
(assert_return (invoke "thrown_in_arm") (i32.const 2))
(assert_return (invoke "branches_out") (i32.const 107))
(assert_return (invoke "rethrows_outer") (i32.const 10))
(assert_return (invoke "delegates") (i32.const 5))
(assert_return (invoke "delegates_to_caller") (i32.const 6))
(assert_return (invoke "unwinds") (i32.const 50))
(assert_invalid (module (func try rethrow 0 end)) "invalid rethrow label")
(assert_return (invoke "delegates_from_arm") (i32.const 4))
(assert_exception (invoke "tail_calls"))
(assert_exception (invoke "tail_calls_import"))
