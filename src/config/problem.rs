//! What is wrong with a file: where, the line with a caret under the mistake, and what is allowed.
use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use crate::domain::text::clean;

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// As people named it, for messages.
    pub name: String,
    pub text: String,
}

/// The longest piece of a line that is shown.
const SHOWN: usize = 100;

impl Source {
    /// Line and column, from one, of a byte; columns count characters.
    pub fn place(&self, at: usize) -> (usize, usize) {
        let before = self.before(at);
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (before.matches('\n').count() + 1, column)
    }

    fn before(&self, at: usize) -> &str {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        self.text.get(..at).unwrap_or("")
    }

    /// The problem that lies at `span`.
    pub fn problem(&self, span: Range<usize>, what: impl Into<String>, help: impl Into<String>) -> Problem {
        let (line, column) = self.place(span.start);
        let start = self.before(span.start).rfind('\n').map_or(0, |at| at + 1);
        let whole =
            self.text.get(start..).unwrap_or("").split('\n').next().unwrap_or("").trim_end_matches('\r');
        let marked = self.before(span.end).get(self.before(span.start).len()..).unwrap_or("");
        let marked = marked.chars().take_while(|c| *c != '\n').count();
        let inside: Vec<char> = mask(whole);
        let from = (column - 1).saturating_sub(SHOWN * 2 / 3).min(inside.len());
        let shown: String =
            inside.iter().skip(from).take(SHOWN).map(|c| if *c == '\t' { ' ' } else { *c }).collect();
        let lead: String = shown.chars().take(column - 1 - from.min(column - 1)).collect();
        let under: String = shown.chars().skip(lead.chars().count()).take(marked).collect();
        Problem {
            file: self.name.clone(),
            place: Some(Box::new(Excerpt {
                line,
                column,
                indent: clean(&lead).width(),
                length: clean(&under).width().max(1),
                text: clean(&shown).trim_end().to_owned(),
            })),
            what: short(what.into()),
            help: short(help.into()),
        }
    }
}

/// What a file says may be a megabyte long; nobody reads more than this of it.
const READ: usize = 400;

fn short(text: String) -> String {
    if text.chars().nth(READ).is_none() {
        return text;
    }
    text.chars().take(READ).chain(['…']).collect()
}

/// How words for secrets begin, also when they are mistyped.
const SECRETS: [&str; 10] =
    ["pas", "pwd", "tok", "secr", "cred", "apikey", "api-key", "api_key", "authoriz", "cookie"];

/// What a header says before a secret.
const SCHEMES: [&str; 2] = ["bearer ", "basic "];

/// A line that can be shown: what is in quotes after a word for a secret, and the password of an
/// address, become dots. Each letter keeps its place, so that the caret does.
fn mask(line: &str) -> Vec<char> {
    let mut shown: Vec<char> = line.chars().collect();
    let low: String = line.chars().map(|c| c.to_ascii_lowercase()).collect();
    if let Some(at) = SECRETS.iter().filter_map(|word| low.find(word)).min() {
        hide_after(&mut shown, low.get(..at).map_or(0, |before| before.chars().count()));
    }
    for word in SCHEMES {
        let Some(at) = low.find(word) else { continue };
        let before = low.get(..at).map_or(0, |before| before.chars().count()) + word.len();
        let secret = shown.iter_mut().skip(before).take_while(|c| !matches!(c, '"' | '\''));
        secret.for_each(|c| *c = '•');
    }
    let mut from = 0;
    while let Some(start) = find(&shown, from, &[':', '/', '/']).map(|at| at + 3) {
        let end = (start..shown.len()).find(|i| matches!(shown[*i], '"' | '\'' | ' ')).unwrap_or(shown.len());
        let at = (start..end).rev().find(|i| shown[*i] == '@');
        let colon = (start..end).find(|i| shown[*i] == ':');
        if let (Some(at), Some(colon)) = (at, colon) {
            shown.iter_mut().take(at).skip(colon + 1).for_each(|c| *c = '•');
        }
        from = end.max(start);
    }
    shown
}

/// Hides every text in quotes that begins after `from`, and of the one around it what follows a `=`, as
/// in `?password=…`.
fn hide_after(line: &mut [char], from: usize) {
    let (mut quote, mut hidden) = (None, false);
    for (i, c) in line.iter_mut().enumerate() {
        match quote {
            None if matches!(c, '"' | '\'') => (quote, hidden) = (Some(*c), i >= from),
            None => {}
            Some(open) if open == *c => quote = None,
            Some(_) if hidden => *c = '•',
            Some(_) => hidden = i >= from && *c == '=',
        }
    }
}

