//! The hard cases of the requirements (section 6) that are about reading: one test for each, named after it, on
//! texts of our own.
mod form;
mod others;
mod scripts;

use firedeck::commands::Role;
use firedeck::commands::tools::Tables;
use firedeck::runbook::{Command, Document, Runbook, Step, StepKind, catalogue};

pub fn read(text: &str) -> Document {
    catalogue::read("page.md", text, &Tables::default())
}

/// The only runbook of a text.
pub fn only(text: &str) -> Runbook {
    let document = read(text);
    assert_eq!(titles(&document).len(), 1, "{:?}", titles(&document));
    Runbook::clone(document.runbooks.first().expect("one"))
}

pub fn titles(document: &Document) -> Vec<(u32, &str)> {
    document.runbooks.iter().map(|one| (one.line, one.title.as_str())).collect()
}

pub fn commands(runbook: &Runbook) -> Vec<&Command> {
    runbook.steps.iter().flat_map(|step| &step.commands).collect()
}

/// What would run, with its line.
pub fn runs(runbook: &Runbook) -> Vec<(u32, &str)> {
    let real = commands(runbook).into_iter().filter(|one| one.statement.role == Role::Action);
    real.map(|one| (one.statement.line, one.statement.text.as_str())).collect()
}

pub fn texts(runbook: &Runbook) -> Vec<&str> {
    runs(runbook).into_iter().map(|(_, text)| text).collect()
}

pub fn steps(runbook: &Runbook) -> Vec<(&str, u32, &str)> {
    runbook.steps.iter().map(|step| (step.n.as_str(), step.line, step.title.as_str())).collect()
}

pub fn kinds(runbook: &Runbook) -> Vec<StepKind> {
    runbook.steps.iter().map(|step| step.kind).collect()
}

pub fn step<'a>(runbook: &'a Runbook, title: &str) -> &'a Step {
    runbook
        .steps
        .iter()
        .find(|step| step.title == title)
        .unwrap_or_else(|| panic!("{title}: {:?}", steps(runbook)))
}

pub fn asked(runbook: &Runbook) -> Vec<&str> {
    commands(runbook).iter().flat_map(|one| &one.placeholders).map(|one| one.text.as_str()).collect()
}
