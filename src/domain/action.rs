//! What firedeck itself can do to a cluster, and what comes of it. Asking first is `approval`'s business.
use super::Text;
use super::alert::Matcher;
use super::approval::Tier;
use super::object::ObjectRef;
use super::text::clean;
use super::time::Timestamp;

/// One change to one object, with the condition under which it may still be made.
///
/// The condition travels in the request itself, so the server refuses when the object has changed since
/// the operator read the question.
#[derive(Debug, Clone, PartialEq)]
pub struct Native {
    pub target: ObjectRef,
    /// Identity; an object of the same name made anew is another object.
    pub uid: Text,
    pub verb: Verb,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Verb {
    Restart,
    /// `from` is part of the condition.
    Scale {
        from: u32,
        to: u32,
    },
    /// Back to a revision; `None` is the one before. The look fills it in.
    Undo {
        to: Option<u64>,
    },
    SetImage {
        container: Text,
        from: Text,
        to: Text,
    },
    Delete {
        grace_seconds: Option<u32>,
        force: bool,
    },
    Cordon,
    Uncordon,
    Drain {
        grace_seconds: Option<u32>,
        force: bool,
    },
    /// A container of an engine begins, or ends.
    Start,
    Stop {
        grace_seconds: Option<u32>,
    },
    /// A session's query ends, the session stays.
    Cancel,
    /// A session ends, and what it had not committed is undone. `frees` others wait for it.
    Terminate {
        frees: u32,
    },
    /// A client of a Redis loses its connection.
    Disconnect,
    /// What keeps a Redis busy ends: a function, or else a script.
    EndScript {
        function: bool,
    },
    /// Alerts that match are no longer told, for a while.
    Silence {
        matchers: Vec<Matcher>,
        seconds: u64,
        comment: String,
    },
    /// A silence ends that much later. The look fills in when that is.
    Extend {
        seconds: u64,
        until: Option<Timestamp>,
    },
    /// A silence ends now.
    Expire,
    /// Statements go over the session with a database that is held, each text as one.
    Query {
        sql: Vec<String>,
        /// The highest of them.
        risk: Tier,
        /// Where they would have gone, if that is not seen to be this server; empty where it is.
        meant: String,
    },
    /// A terminal in a container.
    Shell {
        container: Text,
        command: Vec<String>,
    },
}

impl Verb {
    /// `restart`, as the journal and the keys name it.
    pub fn name(&self) -> &'static str {
        match self {
            Verb::Restart => "restart",
            Verb::Scale { .. } => "scale",
            Verb::Undo { .. } => "undo",
            Verb::SetImage { .. } => "set image",
            Verb::Delete { force: true, .. } => "force delete",
            Verb::Delete { .. } => "delete",
            Verb::Cordon => "cordon",
            Verb::Uncordon => "uncordon",
            Verb::Drain { .. } => "drain",
            Verb::Start => "start",
            Verb::Stop { .. } => "stop",
            Verb::Cancel => "cancel",
            Verb::Terminate { .. } => "terminate",
            Verb::Disconnect => "disconnect",
            Verb::EndScript { function: true } => "end function",
            Verb::EndScript { function: false } => "end script",
            Verb::Silence { .. } => "silence",
            Verb::Extend { .. } => "extend",
            Verb::Expire => "expire",
            Verb::Query { .. } => "query",
            Verb::Shell { .. } => "shell",
        }
    }
}

/// What a read-only look found out before the question can be answered; at most two seconds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Findings {
    /// The actions with what the look filled in: revisions, current values, `generation` of the object.
    pub actions: Vec<Looked>,
    /// Access review, server-side.
    pub allowed: Check,
    /// `3 → 5 replicas`; `image 7.3.0 → 7.2.9 (revision 14 → 13), 3 pods replaced`; a line each.
    pub effect: Vec<String>,
    /// Who would undo or fight it: an HPA, Argo CD, Flux, Helm; what a PDB blocks.
    pub warnings: Vec<String>,
    /// How it is taken back; empty when it cannot be.
    pub undo: String,
    /// What was kept before the change, and where.
    pub kept: Vec<String>,
    /// Who the server says we are.
    pub identity: Option<String>,
    /// Checks that could not be made in time; each raises the question one tier.
    pub unchecked: Vec<String>,
    /// The target was seen to be gone or another one: the only finding that refuses.
    pub drift: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Check {
    Yes,
    No(String),
    #[default]
    NotChecked,
}

/// An action as the look left it.
#[derive(Debug, Clone, PartialEq)]
pub struct Looked {
    pub native: Native,
    /// `metadata.generation` where the object has one: the condition against drift.
    pub generation: Option<i64>,
    /// Identities of what else it was shown to hit: the pods that a drain evicts. `None` where that was not
    /// looked at.
    pub also: Option<Vec<Text>>,
}

/// What became of one action on one object.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Sent; no answer yet.
    Started,
    /// The server took it; what it was meant to do is still to be seen.
    Accepted { says: String },
    /// Progress on the way to settled: `2 of 3 pods replaced`.
    Progress { says: String },
    /// Seen to have done what it was meant to do.
    Settled { says: String },
    /// The server or the check said no: nothing was changed.
    Refused { why: String },
    /// Sent, and no answer came back: it may have been done.
    Uncertain { why: String },
    /// It was done, but what it was meant to do did not come about.
    Failed { why: String },
}

const IN_LINE: &str = "waits for its turn";

impl Outcome {
    /// Words from a server are made harmless where they enter.
    #[must_use]
    pub fn harmless(self) -> Outcome {
        let safe = |text: String| clean(&text).into_owned();
        match self {
            Outcome::Started => Outcome::Started,
            Outcome::Accepted { says } => Outcome::Accepted { says: safe(says) },
            Outcome::Progress { says } => Outcome::Progress { says: safe(says) },
            Outcome::Settled { says } => Outcome::Settled { says: safe(says) },
            Outcome::Refused { why } => Outcome::Refused { why: safe(why) },
            Outcome::Uncertain { why } => Outcome::Uncertain { why: safe(why) },
            Outcome::Failed { why } => Outcome::Failed { why: safe(why) },
        }
    }

    /// What is approved and comes after others of its plan.
    pub fn in_line() -> Outcome {
        Outcome::Progress { says: IN_LINE.into() }
    }

    /// Nothing of it was sent yet.
    pub fn is_in_line(&self) -> bool {
        matches!(self, Outcome::Progress { says } if says == IN_LINE)
    }

    /// Why nothing that was to come after it is begun; `None` where it came to a good end.
    pub fn stops(&self, name: &str) -> Option<String> {
        match self {
            Outcome::Settled { .. } => None,
            Outcome::Refused { why } => Some(format!("`{name}` before it was refused: {why}")),
            Outcome::Failed { why } => Some(format!("`{name}` before it failed: {why}")),
            Outcome::Uncertain { why } => Some(format!("`{name}` before it may have happened: {why}")),
            Outcome::Started | Outcome::Accepted { .. } | Outcome::Progress { .. } => {
                Some(format!("`{name}` before it has not come to an end"))
            }
        }
    }

    pub fn is_final(&self) -> bool {
        !matches!(self, Outcome::Started | Outcome::Accepted { .. } | Outcome::Progress { .. })
    }
}
