//! Starts what keeps the table of containers that are followed: a watch of pods, several of them, or of an engine.
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::pods::{Table, Watch};
use super::scope::{Scope, together};
use super::{Ways, engines};
use crate::domain::feed::{Feed, FeedState};
use crate::domain::log::Follow;
use crate::domain::news::News;
use crate::sources::supervise::{Signals, supervise};

pub(super) struct Watching {
    pub(super) tables: watch::Receiver<Option<Table>>,
    /// What each watch says of itself, by its number.
    pub(super) said: mpsc::Receiver<(usize, Vec<News>)>,
    /// How each of them is.
    pub(super) states: Vec<FeedState>,
}

pub(super) fn start(
    follow: &Arc<Follow>,
    ways: &Ways,
    signals: &Signals,
    tasks: &mut JoinSet<()>,
) -> Watching {
    let (say, said) = mpsc::channel(16);
    let (table, tables) = watch::channel(None);
    if let (true, Some(taps)) = (follow.is_of_engine(), &ways.taps) {
        let watch = engines::Watch { taps: taps.clone(), follow: follow.clone(), table };
        let out = numbered(0, say, tasks);
        tasks.spawn(supervise(watch, out, signals.child()));
        return Watching { tables, said, states: vec![FeedState::Connecting] };
    }
    let scopes = match Scope::of(follow) {
        Ok(scopes) => scopes,
        Err(why) => {
            // Nothing is watched, and the table stays what it is: not known.
            tasks.spawn(async move {
                let absent = News::Feed(Feed::Logs, FeedState::Absent { why });
                let _ = say.send((0, vec![absent])).await;
                table.closed().await;
            });
            return Watching { tables, said, states: vec![FeedState::Connecting] };
        }
    };
    let states = vec![FeedState::Connecting; scopes.len()];
    let mut parts = Vec::new();
    for (number, scope) in scopes.into_iter().enumerate() {
        let (part, read) = watch::channel(None);
        let watch = Watch { clients: ways.clients.clone(), follow: follow.clone(), scope, table: part };
        let out = numbered(number, say.clone(), tasks);
        tasks.spawn(supervise(watch, out, signals.child()));
        parts.push(read);
    }
    tasks.spawn(together(parts, table));
    Watching { tables, said, states }
}

/// Marks what a watch says with its number.
fn numbered(
    number: usize,
    say: mpsc::Sender<(usize, Vec<News>)>,
    tasks: &mut JoinSet<()>,
) -> mpsc::Sender<Vec<News>> {
    let (out, mut heard) = mpsc::channel(4);
    tasks.spawn(async move {
        while let Some(news) = heard.recv().await {
            if say.send((number, news)).await.is_err() {
                return;
            }
        }
    });
    out
}
