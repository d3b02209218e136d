//! Of alternatives only the one that was chosen runs.
use firedeck::incident::event::{End, Verdict};
use firedeck::runbook::Mode;
use firedeck::runbook::execution::{Ask, Refusal, State, Stop};

use super::{Story, chosen_by};

const OUTAGE: &str = "\
## Crane outage

1. **Look at the crane** (0-5 min)
   ```bash
   kubectl get pods -n yard
   ```

2. **Find the cause**

   **If pods are crashlooping:**
   ```bash
   kubectl describe pod -n yard -l app=crane
   ```

   **If the database is down:**
   ```bash
   kubectl logs -n yard deploy/ledger --tail=50
   ```

3. **Fix it**

   **Restart it (if OOM):**
   ```bash
   kubectl rollout restart deployment/crane -n yard
   ```

   **Roll back (if recent change):**
   ```bash
   kubectl rollout undo deployment/crane -n yard
   ```

   **Scale up (if load related):**
   ```bash
   kubectl scale deployment/crane -n yard --replicas=5
   ```
";

#[test]
fn nothing_of_a_branch_runs_before_one_is_chosen_and_nothing_of_the_others_after() {
    let mut story = Story::of(OUTAGE);
    assert!(matches!(story.may("kubectl rollout undo"), Err(Refusal::NotChosen { .. })));
    let (fix, back) = (story.step("Fix it"), story.step("Roll back"));
    story.choose(Some(fix), back);
    let go = story.may("kubectl rollout undo").expect("it was chosen");
    assert_eq!(go.asks, [Ask::Change]);
    for other in ["kubectl rollout restart", "kubectl scale"] {
        assert!(matches!(story.may(other), Err(Refusal::OtherChosen { .. })), "{other}");
        assert_eq!(story.state(other), State::NotChosen);
    }
    story.ran("kubectl rollout undo", "s1", 1, Verdict::Accepted);
    assert!(matches!(story.run.view(fix).expect("a step").state, State::Accepted { .. }));
    assert_eq!(story.state("kubectl scale"), State::NotChosen);
}

#[test]
fn a_choice_can_be_taken_back_and_another_one_made() {
    let mut story = Story::of(OUTAGE);
    let fix = story.step("Fix it");
    story.choose(Some(fix), story.step("Roll back"));
    story.choose(Some(fix), story.step("Scale up"));
    assert!(story.may("kubectl scale").is_ok());
    assert!(matches!(story.may("kubectl rollout undo"), Err(Refusal::OtherChosen { .. })));
    // A step that is none of the arms is no choice.
    story.choose(Some(fix), 0);
    assert!(matches!(story.may("kubectl scale"), Err(Refusal::NotChosen { .. })));
}

#[test]
fn two_who_choose_differently_are_told_of() {
    let mut story = Story::of(OUTAGE);
    let fix = story.step("Fix it");
    let (one, other) = (story.step("Roll back"), story.step("Scale up"));
    story.tell_by("one", chosen_by(Some(fix), one));
    story.tell_by("two", chosen_by(Some(fix), other));
    assert!(story.may("kubectl scale").is_ok());
    assert!(
        story.run.said().iter().any(|said| said.contains("chosen differently")),
        "{:?}",
        story.run.said()
    );
}

const MENU: &str = "\
### Crane scaling

```bash
# Scale up for high load
kubectl scale deployment crane --replicas=5

# Scale down during low traffic
kubectl scale deployment crane --replicas=2
```
";

#[test]
fn of_a_menu_one_line_runs_and_nothing_else() {
    let mut story = Story::of(MENU);
    assert_eq!(story.run.runbook().mode, Mode::Menu);
    let up = "kubectl scale deployment crane --replicas=5";
    let down = "kubectl scale deployment crane --replicas=2";
    assert!(matches!(story.may(up), Err(Refusal::NotChosen { asks: None, .. })));
    assert_eq!(story.run.until(0, &story.run.values()).stop, Stop::Choose(None));
    story.choose(None, story.step("Scale up"));
    assert!(story.may(up).is_ok());
    assert!(matches!(story.may(down), Err(Refusal::OtherChosen { .. })));
    assert_eq!(story.run.progress().all, 1);
}

const CASE: &str = "\
### Yard degradation

```bash
KIND=$1
case $KIND in
  \"slow_queue\")
    # Restart the lift
    docker compose restart lift
    # Clear the cache if it is full
    docker exec cache redis-cli FLUSHALL
    ;;
  \"full_disk\")
    # Check the disk
    df -h /srv
    ;;
esac
```
";

#[test]
fn nothing_of_another_arm_of_a_case_runs() {
    let mut story = Story::of(CASE);
    for text in ["docker compose restart", "docker exec", "df -h"] {
        assert!(
            matches!(story.may(text), Err(Refusal::NotChosen { .. } | Refusal::Undecided { .. })),
            "{text}: {:?}",
            story.may(text)
        );
    }
    let asks = story.run.shape().choices().next().expect("a choice").clone();
    assert_eq!(asks.options.len(), 2);
    story.choose(asks.asks, asks.options[0]);
    assert!(story.may("docker compose restart").is_ok(), "{:?}", story.may("docker compose restart"));
    let flush = story.may("docker exec").expect("it is of the same arm");
    assert_eq!(flush.asks, [Ask::Danger, Ask::Conditional("if it is full".into())]);
    assert!(matches!(story.may("df -h"), Err(Refusal::OtherChosen { .. })));
}

