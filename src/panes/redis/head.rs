//! The lines over the tables, the lamp, and the worst of it all.
use super::{Redises, called, group, node};
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::object::{Kind, Object};
use crate::domain::redis::RedisNode;
use crate::domain::redis::describe::{drawn, growth, latency};
use crate::domain::redis::node::Role as Part;
use crate::domain::redis::trouble::Trouble;
use crate::domain::redis::verdict::{ahead, figure};
use crate::domain::redis::{percent, size};
use crate::domain::settings::{Action, Backend, Role};
use crate::domain::text::{counted, grouped};
use crate::domain::time::Age;
use crate::model::Model;
use crate::panes::{Fact, role, tables};

const MOST_LINES: usize = 4;
/// Of what came about the last eight minutes are drawn, and of many databases the fullest.
const BARS: usize = 24;
const DATABASES: usize = 6;
/// On a lower screen one line has to do.
const FEW_ROWS: u16 = 30;

fn nodes(model: &Model) -> impl Iterator<Item = (&Object, &RedisNode)> {
    let all = model.listing(Kind::RedisNode).into_iter().flat_map(crate::model::listing::Listing::all);
    all.filter_map(|object| Some((object, node(object)?)))
}

/// The node that matters most: the worst, and among equals the fullest that keeps keys.
fn foremost(model: &Model) -> Option<(&Object, &RedisNode)> {
    nodes(model).min_by_key(|(object, node)| {
        let kept = std::cmp::Reverse((node.role != Part::Sentinel, node.filled(), node.memory.used));
        (object.level(), node.role == Part::Replica, kept, object.id.clone())
    })
}

pub(super) fn head(model: &Model, kind: Kind) -> Vec<Vec<Fact>> {
    let roomy = model.size.1 >= FEW_ROWS;
    let mut lines = Vec::new();
    match kind {
        Kind::RedisNode => {
            if let Some((object, node)) = foremost(model) {
                lines.push(first(model, object, node));
                if roomy && node.trouble.is_none() {
                    lines.push(second(model, node));
                    lines.push(lately(node));
                    lines.push(keyspace(node));
                }
            }
        }
        Kind::Client => lines.extend(foremost(model).map(|(_, node)| crowd(node))),
        Kind::KeyGroup => {
            lines.extend(sampled(model));
            if let Some((_, node)) = foremost(model).filter(|_| roomy) {
                lines.push(keyspace(node));
            }
        }
        _ => {}
    }
    let missing = missing(model, kind);
    lines.retain(|line| !line.is_empty());
    // What is not seen is told before what came about.
    lines.truncate(MOST_LINES.saturating_sub(missing.len().min(2)));
    if roomy || (lines.is_empty() && !missing.is_empty()) {
        lines.extend(missing.into_iter().take(if roomy { 2 } else { 1 }));
    } else if kind != Kind::RedisNode && !missing.is_empty() {
        // An empty table is explained first.
        lines = missing.into_iter().take(1).collect();
    }
    lines.into_iter().map(spaced).collect()
}

/// Words of several roles on one line, told apart by room.
fn spaced(mut line: Vec<Fact>) -> Vec<Fact> {
    for fact in line.iter_mut().skip(1) {
        fact.text.insert_str(0, "   ");
    }
    line
}

/// `412 MB of 1 GB  +3 MB/min, full in 3 h   hit rate 97.2 %   no evictions`.
fn first(model: &Model, object: &Object, node: &RedisNode) -> Vec<Fact> {
    let mut facts = Vec::new();
    if nodes(model).count() > 1 {
        facts.push(Fact::new(called(model, &object.id.context, &object.id.name), Role::Dim));
    }
    // What it said before it fell silent is not what is so now.
    if node.trouble.is_some() {
        let since = node
            .trouble_since
            .map_or_else(String::new, |at| format!(" {}", Age(model.now.since(at)).lasting()));
        facts.push(Fact::new(format!("{}{since}", node.status()), role(object.level())));
        let busy = node.trouble.as_ref().and_then(Trouble::busy_with_function);
        let key = busy.and_then(|_| model.settings.keymap.keys(Action::EndScript).first().copied());
        if let Some(key) = key {
            facts.push(Fact::new(format!("{key} ends it"), Role::Key));
        }
        return facts;
    }
    facts.extend(memory(node).map(|text| Fact::new(text, memory_role(node))));
    facts.extend(trend(node));
    if node.role == Part::Sentinel {
        facts.push(Fact::new(node.status(), role(object.level())));
        return facts;
    }
    facts.push(hits(node));
    facts.extend(evictions(node));
    facts
}

