;; Asks for functions that no host here has.
(module
  (import "env" "launch_rocket" (func $launch (param i32 f64) (result i64)))
  (import "wasi_snapshot_preview1" "fd_teleport" (func (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $launch (i32.const 1) (f64.const 2)))))
