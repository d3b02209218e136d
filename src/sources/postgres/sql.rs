//! Every statement of the poll, with the columns that a version has. Flat: what is worked out is worked out here.

/// Milliseconds since the epoch.
macro_rules! ms {
    ($what:literal) => {
        concat!("(extract(epoch FROM ", $what, ") * 1000)::int8")
    };
}

/// Every session; the columns are numbered in `read::session`.
pub fn activity(version: i32) -> String {
    let leader = if version >= 130_000 { "leader_pid" } else { "NULL::int4" };
    let query_id = if version >= 140_000 { ", query_id::int8" } else { ", NULL::int8" };
    [
        "SELECT pid, backend_start::text, backend_type, usename::text, datname::text, application_name, ",
        "host(client_addr), state, ",
        ms!("state_change"),
        ", ",
        ms!("xact_start"),
        ", ",
        ms!("query_start"),
        ", wait_event_type, wait_event, age(backend_xmin)::int8, left(query, 300), ",
        "pid = pg_backend_pid(), query = '<insufficient privilege>', ",
        leader,
        query_id,
        " FROM pg_catalog.pg_stat_activity",
    ]
    .concat()
}

/// What the server is now, in one row.
pub const GAUGE: &str = concat!(
    "SELECT current_setting('max_connections')::int8, current_setting('superuser_reserved_connections')::int8 ",
    "+ coalesce(nullif(current_setting('reserved_connections', true), '')::int8, 0), pg_is_in_recovery(), ",
    ms!("pg_postmaster_start_time()"),
    ", ",
    ms!("clock_timestamp()"),
    ", current_setting('max_prepared_transactions')::int8"
);

/// How far a standby is behind. Nothing new comes also from a primary that is lost: then it is not known. Not every
/// kind of server can be asked.
pub const LAG: &str = concat!(
    "SELECT CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN CASE WHEN EXISTS ",
    "(SELECT FROM pg_catalog.pg_stat_wal_receiver WHERE coalesce(status, 'streaming') = 'streaming') THEN 0 END ELSE ",
    ms!("clock_timestamp() - pg_last_xact_replay_timestamp()"),
    " END"
);

/// The roles that may have so many connections and no more. Superusers may have any number.
pub const ROLES: &str = "SELECT rolname::text, rolconnlimit::int8 FROM pg_catalog.pg_roles \
    WHERE rolconnlimit >= 0 AND NOT rolsuper";

/// Transactions that belong to no session. Whether one holds up others is told by the locks, which `locks` reads.
pub fn prepared(locks: bool) -> String {
    let blocks = if locks {
        "EXISTS (SELECT FROM pg_catalog.pg_locks h JOIN pg_catalog.pg_locks w ON NOT w.granted \
         AND w.locktype = h.locktype AND w.database IS NOT DISTINCT FROM h.database \
         AND w.relation IS NOT DISTINCT FROM h.relation AND w.page IS NOT DISTINCT FROM h.page \
         AND w.tuple IS NOT DISTINCT FROM h.tuple AND w.transactionid::text IS NOT DISTINCT FROM h.transactionid::text \
         AND w.classid IS NOT DISTINCT FROM h.classid AND w.objid IS NOT DISTINCT FROM h.objid \
         AND w.objsubid IS NOT DISTINCT FROM h.objsubid \
         JOIN pg_catalog.pg_locks x ON x.pid IS NULL AND x.virtualtransaction = h.virtualtransaction \
         AND x.locktype = 'transactionid' AND x.transactionid::text = p.transaction::text \
         WHERE h.granted AND h.pid IS NULL)"
    } else {
        "false"
    };
    let prepared = ms!("p.prepared");
    format!(
        "SELECT p.gid, {prepared}, p.owner::text, p.database::text, age(p.transaction)::int8, {blocks} \
         FROM pg_catalog.pg_prepared_xacts p ORDER BY p.prepared LIMIT 50"
    )
}

