//! The API server: HTTP on a listener before the state.
use futures::StreamExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Cluster;
use super::api::{Call, Reply};
use super::refusal::Refusal;
use super::{serve_exec, serve_log, serve_watch};
use crate::world::base::Handle;
use crate::world::http::{self, Answer, Request};

/// A client that opens more than this waits.
const MOST: usize = 512;

/// What every connection has.
#[derive(Clone)]
pub(super) struct Desk {
    pub cluster: Handle<Cluster>,
    /// The version of the last change.
    pub told: watch::Receiver<u64>,
    pub ends: CancellationToken,
    /// Who comes without a token.
    user: std::sync::Arc<str>,
}

/// Serves until it is dropped, and ends with everything that it began. Users come with their tokens.
pub async fn serve(listener: TcpListener, part: Handle<Cluster>) {
    serve_as(listener, part, "").await;
}

/// The same, where whoever comes without a token is this user: `kubectl` sends none over plain HTTP.
pub async fn serve_as(listener: TcpListener, part: Handle<Cluster>, user: &str) {
    let (tell, told) = watch::channel(0);
    part.with(|cluster| cluster.wakes.push(Box::new(move |version| tell.send(version).is_ok())));
    let ends = CancellationToken::new();
    let _ended = ends.clone().drop_guard();
    let desk = Desk { cluster: part, told, ends, user: user.into() };
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MOST => {
                let Ok((stream, _)) = accepted else { continue };
                let desk = desk.clone();
                connections.spawn(http::serve(stream, move |request| {
                    let desk = desk.clone();
                    Box::pin(async move { desk.answer(request) })
                }));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

impl Desk {
    fn answer(self, request: Request) -> Answer {
        let call = Call { usual: self.user.to_string(), ..call(&request) };
        let done = self.cluster.with(|cluster| {
            let reply = cluster.call(call);
            cluster.woken();
            reply
        });
        match done {
            Some(Ok(Reply::Json(code, body))) => http::whole(code, "application/json", body),
            Some(Ok(Reply::Discovery(body))) => {
                http::whole(200, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", body)
            }
            Some(Ok(Reply::Text(text))) => http::whole(200, "text/plain; charset=utf-8", text),
            Some(Ok(Reply::Watch(watch))) => {
                http::streamed(200, "application/json", serve_watch::told(self, watch))
            }
            Some(Ok(Reply::Log(key, call))) => match serve_log::lines(self, key, &call) {
                Ok(lines) => http::streamed(200, "text/plain", lines.boxed()),
                Err(refusal) => refused(&refusal),
            },
            Some(Ok(Reply::Exec(key, call))) => match serve_exec::open(&self, &key, &call, request) {
                Ok(answer) => answer,
                Err(refusal) => refused(&refusal),
            },
            Some(Err(refusal)) => refused(&refusal),
            None => refused(&Refusal::internal("the world has ended")),
        }
    }
}

fn refused(refusal: &Refusal) -> Answer {
    http::json(refusal.code, &refusal.body())
}

fn call(request: &Request) -> Call {
    let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
    // A browser's WebSocket has no header for it, and no client here is one.
    let token = header("authorization").strip_prefix("Bearer ").unwrap_or_default().trim().to_owned();
    Call {
        method: request.parts.method.to_string(),
        path: request.path().to_owned(),
        query: request.query(),
        token,
        acts_as: header("impersonate-user"),
        accept: header("accept"),
        content: header("content-type"),
        body: request.body.to_vec(),
        ..Call::default()
    }
}
