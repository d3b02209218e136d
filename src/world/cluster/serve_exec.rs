//! `exec` over WebSocket, in the fourth and fifth version of its channels.
use futures::{SinkExt, StreamExt};
use http::HeaderValue;
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::api::says;
use super::refusal::Refusal;
use super::serve::Desk;
use super::shell::{Inside, Said, is_shell};
use super::store::Key;
use super::value::Dig;
use crate::world::http::{Answer, Request, whole};

/// What a client may type before its command is run.
const LONGEST: usize = 1 << 20;
const PROMPT: &[u8] = b"/ # ";

struct Session {
    inside: Inside,
    argv: Vec<String>,
    tty: bool,
    input: bool,
    socket: WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>,
}

pub(super) fn open(desk: &Desk, key: &Key, request: Request) -> Result<Answer, Refusal> {
    let words = request.query().into_iter().filter(|(name, _)| name == "command");
    let argv: Vec<String> = words.map(|(_, word)| word).collect();
    let offered = request.header("sec-websocket-protocol").unwrap_or_default();
    let mut spoken = ["v5.channel.k8s.io", "v4.channel.k8s.io"].into_iter();
    let spoken = spoken.find(|one| offered.split(',').any(|offer| offer.trim() == *one));
    let (Some(spoken), false) = (spoken, argv.is_empty()) else {
        return Err(Refusal::bad("unable to upgrade: no command, or no protocol that is spoken here"));
    };
    let accept = derive_accept_key(request.header("sec-websocket-key").unwrap_or_default().as_bytes());
    let found = desk.cluster.with(|cluster| {
        let pod = cluster.existing(key)?;
        let mut fact = cluster.pod_fact(&pod);
        fact.container = request.asked("container").unwrap_or(fact.container);
        let mut all = pod.list("/status/containerStatuses").iter();
        let runs = |one: &Value| one.text("/name") == fact.container && one.at("/state/running").is_some();
        if !all.any(runs) {
            return Err(Refusal::internal(format!("container not found (\"{}\")", fact.container)));
        }
        cluster.remember("create", "pods/exec", key, argv.join(" "));
        Ok(Inside { fact, pod: Value::clone(&pod), outside: cluster.exec.clone() })
    });
    let inside = found.ok_or_else(|| Refusal::internal("the world has ended"))??;
    let (tty, input, ends) = (says(&request, "tty"), says(&request, "stdin"), desk.ends.clone());
    tokio::spawn(ends.run_until_cancelled_owned(async move {
        let Ok(upgraded) = request.upgrade.await else { return };
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        let mut session = Session { inside, argv, tty, input, socket };
        let code = session.run().await;
        session.finish(code).await;
    }));
    let mut answer = whole(101, "", "");
    let headers = answer.headers_mut();
    headers.clear();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(spoken));
    headers.extend(HeaderValue::from_str(&accept).ok().map(|accept| (SEC_WEBSOCKET_ACCEPT, accept)));
    Ok(answer)
}

impl Session {
    /// Runs the command, or what is typed into a shell line by line; the exit code.
    async fn run(&mut self) -> i32 {
        let first = self.argv.first().map_or("", String::as_str);
        let typed = is_shell(first) && self.argv.len() == 1;
        let reads = self.input && (typed || matches!(first, "cat" | "psql" | "redis-cli"));
        if typed && self.tty {
            return self.typed().await;
        }
        let mut input = Vec::new();
        while reads && input.len() < LONGEST {
            let Some(piece) = self.next().await else { break };
            input.extend(piece);
        }
        let said = self.inside.run(&self.argv, &String::from_utf8_lossy(&input));
        self.say(&said).await
    }

    /// What the client types next; nothing once its side is closed.
    async fn next(&mut self) -> Option<Vec<u8>> {
        while let Some(Ok(message)) = self.socket.next().await {
            match message {
                Message::Binary(piece) if piece.first() == Some(&0) => {
                    return Some(piece.slice(1..).to_vec());
                }
                Message::Binary(piece) if piece.first() == Some(&255) => return None,
                _ => {}
            }
        }
        None
    }

    /// A terminal: what is typed is shown, and run when the line ends.
    async fn typed(&mut self) -> i32 {
        let (mut line, mut last) = (Vec::new(), 0);
        self.send(1, PROMPT).await;
        while let Some(typed) = self.next().await {
            for byte in typed {
                match byte {
                    b'\r' | b'\n' => {
                        self.send(1, b"\n").await;
                        let script = String::from_utf8_lossy(&std::mem::take(&mut line)).into_owned();
                        let said = self.inside.script(&script, "");
                        last = self.say(&said).await;
                        if script.trim_start().starts_with("exit") {
                            return last;
                        }
                        self.send(1, PROMPT).await;
                    }
                    4 if line.is_empty() => return last,
                    8 | 127 if line.pop().is_some() => self.send(1, b"\x08 \x08").await,
                    b' '.. if byte != 127 && line.len() < LONGEST => {
                        line.push(byte);
                        self.send(1, &[byte]).await;
                    }
                    _ => {}
                }
            }
        }
        last
    }

    async fn say(&mut self, said: &Said) -> i32 {
        self.send(1, said.0.as_bytes()).await;
        self.send(2, said.1.as_bytes()).await;
        said.2
    }

    /// Bytes on a channel. A terminal has one output, whose lines begin at its left edge.
    async fn send(&mut self, channel: u8, bytes: &[u8]) {
        for piece in bytes.chunks(16 << 10) {
            let mut message = vec![if self.tty { 1 } else { channel }];
            for byte in piece {
                message.extend((self.tty && *byte == b'\n').then_some(b'\r'));
                message.push(*byte);
            }
            let _ = self.socket.send(Message::Binary(message.into())).await;
        }
    }

    async fn finish(&mut self, code: i32) {
        let first = self.argv.first().map_or("", String::as_str);
        let status = match code {
            0 => json!({"metadata": {}, "status": "Success"}),
            127 if !is_shell(first) => {
                let why = format!("exec: \"{first}\": executable file not found in $PATH: unknown");
                Refusal::internal(format!("failed to exec in container: failed to start exec: {why}")).body()
            }
            code => json!({"metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
                "message": format!("command terminated with non-zero exit code: exit status {code}"),
                "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]}}),
        };
        let message = [&[3], status.to_string().as_bytes()].concat();
        let _ = self.socket.send(Message::Binary(message.into())).await;
        let goodbye = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        let _ = self.socket.close(Some(goodbye)).await;
    }
}
