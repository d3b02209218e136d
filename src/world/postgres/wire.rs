//! Messages of the protocol: what is read from a client, and what is written to it.
use bytes::Buf;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::select::Columns;
use super::value::kind::{BOOL, FLOAT8, INT4, INT8, OID, TIMESTAMPTZ, XID};
use super::value::{self, Fault, Oid, Res, Row, Value, category, element, shown};

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

pub fn broken() -> Fault {
    Fault::fatal("08P01", "invalid message format")
}

/// What is left to be read of a message.
pub struct Reader<'r>(pub &'r [u8]);

impl<'r> Reader<'r> {
    pub fn bytes(&mut self, count: usize) -> Res<&'r [u8]> {
        let (head, rest) = self.0.split_at_checked(count).ok_or_else(broken)?;
        self.0 = rest;
        Ok(head)
    }

    pub fn short(&mut self) -> Res<i16> {
        self.0.try_get_i16().map_err(|_| broken())
    }

    pub fn int(&mut self) -> Res<i32> {
        self.0.try_get_i32().map_err(|_| broken())
    }

    pub fn text(&mut self) -> Res<String> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or_else(broken)?;
        let text = String::from_utf8_lossy(self.bytes(end)?).into_owned();
        self.bytes(1)?;
        Ok(text)
    }

    /// So many things as a number before them says.
    pub fn many<T>(&mut self, one: impl Fn(&mut Self) -> Res<T>) -> Res<Vec<T>> {
        (0..self.short()?).map(|_| one(self)).collect()
    }

    /// Bytes with their number before them; none where it is negative.
    pub fn cell(&mut self) -> Res<Option<&'r [u8]>> {
        usize::try_from(self.int()?).ok().map(|size| self.bytes(size)).transpose()
    }
}

/// Messages that wait to be sent.
#[derive(Default)]
pub struct Writer(pub Vec<u8>);

impl Writer {
    pub fn message(&mut self, kind: u8, body: impl FnOnce(&mut Vec<u8>)) {
        self.0.push(kind);
        sized(&mut self.0, 4, body);
    }

    pub fn empty(&mut self, kind: u8) {
        self.message(kind, |_| ());
    }

    pub fn ready(&mut self, block: Option<bool>) {
        let state = block.map_or(b'I', |failed| if failed { b'E' } else { b'T' });
        self.message(b'Z', |out| out.push(state));
    }

    pub fn pair(&mut self, name: &str, value: &str) {
        self.message(b'S', |out| {
            string(out, name);
            string(out, value);
        });
    }

    /// An error or a notice.
    pub fn fault(&mut self, fault: &Fault) {
        let is_error = matches!(fault.severity, "ERROR" | "FATAL");
        self.message(if is_error { b'E' } else { b'N' }, |out| {
            let fields = [
                (b'S', fault.severity),
                (b'V', fault.severity),
                (b'C', fault.code),
                (b'M', fault.message.as_str()),
            ];
            for (field, text) in fields {
                out.push(field);
                string(out, text);
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
                out.extend([0xff; 6]);
                out.extend(u16::from(is_binary(formats, at)).to_be_bytes());
            }
        });
    }

    pub fn types(&mut self, types: &[Oid]) {
        self.message(b't', |out| {
            short(out, types.len());
            out.extend(types.iter().flat_map(|ty| ty.to_be_bytes()));
        });
    }

    pub fn rows(&mut self, columns: &Columns, rows: &[Row], formats: &[i16]) {
        for row in rows {
            self.message(b'D', |out| {
                short(out, columns.len());
                for (at, ((_, ty), value)) in columns.iter().zip(row).enumerate() {
                    cell(out, value, *ty, is_binary(formats, at));
                }
            });
        }
    }

    pub fn tag(&mut self, tag: &str) {
        self.message(b'C', |out| string(out, tag));
    }
}

/// Whether what stands at a place is in binary: one format is for all of them, and none is text.
pub fn is_binary(formats: &[i16], at: usize) -> bool {
    let format = if formats.len() == 1 { formats.first() } else { formats.get(at) };
    format == Some(&1)
}

/// A body with its length before it, which counts so much more.
fn sized(out: &mut Vec<u8>, more: usize, body: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend([0; 4]);
    body(out);
    let size = i32::try_from(out.len() - at - 4 + more).unwrap_or(i32::MAX).to_be_bytes();
    if let Some(place) = out.get_mut(at..at + 4) {
        place.copy_from_slice(&size);
    }
}

fn string(out: &mut Vec<u8>, text: &str) {
    out.extend(text.bytes().filter(|byte| *byte != 0));
    out.push(0);
}

fn short(out: &mut Vec<u8>, n: usize) {
    out.extend(u16::try_from(n).unwrap_or(u16::MAX).to_be_bytes());
}

fn int(out: &mut Vec<u8>, n: i64) {
    out.extend(i32::try_from(n).unwrap_or(0).to_be_bytes());
}

fn cell(out: &mut Vec<u8>, value: &Value, ty: Oid, in_binary: bool) {
    match value {
        Value::Null => out.extend((-1_i32).to_be_bytes()),
        _ if in_binary => sized(out, 0, |out| binary(out, value, ty)),
        _ => sized(out, 0, |out| out.extend(shown(value, ty).bytes())),
    }
}

/// Types that this server writes as text alone.
pub fn only_text(ty: Oid) -> bool {
    matches!(category(ty), 'C' | 'I' | 'L' | 'T')
}

fn binary(out: &mut Vec<u8>, value: &Value, ty: Oid) {
    match (ty, element(ty)) {
        (_, Some(inner)) => {
            let all = value.list();
            int(out, i64::from(!all.is_empty()));
            int(out, i64::from(all.iter().any(Value::is_null)));
            out.extend(inner.to_be_bytes());
            if !all.is_empty() {
                int(out, Value::from(all.len()).int());
                int(out, 1);
            }
            for one in all {
                cell(out, one, inner, true);
            }
        }
        (BOOL, _) => out.push(u8::from(value.is_true())),
        (INT4, _) => int(out, value.int()),
        (OID | XID, _) => out.extend(u32::try_from(value.int()).unwrap_or(0).to_be_bytes()),
        (FLOAT8, _) => out.extend(value.float().to_be_bytes()),
        (TIMESTAMPTZ, _) => out.extend((value.int() - EPOCH).to_be_bytes()),
        _ => match value {
            Value::Int(n) => out.extend(n.to_be_bytes()),
            other => out.extend(other.text().bytes()),
        },
    }
}

/// A parameter as it came.
pub fn parameter(raw: Option<&[u8]>, in_binary: bool, ty: Oid) -> Res<Value> {
    let Some(raw) = raw else { return Ok(Value::Null) };
    if !in_binary {
        return value::parse(&String::from_utf8_lossy(raw), ty);
    }
    let mut reader = Reader(raw);
    match (ty, element(ty)) {
        (_, Some(inner)) => {
            let dimensions = reader.int()?;
            reader.bytes(8)?;
            let count = if dimensions > 0 { reader.int()? } else { 0 };
            reader.bytes(if dimensions > 0 { 4 } else { 0 })?;
            Ok((0..count).map(|_| parameter(reader.cell()?, true, inner)).collect::<Res<Row>>()?.into())
        }
        (INT4, _) => Ok(reader.int()?.into()),
        (INT8, _) => Ok(reader.0.try_get_i64().map_err(|_| broken())?.into()),
        _ if category(ty) == 'S' => Ok(String::from_utf8_lossy(raw).into_owned().into()),
        _ => Err(Fault::unsupported("this parameter in binary")),
    }
}
