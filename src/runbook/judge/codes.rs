//! What the exit codes of a pipe's parts say.
use super::call::Call;
use super::{Case, Said, first_of, trouble};
use crate::incident::event::Verdict;

/// A part was ended because nobody read on.
const PIPE: i32 = 141;

impl Case<'_> {
    /// Each part of the last pipe with its exit code, where they can be told apart.
    pub(super) fn answers(&self) -> Vec<(&Call, i32)> {
        if self.calls.len() == self.codes.len() {
            self.calls.iter().zip(self.codes.iter().copied()).collect()
        } else {
            Vec::new()
        }
    }

    /// The tool of the part at this place, as a name for it.
    fn name(&self, at: usize) -> String {
        let own = self.answers().get(at).map(|(call, _)| call.whole.first().cloned().unwrap_or_default());
        own.filter(|name| !name.is_empty()).unwrap_or_else(|| self.command.statement.tool.clone())
    }
}

/// 127, 126, and what containers say instead.
pub fn missing_tool(case: &Case<'_>) -> Option<Said> {
    for (at, code) in case.codes.iter().enumerate() {
        if !matches!(code, 126 | 127) {
            continue;
        }
        // Behind `kubectl exec` and `ssh` it is the inner tool that is missing there.
        let outer = case.name(at);
        let inner = case.answers().get(at).map(|(call, _)| call.tool.clone()).unwrap_or_default();
        let there = !inner.is_empty()
            && !outer.ends_with(inner.as_str())
            && !matches!(outer.as_str(), "sudo" | "env" | "timeout");
        let named = case.err.lines().find_map(not_found);
        let tool = named.unwrap_or(if there { inner } else { outer });
        let place = if there { " there" } else { "" };
        return Some(match code {
            127 => (Verdict::Failed, format!("{tool} is not installed{place}")),
            _ => (Verdict::Failed, format!("{tool} cannot be executed{place}: {}", first_of(case))),
        });
    }
    let bad = case.codes.iter().any(|code| *code != 0);
    let line = case.err.lines().find(|line| line.contains("executable file not found"))?;
    let tool = line.split('"').rfind(|word| !word.is_empty() && !word.contains([' ', ':']));
    bad.then(|| (Verdict::Failed, format!("{} is not installed there", tool.unwrap_or("the tool"))))
}

/// `bash: line 3: az: command not found`.
fn not_found(line: &str) -> Option<String> {
    let before = line.split(": command not found").next().filter(|before| before.len() < line.len());
    let before = before.or_else(|| line.strip_suffix(": not found"))?;
    let name = before.rsplit(": ").next()?.trim();
    (!name.is_empty() && name.len() < 80).then(|| name.to_owned())
}

/// A search that found nothing: good to know only if all that stood before it went well and nothing complained.
pub fn search(case: &Case<'_>) -> Option<Said> {
    let answers = case.answers();
    let place = answers.iter().position(|(call, code)| call.is_search() && *code == 1)?;
    if let Some(at) = bad_before(&answers, place) {
        let (call, code) = answers.get(at)?;
        if let Some(said) = trouble::answered(call, *code, case) {
            return Some(said);
        }
        return Some((
            Verdict::Failed,
            format!("{} failed ({code}): nothing was searched: {}", case.name(at), first_of(case)),
        ));
    }
    // Those behind it only count or cut what it found.
    if let Some(at) = answers
        .iter()
        .enumerate()
        .skip(place + 1)
        .find_map(|(at, (call, code))| (*code != 0 && !(call.is_search() && *code == 1)).then_some(at))
    {
        let (_, code) = answers.get(at)?;
        return Some((Verdict::Failed, format!("{} failed ({code}): {}", case.name(at), first_of(case))));
    }
    if !case.is_clean() {
        return Some((Verdict::NoData, format!("nothing was found, and this was said: {}", first_of(case))));
    }
    if answers.iter().take(place).any(|(call, _)| call.hushed) {
        return Some((Verdict::NoData, "nothing was found, and errors were not kept".to_owned()));
    }
    // A pipe before it that broke has as many exit codes as this one.
    let others = case.parts.all.len().saturating_sub(case.calls.len());
    if case.parts.chained && (place == 0 || others >= answers.len()) {
        return Some((
            Verdict::NoData,
            "nothing was found, or what stands before it did not go well".to_owned(),
        ));
    }
    let counted = case.out.trim();
    let found = counted.is_empty() || counted == "0";
    let says = if found { "no matches" } else { "no matches in a part of it" };
    Some((Verdict::NoMatches, says.to_owned()))
}

/// The first part before this one that did not go well.
fn bad_before(answers: &[(&Call, i32)], place: usize) -> Option<usize> {
    answers.iter().enumerate().take(place).find_map(|(at, (_, code))| {
        let cut = *code == PIPE && answers.iter().skip(at + 1).any(|(call, _)| call.stops_early());
        (*code != 0 && !cut).then_some(at)
    })
}

