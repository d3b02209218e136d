//! Disconnecting a client: what is looked at before, the deed under its condition, the look after it.
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::cmd;
use tokio::time::{Instant, sleep, timeout_at};

use super::answer::{Refusal, RefusalKind, ask, int, text, words};
use super::hub::{Held, Hub};
use super::script;
use crate::domain::action::{Check, Findings, Looked, Native, Outcome, Verb};
use crate::domain::object::Kind;
use crate::domain::redis::RedisClient;
use crate::domain::redis::trouble::granting;
use crate::domain::redis::verdict::spoken;
use crate::domain::time::Timestamp;
use crate::sources::backend::Report;
use crate::sources::now;

/// For everything that is looked at before a question can be answered.
const WITHIN: Duration = Duration::from_millis(1_900);
const GONE_WITHIN: Duration = Duration::from_secs(3);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// More clients than anyone reads are looked at together.
const MOST_LOOKED: usize = 50;

pub(super) async fn look(hub: &Hub, natives: &[Native]) -> Findings {
    let mut findings = Findings { allowed: Check::Yes, ..Findings::default() };
    let until = Instant::now() + WITHIN;
    for native in natives.iter().take(MOST_LOOKED) {
        let (kind, verb) = (native.target.kind, &native.verb);
        findings.actions.push(Looked { native: native.clone(), generation: None, also: None });
        let looking = async {
            match (kind, verb) {
                (Kind::Client, Verb::Disconnect) => look_at(hub, native, &mut findings).await,
                (Kind::RedisNode, Verb::EndScript { function }) => {
                    script::look(hub, native, *function, &mut findings).await;
                }
                _ => findings.drift = Some(format!("a {kind} knows no {}", verb.name())),
            }
        };
        if timeout_at(until, looking).await.is_err() {
            findings.unchecked.push(format!("{kind} {}: no answer within two seconds", native.target.name));
            findings.allowed = Check::NotChecked;
            break;
        }
    }
    let rest = natives.get(findings.actions.len()..).unwrap_or_default();
    if !rest.is_empty() {
        findings.unchecked.push(format!("{} more were not looked at", rest.len()));
        let rest = rest.iter().cloned().map(|native| Looked { native, generation: None, also: None });
        findings.actions.extend(rest);
    }
    if findings.undo.is_empty() {
        findings.undo = "most clients connect again by themselves".into();
    }
    findings
}

/// The node's connection; without one nothing can be checked.
pub(super) fn held(hub: &Hub, native: &Native, findings: &mut Findings) -> Option<Held> {
    hub.of(&native.target)
        .map_err(|why| {
            findings.unchecked.push(why);
            findings.allowed = Check::NotChecked;
        })
        .ok()
}

async fn look_at(hub: &Hub, native: &Native, findings: &mut Findings) {
    let Some(held) = held(hub, native, findings) else { return };
    findings.identity.get_or_insert_with(|| held.user.clone());
    let mut con = held.con.clone();
    let (id, address) = identity(native);
    match find(&mut con, id, held.own).await {
        Ok(Some(client)) if *client.address == *address => describe(&client, findings),
        Ok(Some(client)) => {
            findings.drift = Some(format!("client {id} is another one now: {}", client.who()));
        }
        Ok(None) => findings.drift = Some(format!("client {id}, {address}, is gone")),
        Err(why) => {
            findings.unchecked.push(format!("client {id}: {}", why.trouble(&held.user, "+client|list")));
        }
    }
    match may_kill(&mut con, &held).await {
        Check::Yes => {}
        other => findings.allowed = other,
    }
}

