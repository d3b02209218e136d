//! `config`: the kubeconfig itself. Nothing is asked of a server.
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::api::{files, list, text};
use super::print::{Form, write};
use super::table::Table;
use super::{Done, Fault, Kubectl, yaml};

const LISTS: [&str; 3] = ["clusters", "contexts", "users"];

fn read(path: &PathBuf) -> Result<Value, Fault> {
    let text = std::fs::read_to_string(path)?;
    let wrong = |error| Fault::error(format!("error loading config file \"{}\": {error}", path.display()));
    serde_saphyr::from_str::<Value>(&text).map_err(wrong)
}

/// What all files say; the first that names something holds.
fn all(kubectl: &Kubectl<'_>) -> Result<Value, Fault> {
    let mut all = json!({"apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": "",
        "clusters": null, "contexts": null, "users": null});
    for path in files(&kubectl.call).iter().filter(|path| path.exists()) {
        let one = read(path)?;
        let Some(fields) = all.as_object_mut() else { continue };
        for name in LISTS {
            let mut together = fields.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
            for item in list(&one, name) {
                if !together.iter().any(|held| text(held, "/name") == text(item, "/name")) {
                    together.push(item.clone());
                }
            }
            if !together.is_empty() {
                fields.insert(name.to_owned(), together.into());
            }
        }
        if let (Some(current), Some("")) =
            (one.get("current-context"), fields.get("current-context").and_then(Value::as_str))
        {
            fields.insert("current-context".to_owned(), current.clone());
        }
    }
    if let (Some(chosen), Some(fields)) = (kubectl.call.value("context"), all.as_object_mut()) {
        fields.insert("current-context".to_owned(), chosen.into());
    }
    Ok(all)
}

fn entry<'a>(all: &'a Value, list_name: &str, name: &str) -> Option<&'a Value> {
    list(all, list_name).iter().find(|one| text(one, "/name") == name)
}

pub fn config(kubectl: &mut Kubectl<'_>) -> Done {
    let mut all = all(kubectl)?;
    let current = text(&all, "/current-context").to_owned();
    let word = kubectl.call.words.first().cloned();
    match kubectl.call.verb {
        "config view" => {
            if kubectl.call.on("minify") {
                minify(&mut all, &current)?;
            }
            if !kubectl.call.on("raw") {
                hide(&mut all);
            }
            let form = Form::read(Some(kubectl.call.value("output").unwrap_or("yaml")))?;
            write(kubectl, &form, &all)
        }
        "config current-context" if current.is_empty() => Err(Fault::error("current-context is not set")),
        "config current-context" => kubectl.say(&current),
        "config get-contexts" => contexts(kubectl, &all, &current, word.as_deref()),
        "config use-context" => {
            let name = word.unwrap_or_default();
            if entry(&all, "contexts", &name).is_none() {
                return Err(Fault::error(format!("no context exists with the name: \"{name}\"")));
            }
            change(
                kubectl,
                |one| one.get("current-context").is_some(),
                |fields| {
                    fields.insert("current-context".to_owned(), name.clone().into());
                },
            )?;
            kubectl.say(&format!("Switched to context \"{name}\"."))
        }
        _ => set_context(kubectl, &all, if kubectl.call.on("current") { Some(current) } else { word }),
    }
}

fn minify(all: &mut Value, current: &str) -> Done {
    if current.is_empty() {
        return Err(Fault::error("current-context must exist in order to minify"));
    }
    let context = entry(all, "contexts", current).cloned();
    let context = context.ok_or_else(|| Fault::error(format!("cannot locate context {current}")))?;
    for (name, kept) in [
        ("contexts", current),
        ("clusters", text(&context, "/context/cluster")),
        ("users", text(&context, "/context/user")),
    ] {
        if let Some(items) = all.get_mut(name).and_then(Value::as_array_mut) {
            items.retain(|one| text(one, "/name") == kept);
        }
    }
    Ok(())
}

