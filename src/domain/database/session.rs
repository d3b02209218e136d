//! One session of a server: what it does, for how long, and whom it holds up.
use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;

use super::tree::Place;
use crate::domain::Text;
use crate::domain::level::Level;
use crate::domain::secret::{HIDDEN, mask};
use crate::domain::text::clean_to;
use crate::domain::time::Timestamp;

/// From here on a transaction that does nothing is worth a look, and from there on it is trouble: it keeps
/// its locks and the dead rows of every table.
const IDLE_WARN: Duration = Duration::from_mins(5);
const IDLE_BAD: Duration = Duration::from_mins(30);
/// The same for who waits for a lock, and for a query that goes on.
const BLOCKED_WARN: Duration = Duration::from_secs(30);
const BLOCKED_BAD: Duration = Duration::from_mins(5);
const QUERY_WARN: Duration = Duration::from_mins(5);
const QUERY_BAD: Duration = Duration::from_mins(30);
/// A transaction that is open this long keeps vacuum from every table.
const TRANSACTION_WARN: Duration = Duration::from_hours(1);

/// What stands for a kind of process where there is none.
pub const PREPARED_BACKEND: &str = "prepared transaction";

/// As the server names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    Active,
    Idle,
    InTransaction,
    /// An error came, and the application has not yet rolled back.
    Aborted,
    Fastpath,
    /// It is not tracked on that server.
    Disabled,
    /// We may not see it, or a background process has none.
    Unknown,
}

impl State {
    pub fn parse(state: Option<&str>) -> State {
        match state {
            Some("active") => State::Active,
            Some("idle") => State::Idle,
            Some("idle in transaction") => State::InTransaction,
            Some("idle in transaction (aborted)") => State::Aborted,
            Some("fastpath function call") => State::Fastpath,
            Some("disabled") => State::Disabled,
            _ => State::Unknown,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            State::Active => "active",
            State::Idle => "idle",
            State::InTransaction => "idle in tx",
            State::Aborted => "aborted tx",
            State::Fastpath => "fastpath",
            State::Disabled => "not tracked",
            State::Unknown => "–",
        }
    }

    pub fn in_transaction(self) -> bool {
        matches!(self, State::InTransaction | State::Aborted)
    }
}

/// Its place among those that wait for each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    pub place: Place,
    pub by: Vec<i32>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    pub pid: i32,
    /// When it began, as the server wrote it: the other half of its identity.
    pub began: Text,
    /// `client backend`, `walsender`, `autovacuum worker`; empty when we may not see it.
    pub backend: Text,
    pub user: Text,
    pub database: Text,
    pub application: Text,
    /// Address; empty for a socket.
    pub client: Text,
    pub state: State,
    pub since: Option<Timestamp>,
    pub transaction: Option<Timestamp>,
    pub query_began: Option<Timestamp>,
    pub wait: Option<(Text, Text)>,
    /// How many transactions ago the oldest one was that it may still see.
    pub xmin_age: Option<i64>,
    /// By what its statement is counted; from version 14 on, where that is computed.
    pub query_id: Option<i64>,
    pub query: Text,
    /// `None` when nobody waits for it and it waits for nobody.
    pub blocked: Option<Blocked>,
    /// What the server hides from us.
    pub hidden: bool,
    /// Firedeck itself.
    pub own: bool,
    /// Judged when it was read, since it depends on the time.
    pub level: Level,
}

impl Session {
    /// What identifies it for ever: a number alone is given to others again.
    pub fn uid(&self) -> String {
        format!("{}@{}", self.pid, self.began)
    }

    pub fn is_client(&self) -> bool {
        self.backend.is_empty() || &*self.backend == "client backend"
    }

    /// It holds its locks, and belongs to nobody.
    pub fn is_prepared(&self) -> bool {
        &*self.backend == PREPARED_BACKEND
    }

    /// The one that everybody in its tree waits for, in the end.
    pub fn root(&self) -> Option<i32> {
        self.blocked.as_ref().map(|blocked| blocked.place.root)
    }

    pub fn blocks(&self) -> u32 {
        self.blocked.as_ref().map_or(0, |blocked| blocked.place.blocks)
    }

    /// For a lock; for whose need not be known.
    pub fn waits(&self) -> bool {
        self.awaits_lock() || self.blocked.as_ref().is_some_and(|blocked| !blocked.by.is_empty())
    }

    /// As the session itself says.
    pub fn awaits_lock(&self) -> bool {
        self.wait.as_ref().is_some_and(|(kind, _)| &**kind == "Lock")
    }