#[test]
fn what_another_arm_would_have_set_is_not_waited_for() {
    let mut story = Story::of(
        "### Yard degradation\n\n```bash\ncd /srv\ncase $1 in\n  \"slow\")\n    # Go to the lift\n    cd /srv/lift\n    # Look at the lift\n    ls -la lift.log\n    ;;\n  \"full\")\n    # Look at the disk\n    du -sh crane\n    ;;\nesac\n```\n",
    );
    let choice = story.run.shape().choices().next().expect("a choice").clone();
    story.choose(choice.asks, choice.options[1]);
    assert!(matches!(story.may("du -sh"), Err(Refusal::Unset { .. })), "{:?}", story.may("du -sh"));
    story.ran("cd /srv", "s1", 1, Verdict::Ok);
    assert!(story.may("du -sh").is_ok(), "{:?}", story.may("du -sh"));
    // In the arm with a directory of its own, that one has to be gone to.
    story.choose(choice.asks, choice.options[0]);
    assert!(matches!(story.may("ls -la"), Err(Refusal::Unset { .. })), "{:?}", story.may("ls -la"));
    story.ran("cd /srv/lift", "s1", 2, Verdict::Ok);
    assert!(story.may("ls -la").is_ok());
}

const FAILOVER: &str = "\
### Ledger failover

```bash
# 1. Check whether the primary is down
if ! pg_isready -h primary.yard; then
  # 2. Promote the standby
  ssh standby pg_ctl promote

  # 3. Restart the crane
  kubectl rollout restart deployment/crane -n yard
fi
```
";

#[test]
fn what_stands_under_a_condition_of_a_script_waits_for_its_answer() {
    let mut story = Story::of(FAILOVER);
    let go = story.may("if ! pg_isready").expect("the test may run");
    assert_eq!(go.text.as_deref(), Some("pg_isready -h primary.yard"));
    assert!(matches!(story.may("ssh standby"), Err(Refusal::Undecided { line: Some(_), .. })));
    story.start("if ! pg_isready", "s1", 1);
    story.end("if ! pg_isready", "s1", 1, End::Exit(vec![0]), Verdict::Ok);
    assert!(matches!(story.may("ssh standby"), Err(Refusal::NotHolding(_))));
    assert_eq!(story.state("ssh standby"), State::NotChosen);
    story.start("if ! pg_isready", "s1", 2);
    story.end("if ! pg_isready", "s1", 2, End::Exit(vec![2]), Verdict::Ok);
    assert!(story.may("ssh standby").is_ok(), "{:?}", story.may("ssh standby"));
}

#[test]
fn a_test_that_could_not_be_asked_promotes_nothing_but_the_operator_may() {
    let mut story = Story::of(FAILOVER);
    story.start("if ! pg_isready", "s1", 1);
    story.end("if ! pg_isready", "s1", 1, End::Exit(vec![127]), Verdict::Failed);
    assert!(matches!(story.may("ssh standby"), Err(Refusal::Undecided { .. })));
    let (step, _) = story.at("ssh standby");
    story.choose(Some(step), 0);
    assert!(story.may("ssh standby").is_ok());
}

const WAYS: &str = "\
### Certificate renewal

1. **Check the certificate**
   ```bash
   openssl x509 -in yard.pem -noout -dates
   ```

2. **If using the issuer (automatic)**
   ```bash
   kubectl get certificate -n yard
   ```

3. **If renewing by hand**
   ```bash
   certbot renew
   ```

4. **Verify (if needed)**
   ```bash
   curl -s https://yard.example/health
   ```
";

#[test]
fn steps_whose_titles_are_conditions_are_ways_to_choose_from() {
    let mut story = Story::of(WAYS);
    assert!(matches!(story.may("certbot"), Err(Refusal::NotChosen { .. })), "{:?}", story.may("certbot"));
    let (auto, hand) = (story.step("If using"), story.step("If renewing"));
    story.choose(Some(auto), hand);
    assert!(story.may("certbot").is_ok());
    assert!(matches!(story.may("kubectl get"), Err(Refusal::OtherChosen { .. })));
    // One condition alone is asked about, and excludes nothing.
    let go = story.may("curl").expect("it may run");
    assert!(matches!(go.asks.as_slice(), [Ask::Conditional(_)]), "{:?}", go.asks);
}

#[test]
fn a_test_without_an_answer_opens_no_way() {
    let page = "### Yard\n\n```bash\n# Look for the crane\nif kubectl get deploy crane; then\n  # Scale it\n  kubectl scale deploy crane --replicas=2\nelse\n  # Clear its disk\n  kubectl delete pvc crane\nfi\n```\n";
    let mut story = Story::of(page);
    story.start("if kubectl", "s1", 1);
    story.end("if kubectl", "s1", 1, End::Exit(vec![1]), Verdict::NoData);
    for text in ["kubectl scale", "kubectl delete"] {
        let refused = story.may(text);
        assert!(matches!(refused, Err(Refusal::Undecided { .. })), "{text}: {refused:?}");
    }
}
