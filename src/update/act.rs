//! Asking before acting, and what became of what was done.
use super::groups;
use super::plan::{self, Draft};
use super::question::{self, Context, Did};
use crate::domain::action::{Findings, Native, Outcome};
use crate::domain::approval::QuestionId;
use crate::domain::approval::{Ground, Place, Plan};
use crate::domain::feed::Feed;
use crate::domain::news::ActionId;
use crate::domain::object::{ObjectRef, Realm};
use crate::domain::settings::{Action, Backend, Key};
use crate::domain::text::first_line;
use crate::domain::time::Timestamp;
use crate::model::board::PaneKind;
use crate::model::msg::Effect;
use crate::model::overlay::{Ask, Overlay};
use crate::model::{Deed, Dirty, Model};
use crate::panes::tables;

pub use super::plan::marked;

/// An action on the marked things, or on the one that is meant.
pub fn ask(model: &mut Model, action: Action, target: &ObjectRef) -> Vec<Effect> {
    if action == Action::EndShell {
        return end_shell(model, target);
    }
    // What was opened is what is read: marks that stand in the table behind it are not meant.
    let marked = if model.board.focus == PaneKind::Detail { Vec::new() } else { marked(model) };
    let targets = if marked.is_empty() { vec![target.clone()] } else { marked };
    let (targets, left_out) = super::realms::fitting(model, action, targets);
    if let Some(left_out) = left_out {
        model.say(left_out, false);
    }
    let targets = match super::realms::meant(model, action, targets) {
        Ok(targets) => targets,
        Err(why) => {
            model.say(why, true);
            return Vec::new();
        }
    };
    let mut left = Vec::new();
    let effects = match plan::draft(model, action, &targets, &mut left) {
        Err(why) => {
            model.say(why, true);
            return Vec::new();
        }
        Ok(Draft::Ready(natives)) => question_about(model, natives),
        Ok(Draft::Value { title, prefilled, natives }) => {
            super::typing::ask(model, Ask::Value { title, action, natives }, &prefilled);
            Vec::new()
        }
    };
    if let Some(why) = left.first() {
        model.say(format!("{} of {} marked left out: {why}", left.len(), targets.len()), true);
    }
    effects
}

/// A value was typed for an action.
pub fn valued(model: &mut Model, action: Action, natives: Vec<Native>, text: &str) -> Vec<Effect> {
    if action == Action::GroupBy {
        return groups::by(model, text);
    }
    match plan::with_value(action, natives.clone(), text) {
        // The matchers stand; how long and why is asked for as of any silence.
        Ok(natives) if action == Action::Matchers => {
            let action = Action::Silence;
            if let Some((title, prefilled)) = super::realms::value(model, action, &natives) {
                super::typing::ask(model, Ask::Value { title, action, natives }, &prefilled);
            }
            Vec::new()
        }
        Ok(natives) => question_about(model, natives),
        Err(why) => {
            model.say(why, true);
            // What was typed so far is not lost: it is long, and nearly right.
            if let Some((title, _)) = super::realms::value(model, action, &natives) {
                super::typing::ask(model, Ask::Value { title, action, natives }, text);
            }
            Vec::new()
        }
    }
}

/// Lends a question what it stands on, beside the questions themselves.
macro_rules! lend {
    ($model:expr) => {
        Context {
            keymap: &$model.settings.keymap,
            protected: $model.settings.profile.protected,
            read_only: $model.settings.profile.read_only || $model.wall,
            journal: &$model.journal,
        }
    };
}

fn end_shell(model: &mut Model, target: &ObjectRef) -> Vec<Effect> {
    let Some((id, _)) = plan::shell_in(model, target) else {
        model.say(format!("no shell of ours runs in {target}"), false);
        return Vec::new();
    };
    vec![Effect::EndShell(id)]
}

/// From where, to which server, and as whom.
fn place(model: &Model, target: &ObjectRef) -> Place {
    let host = model.host.clone();
    if target.kind.realm() == Realm::Kubernetes {
        let cluster = model.clusters.get(&target.context);
        return Place {
            host,
            server: cluster.map(|cluster| cluster.server.clone()).unwrap_or_default(),
            origin: cluster.map(|cluster| cluster.namespace_origin.clone()).unwrap_or_default(),
            identity: cluster.and_then(|cluster| cluster.identity.clone()),
        };
    }
    let own = |feed: &Feed| match feed {
        Feed::Endpoint(_, name) => tables::fed_by(target.kind, feed) && *name == target.context,
        _ => false,
    };
    let facts = model.places.iter().find(|(feed, _)| own(feed)).map(|(_, facts)| facts);
    // What several servers tell of is asked of any of them.
    let any = |feed: &Feed| {
        tables::fed_by(target.kind, feed) && matches!(feed, Feed::Endpoint(Backend::Alertmanager, _))
    };
    let all = model.places.iter().filter(|(feed, _)| any(feed)).map(|(_, facts)| facts.server.as_str());
    let server = facts.map_or_else(|| all.collect::<Vec<_>>().join(" or "), |facts| facts.server.clone());
    Place { host, server, origin: String::new(), identity: facts.and_then(|facts| facts.identity.clone()) }
}

