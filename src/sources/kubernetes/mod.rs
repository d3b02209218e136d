//! Kubernetes: every context with its feeds, each with a fate of its own.
//!
//! [`start`] reads the kubeconfig and runs, for each context, one watch of the pods of each namespace, one of
//! the nodes, and one poll of the metrics; other kinds are watched while they are wanted. All of a context share
//! one login.
pub mod connect;
pub mod deeds;
mod errors;
mod facts;
mod intern;
mod jobs;
pub mod kubeconfig;
mod lean;
mod link;
mod metrics;
mod nodes;
mod objects;
pub mod pinned;
mod pods;
mod proxy;
mod pulse;
mod watch;
mod workloads;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{Notify, watch as latest};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::connect::Cluster;
pub use self::kubeconfig::Options;
use self::lean::Lean;
use self::link::Link;
use self::metrics::Metrics;
use self::watch::Watch;
use super::Outbox;
use super::supervise::{Signals, SourceError, supervise};
use crate::domain::Text;
use crate::domain::feed::{Feed, FeedState};
use crate::domain::news::News;
use crate::domain::object::Kind;

/// How often a kubeconfig that is not there is looked for.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// What the rest of the program may ask of the running feeds. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    kinds: Arc<latest::Sender<Vec<Kind>>>,
    links: Arc<RwLock<BTreeMap<Text, Arc<Link>>>>,
    signals: Signals,
}

impl Handle {
    /// These kinds are watched besides pods and nodes, and no others.
    pub fn watch(&self, kinds: Vec<Kind>) {
        self.kinds.send_replace(kinds);
    }

    /// Every feed that waits before its next try makes it now.
    pub fn retry(&self) {
        self.signals.retry.notify_waiters();
    }

    /// What wakes every feed that waits; other sources wait for it too.
    pub fn retry_signal(&self) -> Arc<Notify> {
        self.signals.retry.clone()
    }

    /// The context's cluster as last connected.
    pub fn cluster(&self, context: &str) -> Option<Cluster> {
        self.link(context)?.last()
    }

    /// The context's cluster, connected now if it has to be.
    pub async fn connected(&self, context: &str) -> Result<Cluster, SourceError> {
        match self.link(context) {
            Some(link) => link.cluster().await,
            None => Err(SourceError::Absent { why: format!("context `{context}` is not in view") }),
        }
    }

    /// The contexts in view, once the kubeconfig was read.
    pub fn contexts(&self) -> Vec<Text> {
        self.links.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    fn link(&self, context: &str) -> Option<Arc<Link>> {
        self.links.read().unwrap_or_else(PoisonError::into_inner).get(context).cloned()
    }
}

/// Starts all feeds of all contexts; what goes wrong is told as news. Must be called inside a runtime.
pub fn start(options: Options, out: Outbox, cancel: CancellationToken) -> Handle {
    let (kinds, wanted) = latest::channel(Vec::new());
    let signals = Signals { cancel, ..Signals::default() };
    let handle = Handle { kinds: Arc::new(kinds), links: Arc::default(), signals };
    let root = Root { options, out, wanted, handle: handle.clone() };
    tokio::spawn(async move {
        let cancel = root.handle.signals.cancel.clone();
        cancel.run_until_cancelled(root.run()).await;
    });
    handle
}

struct Root {
    options: Options,
    out: Outbox,
    wanted: latest::Receiver<Vec<Kind>>,
    handle: Handle,
}

/// A context and where in it we look.
struct Place {
    link: Arc<Link>,
    /// The empty name means all.
    namespaces: Vec<Text>,
}

impl Root {
    async fn run(self) {
        let places = loop {
            match self.places() {
                Ok(places) => break places,
                Err(error) => {
                    let nowhere = Feed::Pods("".into(), "".into());
                    let state = FeedState::Absent { why: error.to_string() };
                    if self.out.send(vec![News::Feed(nowhere, state)]).await.is_err() {
                        return;
                    }
                    let _ = timeout(LOOK_AGAIN, self.handle.signals.retry.notified()).await;
                }
            }
        };
        let mut contexts = JoinSet::new();
        for place in places {
            let mut links = self.handle.links.write().unwrap_or_else(PoisonError::into_inner);
            links.insert(place.link.context().clone(), place.link.clone());
            drop(links);
            contexts.spawn(watch_context(
                place,
                self.out.clone(),
                self.handle.signals.clone(),
                self.wanted.clone(),
            ));
        }
        // The handle must live as long as the feeds: it holds the sending end of what is wanted.
        while contexts.join_next().await.is_some() {}
    }

