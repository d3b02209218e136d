//! How a node is doing: everything that is wrong with it, the worst first, and a word for the worst.
use std::borrow::Cow;
use std::time::Duration;

use super::node::{Mode, RedisNode, Role};
use super::size;
use crate::domain::level::Level;

/// Of the limit of memory, in hundredths, from where a server that evicts nothing is in danger.
const FILLING: u64 = 80;
const NEARLY_FULL: u64 = 90;
/// Of the places for clients.
const CROWDED: u64 = 90;
/// Full within this is trouble now; within a few hours it is worth a look.
const SOON: Duration = Duration::from_mins(15);
const TODAY: Duration = Duration::from_hours(3);
/// A replica is this far behind before it counts.
const LATE_SECONDS: u64 = 10;
/// True fragmentation, and how much has to be lost by it.
const FRAGMENTED: f64 = 1.5;
const FRAGMENTED_BYTES: u64 = 100 << 20;
/// What clients are refused with that somebody has to mend, and how bad each is.
const REFUSALS: [(&str, Level, &str); 5] = [
    ("OOM", Level::Bad, "writes are refused, memory is full"),
    ("MISCONF", Level::Bad, "writes are refused, it cannot save"),
    ("NOREPLICAS", Level::Bad, "writes are refused, too few replicas"),
    ("READONLY", Level::Warn, "a client writes to a replica"),
    ("CLUSTERDOWN", Level::Bad, "slots are not served"),
];

impl RedisNode {
    pub fn level(&self) -> Level {
        self.findings().first().map_or_else(|| self.calm(), |(level, _)| *level)
    }

