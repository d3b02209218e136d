//! Runbooks of document 001 in real shells, with tools that say what a test has them say.
use std::collections::BTreeSet;

use firedeck::domain::shell::Kind;
use firedeck::incident::event::{End, Verdict};
use firedeck::model::msg::Msg;
use firedeck::model::run::News;

use crate::acceptance::bench;
use crate::acceptance::engine::{Tools, Work};

/// Tools that say that all is well, but for the health of two servers, a disk and a rate.
fn morning(mcp: &str, rest: &str, disk: u32, rate: &str) -> Tools {
    let curl = format!(
        "case \"$*\" in\n*:9090*) echo '{{\"data\":{{\"result\":[{{\"value\":[1,\"{rate}\"]}}]}}}}';;\n\
         *:8080*) {mcp};;\n*:8081*) {rest};;\nesac"
    );
    let df = format!("echo 'Filesystem Size Used Avail Use% Mounted'; echo '/dev/a 10G 8G 2G {disk}% /'");
    Tools::default()
        .tool("curl", &curl)
        .tool("df", &df)
        .tool("redis-cli", "echo PONG")
        .tool("psql", "printf ' name | expires_at\\n------+------------\\n(0 rows)\\n'")
}

/// The results of the six steps of the morning, each with its output.
async fn results(tools: Tools) -> Option<Vec<(Verdict, String, String)>> {
    let mut work = Work::open("001", "Morning Checklist", tools).await?;
    let run =
        |work: &Work, line: u32| work.desk.run.as_ref().expect("a run").run.step(work.at(line).0).cloned();
    let mut results = Vec::new();
    let mut last = None;
    for (line, result) in work.all().await {
        let n = run(&work, line).expect("a step").n;
        let result = match result {
            Ok((ended, out)) => (ended.verdict, ended.says, out),
            Err(why) => (Verdict::NoData, why, String::new()),
        };
        // Of several commands of a step the last one gives its result.
        if last.as_ref() == Some(&n) {
            results.pop();
        }
        last = Some(n);
        results.push(result);
    }
    Some(results)
}

const HEALTHY: &str = "echo '{ \"status\" : \"healthy\" }'";

#[tokio::test]
async fn a001_03_the_morning_gives_six_results_and_unhealthy_is_seen_through() {
    let Some(good) = results(morning(HEALTHY, HEALTHY, 79, "0.001")).await else { return };
    assert_eq!(good.len(), 6, "{good:?}");
    for (verdict, _, out) in &good[..5] {
        assert_eq!(*verdict, Verdict::Ok, "{good:?}");
        assert!(out.contains("PASS"), "{good:?}");
    }
    assert!(good[5].0 <= Verdict::NoMatches, "{good:?}");
    // The script itself says PASS; whoever reads it is told what that is worth.
    let ill = results(morning("echo '{\"status\":\"unhealthy\"}'", HEALTHY, 80, "0.5")).await.expect("run");
    assert_eq!(ill.len(), 6);
    let (verdict, says, _) = &ill[0];
    assert!(*verdict == Verdict::Trouble || says.contains("`unhealthy`"), "{ill:?}");
    // Exactly at its limit it is no longer good.
    assert_eq!(ill[3].0, Verdict::Trouble, "{ill:?}");
    assert_eq!(ill[4].0, Verdict::Trouble, "{ill:?}");
    // What cannot be reached is never good.
    let dead = Tools::default()
        .tool("curl", "exit 7")
        .tool("df", "exit 1")
        .tool("redis-cli", "echo 'Could not connect to Redis' >&2; exit 1")
        .tool("psql", "echo 'psql: error: connection refused' >&2; exit 2");
    let dead = results(dead).await.expect("run");
    assert_eq!(dead.len(), 6, "{dead:?}");
    let good = [Verdict::Ok, Verdict::NoMatches, Verdict::Accepted];
    assert!(dead.iter().all(|(verdict, ..)| !good.contains(verdict)), "{dead:?}");
    for (verdict, _, out) in &dead[..3] {
        let told = [Verdict::Failed, Verdict::Trouble].contains(verdict);
        assert!(told && out.contains("FAIL"), "{dead:?}");
    }
}

#[tokio::test]
async fn a001_04_a_backup_step_by_step_uses_one_timestamp() {
    let write = "echo \"$(basename \"$0\") $*\" >>\"$ROOT/log\"";
    let mut tools = Tools::default().tool(
        "date",
        "n=$(cat \"$ROOT/n\" 2>/dev/null || echo 0); n=$((n+1)); echo $n >\"$ROOT/n\"; echo \"stamp$n\"",
    );
    for name in ["mkdir", "pg_dump", "redis-cli", "cp", "tar", "docker", "docker-compose", "aws"] {
        tools = tools.tool(name, write);
    }
    // The document's own pause; what keeps the time of a shell is left alone.
    let tools = tools.tool("sleep", "[ \"$*\" = 5 ] || real sleep \"$@\"");
    let Some(mut work) = Work::open("001", "Manual Backup Procedure", tools).await else { return };
    let all = work.all().await;
    let mut stamps = BTreeSet::new();
    let log = std::fs::read_to_string(work.dir().join("log")).expect("something ran");
    let mut seen = log.clone();
    for (line, result) in &all {
        let (ended, _) = result.as_ref().unwrap_or_else(|why| panic!("line {line}: {why}"));
        seen.push('\n');
        seen.push_str(&ended.says);
    }
    for at in seen.match_indices("stamp") {
        stamps.insert(seen[at.0..].chars().take_while(char::is_ascii_alphanumeric).collect::<String>());
    }
    assert_eq!(stamps.into_iter().collect::<Vec<_>>(), ["stamp1"], "{seen}");
    let steps: BTreeSet<u32> = all.iter().map(|(line, _)| work.at(*line).0).collect();
    assert_eq!(steps.len(), 9, "the preamble and eight steps");
    for part in [
        "mkdir -p /backups/mcp_stamp1",
        "pg_dump",
        "BGSAVE",
        "redis.rdb",
        "configs.tar.gz",
        "vectors.dump",
        "s3 cp",
        "s3 ls",
    ] {
        assert!(log.contains(part), "{part}: {log}");
    }
}

