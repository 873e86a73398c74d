;; Adds, in a loop.
(module
  (func (export "times") (param $n i32) (param $by i32) (result i32)
    (local $total i32)
    (loop $again
      local.get $total
      local.get $by
      i32.add
      local.set $total
      local.get $n
      i32.const 1
      i32.sub
      local.tee $n
      br_if $again)
    local.get $total))
