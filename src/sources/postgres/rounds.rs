//! One look at a server after another: what is due, what it says, and what that adds up to.
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::Row;

use super::board::Fresh;
use super::kinds;
use super::link::{Fault, Session as Held};
use super::read::{self, Gauge};
use super::rows::{place, row, row_of};
use super::value::{count, small, word};
use super::{Server as Shared, sql};
use crate::domain::Text;
use crate::domain::database::{
    By, Database, DatabaseFacts, Deltas, Group, PREPARED, Server, Session, Tree, Trend, groups,
};
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::news::News;
use crate::domain::object::Kind;
use crate::domain::time::Timestamp;
use crate::sources::now;

const DATABASES: Duration = Duration::from_secs(15);
const SIZES: Duration = Duration::from_mins(1);
const RELATIONS: Duration = Duration::from_secs(30);
const STATEMENTS: Duration = Duration::from_secs(10);
const REPLICAS: Duration = Duration::from_secs(4);
const REPLICAS_UNWATCHED: Duration = Duration::from_mins(1);
/// Where we may not see who waits, everybody is asked for his locks; that is not done at every look.
const UNSEEN_WAITS: Duration = Duration::from_secs(10);
const PREPARED_EVERY: Duration = Duration::from_secs(5);
/// Clocks that differ by less agree.
const SKEW: i64 = 2_000;
/// Below this share the server has room again.
const ROOM: u32 = 80;

pub struct Rounds {
    feed: Feed,
    due: HashMap<&'static str, Instant>,
    trend: Trend,
    deltas: Deltas,
    /// Transactions that ended in either way, when they were counted.
    ended: Option<(Timestamp, i64, i64)>,
    databases: Vec<(Text, Database)>,
    /// How many connections a role may have.
    roles: HashMap<Text, u32>,
    prepared: Vec<(Session, bool)>,
    sizes: HashMap<Text, u64>,
    server: Server,
    /// Who answered last: its system, when it started, whether it was a standby.
    who: Option<(Option<Text>, Timestamp, bool)>,
    /// How far the server's clock is ahead of ours.
    skew: Option<i64>,
    first: bool,
    looked: bool,
    pub over_tls: bool,
    pub emergency: bool,
    /// How many sessions we see as they are, of how many.
    pub sees: Option<(usize, usize)>,
    /// What could not be read, by kind.
    pub notes: BTreeMap<Kind, String>,
    /// Why it is not known how far a standby is behind, and what transactions without a session there are.
    pub unread: BTreeMap<&'static str, String>,
}

impl Rounds {
    pub fn new(feed: Feed) -> Rounds {
        Rounds {
            feed,
            due: HashMap::new(),
            trend: Trend::default(),
            deltas: Deltas::default(),
            ended: None,
            databases: Vec::new(),
            roles: HashMap::new(),
            prepared: Vec::new(),
            sizes: HashMap::new(),
            server: Server::default(),
            who: None,
            skew: None,
            first: true,
            looked: false,
            over_tls: false,
            emergency: false,
            sees: None,
            notes: BTreeMap::new(),
            unread: BTreeMap::new(),
        }
    }

    pub fn connected(&mut self, over_tls: bool, emergency: bool) {
        (self.over_tls, self.emergency, self.looked, self.skew) = (over_tls, emergency, false, None);
        self.due.clear();
        self.notes.clear();
        self.unread.clear();
    }

    pub fn forget(&mut self) {
        *self = Rounds::new(self.feed.clone());
    }

    /// Whether the last look was the first over its connection.
    pub fn is_first(&self) -> bool {
        self.first
    }

    pub fn has_room(&self) -> bool {
        self.server.max > 0 && self.server.percent() < ROOM
    }

    fn is_due(&mut self, what: &'static str, every: Duration) -> bool {
        let now = Instant::now();
        let due = self.due.get(what).is_none_or(|at| *at <= now);
        if due {
            self.due.insert(what, now + every);
        }
        due
    }

