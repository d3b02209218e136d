//! The cluster as a whole: what controllers, kubelets and users make of each other.
mod served;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::api::Reply;
use super::refusal::Refusal;
use super::value::{Dig, later, met};
use super::{Cluster, NodeState};
use crate::world::http::Request;

fn estate() -> Cluster {
    let mut cluster = Cluster::new(1, Timestamp::from_second(1_790_000_000).unwrap());
    for name in ["node-1", "node-2", "node-3"] {
        cluster.apply(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})).unwrap();
    }
    cluster.apply(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})).unwrap();
    cluster
}

fn deployment(name: &str, image: &str, replicas: i64) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "shop"}, "spec": {
        "replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": name, "image": image, "resources": {"requests": {"cpu": "100m", "memory": "64Mi"},
        "limits": {"memory": "128Mi"}}}]}}}})
}

fn with(name: &str, image: &str, replicas: i64) -> Cluster {
    let mut cluster = estate();
    cluster.apply(deployment(name, image, replicas)).unwrap();
    run(&mut cluster, 10.0);
    cluster
}

/// Lets time pass in the steps of the world.
fn run(cluster: &mut Cluster, seconds: f64) {
    let end = later(cluster.now, seconds);
    while cluster.now < end {
        cluster.tick(later(cluster.now, 0.25));
    }
}

pub fn request(method: &str, path: &str, body: &Value) -> Request {
    let form = match method {
        "PATCH" if body.is_array() => "application/json-patch+json",
        "PATCH" => "application/strategic-merge-patch+json",
        _ => "application/json",
    };
    let request = http::Request::builder().method(method).uri(path).header("content-type", form);
    let mut request = request.body(()).unwrap();
    let upgrade = hyper::upgrade::on(&mut request);
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Request { parts: request.into_parts().0, body: body.into(), upgrade }
}

pub fn ask(
    cluster: &mut Cluster,
    who: &str,
    method: &str,
    path: &str,
    body: &Value,
) -> Result<Value, Refusal> {
    match cluster.call(who, &request(method, path, body))? {
        Reply::Whole(_, _, text) => Ok(serde_json::from_str(&text).unwrap()),
        _ => panic!("it goes on"),
    }
}

const WEB: &str = "/apis/apps/v1/namespaces/shop/deployments/web";
const PODS: &str = "/api/v1/namespaces/shop/pods";

fn image(to: &str) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": to}]}}}})
}

fn revision(cluster: &mut Cluster) -> String {
    let web = ask(cluster, "admin", "GET", WEB, &Value::Null).unwrap();
    web.text("/metadata/annotations/deployment.kubernetes.io~1revision").to_owned()
}

fn running(cluster: &Cluster) -> Vec<String> {
    cluster.pods().iter().filter(|pod| pod.ready && !pod.deleting).map(|pod| pod.image.clone()).collect()
}

#[test]
fn a_rollout_replaces_pods_without_ever_having_too_few() {
    let mut cluster = with("web", "web:1", 4);
    assert_eq!(running(&cluster), ["web:1"; 4]);
    ask(&mut cluster, "admin", "PATCH", WEB, &image("web:2")).unwrap();
    for _ in 0..120 {
        run(&mut cluster, 0.25);
        assert!(
            running(&cluster).len() >= 3 && cluster.pods().iter().filter(|pod| !pod.deleting).count() <= 5
        );
    }
    assert_eq!(running(&cluster), ["web:2"; 4]);
    let web = ask(&mut cluster, "admin", "GET", WEB, &Value::Null).unwrap();
    assert_eq!(
        (web.int("/status/updatedReplicas"), web.int("/status/observedGeneration")),
        (Some(4), Some(2))
    );
    assert_eq!(revision(&mut cluster), "2");
}

