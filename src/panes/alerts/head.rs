//! What stands above the tables of alerts, and what the overview says of them.
use super::{FORGOTTEN, facts};
use crate::domain::alert::{Alert, AlertFacts, AlertState, is_watchdog, urgency};
use crate::domain::feed::{Feed, FeedState};
use crate::domain::level::Level;
use crate::domain::object::{Kind, Object, ObjectRef};
use crate::domain::settings::{Backend, Role};
use crate::domain::text::counted;
use crate::domain::time::Age;
use crate::model::Model;
use crate::model::listing::Listing;
use crate::panes::{Fact, role, tables};

/// So many lines there are at most on a large screen.
const LINES: usize = 4;

pub(super) fn lines(model: &Model, kind: Kind) -> Vec<Vec<Fact>> {
    let mut lines = match kind {
        Kind::Alert | Kind::AlertGroup => vec![alerts(model)],
        Kind::Silence => vec![silences(model)],
        _ => vec![targets(model)],
    };
    lines.retain(|line| !line.is_empty());
    let room = if model.size.1 < 30 { 1 } else { LINES };
    if kind != Kind::Silence {
        let own = |feed: &Feed| tables::fed_by(kind, feed);
        for (feed, place) in model.places.iter().filter(|(feed, _)| own(feed)) {
            for line in &place.missing {
                if lines.len() < room {
                    let who = match feed {
                        Feed::Endpoint(_, name) => format!("{name}: "),
                        _ => String::new(),
                    };
                    lines.push(vec![Fact::new(format!("{who}{line}"), Role::Warning)]);
                }
            }
        }
    }
    lines.truncate(room);
    lines
}

/// Puts what there is any of into a line, with a dot between.
fn line(parts: impl IntoIterator<Item = (usize, String, Role)>) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    for (_, text, role) in parts.into_iter().filter(|(n, _, _)| *n > 0) {
        if !facts.is_empty() {
            facts.push(Fact::new(" · ", Role::Dim));
        }
        facts.push(Fact::new(text, role));
    }
    facts
}

fn all(model: &Model, kind: Kind) -> impl Iterator<Item = &AlertFacts> {
    model.listing(kind).into_iter().flat_map(Listing::all).filter_map(facts)
}

fn told(model: &Model) -> impl Iterator<Item = &Alert> {
    all(model, Kind::Alert).filter_map(|facts| match facts {
        AlertFacts::Alert(alert) => Some(&**alert),
        _ => None,
    })
}

/// How many there are of each sort; who is silent, and who does not know what others know.
fn alerts(model: &Model) -> Vec<Fact> {
    let (mut firing, mut states, mut missing, mut unknown) = ([0_usize; 3], [0_usize; 5], 0, 0);
    let mut stale = 0;
    let mut ignorant: Option<&str> = None;
    for alert in told(model) {
        if alert.missing_watchdog {
            missing += 1;
            continue;
        }
        if alert.stale {
            stale += 1;
            continue;
        }
        if let (AlertState::Firing, false) = (alert.state, is_watchdog(&alert.name))
            && let Some(count) = firing.get_mut(usize::from(urgency(&alert.severity)))
        {
            *count += 1;
        }
        if let Some(count) = states.get_mut(alert.state as usize) {
            *count += 1;
        }
        if let Some(name) = alert.not_seen_by.first() {
            unknown += 1;
            ignorant = Some(name);
        }
    }
    let [critical, warning, info] = firing;
    let [_, pending, silenced, inhibited, muted] = states;
    let watchdogs = if missing == 1 {
        "the watchdog is missing".into()
    } else {
        format!("{missing} watchdogs are missing")
    };
    let (silent, failing) = (silent(model), failing(model));
    let first = model.acknowledged.iter().filter(|(id, _)| fires(model, id)).map(|(_, said)| said.at);
    let (seen, oldest) = (first.clone().count(), first.min().unwrap_or(model.now));
    let oldest = model.now.since(oldest);
    let seen_words = match (oldest >= FORGOTTEN, seen) {
        (false, n) => format!("{n} seen"),
        (true, 1) => format!("1 seen {}", Age(oldest).past()),
        (true, n) => format!("{n} seen, first {}", Age(oldest).past()),
    };
    line([
        (missing, watchdogs, Role::Bad),
        (usize::from(silent.is_some()), silent.unwrap_or_default(), Role::Warning),
        (critical, format!("{critical} critical"), role(Level::Bad)),
        (warning, format!("{warning} warning"), role(Level::Warn)),
        (failing, unevaluated(failing), Role::Warning),
        (info, format!("{info} info"), Role::Text),
        (stale, format!("{stale} stale"), Role::Unknown),
        (seen, seen_words, Role::Text),
        (pending, format!("{pending} pending"), Role::Text),
        (silenced, format!("{silenced} silenced"), Role::Dim),
        (inhibited, format!("{inhibited} inhibited"), Role::Dim),
        (muted, format!("{muted} muted"), Role::Dim),
        (unknown, format!("{} does not know {unknown}", ignorant.unwrap_or_default()), Role::Warning),
    ])
}

