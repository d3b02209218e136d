//! What was set from here and may have to be taken back: offered as a temporary measure, never made one unasked.
use std::collections::BTreeSet;

use super::measures;
use crate::domain::action::Verb;
use crate::domain::object::Kind;
use crate::domain::text::quoted;
use crate::incident::event::{At, Findings, Order, StepStarted, Target, Verdict, What};
use crate::incident::words;
use crate::model::Model;
use crate::panes::things;
use crate::runbook::execution::measure::{self, Measure};

/// A measure as far as it is known.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Suggestion {
    pub what: String,
    pub target: Option<Target>,
    pub prior: String,
    pub now: String,
    pub revert: String,
    pub made_by: Option<At>,
    /// How it is taken back, once the value before is known.
    pub back: Option<Measure>,
}

/// The last thing that was set and is in no measure yet; else the selected workload.
pub(super) fn last(model: &Model) -> Suggestion {
    let of_runs = of_runs(model, |_| true);
    of_deeds(model).or(of_runs).unwrap_or_else(|| {
        let of = things::selected(model).filter(|of| measures::is_workload(of.kind));
        Suggestion { target: of.map(|of| Target::new(&of, "")), ..Suggestion::default() }
    })
}

/// What this step of a runbook has just set and is meant for a while, in words.
pub(super) fn told(model: &Model, order: &Order) -> Option<String> {
    let suggestion = of_runs(model, |started| started.order == *order)?;
    let likely = suggestion.back.as_ref().is_some_and(|back| back.likely);
    likely.then_some(suggestion.what)
}

fn of_deeds(model: &Model) -> Option<Suggestion> {
    let state = model.incidents.state()?;
    let is_known = |target: &Target, now: &str| {
        let target = words::target(target);
        state.measures.iter().any(|known| known.target.as_deref() == Some(&target) && known.now == now)
    };
    let since = state.detected();
    model.deeds.iter().rev().filter(|deed| deed.began >= since).find_map(|deed| {
        let of = &deed.native.target;
        let target = Target::from(&deed.native);
        let on = format!("kubectl --context {} -n {}", quoted(&of.context), quoted(&of.namespace));
        let (what, prior, now, revert) = match &deed.native.verb {
            Verb::Scale { from, to } => {
                let revert = format!("{on} scale {}/{} --replicas={from}", of.kind, quoted(&of.name));
                ("replicas".to_owned(), from.to_string(), to.to_string(), revert)
            }
            Verb::SetImage { container, from, to } => {
                let revert = format!(
                    "{on} set image {}/{} {}",
                    of.kind,
                    quoted(&of.name),
                    quoted(&format!("{container}={from}"))
                );
                (format!("image of {container}"), from.to_string(), to.to_string(), revert)
            }
            _ => return None,
        };
        let target = (!is_known(&target, &now)).then_some(target)?;
        Some(Suggestion { what, target: Some(target), prior, now, revert, ..Suggestion::default() })
    })
}

/// The newest of the statements that went well.
fn of_runs(model: &Model, wanted: impl Fn(&StepStarted) -> bool) -> Option<Suggestion> {
    let state = model.incidents.state()?;
    let known: BTreeSet<(&str, u32, Option<u32>)> = state
        .measures
        .iter()
        .filter_map(|measure| measure.made_by.as_ref())
        .map(|at| (at.run.as_str(), at.step, at.command))
        .collect();
    let mut went_well: BTreeSet<&Order> = BTreeSet::new();
    let live = model.incidents.live.as_ref()?;
    for event in live.events().events().rev() {
        match &event.what {
            What::StepEnded(ended) if matches!(ended.verdict, Verdict::Ok | Verdict::Accepted) => {
                went_well.insert(&ended.order);
            }
            What::StepStarted(started)
                if went_well.contains(&started.order)
                    && wanted(started)
                    && !known.contains(&(started.at.run.as_str(), started.at.step, started.at.command)) =>
            {
                let asked = asked(model, &event.writer, started);
                if let Some(found) = of_step(model, started, asked) {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    None
}

/// What the question about it has shown, as it was answered.
fn asked<'m>(model: &'m Model, writer: &str, started: &StepStarted) -> Option<&'m Findings> {
    let question = started.question?;
    model.incidents.known.events().rev().find_map(|event| match &event.what {
        What::QuestionAsked(said) if said.question == question && event.writer == writer => {
            said.findings.as_ref()
        }
        _ => None,
    })
}

/// `limit of memory: 256Mi → 512Mi`, where one thing alone was set and its value before was read.
fn old_and_new(asked: &Findings) -> Option<(&str, &str, &str)> {
    let mut all = asked.effect.iter().filter_map(|line| {
        let (before, new) = line.split_once(" → ")?;
        let (what, old) = before.rsplit_once(": ")?;
        Some((what, old, new))
    });
    let (one, None) = (all.next()?, all.next()) else { return None };
    Some(one).filter(|(_, old, _)| *old != "?")
}

fn of_step(model: &Model, started: &StepStarted, asked: Option<&Findings>) -> Option<Suggestion> {
    let run = &model.runs.all.get(&started.at.run)?.run;
    let step = run.step(started.at.step)?;
    let command = step.commands.get(usize::try_from(started.at.command?).ok()?)?;
    let suggested = measure::suggest(command, &started.text, &step.title).into_iter().next();
    let seen = asked.and_then(old_and_new);
    let program = started.text.split_whitespace().next();
    // Words on how it might be taken back are no command.
    let undo = asked.map(|asked| &asked.undo).filter(|undo| undo.split_whitespace().next() == program);
    let Some(back) = suggested else {
        let (what, old, new) = seen?;
        return Some(Suggestion {
            what: what.to_owned(),
            prior: old.to_owned(),
            now: new.to_owned(),
            revert: undo.cloned().unwrap_or_default(),
            made_by: Some(started.at.clone()),
            ..Suggestion::default()
        });
    };
    let what = match (back.name.as_str(), back.new.as_str()) {
        // Only that it is meant for a while is known: its step says what it is.
        ("", "") => crate::domain::text::clean_to(&step.title, 200).into_owned(),
        ("", _) => back.subject.clone(),
        (name, _) => format!("{name} of {}", back.subject),
    };
    let prior = seen.map(|(_, old, _)| old.to_owned()).unwrap_or_default();
    let now = match seen {
        Some((.., new)) if back.new.is_empty() => new.to_owned(),
        _ => back.new.clone(),
    };
    // What is the same whatever was before is known at once.
    let known = back.revert(&prior).filter(|_| back.ask.is_none() || !prior.is_empty());
    Some(Suggestion {
        what,
        target: target(&back.subject, started),
        now,
        revert: known.or_else(|| undo.cloned()).unwrap_or_default(),
        prior,
        made_by: Some(started.at.clone()),
        back: Some(back),
    })
}

/// `deployment/web`, where the step ran.
fn target(subject: &str, started: &StepStarted) -> Option<Target> {
    let (kind, name) = subject.split_once('/')?;
    let kind = Kind::parse(kind)?;
    Some(Target {
        context: started.context.clone(),
        kind: kind.to_string(),
        namespace: started.namespace.clone(),
        name: name.to_owned(),
        uid: String::new(),
    })
}
