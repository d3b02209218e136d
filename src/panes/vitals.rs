//! Facts with their limits as rows: trouble first, then in the order of the documents.
use std::borrow::Cow;

use super::tables::{self, Tables, ago, left, right};
use super::{Cell, Column, Fact, Width, order};
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind, Object, ObjectRef, Realm};
use crate::domain::settings::limit::FactSource;
use crate::domain::settings::{Action, Role};
use crate::domain::vital::{Answer, Trend, Vital};
use crate::model::Model;
use crate::model::listing::{Listing, SortKey};

pub struct Vitals;

const COLUMNS: &[Column] = &[
    left("VITAL", Width::Share(22, 5), 20),
    right("VALUE", VALUE, 19),
    left("TREND", Width::Fixed(BARS + 2), 4),
    left("LIMIT", Width::Fixed(13), 9),
    left("MEANS", Width::Fill(14), 11),
    left("SOURCE", Width::Fixed(12), 2),
    left("DOC", Width::Fixed(8), 10),
    right("AGE", 4, 3),
    right("TOOK", 6, 1),
];

/// How wide a value is shown.
const VALUE: u16 = 10;

/// How many of the last values are drawn; the limit stands in the two cells after them.
const BARS: u16 = 12;

pub(super) fn vital(object: &Object) -> Option<&Vital> {
    match &object.facts {
        Facts::Vital(vital) => Some(vital),
        _ => None,
    }
}

/// Everything there is, in no order.
fn all(model: &Model) -> impl Iterator<Item = &Vital> {
    model.listing(Kind::Vital).into_iter().flat_map(|listing| listing.all().filter_map(vital))
}

impl Tables for Vitals {
    fn realm(&self) -> Realm {
        Realm::Vitals
    }

