//! Makes the seeds anew, from sample modules: `cargo run --example seeds`.

use std::path::{Path, PathBuf};
use stepwell_debuginfo_fuzz::{Base, LINES, LOCATIONS, SPLIT, TYPES, UNITS, seed};

const LINKAGE_NAMES: [&str; 8] = [
    "_ZN4bank4Bank3pay17h0123456789abcdefE",
    "_ZN8geometry5Shape4moveERKNS_5PointE",
    "_RNvMs_NtCs1234_7mycrate3fooNtB4_3Bar3newCs5678_4main",
    "_RINvNtC3std3mem8align_ofjdE",
    "_ZNSt3__112basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEE6appendEPKcm",
    "_ZZN3foo3barEvENKUlT_E_clIiEEDaS0_",
    "_ZN12_GLOBAL__N_11fIJidEEEvDpT_",
    "assembly/index/Stack#push",
];

/// For each language, from which line, as [`expressions`](stepwell_debuginfo_fuzz::expressions) counts: expressions.
const EXPRESSIONS: [(&str, &[&str]); 4] = [
    (
        "c",
        &[
            "*p->next + a[1] * (int)b.c - sizeof(struct point)",
            "(char *)mem32[0x1000..0x1010] == \"text\" ? 1.5e3f : 'c'",
            "&values[2] - values, $local3 << 2 | ~0x1fu",
            "colour == RED && !(flags & 3) || func[12]",
        ],
    ),
    (
        "+",
        &[
            "reinterpret_cast<std::vector<int> *>(&numbers)->__begin_[1]",
            "map[\"key\"].first != nullptr and static_cast<short>(-1) >> 3",
        ],
    ),
    (
        "r",
        &[
            "vec[1..=2].len as u8 + *boxed.0",
            "core::option::Option::<u32>::Some",
            "'\\u{1F600}' as u32 % 7",
        ],
    ),
    (
        "z",
        &[
            "slice[1..3].ptr.* +% @as(u8, .red) | maybe.?",
            "@sizeOf([*c]const u8) == std.mem.Allocator",
        ],
    ),
];

const LOCATIONS_OF_VARIABLES: [&[u8]; 9] = [
    // Local 0 is the value; local 1 is an address; the operand 1.
    &[0xed, 0, 0, 0x9f],
    &[0xed, 0, 1],
    &[0xed, 2, 1, 0x9f],
    // Frame base and 12.
    &[0x91, 12],
    // Pieces: bytes of local 0, nothing, bits of global 1.
    &[
        0xed, 0, 0, 0x9f, 0x93, 4, 0x93, 4, 0xed, 1, 1, 0x9f, 0x9d, 32, 4, 0x93, 2,
    ],
    // The value of local 0 at entry; a constant; a pointer to a variable at its byte 2.
    &[0xa3, 3, 0xed, 0, 0, 0x9f],
    &[0x9e, 8, 1, 2, 3, 4, 5, 6, 7, 8],
    &[0xf2, 60, 0, 0, 0, 2],
    // Arithmetic over what is read from memory.
    &[
        0xed, 0, 0, 0x23, 8, 0x06, 0x10, 0xff, 0x01, 0x1a, 0x31, 0x22, 0x30, 0x28, 1, 0, 0x9f,
    ],
];

fn write(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(name), bytes).expect("a file");
}

/// A seed of each base.
fn of_bases(target: &str, bases: &[Base]) {
    for (choice, base) in (0u8..).zip(bases) {
        let file = base.beside.first().map_or(base.module, |(_, bytes)| bytes);
        let mut bytes = vec![choice];
        bytes.extend(seed(file, base.sections));
        write(target, &choice.to_string(), &bytes);
    }
}

fn main() {
    let guests = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/guests");
    let read = |name: &str| std::fs::read(guests.join(name)).expect(name);
    for name in ["types5.wasm", "split.wasm", "kinds_cpp.wasm", "beside/add.wasm"] {
        write("open", &name.replace('/', "_"), &read(name));
    }
    for (target, bases) in [
        ("units", UNITS),
        ("types", TYPES),
        ("lines", LINES),
        ("locations", LOCATIONS),
        ("split", SPLIT),
    ] {
        of_bases(target, bases);
    }
    write("source_map", "sum", &read("beside/sum.wasm.map"));
    let indexed =
        br#"{"version":3,"sections":[{"offset":{"line":0,"column":60},"map":{"version":3,"sources":["a.ts"],
"sourcesContent":["let a;"],"sourceRoot":"x/","mappings":"AAAA,EAACC,GAAE"}}]}"#;
    write("source_map", "index", indexed);
    for (index, name) in LINKAGE_NAMES.iter().enumerate() {
        write("names", &index.to_string(), name.as_bytes());
    }
    for (index, expression) in LOCATIONS_OF_VARIABLES.iter().enumerate() {
        let mut bytes = vec![expression.len() as u8];
        bytes.extend(*expression);
        bytes.extend([0x40, 0, 0, 0, 0x80, 0, 0, 0, 7, 1, 0xff]);
        write("location", &index.to_string(), &bytes);
    }
    // Small numbers, and addresses into the frame behind the data of the guest.
    let words = [1u32, 0, 3, 0x1_0010, 2, 0x1_0040, 16, 0x7fff_ffff, 0x1_0000, 4];
    let frame: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    for (letter, expressions) in EXPRESSIONS {
        for (index, stop) in ["  ", "@ ", "~ ", " !", "@!"].iter().enumerate() {
            let bytes = [letter.as_bytes(), stop.as_bytes(), &frame].concat();
            write(
                "values",
                &format!("{}{index}", letter.replace('+', "cpp")),
                &bytes,
            );
        }
        for (index, expression) in expressions.iter().enumerate() {
            let bytes = [letter, "@ ", expression, "\n"].concat();
            let bytes = [bytes.as_bytes(), &frame].concat();
            write(
                "expressions",
                &format!("{}{index}", letter.replace('+', "cpp")),
                &bytes,
            );
        }
    }
}
