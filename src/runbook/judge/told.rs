//! What tools say in their output, whatever their exit code.
use serde_json::Value;

use super::{Case, Said, first_of, format, trouble};
use crate::commands::Role;
use crate::domain::approval::Tier;
use crate::incident::event::Verdict;

/// A database server that takes no more sessions.
pub fn is_full(text: &str) -> bool {
    ["53300", "too many clients", "remaining connection slots", "too many connections for"]
        .iter()
        .any(|word| text.contains(word))
}

/// A value that was no number: a primary has no lag, a server that was not reached has no count.
pub fn nonsense(case: &Case<'_>) -> Option<Said> {
    let asked =
        ["integer expression expected", "integer expected", "unary operator expected", "operand expected"];
    let line = case.err.lines().find(|line| asked.iter().any(|word| line.contains(word)));
    let lags = {
        let lower = case.text.to_lowercase();
        ["lag", "replay", "replica", "standby"].iter().any(|word| lower.contains(word))
    };
    if line.is_some() {
        // What went wrong before the comparison says more.
        let own = |line: &&str| !line.trim().is_empty() && !asked.iter().any(|word| line.contains(word));
        let says = match case.err.lines().find(own) {
            Some(line) => format!("there was nothing to compare: {}", line.trim()),
            None if lags => "not a replica: it has no lag to compare".to_owned(),
            None => "there was no number to compare".to_owned(),
        };
        return Some((Verdict::NoData, says));
    }
    let replays = ["pg_last_xact_replay_timestamp", "pg_last_wal_replay_lsn"]
        .iter()
        .any(|word| case.text.contains(word));
    let good = case.codes.iter().all(|code| *code == 0);
    if replays && good && case.is_clean() && !case.parts.assigns && holds_no_value(case.out) {
        return Some((Verdict::NoData, "not a replica: it has no lag".to_owned()));
    }
    None
}

/// A table of one row without a value in it, or nothing at all.
fn holds_no_value(out: &str) -> bool {
    let rows: Vec<&str> = out.lines().collect();
    match rows
        .iter()
        .position(|line| !line.trim().is_empty() && line.trim().chars().all(|c| matches!(c, '-' | '+')))
    {
        Some(rule) => {
            rows.iter().skip(rule + 1).take_while(|line| !line.trim_start().starts_with('(')).all(|line| {
                line.trim().is_empty() || line.trim().chars().all(|c| c == '|' || c.is_whitespace())
            })
        }
        None => out.trim().is_empty(),
    }
}

/// An error that the exit code may not tell.
pub fn error(case: &Case<'_>) -> Option<Said> {
    if case.is_sql() {
        if is_full(case.err) || is_full(case.out) {
            return Some((Verdict::Failed, "the server has no connection slot left (53300)".to_owned()));
        }
        let lines = case.err.lines().chain(case.out.lines());
        let bad = |line: &&str| {
            let line = line.trim_start();
            let rest = line.strip_prefix("psql:").map_or(line, str::trim_start);
            ["ERROR:", "FATAL:", "PANIC:", "error:"].iter().any(|word| rest.starts_with(word))
                || line.starts_with("psql:")
                    && ["ERROR:", "FATAL:", "error:"].iter().any(|w| line.contains(w))
        };
        if let Some(line) = lines.into_iter().find(bad) {
            return Some((Verdict::Failed, line.trim().to_owned()));
        }
    }
    if case.is_redis()
        && let Some(line) =
            case.out.lines().chain(case.err.lines()).map(str::trim).find(|line| is_redis_error(line))
    {
        return Some((Verdict::Failed, line.to_owned()));
    }
    if case.uses(&["curl", "wget", "http", "xh"]) {
        return http(case);
    }
    None
}

/// redis-cli ends with 0 after an error, and writes its sign only on a terminal.
fn is_redis_error(line: &str) -> bool {
    const KINDS: &[&str] = &[
        "ERR",
        "NOAUTH",
        "WRONGTYPE",
        "WRONGPASS",
        "NOPERM",
        "MOVED",
        "ASK",
        "LOADING",
        "MISCONF",
        "OOM",
        "READONLY",
        "BUSY",
        "EXECABORT",
        "CLUSTERDOWN",
        "MASTERDOWN",
        "NOREPLICAS",
        "TRYAGAIN",
        "CROSSSLOT",
    ];
    line.starts_with("(error)")
        || line.starts_with("Could not connect to Redis")
        || line.split_once(' ').is_some_and(|(kind, rest)| KINDS.contains(&kind) && !rest.is_empty())
}

