//! Cuts a text that no parser takes into logical lines: a coarse reading that loses none.
use std::collections::HashMap;
use std::ops::Range;

/// An open quote that closes later than this was an apostrophe.
const FAR: usize = 16_384;

/// What a piece was read as, if it was readable.
pub type Read<T, E> = Vec<(Range<usize>, Result<T, E>)>;

/// Reads the text in pieces: compound commands as a whole where that works, else line by line.
pub fn pieces<T, E>(text: &str, read: impl Fn(&str, usize) -> Result<T, E>) -> Read<T, E> {
    let lines = logical(text);
    let closes = compounds(text, &lines);
    // Compounds in compounds are tried again and again only as long as that stays cheap.
    let mut left = text.len().saturating_mul(4).saturating_add(4096);
    let mut out = Vec::with_capacity(lines.len());
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let close = closes.get(at).copied().flatten().filter(|close| *close > at);
        if let Some(last) = close.and_then(|close| lines.get(close)) {
            let range = line.start..last.end;
            let piece = text.get(range.clone()).unwrap_or_default();
            if left >= piece.len() {
                left -= piece.len();
                if let Ok(tree) = read(piece, range.start) {
                    out.push((range, Ok(tree)));
                    at = close.unwrap_or(at) + 1;
                    continue;
                }
            }
        }
        let piece = text.get(line.clone()).unwrap_or_default();
        out.push((line.clone(), read(piece, line.start)));
        at += 1;
    }
    out
}

/// For each line that opens a compound command the line that closes it.
fn compounds(text: &str, lines: &[Range<usize>]) -> Vec<Option<usize>> {
    let mut closes = vec![None; lines.len()];
    let mut open: Vec<usize> = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let change = balance(text.get(line.clone()).unwrap_or_default());
        for _ in 0..change.max(0) {
            open.push(number);
        }
        for _ in change..0 {
            if let Some(slot) = open.pop().and_then(|first| closes.get_mut(first)) {
                *slot = Some(number);
            }
        }
    }
    // What one of several openers of a line lacks, the line lacks.
    for first in open {
        if let Some(slot) = closes.get_mut(first) {
            *slot = None;
        }
    }
    closes
}

/// How many compound commands a line opens, less those that it closes.
fn balance(line: &str) -> i32 {
    let mut depth = 0;
    let mut starts = true;
    for word in line.split_whitespace().take_while(|word| !word.starts_with('#')) {
        let bare = word.trim_end_matches(';');
        match bare {
            "if" | "for" | "while" | "until" | "case" | "select" | "{" if starts => depth += 1,
            "fi" | "done" | "esac" | "}" if starts => depth -= 1,
            _ if bare.ends_with("(){") => depth += 1,
            _ => {}
        }
        starts = bare.len() < word.len()
            || bare.ends_with("()")
            || matches!(bare, "then" | "do" | "else" | "{" | "&&" | "||" | "|" | "!" | "(")
            || bare.ends_with(';');
    }
    depth
}

/// Pieces of the text, in order, blank lines between them left out; comments are pieces of their own.
pub fn logical(text: &str) -> Vec<Range<usize>> {
    let lines = physical(text);
    let mut cut = Cutter { text, lines: &lines, ends: ends(text, &lines), last_quote: [None; 2] };
    let mut out = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let next = cut.joined(at);
        let (Some(first), Some(last)) = (lines.get(at), lines.get(next - 1)) else { break };
        let range = first.start..last.end;
        if text.get(range.clone()).is_some_and(|piece| !piece.trim().is_empty()) {
            out.push(range);
        }
        at = next;
    }
    out
}

/// The lines of the text, without their ends.
fn physical(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', text.as_bytes()).chain(std::iter::once(text.len())) {
        out.push(start..end);
        start = end + 1;
    }
    out
}

/// The numbers of all lines by their trimmed text, to find the end of a here-document at once.
fn ends<'a>(text: &'a str, lines: &[Range<usize>]) -> HashMap<&'a str, Vec<usize>> {
    let mut out: HashMap<&str, Vec<usize>> = HashMap::new();
    for (number, line) in lines.iter().enumerate() {
        let word = text.get(line.clone()).unwrap_or_default().trim();
        if !word.is_empty() && word.len() < 64 && !word.contains(' ') {
            out.entry(word).or_default().push(number);
        }
    }
    out
}

struct Cutter<'a> {
    text: &'a str,
    lines: &'a [Range<usize>],
    ends: HashMap<&'a str, Vec<usize>>,
    /// Where the last single and double quote of the text stand, once looked for.
    last_quote: [Option<usize>; 2],
}

