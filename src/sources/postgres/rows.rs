//! Sessions as rows: each with its place among those that wait, and judged.
use std::collections::HashMap;

use super::board::Fresh;
use crate::domain::Text;
use crate::domain::database::{Blocked, DatabaseFacts, PREPARED, PREPARED_BACKEND, Session, State, Tree};
use crate::domain::level::Level;
use crate::domain::time::Timestamp;

/// Gives every session its place in its tree and judges it; a tree is as bad as the worst in it. Transactions without
/// a session come beside them, each with whether others wait for it.
pub fn place(sessions: &mut Vec<Session>, prepared: &[(Session, bool)], tree: Tree, now: Timestamp) -> Tree {
    // Which one it is cannot always be told; when it cannot, none is blamed.
    let mut free: Vec<String> = Vec::new();
    if tree.place(PREPARED).is_some() && !prepared.iter().any(|(_, blocks)| *blocks) {
        sessions.push(unknown());
    }
    for (session, blocks) in prepared {
        if !blocks {
            free.push(session.uid());
        }
        sessions.push(session.clone());
    }
    let mut worst: HashMap<i32, Level> = HashMap::new();
    for session in sessions.iter_mut() {
        let place =
            tree.place(session.pid).filter(|_| !session.is_prepared() || !free.contains(&session.uid()));
        session.blocked = place.map(|place| Blocked { place, by: tree.blockers(session.pid) });
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
fn unknown() -> Session {
    Session {
        pid: PREPARED,
        began: "".into(),
        backend: PREPARED_BACKEND.into(),
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
        query_id: None,
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
    let name = match session.pid {
        PREPARED if session.began.is_empty() => "prepared".into(),
        PREPARED => format!("prepared {}", session.began).into(),
        pid => pid.to_string().into(),
    };
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
