//! The real program in a pseudo-terminal, on the real server: looking, acting, and staying usable while the
//! server is away.
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use firedeck::domain::time::Timestamp;
use firedeck::incident::event::Outcome;
use firedeck::incident::{What, day};
use firedeck::store::{Places, journal};

use crate::common::fault::Fault;
use crate::common::terminal::{Cockpit, Start};
use crate::feeds::number;
use crate::own::Own;
use crate::suite::{
    As, asks, eventually, eventually_within, kubeconfig, kubeconfig_through, kubectl_says, proxy, says_yes,
    server_stays_up, types_name,
};

const F2: &str = "\x1bOQ";
const F4: &str = "\x1bOS";
/// Only the help says this.
const HELP: &str = "mark this row for an action on many";
/// A partition shows after at most 45 s, and a rollout must hold for 60.
const PATIENCE: Duration = Duration::from_secs(150);
/// Long beside the minute for which a rollout must hold, and beside its pods' way there on a busy box.
const HELD: Duration = Duration::from_mins(4);

struct Desk {
    home: tempfile::TempDir,
    from: Timestamp,
    cockpit: Cockpit,
}

impl Desk {
    fn open(config: &Path, arguments: &[&str]) -> Desk {
        Desk::started_with(env!("CARGO_BIN_EXE_firedeck"), &[], config, arguments)
    }

    /// Started by another program, which is told what to start.
    fn started_with(program: &str, before: &[&str], config: &Path, arguments: &[&str]) -> Desk {
        let home = tempfile::tempdir().expect("a home");
        let inside = |name: &str| home.path().join(name).display().to_string();
        let mut start = Start::new(program)
            .env("HOME", home.path().display().to_string())
            .env("XDG_STATE_HOME", inside("state"))
            .env("XDG_CONFIG_HOME", inside("config"))
            .env("XDG_RUNTIME_DIR", inside("run"))
            .env("LANG", "C.UTF-8")
            .log(home.path().join("state/firedeck/firedeck.log"))
            .size(140, 36);
        start.patience = PATIENCE;
        for argument in before.iter().chain(&["--kubeconfig"]) {
            start = start.arg(*argument);
        }
        start = start.arg(config.display().to_string());
        for argument in arguments {
            start = start.arg(*argument);
        }
        Desk { from: firedeck::sources::now(), cockpit: start.run(), home }
    }

    fn in_namespace(namespace: &str, more: &[&str]) -> Desk {
        Desk::open(&kubeconfig(As::Admin), &[&["--namespace", namespace], more].concat())
    }

    /// What the journal holds of this run.
    fn journal(&self) -> Vec<What> {
        let state = self.home.path().join("state").into_os_string();
        let places = Places::new(|name| (name == "XDG_STATE_HOME").then(|| state.clone()));
        // It may have been opened before midnight.
        let days = [day(self.from), day(firedeck::sources::now())];
        let read = days.iter().map(|day| journal::read(&places, day)).find(|read| !read.entries.is_empty());
        read.map(|read| read.entries.into_iter().map(|entry| entry.event.what).collect()).unwrap_or_default()
    }

    /// From wherever it is.
    fn leaves(self) {
        self.leaves_by("\x03");
    }

    fn leaves_by(mut self, key: &str) {
        self.cockpit.press(key);
        assert!(self.cockpit.exits().success());
        self.cockpit.gave_the_terminal_back();
        self.cockpit.asked_nothing();
    }
}

/// The rows below the heads of the columns.
fn rows(screen: &str) -> Vec<String> {
    let from = screen.lines().position(|line| line.contains("NAMESPACE") || line.contains("NAME  "));
    let rows = screen.lines().skip(from.map_or(usize::MAX, |at| at + 1));
    let rows = rows.take_while(|line| !line.starts_with('─')).filter(|line| !line.trim().is_empty());
    rows.map(str::to_owned).collect()
}

fn live(screen: &vt100::Screen) -> bool {
    let text = screen.contents();
    title(&text).ends_with("live") && !rows(&text).is_empty()
}