    /// Everything that is due.
    pub async fn look(&mut self, shared: &Shared, held: &Held, watched: &[Kind]) -> Result<Vec<News>, Fault> {
        let all = sql::activity(held.greeting.number);
        let (activity, gauge) = tokio::join!(held.ask(&all, &[]), held.ask(sql::GAUGE, &[]));
        let mut gauge = gauge?.first().map(read::gauge).unwrap_or_default();
        if gauge.standby {
            gauge.lag = self.lag(shared, held).await?;
        }
        let (now, skew) = (now(), self.skew(&gauge));
        let mut sessions: Vec<Session> = activity?.iter().map(read::session).collect();
        for session in &mut sessions {
            for at in [&mut session.since, &mut session.transaction, &mut session.query_began] {
                *at = at.map(|at| Timestamp(at.0 - skew));
            }
        }
        self.first = !std::mem::replace(&mut self.looked, true);
        let tree = self.tree(shared, held, &sessions).await?;
        self.read_prepared(shared, held, &gauge, &tree, skew).await?;
        let tree = place(&mut sessions, &self.prepared, tree, now);
        if let Ok(mut kept) = shared.tree.lock() {
            *kept = tree;
        }
        let clients = sessions.iter().filter(|session| session.is_client());
        self.sees = Some((clients.clone().filter(|session| !session.hidden).count(), clients.count()));
        if self.is_due("databases", DATABASES) {
            self.read_databases(shared, held, now).await?;
        }
        self.sum_up(held, &gauge, &sessions, now, skew);
        let groups = groups(&sessions, |by, name| self.limit(by, name));
        self.server.tight = tight(&groups);
        let mut rows: Vec<(Kind, Vec<Fresh>)> = Vec::new();
        // How well the copies are is told with the server, whoever looks.
        let due = if watched.contains(&Kind::Replica) {
            self.is_due("replicas", REPLICAS)
        } else {
            self.is_due("replicas unwatched", REPLICAS_UNWATCHED)
        };
        if due {
            let read = kinds::replicas(held, gauge.lag).await;
            let levels = |rows: &[Fresh]| rows.iter().map(|row| row.facts.level()).min().unwrap_or_default();
            self.server.replicas = read.as_ref().map_or(Level::Unknown, |(rows, _)| levels(rows));
            self.kept(shared, Kind::Replica, read, &mut rows)?;
        }
        let started = self.server.started;
        let server = DatabaseFacts::Server(Box::new(self.server.clone()));
        let uid = held.greeting.system.clone().unwrap_or_default();
        rows.push((
            Kind::Server,
            vec![Fresh { name: shared.link.name.clone(), uid, created: started, facts: server }],
        ));
        if watched.contains(&Kind::SessionGroup) {
            let named = |group: Group| {
                let name = format!("{} {}", group.by.word(), group.value).into();
                row(&name, DatabaseFacts::Group(Box::new(group)))
            };
            rows.push((Kind::SessionGroup, groups.into_iter().map(named).collect()));
        }
        rows.push((Kind::Session, sessions.into_iter().map(row_of).collect()));
        if watched.contains(&Kind::Operation) {
            let read = kinds::operations(held, skew).await;
            self.kept(shared, Kind::Operation, read, &mut rows)?;
        }
        if watched.contains(&Kind::Database) && self.is_due("sizes", SIZES) {
            self.read_sizes(shared, held).await?;
        }
        let databases = self.databases.iter().map(|(name, database)| {
            let bytes = self.sizes.get(name).copied();
            row(name, DatabaseFacts::Database(Box::new(Database { bytes, ..database.clone() })))
        });
        rows.push((Kind::Database, databases.collect()));
        if watched.contains(&Kind::Relation) && self.is_due("relations", RELATIONS) {
            let read = kinds::relations(held).await;
            self.kept(shared, Kind::Relation, read, &mut rows)?;
        }
        if watched.contains(&Kind::Statement) && self.is_due("statements", STATEMENTS) {
            let read = kinds::statements(&mut self.deltas, held, now).await;
            self.kept(shared, Kind::Statement, read, &mut rows)?;
        }
        let Ok(mut board) = shared.board.lock() else { return Ok(Vec::new()) };
        let told =
            rows.into_iter().filter_map(|(kind, rows)| board.tell(&self.feed, &shared.link.name, kind, rows));
        Ok(told.collect())
    }

