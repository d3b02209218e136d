//! What is sent for each action. Every condition travels in the request itself, so that nothing can
//! happen between our last look and the change.
use serde_json::{Value, json};

use super::facts::containers;
use super::pick::{flag, number, text, uid};
use crate::domain::action::{Looked, Verb};
use crate::domain::time::Timestamp;

/// The key that `kubectl rollout restart` writes, so that both tell the same story.
const RESTARTED: &str = "kubectl.kubernetes.io~1restartedAt";

/// Operations that restart: only the template's annotation changes.
pub(super) fn restart(looked: &Looked, object: &Value, now: Timestamp) -> Value {
    let mut operations = conditions(looked);
    let template = "/spec/template/metadata";
    if object.pointer(template).is_none_or(|metadata| !metadata.is_object()) {
        operations.push(json!({"op": "add", "path": template, "value": {}}));
    }
    let annotations = format!("{template}/annotations");
    if object.pointer(&annotations).is_none_or(|map| !map.is_object()) {
        operations.push(json!({"op": "add", "path": annotations, "value": {}}));
    }
    operations
        .push(json!({"op": "add", "path": format!("{annotations}/{RESTARTED}"), "value": now.rfc3339()}));
    Value::Array(operations)
}

/// Operations on the scale of an object. No replicas at all are written as nothing, which is null here.
pub(super) fn scale(looked: &Looked, from: u32, to: u32) -> Value {
    let was = if from == 0 { Value::Null } else { from.into() };
    json!([
        {"op": "test", "path": "/metadata/uid", "value": &*looked.native.uid},
        {"op": "test", "path": "/spec/replicas", "value": was},
        {"op": "add", "path": "/spec/replicas", "value": to},
    ])
}

/// Puts a template of before in place of the one that is there.
pub(super) fn undo(looked: &Looked, template: &Value) -> Value {
    let mut operations = conditions(looked);
    operations.push(json!({"op": "replace", "path": "/spec/template", "value": template}));
    Value::Array(operations)
}

/// Finds the container again by its name; its place in the list is tested with its old image.
pub(super) fn set_image(
    looked: &Looked,
    object: &Value,
    container: &str,
    from: &str,
    to: &str,
) -> Result<Value, String> {
    for list in ["containers", "initContainers"] {
        let all = super::pick::items(object, &format!("/spec/template/spec/{list}"));
        let Some(at) = all.iter().position(|c| text(c, "/name") == container) else { continue };
        let place = format!("/spec/template/spec/{list}/{at}");
        let mut operations = conditions(looked);
        operations.push(json!({"op": "test", "path": format!("{place}/name"), "value": container}));
        operations.push(json!({"op": "test", "path": format!("{place}/image"), "value": from}));
        operations.push(json!({"op": "replace", "path": format!("{place}/image"), "value": to}));
        return Ok(Value::Array(operations));
    }
    Err(format!("there is no container `{container}` in its template"))
}

pub(super) fn cordon(looked: &Looked, on: bool) -> Value {
    json!([
        {"op": "test", "path": "/metadata/uid", "value": &*looked.native.uid},
        {"op": "add", "path": "/spec/unschedulable", "value": on},
    ])
}

/// Options of a delete that hits this one pod or none.
pub(super) fn delete(pod_uid: &str, grace_seconds: Option<u32>, force: bool) -> Value {
    let mut options = json!({
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": pod_uid},
    });
    let grace = if force { Some(0) } else { grace_seconds };
    if let (Some(grace), Some(map)) = (grace, options.as_object_mut()) {
        map.insert("gracePeriodSeconds".into(), grace.into());
    }
    options
}

pub(super) fn evict(namespace: &str, name: &str, pod_uid: &str, grace_seconds: Option<u32>) -> Value {
    let mut options = delete(pod_uid, grace_seconds, false);
    if let Some(map) = options.as_object_mut() {
        map.remove("apiVersion");
        map.remove("kind");
    }
    json!({
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": namespace},
        "deleteOptions": options,
    })
}

/// It is the same object, and nobody has changed what it should be.
fn conditions(looked: &Looked) -> Vec<Value> {
    let mut tests = vec![json!({"op": "test", "path": "/metadata/uid", "value": &*looked.native.uid})];
    if let Some(generation) = looked.generation {
        tests.push(json!({"op": "test", "path": "/metadata/generation", "value": generation}));
    }
    tests
}