#[test]
fn a_bad_release_crashes_beside_the_old_pods_and_an_undo_heals_it() {
    let mut cluster = with("web", "web:1", 2);
    ask(&mut cluster, "operator", "PATCH", WEB, &image("web:2-crashloop")).unwrap();
    run(&mut cluster, 70.0);
    let bad = cluster.pods().into_iter().find(|pod| pod.image == "web:2-crashloop").unwrap();
    assert_eq!((bad.status.as_str(), bad.ready), ("CrashLoopBackOff", false));
    assert_eq!(running(&cluster), ["web:1"; 2]);
    ask(&mut cluster, "operator", "PATCH", WEB, &image("web:1")).unwrap();
    run(&mut cluster, 10.0);
    assert!(cluster.pods().iter().all(|pod| pod.image == "web:1" && pod.ready));
    assert_eq!(revision(&mut cluster), "3");
    let deeds = cluster.deeds();
    let told: Vec<&str> = deeds.iter().map(|deed| deed.detail.as_str()).collect();
    assert_eq!(
        told,
        [
            "spec.template.spec.containers.0.image: web:1 → web:2-crashloop",
            "spec.template.spec.containers.0.image: web:2-crashloop → web:1"
        ]
    );
}

#[test]
fn a_pod_above_its_limit_is_killed_with_137_and_begins_anew() {
    let mut cluster = with("web", "web:1", 1);
    cluster.usage("shop", "web", 900.0, 300e6);
    run(&mut cluster, 30.0);
    let pods = ask(&mut cluster, "viewer", "GET", PODS, &Value::Null).unwrap();
    let last = pods.pointer("/items/0/status/containerStatuses/0/lastState/terminated").unwrap();
    assert_eq!((last.text("/reason"), last.int("/exitCode")), ("OOMKilled", Some(137)));
    assert!(cluster.pods().iter().all(|pod| pod.restarts > 0));
}

#[test]
fn an_autoscaler_follows_the_cpu_within_its_bounds() {
    let mut cluster = with("web", "web:1", 2);
    let metric = json!([{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}]);
    cluster.apply(json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 2, "maxReplicas": 5, "metrics": metric}})).unwrap();
    cluster.usage("shop", "web", 200.0, 50e6);
    run(&mut cluster, 90.0);
    assert_eq!(running(&cluster).len(), 5);
    cluster.usage("shop", "web", 10.0, 50e6);
    run(&mut cluster, 60.0);
    assert_eq!(running(&cluster).len(), 5, "not at once");
    run(&mut cluster, 330.0);
    assert_eq!(running(&cluster).len(), 2);
}

#[test]
fn a_silent_node_is_not_ready_and_its_pods_come_elsewhere() {
    let mut cluster = with("web", "web:1", 3);
    cluster.node_state("node-1", NodeState::Silent);
    run(&mut cluster, 30.0);
    assert!(cluster.nodes().iter().all(|node| node.ready), "it is given time");
    run(&mut cluster, 20.0);
    let lost = |pods: &[super::PodFact]| pods.iter().filter(|pod| pod.node == "node-1" && !pod.ready).count();
    assert_eq!(cluster.nodes().iter().filter(|node| !node.ready).count(), 1);
    assert_eq!((lost(&cluster.pods()), running(&cluster).len()), (1, 2));
    run(&mut cluster, 310.0);
    assert_eq!(running(&cluster).len(), 3);
    assert!(cluster.pods().iter().any(|pod| pod.node == "node-1" && pod.status == "Terminating"));
    cluster.node_state("node-1", NodeState::Ready);
    run(&mut cluster, 20.0);
    assert!(cluster.nodes().iter().all(|node| node.ready) && cluster.pods().len() == 3);
}

#[test]
fn a_pod_that_fits_nowhere_says_why_and_comes_when_there_is_room() {
    let mut cluster = estate();
    let mut big = deployment("big", "big:1", 1);
    big.put("/spec/template/spec/containers/0/resources/requests/cpu", "6");
    cluster.apply(big).unwrap();
    run(&mut cluster, 5.0);
    let pods = ask(&mut cluster, "viewer", "GET", PODS, &Value::Null).unwrap();
    let why = pods.text("/items/0/status/conditions/0/message");
    assert!(why.starts_with("0/3 nodes are available: 3 Insufficient cpu."), "{why}");
    let room = json!({"cpu": "16", "memory": "32Gi", "pods": "110"});
    cluster.apply(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-4"}, "status": {"capacity": room}})).unwrap();
    run(&mut cluster, 10.0);
    assert_eq!(
        cluster.pods().first().map(|pod| (pod.node.clone(), pod.ready)),
        Some(("node-4".into(), true))
    );
}

#[test]
fn a_budget_holds_an_eviction_and_a_precondition_a_deletion() {
    let mut cluster = with("web", "web:1", 2);
    cluster.apply(json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}})).unwrap();
    run(&mut cluster, 3.0);
    let name = cluster.pods().first().unwrap().name.clone();
    let held =
        ask(&mut cluster, "admin", "POST", &format!("{PODS}/{name}/eviction"), &json!({})).unwrap_err();
    assert_eq!((held.code, held.reason), (429, "TooManyRequests"));
    let wrong = json!({"preconditions": {"uid": "another"}});
    let refused = ask(&mut cluster, "admin", "DELETE", &format!("{PODS}/{name}"), &wrong).unwrap_err();
    assert_eq!(refused.code, 409);
    ask(&mut cluster, "admin", "DELETE", &format!("{PODS}/{name}"), &Value::Null).unwrap();
    run(&mut cluster, 10.0);
    assert!(cluster.pods().len() == 2 && cluster.pods().iter().all(|pod| pod.name != name && pod.ready));
}

