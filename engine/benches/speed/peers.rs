//! Other engines.

use std::path::Path;
use std::process::{Command, Stdio};

/// Runs a program on wasmi. Of WASI it gets what the kernels use: output goes nowhere.
pub fn wasmi(bytes: &[u8]) {
    let engine = wasmi::Engine::default();
    let module = wasmi::Module::new(&engine, bytes).expect("a module");
    let mut linker = wasmi::Linker::new(&engine);
    for import in module.imports() {
        let Some(ty) = import.ty().func().cloned() else {
            continue;
        };
        let name = import.name().to_string();
        let field = name.clone();
        let code = move |mut caller: wasmi::Caller<'_, ()>, args: &[wasmi::Val], out: &mut [wasmi::Val]| {
            if field == "proc_exit" {
                return Err(wasmi::Error::i32_exit(0));
            }
            if field == "fd_write" {
                written(&mut caller, args);
            }
            for result in out {
                *result = wasmi::Val::I32(0);
            }
            Ok(())
        };
        linker.func_new(import.module(), &name, ty, code).expect("once");
    }
    let mut store = wasmi::Store::new(&engine, ());
    let instance = linker.instantiate_and_start(&mut store, &module).expect("links");
    let start = instance
        .get_typed_func::<(), ()>(&store, "_start")
        .expect("a command");
    match start.call(&mut store, ()) {
        Ok(()) => {}
        Err(error) => assert_eq!(error.i32_exit_status(), Some(0), "{error}"),
    }
}

/// `fd_write(fd, iovs, iovs_len, nwritten)`: says that everything was written.
fn written(caller: &mut wasmi::Caller<'_, ()>, args: &[wasmi::Val]) {
    let number = |index: usize| args.get(index).and_then(wasmi::Val::i32).unwrap_or(0) as u32 as usize;
    let (iovs, count, result) = (number(1), number(2), number(3));
    let memory = caller
        .get_export("memory")
        .and_then(wasmi::Extern::into_memory)
        .expect("a memory");
    let data = memory.data_mut(caller);
    let word = |data: &[u8], at: usize| {
        let bytes = data.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_le_bytes)
    };
    let sum: u32 = (0..count).map(|index| word(data, iovs + 8 * index + 4)).sum();
    if let Some(place) = data.get_mut(result..result + 4) {
        place.copy_from_slice(&sum.to_le_bytes());
    }
}

/// What wasmtime on `PATH` calls itself.
pub fn wasmtime_version() -> Option<String> {
    let output = Command::new("wasmtime").arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    output.status.success().then(|| words.join(" "))
}

/// CPU seconds of a whole process of wasmtime that runs a module compiled beforehand.
pub fn wasmtime(module: &Path) -> Option<f64> {
    let compiled = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(module.file_stem()?)
        .with_extension("cwasm");
    if !compiled.exists() {
        let mut compile = Command::new("wasmtime");
        compile.arg("compile").arg("-o").arg(&compiled).arg(module);
        compile.status().ok().filter(|status| status.success())?;
    }
    let before = children_cpu_time()?;
    let mut run = Command::new("wasmtime");
    run.args(["run", "--allow-precompiled"])
        .arg(&compiled)
        .stdout(Stdio::null());
    run.status().ok().filter(|status| status.success())?;
    Some(children_cpu_time()? - before)
}

/// CPU seconds that wasmtime takes to compile a module, as a whole process.
pub fn wasmtime_compile(module: &Path) -> Option<f64> {
    let mut compile = Command::new("wasmtime");
    compile.args(["compile", "-o", "/dev/null"]).arg(module);
    let before = children_cpu_time()?;
    compile
        .stderr(Stdio::null())
        .status()
        .ok()
        .filter(|status| status.success())?;
    Some(children_cpu_time()? - before)
}

/// CPU seconds of children that have ended (proc(5): `cutime` and `cstime`, in hundredths).
fn children_cpu_time() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields.get(13)?.parse::<f64>().ok()? + fields.get(14)?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}
