//! Bytes to a validated [`Module`].
//!
//! # Invariants
//! - Every byte outside custom sections has passed wasmparser's validator with the features asked for before a
//!   [`Module`] exists; custom sections never decide whether it does.
//! - What this file allocates is bounded by the length of the file times a small constant (16 for the elements of tables,
//!   about 30 for those that are computed): declared counts are never trusted as capacities, and local declarations stay
//!   run-length encoded.
//! - A module that is valid wasm but outside the features asked for is [`Error::Unsupported`], and not
//!   [`Error::Invalid`].
//!
//! # Limits
//! Those of the validator, which are the ones browsers agreed on: 1,000,000 types, functions, imports, exports and
//! globals; 100,000 element and data segments and tables; 100 memories; 10,000,000 initial
//! table entries; 7,654,321 bytes a function body; 50,000 locals, 1,000 parameters and 1,000 results a function;
//! 100,000 bytes an import or export name.
//!
//! Must not know: what anyone does with the module.

use super::{
    Body, ConstExpr, ConstOp, DataSegment, ElementItem, ElementSegment, Export, ExportKind, Features,
    GlobalType, Import, ImportKind, MemoryType, Module, Names, Section, SegmentMode, TableType, refusal,
};
use crate::error::Error;
use crate::layout::CallLayout;
use crate::parallel;
use crate::position::{CodeSection, ModuleOffset};
use crate::types::{self, FuncType, Val, ValType};
use std::ops::Range;
use std::sync::Arc;
use wasmparser::{
    AbstractHeapType, BinaryReader, DataKind, ElementItems, ElementKind, ExternalKind, FuncToValidate,
    FuncValidatorAllocations, FunctionBody, IndirectNameMap, NameMap, Operator, Parser, Payload, RefType,
    TableInit, TypeRef, UnpackedIndex, ValidPayload, Validator, ValidatorResources, WasmFeatures,
};

/// Code sections from this length on are validated by several threads, in runs of bodies of about that length.
const MUCH_CODE_BYTES: usize = 1 << 20;
const RUN_BYTES: usize = 1 << 17;

/// A body on its way.
type ToValidate<'a> = (FuncToValidate<ValidatorResources>, FunctionBody<'a>);

/// Why reading ended.
enum Failure {
    /// The parser or the validator refused.
    Refused(wasmparser::Error),
    /// Something that no feature asks for and the validator let pass.
    Outside { offset: u64 },
}

impl From<wasmparser::Error> for Failure {
    fn from(error: wasmparser::Error) -> Failure {
        Failure::Refused(error)
    }
}

/// Decodes and validates a module that may use the default [`Features`].
pub fn decode(bytes: Arc<[u8]>) -> Result<Arc<Module>, Error> {
    decode_with(bytes, Features::default())
}

/// Decodes and validates a module that may use some features.
pub fn decode_with(bytes: Arc<[u8]>, features: Features) -> Result<Arc<Module>, Error> {
    if Parser::is_component(&bytes) {
        return Err(Error::Unsupported {
            what: "a component, not a module: `wasm-tools component unbundle` takes out its core modules"
                .into(),
            offset: 4,
        });
    }
    match read(&bytes, features.switches()) {
        Ok(module) => Ok(Arc::new(module)),
        Err(Failure::Refused(error)) => Err(refusal::explain(&bytes, &error)),
        Err(Failure::Outside { offset }) => Err(Error::Unsupported {
            what: "what no known proposal asks for".into(),
            offset,
        }),
    }
}

fn read(bytes: &Arc<[u8]>, switches: WasmFeatures) -> Result<Module, Failure> {
    let mut parser = Parser::new(0);
    parser.set_features(switches);
    let mut validator = Validator::new_with_features(switches);
    let mut module = empty(bytes);
    let mut defined_types = Vec::new();
    let mut functions = Vec::new();
    for payload in parser.parse_all(bytes) {
        let payload = payload?;
        // The validator goes first: what `read_payload` sees is valid but for function bodies.
        if let ValidPayload::Func(func, body) = validator.payload(&payload)? {
            functions.push((func, body));
            continue;
        }
        read_payload(&mut module, &mut defined_types, payload)?;
    }
    module.func_types.extend(defined_types);
    let code_len: usize = functions.iter().map(|(_, body)| body.as_bytes().len()).sum();
    let threads = if code_len < MUCH_CODE_BYTES {
        1
    } else {
        parallel::threads()
    };
    let runs = parallel::runs(functions, RUN_BYTES, |(_, body)| body.as_bytes().len());
    // The runs come in order, so that the first mistake is the one told, whoever found another before.
    for bodies in parallel::map(runs, threads, |run| read_bodies(&module.types, run)) {
        module.bodies.extend(bodies?);
    }
    Ok(module)
}

