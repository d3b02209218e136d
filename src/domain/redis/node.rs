//! One server: what it says of itself, whatever its version.
use std::time::Duration;

use super::info::Info;
use super::rates::{History, Rates};
use super::topology::Spot;
use super::trouble::Trouble;
use crate::domain::Text;
use crate::domain::time::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    #[default]
    Unknown,
    Standalone,
    Sentinel,
    Cluster,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    #[default]
    Unknown,
    Primary,
    Replica,
    Sentinel,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Role::Unknown => "–",
            Role::Primary => "primary",
            Role::Replica => "replica",
            Role::Sentinel => "sentinel",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Memory {
    pub used: Option<u64>,
    pub rss: Option<u64>,
    pub peak: Option<u64>,
    /// `Some(0)`: there is no limit.
    pub max: Option<u64>,
    /// `noeviction`, `allkeys-lru` and the like.
    pub policy: Text,
    /// Of the machine.
    pub system: Option<u64>,
    /// What the system holds against what is used; of little meaning while little is used.
    pub fragmentation: Option<f64>,
    /// The same within the allocator: true fragmentation.
    pub allocator: Option<f64>,
    pub allocator_bytes: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Persistence {
    pub rdb_ok: Option<bool>,
    pub rdb_changes: Option<u64>,
    pub rdb_saved: Option<Timestamp>,
    pub saving: bool,
    /// `None` where it does not say.
    pub aof: Option<bool>,
    pub aof_write_ok: Option<bool>,
    pub aof_rewrite_ok: Option<bool>,
}

/// What a primary says of one of its replicas.
#[derive(Debug, Clone, PartialEq)]
pub struct Replica {
    pub at: Spot,
    /// `online`, `wait_bgsave`, `send_bulk`.
    pub state: Text,
    pub lag_bytes: Option<u64>,
    pub lag_seconds: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Replication {
    /// Of a replica.
    pub primary: Option<Spot>,
    pub link_up: Option<bool>,
    pub link_down_seconds: Option<u64>,
    /// Still copying everything: how far, in hundredths.
    pub sync: Option<Option<u64>>,
    /// Behind its primary: as the primary says where that is known.
    pub lag_bytes: Option<u64>,
    pub lag_seconds: Option<u64>,
    /// Of a primary.
    pub replicas: Vec<Replica>,
}

/// The keys of one numbered database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyspace {
    pub number: u32,
    pub keys: u64,
    /// How many of them have a time to live.
    pub expires: u64,
    pub average_ttl: Option<Duration>,
}

/// A primary that a sentinel watches.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    pub name: Text,
    pub at: Option<Spot>,
    /// `ok`, `sdown`, `odown`.
    pub status: Text,
    pub replicas: u64,
    pub sentinels: u64,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct RedisNode {
    pub at: Spot,
    /// `Redis 7.0.15`, `Valkey 9.1.2`; empty when it was never heard.
    pub server: Text,
    pub run_id: Text,
    pub mode: Mode,
    pub role: Role,
    pub started: Option<Timestamp>,
    pub memory: Memory,
    pub rates: Rates,
    pub ops: Option<u64>,
    pub clients: Option<u64>,
    pub max_clients: Option<u64>,
    pub blocked: Option<u64>,
    /// Last and middle answer to our own ping, in microseconds.
    pub ping: Option<(u32, u32)>,
    pub persistence: Persistence,
    pub replication: Replication,
    pub keyspace: Vec<Keyspace>,
    pub watched: Vec<Watched>,
    /// As the cluster says it: `ok`, `fail`.
    pub cluster: Option<Text>,
    /// Why it does not say more now; what else stands here is then the last that was heard.
    pub trouble: Option<Trouble>,
    pub trouble_since: Option<Timestamp>,
}

impl RedisNode {
    pub fn of(at: Spot, info: &Info, now: Timestamp, history: &History) -> RedisNode {
        RedisNode {
            at,
            server: server(info).into(),
            run_id: info.text("run_id").unwrap_or_default().into(),
            mode: mode(info),
            role: role(info),
            started: info.number("uptime_in_seconds").map(|seconds| began(now, seconds)),
            memory: memory(info),
            rates: history.rates(),
            ops: info.number("instantaneous_ops_per_sec"),
            clients: info.number("connected_clients"),
            max_clients: info.number("maxclients"),
            blocked: info.number("blocked_clients"),
            ping: history.pings(),
            persistence: persistence(info),
            replication: replication(info),
            keyspace: keyspace(info),
            watched: watched(info),
            cluster: None,
            trouble: loading(info),
            trouble_since: None,
        }
    }

    /// Whether it counts how often each key is used.
    pub fn counts_uses(&self) -> bool {
        self.memory.policy.ends_with("-lfu")
    }

    /// Keys of all databases, and how many of them never go by themselves.
    pub fn keys(&self) -> (u64, u64) {
        let keys = self.keyspace.iter().fold(0_u64, |sum, db| sum.saturating_add(db.keys));
        let expires = self.keyspace.iter().fold(0_u64, |sum, db| sum.saturating_add(db.expires));
        (keys, keys.saturating_sub(expires))
    }

    /// The limit, where there is one.
    pub fn limit(&self) -> Option<u64> {
        self.memory.max.filter(|max| *max > 0)
    }

    /// How much of its limit it uses, in hundredths.
    pub fn filled(&self) -> Option<u64> {
        super::percent(self.memory.used?, self.limit()?)
    }

    /// Whether old keys go to make room for new ones.
    pub fn evicts(&self) -> bool {
        !matches!(&*self.memory.policy, "" | "noeviction")
    }
}

fn server(info: &Info) -> String {
    // A Valkey calls itself a Redis 7.2.4 where a client asks for that, so its own name comes first.
    for (name, title) in
        [("valkey_version", "Valkey"), ("dragonfly_version", "Dragonfly"), ("redis_version", "Redis")]
    {
        if let Some(version) = info.text(name) {
            return format!("{title} {}", version.trim_start_matches("df-"));
        }
    }
    String::new()
}

fn mode(info: &Info) -> Mode {
    match info.text("redis_mode").or_else(|| info.text("server_mode")) {
        Some("standalone") => Mode::Standalone,
        Some("sentinel") => Mode::Sentinel,
        Some("cluster") => Mode::Cluster,
        _ => Mode::Unknown,
    }
}

fn role(info: &Info) -> Role {
    match info.text("role") {
        Some("master" | "primary") => Role::Primary,
        Some("slave" | "replica") => Role::Replica,
        _ if mode(info) == Mode::Sentinel => Role::Sentinel,
        _ => Role::Unknown,
    }
}

/// To ten seconds, so that two looks agree.
fn began(now: Timestamp, uptime: u64) -> Timestamp {
    let at = now.0.saturating_sub(i64::try_from(uptime).unwrap_or(i64::MAX).saturating_mul(1000));
    Timestamp(at.div_euclid(10_000).saturating_mul(10_000))
}

fn memory(info: &Info) -> Memory {
    Memory {
        used: info.number("used_memory"),
        rss: info.number("used_memory_rss"),
        peak: info.number("used_memory_peak"),
        max: info.number("maxmemory"),
        policy: info.text("maxmemory_policy").unwrap_or_default().into(),
        system: info.number("total_system_memory").filter(|bytes| *bytes > 0),
        fragmentation: info.ratio("mem_fragmentation_ratio"),
        allocator: info.ratio("allocator_frag_ratio"),
        allocator_bytes: info.number("allocator_frag_bytes"),
    }
}

fn persistence(info: &Info) -> Persistence {
    Persistence {
        rdb_ok: info.ok("rdb_last_bgsave_status"),
        rdb_changes: info.number("rdb_changes_since_last_save"),
        rdb_saved: info.signed("rdb_last_save_time").filter(|at| *at > 0).map(Timestamp::from_seconds),
        saving: info.flag("rdb_bgsave_in_progress") == Some(true),
        aof: info.flag("aof_enabled"),
        aof_write_ok: info.ok("aof_last_write_status"),
        aof_rewrite_ok: info.ok("aof_last_bgrewrite_status"),
    }
}

fn loading(info: &Info) -> Option<Trouble> {
    (info.flag("loading") == Some(true)).then(|| Trouble::Loading {
        percent: info.ratio("loading_loaded_perc").map(hundredths),
        seconds: info.number("loading_eta_seconds"),
    })
}

fn replication(info: &Info) -> Replication {
    let offset = info.number("master_repl_offset");
    let replicas = info.beginning("slave").filter_map(|(number, said)| {
        number.parse::<u32>().ok()?;
        let part = |name: &str| said.split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        Some(Replica {
            at: Spot::new(part("ip")?, part("port")?.parse().ok()?),
            state: part("state").unwrap_or_default().into(),
            lag_bytes: offset
                .zip(part("offset").and_then(|text| text.parse::<u64>().ok()))
                .map(|(ours, theirs)| ours.saturating_sub(theirs)),
            lag_seconds: part("lag").and_then(|text| text.parse().ok()),
        })
    });
    let link_up = info.text("master_link_status").map(|said| said == "up");
    let syncing = info.flag("master_sync_in_progress") == Some(true);
    Replication {
        primary: info
            .text("master_host")
            .zip(info.number("master_port").and_then(|port| u16::try_from(port).ok()))
            .map(|(host, port)| Spot::new(host, port)),
        link_up,
        link_down_seconds: info.number("master_link_down_since_seconds"),
        sync: syncing.then(|| info.ratio("master_sync_perc").map(hundredths)),
        lag_bytes: None,
        // Only while the link stands is silence a lag: a primary speaks every ten seconds at least.
        lag_seconds: None,
        replicas: replicas.collect(),
    }
}

fn keyspace(info: &Info) -> Vec<Keyspace> {
    let all = info.beginning("db").filter_map(|(number, said)| {
        let number = number.parse().ok()?;
        let part = |name: &str| -> Option<u64> {
            said.split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))?.parse().ok()
        };
        Some(Keyspace {
            number,
            keys: part("keys")?,
            expires: part("expires").unwrap_or(0),
            average_ttl: part("avg_ttl").filter(|ttl| *ttl > 0).map(Duration::from_millis),
        })
    });
    all.collect()
}

/// `master0:name=shop,status=ok,address=10.0.0.5:6379,slaves=2,sentinels=3`.
fn watched(info: &Info) -> Vec<Watched> {
    let all = info.beginning("master").filter_map(|(number, said)| {
        number.parse::<u32>().ok()?;
        let part = |name: &str| said.split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        let count = |name: &str| part(name).and_then(|text| text.parse().ok()).unwrap_or(0);
        Some(Watched {
            name: part("name")?.into(),
            at: part("address").and_then(Spot::parse),
            status: part("status").unwrap_or_default().into(),
            replicas: count("slaves"),
            sentinels: count("sentinels"),
        })
    });
    all.collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
fn hundredths(percent: f64) -> u64 {
    percent.clamp(0.0, 100.0).floor() as u64
}

#[cfg(test)]
mod tests;
