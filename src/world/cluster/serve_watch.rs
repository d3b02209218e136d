//! A watch: what is there, and then every change, until its time is over.
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::Cluster;
use super::api::Watch;
use super::refusal::Refusal;
use super::serve::Desk;
use super::table::table;
use super::value::Dig;

/// A version for who hears nothing else.
const BOOKMARKS: Duration = Duration::from_secs(20);

struct Telling {
    desk: Desk,
    watch: Watch,
    begun: bool,
    over: bool,
    until: Instant,
    bookmark: Instant,
}

pub(super) fn told(desk: Desk, watch: Watch) -> impl Stream<Item = Bytes> {
    let now = Instant::now();
    let until = now + Duration::from_secs(watch.seconds);
    let telling = Telling { desk, watch, begun: false, over: false, until, bookmark: now + BOOKMARKS };
    futures::stream::unfold(telling, |mut telling| async move {
        let piece = telling.next().await?;
        Some((Bytes::from(piece), telling))
    })
}

impl Telling {
    async fn next(&mut self) -> Option<String> {
        if !self.begun {
            self.begun = true;
            let text = self.desk.cluster.with(|cluster| first(cluster, &mut self.watch))?;
            if !text.is_empty() {
                return Some(text);
            }
        }
        loop {
            if self.over {
                return None;
            }
            match self.desk.cluster.with(|cluster| later(cluster, &mut self.watch))? {
                Ok(text) if text.is_empty() => {}
                Ok(text) => return Some(text),
                Err(refusal) => {
                    self.over = true;
                    return Some(line("ERROR", &refusal.body()));
                }
            }
            let seen = self.watch.version;
            tokio::select! {
                changed = self.desk.told.wait_for(|version| *version > seen) => {
                    if changed.is_err() {
                        return None;
                    }
                }
                () = sleep_until(self.until) => self.over = true,
                () = sleep_until(self.bookmark), if self.watch.bookmarks => {
                    self.bookmark = Instant::now() + BOOKMARKS;
                    return self.desk.cluster.with(|cluster| bookmark(cluster, &self.watch, false));
                }
            }
        }
    }
}

fn line(kind: &str, object: &Value) -> String {
    format!("{{\"type\":\"{kind}\",\"object\":{object}}}\n")
}

/// What is there when the watch begins.
fn first(cluster: &Cluster, watch: &mut Watch) -> String {
    let objects = std::mem::take(&mut watch.first);
    let mut text = String::new();
    for (at, object) in objects.iter().enumerate() {
        text.push_str(&event(cluster, watch, "ADDED", object, at == 0));
    }
    if watch.tells_end {
        text.push_str(&bookmark(cluster, watch, true));
    }
    text
}

/// What changed since.
fn later(cluster: &Cluster, watch: &mut Watch) -> Result<String, Refusal> {
    if watch.version > cluster.store.version() {
        // A number of another world.
        return Err(Refusal::expired(watch.version, cluster.store.version()));
    }
    let news = cluster.store.after(watch.version, watch.kind, &watch.place, &watch.selector)?;
    watch.version = cluster.store.version();
    Ok(news.iter().map(|(kind, object)| event(cluster, watch, kind, object, false)).collect())
}

fn event(cluster: &Cluster, watch: &Watch, change: &str, object: &Value, head: bool) -> String {
    match (&watch.table, cluster.store.kind(watch.kind)) {
        (Some(include), Some(kind)) => {
            let meta = json!({"resourceVersion": object.text("/metadata/resourceVersion")});
            line(change, &table(kind, &[object], &meta, include, cluster.now, head))
        }
        _ => line(change, object),
    }
}

fn bookmark(cluster: &Cluster, watch: &Watch, end: bool) -> String {
    let Some(kind) = cluster.store.kind(watch.kind) else { return String::new() };
    let mut meta = json!({"resourceVersion": watch.version.to_string(), "creationTimestamp": null});
    if end {
        meta.put("/annotations", json!({"k8s.io/initial-events-end": "true"}));
    }
    let mut object = json!({"kind": kind.title, "apiVersion": kind.api_version(), "metadata": meta});
    if kind.status {
        object.put("/spec", json!({}));
        object.put("/status", json!({}));
    }
    // Pods and their templates cannot be read without a list of containers.
    if kind.title == "Pod" {
        object.put("/spec", json!({"containers": null}));
    }
    line("BOOKMARK", &object)
}
