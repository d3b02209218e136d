//! What clusters know: pods and how they are, what is used, rollouts, events, and whatever else has a table.
use super::{Ask, known, number};
use crate::domain::Text;
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::object::{Event, Facts, Kind, Object};
use crate::domain::pod::Pod;
use crate::domain::settings::limit::BoundValue;
use crate::domain::vital::{Answer, Heard, Vital};
use crate::model::Model;
use crate::model::listing::Listing;

/// Whether some cluster shows what there is in this namespace. What is not looked at counts nothing.
fn in_view(model: &Model, kind: Kind, namespace: &str) -> bool {
    let shows = |of: &str| of.is_empty() || of == namespace;
    model.feeds.keys().any(|feed| match feed {
        Feed::Pods(_, of) => kind == Kind::Pod && shows(of),
        Feed::Objects(_, other, of) => *other == kind && shows(of),
        _ => false,
    })
}

/// `pods -n web OOMKilled`, `usage memory nodes`, `events -n web Failed|Unhealthy`: what the panes of the clusters know.
pub(super) fn kubernetes(model: &Model, vital: &Vital, ask: &Ask<'_>) -> Option<Heard> {
    let first = ask.rest.first().copied();
    let kind = match (ask.what, first) {
        ("usage", Some("nodes")) => Kind::Node,
        ("usage", _) if ask.rest.contains(&"nodes") => Kind::Node,
        ("usage", _) => Kind::Pod,
        ("rollout", _) => Kind::Deployment,
        (what, _) => Kind::parse(what)?,
    };
    match known(model, kind) {
        Ok(true) => {}
        // Where there is no cluster at all, the feed of its pods alone says why.
        Ok(false) if model.clusters.is_empty() => return known(model, Kind::Pod).err(),
        Ok(false) => return None,
        Err(unknown) => return Some(unknown),
    }
    if let Some(namespace) =
        ask.namespace.filter(|namespace| kind.namespaced() && !in_view(model, kind, namespace))
    {
        return Some(Heard::error(&format!("the namespace `{namespace}` is not in view")));
    }
    match (ask.what, kind) {
        ("usage", Kind::Node) => node_usage(model, first?),
        ("usage", _) => pod_usage(model, ask, first.unwrap_or("memory")),
        (_, Kind::Pod) => Some(pods(model, vital, ask)),
        (_, Kind::Event) => events(model, ask),
        ("rollout", _) if first == Some("history") => {
            history(model, ask.rest.get(1)?.strip_prefix("deployment/")?, ask)
        }
        ("rollout", _) => rollout(model, first?.strip_prefix("deployment/")?, ask),
        _ => objects(model, vital, kind, ask),
    }
}

/// Whether the limits ask for a word, not a number.
fn wants_word(vital: &Vital) -> bool {
    let bounds = [&vital.ok, &vital.warning, &vital.critical];
    bounds.into_iter().flatten().any(|bound| matches!(bound.value, BoundValue::Text(_)))
}

/// How many there are; or, with a word, how many are so; or the state of the worst.
fn pods(model: &Model, vital: &Vital, ask: &Ask<'_>) -> Heard {
    let level = |pod: &Pod| pod.level(model.node_ready(&pod.id.context, pod.node.as_ref()));
    if let Some(word) = ask.rest.first() {
        let so = |pod: &&Pod| {
            let ended = pod.last_end().is_some_and(|(_, end)| &*end.reason == *word);
            (*word == "Running" && level(pod) == Level::Fine) || pod.status() == *word || ended
        };
        return Heard::value(number(ask.pods(model).filter(so).count()));
    }
    let Some(worst) = ask.pods(model).min_by_key(|pod| level(pod)) else {
        return Heard::error("there are no such pods");
    };
    let bad = ask.pods(model).filter(|pod| level(pod) < Level::Fine).count();
    if wants_word(vital) {
        let word = if bad == 0 { "Running".into() } else { worst.status() };
        return Heard::of(Answer::Word(word.as_ref().into())).note(&*worst.id.name);
    }
    let heard = Heard::value(number(ask.pods(model).count()));
    if bad == 0 {
        return heard;
    }
    Heard {
        floor: Some(level(worst)),
        ..heard.note(format!("{bad} not well, {} {}", worst.id.name, worst.status()))
    }
}

