//! What memories held at the stop before, to tell what the guest has changed.
//!
//! # Invariants
//! - Small memories are kept whole. Of large ones the parts that were asked about at the stop are kept: what a person
//!   looked at is what they see changing, at a cost that does not grow with the memory.
//! - What was not kept is not known: it is never taken for unchanged.
//!
//! Must not know: front ends, stops.

use crate::runtime::store::Store;

/// The largest memory that is kept whole.
const MOST_WHOLE_LEN_BYTES: usize = 64 << 20;
/// Most parts of large memories that are kept.
const MOST_PARTS: usize = 256;
/// Most bytes of large memories that are kept.
const MOST_PARTS_LEN_BYTES: usize = 16 << 20;

/// Bytes of a memory as they were.
#[derive(Debug)]
struct Part {
    memory: u32,
    start: usize,
    bytes: Vec<u8>,
    /// Whether the memory ended with it: what has grown since held zeros.
    to_the_end: bool,
}

/// What is kept, and what is to be kept of large memories.
#[derive(Debug, Default)]
pub struct MemoryBefore {
    parts: Vec<Part>,
    looked_at: Vec<(u32, usize, usize)>,
}

impl MemoryBefore {
    /// Notes that someone looks at `len_bytes` bytes of a memory.
    pub fn look(&mut self, memory: u32, start: usize, len_bytes: usize) {
        let range = (memory, start, len_bytes);
        if len_bytes > 0 && self.looked_at.len() < MOST_PARTS && !self.looked_at.contains(&range) {
            self.looked_at.push(range);
        }
    }

    /// Keeps what the memories of the module's instance hold now: the guest goes on.
    pub fn keep(&mut self, store: &Store) {
        let mut old = std::mem::take(&mut self.parts);
        let looked_at = std::mem::take(&mut self.looked_at);
        let mut left = MOST_PARTS_LEN_BYTES;
        for memory in 0.. {
            let Some(all) = store.memory(0, memory) else { break };
            let whole = all.len() <= MOST_WHOLE_LEN_BYTES;
            let wanted = match whole {
                true => vec![(0, all.len())],
                false => (looked_at.iter())
                    .filter(|(index, ..)| *index == memory)
                    .map(|&(_, start, len)| (start.min(all.len()), len))
                    .collect(),
            };
            for (start, len) in wanted {
                let end = start.saturating_add(len).min(all.len());
                let now = all.get(start..end).unwrap_or_default();
                if !whole {
                    let Some(rest) = left.checked_sub(now.len()) else {
                        continue;
                    };
                    left = rest;
                }
                // The room of an old part serves again.
                let mut bytes = old.pop().map(|part| part.bytes).unwrap_or_default();
                bytes.clear();
                bytes.extend_from_slice(now);
                self.parts.push(Part {
                    memory,
                    start,
                    bytes,
                    to_the_end: end == all.len(),
                });
            }
        }
    }

    /// The addresses from `start` on where a memory does not hold what it held; `None` if that is not known of all of
    /// these bytes.
    pub fn changed(&self, memory: u32, start: usize, now: &[u8]) -> Option<Vec<u64>> {
        let end = start.checked_add(now.len())?;
        let part = self.parts.iter().find(|part| {
            let covers = end <= part.start.saturating_add(part.bytes.len()) || part.to_the_end;
            part.memory == memory && part.start <= start && covers
        })?;
        let before = part.bytes.get(start - part.start..).unwrap_or_default();
        let before = before.iter().copied().chain(std::iter::repeat(0));
        Some(
            (now.iter().zip(before).zip(start as u64..))
                .filter(|((now, before), _)| *now != before)
                .map(|(_, address)| address)
                .collect(),
        )
    }
}
