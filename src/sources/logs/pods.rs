//! Which containers there are to read: a light watch over the pods that are followed.
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::Instant;

use super::scope::Scope;
use super::{Clients, words};
use crate::domain::Text;
use crate::domain::feed::Feed;
use crate::domain::log::Follow;
use crate::domain::text::clean;
use crate::sources::supervise::{Source, SourceError, Wire};

/// A watch that says nothing for longer than the server may keep it open is dead.
const SILENT: Duration = Duration::from_secs(45);
/// `Live` is said again at most this often.
const SAY_EVERY: Duration = Duration::from_secs(5);

/// What one container is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Container {
    /// The runtime's id of the newest instance; none has started while this is `None`.
    pub(super) instance: Option<Text>,
    pub(super) running: bool,
    pub(super) restarts: u32,
    /// How the last instance that ended did so: `OOMKilled 137`.
    pub(super) ended: Option<Text>,
    /// Why it does not run.
    pub(super) waiting: Option<Text>,
    /// Its pod is over or gone: no instance will follow.
    pub(super) last: bool,
}

/// Namespace, pod, its uid, container.
pub(super) type Name = (Text, Text, Text, Text);
pub(super) type Table = BTreeMap<Name, Container>;

/// Only what is needed of a pod.
#[derive(Debug, Clone, Deserialize)]
struct PodLite {
    metadata: ObjectMeta,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    init_containers: Vec<Named>,
    containers: Vec<Named>,
    ephemeral_containers: Vec<Named>,
}

#[derive(Debug, Clone, Deserialize)]
struct Named {
    name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: Option<String>,
    init_container_statuses: Vec<ContainerStatus>,
    container_statuses: Vec<ContainerStatus>,
    ephemeral_container_statuses: Vec<ContainerStatus>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerStatus {
    name: String,
    #[serde(default, rename = "containerID")]
    container_id: Option<String>,
    #[serde(default)]
    restart_count: u32,
    #[serde(default)]
    state: State,
    #[serde(default)]
    last_state: State,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct State {
    running: Option<serde::de::IgnoredAny>,
    waiting: Option<Reason>,
    terminated: Option<Terminated>,
}

#[derive(Debug, Clone, Deserialize)]
struct Reason {
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Terminated {
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    exit_code: i32,
}

impl kube::Resource for PodLite {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "Pod".into()
    }
    fn group((): &()) -> Cow<'_, str> {
        "".into()
    }
    fn version((): &()) -> Cow<'_, str> {
        "v1".into()
    }
    fn plural((): &()) -> Cow<'_, str> {
        "pods".into()
    }
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl PodLite {
    /// Takes the pod's containers into the table, and what it had before out of it.
    fn put(self, table: &mut Table) {
        self.remove(table);
        let (namespace, pod, uid) = self.identity();
        let ended = matches!(self.status.phase.as_deref(), Some("Succeeded" | "Failed"));
        let status = &self.status;
        let statuses: Vec<_> = status
            .init_container_statuses
            .iter()
            .chain(&status.container_statuses)
            .chain(&status.ephemeral_container_statuses)
            .collect();
        let spec = &self.spec;
        let named = spec.init_containers.iter().chain(&spec.containers).chain(&spec.ephemeral_containers);
        for Named { name } in named {
            let status = statuses.iter().find(|status| status.name == *name);
            let container = status.map(|status| status.read()).unwrap_or_default();
            let key = (namespace.clone(), pod.clone(), uid.clone(), text(Some(name)));
            table.insert(key, Container { last: ended, ..container });
        }
    }

    fn remove(&self, table: &mut Table) {
        let (namespace, pod, ..) = self.identity();
        let from = (namespace.clone(), pod.clone(), Text::default(), Text::default());
        let keys: Vec<Name> = table
            .range(from..)
            .map(|(key, _)| key)
            .take_while(|k| k.0 == namespace && k.1 == pod)
            .cloned()
            .collect();
        for key in keys {
            table.remove(&key);
        }
    }

    fn identity(&self) -> (Text, Text, Text) {
        let meta = &self.metadata;
        (text(meta.namespace.as_ref()), text(meta.name.as_ref()), text(meta.uid.as_ref()))
    }
}

impl ContainerStatus {
    fn read(&self) -> Container {
        let instance = self.container_id.as_deref().filter(|id| !id.is_empty()).map(Text::from);
        let waiting = self.state.waiting.as_ref().and_then(|w| w.reason.as_deref());
        let ended = self.state.terminated.as_ref().or(self.last_state.terminated.as_ref());
        let ended =
            ended.map(|t| format!("{} {}", clean(t.reason.as_deref().unwrap_or("ended")), t.exit_code));
        Container {
            instance,
            running: self.state.running.is_some(),
            restarts: self.restart_count,
            ended: ended.map(Text::from),
            waiting: waiting.map(|reason| clean(reason).into()),
            last: false,
        }
    }
}

