//! Which pane has the keys, which kind its table shows, and how.
use std::collections::{BTreeMap, BTreeSet};

use super::filter::Filter;
use super::listing::Sort;
use super::shelf::BookId;
use crate::domain::Text;
use crate::domain::object::{Kind, ObjectRef, Realm};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum PaneKind {
    /// The worst of every source, and what changed.
    Overview,
    /// Pods, and every other kind in the same place.
    #[default]
    Things,
    Logs,
    /// Description, YAML, events or owners of one thing.
    Detail,
    /// The team's runbooks, to choose from.
    Runbooks,
    /// One of them, opened.
    Checklist,
    /// The incident, its time line, the handover.
    Incident,
}

/// What the cursor of the overview holds on to: never a number, as lines come and go.
#[derive(Debug, Clone, PartialEq)]
pub enum Glance {
    Source(Realm),
    Trouble(ObjectRef),
    Change(String, ObjectRef),
    Fire(ObjectRef),
    MoreFires,
    Book(BookId),
}

/// How wide the cells of each column were at most since the table was set up as it is: a column grows, and does not
/// grow and shrink with each value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Widest {
    setup: String,
    columns: Vec<(&'static str, u16)>,
}

impl Widest {
    pub fn of(&self, title: &str) -> u16 {
        self.columns.iter().find(|(known, _)| *known == title).map_or(0, |(_, cells)| *cells)
    }

    /// Takes up how wide cells are now; of another table what was kept is forgotten.
    pub fn keep(&mut self, setup: String, columns: impl IntoIterator<Item = (&'static str, u16)>) {
        if self.setup != setup {
            *self = Widest { setup, columns: Vec::new() };
        }
        for (title, cells) in columns {
            match self.columns.iter_mut().find(|(known, _)| *known == title) {
                Some((_, most)) => *most = cells.max(*most),
                None => self.columns.push((title, cells)),
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    pub focus: PaneKind,
    /// What is shown was gone to from the open runbook: the way back leads there.
    pub from_runbook: bool,
    pub zoomed: bool,
    /// Where you are in the overview.
    pub glance: Option<Glance>,
    pub kind: Kind,
    /// What was shown last of each realm.
    pub last: BTreeMap<Realm, Kind>,
    pub filter: Filter,
    /// Only what is in trouble.
    pub faults: bool,
    /// The label that alerts are grouped by, and the groups whose members are shown.
    pub group: Option<Text>,
    pub unfolded: BTreeSet<ObjectRef>,
    /// The order the operator chose for each kind; trouble first where none was.
    pub sorts: Vec<(Kind, Sort)>,
    /// Columns the operator took away, by kind and title.
    pub hidden: Vec<(Kind, &'static str)>,
    /// First column shown, for tables wider than the screen.
    pub shift: usize,
    /// Of the table, and of the overview.
    pub widest: Widest,
    pub widest_glance: Widest,
    pub mouse: bool,
}

impl Default for Board {
    fn default() -> Self {
        Board {
            focus: PaneKind::Things,
            from_runbook: false,
            zoomed: false,
            glance: None,
            kind: Kind::Pod,
            last: BTreeMap::new(),
            filter: Filter::default(),
            faults: false,
            group: None,
            unfolded: BTreeSet::new(),
            sorts: Vec::new(),
            hidden: Vec::new(),
            shift: 0,
            widest: Widest::default(),
            widest_glance: Widest::default(),
            mouse: false,
        }
    }
}

impl Board {
    pub fn sort(&self) -> Sort {
        self.sorts.iter().find(|(kind, _)| *kind == self.kind).map_or_else(Sort::default, |(_, sort)| *sort)
    }

    pub fn set_sort(&mut self, sort: Sort) {
        let kind = self.kind;
        self.sorts.retain(|(known, _)| *known != kind);
        self.sorts.push((kind, sort));
    }

    pub fn hides(&self, title: &str) -> bool {
        self.hidden.iter().any(|(kind, hidden)| *kind == self.kind && *hidden == title)
    }
}

/// The order in which `[` and `]` go round.
pub const KINDS: &[Kind] = &[
    Kind::Pod,
    Kind::Deployment,
    Kind::Hpa,
    Kind::Node,
    Kind::Event,
    Kind::Certificate,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::ReplicaSet,
    Kind::Job,
    Kind::CronJob,
    Kind::ConfigMap,
    Kind::Secret,
    Kind::Namespace,
    Kind::Volume,
];
