//! Messages of the protocol: what is read from a client, and what is written to it.
use std::collections::BTreeMap;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::fault::Fault;
use super::names;
use super::select::Columns;
use super::state::Database;
use super::value::kind::{
    BOOL, DATE, FLOAT4, FLOAT8, INET, INT2, INT4, INT8, INTERVAL, LSN, NUMERIC, OID, REGCLASS, REGNAMESPACE,
    REGROLE, REGTYPE, TIMESTAMP, TIMESTAMPTZ, UUID, XID,
};
use super::value::{self, Oid, Row, Value, element};

const LARGEST: usize = 4 << 20;
/// From 1970 to the year from which the protocol counts, in microseconds.
const EPOCH: i64 = 946_684_800_000_000;

/// One message: its kind, and what is in it. The first has no kind.
pub async fn read(from: &mut (impl AsyncRead + Unpin), first: bool) -> Option<(u8, Vec<u8>)> {
    let kind = if first { 0 } else { from.read_u8().await.ok()? };
    let size = usize::try_from(from.read_u32().await.ok()?).ok()?.checked_sub(4)?;
    if size > if first { 10_000 } else { LARGEST } {
        return None;
    }
    // It grows with what really comes.
    let mut body = Vec::new();
    let count = from.take(u64::try_from(size).ok()?).read_to_end(&mut body).await.ok()?;
    (count == size).then_some((kind, body))
}

/// What is left to be read of a message.
pub struct Reader<'r>(pub &'r [u8]);

impl<'r> Reader<'r> {
    pub fn bytes(&mut self, count: usize) -> Option<&'r [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    pub fn short(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.bytes(2)?.try_into().ok()?))
    }

    pub fn int(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.bytes(4)?.try_into().ok()?))
    }

    pub fn text(&mut self) -> Option<String> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let text = String::from_utf8_lossy(self.bytes(end)?).into_owned();
        self.bytes(1)?;
        Some(text)
    }

    pub fn pairs(&mut self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        while let Some(name) = self.text().filter(|name| !name.is_empty()) {
            all.insert(name, self.text().unwrap_or_default());
        }
        all
    }
}

/// Messages that wait to be sent.
#[derive(Default)]
pub struct Writer(pub Vec<u8>);

impl Writer {
    pub fn message(&mut self, kind: u8, body: impl FnOnce(&mut Vec<u8>)) {
        self.0.push(kind);
        let at = self.0.len();
        self.0.extend([0; 4]);
        body(&mut self.0);
        let size = u32::try_from(self.0.len() - at).unwrap_or(u32::MAX).to_be_bytes();
        if let Some(place) = self.0.get_mut(at..at + 4) {
            place.copy_from_slice(&size);
        }
    }

    pub fn empty(&mut self, kind: u8) {
        self.message(kind, |_| ());
    }

    pub fn ready(&mut self, block: Option<bool>) {
        let state = match block {
            None => b'I',
            Some(false) => b'T',
            Some(true) => b'E',
        };
        self.message(b'Z', |out| out.push(state));
    }

    pub fn pair(&mut self, name: &str, value: &str) {
        self.message(b'S', |out| {
            string(out, name);
            string(out, value);
        });
    }

    /// An error or a notice.
    pub fn fault(&mut self, fault: &Fault, sql: &str) {
        let is_error = matches!(fault.severity, "ERROR" | "FATAL" | "PANIC");
        self.message(if is_error { b'E' } else { b'N' }, |out| {
            let position = fault.position(sql).map(|at| at.to_string());
            let fields = [
                (b'S', Some(fault.severity)),
                (b'V', Some(fault.severity)),
                (b'C', Some(fault.code)),
                (b'M', Some(fault.message.as_str())),
                (b'H', fault.hint),
                (b'P', position.as_deref()),
            ];
            for (field, text) in fields {
                if let Some(text) = text {
                    out.push(field);
                    string(out, text);
                }
            }
            out.push(0);
        });
    }

