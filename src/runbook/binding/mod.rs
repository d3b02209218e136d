//! From a command with values to fill in to the text that a shell gets.
//!
//! What is written in signs or stands for a value (`<pod-name>`, `your-key.pem`) is replaced, quoted for its place.
//! What the script takes from a variable or an argument is set before it, so that the script stays what its author
//! wrote. Nothing is ever put together while a value is missing, and what comes out is judged anew: a value can make
//! a command riskier, never less so.
mod quote;
mod wanted;

use std::collections::BTreeMap;
use std::fmt::Write;

use super::placeholder::Placeholder;
use super::types::Command;
use crate::commands::tools::Tables;
use crate::commands::{self, Source};
use crate::domain::approval::Tier;
use crate::domain::secret;
use quote::Ground;

pub use wanted::{Sort, Wanted, wanted};

/// Where a value came from; the question says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A label of the alert that the run is for.
    Label(String),
    /// The selected row.
    Row,
    Environment,
    /// Chosen from what the panes know.
    Candidate,
    Document,
    Operator,
}

/// A value for one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    pub text: String,
    pub origin: Origin,
}

/// The values of one run, asked for once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<String, Value>);

impl Values {
    pub fn set(&mut self, name: &str, value: Value) {
        self.0.insert(key(name), value);
    }

    /// Takes these in, over what was there.
    pub fn extend(&mut self, others: &Values) {
        self.0.extend(others.0.iter().map(|(name, value)| (name.clone(), value.clone())));
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(&key(name))
    }

    /// An empty value is none.
    fn text<'v>(&'v self, placeholder: &'v Placeholder) -> Option<&'v str> {
        let given = self.get(&placeholder.name).map(|value| value.text.as_str());
        given.or(placeholder.default.as_deref()).filter(|text| !text.trim().is_empty())
    }
}

/// `pod-name`, `POD_NAME` and `pod name` are one name.
fn key(name: &str) -> String {
    name.chars().map(|c| if matches!(c, '_' | ' ') { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// A command that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Set in the shell before it.
    pub variables: Vec<(String, String)>,
    /// The script's arguments, from `$1` on.
    pub arguments: Vec<String>,
    pub text: String,
    /// All of it for the screen and the journal, with secrets hidden.
    pub shown: String,
    /// Of the text as it now stands, and never less than the document's reading.
    pub risk: Tier,
    pub why: String,
}

/// Why there is nothing to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Not filled in, or empty.
    Missing(Vec<String>),
    Unfit {
        name: String,
        why: String,
    },
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::Missing(names) => write!(out, "not filled in: `{}`", names.join("`, `")),
            Refusal::Unfit { name, why } => write!(out, "the value of `{name}` {why}"),
        }
    }
}

/// How a placeholder is filled in.
enum Way<'a> {
    Variable(&'a str),
    Argument(usize),
    Text,
}

fn way(placeholder: &Placeholder) -> Way<'_> {
    let Some(name) = placeholder.text.strip_prefix('$') else { return Way::Text };
    if let Ok(place) = name.parse::<usize>() {
        return Way::Argument(place);
    }
    let variable = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if variable { Way::Variable(name) } else { Way::Text }
}

/// Most arguments that a script is given; a `$40` is a mistake of its author.
const MOST_ARGUMENTS: usize = 32;

/// Puts the values in.
pub fn resolve(command: &Command, values: &Values, tables: &Tables) -> Result<Resolved, Refusal> {
    let statement = &command.statement;
    let missing: Vec<String> = command
        .placeholders
        .iter()
        .filter(|one| values.text(one).is_none())
        .map(|one| one.text.clone())
        .collect();
    if !missing.is_empty() {
        return Err(Refusal::Missing(missing));
    }
    let ground = Ground::of(statement);
    let (mut variables, mut arguments) = (Vec::new(), Vec::new());
    let mut swaps: Vec<(usize, usize, String, String)> = Vec::new();
    for one in &command.placeholders {
        let Some(value) = values.text(one) else { continue };
        let unfit = |why: String| Refusal::Unfit { name: one.name.clone(), why };
        let hidden = is_secret(&one.name, value);
        match way(one) {
            Way::Variable(name) => {
                if value.contains('\0') {
                    return Err(unfit("holds a NUL byte".into()));
                }
                variables.push((name.to_owned(), value.to_owned(), hidden));
            }
            Way::Argument(place) if (1..=MOST_ARGUMENTS).contains(&place) => {
                if arguments.len() < place {
                    arguments.resize(place, (String::new(), false));
                }
                if let Some(argument) = arguments.get_mut(place - 1) {
                    *argument = (value.to_owned(), hidden);
                }
            }
            Way::Argument(_) => return Err(unfit("is for an argument that no script has".into())),
            Way::Text => {
                for place in &one.places {
                    let fit = ground.fit(*place, value).map_err(unfit)?;
                    let shown = if hidden { secret::HIDDEN.to_owned() } else { fit.clone() };
                    swaps.push((place.start, place.end, fit, shown));
                }
            }
        }
    }
    swaps.sort_by_key(|swap| swap.0);
    let text =
        swapped(&statement.text, swaps.iter().map(|(start, end, fit, _)| (*start, *end, fit.as_str())));
    let visible =
        swapped(&statement.text, swaps.iter().map(|(start, end, _, shown)| (*start, *end, shown.as_str())));
    let lines: Vec<u32> = (statement.line..=statement.end_line).collect();
    let read = commands::read(Source { text: &text, lines: &lines }, statement.lang, tables);
    let worst = read.statements.iter().max_by_key(|one| one.risk).filter(|one| one.risk > statement.risk);
    let (risk, why) = worst.map_or((statement.risk, &statement.why), |one| (one.risk, &one.why));
    Ok(Resolved {
        shown: shown(&variables, &arguments, &visible),
        variables: variables.into_iter().map(|(name, value, _)| (name, value)).collect(),
        arguments: arguments.into_iter().map(|(value, _)| value).collect(),
        text,
        risk,
        why: why.clone(),
    })
}

fn is_secret(name: &str, value: &str) -> bool {
    secret::looks_secret(name) || secret::carries_password(value)
}

fn swapped<'s>(text: &str, swaps: impl Iterator<Item = (usize, usize, &'s str)>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (start, end, with) in swaps {
        out.push_str(text.get(from..start).unwrap_or_default());
        out.push_str(with);
        from = end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

fn shown(variables: &[(String, String, bool)], arguments: &[(String, bool)], text: &str) -> String {
    let word = |value: &str, hidden: bool| {
        if hidden {
            secret::HIDDEN.to_owned()
        } else if quote::is_plain(value) {
            value.to_owned()
        } else {
            format!("'{}'", value.replace('\'', "'\\''"))
        }
    };
    let mut out = String::new();
    for (name, value, hidden) in variables {
        let _ = writeln!(out, "{name}={}", word(value, *hidden));
    }
    if !arguments.is_empty() {
        let all: Vec<String> = arguments.iter().map(|(value, hidden)| word(value, *hidden)).collect();
        let _ = writeln!(out, "set -- {}", all.join(" "));
    }
    out.push_str(text);
    out
}

#[cfg(test)]
mod tests;
