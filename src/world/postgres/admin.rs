//! The server's own functions: what it tells of itself, and what operators do with it.
use super::catalog;
use super::expr::Env;
use super::fault::{Fault, Res};
use super::function::Function;
use super::names;
use super::state::{Database, Relation, Signal, VERSION};
use super::value::kind::{
    BOOL, FLOAT8, INT4, INT8, INTS, LSN, NAME, NUMERIC, OID, REGCLASS, TEXT, TIMESTAMPTZ, VOID, XID,
};
use super::value::{self, Value};
use super::views;

fn at(values: &[Value], n: usize) -> &Value {
    values.get(n).unwrap_or(&Value::Null)
}

fn text(values: &[Value], n: usize) -> String {
    at(values, n).text().to_string()
}

fn now(env: &mut Env<'_>, _: &[Value]) -> Value {
    let begun = env.db.sessions.get(&env.pid).and_then(|one| one.transaction);
    Value::Time(begun.unwrap_or(env.db.now))
}

fn clock(env: &mut Env<'_>, _: &[Value]) -> Value {
    Value::Time(env.db.now)
}

fn user(env: &mut Env<'_>, _: &[Value]) -> Value {
    env.db.user(env.pid).into()
}

/// Ends a session, or what it runs, if this one may.
fn signalled(env: &mut Env<'_>, pid: i64, signal: Signal) -> Res<Value> {
    let target = i32::try_from(pid).ok().and_then(|pid| env.db.sessions.get(&pid));
    let Some(target) = target else {
        let why = format!("PID {pid} is not a PostgreSQL backend process");
        env.notices.push(Fault::notice("WARNING", "01000", why));
        return Ok(false.into());
    };
    let (pid, owner) = (target.pid, target.user.clone());
    let ends = signal == Signal::Terminate;
    let (what, past) = if ends { ("process", "terminated") } else { ("query", "canceled") };
    if !env.db.is_superuser(env.pid) {
        if owner.is_empty() || env.db.role_named(&owner).is_some_and(|role| role.superuser) {
            let verb = if ends { "terminate" } else { "cancel" };
            return Err(Fault::new("42501", format!("must be a superuser to {verb} superuser {what}")));
        }
        let own = env.db.user(env.pid);
        if !env.db.has(own, &owner) && !env.db.has(own, "pg_signal_backend") {
            let why = format!(
                "must be a member of the role whose {what} is being {past} or member of pg_signal_backend"
            );
            return Err(Fault::new("42501", why));
        }
    }
    env.db.deed(if ends { "terminate" } else { "cancel" }, env.pid, vec![pid]);
    env.db.strike(pid, signal);
    Ok(true.into())
}

fn sized(env: &mut Env<'_>, values: &[Value], size: fn(&Relation) -> i64) -> Value {
    let oid = at(values, 0).int();
    let table = env.db.relations.iter().find(|one| i64::from(one.oid) == oid);
    let index = || env.db.relations.iter().flat_map(|one| &one.indexes).find(|one| i64::from(one.oid) == oid);
    let view =
        || catalog::views().any(|view| catalog::number(view.name).map(i64::from) == Some(oid)).then_some(0);
    table.map(size).or_else(|| index().map(|one| one.bytes)).or_else(view).into()
}

fn sized_by_name(env: &mut Env<'_>, values: &[Value], size: fn(&Relation) -> i64) -> Res<Value> {
    let oid = names::oid_of(env.db, env.pid, &text(values, 0), REGCLASS)?;
    Ok(sized(env, &[oid], size))
}

fn database_size(env: &mut Env<'_>, name: &str) -> Res<Value> {
    if env.db.base_named(name).is_none() {
        return Err(Fault::new("3D000", format!("database \"{name}\" does not exist")));
    }
    Ok(env.db.size(name).into())
}

/// Something of a table or an index that is counted.
fn counted(env: &mut Env<'_>, values: &[Value], of: fn(&Relation) -> Value) -> Value {
    let oid = at(values, 0).int();
    env.db.relations.iter().find(|one| i64::from(one.oid) == oid).map_or(Value::Null, of)
}

