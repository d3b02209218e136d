//! What runs of runbooks need where there is no screen: the day's journal, and who is here.
use tokio::sync::mpsc;

use super::runs::{self, Runs};
use super::who;
use crate::domain::settings::Settings;
use crate::incident::What;
use crate::incident::event::{Event, SessionClosed};
use crate::model::msg::Msg;
use crate::sources::now;
use crate::store::Journal;

/// A plain terminal that works through a runbook.
#[derive(Debug)]
pub struct Plain {
    pub runs: Runs,
    /// All that happens in the runs.
    pub inbox: mpsc::Receiver<Msg>,
    pub host: String,
    pub user: String,
    journal: Journal,
}

impl Plain {
    pub async fn open(settings: &Settings) -> Plain {
        let setup = who::setup(now());
        let journal = Journal::open(setup.clone());
        let (out, inbox) = mpsc::channel(256);
        let about = runs::Options::of(settings, &setup, journal.clone());
        let opened = who::session(&setup, &settings.profile);
        let plain =
            Plain { runs: Runs::start(about, out), inbox, host: setup.host, user: setup.user, journal };
        // What cannot be recorded is said where something changes.
        let _ = plain.tell(What::SessionOpened(opened)).await;
        plain
    }

    /// Writes something down.
    pub async fn tell(&self, what: What) -> Result<Event, String> {
        let at = now();
        let id = self.journal.append(what.clone(), at).await.map_err(|error| error.to_string())?;
        Ok(Event::known(id, at, what))
    }

    /// Why nothing can be recorded now.
    pub fn unrecorded(&self) -> Option<String> {
        match self.journal.state() {
            crate::incident::Keeping::Failed { why } => Some(why),
            _ => None,
        }
    }

    pub async fn close(self, how: &str) {
        self.runs.close().await;
        let _ = self.tell(What::SessionClosed(SessionClosed { how: how.to_owned() })).await;
    }
}
