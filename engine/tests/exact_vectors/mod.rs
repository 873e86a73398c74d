//! A program of vectors, as text: every vector operator on operands in temporaries, locals and slots, with lanes that are
//! random, small, ordinary floats, infinities and NaNs; and the ways vectors travel: stack arguments, several results,
//! block values beside narrower ones, calls over live locals, globals, `select`, recursion.

use std::fmt::Write as _;

/// How often the body with all operators runs, each time with other values.
const ROUNDS: u32 = 5;

fn names(list: &str) -> impl Iterator<Item = String> {
    list.split_whitespace().map(str::to_owned)
}

/// Names of a shape: `shape.op` for each op.
fn of(shape: &str, ops: &str) -> Vec<String> {
    ops.split_whitespace().map(|op| format!("{shape}.{op}")).collect()
}

const COMPARISONS: &str = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
const SATURATING: &str = "add_sat_s add_sat_u sub_sat_s sub_sat_u";
const MIN_MAX: &str = "min_s min_u max_s max_u";
const SHAPES: [(&str, u32); 4] = [("i8x16", 16), ("i16x8", 8), ("i32x4", 4), ("i64x2", 2)];

fn extending(what: &str, from: &str) -> String {
    format!("{what}_low_{from}_s {what}_low_{from}_u {what}_high_{from}_s {what}_high_{from}_u")
}

/// Two vectors to one.
fn binary() -> Vec<String> {
    let floats = "add sub mul div min max pmin pmax eq ne lt gt le ge";
    [
        of("v128", "and andnot or xor"),
        of("i8x16", "add sub avgr_u narrow_i16x8_s narrow_i16x8_u swizzle"),
        of("i8x16", COMPARISONS),
        of("i8x16", SATURATING),
        of("i8x16", MIN_MAX),
        of(
            "i16x8",
            "add sub mul avgr_u narrow_i32x4_s narrow_i32x4_u q15mulr_sat_s",
        ),
        of("i16x8", COMPARISONS),
        of("i16x8", SATURATING),
        of("i16x8", MIN_MAX),
        of("i16x8", &extending("extmul", "i8x16")),
        of("i32x4", "add sub mul dot_i16x8_s"),
        of("i32x4", COMPARISONS),
        of("i32x4", MIN_MAX),
        of("i32x4", &extending("extmul", "i16x8")),
        of("i64x2", "add sub mul eq ne lt_s gt_s le_s ge_s"),
        of("i64x2", &extending("extmul", "i32x4")),
        of("f32x4", floats),
        of("f64x2", floats),
    ]
    .concat()
}

/// One vector to one.
fn unary() -> Vec<String> {
    let floats = "abs neg sqrt ceil floor trunc nearest";
    [
        of("v128", "not"),
        of("i8x16", "abs neg popcnt"),
        of("i16x8", "abs neg extadd_pairwise_i8x16_s extadd_pairwise_i8x16_u"),
        of("i16x8", &extending("extend", "i8x16")),
        of("i32x4", "abs neg extadd_pairwise_i16x8_s extadd_pairwise_i16x8_u"),
        of("i32x4", &extending("extend", "i16x8")),
        of(
            "i32x4",
            "trunc_sat_f32x4_s trunc_sat_f32x4_u trunc_sat_f64x2_s_zero trunc_sat_f64x2_u_zero",
        ),
        of("i64x2", "abs neg"),
        of("i64x2", &extending("extend", "i32x4")),
        of("f32x4", floats),
        of("f32x4", "convert_i32x4_s convert_i32x4_u demote_f64x2_zero"),
        of("f64x2", floats),
        of(
            "f64x2",
            "convert_low_i32x4_s convert_low_i32x4_u promote_low_f32x4",
        ),
    ]
    .concat()
}