fn text(from: Option<&String>) -> Text {
    from.map(|s| clean(s)).unwrap_or_default().into()
}

/// Keeps the table of containers that are followed.
pub(super) struct Watch {
    pub(super) clients: Clients,
    pub(super) follow: Arc<Follow>,
    pub(super) scope: Scope,
    pub(super) table: watch::Sender<Option<Table>>,
}

impl Watch {
    fn pods(&self, client: Client) -> Api<PodLite> {
        let namespace = &self.scope.namespace;
        if namespace.is_empty() { Api::all(client) } else { Api::namespaced(client, namespace) }
    }

    /// Pods may not be listed, but their logs may still be read: one pod can be followed unseen.
    fn unseen(&self) -> Option<Table> {
        let pod = self.scope.alone()?;
        let container = match &*self.follow {
            Follow::Pod { container, .. } => container.clone(),
            _ => None,
        };
        let name =
            (self.scope.namespace.clone(), pod.clone(), Text::default(), container.unwrap_or_default());
        let container = Container { instance: Some(Text::default()), running: true, ..Container::default() };
        Some(Table::from([(name, container)]))
    }

    fn has(&self, pod: &PodLite) -> bool {
        pod.metadata.name.as_deref().is_some_and(|name| self.scope.has(name))
    }
}

impl Source for Watch {
    fn feed(&self) -> Feed {
        Feed::Logs
    }

    async fn run(&mut self, wire: &mut Wire) -> Result<Infallible, SourceError> {
        let context = self.follow.context();
        let Some(client) = (self.clients)(context) else {
            return Err(SourceError::Unreachable { why: format!("context `{context}` is not connected") });
        };
        let mut events = pin!(watcher(self.pods(client), self.scope.config()));
        let mut fresh = Table::new();
        let mut said: Option<Instant> = None;
        loop {
            let event = match tokio::time::timeout(SILENT, events.next()).await {
                Err(_) => {
                    return Err(SourceError::Unreachable { why: "no answer to the watch of pods".into() });
                }
                Ok(None) => return Err(SourceError::Closed),
                Ok(Some(Err(error))) => return self.failed(&error, wire).await,
                Ok(Some(Ok(event))) => event,
            };
            // That a list begins is our own doing; anything else the server said.
            let heard = !matches!(event, Event::Init);
            match event {
                Event::Init => fresh.clear(),
                Event::InitApply(pod) | Event::Apply(pod) | Event::Delete(pod) if !self.has(&pod) => {}
                Event::InitApply(pod) => pod.put(&mut fresh),
                Event::InitDone => {
                    let table = std::mem::take(&mut fresh);
                    self.table.send_replace(Some(table));
                }
                Event::Apply(pod) => self.table.send_modify(|table| pod.put(table.get_or_insert_default())),
                Event::Delete(pod) => {
                    self.table.send_modify(|table| pod.remove(table.get_or_insert_default()));
                }
            }
            if heard && self.table.borrow().is_some() && said.is_none_or(|at| at.elapsed() > SAY_EVERY) {
                said = Some(Instant::now());
                wire.live().await?;
            }
        }
    }
}

impl Watch {
    async fn failed(&self, error: &watcher::Error, wire: &mut Wire) -> Result<Infallible, SourceError> {
        let error = words::watch_failed(error, &self.scope.namespace);
        if let (SourceError::Forbidden { .. }, Some(table)) = (&error, self.unseen()) {
            self.table.send_replace(Some(table));
            wire.live().await?;
            return std::future::pending().await;
        }
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(json: &str) -> PodLite {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_pod_brings_all_its_containers_and_takes_them_away_again() {
        let pod = pod(r#"{"metadata":{"namespace":"shop","name":"web-1","uid":"u1"},
            "spec":{"initContainers":[{"name":"init"}],"containers":[{"name":"web"},{"name":"side"}]},
            "status":{"phase":"Running","containerStatuses":[
              {"name":"web","containerID":"c://1","restartCount":2,"state":{"running":{"startedAt":"x"}},
               "lastState":{"terminated":{"reason":"OOMKilled","exitCode":137}}},
              {"name":"side","restartCount":0,"state":{"waiting":{"reason":"ImagePullBackOff"}}}]}}"#);
        let mut table = Table::new();
        pod.clone().put(&mut table);
        pod.clone().put(&mut table);
        assert_eq!(table.len(), 3);
        let of = |name: &str| table.iter().find(|(key, _)| &*key.3 == name).map(|(_, c)| c.clone()).unwrap();
        assert!(of("web").running && of("web").restarts == 2);
        assert_eq!(of("web").ended.as_deref(), Some("OOMKilled 137"));
        assert_eq!(of("side").waiting.as_deref(), Some("ImagePullBackOff"));
        assert_eq!(of("side").instance, None);
        pod.remove(&mut table);
        assert!(table.is_empty());
    }
}
