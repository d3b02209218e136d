//! The time line on a real server: what is edited, made and deleted is told, and a suspect outlives the program.
use std::path::Path;

use crate::common::terminal::{Cockpit, Start};
use crate::own::Own;
use crate::suite::{As, kubeconfig, server_stays_up};

fn open(home: &Path, namespace: &str) -> Cockpit {
    let inside = |name: &str| home.join(name).display().to_string();
    Start::new(env!("CARGO_BIN_EXE_firedeck"))
        .env("HOME", home.display().to_string())
        .env("XDG_STATE_HOME", inside("state"))
        .env("XDG_CONFIG_HOME", inside("config"))
        .env("XDG_RUNTIME_DIR", inside("run"))
        .env("LANG", "C.UTF-8")
        .log(home.join("state/firedeck/firedeck.log"))
        .size(140, 36)
        .arg("--kubeconfig")
        .arg(kubeconfig(As::Admin).display().to_string())
        .arg("--namespace")
        .arg(namespace)
        .run()
}

fn has(screen: &str, thing: &str, says: &str) -> bool {
    screen.lines().any(|line| line.contains(thing) && line.contains(says))
}

fn leaves(mut cockpit: Cockpit) {
    cockpit.press("\x03");
    assert!(cockpit.exits().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_and_ends_are_told_and_a_suspect_is_there_again_at_the_next_start() {
    let _up = server_stays_up().await;
    let own = Own::new("changes");
    own.deploy("web", 1, "");
    own.apply(
        "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web}, spec: \
         {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 1, maxReplicas: 3}}",
    );
    let home = tempfile::tempdir().expect("a home");
    let cockpit = open(home.path(), &own.name);
    cockpit.wait_for("pods");
    cockpit.press("8");
    cockpit.wait_until("what was made", |screen| {
        let text = screen.contents();
        has(&text, "deploy/web", "created") && has(&text, "hpa/web", "created")
    });
    own.kubectl(&["patch", "hpa", "web", "--type=merge", "-p", "{\"spec\":{\"maxReplicas\":5}}"]);
    cockpit.wait_until("the edit", |screen| has(&screen.contents(), "hpa/web", "max 3 → 5"));
    own.kubectl(&["delete", "hpa", "web"]);
    cockpit.wait_until("the end", |screen| has(&screen.contents(), "hpa/web", "deleted"));
    // The edit alone, to be held for the cause.
    cockpit.press("/max");
    cockpit.wait_for("/max");
    cockpit.press("\r");
    cockpit.wait_until("it alone", |screen| !screen.contents().contains("deleted"));
    cockpit.press("gS");
    cockpit.wait_until("a suspect", |screen| has(&screen.contents(), "max 3 → 5", "suspect"));
    leaves(cockpit);

    let again = open(home.path(), &own.name);
    again.wait_for("pods");
    again.press("8");
    again.wait_until("the suspect", |screen| has(&screen.contents(), "max 3 → 5", "suspect"));
    leaves(again);
}