    pub fn status(&self) -> Cow<'_, str> {
        match self.state {
            _ if self.waits() => "blocked".into(),
            State::Unknown if self.hidden => "hidden".into(),
            State::Unknown if !self.backend.is_empty() => (&*self.backend).into(),
            state => state.word().into(),
        }
    }

    /// How bad it is by itself. A tree is as bad as the worst in it.
    pub fn judge(&self, now: Timestamp) -> Level {
        let age = |at: Option<Timestamp>| at.map_or(Duration::ZERO, |at| now.since(at));
        let over = |age: Duration, warn, bad| match age {
            age if age > bad => Level::Bad,
            age if age > warn => Level::Warn,
            _ => Level::Fine,
        };
        // Whom nobody lets us see may do anything.
        if self.hidden {
            return Level::Unknown;
        }
        if self.is_prepared() {
            return over(age(self.transaction), IDLE_WARN, IDLE_BAD);
        }
        if !self.is_client() {
            return Level::Fine;
        }
        let mut level = match self.state {
            State::InTransaction | State::Aborted => over(age(self.since), IDLE_WARN, IDLE_BAD),
            State::Active | State::Fastpath if self.waits() => {
                over(age(self.query_began), BLOCKED_WARN, BLOCKED_BAD)
            }
            State::Active | State::Fastpath => over(age(self.query_began), QUERY_WARN, QUERY_BAD),
            State::Idle => return Level::Fine,
            State::Disabled => return Level::Unknown,
            State::Unknown => Level::Fine,
        };
        if age(self.transaction) > TRANSACTION_WARN {
            level = level.min(Level::Warn);
        }
        level
    }
}

/// The order within one level: trees first and whole, then what works, then open transactions, idle ones last; the
/// oldest first in each. It moves only when something happens: a pool turns its idle sessions over all the time, so
/// those stand by their number.
pub fn order(session: &Session) -> i64 {
    const CLASS: i64 = 100_000_000_000_000;
    if let Some(blocked) = &session.blocked {
        return i64::from(blocked.place.at);
    }
    let (class, at) = match session.state {
        _ if session.own => (6, None),
        _ if session.is_prepared() => (1, session.transaction),
        State::InTransaction | State::Aborted => (1, session.since),
        State::Active | State::Fastpath if session.is_client() => (2, session.query_began),
        State::Disabled | State::Unknown if session.is_client() => (3, None),
        State::Idle => (4, None),
        _ => (5, None),
    };
    class * CLASS + at.map_or(i64::from(session.pid), |at| at.0)
}

/// Longer than any column, and short enough to be kept for thousands of sessions.
const LINE: usize = 300;

/// A query as one harmless line, without the passwords that may stand in it.
pub fn query_line(query: &str) -> String {
    let masked = without_passwords(query);
    let line = masked.split_whitespace().collect::<Vec<_>>().join(" ");
    clean_to(&line, LINE).into_owned()
}

/// A name of something secret and a text after it, however SQL lets it be written. It rather hides too much: after a
/// backslash, or from a `$tag$` on, where a text ends is not certain, so all that follows goes.
static TOLD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let gap = r"(?:\s|/\*.*?\*/|--[^\n]*\n)*";
    let inner = r"(?:[^'\\]|''|'\s*(?:\n\s*|\|\|\s*[en]?)')*";
    let name = r"(?:password|passwd|passphrase|pwd|secret|token|credentials?|api_?key)";
    Regex::new(&format!(
        r#"(?is)({name}\w*"?{gap}(?:[:=<>!~]+|\bto\b|\bi?like\b)?{gap})(?:(?:[enx]|u&)?'{inner}(?:\\.*|'?)|\$\w*\$.*)"#
    ))
    .ok()
});

