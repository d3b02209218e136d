//! Functions that act although a SELECT calls them.
use super::super::args::UNKNOWN;
use super::super::rules::{C, D, R, mark};
use super::{Finding, Kind, Token, words};
use crate::domain::approval::Tier;

#[rustfmt::skip]
const ACTING: &[(&str, Tier, &str, u16)] = &[
    ("pg_terminate_backend", D, "ends connections of clients", mark::NONE),
    ("pg_cancel_backend", C, "cancels queries of clients", mark::NONE),
    ("pg_reload_conf", C, "lets the server read its configuration again", mark::NONE),
    ("pg_rotate_logfile pg_rotate_logfile_old", C, "begins a new log file", mark::NONE),
    ("pg_switch_wal pg_switch_xlog", C, "begins a new WAL file", mark::NONE),
    ("pg_promote", D, "makes a standby the primary: it cannot be taken back", mark::NONE),
    ("pg_wal_replay_pause pg_xlog_replay_pause", C, "stops replay on a standby", mark::NONE),
    ("pg_wal_replay_resume pg_xlog_replay_resume", C, "lets replay on a standby go on", mark::NONE),
    ("pg_drop_replication_slot", D, "drops a replication slot: its standby may be lost", mark::NONE),
    ("pg_create_physical_replication_slot pg_create_logical_replication_slot pg_copy_physical_replication_slot pg_copy_logical_replication_slot pg_sync_replication_slots", C, "makes a replication slot: it keeps WAL from then on", mark::NONE),
    ("pg_replication_slot_advance pg_replication_origin_advance", D, "skips changes of a slot", mark::NONE),
    ("pg_replication_origin_create pg_replication_origin_drop pg_replication_origin_session_setup pg_replication_origin_session_reset pg_replication_origin_xact_setup pg_replication_origin_xact_reset", C, "changes a replication origin", mark::NONE),
    ("pg_logical_slot_get_changes pg_logical_slot_get_binary_changes", D, "takes changes out of a slot", mark::NONE),
    ("pg_logical_emit_message", C, "writes into the WAL", mark::NONE),
    ("pg_backup_start pg_backup_stop pg_start_backup pg_stop_backup pg_create_restore_point", C, "marks a backup", mark::NONE),
    ("pg_stat_reset pg_stat_reset_shared pg_stat_reset_single_table_counters pg_stat_reset_single_function_counters pg_stat_reset_slru pg_stat_reset_replication_slot pg_stat_reset_subscription_stats pg_stat_statements_reset pg_stat_kcache_reset pg_wait_sampling_reset_profile pg_qualstats_reset pg_stat_clear_snapshot pg_stat_reset_backend_stats", C, "throws gathered statistics away", mark::NONE),
    ("pg_export_snapshot", C, "keeps a snapshot open", mark::NONE),
    ("set_config setval nextval", C, "changes a setting or sequence", mark::NONE),
    ("pg_advisory_lock pg_advisory_xact_lock pg_try_advisory_lock pg_try_advisory_xact_lock pg_advisory_lock_shared pg_try_advisory_lock_shared pg_advisory_xact_lock_shared pg_try_advisory_xact_lock_shared", C, "takes a lock", mark::NONE),
    ("pg_advisory_unlock pg_advisory_unlock_all pg_advisory_unlock_shared", C, "gives a lock up", mark::NONE),
    ("lo_unlink", D, "deletes a large object", mark::NONE),
    ("lo_import lo_create lo_creat lo_put lowrite lo_truncate lo_truncate64 lo_from_bytea", C, "changes a large object", mark::NONE),
    ("lo_export", C, "writes a file on the server", mark::WRITES),
    ("pg_file_write pg_file_rename pg_file_sync", C, "changes files on the server", mark::WRITES),
    ("pg_file_unlink", D, "deletes a file on the server", mark::NONE),
    ("pg_read_file pg_read_binary_file pg_ls_dir", R, "reads files of the server", mark::SECRET),
    ("dblink_exec", D, "runs SQL on another server", mark::NONE),
    ("dblink dblink_send_query", C, "runs SQL on another server", mark::NONE),
    ("query_to_xml query_to_xml_and_xmlschema query_to_xmlschema cursor_to_xml database_to_xml schema_to_xml", C, "runs SQL given as text", mark::OPAQUE),
    ("brin_summarize_new_values brin_summarize_range brin_desummarize_range gin_clean_pending_list", C, "changes an index", mark::NONE),
    ("pg_import_system_collations txid_current pg_current_xact_id pg_prewarm pg_notify", C, "changes a little", mark::NONE),
    ("autoprewarm_start_worker autoprewarm_dump_now", C, "reads or writes the buffer cache", mark::HEAVY),
    ("pg_sleep pg_sleep_for pg_sleep_until sleep", R, "waits", mark::L),
    ("pg_surgery heap_force_kill heap_force_freeze", D, "changes rows behind the server's back", mark::NONE),
    ("pg_resetwal pg_truncate_visibility_map", D, "throws data of the server away", mark::NONE),
    ("pgstattuple pgstattuple_approx pgstatindex pg_visibility bt_index_check bt_index_parent_check verify_heapam", R, "reads whole tables", mark::HEAVY),
    ("pg_log_backend_memory_contexts pg_log_standby_snapshot pg_nextoid pg_extension_config_dump pg_restore_relation_stats pg_restore_attribute_stats pg_clear_relation_stats pg_clear_attribute_stats", C, "changes the server a little", mark::NONE),
    ("pg_stop_making_pinned_objects binary_upgrade_create_empty_extension binary_upgrade_set_missing_value binary_upgrade_set_record_init_privs", D, "is for upgrades of the server alone", mark::NONE),
    ("pg_logical_slot_peek_changes pg_logical_slot_peek_binary_changes", R, "reads changes of a slot", mark::HEAVY),
    ("ts_stat ts_rewrite", C, "runs SQL given as text", mark::NONE),
    ("crosstab", R, "runs a query given as text", mark::NONE),
    // Extensions and other engines.
    ("schedule schedule_in_database", C, "makes a job that runs by itself", mark::NONE),
    ("unschedule alter_job", C, "changes or removes a job", mark::NONE),
    ("run_job run_maintenance run_maintenance_proc partition_data_proc create_parent", C, "runs a job", mark::NONE),
    ("drop_chunks drop_partition_time drop_partition_id undo_partition", D, "drops parts of a table", mark::NONE),
    ("get_lock release_lock release_all_locks", C, "takes or gives up a lock", mark::NONE),
    ("load_file", R, "reads a file of the server", mark::SECRET),
    ("sys_exec sys_eval xp_cmdshell", D, "runs a program on the server", mark::OPAQUE),
    ("rds_kill", D, "ends a connection", mark::NONE),
    ("rds_kill_query", C, "ends a query", mark::NONE),
];

