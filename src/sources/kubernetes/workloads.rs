//! Deployments, replica sets, stateful sets and daemon sets: one shape, four spellings.
use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;

use super::intern::Interner;
use super::lean::{Lean, LeanCondition, REVISION, conditions, lean_meta, object, resource};
use crate::domain::Text;
use crate::domain::feed::Feed;
use crate::domain::news::{News, Seen};
use crate::domain::object::{Facts, Kind, Object, Workload};

macro_rules! workload {
    ($name:ident, $kind:expr) => {
        #[derive(Debug, Clone, Deserialize)]
        pub(super) struct $name {
            #[serde(deserialize_with = "lean_meta")]
            metadata: ObjectMeta,
            #[serde(default)]
            spec: Spec,
            #[serde(default)]
            status: Status,
        }

        resource!($name, $kind);

        impl Lean for $name {
            const KIND: Kind = $kind;
            type Fact = Object;

            fn reduce(self, context: &Text, known: &mut Interner) -> Object {
                let workload = workload($kind, &self.metadata, &self.spec, &self.status, known);
                object($kind, &self.metadata, context, known, Facts::Workload(workload))
            }

            fn news(feed: Feed, seen: Vec<Seen<Object>>) -> News {
                News::Objects(feed, seen)
            }
        }
    };
}

workload!(DeploymentLite, Kind::Deployment);
workload!(ReplicaSetLite, Kind::ReplicaSet);
workload!(StatefulSetLite, Kind::StatefulSet);
workload!(DaemonSetLite, Kind::DaemonSet);

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    replicas: Option<i64>,
    paused: bool,
    progress_deadline_seconds: Option<i64>,
    selector: Option<Selector>,
    template: Option<Template>,
    strategy: Option<Strategy>,
    update_strategy: Option<Strategy>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Selector {
    match_labels: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Clone, Deserialize)]
struct Template {
    spec: Option<TemplateSpec>,
}

#[derive(Debug, Clone, Deserialize)]
struct TemplateSpec {
    containers: Option<Vec<TemplateContainer>>,
}

#[derive(Debug, Clone, Deserialize)]
struct TemplateContainer {
    name: String,
    image: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Strategy {
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    observed_generation: Option<i64>,
    replicas: Option<i64>,
    updated_replicas: Option<i64>,
    ready_replicas: Option<i64>,
    available_replicas: Option<i64>,
    unavailable_replicas: Option<i64>,
    desired_number_scheduled: Option<i64>,
    current_number_scheduled: Option<i64>,
    updated_number_scheduled: Option<i64>,
    number_ready: Option<i64>,
    number_available: Option<i64>,
    number_unavailable: Option<i64>,
    conditions: Option<Vec<LeanCondition>>,
}

fn workload(kind: Kind, meta: &ObjectMeta, spec: &Spec, status: &Status, known: &mut Interner) -> Workload {
    let per_node = kind == Kind::DaemonSet;
    let of = |replicas: Option<i64>, nodes: Option<i64>| count(if per_node { nodes } else { replicas });
    // Nothing asked for means one; a daemon set is asked for by its nodes.
    let desired =
        if per_node { count(status.desired_number_scheduled) } else { count(spec.replicas.or(Some(1))) };
    let current = of(status.replicas, status.current_number_scheduled);
    let available = of(status.available_replicas, status.number_available);
    // Replica sets have no notion of updated: their template never changes.
    let updated = if kind == Kind::ReplicaSet {
        current
    } else {
        of(status.updated_replicas, status.updated_number_scheduled)
    };
    let unavailable = if per_node { status.number_unavailable } else { status.unavailable_replicas };
    let labels = spec.selector.as_ref().and_then(|selector| selector.match_labels.as_ref());
    let template = spec.template.as_ref().and_then(|template| template.spec.as_ref()?.containers.as_ref());
    let strategy = spec.strategy.as_ref().or(spec.update_strategy.as_ref());
    let annotations = meta.annotations.as_ref();
    Workload {
        desired,
        current,
        updated,
        ready: of(status.ready_replicas, status.number_ready),
        available,
        unavailable: unavailable.map_or(desired.saturating_sub(available), |count_| count(Some(count_))),
        paused: spec.paused,
        generation: meta.generation.unwrap_or_default(),
        observed: status.observed_generation.unwrap_or_default(),
        revision: annotations.and_then(|all| all.get(REVISION)?.parse().ok()),
        images: template
            .into_iter()
            .flatten()
            .map(|each| (known.text(&each.name), known.text(each.image.as_deref().unwrap_or_default())))
            .collect(),
        selector: labels
            .into_iter()
            .flatten()
            .map(|(key, value)| (known.text(key), known.text(value)))
            .collect(),
        conditions: conditions(status.conditions.as_ref(), known),
        strategy: known.text(strategy.and_then(|strategy| strategy.kind.as_deref()).unwrap_or_default()),
        deadline_seconds: spec.progress_deadline_seconds.and_then(|seconds| u32::try_from(seconds).ok()),
    }
}

/// Absent is zero, and so is what cannot be.
pub(super) fn count(number: Option<i64>) -> u32 {
    number.map_or(0, |number| u32::try_from(number.max(0)).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts<K: Lean<Fact = Object>>(text: &str) -> Workload {
        let object = serde_json::from_str::<K>(text).unwrap().reduce(&"lab".into(), &mut Interner::default());
        match object.facts {
            Facts::Workload(workload) => workload,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_deployment_halfway_through_a_rollout_shows_both_halves() {
        let w = facts::<DeploymentLite>(
            r#"{"metadata":{"name":"web","generation":4,"annotations":{"deployment.kubernetes.io/revision":"14"}},
            "spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"}},"strategy":{"type":"RollingUpdate"},
              "progressDeadlineSeconds":600,"template":{"spec":{"containers":[{"name":"web","image":"web:7.3.0"}]}}},
            "status":{"observedGeneration":4,"replicas":4,"updatedReplicas":2,"readyReplicas":2,"availableReplicas":2,
              "unavailableReplicas":2,"conditions":[{"type":"Progressing","status":"False",
              "reason":"ProgressDeadlineExceeded"}]}}"#,
        );
        assert_eq!((w.desired, w.current, w.updated, w.ready, w.unavailable), (3, 4, 2, 2, 2));
        assert_eq!((w.revision, w.deadline_seconds), (Some(14), Some(600)));
        assert_eq!(w.images, [("web".into(), "web:7.3.0".into())]);
        assert_eq!(w.conditions[0].met, Some(false));
    }

    #[test]
    fn a_daemon_set_is_counted_in_nodes() {
        let w = facts::<DaemonSetLite>(
            r#"{"metadata":{"name":"agent"},"spec":{},"status":{"desiredNumberScheduled":6,"currentNumberScheduled":6,
            "updatedNumberScheduled":4,"numberReady":5,"numberAvailable":5,"numberUnavailable":1}}"#,
        );
        assert_eq!((w.desired, w.current, w.updated, w.ready, w.unavailable), (6, 6, 4, 5, 1));
    }

    #[test]
    fn nothing_asked_for_means_one() {
        let w = facts::<StatefulSetLite>(r#"{"metadata":{"name":"db"},"spec":{},"status":{"replicas":0}}"#);
        assert_eq!((w.desired, w.unavailable), (1, 1));
    }
}
