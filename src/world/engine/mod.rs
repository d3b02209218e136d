//! A Docker engine: containers of Compose projects that run, fail and are mended, their images, logs and events. What
//! its clients are told is in `api` and `json`, how they are told it in `serve`.
mod api;
mod container;
mod images;
mod json;
mod orders;
mod script;
mod serve;
mod streams;
mod terminal;
#[cfg(test)]
pub(super) mod tests;

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

pub use self::container::{Behaviour, Heals, Spec};
use self::container::{Container, whole};
pub use self::serve::serve;
use super::base::{Dice, seconds};

const MOST_EVENTS: usize = 1_000;
const MOST_DEEDS: usize = 1_000;
const MOST_CONTAINERS: usize = 200;
const MOST_RUNS: usize = 200;
/// Seconds between two checks of a container that says nothing of it.
const CHECK_EVERY: f64 = 5.0;
const MEMORY: u64 = 16 << 30;
const CORES: u64 = 4;

#[derive(Debug, Clone)]
pub struct Event {
    number: u64,
    at: Timestamp,
    action: String,
    id: String,
    attributes: BTreeMap<String, String>,
}

impl Event {
    fn of(action: &str, container: &Container) -> Event {
        let mut attributes = json::labels(container);
        attributes.insert("image".into(), container.spec.image.clone());
        attributes.insert("name".into(), container.spec.name.clone());
        let id = container.id.clone();
        Event { number: 0, at: Timestamp::UNIX_EPOCH, action: action.into(), id, attributes }
    }

    fn with(mut self, name: &str, value: &str) -> Event {
        self.attributes.insert(name.into(), value.into());
        self
    }
}

#[derive(Debug, Clone)]
struct Image {
    id: String,
    tags: Vec<String>,
    version: String,
    created: Timestamp,
    size: u64,
}

/// A command that was prepared within a container.
#[derive(Debug, Clone)]
struct Run {
    id: String,
    container: String,
    command: Vec<String>,
    tty: bool,
    running: bool,
    code: Option<i64>,
}

/// What somebody did, other than look.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    pub at: Timestamp,
    pub command: String,
}

/// One container, for series and for other parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    pub project: String,
    pub service: String,
    pub name: String,
    pub up: bool,
    /// None: it has no check, or no word of it yet.
    pub healthy: Option<bool>,
    pub restarts: u64,
}

pub struct Engine {
    now: Timestamp,
    booted: Timestamp,
    dice: Dice,
    containers: Vec<Container>,
    images: Vec<Image>,
    events: VecDeque<Event>,
    next_event: u64,
    runs: VecDeque<Run>,
    deeds: Vec<Deed>,
}

impl Engine {
    pub fn new(seed: u64, now: Timestamp) -> Engine {
        Engine {
            now,
            booted: now - SignedDuration::from_hours(250),
            dice: Dice::new(seed),
            containers: Vec::new(),
            images: Vec::new(),
            events: VecDeque::new(),
            next_event: 0,
            runs: VecDeque::new(),
            deeds: Vec::new(),
        }
    }

    pub fn tick(&mut self, now: Timestamp) {
        let passed = seconds(self.now, now);
        self.now = self.now.max(now);
        if passed <= 0.0 {
            return;
        }
        let mut events = Vec::new();
        for container in &mut self.containers {
            events.extend(container.tick(now, passed, &mut self.dice));
        }
        for event in events {
            if event.action == "start" {
                self.heal(&event.id, false);
            }
            self.note(event);
        }
    }

    // What a scenario says.

    /// Makes a container of a project and its image, and starts it; it has run for a while, and is healthy where it
    /// has a check.
    pub fn container(&mut self, spec: Spec) {
        let spec = Spec {
            command: vec!["/app/server".into()],
            policy: "unless-stopped".into(),
            every: CHECK_EVERY,
            rate: 0.5,
            says: vec!["level=info msg=\"request served\" n={n} status=200".into()],
            first: vec![format!("level=info msg=\"{} starts\" image={}", spec.service, spec.image)],
            ..spec
        };
        let image = self.image(&spec.image);
        let id = self.hex();
        let since = container::after(self.booted, 60.0 + self.dice.share() * 600.0);
        let mut container = Container::new(spec, id, image, since);
        container.start(since, &mut self.dice);
        container.memory = container.spec.memory;
        container.used = whole(container::LOAD * seconds(since, self.now) * 1e9);
        if !container.health.is_empty() {
            container.health = "healthy";
        }
        // The last minutes of its log.
        for ago in (0..300_i64).rev() {
            container.write(self.now - SignedDuration::from_secs(ago), 1.0);
        }
        self.containers.push(container);
    }

