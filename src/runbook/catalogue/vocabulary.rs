//! The words by which teams name the parts of their documents.
use super::super::facts::cadence;
use super::super::words::{Lexicon, Pairs, Words, lower};
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

const FILLERS: &str = "\
    the a an possible potential probable likely common recommended suggested initial immediate further additional
    detailed quick full and or first second third short long term phase section step steps of to how for
    in on this it your general basic best guide guidelines plan instructions actions action tasks
    activities part if needed required optional manual s by";

const DESCRIBES: &str = "\
    meaning impact overview summary description background context purpose scope details severity
    explanation introduction intro architecture cause causes root why about audience definition
    definitions metrics behavior behaviour severities dependencies rationale trigger triggers effect
    effects alert alerts what is does mean means happened happens problem service services customer user
    business priority objective goal goals theory concepts facts expected notes note information info
    statement issue query expression threshold thresholds rule";

const SYMPTOMS: &str = "\
    symptom symptoms signs indicators indications observed detection identification";

const BEFORE: &str = "\
    prerequisites prerequisite requirements requires preconditions assumptions access before you begin
    start tools permissions needs need dependencies preparations pre requisites";

const ACTS: &str = "\
    way ways method methods approach approaches afterwards alternative look act then finally at last begin end finish diagnosis diagnose diagnosing diagnostic diagnostics investigation investigate investigating triage
    debug debugging troubleshoot troubleshooting analysis assessment assess mitigation mitigations
    mitigate resolution resolutions resolve resolving remediation remediate remedy solution solutions
    fix fixes fixing workaround workarounds recovery recover verification verify verifying validation
    validate rollback backout roll back containment contain eradication eradicate response respond next
    follow up followup post incident postmortem mortem cleanup clean prevention preventive prevent
    measures avoid communication checks check preparation prepare execution execute implementation
    testing test confirm confirmation restoration restore correction corrective repair handling checking
    undo revert reporting after during stabilize stabilization isolation what do cause root";

const STEPS: &str = "\
    steps step procedure procedures instructions process tasks task checklist commands command actions
    action playbook runbook workflow howto method";

const META: &str = "\
    reference references link links related resources resource reading contact contacts escalation
    escalate escalating version history changelog table contents content toc dashboard dashboards owner
    owners ownership revision revisions document documentation appendix glossary faq see also path paths
    external maintainers team support metadata remarks comments tags runbook author authors slack
    channels index more learn playbooks runbooks articles docs matrix call on";

/// Words that say something only beside another: `Roll back`, `Follow up`, `Escalation path`.
const FRAGMENTS: &str = "roll back up follow do what cause root at post clean after during mortem path paths matrix call on team support more \
     tags runbook runbooks also see table content contents service services user customer business issue problem rule";

/// Which of the lists above a word is in; parts are tried in this order.
static WORDS: Lexicon<8> = Lexicon::new([FILLERS, FRAGMENTS, BEFORE, SYMPTOMS, DESCRIBES, ACTS, META, STEPS]);

const PARTS: [(u8, Part); 6] = [
    (1 << 2, Part::Before),
    (1 << 3, Part::Symptoms),
    (1 << 4, Part::Describes),
    (1 << 5, Part::Acts),
    (1 << 6, Part::Meta),
    (1 << 7, Part::Steps),
];
const FILLER: u8 = 1;
const FRAGMENT: u8 = 1 << 1;
const ACTING: u8 = 1 << 5;
const FRAME: u8 = 1 << 7;
/// More words than this are a sentence.
const MOST: usize = 6;

/// What a title inside a runbook says that its part is for; none when it is the thing itself.
pub fn part(title: &str) -> Option<Part> {
    let title = plain(title);
    let lower = lower(&title);
    let lower = memchr::memchr(b'(', lower.as_bytes()).and_then(|at| lower.get(..at)).unwrap_or(&lower);
    let lower = number(lower).map_or(lower, |(_, rest)| rest);
    if let Some(told) = part_by_start(lower) {
        return Some(told);
    }
    let mut all = [("", 0_u8); MOST];
    let mut slots = all.iter_mut();
    for word in lower.split(|c: char| !is_letter(c)).filter(|w| !w.is_empty()) {
        *slots.next()? = (word, WORDS.lists(word));
    }
    let left = slots.len();
    let all = all.get(..MOST - left).filter(|all| !all.is_empty())?;
    let told = || all.iter().filter(|(_, lists)| lists & FILLER == 0);
    let (count, lists) = (told().count(), told().fold(u8::MAX, |every, (_, lists)| every & lists));
    if count == 0 {
        return all.iter().any(|(_, lists)| lists & FRAME != 0).then_some(Part::Steps);
    }
    if count == 1 && lists & FRAGMENT != 0 {
        return None;
    }
    // `Recovery Procedures` names a thing of its own, `Recovery` a part of one.
    if count > 1
        && told().any(|(w, _)| w.starts_with("procedure"))
        && told().any(|(w, _)| ["recovery", "restore", "restoration", "response", "incident"].contains(w))
    {
        return None;
    }
    if let Some((_, part)) = PARTS.iter().find(|(list, _)| lists & list != 0) {
        return Some(*part);
    }
    let mixed = told().all(|(_, lists)| lists & !(FILLER | FRAGMENT) != 0);
    let acts = told().filter(|(_, lists)| lists & ACTING != 0).count();
    (mixed && acts * 2 >= count).then_some(Part::Acts)
}

