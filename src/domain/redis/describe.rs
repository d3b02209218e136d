//! A server and a client in plain words, section by section, for the page that Enter opens.
use super::client::RedisClient;
use super::info::Info;
use super::keys::KeyGroup;
use super::node::{RedisNode, Role};
use super::slow::SlowCall;
use super::verdict::{figure, spoken};
use super::{percent, size};
use crate::domain::level::Level;
use crate::domain::news::{Section, SectionLine};
use crate::domain::secret;
use crate::domain::text::{clean, grouped};
use crate::domain::time::{Age, Timestamp};

/// Settings worth knowing at night, as patterns of `CONFIG GET`. None of them holds a secret.
pub const SETTINGS: &[&str] = &[
    "maxmemory*",
    "save",
    "appendonly",
    "appendfsync",
    "stop-writes-on-bgsave-error",
    "maxclients",
    "timeout",
    "tcp-keepalive",
    "busy-reply-threshold",
    "lua-time-limit",
    "slowlog-log-slower-than",
    "latency-monitor-threshold",
    "client-output-buffer-limit",
    "min-replicas-to-write",
    "replica-read-only",
    "databases",
];

struct Lines(Vec<SectionLine>);

impl Lines {
    fn add(&mut self, label: &str, value: impl Into<String>) -> &mut Lines {
        self.at(label, value, Level::Fine)
    }

    fn at(&mut self, label: &str, value: impl Into<String>, level: Level) -> &mut Lines {
        self.0.push(SectionLine { label: label.into(), value: value.into(), level, indent: 0 });
        self
    }

    /// Only what is known.
    fn known(&mut self, label: &str, value: Option<impl Into<String>>) -> &mut Lines {
        if let Some(value) = value {
            self.add(label, value);
        }
        self
    }

    fn take(&mut self) -> Lines {
        Lines(std::mem::take(&mut self.0))
    }

    fn into_section(self, title: &str) -> Option<Section> {
        (!self.0.is_empty()).then(|| Section { title: title.into(), lines: self.0 })
    }
}

fn lines() -> Lines {
    Lines(Vec::new())
}

/// A server: what is wrong first, then each of its sides.
pub fn node(node: &RedisNode, info: &Info, now: Timestamp) -> Vec<Section> {
    let sections = [
        findings(node),
        server(node, info, now),
        memory(node, info),
        traffic(node, info),
        clients(node, info),
        persistence(node, info, now),
        replication(node, info),
        keyspace(node),
    ];
    sections.into_iter().flatten().collect()
}

fn findings(node: &RedisNode) -> Option<Section> {
    let mut lines = lines();
    for (level, words) in node.findings() {
        lines.at("", words, level);
    }
    lines.into_section("Not as it should be")
}

fn server(node: &RedisNode, info: &Info, now: Timestamp) -> Option<Section> {
    let mut lines = lines();
    lines.add("address", node.at.to_string());
    if !node.server.is_empty() {
        lines.add("version", node.server.to_string());
    }
    lines
        .add("role", node.role.name())
        .known("mode", info.text("redis_mode").or(info.text("server_mode")))
        .known("up for", node.started.map(|at| Age(now.since(at)).to_string()))
        .known("system", info.text("os"))
        .known("process", info.text("process_id"))
        .known("config file", info.text("config_file"))
        .known("cluster", node.cluster.as_deref());
    for one in &node.watched {
        let at = one.at.as_ref().map_or_else(|| "–".into(), ToString::to_string);
        let level = if &*one.status == "ok" { Level::Fine } else { Level::Bad };
        let counts = format!("{} replicas, {} sentinels", one.replicas, one.sentinels);
        lines.at(&format!("watches {}", one.name), format!("{at}, {}, {counts}", one.status), level);
    }
    lines.into_section("Server")
}

fn memory(node: &RedisNode, info: &Info) -> Option<Section> {
    let memory = &node.memory;
    let mut lines = lines();
    lines.known("used", memory.used.map(size));
    lines.known(
        "limit",
        memory.max.map(|max| match max {
            0 => "none".to_owned(),
            max => format!("{}, {}% used", size(max), node.filled().unwrap_or(0)),
        }),
    );
    lines
        .known("when it is full", Some(policy(&memory.policy)).filter(|text| !text.is_empty()))
        .known("growth", node.rates.growth_per_minute.map(growth))
        .known("full in", node.rates.full_in.map(spoken))
        .known("peak", memory.peak.map(size))
        .known("held from the system", memory.rss.map(size))
        .known(
            "of the machine",
            memory
                .rss
                .zip(memory.system)
                .and_then(|(rss, all)| Some(format!("{}% of {}", percent(rss, all)?, size(all)))),
        )
        .known("fragmentation", memory.fragmentation.map(|ratio| format!("{ratio:.2} held for each used")))
        .known(
            "in the allocator",
            memory.allocator.map(|ratio| match memory.allocator_bytes {
                Some(bytes) => format!("{ratio:.2}, {} lost", size(bytes)),
                None => format!("{ratio:.2}"),
            }),
        )
        .known("data alone", info.number("used_memory_dataset").map(size))
        .known("clients", info.number("mem_clients_normal").map(size))
        .known("scripts", info.number("used_memory_scripts").or(info.number("used_memory_lua")).map(size));
    lines.into_section("Memory")
}

