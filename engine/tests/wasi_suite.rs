//! Runs the programs of the WebAssembly community's wasi-testsuite (branch `prod/testsuite-base`) on another engine,
//! wasmi, with our host functions: so that a failure here is WASI's, and not our engine's.
//!
//! The suite is large and not part of this repository:
//! `WASI_TESTSUITE=<its checkout> cargo test -p stepwell-engine --test wasi_suite -- --ignored`.

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use stepwell_engine::runtime::host::{GuestMemory, HostCall, HostError, HostFunc};
use stepwell_engine::types::{Val, ValType};
use stepwell_engine::wasi::{Output, WasiCtx, host_funcs};

#[derive(Debug)]
struct Stop(HostError);

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Stop {}
impl wasmi::errors::HostError for Stop {}

fn wasmi_type(ty: &ValType) -> wasmi::ValType {
    match ty {
        ValType::I32 => wasmi::ValType::I32,
        ValType::I64 => wasmi::ValType::I64,
        other => panic!("no WASI function has a {other}"),
    }
}

fn link(linker: &mut wasmi::Linker<()>, function: HostFunc) {
    let ty = wasmi::FuncType::new(
        function.ty.params.iter().map(wasmi_type),
        function.ty.results.iter().map(wasmi_type),
    );
    let code = Mutex::new(function.code);
    linker
        .func_new(
            &function.module,
            &function.field,
            ty,
            move |mut caller, params, results| {
                let args: Vec<Val> = params
                    .iter()
                    .map(|value| match value {
                        wasmi::Val::I32(v) => Val::I32(*v),
                        wasmi::Val::I64(v) => Val::I64(*v),
                        other => panic!("{other:?}"),
                    })
                    .collect();
                let mut ours = vec![Val::I32(0); results.len()];
                let memory = caller
                    .get_export("memory")
                    .and_then(wasmi::Extern::into_memory)
                    .expect("memory");
                let mut written = Vec::new();
                let mut call = HostCall {
                    args: &args,
                    results: &mut ours,
                    memory: Some(GuestMemory::new(memory.data_mut(&mut caller), &mut written)),
                };
                (code.lock().expect("not poisoned"))(&mut call).map_err(|e| wasmi::Error::host(Stop(e)))?;
                for (to, from) in results.iter_mut().zip(ours) {
                    *to = wasmi::Val::I32(from.bits() as u32 as i32);
                }
                Ok(())
            },
        )
        .expect("names are unique");
}

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Captured {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("not poisoned")).into_owned()
    }
}

fn run(module: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(module.with_extension("json")).unwrap_or_else(|_| "{}".into());
    let wish: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    let (stdout, stderr) = (Captured::default(), Captured::default());
    let mut builder = WasiCtx::builder()
        .arg(module.file_name().expect("a file").to_string_lossy().into_owned())
        .stdout(Output::writer(stdout.clone()))
        .stderr(Output::writer(stderr.clone()));
    for arg in wish["args"].as_array().into_iter().flatten() {
        builder = builder.arg(arg.as_str().expect("text"));
    }
    for (name, value) in wish["env"].as_object().into_iter().flatten() {
        builder = builder.env(name.as_str(), value.as_str().expect("text"));
    }
    if let Some(root) = wish["root"].as_str() {
        builder = builder.preopened_dir(module.with_file_name(root), "/");
    }
    let ctx = builder.build().map_err(|e| e.to_string())?;

    let engine = wasmi::Engine::default();
    let bytes = std::fs::read(module).map_err(|e| e.to_string())?;
    let compiled = wasmi::Module::new(&engine, &bytes[..]).map_err(|e| e.to_string())?;
    let mut linker = wasmi::Linker::new(&engine);
    for function in host_funcs(ctx) {
        link(&mut linker, function);
    }
    let mut store = wasmi::Store::new(&engine, ());
    let instance = linker
        .instantiate_and_start(&mut store, &compiled)
        .map_err(|e| e.to_string())?;
    let start = instance
        .get_typed_func::<(), ()>(&store, "_start")
        .map_err(|e| e.to_string())?;
    let code = match start.call(&mut store, ()) {
        Ok(()) => 0,
        Err(error) => match error.downcast_ref::<Stop>() {
            Some(Stop(HostError::Exit(code))) => *code,
            _ => return Err(format!("{error}: {}", stderr.text())),
        },
    };
    let expected_code = wish["exit_code"].as_u64().unwrap_or(0);
    if u64::from(code) != expected_code {
        return Err(format!(
            "exit code {code}, not {expected_code}: {}",
            stderr.text()
        ));
    }
    match wish["stdout"].as_str() {
        Some(expected) if stdout.text() != expected => {
            Err(format!("stdout {:?}, not {expected:?}", stdout.text()))
        }
        _ => Ok(()),
    }
}

fn modules(under: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(under).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            modules(&path, into);
        } else if path.extension().is_some_and(|e| e == "wasm")
            && path.components().any(|c| c.as_os_str() == "wasm32-wasip1")
        {
            into.push(path);
        }
    }
}

#[test]
#[ignore = "needs WASI_TESTSUITE"]
fn the_testsuite_passes() {
    let root = std::env::var_os("WASI_TESTSUITE").expect("WASI_TESTSUITE names a checkout of wasi-testsuite");
    let mut all = Vec::new();
    modules(Path::new(&root), &mut all);
    all.sort();
    assert!(!all.is_empty(), "no programs found");
    let failures: Vec<String> = all
        .iter()
        .filter_map(|module| run(module).err().map(|e| format!("{}: {e}", module.display())))
        .collect();
    println!("{} programs", all.len());
    assert!(
        failures.is_empty(),
        "{} of {} failed:\n{}",
        failures.len(),
        all.len(),
        failures.join("\n")
    );
}
