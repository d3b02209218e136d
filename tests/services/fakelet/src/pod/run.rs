//! One life of a container, as far as its log is concerned.

#[derive(Clone)]
pub struct Run {
    pub seed: u64,
    pub start: i64,
    pub end: Option<i64>,
    pub failed: bool,
    pub exit: i64,
    pub reason: &'static str,
    // The line counter is linear from the last change of rate.
    pub rate: f64,
    pub rate_since: i64,
    pub rate_base: u64,
}

impl Run {
    /// Ordinary lines written by time `t` (the epilogue of a failed run is not counted).
    pub fn lines(&self, t: i64) -> u64 {
        let t = self.end.map_or(t, |e| e.min(t));
        let d = (t - self.rate_since).max(0) as f64;
        self.rate_base + (d * self.rate / 1000.0) as u64
    }
    pub fn time_of(&self, i: u64) -> i64 {
        if self.rate <= 0.0 {
            return self.rate_since;
        }
        self.rate_since + ((i as f64 - self.rate_base as f64) * 1000.0 / self.rate) as i64
    }
    pub fn index_at(&self, t: i64) -> u64 {
        let v = self.rate_base as f64 + (t - self.rate_since) as f64 * self.rate / 1000.0;
        v.ceil().max(0.0) as u64
    }
    pub fn set_rate(&mut self, rate: f64, now: i64) {
        if (rate - self.rate).abs() > f64::EPSILON {
            self.rate_base = self.lines(now);
            self.rate_since = now;
            self.rate = rate;
        }
    }
}
