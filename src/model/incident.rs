//! The incident that is worked on, what the journals of this shift hold, and the screen that shows it.
use std::collections::BTreeSet;

use super::board::PaneKind;
use crate::domain::object::ObjectRef;
use crate::domain::time::Timestamp;
use crate::incident::Event;
use crate::incident::event::{EventId, OpenedFrom, Place};
use crate::incident::handover::Handover;
use crate::incident::order::Ordered;
use crate::incident::state::{Live, State};
use crate::incident::timeline::{Entry, Filter};

#[derive(Debug, Default)]
pub struct Incidents {
    /// Everything of this shift, and of what nobody has closed, by all writers on this box.
    pub known: Ordered,
    ids: BTreeSet<EventId>,
    /// The incident that is worked on, or that was until it was closed.
    pub live: Option<Live>,
    /// Its journal gets everything that is recorded here.
    pub taken: bool,
    /// The name of one that is being opened or taken up.
    pub wanted: Option<String>,
    /// What was there before this start is read.
    pub read: bool,
    /// When this cockpit began to watch.
    pub began: Timestamp,
    pub screen: Screen,
}

/// The screens of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Page {
    /// How it stands.
    #[default]
    Stand,
    /// What happened, line by line.
    TimeLine,
    /// What the next shift has to know.
    Handover,
}

impl Page {
    pub const ALL: [Page; 3] = [Page::Stand, Page::TimeLine, Page::Handover];

    pub fn title(self) -> &'static str {
        match self {
            Page::Stand => "incident",
            Page::TimeLine => "time line",
            Page::Handover => "handover",
        }
    }
}

#[derive(Debug, Default)]
pub struct Screen {
    pub page: Page,
    /// Where it was opened.
    pub from: PaneKind,
    /// The line where you are.
    pub line: usize,
    /// What it is about, so that it is found again when lines come.
    pub spot: Option<Spot>,
    /// Of the time line.
    pub filter: Filter,
    pub entries: Vec<Entry>,
    pub handover: Option<Box<Handover>>,
    /// Others that nobody has closed.
    pub others: Vec<State>,
    /// Columns that the pane has; 0 until that is known.
    pub width: usize,
    pub height: usize,
}

/// What a line can be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    Measure(String),
    Run(String),
    /// A line of the time line, by its name.
    Entry(String),
}

/// A severity that can be chosen, with what its document says of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grade {
    pub name: String,
    pub response: Option<String>,
    pub rto: Option<String>,
    pub criteria: String,
    pub scale: Option<Place>,
    /// The document's title.
    pub document: String,
}

/// What an incident would be opened from.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    pub from: OpenedFrom,
    pub detected: Timestamp,
    pub grades: Vec<Grade>,
    /// The thing it is about, for what fits it.
    pub of: Option<ObjectRef>,
}

impl Incidents {
    /// Takes events in, each once; says whether there was a new one.
    pub fn take(&mut self, events: Vec<Event>) -> bool {
        let fresh: Vec<Event> = events.into_iter().filter(|event| self.ids.insert(event.id())).collect();
        if fresh.is_empty() {
            return false;
        }
        // Many at once are put in order once.
        if fresh.len() > 64 {
            let known = std::mem::take(&mut self.known);
            self.known = Ordered::of(known.events().cloned().chain(fresh));
            if let Some(name) = self.live.as_ref().map(|live| live.state().name.clone()) {
                self.show(&name);
            }
            return true;
        }
        for event in fresh {
            if let Some(live) = &mut self.live
                && (event.incident == live.state().name || event.what.run().is_some())
            {
                live.add(event.clone());
            }
            self.known.add(event);
        }
        true
    }

    /// Makes this the one that is shown, as far as its events are known.
    pub fn show(&mut self, name: &str) {
        let of = |event: &&Event| event.incident == name || event.what.run().is_some();
        self.live = Some(Live::new(name, self.known.events().filter(of).cloned()));
    }

    pub fn state(&self) -> Option<&State> {
        self.live.as_ref().map(Live::state)
    }

    /// The one that nobody has closed.
    pub fn open(&self) -> Option<&State> {
        self.state().filter(|state| state.is_unfinished())
    }

    /// Others that nobody has closed, the newest first.
    pub fn others(&self) -> Vec<State> {
        let own = self.state().map(|state| state.name.as_str());
        let mut all = crate::incident::state::all(&self.known);
        all.retain(|state| state.is_unfinished() && Some(state.name.as_str()) != own);
        all
    }
}

/// The four letters that people tell an incident by.
pub fn short(name: &str) -> &str {
    name.rsplit('-').next().unwrap_or(name)
}
