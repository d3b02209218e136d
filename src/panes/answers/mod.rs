//! What the panes say to a condition of a runbook: whether pods are crash-looping, the database answers, memory is
//! above its limit.
//!
//! Verdicts are those of the panes. What was not looked at, and what nothing is known of now, answers nothing.
mod amounts;
mod known;
mod measured;
mod subjects;
mod tally;

use crate::domain::Text;
use crate::domain::alert::AlertFacts;
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind, ObjectRef, Realm};
use crate::domain::settings::Role;
use crate::model::Model;
use crate::model::evidence::Answer;
use crate::runbook::execution::question::{Asked, Question, Relation, Subject};

pub use known::blind;
pub use tally::count;

/// Where a runbook was opened for: what is asked of a cluster is asked there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    context: Option<Text>,
    namespace: Option<Text>,
}

impl Scope {
    /// The place of the thing that a runbook was opened for; of an alert, the one that its labels name.
    pub fn of(model: &Model, of: Option<&ObjectRef>) -> Scope {
        let Some(of) = of else { return Scope::default() };
        let named = |text: &Text| Some(text.clone()).filter(|text| !text.is_empty());
        match of.kind.realm() {
            Realm::Kubernetes => Scope { context: named(&of.context), namespace: named(&of.namespace) },
            Realm::Alerts => {
                let alert =
                    model.listing(Kind::Alert).and_then(|all| all.get(of)).map(|object| &object.facts);
                let namespace = match alert {
                    Some(Facts::Alerts(AlertFacts::Alert(alert))) => alert.label("namespace").cloned(),
                    _ => None,
                };
                // A label may speak of a cluster that is not in view.
                let places = || model.runs.evidence.tally.places.keys();
                let seen = |name: &Text| places().any(|(_, namespace)| namespace == name);
                Scope { context: None, namespace: namespace.filter(seen) }
            }
            _ => Scope::default(),
        }
    }

    pub fn at(context: Option<Text>, namespace: Option<Text>) -> Scope {
        Scope { context, namespace }
    }

    /// Whether a feed tells of anything in it.
    pub fn covers(&self, feed: &Feed) -> bool {
        match feed {
            Feed::Pods(context, namespace) | Feed::Objects(context, _, namespace) => {
                self.holds(context, namespace)
            }
            Feed::Metrics(context) => self.context.as_ref().is_none_or(|own| own == context),
            _ => true,
        }
    }

    fn holds(&self, context: &Text, namespace: &Text) -> bool {
        let within = |own: &Option<Text>, other: &Text| own.as_ref().is_none_or(|own| own == other);
        // What has no namespace is everybody's.
        within(&self.context, context) && (namespace.is_empty() || within(&self.namespace, namespace))
    }
}

/// What is known to a question now.
pub fn answer(model: &Model, question: &Question, scope: &Scope) -> Answer {
    let answers = question.asked.iter().map(|asked| (asked, one(model, asked, scope)));
    let mut answers: Vec<(&Asked, Answer)> = answers.collect();
    // Whether each is so: in trouble is so where trouble is asked for.
    let so = |asked: &Asked, level: Level| match (&asked.relation, level) {
        (Relation::Well, Level::Bad) => Level::Fine,
        (Relation::Well, Level::Fine | Level::Done) => Level::Bad,
        (_, level) => level,
    };
    if let ([(asked, only)], false) = (answers.as_mut_slice(), question.partly) {
        return Answer { fits: fits(so(asked, only.level)), ..only.clone() };
    }
    let rest = question.partly.then_some(Level::Unknown);
    let levels = answers.iter().map(|(asked, answer)| so(asked, answer.level)).chain(rest);
    // The scale begins with what is so.
    let all = if question.any { levels.min() } else { levels.max() }.unwrap_or(Level::Unknown);
    let well = answers.iter().all(|(asked, _)| asked.relation == Relation::Well);
    let level = match (well, all) {
        (true, Level::Bad) => Level::Fine,
        (true, Level::Fine | Level::Done) => Level::Bad,
        (_, level) => level,
    };
    // What decides comes first.
    answers.sort_by_key(|(asked, answer)| so(asked, answer.level) != all);
    let mut words: Vec<&str> = answers.iter().map(|(_, answer)| answer.words.as_str()).collect();
    words.dedup();
    if question.partly {
        words.push("the rest is not looked at");
    }
    Answer { level, fits: fits(all), words: words.join("; ") }
}

/// Whether the way applies, by how much what it asks for is so; what is only on its way to that is no answer.
fn fits(so: Level) -> Option<bool> {
    match so {
        Level::Bad => Some(true),
        Level::Fine | Level::Done => Some(false),
        _ => None,
    }
}

/// The mark of a way: whether it applies, and not how the thing fares that it asks about.
pub fn mark(answer: &Answer) -> (char, &'static str, Role) {
    match answer.fits {
        Some(true) => ('▲', "it fits: ", Role::Warning),
        Some(false) => ('–', "it does not: ", Role::Dim),
        None => (answer.level.sign(), "", super::role(answer.level)),
    }
}

/// Kinds that have to be watched to answer it.
pub fn kinds(question: &Question) -> impl Iterator<Item = Kind> + '_ {
    question
        .asked
        .iter()
        .flat_map(|asked| match asked.subject {
            Subject::Autoscaler => &[Kind::Hpa][..],
            Subject::Certificate => &[Kind::Certificate],
            Subject::Change | Subject::Release => CHANGES,
            _ => &[],
        })
        .copied()
}

/// The kinds of a cluster whose changes mostly are the cause.
const CHANGES: &[Kind] =
    &[Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet, Kind::ReplicaSet, Kind::ConfigMap];

fn one(model: &Model, asked: &Asked, scope: &Scope) -> Answer {
    match &asked.relation {
        Relation::Compares(limit) => measured::compares(model, asked.subject, limit, scope),
        _ => subjects::answer(model, asked.subject, scope),
    }
}

/// How a thing fares; whether that fits is for the question to say.
fn seen(level: Level, words: impl Into<String>) -> Answer {
    Answer { level, fits: None, words: words.into() }
}

fn bad(words: impl Into<String>) -> Answer {
    seen(Level::Bad, words)
}

fn fine(words: impl Into<String>) -> Answer {
    seen(Level::Fine, words)
}

fn unknown(words: impl Into<String>) -> Answer {
    seen(Level::Unknown, words)
}
