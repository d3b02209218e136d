//! What runs up to the next question, and where the cursor goes.
use firedeck::incident::event::Verdict;
use firedeck::runbook::execution::{Ask, Go, Refusal, State, Stop};

use super::{Story, ticked, values};

const NIGHT: &str = "\
### Night check

1. **Look** (0-5 min)
   ```bash
   uptime
   df -h /srv
   kubectl get pods -n yard
   ```

2. **Read the logs**
   ```bash
   kubectl logs -n yard -l app=crane --since=1h | grep -i error
   ```

3. **Restart it**
   ```bash
   kubectl rollout restart deployment/crane -n yard
   ```

4. **Tell the yard**
   - Call the yard
   - Write it down

5. **Look again**
   ```bash
   kubectl describe pod <pod-name> -n yard
   ```
";

fn texts(story: &Story, run: &[Go]) -> Vec<String> {
    let commands = run.iter().map(|go| {
        let step = &story.run.runbook().steps[go.step as usize];
        step.commands[go.command as usize].statement.text.clone()
    });
    commands.collect()
}

#[test]
fn it_runs_what_only_reads_up_to_the_first_question() {
    let mut story = Story::of(NIGHT);
    let until = story.run.until(0, &values(&[]));
    let all = texts(&story, &until.run);
    assert_eq!(all.len(), 4, "{all:?}");
    assert!(
        matches!(&until.stop, Stop::Asks { step: 2, asks, .. } if *asks == [Ask::Change]),
        "{:?}",
        until.stop
    );
    // What has ended does not run again by this.
    story.ran("uptime", "s1", 1, Verdict::Ok);
    story.ran("df -h", "s1", 2, Verdict::NoMatches);
    let again = story.run.until(0, &values(&[]));
    assert_eq!(texts(&story, &again.run), &all[2..]);
}

#[test]
fn it_stops_at_what_went_wrong_at_what_is_running_and_at_what_is_done_by_hand() {
    let mut story = Story::of(NIGHT);
    story.ran("uptime", "s1", 1, Verdict::NoData);
    assert!(matches!(story.run.until(0, &values(&[])).stop, Stop::Bad { state: State::NoData, .. }));
    story.start("uptime", "s1", 2);
    assert!(matches!(story.run.until(0, &values(&[])).stop, Stop::Running { .. }));
    let hand = story.step("Tell the yard");
    assert_eq!(story.run.until(hand, &values(&[])).stop, Stop::ByHand(hand));
    story.tell(ticked(hand, None, true));
    let refused = story.run.until(hand, &values(&[])).stop;
    assert!(matches!(refused, Stop::Refused { why: Refusal::Missing(_), .. }), "{refused:?}");
    let given = story.run.until(hand, &values(&[("pod-name", "crane-1")]));
    assert_eq!((given.run.len(), given.stop), (1, Stop::End));
}

#[test]
fn heavy_secret_interactive_and_endless_reads_ask() {
    for (text, ask) in [
        ("redis-cli KEYS '*'", Ask::Heavy),
        ("kubectl get secret yard -o yaml", Ask::Secret),
        ("top", Ask::Terminal),
        ("kubectl logs -f deploy/crane", Ask::Endless),
    ] {
        let story = Story::of(&format!("### Yard\n\n```bash\n{text}\n```\n"));
        let until = story.run.until(0, &values(&[]));
        assert!(until.run.is_empty(), "{text}");
        assert!(
            matches!(&until.stop, Stop::Asks { asks, .. } if asks.contains(&ask)),
            "{text}: {:?}",
            until.stop
        );
    }
}

#[test]
fn a_command_runs_again_only_on_an_order_and_says_that_it_ran() {
    let mut story = Story::of(NIGHT);
    assert_eq!(story.may("uptime").expect("it may run").ran, None);
    story.ran("uptime", "s1", 1, Verdict::Failed);
    let ran = story.may("uptime").expect("it may run again").ran.expect("it ran");
    assert_eq!((ran.times, ran.state), (1, State::Failed));
}

#[test]
fn the_cursor_goes_to_what_is_left_and_progress_counts_what_applies() {
    let mut story = Story::of(NIGHT);
    assert_eq!(story.run.next(0), Some(0));
    for (at, text) in (1..).zip(["uptime", "df -h", "kubectl get"]) {
        story.ran(text, "s1", at, Verdict::Ok);
    }
    assert_eq!(story.run.next(0), Some(1));
    assert_eq!(story.run.next(3), Some(3));
    assert_eq!(story.run.beside(3), (Some(2), Some(4)));
    let progress = story.run.progress();
    assert_eq!((progress.done, progress.all, progress.ticked, progress.items), (1, 5, 0, 2));
    assert_eq!(story.run.command_in(0), None);
    assert_eq!(story.run.command_in(1), Some(0));
    assert_eq!(story.run.beside(u32::MAX), (Some(4), None));
}

#[test]
fn echo_lines_are_no_steps_of_the_way_and_a_preamble_is_not_counted() {
    let story = Story::of(
        "### Yard\n\n```bash\n#!/bin/bash\necho \"Begin\"\nDAY=$(date +%F)\n\n# 1. Look\necho \"Looking\"\nuptime\n\n# 2. Look further\ndf -h /srv\n```\n",
    );
    assert!(matches!(story.may("echo"), Err(Refusal::Narration)));
    let until = story.run.until(0, &values(&[]));
    assert_eq!(texts(&story, &until.run), ["DAY=$(date +%F)", "uptime", "df -h /srv"]);
    assert_eq!(story.run.progress().all, 2);
}

#[test]
fn each_phase_has_a_progress_of_its_own() {
    let page = "#### Issue: the crane is slow\n\n**Diagnosis:**\n\n```bash\n# 1. Look\nuptime\n\n# 2. Look further\ndf -h /srv\n```\n\n**Solutions:**\n\n```bash\n# 1. Restart it\nkubectl rollout restart deployment/crane\n```\n";
    let mut story = Story::of(page);
    story.ran("uptime", "s1", 1, Verdict::Ok);
    assert_eq!(story.run.phases(), [(Some("Diagnosis"), 1, 2), (Some("Solutions"), 0, 1)]);
}