fn find(text: &[char], from: usize, what: &[char]) -> Option<usize> {
    text.get(from..)?.windows(what.len()).position(|part| part == what).map(|at| at + from)
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    file: String,
    place: Option<Box<Excerpt>>,
    what: String,
    help: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Excerpt {
    line: usize,
    column: usize,
    indent: usize,
    length: usize,
    text: String,
}

impl Problem {
    /// One that has no place in a file: it cannot be read, or a flag is wrong.
    pub fn of(file: impl Into<String>, what: impl Into<String>, help: impl Into<String>) -> Problem {
        Problem { file: file.into(), place: None, what: short(what.into()), help: short(help.into()) }
    }

    /// The same with something to try.
    #[must_use]
    pub fn with_help(&self, help: String) -> Problem {
        Problem { help, ..self.clone() }
    }

    fn position(&self) -> (usize, usize) {
        self.place.as_ref().map_or((0, 0), |place| (place.line, place.column))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, what) = (clean(&self.file), clean(&self.what));
        let mut margin = 0;
        match &self.place {
            None => write!(out, "{file}: {what}")?,
            Some(place) => {
                let number = place.line.to_string();
                margin = number.len();
                writeln!(out, "{file}:{}:{}: {what}", place.line, place.column)?;
                writeln!(out, "{:margin$} |", "")?;
                writeln!(out, "{number} | {}", place.text)?;
                write!(
                    out,
                    "{:margin$} | {:indent$}{}",
                    "",
                    "",
                    "^".repeat(place.length),
                    indent = place.indent
                )?;
            }
        }
        if !self.help.is_empty() {
            write!(out, "\n{:margin$} = {}", "", clean(&self.help))?;
        }
        Ok(())
    }
}

/// Everything that is wrong; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    pub fn one(problem: Problem) -> Problems {
        Problems(vec![problem])
    }

    /// In the order of the files, then of their lines.
    pub fn sort(&mut self) {
        self.0.sort_by(|a, b| a.file.cmp(&b.file).then(a.position().cmp(&b.position())));
    }

    /// One without a place gets the place that named what failed; others keep their own.
    #[must_use]
    pub fn placed(self, source: &Source, span: &Range<usize>) -> Problems {
        let place = |problem: Problem| match problem.place {
            None if problem.file == "theme" => source.problem(span.clone(), problem.what, problem.help),
            _ => problem,
        };
        Problems(self.0.into_iter().map(place).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                out.write_str("\n\n")?;
            }
            write!(out, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { name: "config.toml".into(), text: text.into() }
    }

    #[test]
    fn the_caret_stands_under_the_mistake() {
        let text = "a = 1\ntheem = \"night\"\n";
        let shown = source(text).problem(6..11, "unknown key `theem`", "did you mean `theme`?").to_string();
        let expected = "config.toml:2:1: unknown key `theem`\n  |\n2 | theem = \"night\"\n  | ^^^^^\n  = did you mean `theme`?";
        assert_eq!(shown, expected);
    }

    #[test]
    fn wide_letters_do_not_shift_the_caret() {
        let text = "x = \"漢字\" y";
        let at = text.find('y').expect("y");
        let shown = source(text).problem(at..at + 1, "what", "").to_string();
        assert_eq!(shown.lines().last(), Some("  |            ^"));
    }

    #[test]
    fn a_line_of_a_megabyte_and_a_hostile_one_are_shown_short_and_harmless() {
        let long = format!("{}\u{1b}[2J{}", "a".repeat(500_000), "b".repeat(500_000));
        let shown = source(&long).problem(500_000..500_001, "wh\u{202e}at", "").to_string();
        assert!(shown.len() < 500, "{}", shown.len());
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'));
    }

    #[test]
    fn a_secret_is_never_shown_with_its_line() {
        for text in [
            "pasword = \"hunter2\"",
            "TOKEN = 'hunter2' # and \"hunter2\"",
            "url = \"redis://me:hunter2@host:6379\"",
            "urls = [\"http://a/b\", \"http://me:hunter2@x/\"]",
            "{ secret = { value = \"hunter2",
            "url = \"postgres://db/app?sslmode=require&password=hunter2&x=1\"",
        ] {
            let shown = source(text).problem(0..3, "what", "").to_string();
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn a_place_beyond_the_end_is_the_end() {
        assert_eq!(source("ab\n").place(99), (2, 1));
        let _ = source("é").problem(1..9, "inside a letter", "").to_string();
    }
}