/// What becomes of a full server, in words.
fn policy(name: &str) -> String {
    let words = match name {
        "noeviction" => "writes are refused",
        "allkeys-lru" => "any key goes, the longest unused first",
        "allkeys-lfu" => "any key goes, the least used first",
        "allkeys-random" => "any key goes",
        "volatile-lru" => "keys with a time to live go, the longest unused first",
        "volatile-lfu" => "keys with a time to live go, the least used first",
        "volatile-random" => "keys with a time to live go",
        "volatile-ttl" => "keys with a time to live go, those that end soonest first",
        _ => return name.to_owned(),
    };
    format!("{name}: {words}")
}

/// `+3 MB/min`.
pub fn growth(bytes: i64) -> String {
    let sign = if bytes < 0 { '-' } else { '+' };
    format!("{sign}{}/min", size(bytes.unsigned_abs()))
}

fn traffic(node: &RedisNode, info: &Info) -> Option<Section> {
    let mut lines = lines();
    let per_second = |rate: Option<f64>| rate.map(|rate| format!("{}/s", figure(rate)));
    lines
        .known("commands", node.ops.map(|ops| format!("{}/s", grouped(ops))))
        .known("found", node.rates.hit_rate.map(|rate| format!("{rate:.1}% of lookups")))
        .known("evicted", per_second(node.rates.evicted))
        .known("expired", per_second(node.rates.expired))
        .known("evicted since the start", info.number("evicted_keys").map(grouped))
        .known(
            "our ping",
            node.ping.map(|(last, middle)| format!("{}, mostly {}", latency(last), latency(middle))),
        )
        .known("in", info.ratio("instantaneous_input_kbps").map(|rate| format!("{rate:.0} kB/s")))
        .known("out", info.ratio("instantaneous_output_kbps").map(|rate| format!("{rate:.0} kB/s")));
    for (code, rate) in &node.rates.errors {
        lines.at(&format!("answers {}", clean(code)), format!("{}/s", figure(*rate)), Level::Warn);
    }
    lines.into_section("Traffic")
}

/// Microseconds as people say them: `230 µs`, `1.4 ms`, `90 ms`.
pub fn latency(micros: u32) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..10_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        10_000..1_000_000 => format!("{} ms", micros / 1_000),
        _ => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

fn clients(node: &RedisNode, info: &Info) -> Option<Section> {
    let mut lines = lines();
    lines.known(
        "connected",
        node.clients.map(|now| match node.max_clients {
            Some(most) => format!("{} of {}", grouped(now), grouped(most)),
            None => grouped(now),
        }),
    );
    lines
        .known("blocked", node.blocked.map(grouped))
        .known("rejected", node.rates.rejected.map(|rate| format!("{}/s", figure(rate))))
        .known("rejected since the start", info.number("rejected_connections").map(grouped))
        .known("subscribed", info.number("pubsub_clients").map(grouped))
        .known("paused", info.text("paused_reason").filter(|why| *why != "none"));
    lines.into_section("Clients")
}

fn persistence(node: &RedisNode, info: &Info, now: Timestamp) -> Option<Section> {
    let persistence = &node.persistence;
    let mut lines = lines();
    let outcome = |ok: bool| if ok { ("ok", Level::Fine) } else { ("failed", Level::Bad) };
    if let Some((words, level)) = persistence.rdb_ok.map(outcome) {
        lines.at("last save", words, level);
    }
    lines
        .known("saved", persistence.rdb_saved.map(|at| format!("{} ago", Age(now.since(at)))))
        .known("changes since", persistence.rdb_changes.map(grouped))
        .known("saving now", persistence.saving.then_some("yes"))
        .known("append-only file", persistence.aof.map(|on| if on { "on" } else { "off" }));
    if persistence.aof == Some(true) {
        if let Some((words, level)) = persistence.aof_write_ok.map(outcome) {
            lines.at("last write of it", words, level);
        }
        if let Some((words, level)) = persistence.aof_rewrite_ok.map(outcome) {
            lines.at("last rewrite of it", words, level);
        }
        lines.known("its size", info.number("aof_current_size").map(size));
    }
    lines.known(
        "last fork took",
        info.number("latest_fork_usec")
            .filter(|micros| *micros > 0)
            .and_then(|micros| u32::try_from(micros).ok())
            .map(latency),
    );
    lines.into_section("Persistence")
}

