//! Redis: keys that would be gone, settings as they are, clients that would be cut off.
mod clients;

use super::answer::{bytes, count};
use super::calls::{Found, Input};
use super::raw::{Marks, is_open};
use super::{Answer, At, Looks, Reading, Undo};
use crate::commands::Lang;
use crate::domain::redis::read_size;

/// Options that say which server and who.
const PLACE: &str = "-h --host -p --port -s --socket -a --pass --user -u -n --tls --sni --cacert --cacertdir --cert --key \
    --insecure --no-auth-warning -c -3 -2 -4 -6 --cluster-mode";
/// Keys of one call that are asked for.
const KEYS: usize = 200;
/// Commands of one text.
const COMMANDS: usize = 12;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    /// `INFO keyspace`: all databases, or one of them (0 where none is given).
    Keys {
        only: Option<u32>,
        asked: String,
    },
    /// `EXISTS` of so many keys; `clears` says why they would be gone.
    Exists {
        keys: Vec<String>,
        gone: bool,
        /// What takes it away again where it was not there.
        back: Option<String>,
    },
    /// `GET` of what would be set; `undo` sets it back, up to the value.
    Value {
        key: String,
        new: String,
        undo: Option<String>,
    },
    Memory {
        key: String,
    },
    Setting {
        name: String,
        new: String,
        undo: Option<String>,
    },
    /// `INFO memory`, against a lower limit.
    Limit {
        to: String,
    },
    Clients {
        filter: Vec<String>,
    },
    Server {
        verb: String,
    },
}

impl Sort {
    pub(super) fn what(&self) -> &'static str {
        match self {
            Sort::Keys { .. } | Sort::Exists { .. } | Sort::Memory { .. } => "the keys",
            Sort::Value { .. } => "the key",
            Sort::Setting { .. } => "the setting",
            Sort::Limit { .. } => "the memory in use",
            Sort::Clients { .. } => "the clients",
            Sort::Server { .. } => "the server",
        }
    }
}

/// Where commands are asked: through redis-cli, or in a console, which has nothing in front.
struct Console<'x, 'a> {
    at: &'x mut At<'a>,
    front: String,
    /// Unless it is only known when it runs.
    database: Option<u32>,
}

impl Console<'_, '_> {
    fn ask(&mut self, words: &str, sort: Sort) {
        self.at.ask(&format!("{}{words}", self.front), super::Sort::Redis(sort));
    }

    fn unknown(&mut self, why: &str) {
        self.at.unknown(why);
    }

    /// `SELECT 2` leads those behind it to another database.
    fn selected(&mut self, words: &[String]) {
        if words.first().is_some_and(|word| word.eq_ignore_ascii_case("select")) {
            self.database = words.get(1).and_then(|word| word.parse().ok());
        }
    }

    fn inverse(&self, words: &str) -> Option<String> {
        self.at.inverse(&format!("{}{words}", self.front))
    }
}

pub(super) fn look(at: &mut At<'_>) {
    let front = format!("{}{} ", at.program(), at.options(PLACE));
    let database = match (at.value("-n"), at.value("-u")) {
        (Some(number), _) => number.parse().ok(),
        (None, Some(address)) => of_address(address),
        (None, None) => Some(0),
    };
    let modes = "--cluster --rdb --functions-rdb --pipe --lru-test --eval --ldb -x -X";
    if at.args.get(modes).is_some() {
        return at.unlooked();
    }
    let words = at.objects(0);
    let commands: Vec<Vec<String>> = if words.is_empty() {
        match at.input() {
            Input::Text(text) => {
                let text = text.clone();
                unread(&text, at);
                text.lines().take(COMMANDS).filter_map(typed).collect()
            }
            _ => {
                return at.unknown("which commands come in is not known before");
            }
        }
    } else {
        if words.iter().any(|word| word.splits && !word.source.is_empty()) {
            at.unknown("how many words its variables become is only known when it runs");
        }
        vec![words.iter().map(|word| word.text.clone()).collect()]
    };
    let incoming = words.last().is_some_and(|word| word.source.is_empty());
    for ask in ["INFO keyspace", "INFO memory", "INFO clients"] {
        let evidence = format!("{front}{ask}");
        at.evidence(&evidence);
    }
    let mut console = Console { at, front, database };
    for words in commands {
        console.selected(&words);
        console.at.next();
        command(&words, incoming, &mut console);
    }
}

