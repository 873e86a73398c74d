//! The machine: frames, labels and values, and what inspectors may see and change of them.
//!
//! # Invariants
//! - One value stack: a frame's locals, then its operands, then the next frame's. Arguments handed over become the
//!   callee's first locals in place.
//! - Every slot's bits above its type's width are zero.
//! - Frames, labels and values are bounded ([`MAX_FRAMES`], [`MAX_VALUES`]) but for what one function adds by itself.
//! - A caller's `pc` is its call instruction until the callee returns.
//!
//! Must not know: what instructions do (that is `execute`).

use super::code::{Code, prepare};
use super::value::Slot;
use super::{Callee, Caught, FrameView, Step, World};
use crate::error::TrapKind;
use crate::types::{Val, ValType};
use std::sync::Arc;

/// How many frames fit on the stack, all activations together.
pub const MAX_FRAMES: usize = 65_536;

/// How many locals and operands fit on the stack, and how many labels, before a call is refused.
pub const MAX_VALUES: usize = 1 << 21;

/// An interpreter: a stack of activations.
///
/// It keeps prepared code by (instance, function), and so belongs to one store for all its life.
#[derive(Debug, Default)]
pub struct Machine {
    pub(super) frames: Vec<Frame>,
    pub(super) labels: Vec<Label>,
    pub(super) values: Vec<Slot>,
    pub(super) ticks: u64,
    /// The exceptions of the arms of an old `try` that are under way, by index of their label.
    pub(super) caught: Caught<usize>,
    activations: Vec<Activation>,
    results: Vec<u128>,
    /// By instance, then function.
    prepared: Vec<Vec<Option<Arc<Code>>>>,
}

/// A function under execution.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) code: Arc<Code>,
    pub(super) instance: u32,
    func: u32,
    /// Index of the next instruction, or of the call in progress.
    pub(super) pc: usize,
    /// Where its locals begin in the values.
    pub(super) base: usize,
    /// Where its operands begin in the values.
    operands: usize,
    /// Where its labels begin.
    pub(super) labels: usize,
}

/// An entered control construct.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label {
    /// The instruction a branch continues with.
    pub(super) continuation: u32,
    /// Height of the values beneath what a branch carries.
    pub(super) height: usize,
    /// How many values a branch carries.
    pub(super) arity: usize,
    /// A branch to a loop stays in it.
    pub(super) is_loop: bool,
    /// What it does with an exception from its inside: index in the list of its frame's function.
    pub(super) handler: Option<u32>,
}

/// What to go back to when a call from the host ends.
#[derive(Clone, Copy, Debug)]
struct Activation {
    frames: usize,
    labels: usize,
    values: usize,
}

impl Machine {
    /// A machine at rest.
    pub fn new() -> Machine {
        Machine::default()
    }

    /// Begins a call from the host, on top of whatever is already on the stack.
    ///
    /// For a wasm function this pushes an activation and its first frame and answers [`Step::Continue`]: what
    /// follows is [`Machine::step`] or [`Machine::run`] until it is done, or [`Machine::abandon`]. A function of the
    /// host is called at once: [`Step::Done`] or [`Step::Host`], and no activation. [`Step::Trap`] says that the
    /// stack is used up; no activation either.
    ///
    /// Missing arguments are zero, superfluous ones ignored: who calls checks the type.
    pub fn invoke(&mut self, world: &mut dyn World, instance: u32, func: u32, args: &[u128]) -> Step {
        match world.callee(instance, func) {
            Callee::Host { host } => match world.call_host(instance, host, args) {
                Ok(results) => {
                    self.results = results;
                    Step::Done
                }
                Err(_) => Step::Host,
            },
            Callee::Wasm { instance, func } => {
                let params = world.module(instance).func_type(func).params.clone();
                let activation = Activation {
                    frames: self.frames.len(),
                    labels: self.labels.len(),
                    values: self.values.len(),
                };
                let bits = args.iter().copied().chain(std::iter::repeat(0));
                self.values
                    .extend(params.into_iter().zip(bits).map(|(ty, bits)| (ty, fit(ty, bits))));
                match self.enter(world, instance, func) {
                    Ok(()) => {
                        self.activations.push(activation);
                        Step::Continue
                    }
                    Err(trap) => {
                        self.values.truncate(activation.values);
                        Step::Trap(trap)
                    }
                }
            }
        }
    }

    /// Steps until the tick count reaches `until_tick` ([`Step::Continue`]), or anything else than
    /// [`Step::Continue`] happens.
    pub fn run(&mut self, world: &mut dyn World, until_tick: u64) -> Step {
        while self.ticks < until_tick {
            match self.step(world) {
                Step::Continue => {}
                other => return other,
            }
        }
        Step::Continue
    }

    /// The results of the activation that ended last.
    pub fn results(&self) -> &[u128] {
        &self.results
    }

    /// How many frames there are, all activations together.
    pub fn depth(&self) -> usize {
        self.frames.len()
    }

    /// Function entries and loop bodies entered since the machine was made.
    pub fn ticks(&self) -> u64 {
        self.ticks
    }

    /// Drops the innermost activation with all its frames.
    pub fn abandon(&mut self) {
        if let Some(activation) = self.activations.pop() {
            self.frames.truncate(activation.frames);
            self.labels.truncate(activation.labels);
            self.values.truncate(activation.values);
        }
        if self.activations.is_empty() {
            self.caught.clear();
        }
    }

