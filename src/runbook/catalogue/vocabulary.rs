//! The words by which teams name the parts of their documents.
use super::super::facts::cadence;
use super::super::words::{Pairs, Words};
use super::text::{is_letter, number, plain, words};

/// What a heading or label inside a runbook is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Says what it is about; holds no steps.
    Describes,
    Symptoms,
    /// What must be so before one begins.
    Before,
    /// Does something: diagnosis, mitigation, verification.
    Acts,
    /// Is only a frame around the steps.
    Steps,
    /// About the document, or where to read on, or whom to call.
    Meta,
}

static FILLERS: Words = Words::new(
    "\
    the a an possible potential common recommended suggested initial immediate further additional
    detailed quick full and or first second third short long term phase section step steps of to how for
    in on this it your general basic best guide guidelines plan instructions actions action tasks
    activities part if needed required optional manual s by",
);

static DESCRIBES: Words = Words::new(
    "\
    meaning impact overview summary description background context purpose scope details severity
    explanation introduction intro architecture cause causes root why about audience definition
    definitions metrics behavior behaviour severities dependencies rationale trigger triggers effect
    effects alert alerts what is does mean means happened happens problem service services customer user
    business priority objective goal goals theory concepts facts expected notes note information info
    statement issue query expression threshold thresholds rule",
);

static SYMPTOMS: Words = Words::new(
    "\
    symptom symptoms signs indicators indications observed detection identification",
);

static BEFORE: Words = Words::new(
    "\
    prerequisites prerequisite requirements requires preconditions assumptions access before you begin
    start tools permissions needs need dependencies preparations pre requisites",
);

static ACTS: Words = Words::new(
    "\
    way ways method methods approach approaches afterwards alternative look act then finally at last begin end finish diagnosis diagnose diagnosing diagnostic diagnostics investigation investigate investigating triage
    debug debugging troubleshoot troubleshooting analysis assessment assess mitigation mitigations
    mitigate resolution resolutions resolve resolving remediation remediate remedy solution solutions
    fix fixes fixing workaround workarounds recovery recover verification verify verifying validation
    validate rollback backout roll back containment contain eradication eradicate response respond next
    follow up followup post incident postmortem mortem cleanup clean prevention preventive prevent
    measures avoid communication checks check preparation prepare execution execute implementation
    testing test confirm confirmation restoration restore correction corrective repair handling checking
    undo revert reporting after during stabilize stabilization isolation what do cause root",
);

static STEPS: Words = Words::new(
    "\
    steps step procedure procedures instructions process tasks task checklist commands command actions
    action playbook runbook workflow howto method",
);

static META: Words = Words::new(
    "\
    reference references link links related resources resource reading contact contacts escalation
    escalate escalating version history changelog table contents content toc dashboard dashboards owner
    owners ownership revision revisions document documentation appendix glossary faq see also path paths
    external maintainers team support metadata remarks comments tags runbook author authors slack
    channels index more learn playbooks runbooks articles docs matrix call on",
);

/// Words that say something only beside another: `Roll back`, `Follow up`, `Escalation path`.
static FRAGMENTS: Words = Words::new(
    "roll back up follow do what cause root at post clean after during mortem path paths matrix call on team support more \
     tags runbook runbooks also see table content contents service services user customer business issue problem rule",
);

