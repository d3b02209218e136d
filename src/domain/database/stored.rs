//! What is stored and copied: databases, tables and indexes, standbys and slots.
use std::borrow::Cow;
use std::time::Duration;

use super::{crowded, xid_level};
use crate::domain::Text;
use crate::domain::level::Level;
use crate::domain::time::Timestamp;

/// From here on a copy is behind, and from there on it is trouble.
const LAG_WARN: Duration = Duration::from_secs(30);
const LAG_BAD: Duration = Duration::from_mins(5);
/// So much kept for a slot fills disks.
const RETAINED_WARN: u64 = 1 << 30;
const RETAINED_BAD: u64 = 10 << 30;
/// Below so many rows dead ones cost nothing.
const DEAD_LEAST: i64 = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicaKind {
    /// A standby or another reader that is connected.
    Sender,
    Slot,
    /// What we read ourselves, on a standby.
    Receiver,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Replica {
    pub kind: ReplicaKind,
    pub client: Text,
    /// `streaming`, `catchup`; for a slot `active` or `inactive`; empty when hidden from us.
    pub state: Text,
    /// `sync`, `async`, `quorum`; for a slot `physical` or `logical`.
    pub mode: Text,
    /// Bytes that are not yet applied there; for a slot, what is kept for it.
    pub behind: Option<u64>,
    /// `None` while it is caught up and idle, and where it is hidden from us.
    pub lag: Option<Duration>,
    /// `reserved`, `extended`, `unreserved`, `lost`; of slots, from version 13 on.
    pub wal_status: Text,
    pub slot: Text,
    /// How long until it was written there, and until it was safe there.
    pub write_lag: Option<Duration>,
    pub flush_lag: Option<Duration>,
    /// How much more may be written until what a slot needs is thrown away; `None` without such a limit.
    pub left: Option<i64>,
    /// Since when nobody reads a slot; from version 17 on.
    pub inactive: Option<Timestamp>,
    /// Why a slot is of no use any more: `wal_removed`, `rows_removed`.
    pub invalid: Text,
}

impl Replica {
    /// Of which nothing is known yet.
    pub fn new(kind: ReplicaKind) -> Replica {
        Replica {
            kind,
            client: "".into(),
            state: "".into(),
            mode: "".into(),
            behind: None,
            lag: None,
            wal_status: "".into(),
            slot: "".into(),
            write_lag: None,
            flush_lag: None,
            left: None,
            inactive: None,
            invalid: "".into(),
        }
    }

    pub fn level(&self) -> Level {
        match self.kind {
            ReplicaKind::Slot if !self.invalid.is_empty() => Level::Bad,
            ReplicaKind::Slot => match &*self.wal_status {
                "lost" => Level::Bad,
                "unreserved" => Level::Warn,
                // Whether it is read or not: the disk fills all the same.
                _ => match self.behind {
                    Some(RETAINED_BAD..) => Level::Bad,
                    Some(RETAINED_WARN..) => Level::Warn,
                    Some(_) => Level::Fine,
                    None => Level::Unknown,
                },
            },
            // Without a state nothing is known, whatever the missing numbers look like.
            _ if self.state.is_empty() => Level::Unknown,
            _ => match self.lag {
                Some(lag) if lag > LAG_BAD => Level::Bad,
                Some(lag) if lag > LAG_WARN => Level::Warn,
                _ if &*self.state != "streaming" => Level::Warn,
                _ => Level::Fine,
            },
        }
    }

    pub fn status(&self) -> Cow<'_, str> {
        match self.kind {
            _ if self.state.is_empty() => "hidden".into(),
            ReplicaKind::Slot if !self.invalid.is_empty() => format!("invalid: {}", self.invalid).into(),
            ReplicaKind::Slot if matches!(&*self.wal_status, "lost" | "unreserved") => {
                format!("{}, WAL {}", self.state, self.wal_status).into()
            }
            _ => (&*self.state).into(),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Relation {
    /// `table`, `index`, `materialized view`.
    pub what: Text,
    /// The table of an index.
    pub of: Text,
    /// By the pages that were counted at the last vacuum: nothing waits for a lock to know it.
    pub bytes: u64,
    pub live: Option<i64>,
    pub dead: Option<i64>,
    pub vacuumed: Option<Timestamp>,
    pub analyzed: Option<Timestamp>,
    /// Scans of the whole table, or of the index, since the statistics began.
    pub scans: Option<i64>,
    pub index_scans: Option<i64>,
    /// An index that must stand although nobody reads it.
    pub unique: bool,
    pub valid: bool,
    /// How old the oldest transaction number in it is.
    pub xid_age: Option<i64>,
}

impl Relation {
    /// An index that nobody ever read, and that nothing else needs.
    pub fn unused(&self) -> bool {
        &*self.what == "index" && self.scans == Some(0) && !self.unique
    }

    /// In percent of all rows.
    pub fn dead_share(&self) -> Option<i64> {
        let (live, dead) = (self.live?, self.dead?);
        dead.saturating_mul(100).checked_div(live.saturating_add(dead))
    }

    pub fn level(&self) -> Level {
        let dead = self.dead.is_some_and(|dead| dead >= DEAD_LEAST) && self.dead_share().unwrap_or(0) >= 20;
        let own = if !self.valid || dead { Level::Warn } else { Level::Fine };
        own.min(xid_level(self.xid_age))
    }

    pub fn status(&self) -> Cow<'_, str> {
        if !self.valid {
            return "invalid".into();
        }
        if self.unused() {
            return "unused".into();
        }
        match self.dead_share() {
            Some(share) if self.level() < Level::Fine => format!("{share}% dead").into(),
            _ => "".into(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Database {
    /// `None` until it was asked for, and where we may not connect to it.
    pub bytes: Option<u64>,
    pub connections: u32,
    /// `None` without a limit of its own.
    pub limit: Option<u32>,
    pub xid_age: Option<i64>,
    pub deadlocks: Option<i64>,
    pub temp_bytes: Option<i64>,
    pub cache_hit: Option<f32>,
    pub commits: Option<i64>,
    pub rollbacks: Option<i64>,
}

impl Database {
    /// How full it is against its own limit, in percent.
    fn share(&self) -> Option<u64> {
        let limit = u64::from(self.limit?);
        Some(u64::from(self.connections).saturating_mul(100).checked_div(limit).unwrap_or(100))
    }

    /// The same where that is what its status speaks of.
    pub fn crowded(&self) -> Option<u64> {
        self.share().filter(|_| self.level() < Level::Fine)
    }

    pub fn level(&self) -> Level {
        crowded(self.connections, self.limit).min(xid_level(self.xid_age))
    }

    pub fn status(&self) -> Cow<'_, str> {
        match self.limit {
            Some(limit) if self.level() < Level::Fine => {
                format!("{} of {limit} connections", self.connections).into()
            }
            _ if xid_level(self.xid_age) < Level::Fine => "needs vacuum".into(),
            _ => "".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replica(kind: ReplicaKind, state: &str) -> Replica {
        Replica {
            client: "10.0.0.9".into(),
            state: state.into(),
            mode: "async".into(),
            behind: Some(0),
            ..Replica::new(kind)
        }
    }

    #[test]
    fn a_copy_whose_numbers_are_hidden_is_not_called_well() {
        assert_eq!(replica(ReplicaKind::Sender, "").level(), Level::Unknown);
        assert_eq!(replica(ReplicaKind::Sender, "streaming").level(), Level::Fine);
        assert_eq!(replica(ReplicaKind::Sender, "catchup").level(), Level::Warn);
        let late =
            Replica { lag: Some(Duration::from_secs(301)), ..replica(ReplicaKind::Sender, "streaming") };
        assert_eq!(late.level(), Level::Bad);
    }

    #[test]
    fn a_slot_is_trouble_by_what_is_kept_for_it_whether_it_is_read_or_not() {
        let slot =
            |behind, state: &str| Replica { behind: Some(behind), ..replica(ReplicaKind::Slot, state) };
        assert_eq!(slot(0, "inactive").level(), Level::Fine);
        assert_eq!(slot(2 << 30, "inactive").level(), Level::Warn);
        assert_eq!(slot(20 << 30, "inactive").level(), Level::Bad);
        assert_eq!(slot(20 << 30, "active").level(), Level::Bad);
        assert_eq!(slot(16 << 20, "active").level(), Level::Fine);
        assert_eq!(Replica { behind: None, ..slot(0, "active") }.level(), Level::Unknown);
        let lost = Replica { wal_status: "lost".into(), ..slot(0, "inactive") };
        assert_eq!((lost.level(), &*lost.status()), (Level::Bad, "inactive, WAL lost"));
        let invalid = Replica { invalid: "rows_removed".into(), ..slot(0, "inactive") };
        assert_eq!((invalid.level(), &*invalid.status()), (Level::Bad, "invalid: rows_removed"));
    }

    #[test]
    fn a_table_is_worth_a_look_when_much_of_it_is_dead() {
        let table = Relation {
            what: "table".into(),
            of: "".into(),
            bytes: 8192,
            live: Some(40_000),
            dead: Some(9_999),
            vacuumed: None,
            analyzed: None,
            scans: Some(0),
            index_scans: None,
            unique: false,
            valid: true,
            xid_age: None,
        };
        assert_eq!((table.level(), table.unused()), (Level::Fine, false));
        let dead = Relation { dead: Some(10_000), ..table.clone() };
        assert_eq!((dead.level(), &*dead.status()), (Level::Warn, "20% dead"));
        let index = Relation { what: "index".into(), live: None, dead: None, ..table };
        assert!(index.unused() && !Relation { unique: true, ..index.clone() }.unused());
        assert!(!Relation { scans: None, ..index.clone() }.unused(), "its scans are not counted");
        assert_eq!(Relation { valid: false, ..index }.status(), "invalid");
    }

    #[test]
    fn a_database_near_its_own_limit_says_so() {
        let near = Database { connections: 8, limit: Some(10), ..Database::default() };
        assert_eq!((near.level(), &*near.status()), (Level::Warn, "8 of 10 connections"));
        assert_eq!(Database { limit: None, ..near.clone() }.level(), Level::Fine);
        assert_eq!(Database { limit: Some(0), ..near }.level(), Level::Bad);
    }
}
