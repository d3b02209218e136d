//! Lines of several containers in the order of their time, as far as a short wait can know it.
//!
//! Lines wait by when they arrived, never by the clocks of their nodes: a node whose clock is an hour
//! ahead or behind delays nobody.
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::log::Lines;

/// How long a line waits for an earlier one of another container.
pub(super) const HOLD: Duration = Duration::from_millis(250);
/// More lines than this never wait.
const MOST: usize = 8_192;

/// Lines that arrived together.
#[derive(Debug)]
struct Waiting {
    lines: Lines,
    next: usize,
    arrived: Instant,
}

/// The lines of one container, which keep their order whatever its clock does.
#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
}

impl Queue {
    fn key(&self) -> Option<i64> {
        let head = self.waiting.front()?;
        head.lines.nanos(head.next)
    }
}

#[derive(Debug, Default)]
pub(super) struct Merger {
    queues: BTreeMap<u64, Queue>,
    held: usize,
}

impl Merger {
    pub(super) fn push(&mut self, stream: u64, lines: Lines, now: Instant) {
        if !lines.is_empty() {
            self.held += lines.len();
            self.queues.entry(stream).or_default().waiting.push_back(Waiting {
                lines,
                next: 0,
                arrived: now,
            });
        }
    }

    /// When the next line has waited long enough.
    pub(super) fn due(&self) -> Option<Instant> {
        let heads = self.queues.values().filter_map(|queue| queue.waiting.front());
        heads.map(|head| head.arrived + HOLD).min()
    }

    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Everything, in order, without any wait.
    pub(super) fn flush(&mut self) -> Vec<Lines> {
        if self.queues.len() <= 1 {
            return self.alone();
        }
        let all = self.held;
        self.pop(|_| true, all)
    }

    /// What has waited long enough, and what is earlier than that.
    pub(super) fn release(&mut self, now: Instant) -> Vec<Lines> {
        let beyond = self.held.saturating_sub(MOST);
        self.pop(|head| head.arrived + HOLD <= now, beyond)
    }

    /// There is nothing to compare with, so nothing has to be copied.
    fn alone(&mut self) -> Vec<Lines> {
        self.held = 0;
        let queues = std::mem::take(&mut self.queues);
        let waiting = queues.into_values().flat_map(|queue| queue.waiting);
        waiting.map(|w| if w.next == 0 { w.lines } else { rest(&w) }).collect()
    }

    /// Lets go, earliest first, until every due line is out, and at least so many.
    fn pop(&mut self, due: impl Fn(&Waiting) -> bool, at_least: usize) -> Vec<Lines> {
        let waiting = self.queues.values().flat_map(|queue| &queue.waiting);
        let mut due_left: usize = waiting.filter(|w| due(w)).map(|w| w.lines.len() - w.next).sum();
        let mut beyond = at_least;
        let mut heads: BinaryHeap<_> =
            self.queues.iter().filter_map(|(stream, queue)| Some(Reverse((queue.key()?, *stream)))).collect();
        let mut out = Vec::new();
        let mut lines = Lines::default();
        while due_left > 0 || beyond > 0 {
            let Some(Reverse((_, stream))) = heads.pop() else { break };
            let Some(queue) = self.queues.get_mut(&stream) else { continue };
            let Some(head) = queue.waiting.front_mut() else { continue };
            lines.copy(&head.lines, head.next);
            due_left = due_left.saturating_sub(usize::from(due(head)));
            beyond = beyond.saturating_sub(1);
            self.held -= 1;
            head.next += 1;
            if head.next >= head.lines.len() {
                queue.waiting.pop_front();
            }
            if let Some(key) = queue.key() {
                heads.push(Reverse((key, stream)));
            }
            if lines.is_full() {
                out.push(std::mem::take(&mut lines));
            }
        }
        if !lines.is_empty() {
            out.push(lines);
        }
        self.queues.retain(|_, queue| !queue.waiting.is_empty());
        out
    }
}

