//! Makes, extends and ends silences: one request to one member of a cluster, and a look whether it came about.
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::{alerts_of, exact, moment, name, silence_of, span, text};
use crate::domain::Text;
use crate::domain::action::{Looked, Outcome, Verb};
use crate::domain::alert::Matcher;
use crate::domain::alert::matcher::{Held, too_wide};
use crate::domain::text::clean;
use crate::domain::time::Timestamp;
use crate::sources::alerts::ask::{Fault, read};
use crate::sources::alerts::{Alerts, Member};
use crate::sources::backend::Report;

/// So long it may take until what was done is seen to hold.
const SETTLES: Duration = Duration::from_secs(8);
/// Another member is asked when one takes longer to read from.
const READ_WITHIN: Duration = Duration::from_secs(3);
const AGAIN: Duration = Duration::from_millis(300);

pub(in crate::sources::alerts) async fn act(
    alerts: &Alerts,
    looked: &Looked,
    now: Timestamp,
    report: &Report,
) -> Outcome {
    let outcome = match &looked.native.verb {
        Verb::Silence { matchers, seconds, comment } => {
            let own = exact(alerts, &looked.native.uid, matchers).await;
            silence(alerts, &own, *seconds, comment, now, report).await
        }
        Verb::Extend { seconds, .. } => extend(alerts, looked, *seconds, report).await,
        Verb::Expire => expire(alerts, looked, report).await,
        other => Outcome::Refused { why: format!("{} is nothing that can be done to alerts", other.name()) },
    };
    outcome.harmless()
}

async fn accepted(report: &Report, says: String) {
    // A closed channel only means that nobody shows it.
    let _ = report.send(Outcome::Accepted { says: clean(&says).into_owned() }).await;
}

/// A silence in each cluster whose alerts it hits; where it hits none, in all.
async fn silence(
    alerts: &Alerts,
    matchers: &[Matcher],
    seconds: u64,
    comment: &str,
    now: Timestamp,
    report: &Report,
) -> Outcome {
    if let Some(why) = too_wide(matchers) {
        return Outcome::Refused { why };
    }
    let Ok(held) = Held::new(matchers) else {
        return Outcome::Refused { why: "the matchers cannot be read".into() };
    };
    let clusters = concerned(alerts, matchers).await;
    let (mut done, mut failed, mut lost) = (Vec::new(), Vec::new(), false);
    let made = clusters.iter().map(|members| make(alerts, members, matchers, seconds, comment, now));
    for (members, made) in clusters.iter().zip(join_all(made).await) {
        match made {
            Ok((at, id)) => {
                accepted(report, format!("{} took it", name(&members[at]))).await;
                done.push((members, at, id));
            }
            Err(Outcome::Uncertain { why }) => {
                lost = true;
                failed.push(why);
            }
            Err(Outcome::Refused { why }) => failed.push(why),
            Err(_) => {}
        }
    }
    let failed = failed.join("; ");
    if done.is_empty() {
        return if lost { Outcome::Uncertain { why: failed } } else { Outcome::Refused { why: failed } };
    }
    let mut said = Vec::new();
    let what = (matchers, &held);
    let seen = done.iter().map(|(members, at, id)| holds(members, *at, id, what));
    for held in join_all(seen).await {
        match held {
            Ok(words) => said.push(words),
            Err(why) => return Outcome::Failed { why },
        }
    }
    let said = format!("{} for {}", said.join("; "), span(Duration::from_secs(seconds)));
    if failed.is_empty() {
        Outcome::Settled { says: said }
    } else {
        Outcome::Failed { why: format!("{said}, but {failed}") }
    }
}

/// The clusters that have an alert which is hit, as far as was heard; else all.
async fn concerned(alerts: &Alerts, matchers: &[Matcher]) -> Vec<Vec<Member>> {
    let clusters = alerts.clusters().await;
    let state = alerts.hub.state().await;
    let Ok(held) = Held::new(matchers) else { return clusters };
    let hit = |member: &Member| {
        let odd = state.odd.get(member.at);
        state.words.get(member.at).is_some_and(|word| {
            word.alerts.iter().any(|told| {
                let odd = odd.and_then(|odd| odd.get(&told.print));
                held.hits(|wanted| {
                    let own = odd.into_iter().flatten().find(|(_, name, _)| name == wanted);
                    let shown =
                        || told.labels.iter().find(|(name, _)| &**name == wanted).map(|(_, value)| &**value);
                    own.map(|(_, _, value)| value.as_str()).or_else(shown)
                })
            })
        })
    };
    let some: Vec<Vec<Member>> = clusters.iter().filter(|members| members.iter().any(hit)).cloned().collect();
    if some.is_empty() { clusters } else { some }
}

