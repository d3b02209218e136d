//! Pods as rows: trouble first, and the reason stands in the row.
use std::borrow::Cow;
use std::time::Duration;

use super::things::Lens;
use super::{Cell, Column, Row, Width, order};
use crate::domain::level::Level;
use crate::domain::pod::{ContainerState, Phase, Pod};
use crate::domain::settings::Role;
use crate::domain::time::{Age, Timestamp};
use crate::model::listing::{Rank, SortKey};
use crate::model::{Meter, Model};

const fn column(title: &'static str, width: Width, right: bool, keep: u8) -> Column {
    Column { title, width, right, number: 0, keep }
}

pub const COLUMNS: &[Column] = &[
    column("CONTEXT", Width::Share(8, 1), false, 6),
    column("NAMESPACE", Width::Share(9, 2), false, 7),
    column("NAME", Width::Share(16, 6), false, 20),
    column("READY", Width::Fixed(5), true, 5),
    column("STATUS", Width::Share(16, 1), false, 10),
    column("RESTARTS", Width::Fixed(RESTARTS), false, 8),
    column("LAST END", Width::Share(13, 2), false, 9),
    column("CPU", Width::Fixed(5), true, 2),
    Column { title: "MEM", width: Width::Fixed(9), right: false, number: 4, keep: 3 },
    // Against what was asked for; where there is no limit, the two above say it.
    column("CPU REQ", Width::Fixed(7), true, 0),
    column("MEM REQ", Width::Fixed(7), true, 0),
    column("NODE", Width::Share(8, 2), false, 1),
    column("AGE", Width::Fixed(4), true, 4),
];

/// Cells for how often and when last.
const RESTARTS: u16 = 11;

/// After a bad end a pod has to hold this long before it is called well again: one that is killed again and
/// again runs most of the time.
const HOLD: Duration = Duration::from_mins(10);

pub fn level(lens: &Lens<'_>, pod: &Pod) -> Level {
    let level = pod.level(lens.node_ready(&pod.id.context, pod.node.as_ref()));
    if level == Level::Fine && fell(lens.now, pod) { Level::Warn } else { level }
}

/// Whether it ended badly a short while ago and was started again.
fn fell(now: Timestamp, pod: &Pod) -> bool {
    ended_badly(pod).is_some_and(|at| now.since(at) < HOLD)
}

/// What ails a pod, of what runbooks ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ails {
    /// It starts again and again.
    pub crashing: bool,
    /// Its memory ran out.
    pub starved: bool,
    /// It has no node.
    pub waiting: bool,
    /// It cannot have its image.
    pub imageless: bool,
}

/// Of a pod of which nothing is known nothing is said.
pub fn ails(now: Timestamp, pod: &Pod, level: Level) -> Ails {
    if matches!(level, Level::Unknown | Level::Done) {
        return Ails::default();
    }
    let waits = |of: fn(&str) -> bool| {
        let mut all = pod.containers.iter().map(|container| &container.state);
        all.any(|state| matches!(state, ContainerState::Waiting { reason, .. } if of(reason)))
    };
    let backs_off = waits(|reason| reason == "CrashLoopBackOff");
    let fell = fell(now, pod);
    let starved = pod.last_end().is_some_and(|(_, end)| &*end.reason == "OOMKilled");
    Ails {
        crashing: backs_off || fell && pod.restarts() > 1,
        starved: starved && (fell || level == Level::Bad),
        waiting: pod.phase == Phase::Pending && pod.node.is_none() && pod.deleting.is_none(),
        imageless: waits(|reason| reason.contains("Image")),
    }
}

/// What a pod uses of what it may at most, in percent: its memory, and its processor.
pub fn of_limits(pod: &Pod, meter: &Meter) -> [Option<u64>; 2] {
    let limits = pod.limits();
    let share = |used: u64, limit: Option<u64>| used.saturating_mul(100).checked_div(limit?);
    [share(meter.now.memory, limits.memory), share(meter.now.cpu_milli, limits.cpu_milli)]
}

