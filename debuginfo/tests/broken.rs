//! Broken input: damaged sections, and damaged files beside the module, give partial answers and a finding, and every
//! question comes back.
//!
//! The damage is scattered by seeds; what coverage guides is in `debuginfo/fuzz`, and what that found in `fuzzed`.

mod common;
#[path = "../fuzz/src/framed.rs"]
#[allow(dead_code)]
mod framed;

use common::questions::ask;
use common::*;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stepwell_debuginfo::*;
use wasmparser::{Parser, Payload};

/// Asks every question there is; returns how many answers came.
fn ask_everything(info: &DebugInfo) -> usize {
    ask_at(info, 307)
}

/// Asks at every `step`th address.
fn ask_at(info: &DebugInfo, step: usize) -> usize {
    ask(info, (0..0x4000).step_by(step).map(CodeOffset), &senseless())
}

fn debug_sections(module: &[u8]) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        let Ok(Payload::CustomSection(section)) = payload else {
            continue;
        };
        if section.name().starts_with(".debug") || section.name() == "name" {
            let range = section.data_range();
            found.push((
                section.name().to_string(),
                range.start as usize..range.end as usize,
            ));
        }
    }
    found
}

fn check(name: &str, module: Vec<u8>) {
    let start = Instant::now();
    ask_everything(&DebugInfo::parse(Arc::from(module)));
    let took = start.elapsed();
    assert!(took < Duration::from_secs(20), "{name} took {took:?}");
}

/// Numbers without order that are the same in every run.
fn scatter(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6364136223846793005)
        .wrapping_add(1442695040888963407);
    *state >> 33
}

/// The sample that is damaged; `GUEST` names another.
fn module() -> Vec<u8> {
    bytes(&std::env::var("GUEST").unwrap_or("list/list.wasm".to_string()))
}

fn rounds() -> usize {
    std::env::var("ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(6)
}

#[test]
fn whole_sample_answers() {
    // The questions mean something: the undamaged module answers thousands of them.
    assert!(ask_everything(&DebugInfo::parse(Arc::from(module()))) > 1500);
}

#[test]
fn flipped_bytes() {
    let module = module();
    let sections = debug_sections(&module);
    assert!(sections.iter().any(|(name, _)| name == ".debug_info"));
    let mut state = 1;
    for round in 0..rounds() {
        for (name, range) in &sections {
            let mut damaged = module.clone();
            // One byte in the front part (headers), one anywhere, one that becomes large.
            let len = range.len() as u64;
            let front = range.start + (scatter(&mut state) % len.min(64)) as usize;
            let anywhere = range.start + (scatter(&mut state) % len) as usize;
            match round % 3 {
                0 => damaged[front] ^= 1 << (scatter(&mut state) % 8),
                1 => damaged[anywhere] = scatter(&mut state) as u8,
                _ => (damaged[front], damaged[anywhere]) = (0xff, 0xff),
            }
            check(&format!("{name} round {round}"), damaged);
        }
    }
}

#[test]
fn cut_short() {
    let module = module();
    let sections = debug_sections(&module);
    let mut state = 7;
    for round in 0..rounds() / 4 {
        for (name, range) in &sections {
            // The rest of the section is zeros, then 0xff, then the file ends there.
            let cut = range.start + (scatter(&mut state) % range.len() as u64) as usize;
            for fill in [0, 0xff] {
                let mut damaged = module.clone();
                damaged[cut..range.end].fill(fill);
                check(&format!("{name} filled with {fill} round {round}"), damaged);
            }
            check(&format!("{name} ends round {round}"), module[..cut].to_vec());
        }
    }
}

#[test]
fn committed_samples_say_what_is_broken() {
    for (path, section) in [
        ("broken/dwarf_abbrev.wasm", ".debug_info"),
        ("broken/dwarf_info.wasm", ".debug_info"),
        ("broken/dwarf_info_length.wasm", ".debug_info"),
        ("broken/dwarf_line.wasm", ".debug_line"),
        ("broken/dwarf_line_length.wasm", ".debug_line"),
        ("broken/truncated.wasm", "module"),
    ] {
        let info = parse(path);
        let diagnostics = info.diagnostics();
        assert!(
            diagnostics.iter().any(|diagnostic| diagnostic.section == section),
            "{path}: {diagnostics:?}"
        );
        ask_everything(&info);
    }
}

#[test]
fn what_is_not_a_module() {
    for bytes in [
        &b""[..],
        b"\0asm",
        b"\0asm\x01\0\0\0",
        b"\0asm\x0d\0\x01\0",
        b"hello",
        &[0xff; 100],
    ] {
        let info = DebugInfo::parse(Arc::from(bytes));
        assert!(!info.has_lines());
        assert_eq!(info.function_name(3), "func[3]");
        assert_eq!(info.frames_at(CodeOffset(5)).len(), 1);
        ask_everything(&info);
    }
}

// ---- a reader each ----------------------------------------------------------------------------------------------

/// A module with what lies beside it, by name; what is damaged is one of them.
struct Case {
    module: &'static str,
    /// Files in the folder `beside`, and which custom sections or whole files to damage.
    beside: &'static [&'static str],
    /// The beginnings of the names of sections that are damaged; of none, whole side files.
    sections: &'static [&'static str],
}

