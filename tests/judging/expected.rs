//! What a document expects, in JSON, numbers, states or a few words.
use firedeck::incident::event::Verdict;

use super::{expecting, is};

const HEALTH: &str = "curl -s https://crane.yard/health | jq";

#[test]
fn json_is_compared_as_json_in_any_layout() {
    for expected in [
        "`{\"status\": \"healthy\"}`",
        "returns {\"status\":\"healthy\"}",
        "Should return `{ \"status\" : \"healthy\" }`.",
    ] {
        let good =
            expecting(expected, HEALTH, &[0, 0], "{\n  \"status\": \"healthy\",\n  \"since\": 3\n}\n", "");
        is(&good, Verdict::Ok, "as expected");
        let bad = expecting(expected, HEALTH, &[0, 0], "{\"status\":\"unhealthy\"}", "");
        is(&bad, Verdict::Failed, "`.status` is \"unhealthy\"");
        is(&expecting(expected, HEALTH, &[0, 0], "healthy, says the crane", ""), Verdict::Failed, "not JSON");
        is(&expecting(expected, HEALTH, &[0, 0], "", ""), Verdict::NoData, "no output");
        is(&expecting(expected, HEALTH, &[0, 0], "{}", ""), Verdict::Failed, "missing");
    }
    let one = "curl -s https://crane.yard/health | jq -r .status";
    is(&expecting("{\"status\":\"healthy\"}", one, &[0, 0], "healthy\n", ""), Verdict::Ok, "healthy");
    is(&expecting("{\"status\":\"healthy\"}", one, &[0, 0], "unhealthy\n", ""), Verdict::Failed, "unhealthy");
}

#[test]
fn numbers_are_compared_with_their_limit() {
    let count = "psql -c 'SELECT count(*) FROM pg_stat_activity'";
    let table = |n: u32| format!(" count \n-------\n    {n}\n(1 row)\n\n");
    is(&expecting("count < 80", count, &[0], &table(41), ""), Verdict::Ok, "41; expected < 80");
    is(&expecting("count < 80", count, &[0], &table(91), ""), Verdict::Failed, "91");
    is(&expecting("less than 80 connections", count, &[0], &table(91), ""), Verdict::Failed, "91");
    is(
        &expecting("count < 80", count, &[0], " count \n-------\n(0 rows)\n", ""),
        Verdict::NoData,
        "no number",
    );
    is(&expecting("at least 3", "nproc", &[0], "2\n", ""), Verdict::Failed, "2");
    is(&expecting("< 80%", "df --output=pcent /srv | tail -1", &[0, 0], " 73%\n", ""), Verdict::Ok, "73%");
    is(&expecting("lag < 500ms", "redis-cli info replication", &[0], "lag: 2s\n", ""), Verdict::Failed, "2s");
}

#[test]
fn states_are_words_that_are_not_turned_around() {
    let nodes = "kubectl get nodes";
    let head = "NAME     STATUS     ROLES\n";
    is(
        &expecting(
            "Ready",
            nodes,
            &[0],
            &format!("{head}node-1   Ready      a\nnode-2   Ready      a\n"),
            "",
        ),
        Verdict::Ok,
        "ready",
    );
    is(
        &expecting(
            "Ready",
            nodes,
            &[0],
            &format!("{head}node-1   Ready      a\nnode-2   NotReady   a\n"),
            "",
        ),
        Verdict::Failed,
        "node-2",
    );
    let certificate = "kubectl get certificate -n yard";
    is(
        &expecting("Ready", certificate, &[0], "NAME    READY   AGE\nyard    False   3d\n", ""),
        Verdict::Failed,
        "not ready",
    );
    is(
        &expecting("Ready", certificate, &[0], "NAME    READY   AGE\nyard    True    3d\n", ""),
        Verdict::Ok,
        "ready",
    );
    let pods = "kubectl get pods -n yard";
    is(
        &expecting(
            "all pods Running",
            pods,
            &[0],
            "NAME   READY   STATUS\na      1/1     Running\nb      0/1     Pending\n",
            "",
        ),
        Verdict::Failed,
        "Pending",
    );
    is(&expecting("PONG", "redis-cli ping", &[0], "PONG\n", ""), Verdict::Ok, "PONG");
    is(&expecting("healthy", "docker inspect crane", &[0], "unhealthy\n", ""), Verdict::Failed, "unhealthy");
    is(
        &expecting(
            "`accepting connections`",
            "pg_isready",
            &[0],
            "ledger:5432 - accepting connections\n",
            "",
        ),
        Verdict::Ok,
        "accepting",
    );
    is(
        &expecting("healthy", "docker inspect crane", &[0], "not healthy\n", ""),
        Verdict::Failed,
        "not healthy",
    );
    let two = "crane healthy\nlift unhealthy\n";
    is(&expecting("healthy", "yard-state", &[0], two, ""), Verdict::Failed, "lift unhealthy");
}

