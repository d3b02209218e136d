//! How the incident stands: severity, clocks, milestones, roles, measures, runs, notes.
use super::clock::set;
use super::lines::Line;
use crate::domain::level::Level;
use crate::domain::settings::Role;
use crate::domain::time::Timestamp;
use crate::incident::clock::{Calendar, Clock, Standing};
use crate::incident::event::{Ended, OpenedFrom};
use crate::incident::state::{Measure, Said, State};
use crate::incident::words;
use crate::model::Model;
use crate::model::incident::{Spot, short};
use crate::panes::text::wrapped;
use crate::panes::{Fact, role};

/// Cells before the values.
const LABEL: usize = 14;
/// Older notes are in the time line.
const NOTES: usize = 8;

pub(super) fn lines(model: &Model) -> Vec<Line> {
    let Some(state) = model.incidents.state() else { return none(model) };
    let mut page = Page { model, lines: Vec::new() };
    page.plain(vec![Fact::new(title(state), Role::Title)]);
    page.top(state);
    page.milestones(state);
    page.people(state);
    page.measures(state);
    page.runs(state);
    page.notes(state);
    page.contacts(Some(state));
    page.others();
    page.lines
}

fn title(state: &State) -> String {
    if state.title.is_empty() { state.name.clone() } else { state.title.clone() }
}

fn none(model: &Model) -> Vec<Line> {
    let says = if model.incidents.read { "No incident is open." } else { "reading the journals" };
    let line = |text: &str| Line::new(vec![Fact::new(text, Role::Dim)]);
    let mut lines = vec![line(says)];
    if model.incidents.read {
        lines.push(line("One is opened from the selected alert, from the open runbook, or by hand."));
        let mut page = Page { model, lines };
        page.contacts(None);
        return page.lines;
    }
    lines
}

struct Page<'m> {
    model: &'m Model,
    lines: Vec<Line>,
}

