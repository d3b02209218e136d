//! Performing one approved deed: sent once, never again, then watched until it is seen what became of it.
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Docker;
use super::client::{Client, Fault};
use super::look::{Seen, drifted, read, unfit};
use crate::domain::action::{Looked, Outcome, Verb};
use crate::domain::container::{ContainerState, Health};
use crate::domain::time::Timestamp;
use crate::sources::backend::Report;
use crate::sources::now;

const READ: Duration = Duration::from_secs(5);
/// Beyond what a container is given to end.
const BEYOND: Duration = Duration::from_secs(30);
/// What no health check speaks for has to stay for so long.
const STAYS: Duration = Duration::from_secs(5);
/// A health check may take this long to say that all is well.
const HEALS: Duration = Duration::from_mins(3);
/// The longest that is waited for an answer, in seconds.
const LONGEST: u32 = 600;
const LOOK_EVERY: Duration = Duration::from_millis(500);

impl Docker {
    pub(super) async fn perform(&self, looked: Looked, report: &Report) -> Outcome {
        let refused = |why: String| Outcome::Refused { why }.harmless();
        let client = match self.engine(&looked.native.target.context) {
            Ok(engine) => engine.client(),
            Err(why) => return refused(why),
        };
        let client = match client {
            Ok(client) => client,
            Err(fault) => return refused(fault.words()),
        };
        perform(&client, &looked, report).await.harmless()
    }
}

async fn perform(client: &Client, looked: &Looked, report: &Report) -> Outcome {
    let native = &looked.native;
    if native.uid.is_empty() {
        return Outcome::Refused { why: "nobody knows which container this is; nothing was sent".into() };
    }
    let before = match read(client, &native.uid, READ).await {
        Ok(seen) => seen,
        Err(Fault::Gone) => {
            return Outcome::Refused { why: format!("`{}` is gone, or was made anew", native.target.name) };
        }
        Err(fault) => {
            return Outcome::Refused { why: format!("not looked at, so not sent: {}", fault.words()) };
        }
    };
    if let Some(why) = drifted(looked, &before, now()).or_else(|| unfit(native, &before)) {
        return Outcome::Refused { why };
    }
    tell(report, Outcome::Started).await;
    let Some((order, grace)) = order(&native.verb) else {
        return Outcome::Refused { why: format!("{} does nothing to a container", native.verb.name()) };
    };
    let query = grace.map(|seconds| seconds.to_string());
    let query: Vec<(&str, &str)> = query.iter().map(|seconds| ("t", seconds.as_str())).collect();
    let within = Duration::from_secs(u64::from(grace.unwrap_or_else(|| own_grace(&before)))) + BEYOND;
    // The id is part of the request: a container made anew under the same name has another.
    let sent = client.post(&format!("/containers/{}/{order}", native.uid), &query, within).await;
    let lost = match sent {
        Ok(_) => None,
        Err(Fault::Gone) => {
            return Outcome::Refused {
                why: format!("`{}` went away before it was reached", native.target.name),
            };
        }
        Err(Fault::Unreached { why }) => return Outcome::Refused { why: format!("nothing was sent: {why}") },
        // What is refused for its state may have been half done: a restart ends it before it fails to begin.
        Err(Fault::Says { says, .. }) => return Outcome::Failed { why: format!("the engine says: {says}") },
        Err(Fault::Lost { why }) => Some(why),
    };
    match &lost {
        None => tell(report, Outcome::Accepted { says: format!("the engine took it: {order}") }).await,
        Some(why) => {
            tell(report, Outcome::Progress { says: format!("no answer came back: {why}; looking") }).await;
        }
    }
    let end = match native.verb {
        Verb::Stop { .. } => stopped(client, &before).await,
        _ => runs(client, &before, report).await,
    };
    match (lost, end) {
        // Sent, and nothing of it is seen: it may still come.
        (Some(lost), Outcome::Failed { why }) => {
            Outcome::Uncertain { why: format!("no answer came back: {lost}; {why}") }
        }
        (_, end) => end,
    }
}

fn order(verb: &Verb) -> Option<(&'static str, Option<u32>)> {
    Some(match verb {
        Verb::Restart => ("restart", None),
        Verb::Start => ("start", None),
        Verb::Stop { grace_seconds } => ("stop", *grace_seconds),
        _ => return None,
    })
}

