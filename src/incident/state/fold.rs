//! What each event changes in an incident.
use super::measure::{self, Measure};
use super::run::{Closed, Run};
use super::{Handed, Held, Noted, Opened, Said, Severity, State, Touched};
use crate::domain::time::Timestamp;
use crate::incident::What;
use crate::incident::event::{
    ActionOutcome, ActionStarted, Event, IncidentOpened, Milestone, MilestoneSet, Place, RoleSet,
    SeveritySet, Target,
};
use crate::incident::words::{self, plain};

impl State {
    /// One event more, which comes after all that were folded before. Of another journal only those of joined runs.
    pub(super) fn apply(&mut self, event: &Event) {
        if event.incident == self.name {
            self.first = Some(self.first.map_or(event.at, |first| first.min(event.at)));
            self.last = Some(self.last.map_or(event.at, |last| last.max(event.at)));
        }
        self.of_the_incident(event);
        self.of_a_run(event);
    }

    fn of_the_incident(&mut self, event: &Event) {
        let at = event.at;
        match &event.what {
            What::SessionOpened(said) => {
                let who = plain(&said.user);
                self.took_part(&who);
                self.writers.insert(event.writer.clone(), who);
            }
            What::IncidentOpened(said) => self.opened(said, at),
            What::SeveritySet(said) => self.severity_set(said),
            What::MilestoneSet(said) => self.milestone(said),
            What::RoleSet(said) => self.role(said, at),
            What::MeasureOpened(said) => {
                self.took_part(&said.by);
                measure::opened(self.measure(&said.measure, at), said);
            }
            What::MeasureClosed(said) => {
                self.took_part(&said.by);
                measure::closed(self.measure(&said.measure, at), said, at);
            }
            What::MeasureSeen(said) => measure::seen(self.measure(&said.measure, at), said, at),
            What::EntryPinned(said) if said.no_longer => {
                self.pinned.remove(&said.entry);
            }
            What::EntryPinned(said) => {
                self.pinned.insert(said.entry.clone());
            }
            What::HandedOver(said) => {
                self.took_part(&said.by);
                self.took_part(&said.to);
                let (to, by, says) = (plain(&said.to), plain(&said.by), plain(&said.says));
                self.handed.push(Handed { at, to, by, says });
            }
            What::Note(said) => {
                let by = self.who(&event.writer);
                self.notes.push(Noted { at, by, text: plain(&said.text) });
            }
            What::AlertsAcknowledged(said) => self.took_part(&said.by),
            What::SuspectMarked(said) => self.took_part(&said.by),
            What::ActionStarted(said) => self.action(said, at),
            What::ActionOutcome(said) => self.outcome(said, at),
            _ => {}
        }
    }

    fn of_a_run(&mut self, event: &Event) {
        let at = event.at;
        match &event.what {
            What::RunOpened(said) => {
                self.took_part(&said.by);
                self.run(&said.run, at, |run| run.open(said, at));
            }
            What::RunJoined(said) => self.run(&said.run, at, |run| run.steps = said.steps.or(run.steps)),
            What::RunClosed(said) => {
                let closed = Closed { at, done: said.done, why: plain(&said.why), by: plain(&said.by) };
                self.run(&said.run, at, |run| run.closed = Some(closed));
            }
            What::StepStarted(said) => {
                self.took_part(&said.by);
                self.run(&said.at.run, at, |run| run.start(&said.at, &said.order));
            }
            What::StepEnded(said) => {
                self.run(&said.at.run, at, |run| run.end(&said.at, &said.order, said.verdict));
            }
            What::StepSettled(said) => {
                self.run(&said.at.run, at, |run| run.settle(&said.at, said.verdict, said.held));
            }
            What::StepTicked(said) => {
                self.took_part(&said.by);
                self.run(&said.run, at, |run| run.tick(said.step, said.item, said.ticked));
            }
            What::StepSkipped(said) => {
                self.run(&said.run, at, |run| run.skip(said.step, &said.reason, said.no_longer));
            }
            What::ValueGiven(said) => self.run(&said.run, at, |_| ()),
            What::BranchChosen(said) => self.run(&said.run, at, |_| ()),
            _ => {}
        }
    }

    fn took_part(&mut self, who: &str) {
        let who = plain(who);
        if !who.is_empty() {
            self.people.insert(who);
        }
    }

