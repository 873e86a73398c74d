// Values of Rust and its standard library, at marked stops. Before each stop the program prints what its
// variables hold, one line each: `STOP: EXPRESSION = VALUE`, written as a debugger would write it.
use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::hint::black_box;
use std::num::NonZeroU32;
use std::path::Path;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, RwLock};
use std::time::Duration;

macro_rules! say {
    ($stop:literal, $name:literal, $($value:tt)*) => {
        println!("{}: {} = {}", $stop, $name, format!($($value)*))
    };
}

/// What is passed here has to be in memory while the program is stopped.
#[inline(never)]
fn stop<T>(kept: &T) {
    black_box(kept);
}

#[derive(Clone, Debug, PartialEq)]
struct Point {
    x: f64,
    y: f64,
}

#[derive(Debug)]
struct Unit;

#[derive(Debug)]
struct Metres(f32);

#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(dead_code)]
enum Colour {
    Red,
    Green = 5,
}

#[derive(Debug)]
#[allow(dead_code)]
enum Shape {
    Nothing,
    Circle(f64),
    Rect { w: i32, h: i32 },
    Named(String, Box<Shape>),
}

#[allow(dead_code)]
enum Tree {
    Leaf,
    Node(Box<Tree>, i32, Box<Tree>),
}

trait Animal {
    fn legs(&self) -> u32;
}

struct Cat {
    lives: u32,
}

struct Bird(u8);

/// Lies further behind the counts of its owners than others do.
#[derive(Debug)]
#[repr(align(16))]
#[allow(dead_code)]
struct Whale {
    tons: u64,
    songs: u8,
}

impl Animal for Whale {
    fn legs(&self) -> u32 {
        u32::from(self.songs) - 2
    }
}

impl Animal for Cat {
    fn legs(&self) -> u32 {
        4 + self.lives - 9
    }
}

impl Animal for Bird {
    fn legs(&self) -> u32 {
        u32::from(self.0)
    }
}

#[inline(never)]
fn scalars(n: i32) {
    let truth = n == 1;
    let letter = if n == 1 { 'ß' } else { 'x' };
    let byte = 200u8 + n as u8;
    let small = -5i8 * n as i8;
    let word = -3 * n;
    let wide = -6_000_000_000i64 * i64::from(n);
    let huge = 170_141_183_460_469_231_731_687_303_715_884_105_727i128 - i128::from(n);
    let size = 12usize * n as usize;
    let single = 1.5f32 * n as f32;
    let double = -0.25f64 * f64::from(n);
    let pair = (n, 2.5f64);
    let unit = ();
    let array = [1i16, 2, 3 * n as i16];
    say!("scalars", "n", "{n}");
    say!("scalars", "truth", "{truth}");
    say!("scalars", "letter", "{letter:?}");
    say!("scalars", "byte", "{byte}");
    say!("scalars", "small", "{small}");
    say!("scalars", "word", "{word}");
    say!("scalars", "wide", "{wide}");
    say!("scalars", "huge", "{huge}");
    say!("scalars", "size", "{size}");
    say!("scalars", "single", "{single:?}");
    say!("scalars", "double", "{double:?}");
    say!("scalars", "pair", "{pair:?}");
    say!("scalars", "unit", "{unit:?}");
    say!("scalars", "array", "{array:?}");
    stop(&(n, truth, letter, byte, small, word, wide, huge, size, single, double)); // stop: scalars
    black_box((pair, array));
}

#[inline(never)]
fn texts(n: usize) {
    let none = String::new();
    let owned = "x".repeat(n) + "yz";
    let text: &str = &"sliced text"[..6 * n];
    let boxed: Box<str> = "boxed".into();
    let borrowed: Cow<str> = Cow::Borrowed("lent");
    let made: Cow<str> = Cow::Owned("made".to_string());
    let quoted = "a \"b\" \n ü";
    let bytes: &[u8] = b"abc";
    let shared: Rc<str> = "shared".into();
    let path = std::path::PathBuf::from("/a/b");
    say!("texts", "none", "{none:?}");
    say!("texts", "owned", "{owned:?}");
    say!("texts", "text", "{text:?}");
    say!("texts", "boxed", "{boxed:?}");
    say!("texts", "borrowed", "Borrowed({borrowed:?})");
    say!("texts", "made", "Owned({made:?})");
    say!("texts", "quoted", "{quoted:?}");
    say!("texts", "bytes", "[97, 98, 99]");
    say!("texts", "shared", "{shared:?} (strong 1, weak 0)");
    say!("texts", "path", "{path:?}");
    stop(&(&none, &owned, text, &boxed, &borrowed, &made, quoted, bytes, &shared, &path)); // stop: texts
}

