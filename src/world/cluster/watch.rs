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
    over: bool,
    until: Instant,
    bookmark: Instant,
}

pub(super) fn told(desk: Desk, watch: Watch) -> impl Stream<Item = Bytes> {
    let now = Instant::now();
    let until = now + Duration::from_secs(watch.seconds);
    let telling = Telling { desk, watch, over: false, until, bookmark: now + BOOKMARKS };
    futures::stream::unfold(telling, |mut telling| async move {
        let piece = telling.next().await?;
        Some((Bytes::from(piece), telling))
    })
}

impl Telling {
    async fn next(&mut self) -> Option<String> {
        while !self.over {
            match self.desk.cluster.look(|cluster| news(cluster, &mut self.watch))? {
                Ok(text) if text.is_empty() => {}
                Ok(text) => return Some(text),
                Err(refusal) => {
                    self.over = true;
                    return Some(line("ERROR", &refusal.body()));
                }
            }
            tokio::select! {
                goes_on = self.desk.cluster.changed() => self.over |= !goes_on,
                () = sleep_until(self.until) => self.over = true,
                () = sleep_until(self.bookmark), if self.watch.bookmarks => {
                    self.bookmark = Instant::now() + BOOKMARKS;
                    return Some(bookmark(&self.watch, false));
                }
            }
        }
        None
    }
}

fn line(kind: &str, object: &Value) -> String {
    format!("{{\"type\":\"{kind}\",\"object\":{object}}}\n")
}

/// What is there when the watch begins, and what has changed since it was told last.
fn news(cluster: &Cluster, watch: &mut Watch) -> Result<String, Refusal> {
    let changed = cluster.store.after(watch.version, &watch.place, &watch.selector)?;
    let first = std::mem::take(&mut watch.first);
    let there = first.iter().enumerate().map(|(at, object)| event(cluster, watch, "ADDED", object, at == 0));
    let mut text: String = there.collect();
    if std::mem::take(&mut watch.tells_end) {
        text.push_str(&bookmark(watch, true));
    }
    watch.version = cluster.store.version();
    text.extend(changed.iter().map(|(kind, object)| event(cluster, watch, kind, object, false)));
    Ok(text)
}

fn event(cluster: &Cluster, watch: &Watch, change: &str, object: &Value, head: bool) -> String {
    let Some(include) = &watch.table else { return line(change, object) };
    let meta = json!({"resourceVersion": object.text("/metadata/resourceVersion")});
    line(change, &table(watch.kind, &[object], &meta, include, cluster.now, head))
}

fn bookmark(watch: &Watch, end: bool) -> String {
    let mut meta = json!({"resourceVersion": watch.version.to_string(), "creationTimestamp": null});
    if end {
        meta.put("/annotations", json!({"k8s.io/initial-events-end": "true"}));
    }
    // Who reads strictly misses what every object of its kind has.
    let spec = json!({"containers": null});
    line(
        "BOOKMARK",
        &json!({"kind": watch.kind.title, "apiVersion": watch.kind.api_version(), "metadata": meta, "spec": spec, "status": {}}),
    )
}