/// What a title is for when its first words, or its last, say it; in small letters.
fn part_by_start(lower: &str) -> Option<Part> {
    if matches!(lower.trim(), "before" | "during" | "after") {
        return Some(Part::Acts);
    }
    let starts: &[&str] = match lower.as_bytes().first() {
        Some(b'p') => &["pre-", "post-"],
        Some(b'd') => &["during "],
        Some(b'b') => &["before "],
        Some(b'a') => &["after "],
        _ => &[],
    };
    for start in starts {
        let rest = lower.strip_prefix(start).unwrap_or_default();
        if !rest.is_empty() && words(rest).len() <= 3 && !lower.starts_with("before you") {
            return Some(if *start == "before " { Part::Before } else { Part::Acts });
        }
    }
    if ["set up", "setup", "set variables", "set environment variables"].contains(&lower.trim()) {
        return Some(Part::Before);
    }
    lower.trim_end().ends_with(" phase").then_some(Part::Acts)
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
    let name = lower(name.trim());
    NAMES.contains(&name.as_ref())
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
    NAMES.contains(&lower(name.trim()).as_ref())
}

/// Labels of what should come out.
pub fn is_expected(name: &str) -> bool {
    let name = name.trim();
    // Most labels begin with another letter.
    if !name.starts_with(['e', 'E', 'o', 'O', 'r', 'R', 's', 'S', 'y', 'Y']) {
        return false;
    }
    let lower = lower(name);
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
    .any(|start| *lower == **start || lower.strip_prefix(start).is_some_and(|rest| rest.starts_with(' ')))
}

/// A label that says when, not what: `If the disk is full`, `For Kubernetes`, `Option B`.
pub fn condition(title: &str) -> Option<String> {
    condition_of(&plain(title))
}

/// The same for a title without its marks.
fn condition_of(title: &str) -> Option<String> {
    let title = title.trim_end_matches(':').trim();
    if leads(title) {
        return Some(title.to_owned());
    }
    let (_, inner) = super::text::parenthesis(title)?;
    is_condition(inner).then(|| inner.to_owned())
}

/// Whether a title begins like a condition, or like one of several ways.
pub fn leads(title: &str) -> bool {
    // Most titles begin with another letter.
    if !title.starts_with([
        'i', 'w', 'u', 'o', 'e', 'f', 'a', 'm', 's', 'c', 'I', 'W', 'U', 'O', 'E', 'F', 'A', 'M', 'S', 'C',
    ]) {
        return false;
    }
    let lower = lower(title);
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
    let optional = ["option ", "alternative", "method ", "approach ", "scenario ", "case "];
    leads.iter().any(|s| lower.starts_with(s))
        || optional.iter().any(|s| {
            lower.strip_prefix(s).is_some_and(|rest| {
                rest.chars().next().is_none_or(|c| {
                    c.is_ascii_digit() || c == ':' || rest.chars().nth(1).is_none_or(|n| !n.is_alphanumeric())
                })
            })
        })
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
    // Most titles have more words, or begin with another letter.
    if !title.starts_with(['f', 'o', 'a', 'w', 'i', 'm', 'u', 'F', 'O', 'A', 'W', 'I', 'M', 'U']) {
        return false;
    }
    let lower = lower(title);
    let leads = ["for ", "on ", "at ", "with ", "in ", "option ", "alternative", "method ", "using "];
    leads.iter().any(|s| lower.starts_with(s)) && lower.split_whitespace().count() <= 4
}

/// `if needed`, `when possible`.
pub fn is_condition(text: &str) -> bool {
    let lower = lower(text.trim());
    ["if ", "when ", "unless ", "only if ", "only when ", "in case "].iter().any(|s| lower.starts_with(s))
}

/// The condition that a step's title, without its marks, carries: in front, in parentheses, or behind.
pub fn condition_of_step(plain: &str) -> Option<String> {
    if let Some(found) = condition_of(plain) {
        return Some(found);
    }
    let lower = lower(plain);
    if lower.len() != plain.len() {
        return None;
    }
    if lower.starts_with("or ") || lower.starts_with("alternatively") {
        return Some("alternative".into());
    }
    // Each of them begins behind a blank, and most words begin otherwise.
    let bytes = lower.as_bytes();
    if !memchr::memchr_iter(b' ', bytes).any(|at| matches!(bytes.get(at + 1), Some(b'i' | b'w'))) {
        return None;
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
