//! Containers, images and measurements as the engine's interface writes them.
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::container::{Container, Spec, State, whole};
use super::{CORES, Engine, Event, Image, MEMORY, Run};
use crate::world::base::seconds;

const NEVER: &str = "0001-01-01T00:00:00Z";
const DIRECTORY: &str = "/srv";

fn moment(at: Option<Timestamp>) -> String {
    at.map_or(NEVER.into(), |at| at.to_string())
}

fn version(image: &str) -> &str {
    image.rsplit('/').next().unwrap_or(image).split_once(':').map_or("latest", |(_, tag)| tag)
}

/// As Compose and the image set them.
pub(super) fn labels(container: &Container) -> BTreeMap<String, String> {
    let spec = &container.spec;
    let mut hasher = DefaultHasher::new();
    (&spec.image, &spec.command, &spec.env).hash(&mut hasher);
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    let mut add = |name: &str, value: &str| all.insert(name.to_owned(), value.to_owned());
    add("version", version(&spec.image));
    add("org.opencontainers.image.version", version(&spec.image));
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
        "IPAMConfig": null, "Links": null, "Aliases": [spec.service, container.id.get(..12)],
        "NetworkID": numbered(&network(spec)), "EndpointID": "", "Gateway": "172.18.0.1", "IPAddress": address,
        "IPPrefixLen": 16, "MacAddress": "", "DriverOpts": null,
    }})
}

fn mounts(spec: &Spec) -> Value {
    let one = |(source, target, writable): &(String, String, bool)| {
        let bind = source.starts_with('/');
        json!({
            "Type": if bind { "bind" } else { "volume" }, "Name": if bind { "" } else { source },
            "Source": if bind { source.clone() } else { format!("/var/lib/docker/volumes/{source}/_data") },
            "Destination": target, "Mode": if *writable { "rw" } else { "ro" }, "RW": writable, "Propagation": "",
        })
    };
    spec.mounts.iter().map(one).collect()
}

/// One of `GET /containers/json`.
pub(super) fn listed(container: &Container, now: Timestamp, sized: bool) -> Value {
    let spec = &container.spec;
    let ports = spec.ports.iter().map(|(inside, outside)| match (container.is_up(), outside) {
        (true, 1..) => {
            json!({ "IP": "0.0.0.0", "PrivatePort": inside, "PublicPort": outside, "Type": "tcp" })
        }
        _ => json!({ "PrivatePort": inside, "Type": "tcp" }),
    });
    let mut value = json!({
        "Id": container.id, "Names": [format!("/{}", spec.name)], "Image": spec.image, "ImageID": container.image_id,
        "Command": spec.command.join(" "), "Created": container.created.as_second(), "Ports": ports.collect::<Value>(),
        "Labels": labels(container), "State": container.word(), "Status": container.status(now),
        "HostConfig": { "NetworkMode": network(spec) }, "NetworkSettings": { "Networks": endpoint(container) },
        "Mounts": mounts(spec),
    });
    if sized && let Some(object) = value.as_object_mut() {
        object.insert("SizeRw".into(), 12_288.into());
        object.insert("SizeRootFs".into(), 182_000_000.into());
    }
    value
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
        "Hostname": container.id.get(..12), "Domainname": "", "User": "", "AttachStdin": false, "AttachStdout": false,
        "AttachStderr": false, "Tty": spec.tty, "OpenStdin": false, "StdinOnce": false, "Env": spec.env,
        "Cmd": spec.command, "Image": spec.image, "Volumes": null, "WorkingDir": "/app", "Entrypoint": null,
        "OnBuild": null, "Labels": labels(container),
        "StopTimeout": spec.grace,
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
        "RestartCount": container.restarts, "Driver": "overlay2", "Platform": "linux", "MountLabel": "",
        "ProcessLabel": "", "AppArmorProfile": "", "ExecIDs": null,
        "LogPath": format!("/var/lib/docker/containers/{0}/{0}-json.log", container.id),
        "HostConfig": {
            "Binds": null, "LogConfig": { "Type": "json-file", "Config": {} }, "NetworkMode": network(spec),
            "PortBindings": ports(true), "AutoRemove": false, "Privileged": false, "NanoCpus": 0, "VolumesFrom": null,
            "RestartPolicy": { "Name": spec.policy, "MaximumRetryCount": 0 }, "Memory": spec.memory_limit, "Links": null,
        },
        "GraphDriver": { "Data": null, "Name": "overlay2" }, "Mounts": mounts(spec), "Config": config,
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
        "ID": run.id, "Running": run.running, "ExitCode": run.code, "OpenStdin": false, "OpenStdout": true,
        "OpenStderr": true, "CanRemove": false, "ContainerID": run.container, "DetachKeys": "", "Pid": 4_711,
        "ProcessConfig": { "tty": run.tty, "entrypoint": run.command.first(), "arguments": run.command.get(1..), "privileged": false },
    })
}