fn own_grace(seen: &Seen) -> u32 {
    // Less than nothing has the engine wait without end; here nobody does.
    seen.raw.config.stop_timeout.map_or(10, |seconds| u32::try_from(seconds).unwrap_or(LONGEST)).min(LONGEST)
}

/// Until it does not run.
async fn stopped(client: &Client, before: &Seen) -> Outcome {
    let until = Instant::now() + BEYOND;
    loop {
        let seen = match read(client, &before.facts.id, READ).await {
            Ok(seen) => seen,
            Err(Fault::Gone) => return Outcome::Settled { says: "it ended and was removed".into() },
            Err(fault) if Instant::now() > until => {
                return Outcome::Uncertain { why: format!("nobody could look: {}", fault.words()) };
            }
            Err(_) => {
                sleep(LOOK_EVERY).await;
                continue;
            }
        };
        if !seen.facts.state.is_up() {
            let end = seen.facts.end.map(|end| format!(", exit code {end}")).unwrap_or_default();
            return Outcome::Settled { says: format!("stopped{end}") };
        }
        if Instant::now() > until {
            return Outcome::Failed { why: format!("it is {} still", seen.facts.status()) };
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Until a new run is well, or has ended.
async fn runs(client: &Client, before: &Seen, report: &Report) -> Outcome {
    let until = Instant::now() + HEALS;
    let (mut since, mut told) = (None::<(Option<Timestamp>, Instant)>, String::new());
    loop {
        let seen = read(client, &before.facts.id, READ).await;
        let late = Instant::now() > until;
        let seen = match seen {
            Ok(seen) => seen,
            Err(Fault::Gone) => return Outcome::Failed { why: "it ended at once and was removed".into() },
            Err(fault) if late => {
                return Outcome::Uncertain { why: format!("nobody could look: {}", fault.words()) };
            }
            Err(_) => {
                sleep(LOOK_EVERY).await;
                continue;
            }
        };
        let facts = &seen.facts;
        let anew = facts.started != before.facts.started;
        match (facts.state, facts.health) {
            _ if !anew && late => {
                return Outcome::Failed { why: format!("it is {}, and was not begun anew", facts.status()) };
            }
            _ if !anew => {}
            (ContainerState::Running, Some(Health::Healthy)) => {
                return Outcome::Settled { says: "runs, and its health check says healthy".into() };
            }
            (ContainerState::Running, Some(Health::Unhealthy)) => {
                let says = seen.raw.state.health.iter().flat_map(|health| &health.log).next_back();
                let says = says.map(|check| format!(": {}", check.output.trim())).unwrap_or_default();
                return Outcome::Failed {
                    why: format!("it runs, and its health check says unhealthy{says}"),
                };
            }
            (ContainerState::Running, Some(Health::Starting)) if late => {
                return Outcome::Failed {
                    why: format!("it runs, and its health check said nothing for {} s", HEALS.as_secs()),
                };
            }
            (ContainerState::Running, Some(Health::Starting)) => {}
            (ContainerState::Running, None) => {
                let (run, began) = *since.get_or_insert((facts.started, Instant::now()));
                if run != facts.started {
                    return Outcome::Failed { why: format!("it ends again and again: {}", facts.status()) };
                }
                if began.elapsed() >= STAYS {
                    let says = format!("runs, for {} s now; it has no health check", STAYS.as_secs());
                    return Outcome::Settled { says };
                }
            }
            (ContainerState::Exited, _) if facts.end.is_some_and(|end| end.code == 0) => {
                return Outcome::Settled { says: "it began, did its work and ended with 0".into() };
            }
            (ContainerState::Exited | ContainerState::Dead, _) => {
                return Outcome::Failed { why: format!("it began, and {}", facts.status()) };
            }
            (ContainerState::Restarting, _) => {
                return Outcome::Failed { why: format!("it began, and ended again: {}", facts.status()) };
            }
            _ if late => return Outcome::Failed { why: format!("it is {}", facts.status()) },
            _ => {}
        }
        let says = facts.status().into_owned();
        if anew && says != told {
            tell(report, Outcome::Progress { says: says.clone() }).await;
            told = says;
        }
        sleep(LOOK_EVERY).await;
    }
}

async fn tell(report: &Report, outcome: Outcome) {
    // A closed channel only means that nobody shows it.
    let _ = report.send(outcome.harmless()).await;
}