    /// A few words for the worst of it.
    pub fn status(&self) -> Cow<'_, str> {
        match self.findings().into_iter().next() {
            Some((_, words)) => words.into(),
            None => self.rest(),
        }
    }

    /// Everything that is not as it should be, the worst first.
    pub fn findings(&self) -> Vec<(Level, String)> {
        if let Some(trouble) = &self.trouble {
            return vec![(trouble.level(), trouble.to_string())];
        }
        let mut all = Vec::new();
        self.refusals(&mut all);
        self.memory_findings(&mut all);
        self.client_findings(&mut all);
        self.persistence_findings(&mut all);
        self.replication_findings(&mut all);
        all.sort_by_key(|(level, _)| *level);
        all
    }

    /// Never heard is not fine.
    fn calm(&self) -> Level {
        if self.server.is_empty() && self.role == Role::Unknown { Level::Unknown } else { Level::Fine }
    }

    fn rest(&self) -> Cow<'_, str> {
        match (self.role, self.watched.as_slice()) {
            (Role::Sentinel, [one]) => format!("watches {}", one.name).into(),
            (Role::Sentinel, many) => format!("watches {} primaries", many.len()).into(),
            (Role::Replica, _) if self.server.is_empty() => "online, seen by its primary only".into(),
            _ if self.server.is_empty() => "not heard yet".into(),
            _ if self.persistence.saving => "ok, saving".into(),
            _ => "ok".into(),
        }
    }

    fn refusals(&self, all: &mut Vec<(Level, String)>) {
        for (code, level, words) in REFUSALS {
            if self.rates.errors.iter().any(|(said, _)| &**said == code) {
                all.push((level, format!("{code}: {words}")));
            }
        }
        if self.rates.rejected.is_some_and(|rate| rate > 0.0) {
            all.push((Level::Bad, "max number of clients reached: connections are rejected".into()));
        }
        if self.cluster.as_deref().is_some_and(|state| state != "ok") {
            all.push((Level::Bad, "CLUSTERDOWN: the cluster says fail".into()));
        }
        if self.mode == Mode::Cluster && self.cluster.is_none() {
            all.push((Level::Unknown, "the cluster's state is not seen".into()));
        }
        for one in self.watched.iter().filter(|one| &*one.status != "ok") {
            all.push((Level::Bad, format!("{} is {}", one.name, one.status)));
        }
    }

    fn memory_findings(&self, all: &mut Vec<(Level, String)>) {
        let evicting = self.rates.evicted.filter(|rate| *rate > 0.0);
        if let Some(rate) = evicting {
            all.push((Level::Warn, format!("evicts {} keys/s", figure(rate))));
        }
        match (self.filled(), self.evicts()) {
            (Some(percent), false) if percent >= NEARLY_FULL => {
                all.push((Level::Bad, format!("memory {percent}%, nothing is evicted")));
            }
            (Some(percent), false) if percent >= FILLING => {
                all.push((Level::Warn, format!("memory {percent}%")));
            }
            // Only keys with a time to live may go, and there are none.
            (Some(percent), true) if percent >= NEARLY_FULL && self.has_no_victims() => {
                all.push((Level::Bad, format!("memory {percent}%, no key may be evicted")));
            }
            (None, _) => self.system_findings(all),
            _ => {}
        }
        if let (Some(span), false) = (self.rates.full_in, self.evicts())
            && span < TODAY
        {
            all.push((if span < SOON { Level::Bad } else { Level::Warn }, format!("full {}", ahead(span))));
        }
        if self.memory.allocator.is_some_and(|ratio| ratio > FRAGMENTED)
            && let Some(lost) = self.memory.allocator_bytes.filter(|bytes| *bytes > FRAGMENTED_BYTES)
        {
            all.push((Level::Warn, format!("fragmented, {} lost", size(lost))));
        }
    }

    fn has_no_victims(&self) -> bool {
        let (keys, lasting) = self.keys();
        self.memory.policy.starts_with("volatile") && keys > 0 && keys == lasting
    }

    /// Without a limit the machine is the limit.
    fn system_findings(&self, all: &mut Vec<(Level, String)>) {
        let share =
            self.memory.rss.zip(self.memory.system).and_then(|(rss, whole)| super::percent(rss, whole));
        if let Some(percent) = share.filter(|percent| *percent >= FILLING) {
            let level = if percent >= NEARLY_FULL { Level::Bad } else { Level::Warn };
            all.push((level, format!("no limit, and {percent}% of the machine's memory")));
        }
    }

    fn client_findings(&self, all: &mut Vec<(Level, String)>) {
        let Some((now, most)) = self.clients.zip(self.max_clients) else { return };
        if let Some(percent) = super::percent(now, most).filter(|percent| *percent >= CROWDED) {
            let level = if now >= most { Level::Bad } else { Level::Warn };
            all.push((level, format!("clients {now} of {most}, {percent}%")));
        }
    }

    fn persistence_findings(&self, all: &mut Vec<(Level, String)>) {
        let told = |name: &str| all.iter().any(|(_, words)| words.starts_with(name));
        if self.persistence.rdb_ok == Some(false) && !told("MISCONF") {
            all.push((Level::Bad, "MISCONF: the last save failed".into()));
        }
        if self.persistence.aof == Some(true) {
            if self.persistence.aof_write_ok == Some(false) {
                all.push((Level::Bad, "MISCONF: the append-only file cannot be written".into()));
            }
            if self.persistence.aof_rewrite_ok == Some(false) {
                all.push((Level::Warn, "the last rewrite of the append-only file failed".into()));
            }
        }
    }

    fn replication_findings(&self, all: &mut Vec<(Level, String)>) {
        let replication = &self.replication;
        if self.role == Role::Replica {
            match (replication.sync, replication.link_up) {
                (Some(Some(percent)), _) => {
                    all.push((Level::Warn, format!("copies its primary, {percent}%")));
                }
                (Some(None), _) => all.push((Level::Warn, "copies its primary".into())),
                (None, Some(false)) => {
                    let whom =
                        replication.primary.as_ref().map_or(String::new(), |spot| format!(" to {spot}"));
                    all.push((Level::Bad, format!("link{whom} is down")));
                }
                _ => {}
            }
            if let Some(seconds) = replication.lag_seconds.filter(|seconds| *seconds >= LATE_SECONDS) {
                all.push((Level::Warn, format!("{} behind", spoken(Duration::from_secs(seconds)))));
            }
        }
        for replica in replication.replicas.iter().filter(|replica| &*replica.state != "online") {
            all.push((Level::Warn, format!("replica {} is not online: {}", replica.at, replica.state)));
        }
    }
}

/// `7 min`, `3 h`, `2 days`: coarse, as an answer to "how long".
pub fn spoken(span: Duration) -> String {
    let minutes = span.as_secs() / 60;
    match minutes {
        0 => format!("{} s", span.as_secs()),
        1..120 => format!("{minutes} min"),
        120..2_880 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1_440),
    }
}

/// `in 3 h`; what is a few seconds away is so now.
pub fn ahead(span: Duration) -> String {
    const NOW: Duration = Duration::from_secs(10);
    if span < NOW { "now".into() } else { format!("in {}", spoken(span)) }
}

/// A rate as people say it: `0.4`, `7`, `1,204`.
pub fn figure(rate: f64) -> String {
    if rate < 10.0 && rate.fract().abs() > 0.05 { format!("{rate:.1}") } else { format!("{rate:.0}") }
}

#[cfg(test)]
mod tests;
