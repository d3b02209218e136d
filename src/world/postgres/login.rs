//! Who may come in: the first packet of a client, its password, and its slot; and who is put out again.
use std::collections::BTreeMap;
use std::task::Waker;

use super::code::Env;
use super::setting::set;
use super::state::{Database, Session, Signal};
use super::value::{Fault, Res, Value};

impl Database {
    /// Whether this role has a password.
    pub fn asks_password(&self, user: &str) -> bool {
        self.role_named(user).is_some_and(|role| role.password.is_some())
    }

    /// Opens a session for who said this in the first packet; its number and its secret.
    pub fn connect(
        &mut self,
        said: &BTreeMap<String, String>,
        password: Option<&str>,
        from: Option<(String, i32)>,
    ) -> Res<(i32, i32)> {
        let user = said.get("user").cloned().unwrap_or_default();
        let database = said.get("database").filter(|name| !name.is_empty()).cloned();
        let database = database.unwrap_or_else(|| user.clone());
        // The groups that are there from the beginning are nobody.
        let Some(role) = self.role_named(&user).filter(|role| !role.name.starts_with("pg_")) else {
            return Err(Fault::fatal("28000", format!("role \"{user}\" does not exist")));
        };
        if role.password.as_deref().is_some_and(|kept| password != Some(kept)) {
            return Err(Fault::fatal("28P01", format!("password authentication failed for user \"{user}\"")));
        }
        let mut wanted: Vec<(String, String)> = role.settings.clone().into_iter().collect();
        self.admit(&user)?;
        if self.base_named(&database).is_none() {
            return Err(Fault::fatal("3D000", format!("database \"{database}\" does not exist")));
        }
        let (pid, secret) = (self.pid(), i32::try_from(self.dice.roll() >> 33).unwrap_or(7));
        let port = from.as_ref().map_or(-1, |(_, port)| *port);
        let client = from.map(|(host, _)| host);
        let wait = Some(("Client", "ClientRead"));
        let session = Session { pid, secret, user, database, client, port, wait, ..self.blank() };
        self.sessions.insert(pid, session);
        for (name, value) in said {
            match name.as_str() {
                "user" | "database" | "replication" => {}
                "options" => wanted.extend(options(value)),
                _ => wanted.push((name.clone(), value.clone())),
            }
        }
        for (name, value) in wanted {
            if let Err(fault) = set(self, pid, &name, Some(&value), false) {
                self.disconnect(pid);
                return Err(Fault { severity: "FATAL", ..fault });
            }
        }
        if let Some(one) = self.sessions.get_mut(&pid) {
            one.initial.clone_from(&one.settings);
        }
        Ok((pid, secret))
    }

    /// The client is gone, and what it had begun with it.
    pub fn disconnect(&mut self, pid: i32) {
        self.sessions.remove(&pid);
    }

    /// What reached a session, or who is woken when something does.
    pub fn listen(&mut self, pid: i32, waker: &Waker) -> Option<Signal> {
        let Some(one) = self.sessions.get_mut(&pid) else { return Some(Signal::Terminate) };
        let signal = one.signal.take();
        if signal.is_none() {
            one.waker = Some(waker.clone());
        }
        signal
    }

    /// A client cancels what another connection of its runs, by the secret it was given.
    pub fn cancel(&mut self, pid: i32, secret: i32) {
        if self.sessions.get(&pid).is_some_and(|one| one.secret == secret && one.pool.is_none()) {
            self.strike(pid, Signal::Cancel);
        }
    }
}

/// `-c name=value`, and `--name=value`.
fn options(text: &str) -> impl Iterator<Item = (String, String)> {
    let words = text.split_whitespace().map(|word| word.trim_start_matches("-c").trim_start_matches("--"));
    let pairs = words.filter_map(|word| word.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))
}

/// Ends a session, or what it runs, if the one who asks may.
pub fn signalled(env: &mut Env<'_>, pid: i64, signal: Signal) -> Res<Value> {
    let target = i32::try_from(pid).ok().and_then(|pid| env.db.sessions.get(&pid));
    let Some(target) = target else {
        let why = format!("PID {pid} is not a PostgreSQL backend process");
        env.notices.push(Fault::warning("01000", why));
        return Ok(false.into());
    };
    let (pid, owner) = (target.pid, &target.user);
    let (verb, what, past) = match signal {
        Signal::Terminate => ("terminate", "process", "terminated"),
        Signal::Cancel => ("cancel", "query", "canceled"),
    };
    if !env.db.is_superuser(env.pid) {
        if env.db.role_named(owner).is_none_or(|role| role.superuser) {
            return Err(Fault::new("42501", format!("must be a superuser to {verb} superuser {what}")));
        }
        let own = env.db.user(env.pid);
        if !env.db.has(own, owner) && !env.db.has(own, "pg_signal_backend") {
            let why = format!(
                "must be a member of the role whose {what} is being {past} or member of pg_signal_backend"
            );
            return Err(Fault::new("42501", why));
        }
    }
    env.db.deed(verb, env.pid);
    env.db.strike(pid, signal);
    Ok(true.into())
}
