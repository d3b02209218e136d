//! Opens a run of a runbook, as its document is now.
use std::path::Path;
use std::sync::Arc;

use super::{Shared, lock};
use crate::commands::tools::Tables;
use crate::domain::object::ObjectRef;
use crate::incident::event::{RunOpened, Target};
use crate::incident::{Event, What, name};
use crate::model::msg::Msg;
use crate::model::run::Known;
use crate::model::shelf::Book;
use crate::runbook::execution::Run;
use crate::runbook::{Document, Runbook, catalogue};
use crate::sources::documents::{self, decode};
use crate::sources::now;

pub(super) async fn open(shared: &Arc<Shared>, book: Book, alert: Option<ObjectRef>) -> Result<(), String> {
    let tables = shared.options.tables.clone();
    let path = book.document.path.clone();
    let reading = tokio::task::spawn_blocking(move || {
        let bytes = documents::bytes(Path::new(&path)).map_err(|why| format!("`{path}`: {why}"))?;
        let read = read(&path, &bytes, &tables);
        Ok::<_, String>((bytes, read))
    });
    let failed = |_| "firedeck failed to read the document: this is a defect of firedeck".to_owned();
    let (bytes, document) = reading.await.map_err(failed)??;
    let same = |one: &&Arc<Runbook>| one.line == book.runbook.line && one.title == book.runbook.title;
    let found = document.runbooks.iter().find(same).filter(|found| **found == book.runbook);
    let Some(runbook) = found.cloned() else {
        return Err(format!("`{}` has changed since: open it anew", book.document.path));
    };
    let (at, options) = (now(), &shared.options);
    let writer = format!("{}-{}-{}-{}", options.host, options.user, options.pid, options.started.0);
    let run = name::run(at, &writer, &format!("{} {}", shared.next(), runbook.title));
    let journal = &shared.options.journal;
    let kept = journal.keep("document.md", bytes, at).await.map_err(|error| error.to_string())?;
    let what = What::RunOpened(Box::new(RunOpened {
        run: run.clone(),
        path: document.path.clone(),
        document: document.title.clone(),
        runbook: runbook.title.clone(),
        line: runbook.line,
        kept: Some(kept),
        host: options.host.clone(),
        alert: alert.map(|alert| Target {
            context: alert.context.to_string(),
            kind: alert.kind.to_string(),
            namespace: alert.namespace.to_string(),
            name: alert.name.to_string(),
            uid: String::new(),
        }),
        by: options.user.clone(),
    }));
    let id = journal.append(what.clone(), at).await.map_err(|error| error.to_string())?;
    let mut known =
        Known { run: Run::new(&run, runbook.clone()), book: Book { document: Arc::new(document), runbook } };
    known.run.take(&Event::known(id, at, what));
    lock(&shared.books).insert(run, known.book.clone());
    shared.send(Msg::RunKnown(Box::new(known))).await;
    Ok(())
}

/// A document from its bytes.
pub(super) fn read(path: &str, bytes: &[u8], tables: &Tables) -> Document {
    let (text, _) = decode::decode(bytes);
    catalogue::read(path, &text, tables)
}