    /// What one kind could not be read for is noted; only a lost connection costs the others.
    fn kept(
        &mut self,
        shared: &Shared,
        kind: Kind,
        read: kinds::Read,
        rows: &mut Vec<(Kind, Vec<Fresh>)>,
    ) -> Result<(), Fault> {
        let note = match read {
            Ok((fresh, note)) => {
                rows.push((kind, fresh));
                note
            }
            // Cut off for an action: it is read again after that.
            Err(_) if shared.link.was_interrupted() => {
                self.due.clear();
                return Err(Fault::Interrupted);
            }
            Err(fault @ Fault::Said { .. }) => {
                Some(format!("{} are not read: {}", kind.plural(), fault.words()))
            }
            Err(fault) => return Err(fault),
        };
        match note {
            Some(note) => _ = self.notes.insert(kind, note),
            None => _ = self.notes.remove(&kind),
        }
        Ok(())
    }

    /// An answer that is done without where the server refuses it; that it did is noted.
    async fn asked(
        &mut self,
        shared: &Shared,
        held: &Held,
        what: &'static str,
        sql: &str,
    ) -> Result<Option<Vec<Row>>, Fault> {
        match held.ask(sql, &[]).await {
            Ok(rows) => {
                self.unread.remove(what);
                Ok(Some(rows))
            }
            Err(_) if shared.link.was_interrupted() => {
                self.due.clear();
                Err(Fault::Interrupted)
            }
            Err(fault @ Fault::Said { .. }) => {
                self.unread.insert(what, format!("{what}: {}", fault.words()));
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }

    /// How far a standby is behind. What is no standby of the common kind has no receiver, or cannot tell.
    async fn lag(&mut self, shared: &Shared, held: &Held) -> Result<Option<Duration>, Fault> {
        let rows = self.asked(shared, held, "how far the standby is behind is not read", sql::LAG).await?;
        Ok(rows.and_then(|rows| read::lag(rows.first()?, 0)))
    }

    async fn read_prepared(
        &mut self,
        shared: &Shared,
        held: &Held,
        gauge: &Gauge,
        tree: &Tree,
        skew: i64,
    ) -> Result<(), Fault> {
        // Whom others wait for is asked at once.
        let block = tree.place(PREPARED).is_some();
        if !gauge.prepares {
            self.prepared.clear();
            return Ok(());
        }
        if !self.is_due("prepared", PREPARED_EVERY) && !block {
            return Ok(());
        }
        let what = "transactions without a session are not read";
        let rows = self.asked(shared, held, what, &sql::prepared(block)).await?;
        self.prepared = rows.unwrap_or_default().iter().map(read::prepared).collect();
        for (session, _) in &mut self.prepared {
            for at in [&mut session.since, &mut session.transaction] {
                *at = at.map(|at| Timestamp(at.0 - skew));
            }
        }
        Ok(())
    }

    /// How many connections a role or a database may have.
    fn limit(&self, by: By, name: &str) -> Option<u32> {
        match by {
            By::User => self.roles.get(name).copied(),
            By::Database => self.databases.iter().find(|(known, _)| **known == *name)?.1.limit,
            _ => None,
        }
    }

    fn skew(&mut self, gauge: &Gauge) -> i64 {
        *self.skew.get_or_insert_with(|| {
            let ahead = gauge.clock.0 - now().0;
            if ahead.abs() > SKEW { ahead } else { 0 }
        })
    }

    /// Asks who waits for whom, when anybody waits.
    async fn tree(&mut self, shared: &Shared, held: &Held, sessions: &[Session]) -> Result<Tree, Fault> {
        let waits = sessions.iter().any(|s| s.wait.as_ref().is_some_and(|(kind, _)| &**kind == "Lock"));
        let unseen = sessions.iter().any(|session| session.hidden);
        let ask = if unseen {
            if !self.is_due("waits", UNSEEN_WAITS) {
                return Ok(shared.tree.lock().map(|tree| tree.clone()).unwrap_or_default());
            }
            sql::WAITS_UNSEEN
        } else if waits {
            sql::WAITS
        } else {
            self.notes.remove(&Kind::Session);
            return Ok(Tree::default());
        };
        match held.ask(ask, &[]).await {
            Ok(rows) => {
                self.notes.remove(&Kind::Session);
                Ok(Tree::new(read::waits(&rows)))
            }
            Err(_) if shared.link.was_interrupted() => {
                self.due.remove("waits");
                Err(Fault::Interrupted)
            }
            Err(fault @ Fault::Said { .. }) => {
                self.notes
                    .insert(Kind::Session, format!("who waits for whom is not read: {}", fault.words()));
                Ok(Tree::default())
            }
            Err(fault) => Err(fault),
        }
    }

    fn sum_up(&mut self, held: &Held, gauge: &Gauge, sessions: &[Session], now: Timestamp, skew: i64) {
        let started = Timestamp(gauge.started.0 - skew);
        let who = (held.greeting.system.clone(), gauge.started, gauge.standby);
        if let Some(event) = self.who.as_ref().and_then(|before| befell(before, &who)) {
            self.server.event = Some((now, event.into()));
            self.trend.forget();
            self.deltas.forget();
            self.ended = None;
        }
        self.who = Some(who);
        let used = sessions.iter().filter(|session| session.is_client()).count();
        self.server.used = u32::try_from(used).unwrap_or(u32::MAX);
        self.server.version = held.greeting.version.clone();
        self.server.standby = gauge.standby;
        self.server.started = started;
        (self.server.max, self.server.reserved) = (gauge.max, gauge.reserved);
        // Seconds that tick tell nothing while it is well.
        self.server.lag = gauge.lag.map(|lag| Duration::from_secs(lag.as_secs() / 5 * 5));
        self.trend.add(now, self.server.used);
        self.server.growth = self.trend.growth();
        self.server.full_in = self.trend.full_in(self.server.usable());
        self.server.count(sessions);
    }

    async fn read_databases(&mut self, shared: &Shared, held: &Held, now: Timestamp) -> Result<(), Fault> {
        let rows = match held.ask(sql::DATABASES, &[]).await {
            Ok(rows) => {
                self.notes.remove(&Kind::Server);
                self.server.unread = false;
                rows
            }
            Err(_) if shared.link.was_interrupted() => {
                self.due.clear();
                return Err(Fault::Interrupted);
            }
            // What was seen before is not what is now.
            Err(fault @ Fault::Said { .. }) => {
                self.notes.insert(Kind::Server, format!("databases are not read: {}", fault.words()));
                (self.server.unread, self.ended) = (true, None);
                Vec::new()
            }
            Err(fault) => return Err(fault),
        };
        self.databases = rows.iter().map(read::database).collect();
        let roles = self.asked(shared, held, "the roles' limits are not read", sql::ROLES).await?;
        self.roles = roles.unwrap_or_default().iter().map(|row| (word(row, 0), small(row, 1))).collect();
        let sum = |of: fn(&Database) -> Option<i64>| -> Option<i64> {
            let each = self.databases.iter().map(|(_, database)| of(database));
            each.sum::<Option<i64>>().filter(|_| !self.databases.is_empty())
        };
        let (commits, rollbacks) = (sum(|d| d.commits), sum(|d| d.rollbacks));
        self.server.deadlocks = sum(|d| d.deadlocks);
        self.server.temp_bytes = sum(|d| d.temp_bytes);
        (self.server.commits_per_second, self.server.rollbacks_per_second) = (None, None);
        self.server.xid_age = self.databases.iter().filter_map(|(_, d)| d.xid_age).max();
        let blocks =
            |at: usize| -> i64 { rows.iter().map(|row| i64::try_from(count(row, at)).unwrap_or(0)).sum() };
        self.server.cache_hit = read::share(blocks(6), blocks(7));
        if let (Some(commits), Some(rollbacks)) = (commits, rollbacks) {
            let rate = |new: i64, old: i64, span: Duration| {
                u32::try_from(new.checked_sub(old)?.checked_div(i64::try_from(span.as_secs()).ok()?)?).ok()
            };
            let before = self.ended.replace((now, commits, rollbacks));
            let span = before.map(|(at, ..)| now.since(at));
            self.server.commits_per_second = before.zip(span).and_then(|(b, span)| rate(commits, b.1, span));
            self.server.rollbacks_per_second =
                before.zip(span).and_then(|(b, span)| rate(rollbacks, b.2, span));
        }
        Ok(())
    }

    async fn read_sizes(&mut self, shared: &Shared, held: &Held) -> Result<(), Fault> {
        match held.ask(sql::SIZES, &[]).await {
            Ok(rows) => {
                self.sizes = rows.iter().map(|row| (word(row, 0), count(row, 1))).collect();
                self.sizes.retain(|_, bytes| *bytes > 0);
                self.notes.remove(&Kind::Database);
                Ok(())
            }
            Err(_) if shared.link.was_interrupted() => Err(Fault::Interrupted),
            Err(fault @ Fault::Said { .. }) => {
                self.notes.insert(Kind::Database, format!("sizes are not read: {}", fault.words()));
                Ok(())
            }
            Err(fault) => Err(fault),
        }
    }
}

/// Who is nearest to a limit of its own, once that is near.
fn tight(groups: &[Group]) -> Option<(Level, Text)> {
    let near = groups.iter().filter(|group| group.by != By::State && !group.status().is_empty());
    let share = |group: &&Group| u64::from(group.all) * 100 / u64::from(group.limit.unwrap_or(1).max(1));
    let worst = near.max_by_key(share)?;
    let word = if worst.by == By::User { "role" } else { worst.by.word() };
    Some((worst.crowding(), format!("{word} {}: {}", worst.value, worst.status()).into()))
}

/// What happened to a server between two looks.
fn befell(
    before: &(Option<Text>, Timestamp, bool),
    after: &(Option<Text>, Timestamp, bool),
) -> Option<&'static str> {
    let ((old, began, standby), (new, begins, stands)) = (before, after);
    if old.is_some() && new.is_some() && old != new {
        return Some("another server answers at this address");
    }
    match (standby, stands) {
        (true, false) => Some("promoted: it was a standby"),
        (false, true) => Some("it is a standby now, it was the primary"),
        _ => (began != begins).then_some("restarted"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_befell_a_server_is_told_by_who_answers() {
        let who = |system: &str, began, standby| (Some(Text::from(system)), Timestamp(began), standby);
        assert_eq!(befell(&who("1", 5, false), &who("1", 5, false)), None);
        assert_eq!(befell(&who("1", 5, false), &who("1", 9, false)), Some("restarted"));
        assert_eq!(befell(&who("1", 5, true), &who("1", 5, false)), Some("promoted: it was a standby"));
        assert_eq!(
            befell(&who("1", 5, true), &who("2", 9, true)),
            Some("another server answers at this address")
        );
        assert_eq!(befell(&(None, Timestamp(5), false), &who("2", 5, false)), None);
    }
}
