//! Asks a PostgreSQL for a value, over a connection that can only read.
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::postgres::address::Address;
use super::super::postgres::{link, tls};
use super::super::reason::{brief, reason};
use super::ask::Asked;
use super::held::Refusal;
use super::servers::{Server, Servers};
use crate::commands::tools::judge_sql;
use crate::domain::approval::Tier;
use crate::domain::settings::endpoint::Backend;
use crate::domain::settings::limit::{BoundValue, Fact};
use crate::domain::text::clean_to;
use crate::domain::vital::{Answer, Heard, one_read, worst};

const CONNECT: Duration = Duration::from_secs(4);
/// The server itself stops after three.
const ANSWER: Duration = Duration::from_secs(4);
/// How a server says that it has no room, as `said` writes it.
const FULL: &str = "(53300)";
/// Rows that are looked at.
const MOST_ROWS: usize = 200;

/// Known to every version. With the first packet, not by `SET`: behind a pooler that would stay with a server's
/// connection when others have it.
const OPTIONS: &str = "-c default_transaction_read_only=on -c statement_timeout=3000 -c lock_timeout=300";

pub(super) async fn ask(fact: &Fact, servers: &Servers) -> Asked {
    let rows = async {
        let statement = harmless(&fact.query)?;
        let server = servers.find(Backend::Postgres, fact.on.as_deref())?;
        let mut held = server.postgres.lock().await;
        let client = match held.take().filter(|client| !client.is_closed()) {
            Some(client) => client,
            None => held.open(connect(server)).await?,
        };
        // Not put back after a timeout: what such a connection answers next is the answer to this.
        let rows = timeout(ANSWER, rows(&client, statement)).await.map_err(|_| "timed out".to_owned())?;
        server.postgres.keep(&mut held, client, fact.every);
        rows.map_err(|error| said(&error))
    };
    match rows.await {
        Ok(rows) => told(fact, &rows),
        Err(why) if wants_accepting(fact) => accepts(&why),
        Err(why) => refused(&why),
    }
}

/// Whether it is asked, as `pg_isready` does, for no more than whether the server takes connections.
fn wants_accepting(fact: &Fact) -> bool {
    let bounds = [&fact.ok, &fact.warning, &fact.critical].into_iter().flatten();
    bounds.into_iter().any(|bound| matches!(&bound.value, BoundValue::Text(text) if text == "accepting"))
}

/// A server that turns this login down has taken the connection; one that is not found from here may be well.
fn accepts(why: &str) -> Asked {
    const OF_LOGIN: &[&str] = &["(28P01)", "(28000)", "(3D000)", "(42501)"];
    const OF_HERE: &[&str] = &["host name not found", "network unreachable", "no route to host"];
    if OF_LOGIN.iter().any(|code| why.contains(code)) {
        return Asked::new(Heard::text("accepting").note(why));
    }
    let here = OF_HERE.iter().any(|reason| why.contains(reason));
    if here || !answered(why) {
        return Asked::failed(why);
    }
    Asked::broken(&format!("not accepting: {why}"))
}

/// What is wrong with the profile, its secrets or our own reading says nothing of the server.
fn answered(why: &str) -> bool {
    const OF_SERVER: &[&str] =
        &["timed out", "connection refused", "connection reset", "closed", "(53300)", "(57P0"];
    OF_SERVER.iter().any(|sign| why.contains(sign))
}

/// No answer tells nothing of what was asked; but a server without room for one more has no room for anybody.
fn refused(why: &str) -> Asked {
    if why.contains(FULL) { Asked::broken(why) } else { Asked::failed(why) }
}

/// The statement, if by everything that is known of it, it only reads: a read-only transaction keeps no function
/// from ending sessions.
fn harmless(query: &str) -> Result<&str, String> {
    let query = one_read(query)?;
    match judge_sql(query).as_slice() {
        [one] if one.risk == Tier::Read && one.shell.is_none() => Ok(query),
        [one] => Err(brief(&format!("a vital may only read, and this is more: {}", one.why))),
        _ => Err("one statement alone".into()),
    }
}

