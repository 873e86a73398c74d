//! Small modules that ask for very much: each is compiled in moderate memory or refused in words, and never takes what
//! the machine has.

use std::sync::Arc;
use stepwell_engine::compile::{self, Compiled, Stops};
use stepwell_engine::error::Error;
use stepwell_engine::module::{Module, decode};

/// A module of one function without parameters, from its locals and its code in the binary format. Type 1 is
/// `[] -> [i32 * 1000]`, type 2 `[i32 * 1000] -> [i32 * 1000]`.
fn module(locals: &[u8], code: &[u8]) -> Arc<Module> {
    let thousand = [0x7f; 1000];
    let thousand = [leb(1000), thousand.to_vec()].concat();
    let types = [
        &[3, 0x60, 0, 0, 0x60, 0],
        &thousand[..],
        &[0x60],
        &thousand,
        &thousand,
    ]
    .concat();
    let body = [locals, code, &[0x0b]].concat();
    let bodies = [&[1], leb(body.len()).as_slice(), &body].concat();
    let sections = [(1, types.as_slice()), (3, &[1, 0]), (10, &bodies)];
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    for (id, section) in sections {
        bytes.push(id);
        bytes.extend(leb(section.len()));
        bytes.extend(section);
    }
    decode(bytes.into()).expect("valid")
}

/// An unsigned number in LEB128.
fn leb(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

const NO_LOCALS: &[u8] = &[0];
const ONE_I32: &[u8] = &[1, 1, 0x7f];

fn compiled(module: &Module) -> Option<Result<Compiled, Error>> {
    compile::supported().ok()?;
    Some(compile::compile(module, &module.vm_layout(), 0, &Stops::All))
}

/// Compiles, and holds the frame map against the length of the code.
fn check_map(module: &Module) {
    let Some(compiled) = compiled(module) else { return };
    let compiled = compiled.expect("it compiles");
    let (map, file) = (compiled.frame_map.len_bytes(), module.bytes.len());
    assert!(map < 200 * file, "{map} bytes for a module of {file}");
    for number in 0..compiled.frame_map.boundaries().count() as u32 {
        if number % 997 == 0 {
            assert!(compiled.frame_map.boundary(number).is_some(), "boundary {number}");
        }
    }
}

fn check_refused(module: &Module) {
    let Some(compiled) = compiled(module) else { return };
    let error = compiled.map(|_| ()).expect_err("refused");
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
}

#[test]
fn a_tall_stack_costs_its_height_once() {
    const HEIGHT: usize = 40_000;
    let under_a_tall_stack = |push: &[u8], code: &[u8], times: usize| {
        module(
            ONE_I32,
            &[push.repeat(HEIGHT), code.repeat(times), [0x1a].repeat(HEIGHT)].concat(),
        )
    };
    let (constant, local) = (&[0x41, 0], &[0x20, 0]);
    let (nop, a_loop, block) = (&[0x01], &[0x03, 0x40, 0x0b], &[0x02, 0x40, 0x0b]);
    check_map(&under_a_tall_stack(constant, nop, 50_000));
    check_map(&under_a_tall_stack(constant, a_loop, 5_000));
    check_map(&under_a_tall_stack(local, block, 20_000));
}

#[test]
fn a_stack_taller_than_a_frame_is_refused_early() {
    let tall = [[0x41, 0].repeat(400_000), [0x1a].repeat(400_000)].concat();
    check_refused(&module(NO_LOCALS, &tall));
}

#[test]
fn branches_that_carry_a_thousand_values_are_refused_in_great_numbers() {
    let code = [
        vec![0x02, 0x01],
        [0x20, 0].repeat(1000),
        [0x41, 0, 0x0d, 0].repeat(20_000),
        vec![0x0b],
        [0x1a].repeat(1000),
    ];
    check_refused(&module(ONE_I32, &code.concat()));
}

/// They take no code at all.
#[test]
fn blocks_that_carry_a_thousand_values_are_refused_in_great_numbers() {
    let blocks = |count: usize| {
        let code = [
            [0x20, 0].repeat(1000),
            [0x02, 2, 0x0b].repeat(count),
            [0x1a].repeat(1000),
        ];
        module(ONE_I32, &code.concat())
    };
    check_map(&blocks(20));
    check_refused(&blocks(20_000));
}

#[test]
fn a_jump_table_to_a_thousand_blocks_of_a_thousand_values_is_refused() {
    const DEPTH: usize = 20_000;
    let targets: Vec<u8> = (0..DEPTH).flat_map(leb).collect();
    let code = [
        [0x02, 0x01].repeat(DEPTH),
        [0x20, 0].repeat(1000),
        vec![0x20, 0, 0x0e],
        leb(DEPTH - 1),
        targets,
        [0x0b].repeat(DEPTH),
        [0x1a].repeat(1000),
    ];
    check_refused(&module(ONE_I32, &code.concat()));
}

#[test]
fn many_large_tables_take_no_memory_or_are_refused() {
    use stepwell_engine::runtime::store::{Backend, Store};
    let declare = |count: usize, elements: usize| {
        let tables: String = (0..count)
            .map(|_| format!("(table {elements} funcref)"))
            .collect();
        decode(wat::parse_str(format!("(module {tables})")).expect("text").into()).expect("valid")
    };
    for backend in [Backend::Interpreter, Backend::Compiled] {
        let Ok(mut store) = Store::new(backend) else {
            continue;
        };
        assert!(matches!(
            store.instantiate(declare(90, 10_000_000)),
            Err(Error::Host(_))
        ));
        let instance = store.instantiate(declare(3, 10_000_000)).expect("fits");
        let table = store.table(instance.expect("no trap"), 2).expect("a table");
        assert_eq!(table.len(), 10_000_000);
        assert_eq!(table.last(), Some(&0));
    }
}
