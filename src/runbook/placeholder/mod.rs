//! Values that have to be filled in before a command can run, told apart from the script's own variables.
mod context;
pub mod fallback;
mod literal;
mod marks;
mod runs;
mod signs;
mod variables;

use crate::commands::{Lang, Role, Statement};

pub use context::{Piece, Shape, shape};
pub use variables::Scope;

/// One value to fill in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placeholder {
    /// As it stands: `<pod-name>`, `$SERVICE`, `{{name}}`, `your-key.pem`.
    pub text: String,
    /// Its bare name: `pod-name`, `SERVICE`.
    pub name: String,
    /// Byte offset into the statement's text of each place it stands in.
    pub places: Vec<Place>,
    /// Known to the document: a default.
    pub default: Option<String>,
}

/// Where a placeholder stands, so that its value can be quoted for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub start: usize,
    pub end: usize,
    pub quoting: Quoting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Quoting {
    #[default]
    Bare,
    Single,
    Double,
    /// JSON, SQL or YAML inside quotes.
    JsonInSingle,
    JsonInDouble,
    SqlInSingle,
    SqlInDouble,
    Heredoc,
    /// A here-document with a quoted end: nothing is expanded there.
    HeredocQuoted,
}

impl Quoting {
    /// The shell expands nothing here.
    pub fn is_literal(self) -> bool {
        matches!(self, Self::Single | Self::JsonInSingle | Self::SqlInSingle | Self::HeredocQuoted)
    }
}

/// Something found, before those of one text are put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub text: String,
    pub name: String,
    pub start: usize,
    pub end: usize,
    pub default: Option<String>,
}

/// The values to fill in of a statement, in the order of their first places.
pub fn find(statement: &Statement, scope: &Scope) -> Vec<Placeholder> {
    if statement.role == Role::Narration {
        return Vec::new();
    }
    let text = statement.text.as_str();
    let shape = shape(text);
    let mut found = Vec::new();
    if statement.lang == Lang::Shell {
        variables::find(text, &shape, scope, &mut found);
    }
    signs::find(text, &shape, statement.lang, &mut found);
    literal::find(statement, &shape, &mut found);
    found.sort_by_key(|one| (one.start, std::cmp::Reverse(one.end)));
    gather(found, &shape)
}

/// Those of one text become one; one inside another is dropped.
fn gather(found: Vec<Found>, shape: &Shape) -> Vec<Placeholder> {
    let mut all: Vec<Placeholder> = Vec::new();
    let mut index: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    let mut covered = 0;
    for one in found {
        if one.start < covered {
            continue;
        }
        covered = one.end;
        let quoting = shape.at(one.start).map(|piece| piece.quoting).unwrap_or_default();
        let place = Place { start: one.start, end: one.end, quoting };
        if let Some(same) = index.get(&one.text).and_then(|i| all.get_mut(*i)) {
            same.places.push(place);
            same.default = same.default.take().or(one.default);
        } else {
            index.insert(one.text.clone(), all.len());
            all.push(Placeholder {
                text: one.text,
                name: one.name,
                places: vec![place],
                default: one.default,
            });
        }
    }
    all
}

#[cfg(test)]
mod tests;
