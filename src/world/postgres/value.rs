//! Values and their types: how they compare, what they look like as text, and how a text becomes one.
use std::cmp::Ordering;
use std::sync::Arc;

use super::fault::{Fault, Res};
pub use super::form::{civil, parse, shown};

pub type Oid = u32;
pub type Row = Vec<Value>;

/// The types by their numbers, which are the protocol's own.
pub mod kind {
    use super::Oid;
    pub const BOOL: Oid = 16;
    pub const BYTEA: Oid = 17;
    pub const CHAR: Oid = 18;
    pub const NAME: Oid = 19;
    pub const INT8: Oid = 20;
    pub const INT2: Oid = 21;
    pub const INT4: Oid = 23;
    pub const TEXT: Oid = 25;
    pub const OID: Oid = 26;
    pub const XID: Oid = 28;
    pub const JSON: Oid = 114;
    pub const FLOAT4: Oid = 700;
    pub const FLOAT8: Oid = 701;
    pub const UNKNOWN: Oid = 705;
    pub const INET: Oid = 869;
    pub const BPCHAR: Oid = 1042;
    pub const VARCHAR: Oid = 1043;
    pub const DATE: Oid = 1082;
    pub const TIMESTAMP: Oid = 1114;
    pub const TIMESTAMPTZ: Oid = 1184;
    pub const INTERVAL: Oid = 1186;
    pub const NUMERIC: Oid = 1700;
    pub const REGCLASS: Oid = 2205;
    pub const REGTYPE: Oid = 2206;
    pub const ANY: Oid = 2276;
    pub const ANYARRAY: Oid = 2277;
    pub const VOID: Oid = 2278;
    pub const ANYELEMENT: Oid = 2283;
    pub const UUID: Oid = 2950;
    pub const LSN: Oid = 3220;
    pub const JSONB: Oid = 3802;
    pub const REGNAMESPACE: Oid = 4089;
    pub const REGROLE: Oid = 4096;
    pub const TEXTS: Oid = 1009;
    pub const INTS: Oid = 1007;
}
use kind::{
    BOOL, BPCHAR, BYTEA, CHAR, DATE, FLOAT4, FLOAT8, INET, INT2, INT4, INT8, INTERVAL, JSON, JSONB, LSN,
    NAME, NUMERIC, OID, REGCLASS, REGNAMESPACE, REGROLE, REGTYPE, TEXT, TIMESTAMP, TIMESTAMPTZ, UNKNOWN,
    UUID, VARCHAR, VOID, XID,
};

/// Number, short name, name in the standard, array of it, category, length.
pub const TYPES: &[(Oid, &str, &str, Oid, char, i16)] = &[
    (BOOL, "bool", "boolean", 1000, 'B', 1),
    (BYTEA, "bytea", "bytea", 1001, 'U', -1),
    (CHAR, "char", "\"char\"", 1002, 'Z', 1),
    (NAME, "name", "name", 1003, 'S', 64),
    (INT8, "int8", "bigint", 1016, 'N', 8),
    (INT2, "int2", "smallint", 1005, 'N', 2),
    (INT4, "int4", "integer", 1007, 'N', 4),
    (TEXT, "text", "text", 1009, 'S', -1),
    (OID, "oid", "oid", 1028, 'N', 4),
    (XID, "xid", "xid", 1011, 'U', 4),
    (JSON, "json", "json", 199, 'U', -1),
    (FLOAT4, "float4", "real", 1021, 'N', 4),
    (FLOAT8, "float8", "double precision", 1022, 'N', 8),
    (UNKNOWN, "unknown", "unknown", 0, 'X', -2),
    (INET, "inet", "inet", 1041, 'I', -1),
    (BPCHAR, "bpchar", "character", 1014, 'S', -1),
    (VARCHAR, "varchar", "character varying", 1015, 'S', -1),
    (DATE, "date", "date", 1182, 'D', 4),
    (TIMESTAMP, "timestamp", "timestamp without time zone", 1115, 'D', 8),
    (TIMESTAMPTZ, "timestamptz", "timestamp with time zone", 1185, 'D', 8),
    (INTERVAL, "interval", "interval", 1187, 'T', 16),
    (NUMERIC, "numeric", "numeric", 1231, 'N', -1),
    (REGCLASS, "regclass", "regclass", 2210, 'N', 4),
    (REGTYPE, "regtype", "regtype", 2211, 'N', 4),
    (VOID, "void", "void", 0, 'P', 4),
    (UUID, "uuid", "uuid", 2951, 'U', 16),
    (LSN, "pg_lsn", "pg_lsn", 3221, 'U', 8),
    (JSONB, "jsonb", "jsonb", 3807, 'U', -1),
    (REGNAMESPACE, "regnamespace", "regnamespace", 4090, 'N', 4),
    (REGROLE, "regrole", "regrole", 4097, 'N', 4),
];

