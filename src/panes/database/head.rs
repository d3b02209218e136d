//! The lines above the table: how full each server is, whose the connections are, what is not seen.
use std::time::Duration;

use super::super::{Fact, role, tables};
use super::{offers, servers, sessions, whole};
use crate::domain::database::{Server, Session, Share, State};
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::object::Kind;
use crate::domain::settings::{Action, Backend, Role};
use crate::domain::text;
use crate::domain::time::Age;
use crate::model::Model;

/// Below so many rows the table needs the room.
const SMALL: u16 = 30;
const MOST: usize = 4;
/// Cells of the gauge.
const GAUGE: u32 = 20;
/// Whoever is idle for longer could do without his connection.
const IDLE: Duration = Duration::from_mins(10);
/// What befell a server is news for so long.
const NEWS: Duration = Duration::from_mins(10);

pub fn lines(model: &Model, kind: Kind) -> Vec<Vec<Fact>> {
    // The servers' own rows say the same, and more.
    let own = kind == Kind::Server;
    let several = servers(model).count() > 1;
    let mut all: Vec<(Level, Vec<Fact>)> = if own {
        Vec::new()
    } else {
        servers(model)
            .map(|(object, server)| {
                let name = several.then_some(&*object.id.name);
                (whole(server), gauge(model, name, server, long_idle(model, &object.id.context)))
            })
            .collect()
    };
    all.sort_by_key(|(level, _)| *level);
    let mut lines: Vec<Vec<Fact>> = all.into_iter().map(|(_, line)| line).collect();
    // The way in comes before what was last seen from the inside.
    for (at, (name, role)) in offers(model).enumerate() {
        lines.insert(at, offer(model, several.then_some(name), role));
    }
    if model.size.1 < SMALL {
        lines.truncate(1);
        return lines.into_iter().map(apart).collect();
    }
    lines.truncate(MOST - 2);
    if let (Kind::Session, [_]) = (kind, lines.as_slice()) {
        lines.extend(servers(model).next().map(|(_, server)| by_application(&server.by_application)));
    }
    lines.extend(unseen(model).take(MOST.saturating_sub(lines.len())));
    lines.into_iter().map(apart).collect()
}

/// `! goes in as rescue, the reserved role: no slot is free`.
fn offer(model: &Model, name: Option<&str>, role: &str) -> Vec<Fact> {
    let key = model.settings.keymap.keys(Action::Rescue).first().map(ToString::to_string);
    let mut line: Vec<Fact> = name.map(|name| Fact::new(name.to_owned(), Role::Title)).into_iter().collect();
    line.extend([
        Fact::new(key.unwrap_or_else(|| ":rescue".into()), Role::Key),
        Fact::new(format!("goes in as `{role}`, the reserved role"), Role::Warning),
        Fact::new("no slot is free for ours, which is tried again", Role::Dim),
    ]);
    line
}

/// With a gap before each part but the first.
fn apart(line: Vec<Fact>) -> Vec<Fact> {
    let parts = line.into_iter().enumerate();
    parts
        .map(|(at, fact)| if at == 0 { fact } else { Fact::new(format!("  {}", fact.text), fact.role) })
        .collect()
}

/// `87 of 97 used ██████████▍    +4/min, full in 2 min`.
fn gauge(model: &Model, name: Option<&str>, server: &Server, long_idle: usize) -> Vec<Fact> {
    let level = server.gauge_level();
    let mut line = Vec::new();
    line.extend(name.map(|name| Fact::new(name.to_owned(), Role::Title)));
    line.push(Fact::new(format!("{} of {} used", server.used, server.usable()), role(level)));
    let (full, empty) = if model.settings.ascii() { ("#", "-") } else { ("█", "░") };
    let cells = (server.percent() * GAUGE / 100).min(GAUGE);
    let bar = full.repeat(usize::try_from(cells).unwrap_or(0));
    let rest = empty.repeat(usize::try_from(GAUGE - cells).unwrap_or(0));
    line.push(Fact::new(format!("{bar}{rest}"), role(level)));
    line.extend(going(server).map(|words| Fact::new(words, role(level))));
    line.extend(lately(model, server).map(|words| Fact::new(words, Role::Warning)));
    if server.blocked > 0 {
        line.push(Fact::new(format!("{} blocked", server.blocked), Role::Warning));
    }
    if server.in_transaction > 0 {
        let age =
            server.oldest_idle.map_or_else(String::new, |at| format!(" ({})", Age(model.now.since(at))));
        line.push(Fact::new(format!("{} idle in tx{age}", server.in_transaction), Role::Dim));
    }
    if long_idle > 0 {
        line.push(Fact::new(format!("{long_idle} idle over 10 min"), Role::Dim));
    }
    line.push(Fact::new(format!("{} active", server.active), Role::Dim));
    if server.standby {
        let lag = match server.lag {
            Some(lag) => format!(", {} s behind", lag.as_secs()),
            None => ", lag unknown".into(),
        };
        line.push(Fact::new(format!("standby{lag}"), role(server.lag_level())));
    }
    line
}

/// Clients that hold a connection and have done nothing with it for long, of those that are in view.
fn long_idle(model: &Model, context: &crate::domain::Text) -> usize {
    let own = sessions(model).filter(|(row, session)| row.id.context == *context && session.is_client());
    let idle = own.filter(|(_, session)| session.state == State::Idle && !session.own);
    idle.filter(|(_, session)| session.since.is_some_and(|since| model.now.since(since) > IDLE)).count()
}

