//! What an answer means by its limits.
use std::time::Duration;

use super::{Answer, Vital, amount};
use crate::domain::level::Level;
use crate::domain::settings::limit::{Bound, BoundValue, Fact, Op, write_span};
use crate::domain::time::{Age, Timestamp};

/// What a server says that is asked for its lag and has none.
const NOT_A_REPLICA: &str = "not a replica";

/// Which of a fact's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Ok,
    Warning,
    Critical,
}

impl Which {
    pub fn name(self) -> &'static str {
        match self {
            Which::Ok => "ok",
            Which::Warning => "warning",
            Which::Critical => "critical",
        }
    }
}

/// Whether a limit holds for an answer; `None` where the two cannot be compared.
pub fn meets(bound: &Bound, answer: &Answer) -> Option<bool> {
    match (answer, &bound.value) {
        (Answer::Value(value), _) if value.is_nan() => None,
        (Answer::Value(value), BoundValue::Number(limit)) => Some(compare(*value, bound.op, *limit)),
        (Answer::Value(_), BoundValue::Text(_)) => equal(bound.op, false),
        (Answer::Text(text) | Answer::Word(text), BoundValue::Number(limit)) => {
            match text.trim().parse::<f64>().ok().filter(|value| value.is_finite()) {
                Some(value) => Some(compare(value, bound.op, *limit)),
                None => equal(bound.op, false),
            }
        }
        (Answer::Text(text), BoundValue::Text(wanted)) => equal(bound.op, speaks(text, wanted)),
        (Answer::Word(text), BoundValue::Text(wanted)) => equal(bound.op, same(text, wanted)),
        _ => None,
    }
}

fn compare(value: f64, op: Op, limit: f64) -> bool {
    let near = (value - limit).abs() <= f64::EPSILON * limit.abs().max(1.0);
    match op {
        Op::Less => value < limit,
        Op::LessOrEqual => value <= limit,
        Op::More => value > limit,
        Op::MoreOrEqual => value >= limit,
        Op::Is => near,
        Op::IsNot => !near,
    }
}

/// Words are neither more nor less than others.
fn equal(op: Op, same: bool) -> Option<bool> {
    match op {
        Op::Is => Some(same),
        Op::IsNot => Some(!same),
        _ => None,
    }
}

fn same(text: &str, wanted: &str) -> bool {
    text.trim().eq_ignore_ascii_case(wanted.trim())
}

/// A sentence counts as its word when it holds the whole word and denies nothing: `Server is Healthy.` is healthy,
/// `unhealthy` and `not healthy` are not.
fn speaks(text: &str, wanted: &str) -> bool {
    const LONGEST: usize = 120;
    const DENIES: &[&str] =
        &["not", "no", "never", "cannot", "isn't", "nothing", "without", "error", "failed"];
    if same(text, wanted) {
        return true;
    }
    let text = text.trim();
    if text.len() > LONGEST || text.contains(['\n', '{', '<']) || wanted.contains(' ') {
        return false;
    }
    let words = || {
        let cut = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '\''));
        text.split(cut).filter(|word| !word.is_empty())
    };
    words().any(|word| same(word, wanted)) && !words().any(|word| DENIES.iter().any(|no| same(word, no)))
}

/// What becomes of a limit: crossed, or crossed for not long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Crossed {
    No,
    NotYet,
    Yes,
}

impl Vital {
    /// Notes since when each limit is crossed.
    pub(super) fn hold(&mut self, at: Timestamp) {
        let bounds = [&self.warning, &self.critical];
        let held = [0, 1].map(|nth: usize| {
            let bound = bounds.get(nth).copied().and_then(Option::as_ref)?;
            if meets(bound, &self.answer) != Some(true) {
                return None;
            }
            let known = self.held.get(nth).copied().flatten();
            let run = self.past.iter().rev();
            let run = run.take_while(|(_, value)| meets(bound, &Answer::Value(*value)) == Some(true));
            let first = run.last().map_or(at, |(first, _)| *first);
            Some(known.unwrap_or(first).min(first))
        });
        self.held = held;
    }