fn hide(all: &mut Value) {
    for (lists, inside) in [("clusters", "cluster"), ("users", "user")] {
        let items = all.get_mut(lists).and_then(Value::as_array_mut).into_iter().flatten();
        for fields in items.filter_map(|one| one.get_mut(inside)?.as_object_mut()) {
            for (name, value) in fields.iter_mut() {
                match name.as_str() {
                    "certificate-authority-data" | "client-certificate-data" | "client-key-data" => {
                        *value = "DATA+OMITTED".into();
                    }
                    "token" | "password" => *value = "REDACTED".into(),
                    _ => {}
                }
            }
        }
    }
}

fn contexts(kubectl: &mut Kubectl<'_>, all: &Value, current: &str, only: Option<&str>) -> Done {
    let mut found: Vec<&Value> = list(all, "contexts").iter().collect();
    found.retain(|one| only.is_none_or(|only| text(one, "/name") == only));
    found.sort_by_key(|one| text(one, "/name"));
    let names = kubectl.call.value("output") == Some("name");
    if names {
        for one in found {
            kubectl.say(text(one, "/name"))?;
        }
        return Ok(());
    }
    let mut table = Table::default();
    if !kubectl.call.on("no-headers") {
        table.head = ["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"].map(str::to_owned).to_vec();
    }
    for one in &found {
        let mark = if text(one, "/name") == current { "*" } else { "" };
        let cells = [
            mark,
            text(one, "/name"),
            text(one, "/context/cluster"),
            text(one, "/context/user"),
            text(one, "/context/namespace"),
        ];
        table.rows.push(cells.map(str::to_owned).to_vec());
    }
    kubectl.io.stdout.write_all(table.take().as_bytes())?;
    match only.filter(|_| found.is_empty()) {
        Some(name) => Err(Fault::error(format!("context {name} not found"))),
        None => Ok(()),
    }
}

fn set_context(kubectl: &mut Kubectl<'_>, all: &Value, name: Option<String>) -> Done {
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| {
        Fault::error(if kubectl.call.on("current") {
            "no current context is set"
        } else {
            "you must specify a non-empty context name or --current"
        })
    })?;
    let known = entry(all, "contexts", &name).is_some();
    let mut given = Map::new();
    for option in ["cluster", "user", "namespace"] {
        if let Some(value) = kubectl.call.value(option) {
            given.insert(option.to_owned(), value.into());
        }
    }
    change(
        kubectl,
        |one| entry(one, "contexts", &name).is_some(),
        |fields| {
            let contexts = fields.entry("contexts").or_insert_with(|| json!([]));
            let Some(contexts) = contexts.as_array_mut() else { return };
            if !contexts.iter().any(|one| text(one, "/name") == name) {
                contexts.push(json!({"name": name, "context": {}}));
            }
            let held = contexts.iter_mut().find(|one| text(one, "/name") == name);
            if let Some(held) = held.and_then(|one| one.get_mut("context")?.as_object_mut()) {
                held.append(&mut given);
            }
        },
    )?;
    kubectl.say(&format!("Context \"{name}\" {}.", if known { "modified" } else { "created" }))
}

/// Writes a change into the file that holds it, or into the first one.
fn change(
    kubectl: &Kubectl<'_>,
    holds: impl Fn(&Value) -> bool,
    edit: impl FnOnce(&mut Map<String, Value>),
) -> Done {
    let files = files(&kubectl.call);
    let held = files.iter().find(|path| read(path).is_ok_and(|one| holds(&one)));
    let path = held.or(files.first()).ok_or_else(|| Fault::error("there is no kubeconfig to write to"))?;
    let mut one = if path.exists() { read(path)? } else { json!({"apiVersion": "v1", "kind": "Config"}) };
    if let Some(fields) = one.as_object_mut() {
        edit(fields);
    }
    // Somebody who reads it now finds it whole; a link to it stays one.
    let path = path.canonicalize().unwrap_or_else(|_| path.clone());
    let new = path.with_extension("new");
    let mut how = OpenOptions::new();
    let mut file = how.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(yaml::yaml(&one).as_bytes())?;
    std::fs::rename(&new, path)?;
    Ok(())
}
