//! The rows of the server's own tables, read from its state at the moment they are asked for.
use super::catalog;
use super::fault::{Fault, Res};
use super::state::{Database, Doing, Index, Relation, Role, Session};
use super::value::{Span, TYPES, Value, kind};

type Cells = Vec<(&'static str, Value)>;

macro_rules! cells {
    ($($name:ident: $value:expr),* $(,)?) => { vec![$((stringify!($name), Value::from($value))),*] };
}

fn at(micros: i64) -> Value {
    Value::Time(micros)
}

fn maybe(micros: Option<i64>) -> Value {
    micros.map_or(Value::Null, Value::Time)
}

const PUBLIC: i64 = 2200;
const CATALOG: i64 = 11;
/// Transaction numbers: where they are now.
pub const XID: i64 = 48_211_907;

pub fn owner(db: &Database, name: &str) -> i64 {
    db.role_named(name).map_or(10, |role| role.oid.into())
}

pub fn base_oid(db: &Database, name: &str) -> Option<i64> {
    db.base_named(name).map(|base| base.oid.into())
}

/// Whether somebody may see what another's session does.
fn sees(db: &Database, pid: i32, of: &str) -> bool {
    let user = db.user(pid);
    db.has(user, "pg_read_all_stats") || db.has(user, of)
}

fn activity(db: &Database, pid: i32, one: &Session) -> Cells {
    let mut cells = cells![
        pid: one.pid, usesysid: (!one.user.is_empty()).then(|| owner(db, &one.user)), usename: some(&one.user),
        datid: base_oid(db, &one.database), datname: some(&one.database), application_name: &one.application,
    ];
    if !sees(db, pid, &one.user) {
        cells.extend(cells![query: "<insufficient privilege>"]);
        return cells;
    }
    let client = one.backend == "client backend";
    let ours = client || one.backend == "walsender";
    let wait = one.wait.or(match one.backend {
        "checkpointer" => Some(("Activity", "CheckpointerMain")),
        "background writer" => Some(("Activity", "BgWriterHibernate")),
        "walwriter" => Some(("Activity", "WalWriterMain")),
        "autovacuum launcher" => Some(("Activity", "AutoVacuumMain")),
        "logical replication launcher" => Some(("Activity", "LogicalLauncherMain")),
        _ => None,
    });
    let works = one.holds.is_some();
    cells.extend(cells![
        client_addr: one.client.as_deref(), client_port: ours.then_some(one.port), backend_start: at(one.began),
        xact_start: maybe(one.transaction), query_start: maybe(one.asked), backend_type: one.backend,
        state_change: if ours { at(one.changed) } else { Value::Null }, query: &one.query,
        wait_event_type: wait.map(|wait| wait.0), wait_event: wait.map(|wait| wait.1),
        state: ours.then(|| one.doing.word()), backend_xid: works.then(|| xid(one)),
        backend_xmin: (one.doing == Doing::Active && client).then(|| xmin(db, one)),
        query_id: (client && !one.query.is_empty()).then(|| super::statement::id_of(&one.query)),
    ]);
    cells
}

fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// The number of the transaction that a session is in.
fn xid(one: &Session) -> i64 {
    XID - 40_000 + i64::from(one.pid % 30_000)
}

/// The oldest that it still needs: the longer it runs, the older.
fn xmin(db: &Database, one: &Session) -> i64 {
    XID - one.transaction.map_or(0, |since| ((db.now - since) / 20_000).clamp(0, 4_000_000))
}

fn locks(db: &Database, pid: i32) -> Vec<Cells> {
    let mut all = Vec::new();
    for one in db.sessions.values() {
        let Some(since) = one.transaction else { continue };
        let own = format!("{}/{}", one.pid % 97 + 3, one.pid);
        let lock = |kind: &str, mode: &str, granted: bool, more: Cells| {
            let mut cells = cells![
                locktype: kind, pid: one.pid, mode: mode, granted: granted, virtualtransaction: &own, fastpath: false,
            ];
            cells.extend(more);
            cells
        };
        all.push(lock("virtualxid", "ExclusiveLock", true, cells![virtualxid: &own]));
        let table = one.holds.as_ref().and_then(|table| {
            db.relations.iter().find(|relation| relation.database == one.database && relation.name == *table)
        });
        if let Some(table) = table {
            let more = cells![database: base_oid(db, &one.database), relation: table.oid];
            all.push(lock("relation", "RowExclusiveLock", true, more));
        }
        if one.holds.is_some() {
            all.push(lock("transactionid", "ExclusiveLock", true, cells![transactionid: xid(one)]));
        }
        for holder in db.blockers(one.pid).iter().filter_map(|pid| db.sessions.get(pid)) {
            let more = cells![transactionid: xid(holder), waitstart: at(since)];
            all.push(lock("transactionid", "ShareLock", false, more));
        }
        if one.pid == pid {
            let more = cells![database: base_oid(db, &one.database), relation: catalog::number("pg_locks")];
            all.push(lock("relation", "AccessShareLock", true, more));
        }
    }
    all
}

fn tables(db: &Database, pid: i32) -> impl Iterator<Item = &Relation> {
    let database = db.database(pid).to_owned();
    db.relations.iter().filter(move |one| one.database == database)
}

pub fn schema_oid(name: &str) -> i64 {
    if name == "public" { PUBLIC } else { PUBLIC + i64::from(super::statement::hash(name) & 0xffff) + 1 }
}

fn schemas(db: &Database, pid: i32) -> Vec<(i64, String)> {
    let mut all = vec![
        (CATALOG, "pg_catalog".to_owned()),
        (13_000, "information_schema".into()),
        (PUBLIC, "public".into()),
    ];
    for one in tables(db, pid) {
        if !all.iter().any(|(_, name)| *name == one.schema) {
            all.push((schema_oid(&one.schema), one.schema.clone()));
        }
    }
    all
}

fn classes(db: &Database, pid: i32) -> Vec<Cells> {
    let mut all = Vec::new();
    for one in tables(db, pid) {
        let common = |oid: u32, name: &str, kind: &str, bytes: i64, columns: usize| {
            let table = kind == "r";
            cells![
                oid: oid, relname: name, relnamespace: schema_oid(&one.schema),
                relowner: owner(db, &one.owner), relam: if table { 2_i64 } else { 403 }, relfilenode: oid,
                relpages: bytes / 8192, reltuples: Value::from(one.rows.len()).float(),
                relhasindex: table && !one.indexes.is_empty(),
                relkind: kind, relnatts: columns, relreplident: if table { "d" } else { "n" },
                relminmxid: i64::from(table),
                relfrozenxid: if table { XID - 9_400_000 - i64::from(one.oid) * 11 } else { 0 },
            ]
        };
        all.push(common(one.oid, &one.name, "r", one.size(), one.columns.len()));
        all.extend(
            one.indexes
                .iter()
                .map(|index| common(index.oid, &index.name, "i", index.bytes, index.columns.len())),
        );
    }
    for view in catalog::views().filter(|view| !view.name.contains('.')) {
        let space = if view.name.starts_with("pg_stat_statements") { PUBLIC } else { CATALOG };
        all.push(cells![
            oid: catalog::number(view.name), relname: view.name, relnamespace: space, relowner: 10_i64, reltuples: -1.0, relkind: "v", relfrozenxid: 0_i64,
            relreplident: "n",
            relhasrules: true, relnatts: view.columns().count(), ]);
    }
    all
}

fn attributes(db: &Database, pid: i32) -> Vec<Cells> {
    let attribute = |of: i64, at: usize, name: &str, ty: u32, key: bool| {
        cells![
            attrelid: of, attname: name, atttypid: ty, attlen: i64::from(super::value::length(ty)), attnum: at + 1,
            attnotnull: key, attstorage: if super::value::length(ty) > 0 { "p" } else { "x" },
            attcollation: if super::value::category(ty) == 'S' { 100_i64 } else { 0 },
        ]
    };
    let mut all = Vec::new();
    for one in tables(db, pid) {
        let key =
            |name: &String| one.indexes.iter().any(|index| index.primary && index.columns.contains(name));
        for (at, (name, ty)) in one.columns.iter().enumerate() {
            all.push(attribute(one.oid.into(), at, name, *ty, key(name)));
        }
        for index in &one.indexes {
            for (at, name) in index.columns.iter().enumerate() {
                let ty =
                    one.columns.iter().find(|(column, _)| column == name).map_or(kind::TEXT, |(_, ty)| *ty);
                all.push(attribute(index.oid.into(), at, name, ty, false));
            }
        }
    }
    for view in catalog::views().filter(|view| !view.name.contains('.')) {
        let of = catalog::number(view.name).map_or(0, i64::from);
        all.extend(view.columns().enumerate().map(|(at, (name, ty))| attribute(of, at, &name, ty, false)));
    }
    all
}

pub fn index_sql(one: &Relation, index: &Index) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let columns = index.columns.join(", ");
    format!("CREATE {unique}INDEX {} ON {}.{} USING btree ({columns})", index.name, one.schema, one.name)
}

