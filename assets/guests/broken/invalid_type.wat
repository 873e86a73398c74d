;; Decodes but does not validate: an f32 where an i32 is wanted.
(module
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (i32.add (i32.const 1) (f32.const 2)))))
