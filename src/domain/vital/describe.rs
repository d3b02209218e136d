//! What is said of a question to whoever opens it: the answer, its limits, and what came before.
use super::{Answer, Vital, Which, amount, chart};
use crate::domain::level::Level;
use crate::domain::news::{Section, SectionLine};
use crate::domain::settings::limit::Bound;

const CHART_ROWS: u8 = 8;

fn line(label: &str, value: impl Into<String>) -> SectionLine {
    SectionLine { label: label.into(), value: value.into(), level: Level::Fine, indent: 0 }
}

pub fn answer(vital: &Vital) -> Section {
    let says = match &vital.answer {
        Answer::Waiting => "not asked yet".into(),
        Answer::Error { why, .. } => format!("none: {why}"),
        Answer::NotAsked(says) => format!("not asked here: {says}"),
        Answer::NoSource if vital.note.is_empty() => "no source: the document gives no query".into(),
        Answer::NoSource => format!("no source: {}", vital.note),
        _ => vital.shown().into_owned(),
    };
    let mut lines = vec![SectionLine { level: vital.level, ..line("answer", says) }];
    if !vital.says.is_empty() && vital.at.is_some() && !matches!(vital.answer, Answer::Error { .. }) {
        lines.push(SectionLine { level: vital.level, ..line("means", &*vital.says) });
    } else if !vital.note.is_empty() && vital.answer != Answer::NoSource {
        lines.push(line("of", &*vital.note));
    }
    if let Some(at) = vital.at {
        lines.push(line("asked at", at.rfc3339()));
    }
    if let Some(took) = vital.took_ms {
        lines.push(line("took", format!("{took} ms")));
    }
    if let (Answer::Error { .. }, Some((at, value))) = (&vital.answer, vital.past.last()) {
        let last = amount(*value, &vital.unit);
        lines.push(line("last value", format!("{last} at {}", at.rfc3339())));
    }
    Section { title: "Answer".into(), lines }
}

pub fn limits(vital: &Vital) -> Section {
    let place = if vital.document.is_empty() {
        "the profile".to_owned()
    } else {
        let several = vital.lines.contains([',', '-']);
        format!("document {}, {} {}", vital.document, if several { "lines" } else { "line" }, vital.lines)
    };
    let one = |which: Which, bound: &Option<Bound>, level| {
        let bound = bound.as_ref()?;
        let unit = match &*vital.unit {
            "" | "/s" => String::new(),
            unit => format!(" ({unit})"),
        };
        Some(SectionLine { level, ..line(which.name(), format!("{bound}{unit}")) })
    };
    let mut lines: Vec<SectionLine> = [
        one(Which::Ok, &vital.ok, Level::Fine),
        one(Which::Warning, &vital.warning, Level::Fine),
        one(Which::Critical, &vital.critical, Level::Fine),
    ]
    .into_iter()
    .flatten()
    .collect();
    if lines.is_empty() {
        lines.push(line("none", "it is shown, not judged"));
    }
    lines.push(line("from", place));
    let crossed = vital.held.iter().flatten().min();
    lines.extend(crossed.map(|since| line("crossed since", since.rfc3339())));
    Section { title: "Limits".into(), lines }
}

pub fn history(vital: &Vital) -> Option<Section> {
    let (first, last) = (vital.past.first()?, vital.past.last()?);
    let values: Vec<f64> = vital.past.iter().map(|(_, value)| *value).collect();
    let rows = chart(&values, vital.limit().map(|(_, bound)| bound), CHART_ROWS);
    let mut lines: Vec<SectionLine> =
        rows.into_iter().map(|(upper, row)| line(&amount(upper, &vital.unit), row)).collect();
    lines.push(line("from", format!("{} to {}", first.0.rfc3339(), last.0.rfc3339())));
    if let Some((which, bound)) = vital.limit() {
        lines.push(line("╌╌", format!("{} {bound}", which.name())));
    }
    Some(Section { title: "History".into(), lines })
}
