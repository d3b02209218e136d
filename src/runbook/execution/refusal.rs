//! Why a command does not run, in words that an operator can act on.
use std::fmt;

use super::fence::Need;
use crate::commands::Lang;
use crate::incident::event::End;

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The runbook has no such command.
    NoSuch,
    /// The run was closed.
    Closed,
    /// More was written of the run than is kept.
    TooMuch,
    /// Not of this platform, or not yet built.
    Future,
    /// For another program's screen: it is copied.
    Copied,
    /// No shell here runs this language.
    Language(Lang),
    /// It only speaks: its text is shown.
    Narration,
    /// Values that are not filled in.
    Missing(Vec<String>),
    /// Nothing was chosen yet of so many arms.
    NotChosen {
        asks: Option<u32>,
        of: usize,
    },
    /// Another arm was chosen.
    OtherChosen {
        asks: Option<u32>,
        chosen: u32,
    },
    /// The condition that it stands under is not known.
    Undecided {
        condition: String,
        line: Option<u32>,
    },
    /// The condition that it stands under does not hold.
    NotHolding(String),
    Skipped(String),
    Running,
    /// Another command of the same shell is running.
    Busy(u32),
    /// The shell of its fence is gone, and what it held with it; the fence has to be begun anew.
    Lost {
        end: End,
        gone: Vec<Need>,
        from: u32,
    },
    /// What it needs is set at a line of its fence that has not run well in this shell.
    Unset {
        need: Need,
        line: u32,
    },
    /// What it needs is set in another fence, which has a shell of its own.
    Elsewhere {
        name: String,
        line: u32,
    },
    /// A check before it has not passed.
    Guard(u32),
    /// It belongs behind `ssh host` and the like, and never runs here.
    NotHere {
        opener: String,
        line: u32,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoSuch => out.write_str("the runbook has no such command"),
            Refusal::Closed => out.write_str("the run is closed"),
            Refusal::TooMuch => out.write_str("more was written of this run than is kept"),
            Refusal::Future => out.write_str("not of the present platform, or not yet built"),
            Refusal::Copied => out.write_str("for another program's screen: copy it"),
            Refusal::Language(Lang::PowerShell) => out.write_str("PowerShell: no shell here runs it"),
            Refusal::Language(_) => out.write_str("no shell here runs this language"),
            Refusal::Narration => out.write_str("only speaks: there is nothing to run"),
            Refusal::Missing(names) => write!(out, "not filled in: `{}`", names.join("`, `")),
            Refusal::NotChosen { of, .. } => write!(out, "choose one of {of} first"),
            Refusal::OtherChosen { .. } => out.write_str("another way was chosen"),
            Refusal::Undecided { condition, line: Some(line) } => {
                write!(out, "only if `{condition}`: line {line} has not answered")
            }
            Refusal::Undecided { condition, line: None } => {
                write!(out, "only if `{condition}`: choose it first")
            }
            Refusal::NotHolding(condition) => write!(out, "only if `{condition}`, which does not hold"),
            Refusal::Skipped(reason) if reason.is_empty() => out.write_str("the step is skipped"),
            Refusal::Skipped(reason) => write!(out, "the step is skipped: {reason}"),
            Refusal::Running => out.write_str("it is running"),
            Refusal::Busy(line) => write!(out, "line {line} is still running in the same shell"),
            Refusal::Lost { end, gone, from } => {
                let how = match end {
                    End::Stopped => "was stopped",
                    End::Interrupted => "was interrupted",
                    _ => "has ended",
                };
                write!(out, "the shell of this block {how}")?;
                if !gone.is_empty() {
                    let names: Vec<String> = gone.iter().map(Need::to_string).collect();
                    write!(out, "; gone with it: {}", names.join(", "))?;
                }
                write!(out, "; begin the block anew at line {from}")
            }
            Refusal::Unset { need, line } => {
                write!(out, "{need} is not set in this shell: run line {line} first")
            }
            Refusal::Elsewhere { name, line } => {
                write!(
                    out,
                    "`{name}` is set at line {line}, in another block with a shell of its own: give it a value"
                )
            }
            Refusal::Guard(line) => write!(out, "the check at line {line} has not passed"),
            Refusal::NotHere { opener, line } => {
                write!(out, "belongs behind `{opener}` (line {line}), and never runs here")
            }
        }
    }
}