fn scans(env: &mut Env<'_>, values: &[Value]) -> Value {
    let oid = at(values, 0).int();
    let index = env.db.relations.iter().flat_map(|one| &one.indexes).find(|one| i64::from(one.oid) == oid);
    match index.map(|one| one.scans) {
        Some(scans) => scans.into(),
        None => counted(env, values, |one| one.scans[0].into()),
    }
}

fn moment(at: [Option<i64>; 2], which: usize) -> Value {
    at.get(which).copied().flatten().map_or(Value::Null, Value::Time)
}

fn setting(env: &mut Env<'_>, values: &[Value]) -> Res<Value> {
    let name = text(values, 0);
    let hidden = matches!(name.as_str(), "data_directory" | "shared_preload_libraries" | "primary_conninfo");
    if hidden && !env.db.has(env.db.user(env.pid), "pg_read_all_settings") {
        let why =
            format!("must be superuser or have privileges of pg_read_all_settings to examine \"{name}\"");
        return Err(Fault::new("42501", why));
    }
    match env.db.current(env.pid, &name) {
        Some(value) => Ok(super::parameter::shown_setting(&name, &value).into()),
        None if at(values, 1).is_true() => Ok(Value::Null),
        None => Err(Fault::new("42704", format!("unrecognized configuration parameter \"{name}\""))),
    }
}

fn has(env: &mut Env<'_>, user: Option<String>, role: &str) -> Res<Value> {
    let user = user.unwrap_or_else(|| env.db.user(env.pid).to_owned());
    if env.db.role_named(role).is_none() {
        return Err(Fault::new("42704", format!("role \"{role}\" does not exist")));
    }
    Ok(env.db.has(&user, role).into())
}

fn role_name(db: &Database, oid: i64) -> Option<String> {
    db.roles.iter().find(|one| i64::from(one.oid) == oid).map(|one| one.name.clone())
}

/// What only a server that is no standby can be asked, or only one.
fn wal(env: &mut Env<'_>, of_standby: bool) -> Res<Value> {
    if env.db.standby.is_some() == of_standby {
        return Ok(env.db.wal.into());
    }
    if of_standby {
        return Ok(Value::Null);
    }
    Err(Fault::new("55000", "recovery is in progress")
        .hint("WAL control functions cannot be executed during recovery."))
}

fn only_superuser(env: &mut Env<'_>, what: &str) -> Res<()> {
    if env.db.is_superuser(env.pid) {
        return Ok(());
    }
    Err(Fault::new("42501", format!("permission denied for function {what}")))
}

fn dropped_slot(env: &mut Env<'_>, values: &[Value]) -> Res<Value> {
    let name = text(values, 0);
    only_superuser(env, "pg_drop_replication_slot")?;
    let found = env.db.replicas.iter_mut().find(|one| one.slot && one.name.replace('-', "_") == name);
    let Some(found) = found else {
        return Err(Fault::new("42704", format!("replication slot \"{name}\" does not exist")));
    };
    if found.state.is_some() {
        return Err(Fault::new("55006", format!("replication slot \"{name}\" is active")));
    }
    found.slot = false;
    env.db.replicas.retain(|one| one.slot || one.state.is_some());
    env.db.deed("drop slot", env.pid, Vec::new());
    Ok("".into())
}

