//! From the engine's words to the facts of a row.
use std::collections::BTreeMap;

use super::api::{Cpu, Inspected, Labels, Listed, Port, Stats};
use crate::domain::Text;
use crate::domain::container::{
    Container, ContainerState, End, Health, Need, Policy, Sample, cpu_percent, memory_used,
};
use crate::domain::object::{Facts, Kind, Object, ObjectRef};
use crate::domain::text::{clean, clean_to};
use crate::domain::time::Timestamp;

/// A name, a label or a message is shown in one line.
const LONGEST: usize = 300;
/// A label that is read and not shown.
const LONGEST_LABEL: usize = 8_192;

/// Everything that is kept of one container.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) name: Text,
    pub(super) created: Timestamp,
    pub(super) labels: Compose,
    pub(super) facts: Container,
    pub(super) image_id: String,
    /// What only inspecting it tells was read, for the state that it is in.
    pub(super) inspected: bool,
    /// The last try to inspect it got no answer.
    pub(super) silent: bool,
    pub(super) sample: Option<Sample>,
    pub(super) measured_at: Timestamp,
    /// When memory ran out last.
    pub(super) oom: Option<Timestamp>,
}

/// What labels tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Compose {
    pub(super) project: Text,
    pub(super) service: Text,
    pub(super) version: Option<Text>,
    /// Services that it waits for when it starts.
    pub(super) needs: Vec<Need>,
}

impl Compose {
    pub(super) fn read(labels: &Labels) -> Compose {
        let of = |names: &[&str]| {
            names.iter().find_map(|name| labels.get(*name)).filter(|value| !value.is_empty())
        };
        let word = |names: &[&str]| of(names).map(|value| text(value)).unwrap_or_default();
        let needs = of(&["com.docker.compose.depends_on"]).map(String::as_str).unwrap_or_default();
        Compose {
            project: word(&[
                "com.docker.compose.project",
                "com.docker.stack.namespace",
                "io.podman.compose.project",
            ]),
            service: word(&[
                "com.docker.compose.service",
                "com.docker.swarm.service.name",
                "io.podman.compose.service",
            ]),
            version: of(&["org.opencontainers.image.version", "org.label-schema.version", "version"])
                .map(|value| text(value)),
            needs: Need::read(&clean_to(needs, LONGEST_LABEL)),
        }
    }
}

pub(super) fn text(from: &str) -> Text {
    clean_to(from.trim(), LONGEST).into()
}

/// An id goes into paths, so it is what engines give and nothing else.
pub(super) fn id(from: &str) -> Option<Text> {
    let fine = !from.is_empty() && from.len() <= 128 && from.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fine.then(|| from.into())
}

/// A moment; engines write the year 1 for never.
pub(super) fn moment(from: &str) -> Option<Timestamp> {
    Timestamp::parse(from).filter(|at| at.0 > 0)
}

impl Known {
    /// Takes in what a list says; `None` where it is nothing that could be shown.
    pub(super) fn listed(&mut self, listed: &Listed) -> Option<()> {
        let id = id(&listed.id)?;
        // A link gives a second name with two slashes.
        let name = listed.names.iter().find(|name| name.matches('/').count() <= 1).or(listed.names.first());
        self.name = text(name.map_or(id.get(..12).unwrap_or(&id), |name| name.trim_start_matches('/')));
        self.created = Timestamp::from_seconds(listed.created);
        self.labels(&listed.labels);
        let before = (self.facts.state, self.facts.health, self.facts.end.map(|end| end.code));
        let facts = &mut self.facts;
        facts.id = id;
        facts.state = ContainerState::parse(&listed.state);
        // Once another image has taken the name, a list says only a number.
        if facts.image.is_empty() || !listed.image.starts_with("sha256:") {
            facts.image = text(&listed.image);
        }
        self.image_id.clone_from(&listed.image_id);
        facts.ports = text(&ports(&listed.ports));
        facts.health =
            if facts.state == ContainerState::Running { Health::of_status(&listed.status) } else { None };
        if let Some(code) = code(&listed.status).filter(|code| facts.end.is_none_or(|end| end.code != *code))
        {
            facts.end = Some(End { code, ..End::default() });
        }
        self.facts.version = self.version();
        let now = (self.facts.state, self.facts.health, self.facts.end.map(|end| end.code));
        // A run or an end that is seconds old may be another one than the one that was read.
        self.inspected &= now == before && !is_fresh(&listed.status);
        Some(())
    }