fn of(ty: Oid) -> Option<&'static (Oid, &'static str, &'static str, Oid, char, i16)> {
    TYPES.iter().find(|entry| entry.0 == ty)
}

/// What an array of this type holds.
pub fn element(ty: Oid) -> Option<Oid> {
    TYPES.iter().find(|entry| entry.3 == ty && ty != 0).map(|entry| entry.0)
}

pub fn array(ty: Oid) -> Oid {
    of(ty).map_or(kind::TEXTS, |entry| entry.3)
}

pub fn length(ty: Oid) -> i16 {
    of(ty).map_or(-1, |entry| entry.5)
}

pub fn category(ty: Oid) -> char {
    if element(ty).is_some() { 'A' } else { of(ty).map_or('P', |entry| entry.4) }
}

pub fn name(ty: Oid) -> String {
    match (of(ty), element(ty)) {
        (Some(entry), _) => entry.2.to_owned(),
        (None, Some(inner)) => format!("{}[]", name(inner)),
        _ => "record".to_owned(),
    }
}

/// A type as it is written in a statement, in any of its spellings.
pub fn named(text: &str) -> Option<Oid> {
    let text = text.to_lowercase();
    let text = text.trim().trim_start_matches("pg_catalog.");
    if let Some(inner) = text.strip_suffix("[]") {
        return named(inner).map(array);
    }
    let bare: String = match (text.find('('), text.find(')')) {
        (Some(from), Some(to)) if from < to => {
            [text.get(..from), text.get(to + 1..)].into_iter().flatten().collect()
        }
        _ => text.to_owned(),
    };
    let bare = bare.split_whitespace().collect::<Vec<_>>().join(" ");
    let bare = match bare.as_str() {
        "int" | "serial" | "serial4" => "int4",
        "bigserial" | "serial8" => "int8",
        "decimal" | "dec" => "numeric",
        "float" | "double" => "float8",
        "string" => "text",
        "char" => "bpchar",
        "\"char\"" => "char",
        other => other.trim_matches('"'),
    };
    TYPES.iter().find(|entry| entry.1 == bare || entry.2 == bare).map(|entry| entry.0)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    pub months: i64,
    pub days: i64,
    pub micros: i64,
}

pub const DAY: i64 = 86_400_000_000;

impl Span {
    pub fn of(micros: i64) -> Span {
        Span { months: 0, days: micros / DAY, micros: micros % DAY }
    }

    /// A month has thirty days where lengths are compared.
    pub fn length(self) -> i64 {
        let days = self.months.saturating_mul(30).saturating_add(self.days);
        days.saturating_mul(DAY).saturating_add(self.micros)
    }
}

/// A moment is in microseconds since 1970; which of the types it is of stands beside it.
#[derive(Debug, Clone)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Num(i128, u32),
    Text(Arc<str>),
    Time(i64),
    Span(Span),
    List(Arc<[Value]>),
}