fn table_counts(one: &Relation) -> Cells {
    let index_scans = one.indexes.iter().fold(0, |sum, index| index.scans.saturating_add(sum));
    let [ins, upd, del] = one.changes;
    let indexed = !one.indexes.is_empty();
    cells![
        relid: one.oid, schemaname: &one.schema, relname: &one.name, seq_scan: one.scans[0], seq_tup_read: one.scans[1],
        idx_scan: indexed.then_some(index_scans), idx_tup_fetch: indexed.then_some(index_scans * 3), n_tup_ins: ins,
        n_tup_upd: upd, n_tup_del: del, n_tup_hot_upd: upd / 2, n_live_tup: one.rows.len(), n_dead_tup: one.dead,
        n_mod_since_analyze: one.dead / 2, n_ins_since_vacuum: 0_i64, last_vacuum: maybe(one.vacuumed[0]),
        last_autovacuum: maybe(one.vacuumed[1]), last_analyze: maybe(one.analyzed[0]),
        last_autoanalyze: maybe(one.analyzed[1]), vacuum_count: i64::from(one.vacuumed[0].is_some()),
        autovacuum_count: i64::from(one.vacuumed[1].is_some()) * 31, analyze_count: i64::from(one.analyzed[0].is_some()),
        autoanalyze_count: i64::from(one.analyzed[1].is_some()) * 47, heap_blks_read: one.scans[1] / 90,
        heap_blks_hit: one.scans[1] / 4 + index_scans * 2, idx_blks_read: index_scans / 60, idx_blks_hit: index_scans * 4,
    ]
}

