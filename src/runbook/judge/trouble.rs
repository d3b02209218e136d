//! What only reads and finds something bad has answered: that is no failure of the command.
//!
//! It failed where it could not run, reached nobody, was refused, or where what a document expects has not come.
use super::call::Call;
use super::{Case, Said, first_of};
use crate::domain::approval::Tier;
use crate::domain::text::one_line;
use crate::incident::event::Verdict;

/// Signs that a tool did not get as far as an answer.
const NOT_RUN: &[&str] = &[
    "refused",
    "denied",
    "forbidden",
    "unauthorized",
    "timed out",
    "timeout",
    "deadline exceeded",
    "unable to",
    "could not",
    "cannot",
    "can't",
    "not found",
    "no such",
    "no route",
    "unreachable",
    "unknown",
    "invalid",
    "usage:",
    "error:",
    "error from",
];

/// Trouble is found by what only reads, where nothing else was expected.
pub fn or_failed((verdict, says): Said, risk: Tier, expected: Option<&str>) -> Said {
    match (verdict, expected) {
        (Verdict::Trouble, Some(expected)) if !says.contains("expected") => {
            (Verdict::Failed, format!("{says}; expected {}", one_line(expected)))
        }
        (Verdict::Trouble, Some(_)) => (Verdict::Failed, says),
        (Verdict::Trouble, None) if risk > Tier::Read => (Verdict::Failed, says),
        _ => (verdict, says),
    }
}

/// A server that answers with an error of its own is in trouble; one that refuses the question has not answered it.
pub fn status(status: u16) -> Said {
    let verdict = if status >= 500 { Verdict::Trouble } else { Verdict::Failed };
    (verdict, format!("the server answered {status}"))
}

/// Of a script that says itself that it is bad: whether it got as far as to know.
pub fn told(case: &Case<'_>) -> Verdict {
    if is_not_run(case.err) { Verdict::Failed } else { Verdict::Trouble }
}

/// Of a tool whose exit code is its answer: whether it is the tool that gave it, and not what leads to it.
pub fn heard(case: &Case<'_>) -> Verdict {
    if case.is_clean() { Verdict::Trouble } else { Verdict::Failed }
}

/// A part of a pipe whose exit code tells of what it asked, whatever the parts behind it made of that.
pub fn answered(call: &Call, code: i32, case: &Case<'_>) -> Option<Said> {
    match call.tool.as_str() {
        // With `-f` it tells an error of the server by this code, and the status on standard error alone.
        "curl" if code == 22 => {
            let told = case.err.lines().find_map(|line| line.split_once("returned error: "));
            let told = told.and_then(|(_, rest)| rest.split_whitespace().next()?.parse::<u16>().ok());
            Some(match told {
                Some(known) => status(known),
                None => (Verdict::Trouble, "the server answered with an error".to_owned()),
            })
        }
        "kubectl" | "oc" if call.says("logs") && case.err.contains("previous terminated container") => {
            let says = "there is no log of before: its container has not ended once";
            case.err.contains("not found").then(|| (Verdict::NoMatches, says.to_owned()))
        }
        _ => None,
    }
}

/// Ended with 1, wrote its answer and complained of nothing: `kubectl auth can-i` says `no`, awk found a line too many.
pub fn spoke(call: &Call, code: i32, case: &Case<'_>) -> Option<Said> {
    let says = !case.out.trim().is_empty() && case.err.trim().is_empty();
    // Of several commands nobody knows whose words these are.
    let alone = case.parts.all.len() <= case.calls.len();
    let plain = code == 1 && says && alone && !call.hushed && !is_not_run(case.out);
    plain.then(|| (Verdict::Trouble, first_of(case)))
}

fn is_not_run(text: &str) -> bool {
    let lower = text.to_lowercase();
    NOT_RUN.iter().any(|words| lower.contains(words))
}
