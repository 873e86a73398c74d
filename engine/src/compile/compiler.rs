//! The walk over one function: boundaries, registers, frames. What each operator does is in [`ops`](super::ops).
//!
//! # Invariants
//! - At every boundary the frame map's state is the machine's state.
//! - An instruction that can trap moves entries only before [`Compiler::settle`], and changes nothing that the
//!   recorded state names before its traps are past.
//! - Entries below a control frame's height are constants or in their slots for as long as it lives.
//!
//! Must not know: operators' semantics, one machine's encodings.

use super::copies::Copies;
use super::frame_map::{FrameMap, Home, Loc, PointKind, SiteKind};
use super::handlers::{ClauseId, Handlers, Thrown};
use super::masm::{Address, Masm, Size};
use super::operators::Operators;
use super::ops::takes_arith;
use super::regalloc::{Prepass, assign_homes};
use super::regs::{Gpr, RegSet, SAVED_HOMES, TEMPS, Xmm};
use super::stack_log::Moment;
use super::value_stack::{ValueStack, slot_words};
use super::{CalleeSaved, Compiled, Instrumentation, Stops, StoreCheck};
use crate::error::{Error, TrapKind};
use crate::layout::{ArgPlace, CallLayout, VmLayout, slot_len_bytes, vmctx};
use crate::module::Module;
use crate::types::{FuncType, ValType};
use smallvec::SmallVec;
use wasmparser::{BinaryReader, OperatorsReader};

/// The largest frame compiled code may have; see [`STACK_SLACK`](crate::layout::STACK_SLACK).
const MAX_FRAME_BYTES: usize = 1 << 20;
/// The most code a function may have for each byte of its body, beyond [`FREE_CODE_BYTES`]. Ordinary code has
/// about four; branches that carry hundreds of values have any number.
const MAX_CODE_BYTES_A_BYTE: usize = 64;

/// About how much it has.
const USUAL_CODE_BYTES_A_BYTE: usize = 3;

/// Code that any function may have.
const FREE_CODE_BYTES: usize = 1 << 17;

/// What an operand that comes to its place without code counts as: the frame map notes it all the same.
const NOTED_OPERAND_BYTES: u32 = 4;

/// What a control frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ControlKind {
    /// The function itself.
    Func,
    /// `block`.
    Block,
    /// `loop`.
    Loop,
    /// `if` before its `else`.
    If,
    /// `if` after its `else`.
    Else,
    /// `try_table`, by its number among the handlers.
    TryTable(u32),
    /// The old `try` before its first arm.
    Try(u32),
    /// An arm of the old `try`.
    Arm(ClauseId),
}

/// A control frame.
#[derive(Debug)]
pub(super) struct Control<'a, L> {
    pub kind: ControlKind,
    /// Where a branch goes: the loop head, or behind the end.
    pub label: L,
    /// `if`: where a false condition goes.
    pub else_label: Option<L>,
    /// Stack height below its parameters.
    pub height: usize,
    pub params: &'a [ValType],
    pub results: &'a [ValType],
    /// Whether a branch goes to `label`.
    pub branched: bool,
    /// The `try` whose body the code inside lies in, by its number among the handlers.
    pub covered: Option<u32>,
}

/// Leads to where a clause of a `try` goes on.
pub(super) struct Pad<L> {
    pub clause: ClauseId,
    /// The label; none is the function's own, where it returns.
    pub to: Option<L>,
}

struct TrapExit<L> {
    label: L,
    kind: TrapKind,
    boundary: u32,
    stack: Option<Moment>,
    /// What is thrown, if the trap is that nothing catches it.
    thrown: Option<Thrown>,
}

struct WatchExit<L> {
    label: L,
    back: L,
    at: Address,
    len_bytes: u8,
    /// The boundary that comes after the store.
    boundary: u32,
    /// File offset of the store.
    offset: u64,
}

struct TickExit<L> {
    label: L,
    back: L,
    site: u32,
}

/// What is known of registers only where one path leads.
#[derive(Debug)]
pub(super) struct Known {
    /// Home registers of locals whose slots hold the same value.
    pub synced: RegSet,
    /// Temporaries that hold the value of a local in a slot.
    pub copies: Copies,
}

