//! Temporaries that hold the value of a local whose home is its slot.
//!
//! # Invariants
//! - The slot always holds the value as well, so that a copy may be forgotten at any time, and the frame map need not
//!   name it. Who writes a local of a frame that stands still writes its copies, too: see [`copies_at`](super::copies_at).
//! - A register has one copy at most, and a local one at most. A register that an entry of the operand stack is in
//!   has none.
//! - No copy outlives a place where paths meet, or a call.
//!
//! Must not know: how code is emitted, what else registers hold.

use super::frame_map::Loc;

/// The copies.
#[derive(Debug)]
pub struct Copies {
    /// By place: integer registers by number, then vector registers. Of those that are not in `held`, nothing is said.
    places: [Copy; 32],
    /// One bit for each place.
    held: u32,
    /// For each local its place plus one, or 0.
    of: Vec<u8>,
    /// How many there were.
    count: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Copy {
    local: u32,
    age: u32,
}

fn place_of(register: Loc) -> Option<u8> {
    match register {
        Loc::Gpr(number) => Some(number & 15),
        Loc::Xmm(number) => Some(16 + (number & 15)),
        _ => None,
    }
}

fn register_at(place: u8) -> Loc {
    match place {
        0..16 => Loc::Gpr(place),
        _ => Loc::Xmm(place - 16),
    }
}

impl Copies {
    /// None yet, of a function with so many locals.
    pub fn new(locals: usize) -> Copies {
        Copies {
            places: [Copy::default(); 32],
            held: 0,
            of: vec![0; locals],
            count: 0,
        }
    }

    /// Says that a register holds a local's value.
    pub fn hold(&mut self, register: Loc, local: u32) {
        self.forget(register);
        self.forget_local(local);
        let (Some(place), Some(of)) = (place_of(register), self.of.get_mut(local as usize)) else {
            return;
        };
        *of = place + 1;
        self.count += 1;
        self.held |= 1 << place;
        if let Some(copy) = self.places.get_mut(usize::from(place)) {
            *copy = Copy {
                local,
                age: self.count,
            };
        }
    }

    /// Says that a register is going to be written.
    pub fn forget(&mut self, register: Loc) {
        if let (Some((local, _)), Some(place)) = (self.in_register(register), place_of(register)) {
            self.held &= !(1 << place);
            if let Some(of) = self.of.get_mut(local as usize) {
                *of = 0;
            }
        }
    }

    /// Says that a local is going to be written.
    pub fn forget_local(&mut self, local: u32) {
        if let Some(register) = self.of(local) {
            self.forget(register);
        }
    }

    /// Says that nothing is known any more.
    pub fn forget_all(&mut self) {
        while self.held != 0 {
            self.forget(register_at(self.held.trailing_zeros() as u8));
        }
    }

    /// The register that holds a local's value.
    pub fn of(&self, local: u32) -> Option<Loc> {
        let place = self.of.get(local as usize)?.checked_sub(1)?;
        Some(register_at(place))
    }

    /// The local whose value a register holds, and when it came there.
    pub fn in_register(&self, register: Loc) -> Option<(u32, u32)> {
        let place = place_of(register).filter(|place| self.held & 1 << place != 0)?;
        let copy = self.places.get(usize::from(place))?;
        Some((copy.local, copy.age))
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = (u32, Loc)> + '_ {
        let registers = (0..32).map(register_at);
        registers.filter_map(|register| Some((self.in_register(register)?.0, register)))
    }
}