/// Says which lines of a text are not looked at.
fn unread(text: &str, at: &mut At<'_>) {
    at.beyond(text.lines().count(), COMMANDS, "lines");
    let quoted = |line: &str| line.contains(['"', '\'']) && !line.trim().starts_with('#');
    if text.lines().take(COMMANDS).any(quoted) {
        at.unknown("a line with quotes is not looked at");
    }
}

/// `redis://host:6379/2` names database 2.
fn of_address(address: &str) -> Option<u32> {
    if is_open(address) {
        return None;
    }
    let path = address.split_once("://").map_or(address, |(_, rest)| rest).split('?').next()?;
    match path.split_once('/') {
        Some((_, number)) if !number.is_empty() => number.parse().ok(),
        _ => Some(0),
    }
}

/// What is typed into the console of redis-cli.
pub(super) fn console(text: &str, looks: &mut Looks) {
    let (found, marks) = (Found::default(), Marks::default());
    let mut at = At::console("redis", Lang::Redis, &found, &marks, looks);
    let mut console = Console { at: &mut at, front: String::new(), database: Some(0) };
    unread(text, console.at);
    for words in text.lines().take(COMMANDS).filter_map(typed) {
        console.selected(&words);
        if words.first().is_some_and(|word| word.eq_ignore_ascii_case("select")) {
            continue;
        }
        console.at.next();
        command(&words, false, &mut console);
    }
}

/// The words of a typed line; one with quotes is not taken apart.
fn typed(line: &str) -> Option<Vec<String>> {
    let line = line.trim();
    let plain = !line.is_empty() && !line.starts_with('#') && !line.contains(['"', '\'']);
    plain.then(|| line.split_whitespace().map(str::to_owned).collect())
}

fn command(words: &[String], incoming: bool, console: &mut Console<'_, '_>) {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let verb = word(0).to_ascii_uppercase();
    let second = word(1).to_ascii_uppercase();
    match (verb.as_str(), second.as_str()) {
        ("FLUSHALL", _) => keyspace(None, "FLUSHALL", console),
        ("FLUSHDB", _) => {
            if console.database.is_none() {
                console.unknown("which of the databases it means is only known when it runs");
            }
            keyspace(console.database, "FLUSHDB", console);
        }
        ("SWAPDB", _) => keyspace(None, "SWAPDB", console),
        ("DEL" | "UNLINK" | "GETDEL", _) => {
            keys(words.get(1..).unwrap_or_default(), incoming, (true, false), console);
        }
        (
            "SET" | "HSET" | "GETSET" | "SETEX" | "RESTORE" | "EXPIRE" | "PEXPIRE" | "EXPIREAT" | "PEXPIREAT"
            | "RENAME" | "LTRIM" | "XTRIM" | "HDEL" | "SREM" | "ZREM",
            _,
        ) => {
            let makes = matches!(verb.as_str(), "SET" | "HSET" | "GETSET" | "SETEX" | "RESTORE");
            keys(words.get(1..2).unwrap_or_default(), false, (false, makes), console);
            if verb == "SET" {
                value(words, console);
            }
        }
        ("CONFIG", "SET") => setting(words.get(2..).unwrap_or_default(), console),
        ("CLIENT", "KILL") => {
            let filter = words.get(2..).unwrap_or_default().to_vec();
            console.ask("CLIENT LIST", Sort::Clients { filter });
        }
        ("CLIENT", "PAUSE") => console.ask("INFO clients", Sort::Server { verb }),
        ("SHUTDOWN" | "REPLICAOF" | "SLAVEOF" | "FAILOVER" | "BGSAVE" | "SAVE" | "BGREWRITEAOF", _) => {
            console.ask("INFO server", Sort::Server { verb: verb.clone() });
            console.ask("INFO clients", Sort::Server { verb: verb.clone() });
            console.ask("INFO replication", Sort::Server { verb: verb.clone() });
            console.ask("INFO persistence", Sort::Server { verb });
        }
        ("CONFIG", "RESETSTAT" | "REWRITE") => console.ask("INFO stats", Sort::Server { verb }),
        ("GET" | "PING" | "INFO" | "SELECT" | "AUTH", _) => {}
        _ => console.unknown(&format!("what `{verb}` would change is not looked at")),
    }
}

