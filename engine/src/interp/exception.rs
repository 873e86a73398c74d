//! Exceptions: looking for what catches one, and going on there.
//!
//! # Invariants
//! - Two phases: the handler is found before anything is unwound, so that an exception that nothing catches is a trap
//!   with every frame in place.
//! - The search ends at the activation: an exception does not cross the host.
//!
//! Must not know: how the store keeps exceptions.

use super::World;
use super::code::{Arm, Catch, Handler, Op};
use super::execute::Next;
use super::machine::{Label, Machine};
use super::value::Slot;
use crate::error::TrapKind;
use crate::types::ValType;
use std::sync::Arc;

/// An exception: what was thrown, and with which values.
#[derive(Clone, Debug, PartialEq)]
pub struct Exception {
    /// Store-wide number of its tag.
    pub(super) tag: u32,
    /// The values, with their types.
    pub(super) values: Arc<[Slot]>,
}

impl Exception {
    /// An exception of a store-wide tag.
    pub fn new(tag: u32, values: Arc<[(ValType, u128)]>) -> Exception {
        Exception { tag, values }
    }

    /// Store-wide number of its tag.
    pub fn tag(&self) -> u32 {
        self.tag
    }

    /// Its values, with their types.
    pub fn values(&self) -> &[(ValType, u128)] {
        &self.values
    }

    /// Bytes that it takes, roughly.
    pub fn len_bytes(&self) -> usize {
        128 + size_of_val(self.values())
    }

    /// References to exceptions among its values.
    pub fn references(&self) -> impl Iterator<Item = u64> + '_ {
        exception_references(&self.values)
    }
}

/// References to exceptions among values, null left out.
fn exception_references(values: &[Slot]) -> impl Iterator<Item = u64> + '_ {
    let is_reference = |(ty, bits): &&Slot| ty.erased() == ValType::ExnRef && *bits != 0;
    values.iter().filter(is_reference).map(|(_, bits)| *bits as u64)
}

/// What catches an exception.
enum Found {
    /// A clause of the `try_table` whose label this is.
    Branch {
        frame: usize,
        label: usize,
        catch: Catch,
    },
    /// An arm of the old `try` whose label this is.
    Arm { frame: usize, label: usize, arm: Arm },
}

impl Machine {
    /// Throws the values on top, as many as the tag has.
    pub(super) fn throw(&mut self, world: &mut dyn World, instance: u32, tag: u32) -> Result<Next, TrapKind> {
        let module = world.module(instance);
        let count = module.types[module.tags[tag as usize] as usize].params.len();
        let exception = Exception {
            tag: world.tag(instance, tag),
            values: self.values[self.values.len() - count..].into(),
        };
        self.raise(world, exception)
    }

    /// Throws what the arm of an old `try` has caught, `depth` constructs out.
    pub(super) fn rethrow(&mut self, world: &mut dyn World, depth: u32) -> Result<Next, TrapKind> {
        let Some(exception) = self.caught_by(depth).cloned() else {
            unreachable!("validated code rethrows in an arm");
        };
        self.raise(world, exception)
    }

    /// If the next instruction throws what is caught: the frame where it is, 0 the innermost.
    pub fn catching_frame(&self, world: &dyn World) -> Option<usize> {
        let frame = self.frames.last()?;
        let exception = match *frame.code.ops.get(frame.pc)? {
            Op::Throw(tag) => Exception::new(world.tag(frame.instance, tag), Arc::default()),
            Op::ThrowRef => world.exception(self.values.last()?.1 as u64)?,
            Op::Rethrow(depth) => self.caught_by(depth)?.clone(),
            _ => return None,
        };
        let (Found::Branch { frame, .. } | Found::Arm { frame, .. }) = self.find(world, &exception)?;
        Some(self.frames.len() - 1 - frame)
    }

    /// What the arm of an old `try` has caught, `depth` constructs out.
    fn caught_by(&self, depth: u32) -> Option<&Exception> {
        self.caught.get(self.labels.len() - 1 - depth as usize)
    }

    /// Goes on where an exception is caught.
    pub(super) fn raise(&mut self, world: &mut dyn World, exception: Exception) -> Result<Next, TrapKind> {
        match self.find(world, &exception).ok_or(TrapKind::UncaughtException)? {
            Found::Branch { frame, label, catch } => {
                let reference = match catch.with_reference {
                    true => Some(self.refer_to(world, &exception)?),
                    false => None,
                };
                let height = self.labels[label].height;
                self.unwind(frame, label, height);
                if catch.tag.is_some() {
                    self.values.extend_from_slice(&exception.values);
                }
                if let Some(reference) = reference {
                    let ty = crate::types::RefType {
                        nullable: false,
                        heap: crate::types::HeapType::Exn,
                    };
                    self.values.push((ty.into(), u128::from(reference)));
                }
                Ok(self.branch(catch.label))
            }
            Found::Arm { frame, label, arm } => {
                if arm.rethrows && !self.caught.makes_room(label, &exception) {
                    return Err(TrapKind::TooManyExceptions);
                }
                let entered = self.labels[label];
                self.unwind(frame, label, entered.height);
                self.labels.push(Label {
                    handler: None,
                    ..entered
                });
                if arm.tag.is_some() {
                    self.values.extend_from_slice(&exception.values);
                }
                if arm.rethrows {
                    self.caught.keep(label, exception);
                }
                Ok(Next::At(arm.at + 1))
            }
        }
    }

    /// A new reference to an exception.
    fn refer_to(&self, world: &mut dyn World, exception: &Exception) -> Result<u64, TrapKind> {
        let mut held = exception_references(&self.values).chain(self.caught.references());
        let reference = world.add_exception(exception, &mut held);
        reference.ok_or(TrapKind::TooManyExceptions)
    }

    /// Drops what was entered after a label, and the label.
    fn unwind(&mut self, frame: usize, label: usize, height: usize) {
        self.frames.truncate(frame + 1);
        self.labels.truncate(label);
        self.values.truncate(height);
    }

    /// From the innermost construct outwards, and from the innermost frame of this activation.
    fn find(&self, world: &dyn World, exception: &Exception) -> Option<Found> {
        let mut end = self.labels.len();
        for index in (self.activation_floor()..self.frames.len()).rev() {
            let frame = &self.frames[index];
            let mut next = end;
            while next > frame.labels {
                next -= 1;
                let Some(handler) = self.labels[next].handler else {
                    continue;
                };
                let catches =
                    |tag: Option<u32>| tag.is_none_or(|tag| world.tag(frame.instance, tag) == exception.tag);
                match &frame.code.handlers[handler as usize] {
                    Handler::Branches(clauses) => {
                        if let Some(&catch) = clauses.iter().find(|catch| catches(catch.tag)) {
                            return Some(Found::Branch {
                                frame: index,
                                label: next,
                                catch,
                            });
                        }
                    }
                    Handler::Arms(arms) => {
                        if let Some(&arm) = arms.iter().find(|arm| catches(arm.tag)) {
                            return Some(Found::Arm {
                                frame: index,
                                label: next,
                                arm,
                            });
                        }
                    }
                    // On with the label it names, which is the next to be looked at; the function's own is outermost.
                    Handler::Delegate(depth) => next = next.saturating_sub(*depth as usize).max(frame.labels),
                }
            }
            end = frame.labels;
        }
        None
    }
}
