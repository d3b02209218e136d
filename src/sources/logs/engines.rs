//! Which containers of an engine there are to read: the one that bears a name, whichever it is by now.
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::pods::{Container, Name, Table};
use super::words::Trouble;
use crate::domain::Text;
use crate::domain::feed::Feed;
use crate::domain::log::Follow;
use crate::sources::supervise::{Source, SourceError, Wire};
use crate::sources::taps::{NoLog, Tapped, Taps};

/// An engine that went away is noticed this soon, whether it said so or not.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// An instance is one run of one container.
pub(super) fn instance(of: &Tapped) -> Option<Text> {
    of.run.map(|began| format!("{}@{began}", of.id).into())
}

/// The container of an instance. Its log is one for all its runs.
pub(super) fn container(instance: &str) -> &str {
    instance.split('@').next().unwrap_or(instance)
}

pub(super) fn trouble(none: NoLog) -> Trouble {
    match none {
        NoLog::Gone => Trouble::Gone,
        NoLog::Forbidden { needs } => Trouble::Forbidden { needs },
        NoLog::Elsewhere { why } => Trouble::NotYet { why },
        NoLog::Broken { why } => Trouble::Broken { why },
    }
}

fn row(of: &Tapped) -> (Name, Container) {
    let name = (of.project.clone(), of.name.clone(), Text::default(), Text::default());
    let container = Container {
        instance: instance(of),
        running: of.running,
        restarts: of.restarts,
        ended: of.ended.clone(),
        waiting: (!of.running).then(|| of.word.clone()),
        last: false,
    };
    (name, container)
}

/// Keeps the table of what is followed.
pub(super) struct Watch {
    pub(super) taps: Arc<dyn Taps>,
    pub(super) follow: Arc<Follow>,
    pub(super) table: watch::Sender<Option<Table>>,
}

impl Source for Watch {
    fn feed(&self) -> Feed {
        Feed::Logs
    }

    async fn run(&mut self, wire: &mut Wire) -> Result<Infallible, SourceError> {
        let Follow::Container { container } = &*self.follow else {
            return Err(SourceError::Absent { why: "this is no container of an engine".into() });
        };
        let engine = container.context.clone();
        let Some(mut changes) = self.taps.changes(&engine) else {
            return Err(SourceError::Absent { why: format!("no engine is called `{engine}`") });
        };
        let mut told = false;
        loop {
            changes.borrow_and_update();
            let all = self.taps.containers(&engine).map_err(|why| SourceError::Unreachable { why })?;
            let table: Table = all.iter().filter(|one| one.name == container.name).map(row).collect();
            let known = self.table.send_if_modified(|known| {
                let differs = known.as_ref() != Some(&table);
                *known = Some(table);
                differs
            });
            if known || !told {
                wire.live().await?;
                told = true;
            }
            let _ = timeout(ASK_EVERY, changes.changed()).await;
        }
    }
}
