//! A database's sessions, servers, replication, statements and sizes as rows.
mod cells;
mod columns;
mod head;
mod more;

use std::borrow::Cow;

use super::tables::{self, Tables};
use super::{Cell, Column, Fact};
use crate::domain::Text;
use crate::domain::database::{DatabaseFacts, FULL, Server, Session, order, pairs};
use crate::domain::feed::{Feed, FeedState};
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind, Object, Realm};
use crate::domain::settings::{Action, Backend, Endpoint};
use crate::domain::time::Timestamp;
use crate::model::Model;
use crate::model::listing::{Listing, SortKey};

pub struct Databases;

impl Tables for Databases {
    fn realm(&self) -> Realm {
        Realm::Database
    }

    fn name(&self) -> &'static str {
        "db"
    }

    fn kinds(&self) -> &'static [Kind] {
        &[
            Kind::Session,
            Kind::Server,
            Kind::Replica,
            Kind::Statement,
            Kind::Relation,
            Kind::Database,
            Kind::Operation,
            Kind::SessionGroup,
        ]
    }

    fn columns(&self, kind: Kind) -> &'static [Column] {
        columns::of(kind)
    }

    fn key(&self, object: &Object, column: Option<&str>) -> SortKey {
        let Some(facts) = facts(object) else { return SortKey::Missing };
        match column {
            None => own_order(facts),
            Some(column) => cells::key(facts, column),
        }
    }

    fn cell<'m>(&self, model: &'m Model, object: &'m Object, level: Level, column: &str) -> Cell<'m> {
        match (column, facts(object)) {
            ("ON", _) => Cell::new(&*object.id.context),
            (_, Some(facts)) => cells::cell(model, object, facts, level, column),
            _ => Cell::new(""),
        }
    }

    fn words<'o>(&self, object: &'o Object) -> Vec<Cow<'o, str>> {
        match facts(object) {
            Some(DatabaseFacts::Session(session)) => {
                let wait = session.wait.as_ref().map_or("", |(_, name)| &**name);
                let own = [
                    &*session.user,
                    &*session.database,
                    &*session.application,
                    &*session.client,
                    &*session.query,
                    wait,
                ];
                let own = own.into_iter().map(Cow::from);
                own.chain(pairs(session).into_iter().map(Cow::from)).collect()
            }
            Some(DatabaseFacts::Statement(statement)) => {
                [&*statement.database, &*statement.user, &*statement.query]
                    .into_iter()
                    .map(Cow::from)
                    .collect()
            }
            Some(DatabaseFacts::Relation(relation)) => {
                [&*relation.what, &*relation.of].into_iter().map(Cow::from).collect()
            }
            Some(DatabaseFacts::Group(group)) => {
                vec![Cow::from(&*group.value), Cow::from(format!("by={}", group.by.word()))]
            }
            Some(DatabaseFacts::Operation(operation)) => {
                [&*operation.what, &*operation.on, &*operation.database, &*operation.user, &*operation.notes]
                    .into_iter()
                    .map(Cow::from)
                    .collect()
            }
            Some(DatabaseFacts::Replica(replica)) => {
                [&*replica.client, &*replica.mode].into_iter().map(Cow::from).collect()
            }
            _ => Vec::new(),
        }
    }

    fn since(&self, object: &Object, age: &str) -> Option<Timestamp> {
        match (facts(object)?, age) {
            (DatabaseFacts::Session(session), "age") => session.since,
            (DatabaseFacts::Session(session), "txn") => session.transaction,
            (DatabaseFacts::Group(group), "txn") => group.oldest,
            (DatabaseFacts::Operation(operation), "age") => operation.since,
            (DatabaseFacts::Replica(replica), "age") => replica.inactive,
            (DatabaseFacts::Server(server), "age") => Some(server.started),
            _ => None,
        }
    }

    fn head(&self, model: &Model, kind: Kind) -> Vec<Vec<Fact>> {
        head::lines(model, kind)
    }

    fn lamp(&self, model: &Model) -> (Level, String) {
        if let Some(lamp) = tables::feed_lamp(model, self) {
            return lamp;
        }
        let worst = servers(model).min_by_key(|(_, server)| (whole(server), u32::MAX - server.percent()));
        match worst {
            Some((_, server)) => (whole(server), format!("db {}%", server.percent())),
            None => (Level::Unknown, self.name().into()),
        }
    }

    fn worst(&self, model: &Model) -> (String, String) {
        head::worst(model)
    }

    fn keys(&self, kind: Kind) -> &'static [Action] {
        match kind {
            Kind::Session => &[
                Action::Open,
                Action::KillRoot,
                Action::Terminate,
                Action::CancelQuery,
                Action::GroupSessions,
                Action::Filter,
                Action::NextKind,
                Action::Palette,
            ],
            Kind::SessionGroup => {
                &[Action::Open, Action::GroupSessions, Action::Filter, Action::NextKind, Action::Palette]
            }
            Kind::Operation => &[
                Action::Open,
                Action::CancelQuery,
                Action::Terminate,
                Action::Filter,
                Action::NextKind,
                Action::Palette,
            ],
            _ => &[Action::Open, Action::Filter, Action::NextKind, Action::Palette],
        }
    }

    fn none(&self, model: &Model, kind: Kind) -> Option<String> {
        match kind {
            Kind::Replica if servers(model).all(|(_, server)| !server.standby) => {
                let all = if servers(model).count() > 1 { "no server here is" } else { "this server is not" };
                Some(format!("{all} a replica, no standby reads from it, and no slot is kept"))
            }
            Kind::Operation => Some("no vacuum, analyze, new index, cluster, copy or backup runs now".into()),
            _ => None,
        }
    }

    fn remedy(&self) -> &'static str {
        "no database is named: `[[postgres]]` in the profile, or --postgres URL"
    }
}

