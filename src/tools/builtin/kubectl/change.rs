//! Changes of single fields: `scale`, `set`, `patch`, `label`, `cordon`.
use http::Method;
use serde_json::{Map, Value, json};

use super::api::{list, text};
use super::pick::{Picked, Unnamed, pick_of};
use super::print::{Form, lean, write};
use super::{Done, Fault, Kubectl};

pub const MERGE: &str = "application/merge-patch+json";
pub const STRATEGIC: &str = "application/strategic-merge-patch+json";
/// A field that the server does not know is an error.
pub const STRICT: &str = "&fieldValidation=Strict";
pub const JSON: &str = "application/json-patch+json";

/// Whether it is only tried.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dry {
    No,
    Client,
    Server,
}

impl Dry {
    pub fn of(kubectl: &Kubectl<'_>) -> Result<Dry, Fault> {
        match kubectl.call.value("dry-run") {
            None | Some("none") => Ok(Dry::No),
            Some("client") => Ok(Dry::Client),
            Some("server") => Ok(Dry::Server),
            Some(other) => {
                let known = "Must be \"none\", \"server\", or \"client\".";
                Err(Fault::error(format!("Invalid dry-run value ({other}). {known}")))
            }
        }
    }

    pub fn said(self) -> &'static str {
        match self {
            Dry::No => "",
            Dry::Client => " (dry run)",
            Dry::Server => " (server dry run)",
        }
    }

    pub fn query(self) -> &'static str {
        if self == Dry::No { "?fieldManager=kubectl" } else { "?fieldManager=kubectl&dryRun=All" }
    }
}

/// Says what was done to an object, in the form that is asked for.
pub fn done(kubectl: &mut Kubectl<'_>, object: &Value, what: &str) -> Done {
    let (form, dry) = (Form::of(kubectl)?, Dry::of(kubectl)?);
    if let Form::Table { .. } = form {
        return kubectl.say(&format!("{} {what}{}", super::print::name(object), dry.said()));
    }
    let mut object = object.clone();
    lean(&mut object);
    write(kubectl, &form, &object)
}

/// Patches one, and gives back what became of it.
pub async fn send(
    kubectl: &Kubectl<'_>,
    one: &Picked,
    sort: &str,
    patch: &Value,
    part: &str,
) -> Result<Value, Fault> {
    let to = format!("{}{part}{}", one.path(), Dry::of(kubectl)?.query());
    kubectl.api.send(Method::PATCH, &to, sort, patch).await
}

pub async fn scale(kubectl: &mut Kubectl<'_>) -> Done {
    let to = kubectl.call.number("replicas").filter(|to| *to >= 0);
    let why = "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0";
    let to = to.ok_or_else(|| Fault::error(why))?;
    let words = kubectl.call.words.clone();
    for one in pick_of(kubectl, &words, Unnamed::Asked).await? {
        match send(kubectl, &one, MERGE, &json!({"spec": {"replicas": to}}), "/scale").await {
            Ok(_) => done(kubectl, &one.object, "scaled")?,
            Err(fault) => kubectl.fail(&fault)?,
        }
    }
    Ok(())
}

/// Objects, and behind them what is set: `NAME=value`, or `NAME-` for what is taken away.
type Pairs = (Vec<String>, Vec<(String, Option<String>)>);

fn pairs(kubectl: &Kubectl<'_>, what: &str) -> Result<Pairs, Fault> {
    let (mut objects, mut pairs) = (Vec::new(), Vec::new());
    for word in &kubectl.call.words {
        match (word.split_once('='), word.strip_suffix('-')) {
            (Some((name, value)), _) => pairs.push((name.to_owned(), Some(value.to_owned()))),
            (None, Some(name)) if !name.is_empty() => pairs.push((name.to_owned(), None)),
            _ if pairs.is_empty() => objects.push(word.clone()),
            _ => {
                return Err(Fault::error(format!(
                    "all resources must be specified before {what} changes: {word}"
                )));
            }
        }
    }
    Ok((objects, pairs))
}

