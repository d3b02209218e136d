//! Operators: comparisons, sums, moments and spans of time, texts and patterns.
use std::cell::RefCell;
use std::cmp::Ordering;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::code::{Binder, Code, Env, common};
use super::fault::{Fault, Res};
use super::value::kind::{BOOL, FLOAT8, INTERVAL, NUMERIC, TEXT, TIMESTAMPTZ, UNKNOWN};
use super::value::{self, Oid, Value, array, category, element, fits, order};

fn unknown(op: &str, a: Oid, b: Oid) -> Fault {
    Fault::new("42883", format!("operator does not exist: {} {op} {}", value::name(a), value::name(b)))
}

/// Null of null, whatever the operator.
fn strict(ty: Oid, a: Code, b: Code, work: impl Fn(&Value, &Value) -> Res<Value> + 'static) -> Code {
    Code::new(ty, move |env| {
        let (a, b) = ((a.run)(env)?, (b.run)(env)?);
        if a.is_null() || b.is_null() { Ok(Value::Null) } else { work(&a, &b) }
    })
}

fn comparison(op: &str) -> Option<fn(Ordering) -> bool> {
    Some(match op {
        "=" => Ordering::is_eq,
        "<>" | "!=" => Ordering::is_ne,
        "<" => Ordering::is_lt,
        "<=" => Ordering::is_le,
        ">" => Ordering::is_gt,
        ">=" => Ordering::is_ge,
        _ => return None,
    })
}

impl Binder<'_> {
    pub fn binary(&self, op: &str, a: Code, b: Code) -> Res<Code> {
        let texts = [a.ty, b.ty].iter().any(|ty| matches!(category(*ty), 'S' | 'X'));
        if let Some(is) = comparison(op) {
            let missing = unknown(op, a.ty, b.ty);
            let (both, _) = self.unified("", vec![a, b]).map_err(|_| missing)?;
            let Ok([a, b]) = <[Code; 2]>::try_from(both) else { return Err(Fault::unsupported(op)) };
            return Ok(strict(BOOL, a, b, move |a, b| Ok(is(order(a, b)).into())));
        }
        match op {
            "||" if texts => {
                let (a, b) = (self.convert(a, TEXT)?, self.convert(b, TEXT)?);
                Ok(strict(TEXT, a, b, |a, b| Ok(format!("{}{}", a.text(), b.text()).into())))
            }
            "~" | "~*" | "~~" | "~~*" | "!~" | "!~*" | "!~~" | "!~~*" if texts => {
                let (a, b) = (self.coerce(a, TEXT)?, self.coerce(b, TEXT)?);
                let negated = op.starts_with('!');
                let (like, any_case) = (op.contains("~~"), op.ends_with('*'));
                let last: RefCell<Option<(Arc<str>, Regex)>> = RefCell::default();
                Ok(strict(BOOL, a, b, move |a, b| {
                    let (mut last, pattern) = (last.borrow_mut(), b.text());
                    if last.as_ref().is_none_or(|(known, _)| *known != pattern) {
                        *last = Some((Arc::clone(&pattern), regex(&pattern, like, any_case)?));
                    }
                    let fits = last.as_ref().is_some_and(|(_, regex)| regex.is_match(&a.text()));
                    Ok((fits != negated).into())
                }))
            }
            _ => self.arithmetic(op, a, b),
        }
    }

    fn arithmetic(&self, op: &str, a: Code, b: Code) -> Res<Code> {
        let symbol = op.chars().next().filter(|_| op.len() == 1).unwrap_or(' ');
        // A text without a type is what stands beside it; beside a moment that is summed, a span.
        let beside = |ty| if ty == TIMESTAMPTZ && symbol == '+' { INTERVAL } else { ty };
        let (left, right) = match (a.ty, b.ty) {
            (UNKNOWN, ty) => (beside(ty), ty),
            (ty, UNKNOWN) => (ty, beside(ty)),
            both => both,
        };
        let (ty, left, right) = match (symbol, left, right) {
            ('-', TIMESTAMPTZ, TIMESTAMPTZ) => (INTERVAL, left, right),
            ('+' | '-', TIMESTAMPTZ, INTERVAL) | ('+', INTERVAL, TIMESTAMPTZ) => (TIMESTAMPTZ, left, right),
            ('+' | '-', INTERVAL, INTERVAL) => (INTERVAL, left, right),
            ('+' | '-' | '*' | '/' | '%', ..) if (category(left), category(right)) == ('N', 'N') => {
                let ty = common(left, right).unwrap_or(NUMERIC);
                (ty, ty, ty)
            }
            _ => return Err(unknown(op, a.ty, b.ty)),
        };
        let (a, b) = (self.coerce(a, left)?, self.coerce(b, right)?);
        let floats = matches!(ty, NUMERIC | FLOAT8);
        Ok(strict(ty, a, b, move |a, b| if floats { broken(symbol, a, b) } else { exact(symbol, a, b, ty) }))
    }

    /// `expr op ANY (list)`, and ALL.
    pub fn any(&self, op: &str, one: Code, list: Code, all: bool) -> Res<Code> {
        let is = comparison(op).ok_or_else(|| Fault::unsupported(format!("ANY with {op}")))?;
        let list = if list.ty == UNKNOWN { self.convert(list, array(one.ty))? } else { list };
        let wrong = || Fault::new("42809", "op ANY/ALL (array) requires array on right side");
        let inner = element(list.ty).ok_or_else(wrong)?;
        let ty = common(one.ty, inner).ok_or_else(|| unknown(op, one.ty, inner))?;
        let (one, list) = (self.convert(one, ty)?, self.convert(list, array(ty))?);
        Ok(Code::new(BOOL, move |env| {
            let (one, list) = ((one.run)(env)?, (list.run)(env)?);
            env.step(list.list().len())?;
            let mut unknown = list.is_null();
            for each in list.list() {
                if one.is_null() || each.is_null() {
                    unknown = true;
                } else if is(order(&one, each)) != all {
                    return Ok((!all).into());
                }
            }
            Ok((!unknown).then_some(all).into())
        }))
    }
}