pub const FUNCTIONS: &[Function] = &[
    ("now", &[], TIMESTAMPTZ, |env, v| Ok(now(env, v))),
    ("current_timestamp", &[], TIMESTAMPTZ, |env, v| Ok(now(env, v))),
    ("transaction_timestamp", &[], TIMESTAMPTZ, |env, v| Ok(now(env, v))),
    ("statement_timestamp", &[], TIMESTAMPTZ, |env, v| Ok(clock(env, v))),
    ("clock_timestamp", &[], TIMESTAMPTZ, |env, v| Ok(clock(env, v))),
    ("localtimestamp", &[], value::kind::TIMESTAMP, |env, v| Ok(now(env, v))),
    ("current_date", &[], value::kind::DATE, |env, _| {
        Ok(Value::Time(env.db.now.div_euclid(86_400_000_000) * 86_400_000_000))
    }),
    ("version", &[], TEXT, |_, _| Ok(VERSION.into())),
    ("current_user", &[], NAME, |env, v| Ok(user(env, v))),
    ("user", &[], NAME, |env, v| Ok(user(env, v))),
    ("session_user", &[], NAME, |env, _| {
        Ok(env.db.sessions.get(&env.pid).map(|one| one.logged_in.as_str()).into())
    }),
    ("current_database", &[], NAME, |env, _| Ok(env.db.database(env.pid).into())),
    ("current_catalog", &[], NAME, |env, _| Ok(env.db.database(env.pid).into())),
    ("current_schema", &[], NAME, |_, _| Ok("public".into())),
    ("current_schemas", &[BOOL], value::kind::TEXTS, |_, v| {
        let own = at(v, 0).is_true().then(|| Value::from("pg_catalog"));
        Ok(own.into_iter().chain(["public".into()]).collect::<Vec<_>>().into())
    }),
    ("current_setting", &[TEXT], TEXT, setting),
    ("current_setting", &[TEXT, BOOL], TEXT, setting),
    ("set_config", &[TEXT, TEXT, BOOL], TEXT, |env, v| {
        super::parameter::set(env.db, env.pid, &text(v, 0), Some(&text(v, 1)))?;
        Ok(at(v, 1).clone())
    }),
    ("pg_backend_pid", &[], INT4, |env, _| Ok(env.pid.into())),
    ("inet_server_port", &[], INT4, |env, _| Ok(env.db.number("port").into())),
    ("inet_client_addr", &[], value::kind::INET, |env, _| {
        Ok(env.db.sessions.get(&env.pid).and_then(|one| one.client.clone()).into())
    }),
    ("pg_postmaster_start_time", &[], TIMESTAMPTZ, |env, _| Ok(Value::Time(env.db.started))),
    ("pg_conf_load_time", &[], TIMESTAMPTZ, |env, _| Ok(Value::Time(env.db.started))),
    ("pg_is_in_recovery", &[], BOOL, |env, _| Ok(env.db.standby.is_some().into())),
    ("pg_current_wal_lsn", &[], LSN, |env, _| wal(env, false)),
    ("pg_current_wal_insert_lsn", &[], LSN, |env, _| wal(env, false)),
    ("pg_last_wal_receive_lsn", &[], LSN, |env, _| wal(env, true)),
    ("pg_last_wal_replay_lsn", &[], LSN, |env, _| {
        // What it has not applied yet is as much as was written meanwhile.
        let behind = env.db.standby.unwrap_or(0) / 40;
        Ok(match wal(env, true)? {
            Value::Int(at) => (at - behind).into(),
            other => other,
        })
    }),
    ("pg_last_xact_replay_timestamp", &[], TIMESTAMPTZ, |env, _| {
        Ok(env.db.standby.map_or(Value::Null, |behind| Value::Time(env.db.now - behind)))
    }),
    ("pg_wal_lsn_diff", &[LSN, LSN], NUMERIC, |_, v| {
        Ok(at(v, 0).int().saturating_sub(at(v, 1).int()).into())
    }),
    ("pg_promote", &[], BOOL, |env, _| {
        only_superuser(env, "pg_promote")?;
        if env.db.standby.is_none() {
            return Err(Fault::new("55000", "recovery is not in progress"));
        }
        env.db.standby(None);
        env.db.deed("promote", env.pid, Vec::new());
        Ok(true.into())
    }),
    ("pg_drop_replication_slot", &[NAME], VOID, dropped_slot),
    ("pg_terminate_backend", &[INT4], BOOL, |env, v| signalled(env, at(v, 0).int(), Signal::Terminate)),
    ("pg_terminate_backend", &[INT4, INT8], BOOL, |env, v| signalled(env, at(v, 0).int(), Signal::Terminate)),
    ("pg_cancel_backend", &[INT4], BOOL, |env, v| signalled(env, at(v, 0).int(), Signal::Cancel)),
    ("pg_blocking_pids", &[INT4], INTS, |env, v| {
        let pid = i32::try_from(at(v, 0).int()).unwrap_or(0);
        Ok(env.db.blockers(pid).into_iter().map(Value::from).collect::<Vec<_>>().into())
    }),
    ("pg_reload_conf", &[], BOOL, |env, _| {
        only_superuser(env, "pg_reload_conf")?;
        super::parameter::reload(env.db);
        env.db.deed("reload", env.pid, Vec::new());
        Ok(true.into())
    }),
    ("pg_stat_statements_reset", &[], VOID, |env, _| {
        only_superuser(env, "pg_stat_statements_reset")?;
        env.db.statements.clear();
        Ok("".into())
    }),
    ("pg_sleep", &[FLOAT8], VOID, |env, v| {
        env.sleep = (env.sleep + at(v, 0).float()).clamp(0.0, 86_400.0);
        Ok("".into())
    }),
    ("pg_advisory_lock", &[INT8], VOID, |_, _| Ok("".into())),
    ("pg_try_advisory_lock", &[INT8], BOOL, |_, _| Ok(true.into())),
    ("pg_database_size", &[NAME], INT8, |env, v| database_size(env, &text(v, 0))),
    ("pg_database_size", &[OID], INT8, |env, v| {
        let name =
            env.db.bases.iter().find(|one| i64::from(one.oid) == at(v, 0).int()).map(|one| one.name.clone());
        name.map_or(Ok(Value::Null), |name| database_size(env, &name))
    }),
    ("pg_total_relation_size", &[REGCLASS], INT8, |env, v| Ok(sized(env, v, Relation::total))),
    ("pg_relation_size", &[REGCLASS], INT8, |env, v| Ok(sized(env, v, Relation::size))),
    ("pg_table_size", &[REGCLASS], INT8, |env, v| Ok(sized(env, v, Relation::size))),
    ("pg_indexes_size", &[REGCLASS], INT8, |env, v| Ok(sized(env, v, |one| one.total() - one.size()))),
    ("pg_total_relation_size", &[TEXT], INT8, |env, v| sized_by_name(env, v, Relation::total)),
    ("pg_relation_size", &[TEXT], INT8, |env, v| sized_by_name(env, v, Relation::size)),
    ("pg_table_size", &[TEXT], INT8, |env, v| sized_by_name(env, v, Relation::size)),
    ("pg_indexes_size", &[TEXT], INT8, |env, v| sized_by_name(env, v, |one| one.total() - one.size())),
    ("pg_stat_get_live_tuples", &[OID], INT8, |env, v| Ok(counted(env, v, |one| one.rows.len().into()))),
    ("pg_stat_get_dead_tuples", &[OID], INT8, |env, v| Ok(counted(env, v, |one| one.dead.into()))),
    ("pg_stat_get_numscans", &[OID], INT8, |env, v| Ok(scans(env, v))),
    ("pg_stat_get_last_vacuum_time", &[OID], TIMESTAMPTZ, |env, v| {
        Ok(counted(env, v, |one| moment(one.vacuumed, 0)))
    }),
    ("pg_stat_get_last_autovacuum_time", &[OID], TIMESTAMPTZ, |env, v| {
        Ok(counted(env, v, |one| moment(one.vacuumed, 1)))
    }),
    ("pg_stat_get_last_analyze_time", &[OID], TIMESTAMPTZ, |env, v| {
        Ok(counted(env, v, |one| moment(one.analyzed, 0)))
    }),
    ("pg_stat_get_last_autoanalyze_time", &[OID], TIMESTAMPTZ, |env, v| {
        Ok(counted(env, v, |one| moment(one.analyzed, 1)))
    }),
    ("age", &[XID], INT4, |_, v| Ok((views::XID - at(v, 0).int()).into())),
    ("mxid_age", &[XID], INT4, |_, v| Ok((i64::from(at(v, 0).int() > 0) * 10).into())),
    ("host", &[value::kind::INET], TEXT, |_, v| Ok(text(v, 0).split('/').next().unwrap_or_default().into())),
    ("pg_get_userbyid", &[OID], NAME, |env, v| {
        let oid = at(v, 0).int();
        Ok(role_name(env.db, oid).unwrap_or_else(|| format!("unknown (OID={oid})")).into())
    }),
    ("pg_has_role", &[NAME, TEXT], BOOL, |env, v| has(env, None, &text(v, 0))),
    ("pg_has_role", &[NAME, NAME, TEXT], BOOL, |env, v| has(env, Some(text(v, 0)), &text(v, 1))),
    ("pg_has_role", &[OID, TEXT], BOOL, |env, v| match role_name(env.db, at(v, 0).int()) {
        Some(role) => has(env, None, &role),
        None => Ok(false.into()),
    }),
    ("has_database_privilege", &[OID, TEXT], BOOL, |_, _| Ok(true.into())),
    ("has_database_privilege", &[NAME, TEXT], BOOL, |_, _| Ok(true.into())),
    ("has_schema_privilege", &[TEXT, TEXT], BOOL, |_, _| Ok(true.into())),
    ("has_table_privilege", &[TEXT, TEXT], BOOL, |env, v| {
        let relation = env.db.relation(env.pid, None, &text(v, 0))?;
        Ok(env.db.may(env.pid, relation, &text(v, 1).to_uppercase()).is_ok().into())
    }),
    ("to_regclass", &[TEXT], REGCLASS, |env, v| {
        Ok(names::oid_of(env.db, env.pid, &text(v, 0), REGCLASS).unwrap_or(Value::Null))
    }),
    ("format_type", &[OID, INT4], TEXT, |_, v| {
        Ok(value::name(u32::try_from(at(v, 0).int()).unwrap_or(0)).into())
    }),
    ("pg_tablespace_location", &[OID], TEXT, |_, _| Ok("".into())),
    ("txid_current", &[], INT8, |_, _| Ok(views::XID.into())),
    ("pg_encoding_to_char", &[INT4], NAME, |_, v| {
        Ok(if at(v, 0).int() == 6 { "UTF8" } else { "SQL_ASCII" }.into())
    }),
    ("pg_table_is_visible", &[OID], BOOL, |env, v| {
        let oid = at(v, 0).int();
        Ok(env.db.relations.iter().all(|one| i64::from(one.oid) != oid || one.schema == "public").into())
    }),
    ("pg_relation_is_publishable", &[REGCLASS], BOOL, |_, _| Ok(true.into())),
    ("pg_get_indexdef", &[OID, INT4, BOOL], TEXT, |env, v| {
        let oid = at(v, 0).int();
        let all = env.db.relations.iter().flat_map(|one| one.indexes.iter().map(move |index| (one, index)));
        let mut found = all.filter(|(_, index)| i64::from(index.oid) == oid);
        Ok(found.next().map(|(one, index)| views::index_sql(one, index)).into())
    }),
    ("pg_get_constraintdef", &[OID, BOOL], TEXT, |env, v| {
        let oid = at(v, 0).int() - 1;
        let index =
            env.db.relations.iter().flat_map(|one| &one.indexes).find(|one| i64::from(one.oid) == oid);
        Ok(index.map(|index| format!("PRIMARY KEY ({})", index.columns.join(", "))).into())
    }),
    ("pg_get_expr", &[TEXT, OID], TEXT, |_, v| Ok(at(v, 0).clone())),
    ("pg_get_expr", &[TEXT, OID, BOOL], TEXT, |_, v| Ok(at(v, 0).clone())),
    ("col_description", &[OID, INT4], TEXT, |_, _| Ok(Value::Null)),
    ("obj_description", &[OID, NAME], TEXT, |_, _| Ok(Value::Null)),
    ("shobj_description", &[OID, NAME], TEXT, |_, _| Ok(Value::Null)),
    ("pg_get_statisticsobjdef_columns", &[OID], TEXT, |_, _| Ok(Value::Null)),
];
