//! A cockpit that sees nothing but alerts, for the tests of its source.
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use firedeck::domain::action::{Findings, Looked, Native, Outcome, Verb};
use firedeck::domain::alert::{Alert, AlertFacts, Silence, Target};
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::news::{News, PlaceFacts, Seen};
use firedeck::domain::object::{Facts, Kind, Object, ObjectRef};
use firedeck::domain::settings::Endpoint;
use firedeck::domain::settings::endpoint::{Backend as Server, SecretRef};
use firedeck::sources::backend::{Access, Backend};
use firedeck::sources::supervise::Signals;
use firedeck::sources::{alerts, now};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, mpsc};
use tokio::time::timeout;

use crate::suite::{alone, looked, on_world, setting};

pub(super) const WHO: &str = "jane@bastion";
const LONGEST: Duration = Duration::from_mins(3);

/// Ten thousand alerts at once make every answer late.
static CALM: RwLock<()> = RwLock::const_new(());

/// Held by whoever looks at that server meanwhile.
pub(crate) async fn calm() -> RwLockReadGuard<'static, ()> {
    CALM.read().await
}

/// Held by whoever sends them.
pub(super) async fn storm() -> RwLockWriteGuard<'static, ()> {
    alone(&CALM).await
}

/// A cockpit that looks at alerts only.
pub(super) struct Desk {
    /// Held as long as it looks.
    calm: Option<RwLockReadGuard<'static, ()>>,
    news: mpsc::Receiver<Vec<News>>,
    pub(super) backend: Arc<dyn Backend>,
    signals: Signals,
    rows: HashMap<ObjectRef, Object>,
    pub(super) states: HashMap<Feed, FeedState>,
    pub(super) places: BTreeMap<Feed, PlaceFacts>,
    /// How often a full picture began.
    pub(super) begun: HashMap<Kind, usize>,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.signals.cancel.cancel();
    }
}

pub(super) fn endpoint(backend: Server, name: &str, address: &str) -> Endpoint {
    Endpoint::new(backend, name, format!("http://{address}"))
}

pub(super) fn feed(backend: Server, name: &str) -> Feed {
    Feed::Endpoint(backend, name.into())
}

/// How many Alertmanagers there are: the world has one alone.
pub(super) fn managers() -> usize {
    if on_world() { 1 } else { 2 }
}

impl Desk {
    pub(super) async fn of(endpoints: &[(Server, &str, &str)]) -> Desk {
        let calm = calm().await;
        let of = |(backend, name, address): &(Server, &str, &str)| endpoint(*backend, name, address);
        let mut desk = Desk::with(endpoints.iter().map(of).collect());
        desk.calm = Some(calm);
        desk
    }

    /// Whatever the others do. A secret in the environment is called what it is.
    pub(super) fn with(endpoints: Vec<Endpoint>) -> Desk {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (out, news) = mpsc::channel(64);
        let signals = Signals::default();
        let access = endpoints.into_iter().map(|endpoint| Access {
            endpoint,
            secrets: Arc::new(|reference| {
                Box::pin(async move {
                    match reference {
                        SecretRef::Env(name) => Ok(name.into()),
                        other => Err(format!("{other} is not there")),
                    }
                })
            }),
        });
        let backend = alerts::start(access.collect(), WHO.into(), &out, &signals);
        Desk {
            calm: None,
            news,
            backend,
            signals,
            rows: HashMap::new(),
            states: HashMap::new(),
            places: BTreeMap::new(),
            begun: HashMap::new(),
        }
    }

    /// Both Alertmanagers and the Prometheus.
    pub(super) async fn whole() -> Desk {
        let (a, b) = (setting("ALERTMANAGER_A"), setting("ALERTMANAGER_B"));
        let prometheus = setting("PROMETHEUS");
        let all = [(Server::Alertmanager, "am-a", &*a), (Server::Alertmanager, "am-b", &*b)];
        let all = all.into_iter().take(managers()).chain([(Server::Prometheus, "prom", &*prometheus)]);
        Desk::of(&all.collect::<Vec<_>>()).await
    }

