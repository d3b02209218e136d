//! How each thing that a runbook may ask for fares, in the words of its pane.
use std::time::Duration;

use super::known::{self, NOT_LOOKED_AT, blind, clock, live, rows};
use super::{Scope, bad, fine, measured, seen, unknown};
use crate::domain::change::{Change, ChangeKind};
use crate::domain::database::FULL;
use crate::domain::feed::{Feed, FeedState, FeedStatus};
use crate::domain::level::Level;
use crate::domain::object::{Kind, Realm};
use crate::domain::text;
use crate::domain::time::Age;
use crate::model::Model;
use crate::model::evidence::{Answer, Counts};
use crate::panes::{changes, database, objects, overview, tables, things};
use crate::runbook::execution::question::Subject;

/// So many rollouts of the last hour are held against each other.
const LOOKED_BACK: usize = 40;

/// Things that a runbook may ask for; the level is how it fares.
pub fn answer(model: &Model, subject: Subject, scope: &Scope) -> Answer {
    match subject {
        Subject::CrashLoop => pods(model, scope, |counts| counts.crashing),
        Subject::OutOfMemory => pods(model, scope, |counts| counts.starved),
        Subject::Pending => pods(model, scope, |counts| counts.waiting),
        Subject::ImagePull => pods(model, scope, |counts| counts.imageless),
        Subject::Pods => all_pods(model, scope),
        Subject::Nodes => worst_of(model, Kind::Node, scope, "all nodes are ready"),
        Subject::Autoscaler => worst_of(model, Kind::Hpa, scope, "all do their work"),
        Subject::Database => service(model, Realm::Database, "accepting connections"),
        Subject::Redis => service(model, Realm::Redis, "it answers"),
        Subject::Connections => connections(model),
        Subject::Replication => replication(model),
        Subject::Certificate => certificates(model, scope),
        Subject::Change => changed(model, scope, false),
        Subject::Release => changed(model, scope, true),
        Subject::Memory => {
            let own = measured::trouble(model, subject);
            let starved = pods(model, scope, |counts| counts.starved);
            // A pod that ran out of it says more than a gauge.
            if own.level != Level::Bad && starved.level == Level::Bad { starved } else { own }
        }
        Subject::CacheHits
        | Subject::Cpu
        | Subject::Disk
        | Subject::ErrorRate
        | Subject::Latency
        | Subject::Load
        | Subject::Queue
        | Subject::Network => measured::trouble(model, subject),
    }
}

/// Counts of the scope that are of now, and those of other places.
pub(super) fn counted(model: &Model, scope: &Scope) -> (Vec<Counts>, Vec<Counts>) {
    let places = model.runs.evidence.tally.places.iter();
    let now = places.filter(|((context, namespace), _)| live(model, Kind::Pod, context, namespace));
    let (own, others): (Vec<_>, Vec<_>) =
        now.partition(|((context, namespace), _)| scope.holds(context, namespace));
    let counts = |all: Vec<(_, &Counts)>| all.into_iter().map(|(_, counts)| *counts).collect();
    (counts(own), counts(others))
}

/// How many pods say so.
fn pods(model: &Model, scope: &Scope, of: fn(&Counts) -> u32) -> Answer {
    let (own, others) = counted(model, scope);
    let sum = |all: &[Counts], of: fn(&Counts) -> u32| all.iter().map(of).sum::<u32>();
    match sum(&own, of) {
        0 => {}
        1 => return bad("1 pod says so"),
        n => return bad(format!("{n} pods say so")),
    }
    if let Some(why) = blind(model, Kind::Pod, scope) {
        return unknown(why);
    }
    let elsewhere = sum(&others, of);
    match (sum(&own, |counts| counts.all), sum(&own, |counts| counts.unknown)) {
        (0, _) => unknown("no pod is there to say so"),
        (_, 1) => unknown("nothing is known of 1 pod, no other says so"),
        (_, n) if n > 0 => unknown(format!("nothing is known of {n} pods, no other says so")),
        // Whoever opened the runbook may have stood on the wrong thing: that is no green.
        _ if elsewhere > 0 => {
            let here = scope.namespace.as_ref().map_or_else(|| "here".into(), |own| format!("in {own}"));
            seen(Level::Warn, format!("none {here}, {elsewhere} elsewhere"))
        }
        _ => fine("no pod says so"),
    }
}

fn all_pods(model: &Model, scope: &Scope) -> Answer {
    let (own, _) = counted(model, scope);
    let sum = |of: fn(&Counts) -> u32| own.iter().map(of).sum::<u32>();
    let all = sum(|counts| counts.all);
    let failing = sum(|counts| counts.failing);
    if failing > 0 {
        return bad(format!("{failing} of {all} failing"));
    }
    if let Some(why) = blind(model, Kind::Pod, scope) {
        return unknown(why);
    }
    match (sum(|counts| counts.unknown), sum(|counts| counts.doubtful)) {
        _ if all == 0 => unknown("no pod is there"),
        (0, 0) => fine(format!("all {all} as they should be")),
        (0, n) => seen(Level::Warn, format!("{n} of {all} to watch")),
        (n, _) => unknown(format!("nothing is known of {n} of {all}")),
    }
}

