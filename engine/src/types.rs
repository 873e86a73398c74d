//! Value types, values and index newtypes, in the spec's words.
//!
//! Must not know: how values are stored by compiled code or the interpreter.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A value type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 128-bit vector.
    V128,
    /// Function reference.
    FuncRef,
    /// Host reference.
    ExternRef,
    /// Exception reference.
    ExnRef,
    /// A reference type that is none of the above: it excludes null, or says which function type.
    Ref(RefType),
}

/// A reference type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RefType {
    /// Whether null is among its values.
    pub nullable: bool,
    /// What its values refer to.
    pub heap: HeapType,
}

/// What a reference refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum HeapType {
    /// Any function.
    Func,
    /// Something of the host.
    Extern,
    /// An exception.
    Exn,
    /// A function of one type: a type index of the module; in a store, a store-wide type number.
    Type(u32),
}

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeapType::Func => f.write_str("func"),
            HeapType::Extern => f.write_str("extern"),
            HeapType::Exn => f.write_str("exn"),
            HeapType::Type(index) => write!(f, "{index}"),
        }
    }
}

impl From<RefType> for ValType {
    fn from(ty: RefType) -> ValType {
        match (ty.nullable, ty.heap) {
            (true, HeapType::Func) => ValType::FuncRef,
            (true, HeapType::Extern) => ValType::ExternRef,
            (true, HeapType::Exn) => ValType::ExnRef,
            _ => ValType::Ref(ty),
        }
    }
}

impl ValType {
    /// The reference type it is, if it is one.
    pub fn as_ref(self) -> Option<RefType> {
        let nullable = |heap| RefType { nullable: true, heap };
        match self {
            ValType::FuncRef => Some(nullable(HeapType::Func)),
            ValType::ExternRef => Some(nullable(HeapType::Extern)),
            ValType::ExnRef => Some(nullable(HeapType::Exn)),
            ValType::Ref(ty) => Some(ty),
            _ => None,
        }
    }

    /// The type without what it says of null and of function types: how its values are represented.
    pub fn erased(self) -> ValType {
        match self {
            ValType::Ref(ty) => match ty.heap {
                HeapType::Func | HeapType::Type(_) => ValType::FuncRef,
                HeapType::Extern => ValType::ExternRef,
                HeapType::Exn => ValType::ExnRef,
            },
            other => other,
        }
    }

    /// The same type with its type index replaced.
    pub fn renumbered(self, number: impl FnOnce(u32) -> u32) -> ValType {
        match self {
            ValType::Ref(RefType {
                nullable,
                heap: HeapType::Type(index),
            }) => ValType::Ref(RefType {
                nullable,
                heap: HeapType::Type(number(index)),
            }),
            other => other,
        }
    }

    /// Whether all its values are values of `other` too. Type indices of both mean the same.
    pub fn is_subtype_of(self, other: ValType) -> bool {
        match (self.as_ref(), other.as_ref()) {
            (Some(sub), Some(sup)) => {
                let heap = sub.heap == sup.heap
                    || matches!((sub.heap, sup.heap), (HeapType::Type(_), HeapType::Func));
                heap && (sup.nullable || !sub.nullable)
            }
            _ => self == other,
        }
    }

    /// Whether it lives in a floating-point/vector register.
    pub fn is_float(self) -> bool {
        matches!(self, ValType::F32 | ValType::F64 | ValType::V128)
    }

    /// Whether it is a reference type.
    pub fn is_ref(self) -> bool {
        self.as_ref().is_some()
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let ValType::Ref(ty) = self {
            let null = if ty.nullable { "null " } else { "" };
            return write!(f, "(ref {null}{})", ty.heap);
        }
        f.write_str(match self {
            ValType::I32 => "i32",
            ValType::I64 => "i64",
            ValType::F32 => "f32",
            ValType::F64 => "f64",
            ValType::V128 => "v128",
            ValType::FuncRef => "funcref",
            ValType::ExternRef => "externref",
            ValType::ExnRef | ValType::Ref(_) => "exnref",
        })
    }
}

/// A function type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct FuncType {
    /// Parameter types.
    pub params: Vec<ValType>,
    /// Result types.
    pub results: Vec<ValType>,
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |types: &[ValType]| {
            types
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        };
        write!(f, "({}) -> ({})", list(&self.params), list(&self.results))
    }
}

/// A value with its type. Floats are bits, so that NaN payloads survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Val {
    /// `i32`.
    I32(i32),
    /// `i64`.
    I64(i64),
    /// `f32` bits.
    F32(u32),
    /// `f64` bits.
    F64(u64),
    /// `v128`, little endian.
    V128(u128),
    /// `funcref`: opaque reference bits of the store, 0 is null.
    FuncRef(u64),
    /// `externref`: opaque host bits plus one, 0 is null.
    ExternRef(u64),
    /// `exnref`: opaque reference bits of the store, 0 is null.
    ExnRef(u64),
}

impl Val {
    /// Its type; of a reference, the one that includes null and all functions.
    pub fn ty(self) -> ValType {
        match self {
            Val::I32(_) => ValType::I32,
            Val::I64(_) => ValType::I64,
            Val::F32(_) => ValType::F32,
            Val::F64(_) => ValType::F64,
            Val::V128(_) => ValType::V128,
            Val::FuncRef(_) => ValType::FuncRef,
            Val::ExternRef(_) => ValType::ExternRef,
            Val::ExnRef(_) => ValType::ExnRef,
        }
    }

    /// Its bits, zero-extended.
    pub fn bits(self) -> u128 {
        match self {
            Val::I32(v) => u128::from(v as u32),
            Val::I64(v) => u128::from(v as u64),
            Val::F32(v) => u128::from(v),
            Val::F64(v) | Val::FuncRef(v) | Val::ExternRef(v) | Val::ExnRef(v) => u128::from(v),
            Val::V128(v) => v,
        }
    }

    /// The value of type `ty` whose low bits are `bits`.
    #[inline]
    pub fn from_bits(ty: ValType, bits: u128) -> Val {
        match ty.erased() {
            ValType::I32 => Val::I32(bits as u32 as i32),
            ValType::I64 => Val::I64(bits as u64 as i64),
            ValType::F32 => Val::F32(bits as u32),
            ValType::F64 => Val::F64(bits as u64),
            ValType::V128 => Val::V128(bits),
            ValType::FuncRef => Val::FuncRef(bits as u64),
            ValType::ExternRef => Val::ExternRef(bits as u64),
            ValType::ExnRef | ValType::Ref(_) => Val::ExnRef(bits as u64),
        }
    }

    /// The default (zero or null) value of a type.
    pub fn zero(ty: ValType) -> Val {
        Val::from_bits(ty, 0)
    }
}

/// For people: integers in decimal, floats as the shortest text that reads back, references as such.
impl fmt::Display for Val {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Val::I32(v) => write!(f, "{v}"),
            Val::I64(v) => write!(f, "{v}"),
            Val::F32(v) => write!(f, "{:?}", f32::from_bits(v)),
            Val::F64(v) => write!(f, "{:?}", f64::from_bits(v)),
            Val::V128(v) => write!(f, "0x{v:032x}"),
            Val::FuncRef(0) | Val::ExternRef(0) | Val::ExnRef(0) => write!(f, "null"),
            Val::FuncRef(v) => write!(f, "funcref 0x{v:x}"),
            Val::ExternRef(v) => write!(f, "externref {}", v - 1),
            Val::ExnRef(v) => write!(f, "exnref {v}"),
        }
    }
}