/// When a container that runs again was last killed or failed.
fn ended_badly(pod: &Pod) -> Option<Timestamp> {
    let (container, end) = pod.last_end().filter(|(_, end)| !end.is_clean())?;
    end.finished.filter(|_| container.restarts > 0)
}

/// Whether the passing of time alone may change how bad it is.
pub fn heals(pod: &Pod) -> bool {
    ended_badly(pod).is_some()
}

/// Where a pod belongs under this lens.
pub fn rank(lens: &Lens<'_>, pod: &Pod) -> Rank {
    let level = level(lens, pod);
    let key = lens.column.map_or(SortKey::Missing, |title| key(lens, pod, level, title));
    let status =
        if lens.filter.is_empty() { Cow::Borrowed("") } else { Cow::Owned(pod.status().to_string()) };
    let labels = pod.labels.iter().flat_map(|(key, value)| [&**key, &**value]);
    let node = pod.node.as_deref().unwrap_or("");
    let words =
        [lens.place(&pod.id), &*pod.id.namespace, &*pod.id.name, &*status, node].into_iter().chain(labels);
    let labels = pod.labels.iter().map(|(key, value)| (&**key, &**value));
    let own = [
        ("namespace", &*pod.id.namespace),
        ("name", &*pod.id.name),
        ("status", &*status),
        ("node", node),
        ("context", &*pod.id.context),
    ];
    let named = lens.named(labels.chain(own));
    let words = words.chain(named.iter().map(String::as_str));
    let old = lens.of_age(|name| (name == "age").then_some(pod.created));
    Rank { level, key, shown: old && lens.shows(level, &words) }
}

/// What a column sorts by: what it shows.
fn key(lens: &Lens<'_>, pod: &Pod, level: Level, title: &str) -> SortKey {
    let meter = || lens.usage.get(&pod.id);
    match title {
        "NAME" => SortKey::Text(pod.id.name.clone()),
        "NAMESPACE" => SortKey::Text(pod.id.namespace.clone()),
        "CONTEXT" => SortKey::Text(pod.id.context.clone()),
        // Nobody knows what a dead node's pods do.
        "READY" if level == Level::Unknown => SortKey::Missing,
        "STATUS" if level == Level::Unknown && pod.deleting.is_none() => SortKey::Missing,
        "READY" => {
            let (ready, all) = pod.ready_count();
            SortKey::Number(i64::from(ready) - i64::from(all))
        }
        "STATUS" => order::text(&pod.status()),
        // The most restarts first, the newest end first: what is looked for when sorting by them.
        "RESTARTS" => order::most(u64::from(pod.restarts())),
        "LAST END" => order::newest(pod.last_end().and_then(|(_, end)| end.finished)),
        "CPU" => meter().map_or(SortKey::Missing, |meter| order::share(meter.now.cpu_milli, cpu_bound(pod))),
        "MEM" => meter().map_or(SortKey::Missing, |meter| order::share(meter.now.memory, memory_bound(pod))),
        "CPU REQ" | "MEM REQ" => match of_request(pod, meter(), title) {
            Some((used, wanted)) => order::share(used, Some(wanted)),
            None => SortKey::Missing,
        },
        "NODE" => pod.node.clone().map_or(SortKey::Missing, SortKey::Text),
        _ => order::newest(pod.created),
    }
}

/// What is used, and what was asked for; nothing where either is not known.
fn of_request(pod: &Pod, meter: Option<&Meter>, title: &str) -> Option<(u64, u64)> {
    let (meter, requests) = (meter?, pod.requests());
    let (used, wanted) = match title {
        "CPU REQ" => (meter.now.cpu_milli, requests.cpu_milli),
        _ => (meter.now.memory, requests.memory),
    };
    Some((used, wanted.filter(|wanted| *wanted > 0)?))
}

/// What a share is of: the limit where there is one, else the request.
fn cpu_bound(pod: &Pod) -> Option<u64> {
    pod.limits().cpu_milli.or(pod.requests().cpu_milli).filter(|bound| *bound > 0)
}

fn memory_bound(pod: &Pod) -> Option<u64> {
    pod.limits().memory.or(pod.requests().memory).filter(|bound| *bound > 0)
}