    pub fn columns(&mut self, columns: &Columns, formats: &[i16]) {
        self.message(b'T', |out| {
            short(out, columns.len());
            for (at, (name, ty)) in columns.iter().enumerate() {
                string(out, name);
                out.extend([0; 6]);
                out.extend(ty.to_be_bytes());
                out.extend(value::length(*ty).to_be_bytes());
                out.extend((-1_i32).to_be_bytes());
                out.extend(format_of(formats, at).to_be_bytes());
            }
        });
    }

    pub fn row(&mut self, db: &Database, columns: &Columns, formats: &[i16], row: &Row) {
        self.message(b'D', |out| {
            short(out, columns.len());
            for (at, ((_, ty), value)) in columns.iter().zip(row).enumerate() {
                cell(out, value, |out| match format_of(formats, at) {
                    1 => binary(out, db, value, *ty),
                    _ => out.extend(names::shown(db, value, *ty).bytes()),
                });
            }
        });
    }

    pub fn tag(&mut self, tag: &str) {
        self.message(b'C', |out| string(out, tag));
    }
}

fn format_of(formats: &[i16], at: usize) -> i16 {
    match formats {
        [] => 0,
        [all] => *all,
        each => each.get(at).copied().unwrap_or(0),
    }
}

pub fn string(out: &mut Vec<u8>, text: &str) {
    out.extend(text.bytes().filter(|byte| *byte != 0));
    out.push(0);
}

pub fn short(out: &mut Vec<u8>, n: usize) {
    out.extend(u16::try_from(n).unwrap_or(u16::MAX).to_be_bytes());
}

fn int(out: &mut Vec<u8>, n: i64) {
    out.extend(i32::try_from(n).unwrap_or(0).to_be_bytes());
}

fn cell(out: &mut Vec<u8>, value: &Value, body: impl FnOnce(&mut Vec<u8>)) {
    if value.is_null() {
        out.extend((-1_i32).to_be_bytes());
        return;
    }
    let at = out.len();
    out.extend([0; 4]);
    body(out);
    let size = i32::try_from(out.len() - at - 4).unwrap_or(0).to_be_bytes();
    if let Some(place) = out.get_mut(at..at + 4) {
        place.copy_from_slice(&size);
    }
}

fn binary(out: &mut Vec<u8>, db: &Database, value: &Value, ty: Oid) {
    if let Some(inner) = element(ty) {
        let all = value.list();
        int(out, i64::from(!all.is_empty()));
        int(out, i64::from(all.iter().any(Value::is_null)));
        out.extend(inner.to_be_bytes());
        if !all.is_empty() {
            int(out, i64::try_from(all.len()).unwrap_or(0));
            int(out, 1);
        }
        for one in all {
            cell(out, one, |out| binary(out, db, one, inner));
        }
        return;
    }
    match ty {
        BOOL => out.push(u8::from(value.is_true())),
        INT2 => out.extend(i16::try_from(value.int()).unwrap_or(0).to_be_bytes()),
        INT4 => int(out, value.int()),
        OID | XID | REGCLASS | REGTYPE | REGROLE | REGNAMESPACE => {
            out.extend(u32::try_from(value.int()).unwrap_or(0).to_be_bytes());
        }
        INT8 | LSN => out.extend(value.int().to_be_bytes()),
        FLOAT8 => out.extend(value.float().to_be_bytes()),
        FLOAT4 => out.extend(value.float().to_string().parse::<f32>().unwrap_or(0.0).to_be_bytes()),
        TIMESTAMP | TIMESTAMPTZ => out.extend((value.int() - EPOCH).to_be_bytes()),
        DATE => int(out, (value.int() - EPOCH).div_euclid(86_400_000_000)),
        INTERVAL => {
            if let Value::Span(span) = value {
                out.extend(span.micros.to_be_bytes());
                int(out, span.days);
                int(out, span.months);
            }
        }
        NUMERIC => numeric(out, value),
        INET => {
            let text = value.text();
            let (host, bits) = text.split_once('/').unwrap_or((&text, ""));
            let (family, bytes) = match host.parse() {
                Ok(std::net::IpAddr::V6(host)) => (3, host.octets().to_vec()),
                Ok(std::net::IpAddr::V4(host)) => (2, host.octets().to_vec()),
                Err(_) => (2, vec![0; 4]),
            };
            let size = u8::try_from(bytes.len()).unwrap_or(4);
            out.extend([family, bits.parse().unwrap_or(size * 8), 0, size]);
            out.extend(bytes);
        }
        UUID => {
            let digits: String = value.text().chars().filter(char::is_ascii_hexdigit).collect();
            out.extend(u128::from_str_radix(&digits, 16).unwrap_or(0).to_be_bytes());
        }
        _ => out.extend(names::shown(db, value, ty).bytes()),
    }
}