fn keyspace(only: Option<u32>, asked: &str, console: &mut Console<'_, '_>) {
    console.ask("INFO keyspace", Sort::Keys { only, asked: asked.to_owned() });
    console.ask("INFO replication", Sort::Server { verb: asked.to_owned() });
    console.at.undo("restore a dump that was written before");
}

/// `does` says whether the keys would be gone, and whether they are made where they are not there.
fn keys(words: &[String], incoming: bool, does: (bool, bool), console: &mut Console<'_, '_>) {
    let (gone, makes) = does;
    let own = if incoming { words.get(..words.len().saturating_sub(1)).unwrap_or_default() } else { words };
    let mut quoted = String::new();
    for word in own.iter().take(KEYS) {
        let Some(word) = console.at.quote(word) else {
            return console.unknown("which keys it names is only known when it runs");
        };
        quoted.push(' ');
        quoted.push_str(&word);
    }
    if own.is_empty() && !incoming {
        return console.unknown("it names no key");
    }
    if own.len() > KEYS {
        console.unknown("it names more keys than are looked at");
    }
    // Redis takes a pattern for a name: that is worth knowing.
    let keys = own.iter().take(KEYS).map(|word| if is_open(word) { "…".to_owned() } else { word.clone() });
    let makes = makes && own.len() == 1 && !incoming;
    let back = if makes { console.inverse(&format!("DEL{quoted}")) } else { None };
    console.ask(&format!("EXISTS{quoted}"), Sort::Exists { keys: keys.collect(), gone, back });
    if let [key] = own
        && !incoming
    {
        console.ask(&format!("MEMORY USAGE{quoted}"), Sort::Memory { key: key.clone() });
    }
    console.at.undo(if gone {
        "restore the keys from what wrote them, or from a dump"
    } else {
        "set the key back to what it holds now"
    });
}

/// What a key holds that would be set.
fn value(words: &[String], console: &mut Console<'_, '_>) {
    let (Some(key), Some(new)) = (words.get(1), words.get(2)) else { return };
    let Some(quoted) = console.at.quote(key).filter(|_| !is_open(key)) else { return };
    let undo = console.inverse(&format!("SET {quoted}"));
    console.ask(&format!("GET {quoted}"), Sort::Value { key: key.clone(), new: new.clone(), undo });
}

fn setting(words: &[String], console: &mut Console<'_, '_>) {
    for pair in words.chunks(2).take(8) {
        let (Some(name), value) = (pair.first(), pair.get(1).map_or("", String::as_str)) else { continue };
        let plain = |sign: char| sign.is_ascii_alphanumeric() || sign == '-' || sign == '_';
        let Some(quoted) = console.at.quote(name).filter(|_| name.chars().all(plain)) else {
            console.unknown("which setting it changes is only known when it runs");
            continue;
        };
        let hidden = ["requirepass", "masterauth", "masteruser", "tls-key-file-pass"];
        if hidden.contains(&name.to_ascii_lowercase().as_str()) {
            console.unknown(&format!("the old `{name}` is a secret: it is not looked at"));
            continue;
        }
        let undo = console.inverse(&format!("CONFIG SET {quoted}"));
        let sort = Sort::Setting { name: name.clone(), new: value.to_owned(), undo };
        console.ask(&format!("CONFIG GET {quoted}"), sort);
        if name.eq_ignore_ascii_case("maxmemory") {
            console.ask("INFO memory", Sort::Limit { to: value.to_owned() });
        }
    }
}

