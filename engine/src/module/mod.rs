//! A decoded, validated, immutable module.
//!
//! # Invariants
//! - A [`Module`] exists only for bytes that wasmparser's validator accepted with the [`Features`] asked for.
//! - It never changes after [`decode`]; everything downstream may index it by validated indices.
//!
//! Must not know: the compiler, the interpreter, the store.

mod assemble;
mod decode;
mod features;
mod refusal;
pub mod text;

pub use assemble::{assemble, is_text};
pub use decode::{decode, decode_with};
pub(crate) use decode::{reference_to, value_type};
pub use features::{Feature, Features, SpecVersion};

use crate::layout::{CallLayout, VmCounts, VmLayout};
use crate::position::CodeSection;
use crate::types::{FuncType, ValType};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A validated module.
#[derive(Debug)]
pub struct Module {
    /// The file.
    pub bytes: Arc<[u8]>,
    /// Function types by type index.
    pub types: Vec<FuncType>,
    /// Where arguments and results of each of them travel.
    pub call_layouts: Vec<CallLayout>,
    /// Imports in order.
    pub imports: Vec<Import>,
    /// Type index of each function, imports first.
    pub func_types: Vec<u32>,
    /// How many functions are imported.
    pub imported_funcs: u32,
    /// Bodies of the defined functions (function index minus `imported_funcs`).
    pub bodies: Vec<Body>,
    /// Tables, imports first.
    pub tables: Vec<TableType>,
    /// How many tables are imported.
    pub imported_tables: u32,
    /// Memories, imports first.
    pub memories: Vec<MemoryType>,
    /// How many memories are imported.
    pub imported_memories: u32,
    /// Globals, imports first.
    pub globals: Vec<GlobalType>,
    /// How many globals are imported.
    pub imported_globals: u32,
    /// Type index of each tag, imports first.
    pub tags: Vec<u32>,
    /// How many tags are imported.
    pub imported_tags: u32,
    /// Initial elements of the defined tables; `None` is null.
    pub table_inits: Vec<Option<ConstExpr>>,
    /// Initializers of the defined globals.
    pub global_inits: Vec<ConstExpr>,
    /// Exports.
    pub exports: Vec<Export>,
    /// Their positions by name; made when one is first looked for.
    exports_by_name: OnceLock<Box<[u32]>>,
    /// Start function.
    pub start: Option<u32>,
    /// Element segments.
    pub elements: Vec<ElementSegment>,
    /// Data segments.
    pub data: Vec<DataSegment>,
    /// All sections in file order.
    pub sections: Vec<Section>,
    /// Payload of the code section, if there is one.
    pub code: Option<CodeSection>,
    /// Function names of the `name` section (index, name); names of locals are read on demand.
    pub names: Names,
}

impl Module {
    /// The type of a function by function index.
    pub fn func_type(&self, func: u32) -> &FuncType {
        &self.types[self.func_types[func as usize] as usize]
    }

    /// Where the arguments and results of a function travel.
    pub fn func_layout(&self, func: u32) -> &CallLayout {
        &self.call_layouts[self.func_types[func as usize] as usize]
    }

    /// Where compiled code finds the parts of this module's instances.
    pub fn vm_layout(&self) -> VmLayout {
        VmLayout::new(VmCounts {
            funcs: self.bodies.len(),
            imported_funcs: self.imported_funcs as usize,
            globals: self.global_inits.len(),
            imported_globals: self.imported_globals as usize,
            tables: self.tables.len(),
            memories: self.memories.len(),
            types: self.types.len(),
        })
    }

    /// The body of a defined function; `None` for imports.
    pub fn body(&self, func: u32) -> Option<&Body> {
        self.bodies.get(func.checked_sub(self.imported_funcs)? as usize)
    }

    /// The function whose body contains a file offset.
    pub fn func_at(&self, offset: u64) -> Option<u32> {
        let after = self
            .bodies
            .partition_point(|body| body.range.start as u64 <= offset);
        let body = self.bodies.get(after.checked_sub(1)?)?;
        (offset < body.range.end as u64).then(|| self.imported_funcs + (after as u32 - 1))
    }

    /// The export of a name.
    pub fn export(&self, name: &str) -> Option<&Export> {
        let named = |position: &u32| self.exports.get(*position as usize);
        let by_name = self.exports_by_name.get_or_init(|| {
            let mut positions: Box<[u32]> = (0..self.exports.len() as u32).collect();
            positions.sort_unstable_by_key(|position| named(position).map(|export| &export.name));
            positions
        });
        let found = by_name.binary_search_by(|position| {
            let found = named(position).map(|export| export.name.as_str());
            found.cmp(&Some(name))
        });
        by_name.get(found.ok()?).and_then(named)
    }
}

/// A function body.
#[derive(Clone, Debug)]
pub struct Body {
    /// The whole body in the file: local declarations to past the final `end`.
    pub range: Range<usize>,
    /// File offset of the first operator.
    pub first_op: usize,
    /// All locals, parameters first, run-length: (count, type).
    pub locals: Vec<(u32, ValType)>,
}

