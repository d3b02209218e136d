//! A document's words for how long something may take: `< 1 hour`, `2-4 h`, `next business day`, `15:00`.
use std::time::Duration;

/// Longer is no limit of an incident, but a number that means something else.
const LONGEST: u64 = 520 * 7 * 86_400;

/// How long something may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// A span; of a range, both ends, else `least` is zero.
    Within { least: Duration, most: Duration },
    /// A time on the wall, in minutes after midnight.
    TimeOfDay { minutes: u16 },
    /// The end of the business day that is so many after this one.
    BusinessDays(u32),
    /// So long while business is open.
    BusinessTime(Duration),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// In thousandths.
    Number(u64),
    /// `15:00`, `1:30:00`.
    Clock(Vec<u64>),
    Word(String),
    Dash,
    Break,
}

/// `None` where the words are no time. Of several, the shortest holds: no alarm comes too late.
pub fn read(words: &str) -> Option<Limit> {
    let parts = parts(words);
    let mut spans: Vec<(Duration, Duration)> = Vec::new();
    let (mut business, mut time_of_day) = (None, None);
    let mut at = 0;
    while at < parts.len() {
        let rest = parts.get(at..).unwrap_or_default();
        if let Some(span) = span(rest) {
            match span.kind {
                Unit::Plain => spans.push((span.least, span.most)),
                Unit::Business => business = business.or(business_limit(&span)),
            }
            at += span.parts.max(1);
            continue;
        }
        if let Some(Part::Clock(clock)) = parts.get(at) {
            let by = at.checked_sub(1).and_then(|before| parts.get(before));
            match by {
                Some(Part::Word(word)) if BY.contains(&word.as_str()) => {
                    time_of_day = time_of_day.or(wall(clock));
                }
                // The time behind a date, `2026-11-26 03:12`, is no span.
                Some(Part::Number(_)) => {}
                Some(Part::Word(word)) if word == "t" => {}
                _ => spans.extend(stopwatch(clock).map(|most| (Duration::ZERO, most))),
            }
        }
        at += 1;
    }
    let shortest = spans.into_iter().min_by_key(|(_, most)| *most);
    shortest
        .map(|(least, most)| Limit::Within { least, most })
        .or(time_of_day)
        .or(business)
        .or_else(|| in_words(&parts))
}

const BY: [&str; 6] = ["by", "until", "till", "before", "at", "than"];
const AT_ONCE: [&str; 5] = ["immediate", "immediately", "instantly", "asap", "now"];
const BUSINESS: [&str; 5] = ["business", "working", "work", "office", "bank"];

/// What is said without a number.
fn in_words(parts: &[Part]) -> Option<Limit> {
    let words: Vec<&str> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Word(word) => Some(word.as_str()),
            _ => None,
        })
        .collect();
    let has = |wanted: &[&str]| words.windows(wanted.len()).any(|found| found == wanted);
    let next = |word: &str| BUSINESS.iter().any(|kind| has(&["next", kind, word]));
    if next("day") || has(&["next", "workday"]) || has(&["next", "weekday"]) || has(&["nbd"]) {
        return Some(Limit::BusinessDays(1));
    }
    if has(&["next", "day"]) {
        return Some(Limit::Within { least: Duration::ZERO, most: Duration::from_hours(24) });
    }
    let today = [&["end", "of", "day"][..], &["same", "day"], &["eod"], &["cob"], &["eob"], &["today"]];
    let business = ["business", "working"]
        .iter()
        .any(|kind| has(&["same", kind, "day"]) || has(&["end", "of", kind]) || has(&["close", "of", kind]));
    if business || today.iter().any(|words| has(words)) {
        return Some(Limit::BusinessDays(0));
    }
    let once = AT_ONCE.iter().any(|word| has(&[word])) || has(&["at", "once"]);
    once.then_some(Limit::Within { least: Duration::ZERO, most: Duration::ZERO })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Plain,
    Business,
}

struct Span {
    least: Duration,
    most: Duration,
    kind: Unit,
    /// How many parts it is written with, and the seconds of its last unit.
    parts: usize,
    unit: u64,
}

/// A span at the beginning: `15 min`, `2-4 hours`, `30 min to 2 h`, `1 h 30 min`, `half an hour`.
fn span(parts: &[Part]) -> Option<Span> {
    let mut first = single(parts)?;
    // A smaller unit that follows belongs to it: `1 h 30 min`.
    loop {
        let rest = parts.get(first.parts..).unwrap_or_default();
        let gap = usize::from(matches!(rest.first(), Some(Part::Word(word)) if word == "and"));
        let Some(more) = rest.get(gap..).and_then(single) else { break };
        if more.unit >= first.unit || more.kind != first.kind || !more.least.is_zero() {
            break;
        }
        first.most = first.most.saturating_add(more.most);
        first.parts += gap + more.parts;
        first.unit = more.unit;
    }
    // A range whose ends have each their own unit.
    let rest = parts.get(first.parts..).unwrap_or_default();
    if first.least.is_zero()
        && is_to(rest.first())
        && let Some(end) = rest.get(1..).and_then(single)
        && end.least.is_zero()
        && end.most >= first.most
        && end.kind == first.kind
    {
        return Some(Span { least: first.most, parts: first.parts + 1 + end.parts, ..end });
    }
    Some(first)
}