#[tokio::test]
async fn a001_06_the_question_of_the_script_takes_the_terminal_and_hangs_nothing() {
    let Some(mut work) = Work::open("001", "Restore Procedure", Tools::default()).await else { return };
    work.give("BACKUP_DATE", "20240101_000000");
    let first = work.commands().into_iter().take_while(|(_, one)| one.statement.line < 415);
    for (at, _) in first.collect::<Vec<_>>() {
        if work.may(at).is_ok() {
            let (ended, out) = work.run(at).await;
            assert!(ended.verdict <= Verdict::Accepted, "{}: {out}", ended.says);
        }
    }
    let at = work.at(415);
    assert_eq!(work.may(at).expect("it may").kind, Kind::Terminal);
    let order = work.begin(at).await;
    let is = |msg: &Msg| matches!(msg, Msg::Ran(News::WantsTerminal(one)) if *one == order);
    work.desk.until(is).await;
    let (_, (mut printed, mut typing, _size)) = work.desk.runs.enter(&order.session).await.expect("entered");
    bench::talk(&mut printed, &mut typing, ("(yes/no)", "yes\r")).await;
    let ended = work.desk.ended().await;
    assert_eq!((ended.end, ended.verdict), (End::Exit(vec![0]), Verdict::Ok), "{}", ended.says);
    let (ended, _) = work.line(417).await;
    assert_eq!(ended.verdict, Verdict::Ok, "{}", ended.says);
    // Now what destroys may be asked about, and says what it would overwrite.
    let restore = work.ordered(work.at(432)).expect("it may be asked about").command;
    assert!(restore.shown.contains("mcp_test"), "{}", restore.shown);
}

#[tokio::test]
async fn a001_10_what_never_ends_is_stopped_and_the_checklist_goes_on() {
    let endless =
        "case \"$*\" in *latency*) while :; do echo 'min: 0, max: 1'; real sleep 0.1; done;; esac; echo ok";
    let tools = Tools::default().tool("redis-cli", endless);
    let Some(mut work) = Work::open("001", "Redis Optimization", tools).await else { return };
    let at = work.at(678);
    assert_eq!(work.may(at).expect("it may").kind, Kind::Job);
    let order = work.begin(at).await;
    bench::wait(|| work.desk.output(&order).contains("min: 0")).await;
    // Meanwhile another line runs.
    let (ended, out) = work.line(679).await;
    assert_eq!((ended.verdict, out.as_str()), (Verdict::Ok, "ok\n"), "{}", ended.says);
    work.desk.runs.stop(order.clone());
    let ended = work.desk.ended().await;
    assert_eq!((ended.order, ended.end, ended.verdict), (order, End::Stopped, Verdict::Stopped));
}

#[tokio::test]
async fn a001_11_a_rate_that_nobody_told_is_no_rate() {
    // Braces and brackets in an address are curl's own signs: it refuses them, and the script goes on with nothing.
    let tools = morning(HEALTHY, HEALTHY, 10, "0.001").tool("curl", "real curl \"$@\"");
    let Some(results) = results(tools).await else { return };
    let (verdict, says, _) = &results[4];
    assert_eq!(*verdict, Verdict::NoData, "{results:?}");
    assert!(says.contains("ERROR_RATE"), "{says}");
}

#[tokio::test]
async fn a001_12_the_limits_of_the_script_hold_exactly() {
    for (disk, verdict) in [(79, Verdict::Ok), (80, Verdict::Trouble)] {
        let Some(results) = results(morning(HEALTHY, HEALTHY, disk, "0.001")).await else { return };
        assert_eq!(results[3].0, verdict, "{results:?}");
    }
    for (up, verdict) in [("web Up", Verdict::Ok), ("web Exit 1", Verdict::Trouble)] {
        let tool = format!("echo 'Name State'; echo '{up}'");
        let tools = Tools::default().tool("docker-compose", &tool);
        let Some(mut work) = Work::open("001", "Comprehensive Health Check", tools).await else { return };
        let of = |work: &Work, part: &str| {
            work.commands().into_iter().find(|(_, one)| one.statement.text.contains(part)).expect("it").0
        };
        let at = of(&work, "UNHEALTHY=$(");
        let (ended, _) = work.run(at).await;
        assert!(ended.verdict <= Verdict::Accepted, "{}", ended.says);
        let at = of(&work, "All containers running");
        let (ended, out) = work.run(at).await;
        assert_eq!(ended.verdict, verdict, "{}: {out}", ended.says);
    }
}
