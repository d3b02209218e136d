//! `runbooks show`: one runbook as a checklist.
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use super::checklist::checklist;
use super::pick::{Spot, named};
use super::shelf::Shelf;
use super::words::line;
use crate::cli::out;
use crate::config::Request;
use crate::model::shelf::Book;
use crate::runbook::suggest::Index;
use crate::runbook::{Document, Runbook, json};

/// More candidates than this are no help.
const MOST: usize = 20;
/// So many of those that come near are shown.
const NEAR: usize = 5;

pub(super) fn show(request: &Request, name: &[String], within: &[PathBuf], as_json: bool) -> ExitCode {
    let (shelf, book) = match chosen(request, &name.join(" "), within) {
        Ok(chosen) => chosen,
        Err(code) => return code,
    };
    let text = if as_json {
        as_programs_read_it(&book.document, &book.runbook)
    } else {
        checklist(&shelf.ink, &book.document, &book.runbook)
    };
    out::print(text.as_bytes())
}

/// The one runbook of this name, or place; that there is none, or several, is said.
pub(super) fn chosen(request: &Request, name: &str, within: &[PathBuf]) -> Result<(Shelf, Book), ExitCode> {
    let spot = Spot::parse(name);
    let file =
        spot.as_ref().filter(|spot| within.is_empty() && spot.is_there()).map(|spot| spot.path.clone());
    let shelf = Shelf::open(request, file.as_ref().map_or(within, std::slice::from_ref))?;
    let at = |spot: &Spot| {
        let documents = shelf.documents().map(AsRef::as_ref).filter(|document| spot.is_of(document));
        documents
            .flat_map(|document| spot.pick(document).into_iter().map(move |book| (document, book)))
            .collect()
    };
    let mut found: Vec<(&Document, &Runbook)> = spot.as_ref().map(at).unwrap_or_default();
    if found.is_empty() && file.is_none() {
        found = named(shelf.runbooks(), name);
    }
    match found.as_slice() {
        [(document, runbook)] => {
            let document = shelf.documents().find(|one| std::ptr::eq(one.as_ref(), *document)).cloned();
            let own = document.as_ref().and_then(|document| {
                document.runbooks.iter().find(|one| std::ptr::eq(one.as_ref(), *runbook)).cloned()
            });
            match (document, own) {
                (Some(document), Some(runbook)) => Ok((shelf, Book { document, runbook })),
                _ => Err(nothing(&shelf, name)),
            }
        }
        [] => Err(shelf.finish(nothing(&shelf, name))),
        several => Err(out::complain(&several_fit(name, several))),
    }
}

fn several_fit(name: &str, several: &[(&Document, &Runbook)]) -> String {
    let mut text = format!("`{}` can be one of {}:\n", line(name), several.len());
    for (document, runbook) in several.iter().take(MOST) {
        let _ = writeln!(text, "  {}:{}  {}", line(&document.path), runbook.line, line(&runbook.title));
    }
    if several.len() > MOST {
        let _ = writeln!(text, "  … and {} more", several.len() - MOST);
    }
    text + "  = name one by its place, PATH:LINE"
}

/// Says that there is none, and which come nearest.
fn nothing(shelf: &Shelf, name: &str) -> ExitCode {
    let documents: Vec<Arc<Document>> = shelf.documents().cloned().collect();
    let hits = Index::new(&documents).search(name);
    let near = hits.iter().filter_map(|hit| {
        let document = documents.get(hit.document)?;
        Some((document, document.runbooks.get(hit.runbook)?))
    });
    let mut text = format!("firedeck: there is no runbook `{}`", line(name));
    for (nth, (document, runbook)) in near.take(NEAR).enumerate() {
        text.push_str(if nth == 0 { "; these come nearest:\n" } else { "\n" });
        let _ = write!(text, "  {}:{}  {}", line(&document.path), runbook.line, line(&runbook.title));
    }
    // `list` and `lint` take paths where this takes a name.
    if let Some(path) = name.split_whitespace().find(|word| Path::new(word).exists()) {
        let _ = write!(text, "\n  = `{}` is a path: put it behind --in", line(path));
    }
    out::complain(&text)
}

fn as_programs_read_it(document: &Document, runbook: &Runbook) -> String {
    out::json(&serde_json::json!({ "path": document.path, "runbook": json::runbook(runbook) }))
}
