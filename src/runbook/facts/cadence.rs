//! How often something is done, told from a text: `Daily`, `every Sunday at 2:00 AM`, `0 2 * * 0`.
use std::cell::LazyCell;

use super::known::{Known, has};

/// A cadence: its word, and the time of day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cadence {
    /// `daily`, `weekly`, `every sunday`, `every 5 minutes`, `every shift`, a line of cron.
    pub every: String,
    /// `09:00`.
    pub at: Option<String>,
}

const WORDS: &[&str] = &[
    "hourly",
    "daily",
    "nightly",
    "weekly",
    "biweekly",
    "fortnightly",
    "monthly",
    "bimonthly",
    "quarterly",
    "biannually",
    "semiannually",
    "yearly",
    "annually",
    "annual",
];
/// How often, when a text is such a word: `Weekly`.
pub fn by_word(word: &str) -> Option<&'static str> {
    WORDS.iter().copied().find(|known| *known == word)
}

const DAYS: &[&str] = &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const UNITS: &[&str] = &[
    "minute",
    "minutes",
    "hour",
    "hours",
    "day",
    "days",
    "night",
    "morning",
    "evening",
    "week",
    "weeks",
    "month",
    "months",
    "quarter",
    "quarters",
    "year",
    "years",
    "shift",
    "weekday",
    "weekend",
    "sprint",
    "release",
    "deployment",
];

/// Words without one of which no cadence begins.
const BEGINS: &Known = &Known::new(&[
    "hourly",
    "daily",
    "nightly",
    "weekly",
    "biweekly",
    "fortnightly",
    "monthly",
    "bimonthly",
    "quarterly",
    "biannually",
    "semiannually",
    "yearly",
    "annually",
    "annual",
    "every",
    "each",
    "per",
    "once",
    "start",
    "end",
    "beginning",
    "monday*",
    "tuesday*",
    "wednesday*",
    "thursday*",
    "friday*",
    "saturday*",
    "sunday*",
]);

/// The first cadence in a plain text.
pub fn read(text: &str) -> Option<Cadence> {
    // Nobody says in a page when something is done.
    if text.len() > 2000 {
        return None;
    }
    if let Some(cron) = cron(text) {
        return Some(Cadence { every: cron, at: None });
    }
    // Most texts have none of the words; in one with other letters than ours, they may be cut otherwise.
    if text.is_ascii() && !has(text, BEGINS) {
        return None;
    }
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric() && c != ':').filter(|word| !word.is_empty()).collect();
    let at_time = LazyCell::new(|| clock(&lower));
    let every = words.iter().enumerate().find_map(|(at, word)| {
        let next = |steps: usize| words.get(at + steps).copied().unwrap_or_default();
        let day = |word: &str| {
            DAYS.iter().find(|day| word == **day || word.strip_suffix('s') == Some(day)).copied()
        };
        match *word {
            word if WORDS.contains(&word) => Some(word.to_owned()),
            "every" | "each" | "per" | "once" => {
                let start = if *word == "once" { 2 } else { 1 };
                if *word == "once" && !matches!(next(1), "a" | "per" | "every" | "each") {
                    return None;
                }
                let (number, unit) = if next(start).parse::<u32>().is_ok() {
                    (next(start), next(start + 1))
                } else {
                    ("", next(start))
                };
                match day(unit) {
                    Some(day) => Some(format!("every {day}")),
                    None if UNITS.contains(&unit) && (*word != "per" || number.is_empty()) => {
                        Some(format!("every {number} {unit}").replace("  ", " "))
                    }
                    None if next(start + 1) == "change" && unit == "shift" => Some("every shift".to_owned()),
                    None => None,
                }
            }
            "start" | "end" | "beginning" if next(1) == "of" => {
                let unit = [2, 3, 4]
                    .into_iter()
                    .map(next)
                    .find(|word| matches!(*word, "shift" | "day" | "week" | "month"))?;
                Some(format!("every {unit}"))
            }
            // A day of the week alone needs a time, or an `on` in front.
            word => {
                let day = day(word)?;
                let before = at.checked_sub(1).and_then(|at| words.get(at)).copied().unwrap_or_default();
                (word.ends_with("days") || before == "on" || at_time.is_some())
                    .then(|| format!("every {day}"))
            }
        }
    })?;
    Some(Cadence { every, at: at_time.clone() })
}

