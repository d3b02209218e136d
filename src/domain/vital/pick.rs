//! Picks a value from a JSON body: `.status`, `$.checks.db.status`, `.data[].health`, `/status`.
use std::fmt;

use serde_json::Value;

/// Deeper or wider answers are not worth walking.
const MOST: usize = 10_000;

/// A way into a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Key(String),
    At(usize),
    /// Every item of a list, or every value of an object.
    Each,
}

impl Path {
    /// Says in words what is wrong with a text that is no path.
    pub fn parse(text: &str) -> Result<Path, String> {
        let text = text.trim();
        if let Some(pointer) = text.strip_prefix('/') {
            let part = |part: &str| {
                let key = part.replace("~1", "/").replace("~0", "~");
                // In a pointer a number may name either; which one is seen when it meets the body.
                if key == "*" { Part::Each } else { key.parse().map_or(Part::Key(key), Part::At) }
            };
            return Ok(Path(pointer.split('/').map(part).collect()));
        }
        let mut rest = text.strip_prefix('$').unwrap_or(text);
        let mut parts = Vec::new();
        if !rest.starts_with(['.', '[']) {
            return Err("a way into a body begins with `.`, `$.` or `/`".into());
        }
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix('[') {
                let (part, after) =
                    inside.split_once(']').ok_or_else(|| format!("`{text}` has a `[` without its `]`"))?;
                parts.push(bracket(part.trim(), text)?);
                rest = after;
                continue;
            }
            let Some(name) = rest.strip_prefix('.') else {
                return Err(format!("`{text}`: after `]` comes `.` or `[`"));
            };
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (key, after) = name.split_at(end);
            match key {
                "" if after.starts_with('[') || (after.is_empty() && parts.is_empty()) => {}
                "" => return Err(format!("`{text}` has a `.` with no name after it")),
                "*" => parts.push(Part::Each),
                key if key.contains(']') => return Err(format!("`{text}` has a `]` without its `[`")),
                key => parts.push(Part::Key(key.into())),
            }
            rest = after;
        }
        Ok(Path(parts))
    }

    /// Every value it leads to with the name of what it belongs to, where a list says one.
    pub fn named<'v>(&self, body: &'v Value) -> Vec<(Option<String>, &'v Value)> {
        let Some(at) = self.0.iter().rposition(|part| *part == Part::Each) else {
            return self.pick(body).into_iter().map(|value| (None, value)).collect();
        };
        let (to, behind) = self.0.split_at(at + 1);
        let behind = Path(behind.to_vec());
        let items = Path(to.to_vec()).pick(body);
        let named = items.into_iter().flat_map(|item| {
            let name = name(item);
            behind.pick(item).into_iter().map(move |value| (name.clone(), value)).collect::<Vec<_>>()
        });
        named.take(MOST).collect()
    }

    /// Every value it leads to; none where the body has no such place.
    pub fn pick<'v>(&self, body: &'v Value) -> Vec<&'v Value> {
        let mut here = vec![body];
        for part in &self.0 {
            here = here.into_iter().flat_map(|value| step(value, part)).take(MOST).collect();
        }
        here
    }
}

/// How an item of a list calls itself, or its labels do.
fn name(item: &Value) -> Option<String> {
    const NAMES: [&str; 5] = ["name", "job", "title", "id", "service"];
    let labels = [Some(item), item.get("labels"), item.get("metadata"), item.get("metric")];
    let found =
        labels.into_iter().flatten().find_map(|at| NAMES.iter().find_map(|name| at.get(name)?.as_str()));
    let instance = item.get("labels").and_then(|labels| labels.get("instance")?.as_str());
    match (found, instance) {
        (Some(name), Some(instance)) => Some(format!("{name} {instance}")),
        (found, instance) => found.or(instance).map(str::to_owned),
    }
}

fn bracket(part: &str, whole: &str) -> Result<Part, String> {
    let bare = part.trim_matches(['\'', '"']);
    match part {
        "" | "*" => Ok(Part::Each),
        _ if bare.len() < part.len() => Ok(Part::Key(bare.into())),
        part => part.parse().map(Part::At).map_err(|_| format!("`{whole}`: `[{part}]` is no number")),
    }
}

fn step<'v>(value: &'v Value, part: &Part) -> Vec<&'v Value> {
    match (part, value) {
        (Part::Each, Value::Array(all)) => all.iter().collect(),
        (Part::Each, Value::Object(all)) => all.values().collect(),
        (Part::Key(key), Value::Object(all)) => all.get(key).into_iter().collect(),
        (Part::At(at), Value::Array(all)) => all.get(*at).into_iter().collect(),
        (Part::At(at), Value::Object(all)) => all.get(&at.to_string()).into_iter().collect(),
        _ => Vec::new(),
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Key(key) => write!(out, ".{key}")?,
                Part::At(at) => write!(out, "[{at}]")?,
                Part::Each => out.write_str("[]")?,
            }
        }
        if self.0.is_empty() { out.write_str(".") } else { Ok(()) }
    }
}

/// A JSON value as the word that it is: text bare, anything else as it is written.
pub fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn picked(path: &str, body: &Value) -> Vec<String> {
        Path::parse(path).expect(path).pick(body).into_iter().map(word).collect()
    }

    #[test]
    fn a_value_is_found_however_its_place_is_written() {
        let body = json!({"status": "ok", "checks": {"db": {"status": "down", "a.b": 3}}, "list": [1, 2]});
        assert_eq!(picked(".status", &body), ["ok"]);
        assert_eq!(picked("$.status", &body), ["ok"]);
        assert_eq!(picked("/status", &body), ["ok"]);
        assert_eq!(picked("$.checks.db.status", &body), ["down"]);
        assert_eq!(picked("/checks/db/status", &body), ["down"]);
        assert_eq!(picked("$.checks.db['a.b']", &body), ["3"]);
        assert_eq!(picked(".list[1]", &body), ["2"]);
        assert_eq!(picked("/list/1", &body), ["2"]);
        assert_eq!(picked(".", &json!("ok")), ["ok"]);
    }

    #[test]
    fn every_item_of_a_list_is_found_at_once() {
        let body = json!({"data": {"activeTargets": [{"health": "up"}, {"health": "down"}, {}]}});
        assert_eq!(picked(".data.activeTargets[].health", &body), ["up", "down"]);
        assert_eq!(picked(".data.activeTargets[*].health", &body), ["up", "down"]);
        assert_eq!(picked("$.data.*[0].health", &body), ["up"]);
    }

    #[test]
    fn a_place_that_is_not_there_is_none() {
        let body = json!({"status": "ok"});
        for path in [".state", ".status.x", "/status/0", ".status[0]", "$[0]"] {
            assert_eq!(picked(path, &body), [""; 0], "{path}");
        }
    }

    #[test]
    fn what_is_no_path_says_why() {
        for path in ["", "status", ".a..b", ".a[", ".a[x]", ".a]b", "$.a[0]b", "a.b"] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }
}
