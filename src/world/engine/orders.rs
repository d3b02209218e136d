//! What is done to containers and within them.
use serde_json::{Value, json};

use super::api::{Begins, Reply, says};
use super::container::{Container, Spec, State};
use super::images::is_called;
use super::{Behaviour, Engine, Heals, MOST_CONTAINERS, MOST_GONE, MOST_RUNS, Run};

impl Engine {
    /// Start, stop, restart, kill, pause and unpause.
    pub(super) fn order(&mut self, id: &str, order: &str, signal: Option<String>) -> Result<Reply, Reply> {
        let at = self.at(id)?;
        let container = self.one(id)?;
        let (name, up, state) = (container.spec.name.clone(), container.is_up(), container.state);
        let ends = if container.spec.deaf { ("9", 137) } else { ("15", 0) };
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
                    self.end(at, ends.0, ends.1);
                    self.happens(at, "stop", &[]);
                }
                self.start(at);
                self.happens(at, "restart", &[]);
            }
            "stop" => {
                self.end(at, ends.0, ends.1);
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

    pub(super) fn remove(&mut self, id: &str, force: bool) -> Result<Reply, Reply> {
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

    pub(super) fn rename(&mut self, id: &str, name: &str) -> Result<Reply, Reply> {
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
    pub(super) fn create(&mut self, name: Option<String>, body: &Value) -> Result<Reply, Reply> {
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
        let own = like.is_none();
        let (mut behaviour, heals) = sick.unwrap_or((Behaviour::Ok, Heals::Nothing));
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
        spec.needs = Some(label("depends_on")).filter(|needs| !needs.is_empty()).unwrap_or(spec.needs);
        let binds = words("/HostConfig/Binds");
        let bind = |text: &String| {
            let (from, to) = text.split_once(':')?;
            let (to, way) = to.split_once(':').unwrap_or((to, "rw"));
            Some((from.to_owned(), to.to_owned(), way != "ro"))
        };
        spec.mounts.extend(binds.iter().filter_map(bind));
        spec.grace = body.pointer("/StopTimeout").and_then(Value::as_u64);
        spec.tty = body.pointer("/Tty").and_then(Value::as_bool).unwrap_or(false);
        if own {
            spec.check = words("/Healthcheck/Test");
            spec.every = body
                .pointer("/Healthcheck/Interval")
                .and_then(Value::as_f64)
                .map_or(5.0, |nanos| nanos / 1e9);
            behaviour = super::script::follow(&mut spec).unwrap_or(behaviour);
        }
        self.note_deed(format!("create {}", spec.name));
        let mut container = Container::new(spec, id.clone(), image_id, self.now);
        (container.behaviour, container.heals) = (behaviour, heals);
        self.containers.push(container);
        self.happens(self.containers.len() - 1, "create", &[]);
        Ok(Reply::Json(201, json!({ "Id": id, "Warnings": [] })))
    }

    pub(super) fn prune_containers(&mut self) -> Reply {
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

    pub(super) fn prepare(&mut self, id: &str, body: &Value) -> Result<Reply, Reply> {
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

    pub(super) fn begin(&mut self, id: &str, body: &Value) -> Result<Reply, Reply> {
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
}
