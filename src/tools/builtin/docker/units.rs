//! Sizes, ages and moments as docker writes and reads them.
use jiff::Timestamp;

/// With so many digits that count, and the units of a thousand or of 1024.
fn scaled(size: f64, digits: usize, base: f64, units: &[&str]) -> String {
    // The sum of nothing is a zero below zero.
    let mut size = if size > 0.0 { size } else { 0.0 };
    let mut unit = 0;
    while size >= base && unit + 1 < units.len() {
        size /= base;
        unit += 1;
    }
    let whole = size.trunc().to_string().len();
    let text = format!("{size:.*}", digits.saturating_sub(whole));
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{}", units.get(unit).unwrap_or(&""))
}

pub fn decimal(size: f64, digits: usize) -> String {
    scaled(size, digits, 1000.0, &["B", "kB", "MB", "GB", "TB", "PB"])
}

pub fn binary(size: f64) -> String {
    scaled(size, 4, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB"])
}

/// How long ago, roughly.
pub fn age(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, (seconds + 1800) / 3600);
    let words = match (seconds, minutes, hours) {
        (..1, ..) => "Less than a second".to_owned(),
        (1, ..) => "1 second".to_owned(),
        (..60, ..) => format!("{seconds} seconds"),
        (_, 1, _) => "About a minute".to_owned(),
        (_, ..60, _) => format!("{minutes} minutes"),
        (_, _, ..2) => "About an hour".to_owned(),
        (_, _, ..48) => format!("{hours} hours"),
        (_, _, ..336) => format!("{} days", hours / 24),
        (_, _, ..1440) => format!("{} weeks", hours / 24 / 7),
        (_, _, ..17520) => format!("{} months", hours / 24 / 30),
        _ => format!("{} years", seconds / 3600 / 24 / 365),
    };
    format!("{words} ago")
}

/// Seconds of a span such as `1h30m`.
fn span(text: &str) -> Option<f64> {
    let (mut all, mut rest) = (0.0, text);
    while !rest.is_empty() {
        let end = rest.find(|sign: char| sign.is_ascii_alphabetic())?;
        let (number, behind) = rest.split_at_checked(end)?;
        let end = behind.find(|sign: char| !sign.is_ascii_alphabetic()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at_checked(end)?;
        let worth = [("h", 3600.0), ("m", 60.0), ("s", 1.0), ("ms", 0.001)];
        all += number.parse::<f64>().ok()? * worth.iter().find(|(name, _)| *name == unit)?.1;
        rest = behind;
    }
    Some(all).filter(|_| !text.is_empty())
}

/// A moment as the engine takes it: a span back from now, a date, or seconds as they are.
pub fn moment(text: &str, now: Timestamp) -> Option<String> {
    if text.parse::<f64>().is_ok() {
        return Some(text.to_owned());
    }
    if let Some(back) = span(text) {
        let at = now.checked_sub(jiff::SignedDuration::try_from_secs_f64(back).ok()?).ok()?;
        return Some(format!("{}.{:09}", at.as_second(), at.subsec_nanosecond()));
    }
    let at: Timestamp = text.parse().ok()?;
    Some(at.as_second().to_string())
}

/// Cut to so many signs, the last of which says so.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_ages_and_moments_are_those_of_the_original() {
        assert_eq!(
            [decimal(1_982_345.0, 3), decimal(21_890_000.0, 4), decimal(0.0, 4)],
            ["1.98MB", "21.89MB", "0B"]
        );
        assert_eq!([binary(5.301 * 1_048_576.0), binary(524_288.0)], ["5.301MiB", "512KiB"]);
        let ages = [0, 59, 60, 119, 3599, 3600, 5400, 86_400, 200_000, 2_000_000];
        let words = ["Less than a second", "59 seconds", "About a minute", "About a minute", "59 minutes"];
        let more = ["About an hour", "2 hours", "24 hours", "2 days", "3 weeks"];
        for (seconds, words) in ages.iter().zip(words.iter().chain(&more)) {
            assert_eq!(age(*seconds), format!("{words} ago"), "{seconds}");
        }
        let now = Timestamp::from_second(10_000).expect("moment");
        assert_eq!(moment("1h30m", now).as_deref(), Some("4600.000000000"));
        assert_eq!(moment("1970-01-01T00:00:05Z", now).as_deref(), Some("5"));
        assert_eq!(moment("soon", now), None);
    }
}
