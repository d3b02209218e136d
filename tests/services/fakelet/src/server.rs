//! The HTTPS side of the pretend kubelet and the metrics API.
use crate::clock::{now_ms, parse};
use crate::exec;
use crate::hub::Hub;
use crate::logs;
use crate::metrics;
use crate::pod::{CState, Plan, Run};
use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

pub struct Feed(mpsc::Receiver<Bytes>);

impl Body for Feed {
    type Data = Bytes;
    type Error = Infallible;
    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|o| o.map(|b| Ok(Frame::data(b))))
    }
}

pub type Reply = Response<Either<Full<Bytes>, Feed>>;

pub fn text(code: u16, kind: &str, body: impl Into<Bytes>) -> Reply {
    Response::builder()
        .status(code)
        .header("content-type", kind)
        .body(Either::Left(Full::new(body.into())))
        .unwrap()
}

pub fn query(q: &str) -> Vec<(String, String)> {
    let dec =
        |s: &str| percent_encoding::percent_decode_str(&s.replace('+', " ")).decode_utf8_lossy().into_owned();
    q.split('&')
        .filter(|p| !p.is_empty())
        .map(|p| p.split_once('=').map_or((dec(p), String::new()), |(k, v)| (dec(k), dec(v))))
        .collect()
}

/// What is on record for one container at this instant.
fn look(hub: &Hub, ns: &str, pod: &str, ctr: &str, previous: bool) -> Result<(Run, Plan), (u16, String)> {
    let book = hub.book.lock().unwrap();
    let p = book
        .names
        .get(&format!("{ns}/{pod}"))
        .and_then(|u| book.pods.get(u))
        .ok_or((404, format!("pod \"{pod}\" not found\n")))?;
    if hub.is_down(&p.node) {
        return Err((503, "node is silent\n".into()));
    }
    let c = p
        .ctrs
        .iter()
        .find(|c| c.name == ctr)
        .ok_or((400, format!("container {ctr} is not valid for pod {pod}\n")))?;
    let waiting = matches!(c.state, CState::Waiting(..));
    if previous {
        let r = if waiting { c.run.as_ref().or(c.prev.as_ref()) } else { c.prev.as_ref() };
        return r
            .cloned()
            .map(|r| (r, p.plan.clone()))
            .ok_or((400, format!("previous terminated container \"{ctr}\" in pod \"{pod}\" not found")));
    }
    if let (CState::Waiting(reason, _), None) = (&c.state, &c.run) {
        let why = if reason.contains("Image") { "trying and failing to pull image" } else { reason };
        return Err((400, format!("container \"{ctr}\" in pod \"{pod}\" is waiting to start: {why}")));
    }
    c.run.clone().map(|r| (r, p.plan.clone())).ok_or((400, "no log yet".into()))
}

const KEPT_LINES: u64 = 90_000; // about the 10 MiB after which a real node rotates

