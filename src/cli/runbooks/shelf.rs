//! The documents a sub-command works on: where they are, and what could not be read of them.
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::words::line;
use crate::cli::ink::Ink;
use crate::cli::out;
use crate::commands::tools::Tables;
use crate::config::{self, Request};
use crate::domain::settings::Settings;
use crate::runbook::{Document, Runbook};
use crate::sources::documents::walk::is_markdown;
use crate::sources::documents::{self, Entry, Library, Limits};

/// The exit code of programs for CI when not everything could be looked at; 1 says that something was found.
pub(super) const TROUBLE: u8 = 2;

/// A file that could not be read, as programs are told.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub(super) struct Failed<'a> {
    pub path: &'a str,
    pub error: &'a str,
}

#[derive(Debug)]
pub(super) struct Shelf {
    pub library: Library,
    pub settings: Settings,
    pub ink: Ink,
}

impl Shelf {
    /// Reads the settings and then the documents.
    pub(super) fn open(request: &Request, given: &[PathBuf]) -> Result<Shelf, ExitCode> {
        let settings =
            config::load(request).map_err(|problems| out::complain(&problems.to_string()))?.settings;
        let places = places(given, &settings, request).map_err(|why| out::complain(&why))?;
        let tables = Arc::new(Tables { rules: settings.commands.clone() });
        let mut library = Library::new(places, tables, Limits::default());
        // Nobody cancels it but the one who ends the program.
        let _ = library.look(&CancellationToken::new());
        Ok(Shelf { library, ink: Ink::of(&settings, request), settings })
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.library.entries()
    }

    pub(super) fn documents(&self) -> impl Iterator<Item = &Arc<Document>> {
        self.library.documents()
    }

    pub(super) fn runbooks(&self) -> impl Iterator<Item = (&Document, &Runbook)> {
        self.documents()
            .flat_map(|document| document.runbooks.iter().map(|book| (document.as_ref(), book.as_ref())))
    }

    /// What could not be read, with the reason.
    pub(super) fn failed(&self) -> impl Iterator<Item = Failed<'_>> {
        self.entries()
            .filter_map(|entry| Some(Failed { path: &entry.path, error: entry.read.as_ref().err()? }))
    }

    /// Says on stderr what could not be read; then the run has failed, whatever came of the rest.
    pub(super) fn finish(&self, code: ExitCode) -> ExitCode {
        for note in self.library.notes() {
            out::complain(&format!("firedeck: {note}"));
        }
        let say = |failed: Failed<'_>| out::complain(&format!("{}: {}", line(failed.path), failed.error));
        self.failed().map(say).last().unwrap_or(code)
    }
}

fn places(given: &[PathBuf], settings: &Settings, request: &Request) -> Result<Vec<PathBuf>, String> {
    if !given.is_empty() {
        return Ok(given.to_vec());
    }
    let known = documents::places(&settings.profile.runbooks);
    if !known.is_empty() {
        return Ok(known);
    }
    let mut here = std::fs::read_dir(".").into_iter().flatten().flatten();
    if here.any(|entry| is_markdown(&entry.file_name().to_string_lossy())) {
        return Ok(vec![PathBuf::from(".")]);
    }
    let file = request.config_file().map_or("the config file".into(), |path| path.display().to_string());
    Err(format!(
        "firedeck: no runbooks are named, and here is no Markdown\n  \
         = name files or directories, or write `runbooks = [\"/path/to/runbooks\"]` into {}",
        line(&file)
    ))
}