fn regex(pattern: &str, like: bool, any_case: bool) -> Res<Regex> {
    let letter = |c: char| match c {
        '%' => ".*".to_owned(),
        '_' => ".".to_owned(),
        c => regex::escape(&c.to_string()),
    };
    let of_like = || format!("(?s)^{}$", pattern.chars().map(letter).collect::<String>());
    let source = if like { of_like() } else { pattern.to_owned() };
    let regex = RegexBuilder::new(&source).case_insensitive(any_case).size_limit(1 << 20).build();
    regex.map_err(|_| Fault::new("2201B", format!("invalid regular expression: {pattern}")))
}

fn zero() -> Fault {
    Fault::new("22012", "division by zero")
}

fn exact(op: char, a: &Value, b: &Value, ty: Oid) -> Res<Value> {
    let (a, b) = (a.int(), b.int());
    let result = match op {
        '+' => a.checked_add(b),
        '-' => a.checked_sub(b),
        '*' => a.checked_mul(b),
        _ if b == 0 => return Err(zero()),
        '/' => a.checked_div(b),
        _ => a.checked_rem(b),
    };
    fits(result.ok_or_else(|| Fault::new("22003", format!("{} out of range", value::name(ty))))?, ty)
}

fn broken(op: char, a: &Value, b: &Value) -> Res<Value> {
    let (a, b) = (a.float(), b.float());
    Ok(Value::Float(match op {
        '+' => a + b,
        '-' => a - b,
        '*' => a * b,
        _ if b == 0.0 => return Err(zero()),
        '/' => a / b,
        _ => a % b,
    }))
}

/// AND, and OR, of what may be unknown.
pub fn both(a: Code, b: Code, or: bool) -> Code {
    Code::new(BOOL, move |env: &mut Env<'_>| {
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
        let value = (code.run)(env)?;
        Ok(if value.is_null() { value } else { (!value.is_true()).into() })
    })
}
