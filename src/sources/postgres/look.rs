//! The look before a question: who would be hit, for whom others wait, and whether we may.
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::types::Type;

use super::link::{Fault, Greeting, Session as Held};
use super::value::{flag, number, text};
use super::{Server, query, read, sql};
use crate::domain::Text;
use crate::domain::action::{Check, Findings, Looked, Native, Verb};
use crate::domain::approval::Tier;
use crate::domain::database::{PREPARED, Session, State, Tree};
use crate::domain::time::{Age, Timestamp};
use crate::sources::now;

const WITHIN: Duration = Duration::from_millis(1_900);

/// Whose session it is as far as rights go, and when its query began, in microseconds.
const RIGHTS: &str = "SELECT coalesce(r.rolsuper, true), coalesce(pg_has_role(a.usesysid, 'USAGE'), false), \
    (extract(epoch FROM a.query_start) * 1000000)::int8, coalesce(r.rolname::text, '') \
    FROM pg_catalog.pg_stat_activity a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid WHERE a.pid = $1";

/// What one action would hit.
struct Part {
    looked: Looked,
    effect: Vec<String>,
    warnings: Vec<String>,
    allowed: Check,
    identity: Option<String>,
    unchecked: Option<String>,
    drift: Option<String>,
    undo: String,
}

pub async fn look(server: impl Fn(&Text) -> Option<Arc<Server>>, natives: &[Native]) -> Findings {
    let mut found = Findings { allowed: Check::Yes, ..Findings::default() };
    let several = natives.len() > 1;
    let mut drift = Vec::new();
    let until = tokio::time::Instant::now() + WITHIN;
    for native in natives {
        let part = match server(&native.target.context) {
            Some(server) => {
                let left = until.saturating_duration_since(tokio::time::Instant::now());
                match timeout(left, part(&server, native)).await {
                    Ok(Ok(part)) => part,
                    Ok(Err(fault)) => unchecked(native, &fault.words()),
                    Err(_) => unchecked(native, "no answer within 2 s"),
                }
            }
            None => unchecked(native, "no such server is named"),
        };
        let name = &native.target.name;
        let named = |line: String| if several { format!("{name}: {line}") } else { line };
        found.effect.extend(part.effect.into_iter().map(named));
        found.warnings.extend(part.warnings.into_iter().map(named));
        found.unchecked.extend(part.unchecked.map(named));
        drift.extend(part.drift.map(named));
        if found.undo.is_empty() {
            found.undo = part.undo;
        }
        found.identity = found.identity.or(part.identity);
        found.allowed = match (found.allowed, part.allowed) {
            (no @ Check::No(_), _) => no,
            (_, Check::No(why)) => Check::No(named(why)),
            (Check::NotChecked, _) | (_, Check::NotChecked) => Check::NotChecked,
            (Check::Yes, Check::Yes) => Check::Yes,
        };
        found.actions.push(part.looked);
    }
    found.drift = (!drift.is_empty()).then(|| drift.join("; "));
    found
}

fn unchecked(native: &Native, why: &str) -> Part {
    Part {
        looked: Looked { native: native.clone(), generation: None, also: None },
        effect: Vec::new(),
        warnings: Vec::new(),
        allowed: Check::NotChecked,
        identity: None,
        unchecked: Some(format!("the session: {why}")),
        drift: None,
        undo: String::new(),
    }
}

/// The two halves of an identity. When it began is hidden where sessions are, and a number alone is given to
/// others again.
pub fn identity(native: &Native, greeting: &Greeting) -> Result<(i32, String), String> {
    let (pid, began) = native.uid.split_once('@').unwrap_or_default();
    let pid = pid.parse().ok().filter(|pid| *pid != PREPARED);
    let pid = pid.ok_or("a prepared transaction belongs to no session: ROLLBACK PREPARED ends it")?;
    if began.is_empty() {
        let user = sql::name(&greeting.user);
        return Err(format!("it cannot be told from another with its number: GRANT pg_monitor TO {user};"));
    }
    Ok((pid, began.to_owned()))
}