async fn connect(server: &Server) -> Result<Client, Refusal> {
    let endpoint = &server.access.endpoint;
    let mut address = Address::of(endpoint, &endpoint.url)?;
    if address.password.is_none() {
        address.password = server.access.secret(endpoint.password.as_ref()).await?;
    }
    let mut config = link::config(&address);
    config.connect_timeout(CONNECT).application_name("firedeck vitals").options(OPTIONS);
    let tls = MakeRustlsConnect::new(tls::config(&address)?);
    let connecting = timeout(CONNECT, config.connect(tls)).await;
    let (client, connection) =
        connecting.map_err(|_| "timed out".to_owned())?.map_err(|error| refusal(&error))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("the vitals' connection ended: {}", said(&error));
        }
    });
    // A pooler may be told to pass over what it does not know.
    let shown = timeout(ANSWER, rows(&client, "SHOW default_transaction_read_only")).await;
    let shown = shown.map_err(|_| "timed out".to_owned())?.map_err(|error| said(&error))?;
    match shown.first().and_then(|row| row.first()) {
        Some((_, Some(value))) if value == "on" => Ok(client),
        _ => Err("what is read here cannot be kept from writing: name the server itself, not a pooler"
            .to_owned()
            .into()),
    }
}

fn refusal(error: &tokio_postgres::Error) -> Refusal {
    Refusal { why: said(error), full: error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS) }
}

/// A row as texts: the names of its columns stand in the first.
type Cells = Vec<(String, Option<String>)>;

async fn rows(client: &Client, statement: &str) -> Result<Vec<Cells>, tokio_postgres::Error> {
    let stream = client.simple_query_raw(statement).await?;
    let rows = stream.try_filter_map(|message| async move {
        Ok(match message {
            SimpleQueryMessage::Row(row) => Some(cells(&row)),
            _ => None,
        })
    });
    rows.take(MOST_ROWS).try_collect().await
}

fn cells(row: &SimpleQueryRow) -> Cells {
    let cell = |(nth, column): (usize, &tokio_postgres::SimpleColumn)| {
        // Bytes that are no UTF-8 are the server's, not ours to fail at.
        let value = row.try_get(nth).ok().flatten().map(|text| clean_to(text, 200).into_owned());
        (clean_to(column.name(), 60).into_owned(), value)
    };
    row.columns().iter().enumerate().map(cell).collect()
}

/// The last number of a row is its value, and what stands before it says of what; of several rows the worst.
fn told(fact: &Fact, rows: &[Cells]) -> Asked {
    let read: Vec<(Answer, String)> = rows.iter().map(value).collect();
    let answers: Vec<Answer> = read.iter().map(|(answer, _)| answer.clone()).collect();
    let lines = rows.iter().enumerate().map(|(nth, row)| {
        let cells = row.iter().map(|(name, value)| format!("{name} {}", value.as_deref().unwrap_or("NULL")));
        ((nth + 1).to_string(), cells.collect::<Vec<_>>().join(", "))
    });
    let Some((nth, ill)) = worst(fact, &answers) else { return Asked::failed("no rows") };
    let answer = answers.get(nth).cloned().unwrap_or_default();
    let of = read.get(nth).map_or("", |(_, of)| of);
    let heard = match (&answer, rows.len()) {
        (Answer::Waiting, _) => Heard::error("the answer is NULL"),
        (_, 1) => Heard::of(answer).note(of),
        (_, all) if ill > 1 => Heard::of(answer).note(format!("{of}, one of {ill} of {all}")),
        (_, all) => Heard::of(answer).note(format!("{of}, of {all}")),
    };
    Asked::new(heard).seen("Rows", lines)
}

fn value(row: &Cells) -> (Answer, String) {
    let number = |text: &str| text.parse::<f64>().ok();
    let texts: Vec<&str> = row.iter().filter_map(|(_, value)| value.as_deref()).collect();
    // Several numbers and nothing else: the first is what is asked for.
    let labelled = texts.iter().any(|text| number(text).is_none());
    let mut numbers = texts.iter().filter_map(|text| number(text));
    let chosen = if labelled { numbers.next_back() } else { numbers.next() };
    let label = || {
        let words = texts.iter().filter(|text| number(text).is_none());
        words.copied().collect::<Vec<_>>().join(" ")
    };
    match (chosen, texts.first()) {
        (Some(value), _) => (Answer::Value(value), label()),
        (None, Some(text)) => (Answer::Text((*text).into()), String::new()),
        (None, None) => (Answer::Waiting, String::new()),
    }
}