/// Words that a bracket follows although they call nothing.
const NO_CALL: &str = "IN VALUES AND OR NOT WHERE ON AS USING OVER FILTER EXISTS ANY ALL SOME FROM JOIN SELECT BY \
    CASE WHEN THEN ELSE UNION EXCEPT INTERSECT INTO TABLE KEY UNIQUE CHECK REFERENCES PRIMARY FOREIGN WITH GROUP \
    LATERAL ROW ARRAY VARCHAR CHAR NUMERIC DECIMAL INTERVAL TIMESTAMP TIME BIT CHARACTER VARYING DISTINCT LIKE \
    ILIKE BETWEEN IS ANALYZE VERBOSE EXPLAIN VACUUM COPY INSERT RETURNING SET LIMIT OFFSET MATERIALIZED INCLUDE \
    WITHIN EXCLUDE PARTITION RANGE HASH LIST INDEX CUBE ROLLUP SETS GROUPING REINDEX CLUSTER DATABASE";

/// Functions that compute, as far as a SELECT without FROM needs them to be known.
const COMPUTING: &str = "count sum avg min max now current_timestamp clock_timestamp statement_timestamp \
    transaction_timestamp current_date current_user session_user current_database current_query current_schema current_schemas \
    current_setting version coalesce nullif greatest least round trunc floor ceil ceiling abs sign sqrt power exp \
    ln log mod random extract date_part date_trunc age to_char to_date to_timestamp to_number make_interval \
    make_date make_timestamp lower upper length char_length octet_length substring substr trim ltrim rtrim btrim \
    replace translate position strpos split_part concat concat_ws format left right lpad rpad repeat reverse md5 \
    sha224 sha256 sha384 sha512 encode decode digest quote_ident quote_literal quote_nullable regexp_replace \
    regexp_matches regexp_match regexp_split_to_table string_agg array_agg array_length array_to_string \
    string_to_array unnest cardinality json_agg jsonb_agg json_build_object jsonb_build_object row_to_json \
    to_json to_jsonb jsonb_pretty json_object_agg jsonb_object_agg generate_series bool_and bool_or every exists \
    cast convert hex unhex if ifnull isnull database schema user connection_id last_insert_id found_rows row_count \
    from_unixtime unix_timestamp curdate curtime sysdate timediff datediff timestampdiff date_add date_sub \
    date_format inet_ntoa inet_aton inet_server_addr inet_server_port inet_client_addr inet_client_port host \
    array_remove jsonb_delete jsonb_delete_path truncate time_format setseed timeofday loread lo_get lo_lseek lo_tell \
    percentile_cont percentile_disc rank dense_rank row_number lag lead first_value last_value ntile \
    has_table_privilege has_database_privilege has_schema_privilege has_function_privilege col_description \
    obj_description format_type to_regclass to_regtype txid_current_snapshot gen_random_uuid uuid_generate_v4 \
    uuid lastval currval isfinite justify_interval convert_from convert_to ascii chr bit_length variance stddev \
    postgis_version timezone";

