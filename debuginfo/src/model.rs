//! The plain data that questions are answered in. Everything here serializes, so that it can cross to a
//! front end; nothing here borrows from the debug sections.

use crate::CodeOffset;
use serde::{Deserialize, Serialize};

/// A source file of this [`DebugInfo`](crate::DebugInfo).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// The language a unit was written in, as far as rendering cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Language {
    /// C of any standard.
    C,
    /// C++ of any standard.
    Cpp,
    /// Rust.
    Rust,
    /// Zig.
    Zig,
    /// The text format of WebAssembly.
    Wat,
    /// Anything else, or not said.
    Other,
}

impl Language {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Language::C => "C",
            Language::Cpp => "C++",
            Language::Rust => "Rust",
            Language::Zig => "Zig",
            Language::Wat => "WebAssembly text",
            Language::Other => "other",
        }
    }

    /// The language of a file of a unit in this language: the unit's, unless the file's ending says better (Zig and C++
    /// units include C headers).
    pub fn of_file(self, path: &str) -> Language {
        let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending {
            "c" => Language::C,
            "rs" => Language::Rust,
            "zig" => Language::Zig,
            "wat" | "wast" => Language::Wat,
            "cpp" | "cc" | "cxx" | "hpp" | "hh" | "hxx" => Language::Cpp,
            _ => self,
        }
    }
}

/// One source file as the debug info records it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its number here.
    pub id: FileId,
    /// The recorded path: compilation directory, directory and name joined, `.` and `..` resolved.
    pub path: String,
    /// The language of a unit that names it.
    pub language: Language,
    /// MD5 checksum of the text it was compiled from, if recorded.
    pub md5: Option<[u8; 16]>,
    /// Whether the debug info holds the text itself; see
    /// [`embedded_source`](crate::DebugInfo::embedded_source).
    pub embedded: bool,
}

/// A file beside the module that holds a part of its debug information.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SideFile {
    /// The wasm container with all DWARF that the `external_debug_info` section names.
    External {
        /// The path or URL in that section.
        path: String,
    },
    /// The package (`.dwp`) of all split parts.
    Package,
    /// One split part (`.dwo`).
    Split {
        /// Its recorded name.
        name: String,
        /// The directory it was compiled in.
        directory: String,
    },
    /// The source map that the `sourceMappingURL` section names.
    SourceMap {
        /// The URL in that section.
        url: String,
    },
}

/// A place in a source file. Lines and columns count from 1; column 0 means "not said".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceLocation {
    /// The file.
    pub file: FileId,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, or 0.
    pub column: u32,
}

/// Half-open range of code addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CodeRange {
    /// First address inside.
    pub start: CodeOffset,
    /// First address past it.
    pub end: CodeOffset,
}

impl CodeRange {
    /// Whether `at` lies inside.
    pub fn contains(&self, at: CodeOffset) -> bool {
        self.start <= at && at < self.end
    }
}

/// Where a wished-for source line really has code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineBinding {
    /// The file it bound in.
    pub file: FileId,
    /// The line it bound to: the wished one, or the next line of the file with code in the same function.
    pub line: u32,
    /// One address per separate place (inlined copies, split ranges): the first statement row of each,
    /// moved past the prologue where the place is a function's opening line.
    pub locations: Vec<CodeOffset>,
}

/// A function found by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionMatch {
    /// Index in the module's function index space (imports first).
    pub func_index: u32,
    /// Its name for people, demangled.
    pub name: String,
    /// Where to stop so that parameters are readable: after the prologue if the line table says where it
    /// ends; `None` without line information (the engine then uses the first operator).
    pub stop_at: Option<CodeOffset>,
}

/// One source-level frame at an address. An address inside inlined calls has several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFrame {
    /// Demangled function name.
    pub function: String,
    /// Line of this frame: for an outer frame, the line of the inlined call.
    pub location: Option<SourceLocation>,
    /// Whether this frame is an inlined copy (the outermost of an address never is).
    pub inlined: bool,
}

/// What a variable is to its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VariableKind {
    /// A parameter.
    Parameter,
    /// A local of the function or of a block around the address.
    Local,
    /// A variable with static storage.
    Static,
}

/// Whether a value can be shown, and if not, the honest reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Availability {
    /// The value stands in `ValueNode::text`.
    Available,
    /// The compiler kept no location for it at this address.
    OptimizedOut,
    /// The frame base is not set yet: the address lies before the end of the prologue.
    NotYetSet,
    /// Its location was computed but could not be read (for example, memory out of bounds).
    NotReadable(String),
    /// The debug info uses something not supported; says what.
    Unsupported(String),
}

/// Where the bytes of a value lie.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Place {
    /// At an address of linear memory.
    Memory(u64),
    /// Nowhere in memory: these bytes were computed (held by a local, a global or an operand).
    Bytes(Vec<u8>),
    /// As [`Bytes`](Place::Bytes), but the compiler kept some of the bits only.
    Partial {
        /// The bytes; 0 where a bit is lost.
        bytes: Vec<u8>,
        /// As many bytes, with ones for the bits that were kept.
        kept: Vec<u8>,
    },
    /// Of a pointer that was optimized out: the place of what it points to.
    Target(Box<Place>),
}

