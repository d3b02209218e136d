//! Every command that is known, as a table.
use bytes::Bytes;

use super::Redis;
use super::keys::{SYNTAX, encoding};
use super::reply::{OK, Reply, Said};
use super::store::Kind;

pub(super) struct Command {
    pub name: &'static str,
    /// With the name; below zero: at least so many.
    pub arity: isize,
    /// The categories of access rules; `oom` is refused where there is no room, `deed` is noted, `open` needs no
    /// login, `busy` is answered beside a script.
    pub traits: &'static str,
    /// Where its keys stand: the first, the last (below zero: from the end), how far apart.
    pub keys: (usize, isize, usize),
    pub run: fn(&mut Redis, &Ask) -> Said,
}

/// One command of one client.
pub(super) struct Ask<'a> {
    pub id: u64,
    pub db: u8,
    pub words: &'a [Bytes],
}

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
    "get" 2 ONE "read string fast" |r, a| r.get(a, 1).map(|held| held.map_or(Reply::Nil, Reply::Bulk));
    "strlen" 2 ONE "read string fast" |r, a| r.count(a, Kind::String);
    "llen" 2 ONE "read list fast" |r, a| r.count(a, Kind::List);
    "scard" 2 ONE "read set fast" |r, a| r.count(a, Kind::Set);
    "hlen" 2 ONE "read hash fast" |r, a| r.count(a, Kind::Hash);
    "zcard" 2 ONE "read sortedset fast" |r, a| r.count(a, Kind::Zset);
    "mget" -2 ALL "read string fast" |r, a| Ok(Reply::List((1..a.words.len())
        .map(|at| r.get(a, at).ok().flatten().map_or(Reply::Nil, Reply::Bulk)).collect()));
    "getrange" 4 ONE "read string slow" |r, a| {
        let held = r.get(a, 1)?.unwrap_or_default();
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
        let joined = [r.get(a, 1)?.unwrap_or_default(), a.word(2)].concat();
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
    "del" -2 ALL "keyspace write slow deed" |r, a| Ok(r.remove_keys(a));
    "unlink" -2 ALL "keyspace write fast deed" |r, a| Ok(r.remove_keys(a));
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
        if r.store.rename(a.place(1), a.place(2), &a.word(2)) { Ok(OK) } else { Err("ERR no such key".into()) }
    };
    "keys" 2 NO "keyspace read slow dangerous" |r, a| Ok(r.keys(a));
    "scan" -2 NO "keyspace read slow" |r, a| r.scan(a, a.int(1)?, 2);
    "hscan" -3 ONE "read hash slow" |r, a| r.scan_parts(a, Kind::Hash);
    "sscan" -3 ONE "read set slow" |r, a| r.scan_parts(a, Kind::Set);
    "zscan" -3 ONE "read sortedset slow" |r, a| r.scan_parts(a, Kind::Zset);
    "randomkey" 1 NO "keyspace read slow" |r, a| {
        let any = r.store.any(a.db, &mut r.dice.0);
        Ok(any.and_then(|place| r.store.get(place)).map_or(Reply::Nil, |entry| Reply::Bulk(entry.key.clone())))
    };
    "dbsize" 1 NO "keyspace read fast" |r, a| Ok(Reply::int(r.store.count(a.db)));
    "flushall" -1 NO "keyspace write slow dangerous deed" |r, _| { r.store.clear(None); Ok(OK) };
    "flushdb" -1 NO "keyspace write slow dangerous deed" |r, a| { r.store.clear(Some(a.db)); Ok(OK) };
    "object|encoding" 3 (2, 2, 1) "keyspace read slow" |r, a| Ok(r.store.get(a.place(2)).map_or(Reply::Nil, encoding));
    "object|idletime" 3 (2, 2, 1) "keyspace read slow" |r, a| {
        let now = r.millis();
        if r.policy().ends_with("lfu") {
            return Err("ERR An LFU maxmemory policy is selected, idle time not tracked.".into());
        }
        Ok(r.store.get(a.place(2)).map_or(Reply::Nil, |entry| Reply::Int((now - entry.used) / 1_000)))
    };
    "object|freq" 3 (2, 2, 1) "keyspace read slow" |r, a| {
        if !r.policy().ends_with("lfu") {
            return Err("ERR An LFU maxmemory policy is not selected, access frequency not tracked.".into());
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
    "quit" -1 NO "fast connection open busy" |r, a| Ok(r.quit(a.id));
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
    "config|get" -3 NO "admin slow dangerous" |r, a| Ok(r.config_get(a));
    "config|set" -4 NO "admin slow dangerous deed" Redis::config_set;
    "config|resetstat" 2 NO "admin slow dangerous deed" |r, _| { r.reset(); Ok(OK) };
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
    "acl|list" 2 NO "admin slow dangerous" |r, _| Ok(Reply::words(r.users.iter().map(super::users::User::line)));
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
    "debug" -2 NO "admin slow dangerous" |_, _| Err("ERR DEBUG command not allowed.".into());
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

/// The command that is meant, with its second word where it has several.
pub(super) fn find(ask: &Ask) -> Result<&'static Command, String> {
    let (first, second) = (ask.lower(0), ask.lower(1));
    let own = COMMANDS.iter().find(|command| command.name == first);
    let with = |command: &&Command| command.name.split_once('|') == Some((first.as_str(), second.as_str()));
    let family = || COMMANDS.iter().any(|command| command.name.split('|').next() == Some(first.as_str()));
    let found = COMMANDS.iter().find(with).or(own).ok_or_else(|| match (family(), ask.words.len()) {
        (true, 1) => format!("ERR wrong number of arguments for '{first}' command"),
        (true, _) => format!("ERR unknown subcommand '{}'. Try {} HELP.", ask.text(1), first.to_uppercase()),
        _ => {
            let rest = ask.words.iter().skip(1).take(10).map(|word| format!("'{}' ", short(word)));
            let rest = rest.collect::<Vec<_>>().concat();
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
