//! What this user may and may not do in a cluster, and the grant that is missing.
use crate::domain::text::quoted;
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use super::cluster::Asked;
use super::report::{Finding, Status};

/// Reviews at once.
const AT_ONCE: usize = 8;
/// More namespaces than this are asked about in the first ones only.
const NAMESPACES: usize = 6;

/// Rights that belong together: what for, which verbs, on what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Right {
    key: &'static str,
    what: &'static str,
    verbs: &'static [&'static str],
    group: &'static str,
    resource: &'static str,
    subresource: &'static str,
    /// In a namespace, or of the whole cluster.
    namespaced: bool,
}

const fn right(
    key: &'static str,
    what: &'static str,
    verbs: &'static [&'static str],
    (group, resource, subresource): (&'static str, &'static str, &'static str),
    namespaced: bool,
) -> Right {
    Right { key, what, verbs, group, resource, subresource, namespaced }
}

const WATCH: &[&str] = &["list", "watch"];
pub(super) const METRICS: &str = "metrics.k8s.io";
pub(super) const CERTIFICATES: &str = "cert-manager.io";

pub(super) const RIGHTS: [Right; 17] = [
    right("may_see_pods", "see pods", WATCH, ("", "pods", ""), true),
    right("may_see_nodes", "see nodes", WATCH, ("", "nodes", ""), false),
    right("may_see_metrics", "see what pods use", &["list"], (METRICS, "pods", ""), true),
    right("may_see_node_metrics", "see what nodes use", &["list"], (METRICS, "nodes", ""), false),
    right("may_read_logs", "read logs", &["get"], ("", "pods", "log"), true),
    right("may_see_events", "see events", WATCH, ("", "events", ""), true),
    right("may_see_deployments", "see deployments", WATCH, ("apps", "deployments", ""), true),
    right("may_see_revisions", "see revisions", WATCH, ("apps", "replicasets", ""), true),
    right(
        "may_see_autoscalers",
        "see autoscalers",
        WATCH,
        ("autoscaling", "horizontalpodautoscalers", ""),
        true,
    ),
    right("may_see_certificates", "see certificates", WATCH, (CERTIFICATES, "certificates", ""), true),
    right("may_exec", "open a shell", &["create"], ("", "pods", "exec"), true),
    right(
        "may_patch_deployments",
        "restart, undo, set an image",
        &["patch"],
        ("apps", "deployments", ""),
        true,
    ),
    right("may_scale_deployments", "scale", &["patch"], ("apps", "deployments", "scale"), true),
    right("may_delete_pods", "delete pods", &["delete"], ("", "pods", ""), true),
    right("may_evict", "evict, for a drain", &["create"], ("", "pods", "eviction"), true),
    right("may_patch_nodes", "cordon and drain", &["patch"], ("", "nodes", ""), false),
    right("may_see_namespaces", "see namespaces", &["list"], ("", "namespaces", ""), false),
];

/// What the server said of one verb in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Yes,
    No,
    Unknown(String),
}

/// Asks for every right in every namespace; the answers in order. What the server does not have needs no right.
pub(super) async fn look(asked: &Asked<'_>, identity: Option<&str>, absent: &[&str]) -> Vec<Finding> {
    let one = |right: &'static Right| async move {
        let everywhere = [String::new()];
        let places: Vec<String> = match (right.namespaced, asked.namespaces) {
            (true, some @ [_, ..]) => some.iter().take(NAMESPACES).cloned().collect(),
            _ => everywhere.to_vec(),
        };
        let mut answers = Vec::new();
        for place in places {
            for verb in right.verbs {
                answers.push((place.clone(), *verb, review(asked, right, verb, &place).await));
            }
        }
        finding(right, &answers, identity)
    };
    let there = RIGHTS.iter().filter(|right| !absent.contains(&right.group));
    stream::iter(there).map(one).buffered(AT_ONCE).collect().await
}

async fn review(asked: &Asked<'_>, right: &Right, verb: &str, namespace: &str) -> Said {
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "verb": verb,
            "group": right.group,
            "resource": right.resource,
            "subresource": right.subresource,
            "namespace": namespace,
        }},
    });
    match asked.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &body).await {
        Err(why) => Said::Unknown(why),
        Ok(answer) => match answer.pointer("/status/allowed").and_then(Value::as_bool) {
            Some(true) => Said::Yes,
            Some(false) => Said::No,
            None => Said::Unknown("the server did not say".into()),
        },
    }
}

