;; The smallest WASI command that prints: one host call.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "hello from wat\n")
  (func $main (export "_start")
    (i32.store (i32.const 0) (i32.const 8))    ;; the piece: where it is
    (i32.store (i32.const 4) (i32.const 15))   ;; and how long
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))))
