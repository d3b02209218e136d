//! Who waits for whom: from each waiting session and those that block it to trees, whatever loops are in them.
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The number that stands for a prepared transaction: it belongs to no session, and none can be ended.
pub const PREPARED: i32 = 0;

/// Of more than so many only those are counted that wait directly.
const MOST: usize = 8_192;

/// Each session that waits for a lock, with those that hold it up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Waits(BTreeMap<i32, BTreeSet<i32>>);

/// Where a session stands in its tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The one at the top; its own number for a root.
    pub root: i32,
    pub depth: u8,
    /// Position among all that are in trees, from the tree that frees the most down.
    pub at: u32,
    /// How many wait for it, directly or through others.
    pub blocks: u32,
}

/// Every tree, worked out once for each look.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    places: BTreeMap<i32, Place>,
    waits: Waits,
}

impl Waits {
    /// A server names one blocker several times, once for each of its workers.
    pub fn new(pairs: impl IntoIterator<Item = (i32, Vec<i32>)>) -> Waits {
        let each = pairs.into_iter().map(|(pid, by)| (pid, by.into_iter().filter(|b| *b != pid).collect()));
        Waits(each.filter(|(_, by): &(i32, BTreeSet<i32>)| !by.is_empty()).collect())
    }

    /// Those that hold a session up directly.
    pub fn blockers(&self, pid: i32) -> Vec<i32> {
        self.0.get(&pid).map(|by| by.iter().copied().collect()).unwrap_or_default()
    }

    /// Those that wait for a session directly.
    fn waiters(&self) -> BTreeMap<i32, Vec<i32>> {
        let mut waiters: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        for (pid, by) in &self.0 {
            for blocker in by {
                waiters.entry(*blocker).or_default().push(*pid);
            }
        }
        waiters
    }

    /// Everybody that waits or is waited for, with how many wait for each, directly or through others.
    fn reach(&self) -> BTreeMap<i32, u32> {
        let all: BTreeSet<i32> =
            self.0.iter().flat_map(|(pid, by)| by.iter().copied().chain([*pid])).collect();
        if all.len() > MOST {
            let waiters = self.waiters();
            let direct = |pid| waiters.get(pid).map_or(0, |all| u32::try_from(all.len()).unwrap_or(u32::MAX));
            return all.iter().map(|pid| (*pid, direct(pid))).collect();
        }
        let place: HashMap<i32, usize> = all.iter().enumerate().map(|(at, pid)| (*pid, at)).collect();
        let mut next = vec![Bits::new(all.len()); all.len()];
        for (pid, by) in &self.0 {
            for blocker in by {
                if let (Some(at), Some(below)) = (place.get(pid), place.get(blocker)) {
                    next[*below].set(*at);
                }
            }
        }
        let count = |from: usize| {
            let mut seen = Bits::new(all.len());
            seen.set(from);
            let mut stack = vec![from];
            while let Some(below) = stack.pop().and_then(|at| next.get(at)) {
                seen.add(below, &mut stack);
            }
            seen.count() - 1
        };
        all.iter().enumerate().map(|(at, pid)| (*pid, count(at))).collect()
    }
}

/// Numbers below a bound, sixty-four to a word: of a long queue each member waits for all before it.
#[derive(Clone)]
struct Bits(Vec<u64>);

impl Bits {
    fn new(most: usize) -> Bits {
        Bits(vec![0; most.div_ceil(64)])
    }

    fn set(&mut self, at: usize) {
        if let Some(word) = self.0.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }

    /// Takes in what is in another, and tells what was new.
    fn add(&mut self, other: &Bits, new: &mut Vec<usize>) {
        for (at, (own, other)) in self.0.iter_mut().zip(&other.0).enumerate() {
            let mut fresh = other & !*own;
            *own |= fresh;
            while fresh != 0 {
                new.push(at * 64 + usize::try_from(fresh.trailing_zeros()).unwrap_or(0));
                fresh &= fresh - 1;
            }
        }
    }

    fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }
}