/// Validates and reads some bodies.
fn read_bodies(types: &[FuncType], functions: Vec<ToValidate<'_>>) -> Result<Vec<Body>, Failure> {
    let mut allocations = FuncValidatorAllocations::default();
    let mut bodies = Vec::with_capacity(functions.len());
    for (func, body) in functions {
        let type_index = func.ty;
        let mut func_validator = func.into_validator(allocations);
        func_validator.validate(&body)?;
        allocations = func_validator.into_allocations();
        let params = types.get(type_index as usize).map_or(&[][..], |ty| &ty.params);
        bodies.push(read_body(params, &body)?);
    }
    Ok(bodies)
}

fn empty(bytes: &Arc<[u8]>) -> Module {
    Module {
        bytes: bytes.clone(),
        types: Vec::new(),
        call_layouts: Vec::new(),
        imports: Vec::new(),
        func_types: Vec::new(),
        imported_funcs: 0,
        bodies: Vec::new(),
        tables: Vec::new(),
        imported_tables: 0,
        memories: Vec::new(),
        imported_memories: 0,
        globals: Vec::new(),
        imported_globals: 0,
        tags: Vec::new(),
        imported_tags: 0,
        table_inits: Vec::new(),
        global_inits: Vec::new(),
        exports: Vec::new(),
        exports_by_name: Default::default(),
        start: None,
        elements: Vec::new(),
        data: Vec::new(),
        sections: Vec::new(),
        code: None,
        names: Names::default(),
    }
}

fn read_payload(
    module: &mut Module,
    defined_types: &mut Vec<u32>,
    payload: Payload<'_>,
) -> Result<(), Failure> {
    let mut section = |name: &str, range: Range<u64>, count: Option<u32>| {
        module.sections.push(Section {
            name: name.into(),
            custom: false,
            range: usize_range(&range),
            count: count.map(u64::from),
        });
    };
    match payload {
        Payload::TypeSection(reader) => {
            section("type", reader.range(), Some(reader.count()));
            for ty in reader.into_iter_err_on_gc_types() {
                let ty = func_type(&ty?)?;
                module.call_layouts.push(CallLayout::new(&ty));
                module.types.push(ty);
            }
        }
        Payload::ImportSection(reader) => {
            section("import", reader.range(), Some(reader.count()));
            for import in reader.into_imports_with_offsets() {
                let (offset, import) = import?;
                read_import(module, &import, offset)?;
            }
        }
        Payload::FunctionSection(reader) => {
            section("function", reader.range(), Some(reader.count()));
            for type_index in reader {
                defined_types.push(type_index?);
            }
        }
        Payload::TableSection(reader) => {
            section("table", reader.range(), Some(reader.count()));
            for item in reader.into_iter_with_offsets() {
                let (offset, table) = item?;
                module.tables.push(table_type(&table.ty, offset)?);
                module.table_inits.push(match &table.init {
                    TableInit::RefNull => None,
                    TableInit::Expr(init) => Some(const_expr(init)?),
                });
            }
        }
        Payload::MemorySection(reader) => {
            section("memory", reader.range(), Some(reader.count()));
            for memory in reader {
                module.memories.push(memory_type(&memory?));
            }
        }
        Payload::TagSection(reader) => {
            section("tag", reader.range(), Some(reader.count()));
            for tag in reader {
                module.tags.push(tag?.func_type_idx);
            }
        }
        Payload::GlobalSection(reader) => {
            section("global", reader.range(), Some(reader.count()));
            for global in reader {
                let global = global?;
                module.globals.push(global_type(&global.ty)?);
                module.global_inits.push(const_expr(&global.init_expr)?);
            }
        }
        Payload::ExportSection(reader) => {
            section("export", reader.range(), Some(reader.count()));
            for export in reader {
                let export = export?;
                let kind = match export.kind {
                    ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func(export.index),
                    ExternalKind::Table => ExportKind::Table(export.index),
                    ExternalKind::Memory => ExportKind::Memory(export.index),
                    ExternalKind::Global => ExportKind::Global(export.index),
                    ExternalKind::Tag => ExportKind::Tag(export.index),
                };
                module.exports.push(Export {
                    name: export.name.into(),
                    kind,
                });
            }
        }
        Payload::StartSection { func, range } => {
            section("start", range, None);
            module.start = Some(func);
        }
        Payload::ElementSection(reader) => {
            section("element", reader.range(), Some(reader.count()));
            for element in reader {
                module.elements.push(element_segment(element?)?);
            }
        }
        Payload::DataCountSection { count, range } => section("data count", range, Some(count)),
        Payload::CodeSectionStart {
            count,
            unchecked_range,
            ..
        } => {
            section("code", unchecked_range.clone(), Some(count));
            module.code = Some(CodeSection {
                start: ModuleOffset(unchecked_range.start),
                len_bytes: unchecked_range.end.saturating_sub(unchecked_range.start),
            });
        }
        Payload::DataSection(reader) => {
            section("data", reader.range(), Some(reader.count()));
            for data in reader {
                module.data.push(data_segment(&data?)?);
            }
        }
        Payload::CustomSection(reader) => {
            module.sections.push(Section {
                name: reader.name().into(),
                custom: true,
                range: usize_range(&reader.data_range()),
                count: None,
            });
            if reader.name() == "name" {
                read_names(
                    &mut module.names,
                    BinaryReader::new(reader.data(), reader.data_offset()),
                );
            }
        }
        // The header and the end say nothing; the validator refused everything else.
        _ => {}
    }
    Ok(())
}

