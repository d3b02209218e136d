//! A value made fit for the place it stands in, so that it is that value there and nothing else.
//!
//! What consists of letters, digits and a few harmless signs is the same everywhere. Anything else is quoted where
//! the quotes are understood, and refused where a second program reads the text: only its author knows how.
use std::fmt::Write;

use super::super::placeholder::{Place, Quoting, Shape, shape};
use crate::commands::{Lang, Statement};

/// Words behind which quoted text is code, or is computed with: what a shell's quotes protect, they read again.
const READERS: &[&str] = &[
    "sh",
    "bash",
    "dash",
    "zsh",
    "ksh",
    "ash",
    "ssh",
    "eval",
    "su",
    "source",
    "trap",
    "watch",
    "parallel",
    "xargs",
    "awk",
    "gawk",
    "mawk",
    "sed",
    "jq",
    "yq",
    "perl",
    "python",
    "python3",
    "ruby",
    "node",
    "php",
    "lua",
    "let",
    "unset",
    "declare",
    "typeset",
    "expr",
    "bc",
    "mongosh",
    "mongo",
    "redis-cli",
    "valkey-cli",
    "pwsh",
    "runuser",
    "sg",
    "script",
    "at",
    "batch",
    "crontab",
    "autossh",
    "pdsh",
    "pssh",
    "clush",
    "ansible",
    "salt",
    "tclsh",
    "expect",
    "osascript",
    "Rscript",
    "gdb",
    "screen",
    "tmux",
    "influx",
    "etcdctl",
];

/// Words behind which quoted text is SQL.
const SQL: &[&str] = &[
    "psql",
    "mysql",
    "mariadb",
    "sqlite3",
    "sqlcmd",
    "cqlsh",
    "clickhouse-client",
    "cockroach",
    "sqlplus",
    "duckdb",
    "trino",
    "presto",
    "bq",
    "hive",
    "beeline",
    "impala-shell",
    "snowsql",
    "pgcli",
    "mycli",
    "isql",
];

/// What every value must be looked at for in one text.
pub(super) struct Ground<'a> {
    pub(super) text: &'a str,
    lang: Lang,
    pub(super) shape: Shape,
    /// Somebody else reads what stands in quotes.
    read_again: bool,
    /// Somebody else reads what the shell has put in for a variable.
    pub(super) computed: bool,
    pub(super) sql: bool,
}

impl<'a> Ground<'a> {
    pub fn of(statement: &'a Statement) -> Ground<'a> {
        let text = statement.text.as_str();
        let shape = shape(text);
        let bare = || shape.pieces.iter().filter(|piece| piece.quoting == Quoting::Bare && !piece.comment);
        let words = || {
            bare()
                .filter_map(|piece| text.get(piece.start..piece.end))
                .flat_map(|part| {
                    part.split(|c: char| c.is_whitespace() || matches!(c, ';' | '|' | '&' | '(' | ')' | '`'))
                })
                .map(|word| word.rsplit('/').next().unwrap_or(word))
        };
        let signs = ["((", "[[", "`", "$'"].iter().any(|sign| text.contains(sign));
        let read_again = statement.traits.remote || words().any(|word| READERS.contains(&word));
        // `[[ … -gt … ]]` computes with its words as `((…))` does.
        let numbers =
            || ["-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-v"].iter().any(|sign| text.contains(sign));
        Ground {
            text,
            lang: statement.lang,
            read_again: signs || read_again,
            computed: read_again || text.contains("((") || text.contains("[[") && numbers(),
            sql: words().any(|word| SQL.contains(&word)),
            shape,
        }
    }

    /// The text that stands for the value in this place, or why it cannot stand there.
    pub fn fit(&self, place: Place, value: &str) -> Result<String, String> {
        if value.contains('\0') {
            return Err("holds a NUL byte".into());
        }
        if self.begins_a_word(place) && value.starts_with('-') {
            return Err("begins with `-` and would be read as an option".into());
        }
        match self.lang {
            Lang::Shell => self.in_shell(place, value),
            Lang::Sql => in_sql(self.text.get(..place.start).unwrap_or_default(), value),
            Lang::Redis | Lang::PowerShell | Lang::Query if is_plain(value) => Ok(value.to_owned()),
            _ => Err(strange("here", value)),
        }
    }

    fn in_shell(&self, place: Place, value: &str) -> Result<String, String> {
        let before = self.before(place);
        match place.quoting {
            Quoting::SqlInDouble | Quoting::JsonInDouble if is_resumed(before) => {
                // What a substitution before it has put in is not known: nor whether this stands in a literal.
                if is_plain(value) && !value.contains("--") {
                    Ok(value.to_owned())
                } else {
                    Err(strange("behind a substitution", value))
                }
            }
            Quoting::Double if value.contains('}') && opens_brace(before) => {
                Err("holds `}`, which would end the default that it stands in".into())
            }
            Quoting::SqlInSingle => in_sql(before, value).map(|text| single(&text)),
            Quoting::SqlInDouble => in_sql(before, value).map(|text| double(&text)),
            Quoting::JsonInSingle => in_json(before, "\"", value).map(|text| single(&text)),
            Quoting::JsonInDouble => in_json(before, "\\\"", value).map(|text| double(&text)),
            _ if self.sql && value.contains("--") => Err("holds `--`, which SQL takes for a comment".into()),
            _ if is_plain(value) => Ok(value.to_owned()),
            Quoting::Heredoc | Quoting::HeredocQuoted => {
                let words = !value.starts_with(' ') && !value.ends_with(' ') && !value.is_empty();
                if words && value.split(' ').all(is_plain) && !self.sql && !self.read_again {
                    Ok(value.to_owned())
                } else {
                    Err(strange("in a here-document", value))
                }
            }
            _ if self.read_again || self.sql => Err(strange("where another program reads it again", value)),
            Quoting::Single => Ok(single(value)),
            Quoting::Double => Ok(double(value)),
            Quoting::Bare => Ok(format!("'{}'", single(value))),
        }
    }

    /// What stands before a place within the same quotes.
    pub(super) fn before(&self, place: Place) -> &'a str {
        let piece = self.shape.at(place.start);
        piece.and_then(|piece| self.text.get(piece.start..place.start)).unwrap_or_default()
    }

