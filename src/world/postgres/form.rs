//! Values as text, and texts as values.
use std::fmt::Write;

use jiff::tz::Offset;

use super::fault::{Fault, Res};
use super::value::kind::{
    BOOL, DATE, FLOAT4, FLOAT8, INET, INT2, INT4, INT8, INTERVAL, LSN, NUMERIC, OID, TEXT, TIMESTAMP,
    TIMESTAMPTZ, UUID, XID,
};
use super::value::{DAY, Oid, Span, Value, element, fits, name, parse_number, ten};

fn number(n: i128, scale: u32) -> String {
    let unit = ten(scale).unsigned_abs();
    let sign = if n < 0 { "-" } else { "" };
    let width = usize::try_from(scale).unwrap_or(0);
    match scale {
        0 => n.to_string(),
        _ => format!("{sign}{}.{:0width$}", n.unsigned_abs() / unit, n.unsigned_abs() % unit),
    }
}

fn fraction(micros: i64) -> String {
    let text = if micros == 0 { String::new() } else { format!(".{:06}", micros.unsigned_abs()) };
    text.trim_end_matches('0').to_owned()
}

fn clock(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    let rest = fraction(micros % 1_000_000);
    format!("{:02}:{:02}:{:02}{rest}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn span(span: Span) -> String {
    let mut out = String::new();
    let mut negative = false;
    for (n, unit) in [(span.months / 12, "year"), (span.months % 12, "mon"), (span.days, "day")] {
        if n != 0 {
            let sign = if negative && n > 0 { "+" } else { "" };
            let _ = write!(out, "{sign}{n} {unit}{} ", if n == 1 { "" } else { "s" });
            negative = n < 0;
        }
    }
    if span.micros != 0 || out.is_empty() {
        let sign = if span.micros < 0 {
            "-"
        } else if negative {
            "+"
        } else {
            ""
        };
        let _ = write!(out, "{sign}{}", clock(span.micros.saturating_abs()));
    }
    out.trim_end().to_owned()
}

/// Year, month, day and the rest of a moment.
pub fn civil(micros: i64) -> jiff::civil::DateTime {
    let at = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
    Offset::UTC.to_datetime(at)
}

fn moment(micros: i64, ty: Oid) -> String {
    let date = civil(micros).date();
    let day = format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day());
    let zone = if ty == TIMESTAMPTZ { "+00" } else { "" };
    if ty == DATE { day } else { format!("{day} {}{zone}", clock(micros.rem_euclid(DAY))) }
}

/// The text of a value as the server sends it.
pub fn shown(value: &Value, ty: Oid) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(is) => if *is { "t" } else { "f" }.to_owned(),
        Value::Int(n) if ty == LSN => format!("{:X}/{:X}", n >> 32, n & 0xffff_ffff),
        Value::Int(n) => n.to_string(),
        Value::Float(n) if ty == FLOAT4 => float(&format!("{:?}", shortened(*n))),
        Value::Float(n) => float(&format!("{n:?}")),
        Value::Num(n, scale) => number(*n, *scale),
        Value::Text(text) => text.to_string(),
        Value::Time(micros) => moment(*micros, ty),
        Value::Span(it) => span(*it),
        Value::List(all) => {
            let inner = element(ty).unwrap_or(TEXT);
            let each = all.iter().map(|value| match shown(value, inner) {
                _ if value.is_null() => "NULL".to_owned(),
                text if text.is_empty()
                    || text.eq_ignore_ascii_case("null")
                    || text.contains(['{', '}', ',', '"', '\\', ' ', '\t', '\n']) && inner != INET =>
                {
                    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
                }
                text => text,
            });
            format!("{{{}}}", each.collect::<Vec<_>>().join(","))
        }
    }
}

/// The nearest number of single precision, by its text: it is only shown.
fn shortened(n: f64) -> f32 {
    n.to_string().parse().unwrap_or(f32::NAN)
}

fn float(text: &str) -> String {
    let text = text.strip_suffix(".0").unwrap_or(text);
    if let Some((digits, power)) = text.split_once('e') {
        let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
        return format!("{digits}e{sign}{power:0>2}");
    }
    match text {
        "inf" => "Infinity".into(),
        "-inf" => "-Infinity".into(),
        other => other.to_owned(),
    }
}

fn parse_span(text: &str) -> Option<Span> {
    let mut out = Span::default();
    let mut words = text.split_whitespace().peekable();
    words.peek()?;
    while let Some(word) = words.next() {
        if word.contains(':') {
            let negative = word.starts_with('-');
            let mut micros = 0_i64;
            let parts: Vec<&str> = word.trim_start_matches(['-', '+']).split(':').collect();
            for (part, unit) in parts.iter().zip([3_600_000_000_i64, 60_000_000, 1_000_000]) {
                micros = micros.checked_add(scaled(part, unit)?)?;
            }
            out.micros = out.micros.checked_add(if negative { -micros } else { micros })?;
            continue;
        }
        let split = word.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(word.len());
        let (count, unit) = word.split_at_checked(split)?;
        let unit = if unit.is_empty() { words.next().unwrap_or("s") } else { unit };
        if unit == "ago" {
            return None;
        }
        let unit = unit.to_lowercase();
        let micros = match unit.trim_end_matches('s') {
            "" | "sec" | "second" => 1_000_000,
            "m" if unit == "ms" => 1_000,
            "milli" | "millisecond" | "msec" => 1_000,
            "u" | "microsecond" => 1,
            "m" | "min" | "minute" => 60_000_000,
            "h" | "hour" | "hr" => 3_600_000_000,
            "d" | "day" => DAY,
            "w" | "week" => 7 * DAY,
            "mon" | "month" => 30 * DAY,
            "y" | "year" => 360 * DAY,
            _ => return None,
        };
        let total = scaled(count, micros)?;
        if micros >= 30 * DAY {
            out.months = out.months.checked_add(total / (30 * DAY))?;
            out.days = out.days.checked_add(total % (30 * DAY) / DAY)?;
        } else if micros >= DAY {
            out.days = out.days.checked_add(total / DAY)?;
            out.micros = out.micros.checked_add(total % DAY)?;
        } else {
            out.micros = out.micros.checked_add(total)?;
        }
    }
    Some(out)
}