#[inline(never)]
fn sequences(n: i32) {
    let none: Vec<i32> = Vec::new();
    let numbers = vec![1, 2, 3 * n];
    let words = vec!["one".to_string(), "two".to_string()];
    let nested = vec![vec![1u8], vec![2, 3]];
    let slice = &numbers[1..];
    let boxed: Box<[i32]> = vec![7, 8].into();
    let grid = [[1, 2], [3, 4 * n]];
    let points = [Point { x: 1.0, y: 2.0 }, Point { x: 3.0, y: -4.5 }];
    let mut queue: VecDeque<i32> = (0..4).collect();
    queue.rotate_left(1);
    queue.pop_front();
    queue.push_back(9);
    queue.push_back(10 * n);
    let many = vec![n; 1000];
    say!("sequences", "none", "Vec(0) []");
    say!("sequences", "numbers", "Vec(3) {numbers:?}");
    say!("sequences", "numbers[2]", "{}", numbers[2]);
    say!("sequences", "words", "Vec(2) {words:?}");
    say!("sequences", "nested", "Vec(2) [Vec(1) [1], Vec(2) [2, 3]]");
    say!("sequences", "slice", "{slice:?}");
    say!("sequences", "boxed", "{boxed:?}");
    say!("sequences", "grid", "{grid:?}");
    say!("sequences", "points", "[{{x: 1.0, y: 2.0}}, {{x: 3.0, y: -4.5}}]");
    say!("sequences", "queue", "VecDeque({}) {queue:?}", queue.len());
    stop(&(&none, &numbers, &words, &nested, slice, &boxed, &grid, &points, &queue, &many)); // stop: sequences
}

#[inline(never)]
fn enums(n: i32) {
    let some = Some(n);
    let nothing: Option<i32> = None;
    let niche = Some(Box::new(n + 4));
    let empty: Option<Box<i32>> = None;
    let text = Some("text".to_string());
    let no_text: Option<String> = None;
    let fine: Result<i32, String> = Ok(n);
    let failed: Result<i32, String> = Err("bad".to_string());
    let colour = if n == 1 { Colour::Green } else { Colour::Red };
    let shapes = [
        Shape::Nothing,
        Shape::Circle(1.5),
        Shape::Rect { w: n, h: 2 },
        Shape::Named("box".to_string(), Box::new(Shape::Circle(2.5))),
    ];
    let nested = Some(Some(n == 1));
    let number = NonZeroU32::new(n as u32);
    let letter: Option<char> = None;
    let tree = Tree::Node(Box::new(Tree::Leaf), n, Box::new(Tree::Leaf));
    say!("enums", "some", "{some:?}");
    say!("enums", "nothing", "{nothing:?}");
    say!("enums", "niche", "{niche:?}");
    say!("enums", "empty", "{empty:?}");
    say!("enums", "text", "{text:?}");
    say!("enums", "no_text", "{no_text:?}");
    say!("enums", "fine", "{fine:?}");
    say!("enums", "failed", "{failed:?}");
    say!("enums", "colour", "Colour::{colour:?}");
    say!("enums", "shapes[0]", "Nothing");
    say!("enums", "shapes[1]", "Circle(1.5)");
    say!("enums", "shapes[2]", "Rect {{w: {n}, h: 2}}");
    say!("enums", "shapes[3]", "Named(\"box\", Circle(2.5))");
    say!("enums", "nested", "{nested:?}");
    say!("enums", "number", "{number:?}");
    say!("enums", "letter", "{letter:?}");
    say!("enums", "tree", "Node(Leaf, {n}, Leaf)");
    stop(&(&some, &nothing, &niche, &empty, &text, &no_text, &fine, &failed, &colour, &shapes)); // stop: enums
    black_box((nested, number, letter, tree));
}