pub fn rows<'m>(model: &'m Model, titles: &[&'static str]) -> Vec<Row<'m>> {
    let selected = model.pods.selected();
    let rows = model.pods.window().map(|(pod, rank)| Row {
        level: rank.level,
        here: selected == Some(&pod.id),
        marked: model.pods.marked().contains(&pod.id),
        cells: titles.iter().map(|title| cell(model, pod, rank.level, title)).collect(),
    });
    rows.collect()
}

fn cell<'m>(model: &'m Model, pod: &'m Pod, level: Level, title: &str) -> Cell<'m> {
    let meter = model.usage.get(&pod.id);
    match title {
        "CONTEXT" => Cell::new(&*pod.id.context).role(Role::Dim),
        "NAMESPACE" => Cell::new(&*pod.id.namespace),
        "NAME" => Cell::middle(&*pod.id.name),
        // Nobody knows what a dead node's pods do.
        "READY" if level == Level::Unknown => Cell::new("–"),
        "READY" => {
            let (ready, all) = pod.ready_count();
            Cell::new(format!("{ready}/{all}"))
        }
        "STATUS" if level == Level::Unknown && pod.deleting.is_none() => {
            Cell::new("unknown").role(Role::Unknown)
        }
        "STATUS" => Cell::new(pod.status().to_string()).role(super::role(level)),
        "RESTARTS" => Cell::new(restarts(model, pod)),
        "LAST END" => last_end(model, pod, level),
        "CPU" => cpu(pod, meter),
        "MEM" => memory(pod, meter, model.settings.ascii()),
        "CPU REQ" | "MEM REQ" => match of_request(pod, meter, title) {
            Some((used, wanted)) => asked(title, used, wanted),
            None => Cell::new("–").role(Role::Dim),
        },
        "NODE" => Cell::middle(pod.node.as_deref().unwrap_or("")).role(Role::Dim),
        _ => Cell::new(Age(model.now.since(pod.created)).to_string()).role(Role::Dim),
    }
}

/// `6  40s ago`: how often, and when last.
fn restarts(model: &Model, pod: &Pod) -> String {
    often(pod.restarts(), pod.last_restart().map(|at| Age(model.now.since(at)).to_string()))
}

fn often(restarts: u32, age: Option<String>) -> String {
    match (restarts, age) {
        (n, None) => format!("{n:>2}"),
        (n, Some(age)) => {
            let ago = if age == "now" { age } else { format!("{age} ago") };
            // Three digits and `59m ago` fill the column; with four the age alone is left of the words.
            let ago = if n > 999 { ago.trim_end_matches(" ago") } else { &ago };
            let room = usize::from(RESTARTS).saturating_sub(n.to_string().len().max(2));
            format!("{n:>2}{ago:>room$}")
        }
    }
}

/// `OOMKilled 137`; for a pod on a dead node, that node; for a waiting pod, what it waits for.
fn last_end<'m>(model: &'m Model, pod: &'m Pod, level: Level) -> Cell<'m> {
    if level == Level::Unknown
        && let Some(node) = &pod.node
        && model.node_ready(&pod.id.context, Some(node)) == Some(false)
    {
        return Cell::new(format!("{node} NotReady")).role(Role::Unknown);
    }
    match pod.last_end() {
        Some((_, end)) if end.code == 0 && &*end.reason == "Completed" => {
            Cell::new("Completed").role(Role::Dim)
        }
        Some((_, end)) => Cell::new(format!("{} {}", end.reason, end.code)),
        None => Cell::new(waits_for(pod)),
    }
}

/// What a pod that cannot start waits for: room on a node, an image, a secret.
fn waits_for(pod: &Pod) -> Cow<'_, str> {
    if pod.node.is_none() {
        return pod.message.as_deref().map(most_nodes).unwrap_or_default();
    }
    let waiting = pod.containers.iter().find_map(|container| match &container.state {
        ContainerState::Waiting { reason, message } => Some((container, reason, message)),
        _ => None,
    });
    match waiting {
        Some((container, reason, _)) if reason.contains("Image") => {
            container.image.rsplit('/').next().unwrap_or_default().into()
        }
        Some((_, _, message)) => message.as_deref().unwrap_or_default().into(),
        None => "".into(),
    }
}

