//! Taking facts out of JSON that anybody may have written.
use serde_json::Value;

use crate::domain::quantity::Quantity;
use crate::domain::text::{clean, clean_lines};
use crate::domain::time::Timestamp;

/// A value longer than this is no value any more.
const LONGEST: usize = 4_096;

/// Text at a JSON pointer, or nothing.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn number(value: &Value, pointer: &str) -> Option<i64> {
    value.pointer(pointer).and_then(Value::as_i64)
}

/// A count that is nothing when it is missing.
pub(super) fn count(value: &Value, pointer: &str) -> u32 {
    number(value, pointer).and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
}

pub(super) fn flag(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
}

pub(super) fn time(value: &Value, pointer: &str) -> Option<Timestamp> {
    Timestamp::parse(text(value, pointer))
}

/// The items of a list; none when there is no list.
pub(super) fn items<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Name and text of every entry of a map.
pub(super) fn pairs<'v>(value: &'v Value, pointer: &str) -> Vec<(&'v str, &'v str)> {
    let map = value.pointer(pointer).and_then(Value::as_object);
    map.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect()
}

pub(super) fn label<'v>(object: &'v Value, name: &str) -> &'v str {
    entry(object, "labels", name)
}

pub(super) fn annotation<'v>(object: &'v Value, name: &str) -> &'v str {
    entry(object, "annotations", name)
}

fn entry<'v>(object: &'v Value, map: &str, name: &str) -> &'v str {
    let metadata = object.get("metadata").and_then(|m| m.get(map));
    metadata.and_then(|m| m.get(name)).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

pub(super) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// The owner that controls it: kind, name and uid.
pub(super) fn controller(object: &Value) -> Option<(&str, &str, &str)> {
    let owners = items(object, "/metadata/ownerReferences");
    let owner = owners.iter().find(|o| flag(o, "/controller")).or_else(|| owners.first())?;
    Some((text(owner, "/kind"), text(owner, "/name"), text(owner, "/uid")))
}

/// Makes every text in a tree harmless and of bounded length; done once, where the tree enters.
pub(super) fn harmless(value: &mut Value) {
    match value {
        Value::String(text) => tame(text),
        Value::Array(items) => items.iter_mut().for_each(harmless),
        Value::Object(map) => {
            if map.keys().any(|key| matches!(clean(key), std::borrow::Cow::Owned(_))) {
                let taken = std::mem::take(map);
                map.extend(taken.into_iter().map(|(key, value)| (clean(&key).into_owned(), value)));
            }
            map.values_mut().for_each(harmless);
        }
        _ => {}
    }
}

fn tame(text: &mut String) {
    if text.len() > LONGEST {
        let end = text.floor_char_boundary(LONGEST);
        text.truncate(end);
        text.push('…');
    }
    if let std::borrow::Cow::Owned(safe) = clean_lines(text) {
        *text = safe;
    }
}

/// Thousandths of a core.
pub(super) fn milli(quantity: &str) -> Option<u64> {
    Quantity::parse(quantity).map(Quantity::milli)
}

/// Bytes, or a count.
pub(super) fn whole(quantity: &str) -> Option<u64> {
    Quantity::parse(quantity).map(Quantity::units)
}

/// `256 MiB`, as short as it tells.
pub(super) fn bytes(amount: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut scaled = amount;
    while scaled >= 10_240 && unit + 1 < UNITS.len() || (scaled >= 1_024 && scaled.is_multiple_of(1_024)) {
        if unit + 1 >= UNITS.len() {
            break;
        }
        scaled /= 1_024;
        unit += 1;
    }
    format!("{scaled} {}", UNITS.get(unit).unwrap_or(&"B"))
}

/// `250m`, `2`: thousandths of a core as people write them.
pub(super) fn cores(milli: u64) -> String {
    if milli.is_multiple_of(1_000) { (milli / 1_000).to_string() } else { format!("{milli}m") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hostile_text_is_tamed_wherever_it_stands() {
        let mut value = json!({"a\u{1b}[2J": ["b\u{202e}c", {"d": "x".repeat(100_000)}]});
        harmless(&mut value);
        let text = value.to_string();
        assert!(!text.contains(['\u{1b}', '\u{202e}']) && !text.contains("\\u001b"));
        assert!(text.len() < 5_000);
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!(bytes(256 << 20), "256 MiB");
        assert_eq!(bytes(16 << 30), "16 GiB");
        assert_eq!(bytes(500), "500 B");
        assert_eq!(cores(250), "250m");
        assert_eq!(cores(4_000), "4");
    }
}
