//! From a command with values to fill in to the text that a shell gets.
//!
//! What is written in signs or stands for a value (`<pod-name>`, `your-key.pem`) is replaced, quoted for its place.
//! What the script takes from a variable or an argument is set before it, so that the script stays what its author
//! wrote. Nothing is ever put together while a value is missing, and what comes out is judged anew: a value can make
//! a command riskier, never less so.
mod carried;
mod quote;
mod wanted;

use std::collections::BTreeMap;
use std::fmt::Write;

use super::placeholder::{self, Placeholder, Scope, fallback};
use super::types::Command;
use crate::commands::tools::Tables;
use crate::commands::{self, Source, Statement};
use crate::domain::approval::Tier;
use crate::domain::{secret, text};
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

    /// An empty value is none, and a default that a shell has to work out is no text.
    fn text<'v>(&'v self, placeholder: &'v Placeholder) -> Option<&'v str> {
        let given = self.get(&placeholder.name).map(|value| value.text.as_str());
        let default = || placeholder.default.as_deref().filter(|default| fallback::is_fixed(default));
        given.or_else(default).filter(|text| !text.trim().is_empty())
    }

    /// The placeholders of a command, as they are written, that nobody has given a value.
    pub fn missing(&self, command: &Command) -> Vec<String> {
        let mut missing: Vec<String> = Vec::new();
        for one in &command.placeholders {
            let left = self.text(one).is_none() && !self.is_left(command, one);
            if left && !missing.contains(&one.text) {
                missing.push(one.text.clone());
            }
        }
        missing
    }

    /// Nothing is given, and the shell works out the default that stands in each place: `${DAY:-$(date +%F)}`.
    fn is_left(&self, command: &Command, placeholder: &Placeholder) -> bool {
        let given = self.get(&placeholder.name).is_some_and(|value| !value.text.trim().is_empty());
        !given && fallback::is_everywhere(&command.statement.text, &placeholder.places)
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

/// Puts the values in, and sets these variables of the script as another fence would have set them
/// (`execution::Go::set`): their values are looked at like those of placeholders.
pub fn resolve_setting(
    command: &Command,
    set: &[String],
    values: &Values,
    tables: &Tables,
) -> Result<Resolved, Refusal> {
    let mut command = command.clone();
    let found = placeholder::find(&command.statement, &Scope::default());
    for one in found {
        let name = one.text.strip_prefix('$').unwrap_or_default();
        let known = command.placeholders.iter().any(|known| known.text == one.text);
        if !known && set.iter().any(|set| set == name) {
            command.placeholders.push(one);
        }
    }
    resolve(&command, values, tables)
}

/// Puts the values in.
pub fn resolve(command: &Command, values: &Values, tables: &Tables) -> Result<Resolved, Refusal> {
    let statement = &command.statement;
    let missing = values.missing(command);
    if !missing.is_empty() {
        return Err(Refusal::Missing(missing));
    }
    let ground = Ground::of(statement);
    // The text as it will be understood: what the shell puts in for a variable can make it riskier as well.
    let mut meant: Vec<(usize, usize, String)> = Vec::new();
    let (mut variables, mut arguments) = (Vec::new(), Vec::new());
    let mut swaps: Vec<(usize, usize, String, String)> = Vec::new();
    for one in &command.placeholders {
        let Some(value) = values.text(one) else { continue };
        let unfit = |why: String| Refusal::Unfit { name: one.name.clone(), why };
        let hidden = is_secret(&one.name, value);
        if !hidden && !is_visible(value) {
            return Err(unfit("holds signs that a screen does not show, or is too long to be shown".into()));
        }
        if !matches!(way(one), Way::Text) {
            let documents = values.get(&one.name).is_none();
            for place in &one.places {
                let text = ground.carried(*place, value, documents).map_err(unfit)?;
                meant.push((place.start, place.end, text));
            }
        }
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
                    let shown =
                        if hidden { secret::HIDDEN.to_owned() } else { text::clean_lines(&fit).into_owned() };
                    meant.push((place.start, place.end, fit.clone()));
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
    let named = command.placeholders.iter().find(|one| matches!(way(one), Way::Text));
    let apart = || Refusal::Unfit {
        name: named.map_or_else(String::new, |one| one.name.clone()),
        why: "takes the command apart into several".into(),
    };
    let (risk, why) = judged(statement, &text, &mut meant, tables).ok_or_else(apart)?;
    Ok(Resolved {
        shown: shown(&variables, &arguments, &visible),
        variables: variables.into_iter().map(|(name, value, _)| (name, value)).collect(),
        arguments: arguments.into_iter().map(|(value, _)| value).collect(),
        text,
        risk,
        why,
    })
}

/// The risk of the text as it runs, with its reason: the worst of what the document says, of the text, and of the text
/// with the values of its variables in. None where a value has made several statements of one.
fn judged(
    statement: &Statement,
    text: &str,
    meant: &mut [(usize, usize, String)],
    tables: &Tables,
) -> Option<(Tier, String)> {
    let lines: Vec<u32> = (statement.line..=statement.end_line).collect();
    let read = |text: &str| commands::read(Source { text, lines: &lines }, statement.lang, tables).statements;
    let as_it_runs = read(text);
    if text != statement.text && as_it_runs.len() > read(&statement.text).len() {
        return None;
    }
    meant.sort_by_key(|one| one.0);
    let understood =
        swapped(&statement.text, meant.iter().map(|(from, to, with)| (*from, *to, with.as_str())));
    let again = if understood == text { Vec::new() } else { read(&understood) };
    let worst = as_it_runs.iter().chain(&again).max_by_key(|one| one.risk);
    let worst = worst.filter(|one| one.risk > statement.risk);
    Some(worst.map_or_else(|| (statement.risk, statement.why.clone()), |one| (one.risk, one.why.clone())))
}

/// What would run is what is shown: nothing in it is hidden, turned around or cut off.
fn is_visible(value: &str) -> bool {
    // What holds NUL is refused in its place, with its reason.
    let flat = value.replace(['\t', '\0'], " ");
    text::clean_lines(&flat) == flat.as_str()
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

fn shown(variables: &[(String, String, bool)], arguments: &[(String, bool)], visible: &str) -> String {
    let word = |value: &str, hidden: bool| {
        if hidden {
            secret::HIDDEN.to_owned()
        } else if quote::is_plain(value) {
            value.to_owned()
        } else {
            format!("'{}'", text::clean_lines(value).replace('\'', "'\\''"))
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
    out.push_str(visible);
    // The document may hold a secret itself.
    String::from_utf8_lossy(&secret::mask_lines(out.as_bytes())).into_owned()
}

#[cfg(test)]
mod tests;
