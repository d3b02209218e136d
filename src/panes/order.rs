//! What columns sort by: the most, the newest and words in their order first; what is not known has no key, and so
//! comes last whichever way round.
use crate::domain::time::Timestamp;
use crate::model::listing::SortKey;

/// A text that may be missing.
pub fn text(text: &str) -> SortKey {
    if text.is_empty() { SortKey::Missing } else { SortKey::Text(text.into()) }
}

/// The most first.
pub fn most(n: impl Into<Option<u64>>) -> SortKey {
    n.into().map_or(SortKey::Missing, |n| SortKey::Number(-i64::try_from(n).unwrap_or(i64::MAX)))
}

/// The newest first.
pub fn newest(at: impl Into<Option<Timestamp>>) -> SortKey {
    at.into().map_or(SortKey::Missing, |at| SortKey::Number(at.0.saturating_neg()))
}

/// A share of the whole, or where there is none what is used: shares first, as the two cannot be compared.
pub fn share(used: u64, whole: Option<u64>) -> SortKey {
    /// More than any share in thousandths.
    const AFTER: i64 = 1 << 60;
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    match whole.filter(|whole| *whole > 0) {
        Some(whole) => SortKey::Number(-signed(used.saturating_mul(1_000) / whole).min(AFTER / 2)),
        None => SortKey::Number(AFTER - signed(used).min(AFTER / 2)),
    }
}

/// A version by its first three numbers, so that 1.10 comes after 1.9; what has none is a word.
pub fn version(version: &str) -> SortKey {
    const EACH: i64 = 100_000;
    let digits = version.trim_start_matches(['v', 'V']);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return text(version);
    }
    let mut left = digits;
    let mut next = || {
        let end = left.find(|c: char| !c.is_ascii_digit()).unwrap_or(left.len());
        let (number, rest) = left.split_at(end);
        // What follows anything but a dot is no number of the version: `1.36.3-gke.1`.
        left = rest.strip_prefix('.').unwrap_or("");
        // A date that stands for a version is more than any number of one.
        number.parse::<i64>().unwrap_or(0).min(EACH - 1)
    };
    SortKey::Number(next() * EACH * EACH + next() * EACH + next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_in_the_order_of_their_numbers() {
        let mut all = ["1.10.0", "1.9.2", "1.9", "v1.36.3-gke.1", "v1.4", "15.18", "2", "main", ""];
        let place = |version: &&str| match super::version(version) {
            SortKey::Number(n) => (0, n),
            SortKey::Text(_) => (1, 0),
            SortKey::Missing => (2, 0),
        };
        all.sort_by_key(place);
        assert_eq!(all, ["v1.4", "1.9", "1.9.2", "1.10.0", "v1.36.3-gke.1", "2", "15.18", "main", ""]);
    }

    #[test]
    fn what_is_not_known_has_no_key_and_zero_has_one() {
        assert_eq!((most(None), most(0), text("")), (SortKey::Missing, SortKey::Number(0), SortKey::Missing));
    }
}
