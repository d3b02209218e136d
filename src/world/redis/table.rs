//! Every command that is known, as a table, and what the commands do.
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::reply::{OK, Reply, Said, pattern};
use super::store::{Entry, Place, place};
use super::{CLIENT_MEMORY, Client, Deed, MOST_DEEDS, Redis, float, later, seconds, whole};

pub(super) const VERSION: &str = "7.2.5";
const SYNTAX: &str = "ERR syntax error";
const CURSOR: &str = "ERR invalid cursor";
const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";

pub(super) struct Command {
    /// In two parts where there are several of the first word.
    pub name: &'static str,
    /// With the name; below zero: at least so many.
    arity: isize,
    /// Whether it is noted that somebody did so.
    deed: bool,
    run: fn(&mut Redis, &Ask) -> Said,
}

const DEED: bool = true;
const LOOK: bool = false;

/// One command of one client.
pub(super) struct Ask<'a> {
    id: u64,
    db: u8,
    pub words: &'a [Bytes],
}

macro_rules! table {
    ($($name:literal $arity:literal $deed:ident $run:expr;)*) => {
        &[$(Command { name: $name, arity: $arity, deed: $deed, run: $run }),*]
    };
}

pub(super) const COMMANDS: &[Command] = table! {
    "get" 2 LOOK |r, a| Ok(r.look(a.place(1)).map_or(Reply::Nil, |entry| Reply::Bulk(entry.value.clone())));
    "strlen" 2 LOOK |r, a| Ok(Reply::int(r.look(a.place(1)).map_or(0, |entry| entry.value.len())));
    "exists" -2 LOOK |r, a| Ok(Reply::int(a.places().filter(|place| r.look(*place).is_some()).count()));
    "type" 2 LOOK |r, a| Ok(Reply::Word(r.store.get(a.place(1)).map_or("none", |_| "string")));
    "ttl" 2 LOOK |r, a| Ok(Reply::Int(r.left(a.place(1))));
    "set" -3 DEED Redis::set;
    "setex" 4 DEED |r, a| r.put(a, 3, Some(r.deadline(a.int(2)?, 1_000)?));
    "expire" 3 DEED |r, a| {
        let until = Some(r.deadline(a.int(2)?, 1_000)?);
        Ok(Reply::int(i64::from(r.store.expire(a.place(1), until))))
    };
    "persist" 2 DEED |r, a| {
        let lasts = r.store.get(a.place(1)).is_none_or(|entry| entry.until.is_none());
        Ok(Reply::int(i64::from(!lasts && r.store.expire(a.place(1), None))))
    };
    "del" -2 DEED |r, a| Ok(r.remove(a));
    "unlink" -2 DEED |r, a| Ok(r.remove(a));
    "flushall" -1 DEED |r, _| { r.store.clear(None); Ok(OK) };
    "flushdb" -1 DEED |r, a| { r.store.clear(Some(a.db)); Ok(OK) };
    "keys" 2 LOOK |r, a| Ok(r.keys(a));
    "scan" -2 LOOK Redis::scan;
    "dbsize" 1 LOOK |r, a| Ok(Reply::int(r.store.from((a.db, 0)).count()));
    "object|encoding" 3 LOOK |r, a| Ok(r.of(a, |entry| Reply::text(if entry.value.len() > 44 { "raw" } else { "embstr" })));
    "object|idletime" 3 LOOK |r, a| {
        let now = r.millis();
        Ok(r.of(a, |entry| Reply::Int((now - entry.used) / 1_000)))
    };
    "object|freq" 3 LOOK |r, a| {
        if !r.policy().ends_with("lfu") {
            return Err("ERR An LFU maxmemory policy is not selected, access frequency not tracked.".into());
        }
        Ok(r.of(a, |entry| Reply::int((entry.uses + 1).ilog2() * 8)))
    };
    "memory|usage" -3 LOOK |r, a| Ok(r.of(a, |entry| Reply::int(entry.weight())));
    "memory|doctor" 2 LOOK |r, _| Ok(Reply::text(r.memory_doctor()));
    // Kinds that nobody here can make: where there is a key it is a string, and else there is nothing.
    "llen" 2 LOOK |r, a| r.no_string(a, 1, Ok(Reply::Int(0)));
    "lrange" 4 LOOK |r, a| r.no_string(a, 1, Ok(Reply::List(Vec::new())));
    "lmove" 5 LOOK |r, a| r.no_string(a, 1, Ok(Reply::Nil));
    "xlen" 2 LOOK |r, a| r.no_string(a, 1, Ok(Reply::Int(0)));
    "xinfo|groups" 3 LOOK |r, a| r.no_string(a, 2, Err("ERR no such key".into()));
    "xpending" -3 LOOK |r, a| r.no_string(a, 1, Err(format!(
        "NOGROUP No such key '{}' or consumer group '{}'", a.text(1), a.text(2))));
    "ping" 1 LOOK |_, _| Ok(Reply::Word("PONG"));
    "select" 2 LOOK Redis::select;
    "auth" -2 LOOK Redis::auth;
    "hello" -1 LOOK Redis::hello;
    "client|id" 2 LOOK |_, a| Ok(Reply::int(a.id));
    "client|getname" 2 LOOK |r, a| Ok(Reply::text(r.clients.get(&a.id).map_or("", |own| own.name.as_str())));
    "client|setname" 3 LOOK Redis::set_name;
    "client|list" -2 LOOK Redis::client_list;
    "client|kill" -4 DEED Redis::client_kill;
    "config|get" -3 LOOK |r, a| Ok(r.config_get(a));
    "config|set" -4 DEED Redis::config_set;
    // No call here is a slow one.
    "slowlog|get" -2 LOOK |_, _| Ok(Reply::List(Vec::new()));
    "latency|latest" 2 LOOK |_, _| Ok(Reply::List(Vec::new()));
    "latency|doctor" 2 LOOK |_, _| Ok(Reply::text("Latency monitoring is off: latency-monitor-threshold is 0."));
    "acl|whoami" 2 LOOK |_, _| Ok(Reply::text("default"));
    "acl|dryrun" -4 LOOK dry_run;
    "info" -1 LOOK |r, a| Ok(Reply::text(r.info(&(1..a.words.len()).map(|at| a.lower(at)).collect::<Vec<_>>())));
    "role" 1 LOOK |_, _| Ok(Reply::List(vec![Reply::text("master"), Reply::Int(0), Reply::List(Vec::new())]));
    "bgsave" 1 DEED Redis::save;
    "lastsave" 1 LOOK |r, _| Ok(Reply::Int(r.saved.as_second()));
    "shutdown" -1 DEED |r, _| { r.stop(); Ok(Reply::Nil) };
    // Nothing here runs a script.
    "script|kill" 2 LOOK |_, _| Err("NOTBUSY No scripts in execution right now.".into());
    "function|kill" 2 LOOK |_, _| Err("NOTBUSY No scripts in execution right now.".into());
};