impl Tree {
    pub fn new(waits: Waits) -> Tree {
        let freed = waits.reach();
        // From the one that frees the most down; everybody's waiters come in that order, too.
        let mut ranked: Vec<(i32, u32)> = freed.iter().map(|(pid, n)| (*pid, *n)).collect();
        ranked.sort_by_key(|(pid, n)| (std::cmp::Reverse(*n), *pid));
        let mut waiters: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        for (pid, _) in &ranked {
            for blocker in waits.0.get(pid).into_iter().flatten() {
                waiters.entry(*blocker).or_default().push(*pid);
            }
        }
        let mut places: BTreeMap<i32, Place> = BTreeMap::new();
        let mut put = |root: i32| {
            let mut stack = vec![(root, 0_u8)];
            while let Some((pid, depth)) = stack.pop() {
                if places.contains_key(&pid) {
                    continue;
                }
                let at = u32::try_from(places.len()).unwrap_or(u32::MAX);
                let blocks = freed.get(&pid).copied().unwrap_or(0);
                places.insert(pid, Place { root, depth, at, blocks });
                let under = waiters.get(&pid).map(Vec::as_slice).unwrap_or_default();
                stack.extend(under.iter().rev().map(|pid| (*pid, depth.saturating_add(1))));
            }
        };
        for (root, _) in ranked.iter().filter(|(pid, _)| !waits.0.contains_key(pid)) {
            put(*root);
        }
        // What nothing outside holds up waits in a circle: the server breaks it after a second, until then its
        // first member stands at the top.
        for (pid, _) in &ranked {
            put(*pid);
        }
        Tree { places, waits }
    }

