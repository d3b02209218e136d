//! SQL that changes something: what it would hit, asked by the same conditions in a transaction that only reads.
//!
//! A statement is taken apart by the project's own words and signs, and only where its form is a known one;
//! otherwise nothing is counted, and that is said.
use super::calls::{Found, Input};
use super::raw::{Marks, is_mark, is_open};
use super::{Answer, At, Looks, Reading};
use crate::commands::Lang;
use crate::commands::tools::sql::{Cut, Dialect, Kind, Token, cut, only_compute};
use crate::domain::text::quoted;

mod backends;
mod rows;
mod settings;

/// Options that say which server, database and user.
const PLACE: &str = "-h --host -p --port -U --username -d --dbname";
/// Statements of one text that are looked at.
const STATEMENTS: usize = 8;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    Backends(backends::Sort),
    Rows(rows::Sort),
    Settings(settings::Sort),
}

impl Sort {
    /// One line is one answer.
    pub(super) fn is_single(&self) -> bool {
        match self {
            Sort::Backends(_) => false,
            Sort::Rows(sort) => sort.is_single(),
            Sort::Settings(sort) => matches!(sort, settings::Sort::One { .. }),
        }
    }

    pub(super) fn what(&self) -> &'static str {
        match self {
            Sort::Backends(_) => "the connections",
            Sort::Rows(sort) => sort.what(),
            Sort::Settings(_) => "the setting",
        }
    }
}

/// One SQL statement, while it is asked about.
struct Sql<'x, 'a> {
    at: &'x mut At<'a>,
    /// `psql` and what leads to the server; nothing in a console.
    front: Option<String>,
    text: &'x str,
    tokens: &'x [Token],
}

