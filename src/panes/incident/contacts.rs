//! Whom to call: contacts and ladders of the documents that an incident is about.
use std::sync::Arc;

use crate::domain::settings::Role;
use crate::domain::text::one_line;
use crate::incident::state::State;
use crate::model::Model;
use crate::model::shelf::is_model;
use crate::panes::Fact;
use crate::panes::runbooks::place_in;
use crate::runbook::{Document, Row};

/// A name that is longer pushes what stands behind it.
const NAME: usize = 26;

/// A heading, and the entries below it.
type Told = (String, Vec<Vec<Fact>>);

/// Of the documents of its runbooks, else of this system's own.
pub(super) fn of(model: &Model, state: Option<&State>) -> Vec<Told> {
    let all = &model.shelf.documents;
    let runs = state.map(|state| state.runs.as_slice()).unwrap_or_default();
    let used = |document: &&Arc<Document>| runs.iter().any(|run| run.path == document.path);
    let own: Vec<&Arc<Document>> = all.iter().filter(used).filter(|used| !is_model(used)).collect();
    let own = if own.is_empty() { model.shelf.own(&model.settings.profile) } else { own };
    let told = own.into_iter().flat_map(|document| of_document(document));
    told.collect()
}

fn of_document(document: &Document) -> Vec<Told> {
    let facts = document.facts.iter().filter(|fact| fact.kind == "contacts" && !fact.rows.is_empty());
    facts
        .map(|fact| {
            let place = place_in(&document.path, fact.line);
            let title = if fact.title.is_empty() { "Contacts" } else { &fact.title };
            (format!("{}  ({place})", one_line(title)), fact.rows.iter().map(entry).collect())
        })
        .collect()
}

/// `3. Director of Engineering`, `On-call Engineer  not filled in`, `DBA  #dba  database issues`.
fn entry(row: &Row) -> Vec<Fact> {
    let get = |name: &str| row.get(name).filter(|value| !value.is_empty());
    let rank = get("order").map(|order| format!("{order}. ")).unwrap_or_default();
    let who = get("role").or_else(|| get("name")).unwrap_or_default();
    let mut text = vec![Fact::new(format!("{:<NAME$}  ", format!("{rank}{}", one_line(who))), Role::Text)];
    if get("filled") == Some("no") {
        text.push(Fact::new("not filled in", Role::Warning));
        return text;
    }
    let person = get("name").filter(|_| get("role").is_some());
    let reach: Vec<String> = person.into_iter().chain(get("contact")).map(one_line).collect();
    text.push(Fact::new(reach.join(", "), Role::Text));
    let known = ["order", "role", "name", "contact", "filled"];
    let more = row.values.iter().filter(|(name, value)| !known.contains(&name.as_str()) && !value.is_empty());
    let more: Vec<String> = more
        .map(|(name, value)| match name.as_str() {
            "escalation" | "hours" => one_line(value),
            _ => format!("{name} {}", one_line(value)),
        })
        .filter(|words| !reach.contains(words))
        .collect();
    if !more.is_empty() {
        let gap = if reach.is_empty() { "" } else { "  " };
        text.push(Fact::new(format!("{gap}{}", more.join(", ")), Role::Dim));
    }
    text
}
