//! How much a feed can be trusted right now. A dead feed keeps its last good rows.
use std::time::Duration;

use super::Text;
use super::object::Kind;
use super::settings::Backend;
use super::time::Timestamp;

/// One stream of facts with a fate of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feed {
    /// The pods of a context; the second is the namespace, or empty for all.
    Pods(Text, Text),
    /// CPU and memory of a context.
    Metrics(Text),
    /// Any other kind of a context, in one namespace or all.
    Objects(Text, Kind, Text),
    Logs,
    /// One server of a profile; the second is the name of its endpoint.
    Endpoint(Backend, Text),
    /// The alerts of every Alertmanager and Prometheus together; what each endpoint does is its own feed's.
    Alerts,
    /// The questions of a profile. Each answer has a fate of its own, in its row.
    Vitals,
    /// What changed, worked out from every other feed.
    Changes,
}

impl Feed {
    pub fn context(&self) -> Option<&Text> {
        match self {
            Feed::Pods(context, _) | Feed::Metrics(context) | Feed::Objects(context, _, _) => Some(context),
            Feed::Logs | Feed::Endpoint(..) | Feed::Alerts | Feed::Vitals | Feed::Changes => None,
        }
    }

    /// How long it may be quiet and still be called live: a quiet feed is heard from every 30 s at least.
    fn quiet_for(&self) -> Option<Duration> {
        match self {
            Feed::Pods(..) | Feed::Objects(..) => Some(Duration::from_secs(45)),
            // Polled, every few seconds.
            Feed::Metrics(_) | Feed::Endpoint(..) | Feed::Vitals => Some(Duration::from_secs(40)),
            // A log may be silent for as long as its pods are.
            Feed::Logs | Feed::Alerts | Feed::Changes => None,
        }
    }
}

/// What its supervisor says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedState {
    /// Nothing was ever heard.
    Connecting,
    /// Connected; the first full picture may still be arriving.
    Loading,
    Live,
    /// The last good rows stand; nothing new can be had.
    Down {
        why: String,
        next_try: Option<Timestamp>,
    },
    /// The server says no. `needs` is what would have to be granted.
    Forbidden {
        needs: String,
    },
    /// The server does not have this: no metrics API, no cert-manager.
    Absent {
        why: String,
    },
}

/// A feed's state, since when, and when anything good was last heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedStatus {
    pub state: FeedState,
    pub since: Timestamp,
    /// The last good news; `None` when there was never any.
    pub heard: Option<Timestamp>,
}

impl FeedStatus {
    /// For how long nothing was heard of a feed that is said to be live; `None` while that is not too long.
    pub fn stale(&self, feed: &Feed, now: Timestamp) -> Option<Duration> {
        let quiet = now.since(self.heard.unwrap_or(self.since));
        (self.state == FeedState::Live && quiet > feed.quiet_for()?).then_some(quiet)
    }
}
