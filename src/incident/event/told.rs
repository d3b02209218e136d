//! The events of an incident itself: opened, judged, acknowledged, mended, handed over, and what is left of it.
use serde::{Deserialize, Serialize};

use super::{At, Target, instant};
use crate::domain::time::Timestamp;

/// Somebody says that something is wrong and is being worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentOpened {
    pub title: String,
    /// On the document's own scale; none where there is no document, or it has no scale.
    #[serde(default)]
    pub severity: Option<String>,
    #[serde(default)]
    pub scale: Option<Place>,
    /// The time to answer, in the document's words: `15 minutes`, `next business day`.
    #[serde(default)]
    pub response: Option<String>,
    /// The time to recover, in the document's words.
    #[serde(default)]
    pub rto: Option<String>,
    /// Within what time of the end the document wants it looked back upon, in its words.
    #[serde(default)]
    pub review: Option<String>,
    pub from: OpenedFrom,
    /// When it was first known: when its alert began, or when it was opened.
    #[serde(with = "instant")]
    pub detected: Timestamp,
    #[serde(default)]
    pub profile: String,
    pub by: String,
}

/// A line of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub path: String,
    pub line: u32,
}

/// What an incident was opened from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpenedFrom {
    Alert(Target),
    /// The name of a run, which says its runbook.
    Run(String),
    Hand,
}

/// Another severity; what it brings with it is said anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeveritySet {
    pub severity: String,
    #[serde(default)]
    pub scale: Option<Place>,
    #[serde(default)]
    pub response: Option<String>,
    #[serde(default)]
    pub rto: Option<String>,
    #[serde(default)]
    pub why: String,
    pub by: String,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Milestone {
    Acknowledged,
    /// It no longer hurts, though its cause may stand.
    Mitigated,
    Resolved,
    Closed,
    /// It is not over after all.
    Reopened,
}

impl Milestone {
    pub fn name(self) -> &'static str {
        match self {
            Milestone::Acknowledged => "acknowledged",
            Milestone::Mitigated => "mitigated",
            Milestone::Resolved => "resolved",
            Milestone::Closed => "closed",
            Milestone::Reopened => "reopened",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MilestoneSet {
    pub milestone: Milestone,
    /// When it was so, which may be before it was said.
    #[serde(with = "instant")]
    pub at: Timestamp,
    #[serde(default)]
    pub says: String,
    pub by: String,
}

/// Who does what; without a person, nobody does it any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleSet {
    /// `commander`, `scribe`, or any other word.
    pub role: String,
    #[serde(default)]
    pub person: String,
    pub by: String,
}

/// Something was set for a while and has to be taken back. The same name again changes what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasureOpened {
    /// Unique wherever the journal is read.
    pub measure: String,
    pub what: String,
    #[serde(default)]
    pub target: Option<Target>,
    /// The value before, as it was read; empty when nobody read it.
    #[serde(default)]
    pub prior: String,
    #[serde(default)]
    pub now: String,
    /// The command that takes it back; empty when nobody knows one.
    #[serde(default)]
    pub revert: String,
    #[serde(default)]
    pub owner: String,
    #[serde(default, with = "maybe", skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// The run and the step that set it.
    #[serde(default)]
    pub made_by: Option<At>,
    pub by: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    Reverted,
    /// It may stay.
    Dismissed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasureClosed {
    pub measure: String,
    pub ended: Ended,
    #[serde(default)]
    pub why: String,
    pub by: String,
}

/// Whether a measure was still in force when the system was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stands {
    Yes,
    No,
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasureSeen {
    pub measure: String,
    pub stands: Stands,
    /// What was read, or why nothing could be.
    #[serde(default)]
    pub says: String,
}

/// A line of the time line that matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryPinned {
    /// As the time line names it.
    pub entry: String,
    pub by: String,
    /// Taken back again.
    #[serde(default)]
    pub no_longer: bool,
}

/// A runbook's run belongs to this incident, wherever its events stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunJoined {
    pub run: String,
    /// The journal that has its events; empty for this one.
    #[serde(default)]
    pub journal: String,
    /// How many steps its runbook has, where that is known.
    #[serde(default)]
    pub steps: Option<u32>,
    pub by: String,
}

/// Somebody else has it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOver {
    pub to: String,
    #[serde(default)]
    pub says: String,
    pub by: String,
}

