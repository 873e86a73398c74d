(module
  (memory 1)
  (func $sum (param $list i32) (param $n i32) (result i32) (local $total i32)
    loop $next
      local.get $total
      local.get $list
      i32.load offset=8
      i32.add
      local.set $total
      local.get $list
      i32.const 4
      i32.add
      local.set $list
      local.get $n
      i32.const 1
      i32.sub
      local.tee $n
      br_if $next
    end
    local.get $total)
  (func $fib (param i32) (result i32)
    local.get 0
    i32.const 2
    i32.lt_s
    if (result i32)
      local.get 0
    else
      local.get 0
      i32.const 1
      i32.sub
      call $fib
      local.get 0
      i32.const 2
      i32.sub
      call $fib
      i32.add
    end)
  (func $mean (param f64 f64) (result f64)
    local.get 0
    local.get 1
    f64.add
    f64.const 0.5
    f64.mul)
  (func $div (param i32 i32) (result i32)
    local.get 0
    local.get 1
    i32.div_s))
