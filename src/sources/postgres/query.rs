//! Sends statements over the held session, for the time when the server gives nobody another one.
use std::pin::pin;
use std::time::Duration;

use futures::StreamExt;
use tokio::time::timeout;
use tokio_postgres::SimpleQueryMessage;

use super::Server;
use super::link::{Fault, Session as Held};
use super::shown::{Answer, Shown};
use crate::commands::tools::of_console;
use crate::domain::Text;
use crate::domain::action::Outcome;
use crate::domain::approval::Tier;

/// How long the server may work on a text; the panes of this server wait meanwhile.
pub const GIVEN: Duration = Duration::from_secs(20);
/// A little more, so that the server's own word comes first.
const ANSWER: Duration = Duration::from_secs(23);
/// Until the transaction ends or the session is put back.
const LIMITS: &str = "SELECT set_config('statement_timeout', '20000', false), \
    set_config('lock_timeout', '5000', false), set_config('default_transaction_read_only', $1, false)";

/// Which session it is: what was read of one is not sent over another.
pub fn session(held: &Held) -> Vec<Text> {
    let way = if held.emergency { "reserved" } else { "" };
    let greeting = &held.greeting;
    vec![
        greeting.user.clone(),
        greeting.database.clone(),
        greeting.system.clone().unwrap_or_default(),
        way.into(),
    ]
}

/// Why a text is not sent at all.
pub fn refusal(text: &str) -> Option<String> {
    let own = of_console(text)?;
    Some(format!("`{own}` is for psql itself: no server takes it as a statement"))
}

pub async fn run(server: &Server, sql: &[String], risk: Tier, seen: Option<&[Text]>) -> Outcome {
    let refused = |why: String| Outcome::Refused { why };
    if let Some(why) = sql.iter().find_map(|text| refusal(text)) {
        return refused(why);
    }
    let mut turn = match server.link.first().await {
        Ok(turn) => turn,
        Err(fault) => return refused(format!("no session is held: {}", fault.words())),
    };
    let Some(held) = turn.as_ref() else { return refused("no session is held".into()) };
    if seen.is_some_and(|seen| *seen != *session(held)) {
        return refused("another session is held by now than was shown: ask again".into());
    }
    let (outcome, kept) = over(server, held, sql, risk).await;
    if !kept {
        // What it answers next, or as whom, is not certain. The poll opens another one.
        *turn = None;
    }
    outcome
}

/// Sends the texts and puts the session back; says whether it can be used on.
async fn over(server: &Server, held: &Held, sql: &[String], risk: Tier) -> (Outcome, bool) {
    let only = if risk == Tier::Read { "on" } else { "off" };
    if let Err(fault) = held.ask(LIMITS, &[(&only, tokio_postgres::types::Type::TEXT)]).await {
        return (
            Outcome::Refused { why: fault.words() },
            matches!(fault, Fault::Said { .. }) && held.restore().await.is_ok(),
        );
    }
    let mut shown = Shown::default();
    let mut stopped = None;
    for (n, text) in sql.iter().enumerate() {
        let before = shown.count();
        let fault = match timeout(ANSWER, answers(held, text, &mut shown)).await {
            Ok(Ok(())) => continue,
            Ok(Err(fault)) => fault,
            Err(_) => {
                let open = server.link.give_up(held).await;
                let open = open && held.restore().await.is_ok();
                let why =
                    format!("no answer within {} s: it was cancelled, and may be done", ANSWER.as_secs());
                return (Outcome::Uncertain { why }, open);
            }
        };
        stopped = Some((n, before, fault));
        break;
    }
    let restored = match stopped {
        Some((.., ref fault)) if !matches!(fault, Fault::Said { .. }) => Err(None),
        _ => held.restore().await.map_err(Some),
    };
    let after = match &restored {
        Ok(true) => "; a transaction was left open: it was undone".to_owned(),
        Ok(false) | Err(None) => String::new(),
        Err(Some(fault)) => {
            format!("; the session is given up, as it could not be put back: {}", fault.words())
        }
    };
    let outcome = match stopped {
        None => Outcome::Settled { says: shown.says(&after) },
        Some((n, before, fault)) => failed(sql.len(), n, before, &fault, &shown, &after),
    };
    (outcome, restored.is_ok())
}

