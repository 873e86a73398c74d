//! Names as Rust looks for them, and values of enumerations, with nothing of a library around them.
//!
//! rustc --edition 2021 --target wasm32-wasip1 --crate-type lib --emit obj -g -C opt-level=0 -C panic=abort \
//!     --remap-path-prefix=$PWD=/build scopes.rs -o scopes.o
//! wasm-ld --no-entry --export=entry --allow-undefined scopes.o -o scopes_rust.wasm
//! python3 ../../../assets/guests/neutral.py scopes_rust.wasm "$(rustc --print sysroot)/lib/rustlib/src/rust=/rust"
#![no_std]

pub static LIMIT: u32 = 5;
pub static ROOT: u32 = 50;

pub enum Event {
    Idle,
    Moved(u8, i16),
    Named { text: &'static str },
    Nested(Option<Level>),
}

#[derive(Clone, Copy)]
pub enum Level {
    Low = 3,
    High = 100,
}

pub struct Counter {
    pub sum: u32,
}

impl Counter {
    #[inline(never)]
    pub fn total(&self) -> u32 {
        inner::helper(self.sum)
    }

    #[inline(never)]
    pub fn lonely(&self) -> u32 {
        self.sum
    }
}

pub trait Doubled {
    fn doubled(&self) -> u32;
}

impl Doubled for Counter {
    #[inline(never)]
    fn doubled(&self) -> u32 {
        self.sum * 2
    }
}

#[inline(never)]
pub fn total(of: u32) -> u32 {
    of + LIMIT
}

pub mod inner {
    pub static LIMIT: u32 = 6;
    pub static DEEP: u32 = 7;

    #[inline(never)]
    pub fn helper(of: u32) -> u32 {
        of.wrapping_add(LIMIT).wrapping_add(DEEP)
    }

    #[inline(never)]
    pub fn total(of: u32) -> u32 {
        helper(of)
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

#[no_mangle]
pub extern "C" fn entry(number: u32) -> u32 {
    let counter = Counter { sum: number };
    let event = match number {
        0 => Event::Idle,
        1 => Event::Moved(7, -300),
        2 => Event::Named { text: "name" },
        _ => Event::Nested(Some(Level::High)),
    };
    let level = Level::Low;
    let none: Option<u32> = None;
    let some: Option<u32> = Some(9);
    let niche: Option<Level> = Some(Level::High);
    let reference: Option<&u32> = None;
    let failed: Result<u8, &str> = Err("bad");
    let mut count = 0u32;
    let mut add = |more: u32| {
        count += more + counter.sum;
        count
    };
    let sum = add(1) + counter.total() + counter.lonely() + counter.doubled();
    let _ = (level, none, some, niche, reference, failed);
    match event {
        Event::Moved(by, _) => by as u32,
        Event::Named { text } => text.len() as u32,
        _ => total(sum) + inner::total(sum) + ROOT,
    }
}