    fn name(&self) -> &'static str {
        "vitals"
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Vital]
    }

    fn columns(&self, _kind: Kind) -> &'static [Column] {
        COLUMNS
    }

    fn key(&self, object: &Object, column: Option<&str>) -> SortKey {
        let Some(vital) = vital(object) else { return SortKey::Missing };
        match column {
            None => SortKey::Number(place(vital)),
            Some("VITAL") => SortKey::Text(vital.name.clone()),
            Some("VALUE") => match (&vital.answer, vital.shown()) {
                (Answer::Value(value), _) => SortKey::Number(-milli(*value)),
                (Answer::Text(_) | Answer::Word(_), shown) => SortKey::Text(shown.as_ref().into()),
                _ => SortKey::Missing,
            },
            Some("TREND") => rise(vital).map_or(SortKey::Missing, |rise| SortKey::Number(-rise)),
            Some("LIMIT") => order::text(&limit(vital)),
            Some("SOURCE") => SortKey::Text(vital.source.name().into()),
            Some("DOC") => in_order(vital),
            Some("AGE") => order::newest(vital.at),
            Some("TOOK") => vital.took_ms.map_or(SortKey::Missing, |ms| SortKey::Number(-i64::from(ms))),
            Some(_) => order::text(&means(vital)),
        }
    }

    fn cell<'m>(&self, model: &'m Model, object: &'m Object, level: Level, column: &str) -> Cell<'m> {
        let Some(vital) = vital(object) else { return Cell::new("") };
        let dim = |text: Cow<'m, str>| Cell::new(text).role(Role::Dim);
        match column {
            "VITAL" => Cell::middle(&*object.id.name),
            "VALUE" if level < Level::Fine => Cell::new(vital.shown()).role(super::role(level)),
            "VALUE" => Cell::new(vital.shown()),
            "TREND" => dim(trend(vital, model.settings.ascii()).into()),
            "LIMIT" if matches!(level, Level::Bad | Level::Warn) => {
                Cell::new(limit(vital)).role(super::role(level))
            }
            "LIMIT" => dim(limit(vital).into()),
            "MEANS" if level < Level::Fine => Cell::new(means(vital)).role(super::role(level)),
            "MEANS" => dim(means(vital)),
            "SOURCE" if vital.source == FactSource::None => dim("no source".into()),
            "SOURCE" => dim(vital.source.name().into()),
            "DOC" => dim(vital.place().into()),
            "AGE" => dim(ago(model, vital.at).into()),
            _ => dim(took(vital).into()),
        }
    }

    fn words<'o>(&self, object: &'o Object) -> Vec<Cow<'o, str>> {
        let Some(vital) = vital(object) else { return Vec::new() };
        vec![
            (&*vital.query).into(),
            vital.source.name().into(),
            (&*vital.unit).into(),
            vital.places().into(),
            (&*vital.says).into(),
        ]
    }

    fn head(&self, model: &Model, _kind: Kind) -> Vec<Vec<Fact>> {
        let counted = |of: fn(&Vital) -> bool| all(model).filter(|vital| of(vital)).count();
        let parts = [
            (counted(Vital::is_asked), "asked"),
            (
                counted(|vital| is_elsewhere(vital) && vital.source != FactSource::Statement),
                "for other panes",
            ),
            (counted(|vital| is_elsewhere(vital) && vital.source == FactSource::Statement), "to run by hand"),
            (counted(|vital| vital.answer == Answer::NoSource), "with no source"),
        ];
        let parts: Vec<String> =
            parts.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        if parts.is_empty() { Vec::new() } else { vec![vec![Fact::new(parts.join(", "), Role::Dim)]] }
    }

    fn lamp(&self, model: &Model) -> (Level, String) {
        if let Some(lamp) = tables::feed_lamp(model, self) {
            return lamp;
        }
        if let Some((level, n)) = tables::count(model, Kind::Vital) {
            return (level, format!("vitals {n}"));
        }
        // What nobody can be asked for says nothing of health.
        let known = all(model).any(Vital::is_asked);
        (if known { Level::Fine } else { Level::Unknown }, "vitals".into())
    }

    fn worst(&self, model: &Model) -> (String, String) {
        if let Some((id, _, says)) = self.troubles(model).into_iter().next() {
            return (id.name.to_string(), says);
        }
        let asked = all(model).filter(|vital| vital.is_asked()).count();
        match asked {
            0 => ("nothing is asked here".into(), String::new()),
            1 => ("the one that is asked".into(), "is within its limits".into()),
            n => (format!("all {n} that are asked"), "are within their limits".into()),
        }
    }

    fn troubles(&self, model: &Model) -> Vec<(ObjectRef, Level, String)> {
        let all = model.listing(Kind::Vital).into_iter().flat_map(Listing::all);
        let troubled = all.filter_map(|object| Some((object, vital(object)?)));
        let mut troubled: Vec<_> = troubled.filter(|(_, vital)| vital.level < Level::Fine).collect();
        troubled.sort_by_key(|(_, vital)| (vital.level, vital.order));
        let told = troubled.into_iter();
        told.map(|(object, vital)| (object.id.clone(), vital.level, vital.says.to_string())).collect()
    }

    fn keys(&self, _kind: Kind) -> &'static [Action] {
        &[Action::Open, Action::Passage, Action::Filter, Action::Palette]
    }

    fn remedy(&self) -> &'static str {
        "no fact is named: `[[probes]]` and `[[limits]]` in the profile"
    }
}

fn is_elsewhere(vital: &Vital) -> bool {
    matches!(vital.answer, Answer::NotAsked(_))
}

/// In the order of the documents; what nobody can be asked for comes last.
fn place(vital: &Vital) -> i64 {
    let after = match vital.answer {
        Answer::NoSource => 2,
        Answer::NotAsked(_) => 1,
        _ => 0,
    };
    after * (1 << 32) + i64::from(vital.order)
}

/// In the order of the documents and of their lines: 9 comes before 30.
fn in_order(vital: &Vital) -> SortKey {
    let place = vital.place();
    let number = |text: &str| text.parse::<u32>().ok().map(i64::from);
    match place.rsplit_once(':').map(|(document, line)| (number(document), number(line))) {
        Some((Some(document), Some(line))) => SortKey::Number((document << 32) + line),
        _ => order::text(&place),
    }
}