/// A number, or two with a dash between them, and one unit.
fn single(parts: &[Part]) -> Option<Span> {
    let (low, mut used) = number(parts)?;
    let mut high = None;
    let mut rest = parts.get(used..).unwrap_or_default();
    if is_to(rest.first())
        && let Some((number, more)) = rest.get(1..).and_then(number)
    {
        high = Some(number);
        used += 1 + more;
        rest = parts.get(used..).unwrap_or_default();
    }
    // `30-minute` is one word with a dash in it.
    if high.is_none() && matches!(rest, [Part::Dash, Part::Word(_), ..]) {
        used += 1;
        rest = parts.get(used..).unwrap_or_default();
    }
    let mut kind = Unit::Plain;
    if let Some(Part::Word(word)) = rest.first()
        && BUSINESS.contains(&word.as_str())
    {
        kind = Unit::Business;
        used += 1;
        rest = parts.get(used..).unwrap_or_default();
    }
    let Some(Part::Word(word)) = rest.first() else { return None };
    if word == "workdays" || word == "workday" || word == "weekdays" {
        kind = Unit::Business;
    }
    let unit = unit(word)?;
    let time = |thousandths: u64| {
        let millis = thousandths.checked_mul(unit).filter(|millis| *millis <= LONGEST * 1000)?;
        Some(Duration::from_millis(millis))
    };
    let (least, most) = match high {
        Some(high) => (time(low)?, time(high)?),
        None => (Duration::ZERO, time(low)?),
    };
    // A range that is told backwards is one all the same.
    let (least, most) = (least.min(most), least.max(most));
    Some(Span { least, most, kind, parts: used + 1, unit })
}

/// In thousandths, and with how many parts it is written.
fn number(parts: &[Part]) -> Option<(u64, usize)> {
    match parts {
        [Part::Number(number), ..] => Some((*number, 1)),
        [Part::Word(half), Part::Word(article), ..]
            if half == "half" && (article == "a" || article == "an") =>
        {
            Some((500, 2))
        }
        [Part::Word(word), ..] => Some((number_word(word)? * 1000, 1)),
        _ => None,
    }
}

fn number_word(word: &str) -> Option<u64> {
    Some(match word {
        "a" | "an" | "one" => 1,
        "two" => 2,
        "three" => 3,
        "four" => 4,
        "five" => 5,
        "six" => 6,
        "seven" => 7,
        "eight" => 8,
        "ten" => 10,
        "twelve" => 12,
        "fifteen" => 15,
        "twenty" => 20,
        "thirty" => 30,
        "sixty" => 60,
        _ => return None,
    })
}

/// In seconds.
fn unit(word: &str) -> Option<u64> {
    Some(match word {
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600,
        "d" | "day" | "days" | "workday" | "workdays" | "weekdays" => 86_400,
        "w" | "wk" | "wks" | "week" | "weeks" => 604_800,
        _ => return None,
    })
}

fn is_to(part: Option<&Part>) -> bool {
    match part {
        Some(Part::Dash) => true,
        Some(Part::Word(word)) => word == "to",
        _ => false,
    }
}

fn business_limit(span: &Span) -> Option<Limit> {
    if span.unit < 86_400 {
        return Some(Limit::BusinessTime(span.most));
    }
    // A week of business has five days, and a part of a day ends with it.
    let days = span.most.as_secs().div_ceil(86_400);
    let days = if span.unit == 604_800 { days / 7 * 5 } else { days };
    u32::try_from(days).ok().map(Limit::BusinessDays)
}

/// `15:00` as a stopwatch shows it: fifteen minutes.
fn stopwatch(clock: &[u64]) -> Option<Duration> {
    let seconds = match clock {
        [minutes, seconds] => minutes.checked_mul(60)?.checked_add(*seconds)?,
        [hours, minutes, seconds] => {
            hours.checked_mul(3_600)?.checked_add(minutes.checked_mul(60)?)?.checked_add(*seconds)?
        }
        _ => return None,
    };
    (seconds <= LONGEST).then_some(Duration::from_secs(seconds))
}

/// `15:00` as a clock on the wall shows it.
fn wall(clock: &[u64]) -> Option<Limit> {
    let (hours, minutes) = (*clock.first()?, *clock.get(1)?);
    let minutes = (hours < 24 && minutes < 60).then(|| hours * 60 + minutes)?;
    u16::try_from(minutes).ok().map(|minutes| Limit::TimeOfDay { minutes })
}