/// Where the containers of an object stand.
pub fn spec(object: &Value) -> &'static [&'static str] {
    match text(object, "/kind") {
        "Pod" => &["spec"],
        "CronJob" => &["spec", "jobTemplate", "spec", "template", "spec"],
        _ => &["spec", "template", "spec"],
    }
}

pub fn nested(path: &[&str], inside: Value) -> Value {
    path.iter().rev().fold(inside, |inside, name| json!({ *name: inside }))
}

/// Names of containers: `*` means all.
fn containers(object: &Value, wanted: &str) -> Vec<String> {
    let path = format!("/{}/containers", spec(object).join("/"));
    let names = list(object, &path).iter().map(|one| text(one, "/name").to_owned());
    names.filter(|name| wanted == "*" || name == wanted).collect()
}

pub async fn set(kubectl: &mut Kubectl<'_>) -> Done {
    let (what, said, none) = match kubectl.call.verb {
        "set image" => ("image", "image updated", "at least one image update is required"),
        "set env" => {
            ("environment variables", "env updated", "at least one environment variable must be provided")
        }
        _ => ("resource", "resource requirements updated", ""),
    };
    let (objects, pairs) = pairs(kubectl, what)?;
    let limits = limits(kubectl)?;
    if limits.is_empty() && what == "resource" {
        return Err(Fault::error(
            "you must specify an update to requests or limits (in the form of --requests/--limits)",
        ));
    }
    if let Some((name, _)) = pairs.first().filter(|_| what == "resource") {
        return Err(Fault::error(format!("the built-in kubectl does not know what {name} is for here")));
    }
    if what == "environment variables" && kubectl.call.on("list") {
        return variables(kubectl, &objects).await;
    }
    if pairs.is_empty() && what != "resource" {
        // The original is silent where no variable is named.
        return if what == "image" { Err(Fault::error(none)) } else { Ok(()) };
    }
    if let Some((name, _)) = pairs.iter().find(|(_, value)| what == "image" && value.is_none()) {
        return Err(Fault::error(format!("invalid image format: {name}-")));
    }
    let chosen = kubectl.call.value("containers").unwrap_or("*").to_owned();
    for one in pick_of(kubectl, &objects, Unnamed::Asked).await? {
        let mut changes: Vec<Value> = Vec::new();
        if what == "image" {
            for (name, image) in &pairs {
                let names = containers(&one.object, name);
                if names.is_empty() {
                    kubectl.fail(&Fault::error(format!("unable to find container named \"{name}\"")))?;
                }
                changes.extend(names.iter().map(|name| json!({"name": name, "image": image})));
            }
        } else {
            let names = containers(&one.object, &chosen);
            if names.is_empty() {
                kubectl.fail(&Fault::error(format!("unable to find container named {chosen}")))?;
            }
            changes.extend(names.iter().map(|name| {
                if what == "resource" {
                    return json!({"name": name, "resources": limits});
                }
                json!({"name": name, "env": environment(&one.object, name, &pairs)})
            }));
        }
        if changes.is_empty() {
            continue;
        }
        let patch = nested(spec(&one.object), json!({ "containers": changes }));
        changed(kubectl, &one, STRATEGIC, &patch, said).await?;
    }
    Ok(())
}

