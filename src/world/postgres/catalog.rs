//! The server's own tables and parameters: what columns they have, and their rows, read from its state at the moment
//! they are asked for. One row says everything that any table of its kind shows.
use super::code::Env;
use super::state::{Base, Counted, Database, Doing, Relation, Role, Session, XID_NOW};
use super::statement::id_of;
use super::value::{Oid, Res, Row, Value, float, kind, named, parse, whole};

const VIEWS: &str = include_str!("catalog.txt");
const SETTINGS: &str = include_str!("settings.txt");

/// A parameter as it is when nobody has set it.
pub struct Setting {
    pub name: &'static str,
    pub value: &'static str,
    pub unit: &'static str,
    pub context: &'static str,
    pub kind: &'static str,
}

pub fn settings() -> impl Iterator<Item = Setting> {
    SETTINGS.lines().filter_map(|line| {
        let mut parts = line.split('|');
        let mut next = || parts.next();
        Some(Setting { name: next()?, value: next()?, unit: next()?, context: next()?, kind: next()? })
    })
}

pub fn setting(name: &str) -> Option<Setting> {
    settings().find(|one| one.name.eq_ignore_ascii_case(name))
}

/// A table of the server's own: what its rows are read from, and which columns are shown of those.
#[derive(Clone, Copy)]
pub struct View {
    of: &'static str,
    columns: &'static str,
}

pub fn view(name: &str) -> Option<View> {
    VIEWS.lines().find_map(|line| {
        let (own, rest) = line.split_once(' ')?;
        let (of, columns) = rest.split_once(' ')?;
        (own == name).then_some(View { of, columns })
    })
}

impl View {
    /// Names, types, and what stands there where a row says nothing.
    fn parts(self) -> impl Iterator<Item = (&'static str, Oid, Option<&'static str>)> {
        self.columns.split(' ').filter_map(|column| column.split_once(':')).map(|(name, rest)| {
            let (ty, blank) = rest.split_once('=').map_or((rest, None), |(ty, blank)| (ty, Some(blank)));
            (name, named(ty).unwrap_or(kind::TEXT), blank)
        })
    }

    pub fn columns(self) -> impl Iterator<Item = (String, Oid)> {
        self.parts().map(|(name, ty, _)| (name.to_owned(), ty))
    }

    pub fn rows(self, env: &mut Env<'_>) -> Res<Vec<Row>> {
        let rows = rows(env.db, env.pid, self.of);
        env.step(rows.len())?;
        let blank = |(name, ty, blank): (_, _, Option<&str>)| {
            Ok((name, blank.map_or(Ok(Value::Null), |text| parse(text, ty))?))
        };
        let blanks = self.parts().map(blank).collect::<Res<Cells>>()?;
        let cell = |row: &Cells, (name, blank): &(&str, Value)| {
            row.iter().rev().find(|(one, _)| one == name).map_or(blank, |(_, value)| value).clone()
        };
        Ok(rows.iter().map(|row| blanks.iter().map(|one| cell(row, one)).collect()).collect())
    }
}

type Cells = Vec<(&'static str, Value)>;

macro_rules! cells {
    ($($name:ident: $value:expr),* $(,)?) => { vec![$((stringify!($name), Value::from($value))),*] };
}

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
        "setting" => settings().map(|one| parameter(db, pid, &one)).collect(),
        "table" => relations(false).filter(|(is_index, _)| !is_index).map(|(_, cells)| cells).collect(),
        "index" => relations(false).filter(|(is_index, _)| *is_index).map(|(_, cells)| cells).collect(),
        "class" => relations(true).map(|(_, cells)| cells).collect(),
        "statement" => db.statements.iter().map(|(of, one)| statement(db, pid, of, *one)).collect(),
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
        backend_xmin: (one.doing == Doing::Active && client).then(|| xid(one)),
        query_id: (client && !one.query.is_empty()).then(|| id_of(&one.query)),
    ]);
    cells
}

/// The number of the transaction that a session is in.
fn xid(one: &Session) -> i64 {
    XID_NOW - 40_000 + i64::from(one.pid % 30_000)
}