#[test]
fn each_user_may_do_what_their_roles_say_and_is_refused_in_the_servers_words() {
    let mut cluster = with("web", "web:1", 1);
    cluster.apply(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "guests", "namespace": "shop"},
        "roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": [{"kind": "User", "name": "guest"}]})).unwrap();
    let patch = json!({"spec": {"replicas": 3}});
    for (who, path, method, allowed) in [
        ("viewer", PODS, "GET", true),
        ("viewer", "/api/v1/nodes", "GET", false),
        ("viewer", "/api/v1/namespaces/shop/secrets", "GET", false),
        ("operator", "/api/v1/nodes", "GET", true),
        ("operator", WEB, "PATCH", true),
        ("viewer", WEB, "PATCH", false),
        ("guest", PODS, "GET", true),
        ("guest", "/api/v1/pods", "GET", false),
        ("", PODS, "GET", false),
    ] {
        let body = if method == "GET" { Value::Null } else { patch.clone() };
        assert_eq!(ask(&mut cluster, who, method, path, &body).is_ok(), allowed, "{who} {method} {path}");
    }
    let refused = ask(&mut cluster, "viewer", "PATCH", WEB, &patch).unwrap_err();
    let words = "deployments.apps \"web\" is forbidden: User \"viewer\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"shop\"";
    assert_eq!((refused.code, refused.message.as_str()), (403, words));
}

#[test]
fn a_version_that_is_old_is_refused_and_a_failed_test_changes_nothing() {
    let mut cluster = with("web", "web:1", 1);
    let mut old = ask(&mut cluster, "admin", "GET", WEB, &Value::Null).unwrap();
    ask(&mut cluster, "admin", "PATCH", WEB, &json!({"metadata": {"labels": {"a": "b"}}})).unwrap();
    old.put("/spec/replicas", 9);
    assert_eq!(ask(&mut cluster, "admin", "PUT", WEB, &old).unwrap_err().code, 409);
    let test = json!([{"op": "test", "path": "/spec/replicas", "value": 7}, {"op": "replace", "path": "/spec/replicas", "value": 8}]);
    assert_eq!(ask(&mut cluster, "admin", "PATCH", WEB, &test).unwrap_err().code, 422);
    let dry = ask(
        &mut cluster,
        "admin",
        "PATCH",
        &format!("{WEB}/scale?dryRun=All"),
        &json!({"spec": {"replicas": 5}}),
    )
    .unwrap();
    assert_eq!(dry.int("/spec/replicas"), Some(5));
    assert_eq!(cluster.deployments().first().map(|web| web.desired), Some(1));
}

#[test]
fn a_list_is_read_in_pages_and_a_watch_that_is_too_late_begins_anew() {
    let mut cluster = with("web", "web:1", 5);
    let first = ask(&mut cluster, "admin", "GET", &format!("{PODS}?limit=2"), &Value::Null).unwrap();
    assert_eq!((first.list("/items").len(), first.int("/metadata/remainingItemCount")), (2, Some(3)));
    let next = format!("{PODS}?limit=9&continue={}", first.text("/metadata/continue"));
    let rest = ask(&mut cluster, "admin", "GET", &next, &Value::Null).unwrap();
    assert_eq!((rest.list("/items").len(), rest.text("/metadata/continue")), (3, ""));
    let version = first.text("/metadata/resourceVersion").parse().unwrap();
    let (place, all) = (super::store::Key::new("Pod", "shop", ""), super::select::Selector::default());
    assert_eq!(cluster.store.after(version, &place, &all).unwrap().len(), 0);
    for _ in 0..2_100 {
        cluster.say("shop", "web", "line");
        ask(&mut cluster, "admin", "PATCH", WEB, &json!({"metadata": {"labels": {"a": "b"}}})).unwrap();
        ask(&mut cluster, "admin", "PATCH", WEB, &json!({"metadata": {"labels": {"a": "c"}}})).unwrap();
    }
    assert_eq!(cluster.store.after(version, &place, &all).unwrap_err().code, 410);
}

