//! A server in plain words, section by section, for the page that Enter opens.
mod rest;

pub use rest::{
    SETTINGS, client, doctor, identity, key_group, latencies, other_settings, settings, slow_call,
};

use super::info::Info;
use super::node::{RedisNode, Role};
use super::rates::{Point, counted, float};
use super::verdict::{ahead, figure, spoken};
use super::{percent, size};
use crate::domain::level::Level;
use crate::domain::news::{Section, SectionLine};
use crate::domain::text::{self, clean, grouped};
use crate::domain::time::{Age, Timestamp};
use crate::domain::vital::Trend;

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
        lately(node),
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
        let counts = format!(
            "{}, {}",
            text::counted(one.replicas, "replica"),
            text::counted(one.sentinels, "sentinel")
        );
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
        .known("full", node.rates.full_in.map(ahead))
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

/// How it came about: memory, commands, hits, evictions as rows of bars, each with its least and its most.
fn lately(node: &RedisNode) -> Option<Section> {
    let mut lines = lines();
    for (what, bars, range) in drawn(node, 60) {
        lines.add(what, format!("{bars}  {range}"));
    }
    let span = node.rates.past.first().zip(node.rates.past.last()).map(|(from, to)| to.at.since(from.at));
    lines.into_section(&format!("The last {}", spoken(span?)))
}

/// What is drawn of a point, and how it is said.
type Value = fn(&Point) -> Option<f64>;
type Say = fn(f64) -> String;

/// Fewer bars tell nothing.
const FEWEST: usize = 6;

/// What it was, its last bars, and from what to what they go.
pub fn drawn(node: &RedisNode, width: usize) -> Vec<(&'static str, String, String)> {
    let past = &node.rates.past;
    if past.len() < FEWEST {
        return Vec::new();
    }
    let range = |values: &[f64], say: Say| {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (least, most) = (say(least), say(most));
        if least == most { most } else { format!("{least} to {most}") }
    };
    let of = |value: Value| -> Vec<f64> {
        past.iter().skip(past.len().saturating_sub(width)).filter_map(value).collect()
    };
    let rows: [(&'static str, Value, Say); 4] = [
        ("memory", |point| point.used.map(float), |bytes| size(counted(bytes))),
        ("ops/s", |point| point.ops.map(float), figure),
        ("hit rate", |point| point.hit_rate, |rate| format!("{rate:.1}%")),
        ("evicted/s", |point| point.evicted, figure),
    ];
    let drawn = rows.into_iter().filter_map(|(what, value, say)| {
        let values = of(value);
        // What never was is not drawn.
        let some = values.len() >= FEWEST && (what != "evicted/s" || values.iter().any(|rate| *rate > 0.0));
        let bars = Trend::new(values.iter().copied(), None, width).text(0, false);
        some.then(|| (what, bars, range(&values, say)))
    });
    drawn.collect()
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
        .known("saved", persistence.rdb_saved.map(|at| Age(now.since(at)).past()))
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
            format!("{}, {lasting}% without a time to live{ttl}", text::counted(db.keys, "key")),
        );
    }
    lines.into_section("Keys")
}
