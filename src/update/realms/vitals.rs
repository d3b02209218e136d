//! Answers, from what other panes know, the questions that no probe asks: pods, usage, autoscalers, alerts,
//! containers. What is not in view stays unanswered.
use std::time::Duration;

use crate::domain::Text;
use crate::domain::alert::{AlertFacts, AlertState};
use crate::domain::container::{ContainerState, Health};
use crate::domain::feed::{Feed, FeedState};
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind, Object, ObjectRef};
use crate::domain::pod::Pod;
use crate::domain::settings::endpoint::Backend;
use crate::domain::settings::limit::{BoundValue, FactSource};
use crate::domain::vital::{Answer, Heard, Vital};
use crate::model::Model;
use crate::panes::things;

/// As often as a probe is asked.
const EVERY: Duration = Duration::from_secs(30);

/// The rows whose answer is another one now.
pub fn answers(model: &Model) -> Vec<Object> {
    let Some(listing) = model.listing(Kind::Vital) else { return Vec::new() };
    let changed = listing.all().filter_map(|object| {
        let Facts::Vital(vital) = &object.facts else { return None };
        let elsewhere = Vital::elsewhere(vital.source, &vital.query)?;
        // What was known and no longer is must not stay as it was.
        let heard =
            heard(model, vital).unwrap_or_else(|| Heard::of(Answer::NotAsked(elsewhere.as_str().into())));
        let mut next = vital.clone();
        next.hear(heard, model.now);
        let same = next.answer == vital.answer && next.note == vital.note && next.level == vital.level;
        // A value that stays as it is makes news only now and then, for its trend.
        let fresh = !next.is_asked() || vital.at.is_some_and(|at| model.now.since(at) < EVERY);
        (!same || !fresh).then(|| Object { facts: Facts::Vital(next), created: model.now, ..object.clone() })
    });
    changed.collect()
}

/// `None`: nothing here knows.
fn heard(model: &Model, vital: &Vital) -> Option<Heard> {
    let words: Vec<&str> = vital.query.split_whitespace().collect();
    let ask = Ask::read(&words)?;
    match vital.source {
        FactSource::Kubernetes => kubernetes(model, vital, &ask),
        FactSource::Docker => containers(model, vital, &ask),
        FactSource::Alertmanager => alerts(model, vital),
        _ => None,
    }
}

/// A question in the words of the tool that it stands for.
struct Ask<'q> {
    what: &'q str,
    namespace: Option<&'q str>,
    /// `app=web`.
    label: Option<(&'q str, &'q str)>,
    rest: Vec<&'q str>,
}

