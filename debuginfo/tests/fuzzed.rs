//! What the fuzz targets have found, and what they start from, once more through the same functions: an answer in bounded
//! time, or a test that fails. How the targets run is said in `debuginfo/fuzz/src/lib.rs`.

#[path = "../fuzz/src/lib.rs"]
#[allow(dead_code, unused_imports)]
mod fuzz;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn inputs(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn inputs_have_answers_in_time() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut ran = 0;
    for (target, run) in fuzz::TARGETS {
        for folder in ["fuzz/seeds", "tests/fuzzed"] {
            for path in inputs(&own.join(folder).join(target)) {
                let input = std::fs::read(&path).unwrap();
                let start = Instant::now();
                run(&input);
                let took = start.elapsed();
                assert!(took < Duration::from_secs(20), "{} took {took:?}", path.display());
                ran += 1;
            }
        }
    }
    assert!(ran > 50, "{ran} inputs");
}

/// The seeds reach what they are to mutate: sections are replaced and read, variables are shown.
#[test]
fn seeds_are_read() {
    for (bases, section) in [(fuzz::UNITS, ".debug_info"), (fuzz::LINES, ".debug_line")] {
        for base in bases {
            let seed = fuzz::seed(base.module, base.sections);
            assert!(
                fuzz::parts(&seed)
                    .iter()
                    .any(|(name, _)| *name == section.as_bytes())
            );
            let whole =
                stepwell_debuginfo::DebugInfo::parse(fuzz::framed(base.module, &seed, base.sections).into());
            assert!(whole.diagnostics().is_empty(), "{:?}", whole.diagnostics());
        }
    }
}