fn statements(db: &Database, pid: i32) -> Vec<Cells> {
    let row = |one: &super::state::Statement| {
        let calls = super::value::rounded(&one.calls.into(), 0);
        let count = |n: f64| Value::Int(Value::Float(n).int());
        let mean = if one.calls > 0.0 { one.total / one.calls } else { 0.0 };
        let visible = sees(db, pid, &one.user);
        cells![
            userid: owner(db, &one.user), dbid: base_oid(db, &one.database), toplevel: true,
            queryid: visible.then_some(one.id), query: if visible { one.text.as_str() } else { "<insufficient privilege>" },
            calls: i64::try_from(calls).unwrap_or(i64::MAX), total_exec_time: one.total, min_exec_time: mean * 0.4,
            max_exec_time: one.slowest, mean_exec_time: mean, stddev_exec_time: mean * 0.3, rows: count(one.rows),
            shared_blks_hit: count(one.rows * 4.0 + one.calls * 3.0), shared_blks_read: count(one.total / 8.0),
        ]
    };
    db.statements.iter().map(row).collect()
}

fn replication(db: &Database) -> Vec<Cells> {
    let of = |one: &super::state::Replica| {
        let sender = db.sessions.values().find(|s| s.backend == "walsender" && s.application == one.name)?;
        let there = db.wal.saturating_sub(one.behind);
        let lag = |share: f64| {
            let micros = Value::Float(one.lag * share * 1e6).int();
            (micros > 0).then(|| Span::of(micros))
        };
        Some(cells![
            pid: sender.pid, usesysid: owner(db, &sender.user), usename: &sender.user, application_name: &one.name,
            client_addr: &one.client, client_port: sender.port, backend_start: at(sender.began), state: one.state.as_deref(),
            sent_lsn: db.wal, write_lsn: there, flush_lsn: there, replay_lsn: there, write_lag: lag(0.2),
            flush_lag: lag(0.4), replay_lag: lag(1.0), sync_priority: i64::from(one.sync),
            sync_state: if one.sync { "sync" } else { "async" }, reply_time: at(db.now),
        ])
    };
    db.replicas.iter().filter_map(of).collect()
}

