//! Whether measures still stand, as far as the panes know: the replicas and images of a cluster's
//! workloads, the memory limit of a Redis, the connections that a database takes. What else was set, nobody has looked at.
use crate::domain::database::DatabaseFacts;
use crate::domain::object::{Facts, Kind, ObjectRef, Workload};
use crate::domain::redis::{self, RedisFacts, read_size};
use crate::incident::event::{MeasureSeen, Stands, What};
use crate::incident::state::Measure;
use crate::model::Model;
use crate::model::msg::Effect;

/// Kinds that have replicas and images.
pub(super) fn is_workload(kind: Kind) -> bool {
    matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet)
}

/// What was seen is written down where it is something else than was seen before, whoever saw that.
pub(super) fn look(model: &Model) -> Vec<Effect> {
    let incidents = &model.incidents;
    let Some(state) = incidents.open().filter(|_| incidents.taken && !model.wall) else { return Vec::new() };
    let seen = state.open_measures().filter_map(|measure| {
        let (stands, says) = standing(model, measure)?;
        let known = measure.seen.as_ref().is_some_and(|seen| seen.stands == stands && seen.says == says);
        let measure = measure.measure.clone();
        (!known).then_some(What::MeasureSeen(MeasureSeen { measure, stands, says }))
    });
    seen.map(|what| Effect::Tell(Box::new(what))).collect()
}

/// Whether it stands, and what was read; none where it is of something that no pane shows.
fn standing(model: &Model, measure: &Measure) -> Option<(Stands, String)> {
    if measure.now.is_empty() {
        return None;
    }
    if let Some(seen) = of_redis(model, measure).or_else(|| of_database(model, measure)) {
        return Some(seen);
    }
    let target = target(model, &measure.measure)?;
    let listing = model.listing(target.kind)?;
    let object = listing.get(&target);
    let Some(Facts::Workload(workload)) = object.map(|object| &object.facts) else {
        // Another pane is looked at: what is not seen is not said.
        return None;
    };
    let is = read(workload, measure)?;
    let stands = compared(&is, measure, |is, said| is == said);
    Some((stands, is))
}

/// The memory limit of the only Redis, or what it does when that is reached.
fn of_redis(model: &Model, measure: &Measure) -> Option<(Stands, String)> {
    let what = measure.what.to_lowercase();
    if !what.contains("maxmemory") {
        return None;
    }
    let mut nodes = model.listing(Kind::RedisNode)?.all().filter_map(|object| match &object.facts {
        // What is not heard now is not seen now.
        Facts::Redis(RedisFacts::Node(node)) if node.trouble.is_none() => Some(&node.memory),
        _ => None,
    });
    // Of several nobody said which one is meant.
    let (memory, None) = (nodes.next()?, nodes.next()) else { return None };
    if what.contains("policy") {
        let is = memory.policy.to_string();
        return Some((compared(&is, measure, |is, said| is == said), is));
    }
    let is = memory.max?;
    // People write a blank in front of the unit.
    let read = |said: &str| read_size(&said.split_whitespace().collect::<String>());
    let stands = compared(&is, measure, |is, said| read(said) == Some(*is));
    let says = if is == 0 { "no limit".to_owned() } else { redis::size(is) };
    Some((stands, says))
}

/// The number of connections that the only database takes.
fn of_database(model: &Model, measure: &Measure) -> Option<(Stands, String)> {
    if !measure.what.to_lowercase().contains("max_connections") {
        return None;
    }
    let mut servers = model.listing(Kind::Server)?.all().filter_map(|object| match &object.facts {
        Facts::Database(DatabaseFacts::Server(server)) => Some(server.max),
        _ => None,
    });
    let (is, None) = (servers.next()?, servers.next()) else { return None };
    let stands = compared(&is, measure, |is, said| said.trim().parse() == Ok(*is));
    Some((stands, is.to_string()))
}

fn compared<T>(is: &T, measure: &Measure, same: impl Fn(&T, &str) -> bool) -> Stands {
    match () {
        () if same(is, &measure.now) => Stands::Yes,
        () if same(is, &measure.prior) => Stands::No,
        () => Stands::Unknown,
    }
}

/// The value that it is about: the number of replicas, or the image of a container.
fn read(workload: &Workload, measure: &Measure) -> Option<String> {
    let what = measure.what.to_lowercase();
    let number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if what.contains("replica") && number(&measure.now) {
        return Some(workload.desired.to_string());
    }
    if what.contains("image") {
        let named = workload.images.iter().find(|(container, _)| what.ends_with(&format!(" {container}")));
        let only = workload.images.first().filter(|_| workload.images.len() == 1);
        return named.or(only).map(|(_, image)| image.to_string());
    }
    None
}

fn target(model: &Model, name: &str) -> Option<ObjectRef> {
    let told = model.incidents.known.events().rev().find_map(|event| match &event.what {
        What::MeasureOpened(said) if said.measure == name => said.target.as_ref(),
        _ => None,
    });
    told.and_then(crate::incident::event::Target::thing).filter(|of| is_workload(of.kind))
}
