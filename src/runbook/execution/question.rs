//! From the words of a branch's condition to a question that the panes can answer.
//!
//! `If pods are crashlooping`, `if database issues`, `if memory > 80%`. What is not understood is no question: nobody
//! answers for the operator what a document did not ask.
use super::super::facts::limit::{self, Limit};

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Pods that start again and again.
    CrashLoop,
    OutOfMemory,
    /// Pods that wait for a place.
    Pending,
    /// Images that cannot be had.
    ImagePull,
    Pods,
    Nodes,
    Database,
    Connections,
    Replication,
    Redis,
    CacheHits,
    Memory,
    Cpu,
    Disk,
    ErrorRate,
    Latency,
    Load,
    Queue,
    Network,
    Certificate,
    /// Something was rolled out.
    Release,
    /// Something was changed, whatever it was.
    Change,
    Autoscaler,
}

/// What is asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    /// It is in trouble.
    Trouble,
    /// It is well.
    Well,
    /// It happened a short while ago.
    Recent,
    /// Its number compares so: the sign, the number, the unit.
    Compares(Limit),
}

/// One question to the panes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub subject: Subject,
    pub relation: Relation,
}

/// A condition as questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub asked: Vec<Asked>,
    /// One of them is enough.
    pub any: bool,
    /// Some of its words were not understood: the answer is a part of it.
    pub partly: bool,
}

/// Words, longest first, and what they ask about; the second is a change or a state that needs no other word.
const WORDS: &[(&str, Subject, bool)] = &[
    ("crashloopbackoff", Subject::CrashLoop, true),
    ("crash looping", Subject::CrashLoop, true),
    ("crash-looping", Subject::CrashLoop, true),
    ("crashlooping", Subject::CrashLoop, true),
    ("crashing", Subject::CrashLoop, true),
    ("crash loop", Subject::CrashLoop, true),
    ("crashloop", Subject::CrashLoop, true),
    ("restarting", Subject::CrashLoop, true),
    ("out of memory", Subject::OutOfMemory, true),
    ("oomkilled", Subject::OutOfMemory, true),
    ("oom killed", Subject::OutOfMemory, true),
    ("oom", Subject::OutOfMemory, true),
    ("imagepullbackoff", Subject::ImagePull, true),
    ("image pull", Subject::ImagePull, true),
    ("errimagepull", Subject::ImagePull, true),
    ("unschedulable", Subject::Pending, true),
    ("pending", Subject::Pending, true),
    ("replication", Subject::Replication, false),
    ("replica lag", Subject::Replication, false),
    ("lag", Subject::Replication, false),
    ("connection pool", Subject::Connections, false),
    ("connections", Subject::Connections, false),
    ("connection", Subject::Connections, false),
    ("too many clients", Subject::Connections, true),
    ("database", Subject::Database, false),
    ("postgresql", Subject::Database, false),
    ("postgres", Subject::Database, false),
    ("cache hit", Subject::CacheHits, false),
    ("hit rate", Subject::CacheHits, false),
    ("redis", Subject::Redis, false),
    ("cache", Subject::Redis, false),
    ("memory", Subject::Memory, false),
    ("cpu", Subject::Cpu, false),
    ("disk", Subject::Disk, false),
    ("filesystem", Subject::Disk, false),
    ("storage", Subject::Disk, false),
    ("error rate", Subject::ErrorRate, false),
    ("errors", Subject::ErrorRate, false),
    ("5xx", Subject::ErrorRate, true),
    ("latency", Subject::Latency, false),
    ("response time", Subject::Latency, false),
    ("slow responses", Subject::Latency, true),
    ("load", Subject::Load, false),
    ("traffic", Subject::Load, false),
    ("queue", Subject::Queue, false),
    ("backlog", Subject::Queue, false),
    ("network", Subject::Network, false),
    ("dns", Subject::Network, false),
    ("certificate", Subject::Certificate, false),
    ("tls", Subject::Certificate, false),
    ("deployment", Subject::Release, false),
    ("deploy", Subject::Release, false),
    ("release", Subject::Release, false),
    ("rollout", Subject::Release, false),
    ("change", Subject::Change, false),
    ("changed", Subject::Change, false),
    ("image", Subject::Release, false),
    ("hpa", Subject::Autoscaler, false),
    ("autoscaler", Subject::Autoscaler, false),
    ("autoscaling", Subject::Autoscaler, false),
    ("nodes", Subject::Nodes, false),
    ("node", Subject::Nodes, false),
    ("pods", Subject::Pods, false),
    ("pod", Subject::Pods, false),
];

/// Words of trouble.
const TROUBLE: &[&str] = &[
    "issue",
    "issues",
    "problem",
    "problems",
    "down",
    "failing",
    "fails",
    "failed",
    "failure",
    "failures",
    "error",
    "errors",
    "unhealthy",
    "unavailable",
    "unreachable",
    "exhausted",
    "exhaustion",
    "full",
    "high",
    "slow",
    "saturated",
    "broken",
    "expired",
    "expiring",
    "stuck",
    "overloaded",
    "related",
    "low",
    "lost",
    "timeout",
    "timeouts",
    "timing",
    "leak",
    "leaking",
    "elevated",
    "degraded",
    "crashed",
    "notready",
    "growing",
    "spike",
    "spikes",
    "corrupted",
    "refused",
    "blocked",
];
const WELL: &[&str] =
    &["healthy", "up", "available", "ok", "fine", "normal", "running", "recovered", "ready"];
