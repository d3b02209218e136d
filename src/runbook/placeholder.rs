//! Values that have to be filled in before a command can run, told apart from the script's own variables.

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