impl Known {
    /// Where paths meet, nothing is known.
    pub fn forget(&mut self) {
        self.synced = RegSet::default();
        self.copies.forget_all();
    }
}

/// A question for the copies at a point.
#[derive(Debug)]
struct Asked {
    point: PointKind,
    copies: Vec<(u32, Loc)>,
}

/// The state of one compile.
pub(super) struct Compiler<'a, M: Masm> {
    pub masm: M,
    pub module: &'a Module,
    pub layout: &'a VmLayout,
    pub stack: ValueStack,
    pub control: Vec<Control<'a, M::Label>>,
    pub map: FrameMap,
    pub handlers: Handlers,
    pub homes: Vec<Home>,
    /// Whether the code being walked can be reached.
    pub reachable: bool,
    /// Control frames opened since it cannot.
    pub skipped: u32,
    /// Whether the next operator takes a condition from the flags, maybe after `i32.const 1` and `i32.and`.
    pub flags_wanted: bool,
    /// File offset of the operator at hand, and of the next.
    pub at: u64,
    pub next_at: u64,
    with: &'a Instrumentation,
    pub own_layout: &'a CallLayout,
    pub own_results: &'a [ValType],
    saved: CalleeSaved,
    /// Registers that this instruction is using.
    pub pinned: RegSet,
    /// Whether an entry has been moved since the boundary, and where the stack is then.
    pub stale: bool,
    settled: Option<Moment>,
    pub known: Known,
    /// Whether an entry may be as arithmetic left it.
    pub has_arith: bool,
    /// How often the code to come reads each local.
    pub reads_left: Vec<u32>,
    pub unsaved_homes: Vec<Home>,
    pub first_slot: i32,
    outgoing_bytes: u32,
    /// Length of the code so far that other variants do not have.
    instrumented: u32,
    /// What the frame map notes without code, as bytes of it.
    noted: u32,
    /// Bytes of code it may have.
    most_code: u32,
    traps: Vec<TrapExit<M::Label>>,
    ticks: Vec<TickExit<M::Label>>,
    watches: Vec<WatchExit<M::Label>>,
    pub pads: Vec<Pad<M::Label>>,
    asked: &'a mut Option<Asked>,
    /// A mistake of ours; reported instead of code.
    pub broken: Option<&'static str>,
}

/// Compiles one function; what there is to know of its frames is recorded in `map`.
pub(super) fn compile<M: Masm>(
    module: &Module,
    layout: &VmLayout,
    func: u32,
    with: &Instrumentation,
    map: FrameMap,
) -> Result<Compiled, Error> {
    compile_asked::<M>(module, layout, func, with, map, &mut None)
}

/// Compiles a function once more, for where copies are at a point.
pub(super) fn copies_at<M: Masm>(
    module: &Module,
    layout: &VmLayout,
    func: u32,
    point: PointKind,
) -> Result<Vec<(u32, Loc)>, Error> {
    let (clean, copies) = (Instrumentation::from(&Stops::None), Vec::new());
    let mut asked = Some(Asked { point, copies });
    compile_asked::<M>(module, layout, func, &clean, FrameMap::default(), &mut asked)?;
    Ok(asked.map_or(Vec::new(), |asked| asked.copies))
}

