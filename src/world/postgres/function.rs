//! Functions by their names and the types they take.
use std::cmp::Ordering;

use regex::RegexBuilder;

use super::code::{Code, Env, all, becomes, convert, unified};
use super::login::signalled;
use super::select::extreme;
use super::setting::{set, shown};
use super::state::{Base, Relation, Role, Signal, VERSION, XID_NOW};
use super::value::kind::{
    ANY, BOOL, FLOAT8, INET, INT4, INT8, INTERVAL, INTS, LSN, NAME, OID, TEXT, TEXTS, TIMESTAMPTZ, VOID, XID,
};
use super::value::{self, Fault, Oid, Res, Value, order};

/// Name, what it takes, what it gives, and how. It gives null for a null.
type Function = (&'static str, &'static [Oid], Oid, fn(&mut Env<'_>, &[Value]) -> Res<Value>);

/// There is no such function, or operator, of these types.
pub fn missing(name: &str, types: &[Oid]) -> Fault {
    let types: Vec<String> = types.iter().map(|ty| value::name(*ty)).collect();
    Fault::new(
        "42883",
        match types.as_slice() {
            [a, b] if !name.starts_with(char::is_alphabetic) => {
                format!("operator does not exist: {a} {name} {b}")
            }
            types => format!("function {name}({}) does not exist", types.join(", ")),
        },
    )
}

/// Functions of values of one type, whatever that is; nulls are values to them.
fn of_one_type(name: &str) -> Option<fn(&[Value]) -> Value> {
    Some(match name {
        "coalesce" => |all| all.iter().find(|value| !value.is_null()).cloned().into(),
        "greatest" => |all| extreme(all, Ordering::Greater),
        "nullif" => |all| match all {
            [a, b] if !a.is_null() && order(a, b).is_eq() => Value::Null,
            all => all.first().cloned().into(),
        },
        _ => return None,
    })
}

pub fn call(name: &str, args: Vec<Code>) -> Res<Code> {
    if let Some(work) = of_one_type(name) {
        let (args, ty) = unified(&name.to_uppercase(), args)?;
        return Ok(Code::new(ty, move |env| Ok(work(&all(&args, env)?))));
    }
    let types: Vec<Oid> = args.iter().map(|code| code.ty).collect();
    let found = SUMS.iter().chain(FUNCTIONS).filter(|one| one.0 == name && one.1.len() == types.len());
    let found = found.filter(|one| types.iter().zip(one.1).all(|(from, to)| becomes(*from, *to)));
    let changed = |one: &&Function| types.iter().zip(one.1).filter(|(from, to)| from != to).count();
    let &(_, takes, gives, work) = found.min_by_key(changed).ok_or_else(|| missing(name, &types))?;
    let args = args.into_iter().zip(takes).map(|(code, to)| convert(code, *to)).collect::<Res<Vec<_>>>()?;
    Ok(Code::new(gives, move |env| {
        let values = all(&args, env)?;
        env.step(1)?;
        if values.iter().any(Value::is_null) { Ok(Value::Null) } else { work(env, &values) }
    }))
}

fn nth(values: &[Value], n: usize) -> &Value {
    values.get(n).unwrap_or(&Value::Null)
}

fn int(values: &[Value]) -> i64 {
    nth(values, 0).int()
}

fn text(values: &[Value], n: usize) -> std::sync::Arc<str> {
    nth(values, n).text()
}

fn exact(values: &[Value], ty: Oid, work: fn(i64, i64) -> Option<i64>) -> Res<Value> {
    let result = work(int(values), nth(values, 1).int());
    value::fits(result.ok_or_else(|| Fault::new("22003", format!("{} out of range", value::name(ty))))?, ty)
}

fn broken(values: &[Value], work: fn(f64, f64) -> f64) -> Value {
    work(nth(values, 0).float(), nth(values, 1).float()).into()
}

/// Nobody divides by zero.
fn divisor(values: &[Value]) -> Res<&[Value]> {
    let zero = || Fault::new("22012", "division by zero");
    if nth(values, 1).float() == 0.0 { Err(zero()) } else { Ok(values) }
}

/// Whether a text fits a pattern, which is one of LIKE or a regular expression.
fn fits_pattern(env: &mut Env<'_>, values: &[Value], like: bool, any_case: bool) -> Res<Value> {
    let pattern = text(values, 1);
    let letter = |c: char| match c {
        '%' => ".*".to_owned(),
        '_' => ".".to_owned(),
        c => regex::escape(&c.to_string()),
    };
    let of_like = || format!("(?s)^{}$", pattern.chars().map(letter).collect::<String>());
    let source = if like { of_like() } else { pattern.to_string() };
    let source = if any_case { format!("(?i){source}") } else { source };
    let wrong = |_| Fault::new("2201B", format!("invalid regular expression: {pattern}"));
    if env.pattern.as_ref().is_none_or(|(known, _)| *known != source) {
        let regex = RegexBuilder::new(&source).size_limit(1 << 20).build();
        env.pattern = Some((source, regex.map_err(wrong)?));
    }
    Ok(env.pattern.as_ref().is_some_and(|(_, regex)| regex.is_match(&text(values, 0))).into())
}

fn extracted(values: &[Value]) -> Res<Value> {
    match &*text(values, 0) {
        "epoch" => Ok(Value::Float(value::float(nth(values, 1).int()) / 1e6)),
        field => Err(Fault::unsupported(format!("the unit \"{field}\""))),
    }
}

fn pretty(bytes: i64) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB"];
    let (mut size, mut unit) = (value::float(bytes), 0);
    while size.abs() >= 10_240.0 && unit + 1 < units.len() {
        (size, unit) = (size / 1024.0, unit + 1);
    }
    format!("{} {}", value::whole(size), units.get(unit).unwrap_or(&""))
}

/// One of many by its number or its name.
fn by<'a, T>(all: &'a [T], missing: Fault, value: &Value, is: fn(&T) -> (Oid, &str)) -> Res<&'a T> {
    let wanted = value.text();
    let found = all.iter().find(|one| match value {
        Value::Int(oid) => i64::from(is(one).0) == *oid,
        _ => *is(one).1 == *wanted,
    });
    found.ok_or(missing)
}

