//! Every command that is known, as a table, and what those do that are about keys.
use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use super::Redis;
use super::reply::{OK, Reply, Said, fits};
use super::store::{Body, Entry, Kind, Place, part, place};

pub(super) struct Command {
    pub name: &'static str,
    /// With the name; below zero: at least so many.
    pub arity: isize,
    /// The categories of access rules; `oom` is refused where there is no room, `deed` is noted, `open` needs no
    /// login, `busy` is answered beside a script.
    pub traits: &'static str,
    /// Where its keys stand: the first, the last (below zero: from the end), how far apart.
    pub keys: (usize, isize, usize),
    run: fn(&mut Redis, &Ask) -> Said,
}

/// One command of one client.
pub(super) struct Ask<'a> {
    pub id: u64,
    pub db: u8,
    pub words: &'a [Bytes],
}

pub(super) const SYNTAX: &str = "ERR syntax error";
const NOT_WHOLE: &str = "ERR value is not an integer or out of range";
const NOT_FLOAT: &str = "ERR value is not a valid float";

const NO: (usize, isize, usize) = (0, 0, 0);
const ONE: (usize, isize, usize) = (1, 1, 1);
const TWO: (usize, isize, usize) = (1, 2, 1);
const ALL: (usize, isize, usize) = (1, -1, 1);

macro_rules! table {
    ($($name:literal $arity:literal $keys:tt $traits:literal $run:expr;)*) => {
        &[$(Command { name: $name, arity: $arity, traits: $traits, keys: $keys, run: $run }),*]
    };
}

