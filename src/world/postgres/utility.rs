//! Statements that are no queries: settings, roles, databases, and the care of tables.
use super::command::{Answer, Reply};
use super::fault::{Fault, Res};
use super::parameter::{accepted, set, shown_setting};
use super::state::{Database, Role};
use super::value::kind::TEXT;
use super::{catalog, state};

type Words<'w> = &'w [&'w str];

/// `None` when it is none of these.
pub fn run(db: &mut Database, pid: i32, words: &[String]) -> Res<Option<Answer>> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Ok(Some(match words.as_slice() {
        ["show", rest @ ..] => show(db, pid, rest)?,
        ["set", rest @ ..] => {
            assign(db, pid, rest)?;
            Answer::done("SET")
        }
        ["reset", "all"] => {
            if let Some(one) = db.sessions.get_mut(&pid) {
                one.settings.clone_from(&one.initial);
            }
            Answer::done("RESET")
        }
        ["reset", name] => {
            if *name == "role" {
                role(db, pid, None)?;
            }
            set(db, pid, name, None)?;
            Answer::done("RESET")
        }
        ["discard", what] => {
            alone(db, pid, "DISCARD ALL")?;
            role(db, pid, None)?;
            if let Some(one) = db.sessions.get_mut(&pid) {
                one.settings.clone_from(&one.initial);
            }
            Answer::done(format!("DISCARD {}", what.to_uppercase()))
        }
        ["alter", "system", rest @ ..] => system(db, pid, rest)?,
        ["alter", "role" | "user", name, rest @ ..] => alter_role(db, pid, name, rest)?,
        ["create", kind @ ("role" | "user"), name, rest @ ..] => create_role(db, pid, kind, name, rest)?,
        ["drop", "role" | "user", name] => {
            superuser(db, pid, "permission denied to drop role")?;
            known_role(db, name)?;
            db.roles.retain(|role| role.name != *name);
            db.deed("drop role", pid, Vec::new());
            Answer::done("DROP ROLE")
        }
        ["grant" | "revoke", ..] => grant(db, pid, &words)?,
        ["create", "database", name, ..] => {
            superuser(db, pid, "permission denied to create database")?;
            alone(db, pid, "CREATE DATABASE")?;
            if db.base_named(name).is_some() {
                return Err(Fault::new("42P04", format!("database \"{name}\" already exists")));
            }
            Database::room_beside(&db.bases)?;
            let owner = db.user(pid).to_owned();
            db.base(name, &owner, 7_500_000);
            db.deed("create database", pid, Vec::new());
            Answer::done("CREATE DATABASE")
        }
        ["drop", "database", rest @ ..] => drop_database(db, pid, rest)?,
        ["create", "extension", rest @ ..] => {
            superuser(db, pid, "permission denied to create extension")?;
            let name = rest
                .iter()
                .find(|word| !matches!(**word, "if" | "not" | "exists"))
                .copied()
                .unwrap_or_default();
            if !matches!(name, "pg_stat_statements" | "amcheck" | "pg_trgm" | "pgcrypto") {
                return Err(Fault::new("0A000", format!("extension \"{name}\" is not available")));
            }
            if db.extensions.iter().any(|one| one == name) {
                if !rest.contains(&"exists") {
                    return Err(Fault::new("42710", format!("extension \"{name}\" already exists")));
                }
            } else {
                db.extensions.push(name.to_owned());
            }
            Answer::done("CREATE EXTENSION")
        }
        ["alter", "table", rest @ ..] => {
            let rest: Vec<&str> =
                rest.iter().filter(|word| !matches!(**word, "if" | "exists" | "only")).copied().collect();
            let name = target(&rest);
            owned(db, pid, name)?;
            if !rest.contains(&"set") && !rest.contains(&"reset") {
                return Ok(None);
            }
            db.deed("alter table", pid, Vec::new());
            Answer::done("ALTER TABLE")
        }
        ["vacuum" | "analyze", ..] => care(db, pid, &words)?,
        ["reindex", rest @ ..] => reindex(db, pid, rest)?,
        ["checkpoint"] => {
            superuser(db, pid, "must be superuser or have privileges of pg_checkpoint to do CHECKPOINT")?;
            Answer::done("CHECKPOINT")
        }
        _ => return Ok(None),
    }))
}

