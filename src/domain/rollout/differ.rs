//! How the pod templates of two revisions differ, told by what is in them, not by their change-cause.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use crate::domain::secret::{HIDDEN, carries_password, looks_secret};

/// More lines than this tell nobody anything.
const MOST: usize = 24;
const LONGEST: usize = 80;

/// A line for each difference from `old` to `new`; empty when both would make the same pods.
pub fn differ(old: &Value, new: &Value) -> Vec<String> {
    let (old, new) = (flat(old), flat(new));
    let places: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let several = places.iter().filter_map(|p| container(p)).collect::<BTreeSet<_>>().len() > 1;
    let mut lines: Vec<(u8, String)> = places
        .into_iter()
        .filter_map(|place| {
            let (before, after) = (old.get(place), new.get(place));
            // A bare name says something only where nothing more is said of it on either side.
            let inside = format!("{place}.");
            let more = |side: &BTreeMap<String, String>| side.keys().any(|key| key.starts_with(&inside));
            let bare = place.ends_with(']') && (more(&old) || more(&new));
            (before != after && !bare).then(|| (weight(place), line(place, before, after, several)))
        })
        .collect();
    lines.sort();
    lines.dedup();
    let over = lines.len().saturating_sub(MOST);
    let mut lines: Vec<String> = lines.into_iter().take(MOST).map(|(_, text)| text).collect();
    if over > 0 {
        lines.push(format!("… and {over} more differences"));
    }
    lines
}

/// Two images as short as they still tell apart: only the tags where the names are the same.
pub fn images<'i>(old: &'i str, new: &'i str) -> (&'i str, &'i str) {
    match (tag(old), tag(new)) {
        (Some((a, old_tag)), Some((b, new_tag))) if a == b => (old_tag, new_tag),
        _ => (old, new),
    }
}

/// Name and tag; a digest counts as part of the name, and a port is no tag.
fn tag(image: &str) -> Option<(&str, &str)> {
    if image.contains('@') {
        return None;
    }
    image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/') && !tag.is_empty())
}

/// Every leaf by its place. Lists of named things are keyed by the name, so that order says nothing.
fn flat(template: &Value) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    walk(template, &mut String::new(), &mut out, 0);
    out
}

fn walk(value: &Value, place: &mut String, out: &mut BTreeMap<String, String>, depth: u8) {
    // Deeper than any template is; what a hostile server nests deeper is not told.
    if depth > 40 {
        return;
    }
    let base = place.len();
    match value {
        Value::Null => {}
        Value::Object(map) if map.is_empty() => {
            out.insert(place.clone(), "{}".into());
        }
        Value::Object(map) => {
            for (key, value) in map {
                if base > 0 {
                    place.push('.');
                }
                place.push_str(key);
                if !ignored(place) {
                    walk(value, place, out, depth + 1);
                }
                place.truncate(base);
            }
        }
        Value::Array(items) if items.iter().all(|i| i.is_string() || i.is_number()) => {
            let all: Vec<String> = items.iter().map(leaf).collect();
            out.insert(place.clone(), all.join(" "));
        }
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                let key =
                    ["name", "mountPath", "containerPort", "key"].into_iter().find(|k| item.get(k).is_some());
                let name = key.and_then(|key| item.get(key)).map_or_else(|| n.to_string(), leaf);
                let _ = write!(place, "[{name}]");
                if item.as_object().is_some_and(|map| map.len() == 1) {
                    out.insert(place.clone(), "present".into());
                }
                walk(item, place, out, depth + 1);
                // What stands in the brackets is not told again.
                if let Some(key) = key {
                    out.remove(&format!("{place}.{key}"));
                }
                place.truncate(base);
            }
        }
        leaf_value => {
            out.insert(place.clone(), leaf(leaf_value));
        }
    }
}