const RECENT: &[&str] = &[
    "recent",
    "recently",
    "new",
    "last",
    "latest",
    "just",
    "began",
    "begins",
    "came",
    "started",
    "since",
    "changed",
    "introduced",
];

/// Reads a condition; none where nothing of it is understood.
pub fn question(words: &str) -> Option<Question> {
    let text: String = words.chars().take(300).collect();
    let lower = text.to_lowercase();
    let lower = lower.trim().trim_end_matches([':', '.', '?']);
    let lower = lower.strip_prefix("if ").or_else(|| lower.strip_prefix("when ")).unwrap_or(lower);
    let (any, parts): (bool, Vec<&str>) = if lower.contains(" or ") {
        (true, lower.split(" or ").collect())
    } else {
        (false, lower.split(" and ").collect())
    };
    let mut asked: Vec<Asked> = Vec::new();
    let mut partly = false;
    for part in parts {
        match one(part) {
            Some(one) if !asked.contains(&one) => asked.push(one),
            Some(_) => {}
            None => partly = true,
        }
    }
    (!asked.is_empty()).then_some(Question { asked, any, partly })
}

fn one(part: &str) -> Option<Asked> {
    let words: Vec<&str> =
        part.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let limit = limit::by_sign(part).or_else(|| limit::by_word(part));
    let negated = has(&["not", "no", "isn", "aren", "without", "never"]);
    // Of several subjects the one that says most counts: the list begins with them.
    let (_, subject, state) = WORDS.iter().find(|(word, ..)| holds(part, word))?;
    if let Some(limit) = limit.filter(|limit| !limit.sign.is_empty()) {
        return Some(Asked { subject: *subject, relation: Relation::Compares(limit) });
    }
    if *state {
        let relation = if negated { Relation::Well } else { Relation::Trouble };
        return Some(Asked { subject: *subject, relation });
    }
    if matches!(subject, Subject::Change | Subject::Release) {
        return (has(RECENT) && !negated).then_some(Asked { subject: *subject, relation: Relation::Recent });
    }
    // `not responding` is trouble, `not healthy` as well, and `not full` is none.
    let relation = match (has(TROUBLE), has(WELL), negated) {
        (true, _, false) | (false, true, true) => Relation::Trouble,
        (true, _, true) | (false, true, false) => Relation::Well,
        (false, false, true) if has(&["responding", "working", "reachable", "accepting", "serving"]) => {
            Relation::Trouble
        }
        _ => return None,
    };
    Some(Asked { subject: *subject, relation })
}

/// The word stands in the text, as a word.
fn holds(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        apart(text.get(..at).and_then(|text| text.chars().next_back()))
            && apart(text.get(at + word.len()..).and_then(|text| text.chars().next()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each subject with its relation; `any` in front where one is enough, `…` behind where words are left.
    fn read(words: &str) -> String {
        let Some(question) = question(words) else { return String::new() };
        let told = question.asked.iter().map(|asked| {
            let relation = match &asked.relation {
                Relation::Trouble => "trouble".to_owned(),
                Relation::Well => "well".to_owned(),
                Relation::Recent => "recent".to_owned(),
                Relation::Compares(limit) => limit.text(),
            };
            format!("{:?} {relation}", asked.subject)
        });
        let told = told.collect::<Vec<_>>().join(", ");
        let (any, more) = (if question.any { "any " } else { "" }, if question.partly { " …" } else { "" });
        format!("{any}{told}{more}")
    }

    #[test]
    fn conditions_become_questions_to_the_panes() {
        for (words, told) in [
            ("If pods are crashlooping", "CrashLoop trouble"),
            ("If database issues", "Database trouble"),
            ("if memory > 80%", "Memory > 80%"),
            ("if CPU is above 90 percent", "Cpu > 90 percent"),
            ("if recent change", "Change recent"),
            ("if load related", "Load trouble"),
            ("If it began with a new image", "Release recent"),
            ("if it came with a release", "Release recent"),
            ("if the configuration was changed", "Change recent"),
            ("if HPA not responding", "Autoscaler trouble"),
            ("When the database is healthy:", "Database well"),
            ("high_latency", "Latency trouble"),
            ("if the disk is not full", "Disk well"),
        ] {
            assert_eq!(read(words), told, "{words}");
        }
    }

    #[test]
    fn of_several_conditions_each_is_asked_and_what_is_not_understood_is_said() {
        assert_eq!(read("if OOM or transient"), "any OutOfMemory trouble …");
        assert_eq!(read("if disk is full and the queue is growing"), "Disk trouble, Queue trouble");
    }

    #[test]
    fn what_nobody_can_answer_is_no_question() {
        for words in ["if needed", "if configured", "For Kubernetes", "if justified", ""] {
            assert_eq!(read(words), "", "{words}");
        }
    }
}