#[inline(never)]
fn pointers(n: i32) {
    let boxed = Box::new(n + 1);
    let point = Box::new(Point { x: 1.5, y: f64::from(n) });
    let shared = Rc::new(n + 2);
    let again = shared.clone();
    let weak: Weak<i32> = Rc::downgrade(&shared);
    let atomic = Arc::new("arc".to_string());
    let cell = Cell::new(n);
    let changing = RefCell::new(vec![n]);
    let linked = Rc::new(RefCell::new(n * 5));
    let locked = Mutex::new(n + 6);
    let reference = &*point;
    let twice = &reference;
    let raw: *const i32 = &*boxed;
    let function: fn(i32) = scalars;
    say!("pointers", "boxed", "{boxed}");
    say!("pointers", "point", "{{x: 1.5, y: {:?}}}", point.y);
    say!("pointers", "shared", "{shared} (strong 2, weak 1)");
    say!("pointers", "again", "{again} (strong 2, weak 1)");
    say!("pointers", "weak", "{shared} (strong 2, weak 1)");
    say!("pointers", "atomic", "{atomic:?} (strong 1, weak 0)");
    say!("pointers", "cell", "{}", cell.get());
    say!("pointers", "changing", "Vec(1) {:?}", changing.borrow());
    say!("pointers", "linked", "{} (strong 1, weak 0)", linked.borrow());
    say!("pointers", "locked", "{}", locked.lock().unwrap());
    say!("pointers", "reference", "{{x: 1.5, y: {:?}}}", reference.y);
    say!("pointers", "twice", "{{x: 1.5, y: {:?}}}", twice.y);
    say!("pointers", "raw", "{raw:?}");
    say!("pointers", "function", "values::scalars");
    stop(&(&boxed, &point, &shared, &again, &weak, &atomic, &cell, &changing, &linked, &locked)); // stop: pointers
    black_box((twice, raw, function));
}

#[inline(never)]
fn hashes(n: i32) {
    let one: HashMap<&str, i32> = HashMap::from([("only", 5 * n)]);
    // Of more than one entry the order must be the same in every run.
    let squares: HashMap<i32, i64, BuildHasherDefault<DefaultHasher>> = (0..20).map(|i| (i, i64::from(i) * i64::from(i))).collect();
    let seen: HashSet<char> = HashSet::from(['q']);
    let none: HashMap<String, String> = HashMap::new();
    let lists: HashMap<String, Vec<i32>> = HashMap::from([("k".to_string(), vec![n, 2])]);
    say!("hashes", "one", "HashMap(1) {{\"only\": {}}}", one["only"]);
    say!("hashes", "seen", "HashSet(1) {{'q'}}");
    say!("hashes", "none", "HashMap({}) {{}}", none.len());
    say!("hashes", "lists", "HashMap(1) {{\"k\": Vec(2) [{n}, 2]}}");
    stop(&(&one, &squares, &seen, &none, &lists)); // stop: hashes
}

#[inline(never)]
fn trees(n: i32) {
    let ages: BTreeMap<String, i32> = BTreeMap::from([("ann".to_string(), 31), ("bob".to_string(), 4 * n)]);
    let squares: BTreeMap<i32, i64> = (0..200).map(|i| (i, i64::from(i) * i64::from(i))).collect();
    let letters: BTreeSet<char> = BTreeSet::from(['b', 'a']);
    let none: BTreeMap<u8, u8> = BTreeMap::new();
    let bytes: BTreeMap<u8, u64> = BTreeMap::from([(3, 30), (1, 10)]);
    say!("trees", "ages", "BTreeMap(2) {{\"ann\": 31, \"bob\": {}}}", ages["bob"]);
    say!("trees", "squares", "BTreeMap(200) {{0: 0, 1: 1, 2: 4, 3: 9, 4: 16, 5: 25, 6: 36, 7: 49, 8: 64, 9: 81, 10: 100, 11: 121, 12: 144, 13: 169, ...}}");
    say!("trees", "letters", "BTreeSet(2) {{'a', 'b'}}");
    say!("trees", "none", "BTreeMap({}) {{}}", none.len());
    say!("trees", "bytes", "BTreeMap(2) {{1: 10, 3: 30}}");
    stop(&(&ages, &squares, &letters, &none, &bytes)); // stop: trees
}