/// What says how far it is, by the views that a version has.
pub fn operations(version: i32) -> String {
    let mut views = vec![
        "SELECT pid, 'VACUUM', datid, relid, phase, CASE phase WHEN 'vacuuming heap' THEN heap_blks_vacuumed \
         ELSE heap_blks_scanned END, heap_blks_total, 'blocks', \
         CASE WHEN index_vacuum_count > 0 THEN index_vacuum_count || ' times over its indexes' END \
         FROM pg_catalog.pg_stat_progress_vacuum",
        "SELECT pid, command, datid, relid, phase, CASE WHEN phase LIKE 'waiting%' THEN lockers_done \
         WHEN blocks_total > 0 THEN blocks_done ELSE tuples_done END, \
         CASE WHEN phase LIKE 'waiting%' THEN lockers_total WHEN blocks_total > 0 THEN blocks_total \
         ELSE tuples_total END, CASE WHEN phase LIKE 'waiting%' THEN 'locks' WHEN blocks_total > 0 THEN 'blocks' \
         ELSE 'rows' END, CASE WHEN current_locker_pid > 0 THEN 'waits for ' || current_locker_pid END \
         FROM pg_catalog.pg_stat_progress_create_index",
        "SELECT pid, command, datid, relid, phase, heap_blks_scanned, heap_blks_total, 'blocks', \
         CASE WHEN index_rebuild_count > 0 THEN index_rebuild_count || ' indexes built anew' END \
         FROM pg_catalog.pg_stat_progress_cluster",
    ];
    if version >= 130_000 {
        views.push(
            "SELECT pid, 'ANALYZE', datid, relid, phase, sample_blks_scanned, sample_blks_total, 'blocks', NULL \
             FROM pg_catalog.pg_stat_progress_analyze",
        );
        views.push(
            "SELECT pid, 'BASE BACKUP', NULL::oid, NULL::oid, phase, backup_streamed, backup_total, 'bytes', NULL \
             FROM pg_catalog.pg_stat_progress_basebackup",
        );
    }
    if version >= 140_000 {
        views.push(
            "SELECT pid, command, datid, relid, lower(type), bytes_processed, nullif(bytes_total, 0), 'bytes', \
             tuples_processed || ' rows' FROM pg_catalog.pg_stat_progress_copy",
        );
    }
    let all: Vec<String> =
        views.iter().map(|view| view.replacen("SELECT pid, ", "SELECT pid::int4, ", 1)).collect();
    format!(
        "SELECT o.pid, o.what::text, a.usename::text, d.datname::text, coalesce(c.relname::text, o.relid::text), \
         o.phase::text, o.done::int8, o.total::int8, o.unit::text, {}, o.notes::text FROM ({}) \
         AS o (pid, what, datid, relid, phase, done, total, unit, notes) \
         LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = o.pid \
         LEFT JOIN pg_catalog.pg_database d ON d.oid = o.datid \
         LEFT JOIN pg_catalog.pg_class c ON c.oid = o.relid AND d.datname = current_database()",
        ms!("a.query_start"),
        all.join(" UNION ALL "),
    )
}

/// What is not counted is not 0.
macro_rules! counted {
    ($what:literal) => {
        concat!("CASE WHEN current_setting('track_counts')::bool THEN ", $what, " END")
    };
}

/// Who waits, and for whom. Asked only when somebody waits, since it stops the lock manager for a moment.
pub const WAITS: &str = "SELECT pid, pg_blocking_pids(pid) FROM pg_catalog.pg_stat_activity \
    WHERE wait_event_type = 'Lock'";

/// The same for who may not see what others wait for.
pub const WAITS_UNSEEN: &str = "SELECT pid, pg_blocking_pids(pid) FROM (SELECT DISTINCT pid \
    FROM pg_catalog.pg_locks WHERE NOT granted AND pid IS NOT NULL) AS waiting";

/// Also those that nobody may connect to: the age of their transaction numbers stops the server as any other's.
pub const DATABASES: &str = concat!(
    "SELECT d.datname::text, CASE WHEN d.datconnlimit >= 0 THEN d.datconnlimit::int8 END, ",
    "greatest(age(d.datfrozenxid), mxid_age(d.datminmxid))::int8, s.numbackends::int8, ",
    counted!("s.deadlocks::int8"),
    ", ",
    counted!("s.temp_bytes::int8"),
    ", ",
    counted!("s.blks_hit::int8"),
    ", ",
    counted!("s.blks_read::int8"),
    ", ",
    counted!("s.xact_commit::int8"),
    ", ",
    counted!("s.xact_rollback::int8"),
    " FROM pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_stat_database s ON s.datid = d.oid"
);

/// Takes no lock, but reads every file's size.
pub const SIZES: &str = "SELECT datname::text, CASE WHEN has_database_privilege(oid, 'CONNECT') \
    OR pg_has_role('pg_read_all_stats', 'USAGE') THEN pg_database_size(oid) END \
    FROM pg_catalog.pg_database WHERE datallowconn";

pub const SENDERS: &str = concat!(
    "SELECT pid, host(client_addr), application_name, state, sync_state, ",
    "CASE WHEN pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_last_wal_receive_lsn(), replay_lsn) ",
    "ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) END::int8, ",
    ms!("replay_lag"),
    ", ",
    ms!("write_lag"),
    ", ",
    ms!("flush_lag"),
    " FROM pg_catalog.pg_stat_replication"
);

pub fn slots(version: i32) -> String {
    let (status, left) =
        if version >= 130_000 { ("wal_status", "safe_wal_size::int8") } else { ("NULL::text", "NULL::int8") };
    let (inactive, invalid) = match version {
        170_000.. => (ms!("inactive_since"), "coalesce(invalidation_reason, '')"),
        // A slot of a copy is of no use when it cannot be; it does not say why.
        160_000.. => ("NULL::int8", "CASE WHEN conflicting THEN 'in conflict with recovery' ELSE '' END"),
        _ => ("NULL::int8", "''"),
    };
    format!(
        "SELECT slot_name::text, slot_type, active, CASE WHEN restart_lsn IS NULL THEN 0 \
         WHEN pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_last_wal_receive_lsn(), restart_lsn) \
         ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) END::int8, {status}, database::text, \
         {left}, {inactive}, {invalid}::text FROM pg_catalog.pg_replication_slots"
    )
}

