//! The logs pane among the others: its name, its facts, its lamp, its keys.
use std::borrow::Cow;

use super::{Fact, Pane, logs};
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::settings::Action;
use crate::model::Model;
use crate::model::board::PaneKind;

pub struct LogPane;

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
        let level = if logs.streams.following < logs.streams.asked { Level::Warn } else { Level::Fine };
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
