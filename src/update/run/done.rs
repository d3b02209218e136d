//! What steps have changed from here: for the list of what was done, and for the time line of changes.
use crate::domain::level::Level;
use crate::domain::object::{Kind, ObjectRef};
use crate::domain::text::clean_to;
use crate::incident::What;
use crate::incident::event::{Event, StepStarted, Tier};
use crate::incident::state::run::{level, verdict};
use crate::incident::words;
use crate::model::Model;
use crate::model::run::Done;
use crate::runbook::judge::{Watch, watched};
use crate::update::changes;

/// A line is no place for a script.
const LONGEST: usize = 160;

/// What the journal has taken of a command that this cockpit gave to its shell.
pub(super) fn told(model: &mut Model, event: &Event) {
    let all = &mut model.runs.done;
    let at = match &event.what {
        What::StepStarted(started) if started.tier > Tier::Read => {
            let target = target(model, started);
            let done = Done {
                at: event.at,
                order: started.order.clone(),
                spot: started.at.clone(),
                n: words::plain(&started.n),
                text: words::command(&started.text),
                target,
                verdict: None,
                says: String::new(),
            };
            model.runs.done.push(done);
            model.runs.done.len() - 1
        }
        What::StepEnded(ended) => {
            let Some(at) = all.iter().rposition(|done| done.order == ended.order) else { return };
            (all[at].verdict, all[at].says) = (Some(ended.verdict), words::plain(&ended.says));
            at
        }
        // It is the last start that has settled.
        What::StepSettled(settled) => {
            let Some(at) = all.iter().rposition(|done| done.spot == settled.at) else { return };
            (all[at].verdict, all[at].says) = (Some(settled.verdict), words::plain(&settled.says));
            at
        }
        _ => return,
    };
    let done = model.runs.done[at].clone();
    let level = done.verdict.map_or(Level::Fine, |verdict| level(verdict, Level::Fine));
    let state = done.verdict.map_or("running", verdict);
    let says = format!("{}: {state}", clean_to(&done.text, LONGEST));
    let name = format!("{} {} {}", changes::deeds::STEP, done.order.session, done.order.statement);
    changes::deeds::put_of(model, name, &done.target, done.at, says, level);
}

/// What the command is about, as far as a pane shows it; else the runbook that it stands in.
fn target(model: &Model, started: &StepStarted) -> ObjectRef {
    let place = |kind: Kind, namespace: &str, name: &str| ObjectRef {
        context: started.context.as_str().into(),
        kind,
        namespace: namespace.into(),
        name: name.into(),
    };
    let known = model.runs.all.get(&started.at.run);
    let step = known.and_then(|known| known.run.step(started.at.step));
    let line = step.zip(started.at.command).and_then(|(step, at)| step.commands.get(at as usize));
    let found = line.and_then(|line| match watched(line, &started.text)? {
        Watch::RolledOut { object, namespace } | Watch::PodsGone { object, namespace } => {
            let (kind, name) = object.split_once('/').filter(|(_, name)| !name.is_empty())?;
            if kind == "container" {
                return row(model, Kind::Container, Some(name));
            }
            let kind = Kind::parse(kind.split('.').next().unwrap_or_default())?;
            let namespace = namespace.unwrap_or_else(|| started.namespace.clone());
            Some(place(kind, if kind.namespaced() { namespace.as_str() } else { "" }, name))
        }
        Watch::SlotsFree => row(model, Kind::Server, None),
        Watch::ValueAsSet { name, .. } => match name.strip_prefix("node/") {
            Some(node) => Some(place(Kind::Node, "", node.split(' ').next().unwrap_or(node))),
            None => row(model, Kind::RedisNode, None),
        },
        Watch::Nothing => None,
    });
    let title = || known.map_or("a runbook", |known| known.book.runbook.title.as_str());
    found.unwrap_or_else(|| place(Kind::Change, started.namespace.as_str(), title()))
}

/// The row of this name; without one, the only row that there is.
fn row(model: &Model, kind: Kind, name: Option<&str>) -> Option<ObjectRef> {
    let mut rows = model.listing(kind)?.all().filter(|row| name.is_none_or(|name| *row.id.name == *name));
    let (one, None) = (rows.next()?, rows.next()) else { return None };
    Some(one.id.clone())
}