pub(super) const COMMANDS: &[Command] = table! {
    "get" 2 ONE "read string fast" |r, a| r.get(a, a.key(1)).map(|held| held.map_or(Reply::Nil, Reply::Bulk));
    "strlen" 2 ONE "read string fast" |r, a| r.count(a, Kind::String);
    "llen" 2 ONE "read list fast" |r, a| r.count(a, Kind::List);
    "scard" 2 ONE "read set fast" |r, a| r.count(a, Kind::Set);
    "hlen" 2 ONE "read hash fast" |r, a| r.count(a, Kind::Hash);
    "zcard" 2 ONE "read sortedset fast" |r, a| r.count(a, Kind::Zset);
    "mget" -2 ALL "read string fast" |r, a| Ok(Reply::List((1..a.words.len())
        .map(|at| r.get(a, a.key(at)).ok().flatten().map_or(Reply::Nil, Reply::Bulk)).collect()));
    "getrange" 4 ONE "read string slow" |r, a| {
        let held = r.get(a, a.key(1))?.unwrap_or_default();
        let (from, to) = a.range(2, held.len())?;
        Ok(Reply::Bulk(held.slice(from..to)))
    };
    "set" -3 ONE "write string slow oom deed" Redis::set;
    "setex" 4 ONE "write string slow oom deed" |r, a| r.put(a, a.word(3), Some(r.deadline(a.int(2)?, 1_000, "setex")?));
    "setnx" 3 ONE "write string fast oom deed" |r, a| {
        let new = r.store.get(a.place(1)).is_none();
        if new { r.put(a, a.word(2), None)?; }
        Ok(Reply::int(i64::from(new)))
    };
    "append" 3 ONE "write string fast oom deed" |r, a| {
        let joined = [r.get(a, a.key(1))?.unwrap_or_default(), a.word(2)].concat();
        let length = joined.len();
        let until = r.store.get(a.place(1)).and_then(|entry| entry.until);
        r.put(a, Bytes::from(joined), until)?;
        Ok(Reply::int(length))
    };
    "incr" 2 ONE "write string fast oom deed" |r, a| r.add(a, 1);
    "decr" 2 ONE "write string fast oom deed" |r, a| r.add(a, -1);
    "incrby" 3 ONE "write string fast oom deed" |r, a| r.add(a, a.int(2)?);
    "decrby" 3 ONE "write string fast oom deed" |r, a| r.add(a, a.int(2)?.saturating_neg());
    "hget" 3 ONE "read hash fast" |r, a| r.part(a, Kind::Hash);
    "zscore" 3 ONE "read sortedset fast" |r, a| r.part(a, Kind::Zset);
    "hmget" -3 ONE "read hash fast" |r, a| {
        let all = r.named(a, Kind::Hash)?;
        let of = |word: &Bytes| all.get(word).cloned().map_or(Reply::Nil, Reply::Bulk);
        Ok(Reply::List(a.words.iter().skip(2).map(of).collect()))
    };
    "hexists" 3 ONE "read hash fast" |r, a| Ok(Reply::int(i64::from(r.named(a, Kind::Hash)?.contains_key(&a.word(2)))));
    "sismember" 3 ONE "read set fast" |r, a| Ok(Reply::int(i64::from(r.named(a, Kind::Set)?.contains_key(&a.word(2)))));
    "hgetall" 2 ONE "read hash slow" |r, a| Ok(Reply::Map(
        r.named(a, Kind::Hash)?.into_iter().flat_map(|(name, value)| [name, value]).map(Reply::Bulk).collect()));
    "hkeys" 2 ONE "read hash slow" |r, a| Ok(Reply::List(r.named(a, Kind::Hash)?.into_keys().map(Reply::Bulk).collect()));
    "hvals" 2 ONE "read hash slow" |r, a| Ok(Reply::List(r.named(a, Kind::Hash)?.into_values().map(Reply::Bulk).collect()));
    "smembers" 2 ONE "read set slow" |r, a| Ok(Reply::List(r.named(a, Kind::Set)?.into_keys().map(Reply::Bulk).collect()));
    "hset" -4 ONE "write hash fast oom deed" |r, a| r.fill(a, Kind::Hash);
    "sadd" -3 ONE "write set fast oom deed" |r, a| r.fill(a, Kind::Set);
    "zadd" -4 ONE "write sortedset fast oom deed" |r, a| r.fill(a, Kind::Zset);
    "hdel" -3 ONE "write hash fast deed" |r, a| r.drop_parts(a, Kind::Hash);
    "srem" -3 ONE "write set fast deed" |r, a| r.drop_parts(a, Kind::Set);
    "zrem" -3 ONE "write sortedset fast deed" |r, a| r.drop_parts(a, Kind::Zset);
    "zrange" -4 ONE "read sortedset slow" |r, a| r.ranked(a, false);
    "zrevrange" -4 ONE "read sortedset slow" |r, a| r.ranked(a, true);
    "lpush" -3 ONE "write list fast oom deed" |r, a| r.push(a, true);
    "rpush" -3 ONE "write list fast oom deed" |r, a| r.push(a, false);
    "lpop" -2 ONE "write list fast deed" |r, a| r.pop(a, true);
    "rpop" -2 ONE "write list fast deed" |r, a| r.pop(a, false);
    "lmove" 5 TWO "write list slow oom deed" Redis::shift;
    "lrange" 4 ONE "read list slow" |r, a| {
        let all = r.line(a, 1)?;
        let (from, to) = a.range(2, all.len())?;
        Ok(Reply::List(all.range(from..to).cloned().map(Reply::Bulk).collect()))
    };
    "lindex" 3 ONE "read list slow" |r, a| {
        let (all, at) = (r.line(a, 1)?, a.int(2)?);
        let at = if at < 0 { at.saturating_add_unsigned(all.len() as u64) } else { at };
        Ok(usize::try_from(at).ok().and_then(|at| all.get(at).cloned()).map_or(Reply::Nil, Reply::Bulk))
    };
    "ltrim" 4 ONE "write list slow deed" |r, a| {
        let (from, to) = a.range(2, r.line(a, 1)?.len())?;
        r.on_line(a, 1, |all| { all.truncate(to); all.drain(..from); OK })
    };
    "xlen" 2 ONE "read stream fast" |r, a| r.no_stream(a, 1).map(|()| Reply::Int(0));
    "xinfo|groups" 3 ONE "read stream slow" |r, a| r.no_stream(a, 2).and_then(|()| Err("ERR no such key".into()));
    "xinfo|stream" -3 ONE "read stream slow" |r, a| r.no_stream(a, 2).and_then(|()| Err("ERR no such key".into()));
    "xpending" -3 ONE "read stream slow" |r, a| r.no_stream(a, 1).and_then(|()|
        Err(format!("NOGROUP No such key '{}' or consumer group '{}'", a.text(1), a.text(2))));
    "del" -2 ALL "keyspace write slow deed" Redis::remove_keys;
    "unlink" -2 ALL "keyspace write fast deed" Redis::remove_keys;
    "exists" -2 ALL "keyspace read fast" |r, a| Ok(Reply::int(
        (1..a.words.len()).filter(|at| r.look(a.place(*at)).is_some()).count()));
    "type" 2 ONE "keyspace read fast" |r, a| Ok(Reply::Word(r.store.get(a.place(1)).map_or("none", |e| e.kind.word())));
    "ttl" 2 ONE "keyspace read fast" |r, a| Ok(Reply::Int(r.left(a, 1_000)));
    "pttl" 2 ONE "keyspace read fast" |r, a| Ok(Reply::Int(r.left(a, 1)));
    "expire" -3 ONE "keyspace write fast deed" |r, a| r.expire(a, 1_000, "expire");
    "pexpire" -3 ONE "keyspace write fast deed" |r, a| r.expire(a, 1, "pexpire");
    "persist" 2 ONE "keyspace write fast deed" |r, a| {
        let lasted = r.store.get(a.place(1)).is_some_and(|entry| entry.until.is_some());
        r.store.expire(a.place(1), None);
        Ok(Reply::int(i64::from(lasted)))
    };
    "rename" 3 TWO "keyspace write slow deed" |r, a| {
        if r.store.rename(a.place(1), a.place(2), &a.key(2)) { Ok(OK) } else { Err("ERR no such key".into()) }
    };
    "keys" 2 NO "keyspace read slow dangerous" Redis::keys;
    "scan" -2 NO "keyspace read slow" |r, a| r.scan(a, a.int(1)?, 2);
    "hscan" -3 ONE "read hash slow" |r, a| r.scan_parts(a, Kind::Hash);
    "sscan" -3 ONE "read set slow" |r, a| r.scan_parts(a, Kind::Set);
    "zscan" -3 ONE "read sortedset slow" |r, a| r.scan_parts(a, Kind::Zset);
    "randomkey" 1 NO "keyspace read slow" |r, a| {
        let any = r.store.any(a.db, &mut r.dice);
        Ok(any.and_then(|place| r.store.get(place)).map_or(Reply::Nil, |entry| Reply::Bulk(entry.key.clone())))
    };
    "dbsize" 1 NO "keyspace read fast" |r, a| Ok(Reply::int(r.store.count(a.db)));
    "flushall" -1 NO "keyspace write slow dangerous deed" |r, _| { r.store.clear(None); Ok(OK) };
    "flushdb" -1 NO "keyspace write slow dangerous deed" |r, a| { r.store.clear(Some(a.db)); Ok(OK) };
    "object|encoding" 3 (2, 2, 1) "keyspace read slow" |r, a| Ok(r.store.get(a.place(2)).map_or(Reply::Nil, encoding));
    "object|idletime" 3 (2, 2, 1) "keyspace read slow" |r, a| {
        let now = r.millis();
        if r.policy().ends_with("lfu") {
            return Err("ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.".into());
        }
        Ok(r.store.get(a.place(2)).map_or(Reply::Nil, |entry| Reply::Int((now - entry.used) / 1_000)))
    };
    "object|freq" 3 (2, 2, 1) "keyspace read slow" |r, a| {
        if !r.policy().ends_with("lfu") {
            return Err("ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.".into());
        }
        Ok(r.store.get(a.place(2)).map_or(Reply::Nil, |entry| Reply::int((entry.uses + 1).ilog2() * 8)))
    };
    "object|refcount" 3 (2, 2, 1) "keyspace read slow" |r, a| Ok(r.store.get(a.place(2)).map_or(Reply::Nil, |_| Reply::Int(1)));
    "memory|usage" -3 (2, 2, 1) "read slow" |r, a| Ok(r.store.get(a.place(2)).map_or(Reply::Nil, |e| Reply::int(e.weight())));
    "memory|doctor" 2 NO "slow" |r, _| Ok(Reply::Text(r.memory_doctor()));
    "memory|stats" 2 NO "slow" |r, _| Ok(r.memory_stats());
    "memory|purge" 2 NO "slow deed" |_, _| Ok(OK);
    "ping" -1 NO "fast connection" |_, a| Ok(a.words.get(1).cloned().map_or(Reply::Word("PONG"), Reply::Bulk));
    "echo" 2 NO "fast connection" |_, a| Ok(Reply::Bulk(a.word(1)));
    "select" 2 NO "fast connection" Redis::select;
    "quit" -1 NO "fast connection open busy" |r, a| r.quit(a);
    "auth" -2 NO "fast connection open busy" Redis::auth;
    "hello" -1 NO "fast connection open busy" Redis::hello;
    "client|id" 2 NO "slow connection" |_, a| Ok(Reply::int(a.id));
    "client|getname" 2 NO "slow connection" |r, a| Ok(r.clients.get(&a.id).map_or(Reply::Nil, |c| Reply::text(&c.name)));
    "client|setname" 3 NO "slow connection" |r, a| r.name(a);
    "client|setinfo" 4 NO "slow connection" Redis::library;
    "client|list" -2 NO "admin slow dangerous connection" Redis::client_list;
    "client|info" 2 NO "slow connection" |r, a| Ok(Reply::Text(r.clients.get(&a.id).map_or(String::new(), |c| r.line_of(a.id, c))));
    "client|kill" -3 NO "admin slow dangerous connection deed" Redis::kill;
    "client|no-evict" 3 NO "admin slow dangerous connection" |_, _| Ok(OK);
    "client|tracking" -3 NO "slow connection" |_, a| if a.lower(2) == "off" { Ok(OK) } else { Err(SYNTAX.into()) };
    "config|get" -3 NO "admin slow dangerous" Redis::config_get;
    "config|set" -4 NO "admin slow dangerous deed" Redis::config_set;
    "config|resetstat" 2 NO "admin slow dangerous deed" |r, _| r.reset();
    "config|rewrite" 2 NO "admin slow dangerous deed" |_, _| Err("ERR The server is running without a config file".into());
    "slowlog|get" -2 NO "admin slow dangerous" Redis::slowlog;
    "slowlog|len" 2 NO "admin slow dangerous" |r, _| Ok(Reply::int(r.slow.len()));
    "slowlog|reset" 2 NO "admin slow dangerous deed" |r, _| { r.slow.clear(); Ok(OK) };
    "latency|latest" 2 NO "admin slow dangerous" |r, _| Ok(r.latest());
    "latency|history" 3 NO "admin slow dangerous" |r, a| Ok(r.history(&a.lower(2)));
    "latency|reset" -2 NO "admin slow dangerous deed" |r, _| Ok(Reply::int(usize::from(!std::mem::take(&mut r.spikes).is_empty())));
    "latency|doctor" 2 NO "admin slow dangerous" |r, _| Ok(Reply::Text(r.latency_doctor()));
    "acl|whoami" 2 NO "slow" |r, a| Ok(Reply::text(r.who(a.id)));
    "acl|users" 2 NO "admin slow dangerous" |r, _| Ok(Reply::words(r.users.iter().map(|user| user.name.clone())));
    "acl|list" 2 NO "admin slow dangerous" |r, _| Ok(Reply::words(r.users.iter().map(super::admin::User::line)));
    "acl|setuser" -3 NO "admin slow dangerous deed" |r, a| {
        (3..a.words.len().max(4)).try_for_each(|at| r.set_user(&a.text(2), &a.text(at))).map(|()| OK)
    };
    "acl|dryrun" -4 NO "admin slow dangerous" Redis::dry_run;
    "info" -1 NO "slow dangerous" |r, a| Ok(Reply::Text(r.info(&a.words.iter().skip(1)
        .map(|word| String::from_utf8_lossy(word).to_lowercase()).collect::<Vec<_>>())));
    "role" 1 NO "admin fast dangerous" |r, _| Ok(r.role());
    "time" 1 NO "fast" |r, _| Ok(Reply::words([r.now.as_second().to_string(), (r.now.as_microsecond() % 1_000_000).to_string()]));
    "lastsave" 1 NO "admin fast dangerous" |r, _| Ok(Reply::Int(r.saved.as_second()));
    "bgsave" -1 NO "admin slow dangerous deed" |r, _| r.save(false);
    "save" 1 NO "admin slow dangerous deed" |r, _| r.save(true);
    "shutdown" -1 NO "admin slow dangerous busy deed" |r, _| { r.stop(); Ok(Reply::Nil) };
    "script|kill" 2 NO "slow scripting busy deed" |r, _| r.end(true);
    "function|kill" 2 NO "slow scripting busy deed" |r, _| r.end(false);
    "function|stats" 2 NO "slow scripting busy" |_, _| Ok(Reply::Map(vec![Reply::text("running_script"), Reply::Nil]));
    "pubsub|numpat" 2 NO "pubsub slow" |_, _| Ok(Reply::Int(0));
    "pubsub|numsub" -2 NO "pubsub slow" |_, a| Ok(Reply::Map(
        a.words.iter().skip(2).flat_map(|word| [Reply::Bulk(word.clone()), Reply::Int(0)]).collect()));
    "cluster|info" 2 NO "slow" |_, _| Err("ERR This instance has cluster support disabled".into());
    "cluster|nodes" 2 NO "slow" |_, _| Err("ERR This instance has cluster support disabled".into());
    "debug" -2 NO "admin slow dangerous" |_, _| Err("ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.".into());
    "command" -1 NO "slow connection" |_, _| Ok(Reply::List(COMMANDS.iter().filter(|c| !c.name.contains('|')).map(told).collect()));
    "command|count" 2 NO "slow connection" |_, _| Ok(Reply::int(COMMANDS.len()));
    "command|docs" -2 NO "slow connection" |_, a| Ok(Reply::Map(COMMANDS.iter()
        .filter(|c| a.words.len() == 2 || (2..a.words.len()).any(|at| a.lower(at) == c.name))
        .flat_map(|c| [Reply::text(c.name), Reply::Map(vec![
            Reply::text("summary"), Reply::text(c.traits), Reply::text("since"), Reply::text("1.0.0"),
            Reply::text("group"), Reply::text("generic")])]).collect()));
};

