//! The names of incidents, runs and measures: unique without asking anybody, short, and in the order of time.
use super::line::sha256;
use crate::domain::time::Timestamp;

/// Small letters and digits that are not taken for each other at 3 am, on paper or over the telephone.
const LETTERS: &[u8; 28] = b"23456789abcdefghjkmnpqrtuvwx";

/// What the name of an incident's journal begins with.
pub const INCIDENT: &str = "inc-";

/// `inc-2026-11-26-0312-k7qd`: the minute in UTC, and four letters of who opened it, when, and how they call it.
pub fn incident(at: Timestamp, writer: &str, title: &str) -> String {
    format!("{INCIDENT}{}-{}", minute(at), letters(&[&at.0.to_string(), writer, title], 4))
}

/// `run-2026-11-26-0312-k7qdma`.
pub fn run(at: Timestamp, writer: &str, runbook: &str) -> String {
    format!("run-{}-{}", minute(at), letters(&[&at.0.to_string(), writer, runbook], 6))
}

/// `measure-2026-11-26-0312-k7qdma`.
pub fn measure(at: Timestamp, writer: &str, what: &str) -> String {
    format!("measure-{}-{}", minute(at), letters(&[&at.0.to_string(), writer, what], 6))
}

fn minute(at: Timestamp) -> String {
    let text = at.rfc3339();
    match (text.get(..10), text.get(11..13), text.get(14..16)) {
        (Some(date), Some(hour), Some(minute)) => format!("{date}-{hour}{minute}"),
        // A time that no calendar reaches is a number.
        _ => text,
    }
}

fn letters(parts: &[&str], count: usize) -> String {
    // The lengths keep `a`, `bc` apart from `ab`, `c`.
    let whole: Vec<String> = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
    let hash = sha256(whole.concat().as_bytes());
    let bytes = hash.as_bytes().chunks(4).take(count);
    let number = |bytes: &[u8]| bytes.iter().fold(0_usize, |sum, byte| sum * 16 + usize::from(*byte));
    bytes
        .filter_map(|bytes| LETTERS.get(number(bytes) % LETTERS.len()))
        .map(|byte| char::from(*byte))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a time")
    }

    #[test]
    fn the_name_of_an_incident_says_its_minute_and_sorts_by_it() {
        let name = incident(at("2026-11-26T04:12:59+01:00"), "box-ann-1-0", "full");
        assert!(name.starts_with("inc-2026-11-26-0312-"), "{name}");
        assert_eq!(name.len(), 24);
        assert!(name < incident(at("2026-11-26T03:13:00Z"), "box-ann-1-0", "full"));
    }

    #[test]
    fn two_boxes_that_open_one_in_the_same_millisecond_name_it_differently() {
        let now = at("2026-11-26T03:12:59Z");
        let mut names: Vec<String> =
            (0..200).map(|n| incident(now, &format!("box{n}-ann-1-0"), "full")).collect();
        names.extend((0..200).map(|n| incident(now, "box-ann-1-0", &format!("title {n}"))));
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 400);
    }

    #[test]
    fn a_name_is_harmless_whatever_the_title_and_the_time_are() {
        for name in [
            incident(Timestamp(i64::MAX), "../x", "\0\n"),
            run(Timestamp(0), "", "../../etc"),
            measure(Timestamp(i64::MIN), "w", "$(reboot)"),
        ] {
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{name}");
        }
    }
}
