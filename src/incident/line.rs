//! An event as one line of text, which says by itself whether it is whole.
//!
//! The line is a JSON object whose last field is `sum`, the beginning of the SHA-256 of everything before it.
//! So a flipped byte is found even in the last line, which no later `prev` covers.
use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::event::Event;

const SUM: usize = 16;
const BEFORE: &str = ",\"sum\":\"";
const AFTER: &str = "\"}";

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadLine {
    #[error("it does not end in its checksum")]
    NoSum,
    #[error("its checksum does not match")]
    WrongSum,
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

/// The hash that chains lines and names files.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// One line without its line end.
pub fn encode(event: &Event) -> Result<String, serde_json::Error> {
    let mut line = serde_json::to_string(event)?;
    line.pop();
    let sum = sha256(line.as_bytes());
    line.push_str(BEFORE);
    line.push_str(&sum[..SUM]);
    line.push_str(AFTER);
    Ok(line)
}

/// Reads a line without its line end, and finds every damage done to it.
pub fn decode(line: &str) -> Result<Event, BadLine> {
    let rest = line.strip_suffix(AFTER).ok_or(BadLine::NoSum)?;
    let cut = rest.len().checked_sub(SUM).filter(|cut| rest.is_char_boundary(*cut)).ok_or(BadLine::NoSum)?;
    let (rest, sum) = rest.split_at(cut);
    let said = rest.strip_suffix(BEFORE).ok_or(BadLine::NoSum)?;
    if sha256(said.as_bytes()).get(..SUM) != Some(sum) {
        return Err(BadLine::WrongSum);
    }
    serde_json::from_str(line).map_err(|error| BadLine::Unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;
    use crate::incident::event::{Note, What};

    fn note(text: &str) -> Event {
        Event {
            incident: "day-2026-01-02".into(),
            writer: "box-ann-1-0".into(),
            n: 1,
            prev: String::new(),
            at: Timestamp(1_767_312_000_123),
            what: What::Note(Note { text: text.into() }),
            rest: Vec::new(),
        }
    }

    /// If this goes red, journals that exist can no longer be read: add a kind, do not change one.
    #[test]
    fn the_format_is_what_it_was_on_the_first_day() {
        let line = encode(&note("a \"b\"\n")).expect("a line");
        assert_eq!(
            line,
            "{\"incident\":\"day-2026-01-02\",\"writer\":\"box-ann-1-0\",\"n\":1,\"prev\":\"\",\
             \"at\":\"2026-01-02T00:00:00.123Z\",\"kind\":\"note\",\"body\":{\"text\":\"a \\\"b\\\"\\n\"},\
             \"sum\":\"30e1b1a22cfef32b\"}"
        );
        assert_eq!(decode(&line), Ok(note("a \"b\"\n")));
    }

    #[test]
    fn a_kind_of_a_later_version_goes_through_untouched() {
        for (kind, body) in [
            ("role-taken", r#"{"role":"commander","by":"ann","deep":[1,{"x":null}]}"#),
            ("note", r#"{"text":{"now":"structured"}}"#),
        ] {
            let said = format!(
                r#"{{"incident":"i","writer":"w","n":7,"prev":"p","at":5,"later":true,"kind":"{kind}","body":{body}"#
            );
            let line = format!("{said}{BEFORE}{}{AFTER}", &sha256(said.as_bytes())[..SUM]);
            let event = decode(&line).expect("readable");
            assert_eq!((event.n, event.at, event.what.kind()), (7, Timestamp(5), kind));
            let What::Other(other) = &event.what else { panic!("{event:?}") };
            assert_eq!(other.body, serde_json::from_str::<serde_json::Value>(body).expect("json"));
            let again = decode(&encode(&event).expect("a line")).expect("readable");
            assert_eq!(again.what, event.what);
        }
    }

    #[test]
    fn every_flipped_bit_of_a_line_is_found() {
        let line = encode(&note("ünï")).expect("a line");
        for at in 0..line.len() {
            for bit in 0..8 {
                let mut bytes = line.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let found = String::from_utf8(bytes).map_or(true, |text| decode(&text).is_err());
                assert!(found, "byte {at} bit {bit}");
            }
        }
    }
}
