//! What a line speaks: SQL, Redis, a query language, settings, or what a command prints.
use super::super::words::Words;

/// `key:`, `key: value`, `- item` of YAML; `name = value` of INI.
pub fn is_key(text: &str) -> bool {
    let text = text.strip_prefix("- ").unwrap_or(text);
    let name = text.split([':', ' ']).next().unwrap_or_default();
    let plain = !name.is_empty()
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '"' | '\''));
    let rest = text.get(name.len()..).unwrap_or_default();
    plain && (rest == ":" || rest.starts_with(": ") || rest.starts_with(" = ") && !name.starts_with('$'))
}

/// First words of SQL, each with the words that may follow it; none when any may.
const STARTS: &[(&str, &str)] = &[
    ("select", ""),
    ("insert", "into"),
    ("update", ""),
    ("delete", "from"),
    (
        "alter",
        "table system role user database index sequence publication subscription session extension keyspace",
    ),
    (
        "create",
        "table index unique database user role extension view or publication subscription materialized schema keyspace",
    ),
    ("drop", "table index database user role view schema publication subscription extension keyspace"),
    ("vacuum", ""),
    ("analyze", ""),
    ("truncate", ""),
    ("reindex", "table index database schema concurrently"),
    ("grant", ""),
    ("revoke", ""),
    ("explain", ""),
    ("with", ""),
    ("show", ""),
    ("set", "global session @@global"),
    ("kill", "query connection"),
    ("begin;", ""),
    ("commit;", ""),
    ("rollback;", ""),
    ("call", ""),
    ("optimize", "table"),
    ("flush", "privileges tables logs"),
    ("describe", ""),
    ("change", "master replication"),
    ("start", "slave replica"),
    ("stop", "slave replica"),
    ("reset", "slave replica master"),
];

/// First words of SQL that begin a sentence of English as well.
static ENGLISH: Words =
    Words::new("update show with grant revoke call explain describe analyze vacuum truncate");

pub fn is_sql(text: &str) -> bool {
    let mut all = text.split_whitespace();
    let first = all.next().unwrap_or_default();
    let Some((head, nexts)) = STARTS.iter().find(|(word, _)| word.eq_ignore_ascii_case(first)) else {
        return false;
    };
    let next = all.next().unwrap_or_default().to_ascii_lowercase();
    if !nexts.is_empty() {
        return nexts.split(' ').any(|word| word == next.trim_end_matches(';'));
    }
    let shouted = first.starts_with(|c: char| c.is_ascii_uppercase())
        && !first.contains(|c: char| c.is_ascii_lowercase());
    let ends = text.trim_end().ends_with(';');
    let asks = text.to_ascii_lowercase().contains(" from ") || next.is_empty() || text.contains('*');
    shouted || ends || asks && !ENGLISH.contains(head)
}

/// Words of Redis' own console.
static REDIS: Words = Words::new(
    "CONFIG INFO FLUSHALL FLUSHDB CLIENT SLOWLOG CLUSTER MEMORY BGSAVE SCAN KEYS DBSIZE DEBUG REPLICAOF \
    SLAVEOF DEL UNLINK XINFO LATENCY SENTINEL TTL PING AUTH TYPE GET SET HGETALL LLEN STRLEN EXISTS \
    EXPIRE MONITOR ROLE SELECT SAVE LASTSAVE SHUTDOWN ACL",
);

pub fn is_redis(text: &str) -> bool {
    text.split_whitespace().next().is_some_and(|word| REDIS.contains(word))
}

