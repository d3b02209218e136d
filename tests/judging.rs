//! What a command came to: exit codes of all parts, output, expectation.
mod expected;
mod lies;
mod search;
mod tools;
mod trouble;

use firedeck::commands::tools::Tables;
use firedeck::domain::time::Timestamp;
use firedeck::incident::event::{End, Verdict};
use firedeck::runbook::judge::{Judged, Seen, judge};
use firedeck::runbook::{Step, catalogue};

/// Noon of 25 March 2026.
const NOW: Timestamp = Timestamp(1_774_440_000_000);

/// Judges the first command of a fence by how it ended and what it wrote.
fn judged(text: &str, codes: &[i32], out: &str, err: &str) -> Judged {
    expecting("", text, codes, out, err)
}

/// The same with what the step expects.
fn expecting(expected: &str, text: &str, codes: &[i32], out: &str, err: &str) -> Judged {
    of_step(&mut step(text), expected, codes, out, err)
}

fn step(text: &str) -> Step {
    let page = format!("### Yard check\n\n```bash\n# Look at the yard\n{text}\n```\n");
    let document = catalogue::read("yard.md", &page, &Tables::default());
    document.runbooks[0].steps[0].clone()
}

fn of_step(step: &mut Step, expected: &str, codes: &[i32], out: &str, err: &str) -> Judged {
    step.expected = (!expected.is_empty()).then(|| expected.to_owned());
    let end = End::Exit(codes.to_vec());
    let own = step.commands[0].statement.text.clone();
    judge(
        step,
        0,
        &own,
        &Seen { end: &end, stdout: out, stderr: err, whole: true, terminal: false, now: NOW },
    )
}

fn ended(end: &End) -> Judged {
    let document = catalogue::read("yard.md", "### Yard\n\n```bash\nuptime\n```\n", &Tables::default());
    let step = &document.runbooks[0].steps[0];
    judge(step, 0, "uptime", &Seen { end, stdout: "", stderr: "", whole: true, terminal: false, now: NOW })
}

#[track_caller]
fn is(judged: &Judged, verdict: Verdict, says: &str) {
    assert_eq!(judged.verdict, verdict, "{judged:?}");
    assert!(judged.says.contains(says), "{judged:?}");
}

#[test]
fn what_was_stopped_or_lost_is_never_good() {
    is(&ended(&End::Stopped), Verdict::Stopped, "stopped");
    is(&ended(&End::ShellGone), Verdict::Lost, "variables");
    is(&ended(&End::Interrupted), Verdict::Interrupted, "not known");
    is(&ended(&End::NotStarted), Verdict::Failed, "never started");
    is(&ended(&End::Exit(Vec::new())), Verdict::NoData, "no exit code");
}

#[test]
fn a_statement_that_gave_nothing_where_data_was_expected_is_no_data() {
    is(&judged("kubectl get pods -n yard", &[0], "", ""), Verdict::NoData, "no output");
    is(&judged("curl -s http://crane.yard/api", &[0], "  \n", ""), Verdict::NoData, "no output");
    is(&judged("curl -s http://crane.yard/api | jq .load", &[0, 0], "null\n", ""), Verdict::NoData, "null");
    is(&judged("docker ps", &[0], "CONTAINER ID   IMAGE   STATUS\n", ""), Verdict::NoData, "header");
    is(&judged("openssl x509 -in yard.pem -noout -dates", &[0], "", ""), Verdict::NoData, "no output");
    let query = "curl -s 'http://metrics.yard/api/v1/query?query=up'";
    let none = "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}";
    is(&judged(query, &[0], none, ""), Verdict::NoData, "holds nothing");
    is(&judged("az redis list", &[0], "[]\n", ""), Verdict::NoMatches, "empty list");
    // What never writes anything is good without.
    is(&judged("cd /srv", &[0], "", ""), Verdict::Ok, "");
    is(&judged("STAMP=$(date +%s)", &[0], "", ""), Verdict::Ok, "");
    is(&judged("kubectl get pods -n yard > pods.txt", &[0], "", ""), Verdict::Ok, "");
    is(&judged("diff a.yml b.yml", &[0], "", ""), Verdict::Ok, "");
}

#[test]
fn what_it_says_is_clean_and_holds_no_secret() {
    let red =
        judged("uptime", &[3], "", "\u{1b}[31mpostgres://crane:hunter2@ledger/yard\u{1b}]0;x\u{7} refused");
    assert!(!red.says.contains('\u{1b}') && !red.says.contains("hunter2"), "{red:?}");
    assert!(judged("uptime", &[3], "", &"x".repeat(100_000)).says.len() < 400);
}

#[test]
fn any_bytes_are_judged_without_a_panic() {
    let odd = [
        "",
        "\u{0}",
        "[",
        "{\"a\":",
        "(0 rows)",
        "HTTP/1.1",
        "HTTP/1.1 999999",
        "---\n",
        "-----\n\n(1 row)",
        "ä✗🎌",
    ];
    for text in
        ["psql -c 'SELECT 1'", "redis-cli ping", "curl -s x | jq .a", "grep a b | wc -l", "[ $A -lt 3 ]"]
    {
        let mut step = step(text);
        for out in odd {
            for expected in odd {
                for codes in [&[0][..], &[0, 0], &[1], &[1, 2, 3], &[i32::MIN], &[i32::MAX, 255]] {
                    of_step(&mut step, expected, codes, out, out);
                }
            }
        }
    }
}
