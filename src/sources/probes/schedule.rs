//! Whose turn it is: pure, so that its promises can be tested without waiting.
use std::time::Duration;

/// How many are asked at once.
const MOST: usize = 8;
/// How many of these may be such as failed the last time.
const MOST_FAILED: usize = 4;
/// What fails is asked less and less, but never later than this unless it is always so rare.
const RAREST: Duration = Duration::from_mins(2);

/// After a first failure nothing waits longer than this.
const SOON: Duration = Duration::from_secs(30);

/// When one question is due. Times count from the beginning.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    pub every: Duration,
    /// Those that share a server are asked one at a time.
    pub server: Option<String>,
    due: Duration,
    running: bool,
    failures: u32,
    asked: u32,
}

impl Turn {
    pub(super) fn new(every: Duration, server: Option<String>) -> Turn {
        Turn { every, server, due: Duration::ZERO, running: false, failures: 0, asked: 0 }
    }

    /// What is asked seldom and fails is asked again soon: it may have been too early, and nobody waits an hour.
    fn pause(&self) -> Duration {
        let first = if self.failures > 0 { self.every.min(SOON) } else { self.every };
        let doubled = first * 2_u32.pow(self.failures.saturating_sub(1).min(6));
        doubled.min(RAREST.max(self.every))
    }
}

#[derive(Debug)]
pub(super) struct Schedule {
    /// By the number of the question; `None` is never asked.
    turns: Vec<Option<Turn>>,
}

impl Schedule {
    pub(super) fn new(turns: Vec<Option<Turn>>) -> Schedule {
        Schedule { turns }
    }

    fn all(&self) -> impl Iterator<Item = (usize, &Turn)> {
        self.turns.iter().enumerate().filter_map(|(nth, turn)| Some((nth, turn.as_ref()?)))
    }

    /// Who may be asked now: the one that is due the longest. It counts as running from here on.
    pub(super) fn next(&mut self, now: Duration) -> Option<usize> {
        let (nth, _) = self.free().filter(|(_, turn)| turn.due <= now).min_by_key(|(_, turn)| turn.due)?;
        let turn = self.turns.get_mut(nth)?.as_mut()?;
        turn.running = true;
        turn.asked = turn.asked.wrapping_add(1);
        Some(nth)
    }

    /// Those for whom there is a place, due or not.
    fn free(&self) -> impl Iterator<Item = (usize, &Turn)> {
        let running = || self.all().map(|(_, turn)| turn).filter(|turn| turn.running);
        let full = running().count() >= MOST;
        let full_of_failed = running().filter(|turn| turn.failures > 0).count() >= MOST_FAILED;
        let busy: Vec<&String> = running().filter_map(|turn| turn.server.as_ref()).collect();
        self.all().filter(move |(_, turn)| {
            let served = turn.server.as_ref().is_some_and(|server| busy.contains(&server));
            !full && !turn.running && !served && (turn.failures == 0 || !full_of_failed)
        })
    }

    pub(super) fn done(&mut self, nth: usize, now: Duration, failed: bool) {
        let Some(Some(turn)) = self.turns.get_mut(nth) else { return };
        turn.running = false;
        turn.failures = if failed { turn.failures.saturating_add(1) } else { 0 };
        turn.due = now + jitter(turn.pause(), nth, turn.asked);
    }

    /// Somebody wants to know now: what failed is asked again at once.
    pub(super) fn hurry(&mut self, now: Duration) {
        for turn in self.turns.iter_mut().flatten().filter(|turn| turn.failures > 0) {
            turn.due = turn.due.min(now);
        }
    }

    /// When somebody is due next for whom there is a place; for the others a place comes with an answer.
    pub(super) fn wakes(&self) -> Option<Duration> {
        self.free().map(|(_, turn)| turn.due).min()
    }
}

