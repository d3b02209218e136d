//! The API server: HTTP on a listener before the state.
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Cluster;
use super::api::Reply;
use super::refusal::Refusal;
use super::{serve_exec, serve_log};
use crate::world::base::Handle;
use crate::world::http::{self, Answer, Request};

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
