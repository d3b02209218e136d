//! What a code block looks like: which language its info string says, and which its lines speak.
use super::super::document::Line;
use super::text::{bare_label, number};
use super::verbs::{self, First, is_command, is_sentence};
use super::words::Words;

/// Languages of programs, settings and data.
static WRITTEN: Words = Words::new(
    "yaml yml json jsonc json5 jsonnet toml ini cfg conf config properties xml html css scss hcl terraform tf \
     python py python3 ruby rb go golang java kotlin scala rust rs c cpp c++ csharp cs php perl lua r swift js javascript \
     jsx ts typescript tsx groovy jenkinsfile gradle dockerfile docker makefile make nginx apache apacheconf vim diff patch \
     mermaid plantuml dot graphviz puml markdown md mdx rst asciidoc csv tsv http https proto protobuf thrift starlark bzl \
     systemd service env dotenv crontab cron erb jinja jinja2 j2 handlebars vcl haproxy lisp clojure elixir erlang haskell \
     node nodejs regex rego cue nix pkl bicep cql3 console-log math latex tex svg ascii art flow sequence",
);

/// What the info string says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    Shell,
    Session,
    Sql,
    PowerShell,
    Redis,
    Query,
    Snippet,
    Nothing,
}

pub fn said(lang: &str) -> Said {
    match lang.trim_matches(|c: char| !c.is_ascii_alphanumeric()) {
        "sh"
        | "bash"
        | "shell"
        | "zsh"
        | "ksh"
        | "fish"
        | "ash"
        | "dash"
        | "bsh"
        | "shellscript"
        | "shell-script"
        | "command"
        | "commandline"
        | "cli"
        | "bash5"
        | "bas"
        | "sehll"
        | "bahs"
        | "bashs"
        | "hs-bash"
        | "linux"
        | "unix"
        | "kubectl"
        | "azurecli"
        | "azurecli-interactive"
        | "gcloud"
        | "aws" => Said::Shell,
        "console" | "shell-session" | "shellsession" | "sh-session" | "bash-session" | "terminal"
        | "term" | "session" | "prompt" | "shell_session" | "tty" => Said::Session,
        "sql" | "postgresql" | "postgres" | "pgsql" | "psql" | "plpgsql" | "mysql" | "mariadb" | "sqlite"
        | "tsql" | "plsql" | "cql" => Said::Sql,
        "powershell"
        | "ps1"
        | "pwsh"
        | "posh"
        | "ps"
        | "azurepowershell"
        | "azurepowershell-interactive"
        | "bat"
        | "batch"
        | "dos"
        | "cmd" => Said::PowerShell,
        "redis" | "redis-cli" => Said::Redis,
        "promql" | "logql" | "kql" | "kusto" | "spl" | "splunk" | "jql" | "mongodb" | "mongo" | "lucene"
        | "esql" | "eql" | "influxql" | "flux" | "cypher" | "graphql" | "datadog" | "newrelic" | "nrql"
        | "traceql" => Said::Query,
        "" | "text" | "txt" | "plaintext" | "plain" | "none" | "output" | "log" | "logs" | "stdout"
        | "code" | "raw" | "example" | "nohighlight" | "no-highlight" | "default" => Said::Nothing,
        tag if is_written(tag) => Said::Snippet,
        // A word that nobody knows, often misspelt: the lines themselves tell.
        _ => Said::Nothing,
    }
}

fn is_written(tag: &str) -> bool {
    WRITTEN.contains(tag)
}

/// What the lines look like.
#[derive(Debug, Default)]
pub struct Look {
    pub told: usize,
    pub commands: usize,
    pub first_command: bool,
    pub sql: bool,
    pub sql_lines: usize,
    pub query: bool,
    pub redis: bool,
    pub config: bool,
    pub numbered: bool,
    pub output: bool,
    pub commented: bool,
    /// Lines such as `key: value`.
    pub keyed: usize,
    /// Lines such as `Some name: value`, that are no commands.
    pub labelled: usize,
    /// It begins with a sentence, and commands follow.
    pub prose: bool,
}