fn replication(node: &RedisNode, info: &Info) -> Option<Section> {
    let replication = &node.replication;
    let mut lines = lines();
    if node.role == Role::Replica {
        lines.known("primary", replication.primary.as_ref().map(ToString::to_string));
        if let Some(up) = replication.link_up {
            let level = if up { Level::Fine } else { Level::Bad };
            lines.at("link", if up { "up" } else { "down" }, level);
        }
        lines
            .known("link is down for", replication.link_down_seconds.map(|seconds| format!("{seconds} s")))
            .known("behind", replication.lag_bytes.map(size))
            .known(
                "heard from it",
                info.signed("master_last_io_seconds_ago")
                    .filter(|ago| *ago >= 0)
                    .map(|ago| format!("{ago} s ago")),
            );
    }
    for replica in &replication.replicas {
        let level = if &*replica.state == "online" { Level::Fine } else { Level::Warn };
        let behind = replica.lag_bytes.map_or_else(|| "–".into(), size);
        let heard = replica.lag_seconds.map_or_else(|| "–".into(), |seconds| format!("{seconds} s ago"));
        lines.at(
            &format!("replica {}", replica.at),
            format!("{}, {behind} behind, heard {heard}", replica.state),
            level,
        );
    }
    lines.into_section("Replication")
}

fn keyspace(node: &RedisNode) -> Option<Section> {
    let mut lines = lines();
    for db in &node.keyspace {
        let lasting = percent(db.keys.saturating_sub(db.expires), db.keys).unwrap_or(0);
        let ttl = db
            .average_ttl
            .map_or(String::new(), |ttl| format!(", the others live {} on average", spoken(ttl)));
        lines.add(
            &format!("db {}", db.number),
            format!("{} keys, {lasting}% without a time to live{ttl}", grouped(db.keys)),
        );
    }
    lines.into_section("Keys")
}

/// Settings as the server gave them; whatever looks like a secret is not shown, asked for or not.
pub fn settings(pairs: &[(String, String)]) -> Option<Section> {
    let mut lines = lines();
    for (name, value) in pairs {
        let value = if name.ends_with("pass") || name.ends_with("auth") || secret::looks_secret(name) {
            secret::HIDDEN.to_owned()
        } else if name == "maxmemory" {
            value.parse().map_or_else(
                |_| clean(value).into_owned(),
                |bytes: u64| if bytes == 0 { "0, no limit".into() } else { size(bytes) },
            )
        } else if value.is_empty() {
            "–".to_owned()
        } else {
            clean(value).into_owned()
        };
        lines.add(&clean(name), value);
    }
    lines.into_section("Settings")
}

/// What one of the server's doctors says in its own words, but for those that say nothing.
pub fn doctor(title: &str, text: &str) -> Option<Section> {
    let mut lines = lines();
    let plain = [
        ("using very little memory", "too little memory is used to judge it"),
        ("memory issues in this instance", "nothing is wrong"),
        (
            "Latency monitoring is disabled",
            "off: CONFIG SET latency-monitor-threshold MILLISECONDS turns it on",
        ),
        ("No latency spike was observed", "no latency spike was seen"),
    ];
    if let Some((_, words)) = plain.iter().find(|(said, _)| text.contains(said)) {
        return lines.add("", *words).take().into_section(title);
    }
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()).take(40) {
        lines.add("", clean(line).into_owned());
    }
    lines.into_section(title)
}

pub fn client(client: &RedisClient, now: Timestamp) -> Vec<Section> {
    let mut all = lines();
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    all.add("id", client.id.to_string())
        .add("address", client.address.to_string())
        .known("name", text(&client.name))
        .known("user", text(&client.user))
        .add("database", client.db.to_string())
        .add("connected for", Age(now.since(client.since)).to_string())
        .add("idle for", Age(now.since(client.idle_since)).to_string())
        .known("last command", text(&client.command))
        .known("doing", text(&client.status()))
        .known("flags", text(&client.flags))
        .known("memory", client.memory.map(size))
        .add("waits to be read by it", size(client.output))
        .known("channels", Some(client.channels).filter(|count| *count > 0).map(grouped))
        .known("library", text(&client.library));
    all.into_section("Client").into_iter().collect()
}