/// How much it rose over the values that are remembered, in thousandths of the first.
fn rise(vital: &Vital) -> Option<i64> {
    let ((_, first), (_, last)) = (vital.past.first()?, vital.past.last()?);
    Some(milli((last - first) / first.abs().max(f64::MIN_POSITIVE)))
}

/// Thousandths, as far as they go.
fn milli(value: f64) -> i64 {
    format!("{:.0}", (value * 1000.0).clamp(-1e15, 1e15)).parse().unwrap_or_default()
}

/// `warning > 80`, `= healthy`.
fn limit(vital: &Vital) -> String {
    if let Some(word) = vital.wanted() {
        return format!("= {word}");
    }
    vital.limit().map_or_else(String::new, |(which, bound)| format!("{} {bound}", which.name()))
}

fn trend(vital: &Vital, ascii: bool) -> String {
    let bound = vital.limit().map(|(_, bound)| bound);
    let values = vital.past.iter().map(|(_, value)| *value);
    let trend = Trend::new(values, bound, usize::from(BARS));
    if trend.bars.is_empty() { String::new() } else { trend.text(usize::from(BARS), ascii) }
}

/// Why it is as it is; where the value and its limit say it all, what the value is of.
fn means(vital: &Vital) -> Cow<'_, str> {
    match &vital.answer {
        Answer::NoSource if vital.note.is_empty() => "the document gives no query".into(),
        Answer::NoSource => (&*vital.note).into(),
        Answer::NotAsked(says) => (&**says).into(),
        Answer::Error { why, .. } => (&**why).into(),
        Answer::Waiting => "not asked yet".into(),
        _ if vital.level < Level::Fine => short(vital),
        // What is cut in its own column.
        Answer::Text(text) | Answer::Word(text) if vital.note.is_empty() && text.len() > VALUE.into() => {
            (&**text).into()
        }
        _ => (&*vital.note).into(),
    }
}

/// What is wrong without what other columns say already: the value and the place.
fn short(vital: &Vital) -> Cow<'_, str> {
    let says = &*vital.says;
    let end = if says.starts_with("says \"") { "\", " } else { ", " };
    let known = !matches!(vital.answer, Answer::Value(_)) || says.starts_with(vital.shown().as_ref());
    match says.split_once(end) {
        Some((_, after)) if known => {
            let after = after.trim_start_matches(&vital.place()).trim_start();
            // How far it is towards counting comes first: the limit has a column of its own.
            match after.rsplit_once(", ") {
                Some((limit, held)) if held.contains(" of ") && !limit.contains(';') => {
                    format!("{held}: {limit}").into()
                }
                _ => after.into(),
            }
        }
        _ => says.into(),
    }
}

/// `34ms`, in coarse steps, so that it does not flicker; seconds from one on.
fn took(vital: &Vital) -> String {
    match vital.took_ms {
        None => "–".into(),
        Some(0..10) => "<10ms".into(),
        Some(ms @ 10..100) => format!("{}ms", ms / 10 * 10),
        Some(ms @ 100..1000) => format!("{}ms", ms / 50 * 50),
        Some(ms) => format!("{}.{}s", ms / 1000, ms % 1000 / 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_moves_in_steps_and_none_is_a_dash() {
        let fact = crate::domain::settings::limit::Fact {
            name: "a".into(),
            source: FactSource::Http,
            query: String::new(),
            on: None,
            unit: None,
            pick: None,
            every: std::time::Duration::from_secs(1),
            ok: None,
            warning: None,
            critical: None,
        };
        let mut vital = Vital::new(0, &fact, None);
        for (ms, text) in
            [(None, "–"), (Some(3), "<10ms"), (Some(37), "30ms"), (Some(149), "100ms"), (Some(2_345), "2.3s")]
        {
            vital.took_ms = ms;
            assert_eq!(took(&vital), text);
        }
        assert_eq!([milli(1.5), milli(-1.5), milli(f64::INFINITY)], [1500, -1500, 1_000_000_000_000_000]);
    }
}
