//! What compiled code looks like: the native text of clean code and of its twin, as golden text.
//!
//! Clean code must hold no stop site; the twin must be the clean code plus probes and nothing else.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use stepwell_engine::compile::{self, Compiled, Instrumentation, Stops, StoreCheck, native_rows};
use stepwell_engine::module::{Module, decode};

fn module(name: &str) -> Arc<Module> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/native")
        .join(name);
    let bytes = wat::parse_file(path).expect("the text parses");
    decode(bytes.into()).expect("the module is valid")
}

fn compiled(module: &Module, func: u32, stops: &Stops) -> Compiled {
    compile::compile(module, &module.vm_layout(), func, stops).expect("it compiles")
}

fn text(module: &Module, stops: &Stops) -> String {
    let mut out = String::new();
    for func in 0..module.func_types.len() as u32 {
        let name = module
            .names
            .funcs
            .get(&func)
            .cloned()
            .unwrap_or_else(|| format!("func[{func}]"));
        writeln!(out, "{name}:").expect("strings can be written");
        for row in native_rows(&compiled(module, func, stops)) {
            let offset = row.offset.map_or(String::new(), |offset| format!("0x{offset:x}"));
            writeln!(out, "{offset:>6}  {}", row.text).expect("strings can be written");
        }
    }
    out
}

fn check(golden: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/native")
        .join(golden);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, actual).expect("the golden can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(expected, actual, "{golden} differs; BLESS=1 accepts it");
}

#[test]
fn clean_code_has_no_stop_site() {
    if compile::supported().is_err() {
        return;
    }
    let text = text(&module("sum.wat"), &Stops::None);
    assert!(!text.contains("; stop"));
    check("sum.clean.txt", &text);
}

#[test]
fn the_twin_adds_probes_and_nothing_else() {
    if compile::supported().is_err() {
        return;
    }
    let module = module("sum.wat");
    check("sum.twin.txt", &text(&module, &Stops::All));
    for func in 0..module.func_types.len() as u32 {
        let lines = |stops: &Stops| -> Vec<String> {
            native_rows(&compiled(&module, func, stops))
                .into_iter()
                .map(|row| row.text)
                .collect()
        };
        let operands = |line: &String| line.split_whitespace().next().unwrap_or_default().to_string();
        let clean: Vec<String> = lines(&Stops::None).iter().map(operands).collect();
        let twin: Vec<String> = lines(&Stops::All)
            .iter()
            .filter(|line| !line.ends_with("; stop"))
            .map(operands)
            .collect();
        assert_eq!(clean, twin, "func[{func}]");
    }
}

#[test]
fn variants_agree_on_every_boundary() {
    if compile::supported().is_err() {
        return;
    }
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/guests/list/list.wasm");
    let list = decode(std::fs::read(list).expect("the sample").into()).expect("valid");
    for module in [module("sum.wat"), list] {
        for func in module.imported_funcs..module.func_types.len() as u32 {
            let clean = compiled(&module, func, &Stops::None);
            let twin = compiled(&module, func, &Stops::All);
            let watching = Instrumentation {
                stops: Stops::None,
                watched_stores: StoreCheck::Range,
            };
            let watching =
                compile::compile(&module, &module.vm_layout(), func, watching).expect("it compiles");
            let count = clean.frame_map.boundaries().count();
            for variant in [twin, watching] {
                assert_eq!(count, variant.frame_map.boundaries().count());
                for number in 0..count as u32 {
                    assert_eq!(
                        clean.frame_map.boundary(number),
                        variant.frame_map.boundary(number)
                    );
                }
            }
        }
    }
}
