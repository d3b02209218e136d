//! The time line of changes on real servers: what was done to them elsewhere is told in one line, old and new.
use crate::common::terminal::Cockpit;
use crate::docker::{ENGINE, cli, socket};
use crate::own::Own;
use crate::redis::server::Server;
use crate::suite::{As, cockpit, kubeconfig, server_stays_up};

/// Waits for a line of the time line that holds all of these.
fn told(cockpit: &Cockpit, words: &[&str]) -> String {
    let holds = |line: &&str| words.iter().all(|word| line.contains(word));
    let text = cockpit.wait_until(&format!("a change with {words:?}"), |screen| {
        screen.contents().lines().any(|l| holds(&l))
    });
    text.lines().find(holds).expect("it was just there").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_a_scaling_and_an_edit_of_the_configuration_are_told() {
    let _up = server_stays_up().await;
    let own = Own::new("told");
    own.deploy("web", 1, "");
    own.kubectl(&["create", "configmap", "limits", "--from-literal=rate=10", "--from-literal=burst=20"]);
    let config = kubeconfig(As::Admin);
    let (cockpit, _home) = cockpit(&["--kubeconfig", &config.to_string_lossy(), "--namespace", &own.name]);
    cockpit.wait_for("web-");
    cockpit.press("8");
    // It is there since before, and that is known once it is listed.
    told(&cockpit, &["rollout", "deploy/web", "revision 1"]);
    own.kubectl(&["set", "image", "deployment/web", "web=registry.example/web:2.0"]);
    told(&cockpit, &["rollout", "deploy/web", "image 1.0 → 2.0", "revision 2"]);
    own.kubectl(&["scale", "deployment/web", "--replicas=3"]);
    told(&cockpit, &["scaling", "deploy/web", "1 → 3 replicas"]);
    let patch = "{\"data\": {\"rate\": \"99\", \"burst\": null}}";
    own.kubectl(&["patch", "configmap", "limits", "-p", patch]);
    let line = told(&cockpit, &["configuration", "limits", "edited: rate, without burst"]);
    assert!(!line.contains("99"), "values are nobody's business: {line}");
    // Each of them once.
    let text = cockpit.screen();
    for words in ["image 1.0 → 2.0", "1 → 3 replicas", "edited: rate"] {
        assert_eq!(text.matches(words).count(), 1, "{words}:\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_of_another_image_is_told() {
    let _up = ENGINE.read().await;
    let (old, new) = ("registry.example/devops-mcp:1.4.2", "registry.example/devops-mcp:1.5.0");
    cli(&["tag", old, new]);
    let run = |image: &str| {
        cli(&[
            "run",
            "-d",
            "--name",
            "for-change",
            "--network",
            "none",
            "--stop-timeout",
            "1",
            image,
            "sleep",
            "9999",
        ])
    };
    run(old);
    let (cockpit, _home) = cockpit(&["--docker", &socket()]);
    cockpit.press("3");
    cockpit.wait_for("for-change");
    cockpit.press("8");
    told(&cockpit, &["container", "for-change", "started"]);
    // As Compose does it.
    cli(&["rename", "for-change", "for-change-old"]);
    cli(&["rm", "-f", "for-change-old"]);
    run(new);
    told(&cockpit, &["container", "for-change", "image 1.4.2 → 1.5.0"]);
    cli(&["rm", "-f", "for-change"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_becomes_the_primary_is_told() {
    let primary = Server::start("7.0", &[]).await;
    let replica = Server::start("7.0", &["--replicaof", "127.0.0.1", &primary.port.to_string()]).await;
    let (cockpit, _home) = cockpit(&["--redis", &replica.url()]);
    cockpit.press("6");
    let row = |screen: &vt100::Screen, server: &Server, role: &str| {
        screen.contents().lines().any(|line| line.contains(&server.name()) && line.contains(role))
    };
    cockpit.wait_until("the replica", |screen| row(screen, &replica, "replica"));
    cockpit.press("8");
    replica.cli(&["replicaof", "no", "one"]);
    told(&cockpit, &["redis", &replica.name(), "replica → primary"]);
}
