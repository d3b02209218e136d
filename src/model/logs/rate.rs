//! Lines in a second, calmly: it moves once a second, and by steps that can be read.
use std::time::Duration;

use crate::domain::time::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rate {
    seen: u64,
    from: Option<Timestamp>,
    /// Lines in a thousand seconds, smoothed.
    smooth: Option<u64>,
    shown: u64,
}

impl Rate {
    pub(super) fn saw(&mut self, lines: usize) {
        self.seen += lines as u64;
    }

    /// As the title shows it.
    pub fn shown(&self) -> u64 {
        self.shown
    }

    /// The clock moved; true if the number that is shown changes.
    pub(super) fn step(&mut self, now: Timestamp) -> bool {
        let Some(from) = self.from else {
            // What was written before we came is no rate.
            (self.from, self.seen) = (Some(now), 0);
            return false;
        };
        let span = now.since(from);
        if span < Duration::from_secs(1) {
            return false;
        }
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let rate = std::mem::take(&mut self.seen).saturating_mul(1_000_000) / millis;
        self.from = Some(now);
        let smooth = self.smooth.map_or(rate, |smooth| (smooth * 3 + rate * 2) / 5);
        self.smooth = Some(smooth);
        let rounded = two_digits((smooth + 500) / 1_000);
        // A number that wobbles by a little tells nothing.
        let still = self.shown > 0 && rounded.abs_diff(self.shown) * 10 <= self.shown;
        if still || rounded == self.shown {
            return false;
        }
        self.shown = rounded;
        true
    }
}

/// Rounded to two digits that count.
fn two_digits(rate: u64) -> u64 {
    let mut unit = 1;
    while rate / unit >= 100 {
        unit *= 10;
    }
    (rate + unit / 2) / unit * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_calm() {
        let mut rate = Rate::default();
        rate.saw(9_999);
        rate.step(Timestamp(0));
        let mut shown = Vec::new();
        for second in 1..20 {
            rate.saw(if second % 2 == 0 { 101 } else { 99 });
            if rate.step(Timestamp(second * 1_000)) {
                shown.push(rate.shown());
            }
        }
        assert_eq!(shown, [99]);
    }

    #[test]
    fn a_log_that_falls_silent_comes_down_to_nothing() {
        let mut rate = Rate::default();
        rate.step(Timestamp(0));
        rate.saw(12_345);
        rate.step(Timestamp(1_000));
        assert_eq!(rate.shown(), 12_000);
        for second in 2..40 {
            rate.step(Timestamp(second * 1_000));
        }
        assert_eq!(rate.shown(), 0);
    }
}
