//! Fuzz targets, one for each reader of debug information. Coverage guides them, so a nightly compiler builds them:
//!
//! ```sh
//! cargo install cargo-fuzz
//! cd debuginfo
//! cargo +nightly fuzz run -s none lines fuzz/corpus/lines fuzz/seeds/lines -- -max_total_time=600 -timeout=20 -rss_limit_mb=2048
//! ```
//!
//! Without a sanitizer, since the crate forbids `unsafe`: panics (of arithmetic, too), time and memory are what is looked for.
//!
//! The seeds are parts of sample modules, and are made anew by `cargo run --example seeds` in this folder. What a target
//! finds becomes a file under `debuginfo/tests/fuzzed/`, in the folder of the target's name; the test `fuzzed` runs all of
//! them and all seeds through the same functions, without instrumentation.
//!
//! # Inputs
//! - `open` is a module, `source_map` a source map, `names` a list of linkage names, one a line.
//! - `units`, `types`, `lines`, `locations` and `split` are custom sections ([`framed`]) that stand in for those of
//!   a small sound module: the engine's mutations keep to DWARF and do not have to keep lengths of sections right.
//! - `location` is a DWARF expression, the place of variables of several types, and the frame behind it.
//! - `expressions` is a line with a watch expression, and the frame behind it; `values` is a frame. Both look at sound
//!   modules of each language ([`guests`]), whose memory is theirs, so that what lies is the guest.

#[path = "../../tests/common/mod.rs"]
mod common;
mod framed;
mod guests;
mod location;

use common::questions::ask;
use common::senseless;
pub use framed::{framed, parts, seed};
pub use guests::{expressions, values};
pub use location::{Kind, location, module, module_of};
use std::path::Path;
use std::sync::Arc;
use stepwell_debuginfo::{CodeOffset, DebugInfo};

/// A target takes any bytes.
pub type Target = fn(&[u8]);

/// All targets, by name.
pub const TARGETS: [(&str, Target); 11] = [
    ("open", open),
    ("units", units),
    ("types", types),
    ("lines", lines),
    ("locations", locations),
    ("location", location),
    ("names", names),
    ("source_map", source_map),
    ("split", split),
    ("expressions", expressions),
    ("values", values),
];

/// A sound module, and the files beside it; the sections that an input may put something else for.
pub struct Base {
    pub module: &'static [u8],
    pub beside: &'static [(&'static str, &'static [u8])],
    pub sections: &'static [&'static str],
}

macro_rules! own {
    ($path:literal) => {
        include_bytes!(concat!("../../tests/guests/", $path))
    };
}

const UNIT_SECTIONS: &[&str] = &[
    ".debug_info",
    ".debug_types",
    ".debug_abbrev",
    ".debug_str",
    ".debug_str_offsets",
    ".debug_addr",
    ".debug_rnglists",
    ".debug_ranges",
];
const LIST_SECTIONS: &[&str] = &[
    ".debug_info",
    ".debug_loc",
    ".debug_loclists",
    ".debug_ranges",
    ".debug_rnglists",
    ".debug_addr",
];

