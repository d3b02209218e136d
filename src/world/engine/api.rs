//! The engine's interface: which request is answered by what. Whatever has no line here is not found.
use jiff::Timestamp;
use serde_json::{Value, json};

use super::container::{Container, State};
use super::json::{inspected, listed, processes, run, version};
use super::streams::{Events, Logs, first_line};
use super::{Engine, Run, json};

pub(super) const VERSION: &str = "24.0.7";
pub(super) const API: &str = "1.43";

type Query<'q> = &'q [(String, String)];

/// What a request is answered with; a server turns it into bytes.
pub enum Reply {
    Json(u16, Value),
    Text(&'static str),
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

impl Engine {
    /// One request: its method, its path without the version, its query, its document.
    pub fn ask(&mut self, method: &str, path: &str, query: Query, body: &Value) -> Reply {
        self.route(method, path, query, body).unwrap_or_else(|reply| reply)
    }

    fn route(&mut self, method: &str, path: &str, query: Query, body: &Value) -> Result<Reply, Reply> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let asked = |name: &str| query.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
        let set = |name: &str| asked(name).is_some_and(|value| ["1", "true"].contains(&value.as_str()));
        Ok(match (method, parts.as_slice()) {
            ("GET" | "HEAD", ["_ping"]) => Reply::Text("OK"),
            ("GET", ["version"]) => Reply::Json(200, version()),
            ("GET", ["info"]) => Reply::Json(200, self.about()),
            ("GET", ["events"]) => Reply::Events(Events {
                from: self.events_since(asked("since").as_deref()),
                until: asked("until").as_deref().and_then(moment),
                filters: Filters::read(asked("filters"))?,
            }),
            ("GET", ["system", "df"]) => Reply::Json(200, self.sizes()),
            ("GET", ["containers", "json"]) => {
                let filters = Filters::read(asked("filters"))?;
                let all = set("all") || filters.first("status").is_some();
                self.list(&filters, all)
            }
            ("POST", ["containers", "create"]) => self.create(asked("name"), body)?,
            ("POST", ["containers", "prune"]) => self.prune_containers(),
            ("GET", ["containers", id, "json"]) => Reply::Json(200, inspected(self.one(id)?)),
            ("GET", ["containers", id, "logs"]) => {
                let streams = [set("stdout"), set("stderr")];
                if streams == [false, false] {
                    return Err(says(400, "Bad parameters: you must choose at least one stream"));
                }
                let time = |name: &str| asked(name).filter(|text| text != "0").as_deref().and_then(moment);
                let (one, tail) = (self.one(id)?, asked("tail").and_then(|tail| tail.parse().ok()));
                Reply::Logs(Logs {
                    container: one.id.clone(),
                    from: first_line(one, time("since"), tail, streams),
                    until: time("until"),
                    stamps: set("timestamps"),
                    streams,
                    follow: set("follow"),
                    run: one.started,
                })
            }
            ("GET", ["containers", id, "stats"]) => {
                let container = self.one(id)?;
                match asked("stream").as_deref() {
                    Some("0" | "false") => Reply::Json(200, self.measured(container)),
                    _ => Reply::Stats(container.id.clone()),
                }
            }
            ("GET", ["containers", id, "top"]) => Reply::Json(200, processes(self.one(id)?)?),
            ("POST", ["containers", id, "exec"]) => self.prepare(id, body)?,
            ("POST", ["containers", id, "wait"]) => Reply::Wait(self.one(id)?.id.clone()),
            ("POST", ["containers", id, "rename"]) => self.rename(id, &asked("name").unwrap_or_default())?,
            ("POST", ["containers" | "exec", _, "resize"]) => Reply::Empty(200),
            ("POST", ["containers", id, order]) => self.order(id, order, asked("signal"))?,
            ("DELETE", ["containers", id]) => self.remove(id, set("force"))?,
            ("GET", ["exec", id, "json"]) => Reply::Json(200, run(self.run(id)?)),
            ("POST", ["exec", id, "start"]) => self.begin(id, body)?,
            ("GET", ["images", "json"]) => {
                let filters = Filters::read(asked("filters"))?;
                let fits = self.images.iter().filter(|image| self.image_fits(image, &filters));
                Reply::Json(200, fits.map(|image| self.image_of(image, false)).collect())
            }
            ("GET", ["images", name @ .., "json"]) => {
                let found = self.images.get(self.image_called(&name.join("/"))?);
                Reply::Json(200, found.map(|image| self.image_of(image, true)).into())
            }
            ("POST", ["images", name @ .., "tag"]) => {
                let (to, tag) = (asked("repo").unwrap_or_default(), asked("tag").unwrap_or_default());
                self.tag(&name.join("/"), &to, &tag)?
            }
            ("POST", ["images", "create"]) => {
                self.pull(&asked("fromImage").unwrap_or_default(), &asked("tag").unwrap_or_default())?
            }
            ("POST", ["images", "prune"]) => self.prune_images(&Filters::read(asked("filters"))?),
            // No container has volumes, and a network is there for as long as its project has containers.
            ("GET", ["volumes"]) => Reply::Json(200, json!({ "Volumes": [], "Warnings": null })),
            ("GET", ["networks"]) => Reply::Json(200, self.networks().into()),
            ("POST", ["networks" | "build", "prune"]) => Reply::Json(
                200,
                json!({ "NetworksDeleted": null, "CachesDeleted": null, "SpaceReclaimed": 0 }),
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

    fn list(&self, filters: &Filters, all: bool) -> Reply {
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
                    _ => true,
                })
        };
        let newest_first = self.containers.iter().rev().filter(fits);
        Reply::Json(200, newest_first.map(|one| listed(one, self.now)).collect())
    }
}
