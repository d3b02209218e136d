//! Commands of the documents in real shells: shared, recorded, stopped, outliving whoever began them.
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use firedeck::domain::shell::{Kind, Session};
use firedeck::incident::What;
use firedeck::incident::event::{End, Verdict};
use firedeck::model::msg::Msg;
use firedeck::model::run::News;

use super::bench::{talk, wait};
use super::hand::{goes, picture};
use super::paper;
use super::shells::{Shells, tools};
use crate::common::terminal::{Cockpit, Start};

/// `kubectl` that answers from a file.
const SAYS: &str = "cat \"$YARD/says\" 2>/dev/null; cat \"$YARD/complains\" >&2 2>/dev/null; exit $(cat \"$YARD/code\" 2>/dev/null || echo 0)";

#[tokio::test]
async fn g3_no_file_is_made_of_a_name_that_nobody_filled_in() {
    let Some(path) = paper::path("000") else { return };
    let yard = tempfile::tempdir().expect("a directory");
    tools(&yard.path().join("bin"), &[("kubectl", "true"), ("pod-name", "true")]);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_firedeck"))
        .args(["runbooks", "run", "Security", "Incident", "--step", "2", "--in"])
        .arg(path)
        .current_dir(yard.path())
        .env("HOME", yard.path())
        .env("XDG_STATE_HOME", yard.path().join("state"))
        .env("XDG_RUNTIME_DIR", yard.path())
        .env("PATH", format!("{}:/usr/bin:/bin", yard.path().join("bin").display()))
        .env_remove("KUBECONFIG")
        .env_remove("XDG_CONFIG_HOME")
        .stdin(std::process::Stdio::null())
        .output()
        .expect("run");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("--set pod-name=VALUE"), "{said}");
    assert_eq!(output.status.code(), Some(3), "{said}");
    let all: Vec<String> = std::fs::read_dir(yard.path())
        .expect("listed")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name != "bin" && name != "state" && !name.starts_with("firedeck"))
        .collect();
    assert!(all.is_empty(), "{all:?}");
}

#[tokio::test]
async fn g4_a_watch_has_its_screen_is_stopped_and_the_checklist_goes_on_beside_it() {
    let loops = "while :; do echo tick; sleep 0.05; done";
    let Some(mut shells) = Shells::open("000", "Security Incident", &[("kubectl", loops)]).await else {
        return;
    };
    shells.gives("pod-name", "dashboard-1");
    let job = shells.order(458);
    assert_eq!((job.kind, &job.session), (Kind::Job, &Session::Apart));
    let order = shells.desk.begin(job).await;
    let is_tail =
        |msg: &Msg| matches!(msg, Msg::Ran(News::Tail(one, tail)) if *one == order && !tail.lines.is_empty());
    shells.desk.until(is_tail).await;
    // It goes on, and so does the checklist.
    shells.write("bin/kubectl", "#!/bin/bash\necho described\n");
    assert_eq!(shells.runs(454).await.end, End::Exit(vec![0]));
    let running = shells.desk.run.as_ref().expect("a run").run.in_flight();
    assert_eq!(running.len(), 1, "what was begun beside it is listed: {running:?}");
    shells.desk.runs.stop(order.clone());
    let ended = shells.desk.ended().await;
    assert_eq!((ended.order, ended.end), (order, End::Stopped));
    wait(|| shells.desk.processes().iter().all(|pid| !command_of(*pid).contains("tick"))).await;
}