fn leaf(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What the controllers write themselves.
fn ignored(place: &str) -> bool {
    matches!(place, "metadata.creationTimestamp" | "metadata.labels.pod-template-hash" | "$patch")
}

/// Images first, then what containers run with, then the rest.
fn weight(place: &str) -> u8 {
    match place {
        p if p.ends_with("].image") => 0,
        p if p.starts_with("spec.containers[") => 1,
        p if p.starts_with("spec.initContainers[") => 2,
        p if p.starts_with("spec.") => 3,
        p if p.starts_with("metadata.labels") => 4,
        _ => 5,
    }
}

fn container(place: &str) -> Option<&str> {
    let rest =
        place.strip_prefix("spec.containers[").or_else(|| place.strip_prefix("spec.initContainers["))?;
    rest.split_once(']').map(|(name, _)| name)
}

fn line(place: &str, before: Option<&String>, after: Option<&String>, several: bool) -> String {
    let what = called(place, several);
    if what.ends_with("image")
        && let (Some(old), Some(new)) = (before, after)
    {
        let (old, new) = images(old, new);
        return format!("{what} {old} → {new}");
    }
    let hidden = secret(place, before) || secret(place, after);
    if !hidden && (place.ends_with("args") || place.ends_with("command")) {
        let (old, new) = (before.map(|text| words(text)), after.map(|text| words(text)));
        return match (old, new) {
            (Some(old), Some(new)) if old == new => format!("{what} changed {HIDDEN}"),
            (Some(old), Some(new)) => format!("{what} {} → {}", cut(&old), cut(&new)),
            (Some(old), None) => format!("{what} removed (was {})", cut(&old)),
            (None, Some(new)) => format!("{what} added: {}", cut(&new)),
            (None, None) => what,
        };
    }
    match (before, after) {
        _ if hidden && before.is_some() && after.is_some() => format!("{what} changed {HIDDEN}"),
        (Some(_), None) if hidden => format!("{what} removed"),
        (None, Some(_)) if hidden => format!("{what} added {HIDDEN}"),
        (Some(old), Some(new)) => format!("{what} {} → {}", cut(old), cut(new)),
        (Some(old), None) => format!("{what} removed (was {})", cut(old)),
        (None, Some(new)) => format!("{what} added: {}", cut(new)),
        (None, None) => what,
    }
}

/// A command line without the values of flags whose names say that they are secret.
fn words(line: &str) -> String {
    let mut secret_follows = false;
    let words = line.split(' ').map(|word| {
        let is_flag = word.starts_with('-');
        let hide = std::mem::take(&mut secret_follows) && !is_flag;
        match word.split_once('=') {
            _ if hide => HIDDEN.to_owned(),
            Some((name, _)) if looks_secret(name) => format!("{name}={HIDDEN}"),
            _ => {
                secret_follows = is_flag && looks_secret(word);
                word.to_owned()
            }
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// `env LOG_LEVEL`, `limits.memory`, `label app`; with the container's name where there are several.
fn called(place: &str, several: bool) -> String {
    let Some(name) = container(place) else {
        return place
            .strip_prefix("metadata.labels.")
            .map(|label| format!("label `{label}`"))
            .or_else(|| place.strip_prefix("metadata.annotations.").map(|a| format!("annotation `{a}`")))
            .or_else(|| place.strip_prefix("spec.").map(str::to_owned))
            .unwrap_or_else(|| place.to_owned());
    };
    let rest = place.split_once(']').map_or(place, |(_, rest)| rest.trim_start_matches('.'));
    let rest = match rest.strip_prefix("env[") {
        Some(env) => {
            let (variable, inside) = env.split_once(']').unwrap_or((env, ""));
            match inside.trim_start_matches('.') {
                "" | "value" | "name" => format!("env `{variable}`"),
                from => format!("env `{variable}` {from}"),
            }
        }
        None => rest.strip_prefix("resources.").unwrap_or(rest).to_owned(),
    };
    if several { format!("`{name}` {rest}") } else { rest }
}

fn secret(place: &str, value: Option<&String>) -> bool {
    let named = place
        .rsplit_once("env[")
        .and_then(|(_, rest)| rest.split_once(']'))
        .is_some_and(|(variable, rest)| rest == ".value" && looks_secret(variable));
    let annotated = place.strip_prefix("metadata.annotations.").is_some_and(looks_secret);
    named || annotated || value.is_some_and(|v| carries_password(v))
}

fn cut(text: &str) -> String {
    if text.is_empty() {
        return "(empty)".into();
    }
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(image: &str, env: &Value) -> Value {
        json!({
            "metadata": {"creationTimestamp": null, "labels": {"app": "web", "pod-template-hash": image}},
            "spec": {"containers": [{"name": "web", "image": image, "env": env}]},
        })
    }

    #[test]
    fn revisions_are_told_apart_by_what_differs() {
        let old = template("registry:5000/x/web:7.2.9", &json!([{"name": "LOG", "value": "info"}]));
        let new = template("registry:5000/x/web:7.3.0", &json!([{"name": "LOG", "value": "debug"}]));
        assert_eq!(differ(&old, &new), ["image 7.2.9 → 7.3.0", "env `LOG` info → debug"]);
        assert!(differ(&old, &old).is_empty());
    }

    #[test]
    fn another_image_name_is_written_out() {
        assert_eq!(images("a/web:1", "b/web:1"), ("a/web:1", "b/web:1"));
        assert_eq!(
            images("registry:5000/web", "registry:5000/api"),
            ("registry:5000/web", "registry:5000/api")
        );
    }

    #[test]
    fn a_secret_value_is_never_told() {
        let old = template("web:1", &json!([{"name": "DB_PASSWORD", "value": "hunter2"}]));
        let new = template("web:1", &json!([{"name": "DB_PASSWORD", "value": "hunter3"}]));
        let said = differ(&old, &new).join("\n");
        assert_eq!(said, "env `DB_PASSWORD` changed (hidden)");
        let url = template("web:1", &json!([{"name": "DB", "value": "postgres://a:hunter2@db/x"}]));
        assert!(!differ(&new, &url).join("\n").contains("hunter"));
    }

    #[test]
    fn a_secret_in_a_command_line_is_never_told() {
        let template = |args: &[&str]| json!({"spec": {"containers": [{"name": "web", "args": args}]}});
        let old = template(&["--token=abc", "--password", "hunter2", "-v"]);
        let new = template(&["--token=xyz", "--password", "hunter3", "-vv"]);
        let told = differ(&old, &new).join(" ");
        assert!(told.contains("-v → ") && told.contains("--token=(hidden)"), "{told}");
        let secrets = ["abc", "xyz", "hunter"];
        assert!(!secrets.iter().any(|secret| told.contains(secret)), "{told}");
        let only = differ(&template(&["--token=abc"]), &template(&["--token=xyz"]));
        assert_eq!(only, ["args changed (hidden)"]);
    }

    #[test]
    fn order_says_nothing_and_containers_are_named_when_there_are_several() {
        let a =
            json!({"spec": {"containers": [{"name": "a", "image": "x:1"}, {"name": "b", "image": "y:1"}]}});
        let b =
            json!({"spec": {"containers": [{"name": "b", "image": "y:2"}, {"name": "a", "image": "x:1"}]}});
        assert_eq!(differ(&a, &b), ["`b` image 1 → 2"]);
    }

    #[test]
    fn what_is_new_is_told_once_and_an_empty_volume_is_not_missed() {
        let a = json!({"spec": {"containers": [{"name": "a"}]}});
        let b = json!({"spec": {"containers": [{"name": "a", "env": [{"name": "X", "value": "1"}]}],
            "volumes": [{"name": "tmp", "emptyDir": {}}]}});
        assert_eq!(differ(&a, &b), ["env `X` added: 1", "volumes[tmp].emptyDir added: {}"]);
    }

    #[test]
    fn resources_commands_and_labels_are_compared_too() {
        let a = json!({"metadata": {"labels": {"v": "1"}}, "spec": {"containers": [
            {"name": "a", "command": ["run"], "resources": {"limits": {"memory": "256Mi"}}}]}});
        let b = json!({"metadata": {"labels": {"v": "2"}}, "spec": {"containers": [
            {"name": "a", "command": ["run", "-x"], "resources": {"limits": {"memory": "1Gi"}}}]}});
        assert_eq!(differ(&a, &b), ["command run → run -x", "limits.memory 256Mi → 1Gi", "label `v` 1 → 2"]);
    }
}
