//! What is done to containers and within them.
use serde_json::{Value, json};

use super::api::{Begins, Reply, says};
use super::container::{Container, Spec, State};
use super::{CHECK_EVERY, Engine, Heals, MOST_CONTAINERS, MOST_RUNS, Run};

const IN_USE: &str =
    "is already in use. You have to remove (or rename) that container to be able to reuse that name.";

/// The words of a list in a document.
fn words(body: &Value, pointer: &str) -> Vec<String> {
    let all = body.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}

impl Engine {
    /// Start, stop, restart, kill, pause and unpause.
    pub(super) fn order(&mut self, id: &str, order: &str, signal: Option<String>) -> Result<Reply, Reply> {
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
        let ends = if container.spec.deaf { ("9", 137) } else { ("15", 0) };
        self.note_deed(format!("{order} {name}"));
        let signal = signal.unwrap_or_default();
        let signal = signal.trim_start_matches("SIG");
        if alive && ["stop", "restart"].contains(&order) {
            self.end(at, ends.0, ends.1);
            self.happens(at, "stop", &[]);
        }
        if ["start", "restart"].contains(&order) {
            self.start(at);
        }
        match (order, signal) {
            ("kill", "" | "KILL" | "9") => self.end(at, "9", 137),
            ("kill", "TERM" | "15") => self.end(at, "15", 143),
            ("kill", "INT" | "2") => self.end(at, "2", 130),
            ("kill", other) => self.happens(at, "kill", &[("signal", other.to_owned())]),
            ("restart" | "pause" | "unpause", _) => self.happens(at, order, &[]),
            _ => {}
        }
        if let Some(container) = self.containers.get_mut(at) {
            match order {
                "pause" => container.state = State::Paused,
                "unpause" => container.state = State::Running,
                _ => {}
            }
        }
        Ok(Reply::Empty(204))
    }

    pub(super) fn remove(&mut self, id: &str, force: bool) -> Result<Reply, Reply> {
        let at = self.at(id)?;
        let container = self.one(id)?;
        let up = container.is_up() || container.state == State::Restarting;
        if up && !force {
            let first = format!("You cannot remove a running container {}", container.id);
            let rest = "Stop the container before attempting removal or force remove";
            return Err(says(409, &format!("{first}. {rest}")));
        }
        self.note_deed(format!("rm {}", container.spec.name));
        if up {
            self.end(at, "9", 137);
        }
        self.happens(at, "destroy", &[]);
        self.containers.remove(at);
        Ok(Reply::Empty(204))
    }

    /// A name that a container may be given.
    fn free(&self, name: &str) -> Result<(), Reply> {
        let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if name.is_empty() || name.len() > 200 || !name.bytes().all(fine) {
            let only = "only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed";
            return Err(says(400, &format!("Invalid container name ({name}), {only}")));
        }
        if self.containers.iter().any(|one| one.spec.name == name) {
            return Err(says(409, &format!("Conflict. The container name \"/{name}\" {IN_USE}")));
        }
        Ok(())
    }

    pub(super) fn rename(&mut self, id: &str, name: &str) -> Result<Reply, Reply> {
        let at = self.at(id)?;
        self.free(name)?;
        if let Some(container) = self.containers.get_mut(at) {
            name.clone_into(&mut container.spec.name);
        }
        self.happens(at, "rename", &[]);
        Ok(Reply::Empty(204))
    }

