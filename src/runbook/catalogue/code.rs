//! What a code block holds: commands of which language, or none at all.
use super::super::document::{Fence, Line};
use super::session;
use super::verbs::{First, first, is_command, is_sentence};
use crate::commands::Lang;

/// What a code block turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// Commands; with prompts and output taken away.
    Commands(Vec<session::Part>),
    /// A numbered list or sentences in a fence.
    Prose(Vec<Line>),
    /// Configuration or a program, to be read or applied by hand.
    Snippet,
    /// Scripts inside a configuration.
    Embedded(Vec<Line>),
    /// What a command prints, or nothing.
    Output,
}

/// What the info string says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Shell,
    Session,
    Sql,
    PowerShell,
    Redis,
    Query,
    Snippet,
    Nothing,
}

fn said(lang: &str) -> Said {
    match lang.trim_matches(|c: char| !c.is_ascii_alphanumeric()) {
        "sh" | "bash" | "shell" | "zsh" | "ksh" | "fish" | "ash" | "dash" | "bsh" | "shellscript" | "shell-script" | "command" | "commandline" | "cli" | "bash5" | "bas" | "sehll" | "bahs" | "bashs" | "hs-bash" | "cmd" | "linux" | "unix" | "kubectl" => Said::Shell,
        "console" | "shell-session" | "shellsession" | "sh-session" | "bash-session" | "terminal" | "term" | "session" | "prompt" | "shell_session" | "tty" => Said::Session,
        "sql" | "postgresql" | "postgres" | "pgsql" | "psql" | "plpgsql" | "mysql" | "mariadb" | "sqlite" | "tsql" | "plsql" | "cql" => Said::Sql,
        "powershell" | "ps1" | "pwsh" | "posh" | "ps" => Said::PowerShell,
        "redis" | "redis-cli" => Said::Redis,
        "promql" | "logql" | "kql" | "kusto" | "spl" | "splunk" | "jql" | "mongodb" | "mongo" | "lucene" | "esql" | "eql" | "influxql" | "flux" | "cypher" | "graphql" | "datadog" | "newrelic" | "nrql" | "traceql" => Said::Query,
        "" | "text" | "txt" | "plaintext" | "plain" | "none" | "output" | "log" | "logs" | "stdout" | "code" | "raw" | "example" | "nohighlight" | "no-highlight" | "default" => Said::Nothing,
        _ => Said::Snippet,
    }
}

/// Reads a fence.
pub fn read(fence: &Fence) -> Code {
    let said = said(&fence.lang);
    if matches!(fence.lang.as_str(), "output" | "log" | "logs" | "stdout") {
        return Code::Output;
    }
    read_lines(&fence.body, said)
}

/// Reads code without an info string.
pub fn read_indented(lines: &[Line]) -> Code {
    read_lines(lines, Said::Nothing)
}

fn read_lines(lines: &[Line], said: Said) -> Code {
    let told = lines.iter().filter(|line| !line.text.trim().is_empty()).count();
    if told == 0 {
        return Code::Output;
    }
    if matches!(said, Said::Snippet) {
        return snippet(lines);
    }
    if !matches!(said, Said::Query) {
        if let Some(parts) = session::read(lines) {
            return Code::Commands(parts);
        }
    }
    let look = Look::at(lines);
    let whole = |lang: Lang| Code::Commands(vec![session::Part { lang, lines: without_prose(lines, lang) }]);
    match said {
        Said::Sql if look.first_command && !look.sql => whole(Lang::Shell),
        Said::Sql if look.commented => Code::Prose(lines.to_vec()),
        Said::Sql => whole(Lang::Sql),
        Said::PowerShell => whole(Lang::PowerShell),
        Said::Redis => if look.first_command { whole(Lang::Shell) } else { whole(Lang::Redis) },
        Said::Query => whole(Lang::Query),
        Said::Session if look.commands == 0 => if look.sql { whole(Lang::Sql) } else { Code::Output },
        Said::Shell | Said::Session => {
            if look.numbered && look.commands * 2 < told {
                Code::Prose(lines.to_vec())
            } else if look.config && !look.first_command {
                Code::Snippet
            } else if look.sql && look.commands == 0 {
                whole(Lang::Sql)
            } else if look.query && look.commands == 0 {
                whole(Lang::Query)
            } else if look.output && look.commands == 0 {
                Code::Output
            } else {
                whole(Lang::Shell)
            }
        }
        Said::Nothing | Said::Snippet => {
            if look.sql && !look.first_command {
                whole(Lang::Sql)
            } else if look.first_command && !look.config {
                whole(Lang::Shell)
            } else if look.query {
                whole(Lang::Query)
            } else if look.redis {
                whole(Lang::Redis)
            } else if look.numbered {
                Code::Prose(lines.to_vec())
            } else {
                Code::Output
            }
        }
    }
}