/// A text that the server refused, and what stood before it.
fn failed(texts: usize, n: usize, before: usize, fault: &Fault, shown: &Shown, after: &str) -> Outcome {
    let what = match fault {
        Fault::Said { code, what } if code == "57014" => {
            format!("it took more than {} s, and was ended: {what} ({code})", GIVEN.as_secs())
        }
        Fault::Said { code, what } => format!("{what} ({code})"),
        other => {
            return Outcome::Uncertain { why: format!("the session was lost: {}", other.words()) };
        }
    };
    let at = if texts > 1 { format!("text {} of {texts}: ", n + 1) } else { String::new() };
    if shown.count() == 0 {
        return Outcome::Refused { why: format!("{at}{what}{after}") };
    }
    // What stands in one text is one transaction, unless it says otherwise itself.
    let same = if shown.count() > before {
        "; what stands before it in the same text is undone with it"
    } else {
        ""
    };
    let done = if before > 0 { format!("; before it: {}", shown.summary(before)) } else { String::new() };
    Outcome::Failed { why: format!("{at}{what}{same}{done}{after}") }
}

/// What the server answers to one text; all of it is taken in, and little of it kept.
async fn answers(held: &Held, text: &str, shown: &mut Shown) -> Result<(), Fault> {
    let mut stream = pin!(held.send(text).await?);
    let mut now = Answer::default();
    while let Some(message) = stream.next().await {
        match message? {
            SimpleQueryMessage::RowDescription(columns) => {
                now = Answer::with(columns.iter().map(tokio_postgres::SimpleColumn::name));
            }
            SimpleQueryMessage::Row(row) => {
                let cell = |at| match row.try_get(at) {
                    Ok(Some(text)) => text,
                    Ok(None) => "null",
                    Err(_) => "(bytes that are no text)",
                };
                shown.row(&mut now, (0..row.len()).map(cell));
            }
            SimpleQueryMessage::CommandComplete(rows) => shown.end(std::mem::take(&mut now), rows),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_psql_understands_is_not_sent() {
        for (text, what) in [
            ("\\d stock", Some("`\\d`")),
            ("SELECT 1 \\gexec", Some("`\\gexec`")),
            ("SELECT 1; COPY stock FROM STDIN; 1\t2\n\\.", Some("STDIN")),
            ("copy stock to stdout", Some("STDOUT")),
            ("SELECT E'a\\nb', '\\d', $$\\x$$ -- \\q", None),
            ("COPY stock TO '/tmp/x'", None),
        ] {
            let why = refusal(text);
            assert_eq!(why.is_some(), what.is_some(), "{text}: {why:?}");
            assert!(what.is_none_or(|what| why.is_some_and(|why| why.contains(what))), "{text}");
        }
    }

    #[test]
    fn a_failure_says_what_stood_before_it() {
        let said = Fault::Said { code: "42P01".into(), what: "no such table".into() };
        let mut shown = Shown::default();
        let first = failed(1, 0, 0, &said, &shown, "");
        assert_eq!(first, Outcome::Refused { why: "no such table (42P01)".into() });
        shown.end(Answer::default(), 2);
        let later = failed(2, 1, 1, &said, &shown, "");
        let why = "text 2 of 2: no such table (42P01); before it: done, 2 rows";
        assert_eq!(later, Outcome::Failed { why: why.into() });
        let same = failed(1, 0, 0, &said, &shown, "");
        assert!(matches!(&same, Outcome::Failed { why } if why.ends_with("is undone with it")), "{same:?}");
        let lost = failed(1, 0, 0, &Fault::Lost("gone".into()), &shown, "");
        assert!(matches!(lost, Outcome::Uncertain { .. }));
    }
}
