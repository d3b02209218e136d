//! What can be done to the rows of the database pane.
use super::super::table;
use super::nothing;
use crate::domain::action::{Native, Verb};
use crate::domain::database::{By, DatabaseFacts, PREPARED, Session, State};
use crate::domain::object::{Facts, Kind, Object, ObjectRef};
use crate::domain::settings::Action;
use crate::model::Model;
use crate::model::board::PaneKind;
use crate::model::listing::Listing;
use crate::model::msg::Effect;
use crate::panes::{self, tables};

/// From a group to its sessions: a filter, so that `Esc` shows the others again.
pub fn within(model: &mut Model, target: &ObjectRef) -> Vec<Effect> {
    let object = model.listing(target.kind).and_then(|listing| listing.get(target));
    let Some(Facts::Database(DatabaseFacts::Group(group))) = object.map(|object| &object.facts) else {
        return Vec::new();
    };
    let pair = group.by.pair(&group.value);
    let several = tables::endpoints(model, Kind::Session) > 1;
    let server = if several { format!(" ={}", target.context) } else { String::new() };
    let effects = table::show(model, Kind::Session);
    // The space is for a word more, after `/`.
    table::filter(model, &format!("={pair}{server} "));
    effects
}

/// The groups of one kind after another.
pub fn group_by(model: &mut Model) -> Vec<Effect> {
    let filter = |by: &By| format!("=by={} ", by.word());
    let here = model.board.kind == Kind::SessionGroup && model.board.focus == PaneKind::Things;
    let now = By::ALL.iter().position(|by| here && filter(by) == model.board.filter.text());
    let next = now.map_or(0, |at| (at + 1) % By::ALL.len());
    let effects = table::show(model, Kind::SessionGroup);
    if let Some(by) = By::ALL.get(next) {
        table::filter(model, &filter(by));
        table::go(model, 0);
    }
    effects
}

/// Asks for the reserved role's way into every server that is full.
pub fn rescue(model: &mut Model) -> Vec<Effect> {
    let offers: Vec<_> =
        panes::database::offers(model).map(|(name, role)| (name.clone(), role.to_owned())).collect();
    if offers.is_empty() {
        model.say(no_rescue(model), true);
        return Vec::new();
    }
    let who: Vec<String> = offers.iter().map(|(name, role)| format!("{name} as `{role}`")).collect();
    model.say(format!("asking for a reserved slot of {}", who.join(", ")), false);
    offers.into_iter().map(|(name, _)| Effect::Rescue(name)).collect()
}

/// Why nothing is asked for: which server is full, and what is in the way.
fn no_rescue(model: &Model) -> String {
    let servers = model.listing(Kind::Server).into_iter().flat_map(Listing::all);
    let full = |object: &&Object| match &object.facts {
        Facts::Database(DatabaseFacts::Server(server)) => server.used >= server.usable(),
        _ => false,
    };
    let shut = panes::database::shut(model)
        .next()
        .map(|name| format!("{name} is full, and the profile names no `emergency_url` for it"));
    let inside = servers.filter(full).map(|object| {
        format!(
            "{} is full, but firedeck is still connected to it: no reserved slot is needed",
            object.id.name
        )
    });
    shut.into_iter()
        .chain(inside)
        .next()
        .unwrap_or_else(|| "no server is full: no reserved slot is needed".into())
}

pub fn native(model: &Model, action: Action, object: &Object) -> Result<Native, String> {
    if object.id.kind == Kind::Operation {
        let id = object.id.sibling(Kind::Session, object.id.name.clone());
        let row = model.listing(Kind::Session).and_then(|listing| listing.get(&id));
        let row = row.ok_or_else(|| format!("its session {} is not seen", object.id.name))?;
        return native(model, action, row);
    }
    let Some(session) = session(object) else { return Err(nothing(action, object)) };
    match action {
        Action::CancelQuery => match session.state {
            State::Active | State::Fastpath | State::Unknown => end(object, session, Verb::Cancel),
            state => Err(format!("session {} runs no query: it is {}", session.pid, state.word())),
        },
        Action::Terminate => end(object, session, Verb::Terminate { frees: session.blocks() }),
        Action::KillRoot => {
            let root = session
                .root()
                .ok_or_else(|| format!("nobody waits for session {}, nor it for anybody", session.pid))?;
            let root = root_row(model, object, root)?;
            let session = self::session(root).ok_or_else(|| nothing(action, object))?;
            end(root, session, Verb::Terminate { frees: session.blocks() })
        }
        _ => Err(nothing(action, object)),
    }
}

fn session(object: &Object) -> Option<&Session> {
    match &object.facts {
        Facts::Database(DatabaseFacts::Session(session)) => Some(session),
        _ => None,
    }
}

/// The row of the session that all in the tree wait for.
fn root_row<'m>(model: &'m Model, object: &Object, root: i32) -> Result<&'m Object, String> {
    if root == PREPARED {
        return Err(
            "a prepared transaction holds them up: COMMIT PREPARED or ROLLBACK PREPARED ends it".into()
        );
    }
    let id = object.id.sibling(Kind::Session, root.to_string().into());
    let row = model.listing(Kind::Session).and_then(|listing| listing.get(&id));
    row.ok_or_else(|| format!("session {root}, which they wait for, is not seen"))
}

fn end(object: &Object, session: &Session, verb: Verb) -> Result<Native, String> {
    if session.own {
        return Err("that is firedeck's own session".into());
    }
    if session.pid == PREPARED {
        return Err(
            "a prepared transaction is no session: COMMIT PREPARED or ROLLBACK PREPARED ends it".into()
        );
    }
    Ok(Native { target: object.id.clone(), uid: object.uid.clone(), verb })
}