impl Engine {
    /// What a container took until now, and a second before.
    pub(super) fn measured(&self, container: &Container, both: bool) -> Value {
        let whole_box = |at: Timestamp| whole(seconds(self.booted, at) * 1e9).saturating_mul(CORES);
        let cpu = |used: u64, at: Timestamp| {
            json!({
                "cpu_usage": { "total_usage": used, "usage_in_kernelmode": used / 4, "usage_in_usermode": used / 4 * 3 },
                "system_cpu_usage": whole_box(at), "online_cpus": CORES,
                "throttling_data": { "periods": 0, "throttled_periods": 0, "throttled_time": 0 },
            })
        };
        let limit = if container.spec.memory_limit > 0 { container.spec.memory_limit } else { MEMORY };
        let before = self.now - jiff::SignedDuration::from_secs(1);
        let second = whole(container.spec.cores * 1e9);
        let (read, preread) = (Some(self.now), Some(before).filter(|_| both));
        if !container.is_up() {
            return json!({
                "read": NEVER, "preread": NEVER, "name": format!("/{}", container.spec.name), "id": container.id,
                "cpu_stats": {}, "precpu_stats": {}, "memory_stats": {}, "pids_stats": {}, "num_procs": 0,
            });
        }
        json!({
            "read": moment(read), "preread": moment(preread), "name": format!("/{}", container.spec.name),
            "id": container.id, "num_procs": 0, "storage_stats": {}, "pids_stats": { "current": 7 },
            "cpu_stats": cpu(container.used, self.now),
            "precpu_stats": if both { cpu(container.used.saturating_sub(second), before) } else { json!({ "cpu_usage": { "total_usage": 0 } }) },
            "memory_stats": { "usage": container.memory + (4 << 20), "limit": limit, "stats": { "inactive_file": 4 << 20, "cache": 4 << 20 } },
            "blkio_stats": { "io_service_bytes_recursive": [
                { "major": 8, "minor": 0, "op": "read", "value": container.used / 4_000 },
                { "major": 8, "minor": 0, "op": "write", "value": container.used / 9_000 },
            ] },
            "networks": { "eth0": { "rx_bytes": container.used / 900, "tx_bytes": container.used / 1_100 } },
        })
    }

    pub(super) fn image_of(&self, image: &Image, detailed: bool) -> Value {
        let used = self.containers.iter().filter(|one| one.image_id == image.id).count();
        let labels = json!({ "version": image.version, "org.opencontainers.image.version": image.version });
        let name =
            image.tags.first().map_or("", |tag| tag.rsplit_once(':').map_or(tag.as_str(), |(name, _)| name));
        let digests: Vec<String> = Some(name)
            .filter(|name| !name.is_empty())
            .map(|name| format!("{name}@{}", image.id))
            .into_iter()
            .collect();
        if detailed {
            return json!({
                "Id": image.id, "RepoTags": image.tags, "RepoDigests": digests, "Parent": "", "Comment": "",
                "Created": image.created.to_string(), "Author": "", "Architecture": "amd64", "Os": "linux",
                "Size": image.size, "VirtualSize": image.size, "Config": { "Labels": labels, "Env": [], "Cmd": [] }, "ContainerConfig": {},
                "RootFS": { "Type": "layers", "Layers": [image.id] }, "Metadata": { "LastTagTime": NEVER },
            });
        }
        json!({
            "Id": image.id, "RepoTags": image.tags, "RepoDigests": digests, "Created": image.created.as_second(),
            "Labels": labels, "ParentId": "", "Size": image.size, "VirtualSize": image.size, "SharedSize": -1,
            "Containers": used,
        })
    }

