//! Containers, images and volumes of docker and podman.
use super::answer::columns;
use super::{Answer, At, Reading, Undo, compose, context, files};

const LINE: &str = "{{.Name}}  {{.State.Status}}  {{.Config.Image}}  {{.RestartCount}}  {{.HostConfig.RestartPolicy.Name}}  {{.HostConfig.AutoRemove}}";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    Containers {
        verb: String,
        undo: Option<String>,
    },
    /// Lines of `docker ps`; what they are.
    Listed {
        what: &'static str,
        gone: bool,
    },
    /// `docker-compose ps`, whichever its version.
    Services {
        what: &'static str,
        gone: bool,
    },
    Space,
    /// `docker service inspect`.
    Service {
        new: Vec<(String, String)>,
        undo: Option<String>,
    },
}

impl Sort {
    pub(super) fn what(&self) -> &'static str {
        match self {
            Sort::Containers { .. } => "the containers",
            Sort::Listed { what, .. } | Sort::Services { what, .. } => what,
            Sort::Space => "what takes space",
            Sort::Service { .. } => "the service",
        }
    }
}

fn docker(sort: Sort) -> super::Sort {
    super::Sort::Docker(sort)
}

pub(super) fn look(at: &mut At<'_>) {
    // Options in front of the verb alone belong to the engine.
    let engine: String = engine(at);
    let management = usize::from(at.args.operand(0) == "container");
    let verb = at.args.operand(management).to_owned();
    let object = at.args.operand(1).to_owned();
    match (verb.as_str(), object.as_str()) {
        ("compose", _) => compose::look(at),
        (_, "prune") => prune(at, &engine),
        ("stop" | "restart" | "rm" | "kill" | "start" | "pause" | "unpause" | "update" | "rename", _) => {
            containers(at, &engine, &verb, management + 1);
        }
        ("rmi", _) => listed(
            at,
            &format!(
                "{engine} images --format '{{{{.ID}}}}  {{{{.Repository}}}}:{{{{.Tag}}}}  {{{{.Size}}}}'"
            ),
            1,
            "image inspect --format '{{.Id}}  {{.RepoTags}}  {{.Size}}'",
            &engine,
            "the images",
        ),
        ("volume", "rm" | "remove") => listed(
            at,
            "",
            2,
            "volume inspect --format '{{.Name}}  {{.Driver}}  {{.Mountpoint}}'",
            &engine,
            "the volumes",
        ),
        ("network", "rm" | "remove" | "disconnect") => listed(
            at,
            "",
            2,
            "network inspect --format '{{.Name}}  {{len .Containers}} containers'",
            &engine,
            "the networks",
        ),
        ("image", "rm" | "remove") => listed(
            at,
            "",
            2,
            "image inspect --format '{{.Id}}  {{.RepoTags}}  {{.Size}}'",
            &engine,
            "the images",
        ),
        ("cp", _) => copy(at, &engine),
        ("context", "use") => context::look(at),
        ("service", "update" | "scale" | "rollback" | "rm" | "remove") => service(at, &engine, &object),
        _ => at.unlooked(),
    }
}

/// The tool with the options that stand in front of its verb.
pub(super) fn engine(at: &At<'_>) -> String {
    let first = at.operands.first().copied().unwrap_or(at.found.words.len());
    let words = at.found.words.get(..first).unwrap_or_default();
    words.iter().map(|word| word.source.as_str()).collect::<Vec<_>>().join(" ")
}

fn containers(at: &mut At<'_>, engine: &str, verb: &str, from: usize) {
    let names = at.sources(from);
    if names.is_empty() {
        return at.unlooked();
    }
    let undo = match verb {
        "stop" | "kill" => at.inverse(&format!("{engine} start{names}")),
        "pause" => at.inverse(&format!("{engine} unpause{names}")),
        "start" => at.inverse(&format!("{engine} stop{names}")),
        _ => None,
    };
    let format = crate::domain::text::quoted(LINE);
    let ask = format!("{engine} inspect --type container --format {format}{names}");
    at.ask(&ask, docker(Sort::Containers { verb: verb.to_owned(), undo }));
    if verb == "rm" && at.has("-v --volumes") {
        at.drops("the anonymous volumes of the containers");
    }
    if verb == "restart" {
        at.undo("a restart cannot be taken back");
    }
    if verb == "rename" || verb == "update" {
        at.undo("set it back to what it is now");
    }
    for name in at.objects(from).iter().filter(|arg| !arg.source.is_empty() && !arg.splits).take(4) {
        at.evidence(&format!("{engine} logs --tail 200 {}", name.source));
        at.evidence(&format!("{engine} inspect {}", name.source));
    }
}

