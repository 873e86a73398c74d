//! A function with variables of Rust kinds, and nothing of a library around it.
//!
//! rustc --edition 2021 --target wasm32-wasip1 --crate-type lib --emit obj -g -C opt-level=0 -C panic=abort \
//!     --remap-path-prefix=$PWD=/build kinds.rs -o kinds.o
//! wasm-ld --no-entry --export=kinds --allow-undefined kinds.o -o kinds_rust.wasm
//! python3 ../../../assets/guests/neutral.py kinds_rust.wasm "$(rustc --print sysroot)/lib/rustlib/src/rust=/rust"
#![no_std]

pub enum Shape {
    Empty,
    Circle(f32),
    Named { width: u16, height: u8 },
}

pub struct Pair<T>(T, u8);

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

#[no_mangle]
pub extern "C" fn kinds(number: u32) -> u32 {
    let shape = match number {
        0 => Shape::Empty,
        1 => Shape::Circle(1.5),
        _ => Shape::Named { width: 3, height: 4 },
    };
    let niche: Option<&u32> = Some(&number);
    let tagged: Option<u32> = None;
    let pair = Pair(number, 7);
    let tuple = (1u8, 2i64, 'x');
    let array = [1u16, 2, 3];
    let slice: &[u16] = &array;
    let text = "text";
    let letter = 'y';
    match shape {
        Shape::Circle(radius) if radius > 1.0 => return 1,
        _ => {}
    }
    let _ = (niche, tagged, pair.1, tuple, letter);
    slice.len() as u32 + text.len() as u32 + pair.0
}
