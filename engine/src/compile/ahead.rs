//! All functions of a module at once, on several threads.
//!
//! Must not know: where code goes.

use super::{Code, Stops, compile_code};
use crate::error::Error;
use crate::layout::VmLayout;
use crate::module::Module;
use crate::parallel;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Threads take runs of functions whose bodies are about so long.
const RUN_BYTES: usize = 1 << 15;

/// So much of the bodies is compiled before the code is taken.
const PORTION_BYTES: usize = 1 << 19;

/// So much code of a portion waits to be taken: it may be thousands of times as long as the bodies. What comes after that
/// is compiled when its turn to be taken comes.
const MOST_CODE_BYTES: usize = 1 << 26;

/// Gives `take` the clean code of each defined function, in their order, the same for any number of threads (0: as many as
/// the machine runs at once); for a function that cannot be compiled, why. Ends when `take` fails.
pub fn compile_all(
    module: &Module,
    layout: &VmLayout,
    threads: usize,
    mut take: impl FnMut(u32, Result<Code, Error>) -> Result<(), Error>,
) -> Result<(), Error> {
    let threads = if threads == 0 {
        parallel::threads()
    } else {
        threads
    };
    let funcs: Vec<u32> = (module.imported_funcs..).take(module.bodies.len()).collect();
    let len_of = |func: &u32| module.body(*func).map_or(0, |body| body.range.len());
    for portion in parallel::runs(funcs, PORTION_BYTES, len_of) {
        let runs = parallel::runs(portion, RUN_BYTES, len_of);
        let compile = |func| compile_code(module, layout, func, &Stops::None);
        let waiting = AtomicUsize::new(0);
        let compiled = parallel::map(runs, threads, |run| {
            run.into_iter()
                .map(|func| {
                    let room = waiting.load(Ordering::Relaxed) < MOST_CODE_BYTES;
                    let code = room.then(|| compile(func));
                    if let Some(Ok(code)) = &code {
                        waiting.fetch_add(code.bytes.len(), Ordering::Relaxed);
                    }
                    (func, code)
                })
                .collect::<Vec<_>>()
        });
        for (func, code) in compiled.into_iter().flatten() {
            take(func, code.unwrap_or_else(|| compile(func)))?;
        }
    }
    Ok(())
}
