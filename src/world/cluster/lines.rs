//! The logs of pretend containers: lines like those of a service, kept up to a bound.
use std::collections::VecDeque;

use jiff::Timestamp;

use super::value::later;
use crate::world::base::Dice;

const MOST_LINES: usize = 1_500;
const LONGEST: usize = 16 << 10;

/// The lines of one run of a container. A line keeps its number when those before it are dropped.
#[derive(Debug, Clone, Default)]
pub struct Log {
    lines: VecDeque<(Timestamp, String)>,
    first: u64,
    /// How many were written by the run itself.
    written: u64,
}

impl Log {
    pub fn push(&mut self, at: Timestamp, line: &str) {
        // No two lines have one time: readers go on after the last that they saw.
        let last = self.lines.back().map_or(Timestamp::MIN, |(at, _)| *at);
        let at = if at > last { at } else { later(last, 1e-6) };
        for line in line.split('\n') {
            let cut = (0..=LONGEST.min(line.len())).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
            self.lines.push_back((at, line.get(..cut).unwrap_or_default().to_owned()));
        }
        while self.lines.len() > MOST_LINES {
            self.lines.pop_front();
            self.first += 1;
        }
    }

    /// The next line that a service would write.
    pub fn write(&mut self, at: Timestamp, dice: &mut Dice, format: &str, errors: u64) {
        let line = line(at, dice, format, errors, self.written);
        self.written += 1;
        self.push(at, &line);
    }

    /// From a number on: the number of each, its time and its text.
    pub fn from(&self, number: u64) -> impl DoubleEndedIterator<Item = (u64, &(Timestamp, String))> {
        let skip = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let first = self.first;
        self.lines.iter().enumerate().skip(skip).map(move |(at, line)| (first + at as u64, line))
    }

    /// The number of the next line.
    pub fn end(&self) -> u64 {
        self.first + self.lines.len() as u64
    }
}

const PATHS: &str = "items orders session search users invoices";
const VERBS: &str = "GET GET GET POST PUT";
/// Levels and messages: of a hundred lines, from this number on.
const LINES: &[(u64, &str, &str)] = &[
    (96, "WARN", "slow request {verb} /api/v1/{path}/{n} took {n}ms"),
    (88, "DEBUG", "cache lookup key={path}:{n} hit=true"),
    (0, "INFO", "{verb} /api/v1/{path}/{n} 200 {n}ms"),
];
const ERRORS: &[&str] = &[
    "{verb} /api/v1/{path}/{n} 500 {n}ms err=\"upstream request timed out\"",
    "upstream refused connection: dial tcp: connect: connection refused",
    "{verb} /api/v1/{path}/{n} 502 {n}ms err=\"context deadline exceeded\"",
];

fn one<'t>(dice: &mut Dice, mut of: impl Iterator<Item = &'t str> + Clone) -> &'t str {
    let at = dice.below(of.clone().count() as u64);
    of.nth(usize::try_from(at).unwrap_or(0)).unwrap_or_default()
}

fn line(at: Timestamp, dice: &mut Dice, format: &str, errors: u64, number: u64) -> String {
    let roll = dice.below(100);
    let usual = LINES.iter().find(|(from, ..)| *from <= roll).map(|(_, level, says)| (*level, *says));
    let error = ("ERROR", one(dice, ERRORS.iter().copied()));
    let (level, says) = if roll < errors { error } else { usual.unwrap_or(error) };
    let (verb, path) = (one(dice, VERBS.split(' ')), one(dice, PATHS.split(' ')));
    let count = (3 + dice.below(4000)).to_string();
    let message = says.replace("{verb}", verb).replace("{path}", path).replace("{n}", &count);
    let (time, trace) = (format!("{at:.3}"), dice.roll());
    match format {
        "json" => serde_json::json!({"ts": time, "level": level.to_lowercase(), "seq": number, "trace_id": format!("{trace:016x}"),
            "msg": message}).to_string(),
        "logfmt" => format!("ts={time} level={} seq={number} trace_id={trace:016x} msg={message:?}", level.to_lowercase()),
        _ => format!("{time} {level:<5} seq={number} req={:08x} {message}", trace >> 32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_bounded_and_its_lines_keep_their_numbers_and_an_order() {
        let (mut log, mut dice, now) = (Log::default(), Dice::new(1), Timestamp::UNIX_EPOCH);
        for format in ["plain", "json", "logfmt"].iter().cycle().take(4000) {
            log.write(now, &mut dice, format, 5);
        }
        assert_eq!((log.end(), log.from(0).count()), (4000, MOST_LINES));
        assert_eq!(log.from(3990).next().map(|(number, _)| number), Some(3990));
        assert!(log.from(0).zip(log.from(0).skip(1)).all(|((_, a), (_, b))| a.0 < b.0));
    }
}
