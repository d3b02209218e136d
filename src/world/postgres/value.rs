//! Values and their types: how they compare, what they look like as text, and how a text becomes one; and why there is
//! none.
use std::cmp::Ordering;
use std::sync::Arc;

use jiff::{Span, SpanRelativeTo, Timestamp, civil, tz};

use kind::{BOOL, FLOAT8, INET, INT4, INT8, INTERVAL, LSN, OID, TEXT, TIMESTAMPTZ, XID};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub severity: &'static str,
    pub code: &'static str,
    pub message: String,
}

pub type Res<T> = Result<T, Fault>;

impl Fault {
    pub fn new(code: &'static str, message: impl Into<String>) -> Fault {
        Fault { severity: "ERROR", code, message: message.into() }
    }

    pub fn fatal(code: &'static str, message: impl Into<String>) -> Fault {
        Fault { severity: "FATAL", ..Fault::new(code, message) }
    }

    pub fn warning(code: &'static str, message: impl Into<String>) -> Fault {
        Fault { severity: "WARNING", ..Fault::new(code, message) }
    }

    /// What this server does not do, though the real one may.
    pub fn unsupported(what: impl std::fmt::Display) -> Fault {
        Fault::new("0A000", format!("{what} is not supported"))
    }

    pub fn missing(code: &'static str, kind: &str, name: &str) -> Fault {
        Fault::new(code, format!("{kind} \"{name}\" does not exist"))
    }
}

pub type Oid = u32;
pub type Row = Vec<Value>;

/// Number, name, name in the standard, array of it, and the kind of things that it is of.
type Type = (Oid, &'static str, &'static str, Oid, char);

macro_rules! types {
    ($($const:ident $oid:literal $name:literal $standard:literal $array:literal $kind:literal;)*) => {
        /// The types by their numbers, which are the protocol's own.
        pub mod kind {
            $(pub const $const: super::Oid = $oid;)*
            pub const INTS: super::Oid = 1007;
            pub const TEXTS: super::Oid = 1009;
        }
        const TYPES: &[Type] = &[$(($oid, $name, $standard, $array, $kind),)*];
    };
}
types! {
    BOOL 16 "bool" "boolean" 1000 'B';
    NAME 19 "name" "name" 1003 'S';
    TEXT 25 "text" "text" 1009 'S';
    INT4 23 "int4" "integer" 1007 'N';
    INT8 20 "int8" "bigint" 1016 'N';
    FLOAT8 701 "float8" "double precision" 1022 'N';
    OID 26 "oid" "oid" 1028 'O';
    XID 28 "xid" "xid" 1011 'O';
    REGCLASS 2205 "regclass" "regclass" 2210 'C';
    UNKNOWN 705 "unknown" "unknown" 0 'X';
    INET 869 "inet" "inet" 1041 'I';
    TIMESTAMPTZ 1184 "timestamptz" "timestamp with time zone" 1185 'D';
    INTERVAL 1186 "interval" "interval" 1187 'T';
    ANY 2276 "any" "any" 0 'P';
    VOID 2278 "void" "void" 0 'P';
    LSN 3220 "pg_lsn" "pg_lsn" 3221 'L';
}

fn of(ty: Oid) -> Option<&'static Type> {
    TYPES.iter().find(|one| one.0 == ty)
}

/// What an array of this type holds.
pub fn element(ty: Oid) -> Option<Oid> {
    TYPES.iter().find(|one| one.3 == ty && ty != 0).map(|one| one.0)
}

pub fn array(ty: Oid) -> Oid {
    of(ty).map_or(kind::TEXTS, |one| one.3)
}

pub fn category(ty: Oid) -> char {
    of(ty).map_or('A', |one| one.4)
}

/// Numbers in the order in which one becomes the other.
pub fn rank(ty: Oid) -> Option<usize> {
    TYPES.iter().position(|one| one.0 == ty && one.4 == 'N')
}

/// As columns that show nothing but it are called.
pub fn short(ty: Oid) -> &'static str {
    of(ty).map_or("array", |one| one.1)
}

pub fn name(ty: Oid) -> String {
    let array = || element(ty).map_or("record".to_owned(), |inner| format!("{}[]", name(inner)));
    of(ty).map_or_else(array, |one| one.2.to_owned())
}

/// A type as it is written in a statement.
pub fn named(text: &str) -> Option<Oid> {
    let text = text.to_lowercase();
    let bare = text.trim_start_matches("pg_catalog.").trim_matches('"');
    if let Some(inner) = bare.strip_suffix("[]") {
        return named(inner).map(array);
    }
    let bare = match bare {
        "int" => "int4",
        "varchar" | "char" => "text",
        // What is no whole number is kept as it is kept in floating point.
        "numeric" => "float8",
        other => other,
    };
    TYPES.iter().find(|one| one.1 == bare || one.2 == bare).map(|one| one.0)
}

/// Moments and spans of time are in microseconds; which of the types a value is of stands beside it.
#[derive(Debug, Clone)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Arc<str>),
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
    Vec<Value>, it => Value::List(it.into());
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(it: Option<T>) -> Value {
        it.map_or(Value::Null, Into::into)
    }
}

#[expect(clippy::cast_precision_loss, reason = "nothing here is counted so far")]
pub fn float(n: i64) -> f64 {
    n as f64
}

#[expect(clippy::cast_possible_truncation, reason = "what is too large stays at the end of the range")]
pub fn whole(n: f64) -> i64 {
    n.round() as i64
}

