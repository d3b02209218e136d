//! Events for tests, told as short stories.
use std::collections::BTreeMap;

use super::What;
use super::event::{
    At, End, Event, IncidentOpened, MeasureClosed, MeasureOpened, MeasureSeen, Milestone, MilestoneSet, Note,
    OpenedFrom, Order, RunClosed, RunOpened, SessionOpened, Stands, StepEnded, StepSkipped, StepStarted,
    StepTicked, Target, Tier, Verdict,
};
use crate::domain::time::Timestamp;

pub const INCIDENT: &str = "inc-2026-11-26-0312-k7qd";
pub const MINUTE: i64 = 60_000;
/// Thursday, 2026-11-26 03:00 in UTC.
pub const START: i64 = 1_795_662_000_000;

/// Minutes after the start.
pub fn at(minutes: i64) -> Timestamp {
    Timestamp(START + minutes * MINUTE)
}

/// Events of several writers, each with its own numbers.
#[derive(Debug, Default, Clone)]
pub struct Story {
    pub events: Vec<Event>,
    counts: BTreeMap<(String, String), u64>,
}

impl Story {
    /// `who` writes in a journal, so many minutes after the start.
    pub fn in_journal(mut self, journal: &str, who: &str, minutes: i64, what: What) -> Story {
        let writer = format!("box-{who}-1-0");
        let n = self.counts.entry((journal.to_owned(), writer.clone())).or_default();
        *n += 1;
        self.events.push(Event {
            incident: journal.to_owned(),
            writer,
            n: *n,
            prev: String::new(),
            at: at(minutes),
            what,
            rest: Vec::new(),
        });
        self
    }

    pub fn tell(self, who: &str, minutes: i64, what: What) -> Story {
        self.in_journal(INCIDENT, who, minutes, what)
    }
}

pub fn target(kind: &str, name: &str) -> Target {
    Target {
        context: "prod".into(),
        kind: kind.into(),
        namespace: "shop".into(),
        name: name.into(),
        uid: String::new(),
    }
}

pub fn session(user: &str) -> What {
    What::SessionOpened(SessionOpened {
        version: "1".into(),
        host: "box".into(),
        user: user.into(),
        pid: 1,
        profile: "shop".into(),
        contexts: Vec::new(),
        read_only: false,
    })
}

pub fn opened(title: &str, by: &str) -> What {
    What::IncidentOpened(Box::new(IncidentOpened {
        title: title.into(),
        severity: Some("P1".into()),
        scale: None,
        response: Some("15 minutes".into()),
        rto: Some("4 hours".into()),
        review: None,
        from: OpenedFrom::Alert(target("alert", "DatabaseFull")),
        detected: at(0),
        profile: "shop".into(),
        by: by.into(),
    }))
}

pub fn milestone(milestone: Milestone, minutes: i64, by: &str) -> What {
    What::MilestoneSet(MilestoneSet { milestone, at: at(minutes), says: String::new(), by: by.into() })
}

pub fn note(text: &str) -> What {
    What::Note(Note { text: text.into() })
}

pub fn measure(name: &str, due: Option<i64>) -> What {
    What::MeasureOpened(Box::new(MeasureOpened {
        measure: name.into(),
        what: "pool size".into(),
        target: Some(target("deployment", "api")),
        prior: "10".into(),
        now: "30".into(),
        revert: "kubectl set env deploy/api POOL=10".into(),
        owner: "joe".into(),
        due: due.map(at),
        made_by: None,
        by: "ann".into(),
    }))
}

pub fn seen(name: &str, stands: Stands) -> What {
    What::MeasureSeen(MeasureSeen { measure: name.into(), stands, says: String::new() })
}

pub fn taken_back(name: &str, by: &str) -> What {
    let ended = super::event::Ended::Reverted;
    What::MeasureClosed(MeasureClosed { measure: name.into(), ended, why: String::new(), by: by.into() })
}

pub fn run(name: &str, by: &str) -> What {
    What::RunOpened(Box::new(RunOpened {
        run: name.into(),
        path: "docs/oncall.md".into(),
        document: "On call".into(),
        runbook: "Connections exhausted".into(),
        line: 40,
        kept: None,
        host: "box".into(),
        alert: None,
        by: by.into(),
    }))
}

pub fn run_closed(name: &str, by: &str) -> What {
    What::RunClosed(RunClosed { run: name.into(), done: true, why: String::new(), by: by.into() })
}

fn order(statement: u64) -> Order {
    Order { session: "s1".into(), statement }
}

fn place(run: &str, step: u32) -> At {
    At { run: run.into(), step, command: Some(0) }
}

pub fn started(run: &str, step: u32, statement: u64, text: &str) -> What {
    What::StepStarted(Box::new(StepStarted {
        at: place(run, step),
        order: order(statement),
        n: format!("{}", step + 1),
        line: 50 + step,
        end_line: 50 + step,
        text: text.into(),
        edited: false,
        tier: Tier::Read,
        why: String::new(),
        host: "box".into(),
        workdir: String::new(),
        context: String::new(),
        namespace: String::new(),
        namespace_origin: String::new(),
        question: None,
        revision: 0,
        typed: None,
        reason: None,
        by: "ann".into(),
    }))
}

pub fn ended(run: &str, step: u32, statement: u64, verdict: Verdict) -> What {
    What::StepEnded(Box::new(StepEnded {
        at: place(run, step),
        order: order(statement),
        end: End::Exit(vec![i32::from(verdict == Verdict::Failed)]),
        verdict,
        says: String::new(),
        milliseconds: 1_200,
        output: Vec::new(),
    }))
}

pub fn ticked(run: &str, step: u32, ticked: bool) -> What {
    What::StepTicked(StepTicked { run: run.into(), step, item: None, ticked, by: "ann".into() })
}

pub fn skipped(run: &str, step: u32, reason: &str) -> What {
    let (run, reason) = (run.into(), reason.into());
    What::StepSkipped(StepSkipped { run, step, reason, by: "ann".into(), no_longer: false })
}
