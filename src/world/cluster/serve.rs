//! The API server: HTTP on a listener before the state.
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Cluster;
use super::api::{Call, Reply};
use super::refusal::Refusal;
use super::{serve_exec, serve_log, watch};
use crate::world::base::Handle;
use crate::world::http::{self, Answer, Request};

/// What every connection has.
#[derive(Clone)]
pub(super) struct Desk {
    pub cluster: Handle<Cluster>,
    pub ends: CancellationToken,
    /// Who comes without a token.
    user: std::sync::Arc<str>,
}

/// Serves until it is dropped, and ends with everything that it began. Users come with their tokens; whoever comes
/// without one is this user: `kubectl` sends none over plain HTTP.
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
        let call = Call { usual: self.user.to_string(), ..call(&request) };
        match self.cluster.with(|cluster| cluster.call(call)) {
            Some(Ok(Reply::Json(code, body))) => http::whole(code, "application/json", body),
            Some(Ok(Reply::Discovery(body))) => {
                http::whole(200, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", body)
            }
            Some(Ok(Reply::Text(text))) => http::whole(200, "text/plain; charset=utf-8", text),
            Some(Ok(Reply::Watch(watch))) => {
                http::streamed(200, "application/json", watch::told(self, watch))
            }
            Some(Ok(Reply::Log(key, call))) => serve_log::lines(self, key, &call)
                .map_or_else(|refusal| refused(&refusal), |lines| http::streamed(200, "text/plain", lines)),
            Some(Ok(Reply::Exec(key, call))) => {
                serve_exec::open(&self, &key, &call, request).unwrap_or_else(|refusal| refused(&refusal))
            }
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
