//! Operators: comparisons, sums, moments and spans of time, texts and patterns.
use regex::RegexBuilder;

use super::cast::{cast, common};
use super::expr::{Binder, Code, Env, limited};
use super::fault::{Fault, Res};
use super::value::kind::{
    BOOL, DATE, FLOAT4, FLOAT8, INT2, INT4, INT8, INTERVAL, LSN, NUMERIC, TEXT, TIMESTAMP, TIMESTAMPTZ,
    UNKNOWN,
};
use super::value::{self, Oid, Span, Value, category, civil, element, fits, order, rounded};

fn unknown(op: &str, a: Oid, b: Oid) -> Fault {
    let why = format!("operator does not exist: {} {op} {}", value::name(a), value::name(b));
    Fault::new("42883", why).hint(
        "No operator matches the given name and argument types. You might need to add explicit type casts.",
    )
}

type Work = fn(&mut Env<'_>, &Value, &Value) -> Res<Value>;

/// Null of null, whatever the operator.
fn strict(
    ty: Oid,
    a: Code,
    b: Code,
    work: impl Fn(&mut Env<'_>, &Value, &Value) -> Res<Value> + 'static,
) -> Code {
    Code::new(ty, move |env| {
        let (a, b) = ((a.run)(env)?, (b.run)(env)?);
        if a.is_null() || b.is_null() { Ok(Value::Null) } else { work(env, &a, &b) }
    })
}

fn comparison(op: &str) -> Option<fn(std::cmp::Ordering) -> bool> {
    Some(match op {
        "=" => std::cmp::Ordering::is_eq,
        "<>" | "!=" => std::cmp::Ordering::is_ne,
        "<" => std::cmp::Ordering::is_lt,
        "<=" => std::cmp::Ordering::is_le,
        ">" => std::cmp::Ordering::is_gt,
        ">=" => std::cmp::Ordering::is_ge,
        _ => return None,
    })
}

pub fn binary(binder: &Binder<'_>, op: &str, a: Code, b: Code) -> Res<Code> {
    if let Some(is) = comparison(op) {
        let ty = common(a.ty, b.ty).ok_or_else(|| unknown(op, a.ty, b.ty))?;
        let ty = if ty == UNKNOWN { TEXT } else { ty };
        let (a, b) = (binder.coerce(a, ty)?, binder.coerce(b, ty)?);
        return Ok(strict(BOOL, a, b, move |_, a, b| Ok(is(order(a, b)).into())));
    }
    if op == "||" {
        return concatenation(binder, a, b);
    }
    if op.contains('~') {
        let (a, b) = (binder.coerce(a, TEXT)?, binder.coerce(b, TEXT)?);
        let (negated, bare) = op.strip_prefix('!').map_or((false, op), |bare| (true, bare));
        let (like, any_case) = match bare {
            "~" => (false, false),
            "~*" => (false, true),
            "~~" => (true, false),
            "~~*" => (true, true),
            _ => return Err(unknown(op, a.ty, b.ty)),
        };
        return Ok(strict(BOOL, a, b, move |env, a, b| {
            env.step(4 + b.text().len() + a.text().len() / 64)?;
            Ok((fits_pattern(&a.text(), &b.text(), like, any_case)? != negated).into())
        }));
    }
    arithmetic(binder, op, a, b)
}

fn fits_pattern(text: &str, pattern: &str, like: bool, any_case: bool) -> Res<bool> {
    let mut source = String::new();
    if like {
        source.push_str("(?s)^");
        let mut letters = pattern.chars();
        while let Some(c) = letters.next() {
            match c {
                '%' => source.push_str(".*"),
                '_' => source.push('.'),
                '\\' => source.push_str(&regex::escape(&letters.next().unwrap_or('\\').to_string())),
                c => source.push_str(&regex::escape(&c.to_string())),
            }
        }
        source.push('$');
    } else {
        source.push_str(pattern);
    }
    let regex = RegexBuilder::new(&source).case_insensitive(any_case).size_limit(1 << 20).build();
    Ok(regex
        .map_err(|_| Fault::new("2201B", format!("invalid regular expression: {pattern}")))?
        .is_match(text))
}

fn concatenation(binder: &Binder<'_>, a: Code, b: Code) -> Res<Code> {
    let list = [a.ty, b.ty].into_iter().find(|ty| element(*ty).is_some());
    if let Some(ty) = list {
        let as_list = |code: Code| -> Res<Code> {
            if element(code.ty).is_some() || code.ty == UNKNOWN {
                return binder.coerce(code, ty);
            }
            let one = binder.coerce(code, element(ty).unwrap_or(TEXT))?;
            Ok(Code::new(ty, move |env| Ok(vec![(one.run)(env)?].into())))
        };
        let (a, b) = (as_list(a)?, as_list(b)?);
        return Ok(Code::new(ty, move |env| {
            let (a, b) = ((a.run)(env)?, (b.run)(env)?);
            env.step(a.list().len() + b.list().len())?;
            Ok(match (&a, &b) {
                (Value::Null, _) => b,
                (_, Value::Null) => a,
                _ => [a.list(), b.list()].concat().into(),
            })
        }));
    }
    if category(a.ty) != 'S' && category(b.ty) != 'S' && a.ty != UNKNOWN && b.ty != UNKNOWN {
        return Err(unknown("||", a.ty, b.ty));
    }
    let (a, b) = (binder.convert(a, TEXT, None)?, binder.convert(b, TEXT, None)?);
    Ok(strict(TEXT, a, b, |env, a, b| limited(env, format!("{}{}", a.text(), b.text()))))
}

/// `expr op ANY (list)`, and ALL.
pub fn any(binder: &Binder<'_>, op: &str, one: Code, list: Code, all: bool) -> Res<Code> {
    let is = comparison(op).ok_or_else(|| Fault::unsupported(format!("ANY with {op}")))?;
    let list = if list.ty == UNKNOWN { binder.coerce(list, value::array(one.ty))? } else { list };
    let inner = element(list.ty)
        .ok_or_else(|| Fault::new("42809", "op ANY/ALL (array) requires array on right side"))?;
    let ty = common(one.ty, inner).ok_or_else(|| unknown(op, one.ty, inner))?;
    let one = binder.coerce(one, ty)?;
    Ok(Code::new(BOOL, move |env| {
        let (one, list) = ((one.run)(env)?, (list.run)(env)?);
        if list.is_null() {
            return Ok(Value::Null);
        }
        env.step(list.list().len())?;
        let mut unknown = false;
        for each in list.list() {
            if one.is_null() || each.is_null() {
                unknown = true;
                continue;
            }
            let each = cast(env, each.clone(), inner, ty)?;
            if is(order(&one, &each)) != all {
                return Ok((!all).into());
            }
        }
        Ok(if unknown { Value::Null } else { all.into() })
    }))
}

/// AND, and OR, of what may be unknown.
pub fn both(a: Code, b: Code, or: bool) -> Code {
    Code::new(BOOL, move |env| {
        let first = (a.run)(env)?;
        if matches!(first, Value::Bool(is) if is == or) {
            return Ok(or.into());
        }
        let second = (b.run)(env)?;
        Ok(match (&first, &second) {
            (_, Value::Bool(is)) if *is == or => or.into(),
            (Value::Null, _) | (_, Value::Null) => Value::Null,
            _ => (!or).into(),
        })
    })
}

pub fn not(code: Code) -> Code {
    Code::new(BOOL, move |env| {
        Ok(match (code.run)(env)? {
            Value::Bool(is) => (!is).into(),
            _ => Value::Null,
        })
    })
}

fn arithmetic(binder: &Binder<'_>, op: &str, a: Code, b: Code) -> Res<Code> {
    let moment = |ty| matches!(ty, DATE | TIMESTAMP | TIMESTAMPTZ);
    let whole = |ty| matches!(ty, INT2 | INT4 | INT8);
    let number = |ty| whole(ty) || matches!(ty, NUMERIC | FLOAT4 | FLOAT8);
    // A text without a type is what stands beside it; beside a moment that is summed, a span.
    let (left, right) = match (a.ty, b.ty) {
        (UNKNOWN, UNKNOWN) => return Err(unknown(op, a.ty, b.ty)),
        (UNKNOWN, ty) => (if moment(ty) && op == "+" { INTERVAL } else { ty }, ty),
        (ty, UNKNOWN) => (ty, if moment(ty) && op == "+" { INTERVAL } else { ty }),
        both => both,
    };
    let (a, b) = (binder.coerce(a, left)?, binder.coerce(b, right)?);
    let (ty, work): (Oid, Work) = match (op, left, right) {
        ("-", DATE, DATE) => (INT4, |_, a, b| Ok(((a.int() - b.int()) / 86_400_000_000).into())),
        ("-", a, b) if moment(a) && moment(b) => {
            (INTERVAL, |_, a, b| Ok(Span::of(a.int().saturating_sub(b.int())).into()))
        }
        ("+" | "-", DATE, day) if whole(day) => {
            let work: Work = if op == "+" {
                |_, a, b| days(a, b.int())
            } else {
                |_, a, b| days(a, b.int().saturating_neg())
            };
            (DATE, work)
        }
        ("+", INTERVAL, ty) if moment(ty) => {
            (if ty == DATE { TIMESTAMP } else { ty }, |_, a, b| shifted(b.int(), span(a), 1))
        }
        ("+", ty, INTERVAL) if moment(ty) => {
            (if ty == DATE { TIMESTAMP } else { ty }, |_, a, b| shifted(a.int(), span(b), 1))
        }
        ("-", ty, INTERVAL) if moment(ty) => {
            (if ty == DATE { TIMESTAMP } else { ty }, |_, a, b| shifted(a.int(), span(b), -1))
        }
        ("+", INTERVAL, INTERVAL) => (INTERVAL, |_, a, b| Ok(sum(span(a), span(b), 1).into())),
        ("-", INTERVAL, INTERVAL) => (INTERVAL, |_, a, b| Ok(sum(span(a), span(b), -1).into())),
        ("*", INTERVAL, n) if number(n) => (INTERVAL, |_, a, b| scaled(span(a), b.float())),
        ("*", n, INTERVAL) if number(n) => (INTERVAL, |_, a, b| scaled(span(b), a.float())),
        ("/", INTERVAL, n) if number(n) => (INTERVAL, |_, a, b| scaled(span(a), 1.0 / b.float())),
        ("-", LSN, LSN) => (NUMERIC, |_, a, b| Ok(a.int().saturating_sub(b.int()).into())),
        (_, a, b) if number(a) && number(b) => {
            let ty = common(a, b).ok_or_else(|| unknown(op, a, b))?;
            (ty, numbers(op, ty).ok_or_else(|| unknown(op, left, right))?)
        }
        _ => return Err(unknown(op, left, right)),
    };
    Ok(strict(ty, a, b, move |env, a, b| {
        let value = work(env, a, b)?;
        if whole(ty) { fits(value.int().into(), ty) } else { Ok(value) }
    }))
}

fn numbers(op: &str, ty: Oid) -> Option<Work> {
    if matches!(ty, FLOAT4 | FLOAT8) {
        return Some(match op {
            "+" => |_, a, b| Ok(Value::Float(a.float() + b.float())),
            "-" => |_, a, b| Ok(Value::Float(a.float() - b.float())),
            "*" => |_, a, b| Ok(Value::Float(a.float() * b.float())),
            "/" => |_, a, b| {
                if b.float() == 0.0 { Err(zero()) } else { Ok(Value::Float(a.float() / b.float())) }
            },
            _ => return None,
        });
    }
    let exact = ty == NUMERIC;
    Some(match op {
        "+" => |_, a, b| exactly(a, b, i128::checked_add),
        "-" => |_, a, b| exactly(a, b, i128::checked_sub),
        "*" => |_, a, b| {
            let (a, b) = (parts(a), parts(b));
            made(a.0.checked_mul(b.0), a.1 + b.1)
        },
        "/" if exact => |_, a, b| quotient(a, b),
        "/" => |_, a, b| a.int().checked_div(b.int()).map(Value::Int).ok_or_else(zero),
        "%" => |_, a, b| exactly(a, b, i128::checked_rem).map_err(|_| zero()),
        "&" if !exact => |_, a, b| Ok((a.int() & b.int()).into()),
        "|" if !exact => |_, a, b| Ok((a.int() | b.int()).into()),
        "#" if !exact => |_, a, b| Ok((a.int() ^ b.int()).into()),
        _ => return None,
    })
}

fn zero() -> Fault {
    Fault::new("22012", "division by zero")
}

fn parts(value: &Value) -> (i128, u32) {
    match value {
        Value::Num(n, scale) => (*n, *scale),
        other => (rounded(other, 0), 0),
    }
}

fn made(n: Option<i128>, scale: u32) -> Res<Value> {
    let n = n.filter(|_| scale <= 30).ok_or_else(|| Fault::new("22003", "value overflows numeric format"))?;
    Ok(match (scale, i64::try_from(n)) {
        (0, Ok(n)) => Value::Int(n),
        _ => Value::Num(n, scale),
    })
}

fn exactly(a: &Value, b: &Value, work: fn(i128, i128) -> Option<i128>) -> Res<Value> {
    let scale = parts(a).1.max(parts(b).1);
    made(work(rounded(a, scale), rounded(b, scale)), scale)
}

/// At least sixteen digits that count, as the server keeps them.
pub fn quotient(a: &Value, b: &Value) -> Res<Value> {
    let ((n, own), (d, other)) = (parts(a), parts(b));
    if d == 0 {
        return Err(zero());
    }
    // The server counts in groups of four digits.
    let group = |n: i128, scale: u32| -> (i32, i128) {
        let pad = (4 - scale % 4) % 4;
        let mut first = n.saturating_abs().saturating_mul(10_i128.pow(pad));
        let mut weight = if n == 0 { 0 } else { 0_i32.saturating_sub_unsigned((scale + pad) / 4) };
        while first >= 10_000 {
            first /= 10_000;
            weight += 1;
        }
        (weight, first)
    };
    let ((weight, first), (below, second)) = (group(n, own), group(d, other));
    let weight = weight - below - i32::from(first <= second);
    let scale = u32::try_from(16 - weight * 4).unwrap_or(0).max(own).max(other).min(20);
    let up = scale + other + 1;
    let wide = 10_i128.checked_pow(up.saturating_sub(own)).and_then(|ten| n.checked_mul(ten));
    let digit = wide.map(|wide| wide / d);
    made(digit.map(|n| (n + n.signum() * 5) / 10), scale)
}

fn span(value: &Value) -> Span {
    if let Value::Span(span) = value { *span } else { Span::default() }
}

fn sum(a: Span, b: Span, sign: i64) -> Span {
    let part = |a: i64, b: i64| a.saturating_add(b.saturating_mul(sign));
    Span { months: part(a.months, b.months), days: part(a.days, b.days), micros: part(a.micros, b.micros) }
}

fn scaled(span: Span, by: f64) -> Res<Value> {
    let micros = Value::Float(Value::Int(span.length()).float() * by);
    Ok(Span::of(
        i64::try_from(rounded(&micros, 0)).map_err(|_| Fault::new("22008", "interval out of range"))?,
    )
    .into())
}

fn days(from: &Value, days: i64) -> Res<Value> {
    shifted(from.int(), Span { days, ..Span::default() }, 1)
}

/// A moment moved by a span; months are those of the calendar.
pub fn shifted(micros: i64, by: Span, sign: i64) -> Res<Value> {
    let out_of_range = || Fault::new("22008", "timestamp out of range");
    let mut at = micros;
    if by.months != 0 {
        let moved =
            jiff::Span::new().try_months(by.months.saturating_mul(sign)).map_err(|_| out_of_range())?;
        let date = civil(at).checked_add(moved).map_err(|_| out_of_range())?;
        let moved = jiff::tz::Offset::UTC.to_timestamp(date).map_err(|_| out_of_range())?;
        at = moved.as_microsecond();
    }
    let rest = Span { months: 0, ..by }.length().checked_mul(sign);
    let at = rest.and_then(|rest| at.checked_add(rest)).ok_or_else(out_of_range)?;
    jiff::Timestamp::from_microsecond(at).map_err(|_| out_of_range())?;
    Ok(Value::Time(at))
}
