//! The time before each line, read by hand: a general parser would cost more than all else on the line.

/// Nanoseconds since the epoch and the length of `2026-01-02T03:04:05.123456789Z ` at the start of a line.
pub(super) fn read(line: &[u8]) -> Option<(i64, usize)> {
    let head = line.get(..19)?;
    let [b'-', b'-', b'T', b':', b':'] = [head[4], head[7], head[10], head[13], head[16]] else {
        return None;
    };
    let (year, month, day) = (number(&head[..4])?, number(&head[5..7])?, number(&head[8..10])?);
    let (hour, minute, second) = (number(&head[11..13])?, number(&head[14..16])?, number(&head[17..19])?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (mut at, mut fraction) = (19, 0);
    if line.get(at) == Some(&b'.') {
        at += 1;
        let mut unit = 100_000_000;
        while let Some(digit) = line.get(at).filter(|b| b.is_ascii_digit()) {
            fraction += i64::from(digit - b'0') * unit;
            unit /= 10;
            at += 1;
        }
    }
    let (offset, length) = zone(line.get(at..)?)?;
    at += length;
    if !matches!(line.get(at), Some(b' ') | None) {
        return None;
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset;
    Some((seconds.checked_mul(1_000_000_000)?.checked_add(fraction)?, (at + 1).min(line.len())))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

/// Seconds east of Greenwich, and how long it was written.
fn zone(rest: &[u8]) -> Option<(i64, usize)> {
    let sign = match rest.first()? {
        b'Z' => return Some((0, 1)),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = (number(rest.get(1..3)?)?, number(rest.get(4..6)?)?);
    (rest.get(3) == Some(&b':')).then_some((sign * (hours * 3_600 + minutes * 60), 6))
}

/// Days from the epoch in the Gregorian calendar, counting years from March so that a leap day is the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_stamp_is_read_with_any_fraction_and_zone() {
        let whole = 1_767_323_045_000_000_000;
        for (text, nanos, length) in [
            ("2026-01-02T03:04:05Z x", whole, 21),
            ("2026-01-02T03:04:05.5Z x", whole + 500_000_000, 23),
            ("2026-01-02T03:04:05.123456789Z ", whole + 123_456_789, 31),
            ("2026-01-02T05:04:05.000000001+02:00 x", whole + 1, 36),
            ("2026-01-02T03:04:05Z", whole, 20),
        ] {
            assert_eq!(read(text.as_bytes()), Some((nanos, length)), "{text}");
        }
    }

    #[test]
    fn what_is_no_stamp_is_text() {
        for text in ["", "hello", "2026-13-02T03:04:05Z x", "2026-01-02T03:04:05Zx", "2026-01-02 03:04:05 x"]
        {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_reads_what_the_calendar_says(nanos in 0_i64..4_000_000_000_000_000_000) {
            let stamp = jiff::Timestamp::from_nanosecond(i128::from(nanos)).unwrap();
            let text = format!("{stamp:.9} x");
            prop_assert_eq!(read(text.as_bytes()), Some((nanos, text.len() - 1)));
        }

        #[test]
        fn no_bytes_make_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = read(&bytes);
        }
    }
}
