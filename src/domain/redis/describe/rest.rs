//! Settings, what the server's doctors say, clients, slow calls and keys in plain words.
use super::{Lines, latency, lines};
use crate::domain::news::Section;
use crate::domain::redis::client::RedisClient;
use crate::domain::redis::keys::KeyGroup;
use crate::domain::redis::size;
use crate::domain::redis::slow::SlowCall;
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

/// No server has more.
const MOST_SETTINGS: usize = 1_000;

/// Settings as the server gave them; whatever looks like a secret is not shown, asked for or not.
pub fn settings(pairs: &[(String, String)]) -> Option<Section> {
    each(pairs.iter()).into_section("Settings")
}

/// Every other one, by name: what one looks for is found with `/`.
pub fn other_settings(pairs: &[(String, String)], told: &[(String, String)]) -> Option<Section> {
    let mut others: Vec<&(String, String)> =
        pairs.iter().filter(|(name, _)| !told.iter().any(|(other, _)| other == name)).collect();
    others.sort();
    others.truncate(MOST_SETTINGS);
    each(others.into_iter()).into_section("All other settings")
}

fn each<'p>(pairs: impl Iterator<Item = &'p (String, String)>) -> Lines {
    let mut lines = lines();
    for (name, value) in pairs {
        let value = if name.ends_with("pass")
            || name.ends_with("auth")
            || secret::looks_secret(name)
            || secret::carries_password(value)
        {
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
    lines
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
        .add("when", Age(now.since(call.at)).past())
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
    all.known("used, by the server's count of 0 to 255", group.heat.map(|heat| heat.to_string()));
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
    use crate::domain::redis::describe::{growth, policy};

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
    fn every_other_setting_can_be_found_by_its_name_and_no_secret_with_it() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let all =
            [pair("save", "60 1"), pair("requirepass", "hunter2"), pair("hz", "10"), pair("maxclients", "9")];
        let section = other_settings(&all, &all[3..]).expect("some");
        let told: Vec<String> =
            section.lines.iter().map(|line| format!("{} {}", line.label, line.value)).collect();
        assert_eq!(told, ["hz 10", "requirepass (hidden)", "save 60 1"]);
        assert_eq!(other_settings(&all[3..], &all), None);
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