/// A configuration: shell commands under a wrong name, a script inside, or nothing to run.
fn snippet(lines: &[Line]) -> Code {
    let look = Look::at(lines);
    if let Some(parts) = session::read(lines).filter(|_| !look.config) {
        let runs = parts.iter().any(|part| part.lang == Lang::Shell && part.lines.iter().any(|line| is_command(&line.text)));
        if runs {
            return Code::Commands(parts);
        }
    }
    if look.first_command && !look.config && look.commands * 2 >= look.told {
        return Code::Commands(vec![session::Part { lang: Lang::Shell, lines: lines.to_vec() }]);
    }
    if look.sql && look.sql_lines == look.told {
        return Code::Commands(vec![session::Part { lang: Lang::Sql, lines: lines.to_vec() }]);
    }
    match embedded(lines) {
        Some(script) => Code::Embedded(script),
        None => Code::Snippet,
    }
}

/// A shell script in a block scalar (`key: |`), told by its shebang.
fn embedded(lines: &[Line]) -> Option<Vec<Line>> {
    let start = lines.iter().position(|line| {
        let text = line.text.trim();
        text.starts_with("#!") && ["sh", "bash"].iter().any(|shell| text.ends_with(shell))
    })?;
    let above = lines.get(..start)?.last()?.text.trim_end();
    if !above.ends_with(['|', '-', '>', '+']) {
        return None;
    }
    let indent = width(&lines.get(start)?.text);
    let inside = lines.get(start..)?.iter().take_while(|line| line.text.trim().is_empty() || width(&line.text) >= indent);
    Some(inside.map(|line| Line { no: line.no, text: line.text.get(indent.min(line.text.len())..).unwrap_or_default().to_owned() }).collect())
}

fn width(text: &str) -> usize {
    text.len() - text.trim_start_matches(' ').len()
}

/// What the lines look like.
#[derive(Debug, Default)]
struct Look {
    told: usize,
    commands: usize,
    first_command: bool,
    sql: bool,
    sql_lines: usize,
    query: bool,
    redis: bool,
    config: bool,
    numbered: bool,
    output: bool,
    commented: bool,
}

impl Look {
    fn at(lines: &[Line]) -> Self {
        let mut look = Self::default();
        let mut keyed = 0;
        let mut numbered = 0;
        let mut goes_on = false;
        let mut first = None;
        for line in lines {
            let text = line.text.trim();
            if text.is_empty() || text.starts_with('#') || text.starts_with("--") && text.get(2..).is_some_and(|t| t.starts_with(' ')) || text.starts_with("//") {
                continue;
            }
            look.told += 1;
            if goes_on {
                goes_on = text.ends_with('\\');
                look.commands += 1;
                continue;
            }
            let command = is_command(text);
            first.get_or_insert(text);
            if look.told == 1 {
                look.first_command = command;
            }
            if command {
                look.commands += 1;
                goes_on = text.ends_with('\\');
            }
            keyed += usize::from(is_key(text));
            numbered += usize::from(super::text::number(text).is_some_and(|(_, rest)| rest.starts_with(char::is_alphabetic)) || text.starts_with("- ") && !text.contains(": "));
            look.sql_lines += usize::from(is_sql(text));
        }
        look.commented = look.told == 0;
        let begins = first.unwrap_or_default();
        look.sql = is_sql(begins);
        look.query = lines.iter().take(40).any(|line| is_query(line.text.trim())) && !look.sql;
        look.redis = is_redis(begins);
        look.config = look.told > 0 && keyed * 10 >= look.told * 6 || begins.starts_with("apiVersion:") || begins.starts_with(['{', '[']) && !look.query && !begins.starts_with("[ ") && !begins.starts_with("[[");
        look.numbered = numbered * 10 >= look.told * 6 && super::text::number(begins).is_some();
        look.output = is_output(begins);
        look
    }
}

