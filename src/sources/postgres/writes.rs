//! What a server writes and reads: its log of changes, checkpoints, archive, and input and output by who does it.
use tokio_postgres::Row;

use super::link::{Fault, Session as Held};
use super::value::{count, moment, number, text};
use crate::domain::level::Level;
use crate::domain::news::{Section, SectionLine};
use crate::domain::text::grouped;
use crate::domain::time::{Age, Timestamp};
use crate::sources::now;

/// Milliseconds since the epoch, of the statistics' own beginning.
const SINCE: &str = "(extract(epoch FROM stats_reset) * 1000)::int8";

/// Each section with its statement, as far as the version has it.
fn asked(version: i32) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    if version >= 140_000 {
        all.push((
            "write-ahead log",
            format!("SELECT wal_bytes::int8, wal_records, wal_fpi, wal_buffers_full, {SINCE} FROM pg_catalog.pg_stat_wal"),
        ));
    }
    let checkpoints = if version >= 170_000 {
        "SELECT c.num_timed, c.num_requested, c.write_time::int8, c.sync_time::int8, c.buffers_written, \
             b.buffers_clean, NULL::int8, (extract(epoch FROM c.stats_reset) * 1000)::int8 \
             FROM pg_catalog.pg_stat_checkpointer c, pg_catalog.pg_stat_bgwriter b"
            .to_owned()
    } else {
        format!(
            "SELECT checkpoints_timed, checkpoints_req, checkpoint_write_time::int8, checkpoint_sync_time::int8, \
             buffers_checkpoint, buffers_clean, buffers_backend, {SINCE} FROM pg_catalog.pg_stat_bgwriter"
        )
    };
    all.push(("checkpoints", checkpoints));
    all.push((
        "archive",
        "SELECT archived_count, (extract(epoch FROM last_archived_time) * 1000)::int8, failed_count, \
         (extract(epoch FROM last_failed_time) * 1000)::int8, coalesce(last_failed_wal, ''), \
         current_setting('archive_mode') FROM pg_catalog.pg_stat_archiver"
            .to_owned(),
    ));
    if version >= 160_000 {
        // From 18 on bytes are counted; before, each is a block.
        let (read, written) = if version >= 180_000 {
            ("sum(read_bytes)", "sum(write_bytes)")
        } else {
            ("sum(reads * op_bytes)", "sum(writes * op_bytes)")
        };
        all.push((
            "input and output",
            format!(
                "SELECT backend_type, context, {read}::int8, {written}::int8, sum(hits)::int8, sum(evictions)::int8, \
                 sum(fsyncs)::int8 FROM pg_catalog.pg_stat_io GROUP BY backend_type, context \
                 HAVING sum(reads) > 0 OR sum(writes) > 0 \
                 ORDER BY coalesce({read}, 0) + coalesce({written}, 0) DESC LIMIT 12"
            ),
        ));
    }
    all
}

/// Everything that is told; what is not is named, with why.
pub async fn sections(held: &Held) -> Result<(Vec<Section>, Vec<String>), Fault> {
    let (mut sections, mut missing) = (Vec::new(), Vec::new());
    for (title, sql) in asked(held.greeting.number) {
        match held.ask(&sql, &[]).await {
            Ok(rows) => {
                let lines = match title {
                    "write-ahead log" => rows.first().map(wal).unwrap_or_default(),
                    "checkpoints" => rows.first().map(checkpoints).unwrap_or_default(),
                    "archive" => rows.first().map(|row| archive(row, now())).unwrap_or_default(),
                    _ => rows.iter().map(io).collect(),
                };
                sections.push(Section { title: title.into(), lines });
            }
            Err(fault @ Fault::Said { .. }) => missing.push(format!("its {title}: {}", fault.words())),
            Err(fault) => return Err(fault),
        }
    }
    Ok((sections, missing))
}

fn line(label: &str, value: impl Into<String>) -> SectionLine {
    SectionLine { label: label.into(), value: value.into(), level: Level::Fine, indent: 0 }
}

