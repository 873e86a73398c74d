//! Which scope is innermost, by address: what scopes have of each other, cut into regions that each belong to one.
//!
//! # Invariants
//! - A scope has only what lies in its parent; of two that lie in one parent the first has what both claim.
//! - There are at most two regions for each range, and one more. Making them takes no more than [`MOVE_LIMIT`] pieces
//!   from scopes for those inside; what is inside that much does not count.
//!
//! Must not know: DIEs, what scopes are.

use std::collections::BTreeMap;

/// Pieces of regions that change from a scope to one inside it.
const MOVE_LIMIT: usize = 1 << 20;

/// The regions of one function.
#[derive(Clone, Debug, Default)]
pub(super) struct Regions {
    /// Where regions start, ascending, and whose they are. Before the first is scope 0's.
    starts: Vec<(u32, u32)>,
    /// How many pieces it took.
    #[cfg(test)]
    moves: usize,
}

impl Regions {
    /// Of scopes with their parents (scope 0 is around all; parents come before their children) and ranges.
    pub fn new<'a>(scopes: impl Iterator<Item = (usize, &'a [(u32, u32)])>) -> Regions {
        // What each scope has, without what those inside it have: starts and ends.
        let mut own: Vec<BTreeMap<u32, u32>> = Vec::new();
        let mut left = MOVE_LIMIT;
        for (index, (parent, ranges)) in scopes.enumerate() {
            let mut taken = BTreeMap::new();
            if index == 0 {
                taken.insert(0, u32::MAX);
            } else if let Some(outer) = own.get_mut(parent) {
                for &(start, end) in ranges {
                    take(outer, (start, end), &mut taken, &mut left);
                }
            }
            own.push(taken);
        }
        let regions = own.into_iter().zip(0u32..);
        let mut starts: Vec<(u32, u32)> = regions
            .flat_map(|(own, scope)| own.into_keys().map(move |start| (start, scope)))
            .collect();
        starts.sort_unstable();
        starts.dedup_by_key(|&mut (_, scope)| scope);
        starts.shrink_to_fit();
        Regions {
            starts,
            #[cfg(test)]
            moves: MOVE_LIMIT.saturating_sub(left),
        }
    }

    /// The innermost scope at an address.
    pub fn at(&self, at: u32) -> usize {
        let after = self.starts.partition_point(|&(start, _)| start <= at);
        let region = after.checked_sub(1).and_then(|last| self.starts.get(last));
        region.map_or(0, |&(_, scope)| scope as usize)
    }
}

/// Takes the pieces of a scope that lie in a range, as long as there may be more.
fn take(
    outer: &mut BTreeMap<u32, u32>,
    (start, end): (u32, u32),
    taken: &mut BTreeMap<u32, u32>,
    left: &mut usize,
) {
    let before = outer.range(..start).next_back().map(|(&piece, _)| piece);
    let mut from = before.unwrap_or(start);
    while from < end
        && let Some((&piece, &piece_end)) = outer.range(from..end).next()
    {
        from = piece_end;
        let (first, last) = (piece.max(start), piece_end.min(end));
        if first >= last {
            continue;
        }
        let Some(rest) = left.checked_sub(1) else { return };
        *left = rest;
        outer.remove(&piece);
        if piece < first {
            outer.insert(piece, first);
        }
        if last < piece_end {
            outer.insert(last, piece_end);
        }
        taken.insert(first, last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Scope = (usize, Vec<(u32, u32)>);

    fn regions(scopes: &[Scope]) -> Regions {
        Regions::new(scopes.iter().map(|(parent, ranges)| (*parent, &ranges[..])))
    }

    /// The same by the rule: from scope 0 inward, each time to the first scope that contains the address.
    fn innermost(scopes: &[Scope], at: u32) -> usize {
        let mut current = 0;
        for (index, (parent, ranges)) in scopes.iter().enumerate().skip(1) {
            let contains = ranges.iter().any(|&(start, end)| start <= at && at < end);
            if *parent == current && contains {
                current = index;
            }
        }
        current
    }

    #[test]
    fn the_first_of_those_inside_the_innermost() {
        // A small generator of numbers; scopes overlap, leave their parents and have several ranges.
        let mut state = 0x2545_f491_4f6c_dd1du64;
        let mut number = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        for _ in 0..200 {
            let mut scopes: Vec<Scope> = vec![(0, vec![(0, 100)])];
            for index in 1..=number(24) {
                let ranges = (0..=number(3)).map(|_| {
                    let start = number(100) as u32;
                    (start, start + number(40) as u32)
                });
                let ranges = ranges.collect();
                scopes.push((number(index) as usize, ranges));
            }
            let regions = regions(&scopes);
            for at in (0..150).chain([u32::MAX]) {
                assert_eq!(regions.at(at), innermost(&scopes, at), "{at} in {scopes:?}");
            }
        }
    }

    #[test]
    fn many_scopes_take_few_pieces() {
        const COUNT: u32 = 1 << 16;
        let whole = || vec![(0, 2 * COUNT)];
        let small = |at: u32| vec![(2 * at, 2 * at + 1)];
        // Beside each other; then all in the same place; then each in the one before, between small ones.
        let beside: Vec<Scope> = (0..COUNT).map(|at| (0, small(at))).collect();
        let same: Vec<Scope> = (0..COUNT)
            .map(|at| (0, if at % 2 == 0 { small(at) } else { whole() }))
            .collect();
        for scopes in [&beside, &same] {
            let regions = regions(scopes);
            assert!(regions.moves <= 2 * scopes.len(), "{}", regions.moves);
            assert!(regions.starts.len() <= 2 * scopes.len() + 1);
        }
        let chain = (1..COUNT).map(|at| match at % 64 {
            0 => (at as usize - 64, whole()),
            _ => ((at - at % 64) as usize, small(at)),
        });
        let chain: Vec<Scope> = [(0, whole())].into_iter().chain(chain).collect();
        let regions = regions(&chain);
        assert!(regions.moves <= MOVE_LIMIT);
        assert!(regions.starts.len() <= 2 * chain.len() + 1);
    }
}
