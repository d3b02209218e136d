//! What a Redis or Valkey says: its memory, its clients, what is slow, what fills it.
pub mod client;
pub mod describe;
pub mod info;
pub mod keys;
pub mod node;
pub mod rates;
pub mod slow;
pub mod topology;
pub mod trouble;
pub mod verdict;

use std::borrow::Cow;

pub use client::RedisClient;
pub use keys::KeyGroup;
pub use node::RedisNode;
pub use slow::SlowCall;

use super::level::Level;

/// A size as Redis reads it in its settings: `2gb`, `512mb`, `1000k`, plain bytes.
pub fn read_size(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text.get(..end)?.parse().ok()?;
    let unit = match text.get(end..)? {
        "" | "b" => 1,
        "k" => 1_000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// What the Redis pane has rows of.
#[derive(Debug, Clone, PartialEq)]
pub enum RedisFacts {
    Node(Box<RedisNode>),
    Client(Box<RedisClient>),
    Slow(Box<SlowCall>),
    Keys(Box<KeyGroup>),
}

impl RedisFacts {
    pub fn level(&self) -> Level {
        match self {
            RedisFacts::Node(node) => node.level(),
            RedisFacts::Client(client) => client.level(),
            RedisFacts::Slow(_) => Level::Fine,
            RedisFacts::Keys(group) => group.level(),
        }
    }

    pub fn status(&self) -> Cow<'_, str> {
        match self {
            RedisFacts::Node(node) => node.status(),
            RedisFacts::Client(client) => client.status(),
            RedisFacts::Slow(call) => (&*call.command).into(),
            RedisFacts::Keys(_) => "".into(),
        }
    }
}

/// Bytes as people say them: `412 MB`, `1.5 GB`; two digits that count are enough.
pub fn size(bytes: u64) -> String {
    let mut unit = 0_usize;
    let mut whole = bytes;
    let mut rest = 0;
    while whole >= 1024 && unit + 1 < UNITS.len() {
        rest = whole % 1024;
        whole /= 1024;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    let tenth = rest * 10 / 1024;
    if whole < 10 && unit > 1 && tenth > 0 {
        format!("{whole}.{tenth} {name}")
    } else {
        format!("{whole} {name}")
    }
}

const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];

/// A part of a whole in hundredths, rounded down: 100 is only what is full.
pub fn percent(part: u64, whole: u64) -> Option<u64> {
    (whole > 0).then(|| u64::try_from(u128::from(part) * 100 / u128::from(whole)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_said_with_two_digits_that_count() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (412 << 20, "412 MB"),
            (1 << 30, "1 GB"),
            ((3 << 30) / 2, "1.5 GB"),
            ((3 << 20) + (1 << 19), "3.5 MB"),
            (u64::MAX, "16383 PB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn a_hundred_percent_is_only_what_is_full() {
        assert_eq!(percent(999_999, 1_000_000), Some(99));
        assert_eq!(percent(1_000_000, 1_000_000), Some(100));
        assert_eq!(percent(1, 0), None);
        assert_eq!(percent(u64::MAX, 1), Some(u64::MAX));
    }
}