pub(super) fn read(sort: &Sort, answer: &Answer, reading: &mut Reading) {
    // redis-cli ends with 0 whatever the server says.
    let value = answer.value();
    let refused =
        ["(error)", "ERR ", "NOAUTH", "NOPERM", "WRONGPASS", "LOADING", "MOVED ", "Could not connect"];
    if answer.code == 0 && refused.iter().any(|start| value.starts_with(start)) {
        return reading.unknown(format!("{}: {value}", sort.what()));
    }
    if answer.failed(sort.what(), reading) {
        return;
    }
    match sort {
        Sort::Keys { only, asked } => keyspace_read(*only, asked, answer, reading),
        Sort::Exists { keys, gone, back } => exists(keys, *gone, back.as_deref(), value, reading),
        Sort::Value { key, new, undo } => held(key, new, undo.as_deref(), value, reading),
        Sort::Memory { key } => {
            if let Ok(size) = value.trim_start_matches("(integer) ").parse() {
                reading.hit(format!("key {key} takes {}", bytes(size)));
            }
        }
        Sort::Setting { name, new, undo } => {
            let values: Vec<_> = answer.rows().map(unnumbered).collect();
            let Some(old) = values.get(1).or_else(|| values.first().filter(|_| answer.lines().count() > 1))
            else {
                return reading.zero(format!("the server has no setting `{name}`"));
            };
            let old = if values.len() > 1 { old.as_str() } else { "" };
            let shown = if is_open(new) { "what its variable holds" } else { new };
            reading.set(name, if old.is_empty() { "empty" } else { old }, shown);
            if let Some(undo) = undo {
                let old = if old.is_empty() { "''".to_owned() } else { crate::domain::text::quoted(old) };
                reading.undo(Undo::Command(format!("{undo} {old}")));
            }
            if old == new {
                reading.zero(format!("`{name}` is {old} already"));
            }
        }
        Sort::Limit { to } => limit(to, answer, reading),
        Sort::Clients { filter } => clients::clients(filter, answer, reading),
        Sort::Server { verb } => server(verb, answer, reading),
    }
}

/// Without what redis-cli puts in front on a terminal: `1) "maxmemory"`.
fn unnumbered(row: &str) -> String {
    let row = row.trim();
    let rest = row.split_once(") ").filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()));
    rest.map_or(row, |(_, rest)| rest).trim_matches('"').to_owned()
}

/// `name:value` of INFO.
fn info<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.rows().find_map(|row| row.trim().strip_prefix(name)?.strip_prefix(':'))
}

fn keyspace_read(only: Option<u32>, asked: &str, answer: &Answer, reading: &mut Reading) {
    let mut any = false;
    let told = |row: &str| row.starts_with("# Keyspace") || row.starts_with("db") && row.contains(":keys=");
    if !answer.rows().any(|row| told(row.trim())) {
        return reading.unknown("how many keys there are cannot be read");
    }
    for row in answer.rows() {
        let Some((name, fields)) = row.trim().strip_prefix("db").and_then(|rest| rest.split_once(':')) else {
            continue;
        };
        let Ok(database) = name.parse::<u32>() else { continue };
        let field = |wanted: &str| {
            fields
                .split(',')
                .find_map(|field| field.strip_prefix(wanted)?.strip_prefix('=')?.parse::<u64>().ok())
        };
        let (Some(keys), expires) = (field("keys"), field("expires").unwrap_or(0)) else { continue };
        if only.is_some_and(|only| only != database) {
            continue;
        }
        any = true;
        let words = format!(
            "database {database}: {} ({} of them expire by themselves)",
            count(keys, "key", "keys"),
            crate::domain::text::grouped(expires)
        );
        if asked == "SWAPDB" {
            reading.hit(words);
        } else {
            reading.hit(words.clone());
            reading.drop(words);
        }
    }
    if !any {
        reading.zero(match only {
            Some(database) => format!("database {database} holds no key"),
            None => "no database holds a key".to_owned(),
        });
    }
}

