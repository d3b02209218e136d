//! What the tests of a database need: a cockpit's ears, and applications that hold connections.
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use firedeck::domain::action::{Findings, Looked, Native, Outcome, Verb};
use firedeck::domain::database::{DatabaseFacts, Server, Session};
use firedeck::domain::feed::FeedState;
use firedeck::domain::news::{News, PlaceFacts, Seen};
use firedeck::domain::object::{Facts, Kind, Object};
use firedeck::domain::settings::{Backend as Wanted, Endpoint};
use firedeck::domain::time::Timestamp;
use firedeck::sources::backend::{Access, Backend};
use firedeck::sources::postgres;
use firedeck::sources::supervise::Signals;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls};

use crate::suite::{looked, setting};

/// Slots for those without privileges.
pub(super) fn usable(version: &str) -> u32 {
    if version == "18" { 20 } else { 22 }
}

/// The server's address as this role.
pub(crate) fn url(version: &str, role: &str) -> String {
    setting(&format!("POSTGRES_{version}")).replace("//watcher:", &format!("//{role}:"))
}

/// The same in another database.
pub(super) fn in_database(version: &str, role: &str, database: &str) -> String {
    let url = url(version, role);
    url.rsplit_once('/').map(|(server, _)| format!("{server}/{database}")).expect("an address")
}

/// The cockpit's side: everything the source said, put together.
pub(crate) struct Watched {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) news: mpsc::Receiver<Vec<News>>,
    pub(super) rows: BTreeMap<(Kind, String), Object>,
    pub(crate) state: Option<FeedState>,
    pub(super) states: Vec<FeedState>,
    pub(super) place: PlaceFacts,
    pub(super) signals: Signals,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.signals.cancel.cancel();
    }
}

impl Watched {
    pub(crate) fn of(url: &str, emergency: Option<String>, kinds: &[Kind]) -> Watched {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let endpoint = Endpoint { emergency_url: emergency, ..Endpoint::new(Wanted::Postgres, "main", url) };
        let secrets = Arc::new(|_| -> futures::future::BoxFuture<'static, _> {
            Box::pin(async { Err("no secret is needed".to_owned()) })
        });
        let (out, news) = mpsc::channel(64);
        let signals = Signals::default();
        let backend = postgres::start(vec![Access { endpoint, secrets }], &out, &signals);
        backend.watch(kinds);
        let (rows, place) = (BTreeMap::new(), PlaceFacts::default());
        Watched { backend, news, rows, state: None, states: Vec::new(), place, signals }
    }

    pub(super) async fn at(version: &str, role: &str, kinds: &[Kind]) -> Watched {
        let mut watched = Watched::of(&url(version, role), None, kinds);
        watched.until("the first picture", |w| (w.state == Some(FeedState::Live)).then_some(())).await;
        watched
    }

    pub(super) fn take(&mut self, news: News) {
        match news {
            News::Feed(_, state) => {
                self.states.push(state.clone());
                self.state = Some(state);
            }
            News::Place(_, place) => self.place = place,
            News::Rows(_, kind, seen) => {
                for seen in seen {
                    match seen {
                        Seen::Is(object) => _ = self.rows.insert((kind, object.id.name.to_string()), object),
                        Seen::Gone(id) => _ = self.rows.remove(&(kind, id.name.to_string())),
                        Seen::Begin | Seen::End => {}
                    }
                }
            }
            other => panic!("{other:?}"),
        }
    }

    /// Takes news in until something holds.
    pub(crate) async fn until<T>(&mut self, what: &str, mut holds: impl FnMut(&Watched) -> Option<T>) -> T {
        let all = async {
            loop {
                if let Some(found) = holds(self) {
                    return found;
                }
                for news in self.news.recv().await.expect("the source lives") {
                    self.take(news);
                }
            }
        };
        let found = timeout(Duration::from_mins(3), all).await.ok();
        found.unwrap_or_else(|| panic!("waited in vain for {what}; {:?}, {:?}", self.state, self.place))
    }

    pub(super) fn server(&self) -> Option<&Server> {
        self.rows.values().find_map(|object| match &object.facts {
            Facts::Database(DatabaseFacts::Server(server)) => Some(&**server),
            _ => None,
        })
    }

    pub(super) fn session(&self, pid: i32) -> Option<&Session> {
        match &self.rows.get(&(Kind::Session, pid.to_string()))?.facts {
            Facts::Database(DatabaseFacts::Session(session)) => Some(session),
            _ => None,
        }
    }

    pub(super) fn native(&self, pid: i32, verb: Verb) -> Native {
        let object = &self.rows[&(Kind::Session, pid.to_string())];
        Native { target: object.id.clone(), uid: object.uid.clone(), verb }
    }

    pub(super) async fn look(&self, native: &Native) -> Findings {
        looked(|| self.backend.look(std::slice::from_ref(native))).await
    }

    pub(super) async fn act(&self, looked: Looked) -> (Outcome, Vec<Outcome>) {
        let (report, mut reports) = mpsc::channel(16);
        let outcome = self.backend.act(looked, Timestamp(0), &report).await;
        drop(report);
        let mut said = Vec::new();
        while let Some(outcome) = reports.recv().await {
            said.push(outcome);
        }
        (outcome, said)
    }
}

/// A client of the server, as an application would be.
pub(crate) struct App {
    pub(crate) client: Client,
    pub(crate) pid: i32,
}

pub(crate) async fn app(version: &str, role: &str, name: &str) -> App {
    let address = format!("{}?application_name={name}", url(version, role));
    let (client, connection) = tokio_postgres::connect(&address, NoTls).await.expect("a slot");
    tokio::spawn(async move { _ = connection.await });
    let pid = client.query_one("SELECT pg_backend_pid()", &[]).await.expect("an answer").get(0);
    App { client, pid }
}

impl App {
    pub(crate) async fn run(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// Begins something that does not come to an end by itself.
    pub(crate) fn hang(self, sql: &'static str) -> i32 {
        tokio::spawn(async move {
            let _ = self.client.batch_execute(sql).await;
        });
        self.pid
    }
}

/// Takes all slots that are left to clients.
pub(crate) async fn fill(version: &str) -> Vec<tokio_postgres::Client> {
    let mut all = Vec::new();
    loop {
        match tokio_postgres::connect(&url(version, "web"), tokio_postgres::NoTls).await {
            Ok((client, connection)) => {
                tokio::spawn(async move { _ = connection.await });
                all.push(client);
            }
            Err(error) => {
                let code = error.code().map(tokio_postgres::error::SqlState::code);
                assert_eq!(code, Some("53300"), "{error:?}");
                return all;
            }
        }
    }
}
