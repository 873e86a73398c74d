//! All functions of a module at once, on several threads.
//!
//! Must not know: where code goes.

use super::{Code, Stops, compile_code};
use crate::error::Error;
use crate::layout::VmLayout;
use crate::module::Module;
use crate::parallel;

/// Threads take runs of functions whose bodies are about so long.
const RUN_BYTES: usize = 1 << 15;

/// The clean code of all defined functions, in their order, the same for any number of threads (0: as many as the
/// machine runs at once); for a function that cannot be compiled, why.
pub fn compile_all(module: &Module, layout: &VmLayout, threads: usize) -> Vec<Result<Code, Error>> {
    let threads = if threads == 0 {
        parallel::threads()
    } else {
        threads
    };
    let funcs: Vec<u32> = (module.imported_funcs..).take(module.bodies.len()).collect();
    let len_of = |func: &u32| module.body(*func).map_or(0, |body| body.range.len());
    let runs = parallel::runs(funcs, RUN_BYTES, len_of);
    let compiled = parallel::map(runs, threads, |run| {
        run.into_iter()
            .map(|func| compile_code(module, layout, func, &Stops::None))
            .collect::<Vec<_>>()
    });
    compiled.into_iter().flatten().collect()
}
