//! URLs that the shell or curl takes apart.
use super::call::Call;
use super::scene::{Line, Scene};
use super::word::{Kind, Quote, Word};
use super::{Findings, Rule};

pub(super) fn check(scene: &Scene<'_>, out: &mut Findings) {
    for line in &scene.lines {
        for (at, call) in line.calls.iter().enumerate() {
            for word in call.words.iter().skip(1) {
                globs(line, call, word, out);
                cut(line, at, call, word, out);
                bare(line, call, word, out);
            }
        }
    }
}

fn url(word: &Word) -> bool {
    word.text.starts_with("http://") || word.text.starts_with("https://")
}

/// The part of a URL behind its `?`, without what is only known later.
fn query(word: &Word) -> String {
    let literal: String = word
        .pieces
        .iter()
        .filter(|piece| piece.kind == Kind::Literal)
        .map(|piece| piece.text.as_str())
        .collect();
    literal.split_once('?').map_or(String::new(), |(_, query)| query.to_owned())
}

fn globs(line: &Line<'_>, call: &Call, word: &Word, out: &mut Findings) {
    if call.tool() != "curl" || !url(word) || call.has(&["-g", "--globoff"]) || super::health::flag(call, 'g')
    {
        return;
    }
    let query = query(word);
    let braces = query.contains('{') && query.contains('}');
    let range = query.split('[').skip(1).any(|part| {
        let inner = part.split(']').next().unwrap_or_default();
        inner.starts_with(|c: char| c.is_ascii_digit())
            && inner.ends_with(|c: char| c.is_ascii_alphabetic())
            && !inner.contains('-')
    });
    if braces || range {
        out.say(
            Rule::CurlGlobs,
            line.at(call),
            "curl reads the URL's braces and brackets as a pattern of its own, and fails",
            "send the query encoded: `curl -sG URL --data-urlencode 'query=…'` (or `-g` and an encoded URL)",
        );
    }
}

fn cut(line: &Line<'_>, at: usize, call: &Call, word: &Word, out: &mut Findings) {
    let last = call.words.last().is_some_and(|last| last == word);
    let Some(next) = line.calls.get(at + 1) else { return };
    if !url(word) || !word.text.contains('?') || !last || !call.background {
        return;
    }
    // Directly behind the sign, and like the next parameter.
    let touches = next.start == word.end + 1;
    if let Some((name, _)) = next.assigns.first().filter(|_| touches && !next.nested) {
        out.say(
            Rule::UrlCut,
            line.at(call),
            format!("the shell ends the command at `&`; `{name}=…` is never sent"),
            "put the whole URL in quotes",
        );
    }
}

fn bare(line: &Line<'_>, call: &Call, word: &Word, out: &mut Findings) {
    let pattern = word.pieces.iter().any(|piece| {
        piece.quote == Quote::Bare && piece.kind == Kind::Literal && piece.text.contains(['?', '*'])
    });
    if matches!(call.tool(), "curl" | "wget" | "http") && url(word) && pattern && !call.background {
        out.say(
            Rule::UrlUnquoted,
            line.at(call),
            "`?` and `*` are file patterns to the shell; zsh refuses the command",
            "put the URL in quotes",
        );
    }
}