    /// A frame; 0 is the innermost.
    pub fn frame(&self, index: usize) -> Option<FrameView<'_>> {
        let (frame, end) = self.frame_and_end(index)?;
        Some(FrameView {
            instance: frame.instance,
            func: frame.func,
            pc: frame.code.offset(frame.pc),
            locals: self.values.get(frame.base..frame.operands)?,
            operands: self.values.get(frame.operands..end)?,
        })
    }

    /// Changes a local of a frame, keeping its type; `false` if there is no such local.
    pub fn set_local(&mut self, frame: usize, index: usize, bits: u128) -> bool {
        let Some((frame, _)) = self.frame_and_end(frame) else {
            return false;
        };
        let range = frame.base..frame.operands;
        self.set_value(range, index, bits)
    }

    /// Changes an operand of a frame (0 is the bottom), keeping its type; `false` if there is no such operand.
    pub fn set_operand(&mut self, frame: usize, index: usize, bits: u128) -> bool {
        let Some((frame, end)) = self.frame_and_end(frame) else {
            return false;
        };
        let range = frame.operands..end;
        self.set_value(range, index, bits)
    }

    fn set_value(&mut self, range: std::ops::Range<usize>, index: usize, bits: u128) -> bool {
        let slot = self
            .values
            .get_mut(range)
            .and_then(|values| values.get_mut(index));
        let Some((ty, value)) = slot else { return false };
        *value = fit(*ty, bits);
        true
    }

    /// A frame and where its operands end.
    fn frame_and_end(&self, index: usize) -> Option<(&Frame, usize)> {
        let position = self.frames.len().checked_sub(index)?.checked_sub(1)?;
        let frame = self.frames.get(position)?;
        let end = self
            .frames
            .get(position + 1)
            .map_or(self.values.len(), |callee| callee.base);
        Some((frame, end))
    }

    /// How many frames lie beneath the innermost activation.
    pub(super) fn activation_floor(&self) -> usize {
        self.activations.last().map_or(0, |activation| activation.frames)
    }

    /// Pops the innermost frame in favour of a wasm function, whose arguments lie on top of the values.
    pub(super) fn replace(
        &mut self,
        world: &dyn World,
        instance: u32,
        func: u32,
        args: usize,
    ) -> Result<(), TrapKind> {
        // What is refused is refused before anything is popped; then there is room for one frame again.
        if self.values.len().max(self.labels.len()) >= MAX_VALUES {
            return Err(TrapKind::StackExhausted);
        }
        if let Some(frame) = self.frames.pop() {
            let args_at = self.values.len() - args;
            self.values.drain(frame.base..args_at);
            self.labels.truncate(frame.labels);
        }
        self.enter(world, instance, func)
    }

    /// Pushes the frame of a wasm function, whose arguments lie on top of the values.
    pub(super) fn enter(&mut self, world: &dyn World, instance: u32, func: u32) -> Result<(), TrapKind> {
        let full = self.values.len().max(self.labels.len()) >= MAX_VALUES;
        if full || self.frames.len() >= MAX_FRAMES {
            return Err(TrapKind::StackExhausted);
        }
        let code = self.prepared(world, instance, func);
        let base = self.values.len() - code.params;
        for (count, ty) in &code.declared {
            self.values.resize(self.values.len() + *count as usize, (*ty, 0));
        }
        let operands = self.values.len();
        self.frames.push(Frame {
            code,
            instance,
            func,
            pc: 0,
            base,
            operands,
            labels: self.labels.len(),
        });
        self.ticks += 1;
        Ok(())
    }

    /// Pops the innermost frame, its results taking the place of its locals; the last one ends the activation.
    pub(super) fn leave(&mut self) -> Step {
        let Some(frame) = self.frames.pop() else {
            return Step::Done;
        };
        let results_at = self.values.len() - frame.code.results;
        self.values.drain(frame.base..results_at);
        self.labels.truncate(frame.labels);
        match self.activations.last() {
            Some(activation) if activation.frames == self.frames.len() => {
                self.results = self.values.drain(frame.base..).map(|(_, bits)| bits).collect();
                self.activations.pop();
                Step::Done
            }
            _ => {
                if let Some(caller) = self.frames.last_mut() {
                    caller.pc += 1;
                }
                Step::Continue
            }
        }
    }

    fn prepared(&mut self, world: &dyn World, instance: u32, func: u32) -> Arc<Code> {
        let (instance, module) = (instance as usize, world.module(instance));
        if self.prepared.len() <= instance {
            self.prepared.resize_with(instance + 1, Vec::new);
        }
        let funcs = &mut self.prepared[instance];
        if funcs.is_empty() {
            funcs.resize_with(module.func_types.len(), || None);
        }
        let Some(body) = module.body(func) else {
            unreachable!("a wasm callee is a defined function of its instance");
        };
        funcs[func as usize]
            .get_or_insert_with(|| Arc::new(prepare(module, func, body)))
            .clone()
    }
}

/// Cuts bits to a type's width.
fn fit(ty: ValType, bits: u128) -> u128 {
    Val::from_bits(ty, bits).bits()
}
