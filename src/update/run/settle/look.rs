//! A look at what a change was to bring about, as the panes show it now.
mod servers;

use crate::domain::Text;
use crate::domain::feed::FeedState;
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind, Object, ObjectRef, Workload};
use crate::domain::pod::Pod;
use crate::domain::redis::read_size;
use crate::domain::rollout::{Progress, progress};
use crate::model::Model;
use crate::panes::answers::{Scope, blind};
use crate::panes::{pods, redis, things};
use crate::runbook::execution::Accepted;
use crate::runbook::judge::Watch;

/// What is seen of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// It is as it was to be: `3 of 3 ready`.
    So(String),
    /// It is on its way.
    Going(String),
    /// It was seen to fail.
    Failed(String),
    /// Nothing is known now, and why.
    Blind(String),
    /// No pane shows it.
    Nobody,
}

/// The kind that has to be watched to see it.
pub fn kind(watch: &Watch) -> Option<Kind> {
    match watch {
        Watch::RolledOut { object, .. } => named(object).map(|(kind, _)| kind),
        _ => None,
    }
}

pub fn look(model: &Model, watch: &Watch, accepted: &Accepted<'_>) -> Look {
    match watch {
        Watch::RolledOut { object, .. } if object.starts_with("container/") => {
            servers::container(model, object.trim_start_matches("container/"), accepted)
        }
        Watch::SlotsFree => servers::slots(model, accepted),
        Watch::RolledOut { object, namespace } => match named(object) {
            Some((kind, name)) => {
                rolled_out(model, kind, name, &place(accepted, namespace.as_deref()), accepted)
            }
            None => Look::Nobody,
        },
        Watch::PodsGone { object, namespace } => {
            let place = place(accepted, namespace.as_deref());
            match object.split_once('/') {
                Some(("node" | "nodes" | "no", name)) => drained(model, name, &place, accepted),
                Some((_, name)) if !name.is_empty() => replaced(model, name, &place, accepted),
                // Which ones were meant is not known any more.
                _ => Look::Nobody,
            }
        }
        Watch::ValueAsSet { name, value } => set(model, name, value, accepted),
        Watch::Nothing => Look::Nobody,
    }
}

/// `deployment/web` and `deployments`; nothing where it is no workload of a cluster.
fn named(object: &str) -> Option<(Kind, Option<&str>)> {
    let (kind, name) = match object.split_once('/') {
        Some((kind, name)) => (kind, Some(name).filter(|name| !name.is_empty())),
        None => (object, None),
    };
    let kind = Kind::parse(kind.split('.').next().unwrap_or_default())?;
    let workload = matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::ReplicaSet);
    workload.then_some((kind, name))
}

/// Where a command changed something.
#[derive(Default)]
struct Where {
    context: Option<Text>,
    namespace: Option<Text>,
}

fn place(accepted: &Accepted<'_>, namespace: Option<&str>) -> Where {
    let given = |text: &str| Some(Text::from(text)).filter(|text| !text.is_empty());
    let started = accepted.started;
    Where { context: given(&started.context), namespace: given(namespace.unwrap_or(&started.namespace)) }
}

impl Where {
    fn holds(&self, id: &ObjectRef) -> bool {
        let within = |own: &Option<Text>, other: &Text| own.as_ref().is_none_or(|own| own == other);
        within(&self.context, &id.context)
            && (id.namespace.is_empty() || within(&self.namespace, &id.namespace))
    }

    fn scope(&self) -> Scope {
        Scope::at(self.context.clone(), self.namespace.clone())
    }
}

/// So long after a command no word of it is nothing to speak of.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(15);

/// Why nothing can be said of a kind yet: no word came, or none since the command has ended.
fn unheard(model: &Model, kind: Kind, place: &Where, accepted: &Accepted<'_>) -> Option<Look> {
    let scope = place.scope();
    if let Some(why) = blind(model, kind, &scope) {
        return Some(Look::Blind(why));
    }
    let feeds = model.feeds.iter().filter(|(feed, _)| things::fed_by(kind, feed) && scope.covers(feed));
    let heard =
        feeds.filter(|(_, status)| status.state == FeedState::Live).map(|(_, status)| status.heard).min();
    let new = heard.flatten().is_some_and(|heard| heard > accepted.ended);
    // A poll takes its time: only who waits longer has to know that nothing came.
    let late = model.now.since(accepted.ended) >= PATIENCE;
    let waits = if late { "no word of it since" } else { "to be looked at" };
    (!new).then(|| Look::Going(waits.into()))
}

