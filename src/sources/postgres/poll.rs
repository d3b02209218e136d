//! Looks at one server again and again: sessions always, all else while somebody looks at it.
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::Server;
use super::link::{Fault, Greeting, Session};
use super::rounds::Rounds;
use crate::domain::database::FULL;
use crate::domain::feed::Feed;
use crate::domain::news::{News, PlaceFacts};
use crate::domain::object::{Kind, Realm};
use crate::domain::settings::Backend;
use crate::sources::supervise::{Source, SourceError, Wire};

/// While somebody looks at a database, and while nobody does.
const EVERY: Duration = Duration::from_secs(2);
const UNWATCHED: Duration = Duration::from_secs(5);

pub struct Poll {
    server: Arc<Server>,
    watched: watch::Receiver<Vec<Kind>>,
    rounds: Rounds,
    place: PlaceFacts,
}

impl Poll {
    pub fn new(server: Arc<Server>, watched: watch::Receiver<Vec<Kind>>) -> Poll {
        let feed = Feed::Endpoint(Backend::Postgres, server.link.name.clone());
        Poll { rounds: Rounds::new(feed), server, watched, place: PlaceFacts::default() }
    }

    /// Opens the connection unless it stands. A full server is asked for a slot as others ask, again and again; only
    /// where a person wished it, the reserved role's way in is taken.
    async fn connect(&mut self, turn: &mut Option<Session>) -> Result<(), Fault> {
        if turn.as_ref().is_some_and(Session::is_open) {
            return Ok(());
        }
        *turn = None;
        let link = &self.server.link;
        let opened = match link.open(false).await {
            Err(Fault::Full(why)) if link.access.endpoint.emergency_url.is_some() && self.is_wanted() => {
                tracing::info!("the server is full ({why}): taking the reserved role's way in, as was asked");
                link.open(true).await
            }
            other => other,
        };
        if opened.as_ref().is_ok_and(|(session, _)| !session.emergency) {
            self.server.rescue.store(false, Ordering::Release);
        }
        let (session, address) = opened?;
        let over_tls = session.greeting.encrypted || address.is_socket();
        self.place.server = address.to_string();
        self.place.version = Some(format!("PostgreSQL {}", session.greeting.version));
        self.place.identity = Some(session.greeting.user.to_string());
        self.place.rights = None;
        self.rounds.connected(over_tls, session.emergency);
        *turn = Some(session);
        Ok(())
    }

    /// Whether a person asked for the reserved role's way in.
    fn is_wanted(&self) -> bool {
        self.server.rescue.load(Ordering::Acquire)
    }

    /// One look, and what it found told.
    async fn round(&mut self, wire: &mut Wire) -> Result<(), SourceError> {
        let server = self.server.clone();
        let mut turn = server.link.turn().await;
        let watched = self.watched.borrow_and_update().clone();
        let looked = match self.connect(&mut turn).await {
            Ok(()) => match turn.as_ref() {
                Some(session) => self.rounds.look(&server, session, &watched).await,
                None => Ok(Vec::new()),
            },
            Err(fault) => Err(fault),
        };
        let mut news = match looked {
            Ok(news) => news,
            // Whoever interrupted us has the turn next; the look comes again after that.
            Err(fault) if fault.has_code("57014") && server.link.was_interrupted() => return Ok(()),
            Err(Fault::Interrupted) => return Ok(()),
            Err(fault) => {
                // What the server merely refused leaves the connection to be used: a full server gives no other.
                if !matches!(fault, Fault::Said { .. }) {
                    *turn = None;
                }
                return Err(self.failed(&fault));
            }
        };
        let place = turn.as_ref().map(|session| self.place_of(&session.greeting));
        if self.rounds.has_room() && turn.as_ref().is_some_and(|session| session.emergency) {
            // The reserved slots are for those who have no other; next time it is asked for anew.
            *turn = None;
            server.rescue.store(false, Ordering::Release);
        }
        drop(turn);
        if let Some(place) = place.filter(|place| *place != self.place || self.rounds.is_first()) {
            news.push(News::Place(wire.feed().clone(), place.clone()));
            self.place = place;
        }
        if !news.is_empty() {
            wire.send(news).await?;
        }
        wire.live().await
    }

