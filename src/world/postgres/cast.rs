//! From one type to another: what is done silently, what only when it is asked for, and how.
use super::expr::{Binder, Code, Env};
use super::fault::{Fault, Res};
use super::value::kind::{
    ANY, ANYARRAY, ANYELEMENT, BOOL, CHAR, DATE, INT2, INT4, INT8, NUMERIC, OID, REGCLASS, REGNAMESPACE,
    REGROLE, REGTYPE, TEXT, TIMESTAMP, TIMESTAMPTZ, UNKNOWN, XID,
};
use super::value::{self, Oid, Value, array, category, element, named, parse};

impl Binder<'_> {
    /// Several expressions brought to one type.
    pub fn unified(&self, what: &str, all: Vec<Code>) -> Res<(Vec<Code>, Oid)> {
        let mut ty = UNKNOWN;
        for code in &all {
            ty = common(ty, code.ty).ok_or_else(|| {
                let (a, b) = (value::name(ty), value::name(code.ty));
                Fault::new("42804", format!("{what} types {a} and {b} cannot be matched"))
            })?;
        }
        let ty = if ty == UNKNOWN { TEXT } else { ty };
        Ok((all.into_iter().map(|code| self.coerce(code, ty)).collect::<Res<Vec<_>>>()?, ty))
    }

    /// What has no type yet is text.
    pub fn settled(&self, code: Code) -> Res<Code> {
        if code.ty == UNKNOWN { self.coerce(code, TEXT) } else { Ok(code) }
    }

    pub fn cast(&self, code: Code, to: &str, scale: Option<u32>) -> Res<Code> {
        let ty = named(to)
            .ok_or_else(|| Fault::new("42704", format!("type \"{}\" does not exist", to.to_lowercase())))?;
        self.convert(code, ty, scale)
    }

    /// To a type that is asked for by its place.
    pub fn coerce(&self, code: Code, to: Oid) -> Res<Code> {
        if code.ty == to || matches!(to, ANY | ANYELEMENT | ANYARRAY) && code.ty != UNKNOWN {
            return Ok(code);
        }
        if code.ty != UNKNOWN && !implicit(code.ty, to) {
            let (from, to) = (value::name(code.ty), value::name(to));
            return Err(Fault::new("42804", format!("argument must be type {to}, not type {from}")));
        }
        self.convert(code, to, None)
    }

    pub fn convert(&self, code: Code, to: Oid, scale: Option<u32>) -> Res<Code> {
        let to = if matches!(to, ANY | ANYELEMENT) { TEXT } else { to };
        if let (UNKNOWN, Some(at)) = (code.ty, code.param) {
            if let Some(ty) = self.params.borrow_mut().get_mut(at) {
                *ty = to;
            }
            return Ok(Code { ty: to, ..code });
        }
        if let (UNKNOWN, Some(Value::Text(text))) = (code.ty, &code.literal)
            && !matches!(to, REGCLASS | REGNAMESPACE | REGROLE | REGTYPE)
        {
            return Ok(Code::constant(to, parse(text, to).map_err(|fault| fault.at(code.span))?));
        }
        let from = code.ty;
        if !castable(from, to) {
            let (from, to) = (value::name(from), value::name(to));
            return Err(Fault::new("42846", format!("cannot cast type {from} to {to}")));
        }
        Ok(Code::new(to, move |env| {
            let value = (code.run)(env)?;
            let value = cast(env, value, from, to)?;
            Ok(match scale {
                Some(scale) if !value.is_null() => Value::Num(value::rounded(&value, scale), scale),
                _ => value,
            })
        }))
    }
}

/// The scale of `numeric(10, 2)`.
pub fn scale_of(ty: &str) -> Option<u32> {
    let lower = ty.to_lowercase();
    let inner =
        lower.strip_prefix("numeric(").or_else(|| lower.strip_prefix("decimal("))?.trim_end_matches(')');
    inner.split_once(',').map_or(Some(0), |(_, scale)| scale.trim().parse().ok())
}

const LADDER: [Oid; 6] = [INT2, INT4, INT8, NUMERIC, value::kind::FLOAT4, value::kind::FLOAT8];
const TIMES: [Oid; 3] = [DATE, TIMESTAMP, TIMESTAMPTZ];
const NUMBERED: [Oid; 6] = [OID, XID, REGCLASS, REGTYPE, REGROLE, REGNAMESPACE];