/// Not every kind of server has it.
pub const RECEIVER: &str = "SELECT status, coalesce(sender_host, ''), coalesce(slot_name, '')::text \
    FROM pg_catalog.pg_stat_wal_receiver";

/// By the pages of the last vacuum: whatever asks for a true size waits for whoever holds the table.
pub const RELATIONS: &str = concat!(
    "SELECT n.nspname::text, c.relname::text, c.relkind::text, t.relname::text, ",
    "(c.relpages::int8 + coalesce(o.relpages, 0)::int8) * current_setting('block_size')::int8, ",
    counted!("CASE WHEN c.relkind <> 'i' THEN pg_stat_get_live_tuples(c.oid) END"),
    ", ",
    counted!("CASE WHEN c.relkind <> 'i' THEN pg_stat_get_dead_tuples(c.oid) END"),
    ", ",
    ms!("greatest(pg_stat_get_last_vacuum_time(c.oid), pg_stat_get_last_autovacuum_time(c.oid))"),
    ", ",
    ms!("greatest(pg_stat_get_last_analyze_time(c.oid), pg_stat_get_last_autoanalyze_time(c.oid))"),
    ", ",
    counted!("pg_stat_get_numscans(c.oid)"),
    ", (SELECT ",
    counted!("sum(pg_stat_get_numscans(x.indexrelid))::int8"),
    " FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid), ",
    "coalesce(i.indisunique OR i.indisprimary OR i.indisexclusion, false), coalesce(i.indisvalid, true), ",
    "CASE WHEN c.relfrozenxid <> '0'::xid THEN age(c.relfrozenxid)::int8 END ",
    "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ",
    "LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid ",
    "LEFT JOIN pg_catalog.pg_class t ON t.oid = i.indrelid ",
    "LEFT JOIN pg_catalog.pg_class o ON o.oid = c.reltoastrelid ",
    "WHERE c.relkind IN ('r', 'm', 'i') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' ",
    "ORDER BY c.relpages DESC LIMIT 500"
);

/// Where the extension is, and which version of it: it is not the server's.
pub const EXTENSION: &str = "SELECT n.nspname::text, e.extversion FROM pg_catalog.pg_extension e \
    JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'";

/// Its name for the time changed in 1.8.
fn time_of(extension: &str) -> &'static str {
    let mut parts = extension.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let old = (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < (1, 8);
    if old { "total_time" } else { "total_exec_time" }
}

/// One statement by its number, in a database, of a role.
pub fn one_statement(schema: &str, extension: &str) -> String {
    format!(
        "SELECT sum(s.calls)::int8, (sum(s.{}) * 1000)::int8, sum(s.rows)::int8 FROM {}.pg_stat_statements(false) s \
         JOIN pg_catalog.pg_database d ON d.oid = s.dbid WHERE s.queryid = $1 AND d.datname = $2 \
         AND pg_get_userbyid(s.userid) = $3 GROUP BY s.queryid",
        time_of(extension),
        name(schema)
    )
}

/// One text of another encoding fails all of them, so they can be left out.
pub fn statements(schema: &str, extension: &str, texts: bool) -> String {
    let time = time_of(extension);
    format!(
        "SELECT s.queryid::int8, d.datname::text, pg_get_userbyid(s.userid)::text, min(left(s.query, 300)), \
         sum(s.calls)::int8, (sum(s.{time}) * 1000)::int8, sum(s.rows)::int8, sum(s.shared_blks_hit)::int8, \
         sum(s.shared_blks_read)::int8 FROM {}.pg_stat_statements({texts}) s \
         LEFT JOIN pg_catalog.pg_database d ON d.oid = s.dbid \
         GROUP BY s.queryid, d.datname, s.userid ORDER BY sum(s.{time}) DESC LIMIT 500",
        name(schema)
    )
}

/// A name as the server reads it, whatever stands in it.
pub fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_asked_for_where_the_version_has_it() {
        assert!(activity(120_000).contains("NULL::int4") && activity(130_000).contains("leader_pid"));
        assert!(activity(130_000).contains("NULL::int8") && activity(140_000).contains("query_id"));
        assert!(!slots(160_000).contains("inactive_since") && slots(170_000).contains("invalidation_reason"));
        assert!(!operations(120_000).contains("analyze") && !operations(130_000).contains("progress_copy"));
        assert!(slots(120_000).contains("NULL::text") && slots(130_000).contains("wal_status"));
        for (extension, time) in [
            ("1.7", "s.total_time"),
            ("1.8", "s.total_exec_time"),
            ("1.12", "s.total_exec_time"),
            ("2.0", "s.total_exec_time"),
        ] {
            assert!(statements("public", extension, true).contains(time), "{extension}");
        }
    }

    #[test]
    fn a_schema_of_any_name_stays_a_name() {
        assert_eq!(name("a\"b"), "\"a\"\"b\"");
    }
}