/// A time that may be missing.
mod maybe {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Timestamp, instant};

    #[derive(Serialize, Deserialize)]
    struct Told(#[serde(with = "instant")] Timestamp);

    #[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
    pub(super) fn serialize<S: Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
        at.map(Told).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<Told>::deserialize(from)?.map(|told| told.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::line::{decode, encode};
    use crate::incident::{Event, What};

    fn pod() -> Target {
        Target {
            context: "prod".into(),
            kind: "alert".into(),
            namespace: String::new(),
            name: "DatabaseFull".into(),
            uid: String::new(),
        }
    }

    /// One of each kind, with everything filled in.
    fn all() -> Vec<(&'static str, What)> {
        let by = || "ann".to_owned();
        let scale = || Some(Place { path: "docs/oncall.md".into(), line: 12 });
        let at = At { run: "r1".into(), step: 3, command: Some(0) };
        vec![
            (
                "incident-opened",
                What::IncidentOpened(Box::new(IncidentOpened {
                    title: "no connections left".into(),
                    severity: Some("P1".into()),
                    scale: scale(),
                    response: Some("15 minutes".into()),
                    rto: Some("4 hours".into()),
                    review: Some("48 hours".into()),
                    from: OpenedFrom::Alert(pod()),
                    detected: Timestamp(1_767_312_000_123),
                    profile: "shop".into(),
                    by: by(),
                })),
            ),
            (
                "severity-set",
                What::SeveritySet(SeveritySet {
                    severity: "P2".into(),
                    scale: scale(),
                    response: Some("1 hour".into()),
                    rto: None,
                    why: "one region only".into(),
                    by: by(),
                }),
            ),
            (
                "milestone-set",
                What::MilestoneSet(MilestoneSet {
                    milestone: Milestone::Mitigated,
                    at: Timestamp(1_767_312_000_000),
                    says: "the pool is 30 for now".into(),
                    by: by(),
                }),
            ),
            ("role-set", What::RoleSet(RoleSet { role: "commander".into(), person: "joe".into(), by: by() })),
            (
                "measure-opened",
                What::MeasureOpened(Box::new(MeasureOpened {
                    measure: "m1".into(),
                    what: "pool size".into(),
                    target: Some(pod()),
                    prior: "10".into(),
                    now: "30".into(),
                    revert: "kubectl set env deploy/api POOL=10".into(),
                    owner: "joe".into(),
                    due: Some(Timestamp(1_767_398_400_000)),
                    made_by: Some(at),
                    by: by(),
                })),
            ),
            (
                "measure-closed",
                What::MeasureClosed(MeasureClosed {
                    measure: "m1".into(),
                    ended: Ended::Reverted,
                    why: "the leak is gone".into(),
                    by: by(),
                }),
            ),
            (
                "measure-seen",
                What::MeasureSeen(MeasureSeen {
                    measure: "m1".into(),
                    stands: Stands::Unknown,
                    says: "forbidden".into(),
                }),
            ),
            (
                "entry-pinned",
                What::EntryPinned(EntryPinned { entry: "i/w/3".into(), by: by(), no_longer: true }),
            ),
            (
                "run-joined",
                What::RunJoined(RunJoined {
                    run: "r1".into(),
                    journal: "day-2026-01-02".into(),
                    steps: Some(7),
                    by: by(),
                }),
            ),
            (
                "handed-over",
                What::HandedOver(HandedOver { to: "joe".into(), says: "watch the pool".into(), by: by() }),
            ),
        ]
    }

    fn event(what: What) -> Event {
        Event {
            incident: "inc".into(),
            writer: "w".into(),
            n: 1,
            prev: String::new(),
            at: Timestamp(1_767_312_000_123),
            what,
            rest: Vec::new(),
        }
    }

    #[test]
    fn every_kind_comes_out_of_its_line_as_it_went_in_and_bears_its_name() {
        for (kind, what) in all() {
            let event = event(what);
            let line = encode(&event).expect("a line");
            assert!(line.contains(&format!("\"kind\":\"{kind}\"")), "{line}");
            assert_eq!(event.what.kind(), kind);
            assert_eq!(decode(&line), Ok(event));
        }
    }

    #[test]
    fn a_line_of_the_first_day_needs_only_what_that_day_had() {
        for (kind, body) in [
            (
                "incident-opened",
                r#"{"title":"t","from":"hand","detected":"2026-01-02T00:00:00.000Z","by":"a"}"#,
            ),
            (
                "incident-opened",
                r#"{"title":"t","from":{"run":"r"},"detected":"2026-01-02T00:00:00.000Z","by":"a"}"#,
            ),
            ("severity-set", r#"{"severity":"P1","by":"a"}"#),
            (
                "milestone-set",
                r#"{"milestone":"acknowledged","at":"2026-01-02T00:00:00.000Z","by":"a","new":1}"#,
            ),
            ("role-set", r#"{"role":"scribe","by":"a"}"#),
            ("measure-opened", r#"{"measure":"m","what":"w","by":"a"}"#),
            ("measure-closed", r#"{"measure":"m","ended":"dismissed","by":"a"}"#),
            ("measure-seen", r#"{"measure":"m","stands":"yes"}"#),
            ("entry-pinned", r#"{"entry":"e","by":"a"}"#),
            ("run-joined", r#"{"run":"r","by":"a"}"#),
            ("handed-over", r#"{"to":"b","by":"a"}"#),
        ] {
            let what: What =
                serde_json::from_str(&format!(r#"{{"kind":"{kind}","body":{body}}}"#)).expect("readable");
            assert!(!matches!(what, What::Other(_)), "{what:?}");
            assert_eq!(what.kind(), kind);
        }
    }

    #[test]
    fn a_milestone_of_a_later_version_goes_through_untouched() {
        let text = r#"{"kind":"milestone-set","body":{"milestone":"blessed","at":5,"by":"a"}}"#;
        let what: What = serde_json::from_str(text).expect("readable");
        assert!(matches!(what, What::Other(_)), "{what:?}");
        let whole: serde_json::Value = serde_json::from_str(text).expect("json");
        assert_eq!(serde_json::to_value(&what).expect("json"), whole);
    }
}