/// Asks the members one after the other, the next only when the one before certainly did not take it in. Gives the
/// place of the one that did, and the id.
async fn make(
    alerts: &Alerts,
    members: &[Member],
    matchers: &[Matcher],
    seconds: u64,
    comment: &str,
    now: Timestamp,
) -> Result<(usize, Text), Outcome> {
    let mut why = Vec::new();
    for (at, member) in members.iter().enumerate() {
        let starts = member.server.clock(now);
        let ends = starts.plus(Duration::from_secs(seconds));
        let body = json!({
            "matchers": matchers.iter().map(written).collect::<Vec<_>>(),
            "startsAt": starts.rfc3339(),
            "endsAt": ends.rfc3339(),
            "createdBy": alerts.who,
            "comment": comment,
        });
        match member.server.post("api/v2/silences", &body).await {
            Ok(answer) => return Ok((at, id_of(&answer))),
            Err(fault) if fault.untaken() => {
                why.push(format!("{}: {}", name(member), fault.says()));
                if matches!(fault, Fault::Said { code: 400 | 422, .. }) {
                    // The others would say the same.
                    break;
                }
            }
            Err(fault) => {
                // It may have been taken in: whoever looks sees it.
                return match found(members, &body).await {
                    Some((at, id)) => Ok((at, id)),
                    None => Err(Outcome::Uncertain {
                        why: format!("{}: {}; no such silence is seen yet", name(member), fault.says()),
                    }),
                };
            }
        }
    }
    Err(Outcome::Refused { why: why.join("; ") })
}

fn written(matcher: &Matcher) -> Value {
    json!({"name": &*matcher.name, "value": &*matcher.value, "isRegex": matcher.regex, "isEqual": matcher.equal})
}

fn id_of(answer: &[u8]) -> Text {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    text(&answer, "/silenceID").into()
}

/// Looks for a silence just like the one that was sent.
async fn found(members: &[Member], sent: &Value) -> Option<(usize, Text)> {
    let until = Instant::now() + SETTLES;
    while Instant::now() < until {
        for (at, member) in members.iter().enumerate() {
            let Ok(body) = member.server.get("api/v2/silences").await else { continue };
            let all: Vec<Value> = read(&body).unwrap_or_default();
            let same = |one: &&Value| {
                text(one, "/createdBy") == text(sent, "/createdBy")
                    && text(one, "/comment") == text(sent, "/comment")
                    && moment(one, "/endsAt") == moment(sent, "/endsAt")
                    && text(one, "/status/state") != "expired"
            };
            if let Some(one) = all.iter().find(same) {
                return Some((at, text(one, "/id").into()));
            }
        }
        sleep(AGAIN).await;
    }
    None
}