const fn alone(module: &'static [u8], sections: &'static [&'static str]) -> Base {
    Base {
        module,
        beside: &[],
        sections,
    }
}

/// The modules of each target; the first byte of an input chooses.
pub const UNITS: &[Base] = &[
    alone(own!("types5.wasm"), UNIT_SECTIONS),
    alone(own!("types4.wasm"), UNIT_SECTIONS),
    alone(own!("beside/signature4.wasm"), UNIT_SECTIONS),
    alone(own!("beside/signature5.wasm"), UNIT_SECTIONS),
    alone(own!("beside/thread.wasm"), UNIT_SECTIONS),
];
pub const TYPES: &[Base] = &[
    alone(own!("types4.wasm"), &[".debug_info", ".debug_abbrev"]),
    alone(own!("arithmetic.wasm"), &[".debug_info", ".debug_abbrev"]),
    alone(own!("kinds_rust.wasm"), &[".debug_info", ".debug_abbrev"]),
    alone(own!("kinds_cpp.wasm"), &[".debug_info", ".debug_abbrev"]),
];
pub const LINES: &[Base] = &[
    alone(own!("beside/embedded.wasm"), &[".debug_line", ".debug_line_str"]),
    alone(own!("types4.wasm"), &[".debug_line"]),
    alone(own!("beside/add.wasm"), &[".debug_line", ".debug_line_str"]),
];
pub const LOCATIONS: &[Base] = &[
    alone(own!("beside/lost.wasm"), LIST_SECTIONS),
    alone(own!("beside/lost5.wasm"), LIST_SECTIONS),
];
pub const SPLIT: &[Base] = &[
    Base {
        module: own!("beside/split5.wasm"),
        beside: &[("pair5.dwo", own!("beside/pair5.dwo"))],
        sections: SPLIT_SECTIONS,
    },
    Base {
        module: own!("beside/split4.wasm"),
        beside: &[("pair4.dwo", own!("beside/pair4.dwo"))],
        sections: SPLIT_SECTIONS,
    },
    Base {
        module: own!("beside/split5.wasm"),
        beside: &[("split5.dwp", own!("beside/split5.dwp"))],
        sections: SPLIT_SECTIONS,
    },
    Base {
        module: own!("beside/split4.wasm"),
        beside: &[("split4.dwp", own!("beside/split4.dwp"))],
        sections: SPLIT_SECTIONS,
    },
];
const SPLIT_SECTIONS: &[&str] = &[
    ".debug_info.dwo",
    ".debug_abbrev.dwo",
    ".debug_str.dwo",
    ".debug_str_offsets.dwo",
    ".debug_loc.dwo",
    ".debug_loclists.dwo",
    ".debug_rnglists.dwo",
    ".debug_types.dwo",
    ".debug_cu_index",
    ".debug_tu_index",
];
const MAPPED: &[u8] = own!("beside/sum.wasm");
const EMPTY: &[u8] = own!("beside/only.wasm");

/// Code addresses of a small module, not all of them.
fn places() -> impl Iterator<Item = CodeOffset> {
    [0x05, 0x18, 0x39, 0x60, 0x90, 0xd0, 0x140, 0x1c0, 0x280, 0x340]
        .into_iter()
        .map(CodeOffset)
}

/// A module as it is: its own sections, names, imports.
pub fn open(data: &[u8]) {
    ask(&DebugInfo::parse(Arc::from(data)), places(), &senseless());
}

/// Sections of a module in place of its own.
fn replaced(bases: &[Base], data: &[u8]) {
    let Some((&choice, data)) = data.split_first() else {
        return;
    };
    let base = &bases[usize::from(choice) % bases.len()];
    let module = framed(base.module, data, base.sections);
    ask(&DebugInfo::parse(Arc::from(module)), places(), &senseless());
}

/// Units, abbreviations and what they refer to.
pub fn units(data: &[u8]) {
    replaced(UNITS, data);
}

/// Types, as variables have them.
pub fn types(data: &[u8]) {
    replaced(TYPES, data);
}

/// Line programs.
pub fn lines(data: &[u8]) {
    replaced(LINES, data);
}

/// Lists of locations and ranges.
pub fn locations(data: &[u8]) {
    replaced(LOCATIONS, data);
}

/// A `.dwo` or a `.dwp`: its sections in place of its own.
pub fn split(data: &[u8]) {
    let Some((&choice, data)) = data.split_first() else {
        return;
    };
    let choice = usize::from(choice) % SPLIT.len();
    let base = &SPLIT[choice];
    let files: Vec<(&str, Arc<[u8]>)> = (base.beside.iter())
        .map(|(name, bytes)| (*name, Arc::from(framed(bytes, data, base.sections))))
        .collect();
    let module_name = ["split5.wasm", "split4.wasm"][choice % 2];
    let info = DebugInfo::parse_with(Arc::from(base.module), &|wanted| {
        let candidates = wanted.candidates(Path::new(module_name));
        let found = (files.iter()).find(|(name, _)| candidates.iter().any(|path| path.as_os_str() == *name));
        found.map(|(_, bytes)| bytes.clone())
    });
    ask(&info, places(), &senseless());
}

/// A source map.
pub fn source_map(data: &[u8]) {
    let map: Arc<[u8]> = Arc::from(data);
    let info = DebugInfo::parse_with(Arc::from(MAPPED), &|_| Some(map.clone()));
    ask(&info, places(), &senseless());
}

/// Linkage names: of a function in the `name` section, and asked for.
pub fn names(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for name in text.lines().take(8) {
        let info = DebugInfo::parse(Arc::from(framed::with_function_name(EMPTY, name)));
        let shown = info.function_name(0);
        assert!(shown.len() <= 1 << 17, "{} bytes", shown.len());
        // Blanks around a wish are not meant.
        assert!(!info.functions_named(name).is_empty() || name != name.trim() || name.is_empty());
        for name in [shown.as_str(), name, "f"] {
            info.functions_named(name);
        }
        info.files_matching(name);
    }
}
