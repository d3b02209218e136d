//! What is measured: facts with limits, alerts that fire, shares of limits, and comparisons with a number.
use super::amounts::{convert, holds, speaks};
use super::known::{NOT_LOOKED_AT, blind, rows, why};
use super::subjects::counted;
use super::{Scope, bad, fine, seen, unknown};
use crate::domain::alert::AlertFacts;
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind};
use crate::domain::redis::RedisNode;
use crate::domain::settings::limit::FactSource;
use crate::domain::vital::{self, Vital, amount};
use crate::model::Model;
use crate::model::evidence::{Answer, Counts, Shares};
use crate::panes::{database, redis, vitals};
use crate::runbook::execution::question::Subject;
use crate::runbook::facts::limit::Limit;

/// Alerts that are looked at: what fires in a storm beyond these says nothing more.
const ALERTS: usize = 500;

/// Whether what is measured is in trouble, by its own limits, or by an alert that fires.
pub fn trouble(model: &Model, subject: Subject) -> Answer {
    let own = worst(model, subject);
    let fires = fires(model, subject);
    match (own, fires) {
        (Some(own), _) if own.level == Level::Bad => own,
        (_, Some(name)) => bad(format!("{name} fires")),
        (Some(own), None) => own,
        (None, None) if subject == Subject::CacheHits => hits(model),
        (None, None) => unknown(NOT_LOOKED_AT),
    }
}

/// Facts that speak of it and are asked.
fn facts(model: &Model, subject: Subject) -> impl Iterator<Item = &Vital> {
    let all = model.listing(Kind::Vital).into_iter().flat_map(crate::model::listing::Listing::all);
    all.filter_map(vitals::vital).filter(move |vital| {
        let source = match vital.source {
            FactSource::Dns | FactSource::Tcp => subject == Subject::Network,
            FactSource::Tls => subject == Subject::Certificate,
            FactSource::Disk => subject == Subject::Disk,
            FactSource::Memory => subject == Subject::Memory,
            _ => false,
        };
        vital.is_asked() && (source || speaks(&vital.name, subject))
    })
}

fn worst(model: &Model, subject: Subject) -> Option<Answer> {
    let worst = facts(model, subject).min_by_key(|vital| (vital.level, vital.order))?;
    if let Some(why) = blind(model, Kind::Vital, &Scope::default()) {
        return Some(unknown(why));
    }
    // What has no limit is never called fine: nobody said what would be.
    let bounded = worst.ok.is_some() || worst.warning.is_some() || worst.critical.is_some();
    let level = if bounded { worst.level } else { worst.level.min(Level::Unknown) };
    let words = match &worst.answer {
        vital::Answer::Error { .. } => format!("{}: no answer", worst.name),
        vital::Answer::Waiting => format!("{}: not asked yet", worst.name),
        _ => format!("{} {}", worst.name, worst.shown()),
    };
    Some(seen(level, words))
}

/// An alert of it that fires.
fn fires(model: &Model, subject: Subject) -> Option<&str> {
    let all = model.listing(Kind::Alert)?;
    let rows = model.firing.iter().take(ALERTS).filter_map(|id| all.get(id));
    let mut named = rows.filter_map(|object| match &object.facts {
        Facts::Alerts(AlertFacts::Alert(alert)) if !alert.stale && !alert.missing_watchdog => {
            Some(&*alert.name)
        }
        _ => None,
    });
    named.find(|name| speaks(name, subject))
}

/// How many lookups a cache answers; whether that is enough nobody said.
fn hits(model: &Model) -> Answer {
    match cache_hits(model).into_iter().min_by(f64::total_cmp) {
        Some(rate) => unknown(format!("{} of lookups hit", amount(rate, "%"))),
        None => {
            unknown(blind(model, Kind::RedisNode, &Scope::default()).unwrap_or_else(|| NOT_LOOKED_AT.into()))
        }
    }
}

fn cache_hits(model: &Model) -> Vec<f64> {
    let all = Scope::default();
    let nodes =
        rows(model, Kind::RedisNode, &all).filter_map(|(object, _)| redis::node(object)?.rates.hit_rate);
    nodes.collect()
}

/// A number with the unit that it is told in, and what it is of.
struct Amount {
    value: f64,
    unit: String,
    of: String,
}

