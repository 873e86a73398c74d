//! What a line shows of a value where it shows nothing deeper: all of it, if it is little.
//!
//! # Invariants
//! - Only what was found to end is written, so that a leaf never asks for another.
//!
//! Must not know how lines are put together.

use super::line::{LINE_DEPTH, is_vtable};
use super::read::Located;
use super::{Piece, Values, View};
use crate::Place;
use crate::dwarf::DieId;
use crate::dwarf::types::{Member, Shape, Type};

/// Length of what is shown.
const LEAF_LIMIT: usize = 30;
/// Values that it is made of.
const LEAF_PARTS: usize = 12;

impl<'a> Values<'a> {
    /// A value that is so little that it is shown where nothing deeper is. Of a longer text the beginning is shown.
    pub(super) fn leaf(&self, full: &Type, place: &Place) -> Option<String> {
        if !self.is_leaf(full.id, place, LINE_DEPTH, &mut LEAF_PARTS.clone()) {
            return None;
        }
        let line = self.line(full.id, place, LINE_DEPTH).ok()?;
        // Nothing within nothing says nothing.
        let says = line.len() <= 2 || line.contains(|c: char| !"{}[](), ".contains(c));
        match self.rendered(full, place) {
            _ if line.len() <= LEAF_LIMIT => says.then_some(line),
            Some((_, View::Text { address, len })) => self.text_line(address, len, LEAF_LIMIT).ok(),
            _ => None,
        }
    }

    /// Whether nothing but a few scalars and texts are in a value, however they are wrapped.
    fn is_leaf(&self, ty: DieId, place: &Place, depth: usize, left: &mut usize) -> bool {
        let (Some(full), Some(depth), Some(rest)) =
            (self.strip(ty), depth.checked_sub(1), left.checked_sub(1))
        else {
            return false;
        };
        *left = rest;
        match &full.shape {
            Shape::Base { .. } | Shape::Enum { .. } => true,
            Shape::Pointer { to: Some(to), .. } if self.is_transparent(&full) => {
                let target = self.target_of(&full, place).ok();
                target.is_some_and(|target| {
                    let address = target.address().unwrap_or(0);
                    let other = self.dynamic_class(*to, address).is_some();
                    address != 0 && !other && self.is_leaf(*to, &target, depth, left)
                })
            }
            Shape::Pointer { .. } => !matches!(place, Place::Target(_)),
            Shape::Array { element, dimensions } => match dimensions.as_slice() {
                [Some(_)] if self.is_plain_char(*element) => true,
                [Some(count)] if *count <= LEAF_PARTS as u64 => {
                    let size = self.size(*element).unwrap_or(0);
                    (0..*count).all(|index| {
                        let part = self.part(place, index.saturating_mul(size), Some(size));
                        part.is_ok_and(|part| self.is_leaf(*element, &part, depth, left))
                    })
                }
                _ => false,
            },
            // What claims to hold itself has no end.
            Shape::Record { members, .. } if members.iter().any(|member| member.ty == full.id) => false,
            Shape::Record {
                members,
                variants,
                complete,
                ..
            } => match (self.rendered(&full, place), variants) {
                (Some((_, view)), _) => self.is_leaf_view(&view, depth, left),
                (None, Some(part)) => {
                    let view = self.variant(part, place);
                    view.is_ok_and(|view| self.is_leaf_view(&view, depth, left))
                }
                (None, None) => *complete && self.are_leaves(members, place, depth, left),
            },
            _ => false,
        }
    }

    fn is_leaf_view(&self, view: &View<'a>, depth: usize, left: &mut usize) -> bool {
        match view {
            View::Word(_) | View::Text { .. } => true,
            View::Sequence { len, .. } => *len == 0,
            View::Entries { len, .. } => *len == Some(0),
            View::Same { ty, place } | View::Dynamic { ty, place } => self.is_leaf(*ty, place, depth, left),
            View::Shared { view, .. } => self.is_leaf_view(view, depth, left),
            View::Variant { members, place, .. } => self.are_leaves(members, place, depth, left),
            View::Tuple(parts) => parts
                .iter()
                .all(|(ty, place)| self.is_leaf(*ty, place, depth, left)),
            View::Written(pieces) => pieces.iter().all(|piece| match piece {
                Piece::Word(_) => true,
                Piece::Value(ty, place) => self.is_leaf(*ty, place, depth, left),
            }),
            View::Broken(_) => false,
        }
    }

    fn are_leaves(&self, members: &[Member], place: &Place, depth: usize, left: &mut usize) -> bool {
        let mut shown = members.iter().filter(|member| !is_vtable(member));
        shown.all(|member| match self.member(place, member) {
            Ok(Located::Place(place)) => self.is_leaf(member.ty, &place, depth, left),
            Ok(Located::Bits(_)) => true,
            Err(_) => false,
        })
    }
}
