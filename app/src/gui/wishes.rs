//! What a person had set for a module, kept from one run of the window to the next: breakpoints with their rules, and
//! watched expressions.
//!
//! # Invariants
//! - A breakpoint on an instruction comes back only to a module of the same length: its offset means nothing in another
//!   build. Lines and functions come back always.
//!
//! Must not know: sessions.

use super::model::Breakpoint;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use stepwell_engine::debugger::{BreakpointId, BreakpointSpec, BreakpointState, StopRule};

/// Modules whose wishes are kept.
const MOST_MODULES: usize = 50;

/// A breakpoint as a wish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Wish {
    spec: BreakpointSpec,
    enabled: bool,
    rule: StopRule,
}

/// What was set for one module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wishes {
    len_bytes: usize,
    breakpoints: Vec<Wish>,
    /// Watched expressions.
    pub watches: Vec<String>,
}

impl Wishes {
    /// What is set now for a module of this length.
    pub fn of(
        breakpoints: &BTreeMap<BreakpointId, Breakpoint>,
        watches: &[String],
        len_bytes: usize,
    ) -> Wishes {
        let wish = |breakpoint: &Breakpoint| Wish {
            spec: breakpoint.state.spec.clone(),
            enabled: breakpoint.state.enabled,
            rule: breakpoint.state.rule.clone(),
        };
        Wishes {
            len_bytes,
            breakpoints: breakpoints.values().map(wish).collect(),
            watches: watches.to_vec(),
        }
    }

    /// The breakpoints, for a module of this length; the session has still to bind them.
    pub fn breakpoints(&self, len_bytes: usize) -> BTreeMap<BreakpointId, Breakpoint> {
        let fits =
            |wish: &&Wish| !matches!(wish.spec, BreakpointSpec::Offset { .. }) || self.len_bytes == len_bytes;
        let numbered = self.breakpoints.iter().filter(fits).zip(1..);
        numbered
            .map(|(wish, number)| {
                let state = BreakpointState {
                    id: BreakpointId(number),
                    spec: wish.spec.clone(),
                    enabled: wish.enabled,
                    rule: wish.rule.clone(),
                    locations: Vec::new(),
                    message: None,
                };
                (state.id, Breakpoint { state, awaited: true })
            })
            .collect()
    }

    fn is_empty(&self) -> bool {
        self.breakpoints.is_empty() && self.watches.is_empty()
    }
}

/// What was set, by module; the latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WishBook(Vec<(PathBuf, Wishes)>);

impl WishBook {
    /// Keeps what is set for the module of a file.
    pub fn note(&mut self, module: &Path, wishes: Wishes) {
        let module = absolute(module);
        self.0.retain(|(known, _)| *known != module);
        if !wishes.is_empty() {
            self.0.insert(0, (module, wishes));
            self.0.truncate(MOST_MODULES);
        }
    }

    /// What was set for the module of a file.
    pub fn of(&self, module: &Path) -> Wishes {
        let module = absolute(module);
        let found = self.0.iter().find(|(known, _)| *known == module);
        found.map(|(_, wishes)| wishes.clone()).unwrap_or_default()
    }
}

/// The same file by one name, wherever the window is started.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;
    use stepwell_debuginfo::ModuleOffset;

    fn breakpoint(number: u32, spec: BreakpointSpec) -> (BreakpointId, Breakpoint) {
        let state = BreakpointState {
            id: BreakpointId(number),
            spec,
            enabled: number.is_multiple_of(2),
            rule: StopRule {
                condition: Some(format!("n > {number}")),
                ..StopRule::default()
            },
            locations: Vec::new(),
            message: Some("moved".to_owned()),
        };
        (
            state.id,
            Breakpoint {
                state,
                awaited: false,
            },
        )
    }

    #[test]
    fn wishes_come_back_and_offsets_only_to_the_same_build() {
        let line = BreakpointSpec::Line {
            path: "list.c".to_owned(),
            line: 42,
        };
        let offset = BreakpointSpec::Offset {
            offset: ModuleOffset(0x123),
        };
        let set: BTreeMap<_, _> = [breakpoint(3, line.clone()), breakpoint(8, offset)].into();
        let watches = ["list->next".to_owned()];
        let mut book = WishBook::default();
        book.note(Path::new("a.wasm"), Wishes::of(&set, &watches, 100));
        let text = serde_json::to_string(&book).expect("text");
        let book: WishBook = serde_json::from_str(&text).expect("the same");

        let back = book.of(Path::new("a.wasm"));
        assert_eq!(back.watches, watches);
        let same = back.breakpoints(100);
        assert_eq!(same.len(), 2);
        assert!(
            same.values()
                .all(|breakpoint| breakpoint.awaited && breakpoint.state.message.is_none())
        );
        let other = back.breakpoints(101);
        let specs: Vec<_> = other.values().map(|breakpoint| &breakpoint.state.spec).collect();
        assert_eq!(specs, [&line]);
        assert_eq!(book.of(Path::new("b.wasm")), Wishes::default());
    }

    #[test]
    fn a_module_without_wishes_is_forgotten_and_so_are_the_oldest() {
        let watch = |text: &str| Wishes::of(&BTreeMap::new(), &[text.to_owned()], 1);
        let mut book = WishBook::default();
        for number in 0..=MOST_MODULES {
            book.note(Path::new(&format!("{number}.wasm")), watch("n"));
        }
        assert!(book.of(Path::new("0.wasm")).is_empty());
        assert!(!book.of(Path::new("1.wasm")).is_empty());
        book.note(Path::new("1.wasm"), Wishes::default());
        assert_eq!(book.0.len(), MOST_MODULES - 1);
    }
}
