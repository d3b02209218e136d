//! The first two lines: where we are and as whom; a lamp for each pane.
use unicode_width::UnicodeWidthStr;

use super::log_pane::LogPane;
use super::{Fact, Pane, keys, overview, tables};
use crate::domain::level::Level;
use crate::domain::news::ClusterFacts;
use crate::domain::object::Realm;
use crate::domain::settings::Role;
use crate::model::board::PaneKind;
use crate::model::{Journal, Model};

/// Context, namespaces with their origin, identity and rights; warnings about ourselves.
pub fn place(model: &Model) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(exercise) = &model.exercise {
        let began = tables::ago(model, Some(exercise.began));
        facts.push(Fact::new(format!(" {} {began} ", exercise.word), Role::Hit));
        let through = || {
            let mut runs = model.runs.all.values();
            runs.any(|known| known.run.closed().is_some() || known.run.progress().is_finished())
        };
        if exercise.is_over() || exercise.quiet && through() {
            facts.push(Fact::new(format!(" over: {} tells how it went", keys::leave(model)), Role::Good));
        } else if model.size.0 >= WIDE {
            // On a small screen where one is says more.
            facts.push(Fact::new(format!(" {}", exercise.title), Role::Title));
        }
        facts.push(Fact::new("  ", Role::Dim));
    }
    if model.clusters.is_empty() && tables::in_view(model, Realm::Kubernetes) {
        facts.push(Fact::new("no cluster", Role::Unknown));
    } else if model.clusters.is_empty() {
        let profile = &model.settings.profile;
        let title = if profile.title.is_empty() { &profile.name } else { &profile.title };
        let title = if title.is_empty() { "no cluster, no profile" } else { title };
        facts.push(Fact::new(title, Role::Title));
    }
    // Somebody else in each cluster, or with other rights there, is said of each.
    let who = |cluster: &ClusterFacts| (cluster.identity.clone(), cluster.rights.clone());
    let mut all = model.clusters.values().map(who);
    let first = all.next();
    let each = all.any(|other| Some(other) != first);
    for (at, cluster) in model.clusters.values().enumerate() {
        if at > 0 {
            facts.push(Fact::new(" + ", Role::Dim));
        }
        facts.push(Fact::new(cluster.context.to_string(), Role::Title));
        let namespaces = match cluster.namespaces.as_slice() {
            [] => "all namespaces".to_owned(),
            some => some.iter().map(|name| &**name).collect::<Vec<_>>().join(", "),
        };
        facts.push(Fact::new(if model.settings.ascii() { " > " } else { " ▸ " }, Role::Dim));
        facts.push(Fact::new(namespaces, Role::Title));
        if !cluster.namespace_origin.is_empty() {
            facts.push(Fact::new(format!(" ({})", cluster.namespace_origin), Role::Dim));
        }
        if each {
            facts.extend(identity(cluster));
        }
    }
    if !each && let Some(cluster) = model.clusters.values().next() {
        facts.extend(identity(cluster));
    }
    facts
}

/// Columns from which on there is room for what is played.
const WIDE: u16 = 110;

/// `as ops: edit`: who we are there, and what we may.
fn identity(cluster: &ClusterFacts) -> Option<Fact> {
    let identity = cluster.identity.as_ref()?;
    let rights = cluster.rights.as_ref().map_or_else(String::new, |rights| format!(": {rights}"));
    Some(Fact::new(format!("  as {identity}{rights}"), Role::Dim))
}

/// The open incident and what must not be overlooked, at the right of the first line.
pub fn warnings(model: &Model) -> Vec<Fact> {
    let mut facts = super::incident::clock::facts(model, model.now);
    facts.extend(switched(model));
    if model.settings.profile.protected {
        facts.push(Fact::new("protected", Role::Warning));
    }
    if model.settings.profile.read_only || model.wall {
        facts.push(Fact::new("read-only", Role::Good));
    }
    match &model.journal {
        Journal::Opening | Journal::Good(_) => {}
        Journal::Moved { .. } => facts.push(Fact::new("journal moved", Role::Warning)),
        Journal::Failed { .. } => facts.push(Fact::new("no journal: no changes", Role::Bad)),
    }
    if model.refused.is_some() {
        facts.push(Fact::new("config refused", Role::Warning));
    }
    facts
}

