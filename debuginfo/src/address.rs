//! The two places a wasm byte can be counted from, as types that cannot be mixed up.
//!
//! DWARF counts from the start of the code section's *payload* (its first byte is the function count);
//! engines, `wasm-objdump` and people count from the start of the file. Converting needs the module's
//! code-section start, so the conversions live on [`CodeSection`] and nowhere else.

use serde::{Deserialize, Serialize};

/// A byte offset from the start of the module file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ModuleOffset(pub u64);

/// A byte offset from the start of the code section's payload: DWARF's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CodeOffset(pub u64);

/// Where the code section's payload lies in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeSection {
    /// First byte of the payload.
    pub start: ModuleOffset,
    /// Length of the payload in bytes.
    pub len_bytes: u64,
}

impl CodeSection {
    /// The DWARF address of a file offset; `None` outside the section.
    pub fn code_offset_from_module(&self, offset: ModuleOffset) -> Option<CodeOffset> {
        let relative = offset.0.checked_sub(self.start.0)?;
        (relative <= self.len_bytes).then_some(CodeOffset(relative))
    }

    /// The file offset of a DWARF address; `None` outside the section.
    pub fn module_offset_from_code(&self, offset: CodeOffset) -> Option<ModuleOffset> {
        (offset.0 <= self.len_bytes).then(|| ModuleOffset(self.start.0.saturating_add(offset.0)))
    }
}

impl std::fmt::Display for ModuleOffset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "0x{:x}", self.0)
    }
}

impl std::fmt::Display for CodeOffset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "code+0x{:x}", self.0)
    }
}