/// The one deployment of a test's own namespace.
fn deployment(screen: &vt100::Screen) -> bool {
    let text = screen.contents();
    live(screen) && title(&text).contains("deployments") && rows(&text)[0].contains("web")
}

/// The line of the pane with its state.
fn title(screen: &str) -> String {
    let line = screen.lines().skip_while(|line| !line.starts_with('─')).nth(1);
    line.unwrap_or_default().trim_end().to_owned()
}

fn running(namespace: &str) -> impl AsyncFn() {
    let namespace = namespace.to_owned();
    async move || {
        let said = ["-n", &namespace, "rollout", "status", "deployment/web", "--timeout=80s"];
        kubectl_says(As::Admin, &said);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_opens_with_the_whole_estate_and_trouble_comes_first() {
    let _up = server_stays_up().await;
    let desk = Desk::in_namespace("all", &[]);
    let screen = desk.cockpit.wait_until("a live board with trouble", |screen| {
        let text = screen.contents();
        live(screen) && text.contains("Unschedulable") && text.contains("web-")
    });
    let rows = rows(&screen);
    let ill: Vec<bool> = rows.iter().filter(|row| row.contains('-')).map(|row| row.contains('✗')).collect();
    assert!(ill[0], "{screen}");
    let last = ill.iter().rposition(|ill| *ill).expect("trouble");
    assert!(ill[..last].iter().all(|ill| *ill), "something well stands above trouble:\n{screen}");
    desk.leaves_by("q");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_is_restarted_through_the_question_and_seen_to_settle() {
    let _up = server_stays_up().await;
    let own = Own::new("press");
    own.deploy("web", 2, "");
    running(&own.name)().await;
    let desk = Desk::in_namespace(&own.name, &[]);
    desk.cockpit.wait_until("a live board", live);
    desk.cockpit.press(F2);
    desk.cockpit.wait_until("the deployment", deployment);
    let asked = asks(&desk.cockpit, "R");
    assert!(asked.contains("change") && asked.contains(&own.name), "{asked}");
    assert!(
        !desk.journal().iter().any(|what| matches!(what, What::ActionStarted(_))),
        "not before the answer"
    );
    says_yes(&desk.cockpit);
    let done = format!("restart {}/web:", own.name);
    desk.cockpit.wait_for(&done);
    let patch = ["get", "deployment/web", "-o", "jsonpath={.spec.template.metadata.annotations}"];
    assert!(own.kubectl(&patch).contains("restartedAt"));
    let (started, outcomes) = eventually_within(HELD, "the journal", || async {
        let journal = desk.journal();
        let started = journal.iter().position(|what| matches!(what, What::ActionStarted(_)))?;
        let outcomes: Vec<Outcome> = journal
            .iter()
            .skip(started)
            .filter_map(|what| match what {
                What::ActionOutcome(outcome) => Some(outcome.outcome),
                _ => None,
            })
            .collect();
        (outcomes.last() == Some(&Outcome::Settled)).then(|| (journal[started].clone(), outcomes))
    })
    .await;
    let What::ActionStarted(started) = started else { unreachable!() };
    assert_eq!(
        (&*started.verb, &*started.target.name, &*started.target.namespace),
        ("restart", "web", &*own.name)
    );
    assert!(outcomes.contains(&Outcome::Accepted), "{outcomes:?}");
    desk.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_one_burst_with_its_question_never_runs() {
    let _up = server_stays_up().await;
    let own = Own::new("burst");
    own.deploy("web", 1, "");
    let desk = Desk::in_namespace(&own.name, &[]);
    desk.cockpit.press(F2);
    desk.cockpit.wait_until("the deployment", deployment);
    for keys in ["Ry", "Ryyyy", "\x1b[200~Ry\x1b[201~Ry"] {
        desk.cockpit.press(keys);
        desk.cockpit.wait_for("run it");
        desk.cockpit.press("\x1b");
        desk.cockpit.wait_until("the question gone", |screen| !screen.contents().contains("run it"));
    }
    let generation = own.kubectl(&["get", "deployment/web", "-o", "jsonpath={.metadata.generation}"]);
    assert_eq!(generation, "1", "nothing was changed");
    eventually("three declined questions", || async {
        let declined = desk.journal().iter().filter(|what| matches!(what, What::QuestionDeclined(_))).count();
        (declined == 3).then_some(())
    })
    .await;
    assert!(!desk.journal().iter().any(|what| matches!(what, What::ActionStarted(_))));
    desk.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_is_deleted_and_another_takes_its_place() {
    let _up = server_stays_up().await;
    let own = Own::new("delete");
    own.deploy("web", 1, "");
    running(&own.name)().await;
    let before = own.kubectl(&["get", "pods", "-o", "jsonpath={.items[0].metadata.name}"]);
    let desk = Desk::in_namespace(&own.name, &[]);
    desk.cockpit
        .wait_until("the pod", |screen| live(screen) && rows(&screen.contents())[0].contains(&before));
    let asked = asks(&desk.cockpit, "D");
    assert!(asked.contains(&before), "{asked}");
    says_yes(&desk.cockpit);
    desk.cockpit.wait_for(&format!("delete {}/{before}: gone", own.name));
    desk.cockpit.wait_until("another pod", |screen| {
        let rows = rows(&screen.contents());
        rows.iter().any(|row| row.contains("web-")) && !rows.iter().any(|row| row.contains(&before))
    });
    desk.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn marked_pods_are_deleted_together_and_no_other_is() {
    let _up = server_stays_up().await;
    let own = Own::new("marked");
    own.deploy("web", 4, "");
    running(&own.name)().await;
    let names = || {
        let said = own.kubectl(&["get", "pods", "-o", "jsonpath={.items[*].metadata.name}"]);
        said.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let before = names();
    let desk = Desk::in_namespace(&own.name, &[]);
    desk.cockpit.wait_until("the pods", |screen| {
        let text = screen.contents();
        live(screen) && before.iter().all(|name| text.contains(name))
    });
    let row = |nth: usize| {
        let text = rows(&desk.cockpit.screen()).swap_remove(nth);
        before.iter().find(|name| text.contains(*name)).expect("one of them").clone()
    };
    let marked = BTreeSet::from([row(0), row(1)]);
    desk.cockpit.press("  ");
    desk.cockpit.wait_until("two marks", |screen| screen.contents().matches('◆').count() == 2);
    let asked = asks(&desk.cockpit, "D");
    assert!(asked.contains("delete 2 pods"), "{asked}");
    // The rows of the table stand beside the question.
    let inside = |line: &str| Some(line.split_once('│')?.1.rsplit_once('│')?.0.to_owned());
    let question: String = asked.lines().filter_map(inside).collect();
    for name in &before {
        assert_eq!(question.contains(name.as_str()), marked.contains(name), "{name} in {asked}");
    }
    if asked.contains("y  run it") {
        says_yes(&desk.cockpit);
    } else {
        types_name(&desk.cockpit, "delete 2 pods");
    }
    eventually("both gone and others in their place", || async {
        let now = names();
        (now.is_disjoint(&marked) && now.len() == 4).then_some(())
    })
    .await;
    assert!(names().is_superset(&(&before - &marked)), "no other was touched");
    // It may not have heard yet that they are gone, and then says so once.
    desk.leaves_by("\x03\x03");
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_asks_nothing_and_changes_nothing() {
    let _up = server_stays_up().await;
    let desk = Desk::in_namespace("shop", &["--read-only"]);
    desk.cockpit.press(F2);
    desk.cockpit.wait_until("the deployments", |screen| {
        live(screen) && title(&screen.contents()).contains("deployments") && screen.contents().contains("web")
    });
    desk.cockpit.press("R");
    let screen = desk.cockpit.wait_for("read-only: `restart` is not asked here");
    assert!(!screen.contains("run it"), "{screen}");
    desk.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_is_shown_with_its_age_while_every_key_works_and_heals_by_itself() {
    let _up = server_stays_up().await;
    let proxy = proxy(As::Admin).await;
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), kubeconfig_through(&proxy, As::Admin)).expect("written");
    let desk = Desk::open(file.path(), &["--namespace", "shop"]);
    let known = |screen: &str| rows(screen).len();
    // What is to be seen through the partition has to be known before it.
    desk.cockpit.press(F4);
    desk.cockpit.wait_until("the nodes", |screen| live(screen) && screen.contents().contains("node-1"));
    desk.cockpit.press("\x1bOP");
    let before = desk.cockpit.wait_until("a live board", |screen| {
        let text = screen.contents();
        live(screen) && title(&text).starts_with(" pods") && known(&text) >= 9
    });
    proxy.set(Fault::BlackHole).await;
    // Keys work before anybody knows of the partition, and after.
    for _ in 0..2 {
        desk.cockpit.press("?");
        desk.cockpit.wait_for(HELP);
        desk.cockpit.press("\x1b");
        desk.cockpit.wait_until("the help gone", |screen| !screen.contents().contains(HELP));
        desk.cockpit.press(F4);
        desk.cockpit.wait_for("node-1");
        desk.cockpit.press("\x1bOP");
        desk.cockpit.wait_until("the last good pods, down since when", |screen| {
            let text = screen.contents();
            let title = title(&text);
            let since =
                title.starts_with(" pods  as of ") && title.contains(" ago") && title.contains("down");
            since && known(&text) == known(&before)
        });
    }
    proxy.set(Fault::Pass).await;
    desk.cockpit.wait_until("a live board again", live);
    desk.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logs_of_a_pod_are_followed_and_left_again() {
    let _up = server_stays_up().await;
    let own = Own::new("tail");
    own.deploy("web", 1, "fakelet/log-rate: \"10\"");
    running(&own.name)().await;
    let desk = Desk::in_namespace(&own.name, &[]);
    desk.cockpit.wait_until("the pod", |screen| live(screen) && rows(&screen.contents())[0].contains("web-"));
    desk.cockpit.press("l");
    let newest = |screen: &str| screen.lines().filter_map(number).max();
    let first = desk.cockpit.wait_until("its lines", |screen| newest(&screen.contents()).is_some());
    let first = newest(&first).expect("a number");
    desk.cockpit.wait_until("newer lines", |screen| newest(&screen.contents()) > Some(first + 10));
    desk.cockpit.press("q");
    desk.cockpit.wait_until("the pods again", live);
    desk.leaves_by("q");
}

/// The pods of a box whose clock is an hour ahead are an hour old, and otherwise all is well.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_an_hour_ahead_shows_older_pods_and_live_feeds() {
    let _up = server_stays_up().await;
    let desk = ahead("+1h");
    let screen = desk
        .cockpit
        .wait_until("a live board", |screen| live(screen) && screen.contents().contains("ledger-0"));
    let row = rows(&screen).into_iter().find(|row| row.contains("ledger-0")).expect("its row");
    assert!(row.contains("1h"), "{screen}");
    desk.leaves();
}

/// The certificates of the suite are younger than an hour.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_an_hour_behind_is_named_as_what_may_be_wrong() {
    let _up = server_stays_up().await;
    let desk = ahead("-1h");
    desk.cockpit.wait_for("do the clocks agree?");
    desk.cockpit.press("?");
    desk.cockpit.wait_for(HELP);
    desk.cockpit.press("\x1b");
    desk.cockpit.wait_until("the help gone", |screen| !screen.contents().contains(HELP));
    desk.leaves();
}

fn ahead(by: &str) -> Desk {
    let program = env!("CARGO_BIN_EXE_firedeck");
    let shifted = ["--exclude-monotonic", "-f", by, program];
    Desk::started_with("faketime", &shifted, &kubeconfig(As::Admin), &["--namespace", "billing"])
}
