//! The engine's interface: which request is answered by what. Whatever has no line here is not found.
use jiff::Timestamp;
use serde_json::{Value, json};

use super::container::{Container, Line, Spec, State};
use super::json::{inspected, listed, run};
use super::{Behaviour, Engine, Event, Heals, Hook, MOST_CONTAINERS, MOST_GONE, MOST_RUNS, Run, json};
use crate::world::base::seconds;

pub(super) const VERSION: &str = "24.0.7";
pub(super) const API: &str = "1.43";

type Query<'q> = &'q [(String, String)];

/// What a request is answered with; a server turns it into bytes.
pub enum Reply {
    Json(u16, Value),
    Bytes(u16, &'static str, Vec<u8>),
    Empty(u16),
    Logs(Logs),
    Events(Events),
    /// Measurements, one a second.
    Stats(String),
    /// A command that begins now, outside of the lock.
    Begins(Begins),
}

/// Lines that are wanted, from a number on.
#[derive(Debug, Clone, Default)]
pub struct Logs {
    pub container: String,
    pub from: u64,
    pub until: Option<Timestamp>,
    pub stamps: bool,
    pub streams: [bool; 2],
    pub follow: bool,
    pub framed: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Events {
    pub from: u64,
    pub until: Option<Timestamp>,
    filters: Filters,
}

pub struct Begins {
    pub id: String,
    pub container: String,
    pub command: Vec<String>,
    pub tty: bool,
    pub detached: bool,
    pub hook: Option<Hook>,
}

/// `{"label":["a=b"]}`, or as older clients write it `{"label":{"a=b":true}}`.
#[derive(Debug, Clone, Default)]
struct Filters(Vec<(String, Vec<String>)>);

impl Filters {
    fn read(text: Option<String>) -> Result<Filters, Reply> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(Filters::default()) };
        let value: Value = serde_json::from_str(&text).map_err(|_| says(400, "invalid filter"))?;
        let all = value.as_object().ok_or_else(|| says(400, "invalid filter"))?;
        let words = |value: &Value| match value {
            Value::Array(all) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Value::Object(all) => all.keys().cloned().collect(),
            _ => Vec::new(),
        };
        Ok(Filters(all.iter().map(|(name, value)| (name.clone(), words(value))).collect()))
    }

    /// Whether one of the words of each name fits; labels have to fit all.
    fn fit(&self, fits: impl Fn(&str, &str) -> bool) -> bool {
        self.0.iter().all(|(name, words)| match name.as_str() {
            "label" => words.iter().all(|word| fits(name, word)),
            _ => words.is_empty() || words.iter().any(|word| fits(name, word)),
        })
    }

    fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name)?.1.first().map(String::as_str)
    }
}

fn labelled(labels: &std::collections::BTreeMap<String, String>, word: &str) -> bool {
    match word.split_once('=') {
        Some((name, value)) => labels.get(name).is_some_and(|own| own == value),
        None => labels.contains_key(word),
    }
}

fn says(code: u16, message: &str) -> Reply {
    Reply::Json(code, json!({ "message": message }))
}

/// A moment as clients give it: seconds since the epoch with a fraction, or a date.
fn moment(text: &str) -> Option<Timestamp> {
    let seconds = || text.parse::<f64>().ok().filter(|seconds| *seconds >= 0.0);
    let since = |seconds| jiff::SignedDuration::try_from_secs_f64(seconds).ok();
    match seconds().and_then(since) {
        Some(span) => Timestamp::UNIX_EPOCH.checked_add(span).ok(),
        None => text.parse().ok(),
    }
}

fn asked(query: Query, name: &str) -> Option<String> {
    query.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
}

impl Engine {
    /// One request: its method, its path without the version, its query, its document.
    pub fn ask(&mut self, method: &str, path: &str, query: Query, body: &Value) -> Reply {
        self.route(method, path, query, body).unwrap_or_else(|reply| reply)
    }

