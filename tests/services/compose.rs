//! Compose projects on a real engine: their logs as one flow, and what is done to them in the order of their needs.
use std::time::Duration;

use firedeck::domain::action::{Native, Verb};
use firedeck::domain::log::{Follow, LineKind};
use firedeck::incident::What;
use firedeck::incident::event::Outcome;
use firedeck::sources::backend::Backend;

use crate::docker::{Cockpit, ENGINE, cli, socket};
use crate::engines::Desk;
use crate::suite::{asks, eventually, looked};
use crate::taps::Pane;

const IMAGE: &str = "registry.example/devops-mcp:1.4.2";

/// Containers that go with the test, however it ends.
struct Project {
    name: &'static str,
    containers: Vec<String>,
}

impl Drop for Project {
    fn drop(&mut self) {
        for name in &self.containers {
            // A test that failed says so itself.
            let docker = std::process::Command::new("docker");
            let _ = { docker }.env("DOCKER_HOST", socket()).args(["rm", "-f", name]).output();
        }
    }
}

impl Project {
    fn new(name: &'static str) -> Project {
        Project { name, containers: Vec::new() }
    }

    /// A container as Compose labels it.
    fn run(&mut self, service: &str, needs: &str, restart: &str, script: &str) -> String {
        let name = format!("{}-{service}-1", self.name);
        let labels = [
            format!("com.docker.compose.project={}", self.name),
            format!("com.docker.compose.service={service}"),
            format!("com.docker.compose.depends_on={needs}"),
        ];
        let mut arguments = vec!["run", "-d", "--name", &name, "--network", "none", "--stop-timeout", "0"];
        arguments.extend(["--restart", restart]);
        arguments.extend(labels.iter().flat_map(|label| ["--label", label.as_str()]));
        arguments.extend([IMAGE, "sh", "-c", script]);
        self.containers.push(name.clone());
        cli(&arguments);
        name
    }
}

const TALKS: &str = "n=0; while true; do n=$((n+1)); echo n=$n; sleep 0.2; done";

fn lines_of(pane: &Pane, who: &str) -> usize {
    let own =
        pane.seen.iter().zip(&pane.by).filter(|((kind, _), (by, _))| *kind == LineKind::Written && by == who);
    own.count()
}

#[tokio::test]
async fn a_project_is_one_flow_in_the_order_of_time_and_who_joins_is_read_too() {
    let _up = ENGINE.read().await;
    let mut choir = Project::new("choir");
    choir.run("alto", "", "always", TALKS);
    choir.run("tenor", "alto:service_started:false", "always", TALKS);
    choir.run("tuning", "", "no", "echo tuned");
    let follow = |service: Option<&str>| Follow::Compose {
        engine: "box".into(),
        project: "choir".into(),
        service: service.map(Into::into),
    };
    let mut pane = Pane::of(follow(None));
    pane.until("both", |pane| lines_of(pane, "alto-1") > 3 && lines_of(pane, "tenor-1") > 3).await;
    pane.until("what is done", |pane| {
        pane.said(LineKind::Written, "tuned") && lines_of(pane, "tuning-1") == 1
    })
    .await;
    pane.until("what is done to be no stream", |pane| {
        pane.streams.as_ref().is_some_and(|streams| (streams.following, streams.asked) == (2, 2))
    })
    .await;
    let times: Vec<i64> = pane.by.iter().map(|(_, nanos)| *nanos).filter(|nanos| *nanos > 0).collect();
    let back = times.windows(2).filter(|pair| pair[1] < pair[0]).count();
    assert!(back * 10 < times.len(), "{back} of {} lines stand before older ones", times.len());
    choir.run("bass", "", "always", TALKS);
    pane.until("who joins", |pane| pane.said(LineKind::Began, "joined") && lines_of(pane, "bass-1") > 3)
        .await;
    cli(&["restart", "choir-alto-1"]);
    pane.until("the next run", |pane| pane.said(LineKind::Began, "started again")).await;
    cli(&["start", "choir-tuning-1"]);
    pane.until("what was done to run again, without its lines of before", |pane| {
        lines_of(pane, "tuning-1") == 2
    })
    .await;
    let mut pane = Pane::of(follow(Some("bass")));
    pane.until("the service", |pane| lines_of(pane, "bass-1") > 5).await;
    assert!(pane.by.iter().all(|(who, _)| who.is_empty() || who == "bass-1"), "{:?}", pane.by);
    let thing = |name: &str| firedeck::domain::object::ObjectRef {
        context: "box".into(),
        kind: firedeck::domain::object::Kind::Container,
        namespace: "".into(),
        name: name.into(),
    };
    let things = vec![thing("choir-alto-1"), thing("choir-bass-1")];
    let mut pane = Pane::of(Follow::Marked { context: "box".into(), things });
    pane.until("both that were marked", |pane| {
        lines_of(pane, "choir-alto-1") > 3 && lines_of(pane, "choir-bass-1") > 3
    })
    .await;
    assert_eq!(lines_of(&pane, "choir-tenor-1"), 0);
}

