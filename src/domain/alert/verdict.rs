//! How alerts, silences and targets are doing, in a word and a level.
use std::borrow::Cow;

use super::{Alert, AlertFacts, AlertState, Silence, Target, is_watchdog, urgency};
use crate::domain::level::Level;

impl AlertFacts {
    pub fn level(&self) -> Level {
        match self {
            AlertFacts::Alert(alert) => alert.level(),
            AlertFacts::Silence(silence) => silence.level(),
            AlertFacts::Target(target) => target.level(),
            AlertFacts::Group(group) => group.level,
        }
    }

    pub fn status(&self) -> Cow<'_, str> {
        match self {
            AlertFacts::Alert(alert) => alert.status().into(),
            AlertFacts::Silence(silence) if silence.ends_soon => "ends soon".into(),
            AlertFacts::Silence(silence) => (&*silence.state).into(),
            AlertFacts::Target(target) => target.status().into(),
            AlertFacts::Group(group) => (&*group.status).into(),
        }
    }
}

impl Alert {
    pub fn level(&self) -> Level {
        if self.missing_watchdog {
            return Level::Bad;
        }
        if self.stale {
            return Level::Unknown;
        }
        match self.state {
            AlertState::Silenced | AlertState::Inhibited | AlertState::Muted => Level::Done,
            // It is there to arrive, and somebody does not have it.
            _ if is_watchdog(&self.name) && !self.not_seen_by.is_empty() => Level::Warn,
            // As it should be, however severe its rule calls it.
            _ if is_watchdog(&self.name) => Level::Fine,
            state => match (urgency(&self.severity), state) {
                (2, _) => Level::Fine,
                (0, AlertState::Firing) => Level::Bad,
                _ => Level::Warn,
            },
        }
    }

    /// Whether somebody has to hear of it now: it fires, or should and does not.
    pub fn fires(&self) -> bool {
        (self.state == AlertState::Firing || self.missing_watchdog) && self.level() < Level::Fine
    }

    pub fn status(&self) -> &'static str {
        if self.missing_watchdog {
            return "missing";
        }
        if self.stale {
            return "stale";
        }
        match self.state {
            AlertState::Firing => "firing",
            AlertState::Pending => "pending",
            AlertState::Silenced => "silenced",
            AlertState::Inhibited => "inhibited",
            AlertState::Muted => "muted",
        }
    }
}

impl Silence {
    pub fn level(&self) -> Level {
        match &*self.state {
            "expired" => Level::Done,
            // What it holds back is told again before long.
            _ if self.ends_soon && self.holds > 0 => Level::Warn,
            "active" | "pending" => Level::Fine,
            _ => Level::Unknown,
        }
    }
}

impl Target {
    pub fn level(&self) -> Level {
        match self.up {
            Some(true) => Level::Fine,
            Some(false) => Level::Bad,
            None => Level::Unknown,
        }
    }

    pub fn status(&self) -> &'static str {
        match self.up {
            Some(true) => "up",
            Some(false) => "down",
            None => "not scraped yet",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(name: &str, severity: &str, state: AlertState) -> Alert {
        Alert { name: name.into(), severity: severity.into(), state, ..Alert::default() }
    }

    #[test]
    fn what_nobody_is_told_of_is_dim_and_what_wakes_people_is_bad() {
        use AlertState::{Firing, Inhibited, Muted, Pending, Silenced};
        for (severity, state, level) in [
            ("critical", Firing, Level::Bad),
            ("critical", Pending, Level::Warn),
            ("warning", Firing, Level::Warn),
            ("", Firing, Level::Warn),
            ("info", Firing, Level::Fine),
            ("critical", Silenced, Level::Done),
            ("critical", Inhibited, Level::Done),
            ("critical", Muted, Level::Done),
        ] {
            assert_eq!(alert("HighErrorRate", severity, state).level(), level, "{severity} {state:?}");
        }
    }

    #[test]
    fn a_watchdog_is_well_while_it_fires_and_bad_when_it_is_missing() {
        let mut watchdog = alert("Watchdog", "critical", AlertState::Firing);
        assert_eq!((watchdog.level(), watchdog.status()), (Level::Fine, "firing"));
        watchdog.not_seen_by = vec!["am-b".into()];
        assert_eq!(watchdog.level(), Level::Warn);
        watchdog.missing_watchdog = true;
        assert_eq!((watchdog.level(), watchdog.status()), (Level::Bad, "missing"));
    }

    #[test]
    fn what_nobody_tells_any_more_is_not_known() {
        for state in [AlertState::Firing, AlertState::Silenced] {
            let old = Alert { stale: true, ..alert("Down", "critical", state) };
            assert_eq!((old.level(), old.status()), (Level::Unknown, "stale"));
        }
    }

    #[test]
    fn a_silence_that_ends_soon_warns_only_while_it_holds_something_back() {
        let silence =
            |holds| Silence { state: "active".into(), ends_soon: true, holds, ..Silence::default() };
        assert_eq!(silence(2).level(), Level::Warn);
        assert_eq!(silence(0).level(), Level::Fine);
        let odd = Silence { state: "?".into(), ..Silence::default() };
        assert_eq!(odd.level(), Level::Unknown, "what is not known is not green");
    }

    #[test]
    fn a_target_that_was_never_scraped_is_not_known_to_be_up() {
        let target = |up| Target { up, ..Target::default() };
        assert_eq!(target(None).level(), Level::Unknown);
        assert_eq!(target(Some(false)).level(), Level::Bad);
    }
}
