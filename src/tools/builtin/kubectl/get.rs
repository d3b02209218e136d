//! `get`.
use std::cmp::Ordering;

use serde_json::Value;

use super::api::{Resource, TABLE, list, text};
use super::jsonpath::Template;
use super::pick::{self, Unnamed, listed, namespace, pages, query};
use super::print::{Form, lean, together, write};
use super::table::{Look, Table};
use super::{Done, Fault, Kubectl};

pub async fn get(kubectl: &mut Kubectl<'_>) -> Done {
    let form = Form::of(kubectl)?;
    if kubectl.call.on("watch") && !matches!(form, Form::Table { .. }) {
        return Err(Fault::error("the built-in kubectl watches tables only"));
    }
    let sort = kubectl.call.value("sort-by").map(Template::relaxed).transpose().map_err(Fault::error)?;
    match form {
        Form::Table { wide } => tables(kubectl, wide, sort.as_ref()).await,
        form => objects(kubectl, &form, sort.as_ref()).await,
    }
}

/// What is asked for, with the path of each.
async fn asked(kubectl: &mut Kubectl<'_>) -> Result<Vec<(Resource, Option<String>, String)>, Fault> {
    let words = kubectl.call.words.clone();
    let asked = pick::asked(kubectl, &words, Unnamed::All).await?;
    let (space, query) = (namespace(kubectl), query(kubectl));
    let path = |(kind, name): (Resource, Option<String>)| {
        let path = kind.path(space.as_deref(), name.as_deref());
        let path = if name.is_none() { path + &query } else { path };
        (kind, name, path)
    };
    Ok(asked.into_iter().map(path).collect())
}

/// Asks for one of them; what is not there is said.
async fn answers(kubectl: &mut Kubectl<'_>, path: &str, accept: &str) -> Result<Vec<Value>, Fault> {
    match pages(kubectl, path, accept).await {
        Ok(pages) => Ok(pages),
        Err(fault) if kubectl.call.on("ignore-not-found") && fault.says.contains("(NotFound)") => {
            Ok(Vec::new())
        }
        Err(fault) => {
            kubectl.fail(&fault)?;
            Ok(Vec::new())
        }
    }
}

async fn tables(kubectl: &mut Kubectl<'_>, wide: bool, sort: Option<&Template>) -> Done {
    let asked = asked(kubectl).await?;
    let several = asked.windows(2).any(|two| matches!(two, [a, b] if a.0 != b.0));
    let look = Look {
        wide,
        namespaces: kubectl.call.on("all-namespaces"),
        labels: kubectl.call.on("show-labels"),
        prefix: String::new(),
    };
    let (mut shown, mut version) = (None::<Resource>, String::new());
    let mut rows: Vec<(Vec<Value>, Value)> = Vec::new();
    let mut table = Table::default();
    let mut printed = false;
    let spaced = asked.iter().any(|(kind, ..)| kind.namespaced);
    let mut columns = Vec::new();
    for (at, (kind, _, path)) in asked.iter().enumerate() {
        let look = Look {
            prefix: if several { format!("{}/", kind.one()) } else { String::new() },
            namespaces: look.namespaces && kind.namespaced,
            ..look.clone()
        };
        if shown.as_ref() != Some(kind) {
            table = Table::default();
        }
        let path = match (sort, path.contains('?')) {
            (None, _) => path.clone(),
            (Some(_), true) => format!("{path}&includeObject=Object"),
            (Some(_), false) => format!("{path}?includeObject=Object"),
        };
        for page in answers(kubectl, &path, TABLE).await? {
            text(&page, "/metadata/resourceVersion").clone_into(&mut version);
            if columns.is_empty() || shown.as_ref() != Some(kind) {
                columns = list(&page, "columnDefinitions").to_vec();
            }
            if shown.as_ref() != Some(kind) && (!list(&page, "rows").is_empty() || kubectl.call.on("watch")) {
                let first = shown.replace(kind.clone()).is_none();
                if !kubectl.call.on("no-headers") {
                    if !first {
                        kubectl.say("")?;
                    }
                    table.head = look.head(&page);
                }
            }
            rows.extend(
                list(&page, "rows")
                    .iter()
                    .map(|row| (look.row(&columns, row).into_iter().map(Value::from).collect(), row.clone())),
            );
        }
        // Rows of one kind stand in one table.
        if asked.get(at + 1).is_some_and(|next| next.0 == *kind) {
            continue;
        }
        if let Some(path) = sort {
            sorted(&mut rows, path, |row| row.1.get("object").unwrap_or(&Value::Null))?;
        }
        let cells = |row: (Vec<Value>, Value)| row.0.iter().map(super::print::go).collect();
        table.rows = rows.drain(..).map(cells).collect();
        printed |= !table.rows.is_empty();
        if !table.rows.is_empty() {
            kubectl.io.stdout.write_all(table.take().as_bytes())?;
        }
        if kubectl.call.on("watch") {
            kubectl.io.stdout.flush()?;
            return watched(kubectl, path.as_str(), &version, &columns, &look, table).await;
        }
    }
    if !printed && kubectl.faults.is_empty() && !kubectl.call.on("ignore-not-found") {
        let place = format!(" in {} namespace.", kubectl.api.namespace);
        let everywhere = kubectl.call.on("all-namespaces") || !spaced;
        kubectl.warn(&format!("No resources found{}", if everywhere { "" } else { &place }))?;
    }
    Ok(())
}

