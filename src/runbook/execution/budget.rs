//! How long a step may take: `0-5 min`, `first 15 minutes`, `within 30 min`.
use std::time::Duration;

/// A stretch of minutes, counted from the start of the incident, or of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    pub from: Duration,
    pub to: Duration,
}

/// Where the clock stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// It begins in that long.
    Before(Duration),
    /// So long is left.
    Within(Duration),
    /// It was over that long ago.
    Over(Duration),
}

impl Budget {
    /// Reads a budget as a document writes it; none where no time stands in it.
    pub fn read(text: &str) -> Option<Budget> {
        let text: String = text.chars().take(200).flat_map(char::to_lowercase).collect();
        let text = text.replace(['–', '—', '−'], "-").replace(" to ", "-").replace("half an hour", "30 min");
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < text.len() {
            let start = at + bytes.get(at..)?.iter().position(u8::is_ascii_digit)?;
            let (first, after) = number(text.get(start..)?)?;
            let tail = text.get(start..)?.get(after..)?;
            let glued = tail.trim_start();
            // `5-15 min`, `30 min - 1 h`: the first may have its own unit.
            let (own, behind) = unit(glued).map_or((None, glued), |(unit, length)| {
                (Some(unit), glued.get(length..).unwrap_or_default())
            });
            if let Some(rest) = behind.trim_start().strip_prefix('-')
                && let Some((second, after)) = number(rest.trim_start())
                && let Some((unit, _)) =
                    rest.trim_start().get(after..).and_then(|rest| unit(rest.trim_start()))
            {
                let from = seconds(first, own.unwrap_or(unit))?;
                let to = seconds(second, unit)?;
                return (from < to).then_some(Budget { from, to });
            }
            if let Some(unit) = own {
                return Some(Budget { from: Duration::ZERO, to: seconds(first, unit)? });
            }
            at = start + after;
        }
        None
    }

    /// Where it stands, so long after the start.
    pub fn left(&self, since: Duration) -> Left {
        if since < self.from {
            Left::Before(self.from.saturating_sub(since))
        } else if since <= self.to {
            Left::Within(self.to.saturating_sub(since))
        } else {
            Left::Over(since.saturating_sub(self.to))
        }
    }
}

/// A number at the start of a text, and its length.
fn number(text: &str) -> Option<(f64, usize)> {
    let length = text.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    let digits = text.get(..length.min(9))?.trim_end_matches('.');
    Some((digits.parse().ok()?, length.max(1)))
}

/// How many seconds a unit at the start of a text has, and its length.
fn unit(text: &str) -> Option<(f64, usize)> {
    let length = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let seconds = match text.get(..length)? {
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => 86_400.0,
        _ => return None,
    };
    Some((seconds, length))
}

fn seconds(count: f64, unit: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(count * unit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(text: &str) -> Option<(u64, u64)> {
        Budget::read(text).map(|budget| (budget.from.as_secs() / 60, budget.to.as_secs() / 60))
    }

    #[test]
    fn budgets_are_read_as_documents_write_them() {
        assert_eq!(minutes("0-5 min"), Some((0, 5)));
        assert_eq!(minutes("5–15 minutes"), Some((5, 15)));
        assert_eq!(minutes("First 15 minutes"), Some((0, 15)));
        assert_eq!(minutes("within 30 min"), Some((0, 30)));
        assert_eq!(minutes("30 min to 1 hour"), Some((30, 60)));
        assert_eq!(minutes("<2h"), Some((0, 120)));
        assert_eq!(minutes("at once"), None);
        assert_eq!(minutes("step 3, then 10 minutes"), Some((0, 10)));
        assert_eq!(minutes("15-5 min"), None);
    }

    #[test]
    fn the_clock_is_before_in_or_over_it() {
        let budget = Budget::read("5-15 min").expect("a budget");
        let minutes = |n: u64| Duration::from_secs(n * 60);
        assert_eq!(budget.left(minutes(2)), Left::Before(minutes(3)));
        assert_eq!(budget.left(minutes(10)), Left::Within(minutes(5)));
        assert_eq!(budget.left(minutes(17)), Left::Over(minutes(2)));
    }
}
