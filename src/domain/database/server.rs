//! A server as a whole: how many connections are left, and what it says of its health.
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::session::{Session, State};
use super::xid_level;
use crate::domain::Text;
use crate::domain::level::Level;
use crate::domain::time::Timestamp;

/// Shares of the usable connections, in percent.
pub const GAUGE_WARN: u32 = 80;
pub const GAUGE_BAD: u32 = 95;
/// A standby this far behind serves old answers.
const LAG_WARN: Duration = Duration::from_secs(30);
const LAG_BAD: Duration = Duration::from_mins(5);

/// How many connections one application, user, client or database holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    pub name: Text,
    pub all: u32,
    pub idle: u32,
    pub in_transaction: u32,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Server {
    /// `15.18`.
    pub version: Text,
    pub standby: bool,
    pub started: Timestamp,
    pub used: u32,
    pub max: u32,
    /// Slots that only some roles may take.
    pub reserved: u32,
    /// Connections more each minute, from the samples of the last minutes; `None` until there are enough.
    pub growth: Option<i32>,
    pub full_in: Option<Duration>,
    pub active: u32,
    pub idle: u32,
    pub in_transaction: u32,
    pub blocked: u32,
    /// Sessions whose state we may not see.
    pub hidden: u32,
    pub by_application: Vec<Share>,
    pub by_user: Vec<Share>,
    pub by_client: Vec<Share>,
    pub by_database: Vec<Share>,
    /// Since when the oldest of them stands so.
    pub oldest_idle: Option<Timestamp>,
    pub oldest_transaction: Option<Timestamp>,
    pub xid_age: Option<i64>,
    pub deadlocks: Option<i64>,
    pub temp_bytes: Option<i64>,
    /// In percent, since the statistics began.
    pub cache_hit: Option<f32>,
    pub commits_per_second: Option<u32>,
    pub rollbacks_per_second: Option<u32>,
    /// How far a standby is behind; `None` on a primary, and where that is not known.
    pub lag: Option<Duration>,
    /// What befell it while we watched: restarted, promoted, another server at the same address.
    pub event: Option<(Timestamp, Text)>,
    /// Its databases were not read: how old their transaction numbers are is not known.
    pub unread: bool,
    /// The role or database that is nearest to its own limit, once that is near.
    pub tight: Option<(Level, Text)>,
    /// The worst among its copies and slots.
    pub replicas: Level,
    /// The oldest idle transaction, long queries and who waits: the worst level among its sessions.
    pub sessions: Level,
}

impl Server {
    /// What is left for those without privileges.
    pub fn usable(&self) -> u32 {
        self.max.saturating_sub(self.reserved)
    }

    pub fn percent(&self) -> u32 {
        let used = u64::from(self.used) * 100;
        used.checked_div(u64::from(self.usable())).map_or(100, |p| u32::try_from(p).unwrap_or(u32::MAX))
    }

    pub fn gauge_level(&self) -> Level {
        match self.percent() {
            GAUGE_BAD.. => Level::Bad,
            GAUGE_WARN.. => Level::Warn,
            _ => Level::Fine,
        }
    }

    pub fn lag_level(&self) -> Level {
        match self.lag {
            Some(lag) if lag > LAG_BAD => Level::Bad,
            Some(lag) if lag > LAG_WARN => Level::Warn,
            None if self.standby => Level::Unknown,
            _ => Level::Fine,
        }
    }

    pub fn level(&self) -> Level {
        let tight = self.tight.as_ref().map_or(Level::Fine, |(level, _)| *level);
        self.gauge_level().min(self.lag_level()).min(self.xid_level()).min(self.replicas).min(tight)
    }

    pub fn xid_level(&self) -> Level {
        if self.unread { Level::Unknown } else { xid_level(self.xid_age) }
    }

