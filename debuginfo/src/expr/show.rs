//! Results as nodes of the value tree.

use super::Eval;
use super::error::{Failure, Span};
use super::number::{Kind, Number, Scalar};
use super::operand::{Operand, written};
use super::raw::VECTOR;
use super::types::{Form, Ty, encoding_of, named};
use crate::dwarf::DieId;
use crate::dwarf::types::{PointerKind, Shape, Type};
use crate::value::{c, reason, wide};
use crate::{Availability, Language, Part, Place, ValueNode, ValueRef};

/// Elements of an array that its line shows.
const LINE_ELEMENTS: u64 = 16;
/// Length at which the line of an array ends.
const LINE_LIMIT: usize = 100;
/// Bytes of a text that its line shows.
const TEXT_LIMIT: usize = 200;

fn leaf(name: &str, type_name: String, text: String) -> ValueNode {
    ValueNode {
        name: name.to_string(),
        type_name,
        kind: None,
        text,
        availability: Availability::Available,
        address: None,
        len_bytes: None,
        expand: None,
    }
}

impl Eval<'_> {
    /// A result as a node.
    pub fn show(&self, name: &str, operand: Operand) -> ValueNode {
        match operand {
            Operand::Object { ty, place } => self.show_object(name, &ty, place),
            Operand::Literal(number) => self.show_literal(name, number),
            Operand::Text(text) => {
                let type_name = match self.language() {
                    Language::Rust => "&str".to_string(),
                    Language::Zig => "[]const u8".to_string(),
                    _ => format!("char [{}]", text.len().saturating_add(1)),
                };
                let shown = text.get(..text.len().min(TEXT_LIMIT)).unwrap_or(&text);
                leaf(name, type_name, c::quoted(shown, shown.len() < text.len()))
            }
            Operand::Function(function) => leaf(
                name,
                "function".to_string(),
                (self.values.function_name)(function),
            ),
            Operand::Reference(bits) => leaf(name, "reference".to_string(), format!("{bits:#x}")),
            Operand::Enumerator(word) => leaf(name, "enumerator".to_string(), written(&word)),
            Operand::Null => {
                let null = match self.language() {
                    Language::C => "NULL",
                    Language::Cpp => "nullptr",
                    _ => "null",
                };
                leaf(name, "null".to_string(), null.to_string())
            }
        }
    }

    /// A literal takes the usual type that holds it.
    fn show_literal(&self, name: &str, number: Number) -> ValueNode {
        if number.scalar.kind == Kind::FloatLiteral {
            let type_name = named(number.scalar, self.language());
            return leaf(
                name,
                type_name.to_string(),
                self.scalar_text(number.scalar, type_name, &Place::Bytes(number.bytes())),
            );
        }
        let usual = [32, 64, 128].into_iter().map(Scalar::signed);
        let scalar = usual.chain([number.scalar]).find(|scalar| {
            let narrow = Number::new(*scalar, number.bits);
            narrow.text() == number.text()
        });
        let type_name = named(scalar.unwrap_or(number.scalar), self.language());
        leaf(name, type_name.to_string(), number.text())
    }

    fn show_object(&self, name: &str, ty: &Ty, place: Place) -> ValueNode {
        match ty {
            Ty::Die(id) | Ty::Field(id, _) => {
                return self.values.node(name.to_string(), *id, Ok(place), None);
            }
            Ty::Row { array, from } => {
                if let Some(full) = self.values.strip(*array)
                    && let Shape::Array { element, dimensions } = &full.shape
                {
                    let inner = dimensions.get(*from..).unwrap_or(&[]);
                    return self
                        .values
                        .row(name.to_string(), &full, *element, Ok(place), inner);
                }
            }
            Ty::Array(element, count) => {
                if let (Ty::Die(element), Place::Memory(address)) = (&**element, &place) {
                    let mut node = self
                        .values
                        .counted(name.to_string(), *element, *address, *count, None);
                    node.type_name = self.type_name(ty);
                    return node;
                }
            }
            Ty::Scalar(..) | Ty::Pointer(_) => {}
        }
        let line = self.object_line(ty, &place);
        let mut node = leaf(name, self.type_name(ty), String::new());
        node.len_bytes = self.size(ty);
        if let Place::Memory(address) = place {
            node.address = Some(address);
        }
        match line {
            Ok(text) => {
                node.text = text;
                node.expand = self.behind_pointer(ty, &place);
            }
            Err(why) => {
                node.text = reason(&why);
                node.availability = why;
            }
        }
        node
    }

    /// What is seen on looking into a pointer that the debug information has no type for.
    fn behind_pointer(&self, ty: &Ty, place: &Place) -> Option<ValueRef> {
        let Ty::Pointer(Some(to)) = ty else { return None };
        let Ty::Die(to) = **to else { return None };
        let address = self.values.number(place, 0, self.address_size()).ok()?;
        if address == 0 || matches!(self.form(&Ty::Die(to)), Form::Function | Form::Other) {
            return None;
        }
        let there = self
            .values
            .node(String::new(), to, Ok(Place::Memory(address)), None);
        there.expand.or(Some(ValueRef {
            type_offset: to.0 as u64,
            place: Place::Memory(address),
            part: Part::Elements { first: 0, count: 1 },
        }))
    }

    fn object_line(&self, ty: &Ty, place: &Place) -> Result<String, Availability> {
        match ty {
            Ty::Die(id) | Ty::Field(id, _) => self.values.line(*id, place, 2),
            Ty::Scalar(scalar, name) => {
                // Read first: what cannot be read has no text.
                self.values.bytes(place, 0, scalar.size)?;
                Ok(self.scalar_text(*scalar, name, place))
            }
            Ty::Pointer(to) => {
                let len = self.address_size();
                let to = match to.as_deref() {
                    Some(Ty::Die(to)) => Some(*to),
                    _ => None,
                };
                let kind = PointerKind::Pointer;
                let line = self
                    .values
                    .scalar(&self.made_up(None, Some(len), Shape::Pointer { to, kind }), place);
                line.unwrap_or_else(|| Ok(String::new()))
            }
            Ty::Array(element, count) => {
                let size = self.size(element).unwrap_or(0);
                let mut line = String::new();
                for index in 0..*count {
                    if index > 0 {
                        line.push_str(", ");
                    }
                    // Arrays in arrays would grow without end.
                    if index == LINE_ELEMENTS || line.len() > LINE_LIMIT {
                        line.push_str("...");
                        break;
                    }
                    let part = self.values.part(place, index.saturating_mul(size), Some(size))?;
                    line.push_str(&self.object_line(element, &part)?);
                }
                Ok(match self.language() {
                    Language::Rust => format!("[{line}]"),
                    _ => format!("{{{line}}}"),
                })
            }
            Ty::Row { .. } => Ok("{...}".to_string()),
        }
    }

    /// A number in the words that variables of such a type have.
    fn scalar_text(&self, scalar: Scalar, name: &str, place: &Place) -> String {
        if name == VECTOR
            && let Place::Bytes(bytes) = place
        {
            let digits: String = bytes.iter().rev().map(|byte| format!("{byte:02x}")).collect();
            return format!("0x{digits}");
        }
        if wide::NAMES.contains(&name) {
            let signed = scalar.kind == Kind::Signed;
            let line = self.values.wide_line(scalar.size, signed, place);
            return line.unwrap_or_else(|why| reason(&why));
        }
        let shape = Shape::Base {
            encoding: encoding_of(scalar, name),
        };
        let ty = self.made_up(Some(name), Some(scalar.size), shape);
        match self.values.scalar(&ty, place) {
            Some(Ok(text)) => text,
            Some(Err(why)) => reason(&why),
            None => String::new(),
        }
    }

    /// A type that is in no debug information.
    fn made_up(&self, name: Option<&str>, size: Option<u64>, shape: Shape) -> Type {
        Type {
            id: DieId(0),
            name: name.map(str::to_string),
            size,
            alignment: None,
            language: self.language(),
            shape,
            arguments: Vec::new(),
        }
    }

    /// A node that says which operand is not there.
    pub fn absent(&self, name: &str, at: Span, whole: Span, why: Availability) -> ValueNode {
        let mut node = leaf(name, String::new(), reason(&why));
        if at != whole {
            let operand = at.of(self.text).trim();
            match why {
                Availability::NotReadable(ref what) => {
                    node.availability = Availability::NotReadable(format!("{operand}: {what}"));
                    node.text = reason(&node.availability);
                    return node;
                }
                Availability::Unsupported(ref what) => {
                    node.availability = Availability::Unsupported(format!("{operand}: {what}"));
                    node.text = reason(&node.availability);
                    return node;
                }
                _ => node.text = format!("{}: {operand}", node.text),
            }
        }
        node.availability = why;
        node
    }

    /// Why there is no value, in words for a person who asked for it.
    pub fn why(&self, failure: Failure) -> (Span, String) {
        match failure {
            Failure::Wrong(span, message) => (span, message),
            Failure::Absent(span, why) => (span, format!("{}: {}", reason(&why), span.of(self.text).trim())),
        }
    }
}