fn fires(model: &Model, id: &ObjectRef) -> bool {
    let object = model.listing(id.kind).and_then(|listing| listing.get(id));
    matches!(object.and_then(facts), Some(AlertFacts::Alert(alert)) if alert.state == AlertState::Firing && !alert.stale)
}

/// How many rules cannot be evaluated: what they watch over is not watched over.
pub(super) fn failing(model: &Model) -> usize {
    let own = |feed: &Feed| matches!(feed, Feed::Endpoint(Backend::Prometheus, _));
    let lines = model.places.iter().filter(|(feed, _)| own(feed)).flat_map(|(_, place)| &place.missing);
    let failing = lines.filter(|line| line.contains("cannot be evaluated"));
    // Some are named, and the rest are counted.
    failing.map(|line| line.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(1)).sum()
}

fn unevaluated(n: usize) -> String {
    format!("{n} {} cannot be evaluated", if n == 1 { "rule" } else { "rules" })
}

/// The servers that do not answer while others do.
pub(super) fn silent(model: &Model) -> Option<String> {
    let own = model.feeds.iter().filter_map(|(feed, status)| match feed {
        Feed::Endpoint(Backend::Alertmanager | Backend::Prometheus, name) => Some((name, feed, status)),
        _ => None,
    });
    let names: Vec<&str> = own
        .filter(|(_, feed, status)| {
            status.state != FeedState::Live || status.stale(feed, model.now).is_some()
        })
        .map(|(name, _, _)| &**name)
        .collect();
    (!names.is_empty()).then(|| format!("not heard: {}", names.join(", ")))
}

fn silences(model: &Model) -> Vec<Fact> {
    let (mut active, mut pending, mut ended, mut holds, mut soon) = (0, 0, 0, 0_usize, 0);
    for facts in all(model, Kind::Silence) {
        if let AlertFacts::Silence(silence) = facts {
            match &*silence.state {
                "pending" => pending += 1,
                "expired" => ended += 1,
                _ => active += 1,
            }
            holds += usize::try_from(silence.holds).unwrap_or(0);
            soon += usize::from(silence.ends_soon);
        }
    }
    line([
        (active, format!("{active} active, {} held back", counted(holds as u64, "alert")), Role::Text),
        (soon, format!("{soon} ending within 15 min"), Role::Warning),
        (pending, format!("{pending} yet to begin"), Role::Dim),
        (ended, format!("{ended} ended within a day"), Role::Dim),
    ])
}

fn targets(model: &Model) -> Vec<Fact> {
    let count = |level| model.listing(Kind::Target).map_or(0, |listing| listing.count(level));
    let (down, unknown, up) = (count(Level::Bad), count(Level::Unknown), count(Level::Fine));
    line([
        (down, format!("{down} down"), Role::Bad),
        (unknown, format!("{unknown} not scraped yet"), Role::Unknown),
        (up, format!("{up} up"), Role::Dim),
    ])
}

/// The worst alert with what is to be said of it in a few words, or how many are well.
pub(super) fn worst(model: &Model) -> (String, String) {
    let rows = model.listing(Kind::Alert).into_iter().flat_map(Listing::all);
    let key = |object: &Object| {
        let since = object.created.0;
        let urgent = match facts(object) {
            Some(AlertFacts::Alert(alert)) => (!alert.missing_watchdog, urgency(&alert.severity)),
            _ => (true, u8::MAX),
        };
        (object.level(), urgent, -since, object.id.name.clone())
    };
    let worst = rows.filter(|object| object.level() < Level::Fine).min_by_key(|object| key(object));
    // The first that fires, where it is as bad: the same that stands first among those, poll after poll.
    let first = model.firing.first().and_then(|id| model.listing(Kind::Alert)?.get(id));
    let worst = first.filter(|first| worst.is_some_and(|worst| first.level() <= worst.level())).or(worst);
    if let Some(AlertFacts::Alert(alert)) = worst.and_then(facts) {
        let since =
            alert.since.map_or_else(String::new, |at| format!(" {}", Age(model.now.since(at)).lasting()));
        let severity = if alert.severity.is_empty() || alert.missing_watchdog {
            alert.status()
        } else {
            &alert.severity
        };
        return (alert.name.to_string(), format!("{severity}{since}  {}", alert.apart).trim_end().to_owned());
    }
    let failing = Some(failing(model)).filter(|n| *n > 0).map(unevaluated);
    let blind: Vec<String> = silent(model).into_iter().chain(failing).collect();
    if !blind.is_empty() {
        return (String::new(), blind.join("; "));
    }
    let well = told(model).count();
    (String::new(), format!("none in trouble, {well} told"))
}
