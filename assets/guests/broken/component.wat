;; A component, not a core module.
(component
  (core module $inner (func (export "f"))))