/// The value of a key as it is; whether it is there was asked before.
fn held(key: &str, new: &str, undo: Option<&str>, value: &str, reading: &mut Reading) {
    /// What is longer is not written out.
    const LONGEST: usize = 200;
    if value.starts_with("WRONGTYPE") {
        return reading.unknown(format!("key {key} holds something else than a text: that would be lost"));
    }
    let shown = if is_open(new) { "what its variable holds" } else { new };
    reading.set(&format!("key {key}"), if value.is_empty() { "nothing" } else { value }, shown);
    let told = !crate::domain::secret::looks_secret(key) && !value.is_empty() && value.len() <= LONGEST;
    if let Some(undo) = undo.filter(|_| told && !value.contains('\n')) {
        reading.undo(Undo::Command(format!("{undo} {}", crate::domain::text::quoted(value))));
    }
}

fn exists(keys: &[String], gone: bool, back: Option<&str>, value: &str, reading: &mut Reading) {
    let Ok(found) = value.trim_start_matches("(integer) ").parse::<u64>() else {
        return reading.unknown("how many of the keys are there cannot be read");
    };
    let named = keys.join(", ");
    if let (0, Some(back)) = (found, back) {
        reading.hit(format!("key {named} is not there: it is made"));
        return reading.undo(Undo::Command(back.to_owned()));
    }
    if found == 0 {
        let pattern = keys.iter().any(|key| key.contains(['*', '?', '[']));
        let more = if pattern { ": the server takes a pattern for a name" } else { "" };
        return reading.zero(format!("none of the keys is there ({named}){more}"));
    }
    let of = if keys.is_empty() { String::new() } else { format!(" of {}: {named}", keys.len()) };
    let words = format!("{}{of}", count(found, "key", "keys"));
    if gone {
        reading.drop(words.clone());
    }
    reading.hit(words);
}

fn limit(to: &str, answer: &Answer, reading: &mut Reading) {
    let number = |name: &str| info(answer, name).and_then(|value| value.trim().parse::<u64>().ok());
    let (Some(used), Some(to)) = (number("used_memory"), read_size(to)) else {
        return reading.unknown("the memory in use cannot be compared with the new limit");
    };
    let policy = info(answer, "maxmemory_policy").unwrap_or_default().trim();
    match (to, policy) {
        (0, _) => reading.hit(format!("no limit any more: {} are in use", bytes(used))),
        (to, "noeviction" | "") if used > to => {
            reading.hit(format!("{} are in use, over the new limit: every write is refused", bytes(used)));
        }
        (to, policy) if used > to => {
            reading.hit(format!("about {} of keys are evicted at once ({policy})", bytes(used - to)));
            reading.drop(format!("about {} of keys", bytes(used - to)));
        }
        (to, _) => reading.hit(format!("{} of {} would be in use", bytes(used), bytes(to))),
    }
}

fn server(verb: &str, answer: &Answer, reading: &mut Reading) {
    for (name, words) in [
        ("connected_clients", "clients connected"),
        ("role", "role"),
        ("connected_slaves", "replicas follow it, and lose the same keys"),
        ("rdb_changes_since_last_save", "changes since the last dump"),
        ("rdb_last_save_time", "time of the last dump"),
        ("aof_enabled", "append-only file"),
        ("uptime_in_days", "days up"),
        ("redis_version", "version"),
    ] {
        let Some(value) = info(answer, name).map(str::trim) else { continue };
        let shown = match (name, value) {
            ("connected_slaves" | "rdb_changes_since_last_save", "0") => continue,
            ("connected_slaves", value) if matches!(verb, "FLUSHALL" | "FLUSHDB") => {
                format!("{value} {words}")
            }
            ("connected_slaves", value) => format!("{value} replicas follow it"),
            ("connected_clients" | "uptime_in_days" | "rdb_changes_since_last_save", value) => {
                format!("{value} {words}")
            }
            _ if matches!(verb, "FLUSHALL" | "FLUSHDB" | "SWAPDB") => continue,
            (_, value) => format!("{words}: {value}"),
        };
        reading.hit(shown);
    }
    match verb {
        "SHUTDOWN" => reading.drop("every connection, and what is not written to disk"),
        "REPLICAOF" | "SLAVEOF" => reading.drop("its own keys, if it becomes a replica"),
        _ => {}
    }
}