fn memory(node: &RedisNode) -> Option<String> {
    let used = size(node.memory.used?);
    Some(match (node.limit(), node.memory.max) {
        (Some(max), _) => format!("{used} of {}", size(max)),
        (None, Some(_)) => format!("{used}, no limit"),
        (None, None) => used,
    })
}

fn memory_role(node: &RedisNode) -> Role {
    match node.filled() {
        Some(90..) if !node.evicts() => Role::Bad,
        Some(80..) if !node.evicts() => Role::Warning,
        _ => Role::Text,
    }
}

fn trend(node: &RedisNode) -> Option<Fact> {
    let growing = growth(node.rates.growth_per_minute?);
    Some(match node.rates.full_in {
        Some(span) if !node.evicts() => {
            let level = if span.as_secs() < 900 { Role::Bad } else { Role::Text };
            Fact::new(format!("{growing}, full {}", ahead(span)), level)
        }
        Some(span) => Fact::new(format!("{growing}, evicts {}", ahead(span)), Role::Text),
        None => Fact::new(growing, Role::Text),
    })
}

fn hits(node: &RedisNode) -> Fact {
    match node.rates.hit_rate {
        Some(rate) => Fact::new(format!("hit rate {rate:.1} %"), Role::Text),
        None => Fact::new("no lookups", Role::Dim),
    }
}

fn evictions(node: &RedisNode) -> Option<Fact> {
    let rate = node.rates.evicted?;
    Some(if rate > 0.0 {
        Fact::new(format!("evicts {} keys/s", figure(rate)), Role::Warning)
    } else {
        Fact::new("no evictions", Role::Text)
    })
}

/// Clients, keys, answers, saving.
fn second(model: &Model, node: &RedisNode) -> Vec<Fact> {
    let mut facts = crowd(node);
    let mut plain = |text: Option<String>| facts.extend(text.map(|text| Fact::new(text, Role::Text)));
    if node.role != Part::Sentinel {
        let (keys, _) = node.keys();
        let lasting = super::cells::lasting(node)
            .map_or_else(String::new, |percent| format!(", {percent} % without TTL"));
        plain(Some(format!("{}{lasting}", counted(keys, "key"))));
    }
    plain(node.ping.map(|(_, middle)| format!("ping {}", latency(middle))));
    if node.role == Part::Primary {
        plain(saved(model, node));
    }
    facts
}

/// `memory ▂▃▅▇   ops/s ▂▂▁▂   hit rate ▇▇▆▃`.
fn lately(node: &RedisNode) -> Vec<Fact> {
    let drawn = drawn(node, BARS).into_iter().filter(|(what, ..)| *what != "evicted/s" || !node.evicts());
    drawn.take(3).map(|(what, bars, _)| Fact::new(format!("{what} {bars}"), Role::Dim)).collect()
}

/// Which databases hold the keys, where there are several: `db 0: 1,203 keys, 40 % without TTL`.
fn keyspace(node: &RedisNode) -> Vec<Fact> {
    let mut all: Vec<_> = node.keyspace.iter().collect();
    if all.len() < 2 {
        return Vec::new();
    }
    all.sort_by_key(|db| std::cmp::Reverse(db.keys));
    let more = all.len().saturating_sub(DATABASES);
    all.truncate(DATABASES);
    all.sort_by_key(|db| db.number);
    let mut facts: Vec<Fact> = all
        .into_iter()
        .map(|db| {
            let lasting = percent(db.keys.saturating_sub(db.expires), db.keys);
            let lasting = lasting.map_or_else(String::new, |share| format!(", {share} % without TTL"));
            Fact::new(format!("db {}: {}{lasting}", db.number, counted(db.keys, "key")), Role::Text)
        })
        .collect();
    if more > 0 {
        facts.push(Fact::new(format!("{more} more"), Role::Dim));
    }
    facts
}

fn saved(model: &Model, node: &RedisNode) -> Option<String> {
    let persistence = &node.persistence;
    let changes = counted(persistence.rdb_changes?, "change");
    let at = persistence.rdb_saved?;
    let file = if persistence.aof == Some(true) { ", append-only file on" } else { "" };
    Some(format!("saved {}, {changes} since{file}", Age(model.now.since(at)).past()))
}

