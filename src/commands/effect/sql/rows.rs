//! Rows, tables and databases that would be changed, emptied, dropped or rewritten.
use super::super::answer::{bytes, count};
use super::super::raw::is_open;
use super::super::{Answer, Reading};
use super::{Sql, fields, literal, shown};

/// Rows are counted up to here.
const ROWS: u64 = 100_000;
/// Tables of one statement.
const TABLES: usize = 8;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    /// How many rows; what is done with them.
    Count {
        table: String,
        gone: bool,
    },
    /// Values of a column as they are: `count|value`.
    Values {
        column: String,
        new: String,
    },
    /// `kind|name|detail` of what hangs on a table.
    Dependents {
        table: String,
        way: Way,
    },
    /// `rows|bytes|sessions`; why others wait.
    Size {
        table: String,
        gone: bool,
        lock: &'static str,
    },
    Database {
        name: String,
    },
    /// `pg_restore --list`.
    Archive {
        clean: bool,
    },
}

/// What is done with a table, as far as it concerns others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Update,
    Delete,
    Truncate { cascade: bool },
    Drop { cascade: bool },
}

impl Sort {
    pub(super) fn is_single(&self) -> bool {
        matches!(self, Sort::Count { .. } | Sort::Size { .. } | Sort::Database { .. })
    }

    pub(super) fn what(&self) -> &'static str {
        match self {
            Sort::Count { .. } | Sort::Values { .. } => "the rows",
            Sort::Dependents { .. } => "what hangs on it",
            Sort::Size { .. } => "its size",
            Sort::Database { .. } => "the database",
            Sort::Archive { .. } => "the archive",
        }
    }
}

const ALL_WAIT: &str = "readers and writers wait until it ends";
const WRITERS_WAIT: &str = "writers wait until it ends";
const NOBODY: &str = "";

pub(super) fn look(sql: &mut Sql<'_, '_>) {
    let verb = sql.tokens.first().map_or("", |token| token.text.as_str()).to_owned();
    match verb.as_str() {
        "DELETE" | "UPDATE" => changed(sql, verb == "DELETE"),
        "TRUNCATE" => truncated(sql),
        "DROP" => dropped(sql),
        "INSERT" => inserted(sql),
        _ => rewritten(sql, &verb),
    }
}

fn unclear(sql: &mut Sql<'_, '_>) {
    sql.at.unknown("which rows it means cannot be told from its form: nothing is counted");
}

fn changed(sql: &mut Sql<'_, '_>, gone: bool) {
    let mut at = if gone {
        if !sql.is(1, "FROM") {
            return unclear(sql);
        }
        2
    } else {
        1
    };
    if sql.is(at, "ONLY") {
        at += 1;
    }
    let start = at;
    let Some((table, mut at)) = sql.name(at) else { return unclear(sql) };
    if sql.is(at, "AS") {
        at += 1;
    }
    let stops = ["WHERE", "SET", "USING", "RETURNING"];
    let alias = sql.tokens.get(at).is_some_and(|_| !stops.iter().any(|word| sql.is(at, word)));
    if alias {
        let Some((_, end)) = sql.name(at) else { return unclear(sql) };
        at = end;
    }
    let from = sql.slice(start, at).to_owned();
    let wrong =
        if gone { sql.is(at, "USING") } else { !sql.is(at, "SET") || sql.find(at, &["FROM"]).is_some() };
    if wrong {
        return unclear(sql);
    }
    let end = sql.find(at, &["RETURNING"]).unwrap_or(sql.tokens.len());
    let condition = match sql.find(at, &["WHERE"]) {
        Some(place) => sql.slice(place + 1, end).to_owned(),
        None if gone && at != end => return unclear(sql),
        None => "true".to_owned(),
    };
    if condition.trim().is_empty() || condition.to_ascii_uppercase().contains("CURRENT OF") {
        return unclear(sql);
    }
    let begins = sql.find(at, &["WHERE"]).unwrap_or(end);
    if !sql.is_safe(begins, end) {
        return;
    }
    let query =
        format!("SELECT count(*) FROM (SELECT 1 FROM {from} WHERE {condition} LIMIT {}) AS hit", ROWS + 1);
    sql.ask(&query, super::Sort::Rows(Sort::Count { table: shown(&table), gone }));
    if !gone {
        values(sql, at + 1, &from, &condition);
    }
    dependents(sql, &table, if gone { Way::Delete } else { Way::Update });
    sql.at.undo(if gone {
        "begin a transaction first; deleted rows come back from a backup alone"
    } else {
        "begin a transaction first; the old values come back from a backup alone"
    });
}

