//! What is gone, described by what its row said when it was seen last.
use super::{objects, things};
use crate::domain::alert::AlertFacts;
use crate::domain::level::Level;
use crate::domain::news::{Inspection, Section, SectionLine};
use crate::domain::object::{Facts, Object};
use crate::domain::secret::{HIDDEN, carries_password};
use crate::model::Model;

pub fn inspection(model: &Model, object: &Object) -> Inspection {
    let rows = things::all_columns(object.id.kind).iter().map(|column| {
        let cell = objects::cell(model, object, Level::Fine, column.title);
        (column.title.to_lowercase(), cell.text.trim().to_owned())
    });
    let mut sections = vec![section("As it was seen last", rows)];
    if let Facts::Alerts(AlertFacts::Alert(alert)) = &object.facts {
        let told =
            [("expression", &alert.expression), ("runbook", &alert.runbook), ("source", &alert.generator)];
        let told =
            told.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.as_ref()?.to_string())));
        sections.push(section("Rule", told));
        for (title, pairs) in [("Annotations", &alert.annotations), ("Labels", &alert.labels)] {
            sections.push(section(
                title,
                pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())),
            ));
        }
    }
    sections.retain(|section| !section.lines.is_empty());
    Inspection {
        target: object.id.clone(),
        uid: None,
        sections,
        yaml: String::new(),
        events: Vec::new(),
        owners: Vec::new(),
        missing: vec![format!("{} {} is gone", object.id.kind, object.id)],
    }
}

fn section(title: &str, pairs: impl Iterator<Item = (String, String)>) -> Section {
    let lines = pairs.filter(|(name, value)| !name.is_empty() && !matches!(&**value, "" | "–"));
    let lines = lines.map(|(label, value)| {
        // An address may carry what nobody is to read.
        let value = if carries_password(&value) { HIDDEN.to_owned() } else { value };
        SectionLine { label, value, level: Level::Fine, indent: 0 }
    });
    Section { title: title.to_owned(), lines: lines.collect() }
}