fn finding(right: &Right, answers: &[(String, &'static str, Said)], identity: Option<&str>) -> Finding {
    let no: Vec<&(String, &'static str, Said)> =
        answers.iter().filter(|(_, _, said)| *said == Said::No).collect();
    let data = json!({
        "verbs": right.verbs, "resource": right.named(), "denied_in": namespaces(&no),
        "allowed": answers.iter().all(|(_, _, said)| *said == Said::Yes),
    });
    if no.is_empty() {
        let unknown = answers.iter().find_map(|(_, _, said)| match said {
            Said::Unknown(why) => Some(why),
            Said::Yes | Said::No => None,
        });
        return match unknown {
            Some(why) => {
                Finding::new(right.key, Status::Warning, format!("{}: not known: {why}", right.what))
            }
            None => Finding::new(right.key, Status::Good, right.needed(right.verbs)),
        }
        .data(data);
    }
    // Without its pods the cockpit shows nothing; all else is only less.
    let status = if right.key == "may_see_pods" { Status::Wrong } else { Status::Warning };
    let places = namespaces(&no);
    let within = match places.as_slice() {
        [] => String::new(),
        some => format!(" in {}", some.join(", ")),
    };
    let mut verbs: Vec<&str> = Vec::new();
    for (_, verb, _) in &no {
        if !verbs.contains(verb) {
            verbs.push(verb);
        }
    }
    let says = format!("may not {}{within}: needs {}", right.what, right.needed(&verbs));
    let mut finding = Finding::new(right.key, status, says).data(data);
    let places: Vec<Option<&str>> =
        if places.is_empty() { vec![None] } else { places.iter().map(|name| Some(name.as_str())).collect() };
    for place in places {
        finding = finding.remedy(grant(right, &verbs, place, identity));
    }
    finding
}

fn namespaces(no: &[&(String, &'static str, Said)]) -> Vec<String> {
    let mut places: Vec<String> =
        no.iter().map(|(place, ..)| place.clone()).filter(|p| !p.is_empty()).collect();
    places.dedup();
    places
}

impl Right {
    /// `list and watch pods`
    fn needed(&self, verbs: &[&str]) -> String {
        format!("{} {}", verbs.join(" and "), self.named())
    }

    /// `deployments.apps/scale`, as RBAC tools write it.
    fn named(&self) -> String {
        let group = if self.group.is_empty() { String::new() } else { format!(".{}", self.group) };
        let sub = if self.subresource.is_empty() { String::new() } else { format!("/{}", self.subresource) };
        format!("{}{group}{sub}", self.resource)
    }
}

/// The commands that grant exactly what is missing, to be run by somebody who may.
fn grant(right: &Right, verbs: &[&str], namespace: Option<&str>, identity: Option<&str>) -> String {
    let name = format!("firedeck-{}", right.key.replace('_', "-"));
    let (kind, place) = match namespace {
        Some(namespace) => ("role", format!(" -n {}", quoted(namespace))),
        None => ("clusterrole", String::new()),
    };
    let who = match identity.map(|name| (name, name.strip_prefix("system:serviceaccount:"))) {
        Some((_, Some(account))) => format!("--serviceaccount={}", quoted(account)),
        Some((user, None)) => format!("--user={}", quoted(user)),
        None => "--user=YOU".to_owned(),
    };
    format!(
        "kubectl create {kind} {name} --verb={} --resource={}{place} && \
         kubectl create {kind}binding {name} --{kind}={name} {who}{place}",
        verbs.join(","),
        right.named(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(key: &str) -> &'static Right {
        RIGHTS.iter().find(|right| right.key == key).expect("a right")
    }

    #[test]
    fn a_missing_right_names_the_commands_that_grant_it() {
        let scale = grant(of("may_scale_deployments"), &["patch"], Some("shop"), Some("jane doe"));
        assert_eq!(
            scale,
            "kubectl create role firedeck-may-scale-deployments --verb=patch \
             --resource=deployments.apps/scale -n shop && kubectl create rolebinding \
             firedeck-may-scale-deployments --role=firedeck-may-scale-deployments --user='jane doe' -n shop"
        );
        let nodes = grant(of("may_see_nodes"), WATCH, None, Some("system:serviceaccount:ops:deck"));
        assert!(nodes.starts_with("kubectl create clusterrole "), "{nodes}");
        assert!(nodes.ends_with("--serviceaccount=ops:deck"), "{nodes}");
    }

    #[test]
    fn one_no_in_one_namespace_is_told_with_that_namespace_alone() {
        let answers = [
            ("shop".to_owned(), "list", Said::Yes),
            ("shop".to_owned(), "watch", Said::Yes),
            ("ops".to_owned(), "list", Said::Yes),
            ("ops".to_owned(), "watch", Said::No),
        ];
        let found = finding(of("may_see_pods"), &answers, None);
        assert_eq!(found.status, Status::Wrong);
        assert_eq!(found.says, "may not see pods in ops: needs watch pods");
        assert_eq!(found.remedy.len(), 1);
        assert!(found.remedy[0].contains("--verb=watch ") && found.remedy[0].contains("--user=YOU"));
    }

    #[test]
    fn a_silence_is_neither_a_yes_nor_a_no() {
        let answers = [(String::new(), "patch", Said::Unknown("timed out".into()))];
        let found = finding(of("may_patch_nodes"), &answers, None);
        assert_eq!((found.status, found.remedy.len()), (Status::Warning, 0));
        assert!(found.says.contains("not known: timed out"));
    }
}
