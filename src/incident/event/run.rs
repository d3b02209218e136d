//! The events of a runbook's run: opened, values given, steps started, ended, ticked, skipped.
//!
//! A step and a command are named by their place in the runbook as it was when the run began, counted from 0; the
//! document is kept beside the journal, so that the places stay true when the file changes.
use serde::{Deserialize, Serialize};

use super::{Output, Target, Tier};

/// A runbook was opened to be worked through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOpened {
    /// Unique wherever the journal is read.
    pub run: String,
    /// The document's path as the settings name it, and its title.
    pub path: String,
    pub document: String,
    pub runbook: String,
    pub line: u32,
    /// The document as it was.
    #[serde(default)]
    pub kept: Option<Output>,
    /// The box on which its steps run when nothing else is said.
    pub host: String,
    /// The alert it was opened for.
    #[serde(default)]
    pub alert: Option<Target>,
    pub by: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunClosed {
    pub run: String,
    /// All of it was done, or it was left.
    pub done: bool,
    #[serde(default)]
    pub why: String,
    pub by: String,
}

/// A value for a placeholder; the last one of a name stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueGiven {
    pub run: String,
    pub name: String,
    /// Empty for a secret: it is never written.
    pub value: String,
    #[serde(default)]
    pub secret: bool,
    /// `alert`, `selection`, `candidate`, `environment`, `default`, `operator`.
    pub origin: String,
    pub by: String,
}

/// Which command of which step; without `command`, one that the operator wrote there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct At {
    pub run: String,
    pub step: u32,
    #[serde(default)]
    pub command: Option<u32>,
}

/// Which statement of which runner's session; the session is the name of the runner's directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Order {
    pub session: String,
    /// Counts from 1 in a session.
    pub statement: u64,
}

/// A command was sent to its runner; written before it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepStarted {
    #[serde(flatten)]
    pub at: At,
    #[serde(flatten)]
    pub order: Order,
    /// The step's number as the document has it, and the command's lines there.
    pub n: String,
    pub line: u32,
    pub end_line: u32,
    /// As it runs, with its values, secrets hidden.
    pub text: String,
    /// The operator changed it.
    #[serde(default)]
    pub edited: bool,
    pub tier: Tier,
    pub why: String,
    /// Where it runs.
    pub host: String,
    #[serde(default)]
    pub workdir: String,
    #[serde(default)]
    pub context: String,
    #[serde(default)]
    pub namespace: String,
    #[serde(default)]
    pub namespace_origin: String,
    /// Which revision of which question was answered; none for what only reads.
    #[serde(default)]
    pub question: Option<u64>,
    #[serde(default)]
    pub revision: u32,
    #[serde(default)]
    pub typed: Option<String>,
    #[serde(default)]
    pub reason: Option<String>,
    pub by: String,
}

/// How a statement came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The exit codes of the parts of its last pipe, the last part's last.
    Exit(Vec<i32>),
    /// Stopped by the operator; the session is gone with it.
    Stopped,
    /// The shell itself ended: `exit`, `exec`, a signal; its variables are gone.
    ShellGone,
    /// The runner is dead, and nobody knows what became of it.
    Interrupted,
    /// It was never started.
    NotStarted,
}

/// What a command came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Ok,
    /// A search that found nothing, of which every other part went well.
    NoMatches,
    /// It only read, and what it read is bad: an answer, and no failure of the command.
    Trouble,
    /// Nothing is known; never good.
    NoData,
    /// Done; whether it helped is not yet seen.
    Accepted,
    Failed,
    /// Stopped by the operator.
    Stopped,
    /// Ended with its shell.
    Lost,
    /// Its runner is dead.
    Interrupted,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepEnded {
    #[serde(flatten)]
    pub at: At,
    #[serde(flatten)]
    pub order: Order,
    pub end: End,
    pub verdict: Verdict,
    /// Why so, or the result in a few words.
    #[serde(default)]
    pub says: String,
    pub milliseconds: u64,
    /// Standard output and standard error, as files beside the journal.
    #[serde(default)]
    pub output: Vec<Output>,
}

/// What was `accepted` is now known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepSettled {
    #[serde(flatten)]
    pub at: At,
    pub verdict: Verdict,
    #[serde(default)]
    pub says: String,
    /// It was answered over the session that a pane holds, whatever its own shell had come to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

/// A session ended while nothing ran in it, and what it held with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellEnded {
    pub run: String,
    pub session: String,
    pub end: End,
    #[serde(default)]
    pub says: String,
}

/// Done by hand, or not done after all; without an item, the whole step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTicked {
    pub run: String,
    pub step: u32,
    #[serde(default)]
    pub item: Option<u32>,
    pub ticked: bool,
    pub by: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepSkipped {
    pub run: String,
    pub step: u32,
    pub reason: String,
    pub by: String,
    /// Taken back again.
    #[serde(default)]
    pub no_longer: bool,
}

/// Of alternatives, this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchChosen {
    pub run: String,
    /// The step that asks to choose; none where the whole runbook is a menu.
    #[serde(default)]
    pub step: Option<u32>,
    pub chosen: u32,
    pub by: String,
    /// Taken back again.
    #[serde(default)]
    pub no_longer: bool,
}

#[cfg(test)]
mod tests {
    use super::super::{Event, What};
    use super::*;
    use crate::domain::time::Timestamp;