fn indexes(db: &Database, pid: i32) -> impl Iterator<Item = (&Relation, &Index)> {
    tables(db, pid).flat_map(|one| one.indexes.iter().map(move |index| (one, index)))
}

pub fn rows(db: &Database, pid: i32, name: &str) -> Res<Vec<Cells>> {
    Ok(match name {
        "pg_stat_activity" => db.sessions.values().map(|one| activity(db, pid, one)).collect(),
        "pg_locks" => locks(db, pid),
        "pg_database" => db.bases.iter().map(|one| {
            let template = one.name.starts_with("template");
            cells![
                oid: one.oid, datname: &one.name, datdba: owner(db, &one.owner), encoding: 6_i64, datlocprovider: "c",
                datistemplate: template, datallowconn: one.name != "template0", datconnlimit: one.limit,
                datfrozenxid: XID - 31_000_000 - i64::from(one.oid), datminmxid: 1_i64, dattablespace: 1663_i64,
                datcollate: "C.UTF-8", datctype: "C.UTF-8",
                datacl: template.then(|| vec![Value::from("=c/postgres"), "postgres=CTc/postgres".into()]),
            ]
        }).collect(),
        "pg_stat_database" => db.bases.iter().map(|one| {
            let c = &one.counts;
            let used = db.sessions.values().filter(|s| s.database == one.name).count();
            cells![
                datid: one.oid, datname: &one.name, numbackends: used, xact_commit: c.commits, xact_rollback: c.rollbacks,
                blks_read: c.read, blks_hit: c.hit, tup_returned: c.returned, tup_fetched: c.returned / 3,
                tup_inserted: c.changed / 2, tup_updated: c.changed / 3, tup_deleted: c.changed / 6, temp_files: c.temp_bytes / 1_048_576, temp_bytes: c.temp_bytes, deadlocks: c.deadlocks,
                sessions: c.commits / 900, sessions_killed: c.killed, stats_reset: at(db.started),
            ]
        }).collect(),
        "pg_stat_replication" => replication(db),
        "pg_replication_slots" => db.replicas.iter().filter(|one| one.slot).map(|one| {
            let sender = db.sessions.values().find(|s| s.backend == "walsender" && s.application == one.name);
            cells![
                slot_name: one.name.replace('-', "_"), slot_type: "physical", temporary: false, active: one.state.is_some(),
                active_pid: sender.map(|one| one.pid), restart_lsn: db.wal.saturating_sub(one.behind),
                wal_status: if one.behind > 1 << 30 { "extended" } else { "reserved" }, two_phase: false,
            ]
        }).collect(),
        _ => return settled(db, pid, name),
    })
}

