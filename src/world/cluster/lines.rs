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

const PATHS: &[&str] = &[
    "/api/v1/items",
    "/api/v1/orders",
    "/healthz",
    "/api/v1/session",
    "/api/v1/search",
    "/api/v1/users",
    "/metrics",
    "/api/v1/invoices",
];
const VERBS: &[&str] = &["GET", "GET", "GET", "POST", "PUT"];

fn one<'t>(dice: &mut Dice, of: &[&'t str]) -> &'t str {
    usize::try_from(dice.below(of.len() as u64)).ok().and_then(|at| of.get(at)).copied().unwrap_or_default()
}

fn line(at: Timestamp, dice: &mut Dice, format: &str, errors: u64, number: u64) -> String {
    let (verb, path, id) = (one(dice, VERBS), one(dice, PATHS), dice.below(90_000) + 1000);
    let (level, message) = match dice.below(100) {
        roll if roll < errors => (
            "ERROR",
            match dice.below(3) {
                0 => format!(
                    "{verb} {path}/{id} 500 {}ms err=\"upstream request timed out\"",
                    800 + dice.below(4000)
                ),
                1 => format!(
                    "upstream 10.244.{}.{} refused connection: dial tcp: connect: connection refused",
                    dice.below(6),
                    dice.below(250)
                ),
                _ => format!(
                    "{verb} {path}/{id} 502 {}ms err=\"context deadline exceeded\"",
                    5000 + dice.below(900)
                ),
            },
        ),
        96..100 => ("WARN", format!("slow request {verb} {path}/{id} took {}ms", 900 + dice.below(2000))),
        88..96 => ("DEBUG", format!("cache lookup key=item:{id} hit={}", dice.below(3) > 0)),
        _ => ("INFO", format!("{verb} {path}/{id} 200 {}ms", 3 + dice.below(60))),
    };
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
