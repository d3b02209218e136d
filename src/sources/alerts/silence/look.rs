//! What an action on alerts or silences would hit, read from the servers within two seconds.
use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, timeout_at};

use super::{alerts_of, exact, moment, name, silence_of, span, text};
use crate::domain::Text;
use crate::domain::action::{Check, Findings, Looked, Native, Verb};
use crate::domain::alert::matcher::{Held, too_wide};
use crate::domain::alert::{AlertState, Matcher, is_watchdog, urgency};
use crate::domain::text::{clean, clean_to};
use crate::domain::time::Timestamp;
use crate::sources::alerts::manager::OwnAlert;
use crate::sources::alerts::strings::masked;
use crate::sources::alerts::{Alerts, Member};
use crate::sources::now;

const WITHIN: Duration = Duration::from_millis(1_900);
/// So many alerts are named.
const NAMED: usize = 8;

pub(in crate::sources::alerts) async fn look(alerts: &Alerts, natives: &[Native]) -> Findings {
    let deadline = Instant::now() + WITHIN;
    let mut found =
        Findings { allowed: Check::Yes, identity: Some(alerts.who.clone()), ..Findings::default() };
    let mut drift = Vec::new();
    for native in natives {
        let mut looked = Looked { native: native.clone(), generation: None, also: None };
        match &native.verb {
            Verb::Silence { matchers, comment, .. } => {
                looked.also = hits(alerts, native, matchers, deadline, &mut found).await;
                found.effect.push(format!("its comment: {}", clean_to(comment, 400)));
            }
            Verb::Extend { .. } | Verb::Expire => {
                match standing(alerts, native, deadline, &mut found).await {
                    Ok(seen) => {
                        looked.generation = seen.updated.map(|at| at.0);
                        if let Verb::Extend { seconds, until } = &mut looked.native.verb {
                            *until = seen.ends.map(|ends| ends.plus(Duration::from_secs(*seconds)));
                        }
                    }
                    Err(why) => drift.push(why),
                }
            }
            other => drift.push(format!("{} is nothing that can be done to alerts", other.name())),
        }
        found.actions.push(looked);
    }
    if !found.unchecked.is_empty() && found.allowed == Check::Yes {
        found.allowed = Check::NotChecked;
    }
    found.drift = (!drift.is_empty()).then(|| drift.join("; "));
    found
}

/// What every member of a cluster says, asked at once: one may not know yet what another knows. The second is why
/// others said nothing.
async fn told<'m>(
    members: &'m [Member],
    matchers: &[Matcher],
    deadline: Instant,
) -> (Vec<(&'m Member, Vec<OwnAlert>)>, String) {
    let ask = |member: &'m Member| async move {
        match timeout_at(deadline, alerts_of(member, matchers)).await {
            Ok(Ok(alerts)) => Ok((member, alerts)),
            Ok(Err(fault)) => Err(format!("{}: {}", name(member), fault.says())),
            Err(_) => Err(format!("{}: no answer in time", name(member))),
        }
    };
    let (mut all, mut why) = (Vec::new(), Vec::new());
    for answer in join_all(members.iter().map(ask)).await {
        match answer {
            Ok(one) => all.push(one),
            Err(fault) => why.push(fault),
        }
    }
    (all, why.join("; "))
}

/// An alert that the matchers hit, in words.
struct Hit {
    words: String,
    urgent: bool,
    silenced: Vec<String>,
    watchdog: bool,
}

