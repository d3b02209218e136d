//! What a reader of a result should know, whatever it is.
use super::Case;
use super::call::Call;

/// Words, and the ones that hold them and mean the opposite.
const TURNED: &[(&str, &str)] = &[
    ("healthy", "unhealthy"),
    ("available", "unavailable"),
    ("ready", "notready"),
    ("active", "inactive"),
    ("stable", "unstable"),
    ("complete", "incomplete"),
    ("successful", "unsuccessful"),
    ("success", "unsuccessful"),
    ("reachable", "unreachable"),
    ("connected", "disconnected"),
    ("valid", "invalid"),
    ("able", "unable"),
    ("enabled", "not enabled"),
    ("running", "not running"),
    ("ok", "not ok"),
    ("up", "not up"),
];

/// What stands in a list of pods and is trouble.
const TROUBLE: &[&str] = &[
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "OOMKilled",
    "CreateContainerConfigError",
    "Evicted",
    "NotReady",
    "Unknown",
];

pub fn all(case: &Case<'_>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut add = |warning: String| {
        if out.len() < 8 && !out.contains(&warning) {
            out.push(warning);
        }
    };
    for call in &case.all {
        if let Some(other) = passes(call) {
            add(format!("`grep` here lets `{other}` pass as well"));
        }
        if reads_ten(call) {
            add("read only the last 10 lines of each pod: without --tail, kubectl logs -l shows no more"
                .to_owned());
        }
    }
    let lists = case.calls.first().is_some_and(|call| call.tool == "kubectl" && call.says("get"));
    let troubles: Vec<&str> =
        TROUBLE.iter().copied().filter(|word| lists && case.out.contains(word)).collect();
    if !troubles.is_empty() {
        add(format!("it shows {}", troubles.join(", ")));
    }
    if let Some(soon) = super::certificate::soon(case) {
        add(soon);
    }
    if case.parts.either {
        add("its exit code says nothing of what stands before `||`".to_owned());
    }
    if case.is_partly_known() {
        add("how the earlier parts of the pipe ended is not known".to_owned());
    }
    if !case.whole {
        add("the output was longer than what was read".to_owned());
    }
    out
}

/// A word that this search would take for the one it looks for.
pub fn passes(call: &Call) -> Option<&'static str> {
    let whole =
        call.has(&["-w", "--word-regexp", "-x", "--line-regexp"]) || call.has(&["-v", "--invert-match"]);
    if !call.is_search() || whole {
        return None;
    }
    let pattern = call.values(&["-e", "--regexp"]).into_iter().next();
    let pattern = pattern.or_else(|| call.bare().next().map(str::to_owned))?;
    let any_case = call.has(&["-i", "--ignore-case"]);
    TURNED.iter().find_map(|(word, other)| {
        let same = if any_case { pattern.eq_ignore_ascii_case(word) } else { pattern == *word };
        // `Ready` with its capital is a part of `NotReady`.
        let capital = *word == "ready" && pattern == "Ready";
        (same || capital).then_some(*other)
    })
}

/// `kubectl logs -l` without `--tail`.
fn reads_ten(call: &Call) -> bool {
    let selects = call.has(&["-l", "--selector"]) || call.words.iter().any(|word| word.starts_with("-l"));
    matches!(call.tool.as_str(), "kubectl" | "oc") && call.says("logs") && selects && !call.has(&["--tail"])
}
