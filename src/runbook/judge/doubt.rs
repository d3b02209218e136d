//! Ends that look good, of which not all exit codes are known.
use super::call::Call;
use super::{Case, Said, trouble};
use crate::incident::event::Verdict;

/// A `!` in front: 1 says that it went well, or was found, and 0 that it did not.
pub fn turned(case: &Case<'_>) -> Option<Said> {
    let [code] = case.codes else { return None };
    if !case.parts.negated || case.calls.is_empty() {
        return None;
    }
    let hushed = case.calls.iter().any(|call| call.hushed);
    Some(match code {
        0 if case.is_clean() && !hushed => (Verdict::Ok, "holds: a `!` turns it around".to_owned()),
        0 => (Verdict::NoData, format!("whether it holds is not known: {}", super::first_of(case))),
        _ => (Verdict::Trouble, "does not hold: a `!` turns it around".to_owned()),
    })
}

/// A test whose tool did not get through to whom it asks: that is no answer, as `no` would be. Where being reached is
/// the question itself, as for `pg_isready` and `curl`, it is one.
pub fn is_unreached(case: &Case<'_>) -> bool {
    const TOOLS: &[&str] = &["kubectl", "oc", "helm", "az", "aws", "gcloud", "docker", "podman"];
    const WORDS: &[&str] = &[
        "refused",
        "timed out",
        "unable to connect",
        "cannot connect",
        "no route",
        "unreachable",
        "no such host",
        "unauthorized",
        "forbidden",
        "could not connect",
        "deadline exceeded",
        "expired",
    ];
    let asks = case.uses(TOOLS);
    let lower = case.err.to_lowercase();
    asks && case.codes.iter().any(|code| *code != 0) && WORDS.iter().any(|word| lower.contains(word))
}

/// What stands behind `||` has spoken, or has made an end good that was none.
pub fn fallback(case: &Case<'_>) -> Option<Said> {
    let last = case.calls.last().filter(|_| case.parts.either)?;
    match last.tool.as_str() {
        "echo" | "printf" => {
            let own =
                last.words.iter().skip_while(|word| matches!(word.as_str(), "-e" | "-n" | "-en" | "-ne"));
            let own = own.cloned().collect::<Vec<_>>().join(" ");
            let said = own.split(['\u{fffc}', '%', '\\']).map(str::trim).find(|piece| !piece.is_empty())?;
            let mut lines = case.out.lines().chain(case.err.lines());
            let line = lines.find(|line| line.contains(said))?.trim().to_owned();
            let others: Vec<&Call> = case.all.iter().filter(|call| call.whole != last.whole).collect();
            let searched = matches!(others.as_slice(), [one] if one.is_search()) && case.is_clean();
            Some((if searched { Verdict::NoMatches } else { trouble::told(case) }, line))
        }
        "true" | ":" | "" => {
            let line = case.err.lines().find(|line| complains(line))?;
            Some((Verdict::NoData, format!("its exit code says nothing: {}", line.trim())))
        }
        _ => None,
    }
}

/// Not every exit code is known, as in a loop or a substitution, and something complained.
pub fn complaint(case: &Case<'_>) -> Option<Said> {
    if case.parts.all.len() <= case.calls.len() {
        return None;
    }
    let line = case.err.lines().find(|line| complains(line))?;
    Some((Verdict::NoData, format!("a part of it may have failed: {}", line.trim())))
}

fn complains(line: &str) -> bool {
    const WORDS: &[&str] = &[
        "error",
        "failed",
        "refused",
        "denied",
        "not found",
        "timed out",
        "unable to",
        "cannot",
        "no such",
        "forbidden",
        "could not",
        "unauthorized",
        "fatal",
        "no route",
        "unreachable",
    ];
    let lower = line.to_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
}