/// `key:`, `key: value`, `- item` of YAML; `name = value` of INI.
fn is_key(text: &str) -> bool {
    let text = text.strip_prefix("- ").unwrap_or(text);
    let name = text.split([':', ' ']).next().unwrap_or_default();
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '"' | '\''));
    let rest = text.get(name.len()..).unwrap_or_default();
    plain && (rest == ":" || rest.starts_with(": ") || rest.starts_with(" = ") && !name.starts_with('$'))
}

fn is_sql(text: &str) -> bool {
    const STARTS: &[(&str, &[&str])] = &[
        ("select", &[]), ("insert", &["into"]), ("update", &[]), ("delete", &["from"]), ("alter", &["table", "system", "role", "user", "database", "index", "sequence", "publication", "subscription", "session", "extension", "keyspace"]), ("create", &["table", "index", "unique", "database", "user", "role", "extension", "view", "or", "publication", "subscription", "materialized", "schema", "keyspace"]),
        ("drop", &["table", "index", "database", "user", "role", "view", "schema", "publication", "subscription", "extension", "keyspace"]), ("vacuum", &[]), ("analyze", &[]), ("truncate", &[]), ("reindex", &["table", "index", "database", "schema", "concurrently"]), ("grant", &[]), ("revoke", &[]), ("explain", &[]), ("with", &[]), ("show", &[]), ("set", &["global", "session", "@@global"]), ("kill", &["query", "connection"]), ("begin;", &[]), ("commit;", &[]), ("rollback;", &[]), ("call", &[]), ("optimize", &["table"]), ("flush", &["privileges", "tables", "logs"]), ("describe", &[]), ("change", &["master", "replication"]), ("start", &["slave", "replica"]), ("stop", &["slave", "replica"]), ("reset", &["slave", "replica", "master"]),
    ];
    let mut all = text.split_whitespace();
    let head = all.next().unwrap_or_default().to_ascii_lowercase();
    let next = all.next().unwrap_or_default().to_ascii_lowercase();
    let Some((_, nexts)) = STARTS.iter().find(|(word, _)| *word == head) else { return false };
    let shouted = text.starts_with(|c: char| c.is_ascii_uppercase()) && text.split_whitespace().next().is_some_and(|w| w.chars().all(|c| !c.is_ascii_lowercase()));
    let bare = matches!(head.as_str(), "update" | "show" | "with" | "grant" | "revoke" | "call" | "explain" | "describe" | "analyze" | "vacuum" | "truncate");
    if nexts.is_empty() {
        return shouted || !bare && (text.contains(" from ") || text.contains(" FROM ") || text.ends_with(';') || next.is_empty() || text.contains('*')) || bare && text.trim_end().ends_with(';');
    }
    nexts.contains(&next.trim_end_matches(';'))
}

fn is_redis(text: &str) -> bool {
    const WORDS: &[&str] = &["CONFIG", "INFO", "FLUSHALL", "FLUSHDB", "CLIENT", "SLOWLOG", "CLUSTER", "MEMORY", "BGSAVE", "SCAN", "KEYS", "DBSIZE", "DEBUG", "REPLICAOF", "SLAVEOF", "DEL", "UNLINK", "XINFO", "LATENCY", "SENTINEL", "ACL"];
    text.split_whitespace().next().is_some_and(|word| WORDS.contains(&word))
}

