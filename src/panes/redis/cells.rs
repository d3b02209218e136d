//! What stands in each cell.
use super::{call, called, client, group, node};
use crate::domain::level::Level;
use crate::domain::object::Object;
use crate::domain::redis::describe::latency;
use crate::domain::redis::node::Role as Part;
use crate::domain::redis::verdict::figure;
use crate::domain::redis::{KeyGroup, RedisClient, RedisNode, SlowCall};
use crate::domain::redis::{percent, size};
use crate::domain::settings::Role;
use crate::domain::text::grouped;
use crate::domain::time::Age;
use crate::model::Model;
use crate::panes::{Cell, role};

/// Of the limit of memory and of the places for clients, from where the number itself is coloured.
const HIGH: u64 = 80;
const HIGHEST: u64 = 90;

pub(super) fn cell<'m>(model: &'m Model, object: &'m Object, level: Level, column: &str) -> Cell<'m> {
    match column {
        "ON" => return Cell::new(&*object.id.context).role(Role::Dim),
        "AGE" => return Cell::new(Age(model.now.since(object.created)).to_string()).role(Role::Dim),
        "NODE" => {
            let own = node(object).is_some();
            let name = if own { &object.id.name } else { &object.id.namespace };
            let cell = Cell::middle(called(model, &object.id.context, name));
            return if own { cell } else { cell.role(Role::Dim) };
        }
        _ => {}
    }
    if let Some(node) = node(object) {
        of_node(model, node, level, column)
    } else if let Some(client) = client(object) {
        of_client(model, client, level, column)
    } else if let Some(call) = call(object) {
        of_call(model, call, column)
    } else if let Some(group) = group(object) {
        of_group(group, column)
    } else {
        Cell::new("")
    }
}

fn unknown<'m>() -> Cell<'m> {
    Cell::new("–").role(Role::Dim)
}

fn known<'m>(text: Option<String>) -> Cell<'m> {
    text.map_or_else(unknown, Cell::new)
}

/// Whether a column means anything for a node: a sentinel keeps no keys, only a replica can be behind, and who was
/// never heard has no part.
pub(super) fn says(node: &RedisNode, column: &str) -> bool {
    match column {
        "NODE" | "STATE" | "VERSION" | "CLIENTS" | "PING" | "OPS/S" => true,
        "ROLE" => node.role != Part::Unknown,
        "LAG" => node.role == Part::Replica,
        _ => node.role != Part::Sentinel,
    }
}

fn of_node<'m>(model: &Model, node: &'m RedisNode, level: Level, column: &str) -> Cell<'m> {
    let cell = match column {
        "ROLE" => return Cell::new(node.role.name()),
        "STATE" => return Cell::new(state(model, node)).role(role(level)),
        "VERSION" if node.server.is_empty() => unknown(),
        "VERSION" => Cell::new(&*node.server).role(Role::Dim),
        column if !says(node, column) => Cell::new(""),
        "MEM" => memory(node),
        "GROWTH" => known(node.rates.growth_per_minute.map(growth)),
        "FRAG" => known(fragmentation(node).map(|ratio| format!("{ratio:.2}"))),
        "HIT" => known(node.rates.hit_rate.map(|rate| format!("{rate:.1}%"))),
        "OPS/S" => known(node.ops.map(grouped)),
        "EVICT/S" => match node.rates.evicted {
            Some(rate) if rate > 0.0 => Cell::new(figure(rate)).role(Role::Warning),
            rate => known(rate.map(figure)),
        },
        "CLIENTS" => clients(node),
        "BLOCKED" => known(node.blocked.map(grouped)),
        "LAG" => lag(node),
        "NO TTL" => known(lasting(node).map(|percent| format!("{percent}%"))),
        _ => known(node.ping.map(|(_, middle)| latency(middle).replace(' ', ""))),
    };
    // What does not answer now said this some time ago.
    if node.trouble.is_some() { cell.role(Role::Dim) } else { cell }
}

/// Since when, and what: the time comes first, as the end may be cut.
fn state(model: &Model, node: &RedisNode) -> String {
    let since = node.trouble_since.map(|at| model.now.since(at)).filter(|since| since.as_secs() >= 10);
    match since {
        Some(since) => format!("{} {}", Age(since), node.status()),
        None => node.status().into_owned(),
    }
}

