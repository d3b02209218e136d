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
    "declare",
    "typeset",
    "expr",
    "bc",
    "mongosh",
    "mongo",
    "redis-cli",
    "valkey-cli",
    "pwsh",
];

/// Words behind which quoted text is SQL.
const SQL: &[&str] =
    &["psql", "mysql", "mariadb", "sqlite3", "sqlcmd", "cqlsh", "clickhouse-client", "cockroach"];

/// What every value must be looked at for in one text.
pub(super) struct Ground<'a> {
    text: &'a str,
    lang: Lang,
    shape: Shape,
    /// Somebody else reads what stands in quotes.
    read_again: bool,
    sql: bool,
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
                    part.split(|c: char| c.is_whitespace() || matches!(c, ';' | '|' | '&' | '(' | ')'))
                })
                .map(|word| word.rsplit('/').next().unwrap_or(word))
        };
        let computed = ["((", "[[", "`", "$'"].iter().any(|sign| text.contains(sign));
        Ground {
            text,
            lang: statement.lang,
            read_again: computed || statement.traits.remote || words().any(|word| READERS.contains(&word)),
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
        let piece = self.shape.at(place.start);
        let before = piece.and_then(|piece| self.text.get(piece.start..place.start)).unwrap_or_default();
        match place.quoting {
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

    /// Blanks, or a quote behind blanks, stand before it.
    fn begins_a_word(&self, place: Place) -> bool {
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

fn strange(place: &str, value: &str) -> String {
    let sign = value.chars().find(|c| !is_plain(c.encode_utf8(&mut [0; 4])));
    match sign {
        Some(c) if !c.is_control() => format!("holds `{c}`, which cannot stand {place}"),
        Some(_) => format!("holds a control character, which cannot stand {place}"),
        None => format!("cannot stand {place}"),
    }
}

/// For a place within single quotes.
fn single(value: &str) -> String {
    value.replace('\'', "'\\''")
}

/// For a place within double quotes.
fn double(value: &str) -> String {
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
fn in_json(before: &str, sign: &str, value: &str) -> Result<String, String> {
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
fn in_sql(before: &str, value: &str) -> Result<String, String> {
    if before.matches('\'').count() % 2 == 1 {
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
