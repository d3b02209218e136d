//! `runbooks search`: the runbooks for some words or for an alert, each with the reason why.
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use serde::Serialize;

use super::shelf::Shelf;
use super::words::line;
use crate::cli::ink::Ink;
use crate::cli::out;
use crate::config::Request;
use crate::domain::settings::Role;
use crate::domain::text::clean;
use crate::runbook::suggest::{Alert, Hit, Index};
use crate::runbook::{Document, Runbook};

/// What is looked for.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub words: &'a [String],
    pub alert: Option<&'a str>,
    pub labels: &'a [(String, String)],
    pub annotations: &'a [(String, String)],
    pub most: usize,
}

pub(super) fn search(request: &Request, asked: &Asked<'_>, within: &[PathBuf], json: bool) -> ExitCode {
    let shelf = match Shelf::open(request, within) {
        Ok(shelf) => shelf,
        Err(code) => return code,
    };
    let documents: Vec<Arc<Document>> = shelf.documents().cloned().collect();
    let index = Index::new(&documents);
    let mut hits = match asked.alert {
        Some(name) => index.for_alert(&Alert {
            name: name.to_owned(),
            labels: asked.labels.to_vec(),
            annotations: asked.annotations.to_vec(),
            runbook_url: None,
        }),
        None => index.search(&asked.words.join(" ")),
    };
    hits.truncate(asked.most);
    let found: Vec<Found<'_>> = hits.iter().filter_map(|hit| Found::of(hit, &documents)).collect();
    let text = if json { as_json(&found) } else { as_text(&shelf.ink, &found) };
    let printed = out::print(text.as_bytes());
    if found.is_empty() && !json {
        let what = asked.alert.map_or_else(|| asked.words.join(" "), str::to_owned);
        out::complain(&format!("firedeck: no runbook fits `{}`", line(&what)));
    }
    shelf.finish(if found.is_empty() { ExitCode::from(out::PROBLEM) } else { printed })
}

/// A hit with what it points to.
struct Found<'a> {
    hit: &'a Hit,
    document: &'a Document,
    runbook: &'a Runbook,
}

impl<'a> Found<'a> {
    fn of(hit: &'a Hit, documents: &'a [Arc<Document>]) -> Option<Found<'a>> {
        let document = documents.get(hit.document)?;
        Some(Found { hit, document, runbook: document.runbooks.get(hit.runbook)? })
    }
}

fn as_text(ink: &Ink, found: &[Found<'_>]) -> String {
    let mut text = String::new();
    for Found { hit, document, runbook } in found {
        let title = line(&runbook.title);
        let whole = hit.text == runbook.title;
        let title = if whole { marked(ink, hit, Role::Title) } else { ink.paint(Role::Title, &title) };
        let risk = runbook.highest().map(|tier| {
            let (sign, role) = ink.risk(tier);
            ink.paint(role, &format!("{sign} {tier}"))
        });
        let about =
            [Some(runbook.kind.name().to_owned()), risk].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "{title}  {about}");
        let place = format!("{}:{}", line(&document.path), runbook.line);
        let _ = writeln!(text, "  {}  {}", ink.paint(Role::Dim, &place), line(&hit.reason));
        if !whole && !hit.text.is_empty() {
            let _ = writeln!(
                text,
                "  {} {}",
                ink.paint(Role::Dim, &format!("{}:", hit.line)),
                marked(ink, hit, Role::Text)
            );
        }
    }
    text
}

/// The text that matched, with what matched in it made visible.
fn marked(ink: &Ink, hit: &Hit, role: Role) -> String {
    let mut text = String::new();
    let mut piece = String::new();
    let mut inside = false;
    let mut put = |piece: &mut String, inside: bool| {
        text.push_str(&ink.paint(if inside { Role::Hit } else { role }, &clean(piece)));
        piece.clear();
    };
    let mut next = hit.positions.iter().peekable();
    for (at, letter) in hit.text.chars().enumerate() {
        // Only the first line of a command says what it is.
        if letter == '\n' {
            break;
        }
        let hits = next.next_if(|position| usize::try_from(**position) == Ok(at)).is_some();
        if hits != inside {
            put(&mut piece, inside);
            inside = hits;
        }
        piece.push(letter);
    }
    put(&mut piece, inside);
    text
}

#[derive(Serialize)]
struct Hits<'a> {
    hits: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    path: &'a str,
    line: u32,
    title: &'a str,
    kind: &'static str,
    score: u32,
    reason: &'a str,
    text: &'a str,
    text_line: u32,
    positions: &'a [u32],
}

fn as_json(found: &[Found<'_>]) -> String {
    let hits = found
        .iter()
        .map(|Found { hit, document, runbook }| Row {
            path: &document.path,
            line: runbook.line,
            title: &runbook.title,
            kind: runbook.kind.name(),
            score: hit.score,
            reason: &hit.reason,
            text: &hit.text,
            text_line: hit.line,
            positions: &hit.positions,
        })
        .collect();
    out::json(&Hits { hits })
}