fn rolled_out(model: &Model, kind: Kind, name: Option<&str>, place: &Where, accepted: &Accepted<'_>) -> Look {
    if let Some(unheard) = unheard(model, kind, place, accepted) {
        return unheard;
    }
    let all = model.listing(kind).into_iter().flat_map(crate::model::listing::Listing::all);
    let own =
        all.filter(|object| place.holds(&object.id) && name.is_none_or(|name| *object.id.name == *name));
    let own: Vec<&Object> = own.collect();
    if own.len() > 1 && name.is_some() {
        return Look::Blind("there are several of this name".into());
    }
    let mut ready = None;
    for object in &own {
        let Facts::Workload(workload) = &object.facts else { continue };
        let several = own.len() > 1;
        let named = |words: String| if several { format!("{}: {words}", object.id.name) } else { words };
        match one(model, object, workload, accepted) {
            Look::So(words) => ready = Some(words),
            Look::Failed(words) => return Look::Failed(named(words)),
            Look::Going(words) => return Look::Going(named(words)),
            other => return other,
        }
    }
    match (ready, own.len()) {
        (Some(words), 1) => Look::So(words),
        (Some(_), n) => Look::So(format!("all {n} are ready")),
        (None, _) => Look::Going("it is not there".into()),
    }
}

fn one(model: &Model, object: &Object, workload: &Workload, accepted: &Accepted<'_>) -> Look {
    if object.deleting {
        return Look::Going("it is being deleted".into());
    }
    match progress(object.id.kind, workload) {
        Progress::Done if workload.paused => Look::Going("it is paused".into()),
        Progress::Done => Look::So(format!("{} of {} ready", workload.ready, workload.desired)),
        Progress::TimedOut => {
            // One that was given up before says nothing of this one.
            let stuck = workload.stuck().and_then(|stuck| stuck.since);
            if stuck.is_some_and(|since| since > accepted.began) {
                Look::Failed("the rollout did not come through within its own deadline".into())
            } else {
                Look::Going("the rollout has not begun".into())
            }
        }
        Progress::Going(words) => match crashing(model, object, workload, accepted) {
            0 => Look::Going(words),
            1 => Look::Failed("a new pod crashes again and again".into()),
            n => Look::Failed(format!("{n} new pods crash again and again")),
        },
    }
}

/// How many pods that were made since crash again and again.
fn crashing(model: &Model, object: &Object, workload: &Workload, accepted: &Accepted<'_>) -> usize {
    let place =
        Where { context: Some(object.id.context.clone()), namespace: Some(object.id.namespace.clone()) };
    if workload.selector.is_empty() || blind(model, Kind::Pod, &place.scope()).is_some() {
        return 0;
    }
    let new = model.pods.ranked().filter(|(pod, _)| {
        pod.created >= accepted.began
            && place.holds(&pod.id)
            && workload.selector.iter().all(|pair| pod.labels.contains(pair))
    });
    new.filter(|(pod, rank)| pods::ails(model.now, pod, rank.level).crashing).count()
}

/// A pod that was deleted: it is gone, and what its owner made in its place is ready.
fn replaced(model: &Model, name: &str, place: &Where, accepted: &Accepted<'_>) -> Look {
    if let Some(unheard) = unheard(model, Kind::Pod, place, accepted) {
        return unheard;
    }
    let set = name.rsplit_once('-').map_or(name, |(set, _)| set);
    let owned = |pod: &Pod| pod.owner.as_ref().is_some_and(|owner| *owner.name == *set);
    let mut others = (0, 0);
    for (pod, rank) in model.pods.ranked().filter(|(pod, _)| place.holds(&pod.id)) {
        if *pod.id.name == *name && pod.created < accepted.began {
            return Look::Going(format!("{name} is still there"));
        }
        if (owned(pod) || *pod.id.name == *name) && rank.level != Level::Done {
            others.0 += u32::from(pod.ready == Some(true) && rank.level != Level::Unknown);
            others.1 += 1;
        }
    }
    match others {
        (_, 0) => Look::Going("it is gone; nothing is seen in its place".into()),
        (ready, all) if ready < all => {
            Look::Going(format!("it is gone; {ready} of {all} in its place ready"))
        }
        (ready, all) => Look::So(format!("it is gone; {ready} of {all} in its place ready")),
    }
}

