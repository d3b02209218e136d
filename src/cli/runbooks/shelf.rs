//! The documents a sub-command works on: where they are, and what could not be read of them.
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::words::line;
use crate::cli::ink::Ink;
use crate::cli::out;
use crate::config::{self, Request};
use crate::domain::settings::Settings;
use crate::runbook::{Document, Runbook};
use crate::sources::documents::walk::is_markdown;
use crate::sources::documents::{Entry, Library, Limits};

/// Where teams keep them, for whoever has set nothing.
const USUAL: [&str; 2] = ["runbooks", "docs/runbooks"];

#[derive(Debug)]
pub(super) struct Shelf {
    pub library: Library,
    pub settings: Settings,
    pub ink: Ink,
}

impl Shelf {
    /// Reads the settings and then the documents.
    pub(super) fn open(request: &Request, given: &[PathBuf]) -> Result<Shelf, ExitCode> {
        let settings = config::load(request).map_err(|problems| out::complain(&problems.to_string()))?.settings;
        let places = places(given, &settings, request).map_err(|why| out::complain(&why))?;
        let tables = Arc::default();
        let mut library = Library::new(places, tables, Limits::default());
        // Nobody cancels it but the one who ends the program.
        let _ = library.look(&CancellationToken::new());
        Ok(Shelf { library, ink: Ink::of(&settings, request), settings })
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.library.entries()
    }

    pub(super) fn documents(&self) -> impl Iterator<Item = &Arc<Document>> {
        self.entries().filter_map(|entry| entry.read.as_ref().ok())
    }

    pub(super) fn runbooks(&self) -> impl Iterator<Item = (&Document, &Runbook)> {
        self.documents().flat_map(|document| document.runbooks.iter().map(|book| (document.as_ref(), book.as_ref())))
    }

    /// What could not be read, with the reason.
    pub(super) fn failed(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries().filter_map(|entry| Some((entry.path.as_str(), entry.read.as_ref().err()?.as_str())))
    }

    /// Says on stderr what could not be read; then the run has failed, whatever came of the rest.
    pub(super) fn finish(&self, code: ExitCode) -> ExitCode {
        for note in self.library.notes() {
            out::complain(&format!("firedeck: {note}"));
        }
        self.failed().map(|(path, why)| out::complain(&format!("{}: {why}", line(path)))).last().unwrap_or(code)
    }
}

fn places(given: &[PathBuf], settings: &Settings, request: &Request) -> Result<Vec<PathBuf>, String> {
    if !given.is_empty() {
        return Ok(given.to_vec());
    }
    if !settings.profile.runbooks.is_empty() {
        return Ok(settings.profile.runbooks.clone());
    }
    if let Some(usual) = USUAL.into_iter().map(Path::new).find(|path| path.is_dir()) {
        return Ok(vec![usual.to_owned()]);
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