impl<'q> Ask<'q> {
    fn read(words: &[&'q str]) -> Option<Ask<'q>> {
        let (what, others) = words.split_first()?;
        let mut ask = Ask { what, namespace: None, label: None, rest: Vec::new() };
        let mut others = others.iter();
        while let Some(word) = others.next() {
            match *word {
                "-n" => ask.namespace = Some(others.next()?),
                "-l" => ask.label = Some(others.next()?.split_once('=')?),
                word => ask.rest.push(word),
            }
        }
        Some(ask)
    }

    fn covers(&self, id: &ObjectRef) -> bool {
        self.namespace.is_none_or(|namespace| &*id.namespace == namespace)
    }

    fn pods<'m>(&'m self, model: &'m Model) -> impl Iterator<Item = &'m Pod> {
        let labelled = |pod: &Pod| {
            self.label.is_none_or(|(key, value)| pod.labels.iter().any(|(k, v)| &**k == key && &**v == value))
        };
        model.pods.all().filter(move |pod| self.covers(&pod.id) && labelled(pod))
    }
}

/// Whether some cluster shows what there is in this namespace. What is not looked at counts nothing.
fn in_view(model: &Model, kind: Kind, namespace: &str) -> bool {
    let shows = |of: &str| of.is_empty() || of == namespace;
    model.feeds.keys().any(|feed| match feed {
        Feed::Pods(_, of) => kind == Kind::Pod && shows(of),
        Feed::Objects(_, other, of) => *other == kind && shows(of),
        _ => false,
    })
}

/// Why the rows of a kind tell nothing now; `Ok(false)` where nobody reads them.
fn known(model: &Model, kind: Kind) -> Result<bool, Heard> {
    known_by(model, kind, |feed| things::fed_by(kind, feed))
}

fn known_by(model: &Model, kind: Kind, feeds: impl Fn(&Feed) -> bool) -> Result<bool, Heard> {
    match model.worst_feed(feeds) {
        None => Ok(false),
        Some((feed, status)) if model.feed_level(feed, status) == Level::Fine => Ok(true),
        Some(_) if model.listing(kind).is_none() && kind != Kind::Pod => Ok(false),
        Some((_, status)) => Err(Heard::error(&match &status.state {
            FeedState::Down { why, .. } | FeedState::Absent { why } => format!("{}: {why}", kind.plural()),
            FeedState::Forbidden { needs } => format!("{}: needs {needs}", kind.plural()),
            _ => format!("{} are not known now", kind.plural()),
        })),
    }
}

fn kubernetes(model: &Model, vital: &Vital, ask: &Ask<'_>) -> Option<Heard> {
    let first = ask.rest.first().copied();
    let kind = match (ask.what, first) {
        ("usage", Some("nodes")) => Kind::Node,
        ("usage", _) if ask.rest.contains(&"nodes") => Kind::Node,
        ("usage", _) => Kind::Pod,
        ("rollout", Some("history")) => return None,
        ("rollout", _) => Kind::Deployment,
        (what, _) => Kind::parse(what)?,
    };
    match known(model, kind) {
        Ok(true) => {}
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
        (_, Kind::Event) => None,
        ("rollout", _) => rollout(model, first?.strip_prefix("deployment/")?, ask),
        _ => objects(model, vital, kind, ask),
    }
}

/// Whether the limits ask for a word, not a number.
fn wants_word(vital: &Vital) -> bool {
    let bounds = [&vital.ok, &vital.warning, &vital.critical];
    bounds.into_iter().flatten().any(|bound| matches!(bound.value, BoundValue::Text(_)))
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
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

/// Autoscalers, certificates, deployments, nodes: the worst of them, or the one that is named.
fn objects(model: &Model, vital: &Vital, kind: Kind, ask: &Ask<'_>) -> Option<Heard> {
    let listing = model.listing(kind)?;
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

/// `ps not Up`, `inspect NAME .State.Health.Status`.
fn containers(model: &Model, vital: &Vital, ask: &Ask<'_>) -> Option<Heard> {
    match known(model, Kind::Container) {
        Ok(true) => {}
        Ok(false) => return None,
        Err(unknown) => return Some(unknown),
    }
    let on = |object: &&Object| vital.on.is_empty() || object.id.context == vital.on;
    let all = || {
        let own = model.listing(Kind::Container).into_iter().flat_map(|listing| listing.all().filter(on));
        own.filter_map(|object| match &object.facts {
            Facts::Container(container) => Some((object, container)),
            _ => None,
        })
    };
    match (ask.what, ask.rest.as_slice()) {
        ("ps", ["not", "Up"]) => {
            let down: Vec<&str> = all()
                .filter(|(_, container)| container.state != ContainerState::Running)
                .map(|(object, _)| &*object.id.name)
                .collect();
            Some(Heard::value(number(down.len())).note(down.join(", ")))
        }
        ("inspect", [name, ".State.Health.Status"]) => {
            let Some((_, container)) =
                all().find(|(object, container)| &*object.id.name == *name || &*container.service == *name)
            else {
                return Some(Heard::error("there is no such container"));
            };
            let word = match container.health {
                Some(Health::Healthy) => "healthy",
                Some(Health::Unhealthy) => "unhealthy",
                Some(Health::Starting) => "starting",
                None => return Some(Heard::error("it has no health check")),
            };
            Some(Heard::of(Answer::Word(word.into())))
        }
        _ => None,
    }
}

/// How many fire that match all of `name="value"`, apart by commas; of one server's, if one is named.
fn alerts(model: &Model, vital: &Vital) -> Option<Heard> {
    let on = &vital.on;
    let asked = |feed: &Feed| match feed {
        Feed::Endpoint(Backend::Alertmanager, name) if !on.is_empty() => name == on,
        _ => on.is_empty() && things::fed_by(Kind::Alert, feed),
    };
    match known_by(model, Kind::Alert, asked) {
        Ok(true) => {}
        Ok(false) => return None,
        Err(unknown) => return Some(unknown),
    }
    let mut wanted = Vec::new();
    for matcher in vital.query.trim_matches(['{', '}']).split(',') {
        let (name, value) = matcher.split_once('=')?;
        let (name, not) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
        // A pattern is the alerts pane's own business.
        if value.starts_with('~') {
            return None;
        }
        wanted.push((name.trim(), value.trim().trim_matches('"'), not));
    }
    let firing = model.listing(Kind::Alert)?.all().filter_map(|object| match &object.facts {
        Facts::Alerts(AlertFacts::Alert(alert)) if alert.state == AlertState::Firing => Some(alert),
        _ => None,
    });
    let hit: Vec<&str> = firing
        .filter(|alert| on.is_empty() || alert.seen_by.contains(on))
        .filter(|alert| {
            wanted.iter().all(|(name, value, not)| {
                let own = alert.labels.iter().find(|(key, _)| &**key == *name).map_or("", |(_, own)| &**own);
                (own == *value) != *not
            })
        })
        .map(|alert| &*alert.name)
        .collect();
    Some(Heard::value(number(hit.len())).note(hit.join(", ")))
}
