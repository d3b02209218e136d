//! What the wall says: few words, the worst first.
mod pages;

use super::overview::Line;
use super::{Fact, overview, state, tables};
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::object::{ObjectRef, Realm};
use crate::domain::settings::{Action, Role};
use crate::domain::time::Age;
use crate::model::Model;

pub use pages::{Shown, body, heading, reads_for, shown};

/// A number to read from afar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    pub text: String,
    pub label: String,
    pub level: Level,
}

/// A thing in trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub level: Level,
    pub name: String,
    pub what: String,
}

/// Under the clock: whether what is shown is of now.
pub fn say_when(model: &Model) -> String {
    let told = |feed: &Feed| matches!(feed, Feed::Pods(..) | Feed::Endpoint(..) | Feed::Vitals);
    state::as_of(model, told).unwrap_or_else(|| "now".into())
}

pub fn figures(model: &Model) -> Vec<Figure> {
    let incident = super::incident::clock::figure(model);
    let mut figures: Vec<Figure> =
        incident.into_iter().map(|(text, label, level)| Figure { text, label, level }).collect();
    if tables::in_view(model, Realm::Kubernetes) {
        figures.extend(of_pods(model));
    }
    figures.extend(others(model).map(|realm| {
        let (level, words) = overview::lamp(model, realm);
        let label = tables::of(realm).map_or("", |tables| tables.name());
        let number = words.strip_prefix(label).map(str::trim).filter(|rest| !rest.is_empty());
        let usual = match level {
            Level::Fine | Level::Done => "ok",
            Level::Unknown => "?",
            Level::Bad | Level::Warn => "!",
        };
        Figure { text: number.unwrap_or(usual).to_owned(), label: label.to_owned(), level }
    }));
    figures
}

/// What there is beside a cluster.
fn others(model: &Model) -> impl Iterator<Item = Realm> + '_ {
    overview::realms(model).filter(|realm| *realm != Realm::Kubernetes)
}

fn of_pods(model: &Model) -> Vec<Figure> {
    let worst = model.worst_feed(|feed| matches!(feed, Feed::Pods(..)));
    // No data is never green: without a live feed the numbers are not known.
    let known = worst.is_some_and(|(feed, status)| model.feed_level(feed, status) == Level::Fine);
    let mut figures = Vec::new();
    for (level, label) in
        [(Level::Bad, "pods failing"), (Level::Unknown, "unknown"), (Level::Warn, "to watch")]
    {
        let n = model.pods.count(level);
        let level = if n > 0 { level } else { Level::Fine };
        let (text, level) =
            if known || n > 0 { (n.to_string(), level) } else { ("?".into(), Level::Unknown) };
        if n > 0 || label == "pods failing" {
            figures.push(Figure { text, label: label.into(), level });
        }
    }
    figures
}

/// The first things in trouble: the worst of every other source, then the pods.
pub fn trouble(model: &Model, room: usize) -> Vec<Trouble> {
    let worst = overview::sources(model).into_iter().filter_map(|line| match line {
        Line::Source { realm, level, name, worst, says }
            if level < Level::Fine && realm != Realm::Kubernetes =>
        {
            let name = if worst.is_empty() { name } else { format!("{name}  {worst}") };
            Some(Trouble { level, name, what: says })
        }
        _ => None,
    });
    let mut lines: Vec<Trouble> = worst.take(room).collect();
    lines.extend(pods(model, room - lines.len()));
    lines
}

