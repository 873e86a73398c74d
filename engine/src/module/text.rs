//! Wasm text, an instruction a row.
//!
//! # Invariants
//! - One row an operator, in file order, each with its exact offset; the function's last row is its final `end`.
//! - The words are those of the text format, and a row of text assembles to the operator it stands for.
//! - Only the offsets, or only one row, cost no text for the others.
//! - A row is bounded, but for the targets of a `br_table`, which the operator itself has.
//!
//! Must not know: who shows it, where names come from.

use super::{Body, Export, ExportKind, ImportKind, Module, reference_to, value_type};
use crate::types::{FuncType, ValType};
use std::fmt::{Display, Write};
use wasmparser::{
    BinaryReader, BlockType, BrTable, Catch, HeapType, Ieee32, Ieee64, MemArg, MemArgTarget, Operator,
    OperatorsReader, TryTable, V128,
};

/// Longer names are replaced by the index they stand for: two bytes of code must not become a megabyte of text.
const LONGEST_NAME_LEN_BYTES: usize = 1000;
/// A block's type with more parameters and results than this is named by its number alone.
const MOST_TYPES_SPELLED: usize = 32;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextLine {
    /// File offset, where the row is an instruction.
    pub offset: Option<u64>,
    /// Nesting depth.
    pub indent: u32,
    /// The text, without indentation.
    pub text: String,
}

/// A function's text: a header, its locals, its instructions. `name` gives each function its name, without `$`.
///
/// An imported function is its header alone; a function that does not exist has no rows.
pub fn function_text(module: &Module, func: u32, name: &dyn Fn(u32) -> String) -> Vec<TextLine> {
    if func as usize >= module.func_types.len() {
        return Vec::new();
    }
    let mut lines = vec![TextLine {
        offset: None,
        indent: 0,
        text: header(module, func, name),
    }];
    let Some(body) = module.body(func) else {
        return lines;
    };
    let params = module.func_type(func).params.len() as u32;
    for text in locals(body, params) {
        lines.push(TextLine {
            offset: None,
            indent: 1,
            text,
        });
    }
    let mut indent: u32 = 1;
    for (operator, offset) in operators(module, body) {
        if matches!(
            operator,
            Operator::End
                | Operator::Else
                | Operator::Catch { .. }
                | Operator::CatchAll
                | Operator::Delegate { .. }
        ) {
            indent = indent.saturating_sub(1);
        }
        let text = row(module, &operator, name);
        lines.push(TextLine {
            offset: Some(offset),
            indent,
            text,
        });
        if matches!(
            operator,
            Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::Else
                | Operator::TryTable { .. }
                | Operator::Try { .. }
                | Operator::Catch { .. }
                | Operator::CatchAll
        ) {
            indent = indent.saturating_add(1);
        }
    }
    lines
}

/// File offsets of a function's operators, in order.
pub fn operator_offsets(module: &Module, func: u32) -> Vec<u64> {
    let Some(body) = module.body(func) else {
        return Vec::new();
    };
    operators(module, body).map(|(_, offset)| offset).collect()
}

/// For each of some ascending file offsets, the first operator of a function there or behind, if there is one.
pub fn operators_from(module: &Module, func: u32, offsets: &[u64]) -> Vec<u64> {
    let mut found = Vec::with_capacity(offsets.len());
    let Some(body) = module.body(func) else {
        return found;
    };
    let mut wanted = offsets.iter().peekable();
    for (_, at) in operators(module, body) {
        while wanted.next_if(|&&offset| offset <= at).is_some() {
            found.push(at);
        }
        if wanted.peek().is_none() {
            break;
        }
    }
    found
}

/// The text of the operator that begins at a file offset; `None` if none begins there. Functions are called by the
/// names of the `name` section, or else by index.
pub fn operator_text(module: &Module, offset: u64) -> Option<String> {
    let body = module.body(module.func_at(offset)?)?;
    let (operator, at) = operators(module, body).find(|(_, at)| *at >= offset)?;
    (at == offset).then(|| row(module, &operator, &|func| section_name(module, func)))
}