    pub fn status(&self) -> Cow<'_, str> {
        if self.standby { "standby".into() } else { "primary".into() }
    }

    /// Counts its sessions, each kind of them once.
    pub fn count(&mut self, sessions: &[Session]) {
        let clients = || sessions.iter().filter(|session| session.is_client());
        let n = |of: &dyn Fn(&Session) -> bool| {
            u32::try_from(clients().filter(|session| of(session)).count()).unwrap_or(u32::MAX)
        };
        self.active = n(&|s| matches!(s.state, State::Active | State::Fastpath));
        self.idle = n(&|s| s.state == State::Idle);
        self.in_transaction = n(&|s| s.state.in_transaction());
        self.blocked = n(&Session::waits);
        self.hidden = n(&|s| s.hidden);
        self.oldest_idle = clients().filter(|s| s.state.in_transaction()).filter_map(|s| s.since).min();
        self.oldest_transaction = clients().filter_map(|s| s.transaction).min();
        self.by_application = shares(clients(), |s| &s.application);
        self.by_user = shares(clients(), |s| &s.user);
        self.by_client = shares(clients(), |s| &s.client);
        self.by_database = shares(clients(), |s| &s.database);
        self.sessions = clients().map(|session| session.level).min().unwrap_or_default();
    }
}

/// How many of each, the most first; the rest of a long tail is left out.
pub fn shares<'s>(sessions: impl Iterator<Item = &'s Session>, of: impl Fn(&Session) -> &Text) -> Vec<Share> {
    const MOST: usize = 12;
    let mut all: BTreeMap<&Text, Share> = BTreeMap::new();
    for session in sessions {
        let name = of(session);
        let share = all.entry(name).or_insert_with(|| Share {
            name: name.clone(),
            all: 0,
            idle: 0,
            in_transaction: 0,
        });
        share.all += 1;
        share.idle += u32::from(session.state == State::Idle);
        share.in_transaction += u32::from(session.state.in_transaction());
    }
    let mut all: Vec<Share> = all.into_values().collect();
    all.sort_by(|a, b| b.all.cmp(&a.all).then_with(|| a.name.cmp(&b.name)));
    all.truncate(MOST);
    all
}

/// How the number of connections went lately.
#[derive(Debug, Clone, Default)]
pub struct Trend(VecDeque<(Timestamp, u32)>);

impl Trend {
    /// Only what is younger says where it goes now.
    const SPAN: Duration = Duration::from_mins(3);
    /// Over less than this a burst is no trend.
    const LEAST: Duration = Duration::from_secs(30);

    pub fn add(&mut self, at: Timestamp, used: u32) {
        self.0.push_back((at, used));
        while self.0.front().is_some_and(|(first, _)| at.since(*first) > Self::SPAN) {
            self.0.pop_front();
        }
    }

    /// After a restart the past says nothing.
    pub fn forget(&mut self) {
        self.0.clear();
    }

    /// Connections more each minute: the slope of the line nearest to the samples.
    pub fn growth(&self) -> Option<i32> {
        let (first, _) = self.0.front()?;
        let (last, _) = self.0.back()?;
        if last.since(*first) < Self::LEAST {
            return None;
        }
        let n = f64::from(u32::try_from(self.0.len()).ok()?);
        let points =
            || self.0.iter().map(|(at, used)| (at.since(*first).as_secs_f64() / 60.0, f64::from(*used)));
        let (sx, sy) = points().fold((0.0, 0.0), |(sx, sy), (x, y)| (sx + x, sy + y));
        let (mx, my) = (sx / n, sy / n);
        let (top, bottom) = points().fold((0.0, 0.0), |(top, bottom), (x, y)| {
            (top + (x - mx) * (y - my), bottom + (x - mx) * (x - mx))
        });
        let slope = if bottom > 0.0 { top / bottom } else { return None };
        // Written and read again: a number with a fraction has no other exact way to a whole one.
        format!("{slope:.0}").parse().ok()
    }