fn describe(client: &RedisClient, findings: &mut Findings) {
    let idle = spoken(now().since(client.idle_since));
    let last = if client.command.is_empty() { String::new() } else { format!(", last {}", client.command) };
    findings.effect.push(format!("{}, idle {idle}{last}", client.who()));
    let id = client.id;
    if client.ours {
        findings.drift = Some(format!("client {id} is firedeck's own connection"));
    }
    if client.has('S') {
        findings
            .warnings
            .push(format!("client {id} is a replica: it copies what it missed, or everything, anew"));
    }
    if client.has('M') {
        findings
            .warnings
            .push(format!("client {id} is this server's primary: replication stops until it is back"));
    }
    if client.has('x') {
        findings.warnings.push(format!("client {id} is within MULTI: what it has queued is lost"));
    }
    if client.has('b') {
        findings.warnings.push(format!("client {id} waits in {}", client.command));
    }
}

/// Asks with words that can never kill anybody: whoever may not is told so before they are read.
async fn may_kill(con: &mut MultiplexedConnection, held: &Held) -> Check {
    match ask(con, &words(&["CLIENT", "KILL", "NOBODY", "0"])).await {
        Err(why) if why.forbids() => Check::No(granting(&held.user, "+client|kill")),
        Err(Refusal { kind: RefusalKind::Answered, code, .. }) if code == "ERR" => Check::Yes,
        _ => Check::NotChecked,
    }
}

/// The number and the address that were shown.
fn identity(native: &Native) -> (u64, String) {
    let (id, address) = native.uid.split_once('@').unwrap_or((&native.uid, ""));
    (id.parse().unwrap_or(0), address.to_owned())
}

/// `None`: it is not there.
pub(super) async fn find(
    con: &mut MultiplexedConnection,
    id: u64,
    own: Option<u64>,
) -> Result<Option<RedisClient>, Refusal> {
    let said = match ask(con, cmd("CLIENT").arg("LIST").arg("ID").arg(id)).await {
        // Before 6.2 there is only the whole list.
        Err(why) if why.code == "ERR" => ask(con, &words(&["CLIENT", "LIST"])).await?,
        other => other?,
    };
    let all = RedisClient::list(&text(&said).unwrap_or_default(), now(), own);
    Ok(all.into_iter().find(|client| client.id == id))
}

pub(super) async fn act(hub: &Hub, looked: Looked, _now: Timestamp, report: &Report) -> Outcome {
    let native = &looked.native;
    if let Verb::EndScript { function } = native.verb {
        return script::act(hub, native, function, report).await;
    }
    if native.verb != Verb::Disconnect {
        return Outcome::Refused { why: format!("a redis knows no {}", native.verb.name()) };
    }
    let held = match hub.of(&native.target) {
        Ok(held) => held,
        Err(why) => return Outcome::Refused { why },
    };
    let mut con = held.con.clone();
    let (id, address) = identity(native);
    // Nobody may hear it any more; the deed is done all the same.
    let _ = report.send(Outcome::Started).await;
    // Both together are the condition: the number may have been given again, and so may the port.
    let kill = ask(&mut con, cmd("CLIENT").arg("KILL").arg("ID").arg(id).arg("ADDR").arg(&address)).await;
    match kill.as_ref().map(int) {
        Ok(Some(1..)) => {}
        Ok(_) => return Outcome::Refused { why: format!("client {id}, {address}, is gone already") },
        Err(why) if why.kind == RefusalKind::Answered => {
            return Outcome::Refused { why: why.trouble(&held.user, "+client|kill").to_string() };
        }
        Err(why) => {
            return Outcome::Uncertain { why: format!("no answer: {}", why.trouble(&held.user, "")) };
        }
    }
    gone(&mut con, id, &address).await
}

async fn gone(con: &mut MultiplexedConnection, id: u64, address: &str) -> Outcome {
    let began = Instant::now();
    loop {
        match find(con, id, None).await {
            Ok(Some(client)) if *client.address == *address => {}
            Ok(_) => return Outcome::Settled { says: format!("client {id}, {address}, is gone") },
            Err(why) => {
                let why = why.trouble("", "+client|list");
                return Outcome::Uncertain { why: format!("killed, but not seen to be gone: {why}") };
            }
        }
        if began.elapsed() > GONE_WITHIN {
            return Outcome::Failed { why: format!("client {id}, {address}, is still there") };
        }
        sleep(LOOK_AGAIN).await;
    }
}
