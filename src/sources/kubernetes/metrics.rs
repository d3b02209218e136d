//! CPU and memory from metrics.k8s.io, polled, because it cannot be watched.
//!
//! Its lists cannot be read in pages either: at 30,000 pods an answer has 20 MB. It is therefore cut into items
//! as it arrives, and each is reduced to two numbers at once.
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::AsyncBufReadExt;
use http::Request;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::{sleep, timeout};

use super::connect::Cluster;
use super::errors::failed;
use super::intern::{Interner, own};
use super::lean::Amount;
use super::link::Link;
use crate::domain::Text;
use crate::domain::feed::Feed;
use crate::domain::news::News;
use crate::domain::object::{Kind, ObjectRef, Usage};
use crate::sources::reason::reason;
use crate::sources::supervise::{Source, SourceError, Wire};

/// How often the metrics server itself measures.
const EVERY: Duration = Duration::from_secs(15);
/// For the beginning of an answer, and for each further piece of it.
const WITHIN: Duration = Duration::from_secs(10);
/// No item is near this size; whoever sends more is not a metrics server.
const LARGEST_ITEM: usize = 1 << 20;
const API: &str = "/apis/metrics.k8s.io/v1beta1";

/// The poll of one context.
pub(super) struct Metrics {
    link: Arc<Link>,
    /// The empty name means all.
    namespaces: Vec<Text>,
    known: Interner,
}

#[derive(Deserialize)]
struct PodMetrics {
    metadata: Name,
    containers: Option<Vec<Measured>>,
}

#[derive(Deserialize)]
struct NodeMetrics {
    metadata: Name,
    #[serde(default)]
    usage: Amounts,
}

#[derive(Deserialize)]
struct Name {
    name: String,
    #[serde(default)]
    namespace: String,
}

#[derive(Deserialize)]
struct Measured {
    #[serde(default)]
    usage: Amounts,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(default)]
struct Amounts {
    cpu: Amount,
    memory: Amount,
}

impl Amounts {
    fn usage(self) -> Usage {
        let (cpu, memory) = (self.cpu.0.unwrap_or_default(), self.memory.0.unwrap_or_default());
        Usage { cpu_milli: cpu.milli(), memory: memory.units() }
    }
}

impl Metrics {
    pub(super) fn new(link: Arc<Link>, namespaces: Vec<Text>) -> Metrics {
        Metrics { link, namespaces, known: Interner::default() }
    }

    /// What was measured where it may be seen, and the namespaces where it may not.
    async fn pods(&mut self, cluster: &Cluster) -> Result<(Vec<(ObjectRef, Usage)>, Vec<Text>), SourceError> {
        let (mut all, mut hidden) = (Vec::new(), Vec::new());
        for namespace in self.namespaces.clone() {
            let path = match &*namespace {
                "" => format!("{API}/pods"),
                name => format!("{API}/namespaces/{name}/pods"),
            };
            let needs = needs(std::slice::from_ref(&namespace));
            let known = &mut self.known;
            let listed = read(cluster, &path, &needs, |pod: PodMetrics| {
                let containers = pod.containers.unwrap_or_default();
                let usage =
                    containers.iter().map(|each| each.usage.usage()).fold(Usage::default(), |a, b| Usage {
                        cpu_milli: a.cpu_milli.saturating_add(b.cpu_milli),
                        memory: a.memory.saturating_add(b.memory),
                    });
                let id = ObjectRef {
                    context: cluster.context.clone(),
                    kind: Kind::Pod,
                    namespace: known.text(&pod.metadata.namespace),
                    name: own(&pod.metadata.name),
                };
                // Nothing measured is not nothing used.
                if !containers.is_empty() {
                    all.push((id, usage));
                }
            })
            .await;
            match listed {
                Err(SourceError::Forbidden { .. }) => hidden.push(namespace),
                other => other?,
            }
        }
        Ok((all, hidden))
    }

    async fn nodes(&mut self, cluster: &Cluster) -> Result<Vec<(Text, Usage)>, SourceError> {
        let mut all = Vec::new();
        let known = &mut self.known;
        read(cluster, &format!("{API}/nodes"), "list nodes.metrics.k8s.io", |node: NodeMetrics| {
            all.push((known.text(&node.metadata.name), node.usage.usage()));
        })
        .await?;
        Ok(all)
    }

    async fn poll(&mut self, wire: &mut Wire) -> Result<(), SourceError> {
        let cluster = self.link.cluster().await?;
        let context = cluster.context.clone();
        let (pods, hidden) = match self.pods(&cluster).await {
            Err(SourceError::Absent { .. }) => {
                return Err(SourceError::Absent {
                    why: "no metrics: the server has no metrics.k8s.io".into(),
                });
            }
            Err(error @ SourceError::Unauthorized { .. }) => {
                self.link.forget(cluster.generation).await;
                return Err(error);
            }
            other => other?,
        };
        if hidden.len() == self.namespaces.len() {
            return Err(SourceError::Forbidden { needs: needs(&hidden) });
        }
        let mut news = vec![News::PodUsage(context.clone(), pods)];
        // Who may see pods may often not see nodes; that costs the nodes' numbers only.
        match self.nodes(&cluster).await {
            Ok(nodes) => news.push(News::NodeUsage(context, nodes)),
            Err(error) => tracing::debug!(%context, "no usage of nodes: {error}"),
        }
        wire.send(news).await?;
        if !hidden.is_empty() {
            return Err(SourceError::Forbidden { needs: needs(&hidden) });
        }
        wire.live().await
    }
}