/// The server's own answer, where the client takes any answer for a good one.
fn http(case: &Case<'_>) -> Option<Said> {
    let status = status(case)?;
    match status {
        0 => Some((Verdict::Failed, "no answer: no status".to_owned())),
        400.. => Some(trouble::status(status)),
        _ => None,
    }
}

/// The status of an HTTP answer, where the output shows it; of several the first bad one.
pub fn status(case: &Case<'_>) -> Option<u16> {
    let lines = case.out.lines().chain(case.err.lines()).filter_map(|line| {
        let line = line.trim_start_matches(['<', ' ']);
        line.strip_prefix("HTTP/")?.split_whitespace().nth(1)?.parse().ok()
    });
    let all: Vec<u16> = lines.take(10_000).collect();
    if let Some(status) = format::worst(&all, format::is_several(case)) {
        return Some(status);
    }
    if case.text.contains("http_code") || case.text.contains("response_code") {
        let all = format::codes(case);
        if let Some(status) = format::worst(&all, format::is_several(case)) {
            return Some(status);
        }
    }
    let head: String = case.out.chars().take(4_096).collect();
    let named = [
        ("500 Internal Server Error", 500),
        ("502 Bad Gateway", 502),
        ("503 Service", 503),
        ("504 Gateway", 504),
        ("404 Not Found", 404),
        ("403 Forbidden", 403),
        ("401 Authorization Required", 401),
        ("401 Unauthorized", 401),
    ];
    if let Some((_, status)) = named.iter().find(|(words, _)| head.contains(words)) {
        return Some(*status);
    }
    let body: Value = serde_json::from_str(case.out.trim()).ok()?;
    let code =
        ["status", "code", "statusCode", "status_code"].iter().find_map(|name| body.get(name)?.as_u64());
    code.and_then(|code| u16::try_from(code).ok()).filter(|code| (400..600).contains(code))
}

/// A script that says itself how it went: what it prints counts, as its exit code says nothing.
pub fn by_itself(case: &Case<'_>) -> Option<Said> {
    const BAD: &[&str] = &["✗", "✘", "❌", "FAILED", "FAIL", "⚠", "WARNING", "CRITICAL"];
    const GOOD: &[&str] = &["✓", "✔", "✅", "PASSED", "PASS"];
    const NONE: &[&str] = &["N/A", "Unable to", "UNKNOWN", "unknown"];
    let speaks = case.all.iter().any(|call| matches!(call.tool.as_str(), "echo" | "printf"));
    let marks = |list: &[&str]| list.iter().any(|mark| case.text.contains(mark));
    // What only speaks has found nothing out.
    let only_speaks = case.command.statement.role == Role::Narration;
    if !speaks || only_speaks || !marks(BAD) && !marks(GOOD) {
        return None;
    }
    let line = |list: &[&str]| {
        let own = |line: &&str| list.iter().any(|mark| case.text.contains(mark) && line.contains(mark));
        case.out.lines().find(own).map(|line| line.trim().to_owned())
    };
    if let Some(line) = line(BAD) {
        return Some((trouble::told(case), line));
    }
    if let Some(line) = line(NONE) {
        return Some((Verdict::NoData, line));
    }
    if let Some(line) = line(GOOD) {
        let empty = ["()", "(%", ": %", "null", "(NaN"].iter().any(|hole| line.contains(hole));
        // `(% used)` was put together around nothing.
        return Some(if empty { (Verdict::NoData, line) } else { (Verdict::Ok, line) });
    }
    if marks(GOOD) && !case.out.trim().is_empty() && case.command.statement.role != Role::Guard {
        return Some((Verdict::NoData, format!("it did not say that it is good: {}", first_of(case))));
    }
    // Neither was said: a check that went another way, or a list without anything bad in it.
    if case.out.trim().is_empty() && case.command.statement.role != Role::Guard {
        return Some((Verdict::NoData, "it said neither good nor bad".to_owned()));
    }
    None
}