    /// An image that is there; its number.
    fn image(&mut self, tag: &str) -> String {
        if let Some(image) = self.images.iter().find(|image| image.tags.iter().any(|own| own == tag)) {
            return image.id.clone();
        }
        let id = format!("sha256:{}", self.hex());
        let version = json::tag_of(tag);
        let created = self.booted - SignedDuration::from_hours(90);
        let size = (80 << 20) + self.dice.below(300 << 20);
        let (tags, version) = (vec![tag.to_owned()], version.to_owned());
        self.images.push(Image { id: id.clone(), tags, version, created, size });
        id
    }

    /// From now on, in all containers of a service.
    pub fn behave(&mut self, project: &str, service: &str, behaviour: &Behaviour, heals: &Heals) {
        let own = |one: &&mut Container| one.spec.project == project && one.spec.service == service;
        for container in self.containers.iter_mut().filter(own) {
            container.behaviour = behaviour.clone();
            container.heals = heals.clone();
        }
    }

    pub fn facts(&self) -> Vec<Fact> {
        let fact = |one: &Container| Fact {
            project: one.spec.project.clone(),
            service: one.spec.service.clone(),
            name: one.spec.name.clone(),
            up: one.is_up(),
            healthy: match one.health {
                "healthy" => Some(one.is_up()),
                "unhealthy" => Some(false),
                _ => None,
            },
            restarts: one.restarts,
        };
        self.containers.iter().map(fact).collect()
    }

    /// What was done since they were last asked for.
    pub fn deeds(&mut self) -> Vec<Deed> {
        std::mem::take(&mut self.deeds)
    }

    // What is done to containers.

    fn hex(&mut self) -> String {
        [(); 4].map(|()| format!("{:016x}", self.dice.roll())).concat()
    }

    fn note(&mut self, event: Event) {
        self.events.push_back(Event { number: self.next_event, at: self.now, ..event });
        self.next_event += 1;
        if self.events.len() > MOST_EVENTS {
            self.events.pop_front();
        }
    }

    fn note_deed(&mut self, command: String) {
        if self.deeds.len() < MOST_DEEDS {
            self.deeds.push(Deed { at: self.now, command });
        }
    }

    /// By its name, its number, or the beginning of that.
    fn find(&self, name: &str) -> Option<usize> {
        let name = name.trim_start_matches('/');
        let named = self.containers.iter().position(|one| one.spec.name == name || one.id == name);
        named.or_else(|| {
            let mut all = self.containers.iter().enumerate().filter(|(_, one)| one.id.starts_with(name));
            let first = all.next().filter(|_| name.len() >= 3)?;
            all.next().is_none().then_some(first.0)
        })
    }

    fn happens(&mut self, at: usize, action: &str, with: &[(&str, String)]) {
        if let Some(container) = self.containers.get(at) {
            let event = with
                .iter()
                .fold(Event::of(action, container), |event, (name, value)| event.with(name, value));
            self.note(event);
        }
    }

    fn start(&mut self, at: usize) {
        let now = self.now;
        let Some(container) = self.containers.get_mut(at) else { return };
        container.start(now, &mut self.dice);
        let id = container.id.clone();
        self.happens(at, "start", &[]);
        self.heal(&id, true);
    }

    /// Ends it by a signal, or by its own will.
    fn end(&mut self, at: usize, signal: &str, code: i64) {
        let now = self.now;
        let Some(container) = self.containers.get_mut(at) else { return };
        container.end(now, code);
        self.happens(at, "kill", &[("signal", signal.to_owned())]);
        self.happens(at, "die", &[("exitCode", code.to_string())]);
    }

    /// What a start mends: whatever a person's start of it does, and what waits for a start of its service.
    fn heal(&mut self, id: &str, by_hand: bool) {
        let Some(started) = self.containers.iter().find(|one| one.id == id) else { return };
        let (project, service) = (started.spec.project.clone(), started.spec.service.clone());
        for other in self.containers.iter_mut().filter(|other| other.spec.project == project) {
            let healed = match &other.heals {
                Heals::Restart => by_hand && other.id == id,
                Heals::StartOf(of) => by_hand && *of == service,
                Heals::Nothing | Heals::OtherImage => false,
            };
            if healed {
                (other.behaviour, other.heals) = (Behaviour::Ok, Heals::Nothing);
            }
        }
    }
}
