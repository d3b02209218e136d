//! What a runner tells: to whoever is attached, and to its directory.
use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

/// Where bytes came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    Out,
    Err,
    /// The terminal: everything in full-terminal mode, else prompts and the echo of what is typed.
    Term,
}

impl Stream {
    pub const ALL: [Stream; 3] = [Stream::Out, Stream::Err, Stream::Term];

    /// How its files end.
    pub fn name(self) -> &'static str {
        match self {
            Stream::Out => "out",
            Stream::Err => "err",
            Stream::Term => "term",
        }
    }
}

/// A process that goes on beside the shell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Child {
    pub pid: i32,
    /// Its command line, made harmless, without what looks like a secret; empty when it cannot be read.
    pub command: String,
}

/// A statement ended, and the shell is ready for the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    pub statement: u64,
    /// What `$?` is now.
    pub status: i32,
    /// The exit codes of the parts of its last pipe, the last part's last; where that is not known, the status.
    pub codes: Vec<i32>,
    /// Goes on: children of this statement or of an earlier one.
    #[serde(default)]
    pub background: Vec<Child>,
    /// Where the shell stands now.
    #[serde(default)]
    pub workdir: String,
    pub ms: u64,
    /// What was written to stdout, stderr and the terminal, in bytes.
    pub bytes: [u64; 3],
    /// Of these, what could not be kept because the disk refused.
    #[serde(default)]
    pub unwritten: [u64; 3],
}

/// What goes with a shell.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Gone {
    /// The statement that ran, if one did.
    pub statement: Option<u64>,
    /// Names of variables and functions that the statements before had made.
    #[serde(default)]
    pub variables: Vec<String>,
    #[serde(default)]
    pub functions: Vec<String>,
    /// Goes on all the same.
    #[serde(default)]
    pub background: Vec<Child>,
    /// How the shell ended.
    #[serde(default)]
    pub code: Option<i32>,
    #[serde(default)]
    pub signal: Option<i32>,
    /// The operator stopped the statement.
    #[serde(default)]
    pub stopped: bool,
    #[serde(default)]
    pub why: String,
    #[serde(default)]
    pub ms: u64,
    #[serde(default)]
    pub bytes: [u64; 3],
    #[serde(default)]
    pub unwritten: [u64; 3],
}

/// All of it is kept and told again to whoever attaches, except `Output` and `Terminal`, of which the last counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The shell is there.
    Ready {
        at: Timestamp,
        shell: String,
        /// It is `bash`: the codes of every part of a pipe, and the names of variables are known.
        full: bool,
    },
    Started {
        statement: u64,
        at: Timestamp,
    },
    /// More can be read from the output's files, up to `from + len`.
    Output {
        statement: u64,
        stream: Stream,
        from: u64,
        len: u64,
    },
    /// What the terminal shows, as it comes: for a screen, and not complete for one that reads slowly.
    #[serde(skip)]
    Terminal(Vec<u8>),
    /// Something could not be kept; what runs goes on.
    Trouble {
        at: Timestamp,
        why: String,
    },
    Ended(Ended),
    /// The shell ended by itself: `exit`, `exec`, `set -e`, a signal.
    ShellGone(Gone),
    /// The session was ended from outside: a stop, an end, a connection that broke, a shell not to be trusted.
    Lost(Gone),
    /// The runner is dead, and nobody knows what became of the statement.
    Interrupted {
        statement: Option<u64>,
    },
    /// Of a later version.
    #[serde(other)]
    Unknown,
}

impl Event {
    /// No statement will run in this session any more.
    pub fn is_final(&self) -> bool {
        matches!(self, Event::ShellGone(_) | Event::Lost(_) | Event::Interrupted { .. })
    }
}
