//! Alerts, silences and scrape targets as rows.
mod head;

use std::borrow::Cow;
use std::time::Duration;

use super::tables::{self, ON, Tables, left, right};
use super::{Cell, Column, Fact, Width, order};
use crate::domain::Text;
use crate::domain::alert::{Alert, AlertFacts, AlertState, Group, Silence, Target, urgency};
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind, Object, ObjectRef, Realm};
use crate::domain::settings::{Action, Backend, Role};
use crate::domain::time::{Age, Timestamp};
use crate::model::Model;
use crate::model::listing::SortKey;

pub struct Alerts;

/// After so long, when an alert was acknowledged matters more than by whom.
const FORGOTTEN: Duration = Duration::from_mins(30);

const ALERTS: &[Column] = &[
    left("SEVERITY", Width::Fixed(8), 12),
    left("ALERT", Width::Fill(33), 20),
    left("STATE", Width::Fixed(14), 15),
    right("FOR", 4, 14),
    right("VALUE", 8, 10),
    left("RECEIVER", Width::Share(8, 2), 4),
    ON,
];
const SILENCES: &[Column] = &[
    right("ENDS IN", 7, 15),
    right("HOLDS", 5, 14),
    left("MATCHERS", Width::Fill(24), 20),
    left("BY", Width::Share(8, 3), 12),
    left("COMMENT", Width::Share(12, 6), 13),
    left("STATE", Width::Fixed(9), 7),
    ON,
];
const TARGETS: &[Column] = &[
    left("JOB", Width::Share(8, 3), 13),
    left("INSTANCE", Width::Share(16, 5), 20),
    left("STATE", Width::Fixed(15), 15),
    right("LAST", 4, 9),
    right("TOOK", 8, 5),
    left("ERROR", Width::Fill(16), 14),
    ON,
];

impl Tables for Alerts {
    fn realm(&self) -> Realm {
        Realm::Alerts
    }