/// The worst of a kind: its own name and status where it is one, how many where there are more.
fn worst_of(model: &Model, kind: Kind, scope: &Scope, well: &str) -> Answer {
    let mut worst: Option<(Level, usize, String)> = None;
    let mut any = false;
    for (object, level) in rows(model, kind, scope) {
        any = true;
        if level >= Level::Fine {
            continue;
        }
        match &mut worst {
            Some((known, n, _)) if *known == level => *n += 1,
            Some((known, ..)) if *known < level => {}
            _ => worst = Some((level, 1, format!("{}: {}", object.id.name, object.status()))),
        }
    }
    let words = |n: usize, first: String| {
        if n == 1 { first } else { format!("{n} {}, as {first}", plural(kind)) }
    };
    match (worst, blind(model, kind, scope)) {
        (Some((Level::Bad, n, first)), _) => bad(words(n, first)),
        (_, Some(why)) => unknown(why),
        (Some((level, n, first)), None) => seen(level, words(n, first)),
        (None, None) if !any => unknown("there is none"),
        (None, None) => fine(well),
    }
}

/// As people call several of them.
fn plural(kind: Kind) -> &'static str {
    if kind == Kind::Hpa { "autoscalers" } else { kind.plural() }
}

/// Feeds of a realm's servers.
fn feeds(model: &Model, realm: Realm) -> impl Iterator<Item = (&Feed, &FeedStatus)> {
    let kind = tables::of(realm).and_then(|tables| tables.kinds().first().copied());
    model.feeds.iter().filter(move |(feed, _)| kind.is_some_and(|kind| tables::fed_by(kind, feed)))
}

/// A server that refuses or does not answer is seen to do so; one of which nothing is heard is not.
fn refuses(model: &Model, realm: Realm) -> Option<Answer> {
    let several = feeds(model, realm).count() > 1;
    feeds(model, realm).find_map(|(feed, status)| {
        let FeedState::Down { why, .. } = &status.state else { return None };
        let name = match feed {
            Feed::Endpoint(_, name) if several => format!("{name}: "),
            _ => String::new(),
        };
        Some(bad(if why.starts_with(FULL) {
            format!("{name}no connection is free")
        } else {
            format!("{name}does not answer us since {}", clock(model, status.since))
        }))
    })
}

/// A database, a cache: what its lamp says.
fn service(model: &Model, realm: Realm, well: &str) -> Answer {
    if let Some(refuses) = refuses(model, realm) {
        return refuses;
    }
    if let Some(why) = known::why(model, |feed| feeds(model, realm).any(|(own, _)| own == feed)) {
        return unknown(why);
    }
    let Some(tables) = tables::of(realm) else { return unknown(NOT_LOOKED_AT) };
    let (level, _) = overview::lamp(model, realm);
    let (name, says) = tables.worst(model);
    let first = says.split(';').next().unwrap_or_default();
    let worst = if realm == Realm::Database || first.is_empty() { name } else { first.to_owned() };
    match level {
        Level::Bad => bad(worst),
        Level::Unknown => unknown(worst),
        // It answers; what else is to be watched stands in its own pane.
        Level::Warn if !worst.is_empty() => fine(format!("{well}; {worst}")),
        _ => fine(well),
    }
}

fn connections(model: &Model) -> Answer {
    if let Some(full) = refuses(model, Realm::Database) {
        return if full.words.ends_with("is free") { full } else { unknown(full.words) };
    }
    if let Some(why) = blind(model, Kind::Server, &Scope::default()) {
        return unknown(why);
    }
    let fullest = database::servers(model).max_by_key(|(_, server)| server.percent());
    let Some((_, server)) = fullest else { return unknown("not known yet") };
    seen(server.gauge_level(), format!("{} of {} used", server.used, server.usable()))
}

fn replication(model: &Model) -> Answer {
    if let Some(why) = blind(model, Kind::Server, &Scope::default()) {
        return unknown(why);
    }
    let all = || database::servers(model).map(|(_, server)| server);
    let Some(worst) = all().min_by_key(|server| server.lag_level().min(server.replicas)) else {
        return unknown("not known yet");
    };
    let copies = all().any(|server| server.standby)
        || model.listing(Kind::Replica).is_some_and(|listing| listing.total() > 0);
    let level = worst.lag_level().min(worst.replicas);
    match (level, worst.lag) {
        (Level::Fine | Level::Done, _) if !copies => unknown("there is no copy"),
        (Level::Fine | Level::Done, None) => fine("the copies keep up"),
        (Level::Unknown, _) => unknown("how far it is behind is not known"),
        (level, Some(lag)) => seen(level, format!("{} s behind", lag.as_secs())),
        (level, None) => seen(level, "a copy or slot is in trouble"),
    }
}