/// The variables of each container, as `NAME=value`; of those that come from elsewhere, from where.
async fn variables(kubectl: &mut Kubectl<'_>, objects: &[String]) -> Done {
    let chosen = kubectl.call.value("containers").unwrap_or("*").to_owned();
    for one in pick_of(kubectl, objects, Unnamed::Asked).await? {
        let path = format!("/{}/containers", spec(&one.object).join("/"));
        for container in list(&one.object, &path) {
            let name = text(container, "/name");
            if chosen != "*" && chosen != name {
                continue;
            }
            let object = super::print::name(&one.object);
            kubectl.say(&format!("# {object}, container {name}"))?;
            for variable in list(container, "env") {
                let name = text(variable, "/name");
                let from = ["secretKeyRef", "configMapKeyRef"].into_iter().find_map(|from| {
                    let held = variable.get("valueFrom")?.get(from)?;
                    let sort = if from == "secretKeyRef" { "secret" } else { "configmap" };
                    Some(format!("# {name} from {sort} {}, key {}", text(held, "/name"), text(held, "/key")))
                });
                let line = from.unwrap_or_else(|| format!("{name}={}", text(variable, "/value")));
                kubectl.say(&line)?;
            }
        }
    }
    Ok(())
}

/// The variables of a container with what is set: in their order, as one may be made of those before it.
fn environment(object: &Value, container: &str, pairs: &[(String, Option<String>)]) -> Vec<Value> {
    let path = format!("/{}/containers", spec(object).join("/"));
    let held = list(object, &path).iter().find(|one| text(one, "/name") == container);
    let held: Vec<&str> =
        held.map_or(&[][..], |one| list(one, "env")).iter().map(|one| text(one, "/name")).collect();
    let new = |name: &&str| !held.contains(name);
    let new: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).filter(new).collect();
    let one = |name: &&str| match pairs.iter().rev().find(|(one, _)| one == name) {
        None => Some(json!({ "name": name })),
        Some((_, Some(value))) => Some(json!({"name": name, "value": value, "valueFrom": null})),
        Some((_, None)) => held.contains(name).then(|| json!({"name": name, "$patch": "delete"})),
    };
    held.iter().chain(&new).filter_map(one).collect()
}

/// Patches one; nothing is said where nothing changes.
async fn changed(kubectl: &mut Kubectl<'_>, one: &Picked, sort: &str, patch: &Value, said: &str) -> Done {
    match send(kubectl, one, sort, patch, "").await {
        Ok(after) if after.get("spec") == one.object.get("spec") => Ok(()),
        Ok(after) => done(kubectl, &after, said),
        Err(fault) => kubectl.fail(&fault),
    }
}

fn limits(kubectl: &Kubectl<'_>) -> Result<Map<String, Value>, Fault> {
    let mut out = Map::new();
    for name in ["limits", "requests"] {
        let Some(given) = kubectl.call.value(name) else { continue };
        let mut amounts = Map::new();
        for one in given.split(',').filter(|one| !one.is_empty()) {
            let (name, amount) = one.split_once('=').ok_or_else(|| {
                Fault::error(format!("invalid argument syntax {one}, expected <resource>=<value>"))
            })?;
            amounts.insert(name.to_owned(), if amount == "0" { Value::Null } else { amount.into() });
        }
        out.insert(name.to_owned(), amounts.into());
    }
    Ok(out)
}

pub async fn patch(kubectl: &mut Kubectl<'_>) -> Done {
    let given = kubectl.call.value("patch").unwrap_or_default().to_owned();
    if given.is_empty() {
        return Err(Fault::error(
            "must specify --patch or --patch-file containing the contents of the patch",
        ));
    }
    let sort = match kubectl.call.value("type").unwrap_or("strategic") {
        "strategic" => STRATEGIC,
        "merge" => MERGE,
        "json" => JSON,
        other => {
            return Err(Fault::error(format!(
                "--type must be one of [json merge strategic], not \"{other}\""
            )));
        }
    };
    let patch: Value = serde_saphyr::from_str(&given)
        .map_err(|error| Fault::error(format!("unable to parse \"{given}\": {error}")))?;
    let words = kubectl.call.words.clone();
    for one in pick_of(kubectl, &words, Unnamed::Asked).await? {
        match send(kubectl, &one, sort, &patch, "").await {
            // The original does not say here that it is only tried.
            Ok(after) => {
                let no = if same(&after, &one.object) { " (no change)" } else { "" };
                kubectl.say(&format!("{} patched{no}", one.said()))?;
            }
            Err(fault) => kubectl.fail(&fault)?,
        }
    }
    Ok(())
}

