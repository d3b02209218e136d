//! Alertmanagers and Prometheis: what they tell, merged, and silences.
mod ask;
mod hub;
mod inspect;
mod manager;
mod rules;
mod silence;
mod strings;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::Notify;

use super::Outbox;
use super::backend::{Access, Backend, Report};
use super::supervise::{Signals, supervise};
use crate::domain::action::{Findings, Looked, Native, Outcome};
use crate::domain::news::Inspection;
use crate::domain::object::{Kind, ObjectRef};
use crate::domain::settings::endpoint::Backend as Wanted;
use crate::domain::time::Timestamp;
use ask::Server;
use hub::Hub;
use manager::Manager;
use rules::Rules;

/// One server with its place in the hub.
#[derive(Clone)]
struct Member {
    at: usize,
    server: Arc<Server>,
    nudge: Arc<Notify>,
}

/// Everything that tells of alerts.
struct Alerts {
    hub: Arc<Hub>,
    managers: Vec<Member>,
    prometheis: Vec<Member>,
    targets_wanted: Arc<AtomicBool>,
    /// As whom silences are made: the server believes what it is told.
    who: String,
}

/// Starts a poll for each Alertmanager and each Prometheus among `access`. Silences are made as `who`, such as
/// `jane@bastion`.
pub fn start(access: Vec<Access>, who: String, out: &Outbox, signals: &Signals) -> Arc<dyn Backend> {
    let access: Vec<Access> = access
        .into_iter()
        .filter(|one| matches!(one.endpoint.backend, Wanted::Alertmanager | Wanted::Prometheus))
        .collect();
    let endpoints: Vec<_> = access.iter().map(|one| &one.endpoint).collect();
    let hub = Arc::new(Hub::new(&endpoints, out.clone()));
    let targets_wanted = Arc::new(AtomicBool::new(false));
    let (mut managers, mut prometheis) = (Vec::new(), Vec::new());
    for (at, one) in access.into_iter().enumerate() {
        let backend = one.endpoint.backend;
        let member = Member { at, server: Arc::new(Server::new(one)), nudge: Arc::new(Notify::new()) };
        let (server, hub, nudge) = (member.server.clone(), hub.clone(), member.nudge.clone());
        if backend == Wanted::Alertmanager {
            tokio::spawn(supervise(Manager::new(at, server, hub, nudge), out.clone(), signals.clone()));
            managers.push(member);
        } else {
            let rules = Rules::new(at, server, hub, nudge, targets_wanted.clone());
            tokio::spawn(supervise(rules, out.clone(), signals.clone()));
            prometheis.push(member);
        }
    }
    Arc::new(Alerts { hub, managers, prometheis, targets_wanted, who })
}

impl Alerts {
    /// The Alertmanagers of each cluster, those that answer first.
    async fn clusters(&self) -> Vec<Vec<Member>> {
        let state = self.hub.state().await;
        let word = |member: &Member| state.words.get(member.at);
        let mut clusters: Vec<(usize, Vec<Member>)> = Vec::new();
        for member in &self.managers {
            let cluster = word(member).map_or(member.at, |word| word.cluster);
            match clusters.iter_mut().find(|(number, _)| *number == cluster) {
                Some((_, members)) => members.push(member.clone()),
                None => clusters.push((cluster, vec![member.clone()])),
            }
        }
        for (_, members) in &mut clusters {
            members.sort_by_key(|member| !word(member).is_some_and(|word| word.live));
        }
        clusters.into_iter().map(|(_, members)| members).collect()
    }

    /// What was done shows at once.
    fn nudge(&self) {
        self.managers.iter().for_each(|member| member.nudge.notify_one());
    }
}

impl Backend for Alerts {
    fn watch(&self, kinds: &[Kind]) {
        let wanted = kinds.contains(&Kind::Target);
        if wanted && !self.targets_wanted.swap(wanted, Ordering::Relaxed) {
            self.prometheis.iter().for_each(|member| member.nudge.notify_one());
        }
        self.targets_wanted.store(wanted, Ordering::Relaxed);
    }

    fn look<'a>(&'a self, natives: &'a [Native]) -> BoxFuture<'a, Findings> {
        silence::look(self, natives).boxed()
    }

    fn act<'a>(&'a self, looked: Looked, now: Timestamp, report: &'a Report) -> BoxFuture<'a, Outcome> {
        async move {
            let outcome = silence::act(self, &looked, now, report).await;
            self.nudge();
            outcome
        }
        .boxed()
    }

    fn inspect<'a>(&'a self, target: &'a ObjectRef) -> BoxFuture<'a, Inspection> {
        inspect::inspect(self, target).boxed()
    }
}