/// The highest share of a limit, or else of a request.
fn pod_usage(model: &Model, ask: &Ask<'_>, what: &str) -> Option<Heard> {
    let memory = match what {
        "memory" | "pods" => true,
        "cpu" => false,
        _ => return None,
    };
    let share = |pod: &Pod| {
        let now = model.usage.get(&pod.id)?.now;
        let (limits, requests) = (pod.limits(), pod.requests());
        let (used, limit) = if memory {
            (now.memory, limits.memory.or(requests.memory)?)
        } else {
            (now.cpu_milli, limits.cpu_milli.or(requests.cpu_milli)?)
        };
        percent(used, limit).map(|share| (share, pod.id.name.to_string()))
    };
    let share = |pod: &Pod| Measured::of(model, &pod.id.context, || share(pod));
    Some(highest(ask.pods(model).map(share), "no pod has both a limit and a measured use"))
}

fn node_usage(model: &Model, what: &str) -> Option<Heard> {
    let memory = match what {
        "memory" | "nodes" => true,
        "cpu" => false,
        _ => return None,
    };
    let share = |object: &Object| {
        let Facts::Node(node) = &object.facts else { return None };
        let used = model.node_usage.get(&(object.id.context.clone(), object.id.name.clone()))?;
        let share =
            if memory { percent(used.memory, node.memory) } else { percent(used.cpu_milli, node.cpu_milli) };
        share.map(|share| (share, object.id.name.to_string()))
    };
    let share = |object: &Object| Measured::of(model, &object.id.context, || share(object));
    Some(highest(model.listing(Kind::Node)?.all().map(share), "no node's use is measured"))
}

/// What is known of the use of one pod or node.
enum Measured {
    Share(f64, String),
    /// It has no limit, or was not measured yet.
    Not,
    /// Nobody measures its cluster now; the last readings stand, and tell nothing of now.
    NotNow,
}

impl Measured {
    fn of(model: &Model, context: &Text, share: impl FnOnce() -> Option<(f64, String)>) -> Measured {
        let feed = Feed::Metrics(context.clone());
        let live =
            model.feeds.get(&feed).is_some_and(|status| model.feed_level(&feed, status) == Level::Fine);
        if !live {
            return Measured::NotNow;
        }
        share().map_or(Measured::Not, |(share, name)| Measured::Share(share, name))
    }
}

fn percent(used: u64, limit: u64) -> Option<f64> {
    let tenths = used.saturating_mul(1000).checked_div(limit)?;
    Some(f64::from(u32::try_from(tenths).unwrap_or(u32::MAX)) / 10.0)
}

fn highest(all: impl Iterator<Item = Measured>, none: &str) -> Heard {
    let (mut most, mut unmeasured): (Option<(f64, String)>, usize) = (None, 0);
    for one in all {
        match one {
            Measured::Share(share, name) if most.as_ref().is_none_or(|(most, _)| share >= *most) => {
                most = Some((share, name));
            }
            Measured::Share(..) | Measured::Not => {}
            Measured::NotNow => unmeasured += 1,
        }
    }
    match most {
        None if unmeasured > 0 => Heard::error("there are no metrics of now"),
        None => Heard::error(none),
        Some((share, name)) if unmeasured == 0 => Heard::value(share).note(name),
        Some((share, name)) => Heard {
            floor: Some(Level::Unknown),
            ..Heard::value(share).note(format!("{name}; no metrics of now of {unmeasured} others"))
        },
    }
}

fn rollout(model: &Model, name: &str, ask: &Ask<'_>) -> Option<Heard> {
    let mut own = model
        .listing(Kind::Deployment)?
        .all()
        .filter(|object| &*object.id.name == name && ask.covers(&object.id));
    let Some(object) = own.next() else { return Some(Heard::error("there is no such deployment")) };
    let Facts::Workload(workload) = &object.facts else { return None };
    let word = if workload.is_settled() { "complete".into() } else { workload.status() };
    Some(Heard::of(Answer::Word(word.as_ref().into())))
}

