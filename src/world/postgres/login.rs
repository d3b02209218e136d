//! Who may come in: the first packet of a client, its password, and its slot.
use std::collections::BTreeMap;
use std::task::Waker;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac, pbkdf2};

use super::fault::{Fault, Res};
use super::parameter::set;
use super::state::{Database, Session, Signal};

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
        let name =
            said.get("database").filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| user.clone());
        let Some(role) = self.role_named(&user) else {
            return Err(Fault::fatal("28000", format!("role \"{user}\" does not exist")));
        };
        let known = role.password.as_ref().is_none_or(|kept| password.is_some_and(|given| fits(kept, given)));
        if !known {
            return Err(Fault::fatal("28P01", format!("password authentication failed for user \"{user}\"")));
        }
        if !role.login {
            return Err(Fault::fatal("28000", format!("role \"{user}\" is not permitted to log in")));
        }
        let own = role.settings.clone();
        self.admit(&user, &name)?;
        if self.base_named(&name).is_none() {
            return Err(Fault::fatal("3D000", format!("database \"{name}\" does not exist")));
        }
        if name == "template0" {
            return Err(Fault::fatal(
                "55000",
                "database \"template0\" is not currently accepting connections",
            ));
        }
        let (pid, secret) = (self.pid(), i32::try_from(self.dice.roll() >> 33).unwrap_or(7));
        let session = Session {
            pid,
            secret,
            logged_in: user.clone(),
            user,
            database: name,
            port: from.as_ref().map_or(-1, |(_, port)| *port),
            client: from.map(|(host, _)| host),
            wait: Some(("Client", "ClientRead")),
            ..self.blank()
        };
        self.sessions.insert(pid, session);
        let mut wanted: Vec<(String, String)> = own.into_iter().collect();
        for (name, value) in said {
            match name.as_str() {
                "user" | "database" | "replication" => {}
                "options" => wanted.extend(options(value)),
                _ => wanted.push((name.clone(), value.clone())),
            }
        }
        for (name, value) in wanted {
            if let Err(fault) = set(self, pid, &name, Some(&value)) {
                self.sessions.remove(&pid);
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
        self.roll_back(pid);
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

    /// What it ran has failed, and its transaction with it.
    pub fn fail(&mut self, pid: i32) {
        self.roll_back(pid);
        if let Some(one) = self.sessions.get_mut(&pid) {
            one.block = one.block.map(|_| true);
        }
    }
}

/// `-c name=value`, and `--name=value`.
fn options(text: &str) -> Vec<(String, String)> {
    let words = text.split_whitespace().map(|word| word.trim_start_matches("-c").trim_start_matches("--"));
    words
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Whether a password is the one that is kept: in clear, or as a verifier that a client has made of it.
fn fits(kept: &str, given: &str) -> bool {
    let Some(rest) = kept.strip_prefix("SCRAM-SHA-256$") else { return kept == given };
    verified(rest, given).unwrap_or(false)
}

fn verified(verifier: &str, given: &str) -> Option<bool> {
    let (way, keys) = verifier.split_once('$')?;
    let (rounds, salt) = way.split_once(':')?;
    let (stored, _) = keys.split_once(':')?;
    let rounds =
        rounds.parse().ok().and_then(std::num::NonZeroU32::new).filter(|rounds| rounds.get() <= 100_000)?;
    let (salt, stored) = (STANDARD.decode(salt).ok()?, STANDARD.decode(stored).ok()?);
    let mut salted = [0; digest::SHA256_OUTPUT_LEN];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, given.as_bytes(), &mut salted);
    let key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &salted), b"Client Key");
    Some(digest::digest(&digest::SHA256, key.as_ref()).as_ref() == stored)
}