    fn name(&self) -> &'static str {
        "alerts"
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Alert, Kind::Silence, Kind::Target]
    }

    fn columns(&self, kind: Kind) -> &'static [Column] {
        match kind {
            Kind::Silence => SILENCES,
            Kind::Target => TARGETS,
            _ => ALERTS,
        }
    }

    fn key(&self, object: &Object, column: Option<&str>) -> SortKey {
        match facts(object) {
            Some(AlertFacts::Target(_)) if column == Some("ON") => SortKey::Text(object.id.context.clone()),
            Some(AlertFacts::Alert(alert)) => alert_key(alert, column),
            Some(AlertFacts::Silence(silence)) => silence_key(silence, column),
            Some(AlertFacts::Target(target)) => target_key(target, column),
            // Groups have an order of their own.
            Some(AlertFacts::Group(_)) | None => SortKey::Missing,
        }
    }

    fn cell<'m>(&self, model: &'m Model, object: &'m Object, level: Level, column: &str) -> Cell<'m> {
        match facts(object) {
            Some(AlertFacts::Alert(alert)) => alert_cell(model, &object.id, alert, level, column),
            Some(AlertFacts::Silence(silence)) => silence_cell(model, silence, level, column),
            Some(AlertFacts::Target(_)) if column == "ON" => Cell::new(&*object.id.context).role(Role::Dim),
            Some(AlertFacts::Target(target)) => target_cell(model, target, level, column),
            Some(AlertFacts::Group(group)) => group_cell(model, group, level, column),
            None => Cell::new(""),
        }
    }

    fn words<'o>(&self, object: &'o Object) -> Vec<Cow<'o, str>> {
        let whole = |text: &'o Text| Cow::from(&**text);
        match facts(object) {
            Some(AlertFacts::Alert(alert)) => {
                let labels = alert.labels.iter().map(|(name, value)| Cow::from(format!("{name}={value}")));
                let texts = alert.annotations.iter().map(|(_, text)| whole(text));
                let names = alert.receivers.iter().chain(&alert.seen_by).map(whole);
                labels.chain(texts).chain(names).collect()
            }
            Some(AlertFacts::Silence(silence)) => {
                let matchers = silence.matchers.iter();
                let plain = matchers.clone().map(|one| Cow::from(format!("{}={}", one.name, one.value)));
                let written =
                    matchers.filter(|one| one.regex || !one.equal).map(|one| Cow::from(one.to_string()));
                plain.chain(written).chain([whole(&silence.by), whole(&silence.comment)]).collect()
            }
            Some(AlertFacts::Target(target)) => {
                vec![whole(&target.job), whole(&target.instance), whole(&target.url), whole(&target.error)]
            }
            Some(AlertFacts::Group(_)) | None => Vec::new(),
        }
    }

    fn named<'o>(&self, object: &'o Object) -> Vec<(&'static str, Cow<'o, str>)> {
        let each = |name: &'static str, all: &'o [Text]| all.iter().map(move |one| (name, Cow::from(&**one)));
        match facts(object) {
            Some(AlertFacts::Alert(alert)) => {
                let state = ("state", Cow::from(alert.status()));
                let lists = each("receiver", &alert.receivers)
                    .chain(each("silence", &alert.silenced_by))
                    .chain(each("on", &alert.seen_by));
                std::iter::once(state).chain(lists).collect()
            }
            Some(AlertFacts::Silence(silence)) => {
                let own = [
                    ("id", &silence.id),
                    ("state", &silence.state),
                    ("by", &silence.by),
                    ("author", &silence.by),
                    ("comment", &silence.comment),
                ];
                let own = own.into_iter().map(|(name, value)| (name, Cow::from(&**value)));
                own.chain(each("on", &silence.seen_by)).collect()
            }
            Some(AlertFacts::Target(target)) => {
                let own = [("job", &target.job), ("instance", &target.instance), ("error", &target.error)];
                let state = ("state", Cow::from(target.status()));
                own.into_iter().map(|(name, value)| (name, Cow::from(&**value))).chain([state]).collect()
            }
            Some(AlertFacts::Group(_)) | None => Vec::new(),
        }
    }

    fn head(&self, model: &Model, kind: Kind) -> Vec<Vec<Fact>> {
        head::lines(model, kind)
    }

    fn lamp(&self, model: &Model) -> (Level, String) {
        if let Some(lamp) = tables::feed_lamp(model, self) {
            return lamp;
        }
        match tables::count(model, Kind::Alert) {
            Some((level, n)) => (level, format!("alerts {n}")),
            // What cannot be evaluated cannot fire, and who does not answer may have something to tell.
            None if head::failing(model) > 0 => (Level::Warn, "alerts".into()),
            None if head::silent(model).is_some() => (Level::Warn, "alerts".into()),
            None => (Level::Fine, "alerts".into()),
        }
    }

    fn worst(&self, model: &Model) -> (String, String) {
        head::worst(model)
    }

    fn keys(&self, kind: Kind) -> &'static [Action] {
        match kind {
            Kind::Silence => &[
                Action::Open,
                Action::Extend,
                Action::Expire,
                Action::Matchers,
                Action::Held,
                Action::Filter,
                Action::NextKind,
            ],
            Kind::Target => &[Action::Open, Action::Filter, Action::NextKind, Action::Palette],
            _ => &[
                Action::Open,
                Action::Silence,
                Action::Acknowledge,
                Action::Group,
                Action::Filter,
                Action::NextKind,
            ],
        }
    }

    fn remedy(&self) -> &'static str {
        "no Alertmanager or Prometheus is named: `[[alertmanager]]` and `[[prometheus]]` in the profile, or --alertmanager URL, --prometheus URL"
    }
}

fn facts(object: &Object) -> Option<&AlertFacts> {
    match &object.facts {
        Facts::Alerts(facts) => Some(facts),
        _ => None,
    }
}

