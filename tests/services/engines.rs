//! The ways to a real Docker engine, and what is seen when it goes away, hangs and comes back.
use std::time::Duration;

use firedeck::domain::action::Verb;
use firedeck::domain::feed::FeedState;
use firedeck::domain::time::Timestamp;
use firedeck::incident::event::Outcome;
use firedeck::incident::{What, day};
use firedeck::sources::backend::Backend as _;
use firedeck::sources::now;
use firedeck::sources::shell::End;
use firedeck::store::{Places, journal};

use crate::common::terminal;
use crate::docker::{Cockpit, ENGINE, cli, engine, engine_is_mine, says, socket};
use crate::suite::{asks, eventually, says_yes, setting};

/// Why it is down.
async fn words(cockpit: &Cockpit) -> String {
    eventually("words", || async {
        match cockpit.state() {
            Some(FeedState::Down { why, .. }) => Some(why),
            _ => None,
        }
    })
    .await
}

#[tokio::test]
async fn an_engine_is_reached_over_tls_by_those_who_have_a_certificate() {
    let _up = ENGINE.read().await;
    let certificates = setting("DOCKER_TLS");
    let cockpit = Cockpit::of(&format!("{certificates}/client"), Some("devops-mcp"));
    cockpit.live().await;
    cockpit.until("mcp-server", "healthy", |c| c.status() == "healthy").await;
    let place = cockpit.known.lock().unwrap().place.clone().unwrap();
    assert!(place.server.starts_with("tcp://127.0.0.1:") && place.server.ends_with(" (TLS)"), "{place:?}");
    // The directory above has the authority and no certificate of a client.
    let why = words(&Cockpit::of(&certificates, None)).await;
    assert!(why.contains("ertificate"), "{why}");
    let why = words(&Cockpit::of(certificates.split('?').next().unwrap(), None)).await;
    assert!(!why.is_empty(), "{why}");
}

#[tokio::test]
async fn an_engine_is_reached_through_ssh() {
    let _up = ENGINE.read().await;
    let cockpit = Cockpit::of(&format!("{}/docker.sock", setting("DOCKER_SSH")), Some("devops-mcp"));
    cockpit.live().await;
    cockpit.until("mcp-server", "healthy", |c| c.status() == "healthy").await;
    let shell =
        Verb::Shell { container: "for-shell".into(), command: vec!["echo".into(), "from afar".into()] };
    let mut terminal =
        cockpit.docker.exec(&cockpit.native("for-shell", shell).await, (80, 24)).await.expect("a terminal");
    says(&mut terminal, &mut String::new(), "from afar").await;
    let elsewhere = Cockpit::of(&format!("{}/no.sock", setting("DOCKER_SSH")), None);
    let why = words(&elsewhere).await;
    assert!(why.contains("/no.sock` cannot be opened on `127.0.0.1:"), "{why}");
}

#[tokio::test]
async fn a_hop_that_hangs_ends_and_says_so() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            held.push(stream);
        }
    });
    let began = std::time::Instant::now();
    let why = words(&Cockpit::of(&format!("ssh://127.0.0.1:{port}"), None)).await;
    assert!(why.starts_with(&format!("ssh to `127.0.0.1:{port}`")), "{why}");
    // The hop itself would hang for ever.
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_named() {
    let cockpit = Cockpit::of("unix:///nowhere/docker.sock", None);
    assert_eq!(words(&cockpit).await, "there is no socket `/nowhere/docker.sock`: does the engine run?");
}

#[tokio::test]
async fn an_engine_that_goes_and_comes_back_is_followed_by_itself() {
    let _alone = engine_is_mine().await;
    let cockpit = Cockpit::here();
    cockpit.live().await;
    cockpit.until("mcp-server", "healthy", |c| c.status() == "healthy").await;
    engine("stop");
    eventually("it to be down", || async {
        matches!(cockpit.state(), Some(FeedState::Down { .. })).then_some(())
    })
    .await;
    assert!(cockpit.row("mcp-server").is_some(), "the last rows stay");
    let restart = cockpit.native("mcp-server", Verb::Restart).await;
    let findings = cockpit.docker.look(std::slice::from_ref(&restart)).await;
    assert!(findings.drift.is_none() && findings.unchecked.len() == 1, "{findings:?}");
    engine("start");
    cockpit.live().await;
    cockpit.until("mcp-server", "back", |c| c.status() == "healthy").await;
    let (begun, whole) = cockpit.known.lock().unwrap().pictures;
    assert!(begun == whole && whole >= 2, "{begun} begun, {whole} whole");
}

