//! Bodies that `kubectl create` sends in the binary form: read by the table of messages in `wire.txt`.
//!
//! After a field's number and name stands its type: a message, text (s), number (i; z where nought is not said),
//! yes or no (b), a map of texts (m), of bytes (y) or of quantities (q); a star is for many, a dash for not read.
use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::defaults::base64;
use super::value::Dig;

type Fields = BTreeMap<u64, (&'static str, bool, &'static str)>;

static MESSAGES: LazyLock<BTreeMap<&str, Fields>> = LazyLock::new(|| {
    let field = |text: &'static str| {
        let (number, rest) = text.split_once(' ')?;
        let (name, kind) = rest.split_once(' ')?;
        let single = name.strip_suffix('*');
        Some((number.parse().ok()?, (single.unwrap_or(name), single.is_some(), kind)))
    };
    let lines = include_str!("wire.txt").lines().filter_map(|line| line.split_once(": "));
    lines.map(|(name, fields)| (name, fields.split(", ").filter_map(field).collect())).collect()
});

const PREFIX: &[u8] = b"k8s\0";

pub fn is_binary(body: &[u8]) -> bool {
    body.starts_with(PREFIX)
}

/// The object in a body, or which field is not understood.
pub fn read(body: &[u8]) -> Result<Value, String> {
    let whole = message(body.strip_prefix(PREFIX).unwrap_or_default(), "Unknown")?;
    let kind = whole.text("/typeMeta/kind");
    let raw: Vec<u8> =
        whole.list("/raw").iter().filter_map(|byte| u8::try_from(byte.as_u64()?).ok()).collect();
    let mut object = message(&raw, kind)?;
    object.put("/kind", kind);
    object.put("/apiVersion", whole.text("/typeMeta/apiVersion"));
    Ok(object)
}

fn message(mut rest: &[u8], name: &str) -> Result<Value, String> {
    let cut = || format!("{name} is cut off");
    let fields = MESSAGES.get(name).ok_or_else(|| format!("no kind {name} in this form"))?;
    let mut object = Map::new();
    while !rest.is_empty() {
        let tag = varint(&mut rest).ok_or_else(cut)?;
        let (number, bytes) = match tag & 7 {
            0 => (varint(&mut rest).ok_or_else(cut)?, None),
            2 => {
                let length = usize::try_from(varint(&mut rest).ok_or_else(cut)?).map_err(|_| cut())?;
                let (bytes, after) = rest.split_at_checked(length).ok_or_else(cut)?;
                rest = after;
                (0, Some(bytes))
            }
            _ => return Err(cut()),
        };
        let Some((field, many, kind)) = fields.get(&(tag >> 3)) else {
            // What is empty says nothing.
            if number == 0 && bytes.is_none_or(<[u8]>::is_empty) {
                continue;
            }
            return Err(format!("field {} of {name} is not understood in this form", tag >> 3));
        };
        let value = match (*kind, bytes) {
            ("-", _) => continue,
            ("z", None) if number == 0 => continue,
            ("i" | "z", None) => number.cast_signed().into(),
            ("b", None) => (number != 0).into(),
            ("s", Some(bytes)) if bytes.is_empty() && !many => continue,
            ("s", Some(bytes)) => String::from_utf8_lossy(bytes).into_owned().into(),
            ("raw", Some(bytes)) => bytes.into(),
            ("m" | "y" | "q", Some(bytes)) => {
                let (key, value) = pair(bytes).ok_or_else(cut)?;
                let value = match *kind {
                    "y" => base64(value).into(),
                    "q" => message(value, "Quantity")?.text("/string").into(),
                    _ => Value::from(String::from_utf8_lossy(value)),
                };
                let map = object.entry(*field).or_insert_with(|| Map::new().into());
                if let Some(map) = map.as_object_mut() {
                    map.insert(key, value);
                }
                continue;
            }
            (inner, Some(bytes)) => message(bytes, inner)?,
            _ => return Err(cut()),
        };
        if *many {
            let list = object.entry(*field).or_insert_with(|| Value::Array(Vec::new()));
            if let Some(list) = list.as_array_mut() {
                list.push(value);
            }
        } else {
            object.insert((*field).to_owned(), value);
        }
    }
    Ok(object.into())
}

/// An entry of a map: its key and its value's bytes.
fn pair(mut rest: &[u8]) -> Option<(String, &[u8])> {
    let (mut key, mut value): (&[u8], &[u8]) = (&[], &[]);
    while !rest.is_empty() {
        let tag = varint(&mut rest)?;
        let length = usize::try_from(varint(&mut rest)?).ok()?;
        let (bytes, after) = rest.split_at_checked(length)?;
        rest = after;
        *if tag >> 3 == 1 { &mut key } else { &mut value } = bytes;
    }
    Some((String::from_utf8_lossy(key).into_owned(), value))
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0_u64, 0);
    loop {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
            [PREFIX.to_vec(), field(1, &[field(1, b"v1"), field(2, b"ConfigMap")].concat()), field(2, &raw)]
                .concat()
        };
        let read_well = read(&whole(&[])).unwrap();
        assert_eq!(
            read_well,
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "limits"}, "data": {"rate": "10"}})
        );
        assert!(read(&whole(&field(9, b"x"))).unwrap_err().contains("field 9 of ConfigMap"));
        for length in 0..whole(&[]).len() {
            let _ = read(whole(&[]).get(..length).unwrap());
        }
    }
}