    fn route(&mut self, method: &str, path: &str, query: Query, body: &Value) -> Result<Reply, Reply> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match parts.first() {
            Some(&("containers" | "exec")) => self.of_containers(method, &parts, query, body),
            Some(&("images" | "volumes" | "networks" | "build")) => {
                self.of_images(method, &parts, query, body)
            }
            _ => self.of_itself(method, &parts, query),
        }
    }

    fn of_itself(&mut self, method: &str, parts: &[&str], query: Query) -> Result<Reply, Reply> {
        let asked = |name: &str| asked(query, name);
        Ok(match (method, parts) {
            ("GET" | "HEAD", ["_ping"]) => Reply::Bytes(200, "text/plain; charset=utf-8", b"OK".to_vec()),
            ("GET", ["version"]) => Reply::Json(
                200,
                json!({
                    "Platform": { "Name": "" }, "Version": VERSION, "ApiVersion": API, "MinAPIVersion": "1.24", "GitCommit": "",
                    "GoVersion": "", "Os": "linux", "Arch": "amd64", "KernelVersion": "6.1.0", "BuildTime": "",
                    "Components": [{ "Name": "Engine", "Version": VERSION, "Details": { "ApiVersion": API, "MinAPIVersion": "1.24", "Os": "linux", "Arch": "amd64" } }],
                }),
            ),
            ("GET", ["info"]) => Reply::Json(200, self.about()),
            ("GET", ["events"]) => Reply::Events(Events {
                from: self.events_since(asked("since").as_deref()),
                until: asked("until").as_deref().and_then(moment),
                filters: Filters::read(asked("filters"))?,
            }),
            ("GET", ["system", "df"]) => {
                let (now, images) = (self.now, &self.images);
                Reply::Json(
                    200,
                    json!({
                        "LayersSize": images.iter().map(|image| image.size).sum::<u64>(), "BuildCache": [],
                        "Images": images.iter().map(|image| self.image_of(image, false)).collect::<Value>(),
                        "Containers": self.containers.iter().map(|one| listed(one, now, true)).collect::<Value>(),
                        "Volumes": self.volumes(),
                    }),
                )
            }
            _ => return Err(says(404, "page not found")),
        })
    }

    fn of_containers(
        &mut self,
        method: &str,
        parts: &[&str],
        query: Query,
        body: &Value,
    ) -> Result<Reply, Reply> {
        let asked = |name: &str| asked(query, name);
        let set =
            |name: &str| asked(name).is_some_and(|value| ["1", "true", "True"].contains(&value.as_str()));
        Ok(match (method, parts) {
            ("GET", ["containers", "json"]) => {
                let limit =
                    asked("limit").and_then(|limit| limit.parse::<usize>().ok()).filter(|limit| *limit > 0);
                let filters = Filters::read(asked("filters"))?;
                let all = set("all") || limit.is_some() || filters.first("status").is_some();
                self.list(&filters, all, limit, set("size"))
            }
            ("POST", ["containers", "create"]) => self.create(asked("name"), body)?,
            ("POST", ["containers", "prune"]) => self.prune_containers(),
            ("GET", ["containers", id, "json"]) => Reply::Json(200, inspected(self.one(id)?)),
            ("GET", ["containers", id, "logs"]) => {
                let streams = [set("stdout"), set("stderr")];
                if streams == [false, false] {
                    return Err(says(400, "Bad parameters: you must choose at least one stream"));
                }
                let (since, until) = (asked("since"), asked("until"));
                let time =
                    |text: &Option<String>| text.as_deref().filter(|text| *text != "0").and_then(moment);
                let container = self.one(id)?;
                let tail = asked("tail").and_then(|tail| tail.parse::<usize>().ok());
                let (from, until) = (first_line(container, time(&since), tail, streams), time(&until));
                let (stamps, follow, container) = (set("timestamps"), set("follow"), container.id.clone());
                Reply::Logs(Logs { container, from, until, stamps, streams, follow, framed: true })
            }
            ("GET", ["containers", id, "stats"]) => {
                let container = self.one(id)?;
                match asked("stream").as_deref() {
                    Some("0" | "false") => Reply::Json(200, self.measured(container, !set("one-shot"))),
                    _ => Reply::Stats(container.id.clone()),
                }
            }
            ("GET", ["containers", id, "top"]) => {
                let container = self.one(id)?;
                if !container.is_up() {
                    return Err(says(409, &format!("Container {} is not running", container.id)));
                }
                let (pid, began) = (
                    container.pid.to_string(),
                    container.started.unwrap_or(self.now).strftime("%H:%M").to_string(),
                );
                let row =
                    ["root", &pid, "1", "0", &began, "?", "00:00:01", &container.spec.command.join(" ")];
                Reply::Json(
                    200,
                    json!({ "Titles": ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"], "Processes": [row] }),
                )
            }
            ("POST", ["containers", id, "exec"]) => self.prepare(id, body)?,
            ("POST", ["containers", id, "wait"]) => {
                Reply::Json(200, json!({ "StatusCode": self.one(id)?.code, "Error": null }))
            }
            ("POST", ["containers", id, "rename"]) => self.rename(id, &asked("name").unwrap_or_default())?,
            ("POST", ["containers" | "exec", _, "resize"]) => Reply::Empty(200),
            ("POST", ["containers", id, order]) => self.order(id, order, asked("signal"))?,
            ("DELETE", ["containers", id]) => self.remove(id, set("force"))?,
            ("GET", ["exec", id, "json"]) => Reply::Json(200, run(self.run(id)?)),
            ("POST", ["exec", id, "start"]) => self.begin(id, body)?,
            _ => return Err(says(404, "page not found")),
        })
    }

    fn of_images(
        &mut self,
        method: &str,
        parts: &[&str],
        query: Query,
        body: &Value,
    ) -> Result<Reply, Reply> {
        let asked = |name: &str| asked(query, name);
        Ok(match (method, parts) {
            ("GET", ["images", "json"]) => {
                let filters = Filters::read(asked("filters"))?;
                let fits = |image: &&super::Image| self.image_fits(image, &filters);
                Reply::Json(
                    200,
                    self.images.iter().filter(fits).map(|image| self.image_of(image, false)).collect(),
                )
            }
            ("GET", ["images", name @ .., "json"]) => {
                let name = name.join("/");
                let found = self.images.iter().find(|image| is_called(image, &name));
                let found = found.ok_or_else(|| says(404, &format!("No such image: {name}")))?;
                Reply::Json(200, self.image_of(found, true))
            }
            ("POST", ["images", "create"]) => {
                self.pull(&asked("fromImage").unwrap_or_default(), &asked("tag").unwrap_or_default())
            }
            ("POST", ["images", "prune"]) => self.prune_images(&Filters::read(asked("filters"))?),
            ("DELETE", ["images", name @ ..]) => self.remove_image(&name.join("/"))?,
            ("GET", ["volumes"]) => Reply::Json(200, json!({ "Volumes": self.volumes(), "Warnings": null })),
            ("GET", ["volumes", name]) => found(self.volumes(), &["Name"], name, "volume")?,
            ("GET", ["networks"]) => Reply::Json(200, self.networks().into()),
            ("GET", ["networks", name]) => found(self.networks(), &["Name", "Id"], name, "network")?,
            // There is a network for as long as a project has containers.
            ("POST", ["networks", "create"]) => {
                let name = body.get("Name").and_then(Value::as_str).unwrap_or_default();
                Reply::Json(201, json!({ "Id": json::numbered(name), "Warning": "" }))
            }
            ("POST", ["networks", _, "connect" | "disconnect"]) => Reply::Empty(200),
            ("DELETE", ["networks", _]) => Reply::Empty(204),
            ("POST", ["volumes" | "networks" | "build", "prune"]) => Reply::Json(
                200,
                json!({ "VolumesDeleted": null, "NetworksDeleted": null, "CachesDeleted": null, "SpaceReclaimed": 0 }),
            ),
            _ => return Err(says(404, "page not found")),
        })
    }

    fn one(&self, name: &str) -> Result<&Container, Reply> {
        let found = self.find(name).and_then(|at| self.containers.get(at));
        found.ok_or_else(|| says(404, &format!("No such container: {name}")))
    }

    fn at(&self, name: &str) -> Result<usize, Reply> {
        self.find(name).ok_or_else(|| says(404, &format!("No such container: {name}")))
    }

    fn run(&self, id: &str) -> Result<&Run, Reply> {
        self.runs
            .iter()
            .find(|run| run.id == id)
            .ok_or_else(|| says(404, &format!("No such exec instance: {id}")))
    }

    fn list(&self, filters: &Filters, all: bool, limit: Option<usize>, size: bool) -> Reply {
        let fits = |one: &&Container| {
            (all || one.is_up() || one.state == State::Restarting)
                && filters.fit(|name, word| match name {
                    "label" => labelled(&json::labels(one), word),
                    "status" => one.word() == word,
                    "name" => {
                        one.spec.name.contains(word.trim_start_matches(['^', '/']).trim_end_matches('$'))
                    }
                    "id" => one.id.starts_with(word),
                    "health" => one.health == word || (word == "none" && one.health.is_empty()),
                    "ancestor" => one.spec.image == word || one.image_id.contains(word),
                    "exited" => one.state == State::Exited && one.code.to_string() == word,
                    _ => true,
                })
        };
        let newest_first = self.containers.iter().rev().filter(fits).take(limit.unwrap_or(usize::MAX));
        Reply::Json(200, newest_first.map(|one| listed(one, self.now, size)).collect())
    }

    /// Start, stop, restart, kill, pause and unpause.
    fn order(&mut self, id: &str, order: &str, signal: Option<String>) -> Result<Reply, Reply> {
        let at = self.at(id)?;
        let container = self.one(id)?;
        let (name, up, state) = (container.spec.name.clone(), container.is_up(), container.state);
        let alive = up || state == State::Restarting;
        let conflict = |why: &str| says(409, &format!("Cannot {order} container: {id}: Container {why}"));
        match order {
            "start" if up => return Ok(Reply::Empty(304)),
            "stop" if !alive => return Ok(Reply::Empty(304)),
            "kill" | "pause" if !up => return Err(conflict("is not running")),
            "pause" if state == State::Paused => return Err(conflict("is already paused")),
            "unpause" if state != State::Paused => return Err(conflict("is not paused")),
            "start" | "stop" | "restart" | "kill" | "pause" | "unpause" => {}
            _ => return Err(says(404, "page not found")),
        }
        self.note_deed(format!("{order} {name}"));
        let signal = signal
            .map(|signal| signal.trim_start_matches("SIG").to_owned())
            .filter(|signal| !signal.is_empty());
        match order {
            "start" => self.start(at),
            "restart" => {
                if alive {
                    self.end(at, "15", 0);
                    self.happens(at, "stop", &[]);
                }
                self.start(at);
                self.happens(at, "restart", &[]);
            }
            "stop" => {
                self.end(at, "15", 0);
                self.happens(at, "stop", &[]);
            }
            "kill" => match signal.as_deref() {
                None | Some("KILL" | "9") => self.end(at, "9", 137),
                Some("TERM" | "15") => self.end(at, "15", 143),
                Some("INT" | "2") => self.end(at, "2", 130),
                Some(other) => {
                    let other = other.to_owned();
                    self.happens(at, "kill", &[("signal", other)]);
                }
            },
            _ => {
                let to = if order == "pause" { State::Paused } else { State::Running };
                if let Some(container) = self.containers.get_mut(at) {
                    container.state = to;
                }
                self.happens(at, order, &[]);
            }
        }
        Ok(Reply::Empty(204))
    }

    fn remove(&mut self, id: &str, force: bool) -> Result<Reply, Reply> {
        let at = self.at(id)?;
        let container = self.one(id)?;
        let (name, up) =
            (container.spec.name.clone(), container.is_up() || container.state == State::Restarting);
        if up && !force {
            return Err(says(
                409,
                &format!(
                    "You cannot remove a running container {}. Stop the container before attempting removal or force remove",
                    container.id
                ),
            ));
        }
        self.note_deed(format!("rm {name}"));
        if up {
            self.end(at, "9", 137);
        }
        self.happens(at, "destroy", &[]);
        let gone = self.containers.remove(at);
        if !gone.spec.service.is_empty() {
            self.gone.push_back(gone);
            self.gone.drain(..self.gone.len().saturating_sub(MOST_GONE));
        }
        Ok(Reply::Empty(204))
    }

    fn rename(&mut self, id: &str, name: &str) -> Result<Reply, Reply> {
        let at = self.at(id)?;
        let fine = !name.is_empty()
            && name.len() < 200
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        if !fine {
            return Err(says(
                400,
                &format!("Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"),
            ));
        }
        if self.containers.iter().any(|one| one.spec.name == name) {
            return Err(says(409, &format!("Conflict. The container name \"/{name}\" is already in use")));
        }
        if let Some(container) = self.containers.get_mut(at) {
            name.clone_into(&mut container.spec.name);
        }
        self.happens(at, "rename", &[]);
        Ok(Reply::Empty(204))
    }

    /// A new container. What it does when it runs is what its service does; one of no service sleeps.
    fn create(&mut self, name: Option<String>, body: &Value) -> Result<Reply, Reply> {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or("").to_owned();
        let words = |pointer: &str| -> Vec<String> {
            let all = body.pointer(pointer).and_then(Value::as_array);
            all.map(|all| all.iter().filter_map(Value::as_str).map(str::to_owned).collect())
                .unwrap_or_default()
        };
        let image = text("/Image");
        let Some(image_id) =
            self.images.iter().find(|known| is_called(known, &image)).map(|known| known.id.clone())
        else {
            return Err(says(404, &format!("No such image: {image}")));
        };
        if self.containers.len() >= MOST_CONTAINERS || body.to_string().len() > 64 << 10 {
            return Err(says(500, "no space left on device"));
        }
        let id = self.hex();
        let name = name.unwrap_or_else(|| format!("happy_{}", self.dice.letters(6)));
        if self.containers.iter().any(|one| one.spec.name == name) {
            return Err(says(
                409,
                &format!(
                    "Conflict. The container name \"/{name}\" is already in use. You have to remove (or rename) that container to be able to reuse that name."
                ),
            ));
        }
        let label = |name: &str| text(&format!("/Labels/com.docker.compose.{name}"));
        let (project, service) = (label("project"), label("service"));
        let same = |one: &&Container| {
            !service.is_empty() && one.spec.project == project && one.spec.service == service
        };
        let like = self.containers.iter().rev().find(same).or_else(|| self.gone.iter().rev().find(same));
        let well = |one: &&Container| one.heals != Heals::OtherImage || one.spec.image == image;
        let sick = like.filter(well).map(|one| (one.behaviour.clone(), one.heals.clone()));
        let (behaviour, heals) = sick.unwrap_or((Behaviour::Ok, Heals::Nothing));
        let mut spec = like
            .map_or_else(|| Spec { rate: 0.0, memory: 4 << 20, ..Spec::default() }, |one| one.spec.clone());
        let labels = body.pointer("/Labels").and_then(Value::as_object);
        let pair = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
        spec.labels = labels.map(|all| all.iter().filter_map(pair).collect()).unwrap_or_default();
        (spec.name, spec.image, spec.project, spec.service) = (name, image, project, service);
        spec.command = Some(words("/Cmd")).filter(|command| !command.is_empty()).unwrap_or(spec.command);
        spec.env = words("/Env");
        spec.policy = Some(text("/HostConfig/RestartPolicy/Name"))
            .filter(|policy| !policy.is_empty())
            .unwrap_or("no".into());
        spec.memory_limit = body.pointer("/HostConfig/Memory").and_then(Value::as_u64).unwrap_or(0);
        self.note_deed(format!("create {}", spec.name));
        let mut container = Container::new(spec, id.clone(), image_id, self.now);
        (container.behaviour, container.heals) = (behaviour, heals);
        self.containers.push(container);
        self.happens(self.containers.len() - 1, "create", &[]);
        Ok(Reply::Json(201, json!({ "Id": id, "Warnings": [] })))
    }

    fn prune_containers(&mut self) -> Reply {
        let over: Vec<String> = self
            .containers
            .iter()
            .filter(|one| matches!(one.state, State::Exited | State::Created))
            .map(|one| one.id.clone())
            .collect();
        for id in &over {
            let _ = self.remove(id, false);
        }
        Reply::Json(200, json!({ "ContainersDeleted": over, "SpaceReclaimed": 12_288 * over.len() }))
    }

    // Commands within containers.

    fn prepare(&mut self, id: &str, body: &Value) -> Result<Reply, Reply> {
        let container = self.one(id)?;
        let (container, name) = (container.id.clone(), container.spec.name.clone());
        match self.one(id)?.state {
            State::Running => {}
            State::Paused => {
                return Err(says(
                    409,
                    &format!("Container {id} is paused, unpause the container before exec"),
                ));
            }
            _ => return Err(says(409, &format!("Container {container} is not running"))),
        }
        let command = body
            .get("Cmd")
            .and_then(Value::as_array)
            .map(|all| all.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>());
        let command = command
            .filter(|command| !command.is_empty())
            .ok_or_else(|| says(400, "No exec command specified"))?;
        self.note_deed(format!("exec {name} {}", command.join(" ").chars().take(200).collect::<String>()));
        let tty = body.get("Tty").and_then(Value::as_bool).unwrap_or(false);
        let id = self.hex();
        self.runs.push_back(Run { id: id.clone(), container, command, tty, running: false, code: None });
        if self.runs.len() > MOST_RUNS {
            self.runs.pop_front();
        }
        Ok(Reply::Json(201, json!({ "Id": id })))
    }

    fn begin(&mut self, id: &str, body: &Value) -> Result<Reply, Reply> {
        let run = self.run(id)?;
        if run.running || run.code.is_some() {
            return Err(says(409, &format!("Error: Exec command {id} is already running")));
        }
        let container = self.one(&run.container)?.spec.name.clone();
        let begins = Begins {
            id: run.id.clone(),
            container,
            command: run.command.clone(),
            tty: run.tty,
            detached: body.get("Detach").and_then(Value::as_bool).unwrap_or(false),
            hook: self.hook.clone(),
        };
        self.runs.iter_mut().filter(|run| run.id == id).for_each(|run| run.running = true);
        Ok(Reply::Begins(begins))
    }

    pub fn ended(&mut self, id: &str, code: i64) {
        self.runs
            .iter_mut()
            .filter(|run| run.id == id)
            .for_each(|run| (run.running, run.code) = (false, Some(code)));
    }

    /// Whether a run goes on: its container may have ended under it.
    pub fn goes_on(&self, id: &str) -> bool {
        self.run(id).is_ok_and(|run| run.running && self.one(&run.container).is_ok_and(Container::is_up))
    }

    // Images.

    fn image_fits(&self, image: &super::Image, filters: &Filters) -> bool {
        let old = |word: &str| spoken(word).or_else(|| Some(seconds(moment(word)?, self.now)));
        filters.fit(|name, word| match name {
            "dangling" => image.tags.is_empty() == ["true", "1"].contains(&word),
            "reference" => image
                .tags
                .iter()
                .any(|tag| tag.split(':').next() == Some(word) || tag == word || tag.ends_with(word)),
            "label" => {
                word.split_once('=').is_some_and(|(name, value)| name == "version" && value == image.version)
            }
            "until" => old(word).is_some_and(|old| seconds(image.created, self.now) >= old),
            _ => true,
        })
    }

    fn pull(&mut self, name: &str, tag: &str) -> Reply {
        let name = name.trim_start_matches("docker.io/").trim_start_matches("library/");
        let whole = if tag.is_empty() { name.to_owned() } else { format!("{name}:{tag}") };
        let new = !self.images.iter().any(|image| is_called(image, &whole));
        if new && !self.registry.contains(&whole) {
            return says(
                404,
                &format!(
                    "pull access denied for {name}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied"
                ),
            );
        }
        self.note_deed(format!("pull {whole}"));
        let id = self.image(&whole);
        let said = if new { "Downloaded newer image" } else { "Image is up to date" };
        let lines = [
            json!({ "status": format!("Pulling from {name}"), "id": tag }),
            json!({ "status": format!("Digest: {id}") }),
            json!({ "status": format!("Status: {said} for {whole}") }),
        ];
        Reply::Bytes(200, "application/json", lines.map(|line| format!("{line}\r\n")).concat().into_bytes())
    }

    fn prune_images(&mut self, filters: &Filters) -> Reply {
        // Without a word only those go that have no name.
        let all = filters.first("dangling").is_some_and(|word| ["false", "0"].contains(&word));
        let others = Filters(filters.0.iter().filter(|(name, _)| name != "dangling").cloned().collect());
        let goes = |image: &super::Image| {
            let used = self.containers.iter().any(|one| one.image_id == image.id);
            !used && (all || image.tags.is_empty()) && self.image_fits(image, &others)
        };
        let gone: Vec<super::Image> = self.images.iter().filter(|image| goes(image)).cloned().collect();
        self.images.retain(|image| !gone.iter().any(|other| other.id == image.id));
        self.note_deed(format!("image prune ({} images)", gone.len()));
        let deleted = gone.iter().flat_map(|image| {
            let tags = image.tags.iter().map(|tag| json!({ "Untagged": tag }));
            tags.chain([json!({ "Deleted": image.id })]).collect::<Vec<_>>()
        });
        Reply::Json(
            200,
            json!({ "ImagesDeleted": deleted.collect::<Value>(), "SpaceReclaimed": gone.iter().map(|image| image.size).sum::<u64>() }),
        )
    }

    fn remove_image(&mut self, name: &str) -> Result<Reply, Reply> {
        let found = self.images.iter().find(|image| is_called(image, name)).cloned();
        let image = found.ok_or_else(|| says(404, &format!("No such image: {name}")))?;
        if let Some(user) = self.containers.iter().find(|one| one.image_id == image.id) {
            let id = user.id.get(..12).unwrap_or_default();
            return Err(says(
                409,
                &format!(
                    "conflict: unable to remove repository reference \"{name}\" (must force) - container {id} is using its referenced image"
                ),
            ));
        }
        self.note_deed(format!("rmi {name}"));
        self.images.retain(|other| other.id != image.id);
        Ok(Reply::Json(200, json!([{ "Untagged": name }, { "Deleted": image.id }])))
    }

    // What is streamed.

    fn events_since(&self, since: Option<&str>) -> u64 {
        let Some(since) = since.and_then(moment) else { return self.next_event };
        self.events.iter().find(|event| event.at >= since).map_or(self.next_event, |event| event.number)
    }

    /// The next events, as lines, and whether there may be more.
    pub fn happened(&self, wanted: &mut Events) -> (Vec<u8>, bool) {
        let fits = |event: &&Event| {
            event.number >= wanted.from
                && wanted.until.is_none_or(|until| event.at <= until)
                && wanted.filters.fit(|name, word| match name {
                    "type" => word == "container",
                    "event" => event.action == word || event.action.split(':').next() == Some(word),
                    "container" => {
                        event.id.starts_with(word)
                            || event.attributes.get("name").is_some_and(|own| own == word)
                    }
                    "image" => event.attributes.get("image").is_some_and(|own| own == word),
                    "label" => labelled(&event.attributes, word),
                    _ => true,
                })
        };
        let lines: String = self
            .events
            .iter()
            .filter(fits)
            .flat_map(|event| [json::event(event).to_string(), "\n".into()])
            .collect();
        wanted.from = self.next_event;
        (lines.into_bytes(), wanted.until.is_none_or(|until| until > self.now))
    }

    /// The next lines of a log, as bytes, and whether there may be more.
    pub fn written(&self, wanted: &mut Logs) -> (Vec<u8>, bool) {
        let Ok(container) = self.one(&wanted.container) else { return (Vec::new(), false) };
        let mut bytes = Vec::new();
        let (from, until) = (wanted.from, wanted.until);
        for line in container.lines.iter().filter(|line| line.number >= from) {
            if until.is_some_and(|until| line.at > until) {
                return (bytes, false);
            }
            wanted.from = line.number + 1;
            let [out, err] = wanted.streams;
            if if line.error { err } else { out } {
                framed(line, wanted, &mut bytes);
            }
        }
        (bytes, wanted.follow && (container.is_up() || container.state == State::Restarting))
    }

    pub fn stats(&self, id: &str) -> Option<Value> {
        self.one(id).ok().map(|container| self.measured(container, true))
    }
}

/// The number of the first line that is wanted.
fn first_line(
    container: &Container,
    since: Option<Timestamp>,
    tail: Option<usize>,
    [out, err]: [bool; 2],
) -> u64 {
    let none = container.lines.back().map_or(0, |line| line.number + 1);
    let since = |line: &&Line| since.is_none_or(|since| line.at >= since);
    let own = container.lines.iter().filter(since).filter(|line| if line.error { err } else { out });
    let numbers: Vec<u64> = own.map(|line| line.number).collect();
    let at = tail.map_or(0, |tail| numbers.len().saturating_sub(tail));
    numbers.get(at).copied().unwrap_or(none)
}

/// A line as it goes over the wire: which stream, how long, what.
fn framed(line: &Line, wanted: &Logs, bytes: &mut Vec<u8>) {
    let stamp = if wanted.stamps { format!("{:.9} ", line.at) } else { String::new() };
    let text = format!("{stamp}{}\n", line.text);
    if wanted.framed {
        bytes.extend_from_slice(&frame(line.error, text.len()));
    }
    bytes.extend_from_slice(text.as_bytes());
}

pub(super) fn frame(error: bool, length: usize) -> [u8; 8] {
    let [a, b, c, d] = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    [if error { 2 } else { 1 }, 0, 0, 0, a, b, c, d]
}

fn is_called(image: &super::Image, name: &str) -> bool {
    let plain = name.trim_start_matches("sha256:");
    let latest = format!("{name}:latest");
    image.tags.iter().any(|tag| tag == name || *tag == latest)
        || (plain.len() >= 12 && image.id.trim_start_matches("sha256:").starts_with(plain))
        || name.split_once("@sha256:").is_some_and(|(_, digest)| image.id.ends_with(digest))
}

fn found(all: Vec<Value>, fields: &[&str], name: &str, what: &str) -> Result<Reply, Reply> {
    let is =
        |value: &Value| fields.iter().any(|field| value.get(field).and_then(Value::as_str) == Some(name));
    let found = all.into_iter().find(is).ok_or_else(|| says(404, &format!("{what} {name} not found")))?;
    Ok(Reply::Json(200, found))
}

/// `240h`, `1h30m`, as seconds.
fn spoken(text: &str) -> Option<f64> {
    let (mut sum, mut number) = (0.0, String::new());
    for letter in text.chars() {
        let unit = match letter {
            '0'..='9' | '.' => {
                number.push(letter);
                continue;
            }
            'h' => 3_600.0,
            'm' => 60.0,
            's' => 1.0,
            _ => return None,
        };
        sum += std::mem::take(&mut number).parse::<f64>().ok()? * unit;
    }
    number.is_empty().then_some(sum)
}