/// Where kubectl goes in the open runbook, once its own commands have switched that.
fn switched(model: &Model) -> Option<Fact> {
    let run = model.checklist.as_ref()?.run.as_deref()?;
    let of_run = |session: &str| session.strip_prefix(run).is_some_and(|rest| rest.starts_with('-'));
    let (_, (context, _)) = model.runs.moved.iter().rfind(|(session, _)| of_run(session))?;
    let context = crate::domain::text::clean_to(context, 60);
    Some(Fact::new(format!("kubectl of the runbook: {context}"), Role::Warning))
}

/// A lamp and a few words for each pane, but not for what is only opened from one.
pub fn lamps(model: &Model) -> Vec<(Level, String, bool)> {
    let things = model.board.focus == PaneKind::Things;
    let mut lamps: Vec<(Level, String, bool)> = overview::realms(model)
        .map(|realm| {
            let (level, words) = overview::lamp(model, realm);
            (level, words, things && model.board.kind.realm() == realm)
        })
        .collect();
    if tables::in_view(model, Realm::Kubernetes) || model.logs.following.is_some() {
        let (level, words) = LogPane.lamp(model);
        lamps.push((level, words, model.board.focus == PaneKind::Logs));
    }
    lamps
}

/// The same in so many cells, with the gap between two: what is well gives up its number and then its name, the
/// longest first, before anything is cut.
pub fn lamps_within(mut lamps: Vec<(Level, String, bool)>, room: u16) -> (Vec<(Level, String, bool)>, u16) {
    // A number is given room for three digits, so that no name comes and goes with each value.
    let steady = |words: &str| {
        let digits = words.chars().filter(char::is_ascii_digit).count();
        words.width() + if digits > 0 { 3_usize.saturating_sub(digits) } else { 0 }
    };
    let wide = |lamps: &[(Level, String, bool)], gap: usize| {
        let each = lamps.iter().map(|(_, words, _)| steady(words) + 2 + gap).sum::<usize>();
        each.saturating_sub(gap) > usize::from(room)
    };
    if !wide(&lamps, 3) {
        return (lamps, 3);
    }
    let name = |words: &str| words.split(' ').next().unwrap_or_default().to_owned();
    for (worst, short) in [
        (Level::Fine, &name as &dyn Fn(&str) -> String),
        (Level::Fine, &|_: &str| String::new()),
        (Level::Bad, &name),
        (Level::Bad, &|_: &str| String::new()),
    ] {
        let mut longest: Vec<usize> = (0..lamps.len()).collect();
        longest.sort_by_key(|at| std::cmp::Reverse(lamps[*at].1.width()));
        for at in longest {
            if wide(&lamps, 2) && lamps[at].0 >= worst && !lamps[at].2 {
                lamps[at].1 = short(&lamps[at].1);
            }
        }
    }
    (lamps, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_lamp_is_cut_and_none_vanishes_where_there_are_many() {
        let lamp = |level, words: &str| (level, words.to_owned(), false);
        let all = || {
            vec![
                lamp(Level::Bad, "pods 3"),
                lamp(Level::Fine, "containers 4"),
                lamp(Level::Bad, "db 100%"),
                lamp(Level::Fine, "redis 34%"),
                lamp(Level::Done, "logs"),
            ]
        };
        let words = |(lamps, gap): (Vec<(Level, String, bool)>, u16)| {
            (lamps.into_iter().map(|(_, words, _)| words).collect::<Vec<_>>().join(","), gap)
        };
        assert_eq!(words(lamps_within(all(), 80)), ("pods 3,containers 4,db 100%,redis 34%,logs".into(), 3));
        assert_eq!(words(lamps_within(all(), 57)), ("pods 3,containers,db 100%,redis 34%,logs".into(), 2));
        assert_eq!(words(lamps_within(all(), 42)), ("pods 3,,db 100%,redis,logs".into(), 2));
    }
}