/// Asks about these.
pub(super) fn question_about(model: &mut Model, natives: Vec<Native>) -> Vec<Effect> {
    let Some(first) = natives.first() else { return Vec::new() };
    // Read-only may have come after the shell; then the question says no.
    let may = !model.settings.profile.read_only && !model.wall;
    if let Some(id) = plan::running(model, &natives).filter(|_| may) {
        return vec![Effect::Enter(id)];
    }
    let place = place(model, &first.target);
    question_of(model, Plan::Native(natives), place)
}

/// What a question would stand on now.
pub(super) fn ground(model: &Model) -> Ground {
    lend!(model).ground()
}

/// Asks.
pub(super) fn question_of(model: &mut Model, plan: Plan, place: Place) -> Vec<Effect> {
    let (context, asked_by) = (lend!(model), model.asked_by);
    match question::open(&mut model.questions, plan, place, asked_by, model.now, &context) {
        Ok(effects) => {
            model.overlays.push(Overlay::Question);
            effects
        }
        Err(why) => {
            model.say(why, true);
            Vec::new()
        }
    }
}

/// The keys of one read while a question is open.
pub fn keys(model: &mut Model, keys: &[Key], at: Timestamp) -> Vec<Effect> {
    let context = lend!(model);
    let did = question::keys(&mut model.questions, keys, at, &context);
    came_to(model, did)
}

pub fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    let did = question::paste(&mut model.questions, text);
    came_to(model, did)
}

fn came_to(model: &mut Model, did: Did) -> Vec<Effect> {
    match did {
        Did::Nothing => Vec::new(),
        Did::Changed => {
            model.mark_dirty(Dirty::Now);
            Vec::new()
        }
        Did::Copy(text) => vec![Effect::Copy(text)],
        Did::Closed(question) => {
            close(model);
            super::run::closed(model, &question);
            vec![Effect::Declined(question)]
        }
        Did::Run(id, approved) => {
            close(model);
            if approved.command().is_some() {
                return super::run::approved(model, approved);
            }
            super::run::held::begun(model, approved.question(), id);
            let plan = approved.actions().iter().map(|looked| looked.native.clone()).collect();
            let in_turn = Plan::Native(plan).in_turn();
            for (n, looked) in approved.actions().iter().enumerate() {
                let native = looked.native.clone();
                let outcome = if in_turn && n > 0 { Outcome::in_line() } else { Outcome::Started };
                model.deeds.push(Deed { id, native, began: model.now, changed: model.now, outcome });
            }
            super::table::unmark(model);
            vec![Effect::Perform(id, approved)]
        }
    }
}

fn close(model: &mut Model) {
    model.overlays.retain(|overlay| *overlay != Overlay::Question);
    model.mark_dirty(Dirty::Now);
}

pub fn shown(model: &mut Model, id: QuestionId, revision: u32, at: Timestamp) {
    question::shown(&mut model.questions, id, revision, at);
}

pub fn looked(model: &mut Model, id: QuestionId, findings: Findings) {
    if question::looked(&mut model.questions, id, findings) {
        model.mark_dirty(Dirty::Now);
    }
}

/// Time passes for an open question.
pub fn tick(model: &mut Model) {
    let context = lend!(model);
    if question::tick(&mut model.questions, model.now, &context) {
        model.mark_dirty(Dirty::Now);
    }
}

pub fn resized(model: &mut Model) {
    question::resized(&mut model.questions);
}

/// How an action goes on. What is final is said once, in the line above the keys.
pub fn acted(model: &mut Model, id: ActionId, target: &ObjectRef, outcome: Outcome) -> Vec<Effect> {
    let now = model.now;
    let answer = match &outcome {
        Outcome::Settled { says } => Some(says.clone()),
        _ => None,
    };
    let Some(deed) = model.deeds.iter_mut().find(|deed| deed.id == id && deed.native.target == *target)
    else {
        return Vec::new();
    };
    let what = format!("{} {}", deed.native.verb.name(), deed.native.target);
    let said = match &outcome {
        // Of a table the first line; all of it stands in the list of what was done.
        Outcome::Settled { says } => Some((format!("{what}: {}", first_line(says)), false)),
        Outcome::Refused { why } => Some((format!("{what} was refused: {why}"), true)),
        Outcome::Uncertain { why } => Some((format!("{what} may have happened: {why}"), true)),
        Outcome::Failed { why } => Some((format!("{what} failed: {why}"), true)),
        Outcome::Started | Outcome::Accepted { .. } | Outcome::Progress { .. } => None,
    };
    (deed.outcome, deed.changed) = (outcome, now);
    let deed = deed.clone();
    super::changes::deeds::tell(model, &deed);
    if let Some((text, bad)) = said {
        model.say(text, bad);
    }
    model.mark_dirty(Dirty::Soon);
    answer.map_or_else(Vec::new, |says| super::run::held::answered(model, id, &target.to_string(), &says))
}