/// The first time of day in a text, as `HH:MM`.
fn clock(lower: &str) -> Option<String> {
    let words: Vec<&str> =
        lower.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | ';')).collect();
    words.iter().enumerate().find_map(|(at, word)| {
        let word = word.trim_matches(['.', '"', '\'']);
        let next = words.get(at + 1).copied().unwrap_or_default();
        let (digits, glued) = match word.find(['a', 'p', 'h', 'u']) {
            Some(at) => (word.get(..at)?, word.get(at..)?),
            None => (word, ""),
        };
        let half = if glued.is_empty() { next } else { glued };
        let half = half.trim_matches(|c: char| !c.is_alphabetic());
        let (hour, minute) = match digits.split_once(':') {
            Some((hour, minute)) => (hour.parse::<u8>().ok()?, minute.parse::<u8>().ok()?),
            None if matches!(half, "am" | "pm") => (digits.parse::<u8>().ok()?, 0),
            None => return None,
        };
        let hour = match half {
            "pm" if hour < 12 => hour + 12,
            "am" if hour == 12 => 0,
            _ => hour,
        };
        (hour < 24 && minute < 60).then(|| format!("{hour:02}:{minute:02}"))
    })
}

/// Five fields of cron that stand together.
fn cron(text: &str) -> Option<String> {
    memchr::memchr(b'*', text.as_bytes())?;
    let text = text.trim_matches(['`', '"', '\'', ' ']);
    let inner = text.split(['`', '"', '\'']).find(|part| fields(part.trim()))?;
    Some(format!("cron {}", inner.trim()))
}

fn fields(text: &str) -> bool {
    let mut count = 0;
    let mut any = false;
    for word in text.split_whitespace() {
        count += 1;
        let known = word.chars().all(|c| c.is_ascii_digit() || matches!(c, '*' | '/' | ',' | '-' | '?'))
            || (count > 3
                && word.len() <= 7
                && word.chars().all(|c| c.is_ascii_uppercase() || matches!(c, ',' | '-')));
        if !known || count > 5 {
            return false;
        }
        any |= word.contains('*');
    }
    count == 5 && any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cadences_are_read_from_the_words_of_runbooks() {
        let told = |text| {
            read(text)
                .map(|found| format!("{} {}", found.every, found.at.unwrap_or_default()).trim().to_owned())
        };
        for (text, want) in [
            ("Daily", "daily"),
            ("Run daily at 9:00 AM (before the rush):", "daily 09:00"),
            ("Run every Sunday at 2:00 AM:", "every sunday 02:00"),
            ("Sundays, 14:30 UTC", "every sunday 14:30"),
            ("Sunday 02:00", "every sunday 02:00"),
            ("Every shift change", "every shift"),
            ("Daily, start of each shift", "daily"),
            ("start of the shift", "every shift"),
            ("once a week at 5pm", "every week 17:00"),
            ("every 15 minutes", "every 15 minutes"),
            ("`0 2 * * 0`", "cron 0 2 * * 0"),
            ("schedule: \"*/5 * * * MON-FRI\"", "cron */5 * * * MON-FRI"),
            ("on Friday", "every friday"),
        ] {
            assert_eq!(told(text).as_deref(), Some(want), "{text}");
        }
        for text in
            ["Every user is told", "since Friday", "restart each pod", "1 2 3 4 5", "per request", "12:99"]
        {
            assert_eq!(told(text), None, "{text}");
        }
    }
}
