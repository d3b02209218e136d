//! Asks a PostgreSQL for a value, over one held connection that can only read.
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use rustls::ClientConfig;
use rustls_platform_verifier::Verifier;
use secrecy::ExposeSecret;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, SimpleQueryMessage, SimpleQueryRow};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::reason::{brief, reason};
use super::ask::Asked;
use super::servers::{Server, Servers};
use super::tls::Anyone;
use crate::domain::settings::endpoint::Backend;
use crate::domain::settings::limit::Fact;
use crate::domain::text::clean_to;
use crate::domain::vital::{Answer, Heard, worst};

const CONNECT: Duration = Duration::from_secs(4);
/// The server itself stops after three.
const ANSWER: Duration = Duration::from_secs(4);
/// Rows that are looked at.
const MOST_ROWS: usize = 200;

/// Settings are made after connecting: one that a server does not know would be refused at the door.
const SETTINGS: &str = "SET default_transaction_read_only = on; SET statement_timeout = 3000; \
                        SET lock_timeout = 300; SET application_name = 'firedeck vitals'";

pub(super) async fn ask(fact: &Fact, servers: &Servers) -> Asked {
    let rows = async {
        let statement = single(&fact.query)?;
        let server = servers.find(Backend::Postgres, fact.on.as_deref())?;
        let mut held = server.postgres().await;
        let client = match held.take().filter(|client| !client.is_closed()) {
            Some(client) => client,
            None => connect(server).await?,
        };
        // Not put back after a timeout: what such a connection answers next is the answer to this.
        let rows = timeout(ANSWER, rows(&client, statement)).await.map_err(|_| "timed out".to_owned())?;
        *held = Some(client);
        rows.map_err(|error| said(&error))
    };
    match rows.await {
        Ok(rows) => told(fact, &rows),
        Err(why) => Asked::failed(&why),
    }
}

/// The statement alone; a second one could undo what keeps the first from writing.
fn single(query: &str) -> Result<&str, String> {
    let query = query.trim().trim_end_matches(';').trim_end();
    if query.contains(';') {
        return Err("one statement alone, without `;` inside".into());
    }
    let first = query.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let reads = ["select", "with", "show", "values", "table"];
    if reads.iter().any(|word| first.eq_ignore_ascii_case(word)) {
        Ok(query)
    } else {
        Err(format!("`{}` does not begin a statement that only reads", clean_to(first, 40)))
    }
}

async fn connect(server: &Server) -> Result<Client, String> {
    let endpoint = &server.access.endpoint;
    let (address, verify) = address(&endpoint.url);
    let mut config: Config = address.parse().map_err(|error| format!("its address: {}", reason(&error)))?;
    config.connect_timeout(CONNECT).application_name("firedeck vitals").keepalives(true);
    if verify {
        config.ssl_mode(SslMode::Require);
    }
    if let Some(username) = &endpoint.username {
        config.user(username);
    }
    if let Some(password) = server.access.secret(endpoint.password.as_ref()).await? {
        config.password(password.expose_secret());
    }
    let tls = MakeRustlsConnect::new(tls(verify)?);
    let connecting = timeout(CONNECT, config.connect(tls)).await;
    let (client, connection) =
        connecting.map_err(|_| "timed out".to_owned())?.map_err(|error| said(&error))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("the vitals' connection ended: {}", said(&error));
        }
    });
    let set = timeout(ANSWER, client.batch_execute(SETTINGS)).await;
    set.map_err(|_| "timed out".to_owned())?.map_err(|error| said(&error))?;
    Ok(client)
}

/// The library knows three of six ways to ask for TLS; `verify-full` and `verify-ca` are ours to keep.
fn address(url: &str) -> (String, bool) {
    let Some((base, query)) = url.split_once('?') else { return (url.into(), false) };
    let mut verify = false;
    let kept = query.split('&').filter(|pair| match pair.split_once('=') {
        Some(("sslmode", mode)) => {
            verify |= mode.starts_with("verify");
            !mode.starts_with("verify") && mode != "allow"
        }
        Some(("sslrootcert", _)) => false,
        _ => true,
    });
    let kept = kept.collect::<Vec<_>>().join("&");
    (if kept.is_empty() { base.into() } else { format!("{base}?{kept}") }, verify)
}

/// Only who asks for it is told who the server is, as with every other client of it.
fn tls(verify: bool) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| reason(&error))?.dangerous();
    let config = if verify {
        let verifier = Verifier::new(provider).map_err(|error| reason(&error))?;
        builder.with_custom_certificate_verifier(Arc::new(verifier))
    } else {
        builder.with_custom_certificate_verifier(Arc::new(Anyone::new(provider)))
    };
    Ok(config.with_no_client_auth())
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
    fn only_one_statement_that_reads_is_asked() {
        assert_eq!(single(" SELECT 1; "), Ok("SELECT 1"));
        for query in ["SELECT 1; DROP TABLE x", "DELETE FROM x", "SET x = 1", "", "COMMIT", "DO $$"] {
            assert!(single(query).is_err(), "{query}");
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

    #[test]
    fn a_server_is_verified_when_its_address_says_so() {
        assert_eq!(address("postgres://u@h/d"), ("postgres://u@h/d".into(), false));
        assert_eq!(
            address("postgres://h/d?sslmode=require"),
            ("postgres://h/d?sslmode=require".into(), false)
        );
        assert_eq!(
            address("postgres://h/d?sslmode=verify-full&options=x&sslrootcert=/a"),
            ("postgres://h/d?options=x".into(), true)
        );
    }
}
