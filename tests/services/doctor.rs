//! `firedeck doctor --json` against every backend of the suite.
use std::process::Command;

use serde_json::Value;

use crate::docker::ENGINE;
use crate::suite::{As, eventually, kubeconfig, server_stays_up, setting};

/// Its exit code, and what it said.
fn doctor(who: As, servers: &[(&str, String)]) -> (Option<i32>, Value) {
    let home = tempfile::tempdir().expect("a home");
    let mut command = Command::new(env!("CARGO_BIN_EXE_firedeck"));
    command.env_clear().env("HOME", home.path()).env("PATH", std::env::var("PATH").unwrap_or_default());
    command.env("LANG", "C.UTF-8").env("PGPASSWORD", "suite").env("REDISCLI_AUTH", "");
    command.args(["doctor", "--json", "--kubeconfig"]).arg(kubeconfig(who));
    for (flag, url) in servers {
        command.arg(format!("--{flag}")).arg(url);
    }
    let output = command.output().expect("started");
    let text = String::from_utf8(output.stdout).expect("text");
    let all = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (output.status.code(), all)
}

fn servers() -> Vec<(&'static str, String)> {
    vec![
        ("postgres", setting("POSTGRES_COMMON").replace(":suite@", "@")),
        ("redis", setting("REDIS")),
        ("alertmanager", format!("http://{}", setting("ALERTMANAGER_B"))),
        ("prometheus", format!("http://{}", setting("PROMETHEUS"))),
        ("docker", format!("unix://{}", setting("DOCKER_SOCKET"))),
    ]
}

fn finding<'v>(all: &'v Value, section: &str, key: &str) -> &'v Value {
    let sections = all["sections"].as_array().expect("sections").iter();
    let mut findings = sections.filter(|s| s["section"] == section).filter_map(|s| s["findings"].as_array());
    let found = findings.find_map(|all| all.iter().find(|finding| finding["key"] == key));
    found.unwrap_or_else(|| panic!("no {key} of {section}: {all:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_well_is_named_with_its_version_and_our_rights() {
    let _up = server_stays_up().await;
    let _engine = ENGINE.read().await;
    // It gives each server a few seconds, which a busy box may need for less than that.
    let all = eventually("a doctor who finds nothing wrong", || async {
        let (code, all) =
            tokio::task::spawn_blocking(|| doctor(As::Admin, &servers())).await.expect("it ends");
        assert_eq!(code == Some(0), all["ok"] == true, "{code:?}: {all:#}");
        (all["ok"] == true).then_some(all)
    })
    .await;
    for (section, product) in [
        ("postgres", "PostgreSQL 15."),
        ("redis", "Redis 7."),
        ("alertmanager", "Alertmanager 0."),
        ("prometheus", "Prometheus "),
        ("docker", "Docker "),
    ] {
        let server = finding(&all, section, "server");
        assert_eq!(server["status"], "good", "{server:#}");
        assert!(server["data"]["version"].as_str().is_some_and(|v| v.starts_with(product)), "{server:#}");
        assert!(server["data"]["milliseconds"].is_u64(), "{server:#}");
    }
    assert_eq!(finding(&all, "postgres", "identity")["data"]["identity"], "watcher");
    let server = finding(&all, "context", "server");
    assert!(
        server["data"]["version"].as_str().is_some_and(|version| version.starts_with("v1.")),
        "{server:#}"
    );
    for may in ["may_see_pods", "may_exec", "may_patch_nodes", "may_evict"] {
        assert_eq!(finding(&all, "context", may)["data"]["allowed"], true, "{may}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_wrong_and_what_a_viewer_may_not_do_is_said() {
    let _up = server_stays_up().await;
    let _engine = ENGINE.read().await;
    let nobody = crate::redis::server::free_port();
    let (code, all) = tokio::task::spawn_blocking(move || {
        let mut servers = servers();
        servers[1].1 = format!("redis://127.0.0.1:{nobody}");
        doctor(As::View, &servers)
    })
    .await
    .expect("it ends");
    assert_eq!((code, &all["ok"]), (Some(1), &Value::Bool(false)), "{all:#}");
    let redis = finding(&all, "redis", "server");
    assert_eq!(redis["status"], "wrong", "{redis:#}");
    assert!(redis["says"].as_str().is_some_and(|says| says.contains("connection refused")), "{redis:#}");
    assert_eq!(finding(&all, "context", "may_see_pods")["data"]["allowed"], true);
    let patch = finding(&all, "context", "may_patch_deployments");
    assert_eq!(patch["data"]["allowed"], false);
    assert_ne!(patch["status"], "good");
}
