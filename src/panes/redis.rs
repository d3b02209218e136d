//! Redis nodes, their clients, slow calls and keys as rows.
mod cells;
mod head;

use std::borrow::Cow;

use super::tables::{ON, Tables, left, right};
use super::{Cell, Column, Fact, Width, order};
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind, Object, Realm};
use crate::domain::redis::{KeyGroup, RedisClient, RedisFacts, RedisNode, SlowCall};
use crate::domain::settings::Action;
use crate::domain::time::Timestamp;
use crate::model::Model;
use crate::model::listing::SortKey;

pub struct Redises;

const NODE: Column = left("NODE", Width::Share(15, 2), 4);

const NODES: &[Column] = &[
    ON,
    left("NODE", Width::Share(15, 2), 20),
    left("ROLE", Width::Fixed(8), 12),
    left("STATE", Width::Share(22, 6), 18),
    right("MEM", 15, 17),
    right("GROWTH", 9, 12),
    right("FRAG", 5, 4),
    right("HIT", 6, 13),
    right("OPS/S", 6, 11),
    right("EVICT/S", 7, 14),
    right("CLIENTS", 11, 9),
    right("BLOCKED", 7, 6),
    right("LAG", 8, 10),
    right("NO TTL", 6, 3),
    right("PING", 6, 5),
    left("VERSION", Width::Fixed(12), 2),
];
const CLIENTS: &[Column] = &[
    ON,
    right("ID", 7, 20),
    left("ADDRESS", Width::Share(16, 3), 18),
    left("CALLED", Width::Share(8, 2), 9),
    left("USER", Width::Share(8, 2), 12),
    right("DB", 3, 3),
    right("AGE", 4, 10),
    right("IDLE", 4, 14),
    left("DOING", Width::Share(12, 2), 13),
    left("COMMAND", Width::Share(11, 2), 15),
    right("MEM", 5, 11),
    right("OUTPUT", 6, 5),
    NODE,
];
const SLOW_CALLS: &[Column] = &[
    ON,
    right("ID", 6, 3),
    right("WHEN", 4, 14),
    right("TOOK", 7, 20),
    left("CALL", Width::Fill(38), 18),
    left("CLIENT", Width::Share(16, 2), 8),
    left("CALLED", Width::Share(8, 1), 6),
    NODE,
];
const KEYS: &[Column] = &[
    ON,
    left("KEYS", Width::Share(24, 4), 20),
    right("COUNT", 12, 16),
    right("OF KEYS", 7, 14),
    right("MEM", 6, 18),
    right("NO TTL", 6, 15),
    right("DB", 3, 6),
    NODE,
];

pub fn node(object: &Object) -> Option<&RedisNode> {
    match &object.facts {
        Facts::Redis(RedisFacts::Node(node)) => Some(node),
        _ => None,
    }
}

fn client(object: &Object) -> Option<&RedisClient> {
    match &object.facts {
        Facts::Redis(RedisFacts::Client(client)) => Some(client),
        _ => None,
    }
}

fn call(object: &Object) -> Option<&SlowCall> {
    match &object.facts {
        Facts::Redis(RedisFacts::Slow(call)) => Some(call),
        _ => None,
    }
}

fn group(object: &Object) -> Option<&KeyGroup> {
    match &object.facts {
        Facts::Redis(RedisFacts::Keys(group)) => Some(group),
        _ => None,
    }
}

/// How people call a node: by the name that the profile gives its endpoint where it is the only one there, else by
/// its address.
pub fn called<'m>(model: &Model, endpoint: &'m str, node: &'m str) -> &'m str {
    let nodes = model.listing(Kind::RedisNode).into_iter().flat_map(crate::model::listing::Listing::all);
    if nodes.filter(|object| *object.id.context == *endpoint).count() == 1 { endpoint } else { node }
}

/// The largest first.
fn most(count: u64) -> SortKey {
    SortKey::Number(-i64::try_from(count).unwrap_or(i64::MAX))
}

fn most_of(count: Option<u64>) -> SortKey {
    count.map_or(SortKey::Missing, most)
}

/// The same for what has a fraction.
#[expect(clippy::cast_possible_truncation, reason = "it saturates")]
fn most_rate(rate: Option<f64>) -> SortKey {
    rate.map_or(SortKey::Missing, |rate| SortKey::Number(-(rate * 1000.0) as i64))
}

fn by_text(text: &str) -> SortKey {
    order::text(&text.to_lowercase())
}

fn node_key(object: &Object, node: &RedisNode, column: Option<&str>) -> SortKey {
    match column {
        // Primaries first, then replicas, by name within.
        None => SortKey::Number(node.role as i64),
        Some(title) if !cells::says(node, title) => SortKey::Missing,
        Some("NODE") => by_text(&object.id.name),
        Some("ROLE") => by_text(node.role.name()),
        Some("STATE") => by_text(&node.status()),
        Some("MEM") => most_of(node.memory.used),
        Some("GROWTH") => node
            .rates
            .growth_per_minute
            .map_or(SortKey::Missing, |growth| SortKey::Number(growth.saturating_neg())),
        Some("FRAG") => most_rate(cells::fragmentation(node)),
        // The lowest first: that is what is looked for.
        Some("HIT") => match most_rate(node.rates.hit_rate) {
            SortKey::Number(rate) => SortKey::Number(-rate),
            other => other,
        },
        Some("OPS/S") => most_of(node.ops),
        Some("EVICT/S") => most_rate(node.rates.evicted),
        Some("CLIENTS") => most_of(node.clients),
        Some("BLOCKED") => most_of(node.blocked),
        Some("LAG") => most_of(node.replication.lag_bytes),
        Some("NO TTL") => most_of(cells::lasting(node)),
        Some("PING") => most_of(node.ping.map(|(_, middle)| u64::from(middle))),
        Some(_) => by_text(&node.server),
    }
}