/// A change that hit nothing.
pub fn hits_nothing(case: &Case<'_>) -> Option<Said> {
    let tags = case.out.lines().map(str::trim).filter(|line| {
        ["UPDATE ", "DELETE ", "INSERT ", "COPY ", "MERGE "].iter().any(|tag| line.starts_with(tag))
    });
    let hit = |line: &str| line.rsplit(' ').next().is_some_and(|count| count != "0");
    let (hits, misses): (Vec<&str>, Vec<&str>) = tags.partition(|line| hit(line));
    let zero = case.out.contains("(0 rows)") || !misses.is_empty();
    let none = case.is_sql() && zero && hits.is_empty() && !case.out.lines().any(counts_rows);
    if none || says_none(case) {
        return Some((Verdict::NoMatches, "nothing was hit".to_owned()));
    }
    let ends = case.text.contains("pg_terminate_backend") || case.text.contains("pg_cancel_backend");
    let rows: Vec<&str> = case.out.lines().map(str::trim).filter(|line| matches!(*line, "t" | "f")).collect();
    let told = rows.iter().filter(|line| **line == "t").count();
    if ends && !rows.is_empty() && told == 0 {
        return Some((Verdict::Failed, format!("none of {} was reached", rows.len())));
    }
    None
}

/// `(3 rows)`: there were some.
pub fn counts_rows(line: &str) -> bool {
    let inner = line.trim().strip_prefix('(').and_then(|line| line.strip_suffix(')'));
    let count = inner.and_then(|inner| inner.strip_suffix(" rows").or_else(|| inner.strip_suffix(" row")));
    count.and_then(|count| count.parse::<u64>().ok()).is_some_and(|count| count > 0)
}

fn says_none(case: &Case<'_>) -> bool {
    case.out.lines().chain(case.err.lines()).any(|line| line.starts_with("No resources found"))
}

/// Output that holds nothing, where something was to be read.
pub fn empty(case: &Case<'_>) -> Option<Said> {
    // What it would print is in its variable: `TOKEN=$(make-one)`.
    let one = &case.command.statement;
    let keeps = one.sets.iter().any(|name| {
        one.text.trim_start().strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('='))
    });
    if case.parts.assigns || keeps {
        return None;
    }
    if says_none(case) {
        return Some((Verdict::NoData, "no resources found".to_owned()));
    }
    let out = case.out.trim();
    let last = case.calls.last();
    if out.is_empty() {
        if !gives_output(case) {
            return asked_nothing(case);
        }
        let seeks = last.is_some_and(|call| call.tool == "find");
        if seeks && case.is_clean() {
            return Some((Verdict::NoMatches, "no matches".to_owned()));
        }
        let told = if case.is_clean() { String::new() } else { format!(": {}", first_of(case)) };
        return Some((Verdict::NoData, format!("it gave no output{told}")));
    }
    if case.is_sql() && out.contains("(0 rows)") {
        return Some((Verdict::NoMatches, "0 rows".to_owned()));
    }
    if case.uses(&["jq", "yq"]) && out.lines().all(|line| matches!(line.trim(), "null" | "")) {
        return Some((Verdict::NoData, "null: the answer does not hold it".to_owned()));
    }
    if out == "[]" {
        return Some((Verdict::NoMatches, "an empty list".to_owned()));
    }
    let body = || serde_json::from_str::<Value>(out).ok();
    let none =
        |body: Value| body.pointer("/data/result").and_then(Value::as_array).is_some_and(Vec::is_empty);
    if out == "{}" || out.starts_with("{\"status\"") && body().is_some_and(none) {
        return Some((Verdict::NoData, "the answer holds nothing".to_owned()));
    }
    if case.is_redis() && matches!(out, "(nil)" | "(empty array)" | "(empty list or set)") {
        return Some((Verdict::NoData, "there is no such value".to_owned()));
    }
    let header = out.lines().count() == 1
        && ["CONTAINER ID", "NAME ", "NAMESPACE ", "REPOSITORY ", "LAST SEEN"]
            .iter()
            .any(|head| out.starts_with(head));
    header.then(|| (Verdict::NoData, "only a header: nothing is listed".to_owned()))
}

/// `curl -o /dev/null` without `-f` and `-w` asks for nothing that could be bad.
fn asked_nothing(case: &Case<'_>) -> Option<Said> {
    let call = case.calls.last().filter(|call| call.tool == "curl")?;
    let thrown = call.values(&["-o", "--output"]).iter().any(|path| path == "/dev/null");
    let asks = call.has(&["-f", "--fail", "--fail-with-body", "-w", "--write-out"]);
    (thrown && !asks).then(|| (Verdict::NoData, "whether the answer was good was not asked".to_owned()))
}