async fn hits(
    alerts: &Alerts,
    native: &Native,
    matchers: &[Matcher],
    deadline: Instant,
    found: &mut Findings,
) -> Option<Vec<Text>> {
    let own = exact(alerts, &native.uid, matchers).await;
    let held = match too_wide(&own).map_or_else(|| Held::new(&own), Err) {
        Ok(held) => held,
        Err(why) => {
            found.allowed = Check::No(why);
            return None;
        }
    };
    let clusters = alerts.clusters().await;
    if clusters.is_empty() {
        found.allowed = Check::No("an Alertmanager: only they keep silences, and none is named".into());
        return None;
    }
    let mut all: BTreeMap<u64, Hit> = BTreeMap::new();
    let mut answered = Vec::new();
    for (told, why) in join_all(clusters.iter().map(|members| told(members, &own, deadline))).await {
        if told.is_empty() {
            found.unchecked.push(format!("what it hits: {why}"));
        }
        for (member, alerts) in told {
            answered.push(name(member).to_string());
            for alert in
                alerts.iter().filter(|one| held.hits(|name| one.labels.get(name).map(String::as_str)))
            {
                let (print, hit) = hit(alert);
                all.entry(print).or_insert(hit);
            }
        }
    }
    if answered.is_empty() {
        return None;
    }
    let total = {
        let state = alerts.hub.state().await;
        state
            .alerts
            .iter()
            .filter(|alert| alert.state != AlertState::Pending && !alert.missing_watchdog)
            .count()
    };
    let urgent = all.values().filter(|hit| hit.urgent).count();
    let urgent = if urgent > 0 { format!(", {urgent} of them critical") } else { String::new() };
    found.effect.push(format!(
        "hits {} of {} alerts now{urgent}, by {}",
        all.len(),
        total.max(all.len()),
        answered.join(", ")
    ));
    let mut lines: Vec<&Hit> = all.values().collect();
    lines.sort_by(|a, b| (!a.urgent, &a.words).cmp(&(!b.urgent, &b.words)));
    found.effect.extend(lines.iter().take(NAMED).map(|hit| hit.words.clone()));
    if lines.len() > NAMED {
        found.effect.push(format!("and {} more", lines.len() - NAMED));
    }
    if lines.is_empty() {
        found.warnings.push("no alert matches now; those that come will be held back".into());
    }
    if lines.iter().any(|hit| hit.watchdog) {
        found.warnings.push("it hits a watchdog: that alerting works would no longer be told".into());
    }
    already(alerts, &lines, found).await;
    found.undo = "expire the silence".into();
    Some(all.keys().map(|print| format!("{print:016x}").into()).collect())
}

fn hit(alert: &OwnAlert) -> (u64, Hit) {
    let label = |name: &str| alert.labels.get(name).map_or("", String::as_str);
    let labels = alert.labels.iter().map(|(name, value)| (&**name, &**value));
    let rest: Vec<String> = alert
        .labels
        .iter()
        .filter(|(name, _)| !matches!(&***name, "alertname" | "severity"))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let severity = label("severity");
    let severity = if severity.is_empty() { String::new() } else { format!(" ({severity})") };
    let words = format!("{}{severity} {}", label("alertname"), rest.join(" "));
    let hit = Hit {
        words: clean_to(masked(&words).trim_end(), 200).into_owned(),
        urgent: urgency(label("severity")) == 0,
        silenced: alert.status.silences.clone().unwrap_or_default(),
        watchdog: is_watchdog(label("alertname")),
    };
    (crate::domain::alert::fingerprint(labels), hit)
}

/// Which of those that are hit are held back already, by whom, for how long.
async fn already(alerts: &Alerts, hits: &[&Hit], found: &mut Findings) {
    let now = now();
    let state = alerts.hub.state().await;
    let mut by_id: BTreeMap<&str, usize> = BTreeMap::new();
    for id in hits.iter().flat_map(|hit| &hit.silenced) {
        *by_id.entry(id).or_default() += 1;
    }
    for (id, count) in by_id {
        let known = state.silences.iter().find(|silence| &*silence.id == id);
        let words = known.map_or_else(
            || clean_to(id, 40).into_owned(),
            |silence| {
                let left = silence.ends.map_or_else(|| "some time".into(), |ends| span(ends.since(now)));
                format!("{} for {left}: {}", silence.by, silence.comment)
            },
        );
        found.warnings.push(format!("{count} of them silenced already by {words}"));
    }
}

/// When a silence was changed last, and when it ends.
#[derive(Default)]
struct Standing {
    updated: Option<Timestamp>,
    ends: Option<Timestamp>,
}