/// What a title inside a runbook says that its part is for; none when it is the thing itself.
pub fn part(title: &str) -> Option<Part> {
    let title = plain(title);
    let lower = title.to_lowercase();
    let lower = lower.split('(').next().unwrap_or_default();
    let lower = number(lower).map_or(lower, |(_, rest)| rest);
    if matches!(lower.trim(), "before" | "during" | "after") {
        return Some(Part::Acts);
    }
    for start in ["pre-", "post-", "during ", "before ", "after "] {
        let rest = lower.strip_prefix(start).unwrap_or_default();
        if !rest.is_empty() && words(rest).len() <= 3 && !lower.starts_with("before you") {
            return Some(if start == "before " { Part::Before } else { Part::Acts });
        }
    }
    if ["set up", "setup", "set variables", "set environment variables"].contains(&lower.trim()) {
        return Some(Part::Before);
    }
    if lower.trim_end().ends_with(" phase") {
        return Some(Part::Acts);
    }
    let all: Vec<&str> = lower.split(|c: char| !is_letter(c)).filter(|w| !w.is_empty()).take(7).collect();
    if all.is_empty() || all.len() > 6 {
        return None;
    }
    let told: Vec<&str> = all.iter().copied().filter(|w| !FILLERS.contains(w)).collect();
    if told.is_empty() {
        return all.iter().any(|w| STEPS.contains(w)).then_some(Part::Steps);
    }
    if matches!(told.as_slice(), [only] if FRAGMENTS.contains(only)) {
        return None;
    }
    // `Recovery Procedures` names a thing of its own, `Recovery` a part of one.
    if told.len() > 1
        && told.iter().any(|w| w.starts_with("procedure"))
        && told.iter().any(|w| ["recovery", "restore", "restoration", "response", "incident"].contains(w))
    {
        return None;
    }
    let within = |list: &Words| told.iter().all(|w| list.contains(w));
    let table: [(&Words, Part); 6] = [
        (&BEFORE, Part::Before),
        (&SYMPTOMS, Part::Symptoms),
        (&DESCRIBES, Part::Describes),
        (&ACTS, Part::Acts),
        (&META, Part::Meta),
        (&STEPS, Part::Steps),
    ];
    if let Some((_, part)) = table.iter().find(|(list, _)| within(list)) {
        return Some(*part);
    }
    let mixed = told.iter().all(|w| table.iter().any(|(list, _)| list.contains(w)));
    let acts = told.iter().filter(|w| ACTS.contains(w)).count();
    (mixed && acts * 2 >= told.len()).then_some(Part::Acts)
}

/// Names of parts that are no words of a sentence: they stand above a list without any marks as well.
static PART_NAMES: Words = Words::new(
    "\
    symptom symptoms signs indicators diagnosis diagnostics investigation triage troubleshooting debugging analysis
    assessment mitigation mitigations resolution resolutions remediation solution solutions workaround workarounds
    recovery verification validation rollback containment eradication response prevention cleanup restoration
    steps procedure procedures checklist instructions cause causes impact meaning background overview reference
    references preparation preparations",
);

/// `Symptoms`, `Possible causes`, `Steps`: the name of a part, in words that only name.
pub fn is_part_label(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
        && words(name).iter().any(|word| PART_NAMES.contains(word))
        && part(name).is_some()
}

/// About the document itself, its people, or where to read on: never a runbook.
pub fn is_meta(title: &str) -> bool {
    if part(title) == Some(Part::Meta) {
        return true;
    }
    let all = words(&plain(title));
    let has = |w: &str| all.iter().any(|x| x == w);
    let own = (has("runbook") || has("document") || has("playbook") || has("documentation"))
        && ["updates", "maintenance", "history", "review", "control", "version", "contributing"]
            .iter()
            .any(|w| has(w));
    let changes = has("changelog") || has("change") && has("log") || has("release") && has("notes");
    own || changes || has("contacts") || (has("contact") && has("information"))
}

/// A title that says nothing without its parent's.
pub fn is_generic(title: &str) -> bool {
    const GENERIC: &[&str] = &[
        "manual",
        "automatic",
        "automated",
        "general",
        "basic",
        "advanced",
        "other",
        "example",
        "examples",
        "usage",
        "commands",
        "quick",
    ];
    let generic = |word: &str| GENERIC.contains(&word) || cadence::by_word(word).is_some();
    let all = words(&plain(title));
    !all.is_empty()
        && all.len() <= 2
        && all.iter().all(|w| generic(w) || w == "tasks" || w == "checks")
        && all.iter().any(|w| generic(w))
}

/// How often, when a title begins with such a word.
pub fn frequency(title: &str) -> Option<String> {
    let first = words(title).into_iter().next()?;
    let word = cadence::by_word(&first)?;
    let (initial, rest) = word.split_at_checked(1)?;
    Some(initial.to_uppercase() + rest)
}

/// Bold names that are facts about the runbook, not parts of it.
pub fn is_metadata(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "severity",
        "priority",
        "response time",
        "sla",
        "frequency",
        "schedule",
        "cadence",
        "trigger",
        "triggers",
        "purpose",
        "goal",
        "objective",
        "rto",
        "rpo",
        "owner",
        "team",
        "author",
        "last updated",
        "updated",
        "version",
        "document version",
        "review frequency",
        "next review",
        "estimated time",
        "time",
        "duration",
        "audience",
        "alert",
        "alerts",
        "alert name",
        "service",
        "environment",
        "status",
        "impact",
        "when to use",
        "when",
        "use case",
        "risk",
        "downtime",
        "estimated duration",
        "time to complete",
        "last reviewed",
        "last tested",
        "recovery time",
        "scope",
        "category",
        "tags",
        "type",
        "on-call",
        "contact",
        "slack",
        "dashboard",
        "level",
        "component",
        "namespace",
        "runbook",
        "date",
        "approver",
        "reviewer",
    ];
    let name = name.trim().to_lowercase();
    NAMES.contains(&name.as_str())
}