/// What the server says, with its code; else what broke.
fn said(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(told) => brief(&format!("{} ({})", told.message(), told.code().code())),
        None => reason(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::limit::{Bound, FactSource};

    fn fact(warning: &str) -> Fact {
        Fact {
            name: "rows".into(),
            source: FactSource::Sql,
            query: "SELECT 1".into(),
            on: None,
            unit: None,
            pick: None,
            every: Duration::from_secs(30),
            ok: None,
            warning: Bound::parse(warning).ok(),
            critical: None,
        }
    }

    fn row(cells: &[(&str, Option<&str>)]) -> Cells {
        cells.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect()
    }

    #[test]
    fn only_what_reads_is_asked() {
        for query in [
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity",
            "SELECT \"pg_terminate_backend\"(7)",
            "select pg_catalog.pg_promote()",
            "SELECT pg_reload_conf()",
            "SELECT nextval('s')",
            "WITH gone AS (DELETE FROM x RETURNING 1) SELECT count(*) FROM gone",
            "SELECT 1 AS a INTO written",
            "SELECT * FROM x FOR UPDATE",
            "SELECT 1; SELECT 2",
            "DELETE FROM x",
        ] {
            assert!(harmless(query).is_err(), "{query}");
        }
        let why = harmless("SELECT pg_promote()").expect_err("more than a read");
        assert!(why.contains("makes a standby the primary"), "{why}");
        for query in ["SELECT 1;", "SHOW max_connections", "TABLE x", "VALUES (1)", "SELECT pg_sleep(10)"] {
            assert!(harmless(query).is_ok(), "{query}: {:?}", harmless(query));
        }
    }

    #[test]
    fn a_server_without_room_is_broken_not_unknown() {
        let mut vital = crate::domain::vital::Vital::new(0, &fact("> 90"), None);
        let full = "sorry, too many clients already (53300)";
        for why in [full.to_owned(), format!("{full}; it is left alone for a while")] {
            vital.hear(refused(&why).heard, crate::domain::time::Timestamp(1));
            assert_eq!(vital.level, crate::domain::level::Level::Bad, "{why}");
        }
        vital.hear(refused("timed out").heard, crate::domain::time::Timestamp(2));
        assert_eq!(vital.level, crate::domain::level::Level::Unknown);
    }

    #[test]
    fn a_server_that_turns_a_login_down_takes_connections() {
        let answer = |why: &str| accepts(why).heard.answer;
        let login = "password authentication failed for user \"a\" (28P01)";
        assert_eq!(answer(login), Answer::Text("accepting".into()));
        for why in ["connection refused", "timed out", "the database system is starting up (57P03)"] {
            assert!(matches!(answer(why), Answer::Error { broken: true, .. }), "{why}");
        }
        for why in ["host name not found", "`PGPASSWORD` is not set"] {
            assert!(matches!(answer(why), Answer::Error { broken: false, .. }), "{why}");
        }
    }

    #[test]
    fn what_the_profiles_ask_is_asked() {
        let profiles = [
            include_str!("../../../assets/profiles/devops-mcp.toml"),
            include_str!("../../../assets/profiles/legal-platform.toml"),
            include_str!("../../../assets/profiles/lego-mcp.toml"),
        ];
        let queries: Vec<&str> = profiles
            .iter()
            .flat_map(|text| text.split("source = \"sql\"").skip(1))
            .filter_map(|after| after.split("query = \"").nth(1)?.split("\"\n").next())
            .collect();
        assert!(queries.len() > 10, "{queries:?}");
        for query in queries {
            assert_eq!(harmless(query), Ok(query));
        }
    }

    #[test]
    fn of_several_rows_the_worst_counts_with_what_it_is_of() {
        let rows = [
            row(&[("datname", Some("shop")), ("count", Some("3"))]),
            row(&[("datname", Some("mcp")), ("count", Some("17"))]),
        ];
        let asked = told(&fact("> 10"), &rows);
        assert_eq!((asked.heard.answer, asked.heard.note.as_str()), (Answer::Value(17.0), "mcp, of 2"));
        assert_eq!(asked.seen[0].lines.len(), 2);
    }

    #[test]
    fn the_first_of_several_numbers_is_the_value_and_null_is_no_value() {
        let sizes = [row(&[("mb", Some("412")), ("a", Some("7")), ("b", Some("9"))])];
        assert_eq!(told(&fact(""), &sizes).heard.answer, Answer::Value(412.0));
        assert!(told(&fact(""), &[row(&[("lag", None)])]).heard.failed());
        assert!(told(&fact(""), &[]).heard.failed());
        let on = [row(&[("setting", Some("on"))])];
        assert_eq!(told(&fact(""), &on).heard.answer, Answer::Text("on".into()));
    }
}
