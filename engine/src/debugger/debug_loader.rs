//! Reading debug info: the files beside the module, and the threads that index it.
//!
//! # Invariants
//! - Only regular files of bounded size are read: what a module names is as hostile as the module.
//!
//! Must not know: the session, the guest.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use stepwell_debuginfo::{DebugInfo, Indexing, SideFile};

/// Larger files beside a module are refused.
const MAX_LEN_BYTES: u64 = 1 << 30;
/// Bytes of all files beside a module together.
const MAX_ALL_BYTES: u64 = 2 << 30;
/// Functions that a thread names before it takes more.
const NAMES_AT_ONCE: usize = 256;
/// More threads than this gain nothing: merging is the longest part.
const MOST_THREADS: usize = 8;

/// The debug info of a module; `path` is where it was read from, if it was.
pub fn load(module: Arc<[u8]>, path: Option<&Path>) -> DebugInfo {
    let left = std::cell::Cell::new(MAX_ALL_BYTES);
    let beside = |wanted: &SideFile| -> Option<Arc<[u8]>> {
        let candidates = wanted.candidates(path?);
        let bytes = candidates
            .iter()
            .find_map(|path| read_regular(path, MAX_LEN_BYTES.min(left.get())))?;
        left.set(left.get().saturating_sub(bytes.len() as u64));
        Some(bytes)
    };
    let indexing = Indexing::start(module, &beside);
    let parts = share_out(indexing.jobs(), 1, |job| indexing.run(job));
    let info = indexing.finish(parts);
    // Names are made when first asked for, and the session asks for all.
    share_out(info.function_count() as usize, NAMES_AT_ONCE, |func| {
        info.function_name(func as u32);
    });
    info.functions_named("main");
    info
}

/// Does jobs `0..count`, so many `at_once`, on as many threads as the machine has cores.
fn share_out<T: Send>(count: usize, at_once: usize, job: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let first = next.fetch_add(at_once, Ordering::Relaxed);
            if first >= count {
                return done;
            }
            done.extend((first..count.min(first + at_once)).map(&job));
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..cores.min(MOST_THREADS).min(count.div_ceil(at_once)))
            // A thread that cannot start leaves its share to the others.
            .filter_map(|_| std::thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let mut done = work();
        for helper in helpers {
            match helper.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    })
}

fn read_regular(path: &Path, most: u64) -> Option<Arc<[u8]>> {
    // A pipe would block when opened.
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > most {
        return None;
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).ok()?);
    File::open(path).ok()?.take(most).read_to_end(&mut bytes).ok()?;
    Some(Arc::from(bytes))
}