/// `SET column = value`, if that is all.
fn values(sql: &mut Sql<'_, '_>, at: usize, from: &str, condition: &str) {
    let end = sql.find(at, &["WHERE", "RETURNING"]).unwrap_or(sql.tokens.len());
    let Some((column, next)) = sql.name(at) else { return };
    let single = !sql.tokens.iter().take(end).skip(at).any(|token| token.depth == 0 && token.sign(','));
    let equals = sql.tokens.get(next).is_some_and(|token| token.sign('='));
    if !single || !equals || crate::domain::secret::looks_secret(&column) {
        return;
    }
    let new = sql.slice(next + 1, end).to_owned();
    let query = format!(
        "SELECT count(*), left({column}::text, 60) FROM (SELECT {column} FROM {from} WHERE {condition} LIMIT {ROWS}) AS hit GROUP BY 2 ORDER BY 1 DESC LIMIT 5"
    );
    sql.ask(&query, super::Sort::Rows(Sort::Values { column: shown(&column), new }));
}

fn dependents(sql: &mut Sql<'_, '_>, table: &str, way: Way) {
    let name = literal(table);
    let query = format!(
        "SELECT 'key', conrelid::regclass::text, confdeltype::text FROM pg_constraint WHERE contype = 'f' AND confrelid = to_regclass({name}) \
         UNION ALL SELECT 'trigger', tgname::text, '' FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = to_regclass({name}) \
         UNION ALL SELECT 'view', c.oid::regclass::text, '' FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class c ON c.oid = r.ev_class \
         WHERE d.refobjid = to_regclass({name}) AND c.oid <> d.refobjid LIMIT 40"
    );
    sql.ask(&query, super::Sort::Rows(Sort::Dependents { table: shown(table), way }));
}

fn size(sql: &mut Sql<'_, '_>, table: &str, gone: bool, lock: &'static str) {
    let name = literal(table);
    let query = format!(
        "SELECT CASE WHEN c.relkind = 'p' THEN (SELECT sum(p.reltuples)::bigint FROM pg_partition_tree(c.oid) t JOIN pg_class p ON p.oid = t.relid WHERE t.isleaf) ELSE c.reltuples::bigint END, \
         CASE WHEN c.relkind = 'p' THEN (SELECT sum(pg_total_relation_size(t.relid))::bigint FROM pg_partition_tree(c.oid) t) ELSE pg_total_relation_size(c.oid) END, (SELECT count(DISTINCT pid) FROM pg_locks WHERE relation = c.oid AND pid <> pg_backend_pid()) FROM pg_class c WHERE c.oid = to_regclass({name})"
    );
    sql.ask(&query, super::Sort::Rows(Sort::Size { table: shown(table), gone, lock }));
}

/// The names of a list, from here on.
fn names(sql: &Sql<'_, '_>, mut at: usize) -> Option<(Vec<String>, usize)> {
    let mut names = Vec::new();
    loop {
        if sql.is(at, "ONLY") {
            at += 1;
        }
        let (name, next) = sql.name(at)?;
        names.push(name);
        at = next;
        if sql.tokens.get(at).is_some_and(|token| token.sign('*')) {
            at += 1;
        }
        if sql.tokens.get(at).is_some_and(|token| token.sign(',')) && names.len() < TABLES {
            at += 1;
        } else {
            return Some((names, at));
        }
    }
}