const CASES: [(&str, Case); 9] = [
    (
        "units",
        Case {
            module: "types5.wasm",
            beside: &[],
            sections: &[
                ".debug_info",
                ".debug_abbrev",
                ".debug_str",
                ".debug_addr",
                ".debug_line_str",
            ],
        },
    ),
    (
        "lines",
        Case {
            module: "beside/embedded.wasm",
            beside: &[],
            sections: &[".debug_line"],
        },
    ),
    (
        "lines4",
        Case {
            module: "types4.wasm",
            beside: &[],
            sections: &[".debug_line", ".debug_ranges", ".debug_loc"],
        },
    ),
    (
        "locations",
        Case {
            module: "beside/lost.wasm",
            beside: &[],
            sections: &[".debug_loc", ".debug_ranges", ".debug_info"],
        },
    ),
    (
        "signatures",
        Case {
            module: "beside/signature4.wasm",
            beside: &[],
            sections: &[".debug_types", ".debug_info", ".debug_abbrev"],
        },
    ),
    (
        "split",
        Case {
            module: "beside/split5.wasm",
            beside: &["pair5.dwo", "hidden5.dwo"],
            sections: &[],
        },
    ),
    (
        "package",
        Case {
            module: "beside/split4.wasm",
            beside: &["split4.dwp"],
            sections: &[],
        },
    ),
    (
        "source map",
        Case {
            module: "beside/sum.wasm",
            beside: &["sum.wasm.map"],
            sections: &[],
        },
    ),
    (
        "names",
        Case {
            module: "beside/add.wasm",
            beside: &[],
            sections: &["name"],
        },
    ),
];

fn named_sections(module: &[u8], beginnings: &[&str]) -> Vec<Range<usize>> {
    let all = debug_sections(module).into_iter();
    all.filter(|(name, range)| !range.is_empty() && beginnings.iter().any(|start| name.starts_with(start)))
        .map(|(_, range)| range)
        .collect()
}

/// Changes some bytes of a range: one bit, one byte, a run of equal bytes, a piece moved, or an absurd number.
fn damage(bytes: &mut [u8], range: &Range<usize>, state: &mut u64) {
    let len = range.len() as u64;
    if len == 0 {
        return;
    }
    for _ in 0..=scatter(state) % 4 {
        let at = range.start + (scatter(state) % len) as usize;
        let run = (1 + scatter(state) % 16).min((range.end - at) as u64) as usize;
        match scatter(state) % 6 {
            0 => bytes[at] ^= 1 << (scatter(state) % 8),
            1 => bytes[at] = scatter(state) as u8,
            2 => bytes[at..at + run].fill([0, 0xff, 0x80, 0x7f][(scatter(state) % 4) as usize]),
            3 => {
                let from = range.start + (scatter(state) % len) as usize;
                let run = run.min(range.end - from);
                bytes.copy_within(from..from + run, at);
            }
            4 => bytes[at] = bytes[at].wrapping_add(1),
            _ => {
                let number = [0u32, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff];
                let number = number[(scatter(state) % 6) as usize].to_le_bytes();
                let run = number.len().min(range.end - at);
                bytes[at..at + run].copy_from_slice(&number[..run]);
            }
        }
    }
}

