//! What a code block holds: commands of which language, or none at all.
use super::super::document::{Fence, Line};
use super::console;
use super::look::{Look, Said, said};
use super::quotes::Quotes;
use super::session;
use super::speech::{is_key, is_output};
use super::text::bare_label;
use super::verbs::{First, first, is_cmdlet, is_command, is_program, is_sentence};
use crate::commands::Lang;

/// What a code block turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// Commands; with prompts and output taken away.
    Commands(Vec<session::Part>),
    /// A numbered list or sentences in a fence.
    Prose(Vec<Line>),
    /// Configuration or a program, to be read or applied by hand.
    Snippet,
    /// Scripts inside a configuration.
    Embedded(Vec<Line>),
    /// What a command prints, or nothing.
    Output,
}

/// Reads a fence.
pub fn read(fence: &Fence) -> Code {
    let said = said(&fence.lang);
    if matches!(fence.lang.as_str(), "output" | "log" | "logs" | "stdout") {
        return Code::Output;
    }
    read_lines(&fence.body, said)
}

/// Reads code without an info string.
pub fn read_indented(lines: &[Line]) -> Code {
    // `:::bash` and `#!bash` name the language in the block itself.
    let head = lines.first().map_or("", |line| line.text.trim());
    let tag = head.strip_prefix(":::").or_else(|| head.strip_prefix("#!").filter(|tag| !tag.contains('/')));
    match tag {
        Some(tag) => read_lines(lines.get(1..).unwrap_or_default(), said(&tag.trim().to_lowercase())),
        None => read_lines(lines, Said::Nothing),
    }
}

fn read_lines(lines: &[Line], said: Said) -> Code {
    let told = lines.iter().filter(|line| !line.text.trim().is_empty()).count();
    if told == 0 {
        return Code::Output;
    }
    if matches!(said, Said::Snippet) || is_crontab(lines) {
        return snippet(lines);
    }
    if !matches!(said, Said::Query)
        && let Some(parts) = session::read(lines)
    {
        return Code::Commands(parts);
    }
    let look = Look::at(lines);
    let whole = |lang: Lang| {
        let lines = without_prose(lines, lang);
        Code::Commands(if lang == Lang::Shell {
            console::parts(lines)
        } else {
            vec![session::Part { lang, lines }]
        })
    };
    let begins = lines.iter().map(|line| line.text.trim()).find(|text| !text.is_empty()).unwrap_or_default();
    match said {
        Said::Sql if look.first_command && !look.sql => whole(Lang::Shell),
        Said::Sql if look.commented => Code::Prose(lines.to_vec()),
        Said::Sql => whole(Lang::Sql),
        Said::PowerShell => whole(Lang::PowerShell),
        Said::Redis => {
            if look.first_command {
                whole(Lang::Shell)
            } else {
                whole(Lang::Redis)
            }
        }
        Said::Query => whole(Lang::Query),
        Said::Session if look.commands == 0 && look.sql => whole(Lang::Sql),
        Said::Session if look.commands == 0 && look.query => whole(Lang::Query),
        Said::Session if look.commands == 0 => Code::Output,
        Said::Shell | Said::Session => {
            if look.numbered && look.commands * 2 < told {
                Code::Prose(lines.to_vec())
            } else if look.config && !look.first_command {
                Code::Snippet
            } else if look.sql && look.commands == 0 {
                whole(Lang::Sql)
            } else if look.query && look.commands == 0 {
                whole(Lang::Query)
            } else if look.output && look.commands == 0 {
                Code::Output
            } else if begins.starts_with("--") && !begins.starts_with("-- ") {
                Code::Snippet
            } else if (look.first_command || is_program(begins.split(' ').next().unwrap_or_default()))
                && look.labelled
            {
                // A command with what it prints.
                Code::Commands(console::parts(without_prose(&without_output(lines), Lang::Shell)))
            } else {
                whole(Lang::Shell)
            }
        }
        Said::Nothing | Said::Snippet => {
            if look.sql && !look.first_command {
                whole(Lang::Sql)
            } else if is_cmdlet(begins) {
                whole(Lang::PowerShell)
            } else if look.first_command || look.prose {
                Code::Commands(console::parts(without_prose(&without_output(lines), Lang::Shell)))
            } else if look.query {
                whole(Lang::Query)
            } else if look.redis {
                whole(Lang::Redis)
            } else if look.numbered {
                Code::Prose(lines.to_vec())
            } else {
                Code::Output
            }
        }
    }
}