pub fn slow_call(call: &SlowCall, now: Timestamp) -> Vec<Section> {
    let mut all = lines();
    let micros = u32::try_from(call.micros).unwrap_or(u32::MAX);
    all.add("call", call.command.to_string())
        .add("took", latency(micros))
        .add("when", format!("{} ago", Age(now.since(call.at))))
        .known("client", Some(call.client.to_string()).filter(|client| !client.is_empty()))
        .known("called", Some(call.client_name.to_string()).filter(|name| !name.is_empty()));
    all.into_section("Slow call").into_iter().collect()
}

/// A family of keys or one key, with what else is known of it.
pub fn key_group(group: &KeyGroup, known: &[(&str, String)]) -> Vec<Section> {
    let mut all = lines();
    let about = if group.whole { "" } else { "about " };
    all.add(if group.single { "key" } else { "keys called" }, group.name.to_string())
        .add("database", group.db.to_string());
    if !group.single {
        all.known("of all keys", group.share().map(|share| format!("{share}%")))
            .known("keys", group.keys.map(|keys| format!("{about}{}", grouped(keys))));
    }
    let about = if group.single { "" } else { about };
    all.known("memory", group.bytes.map(|bytes| format!("{about}{}", size(bytes))));
    all.known(
        "without a time to live",
        group.lasting.map(|lasting| match (group.single, lasting) {
            (true, 0) => "no".into(),
            (true, _) => "yes".into(),
            (false, lasting) => format!("{lasting}%"),
        }),
    );
    for (label, value) in known {
        all.add(label, clean(value).into_owned());
    }
    all.add(
        "sampled",
        if group.whole { "every key".into() } else { format!("{} keys", grouped(group.sampled)) },
    );
    all.into_section("Keys").into_iter().collect()
}

/// What the latency monitor caught: event, second, last and longest in milliseconds.
pub fn latencies(events: impl Iterator<Item = (String, i64, i64, i64)>, now: Timestamp) -> Option<Section> {
    let mut all = lines();
    for (event, second, last, longest) in events.take(40) {
        let ago = Age(now.since(Timestamp::from_seconds(second)));
        all.add(&clean(&event), format!("{last} ms {ago} ago, longest {longest} ms"));
    }
    all.into_section("Latency events")
}

pub fn identity(user: &str, id: Option<u64>) -> Option<Section> {
    let mut all = lines();
    all.add("user", clean(user).into_owned()).known("client", id.map(|id| id.to_string()));
    all.into_section("As firedeck")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_holds_a_secret_is_never_shown() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let section = settings(&[
            pair("requirepass", "hunter2"),
            pair("masterauth", "hunter2"),
            pair("tls-key-file-pass", "hunter2"),
            pair("maxmemory", "0"),
            pair("save", ""),
        ]);
        let told: Vec<String> =
            section.unwrap().lines.iter().map(|line| format!("{} {}", line.label, line.value)).collect();
        assert_eq!(
            told,
            [
                "requirepass (hidden)",
                "masterauth (hidden)",
                "tls-key-file-pass (hidden)",
                "maxmemory 0, no limit",
                "save –"
            ]
        );
        assert!(SETTINGS.iter().all(|name| !name.contains("pass") && !name.contains("auth") && *name != "*"));
    }

    #[test]
    fn a_doctor_without_a_finding_says_so_plainly() {
        let said = |text: &str| doctor("Memory doctor", text).map(|section| section.lines[0].value.clone());
        assert_eq!(
            said(
                "Hi, I can't find any memory issues in this instance. I can only account for what occurs here."
            ),
            Some("nothing is wrong".into())
        );
        assert_eq!(
            said("Hello, I detected a few issues:\n\n * Peak memory: too high"),
            Some("Hello, I detected a few issues:".into())
        );
        assert_eq!(said(""), None);
    }

    #[test]
    fn spans_and_growth_are_said_shortly() {
        assert_eq!([230, 1_430, 90_000, 2_500_000].map(latency), ["230 µs", "1.4 ms", "90 ms", "2.5 s"]);
        assert_eq!((growth(3 << 20), growth(-2048)), ("+3 MB/min".into(), "-2 kB/min".into()));
    }

    #[test]
    fn a_policy_says_what_becomes_of_a_full_server() {
        assert_eq!(policy("noeviction"), "noeviction: writes are refused");
        assert_eq!((policy("new-policy"), policy("")), ("new-policy".into(), String::new()));
    }
}