#[test]
fn a_quota_holds_a_rollout_and_is_named_until_there_is_room() {
    let mut cluster = with("web", "web:1", 2);
    cluster.apply(json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few", "namespace": "shop"},
        "spec": {"hard": {"pods": "3"}}})).unwrap();
    ask(&mut cluster, "admin", "PATCH", WEB, &json!({"spec": {"replicas": 4}})).unwrap();
    run(&mut cluster, 10.0);
    let web = ask(&mut cluster, "admin", "GET", WEB, &Value::Null).unwrap();
    let why = super::value::found(&web, "ReplicaFailure").unwrap().text("/message");
    assert!(running(&cluster).len() == 3 && why.contains("exceeded quota: few"), "{why}");
    ask(&mut cluster, "admin", "PATCH", WEB, &json!({"spec": {"replicas": 3}})).unwrap();
    run(&mut cluster, 10.0);
    let web = ask(&mut cluster, "admin", "GET", WEB, &Value::Null).unwrap();
    assert!(running(&cluster).len() == 3 && !met(&web, "ReplicaFailure"));
}

#[test]
fn a_job_completes_and_another_fails() {
    let mut cluster = estate();
    let template = |how: &str| {
        json!({"metadata": {"annotations": {"demo/behaviour": how, "demo/run-for": "2s"}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a:1"}]}})
    };
    for (name, how) in [("good", "complete"), ("bad", "fail")] {
        cluster.apply(json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"backoffLimit": 1, "template": template(how)}})).unwrap();
    }
    run(&mut cluster, 20.0);
    let jobs =
        ask(&mut cluster, "viewer", "GET", "/apis/batch/v1/namespaces/shop/jobs", &Value::Null).unwrap();
    let ended = |name: &str, how: &str| {
        jobs.list("/items").iter().any(|job| job.text("/metadata/name").starts_with(name) && met(job, how))
    };
    assert!(ended("good", "Complete") && ended("bad", "Failed"));
}

#[test]
fn a_namespace_goes_with_everything_in_it() {
    let mut cluster = with("web", "web:1", 2);
    ask(&mut cluster, "admin", "DELETE", "/api/v1/namespaces/shop", &Value::Null).unwrap();
    let refused = ask(
        &mut cluster,
        "admin",
        "POST",
        "/api/v1/namespaces/shop/configmaps",
        &json!({"metadata": {"name": "a"}}),
    );
    assert_eq!(refused.unwrap_err().code, 403);
    run(&mut cluster, 10.0);
    assert_eq!(
        ask(&mut cluster, "admin", "GET", "/api/v1/namespaces/shop", &Value::Null).unwrap_err().code,
        404
    );
    assert!(cluster.pods().is_empty());
}

#[test]
fn numbers_that_no_cluster_has_are_refused_or_bounded() {
    let mut cluster = with("web", "web:1", 1);
    for count in [i64::MAX, i64::MIN, -1] {
        let refused =
            ask(&mut cluster, "admin", "PATCH", WEB, &json!({"spec": {"replicas": count}})).unwrap_err();
        assert_eq!((refused.code, refused.reason), (422, "Invalid"));
    }
    let most = json!({"spec": {"replicas": 2, "strategy": {"rollingUpdate": {"maxSurge": i64::MAX, "maxUnavailable": "9223372036854775807%"}}}});
    ask(&mut cluster, "admin", "PATCH", WEB, &most).unwrap();
    let job = json!({"metadata": {"name": "many"}, "spec": {"parallelism": i64::MAX, "completions": i64::MAX, "template": {"spec": {"containers": [{"name": "a", "image": "a"}]}}}});
    ask(&mut cluster, "admin", "POST", "/apis/batch/v1/namespaces/shop/jobs", &job).unwrap();
    run(&mut cluster, 3.0);
    assert!(cluster.pods().len() < 1_000);
}
