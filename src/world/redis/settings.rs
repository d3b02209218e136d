//! What can be set while it runs, and what a server says of its own memory.
use super::Redis;
use super::reply::{OK, Reply, Said, human, pattern};
use super::table::Ask;

const POLICIES: &str = "volatile-lru, volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, \
     allkeys-random, noeviction";

/// The settings there are, and their values at the beginning.
const SETTINGS: &str = "\
    appendfsync=everysec|appendonly=no|busy-reply-threshold=5000|\
    client-output-buffer-limit=normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60|\
    databases=16|dbfilename=dump.rdb|dir=/data|hz=10|latency-monitor-threshold=0|loglevel=notice|\
    masterauth=|maxclients=10000|maxmemory=0|maxmemory-policy=noeviction|maxmemory-samples=5|min-replicas-to-write=0|\
    port=6379|replica-read-only=yes|requirepass=|save=3600 1 300 100 60 10000|\
    slowlog-log-slower-than=10000|slowlog-max-len=128|stop-writes-on-bgsave-error=yes|tcp-keepalive=300|timeout=0";
/// What could only be set with another effect than to be told so.
const FIXED: [&str; 4] = ["appendonly", "databases", "latency-monitor-threshold", "port"];

pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    SETTINGS.split('|').filter_map(|setting| setting.split_once('='))
}

impl Redis {
    pub(super) fn number(&self, name: &str) -> usize {
        self.settings.get(name).and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    pub(super) fn policy(&self) -> &str {
        self.settings.get("maxmemory-policy").map_or("", String::as_str)
    }

    /// Whether nobody has to say a password.
    pub(super) fn is_open(&self) -> bool {
        self.settings.get("requirepass").is_none_or(String::is_empty)
    }

    pub(super) fn config_get(&self, ask: &Ask) -> Reply {
        let patterns: Vec<_> = (2..ask.words.len()).map(|at| pattern(&ask.lower(at))).collect();
        let found =
            self.settings.iter().filter(|(name, _)| patterns.iter().any(|fits| fits(name.as_bytes())));
        Reply::Map(found.flat_map(|(name, value)| [Reply::text(*name), Reply::text(value)]).collect())
    }

    pub(super) fn config_set(&mut self, ask: &Ask) -> Said {
        if ask.words.len() % 2 == 1 {
            return Err("ERR wrong number of arguments for 'config|set' command".into());
        }
        for at in (2..ask.words.len()).step_by(2) {
            self.set_setting(&ask.lower(at), &ask.text(at + 1))?;
        }
        Ok(OK)
    }

    pub(super) fn set_setting(&mut self, name: &str, value: &str) -> Result<(), String> {
        let Some((known, first)) = all().find(|(known, _)| *known == name) else {
            return Err(format!("ERR Unknown option or number of arguments for CONFIG SET - '{name}'"));
        };
        let in_bytes = if name == "maxmemory" { memory(value) } else { None };
        let why = match name {
            _ if FIXED.contains(&name) => "can't set immutable config".into(),
            "maxmemory" if in_bytes.is_none() => "argument must be a memory value".into(),
            "maxmemory-policy" if !POLICIES.split(", ").any(|policy| policy == value) => {
                format!("argument(s) must be one of the following: {POLICIES}")
            }
            _ if ["yes", "no"].contains(&first) && !["yes", "no"].contains(&value) => {
                "argument must be 'yes' or 'no'".into()
            }
            _ if in_bytes.is_none() && first.parse::<i64>().is_ok() && value.parse::<i64>().is_err() => {
                "argument couldn't be parsed into an integer".into()
            }
            _ if value.len() > 1_000 => "argument too long".into(),
            _ => String::new(),
        };
        if !why.is_empty() {
            return Err(format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {why}"));
        }
        self.settings.insert(known, in_bytes.map_or_else(|| value.to_owned(), |bytes| bytes.to_string()));
        self.make_room();
        Ok(())
    }

    pub(super) fn memory_doctor(&self) -> String {
        let (used, max, peak) = (self.used(), self.max(), self.counts.peak);
        let (now, policy) = (human(used), self.policy());
        if used < 5 << 20 {
            "This instance holds very little: there is nothing to judge yet.".into()
        } else if max > 0 && used * 10 > max * 9 {
            format!("It is near its limit: {now} of {}, the policy is {policy}.", human(max))
        } else if peak > used * 3 / 2 {
            format!("Its peak was high: {} were in use, {now} are now.", human(peak))
        } else {
            "No memory issue was found in this instance.".into()
        }
    }
}

/// `4gb`, `100mb`, `1024`.
fn memory(text: &str) -> Option<u64> {
    let lower = text.to_lowercase();
    let units = [("gb", 1 << 30), ("mb", 1 << 20), ("kb", 1 << 10), ("", 1)];
    let found = units.into_iter().find_map(|(name, bytes)| Some((lower.strip_suffix(name)?, bytes)));
    let (digits, bytes) = found?;
    digits.parse::<u64>().ok()?.checked_mul(bytes)
}
