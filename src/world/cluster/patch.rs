//! The three ways of changing a part of an object: merge, JSON and strategic patches.
use serde_json::{Map, Value};

use super::value::{Dig, escaped};

/// RFC 7396.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    for (key, value) in changes {
        match value {
            Value::Null => {
                target.cut(&format!("/{}", escaped(key)));
            }
            value => merge(entry(target, key), value),
        }
    }
}

fn entry<'t>(target: &'t mut Value, key: &str) -> &'t mut Value {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    match target {
        Value::Object(map) => map.entry(key).or_insert(Value::Null),
        other => other,
    }
}

/// By which field the items of a list are told apart.
fn merge_key(list: &str, items: &[Value]) -> Option<&'static str> {
    Some(match list {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "env"
        | "volumes"
        | "imagePullSecrets"
        | "secrets" => "name",
        "volumeMounts" => "mountPath",
        "volumeDevices" => "devicePath",
        "ports" if items.iter().any(|item| item.at("/containerPort").is_some()) => "containerPort",
        "ports" => "port",
        "conditions" | "addresses" => "type",
        "ownerReferences" => "uid",
        "topologySpreadConstraints" => "topologyKey",
        "hostAliases" => "ip",
        _ => return None,
    })
}

/// As `kubectl` patches the built-in kinds: lists are merged by the names of their items.
pub fn strategic(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    match patch.text("/$patch") {
        "replace" | "delete" => *target = Value::Object(Map::new()),
        _ => {}
    }
    if let (Some(Value::Array(kept)), Value::Object(map)) = (changes.get("$retainKeys"), &mut *target) {
        map.retain(|key, _| kept.iter().any(|one| one.as_str() == Some(key)));
    }
    for (key, value) in changes.iter().filter(|(key, _)| !key.starts_with('$')) {
        match value {
            Value::Null => {
                target.cut(&format!("/{}", escaped(key)));
            }
            Value::Array(items) => strategic_list(entry(target, key), key, items),
            value => strategic(entry(target, key), value),
        }
    }
    for (directive, value) in changes {
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(list) = directive.strip_prefix("$deleteFromPrimitiveList/") {
            if let Some(Value::Array(all)) = target.get_mut(list) {
                all.retain(|one| !items.contains(one));
            }
        } else if let Some(list) = directive.strip_prefix("$setElementOrder/")
            && let (Some(Value::Array(all)), Some(by)) = (target.get_mut(list), merge_key(list, items))
        {
            let place =
                |one: &Value| items.iter().position(|item| item.get(by) == one.get(by)).unwrap_or(usize::MAX);
            all.sort_by_key(place);
        }
    }
}

fn strategic_list(target: &mut Value, name: &str, items: &[Value]) {
    let replaces = |item: &Value| item.text("/$patch") == "replace";
    if let (Value::Array(all), "finalizers") = (&mut *target, name) {
        all.extend(items.iter().filter(|item| !all.contains(item)).cloned().collect::<Vec<_>>());
        return;
    }
    let Some(by) = merge_key(name, items).filter(|_| !items.iter().any(replaces)) else {
        *target = items.iter().filter(|item| !replaces(item)).cloned().collect();
        return;
    };
    if !target.is_array() {
        *target = Value::Array(Vec::new());
    }
    let Value::Array(all) = target else { return };
    for item in items {
        let at = all.iter().position(|one| one.get(by) == item.get(by));
        match (item.text("/$patch"), at) {
            ("delete", Some(at)) => {
                all.remove(at);
            }
            ("delete", None) => {}
            (_, at) => {
                let mut one = Value::Null;
                if let Some(old) = at.and_then(|at| all.get_mut(at)) {
                    strategic(old, item);
                } else {
                    strategic(&mut one, item);
                    all.push(one);
                }
            }
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
            "remove" => drop(remove(&mut result, path)?),
            "test" if result.pointer(path).unwrap_or(&Value::Null) == &value => {}
            "copy" => {
                let value = result.pointer(one.text("/from"))?.clone();
                add(&mut result, path, value)?;
            }
            "move" => {
                let value = remove(&mut result, one.text("/from"))?;
                add(&mut result, path, value)?;
            }
            _ => return None,
        }
    }
    Some(result)
}

fn add(target: &mut Value, path: &str, value: Value) -> Option<()> {
    let (above, token) = path.rsplit_once('/')?;
    match target.pointer_mut(above)? {
        Value::Object(map) => {
            map.insert(token.replace("~1", "/").replace("~0", "~"), value);
        }
        Value::Array(items) if token == "-" => items.push(value),
        Value::Array(items) => {
            let at = token.parse::<usize>().ok().filter(|at| *at <= items.len())?;
            items.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(target: &mut Value, path: &str) -> Option<Value> {
    let (above, token) = path.rsplit_once('/')?;
    match target.pointer_mut(above)? {
        Value::Object(map) => map.remove(&token.replace("~1", "/").replace("~0", "~")),
        Value::Array(items) => {
            let at = token.parse::<usize>().ok().filter(|at| *at < items.len())?;
            Some(items.remove(at))
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
        let patch = json!({"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
            "containers": [{"name": "a", "image": "a:2", "env": [{"name": "X", "$patch": "delete"}, {"name": "Y", "value": "2"}]}]});
        strategic(&mut pod, &patch);
        assert_eq!(
            pod,
            json!({"containers": [{"name": "b"}, {"name": "a", "image": "a:2", "env": [{"name": "Y", "value": "2"}]}]})
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
