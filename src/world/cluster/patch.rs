//! The three ways of changing a part of an object: merge, JSON and strategic patches.
use serde_json::{Map, Value};

use super::value::{Dig, child, escaped, plain};

/// A longer list takes the place of the old one, for the merging of two takes time.
const MOST: usize = 1_000;

/// RFC 7396; a strategic patch, as `kubectl` sends it for the built-in kinds, merges lists by the names of their
/// items too.
pub fn merge(target: &mut Value, patch: &Value, strategic: bool) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() || strategic && patch.text("/$patch") == "replace" {
        *target = Value::Object(Map::new());
    }
    if let (Some(Value::Array(kept)), Value::Object(map)) = (changes.get("$retainKeys"), &mut *target) {
        map.retain(|key, _| kept.iter().any(|one| one.as_str() == Some(key)));
    }
    for (key, value) in changes.iter().filter(|(key, _)| !strategic || !key.starts_with('$')) {
        match value {
            Value::Null => drop(target.cut(&format!("/{}", escaped(key)))),
            Value::Array(items) if strategic => merge_list(child(target, key), key, items),
            value => merge(child(target, key), value, strategic),
        }
    }
}

/// By which field the items of a list are told apart.
fn merge_key(list: &str, items: &[Value]) -> Option<&'static str> {
    Some(match list {
        "containers" | "initContainers" | "env" | "volumes" | "imagePullSecrets" => "name",
        "volumeMounts" => "mountPath",
        "ports" if items.iter().any(|item| item.at("/containerPort").is_some()) => "containerPort",
        "ports" => "port",
        "conditions" => "type",
        "ownerReferences" => "uid",
        _ => return None,
    })
}

fn merge_list(target: &mut Value, name: &str, items: &[Value]) {
    let replaces = |item: &Value| item.text("/$patch") == "replace";
    let by = merge_key(name, items).filter(|_| items.len() <= MOST && !items.iter().any(replaces));
    let (Some(by), Value::Array(all)) = (by, &mut *target) else {
        *target = items.iter().filter(|item| item.text("/$patch").is_empty()).cloned().collect();
        return;
    };
    for item in items {
        let at = all.iter().position(|one| one.get(by) == item.get(by));
        match (item.text("/$patch"), at) {
            ("delete", Some(at)) => drop(all.remove(at)),
            ("delete", None) => {}
            (_, at) => match at.and_then(|at| all.get_mut(at)) {
                Some(old) => merge(old, item, true),
                None => all.push(item.clone()),
            },
        }
    }
}

/// RFC 6902: all operations, or none; the server does not say why.
pub fn operations(object: &Value, changes: &Value) -> Option<Value> {
    let mut result = object.clone();
    for one in changes.as_array()? {
        let (path, value) = (one.text("/path"), one.get("value").cloned().unwrap_or_default());
        match one.text("/op") {
            "add" => add(&mut result, path, value)?,
            "replace" => *result.pointer_mut(path)? = value,
            "remove" => remove(&mut result, path)?,
            "test" if result.pointer(path).unwrap_or(&Value::Null) == &value => {}
            _ => return None,
        }
    }
    Some(result)
}

fn add(target: &mut Value, path: &str, value: Value) -> Option<()> {
    let (above, token) = path.rsplit_once('/')?;
    match target.pointer_mut(above)? {
        Value::Object(map) => drop(map.insert(plain(token), value)),
        Value::Array(items) if token == "-" => items.push(value),
        Value::Array(items) => {
            let at = token.parse::<usize>().ok().filter(|at| *at <= items.len())?;
            items.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(target: &mut Value, path: &str) -> Option<()> {
    let (above, token) = path.rsplit_once('/')?;
    match target.pointer_mut(above)? {
        Value::Object(map) => map.remove(&plain(token)).map(drop),
        Value::Array(items) => {
            let at = token.parse::<usize>().ok().filter(|at| *at < items.len())?;
            items.remove(at);
            Some(())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_strategic_patch_changes_one_container_and_keeps_its_neighbour() {
        let mut pod = json!({"containers": [{"name": "a", "image": "a:1", "env": [{"name": "X", "value": "1"}]}, {"name": "b"}]});
        let patch = json!({"$setElementOrder/containers": [{"name": "a"}, {"name": "b"}],
            "containers": [{"name": "a", "image": "a:2", "env": [{"name": "X", "$patch": "delete"}, {"name": "Y", "value": "2"}]}]});
        merge(&mut pod, &patch, true);
        assert_eq!(
            pod,
            json!({"containers": [{"name": "a", "image": "a:2", "env": [{"name": "Y", "value": "2"}]}, {"name": "b"}]})
        );
    }

    #[test]
    fn operations_are_all_done_or_none() {
        let object = json!({"spec": {"replicas": 3, "list": [1, 2]}});
        let good = json!([{"op": "test", "path": "/spec/replicas", "value": 3}, {"op": "add", "path": "/spec/list/-", "value": 3},
            {"op": "remove", "path": "/spec/list/0"}, {"op": "test", "path": "/spec/none", "value": null}]);
        assert_eq!(operations(&object, &good).unwrap(), json!({"spec": {"replicas": 3, "list": [2, 3]}}));
        let bad = json!([{"op": "test", "path": "/spec/replicas", "value": 4}]);
        assert_eq!(operations(&object, &bad), None);
        assert_eq!(operations(&object, &json!([{"op": "replace", "path": "/spec/none", "value": 1}])), None);
    }
}
