//! What looks into containers and what changes them.
use std::io::Write;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::super::Io;
use super::super::curl::flags::Given;
use super::Fault;
use super::engine::{Engine, escaped, pour};
use super::list::{filters, text};
use super::template::Template;
use super::units::{decimal, moment};

pub async fn run(verb: &str, engine: &Engine, given: &Given, io: &mut Io) -> Result<(), Fault> {
    let name = given.words.first().map_or("", String::as_str);
    match verb {
        "inspect" => inspect(engine, given, io).await,
        "logs" => logs(engine, name, given, "", io).await,
        "exec" => exec(engine, given, io).await,
        "container prune" | "image prune" | "system prune" => prune(verb, engine, given, io).await,
        _ => orders(verb, engine, given, io).await,
    }
}

async fn inspect(engine: &Engine, given: &Given, io: &mut Io) -> Result<(), Fault> {
    let kinds = [("container", "containers"), ("image", "images")];
    let wanted = given.value("--type");
    if let Some(sort) = wanted.filter(|wanted| kinds.iter().all(|(kind, _)| kind != wanted)) {
        return Err(Fault::new(1, format!("the built-in docker inspects no {sort}")));
    }
    let format = given.value("--format").map(Template::read).transpose();
    let format = format.map_err(|why| Fault::new(64, format!("template parsing error: {why}")))?;
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    for name in &given.words {
        let mut fault = None;
        for (kind, path) in kinds {
            if wanted.is_some_and(|wanted| wanted != kind) {
                continue;
            }
            match engine.get(&format!("/{path}/{}/json", escaped(name))).await {
                Ok(value) => {
                    found.push(value);
                    fault = None;
                    break;
                }
                Err(error) if error.status == 404 => {
                    let says = format!("Error: No such object: {name}");
                    fault = Some(if wanted.is_some() { error.says } else { says });
                }
                Err(error) => return Err(error),
            }
        }
        wrong.extend(fault);
    }
    if let Some(format) = format {
        for value in &found {
            let line = format
                .filled(value)
                .map_err(|why| Fault::new(1, format!("template parsing error: {why}")))?;
            let _ = writeln!(io.stdout, "{line}");
        }
    } else {
        let mut out = Vec::new();
        let indent = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        let _ = found.serialize(&mut serde_json::Serializer::with_formatter(&mut out, indent));
        out.push(b'\n');
        let _ = io.stdout.write_all(&out);
    }
    if wrong.is_empty() { Ok(()) } else { Err(Fault::new(1, wrong.join("\n"))) }
}

/// With something in front of each line, where several containers speak.
pub async fn logs(
    engine: &Engine,
    name: &str,
    given: &Given,
    prefix: &str,
    io: &mut Io,
) -> Result<(), Fault> {
    let about = engine.get(&format!("/containers/{}/json", escaped(name))).await?;
    let plain = about.pointer("/Config/Tty") == Some(&Value::Bool(true));
    let mut path = format!("/containers/{}/logs?stdout=1&stderr=1", escaped(name));
    for (option, word) in [("--follow", "&follow=1"), ("--timestamps", "&timestamps=1")] {
        path.push_str(if given.has(option) { word } else { "" });
    }
    if let Some(since) = given.value("--since") {
        let wrong = || {
            Fault::new(
                1,
                format!(
                    "invalid value for \"since\": failed to parse value as time or duration: \"{since}\""
                ),
            )
        };
        let since = moment(since, Timestamp::now()).ok_or_else(wrong)?;
        path.extend(["&since=", &since]);
    }
    path.extend(["&tail=", &escaped(given.value("--tail").unwrap_or("all"))]);
    let (_, mut connection) = engine.call("GET", &path, None).await?;
    pour(&mut connection, plain, prefix, io).await
}

