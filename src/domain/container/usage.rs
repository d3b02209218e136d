//! What a container takes, worked out from the counters of its engine.
use std::collections::BTreeMap;

/// Counters of one moment. An engine counts nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sample {
    /// Nanoseconds that its processes have run.
    pub used: u64,
    /// Nanoseconds that all cores of the box have been busy and idle; 0 where an engine does not say.
    pub system: u64,
    pub cores: u32,
    /// When it was taken, in nanoseconds since the epoch.
    pub at: u64,
}

/// Hundredths of one core between two samples; `None` when they do not follow each other.
#[expect(clippy::cast_precision_loss, reason = "shown to a tenth of a hundredth")]
pub fn cpu_percent(before: Sample, now: Sample) -> Option<f32> {
    // A container that was started again counts from nothing.
    let used = now.used.checked_sub(before.used)?;
    let share = match now.system.checked_sub(before.system) {
        Some(system) if system > 0 && before.system > 0 && now.cores > 0 => {
            used as f64 / system as f64 * f64::from(now.cores)
        }
        _ => {
            let span = now.at.checked_sub(before.at).filter(|span| *span > 0)?;
            used as f64 / span as f64
        }
    };
    Some(rounded(share * 100.0))
}

/// Whole hundredths from ten on, tenths below: finer is noise that would redraw the screen.
#[expect(clippy::cast_possible_truncation, reason = "no box has so many cores")]
fn rounded(percent: f64) -> f32 {
    let percent = if percent >= 10.0 { percent.round() } else { (percent * 10.0).round() / 10.0 };
    percent as f32
}

/// Bytes that cannot be given back at once: usage without the file cache, as `docker stats` shows them.
///
/// The counters have other names in cgroup v1 (`total_inactive_file`) than in v2 (`inactive_file`); Windows has
/// none and counts its own way.
pub fn memory_used(usage: u64, stats: &BTreeMap<String, u64>) -> u64 {
    let cache = stats.get("total_inactive_file").or_else(|| stats.get("inactive_file"));
    let cache = cache.copied().filter(|cache| *cache < usage).unwrap_or(0);
    coarse(usage - cache)
}

/// To a hundredth of itself, rounded up: what is shown does not move for a few pages.
fn coarse(bytes: u64) -> u64 {
    let step = if bytes >= 1 << 20 { 1 << 20 } else { 1 << 10 };
    bytes.div_ceil(step).saturating_mul(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(used: u64, system: u64, at: u64) -> Sample {
        Sample { used, system, cores: 2, at }
    }

    #[test]
    fn a_core_that_was_busy_all_the_time_is_a_hundred() {
        // Two cores: in one second the box counts two.
        let percent = cpu_percent(sample(0, 10, 0), sample(1_000_000_000, 2_000_000_010, 1_000_000_000));
        assert_eq!(percent, Some(100.0));
        assert_eq!(cpu_percent(sample(5, 10, 0), sample(5, 2_000_000_010, 9)), Some(0.0));
        assert_eq!(cpu_percent(sample(0, 10, 0), sample(1_234_567, 2_000_000_010, 9)), Some(0.1));
    }

    #[test]
    fn without_the_counter_of_the_box_the_clock_serves() {
        let percent = cpu_percent(sample(0, 0, 1_000), sample(500, 0, 2_000));
        assert_eq!(percent, Some(50.0));
    }

    #[test]
    fn counters_that_ran_backwards_say_nothing() {
        assert_eq!(cpu_percent(sample(9, 10, 0), sample(5, 20, 9)), None);
        assert_eq!(cpu_percent(sample(1, 0, 9), sample(5, 0, 9)), None);
    }

    #[test]
    fn the_file_cache_is_not_counted_whatever_the_cgroup_calls_it() {
        const MIB: u64 = 1 << 20;
        let with = |name: &str, bytes| BTreeMap::from([(name.to_owned(), bytes)]);
        assert_eq!(memory_used(10 * MIB, &with("total_inactive_file", 4 * MIB)), 6 * MIB);
        assert_eq!(memory_used(10 * MIB, &with("inactive_file", 4 * MIB)), 6 * MIB);
        assert_eq!(memory_used(10 * MIB, &with("cache", 4 * MIB)), 10 * MIB);
        // Counters that are not of one moment do not make it negative.
        assert_eq!(memory_used(MIB, &with("inactive_file", 2 * MIB)), MIB);
        assert_eq!(memory_used(MIB + 5, &BTreeMap::new()), 2 * MIB);
    }
}
