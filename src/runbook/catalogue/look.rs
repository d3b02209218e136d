//! What a code block looks like: which language its info string says, and which its lines speak.
use super::super::document::Line;
use super::super::words::Words;
use super::speech::{is_key, is_output, is_query, is_redis, is_sql};
use super::text::{bare_label, number};
use super::verbs::{self, First, is_command, is_sentence};

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
    /// How many lines begin as its first one does, if that is SQL.
    pub sql_lines: usize,
    pub query: bool,
    pub redis: bool,
    pub config: bool,
    pub numbered: bool,
    pub output: bool,
    pub commented: bool,
    /// Lines such as `key: value`, or `Some name: value` that are no commands.
    pub labelled: bool,
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
                look.sql = is_sql(text);
            }
            if command {
                look.commands += 1;
                goes_on = text.ends_with('\\');
            }
            keyed += usize::from(is_key(text));
            look.labelled = look.labelled || keyed > 0 || !command && bare_label(text).is_some();
            strong += usize::from(
                command && verbs::first(text.split_whitespace().next().unwrap_or_default()) == First::Tool,
            );
            numbered += usize::from(
                number(text).is_some_and(|(_, rest)| rest.starts_with(char::is_alphabetic))
                    || text.starts_with("- ") && !text.contains(": "),
            );
            look.sql_lines += usize::from(look.sql && is_sql(text));
        }
        look.commented = look.told == 0;
        let begins = first.unwrap_or_default();
        look.prose = strong > 0
            && (is_sentence(begins) || begins.ends_with(':') && begins.contains(' ') && !is_key(begins));
        look.query = !look.sql && lines.iter().take(40).any(|line| is_query(line.text.trim()));
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