fn superuser(db: &Database, pid: i32, why: &str) -> Res<()> {
    if db.is_superuser(pid) { Ok(()) } else { Err(Fault::new("42501", why)) }
}

/// Not inside of a transaction.
fn alone(db: &Database, pid: i32, what: &str) -> Res<()> {
    match db.sessions.get(&pid).and_then(|one| one.block) {
        None => Ok(()),
        Some(_) => Err(Fault::new("25001", format!("{what} cannot run inside a transaction block"))),
    }
}

fn known_role<'d>(db: &'d mut Database, name: &str) -> Res<&'d mut Role> {
    let found = db.roles.iter_mut().find(|role| role.name == name);
    found.ok_or_else(|| Fault::new("42704", format!("role \"{name}\" does not exist")))
}

fn show(db: &Database, pid: i32, words: Words<'_>) -> Res<Answer> {
    if words == ["all"] {
        let columns = ["name", "setting", "description"].map(|name| (name.to_owned(), TEXT)).to_vec();
        let row = |one: catalog::Setting| {
            let value = db.current(pid, one.name).unwrap_or_default();
            vec![one.name.into(), shown_setting(one.name, &value).into(), "".into()]
        };
        let rows: Vec<_> = catalog::settings().map(row).collect();
        return Ok(Answer { reply: Reply::Rows { columns, rows, tag: "SHOW".into() }, ..Answer::done("") });
    }
    let name = match words {
        ["time", "zone"] => "TimeZone".to_owned(),
        ["transaction", "isolation", "level"] => "transaction_isolation".to_owned(),
        other => other.concat(),
    };
    let unknown = || Fault::new("42704", format!("unrecognized configuration parameter \"{name}\""));
    let value = db.current(pid, &name).ok_or_else(unknown)?;
    let name = catalog::setting(&name).map_or(name.clone(), |known| known.name.to_owned());
    let value = shown_setting(&name, &value);
    let rows = vec![vec![value.into()]];
    Ok(Answer {
        reply: Reply::Rows { columns: vec![(name, TEXT)], rows, tag: "SHOW".into() },
        ..Answer::done("")
    })
}

fn assign(db: &mut Database, pid: i32, words: Words<'_>) -> Res<()> {
    let words = match words {
        ["session" | "local", rest @ ..]
            if !matches!(rest.first(), Some(&"authorization" | &"characteristics")) =>
        {
            rest
        }
        other => other,
    };
    let only = |words: Words<'_>| {
        words.windows(2).find_map(|pair| match pair {
            ["read", "only"] => Some("on"),
            ["read", "write"] => Some("off"),
            _ => None,
        })
    };
    match words {
        ["time", "zone", value] => set(db, pid, "TimeZone", Some(value)),
        ["transaction", rest @ ..] => {
            only(rest).map_or(Ok(()), |only| set(db, pid, "transaction_read_only", Some(only)))
        }
        ["session", "characteristics", rest @ ..] => {
            only(rest).map_or(Ok(()), |only| set(db, pid, "default_transaction_read_only", Some(only)))
        }
        ["role", "none"] => role(db, pid, None),
        ["role", name] => role(db, pid, Some(name)),
        [name @ .., "=" | "to", "default"] => set(db, pid, &name.concat(), None),
        _ => match words.iter().position(|word| matches!(*word, "=" | "to")) {
            Some(at) if at > 0 && at + 1 < words.len() => {
                let (name, value) = words.split_at(at);
                set(
                    db,
                    pid,
                    &name.concat(),
                    Some(&value.get(1..).unwrap_or_default().concat().replace(',', ", ")),
                )
            }
            _ => Err(Fault::new("42601", "syntax error at end of input")),
        },
    }
}