fn told(command: &Command) -> Reply {
    let (first, last, step) = command.keys;
    let flags =
        [("write", "write"), ("read", "readonly"), ("oom", "denyoom"), ("admin", "admin"), ("fast", "fast")];
    let has = |word: &str| command.traits.split(' ').any(|own| own == word);
    let flags = flags.into_iter().filter(|(word, _)| has(word)).map(|(_, flag)| Reply::Word(flag)).collect();
    Reply::List(vec![
        Reply::text(command.name),
        Reply::int(command.arity),
        Reply::List(flags),
        Reply::int(first),
        Reply::int(last),
        Reply::int(step),
    ])
}

fn encoding(entry: &Entry) -> Reply {
    let small = entry.size < 4_096 && entry.body.len() <= 128;
    Reply::text(match (entry.kind, &entry.body) {
        (Kind::String, Body::One(held)) if number(held).is_some() => "int",
        (Kind::String, _) => {
            if entry.size <= 44 {
                "embstr"
            } else {
                "raw"
            }
        }
        (_, _) if small => "listpack",
        (Kind::List, _) => "quicklist",
        (Kind::Zset, _) => "skiplist",
        _ => "hashtable",
    })
}

fn number(bytes: &[u8]) -> Option<i64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

impl Ask<'_> {
    pub fn word(&self, at: usize) -> Bytes {
        self.words.get(at).cloned().unwrap_or_default()
    }

    pub fn key(&self, at: usize) -> Bytes {
        self.word(at)
    }

    pub fn text(&self, at: usize) -> String {
        String::from_utf8_lossy(self.words.get(at).map_or(&b""[..], Bytes::as_ref)).into_owned()
    }

    pub fn lower(&self, at: usize) -> String {
        self.text(at).to_lowercase()
    }

    pub fn int(&self, at: usize) -> Result<i64, String> {
        self.words.get(at).and_then(|word| number(word)).ok_or_else(|| NOT_WHOLE.into())
    }

    fn place(&self, at: usize) -> Place {
        place(self.db, self.words.get(at).map_or(&b""[..], Bytes::as_ref))
    }

    /// Two ends of a list as they are given, below zero from its end, as a range of what there is.
    fn range(&self, at: usize, length: usize) -> Result<(usize, usize), String> {
        let end =
            |number: i64| if number < 0 { number.saturating_add_unsigned(length as u64) } else { number };
        let (from, to) = (end(self.int(at)?), end(self.int(at + 1)?).saturating_add(1));
        let within = |number: i64| usize::try_from(number.max(0)).unwrap_or(length).min(length);
        Ok((within(from).min(within(to)), within(to)))
    }
}

