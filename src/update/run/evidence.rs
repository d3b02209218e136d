//! Keeps up with what the panes say to the conditions of the open runbook.
use std::sync::Arc;

use crate::domain::object::Kind;
use crate::model::checklist::Spot;
use crate::model::evidence::Evidence;
use crate::model::{Dirty, Model};
use crate::panes::answers::{self, Scope};
use crate::runbook::Runbook;
use crate::runbook::execution::question::{Question, question};

/// More conditions than anybody reads.
const MOST: usize = 200;

/// Works out what is known now; nothing where no runbook with a question is open.
pub(super) fn refresh(model: &mut Model) {
    let open = model.checklist.as_ref().map(|open| open.book.runbook.clone());
    let same = match (&open, &model.runs.evidence.of) {
        (Some(open), Some(of)) => Arc::ptr_eq(open, of),
        (None, None) => true,
        _ => false,
    };
    if !same {
        model.runs.evidence = open.map_or_else(Evidence::default, of);
    }
    if model.runs.evidence.questions.is_empty() {
        return;
    }
    if let Some(tally) = answers::count(model) {
        model.runs.evidence.tally = tally;
    }
    let scope = Scope::of(model, model.checklist.as_ref().and_then(|open| open.of.as_ref()));
    let questions = model.runs.evidence.questions.iter();
    let now = questions.map(|(spot, question)| (*spot, answers::answer(model, question, &scope))).collect();
    if now != model.runs.evidence.answers {
        model.runs.evidence.answers = now;
        model.mark_dirty(Dirty::Soon);
    }
}

fn of(runbook: Arc<Runbook>) -> Evidence {
    let questions: Vec<(Spot, Question)> = conditions(&runbook).take(MOST).collect();
    let mut kinds: Vec<Kind> = questions.iter().flat_map(|(_, question)| answers::kinds(question)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    Evidence { of: Some(runbook), questions, kinds, ..Evidence::default() }
}

/// The arms' conditions, and those of a script, each where it is first met.
fn conditions(runbook: &Runbook) -> impl Iterator<Item = (Spot, Question)> + '_ {
    runbook.steps.iter().enumerate().flat_map(|(step, what)| {
        let arm = what.branch.as_deref().map(|words| (Spot { step, command: None }, words));
        let mut before: Option<&str> = None;
        let ways = what.commands.iter().enumerate().filter_map(move |(command, one)| {
            let words = one.statement.condition.as_deref()?;
            let new = before.replace(words) != Some(words);
            new.then_some((Spot { step, command: Some(command) }, words))
        });
        arm.into_iter().chain(ways).filter_map(|(spot, words)| Some((spot, question(words)?)))
    })
}
