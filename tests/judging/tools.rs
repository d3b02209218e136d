//! What tools say, whatever their exit code.
use firedeck::incident::event::Verdict;
use firedeck::runbook::judge::{HOLD, Named, Offer, Watch};

use super::{is, judged};

#[test]
fn a_tool_that_is_not_there_is_named() {
    is(
        &judged("az aks show --name yard", &[127], "", "bash: line 1: az: command not found"),
        Verdict::Failed,
        "az is not installed",
    );
    is(
        &judged("az aks list | jq .", &[127, 0], "", "bash: az: command not found"),
        Verdict::Failed,
        "az is not installed",
    );
    is(
        &judged("./drain.sh", &[126], "", "bash: ./drain.sh: Permission denied"),
        Verdict::Failed,
        "cannot be executed",
    );
    let inside = "OCI runtime exec failed: exec: \"redis-cli\": executable file not found in $PATH";
    is(
        &judged("kubectl exec -n yard deploy/crane -- redis-cli ping", &[1], "", inside),
        Verdict::Failed,
        "not installed there",
    );
    let noise =
        "E1127 00:03:50.5   18 memcache.go:265] \"Unhandled\"\nThe connection to the server was refused";
    is(&judged("kubectl get pods", &[1], "", noise), Verdict::Failed, "The connection to the server");
}

#[test]
fn psql_may_end_well_after_an_error() {
    is(
        &judged(
            "psql -c 'SELECT tablename FROM pg_stat_user_indexes'",
            &[0],
            "",
            "ERROR:  column \"tablename\" does not exist\nLINE 1: …\n",
        ),
        Verdict::Failed,
        "does not exist",
    );
    is(
        &judged("psql -h ledger -c 'SELECT 1'", &[2], "", "psql: error: connection to server failed"),
        Verdict::Failed,
        "connection to server",
    );
    is(
        &judged("psql -c 'SELECT name FROM keys'", &[0], " name \n------\n(0 rows)\n\n", ""),
        Verdict::NoMatches,
        "0 rows",
    );
    is(
        &judged("psql -c 'SELECT name FROM keys'", &[0], " name \n------\n a\n(1 row)\n\n", ""),
        Verdict::Ok,
        "1 row",
    );
}

#[test]
fn a_server_without_a_slot_is_recognised_and_the_held_session_is_offered() {
    for said in [
        "psql: error: connection to server at \"ledger\" failed: FATAL:  sorry, too many clients already",
        "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
        "FATAL:  too many connections for role \"yard\"",
    ] {
        let full = judged("psql -h ledger -c 'SELECT count(*) FROM pg_stat_activity'", &[2], "", said);
        is(&full, Verdict::Failed, "53300");
        assert_eq!(
            full.offer,
            Some(Offer::HeldSession {
                sql: vec!["SELECT count(*) FROM pg_stat_activity".into()],
                named: Named { host: Some("ledger".into()), ..Named::default() },
            }),
            "{said}"
        );
    }
    assert_eq!(judged("uptime", &[1], "", "too many clients").offer, None);
}

#[test]
fn redis_cli_may_end_well_after_an_error() {
    is(
        &judged("redis-cli ping", &[0], "(error) NOAUTH Authentication required.\n", ""),
        Verdict::Failed,
        "NOAUTH",
    );
    is(
        &judged("redis-cli get x", &[0], "WRONGTYPE Operation against a key\n", ""),
        Verdict::Failed,
        "WRONGTYPE",
    );
    is(&judged("redis-cli ping", &[0], "PONG\n", ""), Verdict::Ok, "PONG");
    is(&judged("redis-cli get x", &[0], "(nil)\n", ""), Verdict::NoData, "no such value");
}

#[test]
fn a_health_check_finds_5xx_and_what_is_not_well_and_fails_where_nobody_answers() {
    let text = "curl -s https://crane.yard/health";
    is(
        &judged(text, &[0], "<html><title>503 Service Temporarily Unavailable</title></html>", ""),
        Verdict::Trouble,
        "503",
    );
    is(
        &judged("curl -si https://crane.yard/health", &[0], "HTTP/1.1 502 Bad Gateway\r\n\r\nx", ""),
        Verdict::Trouble,
        "502",
    );
    is(&judged(text, &[28], "", ""), Verdict::Failed, "timed out");
    is(&judged(text, &[7], "", ""), Verdict::Failed, "connection refused");
    is(&judged(text, &[0], "{\"status\": \"unhealthy\"}", ""), Verdict::Trouble, "unhealthy");
    is(&judged(text, &[0], "{\n  \"status\": \"healthy\"\n}\n", ""), Verdict::Ok, "");
    is(
        &judged("curl -s https://crane.yard/health | jq", &[0, 2], "", "jq: parse error: Invalid literal"),
        Verdict::Failed,
        "not JSON",
    );
    is(
        &judged("curl -s -o /dev/null -w '%{http_code}' https://crane.yard/health", &[0], "503", ""),
        Verdict::Trouble,
        "503",
    );
    is(&judged("curl -s -o /dev/null https://crane.yard/health", &[0], "", ""), Verdict::NoData, "not asked");
    is(
        &judged("curl -s https://crane.yard/q?query=up{a} | jq .", &[3, 0], "", "curl: (3) bad range"),
        Verdict::Failed,
        "malformed",
    );
}

