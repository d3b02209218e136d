//! What of the engine's answers is read. Whatever is missing, null or new is taken as not said.
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// `null` is as good as absent.
fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

macro_rules! lean {
    ($(#[$doc:meta])* $name:ident { $($(#[$own:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, Deserialize)]
        #[serde(rename_all = "PascalCase", default)]
        pub(super) struct $name { $(#[serde(deserialize_with = "lenient")] $(#[$own])* pub(super) $field: $kind,)* }
    };
}

pub(super) type Labels = BTreeMap<String, String>;

lean! {
    Version {
        #[serde(rename = "Version")]
        number: String,
        #[serde(rename = "ApiVersion")]
        newest: String,
        #[serde(rename = "MinAPIVersion")]
        oldest: String,
        components: Vec<Component>,
    }
}

lean! { Component { name: String, } }

lean! {
    /// One of `GET /containers/json`.
    Listed {
        id: String,
        names: Vec<String>,
        image: String,
        #[serde(rename = "ImageID")]
        image_id: String,
        created: i64,
        ports: Vec<Port>,
        labels: Labels,
        state: String,
        status: String,
    }
}

lean! {
    Port {
        #[serde(rename = "IP")]
        ip: String,
        #[serde(rename = "PrivatePort")]
        inside: u16,
        #[serde(rename = "PublicPort")]
        outside: Option<u16>,
        r#type: String,
    }
}

lean! {
    /// `GET /containers/{id}/json`.
    Inspected {
        id: String,
        name: String,
        created: String,
        path: String,
        args: Vec<String>,
        image: String,
        restart_count: i64,
        state: State,
        config: Config,
        host_config: HostConfig,
        mounts: Vec<Mount>,
        network_settings: NetworkSettings,
    }
}

lean! {
    State {
        status: String,
        #[serde(rename = "OOMKilled")]
        oom_killed: bool,
        exit_code: i64,
        error: String,
        started_at: String,
        finished_at: String,
        health: Option<HealthLog>,
    }
}

lean! { HealthLog { status: String, failing_streak: i64, log: Vec<Checked>, } }

lean! { Checked { start: String, exit_code: i64, output: String, } }

lean! {
    Config {
        user: String,
        tty: bool,
        env: Vec<String>,
        image: String,
        labels: Labels,
        working_dir: String,
        stop_signal: String,
        stop_timeout: Option<i64>,
        healthcheck: Option<Check>,
    }
}

lean! { Check { test: Vec<String>, interval: i64, } }

lean! {
    HostConfig {
        restart_policy: RestartPolicy,
        auto_remove: bool,
        privileged: bool,
        memory: i64,
        nano_cpus: i64,
        log_config: LogConfig,
    }
}

lean! { RestartPolicy { name: String, maximum_retry_count: i64, } }

lean! { LogConfig { r#type: String, } }

lean! {
    Mount {
        r#type: String,
        name: String,
        source: String,
        destination: String,
        #[serde(rename = "RW")]
        writable: bool,
    }
}

lean! {
    NetworkSettings {
        ports: BTreeMap<String, Option<Vec<Binding>>>,
        networks: BTreeMap<String, Network>,
    }
}

lean! { Binding { host_ip: String, host_port: String, } }

lean! {
    Network {
        #[serde(rename = "IPAddress")]
        ip_address: String,
        aliases: Vec<String>,
    }
}

lean! {
    /// `GET /images/{name}/json`.
    Image { id: String, repo_tags: Vec<String>, repo_digests: Vec<String>, created: String, config: ImageConfig, }
}

lean! { ImageConfig { labels: Labels, } }

lean! {
    /// One line of `GET /events`.
    Event {
        r#type: String,
        action: String,
        actor: Actor,
        #[serde(rename = "timeNano")]
        time_nano: i64,
    }
}

lean! {
    Actor {
        #[serde(rename = "ID")]
        id: String,
        attributes: Labels,
    }
}

/// `GET /containers/{id}/stats`, whose names are written small.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Stats {
    #[serde(deserialize_with = "lenient")]
    pub(super) read: String,
    #[serde(rename = "cpu_stats", deserialize_with = "lenient")]
    pub(super) cpu: Cpu,
    #[serde(rename = "precpu_stats", deserialize_with = "lenient")]
    pub(super) before: Cpu,
    #[serde(deserialize_with = "lenient")]
    pub(super) preread: String,
    #[serde(rename = "memory_stats", deserialize_with = "lenient")]
    pub(super) memory: Memory,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cpu {
    #[serde(rename = "cpu_usage", deserialize_with = "lenient")]
    pub(super) usage: CpuUsage,
    #[serde(deserialize_with = "lenient")]
    pub(super) system_cpu_usage: u64,
    #[serde(deserialize_with = "lenient")]
    pub(super) online_cpus: u32,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct CpuUsage {
    #[serde(deserialize_with = "lenient")]
    pub(super) total_usage: u64,
    /// Counts the cores where `online_cpus` is not said.
    #[serde(deserialize_with = "lenient")]
    pub(super) percpu_usage: Vec<u64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    pub(super) usage: Option<u64>,
    /// Some counters are no plain numbers on some systems.
    #[serde(deserialize_with = "lenient")]
    pub(super) stats: BTreeMap<String, serde_json::Value>,
    /// Windows counts its own way.
    pub(super) privateworkingset: Option<u64>,
}

lean! { Made { id: String, } }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_absent_and_new_words_are_taken_as_not_said() {
        let listed: Listed =
            serde_json::from_str(r#"{"Id":"a","Names":null,"Labels":null,"Ports":[{"PrivatePort":80,"Type":"tcp"}],"State":"hibernating","New":{}}"#)
                .unwrap();
        assert!(listed.names.is_empty() && listed.labels.is_empty() && listed.state == "hibernating");
        let seen: Inspected = serde_json::from_str(
            r#"{"Id":"a","State":{"Health":null,"OOMKilled":true},"HostConfig":{"RestartPolicy":{"Name":"always"}},
               "NetworkSettings":{"Ports":{"80/tcp":null}}}"#,
        )
        .unwrap();
        assert!(seen.state.oom_killed && seen.state.health.is_none());
        assert_eq!(seen.host_config.restart_policy.name, "always");
    }
}