    fn failed(&self, fault: &Fault) -> SourceError {
        let emergency = self.server.link.access.endpoint.emergency_url.is_some();
        match fault {
            Fault::Full(what) if emergency && self.is_wanted() => {
                SourceError::Unreachable { why: format!("{FULL}, also for the reserved role: {what}") }
            }
            Fault::Full(what) if emergency => SourceError::Unreachable {
                why: format!("{FULL}: {what}; `emergency_url` gets in when it is asked for"),
            },
            Fault::Full(what) => SourceError::Unreachable {
                why: format!(
                    "{FULL}: {what}; `emergency_url` in the profile would get in as a reserved role"
                ),
            },
            Fault::Login(why) => SourceError::Unauthorized { why: why.clone() },
            other => SourceError::Unreachable { why: other.words() },
        }
    }

    /// Whether a way in is named for when the server is full.
    fn keeps_a_way(&self) -> bool {
        self.server.link.access.endpoint.emergency_url.is_some()
    }

    fn place_of(&self, greeting: &Greeting) -> PlaceFacts {
        let rounds = &self.rounds;
        let mut rights = Vec::new();
        if rounds.emergency {
            rights.push(format!("in as the reserved role `{}`, the server is full", greeting.user));
        }
        if let Some((seen, all)) = rounds.sees.filter(|(seen, all)| seen < all) {
            rights.push(format!("sees {seen} of {all} sessions"));
        } else if greeting.superuser {
            rights.push("superuser".into());
        } else {
            rights.push("sees all sessions".into());
        }
        if !rounds.over_tls {
            rights.push("without TLS".into());
        }
        PlaceFacts {
            rights: Some(rights.join(", ")),
            missing: missing(greeting, &rounds.notes, &rounds.unread, self.keeps_a_way()),
            ..self.place.clone()
        }
    }
}

/// What this role does not see, with what would show it.
fn missing(
    greeting: &Greeting,
    notes: &BTreeMap<Kind, String>,
    unread: &BTreeMap<&'static str, String>,
    keeps_a_way: bool,
) -> Vec<String> {
    let user = super::sql::name(&greeting.user);
    let mut missing = Vec::new();
    if !greeting.reads_all {
        missing.push(format!("what other roles' sessions do is hidden: GRANT pg_monitor TO {user};"));
    }
    if !greeting.signals {
        missing.push(format!("other roles' sessions cannot be ended: GRANT pg_signal_backend TO {user};"));
    }
    missing.extend(notes.values().chain(unread.values()).cloned());
    if let Some((kept, ours)) = greeting.reserve.filter(|(kept, ours)| !(keeps_a_way || *ours && *kept > 0)) {
        let mut how = Vec::new();
        if kept == 0 {
            how.push("reserved_connections = 2 in postgresql.conf and a restart".to_owned());
        }
        if !ours {
            how.push(format!("GRANT pg_use_reserved_connections TO {user};"));
        }
        missing.push(format!("no slot is kept for us when the server is full: {}", how.join(", then ")));
    }
    missing
}

impl Source for Poll {
    fn feed(&self) -> Feed {
        Feed::Endpoint(Backend::Postgres, self.server.link.name.clone())
    }

    async fn run(&mut self, wire: &mut Wire) -> Result<Infallible, SourceError> {
        loop {
            self.round(wire).await?;
            let looked_at = self.watched.borrow().iter().any(|kind| kind.realm() == Realm::Database);
            let pause = if looked_at { EVERY } else { UNWATCHED };
            tokio::select! {
                () = sleep(pause) => {}
                Ok(()) = self.watched.changed() => {}
            }
        }
    }

    fn reset(&mut self) {
        self.rounds.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_said_with_the_statement_that_shows_it() {
        let poor = Greeting { user: "we\"b".into(), ..Greeting::default() };
        let of =
            |greeting: &Greeting, way| missing(greeting, &BTreeMap::new(), &BTreeMap::new(), way).join("\n");
        let said = of(&poor, false);
        assert!(said.contains("GRANT pg_monitor TO \"we\"\"b\";"), "{said}");
        assert!(said.contains("GRANT pg_signal_backend TO \"we\"\"b\";"), "{said}");
        let rich = Greeting { reads_all: true, signals: true, ..poor };
        assert_eq!(of(&rich, false), "");
        let kept = |kept, ours| Greeting { reserve: Some((kept, ours)), ..rich.clone() };
        let why = "no slot is kept for us when the server is full: ";
        let grant = "GRANT pg_use_reserved_connections TO \"we\"\"b\";";
        let set = "reserved_connections = 2 in postgresql.conf and a restart";
        assert_eq!(of(&kept(2, false), false), format!("{why}{grant}"));
        assert_eq!(of(&kept(0, true), false), format!("{why}{set}"));
        assert_eq!(of(&kept(0, false), false), format!("{why}{set}, then {grant}"));
        assert_eq!((of(&kept(2, true), false), of(&kept(0, false), true)), (String::new(), String::new()));
    }
}