/// A query of Prometheus, Loki, Splunk, Kusto, or a Mongo shell.
pub fn is_query(text: &str) -> bool {
    const FUNCTIONS: &[&str] = &[
        "rate(",
        "irate(",
        "increase(",
        "sum(",
        "sum by",
        "sum without",
        "histogram_quantile(",
        "topk(",
        "avg(",
        "avg by",
        "max(",
        "max by",
        "min(",
        "count(",
        "count by",
        "absent(",
        "predict_linear(",
        "delta(",
        "(sum",
        "label_replace(",
        "quantile(",
        "changes(",
        "resets(",
        "time() -",
        "sort_desc(",
        "bottomk(",
    ];
    if text.is_empty() || text.starts_with('#') {
        return false;
    }
    let first = text.as_bytes().first();
    // `count() {` is a function of a shell's own.
    let defines = ["() {", "(){", "( )"].iter().any(|sign| text.contains(sign)) || text.ends_with("()");
    if !defines && FUNCTIONS.iter().any(|f| f.as_bytes().first() == first && text.starts_with(f)) {
        return true;
    }
    let name = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':')).count();
    let rest = text.get(name..).unwrap_or_default();
    let over_time =
        text.get(..name).is_some_and(|name| name.ends_with("_over_time")) && rest.starts_with('(');
    let selector = over_time
        || rest.starts_with('{')
            && (rest.contains("=\"") || rest.contains("=~\"") || rest.contains("!="))
            && !text.starts_with("{\"");
    let splunk = ["source=", "index=", "sourcetype=", "host=", "search "].iter().any(|s| text.starts_with(s))
        && (text.contains(" | ") || text.contains("=\"") || text.contains("=*"));
    let kusto = text.contains('|')
        && (text.starts_with("| where ")
            || text.starts_with("| summarize")
            || text.starts_with("| project")
            || text.contains(" | where ")
            || text.contains(" | summarize ")
            || text.contains(" | stats "));
    let mongo = (text.starts_with("db.")
        || text.starts_with("rs.")
        || text.starts_with("sh.status")
        || text.starts_with("sh.st"))
        && text.contains('(');
    let metric = text.contains('_')
        && name > 3
        && name < text.len()
        && (rest.starts_with(" >") || rest.starts_with(" <") || rest.starts_with(" =="))
        && !text.contains('$')
        && compares(rest);
    let elastic = (text.starts_with("GET ")
        || text.starts_with("PUT ")
        || text.starts_with("POST ")
        || text.starts_with("DELETE "))
        && text.split_whitespace().nth(1).is_some_and(|p| p.starts_with('/') || p.starts_with('_'));
    selector || splunk || kusto || mongo || metric || elastic || is_sum(text)
}

/// Behind the sign stands a number or another metric, and no file to write to.
fn compares(rest: &str) -> bool {
    let value = rest.trim_start_matches([' ', '>', '<', '=']).split_whitespace().next().unwrap_or_default();
    value.parse::<f64>().is_ok() || value.contains('(') || value.contains('_') && !value.contains(['.', '/'])
}

/// `(used_bytes / size_bytes) * 100`, `http_requests_total`: metrics and numbers alone.
fn is_sum(text: &str) -> bool {
    const UNITS: &[&str] =
        &["_total", "_bytes", "_seconds", "_count", "_sum", "_bucket", "_ratio", "_percent", "_bytes_total"];
    let sign = |c: char| c.is_ascii_alphanumeric() || "_: ().*/+-%<>=!".contains(c);
    let mut names = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.')));
    let metric = |name: &str| UNITS.iter().any(|unit| name.ends_with(unit)) && name.matches('_').count() >= 2;
    text.chars().all(sign)
        && !text.starts_with(['/', '.', '-'])
        && (!text.contains(" -") || text.contains(" - "))
        && names.clone().any(metric)
        && names.all(|name| name.is_empty() || name.parse::<f64>().is_ok() || metric(name))
}

/// A query of metrics or logs among commands: nothing that a shell could mean.
pub fn is_metrics(text: &str) -> bool {
    let asked = text.contains(['(', '{']) || is_sum(text);
    let other = ["db.", "rs.", "sh.", "| ", "search ", "GET ", "PUT ", "POST ", "DELETE "];
    asked && !other.iter().any(|start| text.starts_with(start)) && is_query(text)
}

/// A line that goes on with a query: it begins with what joins two of them.
pub fn joins_query(text: &str) -> bool {
    const SIGNS: &[&str] = &[
        "/ ",
        "* ",
        "+ ",
        "- ",
        "% ",
        "> ",
        "< ",
        ">= ",
        "<= ",
        "== ",
        "!= ",
        "and ",
        "or ",
        "unless ",
        "by (",
        "by(",
        "without (",
        "without(",
        "on (",
        "on(",
        "ignoring(",
        "ignoring (",
        "group_left",
        "group_right",
        "offset ",
    ];
    text.starts_with([')', ']', '}', '|']) || SIGNS.iter().any(|sign| text.starts_with(sign))
}

/// The head of a table, a log line, a message of an error.
pub fn is_output(text: &str) -> bool {
    let heads = text.split_whitespace().nth(1).is_some()
        && text.split_whitespace().all(|w| {
            w.bytes().all(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'(' | b')' | b'%' | b'_' | b'/'))
        });
    let stamped = text.len() > 10
        && text.bytes().take(4).all(|b| b.is_ascii_digit())
        && text.as_bytes().get(4) == Some(&b'-');
    let klog = text.len() > 6
        && text.starts_with(['I', 'W', 'E', 'F'])
        && text.bytes().skip(1).take(4).all(|b| b.is_ascii_digit());
    let error =
        ["Error", "error:", "Warning:", "panic:", "fatal:", "ERROR", "FATAL", "level=", "time=", "msg="]
            .iter()
            .any(|s| text.starts_with(s));
    // A tree of processes or of files.
    let tree = text.starts_with(['├', '└', '│']);
    heads || stamped || klog || error || tree
}
