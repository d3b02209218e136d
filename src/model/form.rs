//! A few lines to fill in: an incident, a severity, a role, a measure.
use super::incident::{Grade, Opening};
use super::input::Input;
use crate::incident::event::{At, Target};

#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    pub what: What,
    pub fields: Vec<Field>,
    /// The field that is typed in.
    pub at: usize,
    /// Why it was not taken.
    pub says: String,
}

/// What is filled in.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    Open(Box<Opening>),
    Severity(Vec<Grade>),
    Role,
    Measure(Box<Measure>),
    EndMeasure { measure: String },
    HandOver,
}

/// Which measure it is, beside what can be typed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measure {
    /// None for a new one.
    pub name: Option<String>,
    pub target: Option<Target>,
    pub made_by: Option<At>,
    /// How it is taken back, once the value before is known.
    pub back: Option<crate::runbook::execution::measure::Measure>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub label: &'static str,
    pub input: Input,
    /// Cannot be left empty.
    pub needed: bool,
    /// What can be chosen, with what is to be known of it.
    pub choices: Vec<(String, String)>,
    /// The one that was chosen: two may bear one name.
    pub pick: Option<usize>,
    /// Said where nothing is typed.
    pub hint: &'static str,
}

impl Field {
    pub fn new(label: &'static str, text: &str) -> Field {
        // What stands in it was not typed by anybody: the first letter takes its place.
        let input = Input::offered(text);
        Field { label, input, needed: false, choices: Vec::new(), pick: None, hint: "" }
    }

    #[must_use]
    pub fn needed(mut self) -> Field {
        self.needed = true;
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: &'static str) -> Field {
        self.hint = hint;
        self
    }

    #[must_use]
    pub fn choices(mut self, choices: Vec<(String, String)>) -> Field {
        self.choices = choices;
        self
    }

    /// Which of the choices stands in it.
    pub fn chosen(&self) -> Option<usize> {
        let is = |at: &usize| self.choices.get(*at).is_some_and(|(name, _)| name == self.input.text());
        self.pick.filter(is).or_else(|| (0..self.choices.len()).find(is))
    }
}

impl Form {
    pub fn new(what: What, fields: Vec<Field>) -> Form {
        // What is known already is not asked for first.
        let at = fields.iter().position(|field| field.needed && field.input.is_empty()).unwrap_or(0);
        Form { what, fields, at, says: String::new() }
    }

    pub fn title(&self) -> &'static str {
        match &self.what {
            What::Open(_) => "open an incident",
            What::Severity(_) => "severity",
            What::Role => "role",
            What::Measure(measure) if measure.name.is_none() => "temporary measure",
            What::Measure(_) => "change the measure",
            What::EndMeasure { .. } => "end the measure",
            What::HandOver => "hand over",
        }
    }

    /// Which choice stands in the field of this label.
    pub fn chosen(&self, label: &str) -> Option<usize> {
        self.fields.iter().find(|field| field.label == label)?.chosen()
    }

    /// What was typed in the field of this label.
    pub fn text(&self, label: &str) -> String {
        let field = self.fields.iter().find(|field| field.label == label);
        field.map(|field| field.input.text().trim().to_owned()).unwrap_or_default()
    }
}