/// Whether a statement that went well has to have written something.
fn gives_output(case: &Case<'_>) -> bool {
    const QUIET: &[&str] = &[
        "test",
        "[",
        "[[",
        "true",
        "sleep",
        "cd",
        "export",
        "mkdir",
        "cp",
        "mv",
        "wait",
        "diff",
        "cmp",
        "nc",
        "touch",
        "ssh-add",
        "set",
        "unset",
        "source",
        ".",
        "chmod",
        "chown",
        "ln",
        "rsync",
        "scp",
        "pg_dump",
        "pg_basebackup",
        "mount",
        "umount",
        "sync",
        "read",
        "exit",
        "return",
        ":",
        "kill",
        "gpg",
        "tar",
        "gzip",
        "unzip",
        "command",
        "trap",
        "pushd",
        "popd",
        "tcpdump",
        "wget",
        "echo",
        "printf",
    ];
    let one = &case.command.statement;
    if one.risk > Tier::Read || matches!(one.role, Role::Setup | Role::Guard | Role::Narration) {
        return false;
    }
    if one.traits.background || one.traits.writes_file {
        return false;
    }
    let Some(last) = case.calls.last() else { return true };
    let silent = last.has(&["-q", "--quiet", "--silent"]) && last.tool != "curl" && last.tool != "psql";
    let saves = last.tool == "curl" && last.has(&["-o", "-O", "--output", "--remote-name"]);
    !(last.kept || silent || saves || QUIET.contains(&last.tool.as_str()))
}

/// An address that tells of health, and a body that says it is not well.
pub fn health(case: &Case<'_>) -> Option<Said> {
    const BAD: &[&str] = &[
        "unhealthy",
        "down",
        "degraded",
        "error",
        "fail",
        "failed",
        "failing",
        "critical",
        "not ready",
        "notready",
        "unavailable",
        "out_of_service",
        "starting",
        "red",
        "yellow",
        "warn",
        "warning",
        "unknown",
        "offline",
        "outage",
        "unreachable",
        "stopped",
        "disabled",
        "maintenance",
        "not ok",
        "not_ok",
        "not_ready",
        "not healthy",
        "ko",
        "false",
        "dead",
    ];
    let asks = |word: &str| {
        let path = word.split(['?', '#']).next().unwrap_or(word).trim_end_matches('/');
        word.contains("://")
            && path.rsplit('/').take(2).any(|part| {
                matches!(
                    part,
                    "health"
                        | "healthz"
                        | "ready"
                        | "readyz"
                        | "live"
                        | "livez"
                        | "ping"
                        | "status"
                        | "actuator"
                )
            })
    };
    let http =
        case.uses(&["curl", "wget"]) && case.all.iter().any(|call| call.words.iter().any(|word| asks(word)));
    let container = case.text.contains("State.Health");
    if !http && !container {
        return None;
    }
    let named = ["status", "state", "health", "result"];
    let denied = ["healthy", "ok", "ready", "alive", "up", "success", "live"];
    if let Ok(body) = serde_json::from_str::<Value>(case.out.trim()) {
        let word = |value: &Value| {
            value.as_str().map(str::to_owned).filter(|word| BAD.contains(&word.to_lowercase().as_str()))
        };
        let said = match &body {
            Value::Object(fields) => fields.iter().find_map(|(name, value)| {
                let lower = name.to_lowercase();
                let lower = lower.as_str();
                let no = *value == Value::Bool(false) && (named.contains(&lower) || denied.contains(&lower));
                if no {
                    Some(format!("{lower}: false"))
                } else {
                    word(value).filter(|_| named.contains(&lower))
                }
            }),
            Value::Bool(false) => Some("false".to_owned()),
            value => word(value),
        };
        return said.map(|said| (Verdict::Trouble, format!("it says `{said}`")));
    }
    let word = case.out.trim().trim_matches('"').to_lowercase();
    BAD.contains(&word.as_str()).then(|| (Verdict::Trouble, format!("it says `{word}`")))
}

/// The result in a few words.
pub fn result(case: &Case<'_>) -> String {
    let lines: Vec<&str> = case.out.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if case.is_sql()
        && let Some(rows) = lines.iter().rev().find(|line| line.starts_with('(') && line.contains(" row"))
    {
        let ended = lines.iter().filter(|line| **line == "t").count();
        if case.text.contains("pg_terminate_backend") && ended > 0 {
            let all = lines.iter().filter(|line| matches!(**line, "t" | "f")).count();
            return format!("{ended} of {all} ended");
        }
        return rows.trim_matches(['(', ')']).to_owned();
    }
    match lines.as_slice() {
        [] if case.calls.last().is_some_and(|call| call.tool == "diff") => "no differences".to_owned(),
        [] => String::new(),
        [one] => (*one).to_owned(),
        more => format!("{} lines", more.len()),
    }
}