fn crowd(node: &RedisNode) -> Vec<Fact> {
    let Some(now) = node.clients else { return Vec::new() };
    let full = node.max_clients.is_some_and(|most| now.saturating_mul(10) >= most.saturating_mul(9));
    let words = match node.max_clients {
        Some(most) => format!("{} of {}", grouped(now), counted(most, "client")),
        None => counted(now, "client"),
    };
    let blocked = node.blocked.filter(|count| *count > 0);
    let mut facts = vec![Fact::new(words, if full { Role::Bad } else { Role::Text })];
    facts.extend(blocked.map(|count| Fact::new(format!("{} blocked", grouped(count)), Role::Text)));
    facts
}

fn sampled(model: &Model) -> Option<Vec<Fact>> {
    let first = model.listing(Kind::KeyGroup)?.all().find_map(group)?;
    let words = if first.whole {
        format!("every key of db {} was looked at", first.db)
    } else {
        format!("worked out from {} of db {}", counted(first.sampled, "key"), first.db)
    };
    let mut facts = vec![Fact::new(words, Role::Dim)];
    let all = model.listing(Kind::KeyGroup)?.all().filter_map(group);
    match all.filter_map(|group| Some((group.heat?, &*group.name))).max() {
        Some((heat, name)) => facts.push(Fact::new(format!("hottest: {name} ({heat} of 255)"), Role::Text)),
        None if nodes(model).any(|(_, node)| node.counts_uses()) => {}
        None if model.size.1 < FEW_ROWS => {}
        None => facts.push(Fact::new("which are hot is known under an LFU policy alone", Role::Dim)),
    }
    Some(facts)
}

/// What is not seen of this kind, and the statement that would show it.
fn missing(model: &Model, kind: Kind) -> Vec<Vec<Fact>> {
    let concerns = |line: &&String| match kind {
        Kind::RedisNode => line.starts_with("the cluster:") || line.contains(" more nodes"),
        Kind::Client => line.starts_with("clients:"),
        Kind::SlowCall => line.starts_with("slow calls:"),
        Kind::KeyGroup => line.contains("key"),
        _ => false,
    };
    let places = model.places.iter().filter(|(feed, _)| matches!(feed, Feed::Endpoint(Backend::Redis, _)));
    let lines = places.flat_map(|(_, place)| place.missing.iter()).filter(concerns);
    lines.map(|line| vec![Fact::new(format!("not seen: {line}"), Role::Warning)]).collect()
}

pub(super) fn lamp(model: &Model, tables: &Redises) -> (Level, String) {
    if let Some(lamp) = tables::feed_lamp(model, tables) {
        return lamp;
    }
    let Some((level, n)) = tables::count(model, Kind::RedisNode) else {
        if nodes(model).next().is_some() {
            return (Level::Fine, "redis".into());
        }
        // Of whom nothing was heard nothing is well.
        let feed = model.worst_feed(|feed| tables::fed_by(Kind::RedisNode, feed));
        let level = feed.map_or(Level::Unknown, |(feed, status)| model.feed_level(feed, status));
        return (if level == Level::Fine { Level::Unknown } else { level }, "redis".into());
    };
    let worst = foremost(model).map(|(_, node)| node);
    let words = match (worst, n) {
        (Some(node), _) if node.trouble.is_none() && !node.evicts() && node.filled() >= Some(80) => {
            format!("redis {}%", node.filled().unwrap_or_default())
        }
        // Names that all know are told; a sentence is not.
        (Some(node), 1) => match node.status().split([':', ' ']).next() {
            Some(word) if word.len() > 2 && word.chars().all(char::is_uppercase) => format!("redis {word}"),
            _ => "redis 1".into(),
        },
        _ => format!("redis {n}"),
    };
    (level, words)
}

pub(super) fn worst(model: &Model) -> (String, String) {
    let Some((object, node)) = foremost(model) else {
        return (String::new(), "nothing was heard yet".into());
    };
    let name = called(model, &object.id.context, &object.id.name);
    if object.level() < Level::Fine {
        let since = node
            .trouble_since
            .map_or_else(String::new, |at| format!(" {}", Age(model.now.since(at)).lasting()));
        let words =
            node.findings().into_iter().take(2).map(|(_, words)| words).collect::<Vec<_>>().join("; ");
        return (name.to_owned(), format!("{words}{since}"));
    }
    let used = match (node.memory.used, node.limit()) {
        (Some(used), Some(max)) => format!("{} of {}", size(used), size(max)),
        (Some(used), None) => size(used),
        (None, _) => name.to_owned(),
    };
    let mut says = vec![hits(node).text];
    says.extend(evictions(node).map(|fact| fact.text));
    (used, says.join(", "))
}