    /// Takes news in until they come to this state.
    pub(super) async fn until<T>(&mut self, what: &str, mut ask: impl FnMut(&Desk) -> Option<T>) -> T {
        let deadline = Instant::now() + LONGEST;
        loop {
            if let Some(answer) = ask(self) {
                return answer;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match timeout(left, self.news.recv()).await {
                Ok(Some(batch)) => batch.into_iter().for_each(|news| self.take(news)),
                _ => {
                    panic!("waited in vain for {what}; {:#?}; {} alerts", self.places, self.alerts().count())
                }
            }
        }
    }

    fn take(&mut self, news: News) {
        match news {
            News::Feed(feed, state) => _ = self.states.insert(feed, state),
            News::Place(feed, facts) => _ = self.places.insert(feed, facts),
            News::Rows(feed, kind, batch) => {
                assert_eq!(feed, Feed::Alerts);
                for seen in batch {
                    match seen {
                        Seen::Begin => *self.begun.entry(kind).or_default() += 1,
                        Seen::Is(object) => _ = self.rows.insert(object.id.clone(), object),
                        Seen::Gone(id) => {
                            assert!(self.rows.remove(&id).is_some(), "{id} went and never came");
                        }
                        Seen::End => {}
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn facts(&self) -> impl Iterator<Item = (&Object, &AlertFacts)> {
        self.rows.values().filter_map(|row| match &row.facts {
            Facts::Alerts(facts) => Some((row, facts)),
            _ => None,
        })
    }

    pub(super) fn alerts(&self) -> impl Iterator<Item = (&Object, &Alert)> {
        self.facts().filter_map(|(row, facts)| match facts {
            AlertFacts::Alert(alert) => Some((row, &**alert)),
            _ => None,
        })
    }

    pub(super) fn silence(&self, id: &str) -> Option<(&Object, &Silence)> {
        self.facts().find_map(|(row, facts)| match facts {
            AlertFacts::Silence(silence) if *silence.id == *id => Some((row, &**silence)),
            _ => None,
        })
    }

    pub(super) fn targets(&self) -> impl Iterator<Item = &Target> {
        self.facts().filter_map(|(_, facts)| match facts {
            AlertFacts::Target(target) => Some(&**target),
            _ => None,
        })
    }

    pub(super) fn named(&self, name: &str) -> Vec<(&Object, &Alert)> {
        self.alerts().filter(|(_, alert)| *alert.name == *name).collect()
    }

    /// The only alert of this name, once everybody tells of it.
    pub(super) async fn one(&mut self, name: &str, servers: usize) -> (Object, Alert) {
        self.until(name, |desk| match desk.named(name).as_slice() {
            [(row, alert)] if alert.seen_by.len() == servers => Some(((*row).clone(), (*alert).clone())),
            _ => None,
        })
        .await
    }

    pub(super) async fn look(&self, target: &Object, verb: Verb) -> Findings {
        let native = Native { target: target.id.clone(), uid: target.uid.clone(), verb };
        looked(|| self.backend.look(std::slice::from_ref(&native))).await
    }

    pub(super) async fn act(&self, looked: Looked) -> Outcome {
        let (report, mut reports) = mpsc::channel(16);
        let outcome = self.backend.act(looked, now(), &report).await;
        drop(report);
        while let Some(said) = reports.recv().await {
            assert!(!said.is_final(), "{said:?}");
        }
        outcome
    }

    pub(super) async fn done(&self, target: &Object, verb: Verb) -> String {
        let findings = self.look(target, verb).await;
        assert_eq!(findings.drift, None, "{findings:#?}");
        let looked = findings.actions.into_iter().next().expect("an action");
        match self.act(looked).await {
            Outcome::Settled { says } => says,
            other => panic!("{other:?}"),
        }
    }
}