/// A node that was drained: what stays on each node may stay.
fn drained(model: &Model, name: &str, place: &Where, accepted: &Accepted<'_>) -> Look {
    let everywhere = Where { context: place.context.clone(), namespace: None };
    if let Some(unheard) = unheard(model, Kind::Pod, &everywhere, accepted) {
        return unheard;
    }
    let own = model.pods.ranked().filter(|(pod, rank)| {
        let stays = pod.owner.as_ref().is_some_and(|owner| matches!(&*owner.kind, "DaemonSet" | "Node"));
        everywhere.holds(&pod.id) && pod.node.as_deref() == Some(name) && !stays && rank.level != Level::Done
    });
    match own.count() {
        0 => Look::So(format!("no pod is left on {name}")),
        1 => Look::Going(format!("1 pod is still on {name}")),
        n => Look::Going(format!("{n} pods are still on {name}")),
    }
}

/// A setting that a pane shows.
fn set(model: &Model, name: &str, value: &str, accepted: &Accepted<'_>) -> Look {
    match name.strip_prefix("node/").and_then(|name| name.strip_suffix(" schedulable")) {
        Some(node) => schedulable(model, node, value == "yes", accepted),
        None => in_redis(model, name, value, accepted),
    }
}

fn schedulable(model: &Model, name: &str, wanted: bool, accepted: &Accepted<'_>) -> Look {
    let place = place(accepted, None);
    if let Some(unheard) = unheard(model, Kind::Node, &place, accepted) {
        return unheard;
    }
    let mut all = model.listing(Kind::Node).into_iter().flat_map(crate::model::listing::Listing::all);
    let node = all.find(|object| *object.id.name == *name && place.holds(&object.id));
    match node.map(|object| &object.facts) {
        Some(Facts::Node(node)) if node.unschedulable != wanted => {
            Look::So(if wanted { "it takes pods" } else { "it takes no pods" }.into())
        }
        Some(Facts::Node(_)) => Look::Going("it is not marked so yet".into()),
        _ => Look::Going("it is not there".into()),
    }
}

/// The memory that a Redis may use and what it does beyond it; where there are several, which was meant is not known.
fn in_redis(model: &Model, name: &str, value: &str, accepted: &Accepted<'_>) -> Look {
    let shown = matches!(name.to_lowercase().as_str(), "maxmemory" | "maxmemory-policy");
    let mut all = model.listing(Kind::RedisNode).into_iter().flat_map(crate::model::listing::Listing::all);
    let (Some(object), None, true) = (all.next(), all.next(), shown) else { return Look::Nobody };
    if let Some(unheard) = unheard(model, Kind::RedisNode, &Where::default(), accepted) {
        return unheard;
    }
    let Some(node) = redis::node(object) else { return Look::Nobody };
    let same = if name.eq_ignore_ascii_case("maxmemory") {
        read_size(value).is_some_and(|size| node.memory.max == Some(size))
    } else {
        node.memory.policy.eq_ignore_ascii_case(value)
    };
    if same {
        Look::So(format!("{name} is {value}"))
    } else {
        Look::Going(format!("{name} is not {value} yet"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workloads_are_known_by_the_words_that_people_type() {
        assert_eq!(named("deploy/web"), Some((Kind::Deployment, Some("web"))));
        assert_eq!(named("deployment.apps/web"), Some((Kind::Deployment, Some("web"))));
        assert_eq!(named("statefulsets"), Some((Kind::StatefulSet, None)));
        for other in ["web", "pod/web", "service/web", "", "/"] {
            assert_eq!(named(other), None, "{other}");
        }
    }

    #[test]
    fn sizes_are_read_as_redis_reads_them() {
        assert_eq!(
            [read_size("2gb"), read_size("1k"), read_size("7")],
            [Some(2 << 30), Some(1_000), Some(7)]
        );
        assert_eq!([read_size(""), read_size("2 tb"), read_size("99999999999gb")], [None; 3]);
    }
}