/// PromQL, LogQL, SPL, KQL, a Mongo shell.
fn is_query(text: &str) -> bool {
    const FUNCTIONS: &[&str] = &["rate(", "irate(", "increase(", "sum(", "sum by", "sum without", "histogram_quantile(", "topk(", "avg(", "avg by", "max(", "max by", "min(", "count(", "count by", "absent(", "predict_linear(", "delta(", "(sum", "label_replace(", "avg_over_time(", "max_over_time(", "count_over_time(", "quantile("];
    if text.is_empty() || text.starts_with('#') {
        return false;
    }
    if FUNCTIONS.iter().any(|f| text.starts_with(f)) {
        return true;
    }
    let name = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':')).count();
    let rest = text.get(name..).unwrap_or_default();
    let selector = rest.starts_with('{') && (rest.contains("=\"") || rest.contains("=~\"") || rest.contains("!=")) && !text.starts_with("{\"");
    let splunk = ["source=", "index=", "sourcetype=", "host=", "search "].iter().any(|s| text.starts_with(s)) && (text.contains(" | ") || text.contains("=\"") || text.contains("=*"));
    let kusto = text.starts_with("| where ") || text.starts_with("| summarize") || text.starts_with("| project") || text.contains(" | where ") || text.contains(" | summarize ") || text.contains(" | stats ");
    let mongo = (text.starts_with("db.") || text.starts_with("rs.") || text.starts_with("sh.status") || text.starts_with("sh.st")) && text.contains('(');
    let metric = text.contains('_') && name > 3 && name < text.len() && (rest.starts_with(" >") || rest.starts_with(" <") || rest.starts_with(" ==")) && !text.contains('$');
    let elastic = (text.starts_with("GET ") || text.starts_with("PUT ") || text.starts_with("POST ") || text.starts_with("DELETE ")) && text.split_whitespace().nth(1).is_some_and(|p| p.starts_with('/') || p.starts_with('_'));
    selector || splunk || kusto || mongo || metric || elastic
}

/// The head of a table, a log line, a message of an error.
fn is_output(text: &str) -> bool {
    let all: Vec<&str> = text.split_whitespace().collect();
    let heads = all.len() >= 2 && all.iter().all(|w| w.chars().all(|c| c.is_ascii_uppercase() || matches!(c, '-' | '(' | ')' | '%' | '_' | '/')));
    let stamped = text.len() > 10 && text.bytes().take(4).all(|b| b.is_ascii_digit()) && text.as_bytes().get(4) == Some(&b'-');
    let klog = text.len() > 6 && text.starts_with(['I', 'W', 'E', 'F']) && text.bytes().skip(1).take(4).all(|b| b.is_ascii_digit());
    let error = ["Error", "error:", "Warning:", "panic:", "fatal:", "ERROR", "FATAL", "level=", "time=", "msg="].iter().any(|s| text.starts_with(s));
    heads || stamped || klog || error
}

/// Sentences between commands become comments, so that the lines keep their numbers and nothing runs them.
fn without_prose(lines: &[Line], lang: Lang) -> Vec<Line> {
    if lang != Lang::Shell {
        return lines.to_vec();
    }
    let mut kept = Vec::with_capacity(lines.len());
    let mut goes_on = false;
    for line in lines {
        let text = line.text.trim();
        let inside = goes_on;
        goes_on = text.ends_with('\\');
        let head = text.split_whitespace().next().unwrap_or_default();
        let quotes = text.matches(['"', '\'']).count() % 2 == 1 && !text.contains("n't") && !text.contains("'s ");
        let prose = !inside && !text.starts_with('#') && !quotes && is_sentence(text) && !(first(head) == First::Path);
        let rule = !inside && text.len() >= 3 && text.chars().all(|c| matches!(c, '-' | '=' | '*' | '_'));
        // Only at the left edge: text in here-documents and quotes is mostly further in.
        let edge = !line.text.starts_with([' ', '\t']);
        if (prose || rule) && edge && !within_quotes(&kept) {
            kept.push(Line { no: line.no, text: format!("# {text}") });
        } else {
            kept.push(line.clone());
        }
    }
    kept
}

/// A quote or here-document that began above is still open; only the last lines are looked at.
fn within_quotes(kept: &[Line]) -> bool {
    let from = kept.len().saturating_sub(80);
    let tail = kept.get(from..).unwrap_or_default();
    let text: Vec<&str> = tail.iter().map(|line| line.text.as_str()).collect();
    super::super::placeholder::shape(&text.join("\n")).open
}
