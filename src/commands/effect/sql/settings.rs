//! Settings of a `PostgreSQL` server, database, role or session: the value before and after.
use super::super::raw::is_open;
use super::super::{Answer, Reading, Undo};
use super::{Sql, fields, literal};
use crate::commands::tools::sql::{Kind, Token};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    /// `name|value|context|pending|file`.
    One { new: String, system: bool, undo: Option<String> },
    /// `database|role|settings` of what is set apart.
    Apart { name: String, new: String },
    /// Whether a reload would change anything.
    Reload,
}

pub(super) fn is_one(tokens: &[Token]) -> bool {
    let second = tokens.get(1);
    let system = second.is_some_and(|token| token.is("SYSTEM"));
    let apart = second.is_some_and(|token| ["ROLE", "USER", "DATABASE"].iter().any(|word| token.is(word)));
    system || apart && tokens.iter().any(|token| token.is("SET") || token.is("RESET"))
}

/// The setting's name and new value behind `SET` or `RESET` at this place.
fn setting(sql: &Sql<'_, '_>, at: usize) -> Option<(String, String)> {
    let reset = sql.is(at, "RESET");
    let mut from = at + 1;
    while ["SESSION", "LOCAL"].iter().any(|word| sql.is(from, word)) {
        from += 1;
    }
    let (name, end) = sql.name(from)?;
    if reset {
        return Some((name, "its default".to_owned()));
    }
    let equals = sql.tokens.get(end).is_some_and(|token| token.sign('=') || token.is("TO"));
    let value = sql.tokens.get(end + 1).filter(|_| equals)?;
    let single = end + 2 == sql.tokens.len() && value.kind == Kind::Text;
    let new = if single { value.text.clone() } else { sql.slice(end + 1, sql.tokens.len()).to_owned() };
    Some((name, new))
}

pub(super) fn look(sql: &mut Sql<'_, '_>) {
    let system = sql.is(0, "ALTER") && sql.is(1, "SYSTEM");
    let Some(at) = sql.find(0, &["SET", "RESET"]) else {
        return sql.at.unknown("which setting it changes cannot be told from its form");
    };
    let Some((name, new)) = setting(sql, at) else {
        return sql.at.unknown("which setting it changes cannot be told from its form");
    };
    let name = name.trim_matches('"').to_lowercase();
    if is_open(&name) {
        return sql.at.unknown("which setting it changes is only known when it runs");
    }
    if crate::domain::secret::looks_secret(&name) {
        return sql.at.unknown("the old value is a secret: it is not looked at");
    }
    let own = sql.is(0, "ALTER") && !system;
    let undo = system.then(|| sql.inverse(&format!("ALTER SYSTEM RESET {name}"))).flatten();
    let query = format!(
        "SELECT name, current_setting(name), context, pending_restart, coalesce(sourcefile, '') FROM pg_settings WHERE name = {}",
        literal(&name)
    );
    sql.ask(&query, super::Sort::Settings(Sort::One { new: new.clone(), system, undo }));
    if own {
        let query = "SELECT coalesce(d.datname::text, 'every database'), coalesce(r.rolname::text, 'every role'), s.setconfig::text FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase LEFT JOIN pg_roles r ON r.oid = s.setrole LIMIT 200";
        sql.ask(query, super::Sort::Settings(Sort::Apart { name, new }));
        sql.at.undo("set it back the same way, or RESET it");
    }
}

/// Functions of a SELECT that act.
pub(super) fn function(sql: &mut Sql<'_, '_>) {
    if sql.tokens.iter().any(|token| token.is("PG_RELOAD_CONF")) {
        let query = "SELECT name, setting, applied, coalesce(error, '') FROM pg_file_settings WHERE NOT applied OR error IS NOT NULL LIMIT 20";
        sql.ask(query, super::Sort::Settings(Sort::Reload));
    } else {
        sql.at.unknown("what the functions that it calls would change is not looked at");
    }
}

pub(super) fn read(sort: &Sort, answer: &Answer, reading: &mut Reading) {
    match sort {
        Sort::One { new, system, undo } => one(new, *system, undo.as_deref(), answer, reading),
        Sort::Apart { name, new } => apart(name, new, answer, reading),
        Sort::Reload => {
            reading.hit("the server reads its configuration again");
            for row in answer.rows() {
                reading.hit(format!("not applied, or wrong: {}", fields(row, 4).join(" ")));
            }
        }
    }
}

fn one(new: &str, system: bool, undo: Option<&str>, answer: &Answer, reading: &mut Reading) {
    let [name, old, context, pending, file] = fields(answer.value(), 5)[..] else {
        return reading.unknown("the server has no such setting, or does not show it");
    };
    let new = if is_open(new) { "what its variable holds" } else { new };
    reading.set(name, old, new);
    match context {
        "postmaster" => reading.hit(format!("{name} counts from the next restart of the server on")),
        "internal" => reading.zero(format!("{name} cannot be changed")),
        "sighup" if system => {
            reading.hit(format!("{name} counts once the server has read its configuration again"));
        }
        _ if system => {
            reading.hit(format!("{name} counts for new sessions once the configuration was read again"));
        }
        _ => {}
    }
    if pending == "t" {
        reading.hit(format!("{name}: an earlier change still waits for a restart"));
    }
    let Some(undo) = undo else { return };
    // An old value of ALTER SYSTEM itself comes back as a value, one of the file by giving up the new one.
    let command = if file.ends_with("postgresql.auto.conf") {
        let back = format!("SET {name} = {}", literal(old));
        // Only in the outermost shell can a quote be written in this way.
        if undo.ends_with(';') {
            format!("ALTER SYSTEM {back};")
        } else if undo.ends_with('\'') && undo.matches('\'').count() == 2 {
            undo.replace(&format!("RESET {name}"), &back.replace('\'', "'\\''"))
        } else {
            return reading.undo(Undo::Words(format!("ALTER SYSTEM {back}")));
        }
    } else {
        undo.to_owned()
    };
    reading.undo(Undo::Command(command));
}

fn apart(name: &str, new: &str, answer: &Answer, reading: &mut Reading) {
    let prefix = format!("{name}=");
    for row in answer.rows() {
        let [database, role, list] = fields(row, 3)[..] else { continue };
        let entries = list.trim_matches(['{', '}']).split(',').map(|entry| entry.trim_matches('"'));
        for old in entries.filter_map(|entry| entry.strip_prefix(prefix.as_str())) {
            reading.set(&format!("{name} of {role} in {database}"), old, new);
        }
    }
}