/// Which revision runs, with its images; and which others could be gone back to, where they are known.
fn history(model: &Model, name: &str, ask: &Ask<'_>) -> Option<Heard> {
    let own = |object: &&Object| &*object.id.name == name && ask.covers(&object.id);
    let Some(object) = model.listing(Kind::Deployment)?.all().find(own) else {
        return Some(Heard::error("there is no such deployment"));
    };
    let Facts::Workload(workload) = &object.facts else { return None };
    let Some(now) = workload.revision else { return Some(Heard::error("it has no revision yet")) };
    let images: Vec<&str> =
        workload.images.iter().map(|(_, image)| image.rsplit('/').next().unwrap_or(image)).collect();
    let sets = model.listing(Kind::ReplicaSet).into_iter().flat_map(Listing::all);
    let owned = sets.filter(|set| set.owner.as_ref().is_some_and(|owner| owner.uid == object.uid));
    let mut before: Vec<u64> = owned
        .filter_map(|set| match &set.facts {
            Facts::Workload(set) => set.revision.filter(|revision| *revision != now),
            _ => None,
        })
        .collect();
    before.sort_unstable_by(|a, b| b.cmp(a));
    let before: Vec<String> = before.iter().take(4).map(u64::to_string).collect();
    let before = if before.is_empty() { String::new() } else { format!("; before: {}", before.join(", ")) };
    Some(Heard::text(&format!("revision {now}")).note(format!("{}{before}", images.join(", "))))
}

/// How many there are of which one of the words tells, `A|B`, as `grep` would; without words, how many at all. What
/// the latest of them says comes with it.
fn events(model: &Model, ask: &Ask<'_>) -> Option<Heard> {
    let words = ask.rest.first().map(|words| words.split('|').collect::<Vec<_>>());
    let all = model.listing(Kind::Event)?.all().filter(|object| ask.covers(&object.id));
    let all = all.filter_map(|object| match &object.facts {
        Facts::Event(event) => Some(event),
        _ => None,
    });
    let tells = |event: &&Event| {
        let texts = [&event.reason, &event.message, &event.about];
        words
            .as_ref()
            .is_none_or(|words| words.iter().any(|word| texts.iter().any(|text| text.contains(word))))
    };
    let hits: Vec<&Event> = all.filter(tells).collect();
    let Some(latest) = hits.iter().max_by_key(|event| (event.warning, event.last)) else {
        return Some(Heard::value(0.0));
    };
    let latest = format!(
        "{} {}/{}: {}",
        latest.reason,
        latest.about_kind.to_lowercase(),
        latest.about,
        latest.message
    );
    let warnings = hits.iter().filter(|event| event.warning).count();
    let warnings = if words.is_none() { format!("{warnings} warnings; ") } else { String::new() };
    Some(Heard::value(number(hits.len())).note(format!("{warnings}{latest}")))
}

/// Autoscalers, certificates, deployments, nodes: the worst of them, or the one that is named.
fn objects(model: &Model, vital: &Vital, kind: Kind, ask: &Ask<'_>) -> Option<Heard> {
    let listing = model.listing(kind)?;
    if let Some(phase) = ask.rest.iter().find_map(|word| word.strip_prefix("status.phase=")) {
        let so = listing.all().filter(|object| ask.covers(&object.id) && object.status() == phase);
        let names: Vec<&str> = so.map(|object| &*object.id.name).collect();
        return Some(Heard::value(number(names.len())).note(names.join(", ")));
    }
    let named = |object: &&Object| ask.rest.first().is_none_or(|name| &*object.id.name == *name);
    let own = || listing.all().filter(named).filter(|object| ask.covers(&object.id));
    let Some(worst) = own().min_by_key(|object| object.level()) else {
        return Some(Heard::error(&format!("there are no such {}", kind.plural())));
    };
    let (all, bad) = (own().count(), own().filter(|object| object.level() < Level::Fine).count());
    let status = worst.status();
    let floor = (bad > 0).then(|| worst.level());
    let note = if bad > 0 { format!("{} {status}", worst.id.name) } else { String::new() };
    Some(if wants_word(vital) {
        Heard::of(Answer::Word(status.as_ref().into())).note(&*worst.id.name)
    } else if ask.rest.is_empty() {
        Heard { floor, ..Heard::value(number(all)).note(note) }
    } else {
        Heard { floor, ..Heard::of(Answer::Word(status.as_ref().into())).note(note) }
    })
}