#[tokio::test]
async fn a_look_at_several_names_their_order_and_who_is_left_without_them() {
    let _up = ENGINE.read().await;
    let mut band = Project::new("band");
    for (service, needs) in
        [("drums", ""), ("guitar", "drums:service_started:false"), ("voice", "guitar:service_started:true")]
    {
        band.run(service, needs, "always", "sleep 100000");
    }
    let cockpit = Cockpit::of(&socket(), Some("band"));
    cockpit.live().await;
    let mut natives: Vec<Native> = Vec::new();
    for service in ["drums", "guitar"] {
        let name = format!("band-{service}-1");
        cockpit.until(&name, "running", |c| c.status() == "running").await;
        natives.push(cockpit.native(&name, Verb::Restart).await);
    }
    let findings = looked(|| cockpit.docker.look(&natives)).await;
    assert_eq!(findings.effect[0], "one after another; none further once one fails");
    assert!(
        findings.effect.iter().filter(|line| line.starts_with("gets SIGTERM")).count() == 1,
        "{findings:?}"
    );
    let left = "band-guitar-1: band-voice-1 needs it, and Compose would restart it too: mark it as well";
    assert_eq!(findings.warnings, [left], "who is restarted with it is not left without it");
    cli(&["stop", "band-drums-1"]);
    cockpit.until("band-drums-1", "stopped", |c| !c.state.is_up()).await;
    let findings = looked(|| cockpit.docker.look(&natives[1..])).await;
    let missed = |line: &String| line.starts_with("of what it needs, band-drums-1 is exited");
    assert!(findings.warnings.iter().any(missed), "{findings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_restarted_in_the_order_of_its_needs_and_no_further_than_what_fails() {
    let _up = ENGINE.read().await;
    let mut chain = Project::new("chain");
    let steady = "sleep 100000";
    // By name it would come last.
    chain.run("zero", "", "always", steady);
    // The second time it ends at once.
    chain.run("one", "zero:service_started:false", "no", "test -e /ran && exit 3; : >/ran; sleep 100000");
    chain.run("two", "one:service_started:false", "always", steady);
    let mut desk = Desk::on("chain-");
    desk.screen.press("V");
    desk.screen.wait_for("marked: 3 containers of project chain");
    let question = asks(&desk.screen, "R");
    let place = |name: &str| question.find(name).unwrap_or_else(|| panic!("no {name} in {question}"));
    assert!(place("1. chain-zero-1") < place("2. chain-one-1"), "{question}");
    // What is typed before it could have been read does not count.
    tokio::time::sleep(Duration::from_secs(1)).await;
    desk.screen.press("restart 3 containers");
    desk.screen.wait_for("to run it: restart 3 containers");
    desk.screen.press("\r");
    desk.screen.wait_for("run it     ");
    desk.screen.press("\r");
    let outcomes = eventually("every outcome", || async {
        let outcomes: Vec<(String, Outcome, String)> = desk
            .journal()
            .into_iter()
            .filter_map(|what| match what {
                What::ActionOutcome(outcome) if is_last(outcome.outcome) => {
                    Some((outcome.target.name, outcome.outcome, outcome.says))
                }
                _ => None,
            })
            .collect();
        (outcomes.len() == 3).then_some(outcomes)
    })
    .await;
    let short: Vec<(&str, &Outcome)> = outcomes.iter().map(|(name, outcome, _)| (&**name, outcome)).collect();
    assert_eq!(
        short,
        [
            ("chain-zero-1", &Outcome::Settled),
            ("chain-one-1", &Outcome::Failed),
            ("chain-two-1", &Outcome::Refused)
        ]
    );
    assert!(outcomes[2].2.starts_with("nothing was sent: `chain-one-1` before it failed"), "{outcomes:?}");
    let started = desk.journal().into_iter().filter(|what| matches!(what, What::ActionStarted(_))).count();
    assert_eq!(started, 2, "what was not done did not begin");
    // The journal knows it before the screen does.
    desk.screen.wait_for("nothing was sent: `chain-one-1`");
    desk.screen.press("\x03");
    desk.leaves();
}

fn is_last(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Settled | Outcome::Failed | Outcome::Refused | Outcome::Uncertain)
}
