//! Whether a change that was accepted has helped: what it was to bring about has to be seen, and to hold.
mod look;

use std::collections::BTreeMap;

use crate::domain::object::Kind;
use crate::domain::time::Timestamp;
use crate::incident::What;
use crate::incident::event::{At, StepSettled, Verdict};
use crate::model::msg::Effect;
use crate::model::run::{Known, Runs, Settling, Spot};
use crate::model::{Dirty, Model};
use crate::panes::checklist::NOBODY;
use crate::runbook::execution::Accepted;
use crate::runbook::judge::{HOLD, Judged, Watch, watched};
use look::Look;

/// Of more commands than these nobody waits at once.
const MOST: usize = 100;

/// Looks at everything that has to prove itself, and tells what has.
pub(super) fn tick(model: &mut Model) -> Vec<Effect> {
    if model.runs.judged.is_empty() && model.runs.settling.is_empty() {
        return Vec::new();
    }
    let mut effects = Vec::new();
    let mut settling = BTreeMap::new();
    for (spot, judged, accepted) in waiting(model).take(MOST) {
        let before = model.runs.settling.get(spot).filter(|before| before.order == *accepted.order);
        if let Some(told) = before.filter(|before| before.told) {
            settling.insert(spot.clone(), told.clone());
            continue;
        }
        let since = before.and_then(|before| before.since);
        let seen = look::look(model, judged.watch.as_ref().unwrap_or(&Watch::Nothing), &accepted);
        let Next { since, says, verdict } = step(model.now, since, seen);
        let order = accepted.order.clone();
        settling.insert(spot.clone(), Settling { order, since, says, told: verdict.is_some() });
        effects.extend(verdict.map(|(verdict, says)| tell(spot, verdict, says)));
    }
    if settling != model.runs.settling {
        model.runs.settling = settling;
        model.mark_dirty(Dirty::Soon);
    }
    effects
}

/// What was accepted before this cockpit came, and has still to prove itself.
pub(super) fn resume(runs: &mut Runs, known: &Known) {
    for (step, one) in (0..).zip(&known.run.runbook().steps) {
        for (n, command) in (0..).zip(&one.commands) {
            let Some(accepted) = known.run.accepted(step, Some(n)) else { continue };
            let watch = watched(command, &accepted.started.text);
            let spot = (known.run.name().to_owned(), step, Some(n));
            runs.judged.entry(spot).or_insert_with(|| Judged {
                verdict: Verdict::Accepted,
                says: String::new(),
                warnings: Vec::new(),
                watch,
                offer: None,
            });
        }
    }
}

/// What was accepted and is still open, of the runs of this cockpit.
fn waiting(model: &Model) -> impl Iterator<Item = (&Spot, &Judged, Accepted<'_>)> {
    let accepted = model.runs.judged.iter().filter(|(_, judged)| judged.verdict == Verdict::Accepted);
    accepted.filter_map(|(spot, judged)| {
        let (run, step, command) = spot;
        let known = model.runs.all.get(run).filter(|known| known.run.closed().is_none())?;
        Some((spot, judged, known.run.accepted(*step, *command)?))
    })
}

/// What follows from a look.
#[derive(Debug, PartialEq, Eq)]
struct Next {
    /// Since when it holds.
    since: Option<Timestamp>,
    says: String,
    /// Once there is one.
    verdict: Option<(Verdict, String)>,
}

fn step(now: Timestamp, since: Option<Timestamp>, seen: Look) -> Next {
    let whole = HOLD.as_secs();
    let open = |says: String| Next { since: None, says, verdict: None };
    match seen {
        Look::So(words) => {
            let since = since.unwrap_or(now);
            let held = now.since(since);
            // In steps of ten, so that nothing ticks.
            let shown = held.as_secs().min(whole) / 10 * 10;
            let verdict = (held >= HOLD).then(|| (Verdict::Ok, format!("{words} for {whole} s")));
            Next {
                since: Some(since),
                says: format!("settling: {words}, holds {shown} s of {whole}"),
                verdict,
            }
        }
        Look::Going(words) | Look::Blind(words) => open(format!("settling: {words}")),
        Look::Failed(words) => {
            Next { verdict: Some((Verdict::Failed, words.clone())), ..open(format!("settling: {words}")) }
        }
        Look::Nobody => open(NOBODY.to_owned()),
    }
}

fn tell((run, step, command): &Spot, verdict: Verdict, says: String) -> Effect {
    let at = At { run: run.clone(), step: *step, command: *command };
    Effect::Tell(Box::new(What::StepSettled(StepSettled { at, verdict, says, held: false })))
}

/// Kinds that have to be watched while something waits for them.
pub(super) fn kinds(model: &Model) -> impl Iterator<Item = Kind> + '_ {
    waiting(model).filter_map(|(_, judged, _)| look::kind(judged.watch.as_ref()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn so() -> Look {
        Look::So("3 of 3 ready".into())
    }

    #[test]
    fn what_is_so_has_to_hold_and_a_change_back_begins_anew() {
        let next = step(at(100), None, so());
        assert_eq!((next.since, next.verdict), (Some(at(100)), None));
        assert_eq!(next.says, "settling: 3 of 3 ready, holds 0 s of 60");
        let next = step(at(159), next.since, so());
        assert_eq!((&*next.says, next.verdict), ("settling: 3 of 3 ready, holds 50 s of 60", None));
        let next = step(at(160), next.since, so());
        assert_eq!(next.verdict, Some((Verdict::Ok, "3 of 3 ready for 60 s".into())));
        for seen in [Look::Going("2 of 3".into()), Look::Blind("nothing is known".into()), Look::Nobody] {
            let next = step(at(160), Some(at(100)), seen);
            assert_eq!((next.since, next.verdict), (None, None));
        }
    }

    #[test]
    fn what_is_seen_to_fail_is_told_at_once() {
        let next = step(at(100), Some(at(90)), Look::Failed("it crashes".into()));
        assert_eq!(next.verdict, Some((Verdict::Failed, "it crashes".into())));
    }
}