fn base<'e>(env: &'e Env<'_>, values: &[Value]) -> Res<&'e Base> {
    let missing = Fault::missing("3D000", "database", &text(values, 0));
    by(&env.db.bases, missing, nth(values, 0), |one| (one.oid, &one.name))
}

fn role<'e>(env: &'e Env<'_>, values: &[Value]) -> Res<&'e Role> {
    let missing = Fault::missing("42704", "role", &text(values, 0));
    by(&env.db.roles, missing, nth(values, 0), |one| (one.oid, &one.name))
}

fn relation<'e>(env: &'e Env<'_>, values: &[Value]) -> Res<&'e Relation> {
    match nth(values, 0) {
        Value::Int(oid) => {
            env.db.numbered(*oid).ok_or_else(|| Fault::new("42P01", "relation does not exist"))
        }
        name => env.db.relation(env.pid, &name.text()),
    }
}

fn setting(env: &mut Env<'_>, values: &[Value]) -> Res<Value> {
    let name = text(values, 0);
    match shown(env.db, env.pid, &name) {
        Err(fault) if fault.code == "42704" && nth(values, 1).is_true() => Ok(Value::Null),
        found => Ok(found?.1.into()),
    }
}

fn now(env: &mut Env<'_>) -> Value {
    env.db.sessions.get(&env.pid).and_then(|one| one.transaction).unwrap_or(env.db.now).into()
}

