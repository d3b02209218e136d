//! Reads the team's runbooks beside everything else, and again when a file changes.
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::commands::tools::Tables;
use crate::domain::settings::Settings;
use crate::domain::text::clean;
use crate::model::msg::Msg;
use crate::model::shelf::Shelved;
use crate::runbook::suggest::Index;
use crate::sources::documents::{Library, Limits, Watch, places, watch};

/// Reads from now on, until what it gives is dropped.
pub fn start(settings: &Settings, msgs: &mpsc::Sender<Msg>) -> Option<Watch> {
    let places = places(&settings.profile.runbooks);
    if places.is_empty() {
        return None;
    }
    let tables = Arc::new(Tables { rules: settings.commands.clone() });
    let library = Library::new(places, tables, Limits::default());
    let msgs = msgs.clone();
    let started = watch(library, {
        let msgs = msgs.clone();
        move |_, library| {
            let _ = msgs.blocking_send(Msg::Shelved(Box::new(shelved(library))));
        }
    });
    started
        .inspect_err(|error| {
            let text = format!("the runbooks are not read: {error}");
            tokio::spawn(async move { msgs.send(Msg::Said { text, bad: true }).await });
        })
        .ok()
}

fn shelved(library: &Library) -> Shelved {
    let documents: Vec<_> = library.documents().cloned().collect();
    let failed = library.entries().filter_map(|entry| {
        let why = entry.read.as_ref().err()?;
        Some((clean(&entry.path).as_ref().into(), why.clone()))
    });
    Shelved {
        failed: failed.collect(),
        notes: library.notes().to_vec(),
        index: Arc::new(Index::new(&documents)),
        documents,
    }
}
