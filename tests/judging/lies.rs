//! Ends that look good and are not.
use firedeck::incident::event::{End, Verdict};
use firedeck::runbook::judge::{Judged, Seen, Watch, judge};

use super::{expecting, is, judged, step};

const GET: &str = "curl -s -o /dev/null -w '%{http_code} %{time_total}\\n' http://crane.yard/api";

#[track_caller]
fn not_ok(judged: &Judged) {
    assert!(!matches!(judged.verdict, Verdict::Ok | Verdict::NoMatches | Verdict::Accepted), "{judged:?}");
}

#[test]
fn a_status_is_read_wherever_the_format_puts_it() {
    is(&judged(GET, &[0], "500 0.045\n", ""), Verdict::Trouble, "500");
    is(&judged(GET, &[0], "500 0.123\n", ""), Verdict::Trouble, "500");
    is(&judged(GET, &[0], "000 0.001\n", ""), Verdict::Failed, "no status");
    is(&judged(GET, &[0], "200 0.500\n", ""), Verdict::Ok, "");
    let lines = "curl -s -o /dev/null -w 'code: %{http_code}\\ntime: %{time_total}\\n' http://crane.yard/api";
    is(&judged(lines, &[0], "code: 503\ntime: 1.200\n", ""), Verdict::Trouble, "503");
    is(&judged(lines, &[0], "code: 200\ntime: 1.404\n", ""), Verdict::Ok, "");
    let glued = "curl -s -o /dev/null -w 'code=%{http_code},time=%{time_total}' http://crane.yard/api";
    is(&judged(glued, &[0], "code=502,time=0.200", ""), Verdict::Trouble, "502");
    let body = "curl -s -w '%{http_code}' http://crane.yard/api";
    is(&judged(body, &[0], "{\"crane\":404}200", ""), Verdict::Ok, "");
    is(&judged(body, &[0], "{\"crane\":3}500", ""), Verdict::Trouble, "500");
}

#[test]
fn one_bad_answer_of_several_is_not_good() {
    let each = "for h in a b; do curl -s -o /dev/null -w '%{http_code}\\n' http://$h/api; done";
    is(&judged(each, &[0], "500\n200\n", ""), Verdict::Trouble, "500");
    is(&judged(each, &[0], "200\n200\n", ""), Verdict::Ok, "");
    let heads = "for h in a b; do curl -sI http://$h/api; done";
    let out = "HTTP/1.1 503 Service Unavailable\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
    is(&judged(heads, &[0], out, ""), Verdict::Trouble, "503");
    // One that was redirected is judged by where it came to.
    let moved = "HTTP/1.1 301 Moved\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
    is(&judged("curl -sIL http://crane.yard/", &[0], moved, ""), Verdict::Ok, "");
}

#[test]
fn what_stands_behind_an_or_does_not_make_it_good() {
    let either = "pg_isready -h ledger && echo \"up\" || echo \"down\"";
    not_ok(&judged(either, &[0], "ledger:5432 - no response\ndown\n", ""));
    is(&judged(either, &[0], "ledger:5432 - accepting connections\nup\n", ""), Verdict::Ok, "");
    not_ok(&judged("nc -z ledger 5432 || echo 'Cannot connect'", &[0], "Cannot connect\n", ""));
    not_ok(&judged("pg_isready -h ledger || true", &[0], "", "pg_isready: error: no such host\n"));
    let marked = "curl -sf http://crane.yard/api > /dev/null && echo \"✅ good\" || echo \"gone\"";
    not_ok(&judged(marked, &[0], "gone\n", ""));
}

#[test]
fn a_part_that_complained_is_not_forgotten_behind_the_last_exit_code() {
    let each = "for p in a b; do kubectl describe pod $p; done";
    not_ok(&judged(each, &[0], "Name: b\n", "Error from server (NotFound): pods \"a\" not found\n"));
    is(&judged(each, &[0], "Name: a\nName: b\n", ""), Verdict::Ok, "");
    let inside = "printf 'Replicas: %s\\n' \"$(kubectl get deploy crane -o name)\"";
    not_ok(&judged(inside, &[0], "Replicas: \n", "The connection to the server was refused\n"));
    let set = "LAG=$(psql -h ledger -Atc 'SELECT 1' | tr -d ' ')";
    not_ok(&judged(set, &[0], "", "psql: error: connection to server failed: Connection refused\n"));
}

#[test]
fn a_change_that_hit_something_is_not_said_to_have_hit_nothing() {
    let two = "psql -c \"UPDATE crane SET x = 1; DELETE FROM log\"";
    let judged_two = judged(two, &[0], "UPDATE 5\nDELETE 0\n", "");
    assert_ne!(judged_two.verdict, Verdict::NoMatches, "{judged_two:?}");
    is(&judged(two, &[0], "UPDATE 0\nDELETE 0\n", ""), Verdict::NoMatches, "nothing was hit");
}

#[test]
fn nothing_is_only_nothing_where_nothing_came() {
    let two = "psql -c 'SELECT a FROM x' -c 'SELECT a FROM y'";
    let out = " a \n---\n 1\n(1 row)\n\n a \n---\n(0 rows)\n\n";
    not_ok(&expecting("No rows", two, &[0], out, ""));
    let logs = "kubectl logs deploy/crane --tail=100";
    for line in
        ["FATAL: out of rope", "panic: nil", "java.lang.Exception: x", "Traceback (most recent call last)"]
    {
        not_ok(&expecting("No errors", logs, &[0], &format!("lifted\n{line}\n"), ""));
    }
    is(&expecting("No errors", logs, &[0], "lifted\nlowered\n", ""), Verdict::Ok, "no errors");
}

