//! The logs pane on a container of a real engine: through restarts, made anew, gone, and the engine away.
use std::sync::Arc;
use std::time::Duration;

use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::log::{Follow, LineKind, LogNews, Streams};
use firedeck::domain::news::News;
use firedeck::domain::object::{Kind, ObjectRef};
use firedeck::sources::docker;
use firedeck::sources::logs::{self, Handle};
use firedeck::sources::supervise::Signals;
use tokio::sync::mpsc;

use crate::docker::{ENGINE, access, cli, engine, engine_is_mine, socket};

/// Counts, on both its streams, and takes no time to end.
const TALKS: &str = "n=0; while true; do n=$((n+1)); echo out $n; echo err $n >&2; sleep 0.1; done";

pub(crate) struct Pane {
    news: mpsc::Receiver<Vec<News>>,
    pub(crate) seen: Vec<(LineKind, String)>,
    /// Who wrote each of these lines, and when.
    pub(crate) by: Vec<(String, i64)>,
    state: Option<FeedState>,
    pub(crate) streams: Option<Streams>,
    signals: Signals,
    _handle: Handle,
}

impl Drop for Pane {
    fn drop(&mut self) {
        self.signals.cancel.cancel();
    }
}

impl Pane {
    fn follow(name: &str) -> Pane {
        let container = ObjectRef {
            context: "box".into(),
            kind: Kind::Container,
            namespace: "".into(),
            name: name.into(),
        };
        Pane::of(Follow::Container { container })
    }

    pub(crate) fn of(follow: Follow) -> Pane {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let signals = Signals::default();
        let (rows, mut unread) = mpsc::channel(64);
        tokio::spawn(async move { while unread.recv().await.is_some() {} });
        let docker = docker::start(vec![access(&socket(), None)], &rows, &signals);
        let (out, news) = mpsc::channel(64);
        let handle = logs::start(Arc::new(|_| None), Some(docker), out, signals.clone());
        handle.follow(Some(follow), 64);
        Pane { news, seen: Vec::new(), by: Vec::new(), state: None, streams: None, signals, _handle: handle }
    }

    pub(crate) async fn until(&mut self, what: &str, so: impl Fn(&Pane) -> bool) {
        let wait = async {
            while !so(self) {
                for news in self.news.recv().await.expect("it goes on") {
                    match news {
                        News::Logs(LogNews::Chunk(chunk)) => {
                            let lines = chunk.views().map(|view| (view.line.kind, view.text.to_owned()));
                            self.seen.extend(lines);
                            self.by.extend(
                                chunk.views().map(|view| (view.stream.pod.to_string(), view.line.nanos)),
                            );
                        }
                        News::Feed(Feed::Logs, state) => self.state = Some(state),
                        News::Logs(LogNews::Streams(streams)) => self.streams = Some(streams),
                        _ => {}
                    }
                }
            }
        };
        let waited = tokio::time::timeout(Duration::from_mins(3), wait).await;
        assert!(
            waited.is_ok(),
            "never: {what}; seen {:?}, state {:?}, {:?}",
            self.seen,
            self.state,
            self.streams
        );
    }

    /// What the container wrote, a stream for itself: the two may be told in another order.
    fn written(&self, stream: &str) -> Vec<&str> {
        let written = self.seen.iter().filter(|(kind, _)| *kind == LineKind::Written);
        written.map(|(_, text)| &**text).filter(|text| text.starts_with(stream)).collect()
    }

    pub(crate) fn said(&self, kind: LineKind, text: &str) -> bool {
        self.seen.iter().any(|(of, line)| *of == kind && line.contains(text))
    }

    async fn more(&mut self, lines: usize) {
        let goal = self.written("out").len() + lines;
        self.until(&format!("{lines} more lines"), |pane| pane.written("out").len() >= goal).await;
    }
}

fn run(name: &str) {
    let image = "registry.example/devops-mcp:1.4.2";
    cli(&[
        "run",
        "-d",
        "--name",
        name,
        "--network",
        "none",
        "--stop-timeout",
        "0",
        "--restart",
        "always",
        image,
        "sh",
        "-c",
        TALKS,
    ]);
}

#[tokio::test]
async fn a_container_is_followed_through_restarts_and_made_anew_without_loss_or_doubling() {
    let _up = ENGINE.read().await;
    run("teller");
    let mut pane = Pane::follow("teller");
    pane.more(10).await;
    assert_eq!(pane.state, Some(FeedState::Live));
    assert!(!pane.said(LineKind::Began, "joined"), "it begins with its last lines");
    for times in 1..=2 {
        cli(&["restart", "teller"]);
        let again = |pane: &Pane| {
            pane.seen.iter().filter(|(_, line)| line.starts_with("started again")).count() == times
        };
        pane.until("the next run", again).await;
        pane.more(10).await;
    }
    // The engine's own account of it, up to what was seen.
    for stream in ["out", "err"] {
        let output = std::process::Command::new("docker")
            .env("DOCKER_HOST", socket())
            .args(["logs", "teller"])
            .output();
        let output = output.expect("docker runs");
        let text = String::from_utf8_lossy(if stream == "out" { &output.stdout } else { &output.stderr })
            .into_owned();
        let (told, seen): (Vec<&str>, _) = (text.lines().collect(), pane.written(stream));
        assert!(seen.len() > 20 && told.starts_with(&seen), "seen {seen:?}, told {told:?}");
    }
    cli(&["rm", "-f", "teller"]);
    run("teller");
    pane.until("the new one", |pane| {
        pane.said(LineKind::Began, "made anew") || pane.said(LineKind::Began, "joined")
    })
    .await;
    pane.more(5).await;
    cli(&["rm", "-f", "teller"]);
    pane.until("the end", |pane| pane.said(LineKind::Ended, "ended")).await;
}

#[tokio::test]
async fn a_container_that_is_over_shows_what_it_wrote_and_says_that_it_waits() {
    let _up = ENGINE.read().await;
    let mut pane = Pane::follow("import");
    pane.until("why there is nothing more", |pane| {
        pane.streams
            .as_ref()
            .is_some_and(|streams| streams.waiting.iter().any(|why| why.contains("exited 3")))
    })
    .await;
    let mut pane = Pane::follow("migrate");
    pane.until("its line", |pane| pane.said(LineKind::Written, "migrated")).await;
}

#[tokio::test]
async fn a_log_goes_on_when_the_engine_is_back() {
    let _alone = engine_is_mine().await;
    let mut pane = Pane::follow("mcp-server");
    pane.until("lines", |pane| pane.said(LineKind::Written, "level=info n=")).await;
    engine("stop");
    pane.until("it to be down", |pane| matches!(pane.state, Some(FeedState::Down { .. }))).await;
    engine("start");
    pane.until("it to be back", |pane| {
        pane.state == Some(FeedState::Live) && pane.said(LineKind::Began, "started again")
    })
    .await;
    let before = pane.seen.len();
    pane.until("more", |pane| pane.seen.len() > before + 4).await;
}
