//! What a function throws and what it catches: the side tables that are read when something is thrown, and at no other
//! time.
//!
//! # Invariants
//! - A `try` covers what lies in its body, by file offset; the arms of an old one are outside of it.
//! - The search goes outwards: the `try` that comes next was opened before.
//! - All variants of a function have the same tables, but for native offsets.
//!
//! Must not know: frames, the store, what an exception is.

/// What an instruction that throws throws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thrown {
    /// A new exception of this tag, with the operands on top.
    New(u32),
    /// What the operand on top refers to.
    Referred,
    /// What was caught by the arm under way of the old `try` of this level.
    Caught(u32),
}

/// Where one clause of a `try` goes on, and with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Which exceptions, by tag index; `None` is every one.
    pub tag: Option<u32>,
    /// Whether the exception's values are put on the stack.
    pub with_values: bool,
    /// Whether a reference to the exception is put on top of them.
    pub with_reference: bool,
    /// For an arm of an old `try` that throws again what it has caught: the level at which it is kept.
    pub keeps: Option<u32>,
    /// Native offset of the code that goes on.
    pub native: u32,
    /// The slot, `rbp`-relative, of the first value if it takes 8 bytes. The others lie below it, one after the other.
    pub top: i32,
}

/// Names a clause in all variants of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClauseId {
    of: u32,
    index: u32,
}

impl ClauseId {
    /// The number of its `try`.
    pub(super) fn of(self) -> u32 {
        self.of
    }
}

#[derive(Clone, Debug)]
struct Try {
    /// File offset of the `try`, and of what ends its body.
    from: u32,
    to: u32,
    /// The `try` whose body this one lies in.
    lies_in: Option<u32>,
    /// The `try` that is asked after this one: another one where this one delegates.
    next: Option<u32>,
    clauses: Vec<Clause>,
}

/// The tables of one compiled variant.
#[derive(Clone, Debug, Default)]
pub struct Handlers {
    /// In order of `from`.
    tries: Vec<Try>,
    /// Return addresses of the trap stub where something is thrown, ascending.
    throws: Vec<(u32, Thrown)>,
    /// File offsets of tail calls inside a `try`, ascending: what they call is outside of it.
    tail_calls: Vec<u32>,
}

/// Reading.
impl Handlers {
    /// What is thrown where the trap stub returns to.
    pub fn thrown(&self, native: u32) -> Option<Thrown> {
        let index = self
            .throws
            .binary_search_by_key(&native, |thrown| thrown.0)
            .ok()?;
        self.throws.get(index).map(|thrown| thrown.1)
    }

    /// The first clause, from the innermost `try` around an instruction outwards, that catches.
    pub fn find(&self, offset: u64, catches: impl Fn(Option<u32>) -> bool) -> Option<ClauseId> {
        let mut next = self.around(u32::try_from(offset).ok()?);
        while let Some(of) = next {
            let asked = self.tries.get(of as usize)?;
            if let Some(index) = asked.clauses.iter().position(|clause| catches(clause.tag)) {
                let index = index as u32;
                return Some(ClauseId { of, index });
            }
            next = asked.next;
        }
        None
    }

    /// Whether nothing is thrown or caught.
    pub fn is_empty(&self) -> bool {
        self.tries.is_empty() && self.throws.is_empty()
    }

    /// Whether there is any `try`.
    pub fn catches(&self) -> bool {
        !self.tries.is_empty()
    }

    /// The innermost `try` whose body an instruction lies in.
    fn around(&self, offset: u32) -> Option<u32> {
        let before = self.tries.partition_point(|other| other.from < offset);
        let mut at = before.checked_sub(1)? as u32;
        while self.tries.get(at as usize)?.to <= offset {
            at = self.tries.get(at as usize)?.lies_in?;
        }
        self.tail_calls.binary_search(&offset).is_err().then_some(at)
    }

    /// A clause.
    pub fn clause(&self, id: ClauseId) -> Option<&Clause> {
        self.tries.get(id.of as usize)?.clauses.get(id.index as usize)
    }
}

/// Recording, for the compiler.
impl Handlers {
    /// Opens a `try` at a file offset, in the body of another one; its number.
    pub(super) fn open(&mut self, from: u64, lies_in: Option<u32>) -> u32 {
        self.tries.push(Try {
            from: from as u32,
            to: u32::MAX,
            lies_in,
            next: lies_in,
            clauses: Vec::new(),
        });
        self.tries.len() as u32 - 1
    }

    fn opened(&mut self, number: u32) -> Option<&mut Try> {
        self.tries.get_mut(number as usize)
    }

    /// Ends the body of a `try`, if it has not ended.
    pub(super) fn end_body(&mut self, number: u32, to: u64) {
        if let Some(of) = self.opened(number) {
            of.to = of.to.min(to as u32);
        }
    }

    /// Has a `try` hand everything on to another one, or to the caller.
    pub(super) fn delegate(&mut self, number: u32, next: Option<u32>) {
        if let Some(of) = self.opened(number) {
            of.next = next;
        }
    }

    /// Adds a clause.
    pub(super) fn add_clause(&mut self, number: u32, clause: Clause) -> Option<ClauseId> {
        let clauses = &mut self.opened(number)?.clauses;
        clauses.push(clause);
        let index = clauses.len() as u32 - 1;
        Some(ClauseId { of: number, index })
    }

    fn clause_mut(&mut self, id: ClauseId) -> Option<&mut Clause> {
        self.opened(id.of)?.clauses.get_mut(id.index as usize)
    }

    /// Says where a clause goes on.
    pub(super) fn lands_at(&mut self, id: ClauseId, native: u32) {
        if let Some(clause) = self.clause_mut(id) {
            clause.native = native;
        }
    }

    /// Has an arm keep what it catches.
    pub(super) fn keep(&mut self, id: ClauseId, level: u32) {
        if let Some(clause) = self.clause_mut(id) {
            clause.keeps = Some(level);
        }
    }

    /// Records a tail call inside a `try`.
    pub(super) fn add_tail_call(&mut self, offset: u64) {
        self.tail_calls.push(offset as u32);
    }

    /// Records what is thrown where the trap stub returns to; they come in order of native offset.
    pub(super) fn add_throw(&mut self, native: u32, thrown: Thrown) {
        self.throws.push((native, thrown));
    }
}