#[inline(never)]
fn traits(n: i32) {
    let cat = Cat { lives: 9 };
    let animal: &dyn Animal = if n == 1 { &cat } else { &Bird(2) };
    let boxed: Box<dyn Animal> = Box::new(Bird(2));
    let all: Vec<Box<dyn Animal>> = vec![Box::new(Cat { lives: 7 }), Box::new(Bird(2))];
    let shared: Rc<dyn Animal> = Rc::new(Bird(3));
    let legs = animal.legs() + boxed.legs() + all[0].legs() + shared.legs();
    say!("traits", "cat", "{{lives: {}}}", cat.lives);
    say!("traits", "animal", "values::Cat {{lives: 9}}");
    say!("traits", "boxed", "values::Bird(2)");
    say!("traits", "all", "Vec(2) [values::Cat {{lives: 7}}, values::Bird(2)]");
    say!("traits", "legs", "{legs}");
    stop(&(&cat, animal, &boxed, &all, &shared, legs)); // stop: traits
}

#[inline(never)]
fn records<'a, T: std::fmt::Debug>(n: i32, item: &'a T) -> &'a T {
    let point = Point { x: 1.5, y: f64::from(n) };
    let metres = Metres(2.5);
    let unit = Unit;
    let tuple = (n, "two", Point { x: 0.5, y: 0.25 });
    let range = 1..n + 4;
    say!("records", "n", "{n}");
    say!("records", "point", "{{x: 1.5, y: {:?}}}", point.y);
    say!("records", "metres", "({:?})", metres.0);
    say!("records", "tuple", "({n}, \"two\", {{x: 0.5, y: 0.25}})");
    say!("records", "tuple.0", "{}", tuple.0);
    say!("records", "tuple.2.y", "{:?}", tuple.2.y);
    say!("records", "range", "{range:?}");
    say!("records", "item", "{item:?}");
    stop(&(&point, &metres, &unit, &tuple, &range, item)); // stop: records
    item
}

#[inline(never)]
fn closures(n: i32) -> i32 {
    let scale = 3 * n;
    let unit = "cm".to_string();
    let by_reference = || unit.len() as i32 * scale;
    let mut total = 10;
    let moved = {
        let unit = unit.clone();
        move |of: i32| {
            let product = of * scale;
            say!("captured", "of", "{of}");
            say!("captured", "product", "{product}");
            stop(&(of, product, &unit)); // stop: captured
            product
        }
    };
    total += by_reference();
    say!("closures", "scale", "{scale}");
    say!("closures", "unit", "{unit:?}");
    say!("closures", "total", "{total}");
    say!("closures", "by_reference", "{{unit: {unit:?}, scale: {scale}}}");
    stop(&(&scale, &unit, &by_reference, &total, &moved)); // stop: closures
    moved(2) + total
}

#[inline(never)]
fn owners(n: i32) {
    let bird: Rc<dyn Animal> = Rc::new(Bird(n as u8 + 1));
    let watcher = Rc::downgrade(&bird);
    let whale: Rc<dyn Animal> = Rc::new(Whale { tons: 100 * n as u64, songs: 2 });
    let atomic: Arc<dyn Animal> = Arc::new(Whale { tons: 7, songs: 3 });
    let plain = Rc::new(Whale { tons: 8, songs: 4 });
    let numbers: Rc<[u16]> = Rc::from([n as u16, 2, 3]);
    let pairs: Arc<[[u8; 2]]> = Arc::from([[1, 2], [3, n as u8]]);
    let text: Arc<str> = Arc::from("atomic");
    let gone: Weak<i32> = Rc::downgrade(&Rc::new(n));
    let any: Box<dyn std::fmt::Debug + Send> = Box::new(Whale { tons: 9, songs: 5 });
    let cell = RefCell::new(Point { x: 1.0, y: f64::from(n) });
    let borrowed = cell.borrow();
    let pinned: Pin<Box<i32>> = Box::pin(n + 3);
    let path = Path::new("/some/path");
    let flag = AtomicBool::new(n == 1);
    let once: OnceCell<i32> = OnceCell::from(n);
    say!("owners", "bird", "values::Bird({}) (strong 1, weak 1)", n + 1);
    say!("owners", "watcher", "values::Bird({}) (strong 1, weak 1)", n + 1);
    say!("owners", "whale", "values::Whale {{tons: {}, songs: 2}} (strong 1, weak 0)", 100 * n);
    say!("owners", "atomic", "values::Whale {{tons: 7, songs: 3}} (strong 1, weak 0)");
    say!("owners", "plain", "{{tons: 8, songs: 4}} (strong 1, weak 0)");
    say!("owners", "numbers", "{numbers:?} (strong 1, weak 0)");
    say!("owners", "pairs", "{pairs:?} (strong 1, weak 0)");
    say!("owners", "text", "{text:?} (strong 1, weak 0)");
    say!("owners", "gone", "(its value was dropped)");
    say!("owners", "any", "values::Whale {{tons: 9, songs: 5}}");
    say!("owners", "borrowed", "{{x: 1.0, y: {:?}}}", borrowed.y);
    say!("owners", "pinned", "{pinned}");
    say!("owners", "path", "{path:?}");
    say!("owners", "flag", "{}", n == 1);
    say!("owners", "once", "Some({n})");
    stop(&(&bird, &watcher, &whale, &atomic, &plain, &numbers, &pairs, &text, &gone, &any)); // stop: owners
    black_box((&borrowed, &pinned, path, &flag, &once, whale.legs() + atomic.legs()));
}

