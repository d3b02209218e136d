//! `docker compose`: services of a project whose containers the engine has, by the labels that Compose gives them.
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::super::Io;
use super::super::curl::flags::{self, Given};
use super::engine::{Engine, escaped};
use super::file::File;
use super::list::{HEADS, container, number, short, text};
use super::template::{columns, listed};
use super::units::decimal;
use super::{Fault, act, wrongly};

const GLOBAL: &str = "-f|--file= -p|--project-name= --env-file=";
const VERBS: [(&str, &str); 9] = [
    ("ls", "-a|--all -q|--quiet"),
    ("ps", "-a|--all -q|--quiet --format="),
    ("logs", "-n|--tail= --since= -t|--timestamps --no-color --no-log-prefix"),
    ("config", "-q|--quiet --services"),
    ("images", ""),
    ("up", "-d|--detach --no-deps --force-recreate"),
    ("start", ""),
    ("stop", "-t|--timeout="),
    ("restart", "-t|--timeout= --no-deps"),
];
const USUAL: &str =
    "table {{.Name}}\t{{.Image}}\t{{.Command}}\t{{.Service}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}";

fn label<'a>(one: &'a Value, name: &str) -> &'a str {
    let labels = one.get("Labels").and_then(Value::as_object);
    labels.and_then(|all| all.get(&format!("com.docker.compose.{name}"))?.as_str()).unwrap_or_default()
}

fn name(one: &Value) -> &str {
    text(one, "/Names/0").trim_start_matches('/')
}

fn lives(one: &Value) -> bool {
    matches!(text(one, "/State"), "running" | "paused" | "restarting")
}

struct Project {
    name: String,
    file: File,
    /// By their names.
    containers: Vec<Value>,
}

fn options(verb: &str, args: &[String], table: &'static str, mixed: bool) -> Result<Given, Fault> {
    flags::read(args, table, mixed).map_err(|wrong| {
        let verb = if verb.is_empty() { String::new() } else { format!(" {verb}") };
        let more = format!("Run 'docker compose{verb} --help' for more information");
        Fault::new(16, format!("{}\n\n{more}", wrongly(&wrong)))
    })
}

pub async fn run(engine: &Engine, args: &[String], io: &mut Io) -> Result<(), Fault> {
    let global = options("", args, GLOBAL, false)?;
    let Some((verb, rest)) = global.words.split_first() else {
        return Err(Fault::new(1, "Usage:  docker compose [OPTIONS] COMMAND"));
    };
    let Some((verb, table)) = VERBS.iter().find(|(name, _)| name == verb) else {
        return Err(Fault::new(1, format!("docker: the built-in docker has no `docker compose {verb}`")));
    };
    let given = options(verb, rest, table, true)?;
    if let Some(twice) = ["--file", "--env-file"].into_iter().find(|name| global.values(name).count() > 1) {
        return Err(Fault::new(1, format!("docker: the built-in docker takes only one {twice}")));
    }
    if *verb == "ls" {
        return projects(engine, &given, io).await;
    }
    let project = Project::find(engine, &global).await?;
    match *verb {
        "config" => project.config(&given, io),
        "ps" => project.ps(&given, io),
        "images" => project.images(engine, &given, io).await,
        "logs" => project.logs(engine, &given, io).await,
        "up" => project.up(engine, &given, io).await,
        verb => {
            for one in project.chosen(&given)? {
                if verb == "start" && lives(one) || verb == "stop" && !lives(one) {
                    continue;
                }
                order(verb, engine, one, &given, io).await?;
            }
            Ok(())
        }
    }
}

fn say(one: &str, what: &str, io: &mut Io) {
    let _ = writeln!(io.stderr, " Container {one}  {what}");
}

async fn order(verb: &str, engine: &Engine, one: &Value, given: &Given, io: &mut Io) -> Result<(), Fault> {
    let (begins, ended) = match verb {
        "start" => ("Starting", "Started"),
        "stop" => ("Stopping", "Stopped"),
        _ => ("Restarting", "Started"),
    };
    say(name(one), begins, io);
    act::order(verb, engine, text(one, "/Id"), given).await?;
    say(name(one), ended, io);
    Ok(())
}

async fn projects(engine: &Engine, given: &Given, io: &mut Io) -> Result<(), Fault> {
    let all = engine.list("/containers/json?all=1").await?;
    let mut found: BTreeMap<&str, (BTreeMap<&str, usize>, &str)> = BTreeMap::new();
    for one in all.iter().filter(|one| !label(one, "project").is_empty()) {
        let entry = found.entry(label(one, "project")).or_default();
        *entry.0.entry(text(one, "/State")).or_default() += 1;
        entry.1 =
            Some(label(one, "project.config_files")).filter(|files| !files.is_empty()).unwrap_or(entry.1);
    }
    let mut rows = vec![["NAME", "STATUS", "CONFIG FILES"].map(str::to_owned).to_vec()];
    for (name, (states, files)) in found {
        if given.has("--all") || states.contains_key("running") {
            let states: Vec<String> =
                states.iter().map(|(state, count)| format!("{state}({count})")).collect();
            rows.push(vec![name.to_owned(), states.join(", "), files.to_owned()]);
        }
    }
    let out = if given.has("--quiet") {
        rows.iter().skip(1).filter_map(|row| row.first()).flat_map(|name| [name, "\n"]).collect()
    } else {
        columns(&rows, 20)
    };
    let _ = write!(io.stdout, "{out}");
    Ok(())
}

