//! Whether it helped where no cluster is: a container that runs again, a database that takes sessions again.
use super::{Look, Where, unheard};
use crate::domain::container::{ContainerState, Health};
use crate::domain::database::DatabaseFacts;
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind, Object};
use crate::model::Model;
use crate::model::listing::Listing;
use crate::runbook::execution::Accepted;

fn all(model: &Model, kind: Kind) -> impl Iterator<Item = &Object> {
    model.listing(kind).into_iter().flat_map(Listing::all)
}

/// A container by its name or that of its service; without a name, all that Compose has made.
pub(super) fn container(model: &Model, name: &str, accepted: &Accepted<'_>) -> Look {
    if all(model, Kind::Container).next().is_none() {
        return Look::Nobody;
    }
    if let Some(unheard) = unheard(model, Kind::Container, &Where::default(), accepted) {
        return unheard;
    }
    let (mut well, mut healthy) = (0, true);
    for object in all(model, Kind::Container) {
        let Facts::Container(one) = &object.facts else { continue };
        let meant = if name.is_empty() {
            !one.project.is_empty()
        } else {
            *object.id.name == *name || *one.service == *name
        };
        if !meant {
            continue;
        }
        let going = |words: &str| Look::Going(format!("{}: {words}", object.id.name));
        match (one.state, one.health) {
            (ContainerState::Running, _) if one.shaky => return going("the engine started it again"),
            (ContainerState::Running, Some(Health::Starting)) => return going("its health is not known yet"),
            (ContainerState::Running, Some(Health::Unhealthy)) => return going("unhealthy"),
            (ContainerState::Running, health) => {
                well += 1;
                healthy &= health.is_some();
            }
            _ => return going("it does not run"),
        }
    }
    let words = if healthy { "healthy" } else { "running" };
    match well {
        0 => Look::Going("it is not there".into()),
        1 => Look::So(words.into()),
        n => Look::So(format!("{n} containers {words}")),
    }
}

/// A database that has room again; where there are several, which was meant is not known.
pub(super) fn slots(model: &Model, accepted: &Accepted<'_>) -> Look {
    let mut known = all(model, Kind::Server);
    let (Some(object), None) = (known.next(), known.next()) else { return Look::Nobody };
    if let Some(unheard) = unheard(model, Kind::Server, &Where::default(), accepted) {
        return unheard;
    }
    let Facts::Database(DatabaseFacts::Server(server)) = &object.facts else { return Look::Nobody };
    let words = format!("{} of {} connections used", server.used, server.max.saturating_sub(server.reserved));
    if server.gauge_level() != Level::Fine {
        return Look::Going(words);
    }
    let named = named(&accepted.started.text);
    if named.is_empty() {
        return Look::So(words);
    }
    // Whoever ends one session by its number frees those that wait for it, and no slots.
    match freed(model, &named) {
        Ok(()) => Look::So(format!("no session waits for a lock, {words}")),
        Err(why) => Look::Going(why),
    }
}

/// The numbers of sessions that a text ends one by one.
fn named(text: &str) -> Vec<i32> {
    let text = text.to_lowercase();
    let calls = text.split("pg_terminate_backend").skip(1);
    let number = |rest: &str| {
        let rest = rest.trim_start().strip_prefix('(')?.trim_start();
        rest.split(|sign: char| !sign.is_ascii_digit()).next()?.parse().ok()
    };
    calls.filter_map(number).collect()
}

/// Whether these are gone, and nobody waits any more.
fn freed(model: &Model, named: &[i32]) -> Result<(), String> {
    let sessions = all(model, Kind::Session).filter_map(|object| match &object.facts {
        Facts::Database(DatabaseFacts::Session(session)) => Some(session),
        _ => None,
    });
    let mut waiting = 0_usize;
    for session in sessions {
        if named.contains(&session.pid) {
            return Err(format!("session {} is still there", session.pid));
        }
        waiting += usize::from(session.waits());
    }
    match waiting {
        0 => Ok(()),
        1 => Err("1 session still waits for a lock".to_owned()),
        n => Err(format!("{n} sessions still wait for a lock")),
    }
}
