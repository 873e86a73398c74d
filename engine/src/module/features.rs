//! What a module may use: a version of the specification, and a switch for each proposal.
//!
//! # Invariants
//! - One table ([`Feature::ALL`] with [`Feature::row`]) says everything about each proposal; what is not in it is
//!   never on.
//! - The default is what is finished and works: all of 3.0 that there is, and the old exceptions that toolchains
//!   still emit.
//!
//! Must not know: what decoding does with it.

use std::fmt;
use std::str::FromStr;
use wasmparser::WasmFeatures;

/// A version of the core specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpecVersion {
    /// 1.0, of 2019.
    V1,
    /// 2.0, of 2022.
    V2,
    /// 3.0, of 2025.
    V3,
}

impl fmt::Display for SpecVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SpecVersion::V1 => "1.0",
            SpecVersion::V2 => "2.0",
            SpecVersion::V3 => "3.0",
        })
    }
}

impl FromStr for SpecVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<SpecVersion, String> {
        let all = [SpecVersion::V1, SpecVersion::V2, SpecVersion::V3];
        let found = all.into_iter().find(|version| version.to_string() == text);
        found.ok_or_else(|| format!("there is no version {text:?} of the specification: 1.0, 2.0 or 3.0"))
    }
}

/// A proposal that has been finished, or is used as if it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// `i32.extend8_s` and the like.
    SignExtension,
    /// `i32.trunc_sat_f32_s` and the like.
    SaturatingFloatToInt,
    /// Several results, and parameters of blocks.
    MultiValue,
    /// `memory.copy` and the like, and passive segments.
    BulkMemory,
    /// `externref`, several tables, and instructions on them.
    ReferenceTypes,
    /// `v128`.
    Simd,
    /// Addition, subtraction and multiplication in constant expressions.
    ExtendedConst,
    /// Vector instructions that leave more open, here always as the deterministic profile says.
    RelaxedSimd,
    /// Calls in place of the caller.
    TailCall,
    /// Several memories.
    MultiMemory,
    /// Memories and tables of 64-bit indices.
    Memory64,
    /// References that exclude null, or say which function type.
    FunctionReferences,
    /// Tags, `throw` and `try_table`.
    Exceptions,
    /// `try`, `catch` and `delegate`, as they were before the proposal was finished.
    LegacyExceptions,
}

/// What there is to know of a proposal.
struct Row {
    /// Its name, as tools spell it.
    name: &'static str,
    /// The first version of the specification that has it.
    since: Option<SpecVersion>,
    /// The validator's switch.
    switch: WasmFeatures,
}

impl Feature {
    /// All of them.
    pub const ALL: [Feature; 14] = [
        Feature::SignExtension,
        Feature::SaturatingFloatToInt,
        Feature::MultiValue,
        Feature::BulkMemory,
        Feature::ReferenceTypes,
        Feature::Simd,
        Feature::ExtendedConst,
        Feature::RelaxedSimd,
        Feature::TailCall,
        Feature::MultiMemory,
        Feature::Memory64,
        Feature::FunctionReferences,
        Feature::Exceptions,
        Feature::LegacyExceptions,
    ];

    fn row(self) -> Row {
        let row = |name, since, switch| Row { name, since, switch };
        let (v2, v3) = (Some(SpecVersion::V2), Some(SpecVersion::V3));
        match self {
            Feature::SignExtension => row("sign-extension", v2, WasmFeatures::SIGN_EXTENSION),
            Feature::SaturatingFloatToInt => row(
                "saturating-float-to-int",
                v2,
                WasmFeatures::SATURATING_FLOAT_TO_INT,
            ),
            Feature::MultiValue => row("multi-value", v2, WasmFeatures::MULTI_VALUE),
            Feature::BulkMemory => row("bulk-memory", v2, WasmFeatures::BULK_MEMORY),
            Feature::ReferenceTypes => row("reference-types", v2, WasmFeatures::REFERENCE_TYPES),
            Feature::Simd => row("simd", v2, WasmFeatures::SIMD),
            Feature::ExtendedConst => row("extended-const", v3, WasmFeatures::EXTENDED_CONST),
            Feature::RelaxedSimd => row("relaxed-simd", v3, WasmFeatures::RELAXED_SIMD),
            Feature::TailCall => row("tail-call", v3, WasmFeatures::TAIL_CALL),
            Feature::MultiMemory => row("multi-memory", v3, WasmFeatures::MULTI_MEMORY),
            Feature::Memory64 => row("memory64", v3, WasmFeatures::MEMORY64),
            Feature::FunctionReferences => row("function-references", v3, WasmFeatures::FUNCTION_REFERENCES),
            Feature::Exceptions => row("exceptions", v3, WasmFeatures::EXCEPTIONS),
            Feature::LegacyExceptions => row("legacy-exceptions", None, WasmFeatures::LEGACY_EXCEPTIONS),
        }
    }

    /// Its name, as tools spell it.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The first version of the specification that has it; `None` for a proposal that none has.
    pub fn since(self) -> Option<SpecVersion> {
        self.row().since
    }

    fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// A set of proposals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features(u32);

impl Features {
    /// All that a version of the specification has.
    pub fn of(version: SpecVersion) -> Features {
        let has = |feature: &Feature| feature.since().is_some_and(|since| since <= version);
        Features(Feature::ALL.into_iter().filter(has).map(Feature::bit).sum())
    }

    /// The same with one switched.
    #[must_use]
    pub fn with(self, feature: Feature, on: bool) -> Features {
        Features(if on {
            self.0 | feature.bit()
        } else {
            self.0 & !feature.bit()
        })
    }

    /// Whether it has one.
    pub fn has(self, feature: Feature) -> bool {
        self.0 & feature.bit() != 0
    }

    /// For the validator. Floats, mutable globals and the references that 1.0 has implicitly are always on.
    pub(super) fn switches(self) -> WasmFeatures {
        let base = WasmFeatures::FLOATS
            .union(WasmFeatures::GC_TYPES)
            .union(WasmFeatures::MUTABLE_GLOBAL);
        Feature::ALL
            .into_iter()
            .filter(|feature| self.has(*feature))
            .fold(base, |switches, feature| switches.union(feature.row().switch))
    }
}

impl Default for Features {
    fn default() -> Features {
        Features::of(SpecVersion::V3).with(Feature::LegacyExceptions, true)
    }
}
