//! Everything the screen can show.
pub mod board;
pub mod checklist;
pub mod detail;
pub mod evidence;
pub mod filter;
pub mod form;
pub mod incident;
pub mod input;
pub mod listing;
pub mod logs;
pub mod msg;
pub mod overlay;
pub mod questions;
pub mod rota;
pub mod run;
pub mod shelf;

use std::collections::{BTreeMap, HashMap};

use crate::domain::Text;
use crate::domain::action::{Native, Outcome};
use crate::domain::exercise::Exercise;
use crate::domain::feed::{Feed, FeedState, FeedStatus};
use crate::domain::level::Level;
use crate::domain::news::{ActionId, ClusterFacts, PlaceFacts};
use crate::domain::object::{Kind, Object, ObjectRef, Realm, Usage};
use crate::domain::pod::Pod;
use crate::domain::settings::{Action, Key, Scope};
use crate::domain::time::{Timestamp, Zone};

pub use crate::domain::settings::Settings;
use board::Board;
use detail::Detail;
use listing::Listing;
use overlay::Overlay;

/// Whether what happens can be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Journal {
    #[default]
    Opening,
    /// Where it is.
    Good(String),
    /// The usual place refused; it goes here until it can be moved back.
    Moved { to: String, why: String },
    /// Nowhere: changes are refused.
    Failed { why: String },
}

/// How much of the screen is out of date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Dirty {
    #[default]
    No,
    /// At the next beat: a feed changed something visible.
    Soon,
    /// At once: a key was pressed.
    Now,
}

#[derive(Debug, Default)]
pub struct Model {
    pub now: Timestamp,
    pub zone: Zone,
    pub size: (u16, u16),
    pub host: String,
    /// Whose hands are on the keys.
    pub user: String,
    pub settings: Settings,
    /// That this is no real system, and what is played in it.
    pub exercise: Option<Exercise>,
    /// How many of its hints were asked for.
    pub hints: usize,
    /// The wall: the same panes, larger, and no way to act.
    pub wall: bool,
    /// Which page of it is shown.
    pub rota: rota::Rota,
    pub clusters: BTreeMap<Text, ClusterFacts>,
    pub places: BTreeMap<Feed, PlaceFacts>,
    pub feeds: BTreeMap<Feed, FeedStatus>,
    pub pods: Listing<Pod>,
    pub objects: BTreeMap<Kind, Listing<Object>>,
    /// `(context, node)` → ready, as its own condition says.
    pub nodes: HashMap<(Text, Text), Option<bool>>,
    pub usage: HashMap<ObjectRef, Meter>,
    pub drift: Drift,
    /// Alerts that somebody cares for, and who.
    pub acknowledged: BTreeMap<ObjectRef, Acknowledged>,
    /// The images of containers that went, for what comes in their place.
    pub gone: BTreeMap<ObjectRef, Text>,
    pub node_usage: HashMap<(Text, Text), Usage>,
    /// The alerts that fire, the most urgent first; kept in order, so that drawing does not sort.
    pub firing: Vec<ObjectRef>,
    /// The changes, the newest first.
    pub recent: Vec<(Timestamp, ObjectRef)>,
    pub logs: logs::Logs,
    pub board: Board,
    pub detail: Option<Detail>,
    /// The team's runbooks, and the one that is open.
    pub shelf: shelf::Shelf,
    pub checklist: Option<checklist::Checklist>,
    /// What was and is worked through.
    pub runs: run::Runs,
    /// What is recorded, and the incident that is open.
    pub incidents: incident::Incidents,
    pub overlays: Vec<Overlay>,
    /// A thing to land on, asked for at the start.
    pub landing: Option<Landing>,
    pub questions: questions::Questions,
    /// The key that is being taken in: the one that asks never answers.
    pub asked_by: Option<Key>,
    pub deeds: Vec<Deed>,
    pub flash: Option<Flash>,
    pub journal: Journal,
    /// Why the settings on disk were refused; the old ones stand.
    pub refused: Option<String>,
    pub dirty: Dirty,
}

/// Who cares for an alert, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    pub by: String,
    pub at: Timestamp,
    /// Said before this start: it may have been of an alert that ended meanwhile.
    pub before: bool,
}

/// Readings that wait to be shown: on a screen that nobody touches, numbers that only drift move once a minute.
#[derive(Debug, Default)]
pub struct Drift {
    /// When a key was pressed last.
    pub touched: Option<Timestamp>,
    /// When a reading was shown last.
    pub shown: Option<Timestamp>,
    /// The newest of each context.
    pub waiting: BTreeMap<Text, Vec<(ObjectRef, Usage)>>,
}

impl Drift {
    pub fn waits(&self, now: Timestamp) -> bool {
        const TOUCHED: std::time::Duration = std::time::Duration::from_mins(2);
        const EVERY: std::time::Duration = std::time::Duration::from_secs(55);
        let recent = |at: Option<Timestamp>, span| at.is_some_and(|at| now.since(at) < span);
        recent(self.shown, EVERY) && !recent(self.touched, TOUCHED)
    }
}

