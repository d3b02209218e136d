//! Kubernetes quantities: `250m`, `1.5Gi`, `1e3`, `128974848`.

/// An amount in thousandths, which is the finest that anything here is shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Quantity {
    milli: u128,
}

/// More digits than any machine has of anything; guards the arithmetic below.
const MOST_DIGITS: usize = 24;

impl Quantity {
    /// `None` when the text is no quantity. What is negative counts as nothing.
    pub fn parse(text: &str) -> Option<Quantity> {
        let text = text.trim();
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') || number.len() > MOST_DIGITS {
            return None;
        }
        let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
        let places = i32::try_from(fraction.len()).ok()?;
        let milli = match binary(suffix) {
            Some(unit) => digits.saturating_mul(unit).saturating_mul(1000) / power(places),
            None => shifted(digits, decimal(suffix)? + 3 - places),
        };
        Some(Quantity { milli: if text.starts_with('-') { 0 } else { milli } })
    }

    /// Thousandths, for processors.
    pub fn milli(self) -> u64 {
        u64::try_from(self.milli).unwrap_or(u64::MAX)
    }

    /// Whole units rounded up, for bytes and counts.
    pub fn units(self) -> u64 {
        u64::try_from(self.milli.div_ceil(1000)).unwrap_or(u64::MAX)
    }
}

fn binary(suffix: &str) -> Option<u128> {
    let power = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].iter().position(|unit| *unit == suffix)?;
    Some(1_u128 << (10 * (power + 1)))
}

/// The power of ten that a suffix stands for.
fn decimal(suffix: &str) -> Option<i32> {
    Some(match suffix {
        "n" => -9,
        "u" => -6,
        "m" => -3,
        "" => 0,
        "k" => 3,
        "M" => 6,
        "G" => 9,
        "T" => 12,
        "P" => 15,
        "E" => 18,
        exponent => {
            let power: i32 = exponent.strip_prefix(['e', 'E'])?.parse().ok()?;
            (-30..=30).contains(&power).then_some(power)?
        }
    })
}

fn shifted(digits: u128, by: i32) -> u128 {
    if by >= 0 { digits.saturating_mul(power(by)) } else { digits.div_ceil(power(-by)) }
}

fn power(of_ten: i32) -> u128 {
    10_u128.saturating_pow(of_ten.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_read_in_thousandths() {
        for (text, milli) in [
            ("250m", 250),
            ("1", 1000),
            ("0.5", 500),
            ("1e3", 1_000_000),
            ("2k", 2_000_000),
            ("173241n", 1),
            ("15u", 1),
        ] {
            assert_eq!(Quantity::parse(text).map(Quantity::milli), Some(milli), "{text}");
        }
    }

    #[test]
    fn memory_is_read_in_bytes() {
        for (text, bytes) in [
            ("1Gi", 1 << 30),
            ("1.5Gi", 3 << 29),
            ("128974848", 128_974_848),
            ("129M", 129_000_000),
            ("123Ki", 123 << 10),
            ("1E", 1_000_000_000_000_000_000),
            ("2e3", 2_000),
            ("100m", 1),
        ] {
            assert_eq!(Quantity::parse(text).map(Quantity::units), Some(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_not_taken_for_one() {
        for text in ["", "Gi", "1.2.3", "1 Gi", "1Zi", "one", "1e99", "é"] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
        assert_eq!(Quantity::parse("-5"), Some(Quantity::default()));
    }
}