/// A session by its number, whoever has it now.
pub async fn find(held: &Held, pid: i32) -> Result<Option<Session>, Fault> {
    Ok(find_all(held, &[pid]).await?.pop())
}

/// Several at once.
pub async fn find_all(held: &Held, pids: &[i32]) -> Result<Vec<Session>, Fault> {
    let ask = format!("{} WHERE pid = ANY($1)", sql::activity(held.greeting.number));
    Ok(held.ask(&ask, &[(&pids, Type::INT4_ARRAY)]).await?.iter().map(read::session).collect())
}

/// Who waits for whom, now.
pub async fn tree(held: &Held) -> Result<Tree, Fault> {
    let ask = if held.greeting.reads_all { sql::WAITS } else { sql::WAITS_UNSEEN };
    Ok(Tree::new(read::waits(&held.ask(ask, &[]).await?)))
}

/// Over which session statements would go, and as whom.
async fn held(server: &Server, native: &Native, sql: &[String], risk: Tier) -> Part {
    let mut part = unchecked(native, "");
    part.unchecked = None;
    let refused = sql.iter().find_map(|text| query::refusal(text));
    let turn = match server.link.first().await {
        _ if refused.is_some() => {
            part.allowed = Check::No(refused.unwrap_or_default());
            return part;
        }
        Ok(turn) => turn,
        Err(fault) => {
            part.allowed = Check::No(format!("firedeck holds no session there now: {}", fault.words()));
            return part;
        }
    };
    let Some(held) = turn.as_ref() else { return part };
    (part.allowed, part.identity) = (Check::Yes, Some(held.greeting.user.to_string()));
    part.looked.also = Some(query::session(held));
    let way = if held.emergency { ", the reserved role's" } else { "" };
    if risk > Tier::Read {
        for found in super::effect::of(held, sql).await {
            part.effect.extend(found.effect);
            part.warnings.extend(found.warnings);
            // As the same statement has it in a shell.
            if part.undo.is_empty() {
                part.undo = found.undo;
            }
            part.effect.extend(found.unchecked.into_iter().map(|what| format!("not known: {what}")));
        }
    }
    part.effect.push(format!(
        "these statements go over the session that firedeck holds{way}, as `{}` on database `{}`",
        held.greeting.user, held.greeting.database
    ));
    part.effect.push(format!("each text has {} s; the session is then as it was", query::GIVEN.as_secs()));
    if risk == Tier::Read {
        part.effect.push("what would write is refused by the server meanwhile".into());
        part.undo = "it only reads".into();
    }
    part
}

async fn part(server: &Server, native: &Native) -> Result<Part, Fault> {
    if let Verb::Query { sql, risk, .. } = &native.verb {
        return Ok(held(server, native, sql, *risk).await);
    }
    let turn = server.link.first().await?;
    let held = turn.as_ref().ok_or_else(|| Fault::Lost("not connected".into()))?;
    let mut part = unchecked(native, "");
    (part.unchecked, part.identity) = (None, Some(held.greeting.user.to_string()));
    let (pid, began) = match identity(native, &held.greeting) {
        Ok(identity) => identity,
        Err(why) => {
            part.allowed = Check::No(why);
            return Ok(part);
        }
    };
    let Some(session) = find(held, pid).await? else {
        part.drift = Some(format!("session {pid} is gone"));
        return Ok(part);
    };
    if *session.began != began {
        part.drift =
            Some(format!("number {pid} belongs to another session now, which began {}", session.began));
        return Ok(part);
    }
    let rights = held.ask(RIGHTS, &[(&pid, Type::INT4)]).await?;
    if let Some(row) = rights.first() {
        part.allowed = allowed(held, &session, flag(row, 0), flag(row, 1), &text(row, 3));
        if native.verb == Verb::Cancel {
            part.looked.generation = number(row, 2);
            match part.looked.generation {
                Some(query) if same_query(session.query_began, query) => {}
                Some(_) => part.drift = Some("it runs another query by now".into()),
                None if part.allowed == Check::Yes => {
                    part.allowed = Check::No("which query it runs is not seen: terminate ends it".into());
                }
                None => {}
            }
        }
    }
    let tree = tree(held).await?;
    let freed = tree.freed_by(pid);
    if let Verb::Terminate { frees } = &mut part.looked.native.verb {
        *frees = u32::try_from(freed.len()).unwrap_or(u32::MAX);
    }
    part.effect = effect(&session, &freed, native.verb == Verb::Cancel, now());
    if session.is_client() {
        // As the same statement has it in a shell.
        let ends =
            if native.verb == Verb::Cancel { "the client asks again" } else { "the client connects again" };
        part.undo = format!("none is needed: {ends}");
    }
    if native.verb == Verb::Cancel && session.state != State::Active && !session.hidden {
        part.warnings
            .push(format!("it runs no query now ({}): there is nothing to cancel", session.state.word()));
    }
    if !session.is_client() {
        part.warnings.push(format!("it is no client but a {}", session.backend));
    }
    let by: Vec<String> = tree.blockers(pid).iter().map(ToString::to_string).collect();
    if !by.is_empty() {
        part.warnings
            .push(format!("it waits itself, for {}: X ends what all of them wait for", by.join(", ")));
    }
    Ok(part)
}

