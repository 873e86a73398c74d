//! LLDB on wasmtime's gdb server, taken to the same places by `visit.py`.

use crate::{Stop, Visit};
use serde_json::{Value, json};
use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A module is done in this time.
const PATIENCE: Duration = Duration::from_secs(600);

/// Ends a process when it goes.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What LLDB shows at each place, but for those that it missed.
pub fn visits(module: &Path, stops: &[Stop]) -> Vec<Visit> {
    let folder = tempfile::tempdir().expect("a folder");
    let [order, out, said] = ["order", "out", "said"].map(|name| folder.path().join(name));
    // A port that is free now; the listener has to be gone before the server comes.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    drop(listener);
    let place = |stop: &Stop| {
        let mark = &stop.mark;
        json!({"offset": stop.offset, "file": mark.file, "line": mark.line, "printed": stop.printed})
    };
    let places: Vec<Value> = stops.iter().map(place).collect();
    let text = json!({"module": module, "port": port, "out": out, "places": places}).to_string();
    std::fs::write(&order, text).expect("room");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lldb/visit.py");
    let output = File::create(&said).expect("room");
    let lldb = std::env::var_os("STEPWELL_LLDB").unwrap_or_else(|| "lldb-22".into());
    let client = Command::new(lldb)
        .args(["--no-lldbinit", "--batch", "--one-line"])
        .arg(format!("command script import {}", script.display()))
        .env("STEPWELL_VISIT", &order)
        .stdin(Stdio::null())
        .stdout(output.try_clone().expect("a second"))
        .stderr(output)
        .spawn();
    let mut client = Running(client.expect("LLDB 22: `lldb-22` on PATH, or what STEPWELL_LLDB names"));
    let deadline = Instant::now() + PATIENCE;
    while client.0.try_wait().expect("its state").is_none() {
        assert!(
            Instant::now() < deadline,
            "{}: LLDB takes too long",
            module.display()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let lines = std::fs::read_to_string(&out).unwrap_or_default();
    let visits: Vec<Visit> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let said = std::fs::read_to_string(&said).unwrap_or_default();
    if visits.len() < places.len() {
        println!(
            "{}: LLDB came by {} of {} places\n{said}",
            module.display(),
            visits.len(),
            places.len()
        );
    }
    visits
}