async fn exec(engine: &Engine, given: &Given, io: &mut Io) -> Result<(), Fault> {
    let (name, command) = given.words.split_first().unwrap_or((const { &String::new() }, &[]));
    let mut body = json!({ "AttachStdout": true, "AttachStderr": true, "Cmd": command });
    if let (Some(user), Some(body)) = (given.value("--user"), body.as_object_mut()) {
        body.insert("User".to_owned(), Value::from(user));
    }
    let made = engine.json("POST", &format!("/containers/{}/exec", escaped(name)), Some(&body)).await?;
    let id = escaped(text(&made, "/Id"));
    let start = json!({ "Detach": false, "Tty": false });
    let (head, mut connection) = engine.call("POST", &format!("/exec/{id}/start"), Some(&start)).await?;
    if head.code == 101 {
        connection.until_closed();
    }
    pour(&mut connection, false, "", io).await?;
    let ended = engine.get(&format!("/exec/{id}/json")).await?;
    match ended.get("ExitCode").and_then(Value::as_u64).map(|code| u8::try_from(code).unwrap_or(255)) {
        Some(0) => Ok(()),
        Some(code) => Err(Fault::code(code)),
        None => Err(Fault::new(1, "the connection ended before the command did")),
    }
}

/// One order to one container.
pub async fn order(verb: &str, engine: &Engine, name: &str, given: &Given) -> Result<(), Fault> {
    let name = escaped(name);
    let mut path = format!("/containers/{name}/{verb}?");
    for (option, field) in [("--time", "t"), ("--signal", "signal"), ("--timeout", "t")] {
        if let Some(value) = given.value(option) {
            path.extend(["&", field, "=", &escaped(value)]);
        }
    }
    engine.text("POST", path.trim_end_matches('?'), None).await.map(drop)
}

async fn orders(verb: &str, engine: &Engine, given: &Given, io: &mut Io) -> Result<(), Fault> {
    let mut wrong = Vec::new();
    let mut failed = Vec::new();
    for name in &given.words {
        match order(verb, engine, name, given).await {
            Ok(()) => drop(writeln!(io.stdout, "{name}")),
            Err(fault) if fault.status == 0 => return Err(fault),
            Err(fault) => {
                wrong.push(fault.says);
                failed.push(name.as_str());
            }
        }
    }
    if verb == "start" && !failed.is_empty() {
        wrong.push(format!("Error: failed to start containers: {}", failed.join(", ")));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Fault::new(1, wrong.join("\n"))) }
}

async fn prune(verb: &str, engine: &Engine, given: &Given, io: &mut Io) -> Result<(), Fault> {
    if !given.has("--force") {
        return Err(Fault::new(
            1,
            format!("the built-in docker asks no question: `docker {verb}` needs --force"),
        ));
    }
    let plain = filters(given.values("--filter"))?;
    let loose = format!("dangling={}", !given.has("--all"));
    let images = filters(given.values("--filter").chain([loose.as_str()]))?;
    let mut free = 0.0;
    let parts = [
        ("containers", &plain, "ContainersDeleted", "Deleted Containers:"),
        ("networks", &plain, "NetworksDeleted", "Deleted Networks:"),
        ("images", &images, "ImagesDeleted", "Deleted Images:"),
        ("build", &plain, "CachesDeleted", "Deleted build cache objects:"),
    ];
    for (kind, filters, field, head) in parts {
        if verb != "system prune" && !verb.starts_with(kind.trim_end_matches('s')) {
            continue;
        }
        let done = engine.json("POST", &format!("/{kind}/prune?filters={filters}"), None).await?;
        free += super::list::number(&done, "/SpaceReclaimed");
        let gone = done.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
        let line = |one: &Value| match (one.as_str(), one.get("Untagged"), one.get("Deleted")) {
            (Some(id), ..) => id.to_owned(),
            (_, Some(name), _) => format!("untagged: {}", name.as_str().unwrap_or_default()),
            (_, _, Some(id)) => format!("deleted: {}", id.as_str().unwrap_or_default()),
            _ => String::new(),
        };
        if !gone.is_empty() {
            let lines: Vec<String> = gone.iter().map(line).collect();
            let _ = writeln!(io.stdout, "{head}\n{}\n", lines.join("\n"));
        }
    }
    let _ = writeln!(io.stdout, "Total reclaimed space: {}", decimal(free, 4));
    Ok(())
}
