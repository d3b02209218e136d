//! What only reads and finds something bad has answered; what could not run, reached nobody or was refused has failed.
use firedeck::incident::event::Verdict;

use super::{expecting, is, judged};

#[test]
fn a_server_in_trouble_has_answered_and_one_that_refuses_has_not() {
    let quiet = "curl -sf https://crane.yard/health";
    is(&judged(quiet, &[22], "", ""), Verdict::Trouble, "answered with an error");
    let told = |status: u16| format!("curl: (22) The requested URL returned error: {status}\n");
    let loud = "curl -fsS https://crane.yard/health";
    is(&judged(loud, &[22], "", &told(503)), Verdict::Trouble, "answered 503");
    for status in [401, 403, 404, 429] {
        is(&judged(loud, &[22], "", &told(status)), Verdict::Failed, &format!("answered {status}"));
    }
    // Whatever the parts behind it made of an empty answer.
    is(
        &judged("curl -sf https://crane.yard/health | jq .status", &[22, 0], "", ""),
        Verdict::Trouble,
        "error",
    );
    is(&judged("curl -sf https://crane.yard/health | grep ok", &[22, 1], "", ""), Verdict::Trouble, "error");
    for (code, why) in [(6, "resolve"), (7, "refused"), (28, "timed out"), (60, "not trusted")] {
        is(&judged(quiet, &[code], "", ""), Verdict::Failed, why);
    }
}

#[test]
fn a_container_that_is_not_well_is_found_and_one_that_is_not_there_is_not() {
    let health = "docker inspect -f '{{.State.Health.Status}}' crane";
    is(&judged(health, &[0], "unhealthy\n", ""), Verdict::Trouble, "unhealthy");
    let gone = "Error: No such object: crane\n";
    is(&judged(health, &[1], "", gone), Verdict::Failed, "No such object");
    let refused = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock.\n";
    is(
        &judged("docker inspect crane | grep unhealthy", &[1, 1], "", refused),
        Verdict::Failed,
        "docker failed",
    );
}

#[test]
fn a_pod_that_has_never_ended_has_no_log_of_before_and_that_is_an_answer() {
    let before = "kubectl logs crane-1 -n yard --previous";
    let none = "Error from server (BadRequest): previous terminated container \"app\" in pod \"crane-1\" not found\n";
    is(&judged(before, &[1], "", none), Verdict::NoMatches, "has not ended once");
    let piped = "kubectl logs crane-1 -n yard --previous | grep -i error";
    is(&judged(piped, &[1, 1], "", none), Verdict::NoMatches, "has not ended once");
    let gone = "Error from server (NotFound): pods \"crane-1\" not found\n";
    is(&judged(before, &[1], "", gone), Verdict::Failed, "NotFound");
}

#[test]
fn a_tool_that_answers_by_its_exit_code_has_answered_only_if_it_was_reached() {
    is(
        &judged("pg_isready -h ledger", &[2], "ledger:5432 - no response\n", ""),
        Verdict::Trouble,
        "does not answer",
    );
    is(&judged("pg_isready -h ledger", &[3], "", ""), Verdict::Failed, "could not ask");
    let inside = "kubectl exec deploy/ledger -- pg_isready";
    let forbidden = "Error from server (Forbidden): pods is forbidden\n";
    is(&judged(inside, &[1], "", forbidden), Verdict::Failed, "refuses");
    is(&judged("systemctl is-active crane", &[3], "inactive\n", ""), Verdict::Trouble, "inactive");
    is(&judged("kubectl auth can-i delete pods", &[1], "no\n", ""), Verdict::Trouble, "no");
    is(&judged("kubectl get pods 2>&1", &[1], "error: no\n", ""), Verdict::Failed, "exit 1");
}

#[test]
fn a_script_that_reacts_to_what_it_found_has_found_it() {
    let either = "pg_isready -q -h ledger || echo 'the ledger is down'";
    is(&judged(either, &[0], "the ledger is down\n", ""), Verdict::Trouble, "is down");
    let kube = "kubectl get deploy crane -n yard || echo 'no crane'";
    let refused = "The connection to the server was refused\n";
    is(&judged(kube, &[0], "no crane\n", refused), Verdict::Failed, "no crane");
}

#[test]
fn what_is_expected_and_has_not_come_is_a_failure_and_so_is_a_change() {
    let loud = "curl -sf https://crane.yard/health";
    is(&expecting("200 OK", loud, &[22], "", ""), Verdict::Failed, "expected 200 OK");
    let health = "curl -s https://crane.yard/health";
    let ill = "{\"status\":\"unhealthy\"}";
    is(&expecting("{\"status\":\"healthy\"}", health, &[0], ill, ""), Verdict::Failed, "unhealthy");
    is(&judged("curl -sf -X POST https://crane.yard/drain", &[22], "", ""), Verdict::Failed, "error");
}