/// Roles and parameters.
fn settled(db: &Database, pid: i32, name: &str) -> Res<Vec<Cells>> {
    let roles = || db.roles.iter();
    let config = |one: &Role| -> Option<Vec<Value>> {
        let each = one.settings.iter().map(|(name, value)| format!("{name}={value}").into());
        (!one.settings.is_empty()).then(|| each.collect())
    };
    Ok(match name {
        "pg_db_role_setting" => roles().filter(|one| !one.settings.is_empty()).map(|one| {
            cells![setrole: one.oid, setconfig: config(one)]
        }).collect(),
        "pg_roles" => roles().map(|one| {
            cells![
                oid: one.oid, rolname: &one.name, rolsuper: one.superuser, rolinherit: true, rolcreaterole: one.superuser,
                rolcreatedb: one.superuser, rolcanlogin: one.login, rolreplication: one.replication, rolconnlimit: one.limit,
                rolpassword: "********", rolbypassrls: one.superuser, rolconfig: config(one),
            ]
        }).collect(),
        "pg_user" => roles().filter(|one| one.login).map(|one| {
            cells![usename: &one.name, usesysid: one.oid, usecreatedb: one.superuser, usesuper: one.superuser, passwd: "********"]
        }).collect(),
        "pg_auth_members" => roles().flat_map(|one| one.member_of.iter().map(|of| {
            cells![roleid: owner(db, of), member: one.oid, grantor: 10_i64, admin_option: false]
        })).collect(),
        "pg_settings" => catalog::settings().map(|one| {
            let value = db.current(pid, one.name).unwrap_or_default();
            cells![
                name: one.name, setting: value, unit: some(one.unit), context: one.context, vartype: one.kind,
                source: if db.settings.get(one.name).is_some_and(|value| value != one.value) { "configuration file" } else { "default" },
                boot_val: one.value, reset_val: db.settings.get(one.name).cloned(), pending_restart: db.pending.contains_key(one.name),
            ]
        }).collect(),
        _ => return stored(db, pid, name),
    })
}

/// What tables are in the catalog.
fn stored(db: &Database, pid: i32, name: &str) -> Res<Vec<Cells>> {
    Ok(match name {
        "pg_class" => classes(db, pid),
        "pg_namespace" => schemas(db, pid).into_iter().map(|(oid, name)| cells![oid: oid, nspname: name, nspowner: 10_i64]).collect(),
        "pg_attribute" => attributes(db, pid),
        "pg_index" => indexes(db, pid).map(|(one, index)| {
            let place = |name: &String| one.columns.iter().position(|(column, _)| column == name).map_or(0, |at| at + 1);
            let key: Vec<Value> = index.columns.iter().map(|name| place(name).into()).collect();
            cells![
                indexrelid: index.oid, indrelid: one.oid, indnatts: key.len(), indnkeyatts: key.len(), indisunique: index.unique,
                indisprimary: index.primary, indisvalid: index.valid,
                indkey: key,
            ]
        }).collect(),
        "pg_constraint" => indexes(db, pid).filter(|(_, index)| index.primary).map(|(one, index)| {
            cells![
                oid: index.oid + 1, conname: &index.name, connamespace: schema_oid(&one.schema), contype: "p", conrelid: one.oid, conindid: index.oid, ]
        }).collect(),
        "pg_type" => TYPES.iter().map(|one| {
            cells![
                oid: one.0, typname: one.1, typnamespace: CATALOG, typowner: 10_i64, typlen: i64::from(one.5), typtype: "b",
                typcategory: one.4.to_string(), typdelim: ",", typarray: one.3, typcollation: if one.4 == 'S' { 100_i64 } else { 0 },
            ]
        }).collect(),
        "pg_am" => vec![cells![oid: 2_i64, amname: "heap", amtype: "t"], cells![oid: 403_i64, amname: "btree", amtype: "i"]],
        "pg_tablespace" => vec![cells![oid: 1663_i64, spcname: "pg_default", spcowner: 10_i64], cells![oid: 1664_i64, spcname: "pg_global", spcowner: 10_i64]],
        "pg_tables" => tables(db, pid).map(|one| {
            cells![
                schemaname: &one.schema, tablename: &one.name, tableowner: &one.owner, hasindexes: !one.indexes.is_empty(),
                hasrules: false, hastriggers: false, rowsecurity: false,
            ]
        }).collect(),
        "information_schema.tables" => tables(db, pid).map(|one| {
            cells![
                table_catalog: &one.database, table_schema: &one.schema, table_name: &one.name,
                table_type: "BASE TABLE", is_insertable_into: "YES",
            ]
        }).collect(),
        "information_schema.columns" => tables(db, pid).flat_map(|one| one.columns.iter().zip(1_i64..).map(|((name, ty), at)| {
            cells![
                table_catalog: &one.database, table_schema: &one.schema, table_name: &one.name, column_name: name,
                ordinal_position: at, is_nullable: "YES", data_type: super::value::name(*ty),
            ]
        })).collect(),
        "pg_indexes" => indexes(db, pid).map(|(one, index)| {
            cells![schemaname: &one.schema, tablename: &one.name, indexname: &index.name, indexdef: index_sql(one, index)]
        }).collect(),
        "pg_stat_user_tables" | "pg_stat_all_tables" | "pg_statio_user_tables" => tables(db, pid).map(table_counts).collect(),
        "pg_stat_user_indexes" => indexes(db, pid).map(|(one, index)| {
            cells![
                relid: one.oid, indexrelid: index.oid, schemaname: &one.schema, relname: &one.name, indexrelname: &index.name,
                idx_scan: index.scans, idx_tup_read: index.scans * 3, idx_tup_fetch: index.scans * 3,
            ]
        }).collect(),
        _ => return counted(db, pid, name),
    })
}