fn parts(words: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut chars = words.chars().flat_map(char::to_lowercase).peekable();
    while let Some(c) = chars.next() {
        match c {
            '0'..='9' => {
                let mut text = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_ascii_digit() || matches!(c, '.' | ':')) {
                    text.push(c);
                }
                parts.extend(of_digits(text.trim_end_matches(['.', ':'])));
                if text.ends_with(':') {
                    parts.push(Part::Break);
                }
            }
            '½' => parts.push(Part::Number(500)),
            '-' | '‐' | '‑' | '‒' | '–' | '—' | '−' => parts.push(Part::Dash),
            c if c.is_alphabetic() => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_alphabetic()) {
                    word.push(c);
                }
                parts.push(Part::Word(word));
            }
            c if c.is_whitespace() || matches!(c, '<' | '≤' | '=' | '~' | '*' | '`' | '+' | '.' | '_') => {}
            _ => parts.push(Part::Break),
        }
    }
    parts
}

fn of_digits(text: &str) -> Option<Part> {
    if text.contains(':') {
        let clock: Option<Vec<u64>> = text.split(':').map(|part| part.parse().ok()).collect();
        return clock.map(Part::Clock).or(Some(Part::Break));
    }
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let thousandths = format!("{part:0<3}");
    let read = || {
        let part: u64 = thousandths.get(..3)?.parse().ok()?;
        whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(part)
    };
    Some(read().map_or(Part::Break, Part::Number))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn within(least: u64, most: u64) -> Limit {
        Limit::Within { least: Duration::from_secs(least), most: Duration::from_secs(most) }
    }

    #[test]
    fn spans_are_read_as_documents_write_them() {
        for (words, seconds) in [
            ("15 minutes", 900),
            ("15 min", 900),
            ("15m", 900),
            ("<15 min", 900),
            ("≤ 1 hour", 3_600),
            ("< 1 h", 3_600),
            ("4 h", 14_400),
            ("4 hours", 14_400),
            ("24 hours", 86_400),
            ("Within 30 Minutes.", 1_800),
            ("Immediate (< 15 minutes)", 900),
            ("**15 minutes**", 900),
            ("1 hour 30 minutes", 5_400),
            ("1h30m", 5_400),
            ("1 hour and 30 minutes", 5_400),
            ("1.5 hours", 5_400),
            ("half an hour", 1_800),
            ("½ hour", 1_800),
            ("an hour", 3_600),
            ("one hour", 3_600),
            ("30-minute response", 1_800),
            ("P1: 15 minutes", 900),
            ("SEV-1 15 minutes", 900),
            ("2 days", 172_800),
            ("1 week", 604_800),
            ("immediately", 0),
            ("ASAP", 0),
            ("next day", 86_400),
        ] {
            assert_eq!(read(words), Some(within(0, seconds)), "{words}");
        }
    }

    #[test]
    fn a_range_has_two_ends() {
        for (words, least, most) in [
            ("2-4 hours", 7_200, 14_400),
            ("2 – 4 hours", 7_200, 14_400),
            ("5-15 min", 300, 900),
            ("30 min to 2 hours", 1_800, 7_200),
            ("4-2 hours", 7_200, 14_400),
        ] {
            assert_eq!(read(words), Some(within(least, most)), "{words}");
        }
    }

    #[test]
    fn of_several_times_the_shortest_holds() {
        assert_eq!(read("4 hours (1 hour for payments)"), Some(within(0, 3_600)));
        assert_eq!(read("15 min, else next business day"), Some(within(0, 900)));
    }

    #[test]
    fn a_stopwatch_is_a_span_and_a_time_of_the_day_is_said_with_by() {
        assert_eq!(read("15:00"), Some(within(0, 900)));
        assert_eq!(read("1:30:00"), Some(within(0, 5_400)));
        assert_eq!(read("by 15:00"), Some(Limit::TimeOfDay { minutes: 900 }));
        assert_eq!(read("until 09:30"), Some(Limit::TimeOfDay { minutes: 570 }));
        assert_eq!(read("by 25:00"), None);
    }

    #[test]
    fn business_is_no_span_of_the_clock() {
        assert_eq!(read("Next business day"), Some(Limit::BusinessDays(1)));
        assert_eq!(read("next working day"), Some(Limit::BusinessDays(1)));
        assert_eq!(read("NBD"), Some(Limit::BusinessDays(1)));
        assert_eq!(read("3 business days"), Some(Limit::BusinessDays(3)));
        assert_eq!(read("within 2 working days"), Some(Limit::BusinessDays(2)));
        assert_eq!(read("end of day"), Some(Limit::BusinessDays(0)));
        assert_eq!(read("close of business"), Some(Limit::BusinessDays(0)));
        assert_eq!(read("4 business hours"), Some(Limit::BusinessTime(Duration::from_hours(4))));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for words in [
            "",
            "–",
            "tbd",
            "Data loss likely",
            "99.9 %",
            "P1",
            "15",
            "3 months",
            "500 ms",
            "999999999999999999999 hours",
            "99999999 weeks",
            "1:2:3:4",
            "2026-11-26 03:12",
            "2026-11-26T03:12:00Z",
        ] {
            assert_eq!(read(words), None, "{words}");
        }
    }

    proptest! {
        #[test]
        fn no_words_panic(words in any::<String>(), glued in "[0-9.: a-zé½<-]{0,60}") {
            let _ = read(&words);
            let _ = read(&glued);
        }
    }
}
