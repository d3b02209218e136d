//! Containers, images and measurements as the engine's interface writes them.
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::api::{API, Reply, VERSION, says};
use super::container::{Container, LOAD, Spec, State, whole};
use super::{CORES, Engine, Event, Image, MEMORY, Run};
use crate::world::base::seconds;

const NEVER: &str = "0001-01-01T00:00:00Z";
const DIRECTORY: &str = "/srv";

fn moment(at: Option<Timestamp>) -> String {
    at.map_or(NEVER.into(), |at| at.to_string())
}

pub(super) fn tag_of(image: &str) -> &str {
    image.rsplit('/').next().unwrap_or(image).split_once(':').map_or("latest", |(_, tag)| tag)
}

/// As Compose and the image set them.
pub(super) fn labels(container: &Container) -> BTreeMap<String, String> {
    let spec = &container.spec;
    let mut hasher = DefaultHasher::new();
    (&spec.image, &spec.command, &spec.env).hash(&mut hasher);
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    let mut add = |name: &str, value: &str| all.insert(name.to_owned(), value.to_owned());
    add("version", tag_of(&spec.image));
    add("org.opencontainers.image.version", tag_of(&spec.image));
    if !spec.project.is_empty() {
        let directory = format!("{DIRECTORY}/{}", spec.project);
        for (name, value) in [
            ("project", spec.project.as_str()),
            ("service", &spec.service),
            ("container-number", "1"),
            ("oneoff", "False"),
            ("config-hash", &format!("{:016x}", hasher.finish()).repeat(4)),
            ("depends_on", &spec.needs),
            ("image", &container.image_id),
            ("project.config_files", &format!("{directory}/docker-compose.production.yml")),
            ("project.working_dir", &directory),
            ("version", "2.29.7"),
        ] {
            add(&format!("com.docker.compose.{name}"), value);
        }
    }
    spec.labels.iter().for_each(|(name, value)| drop(add(name, value)));
    all
}

fn network(spec: &Spec) -> String {
    if spec.project.is_empty() { "bridge".into() } else { format!("{}_default", spec.project) }
}

/// A number that is always the same for the same name.
pub(super) fn numbered(name: &str) -> String {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    format!("{:016x}", hasher.finish()).repeat(4)
}

fn endpoint(container: &Container) -> Value {
    let spec = &container.spec;
    let address =
        if container.is_up() { format!("172.18.0.{}", container.pid % 250 + 2) } else { String::new() };
    json!({ network(spec): {
        "Aliases": [spec.service, container.id.get(..12)], "NetworkID": numbered(&network(spec)),
        "Gateway": "172.18.0.1", "IPAddress": address, "IPPrefixLen": 16,
    }})
}

fn mounts(spec: &Spec) -> Value {
    let one = |(source, target, writable): &(String, String, bool)| {
        let mode = if *writable { "rw" } else { "ro" };
        json!({ "Type": "bind", "Source": source, "Destination": target, "Mode": mode, "RW": writable })
    };
    spec.mounts.iter().map(one).collect()
}

/// One of `GET /containers/json`.
pub(super) fn listed(container: &Container, now: Timestamp) -> Value {
    let spec = &container.spec;
    let ports = spec.ports.iter().map(|(inside, outside)| match (container.is_up(), outside) {
        (true, 1..) => {
            json!({ "IP": "0.0.0.0", "PrivatePort": inside, "PublicPort": outside, "Type": "tcp" })
        }
        _ => json!({ "PrivatePort": inside, "Type": "tcp" }),
    });
    json!({
        "Id": container.id, "Names": [format!("/{}", spec.name)], "Image": spec.image, "ImageID": container.image_id,
        "Command": spec.command.join(" "), "Created": container.created.as_second(), "Ports": ports.collect::<Value>(),
        "Labels": labels(container), "State": container.word(), "Status": container.status(now),
        "HostConfig": { "NetworkMode": network(spec) }, "NetworkSettings": { "Networks": endpoint(container) },
        "Mounts": mounts(spec),
    })
}