fn read_import(module: &mut Module, import: &wasmparser::Import<'_>, offset: u64) -> Result<(), Failure> {
    let kind = match &import.ty {
        TypeRef::Func(type_index) | TypeRef::FuncExact(type_index) => {
            module.func_types.push(*type_index);
            module.imported_funcs += 1;
            ImportKind::Func(*type_index)
        }
        TypeRef::Table(ty) => {
            let ty = table_type(ty, offset)?;
            module.tables.push(ty);
            module.imported_tables += 1;
            ImportKind::Table(ty)
        }
        TypeRef::Memory(ty) => {
            let ty = memory_type(ty);
            module.memories.push(ty);
            module.imported_memories += 1;
            ImportKind::Memory(ty)
        }
        TypeRef::Global(ty) => {
            let ty = global_type(ty)?;
            module.globals.push(ty);
            module.imported_globals += 1;
            ImportKind::Global(ty)
        }
        TypeRef::Tag(tag) => {
            module.tags.push(tag.func_type_idx);
            module.imported_tags += 1;
            ImportKind::Tag(tag.func_type_idx)
        }
    };
    module.imports.push(Import {
        module: import.module.into(),
        field: import.name.into(),
        kind,
    });
    Ok(())
}

fn read_body(params: &[ValType], body: &FunctionBody<'_>) -> Result<Body, Failure> {
    let mut locals: Vec<(u32, ValType)> = Vec::new();
    let mut declare = |count: u32, ty: ValType| match locals.last_mut() {
        _ if count == 0 => {}
        // The validator holds the sum below 50,000.
        Some((run, last)) if *last == ty => *run = run.saturating_add(count),
        _ => locals.push((count, ty)),
    };
    params.iter().for_each(|ty| declare(1, *ty));
    let mut reader = body.get_locals_reader()?;
    for _ in 0..reader.get_count() {
        let offset = reader.original_position();
        let (count, ty) = reader.read()?;
        declare(count, val_type(ty, offset)?);
    }
    let first_op = reader.original_position() as usize;
    Ok(Body {
        range: usize_range(&body.range()),
        first_op,
        locals,
    })
}

fn element_segment(element: wasmparser::Element<'_>) -> Result<ElementSegment, Failure> {
    let mode = match &element.kind {
        ElementKind::Active {
            table_index,
            offset_expr,
        } => SegmentMode::Active {
            index: table_index.unwrap_or(0),
            offset: const_expr(offset_expr)?,
        },
        ElementKind::Passive => SegmentMode::Passive,
        ElementKind::Declared => SegmentMode::Declared,
    };
    let mut items = Vec::new();
    let ty = match element.items {
        ElementItems::Functions(funcs) => {
            for func in funcs {
                items.push(ElementItem::Func(func?));
            }
            ValType::FuncRef
        }
        ElementItems::Expressions(ty, exprs) => {
            for expr in exprs {
                items.push(const_expr(&expr?)?.into());
            }
            ref_type(ty, element.range.start)?
        }
    };
    Ok(ElementSegment { mode, ty, items })
}

fn data_segment(data: &wasmparser::Data<'_>) -> Result<DataSegment, Failure> {
    let mode = match &data.kind {
        DataKind::Passive => SegmentMode::Passive,
        DataKind::Active {
            memory_index,
            offset_expr,
        } => SegmentMode::Active {
            index: *memory_index,
            offset: const_expr(offset_expr)?,
        },
    };
    // The segment's bytes are the last of its range.
    let end = data.range.end as usize;
    Ok(DataSegment {
        mode,
        range: end.saturating_sub(data.data.len())..end,
    })
}

