//! How risky it is what somebody does by hand, by its words: nobody can read the command.
use super::types::{Step, StepKind};
use crate::domain::approval::Tier;

/// Who does these to one of those moves traffic, takes something away, or cuts somebody off.
const DEEDS: &[(&[&str], &[&str])] = &[
    (
        &["update", "change", "switch", "point", "move", "modify", "edit", "set", "flip", "repoint", "cut"],
        &["dns", "a record", "cname", "name servers", "nameservers", "traffic"],
    ),
    (&["redirect", "reroute", "shift", "drain"], &["traffic", "requests", "users"]),
    (
        &["fail", "failover", "promote", "activate"],
        &["over", "region", "replica", "standby", "secondary", "database", "to the"],
    ),
    (
        &["delete", "drop", "wipe", "erase", "destroy", "purge", "remove", "terminate"],
        &[
            "database",
            "table",
            "volume",
            "bucket",
            "cluster",
            "namespace",
            "server",
            "node",
            "disk",
            "data",
            "backup",
            "instance",
            "user",
            "account",
            "key",
            "certificate",
            "secret",
        ],
    ),
    (&["revoke", "disable", "lock"], &["access", "account", "key", "user", "token", "credential"]),
    (&["power", "shut", "switch", "turn"], &["off", "down"]),
];

/// Verbs that only look, and those that only talk.
const LOOKS: &[&str] = &[
    "verify",
    "check",
    "confirm",
    "test",
    "monitor",
    "review",
    "document",
    "watch",
    "look",
    "decide",
    "tell",
    "notify",
    "ask",
    "assess",
    "plan",
    "schedule",
    "prepare",
    "make sure",
    "ensure",
];

/// `Danger` where its words say so; what nothing is known of is `Read`: it is done and ticked.
pub fn risk(step: &Step) -> Tier {
    if step.kind != StepKind::Manual {
        return Tier::Read;
    }
    let lines = std::iter::once(step.title.as_str()).chain(step.text.lines().take(40));
    if lines.take(41).any(is_danger) { Tier::Danger } else { Tier::Read }
}

fn is_danger(line: &str) -> bool {
    let line: String = line.chars().take(400).flat_map(char::to_lowercase).collect();
    let words: Vec<&str> =
        line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let plain = format!(" {} ", words.join(" "));
    let Some(first) = words.first() else { return false };
    if LOOKS.iter().any(|verb| plain.trim_start().starts_with(&format!("{verb} "))) || *first == "if" {
        return false;
    }
    let has = |word: &str| plain.contains(&format!(" {word} ")) || plain.contains(&format!(" {word}s "));
    DEEDS.iter().any(|(verbs, things)| verbs.contains(first) && things.iter().any(|thing| has(thing)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(title: &str, text: &str) -> Tier {
        risk(&Step { kind: StepKind::Manual, title: title.into(), text: text.into(), ..Step::default() })
    }

    #[test]
    fn who_moves_traffic_or_takes_something_away_by_hand_is_warned() {
        for title in [
            "Update DNS to point to the standby's load balancer",
            "Redirect traffic",
            "Fail over to the other region",
            "Promote the replica",
            "Delete the old volumes",
            "Revoke the user's keys",
            "Power off the box",
        ] {
            assert_eq!(of(title, ""), Tier::Danger, "{title}");
        }
        assert_eq!(of("In the registrar's console", "Log in\nChange A record of the shop"), Tier::Danger);
    }

    #[test]
    fn who_looks_or_talks_is_not() {
        for title in [
            "Verify DNS records",
            "Notify users of the failover",
            "Update status page",
            "Check that traffic is redirected",
            "Document the deletion of the database",
            "If the region is gone, call the vendor",
            "Set up dashboards",
            "",
        ] {
            assert_eq!(of(title, ""), Tier::Read, "{title}");
        }
        let step = Step { title: "Update DNS".into(), ..Step::default() };
        assert_eq!(risk(&step), Tier::Read, "a command is read for itself");
    }
}