/// In groups of four digits.
fn numeric(out: &mut Vec<u8>, value: &Value) {
    let (n, scale) = match value {
        Value::Num(n, scale) => (*n, *scale),
        other => (other.int().into(), 0),
    };
    let pad = (4 - scale % 4) % 4;
    let mut rest = n.unsigned_abs().saturating_mul(10_u128.pow(pad));
    let mut groups = Vec::new();
    while rest > 0 {
        groups.push(u16::try_from(rest % 10_000).unwrap_or(0));
        rest /= 10_000;
    }
    let below = i64::from((scale + pad) / 4);
    let weight = i64::try_from(groups.len()).unwrap_or(0) - below - 1;
    short(out, groups.len());
    out.extend(i16::try_from(weight).unwrap_or(0).to_be_bytes());
    short(out, if n < 0 { 0x4000 } else { 0 });
    short(out, usize::try_from(scale).unwrap_or(0));
    for group in groups.iter().rev() {
        out.extend(group.to_be_bytes());
    }
}

/// A parameter as it came.
pub fn parameter(raw: Option<&[u8]>, binary: bool, ty: Oid) -> Result<Value, Fault> {
    let Some(raw) = raw else { return Ok(Value::Null) };
    if !binary {
        return value::parse(&String::from_utf8_lossy(raw), ty);
    }
    let bad = || Fault::new("22P03", "incorrect binary data format in bind parameter");
    let mut reader = Reader(raw);
    if let Some(inner) = element(ty) {
        let dimensions = reader.int().ok_or_else(bad)?;
        reader.bytes(8).ok_or_else(bad)?;
        let mut all = Vec::new();
        if dimensions > 0 {
            let count = reader.int().ok_or_else(bad)?;
            reader.bytes(4).ok_or_else(bad)?;
            for _ in 0..count {
                let size = reader.int().ok_or_else(bad)?;
                let one = match usize::try_from(size) {
                    Ok(size) => Some(reader.bytes(size).ok_or_else(bad)?),
                    Err(_) => None,
                };
                all.push(parameter(one, true, inner)?);
            }
        }
        return Ok(all.into());
    }
    let big = || raw.try_into().ok().map(i64::from_be_bytes);
    Ok(match ty {
        BOOL => raw.first().map(|byte| *byte != 0).into(),
        INT2 => reader.short().map(i64::from).into(),
        INT4 => reader.int().into(),
        OID | XID => reader.int().map(i32::cast_unsigned).into(),
        INT8 | LSN => big().into(),
        FLOAT8 => raw.try_into().ok().map(f64::from_be_bytes).into(),
        TIMESTAMP | TIMESTAMPTZ => big().map_or(Value::Null, |n| Value::Time(n.saturating_add(EPOCH))),
        FLOAT4 | NUMERIC | INTERVAL | DATE | INET => {
            return Err(Fault::unsupported("this parameter in binary"));
        }
        _ => String::from_utf8_lossy(raw).into_owned().into(),
    })
}
