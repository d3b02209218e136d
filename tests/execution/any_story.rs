//! Over any story: nothing may run that was not chosen, is not built, is for another screen, lacks a value, or belongs
//! to a shell that is gone.
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use firedeck::commands::{Lang, Role};
use firedeck::incident::event::{End, Event, Verdict, What};
use firedeck::runbook::Runbook;
use firedeck::runbook::execution::{Run, Shell};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{HERE, RUN, book, chosen_by, ended, event, opened, settled, skipped, started, ticked, values};

const PAGE: &str = "\
### Yard outage

1. **Look**
   ```bash
   STAMP=$(date +%s)
   cd /srv/yard
   ls -la backup-$STAMP
   ```

2. **Fix it**

   **Restart it (if OOM):**
   ```bash
   kubectl rollout restart deployment/crane -n yard
   ```

   **Roll back (if recent change):**
   ```bash
   kubectl delete pod <pod-name> -n yard
   ```

3. **Deploy by hand**
   ```bash
   ssh ops@yard-7
   docker compose up -d
   ```

4. **Search**
   ```spl
   index=yard error | stats count by host
   ```

5. **Call the yard**
";

#[derive(Debug, Clone)]
struct Deed {
    kind: u8,
    step: u32,
    command: u32,
    session: u8,
    statement: u64,
    end: u8,
    verdict: u8,
    writer: bool,
    late: i64,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let one = (
        (0..9_u8, 0..8_u32, 0..3_u32, 0..2_u8),
        (0..2_u64, 0..6_u8, 0..9_u8, any::<bool>(), -5_000..5_000_i64),
    );
    let deed = one.prop_map(|((kind, step, command, session), (statement, end, verdict, writer, late))| {
        Deed { kind, step, command, session, statement, end, verdict, writer, late }
    });
    vec(deed, 0..80)
}

fn what(deed: &Deed) -> What {
    let spot = (deed.step, deed.command);
    let session = format!("s{}", deed.session);
    let verdict = [
        Verdict::Ok,
        Verdict::NoMatches,
        Verdict::NoData,
        Verdict::Accepted,
        Verdict::Failed,
        Verdict::Trouble,
        Verdict::Stopped,
        Verdict::Lost,
        Verdict::Interrupted,
    ][usize::from(deed.verdict)];
    let end = match deed.end {
        0 | 1 => End::Exit(vec![i32::from(deed.end)]),
        2 => End::Stopped,
        3 => End::ShellGone,
        4 => End::Interrupted,
        _ => End::NotStarted,
    };
    match deed.kind {
        0..=1 => started(spot, &session, deed.statement, if deed.end > 3 { "ops@yard-7" } else { HERE }),
        2..=4 => ended(spot, &session, deed.statement, end, verdict),
        5 => chosen_by(Some(deed.step), deed.command + deed.step),
        6 => skipped(deed.step, "", deed.end > 2),
        7 => ticked(deed.step, None, deed.end > 2),
        _ => settled(spot, verdict),
    }
}

fn story(deeds: &[Deed]) -> Vec<Event> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let first = event("one", 0, 0, What::RunOpened(Box::new(opened())));
    let rest = (1..).zip(deeds).map(|(at, deed)| {
        let writer = if deed.writer { "one" } else { "two" };
        let n = counts.entry(writer).or_default();
        *n += 1;
        event(writer, *n, at * 1_000 + deed.late, what(deed))
    });
    std::iter::once(first).chain(rest).collect()
}

fn folded(events: &[Event]) -> Run {
    static BOOK: OnceLock<Arc<Runbook>> = OnceLock::new();
    let mut run = Run::new(RUN, Arc::clone(BOOK.get_or_init(|| book(PAGE))));
    for event in events {
        run.take(event);
    }
    run
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, rng_seed: proptest::test_runner::RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happened_nothing_runs_that_must_not(deeds in deeds(), given in any::<bool>()) {
        let events = story(&deeds);
        let run = folded(&events);
        let values = if given { values(&[("pod-name", "crane-1")]) } else { values(&[]) };
        for (step, one) in (0..).zip(&run.runbook().steps) {
            for (number, command) in (0..).zip(&one.commands) {
                let Ok(go) = run.may(step, number, &values) else { continue };
                let one = &command.statement;
                prop_assert!(one.lang != Lang::Query && one.role != Role::Query && !command.future);
                prop_assert!(given || command.placeholders.is_empty(), "{}", one.text);
                for gate in run.shape().gates(step) {
                    prop_assert_eq!(run.chosen(gate.asks), Some(gate.option), "{}", &one.text);
                }
                prop_assert!(!matches!(run.shell((step, number)), Shell::Lost { .. }), "{}", one.text);
                let remote = one.text.starts_with("docker compose");
                let there = matches!(go.place, firedeck::runbook::execution::Place::Behind { .. });
                prop_assert_eq!(remote, there, "{}", &one.text);
            }
        }
        let until = run.until(0, &values);
        for go in &until.run {
            prop_assert!(go.asks.is_empty() && go.ran.is_none());
        }
        let progress = run.progress();
        prop_assert!(progress.done <= progress.all);
        run.said();
    }

    #[test]
    fn two_writers_events_give_one_state_in_whatever_order_they_come(deeds in deeds()) {
        let events = story(&deeds);
        let (one, two): (Vec<Event>, Vec<Event>) =
            events.iter().cloned().partition(|event| event.writer == "one");
        let other = [two.clone(), one.clone()].concat();
        let one = [one, two].concat();
        let (run, first, second) = (folded(&events), folded(&one), folded(&other));
        for step in 0..9 {
            prop_assert_eq!(run.view(step), first.view(step));
            prop_assert_eq!(run.view(step), second.view(step));
            for command in 0..4 {
                prop_assert_eq!(run.command(step, command), second.command(step, command));
                prop_assert_eq!(
                    run.may(step, command, &values(&[])),
                    second.may(step, command, &values(&[]))
                );
            }
        }
        prop_assert_eq!(run.said(), second.said());
    }
}