/// Waits until the silence is seen to hold back what it hits, on the member that took it and on those beside it.
async fn holds(
    members: &[Member],
    at: usize,
    id: &str,
    what: (&[Matcher], &Held<'_>),
) -> Result<String, String> {
    let member = &members[at];
    let until = Instant::now() + SETTLES;
    let mut last;
    loop {
        match seen(member, id, what).await {
            Ok((all, back)) if all == back => {
                let beside = spread(members, at, id, until).await;
                let noun = if back == 1 { "alert" } else { "alerts" };
                return Ok(format!("{back} {noun} held back by {}{beside}", name(member)));
            }
            Ok((all, back)) => last = format!("{} of {all} alerts that it hits are still told", all - back),
            Err(fault) => last = fault.says(),
        }
        if Instant::now() >= until {
            return Err(format!("silence {id} was made by {}, but {last}", name(member)));
        }
        sleep(AGAIN).await;
    }
}

/// How many alerts are hit, and how many of these are held back by this silence.
async fn seen(
    member: &Member,
    id: &str,
    (matchers, held): (&[Matcher], &Held<'_>),
) -> Result<(usize, usize), Fault> {
    let silence = silence_of(member, id).await?;
    if text(&silence, "/status/state") != "active" {
        return Err(Fault::Lost(format!("it is {}", text(&silence, "/status/state"))));
    }
    let alerts = alerts_of(member, matchers).await?;
    let hit = alerts.iter().filter(|alert| held.hits(|name| alert.labels.get(name).map(String::as_str)));
    let by = |alert: &&_| -> bool {
        let alert: &crate::sources::alerts::manager::OwnAlert = alert;
        alert.status.silences.iter().flatten().any(|by| by == id)
    };
    let hit: Vec<_> = hit.collect();
    Ok((hit.len(), hit.iter().copied().filter(by).count()))
}

/// Which of the other members do not have it, although they answer.
async fn spread(members: &[Member], at: usize, id: &str, until: Instant) -> String {
    let mut without = Vec::new();
    for (_, member) in members.iter().enumerate().filter(|(other, _)| *other != at) {
        loop {
            match silence_of(member, id).await {
                Err(Fault::Said { .. }) => {}
                // Who does not answer tells nobody of anything.
                Ok(_) | Err(_) => break,
            }
            if Instant::now() >= until {
                without.push(name(member).to_string());
                break;
            }
            sleep(AGAIN).await;
        }
    }
    if without.is_empty() { String::new() } else { format!(" ({} does not have it yet)", without.join(", ")) }
}

/// The silence as it stands on the first member that has it, if it is still the one that was shown.
async fn again(alerts: &Alerts, looked: &Looked) -> Result<(Vec<Member>, usize, Value), Outcome> {
    let id = &looked.native.target.name;
    let mut why = Vec::new();
    for members in alerts.clusters().await {
        for (at, member) in members.iter().enumerate() {
            let silence = match timeout(READ_WITHIN, silence_of(member, id)).await {
                Ok(Ok(silence)) => silence,
                Ok(Err(fault)) => {
                    why.push(format!("{}: {}", name(member), fault.says()));
                    continue;
                }
                Err(_) => {
                    why.push(format!("{}: timed out", name(member)));
                    continue;
                }
            };
            if text(&silence, "/status/state") == "expired" {
                return Err(Outcome::Refused { why: "it has ended already; nothing was sent".into() });
            }
            let updated = moment(&silence, "/updatedAt").map(|at| at.0);
            if looked.generation.is_some_and(|shown| Some(shown) != updated) {
                return Err(Outcome::Refused { why: "changed since it was shown; nothing was sent".into() });
            }
            return Ok((members, at, silence));
        }
    }
    Err(Outcome::Refused { why: format!("{}; nothing was sent", why.join("; ")) })
}

async fn extend(alerts: &Alerts, looked: &Looked, seconds: u64, report: &Report) -> Outcome {
    let (members, first, mut silence) = match again(alerts, looked).await {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let Some(ends) = moment(&silence, "/endsAt") else {
        return Outcome::Refused { why: "the server does not say when it ends; nothing was sent".into() };
    };
    let later = ends.plus(Duration::from_secs(seconds));
    if let Some(all) = silence.as_object_mut() {
        // With its own start, to the letter, and its own matchers the server extends it in place.
        all.insert("endsAt".into(), later.rfc3339().into());
        all.remove("status");
        all.remove("updatedAt");
    }
    let mut why = Vec::new();
    for member in members.iter().skip(first) {
        let id = match member.server.post("api/v2/silences", &silence).await {
            Ok(answer) => id_of(&answer),
            Err(fault) if fault.untaken() => {
                why.push(format!("{}: {}", name(member), fault.says()));
                continue;
            }
            Err(fault) => {
                why.push(format!("{}: {}", name(member), fault.says()));
                if ends_at(member, &looked.native.target.name, later).await {
                    return Outcome::Settled { says: ends_in(later) };
                }
                return Outcome::Uncertain { why: why.join("; ") };
            }
        };
        accepted(report, format!("{} took it", name(member))).await;
        if !ends_at(member, &id, later).await {
            return Outcome::Failed { why: format!("{} took it, but it does not end later", name(member)) };
        }
        let renamed = *id != *looked.native.target.name;
        let renamed = if renamed { format!(", under a new id {id}") } else { String::new() };
        return Outcome::Settled { says: format!("{}{renamed}", ends_in(later)) };
    }
    Outcome::Refused { why: why.join("; ") }
}

fn ends_in(later: Timestamp) -> String {
    format!("ends in {}", span(later.since(crate::sources::now())))
}

async fn ends_at(member: &Member, id: &str, wanted: Timestamp) -> bool {
    let until = Instant::now() + SETTLES;
    while Instant::now() < until {
        let seen = silence_of(member, id).await.ok().and_then(|silence| moment(&silence, "/endsAt"));
        if seen.is_some_and(|ends| ends.0 + 1_000 >= wanted.0) {
            return true;
        }
        sleep(AGAIN).await;
    }
    false
}

async fn expire(alerts: &Alerts, looked: &Looked, report: &Report) -> Outcome {
    let (members, first, _) = match again(alerts, looked).await {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let id = &looked.native.target.name;
    let mut why = Vec::new();
    for member in members.iter().skip(first) {
        let sent = member.server.delete(&format!("api/v2/silence/{id}")).await;
        if let Err(fault) = &sent {
            why.push(format!("{}: {}", name(member), fault.says()));
            if fault.untaken() {
                continue;
            }
        } else {
            accepted(report, format!("{} took it", name(member))).await;
        }
        if expired(member, id).await {
            return Outcome::Settled { says: "it has ended; what it held back is told again".into() };
        }
        return match sent {
            Ok(_) => Outcome::Failed { why: format!("{} took it, but it has not ended", name(member)) },
            Err(_) => Outcome::Uncertain { why: why.join("; ") },
        };
    }
    Outcome::Refused { why: why.join("; ") }
}

async fn expired(member: &Member, id: &str) -> bool {
    let until = Instant::now() + SETTLES;
    while Instant::now() < until {
        match silence_of(member, id).await {
            Ok(silence) if text(&silence, "/status/state") == "expired" => return true,
            Err(fault) if fault.gone() => return true,
            _ => sleep(AGAIN).await,
        }
    }
    false
}