    /// Blanks, or a quote behind blanks, stand before it.
    pub(super) fn begins_a_word(&self, place: Place) -> bool {
        let before = self.text.get(..place.start).unwrap_or_default();
        let before = before.strip_suffix(['\'', '"']).unwrap_or(before);
        before.chars().next_back().is_none_or(char::is_whitespace)
    }
}

/// No shell, SQL, JSON or YAML takes these signs for more than themselves.
pub(super) fn is_plain(value: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(&b);
    !value.is_empty()
        && value.bytes().all(fine)
        && !value.starts_with(['=', '@', '%', ',', ':'])
        && !value.ends_with(':')
}

/// The quotes go on behind a substitution.
pub(super) fn is_resumed(before: &str) -> bool {
    before.starts_with(')') || before.contains('`')
}

/// A `${` before it is not closed yet.
fn opens_brace(before: &str) -> bool {
    before.rfind("${").is_some_and(|at| !before.get(at..).is_some_and(|rest| rest.contains('}')))
}

pub(super) fn strange(place: &str, value: &str) -> String {
    let sign = value.chars().find(|c| !is_plain(c.encode_utf8(&mut [0; 4])));
    match sign {
        Some(c) if !c.is_control() => format!("holds `{c}`, which cannot stand {place}"),
        Some(_) => format!("holds a control character, which cannot stand {place}"),
        None => format!("cannot stand {place}"),
    }
}

/// For a place within single quotes.
pub(super) fn single(value: &str) -> String {
    value.replace('\'', "'\\''")
}

/// For a place within double quotes.
pub(super) fn double(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '\\' | '"' | '$' | '`') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `sign` is how a quote of JSON is written there.
pub(super) fn in_json(before: &str, sign: &str, value: &str) -> Result<String, String> {
    let quotes = if sign.len() == 1 {
        // A backslash takes the meaning from the quote behind it.
        let mut escaped = false;
        before
            .bytes()
            .filter(|b| {
                let counts = *b == b'"' && !escaped;
                escaped = *b == b'\\' && !escaped;
                counts
            })
            .count()
    } else {
        before.matches(sign).count()
    };
    if quotes % 2 == 1 {
        let mut out = String::with_capacity(value.len());
        for c in value.chars() {
            match c {
                '"' | '\\' => {
                    out.push('\\');
                    out.push(c);
                }
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                c if c < ' ' => {
                    let _ = write!(out, "\\u{:04x}", u32::from(c));
                }
                c => out.push(c),
            }
        }
        return Ok(out);
    }
    let scalar = serde_json::from_str::<serde_json::Value>(value)
        .is_ok_and(|read| read.is_number() || read.is_boolean() || read.is_null());
    if scalar {
        Ok(value.trim().to_owned())
    } else {
        Err("is no number, `true`, `false` or `null`, as JSON wants it here".into())
    }
}

/// Inside a literal everything can stand, outside a name or a number.
pub(super) fn in_sql(before: &str, value: &str) -> Result<String, String> {
    // Behind these a quote may be no quote: where a literal begins and ends is not known.
    let doubtful = ["\\'", "--", "/*", "$$", "#"].iter().any(|sign| before.contains(sign));
    if !doubtful && before.matches('\'').count() % 2 == 1 {
        // Where backslashes still escape, one could end the literal.
        if value.contains('\\') {
            return Err("holds `\\`, which cannot stand in a literal of SQL".into());
        }
        return Ok(value.replace('\'', "''"));
    }
    let name =
        !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
    let number = value.strip_prefix('-').unwrap_or(value).parse::<f64>().is_ok_and(f64::is_finite);
    if name || number {
        Ok(value.to_owned())
    } else {
        Err("is no name and no number, as SQL wants it here".into())
    }
}