/// The command that is meant, with its second word where it has several.
fn find(words: &[String]) -> Result<&'static Command, String> {
    let [first, rest @ ..] = words else { return Err("ERR no command".into()) };
    let name = first.to_lowercase();
    let second = rest.first().map(|second| format!("{name}|{}", second.to_lowercase()));
    let is = |command: &&Command| command.name == name || Some(command.name) == second.as_deref();
    let Some(found) = COMMANDS.iter().find(is) else {
        let has_others = COMMANDS.iter().any(|one| one.name.starts_with(&format!("{name}|")));
        let rest: Vec<String> = rest.iter().map(|word| format!("'{word}' ")).collect();
        return Err(match rest.first().filter(|_| has_others) {
            Some(second) => {
                format!("ERR unknown subcommand {}. Try {} HELP.", second.trim(), first.to_uppercase())
            }
            None => format!("ERR unknown command '{first}', with args beginning with: {}", rest.concat()),
        });
    };
    let wanted = found.arity.unsigned_abs();
    let right = if found.arity < 0 { words.len() >= wanted } else { words.len() == wanted };
    if right { Ok(found) } else { Err(format!("ERR wrong number of arguments for '{}' command", found.name)) }
}

fn dry_run(_: &mut Redis, ask: &Ask) -> Said {
    match ask.text(2).as_str() {
        "default" => find(&ask.short(3)).map(|_| OK),
        other => Err(format!("ERR User '{other}' not found")),
    }
}