impl Redis {
    pub(super) fn ask(&mut self, id: u64, words: &[Bytes]) -> Reply {
        let Some(first) = words.first() else { return Reply::Nil };
        let (db, now) = (self.clients.get(&id).map_or(0, |client| client.db), self.now);
        let ask = Ask { id, db, words };
        let command = find(&ask);
        let name = command.as_ref().map_or("", |command| command.name);
        if let Some(client) = self.clients.get_mut(&id) {
            client.last = now;
            name.clone_into(&mut client.command);
        }
        let allowed = command.and_then(|command| self.may(&ask, command).map(|()| command));
        let refused = allowed.is_err();
        let said = allowed.and_then(|command| {
            self.counts.ops += 1;
            if command.traits.contains("write") {
                self.counts.changes += 1;
            }
            (command.run)(self, &ask)
        });
        if !name.is_empty() {
            let calls = self.calls.entry(name).or_default();
            calls.calls += u64::from(!refused);
            calls.refused += u64::from(refused);
            calls.failed += u64::from(!refused && said.is_err());
        }
        if said.is_ok() && find(&ask).is_ok_and(|command| command.traits.ends_with("deed")) {
            let mut line = String::from_utf8_lossy(first).to_uppercase();
            for word in words.iter().skip(1).take(8) {
                line.push(' ');
                line.extend(String::from_utf8_lossy(word).chars().take(80));
            }
            self.note_deed(self.who(id), line);
        }
        said.unwrap_or_else(|why| {
            self.counts.errors += 1;
            let code = why.split(' ').next().unwrap_or("ERR").to_owned();
            *self.errors.entry(code).or_default() += 1;
            Reply::Error(why)
        })
    }

