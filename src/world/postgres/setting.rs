//! Parameters: what values they take, who may set them, and how they are shown; and the other statements that are no
//! queries.
use super::catalog;
use super::command::Answer;
use super::state::Database;
use super::value::kind::TEXT;
use super::value::{Fault, Res};

/// Units of a base, largest first, and how much of the base each is.
const UNITS: [(&str, &[(&str, i64)]); 4] = [
    ("ms", &[("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)]),
    ("s", &[("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)]),
    ("kB", &[("GB", 1 << 20), ("MB", 1 << 10), ("kB", 1)]),
    ("8kB", &[("GB", 1 << 17), ("MB", 1 << 7)]),
];

fn units(base: &str) -> &'static [(&'static str, i64)] {
    UNITS.iter().find(|(unit, _)| *unit == base).map_or(&[], |(_, all)| all)
}

/// A number with a unit, in the unit of its parameter.
fn based(text: &str, base: &str) -> Option<i64> {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (count, unit) = text.split_at_checked(split)?;
    let count: i64 = count.trim().parse().ok()?;
    let factor = units(base).iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
    if unit.is_empty() { Some(count) } else { count.checked_mul(factor?) }
}

fn unknown(name: &str) -> Fault {
    Fault::new("42704", format!("unrecognized configuration parameter \"{name}\""))
}

/// The value as it is kept, if the parameter takes it.
fn accepted(known: &catalog::Setting, value: &str) -> Res<String> {
    let bad = || Fault::new("22023", format!("invalid value for parameter \"{}\": \"{value}\"", known.name));
    match known.kind {
        "integer" => Ok(based(value.trim(), known.unit).ok_or_else(bad)?.to_string()),
        "bool" => match value.to_lowercase().as_str() {
            "on" | "true" | "yes" | "1" => Ok("on".to_owned()),
            "off" | "false" | "no" | "0" => Ok("off".to_owned()),
            _ => Err(bad()),
        },
        _ if value.len() < 2_000 => Ok(value.to_owned()),
        _ => Err(bad()),
    }
}

/// The value that a role may keep for its sessions.
pub fn for_role(name: &str, value: &str) -> Res<(String, String)> {
    let known = catalog::setting(name).ok_or_else(|| unknown(name))?;
    accepted(&known, value)?;
    Ok((known.name.to_owned(), value.to_owned()))
}

/// A parameter by its own name, with its value as people are shown it: in the largest unit that fits.
pub fn shown(db: &Database, pid: i32, name: &str) -> Res<(String, String)> {
    let known = catalog::setting(name).ok_or_else(|| unknown(name))?;
    let value = db.current(pid, known.name).unwrap_or_default();
    let count = value.parse::<i64>().ok().filter(|count| *count > 0).unwrap_or(1);
    let fits = units(known.unit).iter().find(|(_, factor)| count % factor == 0);
    let shown = fits.map_or(value.clone(), |(unit, factor)| format!("{}{unit}", count / factor));
    Ok((known.name.to_owned(), if value.starts_with(['0', '-']) { value } else { shown }))
}

/// Sets a parameter of a session or of its transaction, or takes it back.
pub fn set(db: &mut Database, pid: i32, name: &str, value: Option<&str>, local: bool) -> Res<()> {
    let known = catalog::setting(name).ok_or_else(|| unknown(name))?;
    let (name, superuser) = (known.name, db.is_superuser(pid));
    let why = match known.context {
        "user" => "",
        "superuser" if superuser => "",
        "superuser" => {
            return Err(Fault::new("42501", format!("permission denied to set parameter \"{name}\"")));
        }
        "postmaster" => "without restarting the server",
        _ => "now",
    };
    if !why.is_empty() {
        return Err(Fault::new("55P02", format!("parameter \"{name}\" cannot be changed {why}")));
    }
    let value = value.map(|value| accepted(&known, value)).transpose()?;
    let Some(one) = db.sessions.get_mut(&pid) else { return Ok(()) };
    if name == "application_name" {
        one.application = value.unwrap_or_default().chars().take(63).collect();
        return Ok(());
    }
    let map = if local { &mut one.local } else { &mut one.settings };
    match value.or_else(|| one.initial.get(name).cloned()) {
        Some(value) => _ = map.insert(name.to_owned(), value),
        None => _ = map.remove(name),
    }
    Ok(())
}

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
                role.settings.extend([for_role(setting, &value.concat())?]);
            }
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