/// Of what a scheduler says, the part that speaks of the most nodes:
/// `0/6 nodes are available: 1 node(s) had untolerated taint …, 5 Insufficient memory. preemption: …`
fn most_nodes(message: &str) -> Cow<'_, str> {
    let said = message.split_once(" available: ").map_or(message, |(_, rest)| rest);
    let said = said.split_once(". ").map_or(said, |(first, _)| first).trim_end_matches('.');
    let nodes = |part: &&str| part.split(' ').next().and_then(|n| n.parse::<u32>().ok()).unwrap_or(0);
    let most = said.split(", ").max_by_key(nodes).unwrap_or_default();
    match most.split_once(" Insufficient ") {
        Some((_, what)) => format!("needs {what}").into(),
        None => most.into(),
    }
}

/// A share of what was asked for: to use more processor than that is no trouble, and whoever holds more memory is
/// the first to go when a node runs out of it.
fn asked<'m>(title: &str, used: u64, wanted: u64) -> Cell<'m> {
    let percent = used.saturating_mul(100) / wanted;
    let cell = Cell::new(format!("{percent}%"));
    if percent > 100 && title.starts_with("MEM") { cell.role(Role::Warning) } else { cell }
}

/// A share of the limit where there is one, else of the request, which ` req` says, else the bare number.
fn cpu<'m>(pod: &Pod, meter: Option<&Meter>) -> Cell<'m> {
    let Some(meter) = meter else { return Cell::new("–").role(Role::Dim) };
    match cpu_bound(pod) {
        Some(wanted) if pod.limits().cpu_milli.is_none() => {
            let cell = asked("CPU", meter.now.cpu_milli, wanted);
            Cell { text: format!("{} req", cell.text).into(), ..cell }
        }
        Some(limit) => share(meter.now.cpu_milli, limit),
        None => Cell::new(format!("{}m", meter.now.cpu_milli)),
    }
}

fn memory<'m>(pod: &Pod, meter: Option<&Meter>, ascii: bool) -> Cell<'m> {
    let Some(meter) = meter else { return Cell::new("   –").role(Role::Dim) };
    let Some(limit) = memory_bound(pod) else {
        return Cell::new(format!("{:>4}", bytes(meter.now.memory)));
    };
    let requested = pod.limits().memory.is_none();
    let mut cell =
        if requested { asked("MEM", meter.now.memory, limit) } else { share(meter.now.memory, limit) };
    let bars: String = meter.past.iter().map(|kib| bar(u64::from(*kib) * 1024, limit)).collect();
    let bars = if ascii { String::new() } else { format!(" {bars}") };
    cell.text = format!("{:>4}{bars}{}", cell.text, if requested { " req" } else { "" }).into();
    cell
}

fn share<'m>(used: u64, limit: u64) -> Cell<'m> {
    let percent = used.saturating_mul(100) / limit.max(1);
    let cell = Cell::new(format!("{percent}%"));
    match percent {
        0..80 => cell,
        80..90 => cell.role(Role::Warning),
        _ => cell.role(Role::Bad),
    }
}

fn bar(used: u64, limit: u64) -> char {
    const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let at = used.saturating_mul(8).div_ceil(limit.max(1)).min(8);
    BARS[usize::try_from(at).unwrap_or(8)]
}

/// `412M`, in powers of 1024, at most four characters.
pub fn bytes(n: u64) -> String {
    let mut n = n;
    for unit in ["B", "K", "M", "G", "T"] {
        if n < 1024 {
            return format!("{n}{unit}");
        }
        n = n.div_ceil(1024);
    }
    format!("{n}P")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_often_and_when_last_fit_their_column_however_often_it_was() {
        let often = |n, age: &str| often(n, Some(age.into()));
        assert_eq!(often(6, "40s"), " 6  40s ago");
        assert_eq!(often(107, "50s"), "107 50s ago");
        assert_eq!(often(107, "now"), "107     now");
        assert_eq!(often(1_204, "50s"), "1204    50s");
        assert_eq!(super::often(3, None), " 3");
    }
}
