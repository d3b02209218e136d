//! Functions by their names and the types they take: those of any database here, the server's own in `admin`.
use std::fmt::Write;

use super::admin;
use super::cast::implicit;
use super::expr::{Binder, Code, Env, limited};
use super::fault::{Fault, Res};
use super::operator::shifted;
use super::value::kind::{
    ANYARRAY, ANYELEMENT, FLOAT8, INT4, INT8, INTERVAL, INTS, NUMERIC, REGTYPE, TEXT, TIMESTAMP, TIMESTAMPTZ,
    UNKNOWN,
};
use super::value::{self, Oid, Span, Value, array, civil, element, order, rounded};

pub type Native = fn(&mut Env<'_>, &[Value]) -> Res<Value>;

/// Name, what it takes, what it gives, and how. It gives null for a null, unless its name stands in `LAX`.
pub type Function = (&'static str, &'static [Oid], Oid, Native);

const LAX: [&str; 5] = ["array_to_string", "concat", "quote_nullable", "pg_get_expr", "set_config"];

pub fn missing(name: &str, args: &[Code]) -> Fault {
    let types: Vec<String> = args.iter().map(|code| value::name(code.ty)).collect();
    Fault::new("42883", format!("function {name}({}) does not exist", types.join(", "))).hint(
        "No function matches the given name and argument types. You might need to add explicit type casts.",
    )
}

/// Functions that return a set: as an array here.
pub fn is_set(name: &str) -> bool {
    matches!(name, "generate_series" | "unnest")
}

pub fn call(binder: &Binder<'_>, name: &str, args: Vec<Code>) -> Res<Code> {
    match name {
        "coalesce" => {
            let (all, ty) = binder.unified("COALESCE", args)?;
            return Ok(Code::new(ty, move |env| {
                for code in &all {
                    let value = (code.run)(env)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Ok(Value::Null)
            }));
        }
        "nullif" if args.len() == 2 => {
            let (all, ty) = binder.unified("NULLIF", args)?;
            return Ok(Code::new(ty, move |env| {
                let both = all.iter().map(|code| (code.run)(env)).collect::<Res<Vec<_>>>()?;
                let same =
                    both.first().zip(both.get(1)).is_some_and(|(a, b)| !b.is_null() && order(a, b).is_eq());
                Ok(both.into_iter().next().filter(|_| !same).unwrap_or(Value::Null))
            }));
        }
        "greatest" | "least" => {
            let wanted = if name == "least" { std::cmp::Ordering::Less } else { std::cmp::Ordering::Greater };
            let (all, ty) = binder.unified(&name.to_uppercase(), args)?;
            return Ok(Code::new(ty, move |env| {
                let mut best = Value::Null;
                for code in &all {
                    let value = (code.run)(env)?;
                    if !value.is_null() && (best.is_null() || order(&value, &best) == wanted) {
                        best = value;
                    }
                }
                Ok(best)
            }));
        }
        "concat" | "concat_ws" | "format" => return texts(binder, name, args),
        "pg_typeof" if args.len() == 1 => {
            return Ok(Code::constant(REGTYPE, args.first().map_or(UNKNOWN, |code| code.ty).into()));
        }
        _ => {}
    }
    let found = FUNCTIONS.iter().chain(admin::FUNCTIONS).filter(|f| f.0 == name && f.1.len() == args.len());
    let fits = |f: &&Function| args.iter().zip(f.1).all(|(code, to)| implicit(code.ty, *to));
    let exact = |f: &Function| args.iter().zip(f.1).filter(|(code, to)| code.ty == **to).count();
    let mut best: Option<&Function> = None;
    for one in found.filter(fits) {
        if best.is_none_or(|best| exact(one) > exact(best)) {
            best = Some(one);
        }
    }
    let &(_, takes, gives, work) = best.ok_or_else(|| missing(name, &args))?;
    let first = args.first().map_or(UNKNOWN, |code| code.ty);
    let ty = match gives {
        ANYELEMENT => element(first).unwrap_or(first),
        ANYARRAY if element(first).is_some() => first,
        ANYARRAY => array(first),
        other => other,
    };
    let args =
        args.into_iter().zip(takes).map(|(code, to)| binder.coerce(code, *to)).collect::<Res<Vec<_>>>()?;
    let lax = LAX.contains(&name);
    Ok(Code::new(ty, move |env| {
        let values = args.iter().map(|code| (code.run)(env)).collect::<Res<Vec<_>>>()?;
        env.step(1)?;
        if !lax && values.iter().any(Value::is_null) {
            return Ok(Value::Null);
        }
        work(env, &values)
    }))
}

/// Functions of any number of values, which are used as texts.
fn texts(binder: &Binder<'_>, name: &str, args: Vec<Code>) -> Res<Code> {
    let args = args.into_iter().map(|code| binder.convert(code, TEXT, None)).collect::<Res<Vec<_>>>()?;
    let name = name.to_owned();
    Ok(Code::new(TEXT, move |env| {
        let values = args.iter().map(|code| (code.run)(env)).collect::<Res<Vec<_>>>()?;
        let (first, rest) =
            values.split_first().map_or((Value::Null, &[][..]), |(first, rest)| (first.clone(), rest));
        let text = match name.as_str() {
            "concat" => values.iter().map(|value| value.text().to_string()).collect(),
            "concat_ws" => {
                let all: Vec<String> =
                    rest.iter().filter(|v| !v.is_null()).map(|v| v.text().to_string()).collect();
                all.join(&first.text())
            }
            _ => formatted(&first.text(), rest)?,
        };
        limited(env, text)
    }))
}

fn formatted(pattern: &str, values: &[Value]) -> Res<String> {
    let (mut out, mut values, mut letters) = (String::new(), values.iter(), pattern.chars());
    while let Some(c) = letters.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let kind = letters.next();
        if kind == Some('%') {
            out.push('%');
            continue;
        }
        let value =
            values.next().ok_or_else(|| Fault::new("22023", "too few arguments for format()"))?.text();
        match kind {
            Some('s') => out.push_str(&value),
            Some('I') => out.push_str(&quoted_name(&value)),
            Some('L') => _ = write!(out, "'{}'", value.replace('\'', "''")),
            _ => return Err(Fault::new("22023", "unrecognized format() type specifier")),
        }
    }
    Ok(out)
}

fn quoted_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.is_empty() && name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn at(values: &[Value], n: usize) -> &Value {
    values.get(n).unwrap_or(&Value::Null)
}

fn text(values: &[Value], n: usize) -> std::sync::Arc<str> {
    at(values, n).text()
}

/// The first so many letters; with a negative number, all but the last.
fn cut(text: &str, count: i64, from_end: bool) -> Value {
    let all = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let keep = if count < 0 { (all + count).max(0) } else { count.min(all) };
    let (skip, keep) = if from_end { (all - keep, all) } else { (0, keep) };
    let [skip, keep] = [skip, keep].map(|n| usize::try_from(n).unwrap_or(0));
    text.chars().skip(skip).take(keep).collect::<String>().into()
}

fn part(text: &str, from: i64, count: i64) -> Value {
    let end = from.saturating_add(count);
    let each = text.chars().zip(1_i64..).filter(|(_, at)| *at >= from && *at < end);
    each.map(|(c, _)| c).collect::<String>().into()
}

fn extracted(field: &str, value: &Value) -> Res<Value> {
    let micros = |n: i64| Value::Num(n.into(), 6);
    let unknown = || Fault::new("22023", format!("unit \"{field}\" not recognized"));
    if let Value::Span(span) = value {
        return Ok(match field {
            // A year of spans has 365 and a quarter days.
            "epoch" => {
                let years = (span.months / 12).saturating_mul(1461 * 6);
                let days = (span.months % 12 * 30).saturating_add(span.days).saturating_mul(24);
                let hours = years.saturating_add(days);
                micros(hours.saturating_mul(3_600_000_000).saturating_add(span.micros))
            }
            "year" => (span.months / 12).into(),
            "month" => (span.months % 12).into(),
            "day" => span.days.into(),
            "hour" => (span.micros / 3_600_000_000).into(),
            "minute" => (span.micros / 60_000_000 % 60).into(),
            "second" => micros(span.micros % 60_000_000),
            _ => return Err(unknown()),
        });
    }
    let date = civil(value.int());
    let whole = |n: i64| Ok(Value::Int(n));
    match field {
        "epoch" => Ok(micros(value.int())),
        "year" => whole(date.year().into()),
        "month" => whole(date.month().into()),
        "day" => whole(date.day().into()),
        "hour" => whole(date.hour().into()),
        "minute" => whole(date.minute().into()),
        "second" => Ok(micros(value.int().rem_euclid(60_000_000))),
        "dow" => whole(date.weekday().to_sunday_zero_offset().into()),
        "doy" => whole(date.day_of_year().into()),
        _ => Err(unknown()),
    }
}

fn truncated(field: &str, micros: i64) -> Res<Value> {
    let unit: i64 = match field {
        "microseconds" => 1,
        "milliseconds" => 1_000,
        "second" => 1_000_000,
        "minute" => 60_000_000,
        "hour" => 3_600_000_000,
        "day" => 86_400_000_000,
        "week" => 7 * 86_400_000_000,
        "month" | "year" => {
            let date = civil(micros);
            let back = if field == "year" { i64::from(date.month()) - 1 } else { 0 };
            let day = shifted(
                micros.div_euclid(86_400_000_000) * 86_400_000_000,
                Span { days: 1 - i64::from(date.day()), ..Span::default() },
                1,
            )?;
            return shifted(day.int(), Span { months: back, ..Span::default() }, -1);
        }
        _ => return Err(Fault::new("22023", format!("unit \"{field}\" not recognized"))),
    };
    // Weeks begin on a Monday; 1970 began on a Thursday.
    let start = if field == "week" { -3 * 86_400_000_000 } else { 0 };
    Ok(Value::Time(micros.saturating_sub(start).div_euclid(unit).saturating_mul(unit).saturating_add(start)))
}

/// Years, months and days between two moments, each counted by itself as a calendar does; days that are missing
/// come from the month of the earlier one.
fn age(later: i64, earlier: i64) -> Value {
    if later < earlier {
        let Value::Span(span) = age(earlier, later) else { return Value::Null };
        return Span { months: -span.months, days: -span.days, micros: -span.micros }.into();
    }
    let (a, b) = (civil(later), civil(earlier));
    let mut months =
        (i64::from(a.year()) - i64::from(b.year())) * 12 + i64::from(a.month()) - i64::from(b.month());
    let mut days = i64::from(a.day()) - i64::from(b.day());
    let mut micros = later.rem_euclid(86_400_000_000) - earlier.rem_euclid(86_400_000_000);
    if micros < 0 {
        (micros, days) = (micros + 86_400_000_000, days - 1);
    }
    if days < 0 {
        (days, months) = (days + i64::from(b.date().days_in_month()), months - 1);
    }
    Span { months, days, micros }.into()
}

const UNITS: [&str; 6] = ["bytes", "kB", "MB", "GB", "TB", "PB"];

fn pretty(bytes: i128) -> String {
    let mut size = bytes;
    let mut halved = false;
    for (at, unit) in UNITS.iter().enumerate() {
        let limit = if at == 0 { 10 * 1024 } else { 20 * 1024 - 1 };
        if size.abs() < limit || at + 1 == UNITS.len() {
            let size = if halved { size.midpoint(size.signum()) } else { size };
            return format!("{size} {unit}");
        }
        // One bit more is kept, to round by.
        size /= if halved { 1024 } else { 512 };
        halved = true;
    }
    String::new()
}

fn series(env: &mut Env<'_>, values: &[Value]) -> Res<Value> {
    let (mut now, end) = (at(values, 0).clone(), at(values, 1));
    let one = Value::Int(1);
    let step = values.get(2).unwrap_or(&one);
    let down = match step {
        Value::Span(span) => span.length() < 0,
        other => other.int() < 0,
    };
    let still = matches!(step, Value::Span(span) if span.length() == 0) || matches!(step, Value::Int(0));
    if still {
        return Err(Fault::new("22023", "step size cannot equal zero"));
    }
    let mut all = Vec::new();
    while if down { order(&now, end).is_ge() } else { order(&now, end).is_le() } {
        env.step(1)?;
        all.push(now.clone());
        now = match step {
            Value::Span(span) => shifted(now.int(), *span, 1)?,
            step => match now.int().checked_add(step.int()) {
                Some(next) => next.into(),
                None => break,
            },
        };
    }
    Ok(all.into())
}

fn joined(values: &[Value]) -> Value {
    if at(values, 0).is_null() || at(values, 1).is_null() {
        return Value::Null;
    }
    let each = at(values, 0).list().iter().filter(|value| !value.is_null());
    each.map(|value| value.text().to_string()).collect::<Vec<_>>().join(&text(values, 1)).into()
}

fn size_of(text: &str) -> Value {
    text.chars().count().into()
}

const FUNCTIONS: &[Function] = &[
    ("abs", &[INT8], INT8, |_, v| Ok(at(v, 0).int().saturating_abs().into())),
    ("abs", &[FLOAT8], FLOAT8, |_, v| Ok(at(v, 0).float().abs().into())),
    ("abs", &[NUMERIC], NUMERIC, |_, v| {
        Ok(match at(v, 0) {
            Value::Num(n, scale) => Value::Num(n.abs(), *scale),
            other => other.int().saturating_abs().into(),
        })
    }),
    ("round", &[NUMERIC], NUMERIC, |_, v| Ok(Value::Num(rounded(at(v, 0), 0), 0))),
    ("round", &[FLOAT8], FLOAT8, |_, v| Ok(at(v, 0).float().round_ties_even().into())),
    ("round", &[NUMERIC, INT4], NUMERIC, |_, v| {
        let scale = u32::try_from(at(v, 1).int().clamp(0, 20)).unwrap_or(0);
        Ok(Value::Num(rounded(at(v, 0), scale), scale))
    }),
    ("ceil", &[FLOAT8], FLOAT8, |_, v| Ok(at(v, 0).float().ceil().into())),
    ("floor", &[FLOAT8], FLOAT8, |_, v| Ok(at(v, 0).float().floor().into())),
    ("random", &[], FLOAT8, |env, _| Ok(env.db.dice.share().into())),
    ("length", &[TEXT], INT4, |_, v| Ok(size_of(&text(v, 0)))),
    ("char_length", &[TEXT], INT4, |_, v| Ok(size_of(&text(v, 0)))),
    ("lower", &[TEXT], TEXT, |_, v| Ok(text(v, 0).to_lowercase().into())),
    ("upper", &[TEXT], TEXT, |_, v| Ok(text(v, 0).to_uppercase().into())),
    ("btrim", &[TEXT], TEXT, |_, v| Ok(text(v, 0).trim_matches(' ').into())),
    ("left", &[TEXT, INT4], TEXT, |_, v| Ok(cut(&text(v, 0), at(v, 1).int(), false))),
    ("right", &[TEXT, INT4], TEXT, |_, v| Ok(cut(&text(v, 0), at(v, 1).int(), true))),
    ("substring", &[TEXT, INT4], TEXT, |_, v| Ok(part(&text(v, 0), at(v, 1).int(), i64::MAX))),
    ("substring", &[TEXT, INT4, INT4], TEXT, |_, v| Ok(part(&text(v, 0), at(v, 1).int(), at(v, 2).int()))),
    ("substr", &[TEXT, INT4], TEXT, |_, v| Ok(part(&text(v, 0), at(v, 1).int(), i64::MAX))),
    ("substr", &[TEXT, INT4, INT4], TEXT, |_, v| Ok(part(&text(v, 0), at(v, 1).int(), at(v, 2).int()))),
    ("strpos", &[TEXT, TEXT], INT4, |_, v| {
        let all = text(v, 0);
        Ok(all
            .find(&*text(v, 1))
            .and_then(|at| all.get(..at))
            .map_or(0, |before| before.chars().count() + 1)
            .into())
    }),
    ("replace", &[TEXT, TEXT, TEXT], TEXT, |env, v| {
        let (all, from, to) = (text(v, 0), text(v, 1), text(v, 2));
        let grows = all.len().saturating_mul(to.len().max(1));
        if grows > 1 << 24 {
            return Err(Fault::new("54000", "a text is longer than this server is made for"));
        }
        if from.is_empty() { Ok(at(v, 0).clone()) } else { limited(env, all.replace(&*from, &to)) }
    }),
    ("split_part", &[TEXT, TEXT, INT4], TEXT, |_, v| {
        let at = usize::try_from(at(v, 2).int()).ok().and_then(|n| n.checked_sub(1));
        Ok(at
            .and_then(|at| text(v, 0).split(&*text(v, 1)).nth(at).map(Value::from))
            .unwrap_or_else(|| "".into()))
    }),
    ("cardinality", &[ANYARRAY], INT4, |_, v| Ok(at(v, 0).list().len().into())),
    ("array_length", &[ANYARRAY, INT4], INT4, |_, v| {
        Ok(Some(at(v, 0).list().len()).filter(|n| *n > 0).into())
    }),
    ("array_upper", &[ANYARRAY, INT4], INT4, |_, v| {
        Ok(Some(at(v, 0).list().len()).filter(|n| *n > 0).into())
    }),
    ("array_to_string", &[ANYARRAY, TEXT], TEXT, |env, v| {
        let text = joined(v);
        if text.is_null() { Ok(text) } else { limited(env, text.text().to_string()) }
    }),
    ("unnest", &[ANYARRAY], ANYARRAY, |env, v| env.step(at(v, 0).list().len()).map(|()| at(v, 0).clone())),
    ("generate_series", &[INT4, INT4], INTS, series),
    ("generate_series", &[INT4, INT4, INT4], INTS, series),
    ("generate_series", &[INT8, INT8], 1016, series),
    ("generate_series", &[INT8, INT8, INT8], 1016, series),
    ("generate_series", &[TIMESTAMPTZ, TIMESTAMPTZ, INTERVAL], 1185, series),
    ("generate_series", &[TIMESTAMP, TIMESTAMP, INTERVAL], 1115, series),
    ("extract", &[TEXT, TIMESTAMPTZ], NUMERIC, |_, v| extracted(&text(v, 0), at(v, 1))),
    ("extract", &[TEXT, TIMESTAMP], NUMERIC, |_, v| extracted(&text(v, 0), at(v, 1))),
    ("extract", &[TEXT, INTERVAL], NUMERIC, |_, v| extracted(&text(v, 0), at(v, 1))),
    ("date_part", &[TEXT, TIMESTAMPTZ], FLOAT8, |_, v| Ok(extracted(&text(v, 0), at(v, 1))?.float().into())),
    ("date_part", &[TEXT, INTERVAL], FLOAT8, |_, v| Ok(extracted(&text(v, 0), at(v, 1))?.float().into())),
    ("date_trunc", &[TEXT, TIMESTAMPTZ], TIMESTAMPTZ, |_, v| truncated(&text(v, 0), at(v, 1).int())),
    ("date_trunc", &[TEXT, TIMESTAMP], TIMESTAMP, |_, v| truncated(&text(v, 0), at(v, 1).int())),
    ("date_trunc", &[TEXT, INTERVAL], INTERVAL, |_, v| {
        let Value::Span(span) = at(v, 1) else { return Ok(Value::Null) };
        Ok(Span { micros: truncated(&text(v, 0), span.micros)?.int(), ..*span }.into())
    }),
    ("age", &[TIMESTAMPTZ, TIMESTAMPTZ], INTERVAL, |_, v| Ok(age(at(v, 0).int(), at(v, 1).int()))),
    ("age", &[TIMESTAMPTZ], INTERVAL, |env, v| {
        Ok(age(env.db.now.div_euclid(86_400_000_000) * 86_400_000_000, at(v, 0).int()))
    }),
    ("to_timestamp", &[FLOAT8], TIMESTAMPTZ, |_, v| {
        Ok(Value::Time(Value::Float(at(v, 0).float() * 1e6).int()))
    }),
    ("pg_size_pretty", &[INT8], TEXT, |_, v| Ok(pretty(at(v, 0).int().into()).into())),
    ("pg_size_pretty", &[NUMERIC], TEXT, |_, v| Ok(pretty(rounded(at(v, 0), 0)).into())),
];
