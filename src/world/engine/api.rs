//! The engine's interface: which request is answered by what. Whatever has no line here is not found.
use jiff::Timestamp;
use serde_json::{Value, json};

use super::container::{Container, State};
use super::images::is_called;
use super::json::{inspected, listed, run};
use super::streams::{Events, Logs, first_line};
use super::{Engine, Hook, Run, json};

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
    /// The end of a container, when it comes.
    Wait(String),
    /// Measurements, one a second.
    Stats(String),
    /// A command that begins now, outside of the lock.
    Begins(Begins),
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
pub(super) struct Filters(Vec<(String, Vec<String>)>);

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
    pub(super) fn fit(&self, fits: impl Fn(&str, &str) -> bool) -> bool {
        self.0.iter().all(|(name, words)| match name.as_str() {
            "label" => words.iter().all(|word| fits(name, word)),
            _ => words.is_empty() || words.iter().any(|word| fits(name, word)),
        })
    }

    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name)?.1.first().map(String::as_str)
    }
}

pub(super) fn labelled(labels: &std::collections::BTreeMap<String, String>, word: &str) -> bool {
    match word.split_once('=') {
        Some((name, value)) => labels.get(name).is_some_and(|own| own == value),
        None => labels.contains_key(word),
    }
}

pub(super) fn says(code: u16, message: &str) -> Reply {
    Reply::Json(code, json!({ "message": message }))
}

/// A moment as clients give it: seconds since the epoch with a fraction, or a date.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
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
            (_, ["services" | "nodes" | "tasks" | "secrets" | "configs", ..]) => {
                return Err(says(
                    503,
                    "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.",
                ));
            }
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
                let (stamps, follow, run) = (set("timestamps"), set("follow"), container.started);
                let container = container.id.clone();
                Reply::Logs(Logs { container, from, until, stamps, streams, follow, run })
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
            ("POST", ["containers", id, "wait"]) => Reply::Wait(self.one(id)?.id.clone()),
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
                let nameless = filters.first("dangling").map(|word| ["true", "1"].contains(&word));
                let fits = |image: &&super::Image| {
                    self.image_fits(image, &filters)
                        && nameless.is_none_or(|nameless| image.tags.is_empty() == nameless)
                };
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
            ("POST", ["images", name @ .., "tag"]) => self.tag(
                &name.join("/"),
                &asked("repo").unwrap_or_default(),
                &asked("tag").unwrap_or_default(),
            )?,
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

    pub(super) fn one(&self, name: &str) -> Result<&Container, Reply> {
        let found = self.find(name).and_then(|at| self.containers.get(at));
        found.ok_or_else(|| says(404, &format!("No such container: {name}")))
    }

    pub(super) fn at(&self, name: &str) -> Result<usize, Reply> {
        self.find(name).ok_or_else(|| says(404, &format!("No such container: {name}")))
    }

    pub(super) fn run(&self, id: &str) -> Result<&Run, Reply> {
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
}

fn found(all: Vec<Value>, fields: &[&str], name: &str, what: &str) -> Result<Reply, Reply> {
    let is =
        |value: &Value| fields.iter().any(|field| value.get(field).and_then(Value::as_str) == Some(name));
    let found = all.into_iter().find(is).ok_or_else(|| says(404, &format!("{what} {name} not found")))?;
    Ok(Reply::Json(200, found))
}
