//! Nodes: what is read of them, and how they become an `Object`.
use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;

use super::intern::Interner;
use super::lean::{Amount, Lean, LeanCondition, lean_meta, object, resource};
use crate::domain::Text;
use crate::domain::feed::Feed;
use crate::domain::news::{News, Seen};
use crate::domain::object::{Facts, Kind, Node, Object};

#[derive(Debug, Clone, Deserialize)]
pub(super) struct NodeLite {
    #[serde(deserialize_with = "lean_meta")]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

resource!(NodeLite, Kind::Node);

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Spec {
    unschedulable: bool,
    taints: Option<Vec<Taint>>,
}

#[derive(Debug, Clone, Deserialize)]
struct Taint {
    key: String,
    value: Option<String>,
    effect: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    allocatable: Option<BTreeMap<String, Amount>>,
    conditions: Option<Vec<LeanCondition>>,
    node_info: Option<NodeInfo>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeInfo {
    kubelet_version: String,
}

const ROLE: &str = "node-role.kubernetes.io/";

impl Lean for NodeLite {
    const KIND: Kind = Kind::Node;
    type Fact = Object;

    fn reduce(self, context: &Text, known: &mut Interner) -> Object {
        let NodeLite { metadata, spec, status } = self;
        let all = status.conditions.unwrap_or_default();
        let ready = all.iter().find(|condition| condition.kind == "Ready");
        let amount =
            |name: &str| status.allocatable.as_ref().and_then(|all| all.get(name)?.0).unwrap_or_default();
        let node = Node {
            ready: ready.and_then(LeanCondition::met),
            // Of the others only those speak of trouble that are on; a Ready that is off says why.
            conditions: all
                .iter()
                .filter(|condition| (condition.kind == "Ready") != (condition.met() == Some(true)))
                .map(|condition| condition.reduce(known))
                .collect(),
            unschedulable: spec.unschedulable,
            roles: known.text(&roles(&metadata)),
            version: known.text(status.node_info.as_ref().map_or("", |info| &info.kubelet_version)),
            cpu_milli: amount("cpu").milli(),
            memory: amount("memory").units(),
            pods: u32::try_from(amount("pods").units()).unwrap_or(u32::MAX),
            taints: spec.taints.iter().flatten().map(|taint| known.text(&taint.to_string())).collect(),
            usage: None,
        };
        object(Kind::Node, &metadata, context, known, Facts::Node(node))
    }

    fn news(feed: Feed, seen: Vec<Seen<Object>>) -> News {
        News::Objects(feed, seen)
    }
}

fn roles(meta: &ObjectMeta) -> String {
    let keys = meta.labels.iter().flatten().map(|(key, _)| key);
    let roles: Vec<&str> =
        keys.filter_map(|key| key.strip_prefix(ROLE)).filter(|role| !role.is_empty()).collect();
    roles.join(",")
}

/// As kubectl writes it: `dedicated=gpu:NoSchedule`.
impl std::fmt::Display for Taint {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.value.as_deref() {
            Some(value) if !value.is_empty() => write!(out, "{}={value}:{}", self.key, self.effect),
            _ => write!(out, "{}:{}", self.key, self.effect),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_fell_silent_is_neither_ready_nor_not() {
        let text = r#"{"metadata":{"name":"n1","labels":{"node-role.kubernetes.io/worker":""}},
            "spec":{"unschedulable":true,"taints":[{"key":"gpu","value":"yes","effect":"NoSchedule"}]},
            "status":{"allocatable":{"cpu":"3920m","memory":"16Gi","pods":"110"},"nodeInfo":{"kubeletVersion":"v1.36.3"},
              "conditions":[{"type":"Ready","status":"Unknown","reason":"NodeStatusUnknown"},
              {"type":"MemoryPressure","status":"True"},{"type":"DiskPressure","status":"False"}]}}"#;
        let node =
            serde_json::from_str::<NodeLite>(text).unwrap().reduce(&"lab".into(), &mut Interner::default());
        let Facts::Node(facts) = node.facts else { panic!("a node") };
        assert_eq!((facts.ready, facts.unschedulable, &*facts.roles), (None, true, "worker"));
        assert_eq!((facts.cpu_milli, facts.memory, facts.pods), (3920, 16 << 30, 110));
        assert_eq!(facts.taints.iter().map(|taint| &**taint).collect::<Vec<_>>(), ["gpu=yes:NoSchedule"]);
        let kinds: Vec<&str> = facts.conditions.iter().map(|condition| &*condition.kind).collect();
        assert_eq!(kinds, ["Ready", "MemoryPressure"]);
    }
}