/// `412M/1G  40%`.
fn memory<'m>(node: &RedisNode) -> Cell<'m> {
    let Some(used) = node.memory.used else { return unknown() };
    match (node.memory.max, node.filled()) {
        (Some(max), Some(percent)) => {
            let cell = Cell::new(format!("{}/{} {percent:>3}%", bytes(used), bytes(max)));
            match percent {
                // Of a cache that makes room by itself, full is as it should be.
                HIGHEST.. if !node.evicts() => cell.role(Role::Bad),
                HIGH.. if !node.evicts() => cell.role(Role::Warning),
                _ => cell,
            }
        }
        (Some(_), _) => Cell::new(format!("{}, no max", bytes(used))),
        (None, _) => Cell::new(bytes(used)),
    }
}

/// As the lines above the table say it, short: `412M`.
fn bytes(n: u64) -> String {
    let words = size(n);
    match words.split_once(' ') {
        Some((n, "B")) => format!("{n}B"),
        Some((n, unit)) => format!("{n}{}", unit.trim_end_matches('B').to_uppercase()),
        None => words,
    }
}

fn growth(per_minute: i64) -> String {
    match per_minute {
        0 => "0".into(),
        1.. => format!("+{}/min", bytes(per_minute.unsigned_abs())),
        _ => format!("-{}/min", bytes(per_minute.unsigned_abs())),
    }
}

/// The true one, where the server tells it.
pub(super) fn fragmentation(node: &RedisNode) -> Option<f64> {
    node.memory.allocator.or(node.memory.fragmentation)
}

/// Keys that never go by themselves, in hundredths.
pub(super) fn lasting(node: &RedisNode) -> Option<u64> {
    let (keys, lasting) = node.keys();
    percent(lasting, keys)
}

fn clients<'m>(node: &RedisNode) -> Cell<'m> {
    let Some(now) = node.clients else { return unknown() };
    let Some(most) = node.max_clients else { return Cell::new(now.to_string()) };
    let cell = Cell::new(format!("{now}/{most}"));
    match percent(now, most) {
        Some(100..) => cell.role(Role::Bad),
        Some(HIGHEST..) => cell.role(Role::Warning),
        _ => cell,
    }
}

fn lag<'m>(node: &RedisNode) -> Cell<'m> {
    match (node.replication.lag_bytes, node.replication.lag_seconds) {
        (Some(behind), Some(seconds)) => Cell::new(format!("{} {seconds}s", bytes(behind))),
        (Some(behind), None) => Cell::new(bytes(behind)),
        _ => unknown(),
    }
}

fn of_client<'m>(model: &Model, client: &'m RedisClient, level: Level, column: &str) -> Cell<'m> {
    match column {
        "ID" => Cell::new(client.id.to_string()),
        "ADDRESS" => Cell::middle(&*client.address),
        "CALLED" => Cell::new(&*client.name),
        "USER" if client.user.is_empty() => unknown(),
        "USER" => Cell::new(&*client.user),
        "DB" => Cell::new(client.db.to_string()),
        "IDLE" => Cell::new(Age(model.now.since(client.idle_since)).to_string()),
        "DOING" => Cell::new(client.status()).role(role(level)),
        "COMMAND" => Cell::new(&*client.command),
        "MEM" => known(client.memory.map(bytes)),
        _ => Cell::new(bytes(client.output)),
    }
}

fn of_call<'m>(model: &Model, call: &'m SlowCall, column: &str) -> Cell<'m> {
    match column {
        "ID" => Cell::new(call.id.to_string()).role(Role::Dim),
        "WHEN" => Cell::new(Age(model.now.since(call.at)).to_string()),
        "TOOK" => Cell::new(latency(u32::try_from(call.micros).unwrap_or(u32::MAX))),
        "CALL" => Cell::new(&*call.command),
        "CLIENT" => Cell::middle(&*call.client),
        _ => Cell::new(&*call.client_name),
    }
}

fn of_group<'m>(group: &'m KeyGroup, column: &str) -> Cell<'m> {
    match column {
        "KEYS" => Cell::middle(&*group.name),
        "OF KEYS" if group.single => Cell::new(""),
        "OF KEYS" => known(group.share().map(|percent| format!("{percent}%"))),
        "COUNT" if group.single => match group.heat {
            Some(heat) => Cell::new(format!("hot, {heat}")),
            None => Cell::new("one key").role(Role::Dim),
        },
        // What is worked out from a sample says so.
        "COUNT" => {
            known(group.keys.map(|keys| format!("{}{}", if group.whole { "" } else { "~" }, grouped(keys))))
        }
        "MEM" => known(group.bytes.map(bytes)),
        "NO TTL" => match (group.single, group.lasting) {
            (true, Some(0)) => Cell::new("has"),
            (true, Some(_)) => Cell::new("none"),
            (false, Some(percent)) => Cell::new(format!("{percent}%")),
            (_, None) => unknown(),
        },
        _ => Cell::new(group.db.to_string()),
    }
}
