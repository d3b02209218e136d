//! Every backend that the profile names, beside the clusters.
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{SECRET_DEADLINE, resolve_secret};
use crate::domain::Text;
use crate::domain::object::{Kind, Realm};
use crate::domain::settings::Profile;
use crate::domain::settings::endpoint::Backend as Wanted;
use crate::sources::backend::{Access, Backend, Secrets};
use crate::sources::docker::{self, Docker};
use crate::sources::logs::{Counter, InView};
use crate::sources::supervise::Signals;
use crate::sources::taps::{Counts, Taps};
use crate::sources::{Outbox, alerts, kubernetes, postgres, probes, redis};

/// One for each realm that has an endpoint.
#[derive(Clone, Default)]
pub struct Backends {
    by_realm: BTreeMap<Realm, Arc<dyn Backend>>,
    /// Their logs and terminals go ways of their own.
    docker: Option<Arc<Docker>>,
}

impl Backends {
    /// `who` is told to servers that ask for a name and check none: `ann@box`.
    pub fn start(
        profile: &Profile,
        who: String,
        kube: Option<&kubernetes::Handle>,
        out: &Outbox,
        signals: &Signals,
    ) -> Backends {
        let mut by_realm: BTreeMap<Realm, Arc<dyn Backend>> = BTreeMap::new();
        let some = |wanted: &[Wanted]| Some(access(profile, wanted)).filter(|access| !access.is_empty());
        let docker = some(&[Wanted::Docker]).map(|access| docker::start(access, out, signals));
        if let Some(docker) = &docker {
            by_realm.insert(Realm::Containers, docker.clone());
        }
        if let Some(access) = some(&[Wanted::Alertmanager, Wanted::Prometheus]) {
            by_realm.insert(Realm::Alerts, alerts::start(access, who, out, signals));
        }
        if let Some(access) = some(&[Wanted::Postgres]) {
            by_realm.insert(Realm::Database, postgres::start(access, out, signals));
        }
        if let Some(access) = some(&[Wanted::Redis]) {
            by_realm.insert(Realm::Redis, redis::start(access, out, signals));
        }
        if !profile.probes.is_empty() || !profile.limits.is_empty() {
            let (probes, limits) = (profile.probes.clone(), profile.limits.clone());
            let reach = probes::Reach {
                access: access(profile, Wanted::ALL),
                sites: profile.sites.clone(),
                secrets: secrets(),
                counts: Some(counter(profile, kube, docker.clone())),
            };
            let vitals = probes::start(probes, limits, reach, out.clone(), signals);
            by_realm.insert(Realm::Vitals, vitals);
        }
        Backends { by_realm, docker }
    }

    /// Engines, whose containers write logs.
    pub fn taps(&self) -> Option<Arc<dyn Taps>> {
        let docker = self.docker.clone()?;
        Some(docker)
    }

    /// Engines, whose containers can be entered.
    pub fn docker(&self) -> Option<&Docker> {
        self.docker.as_deref()
    }

    pub fn get(&self, kind: Kind) -> Option<Arc<dyn Backend>> {
        self.by_realm.get(&kind.realm()).cloned()
    }

    /// A person asks for the reserved way into this database server.
    pub fn rescue(&self, server: &Text) {
        if let Some(databases) = self.by_realm.get(&Realm::Database) {
            databases.rescue(server);
        }
    }

    pub fn watch(&self, kinds: &[Kind]) {
        for backend in self.by_realm.values() {
            backend.watch(kinds);
        }
    }
}

/// Reads logs for the vitals, over the connections to clusters and engines that there are.
fn counter(
    profile: &Profile,
    kube: Option<&kubernetes::Handle>,
    docker: Option<Arc<Docker>>,
) -> Arc<dyn Counts> {
    let kube = kube.cloned();
    let contexts = Arc::new(move || {
        let Some(kube) = &kube else { return Vec::new() };
        let all = kube.contexts().into_iter().filter_map(|context| {
            let cluster = kube.cluster(&context)?;
            Some((context, cluster.client, cluster.namespaces))
        });
        all.collect::<Vec<InView>>()
    });
    let taps = docker.map(|docker| docker as Arc<dyn Taps>);
    let engines = profile.endpoints(Wanted::Docker).map(|engine| engine.name.clone()).collect();
    Arc::new(Counter { contexts, taps, engines })
}

/// The way to every secret of the profile.
pub(super) fn secrets() -> Secrets {
    Arc::new(|reference| {
        Box::pin(async move {
            resolve_secret(&reference, SECRET_DEADLINE).await.map_err(|error| error.to_string())
        })
    })
}

/// The endpoints of these kinds, with the way to their secrets.
fn access(profile: &Profile, wanted: &[Wanted]) -> Vec<Access> {
    let secrets = secrets();
    let own = profile.endpoints.iter().filter(|endpoint| wanted.contains(&endpoint.backend));
    own.map(|endpoint| Access { endpoint: endpoint.clone(), secrets: secrets.clone() }).collect()
}
