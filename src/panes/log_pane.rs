//! The logs pane among the others: its name, its facts, its lamp, its keys.
use std::borrow::Cow;

use super::{Fact, Pane, logs};
use crate::domain::feed::{Feed, FeedState};
use crate::domain::level::Level;
use crate::domain::settings::Action;
use crate::model::Model;
use crate::model::board::PaneKind;

pub struct LogPane;

impl LogPane {
    /// Why there is no line to read, where the feed itself says so.
    pub fn unread(model: &Model) -> Option<String> {
        if model.logs.following.is_none() || !model.logs.ring.is_empty() {
            return None;
        }
        match &model.feeds.get(&Feed::Logs)?.state {
            FeedState::Forbidden { needs } => Some(format!("you may not read this log: needs {needs}")),
            FeedState::Down { why, .. } => Some(format!("no line was ever read: {why}")),
            FeedState::Absent { why } => Some(format!("there is no log here: {why}")),
            FeedState::Connecting | FeedState::Loading | FeedState::Live => None,
        }
    }
}

impl Pane for LogPane {
    fn kind(&self) -> PaneKind {
        PaneKind::Logs
    }

    fn name(&self, _: &Model) -> Cow<'static, str> {
        "logs".into()
    }

    fn fed_by(&self, feed: &Feed, _: &Model) -> bool {
        *feed == Feed::Logs
    }

    fn facts(&self, model: &Model) -> Vec<Fact> {
        logs::facts(&model.logs).into_iter().map(|span| Fact::new(span.text, span.role)).collect()
    }

    fn lamp(&self, model: &Model) -> (Level, String) {
        let logs = &model.logs;
        if logs.following.is_none() {
            return (Level::Done, "logs".into());
        }
        // No data is never green: what is followed counts as well only while its feed does.
        let feed = model.feeds.get(&Feed::Logs);
        let feed = feed.map_or(Level::Unknown, |status| model.feed_level(&Feed::Logs, status));
        let partly = if logs.streams.following < logs.streams.asked { Level::Warn } else { Level::Fine };
        let level = feed.min(partly);
        (level, format!("logs {}/s", logs.rate.shown()))
    }

    fn keys(&self, _: &Model) -> Vec<Action> {
        vec![
            Action::Back,
            Action::Find,
            Action::NextError,
            Action::Follow,
            Action::Include,
            Action::Exclude,
            Action::Wrap,
            Action::Previous,
            Action::Save,
        ]
    }
}
