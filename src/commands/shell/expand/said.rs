//! What commands print, where the script's own text says it.
use super::{DEPTH, MOST, Scope, calls_in, joined, texts};
use crate::commands::shell::escape::printed;
use crate::commands::shell::tree::{Kind, Node, Piece, Simple, Text, Way};
use crate::commands::shell::values::known;
use crate::commands::tools::Word;

/// What these commands print, when that is text of the script itself.
pub fn output(body: &[Node], scope: Scope<'_>, depth: u8) -> Option<Vec<Word>> {
    let mut all = vec![known("", false)];
    if body.is_empty() || body.len() > 64 || depth > DEPTH {
        return None;
    }
    for node in body {
        let said = said_by(node, scope, depth + 1)?;
        let mut out = Vec::new();
        for start in &all {
            for more in &said {
                if out.len() >= MOST {
                    scope.overflow.set(true);
                    break;
                }
                let text = format!("{}{}", start.text, more.text);
                out.push(Word { known: start.known && more.known, text, bare: false });
            }
        }
        all = out;
    }
    Some(all)
}

fn said_by(node: &Node, scope: Scope<'_>, depth: u8) -> Option<Vec<Word>> {
    // What goes into a file is not printed.
    if node.redirects.iter().any(|one| matches!(one.way, Way::Write | Way::Append) && one.fd != Some(2)) {
        return Some(vec![known("", false)]);
    }
    match &node.kind {
        Kind::Simple(simple) => said_by_simple(simple, node, scope, depth),
        Kind::Sequence(nodes) => output(nodes, scope, depth),
        Kind::Pipe(nodes) => {
            let (last, before) = nodes.split_last()?;
            let Kind::Simple(simple) = &last.kind else { return None };
            let name = calls_in(simple.words.get(..1)?, scope, depth).into_iter().flatten().next()?;
            let passes =
                matches!(name.text.as_str(), "tee" | "cat" | "envsubst" | "sort" | "uniq" | "tail" | "head");
            if passes && !before.is_empty() {
                // Only the last before it prints into it.
                let from = before.len() - 1;
                return output(before.get(from..)?, scope, depth);
            }
            None
        }
        _ => None,
    }
}

fn said_by_simple(simple: &Simple, node: &Node, scope: Scope<'_>, depth: u8) -> Option<Vec<Word>> {
    if simple.words.is_empty() {
        return Some(vec![known("", false)]);
    }
    if simple.words.first().is_some_and(is_silent) {
        return None;
    }
    let mut out = Vec::new();
    for call in calls_in(&simple.words, scope, depth) {
        let (name, words) = call.split_first()?;
        match name.text.as_str() {
            "echo" => out.push(echo(words)),
            "printf" => out.push(printf(words)),
            "cat" | "tee" if words.iter().all(|word| word.text == "-") => {
                let document = node.redirects.iter().rev().find(|one| one.way == Way::Document)?;
                out.extend(texts(&document.target, scope));
            }
            "true" | ":" | "cd" | "set" | "sleep" => out.push(known("", false)),
            _ => return None,
        }
    }
    Some(out)
}

/// A name that stands there in letters and is none of those whose output is known: most commands of a pipe.
fn is_silent(name: &Text) -> bool {
    match name.pieces.as_slice() {
        [Piece::Fixed { text, .. }] => {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
            text.bytes().all(plain)
                && !text.is_empty()
                && !matches!(
                    text.as_str(),
                    "echo" | "printf" | "cat" | "tee" | "true" | "cd" | "set" | "sleep"
                )
        }
        _ => false,
    }
}

fn echo(words: &[Word]) -> Word {
    let option = |word: &&Word| {
        word.text
            .strip_prefix('-')
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|sign| matches!(sign, 'n' | 'e' | 'E')))
    };
    let options = words.iter().take_while(option).count();
    let escapes = words.iter().take(options).any(|word| word.text.contains('e'));
    let mut said = joined(words.get(options..).unwrap_or_default());
    if escapes {
        said.text = printed(&said.text);
    }
    said.text.push('\n');
    said
}

/// The format with its arguments put in; those that it does not take stand behind it, each on a line.
fn printf(words: &[Word]) -> Word {
    let words = match words {
        [first, rest @ ..] if first.text == "--" => rest,
        _ => words,
    };
    let Some((format, rest)) = words.split_first() else { return known("", false) };
    let mut rest = rest.iter();
    let mut out = String::new();
    let text = printed(&format.text);
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        if sign != '%' {
            out.push(sign);
            continue;
        }
        let mut kind = signs.next();
        while kind.is_some_and(|kind| !kind.is_ascii_alphabetic() && kind != '%') {
            kind = signs.next();
        }
        match kind {
            Some('%') => out.push('%'),
            Some('b') => out.push_str(&printed(rest.next().map_or("", |word| &word.text))),
            _ => out.push_str(rest.next().map_or("", |word| &word.text)),
        }
    }
    for word in rest {
        out.push('\n');
        out.push_str(&word.text);
    }
    Word { text: out, known: words.iter().all(|word| word.known), bare: false }
}