impl Place {
    /// Bytes with a mask of the bits that are known.
    pub(crate) fn of_bits(bytes: Vec<u8>, kept: Vec<u8>) -> Result<Place, Availability> {
        if kept.iter().all(|&bits| bits == 0xff) {
            Ok(Place::Bytes(bytes))
        } else if kept.iter().all(|&bits| bits == 0) {
            Err(Availability::OptimizedOut)
        } else {
            Ok(Place::Partial { bytes, kept })
        }
    }

    /// Its address, if it is in memory.
    pub(crate) fn address(&self) -> Option<u64> {
        match self {
            Place::Memory(address) => Some(*address),
            _ => None,
        }
    }
}

/// Which part of a value a [`ValueRef`] stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Part {
    /// All of it, as its language shows it.
    Whole,
    /// All of it, as its members lie in memory.
    Raw,
    /// Elements of the type, one after the other; the place is that of element 0.
    Elements {
        /// The first of them.
        first: u64,
        /// How many.
        count: u64,
    },
    /// Entries of a container that are not one after the other.
    Entries {
        /// The first of them.
        first: u64,
        /// How many.
        count: u64,
    },
    /// Elements of the type in rows; the place is that of element 0.
    Rows {
        /// The first of the rows.
        first: u64,
        /// The lengths of all dimensions, the outer first: how many rows, and what is in each.
        lengths: Vec<u64>,
    },
}

/// A value that can be looked into later: a type and a place. Holds no borrowed state; it stays meaningful
/// for as long as the guest does not move.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ValueRef {
    /// The type: offset of its DIE in `.debug_info`.
    pub type_offset: u64,
    /// Where the bytes are.
    pub place: Place,
    /// What of it.
    pub part: Part,
}

/// One node of the lazy value tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueNode {
    /// Variable, member or `[index]` name.
    pub name: String,
    /// The type as the language writes it.
    pub type_name: String,
    /// What it is to its parent scope; `None` for members and elements.
    pub kind: Option<VariableKind>,
    /// The value on one line, or the reason in words if not available.
    pub text: String,
    /// Whether `text` is a value.
    pub availability: Availability,
    /// Its address in linear memory, if it has one.
    pub address: Option<u64>,
    /// Its size in bytes, if the type has one.
    pub len_bytes: Option<u64>,
    /// Ask [`children`](crate::DebugInfo::children) with this; `None` for leaves.
    pub expand: Option<ValueRef>,
}

impl ValueNode {
    /// The address of linear memory that the value points to: of a pointer, which is written with its address first.
    /// `None` for null, and for what is no pointer.
    pub fn points_to(&self) -> Option<u64> {
        let pointer = self.type_name.contains(['*', '&']);
        let digits = self.text.strip_prefix("0x").filter(|_| pointer)?;
        let end = digits.find(|digit: char| !digit.is_ascii_hexdigit());
        let digits = digits.get(..end.unwrap_or(digits.len()))?;
        u64::from_str_radix(digits, 16).ok()
    }
}

/// What one unit says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitSummary {
    /// Primary source file.
    pub name: String,
    /// Compilation directory.
    pub directory: String,
    /// Producer string.
    pub producer: String,
    /// Language.
    pub language: Language,
    /// DWARF version.
    pub version: u16,
    /// The file with its functions and variables, if that is another and was not found.
    pub missing_part: Option<String>,
    /// How many functions of the module it describes.
    pub functions: u32,
    /// Whether it has lines of functions of the module.
    pub has_lines: bool,
    /// Whether it describes variables, if its source has any.
    pub has_variables: bool,
    /// Whether it was written in an assembler, which has none.
    pub assembly: bool,
}

impl UnitSummary {
    /// What it has, in words: `12 functions, lines`.
    pub fn contents(&self) -> String {
        if let Some(part) = &self.missing_part {
            return format!("the rest is in {part}, which was not found");
        }
        let functions = match self.functions {
            0 => "no functions in use".to_string(),
            1 => "1 function".to_string(),
            count => format!("{count} functions"),
        };
        let lines = if self.has_lines { "lines" } else { "no lines" };
        let variables = match (self.has_variables, self.assembly) {
            (false, false) => ", no variables",
            _ => "",
        };
        format!("{functions}, {lines}{variables}")
    }

    /// Its primary source file, by the path that [`SourceFile`] has.
    pub fn source_path(&self) -> String {
        crate::dwarf::line_program::join(&self.directory, &self.name)
    }
}

/// A partial failure that a person should see: what is broken, and what it costs them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Section it was found in, such as `.debug_info`.
    pub section: String,
    /// Offset inside that section, if known.
    pub offset: Option<u64>,
    /// One sentence.
    pub message: String,
}
