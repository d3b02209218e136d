//! Who may what: users, their passwords and rules, and how a client says who it is.
use bytes::Bytes;

use super::Redis;
use super::keys::SYNTAX;
use super::reply::{OK, Reply, Said, fits};
use super::table::{Ask, COMMANDS, Command};

const MOST_USERS: usize = 100;
const MOST_RULES: usize = 200;

#[derive(Debug, Clone, Default)]
pub(super) struct User {
    pub name: String,
    on: bool,
    open: bool,
    passwords: Vec<String>,
    rules: Vec<String>,
    keys: Vec<String>,
}

impl User {
    pub fn first() -> User {
        let (rules, keys) = (vec!["+@all".to_owned()], vec!["*".to_owned()]);
        User { name: "default".into(), on: true, open: true, passwords: Vec::new(), rules, keys }
    }

    pub fn is_open(&self) -> bool {
        self.on && self.open
    }

    /// The last rule that speaks of a command decides.
    fn may(&self, command: &Command) -> bool {
        let parent = command.name.split('|').next();
        let speaks = |what: &str| match what.strip_prefix('@') {
            Some("all") => true,
            Some(category) => command.traits.split(' ').any(|own| own == category),
            None => what == command.name || Some(what) == parent,
        };
        let rule = self.rules.iter().rev().find(|rule| rule.get(1..).is_some_and(speaks));
        rule.is_some_and(|rule| rule.starts_with('+'))
    }

    /// As ACL LIST tells it; passwords are never told.
    pub fn line(&self) -> String {
        let mut line = format!("user {} {}", self.name, if self.on { "on" } else { "off" });
        if self.open {
            line.push_str(" nopass");
        }
        self.keys.iter().for_each(|key| line.extend([" ~", key]));
        line.push_str(" &*");
        self.rules.iter().for_each(|rule| line.extend([" ", rule]));
        line
    }
}

impl Redis {
    pub(super) fn who(&self, id: u64) -> String {
        self.clients.get(&id).and_then(|client| client.user.clone()).unwrap_or_default()
    }

    pub(super) fn set_user(&mut self, name: &str, rule: &str) -> Result<(), String> {
        let wrong = || Err(format!("ERR Error in ACL SETUSER modifier '{rule}': Syntax error"));
        if !self.users.iter().any(|user| user.name == name) && self.users.len() < MOST_USERS {
            self.users.push(User { name: name.into(), rules: vec!["-@all".into()], ..User::default() });
        }
        let room = |user: &&mut User| user.name == name && user.rules.len() + user.keys.len() < MOST_RULES;
        let Some(user) = self.users.iter_mut().find(room) else { return wrong() };
        match (rule, rule.chars().next()) {
            ("on", _) => user.on = true,
            ("off", _) => user.on = false,
            ("nopass", _) => (user.open, user.passwords) = (true, Vec::new()),
            ("resetpass", _) => (user.open, user.passwords) = (false, Vec::new()),
            ("resetkeys", _) => user.keys.truncate(0),
            ("allkeys", _) => user.keys = vec!["*".into()],
            ("allcommands", _) => user.rules = vec!["+@all".into()],
            ("nocommands", _) => user.rules = vec!["-@all".into()],
            ("" | "sanitize-payload" | "allchannels" | "resetchannels", _) | (_, Some('&')) => {}
            ("reset", _) => {
                *user = User { name: name.into(), rules: vec!["-@all".into()], ..User::default() };
            }
            (_, Some('>')) => {
                user.open = false;
                user.passwords.push(rule.chars().skip(1).collect());
                user.passwords.drain(..user.passwords.len().saturating_sub(10));
            }
            (_, Some('<')) => user.passwords.retain(|own| Some(own.as_str()) != rule.get(1..)),
            (_, Some('~')) => user.keys.push(rule.chars().skip(1).collect()),
            (_, Some('%')) if rule.contains('~') => {
                user.keys.extend(rule.split_once('~').map(|(_, key)| key.to_owned()));
            }
            // A selector grants what stands in it; here that is added to the whole.
            (_, Some('(')) => {
                let inside = rule.trim_matches(['(', ')']).to_owned();
                return inside.split_whitespace().try_for_each(|rule| self.set_user(name, rule));
            }
            ("+@all" | "-@all", _) => user.rules = vec![rule.to_lowercase()],
            (_, Some('+' | '-')) if rule.len() > 1 => user.rules.push(rule.to_lowercase()),
            _ => return wrong(),
        }
        Ok(())
    }