    /// All that can be in the way of a command, in the order in which the original looks at it.
    fn may(&mut self, ask: &Ask, command: &'static Command) -> Result<(), String> {
        let has = |word: &str| command.traits.split(' ').any(|own| own == word);
        let user = self.clients.get(&ask.id).and_then(|client| client.user.clone());
        let Some(user) = user else {
            return if has("open") { Ok(()) } else { Err("NOAUTH Authentication required.".into()) };
        };
        self.allows(&user, command, ask.words).map_err(|why| format!("NOPERM {why}"))?;
        if has("oom") && (!self.make_room() || self.store.is_full()) {
            self.counts.refused += 1;
            return Err("OOM command not allowed when used memory > 'maxmemory'.".into());
        }
        if self.loading.is_some() && !has("open") && command.name != "info" {
            return Err("LOADING Redis is loading the dataset in memory".into());
        }
        if self.busy.is_some() && !has("busy") {
            return Err(
                "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
                    .into(),
            );
        }
        Ok(())
    }

    pub(super) fn policy(&self) -> &str {
        self.settings.get("maxmemory-policy").map_or("", String::as_str)
    }

    /// A lookup that counts.
    fn look(&mut self, place: Place) -> Option<&Entry> {
        let found = self.store.get(place).is_some();
        *(if found { &mut self.counts.hits } else { &mut self.counts.misses }) += 1;
        self.store.used(place, self.now.as_millisecond());
        self.store.get(place)
    }

    fn of_kind(&mut self, place: Place, kind: Kind) -> Result<Option<&Entry>, String> {
        match self.look(place) {
            Some(entry) if entry.kind != kind => Err(super::store::WRONG_TYPE.into()),
            found => Ok(found),
        }
    }

    fn get(&mut self, ask: &Ask, key: Bytes) -> Result<Option<Bytes>, String> {
        let entry = self.of_kind(place(ask.db, &key), Kind::String)?;
        Ok(entry.and_then(|entry| if let Body::One(held) = &entry.body { Some(held.clone()) } else { None }))
    }

    fn named(&mut self, ask: &Ask, kind: Kind) -> Result<BTreeMap<Bytes, Bytes>, String> {
        let entry = self.of_kind(ask.place(1), kind)?;
        Ok(entry
            .and_then(|entry| if let Body::Named(all) = &entry.body { Some(all.clone()) } else { None })
            .unwrap_or_default())
    }