    pub(super) fn networks(&self) -> Vec<Value> {
        let mut names: Vec<String> = vec!["bridge".into(), "host".into(), "none".into()];
        names.extend(self.containers.iter().map(|one| network(&one.spec)).filter(|name| name != "bridge"));
        names.sort();
        names.dedup();
        let one = |name: &String| {
            let project = name.strip_suffix("_default");
            let labels = project.map(|project| json!({
                "com.docker.compose.network": "default", "com.docker.compose.project": project, "com.docker.compose.version": "2.29.7",
            }));
            json!({
                "Name": name, "Id": numbered(name), "Created": self.booted.to_string(), "Scope": "local",
                "Driver": if name == "none" { "null" } else if name == "host" { "host" } else { "bridge" },
                "EnableIPv6": false, "IPAM": { "Driver": "default", "Options": null, "Config": [] }, "Internal": false,
                "Attachable": false, "Ingress": false, "Containers": {}, "Options": {}, "Labels": labels.unwrap_or(json!({})),
            })
        };
        names.iter().map(one).collect()
    }

    pub(super) fn volumes(&self) -> Vec<Value> {
        let all = self.containers.iter().flat_map(|one| one.spec.mounts.iter().map(|(source, ..)| source));
        let mut names: Vec<&String> = all.filter(|source| !source.starts_with('/')).collect();
        names.sort();
        names.dedup();
        let one = |name: &String| {
            json!({
                "Name": name, "Driver": "local", "Mountpoint": format!("/var/lib/docker/volumes/{name}/_data"), "Scope": "local",
                "CreatedAt": self.booted.to_string(), "Labels": {}, "Options": null,
                "UsageData": { "RefCount": 1, "Size": 48_000_000 },
            })
        };
        names.into_iter().map(one).collect()
    }

    pub(super) fn about(&self) -> Value {
        let count = |is: fn(&Container) -> bool| self.containers.iter().filter(|one| is(one)).count();
        json!({
            "ID": numbered("engine").get(..24), "Name": "box", "Containers": self.containers.len(),
            "ContainersRunning": count(|one| one.state == State::Running), "ContainersPaused": count(|one| one.state == State::Paused),
            "ContainersStopped": count(|one| !one.is_up()), "Images": self.images.len(), "Driver": "overlay2",
            "DriverStatus": [], "Plugins": { "Volume": ["local"], "Network": ["bridge", "host", "null"], "Authorization": null, "Log": ["json-file"] },
            "MemoryLimit": true, "SwapLimit": true, "CpuCfsPeriod": true, "CpuCfsQuota": true, "IPv4Forwarding": true,
            "Debug": false, "NFd": 60, "NGoroutines": 70, "NEventsListener": 1, "SystemTime": self.now.to_string(),
            "LoggingDriver": "json-file", "CgroupDriver": "systemd", "CgroupVersion": "2", "KernelVersion": "6.1.0",
            "OperatingSystem": "Debian GNU/Linux 12 (bookworm)", "OSVersion": "12", "OSType": "linux", "Architecture": "x86_64",
            "IndexServerAddress": "", "RegistryConfig": { "IndexConfigs": {}, "Mirrors": [] },
            "NCPU": CORES, "MemTotal": MEMORY, "DockerRootDir": "/var/lib/docker", "ServerVersion": super::api::VERSION,
            "Swarm": { "LocalNodeState": "inactive", "ControlAvailable": false }, "SecurityOptions": [], "Warnings": null,
            "Runtimes": { "runc": { "path": "runc" } }, "DefaultRuntime": "runc", "LiveRestoreEnabled": false, "Labels": [],
        })
    }
}
