//! An object as YAML, as people read it: without what servers keep for themselves, secrets masked.
use serde_json::{Map, Value};

use crate::domain::secret::{HIDDEN, carries_password, looks_secret};

/// A text of this many lines is shown; the rest is counted.
const MOST_LINES: usize = 20_000;

/// Writes an object. `kind` decides what is masked.
pub(super) fn yaml(object: &Value) -> String {
    let mut object = object.clone();
    strip(&mut object);
    mask(&mut object);
    let mut out = String::new();
    write(&object, 0, Place::Top, &mut out);
    let lines = out.lines().count();
    if lines > MOST_LINES {
        let kept: Vec<&str> = out.lines().take(MOST_LINES).collect();
        return format!("{}\n# … {} more lines\n", kept.join("\n"), lines - MOST_LINES);
    }
    out
}

fn strip(object: &mut Value) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    metadata.remove("managedFields");
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        // It repeats the whole object, secrets included.
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
}

/// Hides what a name or a place says is secret, everywhere in the tree.
pub(super) fn mask(object: &mut Value) {
    if object.get("kind").and_then(Value::as_str) == Some("Secret") {
        for part in ["data", "stringData"] {
            if let Some(map) = object.get_mut(part).and_then(Value::as_object_mut) {
                map.values_mut().for_each(|value| *value = HIDDEN.into());
            }
        }
    }
    if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        for (name, value) in annotations {
            if looks_secret(name) {
                *value = HIDDEN.into();
            }
        }
    }
    mask_tree(object);
}

fn mask_tree(value: &mut Value) {
    match value {
        Value::Array(items) => {
            let mut follows = false;
            for item in items {
                // `--password …` in a command, on two words.
                let word = item.as_str();
                let next = word.is_some_and(|w| w.starts_with('-') && !w.contains('=') && looks_secret(w));
                if std::mem::replace(&mut follows, next) && word.is_some_and(|w| !w.starts_with('-')) {
                    *item = HIDDEN.into();
                }
                mask_tree(item);
            }
        }
        Value::Object(map) => {
            let secret = map.get("name").and_then(Value::as_str).is_some_and(looks_secret);
            if secret && let Some(value @ Value::String(_)) = map.get_mut("value") {
                *value = HIDDEN.into();
            }
            map.values_mut().for_each(mask_tree);
        }
        Value::String(text) if carries_password(text) => *text = HIDDEN.into(),
        // `--password=…` in a command, on the same word.
        Value::String(text) if text.starts_with('-') => {
            if let Some((flag, _)) = text.split_once('=').filter(|(flag, _)| looks_secret(flag)) {
                *text = format!("{flag}={HIDDEN}");
            }
        }
        _ => {}
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Top,
    /// After `key:`.
    Key,
    /// After `- `, on the same line.
    Item,
}

fn write(value: &Value, depth: usize, place: Place, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => write_map(map, depth, place, out),
        Value::Array(items) if !items.is_empty() => {
            if place != Place::Top {
                out.push('\n');
            }
            for item in items {
                indent(depth, out);
                out.push_str("- ");
                write(item, depth + 1, Place::Item, out);
            }
        }
        leaf => {
            if place == Place::Key {
                out.push(' ');
            }
            write_leaf(leaf, depth, out);
            out.push('\n');
        }
    }
}

fn write_map(map: &Map<String, Value>, depth: usize, place: Place, out: &mut String) {
    if place == Place::Key {
        out.push('\n');
    }
    let mut keys: Vec<&String> = map.keys().collect();
    // As people write objects: what it is, then what it is called, then the rest.
    keys.sort_by_key(|key| (rank(key, depth), key.as_str()));
    for (n, key) in keys.into_iter().enumerate() {
        if n > 0 || place != Place::Item {
            indent(depth, out);
        }
        write_text(key, out);
        out.push(':');
        let Some(value) = map.get(key) else { continue };
        // A list stands under its key without more room, as kubectl prints it.
        let inner = if value.is_array() { depth } else { depth + 1 };
        write(value, inner, Place::Key, out);
    }
}

fn rank(key: &str, depth: usize) -> u8 {
    match key {
        "apiVersion" if depth == 0 => 0,
        "kind" if depth == 0 => 1,
        "metadata" if depth == 0 => 2,
        "status" if depth == 0 => 9,
        "name" => 3,
        _ => 5,
    }
}

fn indent(depth: usize, out: &mut String) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn write_leaf(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::String(text) if is_block(text) => write_block(text, depth, out),
        Value::String(text) => write_text(text, out),
        Value::Object(_) => out.push_str("{}"),
        Value::Array(_) => out.push_str("[]"),
        other => out.push_str(&other.to_string()),
    }
}