/// Goes on with what changes.
async fn watched(
    kubectl: &mut Kubectl<'_>,
    path: &str,
    version: &str,
    columns: &[Value],
    look: &Look,
    mut table: Table,
) -> Done {
    let (list_path, query) = path.split_once('?').unwrap_or((path, ""));
    let (list_path, one) = match (query.is_empty(), list_path.rsplit_once('/')) {
        // One object is watched in its list.
        (true, Some((list_path, name))) => (list_path, format!("&fieldSelector=metadata.name%3D{name}")),
        _ => (list_path, String::new()),
    };
    let query = query.replace("limit=500", "watch=true");
    let query = if query.is_empty() { "watch=true" } else { &query };
    // One object may be older than what the server still tells of: it comes once more, though it is shown.
    let mut known = !one.is_empty();
    let version = if known { "0" } else { version };
    let path = format!("{list_path}?{query}{one}&resourceVersion={version}");
    let mut events = kubectl.api.watch(&path, TABLE).await?;
    while let Some(event) = events.next().await? {
        if text(&event, "/type") == "ERROR" {
            return Err(Fault::error(text(&event, "/object/message")));
        }
        if std::mem::take(&mut known) && text(&event, "/type") == "ADDED" {
            continue;
        }
        for row in list(&event, "/object/rows") {
            table.rows.push(look.row(columns, row));
        }
        kubectl.io.stdout.write_all(table.take().as_bytes())?;
        kubectl.io.stdout.flush()?;
    }
    Ok(())
}

async fn objects(kubectl: &mut Kubectl<'_>, form: &Form, sort: Option<&Template>) -> Done {
    let asked = asked(kubectl).await?;
    let single = matches!(asked.as_slice(), [(_, Some(_), _)]);
    let mut all = Vec::new();
    for (kind, name, path) in asked {
        if name.is_some() {
            all.extend(answers(kubectl, &path, "application/json").await?);
        } else {
            match listed(kubectl, &kind).await {
                Ok(objects) => all.extend(objects),
                Err(fault) => kubectl.fail(&fault)?,
            }
        }
    }
    if let Some(path) = sort {
        sorted(&mut all, path, |object| object)?;
    }
    all.iter_mut().for_each(lean);
    match (single, all.pop()) {
        (true, Some(object)) => write(kubectl, form, &object),
        (true, None) => Ok(()),
        (false, last) => {
            all.extend(last);
            if all.is_empty() && !kubectl.faults.is_empty() {
                Ok(())
            } else {
                write(kubectl, form, &together(&all))
            }
        }
    }
}

/// Puts rows in the order of a field; those without it stand first.
fn sorted<T>(rows: &mut Vec<T>, path: &Template, object: impl Fn(&T) -> &Value) -> Done {
    let mut keyed = Vec::new();
    for row in rows.drain(..) {
        let key = path.values(object(&row)).map_err(Fault::error)?.into_iter().next();
        keyed.push((key, row));
    }
    if !keyed.is_empty() && keyed.iter().all(|(key, _)| key.is_none()) {
        return Err(Fault::error(
            "couldn't find any field with the path of --sort-by in the list of objects",
        ));
    }
    keyed.sort_by(|a, b| match (&a.0, &b.0) {
        (Some(a), Some(b)) => order(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    });
    rows.extend(keyed.into_iter().map(|(_, row)| row));
    Ok(())
}

fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal)
        }
        (Value::String(a), Value::String(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}