/// Speaks as another role, or as who it is.
fn role(db: &mut Database, pid: i32, name: Option<&str>) -> Res<()> {
    let own = db.sessions.get(&pid).map(|one| one.logged_in.clone()).unwrap_or_default();
    if let Some(name) = name {
        known_role(db, name)?;
        if !db.has(&own, name) {
            return Err(Fault::new("42501", format!("permission denied to set role \"{name}\"")));
        }
    }
    if let Some(one) = db.sessions.get_mut(&pid) {
        one.user = name.map_or(own, str::to_owned);
    }
    Ok(())
}

fn system(db: &mut Database, pid: i32, words: Words<'_>) -> Res<Answer> {
    superuser(
        db,
        pid,
        "permission denied to set parameter: must be superuser to execute ALTER SYSTEM command",
    )?;
    alone(db, pid, "ALTER SYSTEM")?;
    let (name, value) = match words {
        ["set", name @ .., "=" | "to", value] => (name.concat(), Some(*value)),
        ["reset", name @ ..] => (name.concat(), None),
        _ => return Err(Fault::new("42601", "syntax error at end of input")),
    };
    let known = catalog::setting(&name)
        .ok_or_else(|| Fault::new("42704", format!("unrecognized configuration parameter \"{name}\"")))?;
    if known.context == "internal" {
        return Err(Fault::new("55P02", format!("parameter \"{name}\" cannot be changed")));
    }
    let value = value.map_or(Ok(known.value.to_owned()), |value| accepted(known.name, value))?;
    db.pending.insert(known.name.to_owned(), value);
    db.deed("alter system", pid, Vec::new());
    Ok(Answer::done("ALTER SYSTEM"))
}

fn create_role(db: &mut Database, pid: i32, kind: &str, name: &str, words: Words<'_>) -> Res<Answer> {
    superuser(db, pid, "permission denied to create role")?;
    if db.role_named(name).is_some() {
        return Err(Fault::new("42710", format!("role \"{name}\" already exists")));
    }
    Database::room_beside(&db.roles)?;
    db.role(Role { name: name.to_owned(), ..Role::default() });
    known_role(db, name)?.login = kind == "user";
    options(db, name, words)?;
    db.deed("create role", pid, Vec::new());
    Ok(Answer::done("CREATE ROLE"))
}

fn alter_role(db: &mut Database, pid: i32, name: &str, words: Words<'_>) -> Res<Answer> {
    let own = db.user(pid).to_owned();
    let name = if name == "current_user" { own.as_str() } else { name };
    known_role(db, name)?;
    let harmless =
        own == name && matches!(words, ["set" | "reset", ..] | ["password", _] | ["with", "password", _]);
    if !harmless {
        superuser(db, pid, "permission denied")?;
    }
    match words {
        ["set", setting, "=" | "to", value] => {
            let value = accepted(setting, value).map(|_| (*value).to_owned())?;
            let role = known_role(db, name)?;
            if role.settings.len() < 100 && value.len() < 2_000 {
                role.settings.insert((*setting).to_owned(), value);
            }
        }
        ["reset", "all"] => known_role(db, name)?.settings.clear(),
        ["reset", setting] => _ = known_role(db, name)?.settings.remove(*setting),
        rest => options(db, name, rest)?,
    }
    db.deed("alter role", pid, Vec::new());
    Ok(Answer::done("ALTER ROLE"))
}

fn options(db: &mut Database, name: &str, words: Words<'_>) -> Res<()> {
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        let value = if matches!(word, "password" | "limit" | "until") { words.next() } else { None };
        let role = known_role(db, name)?;
        match word {
            "-" | "with" | "connection" | "valid" | "until" | "encrypted" | "inherit" | "createdb"
            | "nocreatedb" => {}
            "login" | "nologin" => role.login = word == "login",
            "superuser" | "nosuperuser" => role.superuser = word == "superuser",
            "replication" => role.replication = true,
            "password" => role.password = value.filter(|value| *value != "null").map(str::to_owned),
            "limit" => {
                let count = value.and_then(|value| value.parse().ok());
                role.limit = count.unwrap_or(-1);
            }
            other => return Err(Fault::new("42601", format!("unrecognized role option \"{other}\""))),
        }
    }
    Ok(())
}

