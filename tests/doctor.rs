//! `firedeck doctor` as people and programs call it.
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

/// With a home of its own and an environment of nothing else.
fn doctor(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firedeck"));
    let path = std::env::var("PATH").unwrap_or_default();
    command
        .env_clear()
        .env("HOME", home)
        .env("PATH", path)
        .env("XDG_RUNTIME_DIR", home.join("run"))
        .arg("doctor");
    command
}

fn said(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().expect("started");
    (output.status.code(), String::from_utf8(output.stdout).expect("text"))
}

fn finding<'v>(all: &'v Value, section: &str, key: &str) -> &'v Value {
    let sections = all["sections"].as_array().expect("sections");
    let section = sections.iter().find(|s| s["section"] == section).expect("the section");
    let findings = section["findings"].as_array().expect("findings");
    findings.iter().find(|finding| finding["key"] == key).expect("the finding")
}

#[test]
fn with_nothing_configured_it_says_what_to_set_and_exits_with_one() {
    let home = tempfile::tempdir().expect("a home");
    let (code, text) = said(doctor(home.path()).arg("--json"));
    let all: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((code, &all["ok"]), (Some(1), &Value::Bool(false)), "{text}");
    let kubeconfig = finding(&all, "kubeconfig", "kubeconfig");
    assert_eq!(kubeconfig["status"], "wrong");
    assert!(kubeconfig["remedy"][0].as_str().is_some_and(|line| line.starts_with("export KUBECONFIG=")));
    assert_eq!(finding(&all, "files", "journal")["status"], "good");
    assert_eq!(finding(&all, "terminal", "locale")["status"], "warning");
    assert_eq!(finding(&all, "tools", "bash")["data"]["found"], true);
}

#[test]
fn a_server_that_is_not_there_is_named_and_nothing_waits_for_it_for_long() {
    let home = tempfile::tempdir().expect("a home");
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("one").port();
    let kubeconfig = home.path().join("kubeconfig");
    let text = format!(
        "{{apiVersion: v1, kind: Config, current-context: away, clusters: [{{name: c, cluster: {{server: \"http://127.0.0.1:{port}\"}}}}], \
         users: [{{name: u, user: {{}}}}], contexts: [{{name: away, context: {{cluster: c, user: u, namespace: shop}}}}]}}"
    );
    std::fs::write(&kubeconfig, text).expect("written");
    let (code, text) = said(doctor(home.path()).env("KUBECONFIG", &kubeconfig).env("LANG", "C.UTF-8"));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("context away"), "{text}");
    assert!(text.contains("✗ server") && text.contains("connection refused"), "{text}");
    assert!(text.contains(&format!("{} (by $KUBECONFIG): away", kubeconfig.display())), "{text}");
}

#[test]
fn a_home_that_cannot_be_written_sends_the_journal_elsewhere_and_says_so() {
    let home = tempfile::tempdir().expect("a home");
    // Where a directory would have to be, there is a file.
    std::fs::write(home.path().join("state"), "").expect("written");
    let (_, text) = said(doctor(home.path()).arg("--json").env("XDG_STATE_HOME", home.path().join("state")));
    let all: Value = serde_json::from_str(&text).expect("JSON");
    let journal = finding(&all, "files", "journal");
    assert_eq!(journal["status"], "warning", "{journal}");
    assert!(journal["says"].as_str().is_some_and(|says| says.contains("it would go to")), "{journal}");
}