/// Nothing but a crontab's lines, and comments on them.
fn is_crontab(lines: &[Line]) -> bool {
    let mut told = lines
        .iter()
        .map(|line| line.text.trim())
        .filter(|text| !text.is_empty() && !text.starts_with('#'))
        .peekable();
    told.peek().is_some() && told.all(console::is_cron)
}

/// A configuration: shell commands under a wrong name, a script inside, or nothing to run.
fn snippet(lines: &[Line]) -> Code {
    let look = Look::at(lines);
    if let Some(parts) = session::read(lines).filter(|_| !look.config) {
        let runs = parts
            .iter()
            .any(|part| part.lang == Lang::Shell && part.lines.iter().any(|line| is_command(&line.text)));
        if runs {
            return Code::Commands(parts);
        }
    }
    if look.first_command && !look.config && look.commands * 2 >= look.told {
        return Code::Commands(vec![session::Part { lang: Lang::Shell, lines: lines.to_vec() }]);
    }
    if look.sql && look.sql_lines == look.told {
        return Code::Commands(vec![session::Part { lang: Lang::Sql, lines: lines.to_vec() }]);
    }
    match embedded(lines) {
        Some(script) => Code::Embedded(script),
        None => Code::Snippet,
    }
}

/// A shell script in a block scalar (`key: |`), told by its shebang.
fn embedded(lines: &[Line]) -> Option<Vec<Line>> {
    let start = lines.iter().position(|line| {
        let text = line.text.trim();
        text.starts_with("#!") && ["sh", "bash"].iter().any(|shell| text.ends_with(shell))
    })?;
    let above = lines.get(..start)?.last()?.text.trim_end();
    if !above.ends_with(['|', '-', '>', '+']) {
        return None;
    }
    let indent = width(&lines.get(start)?.text);
    let inside = lines
        .get(start..)?
        .iter()
        .take_while(|line| line.text.trim().is_empty() || width(&line.text) >= indent);
    Some(
        inside
            .map(|line| Line {
                no: line.no,
                text: line.text.get(indent.min(line.text.len())..).unwrap_or_default().to_owned(),
            })
            .collect(),
    )
}

fn width(text: &str) -> usize {
    text.len() - text.trim_start_matches(' ').len()
}

/// Commands without what they print below them: lines that are plainly no commands, until the next that is one.
fn without_output(lines: &[Line]) -> Vec<Line> {
    let mut kept: Vec<Line> = Vec::with_capacity(lines.len());
    let mut quotes = Quotes::default();
    let mut output = false;
    let mut blank = false;
    for line in lines {
        let text = line.text.trim();
        output = !quotes.is_open()
            && !text.is_empty()
            && !text.starts_with('#')
            && (output || !kept.is_empty() && is_shown(text, blank))
            && !is_command(text);
        if !output {
            quotes.take(&line.text);
            kept.push(line.clone());
        }
        blank = text.is_empty();
    }
    kept
}

/// Whether a line looks like what a command prints; `blank` says that nothing stands above it.
fn is_shown(text: &str, blank: bool) -> bool {
    let heads = text.ends_with(':') && !text.contains('=') || text.ends_with('.');
    is_key(text) || is_output(text) || heads && blank || !text.contains('$') && bare_label(text).is_some()
}

/// Sentences between commands become comments, so that the lines keep their numbers and nothing runs them.
fn without_prose(lines: &[Line], lang: Lang) -> Vec<Line> {
    if lang == Lang::Sql {
        return lines.iter().map(console::commented).collect();
    }
    if lang != Lang::Shell {
        return lines.to_vec();
    }
    let mut kept = Vec::with_capacity(lines.len());
    let mut quotes = Quotes::default();
    for line in lines {
        let text = line.text.trim();
        let other = || {
            let tree = text.starts_with(['├', '└', '│']);
            console::is_cron(text) || console::is_program_line(text) || tree
        };
        if !quotes.is_open() && (is_prose(text) || is_rule(text) || other()) {
            kept.push(Line { no: line.no, text: format!("# {text}") });
        } else {
            quotes.take(&line.text);
            kept.push(line.clone());
        }
    }
    kept
}

fn is_prose(text: &str) -> bool {
    let head = || text.split_whitespace().next().unwrap_or_default();
    !text.starts_with('#') && is_sentence(text) && first(head()) != First::Path
}

/// A line of signs, drawn between others.
fn is_rule(text: &str) -> bool {
    text.len() >= 3 && text.bytes().all(|b| matches!(b, b'-' | b'=' | b'*' | b'_'))
}
