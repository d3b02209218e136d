//! `exec` over WebSocket (v4/v5.channel.k8s.io) with a toy shell behind it. No SPDY.
use crate::clock::{millis, now_ms};
use crate::server::{Reply, text};
use base64::Engine;
use bytes::Bytes;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use sha1::{Digest, Sha1};
use std::time::Duration;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

type Sink = SplitSink<WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>, Message>;

pub fn upgrade(req: &mut Request<Incoming>, q: &[(String, String)], ns: &str, pod: &str, ctr: &str) -> Reply {
    let head = |k: &str| req.headers().get(k).and_then(|v| v.to_str().ok()).unwrap_or("").to_string();
    if !head("upgrade").eq_ignore_ascii_case("websocket") {
        return text(400, "text/plain", "this pretend kubelet speaks WebSocket only (no SPDY)\n");
    }
    let offered = head("sec-websocket-protocol");
    let pick = ["v5.channel.k8s.io", "v4.channel.k8s.io"]
        .into_iter()
        .find(|p| offered.split(',').any(|o| o.trim() == *p));
    let Some(proto) = pick else {
        return text(400, "text/plain", format!("no common subprotocol in {offered:?}\n"));
    };
    let key = head("sec-websocket-key");
    let digest = Sha1::new()
        .chain_update(key.as_bytes())
        .chain_update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
        .finalize();
    let accept = base64::engine::general_purpose::STANDARD.encode(digest);
    let on = |k: &str| q.iter().any(|(n, v)| n == k && (v == "1" || v == "true"));
    let tty = on("tty");
    let input = on("input") || on("stdin");
    let argv: Vec<String> = q.iter().filter(|(k, _)| k == "command").map(|(_, v)| v.clone()).collect();
    let who = (ns.to_string(), pod.to_string(), ctr.to_string());
    let up = hyper::upgrade::on(req);
    tokio::spawn(async move {
        let Ok(io) = up.await else { return };
        let ws = WebSocketStream::from_raw_socket(TokioIo::new(io), Role::Server, None).await;
        session(ws, argv, tty, input, who).await;
    });
    Response::builder()
        .status(101)
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-accept", accept)
        .header("sec-websocket-protocol", proto)
        .body(Either::Left(Full::new(Bytes::new())))
        .unwrap()
}

struct Out {
    sink: Sink,
    tty: bool,
}