fn command_of(pid: i32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

#[tokio::test]
async fn g5_a_variable_of_a_fence_lives_in_its_shell_and_in_no_other_run() {
    let Some(mut shells) =
        Shells::open("001", "Morning Checklist", &[("curl", "exit 7"), ("redis-cli", "exit 1")]).await
    else {
        return;
    };
    let set = line_of(&shells, "DISK_USAGE=");
    let ended = shells.runs(set).await;
    assert_eq!(ended.end, End::Exit(vec![0]), "{}", ended.says);
    let test = line_of(&shells, "if [ $DISK_USAGE");
    assert_eq!(shells.joins(test), Session::Join(ended.order.session.clone()));
    let tested = shells.runs(test).await;
    assert_eq!(tested.order.session, ended.order.session);
    assert!(matches!(&tested.end, End::Exit(codes) if codes.iter().all(|code| *code < 2)), "{tested:?}");
    // Another run of the same knows nothing of it.
    let clean = Shells::open("001", "Morning Checklist", &[]).await.expect("the document");
    let known = clean.desk.run.as_ref().expect("a run");
    let (step, command) = super::hand::spot(known.run.runbook(), test);
    let refused = known.run.may(step, command, &clean.values).expect_err("it is not set there");
    assert!(refused.to_string().contains("DISK_USAGE"), "{refused}");
}

/// The line of the statement that begins so.
fn line_of(shells: &Shells, text: &str) -> u32 {
    line(shells, |one| one.starts_with(text)).unwrap_or_else(|| panic!("no `{text}`"))
}

/// The line of the first statement with these words.
fn line_with(shells: &Shells, words: &str) -> u32 {
    line(shells, |one| one.contains(words)).unwrap_or_else(|| panic!("no `{words}`"))
}

fn line(shells: &Shells, is: impl Fn(&str) -> bool) -> Option<u32> {
    let known = shells.desk.run.as_ref().expect("a run").run.runbook();
    let mut all = known.steps.iter().flat_map(|step| &step.commands).map(|command| &command.statement);
    all.find(|one| is(&one.text)).map(|one| one.line)
}

#[tokio::test]
async fn g6_every_execution_is_in_the_time_line_with_its_ends_its_output_and_without_its_secrets() {
    let Some(mut shells) = Shells::open("000", "Security Incident", &[("kubectl", SAYS)]).await else {
        return;
    };
    shells.write("says", "Name: dashboard-1\nDB_PASSWORD: hunter2hunter2\n");
    shells.write("complains", "password=hunter2hunter2 is deprecated\n");
    shells.gives("pod-name", "dashboard-1");
    shells.runs(445).await;
    let journal = shells.desk.journal();
    let started = journal.iter().find_map(|event| match &event.what {
        What::StepStarted(body) => Some((event.at, body.clone())),
        _ => None,
    });
    let ended = journal.iter().find_map(|event| match &event.what {
        What::StepEnded(body) => Some((event.at, body.clone())),
        _ => None,
    });
    let ((began, started), (over, ended)) = (started.expect("begun"), ended.expect("ended"));
    assert_eq!((started.line, started.end_line, started.by.as_str()), (445, 445, "ann"));
    assert_eq!(started.text, "kubectl label pod dashboard-1 -n lego-mcp quarantine=true");
    assert!(over >= began && began.0 > 0);
    assert_eq!(ended.end, End::Exit(vec![0]));
    assert_eq!(ended.output.len(), 2, "both streams are kept: {:?}", ended.output);
    let mut all = String::new();
    for kept in &ended.output {
        let day = firedeck::incident::day(super::bench::now());
        let bytes = firedeck::store::read::beside(&super::bench::places(&shells.desk.root), &day, kept);
        all.push_str(&String::from_utf8_lossy(&bytes.expect("kept")));
    }
    assert!(all.contains("Name: dashboard-1") && all.contains("is deprecated"), "{all}");
    assert!(!all.contains("hunter2"), "{all}");
    let ranked = firedeck::incident::order::Ordered::of(journal);
    let entries = firedeck::incident::timeline::build(ranked.iter(), &[], &std::collections::BTreeMap::new());
    let words: Vec<&str> = entries.iter().map(|entry| entry.words.as_str()).collect();
    assert!(
        words.iter().any(|words| words.contains("kubectl label pod dashboard-1") && words.contains("445")),
        "{words:?}"
    );
}

/// The cockpit with the documents on its shelf, open at Service Outage; `kubectl` waits for a file.
fn cockpit(home: &Path, documents: &Path) -> Cockpit {
    let inside = |name: &str| home.join(name).display().to_string();
    let folder = home.join("config/firedeck");
    std::fs::create_dir_all(&folder).expect("made");
    let text = format!("runbooks = [\"{}\"]\n", documents.display());
    std::fs::write(folder.join("config.toml"), text).expect("written");
    let path = format!("{}:{}", inside("bin"), std::env::var("PATH").unwrap_or_default());
    let start = Start::new(env!("CARGO_BIN_EXE_firedeck"))
        .env("PATH", path)
        .env("HOME", home.display().to_string())
        .env("YARD", home.display().to_string())
        .env("XDG_STATE_HOME", inside("state"))
        .env("XDG_CONFIG_HOME", inside("config"))
        .env("XDG_RUNTIME_DIR", inside("run"))
        .env("LANG", "C.UTF-8")
        .env("KUBECONFIG", inside("none"))
        .log(home.join("state/firedeck/firedeck.log"))
        .size(150, 45)
        .arg("open")
        .arg("runbook/service outage");
    start.run()
}

#[test]
fn g8_a_running_step_outlives_the_terminal_and_is_found_again_and_never_repeated() {
    let Some(document) = paper::path("000") else { return };
    let home = tempfile::tempdir().expect("a home");
    let waits = "echo x >>\"$YARD/count\"; echo begun; while [ ! -e \"$YARD/go\" ]; do sleep 0.05; done; echo finished";
    tools(&home.path().join("bin"), &[("kubectl", waits)]);
    let count = || std::fs::read_to_string(home.path().join("count")).unwrap_or_default();
    let mut first = cockpit(home.path(), &document);
    first.wait_for("Acknowledge Incident");
    first.press("]");
    first.wait_for("line 110");
    first.press("\r");
    first.wait_for("● kubectl get pods");
    first.wait_for("begun");
    first.signal(rustix::process::Signal::KILL);
    first.exits();
    first.hang_up();
    let second = cockpit(home.path(), &document);
    second.wait_for("● kubectl get pods");
    assert_eq!(count(), "x\n");
    std::fs::write(home.path().join("go"), "").expect("told");
    second.wait_for("✓ kubectl get pods");
    assert_eq!(count(), "x\n", "it is not run again");
    second.press("q");
    drop(second);
    // What has ended while nobody looked is found ended.
    let third = cockpit(home.path(), &document);
    third.wait_for("✓ kubectl get pods");
    assert_eq!(count(), "x\n");
}

/// A server that answers each connection with these bytes; nothing at all where there are none.
fn server(answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut buffer = [0; 4_096];
            let _ = stream.read(&mut buffer);
            if answer.is_empty() {
                std::thread::sleep(Duration::from_secs(20));
            }
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

macro_rules! answer {
    ($status:literal, $body:literal) => {
        concat!(
            "HTTP/1.1 ",
            $status,
            "\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n",
            $body
        )
    };
}

#[tokio::test]
async fn a000_05_the_health_step_passes_for_healthy_in_any_layout_and_for_nothing_else() {
    let all = [
        (answer!("200 OK", r#"{"status":"healthy"}"#), Verdict::Ok),
        (answer!("200 OK", "{\n    \"status\" :\n  \"healthy\"\n}\n"), Verdict::Ok),
        (answer!("200 OK", "\n\n{\"status\": \"healthy\"}"), Verdict::Ok),
        (answer!("200 OK", r#"{"status":"unhealthy"}"#), Verdict::Failed),
        (answer!("503 Service Unavailable", r#"{"status":"unhealthy"}"#), Verdict::Failed),
        (answer!("500 Internal Server Error", r#"{"error":"boom"}"#), Verdict::Failed),
        (answer!("502 Bad Gateway", "<html><title>502 Bad Gateway</title></html>"), Verdict::Failed),
        (answer!("200 OK", "healthy"), Verdict::Failed),
        ("", Verdict::Failed),
    ];
    for (says, verdict) in all {
        let port = server(says);
        let curl = format!(
            "exec /usr/bin/curl --max-time 2 \"${{@/https:\\/\\/lego-mcp.example.com/http://127.0.0.1:{port}}}\""
        );
        let Some(mut shells) = Shells::open("000", "Morning Health Check", &[("curl", &curl)]).await else {
            return;
        };
        let ended = shells.runs(28).await;
        let out = shells.desk.output(&ended.order);
        assert_eq!(ended.verdict, verdict, "{says}: {} {out}", ended.says);
    }
}

#[tokio::test]
async fn a000_07_a_watch_and_terraform_have_the_terminal_and_end_where_they_began() {
    let term = "echo \"TERM is ${TERM:-not set}\"; test -t 1 && echo a terminal";
    let Some(mut shells) = Shells::open(
        "000",
        "Full System Recovery",
        &[("terraform", &format!("{term}; read -r answer; echo \"applied $answer\""))],
    )
    .await
    else {
        return;
    };
    let command = shells.order(398);
    assert_eq!(command.kind, Kind::Terminal);
    shells.desk.question += 1;
    let approved = shells.typed(command, firedeck::domain::action::Findings::default());
    shells.desk.runs.begin(approved, Vec::new());
    let order = shells.desk.started().await;
    shells.desk.until(|msg| matches!(msg, Msg::Ran(News::WantsTerminal(one)) if *one == order)).await;
    let (_, (mut printed, mut typing, _)) = shells.desk.runs.enter(&order.session).await.expect("entered");
    let all = talk(&mut printed, &mut typing, ("a terminal", "yes\r")).await;
    assert!(all.contains("a terminal") && all.contains("applied yes") && !all.contains("not set"), "{all}");
    let ended = shells.desk.ended().await;
    assert_eq!((ended.order.statement, ended.end), (order.statement, End::Exit(vec![0])));
}

#[test]
fn a000_07_after_a_whole_screen_the_cursor_stands_on_the_same_step() {
    let Some(mut desk) = paper::desk("000", "Scale for High Load") else { return };
    goes(&mut desk, 369);
    let step = desk.here().step;
    desk.keys("Enter");
    if desk.tier().is_some() {
        desk.reads();
        desk.keys("y");
    }
    assert_eq!(desk.sent.len(), 1, "{}", picture(&desk));
    desk.ends(Verdict::Ok);
    assert_eq!(desk.here().step, step);
    // The job behind the shell is listed with the key that stops it.
    let mut desk = paper::desk("000", "Security Incident").expect("the document");
    goes(&mut desk, 458);
    desk.keys("Enter");
    desk.types("dashboard-1");
    if desk.tier().is_some() {
        desk.reads();
        desk.keys("y");
    }
    let seen = picture(&desk);
    assert!(seen.contains("● kubectl exec"), "{seen}");
    assert!(crate::common::estate::press(&mut desk.model, "s").is_empty());
    let stops = crate::common::estate::press(&mut desk.model, "s");
    assert!(matches!(stops.as_slice(), [firedeck::model::msg::Effect::Stop(_)]), "{stops:?}");
}

#[tokio::test]
async fn a000_08_no_errors_in_a_log_is_ok_and_a_log_that_was_not_read_is_not() {
    for (says, complains, code, verdict) in [
        ("all is well\n", "", "0", Verdict::NoMatches),
        ("an error here\n", "", "0", Verdict::Ok),
        ("", "The connection to the server 10.0.0.1:6443 was refused\n", "1", Verdict::Failed),
        ("", "Error from server (Forbidden): pods is forbidden\n", "1", Verdict::Failed),
        ("", "No resources found in lego-mcp namespace.\n", "0", Verdict::NoData),
    ] {
        let Some(mut shells) = Shells::open("000", "Morning Health Check", &[("kubectl", SAYS)]).await else {
            return;
        };
        shells.write("says", says);
        shells.write("complains", complains);
        shells.write("code", code);
        let ended = shells.runs(45).await;
        assert_eq!(ended.verdict, verdict, "{says}{complains}: {}", ended.says);
        let judged = shells.desk.until(|msg| matches!(msg, Msg::Ran(News::Judged { .. }))).await;
        let Msg::Ran(News::Judged { judged, .. }) = judged else { panic!("{judged:?}") };
        assert!(judged.warnings.iter().any(|one| one.contains("last 10 lines of each pod")), "{judged:?}");
    }
}

#[tokio::test]
async fn case_37_a_watch_has_a_terminal_that_it_knows_and_is_left_by_its_key() {
    let Some(mut shells) =
        Shells::open("000", "Scale for High Load", &[("kubectl", "echo dashboard-1 Running")]).await
    else {
        return;
    };
    let command = shells.order(369);
    assert_eq!(command.kind, Kind::Terminal);
    let order = shells.desk.begin(command).await;
    shells.desk.until(|msg| matches!(msg, Msg::Ran(News::WantsTerminal(one)) if *one == order)).await;
    let (_, (mut printed, mut typing, _)) = shells.desk.runs.enter(&order.session).await.expect("entered");
    let seen = talk(&mut printed, &mut typing, ("dashboard-1", "\x03")).await;
    assert!(!seen.contains("Error opening terminal"), "{seen}");
    let ended = shells.desk.ended().await;
    assert_eq!(ended.order, order);
}

#[tokio::test]
async fn case_21_a_question_of_a_script_has_a_terminal_and_does_not_hang() {
    let Some(document) = paper::read("001") else { return };
    let (runbook, ..) =
        super::hand::commands(&document).find(|(_, _, _, one)| one.statement.line == 415).expect("a command");
    let title = runbook.title.clone();
    let mut shells = Shells::open("001", &title, &[("aws", "true")]).await.expect("the document");
    let first = line_of(&shells, "BACKUP_DATE=");
    let names: Vec<String> = super::hand::commands(&document)
        .filter(|(_, _, _, one)| one.statement.line == first)
        .flat_map(|(_, _, _, one)| one.placeholders.iter().map(|place| place.name.clone()))
        .collect();
    for name in names {
        shells.gives(&name, "20240101_000000");
    }
    shells.runs(first).await;
    let command = shells.order(415);
    assert_eq!(command.kind, Kind::Terminal);
    let order = shells.desk.begin(command).await;
    shells.desk.until(|msg| matches!(msg, Msg::Ran(News::WantsTerminal(one)) if *one == order)).await;
    let (_, (mut printed, mut typing, _)) = shells.desk.runs.enter(&order.session).await.expect("entered");
    talk(&mut printed, &mut typing, ("Are you sure", "yes\r")).await;
    let ended = shells.desk.ended().await;
    assert_eq!(ended.end, End::Exit(vec![0]), "{}", ended.says);
}

#[tokio::test]
async fn case_46_a_primary_has_no_lag_and_that_is_no_number() {
    let Some(document) = paper::read("001") else { return };
    let (runbook, ..) = super::hand::commands(&document)
        .find(|(_, _, _, one)| one.statement.text.contains("pg_last_xact_replay"))
        .expect("a command");
    let title = runbook.title.clone();
    let tools = [("pg_isready", "true"), ("psql", "printf '     \\n\\n'")];
    let mut shells = Shells::open("001", &title, &tools).await.expect("the document");
    let lag = line_with(&shells, "pg_last_xact_replay");
    let ended = shells.runs(lag).await;
    assert_eq!(ended.verdict, Verdict::NoData, "{ended:?}");
    assert!(ended.says.contains("not a replica"), "{}", ended.says);
}
