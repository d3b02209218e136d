//! Answers, from what other panes know, the questions that no probe asks: pods, usage, autoscalers, alerts,
//! containers. What is not in view stays unanswered.
mod cluster;

use std::time::Duration;

use crate::domain::alert::{AlertFacts, AlertState};
use crate::domain::container::{ContainerState, Health};
use crate::domain::feed::{Feed, FeedState};
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind, Object, ObjectRef, Realm};
use crate::domain::pod::Pod;
use crate::domain::settings::endpoint::Backend;
use crate::domain::settings::limit::{Fact, FactSource};
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
        FactSource::Kubernetes => cluster::kubernetes(model, vital, &ask),
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

/// The kinds that these questions are about, so that somebody looks at them.
pub fn asked(model: &Model) -> Vec<Kind> {
    let profile = &model.settings.profile;
    let all = profile.probes.iter().chain(profile.limits.iter().map(|limit| &limit.fact));
    let of = |fact: &Fact| {
        let words: Vec<&str> = fact.query.split_whitespace().collect();
        match (fact.source, words.as_slice()) {
            (FactSource::Kubernetes, ["usage", ..]) => Vec::new(),
            (FactSource::Kubernetes, ["rollout", "history", ..]) => vec![Kind::Deployment, Kind::ReplicaSet],
            (FactSource::Kubernetes, ["rollout", ..]) => vec![Kind::Deployment],
            (FactSource::Kubernetes, [what, ..]) => Kind::parse(what).into_iter().collect(),
            _ => Vec::new(),
        }
    };
    all.flat_map(of).filter(|kind| kind.realm() == Realm::Kubernetes).collect()
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
            // `docker-compose ps` lists services; what else runs on that engine is none.
            let composed = all().any(|(_, container)| !container.project.is_empty());
            let down: Vec<&str> = all()
                .filter(|(_, container)| !composed || !container.project.is_empty())
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

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
