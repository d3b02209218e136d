//! Who waits for whom: from each waiting session and those that block it to trees, whatever loops are in them.
use std::collections::{BTreeMap, BTreeSet};

/// The number that stands for a prepared transaction: it belongs to no session, and none can be ended.
pub const PREPARED: i32 = 0;

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
}

impl Tree {
    pub fn new(waits: Waits) -> Tree {
        let waiters = waits.waiters();
        let reach = |from: i32| {
            let mut seen = BTreeSet::new();
            let mut next = vec![from];
            while let Some(pid) = next.pop() {
                let below = waiters.get(&pid).map(Vec::as_slice).unwrap_or_default();
                next.extend(below.iter().filter(|pid| **pid != from && seen.insert(**pid)));
            }
            seen
        };
        let all: BTreeSet<i32> = waits.0.keys().chain(waiters.keys()).copied().collect();
        let below: BTreeMap<i32, BTreeSet<i32>> = all.iter().map(|pid| (*pid, reach(*pid))).collect();
        let freed = |pid: &i32| below.get(pid).map_or(0, BTreeSet::len);
        let by_most = |pids: &mut Vec<i32>| pids.sort_by_key(|pid| (std::cmp::Reverse(freed(pid)), *pid));
        let mut roots: Vec<i32> = all.iter().copied().filter(|pid| !waits.0.contains_key(pid)).collect();
        by_most(&mut roots);
        let mut places: BTreeMap<i32, Place> = BTreeMap::new();
        let mut put = |root: i32| {
            let mut stack = vec![(root, 0_u8)];
            while let Some((pid, depth)) = stack.pop() {
                if places.contains_key(&pid) {
                    continue;
                }
                let at = u32::try_from(places.len()).unwrap_or(u32::MAX);
                let blocks = u32::try_from(freed(&pid)).unwrap_or(u32::MAX);
                places.insert(pid, Place { root, depth, at, blocks });
                let mut under = waiters.get(&pid).cloned().unwrap_or_default();
                by_most(&mut under);
                stack.extend(under.into_iter().rev().map(|pid| (pid, depth.saturating_add(1))));
            }
        };
        roots.into_iter().for_each(&mut put);
        // What nothing outside holds up waits in a circle: the server breaks it after a second, until then its
        // first member stands at the top.
        let mut circles: Vec<i32> = all.iter().copied().collect();
        by_most(&mut circles);
        circles.into_iter().for_each(put);
        Tree { places, waits }
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
