//! Themes: six that are built in, and those of the operator.
use std::path::{Path, PathBuf};

use super::problem::{Problem, Problems, Source};
use super::reader::{Reader, Table};
use super::{file, meant};
use crate::domain::settings::look::{COLOURS, MODIFIERS};
use crate::domain::settings::theme::Colour;
use crate::domain::settings::{Look, Role, Theme};

/// Name and text of every theme that is built in.
pub const BUILT_IN: [(&str, &str); 6] = [
    ("night", include_str!("../../themes/night.toml")),
    ("day", include_str!("../../themes/day.toml")),
    ("contrast", include_str!("../../themes/contrast.toml")),
    ("deutan", include_str!("../../themes/deutan.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
    ("wall", include_str!("../../themes/wall.toml")),
];

/// What is used when nobody chose.
pub const USUAL: &str = "night";

/// A theme with what its file says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    pub theme: Theme,
    pub title: String,
    /// The ground it was chosen for; never painted.
    pub background: Colour,
    /// The file, where it is the operator's own.
    pub path: Option<PathBuf>,
}

/// A built-in name, `NAME` for `themes/NAME.toml` in the config directory, or a path with a `/` in it.
/// The operator's own comes before a built-in of the same name.
pub fn load(name: &str, dir: Option<&Path>) -> Result<Described, Problems> {
    let own = if name.contains('/') {
        Some(super::place::expand(name, None))
    } else {
        dir.map(|dir| dir.join("themes").join(format!("{name}.toml")))
    };
    if let Some(path) = own
        && let Some(source) = file::read(&path).map_err(Problems::one)?
    {
        let stem = path.file_stem().map_or(name.to_owned(), |stem| stem.to_string_lossy().into_owned());
        let described = parse(&stem, &source)?;
        return Ok(Described { path: Some(path), ..described });
    }
    built_in(name).unwrap_or_else(|| {
        let names = names(dir);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let help = meant::help(name, &names);
        Err(Problems::one(Problem::of("theme", format!("there is no theme `{name}`"), help)))
    })
}

fn built_in(name: &str) -> Option<Result<Described, Problems>> {
    let (name, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
    Some(parse(name, &Source { name: format!("themes/{name}.toml (built in)"), text: (*text).to_owned() }))
}

/// Every theme that can be named: those of the config directory, and the built-in ones.
pub fn names(dir: Option<&Path>) -> Vec<String> {
    let mut names: Vec<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
    let found = dir.map(|dir| super::listed(&dir.join("themes"))).unwrap_or_default();
    names.extend(found.into_iter().filter(|name| !BUILT_IN.iter().any(|(known, _)| known == name)));
    names
}

/// A role that the file does not name is as in its `base`.
pub fn parse(name: &str, source: &Source) -> Result<Described, Problems> {
    Reader::new(source).read(|table| {
        let title = table.text("title").map_or_else(String::new, |title| title.value);
        let background = table.text("background").and_then(|text| {
            let colour = Colour::parse(&text.value);
            if colour.is_none() {
                table.reader.fault(&text.span, format!("`{}` is no colour", text.value), colour_help());
            }
            colour
        });
        let base = base(table);
        let looks = table.table("roles").map_or_else(Vec::new, |roles| {
            let looks = Role::ALL.iter().map(|role| look(&roles, *role)).collect();
            roles.done();
            looks
        });
        let theme = Theme::new(name, |role| {
            looks.get(role as usize).copied().flatten().unwrap_or_else(|| base.look(role))
        });
        Described { theme, title, background: background.unwrap_or_default(), path: None }
    })
}

fn base(table: &Table<'_, '_>) -> Theme {
    let Some(name) = table.text("base") else { return Theme::default() };
    let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    if let Some(Ok(described)) = built_in(&name.value) {
        return described.theme;
    }
    let what = format!("there is no built-in theme `{}`", name.value);
    table.reader.fault(&name.span, what, meant::help(&name.value, &names));
    Theme::default()
}

fn look(roles: &Table<'_, '_>, role: Role) -> Option<Look> {
    let text = roles.text(role.name())?;
    match Look::parse(&text.value) {
        Ok(look) => Some(look),
        Err(bad) => {
            let words: Vec<&str> = COLOURS.iter().chain(&MODIFIERS).copied().collect();
            let help = meant::meant(&bad.word, words)
                .map_or_else(colour_help, |word| format!("did you mean `{word}`? {}", colour_help()));
            // The caret stands under the word, not the whole look.
            let inside = roles.reader.source.text.get(text.span.clone()).unwrap_or("");
            let span = inside
                .find(&bad.word)
                .map_or(text.span.clone(), |at| text.span.start + at..text.span.start + at + bad.word.len());
            roles.reader.fault(&span, format!("`{}` {}", bad.word, bad.why), help);
            None
        }
    }
}

fn colour_help() -> String {
    "a colour is `#rrggbb`, `red`, `bright-blue` or `default`; besides: bold, dim, italic, underline, reverse"
        .into()
}
