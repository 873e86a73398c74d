//! Script files of the specification (`.wast`): what its test suite is written in, run on this engine.
//!
//! Tests and the command line both run scripts from here. That is why the text format's parser (crate `wast`) is a
//! dependency of the engine; nothing outside this folder names it.
//!
//! # Invariants
//! - Every directive is carried out or is a failure with its line; none is skipped.
//! - A script never ends the process: a panic of the engine fails its line.
//!
//! Must not know: files, front ends.

mod script;
mod store;
mod values;

use crate::error::Error;
use crate::module::Features;
use script::Script;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wast::Wast;
use wast::lexer::Lexer;
use wast::parser::{ParseBuffer, parse};
use wast::token::Span;

/// How functions are executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By the interpreter.
    Interpreter,
    /// As clean compiled code.
    Clean,
    /// As compiled code that stops, silently, at every instruction.
    Twins,
    /// As compiled code that stops, silently, after every store.
    Watched,
    /// As compiled code that checks every store, and finds none that is watched.
    WatchedInVain,
}

impl Mode {
    /// Whether this machine can.
    pub fn available(self) -> bool {
        self == Mode::Interpreter || crate::compile::supported().is_ok()
    }
}

/// What a script is run on.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How functions are executed.
    pub mode: Mode,
    /// What modules may use.
    pub features: Features,
}

/// A directive that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Its line, from 1.
    pub line: usize,
    /// Why, on one line.
    pub reason: String,
}

/// What came of a script.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many directives of each kind hold.
    pub passed: BTreeMap<&'static str, usize>,
    /// Those that do not, in order.
    pub failed: Vec<Failed>,
    /// Watched stores that were stopped at.
    pub stores: u64,
}

/// Runs a script. One that does not parse fails as a whole, at the line of the mistake; the error is for a machine
/// that cannot execute anything in this way.
pub fn run(text: &str, options: Options) -> Result<Report, Error> {
    let mut script = Script::new(options)?;
    let mut report = Report::default();
    let lines = Lines::of(text);
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let parsed = ParseBuffer::new_with_lexer(lexer);
    let parsed = parsed.as_ref().map_err(|error| (error.span(), error.message()));
    let parsed =
        parsed.and_then(|buffer| parse::<Wast<'_>>(buffer).map_err(|error| (error.span(), error.message())));
    let directives = match parsed {
        Ok(wast) => wast.directives,
        Err((span, reason)) => {
            let line = lines.line(span);
            report.failed.push(Failed { line, reason });
            return Ok(report);
        }
    };
    for directive in directives {
        let line = lines.line(directive.span());
        let outcome = catch_unwind(AssertUnwindSafe(|| script.directive(directive)));
        match outcome.unwrap_or_else(|_| Err("the engine panicked".into())) {
            Ok(kind) => *report.passed.entry(kind).or_default() += 1,
            Err(reason) => report.failed.push(Failed {
                line,
                reason: reason.replace('\n', " "),
            }),
        }
    }
    report.stores = script.stores();
    Ok(report)
}

/// Where the lines of a script end. A place counts them anew each time it is asked for its line: too slow for a script
/// of many directives.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Lines {
        Lines(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// The line of a place, from 1.
    fn line(&self, span: Span) -> usize {
        self.0.partition_point(|end| *end < span.offset()) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_the_line_that_the_parser_gives_it() {
        for text in ["", "a", "\n", "a\n", "\n\na\r\n\r\nbc\n\n", "é\n\nü"] {
            let lines = Lines::of(text);
            for offset in 0..=text.len() {
                let span = Span::from_offset(offset);
                let (line, _) = span.linecol_in(text);
                assert_eq!(lines.line(span), line + 1, "{offset} in {text:?}");
            }
        }
    }

    #[test]
    fn a_script_of_many_directives_is_gone_through_once() {
        let count = 40_000;
        let text = format!(
            "(module (func (export \"f\")))\n{}(invoke \"g\")",
            "(invoke \"f\")\n".repeat(count)
        );
        let options = Options {
            mode: Mode::Interpreter,
            features: Features::default(),
        };
        let begun = std::time::Instant::now();
        let report = run(&text, options).expect("the interpreter is everywhere");
        assert_eq!(report.passed.get("invoke"), Some(&count));
        let failed = report.failed.first().map(|failed| failed.line);
        assert_eq!(failed, Some(count + 2));
        assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    }

    #[test]
    fn many_exports_are_registered_and_found_by_name() {
        let count = 120_000;
        // Long names that begin alike, as those of compilers do.
        let name = |index: usize| format!("{}{index}", "a".repeat(40));
        let exports: String = (0..count)
            .map(|index| format!("(export \"{}\" (func {}))\n", name(index), index % 2))
            .collect();
        let text = format!(
            "(module (func (result i32) (i32.const 10)) (func (result i32) (i32.const 11))\n{exports})
             (register \"many\")
             (assert_return (invoke \"{}\") (i32.const 10))
             (assert_return (invoke \"{}\") (i32.const 11))
             (invoke \"b\")
             (module (import \"many\" \"{}\" (func $f (result i32))) (export \"f\" (func $f)))
             (assert_return (invoke \"f\") (i32.const 11))",
            name(0),
            name(count - 1),
            name(9_999),
        );
        let options = Options {
            mode: Mode::Interpreter,
            features: Features::default(),
        };
        let begun = std::time::Instant::now();
        let report = run(&text, options).expect("the interpreter is everywhere");
        assert_eq!(report.passed.get("register"), Some(&1));
        assert_eq!(report.passed.get("assert_return"), Some(&3));
        let reasons: Vec<_> = report
            .failed
            .iter()
            .map(|failed| failed.reason.as_str())
            .collect();
        assert_eq!(reasons, ["no such function"]);
        assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    }
}
