;; As good as never ends: a tree of calls 2^60 wide and only 60 deep, with no loop in it.
(module
  (memory (export "memory") 1)
  (func $tree (param $depth i32)
    (if (i32.eqz (local.get $depth)) (then (return)))
    (call $tree (i32.sub (local.get $depth) (i32.const 1)))
    (call $tree (i32.sub (local.get $depth) (i32.const 1))))
  (func (export "_start")
    (call $tree (i32.const 60))))
