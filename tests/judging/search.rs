//! A search that found nothing is good to know only if all before it went well.
use firedeck::incident::event::Verdict;

use super::{expecting, is, judged};

const LOGS: &str = "kubectl logs -n yard -l app=crane --since=12h | grep -i error";

#[test]
fn grep_that_finds_nothing_is_no_matches_only_if_all_before_it_went_well() {
    is(&judged(LOGS, &[0, 1], "", ""), Verdict::NoMatches, "no matches");
    is(&judged(LOGS, &[1, 1], "", "connection refused"), Verdict::Failed, "kubectl failed (1)");
    is(
        &judged(LOGS, &[0, 1], "", "No resources found in yard namespace.\n"),
        Verdict::NoData,
        "No resources found",
    );
    is(&judged(LOGS, &[0, 2], "", "grep: bad"), Verdict::Failed, "grep");
    is(&judged(LOGS, &[0, 0], "an error\n", ""), Verdict::Ok, "an error");
    // Which of two has answered is not known.
    is(&judged("test -f app.log && grep error app.log", &[1], "", ""), Verdict::NoData, "before it");
    // What kubectl tells of itself is no complaint.
    let inside = "kubectl exec -n yard deploy/crane -- grep error /var/log/app.log";
    let told = "Defaulted container \"app\" out of: app, proxy\ncommand terminated with exit code 1\n";
    is(&judged(inside, &[1], "", told), Verdict::NoMatches, "no matches");
    is(&judged(inside, &[1], "", "error: unable to upgrade connection"), Verdict::NoData, "unable");
    // Who throws errors away does not know whether there were any.
    is(&judged("kubectl get events 2>/dev/null | grep Failed", &[0, 1], "", ""), Verdict::NoData, "not kept");
}

#[test]
fn what_stands_behind_a_search_changes_nothing_of_that() {
    is(
        &judged("kubectl get pods | grep Evicted | wc -l", &[0, 1, 0], "0\n", ""),
        Verdict::NoMatches,
        "no matches",
    );
    is(
        &judged("kubectl get pods | grep Evicted | wc -l", &[1, 1, 0], "0\n", "forbidden"),
        Verdict::Failed,
        "kubectl failed",
    );
    is(
        &judged("kubectl get pods | grep -v Running | sort | head -5", &[0, 1, 0, 0], "", ""),
        Verdict::NoMatches,
        "no matches",
    );
}

#[test]
fn a_part_that_was_cut_off_by_head_has_not_failed() {
    is(&judged("kubectl get events | head -5", &[141, 0], "a\nb\n", ""), Verdict::Ok, "2 lines");
    is(&judged("kubectl get events | tail -5", &[1, 0], "", "forbidden"), Verdict::Failed, "forbidden");
}

#[test]
fn a_shell_that_keeps_one_exit_code_of_a_pipe_proves_less() {
    let text = "kubectl get pods | wc -l";
    is(&judged(text, &[0], "0\n", "Unable to connect to the server"), Verdict::NoData, "not known");
    let known = judged(text, &[0], "3\n", "");
    is(&known, Verdict::Ok, "3");
    assert!(known.warnings.iter().any(|warning| warning.contains("not known")), "{known:?}");
    is(&judged(LOGS, &[1], "", ""), Verdict::Failed, "exit 1");
}

#[test]
fn a_search_for_healthy_that_lets_unhealthy_pass_says_so() {
    let text = "if curl -s http://localhost:8080/health | jq -r .status | grep -q \"healthy\"; then\n  echo \"✓ PASS\"\nelse\n  echo \"✗ FAIL\"\nfi";
    let passed = judged(text, &[0], "✓ PASS\n", "");
    is(&passed, Verdict::Ok, "PASS");
    assert!(passed.warnings.iter().any(|warning| warning.contains("`unhealthy`")), "{passed:?}");
    is(&judged(text, &[0], "✗ FAIL\n", ""), Verdict::Trouble, "FAIL");
    let exact = judged("curl -s http://localhost:8080/health | grep -qw healthy", &[0, 0], "", "");
    assert!(exact.warnings.is_empty(), "{exact:?}");
    let ready = judged("kubectl get nodes | grep Ready", &[0, 0], "node-1 NotReady\n", "");
    assert!(ready.warnings.iter().any(|warning| warning.contains("`notready`")), "{ready:?}");
}

#[test]
fn logs_of_a_selector_without_tail_say_that_they_are_ten_lines_of_each_pod() {
    let ten = judged(LOGS, &[0, 1], "", "");
    assert!(ten.warnings.iter().any(|warning| warning.contains("last 10 lines")), "{ten:?}");
    let all = judged("kubectl logs -n yard -l app=crane --tail=500", &[0], "x\n", "");
    assert!(all.warnings.is_empty(), "{all:?}");
    let one = judged("kubectl logs -n yard deploy/crane", &[0], "x\n", "");
    assert!(one.warnings.is_empty(), "{one:?}");
}

#[test]
fn nothing_found_is_good_where_nothing_was_expected_and_bad_where_something_was() {
    is(&expecting("no output", LOGS, &[0, 1], "", ""), Verdict::Ok, "as expected");
    is(&expecting("No errors", LOGS, &[0, 1], "", ""), Verdict::Ok, "as expected");
    is(&expecting("no output", LOGS, &[1, 1], "", "refused"), Verdict::Failed, "kubectl");
    is(&expecting("PONG", "redis-cli ping | grep PONG", &[0, 1], "", ""), Verdict::Failed, "expected PONG");
}