#[test]
fn numbers_of_other_units_are_not_compared() {
    let time = "curl -s -o /dev/null -w '%{time_total}' http://crane.yard/api";
    not_ok(&expecting("< 200ms", time, &[0], "1.534", ""));
    is(&expecting("< 2s", time, &[0], "1.534", ""), Verdict::Ok, "1.534");
    let rate = "psql -Atc 'SELECT error_rate FROM crane'";
    not_ok(&expecting("< 5%", rate, &[0], "0.5\n", ""));
    let free = "df --output=avail -h /srv | tail -1";
    not_ok(&expecting("> 10G", free, &[0, 0], "900M\n", ""));
    not_ok(&expecting("> 10GB", "crane-free", &[0], "500000\n", ""));
}

#[test]
fn each_row_of_a_list_has_to_be_in_the_state() {
    let list = "kubectl get pods -n yard --no-headers";
    let out = "crane-1   1/1   Running            0   2d\ncrane-2   0/1   CrashLoopBackOff   9   2d\n";
    not_ok(&expecting("Running", list, &[0], out, ""));
    let good = "crane-1   1/1   Running   0   2d\ncrane-2   1/1   Running   0   2d\n";
    is(&expecting("Running", list, &[0], good, ""), Verdict::Ok, "running");
}

#[test]
fn an_empty_object_is_not_what_any_object_is() {
    not_ok(&expecting("{}", "curl -s http://crane.yard/errors", &[0], "{\"error\":\"rope\"}", ""));
}

#[test]
fn a_duration_that_is_expected_is_no_status() {
    let seen = judged_status("Responds in under 500 ms");
    is(&seen, Verdict::Failed, "500");
    is(&judged_status("HTTP 500"), Verdict::Ok, "");
}

fn judged_status(expected: &str) -> Judged {
    expecting(
        expected,
        "curl -si http://crane.yard/api",
        &[0],
        "HTTP/1.1 500 Internal Server Error\r\n\r\n",
        "",
    )
}

#[test]
fn a_body_that_does_not_know_or_denies_its_health_is_not_good() {
    let health = "curl -s http://crane.yard/health";
    for body in [
        "{\"status\":\"unknown\"}",
        "{\"healthy\":false}",
        "{\"ok\":false}",
        "{\"status\":\"success\",\"health\":\"red\"}",
        "{\"status\":\"OFFLINE\"}",
        "{\"status\":\"outage\"}",
        "not ok",
    ] {
        not_ok(&judged(health, &[0], body, ""));
    }
    for body in ["{\"status\":\"UP\"}", "{\"healthy\":true}", "ok", "{\"status\":\"green\"}"] {
        is(&judged(health, &[0], body, ""), Verdict::Ok, "");
    }
}

#[test]
fn a_turned_search_that_found_something_does_not_hold() {
    not_ok(&judged("! grep -q rope yard.log", &[1], "", ""));
    not_ok(&judged("! cat yard.log | grep -q rope", &[1], "", ""));
    is(&judged("! grep -q rope yard.log", &[0], "", ""), Verdict::Ok, "holds");
    // It could not look at all.
    not_ok(&judged("! grep -q rope yard.log", &[0], "", "grep: yard.log: No such file or directory"));
}

#[test]
fn what_settles_a_secret_does_not_tell_it() {
    let text = "redis-cli CONFIG SET requirepass hunter2";
    let seen = judged(text, &[0], "OK\n", "");
    assert_eq!(seen.watch, Some(Watch::Nothing), "{seen:?}");
}

#[test]
fn what_the_beginning_does_not_tell_the_end_may() {
    let text = "for h in a b; do ./probe $h && echo \"✓ $h\" || echo \"✗ $h\"; done";
    let out = format!("✓ a\n{}", "x\n".repeat(700_000)) + "✗ b\n";
    let step = step(text);
    let own = step.commands[0].statement.text.clone();
    let end = End::Exit(vec![0]);
    let seen = Seen { end: &end, stdout: &out, stderr: "", whole: true, terminal: false, now: super::NOW };
    not_ok(&judge(&step, 0, &own, &seen));
}

#[test]
fn a_chain_that_broke_before_its_search_found_nothing_out() {
    not_ok(&judged("crane ls | sort && crane ps | grep rope", &[0, 1], "", ""));
}

#[test]
fn a_test_that_reached_nobody_has_not_said_no() {
    let text = "if kubectl get deploy crane; then\n  # Scale it\n  kubectl scale deploy crane --replicas=2\nelse\n  # Clear its disk\n  kubectl delete pvc crane\nfi";
    let err = "The connection to the server crane:6443 was refused - did you specify the right host or port?";
    let seen = judged(text, &[1], "", err);
    is(&seen, Verdict::NoData, "gave no answer");
    let missing = "Error from server (NotFound): deployments.apps \"crane\" not found";
    is(&judged(text, &[1], "", missing), Verdict::Ok, "does not hold");
}

#[test]
fn a_script_that_says_itself_that_it_failed_has_failed_whatever_else_complained() {
    let text = "if redis-cli ping | grep -q \"PONG\"; then\n  echo \"✓ PASS\"\nelse\n  echo \"✗ FAIL\"\nfi";
    is(&judged(text, &[0], "✗ FAIL\n", "something was refused\n"), Verdict::Failed, "FAIL");
    is(&judged(text, &[0], "✓ PASS\n", "something was refused\n"), Verdict::NoData, "may have failed");
}

#[test]
fn what_only_speaks_of_a_warning_has_not_failed() {
    let spoken =
        judged("echo \"WARNING: this overwrites ${YARD}\"", &[0], "WARNING: this overwrites a\n", "");
    assert_eq!(spoken.verdict, Verdict::Ok, "{spoken:?}");
}
