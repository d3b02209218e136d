//! What is read of the whole: `events`, `wait`, `auth can-i`, `cluster-info`, `version`.
use std::fmt::Write as _;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::api::{escaped, list, text};
use super::describe::{last, seen};
use super::pick::{Unnamed, namespace, of_list, pick};
use super::print::go;
use super::table::Table;
use super::{Done, Fault, Kubectl};

const LOOK: Duration = Duration::from_millis(300);

pub fn none(kubectl: &mut Kubectl<'_>, what: &str) -> Done {
    let place = format!(" in {} namespace.", kubectl.api.namespace);
    let place = if kubectl.call.on("all-namespaces") { "" } else { &place };
    kubectl.warn(&format!("No {what} found{place}"))
}

pub async fn events(kubectl: &mut Kubectl<'_>) -> Done {
    let types: Vec<String> =
        kubectl.call.values("types").flat_map(|list| list.split(',')).map(str::to_owned).collect();
    if types.iter().any(|one| !["Normal", "Warning"].iter().any(|known| known.eq_ignore_ascii_case(one))) {
        return Err(Fault::error("valid --types are Normal or Warning"));
    }
    let kind = kubectl.api.kind("events").await?;
    let mut path = kind.path(namespace(kubectl).as_deref(), None) + "?limit=500";
    if let Some(of) = kubectl.call.value("for").map(str::to_owned) {
        let (kind, name) =
            of.split_once('/').ok_or_else(|| Fault::error("--for must be in resource/name form"))?;
        let kind = kubectl.api.kind(kind).await?.kind;
        let _ = write!(
            path,
            "&fieldSelector={}",
            escaped(&format!("involvedObject.kind={kind},involvedObject.name={name}"))
        );
    }
    let mut found = of_list(kubectl, &kind, &path).await?;
    found.retain(|one| {
        types.is_empty() || types.iter().any(|known| known.eq_ignore_ascii_case(text(one, "/type")))
    });
    found.sort_by(|a, b| last(a).cmp(last(b)));
    if found.is_empty() {
        return none(kubectl, "events");
    }
    let everywhere = kubectl.call.on("all-namespaces");
    let mut table = Table::default();
    if !kubectl.call.on("no-headers") {
        let space = everywhere.then_some("NAMESPACE");
        let head = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"];
        table.head = space.into_iter().chain(head).map(str::to_owned).collect();
    }
    for one in &found {
        let object = format!("{}/{}", text(one, "/involvedObject/kind"), text(one, "/involvedObject/name"));
        let space = everywhere.then(|| text(one, "/metadata/namespace").to_owned());
        let (sort, reason) = (text(one, "/type").to_owned(), text(one, "/reason").to_owned());
        let cells = [seen(one), sort, reason, object, text(one, "/message").trim().to_owned()];
        table.rows.push(space.into_iter().chain(cells).collect());
    }
    Ok(kubectl.io.stdout.write_all(table.take().as_bytes())?)
}

/// What `wait` waits for.
enum For {
    Condition(String, String),
    Gone,
}

impl For {
    fn read(text: &str) -> Result<For, Fault> {
        match text.split_once('=') {
            None if text == "delete" => Ok(For::Gone),
            Some(("condition", rest)) => {
                let (name, value) = rest.split_once('=').unwrap_or((rest, "true"));
                Ok(For::Condition(name.to_owned(), value.to_owned()))
            }
            _ => Err(Fault::error(format!("unrecognized condition: \"{text}\""))),
        }
    }

    fn met(&self, object: Option<&Value>) -> bool {
        match (self, object) {
            (For::Gone, object) => object.is_none(),
            (_, None) => false,
            (For::Condition(name, value), Some(object)) => {
                list(object, "/status/conditions").iter().any(|one| {
                    text(one, "/type").eq_ignore_ascii_case(name)
                        && text(one, "/status").eq_ignore_ascii_case(value)
                })
            }
        }
    }
}

pub async fn wait(kubectl: &mut Kubectl<'_>) -> Done {
    let what = For::read(kubectl.call.value("for").unwrap_or_default())?;
    let most = kubectl.call.span("timeout").unwrap_or(Duration::from_secs(30));
    let picked = pick(kubectl, 0, Unnamed::Asked).await?;
    if matches!(what, For::Gone) {
        // What is not there is gone already.
        kubectl.faults.retain(|why| !why.contains("(NotFound)"));
    } else if picked.is_empty() && kubectl.faults.is_empty() {
        return Err(Fault::error("no matching resources found"));
    }
    let end = Instant::now().checked_add(most);
    for one in picked {
        let mut object = Some(one.object.clone());
        while !what.met(object.as_ref()) {
            if end.is_some_and(|end| Instant::now() + LOOK > end) {
                let on = format!("{}/{}", one.kind.plural, one.name());
                kubectl.fail(&Fault::error(format!("timed out waiting for the condition on {on}")))?;
                break;
            }
            sleep(LOOK).await;
            object = match kubectl.api.get(&one.path()).await {
                Ok(now) if text(&now, "/metadata/uid") == text(&one.object, "/metadata/uid") => Some(now),
                // Another one of the same name is not this one.
                Ok(_) => None,
                Err(fault) if fault.says.contains("(NotFound)") => None,
                Err(fault) => return Err(fault),
            };
        }
        if what.met(object.as_ref()) {
            kubectl.say(&format!("{} condition met", one.said()))?;
        }
    }
    Ok(())
}