#[tokio::test]
async fn an_engine_that_hangs_is_down_with_words_and_well_when_it_goes_on() {
    let _alone = engine_is_mine().await;
    let cockpit = Cockpit::here();
    cockpit.live().await;
    engine("freeze");
    let why = words(&cockpit).await;
    engine("thaw");
    assert!(why.starts_with("no answer within"), "{why}");
    cockpit.live().await;
}

/// The real program in a pseudo-terminal, on this engine alone, with one of its containers selected.
pub(crate) struct Desk {
    home: tempfile::TempDir,
    from: Timestamp,
    pub(crate) screen: terminal::Cockpit,
}

impl Desk {
    pub(crate) fn on(container: &str) -> Desk {
        let home = tempfile::tempdir().expect("a home");
        let inside = |name: &str| home.path().join(name).display().to_string();
        let mut start = terminal::Start::new(env!("CARGO_BIN_EXE_firedeck"))
            .env("HOME", home.path().display().to_string())
            .env("XDG_STATE_HOME", inside("state"))
            .env("XDG_CONFIG_HOME", inside("config"))
            .env("XDG_RUNTIME_DIR", inside("run"))
            .env("LANG", "C.UTF-8")
            .log(home.path().join("state/firedeck/firedeck.log"))
            .arg("--docker")
            .arg(socket())
            .size(140, 36);
        start.patience = Duration::from_secs(150);
        let desk = Desk { from: now(), screen: start.run(), home };
        desk.screen.press("3");
        desk.screen.wait_for("mcp-server");
        desk.screen.press(format!("/{container}\r"));
        desk.screen.wait_until("it alone", |screen| {
            let text = screen.contents();
            text.contains(container) && !text.contains("mcp-server")
        });
        desk
    }

    /// Asks for a shell and says yes when it could have been read.
    fn opens_a_shell(&self) {
        let asked = asks(&self.screen, "s");
        assert!(asked.contains("may I    yes"), "{asked}");
        assert!(
            !self.journal().iter().any(|what| matches!(what, What::ActionStarted(_))),
            "not yet answered"
        );
        says_yes(&self.screen);
        self.screen.wait_for("Ctrl-] returns to firedeck");
    }

    /// With the key; the shell goes on.
    fn returns(&self) {
        self.screen.press("\x1d");
        self.screen.wait_for("the shell goes on: `s` enters it again");
    }

    /// What the journal holds of this run.
    pub(crate) fn journal(&self) -> Vec<What> {
        let state = self.home.path().join("state").into_os_string();
        let places = Places::new(|name| (name == "XDG_STATE_HOME").then(|| state.clone()));
        // It may have been opened before midnight.
        let days = [day(self.from), day(now())];
        let read = days.iter().map(|day| journal::read(&places, day)).find(|read| !read.entries.is_empty());
        read.map(|read| read.entries.into_iter().map(|entry| entry.event.what).collect()).unwrap_or_default()
    }

    /// The last outcome of what was done, with what it says.
    async fn outcome(&self, wanted: Outcome) -> String {
        eventually("the outcome in the journal", || async {
            let outcomes = self.journal().into_iter().rev().find_map(|what| match what {
                What::ActionOutcome(outcome) => Some(outcome),
                _ => None,
            });
            outcomes.filter(|outcome| outcome.outcome == wanted).map(|outcome| outcome.says)
        })
        .await
    }

    pub(crate) fn leaves(&mut self) {
        assert!(self.screen.exits().success());
        self.screen.gave_the_terminal_back();
    }
}

/// A command that no run before can have left behind.
fn own(command: &str) -> String {
    format!("{command}{:08}", std::process::id())
}