fn compile_asked<M: Masm>(
    module: &Module,
    layout: &VmLayout,
    func: u32,
    with: &Instrumentation,
    map: FrameMap,
    asked: &mut Option<Asked>,
) -> Result<Compiled, Error> {
    let body = module
        .body(func)
        .ok_or_else(|| Error::Usage(format!("func[{func}] has no body")))?;
    let ty = module.func_type(func);
    let code = module
        .bytes
        .get(body.first_op..body.range.end)
        .unwrap_or_default();
    let locals_bytes: u64 = (body.locals.iter())
        .map(|&(count, ty)| u64::from(count) * u64::from(slot_len_bytes(ty)))
        .sum();
    if locals_bytes > MAX_FRAME_BYTES as u64 {
        return Err(too_large(body.first_op as u64));
    }
    let locals: Vec<ValType> = body
        .locals
        .iter()
        .flat_map(|&(count, ty)| std::iter::repeat_n(ty, count as usize))
        .collect();
    let start = body.first_op as u64;
    let prepass =
        Prepass::new(OperatorsReader::new(BinaryReader::new(code, start)), locals.len()).map_err(invalid)?;

    // Below the frame pointer: the VmCtx, the callee-saved registers (room for all), locals, operands.
    let locals_top = -8 - 8 * SAVED_HOMES.len() as i32;
    let homes = assign_homes(&prepass, &locals, locals_top);
    let uses = |reg: Gpr| homes.iter().any(|home| home.register == Some(Loc::Gpr(reg.0)));
    let saved = CalleeSaved::of(uses);
    let callee_saves = |reg: Loc| SAVED_HOMES.iter().any(|saved| reg == Loc::Gpr(saved.0));
    let unsaved_homes = (homes.iter())
        .filter(|home| home.register.is_some_and(|reg| !callee_saves(reg)))
        .copied()
        .collect();

    let mut masm = M::new(USUAL_CODE_BYTES_A_BYTE * code.len());
    let end = masm.label();
    let compiler = Compiler {
        masm,
        module,
        layout,
        stack: ValueStack::new(locals.len()),
        control: vec![Control {
            kind: ControlKind::Func,
            label: end,
            else_label: None,
            height: 0,
            params: &[],
            results: &ty.results,
            branched: false,
            covered: None,
        }],
        map,
        handlers: Handlers::default(),
        reachable: true,
        skipped: 0,
        flags_wanted: false,
        at: body.first_op as u64,
        next_at: body.first_op as u64,
        with,
        own_layout: module.func_layout(func),
        own_results: &ty.results,
        saved,
        pinned: RegSet::default(),
        stale: false,
        settled: None,
        known: Known {
            synced: RegSet::default(),
            copies: Copies::new(locals.len()),
        },
        has_arith: false,
        reads_left: prepass.reads,
        unsaved_homes,
        first_slot: locals_top - locals_bytes as i32 - 8,
        homes,
        outgoing_bytes: 0,
        instrumented: 0,
        noted: 0,
        most_code: (FREE_CODE_BYTES + MAX_CODE_BYTES_A_BYTE * code.len()).min(i32::MAX as usize) as u32,
        traps: Vec::new(),
        ticks: Vec::new(),
        watches: Vec::new(),
        pads: Vec::new(),
        asked,
        broken: None,
    };
    compiler.run(ty, Operators::new(code, start))
}

/// Whether a function's frame is smaller than the largest there may be, whatever its instructions are. For many where
/// this is `false` it is, too: only compiling tells.
pub fn frame_surely_fits(module: &Module, func: u32) -> bool {
    let Some(body) = module.body(func) else {
        return false;
    };
    let len_bytes = |ty: &ValType| slot_len_bytes(*ty) as usize;
    let all = |types: &[ValType]| types.iter().map(len_bytes).sum::<usize>();
    let locals: usize = (body.locals.iter())
        .map(|(count, ty)| (*count as usize).saturating_mul(len_bytes(ty)))
        .fold(0, usize::saturating_add);
    // What makes the operand stack longer is at least two bytes of code, and pushes one of these at most: a constant, a
    // local, a global, results, what an exception holds. (A vector that is none of them takes an operand or a constant.)
    let pushed = (body.locals.iter().map(|(_, ty)| len_bytes(ty)))
        .chain(module.globals.iter().map(|global| len_bytes(&global.ty)))
        .chain(module.types.iter().map(|ty| all(&ty.results)))
        .chain(
            module
                .tags
                .iter()
                .filter_map(|&tag| Some(all(&module.types.get(tag as usize)?.params))),
        );
    let most_pushed = pushed.max().unwrap_or(0).max(len_bytes(&ValType::I64));
    let operands = (body.range.len() / 2).saturating_mul(most_pushed);
    let passed = module
        .types
        .iter()
        .map(|ty| all(&ty.params) + all(&ty.results))
        .max();
    let rest = 8 * (4 + SAVED_HOMES.len()) + passed.unwrap_or(0);
    locals.saturating_add(operands).saturating_add(rest) <= MAX_FRAME_BYTES
}