/// `GET /containers/{id}/json`
pub(super) fn inspected(container: &Container) -> Value {
    let spec = &container.spec;
    let mut state = json!({
        "Status": container.word(), "Running": container.is_up() || container.state == State::Restarting,
        "Paused": container.state == State::Paused, "Restarting": container.state == State::Restarting,
        "OOMKilled": container.oom, "Dead": false, "Pid": container.pid, "ExitCode": container.code, "Error": "",
        "StartedAt": moment(container.started), "FinishedAt": moment(container.finished),
    });
    let mut config = json!({
        "Hostname": container.id.get(..12), "User": "", "Tty": spec.tty, "StopTimeout": spec.grace, "Env": spec.env, "Cmd": spec.command,
        "Image": spec.image, "WorkingDir": "/app", "Entrypoint": null, "Labels": labels(container),
        "ExposedPorts": spec.ports.iter().map(|(inside, _)| (format!("{inside}/tcp"), json!({}))).collect::<Value>(),
    });
    if !spec.check.is_empty() {
        let log = container.checks.iter().map(|check| {
            let at = check.at.to_string();
            json!({ "Start": at, "End": at, "ExitCode": check.code, "Output": check.says })
        });
        let health = json!({ "Status": container.health, "FailingStreak": container.streak, "Log": log.collect::<Value>() });
        let every = whole(spec.every * 1e9);
        let check =
            json!({ "Test": spec.check, "Interval": every, "Timeout": 3_000_000_000_u64, "Retries": 3 });
        state.as_object_mut().map(|state| state.insert("Health".into(), health));
        config.as_object_mut().map(|config| config.insert("Healthcheck".into(), check));
    }
    let bound = |outside: u16| json!([{ "HostIp": "0.0.0.0", "HostPort": outside.to_string() }]);
    let ports = |up: bool| -> Value {
        let one = |(inside, outside): &(u16, u16)| {
            (format!("{inside}/tcp"), if up && *outside > 0 { bound(*outside) } else { Value::Null })
        };
        spec.ports.iter().map(one).collect()
    };
    json!({
        "Id": container.id, "Created": container.created.to_string(), "Path": spec.command.first(),
        "Args": spec.command.get(1..), "State": state, "Image": container.image_id, "Name": format!("/{}", spec.name),
        "RestartCount": container.restarts, "Driver": "overlay2", "Platform": "linux",
        "HostConfig": {
            "LogConfig": { "Type": "json-file", "Config": {} }, "NetworkMode": network(spec),
            "PortBindings": ports(true), "AutoRemove": false, "Privileged": false, "NanoCpus": 0,
            "RestartPolicy": { "Name": spec.policy, "MaximumRetryCount": 0 }, "Memory": spec.memory_limit,
        },
        "Mounts": mounts(spec), "Config": config,
        "NetworkSettings": { "Ports": ports(container.is_up()), "Networks": endpoint(container) },
    })
}

pub(super) fn event(event: &Event) -> Value {
    let nanos = i64::try_from(event.at.as_nanosecond()).unwrap_or(0);
    json!({
        "status": event.action, "id": event.id, "from": event.attributes.get("image"), "Type": "container",
        "Action": event.action, "Actor": { "ID": event.id, "Attributes": event.attributes }, "scope": "local",
        "time": event.at.as_second(), "timeNano": nanos,
    })
}

pub(super) fn run(run: &Run) -> Value {
    json!({
        "ID": run.id, "Running": run.running, "ExitCode": run.code, "ContainerID": run.container, "Pid": 4_711,
        "ProcessConfig": { "tty": run.tty, "entrypoint": run.command.first(), "arguments": run.command.get(1..) },
    })
}

/// `GET /version`
pub(super) fn version() -> Value {
    json!({
        "Version": VERSION, "ApiVersion": API, "MinAPIVersion": "1.24", "Os": "linux", "Arch": "amd64",
        "Components": [{ "Name": "Engine", "Version": VERSION }],
    })
}

/// `GET /containers/{id}/top`
pub(super) fn processes(container: &Container) -> Result<Value, Reply> {
    let Some(began) = container.started.filter(|_| container.is_up()) else {
        return Err(says(409, &format!("Container {} is not running", container.id)));
    };
    let (pid, began) = (container.pid.to_string(), began.strftime("%H:%M").to_string());
    let row = ["root", &pid, "1", "0", &began, "?", "00:00:01", &container.spec.command.join(" ")];
    let titles = ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"];
    Ok(json!({ "Titles": titles, "Processes": [row] }))
}