fn moment(at: Option<Timestamp>) -> SortKey {
    at.map_or(SortKey::Missing, |at| SortKey::Number(at.0))
}

fn alert_key(alert: &Alert, column: Option<&str>) -> SortKey {
    /// More milliseconds than any time that is told of.
    const URGENCY: i64 = 100_000_000_000_000;
    let newest = -alert.since.map_or(0, |since| since.0);
    match column {
        // The most urgent first, and of these the newest.
        None => SortKey::Number(i64::from(urgency(&alert.severity)) * URGENCY + newest),
        Some("SEVERITY") if alert.severity.is_empty() => SortKey::Missing,
        Some("SEVERITY") => SortKey::Text(format!("{}{}", urgency(&alert.severity), alert.severity).into()),
        Some("FOR") => order::newest(alert.since),
        Some("VALUE") => {
            alert.value.as_ref().map_or(SortKey::Missing, |value| SortKey::Number(-sortable(value)))
        }
        Some("STATE") => SortKey::Text(alert.status().into()),
        Some("RECEIVER") => order::text(&joined(&alert.receivers)),
        Some("ON") if alert.not_seen_by.is_empty() => order::text(&joined(&alert.seen_by)),
        // Who should tell of it and does not is what is looked for.
        Some("ON") => SortKey::Text(format!(" {}", joined(&alert.not_seen_by)).into()),
        Some(_) => SortKey::Text(format!("{} {}", alert.name, alert.apart).into()),
    }
}

/// A value in thousandths; what is no number is the least of all.
fn sortable(value: &str) -> i64 {
    let (whole, parts) = value.split_once('.').unwrap_or((value, ""));
    let thousandths: String = parts.chars().chain("000".chars()).take(3).collect();
    let Ok(whole) = whole.parse::<i64>() else { return i64::MIN + 1 };
    let parts: i64 = thousandths.parse().unwrap_or(0);
    let parts = if value.starts_with('-') { -parts } else { parts };
    whole.saturating_mul(1_000).saturating_add(parts).max(i64::MIN + 1)
}

fn silence_key(silence: &Silence, column: Option<&str>) -> SortKey {
    match column {
        // What is over comes after what holds, the newest first.
        None | Some("ENDS IN") if silence.is_over() => {
            silence.ends.map_or(SortKey::Missing, |ends| SortKey::Number(i64::MAX - ends.0))
        }
        None | Some("ENDS IN") => moment(silence.ends),
        Some("HOLDS") if silence.is_over() => SortKey::Missing,
        Some("HOLDS") => SortKey::Number(-i64::from(silence.holds)),
        Some("BY") => order::text(&silence.by),
        Some("COMMENT") => order::text(&silence.comment),
        Some("STATE") if silence.ends_soon => SortKey::Text("ends soon".into()),
        Some("STATE") => order::text(&silence.state),
        Some("ON") => order::text(&joined(&silence.seen_by)),
        Some(_) => SortKey::Text(matchers(silence).into()),
    }
}

fn target_key(target: &Target, column: Option<&str>) -> SortKey {
    match column {
        Some("INSTANCE") => SortKey::Text(target.instance.clone()),
        Some("STATE") => SortKey::Text(target.status().into()),
        Some("LAST") => order::newest(target.last),
        Some("TOOK") if target.last.is_none() => SortKey::Missing,
        Some("TOOK") => SortKey::Number(-i64::from(target.took_ms)),
        Some("ERROR") => order::text(&target.error),
        _ => SortKey::Text(target.job.clone()),
    }
}

fn dash<'a>() -> Cell<'a> {
    Cell::new("–").role(Role::Dim)
}