/// Everything that one round does; each line leaves nothing on the stack.
fn lines() -> String {
    let mut text = String::new();
    let mut line = |what: String| writeln!(text, "    {what}").expect("strings can be written");
    let fresh = "(local.set $a (call $any)) (local.set $b (call $any))";
    for op in binary() {
        line(fresh.into());
        line(format!("(call $add ({op} (call $any) (call $any)))"));
        line(format!("(call $add ({op} (local.get $a) (local.get $b)))"));
        line(format!(
            "(call $add ({op} (v128.not (local.get $a)) (v128.not (local.get $b))))"
        ));
        line(format!(
            "(local.set $c ({op} (local.get $b) (v128.not (local.get $a))))"
        ));
        line(format!("(call $add ({op} (local.get $c) (local.get $c)))"));
    }
    for op in unary() {
        line(fresh.into());
        line(format!("(call $add ({op} (call $any)))"));
        line(format!("(call $add ({op} (local.get $a)))"));
        line(format!("(local.set $c ({op} (local.get $b)))"));
    }
    let tests = of("v128", "any_true").into_iter();
    let tests = tests.chain(SHAPES.iter().flat_map(|(shape, _)| of(shape, "all_true bitmask")));
    for op in tests {
        line(format!("(call $add (i32x4.splat ({op} (call $any))))"));
        line(format!(
            "(if ({op} (local.get $a)) (then (call $add (local.get $b))))"
        ));
        line(format!(
            "(call $add (select (local.get $a) (local.get $b) (i32.eqz ({op} (call $any)))))"
        ));
    }
    for (shape, lanes) in SHAPES {
        for op in of(shape, "shl shr_s shr_u") {
            line(fresh.into());
            line(format!("(call $add ({op} (call $any) (call $small)))"));
            line(format!("(call $add ({op} (local.get $a) (local.get $n)))"));
            for count in [0, 1, 5, 7, 13, 31, 63] {
                line(format!("(call $add ({op} (local.get $b) (i32.const {count})))"));
            }
        }
        let scalar = if shape == "i64x2" { "i64" } else { "i32" };
        line(format!("(call $add ({shape}.splat ({scalar}.const -0x6d)))"));
        for lane in 0..lanes {
            let signs = if lanes > 4 { &["_s", "_u"][..] } else { &[""] };
            for sign in signs {
                let value = format!("({shape}.extract_lane{sign} {lane} (local.get $a))");
                line(format!("(call $add ({shape}.splat {value}))"));
                line(format!(
                    "(call $add ({shape}.replace_lane {lane} (local.get $b) {value}))"
                ));
            }
            let width = 128 / lanes;
            line(format!(
                "(call $add (v128.load{width}_lane offset={lane} {lane} (local.get $at) (v128.not (local.get $a))))"
            ));
            line(format!(
                "(v128.store{width}_lane offset=999 {lane} (local.get $at) (local.get $b))"
            ));
        }
    }
    for (shape, scalar, lanes) in [("f32x4", "f32", 4), ("f64x2", "f64", 2)] {
        line(format!(
            "(call $add ({shape}.splat ({scalar}.sqrt ({scalar}.load offset=64 (local.get $at)))))"
        ));
        for lane in 0..lanes {
            let value = format!("({shape}.extract_lane {lane} (local.get $a))");
            line(format!(
                "(call $add ({shape}.replace_lane {lane} (call $any) {value}))"
            ));
            line(format!(
                "(call $add ({shape}.replace_lane {lane} (local.get $a) ({scalar}.neg {value})))"
            ));
        }
    }
    for load in names(
        "load load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u load8_splat load16_splat load32_splat \
         load64_splat load32_zero load64_zero",
    ) {
        line(format!("(call $add (v128.{load} offset=3 (local.get $at)))"));
        line(format!("(call $add (v128.{load} (i32.const 160)))"));
    }
    line("(v128.store offset=1001 (local.get $at) (call $any))".into());
    line("(call $add (v128.bitselect (call $any) (call $any) (call $any)))".into());
    line("(call $add (v128.bitselect (local.get $a) (v128.not (local.get $b)) (local.get $c)))".into());
    for lanes in [
        "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
        "4 5 6 7 0 1 2 3 12 13 14 15 12 13 14 15",
        "16 17 18 19 16 17 18 19 28 29 30 31 20 21 22 23",
        "3 1 2 3 9 9 9 15 8 0 10 1 12 3 14 5",
        "5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20",
        "0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23",
        "24 25 8 9 26 27 10 11 28 29 12 13 30 31 14 15",
        "8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31",
        "16 17 18 19 0 1 2 3 20 21 22 23 4 5 6 7",
        "31 0 30 1 29 2 28 3 27 4 26 5 25 6 24 7",
    ] {
        line(fresh.into());
        line(format!(
            "(call $add (i8x16.shuffle {lanes} (call $any) (call $any)))"
        ));
        line(format!(
            "(call $add (i8x16.shuffle {lanes} (local.get $a) (local.get $b)))"
        ));
        line(format!(
            "(call $add (i8x16.shuffle {lanes} (v128.not (local.get $b)) (local.get $b)))"
        ));
        line(format!(
            "(call $add (i8x16.shuffle {lanes} (local.get $a) (local.get $a)))"
        ));
    }
    text
}