/// In the words of RBAC. The empty name means all.
fn needs(namespaces: &[Text]) -> String {
    let names: Vec<String> = namespaces.iter().map(|name| format!("`{name}`")).collect();
    let place = match namespaces {
        [all] if all.is_empty() => "all namespaces".to_owned(),
        [_] => format!("namespace {}", names.concat()),
        _ => format!("namespaces {}", names.join(", ")),
    };
    format!("list pods.metrics.k8s.io in {place}")
}

impl Source for Metrics {
    fn feed(&self) -> Feed {
        Feed::Metrics(self.link.context().clone())
    }

    async fn run(&mut self, wire: &mut Wire) -> Result<Infallible, SourceError> {
        loop {
            self.poll(wire).await?;
            sleep(EVERY).await;
        }
    }
}

/// Reads a list item by item.
async fn read<T: DeserializeOwned>(
    cluster: &Cluster,
    path: &str,
    needs: &str,
    mut each: impl FnMut(T),
) -> Result<(), SourceError> {
    let request =
        Request::get(path).body(Vec::new()).map_err(|error| failed(&kube::Error::HttpError(error), needs))?;
    let late = |_| SourceError::Unreachable { why: format!("no answer within {} s", WITHIN.as_secs()) };
    let answer = timeout(WITHIN, cluster.client.request_stream(request)).await.map_err(late)?;
    let mut body = pin!(answer.map_err(|error| failed(&error, needs))?);
    let mut items = Items::default();
    loop {
        let piece = timeout(WITHIN, body.fill_buf()).await.map_err(late)?;
        let piece = piece.map_err(|error| SourceError::Unreachable { why: reason(&error) })?;
        if piece.is_empty() {
            return if items.is_whole() { Ok(()) } else { Err(SourceError::Closed) };
        }
        let length = piece.len();
        // What cannot be read as an item is left out: a number less, not the whole feed.
        let fine = items.push(piece, |item| {
            if let Ok(item) = serde_json::from_slice(item) {
                each(item);
            }
        });
        if !fine {
            return Err(SourceError::Unreachable { why: "the answer makes no sense".into() });
        }
        body.consume_unpin(length);
    }
}

/// Cuts `{…, "items": [ {…}, {…} ]}` into its items, however the pieces fall.
#[derive(Debug, Default)]
struct Items {
    depth: u32,
    /// The second level is an array, so what opens in it is an item.
    in_list: bool,
    in_text: bool,
    escaped: bool,
    begun: bool,
    item: Vec<u8>,
}

impl Items {
    /// False when this is no list.
    fn push(&mut self, piece: &[u8], mut each: impl FnMut(&[u8])) -> bool {
        // Where in this piece the item that is being read begins.
        let mut from = 0;
        for (at, byte) in piece.iter().enumerate() {
            if self.in_text {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_text = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_text = true,
                b'{' | b'[' => {
                    self.begun = true;
                    if self.depth == 1 {
                        self.in_list = *byte == b'[';
                    }
                    if self.is_item() {
                        from = at;
                    }
                    self.depth += 1;
                }
                b'}' | b']' => {
                    let Some(depth) = self.depth.checked_sub(1) else { return false };
                    self.depth = depth;
                    if self.is_item() {
                        self.item.extend_from_slice(&piece[from..=at]);
                        each(&self.item);
                        self.item.clear();
                    }
                }
                _ if !self.begun && !byte.is_ascii_whitespace() => return false,
                _ => {}
            }
        }
        if self.depth > 2 && self.in_list {
            self.item.extend_from_slice(&piece[from..]);
        }
        self.item.len() <= LARGEST_ITEM
    }

    fn is_item(&self) -> bool {
        self.depth == 2 && self.in_list
    }

    fn is_whole(&self) -> bool {
        self.begun && self.depth == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"{"kind":"PodMetricsList","metadata":{"a":{"b":1}},"items":[
        {"metadata":{"name":"a}\"{","namespace":"shop"},"containers":[{"usage":{"cpu":"173241n","memory":"10Ki"}},
        {"usage":{"cpu":"1","memory":"1Mi"}}]}, {"metadata":{"name":"b","namespace":"shop"},"containers":[]}]}"#;

    #[test]
    fn a_list_is_cut_into_its_items_however_the_pieces_fall() {
        for size in 1..LIST.len() {
            let (mut items, mut names) = (Items::default(), Vec::new());
            for piece in LIST.as_bytes().chunks(size) {
                assert!(items.push(piece, |item| {
                    names.push(serde_json::from_slice::<PodMetrics>(item).unwrap().metadata.name);
                }));
            }
            assert!(items.is_whole());
            assert_eq!(names, ["a}\"{", "b"], "in pieces of {size}");
        }
    }

    #[test]
    fn an_answer_that_was_cut_off_is_not_whole() {
        let mut items = Items::default();
        assert!(items.push(&LIST.as_bytes()[..200], |_| {}));
        assert!(!items.is_whole());
        assert!(!Items::default().push(b"<html>", |_| {}));
    }

    #[test]
    fn what_the_containers_use_is_added_up() {
        let (mut items, mut used) = (Items::default(), Vec::new());
        items.push(LIST.as_bytes(), |item| {
            let pod: PodMetrics = serde_json::from_slice(item).unwrap();
            used.extend(pod.containers.unwrap().iter().map(|each| each.usage.usage()));
        });
        assert_eq!(used[0], Usage { cpu_milli: 1, memory: 10 << 10 });
        assert_eq!(used[1], Usage { cpu_milli: 1000, memory: 1 << 20 });
    }
}