/// Several lines that a block can carry without loss.
fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && !text.chars().any(|c| c.is_control() && c != '\n')
        && text.trim_end_matches('\n').lines().all(|line| !line.ends_with(' '))
}

fn write_block(text: &str, depth: usize, out: &mut String) {
    let body = text.trim_end_matches('\n');
    out.push_str(match text.len() - body.len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    let ends = text.len() - body.len();
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            indent(depth, out);
            out.push_str(line);
        }
    }
    for _ in 1..ends {
        out.push('\n');
    }
}

fn write_text(text: &str, out: &mut String) {
    if is_plain(text) {
        out.push_str(text);
    } else {
        // Every JSON string is a YAML string.
        out.push_str(&Value::from(text).to_string());
    }
}

/// Text that every YAML reader takes for the same text without quotes.
fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let starts_well = first.is_alphanumeric() || matches!(first, '/' | '_' | '(' | '.');
    let safe =
        |c: char| !c.is_control() && c != '\u{feff}' && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{85}');
    starts_well
        && text.chars().all(safe)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !means_something_else(text)
}

/// Words, numbers and times that YAML 1.1 or 1.2 would read as something other than text.
fn means_something_else(text: &str) -> bool {
    const WORDS: &[&str] = &["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"];
    let lower = text.to_lowercase();
    let word = lower.trim_start_matches('.');
    if WORDS.contains(&word) {
        return true;
    }
    // Plain numbers, those in other bases, and times and sexagesimals of the old version.
    let based = ["0x", "0o", "0b"].iter().any(|base| lower.starts_with(base));
    let timely = |c: char| c.is_ascii_digit() || matches!(c, '.' | '_' | ':' | '+' | '-' | 't' | 'z');
    let starts = lower.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    starts && (based || lower.parse::<f64>().is_ok() || lower.chars().all(timely))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_written_as_people_write_it() {
        let object = json!({
            "status": {"phase": "Running"},
            "metadata": {"name": "web", "labels": {"app": "web", "on": "yes"}, "managedFields": [{"a": 1}]},
            "kind": "Pod",
            "apiVersion": "v1",
            "spec": {"args": ["-x", "a: b", ""], "ports": [{"containerPort": 80, "name": "http"}], "empty": {}},
        });
        assert_eq!(
            yaml(&object),
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  labels:\n    app: web\n    \"on\": \"yes\"\nspec:\n  \
             args:\n  - \"-x\"\n  - \"a: b\"\n  - \"\"\n  empty: {}\n  ports:\n  - name: http\n    \
             containerPort: 80\nstatus:\n  phase: Running\n"
        );
    }

    #[test]
    fn text_that_looks_like_something_else_is_quoted() {
        for text in [
            "1",
            "1.5",
            "0x1f",
            "true",
            "No",
            "~",
            "null",
            "2026-01-01",
            "12:30",
            "- a",
            "a #b",
            "*x",
            "&x",
            "!x",
            "%x",
            "@x",
            "`x",
            "{x",
            "[x",
            "'x",
            "\"x",
            "a:",
            " a",
            "a ",
            ".5",
            ".inf",
            "1e3",
        ] {
            let mut out = String::new();
            write_text(text, &mut out);
            assert_eq!(out, Value::from(text).to_string(), "{text}");
        }
        for text in ["web", "registry.lab/x:1.2", "100m", "a b", "7.3.0-rc", "a#b"] {
            let mut out = String::new();
            write_text(text, &mut out);
            assert_eq!(out, text);
        }
    }

    #[test]
    fn several_lines_become_a_block() {
        assert_eq!(yaml(&json!({"a": "one\ntwo\n", "b": 1})), "a: |\n  one\n  two\nb: 1\n");
        assert_eq!(yaml(&json!({"a": ["one\n\ntwo"]})), "a:\n- |-\n  one\n\n  two\n");
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let object = json!({
            "kind": "Secret",
            "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "PLANTED", "x/token": "PLANTED"}},
            "data": {"a": "PLANTED"},
            "stringData": {"b": "PLANTED"},
            "spec": {"env": [{"name": "API_TOKEN", "value": "PLANTED"}, {"name": "DB", "value": "redis://:PLANTED@r/0"}],
                     "args": ["--password=PLANTED", "--level=info"]},
        });
        let text = yaml(&object);
        assert!(!text.contains("PLANTED"), "{text}");
        assert!(text.contains("--level=info") && text.contains("API_TOKEN"));
    }
}
