//! Text for programs other than the shell: SQL, Redis, PowerShell, query languages.
use std::ops::Range;

use super::layout::Layout;
use super::tools::{self, Tables, Word};
use super::{Lang, Role, Script, Source, Statement, Traits, shell};
use crate::domain::approval::Tier;

mod powershell;
mod query;
mod redis;
mod sql;

/// Reads a text in one of these languages.
pub fn read(source: Source<'_>, lang: Lang, tables: &Tables) -> Script {
    let plain = source.without_returns();
    let text = &*plain;
    let cuts = match lang {
        Lang::Sql => sql::cut(text),
        Lang::Redis => redis::cut(text),
        Lang::PowerShell => powershell::cut(text, tables),
        Lang::Query | Lang::Shell => query::cut(text),
    };
    let mut layout = Layout::new(text);
    let comments = cuts.comments.iter().map(|range| layout.comment(range, cuts.sign, &source)).collect();
    // Blanks that a language does not know as such are no statement either.
    let says = |piece: &Piece| text.get(piece.range.clone()).is_some_and(|own| !own.trim().is_empty());
    let pieces = cuts.pieces.into_iter().filter(says);
    let statements = pieces.map(|piece| statement(piece, text, lang, &layout, &source, tables));
    Script { statements: statements.collect(), comments, ..Script::default() }
}

/// A text taken apart.
struct Cuts {
    pieces: Vec<Piece>,
    comments: Vec<Range<usize>>,
    /// What a comment begins with.
    sign: &'static [char],
}

/// A statement to be.
struct Piece {
    range: Range<usize>,
    risk: Tier,
    why: String,
    tool: String,
    subcommand: Option<String>,
    traits: Traits,
    role: Role,
    /// A shell's text that it runs.
    shell: Option<String>,
}

fn statement(
    piece: Piece,
    text: &str,
    lang: Lang,
    layout: &Layout<'_>,
    source: &Source<'_>,
    tables: &Tables,
) -> Statement {
    let Piece { range, mut risk, mut why, tool, subcommand, mut traits, role, shell } = piece;
    if let Some(shell) = shell {
        let inner = shell::read(Source { text: &shell, lines: &[] }, tables);
        let worst = inner.statements.iter().max_by_key(|one| one.risk);
        if let Some(worst) = worst.filter(|worst| worst.risk > risk) {
            risk = worst.risk;
            why = format!("runs `{}`: {}", worst.tool, worst.why);
        }
        traits.opaque |= inner.statements.iter().any(|one| one.traits.opaque);
    }
    let own = text.get(range.clone()).unwrap_or_default();
    if matches!(lang, Lang::Sql | Lang::Redis) {
        let word = |text: &str| Word { text: text.to_owned(), known: true, bare: true };
        let words: Vec<Word> =
            std::iter::once(tool.as_str()).chain(own.split_whitespace().take(8)).map(word).collect();
        tools::raise(&words, tables, &mut risk, &mut why, &mut traits);
    }
    let (first, last) = (layout.line(range.start), layout.line(range.end.saturating_sub(1)));
    Statement {
        line: source.line(first),
        end_line: source.line(last),
        text: own.trim().to_owned(),
        label: layout.label(first),
        lang,
        role,
        risk,
        why,
        tool,
        subcommand,
        inner_tool: None,
        traits,
        condition: None,
        sets: Vec::new(),
        uses: Vec::new(),
    }
}

/// The lines of a text with where each begins.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split('\n').map(move |line| {
        let at = start;
        start += line.len() + 1;
        (at, line)
    })
}

/// Where a line's own text stands, without the blanks around it.
fn inside(at: usize, line: &str) -> Range<usize> {
    let start = at + (line.len() - line.trim_start().len());
    start..start + line.trim().len()
}
