//! Work on several threads whose results do not depend on how many there are.
//!
//! Must not know: what the work is.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// More threads than this are not worth their start.
const MOST_THREADS: usize = 8;

/// How many threads this machine runs at once, as far as they are of use here.
pub(crate) fn threads() -> usize {
    thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(MOST_THREADS)
}

/// The items in runs, of which each is as long together as `len` says, or a single longer item.
pub(crate) fn runs<T>(items: Vec<T>, len: usize, len_of: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut runs = Vec::new();
    let (mut run, mut run_len) = (Vec::new(), 0usize);
    for item in items {
        run_len = run_len.saturating_add(len_of(&item));
        run.push(item);
        if run_len >= len {
            runs.push(std::mem::take(&mut run));
            run_len = 0;
        }
    }
    if !run.is_empty() {
        runs.push(run);
    }
    runs
}

/// What `work` makes of each item, in their order. This thread takes part; where the machine refuses others, it does
/// all.
pub(crate) fn map<T: Send, R: Send>(items: Vec<T>, threads: usize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = threads.min(items.len());
    if threads < 2 {
        return items.into_iter().map(work).collect();
    }
    let items: Vec<Mutex<Option<T>>> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
    let next = AtomicUsize::new(0);
    let take_part = || {
        let mut made = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return made };
            // Nobody panics while holding it.
            let item = item.lock().ok().and_then(|mut item| item.take());
            made.extend(item.map(|item| (index, work(item))));
        }
    };
    let mut made = thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads)
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, take_part).ok())
            .collect();
        let mut made = take_part();
        for helper in helpers {
            match helper.join() {
                Ok(more) => made.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        made
    });
    made.sort_unstable_by_key(|&(index, _)| index);
    made.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_from_any_number_of_threads() {
        let items: Vec<u32> = (0..1000).collect();
        for threads in [0, 1, 2, 7, 2000] {
            let squares = map(items.clone(), threads, |item| item * item);
            assert!(
                squares
                    .iter()
                    .eq(items.iter().map(|item| item * item).collect::<Vec<_>>().iter())
            );
        }
        assert!(map(Vec::<u32>::new(), 2, |item| item).is_empty());
    }

    #[test]
    fn runs_keep_the_order_and_end_when_they_are_long_enough() {
        let made = runs(vec![1usize, 2, 3, 9, 1, 1], 4, |&len| len);
        assert_eq!(made, [vec![1, 2, 3], vec![9], vec![1, 1]]);
    }
}