/// Whether a query that began at this millisecond is the one of this microsecond: the server rounds, and does so in
/// one of two ways.
pub fn same_query(began: Option<Timestamp>, micros: i64) -> bool {
    began.is_some_and(|at| at.0.saturating_mul(1000).saturating_sub(micros).saturating_abs() <= 500)
}

fn allowed(held: &Held, session: &Session, superusers: bool, member: bool, role: &str) -> Check {
    let greeting = &held.greeting;
    if session.own {
        return Check::No("it is firedeck's own".into());
    }
    if greeting.superuser {
        return Check::Yes;
    }
    if superusers {
        return Check::No("only a superuser ends a session of the server or of a superuser".into());
    }
    if member || greeting.signals {
        return Check::Yes;
    }
    Check::No(format!("needs GRANT pg_signal_backend TO {}; or role `{role}`", sql::name(&greeting.user)))
}

fn effect(session: &Session, freed: &[i32], cancels: bool, now: Timestamp) -> Vec<String> {
    let or = |text: &Text, none: &str| if text.is_empty() { none.to_owned() } else { text.to_string() };
    let mut lines = vec![format!(
        "{} on {} from {}, application {}",
        or(&session.user, "no role"),
        or(&session.database, "no database"),
        or(&session.client, "this box or unseen"),
        or(&session.application, "unnamed"),
    )];
    let age = |at: Option<Timestamp>| at.map(|at| Age(now.since(at)).lasting());
    let status = session.status();
    let mut doing =
        vec![age(session.since).map_or_else(|| status.to_string(), |age| format!("{status} {age}"))];
    doing.extend(age(session.transaction).map(|age| format!("transaction open {age}")));
    lines.push(doing.join(", "));
    if !session.query.is_empty() {
        let what = if session.state == State::Active { "runs" } else { "ran last" };
        lines.push(format!("{what}: {}", session.query));
    }
    if !freed.is_empty() {
        let names: Vec<String> = freed.iter().take(8).map(ToString::to_string).collect();
        let more = if freed.len() > names.len() { ", …" } else { "" };
        let how = if cancels { "may free" } else { "frees" };
        lines.push(format!("{how} {} that wait for it: {}{more}", freed.len(), names.join(", ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_the_same_whichever_way_its_beginning_was_rounded() {
        for micros in [1_700_000_000_123_499, 1_700_000_000_123_500, 1_700_000_000_122_500] {
            assert!(same_query(Some(Timestamp(1_700_000_000_123)), micros), "{micros}");
        }
        assert!(!same_query(Some(Timestamp(1_700_000_000_123)), 1_700_000_000_123_501));
        assert!(!same_query(None, 0) && !same_query(Some(Timestamp(i64::MAX)), i64::MIN));
    }
}
