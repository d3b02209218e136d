//! The API server: HTTP on a listener before the state, and watches, which go on.
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::api::{Reply, Work, asked, says, selector, table_of};
use super::kinds::Kind;
use super::refusal::Refusal;
use super::select::Selector;
use super::store::Key;
use super::table::table;
use super::value::Dig;
use super::{Cluster, serve_exec, serve_log};
use crate::world::base::Handle;
use crate::world::http;
use crate::world::http::{Answer, Request};

/// What every connection has.
#[derive(Clone)]
pub(super) struct Desk {
    pub cluster: Handle<Cluster>,
    pub ends: CancellationToken,
    /// Who comes in here.
    user: std::sync::Arc<str>,
}

/// Serves until it is dropped, and ends with everything that it began. Whoever comes in is this user, for `kubectl`
/// sends no token over plain HTTP; the admin may act as anybody.
pub async fn serve_as(listener: TcpListener, part: Handle<Cluster>, user: &str) {
    let ends = CancellationToken::new();
    let _ended = ends.clone().drop_guard();
    let desk = Desk { cluster: part, ends, user: user.into() };
    let mut connections = JoinSet::new();
    loop {
        let stream = http::accept(&listener, &mut connections).await;
        let desk = desk.clone();
        connections.spawn(http::serve(stream, move |request| {
            let desk = desk.clone();
            Box::pin(async move { desk.answer(request) })
        }));
    }
}

impl Desk {
    fn answer(self, request: Request) -> Answer {
        let done = match self.cluster.with(|cluster| cluster.call(&self.user, &request)) {
            Some(Ok(Reply::Whole(code, kind, body))) => return http::whole(code, kind, body),
            Some(Ok(Reply::Watch(kind, watch))) => {
                Ok(http::streamed(200, "application/json", watch.told(self, kind)))
            }
            Some(Ok(Reply::Log(key))) => {
                serve_log::lines(self, key, &request).map(|lines| http::streamed(200, "text/plain", lines))
            }
            Some(Ok(Reply::Exec(key))) => serve_exec::open(&self, &key, request),
            Some(Err(refusal)) => Err(refusal),
            None => Err(Refusal::internal("the world has ended")),
        };
        done.unwrap_or_else(|refusal| http::json(refusal.code, &refusal.body()))
    }
}

/// A version for who hears nothing else.
const BOOKMARKS: Duration = Duration::from_secs(20);

/// What a request asks to be told from now on.
pub struct Watch {
    place: Key,
    selector: Selector,
    version: u64,
    /// What is there already, and whether its end is told.
    first: Vec<Arc<Value>>,
    tells_end: bool,
    bookmarks: bool,
    table: Option<String>,
    over: bool,
    until: Instant,
    bookmark: Instant,
}

impl Watch {
    pub(super) fn of(work: &Work, cluster: &Cluster) -> Result<Watch, Refusal> {
        let (request, now, selector) = (work.request, Instant::now(), selector(work.request)?);
        let number = |name: &str| asked(request, name).parse::<u64>().ok().filter(|number| *number > 0);
        let tells_end = says(request, "sendInitialEvents");
        let from = number("resourceVersion").filter(|_| !tells_end);
        let all = || cluster.store.page(&work.key, &selector, 0, "").map(|(all, _)| all);
        Ok(Watch {
            version: from.unwrap_or(cluster.store.version()),
            first: if from.is_some() { Vec::new() } else { all()? },
            tells_end,
            bookmarks: says(request, "allowWatchBookmarks"),
            table: table_of(request),
            over: false,
            until: now + Duration::from_secs(number("timeoutSeconds").unwrap_or(1800).min(3600)),
            bookmark: now + BOOKMARKS,
            place: work.key.clone(),
            selector,
        })
    }

    pub(super) fn told(self, desk: Desk, kind: &'static Kind) -> impl Stream<Item = Bytes> {
        futures::stream::unfold((self, desk), move |(mut watch, mut desk)| async move {
            let piece = watch.next(&mut desk, kind).await?;
            Some((Bytes::from(piece), (watch, desk)))
        })
    }

    async fn next(&mut self, desk: &mut Desk, kind: &Kind) -> Option<String> {
        while !self.over {
            match desk.cluster.look(|cluster| self.news(cluster, kind))? {
                Ok(text) if text.is_empty() => {}
                Ok(text) => return Some(text),
                Err(refusal) => {
                    self.over = true;
                    return Some(line("ERROR", &refusal.body()));
                }
            }
            tokio::select! {
                goes_on = desk.cluster.changed() => self.over |= !goes_on,
                () = sleep_until(self.until) => self.over = true,
                () = sleep_until(self.bookmark), if self.bookmarks => {
                    self.bookmark = Instant::now() + BOOKMARKS;
                    return Some(self.bookmark(kind, false));
                }
            }
        }
        None
    }

    /// What is there when the watch begins, and what has changed since it was told last.
    fn news(&mut self, cluster: &Cluster, kind: &Kind) -> Result<String, Refusal> {
        let changed = cluster.store.after(self.version, &self.place, &self.selector)?;
        let event = |change: &str, object: &Value| {
            let Some(include) = &self.table else { return line(change, object) };
            let meta = json!({"resourceVersion": object.text("/metadata/resourceVersion")});
            line(change, &table(kind, &[object], &meta, include, cluster.now))
        };
        let mut text: String = self.first.iter().map(|object| event("ADDED", object)).collect();
        if self.tells_end {
            text.push_str(&self.bookmark(kind, true));
        }
        text.extend(changed.iter().map(|(kind, object)| event(kind, object)));
        (self.tells_end, self.version) = (false, cluster.store.version());
        self.first.clear();
        Ok(text)
    }

    fn bookmark(&self, kind: &Kind, end: bool) -> String {
        let mut meta = json!({"resourceVersion": self.version.to_string(), "creationTimestamp": null});
        if end {
            meta.put("/annotations", json!({"k8s.io/initial-events-end": "true"}));
        }
        // Who reads strictly misses what every object of its kind has.
        let spec = json!({"containers": null});
        line(
            "BOOKMARK",
            &json!({"kind": kind.title, "apiVersion": kind.api_version(), "metadata": meta, "spec": spec, "status": {}}),
        )
    }
}

fn line(kind: &str, object: &Value) -> String {
    format!("{{\"type\":\"{kind}\",\"object\":{object}}}\n")
}
