//! Times, spans and outside text in the words of reports and time lines.
use std::borrow::Cow;
use std::time::Duration;

use super::event::Target;
use crate::domain::secret;
use crate::domain::text::{self, clean_to};
use crate::domain::time::{Timestamp, Zone};

/// Longer text is for the journal and its files.
const LONGEST: usize = 600;

/// `2026-11-26 03:12`, at `zone`.
pub fn minute(at: Timestamp, zone: &Zone) -> String {
    shown(at, zone, "%Y-%m-%d %H:%M")
}

/// `2026-11-26 03:12:07`, at `zone`.
pub fn second(at: Timestamp, zone: &Zone) -> String {
    shown(at, zone, "%Y-%m-%d %H:%M:%S")
}

/// `Thu 26 Nov 03:12`, at `zone`.
pub fn weekday(at: Timestamp, zone: &Zone) -> String {
    shown(at, zone, "%a %d %b %H:%M")
}

/// What the zone is called at that time: `UTC`, `CET`.
pub fn zone_name(at: Timestamp, zone: &Zone) -> String {
    shown(at, zone, "%Z")
}

fn shown(at: Timestamp, zone: &Zone, form: &str) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(time) => time.to_zoned(zone.0.clone()).strftime(form).to_string(),
        Err(_) => "a time that no calendar has".to_owned(),
    }
}

/// `45 s`, `12 min`, `1 h 20 min`, `2 d 4 h`: the two largest units.
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let two = |big: u64, unit: &str, small: u64, below: &str| match small {
        0 => format!("{big} {unit}"),
        small => format!("{big} {unit} {small} {below}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// A time as programs read it.
pub fn stamp<S: serde::Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&at.rfc3339())
}

/// The same where it may be missing.
pub fn stamp_option<S: serde::Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => to.serialize_some(&at.rfc3339()),
        None => to.serialize_none(),
    }
}

/// `1 alert`, `2 alerts`.
pub fn counted(count: usize, noun: &str) -> String {
    text::counted(count as u64, noun)
}

/// Text that people or programs wrote, as one harmless line without secrets.
pub fn plain(text: &str) -> String {
    let masked = match secret::mask(text.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    };
    let joined = masked.split_whitespace().collect::<Vec<_>>().join(" ");
    clean_to(&joined, LONGEST).into_owned()
}

/// A command as one harmless line without secrets.
pub fn command(text: &str) -> String {
    plain(&secret::command(&[text]))
}

/// The value of something, unless its name tells of a secret.
pub fn value(name: &str, value: &str) -> String {
    let is_name = !name.trim().contains(char::is_whitespace);
    if is_name && !value.is_empty() && secret::looks_secret(name) {
        secret::HIDDEN.to_owned()
    } else {
        plain(value)
    }
}

/// `deployment shop/api in prod`.
pub fn target(target: &Target) -> String {
    // What only its command names has no kind.
    let mut text = match target.kind.as_str() {
        "target" => String::new(),
        kind => format!("{kind} "),
    };
    if !target.namespace.is_empty() {
        text.push_str(&target.namespace);
        text.push('/');
    }
    text.push_str(match &*target.kind {
        "alert" => alert(&target.name),
        _ => target.name.as_str(),
    });
    if !target.context.is_empty() {
        text.push_str(" in ");
        text.push_str(&target.context);
    }
    plain(&text)
}

/// The name of an alert without what tells it apart from others of that name: people know it by its labels.
pub fn alert(name: &str) -> &str {
    let is_mark = |mark: &str| mark.len() >= 8 && mark.bytes().all(|byte| byte.is_ascii_hexdigit());
    name.rsplit_once('-').filter(|(_, mark)| is_mark(mark)).map_or(name, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_its_two_largest_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (4_800, "1 h 20 min"),
            (86_400, "1 d"),
            (187_200, "2 d 4 h"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn outside_text_is_one_harmless_line_without_its_secrets() {
        assert_eq!(
            plain("one\n two\x1b[2J postgres://app:hunter2@db/x"),
            "one two postgres://app:(hidden)@db/x"
        );
        assert_eq!(command("redis-cli -a hunter2 ping"), "redis-cli -a (hidden) ping");
        assert!(plain(&"x".repeat(100_000)).len() < 700);
    }

    #[test]
    fn the_value_of_a_secret_is_hidden_and_words_about_keys_are_no_secret() {
        assert_eq!(value("DB_PASSWORD", "hunter2"), "(hidden)");
        assert_eq!(value("rate limit per key", "100"), "100");
        assert_eq!(value("TOKEN", ""), "");
    }

    #[test]
    fn a_time_that_no_calendar_has_is_said_and_not_invented() {
        assert_eq!(minute(Timestamp(i64::MAX), &Zone::default()), "a time that no calendar has");
    }
}