fn alert_cell<'m>(model: &Model, id: &ObjectRef, alert: &'m Alert, level: Level, column: &str) -> Cell<'m> {
    match column {
        "SEVERITY" if alert.severity.is_empty() => dash(),
        "SEVERITY" => Cell::new(&*alert.severity).role(super::role(level)),
        "ALERT" if model.board.kind == Kind::AlertGroup => member(model, id, alert),
        "ALERT" => Cell::new(format!("{} {}", alert.name, alert.apart)),
        "STATE" => {
            let text = match (alert.state, alert.silenced_until) {
                (AlertState::Silenced, Some(until)) if !alert.stale => {
                    format!("{} {}", alert.status(), left_of(model.now, until)).into()
                }
                // Who cares for it counts for more than that it goes on.
                // What was seen long ago and still fires may have been forgotten.
                (AlertState::Firing, _) => match model.acknowledged.get(id) {
                    Some(said) if model.now.since(said.at) >= FORGOTTEN => {
                        let ago = Age(model.now.since(said.at));
                        return Cell::new(format!("seen {ago} ago")).role(Role::Warning);
                    }
                    Some(said) => format!("seen by {}", said.by).into(),
                    None => Cow::from(alert.status()),
                },
                _ => Cow::from(alert.status()),
            };
            Cell::new(text).role(super::role(level))
        }
        "FOR" => Cell::new(tables::ago(model, alert.since)).role(Role::Dim),
        "VALUE" => alert.value.as_ref().map_or_else(dash, |value| Cell::new(&**value)),
        "RECEIVER" if alert.receivers.is_empty() => dash(),
        "RECEIVER" => Cell::new(joined(&alert.receivers)),
        "ON" if alert.not_seen_by.is_empty() => on(model, &alert.seen_by, &[]),
        "ON" => Cell::new(format!("not {}", joined(&alert.not_seen_by))).role(Role::Warning),
        _ => Cell::new(""),
    }
}

/// Below its group, the name that they share says nothing; one that is alone stands beside the groups.
fn member<'m>(model: &Model, id: &ObjectRef, alert: &'m Alert) -> Cell<'m> {
    let by = model.board.group.clone().unwrap_or_default();
    let group = Group::id(id.context.clone(), &by, alert.shares(&by));
    let below = model.listing(Kind::AlertGroup).is_some_and(|listing| listing.get(&group).is_some());
    Cell::new(match below {
        true if &*by == "alertname" && !alert.apart.is_empty() => format!("        {}", alert.apart),
        true => format!("        {} {}", alert.name, alert.apart),
        false => format!("      {} {}", alert.name, alert.apart),
    })
}

fn group_cell<'m>(model: &Model, group: &'m Group, level: Level, column: &str) -> Cell<'m> {
    match column {
        "SEVERITY" if group.severity.is_empty() => dash(),
        "SEVERITY" => Cell::new(&*group.severity).role(super::role(level)),
        "ALERT" => {
            let sign = if group.unfolded { '-' } else { '+' };
            let value = if group.value.is_empty() {
                format!("without {}", group.by)
            } else {
                group.value.to_string()
            };
            Cell::new(format!("{sign} {:>3} {value}", group.members.len()))
        }
        // Who cares for it counts for more than that it goes on.
        "STATE" if group.seen > 0 && group.seen == group.firing => {
            Cell::new("all seen").role(super::role(level))
        }
        "STATE" => Cell::new(&*group.status).role(super::role(level)),
        "FOR" => Cell::new(tables::ago(model, group.newest)).role(Role::Dim),
        "RECEIVER" if group.receivers.is_empty() => dash(),
        "RECEIVER" => Cell::new(joined(&group.receivers)),
        _ => Cell::new(""),
    }
}

