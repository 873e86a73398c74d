//! Containers that do not hold what they claim: absurd lengths, cycles, pointers to nowhere. Each says what is
//! wrong, shows its members as they are, and takes moderate time.

mod common;

use common::*;
use std::time::{Duration, Instant};
use stepwell_debuginfo::*;

/// A stop in a `values` sample, in memory made by hand.
struct Stop {
    info: DebugInfo,
    fake: Fake,
    at: CodeOffset,
}

impl Stop {
    fn new(source: &str, module: &str, stop_name: &str) -> Stop {
        let info = parse(&format!("values/{module}"));
        let text = std::fs::read_to_string(guest(&format!("values/{source}"))).unwrap();
        let marker = format!("// stop: {stop_name}");
        let line = 1 + text.lines().position(|line| line.ends_with(&marker)).unwrap() as u32;
        let at = stop(&info, source, line);
        let mut fake = Fake::new(0x200000);
        for local in 0..64 {
            fake.locals.insert(local, WasmValue::I32(0x100000));
        }
        Stop { info, fake, at }
    }

    fn node(&self, name: &str) -> ValueNode {
        let nodes = self.info.variables(self.at, 0, &self.fake);
        let found = nodes.into_iter().find(|node| node.name == name);
        found.unwrap_or_else(|| panic!("no {name}"))
    }

    /// Puts words where a variable is.
    fn put(&mut self, name: &str, words: &[u32]) {
        let address = self.node(name).address.unwrap();
        for (word, at) in words.iter().zip((address..).step_by(4)) {
            self.fake.put_u32(at, *word);
        }
    }

    fn children(&self, node: &ValueNode) -> Vec<ValueNode> {
        self.info.children(node.expand.as_ref().unwrap(), &self.fake)
    }

    /// The variable says that it cannot be read and why; its members are shown.
    fn broken(&self, name: &str, why: &str, member: &str) {
        let node = self.node(name);
        assert_eq!(node.text, format!("not readable: {why}"), "{name}");
        assert!(matches!(node.availability, Availability::NotReadable(_)));
        let members = self.children(&node);
        assert!(members.iter().any(|node| node.name == member), "{members:?}");
    }
}

#[test]
fn vectors_of_cpp() {
    for module in ["cpp_o0.wasm", "cpp_zig_o0.wasm"] {
        let mut stop = Stop::new("values.cpp", module, "vectors");
        stop.put("numbers", &[0x150000, 0x14fff0, 0x150000]);
        stop.broken(
            "numbers",
            "its end 0x14fff0 lies before its beginning 0x150000",
            "__end_",
        );
        stop.put("numbers", &[0x150000, 0x150006, 0x150010]);
        stop.broken("numbers", "its 6 bytes are no whole number of elements", "__end_");
        stop.put("numbers", &[0x150000, 0x150010, 0x150008]);
        stop.broken(
            "numbers",
            "its end 0x150010 lies past its room, which ends at 0x150008",
            "__end_",
        );
        stop.put("numbers", &[0x150000, 0xffff_fff0, 0xffff_fff0]);
        let claim = "claims 1073397756 elements at 0x150000, which reach outside memory";
        stop.broken("numbers", claim, "__begin_");
        // The same inside another: the words stand where the element would.
        stop.put("nested", &[0x160000, 0x16000c, 0x16000c]);
        stop.fake.put_u32(0x160000, 0x150000);
        stop.fake.put_u32(0x160004, 8);
        let nested = stop.node("nested");
        assert!(nested.text.contains("lies before its beginning"), "{nested:?}");
        stop.put("bits", &[0x150000, 0xffff_ffff, 1]);
        stop.broken(
            "bits",
            "claims 536870912 bytes of truth values at 0x150000, which reach outside memory",
            "__size_",
        );
    }
}

