//! Everything about one question: the limits with their lines, the last answer whole, and what came before.
use super::board::{Row, masked};
use crate::domain::level::Level;
use crate::domain::news::{Inspection, Section, SectionLine};
use crate::domain::secret;
use crate::domain::settings::limit::{Fact, FactSource, write_span};
use crate::domain::vital::describe;
use crate::sources::http::shown;

pub(super) fn inspect(row: &Row) -> Inspection {
    let vital = &row.vital;
    let mut sections = vec![describe::answer(vital), describe::limits(vital), question(row)];
    sections.extend(row.seen.iter().cloned());
    sections.extend(describe::history(vital));
    Inspection {
        target: row.id.clone(),
        uid: Some("".into()),
        sections,
        yaml: row.body.clone(),
        events: Vec::new(),
        owners: Vec::new(),
        missing: Vec::new(),
    }
}

fn line(label: &str, value: impl Into<String>) -> SectionLine {
    SectionLine { label: label.into(), value: value.into(), level: Level::Fine, indent: 0 }
}

fn question(row: &Row) -> Section {
    let fact = &row.fact;
    let mut lines = vec![line("source", fact.source.name())];
    lines.extend(fact.on.as_deref().map(|on| line("on", on)));
    if !fact.query.is_empty() {
        lines.push(line("asks", asked(fact)));
    }
    lines.extend(fact.pick.as_deref().map(|pick| line("picks", pick)));
    lines.push(line("every", write_span(fact.every)));
    Section { title: "Question".into(), lines }
}

/// The question without what may stand in it of names and secrets.
fn asked(fact: &Fact) -> String {
    if fact.source != FactSource::Http {
        return masked(&fact.query).into_owned();
    }
    let address = shown(&fact.query);
    let Some((place, query)) = address.split_once('?') else { return masked(&address).into_owned() };
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if secret::looks_secret(name) => format!("{name}={}", secret::HIDDEN),
        _ => pair.to_owned(),
    };
    let query: Vec<String> = query.split('&').map(pair).collect();
    masked(&format!("{place}?{}", query.join("&"))).into_owned()
}
