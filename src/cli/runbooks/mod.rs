//! `firedeck runbooks`: list, show, run, lint, coverage, search.
mod checklist;
mod coverage;
mod lint;
mod list;
pub mod options;
mod pick;
pub(super) mod run;
mod search;
mod shelf;
mod show;
pub(super) mod table;
mod words;

use std::process::ExitCode;

use crate::config::Request;
use options::RunbooksCommand;

pub(super) fn run(what: &RunbooksCommand, request: &Request) -> color_eyre::Result<ExitCode> {
    Ok(match what {
        RunbooksCommand::List { paths, filter, kind, risk, json } => {
            let wanted = list::Wanted { filter: filter.as_deref(), kinds: kind, risks: risk };
            list::list(request, paths, &wanted, *json)
        }
        RunbooksCommand::Show { name, within, json } => show::show(request, name, &within.paths, *json),
        RunbooksCommand::Run { name, within, step, set } => {
            let (within, set) = (within.paths.clone(), set.clone());
            let wanted = run::Wanted { name: name.join(" "), within, step: step.clone(), set, walk: false };
            return run::run(request, &wanted);
        }
        RunbooksCommand::Lint(flags) => lint::lint(request, flags),
        RunbooksCommand::Coverage { paths, rules, json } => {
            return coverage::coverage(request, paths, rules, *json);
        }
        RunbooksCommand::Search { words, alert, label, annotation, most, within, json } => {
            let asked = search::Asked {
                words,
                alert: alert.as_deref(),
                labels: label,
                annotations: annotation,
                most: *most,
            };
            search::search(request, &asked, &within.paths, *json)
        }
    })
}