impl Ask<'_> {
    pub fn text(&self, at: usize) -> String {
        String::from_utf8_lossy(self.words.get(at).map_or(&b""[..], Bytes::as_ref)).into_owned()
    }

    pub fn lower(&self, at: usize) -> String {
        self.text(at).to_lowercase()
    }

    fn int(&self, at: usize) -> Result<i64, String> {
        self.text(at).parse().map_err(|_| "ERR value is not an integer or out of range".into())
    }

    fn place(&self, at: usize) -> Place {
        place(self.db, self.words.get(at).map_or(&b""[..], Bytes::as_ref))
    }

    /// Of all keys that it names.
    fn places(&self) -> impl Iterator<Item = Place> {
        (1..self.words.len()).map(|at| self.place(at))
    }

    /// The words from one on as a log has them: a few, and not the whole of a long one.
    fn short(&self, from: usize) -> Vec<String> {
        let cut = |at: usize| self.text(at).chars().take(128).collect();
        (from..self.words.len().min(from + 10)).map(cut).collect()
    }
}

impl Redis {
    /// One command, and its answer as bytes behind others.
    pub(super) fn answer(&mut self, id: u64, words: &[Bytes], out: &mut Vec<u8>) {
        let reply = self.ask(id, words);
        reply.encode(self.clients.get(&id).is_some_and(|client| client.resp3), out);
    }

    pub(super) fn ask(&mut self, id: u64, words: &[Bytes]) -> Reply {
        let ask = Ask { id, db: self.clients.get(&id).map_or(0, |client| client.db), words };
        let short = ask.short(0);
        let said = find(&short).and_then(|command| {
            let known = self.clients.get(&id).is_some_and(|client| client.known);
            if !known && !["auth", "hello"].contains(&command.name) {
                return Err("NOAUTH Authentication required.".into());
            }
            self.counts.commands += 1;
            if let Some(client) = self.clients.get_mut(&id) {
                (client.last, client.command) = (self.now, command.name);
            }
            let said = (command.run)(self, &ask)?;
            if command.deed && self.deeds.len() < MOST_DEEDS {
                let rest = short.get(1..).unwrap_or_default();
                let command = [&[ask.text(0).to_uppercase()], rest].concat().join(" ");
                self.deeds.push(Deed { at: self.now, command });
            }
            Ok(said)
        });
        said.unwrap_or_else(|why| {
            let code = why.split(' ').next().unwrap_or("ERR").to_owned();
            *self.errors.entry(code).or_default() += 1;
            Reply::Error(why)
        })
    }

    // Keys.

    /// A lookup that counts.
    fn look(&mut self, place: Place) -> Option<&Entry> {
        let now = self.millis();
        let found = self.store.used(place, now);
        *(if found.is_some() { &mut self.counts.hits } else { &mut self.counts.misses }) += 1;
        found
    }

    /// What is so of the key that stands third.
    fn of(&mut self, ask: &Ask, fact: impl Fn(&Entry) -> Reply) -> Reply {
        self.store.get(ask.place(2)).map_or(Reply::Nil, fact)
    }

    fn no_string(&mut self, ask: &Ask, at: usize, nothing: Said) -> Said {
        if self.store.get(ask.place(at)).is_some() { Err(WRONG_TYPE.into()) } else { nothing }
    }

    fn left(&mut self, place: Place) -> i64 {
        let now = self.millis();
        let Some(entry) = self.look(place) else { return -2 };
        entry.until.map_or(-1, |until| (until - now + 500) / 1_000)
    }

    /// When a time to live that begins now is over.
    fn deadline(&self, time: i64, unit: i64) -> Result<i64, String> {
        let until = time.checked_mul(unit).and_then(|span| self.millis().checked_add(span));
        until.filter(|_| time > 0).ok_or_else(|| "ERR invalid expire time".into())
    }

