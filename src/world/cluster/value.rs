//! Reading and writing inside JSON objects, and how Kubernetes writes times, quantities and shares.
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Places are JSON pointers. What is not there reads as empty.
pub trait Dig {
    fn at(&self, place: &str) -> Option<&Value>;
    fn text(&self, place: &str) -> &str;
    fn int(&self, place: &str) -> Option<i64>;
    fn flag(&self, place: &str) -> bool;
    fn list(&self, place: &str) -> &[Value];
    fn map(&self, place: &str) -> impl Iterator<Item = (&String, &Value)>;
    fn time(&self, place: &str) -> Option<Timestamp>;
    /// Sets a value and makes what is missing above it.
    fn put(&mut self, place: &str, value: impl Into<Value>);
    /// Sets a value where there is none.
    fn fill(&mut self, place: &str, value: impl Into<Value>);
    fn cut(&mut self, place: &str) -> Option<Value>;

    /// A count; nought where there is none.
    fn count(&self, place: &str) -> i64 {
        self.int(place).unwrap_or(0)
    }
}

impl Dig for Value {
    fn at(&self, place: &str) -> Option<&Value> {
        self.pointer(place).filter(|value| !value.is_null())
    }

    fn text(&self, place: &str) -> &str {
        self.pointer(place).and_then(Value::as_str).unwrap_or_default()
    }

    fn int(&self, place: &str) -> Option<i64> {
        self.pointer(place).and_then(Value::as_i64)
    }

    fn flag(&self, place: &str) -> bool {
        self.pointer(place).and_then(Value::as_bool).unwrap_or(false)
    }

    fn list(&self, place: &str) -> &[Value] {
        self.pointer(place).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    fn map(&self, place: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.pointer(place).and_then(Value::as_object).into_iter().flatten()
    }

    fn time(&self, place: &str) -> Option<Timestamp> {
        self.text(place).parse().ok()
    }

    fn put(&mut self, place: &str, value: impl Into<Value>) {
        let mut here = self;
        for token in place.split('/').skip(1) {
            let token = plain(token);
            here = match here {
                Value::Array(items) => {
                    let item = token.parse::<usize>().ok().and_then(|at| items.get_mut(at));
                    let Some(item) = item else { return };
                    item
                }
                other => child(other, &token),
            };
        }
        *here = value.into();
    }

    fn fill(&mut self, place: &str, value: impl Into<Value>) {
        if self.at(place).is_none() {
            self.put(place, value);
        }
    }

    fn cut(&mut self, place: &str) -> Option<Value> {
        let (above, token) = place.rsplit_once('/')?;
        self.pointer_mut(above)?.as_object_mut()?.remove(&plain(token))
    }
}

/// What an object has under a key; an empty place is made where there is none.
pub fn child<'v>(object: &'v mut Value, key: &str) -> &'v mut Value {
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    match object {
        Value::Object(map) => map.entry(key).or_insert(Value::Null),
        other => other,
    }
}

/// A key as it is spelled in a pointer, and back.
pub fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

pub fn plain(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// A collection's size as objects count.
pub fn count(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// A count as a size, within what anybody would want.
pub fn size(count: i64) -> usize {
    usize::try_from(count.clamp(0, 200)).unwrap_or(0)
}

pub fn name(object: &Value) -> &str {
    object.text("/metadata/name")
}

pub fn namespace(object: &Value) -> &str {
    object.text("/metadata/namespace")
}

pub fn uid(object: &Value) -> &str {
    object.text("/metadata/uid")
}

/// The owner that controls an object: its kind, name and identity.
pub fn controller(object: &Value) -> Option<(&str, &str, &str)> {
    let owner = object.list("/metadata/ownerReferences").iter().find(|owner| owner.flag("/controller"))?;
    Some((owner.text("/kind"), owner.text("/name"), owner.text("/uid")))
}

/// The reference to an object that controls another.
pub fn owner(of: &Value) -> Value {
    json!({"apiVersion": of.text("/apiVersion"), "kind": of.text("/kind"), "name": name(of), "uid": uid(of), "controller": true,
        "blockOwnerDeletion": true})
}

pub fn leaves(object: &Value) -> bool {
    object.at("/metadata/deletionTimestamp").is_some()
}

/// A pod that has ended neither well nor badly.
pub fn serves(pod: &Value) -> bool {
    !matches!(pod.text("/status/phase"), "Succeeded" | "Failed")
}

/// A condition of an object.
pub fn found<'v>(object: &'v Value, kind: &str) -> Option<&'v Value> {
    object.list("/status/conditions").iter().find(|one| one.text("/type") == kind)
}

pub fn met(object: &Value, kind: &str) -> bool {
    found(object, kind).is_some_and(|one| one.text("/status") == "True")
}

