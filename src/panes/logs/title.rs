//! What the pane says of itself: in its title, and where there are no rows.
use super::{Span, shorten};
use crate::domain::log::LineId;
use crate::domain::settings::Role;
use crate::domain::text::{counted, grouped};
use crate::model::logs::{Logs, Place};

/// What the title says after the pane's name, calmest last.
pub fn facts(logs: &Logs) -> Vec<Span> {
    let mut facts = Vec::new();
    let mut say = |text: String, role: Role| facts.push(Span { text, role });
    let Some(following) = &logs.following else { return facts };
    say(following.title(), Role::Title);
    let streams = &logs.streams;
    if streams.asked > 1 || streams.following < streams.asked {
        let role = if streams.following < streams.asked { Role::Warning } else { Role::Dim };
        say(format!("{} of {} streams", streams.following, streams.asked), role);
    }
    if let Some(first) = streams.waiting.first().filter(|_| !logs.ring.is_empty()) {
        say(shorten(first, 40), Role::Dim);
    }
    if logs.ring.dropped() > 0 {
        say(format!("{} left out", grouped(logs.ring.dropped())), Role::Warning);
    }
    match logs.ring.gaps() {
        0 => {}
        1 => say("1 gap".into(), Role::Warning),
        gaps => say(format!("{} gaps", grouped(gaps)), Role::Warning),
    }
    if logs.place != Place::Newest {
        let newer = logs.newer();
        let new = if newer > 0 { format!(", {} new", grouped(newer)) } else { String::new() };
        say(format!("paused{new}"), Role::Act);
    }
    patterns(logs, &mut say);
    say(format!("{}/s", grouped(logs.rate.shown())), Role::Dim);
    facts
}

fn patterns(logs: &Logs, say: &mut impl FnMut(String, Role)) {
    let named = [("only", &logs.include), ("without", &logs.exclude), ("find", &logs.find)];
    for (name, pattern) in named {
        if let Some(pattern) = pattern {
            let literal = if pattern.is_literal() { " (as plain text)" } else { "" };
            say(format!("{name} {}{literal}", shorten(pattern.text(), 24)), Role::Hit);
        }
    }
    if logs.found.is_looking() {
        say("searching".into(), Role::Dim);
    } else if logs.find.is_some() {
        let hits = logs.found.hits();
        let at = logs.here.filter(|here| hits.contains(*here));
        let place = at
            .map(|here| format!("{} of ", grouped(hits.between(LineId(0), here.plus(1)))))
            .unwrap_or_default();
        say(format!("{place}{}", counted(hits.count(), "hit")), Role::Dim);
    }
    if let Some(range) = logs.range {
        let minutes = range.as_secs() / 60;
        say(
            if minutes < 60 { format!("last {minutes}m") } else { format!("last {}h", minutes / 60) },
            Role::Hit,
        );
    }
}

/// What stands in the middle of a window without rows.
pub fn empty(logs: &Logs) -> Vec<String> {
    if logs.following.is_none() {
        return vec![
            "nothing is followed".into(),
            "choose a pod or a deployment and ask for its logs".into(),
        ];
    }
    if !logs.ring.is_empty() {
        let why = match (logs.is_filtered(), logs.range.is_some()) {
            (true, true) => "no line matches within this time",
            (true, false) => "no line matches",
            (false, _) => "no line within this time",
        };
        return vec![
            why.into(),
            format!("{} lines are kept", grouped(logs.ring.end().since(logs.ring.first()))),
        ];
    }
    let mut out = vec!["no lines yet".to_owned()];
    if logs.streams.asked == 0 {
        out.push("no container to read".into());
    }
    out.extend(logs.streams.waiting.iter().cloned());
    out
}
