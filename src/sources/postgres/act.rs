//! Ends a session or its query, if it still is the one that was shown, and looks again until it is gone.
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::types::Type;

use super::Server;
use super::link::{Fault, Value};
use super::look::{find, identity, same_query, tree};
use super::value::flag;
use crate::domain::action::{Looked, Outcome, Verb};
use crate::domain::database::State;
use crate::sources::backend::Report;

const TERMINATE: &str = "SELECT pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
    WHERE pid = $1 AND backend_start = $2::text::timestamptz AND pid <> pg_backend_pid()";
/// The query is part of the condition: the next one of the same session was not shown.
const CANCEL: &str = "SELECT pg_cancel_backend(pid) FROM pg_catalog.pg_stat_activity \
    WHERE pid = $1 AND backend_start = $2::text::timestamptz AND pid <> pg_backend_pid() \
    AND (extract(epoch FROM query_start) * 1000000)::int8 = $3";

/// A session that rolls back much takes its time.
const FOLLOWED: Duration = Duration::from_secs(10);
/// How long those that waited have to go on.
const FREED: Duration = Duration::from_secs(3);
const AGAIN: Duration = Duration::from_millis(200);

pub async fn act(server: &Server, looked: Looked, report: &Report) -> Outcome {
    let cancels = match looked.native.verb {
        Verb::Query { sql, risk, .. } => {
            return super::query::run(server, &sql, risk, looked.also.as_deref()).await;
        }
        Verb::Cancel => true,
        Verb::Terminate { .. } => false,
        other => return Outcome::Refused { why: format!("{} is nothing for a session", other.name()) },
    };
    if cancels && looked.generation.is_none() {
        let why = "which query it runs was not seen: ask again, or terminate".into();
        return Outcome::Refused { why };
    }
    let (pid, began, freed, sent) = {
        let turn = match server.link.first().await {
            Ok(turn) => turn,
            Err(fault) => return Outcome::Refused { why: fault.words() },
        };
        let Some(held) = turn.as_ref() else { return Outcome::Refused { why: "not connected".into() } };
        let (pid, began) = match identity(&looked.native, &held.greeting) {
            Ok(identity) => identity,
            Err(why) => return Outcome::Refused { why },
        };
        let freed = tree(held).await.map(|tree| tree.freed_by(pid)).unwrap_or_default();
        let mut values: Vec<Value<'_>> = vec![(&pid, Type::INT4), (&began, Type::TEXT)];
        if cancels {
            values.push((&looked.generation, Type::INT8));
        }
        let sent = held.ask(if cancels { CANCEL } else { TERMINATE }, &values).await;
        (pid, began.clone(), freed, sent)
    };
    let clear = match sent {
        Ok(rows) => match rows.first() {
            None if cancels => {
                return Outcome::Refused {
                    why: format!("session {pid} is gone, or runs another query by now"),
                };
            }
            None => {
                let why = format!("session {pid} is gone, or its number belongs to another by now");
                return Outcome::Refused { why };
            }
            Some(row) if !flag(row, 0) => {
                return Outcome::Failed {
                    why: "the server could not signal it: it may be gone already".into(),
                };
            }
            Some(_) => true,
        },
        Err(Fault::Said { code, what }) if code == "42501" => {
            return Outcome::Refused { why: format!("{what}: needs pg_signal_backend") };
        }
        // Said no, it did nothing.
        Err(fault @ Fault::Said { .. }) if !fault.has_code("57014") => {
            return Outcome::Refused { why: fault.words() };
        }
        // It may have been done: only a look tells.
        Err(fault) => {
            let says = format!("no clear answer: {}", fault.words());
            let _ = report.send(Outcome::Progress { says }).await;
            false
        }
    };
    let signal = if clear {
        let _ = report.send(Outcome::Accepted { says: "the signal was sent".into() }).await;
        "the signal was sent"
    } else {
        "the signal may have been sent"
    };
    follow(server, pid, &began, looked.generation.filter(|_| cancels), &freed, signal).await
}

/// Looks until it is gone; with a query, until that is.
async fn follow(
    server: &Server,
    pid: i32,
    began: &str,
    query: Option<i64>,
    freed: &[i32],
    signal: &str,
) -> Outcome {
    let until = Instant::now() + FOLLOWED;
    loop {
        let unseen = match gone(server, pid, began, query).await {
            Ok(true) if query.is_some() => {
                return Outcome::Settled { says: "its query ended, the session stays".into() };
            }
            Ok(true) => return Outcome::Settled { says: went_on(server, freed).await },
            Ok(false) => None,
            Err(fault) => Some(fault.words()),
        };
        if Instant::now() >= until {
            let seconds = FOLLOWED.as_secs();
            return match unseen {
                Some(why) => {
                    Outcome::Uncertain { why: format!("{signal}, but nothing is seen since: {why}") }
                }
                None => Outcome::Failed {
                    why: format!("{signal}, but it is still there after {seconds} s: it may be rolling back"),
                },
            };
        }
        sleep(AGAIN).await;
    }
}

async fn gone(server: &Server, pid: i32, began: &str, query: Option<i64>) -> Result<bool, Fault> {
    let turn = server.link.first().await?;
    let held = turn.as_ref().ok_or_else(|| Fault::Lost("not connected".into()))?;
    let Some(session) = find(held, pid).await?.filter(|session| *session.began == *began) else {
        return Ok(true);
    };
    let ended = |query| session.state != State::Active || !same_query(session.query_began, query);
    Ok(query.is_some_and(ended))
}

/// Whether those that waited do so no more: the first to go on may have to end before the next can.
async fn went_on(server: &Server, freed: &[i32]) -> String {
    if freed.is_empty() {
        return "gone".into();
    }
    let until = Instant::now() + FREED;
    loop {
        let waiting = waiting(server, freed).await;
        if let Some(left) = waiting.filter(|left| *left == 0 || Instant::now() >= until) {
            let all = freed.len();
            return match left {
                0 => format!("gone; {all} that waited for it go on"),
                _ => format!("gone; {} of {all} that waited go on, {left} wait for another now", all - left),
            };
        }
        if waiting.is_none() {
            return "gone".into();
        }
        sleep(AGAIN).await;
    }
}

/// How many of them still wait for somebody; `None` when that cannot be seen.
async fn waiting(server: &Server, freed: &[i32]) -> Option<usize> {
    let turn = server.link.first().await.ok()?;
    let tree = tree(turn.as_ref()?).await.ok()?;
    Some(freed.iter().filter(|pid| !tree.blockers(**pid).is_empty()).count())
}
