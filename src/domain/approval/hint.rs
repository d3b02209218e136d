//! Why a key did nothing, and why a question has no answer at all.
use std::fmt;

/// Left beside the question when a key was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hint {
    /// The look still runs.
    Looking,
    /// Not on the screen yet, or not long enough to be read.
    ReadFirst,
    /// Several keys in one read, or a paste.
    Burst,
    /// The key that asked is held down, or bound twice.
    Asker,
    /// Another key answers here.
    OtherKey,
    /// What was typed is not what is asked for.
    NotThePhrase,
    /// A protected profile, or the first danger of a run, wants to know why.
    NeedsReason,
    /// See [`Obstacle`].
    Cannot,
}

impl fmt::Display for Hint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Hint::Looking => "still looking",
            Hint::ReadFirst => "read it first",
            Hint::Burst => "pasted keys do not answer",
            Hint::Asker => "the key that asked does not answer",
            Hint::OtherKey => "not this key",
            Hint::NotThePhrase => "not yet what is asked for",
            Hint::NeedsReason => "a reason is wanted here",
            Hint::Cannot => "this cannot be run",
        })
    }
}

/// What makes a question unanswerable: it is shown, and says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// The target was seen to be gone, or another one.
    Changed(String),
    /// The server says no; what would have to be granted.
    Forbidden(String),
    /// The journal cannot be written.
    Unrecorded(String),
    ReadOnly,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Obstacle::Changed(what) => write!(out, "changed meanwhile: {what}"),
            Obstacle::Forbidden(needs) => write!(out, "forbidden: {needs}"),
            Obstacle::Unrecorded(why) => write!(out, "cannot be recorded: {why}"),
            Obstacle::ReadOnly => out.write_str("read-only: nothing is changed from here"),
        }
    }
}
