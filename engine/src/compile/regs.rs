//! Registers by hardware number, and the roles the convention of [`layout`](crate::layout) gives them.
//!
//! Must not know: how they are encoded, what they hold at the moment.

use super::frame_map::Loc;

/// An integer register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Gpr(pub u8);

/// A vector register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Xmm(pub u8);

/// Holds the callee's func_ref at calls; the home of a local otherwise.
pub const CALLEE_REF: Gpr = Gpr(8);
/// Temporaries, in the order they are taken. Those that instructions want for themselves come last.
pub const TEMPS: [Gpr; 5] = [Gpr(6), Gpr(7), Gpr(0), Gpr(2), Gpr(1)];
/// Float temporaries.
pub const FLOAT_TEMPS: [Xmm; 6] = [Xmm(0), Xmm(1), Xmm(2), Xmm(3), Xmm(4), Xmm(5)];
/// Homes that callees preserve.
pub const SAVED_HOMES: [Gpr; 3] = [Gpr(11), Gpr(12), Gpr(13)];
/// Homes that callers save around calls.
pub const UNSAVED_HOMES: [Gpr; 3] = [Gpr(9), Gpr(10), Gpr(8)];
/// Float homes, all saved by callers. `xmm15` is the machine's scratch.
pub const FLOAT_HOMES: [Xmm; 9] = [
    Xmm(6),
    Xmm(7),
    Xmm(8),
    Xmm(9),
    Xmm(10),
    Xmm(11),
    Xmm(12),
    Xmm(13),
    Xmm(14),
];

/// A set of registers, integer and vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegSet {
    gprs: u16,
    xmms: u16,
}

impl RegSet {
    /// Adds an integer register.
    pub fn add(&mut self, reg: Gpr) {
        self.gprs |= 1 << reg.0;
    }

    /// Adds a vector register.
    pub fn add_float(&mut self, reg: Xmm) {
        self.xmms |= 1 << reg.0;
    }

    /// Whether an integer register is in it.
    pub fn has(&self, reg: Gpr) -> bool {
        self.gprs & 1 << reg.0 != 0
    }

    /// Whether a vector register is in it.
    pub fn has_float(&self, reg: Xmm) -> bool {
        self.xmms & 1 << reg.0 != 0
    }

    /// Takes a register of either kind out.
    pub fn remove(&mut self, loc: Loc) {
        match loc {
            Loc::Gpr(reg) => self.gprs &= !(1 << reg),
            Loc::Xmm(reg) => self.xmms &= !(1 << reg),
            _ => {}
        }
    }
}
