//! Containers of a real Docker engine: their states, what is done to them, their logs, and the engine going away.
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use firedeck::domain::action::{Check, Findings, Native, Outcome, Verb};
use firedeck::domain::container::{Container, ContainerState};
use firedeck::domain::feed::FeedState;
use firedeck::domain::level::Level;
use firedeck::domain::news::{News, PlaceFacts, Seen};
use firedeck::domain::object::{Facts, Kind, Object, ObjectRef};
use firedeck::domain::settings::Endpoint;
use firedeck::domain::settings::endpoint::Backend as Wanted;
use firedeck::domain::time::Timestamp;
use firedeck::sources::backend::{Access, Backend};
use firedeck::sources::docker::{self, Docker};
use firedeck::sources::supervise::Signals;
use firedeck::sources::taps::{From, NoLog, Tap, Taps};
use futures::AsyncBufReadExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{RwLock, RwLockWriteGuard};

use crate::suite::{alone, eventually, looked, setting};

/// Breaking the engine breaks it for every test here.
pub(crate) static ENGINE: RwLock<()> = RwLock::const_new(());

/// Held by a test that breaks the engine, once nobody needs it well; meanwhile nobody is held up.
pub(crate) async fn engine_is_mine() -> RwLockWriteGuard<'static, ()> {
    alone(&ENGINE).await
}

/// What a cockpit would know.
#[derive(Default)]
pub(crate) struct Known {
    rows: BTreeMap<String, Object>,
    state: Option<FeedState>,
    pub(crate) place: Option<PlaceFacts>,
    /// How often the engine was heard from: once when all was read, and with every beat. Each third beat brings a
    /// list.
    heard: usize,
    /// How many full pictures were begun and completed.
    pub(crate) pictures: (usize, usize),
}

pub(crate) struct Cockpit {
    pub(crate) docker: Arc<Docker>,
    pub(crate) known: Arc<Mutex<Known>>,
    signals: Signals,
}

/// An engine that is called `box`.
pub(crate) fn access(url: &str, project: Option<&str>) -> Access {
    let endpoint =
        Endpoint { project: project.map(str::to_owned), ..Endpoint::new(Wanted::Docker, "box", url) };
    let secrets = Arc::new(|_| {
        let none: futures::future::BoxFuture<'static, _> = Box::pin(async { Err("no secret".to_owned()) });
        none
    });
    Access { endpoint, secrets }
}

impl Drop for Cockpit {
    fn drop(&mut self) {
        self.signals.cancel.cancel();
    }
}

impl Cockpit {
    pub(crate) fn of(url: &str, project: Option<&str>) -> Cockpit {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (out, mut news) = tokio::sync::mpsc::channel(64);
        let signals = Signals::default();
        let docker = docker::start(vec![access(url, project)], &out, &signals);
        let known: Arc<Mutex<Known>> = Arc::default();
        let into = known.clone();
        tokio::spawn(async move {
            while let Some(batch) = news.recv().await {
                let mut known = into.lock().unwrap();
                for one in batch {
                    known.take(one);
                }
            }
        });
        Cockpit { docker, known, signals }
    }

    pub(crate) fn here() -> Cockpit {
        Cockpit::of(&socket(), Some("devops-mcp"))
    }

    pub(crate) fn state(&self) -> Option<FeedState> {
        self.known.lock().unwrap().state.clone()
    }

    pub(crate) fn row(&self, name: &str) -> Option<(Object, Container)> {
        let object = self.known.lock().unwrap().rows.get(name).cloned()?;
        let Facts::Container(container) = object.facts.clone() else { panic!("{object:?}") };
        Some((object, *container))
    }

    pub(crate) async fn until(&self, name: &str, what: &str, is: impl Fn(&Container) -> bool) -> Container {
        let what = format!("{name} to be {what}");
        eventually(&what, || async { self.row(name).map(|(_, c)| c).filter(|c| is(c)) }).await
    }

    pub(crate) async fn live(&self) {
        eventually("the engine to be heard from", || async {
            matches!(self.state(), Some(FeedState::Live)).then_some(())
        })
        .await;
    }

    pub(crate) async fn native(&self, name: &str, verb: Verb) -> Native {
        let (object, _) = eventually(name, || async { self.row(name) }).await;
        Native { target: object.id, uid: object.uid, verb }
    }