    /// When the last usable one is taken if it goes on like this, in whole minutes.
    pub fn full_in(&self, usable: u32) -> Option<Duration> {
        let growth = u32::try_from(self.growth()?).ok().filter(|growth| *growth > 0)?;
        let (_, used) = self.0.back()?;
        let left = usable.saturating_sub(*used);
        Some(Duration::from_mins(u64::from(left.div_ceil(growth))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::session::tests::session;
    use super::*;

    fn trend(samples: &[(i64, u32)]) -> Trend {
        let mut trend = Trend::default();
        for (at, used) in samples {
            trend.add(Timestamp::from_seconds(*at), *used);
        }
        trend
    }

    #[test]
    fn the_gauge_counts_only_what_is_not_reserved() {
        let server = Server { used: 87, max: 100, reserved: 3, ..Server::default() };
        assert_eq!((server.usable(), server.percent(), server.gauge_level()), (97, 89, Level::Warn));
        let full = Server { used: 93, ..server.clone() };
        assert_eq!((full.percent(), full.level()), (95, Level::Bad));
        assert_eq!(Server { used: 10, ..server }.level(), Level::Fine);
        assert_eq!(Server { used: 1, max: 3, reserved: 3, ..Server::default() }.percent(), 100);
    }

    #[test]
    fn growth_is_what_the_samples_say_and_full_is_when_it_reaches_the_usable_ones() {
        let steady = trend(&[(0, 60), (30, 62), (60, 64), (90, 66), (120, 68)]);
        assert_eq!(steady.growth(), Some(4));
        assert_eq!(steady.full_in(97), Some(Duration::from_mins(8)));
        assert_eq!(trend(&[(0, 60), (60, 60)]).full_in(97), None);
        let falls = trend(&[(0, 60), (60, 50)]);
        assert_eq!((falls.growth(), falls.full_in(97)), (Some(-10), None));
        assert_eq!(trend(&[(0, 90), (60, 97)]).full_in(97), Some(Duration::ZERO));
    }

    #[test]
    fn too_few_samples_say_nothing_and_old_ones_are_forgotten() {
        assert_eq!(trend(&[]).growth(), None);
        assert_eq!(trend(&[(0, 1), (20, 90)]).growth(), None);
        assert_eq!(trend(&[(0, 0), (600, 50), (660, 50)]).growth(), Some(0));
    }

    #[test]
    fn sessions_are_counted_by_what_they_do_and_whose_they_are() {
        let mut all =
            vec![session(1, State::Idle), session(2, State::Idle), session(3, State::InTransaction)];
        all[2].application = "worker".into();
        all.push(Session { backend: "walwriter".into(), ..session(4, State::Unknown) });
        let mut server = Server::default();
        server.count(&all);
        assert_eq!((server.idle, server.in_transaction, server.active), (2, 1, 0));
        let apps: Vec<_> = server.by_application.iter().map(|s| (&*s.name, s.all, s.idle)).collect();
        assert_eq!(apps, [("web", 2, 2), ("worker", 1, 0)]);
        assert_eq!(server.oldest_idle, Some(Timestamp(0)));
    }

    #[test]
    fn a_standby_that_is_behind_and_old_transactions_are_trouble() {
        let behind = |s| Server { max: 100, lag: Some(Duration::from_secs(s)), ..Server::default() }.level();
        assert_eq!([behind(30), behind(31), behind(301)], [Level::Fine, Level::Warn, Level::Bad]);
        let old = |age| Server { max: 100, xid_age: Some(age), ..Server::default() }.level();
        assert_eq!(
            [old(200_000_000), old(900_000_000), old(1_700_000_000)],
            [Level::Fine, Level::Warn, Level::Bad]
        );
        let lost = Server { max: 100, standby: true, lag: None, ..Server::default() };
        assert_eq!(lost.level(), Level::Unknown, "it may be far behind");
        assert_eq!(Server { lag: Some(Duration::ZERO), ..lost.clone() }.level(), Level::Fine);
        let unread = Server { unread: true, max: 100, ..Server::default() };
        assert_eq!(unread.level(), Level::Unknown);
        let copies = Server { standby: false, replicas: Level::Bad, ..lost };
        assert_eq!(copies.level(), Level::Bad);
        let tight = Some((Level::Warn, "role web: 8 of 10".into()));
        assert_eq!(Server { tight, max: 100, ..Server::default() }.level(), Level::Warn);
    }
}
