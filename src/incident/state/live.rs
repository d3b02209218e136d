//! Which events are of an incident, read at once or told one after the other.
use std::collections::{BTreeMap, BTreeSet};

use super::State;
use crate::incident::What;
use crate::incident::event::Event;
use crate::incident::order::{Added, Ordered, Rank};

/// The incident of this name, of whatever events there are.
pub fn of(name: &str, events: &Ordered) -> State {
    let runs = joined(events.events().filter(|event| event.incident == name));
    fold(name, events.events().filter(|event| belongs(name, &runs, event)))
}

/// The names of the journals in which an incident was opened.
pub fn names(events: &Ordered) -> BTreeSet<&str> {
    let opened = events.events().filter(|event| matches!(event.what, What::IncidentOpened(_)));
    opened.map(|event| event.incident.as_str()).collect()
}

/// The events of an incident, those of its runs in other journals among them.
pub fn events<'e>(name: &str, events: &'e Ordered) -> Vec<(&'e Rank, &'e Event)> {
    let runs = joined(events.events().filter(|event| event.incident == name));
    events.iter().filter(|(_, event)| belongs(name, &runs, event)).collect()
}

/// The incidents that nobody has closed, the newest first: what a cockpit takes up again when it starts.
pub fn unfinished(events: impl IntoIterator<Item = Event>) -> Vec<State> {
    let mut found = all(&Ordered::of(events));
    found.retain(State::is_unfinished);
    found
}

/// Every incident that was opened, the newest first.
pub fn all(ordered: &Ordered) -> Vec<State> {
    let names = names(ordered);
    let mut journals: BTreeMap<&str, Vec<(&Rank, &Event)>> = BTreeMap::new();
    for (rank, event) in ordered.iter() {
        journals.entry(&event.incident).or_default().push((rank, event));
    }
    let mut found: Vec<State> = Vec::new();
    for name in names {
        let own = journals.get(name).map(Vec::as_slice).unwrap_or_default();
        let runs = joined(own.iter().map(|(_, event)| *event));
        let mut all = own.to_vec();
        for journal in runs.values().filter(|journal| **journal != name).collect::<BTreeSet<_>>() {
            let there = journals.get(*journal).map(Vec::as_slice).unwrap_or_default();
            all.extend(there.iter().filter(|(_, event)| belongs(name, &runs, event)));
        }
        all.sort_by_key(|(rank, _)| *rank);
        found.push(fold(name, all.into_iter().map(|(_, event)| event)));
    }
    found.sort_by(|a, b| b.detected().cmp(&a.detected()).then_with(|| a.name.cmp(&b.name)));
    found
}

/// An incident that is told of as it goes on.
#[derive(Debug, Clone, Default)]
pub struct Live {
    events: Ordered,
    state: State,
}

impl Live {
    pub fn new(name: &str, events: impl IntoIterator<Item = Event>) -> Live {
        let events = Ordered::of(events);
        let state = of(name, &events);
        Live { events, state }
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    pub fn events(&self) -> &Ordered {
        &self.events
    }

    /// Another event, of any writer. What comes late takes the place that it has.
    pub fn add(&mut self, event: Event) {
        let joins = matches!(event.what, What::RunJoined(_));
        let own = event.incident == self.state.name;
        match self.events.add(event) {
            Added::Known => {}
            Added::Last if own && !joins => {
                if let Some(event) = self.events.events().next_back() {
                    self.state.apply(event);
                }
            }
            Added::Last | Added::Between => self.state = of(&self.state.name, &self.events),
        }
    }
}

/// The runs that were joined, each with the journal of its events.
fn joined<'e>(events: impl Iterator<Item = &'e Event>) -> BTreeMap<&'e str, &'e str> {
    events
        .filter_map(|event| match &event.what {
            What::RunJoined(said) if said.journal.is_empty() => {
                Some((said.run.as_str(), event.incident.as_str()))
            }
            What::RunJoined(said) => Some((said.run.as_str(), said.journal.as_str())),
            _ => None,
        })
        .collect()
}

fn belongs(name: &str, runs: &BTreeMap<&str, &str>, event: &Event) -> bool {
    event.incident == name
        || event.what.run().and_then(|run| runs.get(run)).is_some_and(|journal| *journal == event.incident)
}

fn fold<'e>(name: &str, events: impl Iterator<Item = &'e Event>) -> State {
    let mut state = State { name: name.to_owned(), ..State::default() };
    for event in events {
        state.apply(event);
    }
    state
}
