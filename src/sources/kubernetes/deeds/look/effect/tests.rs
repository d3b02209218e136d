//! The effect lines of the question, from objects of our own.
use serde_json::json;

use super::*;
use crate::domain::object::ObjectRef;

fn native(kind: Kind, verb: Verb) -> Native {
    let target = ObjectRef { context: "c".into(), kind, namespace: "n".into(), name: "web".into() };
    Native { target, uid: "u".into(), verb }
}

fn deployment(replicas: u32) -> Value {
    json!({
        "metadata": {"name": "web", "uid": "u", "annotations": {"deployment.kubernetes.io/revision": "14"}},
        "spec": {"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": "25%"}},
            "template": {"spec": {"containers": [{"name": "web", "image": "r/web:7.3.0"}]}}},
        "status": {"replicas": replicas, "updatedReplicas": replicas, "availableReplicas": replicas},
    })
}

fn effect(kind: Kind, verb: Verb, object: &Value, ground: &Ground) -> Told {
    tell(&native(kind, verb), object, ground)
}

#[test]
fn a_restart_says_how_many_pods_and_how_many_may_be_away() {
    let told = effect(Kind::Deployment, Verb::Restart, &deployment(3), &Ground::default());
    assert_eq!(told.effect, ["3 pods replaced, at most 1 unavailable at a time"]);
    assert!(told.warnings.is_empty());
    let one = effect(Kind::Deployment, Verb::Restart, &deployment(1), &Ground::default());
    assert_eq!(one.warnings, ["one replica only: nothing serves until the new one is ready"]);
    let mut quarter = deployment(3);
    quarter["spec"]["strategy"] =
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%"}});
    let told = effect(Kind::Deployment, Verb::Restart, &quarter, &Ground::default());
    assert_eq!(told.effect, ["3 pods replaced, none unavailable at a time"]);
}

#[test]
fn scaling_tells_old_and_new_from_what_is_there_now() {
    let told = effect(Kind::Deployment, Verb::Scale { from: 3, to: 5 }, &deployment(3), &Ground::default());
    assert_eq!((told.effect[0].as_str(), told.undo.as_str()), ("3 → 5 replicas", "scale back to 3"));
    let told = effect(Kind::Deployment, Verb::Scale { from: 3, to: 0 }, &deployment(4), &Ground::default());
    assert_eq!(told.effect, ["4 → 0 replicas: nothing will serve"]);
    assert_eq!(told.verb, Some(Verb::Scale { from: 4, to: 0 }));
    assert!(told.warnings[0].contains("replicas are 4 now"));
}

#[test]
fn an_undo_whose_revisions_could_not_be_read_in_time_is_not_refused() {
    let told = effect(Kind::Deployment, Verb::Undo { to: None }, &deployment(3), &Ground::default());
    assert_eq!(told.refuse, None);
    assert!(told.effect[0].contains("could not be read"), "{told:?}");
}

#[test]
fn an_undo_compares_templates_and_names_both_revisions() {
    let revision = |number, image: &str| Revision {
        number,
        template: json!({"spec": {"containers": [{"name": "web", "image": image}]}}),
    };
    let revisions =
        Some(vec![revision(13, "r/web:7.2.9"), revision(14, "r/web:7.3.0"), revision(9, "r/web:6")]);
    let ground = Ground { revisions, ..Ground::default() };
    let told = effect(Kind::Deployment, Verb::Undo { to: None }, &deployment(3), &ground);
    assert_eq!(
        told.effect,
        ["image 7.3.0 → 7.2.9 (revision 14 → 13)", "3 pods replaced, at most 1 unavailable at a time"]
    );
    assert_eq!(told.verb, Some(Verb::Undo { to: Some(13) }));
    let gone = effect(Kind::Deployment, Verb::Undo { to: Some(2) }, &deployment(3), &ground);
    assert!(gone.refuse.is_some_and(|why| why.contains("revision 2")));
    let first = Ground { revisions: Some(vec![revision(14, "r/web:7.3.0")]), ..Ground::default() };
    assert!(effect(Kind::Deployment, Verb::Undo { to: None }, &deployment(3), &first).refuse.is_some());
}

#[test]
fn deleting_says_whether_it_comes_back() {
    let lone = json!({"metadata": {"name": "web", "uid": "u"}});
    let verb = |force| Verb::Delete { grace_seconds: None, force };
    let told = effect(Kind::Pod, verb(false), &lone, &Ground::default());
    assert_eq!(told.effect, ["owned by nothing", "it has 30 s to stop"]);
    assert_eq!(told.warnings, ["it will not come back: nothing makes a new one"]);
    assert_eq!(told.undo, "", "nothing takes it back, so the question asks for its name");
    let owned = json!({"metadata": {"uid": "u", "ownerReferences": [{"kind": "ReplicaSet", "name": "web-1", "uid": "r", "controller": true}]}});
    let told = effect(Kind::Pod, verb(true), &owned, &Ground::default());
    assert_eq!(told.effect[0], "owned by ReplicaSet `web-1`: a new one comes");
    assert!(told.warnings[0].starts_with("by force"));
    assert_eq!(told.undo, "not needed: a new one comes");
}

#[test]
fn an_action_that_makes_no_sense_for_a_kind_is_refused() {
    assert!(unfit(&native(Kind::Pod, Verb::Restart)).is_some_and(|why| why.contains("restart what owns it")));
    assert!(unfit(&native(Kind::DaemonSet, Verb::Scale { from: 1, to: 2 })).is_some());
    assert!(unfit(&native(Kind::Node, Verb::Cordon)).is_none());
}

#[test]
fn setting_an_image_tells_only_what_changes_of_it() {
    let verb =
        Verb::SetImage { container: "web".into(), from: "r/web:7.3.0".into(), to: "r/web:7.2.9".into() };
    let told = effect(Kind::Deployment, verb, &deployment(3), &Ground::default());
    assert_eq!(told.effect[0], "`web` image 7.3.0 → 7.2.9");
    assert!(told.warnings.is_empty());
}