macro_rules! from {
    ($($from:ty, $value:ident => $to:expr;)*) => {
        $(impl From<$from> for Value { fn from($value: $from) -> Value { $to } })*
    };
}
from! {
    bool, it => Value::Bool(it);
    i64, it => Value::Int(it);
    i32, it => Value::Int(it.into());
    u32, it => Value::Int(it.into());
    f64, it => Value::Float(it);
    usize, it => Value::Int(i64::try_from(it).unwrap_or(i64::MAX));
    &str, it => Value::Text(it.into());
    &String, it => Value::Text(it.as_str().into());
    String, it => Value::Text(it.into());
    Span, it => Value::Span(it);
    Vec<Value>, it => Value::List(it.into());
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(it: Option<T>) -> Value {
        it.map_or(Value::Null, Into::into)
    }
}

impl Value {
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    pub fn int(&self) -> i64 {
        match self {
            Value::Int(n) | Value::Time(n) => *n,
            Value::Bool(is) => i64::from(*is),
            Value::Num(..) | Value::Float(_) => i64::try_from(rounded(self, 0)).unwrap_or(i64::MAX),
            _ => 0,
        }
    }

    pub fn is_true(&self) -> bool {
        matches!(self, Value::Bool(true))
    }

    pub fn text(&self) -> Arc<str> {
        match self {
            Value::Text(text) => Arc::clone(text),
            other => shown(other, TEXT).into(),
        }
    }

    pub fn float(&self) -> f64 {
        match self {
            Value::Float(n) => *n,
            other => shown(other, NUMERIC).parse().unwrap_or(0.0),
        }
    }

    pub fn list(&self) -> &[Value] {
        if let Value::List(all) = self { all } else { &[] }
    }
}

/// Ten to this power.
pub fn ten(power: u32) -> i128 {
    10_i128.checked_pow(power).unwrap_or(i128::MAX)
}

/// A number as an integer of this many decimal places, rounded as the server rounds.
pub fn rounded(value: &Value, scale: u32) -> i128 {
    match value {
        Value::Int(n) => i128::from(*n).saturating_mul(ten(scale)),
        Value::Num(n, own) if *own <= scale => n.saturating_mul(ten(scale - own)),
        Value::Num(n, own) => {
            let unit = ten(own - scale);
            (n.saturating_add(n.signum() * (unit / 2))) / unit
        }
        Value::Float(n) => {
            parse_number(&format!("{n:.*}", usize::try_from(scale).unwrap_or(0))).map_or(0, |(n, _)| n)
        }
        _ => 0,
    }
}

/// Digits with a point, and how many stand behind it.
pub fn parse_number(text: &str) -> Option<(i128, u32)> {
    let text = text.trim();
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{part}");
    let bare = digits.trim_start_matches(['-', '+']);
    if bare.is_empty() || !bare.bytes().all(|byte| byte.is_ascii_digit()) || part.len() > 30 {
        return None;
    }
    Some((digits.parse().ok()?, u32::try_from(part.len()).ok()?))
}

/// The order of two values of one type, or of two kinds of numbers.
pub fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Span(a), Value::Span(b)) => a.length().cmp(&b.length()),
        (Value::List(a), Value::List(b)) => {
            let first = a.iter().zip(b.iter()).map(|(a, b)| order(a, b)).find(|order| order.is_ne());
            first.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Value::Int(a) | Value::Time(a), Value::Int(b) | Value::Time(b)) => a.cmp(b),
        (Value::Float(_), _) | (_, Value::Float(_)) => a.float().total_cmp(&b.float()),
        _ => {
            let scale = |value: &Value| if let Value::Num(_, scale) = value { *scale } else { 0 };
            let scale = scale(a).max(scale(b));
            rounded(a, scale).cmp(&rounded(b, scale))
        }
    }
}

/// A whole number in the range of its type.
pub fn fits(n: i128, ty: Oid) -> Res<Value> {
    let (low, high) = match ty {
        INT2 => (i128::from(i16::MIN), i128::from(i16::MAX)),
        INT4 => (i128::from(i32::MIN), i128::from(i32::MAX)),
        OID | XID | REGCLASS => (0, i128::from(u32::MAX)),
        _ => (i128::from(i64::MIN), i128::from(i64::MAX)),
    };
    if (low..=high).contains(&n) {
        return Ok(Value::Int(i64::try_from(n).unwrap_or(0)));
    }
    Err(Fault::new("22003", format!("{} out of range", name(ty))))
}
