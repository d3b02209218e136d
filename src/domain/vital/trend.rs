//! The last values as a row of bars, with the limit drawn in.
use crate::domain::settings::limit::{Bound, BoundValue, Op};

/// The highest step of a bar.
const STEPS: u8 = 8;
/// The step at which the limit stands when the values keep to it: there is room above for what does not.
const LIMIT_AT: f64 = 6.0;

/// Bars of 0 to 8 steps, and the step of the limit on the same scale.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trend {
    pub bars: Vec<u8>,
    pub limit: Option<u8>,
}

impl Trend {
    /// The last `width` values. The scale begins at zero unless a value is below it, and reaches beyond the limit.
    pub fn new(values: impl DoubleEndedIterator<Item = f64>, limit: Option<&Bound>, width: usize) -> Trend {
        let mut last: Vec<f64> = values.rev().filter(|value| value.is_finite()).take(width).collect();
        last.reverse();
        let limit = limit.and_then(height);
        let most = last.iter().copied().fold(f64::MIN, f64::max);
        if last.is_empty() {
            return Trend::default();
        }
        let floor = last.iter().copied().fold(0.0, f64::min).min(limit.unwrap_or(0.0));
        let above =
            limit.map_or(most, |limit| most.max(floor + (limit - floor) * f64::from(STEPS) / LIMIT_AT));
        let span = if above > floor { above - floor } else { 1.0 };
        let step = |value: f64| steps((value - floor) / span);
        Trend { bars: last.into_iter().map(step).collect(), limit: limit.map(step) }
    }

    /// `▂▂▃▅▇┊▆`: the bars, then how high the limit stands. A space where nothing was measured.
    pub fn text(&self, width: usize, ascii: bool) -> String {
        const BARS: [char; 9] = ['▁', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        const ASCII: [char; 9] = ['_', '.', ',', '-', '~', '=', '+', '*', '#'];
        let set = if ascii { ASCII } else { BARS };
        let draw = |step: u8| set.get(usize::from(step)).copied().unwrap_or(' ');
        let mut out = " ".repeat(width.saturating_sub(self.bars.len()));
        out.extend(self.bars.iter().map(|step| draw(*step)));
        if let Some(limit) = self.limit {
            out.push(if ascii { '|' } else { '┊' });
            out.push(draw(limit));
        }
        out
    }
}

/// Which of eight steps; what is more than nothing is at least one.
fn steps(share: f64) -> u8 {
    let reached = |step: &u8| share * f64::from(STEPS) > f64::from(*step) - 0.5;
    let step = (1..=STEPS).rev().find(reached).unwrap_or(0);
    if share > 0.0 { step.max(1) } else { step }
}

fn height(bound: &Bound) -> Option<f64> {
    match (&bound.value, bound.op) {
        (BoundValue::Number(limit), Op::Less | Op::LessOrEqual | Op::More | Op::MoreOrEqual)
            if limit.is_finite() =>
        {
            Some(*limit)
        }
        _ => None,
    }
}

/// The same as a drawing of several rows, the limit a line across; each row with the value of its upper edge.
pub fn chart(values: &[f64], limit: Option<&Bound>, rows: u8) -> Vec<(f64, String)> {
    let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let limit = limit.and_then(height);
    if finite.is_empty() || rows == 0 {
        return Vec::new();
    }
    let floor = finite.iter().copied().fold(0.0, f64::min).min(limit.unwrap_or(0.0));
    let most = finite.iter().copied().fold(limit.unwrap_or(f64::MIN), f64::max);
    let top = if most > floor { floor + (most - floor) * 1.1 } else { floor + 1.0 };
    let row_height = (top - floor) / f64::from(rows);
    let row = |nth: u8| {
        let lower = floor + row_height * f64::from(nth);
        let upper = lower + row_height;
        let line = limit.is_some_and(|limit| limit > lower && limit <= upper);
        let cell = |value: &f64| match ((value - lower) / row_height, line) {
            (share, _) if share >= 1.0 => '█',
            (share, false) if share > 0.0 => part(share),
            (share, true) if share > 0.5 => part(share),
            (_, true) => '╌',
            _ => ' ',
        };
        (upper, finite.iter().map(cell).collect())
    };
    (0..rows).rev().map(row).collect()
}

fn part(share: f64) -> char {
    const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    BARS.get(usize::from(steps(share))).copied().unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trend(values: &[f64], limit: &str, width: usize) -> Trend {
        let bound = Bound::parse(limit).ok();
        Trend::new(values.iter().copied(), bound.as_ref(), width)
    }

    #[test]
    fn the_limit_stands_below_the_top_so_that_what_crosses_it_is_seen() {
        let trend = trend(&[30.0, 40.0, 80.0, 105.0], "> 80", 12);
        assert_eq!(trend.limit, Some(6));
        assert_eq!(trend.bars, [2, 3, 6, 8]);
        assert_eq!(trend.text(6, false), "  ▂▃▆█┊▆");
        assert_eq!(trend.text(4, true), ",-+#|+");
    }

    #[test]
    fn far_above_the_limit_the_limit_sinks_and_is_still_there() {
        let trend = trend(&[1_000.0], "> 1", 4);
        assert_eq!((trend.bars.as_slice(), trend.limit), (&[8][..], Some(1)));
    }

    #[test]
    fn only_the_last_values_are_drawn_and_none_leaves_nothing() {
        assert_eq!(trend(&[9.0, 1.0, 2.0, f64::NAN], "", 2).bars, [4, 8]);
        assert_eq!(trend(&[], "> 3", 4), Trend::default());
        assert_eq!(trend(&[0.0, 0.0], "> 0.5", 4).bars, [0, 0]);
        assert_eq!(trend(&[-5.0, 5.0], "", 4).bars, [0, 8], "below zero is lower than zero");
        assert_eq!(trend(&[5.0], "= healthy", 4).limit, None);
    }

    #[test]
    fn a_chart_has_its_limit_as_a_line_across() {
        let rows = chart(&[0.0, 50.0, 100.0], Bound::parse("> 80").ok().as_ref(), 5);
        let drawn: Vec<&str> = rows.iter().map(|(_, row)| row.as_str()).collect();
        assert_eq!(drawn, ["  ▄", "╌╌█", " ▂█", " ██", " ██"]);
        assert!((rows[0].0 - 110.0).abs() < 1e-6);
        assert!(chart(&[], None, 5).is_empty());
    }
}