/// The one that ends first, with what its pane says.
fn certificates(model: &Model, scope: &Scope) -> Answer {
    let probed = measured::trouble(model, Subject::Certificate);
    let own = worst_of(model, Kind::Certificate, scope, "none ends soon");
    let first = rows(model, Kind::Certificate, scope)
        .filter(|(_, level)| *level == own.level && *level < Level::Fine)
        .filter_map(|(object, _)| Some((objects::ends_in(model, object)?, object)))
        .min_by_key(|(days, _)| *days);
    let own = match first {
        Some((..0, object)) => Answer { words: format!("{} has expired", object.id.name), ..own },
        Some((days, object)) => {
            let left = text::counted(days.unsigned_abs(), "day");
            Answer { words: format!("{}: {left} left", object.id.name), ..own }
        }
        None => own,
    };
    match (own.words.as_str(), probed.words.as_str()) {
        (_, NOT_LOOKED_AT) => own,
        (NOT_LOOKED_AT | "there is none", _) => probed,
        _ if probed.level < own.level => probed,
        _ => own,
    }
}

fn ago(model: &Model, change: &Change) -> String {
    let age = Age(model.now.since(change.at));
    if age.0.as_secs() < 10 { "now".to_owned() } else { format!("{age} ago") }
}

/// Of changes, the newest first: releases that were taken back, and what took them back.
fn taken_back<'m>(newest: impl Iterator<Item = &'m Change>) -> Vec<&'m Change> {
    let rollouts: Vec<_> =
        newest.filter_map(|change| Some((change, images(&change.says)?))).take(LOOKED_BACK).collect();
    let mut found: Vec<&Change> = Vec::new();
    for (at, (change, (from, to))) in rollouts.iter().enumerate() {
        let undone = rollouts.iter().skip(at + 1).find(|(old, (before, after))| {
            old.target == change.target && (before, after) == (to, from) && !found.contains(old)
        });
        if let Some((old, _)) = undone.filter(|_| !found.contains(change)) {
            found.extend([*change, *old]);
        }
    }
    found
}

/// `7.4.0` and `7.3.1` of `image 7.4.0 → 7.3.1, revision 4`.
fn images(says: &str) -> Option<(&str, &str)> {
    let (from, to) = says.strip_prefix("image ")?.split_once(" → ")?;
    Some((from, to.split(',').next().unwrap_or(to)))
}

/// What was changed within the last hour; that nothing was is only said where all of it was watched.
fn changed(model: &Model, scope: &Scope, release: bool) -> Answer {
    const HOUR: Duration = Duration::from_hours(1);
    let lately = || changes::newest(model).take_while(|change| model.now.since(change.at) < HOUR);
    let here = |change: &&Change| {
        let id = &change.target;
        id.kind.realm() != Realm::Kubernetes || scope.holds(&id.context, &id.namespace)
    };
    let back = taken_back(lately().filter(here));
    let newest = |of: &[ChangeKind]| {
        let mut own = lately().filter(here).filter(|change| of.contains(&change.what));
        own.find(|change| !back.contains(change))
    };
    let found = if release {
        newest(&[ChangeKind::Rollout, ChangeKind::Container])
    } else {
        use ChangeKind::{Configuration, Container, Deed, Rollout, Scaling};
        // More replicas mostly follow from what was changed.
        newest(&[Rollout, Container, Configuration, Deed]).or_else(|| newest(&[Scaling]))
    };
    if let Some(change) = found {
        return bad(format!("{} {}, {}", overview::thing(&change.target), change.says, ago(model, change)));
    }
    if let Some(change) = back.first() {
        let to = images(&change.says).map_or("", |(_, to)| to);
        let thing = overview::thing(&change.target);
        return fine(format!("{thing} was taken back to {to}, {}", ago(model, change)));
    }
    if let Some(why) = super::CHANGES.iter().find_map(|kind| blind(model, *kind, scope)) {
        return unknown(why);
    }
    let watched =
        model.feeds.iter().filter(|(feed, _)| super::CHANGES.iter().any(|kind| things::fed_by(*kind, feed)));
    match watched.map(|(_, status)| status.since).max() {
        Some(since) if model.now.since(since) < HOUR => {
            unknown(format!("none since {}; before that nobody looked", clock(model, since)))
        }
        Some(_) => fine("none in the last hour"),
        None => unknown(NOT_LOOKED_AT),
    }
}
