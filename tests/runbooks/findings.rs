//! `firedeck runbooks lint`, `search` and `coverage`: what they find, and what they tell CI.
use std::io::{BufRead, BufReader, Read, Write};

use super::programs::{World, keys, sorted};

#[test]
fn lint_tells_ci_by_its_exit_code_what_it_found() {
    let world = World::new();
    world.write("good.md", "# Yard\n\nNothing to run here.\n");
    world.write(
        "bad.md",
        "# Yard\n\n## Is it well?\n\n```bash\ncurl -fsS http://crane/health | grep -q healthy\n```\n",
    );
    assert_eq!(world.run(&["lint", "good.md"]).code, 0);
    world.write("latin.md", b"# Caf\xe9\n\nNothing to run here.\n");
    assert!(world.run(&["lint", "latin.md"]).out.contains("latin.md:1: warning: is not UTF-8"));
    let bad = world.run(&["lint", "bad.md"]);
    assert_eq!(bad.code, 1);
    let first = bad.out.lines().next().expect("a line");
    assert!(first.starts_with("bad.md:6: error: ") && first.ends_with("[loose-health-match]"), "{first}");
    assert!(bad.out.lines().nth(1).is_some_and(|line| line.starts_with("  = ")), "{}", bad.out);
    assert_eq!(world.run(&["lint", "bad.md", "--rule", "curl-globbing"]).code, 0);
    assert_eq!(world.run(&["lint", "bad.md", "--rule", "no-such-rule"]).code, 2);
    assert_eq!(world.run(&["lint", "bad.md", "gone.md"]).code, 2);
    let json = world.run(&["lint", "bad.md", "gone.md", "--json"]).json();
    assert_eq!(keys(&json), ["errors", "findings"]);
    assert_eq!(keys(&json["findings"][0]), sorted("path line end_line severity rule reason remedy"));
    assert_eq!(json["errors"][0]["path"], "gone.md");
    let sarif = world.run(&["lint", "bad.md", "--format", "sarif"]).json();
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "loose-health-match");
    let explained = world.run(&["lint", "--explain", "loose-health-match"]).good();
    assert!(explained.starts_with("loose-health-match (error)\n"), "{explained}");
    assert!(world.run(&["lint", "--explain"]).good().lines().count() > 50);
}

#[test]
fn search_finds_by_words_and_by_alert_and_says_why() {
    let world = World::with_cranes();
    let text = world.run(&["search", "--in", "docs", "crane", "lift"]).good();
    assert!(text.starts_with("Crane does not lift") && text.contains("docs/cranes.md:3"), "{text}");
    let hits = world.run(&["search", "--in", "docs", "--alert", "CraneDoesNotLift", "--json"]).json();
    assert_eq!(hits["hits"][0]["title"], "Crane does not lift");
    assert!(hits["hits"][0]["reason"].as_str().is_some_and(|why| !why.is_empty()));
    let none = world.run(&["search", "--in", "docs", "zeppelin"]);
    assert!(none.code == 1 && none.err.contains("no runbook fits `zeppelin`"), "{}", none.err);
    assert_eq!(world.run(&["search", "--in", "docs", "--alert", "A", "--label", "novalue"]).code, 2);
}

const RULES: &str = "\
groups:
- name: yard
  rules:
  - alert: CraneDoesNotLift
    expr: lifts == 0
  - alert: GateOpen
    expr: gate == 1
    labels:
      severity: page
  - alert: CraneSlow
    expr: speed < 1
    annotations:
      runbook_url: https://books.example/yard/CraneSlow
";

#[test]
fn coverage_names_alerts_without_a_runbook_and_links_that_lead_nowhere() {
    let world = World::with_cranes();
    world.write("rules/yard.yml", RULES);
    world.write("rules/notes.txt", "- alert: [");
    let ran = world.run(&["coverage", "--rules", "rules", "docs"]);
    assert_eq!((ran.code, ran.err.as_str()), (1, ""));
    assert!(ran.out.contains("GateOpen (page)  rules/yard.yml:6"), "{}", ran.out);
    assert!(
        ran.out.contains("CraneSlow  rules/yard.yml:10") && ran.out.contains("books.example"),
        "{}",
        ran.out
    );
    let json = world.run(&["coverage", "--rules", "rules", "--json", "docs"]).json();
    assert_eq!(keys(&json), ["covered", "dead_links", "errors", "without"]);
    world.write("rules/broken.yaml", "- alert: A\n  expr: [1\n");
    let ran = world.run(&["coverage", "--rules", "rules", "docs"]);
    assert!(ran.code == 2 && ran.err.starts_with("rules/broken.yaml: line "), "{}", ran.err);
    assert!(ran.out.contains("GateOpen"), "the rest is still looked at: {}", ran.out);
    let none = world.run(&["coverage", "docs"]);
    assert!(none.code == 2 && none.err.contains("--prometheus URL"), "{}", none.err);
}