fn grant(db: &mut Database, pid: i32, words: Words<'_>) -> Res<Answer> {
    let gives = words.first() == Some(&"grant");
    let tag = if gives { "GRANT" } else { "REVOKE" };
    let Some(to) = words.iter().rposition(|word| matches!(*word, "to" | "from")) else {
        return Err(Fault::new("42601", "syntax error at end of input"));
    };
    let whom = words.get(to + 1).copied().unwrap_or_default();
    if whom != "public" {
        known_role(db, whom)?;
    }
    let what = words.get(1..to).unwrap_or_default();
    if let Some(on) = what.iter().position(|word| *word == "on") {
        let object = what.get(on + 1..).unwrap_or_default();
        let object: Vec<&str> = object.iter().copied().filter(|word| *word != "table").collect();
        if matches!(object.first(), Some(&"all" | &"schema" | &"database" | &"sequence" | &"function")) {
            superuser(db, pid, "permission denied")?;
        } else {
            let oid = owned(db, pid, target(&object))?;
            let rights: Vec<String> = what
                .get(..on)
                .unwrap_or_default()
                .iter()
                .filter(|word| **word != ",")
                .map(|word| word.to_uppercase())
                .collect();
            if let Some(one) = db.relations.iter_mut().find(|one| one.oid == oid) {
                one.readers.retain(|(role, right)| role != whom || !rights.contains(right));
                if gives && one.readers.len() < 100 {
                    one.readers.extend(rights.into_iter().map(|right| (whom.to_owned(), right)));
                }
            }
        }
    } else {
        superuser(db, pid, "must have admin option on role")?;
        for name in what.iter().filter(|word| **word != ",") {
            known_role(db, name)?;
            let role = known_role(db, whom)?;
            role.member_of.retain(|one| one != name);
            if gives {
                role.member_of.push((*name).to_owned());
            }
        }
    }
    db.deed(if gives { "grant" } else { "revoke" }, pid, Vec::new());
    Ok(Answer::done(tag))
}

fn drop_database(db: &mut Database, pid: i32, words: Words<'_>) -> Res<Answer> {
    let maybe = words.first() == Some(&"if");
    let name = words.iter().find(|word| !matches!(**word, "if" | "exists")).copied().unwrap_or_default();
    alone(db, pid, "DROP DATABASE")?;
    let Some(owner) = db.base_named(name).map(|base| base.owner.clone()) else {
        let why = format!("database \"{name}\" does not exist");
        return if maybe {
            Ok(Answer {
                notices: vec![Fault::notice("NOTICE", "00000", format!("{why}, skipping"))],
                ..Answer::done("DROP DATABASE")
            })
        } else {
            Err(Fault::new("3D000", why))
        };
    };
    if !db.has(db.user(pid), &owner) {
        return Err(Fault::new("42501", format!("must be owner of database {name}")));
    }
    if db.database(pid) == name {
        return Err(Fault::new("55006", "cannot drop the currently open database"));
    }
    let used: Vec<i32> = db.sessions.values().filter(|one| one.database == name).map(|one| one.pid).collect();
    if !used.is_empty() && !words.contains(&"force") {
        return Err(Fault::new("55006", format!("database \"{name}\" is being accessed by other users")));
    }
    for one in used {
        db.strike(one, state::Signal::Terminate);
    }
    db.bases.retain(|base| base.name != name);
    db.relations.retain(|one| one.database != name);
    db.deed("drop database", pid, Vec::new());
    Ok(Answer::done("DROP DATABASE"))
}

/// The last part of a name that may have a schema before it.
fn target<'w>(words: &[&'w str]) -> &'w str {
    match words {
        [_, ".", name, ..] | [name, ..] => name,
        [] => "",
    }
}

/// A table that this session's role may look after.
fn owned(db: &Database, pid: i32, name: &str) -> Res<u32> {
    let relation = db.relation(pid, None, name)?;
    if db.has(db.user(pid), &relation.owner) {
        return Ok(relation.oid);
    }
    Err(Fault::new("42501", format!("must be owner of table {name}")))
}

