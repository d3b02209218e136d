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

use super::Exec;
use super::api::Call;
use super::exec::{Inside, Said, is_shell};
use super::facts::PodFact;
use super::refusal::Refusal;
use super::serve::Desk;
use super::store::Key;
use super::value::Dig;
use crate::world::http::{self, Answer, Request};

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// What a client may type before its command is run.
const LONGEST: usize = 1 << 20;

struct Session {
    fact: PodFact,
    pod: Value,
    outside: Option<Exec>,
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
        let running = pod.list("/status/containerStatuses").iter().find(named);
        if !pod.list("/spec/containers").iter().any(|one| named(&one)) {
            return Err(Refusal::bad(format!("container {wanted} is not valid for pod {}", key.name)));
        }
        if running.is_none_or(|one| one.at("/state/running").is_none()) {
            return Err(Refusal::internal(format!("container not found (\"{wanted}\")")));
        }
        let user = cluster.who(call)?;
        cluster.remember(&user.name, "create", "pods/exec", key, argv.join(" "));
        Ok((fact, Value::clone(&pod), cluster.exec.clone()))
    });
    let (fact, pod, outside) = found.ok_or_else(|| Refusal::internal("the world has ended"))??;
    let (tty, input) = (call.says("tty"), call.says("stdin"));
    let ends = desk.ends.clone();
    tokio::spawn(async move {
        let session = async {
            let Ok(upgraded) = request.upgrade.await else { return };
            let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
            let (sink, source) = socket.split();
            let mut session = Session { fact, pod, outside, argv, tty, input, sink, source };
            session.run().await;
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
    async fn run(&mut self) {
        let shell = self.argv.first().is_some_and(|word| is_shell(word));
        let typed = shell && !self.argv.iter().any(|word| word.starts_with('-') && word.ends_with('c'));
        if typed && self.input {
            return self.typed().await;
        }
        let reads = !typed
            && self
                .argv
                .iter()
                .any(|word| matches!(word.as_str(), "cat" | "psql" | "redis-cli" | "tee" | "pg_restore"));
        let input = if self.input && reads && !self.tty { self.all_input().await } else { String::new() };
        let said = self.inside(|inside, argv| inside.run(argv, &input));
        self.say(&said).await;
        self.finish(said.code).await;
    }

    fn inside(&self, work: impl FnOnce(&Inside, &[String]) -> Said) -> Said {
        let inside = Inside { fact: &self.fact, pod: &self.pod, outside: self.outside.as_ref() };
        work(&inside, &self.argv)
    }

    /// Everything that is sent until the client closes its side.
    async fn all_input(&mut self) -> String {
        let mut all = Vec::new();
        while let Some(Ok(message)) = self.source.next().await {
            match message {
                Message::Binary(piece) => match piece.split_first() {
                    Some((0, typed)) if all.len() < LONGEST => all.extend_from_slice(typed),
                    Some((255, _)) => break,
                    _ => {}
                },
                Message::Close(_) => break,
                _ => {}
            }
        }
        String::from_utf8_lossy(&all).into_owned()
    }

    /// A shell that is typed into, line by line.
    async fn typed(&mut self) {
        let prompt: &[u8] = if self.tty { b"/ # " } else { b"" };
        self.send(1, prompt).await;
        let (mut line, mut last) = (Vec::new(), 0);
        while let Some(Ok(message)) = self.source.next().await {
            let typed = match message {
                Message::Binary(piece) => match piece.split_first() {
                    Some((0, typed)) => typed.to_vec(),
                    // The client's side is closed: as if the end of the input was typed.
                    Some((255, _)) => b"\n\x04".to_vec(),
                    _ => continue,
                },
                Message::Close(_) => return,
                _ => continue,
            };
            for byte in typed {
                match byte {
                    b'\r' | b'\n' => {
                        self.echo(b"\n").await;
                        let script = String::from_utf8_lossy(&std::mem::take(&mut line)).into_owned();
                        let script = script.trim();
                        if let Some(code) = script.strip_prefix("exit") {
                            return self.finish(code.trim().parse().unwrap_or(last)).await;
                        }
                        if !script.is_empty() {
                            let said = self.inside(|inside, _| inside.script(script, ""));
                            last = said.code;
                            self.say(&said).await;
                        }
                        self.send(1, prompt).await;
                    }
                    4 if line.is_empty() => return self.finish(last).await,
                    3 => {
                        line.clear();
                        self.send(1, b"^C\n").await;
                        self.send(1, prompt).await;
                    }
                    8 | 127 if line.pop().is_some() => self.echo(b"\x08 \x08").await,
                    8 | 127 => {}
                    byte if line.len() < LONGEST => {
                        line.push(byte);
                        self.echo(&[byte]).await;
                    }
                    _ => {}
                }
            }
        }
    }

    async fn echo(&mut self, bytes: &[u8]) {
        if self.tty {
            self.send(1, bytes).await;
        }
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
                    "failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: exec: \"{word}\": executable file not found in $PATH: unknown"
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
