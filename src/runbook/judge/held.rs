//! The statements of a `psql` that found no slot, and the server it names.
use std::fmt;

/// What is only known when it runs.
const UNKNOWN: char = '\u{fffc}';

/// Where a command would have gone, as far as it says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    pub host: Option<String>,
    pub port: Option<String>,
    pub database: Option<String>,
}

impl Named {
    pub fn is_nothing(&self) -> bool {
        *self == Named::default()
    }

    /// An address or pairs, as libpq takes them in place of a database's name. Who logs in, and how, is left out.
    fn take(&mut self, text: &str) {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let address = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        if let Some(rest) = address {
            let rest = rest.split(['?', '#']).next().unwrap_or_default();
            let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            let port = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
            let (host, port) = port.map_or((host, ""), |(host, port)| (host, port));
            (self.host, self.port) = (some(host).or(self.host.take()), some(port).or(self.port.take()));
            self.database = some(database).or(self.database.take());
            return;
        }
        if !text.contains('=') {
            self.database = some(text);
            return;
        }
        for (name, value) in text.split_whitespace().filter_map(|pair| pair.split_once('=')) {
            let value = some(value.trim_matches('\''));
            match name {
                "host" | "hostaddr" => self.host = value,
                "port" => self.port = value,
                "dbname" => self.database = value,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.host.as_deref().unwrap_or("this box"))?;
        if let Some(port) = &self.port {
            write!(out, ":{port}")?;
        }
        match &self.database {
            Some(database) => write!(out, "/{database}"),
            None => Ok(()),
        }
    }
}

/// Options with a value; all others of psql have none.
const SHORT: &str = "cdfFhLopPRTUv";
const LONG: &[&str] = &[
    "command",
    "dbname",
    "file",
    "field-separator",
    "host",
    "log-file",
    "output",
    "port",
    "pset",
    "record-separator",
    "table-attr",
    "username",
    "set",
    "variable",
];

/// What a `psql` with these words asks, text by text; nothing where not all of it is known, or a file has more.
pub(super) fn read(words: &[String]) -> Option<(Vec<String>, Named)> {
    let (mut sql, mut named, mut bare) = (Vec::new(), Named::default(), 0);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (option, value) = if let Some(long) = word.strip_prefix("--") {
            match long.split_once('=') {
                Some((name, value)) => (name.to_owned(), value.to_owned()),
                None if LONG.contains(&long) => (long.to_owned(), words.next()?.clone()),
                None => continue,
            }
        } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            // Flags may stand before an option with a value: `-tAc 'SELECT 1'`.
            let Some(at) = letters.find(|letter| SHORT.contains(letter)) else { continue };
            let (option, rest) = letters.get(at..)?.split_at_checked(1)?;
            let value = if rest.is_empty() { words.next()?.clone() } else { rest.to_owned() };
            (option.to_owned(), value)
        } else {
            bare += 1;
            ((if bare == 1 { "d" } else { "U" }).to_owned(), word.clone())
        };
        match option.as_str() {
            "c" | "command" if value.contains(UNKNOWN) => return None,
            "c" | "command" => sql.push(value),
            "f" | "file" => return None,
            "h" | "host" => named.host = Some(value.replace(UNKNOWN, "…")),
            "p" | "port" => named.port = Some(value.replace(UNKNOWN, "…")),
            "d" | "dbname" => named.take(&value.replace(UNKNOWN, "…")),
            _ => {}
        }
    }
    (!sql.is_empty()).then_some((sql, named))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<(Vec<String>, String)> {
        let words: Vec<String> = text.split('|').map(str::to_owned).collect();
        read(&words).map(|(sql, named)| (sql, named.to_string()))
    }

    #[test]
    fn statements_and_server_are_read_as_psql_reads_its_words() {
        let is = |text: &str, sql: &[&str], named: &str| {
            assert_eq!(
                of(text),
                Some((sql.iter().map(|one| (*one).to_owned()).collect(), named.into())),
                "{text}"
            );
        };
        is("-tAc|SELECT 1", &["SELECT 1"], "this box");
        is("-h|db|-p|6432|-U|web|shop|-c|A|--command=B", &["A", "B"], "db:6432/shop");
        is("-hdb|-dshop|--command|A", &["A"], "db/shop");
        is("postgres://web:pw@db:5433/shop?sslmode=require|-c|A", &["A"], "db:5433/shop");
        is("host=db dbname=shop password=pw|-c|A", &["A"], "db/shop");
        is("--host=db|-v|ON_ERROR_STOP=1|-c|A|-P|pager=off|shop|web", &["A"], "db/shop");
    }

    #[test]
    fn what_is_not_known_whole_is_not_offered() {
        assert_eq!(of(&format!("-c|SELECT {UNKNOWN}")), None);
        assert_eq!(of("-c|A|-f|more.sql"), None);
        assert_eq!(of("shop"), None);
        assert_eq!(of("-c"), None);
    }
}
