//! What operators ask a Redis about itself: its users and their rights, settings, clients, slow calls, latency.
use std::sync::atomic::Ordering;

use super::keys::{BUSY, SYNTAX};
use super::reply::{OK, Reply, Said, fits, human};
use super::table::Ask;
use super::{BASE, Redis, later, seconds, whole};

const POLICIES: &str = "volatile-lru, volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, \
     allkeys-random, noeviction";

/// The settings there are, and their values at the beginning.
const SETTINGS: &str = "\
    activedefrag=no|active-expire-effort=1|appendfsync=everysec|appendonly=no|bind=* -::*|\
    busy-reply-threshold=5000|\
    client-output-buffer-limit=normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60|\
    client-query-buffer-limit=1073741824|cluster-enabled=no|databases=16|dbfilename=dump.rdb|dir=/data|\
    hz=10|io-threads=1|latency-monitor-threshold=100|lazyfree-lazy-eviction=no|lazyfree-lazy-expire=no|\
    lfu-decay-time=1|lfu-log-factor=10|loglevel=notice|maxclients=10000|maxmemory=0|maxmemory-clients=0|\
    maxmemory-policy=noeviction|maxmemory-samples=5|min-replicas-max-lag=10|min-replicas-to-write=0|\
    notify-keyspace-events=|port=6379|protected-mode=no|proto-max-bulk-len=536870912|\
    replica-priority=100|replica-read-only=yes|replica-serve-stale-data=yes|repl-backlog-size=1048576|\
    requirepass=|save=3600 1 300 100 60 10000|slowlog-log-slower-than=10000|slowlog-max-len=128|\
    stop-writes-on-bgsave-error=yes|tcp-backlog=511|tcp-keepalive=300|timeout=0";
const FIXED: [&str; 5] = ["bind", "cluster-enabled", "databases", "io-threads", "port"];

pub(super) fn settings() -> impl Iterator<Item = (&'static str, &'static str)> {
    SETTINGS.split('|').filter_map(|setting| setting.split_once('='))
}

impl Redis {
    /// The connection closes when it has heard the answer.
    pub(super) fn quit(&self, id: u64) -> Reply {
        if let Some(client) = self.clients.get(&id) {
            client.gone.store(true, Ordering::Relaxed);
        }
        OK
    }