impl Body {
    /// The type of a local, parameters first.
    pub fn local_type(&self, index: u32) -> Option<ValType> {
        let mut end = 0u64;
        let mut runs = self.locals.iter();
        let run = runs.find(|&&(count, _)| {
            end += u64::from(count);
            u64::from(index) < end
        });
        run.map(|&(_, ty)| ty)
    }
}

/// An import.
#[derive(Clone, Debug)]
pub struct Import {
    /// Module name.
    pub module: String,
    /// Field name.
    pub field: String,
    /// What is imported.
    pub kind: ImportKind,
}

/// What an import asks for.
#[derive(Clone, Copy, Debug)]
pub enum ImportKind {
    /// A function of a type index.
    Func(u32),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType),
    /// A tag with a type index.
    Tag(u32),
}

/// A table type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableType {
    /// Element type.
    pub element: ValType,
    /// Minimum length.
    pub min: u64,
    /// Maximum length.
    pub max: Option<u64>,
    /// Whether indices are `i64`.
    pub table64: bool,
}

/// A memory type, in pages of 64 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryType {
    /// Minimum pages.
    pub min: u64,
    /// Maximum pages.
    pub max: Option<u64>,
    /// Whether addresses are `i64`.
    pub memory64: bool,
}

impl TableType {
    /// The type of its indices.
    pub fn index_type(self) -> ValType {
        if self.table64 { ValType::I64 } else { ValType::I32 }
    }
}

impl MemoryType {
    /// The type of its addresses.
    pub fn address_type(self) -> ValType {
        if self.memory64 { ValType::I64 } else { ValType::I32 }
    }
}

/// A global type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalType {
    /// Value type.
    pub ty: ValType,
    /// Mutability.
    pub mutable: bool,
}

/// A constant expression, as small postfix code (extended-const ready).
pub type ConstExpr = Vec<ConstOp>;

/// An instruction of a constant expression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ConstOp {
    /// A constant: type and bits.
    Const(crate::types::Val),
    /// `global.get`.
    GlobalGet(u32),
    /// `ref.func`.
    RefFunc(u32),
    /// `ref.null`.
    RefNull(ValType),
    /// `i32.add`.
    I32Add,
    /// `i32.sub`.
    I32Sub,
    /// `i32.mul`.
    I32Mul,
    /// `i64.add`.
    I64Add,
    /// `i64.sub`.
    I64Sub,
    /// `i64.mul`.
    I64Mul,
}

/// An export.
#[derive(Clone, Debug)]
pub struct Export {
    /// Name.
    pub name: String,
    /// What.
    pub kind: ExportKind,
}

/// What an export names, with its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportKind {
    /// A function.
    Func(u32),
    /// A table.
    Table(u32),
    /// A memory.
    Memory(u32),
    /// A global.
    Global(u32),
    /// A tag.
    Tag(u32),
}

/// When a segment is applied.
#[derive(Clone, Debug)]
pub enum SegmentMode {
    /// At instantiation, into memory or table `index` at `offset`.
    Active {
        /// Memory or table index.
        index: u32,
        /// Where.
        offset: ConstExpr,
    },
    /// By `memory.init` or `table.init`.
    Passive,
    /// Only to declare `ref.func` targets.
    Declared,
}

/// An element segment.
#[derive(Clone, Debug)]
pub struct ElementSegment {
    /// Mode.
    pub mode: SegmentMode,
    /// Element type.
    pub ty: ValType,
    /// The elements.
    pub items: Vec<ElementItem>,
}

/// An element of a segment. What most are takes little room: a byte of the file may be one.
#[derive(Clone, Debug, PartialEq)]
pub enum ElementItem {
    /// A reference to a function.
    Func(u32),
    /// The null reference.
    Null,
    /// What this gives.
    Expr(Box<ConstExpr>),
}

impl From<ConstExpr> for ElementItem {
    fn from(code: ConstExpr) -> ElementItem {
        match code[..] {
            [ConstOp::RefFunc(func)] => ElementItem::Func(func),
            [ConstOp::RefNull(_)] => ElementItem::Null,
            _ => ElementItem::Expr(Box::new(code)),
        }
    }
}

/// A data segment.
#[derive(Clone, Debug)]
pub struct DataSegment {
    /// Mode.
    pub mode: SegmentMode,
    /// Its bytes in the file.
    pub range: Range<usize>,
}

/// A section.
#[derive(Clone, Debug)]
pub struct Section {
    /// Standard name, or a custom section's own.
    pub name: String,
    /// Whether it is custom.
    pub custom: bool,
    /// Payload in the file (custom: after the name).
    pub range: Range<usize>,
    /// Number of entries of vector sections.
    pub count: Option<u64>,
}

/// What the `name` section says; every part may be missing.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// The module's name.
    pub module: Option<String>,
    /// Function names by index.
    pub funcs: std::collections::BTreeMap<u32, String>,
    /// Local names by (function, local).
    pub locals: std::collections::BTreeMap<(u32, u32), String>,
    /// Global names by index.
    pub globals: std::collections::BTreeMap<u32, String>,
}
