//! What can be done to the rows of the database pane.
use super::nothing;
use crate::domain::action::{Native, Verb};
use crate::domain::database::{DatabaseFacts, PREPARED, Session, State};
use crate::domain::object::{Facts, Kind, Object};
use crate::domain::settings::Action;
use crate::model::Model;

pub fn native(model: &Model, action: Action, object: &Object) -> Result<Native, String> {
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