fn rest(waiting: &Waiting) -> Lines {
    let mut lines = Lines::default();
    for number in waiting.next..waiting.lines.len() {
        lines.copy(&waiting.lines, number);
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::log::{LineId, LogLevel, Stream};

    fn lines(pod: &str, nanos: &[i64]) -> Lines {
        let stream = Arc::new(Stream { pod: pod.into(), ..Stream::default() });
        let mut lines = Lines::default();
        for nanos in nanos {
            lines.add(&stream, *nanos, |out, _| out.push_str(pod), |_| LogLevel::None);
        }
        lines
    }

    fn seen(chunks: Vec<Lines>) -> Vec<(i64, String)> {
        let chunks = chunks.into_iter().map(|lines| lines.seal(LineId(0)));
        chunks
            .flat_map(|c| c.views().map(|v| (v.line.nanos, v.text.to_owned())).collect::<Vec<_>>())
            .collect()
    }

    fn times(chunks: Vec<Lines>) -> Vec<i64> {
        seen(chunks).into_iter().map(|(nanos, _)| nanos).collect()
    }

    #[test]
    fn lines_that_arrive_within_the_wait_are_put_in_order() {
        let (mut merger, start) = (Merger::default(), Instant::now());
        merger.push(1, lines("a", &[10, 30]), start);
        merger.push(2, lines("b", &[20, 40]), start + HOLD / 2);
        assert!(times(merger.release(start + HOLD / 2)).is_empty());
        assert_eq!(times(merger.release(start + HOLD)), [10, 20, 30]);
        assert_eq!(times(merger.release(start + HOLD * 2)), [40]);
    }

    #[test]
    fn a_clock_an_hour_off_delays_nobody() {
        const HOUR: i64 = 3_600_000_000_000;
        for off in [HOUR, -HOUR] {
            let (mut merger, start) = (Merger::default(), Instant::now());
            merger.push(1, lines("a", &[HOUR + 10]), start);
            merger.push(2, lines("b", &[HOUR + off + 5]), start);
            merger.push(2, lines("b", &[HOUR + off + 6]), start + HOLD);
            let out = times(merger.release(start + HOLD));
            assert!(out.contains(&(HOUR + 10)) && out.contains(&(HOUR + off + 5)), "{out:?}");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_turn_the_lines_of_a_container_round() {
        let (mut merger, start) = (Merger::default(), Instant::now());
        merger.push(1, lines("a", &[50, 20, 21]), start);
        merger.push(2, lines("b", &[30]), start);
        assert_eq!(times(merger.flush()), [30, 50, 20, 21]);
    }

    #[test]
    fn too_many_lines_never_wait() {
        let (mut merger, start) = (Merger::default(), Instant::now());
        let many: Vec<i64> = (0..5_000).collect();
        merger.push(1, lines("a", &many), start);
        merger.push(2, lines("b", &many), start);
        assert_eq!(times(merger.release(start)).len(), 10_000 - MOST);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_what_was_known_in_time_is_in_order(
            arrivals in prop::collection::vec((0_u64..4, 0_i64..1_000, 0_u64..40), 0..60),
        ) {
            let (mut merger, start) = (Merger::default(), Instant::now());
            let (mut now, mut out, mut expected) = (start, Vec::new(), Vec::new());
            let mut newest = [0_i64; 4];
            for (stream, step, wait) in arrivals {
                let at = newest.get_mut(usize::try_from(stream).unwrap()).unwrap();
                *at += step;
                now += Duration::from_millis(wait);
                merger.push(stream, lines("x", &[*at]), now);
                expected.push(*at);
                let released = times(merger.release(now));
                prop_assert!(released.is_sorted());
                out.extend(released);
            }
            out.extend(times(merger.release(now + HOLD)));
            prop_assert_eq!(merger.held(), 0);
            out.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(out, expected);
        }
    }
}
