//! One question and its answer, whatever the source.
use std::time::Duration;

use reqwest::Url;
use tokio::time::{Instant, timeout};

use super::servers::Servers;
use super::{host, lines, net, promql, redis, sql, tls, web};
use crate::domain::level::Level;
use crate::domain::news::{Section, SectionLine};
use crate::domain::settings::limit::{Fact, FactSource};
use crate::domain::vital::{Heard, LinesAsked};

/// No question of any kind may take longer than this.
const LONGEST: Duration = Duration::from_secs(12);

/// An answer with everything that was seen.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub heard: Heard,
    /// For who opens the row.
    pub seen: Vec<Section>,
    /// The body, or the rows, as they came.
    pub body: String,
}

impl Asked {
    pub(super) fn new(heard: Heard) -> Asked {
        Asked { heard, ..Asked::default() }
    }

    /// The question could not be put.
    pub(super) fn failed(why: &str) -> Asked {
        Asked::new(Heard::error(why))
    }

    /// What was asked about does not answer.
    pub(super) fn broken(why: &str) -> Asked {
        Asked::new(Heard::broken(why))
    }

    #[must_use]
    pub(super) fn seen(mut self, title: &str, lines: impl IntoIterator<Item = (String, String)>) -> Asked {
        let line = |(label, value)| SectionLine { label, value, level: Level::Fine, indent: 0 };
        self.seen.push(Section { title: title.into(), lines: lines.into_iter().map(line).collect() });
        self
    }

    #[must_use]
    pub(super) fn body(mut self, body: String) -> Asked {
        self.body = body;
        self
    }
}

/// Asks, and measures how long it took. `first`: nothing is remembered of it yet.
pub(super) async fn ask(fact: &Fact, servers: &Servers, first: bool) -> Asked {
    let began = Instant::now();
    let asking = async {
        match fact.source {
            FactSource::Http => web::ask(fact, servers).await,
            FactSource::Tls => tls::ask(fact).await,
            FactSource::Tcp => net::tcp(fact).await,
            FactSource::Dns => net::dns(fact).await,
            FactSource::Disk => host::disk(fact, servers).await,
            FactSource::Memory => host::memory(fact).await,
            FactSource::Promql => promql::ask(fact, servers, first).await,
            FactSource::Sql => sql::ask(fact, servers).await,
            FactSource::Redis => redis::ask(fact, servers).await,
            FactSource::Logs => lines::ask(fact, servers).await,
            FactSource::Kubernetes
            | FactSource::Docker
            | FactSource::Alertmanager
            | FactSource::Statement
            | FactSource::None => Asked::failed("not asked here"),
        }
    };
    let mut asked = timeout(LONGEST, asking).await.unwrap_or_else(|_| Asked::failed("timed out"));
    if !asked.heard.failed() && asked.heard.took_ms.is_none() {
        asked.heard.took_ms = u32::try_from(began.elapsed().as_millis()).ok();
    }
    asked
}

/// The source itself is asked here; for the others another pane, or nobody, knows.
pub(super) fn is_asked_here(fact: &Fact) -> bool {
    use FactSource::{Disk, Dns, Http, Logs, Memory, Promql, Redis, Sql, Tcp, Tls};
    match fact.source {
        Http | Tls | Tcp | Dns | Disk | Memory | Promql | Sql | Redis => true,
        Logs => LinesAsked::parse(&fact.query).is_some(),
        _ => false,
    }
}

/// Which server a question shares with others: each is asked one thing at a time, over one connection.
pub(super) fn server(fact: &Fact) -> Option<String> {
    use FactSource::{Http, Logs, Promql, Redis, Sql};
    match fact.source {
        Http => Url::parse(&fact.query).ok().map(|url| url.origin().ascii_serialization()),
        Promql | Sql | Redis | Logs => {
            Some(format!("{} {}", fact.source.name(), fact.on.as_deref().unwrap_or_default()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_one_origin_are_asked_over_one_connection() {
        let of = |query: &str| {
            server(&Fact {
                name: "a".into(),
                source: FactSource::Http,
                query: query.into(),
                on: None,
                unit: None,
                pick: None,
                every: Duration::from_secs(30),
                ok: None,
                warning: None,
                critical: None,
            })
        };
        assert_eq!(of("https://a.example/health"), of("https://a.example:443/metrics"));
        assert_ne!(of("https://a.example/health"), of("http://a.example/health"));
    }
}
