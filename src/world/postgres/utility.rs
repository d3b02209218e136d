//! Statements that are no queries: parameters, and the care of tables.
use super::catalog;
use super::command::{Answer, Reply};
use super::fault::{Fault, Res};
use super::setting::{for_role, set, shown};
use super::state::Database;
use super::value::kind::TEXT;

impl Database {
    /// `None` when it is none of these.
    pub fn utility(&mut self, pid: i32, words: &[&str]) -> Res<Option<Answer>> {
        let tag = match words {
            ["show", "all"] => {
                let columns = ["name", "setting"].map(|name| (name.to_owned(), TEXT)).to_vec();
                let row = |one: catalog::Setting| {
                    let (name, value) = shown(self, pid, one.name)?;
                    Ok(vec![name.into(), value.into()])
                };
                let rows = catalog::settings().map(row).collect::<Res<_>>()?;
                return Ok(Some(Answer::of(Reply::Rows { columns, rows, tag: "SHOW".into() })));
            }
            ["show", name @ ..] => {
                let name = match name {
                    ["time", "zone"] => "TimeZone".to_owned(),
                    ["transaction", "isolation", "level"] => "transaction_isolation".to_owned(),
                    other => other.concat(),
                };
                let (name, value) = shown(self, pid, &name)?;
                let (columns, rows) = (vec![(name, TEXT)], vec![vec![value.into()]]);
                return Ok(Some(Answer::of(Reply::Rows { columns, rows, tag: "SHOW".into() })));
            }
            ["set", rest @ ..] => {
                self.assign(pid, rest)?;
                "SET"
            }
            ["reset", "all"] | ["discard", "all"] => {
                let discards = words.first() == Some(&"discard");
                if discards {
                    self.alone(pid, "DISCARD ALL")?;
                }
                if let Some(one) = self.sessions.get_mut(&pid) {
                    one.settings.clone_from(&one.initial);
                }
                if discards { "DISCARD ALL" } else { "RESET" }
            }
            ["reset", name] => {
                set(self, pid, name, None, false)?;
                "RESET"
            }
            ["alter", "role" | "user", name, rest @ ("set" | "reset"), more @ ..] => {
                self.alter_role(pid, name, *rest == "set", more)?;
                "ALTER ROLE"
            }
            ["alter", "table", rest @ .., "set" | "reset", "(", _, ")"]
            | ["alter", "table", rest @ .., "set" | "reset", "(", _, "=", _, ")"] => {
                let name = rest.iter().filter(|word| !matches!(**word, "if" | "exists" | "only"));
                self.owned(pid, &name.copied().collect::<String>())?;
                self.deed("alter table", pid);
                "ALTER TABLE"
            }
            ["vacuum" | "analyze", ..] => return self.care(pid, words).map(Some),
            ["reindex", kind @ ("table" | "database"), name] => {
                if *kind == "table" {
                    self.owned(pid, name)?;
                } else if *name != self.database(pid) {
                    return Err(Fault::unsupported("to reindex another database"));
                }
                self.deed("reindex", pid);
                "REINDEX"
            }
            _ => return Ok(None),
        };
        Ok(Some(Answer::done(tag)))
    }

    /// Not inside of a transaction.
    fn alone(&self, pid: i32, what: &str) -> Res<()> {
        match self.sessions.get(&pid).and_then(|one| one.block) {
            None => Ok(()),
            Some(_) => Err(Fault::new("25001", format!("{what} cannot run inside a transaction block"))),
        }
    }

    fn assign(&mut self, pid: i32, words: &[&str]) -> Res<()> {
        let (local, words) = match words {
            ["local", rest @ ..] => (true, rest),
            ["session", rest @ ..] if rest.first() != Some(&"characteristics") => (false, rest),
            other => (false, other),
        };
        match words {
            ["time", "zone", value] => set(self, pid, "TimeZone", Some(value), local),
            ["transaction", .., "read", what @ ("only" | "write")] => {
                let only = if *what == "only" { "on" } else { "off" };
                set(self, pid, "transaction_read_only", Some(only), true)
            }
            ["session", "characteristics", .., "read", what @ ("only" | "write")] => {
                let only = if *what == "only" { "on" } else { "off" };
                set(self, pid, "default_transaction_read_only", Some(only), false)
            }
            [name, "=" | "to", "default"] => set(self, pid, name, None, local),
            [name, "=" | "to", value @ ..] if !value.is_empty() => {
                set(self, pid, name, Some(&value.concat()), local)
            }
            _ => Err(Fault::unsupported("this form of SET")),
        }
    }

    fn alter_role(&mut self, pid: i32, name: &str, sets: bool, words: &[&str]) -> Res<()> {
        let own = self.user(pid) == name;
        if !own && !self.is_superuser(pid) {
            return Err(Fault::new("42501", "permission denied"));
        }
        let role = self.roles.iter_mut().find(|role| role.name == name);
        let role = role.ok_or_else(|| Fault::missing("42704", "role", name))?;
        match words {
            [setting, "=" | "to", value @ ..] if sets => {
                role.settings.extend([for_role(setting, &value.concat())?])
            }
            ["all"] if !sets => role.settings.clear(),
            [setting] if !sets => _ = role.settings.remove(*setting),
            _ => return Err(Fault::new("42601", "syntax error at end of input")),
        }
        self.deed("alter role", pid);
        Ok(())
    }

    /// A table that this session's role may look after.
    fn owned(&self, pid: i32, name: &str) -> Res<u32> {
        let relation = self.relation(pid, name)?;
        if self.has(self.user(pid), &relation.owner) {
            return Ok(relation.oid);
        }
        Err(Fault::new("42501", format!("must be owner of table {name}")))
    }

    fn care(&mut self, pid: i32, words: &[&str]) -> Res<Answer> {
        let vacuums = words.first() == Some(&"vacuum");
        if vacuums {
            self.alone(pid, "VACUUM")?;
        }
        let options = ["vacuum", "analyze", "verbose", "full", "freeze", "(", ")", ","];
        let (said, names): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| options.contains(word));
        let analyzes = said.contains(&"analyze");
        let only = match names.concat() {
            name if name.is_empty() => None,
            name => Some(self.owned(pid, &name)?),
        };
        let (user, database) = (self.user(pid).to_owned(), self.database(pid).to_owned());
        let owners: Vec<bool> = self.relations.iter().map(|one| self.has(&user, &one.owner)).collect();
        let mut notices = Vec::new();
        for (one, owns) in self.relations.iter_mut().zip(owners) {
            if !owns || one.database != database || only.is_some_and(|only| only != one.oid) {
                continue;
            }
            let (name, pages, live, dead) = (&one.name, one.bytes / 8192, one.rows, one.dead);
            if vacuums {
                (one.dead, one.vacuumed) = (0, Some(self.now));
            }
            if analyzes {
                one.analyzed = Some(self.now);
            }
            if said.contains(&"verbose") {
                let what = format!(
                    "scanned {pages} of {pages} pages, containing {live} live rows and {dead} dead rows"
                );
                notices.push(Fault::notice("INFO", "00000", format!("\"{name}\": {what}")));
            }
        }
        let tag = if vacuums { "vacuum" } else { "analyze" };
        self.deed(tag, pid);
        Ok(Answer { notices, ..Answer::done(tag.to_uppercase()) })
    }
}
