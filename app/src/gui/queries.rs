//! Questions asked and answers kept.
//!
//! A pane asks every frame for what it shows; a question goes to the session once. Answers about a stop
//! belong to that stop: at the next one they become *previous* answers, which serve to mark what changed and
//! to avoid a flicker while the new answer is on its way, always drawn as old.
//!
//! # Invariants
//! - An answer is accepted only for the stop it was asked about; anything else is dropped.
//! - The cache is bounded: what was not asked for lately goes first.

use std::collections::HashMap;
use stepwell_engine::debugger::{Query, QueryError, QueryId, Reply, StopId};

/// So many answers are kept; a window full of panes asks for a few dozen.
const MAX_ENTRIES: usize = 1024;

/// What is known about a question.
#[derive(Clone, Copy, Debug)]
pub enum Answer<'a> {
    /// The answer.
    Ready(&'a Reply),
    /// On its way; with the answer of the stop before, if there was one.
    Waiting(Option<&'a Reply>),
    /// There is none; says why.
    Failed(&'a QueryError),
}

impl<'a> Answer<'a> {
    /// The answer or, while it is on its way, the one of the stop before; and whether it is the answer.
    pub fn latest(self) -> Option<(&'a Reply, bool)> {
        match self {
            Answer::Ready(reply) => Some((reply, true)),
            Answer::Waiting(previous) => previous.map(|reply| (reply, false)),
            Answer::Failed(_) => None,
        }
    }
}

#[derive(Debug)]
struct Entry {
    id: QueryId,
    stop: Option<StopId>,
    answer: Option<Result<Reply, QueryError>>,
    previous: Option<(Option<StopId>, Reply)>,
    asked: bool,
    last_used: u64,
}

/// All questions of a session.
#[derive(Debug, Default)]
pub struct Queries {
    entries: HashMap<Query, Entry>,
    next_id: u64,
    clock: u64,
}

/// The stop a question is about, and the question with that stop blanked: the name it is filed under.
fn filed(query: &Query) -> (Query, Option<StopId>) {
    let mut key = query.clone();
    let stop = key.stop_mut().map(|stop| std::mem::replace(stop, StopId(0)));
    (key, stop)
}

impl Queries {
    /// What is known about `query`.
    pub fn answer(&self, query: &Query) -> Answer<'_> {
        let (key, stop) = filed(query);
        match self.entries.get(&key) {
            None => Answer::Waiting(None),
            Some(entry) if entry.stop != stop => Answer::Waiting(entry.latest()),
            Some(entry) => match &entry.answer {
                Some(Ok(reply)) => Answer::Ready(reply),
                Some(Err(error)) => Answer::Failed(error),
                None => Answer::Waiting(entry.previous.as_ref().map(|(_, reply)| reply)),
            },
        }
    }

    /// The answer that the same question had at the stop `before`.
    pub fn previous(&self, query: &Query, before: StopId) -> Option<&Reply> {
        let (key, stop) = filed(query);
        let entry = self.entries.get(&key)?;
        let (at, reply) = entry.previous.as_ref()?;
        (entry.stop == stop && *at == Some(before)).then_some(reply)
    }

    /// Notes that `query` is wanted; `Some` if it must be sent to the session.
    pub fn want(&mut self, query: &Query) -> Option<QueryId> {
        self.clock = self.clock.saturating_add(1);
        let (key, stop) = filed(query);
        let clock = self.clock;
        let previous = match self.entries.get_mut(&key) {
            Some(entry) if entry.stop == stop && entry.asked => {
                entry.last_used = clock;
                return None;
            }
            Some(entry) if entry.stop == stop => entry.previous.take(),
            Some(entry) => match entry.answer.take() {
                Some(Ok(reply)) => Some((entry.stop, reply)),
                _ => entry.previous.take(),
            },
            None => None,
        };
        self.make_room();
        let id = self.fresh_id();
        let entry = Entry {
            id,
            stop,
            answer: None,
            previous,
            asked: true,
            last_used: clock,
        };
        self.entries.insert(key, entry);
        Some(id)
    }

    /// A number for a question that is not kept (a write).
    pub fn fresh_id(&mut self) -> QueryId {
        self.next_id = self.next_id.saturating_add(1);
        QueryId(self.next_id)
    }

    /// Files an answer. Stale and unknown ones are dropped.
    pub fn fold(&mut self, id: QueryId, result: Result<Reply, QueryError>) {
        let Some((key, entry)) = self.entries.iter_mut().find(|(_, entry)| entry.id == id) else {
            return;
        };
        if entry.answer.is_some() {
            return;
        }
        match result {
            // The guest has moved: ask again at the next stop.
            Err(QueryError::Stale | QueryError::Running) if entry.stop.is_some() => {
                let key = key.clone();
                self.entries.remove(&key);
            }
            result => entry.answer = Some(result),
        }
    }

    /// Has every question about a stop asked again: something was written.
    pub fn refresh(&mut self) {
        for entry in self.entries.values_mut() {
            if entry.stop.is_some() {
                entry.answer = None;
                entry.asked = false;
            }
        }
    }

    /// Questions without an answer that could still get one.
    pub fn outstanding(&self) -> usize {
        self.entries
            .values()
            .filter(|entry| entry.answer.is_none() && entry.asked)
            .count()
    }

    /// Forgets questions about stops that were never answered: the guest runs again.
    pub fn forget_unanswered(&mut self) {
        self.entries
            .retain(|_, entry| entry.answer.is_some() || entry.stop.is_none());
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    fn make_room(&mut self) {
        if self.entries.len() < MAX_ENTRIES {
            return;
        }
        let mut ages: Vec<u64> = self.entries.values().map(|entry| entry.last_used).collect();
        ages.sort_unstable();
        let middle = ages.get(ages.len() / 2).copied().unwrap_or_default();
        self.entries
            .retain(|_, entry| entry.last_used > middle || entry.answer.is_none());
    }
}

impl Entry {
    fn latest(&self) -> Option<&Reply> {
        match &self.answer {
            Some(Ok(reply)) => Some(reply),
            _ => self.previous.as_ref().map(|(_, reply)| reply),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globals(stop: u64) -> Query {
        Query::Globals { stop: StopId(stop) }
    }

    #[test]
    fn a_question_is_sent_once_a_stop() {
        let mut queries = Queries::default();
        assert!(queries.want(&globals(1)).is_some());
        assert!(queries.want(&globals(1)).is_none());
        assert_eq!(queries.outstanding(), 1);
        assert!(queries.want(&globals(2)).is_some());
    }

    #[test]
    fn late_answers_are_dropped_and_old_ones_become_previous() {
        let mut queries = Queries::default();
        let first = queries.want(&globals(1)).expect("new");
        queries.fold(first, Ok(Reply::Globals(Vec::new())));
        assert!(matches!(queries.answer(&globals(1)), Answer::Ready(_)));
        let second = queries.want(&globals(2)).expect("new");
        assert!(matches!(queries.answer(&globals(2)), Answer::Waiting(Some(_))));
        queries.fold(first, Ok(Reply::Written));
        assert!(matches!(queries.answer(&globals(2)), Answer::Waiting(_)));
        queries.fold(second, Err(QueryError::Stale));
        assert_eq!(queries.outstanding(), 0);
    }

    #[test]
    fn the_cache_is_bounded() {
        let mut queries = Queries::default();
        for address in 0..5000 {
            let query = Query::Memory {
                stop: StopId(1),
                memory: 0,
                address,
                len_bytes: 1,
            };
            let id = queries.want(&query).expect("new");
            queries.fold(id, Ok(Reply::Written));
        }
        assert!(queries.entries.len() <= MAX_ENTRIES);
    }
}