impl Look {
    pub fn at(lines: &[Line]) -> Self {
        let mut look = Self::default();
        let mut keyed = 0;
        let mut strong = 0;
        let mut numbered = 0;
        let mut goes_on = false;
        let mut first = None;
        for line in lines {
            let text = line.text.trim();
            if text.is_empty()
                || text.starts_with('#')
                || text.starts_with("--") && text.get(2..).is_some_and(|t| t.starts_with(' '))
                || text.starts_with("//")
            {
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
            look.labelled += usize::from(!command && bare_label(text).is_some());
            strong += usize::from(
                command && verbs::first(text.split_whitespace().next().unwrap_or_default()) == First::Tool,
            );
            numbered += usize::from(
                number(text).is_some_and(|(_, rest)| rest.starts_with(char::is_alphabetic))
                    || text.starts_with("- ") && !text.contains(": "),
            );
            look.sql_lines += usize::from(is_sql(text));
        }
        look.commented = look.told == 0;
        look.keyed = keyed;
        look.prose = strong > 0
            && (is_sentence(begins) || begins.ends_with(':') && begins.contains(' ') && !is_key(begins));
        let begins = first.unwrap_or_default();
        look.sql = is_sql(begins);
        look.query = lines.iter().take(40).any(|line| is_query(line.text.trim())) && !look.sql;
        look.redis = is_redis(begins);
        look.config = look.told > 0 && keyed * 10 >= look.told * 6
            || begins.starts_with("apiVersion:")
            || begins.starts_with(['{', '['])
                && !look.query
                && !begins.starts_with("[ ")
                && !begins.starts_with("[[");
        look.numbered = numbered * 10 >= look.told * 6 && number(begins).is_some();
        look.output = is_output(begins);
        look
    }
}

/// `key:`, `key: value`, `- item` of YAML; `name = value` of INI.
pub fn is_key(text: &str) -> bool {
    let text = text.strip_prefix("- ").unwrap_or(text);
    let name = text.split([':', ' ']).next().unwrap_or_default();
    let plain = !name.is_empty()
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '"' | '\''));
    let rest = text.get(name.len()..).unwrap_or_default();
    plain && (rest == ":" || rest.starts_with(": ") || rest.starts_with(" = ") && !name.starts_with('$'))
}

pub fn is_sql(text: &str) -> bool {
    const STARTS: &[(&str, &[&str])] = &[
        ("select", &[]),
        ("insert", &["into"]),
        ("update", &[]),
        ("delete", &["from"]),
        (
            "alter",
            &[
                "table",
                "system",
                "role",
                "user",
                "database",
                "index",
                "sequence",
                "publication",
                "subscription",
                "session",
                "extension",
                "keyspace",
            ],
        ),
        (
            "create",
            &[
                "table",
                "index",
                "unique",
                "database",
                "user",
                "role",
                "extension",
                "view",
                "or",
                "publication",
                "subscription",
                "materialized",
                "schema",
                "keyspace",
            ],
        ),
        (
            "drop",
            &[
                "table",
                "index",
                "database",
                "user",
                "role",
                "view",
                "schema",
                "publication",
                "subscription",
                "extension",
                "keyspace",
            ],
        ),
        ("vacuum", &[]),
        ("analyze", &[]),
        ("truncate", &[]),
        ("reindex", &["table", "index", "database", "schema", "concurrently"]),
        ("grant", &[]),
        ("revoke", &[]),
        ("explain", &[]),
        ("with", &[]),
        ("show", &[]),
        ("set", &["global", "session", "@@global"]),
        ("kill", &["query", "connection"]),
        ("begin;", &[]),
        ("commit;", &[]),
        ("rollback;", &[]),
        ("call", &[]),
        ("optimize", &["table"]),
        ("flush", &["privileges", "tables", "logs"]),
        ("describe", &[]),
        ("change", &["master", "replication"]),
        ("start", &["slave", "replica"]),
        ("stop", &["slave", "replica"]),
        ("reset", &["slave", "replica", "master"]),
    ];
    let mut all = text.split_whitespace();
    let head = all.next().unwrap_or_default().to_ascii_lowercase();
    let next = all.next().unwrap_or_default().to_ascii_lowercase();
    let Some((_, nexts)) = STARTS.iter().find(|(word, _)| *word == head) else { return false };
    let shouted = text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.split_whitespace().next().is_some_and(|w| w.chars().all(|c| !c.is_ascii_lowercase()));
    let bare = matches!(
        head.as_str(),
        "update"
            | "show"
            | "with"
            | "grant"
            | "revoke"
            | "call"
            | "explain"
            | "describe"
            | "analyze"
            | "vacuum"
            | "truncate"
    );
    if nexts.is_empty() {
        return shouted
            || !bare
                && (text.contains(" from ")
                    || text.contains(" FROM ")
                    || text.ends_with(';')
                    || next.is_empty()
                    || text.contains('*'))
            || bare && text.trim_end().ends_with(';');
    }
    nexts.contains(&next.trim_end_matches(';'))
}