/// What is different from what was shown; nothing when the object is as it was.
pub(super) fn changed(looked: &Looked, object: &Value) -> Option<String> {
    let target = &looked.native.target;
    if uid(object) != &*looked.native.uid {
        return Some(format!("{} `{target}` was deleted and made anew", target.kind));
    }
    match &looked.native.verb {
        Verb::Scale { from, .. } => {
            let is = number(object, "/spec/replicas").unwrap_or(1);
            if is != i64::from(*from) {
                return Some(format!("replicas are {is}, not {from}"));
            }
        }
        Verb::SetImage { container, from, .. } => {
            let found =
                containers(object, "/spec/template/spec").find(|(_, c)| text(c, "/name") == &**container);
            let Some((_, found)) = found else { return Some(format!("container `{container}` is gone")) };
            let is = text(found, "/image");
            if is != &**from {
                return Some(format!("the image of `{container}` is `{is}`, not `{from}`"));
            }
        }
        _ => {}
    }
    let by_generation =
        matches!(looked.native.verb, Verb::Restart | Verb::Undo { .. } | Verb::SetImage { .. });
    let is = number(object, "/metadata/generation");
    match (looked.generation, is) {
        (Some(was), Some(is)) if by_generation && was != is => {
            Some(format!("somebody changed it meanwhile (generation {was} → {is})"))
        }
        _ => None,
    }
}

/// It is as wanted already, as far as one look can tell.
pub(super) fn is_cordoned(node: &Value) -> bool {
    flag(node, "/spec/unschedulable")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::action::Native;
    use crate::domain::object::{Kind, ObjectRef};

    fn looked(kind: Kind, verb: Verb, generation: Option<i64>) -> Looked {
        let target = ObjectRef { context: "c".into(), kind, namespace: "n".into(), name: "web".into() };
        Looked { native: Native { target, uid: "u".into(), verb }, generation, also: None }
    }

    fn tests(operations: &Value) -> Vec<&str> {
        let all = operations.as_array().unwrap().iter();
        all.filter(|o| o["op"] == "test").map(|o| o["path"].as_str().unwrap()).collect()
    }

    #[test]
    fn every_change_carries_its_condition_in_the_request() {
        let restart = restart(&looked(Kind::Deployment, Verb::Restart, Some(4)), &json!({}), Timestamp(0));
        assert_eq!(tests(&restart), ["/metadata/uid", "/metadata/generation"]);
        let verb = Verb::Scale { from: 3, to: 5 };
        assert_eq!(
            tests(&scale(&looked(Kind::Deployment, verb, None), 3, 5)),
            ["/metadata/uid", "/spec/replicas"]
        );
        assert_eq!(tests(&cordon(&looked(Kind::Node, Verb::Cordon, None), true)), ["/metadata/uid"]);
        assert_eq!(delete("u", None, true)["preconditions"]["uid"], "u");
        assert_eq!(delete("u", Some(9), true)["gracePeriodSeconds"], 0);
        assert_eq!(evict("n", "p", "u", None)["deleteOptions"]["preconditions"]["uid"], "u");
    }

    #[test]
    fn a_restart_makes_the_annotations_only_where_they_are_missing() {
        let paths = |object: &Value| {
            let order = restart(&looked(Kind::Deployment, Verb::Restart, None), object, Timestamp(0));
            let all = order.as_array().unwrap().iter().skip(1);
            all.map(|o| o["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let key = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt";
        let bare = json!({"spec": {"template": {"metadata": {"labels": {}}}}});
        assert_eq!(paths(&bare), ["/spec/template/metadata/annotations", key]);
        let full = json!({"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}});
        assert_eq!(paths(&full), [key]);
    }

    #[test]
    fn an_image_is_tested_at_the_place_where_it_is_replaced() {
        let object = json!({"spec": {"template": {"spec": {"containers": [
            {"name": "a", "image": "x:1"}, {"name": "web", "image": "y:1"}]}}}});
        let verb = Verb::SetImage { container: "web".into(), from: "y:1".into(), to: "y:2".into() };
        let order = set_image(&looked(Kind::Deployment, verb.clone(), Some(1)), &object, "web", "y:1", "y:2")
            .unwrap();
        assert!(tests(&order).contains(&"/spec/template/spec/containers/1/image"));
        assert!(set_image(&looked(Kind::Deployment, verb, None), &object, "gone", "", "").is_err());
    }

    #[test]
    fn what_changed_meanwhile_is_said_in_its_own_words() {
        let object = json!({"metadata": {"uid": "u", "generation": 5}, "spec": {"replicas": 4}});
        let scale = looked(Kind::Deployment, Verb::Scale { from: 3, to: 5 }, Some(4));
        assert_eq!(changed(&scale, &object).as_deref(), Some("replicas are 4, not 3"));
        let restart = looked(Kind::Deployment, Verb::Restart, Some(4));
        assert_eq!(
            changed(&restart, &object).as_deref(),
            Some("somebody changed it meanwhile (generation 4 → 5)")
        );
        assert_eq!(changed(&looked(Kind::Deployment, Verb::Restart, Some(5)), &object), None);
        let other = json!({"metadata": {"uid": "v"}});
        assert!(changed(&restart, &other).unwrap().contains("made anew"));
    }
}