    /// A new container. What it does when it runs is what its service does; one of no service sleeps.
    pub(super) fn create(&mut self, name: Option<String>, body: &Value) -> Result<Reply, Reply> {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or("").to_owned();
        let image = text("/Image");
        let at = self.image_called(&image)?;
        let image_id = self.images.get(at).map(|image| image.id.clone()).unwrap_or_default();
        if self.containers.len() >= MOST_CONTAINERS || body.to_string().len() > 64 << 10 {
            return Err(says(500, "no space left on device"));
        }
        let name = name.unwrap_or_else(|| format!("happy_{}", self.dice.letters(6)));
        self.free(&name)?;
        let label = |name: &str| text(&format!("/Labels/com.docker.compose.{name}"));
        let (project, service) = (label("project"), label("service"));
        let same = |one: &&Container| {
            !service.is_empty() && one.spec.project == project && one.spec.service == service
        };
        let like = self.containers.iter().rev().find(same);
        let well = |one: &&Container| one.heals != Heals::OtherImage || one.spec.image == image;
        let sick = like.filter(well).map(|one| (one.behaviour.clone(), one.heals.clone()));
        let is_own = like.is_none();
        let own = || Spec { every: CHECK_EVERY, memory: 4 << 20, ..Spec::default() };
        let before = like.map_or_else(own, |one| one.spec.clone());
        let (mut behaviour, heals) = sick.unwrap_or_default();
        let labels = body.pointer("/Labels").and_then(Value::as_object).into_iter().flatten();
        let pair = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
        let bind = |text: String| {
            let (from, to) = text.split_once(':')?;
            let (to, way) = to.split_once(':').unwrap_or((to, "rw"));
            Some((from.to_owned(), to.to_owned(), way != "ro"))
        };
        let binds = words(body, "/HostConfig/Binds").into_iter().filter_map(bind);
        let number = |pointer: &str| body.pointer(pointer).and_then(Value::as_u64);
        let said = |text: String, before: String| if text.is_empty() { before } else { text };
        let command = Some(words(body, "/Cmd")).filter(|command| !command.is_empty());
        let mut spec = Spec {
            name,
            image,
            project,
            needs: said(label("depends_on"), before.needs),
            service,
            labels: labels.filter_map(pair).collect(),
            mounts: before.mounts.into_iter().chain(binds).collect(),
            command: command.unwrap_or(before.command),
            env: words(body, "/Env"),
            tty: body.pointer("/Tty").and_then(Value::as_bool).unwrap_or(false),
            grace: number("/StopTimeout"),
            policy: said(text("/HostConfig/RestartPolicy/Name"), "no".into()),
            memory_limit: number("/HostConfig/Memory").unwrap_or(0),
            ..before
        };
        if is_own {
            spec.check = words(body, "/Healthcheck/Test");
            let every = body.pointer("/Healthcheck/Interval").and_then(Value::as_f64);
            spec.every = every.map_or(spec.every, |nanos| nanos / 1e9);
            behaviour = super::script::follow(&mut spec).unwrap_or(behaviour);
        }
        self.note_deed(format!("create {}", spec.name));
        let id = self.hex();
        let mut container = Container::new(spec, id.clone(), image_id, self.now);
        (container.behaviour, container.heals) = (behaviour, heals);
        self.containers.push(container);
        self.happens(self.containers.len() - 1, "create", &[]);
        Ok(Reply::Json(201, json!({ "Id": id, "Warnings": [] })))
    }

    pub(super) fn prune_containers(&mut self) -> Reply {
        let over = |one: &&Container| matches!(one.state, State::Exited | State::Created);
        let over: Vec<String> = self.containers.iter().filter(over).map(|one| one.id.clone()).collect();
        for id in &over {
            let _ = self.remove(id, false);
        }
        Reply::Json(200, json!({ "ContainersDeleted": over, "SpaceReclaimed": 12_288 * over.len() }))
    }

    pub(super) fn prepare(&mut self, id: &str, body: &Value) -> Result<Reply, Reply> {
        let one = self.one(id)?;
        let (container, name) = (one.id.clone(), one.spec.name.clone());
        match one.state {
            State::Running => {}
            State::Paused => {
                return Err(says(
                    409,
                    &format!("Container {id} is paused, unpause the container before exec"),
                ));
            }
            _ => return Err(says(409, &format!("Container {container} is not running"))),
        }
        let command = words(body, "/Cmd");
        if command.is_empty() {
            return Err(says(400, "No exec command specified"));
        }
        self.note_deed(format!("exec {name} {}", command.join(" ").chars().take(200).collect::<String>()));
        let tty = body.get("Tty").and_then(Value::as_bool).unwrap_or(false);
        let id = self.hex();
        self.runs.push_back(Run { id: id.clone(), container, command, tty, running: false, code: None });
        if self.runs.len() > MOST_RUNS {
            self.runs.pop_front();
        }
        Ok(Reply::Json(201, json!({ "Id": id })))
    }

    pub(super) fn begin(&mut self, id: &str, body: &Value) -> Result<Reply, Reply> {
        let run = self.run(id)?;
        if run.running || run.code.is_some() {
            return Err(says(409, &format!("Error: Exec command {id} is already running")));
        }
        let begins = Begins {
            id: run.id.clone(),
            container: self.one(&run.container)?.spec.name.clone(),
            command: run.command.clone(),
            tty: run.tty,
            detached: body.get("Detach").and_then(Value::as_bool).unwrap_or(false),
        };
        self.runs.iter_mut().filter(|run| run.id == id).for_each(|run| run.running = true);
        Ok(Reply::Begins(begins))
    }

    pub(super) fn ended(&mut self, id: &str, code: i64) {
        let ended = self.runs.iter_mut().filter(|run| run.id == id);
        ended.for_each(|run| (run.running, run.code) = (false, Some(code)));
    }

    /// Whether a run goes on: its container may have ended under it.
    pub(super) fn goes_on(&self, id: &str) -> bool {
        self.run(id).is_ok_and(|run| run.running && self.one(&run.container).is_ok_and(Container::is_up))
    }
}