    pub(super) fn allows(&self, user: &str, command: &Command, words: &[Bytes]) -> Result<(), String> {
        let known = self.users.iter().find(|own| own.name == user);
        if command.traits.split(' ').any(|own| own == "open") {
            return Ok(());
        }
        let Some(known) = known.filter(|known| known.may(command)) else {
            return Err(format!("User {user} has no permissions to run the '{}' command", command.name));
        };
        let (first, last, step) = command.keys;
        let end = if last < 0 { words.len().saturating_add_signed(last) } else { last.unsigned_abs() };
        let most = if first == 0 { 0 } else { end + 1 };
        let mut keys = words.iter().take(most).skip(first).step_by(step.max(1));
        if keys.all(|key| known.keys.iter().any(|pattern| fits(pattern.as_bytes(), key))) {
            Ok(())
        } else {
            Err("No permissions to access a key".into())
        }
    }

    pub(super) fn dry_run(&mut self, ask: &Ask) -> Said {
        let user = ask.text(2);
        if !self.users.iter().any(|own| own.name == user) {
            return Err(format!("ERR User '{user}' not found"));
        }
        let whole = format!("{}|{}", ask.lower(3), ask.lower(4));
        let command = COMMANDS.iter().find(|command| command.name == whole || command.name == ask.lower(3));
        let command = command.ok_or_else(|| format!("ERR Command '{}' not found", ask.text(3)))?;
        let words = ask.words.get(3..).unwrap_or_default();
        Ok(match self.allows(&user, command, words) {
            Ok(()) => OK,
            Err(why) => Reply::text(why),
        })
    }

    fn log_in(&mut self, id: u64, name: &str, password: &str) -> Result<(), String> {
        let user = self.users.iter().find(|user| user.name == name && user.on);
        if !user.is_some_and(|user| user.open || user.passwords.iter().any(|own| own == password)) {
            return Err("WRONGPASS invalid username-password pair or user is disabled.".into());
        }
        if let Some(client) = self.clients.get_mut(&id) {
            client.user = Some(name.to_owned());
        }
        Ok(())
    }

    pub(super) fn auth(&mut self, ask: &Ask) -> Said {
        match ask.words.len() {
            2 if self.users.first().is_some_and(User::is_open) => {
                Err("ERR AUTH <password> called without any password configured for the default user.".into())
            }
            2 => self.log_in(ask.id, "default", &ask.text(1)).map(|()| OK),
            3 => self.log_in(ask.id, &ask.text(1), &ask.text(2)).map(|()| OK),
            _ => Err(SYNTAX.into()),
        }
    }

    pub(super) fn hello(&mut self, ask: &Ask) -> Said {
        let resp3 = match ask.text(1).as_str() {
            "" => self.clients.get(&ask.id).is_some_and(|client| client.resp3),
            "2" => false,
            "3" => true,
            number if number.parse::<i64>().is_err() => {
                return Err("ERR Protocol version is not an integer or out of range".into());
            }
            _ => return Err("NOPROTO unsupported protocol version".into()),
        };
        let mut at = 2;
        while at < ask.words.len() {
            match (ask.lower(at).as_str(), ask.words.len() - at) {
                ("auth", 3..) => {
                    self.log_in(ask.id, &ask.text(at + 1), &ask.text(at + 2))?;
                    at += 3;
                }
                ("setname", 2..) => {
                    self.set_name(ask.id, &ask.text(at + 1))?;
                    at += 2;
                }
                (option, _) => return Err(format!("ERR Syntax error in HELLO option '{option}'")),
            }
        }
        let Some(client) = self.clients.get_mut(&ask.id).filter(|client| client.user.is_some()) else {
            return Err("NOAUTH HELLO must be called with the client already authenticated".into());
        };
        client.resp3 = resp3;
        let facts = format!("server redis version {} mode standalone role master", super::info::VERSION);
        let mut all: Vec<Reply> = facts.split(' ').map(Reply::text).collect();
        all.extend([Reply::text("proto"), Reply::Int(if resp3 { 3 } else { 2 })]);
        all.extend([Reply::text("id"), Reply::int(ask.id), Reply::text("modules"), Reply::List(Vec::new())]);
        Ok(Reply::Map(all))
    }

    pub(super) fn select(&mut self, ask: &Ask) -> Said {
        let db =
            u8::try_from(ask.int(1)?).ok().filter(|db| *db < 16).ok_or("ERR DB index is out of range")?;
        if let Some(client) = self.clients.get_mut(&ask.id) {
            client.db = db;
        }
        Ok(OK)
    }
}
