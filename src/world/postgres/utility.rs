//! Statements that are no queries: parameters, and the care of tables.
use super::command::Answer;
use super::fault::{Fault, Res};
use super::setting::{for_role, set, shown};
use super::state::Database;
use super::value::kind::TEXT;

impl Database {
    /// `None` when it is none of these.
    pub fn utility(&mut self, pid: i32, words: &[&str]) -> Res<Option<Answer>> {
        let tag = match words {
            ["show", name @ ..] => {
                let (name, value) = shown(self, pid, &name.concat())?;
                let found = Some((vec![(name, TEXT)], vec![vec![value.into()]]));
                return Ok(Some(Answer { found, ..Answer::done("SHOW") }));
            }
            ["set", "local", rest @ ..] => {
                self.assign(pid, rest, true)?;
                "SET"
            }
            ["set", "session", rest @ ..] | ["set", rest @ ..] => {
                self.assign(pid, rest, false)?;
                "SET"
            }
            ["reset" | "discard", "all"] => {
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
            ["vacuum" | "analyze", ..] => self.care(pid, words)?,
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

    fn assign(&mut self, pid: i32, words: &[&str], local: bool) -> Res<()> {
        match words {
            ["transaction", .., "read", what @ ("only" | "write")] => set(
                self,
                pid,
                "transaction_read_only",
                Some(if *what == "only" { "on" } else { "off" }),
                true,
            ),
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

    fn care(&mut self, pid: i32, words: &[&str]) -> Res<&'static str> {
        let options = ["vacuum", "analyze", "verbose", "full", "freeze", "(", ")", ","];
        let (said, names): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| options.contains(word));
        let (vacuums, analyzes) = (said.first() == Some(&"vacuum"), said.contains(&"analyze"));
        if vacuums {
            self.alone(pid, "VACUUM")?;
        }
        let only = if names.is_empty() { None } else { Some(self.owned(pid, &names.concat())?) };
        let (user, database) = (self.user(pid).to_owned(), self.database(pid).to_owned());
        let owners: Vec<bool> = self.relations.iter().map(|one| self.has(&user, &one.owner)).collect();
        let own =
            self.relations.iter_mut().zip(owners).filter(|(one, owns)| *owns && one.database == database);
        for (one, _) in own.filter(|(one, _)| only.is_none_or(|only| only == one.oid)) {
            if vacuums {
                (one.dead, one.vacuumed) = (0, Some(self.now));
            }
            if analyzes {
                one.analyzed = Some(self.now);
            }
        }
        self.deed(if vacuums { "vacuum" } else { "analyze" }, pid);
        Ok(if vacuums { "VACUUM" } else { "ANALYZE" })
    }
}
