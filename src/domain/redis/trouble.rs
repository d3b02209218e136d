//! The named states in which a server refuses what it is asked, and the one thing that helps.
use std::fmt;

use crate::domain::Text;
use crate::domain::level::Level;
use crate::domain::text::clean_to;

const FUNCTION_KILL: &str = "FUNCTION KILL";

/// Why a node does not say what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// A script or a function runs and nothing else does; `cure` is the only command that helps.
    Busy { cure: &'static str },
    /// It reads its data from disk; how far, and how long still.
    Loading { percent: Option<u64>, seconds: Option<u64> },
    /// It does not know us.
    NotLoggedIn { why: Text },
    /// It knows us and says no; `needs` is the statement that would grant it.
    NoPermission { needs: Text },
    /// Every place for a client is taken.
    OutOfClients,
    /// A replica that has lost its primary and was told not to answer.
    PrimaryGone,
    /// Connected, and no answer comes.
    Silent,
    /// Cannot be connected to.
    Down { why: Text },
    /// Any other refusal.
    Refused { says: Text },
}

impl Trouble {
    /// Reads the answer of a server: its code, and what follows it. `grant` is the rule that the refused command
    /// needs, `user` who asked.
    pub fn of_answer(code: &str, detail: &str, user: &str, grant: &str) -> Trouble {
        let says = || -> Text { clean_to(&format!("{code} {detail}"), 200).trim().into() };
        match code {
            "BUSY" if detail.contains("FUNCTION KILL") => Trouble::Busy { cure: FUNCTION_KILL },
            "BUSY" => Trouble::Busy { cure: "SCRIPT KILL" },
            "LOADING" => Trouble::Loading { percent: None, seconds: None },
            "NOAUTH" => Trouble::NotLoggedIn { why: "NOAUTH: it wants a password".into() },
            "WRONGPASS" => {
                Trouble::NotLoggedIn { why: "WRONGPASS: wrong name or password, or the user is off".into() }
            }
            "NOPERM" => Trouble::NoPermission { needs: granting(user, grant).into() },
            "MASTERDOWN" => Trouble::PrimaryGone,
            "ERR" if detail.contains("max number of clients") => Trouble::OutOfClients,
            // As servers before 6 say it, and those of today to a name without any.
            "ERR" if detail.contains("invalid password") => {
                Trouble::NotLoggedIn { why: "WRONGPASS: wrong name or password".into() }
            }
            "ERR" if detail.contains("without any password") => {
                Trouble::NotLoggedIn { why: "a password is given and it wants none".into() }
            }
            _ => Trouble::Refused { says: says() },
        }
    }

    /// Whether a function or a script keeps it busy.
    pub fn busy_with_function(&self) -> Option<bool> {
        match self {
            Trouble::Busy { cure } => Some(*cure == FUNCTION_KILL),
            _ => None,
        }
    }

    pub fn level(&self) -> Level {
        match self {
            Trouble::Silent => Level::Unknown,
            _ => Level::Bad,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Busy { cure } => write!(out, "BUSY: a script runs, only {cure} helps"),
            Trouble::Loading { percent, seconds } => {
                out.write_str("LOADING")?;
                if let Some(percent) = percent {
                    write!(out, " {percent}%")?;
                }
                if let Some(seconds) = seconds {
                    write!(out, ", {seconds} s left")?;
                }
                Ok(())
            }
            Trouble::NotLoggedIn { why } => write!(out, "not logged in: {why}"),
            Trouble::NoPermission { needs } => write!(out, "NOPERM: needs {needs}"),
            Trouble::OutOfClients => out.write_str("max number of clients reached: no place for firedeck"),
            Trouble::PrimaryGone => out.write_str("MASTERDOWN: its primary is gone"),
            Trouble::Silent => out.write_str("no answer"),
            Trouble::Down { why } => write!(out, "down: {why}"),
            Trouble::Refused { says } => out.write_str(says),
        }
    }
}

/// The statement that grants a user a rule.
pub fn granting(user: &str, rule: &str) -> String {
    format!("ACL SETUSER {user} {rule}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: &str, detail: &str) -> String {
        Trouble::of_answer(code, detail, "mon", "+client|list").to_string()
    }

    #[test]
    fn every_refusal_is_named_with_what_helps() {
        for (code, detail, words) in [
            (
                "BUSY",
                "Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
                "BUSY: a script runs, only SCRIPT KILL helps",
            ),
            (
                "BUSY",
                "Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.",
                "BUSY: a script runs, only FUNCTION KILL helps",
            ),
            ("LOADING", "Redis is loading the dataset in memory", "LOADING"),
            ("NOAUTH", "Authentication required.", "not logged in: NOAUTH: it wants a password"),
            (
                "NOPERM",
                "User mon has no permissions to run the 'client|list' command",
                "NOPERM: needs ACL SETUSER mon +client|list",
            ),
            ("ERR", "max number of clients reached", "max number of clients reached: no place for firedeck"),
            ("MASTERDOWN", "Link with MASTER is down", "MASTERDOWN: its primary is gone"),
            ("ERR", "something \u{1b}[2Jelse", "ERR something else"),
        ] {
            assert_eq!(said(code, detail), words);
        }
    }

    #[test]
    fn loading_says_how_far_and_how_long() {
        let loading = |percent, seconds| Trouble::Loading { percent, seconds }.to_string();
        assert_eq!(loading(Some(42), Some(12)), "LOADING 42%, 12 s left");
        assert_eq!(loading(Some(42), None), "LOADING 42%");
    }

    #[test]
    fn no_answer_is_unknown_and_a_refusal_is_bad() {
        assert_eq!(Trouble::Silent.level(), Level::Unknown);
        assert_eq!(Trouble::OutOfClients.level(), Level::Bad);
    }
}