/// `+4/min, full in 2 min`; nothing while it stands still.
fn going(server: &Server) -> Option<String> {
    let growth = server.growth.filter(|growth| *growth != 0)?;
    let full = match server.full_in {
        Some(Duration::ZERO) => ", full".into(),
        Some(span) if span < Duration::from_hours(1) => format!(", full in {} min", span.as_secs() / 60),
        _ => String::new(),
    };
    Some(format!("{growth:+}/min{full}"))
}

fn lately(model: &Model, server: &Server) -> Option<String> {
    let (at, what) = server.event.as_ref()?;
    let age = model.now.since(*at);
    (age < NEWS).then(|| format!("{what} {} ago", Age(age.max(Duration::from_secs(10)))))
}

/// `web 61 (58 idle)  worker 17`.
fn by_application(shares: &[Share]) -> Vec<Fact> {
    let facts = shares.iter().take(6).map(|share| {
        let name = if share.name.is_empty() { "unnamed" } else { &*share.name };
        let mut doing = Vec::new();
        if share.idle > 0 {
            doing.push(format!("{} idle", share.idle));
        }
        if share.in_transaction > 0 {
            doing.push(format!("{} in tx", share.in_transaction));
        }
        let doing = if doing.is_empty() { String::new() } else { format!(" ({})", doing.join(", ")) };
        Fact::new(format!("{name} {}{doing}", share.all), Role::Text)
    });
    std::iter::once(Fact::new("by application", Role::Dim)).chain(facts).collect()
}

/// What this role does not see, and the statement that would show it.
fn unseen(model: &Model) -> impl Iterator<Item = Vec<Fact>> + '_ {
    let own = model.places.iter().filter(|(feed, _)| matches!(feed, Feed::Endpoint(Backend::Postgres, _)));
    // How to keep a slot for later is of use once there are few.
    let near = servers(model).any(|(_, server)| server.gauge_level() < Level::Fine);
    own.flat_map(move |(_, place)| {
        let rights =
            place.rights.iter().filter(|rights| rights.starts_with("sees ") && rights.contains(" of "));
        let rights = rights.chain(place.rights.iter().filter(|rights| rights.starts_with("in as ")));
        let first = rights.map(|rights| vec![Fact::new(rights.clone(), Role::Warning)]);
        let missing = place.missing.iter().filter(move |what| near || !what.starts_with("no slot is kept"));
        first.chain(missing.map(|what| vec![Fact::new(what.clone(), Role::Dim)]))
    })
}

/// What is worst, for whoever looks at everything: its name and what is wrong with it.
pub fn worst(model: &Model) -> (String, String) {
    let of = servers(model).min_by_key(|(_, server)| (whole(server), u32::MAX - server.percent()));
    let Some((object, server)) = of else { return (String::new(), String::new()) };
    let several = tables::endpoints(model, Kind::Session) > 1;
    let name = |what: String| if several { format!("{}: {what}", object.id.name) } else { what };
    let used = format!("{} of {} used", server.used, server.usable());
    let whose = || {
        let first = server.by_application.first().filter(|share| share.idle > 0);
        first.map_or_else(
            || format!("{} active, {} idle", server.active, server.idle),
            |share| {
                let name = if share.name.is_empty() { "no name" } else { &*share.name };
                format!("{} idle from {name}", share.idle)
            },
        )
    };
    // What is hidden is said last: it outranks no warning that is known.
    let known = if server.sessions == Level::Unknown { Level::Fine } else { server.sessions };
    if server.level() < Level::Fine && server.level() <= known {
        let growth = going(server).map(|words| words.replace("/min", " a minute")).unwrap_or_default();
        let mut says = vec![growth, whose()];
        if let Some((_, what)) = &server.tight {
            says.insert(0, what.to_string());
        }
        if server.replicas < Level::Fine {
            says.insert(0, "see its replicas and slots".into());
        }
        match server.lag_level() {
            Level::Unknown => says.insert(0, "how far the standby is behind is unknown".into()),
            Level::Bad | Level::Warn => says.insert(0, "standby is behind".into()),
            Level::Fine | Level::Done => {}
        }
        if server.unread {
            says.insert(0, "its databases are not read".into());
        } else if server.xid_level() < Level::Fine {
            let age = server.xid_age.and_then(|age| u64::try_from(age).ok()).unwrap_or(0);
            says.insert(0, format!("vacuum is late: xid age {}", text::grouped(age)));
        }
        says.retain(|words| !words.is_empty());
        return (name(used), says.join("; "));
    }
    let own =
        sessions(model).filter(|(row, session)| row.id.context == object.id.context && session.is_client());
    let trouble = own.filter(|(_, session)| matches!(session.level, Level::Bad | Level::Warn));
    let first = trouble.min_by_key(|(_, session)| {
        (session.level, session.waits(), u32::MAX - session.blocks(), session.since)
    });
    match first {
        Some((_, session)) => {
            let full = if server.gauge_level() < Level::Fine { format!("; {used}") } else { String::new() };
            (name(session_name(session)), doing(model, session) + &full)
        }
        None if server.hidden > 0 => {
            (name(used), format!("sessions hidden from this role: {}", server.hidden))
        }
        None => (name(used), lately(model, server).unwrap_or_else(whose)),
    }
}

fn session_name(session: &Session) -> String {
    match session.blocks() {
        0 => format!("session {}", session.pid),
        n => format!("{} blocks {n}", session.pid),
    }
}

fn doing(model: &Model, session: &Session) -> String {
    let age = session.since.map_or_else(String::new, |at| format!(" {}", Age(model.now.since(at)).lasting()));
    let who = if session.application.is_empty() { &session.user } else { &session.application };
    format!("{}{age}, {who} on {}", session.status(), session.database)
}
