;; A valid module with nothing to start: no `_start`, one exported function.
(module
  (memory (export "memory") 1)
  (func (export "answer") (result i32) (i32.const 42)))