impl Project {
    async fn find(engine: &Engine, global: &Given) -> Result<Project, Fault> {
        let file = File::read(global.value("--file"), global.value("--env-file"));
        let said = global.value("--project-name").map(str::to_owned);
        let file = match (file, &said) {
            (Err(fault), Some(_)) if fault.code == 14 => File::default(),
            (file, _) => file?,
        };
        let all = engine.list("/containers/json?all=1").await?;
        // A project whose file is not on this box is known by the file's name, which its containers bear.
        let bears = |one: &&Value| {
            let files = label(one, "project.config_files").split(',');
            files.map(Path::new).any(|path| path.file_name() == file.path.file_name())
        };
        let borne = || all.iter().find(bears).map(|one| label(one, "project").to_owned());
        let own = || file.variable("COMPOSE_PROJECT_NAME").or_else(|| file.project());
        let name = said.or_else(|| if file.model.is_some() { own() } else { borne() });
        let name = name.ok_or_else(|| file.missing())?;
        let mut containers: Vec<Value> =
            all.iter().filter(|one| label(one, "project") == name).cloned().collect();
        containers.sort_by_key(|one| self::name(one).to_owned());
        Ok(Project { name, file, containers })
    }

    fn services(&self) -> Vec<String> {
        let mut all = self.file.keys("services");
        if all.is_empty() {
            all = self.containers.iter().map(|one| label(one, "service").to_owned()).collect();
            all.sort();
            all.dedup();
        }
        all
    }

    /// The containers of the services that are named, or all.
    fn chosen(&self, given: &Given) -> Result<Vec<&Value>, Fault> {
        let services = self.services();
        let known = |name: &&String| {
            !services.contains(name) && self.containers.iter().all(|one| label(one, "service") != *name)
        };
        if let Some(name) = given.words.iter().find(known) {
            return Err(Fault::new(1, format!("no such service: {name}")));
        }
        let wanted = |one: &&Value| {
            given.words.is_empty() || given.words.iter().any(|name| label(one, "service") == name)
        };
        Ok(self.containers.iter().filter(wanted).collect())
    }

    fn config(&self, given: &Given, io: &mut Io) -> Result<(), Fault> {
        self.file.images()?;
        if self.file.model.is_none() && given.has("--quiet") {
            return Err(self.file.missing());
        }
        let lines = match (given.has("--services"), given.has("--quiet")) {
            (true, _) => self.services(),
            (_, true) => Vec::new(),
            _ => {
                let says = "docker: the built-in docker has `compose config` only with --quiet or --services";
                return Err(Fault::new(1, says));
            }
        };
        for line in lines {
            let _ = writeln!(io.stdout, "{line}");
        }
        Ok(())
    }

    fn ps(&self, given: &Given, io: &mut Io) -> Result<(), Fault> {
        let shown = self.chosen(given)?.into_iter().filter(|one| given.has("--all") || lives(one));
        let row = |one: &Value| {
            let mut row = container(one, false);
            let status = text(one, "/Status").to_owned();
            let inside =
                status.split_once('(').and_then(|(front, rest)| Some((front, rest.split_once(')')?.0)));
            let health = inside.filter(|(front, _)| front.starts_with("Up")).map_or("", |(_, health)| health);
            let code = inside
                .filter(|(front, _)| !front.starts_with("Up"))
                .and_then(|(_, code)| code.parse::<u8>().ok());
            let more = json!({
                "Name": name(one),
                "Service": label(one, "service"),
                "Project": self.name,
                "Health": health.trim_start_matches("health: "),
                "ExitCode": code.unwrap_or(0),
                "Publishers": one.get("Ports").cloned().unwrap_or(json!([])),
            });
            if let (Some(row), Value::Object(more)) = (row.as_object_mut(), more) {
                row.extend(more);
            }
            row
        };
        let rows: Vec<Value> = shown.map(row).collect();
        let mut heads = HEADS.to_vec();
        heads.extend([("Name", "NAME"), ("Service", "SERVICE"), ("Project", "PROJECT")]);
        let ids = if given.has("--quiet") { Some("{{.ID}}") } else { None };
        let out = listed(&rows, ids.or(given.value("--format")), USUAL, &heads);
        let _ = write!(io.stdout, "{}", out.map_err(|why| Fault::new(1, why))?);
        Ok(())
    }