    fn line(&mut self, ask: &Ask, at: usize) -> Result<VecDeque<Bytes>, String> {
        let entry = self.of_kind(ask.place(at), Kind::List)?;
        Ok(entry
            .and_then(|entry| if let Body::Line(all) = &entry.body { Some(all.clone()) } else { None })
            .unwrap_or_default())
    }

    fn count(&mut self, ask: &Ask, kind: Kind) -> Said {
        Ok(Reply::int(self.of_kind(ask.place(1), kind)?.map_or(0, |entry| entry.body.len())))
    }

    fn part(&mut self, ask: &Ask, kind: Kind) -> Said {
        let entry = self.of_kind(ask.place(1), kind)?;
        let found = entry
            .and_then(|entry| if let Body::Named(all) = &entry.body { all.get(&ask.word(2)) } else { None });
        Ok(found.cloned().map_or(Reply::Nil, Reply::Bulk))
    }

    fn no_stream(&mut self, ask: &Ask, at: usize) -> Result<(), String> {
        let stands = self.store.get(ask.place(at)).is_some();
        if stands { Err(super::store::WRONG_TYPE.into()) } else { Ok(()) }
    }

    /// When a time to live that begins now is over.
    fn deadline(&self, time: i64, unit: i64, name: &str) -> Result<i64, String> {
        let until = time.checked_mul(unit).and_then(|span| self.millis().checked_add(span));
        until.filter(|_| time > 0).ok_or_else(|| format!("ERR invalid expire time in '{name}' command"))
    }

    fn put(&mut self, ask: &Ask, value: Bytes, until: Option<i64>) -> Said {
        let (place, now) = (ask.place(1), self.millis());
        if self.store.get(place).is_some_and(|entry| entry.kind != Kind::String) {
            self.store.remove(place);
        }
        self.store.change((place, &ask.key(1), Kind::String), (now, true), |body| {
            let before = body.len();
            let grown = value.len().cast_signed() - before.cast_signed();
            *body = Body::One(value);
            ((), grown)
        })?;
        self.store.expire(place, until);
        Ok(OK)
    }

    fn set(&mut self, ask: &Ask) -> Said {
        let (mut until, mut keep, mut get, mut only, mut at) = (None, false, false, None, 3);
        while at < ask.words.len() {
            let option = ask.lower(at);
            match option.as_str() {
                "ex" | "px" if until.is_none() && !keep => {
                    at += 1;
                    if at >= ask.words.len() {
                        return Err(SYNTAX.into());
                    }
                    until =
                        Some(self.deadline(ask.int(at)?, if option == "ex" { 1_000 } else { 1 }, "set")?);
                }
                "keepttl" if until.is_none() => keep = true,
                "get" => get = true,
                "nx" if only.is_none() => only = Some(false),
                "xx" if only.is_none() => only = Some(true),
                _ => return Err(SYNTAX.into()),
            }
            at += 1;
        }
        let old = if get { self.get(ask, ask.key(1))?.map(Reply::Bulk) } else { None };
        let there = self.store.get(ask.place(1));
        if only.is_some_and(|only| only != there.is_some()) {
            return Ok(old.unwrap_or(Reply::Nil));
        }
        let until = if keep { there.and_then(|entry| entry.until) } else { until };
        let said = self.put(ask, ask.word(2), until)?;
        Ok(if get { old.unwrap_or(Reply::Nil) } else { said })
    }

    fn add(&mut self, ask: &Ask, more: i64) -> Said {
        let held = self.get(ask, ask.key(1))?;
        let old = held.map_or(Some(0), |held| number(&held)).ok_or(NOT_WHOLE)?;
        let new = old.checked_add(more).ok_or("ERR increment or decrement would overflow")?;
        let until = self.store.get(ask.place(1)).and_then(|entry| entry.until);
        self.put(ask, Bytes::from(new.to_string()), until)?;
        Ok(Reply::Int(new))
    }

    fn fill(&mut self, ask: &Ask, kind: Kind) -> Said {
        let rest = ask.words.get(2..).unwrap_or_default();
        let pairs: Vec<(Bytes, Bytes)> = match kind {
            Kind::Set => rest.iter().map(|name| (name.clone(), Bytes::new())).collect(),
            _ if rest.len() % 2 == 1 => {
                return Err(match kind {
                    Kind::Hash => "ERR wrong number of arguments for 'hset' command".into(),
                    _ => SYNTAX.to_owned(),
                });
            }
            _ => rest
                .chunks_exact(2)
                .filter_map(|pair| match (kind, pair) {
                    (Kind::Zset, [score, name]) => Some((name.clone(), score.clone())),
                    (_, [name, value]) => Some((name.clone(), value.clone())),
                    _ => None,
                })
                .collect(),
        };
        if kind == Kind::Zset && pairs.iter().any(|(_, score)| score_of(score).is_none()) {
            return Err(NOT_FLOAT.into());
        }
        let now = self.millis();
        self.store.change((ask.place(1), &ask.key(1), kind), (now, true), |body| {
            let (mut new, mut grown) = (0, 0);
            if let Body::Named(all) = body {
                for (name, value) in pairs {
                    let length = value.len().cast_signed();
                    let whole = part(kind, name.len()).cast_signed();
                    grown += match all.insert(name, value) {
                        Some(old) => length - old.len().cast_signed(),
                        None => {
                            new += 1;
                            whole + length
                        }
                    };
                }
            }
            (Reply::Int(new), grown)
        })
    }

