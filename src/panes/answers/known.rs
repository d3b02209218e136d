//! Of what anything is known now: rows whose feed is dead are what was, not what is.
use super::Scope;
use crate::domain::feed::{Feed, FeedState, FeedStatus};
use crate::domain::level::Level;
use crate::domain::object::{Kind, Object};
use crate::domain::time::Timestamp;
use crate::model::Model;
use crate::panes::things;

pub const NOT_LOOKED_AT: &str = "not looked at";

/// Whether what this place says of a kind is of now.
pub fn live(model: &Model, kind: Kind, context: &str, namespace: &str) -> bool {
    let own = |feed: &Feed| things::fed_by(kind, feed) && covers(feed, context, namespace);
    let mut feeds = model.feeds.iter().filter(|(feed, _)| own(feed));
    feeds.any(|(feed, status)| model.feed_level(feed, status) == Level::Fine)
}

/// Whether a feed tells of this place; what names none tells of all.
fn covers(feed: &Feed, context: &str, namespace: &str) -> bool {
    match feed {
        Feed::Pods(own, within) | Feed::Objects(own, _, within) => {
            **own == *context && (within.is_empty() || namespace.is_empty() || **within == *namespace)
        }
        Feed::Endpoint(_, name) => **name == *context,
        _ => true,
    }
}

/// Why less than all is known of a kind within a scope; none where it is.
pub fn blind(model: &Model, kind: Kind, scope: &Scope) -> Option<String> {
    why(model, |feed| things::fed_by(kind, feed) && scope.covers(feed))
}

/// The same of any feeds.
pub fn why(model: &Model, concerned: impl Fn(&Feed) -> bool) -> Option<String> {
    let Some((feed, status)) = model.worst_feed(concerned) else { return Some(NOT_LOOKED_AT.into()) };
    if model.feed_level(feed, status) == Level::Fine {
        return None;
    }
    Some(match &status.state {
        FeedState::Forbidden { .. } => "may not be seen from here".into(),
        FeedState::Absent { .. } => NOT_LOOKED_AT.into(),
        FeedState::Connecting | FeedState::Loading if status.heard.is_none() => "not known yet".into(),
        _ => silent(model, status),
    })
}

/// `nothing is known since 02:58`.
fn silent(model: &Model, status: &FeedStatus) -> String {
    match status.heard {
        Some(heard) => format!("nothing is known since {}", clock(model, heard)),
        None => "nothing was ever heard".into(),
    }
}

/// `02:58`.
pub fn clock(model: &Model, at: Timestamp) -> String {
    at.clock(&model.zone).chars().take(5).collect()
}

/// The rows of a kind that are of now and within a scope, each with how bad its pane calls it.
pub fn rows<'m>(
    model: &'m Model,
    kind: Kind,
    scope: &'m Scope,
) -> impl Iterator<Item = (&'m Object, Level)> + 'm {
    let all = model.listing(kind).into_iter().flat_map(crate::model::listing::Listing::ranked);
    let mut last: Option<(&str, &str, bool)> = None;
    all.filter_map(move |(object, rank)| {
        let id = &object.id;
        let kubernetes = kind.realm() == crate::domain::object::Realm::Kubernetes;
        if kubernetes && !scope.holds(&id.context, &id.namespace) {
            return None;
        }
        // Rows of one place mostly stand together.
        let known =
            last.filter(|(context, namespace, _)| **context == *id.context && **namespace == *id.namespace);
        let live = known.map_or_else(|| live(model, kind, &id.context, &id.namespace), |(.., live)| live);
        last = Some((&*id.context, &*id.namespace, live));
        live.then_some((object, rank.level))
    })
}