/// How many calls of functions are looked up in one statement.
const MOST: usize = 5000;

/// Raises a statement to what the functions in it do.
pub(super) fn judge(tokens: &[Token], found: &mut Finding) {
    let reads =
        tokens.first().is_some_and(|token| ["SELECT", "VALUES", "WITH"].iter().any(|word| token.is(word)));
    let from = tokens.iter().any(|token| token.is("FROM"));
    let mut calls = 0;
    for (at, token) in tokens.iter().enumerate() {
        let opens = tokens.get(at + 1).is_some_and(|next| next.sign('('));
        let called = opens && matches!(token.kind, Kind::Word | Kind::Quoted);
        if !called || token.kind == Kind::Word && NO_CALL.split_whitespace().any(|word| word == token.text) {
            continue;
        }
        calls += 1;
        if calls > MOST {
            found.raise(D, "too long to be read to its end", mark::OPAQUE);
            return;
        }
        let name = token.text.to_lowercase();
        if let Some((_, risk, why, marks)) =
            ACTING.iter().find(|(names, ..)| names.split_whitespace().any(|one| one == name))
        {
            found.raise(*risk, *why, *marks);
            if name.starts_with("dblink") || name.starts_with("schedule") || name.contains("to_xml") {
                let given = tokens
                    .iter()
                    .skip(at + 1)
                    .filter(|token| matches!(token.kind, Kind::Text | Kind::Dollar));
                for text in given {
                    look(&text.text, found);
                }
            }
            continue;
        }
        if COMPUTING.split_whitespace().any(|one| one == name) || name.starts_with("binary_upgrade_set_next")
        {
            continue;
        }
        if reads && words::says_destroy(&name) {
            found.raise(D, format!("by its name, the function `{name}` takes something away"), mark::NONE);
        }
        if !reads || builtin(&name) {
            continue;
        }
        if name.contains(['\\', UNKNOWN]) {
            found.raise(C, "calls a function whose name is not known", mark::OPAQUE);
        }
        let parts = words::parts(&name);
        let acts = parts.first().is_some_and(|first| {
            [
                "set",
                "create",
                "update",
                "insert",
                "add",
                "alter",
                "disable",
                "enable",
                "run",
                "execute",
                "exec",
                "apply",
                "start",
                "stop",
                "reset",
                "rebuild",
                "refresh",
                "move",
                "rebalance",
                "promote",
                "cancel",
                "schedule",
                "compress",
                "decompress",
                "citus",
            ]
            .contains(&first.as_str())
        });
        if acts {
            found.raise(C, format!("by its name, the function `{name}` changes something"), mark::NONE);
        } else if !from {
            found.raise(C, format!("what the function `{name}` does cannot be seen here"), mark::OPAQUE);
        }
    }
}

/// Every function that is called is known to compute or to look, and nothing else.
pub(in crate::commands) fn only_compute(tokens: &[Token]) -> bool {
    tokens.iter().zip(tokens.iter().skip(1)).take(MOST).all(|(token, next)| {
        let named = matches!(token.kind, Kind::Word | Kind::Quoted);
        let keyword = token.kind == Kind::Word && NO_CALL.split_whitespace().any(|word| word == token.text);
        if !named || !next.sign('(') || keyword {
            return true;
        }
        let name = token.text.to_lowercase();
        let acts = ACTING.iter().any(|(names, ..)| names.split_whitespace().any(|one| one == name));
        !acts && (builtin(&name) || COMPUTING.split_whitespace().any(|one| one == name))
    })
}

/// Functions of the server's own that only look: those that act are in the table above.
fn builtin(name: &str) -> bool {
    [
        "pg_", "txid_", "has_", "json_", "jsonb_", "array_", "regexp_", "to_", "st_", "inet_", "xml", "ts_",
        "date_", "string_", "uuid_",
    ]
    .iter()
    .any(|start| name.starts_with(start))
}

/// SQL given as text.
fn look(text: &str, found: &mut Finding) {
    if text.len() < 100_000 && found.risk < D {
        let mut inner = Finding::new(R, "", mark::NONE);
        body_once(text, &mut inner);
        found.raise(inner.risk, inner.why, mark::NONE);
    }
}

/// The words of a body, its own texts left alone.
fn body_once(text: &str, found: &mut Finding) {
    let lower = text.to_ascii_lowercase();
    let words: Vec<_> = lower.split(|letter: char| !letter.is_alphanumeric() && letter != '_').collect();
    if words.iter().any(|word| ["delete", "drop", "truncate", "pg_terminate_backend"].contains(word)) {
        found.raise(D, "the SQL that it is given takes something away", mark::NONE);
    }
}