fn is_text(ty: Oid) -> bool {
    category(ty) == 'S' || ty == CHAR
}

/// The type that two are compared in.
pub fn common(a: Oid, b: Oid) -> Option<Oid> {
    let higher = |ladder: &[Oid]| {
        let place = |ty| ladder.iter().position(|one| *one == ty);
        place(a).zip(place(b)).and_then(|(a, b)| ladder.get(a.max(b)).copied())
    };
    match (a, b) {
        _ if a == b => Some(a),
        (UNKNOWN, other) | (other, UNKNOWN) => Some(other),
        _ if is_text(a) && is_text(b) => Some(TEXT),
        _ => {
            let numbered =
                |n: Oid, i: Oid| NUMBERED.contains(&n) && (NUMBERED.contains(&i) || LADDER[..3].contains(&i));
            let numbered = numbered(a, b) || numbered(b, a);
            let arrays = || Some(array(common(element(a)?, element(b)?)?));
            higher(&LADDER).or_else(|| higher(&TIMES)).or(numbered.then_some(OID)).or_else(arrays)
        }
    }
}

pub fn implicit(from: Oid, to: Oid) -> bool {
    let up = |ladder: &[Oid]| {
        let place = |ty| ladder.iter().position(|one| *one == ty);
        place(from).zip(place(to)).is_some_and(|(from, to)| from <= to)
    };
    from == to
        || matches!(from, UNKNOWN)
        || matches!(to, ANY | ANYELEMENT)
        || to == ANYARRAY && element(from).is_some()
        || is_text(from) && is_text(to)
        || up(&LADDER)
        || up(&TIMES)
        || to == OID && (LADDER[..3].contains(&from) || NUMBERED.contains(&from))
        || from == OID && NUMBERED.contains(&to)
        || element(from).zip(element(to)).is_some_and(|(from, to)| implicit(from, to))
}

fn castable(from: Oid, to: Oid) -> bool {
    let number = |ty| LADDER.contains(&ty);
    implicit(from, to)
        || is_text(from)
        || is_text(to)
        || number(from) && (number(to) || NUMBERED.contains(&to))
        || number(to) && (NUMBERED.contains(&from) || from == BOOL)
        || from == INT4 && to == BOOL
        || TIMES.contains(&from) && TIMES.contains(&to)
        || element(from).zip(element(to)).is_some_and(|(from, to)| castable(from, to))
        || matches!((value::category(from), value::category(to)), ('U', 'U'))
}

/// A value of one type as one of another.
pub fn cast(env: &mut Env<'_>, value: Value, from: Oid, to: Oid) -> Res<Value> {
    if let (Value::List(all), Some(to)) = (&value, element(to)) {
        let from = element(from).unwrap_or(TEXT);
        let all: Res<Vec<Value>> = all.iter().map(|value| cast(env, value.clone(), from, to)).collect();
        return Ok(all?.into());
    }
    if value.is_null() || from == to {
        return Ok(value);
    }
    let number = |ty| LADDER.contains(&ty) || NUMBERED.contains(&ty);
    Ok(match to {
        REGCLASS | REGNAMESPACE | REGROLE | REGTYPE if is_text(from) || from == UNKNOWN => {
            super::names::oid_of(env.db, env.pid, &value.text(), to)?
        }
        _ if is_text(to) || to == UNKNOWN => {
            let text = super::names::shown(env.db, &value, from);
            env.step(text.len() / 16)?;
            let text =
                if from == BOOL { if text == "t" { "true".into() } else { "false".into() } } else { text };
            if to == CHAR { text.chars().take(1).collect::<String>().into() } else { text.into() }
        }
        _ if is_text(from) || from == UNKNOWN => parse(&value.text(), to)?,
        value::kind::FLOAT4 | value::kind::FLOAT8 => Value::Float(value.float()),
        NUMERIC => match value {
            Value::Float(n) => parse(&n.to_string(), NUMERIC)?,
            other => other,
        },
        BOOL => (value.int() != 0).into(),
        _ if number(to) && from == BOOL => value.int().into(),
        _ if number(to) => value::fits(value::rounded(&value, 0), to)?,
        DATE => Value::Time(value.int().div_euclid(86_400_000_000).saturating_mul(86_400_000_000)),
        _ => value,
    })
}