/// `PASSWORD 'x'` and `password=x` lose what they hide.
pub fn without_passwords(query: &str) -> String {
    let shown = format!("${{1}}{HIDDEN}");
    let text = match &*TOLD {
        Some(told) => told.replace_all(query, shown.as_str()),
        None => query.into(),
    };
    String::from_utf8_lossy(&mask(text.as_bytes())).into_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn session(pid: i32, state: State) -> Session {
        Session {
            pid,
            began: "2026-11-26 02:00:00+00".into(),
            backend: "client backend".into(),
            user: "web".into(),
            database: "shop".into(),
            application: "web".into(),
            client: "10.0.0.7".into(),
            state,
            since: Some(Timestamp::from_seconds(0)),
            transaction: None,
            query_began: Some(Timestamp::from_seconds(0)),
            wait: None,
            xmin_age: None,
            query_id: None,
            query: "select 1".into(),
            blocked: None,
            hidden: false,
            own: false,
            level: Level::Fine,
        }
    }

    fn after(session: &Session, seconds: i64) -> Level {
        session.judge(Timestamp::from_seconds(seconds))
    }

    #[test]
    fn an_idle_transaction_gets_worse_with_its_age_and_an_idle_session_does_not() {
        for state in [State::InTransaction, State::Aborted] {
            let session = session(1, state);
            assert_eq!([300, 301, 1801].map(|s| after(&session, s)), [Level::Fine, Level::Warn, Level::Bad]);
        }
        assert_eq!(after(&session(1, State::Idle), 1_000_000), Level::Fine);
    }

    #[test]
    fn who_waits_for_a_lock_is_trouble_sooner_than_who_works() {
        let mut waits = session(1, State::Active);
        assert_eq!([31, 301, 1801].map(|s| after(&waits, s)), [Level::Fine, Level::Warn, Level::Bad]);
        waits.blocked = Some(Blocked { place: Place { root: 2, depth: 1, at: 1, blocks: 0 }, by: vec![2] });
        assert_eq!([30, 31, 301].map(|s| after(&waits, s)), [Level::Fine, Level::Warn, Level::Bad]);
        assert_eq!(waits.status(), "blocked");
        // For whom could not be read.
        let wait = Some(("Lock".into(), "transactionid".into()));
        let waits = Session { wait, ..session(1, State::Active) };
        assert_eq!((after(&waits, 301), &*waits.status()), (Level::Bad, "blocked"));
    }

    #[test]
    fn a_prepared_transaction_that_was_forgotten_is_trouble() {
        let prepared = Session {
            backend: PREPARED_BACKEND.into(),
            transaction: Some(Timestamp::from_seconds(0)),
            ..session(0, State::Unknown)
        };
        assert_eq!([300, 301, 1801].map(|s| after(&prepared, s)), [Level::Fine, Level::Warn, Level::Bad]);
        assert!(!prepared.is_client() && prepared.status() == PREPARED_BACKEND);
    }

    #[test]
    fn whom_we_may_not_see_is_never_fine() {
        let hidden = Session { hidden: true, ..session(1, State::Unknown) };
        assert_eq!((after(&hidden, 1), &*hidden.status()), (Level::Unknown, "hidden"));
        let untracked = session(1, State::Disabled);
        assert_eq!((after(&untracked, 1), &*untracked.status()), (Level::Unknown, "not tracked"));
    }

    #[test]
    fn a_long_transaction_is_worth_a_look_whatever_it_does_now() {
        let mut busy = session(1, State::Active);
        busy.transaction = Some(Timestamp::from_seconds(0));
        busy.query_began = Some(Timestamp::from_seconds(3_600));
        assert_eq!(after(&busy, 3_601), Level::Warn);
    }

    #[test]
    fn trees_come_first_then_open_transactions_then_work_then_what_is_idle() {
        let mut root = session(9, State::Idle);
        root.blocked = Some(Blocked { place: Place { root: 9, depth: 0, at: 0, blocks: 1 }, by: vec![] });
        let all = [
            root,
            session(1, State::InTransaction),
            session(1, State::Active),
            session(1, State::Idle),
            Session { own: true, ..session(1, State::Active) },
        ];
        let keys: Vec<i64> = all.iter().map(order).collect();
        assert!(keys.is_sorted(), "{keys:?}");
        // Its pool may have used one of them just now: they stay where they stood.
        let older = session(1, State::Idle);
        let newer = Session { since: Some(Timestamp::from_seconds(9)), ..older.clone() };
        assert_eq!(order(&older), order(&newer));
        assert!(order(&newer) < order(&session(2, State::Idle)));
    }

    #[test]
    fn a_query_is_one_line_that_gives_no_password_away() {
        for (query, line) in [
            ("select 1\n  from\tt", "select 1 from t"),
            ("alter role a password 'hunter2' login", "alter role a password (hidden) login"),
            ("CREATE USER a WITH PASSWORD 'x'", "CREATE USER a WITH PASSWORD (hidden)"),
            ("select password from users", "select password from users"),
            ("alter role a password 'unfinished", "alter role a password (hidden)"),
            ("select 'é' as password", "select 'é' as password"),
            ("update u set password = 'x', n = 'y'", "update u set password = (hidden), n = 'y'"),
            ("alter role a PASSWORD 'hun''ter2' login", "alter role a PASSWORD (hidden) login"),
            ("alter role a PASSWORD'x' login", "alter role a PASSWORD(hidden) login"),
            ("alter role a PASSWORD E'x' login", "alter role a PASSWORD (hidden) login"),
            (r"alter role a PASSWORD E'x\'y' login", "alter role a PASSWORD (hidden)"),
            ("alter role a PASSWORD U&'x' login", "alter role a PASSWORD (hidden) login"),
            ("alter role a PASSWORD $$x$$ login", "alter role a PASSWORD (hidden)"),
            ("alter role a PASSWORD $q$x$q$", "alter role a PASSWORD (hidden)"),
            ("alter role a PASSWORD 'x'\n  'y' login", "alter role a PASSWORD (hidden) login"),
            ("alter role a PASSWORD /* new */ 'x'", "alter role a PASSWORD /* new */ (hidden)"),
            ("select f(password => 'x', b => 'y')", "select f(password => (hidden), b => 'y')"),
            ("set app.api_key to 'x'", "set app.api_key to (hidden)"),
            ("select 1 where \"token\"='x''y' and a", "select 1 where \"token\"=(hidden) and a"),
            ("update u set password_hash = N'x' || 'y'", "update u set password_hash = (hidden)"),
            ("alter role a password $1", "alter role a password $1"),
        ] {
            assert_eq!(query_line(query), line);
        }
        assert!(query_line(&"x".repeat(10_000)).len() < 400);
        assert!(!query_line("a\u{1b}[31m").contains('\u{1b}'));
    }

    #[test]
    fn the_states_are_those_of_the_server() {
        assert_eq!(State::parse(Some("idle in transaction (aborted)")), State::Aborted);
        assert_eq!(State::parse(None), State::Unknown);
        assert!(State::Aborted.in_transaction() && !State::Idle.in_transaction());
    }
}
