//! Alerts that share the value of a label, told in one line.
use super::{Alert, AlertState, urgency};
use crate::domain::Text;
use crate::domain::level::Level;
use crate::domain::object::{Kind, ObjectRef};
use crate::domain::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Group {
    /// The label, and what they share.
    pub by: Text,
    pub value: Text,
    /// Its members stand below it.
    pub unfolded: bool,
    /// In their order in the table, without those that a filter takes away.
    pub members: Vec<ObjectRef>,
    /// Of the worst.
    pub level: Level,
    /// Of the most urgent.
    pub severity: Text,
    /// When the newest began.
    pub newest: Option<Timestamp>,
    /// `12 firing`, `7/12 firing`, `3 silenced`.
    pub status: Text,
    /// How many fire, and how many of these somebody cares for.
    pub firing: usize,
    pub seen: usize,
    pub receivers: Vec<Text>,
}

impl Alert {
    /// The value of the label; an alert's name is its own, whatever its labels say.
    pub fn shares(&self, by: &str) -> &str {
        if by == "alertname" { &self.name } else { self.label(by).map_or("", |value| value) }
    }
}

impl Group {
    /// Which group it is of those by the same label.
    pub fn id(context: Text, by: &Text, value: &str) -> ObjectRef {
        let name = if value.is_empty() { format!("without {by}").into() } else { Text::from(value) };
        ObjectRef { context, kind: Kind::AlertGroup, namespace: by.clone(), name }
    }

    /// `seen`: whether somebody cares for it.
    pub fn of(
        by: Text,
        value: Text,
        members: &[(&ObjectRef, &Alert)],
        seen: impl Fn(&ObjectRef) -> bool,
    ) -> Group {
        let alerts = || members.iter().map(|(_, alert)| *alert);
        let fires =
            |alert: &Alert| alert.state == AlertState::Firing && !alert.stale && !alert.missing_watchdog;
        let mut receivers: Vec<Text> = alerts().flat_map(|alert| alert.receivers.iter().cloned()).collect();
        receivers.sort();
        receivers.dedup();
        let named = alerts().filter(|alert| !alert.severity.is_empty());
        Group {
            by,
            value,
            unfolded: false,
            level: alerts().map(Alert::level).min().unwrap_or_default(),
            severity: named
                .min_by_key(|alert| urgency(&alert.severity))
                .map(|alert| alert.severity.clone())
                .unwrap_or_default(),
            newest: alerts().filter_map(|alert| alert.since).max(),
            status: status(&alerts().map(Alert::status).collect::<Vec<_>>()).into(),
            firing: alerts().filter(|alert| fires(alert)).count(),
            seen: members.iter().filter(|(id, alert)| fires(alert) && seen(id)).count(),
            receivers,
            members: members.iter().map(|(id, _)| (*id).clone()).collect(),
        }
    }
}

/// How many are in the state that matters most; of how many, where there are others.
fn status(all: &[&str]) -> String {
    const FIRST: [&str; 4] = ["missing", "firing", "pending", "stale"];
    let count = |word: &str| all.iter().filter(|status| **status == word).count();
    let first = FIRST.into_iter().find(|word| count(word) > 0);
    let most = || all.iter().copied().max_by_key(|word| count(word)).unwrap_or_default();
    let word = first.unwrap_or_else(most);
    match count(word) {
        n if n == all.len() => format!("{n} {word}"),
        n => format!("{n}/{} {word}", all.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> ObjectRef {
        ObjectRef { context: "am".into(), kind: Kind::Alert, namespace: "".into(), name: name.into() }
    }

    #[test]
    fn a_group_is_as_bad_as_its_worst_and_counts_what_is_told() {
        let alert = |severity: &str, state, since| Alert {
            severity: severity.into(),
            state,
            since: Some(Timestamp(since)),
            receivers: vec!["pager".into()],
            ..Alert::default()
        };
        let alerts = [
            alert("warning", AlertState::Firing, 10),
            alert("critical", AlertState::Firing, 5),
            alert("critical", AlertState::Silenced, 20),
        ];
        let ids = [id("a"), id("b"), id("c")];
        let members: Vec<_> = ids.iter().zip(&alerts).collect();
        let group = Group::of("alertname".into(), "Down".into(), &members, |id| &*id.name == "b");
        assert_eq!((group.level, &*group.severity, &*group.status), (Level::Bad, "critical", "2/3 firing"));
        assert_eq!((group.firing, group.seen, group.newest), (2, 1, Some(Timestamp(20))));
        assert_eq!(group.receivers.len(), 1);
    }

    #[test]
    fn a_group_that_nobody_is_told_of_says_why() {
        assert_eq!(status(&["silenced", "silenced"]), "2 silenced");
        assert_eq!(status(&["silenced", "inhibited", "silenced"]), "2/3 silenced");
        assert_eq!(status(&["firing", "pending"]), "1/2 firing");
        assert_eq!(status(&["missing", "firing"]), "1/2 missing");
    }
}