    pub(crate) async fn look(&self, native: &Native) -> Findings {
        looked(|| self.docker.look(std::slice::from_ref(native))).await
    }

    /// Looks, and does it.
    async fn perform(&self, native: &Native) -> (Vec<Outcome>, Outcome) {
        let findings = self.look(native).await;
        assert_eq!((&findings.drift, &findings.allowed), (&None, &Check::Yes));
        let (report, mut told) = tokio::sync::mpsc::channel(64);
        let looked = findings.actions[0].clone();
        let end = self.docker.act(looked, Timestamp(0), &report).await;
        drop(report);
        let mut all = Vec::new();
        while let Some(outcome) = told.recv().await {
            all.push(outcome);
        }
        (all, end)
    }
}

impl Known {
    fn take(&mut self, news: News) {
        match news {
            News::Feed(_, state) => {
                self.heard += usize::from(state == FeedState::Live);
                self.state = Some(state);
            }
            News::Place(_, place) => self.place = Some(place),
            News::Rows(_, Kind::Container, seen) => {
                for one in seen {
                    match one {
                        Seen::Begin => {
                            self.rows.clear();
                            self.pictures.0 += 1;
                        }
                        Seen::Is(object) => drop(self.rows.insert(object.id.name.to_string(), object)),
                        Seen::Gone(id) => drop(self.rows.remove(&*id.name)),
                        Seen::End => self.pictures.1 += 1,
                    }
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn socket() -> String {
    format!("unix://{}", setting("DOCKER_SOCKET"))
}

pub(crate) fn cli(arguments: &[&str]) -> String {
    let output =
        Command::new("docker").env("DOCKER_HOST", socket()).args(arguments).output().expect("docker runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Breaks or heals the engine: stop, start, freeze, thaw. Hold [`ENGINE`] alone.
pub(crate) fn engine(what: &str) {
    let output = Command::new(setting("ENGINE")).arg(what).output().expect("the script runs");
    assert!(output.status.success(), "engine {what}: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn every_container_of_the_project_is_there_with_what_is_wrong_with_it() {
    let _up = ENGINE.read().await;
    let cockpit = Cockpit::here();
    cockpit.live().await;
    for (name, level, words) in [
        ("mcp-server", Level::Fine, "healthy"),
        ("rest-api", Level::Bad, "unhealthy"),
        ("migrate", Level::Done, "done"),
        ("import", Level::Bad, "exited 3"),
        ("greedy", Level::Bad, "exited 137 (OOMKilled)"),
        ("prompt", Level::Fine, "running"),
    ] {
        cockpit.until(name, words, |c| c.status() == words && c.level() == level).await;
    }
    let worker = cockpit
        .until("worker", "crashing, and read how it ended", |c| {
            c.restarts.is_some_and(|n| n > 1) && c.level() != Level::Fine && c.end.is_some()
        })
        .await;
    assert_eq!((worker.end.map(|end| end.code), worker.policy.name()), (Some(7), "always"));
    let server = cockpit.until("mcp-server", "read", |c| c.memory_limit.is_some()).await;
    assert_eq!((&*server.project, &*server.service, &*server.version), ("devops-mcp", "mcp-server", "1.4.2"));
    assert_eq!(server.memory_limit, Some(64 << 20));
    assert!(cockpit.row("lonely").is_none(), "it belongs to no project");
    let known = cockpit.known.lock().unwrap();
    // More than one only where the box was so busy that the engine was taken to be away.
    assert!(known.pictures.0 == known.pictures.1 && known.pictures.1 >= 1, "{:?}", known.pictures);
    let place = known.place.as_ref().expect("the engine says who it is");
    assert!(
        place.version.as_ref().is_some_and(|v| v.starts_with("Docker ") && v.contains("API 1.")),
        "{place:?}"
    );
    assert_eq!(place.missing, [""; 0]);
}

#[tokio::test]
async fn a_project_that_does_not_exist_is_named_as_missing() {
    let _up = ENGINE.read().await;
    let cockpit = Cockpit::of(&socket(), Some("no-such"));
    cockpit.live().await;
    let missing = cockpit.known.lock().unwrap().place.clone().unwrap().missing;
    assert_eq!(missing, ["no container has the label com.docker.compose.project=no-such"]);
}

#[tokio::test]
async fn what_comes_and_goes_is_seen_at_once() {
    let _up = ENGINE.read().await;
    let cockpit = Cockpit::of(&socket(), None);
    cockpit.live().await;
    assert!(cockpit.row("lonely").is_some());
    cli(&[
        "run",
        "-d",
        "--name",
        "brief",
        "--network",
        "none",
        "--stop-timeout",
        "1",
        "registry.example/devops-mcp:1.4.2",
        "sleep",
        "100000",
    ]);
    cockpit.until("brief", "running", |c| c.state == ContainerState::Running).await;
    let heard = || cockpit.known.lock().unwrap().heard;
    let mut at_once = false;
    for _ in 0..5 {
        let before = heard();
        cli(&["pause", "brief"]);
        let paused = |c: &Container| c.state == ContainerState::Paused && c.level() == Level::Warn;
        cockpit.until("brief", "paused", paused).await;
        // A list comes with a beat, so without one it was an event that told it.
        at_once |= heard() == before;
        cli(&["unpause", "brief"]);
        cockpit.until("brief", "running again", |c| c.state == ContainerState::Running).await;
        if at_once {
            break;
        }
    }
    assert!(at_once, "a list may have told it, not an event");
    cli(&["kill", "brief"]);
    let end = cockpit.until("brief", "killed", |c| c.state == ContainerState::Exited).await;
    assert_eq!(end.status(), "exited 137 (killed)");
    cli(&["rm", "-f", "brief"]);
    eventually("it to be gone", || async { cockpit.row("brief").is_none().then_some(()) }).await;
}

#[tokio::test]
async fn what_containers_take_is_measured_while_somebody_looks_and_only_then() {
    let _up = ENGINE.read().await;
    let cockpit = Cockpit::here();
    cockpit.live().await;
    let unmeasured = |c: &Container| c.cpu_percent.is_none() && c.memory.is_none();
    assert!(unmeasured(&cockpit.row("mcp-server").unwrap().1));
    cockpit.docker.watch(&[Kind::Pod, Kind::Container]);
    let busy = cockpit.until("mcp-server", "measured", |c| c.cpu_percent.is_some()).await;
    assert!(busy.memory.is_some_and(|bytes| bytes > 0 && bytes < 64 << 20), "{busy:?}");
    assert!(cockpit.row("migrate").is_some_and(|(_, c)| unmeasured(&c)), "what is over takes nothing");
    cockpit.docker.watch(&[Kind::Pod]);
    cockpit.until("mcp-server", "left alone", unmeasured).await;
}

#[tokio::test]
async fn a_restart_is_seen_to_bring_the_service_back_healthy() {
    let _up = ENGINE.read().await;
    let cockpit = Cockpit::here();
    let before = cockpit.until("for-restart", "healthy", |c| c.status() == "healthy").await;
    let restart = cockpit.native("for-restart", Verb::Restart).await;
    let findings = cockpit.look(&restart).await;
    assert!(
        findings.effect[0].starts_with("for-restart of devops-mcp, devops-mcp:1.4.2: healthy, up "),
        "{findings:?}"
    );
    assert!(findings.effect[1].contains("SIGTERM, and KILL after 1 s"), "{findings:?}");
    let (told, end) = cockpit.perform(&restart).await;
    assert_eq!(end, Outcome::Settled { says: "runs, and its health check says healthy".into() });
    assert_eq!(
        told[..2],
        [Outcome::Started, Outcome::Accepted { says: "the engine took it: restart".into() }]
    );
    let after = cockpit.until("for-restart", "another run", |c| c.started > before.started).await;
    assert_eq!(after.id, before.id);
}

#[tokio::test]
async fn what_was_made_anew_or_left_its_state_is_not_touched() {
    let _up = ENGINE.read().await;
    let cockpit = Cockpit::of(&socket(), None);
    let make = || {
        cli(&[
            "run",
            "-d",
            "--name",
            "twin",
            "--network",
            "none",
            "--stop-timeout",
            "1",
            "registry.example/devops-mcp:1.4.2",
            "sleep",
            "100000",
        ])
    };
    make();
    let stop = cockpit.native("twin", Verb::Stop { grace_seconds: Some(1) }).await;
    let findings = cockpit.look(&stop).await;
    cli(&["kill", "twin"]);
    let (report, _told) = tokio::sync::mpsc::channel(64);
    let ended = cockpit.docker.act(findings.actions[0].clone(), Timestamp(0), &report).await;
    assert!(matches!(&ended, Outcome::Refused { why } if why.contains("exited 137")), "{ended:?}");
    cli(&["rm", "-f", "twin"]);
    make();
    let other = cockpit.docker.act(findings.actions[0].clone(), Timestamp(0), &report).await;
    assert!(matches!(&other, Outcome::Refused { why } if why.contains("made anew")), "{other:?}");
    assert!(cockpit.look(&stop).await.drift.is_some_and(|why| why.contains("made anew")));
    assert_eq!(cli(&["inspect", "-f", "{{.State.Running}}", "twin"]), "true", "the new one was left alone");
    cli(&["rm", "-f", "twin"]);
}

#[tokio::test]
async fn a_stop_and_a_start_are_seen_through() {
    let _up = ENGINE.read().await;
    let cockpit = Cockpit::here();
    let stop = cockpit.native("for-stop", Verb::Stop { grace_seconds: None }).await;
    let (_, end) = cockpit.perform(&stop).await;
    assert_eq!(end, Outcome::Settled { says: "stopped, exit code 137 (killed)".into() });
    cockpit
        .until("for-stop", "stopped", |c| c.state == ContainerState::Exited && c.level() == Level::Bad)
        .await;
    assert!(cockpit.look(&stop).await.drift.is_some_and(|why| why.contains("does not run")));
    let start = Native { verb: Verb::Start, ..stop };
    let (_, end) = cockpit.perform(&start).await;
    assert_eq!(end, Outcome::Settled { says: "runs, for 5 s now; it has no health check".into() });
    cockpit.until("for-stop", "running", |c| c.status() == "running").await;
    assert!(cockpit.look(&start).await.drift.is_some_and(|why| why.contains("runs already")));
}

#[tokio::test]
async fn a_restart_that_does_not_help_says_so() {
    let _up = ENGINE.read().await;
    let cockpit = Cockpit::here();
    let (_, end) = cockpit.perform(&cockpit.native("worker", Verb::Restart).await).await;
    assert!(matches!(&end, Outcome::Failed { why } if why.contains("again")), "{end:?}");
    let (_, end) = cockpit.perform(&cockpit.native("for-start", Verb::Start).await).await;
    assert_eq!(end, Outcome::Settled { says: "it began, did its work and ended with 0".into() });
}

#[tokio::test]
async fn a_container_is_described_without_its_secrets() {
    let _up = ENGINE.read().await;
    let cockpit = Cockpit::here();
    cockpit.live().await;
    let described = async |name: &str| {
        let target = ObjectRef {
            context: "box".into(),
            kind: Kind::Container,
            namespace: "".into(),
            name: name.into(),
        };
        cockpit.docker.inspect(&target).await
    };
    let server = described("mcp-server").await;
    assert_eq!(server.missing, [""; 0]);
    let text = format!("{server:?}");
    assert!(!text.contains("hunter2") && server.yaml.contains("DB_PASSWORD: (hidden)"), "{text}");
    for part in [
        "LOG_LEVEL: info",
        "/papers from bind /usr/share/doc (read only)",
        "memory: 64 MB at most",
        "version: 1.4.2",
        "restart: always",
    ] {
        assert!(server.yaml.contains(part), "{part} in {}", server.yaml);
    }
    let sick = described("rest-api").await;
    let health = sick.sections.iter().find(|section| section.title == "Health").expect("its health");
    assert!(
        health.lines.iter().filter(|line| line.value.contains("exit code 1: upstream is away")).count() > 1,
        "{health:?}"
    );
    assert!(described("no-such").await.missing[0].contains("gone"));
}

/// The next line; `None` when it is over.
async fn line(log: &mut Tap) -> Option<String> {
    let mut line = String::new();
    let read = tokio::time::timeout(Duration::from_mins(1), log.read_line(&mut line)).await;
    (read.expect("it goes on").expect("text") > 0).then_some(line)
}

#[tokio::test]
async fn a_log_is_followed_with_its_times_and_both_its_streams() {
    let _up = ENGINE.read().await;
    let cockpit = Cockpit::here();
    let (server, _) = eventually("mcp-server", || async { cockpit.row("mcp-server") }).await;
    let mut log = cockpit.docker.open("box", &server.uid, From::Tail(4)).await.expect("a log");
    let (mut stamps, mut info, mut errors) = (Vec::new(), 0, 0);
    while stamps.len() < 8 {
        let line = line(&mut log).await.expect("it goes on");
        let (stamp, rest) = line.split_once(' ').expect("a time and the line");
        stamps.push(Timestamp::parse(stamp).expect("a time"));
        info += usize::from(rest.starts_with("level=info n="));
        errors += usize::from(rest.starts_with("level=error err="));
    }
    assert!(info > 1 && errors > 1 && info + errors == 8, "{info} and {errors}");
    let since = stamps[0].0 / 1000 + 1;
    let mut again = cockpit.docker.open("box", &server.uid, From::Since(since)).await.expect("a log");
    let first = line(&mut again).await.expect("a line");
    let stamp = Timestamp::parse(first.split(' ').next().unwrap()).unwrap();
    assert!(stamp.0 >= since * 1000, "{first}");
}

#[tokio::test]
async fn a_log_of_a_terminal_is_read_as_it_is_and_one_that_is_over_ends() {
    let _up = ENGINE.read().await;
    let cockpit = Cockpit::here();
    let (prompt, _) = eventually("prompt", || async { cockpit.row("prompt") }).await;
    let mut log = cockpit.docker.open("box", &prompt.uid, From::Beginning).await.expect("a log");
    let first = line(&mut log).await.expect("a line");
    assert!(first.contains("Z hello 1"), "{first:?}");
    let (done, _) = eventually("migrate", || async { cockpit.row("migrate") }).await;
    let mut log = cockpit.docker.open("box", &done.uid, From::Tail(1)).await.expect("a log");
    assert!(line(&mut log).await.is_some_and(|line| line.ends_with(" migrated\n")));
    assert_eq!(line(&mut log).await, None);
    let gone = cockpit.docker.open("box", "0123456789ab", From::Beginning).await;
    assert!(matches!(gone.err(), Some(NoLog::Gone)));
    let known = eventually("a closer look", || async {
        Some(cockpit.docker.containers("box").ok()?).filter(|all| all.len() > 9)
    });
    let migrate = known.await.into_iter().find(|one| &*one.name == "migrate").expect("it is known");
    assert_eq!((migrate.running, &*migrate.word, migrate.ended.as_deref()), (false, "done", Some("0")));
}

pub(crate) async fn says(terminal: &mut docker::exec::Terminal, seen: &mut String, what: &str) {
    while !seen.contains(what) {
        let mut buffer = [0; 4096];
        let read = tokio::time::timeout(Duration::from_mins(1), terminal.output.read(&mut buffer)).await;
        let n = read.unwrap_or_else(|_| panic!("`{what}` in {seen:?}")).expect("bytes");
        assert!(n > 0, "it ended: {seen:?}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..n]));
    }
}

#[tokio::test]
async fn a_shell_has_a_size_and_an_end() {
    let _up = ENGINE.read().await;
    let cockpit = Cockpit::here();
    let shell = Verb::Shell { container: "for-shell".into(), command: Vec::new() };
    let native = cockpit.native("for-shell", shell).await;
    let mut terminal = cockpit.docker.exec(&native, (120, 40)).await.expect("a terminal");
    let mut seen = String::new();
    terminal.input.write_all(b"stty size\n").await.unwrap();
    says(&mut terminal, &mut seen, "40 120").await;
    terminal.control.resize(132, 50).await;
    terminal.input.write_all(b"stty size\n").await.unwrap();
    says(&mut terminal, &mut seen, "50 132").await;
    terminal.input.write_all(b"exit 7\n").await.unwrap();
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_mins(1), terminal.output.read_to_end(&mut rest)).await;
    ended.expect("it ends").expect("well");
    assert_eq!(terminal.control.exit_code().await, Some(7));
    let down =
        cockpit.native("import", Verb::Shell { container: "import".into(), command: Vec::new() }).await;
    let why = cockpit.docker.exec(&down, (80, 24)).await.expect_err("it does not run");
    assert!(why.contains("needs it to run"), "{why}");
}