/// Those of the first few pods that are in trouble, and what is wrong with each.
pub fn first_pods(model: &Model, room: usize) -> impl Iterator<Item = (&ObjectRef, Level, String)> {
    let all = model.pods.first(room).take_while(|(_, rank)| rank.level < Level::Fine);
    all.map(|(pod, rank)| {
        let mut what = pod.status().to_string();
        if rank.level == Level::Unknown
            && let Some(node) = &pod.node
        {
            what = format!("unknown: {node} is not Ready");
        }
        if rank.level == Level::Warn && matches!(&*what, "Running" | "NotReady") {
            what = match (pod.ready_count(), pod.ready) {
                ((ready, all), _) if ready < all => format!("runs, but {ready} of {all} ready"),
                (_, Some(true)) => "runs again".into(),
                _ => "runs, but is not ready".into(),
            };
        }
        if let Some((_, end)) = pod.last_end().filter(|(_, end)| end.code != 0) {
            // A status that is the reason already is not said twice.
            what = if *end.reason == *what {
                format!("{what} {}", end.code)
            } else {
                format!("{what}, {} {}", end.reason, end.code)
            };
        }
        if let Some(at) = pod.last_restart() {
            let times = match pod.restarts() {
                1 => "1 restart".to_owned(),
                n => format!("{n} restarts"),
            };
            what = format!("{what}, {times}, last {}", when(Age(model.now.since(at))));
        }
        (&pod.id, rank.level, what)
    })
}

/// The first pods in trouble.
pub fn pods(model: &Model, room: usize) -> Vec<Trouble> {
    let mut lines: Vec<Trouble> = first_pods(model, room)
        .map(|(id, level, what)| Trouble { level, name: id.to_string(), what })
        .collect();
    let more =
        model.pods.count(Level::Bad) + model.pods.count(Level::Unknown) + model.pods.count(Level::Warn);
    if more > lines.len() && !lines.is_empty() {
        let left = more - lines.len() + 1;
        if let Some(last) = lines.last_mut() {
            *last = Trouble { level: last.level, name: format!("and {left} more"), what: String::new() };
        }
    }
    lines
}

fn when(age: Age) -> String {
    if age.0.as_secs() < 10 { "just now".into() } else { format!("{age} ago") }
}

/// What to say when nothing is in trouble, or nothing is known.
pub fn calm(model: &Model) -> (Level, String) {
    let worst = model.worst_feed(|feed| matches!(feed, Feed::Pods(..)));
    let worst_of = others(model).map(|realm| overview::lamp(model, realm).0).min();
    if let Some(level) = worst_of.filter(|level| *level < Level::Fine) {
        return (level, "not everything is well".into());
    }
    if !tables::in_view(model, Realm::Kubernetes) {
        return (Level::Fine, "everything is as it should be".into());
    }
    match worst {
        Some((feed, status)) if model.feed_level(feed, status) == Level::Fine => (
            Level::Fine,
            format!("all {} pods are as they should be", super::things::grouped(model.pods.total())),
        ),
        _ => (Level::Unknown, state::state_of(model, |feed| matches!(feed, Feed::Pods(..))).text),
    }
}

/// The last line: every feed that is not live, and that nothing here acts.
pub fn foot(model: &Model, shown: &Shown) -> Vec<Fact> {
    let mut facts = vec![Fact::new("wall, read-only", Role::Dim)];
    if shown.pages.len() > 1 {
        let key = |action: Action| model.settings.keymap.keys(action).first().map(ToString::to_string);
        let pin = if model.rota.pinned { "turn on" } else { "pin" };
        for (action, word) in [(Action::Pin, pin), (Action::NextPage, "next")] {
            facts.extend(key(action).map(|key| Fact::new(format!("{key} {word}"), Role::Key)));
        }
    }
    if tables::in_view(model, Realm::Kubernetes) {
        let state = state::state_of(model, |feed| matches!(feed, Feed::Pods(..)));
        facts.push(Fact::new(format!("pods {}", state.text), state.role));
    }
    for tables in others(model).filter_map(tables::of) {
        let Some(kind) = tables.kinds().first() else { continue };
        let state = state::state_of(model, |feed| tables::fed_by(*kind, feed));
        facts.push(Fact::new(format!("{} {}", tables.name(), state.text), state.role));
    }
    facts
}
