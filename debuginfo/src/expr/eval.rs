//! Expressions in a frame: the tree walked over types and places.

use super::parse::Expr;
use crate::dwarf::DieId;
use crate::dwarf::types::{Member, Shape, Type};
use crate::value::read::Located;
use crate::value::{Values, View, reason};
use crate::{Availability, Place, ValueNode};
use std::sync::Arc;

/// A variable in scope, found by name.
pub(crate) struct Found {
    pub ty: DieId,
    pub place: Result<Place, Availability>,
}

/// What an expression denotes.
enum Denoted {
    Object {
        ty: DieId,
        place: Place,
    },
    /// A bit-field's value.
    Bits {
        ty: DieId,
        value: u64,
    },
    Address {
        of: DieId,
        address: u64,
    },
    /// A row of an array with several dimensions; `from` are left out.
    Row {
        array: Arc<Type>,
        from: usize,
        place: Place,
    },
    Number(i64),
}

/// Wrappers that are looked through on the way to a pointer or to elements.
const WRAPPER_LIMIT: usize = 8;

/// Evaluates an expression; `find` looks names up.
pub(crate) fn evaluate(
    values: &Values<'_>,
    expr: &Expr,
    text: &str,
    find: &dyn Fn(&str) -> Option<Found>,
) -> Result<ValueNode, String> {
    let leaf = |type_name: String, text_of: String, len_bytes: Option<u64>| ValueNode {
        name: text.to_string(),
        type_name,
        kind: None,
        text: text_of,
        availability: Availability::Available,
        address: None,
        len_bytes,
        expand: None,
    };
    // A variable that is there but cannot be read is an answer, not an error.
    if let Expr::Name(name) = expr {
        let found = find(name).ok_or_else(|| missing(name))?;
        return Ok(values.node(text.to_string(), found.ty, found.place, None));
    }
    let eval = Eval { values, find };
    Ok(match eval.walk(expr)? {
        Denoted::Object { ty, place } => values.node(text.to_string(), ty, Ok(place), None),
        Denoted::Bits { ty, value } => leaf(values.type_name(ty), values.bits(ty, value), None),
        Denoted::Address { of, address } => {
            let of_name = values.type_name(of);
            let gap = if of_name.ends_with('*') { "" } else { " " };
            let mut node = leaf(format!("{of_name}{gap}*"), format!("{address:#x}"), Some(4));
            // Looking into an address shows what is there.
            node.expand = values
                .node(String::new(), of, Ok(Place::Memory(address)), None)
                .expand;
            node
        }
        Denoted::Row { array, from, place } => match &array.shape {
            Shape::Array { element, dimensions } => {
                let inner = dimensions.get(from..).unwrap_or(&[]);
                values.row(text.to_string(), &array, *element, Ok(place), inner)
            }
            _ => return Err("it is no array".to_string()),
        },
        Denoted::Number(value) => leaf("int".to_string(), value.to_string(), None),
    })
}

fn missing(name: &str) -> String {
    format!("there is no variable '{name}' here")
}

struct Eval<'a> {
    values: &'a Values<'a>,
    find: &'a dyn Fn(&str) -> Option<Found>,
}

