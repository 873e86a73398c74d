//! Wasm text, an instruction a row.