    fn set(&mut self, ask: &Ask) -> Said {
        let until = match (ask.lower(3).as_str(), ask.words.len()) {
            ("", 3) => None,
            ("ex", 5) => Some(self.deadline(ask.int(4)?, 1_000)?),
            ("px", 5) => Some(self.deadline(ask.int(4)?, 1)?),
            _ => return Err(SYNTAX.into()),
        };
        self.put(ask, 2, until)
    }

    /// Gives a key the value that stands at a word.
    fn put(&mut self, ask: &Ask, at: usize, until: Option<i64>) -> Said {
        if !self.make_room() || self.store.is_full() {
            self.counts.refused += 1;
            return Err("OOM command not allowed when used memory > 'maxmemory'.".into());
        }
        let word = |at: usize| ask.words.get(at).cloned().unwrap_or_default();
        let entry = Entry { key: word(1), value: word(at), until, used: self.millis(), uses: 0, sent: true };
        self.store.put(ask.place(1), entry);
        self.changes += 1;
        Ok(OK)
    }

    fn remove(&mut self, ask: &Ask) -> Reply {
        let gone = ask.places().filter(|place| self.store.remove(*place).is_some()).count();
        self.changes += gone as u64;
        Reply::int(gone)
    }

    fn keys(&mut self, ask: &Ask) -> Reply {
        let fits = pattern(&ask.text(1));
        let all = self.store.from((ask.db, 0)).map(|(_, entry)| &entry.key);
        Reply::List(all.filter(|key| fits(key)).cloned().map(Reply::Bulk).collect())
    }

    fn scan(&mut self, ask: &Ask) -> Said {
        let (mut wanted, mut count) = ("*".to_owned(), 10);
        for at in (2..ask.words.len()).step_by(2) {
            match (ask.lower(at).as_str(), ask.words.get(at + 1)) {
                ("match", Some(_)) => wanted = ask.text(at + 1),
                ("count", Some(_)) => {
                    count =
                        usize::try_from(ask.int(at + 1)?).ok().filter(|count| *count > 0).ok_or(SYNTAX)?;
                }
                _ => return Err(SYNTAX.into()),
            }
        }
        let cursor = ask.text(1).parse().map_err(|_| CURSOR)?;
        let mut rest = self.store.from((ask.db, cursor));
        let seen = rest.by_ref().take(count).map(|(_, entry)| &entry.key);
        let fits = pattern(&wanted);
        let found = seen.filter(|key| fits(key)).cloned().map(Reply::Bulk).collect();
        let next = rest.next().map_or(0, |(place, _)| place.1);
        Ok(Reply::List(vec![Reply::text(next.to_string()), Reply::List(found)]))
    }

    // Clients.

    fn select(&mut self, ask: &Ask) -> Said {
        let db =
            u8::try_from(ask.int(1)?).ok().filter(|db| *db < 16).ok_or("ERR DB index is out of range")?;
        if let Some(client) = self.clients.get_mut(&ask.id) {
            client.db = db;
        }
        Ok(OK)
    }