/// The name of an operator in the text format: `i32.load8_s`, `br_if`, `memory.copy`.
pub fn operator_name(operator: &Operator<'_>) -> String {
    let visit = visit_name(operator);
    let name = visit.strip_prefix("visit_").unwrap_or(visit);
    if name.starts_with("typed_select") {
        return "select".into();
    }
    let Some((head, rest)) = name.split_once('_') else {
        return name.into();
    };
    const SPACES: [&str; 24] = [
        "i32", "i64", "f32", "f64", "v128", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2", "local",
        "global", "table", "memory", "data", "elem", "ref", "struct", "array", "i31", "any", "extern",
        "cont",
    ];
    if !SPACES.contains(&head) {
        return name.into();
    }
    match rest.strip_prefix("atomic_") {
        None => format!("{head}.{rest}"),
        Some(atomic) => match atomic.strip_prefix("rmw").and_then(|rmw| rmw.split_once('_')) {
            None => format!("{head}.atomic.{atomic}"),
            Some((width, operation)) => format!("{head}.atomic.rmw{width}.{operation}"),
        },
    }
}

/// The visitor's method for an operator.
fn visit_name(operator: &Operator<'_>) -> &'static str {
    macro_rules! names {
        ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            match operator {
                $(Operator::$op { .. } => stringify!($visit),)*
                _ => "unknown",
            }
        };
    }
    wasmparser::for_each_operator!(names)
}

fn operators<'a>(module: &'a Module, body: &Body) -> impl Iterator<Item = (Operator<'a>, u64)> {
    let bytes = module
        .bytes
        .get(body.first_op..body.range.end)
        .unwrap_or_default();
    let reader = OperatorsReader::new(BinaryReader::new(bytes, body.first_op as u64));
    reader.into_iter_with_offsets().map_while(Result::ok)
}

fn section_name(module: &Module, func: u32) -> String {
    module
        .names
        .funcs
        .get(&func)
        .cloned()
        .unwrap_or_else(|| func.to_string())
}

fn header(module: &Module, func: u32, name: &dyn Fn(u32) -> String) -> String {
    let mut text = format!("func {} (;{func};)", identifier(&name(func)));
    let exported = module
        .exports
        .iter()
        .filter(|Export { kind, .. }| *kind == ExportKind::Func(func));
    for export in exported {
        let _ = write!(text, " (export {})", quoted(&export.name));
    }
    let mut imports = module
        .imports
        .iter()
        .filter(|import| matches!(import.kind, ImportKind::Func(_)));
    if func < module.imported_funcs
        && let Some(import) = imports.nth(func as usize)
    {
        let _ = write!(
            text,
            " (import {} {})",
            quoted(&import.module),
            quoted(&import.field)
        );
    }
    text + &signature(module.func_type(func))
}

/// Rows for the declared locals: short runs in one row, a long one by its range.
fn locals(body: &Body, params: u32) -> Vec<String> {
    const LONGEST_SPELLED_RUN: u32 = 8;
    let (mut rows, mut spelled) = (Vec::new(), String::new());
    let mut index: u32 = 0;
    for &(count, ty) in &body.locals {
        let end = index.saturating_add(count);
        let start = index.max(params);
        index = end;
        match end.saturating_sub(start) {
            0 => {}
            count if count <= LONGEST_SPELLED_RUN => {
                (0..count).for_each(|_| spelled.extend([" ", &ty.to_string()]));
            }
            _ => {
                rows.extend((!spelled.is_empty()).then(|| format!("(local{spelled})")));
                spelled.clear();
                rows.push(format!(
                    "(local {ty} ...) ;; {start} to {}",
                    end.saturating_sub(1)
                ));
            }
        }
    }
    rows.extend((!spelled.is_empty()).then(|| format!("(local{spelled})")));
    rows
}

/// ` (param i32) (result i32)`, each part only if it says something.
fn signature(ty: &FuncType) -> String {
    let mut text = String::new();
    for (word, types) in [("param", &ty.params), ("result", &ty.results)] {
        if !types.is_empty() {
            let types: Vec<String> = types.iter().map(ValType::to_string).collect();
            let _ = write!(text, " ({word} {})", types.join(" "));
        }
    }
    text
}

