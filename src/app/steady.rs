//! A clock for how long something stood on the screen: one on the wall may be set while it is read.
use tokio::time::Instant;

use crate::domain::time::Timestamp;
use crate::sources::now;

/// Begins at the time of the wall, and then only ever goes forward, at the pace of real time.
#[derive(Debug)]
pub(super) struct Steady {
    wall: Timestamp,
    began: Instant,
}

impl Steady {
    pub(super) fn start() -> Steady {
        Steady { wall: now(), began: Instant::now() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.at(Instant::now())
    }

    /// An instant that somebody else took.
    pub(super) fn at(&self, instant: Instant) -> Timestamp {
        self.wall.plus(instant.saturating_duration_since(self.began))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_clock_on_the_wall_that_jumps_is_no_time_spent_reading() {
        // Started while the wall was an hour behind: setting it right moves nothing.
        let steady = Steady { wall: Timestamp(now().0 - 3_600_000), began: Instant::now() };
        let shown = steady.now();
        tokio::time::advance(Duration::from_millis(200)).await;
        assert_eq!(steady.now().since(shown), Duration::from_millis(200));
    }
}