/// Labels of remarks.
pub fn is_remark(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "note",
        "notes",
        "warning",
        "caution",
        "important",
        "danger",
        "tip",
        "info",
        "attention",
        "prerequisites",
        "prerequisite",
        "nb",
        "n.b",
        "hint",
        "caveat",
        "caveats",
        "disclaimer",
        "requirements",
        "assumptions",
        "remember",
        "be careful",
    ];
    NAMES.contains(&name.trim().to_lowercase().as_str())
}

/// Labels of what should come out.
pub fn is_expected(name: &str) -> bool {
    let lower = name.trim().to_lowercase();
    [
        "expected",
        "example output",
        "sample output",
        "output",
        "result",
        "expect",
        "should see",
        "should return",
        "sample response",
        "example response",
        "success criteria",
        "you should see",
    ]
    .iter()
    .any(|start| lower == *start || lower.strip_prefix(start).is_some_and(|rest| rest.starts_with(' ')))
}

/// A label that says when, not what: `If the disk is full`, `For Kubernetes`, `Option B`.
pub fn condition(title: &str) -> Option<String> {
    let title = plain(title);
    let title = title.trim_end_matches(':').trim();
    let lower = title.to_lowercase();
    let leads = [
        "if ",
        "when ",
        "in case ",
        "unless ",
        "otherwise",
        "else",
        "in the event ",
        "only if ",
        "for docker",
        "for kubernetes",
        "for k8s",
        "for linux",
        "for aws",
        "for gcp",
        "for azure",
        "for vm",
        "for bare",
    ];
    let optional = ["option ", "alternative", "method ", "approach ", "scenario ", "case "].iter().any(|s| {
        lower.strip_prefix(s).is_some_and(|rest| {
            rest.chars().next().is_none_or(|c| {
                c.is_ascii_digit() || c == ':' || rest.chars().nth(1).is_none_or(|n| !n.is_alphanumeric())
            })
        })
    });
    if leads.iter().any(|s| lower.starts_with(s)) || optional {
        return Some(title.to_owned());
    }
    let (_, inner) = super::text::parenthesis(title)?;
    is_condition(inner).then(|| inner.to_owned())
}

/// What a heading inside a page is for, when it may also be a condition, a question or one of several ways.
pub fn part_of_page(title: &str) -> Option<Part> {
    part(title).or_else(|| {
        if title.trim_end().ends_with('?') {
            return Some(Part::Before);
        }
        (condition(title).is_some_and(|c| c == title.trim()) || is_way(title)).then_some(Part::Acts)
    })
}

/// A comment that names one of several ways: `For Kubernetes`, `Option B`.
pub fn is_way(title: &str) -> bool {
    let lower = title.to_lowercase();
    let leads = ["for ", "on ", "at ", "with ", "in ", "option ", "alternative", "method ", "using "];
    leads.iter().any(|s| lower.starts_with(s)) && lower.split_whitespace().count() <= 4
}

/// `if needed`, `when possible`.
pub fn is_condition(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    ["if ", "when ", "unless ", "only if ", "only when ", "in case "].iter().any(|s| lower.starts_with(s))
}

/// The condition that a step's title carries: in front, in parentheses, or behind.
pub fn condition_of_step(title: &str) -> Option<String> {
    if let Some(found) = condition(title) {
        return Some(found);
    }
    let plain = plain(title);
    let lower = plain.to_lowercase();
    if lower.len() != plain.len() {
        return None;
    }
    if lower.starts_with("or ") || lower.starts_with("alternatively") {
        return Some("alternative".into());
    }
    let pairs = Pairs::of(&lower);
    for lead in [" if ", " when necessary", " when needed", " when possible", " where needed"] {
        if !pairs.may_hold(lead) {
            continue;
        }
        let Some(at) = lower.rfind(lead) else { continue };
        let before = lower.get(..at).unwrap_or_default();
        let asks = words(before).last().is_some_and(|w| {
            [
                "check",
                "see",
                "verify",
                "determine",
                "know",
                "confirm",
                "test",
                "ask",
                "tell",
                "identify",
                "decide",
                "assess",
                "investigate",
                "and",
                "validate",
                "as",
                "even",
                "sure",
            ]
            .contains(&w.as_str())
        });
        if !asks {
            return plain.get(at + 1..).map(|t| t.trim_end_matches(['.', ':']).to_owned());
        }
    }
    None
}