/// Says so where the list goes on behind those that are looked at.
fn more(sql: &mut Sql<'_, '_>, end: usize) {
    if sql.tokens.get(end).is_some_and(|token| token.sign(',')) {
        sql.at.unknown(format!("only the first {TABLES} of its names are looked at"));
    }
}

fn truncated(sql: &mut Sql<'_, '_>) {
    let at = if sql.is(1, "TABLE") { 2 } else { 1 };
    let Some((tables, end)) = names(sql, at) else { return unclear(sql) };
    more(sql, end);
    let cascade = sql.find(end, &["CASCADE"]).is_some();
    for table in &tables {
        size(sql, table, true, ALL_WAIT);
        dependents(sql, table, Way::Truncate { cascade });
    }
    if cascade {
        sql.at.drops("the rows of every table that refers to it (CASCADE)");
    }
    sql.at.undo("emptied tables come back from a backup alone");
}

fn dropped(sql: &mut Sql<'_, '_>) {
    let kind = sql.tokens.get(1).map(|token| token.text.clone()).unwrap_or_default();
    let mut at = 2;
    if kind == "MATERIALIZED" || kind == "FOREIGN" {
        at = 3;
    }
    if sql.is(at, "CONCURRENTLY") {
        at += 1;
    }
    if sql.is(at, "IF") && sql.is(at + 1, "EXISTS") {
        at += 2;
    }
    let Some((names, end)) = names(sql, at) else { return unclear(sql) };
    more(sql, end);
    let cascade = sql.find(end, &["CASCADE"]).is_some();
    match kind.as_str() {
        "TABLE" | "INDEX" | "VIEW" | "MATERIALIZED" | "SEQUENCE" | "FOREIGN" => {
            for name in &names {
                size(sql, name, true, ALL_WAIT);
                dependents(sql, name, Way::Drop { cascade });
            }
        }
        "DATABASE" => names.iter().for_each(|name| database(sql, name)),
        "SCHEMA" => {
            for name in &names {
                let folded = folded(name);
                let query = format!(
                    "SELECT count(*), coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint, 0 FROM pg_class c WHERE c.relkind IN ('r', 'p', 'm') AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = {})",
                    literal(&folded)
                );
                let table = format!("schema {}, tables", shown(name));
                sql.ask(&query, super::Sort::Rows(Sort::Size { table, gone: true, lock: NOBODY }));
            }
        }
        _ => {
            let what = super::super::short(&names.join(", "));
            sql.at.unknown(format!("what hangs on {what} is not looked at"));
        }
    }
    if cascade {
        sql.at.drops("everything that hangs on it (CASCADE)");
    }
    sql.at.undo("what is dropped comes back from a backup alone");
}

/// A name as the server keeps it.
fn folded(name: &str) -> String {
    match name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => name.to_lowercase(),
    }
}

fn database(sql: &mut Sql<'_, '_>, name: &str) {
    let folded = folded(name);
    let query = format!(
        "SELECT 0, pg_database_size(d.oid), (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid AND a.pid <> pg_backend_pid()) FROM pg_database d WHERE d.datname = {}",
        literal(&folded)
    );
    sql.ask(&query, super::Sort::Rows(Sort::Database { name: shown(&folded) }));
}

/// What lies in the database that is connected to.
pub(super) fn database_as_it_is(sql: &mut Sql<'_, '_>) {
    let query = "SELECT 0, pg_database_size(current_database()), (SELECT count(*) FROM pg_stat_activity a WHERE a.datname = current_database() AND a.pid <> pg_backend_pid())";
    sql.ask(query, super::Sort::Rows(Sort::Database { name: "that it works in".to_owned() }));
}