/// The program.
pub fn program() -> String {
    let lines = lines();
    let many: String = (0..14).map(|n| format!(" $m{n}")).collect::<Vec<_>>().join("");
    let many_locals: String = names(&many).map(|name| format!("(local {name} v128)")).collect();
    // More live vectors than there are registers, as locals over calls and as operands.
    let fill: String = names(&many)
        .map(|name| format!("(local.set {name} (call $any))"))
        .collect();
    let push: String = names(&many)
        .map(|name| format!("(v128.not (local.get {name}))"))
        .collect();
    let fold = "i32x4.add ".repeat(names(&many).count() - 1);
    format!(
        r#"(module
  (memory (export "memory") 1)
  (global $state (mut v128) (v128.const i64x2 0x9e3779b97f4a7c15 0xbf58476d1ce4e5b9))
  (global $sum (mut v128) (v128.const i32x4 1 2 3 4))
  (global $count (mut i32) (i32.const 0))

  (func $random (result v128)
    (local $x v128)
    (local.set $x (v128.xor (global.get $state) (i64x2.shl (global.get $state) (i32.const 13))))
    (local.set $x (v128.xor (local.get $x) (i64x2.shr_u (local.get $x) (i32.const 7))))
    (local.set $x (v128.xor (local.get $x) (i64x2.shl (local.get $x) (i32.const 17))))
    (global.set $state (local.get $x))
    (local.get $x))

  ;; Lanes of many kinds, in turn.
  (func $any (result v128)
    (local $x v128)
    (local.set $x (call $random))
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (block $plain (block $small (block $single (block $double (block $special
      (br_table $plain $single $small $double $special (i32.rem_u (global.get $count) (i32.const 5))))
      (return (v128.or (local.get $x) (v128.const i32x4 0x7f800000 0x7f800000 0x7ff00000 0x7ff00000))))
      (return (v128.or (v128.and (local.get $x) (v128.const i64x2 0x81ffffffffffffff 0x80000000ffffffff))
        (v128.const i64x2 0x4000000000000000 0x41f0000000000000))))
      (return (v128.or (v128.and (local.get $x) (v128.const i32x4 0x83ffffff 0x83ffffff 0x8f7fffff 0x807fffff))
        (v128.const i32x4 0x4c000000 0x4e000000 0x40000000 0x3f000000))))
      (return (v128.and (local.get $x) (v128.const i16x8 0x8001 3 0x8080 1 0x7f 0 0x00ff 0x8000))))
    (local.get $x))

  (func $small (result i32) (i32x4.extract_lane 2 (call $random)))

  (func $add (param $x v128)
    (global.set $sum (i64x2.add (v128.xor (local.get $x) (i32x4.shl (global.get $sum) (i32.const 3)))
      (i32x4.shr_u (global.get $sum) (i32.const 29)))))

  (func $round (param $at i32) (param $n i32) (local $a v128) (local $b v128) (local $c v128)
{lines}
    (v128.store offset=2048 (local.get $at) (global.get $sum)))

  ;; Arguments in registers and on the stack, several results.
  (func $travel (param i32 v128 f64 v128 v128 f32 v128 v128 v128 i64 v128)
      (result v128 i32 v128 f32 v128 i64)
    (i8x16.sub (local.get 8) (local.get 1))
    (i32.add (local.get 0) (i32.const 7))
    (v128.xor (local.get 10) (local.get 7))
    (f32.neg (local.get 5))
    (f64x2.mul (local.get 3) (f64x2.splat (local.get 2)))
    (i64.add (local.get 9) (i64x2.extract_lane 1 (local.get 4))))

  (func $travels (local $i i32) (local $x v128)
    (loop $again
      (call $travel (local.get $i) (call $any) (f64.convert_i32_s (local.get $i)) (call $any) (call $any)
        (f32.const 1.5) (call $any) (call $any) (call $any) (i64.const -3) (call $any))
      drop
      (call $add)
      drop
      (local.set $x)
      drop
      (call $add)
      (call $add (local.get $x))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 30)))))

  ;; Values of a block that move down over others, narrower and wider.
  (func $moves (param $n i32) (result v128 i32 v128) (local $x v128)
    (local.set $x (call $any))
    (block $out (result v128 i32 v128)
      (i64.const 5)
      (call $any)
      (i32.const 9)
      (v128.const i64x2 77 0)
      (local.get $n)
      (local.get $x)
      (br_if $out (i32.and (local.get $n) (i32.const 1)))
      (drop (i32.add (v128.any_true)))
      (br_table $out $out (i32.and (local.get $n) (i32.const 2)))))

  ;; A loop with parameters.
  (func $turns (param $n i32) (result v128)
    (f32.const 0.5)
    (call $any)
    (local.get $n)
    (loop $again (param f32 v128 i32) (result v128)
      (local.set $n)
      (i32x4.add (v128.const i32x4 1 2 3 4))
      (call $swap)
      (f32.add (f32.const 1))
      (call $swapped)
      (br_if $again (i32.sub (local.get $n) (i32.const 1)) (i32.gt_s (local.get $n) (i32.const 1)))
      drop
      (call $swap)
      (f32x4.replace_lane 3)))
  (func $swap (param f32 v128) (result v128 f32) (local.get 1) (local.get 0))
  (func $swapped (param v128 f32) (result f32 v128) (local.get 1) (local.get 0))

  (func $deep (param $n i32) (param $x v128) (result v128)
    (if (result v128) (i32.eqz (local.get $n))
      (then (local.get $x))
      (else
        (i8x16.add
          (call $deep (i32.sub (local.get $n) (i32.const 1)) (i16x8.add (local.get $x) (call $any)))
          (local.get $x)))))

  (func $pressure (local $n i32) {many_locals}
    (local.set $n (i32.const 5))
    (loop $again
      {fill}
      {push}
      {fold}
      (call $add)
      {push}
      (call $any)
      (i32x4.add)
      {fold}
      (call $add)
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  (func (export "_start") (local $i i32)
    (call $pressure)
    (call $travels)
    (call $moves (i32.const 1)) (call $add) (drop) (call $add)
    (call $moves (i32.const 2)) (call $add) (drop) (call $add)
    (call $add (call $turns (i32.const 12)))
    (call $add (call $deep (i32.const 50) (call $any)))
    (loop $again
      (call $round (i32.add (i32.const 100) (i32.mul (local.get $i) (i32.const 37))) (call $small))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {ROUNDS}))))))"#
    )
}