/// Whether two states of an object differ in nothing but who wrote what.
fn same(a: &Value, b: &Value) -> bool {
    let lean = |value: &Value| {
        let mut value = value.clone();
        lean(&mut value);
        value
    };
    lean(a) == lean(b)
}

pub async fn label(kubectl: &mut Kubectl<'_>) -> Done {
    let (objects, pairs) = pairs(kubectl, "label")?;
    if pairs.is_empty() {
        return Err(Fault::error("at least one label update is required"));
    }
    for one in pick_of(kubectl, &objects, Unnamed::Asked).await? {
        let held = |name: &str| one.object.get("metadata")?.get("labels")?.get(name)?.as_str();
        let (mut patch, mut set, mut refused) = (Map::new(), false, None);
        for (name, value) in &pairs {
            match (held(name), value) {
                (Some(held), Some(value)) if held != value && !kubectl.call.on("overwrite") => {
                    refused =
                        Some(format!("'{name}' already has a value ({held}), and --overwrite is false"));
                }
                (held, Some(value)) => {
                    set |= held != Some(value);
                    patch.insert(name.clone(), value.as_str().into());
                }
                (None, None) => kubectl.say(&format!("label \"{name}\" not found."))?,
                (Some(_), None) => {
                    patch.insert(name.clone(), Value::Null);
                }
            }
        }
        if let Some(why) = refused {
            kubectl.fail(&Fault::error(why))?;
            continue;
        }
        let gone = patch.values().any(Value::is_null);
        let said = match (set, gone) {
            (true, _) => "labeled",
            (false, true) => "unlabeled",
            (false, false) => "not labeled",
        };
        match send(kubectl, &one, MERGE, &json!({"metadata": {"labels": patch}}), "").await {
            Ok(after) => done(kubectl, &after, said)?,
            Err(fault) => kubectl.fail(&fault)?,
        }
    }
    Ok(())
}

/// The nodes that are named or selected.
pub async fn nodes(kubectl: &mut Kubectl<'_>) -> Result<Vec<Picked>, Fault> {
    let verb = kubectl.call.verb;
    let bare = |name: &String| name.strip_prefix("node/").unwrap_or(name).to_owned();
    let names: Vec<String> = kubectl.call.words.iter().map(bare).collect();
    if names.is_empty() && kubectl.call.value("selector").is_none() {
        return Err(Fault::error(format!(
            "USAGE: {verb} NODE [flags]\nSee 'kubectl {verb} -h' for help and examples"
        )));
    }
    let words: Vec<String> = ["nodes".to_owned()].into_iter().chain(names).collect();
    pick_of(kubectl, &words, Unnamed::Asked).await
}

/// `cordon` and `uncordon`.
pub async fn cordon(kubectl: &mut Kubectl<'_>) -> Done {
    let close = kubectl.call.verb == "cordon";
    for node in nodes(kubectl).await? {
        close_node(kubectl, &node, close).await?;
    }
    Ok(())
}

pub async fn close_node(kubectl: &mut Kubectl<'_>, node: &Picked, close: bool) -> Done {
    let said = if close { "cordoned" } else { "uncordoned" };
    let closed = node.object.pointer("/spec/unschedulable") == Some(&Value::Bool(true));
    if closed == close {
        return kubectl.say(&format!("{} already {said}{}", node.said(), Dry::of(kubectl)?.said()));
    }
    let patch = json!({"spec": {"unschedulable": if close { Value::Bool(true) } else { Value::Null }}});
    match send(kubectl, node, STRATEGIC, &patch, "").await {
        Ok(_) => kubectl.say(&format!("{} {said}{}", node.said(), Dry::of(kubectl)?.said())),
        Err(fault) => kubectl.fail(&Fault::error(format!(
            "unable to {} node \"{}\": {}",
            kubectl.call.verb,
            node.name(),
            fault.says
        ))),
    }
}
