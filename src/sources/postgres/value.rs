//! Values of a row: what is missing is `None`, and text is decoded whatever its bytes.
use std::error::Error;

use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Kind, Type};

use crate::domain::Text;
use crate::domain::text::clean_to;
use crate::domain::time::Timestamp;

/// A database may hold bytes of any encoding, or of none.
struct Lossy(String);

impl<'a> FromSql<'a> for Lossy {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Lossy, Box<dyn Error + Sync + Send>> {
        Ok(Lossy(String::from_utf8_lossy(raw).into_owned()))
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR | Type::UNKNOWN)
            || matches!(kind.kind(), Kind::Enum(_))
    }
}

/// As it is, for what is cleaned or masked later; empty when missing.
pub fn raw(row: &Row, at: usize) -> Option<String> {
    row.try_get::<_, Option<Lossy>>(at).ok().flatten().map(|text| text.0)
}

/// Names are at most 63 bytes; what comes from elsewhere may be anything.
const LONGEST: usize = 200;

/// Harmless and of bounded length.
pub fn text(row: &Row, at: usize) -> String {
    raw(row, at).map(|text| clean_to(&text, LONGEST).into_owned()).unwrap_or_default()
}

pub fn word(row: &Row, at: usize) -> Text {
    text(row, at).into()
}

pub fn number(row: &Row, at: usize) -> Option<i64> {
    row.try_get::<_, Option<i64>>(at).ok().flatten()
}

pub fn count(row: &Row, at: usize) -> u64 {
    number(row, at).and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
}

pub fn small(row: &Row, at: usize) -> u32 {
    u32::try_from(count(row, at)).unwrap_or(u32::MAX)
}

pub fn pid(row: &Row, at: usize) -> i32 {
    row.try_get::<_, Option<i32>>(at).ok().flatten().unwrap_or_default()
}

pub fn flag(row: &Row, at: usize) -> bool {
    row.try_get::<_, Option<bool>>(at).ok().flatten().unwrap_or(false)
}

/// Milliseconds since the epoch.
pub fn moment(row: &Row, at: usize) -> Option<Timestamp> {
    number(row, at).map(Timestamp)
}