pub async fn can_i(kubectl: &mut Kubectl<'_>) -> Done {
    let space = namespace(kubectl).unwrap_or_default();
    let words = kubectl.call.words.clone();
    if kubectl.call.on("list") && words.is_empty() {
        return rules(kubectl, &space).await;
    }
    let ([verb, of] | [verb, of, _]) = words.as_slice() else {
        return Err(Fault::error(
            "you must specify two arguments: verb resource or verb resource/resourceName.\n\
            See 'kubectl auth can-i -h' for help and examples.",
        ));
    };
    let spec = if of.starts_with('/') {
        json!({"nonResourceAttributes": {"path": of, "verb": verb}})
    } else {
        let (kind, name) = of.split_once('/').unwrap_or((of, words.get(2).map_or("", String::as_str)));
        let known = kubectl.api.kind(kind).await;
        if known.is_err() {
            kubectl.warn(&format!("Warning: the server doesn't have a resource type '{kind}'\n"))?;
        }
        let (group, plural) =
            known.map_or((String::new(), kind.to_owned()), |kind| (kind.group, kind.plural));
        json!({"resourceAttributes": {"namespace": space, "verb": verb, "group": group, "resource": plural,
            "name": name}})
    };
    let said = review(kubectl, "SelfSubjectAccessReview", "selfsubjectaccessreviews", &spec).await?;
    let may = said.pointer("/status/allowed") == Some(&Value::Bool(true));
    if !kubectl.call.on("quiet") {
        let why = text(&said, "/status/reason");
        let why = if may || why.is_empty() { String::new() } else { format!(" - {why}") };
        kubectl.say(&format!("{}{why}", if may { "yes" } else { "no" }))?;
    }
    if may { Ok(()) } else { Err(Fault::code(1)) }
}

async fn review(kubectl: &Kubectl<'_>, kind: &str, path: &str, spec: &Value) -> Result<Value, Fault> {
    let body = json!({"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec});
    let path = format!("/apis/authorization.k8s.io/v1/{path}");
    kubectl.api.send(Method::POST, &path, "application/json", &body).await
}

async fn rules(kubectl: &mut Kubectl<'_>, space: &str) -> Done {
    let spec = json!({"namespace": space});
    let said = review(kubectl, "SelfSubjectRulesReview", "selfsubjectrulesreviews", &spec).await?;
    let words = |value: &Value, name: &str| -> Vec<String> { list(value, name).iter().map(go).collect() };
    let mut table = Table::default();
    let row = |cells: [String; 4]| cells.to_vec();
    for rule in list(&said, "/status/resourceRules") {
        let of = |name: &str| format!("[{}]", words(rule, name).join(" "));
        for group in words(rule, "apiGroups") {
            let dot = if group.is_empty() { "" } else { "." };
            for resource in words(rule, "resources") {
                let (kind, part) = resource.split_once('/').unwrap_or((&resource, ""));
                let slash = if part.is_empty() { "" } else { "/" };
                let named = format!("{kind}{dot}{group}{slash}{part}");
                table.rows.push(row([named, "[]".to_owned(), of("resourceNames"), of("verbs")]));
            }
        }
    }
    for rule in list(&said, "/status/nonResourceRules") {
        let verbs = format!("[{}]", words(rule, "verbs").join(" "));
        for url in words(rule, "nonResourceURLs") {
            table.rows.push(row([String::new(), format!("[{url}]"), "[]".to_owned(), verbs.clone()]));
        }
    }
    table.rows.sort();
    if !kubectl.call.on("no-headers") {
        table.head = row(["Resources", "Non-Resource URLs", "Resource Names", "Verbs"].map(str::to_owned));
    }
    Ok(kubectl.io.stdout.write_all(table.take().as_bytes())?)
}

pub async fn version(kubectl: &mut Kubectl<'_>) -> Done {
    kubectl.say("Client Version: built-in")?;
    if kubectl.call.on("client") {
        return Ok(());
    }
    let said = kubectl.api.get("/version").await?;
    kubectl.say(&format!("Server Version: {}", text(&said, "/gitVersion")))
}
