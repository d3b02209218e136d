//! A night with an incident, as its journal tells it: what pure tests open, show and bring forward.
use firedeck::domain::time::Timestamp;
use firedeck::incident::event::{
    EventId, IncidentOpened, MeasureOpened, MeasureSeen, Milestone, MilestoneSet, Note, OpenedFrom, Place,
    RoleSet, SessionOpened, Stands,
};
use firedeck::incident::{Event, What};
use firedeck::model::Model;
use firedeck::model::msg::{Effect, Msg};

use super::estate::{ago, say};

pub const INCIDENT: &str = "inc-2026-03-25-1152-k7qd";
pub const SECOND: &str = "inc-2026-03-25-1100-m3xw";

/// One writer's events of an incident, in their order.
pub struct Writer {
    pub incident: &'static str,
    pub name: &'static str,
    n: u64,
}

impl Writer {
    pub fn new(incident: &'static str, name: &'static str) -> Writer {
        Writer { incident, name, n: 0 }
    }

    pub fn tell(&mut self, at: Timestamp, what: What) -> Event {
        self.n += 1;
        let id = EventId { incident: self.incident.into(), writer: self.name.into(), n: self.n };
        Event::known(id, at, what)
    }

    /// The session, and the opening of the incident, so many seconds ago.
    pub fn opening(&mut self, title: &str, seconds: i64) -> Vec<Event> {
        let by = self.name;
        vec![self.tell(ago(seconds), session(by)), self.tell(ago(seconds), opened(title, by, seconds))]
    }
}

pub fn session(user: &str) -> What {
    What::SessionOpened(SessionOpened {
        version: "0.1.0".into(),
        host: "box".into(),
        user: user.into(),
        pid: 7,
        profile: String::new(),
        contexts: Vec::new(),
        read_only: false,
    })
}

pub fn opened(title: &str, by: &str, seconds: i64) -> What {
    What::IncidentOpened(Box::new(IncidentOpened {
        title: title.into(),
        severity: Some("P1 - Critical".into()),
        scale: Some(Place { path: "runbooks/010-on-call.md".into(), line: 5 }),
        response: Some("15 minutes".into()),
        rto: Some("4 hours".into()),
        review: None,
        from: OpenedFrom::Hand,
        detected: ago(seconds),
        profile: String::new(),
        by: by.into(),
    }))
}

pub fn milestone(milestone: Milestone, seconds: i64, by: &str) -> What {
    What::MilestoneSet(MilestoneSet { milestone, at: ago(seconds), says: String::new(), by: by.into() })
}

pub fn note(text: &str) -> What {
    What::Note(Note { text: text.into() })
}

/// The pool was raised; it is to be taken back in so many seconds.
pub fn pool(due: i64) -> What {
    What::MeasureOpened(Box::new(MeasureOpened {
        measure: "m1".into(),
        what: "pool size".into(),
        target: None,
        prior: "20".into(),
        now: "30".into(),
        revert: "psql -c \"ALTER SYSTEM SET pool = 20\"".into(),
        owner: "joe".into(),
        due: Some(ago(-due)),
        made_by: None,
        by: "jane".into(),
    }))
}

pub fn seen(stands: Stands, says: &str) -> What {
    What::MeasureSeen(MeasureSeen { measure: "m1".into(), stands, says: says.into() })
}

pub fn role(role: &str, person: &str) -> What {
    What::RoleSet(RoleSet { role: role.into(), person: person.into(), by: "jane".into() })
}

/// This cockpit has read the journals, and there was nothing.
pub fn begun(model: &mut Model) {
    model.user = "jane".into();
    say(model, Msg::RecordedBefore(Vec::new()));
}

/// The incident is open here: opened so many seconds ago, and its journal gets everything.
pub fn open(model: &mut Model, seconds: i64) -> Writer {
    model.user = "jane".into();
    let mut jane = Writer::new(INCIDENT, "jane");
    let events = jane.opening("no connections left", seconds);
    let effects = say(model, Msg::RecordedBefore(events));
    assert!(matches!(effects.as_slice(), [Effect::TakeUp(name)] if name == INCIDENT), "{effects:?}");
    say(model, Msg::TakenUp(INCIDENT.into()));
    model.flash = None;
    jane
}

/// What a key has written down; as it comes back from the journal.
pub fn written(model: &mut Model, writer: &mut Writer, effects: Vec<Effect>) -> Vec<Effect> {
    let mut more = Vec::new();
    for effect in effects {
        match effect {
            Effect::Tell(what) => {
                let event = writer.tell(model.now, *what);
                more.extend(say(model, Msg::Recorded(vec![event.clone()])));
                more.extend(say(model, Msg::Told(Box::new(event))));
            }
            other => more.push(other),
        }
    }
    more
}