#[test]
fn lists_and_trees_of_cpp() {
    for module in ["cpp_o0.wasm", "cpp_zig_o0.wasm"] {
        let began = Instant::now();
        let mut stop = Stop::new("values.cpp", module, "sequences");
        // A list whose node is its own successor, for as long as it claims.
        stop.put("letters", &[0x150000, 0x150000, 100_000]);
        stop.fake.put_u32(0x150004, 0x150000);
        let letters = stop.node("letters");
        assert!(
            letters.text.starts_with("list(100000) {'\\0' (0), "),
            "{letters:?}"
        );
        let pages = stop.children(&letters);
        let last = pages.get(pages.len() - 2).unwrap();
        assert!(last.text.contains("only the first 65536 entries"), "{last:?}");
        let inner = stop.children(&pages[1]);
        let inner = stop.children(&inner[0]);
        assert_eq!(inner.len(), 100);
        assert_eq!(inner[0].name, "[10000]");
        let value = |text: &str| {
            let node = stop.info.evaluate(text, stop.at, 0, &stop.fake);
            node.map(|node| node.text).map_err(|error| error.message)
        };
        assert_eq!(value("letters[65535]").as_deref(), Ok("'\\0' (0)"));
        let why = "it is not among the first 65536 entries, and no others are walked to";
        assert_eq!(value("letters[65536]"), Err(why.to_string()));
        // More than memory holds.
        stop.put("letters", &[0x150000, 0x150000, 0xffff_ffff]);
        let claim = "claims 4294967295 elements at 0x0, which reach outside memory";
        assert_eq!(stop.node("letters").text, format!("not readable: {claim}"));
        // A node outside memory, and one where the list should not end.
        stop.put("list", &[0x150000, 0xffff_0000, 3]);
        assert_eq!(
            stop.node("list").text,
            "not readable: element 0 is lost: its node 0xffff0000 is none"
        );
        stop.put("list", &[0x150000, 0x150100, 3]);
        stop.fake.put(0x150108, &1.5f64.to_le_bytes());
        assert_eq!(
            stop.node("list").text,
            "list(3) {1.5, (element 1 is lost: its node 0x0 is none)}"
        );
        // One that never ends, of unknown length.
        stop.put("forward", &[0x150000]);
        stop.fake.put_u32(0x150000, 0x150000);
        stop.fake.put(0x150004, &[9, 0]);
        let forward = stop.node("forward");
        assert!(forward.text.starts_with("forward_list {9, 9, ") && forward.text.ends_with(", ...}"));
        let mut more = stop.children(&forward);
        assert_eq!((more.len(), more[100].name.as_str()), (102, "[100..]"));
        more = stop.children(&more[100]);
        assert_eq!(
            (more[0].name.as_str(), more[100].name.as_str()),
            ("[100]", "[200..]")
        );
        stop.put("deque", &[0, 0x150000, 0x150004, 0x150004, 5, 0xffff_0000]);
        assert!(
            stop.node("deque")
                .text
                .starts_with("not readable: claims 4294901760 elements from 5 on, in room for 1024")
        );
        let mut stop = Stop::new("values.cpp", module, "trees");
        // A tree whose node has itself on the right.
        stop.put("many", &[0x150000, 0x150000, 500]);
        stop.fake.put_u32(0x150004, 0x150000);
        stop.fake.put_u32(0x150000, 0x150000);
        let many = stop.node("many");
        assert_eq!(
            many.text,
            "map(500) {0: 0, (element 1 is lost: its node 0x0 is none)}"
        );
        assert!(
            began.elapsed() < Duration::from_secs(120),
            "{:?}",
            began.elapsed()
        );
    }
}

#[test]
fn choices_of_cpp() {
    let mut stop = Stop::new("values.cpp", "cpp_zig_o0.wasm", "choices");
    let some = stop.node("some").address.unwrap();
    stop.fake.put(some + 4, &[77]);
    assert_eq!(
        stop.node("some").text,
        "not readable: whether it has a value is 77"
    );
    let number = stop.node("number").address.unwrap();
    for (index, text) in [
        (9u32, "not readable: claims alternative 9 of 3"),
        (u32::MAX, "valueless"),
    ] {
        stop.fake.put_u32(number + 16, index);
        assert_eq!(stop.node("number").text, text);
    }
    let mut stop = Stop::new("values.cpp", "cpp_zig_o0.wasm", "pointers");
    stop.put("shared", &[0x150000, 0xffff_fff0]);
    assert_eq!(
        stop.node("shared").text,
        "not readable: its counts at 0xfffffff0 are outside memory"
    );
    // A short text that claims more than its room.
    let mut stop = Stop::new("values.cpp", "cpp_zig_o0.wasm", "texts");
    stop.put("brief", &[0x0000_00fe, 0, 0]);
    assert_eq!(
        stop.node("brief").text,
        "not readable: claims 127 characters in a room for 10"
    );
}