    async fn images(&self, engine: &Engine, given: &Given, io: &mut Io) -> Result<(), Fault> {
        let mut rows =
            vec![["CONTAINER", "REPOSITORY", "TAG", "IMAGE ID", "SIZE"].map(str::to_owned).to_vec()];
        for one in self.chosen(given)? {
            let image = engine.get(&format!("/images/{}/json", escaped(text(one, "/ImageID")))).await?;
            let (repository, tag) =
                text(one, "/Image").rsplit_once(':').unwrap_or((text(one, "/Image"), "latest"));
            let size = decimal(number(&image, "/Size"), 3);
            let cells = [name(one), repository, tag, &short(text(one, "/ImageID")), &size];
            rows.push(cells.map(str::to_owned).to_vec());
        }
        let _ = write!(io.stdout, "{}", columns(&rows, 20));
        Ok(())
    }

    async fn logs(&self, engine: &Engine, given: &Given, io: &mut Io) -> Result<(), Fault> {
        let chosen = self.chosen(given)?;
        let shown = |one: &Value| {
            let usual = format!("{}-{}-{}", self.name, label(one, "service"), label(one, "container-number"));
            let name = name(one);
            if name == usual {
                name.chars().skip(self.name.chars().count() + 1).collect()
            } else {
                name.to_owned()
            }
        };
        let width = chosen.iter().map(|one| shown(one).len()).max().unwrap_or(0);
        for one in &chosen {
            let prefix = format!("{:<width$}  | ", shown(one));
            let prefix = if given.has("--no-log-prefix") { "" } else { &prefix };
            act::logs(engine, text(one, "/Id"), given, prefix, io).await?;
        }
        Ok(())
    }

    /// Starts what does not run, and makes anew what is to be another image.
    async fn up(&self, engine: &Engine, given: &Given, io: &mut Io) -> Result<(), Fault> {
        if !given.has("--detach") {
            return Err(Fault::new(1, "docker: the built-in docker has `compose up` only with --detach"));
        }
        let chosen = self.chosen(given)?;
        let services = if given.words.is_empty() { self.services() } else { given.words.clone() };
        let bare = services
            .iter()
            .find(|service| chosen.iter().all(|one| label(one, "service") != service.as_str()));
        if let Some(service) = bare {
            let says = format!(
                "docker: the built-in docker makes no container for a service that has none: {service}"
            );
            return Err(Fault::new(1, says));
        }
        for one in chosen {
            let image = self.file.image(label(one, "service"))?.filter(|image| image != text(one, "/Image"));
            if image.is_some() || given.has("--force-recreate") {
                self.renew(engine, one, image, io).await?;
            } else if lives(one) {
                say(name(one), "Running", io);
            } else {
                order("start", engine, one, given, io).await?;
            }
        }
        Ok(())
    }

    /// A container like the old one, which it takes the place of.
    async fn renew(
        &self,
        engine: &Engine,
        old: &Value,
        image: Option<String>,
        io: &mut Io,
    ) -> Result<(), Fault> {
        let (id, name) = (text(old, "/Id"), name(old));
        let about = engine.get(&format!("/containers/{id}/json")).await?;
        // What stands in a volume without a name would stay behind.
        let mounts = about.get("Mounts").and_then(Value::as_array).into_iter().flatten();
        let loose = |mount: &&Value| {
            let volume = text(mount, "/Name");
            volume.len() == 64 && volume.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        if let Some(mount) = mounts.into_iter().find(loose) {
            let at = text(mount, "/Destination");
            let says = format!("the built-in docker does not carry over the volume at {at}: {name} stays");
            return Err(Fault::new(1, says));
        }
        let mut body = about.get("Config").cloned().unwrap_or(json!({}));
        let networks = about.pointer("/NetworkSettings/Networks").cloned().unwrap_or(json!({}));
        if let Some(body) = body.as_object_mut() {
            body.insert("HostConfig".to_owned(), about.get("HostConfig").cloned().unwrap_or(json!({})));
            let host = text(&about, "/HostConfig/NetworkMode");
            if !matches!(host, "none" | "host") {
                body.insert("NetworkingConfig".to_owned(), json!({ "EndpointsConfig": networks }));
            }
            if let Some(image) = image {
                body.insert("Image".to_owned(), Value::from(image));
            }
            // Its first host name is its own id.
            if body.get("Hostname").and_then(Value::as_str).is_some_and(|host| id.starts_with(host)) {
                body.remove("Hostname");
            }
        }
        say(name, "Recreate", io);
        let none = Given::default();
        let for_now = format!("{}_{name}", short(id));
        let path = format!("/containers/create?name={}", escaped(&for_now));
        let made = engine.json("POST", &path, Some(&body)).await?;
        let new = text(&made, "/Id");
        if lives(old) {
            act::order("stop", engine, id, &none).await?;
        }
        engine.text("DELETE", &format!("/containers/{id}"), None).await?;
        engine.text("POST", &format!("/containers/{new}/rename?name={}", escaped(name)), None).await?;
        say(name, "Recreated", io);
        say(name, "Starting", io);
        act::order("start", engine, new, &none).await?;
        say(name, "Started", io);
        Ok(())
    }
}
