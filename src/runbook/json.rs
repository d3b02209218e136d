//! The stable JSON form of `runbooks list`, in the names that the README documents.
use serde_json::{Map, Value, json};

use super::types::{Command, Document, Fact, Note, Runbook, Step};
use crate::commands::Lang;
use crate::domain::approval::Tier;

/// `{"documents": […]}`
pub fn list(documents: Vec<Value>) -> Value {
    let mut all = Map::new();
    all.insert("documents".to_owned(), Value::Array(documents));
    Value::Object(all)
}

/// A file that could not be read.
pub fn unread(path: &str, error: &str) -> Value {
    json!({ "path": path, "error": error, "runbooks": [], "facts": [] })
}

/// One document.
pub fn document(document: &Document) -> Value {
    json!({
        "path": document.path,
        "title": document.title,
        "lines": document.lines,
        "tags": document.tags,
        "runbooks": document.runbooks.iter().map(|one| runbook(one)).collect::<Vec<_>>(),
        "facts": document.facts.iter().map(fact).collect::<Vec<_>>(),
        "defects": notes(&document.defects),
    })
}

/// One runbook with its steps.
pub fn runbook(runbook: &Runbook) -> Value {
    json!({
        "title": runbook.title,
        "line": runbook.line,
        "end_line": runbook.end_line,
        "section": runbook.section,
        "parent": runbook.parent,
        "kind": runbook.kind,
        "severity": runbook.severity,
        "response_time": runbook.response_time,
        "frequency": runbook.frequency,
        "trigger": runbook.trigger,
        "purpose": runbook.purpose,
        "rto": runbook.rto,
        "rpo": runbook.rpo,
        "mode": runbook.mode,
        "status": runbook.status,
        "symptoms": runbook.symptoms,
        "alerts": runbook.alerts,
        "notes": notes(&runbook.notes),
        "arguments": runbook.arguments.iter().map(|one| json!({
            "place": one.place, "name": one.name, "default": one.default, "line": one.line,
        })).collect::<Vec<_>>(),
        "steps": runbook.steps.iter().map(step).collect::<Vec<_>>(),
    })
}

fn notes(notes: &[Note]) -> Vec<Value> {
    notes.iter().map(|note| json!({ "line": note.line, "text": note.text })).collect()
}

fn step(step: &Step) -> Value {
    json!({
        "n": step.n,
        "title": step.title,
        "line": step.line,
        "kind": step.kind,
        "text": step.text,
        "branch": step.branch,
        "phase": step.phase,
        "expected": step.expected,
        "time_budget": step.time_budget,
        "checkbox": step.checkbox,
        "notes": notes(&step.notes),
        "commands": step.commands.iter().map(command).collect::<Vec<_>>(),
    })
}

fn command(command: &Command) -> Value {
    let one = &command.statement;
    let traits = one.traits;
    let lang = match one.lang {
        Lang::Shell => "bash",
        Lang::Sql => "sql",
        Lang::Redis => "redis",
        Lang::PowerShell => "powershell",
        Lang::Query => "query",
    };
    let risk = match one.risk {
        Tier::Read => "read",
        Tier::Change => "change",
        Tier::Danger => "danger",
    };
    let mut value = json!({
        "line": one.line,
        "end_line": one.end_line,
        "text": one.text,
        "label": one.label,
        "lang": lang,
        "role": one.role,
        "tool": one.tool,
        "subcommand": one.subcommand,
        "inner_tool": one.inner_tool,
        "risk": risk,
        "why": one.why,
        "placeholders": command.placeholders.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(),
        "interactive": traits.interactive,
        "endless": traits.endless,
        "long_running": traits.long_running,
        "background": traits.background,
        "remote": traits.remote,
        "secret": traits.secret,
        "writes_file": traits.writes_file,
        "future": command.future,
        "multi_line": one.text.contains('\n'),
        "heredoc": traits.heredoc,
        "pipe": traits.pipe,
        "compound": traits.compound,
        "opaque": traits.opaque,
        "heavy": traits.heavy,
        "condition": one.condition,
    });
    let given = [
        ("name", &command.attributes.name),
        ("timeout", &command.attributes.timeout),
        ("undo", &command.attributes.undo),
        ("expect", &command.attributes.expect),
    ];
    let given: Map<String, Value> =
        given.into_iter().filter_map(|(key, value)| Some((key.to_owned(), json!(value.as_ref()?)))).collect();
    if let (Some(object), false) = (value.as_object_mut(), given.is_empty()) {
        object.insert("attributes".to_owned(), Value::Object(given));
    }
    value
}

/// A table or list of facts.
pub fn fact(fact: &Fact) -> Value {
    let rows: Vec<Value> = fact
        .rows
        .iter()
        .map(|row| {
            let mut object = Map::new();
            object.insert("line".to_owned(), json!(row.line));
            for (name, value) in &row.values {
                object.entry(name.clone()).or_insert_with(|| json!(value));
            }
            Value::Object(object)
        })
        .collect();
    json!({ "kind": fact.kind, "title": fact.title, "line": fact.line, "end_line": fact.end_line, "rows": rows })
}