fn container_log(hub: &Arc<Hub>, ns: &str, pod: &str, ctr: &str, q: &[(String, String)]) -> Reply {
    let get = |k: &str| q.iter().find(|(n, _)| n == k).map(|(_, v)| v.as_str());
    let on = |k: &str| matches!(get(k), Some("true" | "1"));
    let previous = on("previous");
    let (run, plan) = match look(hub, ns, pod, ctr, previous) {
        Ok(x) => x,
        Err((code, m)) => return text(code, "text/plain", m),
    };
    let now = now_ms();
    let upto = run.lines(now);
    let last_words = logs::epilogue(&run, &plan);
    let mut from = upto.saturating_sub(KEPT_LINES);
    let mut words_from = 0;
    if let Some(n) = get("tailLines").and_then(|v| v.parse::<u64>().ok()) {
        let w = last_words.len() as u64;
        words_from = w.saturating_sub(n) as usize;
        from = from.max(upto.saturating_sub(n.saturating_sub(w)));
    }
    let since = get("sinceSeconds")
        .and_then(|v| v.parse::<i64>().ok())
        .map(|s| now - s * 1000)
        .or(get("sinceTime").and_then(parse));
    if let Some(t) = since {
        from = from.max(run.index_at(t));
    }
    let mut room = get("limitBytes").and_then(|v| v.parse::<usize>().ok()).unwrap_or(usize::MAX);
    let (stamp, follow) = (on("timestamps"), on("follow") && !previous);
    let (tx, rx) = mpsc::channel::<Bytes>(8);
    let (hub, ns, pod, ctr) = (hub.clone(), ns.to_string(), pod.to_string(), ctr.to_string());
    tokio::spawn(async move {
        let (mut i, mut run, mut plan) = (from, run, plan);
        let mut words_from = words_from;
        loop {
            let total = run.lines(now_ms());
            while i < total {
                let mut buf = Vec::with_capacity(64 * 1024);
                while i < total && buf.len() < 60 * 1024 {
                    logs::line(&mut buf, &run, &plan, i, stamp);
                    i += 1;
                }
                buf.truncate(room);
                room -= buf.len();
                if tx.send(buf.into()).await.is_err() || room == 0 {
                    return;
                }
            }
            if run.end.is_some() {
                let mut buf = Vec::new();
                for w in logs::epilogue(&run, &plan).iter().skip(std::mem::take(&mut words_from)) {
                    if stamp {
                        buf.extend_from_slice(crate::clock::millis(run.end.unwrap_or(0)).as_bytes());
                        buf.push(b' ');
                    }
                    buf.extend_from_slice(w.as_bytes());
                    buf.push(b'\n');
                }
                buf.truncate(room);
                let _ = tx.send(buf.into()).await;
                return;
            }
            if !follow {
                return;
            }
            tokio::select! {
                _ = tx.closed() => return,
                _ = tokio::time::sleep(Duration::from_millis((1000.0 / run.rate.max(0.1)).clamp(10.0, 250.0) as u64)) => {}
            }
            match look(&hub, &ns, &pod, &ctr, false) {
                Ok((r, p)) if r.seed == run.seed => (run, plan) = (r, p),
                // Restarted meanwhile: finish with the ended run, if it is still on record.
                Ok(_) => match look(&hub, &ns, &pod, &ctr, true) {
                    Ok((r, p)) if r.seed == run.seed => (run, plan) = (r, p),
                    _ => return,
                },
                Err(_) => return,
            }
        }
    });
    Response::builder()
        .status(200)
        .header("content-type", "text/plain")
        .header("transfer-encoding", "chunked")
        .body(Either::Right(Feed(rx)))
        .unwrap()
}

async fn route(hub: Arc<Hub>, mut req: Request<Incoming>) -> Result<Reply, Infallible> {
    let path = req.uri().path().to_string();
    let q = query(req.uri().query().unwrap_or(""));
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    Ok(match parts.as_slice() {
        ["healthz"] => text(200, "text/plain", "ok"),
        ["containerLogs", ns, pod, ctr] => {
            let mut r = container_log(&hub, ns, pod, ctr, &q);
            if req.version() == hyper::Version::HTTP_2 {
                r.headers_mut().remove("transfer-encoding");
            }
            r
        }
        ["exec", ns, pod, ctr] | ["exec", ns, pod, _, ctr] => match look(&hub, ns, pod, ctr, false) {
            Ok((run, _)) if run.end.is_none() => exec::upgrade(&mut req, &q, ns, pod, ctr),
            Ok(_) => text(500, "text/plain", "container not running"),
            Err((c, m)) => text(c, "text/plain", m),
        },
        ["apis", "metrics.k8s.io", "v1beta1", rest @ ..] => {
            let sel = q.iter().find(|(k, _)| k == "labelSelector").map_or("", |(_, v)| v.as_str());
            match metrics::api(&hub, rest, sel) {
                Some(v) => text(200, "application/json", v.to_string()),
                None => {
                    let b = serde_json::json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404, "message": "not found"});
                    text(404, "application/json", b.to_string())
                }
            }
        }
        _ => text(404, "text/plain", "404 page not found\n"),
    })
}

pub async fn tls(hub: Arc<Hub>, addr: String, cfg: tokio_rustls::rustls::ServerConfig) {
    let l = TcpListener::bind(&addr).await.unwrap_or_else(|e| panic!("{addr}: {e}"));
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(cfg));
    println!("kubelet endpoints on https://{addr}");
    loop {
        let Ok((sock, _)) = l.accept().await else { continue };
        let _ = sock.set_nodelay(true);
        let (acc, hub) = (acceptor.clone(), hub.clone());
        tokio::spawn(async move {
            let Ok(s) = acc.accept(sock).await else { return };
            let mut b = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            b.http2().max_concurrent_streams(4000);
            let svc = service_fn(move |r| route(hub.clone(), r));
            let _ = b.serve_connection_with_upgrades(TokioIo::new(s), svc).await;
        });
    }
}
