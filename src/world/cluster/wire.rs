//! Bodies in the binary form, as `kubectl create`, `drain` and `auth` send them: read by the messages in `wire.txt`.
//!
//! After a field's number and name stands its type: a message, text (s), number (i; z where nought is not said),
//! yes or no (b), a map of texts (m), of bytes (y) or of quantities (q); a star is for many, a dash for not read.
use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine;
use serde_json::{Value, json};

use super::value::{Dig, escaped};

type Fields = BTreeMap<u64, (&'static str, &'static str)>;

static MESSAGES: LazyLock<BTreeMap<&str, Fields>> = LazyLock::new(|| {
    let field = |text: &'static str| {
        let (number, rest) = text.split_once(' ')?;
        Some((number.parse().ok()?, rest.split_once(' ')?))
    };
    let lines = include_str!("wire.txt").lines().filter_map(|line| line.split_once(": "));
    lines.map(|(name, fields)| (name, fields.split(", ").filter_map(field).collect())).collect()
});

/// The object in a body, or why it is not understood.
pub fn read(body: &[u8]) -> Result<Value, String> {
    let (about, raw) = pair(body.strip_prefix(b"k8s\0").unwrap_or_default()).ok_or("it is cut off")?;
    let about = message(about, "TypeMeta")?;
    let mut object = message(raw, about.text("/kind"))?;
    object.put("/kind", about.text("/kind"));
    object.put("/apiVersion", about.text("/apiVersion"));
    Ok(object)
}

fn message(mut rest: &[u8], name: &str) -> Result<Value, String> {
    let cut = || format!("{name} is cut off");
    let fields = MESSAGES.get(name).ok_or_else(|| format!("no kind {name} in this form"))?;
    let mut object = json!({});
    while !rest.is_empty() {
        let (at, number, bytes) = next(&mut rest).ok_or_else(cut)?;
        let known = fields.get(&at).copied();
        // What is empty says nothing.
        let Some((field, kind)) =
            known.filter(|(field, kind)| number > 0 || *kind != "s" || field.ends_with('*'))
        else {
            if number == 0 {
                continue;
            }
            return Err(format!("field {at} of {name} is not understood in this form"));
        };
        let text = |bytes: &[u8]| Value::from(String::from_utf8_lossy(bytes));
        let mut place = format!("/{}", field.trim_end_matches('*'));
        let value = match kind {
            "-" => continue,
            "z" if number == 0 => continue,
            "i" | "z" => number.cast_signed().into(),
            "b" => (number != 0).into(),
            "s" => text(bytes),
            "m" | "y" | "q" => {
                let (key, value) = pair(bytes).ok_or_else(cut)?;
                place = [&place, "/", &escaped(&String::from_utf8_lossy(key))].concat();
                match kind {
                    "y" => base64::engine::general_purpose::STANDARD.encode(value).into(),
                    "q" => message(value, "Quantity")?.text("/string").into(),
                    _ => text(value),
                }
            }
            inner => message(bytes, inner)?,
        };
        if !field.ends_with('*') {
            object.put(&place, value);
            continue;
        }
        object.fill(&place, json!([]));
        if let Some(Value::Array(all)) = object.pointer_mut(&place) {
            all.push(value);
        }
    }
    Ok(object)
}

/// What the fields one and two hold: a key and its value.
fn pair(mut rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut key, mut value): (&[u8], &[u8]) = (&[], &[]);
    while !rest.is_empty() {
        let (at, _, bytes) = next(&mut rest)?;
        match at {
            1 => key = bytes,
            2 => value = bytes,
            _ => {}
        }
    }
    Some((key, value))
}

/// The next field: its place, and a number or so many bytes.
fn next<'b>(rest: &mut &'b [u8]) -> Option<(u64, u64, &'b [u8])> {
    let (tag, number) = (varint(rest)?, varint(rest)?);
    let length = match tag & 7 {
        0 => 0,
        2 => usize::try_from(number).ok()?,
        _ => return None,
    };
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some((tag >> 3, number, bytes))
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
    }

    #[test]
    fn a_binary_body_is_read_and_what_is_not_understood_is_named() {
        let meta = field(1, b"limits");
        let data = field(2, &[field(1, b"rate"), field(2, b"10")].concat());
        let whole = |extra: &[u8]| {
            let raw = [field(1, &meta), data.clone(), extra.to_vec()].concat();
            let about = [field(1, b"v1"), field(2, b"ConfigMap")].concat();
            [b"k8s\0".to_vec(), field(1, &about), field(2, &raw)].concat()
        };
        assert_eq!(
            read(&whole(&[])).unwrap(),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "limits"}, "data": {"rate": "10"}})
        );
        assert!(read(&whole(&field(9, b"x"))).unwrap_err().contains("field 9 of ConfigMap"));
        for length in 0..whole(&[]).len() {
            let _ = read(whole(&[]).get(..length).unwrap());
        }
    }
}