    fn at() -> At {
        At { run: "r1".into(), step: 2, command: Some(3) }
    }

    fn order() -> Order {
        Order { session: "s1".into(), statement: 7 }
    }

    fn output() -> Output {
        Output { file: "out-1".into(), size: 3, sha256: "ab".into() }
    }

    fn started(command: Option<u32>) -> What {
        What::StepStarted(Box::new(StepStarted {
            at: At { command, ..at() },
            order: order(),
            n: "3a".into(),
            line: 40,
            end_line: 42,
            text: "kubectl get pods\n-n yard \u{1f6a8} \"x\"".into(),
            edited: true,
            tier: Tier::Danger,
            why: "deletes".into(),
            host: "jump-1".into(),
            workdir: "/srv".into(),
            context: "yard".into(),
            namespace: "n".into(),
            namespace_origin: "flag".into(),
            question: Some(4),
            revision: 2,
            typed: Some("crane".into()),
            reason: Some("it burns".into()),
            by: "ada".into(),
        }))
    }

    fn ended(end: End, verdict: Verdict) -> What {
        What::StepEnded(Box::new(StepEnded {
            at: at(),
            order: order(),
            end,
            verdict,
            says: "3 pods".into(),
            milliseconds: 12,
            output: vec![output()],
        }))
    }

    /// One of each kind, with everything in it that may be there.
    fn all() -> Vec<What> {
        let target = Target {
            context: "yard".into(),
            kind: "alert".into(),
            namespace: String::new(),
            name: "CraneDown".into(),
            uid: "u".into(),
        };
        let opened = RunOpened {
            run: "r1".into(),
            path: "docs/yard.md".into(),
            document: "Yard".into(),
            runbook: "Crane".into(),
            line: 9,
            kept: Some(output()),
            host: "jump-1".into(),
            alert: Some(target),
            by: "ada".into(),
        };
        let by = || "ada".to_owned();
        let mut all = vec![
            What::RunOpened(Box::new(opened)),
            What::RunClosed(RunClosed { run: "r1".into(), done: true, why: "over".into(), by: by() }),
            What::ValueGiven(ValueGiven {
                run: "r1".into(),
                name: "POD".into(),
                value: String::new(),
                secret: true,
                origin: "operator".into(),
                by: by(),
            }),
            started(Some(3)),
            started(None),
            What::StepSettled(StepSettled {
                at: at(),
                verdict: Verdict::Failed,
                says: "x".into(),
                held: true,
            }),
            What::ShellEnded(ShellEnded {
                run: "r1".into(),
                session: "s1".into(),
                end: End::ShellGone,
                says: "left".into(),
            }),
            What::StepTicked(StepTicked { run: "r1".into(), step: 1, item: Some(0), ticked: true, by: by() }),
            What::StepSkipped(StepSkipped {
                run: "r1".into(),
                step: 1,
                reason: "done".into(),
                by: by(),
                no_longer: true,
            }),
            What::BranchChosen(BranchChosen {
                run: "r1".into(),
                step: None,
                chosen: 4,
                by: by(),
                no_longer: true,
            }),
        ];
        for end in
            [End::Exit(vec![0, 141, -1]), End::Stopped, End::ShellGone, End::Interrupted, End::NotStarted]
        {
            all.push(ended(end, Verdict::Ok));
        }
        for verdict in [
            Verdict::NoMatches,
            Verdict::Trouble,
            Verdict::NoData,
            Verdict::Accepted,
            Verdict::Failed,
            Verdict::Stopped,
            Verdict::Lost,
            Verdict::Interrupted,
        ] {
            all.push(ended(End::Exit(Vec::new()), verdict));
        }
        all
    }

    #[test]
    fn every_event_of_a_run_survives_the_file() {
        for what in all() {
            let event = Event {
                incident: "day-1".into(),
                writer: "w".into(),
                n: 1,
                prev: String::new(),
                at: Timestamp(1_700_000_000_123),
                what,
                rest: Vec::new(),
            };
            let line = serde_json::to_string(&event).expect("it is written");
            let read: Event = serde_json::from_str(&line).expect("it is read");
            assert_eq!(read, event, "{line}");
            assert!(!matches!(read.what, What::Other(_)), "{line}");
        }
    }

    #[test]
    fn where_and_in_which_order_stand_beside_the_other_fields_of_the_line() {
        let line = serde_json::to_value(started(Some(3))).expect("it is written");
        let body = line.get("body").expect("a body");
        for (name, value) in [("run", "r1"), ("session", "s1"), ("n", "3a"), ("host", "jump-1")] {
            assert_eq!(body.get(name).and_then(serde_json::Value::as_str), Some(value), "{line}");
        }
        for (name, value) in [("step", 2), ("command", 3), ("statement", 7)] {
            assert_eq!(body.get(name).and_then(serde_json::Value::as_u64), Some(value), "{line}");
        }
    }

    #[test]
    fn a_line_of_before_a_field_was_added_is_read() {
        let line = r#"{"kind":"step-started","body":{"run":"r","step":1,"session":"s","statement":1,"n":"1",
            "line":3,"end_line":3,"text":"uptime","tier":"read","why":"reads","host":"h","by":"ada","later":[1]}}"#;
        let what: What = serde_json::from_str(line).expect("it is read");
        let What::StepStarted(started) = what else { panic!("{what:?}") };
        assert_eq!((started.at.command, started.edited, started.question), (None, false, None));
    }
}
