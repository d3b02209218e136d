//! What a listing promises, on small sets.
use proptest::prelude::*;

use super::*;
use crate::domain::object::Kind;

#[derive(Debug, Clone, PartialEq)]
struct Thing {
    id: ObjectRef,
    size: i64,
    level: Level,
}

impl Record for Thing {
    fn id(&self) -> &ObjectRef {
        &self.id
    }
}

fn thing(name: &str, size: i64, level: Level) -> Thing {
    let id = ObjectRef { context: "c".into(), kind: Kind::Pod, namespace: "n".into(), name: name.into() };
    Thing { id, size, level }
}

fn rank(thing: &Thing) -> Rank {
    Rank { level: thing.level, key: SortKey::Number(thing.size), shown: thing.size >= 0 }
}

fn feed() -> Feed {
    Feed::Pods("c".into(), "n".into())
}

fn names(listing: &Listing<Thing>) -> Vec<String> {
    listing.order.iter().filter_map(|s| listing.entry(*s)).map(|e| e.record.id.name.to_string()).collect()
}

#[test]
fn trouble_comes_first_and_the_selection_stays_on_its_thing() {
    let mut listing = Listing::default();
    listing.set_height(10);
    let batch = vec![Seen::Is(thing("a", 1, Level::Fine)), Seen::Is(thing("b", 2, Level::Fine))];
    listing.apply(&feed(), batch, rank);
    assert_eq!(listing.selected().map(|id| &*id.name), Some("a"));
    listing.step(1);
    assert_eq!(listing.selected().map(|id| &*id.name), Some("b"));
    listing.apply(&feed(), vec![Seen::Is(thing("c", 3, Level::Bad))], rank);
    assert_eq!(names(&listing), ["c", "a", "b"]);
    assert_eq!(listing.selected().map(|id| &*id.name), Some("b"));
    assert_eq!(listing.row(), Some(2));
}

#[test]
fn what_was_chosen_stays_in_the_window_when_it_is_sorted_away() {
    let mut listing = Listing::default();
    listing.set_height(2);
    listing.apply(&feed(), ["a", "b", "c", "d"].map(|n| Seen::Is(thing(n, 1, Level::Fine))).into(), rank);
    listing.step(1);
    let touched = listing.apply(&feed(), vec![Seen::Is(thing("b", 9, Level::Fine))], rank);
    assert!(touched.window);
    assert_eq!(listing.selected().map(|id| &*id.name), Some("b"));
    let shown: Vec<&str> = listing.window().map(|(thing, _)| &*thing.id.name).collect();
    assert_eq!(shown, ["d", "b"]);
}

#[test]
fn a_selection_that_vanished_is_lost_and_moves_nowhere_by_itself() {
    let mut listing = Listing::default();
    listing.set_height(10);
    listing.apply(&feed(), ["a", "b", "c"].map(|n| Seen::Is(thing(n, 1, Level::Fine))).into(), rank);
    listing.step(1);
    listing.apply(&feed(), vec![Seen::Gone(thing("b", 1, Level::Fine).id)], rank);
    assert!(listing.lost().is_some());
    assert_eq!(listing.current(), None);
    listing.step(1);
    assert_eq!(listing.current().map(|t| &*t.id.name), Some("c"));
}

#[test]
fn a_full_picture_removes_what_it_does_not_name_and_nothing_before_it_ends() {
    let mut listing = Listing::default();
    listing.apply(&feed(), ["a", "b"].map(|n| Seen::Is(thing(n, 1, Level::Fine))).into(), rank);
    listing.apply(&feed(), vec![Seen::Begin, Seen::Is(thing("b", 1, Level::Fine))], rank);
    assert_eq!(names(&listing), ["a", "b"]);
    listing.apply(&feed(), vec![Seen::End], rank);
    assert_eq!(names(&listing), ["b"]);
}

#[test]
fn a_change_outside_the_window_does_not_touch_it() {
    let mut listing = Listing::default();
    listing.set_height(2);
    listing.apply(&feed(), ["a", "b", "c", "d"].map(|n| Seen::Is(thing(n, 1, Level::Fine))).into(), rank);
    let touched = listing.apply(&feed(), vec![Seen::Is(thing("d", 1, Level::Fine))], rank);
    assert_eq!(touched, Touched { window: false, counts: false });
    let touched = listing.apply(&feed(), vec![Seen::Is(thing("a", 1, Level::Fine))], rank);
    assert!(touched.window);
}

proptest! {
    #[test]
    fn any_story_leaves_the_same_order_as_sorting_from_scratch(
        story in prop::collection::vec(
            prop::collection::vec((0u8..40, -2i64..6, 0u8..5, any::<bool>()), 1..90), 0..8),
        turns in prop::collection::vec((any::<bool>(), any::<bool>()), 8),
    ) {
        let levels = [Level::Bad, Level::Unknown, Level::Warn, Level::Fine, Level::Done];
        let mut listing = Listing::default();
        let mut plain = std::collections::BTreeMap::new();
        listing.set_height(5);
        for (batch, (column, reverse)) in story.into_iter().zip(turns) {
            let mut seen = Vec::new();
            for (name, size, level, gone) in batch {
                let it = thing(&format!("t{name:02}"), size, levels[level as usize]);
                if gone {
                    plain.remove(&it.id);
                    seen.push(Seen::Gone(it.id));
                } else {
                    plain.insert(it.id.clone(), it.clone());
                    seen.push(Seen::Is(it));
                }
            }
            listing.apply(&feed(), seen, rank);
            let sort = Sort { column: column.then_some(0), reverse };
            listing.reorder(sort, rank);
            let mut wanted: Vec<&Thing> = plain.values().filter(|t| t.size >= 0).collect();
            wanted.sort_by(|a, b| {
                let levels = if column { Ordering::Equal } else { a.level.cmp(&b.level) };
                let sizes = if reverse { b.size.cmp(&a.size) } else { a.size.cmp(&b.size) };
                levels.then(sizes).then(a.id.cmp(&b.id))
            });
            let wanted: Vec<String> = wanted.iter().map(|t| t.id.name.to_string()).collect();
            prop_assert_eq!(names(&listing), wanted);
            prop_assert_eq!(listing.total(), plain.len());
            for level in levels {
                prop_assert_eq!(listing.count(level), plain.values().filter(|t| t.level == level).count());
            }
        }
    }
}
