//! Sessions as rows: each with its place among those that wait, and judged.
use std::collections::HashMap;

use super::board::Fresh;
use crate::domain::Text;
use crate::domain::database::{Blocked, DatabaseFacts, PREPARED, Session, State, Tree};
use crate::domain::level::Level;
use crate::domain::time::Timestamp;

/// Gives every session its place in its tree and judges it; a tree is as bad as the worst in it.
pub fn place(sessions: &mut Vec<Session>, tree: Tree, now: Timestamp) -> Tree {
    if tree.place(PREPARED).is_some() {
        sessions.push(prepared());
    }
    let mut worst: HashMap<i32, Level> = HashMap::new();
    for session in sessions.iter_mut() {
        session.blocked =
            tree.place(session.pid).map(|place| Blocked { place, by: tree.blockers(session.pid) });
        session.level = session.judge(now);
        if let Some(root) = session.root() {
            let level = worst.entry(root).or_insert(session.level);
            *level = (*level).min(session.level);
        }
    }
    for session in sessions {
        if let Some(level) = session.root().and_then(|root| worst.get(&root)) {
            session.level = *level;
        }
    }
    tree
}

/// Holds locks, and belongs to nobody.
fn prepared() -> Session {
    Session {
        pid: PREPARED,
        began: "".into(),
        backend: "prepared transaction".into(),
        user: "".into(),
        database: "".into(),
        application: "".into(),
        client: "".into(),
        state: State::Unknown,
        since: None,
        transaction: None,
        query_began: None,
        wait: None,
        xmin_age: None,
        query: "see pg_prepared_xacts; COMMIT PREPARED or ROLLBACK PREPARED ends it".into(),
        blocked: None,
        hidden: false,
        own: false,
        level: Level::Fine,
    }
}

pub fn row(name: &Text, facts: DatabaseFacts) -> Fresh {
    Fresh { name: name.clone(), uid: name.clone(), created: Timestamp(0), facts }
}

pub fn row_of(session: Session) -> Fresh {
    let created = began_at(&session.began).unwrap_or_default();
    let name = if session.pid == PREPARED { "prepared".into() } else { session.pid.to_string().into() };
    Fresh { name, uid: session.uid().into(), created, facts: DatabaseFacts::Session(Box::new(session)) }
}

/// `2026-11-26 02:00:00.5+00`, as the server writes it, to the second.
fn began_at(text: &str) -> Option<Timestamp> {
    let (day, time) = text.split_once(' ')?;
    Timestamp::parse(&format!("{day}T{}Z", time.get(..8)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_a_session_began_is_read_from_the_servers_own_words() {
        assert_eq!(began_at("1970-01-01 00:00:09.25+00"), Some(Timestamp(9_000)));
        assert_eq!(began_at("never"), None);
    }
}