/// Between nine tenths and the whole, so that questions of one pace drift apart.
fn jitter(span: Duration, nth: usize, asked: u32) -> Duration {
    let mixed =
        (nth as u64 + 1).wrapping_mul(0x9E37_79B9).wrapping_add(u64::from(asked).wrapping_mul(0x85EB_CA6B));
    let parts = u32::try_from((mixed >> 7) % 256).unwrap_or(0);
    span * 9 / 10 + span / 10 * parts / 256
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn turns(count: usize, every: u64) -> Vec<Option<Turn>> {
        (0..count).map(|_| Some(Turn::new(Duration::from_secs(every), None))).collect()
    }

    fn drain(schedule: &mut Schedule, now: Duration) -> Vec<usize> {
        std::iter::from_fn(|| schedule.next(now)).collect()
    }

    #[test]
    fn at_most_eight_are_asked_at_once_and_none_is_forgotten() {
        let mut schedule = Schedule::new(turns(20, 30));
        assert_eq!(drain(&mut schedule, NOW), (0..8).collect::<Vec<_>>());
        assert_eq!(schedule.wakes(), None, "whoever is due waits for an answer, not for the clock");
        schedule.done(3, NOW, false);
        assert_eq!(drain(&mut schedule, NOW), [8]);
        for nth in [0, 1, 2, 4, 5, 6, 7, 8] {
            schedule.done(nth, NOW, false);
        }
        assert_eq!(drain(&mut schedule, NOW), (9..17).collect::<Vec<_>>());
    }

    #[test]
    fn the_dead_hold_up_nobody_who_lives() {
        let mut schedule = Schedule::new(turns(12, 10));
        for _ in 0..2 {
            for nth in drain(&mut schedule, NOW) {
                schedule.done(nth, NOW, nth < 8);
            }
        }
        let later = Duration::from_secs(30);
        let asked = drain(&mut schedule, later);
        assert_eq!(asked.iter().filter(|nth| **nth < 8).count(), MOST_FAILED, "{asked:?}");
        assert!((8..12).all(|nth| asked.contains(&nth)), "{asked:?}");
    }

    #[test]
    fn a_server_that_several_ask_is_asked_one_at_a_time() {
        let turn = || Some(Turn::new(Duration::from_secs(30), Some("primary".into())));
        let mut schedule =
            Schedule::new(vec![turn(), turn(), None, Some(Turn::new(Duration::from_secs(30), None))]);
        assert_eq!(drain(&mut schedule, NOW), [0, 3]);
        assert_eq!(schedule.wakes(), None, "the next place comes with an answer");
        schedule.done(0, NOW, false);
        assert_eq!(drain(&mut schedule, NOW), [1]);
    }

    #[test]
    fn what_fails_is_asked_less_and_less_and_at_once_when_somebody_wants_it() {
        let mut schedule = Schedule::new(turns(1, 30));
        let mut now = NOW;
        let mut pauses = Vec::new();
        for _ in 0..6 {
            assert_eq!(schedule.next(now), Some(0));
            schedule.done(0, now, true);
            let due = schedule.wakes().expect("it is asked again");
            pauses.push(due.saturating_sub(now).as_secs());
            now = due;
        }
        assert!(pauses[0] <= 30 && pauses[1] >= 54 && pauses[5] <= 120, "{pauses:?}");
        schedule.next(now);
        schedule.done(0, now, true);
        assert_eq!(schedule.next(now), None);
        schedule.hurry(now);
        assert_eq!(schedule.next(now), Some(0));
        schedule.done(0, now, false);
        assert!(
            schedule.wakes().expect("due").saturating_sub(now) <= Duration::from_secs(30),
            "one answer makes it well"
        );
    }

    #[test]
    fn what_is_asked_seldom_and_fails_is_not_left_for_an_hour() {
        let mut schedule = Schedule::new(turns(1, 3600));
        schedule.next(NOW);
        schedule.done(0, NOW, true);
        assert!(schedule.wakes().is_some_and(|due| due <= SOON));
        schedule.next(SOON);
        schedule.done(0, SOON, false);
        assert!(
            schedule.wakes().is_some_and(|due| due > Duration::from_mins(50)),
            "an answer is kept for long"
        );
    }

    #[test]
    fn questions_of_one_pace_drift_apart() {
        let span = Duration::from_secs(30);
        let spans: Vec<Duration> = (0..20).map(|nth| jitter(span, nth, 1)).collect();
        assert!(spans.iter().all(|each| *each <= span && *each >= span * 9 / 10), "{spans:?}");
        let different: std::collections::BTreeSet<&Duration> = spans.iter().collect();
        assert!(different.len() > 10, "{spans:?}");
    }
}