fn care(db: &mut Database, pid: i32, words: Words<'_>) -> Res<Answer> {
    let vacuums = words.first() == Some(&"vacuum");
    let tag = if vacuums { "VACUUM" } else { "ANALYZE" };
    if vacuums {
        alone(db, pid, "VACUUM")?;
    }
    let options =
        ["(", ")", ",", "vacuum", "analyze", "verbose", "full", "freeze", "on", "true", "skip_locked"];
    let at = words.iter().position(|word| !options.contains(word)).unwrap_or(words.len());
    let (said, names) = words.split_at(at);
    let analyzes = said.contains(&"analyze");
    let only = if names.is_empty() { None } else { Some(db.relation(pid, None, target(names))?.oid) };
    let (user, database, now) = (db.user(pid).to_owned(), db.database(pid).to_owned(), db.now);
    let mut notices = Vec::new();
    let all: Vec<(u32, String, String)> = db
        .relations
        .iter()
        .filter(|one| one.database == database && only.is_none_or(|oid| oid == one.oid))
        .map(|one| (one.oid, one.owner.clone(), one.name.clone()))
        .collect();
    for (oid, owner, name) in all {
        if !db.has(&user, &owner) {
            let verb = tag.to_lowercase();
            let why = format!("skipping \"{name}\" --- only table or database owner can {verb} it");
            notices.push(Fault::notice("WARNING", "01000", why));
            continue;
        }
        let Some(one) = db.relations.iter_mut().find(|one| one.oid == oid) else { continue };
        let mut says = |what: String| {
            if said.contains(&"verbose") {
                notices.push(Fault::notice("INFO", "00000", what));
            }
        };
        let pages = one.size() / 8192;
        if vacuums {
            says(format!("vacuuming \"{database}.{}.{name}\"", one.schema));
            let (dead, live) = (one.dead, one.rows.len());
            says(format!(
                "finished vacuuming \"{database}.{}.{name}\": {dead} tuples removed, {live} remain in {pages} pages",
                one.schema
            ));
            (one.dead, one.vacuumed[0]) = (0, Some(now));
            if said.contains(&"full") {
                one.bloat = 0;
            }
        }
        if analyzes || !vacuums {
            says(format!("analyzing \"{}.{name}\"", one.schema));
            let (live, dead) = (one.rows.len(), one.dead);
            says(format!(
                "\"{name}\": scanned {pages} of {pages} pages, containing {live} live rows and {dead} dead rows"
            ));
            one.analyzed[0] = Some(now);
        }
    }
    db.deed(if vacuums { "vacuum" } else { "analyze" }, pid, Vec::new());
    Ok(Answer { notices, ..Answer::done(tag) })
}

fn reindex(db: &mut Database, pid: i32, words: Words<'_>) -> Res<Answer> {
    let words: Vec<&str> = words
        .iter()
        .copied()
        .filter(|word| !matches!(*word, "concurrently" | "(" | ")" | "verbose"))
        .collect();
    let (kind, names) = words.split_first().map_or(("", &[][..]), |(kind, names)| (*kind, names));
    let (name, database) = (target(names), db.database(pid).to_owned());
    let user = db.user(pid).to_owned();
    match kind {
        "database" | "system" if name != database && !name.is_empty() => {
            return Err(Fault::new("0A000", "can only reindex the currently open database"));
        }
        "table" => _ = owned(db, pid, name)?,
        "index" if !db.relations.iter().any(|one| one.indexes.iter().any(|index| index.name == name)) => {
            return Err(Fault::new("42P01", format!("relation \"{name}\" does not exist")));
        }
        "database" | "system" | "index" | "schema" => {}
        other => return Err(Fault::new("42601", format!("syntax error at or near \"{other}\""))),
    }
    let owners: Vec<bool> = db.relations.iter().map(|one| db.has(&user, &one.owner)).collect();
    let own = db.relations.iter_mut().zip(owners).filter_map(|(one, owns)| owns.then_some(one));
    for one in own.filter(|one| one.database == database) {
        let whole = kind != "index" && (kind != "table" || one.name == name);
        for index in one.indexes.iter_mut().filter(|index| whole || index.name == name) {
            index.valid = true;
            index.bytes = index.bytes.min(one.bytes / 5 + 16_384);
        }
    }
    db.deed("reindex", pid, Vec::new());
    Ok(Answer::done("REINDEX"))
}
