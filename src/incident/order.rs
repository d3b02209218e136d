//! Events of all writers in the one order that everything is told in, whatever order they were read in.
use std::collections::BTreeMap;

use super::event::{Event, EventId};
use super::line::encode;
use crate::domain::time::Timestamp;

/// Where an event stands: by time, then journal, writer and number.
///
/// A writer's own order always stands, even when its clock was set back: an event counts as no earlier than those
/// before it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    pub at: Timestamp,
    pub id: EventId,
}

/// Events in their order. More can be added at any time; the same ones in any sequence give the same order.
#[derive(Debug, Clone, Default)]
pub struct Ordered {
    events: Vec<(Rank, Event)>,
    /// The last number and the latest time of each writer of each journal.
    last: BTreeMap<(String, String), (u64, Timestamp)>,
}

/// What adding an event did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is the last one now.
    Last,
    /// It stands before others.
    Between,
    /// It was known.
    Known,
}

impl Ordered {
    pub fn of(events: impl IntoIterator<Item = Event>) -> Ordered {
        let mut ordered = Ordered { events: Vec::new(), last: BTreeMap::new() };
        let unranked = |event: Event| (Rank { at: event.at, id: event.id() }, event);
        ordered.events = events.into_iter().map(unranked).collect();
        ordered.sort();
        ordered
    }

    pub fn add(&mut self, event: Event) -> Added {
        let id = event.id();
        let known = self.last.get(&(id.incident.clone(), id.writer.clone())).copied();
        if let Some((last, _)) = known
            && id.n <= last
        {
            if self.events.iter().any(|(rank, known)| rank.id == id && *known == event) {
                return Added::Known;
            }
            // A part that was missing, or another history: rare enough to sort it all again.
            self.events.push((Rank { at: event.at, id }, event));
            self.sort();
            return Added::Between;
        }
        let at = known.map_or(event.at, |(_, latest)| latest.max(event.at));
        self.last.insert((id.incident.clone(), id.writer.clone()), (id.n, at));
        let rank = Rank { at, id };
        let place = self.events.partition_point(|(other, _)| *other < rank);
        let added = if place == self.events.len() { Added::Last } else { Added::Between };
        self.events.insert(place, (rank, event));
        added
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Rank, &Event)> {
        self.events.iter().map(|(rank, event)| (rank, event))
    }

    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.events.iter().map(|(_, event)| event)
    }

    pub fn len(&self) -> usize {
        self.events.len()
    }

    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    fn sort(&mut self) {
        let mut by_id: BTreeMap<EventId, Vec<Event>> = BTreeMap::new();
        for (rank, event) in self.events.drain(..) {
            let same = by_id.entry(rank.id).or_default();
            if !same.contains(&event) {
                same.push(event);
            }
        }
        self.last.clear();
        for (id, mut same) in by_id {
            // Two histories under one number: their text is the only order that everybody sees alike.
            if same.len() > 1 {
                same.sort_by_cached_key(|event| encode(event).unwrap_or_default());
            }
            let writer = (id.incident.clone(), id.writer.clone());
            let mut at = same.iter().map(|event| event.at).max().unwrap_or_default();
            if let Some((_, latest)) = self.last.get(&writer) {
                at = at.max(*latest);
            }
            self.last.insert(writer, (id.n, at));
            self.events.extend(same.into_iter().map(|event| (Rank { at, id: id.clone() }, event)));
        }
        self.events.sort_by(|(a, _), (b, _)| a.cmp(b));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::incident::What;
    use crate::incident::event::Note;

    fn event(writer: &str, n: u64, at: i64) -> Event {
        Event {
            incident: "i".into(),
            writer: writer.into(),
            n,
            prev: String::new(),
            at: Timestamp(at),
            what: What::Note(Note { text: format!("{writer}{n}") }),
            rest: Vec::new(),
        }
    }

    fn names(ordered: &Ordered) -> Vec<String> {
        ordered.events().map(|event| format!("{}{}", event.writer, event.n)).collect()
    }

    #[test]
    fn a_writer_whose_clock_was_set_back_keeps_its_own_order() {
        let events = [event("a", 1, 10), event("a", 2, 4), event("b", 1, 5), event("b", 2, 15)];
        assert_eq!(names(&Ordered::of(events)), ["b1", "a1", "a2", "b2"]);
    }

    #[test]
    fn the_same_event_twice_is_one() {
        let mut ordered = Ordered::of([event("a", 1, 1), event("a", 1, 1)]);
        assert_eq!(ordered.len(), 1);
        assert_eq!(ordered.add(event("a", 1, 1)), Added::Known);
        assert_eq!(ordered.len(), 1);
    }

    #[test]
    fn one_number_with_two_histories_keeps_both_and_one_order() {
        let other = Event { at: Timestamp(9), ..event("a", 2, 3) };
        let events = [event("a", 1, 1), event("a", 2, 3), other, event("b", 1, 4)];
        let forwards = names(&Ordered::of(events.clone()));
        let mut backwards = Ordered::default();
        for event in events.into_iter().rev() {
            backwards.add(event);
        }
        assert_eq!(forwards, ["a1", "b1", "a2", "a2"]);
        assert_eq!(names(&backwards), forwards);
    }

    proptest! {
        #[test]
        fn the_order_does_not_depend_on_the_order_of_reading(
            times in prop::collection::vec((0..3_usize, 0..20_i64), 0..30),
            swaps in prop::collection::vec((0..30_usize, 0..30_usize), 0..60),
        ) {
            let mut counts = [0; 3];
            let mut events: Vec<Event> = times.iter().map(|(writer, at)| {
                counts[*writer] += 1;
                event(["a", "b", "c"][*writer], counts[*writer], *at)
            }).collect();
            let whole = names(&Ordered::of(events.clone()));
            for (a, b) in swaps {
                if a < events.len() && b < events.len() {
                    events.swap(a, b);
                }
            }
            let mut one_by_one = Ordered::default();
            for event in events {
                one_by_one.add(event);
            }
            prop_assert_eq!(names(&one_by_one), whole);
        }
    }
}
