//! Programs that throw and catch, as text, from a number: constructs of both kinds (`try_table`, and `try` as it was
//! before) nested in one another and in loops, with operands beneath them, locals of every type that change before
//! something is thrown, calls of one another directly and through a table, and references to what was caught.
//!
//! A program ends: a global is counted down where functions and loops begin, and each returns when it is used up.

use std::fmt::Write as _;

/// Tags by their parameters.
const TAGS: [&[&str]; 6] = [
    &[],
    &["i32"],
    &["i64", "f64"],
    &["v128", "i32"],
    &["f32", "i32", "i64", "v128", "f64", "i32", "v128"],
    &["exnref", "i32"],
];

/// Locals of every function, parameters first. The last ones count the turns of loops.
const LOCALS: [&str; 18] = [
    "i32", "i64", "f64", "v128", "i32", "i32", "i64", "f32", "f64", "v128", "exnref", "i32", "exnref", "f32",
    "i32", "i32", "i32", "i32",
];
const PARAMS: usize = 4;
/// The first local that counts turns.
const TURNS: usize = 14;
const FUNCS: usize = 6;
/// Constructs that lie in one another.
const DEEPEST: usize = 4;

/// A stream of numbers from a seed (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// A function's text.
struct Body<'a> {
    numbers: &'a mut Numbers,
    text: String,
    /// Labels of constructs that are open.
    labels: usize,
    /// Which of them are arms of an old `try`, by how many labels were open before.
    arms: Vec<usize>,
}

/// The program of a number.
pub fn program(seed: u64) -> String {
    let mut numbers = Numbers(seed);
    let mut text = String::from("(module (memory (export \"memory\") 1)\n");
    for (tag, params) in TAGS.iter().enumerate() {
        let _ = writeln!(text, "(tag $t{tag} (param {}))", params.join(" "));
    }
    let params = LOCALS[..PARAMS].join(" ");
    let _ = writeln!(text, "(type $f (func (param {params}) (result i32)))");
    let _ = writeln!(text, "(global $left (mut i32) (i32.const 0))");
    let _ = writeln!(
        text,
        "(global $random (mut i32) (i32.const {}))",
        numbers.below(1 << 30)
    );
    let _ = writeln!(text, "(global $sum (mut i64) (i64.const 0))");
    let _ = writeln!(text, "(global $kept (mut exnref) (ref.null exn))");
    let _ = writeln!(text, "(table $refs 3 exnref)");
    let funcs: Vec<String> = (0..FUNCS).map(|func| format!("$f{func}")).collect();
    let _ = writeln!(text, "(table $funcs funcref (elem {}))", funcs.join(" "));
    for func in 0..FUNCS {
        let mut body = Body {
            numbers: &mut numbers,
            text: String::new(),
            labels: 0,
            arms: Vec::new(),
        };
        body.whole();
        let locals = LOCALS[PARAMS..].join(" ");
        let _ = writeln!(text, "(func $f{func} (type $f) (local {locals})\n{})", body.text);
    }
    let _ = writeln!(text, "(func (export \"_start\") (local i32)");
    let _ = writeln!(text, "(loop $again (global.set $left (i32.const 150))");
    for func in 0..FUNCS {
        let _ = writeln!(
            text,
            "(block $all (try_table (catch_all $all) (global.set $sum (i64.add (global.get $sum) (i64.extend_i32_u
               (call $f{func} (local.get 0) (i64.const {func}) (f64.const 1.5)
                 (v128.const i32x4 1 2 3 {func})))))))"
        );
    }
    text.push_str(
        "(br_if $again (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 6)))))\n)\n",
    );
    text
}