    fn crossed(&self, which: Which) -> Crossed {
        let (bound, since) = match which {
            Which::Ok => return Crossed::No,
            Which::Warning => (&self.warning, self.held[0]),
            Which::Critical => (&self.critical, self.held[1]),
        };
        let Some(bound) = bound else { return Crossed::No };
        if meets(bound, &self.answer) != Some(true) {
            return Crossed::No;
        }
        let (Some(held), Some(at)) = (bound.held, self.at) else { return Crossed::Yes };
        if since.is_some_and(|since| at.since(since) >= held) { Crossed::Yes } else { Crossed::NotYet }
    }

    /// How bad the answer is, and what is to be said of it.
    pub(super) fn judge(&mut self) {
        let (level, says) = self.verdict();
        // The scale begins with the worst.
        let worse = self.floor < level;
        let says = match (self.note.is_empty(), worse || level < Level::Fine) {
            (false, true) if says.is_empty() || worse => self.note.to_string(),
            (false, true) => format!("{says}; {}", self.note),
            _ => says,
        };
        self.level = level.min(self.floor);
        self.says = says.into();
    }

    fn verdict(&self) -> (Level, String) {
        match &self.answer {
            Answer::NoSource | Answer::NotAsked(_) => return (Level::Done, String::new()),
            Answer::Waiting => return (Level::Unknown, "not asked yet".into()),
            Answer::Error { why, broken: true } => return (Level::Bad, self.with_place(why)),
            Answer::Error { why, broken: false } => return (Level::Unknown, why.to_string()),
            Answer::Value(value) if value.is_nan() => {
                return (Level::Unknown, "no number came of it (NaN)".into());
            }
            // Who follows nobody lags behind nobody: that is neither well nor ill.
            Answer::Text(text) if &**text == NOT_A_REPLICA && self.wanted().is_none() => {
                return (Level::Done, String::new());
            }
            Answer::Value(_) | Answer::Text(_) | Answer::Word(_) => {}
        }
        let (warning, critical) = (self.crossed(Which::Warning), self.crossed(Which::Critical));
        let good = self.ok.as_ref().map(|bound| meets(bound, &self.answer));
        if critical == Crossed::Yes {
            return (Level::Bad, self.crossed_says(Which::Critical, good == Some(Some(true))));
        }
        if critical == Crossed::NotYet {
            return (Level::Warn, self.not_yet(Which::Critical));
        }
        if warning == Crossed::Yes {
            return (Level::Warn, self.crossed_says(Which::Warning, good == Some(Some(true))));
        }
        let bounds = [&self.ok, &self.warning, &self.critical];
        if bounds.into_iter().flatten().any(|bound| meets(bound, &self.answer).is_none()) {
            let says = format!("answers {}, which its limits say nothing of", self.quoted());
            return (Level::Unknown, says);
        }
        if warning == Crossed::NotYet {
            return (
                if good == Some(Some(false)) { Level::Warn } else { Level::Fine },
                self.not_yet(Which::Warning),
            );
        }
        if good == Some(Some(false)) {
            return (Level::Warn, self.complaint(Which::Ok));
        }
        (Level::Fine, String::new())
    }

    fn crossed_says(&self, which: Which, fine: bool) -> String {
        let mut says = self.complaint(which);
        if fine {
            says.push_str(", and its own ok calls that fine: the limits contradict each other");
        }
        says
    }

    /// `says "unhealthy", 000:30 wants "healthy"`; `92%, 003:55 says critical > 90`.
    fn complaint(&self, which: Which) -> String {
        let place = self.place();
        let at = |verb: &str| if place.is_empty() { verb.to_owned() } else { format!("{place} {verb}") };
        let bound = match which {
            Which::Ok => &self.ok,
            Which::Warning => &self.warning,
            Which::Critical => &self.critical,
        };
        if !matches!(self.answer, Answer::Value(_))
            && let Some(wanted) = self.wanted()
        {
            return format!("says {}, {} \"{wanted}\"", self.quoted(), at("wants"));
        }
        let Some(bound) = bound else { return String::new() };
        let verb = match which {
            Which::Ok => at("wants"),
            which => at(which.name()),
        };
        let limit = Bound { held: None, ..bound.clone() };
        format!("{}{}, {verb} {limit}", self.value(), self.held_says(which))
    }

    /// ` for 6m`, once it is long enough to be worth saying.
    fn held_says(&self, which: Which) -> String {
        match self.crossed_for(which) {
            Some(past) if past.as_secs() >= 60 && self.crossed(which) == Crossed::Yes => {
                format!(" for {}", Age(past))
            }
            _ => String::new(),
        }
    }