impl Cutter<'_> {
    /// The line behind the logical line that begins at line `at`.
    fn joined(&mut self, at: usize) -> usize {
        let mut number = at;
        let mut from = self.lines.get(at).map_or(0, |line| line.start);
        let mut documents: Vec<String> = Vec::new();
        loop {
            let Some(line) = self.lines.get(number).cloned() else { return self.lines.len() };
            let end = self.scan(from, line.end, &mut documents);
            // A quote that closes behind this line's end takes the lines up to there along.
            if end > line.end {
                number = self.lines.partition_point(|line| line.end < end);
                from = end;
                continue;
            }
            number += 1;
            for document in documents.drain(..) {
                number = self.document_end(&document, number).map_or(number, |last| last + 1);
            }
            let piece = self.text.get(line).unwrap_or_default();
            if !ends_open(piece) || number >= self.lines.len() {
                return number;
            }
            from = self.lines.get(number).map_or(self.text.len(), |line| line.start);
        }
    }

    fn document_end(&self, word: &str, from: usize) -> Option<usize> {
        let all = self.ends.get(word)?;
        all.get(all.partition_point(|number| *number < from)).copied()
    }

    /// Reads from `from` to the line's end at `end`; answers where it stands then, which is further if a quote
    /// closes on a later line.
    fn scan(&mut self, from: usize, end: usize, documents: &mut Vec<String>) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = from;
        let mut before = b'\n';
        while at < end {
            let byte = bytes.get(at).copied().unwrap_or_default();
            match byte {
                b'#' if before.is_ascii_whitespace() || before == b';' => return end,
                b'\\' => at += 1,
                b'\'' | b'"' => {
                    if let Some(close) = self.closes(at, byte) {
                        if close >= end {
                            return close + 1;
                        }
                        at = close;
                    }
                }
                b'<' if bytes.get(at + 1) == Some(&b'<') => {
                    if bytes.get(at + 2) == Some(&b'<') {
                        at += 2;
                    } else {
                        at += 1;
                        documents.extend(self.document_word(at + 1, end));
                    }
                }
                _ => {}
            }
            before = byte;
            at += 1;
        }
        end
    }

    /// Where the quote at `at` closes; `None` for an apostrophe and for one that never does.
    fn closes(&mut self, at: usize, quote: u8) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphabetic);
        if quote == b'\'' && at > 0 && letter(at - 1) && letter(at + 1) {
            return None;
        }
        let slot = self.last_quote.get_mut(usize::from(quote == b'"'))?;
        let last = *slot.get_or_insert_with(|| memchr::memrchr(quote, bytes).unwrap_or_default());
        if last <= at {
            return None;
        }
        let window = bytes.get(at + 1..bytes.len().min(at + 1 + FAR))?;
        let mut from = 0;
        loop {
            let found = from + memchr::memchr(quote, window.get(from..)?)?;
            let slashes = window.get(..found)?.iter().rev().take_while(|byte| **byte == b'\\').count();
            if quote == b'\'' || slashes % 2 == 0 {
                return Some(at + 1 + found);
            }
            from = found + 1;
        }
    }

    /// The word behind `<<` or `<<-`, without its quotes.
    fn document_word(&self, from: usize, end: usize) -> Option<String> {
        let rest = self.text.get(from..end)?;
        let rest = rest.strip_prefix('-').unwrap_or(rest).trim_start();
        let word: String =
            rest.chars().take_while(|sign| sign.is_alphanumeric() || "_'\"\\-.".contains(*sign)).collect();
        let word = word.replace(['\'', '"', '\\'], "");
        (!word.is_empty()).then_some(word)
    }
}

/// Whether a line goes on with the next one.
fn ends_open(line: &str) -> bool {
    let line = line.trim_end();
    let slashes = line.bytes().rev().take_while(|byte| *byte == b'\\').count();
    slashes % 2 == 1 || ["&&", "||"].iter().any(|sign| line.ends_with(sign)) || line.ends_with('|')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        logical(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn lines_are_joined_by_backslashes_quotes_and_documents() {
        assert_eq!(cut("a \\\n b\n\nc 'd\ne' f\n# g\n"), ["a \\\n b", "c 'd\ne' f", "# g"]);
        assert_eq!(cut("a <<'EOF' | b\nx 'y\nEOF\nz"), ["a <<'EOF' | b\nx 'y\nEOF", "z"]);
        assert_eq!(cut("a |\n b\nc"), ["a |\n b", "c"]);
    }

    #[test]
    fn an_apostrophe_and_an_open_quote_take_nothing_along() {
        assert_eq!(cut("don't do it\na\nit's b"), ["don't do it", "a", "it's b"]);
        assert_eq!(cut("a \"b\nc"), ["a \"b", "c"]);
        assert_eq!(cut("a <<EOF\nc"), ["a <<EOF", "c"]);
    }
}