    pub(super) fn set_name(&mut self, id: u64, name: &str) -> Result<(), String> {
        if name.len() > 100 || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("ERR Client names cannot contain spaces, newlines or special characters.".into());
        }
        if let Some(client) = self.clients.get_mut(&id) {
            name.clone_into(&mut client.name);
        }
        Ok(())
    }

    pub(super) fn name(&mut self, ask: &Ask) -> Said {
        self.set_name(ask.id, &ask.text(2)).map(|()| OK)
    }

    pub(super) fn library(&mut self, ask: &Ask) -> Said {
        let value: String = ask.text(3).chars().filter(char::is_ascii_graphic).take(64).collect();
        let Some(client) = self.clients.get_mut(&ask.id) else { return Ok(OK) };
        match (ask.lower(2).as_str(), &mut client.library) {
            ("lib-name", [name, _]) => *name = value,
            ("lib-ver", [_, version]) => *version = value,
            (other, _) => return Err(format!("ERR Unrecognized option '{other}'")),
        }
        Ok(OK)
    }

    pub(super) fn line_of(&self, id: u64, client: &super::Client) -> String {
        let span = |since| whole(seconds(since, self.now));
        let super::Client { address, name, library: [lib, version], db, memory, command, .. } = client;
        let (age, idle, port, fd) =
            (span(client.since), span(client.last), self.number("port"), id % 4_000 + 8);
        let queued = memory.saturating_sub(super::CLIENT_MEMORY);
        let (user, resp) = (client.user.as_deref().unwrap_or("default"), if client.resp3 { 3 } else { 2 });
        let (events, free) =
            (if queued > 0 { "rw" } else { "r" }, if client.crowd.is_none() { 20_448 } else { 0 });
        format!(
            "id={id} addr={address} laddr=127.0.0.1:{port} fd={fd} name={name} age={age} idle={idle} flags=N db={db} \
             sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free={free} argv-mem=10 multi-mem=0 rbs=1024 rbp=0 obl=0 oll={} \
             omem={queued} tot-mem={memory} events={events} cmd={command} user={user} redir=-1 resp={resp} \
             lib-name={lib} lib-ver={version}\n",
            queued / 16_384,
        )
    }

    pub(super) fn client_list(&mut self, ask: &Ask) -> Said {
        let wanted: Option<Vec<u64>> = match (ask.lower(2).as_str(), ask.words.len()) {
            ("", _) => None,
            ("type", 4) => match ask.lower(3).as_str() {
                "normal" => None,
                "master" | "replica" | "slave" | "pubsub" => Some(Vec::new()),
                other => return Err(format!("ERR Unknown client type '{other}'")),
            },
            ("id", 4..) => {
                let id = |at| u64::try_from(ask.int(at).unwrap_or(-1)).map_err(|_| "ERR Invalid client ID");
                Some((3..ask.words.len()).map(id).collect::<Result<_, _>>()?)
            }
            _ => return Err(SYNTAX.into()),
        };
        let chosen =
            self.clients.iter().filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)));
        Ok(Reply::Text(chosen.map(|(id, client)| self.line_of(*id, client)).collect()))
    }

    pub(super) fn kill(&mut self, ask: &Ask) -> Said {
        let old = ask.words.len() == 3;
        if !old && ask.words.len() % 2 == 1 {
            return Err(SYNTAX.into());
        }
        let mut filters = Vec::new();
        let mut skip = true;
        for at in (2..ask.words.len()).step_by(2) {
            let (name, value) =
                if old { ("addr".into(), ask.text(2)) } else { (ask.lower(at), ask.text(at + 1)) };
            match name.as_str() {
                "id" if value.parse::<u64>().is_ok_and(|id| id > 0) => {}
                "id" => return Err("ERR client-id should be greater than 0".into()),
                "addr" | "laddr" => {}
                "user" if self.users.iter().any(|user| user.name == value) => {}
                "user" => return Err(format!("ERR No such user '{value}'")),
                "type" if ["normal", "master", "replica", "slave", "pubsub"].contains(&value.as_str()) => {}
                "type" => return Err(format!("ERR Unknown client type '{value}'")),
                "skipme" => skip = value != "no",
                _ => return Err(SYNTAX.into()),
            }
            filters.push((name, value));
        }
        let fit = |id: u64, client: &super::Client| {
            filters.iter().all(|(name, value)| match name.as_str() {
                "id" => *value == id.to_string(),
                "addr" => *value == client.address,
                "user" => client.user.as_ref() == Some(value),
                "type" => value == "normal",
                _ => true,
            })
        };
        let found: Vec<u64> = self
            .clients
            .iter()
            .filter(|(id, client)| fit(**id, client) && (old || !skip || **id != ask.id))
            .map(|(id, _)| *id)
            .collect();
        for id in &found {
            if let Some(client) = self.clients.get(id) {
                client.gone.store(true, Ordering::Relaxed);
            }
            // One that kills itself hears so first.
            if *id != ask.id {
                self.clients.remove(id);
            }
        }
        match (old, found.is_empty()) {
            (false, _) => Ok(Reply::int(found.len())),
            (true, false) => Ok(OK),
            (true, true) => Err("ERR No such client".into()),
        }
    }

    pub(super) fn config_get(&self, ask: &Ask) -> Reply {
        let patterns: Vec<String> = (2..ask.words.len()).map(|at| ask.lower(at)).collect();
        let fit = |name: &str| patterns.iter().any(|pattern| fits(pattern.as_bytes(), name.as_bytes()));
        let found = self.settings.iter().filter(|(name, _)| fit(name));
        Reply::Map(found.flat_map(|(name, value)| [Reply::text(*name), Reply::text(value)]).collect())
    }

    pub(super) fn set_setting(&mut self, name: &str, value: &str) -> Result<(), String> {
        let failed =
            |why: &str| Err(format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {why}"));
        let Some((known, first)) = settings().find(|(known, _)| *known == name) else {
            return Err(format!("ERR Unknown option or number of arguments for CONFIG SET - '{name}'"));
        };
        let value = match name {
            "maxmemory" | "maxmemory-clients" => match memory(value) {
                Some(bytes) => bytes.to_string(),
                None => return failed("argument must be a memory value"),
            },
            "maxmemory-policy" if !POLICIES.split(", ").any(|policy| policy == value) => {
                return failed(&format!("argument(s) must be one of the following: {POLICIES}"));
            }
            _ if ["yes", "no"].contains(&first) && !["yes", "no"].contains(&value) => {
                return failed("argument must be 'yes' or 'no'");
            }
            _ if !first.is_empty() && first.parse::<i64>().is_ok() && value.parse::<i64>().is_err() => {
                return failed("argument couldn't be parsed into an integer");
            }
            _ if value.len() > 1_000 => return failed("argument too long"),
            _ => value.to_owned(),
        };
        if name == "requirepass" {
            let rule = if value.is_empty() { "nopass".to_owned() } else { format!(">{value}") };
            self.set_user("default", "resetpass")?;
            self.set_user("default", &rule)?;
        }
        self.settings.insert(known, value);
        self.make_room();
        Ok(())
    }

    pub(super) fn config_set(&mut self, ask: &Ask) -> Said {
        let names: Vec<String> = (2..ask.words.len()).step_by(2).map(|at| ask.lower(at)).collect();
        if ask.words.len() % 2 == 1 {
            return Err("ERR wrong number of arguments for 'config|set' command".into());
        }
        if let Some(fixed) = names.iter().find(|name| FIXED.contains(&name.as_str())) {
            return Err(format!(
                "ERR CONFIG SET failed (possibly related to argument '{fixed}') - can't set immutable config"
            ));
        }
        for (at, name) in names.iter().enumerate() {
            self.set_setting(name, &ask.text(at * 2 + 3))?;
        }
        Ok(OK)
    }

    pub(super) fn reset(&mut self) {
        let (peak, changes) = (self.counts.peak, self.counts.changes);
        self.counts = super::Counts { changes, peak, ..super::Counts::default() };
        (self.calls, self.errors) = Default::default();
    }

    pub(super) fn slowlog(&mut self, ask: &Ask) -> Said {
        let count = if ask.words.len() > 2 { ask.int(2)? } else { 10 };
        if count < -1 {
            return Err("ERR count should be greater than or equal to -1".into());
        }
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let one = |slow: &super::Slow| {
            let shown = slow.words.iter().take(31).map(|word| {
                let long = word.len().saturating_sub(128);
                let rest = if long > 0 { format!("... ({long} more bytes)") } else { String::new() };
                Reply::text(String::from_utf8_lossy(word.get(..128).unwrap_or(word)).into_owned() + &rest)
            });
            Reply::List(vec![
                Reply::int(slow.id),
                Reply::Int(slow.at.as_second()),
                Reply::int(slow.micros),
                Reply::List(shown.collect()),
                Reply::text(&slow.address),
                Reply::text(&slow.name),
            ])
        };
        Ok(Reply::List(self.slow.iter().take(count).map(one).collect()))
    }

    pub(super) fn latest(&self) -> Reply {
        let Some((at, last)) = self.spikes.back() else { return Reply::List(Vec::new()) };
        let most = self.spikes.iter().map(|(_, took)| *took).max();
        let (at, last, most) = (Reply::Int(at.as_second()), Reply::int(*last), Reply::int(most.unwrap_or(0)));
        Reply::List(vec![Reply::List(vec![Reply::text("command"), at, last, most])])
    }

    pub(super) fn history(&self, event: &str) -> Reply {
        let all = self.spikes.iter().filter(|_| event == "command");
        Reply::List(
            all.map(|(at, took)| Reply::List(vec![Reply::Int(at.as_second()), Reply::int(*took)])).collect(),
        )
    }

    pub(super) fn latency_doctor(&self) -> String {
        if self.number("latency-monitor-threshold") == 0 {
            return "Latency monitoring is off. CONFIG SET latency-monitor-threshold turns it on.".into();
        }
        match (self.spikes.len(), self.spikes.iter().map(|(_, took)| *took).max()) {
            (count, Some(most)) => format!(
                "1 event was slower than the threshold:\n\n1. command: {count} spikes, the worst took {most} ms. \
                 SLOWLOG GET names the calls."
            ),
            _ => "No latency spike was seen since this server was started.".into(),
        }
    }

    pub(super) fn memory_doctor(&self) -> String {
        let (used, max) = (self.used(), self.max());
        if used < 5 << 20 {
            return "This instance holds very little: there is nothing to judge yet.".into();
        }
        let buffers = self.client_memory() / self.clients.len().max(1);
        let (now, limit, peak) = (human(used), human(max), human(self.counts.peak));
        let (size, policy) = (human(buffers), self.policy());
        let issues = [
            (
                buffers > 200 << 10,
                format!("Big client buffers: {size} each on average; CLIENT LIST has tot-mem."),
            ),
            (
                max > 0 && used * 10 > max * 9,
                format!("Near the limit: {now} of {limit}, the policy is {policy}."),
            ),
            (self.counts.peak > used * 3 / 2, format!("Peak memory: {peak} were in use, {now} are now.")),
        ];
        let found: Vec<String> = issues.into_iter().filter(|(is, _)| *is).map(|(_, says)| says).collect();
        if found.is_empty() {
            return "No memory issue was found in this instance.".into();
        }
        format!("Found in this instance:\n\n * {}\n", found.join("\n * "))
    }

    pub(super) fn memory_stats(&self) -> Reply {
        let (used, data) = (self.used(), self.store.size());
        let keys = self.store.len();
        let numbers = [
            ("peak.allocated", self.counts.peak),
            ("total.allocated", used),
            ("startup.allocated", BASE),
            ("replication.backlog", 0),
            ("clients.slaves", 0),
            ("clients.normal", self.client_memory()),
            ("cluster.links", 0),
            ("aof.buffer", 0),
            ("lua.caches", 0),
            ("functions.caches", 0),
            ("overhead.total", used.saturating_sub(data) + keys * 48),
            ("keys.count", keys),
            ("keys.bytes-per-key", data.checked_div(keys).unwrap_or(0)),
            ("dataset.bytes", data.saturating_sub(keys * 48)),
        ];
        let all = numbers.into_iter().flat_map(|(name, value)| [Reply::text(name), Reply::int(value)]);
        let share = super::float(used) * 100.0 / super::float(self.counts.peak.max(1));
        Reply::Map(all.chain([Reply::text("peak.percentage"), Reply::Real(share)]).collect())
    }

    pub(super) fn role(&self) -> Reply {
        let offset = self.offset();
        let replicas = self
            .replicas
            .iter()
            .map(|(host, port, _)| Reply::words([host.clone(), port.to_string(), offset.to_string()]));
        Reply::List(vec![Reply::text("master"), Reply::int(offset), Reply::List(replicas.collect())])
    }

    pub(super) fn offset(&self) -> u64 {
        if self.replicas.is_empty() {
            0
        } else {
            self.counts.changes * 80 + whole(seconds(self.started, self.now)) * 14
        }
    }

    pub(super) fn save(&mut self, wait: bool) -> Said {
        if self.saving.is_some() {
            return Err("ERR Background save already in progress".into());
        }
        if wait {
            (self.saved, self.counts.changes) = (self.now, 0);
            return Ok(OK);
        }
        self.saving = Some(later(self.now, 0.5 + super::float(self.store.size()) / 200e6));
        Ok(Reply::Word("Background saving started"))
    }

    pub(super) fn end(&mut self, script: bool) -> Said {
        match self.busy {
            Some((since, _)) if script => {
                self.end_script(since);
                Ok(OK)
            }
            Some(_) => Err(BUSY.into()),
            None => Err("NOTBUSY No scripts in execution right now.".into()),
        }
    }
}

/// `4gb`, `100mb`, `1024`.
fn memory(text: &str) -> Option<u64> {
    let lower = text.to_lowercase();
    let digits = lower.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match lower.get(digits.len()..)? {
        "" | "b" => 1,
        "k" => 1_000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}
