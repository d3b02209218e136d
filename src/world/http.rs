//! HTTP for the world's servers: one function from a request to an answer, over TCP, TLS or a socket's file.
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use http_body_util::{BodyExt, Full, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

pub type Body = UnsyncBoxBody<Bytes, Infallible>;
pub type Answer = http::Response<Body>;

/// A request with its body, which is small: no client of the world sends more than eight megabytes.
pub struct Request {
    pub parts: http::request::Parts,
    pub body: Bytes,
    /// For a server that goes on with another protocol.
    pub upgrade: hyper::upgrade::OnUpgrade,
}

const LARGEST: usize = 8 << 20;

impl Request {
    pub fn path(&self) -> &str {
        self.parts.uri.path()
    }

    /// The pairs of the query, decoded, in their order.
    pub fn query(&self) -> Vec<(String, String)> {
        pairs(self.parts.uri.query().unwrap_or_default())
    }

    /// The first value of a name in the query.
    pub fn asked(&self, name: &str) -> Option<String> {
        self.query().into_iter().find(|(one, _)| one == name).map(|(_, value)| value)
    }

    /// The pairs of a form in the body, decoded, in their order.
    pub fn form(&self) -> Vec<(String, String)> {
        pairs(&String::from_utf8_lossy(&self.body))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    };
    text.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

/// Percent signs and plus signs taken back; what is no such sign stays as it is.
pub fn decoded(text: &str) -> String {
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.filter(|_| first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
        out.push(byte.unwrap_or(if first == b'+' { b' ' } else { first }));
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// An answer with everything in it.
pub fn whole(code: u16, kind: &str, body: impl Into<Bytes>) -> Answer {
    answer(code, kind, Full::new(body.into()).boxed_unsync())
}

pub fn json(code: u16, body: &Value) -> Answer {
    whole(code, "application/json", body.to_string())
}

/// An answer that goes on until the stream ends or the client leaves.
pub fn streamed(code: u16, kind: &str, pieces: impl Stream<Item = Bytes> + Send + 'static) -> Answer {
    answer(code, kind, StreamBody::new(pieces.map(|piece| Ok(Frame::data(piece)))).boxed_unsync())
}

fn answer(code: u16, kind: &str, body: Body) -> Answer {
    let mut answer = http::Response::new(body);
    *answer.status_mut() =
        http::StatusCode::from_u16(code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(kind) = http::HeaderValue::from_str(kind) {
        answer.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    }
    answer
}

/// What is returned by a server's function.
pub type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Serves one connection until it is closed.
pub async fn serve<C>(connection: C, reply: impl Fn(Request) -> Answering + Clone + Send + 'static)
where
    C: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = hyper::service::service_fn(move |mut request: http::Request<Incoming>| {
        let reply = reply.clone();
        async move {
            let upgrade = hyper::upgrade::on(&mut request);
            let (parts, body) = request.into_parts();
            Ok::<Answer, Infallible>(match Limited::new(body, LARGEST).collect().await {
                Ok(body) => reply(Request { parts, body: body.to_bytes(), upgrade }).await,
                Err(_) => whole(413, "text/plain", "the body is too large or was cut off\n"),
            })
        }
    });
    // A client that goes away in the middle is no fault of the server.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(connection), service)
        .with_upgrades()
        .await;
}

/// So many connections of one listener are served at once; others wait.
const MOST: usize = 512;

/// The next connection, once there is room for it beside those that are served.
pub async fn accept(listener: &TcpListener, connections: &mut JoinSet<()>) -> TcpStream {
    loop {
        while connections.len() >= MOST {
            connections.join_next().await;
        }
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((connection, _)) => return connection,
            // Out of descriptors, most likely.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Answers every request by one function, which waits for nothing, until this is dropped; without an answer the
/// world has ended.
pub async fn listen(
    listener: TcpListener,
    answer: impl Fn(&Request) -> Option<Answer> + Clone + Send + Sync + 'static,
) {
    let mut connections = JoinSet::new();
    loop {
        let connection = accept(&listener, &mut connections).await;
        let answer = answer.clone();
        connections.spawn(serve(connection, move |request| {
            let answer = answer(&request);
            Box::pin(async { answer.unwrap_or_else(|| whole(503, "text/plain", "the world has ended\n")) })
        }));
    }
}