/// Whether a number compares so: that of the one which is nearest to it.
pub fn compares(model: &Model, subject: Subject, limit: &Limit, scope: &Scope) -> Answer {
    let Ok(wanted) = limit.number.parse::<f64>() else { return unknown(NOT_LOOKED_AT) };
    let mut partly = None;
    let mut all = amounts(model, subject);
    let percent = convert(1.0, "%", &limit.unit).is_some();
    if let (true, Some(shares)) = (percent, shares(model, subject, scope)) {
        let (own, why) = shares;
        partly = why;
        let least = limit.sign.starts_with('<');
        if own.known > 0 {
            let value = if least { own.least } else { own.most };
            let of = if own.known == 1 { "1 pod".to_owned() } else { format!("of {} pods", own.known) };
            all.push(Amount { value: to_number(value), unit: "%".into(), of });
        }
    }
    let told = all.len();
    let compared = all.into_iter().filter_map(|one| {
        let value = convert(one.value, &one.unit, &limit.unit)?;
        Some((holds(value, limit.sign, wanted)?, value, one))
    });
    let compared: Vec<(bool, f64, Amount)> = compared.collect();
    let words = |one: &Amount| format!("{} {}", one.of, amount(one.value, &one.unit)).trim().to_owned();
    // Of those where it is so, and else of all, the one that is furthest.
    let down = limit.sign.starts_with('<');
    let furthest = |so: bool| {
        let own = compared.iter().filter(|(holds, ..)| *holds == so);
        own.max_by(|a, b| if down { b.1.total_cmp(&a.1) } else { a.1.total_cmp(&b.1) })
    };
    match (furthest(true), furthest(false), partly) {
        (Some((.., one)), ..) => bad(words(one)),
        (None, _, Some(why)) => unknown(why),
        (None, Some((.., one)), None) => fine(words(one)),
        (None, None, None) if told > 0 => unknown("told in another unit"),
        (None, None, None) => unknown(missing(model, subject)),
    }
}

/// Shares of the limits of pods, with why these are not all.
fn shares(model: &Model, subject: Subject, scope: &Scope) -> Option<(Shares, Option<String>)> {
    let of: fn(&Counts) -> Shares = match subject {
        Subject::Memory => |counts| counts.memory,
        Subject::Cpu => |counts| counts.cpu,
        _ => return None,
    };
    let (own, _) = counted(model, scope);
    let all = own.iter().map(of).fold(Shares::default(), Shares::with);
    let running: u32 = own.iter().map(|counts| counts.running).sum();
    let blind = blind(model, Kind::Pod, scope).or_else(|| {
        let metrics = |feed: &Feed| matches!(feed, Feed::Metrics(_));
        model.feeds.keys().any(metrics).then(|| why(model, metrics)).flatten()
    });
    let some = (all.known < running).then(|| match all.known {
        0 => NOT_LOOKED_AT.to_owned(),
        n => format!("at most {}% of {n} of {running} pods; of the others nothing is known", all.most),
    });
    Some((all, blind.or(some)))
}

/// Numbers that other panes than that of pods have of it.
fn amounts(model: &Model, subject: Subject) -> Vec<Amount> {
    let all = Scope::default();
    let mut amounts: Vec<Amount> = facts(model, subject)
        .filter(|_| blind(model, Kind::Vital, &all).is_none())
        .filter_map(|vital| match vital.answer {
            vital::Answer::Value(value) => {
                Some(Amount { value, unit: vital.unit.to_string(), of: vital.name.to_string() })
            }
            _ => None,
        })
        .collect();
    let mut add = |value: f64, unit: &str, of: &str| {
        amounts.push(Amount { value, unit: unit.to_owned(), of: of.to_owned() });
    };
    let servers = blind(model, Kind::Server, &all).is_none();
    let server = database::servers(model).filter(|_| servers).map(|(_, server)| server);
    match subject {
        Subject::Connections => {
            for server in server {
                add(f64::from(server.percent()), "%", "");
                add(f64::from(server.used), "", "");
            }
        }
        Subject::Replication => {
            for lag in server.filter_map(|server| server.lag) {
                add(lag.as_secs_f64(), "s", "");
            }
        }
        Subject::CacheHits => {
            for rate in cache_hits(model) {
                add(rate, "%", "");
            }
        }
        Subject::Redis => {
            let nodes = rows(model, Kind::RedisNode, &all).filter_map(|(object, _)| redis::node(object));
            for filled in nodes.filter_map(RedisNode::filled) {
                add(to_number(filled), "%", "");
            }
        }
        _ => {}
    }
    amounts
}

/// Why there is no number.
fn missing(model: &Model, subject: Subject) -> String {
    let kind = match subject {
        Subject::Connections | Subject::Replication => Kind::Server,
        Subject::CacheHits | Subject::Redis => Kind::RedisNode,
        _ => Kind::Vital,
    };
    let asked = kind != Kind::Vital || facts(model, subject).next().is_some();
    let why = blind(model, kind, &Scope::default()).filter(|_| asked);
    why.unwrap_or_else(|| NOT_LOOKED_AT.to_owned())
}

/// Shares are small numbers.
fn to_number(share: u64) -> f64 {
    f64::from(u32::try_from(share).unwrap_or(u32::MAX))
}