/// A part that did not go well.
pub fn failed(case: &Case<'_>) -> Option<Said> {
    let answers = case.answers();
    if answers.is_empty() {
        let code = *case.codes.last()?;
        let lost = case.codes.iter().find(|code| **code != 0 && **code != PIPE);
        let code = if code == 0 { *lost? } else { code };
        return Some((Verdict::Failed, words(code, None, case)));
    }
    let last = answers.len().saturating_sub(1);
    for (at, (call, code)) in answers.iter().enumerate() {
        let cut = *code == PIPE && answers.iter().skip(at + 1).any(|(call, _)| call.stops_early());
        if *code == 0 || cut || call.is_search() && *code == 1 {
            continue;
        }
        if let Some(said) = trouble::answered(call, *code, case) {
            return Some(said);
        }
        if at == last
            && let Some(said) = answer(call, *code, case).or_else(|| trouble::spoke(call, *code, case))
        {
            return Some(said);
        }
        return Some((Verdict::Failed, format!("{}: {}", case.name(at), words(*code, Some(call), case))));
    }
    None
}

/// Tools whose exit code answers a question.
fn answer(call: &Call, code: i32, case: &Case<'_>) -> Option<Said> {
    let lines = case.out.lines().filter(|line| !line.trim().is_empty()).count();
    let tool = call.tool.as_str();
    let differs = tool == "diff"
        || tool == "cmp"
        || matches!(tool, "kubectl" | "oc" | "git" | "helm") && call.says("diff");
    if differs && code == 1 && (lines > 0 || call.has(&["-q", "-s", "--quiet"])) {
        return Some((Verdict::Ok, format!("they differ: {lines} lines")));
    }
    if tool == "terraform"
        && call.says("plan")
        && code == 2
        && call.words.iter().any(|w| w.contains("detailed-exitcode"))
    {
        return Some((Verdict::Ok, "the plan has changes".to_owned()));
    }
    if matches!(tool, "npm" | "yarn" | "pnpm") && call.says("audit") && lines > 0 {
        let told = case.out.lines().find(|line| line.contains("vulnerabilit"));
        let told = told.map_or_else(|| "findings".to_owned(), |line| line.trim().to_owned());
        return Some((Verdict::Trouble, format!("found: {told}")));
    }
    if matches!(tool, "trivy" | "kubesec" | "grype" | "snyk") && code == 1 && lines > 0 {
        return Some((Verdict::Trouble, "it has findings".to_owned()));
    }
    if matches!(tool, "test" | "[" | "[[") && code == 1 {
        return Some((
            trouble::heard(case),
            format!("does not hold: {}", call.words.join(" ").trim_end_matches(" ]")),
        ));
    }
    if tool == "jq" && code == 1 && call.has(&["-e", "--exit-status"]) {
        let answer = case.out.trim();
        let verdict = if answer == "false" { Verdict::Trouble } else { Verdict::Failed };
        return Some((verdict, format!("jq answers {answer}")));
    }
    if tool == "pg_isready" {
        let words = match code {
            1 => "the server refuses connections for now",
            2 => "the server does not answer",
            _ => "it could not ask",
        };
        let verdict = if code < 3 { trouble::heard(case) } else { Verdict::Failed };
        return Some((verdict, words.to_owned()));
    }
    if tool == "systemctl" && (call.says("is-active") || call.says("status")) {
        let verdict = if code < 4 { trouble::heard(case) } else { Verdict::Failed };
        return Some((verdict, format!("not active: {}", first_of(case))));
    }
    let waits = matches!(tool, "kubectl" | "oc") && (call.says("wait") || call.says("rollout"));
    let late =
        ["timed out", "deadline"].iter().any(|word| case.err.contains(word) || case.out.contains(word));
    if waits && late {
        // To wait in vain is an answer; not to be answered is none.
        let vain = ["timed out waiting for", "exceeded its progress deadline"];
        let vain = vain.iter().any(|words| case.err.contains(words) || case.out.contains(words));
        let verdict = if vain { Verdict::Trouble } else { Verdict::Failed };
        return Some((verdict, format!("not so within its time: {}", first_of(case))));
    }
    None
}

/// A code in words.
fn words(code: i32, call: Option<&Call>, case: &Case<'_>) -> String {
    let tool = call.map_or("", |call| call.tool.as_str());
    let known = match (tool, code) {
        ("curl", 3) => "the address is malformed: braces need -g or encoding",
        ("curl", 6) => "the name does not resolve",
        ("curl", 7) => "connection refused",
        ("curl", 22) => "the server answered with an error",
        ("curl", 28) => "timed out",
        ("curl", 35) => "the TLS handshake failed",
        ("curl", 52) => "the server answered nothing",
        ("curl", 56) => "the connection broke",
        ("curl", 60) => "the certificate is not trusted",
        ("jq", 2 | 4 | 5) => "not JSON",
        ("ssh", 255) => "no connection",
        (_, 124) if case.text.contains("timeout") => "took longer than its timeout",
        (_, 130) => "interrupted",
        (_, 137) => "killed (137): by KILL, or out of memory",
        (_, 143) => "ended by TERM",
        (_, PIPE) => "cut off: nobody read on",
        _ => "",
    };
    let told = first_of(case);
    match (known, code) {
        ("", code) if code > 128 => format!("ended by signal {}: {told}", code - 128),
        ("", code) => format!("exit {code}: {told}"),
        (known, _) if told == "no output" => known.to_owned(),
        (known, _) => format!("{known}: {told}"),
    }
}
