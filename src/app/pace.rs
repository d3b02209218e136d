//! When to draw: keys at once, feeds at most ten times a second, nothing when nothing changed.
use std::time::Duration;

use tokio::time::Instant;

use crate::model::Dirty;

/// The shortest time between two drawings that feeds asked for.
pub const BEAT: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
pub struct Pace {
    drawn: Option<Instant>,
}

impl Pace {
    /// When the next drawing is due; `None` while there is nothing to draw.
    pub fn due(&self, dirty: Dirty, now: Instant) -> Option<Instant> {
        match (dirty, self.drawn) {
            (Dirty::No, _) => None,
            (Dirty::Now, _) | (Dirty::Soon, None) => Some(now),
            (Dirty::Soon, Some(drawn)) => Some((drawn + BEAT).max(now)),
        }
    }

    pub fn drew(&mut self, now: Instant) {
        self.drawn = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_draw_at_once_and_feeds_wait_for_the_beat() {
        let start = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.due(Dirty::No, start), None);
        assert_eq!(pace.due(Dirty::Soon, start), Some(start));
        pace.drew(start);
        let soon = start + Duration::from_millis(30);
        assert_eq!(pace.due(Dirty::Soon, soon), Some(start + BEAT));
        assert_eq!(pace.due(Dirty::Now, soon), Some(soon));
        let later = start + Duration::from_secs(1);
        assert_eq!(pace.due(Dirty::Soon, later), Some(later));
    }
}
