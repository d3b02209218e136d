//! What the panes show of the sort that a value is of: the row that is selected, or the one that stands out.
//!
//! It is offered with where it is from, and never run unasked: whoever reads it decides.
use crate::commands::Lang;
use crate::domain::database::{DatabaseFacts, Session};
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind, Object, ObjectRef};
use crate::model::Model;
use crate::model::listing::{Listing, Record};
use crate::runbook::Command;
use crate::runbook::binding::{Sort, Wanted, wanted};

/// A value with the words that say where it is from.
pub(super) struct Beside {
    pub text: String,
    pub from: String,
    /// The row that was opened, marked or is selected; else the one that stands out.
    pub selected: bool,
}

/// What stands out of the rows of one kind, or is selected there.
pub(super) fn of(model: &Model, one: &Wanted) -> Option<Beside> {
    let checklist = model.checklist.as_ref()?;
    let command = crate::panes::checklist::command(&checklist.book.runbook, checklist.here)?;
    match one.sort {
        Sort::Process if asks_database(command) => {
            let (session, from, selected) = session(model)?;
            Some(Beside { text: session.pid.to_string(), from, selected })
        }
        Sort::SessionStart if asks_database(command) => start(model),
        Sort::Container | Sort::Service if asks_engine(command) => {
            let (object, from, selected) = object(model, Kind::Container, |_| true)?;
            let Facts::Container(container) = &object.facts else { return None };
            let text = if one.sort == Sort::Service { &container.service } else { &object.id.name };
            (!text.is_empty()).then(|| Beside { text: text.to_string(), from, selected })
        }
        Sort::Pod => {
            let place = super::values::namespace(model);
            let own = super::values::words_of(one);
            let meant = |id: &ObjectRef| {
                place.as_ref().is_none_or(|place| **place == *id.namespace)
                    && (own.is_empty() || own.iter().any(|word| id.name.contains(word.as_str())))
            };
            let (pod, from, selected) = row(model, &model.pods, Kind::Pod, meant)?;
            Some(Beside { text: pod.id.name.to_string(), from, selected })
        }
        Sort::Deployment | Sort::Node => {
            let kind = if one.sort == Sort::Node { Kind::Node } else { Kind::Deployment };
            let place = super::values::namespace(model);
            let meant = |id: &ObjectRef| {
                id.namespace.is_empty() || place.as_ref().is_none_or(|place| **place == *id.namespace)
            };
            let (object, from, selected) = object(model, kind, meant)?;
            Some(Beside { text: object.id.name.to_string(), from, selected })
        }
        _ => None,
    }
}

/// A number of a process is one of a session only where a database server is asked.
fn asks_database(command: &Command) -> bool {
    let one = &command.statement;
    one.lang == Lang::Sql || one.text.contains("psql") || one.text.contains("pg_")
}

/// Of a pod's own containers no pane has rows.
fn asks_engine(command: &Command) -> bool {
    ["docker", "podman", "nerdctl"].iter().any(|tool| command.statement.text.contains(tool))
}

fn object(model: &Model, kind: Kind, meant: impl Fn(&ObjectRef) -> bool) -> Option<(&Object, String, bool)> {
    row(model, model.listing(kind)?, kind, meant)
}

/// The row that the runbook was opened for, the only one that is marked, the selected one of the table that is shown,
/// or the only one in trouble. That the first row of a table is selected tells nothing while it is well.
fn row<'m, R: Record>(
    model: &'m Model,
    rows: &'m Listing<R>,
    kind: Kind,
    meant: impl Fn(&ObjectRef) -> bool,
) -> Option<(&'m R, String, bool)> {
    let of = model.checklist.as_ref().and_then(|open| open.of.as_ref()).filter(|of| of.kind == kind);
    let marked = rows.marked().first().filter(|_| rows.marked().len() == 1);
    let there = |id: &ObjectRef| rows.get(id).filter(|_| meant(id));
    if let Some(row) = of.and_then(there) {
        return Some((row, format!("this was opened for it, of {}", kind.plural()), true));
    }
    if let Some(row) = marked.and_then(there) {
        return Some((row, format!("marked in {}", kind.plural()), true));
    }
    let shown = (model.board.kind == kind).then(|| rows.selected()).flatten();
    // Of sessions the root of those that wait says more than the first row.
    let bad = |id: &ObjectRef| rows.rank(id).is_some_and(|rank| rank.level < Level::Fine);
    let went = |id: &&ObjectRef| rows.row().is_some_and(|row| row > 0) || kind != Kind::Session && bad(id);
    if let Some(row) = shown.filter(went).and_then(there) {
        return Some((row, format!("selected in {}", kind.plural()), true));
    }
    let bad = rows.ranked().filter(|(row, rank)| rank.level == Level::Bad && meant(row.id()));
    let mut bad = bad.map(|(row, _)| row);
    let (one, None) = (bad.next()?, bad.next()) else { return None };
    Some((one, format!("the only one in trouble of {}", kind.plural()), false))
}

/// The session that is meant: one that was chosen, or the root of those that wait, for which most wait.
fn session(model: &Model) -> Option<(&Session, String, bool)> {
    let rows = model.listing(Kind::Session)?;
    let blocks = |session: &Session| match &session.blocked {
        Some(blocked) if blocked.place.root == session.pid && session.pid > 0 => blocked.place.blocks,
        _ => 0,
    };
    let selected = object(model, Kind::Session, |_| true).filter(|(.., selected)| *selected);
    if let Some((object, from, _)) = selected {
        let one = as_session(object)?;
        let waits = match blocks(one) {
            0 => String::new(),
            waits => format!(", {waits} wait for it"),
        };
        return Some((one, from + &waits, true));
    }
    let roots = rows.all().filter_map(as_session).filter(|one| blocks(one) > 0);
    let most = roots.max_by_key(|one| (blocks(one), std::cmp::Reverse(one.pid)))?;
    Some((most, format!("{} wait for it, in sessions", blocks(most)), false))
}

/// When the session began whose number was given in this run; else that of the one that is meant.
fn start(model: &Model) -> Option<Beside> {
    let values = super::values::of(model);
    let runbook = &model.checklist.as_ref()?.book.runbook;
    let numbers = wanted(runbook).into_iter().filter(|one| one.sort == Sort::Process);
    let given: Vec<i32> = numbers.filter_map(|one| values.get(&one.name)?.text.trim().parse().ok()).collect();
    if given.is_empty() {
        let (session, from, selected) = session(model)?;
        return Some(Beside { text: session.began.to_string(), from, selected });
    }
    let mut known = model.listing(Kind::Session)?.all().filter_map(as_session);
    let session = known.find(|one| given.contains(&one.pid))?;
    let from = format!("of session {}", session.pid);
    Some(Beside { text: session.began.to_string(), from, selected: false })
}

fn as_session(object: &Object) -> Option<&Session> {
    match &object.facts {
        Facts::Database(DatabaseFacts::Session(session)) => Some(session),
        _ => None,
    }
}