    fn set_name(&mut self, ask: &Ask) -> Said {
        let name = ask.text(2);
        if name.len() > 100 || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("ERR Client names cannot contain spaces, newlines or special characters.".into());
        }
        if let Some(client) = self.clients.get_mut(&ask.id) {
            client.name = name;
        }
        Ok(OK)
    }

    fn auth(&mut self, ask: &Ask) -> Said {
        match ask.words.len() {
            2 if self.is_open() => Err("ERR AUTH <password> called without any password configured for the \
                 default user. Are you sure your configuration is correct?"
                .into()),
            2 => self.log_in(ask.id, "default", &ask.text(1)).map(|()| OK),
            3 => self.log_in(ask.id, &ask.text(1), &ask.text(2)).map(|()| OK),
            _ => Err(SYNTAX.into()),
        }
    }

    /// There is one user, who may everything, once it has said its password.
    fn log_in(&mut self, id: u64, name: &str, password: &str) -> Result<(), String> {
        let right = self.settings.get("requirepass").is_some_and(|own| own.is_empty() || own == password);
        if name != "default" || !right {
            return Err("WRONGPASS invalid username-password pair or user is disabled.".into());
        }
        self.clients.get_mut(&id).into_iter().for_each(|client| client.known = true);
        Ok(())
    }

    fn hello(&mut self, ask: &Ask) -> Said {
        match (ask.words.len(), ask.lower(2).as_str()) {
            (5, "auth") => self.log_in(ask.id, &ask.text(3), &ask.text(4))?,
            (1 | 2, _) => {}
            (_, option) => return Err(format!("ERR Syntax error in HELLO option '{option}'")),
        }
        let Some(client) = self.clients.get_mut(&ask.id).filter(|client| client.known) else {
            return Err("NOAUTH HELLO must be called with the client already authenticated".into());
        };
        match ask.text(1).as_str() {
            "" => {}
            "2" => client.resp3 = false,
            "3" => client.resp3 = true,
            _ => return Err("NOPROTO unsupported protocol version".into()),
        }
        let proto = if client.resp3 { 3 } else { 2 };
        let facts = format!("server redis version {VERSION} mode standalone role master");
        let mut all: Vec<Reply> = facts.split(' ').map(Reply::text).collect();
        all.extend([Reply::text("proto"), Reply::Int(proto), Reply::text("id"), Reply::int(ask.id)]);
        Ok(Reply::Map(all))
    }

    fn client_list(&mut self, ask: &Ask) -> Said {
        let ids: Vec<String> = (3..ask.words.len()).map(|at| ask.text(at)).collect();
        let wanted = |id: u64| match ask.lower(2).as_str() {
            "id" => ids.contains(&id.to_string()),
            "type" => ids.iter().all(|kind| kind == "normal"),
            _ => true,
        };
        if !["", "id", "type"].contains(&ask.lower(2).as_str()) || (ask.words.len() > 2 && ids.is_empty()) {
            return Err(SYNTAX.into());
        }
        let span = |since| whole(seconds(since, self.now));
        let line = |(id, client): (&u64, &Client)| {
            let Client { address, name, since, last, command, db, resp3, .. } = client;
            let (age, idle, resp) = (span(*since), span(*last), if *resp3 { 3 } else { 2 });
            format!(
                "id={id} addr={address} laddr=127.0.0.1:6379 fd={} name={name} age={age} idle={idle} flags=N db={db} \
                 sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=20448 argv-mem=10 multi-mem=0 rbs=1024 rbp=0 obl=0 oll=0 \
                 omem=0 tot-mem={CLIENT_MEMORY} events=r cmd={command} user=default redir=-1 resp={resp} lib-name= \
                 lib-ver=\n",
                id % 4_000 + 8,
            )
        };
        let lines = self.clients.iter().filter(|(id, _)| wanted(**id)).map(line).collect::<String>();
        Ok(Reply::text(lines))
    }

    /// By number and address, as `ID 7 ADDR 10.0.0.7:4711`.
    fn client_kill(&mut self, ask: &Ask) -> Said {
        let mut found: Vec<u64> = self.clients.keys().copied().collect();
        for at in (2..ask.words.len()).step_by(2) {
            let (name, value) = (ask.lower(at), ask.text(at + 1));
            let address = |id: &u64| self.clients.get(id).map(|client| &client.address);
            match name.as_str() {
                "id" => found.retain(|id| id.to_string() == value),
                "addr" => found.retain(|id| address(id) == Some(&value)),
                _ => return Err(SYNTAX.into()),
            }
        }
        for id in &found {
            if let Some(client) = self.clients.get(id) {
                client.gone.store(true, Ordering::Relaxed);
            }
            // One that kills itself hears so first.
            if *id != ask.id {
                self.leave(*id);
            }
        }
        Ok(Reply::int(found.len()))
    }

    fn save(&mut self, _: &Ask) -> Said {
        if self.saving.is_some() {
            return Err("ERR Background save already in progress".into());
        }
        self.saving = Some(later(self.now, 0.5 + float(self.store.size()) / 200e6));
        Ok(Reply::Word("Background saving started"))
    }
}
