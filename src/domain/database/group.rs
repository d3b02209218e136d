//! Sessions counted by whose they are: a line for each application, user, client, state and database.
use std::borrow::Cow;
use std::collections::BTreeMap;

use super::crowded;
use super::session::{Session, State};
use crate::domain::Text;
use crate::domain::level::Level;
use crate::domain::time::Timestamp;

/// What sessions are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    Application,
    User,
    Client,
    State,
    Database,
}

impl By {
    pub const ALL: &'static [By] = &[By::Application, By::User, By::Client, By::State, By::Database];

    pub fn word(self) -> &'static str {
        match self {
            By::Application => "application",
            By::User => "user",
            By::Client => "client",
            By::State => "state",
            By::Database => "database",
        }
    }

    /// As a filter names it.
    fn field(self) -> &'static str {
        match self {
            By::Application => "app",
            By::Database => "db",
            other => other.word(),
        }
    }

    fn of(self, session: &Session) -> Text {
        match self {
            By::Application => session.application.clone(),
            By::User => session.user.clone(),
            By::Client => session.client.clone(),
            By::State => session.status().as_ref().into(),
            By::Database => session.database.clone(),
        }
    }

    /// The word that finds exactly those of a group: `app=rest-api`. A filter's words hold no blanks.
    pub fn pair(self, value: &str) -> String {
        let value: String = value.chars().map(|c| if c.is_whitespace() { '_' } else { c }).collect();
        format!("{}={value}", self.field())
    }
}

/// What a filter finds a client's session by.
pub fn pairs(session: &Session) -> Vec<String> {
    // A group counts clients alone.
    let by = if session.is_client() { By::ALL } else { &[] };
    by.iter().map(|by| by.pair(&by.of(session))).collect()
}

#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub by: By,
    /// May be empty: an application that gives no name, a client on a socket.
    pub value: Text,
    pub all: u32,
    pub active: u32,
    pub idle: u32,
    pub in_transaction: u32,
    pub blocked: u32,
    /// Since when the oldest open transaction of them stands.
    pub oldest: Option<Timestamp>,
    /// How many it may have at most; `None` without a limit of its own.
    pub limit: Option<u32>,
    /// The worst among its sessions.
    pub worst: Level,
}

impl Group {
    pub fn level(&self) -> Level {
        self.crowding().min(self.worst)
    }

    /// How near it is to its own limit.
    pub fn crowding(&self) -> Level {
        crowded(self.all, self.limit)
    }

    pub fn status(&self) -> Cow<'_, str> {
        match self.limit {
            Some(limit) if self.crowding() < Level::Fine => {
                format!("{} of {limit} connections", self.all).into()
            }
            _ => "".into(),
        }
    }
}

/// Every group that has a session, the most first within each kind. `limit` knows the roles' and databases' own.
pub fn groups(sessions: &[Session], limit: impl Fn(By, &str) -> Option<u32>) -> Vec<Group> {
    let mut all: BTreeMap<(By, Text), Group> = BTreeMap::new();
    for session in sessions.iter().filter(|session| session.is_client()) {
        for by in By::ALL {
            let value = by.of(session);
            let group = all.entry((*by, value.clone())).or_insert_with(|| Group {
                by: *by,
                limit: limit(*by, &value),
                value,
                all: 0,
                active: 0,
                idle: 0,
                in_transaction: 0,
                blocked: 0,
                oldest: None,
                worst: Level::Fine,
            });
            group.all += 1;
            group.active += u32::from(matches!(session.state, State::Active | State::Fastpath));
            group.idle += u32::from(session.state == State::Idle);
            group.in_transaction += u32::from(session.state.in_transaction());
            group.blocked += u32::from(session.waits());
            group.oldest = [group.oldest, session.transaction].into_iter().flatten().min();
            group.worst = group.worst.min(session.level);
        }
    }
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::super::session::tests::session;
    use super::*;

    #[test]
    fn each_session_counts_once_in_each_kind_of_group() {
        let mut all = vec![
            session(1, State::Idle),
            session(2, State::InTransaction),
            Session { user: "admin".into(), application: "My App".into(), ..session(3, State::Active) },
            Session { backend: "walwriter".into(), ..session(4, State::Unknown) },
        ];
        all[1].transaction = Some(Timestamp(5));
        let groups = groups(&all, |by, value| (by == By::User && value == "web").then_some(2));
        let of =
            |by, value: &str| groups.iter().find(|group| group.by == by && &*group.value == value).unwrap();
        let web = of(By::User, "web");
        assert_eq!((web.all, web.idle, web.in_transaction, web.oldest), (2, 1, 1, Some(Timestamp(5))));
        assert_eq!((web.level(), &*web.status()), (Level::Bad, "2 of 2 connections"));
        assert_eq!((of(By::Database, "shop").all, of(By::State, "idle in tx").all), (3, 1));
        assert_eq!(of(By::Client, "10.0.0.7").level(), Level::Fine);
        assert_eq!(groups.iter().map(|group| group.all).sum::<u32>(), 15);
        // The word of each group is one of each of its sessions, and of no other's.
        for group in &groups {
            let pair = group.by.pair(&group.value);
            assert!(!pair.contains(' '), "{pair}");
            assert_eq!(all.iter().filter(|s| pairs(s).contains(&pair)).count(), group.all as usize, "{pair}");
        }
    }
}
