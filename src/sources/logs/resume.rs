//! Going on where a stream broke off, without a line lost or shown twice.
//!
//! The server is asked for everything since the last second that was seen, as it knows no finer time. It
//! answers in the order of its file, so what was seen of that second comes first and is counted off. If its
//! file was rotated meanwhile, the exact stamps decide.

/// What a line that arrived after a reconnection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    New,
    Seen,
    /// New, and what came before it may be lost.
    NewAfterGap,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Replay {
    #[default]
    Over,
    /// Nothing has arrived yet.
    Undecided,
    /// This many lines more are known.
    Counting(u64),
    /// Lines before the last stamp are known, and this many with the very same.
    Comparing(u64),
}

/// What has to be remembered of the lines that were taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Resume {
    /// The newest second that was seen.
    second: Option<i64>,
    /// Its first line.
    first: i64,
    /// Its lines, and those that came after them.
    count: u64,
    /// The newest stamp, and how many lines bear it.
    last: i64,
    at_last: u64,
    replay: Replay,
    /// A new container has written since, so that the last line cannot come again.
    renewed: bool,
}

impl Resume {
    /// The second to ask from, if anything was ever seen.
    pub(super) fn since(&self) -> Option<i64> {
        self.second
    }

    /// The stream was opened again; `renewed` if its container may be a new one.
    pub(super) fn reopened(&mut self, renewed: bool) {
        self.renewed = renewed;
        self.replay = if self.second.is_some() { Replay::Undecided } else { Replay::Over };
    }

    /// Judges a line, and remembers it if it is new.
    pub(super) fn judge(&mut self, nanos: i64) -> Verdict {
        let verdict = match self.replay {
            Replay::Over => Verdict::New,
            Replay::Undecided if nanos == self.first => self.counted(self.count),
            Replay::Undecided => self.compared(nanos, self.at_last),
            Replay::Counting(left) if nanos <= self.last => self.counted(left),
            Replay::Counting(_) => self.over(Verdict::New),
            Replay::Comparing(left) => self.compared(nanos, left),
        };
        if verdict != Verdict::Seen {
            self.take(nanos);
        }
        verdict
    }

    fn over(&mut self, verdict: Verdict) -> Verdict {
        self.replay = Replay::Over;
        verdict
    }

    fn counted(&mut self, left: u64) -> Verdict {
        self.replay = if left > 1 { Replay::Counting(left - 1) } else { Replay::Over };
        Verdict::Seen
    }

    fn compared(&mut self, nanos: i64, left: u64) -> Verdict {
        if nanos < self.last {
            self.replay = Replay::Comparing(left);
            Verdict::Seen
        } else if nanos == self.last && left > 0 {
            self.replay = Replay::Comparing(left - 1);
            Verdict::Seen
        } else if left == self.at_last && !self.renewed {
            // The last line we know is not there any more.
            self.over(Verdict::NewAfterGap)
        } else {
            self.over(Verdict::New)
        }
    }

    fn take(&mut self, nanos: i64) {
        let second = nanos.div_euclid(1_000_000_000);
        match self.second {
            Some(newest) if second < newest => {}
            Some(newest) if second == newest => self.count += 1,
            _ => (self.second, self.first, self.count) = (Some(second), nanos, 1),
        }
        if nanos > self.last || self.at_last == 0 {
            (self.last, self.at_last) = (nanos, 1);
        } else if nanos == self.last {
            self.at_last += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: i64 = 1_000_000_000;

    /// What a server answers that has these lines.
    fn since(file: &[i64], second: i64) -> impl Iterator<Item = i64> {
        file.iter().copied().filter(move |nanos| nanos.div_euclid(SECOND) >= second)
    }

    #[test]
    fn a_rotated_file_shows_a_gap() {
        let mut resume = Resume::default();
        for nanos in [1, 2, 3] {
            resume.judge(nanos);
        }
        resume.reopened(false);
        assert_eq!(resume.judge(9), Verdict::NewAfterGap);
        assert_eq!(resume.judge(10), Verdict::New);
    }

    #[test]
    fn a_new_container_begins_without_a_gap() {
        let mut resume = Resume::default();
        resume.judge(3);
        resume.reopened(true);
        assert_eq!(resume.judge(9), Verdict::New);
    }

    #[test]
    fn a_file_cut_at_its_start_is_still_followed_exactly() {
        use Verdict::{New, Seen};
        let mut resume = Resume::default();
        for nanos in [1, 2, 3, 3] {
            resume.judge(nanos);
        }
        resume.reopened(false);
        let verdicts = [2, 3, 3, 3, 4].map(|nanos| resume.judge(nanos));
        assert_eq!(verdicts, [Seen, Seen, Seen, New, New]);
    }

    proptest! {
        /// Times that repeat, cross seconds and now and then go back within one.
        #[test]
        fn nothing_is_lost_or_doubled_wherever_it_breaks(
            steps in prop::collection::vec(prop_oneof![3 => Just(0_i64), 5 => 0..SECOND / 2, 1 => Just(-3_i64)], 1..60),
            cuts in prop::collection::vec(0_usize..60, 0..5),
        ) {
            let mut now = 5 * SECOND;
            let file: Vec<i64> = steps.iter().map(|step| {
                // Within its second only: no server can be asked about what is written before it.
                now = if *step < 0 { (now + step).max(now.div_euclid(SECOND) * SECOND) } else { now + step };
                now
            }).collect();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(file.len())).collect();
            cuts.sort_unstable();
            cuts.push(file.len());
            let mut resume = Resume::default();
            let mut taken = Vec::new();
            for cut in cuts {
                resume.reopened(false);
                let known = file.get(..cut).unwrap();
                for nanos in since(known, resume.since().unwrap_or(0)) {
                    let verdict = resume.judge(nanos);
                    prop_assert_ne!(verdict, Verdict::NewAfterGap);
                    if verdict == Verdict::New {
                        taken.push(nanos);
                    }
                }
            }
            prop_assert_eq!(taken, file);
        }
    }
}