#[test]
fn a_number_or_a_truth_value_alone_is_all_that_may_come() {
    let ready = "kubectl get deployment crane -o jsonpath='{.status.ready}'";
    is(&expecting("`true`", ready, &[0], "true", ""), Verdict::Ok, "true");
    is(&expecting("`true`", ready, &[0], "false", ""), Verdict::Failed, "expected true");
    is(&expecting("`0`", ready, &[0], "10", ""), Verdict::Failed, "10; expected 0");
    is(&expecting("`0`", ready, &[0], "web 0/1\n", ""), Verdict::Failed, "expected 0");
    is(&expecting("`0`", ready, &[0], "", ""), Verdict::NoData, "no output");
    let count = "psql -c 'SELECT count(*) FROM crates'";
    is(&expecting("0", count, &[0], " count \n-------\n     0\n(1 row)\n", ""), Verdict::Ok, "0");
    is(
        &expecting("`0`", "kubectl get pods | grep -c Evicted", &[0, 1], "0\n", ""),
        Verdict::Ok,
        "as expected",
    );
}

#[test]
fn a_status_is_read_where_it_is_shown_and_never_guessed() {
    let silent = "curl -s https://crane.yard/api";
    is(
        &expecting("200 OK", "curl -sI https://crane.yard/api", &[0], "HTTP/2 200 \r\ndate: x\r\n", ""),
        Verdict::Ok,
        "200",
    );
    is(
        &expecting("HTTP 200", "curl -sI https://crane.yard/api", &[0], "HTTP/2 301 \r\n", ""),
        Verdict::Failed,
        "301",
    );
    is(&expecting("200 OK", silent, &[0], "some body\n", ""), Verdict::NoData, "does not show its status");
    is(
        &expecting("200", "curl -fs https://crane.yard/api", &[0], "some body\n", ""),
        Verdict::Ok,
        "without an error",
    );
}

#[test]
fn nothing_is_expected_and_something_came() {
    let list = "kubectl get pods -n yard --field-selector=status.phase=Failed";
    is(&expecting("No output", list, &[0], "a\nb\n", ""), Verdict::Failed, "2 lines");
    is(
        &expecting("nothing", list, &[0], "", "No resources found in yard namespace."),
        Verdict::Ok,
        "as expected",
    );
    is(&expecting("no output", list, &[0], "", "Unable to connect"), Verdict::NoData, "Unable to connect");
    is(
        &expecting("0 rows", "psql -c 'SELECT 1 WHERE false'", &[0], "a\n-\n(0 rows)\n", ""),
        Verdict::Ok,
        "as expected",
    );
}

#[test]
fn what_cannot_be_compared_is_said_to_be_so() {
    let prose = "the load should be about what it was on the days before the release of the crane";
    let judged = expecting(prose, "uptime", &[0], "load average: 0.3\n", "");
    is(&judged, Verdict::Ok, "load average");
    assert!(judged.warnings.iter().any(|warning| warning.contains("not compared")), "{judged:?}");
}
