//! Patches and manifests: whether one empties, stops or cuts off.
use serde_json::Value;

use super::super::args::UNKNOWN;

/// Why a patch is dangerous, if it is.
pub(super) fn patch(kind: &str, text: &str) -> Option<String> {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => value_of(kind, &value),
        Err(_) => coarse(text),
    }
}

/// Fields that stop or cut off when they are empty or zero.
fn field(kind: &str, name: &str, value: &Value) -> Option<&'static str> {
    let empty = match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    let zero = match value {
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => {
            let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
            !digits.is_empty() && digits.parse::<f64>() == Ok(0.0)
        }
        _ => false,
    };
    let network =
        kind.to_ascii_lowercase().contains("netpol") || kind.to_ascii_lowercase().contains("networkpolic");
    match name {
        "finalizers" => Some("changes finalizers: what they protect may be left behind or lost"),
        "replicas" | "maxReplicas" if zero => Some("scales to zero: nothing is left running"),
        "ingress" | "egress" if empty => Some("lets no traffic through"),
        "ingress" | "egress" | "podSelector" | "policyTypes" if network => {
            Some("changes which traffic is let through")
        }
        "cpu" | "memory" if zero => Some("sets a limit to zero"),
        "persistentVolumeReclaimPolicy" if value == "Delete" => {
            Some("lets the volume be deleted with its claim")
        }
        "$patch" if value == "delete" || value == "replace" => Some("deletes or replaces part of the object"),
        _ if value.is_null() => Some("takes a field away"),
        _ => None,
    }
}

/// Walks a parsed patch; its depth is limited by the parser.
fn value_of(kind: &str, value: &Value) -> Option<String> {
    match value {
        Value::Object(map) => {
            if let Some(operation) = map.get("op").and_then(Value::as_str) {
                return json_patch(kind, operation, map);
            }
            map.iter().find_map(|(key, value)| {
                field(kind, key, value).map(str::to_owned).or_else(|| value_of(kind, value))
            })
        }
        Value::Array(list) => list.iter().find_map(|value| value_of(kind, value)),
        _ => None,
    }
}

fn json_patch(kind: &str, operation: &str, map: &serde_json::Map<String, Value>) -> Option<String> {
    let path = map.get("path").and_then(Value::as_str).unwrap_or_default();
    let value = map.get("value").unwrap_or(&Value::Null);
    let last =
        path.rsplit('/').find(|part| !part.is_empty() && part.parse::<u32>().is_err()).unwrap_or_default();
    match operation {
        "remove" => Some(format!("takes `{path}` away")),
        "test" => None,
        _ if path.contains("finalizers") => field(kind, "finalizers", value).map(str::to_owned),
        _ => field(kind, last, value).map(str::to_owned).or_else(|| value_of(kind, value)),
    }
}

/// A patch that is no JSON: YAML, or JSON with a piece that is not known yet.
fn coarse(text: &str) -> Option<String> {
    let squeezed: String =
        text.chars().filter(|letter| !letter.is_whitespace() && !"\"'".contains(*letter)).collect();
    let has = |needle: &str| squeezed.contains(needle);
    if has("finalizers") {
        return Some("changes finalizers: what they protect may be left behind or lost".to_owned());
    }
    if has("op:remove") {
        return Some("takes part of the object away".to_owned());
    }
    if zero_after(&squeezed, "replicas:") {
        return Some("scales to zero: nothing is left running".to_owned());
    }
    if has("ingress:[]") || has("egress:[]") {
        return Some("lets no traffic through".to_owned());
    }
    if has(":null") || has("$patch:delete") || has("$patch:replace") {
        return Some("takes a field away".to_owned());
    }
    if has("ReclaimPolicy:Delete") {
        return Some("lets the volume be deleted with its claim".to_owned());
    }
    None
}

/// The key is followed by zero, and by nothing that would make it another number.
fn zero_after(text: &str, key: &str) -> bool {
    text.match_indices(key).any(|(at, _)| {
        let rest = text.get(at + key.len()..).unwrap_or_default();
        let zeros = rest.len() - rest.trim_start_matches('0').len();
        let next = rest.get(zeros..).and_then(|rest| rest.chars().next());
        zeros > 0
            && !next.is_some_and(|letter| letter.is_alphanumeric() || letter == '.' || letter == UNKNOWN)
    })
}

/// Why applying these objects is dangerous, if it is. The text is YAML or JSON, read by lines: `key: value`.
pub(super) fn manifest(text: &str) -> Option<String> {
    let mut squeezed = String::new();
    for line in text.lines() {
        let comment = memchr::memchr(b'#', line.as_bytes()).and_then(|_| line.find(" #"));
        squeeze(comment.and_then(|at| line.get(..at)).unwrap_or(line), &mut squeezed);
        let squeezed = squeezed.trim_start_matches('-');
        let has = |key: &str| has_key(squeezed, key);
        if has("kind") {
            if squeezed.contains("NetworkPolicy") || squeezed.contains("CiliumClusterwide") {
                return Some("a network policy: may cut workloads off".to_owned());
            }
            if squeezed.contains("AuthorizationPolicy") || squeezed.contains("ResourceQuota") {
                return Some("a policy: may refuse what worked before".to_owned());
            }
        }
        if has("replicas") && zero_after(squeezed, "replicas:") {
            return Some("scales to zero: nothing is left running".to_owned());
        }
        if has("finalizers")
            && (squeezed.starts_with("finalizers:[]") || squeezed.contains("finalizers:null"))
        {
            return Some("empties finalizers: what they protect may be left behind or lost".to_owned());
        }
    }
    None
}

/// A line without blanks, quotes and what holds a map together.
fn squeeze(line: &str, out: &mut String) {
    out.clear();
    out.extend(line.chars().filter(|c| !matches!(c, '"' | '\'' | ',' | '{' | '}') && !c.is_whitespace()));
}

/// Whether this key, or one that ends so, stands in a squeezed line.
fn has_key(squeezed: &str, key: &str) -> bool {
    let bytes = squeezed.as_bytes();
    memchr::memchr_iter(b':', bytes)
        .any(|at| bytes.get(..at).is_some_and(|before| before.ends_with(key.as_bytes())))
}

/// The objects hold a Secret.
pub(super) fn has_secret(text: &str) -> bool {
    let mut squeezed = String::new();
    text.lines().any(|line| {
        if memchr::memchr2(b'S', b'D', line.as_bytes()).is_none() {
            return false;
        }
        squeeze(line, &mut squeezed);
        has_key(&squeezed, "stringData") || has_key(&squeezed, "kind") && squeezed.contains("kind:Secret")
    })
}

/// A file's name says that it is a network policy, or that it isolates.
pub(super) fn denies_by_name(file: &str) -> bool {
    let name: String = file.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    ["networkpolic", "netpol", "quarantine", "isolat", "denyall", "blockall", "lockdown"]
        .iter()
        .any(|word| name.contains(word))
}