/// `$name`, quoted where the format asks for it; a plain number stays one.
fn identifier(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-./:<=>?@\\^_`|~".contains(c);
    if !name.is_empty() && name.chars().all(|c| c.is_ascii_digit()) {
        name.into()
    } else if !name.is_empty() && name.chars().all(is_plain) {
        format!("${name}")
    } else {
        format!("${}", quoted(name))
    }
}

/// A string literal.
fn quoted(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => literal.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(literal, "\\u{{{:x}}}", u32::from(c));
            }
            c => literal.push(c),
        }
    }
    literal + "\""
}

/// The text of one operator.
fn row(module: &Module, operator: &Operator<'_>, name: &dyn Fn(u32) -> String) -> String {
    let mut row = Row {
        module,
        name,
        text: operator_name(operator),
    };
    macro_rules! immediates {
        ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            match operator {
                $(Operator::$op $({ $($arg),* })? => { $($(immediate!(row, $arg $arg);)*)? })*
                _ => {}
            }
        };
    }
    /// By the name that wasmparser gives an immediate. Those left over are of proposals that no module uses.
    macro_rules! immediate {
        ($row:ident, blockty $it:ident) => {
            $row.block_type(*$it)
        };
        ($row:ident, targets $it:ident) => {
            $row.targets($it)
        };
        ($row:ident, function_index $it:ident) => {
            $row.function(*$it)
        };
        ($row:ident, global_index $it:ident) => {
            $row.global(*$it)
        };
        ($row:ident, memarg $it:ident) => {
            $row.memarg($it)
        };
        ($row:ident, mem $it:ident) => {
            $row.index_unless_zero(*$it)
        };
        ($row:ident, dst_mem $it:ident) => {
            $row.add($it)
        };
        ($row:ident, src_mem $it:ident) => {
            $row.add($it)
        };
        ($row:ident, tag_index $it:ident) => {
            $row.add($it)
        };
        ($row:ident, type_index $it:ident) => {
            $row.add($it)
        };
        ($row:ident, try_table $it:ident) => {
            $row.try_table($it)
        };
        ($row:ident, hty $it:ident) => {
            $row.heap_type(*$it)
        };
        ($row:ident, value $it:ident) => {
            $row.add($it.literal())
        };
        ($row:ident, lanes $it:ident) => {
            $it.iter().for_each(|lane| $row.add(lane))
        };
        ($row:ident, relative_depth $it:ident) => {
            $row.add($it)
        };
        ($row:ident, local_index $it:ident) => {
            $row.add($it)
        };
        ($row:ident, lane $it:ident) => {
            $row.add($it)
        };
        ($row:ident, data_index $it:ident) => {
            $row.add($it)
        };
        ($row:ident, elem_index $it:ident) => {
            $row.add($it)
        };
        ($row:ident, table $it:ident) => {
            $row.add($it)
        };
        ($row:ident, dst_table $it:ident) => {
            $row.add($it)
        };
        ($row:ident, src_table $it:ident) => {
            $row.add($it)
        };
        ($row:ident, $other:ident $it:ident) => {
            let _ = $it;
        };
    }
    match operator {
        // The text has these the other way round, or leaves zeros out.
        Operator::CallIndirect {
            type_index,
            table_index,
        }
        | Operator::ReturnCallIndirect {
            type_index,
            table_index,
        } => {
            row.index_unless_zero(*table_index);
            row.function_type(*type_index);
        }
        Operator::TableInit { elem_index, table } => {
            row.index_unless_zero(*table);
            row.add(elem_index);
        }
        Operator::MemoryInit { data_index, mem } => {
            row.index_unless_zero(*mem);
            row.add(data_index);
        }
        Operator::TableCopy {
            dst_table: 0,
            src_table: 0,
        }
        | Operator::MemoryCopy {
            dst_mem: 0,
            src_mem: 0,
        } => {}
        Operator::TypedSelect { ty } => row.result(*ty),
        _ => wasmparser::for_each_operator!(immediates),
    }
    row.text
}

struct Row<'a> {
    module: &'a Module,
    name: &'a dyn Fn(u32) -> String,
    text: String,
}

impl Row<'_> {
    fn add(&mut self, word: impl Display) {
        let _ = write!(self.text, " {word}");
    }

    fn index_unless_zero(&mut self, index: u32) {
        if index != 0 {
            self.add(index);
        }
    }

    fn block_type(&mut self, ty: BlockType) {
        match ty {
            BlockType::Empty => {}
            BlockType::Type(ty) => self.result(ty),
            BlockType::FuncType(index) => self.function_type(index),
        }
    }

    fn result(&mut self, ty: wasmparser::ValType) {
        match value_type(ty) {
            Some(ty) => self.add(format_args!("(result {ty})")),
            None => self.add(format_args!("(result {ty})")),
        }
    }

    fn function_type(&mut self, index: u32) {
        self.add(format_args!("(type {index})"));
        // The number alone says it; of a type with a thousand parameters a million blocks can be.
        let ty = self.module.types.get(index as usize);
        if let Some(ty) = ty.filter(|ty| ty.params.len() + ty.results.len() <= MOST_TYPES_SPELLED) {
            self.text += &signature(ty);
        }
    }

    fn targets(&mut self, targets: &BrTable<'_>) {
        for target in targets.targets().map_while(Result::ok).chain([targets.default()]) {
            self.add(target);
        }
    }

    fn function(&mut self, func: u32) {
        let name = (self.name)(func);
        if name.len() > LONGEST_NAME_LEN_BYTES {
            self.add(func);
        } else {
            self.add(identifier(&name));
        }
    }

    fn global(&mut self, global: u32) {
        match self.module.names.globals.get(&global) {
            Some(name) if name.len() <= LONGEST_NAME_LEN_BYTES => self.add(identifier(name)),
            Some(_) => self.add(global),
            None => self.add(global),
        }
    }

    fn memarg(&mut self, memarg: &MemArg) {
        if let MemArgTarget::Memory(memory) = memarg.target {
            self.index_unless_zero(memory);
        }
        if memarg.offset != 0 {
            self.add(format_args!("offset={}", memarg.offset));
        }
        if memarg.align != memarg.max_align {
            self.add(format_args!(
                "align={}",
                1u64.checked_shl(memarg.align.into()).unwrap_or_default()
            ));
        }
    }

    fn heap_type(&mut self, ty: HeapType) {
        match reference_to(ty, true).and_then(ValType::as_ref) {
            Some(ty) => self.add(ty.heap),
            None => self.add("unknown"),
        }
    }

    fn try_table(&mut self, try_table: &TryTable) {
        self.block_type(try_table.ty);
        for catch in &try_table.catches {
            match catch {
                Catch::One { tag, label } => self.add(format_args!("(catch {tag} {label})")),
                Catch::OneRef { tag, label } => self.add(format_args!("(catch_ref {tag} {label})")),
                Catch::All { label } => self.add(format_args!("(catch_all {label})")),
                Catch::AllRef { label } => self.add(format_args!("(catch_all_ref {label})")),
            }
        }
    }
}

/// A constant as the text format writes it.
trait Literal {
    fn literal(&self) -> String;
}

macro_rules! plain_literals {
    ($($ty:ty)*) => {
        $(impl Literal for $ty {
            fn literal(&self) -> String {
                self.to_string()
            }
        })*
    };
}

plain_literals! { i32 i64 }

impl Literal for Ieee32 {
    fn literal(&self) -> String {
        let value = f32::from_bits(self.bits());
        match self.bits() & 0x7f_ffff {
            payload if value.is_nan() => nan(value.is_sign_negative(), payload.into(), 0x40_0000),
            _ => format!("{value:?}"),
        }
    }
}

impl Literal for Ieee64 {
    fn literal(&self) -> String {
        let value = f64::from_bits(self.bits());
        match self.bits() & 0xf_ffff_ffff_ffff {
            payload if value.is_nan() => nan(value.is_sign_negative(), payload, 0x8_0000_0000_0000),
            _ => format!("{value:?}"),
        }
    }
}

fn nan(negative: bool, payload: u64, canonical: u64) -> String {
    let sign = if negative { "-" } else { "" };
    if payload == canonical {
        format!("{sign}nan")
    } else {
        format!("{sign}nan:0x{payload:x}")
    }
}

impl Literal for V128 {
    fn literal(&self) -> String {
        let bits = u128::from_le_bytes(*self.bytes());
        let lanes = [0, 32, 64, 96].map(|shift| format!("0x{:08x}", (bits >> shift) as u32));
        format!("i32x4 {}", lanes.join(" "))
    }
}