/// One round: the damage that belongs to the seed, and all questions.
fn round(case: &Case, seed: u64) -> Result<(), String> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut module = own(case.module);
    let mut beside: Vec<(String, Vec<u8>)> = (case.beside.iter())
        .map(|name| (name.to_string(), own(&format!("beside/{name}"))))
        .collect();
    if case.sections.is_empty() {
        let which = (scatter(&mut state) % beside.len() as u64) as usize;
        let bytes = &mut beside[which].1;
        // Half the time the front part: headers, and what a source map says before the texts it holds.
        let whole = 0..bytes.len();
        let part = 0..bytes
            .len()
            .min([256, usize::MAX][(scatter(&mut state) % 2) as usize]);
        damage(bytes, &part, &mut state);
        if scatter(&mut state).is_multiple_of(8) {
            bytes.truncate((scatter(&mut state) % whole.len() as u64) as usize);
        }
    } else {
        let sections = named_sections(&module, case.sections);
        let which = (scatter(&mut state) % sections.len() as u64) as usize;
        damage(&mut module, &sections[which], &mut state);
    }
    let name = case.module.rsplit('/').next().unwrap_or(case.module);
    let start = Instant::now();
    let asked = std::panic::catch_unwind(|| {
        let info = DebugInfo::parse_with(Arc::from(module.clone()), &|wanted| {
            let candidates = wanted.candidates(std::path::Path::new(name));
            let found = beside
                .iter()
                .find(|(name, _)| candidates.iter().any(|path| path.as_os_str() == name.as_str()));
            found.map(|(_, bytes)| Arc::from(bytes.clone()))
        });
        ask_at(&info, 0x29);
    });
    let took = start.elapsed();
    if asked.is_ok() && took < Duration::from_secs(20) {
        return Ok(());
    }
    let kept = std::env::temp_dir().join(format!("stepwell-debuginfo-{seed}.wasm"));
    let written = std::fs::write(&kept, &module);
    Err(format!(
        "seed {seed} took {took:?}, answered: {}; the module is in {} ({written:?})",
        asked.is_ok(),
        kept.display()
    ))
}

fn case(name: &str) -> &'static Case {
    let found = CASES.iter().find(|(known, _)| *known == name);
    &found.expect("a case of that name").1
}

#[test]
fn a_frame_base_in_terms_of_itself_ends() {
    round(case("signatures"), 1_052_570).expect("it comes back");
}

#[test]
fn each_reader_takes_a_little_damage() {
    for (name, case) in &CASES {
        for seed in 0..24 {
            round(case, seed).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

/// A line program of 64 000 files in a deep folder: many rows of the last of them, past what paths may take.
#[test]
fn many_rows_of_files_without_room() {
    use framed::{MARK, framed};
    let base = own("beside/forms.wasm");
    let sound = DebugInfo::parse(Arc::from(base.clone()));
    let at = sound.functions_named("forms")[0].stop_at.expect("a stop");
    let folder = "twenty characters/.../".repeat(180).into_bytes();
    for same in [false, true] {
        // A unit with lines, in a folder; DWARF 4.
        let abbreviations: &[u8] = &[1, 0x11, 0, 0x10, 0x17, 0x1b, 0x08, 0x13, 0x0b, 0, 0, 0];
        let mut unit = vec![4, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0];
        unit.extend(&folder);
        unit.extend([0, 4]);
        // Folders and files.
        let mut tables = folder.clone();
        tables.extend([0, 0]);
        for file in 0..64_000 {
            let name = if same { "f".to_string() } else { format!("f{file}") };
            tables.extend(name.into_bytes());
            tables.extend([0, 1, 0, 0]);
        }
        tables.push(0);
        // The least instruction, no line range to speak of, and no instructions of its own.
        let mut header = vec![1, 1, 1, 0, 1, 10, 0, 1, 1, 1, 1, 0, 0, 0, 1];
        header.extend(tables);
        let mut program = vec![0, 5, 2];
        program.extend((at.0 as u32).to_le_bytes());
        // Every file has a row (but those whose number would be a mark), then the last has many.
        for row in 1..600_000u32 {
            let file = if row & 0x3fff == 0x3b75 {
                1
            } else {
                row.min(64_000)
            };
            program.extend([
                4,
                file as u8 | 0x80,
                (file >> 7) as u8 | 0x80,
                (file >> 14) as u8,
                1,
            ]);
        }
        program.extend([0, 1, 1]);
        let mut lines = vec![4, 0];
        lines.extend((header.len() as u32).to_le_bytes());
        lines.extend(header);
        lines.extend(program);
        let mut input = [MARK, b".debug_abbrev\n", abbreviations].concat();
        for (name, bytes) in [(".debug_info", &unit), (".debug_line", &lines)] {
            input.extend([MARK, name.as_bytes(), b"\n"].concat());
            input.extend((bytes.len() as u32).to_le_bytes());
            input.extend(bytes);
        }
        let sections = [".debug_info", ".debug_abbrev", ".debug_line"];
        let start = Instant::now();
        let info = DebugInfo::parse(Arc::from(framed(&base, &input, &sections)));
        let said: Vec<String> = info
            .diagnostics()
            .into_iter()
            .map(|found| found.message)
            .collect();
        assert_eq!(
            said,
            ["Lines of  are missing: the paths of all files are too long together."]
        );
        let name = if same { "f" } else { "f7" };
        assert_eq!(info.files_matching(name).len(), 1);
        let took = start.elapsed();
        assert!(took < Duration::from_secs(40), "{took:?}");
    }
}