pub(super) fn look(at: &mut At<'_>) {
    match at.tool {
        "psql" => psql(at),
        "dropdb" => {
            let words = at.objects(0);
            let Some(name) = words.first().map(|arg| arg.text.clone()) else { return at.unlooked() };
            let front = front(at, Some("postgres"));
            let text = format!("DROP DATABASE {}", identifier(&name));
            statements(at, Some(&front), &text);
        }
        "pg_restore" => restore(at),
        _ => at.unlooked(),
    }
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `psql` with what leads to the server, and how it prints.
fn front(at: &At<'_>, database: Option<&str>) -> String {
    let program = if at.tool == "psql" { at.program() } else { "psql" };
    let mut out = format!("{program} -XAtqw -v ON_ERROR_STOP=1{}", at.options(PLACE));
    match database {
        Some(database) if at.args.get("-d --dbname").is_none() => out.extend([" -d ", database]),
        Some(_) => {}
        None => {
            for word in at.objects(0) {
                out.push(' ');
                out.push_str(&word.source);
            }
        }
    }
    out
}

fn psql(at: &mut At<'_>) {
    let front = front(at, None);
    let mut given = false;
    let texts: Vec<_> = at
        .args
        .options
        .iter()
        .filter(|option| option.is("-c") || option.is("--command"))
        .filter_map(|option| option.value.map(str::to_owned))
        .collect();
    if let Some(file) = at.value("-f --file").filter(|file| *file != "-") {
        let file = super::short(file);
        at.unknown(format!("what the SQL of `{file}` would hit is not looked at"));
        given = true;
    }
    for text in &texts {
        given = true;
        statements(at, Some(&front), text);
    }
    if !given {
        if let Input::Text(text) = at.input() {
            statements(at, Some(&front), text);
        } else {
            at.unknown("which SQL comes in is not known before it runs");
            let mut sql = Sql { at, front: Some(front), text: "", tokens: &[] };
            rows::database_as_it_is(&mut sql);
        }
    }
}

fn restore(at: &mut At<'_>) {
    let objects = at.sources(0);
    let ask = format!("pg_restore --list{objects}");
    at.ask(&ask, super::Sort::Sql(Sort::Rows(rows::Sort::Archive { clean: at.has("-c --clean") })));
    if at.args.get("-d --dbname").is_some() {
        let front = front(at, Some("postgres"));
        let mut sql = Sql { at, front: Some(front), text: "", tokens: &[] };
        rows::database_as_it_is(&mut sql);
    }
    at.undo("restore a dump of the database as it is now, if one is written before");
}

/// What is typed into psql.
pub(super) fn console(text: &str, looks: &mut Looks) {
    let (found, marks) = (Found::default(), Marks::default());
    let mut at = At::console("psql", Lang::Sql, &found, &marks, looks);
    statements(&mut at, None, text);
}

fn statements(at: &mut At<'_>, front: Option<&str>, text: &str) {
    let cuts = cut(text, Dialect::Postgres);
    if cuts.len() > STATEMENTS {
        at.unknown("it holds more statements than are looked at");
    }
    for one in cuts.iter().take(STATEMENTS) {
        at.next();
        let mut sql = Sql { at, front: front.map(str::to_owned), text, tokens: &one.tokens };
        sql.look(one);
    }
}

impl Sql<'_, '_> {
    fn look(&mut self, cut: &Cut) {
        let Some(first) = self.tokens.first().filter(|first| first.kind == Kind::Word) else {
            return self.at.unknown("not understood as SQL");
        };
        if cut.open {
            return self.at.unknown("a quote or bracket of the SQL never ends");
        }
        // Only the console's own: `\x`, `\timing`.
        let verb = first.text.clone();
        match verb.as_str() {
            "SELECT" | "WITH" if backends::is_one(self.tokens) => backends::look(self),
            "ALTER" if settings::is_one(self.tokens) => settings::look(self),
            "UPDATE" | "DELETE" | "TRUNCATE" | "DROP" | "VACUUM" | "REINDEX" | "CLUSTER" | "CREATE"
            | "INSERT" | "REFRESH" | "ALTER" => rows::look(self),
            "SET" | "RESET" => settings::look(self),
            "SHOW" | "BEGIN" | "COMMIT" | "END" | "ROLLBACK" | "START" | "EXPLAIN" | "TABLE" | "VALUES" => {}
            "SELECT" | "WITH" => settings::function(self),
            _ => self.at.unknown(format!("what `{}` would change is not looked at", super::short(&verb))),
        }
    }

    /// The text from one token to another, as it is written.
    fn slice(&self, from: usize, to: usize) -> &str {
        let start = self.tokens.get(from).map_or(0, |token| token.start);
        let end = to.checked_sub(1).and_then(|to| self.tokens.get(to)).map_or(start, |token| token.end);
        self.text.get(start..end.max(start)).unwrap_or_default()
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(word))
    }

    /// The place of the first such word outside of brackets.
    fn find(&self, from: usize, words: &[&str]) -> Option<usize> {
        (from..self.tokens.len()).find(|at| {
            self.tokens
                .get(*at)
                .is_some_and(|token| token.depth == 0 && words.iter().any(|word| token.is(word)))
        })
    }

    /// A name with its schema that begins here, and where it ends.
    fn name(&self, from: usize) -> Option<(String, usize)> {
        let part = |at: usize| {
            self.tokens.get(at).is_some_and(|token| matches!(token.kind, Kind::Quoted | Kind::Word))
        };
        if !part(from) {
            return None;
        }
        let mut to = from + 1;
        while self.tokens.get(to).is_some_and(|token| token.sign('.')) && part(to + 1) {
            to += 2;
        }
        Some((self.slice(from, to).to_owned(), to))
    }

    /// A condition is only asked where it cannot do anything itself; otherwise that is said.
    fn is_safe(&mut self, from: usize, to: usize) -> bool {
        let tokens = self.tokens.get(from..to).unwrap_or_default();
        let safe = only_compute(tokens);
        if !safe {
            self.at.unknown("its condition calls a function that may do more than look: nothing is counted");
        }
        safe
    }

    /// Asks one query; what is only known when it runs stands in it as it was written.
    fn ask(&mut self, query: &str, sort: Sort) {
        let sort = super::Sort::Sql(sort);
        let Some(front) = &self.front else {
            if !is_open(query) {
                self.at.ask(query, sort);
            }
            return;
        };
        let place = self.at.place();
        let Some(names) = self.at.marks.variables(query, place.level()) else {
            return self.at.unknown("the SQL holds what only another command knows: nothing is counted");
        };
        let place = place.guarded(&names);
        let Some(word) = self.at.quote(query) else {
            return self.at.unknown("the SQL cannot be written again: nothing is counted");
        };
        let ask = format!("{front} -c 'BEGIN READ ONLY' -c 'SET LOCAL statement_timeout = 1500' -c {word}");
        self.at.ask_in(&place, &ask, sort);
    }

    /// A statement that takes it back.
    fn inverse(&self, statement: &str) -> Option<String> {
        match &self.front {
            Some(front) => {
                let front = front.replacen(" -XAtqw -v ON_ERROR_STOP=1", "", 1);
                self.at.inverse(&format!("{front} -c {}", quoted(statement)))
            }
            None => Some(format!("{statement};")),
        }
    }
}

/// A name for the screen: what is only known when it runs is left open.
fn shown(name: &str) -> String {
    name.chars().map(|sign| if is_mark(sign) { '…' } else { sign }).collect()
}

/// A text of SQL.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

pub(super) fn read(sort: &Sort, answer: &Answer, reading: &mut Reading) {
    if answer.failed(sort.what(), reading) {
        return;
    }
    match sort {
        Sort::Backends(sort) => backends::read(sort, answer, reading),
        Sort::Rows(sort) => rows::read(sort, answer, reading),
        Sort::Settings(sort) => settings::read(sort, answer, reading),
    }
}

/// The fields of a line, the last one as it is.
fn fields(row: &str, count: usize) -> Vec<&str> {
    row.splitn(count, '|').collect()
}