    /// Takes in what inspecting it says.
    pub(super) fn inspected(&mut self, seen: &Inspected) -> Option<()> {
        let facts = &mut self.facts;
        facts.id = id(&seen.id)?;
        self.name = text(seen.name.trim_start_matches('/'));
        self.created = moment(&seen.created).unwrap_or(self.created);
        self.image_id.clone_from(&seen.image);
        let (was, state) = (facts.started, &seen.state);
        facts.state = ContainerState::parse(&state.status);
        facts.image = text(&seen.config.image);
        facts.started = moment(&state.started_at);
        facts.restarts = u32::try_from(seen.restart_count).ok();
        facts.policy = Policy::parse(&seen.host_config.restart_policy.name);
        facts.error = text(&state.error);
        facts.memory_limit = u64::try_from(seen.host_config.memory).ok().filter(|limit| *limit > 0);
        let runs = matches!(facts.state, ContainerState::Running | ContainerState::Paused);
        facts.starved = runs && state.oom_killed;
        let finished = moment(&state.finished_at);
        if runs {
            // The number of the run before is told by its end alone; without it only what was seen is known.
            facts.end = facts.end.filter(|_| finished.is_some());
        } else if facts.state != ContainerState::Created {
            facts.end = Some(End { code: state.exit_code, oom: state.oom_killed, at: finished });
        }
        let health = state.health.as_ref().filter(|_| facts.state == ContainerState::Running);
        facts.health = health.and_then(|health| Health::parse(&health.status));
        facts.failing = health.and_then(|health| u32::try_from(health.failing_streak).ok()).unwrap_or(0);
        if !runs || was != facts.started {
            self.sample = None;
            (facts.cpu_percent, facts.memory) = (None, None);
        }
        let bound = ports_of(seen);
        facts.ports = text(&ports(&bound));
        self.labels(&seen.config.labels);
        self.facts.version = self.version();
        (self.inspected, self.silent) = (true, false);
        Some(())
    }

    /// Inspecting it got no answer: what only that tells is not known any more.
    pub(super) fn silent(&mut self) {
        (self.inspected, self.silent) = (false, true);
        self.facts.restarts = None;
    }

    fn labels(&mut self, labels: &Labels) {
        self.labels = Compose::read(labels);
        self.facts.project = self.labels.project.clone();
        self.facts.service = self.labels.service.clone();
        self.facts.needs.clone_from(&self.labels.needs);
    }

    fn version(&self) -> Text {
        self.labels.version.clone().unwrap_or_else(|| tag(&self.facts.image).into())
    }

    /// A run ended, as the engine told at once; without a code nobody knows how.
    pub(super) fn ended(&mut self, code: Option<i64>, oom: bool, at: Timestamp) {
        self.facts.end = code.map(|code| End { code, oom, at: Some(at) });
    }

    /// Takes in a measurement; the second one tells how busy it is.
    pub(super) fn measured(&mut self, stats: &Stats) {
        let sample = sample(&stats.cpu, &stats.read);
        let before = self.sample.or_else(|| {
            // Older engines measure twice themselves.
            moment(&stats.preread).map(|_| self::sample(&stats.before, &stats.preread))
        });
        self.facts.cpu_percent =
            before.and_then(|before| cpu_percent(before, sample)).or(self.facts.cpu_percent);
        self.sample = Some(sample);
        let memory = &stats.memory;
        let counters: BTreeMap<String, u64> =
            memory.stats.iter().filter_map(|(name, value)| Some((name.clone(), value.as_u64()?))).collect();
        self.facts.memory =
            memory.privateworkingset.or(memory.usage.map(|usage| memory_used(usage, &counters)));
    }