impl Eval<'_> {
    fn walk(&self, expr: &Expr) -> Result<Denoted, String> {
        match expr {
            Expr::Number(value) => Ok(Denoted::Number(*value)),
            Expr::Name(name) => {
                let found = (self.find)(name).ok_or_else(|| missing(name))?;
                let place = found.place.map_err(|why| format!("'{name}': {}", reason(&why)))?;
                Ok(Denoted::Object { ty: found.ty, place })
            }
            Expr::Deref(inner) => match self.walk(inner)? {
                Denoted::Address { of, address } => Ok(Denoted::Object {
                    ty: of,
                    place: Place::Memory(address),
                }),
                Denoted::Object { ty, place } => self.target(ty, &place, 0, WRAPPER_LIMIT),
                _ => Err("only a pointer can be followed".to_string()),
            },
            Expr::AddressOf(inner) => match self.walk(inner)? {
                Denoted::Object {
                    ty,
                    place: Place::Memory(address),
                } => Ok(Denoted::Address { of: ty, address }),
                _ => Err("it has no address in memory".to_string()),
            },
            Expr::Member(inner, name) | Expr::Arrow(inner, name) => self.member(self.walk(inner)?, name),
            Expr::Index(inner, index) => {
                let index = self.number(self.walk(index)?)?;
                self.element(self.walk(inner)?, index, WRAPPER_LIMIT)
            }
        }
    }

    fn full(&self, ty: DieId) -> Result<Arc<Type>, String> {
        self.values
            .strip(ty)
            .ok_or_else(|| "its type is missing in the debug information".to_string())
    }

    /// What a pointer (or reference, or smart pointer) points to, `index` elements on.
    fn target(&self, ty: DieId, place: &Place, index: i64, depth: usize) -> Result<Denoted, String> {
        let depth = depth.checked_sub(1).ok_or("too many types lead to each other")?;
        let full = self.full(ty)?;
        let (to, address) = match &full.shape {
            Shape::Pointer { to, .. } => {
                let address = self
                    .values
                    .number(place, 0, full.size.unwrap_or(4))
                    .map_err(|why| reason(&why))?;
                (*to, address)
            }
            Shape::Array { element, .. } => match place {
                Place::Memory(address) => (Some(*element), *address),
                Place::Bytes(_) => return Err("it has no address in memory".to_string()),
            },
            _ => match self.values.view(&full, place) {
                Some(Ok(View::Same { ty, place })) if ty != full.id => {
                    return self.target(ty, &place, index, depth);
                }
                _ => return Err(format!("'{}' is not a pointer", self.values.type_name(ty))),
            },
        };
        let to = to.ok_or("it points to void")?;
        if address == 0 {
            return Err("the pointer is null".to_string());
        }
        let size = if index == 0 {
            0
        } else {
            self.values
                .size(to)
                .ok_or("the size of its target is not known")?
        };
        let offset = index.wrapping_mul(size as i64);
        Ok(Denoted::Object {
            ty: to,
            place: Place::Memory(address.wrapping_add_signed(offset)),
        })
    }

    fn member(&self, of: Denoted, name: &str) -> Result<Denoted, String> {
        let Denoted::Object { mut ty, mut place } = of else {
            return match of {
                Denoted::Address { of, address } => self.member(
                    Denoted::Object {
                        ty: of,
                        place: Place::Memory(address),
                    },
                    name,
                ),
                _ => Err(format!("there is no member '{name}': it is a number")),
            };
        };
        // `p.x` means `p->x` where `p` is a pointer, a reference to one, or a smart pointer.
        for _ in 0..WRAPPER_LIMIT {
            let full = self.full(ty)?;
            if let Shape::Record {
                members, variants, ..
            } = &full.shape
            {
                if let Some(found) = self.in_members(members, &place, name, 8) {
                    return found;
                }
                let view = match variants {
                    Some(part) => Some(self.values.variant(part, &place)),
                    None => self.values.view(&full, &place),
                };
                match view {
                    Some(Ok(View::Variant { members, place, .. })) => {
                        if let Some(found) = self.in_members(&members, &place, name, 8) {
                            return found;
                        }
                    }
                    Some(Ok(View::Same { ty: inner, place: at })) if inner != full.id => {
                        (ty, place) = (inner, at);
                        continue;
                    }
                    _ => {}
                }
                return Err(format!("'{}' has no member '{name}'", self.values.type_name(ty)));
            }
            match self.target(ty, &place, 0, WRAPPER_LIMIT)? {
                Denoted::Object { ty: inner, place: at } => (ty, place) = (inner, at),
                _ => break,
            }
        }
        Err(format!("'{}' has no member '{name}'", self.values.type_name(ty)))
    }

    /// A member by name, also of unnamed members and base classes.
    fn in_members(
        &self,
        members: &[Member],
        place: &Place,
        name: &str,
        depth: usize,
    ) -> Option<Result<Denoted, String>> {
        let depth = depth.checked_sub(1)?;
        let named = |member: &&Member| {
            let own = member.name.as_deref();
            own == Some(name) || own.is_some_and(|own| own.strip_prefix("__") == Some(name))
        };
        if let Some(member) = members.iter().find(named) {
            return Some(match self.values.member(place, member) {
                Ok(Located::Place(place)) => Ok(Denoted::Object { ty: member.ty, place }),
                Ok(Located::Bits(value)) => Ok(Denoted::Bits { ty: member.ty, value }),
                Err(why) => Err(format!("'{name}': {}", reason(&why))),
            });
        }
        members
            .iter()
            .filter(|member| member.name.is_none() || member.base)
            .find_map(|member| {
                let Located::Place(inner) = self.values.member(place, member).ok()? else {
                    return None;
                };
                match &self.values.strip(member.ty)?.shape {
                    Shape::Record { members, .. } => self.in_members(members, &inner, name, depth),
                    _ => None,
                }
            })
    }

    fn element(&self, of: Denoted, index: i64, depth: usize) -> Result<Denoted, String> {
        let depth = depth.checked_sub(1).ok_or("too many types lead to each other")?;
        let Denoted::Object { ty, place } = of else {
            return match of {
                Denoted::Address { of, address } if index == 0 => Ok(Denoted::Object {
                    ty: of,
                    place: Place::Memory(address),
                }),
                Denoted::Row { array, from, place } => self.of_array(&array, from, &place, index),
                _ => Err("only arrays and pointers have elements".to_string()),
            };
        };
        let full = self.full(ty)?;
        let view = || self.values.view(&full, &place);
        match &full.shape {
            Shape::Array { .. } => self.of_array(&full, 0, &place, index),
            Shape::Record { .. } => match view() {
                Some(Ok(View::Sequence {
                    element,
                    address,
                    len,
                })) => {
                    let inside = u64::try_from(index).ok().filter(|&index| index < len);
                    let inside =
                        inside.ok_or_else(|| format!("index {index} is outside the {len} elements"))?;
                    self.at(element, &Place::Memory(address), inside)
                }
                Some(Ok(View::Same { ty: inner, place })) if inner != full.id => {
                    self.element(Denoted::Object { ty: inner, place }, index, depth)
                }
                _ => Err(format!("'{}' has no elements", self.values.type_name(ty))),
            },
            Shape::Pointer { .. } => self.target(ty, &place, index, WRAPPER_LIMIT),
            _ => Err(format!("'{}' has no elements", self.values.type_name(ty))),
        }
    }

    /// Element or row `index` of an array, or of a row of it (`from` dimensions are used up).
    fn of_array(&self, array: &Arc<Type>, from: usize, place: &Place, index: i64) -> Result<Denoted, String> {
        let Shape::Array { element, dimensions } = &array.shape else {
            return Err("it is no array".to_string());
        };
        let Some((count, inner)) = dimensions.get(from..).and_then(<[_]>::split_first) else {
            return Err("it is no array".to_string());
        };
        let inside = u64::try_from(index)
            .ok()
            .filter(|&index| count.is_none_or(|count| index < count));
        let inside = inside.ok_or_else(|| match count {
            Some(count) => format!("index {index} is outside the array of {count}"),
            None => format!("index {index} is outside the array"),
        })?;
        if inner.is_empty() {
            return self.at(*element, place, inside);
        }
        let size = self
            .values
            .row_size(*element, inner)
            .ok_or("the size of its rows is not known")?;
        let place = self
            .values
            .part(place, inside.saturating_mul(size), Some(size))
            .map_err(|why| reason(&why))?;
        Ok(Denoted::Row {
            array: array.clone(),
            from: from.saturating_add(1),
            place,
        })
    }

    fn at(&self, element: DieId, place: &Place, index: u64) -> Result<Denoted, String> {
        let size = self
            .values
            .size(element)
            .ok_or("the size of its elements is not known")?;
        let place = self
            .values
            .part(place, index.saturating_mul(size), Some(size))
            .map_err(|why| reason(&why))?;
        Ok(Denoted::Object { ty: element, place })
    }

    /// An index: a number, or a variable that holds one.
    fn number(&self, of: Denoted) -> Result<i64, String> {
        match of {
            Denoted::Number(value) => Ok(value),
            Denoted::Bits { value, .. } => Ok(value as i64),
            Denoted::Object { ty, place } => {
                let full = self.full(ty)?;
                if !matches!(full.shape, Shape::Base { .. } | Shape::Enum { .. }) {
                    return Err(format!("'{}' is not a number", self.values.type_name(ty)));
                }
                let len = self.values.size(ty).ok_or("the size of the index is not known")?;
                let bits = self.values.number(&place, 0, len).map_err(|why| reason(&why))?;
                Ok(crate::value::c::extend(bits, len, self.values.is_signed(ty)))
            }
            Denoted::Address { .. } | Denoted::Row { .. } => Err("an address is not an index".to_string()),
        }
    }
}