    /// The first opening stands; a second one is a conflict.
    fn opened(&mut self, said: &IncidentOpened, at: Timestamp) {
        self.took_part(&said.by);
        self.openings += 1;
        if self.opened.is_some() {
            return;
        }
        self.title = plain(&said.title);
        let severity = said.severity.as_deref().unwrap_or_default();
        // Somebody with a clock that is behind may have judged it before it was opened.
        if self.severity.is_none() {
            self.severity = graded(severity, said.scale.as_ref(), said.response.as_ref(), said.rto.as_ref());
        }
        self.opened = Some(Opened {
            at,
            detected: said.detected,
            from: said.from.clone(),
            profile: plain(&said.profile),
            by: plain(&said.by),
            review: said.review.as_deref().map(plain),
        });
    }

    fn severity_set(&mut self, said: &SeveritySet) {
        self.took_part(&said.by);
        self.severity =
            graded(&said.severity, said.scale.as_ref(), said.response.as_ref(), said.rto.as_ref());
    }

    fn milestone(&mut self, said: &MilestoneSet) {
        self.took_part(&said.by);
        let told = Said { at: said.at, by: plain(&said.by), says: plain(&said.says) };
        let marks = &mut self.milestones;
        match said.milestone {
            Milestone::Acknowledged => {
                let first = marks.acknowledged.as_ref().is_none_or(|known| told.at < known.at);
                if first {
                    marks.acknowledged = Some(told);
                }
            }
            Milestone::Mitigated => marks.mitigated = Some(told),
            Milestone::Resolved => marks.resolved = Some(told),
            Milestone::Closed => marks.closed = Some(told),
            Milestone::Reopened => {
                (marks.mitigated, marks.resolved, marks.closed) = (None, None, None);
                marks.reopened.push(told);
            }
        }
    }

    fn role(&mut self, said: &RoleSet, at: Timestamp) {
        self.took_part(&said.by);
        let (role, person) = (plain(&said.role).to_lowercase(), plain(&said.person));
        if person.is_empty() {
            self.roles.remove(&role);
        } else {
            self.took_part(&person);
            self.roles.insert(role, Held { person, since: at });
        }
    }

    fn action(&mut self, said: &ActionStarted, at: Timestamp) {
        let touched = self.touch(&said.target, at);
        touched.actions += 1;
        touched.verb = plain(&said.verb);
        touched.outcome = None;
    }

    fn outcome(&mut self, said: &ActionOutcome, at: Timestamp) {
        self.touch(&said.target, at).outcome = Some(said.outcome);
    }

    fn touch(&mut self, target: &Target, at: Timestamp) -> &mut Touched {
        let touched = self.touched.entry(words::target(target)).or_insert_with(|| Touched {
            target: target.clone(),
            last: at,
            actions: 0,
            verb: String::new(),
            outcome: None,
        });
        touched.last = touched.last.max(at);
        touched
    }

    /// The one of this name; made where it was not known.
    fn measure(&mut self, name: &str, at: Timestamp) -> Option<&mut Measure> {
        let measures = &mut self.measures;
        let place = *self.places.measures.entry(plain(name)).or_insert_with_key(|name| {
            measures.push(Measure::unknown(name, at));
            measures.len() - 1
        });
        measures.get_mut(place)
    }

    fn run(&mut self, name: &str, at: Timestamp, change: impl FnOnce(&mut Run)) {
        let name = plain(name);
        let runs = &mut self.runs;
        let place = *self.places.runs.entry(name).or_insert_with_key(|name| {
            runs.push(Run::named(name));
            runs.len() - 1
        });
        if let Some(run) = self.runs.get_mut(place) {
            run.last = Some(run.last.map_or(at, |last| last.max(at)));
            change(run);
        }
    }
}

fn graded(
    name: &str,
    scale: Option<&Place>,
    response: Option<&String>,
    rto: Option<&String>,
) -> Option<Severity> {
    let severity = Severity {
        name: plain(name),
        scale: scale.map(|place| plain(&format!("{}:{}", place.path, place.line))),
        response: response.map(|words| plain(words)),
        rto: rto.map(|words| plain(words)),
    };
    (severity != Severity::default()).then_some(severity)
}