fn locks(db: &Database, one: &Session) -> Vec<Cells> {
    let Some(since) = one.transaction else { return Vec::new() };
    let own = format!("{}/{}", one.pid % 97 + 3, one.pid);
    let lock = |kind: &str, mode: &str, more: Cells| {
        let common =
            cells![locktype: kind, pid: one.pid, mode: mode, granted: true, virtualtransaction: &own];
        [common, more].concat()
    };
    let mut all = Vec::new();
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
    let used = db.sessions.values().filter(|session| session.database == one.name).count();
    cells![
        oid: one.oid, datid: one.oid, datname: &one.name, datdba: owner(db, &one.owner),
        datistemplate: one.name.starts_with("template"), datallowconn: one.name != "template0",
        datfrozenxid: XID_NOW - 31_000_000 - i64::from(one.oid),
        numbackends: used, xact_commit: one.commits, xact_rollback: one.rollbacks, blks_read: one.read,
        blks_hit: one.hit, stats_reset: db.started,
    ]
}

fn role(one: &Role) -> Cells {
    let each = one.settings.iter().map(|(name, value)| format!("{name}={value}").into());
    let config = (!one.settings.is_empty()).then(|| each.collect::<Vec<Value>>());
    cells![
        oid: one.oid, rolname: &one.name, rolsuper: one.superuser, rolcreaterole: one.superuser,
        rolcreatedb: one.superuser, rolcanlogin: !one.name.starts_with("pg_"), rolbypassrls: one.superuser,
        rolconfig: config.clone(), setrole: one.oid, setconfig: config,
    ]
}

fn parameter(db: &Database, pid: i32, one: &Setting) -> Cells {
    let unit = Some(one.unit).filter(|unit| !unit.is_empty());
    cells![name: one.name, setting: db.current(pid, one.name), unit: unit, context: one.context, vartype: one.kind, boot_val: one.value]
}

/// A table or an index; but in the list of both an index is called as its table is.
fn relation(db: &Database, one: &Relation, in_class: bool) -> Cells {
    let own = |index: &&Relation| index.of == Some(one.oid) || index.oid == one.oid && one.of.is_some();
    let index_scans = db.relations.iter().filter(own).fold(0, |sum, index| index.scans.saturating_add(sum));
    let of = one.of.and_then(|oid| db.numbered(oid.into())).unwrap_or(one);
    let is_key = one.name.ends_with("_pkey");
    cells![
        oid: one.oid, relid: of.oid, indexrelid: one.oid, indrelid: of.oid, tablename: &of.name,
        indexrelname: &one.name, relname: if in_class { &one.name } else { &of.name }, relowner: owner(db, &one.owner),
        tableowner: &one.owner, indisunique: is_key, indisprimary: is_key,
        relpages: one.bytes / 8192, reltuples: one.rows, relkind: if one.of.is_some() { "i" } else { "r" },
        relfrozenxid: if one.of.is_some() { 0 } else { XID_NOW - 9_400_000 - i64::from(one.oid) * 11 },
        seq_scan: one.scans, seq_tup_read: one.scans.saturating_mul(Value::from(one.rows).int()),
        idx_scan: index_scans, idx_tup_read: index_scans * 3, idx_tup_fetch: index_scans * 3,
        n_tup_ins: one.rows, n_tup_upd: one.dead, n_tup_del: one.dead / 4, n_live_tup: one.rows,
        n_dead_tup: one.dead, n_mod_since_analyze: one.dead / 2, last_vacuum: one.vacuumed,
        last_autovacuum: one.cared, last_analyze: one.analyzed, last_autoanalyze: one.cared,
    ]
}

fn statement(db: &Database, pid: i32, (user, base, text): &(String, String, String), one: Counted) -> Cells {
    let (mean, visible) = (one.total / one.calls, sees(db, pid, user));
    cells![
        userid: owner(db, user), dbid: base_oid(db, base), calls: whole(one.calls), rows: whole(one.rows),
        queryid: visible.then(|| id_of(text)), query: if visible { text } else { "<insufficient privilege>" },
        total_exec_time: one.total, min_exec_time: mean * 0.4, max_exec_time: one.slowest,
        mean_exec_time: mean, stddev_exec_time: mean * 0.3, shared_blks_read: whole(one.total / 8.0),
        shared_blks_hit: whole(one.rows * 4.0 + one.calls * 3.0),
    ]
}

/// What is counted for the whole server.
fn server(db: &Database) -> Cells {
    let rounds = (db.now - db.started) / 300_000_000;
    cells![
        stats_reset: db.started, wal_records: db.wal / 90, wal_fpi: db.wal / 40_000, wal_bytes: db.wal,
        checkpoints_timed: rounds, checkpoints_req: rounds / 40, checkpoint_write_time: float(rounds) * 26e3,
        checkpoint_sync_time: float(rounds) * 120.0, buffers_checkpoint: rounds * 2_300,
        buffers_clean: rounds * 310, buffers_backend: rounds * 540, buffers_alloc: rounds * 4_100,
    ]
}