fn inserted(sql: &mut Sql<'_, '_>) {
    let table = sql.is(1, "INTO").then(|| sql.name(2)).flatten();
    let Some((table, _)) = table else { return unclear(sql) };
    size(sql, &table, false, NOBODY);
    sql.at.unknown(format!("how many rows it adds to {} is not counted", super::super::short(&table)));
}

/// Tables that are rewritten or locked.
fn rewritten(sql: &mut Sql<'_, '_>, verb: &str) {
    let concurrently = sql.tokens.iter().any(|token| token.is("CONCURRENTLY"));
    let after = |sql: &Sql<'_, '_>, words: &[&str]| {
        sql.find(1, words).and_then(|at| {
            let mut at = at + 1;
            while ["ONLY", "IF", "EXISTS", "CONCURRENTLY", "TABLE"].iter().any(|word| sql.is(at, word)) {
                at += 1;
            }
            sql.name(at)
        })
    };
    let found = match verb {
        "VACUUM" => {
            let full = sql.tokens.iter().any(|token| token.is("FULL"));
            let at = (1..sql.tokens.len()).find(|at| {
                sql.tokens.get(*at).is_some_and(|token| {
                    let options = ["FULL", "VERBOSE", "ANALYZE", "FREEZE"];
                    token.depth == 0
                        && !token.sign('(')
                        && !token.sign(')')
                        && !options.iter().any(|word| token.is(word))
                })
            });
            let lock = if full { ALL_WAIT } else { NOBODY };
            at.and_then(|at| sql.name(at)).map(|(name, _)| (name, lock))
        }
        "CREATE" if sql.tokens.iter().take(4).any(|token| token.is("INDEX")) => {
            let lock = if concurrently { NOBODY } else { WRITERS_WAIT };
            after(sql, &["ON"]).map(|(name, _)| (name, lock))
        }
        "REINDEX" => {
            let lock = if concurrently { NOBODY } else { WRITERS_WAIT };
            let found = after(sql, &["TABLE", "INDEX"]);
            found.map(|(name, _)| (name, lock))
        }
        "CLUSTER" => sql.name(1).map(|(name, _)| (name, ALL_WAIT)),
        "REFRESH" => {
            let lock = if concurrently { NOBODY } else { "readers wait until it ends" };
            after(sql, &["VIEW"]).map(|(name, _)| (name, lock))
        }
        "ALTER" if sql.is(1, "TABLE") => after(sql, &["TABLE"]).map(|(name, _)| (name, ALL_WAIT)),
        _ => None,
    };
    match found {
        Some((table, lock)) => {
            size(sql, &table, false, lock);
            sql.at.undo("it cannot be taken back; it can be cancelled while it runs");
        }
        None if matches!(verb, "VACUUM" | "REINDEX" | "CLUSTER") => {
            database_as_it_is(sql);
            sql.at.unknown("which tables it takes one after the other is not looked at");
        }
        None => sql.at.unknown(format!("what `{verb}` would change is not looked at")),
    }
}

