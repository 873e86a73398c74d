//! How long a parked guest waits for a breakpoint to be set.

use super::{guest, timed};
use std::sync::Arc;
use stepwell_engine::compile::Stops;
use stepwell_engine::module::{Module, decode};
use stepwell_engine::runtime::paused::{Paused, Resume, StopCause, StopHandler, TickAction};
use stepwell_engine::runtime::store::{Backend, CallOutcome, Extern, Store};

/// Functions that are timed.
const FUNCTIONS: usize = 400;

/// Sets breakpoints while it is asked to look.
struct Setter {
    module: Arc<Module>,
    instance: u32,
    funcs: Vec<u32>,
    /// Bytes of the function and seconds, one a breakpoint.
    took: Vec<(usize, f64)>,
}

impl StopHandler for Setter {
    fn on_stop(&mut self, paused: &mut Paused<'_>, _: &StopCause) -> Resume {
        for &func in &self.funcs {
            let Some(body) = self.module.body(func) else {
                continue;
            };
            let stops = Stops::at([body.first_op as u64]);
            let (seconds, set) = timed(|| paused.set_stops(self.instance, func, stops));
            set.expect("compiles");
            self.took.push((body.range.len(), seconds));
            paused
                .set_stops(self.instance, func, Stops::None)
                .expect("compiles");
        }
        Resume::Abandon
    }

    fn on_interrupt(&mut self, _: &mut Paused<'_>) -> TickAction {
        TickAction::Continue
    }
}

/// A store with the module linked to functions that are never called.
fn linked(module: &Arc<Module>) -> (Store, u32) {
    let mut store = Store::new(Backend::Compiled).expect("a store");
    for import in &module.imports {
        if let Some(func) = unused(module, import) {
            store.define_host(func);
        }
    }
    let instance = store
        .instantiate(module.clone())
        .expect("links")
        .expect("no trap");
    (store, instance)
}

fn unused(
    module: &Module,
    import: &stepwell_engine::module::Import,
) -> Option<stepwell_engine::runtime::host::HostFunc> {
    use stepwell_engine::module::ImportKind;
    let ImportKind::Func(ty) = import.kind else {
        return None;
    };
    Some(stepwell_engine::runtime::host::HostFunc {
        module: import.module.clone(),
        field: import.field.clone(),
        ty: module.types.get(ty as usize)?.clone(),
        code: Box::new(|_| Ok(())),
    })
}

/// Prints a row a module: SQLite's, and those that the environment names.
pub fn bench() {
    println!(
        "| module | functions | middle, ms | 99 of 100, ms | longest, ms | largest function, kB | ms |\n|---|---|---|---|---|---|---|"
    );
    let named = std::env::var("STEPWELL_LARGE_MODULES").unwrap_or_default();
    let paths = named.split(':').filter(|path| !path.is_empty());
    let mut modules = vec![guest("sqlite/sqlite.wasm")];
    modules.extend(paths.map(Into::into));
    for path in modules {
        let bytes = std::fs::read(&path).expect("a module");
        let module = decode(bytes.into()).expect("valid");
        let (mut store, instance) = linked(&module);
        let len_bytes = |func: u32| module.body(func).map_or(0, |body| body.range.len());
        let mut funcs: Vec<u32> = (0..module.func_types.len() as u32).collect();
        funcs.retain(|&func| len_bytes(func) > 0);
        let step = funcs.len().div_ceil(FUNCTIONS);
        let largest = funcs
            .iter()
            .copied()
            .max_by_key(|&func| len_bytes(func))
            .expect("functions");
        let mut some: Vec<u32> = funcs.iter().copied().step_by(step).collect();
        some.push(largest);
        let entry = funcs
            .iter()
            .copied()
            .find(|&func| module.func_type(func).params.is_empty());
        let entry = entry.expect("a function without parameters");
        let first = module.body(entry).expect("a body").first_op as u64;
        store
            .set_stops(instance, entry, Stops::at([first]))
            .expect("compiles");
        some.retain(|&func| func != entry);
        let mut setter = Setter {
            module: module.clone(),
            instance,
            funcs: some,
            took: Vec::new(),
        };
        let Some(Extern::Func(number)) = store.func(instance, entry) else {
            panic!("no function");
        };
        let outcome = store.call(number, &[], &mut setter).expect("runs");
        assert_eq!(outcome, CallOutcome::Abandoned);
        let (bytes, worst) = setter.took.pop().expect("the largest");
        let mut took: Vec<f64> = setter.took.iter().map(|(_, seconds)| seconds * 1e3).collect();
        took.sort_by(f64::total_cmp);
        let at = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or(f64::NAN);
        println!(
            "| {} | {} | {:.3} | {:.3} | {:.3} | {} | {:.3} |",
            path.file_name().unwrap_or_default().display(),
            funcs.len(),
            at(50),
            at(99),
            took.last().copied().unwrap_or(f64::NAN),
            bytes / 1000,
            worst * 1e3,
        );
    }
}
