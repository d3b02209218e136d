//! The rows of the server's own tables, read from its state at the moment they are asked for. One row says
//! everything that any table of its kind shows; which of it one shows is said by the list of its columns.
use super::catalog;
use super::state::{Base, Database, Doing, Relation, Role, Session, Statement, XID_NOW};
use super::value::{Value, float, whole};

type Cells = Vec<(&'static str, Value)>;

macro_rules! cells {
    ($($name:ident: $value:expr),* $(,)?) => { vec![$((stringify!($name), Value::from($value))),*] };
}

const PUBLIC: i64 = 2200;
const CATALOG: i64 = 11;

pub fn rows(db: &Database, pid: i32, of: &str) -> Vec<Cells> {
    let relations = |in_class: bool| {
        let own = db.relations.iter().filter(|one| one.database == db.database(pid));
        own.map(move |one| (one.of.is_some(), relation(db, one, in_class)))
    };
    match of {
        "session" => db.sessions.values().map(|one| session(db, pid, one)).collect(),
        "lock" => db.sessions.values().flat_map(|one| locks(db, one)).collect(),
        "base" => db.bases.iter().map(|one| base(db, one)).collect(),
        "role" => db.roles.iter().map(role).collect(),
        "role_setting" => db.roles.iter().filter(|one| !one.settings.is_empty()).map(role).collect(),
        "setting" => catalog::settings().map(|one| setting(db, pid, &one)).collect(),
        "table" => relations(false).filter(|(is_index, _)| !is_index).map(|(_, cells)| cells).collect(),
        "index" => relations(false).filter(|(is_index, _)| *is_index).map(|(_, cells)| cells).collect(),
        "class" => relations(true).map(|(_, cells)| cells).collect(),
        "namespace" => [(CATALOG, "pg_catalog"), (PUBLIC, "public")]
            .map(|(oid, name)| cells![oid: oid, nspname: name, nspowner: 10_i64])
            .into(),
        "extension" => vec![cells![
            oid: 14_000_i64, extname: "pg_stat_statements", extowner: 10_i64, extnamespace: PUBLIC,
            extrelocatable: true, extversion: "1.10",
        ]],
        "statement" => db.statements.iter().map(|one| statement(db, pid, one)).collect(),
        "server" => vec![server(db)],
        // There is none of these here.
        _ => Vec::new(),
    }
}

fn owner(db: &Database, name: &str) -> Option<i64> {
    db.role_named(name).map(|role| role.oid.into())
}

fn base_oid(db: &Database, name: &str) -> Option<i64> {
    db.base_named(name).map(|base| base.oid.into())
}

/// Whether somebody may see what another's session does.
fn sees(db: &Database, pid: i32, of: &str) -> bool {
    let user = db.user(pid);
    db.has(user, "pg_read_all_stats") || db.has(user, of)
}

fn session(db: &Database, pid: i32, one: &Session) -> Cells {
    let client = one.backend == "client backend";
    let some = |text: &String| Some(text.clone()).filter(|_| client);
    let mut cells = cells![
        pid: one.pid, usesysid: owner(db, &one.user), usename: some(&one.user), ssl: false,
        datid: base_oid(db, &one.database), datname: some(&one.database), application_name: &one.application,
    ];
    if !sees(db, pid, &one.user) {
        cells.extend(cells![query: "<insufficient privilege>"]);
        return cells;
    }
    cells.extend(cells![
        client_addr: one.client.as_deref(), client_port: client.then_some(one.port), backend_start: one.began,
        xact_start: one.transaction, query_start: one.asked, backend_type: one.backend, query: &one.query,
        state_change: client.then_some(one.changed), state: client.then(|| one.doing.word()),
        wait_event_type: one.wait.map(|wait| wait.0), wait_event: one.wait.map(|wait| wait.1),
        backend_xid: one.holds.as_ref().map(|_| xid(one)),
        backend_xmin: (one.doing == Doing::Active && client).then(|| xmin(db, one)),
        query_id: (client && !one.query.is_empty()).then(|| super::statement::id_of(&one.query)),
    ]);
    cells
}

/// The number of the transaction that a session is in.
fn xid(one: &Session) -> i64 {
    XID_NOW - 40_000 + i64::from(one.pid % 30_000)
}

/// The oldest that it still needs: the longer it runs, the older.
fn xmin(db: &Database, one: &Session) -> i64 {
    XID_NOW - one.transaction.map_or(0, |since| ((db.now - since) / 20_000).clamp(0, 4_000_000))
}

fn locks(db: &Database, one: &Session) -> Vec<Cells> {
    let Some(since) = one.transaction else { return Vec::new() };
    let own = format!("{}/{}", one.pid % 97 + 3, one.pid);
    let lock = |kind: &str, mode: &str, more: Cells| {
        let common =
            cells![locktype: kind, pid: one.pid, mode: mode, granted: true, virtualtransaction: &own];
        [common, more].concat()
    };
    let mut all = vec![lock("virtualxid", "ExclusiveLock", cells![virtualxid: &own])];
    if let Some(table) = &one.holds {
        let relation = db.relations.iter().find(|it| it.database == one.database && it.name == *table);
        let relation = relation.map(|relation| relation.oid);
        let more = cells![database: base_oid(db, &one.database), relation: relation];
        all.push(lock("relation", "RowExclusiveLock", more));
        all.push(lock("transactionid", "ExclusiveLock", cells![transactionid: xid(one)]));
    }
    for holder in db.blockers(one.pid).iter().filter_map(|pid| db.sessions.get(pid)) {
        let more = cells![granted: false, transactionid: xid(holder), waitstart: since];
        all.push(lock("transactionid", "ShareLock", more));
    }
    all
}

fn base(db: &Database, one: &Base) -> Cells {
    let template = one.name.starts_with("template");
    let used = db.sessions.values().filter(|session| session.database == one.name).count();
    let access = ["=c/postgres", "postgres=CTc/postgres"].map(Value::from).to_vec();
    cells![
        oid: one.oid, datid: one.oid, datname: &one.name, datdba: owner(db, &one.owner),
        datistemplate: template, datallowconn: one.name != "template0",
        datfrozenxid: XID_NOW - 31_000_000 - i64::from(one.oid), datacl: template.then_some(access),
        numbackends: used, xact_commit: one.commits, xact_rollback: one.rollbacks, blks_read: one.read,
        blks_hit: one.hit, tup_returned: one.returned, stats_reset: db.started,
    ]
}

fn role(one: &Role) -> Cells {
    let each = one.settings.iter().map(|(name, value)| format!("{name}={value}").into());
    let config = (!one.settings.is_empty()).then(|| each.collect::<Vec<Value>>());
    cells![
        oid: one.oid, rolname: &one.name, rolsuper: one.superuser, rolcreaterole: one.superuser,
        rolcreatedb: one.superuser, rolcanlogin: one.can_log_in(), rolbypassrls: one.superuser,
        rolconfig: config.clone(), setrole: one.oid, setconfig: config,
    ]
}

fn setting(db: &Database, pid: i32, one: &catalog::Setting) -> Cells {
    let set = db.settings.get(one.name);
    cells![
        name: one.name, setting: db.current(pid, one.name), unit: Some(one.unit).filter(|unit| !unit.is_empty()),
        context: one.context, vartype: one.kind, boot_val: one.value, reset_val: set.map_or(one.value, |set| set),
        source: if set.is_some() { "configuration file" } else { "default" },
    ]
}

/// A table or an index; but in the list of both an index is called as its table is.
fn relation(db: &Database, one: &Relation, in_class: bool) -> Cells {
    let own = |index: &&Relation| index.of == Some(one.oid) || index.oid == one.oid && one.of.is_some();
    let index_scans = db.relations.iter().filter(own).fold(0, |sum, index| index.scans.saturating_add(sum));
    let of = one.of.and_then(|oid| db.numbered(oid.into())).unwrap_or(one);
    let (is_key, column) = (one.name.ends_with("_pkey"), one.columns.first().map_or("", |(name, _)| name));
    let unique = if is_key { "UNIQUE " } else { "" };
    let made = format!("CREATE {unique}INDEX {} ON public.{} USING btree ({column})", one.name, of.name);
    cells![
        oid: one.oid, relid: of.oid, indexrelid: one.oid, indrelid: of.oid, tablename: &of.name, indexname: &one.name,
        indexrelname: &one.name, relname: if in_class { &one.name } else { &of.name }, relowner: owner(db, &one.owner),
        tableowner: &one.owner, indexdef: made, indisunique: is_key, indisprimary: is_key,
        relpages: one.bytes / 8192, reltuples: one.rows, relkind: if one.of.is_some() { "i" } else { "r" },
        relfrozenxid: if one.of.is_some() { 0 } else { XID_NOW - 9_400_000 - i64::from(one.oid) * 11 },
        seq_scan: one.scans, seq_tup_read: one.scans.saturating_mul(Value::from(one.rows).int()),
        idx_scan: index_scans, idx_tup_read: index_scans * 3, idx_tup_fetch: index_scans * 3,
        n_tup_ins: one.rows, n_tup_upd: one.dead, n_tup_del: one.dead / 4, n_live_tup: one.rows,
        n_dead_tup: one.dead, n_mod_since_analyze: one.dead / 2, last_vacuum: one.vacuumed,
        last_autovacuum: one.cared, last_analyze: one.analyzed, last_autoanalyze: one.cared,
    ]
}

fn statement(db: &Database, pid: i32, one: &Statement) -> Cells {
    let mean = if one.calls > 0.0 { one.total / one.calls } else { 0.0 };
    let visible = sees(db, pid, &one.user);
    cells![
        userid: owner(db, &one.user), dbid: base_oid(db, &one.database), queryid: visible.then_some(one.id),
        query: if visible { &one.text } else { "<insufficient privilege>" }, calls: whole(one.calls),
        total_exec_time: one.total, min_exec_time: mean * 0.4, max_exec_time: one.slowest,
        mean_exec_time: mean, stddev_exec_time: mean * 0.3, rows: whole(one.rows),
        shared_blks_hit: whole(one.rows * 4.0 + one.calls * 3.0), shared_blks_read: whole(one.total / 8.0),
    ]
}

/// What is counted for the whole server.
fn server(db: &Database) -> Cells {
    let rounds = (db.now - db.started) / 300_000_000;
    cells![
        system_identifier: 7_213_004_118_220_501_i64 + db.started / 1_000_000_000, stats_reset: db.started,
        wal_records: db.wal / 90, wal_fpi: db.wal / 40_000, wal_bytes: db.wal, wal_buffers_full: 12_i64,
        checkpoints_timed: rounds, checkpoints_req: rounds / 40, checkpoint_write_time: float(rounds) * 26e3,
        checkpoint_sync_time: float(rounds) * 120.0, buffers_checkpoint: rounds * 2_300,
        buffers_clean: rounds * 310, buffers_backend: rounds * 540, buffers_alloc: rounds * 4_100,
    ]
}