fn client_key(object: &Object, client: &RedisClient, column: Option<&str>) -> SortKey {
    match column {
        // Those that hold most first.
        None | Some("MEM") => most_of(client.memory),
        Some("ID") => SortKey::Number(i64::try_from(client.id).unwrap_or(i64::MAX)),
        Some("ADDRESS") => by_text(&client.address),
        Some("CALLED") => by_text(&client.name),
        Some("USER") => by_text(&client.user),
        Some("DB") => SortKey::Number(i64::from(client.db)),
        // The longest idle first.
        Some("IDLE") => SortKey::Number(client.idle_since.0),
        Some("AGE") => order::newest(object.created),
        Some("DOING") => by_text(&client.status()),
        Some("COMMAND") => by_text(&client.command),
        Some("OUTPUT") => most(client.output),
        Some(_) => by_text(&object.id.namespace),
    }
}

fn call_key(object: &Object, call: &SlowCall, column: Option<&str>) -> SortKey {
    match column {
        // The newest first: what happens now is what matters.
        None | Some("WHEN") => SortKey::Number(-call.at.0),
        Some("TOOK") => most(call.micros),
        Some("ID") => most(call.id),
        Some("CALL") => by_text(&call.command),
        Some("CLIENT") => by_text(&call.client),
        Some("CALLED") => by_text(&call.client_name),
        Some(_) => by_text(&object.id.namespace),
    }
}

fn group_key(object: &Object, group: &KeyGroup, column: Option<&str>) -> SortKey {
    match column {
        None | Some("MEM") => most_of(group.bytes),
        Some("KEYS") => by_text(&group.name),
        Some("OF KEYS") if group.single => SortKey::Missing,
        Some("OF KEYS") => most_of(group.share()),
        Some("COUNT") if group.single => most(1),
        Some("COUNT") => most_of(group.keys),
        Some("NO TTL") if group.single => most_of(group.lasting.map(|lasting| lasting.min(1) * 100)),
        Some("NO TTL") => most_of(group.lasting),
        Some("DB") => SortKey::Number(i64::from(group.db)),
        Some(_) => by_text(&object.id.namespace),
    }
}

impl Tables for Redises {
    fn realm(&self) -> Realm {
        Realm::Redis
    }

    fn name(&self) -> &'static str {
        "redis"
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::RedisNode, Kind::Client, Kind::SlowCall, Kind::KeyGroup]
    }

    fn columns(&self, kind: Kind) -> &'static [Column] {
        match kind {
            Kind::Client => CLIENTS,
            Kind::SlowCall => SLOW_CALLS,
            Kind::KeyGroup => KEYS,
            _ => NODES,
        }
    }

    fn key(&self, object: &Object, column: Option<&str>) -> SortKey {
        match &object.facts {
            Facts::Redis(RedisFacts::Node(node)) => node_key(object, node, column),
            Facts::Redis(RedisFacts::Client(client)) => client_key(object, client, column),
            Facts::Redis(RedisFacts::Slow(call)) => call_key(object, call, column),
            Facts::Redis(RedisFacts::Keys(group)) => group_key(object, group, column),
            _ => SortKey::Missing,
        }
    }

    fn cell<'m>(&self, model: &'m Model, object: &'m Object, level: Level, column: &str) -> Cell<'m> {
        cells::cell(model, object, level, column)
    }

    fn words<'o>(&self, object: &'o Object) -> Vec<Cow<'o, str>> {
        match &object.facts {
            Facts::Redis(RedisFacts::Node(node)) => vec![node.role.name().into(), Cow::from(&*node.server)],
            Facts::Redis(RedisFacts::Client(client)) => {
                [&client.address, &client.name, &client.user, &client.command]
                    .map(|word| Cow::from(&**word))
                    .into()
            }
            Facts::Redis(RedisFacts::Slow(call)) => {
                [&call.command, &call.client, &call.client_name].map(|word| Cow::from(&**word)).into()
            }
            Facts::Redis(RedisFacts::Keys(group)) if group.heat.is_some() => vec!["hot".into()],
            _ => Vec::new(),
        }
    }

    fn since(&self, object: &Object, age: &str) -> Option<Timestamp> {
        match &object.facts {
            Facts::Redis(RedisFacts::Client(client)) if age == "idle" => Some(client.idle_since),
            _ => Some(object.created).filter(|at| age == "age" && at.0 > 0),
        }
    }

    fn head(&self, model: &Model, kind: Kind) -> Vec<Vec<Fact>> {
        head::head(model, kind)
    }

    fn lamp(&self, model: &Model) -> (Level, String) {
        head::lamp(model, self)
    }

    fn worst(&self, model: &Model) -> (String, String) {
        head::worst(model)
    }

    fn keys(&self, kind: Kind) -> &'static [Action] {
        match kind {
            Kind::Client => {
                &[Action::Open, Action::Disconnect, Action::Filter, Action::NextKind, Action::Palette]
            }
            _ => &[Action::Open, Action::Filter, Action::NextKind, Action::Palette],
        }
    }

    fn remedy(&self) -> &'static str {
        "no Redis is named: `[[redis]]` in the profile, or --redis URL"
    }
}