fn scaled(count: &str, unit: i64) -> Option<i64> {
    let (n, scale) = parse_number(count)?;
    i64::try_from(n.checked_mul(unit.into())?.checked_div(ten(scale))?).ok()
}

fn parse_time(text: &str, ty: Oid) -> Option<i64> {
    let text = text.trim();
    let day = text.get(..10)?;
    let date: jiff::civil::Date = day.parse().ok()?;
    let rest = text.get(10..)?.trim_start_matches(['T', ' ']);
    let (rest, zone) = match rest.rfind(['+', '-']) {
        Some(at) => (rest.get(..at)?, rest.get(at..)?),
        None => (rest.trim_end_matches(['Z', 'z']), ""),
    };
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let zone = parse_span(&format!("{}:0", zone.trim_start_matches(['+', '-']))).map_or(0, |s| s.micros);
    let clock = rest.trim().trim_end_matches(" UTC");
    let clock = if clock.is_empty() { 0 } else { parse_span(clock).filter(|_| clock.contains(':'))?.micros };
    let start = Offset::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())).ok()?;
    let clock = if ty == DATE { 0 } else { clock };
    let zone = if ty == TIMESTAMPTZ { sign * zone } else { 0 };
    start.as_microsecond().checked_add(clock)?.checked_sub(zone)
}

fn parse_array(text: &str, inner: Oid) -> Res<Option<Value>> {
    let Some(body) = text.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        return Ok(None);
    };
    let (mut all, mut word, mut quoted, mut was_quoted, mut escaped) =
        (Vec::new(), String::new(), false, false, false);
    for c in body.chars().chain([',']) {
        match c {
            _ if escaped => {
                word.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => (quoted, was_quoted) = (!quoted, true),
            ',' if !quoted => {
                let bare = if was_quoted { word.as_str() } else { word.trim() };
                match bare {
                    "" if !was_quoted => {}
                    "NULL" if !was_quoted => all.push(Value::Null),
                    bare => all.push(parse(bare, inner)?),
                }
                word.clear();
                was_quoted = false;
            }
            c => word.push(c),
        }
    }
    Ok(Some(all.into()))
}

/// A text as a value of a type.
pub fn parse(text: &str, ty: Oid) -> Res<Value> {
    let bad = || Fault::new("22P02", format!("invalid input syntax for type {}: \"{text}\"", name(ty)));
    let trimmed = text.trim();
    if let Some(inner) = element(ty) {
        let unformed = || Fault::new("22P02", format!("malformed array literal: \"{text}\""));
        return parse_array(text, inner)?.ok_or_else(unformed);
    }
    Ok(match ty {
        BOOL => match trimmed.to_lowercase().as_str() {
            "t" | "true" | "on" | "yes" | "y" | "1" => true.into(),
            "f" | "false" | "off" | "no" | "n" | "0" => false.into(),
            _ => return Err(bad()),
        },
        INT2 | INT4 | INT8 | OID | XID => {
            let n: i128 = trimmed.parse().map_err(|_| bad())?;
            fits(n, ty).map_err(|_| {
                let ty = name(ty);
                Fault::new("22003", format!("value \"{trimmed}\" is out of range for type {ty}"))
            })?
        }
        FLOAT4 | FLOAT8 => Value::Float(trimmed.parse().map_err(|_| bad())?),
        NUMERIC => match parse_number(trimmed) {
            Some((n, scale)) => Value::Num(n, scale),
            None => Value::Float(trimmed.parse().map_err(|_| bad())?),
        },
        TIMESTAMP | TIMESTAMPTZ | DATE => {
            let wrong = || Fault::new("22007", bad().message);
            Value::Time(parse_time(text, ty).ok_or_else(wrong)?)
        }
        INTERVAL => Value::Span(parse_span(text).ok_or_else(|| Fault::new("22007", bad().message))?),
        LSN => {
            let part = |text: &str| i64::from_str_radix(text, 16).ok().filter(|n| *n <= 0xffff_ffff);
            let (high, low) = trimmed.split_once('/').ok_or_else(bad)?;
            let (high, low) = part(high).zip(part(low)).ok_or_else(bad)?;
            Value::Int(high << 32 | low)
        }
        INET => {
            let (host, bits) = trimmed.split_once('/').unwrap_or((trimmed, "32"));
            let known =
                host.parse::<std::net::IpAddr>().is_ok() && bits.parse::<u8>().is_ok_and(|n| n <= 128);
            if known { text.into() } else { return Err(bad()) }
        }
        UUID if trimmed.len() != 36 => return Err(bad()),
        _ => text.into(),
    })
}
