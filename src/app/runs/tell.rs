//! What comes out of a run: events, first onto a disk and then told, and news.
use std::sync::atomic::Ordering;

use super::Shared;
use crate::incident::What;
use crate::incident::event::{At, Event, EventId};
use crate::model::msg::Msg;
use crate::model::run::News;
use crate::sources::now;
use crate::store::JournalError;

/// The writer of an event that is on no disk.
pub const UNRECORDED: &str = "unrecorded";

impl Shared {
    /// Nobody may listen any more.
    pub(super) async fn send(&self, msg: Msg) {
        let _ = self.out.send(msg).await;
    }

    pub(super) async fn say(&self, news: News) {
        self.send(Msg::Ran(news)).await;
    }

    pub(super) async fn trouble(&self, session: &str, why: String) {
        let why = crate::domain::text::clean(&why).into_owned();
        self.say(News::Trouble { session: session.to_owned(), at: now(), why }).await;
    }

    pub(super) async fn not_started(&self, at: At, why: impl Into<String>) {
        let why = crate::domain::text::clean(&why.into()).into_owned();
        self.say(News::NotStarted { at, why }).await;
    }

    /// The event is on a disk and told, or neither.
    pub(super) async fn record(&self, what: What) -> Result<EventId, JournalError> {
        let at = now();
        let id = self.options.journal.append(what.clone(), at).await?;
        self.send(Msg::Told(Box::new(Event::known(id.clone(), at, what)))).await;
        Ok(id)
    }

    /// The event is told all the same where no disk takes it, and that is said.
    pub(super) async fn record_or_say(&self, session: &str, what: What) {
        if let Err(error) = self.record(what.clone()).await {
            self.tell_unrecorded(session, what, &error).await;
        }
    }

    pub(super) async fn tell_unrecorded(&self, session: &str, what: What, error: &JournalError) {
        let id = EventId { incident: String::new(), writer: UNRECORDED.into(), n: self.next() };
        self.trouble(session, format!("`{}` is known to this screen alone: {error}", what.kind())).await;
        self.send(Msg::Told(Box::new(Event::known(id, now(), what)))).await;
    }

    /// Counts from 1.
    pub(super) fn next(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed) + 1
    }
}