#[test]
fn findings_and_differences_are_results_and_no_errors() {
    is(&judged("diff a.yml b.yml", &[1], "1c1\n< a\n---\n> b\n", ""), Verdict::Ok, "they differ");
    is(&judged("diff a.yml b.yml", &[2], "", "diff: b.yml: No such file"), Verdict::Failed, "No such file");
    is(
        &judged("npm audit --audit-level=moderate", &[1], "x\n3 vulnerabilities (1 moderate, 2 high)\n", ""),
        Verdict::Trouble,
        "found: 3 vulnerabilities",
    );
    is(&judged("npm audit", &[0], "found 0 vulnerabilities\n", ""), Verdict::Ok, "found 0");
}

#[test]
fn a_primary_has_no_lag_and_that_is_no_error() {
    let compared = "[ $(psql -t -c 'SELECT now() - pg_last_xact_replay_timestamp()') -lt 60 ]";
    is(
        &judged(compared, &[2], "", "bash: [: : integer expression expected"),
        Verdict::NoData,
        "not a replica",
    );
    let refused = "psql: error: connection refused\nbash: [: -lt: unary operator expected";
    is(&judged(compared, &[2], "", refused), Verdict::NoData, "connection refused");
    let asked = "psql -c 'SELECT EXTRACT(EPOCH FROM now() - pg_last_xact_replay_timestamp())'";
    is(
        &judged(asked, &[0], " extract \n---------\n        \n(1 row)\n\n", ""),
        Verdict::NoData,
        "not a replica",
    );
    is(&judged(asked, &[0], " extract \n---------\n     3.2\n(1 row)\n\n", ""), Verdict::Ok, "1 row");
    is(
        &judged("[ $USED -lt 80 ]", &[2], "", "bash: [: -lt: unary operator expected"),
        Verdict::NoData,
        "no number",
    );
    is(&judged("[ 91 -lt 80 ]", &[1], "", ""), Verdict::Trouble, "does not hold");
    is(&judged("[ 9 -lt 80 ]", &[0], "", ""), Verdict::Ok, "");
}

#[test]
fn waiting_in_vain_is_an_answer() {
    is(
        &judged(
            "kubectl rollout status deployment/crane --timeout=60s",
            &[1],
            "",
            "error: timed out waiting for the condition",
        ),
        Verdict::Trouble,
        "not so within its time",
    );
    is(
        &judged(
            "kubectl wait --for=condition=ready pod -l app=crane",
            &[1],
            "",
            "error: timed out waiting for the condition on pods/crane-1",
        ),
        Verdict::Trouble,
        "not so within",
    );
    is(&judged("timeout 5 kubectl get pods", &[124], "", ""), Verdict::Failed, "timeout");
}

#[test]
fn no_resources_is_no_data_for_a_read_and_nothing_hit_for_a_change() {
    is(
        &judged("kubectl get pods -n yard", &[0], "", "No resources found in yard namespace.\n"),
        Verdict::NoData,
        "no resources",
    );
    is(
        &judged("kubectl delete pods -l app=crane", &[0], "No resources found\n", ""),
        Verdict::NoMatches,
        "nothing was hit",
    );
    is(
        &judged("psql -c \"DELETE FROM crates WHERE old\"", &[0], "DELETE 0\n", ""),
        Verdict::NoMatches,
        "nothing was hit",
    );
}

#[test]
fn a_script_that_puts_its_words_around_nothing_has_found_nothing() {
    let disk = "if [ $USED -lt 80 ]; then\n  echo \"✓ PASS (${USED}% used)\"\nelse\n  echo \"⚠ WARNING\"\nfi";
    is(&judged(disk, &[0], "✓ PASS (41% used)\n", ""), Verdict::Ok, "41%");
    is(
        &judged(disk, &[0], "⚠ WARNING\n", "bash: [: -lt: unary operator expected"),
        Verdict::NoData,
        "no number",
    );
    is(&judged(disk, &[0], "✓ PASS (% used)\n", ""), Verdict::NoData, "");
    is(&judged(disk, &[0], "⚠ WARNING\n", ""), Verdict::Trouble, "WARNING");
}