#[inline(never)]
fn held(n: i32) {
    let list: LinkedList<i32> = (0..3).map(|x| x * n).collect();
    let no_list: LinkedList<String> = LinkedList::new();
    let heap = BinaryHeap::from([n as u8]);
    let lock: OnceLock<String> = OnceLock::from("made".repeat(n as usize));
    let unset: OnceLock<u8> = OnceLock::new();
    let lazy: LazyLock<u16> = LazyLock::new(|| 7);
    let made = *lazy;
    let mutex = Mutex::new(vec![n]);
    let guard = mutex.lock().unwrap();
    let shared = RwLock::new(Some(n));
    let reading = shared.read().unwrap();
    let short = Duration::from_micros(1500 * n as u64);
    let long = Duration::new(61, 50_000_000);
    let range = n..5;
    let closed = 0..=n as u8;
    let half = ..n;
    let rest = [1, 2, n + 2];
    let mut ahead = rest.iter();
    ahead.next();
    let mut letters = "añb".chars();
    letters.next();
    let mut rows = vec![vec![n; 2]; 2];
    let row = &mut rows[1];
    row[0] = 5;
    let lent = &n;
    let again = &&lent;
    let colour = &Colour::Green;
    say!("held", "list", "LinkedList(3) [0, {n}, {}]", 2 * n);
    say!("held", "list[2]", "{}", 2 * n);
    say!("held", "no_list", "LinkedList(0) []");
    say!("held", "heap", "Vec(1) [{n}]");
    say!("held", "lock", "{:?}", lock.get().unwrap());
    say!("held", "unset", "(not set)");
    say!("held", "lazy", "{made}");
    say!("held", "guard", "Vec(1) {guard:?}");
    say!("held", "reading", "{reading:?}");
    say!("held", "short", "{short:?}");
    say!("held", "long", "{long:?}");
    say!("held", "range", "{range:?}");
    say!("held", "closed", "{closed:?}");
    say!("held", "half", "{half:?}");
    say!("held", "ahead", "Iter(2) [2, {}]", n + 2);
    say!("held", "letters", "{:?}", letters.as_str());
    say!("held", "row[0]", "{}", row[0]);
    say!("held", "lent + 1", "{}", lent + 1);
    say!("held", "again == lent", "{}", **again == lent);
    say!("held", "*colour as u8", "{}", *colour as u8);
    say!("held", "colour as u8", "{}", *colour as u8);
    stop(&(&list, &no_list, &heap, &lock, &unset, &lazy, &guard, &reading, &short, &long, &range)); // stop: held
    black_box((&closed, &half, &rest, &ahead, &letters, row, lent, again, colour));
}

fn main() {
    let n = std::env::args().count() as i32;
    scalars(n);
    texts(n as usize);
    sequences(n);
    enums(n);
    pointers(n);
    hashes(n);
    trees(n);
    traits(n);
    records(n, &"generic");
    closures(n);
    owners(n);
    held(n);
}