/// Whether a command runs in a container.
fn runs(container: &str, command: &str) -> bool {
    cli(&["top", container]).contains(command)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_is_asked_for_left_with_a_key_entered_again_and_tells_its_exit_code() {
    let _up = ENGINE.read().await;
    let mut desk = Desk::on("for-shell");
    desk.opens_a_shell();
    desk.screen.press("kept=here; echo $((6*7))\r");
    desk.screen.wait_until("the answer", |screen| screen.contents().lines().any(|line| line.trim() == "42"));
    desk.returns();
    // The terminal shows at once what it showed before; what is written from here on tells more.
    let start = desk.screen.written();
    desk.screen.press("s");
    desk.screen.wait_for_bytes(start, b"Ctrl-] returns to firedeck");
    desk.screen.wait_for_bytes(start, b"\r\n42\r\n");
    let again = String::from_utf8_lossy(&desk.screen.bytes(start)).into_owned();
    assert!(!again.contains("run it"), "it was asked again:\n{again}");
    // It is told the size in two steps, so that whatever fills the screen paints it anew.
    desk.screen.press("until [ \"$(stty size)\" = '36 140' ]; do :; done; echo still-$kept\r");
    desk.screen.wait_for("still-here");
    desk.screen.press("exit 7\r");
    desk.screen.wait_for("shell for-shell: exit code 7");
    assert_eq!(desk.outcome(Outcome::Settled).await, "exit code 7");
    let journal = desk.journal();
    let started: Vec<_> = journal
        .iter()
        .filter_map(|what| match what {
            What::ActionStarted(started) => Some((&*started.verb, &*started.target.name)),
            _ => None,
        })
        .collect();
    assert_eq!(started, [("shell", "for-shell")]);
    desk.screen.press("\x03");
    desk.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_that_is_ended_from_here_leaves_nothing_running_in_its_container() {
    let _up = ENGINE.read().await;
    let mut desk = Desk::on("for-shell");
    desk.opens_a_shell();
    let command = own("sleep 1");
    desk.screen.press(format!("{command}\r"));
    eventually("it to run", || async { runs("for-shell", &command).then_some(()) }).await;
    desk.returns();
    desk.screen.press("\x03");
    desk.screen.wait_for("shells still open: 1");
    desk.screen.press(":end-shell\r");
    assert_eq!(desk.outcome(Outcome::Settled).await, "ended from here");
    eventually("it to end", || async { (!runs("for-shell", &command)).then_some(()) }).await;
    desk.screen.press("\x03");
    desk.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_the_program_ends_its_shells_with_what_runs_in_them() {
    let _up = ENGINE.read().await;
    let mut desk = Desk::on("for-shell");
    desk.opens_a_shell();
    let command = own("sleep 2");
    desk.screen.press(format!("{command}\r"));
    eventually("it to run", || async { runs("for-shell", &command).then_some(()) }).await;
    desk.returns();
    desk.screen.press("\x03");
    desk.screen.wait_for("shells still open: 1");
    desk.screen.press("\x03");
    desk.leaves();
    assert_eq!(desk.outcome(Outcome::Settled).await, "ended from here");
    assert!(!runs("for-shell", &command));
}

#[tokio::test]
async fn a_shell_whose_container_is_stopped_ends_with_it() {
    let _up = ENGINE.read().await;
    let cockpit = Cockpit::here();
    let image = "registry.example/devops-mcp:1.4.2";
    let labels = ["--label", "com.docker.compose.project=devops-mcp"];
    let run = ["run", "-d", "--name", "for-end", "--network", "none"];
    cli(&[&run, &labels[..], &[image, "sleep", "100000"]].concat());
    let shell = Verb::Shell { container: "for-end".into(), command: Vec::new() };
    let native = cockpit.native("for-end", shell).await;
    let session = cockpit.docker.shell(&native, (80, 24)).await.expect("a shell");
    cli(&["rm", "-f", "for-end"]);
    let end = tokio::time::timeout(Duration::from_mins(1), session.wait()).await.expect("it ends");
    assert!(matches!(end, End::Exited(137) | End::Lost(_)), "{end:?}");
}
