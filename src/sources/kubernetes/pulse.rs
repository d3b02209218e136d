//! A client for one watch that shows its pulse.
//!
//! kube's `watcher` swallows bookmarks and opens a watch again without a word, so that a quiet feed looks like
//! a dead one. The server ends each watch after 30 s and sends a bookmark shortly before; kube gives up a watch
//! on which nothing came for 5 s more, and opens the next. That opening is the pulse: it is answered within its
//! deadline, or the feed is down. A silent partition therefore shows after at most 30 + 5 + 10 s, or 5 s
//! earlier when the connection cannot be made at all.
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::header::RETRY_AFTER;
use http::{Request, Response, StatusCode};
use kube::Client;
use kube::client::Body;
use kube::core::Status;
use kube::core::response::StatusDetails;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};
use tower_service::Service;

/// How long the server may take to begin its answer to a watch.
const WATCH_WITHIN: Duration = Duration::from_secs(10);
/// A page of a list is gathered before its answer begins.
const LIST_WITHIN: Duration = Duration::from_secs(30);
/// A server that ends each watch at once must not be asked in a tight loop.
const APART: Duration = Duration::from_secs(1);

/// Wraps a client; `heard` is notified whenever a request was answered well.
pub(super) fn with_pulse(client: Client, heard: Arc<Notify>) -> Client {
    let namespace = client.default_namespace().to_owned();
    Client::new(Pulse { client, heard, opened: Arc::default() }, namespace)
}

struct Pulse {
    client: Client,
    heard: Arc<Notify>,
    /// When the last watch was opened.
    opened: Arc<Mutex<Option<Instant>>>,
}

#[derive(Debug, thiserror::Error)]
#[error("no answer within {} s", .0.as_secs())]
struct NoAnswer(Duration);

impl Service<Request<Body>> for Pulse {
    type Response = Response<Body>;
    type Error = kube::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, kube::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), kube::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let client = self.client.clone();
        let heard = self.heard.clone();
        let watch = request.uri().query().is_some_and(|query| query.contains("watch=true"));
        let not_before = if watch { self.not_before() } else { None };
        Box::pin(async move {
            if let Some(then) = not_before {
                sleep_until(then).await;
            }
            let within = if watch { WATCH_WITHIN } else { LIST_WITHIN };
            let answer = timeout(within, client.send(request))
                .await
                .map_err(|_| kube::Error::Service(Box::new(NoAnswer(within))))??;
            if answer.status().is_success() {
                heard.notify_one();
            }
            match busy_for(&answer) {
                Some(seconds) => Err(busy(seconds)),
                None => Ok(answer),
            }
        })
    }
}

/// How long a server that is too busy wants to be left alone; kube does not hand its headers on.
fn busy_for(answer: &Response<Body>) -> Option<u32> {
    let too_many = answer.status() == StatusCode::TOO_MANY_REQUESTS;
    let asked = answer.headers().get(RETRY_AFTER).filter(|_| too_many)?;
    asked.to_str().ok()?.trim().parse().ok()
}

fn busy(seconds: u32) -> kube::Error {
    let mut status = Status::failure("the server is busy", "TooManyRequests");
    status.code = StatusCode::TOO_MANY_REQUESTS.as_u16();
    status.details = Some(StatusDetails {
        name: String::new(),
        group: String::new(),
        kind: String::new(),
        uid: String::new(),
        causes: Vec::new(),
        retry_after_seconds: seconds,
    });
    kube::Error::Api(Box::new(status))
}

impl Pulse {
    fn not_before(&self) -> Option<Instant> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let not_before = opened.map(|last| last + APART);
        *opened = Some(not_before.map_or_else(Instant::now, |then| then.max(Instant::now())));
        not_before
    }
}