/// A server that gives one answer to everything; gives its address and what it was asked.
fn server(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut seen = Vec::new();
        let mut part = [0; 1024];
        while !seen.windows(4).any(|end| end == b"\r\n\r\n") {
            let count = stream.read(&mut part).expect("a request");
            seen.extend_from_slice(&part[..count]);
        }
        stream.write_all(answer.as_bytes()).expect("answered");
        String::from_utf8_lossy(&seen).into_owned()
    });
    (address, asked)
}

#[test]
fn coverage_asks_a_live_prometheus_and_says_plainly_when_it_cannot() {
    let world = World::with_cranes();
    let (address, asked) = server(
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"status\":\"success\",\"data\":{\"groups\":[{\"rules\":[\
         {\"type\":\"alerting\",\"name\":\"GateOpen\",\"query\":\"gate == 1\",\"labels\":{},\"annotations\":{}}]}]}}",
    );
    let base = format!("{address}/prometheus/");
    let ran = world.run(&["coverage", "--prometheus", &base, "docs"]);
    assert!(ran.code == 1 && ran.out.contains("GateOpen") && ran.err.is_empty(), "{}{}", ran.out, ran.err);
    let asked = asked.join().expect("asked");
    assert!(asked.starts_with("GET /prometheus/api/v1/rules?type=alert HTTP/1.1"), "{asked}");

    let (address, asked) = server(
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"status\":\"success\",\"data\":{\"groups\":[]}}",
    );
    world.write(
        ".config/firedeck/config.toml",
        format!("profile = \"yard\"\n[profiles.yard]\n[[profiles.yard.prometheus]]\nurl = \"{address}\"\ntoken = {{ file = \"token\" }}\n"),
    );
    world.write(".config/firedeck/token", "hunter2\n");
    assert_eq!(world.run(&["coverage", "docs"]).code, 0);
    assert!(asked.join().expect("asked").contains("authorization: Bearer hunter2"));

    for (answer, says) in [
        ("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", "not logged in"),
        ("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", "forbidden"),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "is its address complete"),
        (
            "HTTP/1.1 302 Found\r\nlocation: https://login.example/\r\ncontent-length: 0\r\n\r\n",
            "leads to https://login.example/",
        ),
        ("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<html>", "does not answer as a Prometheus does"),
        (
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"status\":\"error\",\"error\":\"no\"}",
            "answers with an error: no",
        ),
        ("HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{\"st", "closed"),
        ("SSH-2.0-x\r\n", "HTTP"),
    ] {
        let (address, _) = server(answer);
        let ran = world.run(&["coverage", "--prometheus", &address, "docs"]);
        assert!(
            ran.code == 2 && ran.err.contains(says) && ran.err.starts_with(&address),
            "{answer}: {}",
            ran.err
        );
    }
    let ran = world.run(&["coverage", "--prometheus", "http://me:hunter2@127.0.0.1:9", "docs"]);
    assert!(
        ran.code == 2 && ran.err.contains("holds a password") && !ran.err.contains("hunter2"),
        "{}",
        ran.err
    );
    assert_eq!(world.run(&["coverage", "--prometheus", "prometheus:9090", "docs"]).code, 2);
}

#[test]
fn lint_goes_on_while_the_author_writes() {
    let world = World::new();
    world.write("a.md", "# Yard\n\n```bash\ncurl -fsS http://crane/health | grep -q healthy\n```\n");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_firedeck"))
        .env_clear()
        .env("HOME", world.path(""))
        .current_dir(world.path(""))
        .args(["runbooks", "lint", "--watch", "a.md"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("started");
    let mut lines =
        BufReader::new(child.stdout.take().expect("piped")).lines().map(|line| line.expect("text"));
    let said = lines.find(|line| line.contains("in 1 document")).expect("a first report");
    assert!(said.starts_with("1 error"), "{said}");
    world.write("new", "# Yard\n\nNothing to run.\n");
    std::fs::rename(world.path("new"), world.path("a.md")).expect("replaced");
    // A late word of the first writing may have it say the first thing again.
    lines.find(|line| line == "nothing to mend in 1 document").expect("a second report");
    drop(lines);
    world.write("a.md", "# Yard, again\n");
    let ended = child.wait().expect("ended");
    assert!(ended.success(), "whoever reads no more ends it: {ended}");
}
