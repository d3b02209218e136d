//! Functions by their names and the types they take.
use std::cmp::Ordering;

use regex::RegexBuilder;

use super::code::{Code, Env, all, becomes, convert, unified};
use super::fault::{Fault, Res};
use super::login::signalled;
use super::select::extreme;
use super::setting::{set, shown};
use super::state::{Relation, Signal, VERSION, XID_NOW};
use super::value::kind::{
    ANY, BOOL, FLOAT8, INET, INT4, INT8, INTERVAL, INTS, LSN, NAME, NUMERIC, OID, REGCLASS, TEXT, TEXTS,
    TIMESTAMPTZ, VOID, XID,
};
use super::value::{self, Oid, Value, order};

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
        "least" => |all| extreme(all, Ordering::Less),
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

/// The first so many letters; with a negative number, all but the last.
fn left(values: &[Value]) -> Value {
    let (text, count) = (text(values, 0), nth(values, 1).int());
    let all = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let keep = usize::try_from(if count < 0 { all + count } else { count }).unwrap_or(0);
    text.chars().take(keep).collect::<String>().into()
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

fn table(env: &mut Env<'_>, values: &[Value], of: fn(&Relation) -> Value) -> Res<Value> {
    Ok(env.db.numbered(int(values)).map_or(Value::Null, of))
}

fn database_size(env: &mut Env<'_>, name: &str) -> Res<Value> {
    env.db.base_named(name).ok_or_else(|| Fault::missing("3D000", "database", name))?;
    Ok(env.db.size(name).into())
}

fn setting(env: &mut Env<'_>, values: &[Value]) -> Res<Value> {
    let name = text(values, 0);
    match shown(env.db, env.pid, &name) {
        Err(fault) if fault.code == "42704" && nth(values, 1).is_true() => Ok(Value::Null),
        found => Ok(found?.1.into()),
    }
}

fn has_role(env: &mut Env<'_>, role: &str) -> Res<Value> {
    env.db.role_named(role).ok_or_else(|| Fault::missing("42704", "role", role))?;
    Ok(env.db.has(env.db.user(env.pid), role).into())
}

fn role_name(env: &mut Env<'_>, oid: i64) -> Option<String> {
    env.db.roles.iter().find(|one| i64::from(one.oid) == oid).map(|one| one.name.clone())
}

fn now(env: &mut Env<'_>) -> Value {
    env.db.sessions.get(&env.pid).and_then(|one| one.transaction).unwrap_or(env.db.now).into()
}

macro_rules! sums {
    ($($op:literal $exact:expr, $broken:expr, $values:ident => $checked:expr;)*) => {
        const SUMS: &[Function] = &[$(
            ($op, &[INT4, INT4], INT4, |_, $values| exact($checked, INT4, $exact)),
            ($op, &[INT8, INT8], INT8, |_, $values| exact($checked, INT8, $exact)),
            ($op, &[NUMERIC, NUMERIC], NUMERIC, |_, $values| Ok(broken($checked, $broken))),
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
    ("pg_wal_lsn_diff", &[LSN, LSN], NUMERIC, |_, v| Ok(int(v).saturating_sub(nth(v, 1).int()).into())),
    ("pg_terminate_backend", &[INT4], BOOL, |env, v| signalled(env, int(v), Signal::Terminate)),
    ("pg_terminate_backend", &[INT4, INT8], BOOL, |env, v| signalled(env, int(v), Signal::Terminate)),
    ("pg_cancel_backend", &[INT4], BOOL, |env, v| signalled(env, int(v), Signal::Cancel)),
    ("pg_blocking_pids", &[INT4], INTS, |env, v| {
        let pids = i32::try_from(int(v)).ok().map(|pid| env.db.blockers(pid)).unwrap_or_default();
        Ok(pids.into_iter().map(Value::from).collect::<Vec<_>>().into())
    }),
    ("pg_sleep", &[FLOAT8], VOID, |env, v| {
        env.sleep = (env.sleep + nth(v, 0).float()).clamp(0.0, 86_400.0);
        Ok("".into())
    }),
    ("pg_database_size", &[NAME], INT8, |env, v| database_size(env, &text(v, 0))),
    ("pg_database_size", &[OID], INT8, |env, v| {
        let name = env.db.bases.iter().find(|one| i64::from(one.oid) == int(v)).map(|one| one.name.clone());
        name.map_or(Ok(Value::Null), |name| database_size(env, &name))
    }),
    ("pg_total_relation_size", &[REGCLASS], INT8, |env, v| {
        Ok(env.db.total(env.db.relation(env.pid, &text(v, 0))?).into())
    }),
    ("pg_relation_size", &[REGCLASS], INT8, |env, v| Ok(env.db.relation(env.pid, &text(v, 0))?.bytes.into())),
    ("pg_stat_get_live_tuples", &[OID], INT8, |env, v| table(env, v, |one| one.rows.into())),
    ("pg_stat_get_dead_tuples", &[OID], INT8, |env, v| table(env, v, |one| one.dead.into())),
    ("pg_stat_get_numscans", &[OID], INT8, |env, v| table(env, v, |one| one.scans.into())),
    ("pg_stat_get_last_vacuum_time", &[OID], TIMESTAMPTZ, |env, v| table(env, v, |one| one.vacuumed.into())),
    ("pg_stat_get_last_autovacuum_time", &[OID], TIMESTAMPTZ, |env, v| table(env, v, |one| one.cared.into())),
    ("pg_stat_get_last_analyze_time", &[OID], TIMESTAMPTZ, |env, v| table(env, v, |one| one.analyzed.into())),
    ("pg_stat_get_last_autoanalyze_time", &[OID], TIMESTAMPTZ, |env, v| {
        table(env, v, |one| one.cared.into())
    }),
    ("pg_get_userbyid", &[OID], NAME, |env, v| {
        Ok(role_name(env, int(v)).unwrap_or_else(|| format!("unknown (OID={})", int(v))).into())
    }),
    ("pg_has_role", &[NAME, TEXT], BOOL, |env, v| has_role(env, &text(v, 0))),
    ("pg_has_role", &[OID, TEXT], BOOL, |env, v| {
        role_name(env, int(v)).map_or(Ok(false.into()), |role| has_role(env, &role))
    }),
    ("has_database_privilege", &[OID, TEXT], BOOL, |_, _| Ok(true.into())),
    ("pg_table_is_visible", &[OID], BOOL, |_, _| Ok(true.into())),
    ("pg_encoding_to_char", &[INT4], NAME, |_, _| Ok("UTF8".into())),
    ("age", &[XID], INT4, |_, v| Ok((XID_NOW - int(v)).into())),
    ("mxid_age", &[XID], INT4, |_, v| Ok((i64::from(int(v) > 0) * 10).into())),
    ("host", &[INET], TEXT, |_, v| Ok(text(v, 0).as_ref().into())),
    ("extract", &[TEXT, TIMESTAMPTZ], NUMERIC, |_, v| extracted(v)),
    ("extract", &[TEXT, INTERVAL], NUMERIC, |_, v| extracted(v)),
    ("round", &[FLOAT8], FLOAT8, |_, v| Ok(value::float(int(v)).into())),
    ("round", &[NUMERIC], NUMERIC, |_, v| Ok(int(v).into())),
    ("lower", &[TEXT], TEXT, |_, v| Ok(text(v, 0).to_lowercase().into())),
    ("upper", &[TEXT], TEXT, |_, v| Ok(text(v, 0).to_uppercase().into())),
    ("length", &[TEXT], INT4, |_, v| Ok(text(v, 0).chars().count().into())),
    ("left", &[TEXT, INT4], TEXT, |_, v| Ok(left(v))),
    ("cardinality", &[ANY], INT4, |_, v| Ok(nth(v, 0).list().len().into())),
    ("array_to_string", &[TEXTS, TEXT], TEXT, |_, v| {
        let all: Vec<_> = nth(v, 0).list().iter().map(Value::text).collect();
        Ok(all.join(&text(v, 1)).into())
    }),
    ("pg_size_pretty", &[INT8], TEXT, |_, v| Ok(pretty(int(v)).into())),
    ("pg_size_pretty", &[NUMERIC], TEXT, |_, v| Ok(pretty(int(v)).into())),
];