/// What is counted since the server started.
fn counted(db: &Database, pid: i32, name: &str) -> Res<Vec<Cells>> {
    Ok(match name {
        "pg_stat_statements" => statements(db, pid),
        "pg_extension" => db.extensions.iter().map(|name| {
            let counts = name == "pg_stat_statements";
            cells![
                oid: i64::from(super::statement::hash(name) & 0x3fff) + 14_000, extname: name, extowner: 10_i64,
                extnamespace: if counts { PUBLIC } else { CATALOG }, extrelocatable: counts, extversion: if counts { "1.10" } else { "1.0" },
            ]
        }).collect(),
        "pg_stat_wal" => vec![cells![
            wal_records: db.wal / 90, wal_fpi: db.wal / 40_000, wal_bytes: db.wal, wal_buffers_full: 12_i64,
            wal_write: db.wal / 8192, wal_sync: db.wal / 9000, wal_write_time: 0.0, wal_sync_time: 0.0, stats_reset: at(db.started),
        ]],
        "pg_stat_bgwriter" => {
            let rounds = (db.now - db.started) / 300_000_000;
            vec![cells![
                checkpoints_timed: rounds, checkpoints_req: rounds / 40, checkpoint_write_time: Value::Int(rounds).float() * 26_000.0,
                checkpoint_sync_time: Value::Int(rounds).float() * 120.0, buffers_checkpoint: rounds * 2_300, buffers_clean: rounds * 310,
                maxwritten_clean: rounds / 9, buffers_backend: rounds * 540, buffers_backend_fsync: 0_i64, buffers_alloc: rounds * 4_100,
                stats_reset: at(db.started),
            ]]
        }
        "pg_stat_archiver" => vec![cells![archived_count: 0_i64, failed_count: 0_i64, stats_reset: at(db.started)]],
        "pg_stat_ssl" => db.sessions.values().filter(|one| one.port >= 0).map(|one| cells![pid: one.pid, ssl: false]).collect(),
        "pg_control_system" => vec![cells![
            pg_control_version: 1300_i64, catalog_version_no: 202_209_061_i64, system_identifier: 7_213_004_118_220_501_i64 + db.started / 1_000_000_000,
            pg_control_last_modified: at(db.now - 41_000_000),
        ]],
        "pg_stat_wal_receiver" => db.standby.iter().map(|_| {
            cells![pid: 61_i64, status: "streaming", sender_host: "postgres-0", sender_port: 5432_i64, received_tli: 1_i64, written_lsn: db.wal, flushed_lsn: db.wal]
        }).collect(),
        // Nothing of these is there now; a catalog without any rows would be another server's.
        "pg_prepared_xacts" | "pg_attrdef" | "pg_description" | "pg_policy" | "pg_statistic_ext" | "pg_publication"
        | "pg_publication_rel" | "pg_publication_namespace" | "pg_inherits" | "pg_trigger" | "pg_rewrite" | "pg_views"
        | "pg_stat_subscription" | "pg_sequences" | "pg_stat_database_conflicts" | "pg_collation" => Vec::new(),
        name if name.starts_with("pg_stat_progress_") => Vec::new(),
        name => return Err(Fault::unsupported(name)),
    })
}