/// What a silence is now; an error is that it is none any more.
async fn standing(
    alerts: &Alerts,
    native: &Native,
    deadline: Instant,
    found: &mut Findings,
) -> Result<Standing, String> {
    let id = &*native.target.name;
    let (mut gone, mut failed) = (0, Vec::new());
    let members: Vec<Member> = alerts.clusters().await.into_iter().flatten().collect();
    let ask = |member| timeout_at(deadline, silence_of(member, id));
    let answers = join_all(members.iter().map(ask)).await;
    for (member, answer) in members.iter().zip(answers) {
        let silence = match answer {
            Ok(Ok(silence)) => silence,
            Ok(Err(fault)) if fault.gone() => {
                gone += 1;
                continue;
            }
            Ok(Err(fault)) => {
                failed.push(format!("{}: {}", name(member), fault.says()));
                continue;
            }
            Err(_) => {
                failed.push(format!("{}: no answer in time", name(member)));
                continue;
            }
        };
        if text(&silence, "/status/state") == "expired" {
            return Err(format!("silence {id} has ended already"));
        }
        tell(alerts, native, &silence, found).await;
        return Ok(Standing { updated: moment(&silence, "/updatedAt"), ends: moment(&silence, "/endsAt") });
    }
    if failed.is_empty() && gone > 0 {
        return Err(format!("silence {id} is gone"));
    }
    found.unchecked.push(format!("the silence: {}", failed.join("; ")));
    Ok(Standing::default())
}

async fn tell(alerts: &Alerts, native: &Native, silence: &serde_json::Value, found: &mut Findings) {
    let now = now();
    let ends = moment(silence, "/endsAt");
    let left = ends.map(|ends| ends.since(now));
    let by = clean(text(silence, "/createdBy")).into_owned();
    let matchers = matchers(silence);
    let state = alerts.hub.state().await;
    let held: Vec<String> = state
        .alerts
        .iter()
        .filter(|alert| alert.silenced_by.contains(&native.target.name))
        .map(|alert| format!("{} {}", alert.name, alert.apart))
        .collect();
    let left = left.map_or_else(|| "an unknown time".into(), span);
    if let Verb::Extend { seconds, .. } = &native.verb {
        let later = ends.map_or_else(String::new, |ends| {
            format!(" → in {}", span(ends.plus(Duration::from_secs(*seconds)).since(now)))
        });
        found.effect.push(format!("{matchers} ends in {left}{later}"));
        found.undo = "expire it, and silence for less".into();
    } else {
        found.effect.push(format!("{matchers} ends now instead of in {left}"));
        found.undo = "silence the same alerts again".into();
    }
    let comment = clean(text(silence, "/comment"));
    found.effect.push(format!("made by {by}: {comment}"));
    let told = if matches!(native.verb, Verb::Expire) { "told again" } else { "held back" };
    found.effect.push(format!(
        "{} {} {told}",
        held.len(),
        if held.len() == 1 { "alert is" } else { "alerts are" }
    ));
    found.effect.extend(held.iter().take(NAMED).map(|one| clean_to(one, 200).into_owned()));
    if held.len() > NAMED {
        found.effect.push(format!("and {} more", held.len() - NAMED));
    }
    if matches!(native.verb, Verb::Expire) && !by.is_empty() && by != alerts.who {
        found.warnings.push(format!("{by} made it, not you"));
    }
}

fn matchers(silence: &serde_json::Value) -> String {
    let all = silence.pointer("/matchers").and_then(serde_json::Value::as_array);
    let one = |matcher: &serde_json::Value| {
        let is = |key: &str, usual| matcher.get(key).and_then(serde_json::Value::as_bool).unwrap_or(usual);
        Matcher {
            name: text(matcher, "/name").into(),
            value: text(matcher, "/value").into(),
            regex: is("isRegex", false),
            equal: is("isEqual", true),
        }
        .to_string()
    };
    let words: Vec<String> = all.into_iter().flatten().map(one).collect();
    clean_to(&masked(&words.join(" ")), 400).into_owned()
}