fn listed(at: &mut At<'_>, all: &str, from: usize, verb: &str, engine: &str, what: &'static str) {
    let names = at.sources(from);
    let ask = if names.is_empty() { all.to_owned() } else { format!("{engine} {verb}{names}") };
    if ask.is_empty() {
        return at.unlooked();
    }
    at.ask(&ask, docker(Sort::Listed { what, gone: true }));
    at.undo("an image can be fetched again; the data of a volume is gone");
}

fn prune(at: &mut At<'_>, engine: &str) {
    let all = at.has("-a --all");
    let stopped = format!(
        "{engine} ps -a --filter status=exited --filter status=created --filter status=dead --format '{{{{.Names}}}}  {{{{.Status}}}}  {{{{.Image}}}}'"
    );
    let images = if all {
        at.unknown("which images no container uses is not compared: `-a` takes all of them");
        format!("{engine} images --format '{{{{.Repository}}}}:{{{{.Tag}}}}  {{{{.ID}}}}  {{{{.Size}}}}'")
    } else {
        format!(
            "{engine} images --filter dangling=true --format '{{{{.ID}}}}  {{{{.CreatedSince}}}}  {{{{.Size}}}}'"
        )
    };
    let volumes =
        format!("{engine} volume ls --filter dangling=true --format '{{{{.Name}}}}  {{{{.Driver}}}}'");
    let kind = at.args.operand(0).to_owned();
    let mut add = |ask: &str, what: &'static str, gone: bool| {
        at.ask(ask, docker(Sort::Listed { what, gone }));
    };
    match kind.as_str() {
        "system" => {
            add(&stopped, "stopped containers", true);
            add(&images, "images", !all);
        }
        "container" => add(&stopped, "stopped containers", true),
        "image" => add(&images, "images", !all),
        "volume" => add(&volumes, "volumes that no container uses", true),
        _ => {}
    }
    if kind == "system" && at.has("--volumes") {
        at.ask(&volumes, docker(Sort::Listed { what: "volumes that no container uses", gone: true }));
    }
    if at.args.get("--filter").is_some() {
        at.unknown("its filter is not applied: what is listed is all that it could take");
    }
    at.ask(&format!("{engine} system df"), docker(Sort::Space));
    at.undo("images can be fetched again; what containers and volumes held is gone");
}

fn copy(at: &mut At<'_>, engine: &str) {
    let objects = at.objects(1);
    let target = objects.get(1).map(|arg| arg.text.as_str()).unwrap_or_default();
    let Some((container, path)) = target.split_once(':') else { return at.unlooked() };
    match (at.quote(container), at.quote(path)) {
        (Some(container), Some(path)) => {
            let sort = files::Sort::Listed { doing: files::Doing::Overwrite };
            at.ask(&format!("{engine} exec {container} ls -ld {path}"), super::Sort::Files(sort));
        }
        _ => at.unlooked(),
    }
}

fn service(at: &mut At<'_>, engine: &str, verb: &str) {
    let format = "'{{.Spec.Name}}  {{if .Spec.Mode.Replicated}}{{.Spec.Mode.Replicated.Replicas}}{{else}}each node{{end}}  {{.Spec.TaskTemplate.ContainerSpec.Image}}'";
    let mut new = Vec::new();
    let mut names = String::new();
    for arg in at.objects(2) {
        match arg.text.split_once('=').filter(|_| verb == "scale") {
            Some((name, count)) => {
                new.push(("replicas".to_owned(), count.to_owned()));
                names.push_str(&at.quote(name).map(|name| format!(" {name}")).unwrap_or_default());
            }
            None => names.push_str(&super::at::spaced(&[arg])),
        }
    }
    for (option, what) in [("--replicas", "replicas"), ("--image", "image")] {
        if let Some(value) = at.value(option) {
            new.push((what.to_owned(), value.to_owned()));
        }
    }
    let single = at.objects(2).len() == 1;
    let undo = match verb {
        "scale" | "update" if single => at.inverse(&format!("{engine} service update")),
        _ => None,
    };
    let ask = format!("{engine} service inspect --format {format}{names}");
    at.ask(&ask, docker(Sort::Service { new, undo }));
    if verb == "update" {
        at.undo("roll the service back: docker service rollback");
    }
}