    fn drop_parts(&mut self, ask: &Ask, kind: Kind) -> Said {
        if self.of_kind(ask.place(1), kind)?.is_none() {
            return Ok(Reply::Int(0));
        }
        let now = self.millis();
        self.store.change((ask.place(1), &ask.key(1), kind), (now, true), |body| {
            let (mut gone, mut size) = (0, 0);
            if let Body::Named(all) = body {
                for name in ask.words.iter().skip(2) {
                    if let Some(value) = all.remove(name) {
                        gone += 1;
                        size += part(kind, name.len() + value.len()).cast_signed();
                    }
                }
            }
            (Reply::Int(gone), -size)
        })
    }

    fn ranked(&mut self, ask: &Ask, down: bool) -> Said {
        let mut all: Vec<(Bytes, Bytes)> = self.named(ask, Kind::Zset)?.into_iter().collect();
        let options: Vec<String> = (4..ask.words.len()).map(|at| ask.lower(at)).collect();
        if options.iter().any(|option| option != "withscores" && option != "rev") {
            return Err(SYNTAX.into());
        }
        let score = |one: &(Bytes, Bytes)| score_of(&one.1).unwrap_or(0.0);
        all.sort_by(|a, b| score(a).total_cmp(&score(b)).then_with(|| a.0.cmp(&b.0)));
        if down || options.iter().any(|option| option == "rev") {
            all.reverse();
        }
        let (from, to) = ask.range(2, all.len())?;
        let scores = options.iter().any(|option| option == "withscores");
        let chosen = all.into_iter().take(to).skip(from);
        Ok(Reply::List(
            chosen
                .flat_map(|(name, score)| [Some(name), scores.then_some(score)])
                .flatten()
                .map(Reply::Bulk)
                .collect(),
        ))
    }

    fn on_line(&mut self, ask: &Ask, at: usize, work: impl FnOnce(&mut VecDeque<Bytes>) -> Reply) -> Said {
        let now = self.millis();
        let size = |all: &VecDeque<Bytes>| {
            all.iter().map(|one| part(Kind::List, one.len())).sum::<usize>().cast_signed()
        };
        self.store.change((ask.place(at), &ask.key(at), Kind::List), (now, true), |body| {
            let Body::Line(all) = body else { return (Reply::Nil, 0) };
            let before = size(all);
            let said = work(all);
            (said, size(all) - before)
        })
    }

    fn push(&mut self, ask: &Ask, front: bool) -> Said {
        self.on_line(ask, 1, |all| {
            for word in ask.words.iter().skip(2).cloned() {
                if front { all.push_front(word) } else { all.push_back(word) }
            }
            Reply::int(all.len())
        })
    }

    fn pop(&mut self, ask: &Ask, front: bool) -> Said {
        let several = ask.words.get(2).is_some();
        let count = if several {
            usize::try_from(ask.int(2)?).map_err(|_| "ERR value is out of range, must be positive")?
        } else {
            1
        };
        self.on_line(ask, 1, |all| {
            let mut one = || if front { all.pop_front() } else { all.pop_back() };
            let taken: Vec<Reply> = std::iter::from_fn(&mut one).take(count).map(Reply::Bulk).collect();
            match (several, taken.is_empty()) {
                (_, true) => Reply::Nil,
                (true, _) => Reply::List(taken),
                (false, _) => taken.into_iter().next().unwrap_or(Reply::Nil),
            }
        })
    }

    /// LMOVE: the last of one list becomes the first of another, or as it is said.
    fn shift(&mut self, ask: &Ask) -> Said {
        let end = |at: usize| match ask.lower(at).as_str() {
            "left" => Ok(true),
            "right" => Ok(false),
            _ => Err(SYNTAX.to_owned()),
        };
        let (from, to) = (end(3)?, end(4)?);
        self.line(ask, 2)?;
        self.line(ask, 1)?;
        let taken = self.on_line(ask, 1, |all| {
            (if from { all.pop_front() } else { all.pop_back() }).map_or(Reply::Nil, Reply::Bulk)
        })?;
        let Reply::Bulk(word) = &taken else { return Ok(Reply::Nil) };
        self.on_line(ask, 2, |all| {
            if to {
                all.push_front(word.clone())
            } else {
                all.push_back(word.clone())
            }
            OK
        })?;
        Ok(taken)
    }

    fn remove_keys(&mut self, ask: &Ask) -> Said {
        Ok(Reply::int((1..ask.words.len()).filter(|at| self.store.remove(ask.place(*at)).is_some()).count()))
    }

    fn left(&mut self, ask: &Ask, unit: i64) -> i64 {
        let now = self.millis();
        match self.look(ask.place(1)) {
            None => -2,
            Some(entry) => entry.until.map_or(-1, |until| (until - now + unit / 2) / unit),
        }
    }