macro_rules! sums {
    ($($op:literal $exact:expr, $broken:expr, $values:ident => $checked:expr;)*) => {
        const SUMS: &[Function] = &[$(
            ($op, &[INT4, INT4], INT4, |_, $values| exact($checked, INT4, $exact)),
            ($op, &[INT8, INT8], INT8, |_, $values| exact($checked, INT8, $exact)),
            ($op, &[FLOAT8, FLOAT8], FLOAT8, |_, $values| Ok(broken($checked, $broken))),
        )*];
    };
}
sums! {
    "+" i64::checked_add, |a, b| a + b, values => values;
    "-" i64::checked_sub, |a, b| a - b, values => values;
    "*" i64::checked_mul, |a, b| a * b, values => values;
    "/" i64::checked_div, |a, b| a / b, values => divisor(values)?;
}

/// Something of a table or an index.
macro_rules! field {
    ($name:ident) => {
        |env, v| Ok(env.db.numbered(int(v)).map(|one| one.$name).into())
    };
}

const FUNCTIONS: &[Function] = &[
    ("-", &[TIMESTAMPTZ, TIMESTAMPTZ], INTERVAL, |_, v| exact(v, INTERVAL, i64::checked_sub)),
    ("-", &[TIMESTAMPTZ, INTERVAL], TIMESTAMPTZ, |_, v| exact(v, TIMESTAMPTZ, i64::checked_sub)),
    ("+", &[TIMESTAMPTZ, INTERVAL], TIMESTAMPTZ, |_, v| exact(v, TIMESTAMPTZ, i64::checked_add)),
    ("+", &[INTERVAL, INTERVAL], INTERVAL, |_, v| exact(v, INTERVAL, i64::checked_add)),
    ("||", &[TEXT, TEXT], TEXT, |_, v| Ok(format!("{}{}", text(v, 0), text(v, 1)).into())),
    ("~", &[TEXT, TEXT], BOOL, |env, v| fits_pattern(env, v, false, false)),
    ("~*", &[TEXT, TEXT], BOOL, |env, v| fits_pattern(env, v, false, true)),
    ("~~", &[TEXT, TEXT], BOOL, |env, v| fits_pattern(env, v, true, false)),
    ("~~*", &[TEXT, TEXT], BOOL, |env, v| fits_pattern(env, v, true, true)),
    ("now", &[], TIMESTAMPTZ, |env, _| Ok(now(env))),
    ("current_timestamp", &[], TIMESTAMPTZ, |env, _| Ok(now(env))),
    ("clock_timestamp", &[], TIMESTAMPTZ, |env, _| Ok(env.db.now.into())),
    ("version", &[], TEXT, |_, _| Ok(VERSION.into())),
    ("current_user", &[], NAME, |env, _| Ok(env.db.user(env.pid).into())),
    ("current_database", &[], NAME, |env, _| Ok(env.db.database(env.pid).into())),
    ("current_setting", &[TEXT], TEXT, setting),
    ("current_setting", &[TEXT, BOOL], TEXT, setting),
    ("set_config", &[TEXT, TEXT, BOOL], TEXT, |env, v| {
        let local = nth(v, 2).is_true();
        set(env.db, env.pid, &text(v, 0), Some(&text(v, 1)), local)?;
        Ok(text(v, 1).as_ref().into())
    }),
    ("pg_backend_pid", &[], INT4, |env, _| Ok(env.pid.into())),
    ("pg_postmaster_start_time", &[], TIMESTAMPTZ, |env, _| Ok(env.db.started.into())),
    ("pg_is_in_recovery", &[], BOOL, |_, _| Ok(false.into())),
    ("pg_current_wal_lsn", &[], LSN, |env, _| Ok(env.db.wal.into())),
    ("pg_last_wal_receive_lsn", &[], LSN, |_, _| Ok(Value::Null)),
    ("pg_last_wal_replay_lsn", &[], LSN, |_, _| Ok(Value::Null)),
    ("pg_last_xact_replay_timestamp", &[], TIMESTAMPTZ, |_, _| Ok(Value::Null)),
    ("pg_wal_lsn_diff", &[LSN, LSN], INT8, |_, v| Ok(int(v).saturating_sub(nth(v, 1).int()).into())),
    ("pg_terminate_backend", &[INT4], BOOL, |env, v| signalled(env, int(v), Signal::Terminate)),
    ("pg_cancel_backend", &[INT4], BOOL, |env, v| signalled(env, int(v), Signal::Cancel)),
    ("pg_blocking_pids", &[INT4], INTS, |env, v| {
        let pids = i32::try_from(int(v)).ok().map(|pid| env.db.blockers(pid)).unwrap_or_default();
        Ok(pids.into_iter().map(Value::from).collect::<Vec<_>>().into())
    }),
    ("pg_sleep", &[FLOAT8], VOID, |env, v| {
        env.sleep = (env.sleep + nth(v, 0).float()).clamp(0.0, 86_400.0);
        Ok("".into())
    }),
    ("pg_database_size", &[ANY], INT8, |env, v| Ok(env.db.size(&base(env, v)?.name).into())),
    ("pg_total_relation_size", &[ANY], INT8, |env, v| Ok(env.db.total(relation(env, v)?).into())),
    ("pg_relation_size", &[ANY], INT8, |env, v| Ok(relation(env, v)?.bytes.into())),
    ("pg_stat_get_live_tuples", &[OID], INT8, field!(rows)),
    ("pg_stat_get_dead_tuples", &[OID], INT8, field!(dead)),
    ("pg_stat_get_numscans", &[OID], INT8, field!(scans)),
    ("pg_stat_get_last_vacuum_time", &[OID], TIMESTAMPTZ, field!(vacuumed)),
    ("pg_stat_get_last_autovacuum_time", &[OID], TIMESTAMPTZ, field!(cared)),
    ("pg_stat_get_last_analyze_time", &[OID], TIMESTAMPTZ, field!(analyzed)),
    ("pg_stat_get_last_autoanalyze_time", &[OID], TIMESTAMPTZ, field!(cared)),
    ("pg_get_userbyid", &[OID], NAME, |env, v| Ok(role(env, v)?.name.as_str().into())),
    ("pg_has_role", &[ANY, TEXT], BOOL, |env, v| {
        Ok(env.db.has(env.db.user(env.pid), &role(env, v)?.name).into())
    }),
    ("has_database_privilege", &[OID, TEXT], BOOL, |_, _| Ok(true.into())),
    ("pg_table_is_visible", &[OID], BOOL, |_, _| Ok(true.into())),
    ("pg_encoding_to_char", &[INT4], NAME, |_, _| Ok("UTF8".into())),
    ("age", &[XID], INT4, |_, v| Ok((XID_NOW - int(v)).into())),
    ("mxid_age", &[XID], INT4, |_, v| Ok((i64::from(int(v) > 0) * 10).into())),
    ("host", &[INET], TEXT, |_, v| Ok(text(v, 0).as_ref().into())),
    ("extract", &[TEXT, TIMESTAMPTZ], FLOAT8, |_, v| extracted(v)),
    ("extract", &[TEXT, INTERVAL], FLOAT8, |_, v| extracted(v)),
    ("round", &[FLOAT8], FLOAT8, |_, v| Ok(value::float(int(v)).into())),
    ("lower", &[TEXT], TEXT, |_, v| Ok(text(v, 0).to_lowercase().into())),
    ("left", &[TEXT, INT4], TEXT, |_, v| {
        let count = usize::try_from(nth(v, 1).int()).unwrap_or(0);
        Ok(text(v, 0).chars().take(count).collect::<String>().into())
    }),
    ("cardinality", &[ANY], INT4, |_, v| Ok(nth(v, 0).list().len().into())),
    ("array_to_string", &[TEXTS, TEXT], TEXT, |_, v| {
        let all: Vec<_> = nth(v, 0).list().iter().map(Value::text).collect();
        Ok(all.join(&text(v, 1)).into())
    }),
    ("pg_size_pretty", &[INT8], TEXT, |_, v| Ok(pretty(int(v)).into())),
];