fn const_expr(expr: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr, Failure> {
    let mut ops = ConstExpr::new();
    for item in expr.get_operators_reader().into_iter_with_offsets() {
        let (operator, offset) = item?;
        ops.push(match operator {
            Operator::End => continue,
            Operator::I32Const { value } => ConstOp::Const(Val::I32(value)),
            Operator::I64Const { value } => ConstOp::Const(Val::I64(value)),
            Operator::F32Const { value } => ConstOp::Const(Val::F32(value.bits())),
            Operator::F64Const { value } => ConstOp::Const(Val::F64(value.bits())),
            Operator::V128Const { value } => ConstOp::Const(Val::V128(u128::from_le_bytes(*value.bytes()))),
            Operator::GlobalGet { global_index } => ConstOp::GlobalGet(global_index),
            Operator::RefFunc { function_index } => ConstOp::RefFunc(function_index),
            Operator::RefNull { hty } => ConstOp::RefNull(heap_type(hty, offset)?),
            Operator::I32Add => ConstOp::I32Add,
            Operator::I32Sub => ConstOp::I32Sub,
            Operator::I32Mul => ConstOp::I32Mul,
            Operator::I64Add => ConstOp::I64Add,
            Operator::I64Sub => ConstOp::I64Sub,
            Operator::I64Mul => ConstOp::I64Mul,
            _ => return Err(Failure::Outside { offset }),
        });
    }
    Ok(ops)
}

/// Reads what it can: a broken part ends that part and nothing else.
fn read_names(names: &mut Names, mut section: BinaryReader<'_>) {
    // Framed by hand: wasmparser's reader of this section refuses what is out of order.
    while let (Ok(id), Ok(reader)) = (section.read_u8(), section.read_reader()) {
        match id {
            0 => names.module = reader.clone().read_unlimited_string().ok().map(Into::into),
            1 => names.funcs.extend(name_map(reader)),
            2 => {
                let funcs = IndirectNameMap::new(reader)
                    .into_iter()
                    .flat_map(|map| map.names.map_while(Result::ok));
                for func in funcs {
                    let locals = func.names.names.map_while(Result::ok);
                    names
                        .locals
                        .extend(locals.map(|local| ((func.index, local.index), local.name.to_string())));
                }
            }
            7 => names.globals.extend(name_map(reader)),
            _ => {}
        }
    }
}

fn name_map(reader: BinaryReader<'_>) -> impl Iterator<Item = (u32, String)> + '_ {
    let map = NameMap::new(reader).into_iter();
    map.flat_map(|map| map.names.map_while(Result::ok))
        .map(|naming| (naming.index, naming.name.to_string()))
}

fn func_type(ty: &wasmparser::FuncType) -> Result<FuncType, Failure> {
    let list =
        |types: &[wasmparser::ValType]| types.iter().map(|ty| val_type(*ty, 0)).collect::<Result<_, _>>();
    Ok(FuncType {
        params: list(ty.params())?,
        results: list(ty.results())?,
    })
}

fn table_type(ty: &wasmparser::TableType, offset: u64) -> Result<TableType, Failure> {
    Ok(TableType {
        element: ref_type(ty.element_type, offset)?,
        min: ty.initial,
        max: ty.maximum,
        table64: ty.table64,
    })
}

fn memory_type(ty: &wasmparser::MemoryType) -> MemoryType {
    MemoryType {
        min: ty.initial,
        max: ty.maximum,
        memory64: ty.memory64,
    }
}

fn global_type(ty: &wasmparser::GlobalType) -> Result<GlobalType, Failure> {
    Ok(GlobalType {
        ty: val_type(ty.content_type, 0)?,
        mutable: ty.mutable,
    })
}

fn val_type(ty: wasmparser::ValType, offset: u64) -> Result<ValType, Failure> {
    value_type(ty).ok_or(Failure::Outside { offset })
}

/// A value type; `None` for what no feature here has.
pub(crate) fn value_type(ty: wasmparser::ValType) -> Option<ValType> {
    Some(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) => reference_to(ty.heap_type(), ty.is_nullable())?,
    })
}

fn ref_type(ty: RefType, offset: u64) -> Result<ValType, Failure> {
    reference_to(ty.heap_type(), ty.is_nullable()).ok_or(Failure::Outside { offset })
}

fn heap_type(ty: wasmparser::HeapType, offset: u64) -> Result<ValType, Failure> {
    reference_to(ty, true).ok_or(Failure::Outside { offset })
}

/// The type of references to something; `None` for what no feature here has.
pub(crate) fn reference_to(ty: wasmparser::HeapType, nullable: bool) -> Option<ValType> {
    let heap = match ty {
        wasmparser::HeapType::FUNC => types::HeapType::Func,
        wasmparser::HeapType::EXTERN => types::HeapType::Extern,
        wasmparser::HeapType::Abstract {
            shared: false,
            ty: AbstractHeapType::Exn,
        } => types::HeapType::Exn,
        wasmparser::HeapType::Concrete(UnpackedIndex::Module(index)) => types::HeapType::Type(index),
        _ => return None,
    };
    Some(types::RefType { nullable, heap }.into())
}

fn usize_range(range: &Range<u64>) -> Range<usize> {
    // Offsets lie in a slice, so that they fit.
    range.start as usize..range.end as usize
}