    pub(super) fn unmeasured(&mut self) {
        self.sample = None;
        (self.facts.cpu_percent, self.facts.memory) = (None, None);
    }

    pub(super) fn object(&self, context: &Text, now: Timestamp) -> Object {
        let mut facts = self.facts.clone();
        facts.shaky = facts.is_shaky(now);
        Object {
            id: reference(context, &self.name),
            uid: self.facts.id.clone(),
            created: self.created,
            deleting: false,
            owner: None,
            facts: Facts::Container(Box::new(facts)),
        }
    }
}

pub(super) fn reference(context: &Text, name: &Text) -> ObjectRef {
    ObjectRef { context: context.clone(), kind: Kind::Container, namespace: "".into(), name: name.clone() }
}

fn sample(cpu: &Cpu, read: &str) -> Sample {
    let counted = u32::try_from(cpu.usage.percpu_usage.len()).unwrap_or(0);
    let at = moment(read).and_then(|at| u64::try_from(at.0).ok()).unwrap_or(0);
    Sample {
        used: cpu.usage.total_usage,
        system: cpu.system_cpu_usage,
        cores: if cpu.online_cpus > 0 { cpu.online_cpus } else { counted },
        at: at.saturating_mul(1_000_000),
    }
}

/// `1.4.2` of `registry:5000/devops/mcp:1.4.2@sha256:…`
fn tag(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split_once(':').map_or("", |(_, tag)| tag)
}

/// The number in `Exited (137) 2 minutes ago`.
fn code(status: &str) -> Option<i64> {
    let rest = status.strip_prefix("Exited (").or_else(|| status.strip_prefix("Restarting ("))?;
    rest.split_once(')')?.0.parse().ok()
}

/// `Up 4 seconds`, `Up Less than a second (health: starting)`, `Exited (0) 1 second ago`
fn is_fresh(status: &str) -> bool {
    status.split_whitespace().any(|word| matches!(word, "second" | "seconds"))
}

fn ports_of(seen: &Inspected) -> Vec<Port> {
    let all = seen.network_settings.ports.iter().flat_map(|(name, bindings)| {
        let (number, kind) = name.split_once('/').unwrap_or((name, "tcp"));
        let bare = Port { inside: number.parse().unwrap_or(0), r#type: kind.to_owned(), ..Port::default() };
        let bindings = bindings.as_deref().unwrap_or_default();
        let outside: Vec<Port> = bindings
            .iter()
            .map(|one| Port { ip: one.host_ip.clone(), outside: one.host_port.parse().ok(), ..bare.clone() })
            .collect();
        if outside.is_empty() { vec![bare] } else { outside }
    });
    all.collect()
}

/// `8080→80, 127.0.0.1:53→53/udp, 9000`
fn ports(all: &[Port]) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut sorted: Vec<&Port> = all.iter().collect();
    sorted.sort_by_key(|port| (port.inside, port.outside, port.r#type.clone()));
    for port in sorted {
        let kind = if port.r#type == "tcp" || port.r#type.is_empty() {
            String::new()
        } else {
            format!("/{}", port.r#type)
        };
        let at = match &*port.ip {
            "" | "0.0.0.0" | "::" => String::new(),
            ip => format!("{}:", clean(ip)),
        };
        let word = match port.outside {
            Some(public) => format!("{at}{public}→{}{kind}", port.inside),
            None => format!("{}{kind}", port.inside),
        };
        // The same for IPv4 and IPv6 is said once.
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(", ")
}

#[cfg(test)]
mod tests;
