//! `exec` over WebSocket, in the fourth and fifth version of its channels.
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::api::Call;
use super::refusal::Refusal;
use super::serve::Desk;
use super::shell::{Inside, Said, is_shell};
use super::store::Key;
use super::value::Dig;
use crate::world::http::{self, Answer, Request};

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// What a client may type before its command is run.
const LONGEST: usize = 1 << 20;

struct Session {
    inside: Inside,
    argv: Vec<String>,
    tty: bool,
    input: bool,
    sink: SplitSink<Socket, Message>,
    source: SplitStream<Socket>,
}

pub(super) fn open(desk: &Desk, key: &Key, call: &Call, request: Request) -> Result<Answer, Refusal> {
    let words = call.query.iter().filter(|(name, _)| name == "command");
    let argv: Vec<String> = words.map(|(_, word)| word.clone()).collect();
    if argv.is_empty() {
        return Err(Refusal::bad("you must specify at least 1 command for the container"));
    }
    if !request.header("upgrade").is_some_and(|kind| kind.eq_ignore_ascii_case("websocket")) {
        return Err(Refusal::bad("Upgrade request required"));
    }
    let offered = request.header("sec-websocket-protocol").unwrap_or_default();
    let mut spoken = ["v5.channel.k8s.io", "v4.channel.k8s.io"].into_iter();
    let spoken =
        spoken.find(|one| offered.split(',').any(|offer| offer.trim() == *one)).ok_or_else(|| {
            Refusal::bad(format!(
                "unable to upgrade: unable to negotiate protocol: client supports [{offered}]"
            ))
        })?;
    let accept = derive_accept_key(request.header("sec-websocket-key").unwrap_or_default().as_bytes());
    let found = desk.cluster.with(|cluster| {
        let pod = cluster.existing(key)?;
        let mut fact = cluster.pod_fact(&pod);
        if !call.asked("container").is_empty() {
            call.asked("container").clone_into(&mut fact.container);
        }
        let (wanted, named) = (fact.container.clone(), |one: &&Value| one.text("/name") == fact.container);
        if !pod.list("/spec/containers").iter().any(|one| named(&one)) {
            return Err(Refusal::bad(format!("container {wanted} is not valid for pod {}", key.name)));
        }
        let running = pod.list("/status/containerStatuses").iter().find(named);
        if running.is_none_or(|one| one.at("/state/running").is_none()) {
            return Err(Refusal::internal(format!("container not found (\"{wanted}\")")));
        }
        cluster.remember("create", "pods/exec", key, argv.join(" "));
        Ok(Inside { fact, pod: Value::clone(&pod), outside: cluster.exec.clone() })
    });
    let inside = found.ok_or_else(|| Refusal::internal("the world has ended"))??;
    let (tty, input) = (call.says("tty"), call.says("stdin"));
    let ends = desk.ends.clone();
    tokio::spawn(async move {
        let session = async {
            let Ok(upgraded) = request.upgrade.await else { return };
            let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
            let (sink, source) = socket.split();
            let mut session = Session { inside, argv, tty, input, sink, source };
            let code = session.run().await;
            session.finish(code).await;
        };
        ends.run_until_cancelled(session).await;
    });
    let mut answer = http::whole(101, "text/plain", "");
    answer.headers_mut().remove(::http::header::CONTENT_TYPE);
    for (name, value) in [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-accept", &accept),
        ("sec-websocket-protocol", spoken),
    ] {
        if let Ok(value) = ::http::HeaderValue::from_str(value) {
            answer.headers_mut().insert(name, value);
        }
    }
    Ok(answer)
}

impl Session {
    /// Runs the command, or what is typed into a shell line by line; the exit code.
    async fn run(&mut self) -> i32 {
        let first = self.argv.first().map_or("", String::as_str);
        let typed = is_shell(first) && self.argv.len() == 1;
        let reads = typed || matches!(first, "cat" | "psql" | "redis-cli");
        if typed && self.tty {
            return self.typed().await;
        }
        let mut input = Vec::new();
        while self.input && reads && input.len() < LONGEST {
            let Some(piece) = self.next().await else { break };
            input.extend(piece);
        }
        let said = self.inside.run(&self.argv, &String::from_utf8_lossy(&input));
        self.say(&said).await;
        said.code
    }

    /// What the client types next; nothing once its side is closed.
    async fn next(&mut self) -> Option<Vec<u8>> {
        while let Some(Ok(message)) = self.source.next().await {
            match message {
                Message::Binary(piece) => match piece.split_first() {
                    Some((0, typed)) => return Some(typed.to_vec()),
                    Some((255, _)) => return None,
                    _ => {}
                },
                Message::Close(_) => return None,
                _ => {}
            }
        }
        None
    }

    /// A terminal: what is typed is shown, and run when the line ends.
    async fn typed(&mut self) -> i32 {
        let (mut line, mut last) = (Vec::new(), 0);
        self.send(1, b"/ # ").await;
        while let Some(typed) = self.next().await {
            for byte in typed {
                match byte {
                    b'\r' | b'\n' => {
                        self.send(1, b"\n").await;
                        let script = String::from_utf8_lossy(&std::mem::take(&mut line)).into_owned();
                        let said = self.inside.script(&script, "");
                        self.say(&said).await;
                        last = said.code;
                        if script.trim_start().starts_with("exit") {
                            return last;
                        }
                        self.send(1, b"/ # ").await;
                    }
                    4 if line.is_empty() => return last,
                    8 | 127 if line.pop().is_some() => self.send(1, b"\x08 \x08").await,
                    byte if byte >= b' ' && line.len() < LONGEST => {
                        line.push(byte);
                        self.send(1, &[byte]).await;
                    }
                    _ => {}
                }
            }
        }
        last
    }

    async fn say(&mut self, said: &Said) {
        self.send(1, said.out.as_bytes()).await;
        self.send(2, said.err.as_bytes()).await;
    }

    /// Bytes on a channel. A terminal has one output, whose lines begin at its left edge.
    async fn send(&mut self, channel: u8, bytes: &[u8]) {
        for piece in bytes.chunks(16 << 10) {
            let mut message = vec![if self.tty { 1 } else { channel }];
            for byte in piece {
                if self.tty && *byte == b'\n' {
                    message.push(b'\r');
                }
                message.push(*byte);
            }
            if self.sink.send(Message::Binary(message.into())).await.is_err() {
                return;
            }
        }
    }

    async fn finish(&mut self, code: i32) {
        let status = match code {
            0 => json!({"metadata": {}, "status": "Success"}),
            127 if !is_shell(self.argv.first().map_or("", String::as_str)) => {
                let word = self.argv.first().map_or("", String::as_str);
                let why = format!(
                    "failed to exec in container: failed to start exec: exec: \"{word}\": executable file not found in $PATH: unknown"
                );
                json!({"metadata": {}, "status": "Failure", "reason": "InternalError", "message": why, "code": 500})
            }
            code => json!({"metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
                "message": format!("command terminated with non-zero exit code: exit status {code}"),
                "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]}}),
        };
        let mut message = vec![3];
        message.extend_from_slice(status.to_string().as_bytes());
        let _ = self.sink.send(Message::Binary(message.into())).await;
        let goodbye = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        let _ = self.sink.send(Message::Close(Some(goodbye))).await;
        let _ = self.sink.close().await;
    }
}