impl Value {
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    pub fn is_true(&self) -> bool {
        matches!(self, Value::Bool(true))
    }

    pub fn int(&self) -> i64 {
        match self {
            Value::Int(n) => *n,
            Value::Float(n) => whole(*n),
            Value::Bool(is) => i64::from(*is),
            _ => 0,
        }
    }

    pub fn float(&self) -> f64 {
        if let Value::Float(n) = self { *n } else { float(self.int()) }
    }

    pub fn text(&self) -> Arc<str> {
        if let Value::Text(text) = self { Arc::clone(text) } else { shown(self, TEXT).into() }
    }

    pub fn list(&self) -> &[Value] {
        if let Value::List(all) = self { all } else { &[] }
    }
}

/// The order of two values of one type, or of two kinds of numbers; what is null comes last.
pub fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::List(a), Value::List(b)) => rows_order(a, b),
        (Value::Float(_), Value::Float(_) | Value::Int(_)) | (Value::Int(_), Value::Float(_)) => {
            a.float().total_cmp(&b.float())
        }
        _ => a.is_null().cmp(&b.is_null()).then_with(|| a.int().cmp(&b.int())),
    }
}

pub fn rows_order(a: &[Value], b: &[Value]) -> Ordering {
    let first = a.iter().zip(b).map(|(a, b)| order(a, b)).find(|order| order.is_ne());
    first.unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// The text of a value as the server sends it.
pub fn shown(value: &Value, ty: Oid) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(is) => if *is { "t" } else { "f" }.to_owned(),
        Value::Int(n) if ty == LSN => format!("{:X}/{:X}", n >> 32, n & 0xffff_ffff),
        Value::Int(n) if ty == INTERVAL => span(*n),
        Value::Int(n) if ty == TIMESTAMPTZ => {
            let at = Timestamp::from_microsecond(*n).unwrap_or_default();
            at.strftime("%Y-%m-%d %H:%M:%S%.f+00").to_string()
        }
        Value::Int(n) => n.to_string(),
        Value::Float(n) => n.to_string(),
        Value::Text(text) => text.to_string(),
        Value::List(all) => {
            let inner = element(ty).unwrap_or(TEXT);
            let each = all.iter().map(|value| match shown(value, inner) {
                _ if value.is_null() => "NULL".to_owned(),
                text if text.is_empty() || text.contains(['{', '}', ',', '"', '\\', ' ']) => {
                    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
                }
                text => text,
            });
            format!("{{{}}}", each.collect::<Vec<_>>().join(","))
        }
    }
}

pub const SECOND: i64 = 1_000_000;
pub const DAY: i64 = 86_400 * SECOND;

fn span(micros: i64) -> String {
    let (days, rest) = (micros / DAY, micros % DAY);
    let day = match days {
        0 => String::new(),
        1 => "1 day ".to_owned(),
        days => format!("{days} days "),
    };
    if rest == 0 && days != 0 {
        return day.trim_end().to_owned();
    }
    let (sign, rest) = (if rest < 0 { "-" } else { "" }, rest.abs());
    let seconds = rest / SECOND;
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    let part = format!(".{:06}", rest % SECOND);
    format!("{day}{sign}{clock}{}", part.trim_end_matches('0').trim_end_matches('.'))
}

fn parse_span(text: &str) -> Option<i64> {
    let of_days = SpanRelativeTo::days_are_24_hours();
    i64::try_from(text.parse::<Span>().ok()?.to_duration(of_days).ok()?.as_micros()).ok()
}

fn parse_moment(text: &str) -> Option<i64> {
    let civil = || tz::Offset::UTC.to_timestamp(text.parse::<civil::DateTime>().ok()?).ok();
    text.parse::<Timestamp>().ok().or_else(civil).map(Timestamp::as_microsecond)
}

/// A text as a value of a type.
pub fn parse(text: &str, ty: Oid) -> Res<Value> {
    let bad = |code| Fault::new(code, format!("invalid input syntax for type {}: \"{text}\"", name(ty)));
    let trimmed = text.trim();
    Ok(match ty {
        BOOL => match trimmed.to_lowercase().as_str() {
            "t" | "true" | "on" | "yes" | "1" => true.into(),
            "f" | "false" | "off" | "no" | "0" => false.into(),
            _ => return Err(bad("22P02")),
        },
        INT4 | INT8 | OID | XID => fits(trimmed.parse::<i64>().map_err(|_| bad("22P02"))?, ty)?,
        FLOAT8 => Value::Float(trimmed.parse().map_err(|_| bad("22P02"))?),
        TIMESTAMPTZ => parse_moment(trimmed).ok_or_else(|| bad("22007"))?.into(),
        INTERVAL => parse_span(trimmed).ok_or_else(|| bad("22007"))?.into(),
        INET if trimmed.parse::<std::net::IpAddr>().is_err() => return Err(bad("22P02")),
        _ if element(ty).is_some() || ty == LSN => return Err(Fault::unsupported("such a text")),
        _ => text.into(),
    })
}

/// A whole number in the range of its type.
pub fn fits(n: i64, ty: Oid) -> Res<Value> {
    let range = match ty {
        INT4 => i64::from(i32::MIN)..=i64::from(i32::MAX),
        OID | XID => 0..=i64::from(u32::MAX),
        _ => i64::MIN..=i64::MAX,
    };
    let out = || Fault::new("22003", format!("{} out of range", name(ty)));
    if range.contains(&n) { Ok(Value::Int(n)) } else { Err(out()) }
}
