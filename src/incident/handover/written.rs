//! A handover as it is written down.
use super::{ActiveAlert, Handover, Known, MOST, OpenIncident, OpenMeasure, OpenRun, ToldClock};
use crate::domain::level::Level;
use crate::domain::time::{Timestamp, Zone};
use crate::incident::paper::{Item, Paper, Section};
use crate::incident::state::Noted;
use crate::incident::timeline::Entry;
use crate::incident::words;

impl Handover {
    pub fn paper(&self, zone: &Zone) -> Paper {
        let when = |at: Timestamp| words::minute(at, zone);
        let zone_name = words::zone_name(self.at, zone);
        let mut facts = vec![
            ("At", format!("{} {zone_name}", when(self.at))),
            ("Looks back", format!("{}, to {}", words::span(self.at.since(self.since)), when(self.since))),
        ];
        if !self.by.is_empty() {
            facts.push(("By", self.by.clone()));
        }
        Paper {
            title: "Shift handover".to_owned(),
            facts,
            sections: vec![
                Section::list("Open incidents", self.incident_items(zone), "None is open."),
                self.alert_section(zone),
                Section::list("Temporary measures", measure_items(&self.measures, zone), "None is open."),
                Section::list("Runbooks under way", self.run_items(), "None is under way."),
                Section::list("Notes", note_items(&self.notes, zone), "There are none."),
                self.change_section(zone),
                Section::list(
                    "Anomalies",
                    self.anomalies.iter().map(|one| Item::new(one.level, &one.says)).collect(),
                    "None was recorded.",
                ),
            ],
        }
    }

    fn incident_items(&self, zone: &Zone) -> Vec<Item> {
        let of = |incident: &OpenIncident| {
            let severity =
                if incident.severity.is_empty() { String::new() } else { format!("{} ", incident.severity) };
            let OpenIncident { title, stage, name, .. } = incident;
            let since = words::minute(incident.detected, zone);
            let line = format!("{severity}{title}: {stage}, since {since} ({name})");
            let clocks = incident
                .clocks
                .iter()
                .fold(Item::new(incident.level, line), |item, clock| item.and(told_clock(clock, zone)));
            let roles: Vec<String> =
                incident.roles.iter().map(|(role, person)| format!("{role}: {person}")).collect();
            if roles.is_empty() { clocks.and("no role is filled") } else { clocks.and(roles.join(", ")) }
        };
        self.incidents.iter().map(of).collect()
    }

    fn alert_section(&self, zone: &Zone) -> Section {
        const TITLE: &str = "Active alerts";
        let alerts = match &self.alerts {
            Known::NotSeen(why) => {
                return Section::list(
                    TITLE,
                    vec![Item::new(Level::Unknown, format!("not known: {why}"))],
                    "",
                );
            }
            Known::Seen(alerts) => alerts,
        };
        let item = |alert: &ActiveAlert| {
            let since =
                alert.since.map(|at| format!(" since {}", words::minute(at, zone))).unwrap_or_default();
            let stale = if alert.stale { ", as it was: nobody tells of it now" } else { "" };
            let cared = match &alert.acknowledged {
                Some(said) => format!("{} cares, since {}", said.by, words::minute(said.at, zone)),
                None => "nobody has acknowledged it".to_owned(),
            };
            let severity =
                if alert.severity.is_empty() { String::new() } else { format!(" ({})", alert.severity) };
            let level = match alert.state {
                _ if alert.stale => Level::Unknown,
                "firing" if alert.acknowledged.is_none() => Level::Bad,
                _ => Level::Warn,
            };
            let ActiveAlert { alert, state, .. } = alert;
            Item::new(level, format!("{alert}{severity}: {state}{since}{stale}; {cared}"))
        };
        Section::list(TITLE, most(alerts.iter().map(item).collect()), "None is active.")
    }

    fn run_items(&self) -> Vec<Item> {
        let of = |run: &OpenRun| {
            let OpenRun { runbook, place, by, progress, .. } = run;
            let item = Item::new(run.level, format!("{runbook} ({place}), by {by}: {progress}"));
            match &run.unticked {
                None => item.and("which steps are left is not known here"),
                Some(steps) => steps.iter().take(MOST).fold(item, |item, step| item.and(format!("☐ {step}"))),
            }
        };
        self.runs.iter().map(of).collect()
    }

    fn change_section(&self, zone: &Zone) -> Section {
        const TITLE: &str = "Changes";
        let item = |entry: &Entry| {
            let who = if entry.who.is_empty() { String::new() } else { format!(" {}:", entry.who) };
            Item::new(entry.level, format!("{}{who} {}", words::minute(entry.at, zone), entry.words))
        };
        let mut items = most(self.changes.iter().map(item).collect());
        if let Some(why) = &self.changes_unseen {
            items.insert(0, Item::new(Level::Unknown, format!("there may be more: {why}")));
        }
        Section::list(TITLE, items, "None was recorded.")
    }
}

/// The last of them, and how many there are besides.
fn most(mut items: Vec<Item>) -> Vec<Item> {
    let over = items.len().saturating_sub(MOST);
    if over > 0 {
        items.drain(..over);
        items.insert(0, Item::new(Level::Fine, format!("{over} earlier ones are in the time line")));
    }
    items
}

pub(in crate::incident) fn told_clock(clock: &ToldClock, zone: &Zone) -> String {
    let words = if clock.words.is_empty() { String::new() } else { format!(" ({})", clock.words) };
    let due = clock.due.map(|due| format!(", due {}", words::weekday(due, zone))).unwrap_or_default();
    let rule = clock.rule.as_deref().map(|rule| format!("; {rule}")).unwrap_or_default();
    format!("{}{words}: {}{due}{rule}", clock.clock, clock.says)
}

pub(in crate::incident) fn note_items(notes: &[Noted], zone: &Zone) -> Vec<Item> {
    let item = |noted: &Noted| {
        Item::new(Level::Fine, format!("{} {}: {}", words::minute(noted.at, zone), noted.by, noted.text))
    };
    most(notes.iter().map(item).collect())
}

pub(in crate::incident) fn measure_items(measures: &[OpenMeasure], zone: &Zone) -> Vec<Item> {
    let of = |measure: &OpenMeasure| {
        let OpenMeasure { what, prior, now, owner, .. } = measure;
        let target = measure.target.as_deref().map(|target| format!(" of {target}")).unwrap_or_default();
        let value = match (prior.as_str(), now.as_str()) {
            ("", "") => String::new(),
            ("", now) => format!(": {now}, before that not known"),
            (prior, now) => format!(": {prior} → {now}"),
        };
        let owner = if owner.is_empty() { "nobody owns it" } else { owner };
        let due = match measure.due {
            None => "no due time".to_owned(),
            Some(due) if measure.overdue => format!("OVERDUE since {}", words::weekday(due, zone)),
            Some(due) => format!("due {}", words::weekday(due, zone)),
        };
        let seen = measure.seen.map(|at| format!(" (at {})", words::minute(at, zone))).unwrap_or_default();
        let line = format!("{what}{target}{value}; {}{seen}; {owner}, {due}", measure.standing);
        let item = Item::new(measure.level, line);
        if measure.revert.is_empty() {
            item.and("how to take it back is not recorded")
        } else {
            item.with_command("take back", &measure.revert)
        }
    };
    most(measures.iter().map(of).collect())
}