fn facts(object: &Object) -> Option<&DatabaseFacts> {
    match &object.facts {
        Facts::Database(facts) => Some(facts),
        _ => None,
    }
}

/// The order within one level, without a column.
fn own_order(facts: &DatabaseFacts) -> SortKey {
    let most = |n: u64| SortKey::Number(-i64::try_from(n).unwrap_or(i64::MAX));
    match facts {
        DatabaseFacts::Session(session) => SortKey::Number(order(session)),
        // What costs most now is asked for; before there was a second look, what cost most since ever.
        DatabaseFacts::Statement(statement) => most(
            statement.load().map_or(statement.total.time / 1_000_000, |load| u64::from(load) + (1 << 40)),
        ),
        DatabaseFacts::Relation(relation) => most(relation.bytes),
        DatabaseFacts::Database(database) => most(u64::from(database.connections)),
        DatabaseFacts::Group(group) => more::group_order(group),
        DatabaseFacts::Operation(operation) => {
            operation.since.map_or(SortKey::Missing, |at| SortKey::Number(at.0))
        }
        DatabaseFacts::Server(_) | DatabaseFacts::Replica(_) => SortKey::Missing,
    }
}

/// How bad a server is with all its sessions; those that are hidden are not called fine.
fn whole(server: &Server) -> Level {
    server.level().min(server.sessions)
}

/// Every server with its endpoint, in order.
pub(super) fn servers(model: &Model) -> impl Iterator<Item = (&Object, &Server)> {
    let mut all: Vec<(&Object, &Server)> = model.listing(Kind::Server).map_or_else(Vec::new, |listing| {
        let servers = listing.all().filter_map(|object| match facts(object)? {
            DatabaseFacts::Server(server) => Some((object, &**server)),
            _ => None,
        });
        servers.collect()
    });
    all.sort_by(|a, b| a.0.id.cmp(&b.0.id));
    all.into_iter()
}

/// Every session of every server.
fn sessions(model: &Model) -> impl Iterator<Item = (&Object, &Session)> {
    let all = model.listing(Kind::Session).into_iter().flat_map(Listing::all);
    all.filter_map(|object| match facts(object)? {
        DatabaseFacts::Session(session) => Some((object, &**session)),
        _ => None,
    })
}

/// The servers that have no slot left for us.
pub fn shut(model: &Model) -> impl Iterator<Item = &Text> {
    model.feeds.iter().filter_map(|(feed, status)| match (feed, &status.state) {
        (Feed::Endpoint(Backend::Postgres, name), FeedState::Down { why, .. }) if why.starts_with(FULL) => {
            Some(name)
        }
        _ => None,
    })
}

/// Those of them to which a reserved role is named.
pub fn offers(model: &Model) -> impl Iterator<Item = (&Text, &str)> {
    shut(model).filter_map(|name| {
        let own = |one: &&Endpoint| one.backend == Backend::Postgres && *one.name == **name;
        let endpoint = model.settings.profile.endpoints.iter().find(own)?;
        Some((name, role_of(endpoint.emergency_url.as_ref()?)))
    })
}

/// The role that an address names.
fn role_of(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, after)| after);
    let before = after.split_once('@').map(|(user, _)| user.split(':').next().unwrap_or(user));
    before.unwrap_or("the reserved role")
}
