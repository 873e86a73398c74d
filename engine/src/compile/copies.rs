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
#[derive(Clone, Debug, Default)]
pub struct Copies {
    gprs: [Option<Copy>; 16],
    xmms: [Option<Copy>; 16],
    /// How many there were.
    count: u32,
}

#[derive(Clone, Copy, Debug)]
struct Copy {
    local: u32,
    age: u32,
}

impl Copies {
    /// Says that a register holds a local's value.
    pub fn hold(&mut self, register: Loc, local: u32) {
        self.forget_local(local);
        self.count += 1;
        let age = self.count;
        if let Some(place) = self.in_mut(register) {
            *place = Some(Copy { local, age });
        }
    }

    /// Says that a register is going to be written.
    pub fn forget(&mut self, register: Loc) {
        if let Some(place) = self.in_mut(register) {
            *place = None;
        }
    }

    /// Says that a local is going to be written.
    pub fn forget_local(&mut self, local: u32) {
        for place in self.gprs.iter_mut().chain(&mut self.xmms) {
            if place.is_some_and(|copy| copy.local == local) {
                *place = None;
            }
        }
    }

    /// The register that holds a local's value.
    pub fn of(&self, local: u32) -> Option<Loc> {
        let is_its = |copy: &Option<Copy>| copy.is_some_and(|copy| copy.local == local);
        let gpr = self
            .gprs
            .iter()
            .position(is_its)
            .map(|register| Loc::Gpr(register as u8));
        gpr.or_else(|| Some(Loc::Xmm(self.xmms.iter().position(is_its)? as u8)))
    }

    /// The local whose value a register holds, and when it came there.
    pub fn in_register(&self, register: Loc) -> Option<(u32, u32)> {
        let copy = match register {
            Loc::Gpr(number) => self.gprs.get(usize::from(number)),
            Loc::Xmm(number) => self.xmms.get(usize::from(number)),
            _ => None,
        };
        copy.copied().flatten().map(|copy| (copy.local, copy.age))
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = (u32, Loc)> + '_ {
        let gprs = (0..)
            .zip(&self.gprs)
            .map(|(number, copy)| (Loc::Gpr(number), copy));
        let xmms = (0..)
            .zip(&self.xmms)
            .map(|(number, copy)| (Loc::Xmm(number), copy));
        gprs.chain(xmms)
            .filter_map(|(register, copy)| copy.map(|copy| (copy.local, register)))
    }

    fn in_mut(&mut self, register: Loc) -> Option<&mut Option<Copy>> {
        match register {
            Loc::Gpr(number) => self.gprs.get_mut(usize::from(number)),
            Loc::Xmm(number) => self.xmms.get_mut(usize::from(number)),
            _ => None,
        }
    }
}
