//! What runs of runbooks need where there is no screen: the day's journal, and who is here.
use std::sync::Arc;

use tokio::sync::mpsc;

use super::runs::{self, Runs};
use super::who::user;
use crate::commands::tools::Tables;
use crate::domain::settings::Settings;
use crate::incident::event::{Event, SessionClosed, SessionOpened};
use crate::incident::{What, day};
use crate::model::msg::Msg;
use crate::sources::now;
use crate::store::{Journal, Places, Setup};

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
        let (host, user) = (rustix::system::uname().nodename().to_string_lossy().into_owned(), user());
        let (started, pid) = (now(), std::process::id());
        let places = Places::new(|name| std::env::var_os(name));
        let journal = Journal::open(Setup {
            places: places.clone(),
            incident: day(started),
            host: host.clone(),
            user: user.clone(),
            pid,
            started,
        });
        let (out, inbox) = mpsc::channel(256);
        let tables = Arc::new(Tables { rules: settings.commands.clone() });
        let about = runs::Options {
            journal: journal.clone(),
            places,
            host: host.clone(),
            user: user.clone(),
            pid,
            started,
            tables,
            program: None,
            kubeconfig: settings.kubeconfig.clone(),
            size: super::terminal::size,
        };
        let plain = Plain { runs: Runs::start(about, out), inbox, host, user, journal };
        let opened = SessionOpened {
            version: env!("CARGO_PKG_VERSION").into(),
            host: plain.host.clone(),
            user: plain.user.clone(),
            pid,
            profile: settings.profile.name.clone(),
            contexts: settings.profile.contexts.clone(),
            read_only: settings.profile.read_only,
        };
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