/// `firedeck open KIND/NAME`, until it was found or given up.
#[derive(Debug, Clone, PartialEq)]
pub struct Landing {
    pub kind: Kind,
    pub namespace: Option<String>,
    pub name: String,
    pub since: Timestamp,
}

/// What a pod uses, and its last few shares of the memory limit, for a sparkline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Meter {
    pub now: Usage,
    /// Memory in KiB at the last few readings; the newest last.
    pub past: [u32; 4],
    /// The metrics reading it was last named in.
    pub round: u32,
}

/// An approved action and what became of it, target by target.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    pub id: ActionId,
    pub native: Native,
    pub began: Timestamp,
    pub changed: Timestamp,
    pub outcome: Outcome,
}

/// One line that says what just happened, and goes away.
#[derive(Debug, Clone, PartialEq)]
pub struct Flash {
    pub text: String,
    pub bad: bool,
    pub until: Timestamp,
}

impl Model {
    /// Where keys go now.
    pub fn scope(&self) -> Scope {
        self.overlays.last().map_or_else(|| self.board_scope(), Overlay::scope)
    }

    /// The same without what lies over the board.
    pub fn board_scope(&self) -> Scope {
        match self.board.focus {
            board::PaneKind::Logs => Scope::Logs,
            board::PaneKind::Detail => Scope::Text,
            board::PaneKind::Overview => Scope::Overview,
            board::PaneKind::Runbooks => Scope::Runbooks,
            board::PaneKind::Checklist => Scope::Checklist,
            board::PaneKind::Incident => Scope::Incident,
            board::PaneKind::Things => scope_of(self.board.kind),
        }
    }

    /// The places in which a key is looked up, from the inside out.
    pub fn scopes(&self, scope: Scope) -> Vec<Scope> {
        let mut chain: Vec<Scope> = std::iter::successors(Some(scope), |scope| scope.parent()).collect();
        if let (Scope::Text, Some(detail)) = (scope, &self.detail) {
            // What is done to a row is done to the thing it opened, by the same keys.
            let own = scope_of(detail.target.kind);
            if own != Scope::Table {
                chain.insert(1, own);
            }
        }
        chain
    }

    /// What a key means here.
    pub fn meant(&self, key: Key) -> Option<Action> {
        self.scopes(self.scope()).into_iter().find_map(|scope| self.settings.keymap.own(scope, key))
    }

    pub fn mark_dirty(&mut self, dirty: Dirty) {
        self.dirty = self.dirty.max(dirty);
    }

    /// Whether the node a pod runs on is ready; `None` when nobody says.
    pub fn node_ready(&self, context: &Text, node: Option<&Text>) -> Option<bool> {
        let known = self.nodes.get(&(context.clone(), node?.clone()));
        // A kubelet that no longer says is as good as gone.
        known.map(|ready| ready.unwrap_or(false))
    }

    pub fn listing(&self, kind: Kind) -> Option<&Listing<Object>> {
        self.objects.get(&kind)
    }

    /// The worst state among the feeds that `concerned` picks, with how many share it.
    pub fn worst_feed(&self, concerned: impl Fn(&Feed) -> bool) -> Option<(&Feed, &FeedStatus)> {
        self.feeds
            .iter()
            .filter(|(feed, _)| concerned(feed))
            .max_by_key(|(feed, status)| severity(&status.state, status.stale(feed, self.now).is_some()))
    }

    /// A feed's fate as a level. What is said to be live and was not heard from for too long is not known.
    pub fn feed_level(&self, feed: &Feed, status: &FeedStatus) -> Level {
        match status.stale(feed, self.now) {
            Some(_) => Level::Unknown,
            None => feed_level(&status.state),
        }
    }

    /// The key of an action, as it is named in a sentence.
    pub fn key(&self, action: Action) -> String {
        self.settings.keymap.named(action)
    }

    pub fn say(&mut self, text: impl Into<String>, bad: bool) {
        let stays = std::time::Duration::from_secs(if bad { 12 } else { 5 });
        self.flash = Some(Flash { text: text.into(), bad, until: self.now.plus(stays) });
        self.mark_dirty(Dirty::Now);
    }
}

fn scope_of(kind: Kind) -> Scope {
    match kind.realm() {
        Realm::Containers => Scope::Containers,
        Realm::Alerts => Scope::Alerts,
        Realm::Database => Scope::Database,
        Realm::Redis => Scope::Redis,
        Realm::Changes => Scope::Changes,
        Realm::Kubernetes | Realm::Vitals => Scope::Table,
    }
}

/// Which state a title shows when feeds differ.
fn severity(state: &FeedState, silent: bool) -> u8 {
    match state {
        FeedState::Down { .. } => 6,
        FeedState::Forbidden { .. } => 5,
        FeedState::Live if silent => 4,
        FeedState::Connecting => 3,
        FeedState::Loading => 2,
        FeedState::Absent { .. } => 1,
        FeedState::Live => 0,
    }
}

fn feed_level(state: &FeedState) -> Level {
    match state {
        FeedState::Down { .. } => Level::Bad,
        FeedState::Forbidden { .. } | FeedState::Absent { .. } => Level::Warn,
        FeedState::Connecting | FeedState::Loading => Level::Unknown,
        FeedState::Live => Level::Fine,
    }
}