    fn expire(&mut self, ask: &Ask, unit: i64, name: &str) -> Said {
        let time = ask.int(2)?;
        let place = ask.place(1);
        if self.store.get(place).is_none() {
            return Ok(Reply::Int(0));
        }
        if time <= 0 {
            self.store.remove(place);
        } else {
            let until = self.deadline(time, unit, name)?;
            self.store.expire(place, Some(until));
        }
        Ok(Reply::Int(1))
    }

    /// All keys at once: the larger the server, the longer nobody else is heard.
    fn keys(&mut self, ask: &Ask) -> Said {
        let pattern = ask.word(1);
        let all = self.store.from((ask.db, 0)).map(|(_, entry)| &entry.key);
        let found: Vec<Reply> = all.filter(|key| fits(&pattern, key)).cloned().map(Reply::Bulk).collect();
        let micros = self.store.len() as u64 / 2;
        if micros >= self.number("slowlog-log-slower-than") as u64 {
            let client =
                self.clients.get(&ask.id).map(|client| (client.address.clone(), client.name.clone()));
            let (address, name) = client.unwrap_or_default();
            self.note_slow(micros, ask.words.to_vec(), address, name);
        }
        Ok(Reply::List(found))
    }

    fn scan(&mut self, ask: &Ask, cursor: i64, options: usize) -> Said {
        let cursor = u64::try_from(cursor).map_err(|_| "ERR invalid cursor")?;
        let (pattern, count, kind) = scan_options(ask, options)?;
        let mut next = 0;
        let mut found = Vec::new();
        for (seen, (place, entry)) in self.store.from((ask.db, cursor)).enumerate() {
            if seen >= count {
                next = place.1;
                break;
            }
            if fits(&pattern, &entry.key) && kind.as_ref().is_none_or(|kind| kind == entry.kind.word()) {
                found.push(Reply::Bulk(entry.key.clone()));
            }
        }
        Ok(Reply::List(vec![Reply::text(next.to_string()), Reply::List(found)]))
    }

    /// The parts of one key; the cursor is how many were seen.
    fn scan_parts(&mut self, ask: &Ask, kind: Kind) -> Said {
        let cursor = usize::try_from(ask.int(2)?).map_err(|_| "ERR invalid cursor")?;
        let (pattern, count, _) = scan_options(ask, 3)?;
        let all = self.named(ask, kind)?;
        let next = cursor.saturating_add(count);
        let chosen = all.iter().skip(cursor).take(count).filter(|(name, _)| fits(&pattern, name));
        let value = |value: &Bytes| (kind != Kind::Set).then(|| value.clone());
        let found = chosen.flat_map(|(name, held)| [Some(name.clone()), value(held)]).flatten();
        let next = if next < all.len() { next } else { 0 };
        Ok(Reply::List(vec![Reply::text(next.to_string()), Reply::List(found.map(Reply::Bulk).collect())]))
    }
}

fn scan_options(ask: &Ask, from: usize) -> Result<(Bytes, usize, Option<String>), String> {
    let (mut pattern, mut count, mut kind, mut at) = (Bytes::from_static(b"*"), 10, None, from);
    while at < ask.words.len() {
        match (ask.lower(at).as_str(), ask.words.get(at + 1)) {
            ("match", Some(given)) => pattern = given.clone(),
            ("count", Some(_)) => {
                count = usize::try_from(ask.int(at + 1)?).ok().filter(|count| *count > 0).ok_or(SYNTAX)?
            }
            ("type", Some(_)) => kind = Some(ask.lower(at + 1)),
            _ => return Err(SYNTAX.into()),
        }
        at += 2;
    }
    Ok((pattern, count, kind))
}

fn score_of(bytes: &[u8]) -> Option<f64> {
    std::str::from_utf8(bytes).ok()?.parse::<f64>().ok().filter(|score| !score.is_nan())
}

/// The command that is meant, with its second word where it has several.
fn find(ask: &Ask) -> Result<&'static Command, String> {
    let (first, second) = (ask.lower(0), ask.lower(1));
    let own = COMMANDS.iter().find(|command| command.name == first);
    let with = |command: &&Command| command.name.split_once('|') == Some((first.as_str(), second.as_str()));
    let family = || COMMANDS.iter().any(|command| command.name.split('|').next() == Some(first.as_str()));
    let found = COMMANDS.iter().find(with).or(own).ok_or_else(|| match (family(), ask.words.len()) {
        (true, 1) => format!("ERR wrong number of arguments for '{first}' command"),
        (true, _) => format!("ERR unknown subcommand '{}'. Try {} HELP.", ask.text(1), first.to_uppercase()),
        _ => {
            let rest: String =
                ask.words.iter().skip(1).take(10).map(|word| format!("'{}' ", short(word))).collect();
            format!("ERR unknown command '{}', with args beginning with: {rest}", short(&ask.word(0)))
        }
    })?;
    let wanted = found.arity.unsigned_abs();
    let right = if found.arity < 0 { ask.words.len() >= wanted } else { ask.words.len() == wanted };
    if right { Ok(found) } else { Err(format!("ERR wrong number of arguments for '{}' command", found.name)) }
}

fn short(word: &[u8]) -> String {
    String::from_utf8_lossy(word).chars().take(128).collect()
}