#[test]
fn what_was_changed_is_accepted_until_it_has_held_a_minute() {
    assert_eq!(HOLD.as_secs(), 60);
    let watch = |text: &str, out: &str| {
        let judged = judged(text, &[0], out, "");
        assert_eq!(judged.verdict, Verdict::Accepted, "{text}: {judged:?}");
        judged.watch.expect("something to watch")
    };
    let rolled = |object: &str, namespace: Option<&str>| Watch::RolledOut {
        object: object.into(),
        namespace: namespace.map(str::to_owned),
    };
    assert_eq!(
        watch("kubectl rollout restart deployment/crane -n yard", "restarted\n"),
        rolled("deployment/crane", Some("yard"))
    );
    assert_eq!(
        watch("kubectl rollout undo deployment crane", "rolled back\n"),
        rolled("deployment/crane", None)
    );
    assert_eq!(
        watch("kubectl scale deployment/crane --replicas=5 -n yard", "scaled\n"),
        rolled("deployment/crane", Some("yard"))
    );
    assert_eq!(
        watch("kubectl set env deployment/crane -n yard POOL=30", "updated\n"),
        rolled("deployment/crane", Some("yard"))
    );
    assert_eq!(
        watch("kubectl delete pod crane-1 -n yard", "deleted\n"),
        Watch::PodsGone { object: "pod/crane-1".into(), namespace: Some("yard".into()) }
    );
    assert_eq!(
        watch("kubectl drain node-7 --ignore-daemonsets", "drained\n"),
        Watch::PodsGone { object: "node/node-7".into(), namespace: None }
    );
    assert_eq!(
        watch("redis-cli CONFIG SET maxmemory 4gb", "OK\n"),
        Watch::ValueAsSet { name: "maxmemory".into(), value: "4gb".into() }
    );
    assert_eq!(
        watch("psql -c \"ALTER SYSTEM SET work_mem = '64MB'\"", "ALTER SYSTEM\n"),
        Watch::ValueAsSet { name: "work_mem".into(), value: "64MB".into() }
    );
    assert_eq!(
        watch("psql -c 'SELECT pg_terminate_backend(7)'", " pg_terminate_backend \n---\n t\n(1 row)\n"),
        Watch::SlotsFree
    );
    assert_eq!(watch("az redis regenerate-key --name yard", "{}"), Watch::Nothing);
    assert_eq!(
        watch("ssh ops@yard-7 'docker compose restart crane'", "done\n"),
        rolled("container/crane", None)
    );
    assert_eq!(watch("ssh ops@yard-7 'sudo systemctl restart crane'", ""), Watch::Nothing);
    let failed = judged("kubectl rollout restart deployment/crane", &[1], "", "Error from server (NotFound)");
    is(&failed, Verdict::Failed, "NotFound");
    assert_eq!(failed.watch, None);
    is(&judged("mkdir -p /srv/backup", &[0], "", ""), Verdict::Ok, "");
}

#[test]
fn ending_sessions_says_how_many() {
    let text = "psql -c \"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle'\"";
    is(
        &judged(text, &[0], " pg_terminate_backend \n---\n t\n t\n f\n(3 rows)\n", ""),
        Verdict::Accepted,
        "2 of 3 ended",
    );
    is(
        &judged(text, &[0], " pg_terminate_backend \n---\n(0 rows)\n", ""),
        Verdict::NoMatches,
        "nothing was hit",
    );
}

#[test]
fn a_certificate_is_told_in_days_and_warned_of_a_month_before_its_end() {
    let dates = "echo | openssl s_client -connect yard:443 2>/dev/null | openssl x509 -noout -dates";
    let told = |end: &str| format!("notBefore=Jan  7 12:00:00 2026 GMT\nnotAfter={end}\n");
    let far = judged(dates, &[0, 0, 0], &told("Jun  3 12:00:00 2026 GMT"), "");
    is(&far, Verdict::Ok, "70 days left, until 2026-06-03");
    assert!(far.warnings.is_empty(), "{far:?}");
    let near = judged(dates, &[0, 0, 0], &told("Apr 24 12:00:00 2026 GMT"), "");
    is(&near, Verdict::Ok, "30 days left");
    assert!(near.warnings.iter().any(|one| one.contains("within 30")), "{near:?}");
    is(&judged(dates, &[0, 0, 0], &told("Mar 25 11:00:00 2026 GMT"), ""), Verdict::Trouble, "expired");
    let shown = "*  expire date: Apr  1 13:00:00 2026 GMT\n";
    is(
        &judged("curl -v https://yard 2>&1 | grep \"expire date\"", &[0, 0], shown, ""),
        Verdict::Ok,
        "7 days left",
    );
    is(&judged(dates, &[0, 0, 0], &told("never"), ""), Verdict::Ok, "2 lines");
}
