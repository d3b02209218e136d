//! The server over real sockets: streams that go on, and what is refused before they begin.
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream};

use super::super::store::Key;
use super::super::value::{Dig, later};
use super::super::{Cluster, serve_as};
use crate::world::base::{Handle, Shared};

async fn served() -> (u16, Handle<Cluster>, tokio::task::JoinHandle<()>) {
    let mut cluster = Cluster::new(1, Timestamp::UNIX_EPOCH);
    cluster.apply(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}})).unwrap();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "web:1"}]}});
    cluster.apply(pod).unwrap();
    for _ in 0..20 {
        cluster.tick(later(cluster.now, 0.5));
    }
    let shared = Shared::new(cluster);
    let (state, served) = (shared.whole(), shared.whole());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (port, state, tokio::spawn(async move { serve_as(listener, served, "admin").await }))
}

type Answer = Lines<BufReader<TcpStream>>;

async fn ask(port: u16, request: &str) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(format!("{request} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    BufReader::new(stream).lines()
}

/// The next line that holds this.
async fn line(answer: &mut Answer, with: &str) -> String {
    loop {
        let line = answer.next_line().await.unwrap().unwrap_or_else(|| panic!("ended before `{with}`"));
        if line.contains(with) {
            return line;
        }
    }
}

fn object(line: &str) -> Value {
    let all: Value = serde_json::from_str(line).unwrap();
    all.get("object").cloned().unwrap()
}

#[tokio::test]
async fn a_watch_tells_what_is_there_then_its_end_then_every_change() {
    let (port, state, _server) = served().await;
    let path = "/api/v1/pods?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan";
    let mut answer = ask(port, &format!("GET {path}")).await;
    line(&mut answer, "200 OK").await;
    let there = object(&line(&mut answer, "\"ADDED\"").await);
    assert_eq!(there.text("/status/phase"), "Running");
    let end = object(&line(&mut answer, "\"BOOKMARK\"").await);
    assert_eq!(end.text("/metadata/annotations/k8s.io~1initial-events-end"), "true");
    state.with(|cluster| cluster.drop(&Key::new("Pod", "default", "web")));
    let gone = object(&line(&mut answer, "\"MODIFIED\"").await);
    assert!(gone.at("/metadata/deletionTimestamp").is_some());
    state.with(|cluster| {
        for _ in 0..8 {
            cluster.tick(later(cluster.now, 0.5));
        }
    });
    line(&mut answer, "\"DELETED\"").await;
}

#[tokio::test]
async fn a_watch_from_a_version_that_is_forgotten_is_told_so() {
    let (port, _handle, _server) = served().await;
    let mut answer = ask(port, "GET /api/v1/pods?watch=true&resourceVersion=999999999").await;
    assert_eq!(object(&line(&mut answer, "\"ERROR\"").await).int("/code"), Some(410));
}

#[tokio::test]
async fn a_log_is_followed_line_by_line_until_the_pod_is_gone() {
    let (port, state, _server) = served().await;
    let mut answer = ask(port, "GET /api/v1/namespaces/default/pods/web/log?follow=true&tailLines=1").await;
    line(&mut answer, "200 OK").await;
    state.with(|cluster| cluster.say("default", "web", "said now"));
    line(&mut answer, "said now").await;
    state.with(|cluster| {
        cluster.drop(&Key::new("Pod", "default", "web"));
        for _ in 0..8 {
            cluster.tick(later(cluster.now, 0.5));
        }
    });
    while let Some(line) = answer.next_line().await.unwrap() {
        // The last piece of an answer in pieces is empty.
        if line == "0" {
            break;
        }
    }
}

#[tokio::test]
async fn a_command_is_run_over_a_websocket_and_its_exit_code_told() {
    let (port, state, _server) = served().await;
    state.with(|cluster| {
        cluster.exec(std::sync::Arc::new(|fact, argv, _| {
            (argv.first()? == "psql").then(|| (format!("psql in {}\n", fact.name), String::new(), 3))
        }));
    });
    let path = "/api/v1/namespaces/default/pods/web/exec?command=psql&stdout=true";
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==";
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: localhost\r\n{upgrade}\r\nsec-websocket-protocol: v4.channel.k8s.io\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    // The original client wants to be told that all went well before the connection is closed.
    let goodbye = [0x88, 2, 3, 0xe8];
    while !all.ends_with(&goodbye) {
        assert!(stream.read_buf(&mut all).await.unwrap() > 0, "{}", String::from_utf8_lossy(&all));
    }
    let text = String::from_utf8_lossy(&all);
    assert!(text.starts_with("HTTP/1.1 101") && text.contains("\u{1}psql in web\n"), "{text}");
    assert!(text.contains("exit status 3"), "{text}");
}