fn invalid(error: wasmparser::BinaryReaderError) -> Error {
    Error::Invalid {
        message: error.message().to_string(),
        offset: error.offset(),
    }
}

fn too_large(offset: u64) -> Error {
    Error::Unsupported {
        what: format!("a frame of more than {MAX_FRAME_BYTES} bytes"),
        offset,
    }
}

impl<M: Masm> Compiler<'_, M> {
    fn run(mut self, ty: &FuncType, mut operators: Operators<'_>) -> Result<Compiled, Error> {
        self.prologue(ty);
        while operators.advance().map_err(invalid)? {
            self.at = operators.at();
            self.next_at = operators.next_at();
            self.flags_wanted = operators.next_takes_condition();
            if self.reachable {
                self.boundary();
                if self.has_arith && (self.flags_wanted || !takes_arith(operators.operator())) {
                    self.make_all_canonical();
                }
            }
            self.operator(operators.operator())?;
            self.pinned = RegSet::default();
            self.check_limits()?;
        }
        self.finish()
    }

    /// Refuses a function that would take too much memory to compile, before it does.
    fn check_limits(&self) -> Result<(), Error> {
        if self.frame_bytes() > MAX_FRAME_BYTES {
            return Err(too_large(self.at));
        }
        if self.is_code_too_large() {
            return Err(Error::Unsupported {
                what: format!(
                    "a function whose code is {MAX_CODE_BYTES_A_BYTE} times as long as its body and more"
                ),
                offset: self.at,
            });
        }
        Ok(())
    }

    /// Operands come to be in their slots that nothing was done for.
    pub fn note_operands(&mut self, count: usize) {
        self.noted = (self.noted).saturating_add(NOTED_OPERAND_BYTES.saturating_mul(count as u32));
    }

    /// Whether there is more code than a function may have. What instruments it does not count: whatever can be called can
    /// be stopped in.
    pub fn is_code_too_large(&self) -> bool {
        (self.masm.offset() - self.instrumented).saturating_add(self.noted) > self.most_code
    }

    fn frame_bytes(&self) -> usize {
        let operands = 8 * self.stack.max_words() as usize + self.first_slot.unsigned_abs() as usize;
        (operands + self.outgoing_bytes as usize).next_multiple_of(16)
    }

    fn prologue(&mut self, ty: &FuncType) {
        self.masm.enter();
        for (reg, slot) in self.saved.slots() {
            self.masm.store_slot(slot, Gpr(reg));
        }
        let homes = self.homes.clone();
        let mut in_registers = SmallVec::<[(u32, Loc); 8]>::new();
        let (params, rest) = homes.split_at(ty.params.len().min(homes.len()));
        for ((local, home), &place) in (0..).zip(params).zip(&self.own_layout.params) {
            match (place, home.register) {
                (ArgPlace::Gpr(arg), None) => in_registers.push((local, Loc::Gpr(arg))),
                (ArgPlace::Xmm(arg), None) => in_registers.push((local, Loc::Xmm(arg))),
                _ => {}
            }
            match (place, home.register) {
                (ArgPlace::Gpr(arg), Some(Loc::Gpr(reg))) => self.masm.mov(Gpr(reg), Gpr(arg)),
                (ArgPlace::Gpr(arg), _) => self.masm.store_slot(home.slot, Gpr(arg)),
                (ArgPlace::Xmm(arg), Some(Loc::Xmm(reg))) => self.masm.fmov(Xmm(reg), Xmm(arg)),
                (ArgPlace::Xmm(arg), _) => self.store_vector(home.slot, home.ty, Xmm(arg)),
                (ArgPlace::Stack(offset), Some(Loc::Gpr(reg))) => {
                    self.masm.load_slot(Gpr(reg), 16 + offset as i32);
                }
                (ArgPlace::Stack(offset), Some(Loc::Xmm(reg))) => {
                    self.load_vector(Xmm(reg), home.ty, 16 + offset as i32);
                }
                (ArgPlace::Stack(offset), _) => self.copy_value(home.slot, home.ty, 16 + offset as i32),
            }
        }
        // Slots descend, so the last local's is the lowest. Those of locals in registers that lie between do no harm.
        let in_slot = |home: &Home| home.register.is_none();
        if let (Some(first), Some(last)) = (rest.iter().position(in_slot), rest.iter().rposition(in_slot)) {
            let run = rest.get(first..=last).unwrap_or_default();
            let lowest = run.last().map_or(0, |home| home.slot);
            let words = run.iter().map(|home| slot_words(home.ty)).sum();
            if self.masm.zero_slots(lowest, words) {
                in_registers.clear();
            }
        }
        for (local, register) in in_registers {
            if self.is_read_again(local) {
                self.known.copies.hold(register, local);
            }
        }
        for home in rest {
            match home.register {
                Some(Loc::Gpr(reg)) => self.masm.mov_imm(Gpr(reg), 0),
                Some(Loc::Xmm(reg)) => self.masm.fconst(Size::S64, Xmm(reg), 0),
                _ => {}
            }
        }
        let exhausted = self.trap(TrapKind::StackExhausted);
        self.masm.check_stack(exhausted);
        self.tick(self.at);
    }

    /// Records the boundary before the operator at hand, with a probe if it is wanted there.
    fn boundary(&mut self) {
        self.map
            .add_boundary(self.at, self.masm.offset(), &mut self.stack);
        let with = self.with;
        let probe = match &with.stops {
            Stops::None => None,
            Stops::All => Some(&[][..]),
            Stops::At(stops) => (stops.binary_search_by_key(&self.at, |stop| stop.offset).ok())
                .and_then(|index| stops.get(index))
                .map(|stop| &stop.only_if[..]),
        };
        if let Some(conditions) = probe {
            let before = self.masm.offset();
            let resume = self.probe(conditions);
            self.map.probe_ends(resume);
            self.instrumented += self.masm.offset() - before;
        }
        self.stale = false;
        self.settled = None;
        let number = self.map.last_boundary();
        self.answer(|point| point == PointKind::Boundary(number) || point == PointKind::AfterStore(number));
    }

    /// Notes the copies as they are now, if this is the point they are asked for.
    fn answer(&mut self, is_here: impl Fn(PointKind) -> bool) {
        if let Some(asked) = self.asked
            && is_here(asked.point)
        {
            asked.copies = self.known.copies.all().collect();
        }
    }

    /// Counts a tick before the instruction at `offset`.
    pub fn tick(&mut self, offset: u64) {
        let (label, back) = (self.masm.label(), self.masm.label());
        let stack = self.map.note(&mut self.stack);
        let site = self.map.add_site(SiteKind::Tick, offset, 0, stack);
        self.answer(|point| point == PointKind::TickSite(site));
        self.masm.tick(label);
        self.masm.bind(back);
        self.ticks.push(TickExit { label, back, site });
    }

    /// Ends the moving of entries for an instruction that can trap: from here on the state is as recorded.
    pub fn settle(&mut self) {
        self.settled = self.stale.then(|| self.map.note(&mut self.stack));
    }

    /// Where the code goes to trap, with the state settled on.
    pub fn trap(&mut self, kind: TrapKind) -> M::Label {
        self.trap_exit(kind, None)
    }

    /// The same; with what is thrown, if anything, of which it is a trap that nothing catches it.
    pub fn trap_exit(&mut self, kind: TrapKind, thrown: Option<Thrown>) -> M::Label {
        let label = self.masm.label();
        let (boundary, stack) = (self.map.last_boundary(), self.settled);
        self.traps.push(TrapExit {
            label,
            kind,
            boundary,
            stack,
            thrown,
        });
        label
    }

    /// Records a memory instruction that may fault.
    pub fn may_fault(&mut self, native: u32) {
        if let Some(stack) = self.settled {
            self.map.add_fault(native, stack);
        }
    }

    /// Ends a store to memory 0, before the boundary that comes next: checks whether it is watched.
    pub fn stored(&mut self, at: Address, len_bytes: u8) {
        let check = self.with.watched_stores;
        if check == StoreCheck::None {
            return;
        }
        // No more than looked at: what is taken must be equal in all variants.
        let unused = TEMPS
            .into_iter()
            .filter(|&reg| self.stack.in_gpr(reg).is_none() && at.index != Some(reg))
            .find(|&reg| self.known.copies.in_register(Loc::Gpr(reg.0)).is_none());
        let before = self.masm.offset();
        let (label, back) = (self.masm.label(), self.masm.label());
        match check {
            StoreCheck::Filter => {
                let filter = self.layout.watch_filter;
                self.masm.filter_watch(at, len_bytes, unused, filter, label);
            }
            StoreCheck::None | StoreCheck::Range => self.masm.check_watch(at, len_bytes, unused, label),
        }
        self.masm.bind(back);
        self.instrumented += self.masm.offset() - before;
        self.watches.push(WatchExit {
            label,
            back,
            at,
            len_bytes,
            boundary: self.map.next_boundary(),
            offset: self.at,
        });
    }

    /// Records the site of a call just emitted. In a call the arguments are gone from the stack.
    pub fn site(&mut self, kind: SiteKind, native: u32) {
        let stack = self.map.note(&mut self.stack);
        self.map.add_site(kind, self.at, native, stack);
    }

    /// Makes room for outgoing arguments and results.
    pub fn reserve_outgoing(&mut self, len_bytes: u32) {
        self.outgoing_bytes = self.outgoing_bytes.max(len_bytes);
    }

    /// Leaves the function; the results are the top entries. Changes no entry, so it may stand on a side path.
    pub fn leave(&mut self) {
        let places = &self.own_layout.results;
        let base = self.stack.len().saturating_sub(places.len());
        // The first result's register may be another result's place: it is loaded last.
        for (index, &place) in places.iter().enumerate().rev() {
            let Some(entry) = self.stack.get(base + index) else {
                continue;
            };
            match place {
                ArgPlace::Stack(offset) => self.store_entry(16 + offset as i32, entry),
                ArgPlace::Gpr(reg) => self.load_gpr(Gpr(reg), entry),
                ArgPlace::Xmm(reg) => self.load_xmm(Xmm(reg), entry),
            }
        }
        self.restore_saved();
        self.masm.leave();
    }

    /// Takes back what the caller's callee-saved registers held.
    pub fn restore_saved(&mut self) {
        for (reg, slot) in self.saved.slots() {
            self.masm.load_slot(Gpr(reg), slot);
        }
    }

    fn finish(mut self) -> Result<Compiled, Error> {
        for exit in std::mem::take(&mut self.ticks) {
            self.masm.bind(exit.label);
            let native = self.masm.call_vmctx(vmctx::TICK_STUB);
            self.map.site_returns(exit.site, native);
            self.masm.jump(exit.back);
        }
        for exit in std::mem::take(&mut self.traps) {
            self.masm.bind(exit.label);
            let native = self.masm.call_vmctx(vmctx::TRAP_STUB);
            self.map.add_trap(native, exit.kind, exit.boundary, exit.stack);
            if let Some(thrown) = exit.thrown {
                self.handlers.add_throw(native, thrown);
            }
        }
        for exit in std::mem::take(&mut self.watches) {
            self.masm.bind(exit.label);
            let native = self.masm.call_watch(exit.at, exit.len_bytes);
            self.map.add_watch(native, exit.boundary, exit.offset);
            self.masm.jump(exit.back);
        }
        self.emit_pads();
        if self.frame_bytes() > MAX_FRAME_BYTES {
            return Err(too_large(self.at));
        }
        if let Some(broken) = self.broken {
            return Err(Error::Host(format!(
                "the compiler failed: {broken} (at offset 0x{:x})",
                self.at
            )));
        }
        let code = self.masm.finish(self.frame_bytes() as u32).map_err(Error::Host)?;
        self.map.seal(self.homes);
        Ok(Compiled {
            code,
            callee_saved: self.saved,
            handlers: self.handlers,
            frame_map: self.map,
        })
    }
}
