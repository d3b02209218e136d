//! The words for a feed's state, the same in every pane.
use std::mem::discriminant;

use super::Fact;
use crate::domain::feed::{Feed, FeedState, FeedStatus};
use crate::domain::object::Kind;
use crate::domain::settings::Role;
use crate::domain::time::{Age, Timestamp};
use crate::model::Model;

/// `live`, `stale 40s`, `down 2m: connection refused, next try 8s`, `forbidden: needs …`.
pub fn state_of(model: &Model, concerned: impl Fn(&Feed) -> bool) -> Fact {
    match model.worst_feed(&concerned) {
        None => Fact::new("not connected", Role::Unknown),
        Some((feed, status)) => {
            let stale = status.stale(feed, model.now);
            let mut fact = match stale {
                Some(quiet) => Fact::new(format!("stale {}", Age(quiet)), Role::Warning),
                None => words(status, model.now),
            };
            let all = || model.feeds.iter().filter(|(other, _)| concerned(other));
            if all().count() > 1 && (stale.is_some() || !matches!(status.state, FeedState::Live)) {
                let alike = all().filter(|(other, one)| {
                    discriminant(&one.state) == discriminant(&status.state)
                        && one.stale(other, model.now).is_some() == stale.is_some()
                });
                let places: Vec<String> = alike.filter_map(|(other, _)| place(model, other)).collect();
                if places.len() > 1
                    && let FeedState::Forbidden { needs } = &status.state
                {
                    // In each of them the same.
                    let right = needs.split(" in namespace ").next().unwrap_or(needs);
                    fact.text = format!("forbidden: needs {right}");
                }
                if let Some(named) = named(&places) {
                    fact.text = format!("{named} {}", fact.text);
                }
            }
            fact
        }
    }
}

/// The first few by name, the others by number.
fn named(places: &[String]) -> Option<String> {
    const NAMES: usize = 3;
    let first = places.get(..NAMES.min(places.len())).filter(|first| !first.is_empty())?.join(", ");
    match places.len().saturating_sub(NAMES) {
        0 => Some(first),
        more => Some(format!("{first} and {more} more")),
    }
}

/// Which of several feeds it is: the context, or the namespace.
fn place(model: &Model, feed: &Feed) -> Option<String> {
    let several = model.clusters.len() > 1;
    match feed {
        Feed::Pods(context, namespace) | Feed::Objects(context, _, namespace) => {
            match (several, namespace.is_empty()) {
                (true, true) => Some(context.to_string()),
                (true, false) => Some(format!("{context}/{namespace}")),
                (false, false) => Some(namespace.to_string()),
                (false, true) => None,
            }
        }
        Feed::Metrics(context) => Some(context.to_string()),
        Feed::Endpoint(_, name) => Some(name.to_string()),
        Feed::Logs | Feed::Alerts | Feed::Vitals | Feed::Changes => None,
    }
}

fn words(status: &FeedStatus, now: Timestamp) -> Fact {
    let late = |from: Timestamp| Age(now.since(from));
    match &status.state {
        FeedState::Live => Fact::new("live", Role::Good),
        FeedState::Loading => Fact::new("loading", Role::Unknown),
        FeedState::Connecting if now.since(status.since).as_secs() >= 10 => {
            Fact::new(format!("connecting for {}", late(status.since)), Role::Unknown)
        }
        FeedState::Connecting => Fact::new("connecting", Role::Unknown),
        FeedState::Down { why, next_try } => {
            let since = Age(now.since(status.since));
            let since = if since.0.as_secs() >= 10 { format!(" {since}") } else { String::new() };
            let again = next_try.map(|at| at.since(now).as_secs()).filter(|wait| *wait > 1);
            // Coarse, so that it does not tick.
            let again =
                again.map_or_else(String::new, |wait| format!(", next try in {} s", wait.div_ceil(5) * 5));
            Fact::new(format!("down{since}: {why}{again}"), Role::Bad)
        }
        FeedState::Forbidden { needs } => Fact::new(format!("forbidden: needs {needs}"), Role::Warning),
        FeedState::Absent { why } => Fact::new(format!("not there: {why}"), Role::Dim),
    }
}

/// Why rows may be old, for the first line of a pane; `None` while all is well, and where the state says it.
pub fn stale(model: &Model, concerned: impl Fn(&Feed) -> bool) -> Option<String> {
    let (_, status) = model.worst_feed(&concerned)?;
    let heard = status.heard.filter(|_| status.state != FeedState::Live)?;
    // How long ago that is the state says.
    as_of(model, concerned).map(|_| format!("as of {}", heard.clock(&model.zone)))
}

/// When what is shown was last heard of, if that is not now.
pub fn as_of(model: &Model, concerned: impl Fn(&Feed) -> bool) -> Option<String> {
    let (feed, status) = model.worst_feed(concerned)?;
    let heard = status.heard?;
    let old = matches!(status.state, FeedState::Down { .. } | FeedState::Connecting)
        || status.stale(feed, model.now).is_some();
    old.then(|| format!("as of {}, {}", heard.clock(&model.zone), Age(model.now.since(heard)).past()))
}

/// Why CPU and memory are missing, or that they are not of now; nothing where they are.
pub fn metrics(model: &Model) -> Option<Fact> {
    let (feed, status) = model.worst_feed(|feed| matches!(feed, Feed::Metrics(_)))?;
    if let Some(quiet) = status.stale(feed, model.now) {
        return Some(Fact::new(format!("metrics stale {}", Age(quiet)), Role::Warning));
    }
    match (&status.state, status.heard) {
        (FeedState::Down { .. }, Some(heard)) => {
            let since = Age(model.now.since(heard));
            Some(Fact::new(format!("metrics of {since} ago"), Role::Warning))
        }
        (FeedState::Down { why, .. }, None) => Some(Fact::new(format!("no metrics: {why}"), Role::Warning)),
        (FeedState::Forbidden { needs }, _) => {
            Some(Fact::new(format!("no metrics: needs {needs}"), Role::Warning))
        }
        (FeedState::Absent { .. }, _) => Some(Fact::new("no metrics", Role::Dim)),
        (FeedState::Connecting | FeedState::Loading | FeedState::Live, _) => None,
    }
}

/// That pods of a dead node cannot be told from others, because nodes may not be seen.
pub fn nodes(model: &Model) -> Option<Fact> {
    let (_, status) = model.worst_feed(|feed| matches!(feed, Feed::Objects(_, Kind::Node, _)))?;
    match &status.state {
        FeedState::Forbidden { needs } => {
            Some(Fact::new(format!("dead nodes not told: needs {needs}"), Role::Dim))
        }
        _ => None,
    }
}