fn silence_cell<'m>(model: &Model, silence: &'m Silence, level: Level, column: &str) -> Cell<'m> {
    match column {
        "ENDS IN" if silence.is_over() => Cell::new(tables::ago(model, silence.ends)).role(Role::Dim),
        "ENDS IN" => {
            let left = silence.ends.map_or_else(|| "–".into(), |ends| left_of(model.now, ends));
            Cell::new(left).role(if silence.ends_soon { Role::Warning } else { Role::Text })
        }
        "HOLDS" if silence.is_over() => dash(),
        "HOLDS" => Cell::new(silence.holds.to_string()),
        "MATCHERS" => Cell::new(matchers(silence)),
        "BY" => Cell::new(&*silence.by),
        "COMMENT" => Cell::new(&*silence.comment),
        "STATE" if silence.is_over() => Cell::new("ended"),
        "STATE" if silence.ends_soon => Cell::new("ends soon").role(super::role(level)),
        "STATE" => Cell::new(&*silence.state).role(super::role(level)),
        "ON" => on(model, &silence.seen_by, &[Backend::Prometheus]),
        _ => Cell::new(""),
    }
}

fn target_cell<'m>(model: &Model, target: &'m Target, level: Level, column: &str) -> Cell<'m> {
    match column {
        "JOB" => Cell::new(&*target.job),
        "INSTANCE" => Cell::middle(&*target.instance),
        "STATE" => Cell::new(target.status()).role(super::role(level)),
        "LAST" => Cell::new(tables::ago(model, target.last)).role(Role::Dim),
        "TOOK" if target.last.is_none() => dash(),
        "TOOK" => Cell::new(format!("{} ms", target.took_ms)),
        "ERROR" => Cell::new(&*target.error).role(super::role(level)),
        _ => Cell::new(""),
    }
}

fn matchers(silence: &Silence) -> String {
    silence.matchers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Who tells of it: where all do, their names say nothing.
fn on<'a>(model: &Model, seen_by: &[Text], but: &[Backend]) -> Cell<'a> {
    let own =
        [Backend::Alertmanager, Backend::Prometheus].into_iter().filter(|backend| !but.contains(backend));
    let due: usize = own.map(|backend| model.settings.profile.endpoints(backend).count()).sum();
    let text = if seen_by.len() > 1 && seen_by.len() == due { "all".into() } else { joined(seen_by) };
    Cell::new(text).role(Role::Dim)
}

fn joined(names: &[Text]) -> String {
    names.iter().map(|name| &**name).collect::<Vec<_>>().join(", ")
}

/// How long it is until then, in steps of minutes.
fn left_of(now: Timestamp, then: Timestamp) -> String {
    let left = then.since(now);
    match left.as_secs() {
        0 => "over".into(),
        1..60 => "<1m".into(),
        seconds @ 60..36_000 if seconds >= 3_600 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => Age(left).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_says_how_long_it_holds_in_steps_of_minutes() {
        let now = Timestamp(0);
        for (seconds, words) in
            [(0, "over"), (30, "<1m"), (2_640, "44m"), (7_140, "1h59m"), (90_000, "1d"), (43_200, "12h")]
        {
            assert_eq!(left_of(now, Timestamp::from_seconds(seconds)), words);
        }
    }

    #[test]
    fn values_sort_as_numbers_and_what_is_none_is_the_least() {
        let mut values = ["NaN", "0.987", "-1.5", "12", "+Inf", "3"];
        values.sort_by_key(|value| sortable(value));
        assert_eq!(values, ["NaN", "+Inf", "-1.5", "0.987", "3", "12"]);
    }

    #[test]
    fn the_most_urgent_comes_first_and_of_these_the_newest() {
        let alert = |severity: &str, since: i64| {
            let since = Some(Timestamp::from_seconds(since));
            let alert = Alert { severity: severity.into(), since, ..Alert::default() };
            match alert_key(&alert, None) {
                SortKey::Number(n) => n,
                _ => 0,
            }
        };
        let (now, before) = (1_774_440_000, 1_774_000_000);
        assert!(alert("critical", before) < alert("warning", now));
        assert!(alert("critical", now) < alert("critical", before));
        assert!(alert("warning", before) < alert("info", now));
    }
}
