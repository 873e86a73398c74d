//! What is called of a module, and in which order: the start function (which belongs to instantiation), `_initialize`
//! of a module that is no command (as WASI has it for libraries), and then the export that is wanted.
//!
//! Must not know: stores, who calls.

use crate::error::Error;
use crate::module::{ExportKind, Module};

/// The export that makes a module a command.
pub const COMMAND_ENTRY: &str = "_start";
/// The export that prepares a module that is a library.
const LIBRARY_ENTRY: &str = "_initialize";

/// The function index of an export; the error names what there is instead.
pub fn exported_func(module: &Module, name: &str) -> Result<u32, Error> {
    match module.export(name).map(|export| export.kind) {
        Some(ExportKind::Func(func)) => Ok(func),
        Some(_) => Err(Error::Usage(format!("the export {name:?} is not a function"))),
        None => Err(Error::Usage(format!(
            "there is no exported function {name:?}{}",
            if name == COMMAND_ENTRY { " to run" } else { "" }
        ))),
    }
}

/// The functions to call for `entry`, by index and in order; the last one is the entry itself.
pub fn calls(module: &Module, entry: &str) -> Result<Vec<u32>, Error> {
    let entry_func = exported_func(module, entry)?;
    let mut calls: Vec<u32> = module.start.into_iter().collect();
    if entry != LIBRARY_ENTRY && exported_func(module, COMMAND_ENTRY).is_err() {
        calls.extend(exported_func(module, LIBRARY_ENTRY));
    }
    calls.push(entry_func);
    Ok(calls)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::decode;

    fn order(exports: &str, entry: &str) -> Result<Vec<u32>, String> {
        let wat = format!("(module (func) (func) (func) (func) (memory 0) (start 3) {exports})");
        let module = decode(wat::parse_str(wat).expect("text").into()).expect("valid");
        calls(&module, entry).map_err(|error| error.to_string())
    }

    #[test]
    fn the_start_function_is_first_and_a_library_is_prepared() {
        let both = r#"(export "_start" (func 0)) (export "_initialize" (func 1)) (export "f" (func 2))"#;
        assert_eq!(order(both, "_start"), Ok(vec![3, 0]));
        assert_eq!(order(both, "f"), Ok(vec![3, 2]));
        let library = r#"(export "_initialize" (func 1)) (export "f" (func 2))"#;
        assert_eq!(order(library, "f"), Ok(vec![3, 1, 2]));
        assert_eq!(order(library, "_initialize"), Ok(vec![3, 1]));
    }

    #[test]
    fn what_cannot_be_called_is_named() {
        let error = |exports, entry| order(exports, entry).expect_err("refused");
        assert_eq!(
            error("", "_start"),
            r#"there is no exported function "_start" to run"#
        );
        assert_eq!(error("", "f"), r#"there is no exported function "f""#);
        assert_eq!(
            error(r#"(export "m" (memory 0))"#, "m"),
            r#"the export "m" is not a function"#
        );
    }
}