pub(super) fn read(sort: &Sort, answer: &Answer, reading: &mut Reading) {
    let number =
        |text: &str| text.trim().parse::<i64>().ok().map(|number| u64::try_from(number).unwrap_or(0));
    match sort {
        Sort::Count { table, gone } => match number(answer.value()) {
            Some(0) => reading.zero(format!("no row of {table} matches")),
            Some(found) => {
                let words = if found > ROWS {
                    format!("more than {}", count(ROWS, "row", "rows"))
                } else {
                    count(found, "row", "rows")
                };
                reading.hit(format!("{words} of {table}"));
                if *gone {
                    reading.drop(format!("{words} of {table}"));
                }
            }
            None => reading.unknown("how many rows it hits cannot be read"),
        },
        Sort::Values { column, new } => {
            for row in answer.rows() {
                if let [many, value] = fields(row, 2)[..] {
                    let new = if is_open(new) { "what its variable holds" } else { new };
                    reading.set(
                        &format!("{column} of {many} rows"),
                        if value.is_empty() { "nothing" } else { value },
                        new,
                    );
                }
            }
        }
        Sort::Dependents { table, way } => {
            // Where nothing is hit, nothing follows.
            let rows = answer.rows().filter(|_| !reading.is_zero()).collect::<Vec<_>>();
            for row in rows {
                if let [kind, name, detail] = fields(row, 3)[..] {
                    dependent(kind, name, detail, table, *way, reading);
                }
            }
        }
        Sort::Size { table, gone, lock } => match fields(answer.value(), 3)[..] {
            [rows, size, users] => {
                let (rows, size) = (number(rows).unwrap_or(0), number(size).unwrap_or(0));
                // A table that was never analyzed tells no rows, whatever it holds.
                let words = if rows == 0 && size > 0 {
                    format!("{table}: its rows are not counted, {}", bytes(size))
                } else {
                    format!("{table}: about {}, {}", count(rows, "row", "rows"), bytes(size))
                };
                reading.hit(words.clone());
                if *gone {
                    reading.drop(words);
                }
                if !lock.is_empty() {
                    reading.hit(format!("{table}: {lock}"));
                }
                let users = number(users).unwrap_or(0);
                if users > 0 {
                    reading.hit(format!("{} use {table} now", count(users, "connection", "connections")));
                }
            }
            _ if answer.value().is_empty() => reading.zero(format!("{table} is not there")),
            _ => reading.unknown(format!("how large {table} is cannot be read")),
        },
        Sort::Database { name } => match fields(answer.value(), 3)[..] {
            [_, size, users] => {
                let words = format!("database {name}: {}", bytes(number(size).unwrap_or(0)));
                reading.hit(format!(
                    "{words}, {}",
                    count(number(users).unwrap_or(0), "connection", "connections")
                ));
                reading.drop(words);
            }
            _ if answer.value().is_empty() => reading.zero(format!("there is no database {name}")),
            _ => reading.unknown(format!("how large database {name} is cannot be read")),
        },
        Sort::Archive { clean } => {
            let tables =
                answer.rows().filter(|row| !row.starts_with(';') && row.contains(" TABLE DATA ")).count();
            let tables = count(u64::try_from(tables).unwrap_or(0), "table", "tables");
            reading.hit(format!("the archive holds the rows of {tables}"));
            if *clean {
                reading.drop(format!("{tables} as they are now: they are dropped and made anew"));
            }
        }
    }
}

fn dependent(kind: &str, name: &str, detail: &str, table: &str, way: Way, reading: &mut Reading) {
    match (kind, way, detail) {
        ("key", Way::Delete, "c") => {
            reading.hit(format!("rows of {name} that refer to {table} are deleted as well"));
            reading.drop(format!("rows of {name} that refer to {table}"));
        }
        ("key", Way::Delete, "n" | "d") => reading.hit(format!("rows of {name} lose what refers to {table}")),
        ("key", Way::Delete, _) => {
            reading.hit(format!("{name} refers to {table}: it refuses where rows are in use"));
        }
        ("key", Way::Truncate { cascade: true }, _) => {
            reading.hit(format!("{name} refers to {table}, and is emptied as well"));
            reading.drop(format!("every row of {name}"));
        }
        ("key", Way::Drop { cascade: true }, _) => {
            reading.hit(format!("{name} keeps its rows, and no longer refers to {table}"));
        }
        ("view", Way::Drop { cascade: true }, _) => {
            reading.hit(format!("view {name} is made of {table}, and is dropped as well"));
            reading.drop(format!("view {name}"));
        }
        ("key", Way::Truncate { .. } | Way::Drop { .. }, _) => {
            reading.hit(format!("{name} refers to {table}: without CASCADE it refuses"));
        }
        ("view", Way::Drop { .. }, _) => {
            reading.hit(format!("view {name} is made of {table}: without CASCADE it refuses"));
        }
        ("trigger", Way::Delete | Way::Update, _) => {
            reading.hit(format!("trigger {name} may run on {table}"));
        }
        _ => {}
    }
}