    fn crossed_for(&self, which: Which) -> Option<Duration> {
        let since = match which {
            Which::Ok => None,
            Which::Warning => self.held[0],
            Which::Critical => self.held[1],
        };
        Some(self.at?.since(since?))
    }

    fn not_yet(&self, which: Which) -> String {
        let bound = if which == Which::Critical { &self.critical } else { &self.warning };
        let held = bound.as_ref().and_then(|bound| bound.held).unwrap_or_default();
        let past = match self.crossed_for(which).unwrap_or_default() {
            past if past.as_secs() < 10 => "0s".to_owned(),
            past => Age(past).to_string(),
        };
        format!("{}, {past} of {}", self.complaint(which), write_span(held))
    }

    /// The word that would be right.
    pub fn wanted(&self) -> Option<&str> {
        let word = |bound: &'_ Option<Bound>, op: Op| match bound {
            Some(Bound { op: own, value: BoundValue::Text(_), .. }) => *own == op,
            _ => false,
        };
        let bounds = [(&self.ok, Op::Is), (&self.critical, Op::IsNot), (&self.warning, Op::IsNot)];
        bounds.into_iter().find(|(bound, op)| word(bound, *op)).and_then(|(bound, _)| match bound {
            Some(Bound { value: BoundValue::Text(text), .. }) => Some(text.as_str()),
            _ => None,
        })
    }

    fn value(&self) -> String {
        match &self.answer {
            Answer::Value(value) => amount(*value, &self.unit),
            _ => self.quoted(),
        }
    }

    fn quoted(&self) -> String {
        const MOST: usize = 48;
        match &self.answer {
            Answer::Value(value) => amount(*value, &self.unit),
            Answer::Text(text) | Answer::Word(text) => {
                let mut head: String = text.chars().take(MOST).collect();
                if text.chars().nth(MOST).is_some() {
                    head.push('…');
                }
                format!("\"{head}\"")
            }
            _ => "nothing".into(),
        }
    }

    fn with_place(&self, why: &str) -> String {
        let place = self.place();
        if place.is_empty() { why.to_owned() } else { format!("{why} ({place})") }
    }
}

/// How bad one answer of several is, however long it lasts.
fn rate(fact: &Fact, answer: &Answer) -> Level {
    let holds = |bound: &Option<Bound>| bound.as_ref().map(|bound| meets(bound, answer));
    let (ok, warning, critical) = (holds(&fact.ok), holds(&fact.warning), holds(&fact.critical));
    if critical == Some(Some(true)) {
        Level::Bad
    } else if [ok, warning, critical].contains(&Some(None)) {
        Level::Unknown
    } else if warning == Some(Some(true)) || ok == Some(Some(false)) {
        Level::Warn
    } else {
        Level::Fine
    }
}

/// Of several answers to one question the worst, and how many are not fine. Among equals it is the one that is
/// nearest to a limit: the highest, or where less is worse, the lowest.
pub fn worst(fact: &Fact, answers: &[Answer]) -> Option<(usize, usize)> {
    let bounds = [&fact.warning, &fact.critical];
    let below = bounds.into_iter().flatten().any(|bound| matches!(bound.op, Op::Less | Op::LessOrEqual))
        || matches!(&fact.ok, Some(Bound { op: Op::More | Op::MoreOrEqual, .. }));
    let size = |answer: &Answer| match answer {
        Answer::Value(value) if value.is_nan() => f64::INFINITY,
        Answer::Value(value) if below => *value,
        Answer::Value(value) => -value,
        _ => 0.0,
    };
    let rated = answers.iter().enumerate().map(|(nth, answer)| (rate(fact, answer), size(answer), nth));
    let order = |a: &(Level, f64, usize), b: &(Level, f64, usize)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1));
    // A series in which nothing happens comes as no number, and says nothing while others do.
    let idle = |nth: usize| matches!(answers.get(nth), Some(Answer::Value(value)) if value.is_nan());
    let all_idle = (0..answers.len()).all(idle);
    let rated = rated.filter(move |(_, _, nth)| all_idle || !idle(*nth));
    let (_, _, nth) = rated.clone().min_by(order)?;
    Some((nth, rated.filter(|(level, _, _)| *level < Level::Fine).count()))
}