impl Body<'_> {
    fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    /// Opens a construct.
    fn open(&mut self, line: impl AsRef<str>) {
        self.line(line);
        self.labels += 1;
    }

    fn end(&mut self) {
        self.line("end");
        self.labels -= 1;
    }

    fn whole(&mut self) {
        self.count_down();
        for (local, ty) in LOCALS.iter().enumerate().take(TURNS).skip(PARAMS) {
            if *ty == "i32" {
                self.random(1000);
                self.line(format!("local.set {local}"));
            }
        }
        for _ in 0..4 {
            self.statement(0);
        }
        self.push("i32");
    }

    /// Pushes a number below another one: the next of a stream that the program makes as it runs.
    fn random(&mut self, below: u32) {
        self.line(format!(
            "(global.set $random (i32.add (i32.mul (global.get $random) (i32.const 1103515245)) (i32.const 12345)))
             (i32.rem_u (i32.shr_u (global.get $random) (i32.const 16)) (i32.const {below}))"
        ));
    }

    /// Returns if there is nothing left to be counted down.
    fn count_down(&mut self) {
        self.line("(global.set $left (i32.sub (global.get $left) (i32.const 1)))");
        self.line("(if (i32.lt_s (global.get $left) (i32.const 0)) (then (return (i32.const 1))))");
    }

    fn local(&mut self, ty: &str) -> usize {
        loop {
            let local = self.numbers.below(TURNS);
            if LOCALS[local] == ty {
                return local;
            }
        }
    }

    /// Pushes a value of a type.
    fn push(&mut self, ty: &str) {
        let (local, number) = (self.local(ty), self.numbers.below(1000));
        let line = match (ty, self.numbers.below(4)) {
            ("exnref", 0) => "global.get $kept".to_string(),
            ("exnref", 1) => format!("(table.get $refs (i32.const {}))", number % 3),
            (_, 0 | 1) | ("exnref", _) => format!("local.get {local}"),
            ("v128", 2) => format!("v128.const i64x2 {number} 7"),
            ("v128", _) => format!("(i32x4.add (local.get {local}) (i32x4.splat (i32.const {number})))"),
            (_, 2) => format!("{ty}.const {number}"),
            _ => format!("({ty}.add (local.get {local}) ({ty}.const {number}))"),
        };
        self.line(line);
    }

    /// Takes a value of a type off the stack.
    fn take(&mut self, ty: &str) {
        let local = self.local(ty);
        let number = self.numbers.below(3);
        let line = match (ty, self.numbers.below(5)) {
            (_, 0) => "drop".to_string(),
            ("exnref", 1) => "global.set $kept".to_string(),
            ("exnref", 2) => {
                format!("local.set {local} (table.set $refs (i32.const {number}) (local.get {local}))")
            }
            ("i32", 1) => "i64.extend_i32_u global.get $sum i64.add global.set $sum".to_string(),
            ("i32", 2) => format!("local.set {local} (i32.store (i32.const {number}) (local.get {local}))"),
            ("v128", 1) => format!("local.set {local} (v128.store (i32.const 64) (local.get {local}))"),
            ("i64", 1) => "global.get $sum i64.const 31 i64.mul i64.add global.set $sum".to_string(),
            _ => format!("local.set {local}"),
        };
        self.line(line);
    }

    fn take_all(&mut self, types: &[&str]) {
        for ty in types.iter().rev() {
            self.take(ty);
        }
    }

    /// Some are more frequent than others, so that they are caught.
    fn tag(&mut self) -> usize {
        [0, 1, 1, 2, 3, 3, 3, 4, 5][self.numbers.below(9)]
    }

    fn some_type(&mut self) -> &'static str {
        ["i32", "i64", "f32", "f64", "v128", "exnref"][self.numbers.below(6)]
    }

    fn statement(&mut self, depth: usize) {
        let choices = if depth < DEEPEST { 20 } else { 10 };
        match self.numbers.below(choices) {
            0..=3 => {
                let ty = self.some_type();
                self.push(ty);
                self.take(ty);
            }
            4 | 5 => self.call(),
            6 | 7 => self.throw_sometimes(depth),
            8 => self.throw_what_was_caught(),
            9 => self.tail_call_sometimes(),
            10 => self.over_operands(depth),
            11 => {
                let turns = TURNS + depth;
                self.line(format!("(local.set {turns} (i32.const 3))"));
                self.open("loop");
                self.count_down();
                self.statement(depth + 1);
                self.statement(depth + 1);
                self.line(format!(
                    "(br_if 0 (local.tee {turns} (i32.sub (local.get {turns}) (i32.const 1))))"
                ));
                self.end();
            }
            12 => {
                self.random(2);
                self.open("if");
                self.statement(depth + 1);
                self.line("else");
                self.statement(depth + 1);
                self.end();
            }
            13..=15 => self.old_try(depth),
            16 => self.caught_by_loop_or_function(depth),
            _ => self.try_table(depth),
        }
    }

    /// With values of its own beneath, which must be there after it.
    fn over_operands(&mut self, depth: usize) {
        let types: Vec<&str> = (0..1 + self.numbers.below(4)).map(|_| self.some_type()).collect();
        for ty in &types {
            self.push(ty);
        }
        self.statement(depth + 1);
        self.take_all(&types);
    }

    fn call(&mut self) {
        for ty in &LOCALS[..PARAMS] {
            self.push(ty);
        }
        let func = self.numbers.below(FUNCS);
        match self.numbers.below(3) {
            0 => self.line(format!("i32.const {func} call_indirect $funcs (type $f)")),
            _ => self.line(format!("call $f{func}")),
        }
        self.take("i32");
    }

    fn once_in(&mut self, count: u32, what: impl FnOnce(&mut Self)) {
        self.random(count);
        self.line("i32.eqz");
        self.open("if");
        what(self);
        self.end();
    }

    fn tail_call_sometimes(&mut self) {
        self.once_in(8, |body| {
            for ty in &LOCALS[..PARAMS] {
                body.push(ty);
            }
            let func = body.numbers.below(FUNCS);
            match body.numbers.below(2) {
                0 => body.line(format!("i32.const {func} return_call_indirect $funcs (type $f)")),
                _ => body.line(format!("return_call $f{func}")),
            }
        });
    }

    fn throw_sometimes(&mut self, depth: usize) {
        // Outside of every construct it would end most programs.
        match depth {
            0 => self.once_in(20, Body::throw),
            _ => self.once_in(2, Body::throw),
        }
    }

    fn throw(&mut self) {
        let tag = self.tag();
        for ty in TAGS[tag] {
            self.push(ty);
        }
        self.line(format!("throw $t{tag}"));
    }

    fn throw_what_was_caught(&mut self) {
        if let Some(&arm) = self.arms.last()
            && self.numbers.once_in(2)
        {
            let arm = if self.numbers.once_in(3) {
                self.arms[0]
            } else {
                arm
            };
            return self.once_in(2, |body| {
                let depth = body.labels - 1 - arm;
                body.line(format!("rethrow {depth}"));
            });
        }
        let local = self.local("exnref");
        self.line(format!("(ref.is_null (local.get {local})) i32.eqz"));
        self.random(2);
        self.line("i32.and");
        self.open("if");
        self.line(format!("(throw_ref (local.get {local}))"));
        self.end();
    }

    /// Clauses that lead behind blocks, which take what each of them leaves.
    fn try_table(&mut self, depth: usize) {
        let clauses: Vec<(Option<usize>, bool)> = (0..1 + self.numbers.below(3))
            .map(|_| {
                let tag = (!self.numbers.once_in(6)).then(|| self.tag());
                (tag, self.numbers.once_in(2))
            })
            .collect();
        let leaves = |&(tag, with_reference): &(Option<usize>, bool)| {
            let mut types: Vec<&str> = tag.map_or(Vec::new(), |tag| TAGS[tag].to_vec());
            types.extend(with_reference.then_some("exnref"));
            types
        };
        let under = self.some_type();
        self.push(under);
        self.open("block");
        for clause in clauses.iter().rev() {
            self.open(format!("block (result {})", leaves(clause).join(" ")));
        }
        let mut line = String::from("try_table");
        for (label, &(tag, with_reference)) in clauses.iter().enumerate() {
            let reference = if with_reference { "_ref" } else { "" };
            let _ = match tag {
                Some(tag) => write!(line, " (catch{reference} $t{tag} {label})"),
                None => write!(line, " (catch_all{reference} {label})"),
            };
        }
        self.open(line);
        self.statement(depth + 1);
        self.statement(depth + 1);
        self.end();
        self.line(format!("br {}", clauses.len()));
        for (index, clause) in clauses.iter().enumerate() {
            self.end();
            self.take_all(&leaves(clause));
            if self.numbers.once_in(2) {
                self.statement(depth + 1);
            }
            self.line(format!("br {}", clauses.len() - 1 - index));
        }
        self.end();
        self.take(under);
    }

    /// A clause whose label is that of a loop, or the function's own.
    fn caught_by_loop_or_function(&mut self, depth: usize) {
        if self.numbers.once_in(2) {
            let label = self.labels;
            self.open(format!("try_table (catch $t1 {label})"));
            self.statement(depth + 1);
            self.end();
            return;
        }
        self.push("v128");
        self.push("i32");
        self.open("loop (param v128 i32)");
        self.take_all(&["v128", "i32"]);
        self.count_down();
        self.open("try_table (catch $t3 0)");
        self.statement(depth + 1);
        self.end();
        self.end();
    }

    fn old_try(&mut self, depth: usize) {
        self.open("try (result i32)");
        self.statement(depth + 1);
        self.statement(depth + 1);
        self.push("i32");
        if self.numbers.once_in(4) {
            let to = self.numbers.below(self.labels);
            self.line(format!("delegate {to}"));
            self.labels -= 1;
        } else {
            let arms = 1 + self.numbers.below(3);
            self.arms.push(self.labels - 1);
            for _ in 0..arms {
                let tag = self.tag();
                self.line(format!("catch $t{tag}"));
                self.take_all(TAGS[tag]);
                self.statement(depth + 1);
                self.throw_what_was_caught();
                self.push("i32");
            }
            if self.numbers.once_in(3) {
                self.line("catch_all");
                self.statement(depth + 1);
                self.push("i32");
            }
            self.arms.pop();
            self.end();
        }
        self.take("i32");
    }
}
