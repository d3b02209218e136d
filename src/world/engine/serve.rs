//! The engine's interface over a socket's file.
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{self, Stream};
use http::header::{CONNECTION, HeaderValue, UPGRADE};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Engine;
use super::api::{API, Begins, Reply};
use super::terminal::run;
use crate::world::base::Handle;
use crate::world::http::{self as web, Answer, Request, json, streamed, whole};

const RAW: &str = "application/vnd.docker.raw-stream";
/// How soon whoever follows hears of what is new.
const SOON: Duration = Duration::from_millis(200);

type Later = mpsc::Sender<BoxFuture<'static, ()>>;

pub async fn serve(listener: UnixListener, part: Handle<Engine>) {
    let mut tasks = JoinSet::new();
    // What goes on over a connection after its answer ends with the server too.
    let (later, mut begun) = mpsc::channel(16);
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                let (part, later) = (part.clone(), later.clone());
                tasks.spawn(web::serve(stream, move |request| {
                    let (part, later) = (part.clone(), later.clone());
                    Box::pin(async move { answer(request, part, later).await })
                }));
            }
            Some(task) = begun.recv() => drop(tasks.spawn(task)),
            Some(_) = tasks.join_next() => {}
        }
    }
}

/// `/v1.43/containers/json` without the version.
fn unversioned(path: &str) -> &str {
    let rest = path.strip_prefix("/v").filter(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    rest.and_then(|rest| rest.find('/').and_then(|at| rest.get(at..))).unwrap_or(path)
}

async fn answer(request: Request, part: Handle<Engine>, later: Later) -> Answer {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let path = web::decoded(&unversioned(request.path()).replace('+', "%2B"));
    let query = request.query();
    let reply = part.with(|engine| engine.ask(request.parts.method.as_str(), &path, &query, &body));
    let mut answer = match reply {
        None => whole(503, "text/plain", "the engine is gone\n"),
        Some(Reply::Json(code, value)) => json(code, &value),
        Some(Reply::Text(text)) => whole(200, "text/plain; charset=utf-8", text),
        Some(Reply::Empty(code)) => empty(code),
        Some(Reply::Logs(wanted)) => streamed(200, RAW, followed(part, wanted, Engine::written)),
        Some(Reply::Events(wanted)) => {
            streamed(200, "application/json", followed(part, wanted, Engine::happened))
        }
        Some(Reply::Wait(id)) => {
            streamed(200, "application/json", followed(part, id, |engine, id| engine.over(id)))
        }
        Some(Reply::Stats(id)) => streamed(200, "application/json", measurements(part, id)),
        Some(Reply::Begins(begins)) => begin(request, begins, part, later).await,
    };
    let headers = answer.headers_mut();
    headers.insert("Api-Version", HeaderValue::from_static(API));
    headers.insert("Ostype", HeaderValue::from_static("linux"));
    headers.insert("Docker-Experimental", HeaderValue::from_static("false"));
    answer
}

fn empty(code: u16) -> Answer {
    let mut answer = whole(code, "text/plain", "");
    answer.headers_mut().remove(http::header::CONTENT_TYPE);
    answer
}

/// Whatever is there, and then what comes, until there is no more.
fn followed<W: Send + 'static>(
    part: Handle<Engine>,
    wanted: W,
    next: impl Fn(&Engine, &mut W) -> (Vec<u8>, bool) + Copy + Send + 'static,
) -> impl Stream<Item = Bytes> + Send {
    stream::unfold((part, Some(wanted)), move |(part, wanted)| async move {
        let mut wanted = wanted?;
        loop {
            let (bytes, more) = part.with(|engine| next(engine, &mut wanted))?;
            if !bytes.is_empty() || !more {
                return Some((Bytes::from(bytes), (part, more.then_some(wanted))));
            }
            sleep(SOON).await;
        }
    })
}

fn measurements(part: Handle<Engine>, id: String) -> impl Stream<Item = Bytes> + Send {
    stream::unfold((part, id, false), |(part, id, later)| async move {
        if later {
            sleep(Duration::from_secs(1)).await;
        }
        let value = part.with(|engine| engine.stats(&id))??;
        Some((Bytes::from(format!("{value}\n")), (part, id, true)))
    })
}

/// A command begins: over this very connection where the client wants to talk with it.
async fn begin(request: Request, begins: Begins, part: Handle<Engine>, later: Later) -> Answer {
    let upgrades = request.header("upgrade").is_some();
    if begins.detached || !upgrades {
        let (near, far) = tokio::io::duplex(1 << 20);
        run(far, &begins, &part).await;
        let mut out = Vec::new();
        let mut near = near;
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut near, &mut out).await;
        return if begins.detached { empty(200) } else { whole(200, RAW, out) };
    }
    let talk = async move {
        if let Ok(connection) = request.upgrade.await {
            run(TokioIo::new(connection), &begins, &part).await;
        }
    };
    if later.send(Box::pin(talk)).await.is_err() {
        return whole(503, "text/plain", "the engine is gone\n");
    }
    let mut answer = whole(101, RAW, "");
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    answer.headers_mut().insert(UPGRADE, HeaderValue::from_static("tcp"));
    answer
}
