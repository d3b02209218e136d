//! The lines of a fence that draws a list: which mark stands before each, and how deep.
use super::super::super::document::Line;
use super::super::quotes::Quotes;
use super::super::session::{self, Prompt};
use super::super::speech::is_sql;
use super::super::text::{bare_label, number};
use super::super::verbs::is_command;
use super::super::vocabulary;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Nothing, or signs alone.
    Blank,
    /// `☐`, `[ ]`, `[x]`
    Tick(bool),
    /// `✓`: what should be so.
    Check,
    Number(u32),
    /// `├─`, `└─`, `→`
    Branch,
    Bullet,
    /// A name over what follows.
    Head,
    Command,
    /// A command goes on.
    More,
    Text,
}

impl Sort {
    /// It begins an item.
    pub fn is_item(self) -> bool {
        matches!(self, Sort::Tick(_) | Sort::Check | Sort::Number(_) | Sort::Branch | Sort::Bullet)
    }

    /// A mark that draws a list, and does not only stand in one.
    pub fn draws(self) -> bool {
        matches!(self, Sort::Tick(_) | Sort::Number(_) | Sort::Branch)
    }
}

/// A line with its mark taken away.
#[derive(Debug, Clone, Copy)]
pub struct Marked<'a> {
    pub line: &'a Line,
    pub sort: Sort,
    /// The characters before its mark, or before its text when it has none.
    pub column: usize,
    pub text: &'a str,
}

/// The marks of all lines.
pub fn read(lines: &[Line]) -> Vec<Marked<'_>> {
    let mut all: Vec<Marked<'_>> = Vec::with_capacity(lines.len());
    let mut quotes = Quotes::default();
    let mut sql = false;
    for line in lines {
        if quotes.is_open() || sql && !line.text.trim().is_empty() {
            let (column, text) = inner(&line.text);
            if sql {
                sql = !text.ends_with(';');
            } else {
                quotes.take(text);
            }
            all.push(Marked { line, sort: Sort::More, column, text });
            continue;
        }
        let marked = mark(line);
        sql = marked.sort == Sort::Command && is_statement(marked.text) && !marked.text.ends_with(';');
        if marked.sort == Sort::Command && !is_statement(marked.text) {
            quotes = Quotes::default();
            quotes.take(marked.text);
        }
        all.push(marked);
    }
    all
}

/// SQL, and no command of a shell.
fn is_statement(text: &str) -> bool {
    let shouted =
        text.split_whitespace().next().is_some_and(|verb| verb.bytes().all(|b| b.is_ascii_uppercase()));
    shouted && is_sql(text) && !is_command(text)
}

/// What stands behind the blanks and the lines of a tree, and how many characters they take.
fn inner(text: &str) -> (usize, &str) {
    let rest = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '│' | '┃' | '┊'));
    let lead = text.get(..text.len() - rest.len()).unwrap_or_default();
    (lead.chars().map(|c| if c == '\t' { 4 } else { 1 }).sum(), rest.trim_end())
}

fn mark(line: &Line) -> Marked<'_> {
    let (column, text) = inner(&line.text);
    let told = |sort, text| Marked { line, sort, column, text };
    if !text.contains(char::is_alphanumeric) {
        return told(Sort::Blank, "");
    }
    if let Some(rest) = branch(text) {
        return match item(rest) {
            Some((sort @ (Sort::Tick(_) | Sort::Number(_)), rest)) => told(sort, rest),
            _ => told(Sort::Branch, rest),
        };
    }
    if let Some((sort, rest)) = item(text) {
        return told(sort, rest);
    }
    let prompted = matches!(session::prompt(text), Some((Prompt::Shell | Prompt::Console(_), _)));
    if prompted || is_command(text) || is_statement(text) {
        return told(Sort::Command, text);
    }
    let heads = text.ends_with(':') || bare_label(text).is_some() || vocabulary::leads(text);
    told(if heads { Sort::Head } else { Sort::Text }, text)
}

/// The text of a branch of a tree, or behind an arrow.
fn branch(text: &str) -> Option<&str> {
    let corner = text.starts_with(['├', '└', '╰', '┣', '┗']);
    let dashed = ["|--", "`--", "+--", "|__"].iter().any(|sign| text.starts_with(sign));
    let arrow = text.starts_with(['→', '➜', '➔', '⇒', '↳', '►', '▶', '▸'])
        || text.starts_with("-> ")
        || text.starts_with("=> ");
    let signs = |c: char| {
        matches!(c, '├' | '└' | '╰' | '┣' | '┗' | '─' | '━' | '-' | '>' | '=' | '|' | '`' | '+' | '_')
            || matches!(c, '→' | '➜' | '➔' | '⇒' | '↳' | '►' | '▶' | '▸' | ' ')
    };
    (corner || dashed || arrow).then(|| text.trim_start_matches(signs))
}

/// The mark of an item, and its text.
fn item(text: &str) -> Option<(Sort, &str)> {
    let bullet =
        ["- ", "* ", "+ ", "• ", "◦ ", "▪ ", "– ", "· "].iter().find_map(|sign| text.strip_prefix(sign));
    let inside = bullet.map_or(text, str::trim_start);
    for (sign, ticked) in [("[ ]", false), ("[]", false), ("[_]", false), ("[x]", true), ("[X]", true)] {
        if let Some(rest) = inside.strip_prefix(sign).filter(|rest| rest.starts_with([' ', '\t'])) {
            return Some((Sort::Tick(ticked), rest.trim_start()));
        }
    }
    if let Some(rest) = inside.strip_prefix(['☐', '□', '⬜', '❏', '▢', '◻', '❑']) {
        return Some((Sort::Tick(false), unmarked(rest)));
    }
    if let Some(rest) = inside.strip_prefix(['✓', '✔', '☑', '✅']) {
        return Some((Sort::Check, unmarked(rest)));
    }
    if let Some(rest) = bullet {
        return Some((Sort::Bullet, rest.trim_start()));
    }
    let phase = text.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("phase "));
    let (value, rest) = number(text).filter(|_| !phase)?;
    let told =
        rest.starts_with(|c: char| c.is_alphabetic() || matches!(c, '"' | '`' | '(' | '.' | '/' | '$' | '['));
    told.then_some((Sort::Number(value), rest))
}

/// A text without the selector that makes a picture of a sign.
fn unmarked(text: &str) -> &str {
    text.trim_start_matches('\u{fe0f}').trim_start()
}