    /// Those that would go on if a session ended: whom nobody else holds up, and whom only such hold up.
    pub fn freed_by(&self, pid: i32) -> Vec<i32> {
        let waiters = self.waits.waiters();
        let mut left: BTreeMap<i32, usize> = self.waits.0.iter().map(|(pid, by)| (*pid, by.len())).collect();
        let (mut freed, mut from) = (vec![pid], 0);
        while let Some(next) = freed.get(from).copied() {
            from += 1;
            for waiter in waiters.get(&next).into_iter().flatten().filter(|waiter| **waiter != pid) {
                if let Some(n) = left.get_mut(waiter) {
                    *n -= 1;
                    if *n == 0 {
                        freed.push(*waiter);
                    }
                }
            }
        }
        freed.remove(0);
        freed
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub fn place(&self, pid: i32) -> Option<Place> {
        self.places.get(&pid).copied()
    }

    pub fn blockers(&self, pid: i32) -> Vec<i32> {
        self.waits.blockers(pid)
    }

    /// How many wait, for whomever.
    pub fn waiting(&self) -> usize {
        self.waits.0.len()
    }

    /// Every session of a tree, from the root down, with its depth.
    pub fn members(&self, root: i32) -> Vec<(i32, u8)> {
        let own = self.places.iter().filter(|(_, place)| place.root == root);
        let mut own: Vec<(&i32, &Place)> = own.collect();
        own.sort_by_key(|(_, place)| place.at);
        own.into_iter().map(|(pid, place)| (*pid, place.depth)).collect()
    }

    pub fn roots(&self) -> Vec<i32> {
        let mut roots: Vec<(&i32, &Place)> =
            self.places.iter().filter(|(pid, place)| place.root == **pid).collect();
        roots.sort_by_key(|(_, place)| place.at);
        roots.into_iter().map(|(pid, _)| *pid).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tree(pairs: &[(i32, &[i32])]) -> Tree {
        Tree::new(Waits::new(pairs.iter().map(|(pid, by)| (*pid, by.to_vec()))))
    }

    #[test]
    fn ending_the_root_of_a_chain_frees_all_that_wait_behind_one_another() {
        let tree = tree(&[(2, &[1]), (3, &[2])]);
        assert_eq!(tree.place(1), Some(Place { root: 1, depth: 0, at: 0, blocks: 2 }));
        assert_eq!(tree.place(3), Some(Place { root: 1, depth: 2, at: 2, blocks: 0 }));
        assert_eq!(tree.members(1), [(1, 0), (2, 1), (3, 2)]);
    }

    #[test]
    fn the_tree_that_frees_the_most_comes_first_and_its_members_stay_together() {
        let tree = tree(&[(11, &[10]), (21, &[20]), (22, &[20]), (23, &[21])]);
        assert_eq!(tree.roots(), [20, 10]);
        assert_eq!(tree.members(20), [(20, 0), (21, 1), (23, 2), (22, 1)]);
        assert_eq!(tree.place(10).map(|place| place.at), Some(4));
    }

    #[test]
    fn who_waits_for_two_is_counted_once_for_each() {
        let tree = tree(&[(3, &[1, 2]), (4, &[3])]);
        assert_eq!(tree.place(1).map(|place| place.blocks), Some(2));
        assert_eq!(tree.place(2).map(|place| place.blocks), Some(2));
        assert_eq!(tree.blockers(3), [1, 2]);
    }

    #[test]
    fn a_circle_has_a_top_and_comes_to_an_end() {
        let tree = tree(&[(1, &[2]), (2, &[1]), (3, &[2])]);
        let places: Vec<_> = [1, 2, 3].map(|pid| tree.place(pid).map(|place| place.blocks)).into();
        assert_eq!(places, [Some(2), Some(2), Some(0)]);
        assert_eq!(tree.roots(), [1]);
    }

    #[test]
    fn a_prepared_transaction_is_a_root_without_a_session() {
        let tree = tree(&[(7, &[PREPARED])]);
        assert_eq!(tree.roots(), [PREPARED]);
        assert_eq!(tree.place(7).map(|place| place.root), Some(PREPARED));
    }

    #[test]
    fn who_is_said_to_wait_for_itself_or_for_nobody_does_not_wait() {
        assert!(tree(&[(1, &[1]), (2, &[])]).is_empty());
    }

    #[test]
    fn what_a_session_frees_is_all_that_wait_through_it_and_for_nobody_else() {
        let chain = tree(&[(2, &[1]), (3, &[2]), (4, &[1]), (9, &[8])]);
        assert_eq!(chain.freed_by(1), [2, 4, 3]);
        assert_eq!(chain.freed_by(2), [3]);
        assert!(chain.freed_by(3).is_empty() && chain.freed_by(77).is_empty());
        let queue = tree(&[(2, &[1]), (3, &[1, 2]), (4, &[3, 8])]);
        assert_eq!(queue.freed_by(1), [2, 3], "another root holds 4 up as well");
        assert!(queue.freed_by(8).is_empty() && queue.freed_by(2).is_empty());
        assert_eq!(tree(&[(1, &[2]), (2, &[1])]).freed_by(1), [2]);
    }

    #[test]
    fn a_thousand_that_queue_on_one_row_are_placed_at_once() {
        let began = std::time::Instant::now();
        let tree = Tree::new(Waits::new((1..=1000).map(|pid| (pid, (0..pid).collect()))));
        assert_eq!(tree.place(0).map(|place| place.blocks), Some(1000));
        assert_eq!(tree.place(400).map(|place| (place.at, place.blocks)), Some((400, 600)));
        assert_eq!(tree.freed_by(0).len(), 1000);
        assert!(began.elapsed() < std::time::Duration::from_secs(50), "{:?}", began.elapsed());
    }

    proptest! {
        #[test]
        fn whoever_waits_or_is_waited_for_has_one_place(
            pairs in prop::collection::vec((0..12_i32, prop::collection::vec(0..12_i32, 0..4)), 0..12)
        ) {
            let waits = Waits::new(pairs);
            let mut all: BTreeSet<i32> = waits.0.keys().copied().collect();
            all.extend(waits.0.values().flatten());
            let tree = Tree::new(waits.clone());
            let mut at: Vec<u32> = all.iter().map(|pid| tree.place(*pid).unwrap().at).collect();
            at.sort_unstable();
            prop_assert_eq!(at, (0..u32::try_from(all.len()).unwrap()).collect::<Vec<_>>());
            for pid in &all {
                let place = tree.place(*pid).unwrap();
                prop_assert!((place.blocks as usize) < all.len());
                prop_assert_eq!(place.depth == 0, place.root == *pid);
            }
            prop_assert_eq!(tree.roots().iter().map(|r| tree.members(*r).len()).sum::<usize>(), all.len());
        }
    }
}
