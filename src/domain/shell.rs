//! A command for a shell, as it would run: what an operator is shown of it, and what the shell gets.
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::approval::Tier;
use super::settings::endpoint::Footing;

/// How a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Plain,
    /// It goes on until it is stopped; the checklist goes on beside it.
    Job,
    /// It has the whole terminal, with a key to return.
    Terminal,
}

/// In which shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Session {
    /// A new one, that the rest of its fence will share.
    New,
    /// The one that its fence has.
    Join(String),
    /// One of its own, that nothing else shares.
    Apart,
}

/// Text that a shell gets. It may bear secrets: it is never shown, logged or written down.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Sent(String);

impl Sent {
    pub fn new(text: impl Into<String>) -> Sent {
        Sent(text.into())
    }

    /// For the shell alone.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Sent({} bytes)", self.0.len())
    }
}

/// For each session whose own statements have switched kubectl: the context and the namespace that it has now.
pub type Moved = BTreeMap<String, (String, String)>;

/// Where a command runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Where {
    /// The box, as it is named to the operator.
    pub host: String,
    /// `user@host`, where that is not this box.
    pub remote: Option<String>,
    pub workdir: Option<PathBuf>,
    /// Variables that the profile sets there.
    pub env: Vec<(String, String)>,
    /// What kubectl is pinned to; empty where there is no cluster.
    pub context: String,
    pub namespace: String,
    /// Where the namespace comes from: `kubeconfig`, `profile`, `flag`.
    pub origin: String,
    /// The namespace that the kubeconfig itself names, where that is another one.
    pub beside: String,
    /// Tools that its shells have from firedeck itself.
    pub built_in: Vec<String>,
}

impl Where {
    /// On this box, or where its document says; no cluster is named yet.
    pub fn on(here: &str, footing: Footing) -> Where {
        Where {
            host: footing.run_on.clone().unwrap_or_else(|| here.to_owned()),
            remote: footing.run_on,
            workdir: footing.workdir,
            env: footing.env,
            ..Where::default()
        }
    }
}

/// A command of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct ShellCommand {
    pub run: String,
    /// Its place in the runbook, counted from 0; without a command, one that the operator wrote there.
    pub step: u32,
    pub command: Option<u32>,
    /// The step's number, the document and the lines, as the operator reads them.
    pub n: String,
    pub document: String,
    pub line: u32,
    pub end_line: u32,
    /// With its values, secrets hidden.
    pub shown: String,
    pub text: Sent,
    /// Sent before it: unless it answers 0, the command is not sent.
    pub probe: Option<Sent>,
    /// What is asked, read-only, to find out what it would hit.
    pub looks: Vec<Sent>,
    pub kind: Kind,
    pub session: Session,
    pub place: Where,
    /// What the text does.
    pub risk: Tier,
    /// How much has to be asked at least.
    pub tier: Tier,
    /// Why that much.
    pub why: Vec<String>,
    /// What warns of it: that it ran before, that the document says it only under a condition.
    pub heed: Vec<String>,
    /// What it talks to, as far as that stands in it: `psql at db/orders`, `kubectl`.
    pub reaches: Vec<String>,
    /// What has to be typed where it is dangerous.
    pub phrase: String,
    /// Nothing dangerous was done in this run yet: a reason has to be given.
    pub needs_reason: bool,
    /// The operator changed the text.
    pub edited: bool,
}

/// Who talks to a cluster, among what a command reaches.
const CLUSTER: &str = "kubectl";

impl ShellCommand {
    /// It runs on Enter.
    pub fn only_reads(&self) -> bool {
        self.risk == Tier::Read && self.tier == Tier::Read
    }

    /// What it talks to beside a cluster.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        self.reaches.iter().map(String::as_str).filter(|one| *one != CLUSTER)
    }

    /// Whether it may speak to the cluster, as what nothing is known of may.
    pub fn in_cluster(&self) -> bool {
        self.reaches.is_empty() || self.reaches.iter().any(|one| one == CLUSTER)
    }
}