pub(super) fn read(sort: &Sort, answer: &Answer, reading: &mut Reading) {
    match sort {
        Sort::Containers { verb, undo } => containers_read(verb, undo.as_deref(), answer, reading),
        Sort::Listed { what, gone } => {
            if answer.failed(what, reading) {
                return;
            }
            let mut any = false;
            for row in answer.rows() {
                any = true;
                let words = format!("{what}: {}", columns(row).join(", "));
                if *gone {
                    reading.drop(words.clone());
                }
                reading.hit(words);
            }
            if !any {
                reading.zero(format!("there are no {}", what.trim_start_matches("the ")));
            }
        }
        Sort::Services { what, gone } => services(what, *gone, answer, reading),
        Sort::Space => {
            if answer.failed("what takes space", reading) {
                return;
            }
            for row in answer.rows().skip(1).take(6) {
                let cells = columns(row);
                if let [kind, .., free] = cells.as_slice() {
                    reading.hit(format!("{kind}: {free} could be freed"));
                }
            }
        }
        Sort::Service { new, undo } => service_read(new, undo.as_deref(), answer, reading),
    }
}

fn containers_read(verb: &str, undo: Option<&str>, answer: &Answer, reading: &mut Reading) {
    let what = "the containers";
    let missing = answer.err.lines().find(|line| line.to_lowercase().contains("no such"));
    if missing.is_none() && answer.failed(what, reading) {
        return;
    }
    let mut any = false;
    for row in answer.rows() {
        let cells = columns(row);
        let [name, state, image, restarts, rest @ ..] = cells.as_slice() else {
            reading.unknown("a container's line cannot be read");
            continue;
        };
        any = true;
        let name = name.trim_start_matches('/');
        reading.hit(format!("container {name} ({state}, {image}, restarted {restarts} times)"));
        let policy = rest.first().copied().unwrap_or_default();
        match verb {
            "rm" => {
                reading.drop(format!("container {name}, what it wrote outside its volumes, and its logs"));
                reading.undo(Undo::Words("make it anew from its image".to_owned()));
            }
            "stop" | "kill" | "pause" => {
                reading.drop(format!("what {name} serves, until it is started again"));
            }
            _ => {}
        }
        // A kill is taken back by the policy, a stop is not.
        if verb == "kill" && matches!(policy, "always" | "on-failure" | "unless-stopped") {
            reading.undone_by(format!("the restart policy of {name} ({policy})"));
        }
        if matches!(verb, "stop" | "kill") && rest.get(1) == Some(&"true") {
            reading.drop(format!("container {name}: it is deleted when it ends"));
        }
    }
    if let Some(line) = missing {
        if any { reading.hit(format!("not there: {line}")) } else { reading.zero(line) }
    }
    if let (Some(undo), true) = (undo, any) {
        reading.undo(Undo::Command(undo.to_owned()));
    }
}

fn services(what: &str, gone: bool, answer: &Answer, reading: &mut Reading) {
    if answer.failed(what, reading) {
        return;
    }
    let mut any = false;
    for row in answer.rows() {
        let cells = columns(row);
        let Some(name) = cells.first() else { continue };
        let head = name.eq_ignore_ascii_case("name") || name.chars().all(|sign| sign == '-');
        if head {
            continue;
        }
        any = true;
        let states = ["Up", "Exit", "running", "exited", "Restarting", "Paused", "Created", "Dead"];
        let state = cells.iter().skip(1).find(|cell| states.iter().any(|state| cell.starts_with(state)));
        let state = state.map(|state| format!(" ({state})")).unwrap_or_default();
        let words = format!("container {name}{state}");
        if gone {
            reading.drop(words.clone());
        }
        reading.hit(words);
    }
    if !any {
        reading.zero("no container of the project is there");
    }
}

fn service_read(new: &[(String, String)], undo: Option<&str>, answer: &Answer, reading: &mut Reading) {
    if answer.failed("the service", reading) {
        return;
    }
    for row in answer.rows() {
        let [name, replicas, image] = columns(row)[..] else { continue };
        reading.hit(format!("service {name}: {replicas} replicas of {image}"));
        for (what, value) in new {
            let old = if what == "image" { image } else { replicas };
            reading.set(&format!("service {name} {what}"), old, value);
            if let Some(undo) = undo {
                let old = crate::domain::text::quoted(old);
                let name = crate::domain::text::quoted(name);
                reading.undo(Undo::Command(format!("{undo} --{what} {old} {name}")));
            }
        }
    }
}
