//! Queries that fail on current servers, or hit more than they say.
use super::scene::{Line, Scene, has_any};
use super::{Findings, Rule};
use crate::commands::statement::Lang;
use crate::commands::tools::sql_words;

/// A column that a view does not have (any more): the view, the column, and what to write.
const COLUMNS: &[(&str, &str, &str)] = &[
    ("pg_stat_statements", "total_time", "`total_exec_time` (since PostgreSQL 13)"),
    ("pg_stat_statements", "mean_time", "`mean_exec_time` (since PostgreSQL 13)"),
    ("pg_stat_statements", "min_time", "`min_exec_time` (since PostgreSQL 13)"),
    ("pg_stat_statements", "max_time", "`max_exec_time` (since PostgreSQL 13)"),
    ("pg_stat_statements", "stddev_time", "`stddev_exec_time` (since PostgreSQL 13)"),
    ("pg_stat_user_indexes", "tablename", "`relname`"),
    ("pg_stat_user_indexes", "indexname", "`indexrelname`"),
    ("pg_stat_all_indexes", "tablename", "`relname`"),
    ("pg_stat_all_indexes", "indexname", "`indexrelname`"),
    ("pg_stat_user_tables", "tablename", "`relname`"),
    ("pg_stat_all_tables", "tablename", "`relname`"),
    ("pg_stat_activity", "procpid", "`pid` (since PostgreSQL 9.2)"),
    ("pg_stat_activity", "current_query", "`query` (since PostgreSQL 9.2)"),
    ("pg_stat_activity", "waiting", "`wait_event IS NOT NULL` (since PostgreSQL 9.6)"),
    ("pg_stat_replication", "sent_location", "`sent_lsn` (since PostgreSQL 10)"),
    ("pg_stat_replication", "replay_location", "`replay_lsn` (since PostgreSQL 10)"),
    ("pg_stat_replication", "write_location", "`write_lsn` (since PostgreSQL 10)"),
    ("pg_stat_replication", "flush_location", "`flush_lsn` (since PostgreSQL 10)"),
    ("pg_stat_replication", "procpid", "`pid` (since PostgreSQL 9.2)"),
];

/// Views that have the columns that others lack.
const HAVING: &[&str] = &["pg_tables", "pg_indexes", "pg_publication_tables"];

/// Functions that were renamed in `PostgreSQL` 10.
const FUNCTIONS: &[(&str, &str)] = &[
    ("pg_current_xlog_location", "pg_current_wal_lsn"),
    ("pg_last_xlog_receive_location", "pg_last_wal_receive_lsn"),
    ("pg_last_xlog_replay_location", "pg_last_wal_replay_lsn"),
    ("pg_xlog_location_diff", "pg_wal_lsn_diff"),
    ("pg_switch_xlog", "pg_switch_wal"),
    ("pg_xlogfile_name", "pg_walfile_name"),
    ("pg_xlog_replay_pause", "pg_wal_replay_pause"),
    ("pg_xlog_replay_resume", "pg_wal_replay_resume"),
];

pub(super) fn check(scene: &Scene<'_>, out: &mut Findings) {
    for line in &scene.lines {
        for (text, lines) in texts(line) {
            let words = sql_words(&text);
            let old = has_any(&line.heading.to_lowercase(), &["older", "before", "legacy", "old"])
                || line.heading.contains('<');
            if !old {
                renamed(&words, lines, out);
            }
            unbounded(&words, lines, out);
            null(&words, lines, out);
        }
    }
}

/// The SQL of a statement: its own text, or what it hands to a client.
fn texts(line: &Line<'_>) -> Vec<(String, (u32, u32))> {
    if line.command.statement.lang == Lang::Sql {
        return vec![(line.text().to_owned(), line.lines())];
    }
    let mut out = Vec::new();
    for call in &line.calls {
        if !matches!(call.tool(), "psql" | "mysql" | "mariadb" | "sqlite3" | "gitlab-psql" | "cockroach") {
            continue;
        }
        let glued = call
            .words
            .iter()
            .find(|word| word.text.starts_with("-c") && word.text.len() > 2 && word.text.contains(' '));
        let given = call.option(&["-c", "--command", "-e", "--execute"]).or_else(|| glued.cloned());
        // `-Atc "SELECT …"`: the text is simply the word that reads like SQL.
        let reads = |text: &str| {
            let first = text.split_whitespace().next().unwrap_or_default().to_lowercase();
            text.contains(' ') && matches!(first.as_str(), "select" | "update" | "delete" | "with" | "insert")
        };
        let given = given.or_else(|| call.words.iter().find(|word| reads(&word.text)).cloned());
        out.extend(given.map(|word| (word.text, line.at(call))));
        out.extend(call.heredoc.clone().map(|(text, _)| (text, line.at(call))));
    }
    out
}

fn renamed(words: &[String], lines: (u32, u32), out: &mut Findings) {
    let has = |name: &str| words.iter().any(|word| word == name);
    // A name that the query itself gives to something is its own.
    let used = |name: &str| {
        words.iter().enumerate().any(|(at, word)| {
            word == name && at.checked_sub(1).and_then(|at| words.get(at)).is_none_or(|before| before != "as")
        })
    };
    let aliased = |name: &str| {
        words.windows(2).any(|pair| matches!(pair, [first, second] if first == "as" && second == name))
    };
    let other = HAVING.iter().any(|view| has(view));
    let joined = words.iter().any(|word| word == "join");
    for (view, column, instead) in COLUMNS {
        let doubtful = other || aliased(column) || (joined && *column == "waiting");
        if has(view) && used(column) && !doubtful {
            out.say(
                Rule::RenamedColumn,
                lines,
                format!("`{view}` has no column `{column}`: the query fails"),
                format!("write {instead}"),
            );
        }
    }
    for (old, new) in FUNCTIONS {
        if has(old) {
            out.say(
                Rule::RenamedColumn,
                lines,
                format!("PostgreSQL 10 renamed `{old}`: the query fails"),
                format!("write `{new}`"),
            );
        }
    }
}

/// UPDATE or DELETE of every row.
fn unbounded(words: &[String], lines: (u32, u32), out: &mut Findings) {
    for statement in words.split(|word| word == ";") {
        let begins = |at: usize, word: &str| statement.get(at).is_some_and(|w| w == word);
        let bounded =
            statement.iter().any(|word| matches!(word.as_str(), "where" | "limit" | "using" | "returning"));
        let delete = begins(0, "delete") && begins(1, "from") && statement.len() > 2;
        let update = begins(0, "update") && statement.iter().any(|word| word == "set");
        if (delete || update) && !bounded {
            let what = if delete { "deletes" } else { "changes" };
            let table = statement.get(if delete { 2 } else { 1 }).map_or("", String::as_str);
            out.say(
                Rule::WithoutWhere,
                lines,
                format!("without WHERE it {what} every row of `{table}`"),
                "say which rows, or say in the text that all are meant",
            );
        }
    }
}

/// A lag that is NULL on a primary.
fn null(words: &[String], lines: (u32, u32), out: &mut Findings) {
    let has = |name: &str| words.iter().any(|word| word == name);
    if has("pg_last_xact_replay_timestamp") && !has("pg_is_in_recovery") && !has("coalesce") && !has("case") {
        out.say(
            Rule::NullOnPrimary,
            lines,
            "on a primary `pg_last_xact_replay_timestamp()` is NULL, and on a quiet standby it only seems to grow",
            "ask `pg_is_in_recovery()` first, and say `not a standby` when it is false",
        );
    }
}