impl Engine {
    /// What a container took until now, and a second before.
    pub(super) fn measured(&self, container: &Container) -> Value {
        let (name, before) = (format!("/{}", container.spec.name), self.now - SignedDuration::from_secs(1));
        if !container.is_up() {
            return json!({
                "read": NEVER, "preread": NEVER, "name": name, "id": container.id,
                "cpu_stats": {}, "precpu_stats": {}, "memory_stats": {}, "pids_stats": {},
            });
        }
        let cpu = |used: u64, at: Timestamp| {
            json!({
                "cpu_usage": { "total_usage": used }, "online_cpus": CORES,
                "system_cpu_usage": whole(seconds(self.booted, at) * 1e9).saturating_mul(CORES),
            })
        };
        let limit = if container.spec.memory_limit > 0 { container.spec.memory_limit } else { MEMORY };
        let disk = [("read", container.used / 4_000), ("write", container.used / 9_000)];
        let disk = disk.map(|(op, bytes)| json!({ "major": 8, "minor": 0, "op": op, "value": bytes }));
        json!({
            "read": self.now.to_string(), "preread": before.to_string(), "name": name, "id": container.id,
            "pids_stats": { "current": 7 }, "cpu_stats": cpu(container.used, self.now),
            "precpu_stats": cpu(container.used.saturating_sub(whole(LOAD * 1e9)), before),
            "memory_stats": { "usage": container.memory, "limit": limit, "stats": {} },
            "blkio_stats": { "io_service_bytes_recursive": disk },
            "networks": { "eth0": { "rx_bytes": container.used / 900, "tx_bytes": container.used / 1_100 } },
        })
    }

    pub(super) fn image_of(&self, image: &Image, detailed: bool) -> Value {
        let labels = json!({ "version": image.version, "org.opencontainers.image.version": image.version });
        let name = image.tags.first().and_then(|tag| tag.rsplit_once(':')).map(|(name, _)| name);
        let digests: Vec<String> = name.map(|name| format!("{name}@{}", image.id)).into_iter().collect();
        if detailed {
            return json!({
                "Id": image.id, "RepoTags": image.tags, "RepoDigests": digests, "Created": image.created.to_string(),
                "Architecture": "amd64", "Os": "linux", "Size": image.size, "Config": { "Labels": labels },
            });
        }
        json!({
            "Id": image.id, "RepoTags": image.tags, "RepoDigests": digests, "Created": image.created.as_second(),
            "Labels": labels, "ParentId": "", "Size": image.size, "SharedSize": -1,
            "Containers": self.containers.iter().filter(|one| one.image_id == image.id).count(),
        })
    }

    pub(super) fn networks(&self) -> Vec<Value> {
        let mut names: BTreeSet<String> = ["bridge", "host", "none"].map(str::to_owned).into();
        names.extend(self.containers.iter().map(|one| network(&one.spec)));
        let one = |name: &String| {
            let driver = ["host", "none"].contains(&name.as_str());
            let driver = if driver { name.replace("none", "null") } else { "bridge".into() };
            let project = name.strip_suffix("_default");
            json!({
                "Name": name, "Id": numbered(name), "Created": self.booted.to_string(), "Scope": "local", "Driver": driver,
                "Labels": project.map_or(json!({}), |project| json!({ "com.docker.compose.project": project })),
            })
        };
        names.iter().map(one).collect()
    }

    /// `GET /system/df`
    pub(super) fn sizes(&self) -> Value {
        let sized = |one: &Container| {
            let mut value = listed(one, self.now);
            value.as_object_mut().map(|value| value.insert("SizeRw".into(), 12_288.into()));
            value
        };
        json!({
            "LayersSize": self.images.iter().map(|image| image.size).sum::<u64>(),
            "Images": self.images.iter().map(|image| self.image_of(image, false)).collect::<Value>(),
            "Containers": self.containers.iter().map(sized).collect::<Value>(), "Volumes": [], "BuildCache": [],
        })
    }

    /// `GET /info`
    pub(super) fn about(&self) -> Value {
        let count = |is: fn(&Container) -> bool| self.containers.iter().filter(|one| is(one)).count();
        json!({
            "ID": numbered("engine").get(..24), "Name": "box", "ServerVersion": VERSION, "OSType": "linux",
            "Architecture": "x86_64", "NCPU": CORES, "MemTotal": MEMORY, "Driver": "overlay2", "LoggingDriver": "json-file",
            "Containers": self.containers.len(), "ContainersRunning": count(|one| one.state == State::Running),
            "ContainersPaused": count(|one| one.state == State::Paused), "Images": self.images.len(),
            "ContainersStopped": count(|one| !one.is_up()), "Swarm": { "LocalNodeState": "inactive" },
        })
    }
}