/// Sets a condition; its time moves when its status does.
pub fn condition(object: &mut Value, now: Timestamp, kind: &str, status: &str, reason: &str, message: &str) {
    let old = found(object, kind).cloned().unwrap_or_default();
    let same = old.text("/status") == status;
    if same && old.text("/reason") == reason && old.text("/message") == message {
        return;
    }
    let since = if same { old.text("/lastTransitionTime").to_owned() } else { stamp(now) };
    let mut new = json!({"type": kind, "status": status, "lastTransitionTime": since});
    match object.text("/kind") {
        "Deployment" => new.put("/lastUpdateTime", stamp(now)),
        "Node" => new.put("/lastHeartbeatTime", stamp(now)),
        _ => {}
    }
    for (key, text) in [("/reason", reason), ("/message", message)] {
        if !text.is_empty() {
            new.put(key, text);
        }
    }
    let mut all = object.list("/status/conditions").to_vec();
    match all.iter_mut().find(|one| one.text("/type") == kind) {
        Some(old) => *old = new,
        None => all.push(new),
    }
    object.put("/status/conditions", all);
}

pub fn stamp(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// So many seconds later.
pub fn later(at: Timestamp, seconds: f64) -> Timestamp {
    let span = jiff::SignedDuration::try_from_secs_f64(seconds).ok();
    span.and_then(|span| at.checked_add(span).ok()).unwrap_or(at)
}

/// What a quantity amounts to: `250m` is 0.25, `64Mi` is 67108864.
pub fn amount(text: &str) -> Option<f64> {
    let cut = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-')).unwrap_or(text.len());
    let (number, unit) = text.split_at(cut);
    let factor = match unit {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        large => {
            let power = ["k", "M", "G", "T"]
                .iter()
                .position(|one| large.trim_end_matches('i').eq_ignore_ascii_case(one))?;
            let base: f64 = if large.ends_with('i') { 1024.0 } else { 1000.0 };
            base.powi(i32::try_from(power).ok()? + 1)
        }
    };
    Some(number.parse::<f64>().ok()? * factor)
}

/// The same of a value, which may be a number.
pub fn quantity(value: Option<&Value>) -> f64 {
    match value {
        Some(Value::String(text)) => amount(text).unwrap_or(0.0),
        Some(other) => other.as_f64().unwrap_or(0.0),
        None => 0.0,
    }
}

/// The whole part, within what fits.
#[expect(clippy::cast_possible_truncation, reason = "it saturates")]
pub fn whole(number: f64) -> i64 {
    number.round() as i64
}

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
pub fn float(number: i64) -> f64 {
    number as f64
}

/// A number or a share of `of`, as surge and budgets are written.
pub fn share(value: Option<&Value>, of: i64, up: bool) -> Option<i64> {
    let most = 1 << 31;
    match value? {
        Value::String(text) => {
            let percent: i64 = text.strip_suffix('%')?.parse().ok()?;
            Some((percent.clamp(0, 10_000) * of.clamp(0, most) + if up { 99 } else { 0 }) / 100)
        }
        other => other.as_i64().map(|number| number.clamp(0, most)),
    }
}

/// As `kubectl` writes how long ago something was.
pub fn age(seconds: f64) -> String {
    let s = whole(seconds.floor()).max(0);
    let (m, h, d) = (s / 60, s / 3600, s / 86_400);
    let two = |big: i64, unit: &str, small: i64, other: &str| match small {
        0 => format!("{big}{unit}"),
        _ => format!("{big}{unit}{small}{other}"),
    };
    match s {
        0..120 => format!("{s}s"),
        120..600 => two(m, "m", s % 60, "s"),
        600..10_800 => format!("{m}m"),
        10_800..28_800 => two(h, "h", m % 60, "m"),
        28_800..172_800 => format!("{h}h"),
        172_800..691_200 => two(d, "d", h % 24, "h"),
        _ => format!("{d}d"),
    }
}

/// A short mark of a text, the same in every run.
pub fn mark(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |mark, byte| (mark ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_written_as_kubectl_does() {
        let written: Vec<String> =
            [5.0, 119.9, 120.0, 365.0, 7000.0, 11_000.0, 90_000.0, 200_000.0, 9e6].map(age).into();
        assert_eq!(written, ["5s", "119s", "2m", "6m5s", "116m", "3h3m", "25h", "2d7h", "104d"]);
    }

    #[test]
    fn quantities_and_shares_are_read() {
        assert_eq!(
            ["250m", "64Mi", "2k", "2", "x"].map(amount),
            [Some(0.25), Some(67_108_864.0), Some(2000.0), Some(2.0), None]
        );
        let quarter = Value::from("25%");
        assert_eq!((share(Some(&quarter), 3, true), share(Some(&quarter), 3, false)), (Some(1), Some(0)));
    }
}
