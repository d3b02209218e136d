//! What the wall says: few words, the worst first.
use std::cmp::Reverse;
use std::time::Duration;

use super::overview::Line;
use super::tables::Tables;
use super::{Fact, fires, overview, state, tables};
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::object::{Kind, Realm};
use crate::domain::settings::{Action, Role};
use crate::domain::time::Age;
use crate::model::Model;
use crate::model::rota::Page;

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
    let mut figures = if tables::in_view(model, Realm::Kubernetes) { of_pods(model) } else { Vec::new() };
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

/// How many lines of what is bad stand above every page: nothing bad is ever turned away from.
pub const STRIP: usize = 4;

/// What is bad, while there are pages to turn to.
pub fn strip(model: &Model) -> Vec<Trouble> {
    if pages(model).len() < 2 { Vec::new() } else { bad(model) }
}

fn bad(model: &Model) -> Vec<Trouble> {
    let mut lines = trouble(model, STRIP);
    // What is not known may be as bad as can be.
    lines.retain(|line| line.level < Level::Warn);
    lines
}

/// The pages that have something to say.
pub fn pages(model: &Model) -> Vec<Page> {
    let bad = bad(model).len();
    // Where the strip says it all, a page of it says nothing more.
    let whole = bad > 0 && trouble(model, STRIP + 1).len() == bad;
    let rest = [
        (Page::Fires, !model.firing.is_empty()),
        (Page::Changed, overview::changes(model).next().is_some()),
        (Page::Rows, worst_kind(model).is_some_and(|(_, _, n)| n > 1)),
    ];
    let rest: Vec<Page> = rest.into_iter().filter(|(_, any)| *any).map(|(page, _)| page).collect();
    if whole && !rest.is_empty() { rest } else { std::iter::once(Page::Trouble).chain(rest).collect() }
}

/// The one that is shown: what was turned to, or the first where that has nothing to say any more.
pub fn page(model: &Model) -> Page {
    let all = pages(model);
    let turned = all.iter().find(|page| **page == model.rota.page);
    turned.or(all.first()).copied().unwrap_or_default()
}

/// So many lines of a page are read, whatever the screen.
const READ: usize = 8;

/// Long enough to look up, and then to read every line of it.
pub fn reads_for(model: &Model) -> Duration {
    const LOOK_UP: u64 = 10;
    const LINE: u64 = 2;
    let lines = body(model, page(model), READ).len();
    Duration::from_secs(LOOK_UP + LINE * u64::try_from(lines).unwrap_or(0))
}

/// The name of the page, and how many there are.
pub fn heading(model: &Model) -> Vec<Fact> {
    let (all, page) = (pages(model), page(model));
    let at = all.iter().position(|other| *other == page).unwrap_or(0);
    let name = match page {
        Page::Trouble => "What is wrong".into(),
        Page::Fires => format!("What fires: {}", model.firing.len()),
        Page::Changed => "Changed in the last hour".into(),
        Page::Rows => worst_kind(model).map_or_else(String::new, |(kind, _, n)| {
            format!("{} in trouble: {n}", if kind == Kind::Hpa { "autoscalers" } else { kind.plural() })
        }),
    };
    let turns = if model.rota.pinned {
        Fact::new("pinned", Role::Input)
    } else {
        Fact::new(format!("{} of {}", at + 1, all.len()), Role::Dim)
    };
    vec![Fact::new(name, Role::Title), turns]
}

/// What a page says, in as many lines as there is room for; the last one counts what is left out.
pub fn body(model: &Model, page: Page, room: usize) -> Vec<Trouble> {
    match page {
        Page::Trouble => trouble(model, room),
        Page::Fires => {
            let all = model.firing.len();
            let shown = if all > room { room.saturating_sub(1) } else { all };
            let lines = fires::first(model, shown).map(|fire| Trouble {
                level: fire.level,
                name: fire.name,
                what: format!("{} {}", fire.age, fire.says),
            });
            lines.chain(more(all - shown)).collect()
        }
        Page::Changed => {
            let lines = overview::changes(model).take(room).filter_map(|line| match line {
                Line::Change { at, what, says, level, suspect, .. } => Some(Trouble {
                    level: if suspect { Level::Warn } else { level },
                    name: format!("{at}  {what}"),
                    what: if suspect { format!("suspect: {says}") } else { says },
                }),
                _ => None,
            });
            lines.collect()
        }
        Page::Rows => rows(model, room),
    }
}

fn more(n: usize) -> Option<Trouble> {
    (n > 0).then(|| Trouble { level: Level::Fine, name: format!("and {n} more"), what: String::new() })
}

/// The kind, of any source but the pods and the alerts, that has the worst rows, and how many are in trouble.
fn worst_kind(model: &Model) -> Option<(Kind, Level, usize)> {
    let sources = others(model).filter(|realm| *realm != Realm::Alerts).filter_map(tables::of);
    let counted = sources.flat_map(Tables::kinds).filter_map(|kind| {
        let (level, _) = tables::count(model, *kind)?;
        let listing = model.listing(*kind)?;
        let all = [Level::Bad, Level::Unknown, Level::Warn].iter().map(|level| listing.count(*level)).sum();
        Some((*kind, level, all))
    });
    counted.min_by_key(|(_, level, _)| *level)
}

/// How many columns of a row are read from afar.
const TOLD: usize = 4;

fn rows(model: &Model, room: usize) -> Vec<Trouble> {
    let Some((kind, _, all)) = worst_kind(model) else { return Vec::new() };
    let shown = if all > room { room.saturating_sub(1) } else { all };
    // On the wall nobody sorts: trouble is first.
    let rows = model.listing(kind).into_iter().flat_map(|listing| listing.first(shown));
    let Some(tables) = tables::of(kind.realm()) else { return Vec::new() };
    // The columns that stay longest on a narrow screen are those that say most.
    let mut columns: Vec<_> = tables.columns(kind).iter().enumerate().collect();
    columns.sort_by_key(|(_, column)| Reverse(column.keep));
    columns.truncate(TOLD);
    let (name, mut rest) = match columns.split_first() {
        Some(((_, name), rest)) => (name.title, rest.to_vec()),
        None => return Vec::new(),
    };
    rest.sort_by_key(|(at, _)| *at);
    let lines = rows.map(|(object, rank)| {
        let cell = |title: &str| tables.cell(model, object, rank.level, title).text.trim().to_owned();
        let what: Vec<String> = rest.iter().map(|(_, column)| cell(column.title)).collect();
        let known = what.iter().filter(|text| !text.is_empty()).map(String::as_str);
        Trouble { level: rank.level, name: cell(name), what: known.collect::<Vec<_>>().join("  ") }
    });
    lines.chain(more(all - shown)).collect()
}

/// The first pods in trouble.
pub fn pods(model: &Model, room: usize) -> Vec<Trouble> {
    let all = model.pods.first(room).take_while(|(_, rank)| rank.level < Level::Fine);
    let mut lines: Vec<Trouble> = all
        .map(|(pod, rank)| {
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
            Trouble { level: rank.level, name: pod.id.to_string(), what }
        })
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
pub fn foot(model: &Model) -> Vec<Fact> {
    let mut facts = vec![Fact::new("wall, read-only", Role::Dim)];
    if pages(model).len() > 1 {
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