    fn places(&self) -> Result<Vec<Place>, SourceError> {
        let origin = kubeconfig::read(&self.options)?;
        let contexts = origin.contexts(&self.options)?;
        Ok(contexts
            .into_iter()
            .map(|context| {
                let mut namespaces = origin.namespaces(&context, &self.options).names;
                if namespaces.is_empty() {
                    namespaces.push("".into());
                }
                Place { link: Arc::new(Link::new(self.options.clone(), context)), namespaces }
            })
            .collect())
    }
}

/// Runs the feeds of one context, and those that are wanted at present.
async fn watch_context(place: Place, out: Outbox, signals: Signals, mut wanted: latest::Receiver<Vec<Kind>>) {
    let mut feeds = JoinSet::new();
    spawn::<pods::PodLite>(&mut feeds, &place, &out, &signals);
    spawn::<nodes::NodeLite>(&mut feeds, &place, &out, &signals);
    let metrics = Metrics::new(place.link.clone(), place.namespaces.clone());
    feeds.spawn(supervise(metrics, out.clone(), signals.child()));
    feeds.spawn(facts::tell(place.link.clone(), out.clone(), signals.child()));
    let mut watched: BTreeMap<Kind, CancellationToken> = BTreeMap::new();
    loop {
        let kinds = wanted.borrow_and_update().clone();
        watched.retain(|kind, running| {
            let keep = kinds.contains(kind);
            if !keep {
                running.cancel();
            }
            keep
        });
        for kind in kinds {
            watched.entry(kind).or_insert_with(|| {
                let own = signals.child();
                spawn_kind(kind, &mut feeds, &place, &out, &own);
                own.cancel
            });
        }
        while feeds.try_join_next().is_some() {}
        if wanted.changed().await.is_err() {
            return;
        }
    }
}

/// One watch for each namespace, or a single one for a kind that has none.
fn spawn<K: Lean>(feeds: &mut JoinSet<()>, place: &Place, out: &Outbox, signals: &Signals) {
    let everywhere = [Text::default()];
    let namespaces = if K::KIND.namespaced() { &*place.namespaces } else { &everywhere };
    for namespace in namespaces {
        let watch = Watch::<K>::new(place.link.clone(), namespace.clone());
        feeds.spawn(supervise(watch, out.clone(), signals.child()));
    }
}

fn spawn_kind(kind: Kind, feeds: &mut JoinSet<()>, place: &Place, out: &Outbox, signals: &Signals) {
    let spawn = match kind {
        Kind::Deployment => spawn::<workloads::DeploymentLite>,
        Kind::ReplicaSet => spawn::<workloads::ReplicaSetLite>,
        Kind::StatefulSet => spawn::<workloads::StatefulSetLite>,
        Kind::DaemonSet => spawn::<workloads::DaemonSetLite>,
        Kind::Job => spawn::<jobs::JobLite>,
        Kind::CronJob => spawn::<jobs::CronJobLite>,
        Kind::Hpa => spawn::<objects::HpaLite>,
        Kind::Event => spawn::<objects::EventLite>,
        Kind::Certificate => spawn::<objects::CertificateLite>,
        Kind::Namespace => spawn::<objects::NamespaceLite>,
        Kind::Volume => spawn::<objects::VolumeLite>,
        Kind::ConfigMap => spawn::<objects::ConfigMapLite>,
        Kind::Secret => spawn::<objects::SecretLite>,
        // Always watched, or of no cluster.
        _ => return,
    };
    spawn(feeds, place, out, signals);
}