impl Page<'_> {
    /// A line that is wrapped where it is too long.
    fn plain(&mut self, text: Vec<Fact>) {
        self.lines.extend(wrapped(text, self.model.incidents.screen.width).into_iter().map(Line::new));
    }

    fn about(&mut self, spot: &Spot, text: Vec<Fact>) {
        let width = self.model.incidents.screen.width;
        self.lines.extend(wrapped(text, width).into_iter().map(|line| Line::new(line).about(spot.clone())));
    }

    fn fact(&mut self, label: &str, value: impl Into<String>, role: Role) {
        let value = Fact::new(value, role);
        self.plain(vec![Fact::new(format!("{label:<LABEL$}"), Role::Dim), value]);
    }

    fn heading(&mut self, text: &str) {
        self.lines.push(Line::default());
        self.plain(vec![Fact::new(text, Role::Title)]);
    }

    fn top(&mut self, state: &State) {
        let severity = state.severity.as_ref().filter(|severity| !severity.name.is_empty());
        match severity {
            Some(severity) => {
                let scale = severity.scale.as_deref().map(|scale| format!("  ({scale})")).unwrap_or_default();
                self.fact("severity", format!("{}{scale}", severity.name), Role::Text);
            }
            None => self.fact("severity", "nobody has said how bad it is", Role::Unknown),
        }
        let calendar = Calendar::at(self.model.zone.clone());
        self.clock("answer", &state.response(self.model.now, &calendar));
        self.clock("recovery", &state.recovery(self.model.now, &calendar));
        if let Some(opened) = &state.opened {
            let from = match &opened.from {
                OpenedFrom::Alert(target) => format!("from {}", words::target(target)),
                OpenedFrom::Run(_) => "from a runbook".to_owned(),
                OpenedFrom::Hand => "by hand".to_owned(),
            };
            let mut line = format!("{} by {}, {from}", self.when(opened.at), opened.by);
            if self.when(opened.detected) != self.when(opened.at) {
                line = format!("{line}; detected {}", self.when(opened.detected));
            }
            self.fact("opened", line, Role::Text);
        }
        for conflict in state.conflicts() {
            self.fact("conflict", conflict.says(), Role::Bad);
        }
    }

    fn clock(&mut self, label: &str, (clock, standing): &(Clock, Standing)) {
        let words = if clock.words.is_empty() { String::new() } else { format!("{}: ", clock.words) };
        let due = match (clock.due(), standing) {
            (Some(due), Standing::Running { .. } | Standing::Ending { .. } | Standing::Overdue { .. }) => {
                format!(", until {}", words::weekday(due, &self.model.zone))
            }
            _ => String::new(),
        };
        // What moves every second stands in the header alone.
        let says = match standing {
            Standing::Running { left } | Standing::Ending { left } if left.as_secs() < 60 => {
                "less than a minute left".to_owned()
            }
            Standing::Overdue { by } if by.as_secs() < 60 => "overdue".to_owned(),
            standing => standing.says(),
        };
        let rule = clock.rule().map(|rule| format!("; {rule}")).unwrap_or_default();
        self.fact(label, format!("{words}{says}{due}{rule}"), role(standing.level()));
    }

    fn milestones(&mut self, state: &State) {
        let marks = &state.milestones;
        let named = [
            ("acknowledged", &marks.acknowledged),
            ("mitigated", &marks.mitigated),
            ("resolved", &marks.resolved),
            ("closed", &marks.closed),
        ];
        let reached = named.iter().filter_map(|(label, said)| {
            let said = said.as_ref()?;
            Some(format!("{label} {}", self.said(said)))
        });
        let reached: Vec<String> = reached.collect();
        let left = named.iter().filter(|(_, said)| said.is_none()).map(|(label, _)| *label);
        let left: Vec<&str> = left.collect();
        if !reached.is_empty() {
            self.fact("reached", reached.join(", "), Role::Text);
        }
        if !left.is_empty() {
            self.fact("not yet", left.join(", "), Role::Dim);
        }
        for said in &marks.reopened {
            self.fact("reopened", self.said(said), Role::Warning);
        }
    }

    fn people(&mut self, state: &State) {
        let roles: Vec<String> =
            state.roles.iter().map(|(role, held)| format!("{role}: {}", held.person)).collect();
        if roles.is_empty() {
            self.fact("roles", "no role is filled", Role::Dim);
        } else {
            self.fact("roles", roles.join(", "), Role::Text);
        }
        let people: Vec<&str> = state.people.iter().map(String::as_str).collect();
        self.fact("people", people.join(", "), Role::Text);
        if let Some(handed) = state.handed.last() {
            let says = if handed.says.is_empty() { String::new() } else { format!(": {}", handed.says) };
            let line = format!("{} to {} by {}{says}", self.when(handed.at), handed.to, handed.by);
            self.fact("handed over", line, Role::Text);
        }
    }

    fn measures(&mut self, state: &State) {
        let open = state.open_measures().count();
        let closed = state.measures.len() - open;
        let tail = if closed > 0 { format!(", {closed} ended") } else { String::new() };
        self.heading(&format!("Temporary measures: {open} open{tail}"));
        for measure in &state.measures {
            self.measure(measure);
        }
    }

    fn measure(&mut self, measure: &Measure) {
        let now = self.model.now;
        let level = measure.level(now);
        let spot = Spot::Measure(measure.measure.clone());
        let on = measure.target.as_deref().map(|target| format!(" on {target}")).unwrap_or_default();
        let what = format!("{}{on}", set(&measure.what, &measure.prior, &measure.now));
        let sign = if level == Level::Done { '·' } else { level.sign() };
        self.about(
            &spot,
            vec![
                Fact::new(format!("{sign} "), role(level)),
                Fact::new(what, if level == Level::Done { Role::Dim } else { Role::Text }),
            ],
        );
        let mut parts = Vec::new();
        if let Some(closed) = &measure.closed {
            let how = match closed.ended {
                Ended::Reverted => "taken back",
                Ended::Dismissed => "may stay",
            };
            let why = if closed.why.is_empty() { String::new() } else { format!(": {}", closed.why) };
            parts.push(format!("{how} {} by {}{why}", self.when(closed.at), closed.by));
        } else {
            let seen = measure.seen.as_ref().map(|seen| format!(" (seen {})", self.when(seen.at)));
            parts.push(format!("{}{}", measure.standing(), seen.unwrap_or_default()));
            parts.push(match measure.due {
                None => "no due time".to_owned(),
                Some(due) if measure.is_overdue(now) => {
                    format!("OVERDUE since {}", words::weekday(due, &self.model.zone))
                }
                Some(due) => format!("due {}", words::weekday(due, &self.model.zone)),
            });
            let owner = if measure.owner.is_empty() { "nobody owns it" } else { &measure.owner };
            parts.push(owner.to_owned());
        }
        let role = if measure.is_overdue(now) { Role::Bad } else { Role::Dim };
        self.about(&spot, vec![Fact::new("    ", Role::Dim), Fact::new(parts.join("; "), role)]);
        if measure.closed.is_none() {
            let back = if measure.revert.is_empty() {
                "how it is taken back is not recorded".to_owned()
            } else {
                words::command(&measure.revert)
            };
            self.about(&spot, vec![Fact::new("    back: ", Role::Dim), Fact::new(back, Role::Text)]);
        }
    }

    fn runs(&mut self, state: &State) {
        if !state.runs.is_empty() {
            self.heading("Runbooks");
        }
        for run in &state.runs {
            let name = if run.runbook.is_empty() { &run.run } else { &run.runbook };
            let by = if run.by.is_empty() { String::new() } else { format!(", {}", run.by) };
            let ended = if run.closed.is_some() { ", ended" } else { "" };
            // Where its document is known, it is counted as in its checklist.
            let known = self.model.runs.all.get(&run.run).filter(|_| run.closed.is_none());
            let told = known.map(|known| known.run.progress().says());
            let line = format!("{}{by}{ended}", told.unwrap_or_else(|| run.progress().says()));
            self.about(
                &Spot::Run(run.run.clone()),
                vec![Fact::new(format!("{name}  "), Role::Text), Fact::new(line, Role::Dim)],
            );
        }
    }

    fn notes(&mut self, state: &State) {
        let over = state.notes.len().saturating_sub(NOTES);
        if !state.notes.is_empty() {
            self.heading("Notes, the newest first");
        }
        for noted in state.notes.iter().rev().take(NOTES) {
            let when = format!("{} {}  ", self.when(noted.at), noted.by);
            self.plain(vec![Fact::new(when, Role::Dim), Fact::new(noted.text.clone(), Role::Text)]);
        }
        if over > 0 {
            self.plain(vec![Fact::new(format!("{over} earlier ones are in the time line"), Role::Dim)]);
        }
    }

    fn contacts(&mut self, state: Option<&State>) {
        for (title, entries) in super::contacts::of(self.model, state) {
            self.heading(&title);
            for entry in entries {
                self.plain(entry);
            }
        }
    }

    fn others(&mut self) {
        let others = &self.model.incidents.screen.others;
        if others.is_empty() {
            return;
        }
        self.heading("Also open on this box");
        for state in others {
            let line = format!("#{}  {}, {}", short(&state.name), title(state), state.stage().name());
            self.plain(vec![Fact::new(line, Role::Warning)]);
        }
    }

    fn said(&self, said: &Said) -> String {
        let says = if said.says.is_empty() { String::new() } else { format!(": {}", said.says) };
        format!("{} by {}{says}", self.when(said.at), said.by)
    }

    /// The time of day; the date too, where it is another one.
    fn when(&self, at: Timestamp) -> String {
        let zone = &self.model.zone;
        let (then, now) = (words::minute(at, zone), words::minute(self.model.now, zone));
        match (then.split_once(' '), now.split_once(' ')) {
            (Some((day, time)), Some((today, _))) if day == today => time.to_owned(),
            _ => then,
        }
    }
}