/// `12.3 GiB`.
fn size(bytes: u64) -> String {
    for (unit, size) in [("TiB", 1_u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
        if bytes >= size {
            return format!("{}.{} {unit}", bytes / size, bytes % size * 10 / size);
        }
    }
    format!("{bytes} B")
}

/// How much of something a minute since it was counted.
fn each_minute(n: u64, since: Option<Timestamp>, now: Timestamp) -> Option<u64> {
    n.checked_div(now.since(since?).as_secs() / 60)
}

fn wal(row: &Row) -> Vec<SectionLine> {
    let (written, since) = (count(row, 0), moment(row, 4));
    let rate =
        each_minute(written, since, now()).map_or_else(String::new, |n| format!(", {} a minute", size(n)));
    vec![
        line("written", format!("{}{rate}", size(written))),
        line("records", grouped(count(row, 1))),
        line("whole pages", grouped(count(row, 2))),
        line("buffers were full", format!("{} times", grouped(count(row, 3)))),
        line("counted for", since.map_or_else(|| "–".into(), |at| Age(now().since(at)).to_string())),
    ]
}

fn checkpoints(row: &Row) -> Vec<SectionLine> {
    let (timed, wanted) = (count(row, 0), count(row, 1));
    // Forced ones come of more changes than max_wal_size holds.
    let level = if wanted > timed && wanted > 10 { Level::Warn } else { Level::Fine };
    let own =
        number(row, 6).map(|n| line("buffers written by sessions", grouped(u64::try_from(n).unwrap_or(0))));
    let mut lines = vec![
        line("by time", grouped(timed)),
        SectionLine { level, ..line("forced", grouped(wanted)) },
        line("time writing", format!("{} s", count(row, 2) / 1_000)),
        line("time syncing", format!("{} s", count(row, 3) / 1_000)),
        line("buffers written", grouped(count(row, 4))),
        line("buffers written between", grouped(count(row, 5))),
    ];
    lines.extend(own);
    let since = moment(row, 7);
    lines.push(line("counted for", since.map_or_else(|| "–".into(), |at| Age(now().since(at)).to_string())));
    lines
}

fn archive(row: &Row, now: Timestamp) -> Vec<SectionLine> {
    let ago = |at: Option<Timestamp>| at.map_or_else(|| "never".into(), |at| Age(now.since(at)).past());
    let (last, failed) = (moment(row, 1), moment(row, 3));
    // What fails is tried again and again, and the log is kept until it succeeds: the disk fills.
    let level = if failed > last { Level::Bad } else { Level::Fine };
    let what = text(row, 4);
    let what = if what.is_empty() { String::new() } else { format!(", last {what}") };
    vec![
        line("mode", text(row, 5)),
        line("archived", format!("{} files, last {}", grouped(count(row, 0)), ago(last))),
        SectionLine {
            level,
            ..line("failed", format!("{} times{what}, {}", grouped(count(row, 2)), ago(failed)))
        },
    ]
}

fn io(row: &Row) -> SectionLine {
    let [read, written, hits, evicted, synced] = [2, 3, 4, 5, 6].map(|at| count(row, at));
    let context = text(row, 1);
    let who = text(row, 0);
    let who = if context == "normal" { who } else { format!("{who}, {context}") };
    line(
        &who,
        format!(
            "read {}, wrote {}, found {}, evicted {}, synced {}",
            size(read),
            size(written),
            grouped(hits),
            grouped(evicted),
            grouped(synced)
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_is_asked_for_what_it_has() {
        let titles = |version| asked(version).into_iter().map(|(title, _)| title).collect::<Vec<_>>();
        assert_eq!(titles(120_000), ["checkpoints", "archive"]);
        assert_eq!(titles(150_000), ["write-ahead log", "checkpoints", "archive"]);
        assert_eq!(titles(160_000).len(), 4);
        let all = |version| asked(version).into_iter().map(|(_, sql)| sql).collect::<String>();
        assert!(all(160_000).contains("checkpoints_timed") && all(170_000).contains("pg_stat_checkpointer"));
        assert!(all(170_000).contains("op_bytes") && all(180_000).contains("read_bytes"));
    }

    #[test]
    fn sizes_and_rates_are_short() {
        assert_eq!([0, 1_536, 3 << 30].map(size), ["0 B", "1.5 KiB", "3.0 GiB"]);
        assert_eq!(each_minute(600, Some(Timestamp(0)), Timestamp(600_000)), Some(60));
        assert_eq!(each_minute(600, Some(Timestamp(0)), Timestamp(6_000)), None);
    }
}