#[test]
fn objects_of_unknown_class() {
    let mut stop = Stop::new("values.cpp", "cpp_zig_o0.wasm", "classes");
    // A virtual table at which nothing describes a class.
    for table in [0u32, 4, 0x150000, 0xffff_fffc] {
        stop.put("animal", &[0x140000]);
        stop.fake.put_u32(0x140000, table);
        assert_eq!(stop.node("animal").text, "0x140000");
        assert!(!stop.children(&stop.node("animal")).is_empty());
    }
}

#[test]
fn containers_of_rust() {
    let mut stop = Stop::new("values.rs", "rust_o0.wasm", "sequences");
    // The order of a vector's words is the compiler's: equal ones fit any.
    stop.put("numbers", &[0x150000, 0x150000, 0x150000]);
    let numbers = stop.node("numbers");
    assert_eq!(
        numbers.text,
        "not readable: claims 1376256 elements at 0x150000, which reach outside memory"
    );
    assert!(stop.children(&numbers).iter().any(|node| node.name == "len"));
    let mut stop = Stop::new("values.rs", "rust_o0.wasm", "hashes");
    // Control bytes, mask, room left, entries.
    stop.put("one", &[0x150000, 3, 0, 9]);
    stop.broken("one", "claims 9 entries in 4 buckets", "base");
    stop.put("one", &[0x150000, 4, 0, 1]);
    stop.broken("one", "claims 1 entries in 5 buckets", "base");
    stop.put("one", &[0xffff_0000, 3, 0, 1]);
    stop.broken(
        "one",
        "claims 4 buckets at 0xffff0000, which reach outside memory",
        "base",
    );
    stop.fake.put(0x150000, &[0xff; 16]);
    stop.put("one", &[0x150000, 3, 0, 2]);
    assert_eq!(
        stop.node("one").text,
        "not readable: only 0 of 2 entries are in its first 4 buckets"
    );
    let mut stop = Stop::new("values.rs", "rust_o0.wasm", "trees");
    // Node, height, length.
    stop.put("squares", &[0x150000, 99, 200]);
    stop.broken("squares", "claims a tree of 99 levels", "root");
    stop.put("squares", &[0x150000, 1, 200]);
    let squares = stop.node("squares");
    assert_eq!(squares.text, "not readable: only 0 of 200 entries can be reached");
    assert!(stop.children(&squares).iter().any(|node| node.name == "[raw]"));
    let mut stop = Stop::new("values.rs", "rust_o0.wasm", "pointers");
    stop.put("shared", &[0xffff_ff00]);
    assert!(stop.node("shared").text.starts_with("not readable: "));
    stop.put("boxed", &[0]);
    assert_eq!(stop.node("boxed").text, "not readable: it refers to address 0");
    // A table of methods that no debug information describes.
    let mut stop = Stop::new("values.rs", "rust_o0.wasm", "traits");
    stop.put("animal", &[0x150000, 0x150100]);
    assert_eq!(
        stop.node("animal").text,
        "{pointer: 0x150000, vtable: [0, 0, 0, 0]}"
    );
}

#[test]
fn characters_that_are_none() {
    let mut stop = Stop::new("values.c", "c_o0.wasm", "wide");
    // `wchar_t` has a sign here, `char32_t` and `char16_t` have none.
    stop.put("buffer", &[0xffff_ffff, 0x8000_0000, 0x11_0000]);
    stop.put("letter", &[0xd800]);
    stop.put("few", &[0xffff_ffff]);
    let value = |text: &str| {
        stop.info
            .evaluate(text, stop.at, 0, &stop.fake)
            .map(|node| node.text)
    };
    let shown = |text: &str| value(text).unwrap_or_else(|error| error.message);
    assert_eq!(shown("buffer[0]"), "-1");
    assert_eq!(shown("buffer[1]"), "-2147483648");
    assert_eq!(shown("buffer[2]"), "1114112");
    assert_eq!(shown("(wchar_t)-1"), "-1");
    assert_eq!(shown("few[0]"), "4294967295");
    assert_eq!(shown("letter"), "55296");
    let buffer = stop.children(&stop.node("buffer"));
    assert_eq!(buffer[0].text, "-1");
}