pub fn is_redis(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "CONFIG",
        "INFO",
        "FLUSHALL",
        "FLUSHDB",
        "CLIENT",
        "SLOWLOG",
        "CLUSTER",
        "MEMORY",
        "BGSAVE",
        "SCAN",
        "KEYS",
        "DBSIZE",
        "DEBUG",
        "REPLICAOF",
        "SLAVEOF",
        "DEL",
        "UNLINK",
        "XINFO",
        "LATENCY",
        "SENTINEL",
        "TTL",
        "PING",
        "AUTH",
        "TYPE",
        "GET",
        "SET",
        "HGETALL",
        "LLEN",
        "STRLEN",
        "EXISTS",
        "EXPIRE",
        "MONITOR",
        "ROLE",
        "SELECT",
        "SAVE",
        "LASTSAVE",
        "SHUTDOWN",
        "ACL",
    ];
    text.split_whitespace().next().is_some_and(|word| WORDS.contains(&word))
}

/// PromQL, LogQL, SPL, KQL, a Mongo shell.
fn is_query(text: &str) -> bool {
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
    if FUNCTIONS.iter().any(|f| text.starts_with(f)) {
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
    let kusto = text.starts_with("| where ")
        || text.starts_with("| summarize")
        || text.starts_with("| project")
        || text.contains(" | where ")
        || text.contains(" | summarize ")
        || text.contains(" | stats ");
    let mongo = (text.starts_with("db.")
        || text.starts_with("rs.")
        || text.starts_with("sh.status")
        || text.starts_with("sh.st"))
        && text.contains('(');
    let metric = text.contains('_')
        && name > 3
        && name < text.len()
        && (rest.starts_with(" >") || rest.starts_with(" <") || rest.starts_with(" =="))
        && !text.contains('$');
    let elastic = (text.starts_with("GET ")
        || text.starts_with("PUT ")
        || text.starts_with("POST ")
        || text.starts_with("DELETE "))
        && text.split_whitespace().nth(1).is_some_and(|p| p.starts_with('/') || p.starts_with('_'));
    selector || splunk || kusto || mongo || metric || elastic
}

/// The head of a table, a log line, a message of an error.
pub fn is_output(text: &str) -> bool {
    let all: Vec<&str> = text.split_whitespace().collect();
    let heads = all.len() >= 2
        && all.iter().all(|w| {
            w.chars().all(|c| c.is_ascii_uppercase() || matches!(c, '-' | '(' | ')' | '%' | '_' | '/'))
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
    heads || stamped || klog || error
}