impl Out {
    async fn send(&mut self, ch: u8, data: &[u8]) -> bool {
        let mut m = Vec::with_capacity(data.len() + 1);
        m.push(if self.tty && ch == 2 { 1 } else { ch });
        if self.tty {
            for b in data {
                if *b == b'\n' {
                    m.push(b'\r');
                }
                m.push(*b);
            }
        } else {
            m.extend_from_slice(data);
        }
        self.sink.send(Message::Binary(m)).await.is_ok()
    }
    async fn finish(&mut self, code: i32) {
        let st = if code == 0 {
            json!({"metadata": {}, "status": "Success"})
        } else {
            json!({"metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
                "message": format!("command terminated with non-zero exit code: exit status {code}"),
                "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]}})
        };
        let mut m = vec![3u8];
        m.extend_from_slice(st.to_string().as_bytes());
        let _ = self.sink.send(Message::Binary(m)).await;
        let bye = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        let _ = self.sink.send(Message::Close(Some(bye))).await;
        let _ = self.sink.close().await;
    }
}

async fn session(
    ws: WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>,
    argv: Vec<String>,
    tty: bool,
    input: bool,
    who: (String, String, String),
) {
    let (sink, mut src) = ws.split();
    let mut out = Out { sink, tty };
    let shell =
        matches!(argv.first().map(|s| s.rsplit('/').next().unwrap_or(s)), Some("sh" | "bash" | "ash"));
    if shell && argv.get(1).map(String::as_str) == Some("-c") {
        let mut code = 0;
        for cmd in argv[2..].join(" ").split([';', '\n']) {
            code = run(&mut out, cmd, &who).await.unwrap_or(code);
        }
        return out.finish(code).await;
    }
    if !shell {
        if argv.first().map(String::as_str) == Some("cat") && argv.len() == 1 && input {
            while let Some(Ok(m)) = src.next().await {
                match m {
                    Message::Binary(b) if b.first() == Some(&0) => {
                        if !out.send(1, &b[1..]).await {
                            return;
                        }
                    }
                    Message::Binary(b) if b.as_slice() == [255, 0] => break,
                    Message::Close(_) => return,
                    _ => {}
                }
            }
            return out.finish(0).await;
        }
        let code = run(&mut out, &argv.join(" "), &who).await.unwrap_or(0);
        return out.finish(code).await;
    }
    if tty {
        out.send(1, b"/ $ ").await;
    }
    let (mut line, mut last) = (Vec::<u8>::new(), 0);
    while let Some(Ok(m)) = src.next().await {
        let data = match m {
            Message::Binary(b) if b.first() == Some(&0) => b[1..].to_vec(),
            Message::Binary(b) if b.as_slice() == [255, 0] => vec![4],
            Message::Binary(b) if b.first() == Some(&4) => {
                println!("exec resize {}", String::from_utf8_lossy(&b[1..]));
                continue;
            }
            Message::Close(_) => return,
            _ => continue,
        };
        for b in data {
            match b {
                b'\r' | b'\n' => {
                    if tty {
                        out.send(1, b"\n").await;
                    }
                    let cmd = String::from_utf8_lossy(&std::mem::take(&mut line)).trim().to_string();
                    if let Some(rest) = cmd.strip_prefix("exit") {
                        return out.finish(rest.trim().parse().unwrap_or(last)).await;
                    }
                    if let Some(c) = run(&mut out, &cmd, &who).await {
                        last = c;
                    }
                    if tty {
                        out.send(1, b"/ $ ").await;
                    }
                }
                4 if line.is_empty() => return out.finish(last).await,
                3 => {
                    line.clear();
                    out.send(1, b"^C\n/ $ ").await;
                }
                127 | 8 => {
                    if line.pop().is_some() && tty {
                        out.send(1, b"\x08 \x08").await;
                    }
                }
                _ => {
                    line.push(b);
                    if tty {
                        out.send(1, &[b]).await;
                    }
                }
            }
        }
    }
}

/// One command of the toy shell; the answer is its exit code, if it has one.
async fn run(out: &mut Out, cmd: &str, who: &(String, String, String)) -> Option<i32> {
    let w: Vec<&str> = cmd.split_whitespace().collect();
    let (code, say): (i32, String) = match w.as_slice() {
        [] => return None,
        ["true"] => (0, String::new()),
        ["false"] => (1, String::new()),
        ["exit"] => (0, String::new()),
        ["exit", n] => (n.parse().unwrap_or(2), String::new()),
        ["echo", rest @ ..] => (0, format!("{}\n", rest.join(" "))),
        ["hostname"] => (0, format!("{}\n", who.1)),
        ["date"] => (0, format!("{}\n", millis(now_ms()))),
        ["whoami"] => (0, "root\n".into()),
        ["pwd"] => (0, "/\n".into()),
        ["env"] => (
            0,
            format!(
                "HOSTNAME={}\nPOD_NAMESPACE={}\nCONTAINER={}\nDB_PASSWORD=not-a-real-secret\n",
                who.1, who.0, who.2
            ),
        ),
        ["ls", ..] => (0, "app  bin  dev  etc  proc  tmp\n".into()),
        ["ps", ..] => (
            0,
            "PID   USER     TIME  COMMAND\n    1 root      0:03 /app/server\n   42 root      0:00 sh\n"
                .into(),
        ),
        ["sleep", n] => {
            tokio::time::sleep(Duration::from_secs_f64(n.parse().unwrap_or(0.0))).await;
            (0, String::new())
        }
        ["seq", n] => {
            (0, (1..=n.parse::<u64>().unwrap_or(1).min(2_000_000)).map(|i| format!("{i}\n")).collect())
        }
        ["stderr", rest @ ..] => {
            out.send(2, format!("{}\n", rest.join(" ")).as_bytes()).await;
            (0, String::new())
        }
        [other, ..] => {
            out.send(2, format!("sh: {other}: not found\n").as_bytes()).await;
            return Some(127);
        }
    };
    for chunk in say.as_bytes().chunks(32 * 1024) {
        if !out.send(1, chunk).await {
            break;
        }
    }
    Some(code)
}
